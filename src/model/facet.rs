//! The closed vocabulary in which kinds tell the rest of the program what a resource is.
//!
//! Graph, audit, planner and executor see facets, never a kind. A missing facet is a change of design: the matches
//! over these enums show every place to think.

use serde::{Deserialize, Serialize};

use ipnet::IpNet;

use super::absent::is_default;
use super::destination::Destination;
use super::id::Id;
use super::network::{Ports, Protocol, Rule};

/// What part a resource plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The VPC itself.
    Network,
    /// A subnet.
    Subnet,
    /// A route table.
    RouteTable,
    /// A way to the internet: internet gateway, egress-only internet gateway, NAT gateway.
    Gateway,
    /// An elastic IP.
    Address,
    /// A VPC endpoint.
    Endpoint,
    /// A security group.
    Group,
    /// A network ACL.
    Acl,
    /// A list of ranges that rules and routes name.
    PrefixList,
    /// A network interface.
    Interface,
    /// Computes or stores, and can be moved.
    Workload,
    /// Spreads traffic over targets; can be moved.
    Balancer,
    /// A list of targets behind a balancer.
    TargetGroup,
    /// A set of subnets that a managed service places things in.
    SubnetGroup,
    /// A name that leads to addresses.
    Name,
    /// Recognised, owned by a service that this version does not move.
    Bystander,
}

/// Where a thing sits, or may sit.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Placement {
    /// The subnets; for a group-placed thing all subnets of its group.
    pub subnets: Vec<Id>,
    /// The Availability Zones in which it really is, where known.
    pub zones: Vec<String>,
    /// The subnet group through which it is placed, if any.
    pub through: Option<Id>,
}

/// A public address and what becomes of it when it is taken off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicAddress {
    /// The address, as text.
    pub ip: String,
    /// The elastic IP's allocation; none for an address that AWS assigned and will not give back.
    pub allocation: Option<Id>,
}

/// What guards a thing.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Guard {
    /// The security groups that it wears, in AWS's order.
    pub groups: Vec<Id>,
}

/// How a group of rules looks.
#[derive(Clone, Debug, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
pub struct RuleSet {
    /// Who may come in.
    pub ingress: Vec<Rule>,
    /// Where its wearers may go.
    pub egress: Vec<Rule>,
}

/// Where a route leads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hop {
    /// Inside the VPC.
    Local,
    /// To the internet, both ways.
    InternetGateway(Id),
    /// To the internet, outbound only, IPv6.
    EgressOnly(Id),
    /// To the internet, outbound only.
    Nat(Id),
    /// A gateway endpoint.
    Endpoint(Id),
    /// Anything else (peering, transit gateway, virtual private gateway, interface…): the parameter name of
    /// `CreateRoute` and its value.
    Other(String, Id),
}

/// One route.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Route {
    /// CIDR or prefix list.
    pub destination: Destination,
    /// Where it leads.
    pub hop: Hop,
    /// Whether the target is gone.
    pub blackhole: bool,
    /// Whether a virtual private gateway propagated it.
    pub propagated: bool,
}

/// A route table.
#[derive(Clone, Debug, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
pub struct Routing {
    /// The routes, in AWS's order.
    pub routes: Vec<Route>,
    /// Whether it serves the subnets that have no table of their own.
    pub main: bool,
    /// Explicitly associated subnets, with the association's id.
    pub associations: Vec<(Id, String)>,
    /// Virtual private gateways that propagate routes into it.
    pub propagating: Vec<Id>,
}

/// What kind of gateway something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GatewayKind {
    /// Internet gateway: both ways, for who has a public address.
    Internet,
    /// Egress-only internet gateway: IPv6, outbound.
    EgressOnly,
    /// Public NAT gateway: outbound, IPv4.
    Nat,
    /// Private NAT gateway: leads nowhere on the internet.
    PrivateNat,
}

/// A VPC endpoint as a way to a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceEndpoint {
    /// The service's short name: `s3`, `ecr.api`; for a service of somebody else its full name.
    pub service: String,
    /// Whether routes lead to it (gateway endpoint) rather than its own interfaces.
    pub gateway: bool,
    /// Interface endpoint: whether the service's usual name leads to it, in the whole VPC.
    pub private_dns: bool,
}

/// Ordered, stateless rules of a subnet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Acl {
    /// Whether it is the VPC's default one, which serves every subnet that was given no other.
    pub default: bool,
    /// Entries for what comes in, by number.
    pub ingress: Vec<AclEntry>,
    /// Entries for what goes out, by number.
    pub egress: Vec<AclEntry>,
}

/// An entry of a network ACL; the first that matches decides, and what none matches is denied.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AclEntry {
    /// Its number, 1 to 32766; 32767 is AWS's own last entry, which denies everything.
    pub number: u32,
    /// Whether it allows.
    pub allow: bool,
    /// Protocol and destination ports.
    pub ports: Ports,
    /// The other side.
    pub range: IpNet,
}

