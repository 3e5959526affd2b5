//! How a service is carried across: one task on trial, then a deployment.

use serde_json::{Value, json};

use crate::kinds::build::{MIGRATION_TAG, STEP_TAG, check, output, step, undo, undo_and_wait, wait, wait_or_fail};
use crate::kinds::place::{Leg, Net};
use crate::model::path;
use crate::model::resource::Resource;
use crate::model::step::{Check, Expect, Impact, Stage, Step, Wait};
use crate::model::strategy::Scene;

/// Seconds until a task runs, and until a deployment is through (5 to 20 minutes).
pub(super) const CANARY_S: u64 = 60;
pub(super) const ROLLOUT_S: u64 = 300;
/// How a container ends that did not mean to: its own failure, a command that can't run, a broken memory access.
const CRASHES: [u64; 5] = [1, 2, 126, 127, 139];

/// A network configuration in ECS's spelling.
pub(super) fn awsvpc(net: &Net) -> Value {
    json!({ "subnets": net.subnets, "securityGroups": net.groups, "assignPublicIp": if net.public { "ENABLED" } else { "DISABLED" } })
}

/// The steps of all changes; before the first deployment where public addresses are missed, a task is tried out.
pub(super) fn draft(resource: &Resource, scene: &Scene<'_>, legs: Vec<Leg>) -> Vec<Step> {
    let service = Service { resource, scene };
    let mut steps: Vec<Step> = Vec::new();
    let mut config = service.config();
    let mut tried = false;
    for leg in legs {
        let ours = service.careful(&config);
        let mut draft = service.update(&leg, &config, &ours);
        if leg.stage != Stage::Guard && !tried && resource.doc["desiredCount"] != 0 {
            tried = true;
            let trial = service.trial(&leg);
            draft.needs.push(crate::model::step::Need {
                step: trial[1].id.clone(),
                because: "a task has shown that it gets its image and starts there".into(),
            });
            steps.extend(trial);
        }
        if let Some(previous) = steps.last().filter(|last| last.call.operation.name() == "UpdateService") {
            let because = "one deployment after the other".to_owned();
            draft.needs.push(crate::model::step::Need { step: previous.id.clone(), because });
        }
        steps.push(draft);
        config = ours;
    }
    steps.extend(service.as_before(&config, steps.last()));
    steps
}

struct Service<'a> {
    resource: &'a Resource,
    scene: &'a Scene<'a>,
}

