//! What a list of rules lets in from the whole internet, also where the internet is written as many ranges.
//!
//! `0.0.0.0/1` and `128.0.0.0/1` are the world; so are four `/2` and a list of everything but the private ranges. The
//! union of the ranges is taken on intervals, port by port.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;

use crate::model::network::{Peer, Ports, Protocol, Rule, is_world};

/// An inclusive range of addresses.
type Interval = (u128, u128);

/// Ports that the world can reach.
#[derive(Clone, Debug, PartialEq)]
pub struct Opening {
    /// Which.
    pub ports: Ports,
    /// The ranges that make up the world, as text.
    pub ranges: Vec<String>,
    /// How much of the world's public addresses they are, 0 to 1: the larger of IPv4's and IPv6's share.
    pub share: f64,
}

impl Opening {
    /// `0.0.0.0/0`, or how many ranges and what share.
    pub fn from(&self) -> String {
        match self.ranges.as_slice() {
            ranges if ranges.len() <= 3 => ranges.join(" and "),
            ranges => format!("{} ranges that are {:.0} % of the internet", ranges.len(), (self.share * 100.0).floor()),
        }
    }
}

/// From this share of the public addresses on, a list of ranges is the world.
const WORLD: f64 = 0.5;

/// What the rules let in from the world; ports next to each other with the same ranges are one opening.
pub fn openings(rules: &[Rule]) -> Vec<Opening> {
    let rules: Vec<(&Ports, &IpNet)> = rules
        .iter()
        .filter_map(|rule| match &rule.peer {
            Peer::Cidr(net) => Some((&rule.ports, net)),
            Peer::Group(_) | Peer::PrefixList(_) => None,
        })
        .collect();
    let everything: Vec<&IpNet> = rules.iter().filter(|(ports, _)| ports.protocol == Protocol::All).map(|(_, net)| *net).collect();
    if let Some(all) = opening(Ports::all(), &everything) {
        // What is open anyway needs no second word.
        return vec![all];
    }
    let protocols: BTreeSet<&Protocol> = rules.iter().map(|(ports, _)| &ports.protocol).filter(|p| **p != Protocol::All).collect();
    let mut found: Vec<Opening> = Vec::new();
    for protocol in protocols {
        let rules: Vec<(&Ports, &IpNet)> = rules.iter().filter(|(ports, _)| ports.protocol.covers(protocol)).copied().collect();
        for segment in segments(protocol, &rules) {
            join(&mut found, segment);
        }
    }
    found
}

/// The openings of one protocol, between every two ports at which some rule begins or ends.
fn segments(protocol: &Protocol, rules: &[(&Ports, &IpNet)]) -> Vec<Opening> {
    let mut events: BTreeMap<u32, Vec<(bool, usize)>> = BTreeMap::new();
    for (n, (ports, _)) in rules.iter().enumerate() {
        let (from, to) = if ports.protocol == Protocol::All { (0, 65535) } else { (u32::from(ports.from), u32::from(ports.to)) };
        events.entry(from).or_default().push((true, n));
        events.entry(to + 1).or_default().push((false, n));
    }
    let bounds: Vec<u32> = events.keys().copied().collect();
    let mut active: BTreeSet<usize> = BTreeSet::new();
    let mut found = Vec::new();
    for (at, changes) in events.values().enumerate() {
        for (begins, rule) in changes {
            if *begins {
                active.insert(*rule)
            } else {
                active.remove(rule)
            };
        }
        let (Some(from), Some(next)) = (bounds.get(at), bounds.get(at + 1)) else { continue };
        let nets: Vec<&IpNet> = active.iter().map(|rule| rules[*rule].1).collect();
        let port = |port: u32| u16::try_from(port).unwrap_or(u16::MAX);
        found.extend(opening(Ports { protocol: protocol.clone(), from: port(*from), to: port(next - 1) }, &nets));
    }
    found
}

fn join(found: &mut Vec<Opening>, next: Opening) {
    match found.last_mut() {
        Some(last)
            if last.ports.protocol == next.ports.protocol
                && last.ports.to.checked_add(1) == Some(next.ports.from)
                && last.ranges == next.ranges =>
        {
            last.ports.to = next.ports.to;
        }
        _ => found.push(next),
    }
}

