//! Who inside the VPC comes in by a rule of a security group. Indexes over an account, made once.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use super::neighbours::strange_interfaces;
use crate::model::facet::Role;
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::network::{Peer, Ports, Rule, is_private, is_world};
use crate::model::resource::Resource;

/// The account as rules see it.
pub struct Peers<'a> {
    /// What was seen.
    pub inventory: &'a Inventory,
    /// The workloads that open connections and stay in being.
    pub initiators: Vec<&'a Resource>,
    /// Of these, who wears which group.
    pub wearing: BTreeMap<&'a Id, Vec<&'a Resource>>,
    /// Of these, who has which private address.
    pub by_address: BTreeMap<Ipv4Addr, &'a Resource>,
    /// Groups of what nobody moves and who may open connections, with their owners.
    pub strangers: BTreeMap<&'a Id, &'a str>,
    /// The interfaces of these, with their owners.
    pub strange: Vec<(&'a Resource, &'a str)>,
    strange_by_group: BTreeMap<&'a Id, Vec<usize>>,
    strange_by_address: BTreeMap<Ipv4Addr, usize>,
    /// The VPC's ranges.
    pub ranges: Vec<IpNet>,
}

impl<'a> Peers<'a> {
    /// The indexes; `opens` tells which workloads open connections and stay in being.
    pub fn new(inventory: &'a Inventory, opens: &dyn Fn(&Resource) -> bool) -> Peers<'a> {
        let initiators: Vec<&Resource> = inventory.all().filter(|r| opens(r)).collect();
        let mut wearing: BTreeMap<&Id, Vec<&Resource>> = BTreeMap::new();
        let mut by_address = BTreeMap::new();
        for resource in &initiators {
            for group in resource.groups() {
                wearing.entry(group).or_default().push(resource);
            }
            for address in resource.facets.private_addresses.iter().filter_map(|a| a.parse().ok()) {
                by_address.insert(address, *resource);
            }
        }
        for interface in inventory.with_role(Role::Interface) {
            let owner = interface.facets.owner.as_ref().and_then(|owner| inventory.get(owner)).filter(|owner| opens(owner));
            for address in interface.facets.private_addresses.iter().filter_map(|a| a.parse().ok()) {
                owner.map(|owner| by_address.insert(address, owner));
            }
        }
        let ranges = inventory.network().map(|vpc| vpc.facets.ranges.iter().filter_map(|r| r.parse().ok()).collect()).unwrap_or_default();
        let strange = strange_interfaces(inventory);
        let strangers = strange.iter().flat_map(|(interface, owner)| interface.groups().iter().map(|group| (group, *owner))).collect();
        let mut strange_by_group: BTreeMap<&Id, Vec<usize>> = BTreeMap::new();
        let mut strange_by_address = BTreeMap::new();
        for (at, (interface, _)) in strange.iter().enumerate() {
            interface.groups().iter().for_each(|group| strange_by_group.entry(group).or_default().push(at));
            let addresses = interface.facets.private_addresses.iter().filter_map(|address| address.parse().ok());
            strange_by_address.extend(addresses.map(|address: Ipv4Addr| (address, at)));
        }
        Peers { inventory, initiators, wearing, by_address, strangers, strange, strange_by_group, strange_by_address, ranges }
    }

    /// What a group lets in.
    pub fn ingress(&self, group: &Id) -> &'a [Rule] {
        self.inventory.get(group).and_then(|g| g.facets.rules.as_ref()).map_or(&[], |rules| &rules.ingress)
    }

