//! Services and their tasks: planned by each strategy, moved there and back, disturbed at every record and call.

use std::collections::BTreeSet;

use hikkoshi::cloud::Cloud;
use hikkoshi::discover::drift;
use hikkoshi::execute::driver::End;
use hikkoshi::execute::machine::Goal;
use hikkoshi::model::call::{Call, Outcome};
use hikkoshi::model::id::Id;
use hikkoshi::model::step::{Impact, Stage, Step};
use hikkoshi::model::strategy::Strategy;
use hikkoshi::plan::Plan;
use serde_json::{Value, json};

use crate::support::account::{Docs, ZONES, block_on, look, network, target_group};
use crate::support::lab::{ALL, Disturb, Fate, Lab, plan_of};
use crate::support::view::{made, same, twice, view_of};

/// The time after which nothing lingers any more.
const SOAK_S: u64 = 2 * 3600;

/// A network with its groups and a balancer.
pub fn bare() -> Docs {
    let mut docs = network(&ZONES);
    docs.security();
    docs.add("target_group", target_group("app", &[], Some("app")));
    docs.balancer("app", "internet-facing", "sg-alb", "app");
    docs
}

/// A service behind the balancer, and one that works off a queue.
pub fn services() -> Docs {
    let mut docs = bare();
    docs.service("web", "sg-default-all", Some("app"));
    docs.service("worker", "sg-default-all", None);
    docs
}

/// One of each kind of this stage.
pub fn everything() -> Docs {
    let mut docs = bare();
    docs.service("web", "sg-default-all", Some("app"));
    docs.scheduled_task("nightly-report", "sg-default-all");
    docs.schedule("hourly", "sg-default-all");
    docs.state_machine("billing", "sg-default-all");
    docs.scaling_group("workers", "sg-default-all");
    docs.compute_environment("nightly", "sg-default-all", None);
    docs.compute_environment("old", "sg-default-all", Some(("BEST_FIT", "batch-service")));
    docs
}

/// A step of a plan.
#[track_caller]
pub fn step<'p>(plan: &'p Plan, id: &str) -> &'p Step {
    let ids = || plan.steps.iter().map(|s| s.id.as_str()).collect::<Vec<_>>().join(", ");
    plan.steps.iter().find(|s| s.id == id).unwrap_or_else(|| panic!("no step {id} in {}", ids()))
}

/// The ids of the steps of a move, in order.
pub fn steps_of(plan: &Plan, of_move: &str) -> Vec<String> {
    plan.steps.iter().filter(|s| s.of_move == of_move).map(|s| s.id.clone()).collect()
}

/// There, back, and there again; what is there afterwards.
#[track_caller]
pub fn there_and_back(docs: &Docs, plan: &Plan) {
    let mut lab = Lab::new(docs, plan);
    let start = view_of(&lab.cloud);
    for round in 0..2 {
        lab.reach(ALL, &format!("forward, round {round}"));
        lab.skip(SOAK_S);
        assert_eq!(twice(&lab.cloud), Vec::<String>::new());
        lab.reach(Goal::Back(None), &format!("back, round {round}"));
        lab.skip(SOAK_S);
        same("after the way back", &start, &view_of(&lab.cloud));
        assert_eq!(made(&lab.cloud), BTreeSet::new());
    }
}

fn settled(lab: Lab<'_>) -> BTreeSet<String> {
    lab.skip(SOAK_S);
    view_of(&lab.cloud)
}

