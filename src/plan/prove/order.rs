//! The order that a plan's edges and barriers induce on its steps, and the states that it allows.
//!
//! A state is a down-set: the steps that are done, with everything that each of them needs. What a question does not
//! depend on is left out: the down-sets of the steps that matter, in the induced order, are all that can be seen of the
//! plan's states.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::step::Step;

/// Which of a plan's steps come before which, by their places in the plan.
#[derive(Clone, Debug)]
pub struct Order {
    /// The barrier behind which each step stands.
    stage: Vec<usize>,
    /// For each step those of its own stage that must be done before it, in order.
    before: Vec<Vec<usize>>,
    /// The other way round.
    after: Vec<Vec<usize>>,
}

impl Order {
    /// The order of steps in plan order.
    pub fn of(steps: &[Step]) -> Order {
        let places: BTreeMap<&str, usize> = steps.iter().enumerate().map(|(at, step)| (step.id.as_str(), at)).collect();
        let stage: Vec<usize> = steps.iter().map(|step| step.stage as usize).collect();
        let mut order = Order { before: vec![Vec::new(); stage.len()], after: vec![Vec::new(); stage.len()], stage };
        for (at, step) in steps.iter().enumerate() {
            for need in step.needs.iter().filter_map(|need| places.get(need.step.as_str())) {
                order.add(*need, at);
            }
        }
        order
    }

    /// Steps of these stages that nothing orders yet.
    #[cfg(test)]
    pub fn with(stages: &[usize]) -> Order {
        Order { before: vec![Vec::new(); stages.len()], after: vec![Vec::new(); stages.len()], stage: stages.to_vec() }
    }

    /// The same steps on the way back: the last place becomes the first.
    pub fn reversed(&self) -> Order {
        let steps = self.stage.len();
        let last = self.stage.iter().copied().max().unwrap_or(0);
        let turn = |lists: &[Vec<usize>]| lists.iter().rev().map(|list| list.iter().rev().map(|at| steps - 1 - at).collect()).collect();
        Order { stage: self.stage.iter().rev().map(|stage| last - stage).collect(), before: turn(&self.after), after: turn(&self.before) }
    }

    /// Whether one step is done before another in every order.
    pub fn precedes(&self, first: usize, second: usize) -> bool {
        self.stage[first] < self.stage[second] || has(&self.before[second], first)
    }

    /// Whether an edge may be added: it would neither close a circle nor cross a barrier backwards.
    pub fn allows(&self, first: usize, second: usize) -> bool {
        first != second && self.stage[first] == self.stage[second] && !has(&self.before[first], second)
    }

    /// Adds an edge; one to an earlier stage is there already.
    pub fn add(&mut self, first: usize, second: usize) {
        if self.stage[first] != self.stage[second] || has(&self.before[second], first) {
            return;
        }
        let (mut firsts, mut seconds) = (self.before[first].clone(), self.after[second].clone());
        put(&mut firsts, first);
        put(&mut seconds, second);
        for second in &seconds {
            merge(&mut self.before[*second], &firsts);
        }
        for first in &firsts {
            merge(&mut self.after[*first], &seconds);
        }
    }

    /// The steps of the same stage that must be done before this one or after it.
    pub fn beside(&self, step: usize) -> impl Iterator<Item = usize> + '_ {
        self.before[step].iter().chain(&self.after[step]).copied()
    }

    /// How many steps there are.
    pub fn len(&self) -> usize {
        self.stage.len()
    }

    /// The stage of a step, as a number.
    pub fn stage(&self, step: usize) -> usize {
        self.stage[step]
    }
}

fn has(list: &[usize], step: usize) -> bool {
    list.binary_search(&step).is_ok()
}

fn put(list: &mut Vec<usize>, step: usize) {
    if let Err(at) = list.binary_search(&step) {
        list.insert(at, step);
    }
}

/// Puts steps in order into a list in order.
fn merge(list: &mut Vec<usize>, more: &[usize]) {
    if let [one] = more {
        return put(list, *one);
    }
    list.extend(more);
    // Two runs in order: one pass.
    list.sort();
    list.dedup();
}

/// As many steps as the states of one question can be told apart by.
pub const MOST: usize = 128;

/// Steps that matter for a question, at most [`MOST`], in plan order; a state is a mask over them.
pub struct Relevant {
    /// Tells it from others, for those who keep something for one of them.
    pub number: u64,
    /// Their places in the plan.
    pub steps: Vec<usize>,
    /// For each, the mask of those that are done before it.
    before: Vec<u128>,
    /// What is done in every state that matters.
    base: u128,
    /// What is done in none.
    never: u128,
}

/// Between which steps the states that matter lie: all of the first are done, none of the second.
#[derive(Clone, Debug, Default)]
pub struct Span {
    /// Done in every state.
    pub after: Vec<usize>,
    /// Done in none.
    pub until: Vec<usize>,
}

