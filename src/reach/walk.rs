//! The walk of a packet, and of its answer.

use std::net::IpAddr;

use super::fact::View;
use crate::model::id::Id;
use crate::model::network::Protocol;

/// One side of a question.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// A node, by its id.
    Node(Id),
    /// An address outside the VPC, or one inside that nobody owns.
    Address(IpAddr),
    /// A host somewhere on the internet.
    Internet,
    /// An AWS service by its endpoint's short name, as its usual name resolves in the VPC.
    Service(String),
}

/// By which of its addresses the acceptor is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum By {
    /// By its private IPv4 address: what an AWS name resolves to inside the VPC.
    #[default]
    Private,
    /// By its public IPv4 address.
    Public,
    /// By its IPv6 address.
    V6,
}

/// Can this connection be opened?
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Question {
    /// Who opens it.
    pub from: Side,
    /// Who is to accept it.
    pub to: Side,
    /// TCP, UDP or ICMP; `All`: any.
    pub protocol: Protocol,
    /// The acceptor's port (type for ICMP).
    pub port: u16,
    /// By which address it is called.
    pub by: By,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It can, this way.
    Reached(Vec<Route>),
    /// It can't.
    Blocked(Blocked),
}

/// A station on the way, for people and for the proof; there and back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The thing: group, ACL, route table, gateway, endpoint.
    pub at: Id,
    /// In words: which rule, which route.
    pub words: String,
}

/// Where and why it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// The thing that blocks it.
    pub at: Id,
    /// What kind of obstacle.
    pub block: Block,
    /// In words, exact: which direction, what rule was missing, which entry denied.
    pub words: String,
    /// The stations before it.
    pub after: Vec<Route>,
}

/// Kinds of obstacles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Block {
    /// Not there, or not running.
    Absent,
    /// No group of the opener lets it out.
    GroupOut,
    /// No group of the acceptor lets it in.
    GroupIn,
    /// An ACL denies the way there.
    AclThere,
    /// An ACL denies the way back.
    AclBack,
    /// No route, or a blackhole.
    Route,
    /// A gateway that does not carry it: down, wrong direction, no public address.
    Gateway,
    /// The way leads out of what the model knows: peering, transit gateway, VPN, appliance.
    Edge,
}

/// What holds an established connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hold {
    /// Security groups track it at this node: it outlives its rule.
    Tracked,
    /// They do not: it lives as long as rules let each packet through, in both directions.
    Untracked,
}

/// Answers a question.
pub fn ask(view: &dyn View, question: &Question) -> Verdict {
    let _ = (view, question);
    todo!("the reach helper writes this")
}

/// Whether a connection established in `before` (where it could be opened) goes on in `after`, and if not, what cuts it.
pub fn stands(before: &dyn View, after: &dyn View, question: &Question) -> Verdict {
    let _ = (before, after, question);
    todo!("the reach helper writes this")
}
