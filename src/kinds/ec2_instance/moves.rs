//! How an instance is carried across; the procedure is aws-semantics.md section 2.

use serde_json::{Value, json};

use super::relocate::Move;
use super::session;
use crate::kinds::build::{Regroup, capture, check, look, output, step, undo, undo_and_wait, wait};
use crate::kinds::image::IMAGE_S;
use crate::model::id::Id;
use crate::model::path;
use crate::model::resource::Resource;
use crate::model::step::{Check, Expect, Impact, Stage, Step};
use crate::model::strategy::{Blocker, Renumbering, Scene, Strategy};

/// Seconds from the stop to two passed status checks of the new one: stop, image, boot, checks.
pub(super) const OUTAGE_S: u64 = 60 + IMAGE_S + 30 + 150;
/// Default deregistration delay of a target group (ELB guide).
pub(super) const DRAIN_S: u64 = 300;

pub(super) fn draft(resource: &Resource, scene: &Scene<'_>) -> Result<Vec<Step>, Blocker> {
    match scene.strategy {
        Strategy::Relocate => Move::new(resource, scene)?.steps(),
        Strategy::Flip => Ok(flip(resource, scene)),
        Strategy::Retire => Ok(retire(resource, scene)),
        _ => Ok(Vec::new()),
    }
}

/// A copy has another private address; it serves from its last step before the old one is put away.
pub(super) fn renumbers(resource: &Resource, scene: &Scene<'_>) -> Vec<Renumbering> {
    match scene.strategy {
        Strategy::Relocate => Move::new(resource, scene).ok().and_then(|of| of.renumbering()).into_iter().collect(),
        _ => Vec::new(),
    }
}

pub(super) fn state_is(what: &str, id: &Value, state: &str) -> Check {
    check(
        what,
        "ec2:DescribeInstances",
        json!({ "InstanceIds": [id] }),
        "Reservations[].Instances[].State.Name",
        Expect::Equals(json!(state)),
    )
}

pub(super) fn protect_step(resource: &Resource, scene: &Scene<'_>, id: &str, on: bool, stage: Stage) -> Step {
    let old = json!(resource.id.as_str());
    let attribute = json!({ "InstanceId": old, "Attribute": "disableApiTermination" });
    let see = |what: &str, expect| check(what, "ec2:DescribeInstanceAttribute", attribute.clone(), "DisableApiTermination.Value", expect);
    let title = if on {
        format!("Protect the old {} from termination", resource.name)
    } else {
        format!("Lift the protection of the old {}", resource.name)
    };
    let set = |value: Value| json!({ "InstanceId": old, "DisableApiTermination": { "Value": value } });
    step(id, stage, scene.slug, title)
        .call("ec2:ModifyInstanceAttribute", set(json!(on)))
        .capture("Before", capture("ec2:DescribeInstanceAttribute", attribute.clone(), "DisableApiTermination.Value"))
        .settled_by(see("termination protection is as set", Expect::Equals(json!(on))))
        .undo(vec![undo(
            "ec2:ModifyInstanceAttribute",
            set(output(id, "Before")),
            see("termination protection is as before", Expect::Equals(output(id, "Before"))),
        )])
        .done()
}

/// After the soak: the old instance goes, with its elastic IP.
pub(super) fn discard(resource: &Resource, scene: &Scene<'_>, kept: &str) -> Vec<Step> {
    let old = json!(resource.id.as_str());
    let lift = format!("{}-unprotect", scene.slug);
    let mut steps = vec![protect_step(resource, scene, &lift, false, Stage::Cleanup)];
    let gone = |what: &str, states: &[&str]| {
        let unwanted = states.iter().map(|s| json!(s)).collect();
        check(
            what,
            "ec2:DescribeInstances",
            json!({ "InstanceIds": [old] }),
            "Reservations[].Instances[].State.Name",
            Expect::Excludes(unwanted),
        )
    };
    let id = format!("{}-terminate", scene.slug);
    let mut end = step(&id, Stage::Cleanup, scene.slug, format!("Terminate the old {}", resource.name))
        .before(state_is("it is stopped", &old, "stopped"))
        .call("ec2:TerminateInstances", json!({ "InstanceIds": [old] }))
        .settled_by(gone("it is going", &["pending", "running", "stopping", "stopped"]))
        // Its interface, its groups and its elastic IP are free when it is gone, not before.
        .wait(wait(gone("it is gone", &["pending", "running", "stopping", "stopped", "shutting-down"]), 60, 900))
        .needs(&lift, "a protected instance is not terminated")
        .wait(wait(
            check(
                "it is terminated",
                "ec2:DescribeInstances",
                json!({ "InstanceIds": [old] }),
                "Reservations[].Instances[].State.Name",
                Expect::Excludes(["pending", "running", "stopping", "stopped", "shutting-down"].map(|s| json!(s)).to_vec()),
            ),
            60,
            900,
        ))
        .irreversible("a terminated instance and its own disks do not come back; the image stays")
        .done();
    end.needs.push(crate::model::step::Need { step: kept.to_owned(), because: "only what has been replaced is deleted".to_owned() });
    steps.push(end);
    let addresses = scene.index.held(&resource.id).iter().copied();
    for address in addresses {
        steps.push(release(address, scene.slug, &id));
    }
    steps
}

