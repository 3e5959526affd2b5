//! What the proof claims is asked of the account itself in every simulated night: plans that are wrong are found out.

use hikkoshi::model::step::{Stage, Undo};
use hikkoshi::plan::Plan;
use hikkoshi::rehearse::weather::Fault;
use hikkoshi::rehearse::{Night, Outcome, Rehearsal};
use serde_json::json;

use crate::proof_exact::{FURTHER, small};
use crate::support::account::{BEGIN_MS, Docs, from_group};
use crate::support::lab::{flows_of, plan_of};

const CLAIM: &str = "what the proof claims does not hold";

fn rehearsal<'p>(docs: &Docs, plan: &'p Plan) -> Result<Rehearsal<'p>, String> {
    let mut account = docs.account();
    account.now_ms = BEGIN_MS;
    Rehearsal::new(plan, &flows_of(docs, FURTHER), account, Stage::Tighten)
}

/// What the rehearsal of the small account finds of a plan to which this was done.
fn found(edit: impl Fn(&mut Plan)) -> Option<String> {
    found_at(&small(), edit)
}

fn found_at(docs: &Docs, edit: impl Fn(&mut Plan)) -> Option<String> {
    let mut plan = plan_of(docs, FURTHER);
    edit(&mut plan);
    rehearsal(docs, &plan).err()
}

#[track_caller]
fn is_told(found: Option<String>, says: &[&str]) {
    let found = found.expect("it is found");
    let missing: Vec<&&str> = [CLAIM].iter().chain(says).filter(|words| !found.contains(**words)).collect();
    assert!(missing.is_empty(), "{missing:?} is not in: {found}");
}

#[test]
fn a_plan_as_it_was_proved_is_not_found_fault_with() {
    assert_eq!(found(|_| {}), None);
}

#[test]
fn an_order_that_cuts_a_flow_is_found() {
    let late = |plan: &mut Plan| {
        let route = plan.steps.iter_mut().find(|step| step.id == "route-private-a-default").expect("the route");
        route.stage = Stage::Tighten;
        plan.steps.sort_by_key(|step| step.stage);
    };
    is_told(found(late), &["web → the internet", "no route to"]);
}

#[test]
fn a_way_back_that_cuts_a_flow_is_found() {
    let stays = |plan: &mut Plan| {
        let turn = plan.steps.iter_mut().find(|step| step.call.operation.to_string() == "ec2:ReplaceRouteTableAssociation");
        turn.expect("a subnet turns").undo = Undo::Nothing("a mistake".into());
    };
    is_told(found(stays), &["no route to"]);
}

#[test]
fn a_door_that_opens_is_found() {
    let mut docs = small();
    docs.doc("sg-default-all")["IpPermissions"] = json!([from_group(5432, "sg-default-all")]);
    assert_eq!(found_at(&docs, |_| {}), None);
    let open = |plan: &mut Plan| {
        let rules = plan.steps.iter_mut().find(|step| step.id == "rules-pg").expect("rules");
        let everybody = json!({ "IpProtocol": "tcp", "FromPort": 2222, "ToPort": 2222, "IpRanges": [{ "CidrIp": "0.0.0.0/0" }] });
        rules.call.parameters["IpPermissions"].as_array_mut().expect("permissions").push(everybody);
        rules.verify.clear();
        rules.wait.clear();
    };
    is_told(found_at(&docs, open), &["pg stays closed to the internet on tcp 2222"]);
}

/// What no run without faults shows: nothing orders two steps, and only where the first is late is something cut.
#[test]
fn an_order_that_only_a_fault_shows_is_found_in_a_night() {
    let docs = small();
    let mut plan = plan_of(&docs, FURTHER);
    let route = plan.steps.iter().position(|step| step.id == "route-private-a-default").expect("the route");
    let mut route = plan.steps.remove(route);
    route.stage = Stage::Data;
    route.undo = Undo::Nothing("the way back is not what this is about".into());
    let first = plan.steps.iter().position(|step| step.stage >= Stage::Data).expect("a later step");
    plan.steps.insert(first, route);
    let turn = plan.steps.iter_mut().find(|step| step.id == "flip-10-0-1-0-24").expect("a subnet turns");
    turn.needs.clear();
    let rehearsal = rehearsal(&docs, &plan).expect("nothing is cut where nothing goes wrong");
    let is_found = |night: &Night| matches!(&night.outcome, Outcome::Wrong(why) if why.contains(CLAIM));
    let places = 1..=rehearsal.places(Fault::Throttle, false);
    assert!(places.map(|at| rehearsal.strike(at, Fault::Throttle, false, false)).any(|night| is_found(&night)), "no strike finds it");
}
