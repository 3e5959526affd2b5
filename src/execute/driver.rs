//! The thin half: carries out what the machine says, as many steps at a time as the plan allows.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::event::{Event, What};
use super::machine::{Command, Goal, Machine};
use super::patience::Waiting;
use super::task::{Context, Failure, Shared, Task};
use crate::clock::Clock;
use crate::cloud::Cloud;
use crate::journal::{Body, Error as JournalError, Journal, Record};
use crate::plan::{Gate, Plan};

/// Failures that would meet every other step as well, or that say that the account is not what was planned for: AWS
/// is out of reach, the credentials are not accepted, somebody else has changed something.
const FOR_ALL: [&str; 3] = ["HK0301", "HK0302", "HK0505"];

/// Asked once, a run starts nothing more and parks what waits.
#[derive(Default)]
pub struct Stop {
    asked: AtomicBool,
    wake: tokio::sync::Notify,
}

impl Stop {
    /// Asks.
    pub fn ask(&self) {
        self.asked.store(true, Ordering::SeqCst);
        self.wake.notify_waiters();
    }

    /// Whether it was asked.
    pub fn asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// Ends when it is asked.
    pub async fn wait(&self) {
        let notified = self.wake.notified();
        if !self.asked() {
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
    /// What begins the journal if it is empty.
    pub opening: Body,
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
    /// The journal could not be written: nothing was done after that.
    Journal(JournalError),
}

type Ended<'c> = Pin<Box<dyn Future<Output = (String, Result<(), Failure>)> + Send + 'c>>;

/// Makes a run.
pub async fn run<'p>(run: Run<'p>, journal: Box<dyn Journal + 'p>) -> End {
    let machine = Machine::replay(run.plan, run.records);
    let context = Context {
        cloud: run.cloud,
        clock: run.clock,
        shared: Mutex::new(Shared { journal, machine }),
        tell: run.tell,
        stop: run.stop,
        waiting: Waiting::default(),
        migration: run.plan.migration.clone(),
    };
    match drive(&context, &run).await {
        Ok(end) => end,
        Err(Failure::Journal(error)) => End::Journal(error),
        Err(Failure::Parked) => End::Interrupted,
        Err(Failure::Step { code, why }) => End::Failed(vec![FailedStep { step: String::new(), code: code.to_owned(), why }]),
    }
}

async fn drive(context: &Context<'_>, run: &Run<'_>) -> Result<End, Failure> {
    if run.records.is_empty() {
        context.record(run.opening.clone())?;
    }
    let what = if matches!(run.goal, Goal::Forward(_)) { "apply" } else { "rollback" };
    context.record(Body::RunBegan { what: what.to_owned(), who: run.who.to_owned() })?;
    let mut tasks: FuturesUnordered<Ended<'_>> = FuturesUnordered::new();
    let mut busy: BTreeSet<String> = BTreeSet::new();
    let mut failed: Vec<FailedStep> = Vec::new();
    let mut closed = None;
    loop {
        // A failed step stops what needs it, and nothing else; but where nothing can be trusted to work or to be as
        // planned, nothing more is begun.
        let hopeless = failed.iter().any(|step| FOR_ALL.contains(&step.code.as_str()));
        if !hopeless && !run.stop.asked() {
            let tried: BTreeSet<String> = failed.iter().map(|step| step.step.clone()).collect();
            closed = start(context, run, &mut tasks, &mut busy, &tried)?;
        }
        if tasks.is_empty() {
            break;
        }
        let (step, result) = next(&mut tasks, run.clock).await;
        busy.remove(&step);
        match result {
            Ok(()) | Err(Failure::Parked) => {}
            Err(Failure::Step { code, why }) => failed.push(FailedStep { step, code: code.to_owned(), why }),
            Err(Failure::Journal(error)) => return Err(Failure::Journal(error)),
        }
    }
    let (end, how) = match (failed.is_empty(), run.stop.asked(), closed) {
        (false, _, _) => (End::Failed(failed), "failed"),
        (true, true, _) => (End::Interrupted, "interrupted"),
        (true, false, Some(gate)) => (End::Gate(gate), "not confirmed"),
        (true, false, None) => (End::Reached, "done"),
    };
    context.record(Body::RunEnded { how: how.to_owned() })?;
    Ok(end)
}

/// Begins what can be begun. Checkpoints are recorded on the way. The answer is the gate that stays closed, if one does.
fn start<'c>(
    context: &'c Context<'_>,
    run: &Run<'_>,
    tasks: &mut FuturesUnordered<Ended<'c>>,
    busy: &mut BTreeSet<String>,
    failed: &BTreeSet<String>,
) -> Result<Option<String>, Failure> {
    loop {
        let commands = context.shared().machine.next(run.goal, busy, failed);
        let mut reached = false;
        for command in commands {
            match command {
                Command::Checkpoint(stage) => {
                    context.record(Body::Checkpoint { stage: stage.name().to_owned() })?;
                    context.tell(stage.name(), What::Checkpoint);
                    reached = true;
                }
                Command::Ask(gate) => {
                    if !(run.ask)(gate, &context.shared().machine) {
                        return Ok(Some(gate.id.clone()));
                    }
                    context.record(Body::Confirmed { gate: gate.id.clone(), who: run.who.to_owned() })?;
                    reached = true;
                }
                Command::Do(id) | Command::Undo(id) => {
                    let Some(step) = context.shared().machine.step(&id) else { continue };
                    busy.insert(id.clone());
                    let forward = matches!(run.goal, Goal::Forward(_));
                    tasks.push(Box::pin(async move {
                        let task = Task::new(context, step);
                        let result = if forward { task.forward().await } else { task.backward().await };
                        (id, result)
                    }));
                }
            }
        }
        if !reached {
            return Ok(None);
        }
    }
}

/// The next task that ends. Where time is virtual it jumps when nothing can run.
async fn next(tasks: &mut FuturesUnordered<Ended<'_>>, clock: &dyn Clock) -> (String, Result<(), Failure>) {
    std::future::poll_fn(|context| {
        loop {
            match tasks.poll_next_unpin(context) {
                Poll::Ready(Some(ended)) => return Poll::Ready(ended),
                Poll::Ready(None) => return Poll::Ready((String::new(), Ok(()))),
                Poll::Pending if clock.advance() => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    })
    .await
}
