//! The plan played there and back, each way with what it counts.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::capacity::Counter;
use super::history::{Heirs, Histories, Play};
use super::{Premises, before_cleanup};
use crate::model::account::{Account, Quotas};
use crate::model::id::Id;
use crate::model::step::Step;
use crate::world::play::{Player, Stuck};

/// One way through a plan.
pub struct Leg {
    /// The facts' lives on it.
    pub histories: Histories,
    /// What was counted on it.
    pub counted: Counter,
}

impl Leg {
    /// The same with the facts as they are where it begins: enough for whoever asks about the start alone.
    pub fn start(&self) -> Leg {
        Leg { histories: self.histories.start(), counted: self.counted.clone() }
    }
}

/// A plan that was played there and back.
pub struct Played {
    /// The way there, `cleanup` included.
    pub there: Leg,
    /// And the way back, from before `cleanup`.
    pub back: Leg,
    /// How many steps before `cleanup` were played.
    pub returnable: usize,
    /// How many steps were played.
    pub played: usize,
    /// Where it could not go on, forward or (true) back.
    pub stuck: Vec<(Stuck, bool)>,
}

/// Plays steps as far as they can be carried out. The way back is gone while `cleanup` is played.
pub fn play(premises: &Premises<'_>, steps: &[Step]) -> Played {
    let before = before_cleanup(steps);
    let mut there = Walk::begin(Player::new(Account::seen(premises.inventory)), premises.moves, Heirs::new());
    let mut stuck = there.forward(steps, 0..before);
    let returnable = there.done;
    let (player, heirs) = there.play.stands();
    let (back, stuck_back) = std::thread::scope(|scope| {
        let way_back = scope.spawn(move || {
            let mut back = Walk::begin(player, premises.moves, heirs);
            let stuck = back.backward(&steps[..returnable]);
            (back.leg(), stuck)
        });
        if stuck.is_none() {
            stuck = there.forward(steps, before..steps.len());
        }
        way_back.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    });
    let played = there.done;
    let stuck = stuck.into_iter().map(|stuck| (stuck, false)).chain(stuck_back.map(|stuck| (stuck, true))).collect();
    Played { there: there.leg(), back, returnable, played, stuck }
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
        Leg { histories: self.play.histories, counted: self.counted }
    }
}
