//! What RDS's calls do to a cluster of a simulated account.

use serde_json::{Value, json};

use crate::kinds::Effect;
use crate::kinds::db_event::tell;
use crate::kinds::db_instance;
use crate::kinds::db_instance::account::{MODIFY_S, check_groups, rewear, worn};
use crate::kinds::effects::{list, text};
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::id::Id;
use crate::model::path;

pub(super) static EFFECTS: &[(&str, Effect)] =
    &[("rds:ModifyDBCluster", modify), ("rds:FailoverDBCluster", failover), super::scaling::REGISTER, super::endpoints::MODIFY];

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
    all.map(|member| (member.id.clone(), Value::clone(&member.doc))).collect()
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

/// Seconds from the call to another writer.
const FAILOVER_S: u64 = 30;

/// The document of a cluster.
pub(in crate::kinds) fn there<'a>(account: &'a Account, name: &str) -> Result<&'a Value, Refusal> {
    account.doc(id_of(name).as_str(), UNKNOWN)
}

/// A new member.
pub(in crate::kinds) fn join(account: &mut Account, cluster: &str, member: &Value) -> Result<(), Refusal> {
    let doc = account.edit(id_of(cluster).as_str(), UNKNOWN)?;
    let entry = json!({ "DBInstanceIdentifier": member["DBInstanceIdentifier"], "IsClusterWriter": false,
        "DBClusterParameterGroupStatus": "in-sync", "PromotionTier": member["PromotionTier"] });
    if let Some(list) = doc["DBClusterMembers"].as_array_mut() {
        list.push(entry);
    }
    Ok(())
}

/// Members that are being deleted leave.
pub(in crate::kinds) fn leave(account: &mut Account, cluster: &str, seconds: u64) -> Result<(), Refusal> {
    let leaving: Vec<Value> = members(account, cluster)
        .into_iter()
        .filter(|(_, doc)| doc["DBInstanceStatus"] == "deleting")
        .map(|(_, doc)| doc["DBInstanceIdentifier"].clone())
        .collect();
    let id = id_of(cluster);
    let mut list = path::select(there(account, cluster)?, "DBClusterMembers[]").into_iter().cloned().collect::<Vec<_>>();
    list.retain(|member| !leaving.contains(&member["DBInstanceIdentifier"]));
    account.later(&id, seconds, "/DBClusterMembers", json!(list));
    // A custom endpoint loses it too.
    let endpoints = there(account, cluster)?["EndpointList"].as_array().cloned().unwrap_or_default();
    for (at, endpoint) in endpoints.into_iter().enumerate() {
        for key in ["StaticMembers", "ExcludedMembers"].into_iter().filter(|key| endpoint[*key].is_array()) {
            let mut members = endpoint[key].as_array().cloned().unwrap_or_default();
            members.retain(|member| !leaving.contains(member));
            account.later(&id, seconds, &format!("/EndpointList/{at}/{key}"), json!(members));
        }
    }
    Ok(())
}

/// A member got another identifier.
pub(in crate::kinds) fn renamed(account: &mut Account, cluster: &str, old: &str, new: &str) -> Result<(), Refusal> {
    let list = account.edit(id_of(cluster).as_str(), UNKNOWN)?["DBClusterMembers"].as_array_mut();
    for member in list.into_iter().flatten().filter(|member| member["DBInstanceIdentifier"] == old) {
        member["DBInstanceIdentifier"] = json!(new);
    }
    Ok(())
}

fn failover(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let (name, target) = (text(parameters, "DBClusterIdentifier")?.to_owned(), text(parameters, "TargetDBInstanceIdentifier")?.to_owned());
    let doc = at_rest(account, &name)?.clone();
    let members = path::select(&doc, "DBClusterMembers[]");
    let Some(heir) = members.iter().find(|member| member["DBInstanceIdentifier"] == target.as_str()) else {
        return Err(Refusal::new("DBInstanceNotFound", format!("Cannot find target instance: {target}")));
    };
    if heir["IsClusterWriter"] == true {
        return Err(Refusal::new("InvalidDBClusterStateFault", format!("Cannot failover to {target}: it is already the writer.")));
    }
    db_instance::account::at_rest(account, &target)?;
    let swapped: Vec<Value> = members
        .iter()
        .map(|member| {
            let mut member = (*member).clone();
            member["IsClusterWriter"] = json!(member["DBInstanceIdentifier"] == target.as_str());
            member
        })
        .collect();
    let source = ("db-cluster", name.as_str());
    tell(account, "rds", source, 0, &format!("Started cross AZ failover to DB instance: {target}"));
    tell(account, "rds", source, FAILOVER_S, &format!("Completed failover to DB instance: {target}"));
    let id = id_of(&name);
    account.edit(id.as_str(), UNKNOWN)?["Status"] = json!("failing-over");
    account.later(&id, FAILOVER_S, "/DBClusterMembers", json!(swapped));
    account.later(&id, FAILOVER_S, "/Status", json!("available"));
    Ok(json!({ "DBCluster": account.doc(id.as_str(), UNKNOWN)? }))
}