/// The journal ends after every record; a call gets lost, is refused, is carried out unheard: gone on with, it comes to
/// the same end, and back to the same start.
pub fn survives_everything(docs: &Docs, plan: &Plan) {
    let begin = Lab::new(docs, plan);
    let start = settled(begin.fork());
    let mut whole = begin.fork();
    whole.reach(ALL, "undisturbed");
    let (records, calls) = (whole.records.len(), begin.calls(ALL));
    let end = settled(whole.fork());
    let check = |context: &str, lab: &mut Lab<'_>, back: bool| {
        assert_eq!(twice(&lab.cloud), Vec::<String>::new(), "{context}");
        if back {
            lab.reach(Goal::Back(None), &format!("{context}, then back"));
            same(&format!("{context}, then back"), &start, &settled(lab.fork()));
        } else {
            lab.reach(ALL, context);
            same(context, &end, &settled(lab.fork()));
        }
    };
    for n in 0..records {
        let mut lab = begin.fork();
        lab.go_with(ALL, &Disturb { records: n, ..Disturb::default() });
        check(&format!("the journal ends after {n} records"), &mut lab, n % 3 == 0);
    }
    for n in 1..=calls {
        for fate in [Fate::Lose, Fate::Drop, Fate::DieBefore] {
            let decide = |at: u64, call: &Call| if at == n && !call.operation.is_read() { fate } else { Fate::Pass };
            let mut lab = begin.fork();
            lab.go_with(ALL, &Disturb { decide: &decide, ..Disturb::default() });
            check(&format!("{fate:?} at call {n}"), &mut lab, n % 4 == 0);
        }
    }
    back_survives(&whole, &start);
}

fn back_survives(whole: &Lab<'_>, start: &BTreeSet<String>) {
    let calls = whole.calls(Goal::Back(None));
    for n in 1..=calls {
        for fate in [Fate::Lose, Fate::Drop, Fate::DieBefore] {
            let decide = |at: u64, call: &Call| if at == n && !call.operation.is_read() { fate } else { Fate::Pass };
            let mut lab = whole.fork();
            lab.go_with(Goal::Back(None), &Disturb { decide: &decide, ..Disturb::default() });
            lab.reach(Goal::Back(None), &format!("{fate:?} at call {n} on the way back"));
            same(&format!("{fate:?} at call {n} on the way back"), start, &settled(lab));
        }
    }
}

/// What the account answers to a call, or the code of its refusal.
pub fn ask(lab: &Lab<'_>, operation: &str, parameters: Value) -> Result<Value, String> {
    match block_on(lab.cloud.call(&Call::new(operation, parameters))) {
        Outcome::Done(answer) => Ok(answer),
        Outcome::Refused(refusal) => Err(refusal.code),
        Outcome::Unknown(why) => panic!("{operation}: {why}"),
    }
}

#[test]
fn a_task_is_tried_out_before_the_service_moves() {
    let plan = plan_of(&services(), "");
    assert_eq!(plan.blockers, []);
    let ids = steps_of(&plan, "web");
    assert_eq!(ids, ["web-canary", "web-canary-stop", "web-update", "web-groups-off", "web-deployments"]);
    let update = step(&plan, "web-update");
    assert_eq!((update.stage, &update.impact), (Stage::Stateless, &Impact::None));
    assert!(update.needs.iter().any(|need| need.step == "web-canary-stop"), "{:?}", update.needs);
    assert_eq!(step(&plan, "web-canary").call.answer[0].path, "failures[].reason", "200 is also the answer where no task was placed");
    let sent = &update.call.parameters["networkConfiguration"]["awsvpcConfiguration"];
    assert_eq!(sent["assignPublicIp"], "DISABLED");
    assert_eq!(sent["subnets"].as_array().map(Vec::len), Some(3), "a private subnet in each zone");
    let breaker = &update.call.parameters["deploymentConfiguration"]["deploymentCircuitBreaker"];
    assert_eq!(*breaker, json!({ "enable": true, "rollback": true }));
}

#[test]
fn services_are_carried_there_and_back() {
    let docs = services();
    there_and_back(&docs, &plan_of(&docs, ""));
    let flip = "workloads:\n  - {name: web, strategy: flip}\n  - {name: worker, strategy: flip}\n";
    there_and_back(&docs, &plan_of(&docs, flip));
}

