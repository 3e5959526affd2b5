//! Snapshots of caches.

use serde_json::{Value, json};

use super::account::{at_rest, busy};
use crate::kinds::build::{check, rest_first, step, undo, wait};
use crate::kinds::cache_cluster;
use crate::kinds::db_instance::rotate::tags;
use crate::kinds::effects::{given_tags, text};
use crate::kinds::{Effect, Read};
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::facet::Role;
use crate::model::id::Id;
use crate::model::step::{Expect, Stage, Step, Wait};

/// Seconds until a snapshot is complete.
const SNAPSHOT_S: u64 = 600;
/// AWS's code for a snapshot that isn't there.
const UNKNOWN: &str = "SnapshotNotFoundFault";

/// A snapshot of a cache that is named by a parameter. It is deleted on the way back.
pub(in crate::kinds) fn make(of_move: &str, (key, name): (&str, &str), migration: &str, at_rest: Wait) -> Step {
    let id = format!("{of_move}-snapshot");
    let own = json!({ "SnapshotName": format!("hikkoshi-{migration}-{of_move}") });
    let see = |what: &str, at: &str, expect| check(what, "elasticache:DescribeSnapshots", own.clone(), at, expect);
    let mut call = own.clone();
    call[key] = json!(name);
    call["Tags"] = tags(migration, &id, &[]);
    let there = see("the snapshot is available", "Snapshots[].SnapshotStatus", Expect::Equals(json!("available")));
    let gone = see("there is no snapshot of its name", "Snapshots[].SnapshotName", Expect::Absent);
    // ElastiCache deletes no snapshot that is being made.
    let kept = see("it is being made, made, or gone", "Snapshots[].SnapshotStatus", Expect::Excludes(vec![json!("deleted")]));
    let made = see("it is not being made any more", "Snapshots[].SnapshotStatus", Expect::Excludes(vec![json!("creating")]));
    let rest = rest_first("elasticache:DeleteSnapshot", own.clone(), kept, vec![wait(made, SNAPSHOT_S, 4 * 3600), at_rest.clone()]);
    step(&id, Stage::Data, of_move, format!("Make a snapshot of {name}"))
        .before(gone.clone())
        .call("elasticache:CreateSnapshot", call)
        .probe_made("elasticache:DescribeSnapshots", own.clone(), "Snapshots[]", &[])
        .adopt_on(&["SnapshotAlreadyExistsFault"])
        .wait(wait(there, SNAPSHOT_S, 4 * 3600))
        .wait(at_rest)
        .undo(vec![rest, undo("elasticache:DeleteSnapshot", own.clone(), gone)])
        .done()
}

pub(super) const CREATE: (&str, Effect) = ("elasticache:CreateSnapshot", create);
pub(super) const DELETE: (&str, Effect) = ("elasticache:DeleteSnapshot", delete);
pub(super) const DESCRIBE: (&str, Read) = ("elasticache:DescribeSnapshots", describe);

fn id_of(name: &str) -> Id {
    Id::new(format!("cachesnapshot:{name}"))
}

fn create(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let name = text(parameters, "SnapshotName")?.to_owned();
    let of_cluster = parameters.contains_key("CacheClusterId");
    let source = text(parameters, if of_cluster { "CacheClusterId" } else { "ReplicationGroupId" })?.to_owned();
    if of_cluster {
        let doc = account.doc(cache_cluster::id_of(&source).as_str(), cache_cluster::UNKNOWN)?;
        if doc["Engine"] == "memcached" {
            return Err(Refusal::new("SnapshotFeatureNotSupportedFault", "Snapshots are not supported for memcached."));
        }
        if doc["CacheClusterStatus"] != "available" {
            return Err(Refusal::new("InvalidCacheClusterState", format!("Cache cluster {source} is not available.")));
        }
    } else {
        at_rest(account, &source)?;
    }
    if account.doc(id_of(&name).as_str(), UNKNOWN).is_ok() {
        return Err(Refusal::new("SnapshotAlreadyExistsFault", format!("Snapshot {name} already exists.")));
    }
    let doc = json!({ "SnapshotName": name, "SnapshotStatus": "creating", "SnapshotSource": "manual",
        "Tags": given_tags(parameters)? });
    account.insert("cache_snapshot", Role::Bystander, id_of(&name), doc.clone());
    account.later(&id_of(&name), SNAPSHOT_S, "/SnapshotStatus", json!("available"));
    if of_cluster {
        let id = cache_cluster::id_of(&source);
        account.edit(id.as_str(), cache_cluster::UNKNOWN)?["CacheClusterStatus"] = json!("snapshotting");
        account.later(&id, SNAPSHOT_S, "/CacheClusterStatus", json!("available"));
    } else {
        busy(account, &source, "snapshotting", SNAPSHOT_S)?;
    }
    Ok(json!({ "Snapshot": doc }))
}

fn delete(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = id_of(text(parameters, "SnapshotName")?);
    if account.doc(id.as_str(), UNKNOWN)?["SnapshotStatus"] != "available" {
        return Err(Refusal::new("InvalidSnapshotState", "The current state of the snapshot does not allow the requested operation."));
    }
    account.remove(&id);
    Ok(json!({}))
}

fn describe(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    if let Some(name) = parameters.get("SnapshotName").and_then(Value::as_str) {
        return Ok(json!({ "Snapshots": [account.doc(id_of(name).as_str(), UNKNOWN)?] }));
    }
    let all: Vec<&Value> = account.resources.of_kind("cache_snapshot").map(|snapshot| &*snapshot.doc).collect();
    Ok(json!({ "Snapshots": all }))
}
