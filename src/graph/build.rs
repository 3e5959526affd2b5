//! From an inventory to its graph: one small function per facet, each linear in what it reads.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::graph::DiGraph;

use super::{Edge, Graph, Link, Node};
use crate::model::facet::{Hop, Role};
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::network::Peer;
use crate::model::resource::Resource;

/// The graph of an inventory. What is named but was not found gets a node of kind `outside`.
pub fn build(inventory: &Inventory) -> Graph {
    let mut arrows = Arrows { inventory, found: BTreeMap::new() };
    let by_address = addresses(inventory);
    for resource in inventory.resources.values() {
        placement(&mut arrows, resource);
        guard(&mut arrows, resource);
        rules(&mut arrows, resource);
        routes(&mut arrows, resource);
        balancing(&mut arrows, resource, &by_address);
        ownership(&mut arrows, resource);
        for (id, reason) in &resource.facets.uses {
            arrows.add(&resource.id, id, Link::Uses, reason);
        }
    }
    serving(&mut arrows);
    arrows.graph()
}

/// Arrows in the making; several reasons for one arrow are gathered.
struct Arrows<'i> {
    inventory: &'i Inventory,
    found: BTreeMap<(Id, Id, Link), BTreeSet<String>>,
}

impl Arrows<'_> {
    fn add(&mut self, from: &Id, to: &Id, link: Link, reason: impl Into<String>) {
        self.found.entry((from.clone(), to.clone(), link)).or_default().insert(reason.into());
    }

    fn graph(self) -> Graph {
        let mut nodes: BTreeMap<Id, Node> = self.inventory.resources.values().map(|r| (r.id.clone(), known(r))).collect();
        for (_, to, _) in self.found.keys() {
            nodes.entry(to.clone()).or_insert_with(|| outside(to));
        }
        let mut inner = DiGraph::with_capacity(nodes.len(), self.found.len());
        let index: BTreeMap<Id, _> = nodes.into_iter().map(|(id, node)| (id, inner.add_node(node))).collect();
        for ((from, to, link), reasons) in self.found {
            if let (Some(from), Some(to)) = (index.get(&from), index.get(&to)) {
                inner.add_edge(*from, *to, Edge { link, reason: reasons.into_iter().collect::<Vec<_>>().join(", ") });
            }
        }
        Graph { inner, index }
    }
}

fn known(resource: &Resource) -> Node {
    Node { id: resource.id.clone(), kind: resource.kind.clone(), role: Some(resource.role), name: resource.name.clone() }
}

fn outside(id: &Id) -> Node {
    Node { id: id.clone(), kind: "outside".to_owned(), role: None, name: id.to_string() }
}

/// Who has a private address: the owner of an interface, else the workload that names it.
fn addresses(inventory: &Inventory) -> BTreeMap<&str, &Id> {
    let mut owners = BTreeMap::new();
    for resource in inventory.resources.values().filter(|r| r.role != Role::Interface) {
        owners.extend(resource.facets.private_addresses.iter().map(|ip| (ip.as_str(), &resource.id)));
    }
    for interface in inventory.with_role(Role::Interface) {
        let owner = interface.facets.owner.as_ref().filter(|owner| inventory.get(owner).is_some()).unwrap_or(&interface.id);
        for ip in &interface.facets.private_addresses {
            owners.entry(ip.as_str()).or_insert(owner);
        }
    }
    owners
}

fn placement(arrows: &mut Arrows<'_>, resource: &Resource) {
    let Some(placement) = &resource.facets.placement else { return };
    if resource.role == Role::Subnet {
        let vpc = arrows.inventory.vpc.clone();
        return arrows.add(&resource.id, &vpc, Link::SitsIn, "part of the VPC");
    }
    let (link, reason) = match (&placement.through, resource.role) {
        (Some(group), _) => {
            arrows.add(&resource.id, group, Link::PlacedThrough, "its subnet group");
            (Link::SitsIn, format!("through the subnet group {}", arrows.inventory.name(group)))
        }
        (None, Role::Acl) => (Link::Filters, "filters its traffic".to_owned()),
        (None, Role::SubnetGroup) => (Link::SitsIn, "offers it to what is placed through it".to_owned()),
        (None, _) => (Link::SitsIn, "is placed there".to_owned()),
    };
    for subnet in &placement.subnets {
        arrows.add(&resource.id, subnet, link, reason.as_str());
    }
}

