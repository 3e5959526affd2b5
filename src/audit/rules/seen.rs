//! What an inventory shows, written down as rules.

use ipnet::IpNet;
use serde_saphyr::{Location, Spanned};

use super::super::view::View;
use super::{Group, Line, Public, Rules, Subnet, Use};
use crate::model::facet::Role;
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::network::{Peer, Rule};
use crate::model::path;
use crate::model::resource::Resource;

/// Something that stands in no file yet.
fn new<T>(value: T) -> Spanned<T> {
    Spanned::new(value, Location::UNKNOWN, Location::UNKNOWN)
}

/// The rules that hold in an account as it is: each of them is one that somebody may want to take back.
pub fn of(inventory: &Inventory) -> Rules {
    let view = View::of(inventory);
    let mut subnets: Vec<Subnet> = inventory.with_role(Role::Subnet).map(|subnet| subnet_of(&view, subnet)).collect();
    subnets.sort_by(|a, b| (a.r#use.name(), &a.zone, &a.cidr).cmp(&(b.r#use.name(), &b.zone, &b.cidr)));
    let mut public: Vec<Public> = inventory.resources.values().filter_map(|resource| public_of(&view, resource)).collect();
    public.sort_by(|a, b| (&a.kind, &a.name).cmp(&(&b.kind, &b.name)));
    public.dedup_by(|a, b| (&a.kind, &a.name) == (&b.kind, &b.name));
    let mut groups: Vec<Group> = view.groups().map(|group| group_of(&view, group)).collect();
    groups.sort_by(|a, b| a.name.cmp(&b.name));
    Rules {
        version: new(1),
        account: new(inventory.account.clone()),
        region: inventory.region.clone(),
        vpc: new(inventory.vpc.to_string()),
        subnets: subnets.into_iter().map(new).collect(),
        public: public.into_iter().map(new).collect(),
        groups: groups.into_iter().map(new).collect(),
    }
}

/// By what the file knows a subnet.
pub(super) fn range(subnet: &Resource) -> &str {
    Some(path::text(&subnet.doc, "CidrBlock")).filter(|text| !text.is_empty()).unwrap_or(subnet.id.as_str())
}

/// By what the file knows a group.
pub(super) fn group_name(group: &Resource) -> &str {
    Some(path::text(&group.doc, "GroupName")).filter(|text| !text.is_empty()).unwrap_or(&group.name)
}

fn subnet_of(view: &View<'_>, subnet: &Resource) -> Subnet {
    let public = if view.public.contains(&subnet.id) { Use::Public } else { Use::Private };
    let zone = path::text(&subnet.doc, "AvailabilityZone").to_owned();
    Subnet { cidr: range(subnet).to_owned(), name: subnet.name.clone(), zone, r#use: public }
}

/// Whether a thing is at rest and answers nobody.
pub(super) fn is_stopped(resource: &Resource) -> bool {
    matches!(resource.facets.state.as_str(), "stopped" | "stopping" | "terminated" | "shutting-down")
}

/// What sits somewhere: workloads, balancers, and what only this version does not move.
pub(super) fn is_placed(resource: &Resource) -> bool {
    resource.is_movable() || (resource.role == Role::Bystander && !resource.subnets().is_empty())
}

fn public_of(view: &View<'_>, resource: &Resource) -> Option<Public> {
    if !is_placed(resource) || is_stopped(resource) {
        return None;
    }
    let facing = resource.facets.balancing.as_ref().is_some_and(|balancing| balancing.internet_facing);
    let seated = !view.public_subnets_of(resource).is_empty();
    let why = match () {
        () if facing => "serves the internet",
        () if !seated && !resource.has_public_address() => return None,
        () if resource.facets.publicly_accessible => "an exception: publicly accessible",
        () if resource.has_public_address() => "an exception: has a public address",
        () => "an exception: sits in a public subnet",
    };
    Some(Public { name: resource.name.clone(), kind: resource.kind.clone(), why: why.to_owned() })
}

fn group_of(view: &View<'_>, group: &Resource) -> Group {
    let wearers = view.wearers(&group.id);
    let mut worn_by: Vec<String> = wearers.iter().filter(|who| !is_stopped(who)).map(|who| who.name.clone()).collect();
    worn_by.dedup();
    // What nothing wears and the world may use is not to be put on again.
    let retired = worn_by.is_empty() && !view.openings(&group.id).is_empty();
    let ingress = group.facets.rules.as_ref().map_or(&[][..], |rules| &rules.ingress);
    let mut admits: Vec<Line> = ingress.iter().map(|rule| line_of(view, group, rule)).collect();
    admits.sort_by(|a, b| (&a.ports, &a.from).cmp(&(&b.ports, &b.from)));
    admits.dedup_by(|a, b| (&a.ports, &a.from) == (&b.ports, &b.from));
    Group { name: group_name(group).to_owned(), worn_by: Some(worn_by), retired, admits: admits.into_iter().map(new).collect() }
}

fn line_of(view: &View<'_>, group: &Resource, rule: &Rule) -> Line {
    Line { ports: rule.ports.to_string(), from: source(view, &rule.peer), why: description(group, rule) }
}

/// A peer as the file names it.
pub(super) fn source(view: &View<'_>, peer: &Peer) -> String {
    match peer {
        Peer::Group(id) => named(view, id),
        other => other.to_string(),
    }
}

/// A group's name; its id where the name could be taken for something else, or nobody knows it.
fn named(view: &View<'_>, id: &Id) -> String {
    let name = view.inventory.get(id).map_or("", group_name);
    let mistaken = name.is_empty() || name.parse::<IpNet>().is_ok() || ["sg-", "pl-"].iter().any(|start| name.starts_with(start));
    if mistaken { id.to_string() } else { name.to_owned() }
}

/// What the rule's description says.
fn description(group: &Resource, rule: &Rule) -> String {
    let lists = ["IpRanges", "Ipv6Ranges", "UserIdGroupPairs", "PrefixListIds"];
    let permissions = path::select(&group.doc, "IpPermissions[]");
    let entries = permissions.iter().flat_map(|permission| {
        lists.iter().flat_map(|list| permission[*list].as_array().into_iter().flatten()).map(move |entry| (*permission, entry))
    });
    let wanted = rule.peer.to_string();
    let is_it = |entry: &serde_json::Value| {
        ["CidrIp", "CidrIpv6", "GroupId", "PrefixListId"].iter().any(|key| entry[*key].as_str() == Some(wanted.as_str()))
    };
    let same_ports = |permission: &serde_json::Value| {
        let one = serde_json::json!([permission]);
        crate::model::network::rules_of(&one).iter().any(|other| other.ports == rule.ports)
    };
    let found = entries.into_iter().find(|(permission, entry)| is_it(entry) && same_ports(permission));
    found.and_then(|(_, entry)| entry["Description"].as_str()).unwrap_or_default().to_owned()
}
