//! The plan played there and back, each way with what it counts.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::capacity::Counter;
use super::history::{Heirs, Histories, Play};
use super::{Premises, before_cleanup};
use crate::model::account::{Account, Quotas};
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::step::Step;
use crate::world::play::{Player, Stuck};

/// One way through a plan.
pub struct Leg {
    /// The facts' lives on it.
    pub histories: Histories,
    /// What was counted on it.
    pub counted: Counter,
    /// How many steps were played.
    pub played: usize,
}

/// A plan that was played there and back.
pub struct Played {
    /// The way there, `cleanup` included.
    pub there: Leg,
    /// And the way back, from before `cleanup`.
    pub back: Leg,
    /// How many steps before `cleanup` were played.
    pub returnable: usize,
    /// Where it could not go on, forward or (true) back.
    pub stuck: Vec<(Stuck, bool)>,
}

/// Plays steps as far as they can be carried out. The way back is gone while `cleanup` is played.
pub fn play(premises: &Premises<'_>, steps: &[Step]) -> Played {
    let there = There::gone(premises.inventory, premises.moves, steps);
    let (way_back, returnable) = (there.turned(), there.returnable());
    let ((there, stuck), (back, stuck_back)) = beside(move || there.end(steps), move || way_back.gone(&steps[..returnable]));
    let stuck = stuck.into_iter().map(|stuck| (stuck, false)).chain(stuck_back.map(|stuck| (stuck, true))).collect();
    Played { there, back, returnable, stuck }
}

/// Two things at the same time, the second in a thread of its own.
pub fn beside<A, B: Send>(one: impl FnOnce() -> A, other: impl FnOnce() -> B + Send) -> (A, B) {
    std::thread::scope(|scope| {
        let other = scope.spawn(other);
        (one(), other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

/// The way there, gone as far as there is a way back.
pub struct There<'m> {
    walk: Walk<'m>,
    stuck: Option<Stuck>,
}

impl<'m> There<'m> {
    /// Plays the steps before `cleanup` as far as they can be carried out.
    pub fn gone(inventory: &Inventory, moves: &'m BTreeMap<String, Id>, steps: &[Step]) -> There<'m> {
        let mut walk = Walk::begin(Player::new(Account::seen(inventory)), moves, Heirs::new());
        let stuck = walk.forward(steps, 0..before_cleanup(steps));
        There { walk, stuck }
    }

    /// How many steps were played.
    pub fn returnable(&self) -> usize {
        self.walk.done
    }

    /// The facts as they are where the plan begins.
    pub fn start(&self) -> Leg {
        Leg { histories: self.walk.play.histories.start(), counted: self.walk.counted.clone(), played: 0 }
    }

    /// The way back from here, not gone yet.
    pub fn turned(&self) -> Turned<'m> {
        let (player, heirs) = self.walk.play.stands();
        Turned { player, heirs, moves: self.walk.play.moves() }
    }

    /// The whole way, with `cleanup`, and where it could not go on.
    pub fn end(mut self, steps: &[Step]) -> (Leg, Option<Stuck>) {
        if self.stuck.is_none() {
            self.stuck = self.walk.forward(steps, before_cleanup(steps)..steps.len());
        }
        (self.walk.leg(), self.stuck)
    }
}

/// The way back, not gone yet.
pub struct Turned<'m> {
    player: Player,
    heirs: Heirs,
    moves: &'m BTreeMap<String, Id>,
}

impl Turned<'_> {
    /// Takes the steps back that were played, and says where it could not go on.
    pub fn gone(self, steps: &[Step]) -> (Leg, Option<Stuck>) {
        let mut walk = Walk::begin(self.player, self.moves, self.heirs);
        let stuck = walk.backward(steps);
        (walk.leg(), stuck)
    }
}

/// A way being gone.
struct Walk<'m> {
    play: Play<'m>,
    counted: Counter,
    quotas: Quotas,
    done: usize,
}

impl<'m> Walk<'m> {
    fn begin(player: Player, moves: &'m BTreeMap<String, Id>, heirs: Heirs) -> Walk<'m> {
        let quotas = player.account().quotas.clone();
        let counted = Counter::new(&player.account().resources, &quotas);
        Walk { play: Play::begin(player, moves, heirs), counted, quotas, done: 0 }
    }

    /// Answers where it can't go on.
    fn forward(&mut self, steps: &[Step], range: Range<usize>) -> Option<Stuck> {
        range.into_iter().find_map(|at| self.one(|play| play.step(at, &steps[at])).err())
    }

    /// The same from the last step to the first.
    fn backward(&mut self, steps: &[Step]) -> Option<Stuck> {
        steps.iter().rev().enumerate().find_map(|(at, step)| self.one(|play| play.undo(at, step)).err())
    }

    fn one(&mut self, step: impl FnOnce(&mut Play<'m>) -> Result<BTreeSet<Id>, Stuck>) -> Result<(), Stuck> {
        let touched = step(&mut self.play)?;
        self.counted.note(self.done, &touched, &self.play.account().resources, &self.quotas);
        self.done += 1;
        Ok(())
    }

    fn leg(self) -> Leg {
        Leg { histories: self.play.histories, counted: self.counted, played: self.done }
    }
}
