//! After a run that did not reach its goal: what failed, what was in flight and how it was left, what the service feels. Pure.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::harmless;
use crate::execute::{Machine, Phase, amend};
use crate::journal::{Body, Drift, Record};
use crate::model::step::{Impact, Step, Undo};
use crate::plan::moment::Stand;
use crate::plan::service::{Broken, Service};

/// So many lines of each sort are for people; programs get all.
const LINES: usize = 6;
/// So many flows of one reason are named.
const SHOWN: usize = 3;
/// So many characters of a value are for people.
const WIDE: usize = 160;
/// The failure code of a stranger's change.
const DRIFT: &str = "HK0505";

/// How a step that was in flight was left.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Left {
    /// It went on to its end.
    Done,
    /// Its way back went on to its end.
    Undone,
    /// It came to nothing: its call was refused, or not sent.
    Nothing,
    /// Its call is done; this is still open.
    Parked(String),
    /// Nobody knows whether its call was carried out; this read shows it.
    Unknown(String),
    /// On its way back: so many of so many calls are done.
    Back(usize, usize),
}

impl Left {
    /// For people.
    pub fn words(&self) -> String {
        match self {
            Left::Done => "brought to the end".to_owned(),
            Left::Undone => "taken back to the end".to_owned(),
            Left::Nothing => "not carried out".to_owned(),
            Left::Parked(open) => format!("parked: its call is done, and goes on in AWS; open is: {open}"),
            Left::Unknown(read) => {
                format!("outcome unknown: the next run looks for it with {read}, then takes it as done or makes the same request again")
            }
            Left::Back(done, of) => format!("on its way back, {done} of {of} calls done: the next run goes on there"),
        }
    }

    /// Whether nothing of it is open.
    pub fn is_over(&self) -> bool {
        matches!(self, Left::Done | Left::Undone | Left::Nothing)
    }

    /// For programs.
    pub fn name(&self) -> &'static str {
        match self {
            Left::Done => "done",
            Left::Undone => "undone",
            Left::Nothing => "not_carried_out",
            Left::Parked(_) => "parked",
            Left::Unknown(_) => "unknown",
            Left::Back(..) => "on_its_way_back",
        }
    }
}

/// What was in flight when the last run began to end: at its first failure, or when it was asked to stop; and what is so now.
pub fn in_flight<'p>(machine: &Machine<'p>, records: &[Record]) -> Vec<(&'p Step, Left)> {
    let began = records.iter().rposition(|record| matches!(record.body, Body::RunBegan { .. })).unwrap_or(0);
    let first = records[began..].iter().position(|record| matches!(record.body, Body::Failed { .. }));
    let states = first.map(|at| amend::states(&records[..began + at])).unwrap_or_default();
    let open = |phase: &Phase| !matches!(phase, Phase::Pending | Phase::Verified);
    let then: BTreeSet<&str> = states.iter().filter(|(_, state)| open(&state.phase) && !state.is_done()).map(|(id, _)| *id).collect();
    let mut out = Vec::new();
    for step in &machine.plan().steps {
        let Some(state) = machine.state(&step.id).filter(|state| state.failure.is_none()) else { continue };
        if then.contains(step.id.as_str()) || open(&state.phase) && !state.is_done() {
            let undone = states.get(step.id.as_str()).is_some_and(|then| then.generation < state.generation);
            out.push((step, left(step, &state.phase, undone)));
        }
    }
    out
}

fn left(step: &Step, phase: &Phase, undone: bool) -> Left {
    match phase {
        Phase::Pending if undone => Left::Undone,
        Phase::Pending => Left::Nothing,
        Phase::Verified => Left::Done,
        Phase::Intended => Left::Unknown(step.call.probe.operation.to_string()),
        Phase::Called => {
            let waits = step.wait.iter().map(|wait| &wait.until.what).chain(step.verify.iter().map(|check| &check.what));
            Left::Parked(waits.into_iter().next().map_or_else(|| "a last look".to_owned(), Clone::clone))
        }
        Phase::Undoing(done, _) => Left::Back(*done, calls_back(step)),
    }
}

fn calls_back(step: &Step) -> usize {
    if let Undo::Calls(calls) = &step.undo { calls.len() } else { 0 }
}

