//! What sits where it should not, and what nobody knows.

use super::view::View;
use super::{Rule, Seen, Severity};
use crate::model::facet::Role;
use crate::model::id::Id;
use crate::model::resource::Resource;

pub const PUBLIC_WORKLOAD: Rule = Rule {
    code: "public-workload",
    title: "Workloads in public subnets",
    why: "In a public subnet one address and one rule put a workload on the internet.",
    way_out: "`hikkoshi init` and `hikkoshi plan` move it to a private subnet, or turn its subnet private.",
    look: public_workload,
};

pub const PUBLIC_SUBNET_GROUP: Rule = Rule {
    code: "public-subnet-group",
    title: "Subnet groups with public subnets",
    why: "Whatever is created through the group next may land in a public subnet.",
    way_out: "The plan turns its subnets private; a group that nothing uses can be deleted by hand.",
    look: public_subnet_group,
};

pub const INTERNAL_BALANCER: Rule = Rule {
    code: "internal-balancer-public",
    title: "Internal balancers in public subnets",
    why: "Nothing outside needs it, yet its subnets route to the internet.",
    way_out: "The plan gives it private subnets; its name stays.",
    look: internal_balancer,
};

pub const PUBLIC_BY_DEFAULT: Rule = Rule {
    code: "public-by-default",
    title: "Subnets that give out public addresses",
    why: "Whatever is launched there gets a public address unless somebody thinks of saying no.",
    way_out: "Turn MapPublicIpOnLaunch off: `aws ec2 modify-subnet-attribute --no-map-public-ip-on-launch`.",
    look: public_by_default,
};

pub const UNKNOWN_INTERFACE: Rule = Rule {
    code: "unknown-interface",
    title: "Interfaces that belong to nothing known",
    why: "Turning its subnet private may cut off something that nobody has counted; the plan will not do that.",
    way_out: "Find its owner by description and requester, or delete it if it is left over; then discover again.",
    look: unknown_interface,
};

pub const SERVICE_INTERFACE: Rule = Rule {
    code: "service-interface",
    title: "Interfaces of services that this version does not move",
    why: "The service stays where it is; turning its subnet private changes its way to the internet.",
    way_out: "Move the service by its own means, or keep its subnets out of the migration.",
    look: service_interface,
};

/// `3 subnets (a, b, c)`, at most five by name.
fn subnets_worded(view: &View<'_>, subnets: &[&Id]) -> String {
    let names: Vec<&str> = subnets.iter().take(5).map(|id| view.inventory.name(id)).collect();
    let more = if subnets.len() > 5 { ", …" } else { "" };
    match subnets.len() {
        1 => format!("the public subnet {}", names.join("")),
        n => format!("{n} public subnets ({}{more})", names.join(", ")),
    }
}

/// Each subnet with the table that makes it public.
fn evidence(view: &View<'_>, subnets: &[&Id]) -> Vec<String> {
    let table = |subnet: &Id| view.tables.get(subnet).map_or(String::new(), |table| format!(", route table {}", table.id));
    subnets.iter().map(|subnet| format!("{}{}", view.named(subnet), table(subnet))).collect()
}

fn public_workload(view: &View<'_>) -> Vec<Seen> {
    let seen = |resource: &Resource| {
        let public = view.public_subnets_of(resource);
        let through = resource.facets.placement.as_ref().and_then(|placement| placement.through.as_ref());
        let how = through.map_or(String::new(), |group| format!(" through the subnet group {}", view.inventory.name(group)));
        let verb = if public.len() == 1 { "sits in" } else { "may sit in any of" };
        let what = format!("{} {verb} {}{how}.", resource.name, subnets_worded(view, &public));
        (!public.is_empty()).then(|| Seen::of(resource, Severity::High, what, evidence(view, &public)))
    };
    view.workloads().filter_map(seen).collect()
}

fn public_subnet_group(view: &View<'_>) -> Vec<Seen> {
    let seen = |group: &Resource| {
        let public = view.public_subnets_of(group);
        let what = format!("{} offers {} of {} subnets that are public.", group.name, public.len(), group.subnets().len());
        (!public.is_empty()).then(|| Seen::of(group, Severity::Low, what, evidence(view, &public)))
    };
    view.inventory.with_role(Role::SubnetGroup).filter_map(seen).collect()
}

fn internal_balancer(view: &View<'_>) -> Vec<Seen> {
    let internal = |r: &&Resource| r.facets.balancing.as_ref().is_some_and(|b| !b.internet_facing);
    let seen = |balancer: &Resource| {
        let public = view.public_subnets_of(balancer);
        let what = format!("{} is an internal balancer, yet sits in {}.", balancer.name, subnets_worded(view, &public));
        (!public.is_empty()).then(|| Seen::of(balancer, Severity::Medium, what, evidence(view, &public)))
    };
    view.inventory.with_role(Role::Balancer).filter(internal).filter_map(seen).collect()
}

fn public_by_default(view: &View<'_>) -> Vec<Seen> {
    let giving = view.inventory.with_role(Role::Subnet).filter(|subnet| subnet.doc["MapPublicIpOnLaunch"] == true);
    giving
        .map(|subnet| {
            let (severity, rest) = match view.public.contains(&subnet.id) {
                true => (Severity::Medium, "and routes to the internet"),
                false => (Severity::Low, "though it is private: the addresses do not work, but count as public elsewhere"),
            };
            let what = format!("{} gives every new interface a public address {rest}.", subnet.name);
            Seen::of(subnet, severity, what, vec!["MapPublicIpOnLaunch: true".to_owned()])
        })
        .collect()
}

fn described(view: &View<'_>, interface: &Resource) -> Vec<String> {
    let text = |key: &str| interface.doc[key].as_str().filter(|text| !text.is_empty()).map(|text| format!("{key}: {text}"));
    let subnets = interface.subnets().iter().map(|id| format!("in {}", view.named(id)));
    ["Description", "RequesterId", "InterfaceType", "PrivateIpAddress"].into_iter().filter_map(text).chain(subnets).collect()
}

fn place(view: &View<'_>, interface: &Resource) -> String {
    interface.subnets().first().map_or("no subnet".to_owned(), |id| view.inventory.name(id).to_owned())
}

fn unknown_interface(view: &View<'_>) -> Vec<Seen> {
    let unknown = view.inventory.with_role(Role::Interface).filter(|interface| interface.facets.owner.is_none());
    unknown
        .map(|interface| {
            let public = interface.subnets().iter().any(|subnet| view.public.contains(subnet));
            let severity = if public { Severity::High } else { Severity::Low };
            let what = format!("{} in {} belongs to nothing that is known ({}).", interface.name, place(view, interface), state(interface));
            Seen::of(interface, severity, what, described(view, interface))
        })
        .collect()
}

fn state(interface: &Resource) -> &str {
    match interface.facets.state.as_str() {
        "available" => "attached to nothing",
        "" => "state unknown",
        other => other,
    }
}

fn service_interface(view: &View<'_>) -> Vec<Seen> {
    let seen = |interface: &&Resource| {
        let owner = interface.facets.owner.as_ref()?;
        let service = owner.as_str().strip_prefix("service:")?;
        let what = format!("{} in {} belongs to {service}, which this version does not move.", interface.name, place(view, interface));
        Some(Seen::of(interface, Severity::Low, what, described(view, interface)))
    };
    view.foreign.iter().filter_map(seen).collect()
}
