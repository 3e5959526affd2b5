//! The journey of a connection's packets, there and back, between two known ends.

use std::net::IpAddr;

use ipnet::IpNet;

use super::fact::{Fact, Key, Node, View};
use super::filters::{Admitted, Other, Ruling, Way, acl_rules, groups_admit, is_untracked};
use super::internet::own_ranges;
use super::rest::{Packets, Span};
use super::routes::{Found, Goal, lookup};
use super::walk::{Block, Blocked, By, CLIENT_PORTS, Hold, Question, Route};
use crate::model::facet::{self, Tracking};
use crate::model::id::Id;
use crate::model::network::{Ports, Protocol};

/// Goes on, or what ends the journey.
pub(super) type Go = Result<(), Blocked>;

/// One end.
#[derive(Clone, Copy)]
pub(super) enum End<'v> {
    /// An interface, or what stands for one.
    Node(&'v Node),
    /// Addresses of which no interface is known.
    Far(Far<'v>),
}

/// A host outside the VPC, or one inside that nobody knows.
#[derive(Clone, Copy)]
pub(super) struct Far<'v> {
    /// Its address, or all of these; `0.0.0.0/0` where nobody can tell.
    pub net: IpNet,
    /// The ports from which it opens connections.
    pub ports: Span<u16>,
    /// The AWS service whose it is.
    pub service: Option<&'v str>,
    /// Whether it stands for the internet: then an endpoint of one service does not lead to it.
    pub anyone: bool,
}

impl Far<'_> {
    /// One host.
    pub fn host(address: IpAddr) -> Far<'static> {
        Far { net: address.into(), ports: CLIENT_PORTS, service: None, anyone: false }
    }

    /// Somebody with a public address that is not known.
    pub fn unknown(ports: Span<u16>) -> Far<'static> {
        Far { net: IpNet::V4(ipnet::Ipv4Net::default()), ports, service: None, anyone: false }
    }
}

/// What an established connection goes by and would miss.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Carrier {
    /// A gateway.
    Gateway(Id),
    /// A public address.
    Address(IpAddr),
}

/// How groups hold a connection at its two ends.
#[derive(Clone, Copy)]
pub(super) struct Holds {
    opener: Hold,
    acceptor: Hold,
}

/// A journey and what was seen on it.
pub(super) struct Journey<'v> {
    pub(super) view: &'v dyn View,
    pub(super) tell: bool,
    pub(super) v6: bool,
    by: By,
    pub(super) protocol: Protocol,
    /// The acceptor's ports; for ICMP the type.
    pub(super) ports: Span<u16>,
    /// The opener's ports, as the acceptor sees them.
    pub(super) client: Span<u16>,
    holds: Option<Holds>,
    pub(super) stations: Vec<Route>,
    pub(super) carriers: Vec<Carrier>,
    /// Whether what it went through makes EC2 track it at its opener.
    pub(super) through: bool,
}