#[test]
fn services_survive_every_crash_and_every_lost_answer() {
    let docs = services();
    survives_everything(&docs, &plan_of(&docs, ""));
}

#[test]
fn tasks_belong_to_their_service_and_their_targets_too() {
    let mut docs = services();
    docs.doc("sg-legacy-ref")["IpPermissions"] = json!([]);
    let seen = docs.inventory();
    let owner = |id: &str| seen.resources[&Id::from(id)].facets.owner.as_ref().map(Id::to_string);
    assert_eq!(owner("eni-web-a"), Some("ecs:prod/web".to_owned()));
    assert_eq!(owner("eni-worker-b"), Some("ecs:prod/worker".to_owned()));
    let plan = plan_of(&docs, "");
    let web = plan.groups.iter().find(|group| group.workload.as_str() == "ecs:prod/web").expect("it gets a group");
    assert!(web.rules.iter().any(|line| line.from == "app" && line.ports.contains("8080")), "{:?}", web.rules);
    assert!(
        plan.steps.iter().any(|s| s.id == "drop-group-default-all" || s.title.contains("default-all")),
        "the old group goes at the end"
    );
}

#[test]
fn a_service_without_public_addresses_left_needs_no_second_deployment() {
    let mut docs = services();
    docs.service_doc("web")["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"] = json!("DISABLED");
    let plan = plan_of(&docs, "workloads:\n  - {name: web, strategy: flip}\n");
    let ids = steps_of(&plan, "web");
    assert!(ids.contains(&"web-groups-beside".to_owned()) && ids.contains(&"web-tighten".to_owned()), "{ids:?}");
    assert!(plan.moves.iter().any(|m| m.id == "web" && m.strategy == Strategy::Flip));
}

#[test]
fn percentages_that_would_interrupt_are_replaced_and_others_kept() {
    let config = |least: u64, most: u64, count: u64| {
        let mut docs = services();
        docs.service_doc("worker")["desiredCount"] = json!(count);
        let before = json!({ "maximumPercent": most, "minimumHealthyPercent": least });
        docs.service_doc("worker")["deploymentConfiguration"] = before.clone();
        let plan = plan_of(&docs, "");
        let update = step(&plan, "worker-update");
        let sent = &update.call.parameters["deploymentConfiguration"];
        let hikkoshi::model::step::Undo::Calls(back) = &update.undo else { panic!("it can be undone") };
        let restored = &back[0].parameters["deploymentConfiguration"];
        assert_eq!((&restored["maximumPercent"], &restored["minimumHealthyPercent"]), (&json!(most), &json!(least)));
        (sent["minimumHealthyPercent"].clone(), sent["maximumPercent"].clone())
    };
    assert_eq!(config(0, 100, 2), (json!(100), json!(200)), "all would stop at once");
    assert_eq!(config(50, 100, 2), (json!(50), json!(100)), "one of two serves: the user's own choice");
    assert_eq!(config(50, 100, 1), (json!(50), json!(200)), "half of one is one: nothing could be replaced");
    assert_eq!(config(100, 150, 4), (json!(100), json!(150)));
}

#[test]
fn who_deploys_a_service_by_itself_is_told_how() {
    for (controller, says) in [("CODE_DEPLOY", "AppSpec"), ("EXTERNAL", "CreateTaskSet")] {
        let mut docs = services();
        docs.service_doc("web")["deploymentController"] = json!({ "type": controller });
        let plan = plan_of(&docs, "");
        let blocker = plan.blockers.iter().find(|b| b.resource.as_str() == "ecs:prod/web").expect("it stands in the way");
        assert!(blocker.way_out.contains(says), "{blocker:?}");
    }
}

