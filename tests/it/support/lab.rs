//! A simulated account with a plan, a journal and a driver that can be disturbed at every call.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use hikkoshi::clock::{Clock, VirtualClock};
use hikkoshi::cloud::simulated::Simulated;
use hikkoshi::cloud::{Answer, Cloud};
use hikkoshi::execute::driver::{End, Run, Stop, run};
use hikkoshi::execute::event::Event;
use hikkoshi::execute::gate::Probe;
use hikkoshi::execute::machine::{Goal, Machine};
use hikkoshi::journal::request::Requests;
use hikkoshi::journal::{Body, Error, Journal, Memory, Record};
use hikkoshi::model::call::{Call, Outcome, Refusal};
use hikkoshi::model::flow::Flow;
use hikkoshi::model::step::Stage;
use hikkoshi::plan::window::Windows;
use hikkoshi::plan::{self, Gate, Plan, intent};
use hikkoshi::rehearse::vitals::{Vitals, Watch};
use hikkoshi::world::World;

use super::account::{ACCOUNT, BEGIN_MS, Docs, REGION, VPC, block_on};

/// The first lines of every intent.
pub fn head() -> String {
    format!("migration: shop\naccount: \"{ACCOUNT}\"\nregion: {REGION}\nvpc: {VPC}\n")
}

/// The plan for an account and the further lines of an intent.
pub fn plan_of(docs: &Docs, further: &str) -> Plan {
    let intent = intent::parse(&format!("{}{further}", head())).unwrap_or_else(|problem| panic!("{problem}"));
    plan::plan(&intent, &docs.inventory(), "intent", "inventory").unwrap_or_else(|problem| panic!("{problem}"))
}

/// The flows that must survive, for an account and the further lines of an intent.
pub fn flows_of(docs: &Docs, further: &str) -> Vec<Flow> {
    let intent = intent::parse(&format!("{}{further}", head())).unwrap_or_else(|problem| panic!("{problem}"));
    plan::prove::flows(&intent, &docs.inventory(), None).unwrap_or_else(|problem| panic!("{problem}"))
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is made.
    Pass,
    /// It is refused with this code; nothing is done.
    Refuse(&'static str),
    /// It is carried out, and the answer is lost.
    Lose,
    /// It never arrives, and nobody can tell.
    Drop,
    /// The process dies before it is sent.
    DieBefore,
    /// The process dies after it was carried out.
    DieAfter,
}

/// Decides on a call: its number among the calls of its sort (mutating or read), from 1, and the call.
pub type Decide<'a> = &'a (dyn Fn(u64, &Call) -> Fate + Sync);

struct Flaky<'a> {
    inner: &'a Simulated,
    decide: Decide<'a>,
    mutating: AtomicU64,
    reads: AtomicU64,
    dead: &'a AtomicBool,
    ahead_ms: i64,
}

fn lost() -> Outcome {
    Outcome::Unknown("the connection was closed before an answer came".to_owned())
}

impl Cloud for Flaky<'_> {
    fn call<'a>(&'a self, call: &'a Call) -> Answer<'a> {
        if self.dead.load(Ordering::SeqCst) {
            return Box::pin(std::future::ready(lost()));
        }
        let counter = if call.operation.is_read() { &self.reads } else { &self.mutating };
        let number = counter.fetch_add(1, Ordering::SeqCst) + 1;
        let fate = (self.decide)(number, call);
        match fate {
            Fate::Pass => self.inner.call(call),
            Fate::Refuse(code) => Box::pin(std::future::ready(Outcome::Refused(Refusal::new(code, "a fault that was asked for")))),
            Fate::Drop => Box::pin(std::future::ready(lost())),
            Fate::DieBefore => {
                self.dead.store(true, Ordering::SeqCst);
                Box::pin(std::future::ready(lost()))
            }
            Fate::Lose | Fate::DieAfter => Box::pin(async move {
                self.inner.call(call).await;
                self.dead.fetch_or(fate == Fate::DieAfter, Ordering::SeqCst);
                lost()
            }),
        }
    }

    fn requests(&self) -> BTreeMap<String, u64> {
        self.inner.requests()
    }

    fn ahead_ms(&self) -> i64 {
        self.ahead_ms
    }
}

/// A journal that takes so many records more, and none when the process is dead.
struct Mortal<'a> {
    kept: &'a Mutex<Memory>,
    dead: &'a AtomicBool,
    left: usize,
}

impl Journal for Mortal<'_> {
    fn append(&mut self, at: &str, body: &Body) -> Result<(), Error> {
        if self.left == 0 {
            self.dead.store(true, Ordering::SeqCst);
        }
        if self.dead.load(Ordering::SeqCst) {
            return Err(Error::Unwritable("the process is dead".to_owned()));
        }
        self.left -= 1;
        self.kept.lock().expect("nobody panics in here").append(at, body)
    }
}

