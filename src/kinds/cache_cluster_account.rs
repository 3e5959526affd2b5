//! How clusters and subnet groups of ElastiCache come and go in a simulated account.

use serde_json::{Value, json};

use super::cache_cluster::{UNKNOWN, check_groups, id_of, worn};
use super::cache_subnet_group;
use super::effects::{given_tags, list, some, text};
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::facet::Role;
use crate::model::id::Id;
use crate::model::path;

/// Seconds until a cluster is there, and until one is gone.
const LIFE_S: (u64, u64) = (600, 180);

pub(super) fn create_subnets(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let (name, subnets) = (text(parameters, "CacheSubnetGroupName")?.to_owned(), some(parameters, "SubnetIds")?);
    let id = cache_subnet_group::id_of(&name);
    if account.resources.get(&id).is_some() {
        return Err(Refusal::new("CacheSubnetGroupAlreadyExists", format!("Cache subnet group {name} already exists.")));
    }
    let mut shown = Vec::new();
    for subnet in &subnets {
        let doc = account.doc(subnet, "InvalidSubnet").map_err(|r| Refusal::new("InvalidParameterValue", r.message))?;
        shown.push(json!({ "SubnetIdentifier": subnet, "SubnetAvailabilityZone": { "Name": doc["AvailabilityZone"] } }));
    }
    let doc = json!({ "CacheSubnetGroupName": name, "CacheSubnetGroupDescription": parameters.get("CacheSubnetGroupDescription"),
        "VpcId": account.vpc.as_str(), "Subnets": shown, "Tags": given_tags(parameters)? });
    account.insert("cache_subnet_group", Role::SubnetGroup, id, doc.clone());
    Ok(json!({ "CacheSubnetGroup": doc }))
}

pub(super) fn delete_subnets(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let name = text(parameters, "CacheSubnetGroupName")?.to_owned();
    let id = cache_subnet_group::id_of(&name);
    account.doc(id.as_str(), cache_subnet_group::UNKNOWN)?;
    if account.resources.of_kind("cache_cluster").any(|cluster| cluster.doc["CacheSubnetGroupName"] == name.as_str()) {
        return Err(Refusal::new("CacheSubnetGroupInUse", format!("Cache subnet group {name} is in use.")));
    }
    account.remove(&id);
    Ok(json!({}))
}

pub(super) fn create(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let (name, engine) = (text(parameters, "CacheClusterId")?.to_owned(), text(parameters, "Engine")?.to_owned());
    let group = text(parameters, "CacheSubnetGroupName")?.to_owned();
    if account.resources.get(&id_of(&name)).is_some() {
        return Err(Refusal::new("CacheClusterAlreadyExists", format!("Cache cluster {name} already exists.")));
    }
    let subnets = account.doc(cache_subnet_group::id_of(&group).as_str(), cache_subnet_group::UNKNOWN)?.clone();
    let groups = list(parameters, "SecurityGroupIds");
    check_groups(account, &groups)?;
    let count = parameters.get("NumCacheNodes").and_then(Value::as_u64).unwrap_or(1);
    let mut zones = list(parameters, "PreferredAvailabilityZones");
    zones.extend(parameters.get("PreferredAvailabilityZone").and_then(Value::as_str).map(str::to_owned));
    let covered = path::texts(&subnets, "Subnets[].SubnetAvailabilityZone.Name");
    let mut nodes = Vec::new();
    for number in 0..count {
        let zone = usize::try_from(number).ok().and_then(|at| zones.get(at)).or(covered.first()).cloned().unwrap_or_default();
        let subnet = path::text(&subnets, &format!("Subnets[SubnetAvailabilityZone.Name={zone}].SubnetIdentifier")).to_owned();
        if subnet.is_empty() {
            return Err(Refusal::new(
                "InvalidParameterValue",
                format!("Availability Zone {zone} is not covered by the cache subnet group."),
            ));
        }
        let own = if engine == "memcached" { format!("{name}-{:04}", number + 1) } else { name.clone() };
        account.add_interface(&subnet, &groups, &format!("ElastiCache {own}"), json!({ "RequesterId": "amazon-elasticache" }))?;
        nodes.push(json!({ "CacheNodeId": format!("{:04}", number + 1), "CacheNodeStatus": "available", "CustomerAvailabilityZone": zone,
            "Endpoint": { "Address": format!("{name}.{:04}.abc123.use1.cache.amazonaws.com", number + 1), "Port": parameters.get("Port") } }));
    }
    let doc = json!({ "CacheClusterId": name, "Engine": engine, "EngineVersion": parameters.get("EngineVersion"), "CacheNodeType": parameters.get("CacheNodeType"),
        "CacheClusterStatus": "creating", "NumCacheNodes": count, "CacheSubnetGroupName": group, "SecurityGroups": worn(&groups), "CacheNodes": nodes,
        "SubnetGroup": subnets, "Tags": given_tags(parameters)? });
    account.insert("cache_cluster", Role::Workload, id_of(&name), doc.clone());
    account.later(&id_of(&name), LIFE_S.0, "/CacheClusterStatus", json!("available"));
    Ok(json!({ "CacheCluster": doc }))
}

pub(super) fn delete(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let name = text(parameters, "CacheClusterId")?.to_owned();
    let id = id_of(&name);
    let doc = account.doc(id.as_str(), UNKNOWN)?;
    if doc["ReplicationGroupId"].is_string() || doc["CacheClusterStatus"] != "available" {
        return Err(Refusal::new("InvalidCacheClusterState", format!("Cache cluster {name} can't be deleted in its state.")));
    }
    for interface in interfaces(account, &name) {
        account.remove_later(&interface, LIFE_S.1);
    }
    account.edit(id.as_str(), UNKNOWN)?["CacheClusterStatus"] = json!("deleting");
    account.remove_later(&id, LIFE_S.1);
    Ok(json!({ "CacheCluster": account.doc(id.as_str(), UNKNOWN)? }))
}

/// The interfaces of a cluster's nodes: they are called after it, a Memcached's with the node's number.
pub(super) fn interfaces(account: &Account, cluster: &str) -> Vec<Id> {
    let own = format!("ElastiCache {cluster}");
    let numbered =
        |rest: &str| rest.strip_prefix('-').is_some_and(|number| number.len() == 4 && number.bytes().all(|b| b.is_ascii_digit()));
    let mine = |description: &str| description.strip_prefix(&own).is_some_and(|rest| rest.is_empty() || numbered(rest));
    account.with_role(Role::Interface).filter(|i| mine(path::text(&i.doc, "Description"))).map(|i| i.id.clone()).collect()
}
