//! A process's way to the account: a network that loses, delays and kills, and an AWS that is busy or behind.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::dice::Dice;
use super::guard::Guard;
use super::notes::Notes;
use super::shelf::Shelf;
use super::stranger::{self, Edit};
use super::vitals::Vitals;
use super::weather::{Fault, Place, Strike, Weather};
use crate::clock::{Clock, VirtualClock};
use crate::cloud::simulated::Simulated;
use crate::cloud::{Answer, Cloud};
use crate::model::call::{Call, Outcome, Refusal};
use crate::model::id::Id;
use crate::plan::prove::{Lookout, Sights};
use crate::world::World;

/// How long reads may show an old state, in seconds.
pub const STALE_S: u64 = 10;
/// How late an answer may come, in seconds.
const LATE_S: u64 = 90;
/// How far a clock may jump forward, and back, in seconds.
const JUMP_S: [u64; 2] = [3 * 3600, 600];

/// The account as everybody meets it, and what is wrong with it for the moment.
pub struct Site<'s> {
    /// The account.
    pub account: Simulated,
    /// Everybody's time.
    pub clock: VirtualClock,
    /// What must hold.
    pub guard: Guard<'s>,
    /// What happened.
    pub notes: Notes,
    /// What a colleague may change.
    pub targets: &'s [Id],
    /// What one has changed, until it is taken back.
    pub edit: Mutex<Option<Edit>>,
    past: Mutex<Option<Past>>,
    lookout: &'s Lookout,
    sights: Mutex<Sights>,
}

struct Past {
    world: World,
    until_ms: u64,
    dice: Dice,
}

impl<'s> Site<'s> {
    /// An account on which nothing has happened yet.
    pub fn new(account: Simulated, clock: VirtualClock, guard: Guard<'s>, targets: &'s [Id], lookout: &'s Lookout, all: bool) -> Site<'s> {
        let notes = Notes::new(clock.clone(), all);
        let mut sights = Sights::default();
        account.peek(|account| sights.note(account.resources.values().map(|resource| resource.id.clone()), &account.resources));
        let (edit, past, sights) = (Mutex::default(), Mutex::default(), Mutex::new(sights));
        Site { account, clock, guard, notes, targets, edit, past, lookout, sights }
    }

    /// Asks of the account as it is now what the plan's proof claims. Where a colleague has changed something, it claims nothing.
    fn look(&self, shelf: &Shelf<'_>, when: &str) {
        self.account.changed(|account, changed| {
            if changed.is_empty() {
                return;
            }
            let mut sights = self.sights.lock().unwrap_or_else(PoisonError::into_inner);
            sights.note(changed.into_iter(), &account.resources);
            if self.edit.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
                return;
            }
            let found = self.lookout.look(&sights, &account.resources);
            if !found.is_empty() {
                shelf.ask(|machine| self.guard.broken_claims(&found, self.lookout, machine, when));
            }
        });
    }

    /// What an old state answers to a read, while there is one: each second read, by the dice.
    fn stale(&self, call: &Call) -> Option<Outcome> {
        let mut past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        let old = past.as_mut()?;
        if self.clock.now_ms() >= old.until_ms {
            *past = None;
            return None;
        }
        old.world.at(self.clock.now_ms());
        (old.dice.below(2) == 0).then(|| old.world.call(call))
    }

    fn remember(&self, dice: u64) {
        let mut dice = Dice::of(&[dice]);
        let until_ms = self.clock.now_ms() + 1000 * (1 + dice.below(STALE_S));
        *self.past.lock().unwrap_or_else(PoisonError::into_inner) = Some(Past { world: self.account.world(), until_ms, dice });
    }

    /// A colleague comes by; one a night.
    fn meddle(&self, dice: u64) {
        let mut edit = self.edit.lock().unwrap_or_else(PoisonError::into_inner);
        if edit.is_none() {
            self.account.tamper(|account| *edit = stranger::edit(account, self.targets, dice));
            if let Some(edit) = edit.as_ref() {
                self.notes.struck(Fault::Stranger, &edit.what);
            }
        }
    }
}

