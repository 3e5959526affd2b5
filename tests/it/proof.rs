//! The proof: what it refuses, what it derives, and that it is exact.

use hikkoshi::model::step::{Impact, Stage, Step};
use hikkoshi::plan::intent::Intent;
use hikkoshi::plan::prove::{self, Counterexample, Interruption, Interrupts};
use hikkoshi::plan::{Plan, intent};
use hikkoshi::world::play::Player;
use serde_json::json;

use crate::support::account::{Docs, spine};
use crate::support::account_data::{data, every_cache};
use crate::support::lab::{head, plan_of};

fn intent_of(further: &str) -> Intent {
    intent::parse(&format!("{}{further}", head())).expect("an intent")
}

/// What does not hold of a completed plan after somebody has edited it.
fn refused(docs: &Docs, further: &str, edit: impl Fn(&mut Plan)) -> Vec<Counterexample> {
    let mut plan = plan_of(docs, further);
    assert_eq!(plan.broken, [], "the plan holds before it is edited");
    edit(&mut plan);
    prove::again(&plan, &intent_of(further), &docs.inventory(), None).expect("it can be proved").broken
}

#[track_caller]
fn step<'p>(plan: &'p mut Plan, id: &str) -> &'p mut Step {
    plan.steps.iter_mut().find(|step| step.id == id).unwrap_or_else(|| panic!("no step {id}"))
}

/// Takes an edge out.
#[track_caller]
fn unbind(plan: &mut Plan, id: &str, need: &str) {
    let step = step(plan, id);
    let before = step.needs.len();
    step.needs.retain(|edge| edge.step != need);
    assert!(step.needs.len() < before, "{id} does not need {need}");
}

/// Expects that one counterexample is this: what is broken, by which step.
#[track_caller]
fn expect(broken: &[Counterexample], what: &str, last: &str) {
    let found = broken.iter().any(|example| example.what == what && example.last == last);
    assert!(found, "{what} by {last}: {:#?}", broken.iter().map(|b| (&b.what, &b.last, &b.why)).collect::<Vec<_>>());
}

#[test]
fn a_group_taken_off_before_the_clients_wear_theirs_is_refused() {
    let broken = refused(&spine(), "", |plan| {
        let beside = step(plan, "pg-multi-groups-beside");
        let groups = beside.call.parameters.get_mut("VpcSecurityGroupIds").and_then(|groups| groups.as_array_mut()).expect("groups");
        groups.retain(|group| group.as_str().is_some_and(|group| group.starts_with("${")));
        beside.wait.clear();
        beside.verify.clear();
    });
    expect(&broken, "app-1 → pg-multi tcp 5432", "pg-multi-groups-beside");
    expect(&broken, "billing → pg-multi tcp 5432", "pg-multi-groups-beside");
}

#[test]
fn a_subnet_that_is_used_before_it_has_a_way_out_is_refused() {
    let broken = refused(&spine(), "", |plan| {
        for zone in ["a", "b", "c"] {
            step(plan, &format!("route-private-{zone}-default")).stage = Stage::Tighten;
        }
        plan.steps.sort_by_key(|step| step.stage);
    });
    expect(&broken, "app-1 → the internet all traffic", "app-1-launch");
}

#[test]
fn an_endpoint_whose_group_misses_a_client_is_refused() {
    let broken = refused(&spine(), "endpoints: {interface: [ssm]}", |plan| {
        let rules = step(plan, "rules-endpoints");
        let text = serde_json::to_string(&rules.call.parameters).expect("json");
        assert!(text.contains("10.0.0.0/16"), "{text}");
        rules.call.parameters = serde_json::from_str(&text.replace("10.0.0.0/16", "10.0.1.0/24")).expect("json");
        rules.verify.clear();
    });
    expect(&broken, "app-2 → ssm tcp 443", "endpoint-ssm");
}

#[test]
fn an_acl_that_does_not_let_answers_back_is_refused_whatever_the_order() {
    let mut docs = spine();
    // The subnets of today have an ACL of their own; the new ones get the default one, which lets only the database's port
    // in and nothing out but to it.
    let acl = docs.doc("acl-default").clone();
    let mut own = acl.clone();
    own["NetworkAclId"] = json!("acl-own");
    own["IsDefault"] = json!(false);
    docs.add("network_acl", own);
    let default = docs.doc("acl-default");
    default["Associations"] = json!([]);
    for entry in default["Entries"].as_array_mut().expect("entries") {
        if entry["Egress"] == json!(true) && entry["RuleAction"] == json!("allow") {
            entry["Protocol"] = json!("6");
            entry["PortRange"] = json!({ "From": 1, "To": 1024 });
        }
    }
    // The planner names the ACL as a blocker and proves nothing of such a plan; here it is proved all the same.
    let plan = plan_of(&docs, "");
    assert!(!plan.blockers.is_empty() && plan.certificate.of.is_empty());
    let proof = prove::again(&plan, &intent_of(""), &docs.inventory(), None).expect("a proof");
    let back = proof.broken.iter().find(|example| example.what == "app → app-1 tcp 8080").expect("the balancer can't hear the target");
    assert!(back.why.contains("out of"), "{}", back.why);
}

