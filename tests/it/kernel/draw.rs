//! Networks drawn at random: the same for the model and for the kernel.

use std::net::Ipv4Addr;

use crate::support::net::{Net, net};

/// Interfaces, two in each of three subnets.
pub const NODES: usize = 6;
/// Acceptors' ports.
pub const PORTS: [u16; 2] = [22, 443];
/// Hosts of the internet: one in each piece of it that ranges and routes below tell apart.
pub const HOSTS: [Ipv4Addr; 6] = [
    Ipv4Addr::new(8, 8, 8, 8),
    Ipv4Addr::new(8, 1, 1, 1),
    Ipv4Addr::new(99, 9, 9, 9),
    Ipv4Addr::new(150, 1, 1, 1),
    Ipv4Addr::new(198, 51, 100, 3),
    Ipv4Addr::new(203, 0, 113, 9),
];
/// The NAT gateway, in a subnet of its own, and its public address.
pub const NAT: Ipv4Addr = Ipv4Addr::new(10, 0, 9, 10);
pub const NAT_PUBLIC: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 99);
/// The subnet of the NAT gateway among the subnets.
pub const NAT_SUBNET: usize = 3;
/// How many groups there are.
const GROUPS: usize = 4;

/// Source ports: for each range of a NAT gateway's ports that ACLs tell apart one, below and above 40000. The network's number and
/// that of the attempt are added, so that none meets the state that another has left.
const SOURCES: [u16; 4] = [33000, 36000, 41000, 50000];
/// A source port below those of Linux.
const LOW_SOURCE: u16 = 2000;
/// One above them.
const HIGH_SOURCE: u16 = 61500;

/// A number after the other (SplitMix64): the same networks on every machine.
pub struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, sides: usize) -> usize {
        (self.roll() % sides as u64) as usize
    }

    fn one<'t, T>(&mut self, of: &'t [T]) -> &'t T {
        &of[self.below(of.len())]
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// What a rule or an entry matches.
#[derive(Clone, Debug)]
pub struct Match {
    pub protocol: &'static str,
    pub ports: &'static str,
}

/// The other side of a rule.
#[derive(Clone, Debug)]
pub enum Peer {
    Range(String),
    Group(usize),
}

#[derive(Clone, Debug)]
pub struct Rule {
    pub out: bool,
    pub what: Match,
    pub peer: Peer,
}

#[derive(Clone, Debug)]
pub struct Entry {
    pub out: bool,
    pub number: usize,
    pub allow: bool,
    pub what: Match,
    pub range: String,
}

/// Where a table leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    InternetGateway,
    Nat,
    BlackHole,
}

#[derive(Clone, Debug)]
pub struct Subnet {
    pub range: String,
    pub routes: Vec<(&'static str, Via)>,
    /// None: the default one, which lets all through.
    pub acl: Option<Vec<Entry>>,
}

#[derive(Clone, Debug)]
pub struct Node {
    pub subnet: usize,
    pub address: Ipv4Addr,
    pub public: Option<Ipv4Addr>,
    pub groups: Vec<usize>,
}

/// A network.
#[derive(Clone, Debug)]
pub struct Drawn {
    pub seed: u64,
    pub subnets: Vec<Subnet>,
    pub nodes: Vec<Node>,
    pub groups: Vec<Vec<Rule>>,
}

const ROUTES: [&[(&str, Via)]; 7] = [
    &[],
    &[("0.0.0.0/0", Via::InternetGateway)],
    &[("0.0.0.0/0", Via::InternetGateway)],
    &[("0.0.0.0/0", Via::Nat)],
    &[("0.0.0.0/0", Via::Nat), ("203.0.113.0/24", Via::InternetGateway)],
    &[("0.0.0.0/0", Via::InternetGateway), ("8.0.0.0/8", Via::Nat), ("8.8.0.0/16", Via::BlackHole)],
    &[("203.0.113.0/24", Via::InternetGateway)],
];

const RANGES: [&str; 16] = [
    "0.0.0.0/0",
    "0.0.0.0/0",
    "0.0.0.0/0",
    "10.0.0.0/16",
    "10.0.0.0/16",
    "10.0.1.0/24",
    "10.0.2.0/24",
    "10.0.3.0/24",
    "10.0.1.0/25",
    "10.0.2.128/25",
    "10.0.9.0/24",
    "10.0.3.20/32",
    "8.0.0.0/8",
    "203.0.113.0/24",
    "198.51.100.0/25",
    "0.0.0.0/1",
];

const WHAT: [(&str, &str); 9] = [
    ("all", ""),
    ("all", ""),
    ("tcp", ""),
    ("udp", ""),
    ("tcp", "22"),
    ("tcp", "443"),
    ("udp", "443"),
    ("tcp", "20-500"),
    ("udp", "0-100"),
];

/// Beside those above: the ranges of ports to which answers go.
const BACK: [(&str, &str); 7] = [
    ("tcp", "1024-65535"),
    ("udp", "1024-65535"),
    ("tcp", "32768-60999"),
    ("udp", "32768-60999"),
    ("tcp", "1024-39999"),
    ("tcp", "40000-65535"),
    ("tcp", "32768-65535"),
];

impl Drawn {
    /// The network of a number.
    pub fn from_seed(seed: u64) -> Drawn {
        let dice = &mut Dice(seed.wrapping_mul(0x0123_4567_89AB_CDEF) ^ 0x5EED);
        let mut subnets: Vec<Subnet> = (1..=3)
            .map(|number| Subnet { range: format!("10.0.{number}.0/24"), routes: dice.one(&ROUTES).to_vec(), acl: acl(dice, 45) })
            .collect();
        let nat_routes: &[(&str, Via)] = if dice.chance(85) { &[("0.0.0.0/0", Via::InternetGateway)] } else { &[] };
        subnets.push(Subnet { range: "10.0.9.0/24".to_owned(), routes: nat_routes.to_vec(), acl: nat_acl(dice) });
        let nodes = (0..NODES)
            .map(|at| {
                let (subnet, host) = (at / 2, if at % 2 == 0 { 20 } else { 200 });
                let public = dice.chance(45).then(|| Ipv4Addr::new(198, 51, 100, 10 + at as u8 * 30));
                let groups = (0..dice.below(3)).map(|_| dice.below(GROUPS)).collect::<std::collections::BTreeSet<_>>();
                Node { subnet, address: Ipv4Addr::new(10, 0, subnet as u8 + 1, host), public, groups: groups.into_iter().collect() }
            })
            .collect();
        let groups = (0..GROUPS).map(|_| group(dice)).collect();
        Drawn { seed, subnets, nodes, groups }
    }

