//! Where a run stands, for whoever looks at it in a browser: what `status` and `log` tell, as data. Pure.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Style, log};
use crate::execute::{Machine, Phase};
use crate::journal::Record;
use crate::journal::request::Request;
use crate::model::step::{Stage, Step};
use crate::plan::pace;

/// As many of the last lines of the history are sent along.
const LINES: usize = 200;

/// Where a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// Not begun.
    Todo,
    /// Its call, or one of its way back, was announced.
    Running,
    /// Its call is done; waits and checks are open.
    Waiting,
    /// Verified.
    Done,
    /// A person left it out.
    Skipped,
    /// It failed, and nothing was tried since.
    Failed,
    /// It was done and taken back.
    Undone,
}

/// A line of the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// When, RFC 3339.
    pub at: String,
    /// What, in the words of `hikkoshi log`.
    pub text: String,
}

/// Where a run stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Live {
    /// The SHA-256 of the plan that this is about.
    pub plan: String,
    /// How many records the journal has.
    pub records: usize,
    /// Who runs it just now, if anybody does.
    pub lease: Option<String>,
    /// Where each step stands.
    pub steps: BTreeMap<String, Standing>,
    /// Why steps failed: AWS's code and words.
    pub failures: BTreeMap<String, String>,
    /// The checkpoints that were reached.
    pub checkpoints: Vec<Stage>,
    /// The last lines of the history.
    pub events: Vec<Line>,
    /// Seconds until everything before `cleanup` is done, if estimates hold and somebody runs it.
    pub eta_s: u64,
    /// Seconds that the whole takes at least: its longest chain of steps, or AWS's budget of calls.
    pub bound_s: u64,
    /// Who paused it, and when.
    pub paused: Option<String>,
    /// Postponed steps that wait to be released.
    pub held: Vec<String>,
    /// Postponed steps that were released and have not begun.
    pub released: Vec<String>,
    /// What lacks approvals: before what, and what is missing.
    pub lacking: Vec<(String, String)>,
}

impl Live {
    /// What plan (by its hash) and journal say at a moment (milliseconds since 1970), and what was asked for and is not heard yet.
    /// Who runs it, and what lacks approvals, is for the caller to say.
    pub fn of(machine: &Machine<'_>, records: &[Record], pending: &[Request], now_ms: u64, plan: &str) -> Live {
        let control = machine.control().after(pending);
        let steps = &machine.plan().steps;
        let postponed = |released: bool| {
            let open = machine.plan().postponed.iter().filter(|id| !machine.is_done(id) && !machine.is_begun(id));
            open.filter(|id| control.is_released(id) == released).cloned().collect()
        };
        let failure = |step: &Step| {
            let (code, words) = machine.state(&step.id)?.failure.clone()?;
            Some((step.id.clone(), format!("{code}: {words}")))
        };
        Live {
            plan: plan.to_owned(),
            records: records.len(),
            lease: None,
            steps: steps.iter().map(|step| (step.id.clone(), standing(machine, &step.id))).collect(),
            failures: steps.iter().filter_map(failure).collect(),
            checkpoints: machine.checkpoints().iter().copied().collect(),
            events: lines(machine, records),
            eta_s: left_s(machine, now_ms),
            bound_s: pace::bound_s(steps),
            paused: control.paused().map(|paused| format!("{} at {}", paused.who, paused.at)),
            held: postponed(false),
            released: postponed(true),
            lacking: Vec::new(),
        }
    }
}

fn standing(machine: &Machine<'_>, id: &str) -> Standing {
    let Some(state) = machine.state(id) else { return Standing::Todo };
    if state.skipped.is_some() {
        return Standing::Skipped;
    }
    if state.failure.is_some() {
        return Standing::Failed;
    }
    match state.phase {
        Phase::Pending if state.generation > 0 => Standing::Undone,
        Phase::Pending => Standing::Todo,
        Phase::Intended | Phase::Undoing(..) => Standing::Running,
        Phase::Called => Standing::Waiting,
        Phase::Verified => Standing::Done,
    }
}

/// Seconds until everything before `cleanup` is done, if estimates hold: what is begun has had its time since.
fn left_s(machine: &Machine<'_>, now_ms: u64) -> u64 {
    let since = |step: &Step| {
        let called = machine.state(&step.id)?.announced.as_ref()?.parse::<jiff::Timestamp>().ok()?.as_millisecond();
        Some(now_ms.saturating_sub(u64::try_from(called).ok()?) / 1000)
    };
    let open = machine.plan().steps.iter().filter(|step| step.stage != Stage::Cleanup && !machine.is_done(&step.id));
    let open: Vec<Step> = open
        .map(|step| {
            let spent = if machine.is_begun(&step.id) { since(step).unwrap_or(0) } else { 0 };
            Step { estimate_s: step.estimate_s.saturating_sub(spent), ..step.clone() }
        })
        .collect();
    pace::length_s(&open)
}

/// The last lines of the history, in the words of the live terminal.
fn lines(machine: &Machine<'_>, records: &[Record]) -> Vec<Line> {
    let view = log::View { plan: machine.plan(), step: None, every: false, style: Style(false) };
    let from = records.len().saturating_sub(4 * LINES);
    let shown = view.lines(records, from, &mut log::Again::default());
    let split = shown[shown.len().saturating_sub(LINES)..].iter().filter_map(|line| line.split_once("  "));
    split.map(|(at, text)| Line { at: at.to_owned(), text: text.to_owned() }).collect()
}
