//! How a compute environment is carried across: in place, or by another one beside it.

use serde_json::{Value, json};

use super::on_fargate;
use crate::kinds::build::{MIGRATION_TAG, STEP_TAG, check, output, rest_first, step, undo_and_wait, wait, wait_or_fail};
use crate::kinds::place::{Leg, blocker, homes};
use crate::model::path;
use crate::model::resource::Resource;
use crate::model::step::{Check, Expect, Need, Stage, Step, UndoCall, Wait};
use crate::model::strategy::{Blocker, Scene};

/// Seconds until an environment is valid again.
pub(super) const UPDATE_S: u64 = 180;
/// Minutes that running jobs are waited for: AWS's most, five days.
const JOBS_MIN: u64 = 7200;
/// Environments that a queue may have (Batch guide, "Job queues").
const PER_QUEUE: usize = 3;

fn see(what: &str, name: &Value, at: &str, expect: Expect) -> Check {
    let own = json!({ "computeEnvironments": [name] });
    check(what, "batch:DescribeComputeEnvironments", own, &format!("computeEnvironments[].{at}"), expect)
}

/// It is valid, whatever was done to it.
fn valid(name: &Value, timeout_s: u64) -> Wait {
    wait_or_fail(see("the environment is valid", name, "status", Expect::Equals(json!("VALID"))), &["INVALID"], UPDATE_S, timeout_s)
}

/// It is gone, or on its way: a second deletion would be refused.
fn going(name: &Value) -> Check {
    see("it is gone, or being deleted", name, "status", Expect::Only(vec![json!("DELETING"), json!("DELETED")]))
}

/// Batch refuses every change while another one is under way.
fn rests(name: &Value, timeout_s: u64) -> UndoCall {
    let busy = ["CREATING", "UPDATING"].map(|status| json!(status)).to_vec();
    let there = see("it is there, or was never made", name, "status", Expect::Excludes(vec![json!("DELETED")]));
    let rest = wait(see("nothing is being changed", name, "status", Expect::Excludes(busy)), 30, timeout_s);
    rest_first("batch:UpdateComputeEnvironment", json!({ "computeEnvironment": name }), there, vec![rest])
}

fn needs(made: &mut Step, step: &str, because: &str) {
    made.needs.push(Need { step: step.to_owned(), because: because.to_owned() });
}

/// Changes in place.
pub(super) fn updates(resource: &Resource, scene: &Scene<'_>, legs: Vec<Leg>) -> Vec<Step> {
    legs.iter().map(|leg| update(resource, scene, leg)).collect()
}

fn update(resource: &Resource, scene: &Scene<'_>, leg: &Leg) -> Step {
    let name = json!(resource.name);
    let fargate = on_fargate(&resource.doc);
    let timeout_s = if fargate { 1800 } else { JOBS_MIN * 60 + 7200 };
    let call = |subnets: &[Value], groups: &[Value]| {
        let mut call = json!({ "computeEnvironment": name, "computeResources": { "subnets": subnets, "securityGroupIds": groups } });
        if !fargate {
            call["updatePolicy"] = json!({ "terminateJobsOnUpdate": false, "jobExecutionTimeoutMinutes": JOBS_MIN });
        }
        call
    };
    let sits = |net: &crate::kinds::place::Net| {
        see("its jobs start in these subnets", &name, "computeResources.subnets", Expect::SameSet(net.subnets.clone()))
    };
    let wears = |net: &crate::kinds::place::Net| {
        see("its jobs wear these groups", &name, "computeResources.securityGroupIds", Expect::SameSet(net.groups.clone()))
    };
    let moves = leg.from.subnets != leg.to.subnets;
    let tells = |net: &crate::kinds::place::Net| if moves { (sits(net), wears(net)) } else { (wears(net), sits(net)) };
    let (was, also_was) = tells(&leg.from);
    let (becomes, and) = tells(&leg.to);
    let mut back = vec![
        rests(&name, timeout_s),
        undo_and_wait(
            "batch:UpdateComputeEnvironment",
            call(&leg.from.subnets, &leg.from.groups),
            was.clone(),
            vec![valid(&name, timeout_s)],
        ),
    ];
    back.extend((!fargate).then(|| policy_back(resource, timeout_s)).flatten());
    step(format!("{}-{}", scene.slug, leg.what), leg.stage, scene.slug, leg.title.clone())
        .before(see("nothing is being changed", &name, "status", Expect::Equals(json!("VALID"))))
        .before(was)
        .before(also_was)
        .call("batch:UpdateComputeEnvironment", call(&leg.to.subnets, &leg.to.groups))
        .settled_by(becomes)
        .wait(valid(&name, timeout_s))
        .verify(and)
        .undo(back)
        .done()
}

