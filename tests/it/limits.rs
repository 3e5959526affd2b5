//! What the intent lets a plan cost: healthy targets, interruptions; and that nothing beyond it is declared away.

use std::collections::{BTreeMap, BTreeSet};

use hikkoshi::model::step::{Need, Stage, Step};
use hikkoshi::plan::prove::{self, Counterexample, Interrupts};
use hikkoshi::plan::{Plan, decide, flows, intent, order, pace};
use serde_json::json;

use crate::support::account::{Docs, ZONES, from_cidr, from_group, network, spine, target_group};
use crate::support::lab::{head, plan_of};

/// A balancer with so many targets.
fn behind_a_balancer(targets: usize) -> Docs {
    let names: Vec<String> = (1..=targets).map(|at| format!("app-{at}")).collect();
    let ids: Vec<String> = names.iter().map(|name| format!("i-{name}")).collect();
    let mut docs = network(&ZONES);
    docs.security();
    docs.group("web", vec![from_group(8080, "sg-alb")]);
    let members: Vec<(&str, u16)> = ids.iter().map(|id| (id.as_str(), 8080)).collect();
    docs.add("target_group", target_group("app", &members, Some("app")));
    for (at, name) in names.iter().enumerate() {
        docs.instance(name, ZONES[at % ZONES.len()], &["sg-web"]);
    }
    docs.balancer("app", "internet-facing", "sg-alb", "app");
    docs
}

fn with_healthy(docs: &Docs, percent: u32) -> Plan {
    plan_of(docs, &format!("limits: {{healthy_percent: {percent}}}"))
}

/// The most targets that can be away at once: of those that leave, how many need the return of none.
fn away(plan: &Plan) -> usize {
    let leaves = |id: &str| id.ends_with("-deregister");
    let returns = |id: &str| id.ends_with("-register");
    let free = plan.steps.iter().filter(|step| leaves(&step.id) && !step.needs.iter().any(|need| returns(&need.step)));
    free.count()
}

#[test]
fn as_many_targets_are_replaced_at_once_as_the_floor_lets() {
    let docs = behind_a_balancer(4);
    let plans: Vec<Plan> = [0, 50, 75].into_iter().map(|percent| with_healthy(&docs, percent)).collect();
    assert_eq!(plans.iter().map(|plan| plan.broken.len()).collect::<Vec<_>>(), [0, 0, 0]);
    assert_eq!(plans.iter().map(away).collect::<Vec<_>>(), [4, 2, 1]);
    let lengths: Vec<u64> = plans.iter().map(|plan| pace::of(&plan.steps).length_s).collect();
    assert!(lengths[0] < lengths[1] && lengths[1] < lengths[2], "{lengths:?}");
}

#[test]
fn the_turns_of_a_group_that_is_not_large_are_found() {
    for targets in [2, 3, 5, 6] {
        let plan = with_healthy(&behind_a_balancer(targets), 50);
        assert_eq!(plan.broken, [], "{targets} targets");
    }
}

#[test]
fn a_large_target_group_is_counted_exactly_and_replaced_in_as_many_turns_as_the_floor_lets() {
    let docs = behind_a_balancer(30);
    let plan = with_healthy(&docs, 50);
    assert_eq!(plan.broken, []);
    let ids: BTreeMap<&str, &Step> = plan.steps.iter().map(|step| (step.id.as_str(), step)).collect();
    let waits = |name: &str| {
        ids[format!("{name}-deregister").as_str()].needs.iter().any(|need| need.because == "target group app keeps 15 of its 30 targets")
    };
    let names: Vec<String> = (1..=30).map(|at| format!("app-{at}")).collect();
    assert_eq!(names.iter().filter(|name| waits(name)).count(), 15, "fifteen at once, each of the others after one of them");
    // One turn less, and the floor is undercut: the proof counts exactly.
    let mut broken = plan.clone();
    let step = broken.steps.iter_mut().find(|step| step.needs.iter().any(|need| need.because.contains("keeps 15"))).expect("a turn");
    step.needs.retain(|need| !need.because.contains("keeps 15"));
    let intent = intent::parse(&format!("{}limits: {{healthy_percent: 50}}", head())).expect("an intent");
    let proof = prove::again(&broken, &intent, &docs.inventory(), None).expect("a proof");
    assert_eq!(
        proof.broken.iter().map(|example| example.what.as_str()).collect::<BTreeSet<_>>(),
        BTreeSet::from(["app keeps 15 of its 30 targets"])
    );
}

