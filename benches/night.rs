//! How long a night takes against what nothing can beat: `cargo bench --no-default-features --bench night`.
//!
//! The executor itself moves an account on the simulated account, in virtual time; every request waits for a token of its
//! bucket and takes as long as AWS usually takes to answer. Against that stands the longer of two bounds: the critical path,
//! with each step as long as the player needs for it, which sees every event of the simulated account as it happens; and the
//! bucket that empties first, from the requests that were really sent. Wanted: at most 1.05. No number depends on the machine.
//! `-- where` tells which steps took longer than the player needs.

mod support;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use hikkoshi::clock::{Clock, VirtualClock};
use hikkoshi::cloud::simulated::Simulated;
use hikkoshi::cloud::{Answer, Cloud};
use hikkoshi::execute::{End, Event, Goal, Run, Stop, What, run};
use hikkoshi::journal::Memory;
use hikkoshi::model::account::Account;
use hikkoshi::model::call::Call;
use hikkoshi::model::inventory::Inventory;
use hikkoshi::model::rate::{Buckets, Class, class};
use hikkoshi::model::step::{Stage, Step};
use hikkoshi::plan::{Plan, intent, order, plan};
use hikkoshi::world::World;
use hikkoshi::world::play::Player;
use support::account::{Shape, crowded, intent as wide};

/// How long AWS usually takes to answer, in milliseconds.
const ANSWER_MS: u64 = 150;
/// What the issue asks for.
const WANTED: f64 = 1.05;

/// How many requests of a class were sent, its burst and its refill, by its name.
type Sent = BTreeMap<String, (u64, f64, f64)>;

/// A simulated account behind AWS's token buckets.
struct Paced<'c> {
    inner: Simulated,
    clock: &'c VirtualClock,
    since_ms: u64,
    buckets: Mutex<Buckets>,
    sent: Mutex<Sent>,
}

impl Paced<'_> {
    /// Until when a request has to wait.
    fn token_ms(&self, call: &Call) -> u64 {
        let Class { name, burst, refill } = class(&call.operation);
        self.sent.lock().expect("no panic").entry(name.to_owned()).or_insert((0, burst, refill)).0 += 1;
        let now = Duration::from_millis(self.clock.now_ms() - self.since_ms);
        let wait = self.buckets.lock().expect("no panic").take(&call.operation, now);
        self.clock.now_ms() + u64::try_from(wait.as_millis()).expect("short")
    }
}

impl Cloud for Paced<'_> {
    fn call<'a>(&'a self, call: &'a Call) -> Answer<'a> {
        Box::pin(async move {
            self.clock.sleep_until(self.token_ms(call)).await;
            let outcome = self.inner.call(call).await;
            self.clock.sleep_until(self.clock.now_ms() + ANSWER_MS).await;
            outcome
        })
    }

    fn requests(&self) -> BTreeMap<String, u64> {
        self.inner.requests()
    }
}

fn main() {
    support::heading("night");
    println!(
        "\n{:<28} {:>6} {:>9} {:>12} {:>13} {:>10} {:>16} {:>7}",
        "", "steps", "requests", "makespan s", "crit. path s", "bucket s", "which", "ratio"
    );
    let story: Inventory = serde_json::from_str(&support::read("plans/story/inventory.json")).expect("an inventory");
    let text = support::read("migrations/story.yaml");
    row("the story's account", &story, &intent::parse(&text).unwrap_or_else(|problem| panic!("{}", problem.message)));
    for size in [50, 100, 200] {
        row(&format!("{size} workloads"), &crowded(size, Shape::Shared, 0), &wide());
    }
}

