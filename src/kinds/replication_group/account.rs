//! What ElastiCache's calls do to a replication group of a simulated account.

use serde_json::{Value, json};

use super::id_of;
use crate::kinds::Effect;
use crate::kinds::cache_cluster::{self, MODIFY_S, check_groups, rewear, worn};
use crate::kinds::db_event::tell;
use crate::kinds::effects::{list, text};
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::facet::Role;
use crate::model::id::Id;
use crate::model::path;

pub(super) static EFFECTS: &[(&str, Effect)] = &[
    ("elasticache:ModifyReplicationGroup", modify),
    ("elasticache:IncreaseReplicaCount", increase),
    ("elasticache:DecreaseReplicaCount", decrease),
    ("elasticache:TestFailover", test_failover),
    super::snapshot::CREATE,
    super::snapshot::DELETE,
];

/// AWS's code for a replication group that isn't there.
pub(super) const UNKNOWN: &str = "ReplicationGroupNotFoundFault";
/// Seconds until a node has come up, and until one is gone.
const NODE_S: (u64, u64) = (600, 180);
/// Seconds until a replica has taken over.
const PROMOTE_S: u64 = 30;

fn wrong(words: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterValue", words)
}

fn combination(words: &str) -> Refusal {
    Refusal::new("InvalidParameterCombination", words)
}

/// The document of a group that can be changed: it is there, and `available`.
pub(super) fn at_rest<'a>(account: &'a Account, name: &str) -> Result<&'a Value, Refusal> {
    let doc = account.doc(id_of(name).as_str(), UNKNOWN)?;
    let status = path::text(doc, "Status");
    if status != "available" {
        let words = format!("Replication group {name} has status {status} which is not valid for this operation.");
        return Err(Refusal::new("InvalidReplicationGroupState", words));
    }
    Ok(doc)
}

/// A change is under way for so long.
pub(super) fn busy(account: &mut Account, name: &str, status: &str, seconds: u64) -> Result<Value, Refusal> {
    let doc = account.edit(id_of(name).as_str(), UNKNOWN)?;
    doc["Status"] = json!(status);
    let answer = doc.clone();
    account.later(&id_of(name), seconds, "/Status", json!("available"));
    Ok(json!({ "ReplicationGroup": answer }))
}

fn on(value: &Value) -> Value {
    json!(if *value == json!(true) { "enabled" } else { "disabled" })
}

fn modify(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let name = text(parameters, "ReplicationGroupId")?.to_owned();
    let id = id_of(&name);
    let doc = at_rest(account, &name)?.clone();
    refuse(&doc, parameters)?;
    if parameters.contains_key("SecurityGroupIds") {
        let groups = list(parameters, "SecurityGroupIds");
        check_groups(account, &groups)?;
        for member in path::texts(&doc, "MemberClusters[]") {
            rewear(account, &member, &groups)?;
            account.edit(cache_cluster::id_of(&member).as_str(), cache_cluster::UNKNOWN)?["SecurityGroups"] = worn(&groups);
        }
        account.edit(id.as_str(), UNKNOWN)?["SecurityGroups"] = worn(&groups);
    }
    let edited = account.edit(id.as_str(), UNKNOWN)?;
    for (parameter, field) in [("MultiAZEnabled", "MultiAZ"), ("AutomaticFailoverEnabled", "AutomaticFailover")] {
        if let Some(value) = parameters.get(parameter) {
            edited[field] = on(value);
        }
    }
    if let Some(heir) = parameters.get("PrimaryClusterId").and_then(Value::as_str) {
        promote(account, &name, &doc, heir);
    }
    busy(account, &name, "modifying", MODIFY_S)
}

