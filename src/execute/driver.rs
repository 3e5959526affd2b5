//! The thin half: carries out what the machine says, as many steps at a time as the plan allows.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::drift::Foundations;
use super::ear::Ear;
use super::event::{Event, What};
use super::gate::{self, Probe};
use super::hook::{Hooks, Untold};
use super::machine::{Command, Goal, Machine};
use super::patience::Waiting;
use super::task::{Context, Failure, Shared, Task};
use super::window::may_begin;
use crate::clock::{Clock, Sleep, rfc3339};
use crate::cloud::Cloud;
use crate::journal::approval::Stood;
use crate::journal::request::Requests;
use crate::journal::{Body, Error as JournalError, Journal, Record};
use crate::plan::window::Windows;
use crate::plan::{Gate, Plan};

/// Failures that would meet every other step as well, or that say that the account is not what was planned for: AWS
/// is out of reach, the credentials are not accepted, somebody else has changed something.
const FOR_ALL: [&str; 3] = ["HK0301", "HK0302", "HK0505"];

/// Asked once, a run starts nothing more and parks what waits; paused, it does so until it is resumed.
#[derive(Default)]
pub struct Stop {
    asked: AtomicBool,
    paused: AtomicBool,
    wake: tokio::sync::Notify,
}

impl Stop {
    /// Asks.
    pub fn ask(&self) {
        self.asked.store(true, Ordering::SeqCst);
        self.wake.notify_waiters();
    }

    /// Pauses, or resumes.
    pub(super) fn pause(&self, paused: bool) {
        self.paused.store(paused, Ordering::SeqCst);
        if paused {
            self.wake.notify_waiters();
        }
    }

    /// Whether nothing is to be begun just now.
    pub fn halted(&self) -> bool {
        self.asked() || self.paused.load(Ordering::SeqCst)
    }

    /// Whether it was asked.
    pub fn asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// Ends when it is asked, or paused.
    pub async fn wait(&self) {
        let notified = self.wake.notified();
        if !self.halted() {
            notified.await;
        }
    }
}

/// A run to be made.
pub struct Run<'p> {
    /// The plan.
    pub plan: &'p Plan,
    /// What was recorded so far.
    pub records: &'p [Record],
    /// The account.
    pub cloud: &'p dyn Cloud,
    /// The time.
    pub clock: &'p dyn Clock,
    /// Who listens.
    pub tell: &'p (dyn Fn(&Event) + Sync),
    /// Whether to stop.
    pub stop: &'p Stop,
    /// What to reach.
    pub goal: Goal,
    /// Who runs it.
    pub who: &'p str,
    /// Asks a person at a gate; true: go on.
    pub ask: &'p (dyn Fn(&Gate, &Machine<'_>) -> bool + Sync),
    /// When steps may begin.
    pub windows: Windows,
    /// Looks at what is outside of the account, for gates; none: that is taken for well.
    pub probe: Option<&'p dyn Probe>,
    /// What people ask of the run while it goes on; none: nobody can.
    pub requests: Option<&'p dyn Requests>,
    /// What is remembered of an edited plan before anything is done by it.
    pub amendment: Option<Body>,
    /// What begins the journal if it is empty.
    pub opening: Body,
    /// The approvals that it stands on.
    pub approved: Vec<Stood>,
    /// Those who are told how it goes; here for what they could not be told.
    pub hooks: Option<&'p dyn Hooks>,
}

impl<'p> Run<'p> {
    /// A run that nobody watches, stands at the gates of, or asks anything of: a simulation's. What it says of itself is who
    /// runs it.
    pub fn alone(
        plan: &'p Plan,
        records: &'p [Record],
        cloud: &'p dyn Cloud,
        clock: &'p dyn Clock,
        stop: &'p Stop,
        goal: Goal,
        who: &'p str,
    ) -> Run<'p> {
        let opening = Body::Opened { id: who.to_owned(), migration: plan.migration.clone(), plan: String::new(), version: String::new() };
        Run {
            plan,
            records,
            cloud,
            clock,
            tell: &|_| {},
            stop,
            goal,
            who,
            ask: &|_, _| true,
            windows: Windows::default(),
            probe: None,
            requests: None,
            amendment: None,
            opening,
            approved: Vec::new(),
            hooks: None,
        }
    }
}

/// A step that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedStep {
    /// The step.
    pub step: String,
    /// The failure code.
    pub code: String,
    /// The words.
    pub why: String,
}

/// How a run ended.
#[derive(Debug)]
pub enum End {
    /// The goal is reached.
    Reached,
    /// Steps failed.
    Failed(Vec<FailedStep>),
    /// It was asked to stop.
    Interrupted,
    /// A gate's question was not answered with yes.
    Gate(String),
    /// No window is open, or not for long enough.
    Outside {
        /// A step that could have begun.
        step: String,
    },
    /// What a gate looks at is not well.
    Unwell {
        /// The gate.
        gate: String,
        /// What was seen.
        why: String,
    },
    /// The journal could not be written: nothing was done after that.
    Journal(JournalError),
}

