//! What ElastiCache's calls do to a subnet group of a simulated account.

use serde_json::{Value, json};

use super::{UNKNOWN, id_of};
use crate::kinds::effects::{some, text};
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::facet::Role;
use crate::model::id::Id;
use crate::model::path;

pub(super) fn modify(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let name = text(parameters, "CacheSubnetGroupName")?.to_owned();
    let subnets = some(parameters, "SubnetIds")?;
    let old = path::texts(account.doc(id_of(&name).as_str(), UNKNOWN)?, "Subnets[].SubnetIdentifier");
    if subnets.len() > 20 {
        return Err(Refusal::new("CacheSubnetQuotaExceededFault", "A cache subnet group has at most 20 subnets."));
    }
    let placed: Vec<(Id, String)> = account
        .resources
        .values()
        .filter(|r| ["cache_cluster", "replication_group"].contains(&r.kind.as_str()) && r.doc["CacheSubnetGroupName"] == name.as_str())
        .map(|r| (r.id.clone(), r.kind.clone()))
        .collect();
    let clusters: Vec<&str> =
        placed.iter().filter(|(_, kind)| kind == "cache_cluster").filter_map(|(id, _)| id.as_str().strip_prefix("cache:")).collect();
    let used = account.with_role(Role::Interface).filter(|interface| {
        let node = path::text(&interface.doc, "Description").strip_prefix("ElastiCache ").unwrap_or_default();
        clusters
            .iter()
            .any(|cluster| node == *cluster || node.strip_prefix(cluster).is_some_and(|rest| rest.len() == 5 && rest.starts_with('-')))
    });
    let mut lost: Vec<&str> = used.filter_map(|i| i.doc["SubnetId"].as_str()).filter(|s| !subnets.iter().any(|kept| kept == s)).collect();
    lost.sort_unstable();
    lost.dedup();
    if !lost.is_empty() {
        return Err(Refusal::new("SubnetInUse", format!("The subnet ID {} is in use by a cache cluster.", lost.join(", "))));
    }
    let mut shown = Vec::new();
    for subnet in old.iter().filter(|s| subnets.contains(s)).chain(subnets.iter().filter(|s| !old.contains(s))) {
        let doc = account.doc(subnet, "InvalidSubnet")?;
        shown.push(
            json!({ "SubnetIdentifier": subnet, "SubnetAvailabilityZone": { "Name": doc["AvailabilityZone"] }, "SubnetStatus": "Active" }),
        );
    }
    account.edit(id_of(&name).as_str(), UNKNOWN)?["Subnets"] = json!(shown);
    for (id, _) in placed {
        account.edit(id.as_str(), UNKNOWN)?["SubnetGroup"]["Subnets"] = json!(shown);
    }
    Ok(json!({ "CacheSubnetGroup": account.doc(id_of(&name).as_str(), UNKNOWN)? }))
}
