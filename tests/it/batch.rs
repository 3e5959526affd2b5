//! Compute environments: updated in place where Batch allows it, else exchanged beside the old one.

use hikkoshi::execute::driver::End;
use hikkoshi::execute::machine::Goal;
use hikkoshi::model::facet::Role;
use hikkoshi::model::id::Id;
use hikkoshi::model::step::Stage;
use hikkoshi::model::strategy::Strategy;
use serde_json::{Value, json};

use crate::stateless::{ask, bare, step, steps_of, survives_everything, there_and_back};
use crate::support::account::{Docs, look};
use crate::support::account_ecs::cluster_arn;
use crate::support::lab::{ALL, Lab, plan_of};

const LINKED: &str = "aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch";

/// One on Fargate, one on EC2 that Batch can change, one that it can't.
pub fn environments() -> Docs {
    let mut docs = bare();
    docs.compute_environment("nightly", "sg-default-all", None);
    docs.compute_environment("modern", "sg-default-all", Some(("BEST_FIT_PROGRESSIVE", LINKED)));
    docs.compute_environment("old", "sg-default-all", Some(("BEST_FIT", LINKED)));
    docs
}

#[test]
fn each_is_moved_as_batch_allows() {
    let plan = plan_of(&environments(), "");
    assert_eq!(plan.blockers, []);
    let strategy = |name: &str| plan.moves.iter().find(|m| m.name == name).map(|m| m.strategy);
    assert_eq!(strategy("nightly"), Some(Strategy::Relocate), "a role of one's own does not matter on Fargate");
    assert_eq!(strategy("modern"), Some(Strategy::Relocate));
    assert_eq!(strategy("old"), Some(Strategy::Recreate));
    let ids = ["old-beside", "old-queue-old-queue-lead", "old-off", "old-queue-old-queue-drop", "old-delete"];
    assert_eq!(steps_of(&plan, "old"), ids);
    let update = &step(&plan, "nightly-update").call.parameters;
    assert_eq!(update.get("updatePolicy"), None, "on Fargate no job is touched");
}

#[test]
fn environments_are_carried_there_and_back() {
    let docs = environments();
    there_and_back(&docs, &plan_of(&docs, ""));
    there_and_back(&docs, &plan_of(&docs, "workloads:\n  - {name: nightly, strategy: flip}\n  - {name: modern, strategy: recreate}\n"));
}

#[test]
fn environments_survive_every_crash_and_every_lost_answer() {
    let mut docs = bare();
    docs.compute_environment("nightly", "sg-default-all", None);
    docs.compute_environment("old", "sg-default-all", Some(("BEST_FIT", LINKED)));
    survives_everything(&docs, &plan_of(&docs, ""));
}

#[test]
fn the_old_one_is_deleted_in_cleanup_only() {
    let docs = environments();
    let plan = plan_of(&docs, "");
    let mut lab = Lab::new(&docs, &plan);
    lab.reach(ALL, "forward");
    assert!(look(&lab.cloud).get(&Id::from("batch:old")).is_some());
    lab.skip(7200);
    lab.reach(Goal::Forward(Stage::Cleanup), "cleanup");
    let now = look(&lab.cloud);
    assert!(now.get(&Id::from("batch:old")).is_none());
    let new = now.get(&Id::from("batch:old-shop")).expect("the new one serves");
    assert_eq!(new.doc["JobQueues"][0]["jobQueueName"], "old-queue");
}

#[test]
fn a_job_that_runs_is_waited_for_and_never_ended() {
    let docs = environments();
    let plan = plan_of(&docs, "");
    let mut lab = Lab::new(&docs, &plan);
    lab.reach(Goal::Forward(Stage::Guard), "up to the environments");
    lab.cloud.tamper(|account| {
        let job =
            json!({ "taskArn": "arn:job", "clusterArn": cluster_arn("AWSBatch-old"), "desiredStatus": "RUNNING", "lastStatus": "RUNNING" });
        account.insert("ecs_task", Role::Bystander, "arn:job".into(), job);
    });
    let End::Failed(failed) = lab.go(ALL) else { panic!("it did not wait") };
    assert!(failed.iter().any(|f| f.step == "old-off" && f.code == "HK0503" && f.why.contains("its last job has ended")), "{failed:?}");
    lab.cloud.tamper(|account| account.remove(&"arn:job".into()));
    lab.reach(ALL, "the job has ended");
}

#[test]
fn two_of_one_queue_are_not_exchanged_at_once_nor_a_fourth_added() {
    let mut docs = environments();
    docs.compute_environment("older", "sg-default-all", Some(("BEST_FIT", LINKED)));
    let queue = json!([{ "jobQueueName": "both", "jobQueueArn": "arn:both", "computeEnvironmentOrder": [
        { "order": 1, "computeEnvironment": docs.of("batch_compute_environment", "computeEnvironmentName", "old")["computeEnvironmentArn"] },
        { "order": 2, "computeEnvironment": docs.of("batch_compute_environment", "computeEnvironmentName", "older")["computeEnvironmentArn"] }] }]);
    for name in ["old", "older"] {
        docs.of("batch_compute_environment", "computeEnvironmentName", name)["JobQueues"] = queue.clone();
    }
    let plan = plan_of(&docs, "");
    assert_eq!(plan.blockers.iter().filter(|b| b.why.contains("both would be exchanged")).count(), 2, "{:?}", plan.blockers);
}

#[test]
fn batch_refuses_what_batch_refuses() {
    let docs = environments();
    let plan = plan_of(&docs, "");
    let lab = Lab::new(&docs, &plan);
    let no = |operation: &str, parameters: Value| {
        assert_eq!(ask(&lab, operation, parameters.clone()), Err("ClientException".to_owned()), "{operation} {parameters}");
    };
    let net = |name: &str| json!({ "computeEnvironment": name, "computeResources": { "subnets": ["subnet-a"] } });
    no("batch:UpdateComputeEnvironment", net("old"));
    no("batch:UpdateComputeEnvironment", net("none"));
    no("batch:DeleteComputeEnvironment", json!({ "computeEnvironment": "nightly" }));
    no("batch:UpdateJobQueue", json!({ "jobQueue": "nightly-queue", "computeEnvironmentOrder": [] }));
    ask(&lab, "batch:UpdateComputeEnvironment", net("nightly")).expect("Fargate allows it");
    no("batch:UpdateComputeEnvironment", net("nightly"));
}

/// What a person has disabled stays so, and needs not be disabled again.
#[test]
fn a_disabled_environment_is_exchanged_for_a_disabled_one() {
    let mut docs = bare();
    docs.compute_environment("old", "sg-default-all", Some(("BEST_FIT", LINKED)));
    docs.of("batch_compute_environment", "computeEnvironmentName", "old")["state"] = json!("DISABLED");
    let plan = plan_of(&docs, "");
    assert_eq!(step(&plan, "old-beside").call.parameters["state"], "DISABLED");
    assert_eq!(steps_of(&plan, "old"), ["old-beside", "old-queue-old-queue-lead", "old-queue-old-queue-drop", "old-delete"]);
    there_and_back(&docs, &plan);
}
