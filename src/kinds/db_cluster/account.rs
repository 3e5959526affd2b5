//! What RDS's calls do to a cluster of a simulated account.

use serde_json::{Value, json};

use crate::kinds::Effect;
use crate::kinds::db_instance::account::{MODIFY_S, check_groups, rewear, worn};
use crate::kinds::effects::{list, text};
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::id::Id;
use crate::model::path;

pub(super) static EFFECTS: &[(&str, Effect)] = &[("rds:ModifyDBCluster", modify)];

/// AWS's code for a cluster that isn't there.
const UNKNOWN: &str = "DBClusterNotFoundFault";

pub(super) fn id_of(name: &str) -> Id {
    Id::new(format!("dbcluster:{name}"))
}

/// The document of a cluster that can be changed: it is there, and `available`.
fn at_rest<'a>(account: &'a Account, name: &str) -> Result<&'a Value, Refusal> {
    let doc = account.doc(id_of(name).as_str(), UNKNOWN)?;
    let status = path::text(doc, "Status");
    if status != "available" {
        return Err(Refusal::new("InvalidDBClusterStateFault", format!("The DB cluster {name} is in state {status}.")));
    }
    Ok(doc)
}

/// The members of a cluster, as documents of their own.
fn members(account: &Account, cluster: &str) -> Vec<(Id, Value)> {
    let all = account.resources.of_kind("db_instance").filter(|member| member.doc["DBClusterIdentifier"] == cluster);
    all.map(|member| (member.id.clone(), member.doc.clone())).collect()
}

fn modify(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let name = text(parameters, "DBClusterIdentifier")?.to_owned();
    let id = id_of(&name);
    at_rest(account, &name)?;
    if parameters.contains_key("VpcSecurityGroupIds") {
        let groups = list(parameters, "VpcSecurityGroupIds");
        check_groups(account, &groups)?;
        for (member, doc) in members(account, &name) {
            rewear(account, &doc, &groups)?;
            account.edit(member.as_str(), UNKNOWN)?["VpcSecurityGroups"] = worn(&groups);
        }
        account.edit(id.as_str(), UNKNOWN)?["VpcSecurityGroups"] = worn(&groups);
    }
    let doc = account.edit(id.as_str(), UNKNOWN)?;
    doc["Status"] = json!("modifying");
    let answer = doc.clone();
    account.later(&id, MODIFY_S, "/Status", json!("available"));
    Ok(json!({ "DBCluster": answer }))
}