impl Relevant {
    /// These steps in the induced order; none if they are too many.
    pub fn new(steps: impl IntoIterator<Item = usize>, order: &Order, span: &Span) -> Option<Relevant> {
        let steps: Vec<usize> = steps.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
        if steps.len() > MOST {
            return None;
        }
        let mask = |second: usize| {
            let firsts = steps.iter().enumerate().filter(|(_, first)| order.precedes(**first, second));
            firsts.fold(0u128, |mask, (bit, _)| mask | 1 << bit)
        };
        let before = steps.iter().map(|step| mask(*step)).collect();
        let bits = |fits: &dyn Fn(usize) -> bool| {
            let fitting = steps.iter().enumerate().filter(|(_, step)| fits(**step));
            fitting.fold(0u128, |mask, (bit, _)| mask | 1 << bit)
        };
        let base = bits(&|step| span.after.iter().any(|last| *last == step || order.precedes(step, *last)));
        let never = bits(&|step| span.until.iter().any(|first| *first == step || order.precedes(*first, step)));
        Some(Relevant { number: 0, before, base, never, steps })
    }

    /// The bits whose steps can be done next in a state.
    pub fn next(&self, state: u128) -> impl Iterator<Item = usize> + '_ {
        (0..self.steps.len()).filter(move |bit| (state | self.never) & (1 << bit) == 0 && self.before[*bit] & !state == 0)
    }

    /// The bits whose steps can have been the last to be done in a state.
    pub fn last(&self, state: u128) -> impl Iterator<Item = usize> + '_ {
        let done = move |bit: &usize| state & (1u128 << bit) != 0;
        (0..self.steps.len())
            .filter(done)
            .filter(move |bit| !(0..self.steps.len()).filter(done).any(|other| self.before[other] & (1 << bit) != 0))
    }

    /// The state in which a step is done, and with it what must be done before it.
    pub fn with(&self, state: u128, bit: usize) -> u128 {
        state | self.before[bit] | 1 << bit
    }

    /// All states, small ones before large ones, until the visitor says stop or there are more than `most`.
    ///
    /// # Errors
    /// If there are more than `most`.
    pub fn states(&self, most: usize, mut visit: impl FnMut(u128) -> bool) -> Result<usize, TooMany> {
        if self.base & self.never != 0 {
            return Ok(0);
        }
        let mut layer: BTreeSet<u128> = BTreeSet::from([self.base]);
        let mut seen = 0;
        while !layer.is_empty() {
            let mut above = BTreeSet::new();
            for state in layer {
                seen += 1;
                if seen > most {
                    return Err(TooMany);
                }
                if !visit(state) {
                    return Ok(seen);
                }
                above.extend(self.next(state).map(|bit| state | 1 << bit));
            }
            layer = above;
        }
        Ok(seen)
    }
}

/// More states than can be gone through.
#[derive(Debug, PartialEq, Eq)]
pub struct TooMany;

#[cfg(test)]
mod tests {
    use super::*;

    fn order(stages: &[usize], edges: &[(usize, usize)]) -> Order {
        let mut order = Order { stage: stages.to_vec(), before: vec![Vec::new(); stages.len()], after: vec![Vec::new(); stages.len()] };
        edges.iter().for_each(|(first, second)| order.add(*first, *second));
        order
    }

    fn states(order: &Order, of: &[usize]) -> Vec<u128> {
        let mut out = Vec::new();
        let relevant = Relevant::new(of.iter().copied(), order, &Span::default()).expect("few");
        relevant
            .states(1000, |state| {
                out.push(state);
                true
            })
            .expect("few");
        out
    }

    #[test]
    fn what_is_free_gives_every_set_and_a_chain_gives_its_beginnings() {
        assert_eq!(states(&order(&[0, 0, 0], &[]), &[0, 1, 2]).len(), 8);
        assert_eq!(states(&order(&[0, 0, 0], &[(0, 1), (1, 2)]), &[0, 1, 2]), [0b000, 0b001, 0b011, 0b111]);
    }

    #[test]
    fn a_barrier_orders_what_no_edge_does() {
        assert_eq!(states(&order(&[0, 0, 1], &[]), &[0, 1, 2]), [0b000, 0b001, 0b010, 0b011, 0b111]);
    }

    #[test]
    fn what_lies_between_steps_that_matter_still_orders_them() {
        let order = order(&[0, 0, 0], &[(0, 1), (1, 2)]);
        assert_eq!(states(&order, &[0, 2]), [0b00, 0b01, 0b11]);
    }

    #[test]
    fn only_states_in_which_something_is_there_matter() {
        let order = order(&[0, 0, 0, 0], &[(0, 1), (2, 3)]);
        let relevant = Relevant::new(0..4, &order, &Span { after: vec![1], until: vec![3] }).expect("few");
        let mut seen = Vec::new();
        relevant
            .states(100, |state| {
                seen.push(state);
                true
            })
            .expect("few");
        assert_eq!(seen, [0b0011, 0b0111]);
    }

    #[test]
    fn the_way_back_has_the_same_states_seen_from_the_other_end() {
        let there = order(&[0, 0, 1], &[(0, 1)]);
        let back = there.reversed();
        // Places 0, 1, 2 on the way back are the steps 2, 1, 0.
        assert_eq!(states(&back, &[0, 1, 2]), [0b000, 0b001, 0b011, 0b111]);
    }

    #[test]
    fn an_edge_that_closes_a_circle_or_goes_back_over_a_barrier_is_not_allowed() {
        let order = order(&[0, 0, 0, 1], &[(0, 1), (1, 2)]);
        assert!(!order.allows(2, 0));
        assert!(order.allows(0, 2));
        assert!(!order.allows(3, 0));
    }
}
