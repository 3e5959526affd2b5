//! What a simulated account holds in the end, compared.

use std::collections::{BTreeMap, BTreeSet};

use hikkoshi::cloud::simulated::Simulated;
use hikkoshi::kinds::STEP_TAG;
use hikkoshi::model::inventory::Inventory;
use hikkoshi::model::resource::{Resource, tags_of};
pub use hikkoshi::rehearse::likeness::view;
use serde_json::{Value, json};

use super::account::look;

/// The view of a simulated account.
pub fn view_of(cloud: &Simulated) -> BTreeSet<String> {
    view(&look(cloud))
}

/// What was made more than once for one step, by kind; also snapshots, which no inventory lists.
pub fn twice(cloud: &Simulated) -> Vec<String> {
    let account = cloud.account();
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    for resource in account.resources.values() {
        let gone = resource.doc["State"] == "deleted"
            || resource.doc["State"] == "deleting"
            || ["terminated", "shutting-down"].iter().any(|state| resource.doc["State"]["Name"] == *state);
        if let Some(step) = tags_of(&resource.doc).get(STEP_TAG).filter(|_| !gone) {
            *count.entry(format!("{} of {step}", resource.kind)).or_default() += 1;
        }
    }
    count.into_iter().filter(|(_, n)| *n > 1).map(|(what, n)| format!("{n} times {what}")).collect()
}

/// Everything that carries the migration's tags, snapshots included.
pub fn made(cloud: &Simulated) -> BTreeSet<String> {
    let account = cloud.account();
    let live = |r: &&Resource| r.doc["State"] != "deleted" && r.doc["State"]["Name"] != "terminated";
    account.resources.values().filter(live).filter_map(|r| Some(format!("{} of {}", r.kind, tags_of(&r.doc).get(STEP_TAG)?))).collect()
}

/// Fails with the difference.
#[track_caller]
pub fn same(context: &str, wanted: &BTreeSet<String>, found: &BTreeSet<String>) {
    let missing: Vec<&String> = wanted.difference(found).collect();
    let extra: Vec<&String> = found.difference(wanted).collect();
    let missing: Vec<&str> = missing.iter().take(4).map(|line| &line[..line.len().min(1200)]).collect();
    let extra: Vec<&str> = extra.iter().take(4).map(|line| &line[..line.len().min(1200)]).collect();
    assert!(missing.is_empty() && extra.is_empty(), "{context}\nexpected, not there: {missing:#?}\nthere, not expected: {extra:#?}");
}

/// The value of a field of every document, for messages.
pub fn field(inventory: &Inventory, id: &str, pointer: &str) -> Value {
    inventory.resources.values().find(|r| r.id.as_str() == id).and_then(|r| r.doc.pointer(pointer)).cloned().unwrap_or(json!(null))
}
