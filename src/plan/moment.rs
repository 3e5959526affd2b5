//! The account at a moment of the plan: its steps played up to there on a simulated account.

use std::collections::{BTreeMap, BTreeSet};

use super::Plan;
use crate::model::account::Account;
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::resources::Resources;
use crate::model::step::{Stage, Step};
use crate::world::play::{Player, Stuck};

/// A moment of a plan.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum When<'p> {
    /// Before its first step: the inventory.
    Start,
    /// After a stage and all before it: its checkpoint.
    After(Stage),
    /// After the last stage that is run without being asked for by name.
    End,
    /// Right after a step, in the plan's order.
    Step(&'p Step),
}

impl<'p> When<'p> {
    /// `start`, `end`, a stage that the plan has, or a step's id.
    pub fn parse(text: &str, plan: &'p Plan) -> Option<When<'p>> {
        match (text, Stage::parse(text)) {
            ("start", _) => Some(When::Start),
            ("end", _) => Some(When::End),
            (_, Some(stage)) => plan.stages.contains(&stage).then_some(When::After(stage)),
            _ => plan.step(text).map(When::Step),
        }
    }

    /// The moments of a plan that have a name, steps apart.
    pub fn names(plan: &Plan) -> Vec<&'static str> {
        ["start"].into_iter().chain(plan.stages.iter().map(|stage| stage.name())).chain(["end"]).collect()
    }

    /// Its name.
    pub fn name(self) -> &'p str {
        match self {
            When::Start => "start",
            When::End => "end",
            When::After(stage) => stage.name(),
            When::Step(step) => &step.id,
        }
    }

    /// For people.
    pub fn words(self, plan: &Plan) -> String {
        let after = |stage: Stage| format!("after stage {0} (checkpoint {0})", stage.name());
        match self {
            When::Start => "at the start".to_owned(),
            When::After(stage) => after(stage),
            When::End => match plan.stages.iter().rfind(|stage| **stage != Stage::Cleanup) {
                Some(last) => format!("at the plan's end, {}, before cleanup", after(*last)),
                None => "at the plan's end, which has no steps".to_owned(),
            },
            When::Step(step) => {
                let place = self.steps(plan).count();
                format!("right after step {}, number {place} of {} in the plan's order", step.id, plan.steps.len())
            }
        }
    }

    /// The steps that are done then, in the plan's order.
    pub fn steps(self, plan: &Plan) -> impl Iterator<Item = &Step> + use<'p, '_> {
        let last = match self {
            When::Step(last) => plan.steps.iter().position(|step| step.id == last.id),
            _ => None,
        };
        let done = move |at: usize, step: &Step| match self {
            When::Start => false,
            When::After(stage) => step.stage <= stage,
            When::End => step.stage < Stage::Cleanup,
            When::Step(_) => last.is_some_and(|last| at <= last),
        };
        plan.steps.iter().enumerate().filter(move |(at, step)| done(*at, step)).map(|(_, step)| step)
    }
}

/// A step that stands: it was carried out, and so many of the calls of its way back were, too.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stand<'p> {
    /// The step.
    pub step: &'p Step,
    /// How many calls of its way back are done.
    pub taken_back: usize,
}

/// The account at a moment of a plan, and what has taken whose place until then.
pub struct Moment {
    /// The account.
    pub account: Account,
    /// What the steps have changed, made or deleted.
    pub touched: BTreeSet<Id>,
    heirs: BTreeMap<Id, BTreeSet<Id>>,
}

impl Moment {
    /// Plays a plan up to a moment, from the account that it was made for.
    ///
    /// # Errors
    /// If a step can't be carried out on the simulated account.
    pub fn of(plan: &Plan, inventory: &Inventory, when: When<'_>) -> Result<Moment, Stuck> {
        let stands: Vec<Stand<'_>> = when.steps(plan).map(|step| Stand { step, taken_back: 0 }).collect();
        Moment::with(plan, inventory, &stands)
    }

    /// Plays the steps that stand, in the plan's order, and what of them is taken back.
    ///
    /// # Errors
    /// As [`Moment::of`].
    pub fn with(plan: &Plan, inventory: &Inventory, stands: &[Stand<'_>]) -> Result<Moment, Stuck> {
        let mut player = Player::new(Account::seen(inventory));
        player.forget_touched();
        let mut there: BTreeSet<Id> = inventory.resources.keys().cloned().collect();
        let mut heirs: BTreeMap<Id, BTreeSet<Id>> = BTreeMap::new();
        let mut all = BTreeSet::new();
        for Stand { step, .. } in stands {
            let touched = player.step(step)?;
            if let Some(moved) = plan.moves.iter().find(|one| one.id == step.of_move).map(|one| &one.workload) {
                let made: Vec<Id> = made(moved, &touched, &player.account().resources, |id| there.contains(id)).cloned().collect();
                heirs.entry(moved.clone()).or_default().extend(made);
            }
            there.extend(touched.iter().cloned());
            all.extend(touched);
        }
        for Stand { step, taken_back } in stands.iter().rev().filter(|stand| stand.taken_back > 0) {
            all.extend(player.undo_some(step, *taken_back)?);
        }
        Ok(Moment { account: player.account().clone(), touched: all, heirs })
    }

    /// What moves have made in the place of something.
    pub fn heirs(&self, of: &Id) -> impl Iterator<Item = &Id> {
        self.heirs.get(of).into_iter().flatten()
    }
}

/// What a step of a move has made in the place of what the move moves: things that can be moved, like it, and that were not
/// there before.
pub fn made<'t>(
    moved: &'t Id,
    touched: &'t BTreeSet<Id>,
    resources: &'t Resources,
    was_there: impl Fn(&Id) -> bool + 't,
) -> impl Iterator<Item = &'t Id> {
    touched.iter().filter(move |id| *id != moved && !was_there(id) && resources.get(id).is_some_and(|made| made.is_movable()))
}