/// How a run is disturbed.
pub struct Disturb<'a> {
    /// What becomes of each call.
    pub decide: Decide<'a>,
    /// How many records the journal takes.
    pub records: usize,
    /// Answers at a gate.
    pub ask: &'a (dyn Fn(&Gate, &Machine<'_>) -> bool + Sync),
    /// What is remembered of an edited plan.
    pub amendment: Option<Body>,
    /// Looks at what is outside of the account.
    pub probe: Option<&'a dyn Probe>,
    /// What people ask of the run.
    pub requests: Option<&'a dyn Requests>,
    /// Who listens; may ask to stop.
    pub tell: &'a (dyn Fn(&Event, &Stop) + Sync),
}

impl Default for Disturb<'_> {
    fn default() -> Self {
        Disturb {
            decide: &|_, _| Fate::Pass,
            records: usize::MAX,
            ask: &|_, _| true,
            probe: None,
            requests: None,
            amendment: None,
            tell: &|_, _| (),
        }
    }
}

/// The account, the time, the plan and the journal so far.
pub struct Lab<'p> {
    /// The plan.
    pub plan: &'p Plan,
    /// The time.
    pub clock: VirtualClock,
    /// The account.
    pub cloud: Simulated,
    /// The journal.
    pub records: Vec<Record>,
    /// How far the clock of the machine that runs it is ahead of AWS's, in milliseconds.
    pub ahead_ms: i64,
}

/// The last stage before cleanup.
pub const ALL: Goal = Goal::Forward(Stage::Tighten);

impl<'p> Lab<'p> {
    /// A fresh account.
    pub fn new(docs: &Docs, plan: &'p Plan) -> Lab<'p> {
        assert_eq!(plan.blockers, [], "a plan with blockers is not carried out");
        let clock = VirtualClock::at(BEGIN_MS);
        let cloud = Simulated::new(World::resume(docs.account()), Arc::new(clock.clone()));
        Lab { plan, clock, cloud, records: Vec::new(), ahead_ms: 0 }
    }

    /// The same at this moment, to be disturbed on its own.
    pub fn fork(&self) -> Lab<'p> {
        let clock = VirtualClock::at(self.clock.now_ms());
        let cloud = Simulated::new(World::resume(self.cloud.account()), Arc::new(clock.clone()));
        Lab { plan: self.plan, clock, cloud, records: self.records.clone(), ahead_ms: self.ahead_ms }
    }

    /// Makes a run that nothing disturbs.
    pub fn go(&mut self, goal: Goal) -> End {
        self.go_with(goal, &Disturb::default())
    }

    /// Makes a run that nothing disturbs and that must reach its goal.
    pub fn reach(&mut self, goal: Goal, context: &str) {
        let end = self.go(goal);
        assert!(matches!(end, End::Reached), "{context}: {end:?}");
    }

    /// Makes a run.
    pub fn go_with(&mut self, goal: Goal, disturb: &Disturb<'_>) -> End {
        let dead = AtomicBool::new(false);
        let kept = Mutex::new(Memory { records: self.records.clone() });
        let stop = Stop::default();
        let cloud = Flaky {
            inner: &self.cloud,
            decide: disturb.decide,
            mutating: AtomicU64::new(0),
            reads: AtomicU64::new(0),
            dead: &dead,
            ahead_ms: self.ahead_ms,
        };
        let vitals = Arc::new(Vitals::default());
        vitals.set_clock(self.ahead_ms);
        let watch = Watch::new(&self.clock, &vitals);
        let journal = Mortal { kept: &kept, dead: &dead, left: disturb.records };
        let tell = |event: &Event| (disturb.tell)(event, &stop);
        let opening = Body::Opened { id: "test".into(), migration: "shop".into(), plan: "hash".into(), version: "0".into() };
        let run_of = Run {
            plan: self.plan,
            records: &self.records,
            cloud: &cloud,
            clock: &watch,
            tell: &tell,
            stop: &stop,
            ask: disturb.ask,
            windows: Windows::parse(&self.plan.windows).expect("the plan's windows are windows"),
            probe: disturb.probe,
            requests: disturb.requests,
            amendment: disturb.amendment.clone(),
            approved: Vec::new(),
            hooks: None,
            goal,
            who: "test",
            opening,
        };
        let end = block_on(run(run_of, Box::new(journal)));
        self.records = kept.into_inner().expect("nobody panics in here").records;
        end
    }

    /// Lets time pass.
    pub fn skip(&self, seconds: u64) {
        let at = self.clock.now_ms() + seconds * 1000;
        let mut sleep = pin!(self.clock.sleep_until(at));
        block_on(std::future::poll_fn(|context| match sleep.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending => {
                self.clock.advance();
                sleep.as_mut().poll(context)
            }
        }));
    }

    /// How many mutating calls an undisturbed run to a goal makes from here.
    pub fn calls(&self, goal: Goal) -> u64 {
        let fork = self.fork();
        let before = fork.cloud.mutating();
        let mut fork = fork;
        fork.reach(goal, "counting calls");
        fork.cloud.mutating() - before
    }
}