fn release(address: &Resource, slug: &str, after: &str) -> Step {
    let one = json!({ "AllocationIds": [address.id.as_str()] });
    step(
        format!("{slug}-release-{}", address.id),
        Stage::Cleanup,
        slug,
        format!("Release the elastic IP {}", path::text(&address.doc, "PublicIp")),
    )
    .call("ec2:ReleaseAddress", json!({ "AllocationId": address.id.as_str() }))
    .settled_by(check("it is released", "ec2:DescribeAddresses", one, "Addresses[].AllocationId", Expect::Absent))
    .needs(after, "the address is in use until its instance is gone")
    .irreversible("a released address may never be had again")
    .done()
}

/// It stays; its groups change in place, and its elastic IP comes off.
fn flip(resource: &Resource, scene: &Scene<'_>) -> Vec<Step> {
    let mut steps = Vec::new();
    let interface = path::text(&resource.doc, "NetworkInterfaces[0].NetworkInterfaceId").to_owned();
    if scene.regroup {
        let old: Vec<Value> = resource.groups().iter().map(|group| json!(group.as_str())).collect();
        steps.extend(regroup(scene.slug, &resource.name, &json!(interface), &old, scene.groups));
    }
    let addresses = scene.index.held(&resource.id).iter().copied();
    steps.extend(addresses.map(|address| detach(address, &resource.id, scene.slug)));
    if let Some(entry) = scene.entry {
        steps.iter_mut().filter(|step| step.stage == Stage::Tighten).for_each(|step| step.needs.push(session::proven_after(scene.slug)));
        steps.extend(session::before(resource, scene, entry));
        steps.push(session::after(resource, scene, entry, &json!(resource.id.as_str()), entry.turn.as_deref()));
    }
    let assigned = resource.facets.public_addresses.iter().any(|public| scene.index.elastic(&public.ip).is_none());
    if assigned {
        let see = check(
            "no public address",
            "ec2:DescribeNetworkInterfaces",
            json!({ "NetworkInterfaceIds": [interface] }),
            "NetworkInterfaces[].Association.PublicIp",
            Expect::Absent,
        );
        steps.push(
            step(
                format!("{}-no-address", scene.slug),
                Stage::Cleanup,
                scene.slug,
                format!("Take the public address off {}", resource.name),
            )
            .call("ec2:ModifyNetworkInterfaceAttribute", json!({ "NetworkInterfaceId": interface, "AssociatePublicIpAddress": false }))
            .settled_by(see)
            .irreversible("AWS assigned this address and will not give the same one back")
            .done(),
        );
    }
    steps
}

fn detach(address: &Resource, instance: &Id, slug: &str) -> Step {
    let one = json!({ "AllocationIds": [address.id.as_str()] });
    let see = |what: &str, expect| check(what, "ec2:DescribeAddresses", one.clone(), "Addresses[].InstanceId", expect);
    step(
        format!("{slug}-elastic-ip-off"),
        Stage::Tighten,
        slug,
        format!("Take the elastic IP {} off", path::text(&address.doc, "PublicIp")),
    )
    .call("ec2:DisassociateAddress", json!({ "AssociationId": look("ec2:DescribeAddresses", one.clone(), "Addresses[].AssociationId") }))
    .settled_by(check("it is on nothing", "ec2:DescribeAddresses", one.clone(), "Addresses[].AssociationId", Expect::Absent))
    .undo(vec![undo(
        "ec2:AssociateAddress",
        json!({ "AllocationId": address.id.as_str(), "InstanceId": instance.as_str() }),
        see("it is on the instance", Expect::Equals(json!(instance.as_str()))),
    )])
    .done()
}

/// An instance is stopped; on the way back it is started again.
pub(super) fn stop_step(id: &str, stage: Stage, slug: &str, title: String, instance: &Value, impact: Impact) -> Step {
    let one = json!({ "InstanceIds": [instance] });
    step(id, stage, slug, title)
        .before(state_is("it runs", instance, "running"))
        .call("ec2:StopInstances", one.clone())
        .settled_by(check(
            "it stops",
            "ec2:DescribeInstances",
            one.clone(),
            "Reservations[].Instances[].State.Name",
            Expect::Excludes(vec![json!("running"), json!("pending")]),
        ))
        .wait(wait(state_is("it is stopped", instance, "stopped"), 60, 900))
        .impact(impact)
        .undo(vec![undo_and_wait(
            "ec2:StartInstances",
            one,
            state_is("it runs", instance, "running"),
            vec![wait(state_is("it runs", instance, "running"), 30, 900)],
        )])
        .done()
}

/// The two steps by which an interface gets new groups: beside the old ones, and the old ones off.
pub(super) fn regroup(slug: &str, name: &str, interface: &Value, old: &[Value], new: &[Value]) -> Vec<Step> {
    Regroup {
        name,
        slug,
        operation: "ec2:ModifyNetworkInterfaceAttribute",
        parameters: &|groups| json!({ "NetworkInterfaceId": interface, "Groups": groups }),
        seen: ("ec2:DescribeNetworkInterfaces", json!({ "NetworkInterfaceIds": [interface] }), "NetworkInterfaces[].Groups[].GroupId"),
        wait: &[],
        old,
        new,
    }
    .steps()
}

/// It goes: stopped when everybody gets in without it, terminated after the soak.
fn retire(resource: &Resource, scene: &Scene<'_>) -> Vec<Step> {
    let old = json!(resource.id.as_str());
    let id = format!("{}-stop", scene.slug);
    let stop = stop_step(&id, Stage::Tighten, scene.slug, format!("Stop {}, which is to go", resource.name), &old, Impact::None);
    std::iter::once(stop).chain(discard(resource, scene, &id)).collect()
}
