//! The real driver on a simulated account and virtual time: there, back, and disturbed at every call.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use hikkoshi::execute::driver::{End, Stop};
use hikkoshi::execute::event::{Event, What};
use hikkoshi::execute::machine::Goal;
use hikkoshi::journal::Body;
use hikkoshi::model::call::Call;
use hikkoshi::model::facet::Role;
use hikkoshi::model::id::Id;
use hikkoshi::model::inventory::Inventory;
use hikkoshi::model::step::Stage;
use hikkoshi::plan::Plan;
use serde_json::json;

use crate::support::account::{Docs, look, spine};
use crate::support::lab::{ALL, Disturb, Fate, Lab, plan_of};
use crate::support::view::{made, same, twice, view_of};

/// The time after which nothing lingers any more: functions' interfaces, terminated instances.
const SOAK_S: u64 = 2 * 3600;

/// What is wrong with an account at the end of the story.
fn unfinished(now: &Inventory) -> Vec<String> {
    let public = now.public_subnets();
    let mut out = Vec::new();
    for resource in now.resources.values() {
        let stopped = resource.facets.state == "stopped";
        let facing = resource.facets.balancing.as_ref().is_some_and(|b| b.internet_facing);
        if resource.role == Role::Workload && !stopped && resource.subnets().iter().any(|subnet| public.contains(subnet)) {
            out.push(format!("{} is in a public subnet", resource.name));
        }
        if resource.is_movable() && !stopped && !facing && resource.has_public_address() {
            out.push(format!("{} has a public address", resource.name));
        }
        let old = resource.role == Role::Interface
            && resource.facets.owner.as_ref().and_then(|owner| now.get(owner)).is_some_and(|owner| owner.facets.state == "stopped");
        if resource.groups().contains(&Id::from("sg-default-all")) && !stopped && !old {
            out.push(format!("{} {} still wears default-all", resource.kind, resource.name));
        }
    }
    out
}

#[test]
fn the_whole_way_there_and_back() {
    let docs = spine();
    let plan = plan_of(&docs, "");
    let mut lab = Lab::new(&docs, &plan);
    let start = view_of(&lab.cloud);
    lab.reach(ALL, "forward");
    lab.skip(SOAK_S);
    assert_eq!(unfinished(&look(&lab.cloud)), Vec::<String>::new());
    assert_eq!(twice(&lab.cloud), Vec::<String>::new());
    lab.reach(Goal::Back(None), "back");
    lab.skip(SOAK_S);
    same("after the way back", &start, &view_of(&lab.cloud));
    assert_eq!(made(&lab.cloud), BTreeSet::new());
}

/// A stage of an undisturbed run: the account before it, and what it looks like after it.
struct Leg<'p> {
    stage: Stage,
    before: Lab<'p>,
    after: Lab<'p>,
}

/// The stages of a plan but the last, each with the account before and after.
fn legs<'p>(docs: &Docs, plan: &'p Plan) -> Vec<Leg<'p>> {
    let mut lab = Lab::new(docs, plan);
    let stages = plan.stages.iter().copied().filter(|stage| *stage != Stage::Cleanup);
    stages
        .map(|stage| {
            let before = lab.fork();
            lab.reach(Goal::Forward(stage), stage.name());
            Leg { stage, before, after: lab.fork() }
        })
        .collect()
}

/// The account when nothing lingers any more.
fn settled(lab: &Lab<'_>) -> BTreeSet<String> {
    let fork = lab.fork();
    fork.skip(SOAK_S);
    view_of(&fork.cloud)
}

/// Runs jobs on all processors; one that fails does not stop the others, but a handful is enough.
fn in_parallel<T: Sync>(jobs: &[T], job: impl Fn(&T) + Sync) {
    let (next, failed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(one) = jobs.get(next.fetch_add(1, Ordering::SeqCst)).filter(|_| failed.load(Ordering::SeqCst) < 5) {
                    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| job(one)));
                    failed.fetch_add(usize::from(result.is_err()), Ordering::SeqCst);
                }
            });
        }
    });
    let failed = failed.into_inner();
    assert_eq!(failed, 0, "{failed} of {} disturbances, told above, did not come to the same end", jobs.len());
}

