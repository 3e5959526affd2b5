//! Where an instance is a target: in a target group, or at a Classic Load Balancer, which names its instances itself.

use serde_json::{Value, json};

use super::moves::DRAIN_S;
use crate::kinds::build::{check, wait};
use crate::model::facet::Role;
use crate::model::path;
use crate::model::resource::Resource;
use crate::model::step::{Check, Expect, Wait};
use crate::model::strategy::Scene;

/// A target group or a Classic Load Balancer that an instance is in.
pub(super) struct Membership<'a> {
    list: &'a Resource,
    port: u16,
    /// Whether it is the only member.
    pub(super) alone: bool,
}

/// All memberships of an instance.
pub(super) fn memberships<'a>(resource: &Resource, scene: &Scene<'a>) -> Vec<Membership<'a>> {
    let mut out = Vec::new();
    for list in scene.index.target_groups(resource.id.as_str()).iter().copied() {
        let members = || list.facets.targets.iter().flat_map(|targets| &targets.members);
        let alone = !members().any(|target| target.target != resource.id.as_str());
        let mut own = members().filter(|target| target.target == resource.id.as_str()).map(|target| target.port).collect::<Vec<_>>();
        if list.role == Role::Balancer {
            own.truncate(1); // it serves all its ports to whoever is registered
        }
        out.extend(own.into_iter().map(|port| Membership { list, port, alone }));
    }
    out
}

impl Membership<'_> {
    fn is_classic(&self) -> bool {
        self.list.role == Role::Balancer
    }

    /// The name of what it is in.
    pub(super) fn name(&self) -> &str {
        &self.list.name
    }

    /// The same for people.
    pub(super) fn words(&self) -> String {
        format!("{} {}", if self.is_classic() { "Classic Load Balancer" } else { "target group" }, self.list.name)
    }

    /// The call by which an instance comes in: operation and parameters.
    pub(super) fn register(&self, id: &Value) -> (&'static str, Value) {
        (if self.is_classic() { "elb:RegisterInstancesWithLoadBalancer" } else { "elasticloadbalancing:RegisterTargets" }, self.target(id))
    }

    /// The call by which an instance goes out.
    pub(super) fn deregister(&self, id: &Value) -> (&'static str, Value) {
        (
            if self.is_classic() { "elb:DeregisterInstancesFromLoadBalancer" } else { "elasticloadbalancing:DeregisterTargets" },
            self.target(id),
        )
    }

    fn target(&self, id: &Value) -> Value {
        if self.is_classic() {
            return json!({ "LoadBalancerName": self.list.name, "Instances": [{ "InstanceId": id }] });
        }
        json!({ "TargetGroupArn": self.list.doc["TargetGroupArn"], "Targets": [{ "Id": id, "Port": self.port }] })
    }

    /// What health checks find of an instance.
    pub(super) fn health(&self, what: &str, id: &Value, expect: Expect) -> Check {
        let text = id.as_str().unwrap_or_default();
        if self.is_classic() {
            let at = format!("InstanceStates[InstanceId={text}].State");
            return check(what, "elb:DescribeInstanceHealth", json!({ "LoadBalancerName": self.list.name }), &at, expect);
        }
        let at = format!("TargetHealthDescriptions[Target.Id={text}].TargetHealth.State");
        let group = json!({ "TargetGroupArn": self.list.doc["TargetGroupArn"] });
        check(what, "elasticloadbalancing:DescribeTargetHealth", group, &at, expect)
    }

    /// The state of one that is served.
    pub(super) fn healthy(&self) -> Value {
        json!(if self.is_classic() { "InService" } else { "healthy" })
    }

    /// Whether anything sends it traffic: a target of a group without a balancer is never healthy.
    pub(super) fn serves(&self) -> bool {
        self.is_classic() || !path::texts(&self.list.doc, "LoadBalancerArns[]").is_empty()
    }

    /// What to wait for once it is registered.
    pub(super) fn registered(&self, id: &Value) -> Vec<Wait> {
        if !self.serves() {
            return Vec::new();
        }
        vec![wait(self.health("the target is healthy", id, Expect::Equals(self.healthy())), 30, 900)]
    }

    /// Every state of a registered target; one that is deregistered drains, then it is not listed any more (ELB guide).
    pub(super) fn registered_states(&self) -> Vec<Value> {
        if self.is_classic() {
            return ["InService", "OutOfService", "Unknown"].map(|state| json!(state)).to_vec();
        }
        ["initial", "healthy", "unhealthy", "unhealthy.draining", "unused", "unavailable"].map(|state| json!(state)).to_vec()
    }

    /// What to wait for once it is deregistered.
    pub(super) fn drained(&self, id: &Value) -> Vec<Wait> {
        let drain = self.list.facets.targets.as_ref().map_or(DRAIN_S, |targets| targets.drain_s);
        vec![wait(self.health("the target has drained", id, Expect::Absent), drain, drain + 300)]
    }
}
