//! Questions and answers.

use std::net::IpAddr;

use super::fact::{Fact, Key, View};
use super::internet::{self, Towards};
use super::journey::{End, Far, Journey};
use super::rest::{Span, same_family};
use super::routes;
use crate::model::id::Id;
use crate::model::network::Protocol;

/// The ports from which clients are taken to come, all of which an ACL must let back: Linux's default range
/// (`net.ipv4.ip_local_port_range`; VPC user guide, "Ephemeral ports"). A client of another system may use others.
pub const CLIENT_PORTS: Span<u16> = (32768, 60999);

/// The ports from which a NAT gateway sends (VPC user guide, "NAT gateway basics").
pub const NAT_PORTS: Span<u16> = (1024, 65535);

/// One side of a question.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// A node, by its id.
    Node(Id),
    /// An address outside the VPC, or one inside that nobody owns: of that one neither subnet, groups nor ACL are known, and
    /// only the other end is judged.
    Address(IpAddr),
    /// A host somewhere on the internet: some public address, from some port of it. Reached if any of them is.
    Internet,
    /// An AWS service by its endpoint's short name, as its usual name resolves in the VPC.
    Service(String),
}

/// By which of its addresses the acceptor is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum By {
    /// By its private IPv4 address: what an AWS name resolves to inside the VPC. Who is outside calls it by its public one.
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
    /// TCP, UDP or ICMP, or another by its number; `All`: every one of them, on every port.
    pub protocol: Protocol,
    /// The acceptor's port (type for ICMP); nothing for protocols without ports.
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
///
/// An answer depends on the keys that were asked for and on nothing else, also on those under which there was no fact. Not
/// judged: what policies of endpoints, services and hosts say, traffic through appliances, gateway route tables.
pub fn ask(view: &dyn View, question: &Question) -> Verdict {
    verdict(answer(view, question, true))
}

/// The same answer without words, for who asks many questions.
///
/// # Errors
/// What blocks it.
pub fn ask_briefly(view: &dyn View, question: &Question) -> Result<(), Block> {
    answer(view, question, false).map(drop).map_err(|blocked| blocked.block)
}

/// Whether a connection established in `before` (where it could be opened) goes on in `after`, and if not, what cuts it.
///
/// Each packet of it must still find the same way: an interface that is gone or has another address, another gateway than
/// before, a route or an ACL in its way cuts it; a group only where the connection is not tracked at its wearer.
pub fn stands(before: &dyn View, after: &dyn View, question: &Question) -> Verdict {
    verdict(standing(before, after, question, true))
}

/// The same answer without words.
///
/// # Errors
/// What cuts it.
pub fn stands_briefly(before: &dyn View, after: &dyn View, question: &Question) -> Result<(), Block> {
    standing(before, after, question, false).map(drop).map_err(|blocked| blocked.block)
}

fn verdict(result: Result<Vec<Route>, Blocked>) -> Verdict {
    match result {
        Ok(route) => Verdict::Reached(route),
        Err(blocked) => Verdict::Blocked(blocked),
    }
}

fn answer<'v>(view: &'v dyn View, question: &'v Question, tell: bool) -> Result<Vec<Route>, Blocked> {
    each(view, question, &mut |from, to| {
        let mut journey = Journey::new(view, question, tell, &from, &to);
        journey.travel(from, to)?;
        Ok(journey.stations)
    })
}

fn standing<'v>(before: &'v dyn View, after: &'v dyn View, question: &'v Question, tell: bool) -> Result<Vec<Route>, Blocked> {
    each(before, question, &mut |from, to| {
        let mut journey = Journey::new(before, question, tell, &from, &to);
        journey.travel(from, to)?;
        let holds = journey.holds(from, to);
        let mut on = Journey::established(after, question, tell, (&from, &to), holds);
        let (from, to) = (on.again(from)?, on.again(to)?);
        on.travel(from, to)?;
        on.by_the_same(&journey.carriers)?;
        Ok(on.stations)
    })
}

type Trip<'t, 'v> = &'t mut dyn FnMut(End<'v>, End<'v>) -> Result<Vec<Route>, Blocked>;

/// The trips that a question asks for: one between two known ends, any of many hosts for the internet, all of an endpoint's
/// interfaces for a service, because its name may resolve to each of them.
fn each<'v>(view: &'v dyn View, question: &'v Question, trip: Trip<'_, 'v>) -> Result<Vec<Route>, Blocked> {
    match (&question.from, &question.to) {
        (Side::Service(name), _) => {
            Err(Blocked::at(name.as_str(), Block::Edge, "AWS services open no connections into a VPC by themselves"))
        }
        (from, Side::Service(name)) => service(view, from, name, question, trip),
        (Side::Internet, Side::Node(id)) => {
            let node = node(view, id)?;
            any_host(view, node, Towards::It, question, trip)
        }
        (Side::Node(id), Side::Internet) => {
            let node = node(view, id)?;
            any_host(view, node, Towards::Them, question, trip)
        }
        (from, to) => {
            let (from, to) = (end(view, from)?, end(view, to)?);
            trip(from, to)
        }
    }
}

