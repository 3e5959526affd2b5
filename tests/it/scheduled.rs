//! Scheduled tasks: found, re-sent whole with another network, never stored with their input.

use std::collections::BTreeMap;
use std::sync::Mutex;

use hikkoshi::cloud::{Answer, Cloud};
use hikkoshi::execute::driver::End;
use hikkoshi::execute::look;
use hikkoshi::execute::machine::Goal;
use hikkoshi::model::call::{Call, Label, Outcome};
use hikkoshi::model::id::Id;
use hikkoshi::model::step::{Look, Stage};
use serde_json::{Value, json};

use crate::stateless::{ask, services, step, steps_of, survives_everything, there_and_back};
use crate::support::account::{Docs, block_on};
use crate::support::lab::{ALL, Lab, plan_of};

/// A rule's target, a schedule and a state machine beside the services.
pub fn scheduled() -> Docs {
    let mut docs = services();
    docs.scheduled_task("nightly-report", "sg-default-all");
    docs.schedule("hourly", "sg-default-all");
    docs.state_machine("billing", "sg-default-all");
    docs
}

/// The same without the services but one, for the many runs.
fn small() -> Docs {
    let mut docs = crate::stateless::bare();
    docs.service("worker", "sg-alb", None);
    docs.scheduled_task("nightly-report", "sg-default-all");
    docs.schedule("hourly", "sg-default-all");
    docs
}

#[test]
fn targets_and_schedules_are_found_through_clusters_and_rules() {
    let seen = scheduled().inventory();
    assert_eq!(seen.missing, []);
    for id in ["rule:nightly-report/ecs", "schedule:default/hourly", "state-machine:billing"] {
        let found = seen.resources.get(&Id::from(id)).unwrap_or_else(|| panic!("{id} is not seen"));
        assert_eq!(found.groups(), [Id::from("sg-default-all")], "{id}");
    }
}

#[test]
fn a_target_is_sent_whole_with_only_its_network_changed() {
    let plan = plan_of(&scheduled(), "");
    assert_eq!(plan.blockers, []);
    assert_eq!(steps_of(&plan, "nightly-report-ecs"), ["nightly-report-ecs-update"]);
    let update = step(&plan, "nightly-report-ecs-update");
    assert_eq!(update.stage, Stage::Stateless);
    let sent = &update.call.parameters["Targets"][0]["$look"];
    assert_eq!(sent["path"], "Targets[Id=ecs]");
    let set = sent["set"].as_object().expect("fields");
    assert_eq!(set.keys().collect::<Vec<_>>(), ["EcsParameters.NetworkConfiguration.awsvpcConfiguration"]);
    let schedule = &step(&plan, "hourly-update").call.parameters["$look"]["set"];
    assert_eq!(schedule["Target.EcsParameters.NetworkConfiguration.awsvpcConfiguration"]["AssignPublicIp"], "DISABLED");
    assert_eq!(schedule["Arn"], Value::Null, "an answer's own fields are not sent back");
}

#[test]
fn scheduled_tasks_are_carried_there_and_back() {
    let docs = scheduled();
    there_and_back(&docs, &plan_of(&docs, ""));
    let flip = "workloads:\n  - {name: nightly-report/ecs, strategy: flip}\n  - {name: hourly, strategy: flip}\n";
    there_and_back(&docs, &plan_of(&docs, flip));
}

#[test]
fn scheduled_tasks_survive_every_crash_and_every_lost_answer() {
    let docs = small();
    survives_everything(&docs, &plan_of(&docs, "workloads:\n  - {name: worker, strategy: skip, reason: audit, until: 2027-01-31}\n"));
}

#[test]
fn a_state_machine_is_named_and_never_changed() {
    let plan = plan_of(&scheduled(), "");
    assert!(plan.warnings.iter().any(|w| w.contains("state machine billing") && w.contains("subnet-a")), "{:?}", plan.warnings);
    assert!(plan.steps.iter().all(|s| s.call.operation.service() != "states"));
    let seen = scheduled().inventory();
    assert!(!serde_json::to_string(&seen).expect("it is JSON").contains("definition\""), "the definition is not kept");
}

#[test]
fn eventbridge_refuses_what_eventbridge_refuses() {
    let docs = scheduled();
    let plan = plan_of(&docs, "");
    let lab = Lab::new(&docs, &plan);
    let put = |rule: &str, target: Value| ask(&lab, "events:PutTargets", json!({ "Rule": rule, "Targets": [target] })).map(|_| ());
    assert_eq!(put("none", json!({ "Id": "ecs" })), Err("ResourceNotFoundException".to_owned()));
    assert_eq!(put("nightly-report", json!({ "Id": "ecs", "Arn": "arn:c" })), Err("ValidationException".to_owned()), "half a target");
    let half = json!({ "Name": "hourly", "Target": { "Arn": "arn:c" } });
    assert_eq!(ask(&lab, "scheduler:UpdateSchedule", half), Err("ValidationException".to_owned()));
    assert_eq!(ask(&lab, "scheduler:GetSchedule", json!({ "Name": "none" })), Err("ResourceNotFoundException".to_owned()));
}

