//! Before a step: is what it touches, and what it relies on, as plan and journal say?
//!
//! What it touches that was there before, its kind has checks for (`Step::before`). What the run itself has made or changed
//! and the step relies on is looked at once more: by the checks of the steps that did it, as long as no later step has
//! overtaken them; a thing without a check by its probe. A difference is somebody else's change.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use super::event::What;
use super::look::{self, Blind, Find};
use super::machine::{Machine, Phase};
use super::patience::{IN_USE_S, Pace};
use super::task::{Failure, Task, blinded};
use super::words::{differs, words};
use crate::journal::Drift;
use crate::model::step::{Check, Expect, Stage, Step, UNSEEN_S, each_reference_in, resolve, resolve_path};
use crate::plan::Plan;

/// How long what was looked at once is taken to be so, in seconds: many steps rely on the same things.
const KNOWN_S: u64 = 60;

/// What looks at what, in a plan; and when it was last seen to be as it should be.
pub struct Foundations<'p> {
    /// By output: the checks and waits that look at it, as places of steps in the plan's order.
    looks: BTreeMap<(&'p str, &'p str), Vec<Looked<'p>>>,
    /// In milliseconds.
    seen: Mutex<BTreeMap<String, u64>>,
}

/// A check of a step: what it makes sure of at its end, or waits for.
#[derive(Clone, Copy)]
struct Looked<'p> {
    place: usize,
    step: &'p Step,
    check: &'p Check,
    waits: bool,
}

impl<'p> Foundations<'p> {
    /// What the steps of a plan look at.
    pub fn of(plan: &'p Plan) -> Foundations<'p> {
        let mut looks: BTreeMap<(&str, &str), Vec<Looked<'_>>> = BTreeMap::new();
        for (place, step) in plan.steps.iter().enumerate() {
            let verify = step.verify.iter().map(|check| (check, false));
            for (check, waits) in verify.chain(step.wait.iter().map(|wait| (&wait.until, true))) {
                let mut met = BTreeSet::new();
                each_reference_in(&check.parameters, &mut |from, output| {
                    let from = if from == "self" { step.id.as_str() } else { from };
                    if met.insert((from, output)) {
                        looks.entry((from, output)).or_default().push(Looked { place, step, check, waits });
                    }
                });
            }
        }
        Foundations { looks, seen: Mutex::default() }
    }

    fn is_fresh(&self, about: &str, now_ms: u64) -> bool {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(about).is_some_and(|at| now_ms < at + KNOWN_S * 1000)
    }

    fn note(&self, about: String, now_ms: u64) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(about, now_ms);
    }

    /// What earlier steps have left and a step relies on: with each check the step that it is of.
    pub fn relied(&self, machine: &Machine<'p>, step: &Step) -> Vec<(&'p Step, Check)> {
        let mut uses: BTreeSet<(&str, &str)> = BTreeSet::new();
        step.each_reference(&mut |from, output| {
            uses.insert((from, output));
        });
        uses.retain(|(from, output)| *from != "self" && *output != "At");
        let mut looks: Vec<Looked<'p>> = uses.iter().filter_map(|used| self.looks.get(used)).flatten().copied().collect();
        looks.sort_by_key(|look| look.place);
        let mut last: BTreeMap<String, Option<Looked<'p>>> = BTreeMap::new();
        for look in looks {
            match machine.state(&look.step.id).map(|state| &state.phase) {
                Some(Phase::Verified) if !look.waits => drop(last.insert(about(look.check, look.step), Some(look))),
                // What is on its way makes of it what nobody has checked yet.
                Some(Phase::Intended | Phase::Called | Phase::Undoing(..)) => drop(last.insert(about(look.check, look.step), None)),
                _ => {}
            }
        }
        let mut out: Vec<(&Step, Check)> = last.into_values().flatten().map(|look| (look.step, look.check.clone())).collect();
        let makers: BTreeSet<&str> = uses.iter().map(|(from, _)| *from).collect();
        let bare = makers.into_iter().filter(|from| machine.is_verified(from)).filter_map(|from| machine.step(from));
        out.extend(bare.filter(|maker| maker.verify.is_empty()).map(|maker| (maker, made_check(maker))));
        out
    }
}

