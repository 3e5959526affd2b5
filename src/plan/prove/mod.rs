//! The proof: in no state on the way is a flow cut, a door opened, a capacity undercut; and the order that this takes.
//!
//! A state is a set of steps that are done, with everything they need; there are exponentially many. A question about
//! one pair of nodes depends on few facts, and these on few steps: [`explore`] finds by asking which steps matter, and goes
//! through every state that they can be in, in the order that the plan's edges and barriers induce. What no question
//! asks for can't change an answer, so this covers all states of the plan, exactly.
//!
//! [`legs`] plays the plan there and back, [`history`] keeps each fact's life; [`order`] knows the states; [`claims`] says what must hold;
//! [`capacity`] counts what states use up, [`least`] how far; [`derive`] adds the edges that exclude counterexamples.

mod alike;
mod capacity;
mod cell;
mod claims;
mod derive;
mod explore;
mod history;
mod least;
mod legs;
mod lookout;
mod memo;
mod order;
mod round;
mod state;
pub mod words;

pub use lookout::{Broken, Lookout, Sights};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::absent::is_default;
use crate::model::flow::Flow;
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::seen::Seen;
use crate::model::step::{Impact, Stage, Step};
use crate::model::strategy::Strategy;

pub(super) use claims::{alive, is_public, question};

use super::Plan;
use super::intent::{Intent, Limits, Problem};

/// How the reason of an edge begins that was derived from a counterexample.
pub const BECAUSE: &str = "without it";

/// What is to be proved of steps in plan order.
pub struct Premises<'p> {
    /// What was seen.
    pub inventory: &'p Inventory,
    /// The flows that must survive.
    pub flows: &'p [Flow],
    /// What each move moves: by what its steps call it.
    pub moves: &'p BTreeMap<String, Id>,
    /// Workloads that move.
    pub moved: &'p [Id],
    /// Workloads that nobody needs any more at the end: retired ones.
    pub retired: &'p [Id],
    /// What the plan declares broken.
    pub interruptions: &'p [Interruption],
    /// What the intent lets the plan cost.
    pub limits: Limits,
}

/// What the plan declares broken by a step: the proof found that no order avoids it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interruption {
    /// The step.
    pub step: String,
    /// What it breaks.
    pub what: Interrupts,
}

/// What a step breaks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interrupts {
    /// Connections that are open and that no group tracks hang until their clients give up; new ones work.
    Untracked,
    /// A claim does not hold until a later step is done.
    Claim {
        /// The claim: `app → orders-db tcp 5432`.
        claim: String,
        /// The step that mends it.
        until: String,
        /// How long that takes, if estimates hold, in minutes.
        minutes: u64,
    },
}

/// How long a connection whose packets are dropped without an answer hangs before the client's kernel gives up, in seconds
/// (Linux, `tcp_retries2` 15: 924.6 s; kernel documentation, ip-sysctl).
const HANGS_S: u64 = 925;

impl Interrupts {
    /// What it does to the service, in the words of a step.
    fn impact(&self) -> Impact {
        match self {
            Interrupts::Untracked => Impact::Brief {
                seconds: HANGS_S,
                what: "connections that are older than the new groups hang until their clients give up; recycle pools right after"
                    .to_owned(),
            },
            Interrupts::Claim { claim, until, minutes } => {
                Impact::Outage { minutes: *minutes, what: format!("{claim} is cut from here until {until} is done: no order avoids it") }
            }
        }
    }
}

/// What was proved, for people: part of the plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// Flows that hold in every state.
    pub flows: usize,
    /// Pairs of nodes that were asked about.
    pub pairs: usize,
    /// Doors that were tried from the internet.
    pub doors: usize,
    /// Target groups, subnets, quotas that were counted.
    pub counted: usize,
    /// SHA-256 of the steps that it holds for, and of what is declared of them; a plan with others is proved before it runs.
    #[serde(default)]
    pub of: String,
    /// Flows that do not work today, doors that stay open because of what does not move.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What it took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effort: Option<Effort>,
}

/// What a proof took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Effort {
    /// Classes of pairs that are alike, there and back: states are gone through once for each.
    pub classes: usize,
    /// States that were looked at.
    pub examined: u64,
    /// How many digits the number of the plan's states has, at least.
    pub digits: usize,
}

impl Certificate {
    /// Whether it was given for a plan as it is.
    pub fn is_of(&self, plan: &Plan) -> bool {
        self.of == fingerprint(&plan.steps, &plan.interruptions)
    }
}