/// The opening that these ranges make together, if they are the world.
fn opening(ports: Ports, nets: &[&IpNet]) -> Option<Opening> {
    let share = world_share(nets.iter().copied());
    if share < WORLD && !nets.iter().any(|net| is_world(net)) {
        return None;
    }
    let ranges: BTreeSet<&IpNet> = nets.iter().copied().filter(|net| public_size(net) > 0).collect();
    Some(Opening { ports, ranges: ranges.into_iter().map(ToString::to_string).collect(), share })
}

/// How much of the public addresses some ranges cover together: the larger of IPv4's and IPv6's share.
pub fn world_share<'a>(nets: impl Iterator<Item = &'a IpNet>) -> f64 {
    let (four, six): (Vec<&IpNet>, Vec<&IpNet>) = nets.partition(|net| matches!(net, IpNet::V4(_)));
    let share = |nets: Vec<&IpNet>, world: &[Interval]| {
        let covered: Vec<Interval> = nets.into_iter().flat_map(|net| clip(interval(net), world)).collect();
        size(&union(covered)) as f64 / size(world) as f64
    };
    share(four, &PUBLIC_V4).max(share(six, &PUBLIC_V6))
}

/// IPv4 less what is never routed in the internet: RFC 6890's private, shared, loopback, link-local and multicast blocks.
const PUBLIC_V4: [Interval; 7] = [
    (0x0100_0000, 0x09ff_ffff),
    (0x0b00_0000, 0x643f_ffff),
    (0x6480_0000, 0x7eff_ffff),
    (0x8000_0000, 0xa9fd_ffff),
    (0xa9ff_0000, 0xac0f_ffff),
    (0xac20_0000, 0xc0a7_ffff),
    (0xc0a9_0000, 0xdfff_ffff),
];

/// IPv6's global unicast space, 2000::/3.
const PUBLIC_V6: [Interval; 1] = [(0x2000 << 112, (0x4000 << 112) - 1)];

fn interval(net: &IpNet) -> Interval {
    match net {
        IpNet::V4(net) => (u128::from(u32::from(net.network())), u128::from(u32::from(net.broadcast()))),
        IpNet::V6(net) => (u128::from(net.network()), u128::from(net.broadcast())),
    }
}

fn public_size(net: &IpNet) -> u128 {
    let world: &[Interval] = if matches!(net, IpNet::V4(_)) { &PUBLIC_V4 } else { &PUBLIC_V6 };
    size(&clip(interval(net), world))
}

/// The parts of an interval that lie in the world.
fn clip((from, to): Interval, world: &[Interval]) -> Vec<Interval> {
    world.iter().map(|(low, high)| (from.max(*low), to.min(*high))).filter(|(from, to)| from <= to).collect()
}

/// The same addresses as disjoint intervals in order.
fn union(mut intervals: Vec<Interval>) -> Vec<Interval> {
    intervals.sort_unstable();
    let mut out: Vec<Interval> = Vec::new();
    for (from, to) in intervals {
        match out.last_mut() {
            Some(last) if from <= last.1.saturating_add(1) => last.1 = last.1.max(to),
            _ => out.push((from, to)),
        }
    }
    out
}

