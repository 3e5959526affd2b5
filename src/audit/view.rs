//! An inventory as the rules look at it: who wears which group, what the world may reach on purpose.

use std::collections::{BTreeMap, BTreeSet};

use super::openings::{Opening, openings};
use crate::model::facet::{PublicAddress, Role};
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::network::Ports;
use crate::model::resource::Resource;

/// Whoever wears a group: a resource, or an interface that nothing in the inventory explains.
pub type Wearers<'i> = BTreeMap<&'i Id, Vec<&'i Resource>>;

/// An inventory with the indexes that rules need, each built once.
pub struct View<'i> {
    pub inventory: &'i Inventory,
    pub public: BTreeSet<&'i Id>,
    /// The route table that serves each subnet.
    pub tables: BTreeMap<&'i Id, &'i Resource>,
    wearers: Wearers<'i>,
    /// Interfaces of services, none of whose things in the inventory can be their owner.
    pub foreign: Vec<&'i Resource>,
    /// Ports on which a thing serves the internet on purpose.
    served: BTreeMap<&'i Id, Vec<Ports>>,
    openings: BTreeMap<&'i Id, Vec<Opening>>,
    /// Addresses that are elastic IPs of this account.
    elastic: BTreeSet<&'i str>,
}

impl<'i> View<'i> {
    pub fn of(inventory: &'i Inventory) -> View<'i> {
        let placed = Placed::of(inventory);
        let mut foreign = Vec::new();
        let mut wearers: Wearers<'_> = BTreeMap::new();
        let mut wear = |resource: &'i Resource, who: &'i Resource| {
            for group in resource.groups() {
                let known = wearers.entry(group).or_default();
                // One owner's interfaces come one after the other or not at all: a look at the whole list is not needed.
                if known.last().is_none_or(|last| last.id != who.id) {
                    known.push(who);
                }
            }
        };
        for resource in inventory.all().filter(|r| r.role != Role::Interface) {
            wear(resource, resource);
        }
        for interface in inventory.with_role(Role::Interface) {
            match owner(inventory, interface) {
                Some(owner) => wear(interface, owner),
                None if placed.explains(interface) => {}
                None => {
                    if interface.facets.owner.is_some() {
                        foreign.push(interface);
                    }
                    wear(interface, interface);
                }
            }
        }
        for list in wearers.values_mut() {
            list.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
            list.dedup_by(|a, b| a.id == b.id);
        }
        let groups = inventory.with_role(Role::Group);
        let openings = groups.filter_map(|group| Some((&group.id, openings(&group.facets.rules.as_ref()?.ingress)))).collect();
        let addresses = inventory.with_role(Role::Address).flat_map(|address| &address.facets.public_addresses);
        let elastic = addresses.map(|address| address.ip.as_str()).collect();
        View {
            inventory,
            public: inventory.public_subnets(),
            tables: inventory.tables(),
            wearers,
            foreign,
            served: served(inventory),
            openings,
            elastic,
        }
    }

    /// Whoever wears a group.
    pub fn wearers(&self, group: &Id) -> &[&'i Resource] {
        self.wearers.get(group).map_or(&[], Vec::as_slice)
    }

    /// What a group lets in from the world and not on purpose: the listener ports of an internet-facing balancer are
    /// on purpose where nothing else wears the group.
    pub fn openings(&self, group: &Id) -> Vec<&Opening> {
        let wearers = self.wearers(group);
        let on_purpose = |opening: &Opening| {
            let serves =
                |who: &&Resource| self.served.get(&who.id).is_some_and(|ports| ports.iter().any(|served| served.cover(&opening.ports)));
            !wearers.is_empty() && wearers.iter().all(serves)
        };
        self.openings.get(group).into_iter().flatten().filter(|opening| !on_purpose(opening)).collect()
    }

    /// The public ones among the subnets in which a thing may sit.
    pub fn public_subnets_of<'r>(&self, resource: &'r Resource) -> Vec<&'r Id> {
        resource.subnets().iter().filter(|subnet| self.public.contains(subnet)).collect()
    }

    /// Whether a public address is an elastic IP: by the account's list of them, or, where that could not be read, by what
    /// the thing's own description says.
    pub fn is_elastic(&self, address: &PublicAddress) -> bool {
        if self.is_blind_to("DescribeAddresses") { address.allocation.is_some() } else { self.elastic.contains(address.ip.as_str()) }
    }

    /// All groups.
    pub fn groups(&self) -> impl Iterator<Item = &'i Resource> + use<'i> {
        self.inventory.with_role(Role::Group)
    }

    /// What computes or stores, whether it can be moved or not.
    pub fn workloads(&self) -> impl Iterator<Item = &'i Resource> + use<'i> {
        self.inventory.all().filter(|r| r.role == Role::Workload || (r.role == Role::Bystander && !r.subnets().is_empty()))
    }

    /// A name with its id, as evidence.
    pub fn named(&self, id: &Id) -> String {
        match self.inventory.name(id) {
            name if name == id.as_str() => name.to_owned(),
            name => format!("{name} ({id})"),
        }
    }

    /// Whether a read that lists such things was refused: then "nothing does" cannot be said.
    pub fn is_blind_to(&self, operation: &str) -> bool {
        self.inventory.missing.iter().any(|missing| missing.operation.ends_with(operation))
    }
}

