//! What ElastiCache's calls do to a replication group of a simulated account.

use serde_json::{Value, json};

use super::id_of;
use crate::kinds::Effect;
use crate::kinds::cache_cluster::{self, MODIFY_S, check_groups, rewear, worn};
use crate::kinds::effects::{list, text};
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::path;

pub(super) static EFFECTS: &[(&str, Effect)] = &[("elasticache:ModifyReplicationGroup", modify)];

/// AWS's code for a replication group that isn't there.
pub(super) const UNKNOWN: &str = "ReplicationGroupNotFoundFault";

/// The document of a group that can be changed: it is there, and `available`.
fn at_rest<'a>(account: &'a Account, name: &str) -> Result<&'a Value, Refusal> {
    let doc = account.doc(id_of(name).as_str(), UNKNOWN)?;
    let status = path::text(doc, "Status");
    if status != "available" {
        let words = format!("Replication group {name} has status {status} which is not valid for this operation.");
        return Err(Refusal::new("InvalidReplicationGroupState", words));
    }
    Ok(doc)
}

fn modify(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let name = text(parameters, "ReplicationGroupId")?.to_owned();
    let id = id_of(&name);
    let members = path::texts(at_rest(account, &name)?, "MemberClusters[]");
    if parameters.contains_key("SecurityGroupIds") {
        let groups = list(parameters, "SecurityGroupIds");
        check_groups(account, &groups)?;
        for member in members {
            rewear(account, &member, &groups)?;
            account.edit(cache_cluster::id_of(&member).as_str(), cache_cluster::UNKNOWN)?["SecurityGroups"] = worn(&groups);
        }
        account.edit(id.as_str(), UNKNOWN)?["SecurityGroups"] = worn(&groups);
    }
    let doc = account.edit(id.as_str(), UNKNOWN)?;
    doc["Status"] = json!("modifying");
    let answer = doc.clone();
    account.later(&id, MODIFY_S, "/Status", json!("available"));
    Ok(json!({ "ReplicationGroup": answer }))
}