#[test]
fn a_subnet_that_turns_before_the_balancer_has_left_is_refused() {
    let broken = refused(&spine(), "", |plan| unbind(plan, "flip-10-0-1-0-24", "app-subnets"));
    expect(&broken, "the internet → app tcp 80", "flip-10-0-1-0-24");
}

#[test]
fn an_old_group_taken_off_under_an_untracked_connection_must_be_announced() {
    let further = "workloads: [{name: app-1, strategy: flip}, {name: app-2, strategy: flip}]";
    let off = |plan: &Plan| plan.steps.iter().find(|s| s.id == "app-1-groups-off").map(|s| s.impact.clone());
    let plan = plan_of(&spine(), further);
    let announced = off(&plan).expect("the old groups come off");
    assert!(matches!(&announced, Impact::Brief { seconds: 925, what } if what.contains("recycle pools")), "{announced:?}");
    let declared = Interruption { step: "app-1-groups-off".to_owned(), what: Interrupts::Untracked };
    assert!(plan.interruptions.contains(&declared), "{:#?}", plan.interruptions);
    let broken = refused(&spine(), further, |plan| plan.interruptions.retain(|one| *one != declared));
    expect(&broken, "app-1 → pg-multi tcp 5432", "app-1-groups-off");
}

#[test]
fn a_sixth_group_on_an_interface_is_refused() {
    let broken = refused(&spine(), "", |plan| {
        let beside = step(plan, "pg-multi-groups-beside");
        let groups = beside.call.parameters.get_mut("VpcSecurityGroupIds").and_then(|groups| groups.as_array_mut()).expect("groups");
        groups.extend(
            ["${group-app-1.GroupId}", "${group-app-2.GroupId}", "${group-billing.GroupId}", "${group-orders.GroupId}"].map(|g| json!(g)),
        );
    });
    assert!(broken.iter().any(|example| example.last == "pg-multi-groups-beside"), "{broken:#?}");
}

#[test]
fn a_deletion_before_the_soak_is_refused() {
    let broken = refused(&spine(), "", |plan| {
        for id in ["app-1-unprotect", "app-1-terminate"] {
            step(plan, id).stage = Stage::Pets;
        }
        plan.steps.sort_by_key(|step| step.stage);
    });
    assert!(broken.iter().any(|example| example.last == "app-1-terminate" && example.why.contains("can't be undone")), "{broken:#?}");
}

#[test]
fn targets_of_one_group_that_leave_together_are_refused() {
    let broken = refused(&spine(), "", |plan| unbind(plan, "app-2-deregister", "app-1-register"));
    expect(&broken, "app keeps 1 of its 2 targets", "app-2-deregister");
}

#[test]
fn the_orders_that_a_flow_needs_are_derived_and_say_why() {
    let plan = plan_of(&spine(), "");
    let because = |id: &str, need: &str| {
        let needs = &plan.step(id).expect("a step").needs;
        needs.iter().find(|edge| edge.step == need).map(|edge| edge.because.as_str())
    };
    let flip = "without it the internet → app tcp 80 is cut by flip-10-0-1-0-24";
    assert_eq!(because("flip-10-0-1-0-24", "app-subnets"), Some(flip));
    let turn = "without it “app keeps 1 of its 2 targets” does not hold after app-2-deregister";
    assert_eq!(because("app-2-deregister", "app-1-register"), Some(turn));
    // What was completed holds as it is.
    let again = prove::again(&plan, &intent_of(""), &spine().inventory(), None).expect("a proof");
    assert_eq!(again.broken, []);
    let looked_at = again.certificate.effort.map_or(0, |effort| effort.examined);
    assert!(again.certificate.flows > 30 && looked_at > 1000, "{:#?}", again.certificate);
    assert!(again.certificate.is_of(&plan) && plan.certificate.is_of(&plan));
}

#[test]
fn plans_hold_as_they_are_made() {
    for (docs, further) in [
        (spine(), ""),
        (data(), ""),
        (every_cache(), ""),
        (spine(), "nat: regional"),
        (spine(), "workloads: [{name: bastion, strategy: retire}]"),
    ] {
        let plan = plan_of(&docs, further);
        let proof = prove::again(&plan, &intent_of(further), &docs.inventory(), None).expect("a proof");
        assert_eq!(proof.broken, [], "{further}");
    }
}

/// Plays a plan there and back.
#[track_caller]
fn played(docs: &Docs, plan: &Plan) {
    let mut player = Player::new(docs.account());
    let before = player.account().resources.len();
    let steps: Vec<_> = plan.steps.iter().filter(|step| step.stage != Stage::Cleanup).collect();
    for step in &steps {
        player.step(step).unwrap_or_else(|stuck| panic!("{}: {}", stuck.step, stuck.why));
    }
    assert!(player.account().resources.len() > before);
    for step in steps.iter().rev() {
        player.undo(step).unwrap_or_else(|stuck| panic!("back over {}: {}", stuck.step, stuck.why));
    }
}

#[test]
fn a_plan_can_be_played_there_and_back() {
    for docs in [spine(), data(), every_cache()] {
        let plan = plan_of(&docs, "");
        played(&docs, &plan);
    }
}
