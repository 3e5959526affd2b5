//! Plays steps on a simulated account, one after the other, without waiting: what each does to the account.
//!
//! The executor proves that a plan can be carried out in spite of faults; the player only shows what the account becomes,
//! for whoever reasons about its states. Time jumps: a wait ends at the first moment at which it holds.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::World;
use crate::model::account::Account;
use crate::model::call::{Call, Object, Operation, Outcome, Refusal};
use crate::model::id::Id;
use crate::model::look::{looks_in, put, resolved, sendable};
use crate::model::path;
use crate::model::step::{Check, Look, Step, Undo, UndoCall, Wait, outputs_of, resolve, resolve_path};

/// How far time jumps between two looks, in seconds.
const JUMP_S: u64 = 15;
/// How long a refusal that may pass by itself is tried again, in seconds: Lambda's interfaces linger for 20 minutes.
const PATIENCE_S: u64 = 3600;

/// Why a step can't be played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// The step.
    pub step: String,
    /// What happened.
    pub why: String,
}

/// A simulated account on which steps are played.
#[derive(Clone)]
pub struct Player {
    world: World,
    outputs: BTreeMap<String, BTreeMap<String, Value>>,
    announced: BTreeMap<String, u64>,
}

impl Player {
    /// Begins with an account as it is.
    pub fn new(account: Account) -> Player {
        Player { world: World::resume(account), outputs: BTreeMap::new(), announced: BTreeMap::new() }
    }

    /// The account as it is now.
    pub fn account(&self) -> &Account {
        self.world.account()
    }

    /// Nothing counts as touched so far.
    pub fn forget_touched(&mut self) {
        self.world.account_mut().resources.take_touched();
    }

    /// Carries a step out, with its waits. Answers what was touched.
    ///
    /// # Errors
    /// If a call is refused for good, or a wait does not end.
    pub fn step(&mut self, step: &Step) -> Result<BTreeSet<Id>, Stuck> {
        self.forward(step).map_err(|why| Stuck { step: step.id.clone(), why })?;
        Ok(self.world.account_mut().resources.take_touched())
    }

    /// Takes a step back that was carried out. Answers what was touched.
    ///
    /// # Errors
    /// As [`Player::step`], and if there is no way back.
    pub fn undo(&mut self, step: &Step) -> Result<BTreeSet<Id>, Stuck> {
        self.undo_some(step, usize::MAX)
    }

    /// Makes so many of the calls of a step's way back. Answers what was touched.
    ///
    /// # Errors
    /// As [`Player::undo`].
    pub fn undo_some(&mut self, step: &Step, calls: usize) -> Result<BTreeSet<Id>, Stuck> {
        self.backward(step, calls).map_err(|why| Stuck { step: step.id.clone(), why })?;
        Ok(self.world.account_mut().resources.take_touched())
    }

    fn forward(&mut self, step: &Step) -> Result<(), String> {
        for wait in &step.ready {
            self.wait(step, wait)?;
        }
        let mut captured = BTreeMap::new();
        for (name, look) in &step.call.capture {
            captured.insert(name.clone(), self.look(step, None, look)?.into_iter().next().unwrap_or(Value::Null));
        }
        self.outputs.entry(step.id.clone()).or_default().extend(captured);
        self.announced.insert(step.id.clone(), self.now());
        let answer = self.insist(step, None, &step.call.operation, &step.call.parameters, &step.call.adopt_on)?;
        let outputs = match answer {
            Some(answer) => outputs_of(&answer, &step.call.outputs),
            None => outputs_of(&self.read(step, &step.call.probe.operation, &step.call.probe.parameters)?, &step.call.probe.outputs),
        };
        self.outputs.entry(step.id.clone()).or_default().extend(outputs.map_err(|at| format!("the answer holds no {at}"))?);
        step.wait.iter().try_for_each(|wait| self.wait(step, wait))
    }

    fn backward(&mut self, step: &Step, count: usize) -> Result<(), String> {
        let calls = match &step.undo {
            Undo::Calls(calls) => calls,
            Undo::Irreversible(why) => return Err(format!("it can't be undone: {why}")),
            Undo::Nothing(_) => return Ok(()),
        };
        self.announced.insert(step.id.clone(), self.now());
        calls.iter().take(count).try_for_each(|call| self.undo_call(step, call))
    }

    fn undo_call(&mut self, step: &Step, call: &UndoCall) -> Result<(), String> {
        let each = match &call.each {
            None => vec![None],
            Some(look) => self.look(step, None, look)?.into_iter().map(Some).collect(),
        };
        for value in &each {
            if !self.holds(step, &call.unless)? {
                self.insist(step, value.as_ref(), &call.operation, &call.parameters, &call.adopt_on)?;
            }
        }
        call.wait.iter().try_for_each(|wait| self.wait(step, wait))
    }

