//! Where simulated processes keep their journal: a team's store, with its lease and its fence, on objects in memory; and a
//! disk that fails.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::notes::Notes;
use super::vitals::{Vitals, Watch};
use super::weather::{Fault, Place, Weather};
use crate::execute::Machine;
use crate::journal::objects::{InMemory, NotPut, Object, Objects, Unread};
use crate::journal::store::{Store, Taken};
use crate::journal::team::TeamStore;
use crate::journal::{self, Body, Error, Journal, Record};
use crate::plan::Plan;

/// A journal at rest.
#[derive(Clone, Default)]
pub struct Kept {
    /// The store's objects.
    objects: InMemory,
    /// The records in them.
    pub records: Vec<Record>,
}

struct State<'p> {
    machine: Machine<'p>,
    torn: bool,
}

/// The store: outlives every process.
pub struct Shelf<'p> {
    objects: Arc<InMemory>,
    /// As it is seen by who is no process of the night.
    outside: TeamStore,
    state: Mutex<State<'p>>,
}

/// How a process reaches the store: once it is dead, nothing of it does.
struct Wire {
    objects: Arc<InMemory>,
    vitals: Arc<Vitals>,
}

const DEAD: &str = "the process was killed";

impl Wire {
    fn reached<E>(&self, dead: impl FnOnce(String) -> E) -> Result<&InMemory, E> {
        if self.vitals.is_dead() { Err(dead(DEAD.to_owned())) } else { Ok(&self.objects) }
    }
}

impl Objects for Wire {
    fn describe(&self) -> String {
        self.objects.describe()
    }

    fn get(&self, key: &str) -> Result<Option<Object>, Unread> {
        self.reached(Unread)?.get(key)
    }

    fn list(&self, prefix: &str) -> Result<Vec<String>, Unread> {
        self.reached(Unread)?.list(prefix)
    }

    fn put_new(&self, key: &str, bytes: &[u8]) -> Result<String, NotPut> {
        self.reached(NotPut::Lost)?.put_new(key, bytes)
    }

    fn put_if(&self, key: &str, bytes: &[u8], etag: &str) -> Result<String, NotPut> {
        self.reached(NotPut::Lost)?.put_if(key, bytes, etag)
    }

    fn delete(&self, key: &str) -> Result<(), Unread> {
        self.reached(Unread)?.delete(key)
    }
}

impl<'p> Shelf<'p> {
    /// A journal that goes on from there; the clock is everybody's.
    pub fn new(plan: &'p Plan, kept: &Kept, clock: &crate::clock::VirtualClock) -> Shelf<'p> {
        let objects = Arc::new(kept.objects.clone());
        let outside = TeamStore::new(objects.clone(), Arc::new(clock.clone()));
        let machine = Machine::replay(plan, &kept.records);
        Shelf { objects, outside, state: Mutex::new(State { machine, torn: false }) }
    }

    fn state(&self) -> MutexGuard<'_, State<'p>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new process becomes the writer. Whoever begins anew knows that the last one is dead, or takes it for dead, and unlocks
    /// what it still holds: the number of that lease, if it did.
    ///
    /// # Errors
    /// If the journal can't be taken or read any more.
    pub fn take(&self, watch: &Watch) -> Result<(Taken, Option<u64>), Error> {
        if std::mem::take(&mut self.state().torn) {
            self.read_torn()?;
        }
        let wire = Wire { objects: self.objects.clone(), vitals: watch.vitals.clone() };
        let store = TeamStore::new(Arc::new(wire), Arc::new(watch.clone()));
        match store.take("rehearsal") {
            Err(Error::Locked(lease)) => {
                store.unlock(lease.number, "rehearsal")?;
                Ok((store.take("rehearsal")?, Some(lease.number)))
            }
            taken => Ok((taken?, None)),
        }
    }

    /// Half a record at the end of a file: what stands before it is read as if the half were not there.
    fn read_torn(&self) -> Result<(), Error> {
        let records = self.records()?;
        let lines = records.iter().filter_map(|record| serde_json::to_string(record).ok());
        let text: String = lines.map(|line| line + "\n").chain(["{\"seq\":9,\"at\":\"2026-".to_owned()]).collect();
        let (read, _) = journal::parse(&text)?;
        if read == records { Ok(()) } else { Err(Error::Unwritable("half a record hides what stands before it".to_owned())) }
    }

    /// The fencing number that may write and call; 0 where nobody holds the store.
    pub fn writer(&self) -> u64 {
        self.outside.holder().ok().flatten().map_or(0, |holder| holder.lease.number)
    }

    fn records(&self) -> Result<Vec<Record>, Error> {
        self.outside.read()
    }

    /// The journal, for others to go on from there.
    ///
    /// # Errors
    /// If it can't be read any more.
    pub fn kept(&self) -> Result<Kept, Error> {
        Ok(Kept { objects: InMemory::clone(&self.objects), records: self.records()? })
    }

    /// What the records amount to.
    pub fn ask<T>(&self, question: impl FnOnce(&Machine<'p>) -> T) -> T {
        question(&self.state().machine)
    }
}

/// A process's way to its journal.
pub struct Disk<'a, 'p> {
    /// The journal that it has taken.
    pub journal: Box<dyn Journal>,
    /// The store.
    pub shelf: &'a Shelf<'p>,
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
        Err(Error::Unwritable(DEAD.to_owned()))
    }
}

impl Journal for Disk<'_, '_> {
    fn append(&mut self, at: &str, body: &Body) -> Result<(), Error> {
        // The disk fails who may write; the others find out from the store.
        if !self.vitals.is_dead() && self.shelf.writer() == self.journal.lease() {
            self.struck()?;
        }
        self.journal.append(at, body)?;
        self.shelf.state().machine.apply(at, body);
        if self.rests_after.is_some_and(|records| self.weather.counted().1 == records) {
            self.vitals.stand_still(true);
        }
        Ok(())
    }

    fn lease(&self) -> u64 {
        self.journal.lease()
    }

    fn beat(&mut self) -> Result<Option<u64>, Error> {
        self.journal.beat()
    }
}