/// The steps that stand by the journal; and those whose outcome nobody knows, as if they had been carried out.
pub fn stands<'p>(machine: &Machine<'p>) -> (Vec<Stand<'p>>, Vec<Stand<'p>>) {
    let (mut certain, mut possible) = (Vec::new(), Vec::new());
    for step in &machine.plan().steps {
        let phase = machine.state(&step.id).map(|state| &state.phase);
        let (sure, maybe) = match phase {
            Some(Phase::Verified | Phase::Called) => (Some(0), Some(0)),
            Some(Phase::Intended) => (None, Some(0)),
            Some(Phase::Undoing(done, in_the_air)) => (Some(*done), Some(done + usize::from(*in_the_air))),
            Some(Phase::Pending) | None => (None, None),
        };
        certain.extend(sure.map(|taken_back| Stand { step, taken_back }));
        possible.extend(maybe.map(|taken_back| Stand { step, taken_back }));
    }
    (certain, possible)
}

/// What a run left behind that did not reach its goal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aftermath {
    /// Steps that failed: id, code, AWS's words.
    pub failed: Vec<(String, String, String)>,
    /// What somebody else has changed.
    pub drift: Vec<Drift>,
    /// What was in flight, and how it was left.
    pub in_flight: Vec<(String, Left)>,
    /// Interruptions that the plan foresees and that are under way.
    pub interrupted: Vec<String>,
    /// Which flows hold; or why nobody can tell.
    pub service: Option<Result<Service, String>>,
    /// Which do not hold besides, if what nobody knows was carried out.
    pub in_doubt: Vec<Broken>,
    /// What to type next.
    pub next: Vec<String>,
}

impl Aftermath {
    /// What plan and journal say, without the service's flows.
    pub fn of(machine: &Machine<'_>, records: &[Record]) -> Aftermath {
        let in_flight = in_flight(machine, records).into_iter().map(|(step, left)| (step.id.clone(), left)).collect();
        let stopped = machine.plan().steps.iter().filter_map(|step| machine.state(&step.id)).filter(|state| state.failure.is_some());
        let drift = stopped.flat_map(|state| state.drift.clone()).collect();
        Aftermath { failed: super::run::failures(machine), drift, in_flight, interrupted: interrupted(machine), ..Aftermath::default() }
    }

    /// What was in flight and what the service feels, in lines for one screen.
    pub fn lines(&self) -> Vec<String> {
        let mut out = few(self.drift.iter().flat_map(differences).collect(), 3 * LINES, "lines of difference");
        out.extend(self.flights());
        let cut = self.service.as_ref().is_none_or(|service| service.as_ref().is_ok_and(|service| !service.broken.is_empty()));
        out.push(match self.interrupted.as_slice() {
            [] => "no planned interruption is under way".to_owned(),
            now if cut => format!("INTERRUPTED NOW, as planned: {}", now.join("; ")),
            now => format!("the plan allows for this at the moment: {}", now.join("; ")),
        });
        out.extend(self.flows());
        out
    }

    /// What was in flight, in lines: what is open has one of its own.
    fn flights(&self) -> Vec<String> {
        let (ended, open): (Vec<_>, Vec<_>) = self.in_flight.iter().partition(|(_, left)| left.is_over());
        let open = open.into_iter().map(|(step, left)| format!("in flight: {step} {}", harmless(&left.words()))).collect();
        let mut out = few(open, LINES, "steps in flight");
        let mut sorts: Vec<&Left> = ended.iter().map(|(_, left)| left).collect();
        sorts.sort();
        sorts.dedup();
        for sort in sorts {
            let steps: Vec<&str> = ended.iter().filter(|(_, left)| left == sort).map(|(step, _)| step.as_str()).collect();
            let more = if steps.len() > LINES { format!(" and {} more", steps.len() - LINES) } else { String::new() };
            out.push(format!("in flight then: {}{more}: {}", steps[..steps.len().min(LINES)].join(", "), sort.words()));
        }
        out
    }

    /// The service's flows in lines.
    fn flows(&self) -> Vec<String> {
        let service = match &self.service {
            None => return Vec::new(),
            Some(Err(why)) => return vec![format!("whether the flows hold is not known: {}", harmless(why))],
            Some(Ok(service)) => service,
        };
        let mut out = vec![counted(service)];
        out.extend(few(broken(&service.broken).into_iter().map(|line| format!("✗ {line}")).collect(), LINES, "lines"));
        if self.failed.iter().any(|(_, code, _)| code == DRIFT) {
            out.push("what somebody else has changed is not in this".to_owned());
        }
        if !self.in_doubt.is_empty() {
            out.push("if what nobody knows was carried out, besides:".to_owned());
            out.extend(few(broken(&self.in_doubt).into_iter().map(|line| format!("✗ {line}")).collect(), LINES, "lines"));
        }
        out
    }

