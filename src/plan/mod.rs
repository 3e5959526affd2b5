//! The planner: intent and inventory in, a complete decision out. Pure; the same input gives the same bytes.
//!
//! In this order: [`intent`] (what is wanted) → [`decide`] (a strategy for each workload, and so which subnets turn
//! private) → [`network`] (subnets, NAT, tables, endpoints) → [`flows`] (what must
//! survive) → [`guard`] (groups) → [`assemble`] (steps) → [`order`]
//! (AWS's own edges, each with its reason) → [`prove`] (no state on the way cuts a flow or opens a door; the edges that this
//! takes) → [`lint`] (what must hold of every plan) → [`format`] (the file). [`moment`] is the account at a checkpoint,
//! [`service`] which flows hold there.

use serde::{Deserialize, Serialize};

use crate::model::id::Id;
use crate::model::step::{Stage, Step};
use crate::model::strategy::{Blocker, Candidate, Risk, Strategy};

pub mod access;
pub mod allocate;
pub mod approvals;
pub mod assemble;
pub mod calls;
pub mod caution;
pub mod compare;
pub mod cost;
pub mod decide;
pub mod doors;
pub mod egress;
pub mod film;
pub mod flows;
pub mod format;
pub mod gates;
pub mod guard;
pub mod hooks;
pub mod init;
pub mod intent;
mod intent_access;
pub mod lint;
pub mod moment;
mod names;
mod neighbours;
pub mod network;
pub mod order;
pub mod pace;
pub mod peers;
pub mod policy;
pub mod problem;
pub mod prove;
pub mod quotas;
pub mod service;
mod unseen;
pub mod vouch;
pub mod window;

pub use assemble::{plan, plan_seen, unproved};

/// How one workload is carried across.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Move {
    /// The move's id: what its steps say in `move`.
    pub id: String,
    /// The workload.
    pub workload: Id,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// The strategy taken.
    pub strategy: Strategy,
    /// Why.
    pub reason: String,
    /// Seconds for which the workload itself does not answer.
    pub interruption_s: u64,
    /// Seconds that it takes in all.
    pub duration_s: u64,
    /// How much can go wrong.
    pub risk: Risk,
    /// The strategies not taken, and why not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rejected: Vec<Candidate>,
}

/// A subnet of the plan, new or turned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubnetPlan {
    /// The step that makes or turns it.
    pub step: String,
    /// Its range.
    pub cidr: String,
    /// Its zone.
    pub zone: String,
    /// `new private`, `new public` or `turns private`.
    pub what: String,
}

/// What must be so before a stage: a question that only a person can answer, or something that is looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// Its name.
    pub id: String,
    /// The stage before which it is asked.
    pub before: Stage,
    /// The question.
    pub asks: String,
    /// What one has to know to answer it; may hold references to outputs of steps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
    /// What is looked at instead of asking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<gates::Health>,
}

/// The whole plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Format of this file; 1.
    pub version: u32,
    /// The migration's name.
    pub migration: String,
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// The VPC.
    pub vpc: Id,
    /// SHA-256 of the intent's bytes.
    pub intent_sha256: String,
    /// SHA-256 of the inventory's bytes.
    pub inventory_sha256: String,
    /// SHA-256 of the bytes of what flow logs showed, if any were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flows_sha256: Option<String>,
    /// What stands in the way; a plan with blockers is not applied.
    #[serde(default)]
    pub blockers: Vec<Blocker>,
    /// What a person should know or settle.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// The subnets.
    #[serde(default)]
    pub subnets: Vec<SubnetPlan>,
    /// The moves.
    #[serde(default)]
    pub moves: Vec<Move>,
    /// The groups.
    #[serde(default)]
    pub groups: Vec<guard::GroupPlan>,
    /// Whose connections come from other public addresses afterwards.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub egress: Vec<egress::Egress>,
    /// What must be so before a stage begins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<Gate>,
    /// Who must approve, and before what; nobody, if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approvals: Option<approvals::Approvals>,
    /// Who is told how a run goes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hooks: Vec<hooks::Hook>,
    /// When steps may begin; always, if there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<String>,
    /// Steps that wait until somebody releases them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub postponed: Vec<String>,
    /// What the account costs more in a month afterwards.
    #[serde(default)]
    pub cost: cost::Cost,
    /// The stages that have steps, in order. Each ends with a checkpoint of the same name.
    #[serde(default)]
    pub stages: Vec<Stage>,
    /// What steps break although no order avoids it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interruptions: Vec<prove::Interruption>,
    /// What was proved of the steps; nothing, as long as there are blockers.
    #[serde(default)]
    pub certificate: prove::Certificate,
    /// What does not hold of them; such a plan is not applied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub broken: Vec<prove::Counterexample>,
    /// The steps, in an order in which they can be carried out.
    #[serde(default)]
    pub steps: Vec<Step>,
}

impl Plan {
    /// Whether it may be carried out: nothing blocks it, and it holds.
    pub fn is_applicable(&self) -> bool {
        self.blockers.is_empty() && self.broken.is_empty()
    }

    /// A step by id.
    pub fn step(&self, id: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == id)
    }

    /// The steps of a stage.
    pub fn steps_of(&self, stage: Stage) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(move |step| step.stage == stage)
    }
}

/// The first digits of a hash: enough for people to tell it from others.
pub fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

/// SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    hexadecimal(&sha2::Sha256::digest(bytes))
}

/// SHA-256 of what a value is written as in JSON, in hexadecimal.
pub fn sha256_of(value: &impl serde::Serialize) -> String {
    use sha2::Digest;
    let mut digest = std::io::BufWriter::with_capacity(1 << 14, Digesting(sha2::Sha256::new()));
    // A digest takes everything, and what is hashed here has names for keys.
    let written = serde_json::to_writer(&mut digest, value).is_ok();
    digest.into_inner().map_or_else(|_| String::new(), |digest| if written { hexadecimal(&digest.0.finalize()) } else { String::new() })
}

/// A digest that is written to.
struct Digesting(sha2::Sha256);

impl std::io::Write for Digesting {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        sha2::Digest::update(&mut self.0, bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