    /// Source ports for an opener: where a NAT gateway is on its way, one for each range of that one's ports.
    pub fn sources(&self, node: usize, attempt: usize) -> Vec<u16> {
        let behind_nat = self.subnets[self.nodes[node].subnet].routes.iter().any(|(_, via)| *via == Via::Nat);
        let of = if behind_nat { &SOURCES[..] } else { &[SOURCES[0], SOURCES[2]] };
        of.iter().map(|port| port + self.offset(attempt)).collect()
    }

    /// Source ports for a host of the internet; the first two are within Linux's range.
    pub fn host_sources(&self, attempt: usize) -> Vec<u16> {
        [SOURCES[0], SOURCES[2], LOW_SOURCE, HIGH_SOURCE].iter().map(|port| port + self.offset(attempt)).collect()
    }

    fn offset(&self, attempt: usize) -> u16 {
        (self.seed % 600) as u16 * 5 + attempt as u16
    }

    /// Whether no ACL tells client ports apart: then one source port stands for all.
    pub fn answers_alike(&self) -> bool {
        let entries = || self.subnets.iter().filter_map(|subnet| subnet.acl.as_ref()).flatten();
        entries().all(|entry| !matches!(entry.what.ports, "1024-39999" | "40000-65535" | "32768-60999" | "32768-65535"))
    }

    /// As the model takes it.
    pub fn net(&self) -> Net {
        let mut net = net();
        for (at, subnet) in self.subnets.iter().enumerate() {
            let name = format!("s{at}");
            net.subnet(&name, &subnet.range);
            let routes: Vec<(&str, &str)> = subnet.routes.iter().map(|(range, via)| (*range, target(*via))).collect();
            let id = format!("rtb-s{at}");
            net.table(&id, &routes, &[&name]);
            for (place, _) in subnet.routes.iter().enumerate().filter(|(_, (_, via))| *via == Via::BlackHole) {
                net.edit(&id, &format!("/Routes/{}/State", place + 2), "blackhole".into());
            }
            if let Some(entries) = &subnet.acl {
                let texts: Vec<String> = entries.iter().map(Entry::text).collect();
                net.acl(&format!("acl-s{at}"), &[&name], &texts.iter().map(String::as_str).collect::<Vec<_>>());
            }
        }
        net.nat("nat-1", &format!("s{NAT_SUBNET}"), &NAT_PUBLIC.to_string());
        for (at, rules) in self.groups.iter().enumerate() {
            let texts: Vec<String> = rules.iter().map(Rule::text).collect();
            net.group(&format!("sg-{at}"), &texts.iter().map(String::as_str).collect::<Vec<_>>());
        }
        for (at, node) in self.nodes.iter().enumerate() {
            let groups: Vec<String> = node.groups.iter().map(|group| format!("sg-{group}")).collect();
            let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
            net.interface(&format!("n{at}"), &format!("s{}", node.subnet), &node.address.to_string(), &groups);
            if let Some(public) = node.public {
                net.public(&public.to_string());
            }
        }
        net
    }

