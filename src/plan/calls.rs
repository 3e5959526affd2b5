//! Every call that a plan can make, there and back: what must be allowed, and what a person would type.

use super::Plan;
use super::gates::Health;
use crate::model::call::{Object, Operation};
use crate::model::look::looks_in;
use crate::model::step::{Check, Look, Once, Probe, Step, Undo, UndoCall, Wait};

/// What a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum For {
    /// It only looks.
    Look,
    /// It is what the step does.
    Do,
    /// It is on the step's way back.
    Undo,
}

/// One call of a plan, as it stands there: references are not resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// What for.
    pub what_for: For,
    /// What is called.
    pub operation: Operation,
    /// With what.
    pub parameters: Object,
}

/// The calls of a step, in the order in which they stand in it; what parameters look up stands before them.
pub fn of_step(step: &Step) -> Vec<Planned> {
    let mut out = Vec::new();
    step.before.iter().for_each(|check| of_check(check, &mut out));
    step.ready.iter().for_each(|wait| of_wait(wait, &mut out));
    let call = &step.call;
    call.capture.values().for_each(|look| of_look(look, &mut out));
    push(For::Do, &call.operation, &call.parameters, &mut out);
    of_probe(&call.probe, &mut out);
    of_once(&call.once, &mut out);
    step.wait.iter().for_each(|wait| of_wait(wait, &mut out));
    step.verify.iter().for_each(|check| of_check(check, &mut out));
    if let Undo::Calls(calls) = &step.undo {
        calls.iter().for_each(|call| of_undo(call, &mut out));
    }
    out
}

/// What the gates of a plan look at in the account.
pub fn of_gates(plan: &Plan) -> Vec<Planned> {
    let mut out = Vec::new();
    for gate in &plan.gates {
        match &gate.check {
            Some(Health::Account(checks)) => checks.iter().for_each(|check| of_check(check, &mut out)),
            Some(Health::Alarm { name, .. }) => {
                let (operation, parameters) = super::gates::alarm(name);
                push(For::Look, &operation, &parameters, &mut out);
            }
            Some(Health::Command(_) | Health::Http { .. } | Health::Approvals(_)) | None => {}
        }
    }
    out
}

fn of_undo(call: &UndoCall, out: &mut Vec<Planned>) {
    of_check(&call.unless, out);
    call.each.iter().for_each(|look| of_look(look, out));
    push(For::Undo, &call.operation, &call.parameters, out);
    of_once(&call.once, out);
    call.wait.iter().for_each(|wait| of_wait(wait, out));
}

fn of_check(check: &Check, out: &mut Vec<Planned>) {
    push(For::Look, &check.operation, &check.parameters, out);
}

fn of_wait(wait: &Wait, out: &mut Vec<Planned>) {
    of_check(&wait.until, out);
}

fn of_probe(probe: &Probe, out: &mut Vec<Planned>) {
    push(For::Look, &probe.operation, &probe.parameters, out);
}

fn of_once(once: &Option<Once>, out: &mut Vec<Planned>) {
    once.iter().flat_map(|once| &once.signs).for_each(|check| of_check(check, out));
}

fn of_look(look: &Look, out: &mut Vec<Planned>) {
    push(For::Look, &look.operation, &look.parameters, out);
}

fn push(what_for: For, operation: &Operation, parameters: &Object, out: &mut Vec<Planned>) {
    for (_, look) in looks_in(&parameters.clone().into()) {
        of_look(&look, out);
    }
    out.push(Planned { what_for, operation: operation.clone(), parameters: parameters.clone() });
}
