//! A state of the account on the way: a view for reach that notes what it was asked.

use std::cell::RefCell;
use std::collections::HashSet;

use super::history::Histories;
use super::order::Relevant;
use crate::model::id::Id;
use crate::reach::{Fact, Key, View};

/// The account when some of the relevant steps are done and nothing else matters.
pub struct State<'h> {
    histories: &'h Histories,
    done: Done<'h>,
    asked: &'h RefCell<HashSet<Key>>,
}

/// Which steps are done.
#[derive(Clone, Copy)]
enum Done<'h> {
    /// Of the relevant ones these.
    Among(&'h Relevant, u128),
    /// All in places below this one.
    Below(usize),
}

impl<'h> State<'h> {
    /// The state in which the steps in `done` are done; what is asked for goes into `asked`.
    pub fn new(histories: &'h Histories, relevant: &'h Relevant, done: u128, asked: &'h RefCell<HashSet<Key>>) -> State<'h> {
        State { histories, done: Done::Among(relevant, done), asked }
    }

    /// The state in which exactly the steps in places below `below` are done.
    pub fn below(histories: &'h Histories, below: usize, asked: &'h RefCell<HashSet<Key>>) -> State<'h> {
        State { histories, done: Done::Below(below), asked }
    }

    /// The relevant steps that are done, by their places.
    pub fn done(&self) -> Vec<usize> {
        let Done::Among(relevant, done) = self.done else { return Vec::new() };
        relevant.steps.iter().enumerate().filter(|(bit, _)| done & (1 << bit) != 0).map(|(_, step)| *step).collect()
    }

    /// The relevant steps that can have been done last.
    pub fn last(&self) -> Vec<usize> {
        let Done::Among(relevant, done) = self.done else { return Vec::new() };
        relevant.last(done).map(|bit| relevant.steps[bit]).collect()
    }

    fn is_done(&self, step: usize) -> bool {
        match self.done {
            Done::Among(relevant, done) => relevant.steps.binary_search(&step).is_ok_and(|bit| done & (1 << bit) != 0),
            Done::Below(below) => step < below,
        }
    }
}

impl View for State<'_> {
    fn fact(&self, key: &Key) -> Option<&Fact> {
        if !self.asked.borrow().contains(key) {
            self.asked.borrow_mut().insert(key.clone());
        }
        self.histories.fact(key, |step| self.is_done(step))
    }

    fn name<'a>(&'a self, id: &'a Id) -> &'a str {
        self.histories.name(id)
    }

    fn endpoints(&self, service: &str) -> Vec<Id> {
        self.histories.endpoints(service)
    }

    fn nodes(&self, owner: &Id) -> Vec<Id> {
        self.histories.nodes(owner)
    }
}
