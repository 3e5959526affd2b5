//! The proof: in no state on the way is a flow cut, a door opened, a capacity undercut; and the order that this takes.
//!
//! A state is a set of steps that are done, with everything they need; there are exponentially many. A question about
//! one pair of nodes depends on few facts, and these on few steps: [`explore`] finds by asking which steps matter, and goes
//! through every state that they can be in, in the order that the plan's edges and barriers induce. What no question
//! asks for can't change an answer, so this covers all states of the plan, exactly.
//!
//! [`history`] plays the plan and keeps each fact's life; [`order`] knows the states; [`claims`] says what must hold;
//! [`capacity`] counts what states use up; [`derive`] adds the edges that exclude counterexamples.

mod alike;
mod capacity;
mod cell;
mod claims;
mod derive;
mod explore;
mod history;
mod memo;
mod order;
mod round;
mod state;
pub mod words;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::flow::Flow;
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::seen::Seen;
use crate::model::step::{Stage, Step};
use crate::model::strategy::Strategy;

use super::Plan;
use super::intent::{Intent, Problem};

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
    /// Whether the plan tells people that untracked connections hang when old groups come off.
    pub announced: bool,
    /// Healthy targets that each target group keeps at every moment, of those that it has at the start.
    pub floor: Floor,
}

/// How many healthy targets a target group keeps at every moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Floor {
    /// Percent of the healthy ones at the start, rounded up; never less than one, where there are two.
    pub percent: u32,
}

impl Default for Floor {
    fn default() -> Floor {
        Floor { percent: 50 }
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
    /// Classes of pairs that are alike, there and back: states are gone through once for each.
    pub classes: usize,
    /// States that were looked at.
    pub examined: u64,
    /// How many digits the number of the plan's states has, at least.
    pub digits: usize,
    /// Doors that were tried from the internet.
    pub doors: usize,
    /// Target groups, subnets, quotas that were counted.
    pub counted: usize,
    /// Flows that do not work today, doors that stay open because of what does not move.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
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
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub on_the_way_back: bool,
}

/// The proof's outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// What holds.
    pub certificate: Certificate,
    /// What does not.
    pub broken: Vec<Counterexample>,
}

/// Proves the steps of a plan as they are.
///
/// # Errors
/// If the intent names what isn't in the inventory.
pub fn again(plan: &Plan, intent: &Intent, inventory: &Inventory, seen: Option<&Seen>) -> Result<Proof, Problem> {
    let mut steps = plan.steps.clone();
    with(plan, intent, inventory, seen, &mut steps, derive::Mode::Judge)
}

/// The steps of a plan with the edges and interruptions that its proof needs, and the proof.
///
/// # Errors
/// As [`again`].
pub fn completed(plan: &Plan, intent: &Intent, inventory: &Inventory, seen: Option<&Seen>) -> Result<(Vec<Step>, Proof), Problem> {
    let mut steps = plan.steps.clone();
    let proof = with(plan, intent, inventory, seen, &mut steps, derive::Mode::Derive)?;
    Ok((steps, proof))
}

fn with(
    plan: &Plan,
    intent: &Intent,
    inventory: &Inventory,
    seen: Option<&Seen>,
    steps: &mut Vec<Step>,
    mode: derive::Mode,
) -> Result<Proof, Problem> {
    let decisions = super::decide::decide(intent, inventory)?;
    let flows = super::flows::known(intent, inventory, seen, &decisions)?;
    let moves: BTreeMap<String, Id> = plan.moves.iter().map(|one| (one.id.clone(), one.workload.clone())).collect();
    let ids = |fits: fn(Strategy) -> bool| {
        plan.moves.iter().filter(|one| fits(one.strategy)).map(|one| one.workload.clone()).collect::<Vec<Id>>()
    };
    let (moved, retired) = (ids(is_moved), ids(|strategy| strategy == Strategy::Retire));
    let announced = plan.warnings.iter().any(|warning| warning.contains("untracked"));
    let premises =
        Premises { inventory, flows: &flows, moves: &moves, moved: &moved, retired: &retired, announced, floor: Floor::default() };
    Ok(derive::run(&premises, steps, mode))
}

/// Whether a strategy takes a workload out of the internet's reach.
pub fn is_moved(strategy: Strategy) -> bool {
    !matches!(strategy, Strategy::Retire | Strategy::Skip | Strategy::Stay)
}

/// Steps by stage, as far as the stages go that are run without being asked for by name.
fn before_cleanup(steps: &[Step]) -> usize {
    steps.iter().position(|step| step.stage == Stage::Cleanup).unwrap_or(steps.len())
}
