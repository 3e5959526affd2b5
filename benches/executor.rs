//! What the executor's bookkeeping costs: `cargo bench --no-default-features --bench executor`.
//!
//! The cloud answers at once and does nothing, the clock is virtual: what is left is the machine, the driver, the tasks
//! and the journal. Wanted: 100 layers of 10 steps in less than 50 ms without the syncs of the journal's file.

mod support;

use std::alloc::System;
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use hikkoshi::clock::{RealClock, VirtualClock};
use hikkoshi::cloud::{Answer, Cloud};
use hikkoshi::execute::{End, Goal, Machine, Run, Stop, run};
use hikkoshi::journal::local::LocalStore;
use hikkoshi::journal::store::Store;
use hikkoshi::journal::{Journal, Memory, Record};
use hikkoshi::model::call::{Call, Outcome};
use hikkoshi::model::step::Stage;
use hikkoshi::plan::Plan;
use serde_json::json;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use support::layers::plan;
use support::{Cost, measure, stopwatch};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What the issue asks for.
const WANTED_MS: f64 = 50.0;

/// Says yes to everything.
#[derive(Default)]
struct Yes(AtomicU64);

impl Cloud for Yes {
    fn call<'a>(&'a self, _: &'a Call) -> Answer<'a> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(std::future::ready(Outcome::Done(json!({}))))
    }

    fn requests(&self) -> BTreeMap<String, u64> {
        BTreeMap::new()
    }
}

fn main() {
    support::heading("executor");
    println!(
        "\n{:<34} {:>7} {:>8} {:>9} {:>9} {:>9} {:>12} {:>10}",
        "", "steps", "records", "CPU ms", "clock ms", "µs/step", "allocations", "per step"
    );
    let asked = plan(100, 10);
    let (there, records) = memory(&asked, Goal::Forward(Stage::Foundation), &[]);
    show("100 × 10, journal in memory", &asked, records.len(), there);
    let (back, all) = memory(&asked, Goal::Back(None), &records);
    show("  and all the way back", &asked, all.len() - records.len(), back);
    let (on_disk, count) = file(&asked);
    show("100 × 10, journal in a file", &asked, count, on_disk);
    for (layers, wide) in [(1_000, 10), (1, 10_000)] {
        let larger = plan(layers, wide);
        let (there, records) = memory(&larger, Goal::Forward(Stage::Foundation), &[]);
        show(&format!("{layers} × {wide}, journal in memory"), &larger, records.len(), there);
        let (back, all) = memory(&larger, Goal::Back(None), &records);
        show("  and all the way back", &larger, all.len() - records.len(), back);
    }
    durable(&plan(1_000, 10));
    let verdict = if there.ms < WANTED_MS { "met" } else { "MISSED" };
    println!("\nwanted: 100 × 10 without syncs in less than {WANTED_MS} ms: {verdict} ({:.1} ms)", there.ms);
}

fn show(what: &str, plan: &Plan, records: usize, cost: Cost) {
    let steps = plan.steps.len();
    let (each, allocations) = (cost.ms * 1000.0 / steps as f64, cost.allocations);
    println!(
        "{what:<34} {steps:>7} {records:>8} {:>9.1} {:>9.1} {each:>9.1} {allocations:>12} {:>10}",
        cost.ms,
        cost.wall_ms,
        allocations / steps
    );
}

fn one(plan: &Plan, goal: Goal, records: &[Record], journal: Box<dyn Journal + '_>) {
    let (cloud, clock, stop) = (Yes::default(), VirtualClock::at(0), Stop::default());
    let whole = Run::alone(plan, records, &cloud, &clock, &stop, goal, "bench");
    let end = run(whole, journal).now_or_never();
    assert!(matches!(end, Some(End::Reached)), "{end:?}");
    assert!(cloud.0.load(Ordering::Relaxed) >= plan.steps.len() as u64, "not every step was called");
}

fn memory(plan: &Plan, goal: Goal, records: &[Record]) -> (Cost, Vec<Record>) {
    measure(ALLOCATOR, if plan.steps.len() > 1_000 { 2 } else { 10 }, || {
        let journal = Arc::new(Mutex::new(Memory { records: records.to_vec() }));
        one(plan, goal, records, Box::new(journal.clone()));
        journal.lock().map(|mut memory| std::mem::take(&mut memory.records)).unwrap_or_default()
    })
}

/// The same with a file that is synced after every record; the file's system decides what that costs.
/// What durability costs, and what it takes to say where a run stands: read, check the chain, replay.
fn durable(plan: &Plan) {
    let folder = tempfile::tempdir_in(".").expect("a folder");
    let store = LocalStore::new(&folder.path().join("journal.jsonl"), Arc::new(RealClock));
    let (run_ms, ()) = stopwatch(1, || one(plan, Goal::Forward(Stage::Foundation), &[], store.take("bench").expect("a journal").journal));
    let records = store.read().expect("a whole journal");
    let lines: Vec<String> = records.iter().map(|record| serde_json::to_string(record).expect("a record is JSON") + "\n").collect();
    let mut raw = tempfile::tempfile_in(".").expect("a file");
    let (raw_ms, ()) = stopwatch(1, || {
        for line in &lines {
            raw.write_all(line.as_bytes()).and_then(|()| raw.sync_data()).expect("room on the disk");
        }
    });
    let (replay_ms, _) = stopwatch(3, || {
        let records = store.read().expect("a whole journal");
        Machine::replay(plan, &records).is_verified(&plan.steps[0].id)
    });
    println!(
        "\n{} steps made durable in {} records: {:.0} steps a second, {:.2} × what the same bytes take with a bare fsync each",
        plan.steps.len(),
        records.len(),
        plan.steps.len() as f64 / run_ms * 1000.0,
        run_ms / raw_ms
    );
    println!(
        "reading them, checking the chain and replaying: {replay_ms:.1} ms, {:.1} µs a record",
        replay_ms * 1000.0 / records.len() as f64
    );
}

fn file(plan: &Plan) -> (Cost, usize) {
    measure(ALLOCATOR, 3, || {
        let folder = tempfile::tempdir_in(".").expect("a folder");
        let store = LocalStore::new(&folder.path().join("journal.jsonl"), Arc::new(RealClock));
        one(plan, Goal::Forward(Stage::Foundation), &[], store.take("bench").expect("a new journal").journal);
        store.read().expect("a whole journal").len()
    })
}
