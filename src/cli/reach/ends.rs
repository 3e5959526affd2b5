//! Who is meant by what was typed: names, ids, addresses, at the moment that is asked about.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::bad;
use crate::cli::failure::Failure;
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::network::Protocol;
use crate::model::resource::Resource;
use crate::plan::moment::Moment;
use crate::plan::problem::nearest;
use crate::reach::{Fabric, Fact, Key, Side, View};

/// One end as it was named.
pub struct End {
    /// As people call it.
    pub name: String,
    /// Its sides, each with its name.
    pub sides: Vec<(Side, String)>,
    /// The TCP ports on which it listens, if anybody knows.
    pub listens: Vec<u16>,
}

/// An inventory and its network.
pub struct Scenery<'i> {
    inventory: &'i Inventory,
    /// The network.
    pub fabric: Fabric,
}

impl<'i> Scenery<'i> {
    /// The network of an inventory.
    pub fn new(inventory: &'i Inventory) -> Scenery<'i> {
        Scenery { inventory, fabric: Fabric::new(inventory.all()) }
    }

    /// Its own interfaces, or itself where it is one.
    fn nodes(&self, id: &Id) -> Vec<Id> {
        match self.fabric.nodes(id) {
            nodes if nodes.is_empty() && self.fabric.node(id).is_some() => vec![id.clone()],
            nodes => nodes,
        }
    }

    /// What of that name has interfaces: what can be moved before what can't.
    fn called(&self, name: &str) -> Vec<&'i Resource> {
        let named = self.inventory.all().filter(|resource| resource.name == name);
        let all: Vec<&Resource> = named.filter(|resource| !self.nodes(&resource.id).is_empty()).collect();
        let movable: Vec<&Resource> = all.iter().copied().filter(|resource| resource.is_movable()).collect();
        if movable.is_empty() { all } else { movable }
    }

    /// Whether the workload that a node belongs to serves.
    fn serves(&self, node: &Id) -> bool {
        let owner = self.fabric.node(node).map(|node| Key::Workload(node.owner.clone()));
        !matches!(owner.and_then(|key| self.fabric.fact(&key)), Some(Fact::Workload(workload)) if !workload.up)
    }

    /// An interface as people know it: whose, its address, its subnet.
    fn words(&self, owner: &str, id: &Id) -> String {
        let Some(node) = self.fabric.node(id) else { return id.to_string() };
        let subnet = self.inventory.name(&node.subnet);
        match node.addresses.first() {
            Some(address) => format!("{owner} ({address} in {subnet})"),
            None => format!("{owner} (in {subnet}, address unknown)"),
        }
    }
}

/// Where names are looked up.
pub struct Names<'i> {
    /// The account at the start, whose names people know.
    pub start: &'i Scenery<'i>,
    /// The account at the moment that is asked about, and what has taken whose place until then; none: it is the start.
    pub then: Option<(&'i Scenery<'i>, &'i Moment)>,
}

impl<'i> Names<'i> {
    /// The account that is asked about.
    pub fn now(&self) -> &'i Scenery<'i> {
        self.then.map_or(self.start, |(now, _)| now)
    }

    /// Who opens a connection: as [`Names::end`], but a service opens it by the interfaces that it has in the VPC:
    /// developers come by `service:client-vpn`.
    ///
    /// # Errors
    /// As there.
    pub fn opener(&self, named: &str) -> Result<End, Failure> {
        let own = if named.starts_with("service:") { self.now().fabric.nodes(&named.into()) } else { Vec::new() };
        if own.is_empty() {
            return self.end(named);
        }
        let sides = own.into_iter().map(|id| (Side::Node(id.clone()), self.now().words(named, &id))).collect();
        Ok(End { name: named.to_owned(), sides, listens: Vec::new() })
    }