#[test]
fn a_service_without_a_network_of_its_own_is_named() {
    let mut docs = services();
    let mut bridge = docs.service_doc("worker").clone();
    for (key, value) in [
        ("serviceName", json!("legacy")),
        ("serviceArn", json!("arn:aws:ecs:us-east-1:123456789012:service/prod/legacy")),
        ("networkConfiguration", json!(null)),
        ("Tasks", json!([])),
    ] {
        bridge[key] = value;
    }
    docs.add("ecs_service", bridge);
    let plan = plan_of(&docs, "");
    assert!(plan.warnings.iter().any(|w| w.contains("legacy") && w.contains("follows the instances")), "{:?}", plan.warnings);
    assert!(plan.moves.iter().all(|m| m.name != "legacy"));
}

#[test]
fn a_task_without_a_way_out_never_runs_and_the_service_stays() {
    let docs = services();
    let plan = plan_of(&docs, "");
    let mut lab = Lab::new(&docs, &plan);
    lab.reach(Goal::Forward(Stage::Guard), "up to the services");
    lab.cloud.tamper(|account| {
        let nats: Vec<Id> = account.resources.of_kind("nat_gateway").map(|nat| nat.id.clone()).collect();
        for nat in nats {
            account.edit(nat.as_str(), "NatGatewayNotFound").expect("it is there")["State"] = json!("failed");
        }
    });
    let End::Failed(failed) = lab.go(ALL) else { panic!("nothing failed") };
    assert!(failed.iter().all(|f| f.code == "HK0504" && f.step.ends_with("-canary")), "{failed:?}");
    lab.skip(SOAK_S);
    let End::Failed(failed) = lab.go(ALL) else { panic!("a task that is forgotten has shown nothing") };
    assert!(failed.iter().all(|f| f.step.ends_with("-canary")), "{failed:?}");
    let seen = look(&lab.cloud);
    let subnets = seen.resources[&Id::from("ecs:prod/web")].subnets();
    assert!(subnets.iter().all(|subnet| ZONES.iter().any(|z| subnet.as_str() == format!("subnet-{z}"))), "{subnets:?}");
}

#[test]
fn everything_of_the_stage_moves_in_one_plan() {
    let docs = everything();
    there_and_back(&docs, &plan_of(&docs, ""));
    let plan = plan_of(&docs, "");
    assert!(plan.moves.iter().filter(|m| m.kind != "load_balancer").all(|m| m.interruption_s == 0), "nothing of it is interrupted");
}

#[test]
fn ecs_refuses_what_ecs_refuses() {
    let docs = services();
    let plan = plan_of(&docs, "");
    let lab = Lab::new(&docs, &plan);
    let net = |subnets: Value| json!({ "awsvpcConfiguration": { "subnets": subnets, "securityGroups": ["sg-alb"] } });
    let update = |more: Value| {
        let mut parameters = json!({ "cluster": "prod", "service": "web" });
        parameters.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
        ask(&lab, "ecs:UpdateService", parameters).map(|_| ())
    };
    let check = |more: Value, code: &str| assert_eq!(update(more.clone()), Err(code.to_owned()), "{more}");
    check(json!({ "networkConfiguration": net(json!([])) }), "InvalidParameterException");
    check(json!({ "networkConfiguration": net(json!(["subnet-none"])) }), "InvalidParameterException");
    check(json!({ "networkConfiguration": net(json!(vec!["subnet-a"; 17])) }), "InvalidParameterException");
    check(json!({ "service": "none" }), "ServiceNotFoundException");
    check(json!({ "cluster": "none" }), "ClusterNotFoundException");
    check(json!({ "deploymentConfiguration": { "maximumPercent": 100, "minimumHealthyPercent": 100 } }), "InvalidParameterException");
    let eleven = json!({ "cluster": "prod", "services": vec!["web"; 11] });
    assert_eq!(ask(&lab, "ecs:DescribeServices", eleven), Err("InvalidParameterException".to_owned()));
    let stop = json!({ "cluster": "prod", "task": "arn:none" });
    assert_eq!(ask(&lab, "ecs:StopTask", stop), Err("InvalidParameterException".to_owned()));
    let missing = ask(&lab, "ecs:DescribeServices", json!({ "cluster": "prod", "services": ["none"] })).expect("it answers");
    assert_eq!(missing["failures"][0]["reason"], "MISSING");
}

