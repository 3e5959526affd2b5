//! Connections that must keep working, and how one knows of them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::id::Id;
use super::network::Ports;

/// One end of a flow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// A workload, a balancer, or anything else of the inventory that has interfaces.
    Resource(Id),
    /// Anywhere on the internet.
    Internet,
    /// Addresses outside the VPC, or inside it where nobody knows whose: a CIDR.
    Range(String),
    /// An AWS service by its endpoint's short name: `s3`, `ecr.api`.
    Service(String),
}

/// How one knows of a flow. The order is that of trust: what was seen or declared before what is merely allowed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// A person says so in the intent.
    Declared,
    /// A balancer sends to a target.
    Target {
        /// The target group, or the Classic Load Balancer.
        group: Id,
    },
    /// VPC flow logs show it.
    Seen {
        /// How often: records of accepted traffic from the initiator's side, after aggregation.
        records: u64,
        /// First seen, RFC 3339.
        first: String,
        /// Last seen, RFC 3339.
        last: String,
    },
    /// An internet-facing balancer listens on it, and no group of it keeps the internet out today.
    Listener,
    /// A rule of a security group of today lets it in (or, for what leaves the VPC, out), between things that exist.
    Rule {
        /// The group.
        group: Id,
    },
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = |at: &str| at.split('T').next().unwrap_or_default().to_owned();
        match self {
            Evidence::Declared => write!(f, "declared in the intent"),
            Evidence::Target { group } => write!(f, "target of {group}"),
            Evidence::Seen { records, first, last } => {
                let times = if *records == 1 { "time" } else { "times" };
                write!(f, "seen {} {times} {} to {}", thousands(*records), day(first), day(last))
            }
            Evidence::Listener => write!(f, "listener of an internet-facing balancer"),
            Evidence::Rule { group } => write!(f, "group {group} lets it through today"),
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Resource(id) => write!(f, "{id}"),
            End::Internet => write!(f, "the internet"),
            End::Range(range) => write!(f, "{range}"),
            End::Service(name) => write!(f, "AWS service {name}"),
        }
    }
}

/// A number with commas: `1,204`.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A connection that must keep working.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    /// Who opens it.
    pub from: End,
    /// Who accepts it.
    pub to: End,
    /// On which ports of the acceptor.
    pub ports: Ports,
    /// How one knows; never empty.
    pub evidence: Vec<Evidence>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_reads_as_a_sentence() {
        let seen = |records| Evidence::Seen { records, first: "2026-11-01T00:00:00Z".into(), last: "2026-11-14T23:59:00Z".into() };
        assert_eq!(seen(1204).to_string(), "seen 1,204 times 2026-11-01 to 2026-11-14");
        assert_eq!(seen(1).to_string(), "seen 1 time 2026-11-01 to 2026-11-14");
        assert_eq!(seen(1_000_000).to_string(), "seen 1,000,000 times 2026-11-01 to 2026-11-14");
        assert_eq!(Evidence::Target { group: "tg:web".into() }.to_string(), "target of tg:web");
    }
}
