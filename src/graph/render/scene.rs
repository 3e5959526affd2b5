//! What all pictures share: which things are shown, and in which subnet each one stands.

use std::collections::{BTreeMap, BTreeSet};

use super::Detail;
use crate::graph::{Arrow, Graph, Link, Node};
use crate::model::facet::{Hop, Role};
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::resource::Resource;

/// A zone of the VPC.
pub struct Zone<'a> {
    pub name: &'a str,
    pub plots: Vec<Plot<'a>>,
}

/// A subnet with what stands in it and nowhere else.
pub struct Plot<'a> {
    pub subnet: &'a Resource,
    pub public: bool,
    /// Where its default route leads, for people.
    pub way_out: String,
    pub residents: Vec<&'a Node>,
}

/// A graph prepared for drawing.
pub struct Scene<'a> {
    pub inventory: &'a Inventory,
    pub detail: Detail,
    pub zones: Vec<Zone<'a>>,
    /// Things that may sit in several subnets, with these.
    pub spanning: Vec<(&'a Node, Vec<&'a Id>)>,
    /// Things of the VPC that sit in no subnet, groups apart.
    pub loose: Vec<&'a Node>,
    /// Security groups.
    pub groups: Vec<&'a Node>,
    /// Things that are named but not in the inventory.
    pub outside: Vec<&'a Node>,
    /// Arrows between things that are shown; what standing in a subnet says already is left out.
    pub arrows: Vec<Arrow<'a>>,
}

impl<'a> Scene<'a> {
    pub fn new(inventory: &'a Inventory, graph: &'a Graph, detail: Detail) -> Scene<'a> {
        let mut scene = Scene {
            inventory,
            detail,
            zones: Vec::new(),
            spanning: Vec::new(),
            loose: Vec::new(),
            groups: Vec::new(),
            outside: Vec::new(),
            arrows: Vec::new(),
        };
        let mut residents: BTreeMap<&Id, Vec<&Node>> = BTreeMap::new();
        let mut home: BTreeMap<&Id, &Id> = BTreeMap::new();
        for node in graph.nodes().filter(|node| is_shown(inventory, node, detail)) {
            match scene.whereabouts(node) {
                Whereabouts::Outside => scene.outside.push(node),
                Whereabouts::Frame => {}
                Whereabouts::Groups => scene.groups.push(node),
                Whereabouts::Loose => scene.loose.push(node),
                Whereabouts::Spanning(subnets) => scene.spanning.push((node, subnets)),
                Whereabouts::Subnet(subnet) => {
                    residents.entry(subnet).or_default().push(node);
                    home.insert(&node.id, subnet);
                }
            }
        }
        scene.zones = zones(inventory, residents);
        scene.arrows = arrows(inventory, graph, detail, &home);
        scene.drop_unnamed_outsiders(graph);
        scene
    }

    fn whereabouts(&self, node: &'a Node) -> Whereabouts<'a> {
        let Some(resource) = self.inventory.get(&node.id) else { return Whereabouts::Outside };
        match resource.role {
            Role::Network | Role::Subnet => Whereabouts::Frame,
            Role::Group => Whereabouts::Groups,
            Role::Acl | Role::PrefixList | Role::SubnetGroup => Whereabouts::Loose,
            _ => match likely_subnets(self.inventory, resource).as_slice() {
                [] => Whereabouts::Loose,
                [only] => Whereabouts::Subnet(only),
                several => Whereabouts::Spanning(several.to_vec()),
            },
        }
    }

    /// Outside things that only hidden arrows name are hidden as well; where routes lead is always of interest.
    fn drop_unnamed_outsiders(&mut self, graph: &Graph) {
        let routed = graph.arrows().filter(|arrow| arrow.link == Link::RoutesTo);
        let named: BTreeSet<&Id> = self.arrows.iter().copied().chain(routed).map(|arrow| &arrow.to.id).collect();
        self.outside.retain(|node| named.contains(&node.id));
    }

    /// All plots of all zones.
    pub fn plots(&self) -> impl Iterator<Item = &Plot<'a>> {
        self.zones.iter().flat_map(|zone| &zone.plots)
    }
}

