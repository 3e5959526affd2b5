//! The view of one inventory.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::net::IpAddr;

use super::fact::{Fact, Key, Node, View, stands_where_it_is};
use super::tell::facts;
use crate::model::id::Id;
use crate::model::resource::Resource;

/// Hashed without chance: the same inventory gives the same table in every process.
type Table<K, V> = HashMap<K, V, BuildHasherDefault<DefaultHasher>>;

/// All facts of one inventory, looked up.
#[derive(Default)]
pub struct Fabric {
    facts: Table<Key, Fact>,
    names: Table<Id, String>,
    endpoints: Table<String, Vec<Id>>,
    /// The interfaces that say whose they are.
    interfaces: Table<Id, Vec<Id>>,
    stand_ins: Table<Id, Vec<Id>>,
    parts: Table<Id, Vec<Id>>,
    subnets: Vec<Id>,
}

impl Fabric {
    /// The facts of these resources.
    pub fn new<'r>(resources: impl IntoIterator<Item = &'r Resource>) -> Fabric {
        let mut fabric = Fabric::default();
        for resource in resources {
            if resource.name != resource.id.as_str() {
                fabric.names.insert(resource.id.clone(), resource.name.clone());
            }
            for (key, fact) in facts(resource) {
                fabric.index(&key, &fact);
                fabric.facts.insert(key, fact);
            }
        }
        fabric
    }

    fn index(&mut self, key: &Key, fact: &Fact) {
        match (key, fact) {
            (Key::Node(id), Fact::Node(node)) => {
                let list = if node.stands_in { &mut self.stand_ins } else { &mut self.interfaces };
                list.entry(node.owner.clone()).or_default().push(id.clone());
            }
            (Key::Workload(id), Fact::Workload(workload)) => {
                if let Some(whole) = &workload.part_of {
                    self.parts.entry(whole.clone()).or_default().push(id.clone());
                }
            }
            (Key::Endpoint(id), Fact::Endpoint(endpoint)) => {
                self.endpoints.entry(endpoint.service.clone()).or_default().push(id.clone());
            }
            (Key::Subnet(id), _) => self.subnets.push(id.clone()),
            _ => {}
        }
    }

    /// The interface that has an address, private or public; else what stands in with it.
    pub fn node_at(&self, address: IpAddr) -> Option<&Node> {
        let has = |node: &&Node| node.addresses.contains(&address) || node.public.contains(&address);
        let nodes = self.facts.values().filter_map(|fact| if let Fact::Node(node) = fact { Some(node) } else { None });
        nodes.filter(has).min_by_key(|node| (node.stands_in, &node.id))
    }

    /// A node by its id.
    pub fn node(&self, id: &Id) -> Option<&Node> {
        match self.facts.get(&Key::Node(id.clone())) {
            Some(Fact::Node(node)) => Some(node),
            _ => None,
        }
    }

    /// Its own interfaces and its members.
    fn own(&self, owner: &Id) -> Vec<Id> {
        let mut found = self.interfaces.get(owner).cloned().unwrap_or_default();
        if let Some(Fact::Workload(workload)) = self.facts.get(&Key::Workload(owner.clone())) {
            found.extend(workload.members.iter().filter(|member| self.node(member).is_some()).cloned());
        }
        found.sort();
        found.dedup();
        found
    }
}

impl Fabric {
    /// What stands for it: in the zones in which it is, as far as these are known.
    fn standing_for(&self, owner: &Id) -> Vec<Id> {
        let all = self.stand_ins.get(owner).cloned().unwrap_or_default();
        let there: Vec<Id> = all.iter().filter(|id| self.node(id).is_some_and(|node| stands_where_it_is(self, node))).cloned().collect();
        if there.is_empty() { all } else { there }
    }
}

impl View for Fabric {
    fn fact(&self, key: &Key) -> Option<&Fact> {
        self.facts.get(key)
    }

    fn endpoints(&self, service: &str) -> Vec<Id> {
        self.endpoints.get(service).cloned().unwrap_or_default()
    }

    /// A part whose interface belongs to the whole itself is not counted again by what stands for it.
    fn nodes(&self, owner: &Id) -> Vec<Id> {
        let mut found = self.own(owner);
        let addresses: Vec<IpAddr> = found.iter().filter_map(|id| self.node(id)).flat_map(|node| node.addresses.clone()).collect();
        for part in self.parts.get(owner).into_iter().flatten() {
            let counted = |id: &Id| self.node(id).is_some_and(|node| node.addresses.iter().any(|a| addresses.contains(a)));
            let of_part = self.own(part);
            let of_part = if of_part.is_empty() { self.standing_for(part) } else { of_part };
            found.extend(of_part.into_iter().filter(|id| !counted(id)));
        }
        if found.is_empty() {
            found = self.standing_for(owner);
        }
        found.sort();
        found.dedup();
        found
    }

    fn name<'a>(&'a self, id: &'a Id) -> &'a str {
        self.names.get(id).map_or(id.as_str(), String::as_str)
    }
}
