//! The ways in which a workload gets private, and what each would cost.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::absent::is_default;
use super::id::Id;
use super::index::Index;
use super::inventory::Inventory;
use super::network::Ports;
use super::resource::Resource;

/// How one workload, subnet group or subnet gets private.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Strategy {
    /// Move it to a new private subnet.
    Relocate,
    /// Turn its own subnets private by replacing their route table.
    Flip,
    /// Exchange the subnets of its subnet group one by one: nodes come up in private subnets, then take over. Data
    /// stays in place.
    Rotate,
    /// Promote a replica that was made in private subnets.
    Replica,
    /// Restore a snapshot into private subnets, then swap the names.
    Restore,
    /// Make a new one beside it and lead what uses it there.
    Recreate,
    /// It stays public: an internet-facing balancer.
    Stay,
    /// It goes: a bastion that nobody needs any more.
    Retire,
    /// It is left where it is, with a reason and a date.
    Skip,
}

impl Strategy {
    /// As the intent spells it.
    pub fn name(self) -> &'static str {
        match self {
            Strategy::Relocate => "relocate",
            Strategy::Flip => "flip",
            Strategy::Rotate => "rotate",
            Strategy::Replica => "replica",
            Strategy::Restore => "restore",
            Strategy::Recreate => "recreate",
            Strategy::Stay => "stay",
            Strategy::Retire => "retire",
            Strategy::Skip => "skip",
        }
    }
}

/// How much can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// Cheap to take back, nothing copied.
    Low,
    /// Something is replaced; the old one is kept.
    Medium,
    /// Data is copied, or the way back is slow.
    High,
}

impl Risk {
    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Risk::Low => "low",
            Risk::Medium => "medium",
            Risk::High => "high",
        }
    }
}

/// How one gets back once it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WayBack {
    /// One call, within seconds or a few minutes.
    Quick,
    /// The same way again, as long and with the same interruption.
    Slow,
    /// Only until something is written on the new one.
    UntilFirstWrite,
    /// None.
    Never,
}

impl WayBack {
    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            WayBack::Quick => "quick",
            WayBack::Slow => "slow",
            WayBack::UntilFirstWrite => "until the first write",
            WayBack::Never => "none",
        }
    }
}

/// One strategy weighed for one workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Candidate {
    /// The strategy.
    pub strategy: Strategy,
    /// Seconds for which the workload itself does not answer.
    pub interruption_s: u64,
    /// Seconds that it takes in all.
    pub duration_s: u64,
    /// How much can go wrong.
    pub risk: Risk,
    /// How one gets back.
    pub way_back: WayBack,
    /// What the workload costs more in a month afterwards, in cents of a US dollar; less where it is negative.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cost_cents_month: i64,
    /// Why one would take it, or, where `rejected`, why not.
    pub reason: String,
    /// Whether it is not to be taken unless a person asks for it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub rejected: bool,
    /// Whether it can't be taken even then: AWS refuses, or this version doesn't do it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub impossible: bool,
}

impl Candidate {
    /// A strategy that interrupts nothing, takes no time, risks little and is taken back by a call; say where it isn't so.
    pub fn new(strategy: Strategy, reason: impl Into<String>) -> Candidate {
        Candidate {
            strategy,
            interruption_s: 0,
            duration_s: 0,
            risk: Risk::Low,
            way_back: WayBack::Quick,
            cost_cents_month: 0,
            reason: reason.into(),
            rejected: false,
            impossible: false,
        }
    }

    /// For how many seconds the workload does not answer.
    pub fn interrupts(self, seconds: u64) -> Candidate {
        Candidate { interruption_s: seconds, ..self }
    }

    /// How many seconds it takes in all.
    pub fn takes(self, seconds: u64) -> Candidate {
        Candidate { duration_s: seconds, ..self }
    }

    /// How much can go wrong.
    pub fn risk(self, risk: Risk) -> Candidate {
        Candidate { risk, ..self }
    }

    /// How one gets back.
    pub fn way_back(self, way_back: WayBack) -> Candidate {
        Candidate { way_back, ..self }
    }