/// Whether EC2 tracks the connections of an interface (EC2 user guide, "Security group connection tracking").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tracking {
    /// As its rules say: what comes from everywhere and may answer everywhere is not tracked.
    #[default]
    ByRules,
    /// All of its own, whatever the rules: a Lambda function's interface.
    Own,
    /// All, at both ends, whatever the rules: a Network Load Balancer, an interface endpoint.
    Through,
}

impl Tracking {
    fn is_by_rules(&self) -> bool {
        *self == Tracking::ByRules
    }
}

/// What a balancer forwards to.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Balancing {
    /// Whether the internet can reach it.
    pub internet_facing: bool,
    /// `application`, `network`, `gateway` or `classic`.
    pub flavour: String,
    /// Listener ports.
    pub listeners: Vec<Ports>,
    /// Target groups that its listeners and rules forward to.
    pub target_groups: Vec<Id>,
}

/// Members of a target group.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Targets {
    /// Registered targets: the workload's id or an address, the port, and the health as last seen.
    pub members: Vec<Target>,
    /// Port that health checks use where it differs from the target's.
    pub health_port: Option<u16>,
    /// Seconds that a deregistered target drains.
    pub drain_s: u64,
    /// The transports on which they are sent traffic; TCP alone where there are none here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transports: Vec<Protocol>,
}

impl Targets {
    /// The ports on which a target must be reachable: for traffic, and for health checks, which use TCP.
    pub fn ports(&self, target: &Target) -> Vec<Ports> {
        let traffic = self.transports.iter().map(|transport| Ports { protocol: transport.clone(), ..Ports::tcp(target.port) });
        let mut ports: Vec<Ports> = traffic.collect();
        if ports.is_empty() {
            ports.push(Ports::tcp(target.port));
        }
        ports.push(Ports::tcp(self.health_port.unwrap_or(target.port)));
        ports
    }
}

/// One registered target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Instance id, address or ARN, as registered.
    pub target: String,
    /// The port it receives traffic on.
    pub port: u16,
    /// `healthy`, `unhealthy`, `unused`, …
    pub health: String,
}

/// What a managed prefix list holds.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PrefixList {
    /// How many rules of a group, or routes of a table, one that names it counts as.
    pub weight: usize,
    /// Whether it is AWS's own, which AWS changes when it likes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub aws: bool,
    /// Its ranges, IPv4 or IPv6; none where they could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ranges: Option<Vec<IpNet>>,
}

/// What a name answers.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Answers {
    /// The addresses, as text.
    pub addresses: Vec<String>,
    /// How long those who asked may keep the answer, in seconds.
    pub ttl_s: u64,
}

/// How people log in to a thing without a port of it: what Session Manager needs.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Login {
    /// Whether its agent was connected.
    pub online: bool,
    /// The name of its instance profile, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The role in the profile, where it could be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Whether the role lets an agent register, where it could be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed: Option<bool>,
}

/// Everything that a kind says about one resource.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Facets {
    /// Where it sits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placement: Option<Placement>,
    /// Private addresses, as text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub private_addresses: Vec<String>,
    /// IPv6 addresses of an interface, as text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub v6_addresses: Vec<String>,
    /// Public addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub public_addresses: Vec<PublicAddress>,
    /// Whether a managed service gives it a public name and address (RDS's `PubliclyAccessible`).
    #[serde(skip_serializing_if = "is_default")]
    pub publicly_accessible: bool,
    /// What guards it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guard: Option<Guard>,
    /// The ports on which it accepts connections by its nature. None: nobody can tell (an instance).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listens: Option<Vec<Ports>>,
    /// Whether it opens connections of its own to other workloads.
    #[serde(skip_serializing_if = "is_default")]
    pub initiates: bool,
    /// Group rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<RuleSet>,
    /// Routes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub routing: Option<Routing>,
    /// Which gateway it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway: Option<GatewayKind>,
    /// Whose way to a service it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<ServiceEndpoint>,
    /// Entries of a network ACL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acl: Option<Acl>,
    /// What a prefix list holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix_list: Option<PrefixList>,
    /// Whether EC2 tracks its connections whatever its groups' rules say.
    #[serde(skip_serializing_if = "Tracking::is_by_rules")]
    pub tracking: Tracking,
    /// Balancing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balancing: Option<Balancing>,
    /// Targets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub targets: Option<Targets>,
    /// What it answers, if it is a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answers: Option<Answers>,
    /// How people log in to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<Login>,
    /// For an interface, and for what comes and goes with a workload (an instance of an Auto Scaling group, a member of a
    /// cluster): the id of what it belongs to; none if nobody knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Id>,
    /// Address ranges: of a subnet, of a VPC (primary first), of reservations.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ranges: Vec<String>,
    /// Other resources that it depends on and that no facet above names, with the reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub uses: Vec<(Id, String)>,
    /// What belongs to it and does not say so itself: the interfaces of a service's tasks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<Id>,
    /// What a person should know about it, because no plan can act on it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Whether it is at rest: neither being created, changed nor deleted; for a workload: whether it runs.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub state: String,
}
