//! A state of the account on the way: a view for reach that notes what it was asked.

use super::cell::Asked;
use super::history::Histories;
use super::memo::Trace;
use super::order::Relevant;
use crate::model::id::Id;
use crate::reach::{Fact, Key, View};

/// The account when some of the relevant steps are done and nothing else matters.
pub struct State<'h> {
    histories: &'h Histories,
    done: Done<'h>,
    asked: Option<&'h Asked>,
    trace: Option<(usize, &'h Trace)>,
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
    pub fn new(histories: &'h Histories, relevant: &'h Relevant, done: u128, asked: &'h Asked) -> State<'h> {
        State { histories, done: Done::Among(relevant, done), asked: Some(asked), trace: None }
    }

    /// The state in which exactly the steps in places below `below` are done.
    pub fn below(histories: &'h Histories, below: usize) -> State<'h> {
        State { histories, done: Done::Below(below), asked: None, trace: None }
    }

    /// The same state, whose facts are noted when they are asked for.
    pub fn traced<'t>(&'t self, which: usize, trace: &'t Trace) -> State<'t> {
        State { trace: Some((which, trace)), ..*self }
    }

    /// The number of the value that a fact has here.
    pub fn version(&self, cell: usize) -> u32 {
        match self.done {
            Done::Among(relevant, done) => self.histories.numbered(cell).among(relevant, done).1,
            Done::Below(_) => unreachable!("only states of a question are compared"),
        }
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
}

impl View for State<'_> {
    fn fact(&self, key: &Key) -> Option<&Fact> {
        let cell = self.histories.cell(key)?;
        if cell.writers.is_empty() {
            return cell.first.as_ref();
        }
        if let Some(asked) = self.asked {
            cell.note(asked);
        }
        match self.done {
            Done::Among(relevant, done) => {
                let (fact, version) = cell.among(relevant, done);
                if let Some((which, trace)) = self.trace {
                    trace.note(which, cell, version);
                }
                fact
            }
            Done::Below(below) => cell.below(below),
        }
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
