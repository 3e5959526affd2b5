//! What must hold at every moment, whatever goes wrong: nothing is made twice, nothing is there that nobody knows of, one
//! executor alone changes the account; and what the plan's proof claims of flows and doors.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::execute::Machine;
use crate::execute::machine::StepState;
use crate::kinds::STEP_TAG;
use crate::model::account::Account;
use crate::model::id::Id;
use crate::model::resource::{Resource, tags_of};
use crate::model::step::Undo;
use crate::plan::prove::{Broken, Lookout};

/// Looks at the account after every change.
pub struct Guard<'s> {
    before: &'s BTreeSet<Id>,
    makers: Mutex<BTreeMap<Id, String>>,
    wrong: Mutex<Option<String>>,
    looks: AtomicU64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a thing is only remembered by AWS for a while.
pub(super) fn is_gone(resource: &Resource) -> bool {
    let gone = |state: &serde_json::Value| {
        ["deleted", "deleting", "terminated", "shutting-down", "DELETING", "DELETED", "INACTIVE"].iter().any(|word| state == *word)
    };
    let doc = &resource.doc;
    [&doc["State"], &doc["State"]["Name"], &doc["Status"], &doc["DBInstanceStatus"], &doc["CacheClusterStatus"], &doc["status"]]
        .into_iter()
        .chain([&doc["Status"]["Code"], &doc["State"]["Code"]])
        .any(gone)
}

/// Whether it is only AWS's memory of what was: events, refreshes and tasks that have ended, which node was the primary, the
/// version of a template that was there before. Nobody can take it away, or nobody should, and it does nothing.
fn is_history(resource: &Resource) -> bool {
    match resource.kind.as_str() {
        "rds_event" | "elasticache_event" | "cache_primary" => true,
        "instance_refresh" => {
            let ended = ["Successful", "Failed", "Cancelled", "RollbackSuccessful", "RollbackFailed"];
            ended.iter().any(|status| resource.doc["Status"] == *status)
        }
        "ecs_task" => resource.doc["desiredStatus"] == "STOPPED",
        // The migration's own versions say so.
        "launch_template_version" => !resource.doc["VersionDescription"].as_str().is_some_and(|text| text.starts_with("hikkoshi ")),
        _ => false,
    }
}

impl<'s> Guard<'s> {
    /// Guards an account that held these things before the first call, and of which steps made these since.
    pub fn new(before: &'s BTreeSet<Id>, makers: BTreeMap<Id, String>) -> Guard<'s> {
        Guard { before, makers: Mutex::new(makers), wrong: Mutex::default(), looks: AtomicU64::new(0) }
    }

    /// Which steps made what carries no tag.
    pub fn makers(&self) -> BTreeMap<Id, String> {
        lock(&self.makers).clone()
    }

    /// Something is not as it must be; the first such thing is what is told.
    pub fn broken(&self, what: impl Into<String>) {
        lock(&self.wrong).get_or_insert_with(|| what.into());
    }

    /// What is not as it must be.
    pub fn wrong(&self) -> Option<String> {
        lock(&self.wrong).clone()
    }

    /// How often it was looked.
    pub fn looks(&self) -> u64 {
        self.looks.load(Ordering::Relaxed)
    }

    /// A call of a process is about to be made.
    pub fn calls(&self, number: u64, writer: u64, step: &str) {
        if number != writer {
            self.broken(format!("two writers: executor {number} called for step {step} after {writer} had taken over"));
        }
    }

    /// Claims of the plan's proof do not hold, unless the plan declares that just now.
    pub fn broken_claims(&self, found: &[Broken], lookout: &Lookout, machine: &Machine<'_>, when: &str) {
        let is_done = |step: &str| machine.state(step).is_some_and(StepState::is_done);
        let undeclared = found.iter().find(|broken| !lookout.declared(&broken.what, &|step| machine.is_begun(step), &is_done));
        if let Some(Broken { what, why }) = undeclared {
            self.broken(format!("{when}, what the proof claims does not hold: {what}: {why}"));
        }
    }

    /// Looks at the account after a change that a step made.
    pub fn look(&self, account: &Account, machine: &Machine<'_>, step: &str) {
        self.looks.fetch_add(1, Ordering::Relaxed);
        let mut made: BTreeSet<(String, String)> = BTreeSet::new();
        for (id, resource) in account.resources.iter().filter(|(id, _)| !self.before.contains(id)) {
            if is_gone(resource) || is_history(resource) {
                continue;
            }
            let tagged = tags_of(&resource.doc).remove(STEP_TAG);
            if let Some(tagged) = &tagged
                && !made.insert((resource.kind.clone(), tagged.clone()))
            {
                self.broken(format!("made twice: {} of step {tagged}", resource.kind));
            }
            // What comes and goes with a thing is that thing's.
            if tagged.is_none() && resource.facets.owner.is_some() {
                continue;
            }
            let maker = tagged.unwrap_or_else(|| lock(&self.makers).entry(id.clone()).or_insert_with(|| step.to_owned()).clone());
            // A command that was run leaves its record in AWS; it changed nothing.
            let nothing = machine.step(&maker).is_some_and(|step| matches!(step.undo, Undo::Nothing(_)));
            if !nothing && !machine.is_begun(&maker) {
                self.broken(format!("an orphan: {} {id} of step {maker}, which by the journal is not begun", resource.kind));
            }
        }
    }
}
