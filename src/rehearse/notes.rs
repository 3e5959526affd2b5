//! What happened in a night, as it is told afterwards.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::weather::Fault;
use crate::clock::{Clock, VirtualClock};
use crate::execute::Event;

/// What is noted.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A fault struck; further words.
    Struck(Fault, String),
    /// The executor told something.
    Told(Event),
    /// A process begins, ends, or somebody does something.
    Said(String),
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// When, milliseconds since 1970, by everybody's clock.
    pub at_ms: u64,
    /// What.
    pub what: What,
}

#[derive(Default)]
struct State {
    faults: BTreeMap<Fault, u64>,
    notes: Vec<Note>,
}

/// A night's notes.
pub struct Notes {
    clock: VirtualClock,
    all: bool,
    state: Mutex<State>,
}

impl Notes {
    /// Empty ones; `all`: not only faults are counted, everything is kept.
    pub fn new(clock: VirtualClock, all: bool) -> Notes {
        Notes { clock, all, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, what: impl FnOnce() -> What) {
        if self.all {
            self.state().notes.push(Note { at_ms: self.clock.now_ms(), what: what() });
        }
    }

    /// A fault struck.
    pub fn struck(&self, fault: Fault, further: &str) {
        *self.state().faults.entry(fault).or_default() += 1;
        self.note(|| What::Struck(fault, further.to_owned()));
    }

    /// How often a fault has struck so far.
    pub fn count(&self, fault: Fault) -> u64 {
        self.state().faults.get(&fault).copied().unwrap_or(0)
    }

    /// The executor tells something.
    pub fn told(&self, event: &Event) {
        self.note(|| What::Told(event.clone()));
    }

    /// Something else happened.
    pub fn said(&self, words: impl FnOnce() -> String) {
        self.note(|| What::Said(words()));
    }

    /// Takes them out: how often which fault struck, and all that was kept.
    pub fn take(&self) -> (BTreeMap<Fault, u64>, Vec<Note>) {
        let state = std::mem::take(&mut *self.state());
        (state.faults, state.notes)
    }
}
