//! Where a run stands: what the page also takes from whoever shows it live.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::execute::{Machine, Phase};
use crate::journal::{Body, Record};

/// How many of the last events are told.
const EVENTS: usize = 200;

/// Where a run stands.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Progress {
    /// `todo`, `running`, `done`, `failed`, `undone`, `waiting` or `skipped`, by step; those that have not begun are left out.
    pub steps: BTreeMap<String, &'static str>,
    /// What happened last, oldest first.
    pub events: Vec<Event>,
    /// Who asked for a pause that stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paused: Option<String>,
    /// Steps that wait to be released.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub postponed: Vec<String>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Event {
    /// When, RFC 3339.
    pub at: String,
    /// What.
    pub text: String,
}

impl Progress {
    /// What the records of a journal amount to; nothing, if no run has begun.
    pub fn of(machine: &Machine<'_>, records: &[Record]) -> Option<Progress> {
        if records.is_empty() {
            return None;
        }
        let plan = machine.plan();
        let steps = plan.steps.iter().filter_map(|step| Some((step.id.clone(), word(machine, &step.id)?))).collect();
        let told = records.iter().filter(|record| !matches!(record.body, Body::Captured { .. } | Body::Intended { .. }));
        let mut events: Vec<Event> = told.map(|record| Event { at: record.at.clone(), text: record.words() }).collect();
        events.drain(..events.len().saturating_sub(EVENTS));
        let paused = machine.control().paused().map(|paused| paused.who.clone());
        let postponed = plan.postponed.iter().filter(|step| machine.is_held(step)).cloned().collect();
        Some(Progress { steps, events, paused, postponed })
    }
}

/// The word for a step's state; none for one that has not begun.
fn word(machine: &Machine<'_>, id: &str) -> Option<&'static str> {
    let state = machine.state(id)?;
    if state.skipped.is_some() {
        return Some("skipped");
    }
    match state.phase {
        _ if state.failure.is_some() => Some("failed"),
        Phase::Verified => Some("done"),
        Phase::Intended | Phase::Undoing(..) => Some("running"),
        Phase::Called => Some("waiting"),
        Phase::Pending if machine.is_held(id) => Some("held"),
        Phase::Pending if state.generation > 0 => Some("undone"),
        Phase::Pending => None,
    }
}
