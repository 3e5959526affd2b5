//! Snapshots of caches.

use serde_json::{Value, json};

use super::account::{at_rest, busy};
use super::flip;
use crate::kinds::build::{check, step, undo, wait};
use crate::kinds::db_instance::rotate::tags;
use crate::kinds::effects::text;
use crate::kinds::{Effect, Read};
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::facet::Role;
use crate::model::id::Id;
use crate::model::step::{Expect, Stage, Step};

/// Seconds until a snapshot is complete.
const SNAPSHOT_S: u64 = 600;
/// AWS's code for a snapshot that isn't there.
const UNKNOWN: &str = "SnapshotNotFoundFault";

/// A snapshot of a group, in case. It is deleted on the way back.
pub(super) fn make(of_move: &str, name: &str, migration: &str) -> Step {
    let id = format!("{of_move}-snapshot");
    let own = json!({ "SnapshotName": format!("hikkoshi-{migration}-{of_move}") });
    let see = |what: &str, at: &str, expect| check(what, "elasticache:DescribeSnapshots", own.clone(), at, expect);
    let mut call = own.clone();
    call["ReplicationGroupId"] = json!(name);
    call["Tags"] = tags(migration, &id, &[]);
    let there = see("the snapshot is available", "Snapshots[].SnapshotStatus", Expect::Equals(json!("available")));
    step(&id, Stage::Data, of_move, format!("Make a snapshot of {name}"))
        .call("elasticache:CreateSnapshot", call)
        .probe_made("elasticache:DescribeSnapshots", own.clone(), "Snapshots[]", &[])
        .adopt_on(&["SnapshotAlreadyExistsFault"])
        .wait(wait(there, SNAPSHOT_S, 4 * 3600))
        .wait(flip::at_rest(name))
        .undo(vec![undo(
            "elasticache:DeleteSnapshot",
            own.clone(),
            see("the snapshot is gone", "Snapshots[].SnapshotName", Expect::Absent),
        )])
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
    let group = text(parameters, "ReplicationGroupId")?.to_owned();
    at_rest(account, &group)?;
    if account.doc(id_of(&name).as_str(), UNKNOWN).is_ok() {
        return Err(Refusal::new("SnapshotAlreadyExistsFault", format!("Snapshot {name} already exists.")));
    }
    let doc = json!({ "SnapshotName": name, "ReplicationGroupId": group, "SnapshotStatus": "creating", "SnapshotSource": "manual",
        "Tags": parameters.get("Tags").cloned().unwrap_or(json!([])) });
    account.insert("cache_snapshot", Role::Bystander, id_of(&name), doc.clone());
    account.later(&id_of(&name), SNAPSHOT_S, "/SnapshotStatus", json!("available"));
    busy(account, &group, "snapshotting", SNAPSHOT_S)?;
    Ok(json!({ "Snapshot": doc }))
}

fn delete(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = id_of(text(parameters, "SnapshotName")?);
    account.doc(id.as_str(), UNKNOWN)?;
    account.remove(&id);
    Ok(json!({}))
}

fn describe(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    if let Some(name) = parameters.get("SnapshotName").and_then(Value::as_str) {
        return Ok(json!({ "Snapshots": [account.doc(id_of(name).as_str(), UNKNOWN)?] }));
    }
    let all: Vec<&Value> = account.resources.of_kind("cache_snapshot").map(|snapshot| &snapshot.doc).collect();
    Ok(json!({ "Snapshots": all }))
}
