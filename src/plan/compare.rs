//! Whole plans side by side: everything by `flip`, everything moved, and the mix that the planner chooses.

use serde::Serialize;

use super::decide::Prefer;
use super::intent::{Intent, Problem};
use super::{Move, Plan, assemble, pace};
use crate::model::inventory::Inventory;
use crate::model::seen::Seen;
use crate::model::step::{Stage, Step};
use crate::model::strategy::Strategy;

/// One way to do it all, in numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alternative {
    /// What it is called.
    pub name: &'static str,
    /// How many workloads go by which strategy, most first.
    pub strategies: Vec<(String, usize)>,
    /// Workloads that do not answer for a while.
    pub interrupted: usize,
    /// The sum of their interruptions, in seconds.
    pub interruption_s: u64,
    /// The longest of them, in seconds.
    pub longest_s: u64,
    /// Steps before cleanup.
    pub steps: usize,
    /// Seconds from the first step to the last before cleanup, if every estimate holds.
    pub duration_s: u64,
    /// What the account costs more in a month afterwards, in cents.
    pub cost_cents_month: i64,
    /// Workloads that keep a public address of their own: private by their route only.
    pub addressed: usize,
    /// What stands in the way of it: blockers, and what the proof found not to hold.
    pub blockers: usize,
}

/// Plans it all three ways, with what flow logs showed.
///
/// # Errors
/// If the intent names what isn't in the inventory.
pub fn compare(intent: &Intent, inventory: &Inventory, seen: Option<&Seen>) -> Result<Vec<Alternative>, Problem> {
    let ways = [("as planned", Prefer::Least), ("all by flip", Prefer::Flip), ("all moved (relocate, rotate)", Prefer::Move)];
    ways.into_iter()
        .map(|(name, prefer)| assemble::assemble(intent, inventory, prefer, seen, ("", "")).map(|plan| numbers(name, &plan, inventory)))
        .collect()
}

fn numbers(name: &'static str, plan: &Plan, inventory: &Inventory) -> Alternative {
    let keeps =
        |one: &&Move| one.strategy == Strategy::Flip && inventory.get(&one.workload).is_some_and(|r| !r.facets.public_addresses.is_empty());
    let forward: Vec<&Step> = plan.steps.iter().filter(|step| step.stage != Stage::Cleanup).collect();
    let mut strategies: Vec<(String, usize)> = Vec::new();
    for one in &plan.moves {
        match strategies.iter_mut().find(|(name, _)| name == one.strategy.name()) {
            Some((_, count)) => *count += 1,
            None => strategies.push((one.strategy.name().to_owned(), 1)),
        }
    }
    strategies.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    Alternative {
        name,
        strategies,
        interrupted: plan.moves.iter().filter(|one| one.interruption_s > 0).count(),
        interruption_s: plan.moves.iter().map(|one| one.interruption_s).sum(),
        longest_s: plan.moves.iter().map(|one| one.interruption_s).max().unwrap_or(0),
        steps: forward.len(),
        duration_s: pace::length_s(forward.iter().copied()),
        cost_cents_month: plan.cost.cents_month,
        addressed: plan.moves.iter().filter(keeps).count(),
        blockers: plan.blockers.len() + plan.broken.len(),
    }
}