fn size(disjoint: &[Interval]) -> u128 {
    disjoint.iter().map(|(from, to)| to - from + 1).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn open(rules: &[(&str, &[&str])]) -> Vec<String> {
        let rules: Vec<Rule> = rules
            .iter()
            .flat_map(|(ports, nets)| {
                nets.iter().map(|net| Rule { ports: ports_of(ports), peer: Peer::Cidr(net.parse().expect("a range")) })
            })
            .collect();
        openings(&rules).iter().map(|opening| format!("{} from {}", opening.ports, opening.from())).collect()
    }

    fn ports_of(text: &str) -> Ports {
        let Some((protocol, range)) = text.split_once(' ') else { return Ports::all() };
        let (from, to) = range.split_once('-').unwrap_or((range, range));
        Ports { protocol: Protocol::parse(protocol), from: from.parse().expect("a port"), to: to.parse().expect("a port") }
    }

    #[test]
    fn the_world_is_found_however_it_is_written() {
        let check = |rules: &[(&str, &[&str])], expected: &[&str]| assert_eq!(open(rules), expected, "{rules:?}");
        check(&[("tcp 22", &["0.0.0.0/0"])], &["tcp 22 from 0.0.0.0/0"]);
        check(&[("tcp 22", &["::/0"])], &["tcp 22 from ::/0"]);
        check(&[("all", &["0.0.0.0/1", "128.0.0.0/1"])], &["all traffic from 0.0.0.0/1 and 128.0.0.0/1"]);
        check(
            &[("tcp 22", &["0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2", "192.0.0.0/2"])],
            &["tcp 22 from 4 ranges that are 100 % of the internet"],
        );
        check(&[("tcp 22", &["2000::/5", "2800::/5", "3000::/5", "3800::/5"])], &["tcp 22 from 4 ranges that are 100 % of the internet"]);
        check(&[("tcp 22", &["10.0.0.0/8", "192.168.0.0/16", "172.16.0.0/12", "100.64.0.0/10"])], &[]);
        check(&[("tcp 22", &["203.0.113.0/24", "198.51.100.0/24"])], &[]);
        check(&[("tcp 22", &["0.0.0.0/0"]), ("tcp 443", &["203.0.113.0/24"])], &["tcp 22 from 0.0.0.0/0"]);
    }

    #[test]
    fn ports_are_split_where_the_ranges_differ_and_joined_where_they_do_not() {
        let check = |rules: &[(&str, &[&str])], expected: &[&str]| assert_eq!(open(rules), expected, "{rules:?}");
        let (low, high) = (
            ["16.0.0.0/5", "24.0.0.0/5", "32.0.0.0/5", "40.0.0.0/5", "48.0.0.0/5", "56.0.0.0/5"],
            [
                "128.0.0.0/5",
                "136.0.0.0/5",
                "144.0.0.0/5",
                "152.0.0.0/5",
                "176.0.0.0/5",
                "184.0.0.0/5",
                "208.0.0.0/5",
                "200.0.0.0/5",
                "64.0.0.0/5",
            ],
        );
        check(&[("tcp 20-30", &low), ("tcp 25-40", &high)], &["tcp 25-30 from 15 ranges that are 54 % of the internet"]);
        check(&[("tcp 0-65535", &["0.0.0.0/0"])], &["tcp all ports from 0.0.0.0/0"]);
        check(
            &[("all", &["0.0.0.0/2", "64.0.0.0/3"]), ("tcp 22", &["128.0.0.0/2", "192.0.0.0/3"])],
            &["all traffic from 0.0.0.0/2 and 64.0.0.0/3"],
        );
        check(
            &[("tcp 80", &["0.0.0.0/0"]), ("tcp 81", &["0.0.0.0/0"]), ("udp 82", &["0.0.0.0/0"])],
            &["tcp 80-81 from 0.0.0.0/0", "udp 82 from 0.0.0.0/0"],
        );
        check(&[("all", &["0.0.0.0/0"]), ("tcp 22", &["0.0.0.0/0"])], &["all traffic from 0.0.0.0/0"]);
    }

    proptest! {
        #[test]
        fn a_union_holds_exactly_what_its_parts_hold(parts in prop::collection::vec((0u8..=255, 0u8..=255), 0..12)) {
            let parts: Vec<Interval> = parts.into_iter().map(|(a, b)| (u128::from(a.min(b)), u128::from(a.max(b)))).collect();
            let joined = union(parts.clone());
            for address in 0..=255 {
                let inside = |list: &[Interval]| list.iter().filter(|(from, to)| (*from..=*to).contains(&address)).count();
                prop_assert_eq!(inside(&joined), usize::from(inside(&parts) > 0));
            }
            prop_assert!(joined.windows(2).all(|pair| pair[0].1 + 1 < pair[1].0));
        }

        #[test]
        fn splitting_a_range_changes_nothing(deep in 0u8..9) {
            let whole: IpNet = "0.0.0.0/0".parse().expect("a range");
            let parts: Vec<IpNet> = whole.subnets(deep).expect("longer").collect();
            prop_assert_eq!(world_share(parts.iter()), 1.0);
            prop_assert!(world_share(parts.iter().take(parts.len() / 2)) < 0.6);
        }
    }
}
