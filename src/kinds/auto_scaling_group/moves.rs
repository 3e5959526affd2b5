//! How a group is carried across: a template version, other subnets, a refresh.

use serde_json::{Value, json};

use super::{BASICS, template, version};
use crate::kinds::build::{capture, check, filter, output, step, undo, undo_and_wait, wait, wait_or_fail, wait_out};
use crate::kinds::place::{Leg, Net};
use crate::model::path;
use crate::model::resource::Resource;
use crate::model::step::{AS_TEXT, Check, Expect, Step, UNSEEN_S, UndoCall, Wait};
use crate::model::strategy::Scene;

/// Seconds that a refresh usually takes for one instance: boot, first checks, warm-up (300 by default).
pub(super) const INSTANCE_S: u64 = 420;

const ACTIVE: [&str; 6] = ["Pending", "InProgress", "Cancelling", "RollbackInProgress", "Baking", "RollingBack"];

/// The steps of all changes.
pub(super) fn draft(resource: &Resource, scene: &Scene<'_>, legs: &[Leg]) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut used = json!(resource.doc["Template"]["VersionNumber"].to_string());
    let mut pinned = template(&resource.doc).map(version).is_none_or(|version| !version.starts_with('$'));
    let named = |leg: &Leg| if leg.what == "update" { scene.slug.to_owned() } else { format!("{}-{}", scene.slug, leg.what) };
    for leg in legs {
        let others = legs.iter().map(named).filter(|other| *other != named(leg)).map(|other| as_before(scene, &other)).collect();
        let mut roll = Roll { resource, scene, leg, name: named(leg), others, used: used.clone(), next: used.clone(), steps: Vec::new() };
        if !pinned {
            roll.pin();
            pinned = true;
        }
        roll.all(&steps);
        used = roll.next;
        steps.extend(roll.steps);
    }
    steps
}

/// How a version is called that is put on top of one that can't be deleted.
fn as_before(scene: &Scene<'_>, name: &str) -> String {
    format!("as before {name} of hikkoshi {}", scene.migration)
}

/// One change in the making.
struct Roll<'a> {
    resource: &'a Resource,
    scene: &'a Scene<'a>,
    leg: &'a Leg,
    name: String,
    /// How versions are called that other changes put on top on the way back.
    others: Vec<String>,
    /// The template's version before, as text.
    used: Value,
    /// And afterwards.
    next: Value,
    steps: Vec<Step>,
}

/// Ids, or references to them, with commas between.
fn joined(subnets: &[Value]) -> Value {
    let texts: Vec<&str> = subnets.iter().filter_map(Value::as_str).collect();
    json!(texts.join(","))
}

fn texts(list: &[&str]) -> Vec<Value> {
    list.iter().map(|text| json!(text)).collect()
}

