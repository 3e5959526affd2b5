//! A group's rules in the making, and their words.

use ipnet::IpNet;
use serde_json::{Value, json};

use super::Line;
use crate::model::network::{Ports, Protocol, description};
use crate::model::strategy::NewRule;

/// Rules in the making.
#[derive(Default)]
pub struct Draft {
    /// What is built.
    pub rules: Vec<NewRule>,
    /// On evidence.
    pub lines: Vec<Line>,
    /// On nobody's word.
    pub unvouched: Vec<Line>,
    /// What goes.
    pub dropped: Vec<Line>,
    /// Whether some rule lets in a workload that may come with its old groups still.
    pub from_workloads: bool,
}

/// Whether somebody vouches for a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// Somebody or something does.
    Given,
    /// Nobody does.
    Missing,
}

impl Draft {
    /// Lets in a workload by the groups that it wears at the end.
    pub fn workload(&mut self, ports: &Ports, groups: Vec<Value>, name: &str, because: &str, word: Word) {
        self.from_workloads = true;
        for group in groups {
            self.add(ports, json!({ "GroupId": group }), name, because, word);
        }
    }

    /// Lets in a range that stands for workloads.
    pub fn range(&mut self, ports: &Ports, net: &IpNet, because: &str, word: Word) {
        self.from_workloads = true;
        self.add(ports, cidr(net), &net.to_string(), because, word);
    }

    /// Adds a rule unless an earlier one admits the same.
    pub fn add(&mut self, ports: &Ports, peer: Value, from: &str, because: &str, word: Word) {
        if self.rules.iter().any(|(have, who, _)| *who == peer && have.cover(ports)) {
            return;
        }
        let line = Line { ports: ports.to_string(), from: from.to_owned(), because: because.to_owned() };
        match word {
            Word::Given => self.lines.push(line),
            Word::Missing => self.unvouched.push(line),
        }
        self.rules.push((ports.clone(), peer, description(&format!("{from}: {because}"))));
    }

    /// Notes what goes.
    pub fn drop(&mut self, ports: &Ports, from: &str, because: &str) {
        let line = Line { ports: ports.to_string(), from: from.to_owned(), because: because.to_owned() };
        if !self.dropped.contains(&line) {
            self.dropped.push(line);
        }
    }
}

/// `all traffic` by range would let in every protocol: the three that are used stand for it.
pub fn spread(ports: &Ports) -> Vec<Ports> {
    if ports.protocol != Protocol::All {
        return vec![ports.clone()];
    }
    [Protocol::Tcp, Protocol::Udp, Protocol::Icmp].map(|protocol| Ports { protocol, from: 0, to: 65535 }).to_vec()
}

/// A range as a rule's peer.
pub fn cidr(net: &IpNet) -> Value {
    match net {
        IpNet::V4(net) => json!({ "CidrIp": net.to_string() }),
        IpNet::V6(net) => json!({ "CidrIpv6": net.to_string() }),
    }
}