/// What no modification may ask for.
fn refuse(doc: &Value, parameters: &Object) -> Result<(), Refusal> {
    let asked = |key: &str| parameters.get(key).and_then(Value::as_bool);
    let several = path::select(doc, "NodeGroups[].NodeGroupMembers[]").len() > 1;
    if asked("AutomaticFailoverEnabled") == Some(true) && !several {
        return Err(combination("Automatic failover is not supported for replication groups with fewer than 2 nodes."));
    }
    let multi = asked("MultiAZEnabled").unwrap_or(doc["MultiAZ"] == "enabled");
    if asked("AutomaticFailoverEnabled") == Some(false) && (multi || doc["ClusterEnabled"] == true) {
        return Err(combination("Must disable Multi-AZ to disable automatic failover."));
    }
    let Some(heir) = parameters.get("PrimaryClusterId").and_then(Value::as_str) else { return Ok(()) };
    if doc["AutomaticFailover"] == "enabled" || doc["MultiAZ"] == "enabled" {
        return Err(combination("Cannot manually promote a new master cache cluster while auto-failover is enabled."));
    }
    match path::text(doc, &format!("NodeGroups[].NodeGroupMembers[CacheClusterId={heir}].CurrentRole")) {
        "replica" => Ok(()),
        "primary" => Err(Refusal::new("NoOperationFault", format!("{heir} is already the primary."))),
        _ => Err(wrong(format!("Cache cluster {heir} is not a member of the replication group."))),
    }
}

fn promote(account: &mut Account, name: &str, doc: &Value, heir: &str) {
    for (shard, nodes) in path::select(doc, "NodeGroups[].NodeGroupMembers").into_iter().enumerate() {
        for (at, node) in nodes.as_array().into_iter().flatten().enumerate() {
            let role = if node["CacheClusterId"] == heir { "primary" } else { "replica" };
            account.later(&id_of(name), PROMOTE_S, &format!("/NodeGroups/{shard}/NodeGroupMembers/{at}/CurrentRole"), json!(role));
        }
    }
    tell(account, "elasticache", ("replication-group", name), PROMOTE_S, &format!("Failover to replica node {heir} completed"));
}

/// For each shard: its place, its id, how many replicas are asked for, and the zones.
type Asked = Vec<(usize, String, usize, Vec<String>)>;

fn asked(doc: &Value, parameters: &Object) -> Result<Asked, Refusal> {
    let configured = parameters.get("ReplicaConfiguration").map(|list| path::select(list, "[]")).unwrap_or_default();
    let count = |value: &Value| value.as_u64().and_then(|n| usize::try_from(n).ok());
    let mut out = Vec::new();
    for (at, id) in path::texts(doc, "NodeGroups[].NodeGroupId").into_iter().enumerate() {
        let of_it = configured.iter().find(|shard| shard["NodeGroupId"] == id.as_str());
        let wanted = of_it.map(|shard| &shard["NewReplicaCount"]).or_else(|| parameters.get("NewReplicaCount"));
        let Some(wanted) = wanted.and_then(count) else { continue };
        out.push((at, id, wanted, of_it.map(|shard| path::texts(shard, "PreferredAvailabilityZones[]")).unwrap_or_default()));
    }
    if out.is_empty() {
        return Err(wrong("NewReplicaCount or ReplicaConfiguration must be given."));
    }
    Ok(out)
}

fn increase(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let name = text(parameters, "ReplicationGroupId")?.to_owned();
    let doc = at_rest(account, &name)?.clone();
    for (at, shard, wanted, zones) in asked(&doc, parameters)? {
        let have = path::texts(&doc, &format!("NodeGroups[{at}].NodeGroupMembers[].PreferredAvailabilityZone"));
        if wanted + 1 == have.len() {
            return Err(Refusal::new("NoOperationFault", "The new replica count is the current one."));
        }
        if wanted + 1 < have.len() || wanted > 5 || (!zones.is_empty() && zones.len() != wanted + 1) {
            return Err(wrong("The new replica count must be greater, and there must be one zone more than replicas."));
        }
        let mut left = zones;
        for zone in &have {
            if let Some(at) = left.iter().position(|other| other == zone) {
                left.remove(at);
            }
        }
        for number in 0..wanted + 1 - have.len() {
            let zone = left.get(number).or(have.first()).cloned().unwrap_or_default();
            node_comes(account, &name, at, &shard, &zone)?;
        }
    }
    busy(account, &name, "modifying", NODE_S.0)
}