impl<'v> Journey<'v> {
    /// Of a connection that is opened.
    pub fn new(view: &'v dyn View, question: &Question, tell: bool, from: &End<'v>, to: &End<'v>) -> Journey<'v> {
        let far = [from, to].into_iter().find_map(|end| if let End::Far(far) = end { Some(far) } else { None });
        let v6 = far.map_or(question.by == By::V6, |far| matches!(far.net, IpNet::V6(_)));
        let protocol = match &question.protocol {
            Protocol::Icmp if v6 => Protocol::Other("icmpv6".to_owned()),
            other => other.clone(),
        };
        let numbered = protocol.is_icmp() || matches!(protocol, Protocol::Tcp | Protocol::Udp);
        Journey {
            view,
            tell,
            v6,
            by: question.by,
            ports: if numbered { (question.port, question.port) } else { (0, 65535) },
            client: if let End::Far(far) = from { far.ports } else { CLIENT_PORTS },
            protocol,
            holds: None,
            stations: Vec::new(),
            carriers: Vec::new(),
            through: false,
        }
    }

    /// Of a connection that has been established.
    pub fn established(view: &'v dyn View, question: &Question, tell: bool, ends: (&End<'v>, &End<'v>), holds: Holds) -> Journey<'v> {
        Journey { holds: Some(holds), ..Journey::new(view, question, tell, ends.0, ends.1) }
    }

    /// From one end to the other, and the answers back.
    pub fn travel(&mut self, from: End<'v>, to: End<'v>) -> Go {
        for end in [from, to] {
            if let End::Node(node) = end {
                self.serves(node)?;
            }
        }
        match (from, to) {
            (End::Node(a), End::Node(b)) if self.by == By::Public => self.by_public_address(a, b),
            (End::Node(a), End::Far(far)) if !self.is_inside(&far.net) => self.outward(a, far).map(drop),
            (End::Far(far), End::Node(b)) if !self.is_inside(&far.net) => self.inward(far, b),
            (End::Far(far), End::Far(_)) => {
                Err(self.block(&Id::new(far.net.to_string()), Block::Edge, |_| "neither end is an interface that is known".to_owned()))
            }
            _ => {
                let (from, to) = (self.seat(from)?, self.seat(to)?);
                self.inside(&from, &to)
            }
        }
    }

    /// Whether its owner serves; one that is not in the inventory is taken to.
    fn serves(&mut self, node: &Node) -> Go {
        match self.view.fact(&Key::Workload(node.owner.clone())) {
            Some(Fact::Workload(workload)) if !workload.up => {
                Err(self.block(&node.owner, Block::Absent, |j| format!("{} is not running", j.name(&node.owner))))
            }
            _ => Ok(()),
        }
    }

    fn is_inside(&self, net: &IpNet) -> bool {
        own_ranges(self.view).iter().any(|range| range.contains(net))
    }

    /// The address by which an interface is known inside the VPC: its first one; where none is known, its subnet's range.
    pub(super) fn place(&mut self, node: &Node) -> Result<IpNet, Blocked> {
        if let Some(address) = node.addresses.iter().find(|address| address.is_ipv6() == self.v6) {
            return Ok((*address).into());
        }
        if node.addresses.is_empty()
            && !self.v6
            && let Some(Fact::Subnet(_, ranges)) = self.view.fact(&Key::Subnet(node.subnet.clone()))
            && let Some(range) = ranges.iter().find(|range| matches!(range, IpNet::V4(_)))
        {
            return Ok(*range);
        }
        let family = if self.v6 { "IPv6" } else { "IPv4" };
        Err(self.block(&node.id, Block::Absent, |j| format!("no {family} address of {} is known", j.whose(node))))
    }

    fn seat(&mut self, end: End<'v>) -> Result<Seat<'v>, Blocked> {
        match end {
            End::Node(node) => Ok(Seat { node: Some(node), net: self.place(node)? }),
            End::Far(far) => Ok(Seat { node: None, net: far.net }),
        }
    }

    /// Inside the VPC, by private addresses or IPv6. Inside one subnet neither its ACL nor its routes are in the way (VPC user
    /// guide: an ACL is at the subnet's border; route tables rule what leaves a subnet).
    fn inside(&mut self, from: &Seat<'v>, to: &Seat<'v>) -> Go {
        let crossing = !self.in_one_subnet(from, to);
        if let Some(node) = from.node {
            self.groups(node, Way::Out, to)?;
        }
        if let (true, Some(node)) = (crossing, from.node) {
            self.local(&node.subnet, to.net)?;
            self.acl(&node.subnet, Way::Out, to.net, self.ports, Block::AclThere)?;
        }
        if let (true, Some(node)) = (crossing, to.node) {
            self.acl(&node.subnet, Way::In, from.net, self.ports, Block::AclThere)?;
        }
        if let Some(node) = to.node {
            self.groups(node, Way::In, from)?;
        }
        let Some(ports) = self.answers(self.client) else { return Ok(()) };
        if let (true, Some(node)) = (crossing, to.node) {
            self.local(&node.subnet, from.net)?;
            self.acl(&node.subnet, Way::Out, from.net, ports, Block::AclBack)?;
        }
        if let (true, Some(node)) = (crossing, from.node) {
            self.acl(&node.subnet, Way::In, to.net, ports, Block::AclBack)?;
        }
        Ok(())
    }

    fn in_one_subnet(&self, from: &Seat<'v>, to: &Seat<'v>) -> bool {
        let within = |node: &Node, net: &IpNet| match self.view.fact(&Key::Subnet(node.subnet.clone())) {
            Some(Fact::Subnet(_, ranges)) => ranges.iter().any(|range| range.contains(net)),
            _ => false,
        };
        match (from.node, to.node) {
            (Some(a), Some(b)) => a.subnet == b.subnet,
            (Some(a), None) => within(a, &to.net),
            (None, Some(b)) => within(b, &from.net),
            (None, None) => false,
        }
    }

    /// The ports to which answers go; none where a packet has no answer: ICMP other than echo.
    pub(super) fn answers(&self, client: Span<u16>) -> Option<Span<u16>> {
        if !self.protocol.is_icmp() {
            let numbered = matches!(self.protocol, Protocol::Tcp | Protocol::Udp);
            return Some(if numbered { client } else { (0, 65535) });
        }
        match self.ports.0 {
            8 if !self.v6 => Some((0, 0)),
            128 if self.v6 => Some((129, 129)),
            _ => None,
        }
    }

    /// The groups of one end: of the opener on the way out, of the acceptor on the way in. An established connection that is
    /// tracked passes; one that is not needs a rule for each direction.
    fn groups(&mut self, node: &'v Node, way: Way, other: &Seat<'v>) -> Go {
        let groups = other.node.map_or(&[][..], |node| &node.groups);
        self.groups_at(node, way, other.net, Other { groups, list: None })
    }

    pub(super) fn groups_at(&mut self, node: &'v Node, way: Way, peer: IpNet, other: Other<'_>) -> Go {
        let hold = self.holds.map(|holds| if way == Way::Out { holds.opener } else { holds.acceptor });
        if hold == Some(Hold::Tracked) {
            self.pass(&node.id, |_| "the connection is tracked here: group rules no longer matter".to_owned());
            return Ok(());
        }
        self.admit(node, way, (way, self.ports), peer, other)?;
        if let (Some(Hold::Untracked), Some(ports)) = (hold, self.answers(self.client)) {
            let back = if way == Way::Out { Way::In } else { Way::Out };
            self.admit(node, way, (back, ports), peer, other)?;
        }
        Ok(())
    }

    fn admit(&mut self, node: &'v Node, end: Way, (way, ports): (Way, Span<u16>), peer: IpNet, other: Other<'_>) -> Go {
        let protocol = self.protocol.clone();
        match groups_admit(self.view, &node.groups, way, &Packets { protocol: &protocol, ports, peer }, other) {
            Admitted::Unfiltered => Ok(()),
            Admitted::By(group, rule) => {
                let verb = if way == Way::In { "lets in" } else { "lets out" };
                self.pass(group, |j| format!("{} {verb} {}: rule {} {}", j.name(group), j.what(ports), rule.ports, j.peer(&rule.peer)));
                Ok(())
            }
            Admitted::No => {
                let block = if end == Way::Out { Block::GroupOut } else { Block::GroupIn };
                let answers = way != end;
                Err(self.block(node.groups.first().unwrap_or(&node.id), block, |j| {
                    let verb = if way == Way::In { "lets in" } else { "lets out" };
                    let prep = if way == Way::In { "from" } else { "to" };
                    let whom = if other.groups.is_empty() { String::new() } else { format!("{} or ", j.names(other.groups)) };
                    let what = if answers { format!("the untracked answers, {}", j.what(ports)) } else { j.what(ports) };
                    format!("no rule of {}'s groups ({}) {verb} {what} {prep} {whom}{}", j.whose(node), j.names(&node.groups), bare(&peer))
                }))
            }
        }
    }

    pub(super) fn acl(&mut self, subnet: &Id, way: Way, peer: IpNet, ports: Span<u16>, block: Block) -> Go {
        let protocol = self.protocol.clone();
        let direction = if way == Way::In { "into" } else { "out of" };
        let prep = if way == Way::In { "from" } else { "to" };
        match acl_rules(self.view, subnet, way, &Packets { protocol: &protocol, ports, peer }) {
            Ruling::Passed(Some(acl), number) => {
                self.pass(acl, |j| format!("ACL {}, entry {number}: lets {} {direction} {}", j.name(acl), j.what(ports), j.name(subnet)));
                Ok(())
            }
            Ruling::Passed(None, _) => Ok(()),
            Ruling::Denied(acl, number) => Err(self.block(acl, block, |j| {
                let what = format!("{} {prep} {} {direction} {}", j.what(ports), bare(&peer), j.name(subnet));
                match number {
                    Some(number) => format!("entry {number} of ACL {} denies {what}", j.name(acl)),
                    None => format!("no entry of ACL {} allows {what}", j.name(acl)),
                }
            })),
        }
    }

    /// Follows a subnet's route; what is found there, or why there is no way.
    pub(super) fn follow(&mut self, subnet: &Id, goal: Goal<'_>) -> Result<(&'v Id, &'v facet::Route), Blocked> {
        let net = goal.net;
        match lookup(self.view, subnet, goal) {
            Found::Route(table, route) if route.blackhole => Err(self.block(table, Block::Route, |j| {
                format!("the route {} of route table {} is a black hole", route.destination, j.name(table))
            })),
            Found::Route(table, route) => {
                self.pass(table, |j| format!("route table {}: {} to {}", j.name(table), route.destination, j.hop(&route.hop)));
                Ok((table, route))
            }
            Found::Unknown(table, route) => Err(self.block(table, Block::Edge, |j| {
                format!(
                    "route table {} has a route to {}, a prefix list whose ranges are not known: it may catch {}",
                    j.name(table),
                    route.destination,
                    bare(&net)
                )
            })),
            Found::None(table) => Err(self.block(table, Block::Route, |j| {
                format!("route table {}, which serves {}, has no route to {}", j.name(table), j.name(subnet), bare(&net))
            })),
            Found::NoTable => Err(self.block(subnet, Block::Route, |j| format!("no route table of {} is known", j.name(subnet)))),
        }
    }

    /// By the local route.
    pub(super) fn local(&mut self, subnet: &Id, net: IpNet) -> Go {
        let (table, route) = self.follow(subnet, Goal { net, service: None })?;
        if route.hop == facet::Hop::Local {
            return Ok(());
        }
        Err(self.block(table, Block::Edge, |j| {
            format!("route table {} leads {} to {}: what becomes of it there is not known", j.name(table), bare(&net), j.hop(&route.hop))
        }))
    }

    /// How groups hold the connection, once it has been opened.
    pub fn holds(&self, from: End<'v>, to: End<'v>) -> Holds {
        let tracking = |end: End<'v>| match end {
            End::Node(node) => match self.view.fact(&Key::Workload(node.owner.clone())) {
                Some(Fact::Workload(workload)) => workload.tracking,
                _ => Tracking::ByRules,
            },
            End::Far(_) => Tracking::ByRules,
        };
        let (opener, acceptor) = (tracking(from), tracking(to));
        let always = opener == Tracking::Through || acceptor == Tracking::Through;
        let hold = |end: End<'v>, way: Way, tracked: bool| match end {
            End::Node(node) if !tracked && is_untracked(self.view, &node.groups, way, &self.protocol, self.ports.0, self.v6) => {
                Hold::Untracked
            }
            _ => Hold::Tracked,
        };
        Holds {
            opener: hold(from, Way::Out, always || self.through || opener == Tracking::Own),
            acceptor: hold(to, Way::In, always || acceptor == Tracking::Own),
        }
    }

    /// The same end in another state of the network.
    pub fn again(&mut self, end: End<'v>) -> Result<End<'v>, Blocked> {
        let before = match end {
            End::Far(far) => return Ok(End::Far(far)),
            End::Node(node) => node,
        };
        let Some(Fact::Node(node)) = self.view.fact(&Key::Node(before.id.clone())) else {
            return Err(self.block(&before.id, Block::Absent, |j| format!("the interface of {} is gone", j.name(&before.owner))));
        };
        let first = |node: &Node| node.addresses.iter().find(|address| address.is_ipv6() == self.v6).copied();
        if first(before).is_some() && first(before) != first(node) {
            return Err(self.block(&before.id, Block::Absent, |j| format!("{} has another address than before", j.whose(node))));
        }
        Ok(End::Node(node))
    }

    /// Whether it still goes by the same gateways and public addresses.
    pub fn by_the_same(&mut self, before: &[Carrier]) -> Go {
        if self.carriers == before {
            return Ok(());
        }
        let at = match self.carriers.iter().chain(before).find(|carrier| !(self.carriers.contains(carrier) && before.contains(carrier))) {
            Some(Carrier::Gateway(id)) => id.clone(),
            Some(Carrier::Address(address)) => Id::new(address.to_string()),
            None => Id::from("internet"),
        };
        let (now, then) = (list(&self.carriers), list(before));
        Err(self.block(&at, Block::Gateway, |_| format!("the connection was made by {then}; its packets would now go by {now}")))
    }
}

fn list(carriers: &[Carrier]) -> String {
    let one = |carrier: &Carrier| match carrier {
        Carrier::Gateway(id) => id.to_string(),
        Carrier::Address(address) => address.to_string(),
    };
    if carriers.is_empty() { "the VPC's own routes".to_owned() } else { carriers.iter().map(one).collect::<Vec<_>>().join(", ") }
}

/// A place in the VPC.
pub(super) struct Seat<'v> {
    node: Option<&'v Node>,
    net: IpNet,
}

/// A range, or an address without the length that says it is one.
pub(super) fn bare(net: &IpNet) -> String {
    if net.prefix_len() == net.max_prefix_len() { net.addr().to_string() } else { net.to_string() }
}

/// Words, made only when somebody reads them.
impl Journey<'_> {
    pub(super) fn pass(&mut self, at: &Id, words: impl FnOnce(&Self) -> String) {
        if self.tell {
            let words = words(self);
            self.stations.push(Route { at: at.clone(), words });
        }
    }

