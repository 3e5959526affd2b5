//! What reach knows of the network: facts under keys.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::model::facet::{Acl, GatewayKind, Routing, RuleSet, Tracking};
use crate::model::id::Id;
use crate::model::network::Ports;

/// What a fact is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// The VPC's ranges.
    Ranges,
    /// A node, by its own id.
    Node(Id),
    /// Whether a workload runs, and what it is.
    Workload(Id),
    /// The zone and range of a subnet.
    Subnet(Id),
    /// The route table with which a subnet is explicitly associated.
    Table(Id),
    /// The main route table.
    MainTable,
    /// The routes of a table.
    Routing(Id),
    /// The network ACL of a subnet.
    AclOf(Id),
    /// The network ACL of the subnets that were given no other.
    DefaultAcl,
    /// The entries of a network ACL.
    Acl(Id),
    /// The rules of a security group.
    Rules(Id),
    /// A gateway: internet, egress-only, NAT.
    Gateway(Id),
    /// A VPC endpoint.
    Endpoint(Id),
    /// The ranges of a managed prefix list.
    PrefixList(Id),
}

/// A fact.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Fact {
    /// The VPC's ranges, IPv4 and IPv6.
    Ranges(Vec<IpNet>),
    /// A node.
    Node(Node),
    /// A workload.
    Workload(Workload),
    /// A subnet: its zone and its ranges.
    Subnet(String, Vec<IpNet>),
    /// An id: of the table of a subnet, the main table, the ACL of a subnet, the default ACL.
    Is(Id),
    /// Routes.
    Routing(Routing),
    /// ACL entries.
    Acl(Acl),
    /// Group rules.
    Rules(RuleSet),
    /// A gateway.
    Gateway(Gateway),
    /// An endpoint.
    Endpoint(Endpoint),
    /// Ranges of a prefix list.
    Prefixes(Vec<IpNet>),
}

/// A network interface; or, for what shows none of its own (a database whose interface names no instance, a function
/// between two invocations), what stands for one: a workload in one of its subnets, called `db:orders@subnet-0ab`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Node {
    /// Its id.
    pub id: Id,
    /// Whose it is.
    pub owner: Id,
    /// Its subnet.
    pub subnet: Id,
    /// The groups that it wears.
    pub groups: Vec<Id>,
    /// Private addresses, IPv4, and IPv6 ones; empty where nobody can tell: then the subnet's range stands for it.
    pub addresses: Vec<IpAddr>,
    /// Public IPv4 addresses; an unknown one of a managed service (`PubliclyAccessible`) is in `publicly_named` only.
    pub public: Vec<IpAddr>,
    /// Whether a managed service gives it a public name.
    pub publicly_named: bool,
    /// Whether it stands for an interface rather than being one.
    pub stands_in: bool,
}

/// What matters of a workload or balancer here.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Workload {
    /// Whether it serves: runs, is available.
    pub up: bool,
    /// Whose part it is: an instance of its Auto Scaling group, a member of its cluster.
    pub part_of: Option<Id>,
    /// The Availability Zones in which it really is, where known: of what stands in for it, only that in these zones counts.
    pub zones: Vec<String>,
    /// The interfaces that belong to it and do not say so themselves.
    pub members: Vec<Id>,
    /// Ports on which it accepts connections; none: nobody can tell.
    pub listens: Option<Vec<Ports>>,
    /// Whether its interfaces have public addresses even where none of them shows one: an internet-facing balancer, a
    /// database with a public name.
    pub internet_facing: bool,
    /// Whether EC2 tracks its connections whatever the rules say.
    pub tracking: Tracking,
}

/// A gateway.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Gateway {
    /// What kind.
    pub kind: GatewayKind,
    /// Whether it works: attached, available.
    pub up: bool,
    /// The subnet of a zonal NAT gateway, by whose route table its traffic goes on; none for others.
    pub subnet: Option<Id>,
    /// The public addresses from which its traffic comes; empty where nobody can tell.
    pub public: Vec<IpAddr>,
}

/// A VPC endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// The service's short name: `s3`, `ecr.api`.
    pub service: String,
    /// Whether it works.
    pub up: bool,
    /// Whether it is a gateway endpoint, to which routes for its service's prefix list lead.
    pub gateway: bool,
    /// Interface endpoint: whether the service's usual name leads to it, in the whole VPC.
    pub private_dns: bool,
}

/// Looks facts up.
pub trait View {
    /// The fact under a key, if there is one.
    fn fact(&self, key: &Key) -> Option<&Fact>;
    /// The endpoints for a service, by its short name; none of them need be up.
    fn endpoints(&self, service: &str) -> Vec<Id>;
    /// The nodes of a resource: its own interfaces, those of its parts, else what stands for them; those that do not
    /// serve too.
    fn nodes(&self, owner: &Id) -> Vec<Id>;
    /// What people call a thing; only for words, never for an answer.
    fn name<'a>(&'a self, id: &'a Id) -> &'a str {
        id.as_str()
    }
}

/// Whether what stands in for a workload is in a zone in which the workload really is; yes where zones are not known.
pub fn stands_where_it_is(view: &dyn View, node: &Node) -> bool {
    let Some(Fact::Workload(workload)) = view.fact(&Key::Workload(node.owner.clone())) else { return true };
    let Some(Fact::Subnet(zone, _)) = view.fact(&Key::Subnet(node.subnet.clone())) else { return true };
    workload.zones.is_empty() || zone.is_empty() || workload.zones.contains(zone)
}
