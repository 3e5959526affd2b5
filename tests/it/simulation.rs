//! The real driver on a simulated account and virtual time: there, back, and disturbed at every call.

/// What the proof claims, asked in every night.
mod claims;
/// Each fault at each call.
mod exhaustive;
/// Nights from seeds.
mod seeds;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use hikkoshi::execute::driver::{End, Stop};
use hikkoshi::execute::event::{Event, What};
use hikkoshi::execute::machine::Goal;
use hikkoshi::journal::{Body, Record, Way};
use hikkoshi::model::call::Call;
use hikkoshi::model::facet::Role;
use hikkoshi::model::id::Id;
use hikkoshi::model::inventory::Inventory;
use hikkoshi::model::step::{Stage, Step};
use hikkoshi::plan::Plan;
use serde_json::json;

use crate::support::account::{Docs, from_group, look, spine, target_group};
use crate::support::lab::{ALL, Disturb, Fate, Lab, plan_of};
use crate::support::upset::{FATES, SOAK_S, disturbed_at, in_parallel, settled};
use crate::support::view::{made, same, twice, view_of};

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

/// AWS's reads may lag behind its changes: what a step has just made is looked for only when it would be seen.
#[test]
fn a_way_back_right_after_a_call_waits_until_what_was_made_would_be_seen() {
    let docs = spine();
    let plan = plan_of(&docs, "");
    let waited = |at: u64| {
        let mut lab = Lab::new(&docs, &plan);
        lab.go_with(ALL, &Disturb { decide: &|nth, _| if nth == at { Fate::DieAfter } else { Fate::Pass }, ..Disturb::default() });
        let begun = |record: &Record| match &record.body {
            Body::Intended { step, way: Way::Do, .. } => Some((step.clone(), record.at.clone())),
            _ => None,
        };
        let (step, called) = lab.records.iter().rev().find_map(begun).expect("a call was announced");
        let known = lab.records.len();
        lab.reach(Goal::Back(None), "back");
        let undone = |record: &&Record| record.body.step() == Some(&step);
        let undone = lab.records[known..].iter().find(undone).expect("it is taken back").at.clone();
        hikkoshi::clock::ms_of(&undone).saturating_sub(hikkoshi::clock::ms_of(&called)) / 1000
    };
    let waits: Vec<u64> = [1, 8, 15, 22, 29].into_iter().map(waited).collect();
    assert!(waits.iter().all(|waited| *waited >= 15) && waits.contains(&15), "{waits:?}");
}