fn owner<'i>(inventory: &'i Inventory, interface: &Resource) -> Option<&'i Resource> {
    interface.facets.owner.as_ref().and_then(|owner| inventory.get(owner))
}

/// Things that no interface names as its owner, by subnet: RDS's interfaces say whose they are only as far as the
/// service, so a database in that subnet that wears the same groups explains them.
struct Placed<'i> {
    by_subnet: BTreeMap<&'i Id, BTreeSet<Vec<&'i Id>>>,
}

impl<'i> Placed<'i> {
    fn of(inventory: &'i Inventory) -> Placed<'i> {
        let named: BTreeSet<&Id> = inventory.with_role(Role::Interface).filter_map(|interface| interface.facets.owner.as_ref()).collect();
        let mut by_subnet: BTreeMap<&Id, BTreeSet<Vec<&Id>>> = BTreeMap::new();
        for resource in inventory.all().filter(|r| r.role != Role::Interface && !named.contains(&r.id) && !r.groups().is_empty()) {
            for subnet in resource.subnets() {
                by_subnet.entry(subnet).or_default().insert(sorted(resource.groups()));
            }
        }
        Placed { by_subnet }
    }

    fn explains(&self, interface: &Resource) -> bool {
        let groups = sorted(interface.groups());
        let service = interface.facets.owner.as_ref().is_some_and(|owner| owner.as_str().starts_with("service:"));
        service && interface.subnets().iter().any(|subnet| self.by_subnet.get(subnet).is_some_and(|worn| worn.contains(&groups)))
    }
}

fn sorted(groups: &[Id]) -> Vec<&Id> {
    let mut groups: Vec<&Id> = groups.iter().collect();
    groups.sort();
    groups
}

/// An internet-facing balancer serves its listeners' ports; where it wears no groups (an older network load balancer)
/// its targets get the clients' own packets, and their groups must let the world in.
fn served(inventory: &Inventory) -> BTreeMap<&Id, Vec<Ports>> {
    let mut served: BTreeMap<&Id, Vec<Ports>> = BTreeMap::new();
    for balancer in inventory.with_role(Role::Balancer) {
        let Some(balancing) = balancer.facets.balancing.as_ref().filter(|b| b.internet_facing) else { continue };
        served.entry(&balancer.id).or_default().extend(either_transport(&balancing.listeners));
        if !balancer.groups().is_empty() {
            continue;
        }
        let groups = balancing.target_groups.iter().filter_map(|group| inventory.get(group)?.facets.targets.as_ref());
        for member in groups.flat_map(|targets| &targets.members) {
            if let Some((id, _)) = inventory.resources.get_key_value(&Id::from(member.target.as_str())) {
                served.entry(id).or_default().extend(either_transport(&[Ports::tcp(member.port)]));
            }
        }
    }
    served
}

/// A listener's port also for UDP: HTTP/3 and UDP listeners are written with the port alone.
fn either_transport(ports: &[Ports]) -> impl Iterator<Item = Ports> {
    ports.iter().flat_map(|ports| [ports.clone(), Ports { protocol: crate::model::network::Protocol::Udp, ..ports.clone() }])
}
