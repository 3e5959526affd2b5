//! Security groups that are wider, more shared or more forgotten than they should be.

use std::collections::{BTreeMap, BTreeSet};

use super::view::View;
use super::{Rule, Seen, Severity};
use crate::model::facet::Role;
use crate::model::id::Id;
use crate::model::network::{Peer, Protocol};
use crate::model::path;
use crate::model::resource::Resource;
use crate::model::text::counted;

pub const PROTOCOL_ALL: Rule = Rule {
    code: "protocol-all",
    title: "Groups that let in every protocol",
    why: "Nobody can tell from such a rule which connections are needed, so nobody dares to take it away.",
    way_out: "The plan writes the flows as rules by port and group; declare the ones that it cannot see in the intent.",
    look: protocol_all,
};

pub const SHARED_GROUP: Rule = Rule {
    code: "shared-group",
    title: "Groups worn by different kinds of things",
    why: "What one of them needs, all of them get; the rule for a web server opens the database.",
    way_out: "The plan gives each workload a group of its own.",
    look: shared_group,
};

pub const DEFAULT_GROUP: Rule = Rule {
    code: "default-group",
    title: "The VPC's default group in use",
    why: "Everything that forgets to name a group gets this one, and all of them trust each other.",
    way_out: "The plan gives each wearer a group of its own; then empty the default group by hand: it cannot be deleted.",
    look: default_group,
};

pub const DANGLING_RULE: Rule = Rule {
    code: "dangling-rule",
    title: "Rules that name a group that does not exist",
    why: "The rule admits nobody, and hides that somebody was meant to get in.",
    way_out: "Find out who was meant, or revoke the rule.",
    look: dangling_rule,
};

pub const UNWORN_GROUP: Rule = Rule {
    code: "unworn-group",
    title: "Groups that nothing wears",
    why: "It is in the way when people read the rules, and waits to be put on by mistake.",
    way_out: "Delete it by hand, if no launch template or function outside this VPC's list names it.",
    look: unworn_group,
};

fn ingress(group: &Resource) -> &[crate::model::network::Rule] {
    group.facets.rules.as_ref().map_or(&[], |rules| rules.ingress.as_slice())
}

fn protocol_all(view: &View<'_>) -> Vec<Seen> {
    let seen = |group: &Resource| {
        let peers: Vec<&Peer> = ingress(group).iter().filter(|rule| rule.ports.protocol == Protocol::All).map(|rule| &rule.peer).collect();
        let from_addresses = peers.iter().any(|peer| !matches!(peer, Peer::Group(_)));
        let own = peers.iter().all(|peer| **peer == Peer::Group(group.id.clone()));
        let severity = if from_addresses { Severity::High } else { Severity::Medium };
        let words: Vec<String> = peers.iter().take(4).map(|peer| peer_worded(view, peer)).collect();
        let more = if peers.len() > 4 { format!(" and {} more", peers.len() - 4) } else { String::new() };
        let from = if own { "its own wearers".to_owned() } else { format!("{}{more}", words.join(", ")) };
        let evidence = peers.iter().map(|peer| format!("ingress all traffic from {}", peer_worded(view, peer))).collect();
        let what = format!("{} lets in every protocol and port from {from}.", group.name);
        (!peers.is_empty()).then(|| Seen::of(group, severity, what, evidence))
    };
    view.groups().filter_map(seen).collect()
}

fn peer_worded(view: &View<'_>, peer: &Peer) -> String {
    match peer {
        Peer::Group(id) => view.named(id),
        other => other.to_string(),
    }
}

/// What kind of owner wears a group: the resource's kind, or the service of an interface that has no other owner.
fn kind_of_wearer(who: &Resource) -> Option<&str> {
    if who.role != Role::Interface {
        return Some(&who.kind);
    }
    who.facets.owner.as_ref().map(|owner| owner.as_str())
}

fn shared_group(view: &View<'_>) -> Vec<Seen> {
    let seen = |group: &Resource| {
        let mut kinds: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for who in view.wearers(&group.id) {
            if let Some(kind) = kind_of_wearer(who) {
                kinds.entry(kind).or_default().push(&who.name);
            }
        }
        let counts: Vec<String> = kinds.iter().map(|(kind, names)| format!("{} × {}", names.len(), kind.replace('_', " "))).collect();
        let severity = if view.openings(&group.id).is_empty() { Severity::Medium } else { Severity::High };
        let what = format!("{} is worn by {} kinds of things: {}.", group.name, kinds.len(), counts.join(", "));
        let evidence = kinds.iter().map(|(kind, names)| format!("{kind}: {}", first_names(names))).collect();
        (kinds.len() > 1).then(|| Seen::of(group, severity, what, evidence))
    };
    view.groups().filter_map(seen).collect()
}