fn row(name: &str, seen: &Inventory, intent: &intent::Intent) {
    let made = plan(intent, seen, "", "").unwrap_or_else(|problem| panic!("{}", problem.message));
    assert!(made.blockers.is_empty() && made.broken.is_empty(), "{name}: a plan that holds");
    let events = Mutex::new(Vec::new());
    let (makespan_s, sent) = night(&made, seen, &events);
    let (path_s, tenths) = critical_path(&made, seen);
    let (bucket, bucket_s) = budget(&sent);
    let bound = path_s.max(bucket_s);
    let ratio = makespan_s / bound;
    println!(
        "{name:<28} {:>6} {:>9} {makespan_s:>12.1} {path_s:>13.1} {bucket_s:>10.1} {bucket:>16} {ratio:>7.3}{}",
        made.steps.iter().filter(|step| step.stage != Stage::Cleanup).count(),
        sent.values().map(|(count, ..)| count).sum::<u64>(),
        if ratio > WANTED { "  over what is wanted" } else { "" }
    );
    if std::env::args().any(|argument| argument == "where") {
        lost(&tenths, &events.into_inner().expect("no panic"));
    }
}

/// Where the most time was lost: steps that took longer than the player needs, or began later than they could.
fn lost(tenths: &[Step], events: &[Event]) {
    let at = |id: &str, what: &What| {
        events.iter().find(|event| event.step == id && event.what == *what).map(|event| event.at_ms as f64 / 1000.0)
    };
    let mut lines: Vec<(f64, String)> = Vec::new();
    for step in tenths {
        let (Some(began), Some(ended)) = (at(&step.id, &What::Began), at(&step.id, &What::Verified)) else { continue };
        let (took, ideal) = (ended - began, step.estimate_s as f64 / 10.0);
        lines.push((took - ideal, format!("{} took {took:.1} s, {ideal:.1} would do", step.id)));
    }
    lines.sort_by(|a, b| b.0.total_cmp(&a.0));
    lines.iter().take(25).for_each(|(seconds, line)| println!("    {seconds:>8.1} s lost: {line}"));
}

/// How long the executor takes until everything is moved, in seconds, and how many requests of each class it sends.
fn night(made: &Plan, seen: &Inventory, events: &Mutex<Vec<Event>>) -> (f64, Sent) {
    let account = Account::seen(seen);
    let (begin, clock) = (account.now_ms, VirtualClock::at(account.now_ms));
    let inner = Simulated::new(World::resume(account), Arc::new(clock.clone()));
    let cloud = Paced { inner, clock: &clock, since_ms: begin, buckets: Mutex::default(), sent: Mutex::default() };
    let (journal, stop) = (Arc::new(Mutex::new(Memory::default())), Stop::default());
    let tell = |event: &Event| events.lock().expect("no panic").push(event.clone());
    let made_run = Run { tell: &tell, ..Run::alone(made, &[], &cloud, &clock, &stop, Goal::Forward(Stage::Tighten), "bench") };
    let end = run(made_run, Box::new(journal)).now_or_never().expect("virtual time never waits");
    assert!(matches!(end, End::Reached), "{end:?}");
    ((clock.now_ms() - begin) as f64 / 1000.0, cloud.sent.into_inner().expect("no panic"))
}

/// The critical path in seconds, each step as long as the player needs for it and its requests' answers.
fn critical_path(made: &Plan, seen: &Inventory) -> (f64, Vec<Step>) {
    let mut player = Player::new(Account::seen(seen));
    let mut tenths: Vec<Step> = Vec::new();
    for step in made.steps.iter().filter(|step| step.stage != Stage::Cleanup) {
        let begin = player.account().now_ms;
        player.step(step).unwrap_or_else(|stuck| panic!("{}: {}", stuck.step, stuck.why));
        // What is waited for, and the answers of the call and of one read that shows each condition.
        let answers = 1 + step.ready.len() + step.wait.len() + step.verify.len();
        let took_ms = player.account().now_ms - begin + ANSWER_MS * answers as u64;
        tenths.push(Step { estimate_s: took_ms / 100, ..step.clone() });
    }
    let (times, _) = order::schedule(tenths.iter(), None);
    let end = times.values().map(|(_, end)| *end).max().unwrap_or(0) as f64 / 10.0;
    (end, tenths)
}

/// The bucket that empties first, and how long it takes for the requests that were sent, in seconds.
fn budget(sent: &Sent) -> (&str, f64) {
    let bounds = sent.iter().map(|(name, (count, burst, refill))| (name.as_str(), ((*count as f64 - burst) / refill).max(0.0)));
    bounds.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or_default()
}
