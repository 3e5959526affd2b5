//! Connections that must keep working, and how one knows of them.

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
    /// A rule of a security group of today lets it in, between things that exist.
    Rule {
        /// The group.
        group: Id,
    },
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
