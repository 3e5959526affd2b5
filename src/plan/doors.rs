//! What the internet reaches of an account as it is.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::prove::{alive, is_public, question};
use crate::model::account::Account;
use crate::model::id::Id;
use crate::model::network::{Peer, Ports, is_private};
use crate::model::resource::Resource;
use crate::reach::{Fabric, Fact, Key, Side, View, ask_briefly};

/// Something that the internet reaches.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Door {
    /// What: a workload or a balancer.
    #[schemars(with = "String")]
    pub id: Id,
    /// Its name.
    pub name: String,
    /// On which ports of those that it listens on; as far as nobody knows these, those that its groups let in.
    pub ports: String,
    /// The ranges that its groups let in there.
    pub from: Vec<String>,
    /// Whether it is meant to be reached: a balancer that faces the internet, on a port of a listener.
    pub meant: bool,
}

/// All doors of what can be moved, judged by addresses, routes, network ACLs and groups.
pub fn doors(account: &Account) -> Vec<Door> {
    let fabric = Fabric::new(account.resources.values());
    let movable = account.resources.values().filter(|one| one.is_movable());
    let mut out: Vec<Door> = movable.flat_map(|one| of(one, &fabric)).collect();
    out.sort();
    out
}

fn of(resource: &Resource, fabric: &Fabric) -> Vec<Door> {
    let nodes: Vec<Id> = fabric.nodes(&resource.id).into_iter().filter(|node| shows(fabric, node) && alive(fabric, node)).collect();
    let mut worn: BTreeSet<Id> = resource.groups().iter().cloned().collect();
    worn.extend(nodes.iter().filter_map(|node| fabric.node(node)).flat_map(|node| node.groups.clone()));
    let mut knocked: Vec<(Ports, BTreeSet<String>)> = Vec::new();
    for (ports, range) in openings(&worn, resource.facets.listens.as_deref().unwrap_or_default(), fabric) {
        match knocked.iter_mut().find(|(known, _)| *known == ports) {
            Some((_, ranges)) => drop(ranges.insert(range)),
            None => knocked.push((ports, BTreeSet::from([range]))),
        }
    }
    let opens =
        |ports: &Ports| nodes.iter().any(|node| ask_briefly(fabric, &question(Side::Internet, Side::Node(node.clone()), ports)).is_ok());
    knocked.retain(|(ports, _)| opens(ports));
    let listeners =
        resource.facets.balancing.as_ref().filter(|one| one.internet_facing).map(|one| one.listeners.clone()).unwrap_or_default();
    let door = |(ports, from): (Ports, BTreeSet<String>)| Door {
        id: resource.id.clone(),
        name: resource.name.clone(),
        meant: listeners.iter().any(|listener| listener.cover(&ports)),
        ports: ports.to_string(),
        from: from.into_iter().collect(),
    };
    knocked.into_iter().map(door).collect()
}

/// What groups let in from public addresses, as far as something listens there.
fn openings(groups: &BTreeSet<Id>, listens: &[Ports], fabric: &Fabric) -> Vec<(Ports, String)> {
    let mut out = Vec::new();
    for group in groups {
        let Some(Fact::Rules(rules)) = fabric.fact(&Key::Rules(group.clone())) else { continue };
        for rule in &rules.ingress {
            let Peer::Cidr(net) = &rule.peer else { continue };
            if is_private(net) {
                continue;
            }
            let ports = if listens.is_empty() {
                vec![rule.ports.clone()]
            } else {
                listens.iter().filter_map(|one| one.common(&rule.ports)).collect()
            };
            out.extend(ports.into_iter().map(|ports| (ports, net.to_string())));
        }
    }
    out
}

/// Whether a node has a public address, by itself or by its owner.
fn shows(fabric: &Fabric, id: &Id) -> bool {
    fabric.node(id).is_some_and(|node| is_public(node, fabric.fact(&Key::Workload(node.owner.clone())).into_iter()))
}
