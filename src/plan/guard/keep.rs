//! Whose groups can stay as they are.

use std::collections::{BTreeMap, BTreeSet};

use super::Input;
use crate::model::facet::Role;
use crate::model::id::Id;
use crate::model::network::{Peer, Ports, Protocol, is_private};
use crate::model::resource::Resource;
use crate::plan::neighbours::Serving;
use crate::plan::peers::Peers;

/// For each target who sends to it.
pub type Served<'a> = BTreeMap<&'a str, Vec<Serving<'a>>>;

/// Workloads whose groups can stay: worn by nothing else, opened to nobody they shouldn't be, and naming only groups that
/// stay too; and that let in what is declared and what balancers send. Found by taking away until nothing changes. A
/// workload that the intent puts under a group does not keep its.
pub fn keepers<'a>(input: &'a Input<'_>, peers: &Peers<'a>, served: &Served<'a>) -> BTreeSet<&'a Id> {
    let wearers = wearers(input);
    let own = |r: &Resource| {
        let alone = |group: &Id| wearers.get(group).is_some_and(|w| w.len() == 1) && input.inventory.name(group) != "default";
        !r.groups().is_empty() && r.groups().iter().all(alone)
    };
    let chosen = input.chosen.keys().filter(|id| !input.units.contains_key(*id)).filter_map(|id| input.inventory.get(id));
    let sound = |r: &&Resource| own(r) && is_tight(r, peers) && keeps_promises(r, input, peers, served);
    let mut keeps: BTreeMap<&Id, &Resource> = chosen.filter(sound).map(|r| (&r.id, r)).collect();
    let kept_groups: BTreeSet<&Id> = keeps.values().flat_map(|r| r.groups()).collect();
    let mut named_by: BTreeMap<&Id, Vec<&Id>> = BTreeMap::new();
    let mut going: Vec<&Id> = Vec::new();
    for (id, resource) in &keeps {
        for rule in peers.old_rules(resource) {
            let Peer::Group(source) = &rule.peer else { continue };
            if !peers.wearing.contains_key(source) && peers.strangers.contains_key(source) {
                continue;
            }
            if kept_groups.contains(source) {
                named_by.entry(source).or_default().push(id);
            } else {
                going.push(id);
            }
        }
    }
    // Whoever names a group that does not stay does not stay either, and so on.
    while let Some(id) = going.pop() {
        let Some(resource) = keeps.remove(id) else { continue };
        going.extend(resource.groups().iter().filter_map(|group| named_by.get(group)).flatten());
    }
    keeps.into_keys().collect()
}

/// Who wears each group.
fn wearers<'a>(input: &'a Input<'_>) -> BTreeMap<&'a Id, BTreeSet<&'a Id>> {
    let mut wearers: BTreeMap<&Id, BTreeSet<&Id>> = BTreeMap::new();
    for resource in input.inventory.resources.values() {
        let owner = resource.facets.owner.as_ref();
        let who = match resource.role {
            Role::Interface => owner.filter(|owner| input.chosen.contains_key(*owner) || !owner.as_str().starts_with("service:")),
            Role::Bystander => Some(owner.unwrap_or(&resource.id)),
            Role::Workload | Role::Balancer | Role::Endpoint => Some(&resource.id),
            _ => None,
        };
        for group in resource.groups() {
            if let Some(who) = who {
                wearers.entry(group).or_default().insert(who);
            }
        }
    }
    wearers
}

/// Whether its groups let in what the intent declares and what balancers send, as they are.
fn keeps_promises(resource: &Resource, input: &Input<'_>, peers: &Peers<'_>, served: &Served<'_>) -> bool {
    let lets_in = |from: &Resource, ports: &Ports| peers.let_in(resource, from, ports).iter().any(|admitted| admitted.cover(ports));
    let declared = input.vouch.declared.iter().filter(|(_, to, _)| *to == resource.id);
    let mut declared = declared.filter_map(|(from, _, ports)| Some((input.inventory.get(from)?, ports)));
    let mut sent = served.get(resource.id.as_str()).into_iter().flatten().filter(|serving| !serving.balancer.groups().is_empty());
    declared.all(|(from, ports)| lets_in(from, ports)) && sent.all(|serving| lets_in(serving.balancer, &serving.ports))
}

/// Whether its groups open nothing to the world but an internet-facing balancer's listeners, and no protocol ALL.
fn is_tight(resource: &Resource, peers: &Peers<'_>) -> bool {
    let facing = resource.facets.balancing.as_ref().filter(|b| b.internet_facing);
    peers.old_rules(resource).into_iter().all(|rule| match &rule.peer {
        Peer::Cidr(net) if !is_private(net) => facing.is_some_and(|b| b.listeners.contains(&rule.ports)),
        Peer::Cidr(_) => rule.ports.protocol != Protocol::All,
        _ => true,
    })
}