/// What a check is about: of several about the same thing the last one counts.
fn about(check: &Check, of: &Step) -> String {
    let parameters = serde_json::to_string(&check.parameters).unwrap_or_default().replace("${self.", &format!("${{{}.", of.id));
    format!("{} {parameters} {}", check.operation, check.path)
}

/// That what a step made is still there, by the read that would settle an unknown outcome.
fn made_check(step: &Step) -> Check {
    let probe = &step.call.probe;
    Check {
        what: format!("what {} made is there", step.id),
        operation: probe.operation.clone(),
        parameters: probe.parameters.clone(),
        path: probe.path.clone(),
        expect: probe.expect.clone(),
    }
}

/// A check that does not hold, as a difference; `of` is the step that it is of.
fn difference(check: &Check, of: &str, found: &look::Found, find: Find<'_>) -> Drift {
    let parameters = resolve(&Value::Object(check.parameters.clone()), &|s, o| find(s, o)).unwrap_or_default();
    let expect = look::expectation(&check.expect, find).unwrap_or_else(|_| check.expect.clone());
    Drift {
        resource: named(&parameters),
        step: of.to_owned(),
        what: check.what.clone(),
        field: resolve_path(&check.path, &|s, o| find(s, o)).unwrap_or_else(|_| check.path.clone()),
        expected: words(&expect),
        found: found.seen(),
    }
}

/// What parameters name: the values of filters, and everything else that is a text.
fn named(parameters: &Value) -> String {
    fn collect(value: &Value, out: &mut Vec<String>) {
        match value {
            Value::String(text) => out.push(text.clone()),
            Value::Array(list) => list.iter().for_each(|element| collect(element, out)),
            Value::Object(map) if map.contains_key("Name") && map.contains_key("Values") => collect(&map["Values"], out),
            Value::Object(map) => map.values().for_each(|element| collect(element, out)),
            _ => {}
        }
    }
    let mut out = Vec::new();
    collect(parameters, &mut out);
    out.join(", ")
}

impl Task<'_, '_> {
    /// What plan and journal expect of the account before the call; a difference is somebody else's change.
    pub(super) async fn preconditions(&self) -> Result<(), Failure> {
        for check in &self.step.before {
            // What is deleted may be held a while by what lingers; anywhere else a difference is somebody's change.
            let patience_s = if self.step.stage == Stage::Cleanup && check.expect == Expect::Absent { IN_USE_S } else { UNSEEN_S };
            self.must_be_so(check, self.step, patience_s).await?;
        }
        Ok(())
    }

    /// What earlier steps made or changed, and this one relies on, is still so.
    pub(super) async fn foundations(&self) -> Result<(), Failure> {
        let relied = self.context.foundations.relied(&self.context.shared().machine, self.step);
        for (of, check) in relied {
            let key = about(&check, of);
            if self.context.foundations.is_fresh(&key, self.context.clock.now_ms()) {
                continue;
            }
            self.must_be_so(&check, of, UNSEEN_S).await?;
            self.context.foundations.note(key, self.context.clock.now_ms());
        }
        Ok(())
    }

    async fn must_be_so(&self, check: &Check, of: &Step, patience_s: u64) -> Result<(), Failure> {
        let find = |from: &str, output: &str| self.context.find(of, from, output);
        let until = self.context.clock.now_ms() + patience_s * 1000;
        let mut pace = Pace::slow();
        loop {
            let found = match look::check(self.context.cloud, &self.label, check, &find).await {
                // What can't be asked for by what is remembered of it is no difference.
                Err(Blind::Reference(_)) if of.id != self.step.id => return Ok(()),
                found => found.or_else(|blind| blinded(&blind))?,
            };
            if found.holds {
                return Ok(());
            }
            if self.context.clock.now_ms() >= until {
                let whose = if of.id == self.step.id { String::new() } else { format!("what step {} did is changed: ", of.id) };
                let why = format!("before the call, {whose}{}", differs(check, &found));
                return Err(Failure::Step { code: "HK0505", why, drift: vec![difference(check, &of.id, &found, &find)] });
            }
            if patience_s > UNSEEN_S {
                self.tell(What::Busy { why: format!("not yet: {}", check.what) });
            }
            self.context.sleep(pace.next()).await?;
        }
    }
}
