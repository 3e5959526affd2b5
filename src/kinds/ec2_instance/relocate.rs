//! A relocation: an image at rest, a copy in the private subnet, the copy in the target groups.

use serde_json::{Value, json};

use super::membership::{Membership, memberships};
use super::moves::{OUTAGE_S, discard, protect_step, regroup, stop_step};
use super::session;
use crate::kinds::build::{capture, check, filter, made_by, output, step, tag_specification, undo, undo_and_wait, wait, wait_or_fail};
use crate::kinds::image::IMAGE_S;
use crate::model::path;
use crate::model::resource::Resource;
use crate::model::step::{Expect, Impact, Stage, Step, UndoCall};
use crate::model::strategy::{Blocker, Entry, Renumbering, Scene};

/// A relocation in the making.
pub(super) struct Move<'a> {
    pub(super) resource: &'a Resource,
    pub(super) scene: &'a Scene<'a>,
    memberships: Vec<Membership<'a>>,
    pub(super) subnet: Value,
}

impl<'a> Move<'a> {
    pub(super) fn new(resource: &'a Resource, scene: &'a Scene<'a>) -> Result<Move<'a>, Blocker> {
        let zone = path::text(&resource.doc, "Placement.AvailabilityZone");
        let blocked = |why: &str, way_out: &str| Blocker {
            code: "HK0401".into(),
            resource: resource.id.clone(),
            why: why.into(),
            way_out: way_out.into(),
        };
        let interfaces = path::select(&resource.doc, "NetworkInterfaces[]").len();
        if interfaces > 1 {
            return Err(blocked(
                "it has more than one network interface, which an image does not carry",
                "set its strategy to `flip`, or take the second interface off first",
            ));
        }
        if path::text(&resource.doc, "State.Name") != "running" {
            return Err(blocked(
                "it isn't running, so nobody can tell whether its copy works",
                "start it, or set its strategy to `flip` or `retire`",
            ));
        }
        let subnet = scene
            .private
            .get(zone)
            .cloned()
            .ok_or_else(|| blocked("there is no private subnet in its zone", "add the zone to the plan's private subnets"))?;
        Ok(Move { resource, scene, memberships: memberships(resource, scene), subnet })
    }

    pub(super) fn id(&self, what: &str) -> String {
        format!("{}-{what}", self.scene.slug)
    }

    pub(super) fn old(&self) -> Value {
        json!(self.resource.id.as_str())
    }

    fn new_id(&self) -> Value {
        output(&self.id("launch"), "InstanceId")
    }

    pub(super) fn steps(&self) -> Result<Vec<Step>, Blocker> {
        let mut steps: Vec<Step> = self.memberships.iter().map(|m| self.deregister(m)).collect();
        steps.extend([self.stop(), self.image(), self.launch()]);
        if let Some(entry) = self.scene.entry {
            let launch = self.id("launch");
            steps.push(session::after(self.resource, self.scene, entry, &self.new_id(), Some(&launch)));
        }
        steps.extend(self.memberships.iter().map(|m| self.register(m)));
        steps.push(self.protect());
        // One after the other: each stands on the one before.
        let reasons = ["it no longer gets requests", "the disks are at rest", "the image is complete", "the copy runs", "the copy serves"];
        if self.scene.entry.is_some() {
            steps[0].needs.push(session::proven_before(self.scene.slug));
        }
        for at in 1..steps.len() {
            let previous = steps[at - 1].id.clone();
            let reason = match steps[at - 1].call.operation.name() {
                "DeregisterTargets" | "DeregisterInstancesFromLoadBalancer" => reasons[0],
                "StopInstances" => reasons[1],
                "CreateImage" => reasons[2],
                "RunInstances" | "SendCommand" => reasons[3],
                _ => reasons[4],
            };
            steps[at].needs.push(crate::model::step::Need { step: previous, because: reason.to_owned() });
        }
        steps.extend(self.groups());
        steps.extend(self.scene.entry.iter().flat_map(|entry| session::before(self.resource, self.scene, entry)));
        steps.extend(discard(self.resource, self.scene, &self.id("protect")));
        Ok(steps)
    }

    /// The copy's private address in place of the old one's.
    pub(super) fn renumbering(&self) -> Option<Renumbering> {
        let (since, because) = match (self.memberships.last(), self.scene.entry) {
            (Some(last), _) => (self.register_id(last), "the copy serves"),
            (None, Some(_)) => (Entry::after(self.scene.slug), "the copy runs and is reached"),
            (None, None) => (self.id("launch"), "the copy runs and its checks have passed"),
        };
        Some(Renumbering {
            slug: self.scene.slug.to_owned(),
            name: self.resource.name.clone(),
            old: self.resource.doc["PrivateIpAddress"].as_str()?.to_owned(),
            new: output(&self.id("launch"), "PrivateIpAddress"),
            since,
            because: because.to_owned(),
        })
    }

    fn old_groups(&self) -> Vec<Value> {
        self.resource.groups().iter().map(|group| json!(group.as_str())).collect()
    }

    /// The copy's groups from its launch on: others may still come with their old ones.
    pub(super) fn launch_groups(&self) -> Vec<Value> {
        let old = if self.scene.old_until_tighten { self.old_groups() } else { Vec::new() };
        self.scene.groups.iter().cloned().chain(old.into_iter().filter(|group| !self.scene.groups.contains(group))).collect()
    }

    /// The group changes that go with the move: the new ones beside the old before it, where others come with theirs
    /// before; the old ones off after it, where others still came with theirs.
    fn groups(&self) -> Vec<Step> {
        let change = |interface: Value, name: &str| regroup(self.scene.slug, name, &interface, &self.old_groups(), self.scene.groups);
        let mut out = Vec::new();
        if self.scene.beside_first {
            let interface = json!(path::text(&self.resource.doc, "NetworkInterfaces[0].NetworkInterfaceId"));
            out.extend(change(interface, &self.resource.name).into_iter().take(1));
        }
        if self.scene.old_until_tighten {
            let interface = output(&self.id("launch"), "NetworkInterfaceId");
            let name = format!("the copy of {}", self.resource.name);
            let mut off = change(interface, &name).pop().expect("two steps, the second takes off");
            // The copy was launched with both.
            off.needs.clear();
            off.needs.extend(self.scene.entry.map(|_| session::proven_after(self.scene.slug)));
            out.push(off);
        }
        out
    }

    fn deregister(&self, membership: &Membership<'_>) -> Step {
        let id = if self.memberships.len() > 1 {
            self.id(&format!("deregister-{}", crate::model::id::slug(membership.name())))
        } else {
            self.id("deregister")
        };
        let (out, back) = (membership.deregister(&self.old()), membership.register(&self.old()));
        let title = format!("Take {} out of {}", self.resource.name, membership.words());
        let mut draft = step(&id, Stage::Pets, self.scene.slug, title)
            .before(membership.health("it is registered", &self.old(), Expect::Exists))
            .call(out.0, out.1)
            .settled_by(membership.health("it is not served any more", &self.old(), Expect::Excludes(membership.registered_states())))
            .undo(vec![undo_and_wait(
                back.0,
                back.1,
                membership.health("it is registered", &self.old(), Expect::Includes(vec![membership.healthy()])),
                membership.registered(&self.old()),
            )]);
        if membership.alone && membership.serves() {
            let minutes = OUTAGE_S.div_ceil(60) + 1;
            draft = draft
                .impact(Impact::Outage { minutes, what: format!("{} has no other target until the copy is healthy", membership.name()) });
        }
        membership.drained(&self.old()).into_iter().fold(draft, |draft, wait| draft.wait(wait)).done()
    }

    fn stop(&self) -> Step {
        let carried = !self.memberships.is_empty() && self.memberships.iter().all(|m| !m.alone);
        let impact = if carried {
            Impact::None
        } else {
            Impact::Outage { minutes: OUTAGE_S.div_ceil(60), what: format!("{} does not answer until its copy runs", self.resource.name) }
        };
        stop_step(&self.id("stop"), Stage::Pets, self.scene.slug, format!("Stop {}", self.resource.name), &self.old(), impact)
    }

    fn image(&self) -> Step {
        let id = self.id("image");
        let migration = self.scene.migration;
        let name = format!("hikkoshi-{migration}-{}", self.resource.id);
        let own = json!({ "ImageIds": [output(&id, "ImageId")] });
        let see = |what: &str, path: &str, expect| check(what, "ec2:DescribeImages", own.clone(), path, expect);
        let snapshots = json!({ "OwnerIds": ["self"], "Filters": made_by(migration, &id) });
        let drop_snapshots = UndoCall {
            each: Some(capture("ec2:DescribeSnapshots", snapshots.clone(), "Snapshots[].SnapshotId")),
            ..undo(
                "ec2:DeleteSnapshot",
                json!({ "SnapshotId": "${each.Value}" }),
                check("no snapshot of it is left", "ec2:DescribeSnapshots", snapshots, "Snapshots[].SnapshotId", Expect::Absent),
            )
        };
        step(&id, Stage::Pets, self.scene.slug, format!("Make an image of {} at rest", self.resource.name))
            .call(
                "ec2:CreateImage",
                json!({ "InstanceId": self.old(), "Name": name, "Description": format!("{} before it moved", self.resource.name),
                    "TagSpecifications": [tag_specification("image", migration, &id, &self.resource.name), tag_specification("snapshot", migration, &id, &self.resource.name)] }),
            )
            .output("ImageId", "ImageId")
            .adopt_on(&["InvalidAMIName.Duplicate"])
            .probe_made(
                "ec2:DescribeImages",
                json!({ "Owners": ["self"], "Filters": made_by(migration, &id) }),
                "Images[]",
                &[("ImageId", "ImageId")],
            )
            .wait(wait_or_fail(see("the image is available", "Images[].State", Expect::Equals(json!("available"))), &["failed", "error", "invalid", "deregistered"], IMAGE_S, 4 * 3600))
            .undo(vec![
                undo("ec2:DeregisterImage", json!({ "ImageId": output(&id, "ImageId") }), see("the image is gone", "Images[].ImageId", Expect::Absent)),
                drop_snapshots,
            ])
            .done()
    }

    fn launch(&self) -> Step {
        let id = self.id("launch");
        let new = self.new_id();
        let own = json!({ "InstanceIds": [new] });
        let see = |what: &str, path: &str, expect| check(what, "ec2:DescribeInstances", own.clone(), path, expect);
        let ok = |what: &str, part: &str| {
            check(
                what,
                "ec2:DescribeInstanceStatus",
                own.clone(),
                &format!("InstanceStatuses[].{part}.Status"),
                Expect::Equals(json!("ok")),
            )
        };
        let mut made = made_by(self.scene.migration, &id);
        made.push(filter("instance-state-name", &["pending", "running", "stopping", "stopped"].map(|s| json!(s))));
        let gone = see(
            "it is terminated",
            "Reservations[].Instances[].State.Name",
            Expect::Excludes(["pending", "running", "stopping", "stopped", "shutting-down"].map(|s| json!(s)).to_vec()),
        );
        step(&id, Stage::Pets, self.scene.slug, format!("Launch the copy of {} in the private subnet of its zone", self.resource.name))
            .call("ec2:RunInstances", super::launch::parameters(self, &id))
            .output("InstanceId", "Instances[0].InstanceId")
            .output("NetworkInterfaceId", "Instances[0].NetworkInterfaces[0].NetworkInterfaceId")
            .output("PrivateIpAddress", "Instances[0].PrivateIpAddress")
            .probe_made(
                "ec2:DescribeInstances",
                json!({ "Filters": made }),
                "Reservations[].Instances[]",
                &[
                    ("InstanceId", "InstanceId"),
                    ("NetworkInterfaceId", "NetworkInterfaces[0].NetworkInterfaceId"),
                    ("PrivateIpAddress", "PrivateIpAddress"),
                ],
            )
            .wait(wait_or_fail(
                see("it runs", "Reservations[].Instances[].State.Name", Expect::Equals(json!("running"))),
                &["terminated", "shutting-down", "stopped"],
                30,
                900,
            ))
            .wait(wait(ok("the instance check passed", "InstanceStatus"), 120, 1200))
            .wait(wait(ok("the system check passed", "SystemStatus"), 1, 1200))
            .verify(see("it is in the private subnet", "Reservations[].Instances[].SubnetId", Expect::Equals(self.subnet.clone())))
            .verify(see("it has no public address", "Reservations[].Instances[].PublicIpAddress", Expect::Absent))
            .undo(vec![undo_and_wait("ec2:TerminateInstances", json!({ "InstanceIds": [new] }), gone.clone(), vec![wait(gone, 30, 900)])])
            .done()
    }

    fn register_id(&self, membership: &Membership<'_>) -> String {
        if self.memberships.len() > 1 {
            self.id(&format!("register-{}", crate::model::id::slug(membership.name())))
        } else {
            self.id("register")
        }
    }

    fn register(&self, membership: &Membership<'_>) -> Step {
        let id = self.register_id(membership);
        let new = self.new_id();
        let (call, back) = (membership.register(&new), membership.deregister(&new));
        let draft = step(&id, Stage::Pets, self.scene.slug, format!("Put the copy of {} into {}", self.resource.name, membership.words()))
            .call(call.0, call.1)
            .settled_by(membership.health("it is registered", &new, Expect::Exists))
            .undo(vec![undo_and_wait(
                back.0,
                back.1,
                membership.health("it is not registered", &new, Expect::Absent),
                membership.drained(&new),
            )]);
        membership.registered(&new).into_iter().fold(draft, |draft, wait| draft.wait(wait)).done()
    }

    fn protect(&self) -> Step {
        protect_step(self.resource, self.scene, &self.id("protect"), true, Stage::Pets)
    }
}