    /// The same for programs.
    pub fn json(&self) -> Value {
        let failed: Vec<Value> = self.failed.iter().map(|(step, code, why)| json!({ "step": step, "code": code, "why": why })).collect();
        let flight = |(step, left): &(String, Left)| json!({ "step": step, "left": left.name(), "words": left.words() });
        let service = match &self.service {
            None => Value::Null,
            Some(Err(why)) => json!({ "unknown": why }),
            Some(Ok(service)) => json!({ "flows": service.flows, "workloads": service.workloads, "broken": service.broken,
                "broken_if_unknown_was_carried_out": self.in_doubt }),
        };
        json!({ "failed": failed, "drift": self.drift, "in_flight": self.in_flight.iter().map(flight).collect::<Vec<_>>(),
            "interrupted": self.interrupted, "service": service, "next": self.next })
    }
}

/// A difference in lines.
fn differences(drift: &Drift) -> Vec<String> {
    let Drift { resource, step, what, field, expected, found } = drift;
    let what = format!("changed by somebody else: {resource}, of which step {step} makes sure that \"{what}\"");
    let mut out = vec![harmless(&what)];
    out.extend(diff(field, expected, found));
    out.push("  by whom is not known here: CloudTrail tells (hikkoshi explain HK0505)".to_owned());
    out
}

/// A field as it should be and as it is.
pub fn diff(field: &str, expected: &str, found: &str) -> [String; 3] {
    let short =
        |text: &str| if text.chars().count() > WIDE { text.chars().take(WIDE).collect::<String>() + "…" } else { text.to_owned() };
    [format!("  {field}"), format!("  - expected: {}", short(expected)), format!("  + found:    {}", short(found))]
        .map(|line| harmless(&line))
}

/// The first lines, and how many there are more.
pub fn few(mut lines: Vec<String>, most: usize, what: &str) -> Vec<String> {
    let more = lines.len().saturating_sub(most);
    if more > 1 {
        lines.truncate(most);
        lines.push(format!("and {more} more {what} (--json)"));
    }
    lines
}

/// How many flows hold, in a line.
fn counted(service: &Service) -> String {
    let Service { flows, workloads, broken } = service;
    let by = "by the journal, on the reach model";
    if broken.is_empty() {
        return format!("service: all {flows} flows of {workloads} workloads hold ({by})");
    }
    format!("service: {} of {flows} flows of {workloads} workloads hold, {} do not ({by}):", flows - broken.len(), broken.len())
}

/// Flows that do not hold, by the reason: those of one reason in a line.
fn broken(broken: &[Broken]) -> Vec<String> {
    let mut out: Vec<(&Broken, Vec<String>)> = Vec::new();
    for one in broken {
        let flow = format!("{} → {} {}", one.from, one.to, one.ports);
        match out.iter_mut().find(|(other, _)| (&other.why, &other.until) == (&one.why, &one.until)) {
            Some((_, flows)) => flows.push(flow),
            None => out.push((one, vec![flow])),
        }
    }
    let line = |(one, flows): (&Broken, Vec<String>)| {
        let until = one.until.as_ref().map_or(String::new(), |step| format!(" (as planned, until {step} is done)"));
        let more = if flows.len() > SHOWN { format!(" and {} more flows", flows.len() - SHOWN) } else { String::new() };
        let (shown, do_not) = (flows[..flows.len().min(SHOWN)].join(", "), if flows.len() == 1 { "does" } else { "do" });
        harmless(&format!("{shown}{more} {do_not} not: {}{until}", one.why))
    };
    out.into_iter().map(line).collect()
}

/// What the service feels of it just now as the plan foresees it.
fn interrupted(machine: &Machine<'_>) -> Vec<String> {
    let plan = machine.plan();
    let open = |step: &&Step| {
        let mut same = plan.steps.iter().filter(|s| s.of_move == step.of_move && s.stage == step.stage);
        machine.is_begun(&step.id) && matches!(step.impact, Impact::Outage { .. }) && same.any(|s| !machine.is_done(&s.id))
    };
    let what = |step: &Step| if let Impact::Outage { what, .. } = &step.impact { Some(harmless(what)) } else { None };
    plan.steps.iter().filter(open).filter_map(what).collect()
}

/// The moves of which some steps of the current stage are done and some are not.
pub fn half_way(machine: &Machine<'_>) -> Vec<String> {
    let plan = machine.plan();
    let Some(stage) = machine.current_stage() else { return Vec::new() };
    let done = |step: &&Step| machine.is_done(&step.id);
    let mut out = Vec::new();
    for one in &plan.moves {
        let (done, open): (Vec<_>, Vec<_>) = plan.steps_of(stage).filter(|step| step.of_move == one.id).partition(done);
        if let (Some(last), Some(next)) = (done.last(), open.first()) {
            out.push(format!("half-way: {} (done up to {}, next is {})", harmless(&one.name), last.id, next.id));
        }
    }
    few(out, LINES, "moves half-way")
}