/// A node comes up: of several subnets of the group in its zone, in the one that was there first.
fn node_comes(account: &mut Account, group: &str, at: usize, shard: &str, zone: &str) -> Result<(), Refusal> {
    let doc = account.doc(id_of(group).as_str(), UNKNOWN)?.clone();
    let here = format!("SubnetGroup.Subnets[SubnetAvailabilityZone.Name={zone}].SubnetIdentifier");
    let subnet = path::text(&doc, &here).to_owned();
    if subnet.is_empty() {
        return Err(wrong(format!("Availability Zone {zone} is not covered by the cache subnet group.")));
    }
    let all = path::texts(&doc, &format!("NodeGroups[{at}].NodeGroupMembers[].CacheClusterId"));
    let last = all.iter().filter_map(|id| id.rsplit('-').next()?.parse::<u32>().ok()).max().unwrap_or(0);
    let clustered = doc["ClusterEnabled"] == true;
    let id = if clustered { format!("{group}-{shard}-{:03}", last + 1) } else { format!("{group}-{:03}", last + 1) };
    let groups = path::texts(&doc, "SecurityGroups[].SecurityGroupId");
    account.add_interface(&subnet, &groups, &format!("ElastiCache {id}"), json!({ "RequesterId": "amazon-elasticache" }))?;
    let like = all.first().ok_or_else(|| wrong("The shard has no node."))?.clone();
    let source = account.doc(cache_cluster::id_of(&like).as_str(), cache_cluster::UNKNOWN)?.to_string().replace(&like, &id);
    let mut node: Value = serde_json::from_str(&source).map_err(|_| wrong("The node can't be copied."))?;
    node["PreferredAvailabilityZone"] = json!(zone);
    node["CacheNodes"][0]["CustomerAvailabilityZone"] = json!(zone);
    node["CacheClusterStatus"] = json!("creating");
    account.insert("cache_cluster", Role::Bystander, cache_cluster::id_of(&id), node);
    account.later(&cache_cluster::id_of(&id), NODE_S.0, "/CacheClusterStatus", json!("available"));
    let role = if clustered { Value::Null } else { json!("replica") };
    let member = json!({ "CacheClusterId": id, "CacheNodeId": "0001", "PreferredAvailabilityZone": zone, "CurrentRole": role });
    let doc = account.edit(id_of(group).as_str(), UNKNOWN)?;
    doc["NodeGroups"][at]["NodeGroupMembers"].as_array_mut().into_iter().for_each(|list| list.push(member.clone()));
    doc["MemberClusters"].as_array_mut().into_iter().for_each(|list| list.push(json!(id)));
    Ok(())
}

fn decrease(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let name = text(parameters, "ReplicationGroupId")?.to_owned();
    let doc = at_rest(account, &name)?.clone();
    let named = list(parameters, "ReplicasToRemove");
    let gone = if named.is_empty() { chosen(account, &doc, parameters)? } else { named };
    for id in &gone {
        if !path::texts(&doc, "MemberClusters[]").contains(id) || is_primary(account, &doc, id) {
            return Err(wrong(format!("{id} is no replica of {name}, or its primary, which cannot be removed.")));
        }
    }
    let mut shards = doc["NodeGroups"].clone();
    for shard in shards.as_array_mut().into_iter().flatten() {
        let nodes = shard["NodeGroupMembers"].as_array_mut().expect("a list");
        let before = nodes.len();
        nodes.retain(|node| !gone.iter().any(|id| node["CacheClusterId"] == id.as_str()));
        let guarded = doc["MultiAZ"] == "enabled" || (doc["AutomaticFailover"] == "enabled" && doc["ClusterEnabled"] != true);
        if nodes.len() < 2 && before > nodes.len() && guarded {
            return Err(wrong("The last replica cannot be removed while Multi-AZ or automatic failover is enabled."));
        }
    }
    for id in &gone {
        let node = cache_cluster::id_of(id);
        account.edit(node.as_str(), cache_cluster::UNKNOWN)?["CacheClusterStatus"] = json!("deleting");
        account.remove_later(&node, NODE_S.1);
        let own = format!("ElastiCache {id}");
        let interface = account.resources.having("network_interface", "Description", &own).next().map(|i| i.id.clone());
        interface.into_iter().for_each(|interface| account.remove_later(&interface, NODE_S.1));
    }
    let members: Vec<String> = path::texts(&doc, "MemberClusters[]").into_iter().filter(|id| !gone.contains(id)).collect();
    account.later(&id_of(&name), NODE_S.1, "/NodeGroups", shards);
    account.later(&id_of(&name), NODE_S.1, "/MemberClusters", json!(members));
    busy(account, &name, "modifying", NODE_S.1)
}

