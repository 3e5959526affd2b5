//! The two filters of a VPC: security groups at an interface, the network ACL around a subnet.

use ipnet::IpNet;

use super::fact::{Fact, Key, View};
use super::rest::{Packets, Rest, same_family, span};
use crate::model::facet::{Acl, RuleSet};
use crate::model::id::Id;
use crate::model::network::{Peer, Ports, Protocol, Rule};

/// Which way packets go, seen from the interface or the subnet.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// In.
    In,
    /// Out.
    Out,
}

/// Who is at the other end, as group rules see it.
#[derive(Clone, Copy)]
pub struct Other<'v> {
    /// The groups it wears, where its packets come from (or go to) its private address: else rules that name a group do
    /// not match (EC2 user guide, "Security group rules": "based on the private IP addresses").
    pub groups: &'v [Id],
    /// The prefix list that its address is in, though the list's ranges are not known: that of a gateway endpoint.
    pub list: Option<&'v str>,
}

/// The rules of a group, if they are known.
pub fn rules_of<'v>(view: &'v dyn View, group: &Id) -> Option<&'v RuleSet> {
    match view.fact(&Key::Rules(group.clone())) {
        Some(Fact::Rules(rules)) => Some(rules),
        _ => None,
    }
}

/// The rules for one way.
pub fn rules_way(rules: &RuleSet, way: Way) -> &[Rule] {
    match way {
        Way::In => &rules.ingress,
        Way::Out => &rules.egress,
    }
}

/// The ranges of a prefix list, if they are known.
pub fn prefixes<'v>(view: &'v dyn View, list: &Id) -> Option<&'v [IpNet]> {
    match view.fact(&Key::PrefixList(list.clone())) {
        Some(Fact::Prefixes(nets)) => Some(nets),
        _ => None,
    }
}

/// The group, with its rule, that completes what lets packets through. The rules of several groups count together; an
/// interface without any group (a Network Load Balancer made without, a NAT gateway) is not filtered.
pub enum Admitted<'v> {
    /// There are no groups.
    Unfiltered,
    /// This rule of this group.
    By(&'v Id, &'v Rule),
    /// Nothing.
    No,
}

/// Whether groups let packets through.
pub fn groups_admit<'v>(view: &'v dyn View, groups: &'v [Id], way: Way, packets: &Packets<'_>, other: Other<'_>) -> Admitted<'v> {
    if groups.is_empty() {
        return Admitted::Unfiltered;
    }
    let mut rest = Rest::of(packets);
    for group in groups {
        let Some(rules) = rules_of(view, group) else { continue };
        for rule in rules_way(rules, way) {
            let Some(ports) = packets.ports_in(&rule.ports) else { continue };
            match &rule.peer {
                Peer::Cidr(net) if same_family(net, &packets.peer) => rest.take(span(net), ports),
                Peer::Group(named) if other.groups.contains(named) => rest.take(span(&packets.peer), ports),
                Peer::PrefixList(list) => match prefixes(view, list) {
                    Some(nets) => nets.iter().filter(|net| same_family(net, &packets.peer)).for_each(|net| rest.take(span(net), ports)),
                    None if other.list == Some(list.as_str()) => rest.take(span(&packets.peer), ports),
                    None => {}
                },
                _ => {}
            }
            if rest.is_empty() {
                return Admitted::By(group, rule);
            }
        }
    }
    Admitted::No
}

/// Whether the rules of groups leave a connection untracked: the way in which it was opened is open to all addresses for
/// its port, and the way of its answers to all addresses and ports (EC2 user guide, "Untracked connections"; TCP and UDP
/// only, all else is tracked). `way` is the way in which it was opened, seen from the interface.
pub fn is_untracked(view: &dyn View, groups: &[Id], way: Way, protocol: &Protocol, port: u16, v6: bool) -> bool {
    if !matches!(protocol, Protocol::Tcp | Protocol::Udp | Protocol::All) {
        return false;
    }
    let everywhere = |peer: &Peer| match peer {
        Peer::Cidr(IpNet::V4(net)) => !v6 && net.prefix_len() == 0,
        Peer::Cidr(IpNet::V6(net)) => v6 && net.prefix_len() == 0,
        _ => false,
    };
    let open = |way: Way, wanted: &Ports| {
        let rules = groups.iter().filter_map(|group| rules_of(view, group));
        rules.flat_map(|rules| rules_way(rules, way)).any(|rule| everywhere(&rule.peer) && rule.ports.cover(wanted))
    };
    let back = if way == Way::In { Way::Out } else { Way::In };
    let one = Ports { protocol: protocol.clone(), from: port, to: port };
    let all = Ports { protocol: protocol.clone(), from: 0, to: 65535 };
    open(way, if *protocol == Protocol::All { &all } else { &one }) && open(back, &all)
}

/// What an ACL says.
pub enum Ruling<'v> {
    /// Let through by this ACL (none where no ACL is known: AWS's default one lets everything through), and the number of
    /// the entry that completes it.
    Passed(Option<&'v Id>, u32),
    /// Denied by this entry; none: by no entry, which is AWS's last one.
    Denied(&'v Id, Option<u32>),
}

/// The ACL of a subnet: its own, else the VPC's default one.
pub fn acl_of<'v>(view: &'v dyn View, subnet: &Id) -> Option<(&'v Id, &'v Acl)> {
    let Some(Fact::Is(id)) = view.fact(&Key::AclOf(subnet.clone())).or_else(|| view.fact(&Key::DefaultAcl)) else { return None };
    match view.fact(&Key::Acl(id.clone())) {
        Some(Fact::Acl(acl)) => Some((id, acl)),
        _ => None,
    }
}

/// Whether the ACL around a subnet lets packets through: the first entry that matches decides, for each address and port
/// (VPC user guide, "Network ACL rules").
pub fn acl_rules<'v>(view: &'v dyn View, subnet: &Id, way: Way, packets: &Packets<'_>) -> Ruling<'v> {
    let Some((id, acl)) = acl_of(view, subnet) else { return Ruling::Passed(None, 0) };
    let entries = if way == Way::In { &acl.ingress } else { &acl.egress };
    let mut rest = Rest::of(packets);
    for entry in entries.iter().filter(|entry| same_family(&entry.range, &packets.peer)) {
        let addresses = span(&entry.range);
        // An entry that denies one protocol denies some of "every protocol".
        let every = *packets.protocol == Protocol::All && !entry.allow;
        let Some(ports) = (if every { Some(packets.ports) } else { packets.ports_in(&entry.ports) }) else { continue };
        if entry.allow {
            rest.take(addresses, ports);
            if rest.is_empty() {
                return Ruling::Passed(Some(id), entry.number);
            }
        } else if rest.touches(addresses, ports) {
            return Ruling::Denied(id, Some(entry.number));
        }
    }
    Ruling::Denied(id, None)
}