    /// Who is meant: `internet`, a service, an address (the interface that has it, if one does), an interface, or a resource
    /// by its id or name.
    ///
    /// # Errors
    /// If nobody is, or several.
    pub fn end(&self, named: &str) -> Result<End, Failure> {
        let one = |side: Side, listens: Vec<u16>| End { name: named.to_owned(), sides: vec![(side, named.to_owned())], listens };
        if named == "internet" {
            return Ok(one(Side::Internet, Vec::new()));
        }
        if let Some(service) = named.strip_prefix("service:") {
            return Ok(one(Side::Service(service.to_owned()), vec![443]));
        }
        if let Ok(address) = named.parse::<IpAddr>() {
            let side = self.now().fabric.node_at(address).map_or(Side::Address(address), |node| Side::Node(node.id.clone()));
            return Ok(one(side, Vec::new()));
        }
        let resource = self.find(named)?;
        let listens = resource.facets.listens.iter().flatten().filter(|ports| ports.from == ports.to && ports.protocol == Protocol::Tcp);
        let mut listens: Vec<u16> = listens.map(|ports| ports.from).collect();
        listens.dedup();
        Ok(End { name: resource.name.clone(), sides: self.sides(resource), listens })
    }

    /// The interfaces of a resource and of what a move has made in its place. Of those that do not serve, one that was
    /// replaced is left out; where none serves, all are asked about.
    fn sides(&self, resource: &Resource) -> Vec<(Side, String)> {
        let now = self.now();
        let heirs: Vec<&Id> = self.then.iter().flat_map(|(_, moment)| moment.heirs(&resource.id)).collect();
        let mut nodes: Vec<(Id, &str)> = now.nodes(&resource.id).into_iter().map(|id| (id, resource.name.as_str())).collect();
        for heir in &heirs {
            nodes.extend(now.nodes(heir).into_iter().map(|id| (id, now.inventory.name(heir))));
        }
        if !heirs.is_empty() && nodes.iter().any(|(id, _)| now.serves(id)) {
            nodes.retain(|(id, _)| now.serves(id));
        }
        let mut seen = BTreeSet::new();
        nodes.retain(|(id, _)| seen.insert(id.clone()));
        nodes.into_iter().map(|(id, owner)| (Side::Node(id.clone()), now.words(owner, &id))).collect()
    }

    /// The resource of that id, or of that name: as it was called at the start, else as it is called then.
    fn find(&self, named: &str) -> Result<&'i Resource, Failure> {
        let places: Vec<&Scenery<'_>> = [self.start].into_iter().chain(self.then.map(|(now, _)| now)).collect();
        if let Some(resource) = places.iter().find_map(|place| place.inventory.get(&named.into())) {
            return Ok(resource);
        }
        let found = places.iter().map(|place| place.called(named)).find(|found| !found.is_empty());
        match found.unwrap_or_default().as_slice() {
            [one] => Ok(one),
            [] => Err(self.unknown(named, &places)),
            several => {
                let ids: Vec<&str> = several.iter().map(|resource| resource.id.as_str()).collect();
                Err(bad(format!("{named} is the name of {} things: {}", ids.len(), ids.join(", ")))
                    .hint("the same command with one of these ids"))
            }
        }
    }

    fn unknown(&self, named: &str, places: &[&Scenery<'_>]) -> Failure {
        let all = places.iter().flat_map(|place| place.inventory.all().map(move |resource| (place, resource)));
        let known = all.filter(|(place, resource)| !place.nodes(&resource.id).is_empty());
        let names = known.flat_map(|(_, resource)| [resource.name.as_str(), resource.id.as_str()]);
        let then = if self.then.is_some() { ", nor at that moment," } else { "" };
        let failure = bad(format!("nothing in the inventory{then} that has interfaces is called {named}"));
        match nearest(named, names.chain(["internet"])) {
            Some(near) => failure.hint(format!("is {near} meant?")),
            None => failure.hint("hikkoshi graph   # shows what there is; an id, an address, internet and service:s3 are understood too"),
        }
    }
}