/// The circuit breaker goes back by a deployment of its own, which completes: that is not the one that was asked for.
#[test]
fn a_deployment_that_went_back_by_itself_is_a_failure() {
    let docs = services();
    let plan = plan_of(&docs, "");
    let mut lab = Lab::new(&docs, &plan);
    let start = view_of(&lab.cloud);
    let tell = |event: &hikkoshi::execute::event::Event, stop: &hikkoshi::execute::driver::Stop| {
        if event.step.ends_with("-canary-stop") && matches!(event.what, hikkoshi::execute::event::What::Verified) {
            stop.ask();
        }
    };
    lab.go_with(ALL, &Disturb { tell: &tell, ..Disturb::default() });
    lab.cloud.tamper(|account| {
        let nats: Vec<Id> = account.resources.of_kind("nat_gateway").map(|nat| nat.id.clone()).collect();
        for nat in nats {
            account.edit(nat.as_str(), "NatGatewayNotFound").expect("it is there")["State"] = json!("failed");
        }
    });
    let End::Failed(failed) = lab.go(ALL) else { panic!("nothing failed") };
    assert!(failed.iter().any(|f| f.step.ends_with("-update") && f.code == "HK0504"), "{failed:?}");
    lab.reach(Goal::Back(None), "back");
    lab.skip(SOAK_S);
    same("after the way back", &start, &view_of(&lab.cloud));
}

/// The circuit breaker and the percentages of a move are for the move: afterwards a service deploys as its owners said.
#[test]
fn a_service_deploys_afterwards_as_it_did_before() {
    let mut docs = services();
    let config =
        json!({ "maximumPercent": 100, "minimumHealthyPercent": 0, "deploymentCircuitBreaker": { "enable": false, "rollback": false } });
    docs.service_doc("worker")["deploymentConfiguration"] = config.clone();
    let plan = plan_of(&docs, "");
    assert_eq!(step(&plan, "worker-update").call.parameters["deploymentConfiguration"]["minimumHealthyPercent"], 100);
    let mut lab = Lab::new(&docs, &plan);
    lab.reach(ALL, "forward");
    assert_eq!(lab.cloud.account().resources[&Id::from("ecs:prod/worker")].doc["deploymentConfiguration"], config);
    there_and_back(&docs, &plan);
}

/// A deployment between two looks gives tasks other addresses: nobody has changed anything. Who registers a target by hand has.
#[test]
fn tasks_with_other_addresses_are_nobodys_change() {
    let mut docs = bare();
    docs.service("web", "sg-default-all", Some("app"));
    let before = docs.inventory();
    docs.service_doc("web")["Tasks"][0]["PrivateIp"] = json!("10.0.1.77");
    let targets = |docs: &mut Docs| docs.of("target_group", "TargetGroupName", "web")["TargetHealthDescriptions"].take();
    let mut now = targets(&mut docs);
    now[0]["Target"]["Id"] = json!("10.0.1.77");
    docs.of("target_group", "TargetGroupName", "web")["TargetHealthDescriptions"] = now.clone();
    assert_eq!(drift::between(&before, &docs.inventory()), []);
    let by_hand = json!({ "Target": { "Id": "10.0.1.99", "Port": 8080 }, "TargetHealth": { "State": "healthy" } });
    now.as_array_mut().expect("targets").push(by_hand);
    docs.of("target_group", "TargetGroupName", "web")["TargetHealthDescriptions"] = now;
    let found: Vec<String> = drift::between(&before, &docs.inventory()).into_iter().map(|one| one.field).collect();
    assert_eq!(found, ["targets"]);
}