/// A process's network.
pub struct Network<'a, 'p> {
    /// The account.
    pub site: &'a Site<'a>,
    /// The journal's store.
    pub shelf: &'a Shelf<'p>,
    /// The process's fencing number.
    pub number: u64,
    /// The process.
    pub vitals: &'a Vitals,
    /// What goes wrong.
    pub weather: &'a Weather,
}

fn now<'a>(outcome: Outcome) -> Answer<'a> {
    Box::pin(std::future::ready(outcome))
}

fn lost() -> Outcome {
    Outcome::Unknown("the connection was closed before an answer came".to_owned())
}

fn refused(code: &str) -> Outcome {
    Outcome::Refused(Refusal::new(code, "a fault of the rehearsal"))
}

impl Network<'_, '_> {
    fn killed<'a>(&self) -> Answer<'a> {
        self.vitals.kill();
        Box::pin(std::future::pending())
    }

    fn read<'a>(&'a self, call: &'a Call) -> Answer<'a> {
        let strike = self.weather.next(Place::Read);
        if let Some(strike) = &strike {
            self.site.notes.struck(strike.fault, "");
        }
        match strike.map(|strike| strike.fault) {
            Some(Fault::ReadThrottled) => now(refused("Throttling")),
            Some(_) => now(lost()),
            None => match self.site.stale(call) {
                Some(outcome) => now(outcome),
                None => self.site.account.call(call),
            },
        }
    }

    /// Makes a call that changes something.
    fn make(&self, call: &Call) -> Outcome {
        let step = call.label.as_ref().map_or("", |label| label.step.as_str());
        self.site.guard.calls(self.number, self.shelf.writer(), step);
        self.site.look(self.shelf, &format!("before {} of step {step}", call.operation));
        let outcome = self.site.account.make(call);
        self.site.look(self.shelf, &format!("after {} of step {step}", call.operation));
        self.site.account.peek(|account| self.shelf.ask(|machine| self.site.guard.look(account, machine, step)));
        outcome
    }

    fn strike<'a>(&'a self, call: &'a Call, strike: &Strike) -> Answer<'a> {
        let mut dice = Dice::of(&[strike.dice]);
        match strike.fault {
            Fault::Throttle => return now(refused("RequestLimitExceeded")),
            Fault::ServerError => return now(refused("InternalError")),
            Fault::LoseRequest => return now(lost()),
            Fault::KillBefore => return self.killed(),
            Fault::StaleReads => self.site.remember(strike.dice),
            Fault::SecondExecutor => self.vitals.stand_still(true),
            Fault::Stranger => self.site.meddle(strike.dice),
            Fault::ClockJump => {
                let back = dice.below(2) == 0;
                let by = i64::try_from(1000 * (1 + dice.below(JUMP_S[usize::from(back)]))).unwrap_or(0);
                self.vitals.set_clock(if back { -by } else { by });
            }
            _ => {}
        }
        let outcome = self.make(call);
        match strike.fault {
            Fault::LoseAnswer => now(lost()),
            Fault::KillAfter => self.killed(),
            Fault::LateAnswer => {
                let at = self.site.clock.now_ms() + 1000 * (1 + dice.below(LATE_S));
                let sleep = self.site.clock.sleep_until(at);
                Box::pin(async move {
                    sleep.await;
                    outcome
                })
            }
            _ => now(outcome),
        }
    }
}

impl Cloud for Network<'_, '_> {
    fn call<'a>(&'a self, call: &'a Call) -> Answer<'a> {
        if self.vitals.is_dead() {
            return Box::pin(std::future::pending());
        }
        if call.operation.is_read() {
            return self.read(call);
        }
        match self.weather.next(Place::Call) {
            None => now(self.make(call)),
            Some(strike) => {
                if strike.fault != Fault::Stranger {
                    let step = call.label.as_ref().map_or("", |label| label.step.as_str());
                    self.site.notes.struck(strike.fault, &format!("{} of step {step}", call.operation));
                }
                self.strike(call, &strike)
            }
        }
    }

    fn requests(&self) -> BTreeMap<String, u64> {
        self.site.account.requests()
    }

    fn ahead_ms(&self) -> i64 {
        self.vitals.skew_ms()
    }
}