fn first_names(names: &[&str]) -> String {
    let more = if names.len() > 10 { format!(" and {} more", names.len() - 10) } else { String::new() };
    format!("{}{more}", names[..names.len().min(10)].join(", "))
}

fn default_group(view: &View<'_>) -> Vec<Seen> {
    let seen = |group: &Resource| {
        let names: Vec<&str> = view.wearers(&group.id).iter().map(|who| who.name.as_str()).collect();
        let what = format!("The VPC's default group is worn by {}: {}.", names.len(), first_names(&names));
        let evidence = view.wearers(&group.id).iter().take(20).map(|who| format!("worn by {}", view.named(&who.id))).collect();
        (is_default(group) && !names.is_empty()).then(|| Seen::of(group, Severity::Medium, what, evidence))
    };
    view.groups().filter_map(seen).collect()
}

/// AWS reserves the name for the group that each VPC has from the beginning.
fn is_default(group: &Resource) -> bool {
    group.doc["GroupName"] == "default"
}

/// Groups of other accounts and peered VPCs are named by AWS with their owner or peering.
fn foreign_groups(group: &Resource) -> BTreeSet<String> {
    let pairs = ["IpPermissions[].UserIdGroupPairs[]", "IpPermissionsEgress[].UserIdGroupPairs[]"]
        .into_iter()
        .flat_map(|at| path::select(&group.doc, at));
    let owner = &group.doc["OwnerId"];
    let foreign = pairs.filter(|pair| {
        !pair["VpcPeeringConnectionId"].is_null() || (!pair["UserId"].is_null() && !owner.is_null() && pair["UserId"] != *owner)
    });
    foreign.filter_map(|pair| pair["GroupId"].as_str().map(str::to_owned)).collect()
}

fn dangling_rule(view: &View<'_>) -> Vec<Seen> {
    if view.is_blind_to("DescribeSecurityGroups") {
        return Vec::new();
    }
    let seen = |group: &Resource| {
        let egress = group.facets.rules.as_ref().map_or(&[][..], |rules| rules.egress.as_slice());
        let directed = ingress(group).iter().map(|rule| ("ingress", rule)).chain(egress.iter().map(|rule| ("egress", rule)));
        let gone = |id: &Id| view.inventory.get(id).is_none();
        let named: Vec<(&str, &crate::model::network::Rule, &Id)> = directed
            .filter_map(|(direction, rule)| match &rule.peer {
                Peer::Group(id) if gone(id) => Some((direction, rule, id)),
                _ => None,
            })
            .collect();
        let foreign = if named.is_empty() { BTreeSet::new() } else { foreign_groups(group) };
        let named: Vec<_> = named.into_iter().filter(|(_, _, id)| !foreign.contains(id.as_str())).collect();
        let ids: BTreeSet<&str> = named.iter().map(|(_, _, id)| id.as_str()).collect();
        let evidence = named.iter().map(|(direction, rule, id)| format!("{direction} {} with {id}", rule.ports)).collect();
        let (rules, groups) = (counted(named.len(), "rule"), ids.into_iter().collect::<Vec<_>>().join(", "));
        let what = format!("{} has {rules} for {groups}, which this VPC does not have.", group.name);
        (!named.is_empty()).then(|| Seen::of(group, Severity::Low, what, evidence))
    };
    view.groups().filter_map(seen).collect()
}

fn unworn_group(view: &View<'_>) -> Vec<Seen> {
    if view.is_blind_to("DescribeNetworkInterfaces") {
        return Vec::new();
    }
    let mut named_by: BTreeMap<&Id, Vec<&str>> = BTreeMap::new();
    for group in view.groups() {
        for rule in ingress(group) {
            if let Peer::Group(id) = &rule.peer {
                named_by.entry(id).or_default().push(&group.name);
            }
        }
    }
    let unworn = view.groups().filter(|group| !is_default(group) && view.wearers(&group.id).is_empty());
    unworn
        .map(|group| {
            let evidence = named_by.get(&group.id).into_iter().flatten().map(|name| format!("named by a rule of {name}")).collect();
            Seen::of(group, Severity::Low, format!("Nothing in this VPC wears {}.", group.name), evidence)
        })
        .collect()
}