#[test]
fn a_floor_that_no_order_keeps_is_refused_with_the_shortest_way_to_it() {
    let plan = with_healthy(&spine(), 100);
    let example = plan.broken.first().expect("a counterexample");
    assert_eq!(example.what, "app keeps 2 of its 2 targets");
    assert!(example.done.contains(&example.last), "{example:#?}");
    assert!(example.last.ends_with("-deregister"), "{example:#?}");
    let mark = |example: &Counterexample| (example.on_the_way_back, example.done.len());
    assert!(plan.broken.windows(2).all(|pair| mark(&pair[0]) <= mark(&pair[1])), "the way there first, the shortest first");
    assert!(!plan.is_applicable());
}

#[test]
fn a_longer_interruption_than_the_intent_allows_is_a_blocker_unless_a_person_names_the_strategy() {
    let blocked = |further: &str| {
        let plan = plan_of(&spine(), further);
        plan.blockers.into_iter().map(|blocker| (blocker.code, blocker.resource.to_string())).collect::<Vec<_>>()
    };
    assert_eq!(blocked("limits: {interruption_minutes: 15}"), []);
    assert_eq!(blocked("limits: {interruption_minutes: 5}"), [("HK0407".to_owned(), "i-bastion".to_owned())]);
    assert_eq!(blocked("limits: {interruption_minutes: 5}\nworkloads: [{name: bastion, strategy: relocate}]"), []);
}

/// A server that lets in its own network only.
fn narrow() -> (Docs, &'static str) {
    let mut docs = network(&["a"]);
    docs.security();
    docs.group("narrow", vec![from_cidr("tcp", 80, "10.0.0.0/16")]);
    docs.instance("web", "a", &["sg-narrow"]);
    docs.instance("client", "a", &["sg-narrow"]);
    (
        docs,
        "session_manager: off\nnat: single\nworkloads: [{name: web, strategy: flip}, {name: client, strategy: flip}]\nflows: [{from: client, to: web, port: 80}]",
    )
}

#[test]
fn a_door_that_no_order_keeps_closed_is_refused_and_never_declared_away() {
    let (docs, further) = narrow();
    let mut plan = plan_of(&docs, further);
    assert!(plan.is_applicable(), "{:#?}", plan.blockers);
    let beside = plan.steps.iter_mut().find(|step| step.id == "web-groups-beside").expect("a step");
    let worn = beside.call.parameters.get_mut("Groups").and_then(|groups| groups.as_array_mut()).expect("groups");
    worn.push(json!("sg-default-all"));
    beside.wait.clear();
    beside.verify.clear();
    let intent = intent::parse(&format!("{}{further}", head())).expect("an intent");
    let inventory = docs.inventory();
    let known = flows::known(&intent, &inventory, None, &decide::decide(&intent, &inventory).expect("decisions")).expect("flows");
    prove::complete(&mut plan, &inventory, &known, intent.limits);
    let opened = plan.broken.iter().find(|example| example.what.starts_with("web stays closed to the internet"));
    assert_eq!(opened.map(|example| example.last.as_str()), Some("web-groups-beside"), "{:#?}", plan.broken);
    assert!(plan.interruptions.iter().all(|one| one.what == Interrupts::Untracked), "{:#?}", plan.interruptions);
}

/// The orders that people put in before the proof did, instead of the derived ones: one target after the other, every subnet
/// after the balancer that the internet reaches in it.
fn as_people_ordered(mut plan: Plan) -> Plan {
    for step in &mut plan.steps {
        step.needs.retain(|need| !need.because.starts_with(prove::BECAUSE));
    }
    let of = |name: &str| -> Vec<String> {
        plan.steps.iter().filter(|step| step.stage == Stage::Pets && step.of_move == name).map(|step| step.id.clone()).collect()
    };
    let (last, first) = (of("app-1").pop().expect("a step"), of("app-2").swap_remove(0));
    let flips = plan.steps.iter().filter(|step| step.call.operation.name() == "ReplaceRouteTableAssociation");
    let mut edges: Vec<(String, String)> = flips.map(|step| ("app-subnets".to_owned(), step.id.clone())).collect();
    assert_eq!(edges.len(), 3);
    edges.push((last, first));
    for (before, after) in edges {
        let step = plan.steps.iter_mut().find(|step| step.id == after).expect("a step");
        step.needs.push(Need { step: before, because: "by hand".to_owned() });
    }
    plan.steps = order::sort(plan.steps).expect("no circle");
    plan
}

#[test]
fn the_derived_schedule_is_not_longer_than_the_one_that_people_ordered() {
    let plan = plan_of(&spine(), "");
    let derived = pace::of(&plan.steps).length_s;
    let by_hand = as_people_ordered(plan);
    let by_hand = pace::of(&by_hand.steps).length_s;
    println!("derived {derived} s, by hand {by_hand} s, ratio {:.3}", derived as f64 / by_hand as f64);
    assert!(derived <= by_hand, "{derived} > {by_hand}");
}
