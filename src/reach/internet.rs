//! Hosts of the internet: which of them rules, entries and routes tell apart.
//!
//! "Somebody on the internet" is somebody for whom every filter on the way says yes. Filters know addresses by ranges, so all
//! addresses between two borders of ranges fare alike: one of each such piece stands for it, and asking these is exact.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::fact::{Fact, Key, Node, View};
use super::filters::{Way, acl_of, prefixes, rules_of, rules_way};
use super::rest::span;
use super::routes::table_of;
use crate::model::facet::Hop;
use crate::model::id::Id;
use crate::model::network::Peer;

/// Who opens the connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Towards {
    /// The host does, to the interface.
    It,
    /// The interface does, to the host.
    Them,
}

/// IPv4 addresses that are no host's on the internet (IANA's special-purpose registry), by first address and prefix length: this
/// network, private use, shared, loopback, link-local, private use, private use, multicast and reserved.
const NO_HOST: [(Ipv4Addr, u8); 8] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(224, 0, 0, 0), 3),
];

/// The IPv6 addresses that are hosts' on the internet: global unicast.
const V6_HOSTS: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// The ranges at whose borders the internet begins and ends.
fn borders_of_the_internet(v6: bool) -> Vec<IpNet> {
    let (first, length) = V6_HOSTS;
    if v6 {
        return IpNet::new(first.into(), length).into_iter().collect();
    }
    NO_HOST.into_iter().filter_map(|(first, length)| IpNet::new(first.into(), length).ok()).collect()
}

/// Whether an address can be a host's on the internet.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let within = |(first, length): &(Ipv4Addr, u8)| (u32::from(*first) ^ u32::from(address)) >> (32 - length) == 0;
            !NO_HOST.iter().any(within)
        }
        IpAddr::V6(address) => (u128::from(V6_HOSTS.0) ^ u128::from(address)) >> (128 - V6_HOSTS.1) == 0,
    }
}

/// One host for each piece of the internet that fares alike, the largest piece first.
pub fn hosts(view: &dyn View, node: &Node, towards: Towards, v6: bool) -> Vec<IpAddr> {
    let mut known = borders_of_the_internet(v6);
    let own = own_ranges(view);
    known.extend(own);
    let way = if towards == Towards::It { Way::In } else { Way::Out };
    ranges_of_groups(view, &node.groups, way, &mut known);
    ranges_around(view, &node.subnet, &mut known);
    for nat in nats(view, &node.subnet) {
        ranges_around(view, &nat, &mut known);
    }
    let mut borders: Vec<u128> = vec![0];
    for net in known.iter().filter(|net| matches!(net, IpNet::V6(_)) == v6) {
        let (first, last) = span(net);
        borders.push(first);
        borders.extend(last.checked_add(1));
    }
    let end = if v6 { u128::MAX } else { u128::from(u32::MAX) };
    borders.retain(|border| *border <= end);
    borders.sort_unstable();
    borders.dedup();
    let mut pieces: Vec<(u128, IpAddr)> = Vec::new();
    for (at, first) in borders.iter().enumerate() {
        let last = borders.get(at + 1).map_or(end, |next| next - 1);
        let address = address_of(*first, v6);
        if is_public(address) && !own.iter().any(|net| net.contains(&address)) {
            pieces.push((last - first, address));
        }
    }
    pieces.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    pieces.into_iter().map(|(_, address)| address).collect()
}

/// The ports that entries of the ACL tell apart for what it lets out, one of each piece, from 1024 on: a client's.
pub fn ports(view: &dyn View, node: &Node) -> Vec<u16> {
    let entries = acl_of(view, &node.subnet).map(|(_, acl)| acl.egress.as_slice()).unwrap_or_default();
    let borders = entries.iter().flat_map(|entry| [Some(entry.ports.from), entry.ports.to.checked_add(1)]);
    let mut ports: Vec<u16> = borders.flatten().chain([1024]).filter(|port| *port >= 1024).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

/// The VPC's ranges.
pub fn own_ranges(view: &dyn View) -> &[IpNet] {
    match view.fact(&Key::Ranges) {
        Some(Fact::Ranges(ranges)) => ranges,
        _ => &[],
    }
}

fn address_of(number: u128, v6: bool) -> IpAddr {
    if v6 { Ipv6Addr::from(number).into() } else { Ipv4Addr::from(u32::try_from(number).unwrap_or(u32::MAX)).into() }
}

fn ranges_of_groups(view: &dyn View, groups: &[Id], way: Way, known: &mut Vec<IpNet>) {
    for rule in groups.iter().filter_map(|group| rules_of(view, group)).flat_map(|rules| rules_way(rules, way)) {
        match &rule.peer {
            Peer::Cidr(net) => known.push(*net),
            Peer::PrefixList(list) => known.extend(prefixes(view, list).into_iter().flatten()),
            Peer::Group(_) => {}
        }
    }
}

/// What the ACL and the route table of a subnet tell apart.
fn ranges_around(view: &dyn View, subnet: &Id, known: &mut Vec<IpNet>) {
    if let Some((_, acl)) = acl_of(view, subnet) {
        known.extend(acl.ingress.iter().chain(&acl.egress).map(|entry| entry.range));
    }
    for route in table_of(view, subnet).into_iter().flat_map(|(_, routing)| &routing.routes) {
        match route.destination.range() {
            Some(net) => known.push(net),
            None => known.extend(prefixes(view, &Id::from(&*route.destination)).into_iter().flatten()),
        }
    }
}

/// The subnets of the NAT gateways to which a subnet's table leads.
fn nats(view: &dyn View, subnet: &Id) -> Vec<Id> {
    let hops = table_of(view, subnet).into_iter().flat_map(|(_, routing)| &routing.routes).filter_map(|route| match &route.hop {
        Hop::Nat(id) => Some(id),
        _ => None,
    });
    let subnet = |id: &Id| match view.fact(&Key::Gateway(id.clone())) {
        Some(Fact::Gateway(gateway)) => gateway.subnet.clone(),
        _ => None,
    };
    hops.filter_map(subnet).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_the_internet_are_told_from_others() {
        let check = |text: &str, public: bool| assert_eq!(is_public(text.parse().expect("an address")), public, "{text}");
        for text in
            ["8.8.8.8", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0", "223.255.255.255", "2600:1f18::1", "3fff::1"]
        {
            check(text, true);
        }
        for text in [
            "0.1.2.3",
            "10.9.9.9",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.31.0.1",
            "192.168.1.1",
            "224.0.0.1",
            "255.255.255.255",
        ] {
            check(text, false);
        }
        for text in ["::1", "fd00::1", "fe80::1", "4000::1", "ff02::1"] {
            check(text, false);
        }
    }
}