/// AWS that has a secret input at its target, and remembers what it was sent.
struct Secretive {
    sent: Mutex<Vec<Call>>,
}

impl Cloud for Secretive {
    fn call<'a>(&'a self, call: &'a Call) -> Answer<'a> {
        self.sent.lock().expect("nobody panics in here").push(call.clone());
        let parameters = json!({ "TaskCount": 1, "NetworkConfiguration": { "awsvpcConfiguration": { "Subnets": ["subnet-a"] } } });
        let target = json!({ "Id": "ecs", "Arn": "arn:cluster", "Input": "s3cret", "EcsParameters": parameters, "Old": true });
        Box::pin(std::future::ready(Outcome::Done(json!({ "Targets": [{ "Id": "other" }, target] }))))
    }

    fn requests(&self) -> BTreeMap<String, u64> {
        BTreeMap::new()
    }
}

#[test]
fn what_is_looked_up_gets_other_values_put_over_it() {
    let cloud = Secretive { sent: Mutex::default() };
    let set = json!({ "EcsParameters.NetworkConfiguration.awsvpcConfiguration": { "Subnets": ["${subnet-private-a.SubnetId}"] }, "Old": null, "A.B": 1 });
    let look = json!({ "$look": { "operation": "events:ListTargetsByRule", "parameters": { "Rule": "r" }, "path": "Targets[Id=ecs]", "set": set } });
    let given = json!({ "Rule": "r", "Targets": [look] });
    let find = |step: &str, output: &str| (step == "subnet-private-a" && output == "SubnetId").then(|| json!("subnet-1"));
    let label = Label { migration: "m".into(), step: "s".into() };
    let sent = block_on(look::parameters(&cloud, &label, given.as_object().expect("an object"), &find)).expect("it can be looked up");
    let target = json!({ "Id": "ecs", "Arn": "arn:cluster", "Input": "s3cret", "A": { "B": 1 },
        "EcsParameters": { "TaskCount": 1, "NetworkConfiguration": { "awsvpcConfiguration": { "Subnets": ["subnet-1"] } } } });
    assert_eq!(Value::Object(sent), json!({ "Rule": "r", "Targets": [target] }));
    let none: Look = serde_json::from_value(json!({ "operation": "ec2:DescribeVpcs", "parameters": {}, "path": "a" })).expect("a look");
    assert_eq!(none.put_over(json!("as it was")), json!("as it was"));
    assert!(serde_json::to_value(&none).expect("JSON").get("set").is_none(), "plans of before are read and written alike");
}

#[test]
fn an_input_is_in_no_inventory() {
    let mut docs = scheduled();
    docs.of("scheduled_task", "Rule", "nightly-report")["Input"] = json!("s3cret");
    docs.of("schedule", "Name", "hourly")["Target"]["Input"] = json!("s3cret");
    assert!(!serde_json::to_string(&docs.inventory()).expect("it is JSON").contains("s3cret"));
}

/// A run that reached `stateless` while somebody else changes the rule: AWS answers 200 and does nothing.
pub fn failed_entry() -> (End, bool) {
    let docs = scheduled();
    let plan = plan_of(&docs, "");
    let mut lab = Lab::new(&docs, &plan);
    lab.reach(Goal::Forward(Stage::Guard), "up to the tasks");
    let busy = |lab: &Lab<'_>, so: bool| {
        lab.cloud.tamper(|account| account.edit("rule:nightly-report/ecs", "NotFound").expect("it is there")["Busy"] = json!(so));
    };
    busy(&lab, true);
    let end = lab.go(ALL);
    busy(&lab, false);
    let again = matches!(lab.go(ALL), End::Reached);
    (end, again)
}

/// Tasks on EC2 say nothing of public addresses; that is the same as none.
#[test]
fn a_target_that_says_nothing_of_public_addresses_is_carried_there_and_back() {
    let mut docs = small();
    let target = docs.of("scheduled_task", "Rule", "nightly-report");
    target["EcsParameters"]["LaunchType"] = json!("EC2");
    target["EcsParameters"]["NetworkConfiguration"]["awsvpcConfiguration"].as_object_mut().expect("a network").remove("AssignPublicIp");
    let plan = plan_of(&docs, "");
    let mut lab = Lab::new(&docs, &plan);
    lab.reach(ALL, "forward");
    lab.reach(Goal::Back(None), "back");
}

/// `PutTargets` answers 200 on the way back too: what it did not put back is not called undone.
#[test]
fn a_target_that_is_not_put_back_is_not_called_undone() {
    let docs = small();
    let plan = plan_of(&docs, "");
    let mut lab = Lab::new(&docs, &plan);
    lab.reach(ALL, "forward");
    let busy = |so: bool| {
        move |account: &mut hikkoshi::model::account::Account| {
            account.edit("rule:nightly-report/ecs", "NotFound").expect("it is there")["Busy"] = json!(so);
        }
    };
    lab.cloud.tamper(busy(true));
    let End::Failed(failed) = lab.go(Goal::Back(None)) else { panic!("it was called undone") };
    assert!(failed.iter().any(|f| f.step == "nightly-report-ecs-update"), "{failed:?}");
    lab.cloud.tamper(busy(false));
    lab.reach(Goal::Back(None), "when the rule is free again");
}
