//! Addresses, ports and the rules made of them.

use std::fmt;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::id::Id;

/// A transport as security groups name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// `-1`: every protocol, every port.
    All,
    /// TCP, 6.
    Tcp,
    /// UDP, 17.
    Udp,
    /// ICMP, 1.
    Icmp,
    /// Any other, by AWS's word or IANA's number.
    Other(String),
}

impl Protocol {
    /// From `IpProtocol` of a rule or `Protocol` of a network ACL entry: a word or a number.
    pub fn parse(text: &str) -> Protocol {
        match text {
            "-1" => Protocol::All,
            "tcp" | "6" => Protocol::Tcp,
            "udp" | "17" => Protocol::Udp,
            "icmp" | "1" => Protocol::Icmp,
            other => Protocol::Other(other.to_owned()),
        }
    }

    /// As `IpProtocol` wants it.
    pub fn as_aws(&self) -> &str {
        match self {
            Protocol::All => "-1",
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
            Protocol::Icmp => "icmp",
            Protocol::Other(text) => text,
        }
    }

    /// Whether it is ICMP, or ICMPv6: then ports are types and codes.
    pub fn is_icmp(&self) -> bool {
        match self {
            Protocol::Icmp => true,
            Protocol::Other(text) => matches!(text.as_str(), "icmpv6" | "58"),
            _ => false,
        }
    }

    /// Whether a rule for this protocol admits the other.
    pub fn covers(&self, other: &Protocol) -> bool {
        *self == Protocol::All || self == other
    }
}

/// A protocol and an inclusive range of ports; for ICMP a type in `from` and a code in `to`, see [`Ports::icmp`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ports {
    /// The transport.
    pub protocol: Protocol,
    /// First port; 0 where the protocol has none.
    pub from: u16,
    /// Last port, inclusive; 65535 where the protocol has none.
    pub to: u16,
}

impl Ports {
    /// Everything.
    pub fn all() -> Ports {
        Ports { protocol: Protocol::All, from: 0, to: 65535 }
    }

    /// One TCP port.
    pub fn tcp(port: u16) -> Ports {
        Ports { protocol: Protocol::Tcp, from: port, to: port }
    }

    /// A type and a code of ICMP (or ICMPv6), as rules and ACL entries have them: -1 or nothing means all of them. All
    /// types are 0 to 65535; all codes of a type are that type to 255.
    pub fn icmp(protocol: Protocol, kind: Option<i64>, code: Option<i64>) -> Ports {
        let number = |value: Option<i64>| value.and_then(|value| u16::try_from(value).ok());
        match number(kind) {
            None => Ports { protocol, from: 0, to: 65535 },
            Some(kind) => Ports { protocol, from: kind, to: number(code).unwrap_or(255) },
        }
    }

    /// Whether ports mean ICMP types and codes.
    pub fn is_icmp(&self) -> bool {
        self.protocol.is_icmp()
    }

    /// Whether every packet of `other` is one of these.
    pub fn cover(&self, other: &Ports) -> bool {
        if self.is_icmp() && self.protocol == other.protocol {
            return self.is_every() || (self.from == other.from && (self.to == 255 || self.to == other.to));
        }
        self.protocol.covers(&other.protocol) && (self.protocol == Protocol::All || (self.from <= other.from && other.to <= self.to))
    }

    /// The packets that are in both, if there are some.
    pub fn common(&self, other: &Ports) -> Option<Ports> {
        match (&self.protocol, &other.protocol) {
            _ if !self.overlap(other) => None,
            (Protocol::All, _) => Some(other.clone()),
            (_, Protocol::All) => Some(self.clone()),
            (protocol, _) => Some(Ports { protocol: protocol.clone(), from: self.from.max(other.from), to: self.to.min(other.to) }),
        }
    }

    /// Whether some packet is in both.
    pub fn overlap(&self, other: &Ports) -> bool {
        if self.is_icmp() && self.protocol == other.protocol {
            let codes = self.to == 255 || other.to == 255 || self.to == other.to;
            return self.is_every() || other.is_every() || (self.from == other.from && codes);
        }
        let same = self.protocol.covers(&other.protocol) || other.protocol.covers(&self.protocol);
        let every = self.protocol == Protocol::All || other.protocol == Protocol::All;
        same && (every || (self.from <= other.to && other.from <= self.to))
    }

    /// Whether it is the whole range.
    fn is_every(&self) -> bool {
        self.from == 0 && self.to == 65535
    }
}

impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.protocol, self.from, self.to) {
            (Protocol::All, _, _) => write!(f, "all traffic"),
            (p, 0, 65535) if p.is_icmp() => write!(f, "{} all types", p.as_aws()),
            (p, from, 255) if p.is_icmp() => write!(f, "{} type {from}", p.as_aws()),
            (p, from, to) if p.is_icmp() => write!(f, "{} type {from} code {to}", p.as_aws()),
            (p, from, to) if from == to => write!(f, "{} {from}", p.as_aws()),
            (p, 0, 65535) => write!(f, "{} all ports", p.as_aws()),
            (p, from, to) => write!(f, "{} {from}-{to}", p.as_aws()),
        }
    }
}

/// The other end of a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Peer {
    /// An address range, IPv4 or IPv6.
    Cidr(IpNet),
    /// Everything that wears a security group; matches private addresses only.
    Group(Id),
    /// A managed prefix list.
    PrefixList(Id),
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Peer::Cidr(net) => write!(f, "{net}"),
            Peer::Group(id) | Peer::PrefixList(id) => write!(f, "{id}"),
        }
    }
}

/// One security group rule, taken apart to one peer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Rule {
    /// What it admits.
    pub ports: Ports,
    /// From or to whom.
    pub peer: Peer,
}

/// `0.0.0.0/0`, `::/0`, or so wide that it stands for it (the console's trick of two halves).
pub fn is_world(net: &IpNet) -> bool {
    match net {
        IpNet::V4(net) => net.prefix_len() <= 4 && !net.network().is_private(),
        IpNet::V6(net) => net.prefix_len() <= 4,
    }
}

/// Whether the range lies in address space that is private by RFC 1918, RFC 6598 or RFC 4193.
pub fn is_private(net: &IpNet) -> bool {
    let within = |outer: &str| outer.parse::<IpNet>().is_ok_and(|outer| outer.contains(net));
    ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"].into_iter().any(within)
}

/// The rules of an `IpPermissions` list, one per peer.
pub fn rules_of(permissions: &Value) -> Vec<Rule> {
    let mut rules = Vec::new();
    for permission in permissions.as_array().into_iter().flatten() {
        let ports = ports_of(permission);
        let texts = |list: &str, key: &str| -> Vec<String> {
            permission[list].as_array().into_iter().flatten().filter_map(|x| x[key].as_str().map(str::to_owned)).collect()
        };
        let cidrs = texts("IpRanges", "CidrIp").into_iter().chain(texts("Ipv6Ranges", "CidrIpv6"));
        let peers = cidrs
            .filter_map(|text| text.parse().ok().map(Peer::Cidr))
            .chain(texts("UserIdGroupPairs", "GroupId").into_iter().map(|id| Peer::Group(id.into())))
            .chain(texts("PrefixListIds", "PrefixListId").into_iter().map(|id| Peer::PrefixList(id.into())));
        rules.extend(peers.map(|peer| Rule { ports: ports.clone(), peer }));
    }
    rules
}

fn ports_of(permission: &Value) -> Ports {
    let protocol = Protocol::parse(permission["IpProtocol"].as_str().unwrap_or("-1"));
    let port = |key: &str, absent: u16| match permission[key].as_i64() {
        Some(port) if port >= 0 => u16::try_from(port).unwrap_or(absent),
        _ => absent,
    };
    if protocol == Protocol::All {
        return Ports::all();
    }
    if protocol.is_icmp() {
        return Ports::icmp(protocol, permission["FromPort"].as_i64(), permission["ToPort"].as_i64());
    }
    Ports { from: port("FromPort", 0), to: port("ToPort", 65535), protocol }
}

/// Text as the description of a group or a rule: AWS allows 255 characters of a small set (API reference,
/// `CreateSecurityGroup`).
pub fn description(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(*c)).take(255).collect()
}

/// A rule as an element of `IpPermissions`, with a description (at most 255 characters of AWS's set).
pub fn permission_of(ports: &Ports, peer: &Value, description: &str) -> Value {
    let mut permission = json!({ "IpProtocol": ports.protocol.as_aws() });
    if ports.protocol != Protocol::All {
        let wildcard = ports.is_icmp() && ports.is_every();
        let every_code = ports.is_icmp() && ports.to == 255;
        permission["FromPort"] = if wildcard { json!(-1) } else { json!(ports.from) };
        permission["ToPort"] = if wildcard || every_code { json!(-1) } else { json!(ports.to) };
    }
    let described = |key: &str, value: &Value| json!([{ key: value, "Description": description }]);
    if let Some(cidr) = peer.get("CidrIp") {
        permission["IpRanges"] = described("CidrIp", cidr);
    } else if let Some(cidr) = peer.get("CidrIpv6") {
        permission["Ipv6Ranges"] = described("CidrIpv6", cidr);
    } else if let Some(list) = peer.get("PrefixListId") {
        permission["PrefixListIds"] = described("PrefixListId", list);
    } else if let Some(group) = peer.get("GroupId") {
        permission["UserIdGroupPairs"] = described("GroupId", group);
    }
    permission
}