/// A plan of which something does not hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counterexample {
    /// What is broken: a flow, a door, a capacity.
    pub what: String,
    /// The steps that are done in that state, as far as they matter, in order.
    pub done: Vec<String>,
    /// The step that is done last.
    pub last: String,
    /// What one finds then.
    pub why: String,
    /// Whether it happens on the way back.
    #[serde(default, skip_serializing_if = "is_default")]
    pub on_the_way_back: bool,
}

/// The proof's outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// What holds.
    pub certificate: Certificate,
    /// What does not, the shortest way to it first.
    pub broken: Vec<Counterexample>,
    /// What the plan declares broken, and now has to declare besides.
    pub interruptions: Vec<Interruption>,
}

/// Proves the steps of a plan as they are.
///
/// # Errors
/// If the intent names what isn't in the inventory.
pub fn again(plan: &Plan, intent: &Intent, inventory: &Inventory, seen: Option<&Seen>) -> Result<Proof, Problem> {
    let movers = Movers::of(plan);
    let others = || (flows(intent, inventory, seen), fingerprint(&plan.steps, &plan.interruptions));
    let (there, (flows, of)) = legs::beside(|| legs::There::gone(inventory, &movers.moves, &plan.steps), others);
    let flows = flows?;
    let mut proof = derive::judge(&movers.premises(inventory, &flows, intent.limits, &plan.interruptions), &plan.steps, there);
    proof.certificate.of = of;
    Ok(proof)
}

/// The flows that must survive.
///
/// # Errors
/// If the intent names what isn't in the inventory.
pub fn flows(intent: &Intent, inventory: &Inventory, seen: Option<&Seen>) -> Result<Vec<Flow>, Problem> {
    let decisions = super::decide::decide(intent, inventory)?;
    super::flows::known(intent, inventory, seen, &decisions)
}

/// Adds to a plan the edges that its proof needs and the interruptions that no order avoids, and what was proved.
pub fn complete(plan: &mut Plan, inventory: &Inventory, flows: &[Flow], limits: Limits) {
    let mut steps = std::mem::take(&mut plan.steps);
    let movers = Movers::of(plan);
    let proof = derive::complete(&movers.premises(inventory, flows, limits, &plan.interruptions), &mut steps);
    (plan.steps, plan.interruptions, plan.broken) = (steps, proof.interruptions, proof.broken);
    // How much was looked at is a matter of deriving; a dry run proves the whole again and says it.
    plan.certificate = Certificate { effort: None, of: fingerprint(&plan.steps, &plan.interruptions), ..proof.certificate };
}

/// What tells steps, and what is declared of them, from others.
fn fingerprint(steps: &[Step], interruptions: &[Interruption]) -> String {
    super::sha256_of(&(steps, interruptions))
}

/// Who moves in a plan.
struct Movers {
    moves: BTreeMap<String, Id>,
    moved: Vec<Id>,
    retired: Vec<Id>,
}

impl Movers {
    fn of(plan: &Plan) -> Movers {
        let ids = |fits: fn(Strategy) -> bool| {
            plan.moves.iter().filter(|one| fits(one.strategy)).map(|one| one.workload.clone()).collect::<Vec<Id>>()
        };
        Movers {
            moves: plan.moves.iter().map(|one| (one.id.clone(), one.workload.clone())).collect(),
            moved: ids(is_moved),
            retired: ids(|strategy| strategy == Strategy::Retire),
        }
    }

    fn premises<'p>(
        &'p self,
        inventory: &'p Inventory,
        flows: &'p [Flow],
        limits: Limits,
        interruptions: &'p [Interruption],
    ) -> Premises<'p> {
        let Movers { moves, moved, retired } = self;
        Premises { inventory, flows, moves, moved, retired, interruptions, limits }
    }
}

/// How many of so many healthy targets a target group keeps.
pub fn least_healthy(healthy: usize, limits: Limits) -> usize {
    let least = capacity::least_healthy(i64::try_from(healthy).unwrap_or(i64::MAX), limits.healthy_percent);
    usize::try_from(least).unwrap_or(0)
}

/// Whether a strategy takes a workload out of the internet's reach.
pub fn is_moved(strategy: Strategy) -> bool {
    !matches!(strategy, Strategy::Retire | Strategy::Skip | Strategy::Stay)
}

/// Steps by stage, as far as the stages go that are run without being asked for by name.
fn before_cleanup(steps: &[Step]) -> usize {
    steps.iter().position(|step| step.stage == Stage::Cleanup).unwrap_or(steps.len())
}