/// A machine's clock was three hours ahead, and is set right: what it has noted must not be waited for.
#[test]
fn moments_of_a_clock_that_was_ahead_are_taken_for_now() {
    let docs = spine();
    let plan = plan_of(&docs, "");
    let mut lab = Lab::new(&docs, &plan);
    let waits_for =
        |step: &Step| json!(step).to_string().split_once(".At}").map(|(before, _)| before.rsplit_once("${").expect("whose").1.to_owned());
    let since = plan.steps.iter().find_map(waits_for).expect("something must be later than a step");
    let is_it = |call: &Call| !call.operation.is_read() && call.label.as_ref().is_some_and(|label| label.step == since);
    let end = lab.go_with(ALL, &Disturb { decide: &|_, call| if is_it(call) { Fate::DieAfter } else { Fate::Pass }, ..Disturb::default() });
    assert!(matches!(end, End::Journal(_)), "it dies after {since}: {end:?}");
    for record in &mut lab.records {
        record.at = hikkoshi::clock::rfc3339(hikkoshi::clock::ms_of(&record.at) + 3 * 3600 * 1000);
    }
    lab.reach(ALL, "with a clock that is right");
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

#[test]
fn every_fault_at_every_call_on_the_way_there_comes_to_the_same_end() {
    let docs = spine();
    assert!(faults_there(&docs, &plan_of(&docs, ""), &Stage::ALL) > 300);
}

/// Every fault at every call of these stages on the way there; how many disturbances that is.
pub fn faults_there(docs: &Docs, plan: &Plan, stages: &[Stage]) -> usize {
    let legs = legs(docs, plan);
    let jobs: Vec<_> = legs
        .iter()
        .filter(|leg| stages.contains(&leg.stage))
        .map(|leg| (leg, settled(leg.after.fork())))
        .flat_map(|(leg, wanted)| {
            let calls = leg.before.calls(Goal::Forward(leg.stage));
            let pairs = (1..=calls).flat_map(|n| FATES.map(|fate| (n, fate)));
            pairs.map(|(n, fate)| (leg, n, fate, wanted.clone())).collect::<Vec<_>>()
        })
        .collect();
    in_parallel(&jobs, |(leg, n, fate, wanted)| disturbed_at(&leg.before, Goal::Forward(leg.stage), *n, *fate, wanted, &|_, _| ()));
    jobs.len()
}

#[test]
fn every_fault_at_every_call_on_the_way_back_comes_to_the_same_end() {
    let docs = spine();
    faults_back(&docs, &plan_of(&docs, ""), &Stage::ALL);
}

/// Every fault at every call of these stages on the way back.
pub fn faults_back(docs: &Docs, plan: &Plan, stages: &[Stage]) {
    let legs = legs(docs, plan);
    let jobs: Vec<_> = legs
        .iter()
        .enumerate()
        .filter(|(_, leg)| stages.contains(&leg.stage))
        .flat_map(|(at, leg)| {
            let goal = Goal::Back(at.checked_sub(1).map(|at| legs[at].stage));
            let wanted = settled(leg.before.fork());
            let calls = leg.after.calls(goal);
            let pairs = (1..=calls).flat_map(|n| FATES.map(|fate| (n, fate)));
            pairs.map(|(n, fate)| (leg, goal, n, fate, wanted.clone())).collect::<Vec<_>>()
        })
        .collect();
    in_parallel(&jobs, |(leg, goal, n, fate, wanted)| disturbed_at(&leg.after, *goal, *n, *fate, wanted, &|_, _| ()));
}

#[test]
fn a_crash_after_every_record_is_gone_on_with_in_both_directions() {
    let docs = spine();
    crashes(&docs, &plan_of(&docs, ""), &Stage::ALL);
}

/// A crash after every record of these stages, gone on with there and back.
pub fn crashes(docs: &Docs, plan: &Plan, stages: &[Stage]) {
    let legs = legs(docs, plan);
    let jobs: Vec<_> = legs
        .iter()
        .enumerate()
        .filter(|(_, leg)| stages.contains(&leg.stage))
        .flat_map(|(at, leg)| {
            let records = leg.after.records.len() - leg.before.records.len();
            let back = Goal::Back(at.checked_sub(1).map(|at| legs[at].stage));
            let (there, before) = (settled(leg.after.fork()), settled(leg.before.fork()));
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
        same(&context, there, &settled(lab));
        // Every third, so that the suite stays quick: a record of each sort is met in each stage.
        if records % 3 == 0 {
            other.reach(*back, &format!("{context}, then back"));
            same(&format!("{context}, then back"), before, &settled(other));
        }
    });
}

/// SplitMix64 of a seed and what else decides.
fn random(parts: &[u64]) -> u64 {
    parts.iter().fold(0, |state, part| {
        let mut z = (state ^ part).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    })
}

/// One mutating call in eight and one read in a hundred go wrong, in every way.
fn storm(seed: u64, round: u64, number: u64, call: &Call) -> Fate {
    let dice = random(&[seed, round, number, u64::from(call.operation.is_read())]);
    let kind = dice >> 32;
    match (call.operation.is_read(), dice % 800) {
        (true, 0..8) => [Fate::Refuse("Throttling"), Fate::Drop, Fate::DieBefore][(kind % 3) as usize],
        (false, 0..100) => {
            let all = [
                Fate::Refuse("InternalError"),
                Fate::Refuse("RequestLimitExceeded"),
                Fate::Lose,
                Fate::Drop,
                Fate::DieBefore,
                Fate::DieAfter,
            ];
            all[(kind % 6) as usize]
        }
        _ => Fate::Pass,
    }
}

/// Faults at random, in both directions, with changes of mind; then they stop, and it converges.
fn weather(seed: u64, legs: &[Leg<'_>], wanted: &[(BTreeSet<String>, BTreeSet<String>)]) {
    let at = (random(&[seed, 1]) % legs.len() as u64) as usize;
    let leg = &legs[at];
    let (there, back) = (Goal::Forward(leg.stage), Goal::Back(at.checked_sub(1).map(|at| legs[at].stage)));
    let mut lab = leg.before.fork();
    for round in 0..2 + random(&[seed, 2]) % 3 {
        let goal = if random(&[seed, 3, round]).is_multiple_of(3) { back } else { there };
        let decide = |number: u64, call: &Call| storm(seed, round, number, call);
        lab.go_with(goal, &Disturb { decide: &decide, ..Disturb::default() });
        assert_eq!(twice(&lab.cloud), Vec::<String>::new(), "seed {seed}, round {round}");
        lab.skip(random(&[seed, 4, round]) % 900);
    }
    let goal = if seed.is_multiple_of(2) { there } else { back };
    let context = format!("seed {seed}, {goal:?}");
    lab.reach(goal, &context);
    assert_eq!(twice(&lab.cloud), Vec::<String>::new(), "{context}");
    same(&context, if seed.is_multiple_of(2) { &wanted[at].1 } else { &wanted[at].0 }, &settled(lab));
}

#[test]
fn random_faults_never_double_anything_and_when_they_end_it_converges() {
    let docs = spine();
    let plan = plan_of(&docs, "");
    let legs = legs(&docs, &plan);
    let wanted: Vec<_> = legs.iter().map(|leg| (settled(leg.before.fork()), settled(leg.after.fork()))).collect();
    let seeds: Vec<u64> = (0..100).collect();
    in_parallel(&seeds, |seed| weather(*seed, &legs, &wanted));
}

#[test]
fn a_run_that_is_asked_to_stop_stops_and_goes_on_later() {
    let docs = spine();
    let plan = plan_of(&docs, "");
    let mut whole = Lab::new(&docs, &plan);
    whole.reach(ALL, "undisturbed");
    let wanted = settled(whole);
    for after in [1, 7, 30, 47, 60, 70] {
        let mut lab = Lab::new(&docs, &plan);
        let seen = AtomicUsize::new(0);
        let tell = |event: &Event, stop: &Stop| {
            if event.what == What::Calling && seen.fetch_add(1, Ordering::SeqCst) + 1 == after {
                stop.ask();
            }
        };
        let end = lab.go_with(ALL, &Disturb { tell: &tell, ..Disturb::default() });
        assert!(matches!(end, End::Interrupted), "stopped at call {after}: {end:?}");
        let last = lab.records.last().map(|record| record.body.clone());
        assert_eq!(last, Some(Body::RunEnded { how: "interrupted".into() }), "stopped at call {after}");
        let calls = lab.cloud.mutating();
        assert!(calls <= after as u64 + 1, "asked at call {after}, {calls} were made");
        lab.reach(ALL, "gone on with");
        same(&format!("stopped at call {after}"), &wanted, &settled(lab));
    }
}

/// What a colleague does while nobody looks: the stage before, the thing, the field, its new value, and the step that
/// must notice.
fn strangers() -> Vec<(Stage, &'static str, &'static str, serde_json::Value, &'static str)> {
    let group = |id: &str| json!([{ "VpcSecurityGroupId": id, "Status": "active" }]);
    let zones = |letters: &[&str]| -> serde_json::Value {
        letters.iter().map(|z| json!({ "ZoneName": format!("us-east-1{z}"), "SubnetId": format!("subnet-{z}") })).collect()
    };
    vec![
        (Stage::Foundation, "db:pg-multi", "/VpcSecurityGroups", group("sg-legacy-ref"), "pg-multi-groups-beside"),
        (Stage::Foundation, "lb:internal", "/SecurityGroups", json!(["sg-alb"]), "internal-groups-beside"),
        (Stage::Guard, "function:orders", "/VpcConfig/SubnetIds", json!(["subnet-a"]), "orders-update"),
        (Stage::Stateless, "tg:app", "/TargetHealthDescriptions", json!([]), "app-1-deregister"),
        (Stage::Stateless, "i-bastion", "/State/Name", json!("stopped"), "bastion-stop"),
        (Stage::Pets, "lb:app", "/AvailabilityZones", zones(&["a", "b"]), "app-subnets"),
        (Stage::Pets, "db:pg-single", "/PubliclyAccessible", json!(false), "pg-single-not-public"),
        // The run itself has associated subnets with it, which the balancer is about to be put into.
        (Stage::Pets, "rtb-public", "/Associations", json!([]), "app-subnets"),
        (Stage::Data, "db:pg-single", "/VpcSecurityGroups", group("sg-legacy-ref"), "pg-single-groups-off"),
    ]
}

#[test]
fn a_strangers_change_stops_the_step_that_would_overwrite_it() {
    let docs = spine();
    let plan = plan_of(&docs, "");
    let legs = legs(&docs, &plan);
    for (stage, id, pointer, value, step) in strangers() {
        let context = format!("{id}{pointer} changed before {step}");
        let leg = legs.iter().find(|leg| leg.stage == stage).expect("the stage has steps");
        let mut lab = leg.after.fork();
        lab.cloud.tamper(|account| {
            *account.edit(id, "NotFound").expect("it is there").pointer_mut(pointer).expect("the field is there") = value.clone();
        });
        let end = lab.go(ALL);
        let End::Failed(failed) = end else { panic!("{context}: {end:?}") };
        let noticed = failed.iter().find(|f| f.step == step).unwrap_or_else(|| panic!("{context}: {failed:?}"));
        assert_eq!(noticed.code, "HK0505", "{context}: {}", noticed.why);
        let now = lab.cloud.account().resources[&Id::from(id)].doc.pointer(pointer).cloned();
        assert_eq!(now.as_ref(), Some(&value), "{context}");
        let called = lab.records.iter().any(|r| matches!(&r.body, Body::Intended { step: s, .. } if s == step));
        assert!(!called, "{context}: it was called all the same");
    }
}

#[test]
fn a_failed_step_stops_what_needs_it_and_nothing_else() {
    let docs = spine();
    let plan = plan_of(&docs, "");
    let mut lab = legs(&docs, &plan).remove(0).after.fork();
    let decide = |_: u64, call: &Call| match &call.label {
        Some(label) if label.step == "group-pg-multi" && !call.operation.is_read() => Fate::Refuse("UnauthorizedOperation"),
        _ => Fate::Pass,
    };
    let end = lab.go_with(ALL, &Disturb { decide: &decide, ..Disturb::default() });
    let End::Failed(failed) = end else { panic!("{end:?}") };
    let failed: Vec<_> = failed.iter().map(|f| (f.step.as_str(), f.code.as_str())).collect();
    assert_eq!(failed, [("group-pg-multi", "HK0303")]);
    let verified: BTreeSet<&str> = lab
        .records
        .iter()
        .filter_map(|record| match &record.body {
            Body::Verified { step } => Some(step.as_str()),
            _ => None,
        })
        .collect();
    let waits = ["group-pg-multi", "rules-pg-multi", "pg-multi-groups-beside"];
    for step in plan.steps_of(Stage::Guard) {
        assert_eq!(verified.contains(step.id.as_str()), !waits.contains(&step.id.as_str()), "{}", step.id);
    }
    assert!(plan.steps_of(Stage::Stateless).all(|step| !verified.contains(step.id.as_str())), "the next stage has begun");
    lab.reach(ALL, "tried again");
}

/// Nothing checks the health of a target that no balancer sends to: it is `unused` from first to last.
#[test]
fn a_target_group_without_a_balancer_follows_its_instance() {
    let mut docs = spine();
    docs.add("target_group", target_group("batch", &[("i-bastion", 9000)], None));
    let plan = plan_of(&docs, "");
    let targets = |lab: &Lab<'_>| -> Vec<String> {
        let seen = look(&lab.cloud);
        seen.resources[&Id::from("tg:batch")].facets.targets.iter().flat_map(|t| &t.members).map(|t| t.target.clone()).collect()
    };
    for fate in [Fate::Pass, Fate::Drop, Fate::Lose] {
        let decide = |_: u64, call: &Call| match &call.label {
            Some(label) if label.step.starts_with("bastion-") && call.operation.name() == "DeregisterTargets" => fate,
            _ => Fate::Pass,
        };
        let once = AtomicUsize::new(0);
        let decide = |n: u64, call: &Call| match decide(n, call) {
            Fate::Pass => Fate::Pass,
            fate if once.fetch_add(1, Ordering::SeqCst) == 0 => fate,
            _ => Fate::Pass,
        };
        let mut lab = Lab::new(&docs, &plan);
        let end = lab.go_with(ALL, &Disturb { decide: &decide, ..Disturb::default() });
        assert!(matches!(end, End::Reached), "{fate:?}: {end:?}");
        let now = targets(&lab);
        assert!(now.len() == 1 && now[0] != "i-bastion", "{fate:?}: {now:?}");
        lab.reach(Goal::Back(None), "back");
        assert_eq!(targets(&lab), ["i-bastion"], "{fate:?}");
    }
}

#[test]
fn cleanup_takes_away_what_is_old_and_there_is_no_way_back_from_it() {
    let mut docs = spine();
    docs.doc("sg-legacy-ref")["IpPermissions"] = json!([from_group(5432, "sg-alb")]);
    let plan = plan_of(&docs, "");
    let mut lab = Lab::new(&docs, &plan);
    lab.reach(ALL, "forward");
    lab.skip(SOAK_S);
    lab.reach(Goal::Forward(Stage::Cleanup), "cleanup");
    let now = look(&lab.cloud);
    for gone in ["i-app-1", "i-app-2", "i-bastion", "eipalloc-bastion", "sg-default-all"] {
        assert!(now.get(&Id::from(gone)).is_none(), "{gone} is still there");
    }
    let before = settled(lab.fork());
    let end = lab.go(Goal::Back(None));
    let End::Failed(failed) = end else { panic!("{end:?}") };
    assert!(failed.iter().all(|step| step.code == "HK0507"), "{failed:?}");
    same("nothing was undone beyond the point of no return", &before, &settled(lab));
}