    pub(super) fn block(&mut self, at: &Id, block: Block, words: impl FnOnce(&Self) -> String) -> Blocked {
        let words = if self.tell { words(self) } else { String::new() };
        Blocked { at: at.clone(), block, words, after: std::mem::take(&mut self.stations) }
    }

    pub(super) fn name(&self, id: &Id) -> String {
        self.view.name(id).to_owned()
    }

    fn names(&self, ids: &[Id]) -> String {
        ids.iter().map(|id| self.name(id)).collect::<Vec<_>>().join(", ")
    }

    pub(super) fn whose(&self, node: &Node) -> String {
        self.name(&node.owner)
    }

    fn what(&self, ports: Span<u16>) -> String {
        let to = if self.protocol.is_icmp() { 255 } else { ports.1 };
        Ports { protocol: self.protocol.clone(), from: ports.0, to }.to_string()
    }

    fn peer(&self, peer: &crate::model::network::Peer) -> String {
        match peer {
            crate::model::network::Peer::Cidr(net) => net.to_string(),
            crate::model::network::Peer::Group(id) | crate::model::network::Peer::PrefixList(id) => self.name(id),
        }
    }

    pub(super) fn hop(&self, hop: &facet::Hop) -> String {
        let (what, id) = match hop {
            facet::Hop::Local => return "the VPC itself".to_owned(),
            facet::Hop::InternetGateway(id) => ("internet gateway", id),
            facet::Hop::EgressOnly(id) => ("egress-only internet gateway", id),
            facet::Hop::Nat(id) => ("NAT gateway", id),
            facet::Hop::Endpoint(id) => ("endpoint", id),
            facet::Hop::Other(_, id) => return self.name(id),
        };
        format!("{what} {}", self.name(id))
    }
}
