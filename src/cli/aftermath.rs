//! What a run left behind that did not reach its goal: read from the files, told, and what can be typed next.

use super::place::Place;
use crate::execute::{Machine, skip};
use crate::journal::{Body, Record};
use crate::model::flow::Flow;
use crate::model::inventory::Inventory;
use crate::model::step::Stage;
use crate::plan::decide::decide;
use crate::plan::service::{self, Service};
use crate::plan::{Plan, flows};
use crate::report::aftermath::{Aftermath, stands};

/// Whether the last run neither reached its goal nor goes on.
pub fn is_unfinished(records: &[Record], held: bool) -> bool {
    let last = records.iter().rev().find(|record| matches!(record.body, Body::RunBegan { .. } | Body::RunEnded { .. }));
    match last.map(|record| &record.body) {
        Some(Body::RunEnded { how }) => how != "done",
        Some(Body::RunBegan { .. }) => !held,
        _ => false,
    }
}

/// What plan, journal and reach model say of it. `again` is the command that goes on.
pub fn of(place: &Place, machine: &Machine<'_>, records: &[Record], again: &str) -> Aftermath {
    let mut aftermath = Aftermath::of(machine, records);
    match service(place, machine) {
        Ok((service, doubt)) => {
            aftermath.in_doubt = doubt.broken.into_iter().filter(|one| !service.broken.contains(one)).collect();
            aftermath.service = Some(Ok(service));
        }
        Err(why) => aftermath.service = Some(Err(why)),
    }
    aftermath.next = next(place, machine, &aftermath, again);
    aftermath
}

/// The flows as the journal has it; and as they would be if what nobody knows was carried out.
fn service(place: &Place, machine: &Machine<'_>) -> Result<(Service, Service), String> {
    let plan = machine.plan();
    let (inventory, flows) = made_from(place, plan)?;
    let (certain, possible) = stands(machine);
    let judge = |stands: &[_]| {
        let stuck = |stuck: crate::world::play::Stuck| format!("step {} does not go on the simulated account: {}", stuck.step, stuck.why);
        service::of(plan, &inventory, &flows, stands).map_err(stuck)
    };
    let service = judge(&certain)?;
    let doubt = if certain == possible { service.clone() } else { judge(&possible)? };
    Ok((service, doubt))
}

/// What the plan was made from: the inventory, and the flows that must survive.
pub fn made_from(place: &Place, plan: &Plan) -> Result<(Inventory, Vec<Flow>), String> {
    let (intent, inventory) = (place.intent().map_err(|f| f.message)?, place.inventory().map_err(|f| f.message)?);
    let seen = place.flows().map_err(|f| f.message)?;
    let changed = |what: &str| Err(format!("the {what} is not the one that the plan was made from"));
    if intent.sha256 != plan.intent_sha256 {
        return changed("intent");
    }
    if inventory.sha256 != plan.inventory_sha256 {
        return changed("inventory");
    }
    if seen.as_ref().map(|seen| &seen.sha256) != plan.flows_sha256.as_ref() {
        return changed("file of flows");
    }
    let decisions = decide(&intent.value, &inventory.value).map_err(|problem| problem.message)?;
    let flows = flows::known(&intent.value, &inventory.value, seen.as_ref().map(|seen| &seen.value), &decisions);
    let flows = flows.map_err(|problem| problem.message)?;
    drop(decisions);
    Ok((inventory.value, flows))
}

/// The commands that lead on: again, after an edit, without the step, back.
fn next(place: &Place, machine: &Machine<'_>, aftermath: &Aftermath, again: &str) -> Vec<String> {
    let name = &place.name;
    let Some((step, code, _)) = aftermath.failed.first() else {
        let mut out = vec![format!("{again}   # goes on where it is")];
        out.extend(back(name, machine));
        return out;
    };
    let mut out = vec![format!("{again}   # tries the failed step again and goes on")];
    if code == "HK0505" {
        out[0] = format!("{again}   # after the change was taken back by whoever made it");
        out.push(format!("hikkoshi adopt {name} --reason …   # or takes the change into the plan, if the rest holds with it"));
    }
    out.extend(back(name, machine));
    out.push(format!("hikkoshi apply {name} --reason …   # after editing what is not done in {}", place.plan_path().display()));
    if skip::objections(machine, std::slice::from_ref(step)).is_empty() {
        out.push(format!("hikkoshi skip {name} {step} --reason …   # leaves it out, if the rest holds without it"));
    }
    out.push(format!("hikkoshi plan {name} --step {step}   # what the step is"));
    out
}

/// The way back to the last checkpoint, or to the beginning; none where something done has no way back.
fn back(name: &str, machine: &Machine<'_>) -> Option<String> {
    let to: Option<Stage> = machine.checkpoints().iter().max().copied();
    if machine.to_undo(to).is_empty() || !machine.points_of_no_return(to).is_empty() {
        return None;
    }
    Some(match to {
        Some(last) => format!("hikkoshi rollback {name} --to {}   # or go back to the last checkpoint", last.name()),
        None => format!("hikkoshi rollback {name} --all   # or go back to the beginning"),
    })
}