const FATES: [Fate; 5] = [Fate::Refuse("InternalError"), Fate::Lose, Fate::Drop, Fate::DieBefore, Fate::DieAfter];

/// Disturbs a run from `before` to `goal` at one call, goes on with it, and compares.
fn disturbed_at(before: &Lab<'_>, goal: Goal, number: u64, fate: Fate, wanted: &BTreeSet<String>) {
    let context = format!("{goal:?}: {fate:?} at call {number}");
    let mut lab = before.fork();
    let decide = |at: u64, call: &Call| if at == number && !call.operation.is_read() { fate } else { Fate::Pass };
    let end = lab.go_with(goal, &Disturb { decide: &decide, ..Disturb::default() });
    match fate {
        Fate::Lose | Fate::Drop => assert!(matches!(end, End::Reached), "{context}: {end:?}"),
        Fate::Refuse(_) => assert!(matches!(end, End::Failed(_)), "{context}: {end:?}"),
        _ => assert!(matches!(end, End::Journal(_)), "{context}: {end:?}"),
    }
    lab.reach(goal, &context);
    assert_eq!(twice(&lab.cloud), Vec::<String>::new(), "{context}");
    same(&context, wanted, &settled(&lab));
}

#[test]
fn every_fault_at_every_call_on_the_way_there_comes_to_the_same_end() {
    let docs = spine();
    let plan = plan_of(&docs, "");
    let legs = legs(&docs, &plan);
    let jobs: Vec<_> = legs
        .iter()
        .map(|leg| (leg, settled(&leg.after)))
        .flat_map(|(leg, wanted)| {
            let calls = leg.before.calls(Goal::Forward(leg.stage));
            let pairs = (1..=calls).flat_map(|n| FATES.map(|fate| (n, fate)));
            pairs.map(|(n, fate)| (leg, n, fate, wanted.clone())).collect::<Vec<_>>()
        })
        .collect();
    assert!(jobs.len() > 300, "{} disturbances", jobs.len());
    in_parallel(&jobs, |(leg, n, fate, wanted)| disturbed_at(&leg.before, Goal::Forward(leg.stage), *n, *fate, wanted));
}

#[test]
fn every_fault_at_every_call_on_the_way_back_comes_to_the_same_end() {
    let docs = spine();
    let plan = plan_of(&docs, "");
    let legs = legs(&docs, &plan);
    let jobs: Vec<_> = legs
        .iter()
        .enumerate()
        .flat_map(|(at, leg)| {
            let goal = Goal::Back(at.checked_sub(1).map(|at| legs[at].stage));
            let wanted = settled(&leg.before);
            let calls = leg.after.calls(goal);
            let pairs = (1..=calls).flat_map(|n| FATES.map(|fate| (n, fate)));
            pairs.map(|(n, fate)| (leg, goal, n, fate, wanted.clone())).collect::<Vec<_>>()
        })
        .collect();
    in_parallel(&jobs, |(leg, goal, n, fate, wanted)| disturbed_at(&leg.after, *goal, *n, *fate, wanted));
}

#[test]
fn a_crash_after_every_record_is_gone_on_with_in_both_directions() {
    let docs = spine();
    let plan = plan_of(&docs, "");
    let legs = legs(&docs, &plan);
    let jobs: Vec<_> = legs
        .iter()
        .enumerate()
        .flat_map(|(at, leg)| {
            let records = leg.after.records.len() - leg.before.records.len();
            let back = Goal::Back(at.checked_sub(1).map(|at| legs[at].stage));
            let (there, before) = (settled(&leg.after), settled(&leg.before));
            (0..records).map(|n| (leg, back, n, there.clone(), before.clone())).collect::<Vec<_>>()
        })
        .collect();
    in_parallel(&jobs, |(leg, back, records, there, before)| {
        let goal = Goal::Forward(leg.stage);
        let context = format!("{goal:?}: the journal ends after {records} records");
        let mut lab = leg.before.fork();
        let end = lab.go_with(goal, &Disturb { records: *records, ..Disturb::default() });
        assert!(matches!(end, End::Journal(_)), "{context}: {end:?}");
        let mut other = lab.fork();
        lab.reach(goal, &context);
        same(&context, there, &settled(&lab));
        other.reach(*back, &format!("{context}, then back"));
        same(&format!("{context}, then back"), before, &settled(&other));
    });
}