/// The update policy as it was.
fn policy_back(resource: &Resource, timeout_s: u64) -> Option<UndoCall> {
    let (name, policy) = (json!(resource.name), &resource.doc["updatePolicy"]);
    let minutes = policy["jobExecutionTimeoutMinutes"].as_u64()?;
    let as_before = see("its update policy is as before", &name, "updatePolicy.jobExecutionTimeoutMinutes", Expect::Equals(json!(minutes)));
    let call = json!({ "computeEnvironment": name, "updatePolicy": policy });
    Some(undo_and_wait("batch:UpdateComputeEnvironment", call, as_before, vec![valid(&name, timeout_s)]))
}

/// Another environment, which then leads the queues; the old one runs empty.
pub(super) fn beside(resource: &Resource, scene: &Scene<'_>) -> Result<Vec<Step>, Blocker> {
    room_in_queues(resource, scene)?;
    let twin = Twin { resource, scene, new: format!("{}-{}", resource.name, scene.migration), made: format!("{}-beside", scene.slug) };
    let queues: Vec<&Value> = path::select(&resource.doc, "JobQueues[]");
    let mut steps = vec![twin.create(&homes(resource, scene)?)];
    for queue in &queues {
        steps.push(twin.lead(queue));
    }
    let leads: Vec<String> = steps[1..].iter().map(|s| s.id.clone()).collect();
    // One that is disabled takes no jobs; what it still runs ends all the same.
    let off = (resource.doc["state"] != "DISABLED").then(|| {
        let mut off = twin.off(&queues);
        leads.iter().for_each(|lead| needs(&mut off, lead, "jobs have another place to go first"));
        off
    });
    let before = off.as_ref().map_or_else(|| leads.clone(), |off| vec![off.id.clone()]);
    let because = if off.is_some() { "it has run empty" } else { "the queue keeps an environment" };
    steps.extend(off);
    for queue in &queues {
        let mut drop = twin.drop(queue);
        before.iter().for_each(|step| needs(&mut drop, step, because));
        steps.push(drop);
    }
    steps.push(twin.delete());
    Ok(steps)
}

/// A queue has room for another environment, and nothing else of it is exchanged at the same time.
fn room_in_queues(resource: &Resource, scene: &Scene<'_>) -> Result<(), Blocker> {
    for queue in path::select(&resource.doc, "JobQueues[]") {
        let name = path::text(queue, "jobQueueName");
        let members = path::texts(queue, "computeEnvironmentOrder[].computeEnvironment");
        if members.len() >= PER_QUEUE {
            let why =
                format!("the queue {name} has {PER_QUEUE} environments already, AWS's most, and {} needs one beside it", resource.name);
            return Err(blocker(resource, why, "take one of the others off the queue for the migration"));
        }
        let others = scene.inventory.resources.values().filter(|r| r.kind == resource.kind && r.id != resource.id);
        let mut stuck = others.filter(|r| super::in_place(&r.doc).is_err() && r.subnets().iter().any(|s| scene.today.contains(s)));
        if let Some(other) = stuck.find(|r| members.iter().any(|arn| r.doc["computeEnvironmentArn"] == arn.as_str())) {
            let why = format!("the queue {name} has {} and {}, and both would be exchanged", resource.name, other.name);
            return Err(blocker(resource, why, "take one of the two off the queue for the migration"));
        }
    }
    Ok(())
}

struct Twin<'a> {
    resource: &'a Resource,
    scene: &'a Scene<'a>,
    /// The new one's name.
    new: String,
    /// The step that makes it.
    made: String,
}

