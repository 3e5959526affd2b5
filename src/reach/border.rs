//! Across the VPC's border: internet gateways, NAT, egress-only gateways, gateway endpoints; public addresses.

use std::net::IpAddr;

use ipnet::IpNet;

use super::fact::{Fact, Gateway, Key, Node};
use super::filters::{Other, Way};
use super::internet::is_public;
use super::journey::{Carrier, Far, Go, Journey, bare};
use super::routes::{Found, Goal, lookup};
use super::walk::{Block, Blocked, CLIENT_PORTS, NAT_PORTS};
use crate::model::facet::{GatewayKind, Hop};
use crate::model::id::Id;
use crate::model::network::Protocol;

impl<'v> Journey<'v> {
    /// From an interface to addresses outside the VPC, and the answers back; as whom it is seen out there.
    pub(super) fn outward(&mut self, node: &'v Node, far: Far<'v>) -> Result<Vec<Far<'static>>, Blocked> {
        let own = self.place(node)?;
        let goal = Goal { net: far.net, service: far.service };
        let list = match lookup(self.view, &node.subnet, goal) {
            Found::Route(_, route) if matches!(route.hop, Hop::Endpoint(_)) => Some(&*route.destination),
            _ => None,
        };
        self.groups_at(node, Way::Out, far.net, Other { groups: &[], list })?;
        let (table, route) = self.follow(&node.subnet, goal)?;
        self.acl(&node.subnet, Way::Out, far.net, self.ports, Block::AclThere)?;
        let sources = match &route.hop {
            Hop::Local => Vec::new(),
            Hop::InternetGateway(id) => self.by_internet_gateway(id, node, &far)?,
            Hop::EgressOnly(id) => self.by_egress_only(id)?,
            Hop::Nat(id) => self.by_nat(id, node, own, &far)?,
            Hop::Endpoint(id) => self.by_endpoint(id, &far)?,
            Hop::Other(_, id) => {
                return Err(self.block(id, Block::Edge, |j| {
                    format!(
                        "route table {} leads {} to {}: what becomes of it there is not known",
                        j.name(table),
                        bare(&far.net),
                        j.name(id)
                    )
                }));
            }
        };
        if let Some(ports) = self.answers(self.client) {
            self.acl(&node.subnet, Way::In, far.net, ports, Block::AclBack)?;
        }
        Ok(sources)
    }

    /// From outside to an interface's public address (or its IPv6 one), and the answers back: by the internet gateway to which
    /// its own subnet's table must lead, else they are lost.
    pub(super) fn inward(&mut self, far: Far<'v>, node: &'v Node) -> Go {
        self.place(node)?;
        if !self.v6 && !self.has_public_address(node) {
            return Err(self.block(&node.id, Block::Gateway, |j| format!("{} has no public address", j.whose(node))));
        }
        let (table, route) = self.follow(&node.subnet, Goal { net: far.net, service: None })?;
        match &route.hop {
            Hop::InternetGateway(id) => self.is_on_the_internet(id, &far)?,
            Hop::Other(_, id) => {
                return Err(
                    self.block(id, Block::Edge, |j| format!("{} is reached by {}: what is there is not known", bare(&far.net), j.name(id)))
                );
            }
            hop => {
                return Err(self.block(table, Block::Route, |j| {
                    format!("answers of {} would leave by {}, not by an internet gateway", j.whose(node), j.hop(hop))
                }));
            }
        }
        self.shows(node);
        self.acl(&node.subnet, Way::In, far.net, self.ports, Block::AclThere)?;
        self.groups_at(node, Way::In, far.net, Other { groups: &[], list: None })?;
        match self.answers(self.client) {
            Some(ports) => self.acl(&node.subnet, Way::Out, far.net, ports, Block::AclBack),
            None => Ok(()),
        }
    }

    /// Between two interfaces of the VPC by the acceptor's public address: out by a gateway, and in again from a public address.
    pub(super) fn by_public_address(&mut self, from: &'v Node, to: &'v Node) -> Go {
        if !self.has_public_address(to) {
            return Err(self.block(&to.id, Block::Gateway, |j| format!("{} has no public address", j.whose(to))));
        }
        let goal = to.public.first().map_or_else(|| Far::unknown(CLIENT_PORTS), |address| Far::host(*address));
        for source in self.outward(from, goal)? {
            self.client = source.ports;
            self.inward(source, to)?;
        }
        Ok(())
    }

    /// A public IPv4 address of its own, or one that its service gives it.
    fn has_public_address(&self, node: &Node) -> bool {
        let of_owner =
            || matches!(self.view.fact(&Key::Workload(node.owner.clone())), Some(Fact::Workload(workload)) if workload.internet_facing);
        !node.public.is_empty() || node.publicly_named || of_owner()
    }

    /// An established connection keeps to the public address by which it was made.
    fn shows(&mut self, node: &Node) {
        if let (false, Some(address)) = (self.v6, node.public.first()) {
            self.carriers.push(Carrier::Address(*address));
        }
    }

    fn gateway(&self, id: &Id) -> Option<&'v Gateway> {
        match self.view.fact(&Key::Gateway(id.clone())) {
            Some(Fact::Gateway(gateway)) => Some(gateway),
            _ => None,
        }
    }

    /// A route to an internet gateway that is not known is believed: AWS makes it a black hole when the gateway goes.
    fn is_on_the_internet(&mut self, id: &Id, far: &Far<'_>) -> Go {
        if self.gateway(id).is_some_and(|gateway| !gateway.up) {
            return Err(self.block(id, Block::Gateway, |j| format!("gateway {} is not attached", j.name(id))));
        }
        let one = far.net.prefix_len() == far.net.max_prefix_len();
        if one && !is_public(far.net.addr()) {
            return Err(self.block(id, Block::Gateway, |_| format!("{} is not an address of the internet", bare(&far.net))));
        }
        self.carriers.push(Carrier::Gateway(id.clone()));
        Ok(())
    }

    /// An internet gateway translates public IPv4 addresses one to one; without one nothing passes. IPv6 passes as it is.
    fn by_internet_gateway(&mut self, id: &Id, node: &Node, far: &Far<'_>) -> Result<Vec<Far<'static>>, Blocked> {
        self.is_on_the_internet(id, far)?;
        if !self.v6 && !self.has_public_address(node) {
            return Err(self.block(id, Block::Gateway, |j| {
                format!("{} has no public address, so internet gateway {} drops its packets", j.whose(node), j.name(id))
            }));
        }
        self.shows(node);
        Ok(vec![node.public.first().map_or_else(|| Far::unknown(CLIENT_PORTS), |address| Far::host(*address))])
    }

    fn by_egress_only(&mut self, id: &Id) -> Result<Vec<Far<'static>>, Blocked> {
        if self.gateway(id).is_some_and(|gateway| !gateway.up) {
            return Err(self.block(id, Block::Gateway, |j| format!("gateway {} is not attached", j.name(id))));
        }
        self.through = true;
        self.carriers.push(Carrier::Gateway(id.clone()));
        Ok(Vec::new())
    }

    /// A NAT gateway takes TCP, UDP and ICMP over IPv4 (VPC user guide, "NAT gateway basics"). A zonal one sends on from its own
    /// subnet, whose ACL and table then count too; a regional one by itself.
    fn by_nat(&mut self, id: &Id, node: &Node, own: IpNet, far: &Far<'v>) -> Result<Vec<Far<'static>>, Blocked> {
        let Some(gateway) = self.gateway(id) else {
            return Err(self.block(id, Block::Edge, |j| format!("NAT gateway {} is not in the inventory", j.name(id))));
        };
        let refused = match (gateway.kind, &self.protocol) {
            _ if !gateway.up => Some("is not available"),
            (GatewayKind::PrivateNat, _) => Some("is a private one: it does not lead to the internet"),
            _ if self.v6 => Some("carries IPv4 only"),
            (_, Protocol::Other(_)) => Some("carries TCP, UDP and ICMP only"),
            _ => None,
        };
        if let Some(why) = refused {
            return Err(self.block(id, Block::Gateway, |j| format!("NAT gateway {} {why}", j.name(id))));
        }
        self.pass(id, |j| format!("NAT gateway {} sends it on from its own address", j.name(id)));
        match &gateway.subnet {
            Some(subnet) => self.beyond_nat(id, subnet, (node, own), far)?,
            None => self.carriers.push(Carrier::Gateway(id.clone())),
        }
        self.through = true;
        if gateway.public.is_empty() {
            return Ok(vec![Far::unknown(NAT_PORTS)]);
        }
        Ok(gateway.public.iter().map(|address: &IpAddr| Far { ports: NAT_PORTS, ..Far::host(*address) }).collect())
    }

    fn beyond_nat(&mut self, id: &Id, subnet: &Id, (node, own): (&Node, IpNet), far: &Far<'v>) -> Go {
        let crossing = *subnet != node.subnet;
        if crossing {
            self.acl(subnet, Way::In, own, self.ports, Block::AclThere)?;
        }
        self.carriers.push(Carrier::Gateway(id.clone()));
        let (_, route) = self.follow(subnet, Goal { net: far.net, service: far.service })?;
        match &route.hop {
            Hop::InternetGateway(gateway) => self.is_on_the_internet(gateway, far)?,
            Hop::Endpoint(endpoint) => drop(self.by_endpoint(endpoint, far)?),
            hop => {
                return Err(self.block(id, Block::Gateway, |j| {
                    format!(
                        "NAT gateway {} sits in {}, from where packets go to {}, not to an internet gateway",
                        j.name(id),
                        j.name(subnet),
                        j.hop(hop)
                    )
                }));
            }
        }
        self.acl(subnet, Way::Out, far.net, self.ports, Block::AclThere)?;
        if let Some(ports) = self.answers(NAT_PORTS) {
            self.acl(subnet, Way::In, far.net, ports, Block::AclBack)?;
        }
        if let (true, Some(ports)) = (crossing, self.answers(self.client)) {
            self.local(subnet, own)?;
            self.acl(subnet, Way::Out, own, ports, Block::AclBack)?;
        }
        Ok(())
    }

    /// A gateway endpoint leads to its service; through one for DynamoDB connections are always tracked (EC2 user guide,
    /// "Automatically tracked connections"). A Gateway Load Balancer endpoint leads through an appliance.
    fn by_endpoint(&mut self, id: &Id, far: &Far<'_>) -> Result<Vec<Far<'static>>, Blocked> {
        let endpoint = match self.view.fact(&Key::Endpoint(id.clone())) {
            Some(Fact::Endpoint(endpoint)) if endpoint.gateway => endpoint,
            _ => return Err(self.block(id, Block::Edge, |j| format!("endpoint {} is no gateway endpoint that is known", j.name(id)))),
        };
        let refused = match endpoint {
            endpoint if !endpoint.up => Some("is not available"),
            _ if far.anyone => Some("leads to its service only, not to the internet"),
            _ => None,
        };
        if let Some(why) = refused {
            return Err(self.block(id, Block::Gateway, |j| format!("endpoint {} {why}", j.name(id))));
        }
        self.through |= endpoint.service == "dynamodb";
        self.carriers.push(Carrier::Gateway(id.clone()));
        Ok(Vec::new())
    }
}
