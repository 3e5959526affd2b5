//! Which steps can be left out, and what a plan is without them: pure.

use std::collections::BTreeSet;

use super::machine::{Machine, Phase};
use crate::plan::Plan;

/// Why a step can't be left out, or its being left out can't be taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Objection {
    /// It is done.
    Done,
    /// It is left out already.
    Skipped,
    /// It is not left out.
    NotSkipped,
    /// Nobody knows yet whether its call was carried out.
    InTheAir,
    /// Its way back was begun.
    OnItsWayBack,
    /// These steps need it, and are neither done nor left out.
    Needed(Vec<String>),
    /// These steps came after it and have begun.
    Passed(Vec<String>),
}

/// What stands against leaving out these steps, together.
pub fn objections(machine: &Machine<'_>, ids: &[String]) -> Vec<(String, Objection)> {
    let together: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
    ids.iter().filter_map(|id| Some((id.clone(), objection(machine, id, &together)?))).collect()
}

fn objection(machine: &Machine<'_>, id: &str, together: &BTreeSet<&str>) -> Option<Objection> {
    let state = machine.state(id)?;
    match state.phase {
        _ if state.skipped.is_some() => return Some(Objection::Skipped),
        Phase::Verified => return Some(Objection::Done),
        Phase::Intended => return Some(Objection::InTheAir),
        Phase::Undoing(..) => return Some(Objection::OnItsWayBack),
        Phase::Pending | Phase::Called => {}
    }
    let open = |other: &&str| !machine.is_done(other) && !together.contains(other);
    let needed: Vec<String> = machine.dependents(id).iter().copied().filter(open).map(str::to_owned).collect();
    (!needed.is_empty()).then_some(Objection::Needed(needed))
}

/// What stands against doing a step after all that was left out: the plan's order would be broken.
pub fn against_taking_back(machine: &Machine<'_>, id: &str) -> Option<Objection> {
    if machine.state(id)?.skipped.is_none() {
        return Some(Objection::NotSkipped);
    }
    let step = machine.step(id)?;
    let needs = |other: &&str| machine.dependents(id).contains(other);
    let later = machine.plan().steps.iter().filter(|other| other.stage > step.stage).map(|other| other.id.as_str());
    let all = machine.plan().steps.iter().map(|other| other.id.as_str()).filter(needs).chain(later);
    let passed: Vec<String> = all.filter(|other| machine.is_begun(other)).map(str::to_owned).collect();
    (!passed.is_empty()).then_some(Objection::Passed(passed))
}

/// The plan without what is left out and left nothing behind; `more` are to be left out, too.
pub fn without_skipped(machine: &Machine<'_>, more: &[String]) -> Plan {
    let mut plan = machine.plan().clone();
    let gone = |id: &str| !machine.is_begun(id) && (machine.is_skipped(id) || more.iter().any(|one| one == id));
    plan.steps.retain(|step| !gone(&step.id));
    plan.steps.iter_mut().for_each(|step| step.needs.retain(|need| !gone(&need.step)));
    plan
}