impl Roll<'_> {
    fn own(&self) -> Value {
        json!({ "AutoScalingGroupNames": [self.resource.name] })
    }

    fn see(&self, what: &str, at: &str, expect: Expect) -> Check {
        check(what, "autoscaling:DescribeAutoScalingGroups", self.own(), &format!("AutoScalingGroups[].{at}"), expect)
    }

    fn uses(&self, version: &Value) -> Check {
        self.see("it launches this version of its template", "LaunchTemplate.Version", Expect::Equals(version.clone()))
    }

    fn template_id(&self) -> Value {
        template(&self.resource.doc).map_or(Value::Null, |spec| spec["LaunchTemplateId"].clone())
    }

    fn spec(&self, version: &Value) -> Value {
        json!({ "LaunchTemplateId": self.template_id(), "Version": version })
    }

    fn push(&mut self, mut made: Step, because: &str) {
        if let Some(last) = self.steps.last() {
            made.needs.push(crate::model::step::Need { step: last.id.clone(), because: because.to_owned() });
        }
        self.steps.push(made);
    }

    /// A version made beside `$Latest` would be launched at once, in the old subnets; and what `$Default` means somebody
    /// may change at any time. The way back gives it the word again.
    fn pin(&mut self) {
        let call = |version: &Value| json!({ "AutoScalingGroupName": self.resource.name, "LaunchTemplate": self.spec(version) });
        let word = json!(template(&self.resource.doc).map_or("$Latest", version));
        let made = step(
            format!("{}-pin", self.scene.slug),
            self.leg.stage,
            self.scene.slug,
            format!("Pin {} to the version of its template in use", self.resource.name),
        )
        .before(self.uses(&word))
        .call("autoscaling:UpdateAutoScalingGroup", call(&self.used))
        .settled_by(self.uses(&self.used))
        .undo(vec![undo("autoscaling:UpdateAutoScalingGroup", call(&word), self.uses(&word))])
        .done();
        self.push(made, "");
    }

    fn all(&mut self, earlier: &[Step]) {
        if self.leg.to.groups != self.leg.from.groups || self.gives_addresses() {
            self.version();
        }
        let suspend = !path::texts(&self.resource.doc, "SuspendedProcesses[].ProcessName").contains(&"AZRebalance".to_owned());
        if suspend {
            let made = self.rebalancing(true);
            self.push(made, "nothing is launched for balance from a version that is being made");
        }
        let made = self.placement();
        self.push(made, "what it launches from now on is as it is to be");
        if self.resource.doc["DesiredCapacity"] != 0 {
            let made = self.refresh();
            self.push(made, "a refresh launches what the group is set to");
        }
        if suspend {
            let made = self.rebalancing(false);
            self.push(made, "balance is kept again when everything is replaced");
        }
        if let (Some(last), Some(first)) = (earlier.last(), self.steps.first_mut()) {
            let because = "one refresh after the other".to_owned();
            first.needs.push(crate::model::step::Need { step: last.id.clone(), because });
        }
    }

    fn interfaces(&self) -> Option<&Vec<Value>> {
        self.resource.doc["Template"]["NetworkInterfaces"].as_array().filter(|list| !list.is_empty())
    }

    /// Whether its template asks for a public address, whatever the subnet says.
    fn gives_addresses(&self) -> bool {
        !self.leg.to.public && self.interfaces().is_some_and(|list| list.iter().any(|i| i["AssociatePublicIpAddress"] == true))
    }

    /// What differs from the version before. Groups stand at the interfaces or beside them, never at both; without an
    /// interface in the template the subnet decides about public addresses, and a private one gives none.
    fn data(&self, to: &Net) -> Value {
        let mut data = json!({});
        for key in BASICS.iter().filter(|key| !self.resource.doc["Template"][**key].is_null()) {
            data[*key] = self.resource.doc["Template"][*key].clone();
        }
        let Some(interfaces) = self.interfaces() else {
            data["SecurityGroupIds"] = json!(to.groups);
            return data;
        };
        let one = |interface: &Value| {
            let mut interface = interface.clone();
            interface["Groups"] = json!(to.groups);
            if !to.public && interface["DeviceIndex"].as_u64().unwrap_or(0) == 0 {
                interface["AssociatePublicIpAddress"] = json!(false);
            }
            if let Some(map) = interface.as_object_mut() {
                map.remove("SubnetId");
                map.retain(|_, value| !value.is_null());
            }
            interface
        };
        data["NetworkInterfaces"] = interfaces.iter().map(one).collect();
        data
    }

    /// The version is deleted; where that is not allowed, one like the one before is put on top of it, so that `$Latest`
    /// means what it meant.
    fn unmake(&self, id: &str, description: &str) -> Vec<UndoCall> {
        let of_template = json!({ "LaunchTemplateId": self.template_id() });
        let at = format!("LaunchTemplateVersions[VersionDescription={description}]");
        let gone = check("the version is gone", "ec2:DescribeLaunchTemplateVersions", of_template, &at, Expect::Absent);
        let mut delete = undo(
            "ec2:DeleteLaunchTemplateVersions",
            json!({ "LaunchTemplateId": self.template_id(), "Versions": [output(id, "Version")] }),
            gone,
        );
        delete.adopt_on = ["UnauthorizedOperation", "NotImplemented"].map(str::to_owned).to_vec();
        // What is latest may still be answered as it was, whether or not the version could be deleted.
        let own = json!({ "LaunchTemplateId": self.template_id(), "Versions": [self.used] });
        let there = check(
            "what is latest is answered as it is",
            "ec2:DescribeLaunchTemplateVersions",
            own,
            "LaunchTemplateVersions[].VersionNumber",
            Expect::Exists,
        );
        delete.wait = vec![wait_out(there, UNSEEN_S)];
        let latest = json!({ "LaunchTemplateId": self.template_id(), "Versions": ["$Latest"] });
        let not_on_top = check(
            "the latest version is not the one that was made",
            "ec2:DescribeLaunchTemplateVersions",
            latest,
            "LaunchTemplateVersions[].VersionDescription",
            Expect::Excludes(self.others.iter().map(String::as_str).chain([description]).map(|text| json!(text)).collect()),
        );
        let again = undo(
            "ec2:CreateLaunchTemplateVersion",
            json!({ "LaunchTemplateId": self.template_id(), "SourceVersion": self.used, "LaunchTemplateData": self.data(&self.leg.from),
                "VersionDescription": as_before(self.scene, &self.name) }),
            not_on_top,
        );
        vec![delete, again]
    }

    fn version(&mut self) {
        let id = format!("{}-template", self.name);
        let description = format!("hikkoshi {} {id} ${{self.Token}}", self.scene.migration);
        let of_template = json!({ "LaunchTemplateId": self.template_id() });
        let at = format!("LaunchTemplateVersions[VersionDescription={description}]");
        let undo = self.unmake(&id, &description);
        let number = format!("{AS_TEXT}VersionNumber");
        let made =
            step(&id, self.leg.stage, self.scene.slug, format!("Make a version of the template of {} with its groups", self.resource.name))
                .call(
                    "ec2:CreateLaunchTemplateVersion",
                    json!({ "LaunchTemplateId": self.template_id(), "SourceVersion": self.used, "VersionDescription": description,
                    "LaunchTemplateData": self.data(&self.leg.to), "ClientToken": "${self.Token}" }),
                )
                .output("Version", &format!("{AS_TEXT}LaunchTemplateVersion.VersionNumber"))
                .probe_made("ec2:DescribeLaunchTemplateVersions", of_template, &at, &[("Version", &number)])
                .undo(undo)
                .done();
        self.next = output(&id, "Version");
        self.push(made, "its version does not change when another is made");
    }

    fn rebalancing(&self, off: bool) -> Step {
        let call = json!({ "AutoScalingGroupName": self.resource.name, "ScalingProcesses": ["AZRebalance"] });
        let process = || texts(&["AZRebalance"]);
        let at = "SuspendedProcesses[].ProcessName";
        let is_off = self.see("rebalancing is suspended", at, Expect::Includes(process()));
        let is_on = self.see("rebalancing is not suspended", at, Expect::Excludes(process()));
        let (verb, other) = ("autoscaling:SuspendProcesses", "autoscaling:ResumeProcesses");
        let (what, words, verb, back, becomes, was) =
            if off { ("suspend", "Suspend", verb, other, is_off, is_on) } else { ("resume", "Resume", other, verb, is_on, is_off) };
        step(format!("{}-{what}", self.name), self.leg.stage, self.scene.slug, format!("{words} rebalancing of {}", self.resource.name))
            .call(verb, call.clone())
            .settled_by(becomes)
            .undo(vec![undo(back, call, was)])
            .done()
    }

    fn set(&self, subnets: &[Value], version: &Value) -> Value {
        json!({ "AutoScalingGroupName": self.resource.name, "VPCZoneIdentifier": joined(subnets), "LaunchTemplate": self.spec(version) })
    }

    fn sits(&self, subnets: &[Value]) -> Check {
        self.see("it launches in these subnets", "VPCZoneIdentifier", Expect::SameSet(subnets.to_vec()))
    }

    fn moves(&self) -> bool {
        self.leg.from.subnets != self.leg.to.subnets
    }

    fn back(&self) -> UndoCall {
        let was = if self.moves() { self.sits(&self.leg.from.subnets) } else { self.uses(&self.used) };
        undo("autoscaling:UpdateAutoScalingGroup", self.set(&self.leg.from.subnets, &self.used), was)
    }

    fn placement(&self) -> Step {
        let (sits, uses) = (self.sits(&self.leg.to.subnets), self.uses(&self.next));
        let (first, second) = if self.moves() { (sits, uses) } else { (uses, sits) };
        let title = if self.moves() {
            format!("Let {} launch in the private subnets only", self.resource.name)
        } else {
            format!("Let {} launch the new version", self.resource.name)
        };
        step(format!("{}-subnets", self.name), self.leg.stage, self.scene.slug, title)
            .before(self.sits(&self.leg.from.subnets))
            .before(self.uses(&self.used))
            .call("autoscaling:UpdateAutoScalingGroup", self.set(&self.leg.to.subnets, &self.next))
            .settled_by(first)
            .verify(second)
            .undo(vec![self.back()])
            .done()
    }

    fn refreshes(&self, what: &str, at: &str, expect: Expect) -> Check {
        let own = json!({ "AutoScalingGroupName": self.resource.name });
        check(what, "autoscaling:DescribeInstanceRefreshes", own, at, expect)
    }

    fn idle(&self) -> Check {
        self.refreshes("no refresh is under way", "InstanceRefreshes[].Status", Expect::Excludes(texts(&ACTIVE)))
    }

    /// None of its instances is of the other sort: told by the template's version, or by the subnet where that is the same.
    fn none_is(&self, what: &str, version: &Value, subnets: &[Value]) -> Check {
        if self.used != self.next {
            return self.see(what, "Instances[].LaunchTemplate.Version", Expect::Excludes(vec![version.clone()]));
        }
        self.instances(what, "SubnetId", Expect::Excludes(subnets.to_vec()))
    }

    fn instances(&self, what: &str, at: &str, expect: Expect) -> Check {
        let filters = [
            filter("tag:aws:autoscaling:groupName", &[json!(self.resource.name)]),
            filter("instance-state-name", &texts(&["pending", "running"])),
        ];
        check(what, "ec2:DescribeInstances", json!({ "Filters": filters }), &format!("Reservations[].Instances[].{at}"), expect)
    }

    fn start(&self, version: &Value) -> Value {
        let count = self.resource.doc["DesiredCapacity"].as_u64().unwrap_or(1).max(1);
        // Room for one more than there are, at least a tenth more.
        let most = (100 * (count + 1)).div_ceil(count).clamp(110, 200);
        let mut preferences =
            json!({ "MinHealthyPercentage": 100, "MaxHealthyPercentage": most, "SkipMatching": false, "AutoRollback": false });
        let points: &[u64] = match count {
            1 => &[],
            2..10 => &[50, 100],
            _ => &[10, 50, 100],
        };
        if !points.is_empty() {
            preferences["CheckpointPercentages"] = json!(points);
            preferences["CheckpointDelay"] = json!(300);
        }
        json!({ "AutoScalingGroupName": self.resource.name, "Strategy": "Rolling",
            "DesiredConfiguration": { "LaunchTemplate": self.spec(version) }, "Preferences": preferences })
    }

    fn span(&self) -> (u64, u64) {
        let count = self.resource.doc["DesiredCapacity"].as_u64().unwrap_or(1).max(1);
        (count * INSTANCE_S, count * INSTANCE_S * 4 + 7200)
    }

    fn refresh(&self) -> Step {
        let id = format!("{}-refresh", self.name);
        let group = json!({ "AutoScalingGroupName": self.resource.name });
        let this = json!({ "AutoScalingGroupName": self.resource.name, "InstanceRefreshIds": [output(&id, "InstanceRefreshId")] });
        let through = check(
            "the refresh is through",
            "autoscaling:DescribeInstanceRefreshes",
            this,
            "InstanceRefreshes[].Status",
            Expect::Equals(json!("Successful")),
        );
        let never = ["Failed", "Cancelled", "RollbackSuccessful", "RollbackFailed"];
        let (usual_s, timeout_s) = self.span();
        let is_another = Expect::Excludes(vec![output(&id, "Before")]);
        let replaced = self.none_is("no instance is as it was", &self.used, &self.leg.from.subnets);
        let mut draft =
            step(&id, self.leg.stage, self.scene.slug, format!("Replace the instances of {}, one after the other", self.resource.name))
                .before(self.idle())
                .capture(
                    "Before",
                    capture("autoscaling:DescribeInstanceRefreshes", group.clone(), "InstanceRefreshes[0].InstanceRefreshId"),
                )
                .call("autoscaling:StartInstanceRefresh", self.start(&self.next))
                .output("InstanceRefreshId", "InstanceRefreshId")
                .probe_made(
                    "autoscaling:DescribeInstanceRefreshes",
                    group,
                    "InstanceRefreshes[0]",
                    &[("InstanceRefreshId", "InstanceRefreshId")],
                )
                .probe_expects("InstanceRefreshes[0].InstanceRefreshId", is_another)
                .adopt_on(&["InstanceRefreshInProgress"])
                .wait(wait_or_fail(through, &never, usual_s, timeout_s))
                .verify(replaced)
                .undo(self.reverse());
        if !self.leg.to.public {
            draft = draft.verify(self.instances("no instance has a public address", "PublicIpAddress", Expect::Absent));
        }
        self.healthy().into_iter().fold(draft, |draft, wait| draft.wait(wait)).done()
    }

    fn healthy(&self) -> Vec<Wait> {
        let pending = texts(&["initial", "unhealthy", "unavailable"]);
        let arns = path::texts(&self.resource.doc, "TargetGroupARNs[]");
        let one = |arn: &String| {
            let at = "TargetHealthDescriptions[].TargetHealth.State";
            let own = json!({ "TargetGroupArn": arn });
            wait(
                check(
                    "no target waits for its health checks",
                    "elasticloadbalancing:DescribeTargetHealth",
                    own,
                    at,
                    Expect::Excludes(pending.clone()),
                ),
                10,
                900,
            )
        };
        arns.iter().map(one).collect()
    }

    /// A refresh under way is cancelled, the group set to what it was (a rollback of the refresh would leave its
    /// subnets), and what was replaced is replaced again.
    fn reverse(&self) -> Vec<UndoCall> {
        let group = json!({ "AutoScalingGroupName": self.resource.name });
        let (usual_s, timeout_s) = self.span();
        let as_before = || self.none_is("no instance is of the new sort", &self.next, &self.leg.to.subnets);
        let cancel = undo_and_wait("autoscaling:CancelInstanceRefresh", group, self.idle(), vec![wait(self.idle(), 30, 1800)]);
        let waits = vec![wait(self.idle(), usual_s, timeout_s), wait(as_before(), 30, 1800)];
        let mut again = undo_and_wait("autoscaling:StartInstanceRefresh", self.start(&self.used), as_before(), waits);
        again.adopt_on = vec!["InstanceRefreshInProgress".to_owned()];
        vec![cancel, self.back(), again]
    }
}
