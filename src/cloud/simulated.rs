//! A simulated account behind the same port as AWS, with faults on demand.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock::Clock;
use crate::model::account::Account;
use crate::model::call::{Call, Outcome, Refusal};
use crate::model::id::Id;
use crate::world::World;

use super::{Answer, Cloud};

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is refused with a service's internal error; nothing is done.
    Fail,
    /// It is carried out, and the answer is lost.
    Lose,
    /// It never arrives, and nobody can tell.
    Drop,
    /// The process dies before it is sent.
    DieBefore,
    /// The process dies after it was carried out.
    DieAfter,
}

/// A fault at the n-th mutating call, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultAt {
    /// The number of the mutating call.
    pub call: u64,
    /// What goes wrong.
    pub fault: Fault,
}

impl FromStr for FaultAt {
    type Err = String;

    fn from_str(text: &str) -> Result<FaultAt, String> {
        let wanted = "expected N=fail, N=lose, N=drop, N=die or N=die-after, where N is the number of a mutating call";
        let (number, fault) = text.split_once('=').ok_or(wanted)?;
        let call = number.parse().ok().filter(|n| *n > 0).ok_or(wanted)?;
        let fault = match fault {
            "fail" => Fault::Fail,
            "lose" => Fault::Lose,
            "drop" => Fault::Drop,
            "die" => Fault::DieBefore,
            "die-after" => Fault::DieAfter,
            _ => return Err(wanted.to_owned()),
        };
        Ok(FaultAt { call, fault })
    }
}

struct State {
    kept_ms: u64,
    world: World,
    mutating: u64,
    requests: BTreeMap<String, u64>,
}

/// How much of the account's time may pass unkept while nothing changes.
const KEEP_EVERY_MS: u64 = 60_000;

/// What is done with the account after every change, and (false) when only time has passed: a simulated account in a file is saved.
pub type Keep = Box<dyn Fn(&Account, bool) + Send + Sync>;

/// The adapter.
pub struct Simulated {
    state: Mutex<State>,
    clock: Arc<dyn Clock>,
    faults: Vec<FaultAt>,
    keep: Option<Keep>,
    die: fn() -> !,
}

impl Simulated {
    /// An account that lives on this clock.
    pub fn new(world: World, clock: Arc<dyn Clock>) -> Simulated {
        let state = Mutex::new(State { kept_ms: world.account().now_ms, world, mutating: 0, requests: BTreeMap::new() });
        Simulated { state, clock, faults: Vec::new(), keep: None, die: || std::process::abort() }
    }

    /// The same with faults.
    pub fn with_faults(mut self, faults: Vec<FaultAt>) -> Simulated {
        self.faults = faults;
        self
    }

    /// The same, kept after every change.
    pub fn kept(mut self, keep: Keep) -> Simulated {
        self.keep = Some(keep);
        self
    }

    /// What the account holds now.
    pub fn account(&self) -> Account {
        let mut state = self.state();
        state.world.at(self.clock.now_ms());
        state.world.account().clone()
    }

    /// Looks at the account as the last call left it.
    pub fn peek<T>(&self, look: impl FnOnce(&Account) -> T) -> T {
        look(self.state().world.account())
    }

    /// Looks at the account as it is now, and at what has changed since this was asked last.
    pub fn changed<T>(&self, look: impl FnOnce(&Account, BTreeSet<Id>) -> T) -> T {
        let mut state = self.state();
        state.world.at(self.clock.now_ms());
        let changed = state.world.account_mut().resources.take_touched();
        look(state.world.account(), changed)
    }

    /// A copy of the account as it is now, that goes on by itself.
    pub fn world(&self) -> World {
        let mut state = self.state();
        state.world.at(self.clock.now_ms());
        state.world.clone()
    }

    /// Changes the account behind everybody's back, as a colleague would.
    pub fn tamper(&self, change: impl FnOnce(&mut Account)) {
        let mut state = self.state();
        change(state.world.account_mut());
        let now = self.clock.now_ms();
        state.world.at(now);
    }

    /// How many mutating calls were made.
    pub fn mutating(&self) -> u64 {
        self.state().mutating
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the account if its clock has moved on by so much: time passes in a file, too.
    fn keep(&self, state: &mut State, after_ms: u64, changed: bool) {
        let now = state.world.account().now_ms;
        if let Some(keep) = self.keep.as_ref().filter(|_| now >= state.kept_ms + after_ms) {
            keep(state.world.account(), changed);
            state.kept_ms = now;
        }
    }

    /// Makes a call, at once.
    pub fn make(&self, call: &Call) -> Outcome {
        let mut state = self.state();
        *state.requests.entry(call.operation.to_string()).or_default() += 1;
        let now_ms = self.clock.now_ms();
        let due = state.world.account().transitions.first().is_some_and(|transition| transition.at_ms <= now_ms);
        state.world.at(now_ms);
        let dry = call.parameters.get("DryRun") == Some(&serde_json::Value::Bool(true));
        if call.operation.is_read() || dry {
            let answer = state.world.call(call);
            // What was seen to have happened stays so for whoever opens the file next.
            self.keep(&mut state, if due { 0 } else { KEEP_EVERY_MS }, false);
            return answer;
        }
        state.mutating += 1;
        let fault = self.faults.iter().find(|at| at.call == state.mutating).map(|at| at.fault);
        match fault {
            Some(Fault::Fail) => {
                return Outcome::Refused(Refusal::new("InternalError", "An internal error has occurred (a fault that was asked for)"));
            }
            Some(Fault::Drop) => return Outcome::Unknown("the connection was closed before an answer came".to_owned()),
            Some(Fault::DieBefore) => (self.die)(),
            _ => {}
        }
        let outcome = state.world.call(call);
        self.keep(&mut state, 0, true);
        match fault {
            Some(Fault::DieAfter) => (self.die)(),
            Some(Fault::Lose) => Outcome::Unknown("the connection was closed before an answer came".to_owned()),
            _ => outcome,
        }
    }
}

impl Cloud for Simulated {
    fn call<'a>(&'a self, call: &'a Call) -> Answer<'a> {
        Box::pin(std::future::ready(self.make(call)))
    }

    fn requests(&self) -> BTreeMap<String, u64> {
        self.state().requests.clone()
    }
}