    /// What a group lets out.
    pub fn egress(&self, group: &Id) -> &'a [Rule] {
        self.inventory.get(group).and_then(|g| g.facets.rules.as_ref()).map_or(&[], |rules| &rules.egress)
    }

    /// What the groups of a resource let in today.
    pub fn old_rules(&self, resource: &Resource) -> BTreeSet<&'a Rule> {
        resource.groups().iter().flat_map(|group| self.ingress(group)).collect()
    }

    /// Whether a range is all of the VPC.
    pub fn is_everywhere(&self, net: &IpNet) -> bool {
        self.ranges.iter().all(|range| net.contains(range))
    }

    /// Whether some address of a range is in the VPC.
    pub fn touches(&self, net: &IpNet) -> bool {
        self.ranges.iter().any(|range| range.contains(net) || net.contains(range))
    }

    /// The workloads that come in by a peer, the workload itself apart; in the order of the inventory or of addresses.
    pub fn workloads(&self, peer: &Peer, not: &'a Id) -> Box<dyn Iterator<Item = &'a Resource> + '_> {
        let apart = move |r: &&'a Resource| r.id != *not;
        match peer {
            Peer::Group(group) => Box::new(self.wearing.get(group).into_iter().flatten().copied().filter(apart)),
            Peer::Cidr(net) if self.is_everywhere(net) => Box::new(self.initiators.iter().copied().filter(apart)),
            Peer::Cidr(IpNet::V4(net)) => {
                let mut seen = BTreeSet::new();
                let within = self.by_address.range(net.network()..=net.broadcast()).map(|(_, r)| *r);
                Box::new(within.filter(move |r| seen.insert(&r.id)).filter(apart))
            }
            Peer::Cidr(IpNet::V6(_)) | Peer::PrefixList(_) => Box::new(std::iter::empty()),
        }
    }

    /// The interfaces of what nobody moves that come in by a peer, with their owners.
    pub fn strange<'p>(&'p self, peer: &Peer) -> impl Iterator<Item = (&'a Resource, &'a str)> + use<'p, 'a> {
        let places: BTreeSet<usize> = match peer {
            Peer::Group(group) => self.strange_by_group.get(group).into_iter().flatten().copied().collect(),
            Peer::Cidr(net) if self.is_everywhere(net) => (0..self.strange.len()).collect(),
            Peer::Cidr(IpNet::V4(net)) => self.strange_by_address.range(net.network()..=net.broadcast()).map(|(_, at)| *at).collect(),
            Peer::Cidr(IpNet::V6(_)) | Peer::PrefixList(_) => BTreeSet::new(),
        };
        places.into_iter().map(|at| self.strange[at])
    }

    /// Whether a rule's peer stands for a resource: by its groups, or by an address or a subnet of it.
    pub fn is_meant(&self, peer: &Peer, resource: &Resource) -> bool {
        match peer {
            Peer::Group(group) => resource.groups().contains(group),
            Peer::Cidr(net) if self.is_everywhere(net) => true,
            Peer::Cidr(net) => {
                let addresses: Vec<IpAddr> = resource.facets.private_addresses.iter().filter_map(|a| a.parse().ok()).collect();
                if !addresses.is_empty() {
                    return addresses.iter().any(|address| net.contains(address));
                }
                let subnets = resource.subnets().iter().filter_map(|subnet| self.inventory.get(subnet));
                let mut ranges = subnets.flat_map(|subnet| &subnet.facets.ranges).filter_map(|r| r.parse::<IpNet>().ok());
                ranges.any(|range| net.contains(&range) || range.contains(net))
            }
            Peer::PrefixList(_) => false,
        }
    }

    /// Whether the groups of who opens it let a connection out to a resource on some of these ports. What wears no group
    /// is not held back.
    pub fn lets_out(&self, from: &Resource, to: &Resource, ports: &Ports) -> bool {
        let mut rules = from.groups().iter().flat_map(|group| self.egress(group));
        from.groups().is_empty() || rules.any(|rule| rule.ports.overlap(ports) && self.is_meant(&rule.peer, to))
    }

    /// Of these ports those on which a resource lets another in today.
    pub fn let_in(&self, to: &Resource, from: &Resource, ports: &Ports) -> Vec<Ports> {
        if to.groups().is_empty() {
            return vec![ports.clone()];
        }
        let meant = self.old_rules(to).into_iter().filter(|rule| self.is_meant(&rule.peer, from));
        widest(meant.filter_map(|rule| Some(((), rule.ports.common(ports)?)))).into_iter().map(|((), ports)| ports).collect()
    }

    /// Of a range and ports those that a resource lets in today.
    pub fn ranges_in(&self, to: &Resource, range: &IpNet, ports: &Ports) -> Vec<(IpNet, Ports)> {
        if to.groups().is_empty() {
            return vec![(*range, ports.clone())];
        }
        ranges(self.old_rules(to), range, ports)
    }

    /// Of a range and ports those to which the groups of a resource let it out today.
    pub fn ranges_out(&self, from: &Resource, range: &IpNet, ports: &Ports) -> Vec<(IpNet, Ports)> {
        if from.groups().is_empty() {
            return vec![(*range, ports.clone())];
        }
        ranges(from.groups().iter().flat_map(|group| self.egress(group)), range, ports)
    }
}

fn ranges<'r>(rules: impl IntoIterator<Item = &'r Rule>, range: &IpNet, ports: &Ports) -> Vec<(IpNet, Ports)> {
    let common = |rule: &Rule| match &rule.peer {
        Peer::Cidr(net) => Some((narrower(net, range)?, rule.ports.common(ports)?)),
        Peer::Group(_) | Peer::PrefixList(_) => None,
    };
    widest(rules.into_iter().filter_map(common))
}

/// The narrower of two ranges, if one holds the other; where the second is the internet as a whole, public ones only.
fn narrower(net: &IpNet, range: &IpNet) -> Option<IpNet> {
    if net.contains(range) {
        return Some(*range);
    }
    (range.contains(net) && !(is_world(range) && is_private(net))).then_some(*net)
}

/// Without those that others cover.
fn widest<P: PartialEq + Clone>(all: impl Iterator<Item = (P, Ports)>) -> Vec<(P, Ports)> {
    let mut out: Vec<(P, Ports)> = Vec::new();
    for (peer, ports) in all {
        if out.iter().any(|(one, have)| *one == peer && have.cover(&ports)) {
            continue;
        }
        out.retain(|(one, have)| !(*one == peer && ports.cover(have)));
        out.push((peer, ports));
    }
    out
}