type Ended<'c> = Pin<Box<dyn Future<Output = (String, Result<(), Failure>)> + Send + 'c>>;

/// Makes a run.
pub async fn run<'p>(run: Run<'p>, journal: Box<dyn Journal + 'p>) -> End {
    let mut machine = Machine::replay(run.plan, run.records);
    machine.set_right(&rfc3339(run.clock.now_ms()));
    let context = Context {
        cloud: run.cloud,
        clock: run.clock,
        shared: Mutex::new(Shared { journal, machine }),
        tell: run.tell,
        stop: run.stop,
        waiting: Waiting::default(),
        foundations: Foundations::of(run.plan),
        migration: run.plan.migration.clone(),
    };
    match drive(&context, &run).await {
        Ok(end) => end,
        Err(Failure::Journal(error)) => End::Journal(error),
        Err(Failure::Parked) => End::Interrupted,
        Err(Failure::Closed { gate, why }) => End::Unwell { gate, why },
        Err(Failure::Step { code, why, .. }) => End::Failed(vec![FailedStep { step: String::new(), code: code.to_owned(), why }]),
    }
}

async fn drive(context: &Context<'_>, run: &Run<'_>) -> Result<End, Failure> {
    if run.records.is_empty() {
        context.record(run.opening.clone())?;
    }
    let what = if matches!(run.goal, Goal::Forward(_)) { "apply" } else { "rollback" };
    if let Some(amendment) = &run.amendment {
        context.record(amendment.clone())?;
    }
    let lease = context.shared().journal.lease();
    context.record(Body::RunBegan { what: what.to_owned(), who: run.who.to_owned(), lease, approved: run.approved.clone() })?;
    let mut heart = None;
    let mut tasks: FuturesUnordered<Ended<'_>> = FuturesUnordered::new();
    let mut busy: BTreeSet<String> = BTreeSet::new();
    let mut failed: Vec<FailedStep> = Vec::new();
    let mut closed = None;
    let mut unwell = None;
    let mut ear = Ear::new(context, run.requests);
    loop {
        ear.listen()?;
        run.hooks.map_or(Ok(()), |hooks| untold(context, hooks.untold()))?;
        // A failed step stops what needs it, and nothing else; but where nothing can be trusted to work or to be as
        // planned, nothing more is begun.
        let hopeless = failed.iter().any(|step| FOR_ALL.contains(&step.code.as_str()));
        let tried: BTreeSet<String> = failed.iter().map(|step| step.step.clone()).collect();
        if !hopeless && unwell.is_none() && !run.stop.halted() {
            closed = start(context, run, &mut tasks, &mut busy, &tried)?;
        }
        if tasks.is_empty() {
            // A pause holds a run only as long as there is something that it holds back.
            let over = run.stop.asked()
                || !failed.is_empty()
                || unwell.is_some()
                || context.shared().machine.next(run.goal, &busy, &tried).is_empty();
            match &closed {
                _ if over => break,
                _ if run.stop.halted() => ear.stands_still("", What::Paused),
                Some(Closed::Release(step)) => ear.stands_still(step, What::Held),
                _ => break,
            }
        }
        let Some((step, result)) = next(context, &mut tasks, &mut heart, ear.due()).await? else { continue };
        busy.remove(&step);
        context.shared().machine.put_down(&step);
        match result {
            Ok(()) | Err(Failure::Parked) => {}
            Err(Failure::Step { code, why, .. }) => failed.push(FailedStep { step, code: code.to_owned(), why }),
            Err(Failure::Closed { gate, why }) => unwell = Some((gate, why)),
            Err(Failure::Journal(error)) => return Err(Failure::Journal(error)),
        }
    }
    let (end, how) = match (failed.is_empty(), run.stop.asked(), closed, unwell) {
        (false, ..) => (End::Failed(failed), "failed"),
        (true, true, ..) => (End::Interrupted, "interrupted"),
        (true, false, _, Some((gate, why))) => (End::Unwell { gate, why }, "a gate's check is not well"),
        (true, false, Some(Closed::Gate(gate)), None) => (End::Gate(gate), "not confirmed"),
        (true, false, Some(Closed::Window(step)), None) => (End::Outside { step }, "outside of its windows"),
        (true, false, None | Some(Closed::Release(_)), None) => (End::Reached, "done"),
    };
    context.record(Body::RunEnded { how: how.to_owned() })?;
    run.hooks.map_or(Ok(()), |hooks| untold(context, hooks.close()))?;
    Ok(end)
}

