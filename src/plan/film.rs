//! A plan played from its start to its end on a simulated account, and looked at after every step.

use std::collections::{BTreeMap, BTreeSet};

use super::Plan;
use super::moment::made;
use crate::model::account::Account;
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::step::Step;
use crate::world::play::{Player, Stuck};

/// The account right after a step, in the plan's order.
pub struct Frame<'f> {
    /// The step's place in the plan, and the step; nothing for the account before the first.
    pub step: Option<(usize, &'f Step)>,
    /// The account.
    pub account: &'f Account,
    /// What the step has changed, made or deleted.
    pub touched: &'f BTreeSet<Id>,
    /// What moves have made so far in the place of something, with what that is.
    pub heirs: &'f BTreeMap<Id, Id>,
}

/// Plays all steps of a plan, `cleanup` too, and shows each state on the way.
///
/// # Errors
/// The step that can't be carried out on the simulated account; what comes before it was shown.
pub fn play(plan: &Plan, inventory: &Inventory, see: &mut dyn FnMut(&Frame<'_>)) -> Result<(), Stuck> {
    let mut player = Player::new(Account::seen(inventory));
    player.forget_touched();
    let moved: BTreeMap<&str, &Id> = plan.moves.iter().map(|one| (one.id.as_str(), &one.workload)).collect();
    let mut there: BTreeSet<Id> = inventory.resources.keys().cloned().collect();
    let mut heirs = BTreeMap::new();
    see(&Frame { step: None, account: player.account(), touched: &BTreeSet::new(), heirs: &heirs });
    for (at, step) in plan.steps.iter().enumerate() {
        let touched = player.step(step)?;
        if let Some(of) = moved.get(step.of_move.as_str()) {
            let made = made(of, &touched, &player.account().resources, |id| there.contains(id));
            heirs.extend(made.map(|id| (id.clone(), (*of).clone())));
        }
        there.extend(touched.iter().cloned());
        see(&Frame { step: Some((at, step)), account: player.account(), touched: &touched, heirs: &heirs });
    }
    Ok(())
}
