//! What planning costs as an account grows, without the proof (that is `--bench proof`):
//! `cargo bench --no-default-features --bench plan`; `-- quick` stops at 2,000,
//! `-- simulate=N` makes the dry run only.
//!
//! A step that is quadratic shows as a growth near 4 per doubling; near 2 is linear.

mod support;

use std::alloc::System;
use std::sync::{Arc, Mutex};

use hikkoshi::clock::{Clock, VirtualClock};
use hikkoshi::cloud::Cloud;
use hikkoshi::cloud::simulated::Simulated;
use hikkoshi::execute::{End, Goal, Run, Stop, run};
use hikkoshi::journal::Memory;
use hikkoshi::model::account::{Account, Quotas};
use hikkoshi::model::inventory::Inventory;
use hikkoshi::model::step::Stage;
use hikkoshi::plan::{Plan, format, plan, unproved};
use hikkoshi::world::World;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use support::account::{Shape, intent, inventory};
use support::{Cost, measure};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const SIZES: [usize; 5] = [100, 1_000, 2_000, 5_000, 10_000];

fn main() {
    let quick = std::env::args().any(|argument| argument == "quick");
    if let Some(size) = std::env::args().find_map(|argument| argument.strip_prefix("simulate=")?.parse().ok()) {
        return simulate(size);
    }
    support::heading("plan");
    for (name, shape) in
        [("one shared group, and one per stack", Shape::Shared), ("a group per workload, each naming the next", Shape::Chain)]
    {
        println!("\n{name}");
        println!("{:>9} {:>9} {:>7} {:>9} {:>7} {:>11}", "workloads", "resources", "steps", "plan ms", "growth", "allocations");
        let mut before: Option<(usize, f64)> = None;
        for size in SIZES.into_iter().filter(|size| !quick || *size <= 2_000) {
            let cost = row(size, shape, before);
            before = Some((size, cost.ms));
        }
    }
    simulate(if quick { 200 } else { 1_000 });
}

/// One size. Growth is per doubling: the slope between two sizes on a logarithmic scale.
fn row(size: usize, shape: Shape, before: Option<(usize, f64)>) -> Cost {
    let (seen, wanted) = (inventory(size, shape), intent());
    let rounds = if size > 2_000 { 2 } else { 4 };
    let (cost, made) = measure(ALLOCATOR, rounds, || planned(&seen, &wanted));
    let growth = before.map_or("-".to_owned(), |(smaller, ms)| {
        format!("{:.2}", (cost.ms / ms).powf(std::f64::consts::LN_2 / (size as f64 / smaller as f64).ln()))
    });
    let (resources, steps) = (seen.resources.len(), made.steps.len());
    println!("{size:>9} {resources:>9} {steps:>7} {:>9.1} {growth:>7} {:>11}", cost.ms, cost.allocations);
    let (writing, text) = measure(ALLOCATOR, rounds, || format::write(&made).expect("a plan can be written"));
    let (reading, read) = measure(ALLOCATOR, 1, || format::read(&text));
    match read {
        Ok(read) => assert!(read == made, "the plan that was read is not the one that was written"),
        Err(why) => panic!("{}: {}", why.code, why.problem.message),
    }
    let (graph, _) = measure(ALLOCATOR, rounds, || hikkoshi::graph::build(&seen));
    let (audit, _) = measure(ALLOCATOR, rounds, || hikkoshi::audit::audit(&seen));
    let (megabytes, hash) = (text.len() as f64 / 1e6, &format::hash(&text)[..16]);
    println!(
        "{:>9} plan.yaml {megabytes:.2} MB ({hash}): write {:.1} ms, read and check {:.1} ms; graph {:.1} ms; audit {:.1} ms",
        "", writing.ms, reading.ms, graph.ms, audit.ms
    );
    cost
}

fn planned(inventory: &Inventory, intent: &hikkoshi::plan::intent::Intent) -> Plan {
    unproved(intent, inventory).unwrap_or_else(|problem| panic!("{}", problem.message))
}

/// The executor on a simulated account, there and all the way back.
fn simulate(size: usize) {
    let seen = inventory(size, Shape::Shared);
    let made = plan(&intent(), &seen, "intent", "inventory").unwrap_or_else(|problem| panic!("{}", problem.message));
    let until = made.stages.iter().copied().filter(|stage| *stage != Stage::Cleanup).max().unwrap_or(Stage::Foundation);
    let mut account = Account::from(&seen);
    account.quotas = Quotas { addresses: 1_000, ..Quotas::default() };
    let clock = Arc::new(VirtualClock::at(0));
    let cloud = Simulated::new(World::resume(account), clock.clone());
    println!("\ndry run of {size} workloads, {} resources, {} steps, through {}", seen.resources.len(), made.steps.len(), until.name());
    let journal = Arc::new(Mutex::new(Memory::default()));
    for (way, goal) in [("there", Goal::Forward(until)), ("back", Goal::Back(None))] {
        let records = journal.lock().map(|memory| memory.records.clone()).unwrap_or_default();
        let (before, start) = (cloud.requests().values().sum::<u64>(), clock.now_ms());
        let (cost, end) = measure(ALLOCATOR, 1, || {
            let stop = Stop::default();
            let whole = Run::alone(&made, &records, &cloud, &*clock, &stop, goal, "bench");
            futures_util::FutureExt::now_or_never(run(whole, Box::new(journal.clone())))
        });
        assert!(matches!(end, Some(End::Reached)), "{way}: {end:?}");
        let calls = cloud.requests().values().sum::<u64>() - before;
        let hours = (clock.now_ms() - start) as f64 / 3_600_000.0;
        println!(
            "  {way:<5} {:.0} ms, {calls} calls ({:.3} ms each), {} allocations, {hours:.1} h of the simulated clock",
            cost.ms,
            cost.ms / calls as f64,
            cost.allocations
        );
    }
}
