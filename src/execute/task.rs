//! One step, from wherever it stands forward to its end; the way back is in `back`, what is waited for in `wait`.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::amend::digest;
use super::drift::Foundations;
use super::driver::Stop;
use super::event::{Event, What};
use super::look::{self, Blind};
use super::machine::{Machine, Phase};
use super::patience::{Pace, Patience, Waiting};
use super::words::unacceptable;
use crate::clock::{Clock, rfc3339};
use crate::cloud::Cloud;
use crate::journal::{Body, Drift, Ending, Error as JournalError, Journal, Way};
use crate::model::call::{Call, Label, Object, Outcome, Refusal};
use crate::model::step::{Action, Check, Once, Step, UNSEEN_S, outputs_of, references, resolve_path};
use crate::plan::sha256;

/// How long a fresh id may be unknown to AWS (EC2 guide, "Eventual consistency"), and how long a check may lag behind.
pub(super) const CONSISTENCY_S: u64 = 60;
/// How often a call of unknown outcome is looked for before it is made again; reads may lag behind.
const LOOKS: u32 = 5;
/// How often a call of unknown outcome is made again.
const REPEATS: u32 = 3;

/// Why a step did not end well.
#[derive(Debug)]
pub enum Failure {
    /// It failed; it can be tried again.
    Step {
        /// The failure code.
        code: &'static str,
        /// The words.
        why: String,
        /// What somebody else has changed, if that is why.
        drift: Vec<Drift>,
    },
    /// The run is to stop; the step goes on later from where it is.
    Parked,
    /// A gate's check is not well.
    Closed {
        /// The gate.
        gate: String,
        /// What was seen.
        why: String,
    },
    /// The journal can't be written: nothing more may be done.
    Journal(JournalError),
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Failure {
        Failure::Journal(error)
    }
}

pub(super) fn failed<T>(code: &'static str, why: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::Step { code, why: why.into(), drift: Vec::new() })
}

/// The journal and what it amounts to.
pub struct Shared<'p> {
    /// Where records go.
    pub journal: Box<dyn Journal + 'p>,
    /// What they amount to.
    pub machine: Machine<'p>,
}

/// What every task has in hand.
pub struct Context<'p> {
    /// The account.
    pub cloud: &'p dyn Cloud,
    /// The time.
    pub clock: &'p dyn Clock,
    /// The journal and the machine.
    pub shared: Mutex<Shared<'p>>,
    /// Who listens.
    pub tell: &'p (dyn Fn(&Event) + Sync),
    /// Whether to stop.
    pub stop: &'p Stop,
    /// Who waits for AWS.
    pub waiting: Waiting,
    /// What steps look at, and when it was seen to be as it should be.
    pub foundations: Foundations<'p>,
    /// The migration's name.
    pub migration: String,
}

impl<'p> Context<'p> {
    /// The journal and the machine, for a moment.
    pub fn shared(&self) -> MutexGuard<'_, Shared<'p>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a record durable, takes note of it, and tells it.
    pub fn record(&self, body: Body) -> Result<(), Failure> {
        let at = rfc3339(self.clock.now_ms());
        {
            let mut shared = self.shared();
            shared.journal.append(&at, &body)?;
            shared.machine.apply(&at, &body);
        }
        if let Some((step, what)) = What::of(&body) {
            self.tell(step, what);
        }
        Ok(())
    }

    /// Tells those who listen.
    pub fn tell(&self, step: &str, what: What) {
        (self.tell)(&Event { at_ms: self.clock.now_ms(), step: step.to_owned(), what });
    }

    fn label(&self, step: &Step) -> Label {
        Label { migration: self.migration.clone(), step: step.id.clone() }
    }

    pub(super) fn find(&self, step: &Step, from: &str, output: &str) -> Option<Value> {
        let shared = self.shared();
        if from == "self" && output == "Token" {
            let generation = shared.machine.state(&step.id).map_or(0, |state| state.generation);
            return Some(Value::from(token(shared.machine.journal(), &step.id, generation)));
        }
        if output == "At" {
            let of = if from == "self" { &step.id } else { from };
            return shared.machine.state(of).and_then(|state| state.announced.clone()).map(Value::from);
        }
        shared.machine.output(from, output).cloned()
    }