    /// Makes a call until it is carried out; no answer where it is already so.
    fn insist(
        &mut self,
        step: &Step,
        each: Option<&Value>,
        operation: &Operation,
        parameters: &Object,
        adopt_on: &[String],
    ) -> Result<Option<Value>, String> {
        let until = self.now() + PATIENCE_S * 1000;
        loop {
            let mut value = resolve(&Value::Object(parameters.clone()), &|s, o| self.find(step, each, s, o))?;
            for (pointer, look) in looks_in(&value) {
                let found = self.look(step, each, &look)?;
                put(&mut value, &pointer, &look, found);
            }
            match self.make(operation, sendable(value)) {
                Ok(answer) => return Ok(Some(answer)),
                Err(refusal) if adopt_on.contains(&refusal.code) => return Ok(None),
                Err(refusal) if refusal.is_not_found() && !self.may_pass(&refusal) && each.is_some() => return Ok(None),
                Err(refusal) if self.now() >= until => return Err(format!("{operation} was refused: {refusal}")),
                Err(_) => self.jump(JUMP_S),
            }
        }
    }

    fn may_pass(&self, refusal: &Refusal) -> bool {
        refusal.code.contains("InUse") || refusal.code.contains("State")
    }

    /// To the next moment at which something happens, or so many seconds on.
    fn jump(&mut self, most_s: u64) {
        let next = self.world.account().transitions.first().map_or(u64::MAX, |transition| transition.at_ms);
        let now = self.now();
        self.world.at(next.clamp(now + 1000, now + most_s * 1000));
    }

    fn now(&self) -> u64 {
        self.world.account().now_ms
    }

    fn find(&self, step: &Step, each: Option<&Value>, from: &str, output: &str) -> Option<Value> {
        let of = if from == "self" { step.id.as_str() } else { from };
        match (from, output) {
            ("each", _) => each.cloned(),
            ("self", "Token") => Some(json!(format!("played-{of}"))),
            (_, "At") => {
                let at = i64::try_from(*self.announced.get(of)?).ok()?;
                Some(json!(jiff::Timestamp::from_millisecond(at).ok()?.to_string()))
            }
            _ => self.outputs.get(of)?.get(output).cloned(),
        }
    }

    fn make(&mut self, operation: &Operation, parameters: Object) -> Result<Value, Refusal> {
        match self.world.call(&Call { operation: operation.clone(), parameters, label: None }) {
            Outcome::Done(answer) => Ok(answer),
            Outcome::Refused(refusal) => Err(refusal),
            Outcome::Unknown(why) => Err(Refusal::new("Unknown", why)),
        }
    }

    /// What a read answers; null for what isn't there.
    fn read(&mut self, step: &Step, operation: &Operation, parameters: &Object) -> Result<Value, String> {
        let value = resolve(&Value::Object(parameters.clone()), &|s, o| self.find(step, None, s, o))?;
        match self.make(operation, sendable(value)) {
            Ok(answer) => Ok(answer),
            Err(refusal) if refusal.is_not_found() => Ok(Value::Null),
            Err(refusal) => Err(format!("{operation} was refused: {refusal}")),
        }
    }

    fn look(&mut self, step: &Step, each: Option<&Value>, look: &Look) -> Result<Vec<Value>, String> {
        let answer = self.read(step, &look.operation, &look.parameters)?;
        let at = resolve_path(&look.path, &|s, o| self.find(step, each, s, o))?;
        Ok(path::select(&answer, &at).into_iter().cloned().collect())
    }

    /// Whether a check holds; and of what is seen the first that must never be.
    fn seen(&mut self, step: &Step, check: &Check, never: &[Value]) -> Result<(bool, Option<Value>), String> {
        let answer = self.read(step, &check.operation, &check.parameters)?;
        let at = resolve_path(&check.path, &|s, o| self.find(step, None, s, o))?;
        let expect = resolved(&check.expect, &|s, o| self.find(step, None, s, o))?;
        let found = path::select(&answer, &at);
        Ok((expect.holds(&found), found.into_iter().find(|value| never.contains(value)).cloned()))
    }

    fn holds(&mut self, step: &Step, check: &Check) -> Result<bool, String> {
        self.seen(step, check, &[]).map(|(holds, _)| holds)
    }

    fn wait(&mut self, step: &Step, wait: &Wait) -> Result<(), String> {
        let until = self.now() + wait.timeout_s * 1000;
        loop {
            let (holds, never) = self.seen(step, &wait.until, &wait.never)?;
            if holds {
                return Ok(());
            }
            if let Some(never) = never {
                return Err(format!("waiting until {}: it became {never}", wait.until.what));
            }
            if self.now() >= until {
                return Err(format!("waited in vain until {}", wait.until.what));
            }
            self.jump(JUMP_S.max(wait.usual_s / 2));
        }
    }
}