/// Notes who could not be told of what.
fn untold(context: &Context<'_>, untold: Vec<Untold>) -> Result<(), Failure> {
    untold.into_iter().try_for_each(|Untold { hook, news, why }| context.record(Body::Untold { hook, news, why }))
}

/// What keeps a run from going on, apart from failures.
enum Closed {
    /// A gate whose question was not answered with yes.
    Gate(String),
    /// The window, for this step.
    Window(String),
    /// This step waits to be released.
    Release(String),
}

/// Begins what can be begun. Checkpoints are recorded on the way. The answer is what stays closed, if something does.
fn start<'c>(
    context: &'c Context<'_>,
    run: &'c Run<'_>,
    tasks: &mut FuturesUnordered<Ended<'c>>,
    busy: &mut BTreeSet<String>,
    failed: &BTreeSet<String>,
) -> Result<Option<Closed>, Failure> {
    let forward = matches!(run.goal, Goal::Forward(_));
    let mut not_now = failed.clone();
    let mut closed = None;
    loop {
        let commands = context.shared().machine.next(run.goal, busy, &not_now);
        let mut again = false;
        for command in commands {
            match command {
                Command::Checkpoint(stage) => {
                    context.record(Body::Checkpoint { stage: stage.name().to_owned() })?;
                    again = true;
                }
                Command::Ask(Gate { check: Some(_), .. }) if !busy.is_empty() => {}
                Command::Ask(gate @ Gate { check: Some(health), .. }) => {
                    let (id, probe) = (format!("gate {}", gate.id), run.probe);
                    busy.insert(id.clone());
                    tasks.push(Box::pin(async move { (id, gate::pass(context, probe, gate, health).await) }));
                }
                Command::Ask(gate) => {
                    if !(run.ask)(gate, &context.shared().machine) {
                        return Ok(Some(Closed::Gate(gate.id.clone())));
                    }
                    context.record(Body::Confirmed { gate: gate.id.clone(), who: run.who.to_owned() })?;
                    again = true;
                }
                Command::Do(id) | Command::Undo(id) => {
                    let Some(step) = context.shared().machine.step(&id) else { continue };
                    if forward && !may_begin(&context.shared().machine, &run.windows, step, context.clock.now_ms()) {
                        // A shorter one may still fit.
                        again |= not_now.insert(id.clone());
                        closed.get_or_insert(Closed::Window(id));
                        continue;
                    }
                    // Where nobody can ask, as in a simulation, nobody is waited for.
                    if forward && run.requests.is_some() && context.shared().machine.is_held(&id) {
                        again |= not_now.insert(id.clone());
                        closed.get_or_insert(Closed::Release(id));
                        continue;
                    }
                    busy.insert(id.clone());
                    context.shared().machine.take_up(&id);
                    tasks.push(Box::pin(async move {
                        let task = Task::new(context, step);
                        let result = if forward { task.forward().await } else { task.backward().await };
                        (id, result)
                    }));
                }
            }
        }
        if !again {
            return Ok(closed);
        }
    }
}

/// The next task that ends; none when it is time to listen. While it is waited for, the journal's heart beats. Where time is
/// virtual it jumps when nothing can run.
async fn next(
    context: &Context<'_>,
    tasks: &mut FuturesUnordered<Ended<'_>>,
    heart: &mut Option<Sleep>,
    listen_ms: Option<u64>,
) -> Result<Option<(String, Result<(), Failure>)>, Failure> {
    let mut listen = listen_ms.map(|at| context.clock.sleep_until(at));
    std::future::poll_fn(|waker| {
        loop {
            if let Poll::Ready(Some(ended)) = tasks.poll_next_unpin(waker) {
                return Poll::Ready(Ok(Some(ended)));
            }
            let listens = match &mut listen {
                Some(timer) => timer.as_mut().poll(waker).is_ready(),
                None => tasks.is_empty(),
            };
            if listens {
                return Poll::Ready(Ok(None));
            }
            if heart.as_mut().is_none_or(|sleep| sleep.as_mut().poll(waker).is_ready()) {
                match beat(context) {
                    Ok(None) => {}
                    Ok(Some(sleep)) => {
                        *heart = Some(sleep);
                        continue;
                    }
                    Err(failure) => return Poll::Ready(Err(failure)),
                }
            }
            if !context.clock.advance() {
                return Poll::Pending;
            }
        }
    })
    .await
}

/// Says to the journal that this run lives. The answer ends when it should be said again; none: never.
fn beat(context: &Context<'_>) -> Result<Option<Sleep>, Failure> {
    let again_ms = context.shared().journal.beat()?;
    Ok(again_ms.map(|ms| context.clock.sleep_until(context.clock.now_ms() + ms)))
}