    /// Sleeps, or parks where the run is to stop.
    pub async fn sleep(&self, seconds: f64) -> Result<(), Failure> {
        if self.stop.halted() {
            return Err(Failure::Parked);
        }
        let at = self.clock.now_ms() + (seconds * 1000.0) as u64;
        futures_util::future::select(self.clock.sleep_until(at), Box::pin(self.stop.wait())).await;
        if self.stop.halted() { Err(Failure::Parked) } else { Ok(()) }
    }
}

/// An idempotency token: the same for every try of a step, another after the step was undone. At most 64 ASCII
/// characters, as EC2 wants.
pub fn token(journal: &str, step: &str, generation: u32) -> String {
    sha256(format!("{journal}/{step}/{generation}").as_bytes())[..40].to_owned()
}

/// A step in the hands of a task.
pub struct Task<'c, 'p> {
    pub(super) context: &'c Context<'p>,
    pub(super) step: &'p Step,
    pub(super) label: Label,
}

impl<'c, 'p> Task<'c, 'p> {
    /// A task for a step.
    pub fn new(context: &'c Context<'p>, step: &'p Step) -> Task<'c, 'p> {
        Task { context, step, label: context.label(step) }
    }

    pub(super) fn find(&self) -> impl Fn(&str, &str) -> Option<Value> + Sync + '_ {
        |from, output| self.context.find(self.step, from, output)
    }

    pub(super) fn tell(&self, what: What) {
        self.context.tell(&self.step.id, what);
    }

    pub(super) fn phase(&self) -> (Phase, u32) {
        self.context.shared().machine.state(&self.step.id).map(|state| (state.phase.clone(), state.generation)).unwrap_or_default()
    }

    /// Carries the step out, from wherever it stands.
    pub async fn forward(&self) -> Result<(), Failure> {
        self.tell(What::Began);
        let result = self.forward_from_here().await;
        self.note(result)
    }

    pub(super) fn note(&self, result: Result<(), Failure>) -> Result<(), Failure> {
        if let Err(Failure::Step { code, why, drift }) = &result {
            let (step, drift) = (self.step.id.clone(), drift.clone());
            self.context.record(Body::Failed { step, code: (*code).to_owned(), why: why.clone(), drift })?;
        }
        result
    }

    async fn forward_from_here(&self) -> Result<(), Failure> {
        let (phase, _) = self.phase();
        match phase {
            Phase::Pending => {
                self.preconditions().await?;
                self.foundations().await?;
                for wait in &self.step.ready {
                    self.wait(wait).await?;
                }
                self.capture().await?;
                self.call().await?;
            }
            Phase::Intended => {
                let why = "the program ended before the answer was noted";
                self.tell(What::Unknown { why: why.to_owned() });
                self.settle(why).await?;
            }
            Phase::Called | Phase::Verified => {}
            // A rollback that was begun on this step is gone to its end first.
            Phase::Undoing(..) => return Box::pin(self.backward_then_forward()).await,
        }
        self.waits(&self.step.wait).await?;
        for check in &self.step.verify {
            self.verify(check).await?;
        }
        self.context.record(Body::Verified { step: self.step.id.clone() })
    }

    async fn backward_then_forward(&self) -> Result<(), Failure> {
        self.backward_from_here().await?;
        self.forward_from_here().await
    }

    pub(super) async fn look(&self, check: &Check) -> Result<look::Found, Failure> {
        look::check(self.context.cloud, &self.label, check, &self.find()).await.or_else(|blind| blinded(&blind))
    }

    async fn capture(&self) -> Result<(), Failure> {
        if self.step.call.capture.is_empty() {
            return Ok(());
        }
        let mut values = BTreeMap::new();
        for (name, look) in &self.step.call.capture {
            let found = look::select(self.context.cloud, &self.label, &look.operation, &look.parameters, &look.path, &self.find()).await;
            let found = found.or_else(|blind| blinded(&blind))?;
            values.insert(name.clone(), found.into_iter().next().unwrap_or(Value::Null));
        }
        self.context.record(Body::Captured { step: self.step.id.clone(), values })
    }

    /// Makes the call, and settles what came of it.
    async fn call(&self) -> Result<(), Failure> {
        let action = &self.step.call;
        let patience = Patience::from(self.context.clock.now_ms());
        let fresh_until = self.context.clock.now_ms() + CONSISTENCY_S * 1000;
        let mut pace = Pace::of(60);
        loop {
            let parameters = self.parameters(&action.parameters).await?;
            match self.make(Way::Do, action.operation.clone(), parameters).await? {
                Outcome::Done(answer) => return self.done(Way::Do, &answer),
                Outcome::Unknown(why) => {
                    self.end(Way::Do, Ending::Unknown(why.clone()))?;
                    return self.settle(&why).await;
                }
                Outcome::Refused(refusal) => {
                    self.end(Way::Do, Ending::Refused(refusal.code.clone(), refusal.message.clone()))?;
                    if action.adopt_on.contains(&refusal.code) && self.adopt(action).await? {
                        return Ok(());
                    }
                    let now = self.context.clock.now_ms();
                    let fresh = refusal.is_not_found() && now < fresh_until && !self.step.needs.is_empty();
                    if !(fresh || patience.waits_out(&refusal, now)) {
                        return self.refused(&action.operation.to_string(), &refusal);
                    }
                    self.tell(What::Busy { why: refusal.to_string() });
                }
            }
            self.context.sleep(pace.next()).await?;
        }
    }

    fn refused<T>(&self, operation: &str, refusal: &Refusal) -> Result<T, Failure> {
        let code = match refusal {
            r if r.is_credentials() => "HK0302",
            r if r.is_denied() => "HK0303",
            _ => "HK0304",
        };
        failed(code, format!("{operation} was refused: {refusal}"))
    }

    async fn parameters(&self, parameters: &Object) -> Result<Object, Failure> {
        look::parameters(self.context.cloud, &self.label, parameters, &self.find()).await.or_else(|blind| blinded(&blind))
    }

    /// Announces a call in the journal, and makes it.
    pub(super) async fn make(&self, way: Way, operation: crate::model::call::Operation, parameters: Object) -> Result<Outcome, Failure> {
        if self.context.stop.halted() {
            return Err(Failure::Parked);
        }
        let (_, generation) = self.phase();
        let digest = if way == Way::Do { digest(self.step) } else { String::new() };
        let ahead_s = -(-self.context.cloud.ahead_ms()).div_euclid(1000);
        let (step, name) = (self.step.id.clone(), operation.to_string());
        self.context.record(Body::Intended { step, way, operation: name, generation, digest, ahead_s })?;
        let call = Call { operation, parameters, label: Some(self.label.clone()) };
        Ok(self.context.cloud.call(&call).await)
    }

    pub(super) fn end(&self, way: Way, ending: Ending) -> Result<(), Failure> {
        self.context.record(Body::Ended { step: self.step.id.clone(), way, ending })
    }

    fn done(&self, way: Way, answer: &Value) -> Result<(), Failure> {
        if let Some(wrong) = unacceptable(&self.step.call, answer) {
            self.end(way, Ending::Refused("UnacceptableAnswer".to_owned(), wrong.clone()))?;
            return failed("HK0504", format!("{}: {wrong}", self.step.call.operation));
        }
        match outputs_of(answer, &self.step.call.outputs) {
            Ok(outputs) => self.end(way, Ending::Done(outputs)),
            Err(at) => {
                let why = format!("the answer holds no {at}");
                self.end(way, Ending::Unknown(why.clone()))?;
                failed("HK0305", format!("{}: {why}; the step is settled by looking when you apply again", self.step.call.operation))
            }
        }
    }

    /// A call of unknown outcome: looked for, then adopted or made again.
    async fn settle(&self, why: &str) -> Result<(), Failure> {
        for _ in 0..REPEATS {
            if self.came_through().await? {
                return Ok(());
            }
            if self.step.call.once.is_some() {
                // What it would turn must still be as it was.
                self.preconditions().await?;
            }
            let parameters = self.parameters(&self.step.call.parameters).await?;
            match self.make(Way::Do, self.step.call.operation.clone(), parameters).await? {
                Outcome::Done(answer) => return self.done(Way::Do, &answer),
                Outcome::Unknown(why) => self.end(Way::Do, Ending::Unknown(why))?,
                Outcome::Refused(refusal) => {
                    // The earlier try may have come through after all, and be what stands in the way.
                    if self.adopt(&self.step.call).await? {
                        return Ok(());
                    }
                    self.end(Way::Do, Ending::Refused(refusal.code.clone(), refusal.message.clone()))?;
                    if Patience::from(self.context.clock.now_ms()).waits_out(&refusal, self.context.clock.now_ms()) {
                        if self.step.call.once.is_some() {
                            continue;
                        }
                        return Box::pin(self.call()).await;
                    }
                    return self.refused(&self.step.call.operation.to_string(), &refusal);
                }
            }
        }
        failed(
            "HK0502",
            format!("{}: nobody knows whether it was carried out ({why}), and looking does not tell", self.step.call.operation),
        )
    }

    /// Whether the probe shows that the call was carried out; then it is noted as done.
    async fn adopt(&self, action: &Action) -> Result<bool, Failure> {
        let probe = &action.probe;
        let find = self.find();
        let answer = match look::read(self.context.cloud, &self.label, &probe.operation, &probe.parameters, &find).await {
            Ok(answer) => answer,
            Err(Blind::Refused(refusal)) if refusal.is_not_found() => Value::Null,
            Err(blind) => return blinded(&blind),
        };
        let at = resolve_path(&probe.path, &|s, o| find(s, o)).or_else(|text| blinded(&Blind::Reference(text)))?;
        let expect = look::expectation(&probe.expect, &find).or_else(|blind| blinded(&blind))?;
        if !expect.holds(&crate::model::path::select(&answer, &at)) && !self.any_sign(action.once.as_ref()).await? {
            return Ok(false);
        }
        let mut wanted = BTreeMap::new();
        for (name, at) in &probe.outputs {
            let at = resolve_path(at, &|s, o| find(s, o)).or_else(|text| blinded(&Blind::Reference(text)))?;
            wanted.insert(name.clone(), at);
        }
        let Ok(outputs) = outputs_of(&answer, &wanted) else { return Ok(false) };
        self.end(Way::Do, Ending::Adopted(outputs))?;
        Ok(true)
    }

    pub(super) async fn any_sign(&self, once: Option<&Once>) -> Result<bool, Failure> {
        for sign in once.iter().flat_map(|once| &once.signs) {
            if self.look(sign).await?.holds {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Until when reads may not show yet what the step's call has done. A clock that was ahead when it was noted counts
    /// for no more than the others.
    pub(super) fn unseen_until(&self) -> u64 {
        let called = self.context.shared().machine.state(&self.step.id).and_then(|state| state.called.clone());
        let called = called.and_then(|at| at.parse::<jiff::Timestamp>().ok()).and_then(|at| u64::try_from(at.as_millisecond()).ok());
        // Records tell seconds: up to one more has passed.
        called.map_or(0, |at| (at + 1000).min(self.context.clock.now_ms()) + UNSEEN_S * 1000)
    }

    /// Whether AWS tells a repeated call from a new one by itself.
    fn is_told_by_token(&self) -> bool {
        references(&Value::Object(self.step.call.parameters.clone())).iter().any(|(from, output)| from == "self" && output == "Token")
    }

    /// Whether a call of unknown outcome was carried out: looked for, a few times or as long as the step says.
    pub(super) async fn came_through(&self) -> Result<bool, Failure> {
        let settle_s = self.step.call.once.as_ref().map_or(0, |once| once.settle_s);
        let mut until = self.context.clock.now_ms() + settle_s * 1000;
        if !self.is_told_by_token() {
            until = until.max(self.unseen_until());
        }
        let mut pace = Pace::of(20.max(settle_s / 10));
        for look in 1.. {
            if self.adopt(&self.step.call).await? {
                return Ok(true);
            }
            self.context.sleep(pace.next()).await?;
            if look >= LOOKS && self.context.clock.now_ms() >= until {
                break;
            }
        }
        Ok(false)
    }
}

pub(super) fn blinded<T>(blind: &Blind) -> Result<T, Failure> {
    let code = match blind {
        Blind::Refused(refusal) if refusal.is_credentials() => "HK0302",
        Blind::Refused(refusal) if refusal.is_denied() => "HK0303",
        Blind::Refused(_) => "HK0304",
        Blind::NoAnswer(_) => "HK0301",
        Blind::Reference(_) => "HK0105",
    };
    failed(code, format!("could not look: {}", blind.words()))
}
