//! A folder of `aws ecs …`, `aws events …`, `aws autoscaling …` answers is read as the account itself is.

use std::path::Path;
use std::sync::Arc;

use hikkoshi::clock::VirtualClock;
use hikkoshi::cloud::Cloud;
use hikkoshi::cloud::simulated::Simulated;
use hikkoshi::discover::dump;
use hikkoshi::kinds::{KINDS, Scope};
use hikkoshi::model::call::{Call, Outcome};
use hikkoshi::model::id::Id;
use hikkoshi::world::World;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::stateless::everything;
use crate::support::account::{BEGIN_MS, block_on, look};
use crate::support::account_ecs::cluster_arn;

/// What AWS does not say in these answers, and further reads or hikkoshi put there.
const MERGED: [&str; 8] = ["VpcId", "Tasks", "Template", "JobQueues", "Subnets", "SecurityGroups", "Dynamic", "Rule"];

struct Folder {
    cloud: Simulated,
    scratch: TempDir,
}

impl Folder {
    fn ask(&self, operation: &str, parameters: Value) -> Value {
        match block_on(self.cloud.call(&Call::new(operation, parameters))) {
            Outcome::Done(answer) => answer,
            other => panic!("{operation}: {other:?}"),
        }
    }

    fn write(&self, path: &str, answer: &Value) {
        let path = self.scratch.path().join(path);
        std::fs::create_dir_all(path.parent().expect("it is in a folder")).expect("the scratch directory is writable");
        std::fs::write(path, answer.to_string()).expect("the scratch directory is writable");
    }

    /// The answer of a command, as AWS gives it.
    fn command(&self, path: &str, operation: &str, parameters: Value) {
        let mut answer = self.ask(operation, parameters);
        let own = ["ecs:", "events:", "scheduler:", "states:", "autoscaling:", "batch:"];
        let merged = own.iter().any(|service| operation.starts_with(service));
        for doc in answer.as_object_mut().into_iter().flat_map(|map| map.values_mut()).filter_map(Value::as_array_mut).flatten() {
            if let Some(map) = doc.as_object_mut().filter(|_| merged) {
                map.retain(|key, _| !MERGED.contains(&key.as_str()));
            }
        }
        self.write(path, &answer);
    }
}

#[test]
fn nested_listings_are_recognised_in_a_folder() {
    let docs = everything();
    let cloud = Simulated::new(World::resume(docs.account()), Arc::new(VirtualClock::at(BEGIN_MS)));
    let folder = Folder { cloud, scratch: TempDir::new().expect("a scratch directory") };
    let plain = KINDS.iter().filter_map(|kind| kind.listing()).filter(|listing| !matches!(listing.scope, Scope::Each(_)));
    for (at, listing) in plain.enumerate() {
        folder.command(&format!("list/{at}.json"), listing.operation, (listing.with)());
    }
    let cluster = cluster_arn("prod");
    folder.command("ecs.json", "ecs:DescribeServices", json!({ "cluster": cluster, "services": ["web"] }));
    let tasks = folder.ask("ecs:ListTasks", json!({ "cluster": cluster, "serviceName": "web" }));
    folder.write("tasks-of/web/list.json", &tasks);
    folder.command("tasks-of/web/describe.json", "ecs:DescribeTasks", json!({ "cluster": cluster, "tasks": tasks["taskArns"] }));
    folder.command("rules.json", "events:ListRuleNamesByTarget", json!({ "TargetArn": cluster }));
    folder.command("targets-nightly-report.json", "events:ListTargetsByRule", json!({ "Rule": "nightly-report" }));
    folder.command("schedule.json", "scheduler:GetSchedule", json!({ "Name": "hourly", "GroupName": "default" }));
    let machine = "arn:aws:states:us-east-1:123456789012:stateMachine:billing";
    folder.command("machine.json", "states:DescribeStateMachine", json!({ "stateMachineArn": machine }));
    folder.command("template.json", "ec2:DescribeLaunchTemplateVersions", json!({ "LaunchTemplateId": "lt-workers" }));
    folder.command("queues.json", "batch:DescribeJobQueues", json!({}));
    let read = dump::read(Path::new(folder.scratch.path()), None, None, String::new()).unwrap_or_else(|error| panic!("{error}"));
    let looked = look(&folder.cloud);
    let kinds = ["ecs_service", "scheduled_task", "schedule", "state_machine", "auto_scaling_group", "batch_compute_environment"];
    let mine: Vec<&Id> = looked.resources.values().filter(|r| kinds.contains(&r.kind.as_str())).map(|r| &r.id).collect();
    assert_eq!(mine.len(), 7, "{mine:?}");
    for id in mine {
        assert_eq!(read.get(id), looked.get(id), "{id}");
    }
    let owner = |id: &str| read.resources[&Id::from(id)].facets.owner.as_ref().map(Id::to_string);
    assert_eq!(owner("eni-web-a"), Some("ecs:prod/web".to_owned()));
}