enum Whereabouts<'a> {
    Outside,
    Frame,
    Groups,
    Loose,
    Subnet(&'a Id),
    Spanning(Vec<&'a Id>),
}

/// The subnets of the inventory in which it may sit; narrowed to the zones in which it really is, where AWS tells.
fn likely_subnets<'a>(inventory: &'a Inventory, resource: &'a Resource) -> Vec<&'a Id> {
    let Some(placement) = &resource.facets.placement else { return Vec::new() };
    let all: Vec<&Id> = placement.subnets.iter().filter(|id| inventory.get(id).is_some()).collect();
    let in_zone: Vec<&Id> =
        all.iter().copied().filter(|id| placement.zones.iter().any(|zone| inventory.get(id).is_some_and(|s| zone_of(s) == zone))).collect();
    if in_zone.is_empty() { all } else { in_zone }
}

/// The zone of a subnet.
fn zone_of(subnet: &Resource) -> &str {
    subnet.facets.placement.as_ref().and_then(|p| p.zones.first()).map_or("", String::as_str)
}

fn is_shown(inventory: &Inventory, node: &Node, detail: Detail) -> bool {
    let Some(resource) = inventory.get(&node.id) else { return true };
    match resource.role {
        Role::Name | Role::Interface | Role::Acl | Role::PrefixList | Role::RouteTable | Role::SubnetGroup => detail == Detail::All,
        Role::Address => detail == Detail::All || resource.facets.owner.is_none(),
        Role::Bystander => detail == Detail::All || resource.facets.placement.is_some(),
        Role::Network
        | Role::Subnet
        | Role::Gateway
        | Role::Endpoint
        | Role::Group
        | Role::Workload
        | Role::Balancer
        | Role::TargetGroup => true,
    }
}

fn zones<'a>(inventory: &'a Inventory, mut residents: BTreeMap<&'a Id, Vec<&'a Node>>) -> Vec<Zone<'a>> {
    let public = inventory.public_subnets();
    let tables = inventory.tables();
    let mut by_zone: BTreeMap<&str, Vec<Plot<'a>>> = BTreeMap::new();
    for subnet in inventory.with_role(Role::Subnet) {
        let way_out = tables.get(&subnet.id).map_or_else(|| "no route table seen".to_owned(), |table| way_out(inventory, table));
        let mut own = residents.remove(&subnet.id).unwrap_or_default();
        own.sort_by(|a, b| (a.role, &a.name, &a.id).cmp(&(b.role, &b.name, &b.id)));
        by_zone.entry(zone_of(subnet)).or_default().push(Plot { subnet, public: public.contains(&subnet.id), way_out, residents: own });
    }
    by_zone
        .into_iter()
        .map(|(name, mut plots)| {
            plots.sort_by(|a, b| (!a.public, &a.subnet.name, &a.subnet.id).cmp(&(!b.public, &b.subnet.name, &b.subnet.id)));
            Zone { name, plots }
        })
        .collect()
}

/// Where the default route of a table leads.
fn way_out(inventory: &Inventory, table: &Resource) -> String {
    let routes = table.facets.routing.as_ref().map(|routing| routing.routes.as_slice()).unwrap_or_default();
    let Some(route) = routes.iter().find(|route| route.destination == "0.0.0.0/0") else { return "no default route".to_owned() };
    if route.blackhole {
        return "default route leads nowhere".to_owned();
    }
    match &route.hop {
        Hop::Local => "local only".to_owned(),
        Hop::InternetGateway(_) => "internet".to_owned(),
        Hop::EgressOnly(id) | Hop::Nat(id) | Hop::Endpoint(id) | Hop::Other(_, id) => inventory.name(id).to_owned(),
    }
}

fn arrows<'a>(inventory: &'a Inventory, graph: &'a Graph, detail: Detail, home: &BTreeMap<&Id, &Id>) -> Vec<Arrow<'a>> {
    let is_drawn = |arrow: &Arrow<'_>| {
        let said_by_place =
            arrow.link == Link::SitsIn && (arrow.to.role == Some(Role::Network) || home.get(&arrow.from.id) == Some(&&arrow.to.id));
        let noise = detail == Detail::Overview && (arrow.link == Link::Admits || arrow.from.role == Some(Role::Address));
        !said_by_place && !noise && is_shown(inventory, arrow.from, detail) && is_shown(inventory, arrow.to, detail)
    };
    graph.arrows().filter(is_drawn).collect()
}