    /// For who looks at a disagreement.
    pub fn words(&self) -> String {
        let mut out = String::new();
        for (at, subnet) in self.subnets.iter().enumerate() {
            let acl: Vec<String> = subnet.acl.iter().flatten().map(Entry::text).collect();
            out.push_str(&format!("  s{at} {} routes {:?} acl {acl:?}\n", subnet.range, subnet.routes));
        }
        for (at, rules) in self.groups.iter().enumerate() {
            out.push_str(&format!("  sg-{at} {:?}\n", rules.iter().map(Rule::text).collect::<Vec<_>>()));
        }
        for (at, node) in self.nodes.iter().enumerate() {
            out.push_str(&format!("  n{at} s{} {} public {:?} groups {:?}\n", node.subnet, node.address, node.public, node.groups));
        }
        out
    }
}

fn target(via: Via) -> &'static str {
    match via {
        Via::InternetGateway => "igw-1",
        Via::Nat => "nat-1",
        Via::BlackHole => "pcx-gone",
    }
}

fn what(dice: &mut Dice, back: bool) -> Match {
    let (protocol, ports) = if back && dice.chance(50) { *dice.one(&BACK) } else { *dice.one(&WHAT) };
    Match { protocol, ports }
}

/// An ACL of a subnet's own, in so many cases of a hundred; mostly one that lets something through.
fn acl(dice: &mut Dice, percent: usize) -> Option<Vec<Entry>> {
    if !dice.chance(percent) {
        return None;
    }
    let mut entries = Vec::new();
    for out in [false, true] {
        let count = dice.below(4);
        for number in 0..count {
            let allow = dice.chance(65);
            entries.push(Entry { out, number: 10 + number, allow, what: what(dice, true), range: (*dice.one(&RANGES)).to_owned() });
        }
        if dice.chance(60) {
            let all = Match { protocol: "all", ports: "" };
            entries.push(Entry { out, number: 100, allow: true, what: all, range: "0.0.0.0/0".to_owned() });
        }
    }
    Some(entries)
}

/// Around a NAT gateway: often one that tells apart the ports to which the internet's answers come.
fn nat_acl(dice: &mut Dice) -> Option<Vec<Entry>> {
    if !dice.chance(40) {
        return acl(dice, 30);
    }
    let entry = |out, number, what, range: &str| Entry { out, number, allow: true, what, range: range.to_owned() };
    let all = || Match { protocol: "all", ports: "" };
    let (protocol, ports) = *dice.one(&BACK);
    let back = Match { protocol, ports };
    Some(vec![entry(false, 10, all(), "10.0.0.0/16"), entry(false, 20, back, "0.0.0.0/0"), entry(true, 10, all(), "0.0.0.0/0")])
}

fn group(dice: &mut Dice) -> Vec<Rule> {
    let mut rules = Vec::new();
    for out in [false, true] {
        if out && dice.chance(60) {
            rules.push(Rule { out, what: Match { protocol: "all", ports: "" }, peer: Peer::Range("0.0.0.0/0".to_owned()) });
            continue;
        }
        for _ in 0..dice.below(4) {
            let peer = if dice.chance(40) { Peer::Group(dice.below(GROUPS)) } else { Peer::Range((*dice.one(&RANGES)).to_owned()) };
            rules.push(Rule { out, what: what(dice, false), peer });
        }
    }
    rules
}

impl Match {
    fn text(&self) -> String {
        if self.ports.is_empty() { self.protocol.to_owned() } else { format!("{} {}", self.protocol, self.ports) }
    }

    /// As nftables writes it, for packets to the port.
    pub fn nft(&self) -> String {
        match (self.protocol, self.ports) {
            ("all", _) => String::new(),
            (protocol, "") => format!("meta l4proto {protocol}"),
            (protocol, ports) => format!("{protocol} dport {ports}"),
        }
    }
}

impl Rule {
    fn text(&self) -> String {
        let peer = match &self.peer {
            Peer::Range(range) => range.clone(),
            Peer::Group(group) => format!("sg-{group}"),
        };
        format!("{} {} {peer}", self.what.text(), if self.out { "to" } else { "from" })
    }
}

impl Entry {
    fn text(&self) -> String {
        let (way, action) = (if self.out { "out" } else { "in" }, if self.allow { "allow" } else { "deny" });
        format!("{way} {} {action} {} {}", self.number, self.what.text(), self.range)
    }
}