impl Service<'_> {
    fn doc(&self) -> &Value {
        &self.resource.doc
    }

    /// The deployment configuration as it is.
    fn config(&self) -> Value {
        let off = json!({ "enable": false, "rollback": false });
        let mut config = match &self.doc()["deploymentConfiguration"] {
            Value::Null => json!({ "maximumPercent": 200, "minimumHealthyPercent": 100 }),
            config => config.clone(),
        };
        if config["deploymentCircuitBreaker"].is_null() {
            config["deploymentCircuitBreaker"] = off;
        }
        config
    }

    /// The same with the circuit breaker on, and percentages that interrupt nothing where the user's would.
    fn careful(&self, config: &Value) -> Value {
        let mut config = config.clone();
        config["deploymentCircuitBreaker"] = json!({ "enable": true, "rollback": true });
        let percent = |key: &str, usual: u64| config[key].as_u64().unwrap_or(usual);
        let (least, most) = (percent("minimumHealthyPercent", 100), percent("maximumPercent", 200));
        let count = self.doc()["desiredCount"].as_u64().unwrap_or(1);
        let stays = (count * least).div_ceil(100);
        if self.doc()["schedulingStrategy"] != "DAEMON" && count > 0 {
            if stays == 0 {
                config["minimumHealthyPercent"] = json!(100);
            }
            // With neither one less nor one more there is no way to replace anything.
            if (stays == 0 || stays == count) && count * most / 100 <= count {
                config["maximumPercent"] = json!(200);
            }
        }
        config
    }

    fn see(&self, what: &str, at: &str, expect: Expect) -> Check {
        let own = json!({ "cluster": self.doc()["clusterArn"], "services": [self.resource.name] });
        check(what, "ecs:DescribeServices", own, &format!("services[].{at}"), expect)
    }

    /// The checks that it is configured so; the first is the one that tells it from `other`.
    fn is(&self, net: &Net, other: &Net) -> Vec<Check> {
        self.is_at("", net, other)
    }

    /// The deployment in charge is the one with this network: neither the one before it, which a read just after the call may
    /// still tell, nor the one by which the circuit breaker went back.
    fn deploys(&self, net: &Net, other: &Net) -> Check {
        let mut check = self.is_at("deployments[status=PRIMARY].", net, other).swap_remove(0);
        check.what = "the deployment in charge has the network that was asked for".to_owned();
        check
    }

    fn is_at(&self, whose: &str, net: &Net, other: &Net) -> Vec<Check> {
        let at = |key: &str| format!("{whose}networkConfiguration.awsvpcConfiguration.{key}");
        let subnets = self.see("its tasks start in these subnets", &at("subnets"), Expect::SameSet(net.subnets.clone()));
        let groups = self.see("its tasks wear these groups", &at("securityGroups"), Expect::SameSet(net.groups.clone()));
        let public = awsvpc(net)["assignPublicIp"].clone();
        let public = self.see("its tasks' public addresses", &at("assignPublicIp"), Expect::Equals(public));
        if net.subnets != other.subnets {
            vec![subnets, groups, public]
        } else if net.groups != other.groups {
            vec![groups, subnets, public]
        } else {
            vec![public, subnets, groups]
        }
    }

    /// The target groups that a balancer sends to.
    fn served(&self) -> Vec<String> {
        let arns = path::texts(self.doc(), "loadBalancers[].targetGroupArn");
        let balancers = |arn: &String| {
            let id = crate::kinds::target_group::id_of_arn(arn);
            self.scene.inventory.get(&id).is_some_and(|group| !path::texts(&group.doc, "LoadBalancerArns[]").is_empty())
        };
        arns.into_iter().filter(balancers).collect()
    }

    fn health(&self, what: &str, arn: &str, expect: Expect) -> Check {
        let at = "TargetHealthDescriptions[].TargetHealth.State";
        check(what, "elasticloadbalancing:DescribeTargetHealth", json!({ "TargetGroupArn": arn }), at, expect)
    }

    /// The deployment is through: one is left, it is completed, and its targets are healthy.
    fn rolled(&self, net: &Net, other: &Net) -> Vec<Wait> {
        let completed =
            self.see("the deployment is completed", "deployments[status=PRIMARY].rolloutState", Expect::Equals(json!("COMPLETED")));
        let alone = self.see("no older deployment is left", "deployments[].status", Expect::SameSet(vec![json!("PRIMARY")]));
        let mut waits =
            vec![wait(self.deploys(net, other), 1, 120), wait_or_fail(completed, &["FAILED"], ROLLOUT_S, 3600), wait(alone, 10, 1800)];
        let pending = ["initial", "unhealthy", "unavailable"].map(|state| json!(state)).to_vec();
        for arn in self.served() {
            let check = self.health("no target waits for its health checks", &arn, Expect::Excludes(pending.clone()));
            waits.push(wait(check, 10, 900));
        }
        waits
    }

    fn update(&self, leg: &Leg, before: &Value, config: &Value) -> Step {
        let (scene, doc) = (self.scene, self.doc());
        let call = |net: &Net, config: &Value| {
            json!({ "cluster": doc["clusterArn"], "service": self.resource.name,
                "networkConfiguration": { "awsvpcConfiguration": awsvpc(net) }, "deploymentConfiguration": config })
        };
        let was = self.is(&leg.from, &leg.to);
        let mut becomes = self.is(&leg.to, &leg.from).into_iter();
        let mut back = vec![undo_and_wait("ecs:UpdateService", call(&leg.from, before), was[0].clone(), self.rolled(&leg.from, &leg.to))];
        // Where the circuit breaker has gone back by itself, it has put back the network, and this not.
        back.extend(self.configured(before, config).map(|(call, told)| undo("ecs:UpdateService", call, told)));
        let mut draft = step(format!("{}-{}", scene.slug, leg.what), leg.stage, scene.slug, leg.title.clone())
            .call("ecs:UpdateService", call(&leg.to, config))
            .impact(self.impact(config))
            .undo(back);
        draft = was.into_iter().fold(draft, |draft, check| draft.before(check));
        draft = becomes.next().into_iter().fold(draft, |draft, check| draft.settled_by(check));
        draft = becomes.fold(draft, |draft, check| draft.verify(check)).verify(self.deploys(&leg.to, &leg.from));
        if doc["desiredCount"] != 0 {
            for arn in self.served() {
                draft = draft.verify(self.health("its targets are healthy", &arn, Expect::Includes(vec![json!("healthy")])));
            }
        }
        self.rolled(&leg.to, &leg.from).into_iter().fold(draft, |draft, wait| draft.wait(wait)).done()
    }

    /// What deployments are careful with, by the field that tells one configuration from another; none where they are the same.
    /// A change of it starts no deployment.
    fn configured(&self, is: &Value, other: &Value) -> Option<(Value, Check)> {
        let fields = ["deploymentCircuitBreaker", "minimumHealthyPercent", "maximumPercent"];
        let field = fields.into_iter().find(|field| is[*field] != other[*field])?;
        let told =
            self.see("its deployments are configured so", &format!("deploymentConfiguration.{field}"), Expect::Equals(is[field].clone()));
        let call = json!({ "cluster": self.doc()["clusterArn"], "service": self.resource.name, "deploymentConfiguration": is });
        Some((call, told))
    }

    /// At the end its deployments are configured as they were: what was careful was so for these moves.
    fn as_before(&self, careful: &Value, last: Option<&Step>) -> Option<Step> {
        let (last, before) = (last?, self.config());
        let (there, (back, was)) = (self.configured(&before, careful)?, self.configured(careful, &before)?);
        let title = format!("Configure the deployments of {} as before", self.resource.name);
        let draft = step(format!("{}-deployments", self.scene.slug), last.stage, self.scene.slug, title)
            .call("ecs:UpdateService", there.0)
            .settled_by(there.1)
            .needs(&last.id, "the last deployment of the move is through")
            .undo(vec![undo("ecs:UpdateService", back, was)]);
        Some(draft.done())
    }

    /// With a daemon per instance, or one task and no room beside it, the old goes before the new comes.
    fn impact(&self, config: &Value) -> Impact {
        let daemon = self.doc()["schedulingStrategy"] == "DAEMON" && config["minimumHealthyPercent"] != 100;
        if daemon {
            return Impact::Brief { seconds: 120, what: "a daemon's task stops before the new one starts, one instance at a time".into() };
        }
        Impact::None
    }

    /// One task of the service's own definition in the new place, and its end.
    fn trial(&self, leg: &Leg) -> Vec<Step> {
        let (scene, doc) = (self.scene, self.doc());
        let name = &self.resource.name;
        let (start, stop) = (format!("{}-canary", scene.slug), format!("{}-canary-stop", scene.slug));
        let task = json!({ "cluster": doc["clusterArn"], "tasks": [output(&start, "TaskArn")] });
        let state = |what: &str, expect: Expect| check(what, "ecs:DescribeTasks", task.clone(), "tasks[].lastStatus", expect);
        let over = check(
            "the task is to stop, or gone",
            "ecs:DescribeTasks",
            task.clone(),
            "tasks[desiredStatus=RUNNING].taskArn",
            Expect::Absent,
        );
        let alive = ["PROVISIONING", "PENDING", "ACTIVATING", "RUNNING", "DEACTIVATING", "STOPPING", "DEPROVISIONING"];
        let starting = ["PROVISIONING", "PENDING", "ACTIVATING"];
        let stopped = || wait(state("the task has stopped", Expect::Excludes(alive.map(|s| json!(s)).to_vec())), 40, 900);
        let end = json!({ "cluster": doc["clusterArn"], "task": output(&start, "TaskArn"), "reason": "hikkoshi: the trial is over" });
        let started_by = json!({ "cluster": doc["clusterArn"], "startedBy": "${self.Token}" });
        let run = step(&start, leg.stage, scene.slug, format!("Try out one task of {name} where it is to go"))
            .call("ecs:RunTask", self.run(leg, &start))
            .output("TaskArn", "tasks[0].taskArn")
            // ECS answers 200 where it could place no task, and says so in `failures`.
            .answers("a task was placed", "failures[].reason", Expect::Absent)
            .probe_made("ecs:ListTasks", started_by, "taskArns[0]", &[("TaskArn", "")])
            // A task that ECS does not know yet, or has forgotten an hour after its end, has shown nothing.
            .wait(wait(check("ECS knows the task", "ecs:DescribeTasks", task.clone(), "tasks[].taskArn", Expect::Exists), 1, 120))
            .wait(wait(state("the task runs, or has run", Expect::Excludes(starting.map(|s| json!(s)).to_vec())), CANARY_S, 900))
            .verify(check(
                "it did start",
                "ecs:DescribeTasks",
                task.clone(),
                "tasks[].stopCode",
                Expect::Excludes(vec![json!("TaskFailedToStart")]),
            ))
            .verify(check(
                "it did not crash",
                "ecs:DescribeTasks",
                task.clone(),
                "tasks[].containers[].exitCode",
                Expect::Excludes(CRASHES.map(|c| json!(c)).to_vec()),
            ))
            .undo(vec![undo_and_wait("ecs:StopTask", end.clone(), over.clone(), vec![stopped()])])
            .done();
        let stop = step(&stop, leg.stage, scene.slug, format!("Stop the task of {name} that was tried out"))
            .call("ecs:StopTask", end.clone())
            .settled_by(over.clone())
            // A task that has ended is soon forgotten: then there is nothing to stop.
            .adopt_on(&["InvalidParameterException"])
            .wait(stopped())
            .needs(&start, "the task has shown that it starts")
            .undo(vec![undo("ecs:StopTask", end, over)])
            .done();
        vec![run, stop]
    }

    fn run(&self, leg: &Leg, start: &str) -> Value {
        let doc = self.doc();
        let mut parameters = json!({ "cluster": doc["clusterArn"], "taskDefinition": doc["taskDefinition"], "count": 1,
            "networkConfiguration": { "awsvpcConfiguration": awsvpc(&leg.to) }, "startedBy": "${self.Token}", "clientToken": "${self.Token}",
            "tags": [{ "key": MIGRATION_TAG, "value": self.scene.migration }, { "key": STEP_TAG, "value": start }] });
        // One or the other: AWS refuses both.
        let strategy = doc["capacityProviderStrategy"].as_array().is_some_and(|list| !list.is_empty());
        let chosen: &[&str] = if strategy { &["capacityProviderStrategy", "platformVersion"] } else { &["launchType", "platformVersion"] };
        for key in chosen.iter().filter(|key| !doc[**key].is_null()) {
            parameters[*key] = doc[*key].clone();
        }
        if doc["launchType"] == "EC2"
            && let Some(map) = parameters.as_object_mut()
        {
            map.remove("platformVersion");
        }
        parameters
    }
}
