//! The way back of a step, from wherever it stands.

use std::collections::BTreeMap;

use serde_json::Value;

use super::event::What;
use super::look;
use super::machine::Phase;
use super::patience::{Pace, Patience};
use super::task::{Failure, Task, blinded, failed};
use crate::journal::{Body, Ending, Way};
use crate::model::call::Outcome;
use crate::model::step::{Undo, UndoCall};

impl Task<'_, '_> {
    /// Goes the way back, from wherever the step stands.
    pub async fn backward(&self) -> Result<(), Failure> {
        self.tell(What::Began);
        let result = self.backward_from_here().await;
        self.note(result)
    }

    pub(super) async fn backward_from_here(&self) -> Result<(), Failure> {
        let calls = match &self.step.undo {
            Undo::Calls(calls) => calls,
            Undo::Irreversible(why) => return failed("HK0507", format!("it can't be undone: {why}")),
            Undo::Nothing(_) => return self.undone(),
        };
        // What was just made may not be seen yet, and what isn't seen is not taken away.
        let unseen_ms = self.unseen_until().saturating_sub(self.context.clock.now_ms());
        if unseen_ms > 0 {
            self.context.sleep(unseen_ms as f64 / 1000.0).await?;
        }
        let (phase, _) = self.phase();
        if phase == Phase::Intended && !self.came_through().await? {
            return self.undone();
        }
        let from = if let Phase::Undoing(at, _) = phase { at } else { 0 };
        for (at, call) in calls.iter().enumerate().skip(from) {
            self.undo_call(at, call).await?;
        }
        self.undone()
    }

    fn undone(&self) -> Result<(), Failure> {
        self.context.record(Body::Undone { step: self.step.id.clone() })
    }

    async fn undo_call(&self, at: usize, call: &UndoCall) -> Result<(), Failure> {
        let each = match &call.each {
            None => vec![None],
            Some(look) => {
                let found =
                    look::select(self.context.cloud, &self.label, &look.operation, &look.parameters, &look.path, &self.find()).await;
                found.or_else(|blind| blinded(&blind))?.into_iter().map(Some).collect()
            }
        };
        for value in each {
            self.undo_once(at, call, value.as_ref()).await?;
        }
        self.waits(&call.wait).await?;
        self.end(Way::Undo(at), Ending::Done(BTreeMap::new()))
    }

    /// Whether there is nothing to undo; if a call that must not be made twice may be in the air, looked for long enough.
    async fn needless(&self, call: &UndoCall, in_the_air: bool) -> Result<bool, Failure> {
        let settle_s = call.once.as_ref().filter(|_| in_the_air).map_or(0, |once| once.settle_s);
        let until = self.context.clock.now_ms() + settle_s * 1000;
        let mut pace = Pace::of(20.max(settle_s / 10));
        loop {
            if self.look(&call.unless).await?.holds || in_the_air && self.any_sign(call.once.as_ref()).await? {
                return Ok(true);
            }
            if self.context.clock.now_ms() >= until {
                return Ok(false);
            }
            self.context.sleep(pace.next()).await?;
        }
    }

    async fn undo_once(&self, at: usize, call: &UndoCall, each: Option<&Value>) -> Result<(), Failure> {
        let patience = Patience::from(self.context.clock.now_ms());
        let mut pace = Pace::slow();
        let mut in_the_air = self.phase().0 == Phase::Undoing(at, true);
        loop {
            if self.needless(call, in_the_air).await? {
                return Ok(());
            }
            let find = |from: &str, output: &str| if from == "each" { each.cloned() } else { self.context.find(self.step, from, output) };
            let parameters =
                look::parameters(self.context.cloud, &self.label, &call.parameters, &find).await.or_else(|blind| blinded(&blind))?;
            match self.make(Way::Undo(at), call.operation.clone(), parameters).await? {
                Outcome::Done(_) => return Ok(()),
                Outcome::Refused(refusal) if refusal.is_not_found() || call.adopt_on.contains(&refusal.code) => return Ok(()),
                Outcome::Unknown(why) => {
                    in_the_air = true;
                    self.end(Way::Undo(at), Ending::Unknown(why))?;
                }
                Outcome::Refused(refusal) => {
                    // It answers this try. An earlier one of which nobody knows stays in the air, in the journal too.
                    if !in_the_air {
                        self.end(Way::Undo(at), Ending::Refused(refusal.code.clone(), refusal.message.clone()))?;
                    }
                    if !patience.waits_out(&refusal, self.context.clock.now_ms()) {
                        return failed("HK0506", format!("{} was refused: {refusal}", call.operation));
                    }
                    self.tell(What::Busy { why: refusal.to_string() });
                }
            }
            self.context.sleep(pace.next()).await?;
        }
    }
}
