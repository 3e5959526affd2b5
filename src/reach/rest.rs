//! What is still to be let through: addresses and ports that no rule has admitted yet.
//!
//! A question is about one address and one port, or about all of a range: the addresses of a subnet, where nobody knows
//! which one a managed service uses; the ports from which clients come. It is let through when rules admit every
//! combination, if need be several rules together.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::model::network::{Ports, Protocol};

/// Numbers from first to last, inclusive.
pub type Span<T> = (T, T);

/// What passes a filter in one direction.
#[derive(Clone, Copy)]
pub struct Packets<'q> {
    /// Transport.
    pub protocol: &'q Protocol,
    /// Destination ports; for ICMP the type.
    pub ports: Span<u16>,
    /// The addresses of the other side.
    pub peer: IpNet,
}

/// Whether two names mean one protocol: EC2 calls ICMPv6 `icmpv6` or `58`.
fn same(a: &Protocol, b: &Protocol) -> bool {
    a == b || (a.is_icmp() && b.is_icmp() && *a != Protocol::Icmp && *b != Protocol::Icmp)
}

impl Packets<'_> {
    /// The ports that a rule for `ports` and these packets have in common. For protocols without ports a rule's ports do
    /// not count (API reference, `IpPermission`). A rule for one ICMP code is for its type where that has but one code: echo.
    pub fn ports_in(&self, rule: &Ports) -> Option<Span<u16>> {
        let (from, to) = self.ports;
        if rule.protocol == Protocol::All {
            return Some(self.ports);
        }
        if !same(&rule.protocol, self.protocol) {
            return None;
        }
        match self.protocol {
            Protocol::Tcp | Protocol::Udp => {
                let common = (from.max(rule.from), to.min(rule.to));
                (common.0 <= common.1).then_some(common)
            }
            icmp if icmp.is_icmp() => {
                let echo = matches!(from, 0 | 8 | 128 | 129);
                let code = rule.to == 255 || (echo && rule.to == 0);
                let every = rule.from == 0 && rule.to == 65535;
                (every || (rule.from == from && code)).then_some(self.ports)
            }
            _ => Some(self.ports),
        }
    }
}

/// Addresses of a range, as numbers.
pub fn span(net: &IpNet) -> Span<u128> {
    let number = |address: IpAddr| match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    };
    (number(net.network()), number(net.broadcast()))
}

/// Whether both are IPv4 or both IPv6.
pub fn same_family(a: &IpNet, b: &IpNet) -> bool {
    matches!((a, b), (IpNet::V4(_), IpNet::V4(_)) | (IpNet::V6(_), IpNet::V6(_)))
}

#[derive(Clone, Copy)]
struct Patch {
    addresses: Span<u128>,
    ports: Span<u16>,
}

impl Patch {
    fn is_within(&self, addresses: Span<u128>, ports: Span<u16>) -> bool {
        addresses.0 <= self.addresses.0 && self.addresses.1 <= addresses.1 && ports.0 <= self.ports.0 && self.ports.1 <= ports.1
    }

    fn touches(&self, addresses: Span<u128>, ports: Span<u16>) -> bool {
        addresses.0 <= self.addresses.1 && self.addresses.0 <= addresses.1 && ports.0 <= self.ports.1 && self.ports.0 <= ports.1
    }

    /// What remains of it without the given part, into `left`.
    fn without(&self, addresses: Span<u128>, ports: Span<u16>, left: &mut Vec<Patch>) {
        if self.addresses.0 < addresses.0 {
            left.push(Patch { addresses: (self.addresses.0, addresses.0 - 1), ports: self.ports });
        }
        if self.addresses.1 > addresses.1 {
            left.push(Patch { addresses: (addresses.1 + 1, self.addresses.1), ports: self.ports });
        }
        let middle = (self.addresses.0.max(addresses.0), self.addresses.1.min(addresses.1));
        if self.ports.0 < ports.0 {
            left.push(Patch { addresses: middle, ports: (self.ports.0, ports.0 - 1) });
        }
        if self.ports.1 > ports.1 {
            left.push(Patch { addresses: middle, ports: (ports.1 + 1, self.ports.1) });
        }
    }
}

/// What no rule has let through yet. In the usual case, one rule for all of it, nothing is allocated.
pub struct Rest {
    whole: Option<Patch>,
    left: Vec<Patch>,
}

impl Rest {
    /// All of it.
    pub fn of(packets: &Packets<'_>) -> Rest {
        Rest { whole: Some(Patch { addresses: span(&packets.peer), ports: packets.ports }), left: Vec::new() }
    }

    /// Whether all has been let through.
    pub fn is_empty(&self) -> bool {
        self.whole.is_none() && self.left.is_empty()
    }

    /// Whether some of it is in a rule's reach.
    pub fn touches(&self, addresses: Span<u128>, ports: Span<u16>) -> bool {
        self.whole.iter().chain(&self.left).any(|patch| patch.touches(addresses, ports))
    }

    /// A rule lets these through.
    pub fn take(&mut self, addresses: Span<u128>, ports: Span<u16>) {
        if let Some(whole) = self.whole {
            if whole.is_within(addresses, ports) {
                self.whole = None;
            } else if whole.touches(addresses, ports) {
                self.whole = None;
                whole.without(addresses, ports, &mut self.left);
            }
            return;
        }
        if self.left.iter().any(|patch| patch.touches(addresses, ports)) {
            for patch in std::mem::take(&mut self.left) {
                if patch.touches(addresses, ports) {
                    patch.without(addresses, ports, &mut self.left);
                } else {
                    self.left.push(patch);
                }
            }
        }
    }
}
