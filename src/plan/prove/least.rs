//! The least that a sum can be over all states, however many steps add to it or take from it.
//!
//! Where each step changes the sum by an amount of its own, whatever else is done, the state in which it is least is a
//! heaviest closed set of steps ([`crate::graph::closure`]): exact, without going through the states.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::claims::Wrong;
use super::explore::Explorer;
use super::order::{Order, Span};
use super::state::State;
use crate::graph::closure::heaviest;

/// A sum: what it is at first, and what each step changes it by, by place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// At first.
    pub first: i64,
    /// Changes.
    pub changes: BTreeMap<usize, i64>,
}

impl Sum {
    /// Adds another.
    pub fn add(&mut self, other: Sum) {
        self.first += other.first;
        for (step, change) in other.changes {
            *self.changes.entry(step).or_default() += change;
        }
    }

    /// The least that it is in any state of this order, and the steps of that state's stage that are done.
    pub fn least(&self, order: &Order) -> (i64, Vec<usize>) {
        let mut by_stage: BTreeMap<usize, Vec<(usize, i64)>> = BTreeMap::new();
        for (step, change) in &self.changes {
            by_stage.entry(order.stage(*step)).or_default().push((*step, *change));
        }
        let (mut begin, mut least) = (self.first, (self.first, Vec::new()));
        for steps in by_stage.values() {
            let (takes, set) = heaviest(steps, &|first, second| order.precedes(first, second));
            if begin - takes < least.0 {
                least = (begin - takes, set);
            }
            begin += steps.iter().map(|(_, change)| change).sum::<i64>();
        }
        least
    }
}

/// A number that depends on the state, as a sum; none where some step's change depends on what else is done, or too much
/// bears on it.
pub fn sum_of(explorer: &Explorer<'_>, order: &Order, also: &[usize], value: &dyn Fn(&State<'_>) -> i64) -> Option<Sum> {
    let seen: RefCell<BTreeMap<Vec<usize>, i64>> = RefCell::default();
    let note = |state: &State<'_>| -> Option<Wrong> {
        let (done, value) = (state.done(), value(state));
        if done.is_empty() {
            // It is gone through anew, with further steps that matter.
            seen.borrow_mut().clear();
        }
        seen.borrow_mut().insert(done, value);
        None
    };
    explorer.explore(order, also, &Span::default(), &|state, _| note(state)).ok()?;
    let seen = seen.into_inner();
    let mut sum = Sum { first: *seen.get(&Vec::new())?, changes: BTreeMap::new() };
    for (done, value) in &seen {
        for step in done {
            let without: Vec<usize> = done.iter().copied().filter(|other| other != step).collect();
            let Some(before) = seen.get(&without) else { continue };
            if *sum.changes.entry(*step).or_insert(value - before) != value - before {
                return None;
            }
        }
    }
    sum.changes.retain(|_, change| *change != 0);
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::prove::order::Relevant;

    /// The least by going through every state.
    fn naively(sum: &Sum, order: &Order) -> i64 {
        let relevant = Relevant::new(sum.changes.keys().copied(), order, &Span::default()).expect("few");
        let mut least = i64::MAX;
        let visit = |state: u128| {
            let done = relevant.steps.iter().enumerate().filter(|(bit, _)| state & (1 << bit) != 0);
            least = least.min(sum.first + done.map(|(_, step)| sum.changes[step]).sum::<i64>());
            true
        };
        relevant.states(100_000, visit).expect("few");
        least
    }

    #[test]
    fn the_least_is_what_an_enumeration_of_all_states_finds() {
        let mut seed = 7u64;
        let mut draw = |most: u64| {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (seed >> 33) % most
        };
        for _ in 0..200 {
            let steps = 9;
            let stages: Vec<usize> = (0..steps).map(|at| at * 2 / steps).collect();
            let mut order = Order::with(&stages);
            for second in 1..steps {
                for first in 0..second {
                    if draw(4) == 0 {
                        order.add(first, second);
                    }
                }
            }
            let changes = (0..steps).map(|step| (step, i64::try_from(draw(7)).expect("small") - 3)).collect();
            let sum = Sum { first: 5, changes };
            let (least, done) = sum.least(&order);
            assert_eq!(least, naively(&sum, &order), "{sum:?} {order:?}");
            let earlier =
                sum.changes.iter().filter(|(step, _)| done.first().is_some_and(|first| order.stage(*first) > order.stage(**step)));
            let there: i64 = done.iter().map(|step| sum.changes[step]).chain(earlier.map(|(_, change)| *change)).sum();
            assert_eq!(sum.first + there, least, "the state that is told is the one");
        }
    }

    #[test]
    fn hundreds_of_steps_are_counted_exactly() {
        // Two hundred targets leave and come back, ten at a time: each leaves after the one ten before it is back.
        let mut order = Order::with(&vec![0; 400]);
        let mut sum = Sum { first: 200, changes: BTreeMap::new() };
        for at in 0..200 {
            let (leaves, returns) = (2 * at, 2 * at + 1);
            sum.changes.extend([(leaves, -1), (returns, 1)]);
            order.add(leaves, returns);
            if at >= 10 {
                order.add(returns - 20, leaves);
            }
        }
        assert_eq!(sum.least(&order).0, 190);
    }
}
