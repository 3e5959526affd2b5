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
    /// The VPC's ranges.
    pub ranges: Vec<IpNet>,
}

impl<'a> Peers<'a> {
    /// The indexes; `opens` tells which workloads open connections and stay in being.
    pub fn new(inventory: &'a Inventory, opens: &dyn Fn(&Resource) -> bool) -> Peers<'a> {
        let initiators: Vec<&Resource> = inventory.resources.values().filter(|r| opens(r)).collect();
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
        Peers { inventory, initiators, wearing, by_address, strangers, strange, ranges }
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
    pub fn strange<'p>(&'p self, peer: &'p Peer) -> impl Iterator<Item = (&'a Resource, &'a str)> + 'p {
        self.strange.iter().copied().filter(move |(interface, _)| self.is_meant(peer, interface))
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

    /// The group by which a resource lets another in on some of these ports today.
    pub fn lets_in<'r>(&self, to: &'r Resource, from: &Resource, ports: &Ports) -> Option<&'r Id> {
        let admits = |rule: &Rule| rule.ports.overlap(ports) && self.is_meant(&rule.peer, from);
        to.groups().iter().find(|group| self.ingress(group).iter().any(admits))
    }

    /// The rule by which a resource lets in some address of a range on some of these ports today: its group and range.
    pub fn range_let_in<'r>(&self, to: &'r Resource, range: &IpNet, ports: &Ports) -> Option<(&'r Id, IpNet)> {
        let admits = |rule: &Rule| range_of(rule).filter(|net| rule.ports.overlap(ports) && meets(net, range));
        to.groups().iter().find_map(|group| Some((group, self.ingress(group).iter().find_map(admits)?)))
    }

    /// Whether the groups of a resource let it out to some address of a range on some of these ports today.
    pub fn lets_range_out(&self, from: &Resource, range: &IpNet, ports: &Ports) -> bool {
        let mut rules = from.groups().iter().flat_map(|group| self.egress(group));
        rules.any(|rule| rule.ports.overlap(ports) && range_of(rule).is_some_and(|net| meets(&net, range)))
    }
}

fn range_of(rule: &Rule) -> Option<IpNet> {
    match &rule.peer {
        Peer::Cidr(net) => Some(*net),
        Peer::Group(_) | Peer::PrefixList(_) => None,
    }
}

/// Whether two ranges have an address in common; where the second is the internet as a whole, a public one.
fn meets(net: &IpNet, range: &IpNet) -> bool {
    (net.contains(range) || range.contains(net)) && !(is_world(range) && is_private(net))
}
