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
        names(&mut arrows, resource, &by_address);
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

/// Who has an address: the owner of an interface, else the workload that names it.
fn addresses(inventory: &Inventory) -> BTreeMap<&str, &Id> {
    let mut owners = BTreeMap::new();
    for resource in inventory.resources.values().filter(|r| !matches!(r.role, Role::Interface | Role::Address)) {
        owners.extend(resource.addresses().map(|ip| (ip, &resource.id)));
    }
    for interface in inventory.with_role(Role::Interface) {
        let owner = interface.facets.owner.as_ref().filter(|owner| inventory.get(owner).is_some()).unwrap_or(&interface.id);
        for ip in interface.addresses() {
            owners.entry(ip).or_insert(owner);
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

/// A name depends on whose address it leads to.
fn names(arrows: &mut Arrows<'_>, resource: &Resource, by_address: &BTreeMap<&str, &Id>) {
    for address in resource.facets.answers.iter().flat_map(|answers| &answers.addresses) {
        if let Some(owner) = by_address.get(address.as_str()) {
            arrows.add(&resource.id, owner, Link::Uses, format!("leads to its address {address}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::graph::sample::{group, inventory, named, placed, subnet, table, thing, workload};

    fn arrows(inventory: &Inventory) -> Vec<String> {
        build(inventory).arrows().map(|a| format!("{} {} {}: {}", a.from.id, a.link.name(), a.to.id, a.reason)).collect()
    }

    #[test]
    fn every_facet_has_its_arrows() {
        let check = |resources: Vec<serde_json::Value>, expected: &[&str]| {
            let found = arrows(&inventory(resources));
            assert_eq!(found, expected);
        };
        check(vec![workload("i-1", &["subnet-1"], &["sg-1"])], &["i-1 wears sg-1: guarded by it", "i-1 sits_in subnet-1: is placed there"]);
        check(
            vec![
                named("dbgroup:g", "g", "db_subnet_group", "subnet_group", placed(&["subnet-1"], &[])),
                thing(
                    "db:a",
                    "db_instance",
                    "workload",
                    json!({ "placement": { "subnets": ["subnet-1"], "zones": [], "through": "dbgroup:g" } }),
                ),
            ],
            &[
                "db:a placed_through dbgroup:g: its subnet group",
                "db:a sits_in subnet-1: through the subnet group g",
                "dbgroup:g sits_in subnet-1: offers it to what is placed through it",
            ],
        );
        check(
            vec![group("sg-1", &["tcp 5432 sg-2", "tcp 22 sg-2", "all sg-1", "tcp 80 0.0.0.0/0"])],
            &["sg-1 admits sg-1: in: all traffic", "sg-1 admits sg-2: in: tcp 22, in: tcp 5432"],
        );
        check(
            vec![
                subnet("subnet-1", "a"),
                subnet("subnet-2", "b"),
                table("rtb-1", json!({ "nat": "nat-1" }), &["subnet-1"]),
                table("rtb-0", json!({ "internet_gateway": "igw-1" }), &[]),
            ],
            &[
                "rtb-0 routes_to igw-1: 0.0.0.0/0",
                "rtb-1 routes_to nat-1: 0.0.0.0/0",
                "subnet-1 served_by rtb-1: associated with it",
                "subnet-1 sits_in vpc-1: part of the VPC",
                "subnet-2 served_by rtb-0: the VPC's main table",
                "subnet-2 sits_in vpc-1: part of the VPC",
            ],
        );
    }

    #[test]
    fn targets_and_owners_are_followed_through_addresses_and_interfaces() {
        let listeners = json!([{ "protocol": "tcp", "from": 443, "to": 443 }]);
        let balancing = json!({ "internet_facing": true, "flavour": "application", "listeners": listeners, "target_groups": ["tg-1"] });
        let members =
            json!([{ "target": "10.0.0.9", "port": 80, "health": "healthy" }, { "target": "10.9.9.9", "port": 80, "health": "" }]);
        let found = arrows(&inventory(vec![
            thing("lb:a", "load_balancer", "balancer", json!({ "balancing": balancing })),
            thing(
                "tg-1",
                "target_group",
                "target_group",
                json!({ "targets": { "members": members, "health_port": null, "drain_s": 300 } }),
            ),
            thing("i-1", "ec2_instance", "workload", json!({})),
            thing("eni-1", "network_interface", "interface", json!({ "owner": "i-1", "private_addresses": ["10.0.0.9"] })),
            thing("eipalloc-1", "elastic_ip", "address", json!({ "owner": "eni-1" })),
            thing("vpce-1", "vpc_endpoint", "endpoint", json!({ "uses": [["rtb-1", "the endpoint's routes are in it"]] })),
        ]));
        assert_eq!(
            found,
            [
                "eipalloc-1 belongs_to eni-1: belongs to it",
                "eipalloc-1 belongs_to i-1: through eni-1",
                "eni-1 belongs_to i-1: belongs to it",
                "lb:a forwards_to tg-1: listens on tcp 443",
                "tg-1 targets 10.9.9.9: port 80",
                "tg-1 targets i-1: port 80 (healthy)",
                "vpce-1 uses rtb-1: the endpoint's routes are in it",
            ]
        );
    }

    #[test]
    fn questions_are_answered_through_others_and_group_circles_are_told_apart() {
        let mut resources = vec![
            workload("i-1", &["subnet-1"], &["sg-1"]),
            subnet("subnet-1", "a"),
            table("rtb-0", json!({ "internet_gateway": "igw-1" }), &[]),
            group("sg-1", &["tcp 80 sg-2"]),
            group("sg-2", &["tcp 80 sg-1"]),
            group("sg-3", &["all sg-3"]),
        ];
        let ids = |nodes: Vec<&Node>| nodes.iter().map(|node| node.id.to_string()).collect::<Vec<_>>();
        let graph = build(&inventory(resources.clone()));
        assert_eq!(ids(graph.needs(&"i-1".into())), ["igw-1", "rtb-0", "sg-1", "sg-2", "subnet-1", "vpc-1"]);
        assert_eq!(ids(graph.dependents(&"rtb-0".into())), ["i-1", "subnet-1"]);
        assert_eq!(ids(graph.needs(&"nothing".into())), [] as [String; 0]);
        let circles = |graph: &Graph| {
            graph
                .cycles()
                .iter()
                .map(|c| (c.members.iter().map(Id::to_string).collect::<Vec<_>>().join(" "), c.groups_only))
                .collect::<Vec<_>>()
        };
        assert_eq!(circles(&graph), [("sg-1 sg-2".to_owned(), true), ("sg-3".to_owned(), true)]);
        resources.push(thing("x", "x", "bystander", json!({ "uses": [["y", "needs it"]] })));
        resources.push(thing("y", "y", "bystander", json!({ "uses": [["x", "needs it"]] })));
        assert_eq!(circles(&build(&inventory(resources)))[2], ("x y".to_owned(), false));
    }
}
