//! An edited plan against what was done under the one before: pure.
//!
//! What was sent, and how it is undone, stays as it was; what comes later may be another. So the states that the edited
//! plan's proof covers are the states that can still be met.

use std::collections::BTreeMap;

use super::machine::{Phase, StepState, take};
use crate::journal::{Body, Record};
use crate::model::step::{Stage, Step};
use crate::plan::{Plan, sha256_of};

/// What of a step can't change once its call is announced: its place, the call, what it needs, the way back. Waits and
/// checks can.
pub fn digest(step: &Step) -> String {
    let needs: Vec<&str> = step.needs.iter().map(|need| need.step.as_str()).collect();
    let mut digest = sha256_of(&(&step.id, step.stage, &step.of_move, &step.call, &step.undo, needs));
    digest.truncate(16);
    digest
}

/// The hash of the plan that a journal is of: the one that it was opened for, or that was last gone on with.
pub fn plan_of(records: &[Record]) -> Option<&str> {
    records.iter().rev().find_map(|record| match &record.body {
        Body::Opened { plan, .. } => Some(plan.as_str()),
        Body::Amended { to, .. } => Some(to.as_str()),
        _ => None,
    })
}

/// Where every step stands that a journal tells of, whatever the plan says now.
pub fn states(records: &[Record]) -> BTreeMap<&str, StepState> {
    let mut states: BTreeMap<&str, StepState> = BTreeMap::new();
    for record in records {
        if let Some(step) = record.body.step() {
            take(states.entry(step).or_default(), &record.at, &record.body);
        }
    }
    states
}

/// Whether anything is done, or in the air.
pub fn has_begun(records: &[Record]) -> bool {
    states(records).values().any(|state| state.phase != Phase::Pending)
}

/// Why an edited plan can't be gone on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Objection {
    /// The step was begun and is not in the plan any more.
    Gone,
    /// The step was begun and is another now.
    Changed,
    /// The step was begun by a version that did not note what it was.
    Untold,
    /// The step is not done and stands in a stage that the run has left: this one is the latest.
    Behind(Stage),
}

/// What stands against going on with a plan under a journal that was begun with another.
pub fn objections(plan: &Plan, records: &[Record]) -> Vec<(String, Objection)> {
    let states = states(records);
    let begun = states.iter().filter(|(_, state)| state.phase != Phase::Pending);
    let mut out: Vec<(String, Objection)> =
        begun.clone().filter_map(|(id, state)| Some(((*id).to_owned(), changed(plan.step(id), state)?))).collect();
    let latest = begun.filter_map(|(id, _)| plan.step(id)).map(|step| step.stage).max();
    let Some(latest) = latest else { return out };
    let open = |step: &&Step| step.stage < latest && !states.get(step.id.as_str()).is_some_and(StepState::is_done);
    out.extend(plan.steps.iter().filter(open).map(|step| (step.id.clone(), Objection::Behind(latest))));
    out
}

fn changed(step: Option<&Step>, state: &StepState) -> Option<Objection> {
    match (step, &state.digest) {
        (None, _) => Some(Objection::Gone),
        (Some(_), None) => Some(Objection::Untold),
        (Some(step), Some(was)) => (digest(step) != *was).then_some(Objection::Changed),
    }
}

/// The steps that were tried in vain and are others now: their next try is a new request, with a new token.
pub fn renewed(plan: &Plan, records: &[Record]) -> Vec<String> {
    let states = states(records);
    let other = |step: &&Step| {
        let state = states.get(step.id.as_str());
        state.is_some_and(|state| state.phase == Phase::Pending && state.digest.as_ref().is_some_and(|was| *was != digest(step)))
    };
    plan.steps.iter().filter(other).map(|step| step.id.clone()).collect()
}
