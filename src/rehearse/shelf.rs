//! Where simulated processes keep their journal: one writer at a time, and a disk that fails.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::notes::Notes;
use super::vitals::Vitals;
use super::weather::{Fault, Place, Weather};
use crate::execute::Machine;
use crate::journal::{self, Body, Error, Journal, Memory, Record};
use crate::plan::Plan;

struct State<'p> {
    memory: Memory,
    machine: Machine<'p>,
    writer: u64,
    torn: bool,
}

/// The store: outlives every process.
pub struct Shelf<'p> {
    plan: &'p Plan,
    state: Mutex<State<'p>>,
}

impl<'p> Shelf<'p> {
    /// A journal with these records so far.
    pub fn new(plan: &'p Plan, records: &[Record]) -> Shelf<'p> {
        let machine = Machine::replay(plan, records);
        let state = State { memory: Memory { records: records.to_vec() }, machine, writer: 0, torn: false };
        Shelf { plan, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State<'p>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new process becomes the writer: its fencing number and what was recorded so far. Half a record is cut off.
    ///
    /// # Errors
    /// If the journal can't be read any more.
    pub fn take_over(&self) -> Result<(u64, Vec<Record>), Error> {
        let mut state = self.state();
        state.writer += 1;
        if std::mem::take(&mut state.torn) {
            let lines = state.memory.records.iter().filter_map(|record| serde_json::to_string(record).ok());
            let mut text: String = lines.map(|line| line + "\n").collect();
            text.push_str("{\"seq\":9,\"at\":\"2026-");
            let (records, _) = journal::parse(&text)?;
            state.machine = Machine::replay(self.plan, &records);
            state.memory.records = records;
        }
        Ok((state.writer, state.memory.records.clone()))
    }

    /// The fencing number that may write and call.
    pub fn writer(&self) -> u64 {
        self.state().writer
    }

    /// What was recorded so far.
    pub fn records(&self) -> Vec<Record> {
        self.state().memory.records.clone()
    }

    /// What the records amount to.
    pub fn ask<T>(&self, question: impl FnOnce(&Machine<'p>) -> T) -> T {
        question(&self.state().machine)
    }
}

/// A process's way to the store.
pub struct Disk<'a, 'p> {
    /// The store.
    pub shelf: &'a Shelf<'p>,
    /// The process's fencing number.
    pub number: u64,
    /// The process.
    pub vitals: &'a Vitals,
    /// What goes wrong.
    pub weather: &'a Weather,
    /// Where that is noted.
    pub notes: &'a Notes,
    /// After so many records the process stands still.
    pub rests_after: Option<u64>,
}

impl Disk<'_, '_> {
    fn struck(&self) -> Result<(), Error> {
        let Some(strike) = self.weather.next(Place::Record) else { return Ok(()) };
        self.notes.struck(strike.fault, "");
        match strike.fault {
            Fault::DiskFull => return Err(Error::Unwritable("no space left on device".to_owned())),
            Fault::TornRecord => self.shelf.state().torn = true,
            _ => {}
        }
        self.vitals.kill();
        Err(Error::Unwritable("the process was killed".to_owned()))
    }
}

impl Journal for Disk<'_, '_> {
    fn append(&mut self, at: &str, body: &Body) -> Result<(), Error> {
        if self.vitals.is_dead() {
            return Err(Error::Unwritable("the process was killed".to_owned()));
        }
        let writer = self.shelf.writer();
        if writer != self.number {
            return Err(Error::Fenced { number: self.number, how: format!("number {writer} has taken over") });
        }
        self.struck()?;
        let mut state = self.shelf.state();
        state.memory.append(at, body)?;
        state.machine.apply(at, body);
        if self.rests_after.is_some_and(|records| self.weather.counted().1 == records) {
            self.vitals.stand_still(true);
        }
        Ok(())
    }
}