    /// What it costs more in a month afterwards, in cents.
    pub fn costs(self, cents_month: i64) -> Candidate {
        Candidate { cost_cents_month: cents_month, ..self }
    }

    /// Not to be taken unless a person asks for it, if `so`.
    pub fn only_if_asked(self, so: bool) -> Candidate {
        Candidate { rejected: self.rejected || so, ..self }
    }

    /// Not to be taken at all, if `so`.
    pub fn impossible(self, so: bool) -> Candidate {
        Candidate { rejected: self.rejected || so, impossible: self.impossible || so, ..self }
    }
}

/// What a kind may know about the place when it weighs strategies.
pub struct Site<'a> {
    /// What was seen.
    pub inventory: &'a Inventory,
    /// What is asked of it again and again.
    pub index: &'a Index<'a>,
    /// The public subnets.
    pub public: &'a BTreeSet<&'a Id>,
    /// The public subnets that turn private in any case.
    pub flipping: &'a BTreeSet<Id>,
}

impl Site<'_> {
    /// Whether every subnet of a resource that is public today turns private in any case.
    pub fn turns_private(&self, resource: &Resource) -> bool {
        resource.subnets().iter().all(|subnet| self.flipping.contains(subnet) || !self.public.contains(subnet))
    }
}

/// What a kind may know about the plan when it drafts a move.
pub struct Scene<'a> {
    /// What was seen.
    pub inventory: &'a Inventory,
    /// What is asked of it again and again.
    pub index: &'a Index<'a>,
    /// The public subnets of today.
    pub today: &'a BTreeSet<&'a Id>,
    /// The migration's name.
    pub migration: &'a str,
    /// The strategy chosen.
    pub strategy: Strategy,
    /// New private subnet by zone, as a value for a parameter (usually a reference).
    pub private: &'a BTreeMap<String, Value>,
    /// New public subnet by zone, where the old one turns private.
    pub public: &'a BTreeMap<String, Value>,
    /// Public subnets that turn private.
    pub flipping: &'a BTreeSet<Id>,
    /// The groups that it wears at the end, as values for a parameter.
    pub groups: &'a [Value],
    /// Whether `groups` differs from what it wears now.
    pub regroup: bool,
    /// Whether what is to be relocated gets its new groups before it moves: others already come with theirs.
    pub beside_first: bool,
    /// Whether what was relocated wears its old groups too until `tighten`: others still come with theirs.
    pub old_until_tighten: bool,
    /// How people log in to it before and after; none where nobody does, or the intent leaves it out.
    pub entry: Option<&'a Entry>,
    /// What to invoke it with, to see whether it works; none: nothing is run.
    pub smoke: Option<&'a Value>,
    /// The name for steps: the workload's, as a slug, unique in the plan.
    pub slug: &'a str,
}

/// How people log in to a workload by Session Manager, where its port for that closes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The step that gives its role the right, where the role lacks it.
    pub policy: Option<String>,
    /// Whether it has no instance profile and gets the migration's.
    pub profile: bool,
    /// What gives it a way out where it comes to be, and why that comes first: steps and reasons.
    pub way_out: Vec<(String, String)>,
    /// The step that turns its own subnet private, where it stays in it.
    pub turn: Option<String>,
}

impl Entry {
    /// The step that proves it before the move.
    pub fn before(slug: &str) -> String {
        format!("{slug}-session")
    }

    /// The step that proves it again after the move.
    pub fn after(slug: &str) -> String {
        format!("{slug}-session-again")
    }
}

/// One workload of a unit: of things that can only be carried across together, because a subnet group places them all.
pub struct Member<'a> {
    /// The workload.
    pub resource: &'a Resource,
    /// What its draft may know.
    pub scene: Scene<'a>,
}

/// An address that a move replaces by another one: what names lead to is led on.
#[derive(Clone, Debug, PartialEq)]
pub struct Renumbering {
    /// The move: what its steps say in `move`.
    pub slug: String,
    /// Whose address it is, for people.
    pub name: String,
    /// The address of today.
    pub old: String,
    /// The address that takes its place, as a value for a parameter (usually a reference).
    pub new: Value,
    /// The step after which the new address serves.
    pub since: String,
    /// Why nobody may be led there before.
    pub because: String,
}