/// The replicas that go if only a count is given: those in the zones asked for stay first.
fn chosen(account: &Account, doc: &Value, parameters: &Object) -> Result<Vec<String>, Refusal> {
    let mut gone = Vec::new();
    for (at, _, wanted, zones) in asked(doc, parameters)? {
        let nodes = path::select(doc, &format!("NodeGroups[{at}].NodeGroupMembers[]"));
        let mut replicas: Vec<&Value> =
            nodes.into_iter().filter(|node| !is_primary(account, doc, path::text(node, "CacheClusterId"))).collect();
        if wanted == replicas.len() {
            return Err(Refusal::new("NoOperationFault", "The new replica count is the current one."));
        }
        if wanted > replicas.len() {
            return Err(wrong("The new replica count must be less than the current replica count."));
        }
        replicas.sort_by_key(|node| zones.iter().rev().position(|zone| node["PreferredAvailabilityZone"] == zone.as_str()).unwrap_or(9));
        gone.extend(replicas[wanted..].iter().map(|node| path::text(node, "CacheClusterId").to_owned()));
    }
    Ok(gone)
}

/// Whether a node writes. With cluster mode on no answer tells it: the account remembers it in a thing of its own, and
/// begins with each shard's first.
fn is_primary(account: &Account, doc: &Value, node: &str) -> bool {
    if doc["ClusterEnabled"] != true {
        return path::text(doc, &format!("NodeGroups[].NodeGroupMembers[CacheClusterId={node}].CurrentRole")) == "primary";
    }
    path::select(doc, "NodeGroups[]").into_iter().any(|shard| primary_of(account, doc, shard) == node)
}

fn primary_of(account: &Account, doc: &Value, shard: &Value) -> String {
    let id = memory(path::text(doc, "ReplicationGroupId"), path::text(shard, "NodeGroupId"));
    let first = path::text(shard, "NodeGroupMembers[0].CacheClusterId");
    account.resources.get(&id).map_or(first, |kept| path::text(&kept.doc, "Primary")).to_owned()
}

fn memory(group: &str, shard: &str) -> Id {
    Id::new(format!("cacheprimary:{group}/{shard}"))
}

fn test_failover(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let (name, shard) = (text(parameters, "ReplicationGroupId")?.to_owned(), text(parameters, "NodeGroupId")?.to_owned());
    let doc = at_rest(account, &name)?.clone();
    let Some(of_it) = path::first(&doc, &format!("NodeGroups[NodeGroupId={shard}]")) else {
        return Err(Refusal::new("NodeGroupNotFoundFault", format!("Node group {shard} not found.")));
    };
    if doc["AutomaticFailover"] != "enabled" {
        return Err(Refusal::new("InvalidReplicationGroupState", "Automatic failover is not enabled."));
    }
    let nodes = path::texts(of_it, "NodeGroupMembers[].CacheClusterId");
    let Some(heir) = nodes.into_iter().find(|node| !is_primary(account, &doc, node)) else {
        return Err(wrong(format!("Node group {shard} has no replica.")));
    };
    if doc["ClusterEnabled"] == true {
        let kept = memory(&name, &shard);
        account.insert("cache_primary", Role::Bystander, kept, json!({ "Primary": heir }));
    } else {
        promote(account, &name, &doc, &heir);
    }
    tell(account, "elasticache", ("replication-group", &name), 0, &format!("Test Failover API called for node group {shard}"));
    busy(account, &name, "modifying", MODIFY_S)
}