fn guard(arrows: &mut Arrows<'_>, resource: &Resource) {
    for group in resource.groups() {
        arrows.add(&resource.id, group, Link::Wears, "guarded by it");
    }
}

fn rules(arrows: &mut Arrows<'_>, resource: &Resource) {
    let Some(rules) = &resource.facets.rules else { return };
    let directions = rules.ingress.iter().map(|rule| ("in", rule)).chain(rules.egress.iter().map(|rule| ("out", rule)));
    for (direction, rule) in directions {
        if let Peer::Group(group) = &rule.peer {
            arrows.add(&resource.id, group, Link::Admits, format!("{direction}: {}", rule.ports));
        }
    }
}

fn routes(arrows: &mut Arrows<'_>, resource: &Resource) {
    let Some(routing) = &resource.facets.routing else { return };
    for route in &routing.routes {
        let to = match &route.hop {
            Hop::Local => continue,
            Hop::InternetGateway(id) | Hop::EgressOnly(id) | Hop::Nat(id) | Hop::Endpoint(id) | Hop::Other(_, id) => id,
        };
        let dead = if route.blackhole { " (blackhole)" } else { "" };
        arrows.add(&resource.id, to, Link::RoutesTo, format!("{}{dead}", route.destination));
    }
    for gateway in &routing.propagating {
        arrows.add(&resource.id, gateway, Link::RoutesTo, "propagates its routes");
    }
}

/// Each subnet depends on the table that serves it; a table of its own is told from the main one.
fn serving(arrows: &mut Arrows<'_>) {
    let inventory = arrows.inventory;
    let mut explicit: BTreeSet<(&Id, &Id)> = BTreeSet::new();
    for table in inventory.with_role(Role::RouteTable) {
        explicit.extend(table.facets.routing.iter().flat_map(|r| &r.associations).map(|(subnet, _)| (subnet, &table.id)));
    }
    for (subnet, table) in inventory.tables() {
        let reason = if explicit.contains(&(subnet, &table.id)) { "associated with it" } else { "the VPC's main table" };
        arrows.add(subnet, &table.id, Link::ServedBy, reason);
    }
}

fn balancing(arrows: &mut Arrows<'_>, resource: &Resource, by_address: &BTreeMap<&str, &Id>) {
    if let Some(balancing) = &resource.facets.balancing {
        let ports: Vec<String> = balancing.listeners.iter().map(ToString::to_string).collect();
        let reason = if ports.is_empty() { "forwards to it".to_owned() } else { format!("listens on {}", ports.join(", ")) };
        for group in &balancing.target_groups {
            arrows.add(&resource.id, group, Link::ForwardsTo, reason.as_str());
        }
    }
    for member in resource.facets.targets.iter().flat_map(|targets| &targets.members) {
        let named = Id::from(member.target.as_str());
        let target = by_address.get(member.target.as_str()).map_or(named, |owner| (*owner).clone());
        let health = if member.health.is_empty() { String::new() } else { format!(" ({})", member.health) };
        arrows.add(&resource.id, &target, Link::Targets, format!("port {}{health}", member.port));
    }
}

/// An address on an interface also belongs to whom the interface belongs to: pictures leave interfaces out.
fn ownership(arrows: &mut Arrows<'_>, resource: &Resource) {
    let Some(owner) = &resource.facets.owner else { return };
    arrows.add(&resource.id, owner, Link::BelongsTo, "belongs to it");
    let behind = arrows.inventory.get(owner).filter(|held| held.role == Role::Interface).and_then(|held| held.facets.owner.clone());
    if let Some(behind) = behind {
        arrows.add(&resource.id, &behind, Link::BelongsTo, format!("through {owner}"));
    }
}