fn node<'v>(view: &'v dyn View, id: &Id) -> Result<&'v super::fact::Node, Blocked> {
    match view.fact(&Key::Node(id.clone())) {
        Some(Fact::Node(node)) => Ok(node),
        _ => Err(Blocked::at(id.as_str(), Block::Absent, "there is no such interface")),
    }
}

fn end<'v>(view: &'v dyn View, side: &'v Side) -> Result<End<'v>, Blocked> {
    match side {
        Side::Node(id) => Ok(End::Node(node(view, id)?)),
        Side::Address(address) => Ok(End::Far(Far::host(*address))),
        Side::Internet | Side::Service(_) => Err(Blocked::at("internet", Block::Edge, "neither end is in the VPC")),
    }
}

/// Tries hosts of the internet, the most usual first, until one gets through; else what stops the one that came furthest.
fn any_host<'v>(
    view: &'v dyn View,
    node: &'v super::fact::Node,
    towards: Towards,
    question: &Question,
    trip: Trip<'_, 'v>,
) -> Result<Vec<Route>, Blocked> {
    let v6 = question.by == By::V6;
    let mut go = |host: IpAddr, ports: Span<u16>| {
        let far = End::Far(Far { ports, anyone: true, ..Far::host(host) });
        match towards {
            Towards::It => trip(far, End::Node(node)),
            Towards::Them => trip(End::Node(node), far),
        }
    };
    let mut furthest: Option<Blocked> = None;
    let hosts = internet::hosts(view, node, towards, v6);
    for host in &hosts {
        match go(*host, CLIENT_PORTS) {
            Ok(route) => return Ok(route),
            // Nothing of it depends on who the host is.
            Err(blocked) if blocked.block == Block::Absent => return Err(blocked),
            Err(blocked) if furthest.as_ref().is_none_or(|held| held.block.progress() < blocked.block.progress()) => {
                furthest = Some(blocked);
            }
            Err(_) => {}
        }
    }
    // A host that chooses its port may get an answer where the usual range does not.
    if towards == Towards::It && furthest.as_ref().is_some_and(|blocked| blocked.block == Block::AclBack) {
        for (host, port) in hosts.iter().flat_map(|host| internet::ports(view, node).into_iter().map(move |port| (*host, port))) {
            if let Ok(route) = go(host, (port, port)) {
                return Ok(route);
            }
        }
    }
    Err(furthest.unwrap_or_else(|| Blocked::at("internet", Block::Edge, "the VPC's own ranges cover the whole internet")))
}

fn service<'v>(
    view: &'v dyn View,
    from: &'v Side,
    name: &'v str,
    question: &'v Question,
    trip: Trip<'_, 'v>,
) -> Result<Vec<Route>, Blocked> {
    let opener = end(view, from)?;
    for id in view.endpoints(name) {
        if let Some(Fact::Endpoint(endpoint)) = view.fact(&Key::Endpoint(id.clone()))
            && endpoint.private_dns
            && endpoint.up
        {
            return every_interface(view, opener, &id, trip);
        }
    }
    let End::Node(node) = opener else {
        return Err(Blocked::at(name, Block::Edge, "how an address that nobody owns gets to an AWS service is not known"));
    };
    let Some(host) = internet::hosts(view, node, Towards::Them, question.by == By::V6).first().copied() else {
        return Err(Blocked::at(name, Block::Edge, "the VPC's own ranges cover the whole internet"));
    };
    let far = Far { service: Some(name), ..Far::host(host) };
    let ranges = routes::ranges_to(view, &node.subnet, name).unwrap_or_default();
    // It may answer from any address of its list; of an unknown or empty list only that it leads there is known.
    let mut last = None;
    for range in ranges.iter().filter(|range| same_family(range, &far.net)) {
        last = Some(trip(opener, End::Far(Far { net: *range, ..far }))?);
    }
    last.map_or_else(|| trip(opener, End::Far(far)), Ok)
}

fn every_interface<'v>(view: &'v dyn View, opener: End<'v>, endpoint: &Id, trip: Trip<'_, 'v>) -> Result<Vec<Route>, Blocked> {
    let mut reached = Err(Blocked::at(endpoint.as_str(), Block::Absent, "the endpoint has no interfaces"));
    for id in view.nodes(endpoint) {
        let interface = node(view, &id)?;
        reached = Ok(trip(opener, End::Node(interface))?);
    }
    reached
}

impl Blocked {
    /// Something that ends the way before it begins.
    pub(super) fn at(at: &str, block: Block, words: &str) -> Blocked {
        Blocked { at: at.into(), block, words: words.to_owned(), after: Vec::new() }
    }
}

impl Block {
    /// For programs.
    pub fn name(self) -> &'static str {
        match self {
            Block::Absent => "absent",
            Block::GroupOut => "group-out",
            Block::GroupIn => "group-in",
            Block::AclThere => "acl-there",
            Block::AclBack => "acl-back",
            Block::Route => "route",
            Block::Gateway => "gateway",
            Block::Edge => "edge",
        }
    }

    /// How far packets came: of several hosts that are all blocked, the one that came furthest tells most.
    fn progress(self) -> u8 {
        match self {
            Block::Absent => 0,
            Block::GroupOut => 1,
            Block::Route | Block::Edge => 2,
            Block::Gateway => 3,
            Block::AclThere => 4,
            Block::GroupIn => 5,
            Block::AclBack => 6,
        }
    }
}