/// A rule to be made: ports, peer as a parameter's value (`{"GroupId": …}`, `{"CidrIp": …}`, …), description.
pub type NewRule = (Ports, Value, String);

/// A piece of foundation that a plan needs; the kind that makes such things answers with the steps.
#[derive(Clone, Debug, PartialEq)]
pub enum Provision {
    /// A subnet.
    Subnet {
        /// Its range.
        cidr: String,
        /// Its zone.
        zone: String,
        /// For a name: `private` or `public`.
        flavour: &'static str,
    },
    /// An elastic IP for a NAT gateway.
    Address {
        /// The zone it is meant for; none for the only one.
        zone: Option<String>,
    },
    /// A NAT gateway.
    Nat {
        /// The public subnet it sits in; none: regional.
        subnet: Option<Value>,
        /// Elastic IPs: zone and allocation.
        allocations: Vec<(String, Value)>,
        /// The zone, for a name; none for the only one.
        zone: Option<String>,
    },
    /// A private route table.
    Table {
        /// For step ids.
        key: String,
        /// For its name tag.
        name: String,
        /// `CreateRoute` parameters beside the table's id, with what each is for.
        routes: Vec<(Value, String)>,
        /// Virtual private gateways that propagate into it.
        propagating: Vec<String>,
    },
    /// A new subnet gets its route table.
    Association {
        /// For the step id.
        key: String,
        /// The table.
        table: Value,
        /// The subnet.
        subnet: Value,
        /// For people.
        title: String,
    },
    /// An existing subnet turns private.
    Flip {
        /// The subnet.
        subnet: Id,
        /// Its new table.
        table: Value,
        /// What must be done before: steps and why.
        needs: Vec<(String, String)>,
    },
    /// A gateway endpoint on tables.
    GatewayEndpoint {
        /// The last part of the service's name: `s3`, `dynamodb`.
        service: String,
        /// The new tables.
        tables: Vec<Value>,
    },
    /// An interface endpoint with private DNS.
    InterfaceEndpoint {
        /// The last part of the service's name: `ssm`, `logs`, `ecr.api`, …
        service: String,
        /// One subnet per zone.
        subnets: Vec<Value>,
        /// Its group.
        group: Value,
    },
    /// A security group, empty.
    Group {
        /// For step ids.
        key: String,
        /// Its name in AWS.
        name: String,
        /// What it guards.
        description: String,
    },
    /// Ingress of a new group.
    Rules {
        /// The group's key, as in `Group`.
        key: String,
        /// The group.
        group: Value,
        /// The rules.
        rules: Vec<NewRule>,
    },
    /// A role and an instance profile of the migration's own, for instances that have none.
    SessionRole,
    /// A role of instances gets what Session Manager needs.
    SessionPolicy {
        /// The step's id.
        key: String,
        /// The role.
        role: String,
        /// Whose it is, for people.
        people: String,
    },
    /// A Client VPN endpoint for developers.
    ClientVpn(ClientVpn),
    /// An old group is deleted, at the very end.
    DropGroup {
        /// The group.
        group: Id,
    },
}

/// A Client VPN endpoint that is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientVpn {
    /// The clients' range.
    pub client_cidr: String,
    /// The server's certificate.
    pub server_certificate: String,
    /// Who signs the clients' certificates.
    pub client_ca: Option<String>,
    /// Who vouches for people instead.
    pub saml_provider: Option<String>,
    /// Whether only traffic for the VPC goes through it.
    pub split_tunnel: bool,
    /// Name servers for clients.
    pub dns: Vec<String>,
    /// By zone's letter the subnet that it enters by.
    pub subnets: Vec<(String, Value)>,
    /// Where clients may go to.
    pub targets: Vec<String>,
}

/// Something that the planner cannot do, and what a person can.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blocker {
    /// The failure code, as `explain` knows it.
    pub code: String,
    /// What it is about.
    pub resource: Id,
    /// Why it stands in the way.
    pub why: String,
    /// What to do about it.
    pub way_out: String,
}