impl Twin<'_> {
    fn doc(&self) -> &Value {
        &self.resource.doc
    }

    fn old_arn(&self) -> Value {
        self.doc()["computeEnvironmentArn"].clone()
    }

    /// Everything as it is, but for subnets and groups.
    fn parameters(&self, subnets: &[Value]) -> Value {
        let doc = self.doc();
        let mut resources = doc["computeResources"].clone();
        resources["subnets"] = json!(subnets);
        resources["securityGroupIds"] = json!(self.scene.groups);
        for image in resources["ec2Configuration"].as_array_mut().into_iter().flatten() {
            image.as_object_mut().map(|map| map.remove("batchImageStatus"));
        }
        if let Some(map) = resources.as_object_mut() {
            map.remove("desiredvCpus");
            map.retain(|_, value| !value.is_null());
        }
        let mut tags = doc["tags"].as_object().cloned().unwrap_or_default();
        tags.retain(|key, _| !key.starts_with("aws:"));
        tags.insert(MIGRATION_TAG.to_owned(), json!(self.scene.migration));
        tags.insert(STEP_TAG.to_owned(), json!(self.made));
        let mut call = json!({ "computeEnvironmentName": self.new, "type": doc["type"], "state": doc["state"].as_str().unwrap_or("ENABLED"), "computeResources": resources, "tags": tags });
        for key in ["serviceRole", "eksConfiguration"] {
            if !doc[key].is_null() && doc[key] != "" {
                call[key] = doc[key].clone();
            }
        }
        call
    }

    fn create(&self, subnets: &[Value]) -> Step {
        let name = json!(self.new);
        let own = json!({ "computeEnvironments": [name] });
        let off = json!({ "computeEnvironment": name, "state": "DISABLED" });
        let gone = || see("it is gone", &name, "computeEnvironmentArn", Expect::Absent);
        let disabled = see("it is disabled, or gone", &name, "state", Expect::Excludes(vec![json!("ENABLED")]));
        let settled =
            wait(see("nothing is being changed", &name, "status", Expect::Excludes(vec![json!("UPDATING"), json!("CREATING")])), 30, 900);
        step(
            &self.made,
            Stage::Stateless,
            self.scene.slug,
            format!("Make a compute environment like {} in the private subnets", self.resource.name),
        )
        .before(see("there is no environment of its name", &name, "computeEnvironmentArn", Expect::Absent))
        .call("batch:CreateComputeEnvironment", self.parameters(subnets))
        .output("Arn", "computeEnvironmentArn")
        .probe_made("batch:DescribeComputeEnvironments", own, "computeEnvironments[0]", &[("Arn", "computeEnvironmentArn")])
        .wait(valid(&name, 1800))
        .undo(vec![
            rests(&name, 1800),
            undo_and_wait("batch:UpdateComputeEnvironment", off, disabled, vec![settled]),
            undo_and_wait(
                "batch:DeleteComputeEnvironment",
                json!({ "computeEnvironment": name }),
                going(&name),
                vec![wait(gone(), 60, 1800)],
            ),
        ])
        .done()
    }

    fn queue_step(&self, queue: &Value, id: &str, title: String, orders: (Vec<Value>, Vec<Value>), checks: (Check, Check)) -> Step {
        let ((from, to), (was, becomes)) = (orders, checks);
        let name = path::text(queue, "jobQueueName");
        let numbered = |list: &[Value]| {
            let entry = |(at, arn): (usize, &Value)| json!({ "order": at + 1, "computeEnvironment": arn });
            list.iter().enumerate().map(entry).collect::<Vec<_>>()
        };
        let call = |order: Value| json!({ "jobQueue": name, "computeEnvironmentOrder": order });
        let through = check(
            "the queue is valid",
            "batch:DescribeJobQueues",
            json!({ "jobQueues": [name] }),
            "jobQueues[].status",
            Expect::Equals(json!("VALID")),
        );
        let through = || wait_or_fail(through.clone(), &["INVALID"], 10, 900);
        // The order as it was, numbers included, where the list is the one of before.
        let before = if id == "lead" { queue["computeEnvironmentOrder"].clone() } else { json!(numbered(&from)) };
        step(format!("{}-queue-{}-{id}", self.scene.slug, crate::model::id::slug(name)), Stage::Stateless, self.scene.slug, title)
            .before(was.clone())
            .call("batch:UpdateJobQueue", call(json!(numbered(&to))))
            .settled_by(becomes)
            .wait(through())
            .undo(vec![undo_and_wait("batch:UpdateJobQueue", call(before), was, vec![through()])])
            .done()
    }

    fn members(&self, queue: &Value, expect: Expect) -> Check {
        let own = json!({ "jobQueues": [queue["jobQueueName"]] });
        check(
            "the queue's environments",
            "batch:DescribeJobQueues",
            own,
            "jobQueues[].computeEnvironmentOrder[].computeEnvironment",
            expect,
        )
    }

    /// The environments of a queue in their order; in the place of the old one these.
    fn order(&self, queue: &Value, instead: &[Value]) -> Vec<Value> {
        let mut list: Vec<&Value> = path::select(queue, "computeEnvironmentOrder[]");
        list.sort_by_key(|entry| entry["order"].as_i64());
        let arns = list.into_iter().map(|entry| &entry["computeEnvironment"]);
        arns.flat_map(|arn| if *arn == self.old_arn() { instead.to_vec() } else { vec![arn.clone()] }).collect()
    }

    fn lead(&self, queue: &Value) -> Step {
        let (old, new) = (self.old_arn(), output(&self.made, "Arn"));
        let (alone, both) = (self.order(queue, std::slice::from_ref(&old)), self.order(queue, &[new.clone(), old]));
        let was = self.members(queue, Expect::Excludes(vec![new.clone()]));
        let becomes = self.members(queue, Expect::Includes(vec![new]));
        let title = format!("Let the queue {} send its jobs to the new environment first", path::text(queue, "jobQueueName"));
        self.queue_step(queue, "lead", title, (alone, both), (was, becomes))
    }

    fn drop(&self, queue: &Value) -> Step {
        let (old, new) = (self.old_arn(), output(&self.made, "Arn"));
        let (both, alone) = (self.order(queue, &[new.clone(), old.clone()]), self.order(queue, &[new]));
        let was = self.members(queue, Expect::Includes(vec![old.clone()]));
        let becomes = self.members(queue, Expect::Excludes(vec![old]));
        let title = format!("Take {} off the queue {}", self.resource.name, path::text(queue, "jobQueueName"));
        self.queue_step(queue, "drop", title, (both, alone), (was, becomes))
    }

    /// No more jobs for the old one, and those that run there end by themselves.
    fn off(&self, queues: &[&Value]) -> Step {
        let name = json!(self.resource.name);
        let call = |state: &str| json!({ "computeEnvironment": name, "state": state });
        let is = |what: &str, state: &str| see(what, &name, "state", Expect::Equals(json!(state)));
        let mut draft =
            step(format!("{}-off", self.scene.slug), Stage::Stateless, self.scene.slug, format!("Let {} run empty", self.resource.name))
                .before(see("nothing is being changed", &name, "status", Expect::Equals(json!("VALID"))))
                .before(is("it takes jobs", "ENABLED"))
                .call("batch:UpdateComputeEnvironment", call("DISABLED"))
                .settled_by(is("it takes no more jobs", "DISABLED"))
                .wait(valid(&name, 1800))
                .undo(vec![
                    rests(&name, 1800),
                    undo_and_wait(
                        "batch:UpdateComputeEnvironment",
                        call("ENABLED"),
                        is("it takes jobs", "ENABLED"),
                        vec![valid(&name, 1800)],
                    ),
                ]);
        for check in self.empty(queues) {
            draft = draft.wait(wait(check, 60, JOBS_MIN * 60));
        }
        draft.done()
    }

    /// Its cluster runs no task any more; where it has none, the queues run no job.
    fn empty(&self, queues: &[&Value]) -> Vec<Check> {
        if let Some(cluster) = self.doc()["ecsClusterArn"].as_str() {
            let own = json!({ "cluster": cluster, "desiredStatus": "RUNNING" });
            return vec![check("its last job has ended", "ecs:ListTasks", own, "taskArns[]", Expect::Absent)];
        }
        let one = |(queue, status): (&Value, &str)| {
            let own = json!({ "jobQueue": queue["jobQueueName"], "jobStatus": status });
            check(&format!("no job is {status}"), "batch:ListJobs", own, "jobSummaryList[].jobId", Expect::Absent)
        };
        queues.iter().flat_map(|queue| ["STARTING", "RUNNING"].map(|status| one((queue, status)))).collect()
    }

    fn delete(&self) -> Step {
        let name = json!(self.resource.name);
        let gone = see("it is gone", &name, "computeEnvironmentArn", Expect::Absent);
        step(format!("{}-delete", self.scene.slug), Stage::Cleanup, self.scene.slug, format!("Delete {}", self.resource.name))
            .before(see("it takes no jobs", &name, "state", Expect::Equals(json!("DISABLED"))))
            .call("batch:DeleteComputeEnvironment", json!({ "computeEnvironment": name }))
            .settled_by(going(&name))
            .wait(wait(gone, 60, 1800))
            .irreversible("a compute environment that was deleted can only be made anew")
            .done()
    }
}
