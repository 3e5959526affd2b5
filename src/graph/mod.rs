//! What depends on what.
//!
//! [`build::build`] reads the facets of an [`Inventory`] into a [`Graph`]: an arrow leads from a thing to what it
//! depends on, and says why. `query` walks it, `render` draws it; [`closure`] weighs
//! sets of things that need each other. petgraph is named in this room only.

use std::collections::BTreeMap;

use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use serde::Serialize;

use crate::model::facet::Role;
use crate::model::id::Id;

mod build;
pub mod closure;
mod query;
pub mod render;
#[cfg(test)]
pub mod sample;

pub use build::build;
pub use query::{Cycle, order};

/// A thing in the graph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Node {
    /// Its id.
    pub id: Id,
    /// Its kind's name; `outside` for what is named by something but not in the inventory.
    pub kind: String,
    /// The part it plays; none for what is not in the inventory.
    pub role: Option<Role>,
    /// What people call it.
    pub name: String,
}

/// In what way a thing depends on another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// A thing sits in a subnet; a subnet lies in its VPC.
    SitsIn,
    /// A workload is placed through a subnet group.
    PlacedThrough,
    /// A thing wears a security group.
    Wears,
    /// A security group's rule names another group.
    Admits,
    /// A subnet is served by a route table.
    ServedBy,
    /// A route table leads to a gateway, an endpoint or elsewhere.
    RoutesTo,
    /// A balancer forwards to a target group.
    ForwardsTo,
    /// A target group has a target.
    Targets,
    /// An interface or an address belongs to something.
    BelongsTo,
    /// A network ACL filters a subnet.
    Filters,
    /// Anything else that a kind says.
    Uses,
}

impl Link {
    /// As pictures and JSON spell it.
    pub fn name(self) -> &'static str {
        match self {
            Link::SitsIn => "sits_in",
            Link::PlacedThrough => "placed_through",
            Link::Wears => "wears",
            Link::Admits => "admits",
            Link::ServedBy => "served_by",
            Link::RoutesTo => "routes_to",
            Link::ForwardsTo => "forwards_to",
            Link::Targets => "targets",
            Link::BelongsTo => "belongs_to",
            Link::Filters => "filters",
            Link::Uses => "uses",
        }
    }
}

/// One arrow: `from` depends on `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrow<'g> {
    /// What depends.
    pub from: &'g Node,
    /// On what.
    pub to: &'g Node,
    /// In what way.
    pub link: Link,
    /// Why, for people: ports, destinations, "main table".
    pub reason: &'g str,
}

#[derive(Clone, Debug)]
struct Edge {
    link: Link,
    reason: String,
}

/// The dependencies of one inventory. Nodes are in the order of their ids, arrows in the order (from, to, link).
#[derive(Clone, Debug)]
pub struct Graph {
    inner: DiGraph<Node, Edge>,
    index: BTreeMap<Id, NodeIndex>,
}

impl Graph {
    /// A thing by id.
    pub fn node(&self, id: &Id) -> Option<&Node> {
        self.index.get(id).map(|index| &self.inner[*index])
    }

    /// All things, in the order of their ids.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.inner.node_weights()
    }

    /// All arrows, in the order (from, to, link).
    pub fn arrows(&self) -> impl Iterator<Item = Arrow<'_>> {
        self.inner.edge_references().map(|edge| Arrow {
            from: &self.inner[edge.source()],
            to: &self.inner[edge.target()],
            link: edge.weight().link,
            reason: &edge.weight().reason,
        })
    }
}
