//! What was found in other states: an answer is the same wherever the facts that it was got from are.
//!
//! Who answers a question asks for facts, one after the other, and which one comes next depends on those before it alone. So
//! the answers make a tree: at each node the fact that is asked for, a branch for each of its values, an answer at each leaf.

use std::cell::RefCell;

use super::cell::Cell;
use super::state::State;
use crate::reach::Block;

/// The answers to one question, in states that differ by which of the facts' writers are done.
#[derive(Default)]
pub struct Memo(RefCell<Vec<Node>>);

enum Node {
    /// Of which state which fact, by its number, is asked for; where its values lead, by their versions.
    Ask(usize, usize, Vec<(u32, usize)>),
    Found(Result<(), Block>),
}

/// The facts that somebody asks for, of up to two states, each once, with their versions.
pub struct Trace {
    number: u64,
    entries: RefCell<Vec<(usize, usize, u32)>>,
}

impl Trace {
    /// Notes that a fact of a state was asked for.
    pub fn note(&self, which: usize, cell: &Cell, version: u32) {
        if cell.is_new_to(self.number, which) {
            self.entries.borrow_mut().push((which, cell.number, version));
        }
    }
}

impl Memo {
    /// The answer in these states: a known one, else what `find` finds in them. `number` is one that no other has.
    pub fn of(
        &self,
        states: [&State<'_>; 2],
        number: u64,
        find: impl FnOnce(&State<'_>, &State<'_>) -> Result<(), Block>,
    ) -> Result<(), Block> {
        if let Some(known) = self.known(states) {
            return known;
        }
        let trace = Trace { number, entries: RefCell::default() };
        let [one, other] = states;
        let found = find(&one.traced(0, &trace), &other.traced(1, &trace));
        self.learn(trace.entries.into_inner(), found);
        found
    }

    fn known(&self, states: [&State<'_>; 2]) -> Option<Result<(), Block>> {
        let nodes = self.0.borrow();
        let mut at = 0;
        loop {
            match nodes.get(at)? {
                Node::Found(found) => return Some(*found),
                Node::Ask(which, cell, branches) => {
                    let version = states[*which].version(*cell);
                    at = branches.iter().find(|(known, _)| *known == version)?.1;
                }
            }
        }
    }

    fn learn(&self, entries: Vec<(usize, usize, u32)>, found: Result<(), Block>) {
        let mut nodes = self.0.borrow_mut();
        let mut at = 0;
        for (which, cell, version) in entries {
            if at == nodes.len() {
                nodes.push(Node::Ask(which, cell, Vec::new()));
            }
            let next = nodes.len();
            let Node::Ask(before, same, branches) = &mut nodes[at] else { return };
            debug_assert!((*before, *same) == (which, cell), "what is asked next depends on what was found alone");
            at = match branches.iter().find(|(known, _)| *known == version) {
                Some((_, to)) => *to,
                None => {
                    branches.push((version, next));
                    next
                }
            };
        }
        if at == nodes.len() {
            nodes.push(Node::Found(found));
        }
    }
}
