//! What an account of 10,000 resources takes to hold, to plan with its proof, and to move: `cargo bench --no-default-features
//! --bench memory`. Peaks of the whole process, by Linux's account; wanted: under 200 MB.

mod support;

use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use hikkoshi::clock::VirtualClock;
use hikkoshi::cloud::simulated::Simulated;
use hikkoshi::execute::{End, Goal, Run, Stop, run};
use hikkoshi::journal::Memory;
use hikkoshi::model::account::Account;
use hikkoshi::model::inventory::Inventory;
use hikkoshi::model::step::Stage;
use hikkoshi::plan::{Plan, plan};
use hikkoshi::world::World;
use support::account::{Shape, crowded, intent};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc; // the program's own

/// What the issue asks for.
const WANTED_MB: u64 = 200;

fn main() {
    support::heading("memory");
    println!("\n{:<52} {:>8}", "after", "peak MB");
    told("nothing");
    let seen = crowded(300, Shape::Shared, 10_000);
    told(&format!("holding {} resources", seen.resources.len()));
    let made = plan(&intent(), &seen, "", "").expect("a plan");
    told(&format!("planning and proving {} steps", made.steps.len()));
    night(&made, &seen);
    told("moving 300 workloads of it on a simulated account");
}

fn told(what: &str) {
    let status = support::read("/proc/self/status");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    let mb = peak.unwrap_or_default() / 1024;
    println!("{what:<52} {mb:>8}{}", if mb > WANTED_MB { "  over what is wanted" } else { "" });
}

fn night(made: &Plan, seen: &Inventory) {
    let account = Account::seen(seen);
    let (clock, stop) = (VirtualClock::at(account.now_ms), Stop::default());
    let cloud = Simulated::new(World::resume(account), Arc::new(clock.clone()));
    let moving = Run::alone(made, &[], &cloud, &clock, &stop, Goal::Forward(Stage::Tighten), "bench");
    let end = run(moving, Box::new(Arc::new(Mutex::new(Memory::default())))).now_or_never().expect("virtual time never waits");
    assert!(matches!(end, End::Reached), "{end:?}");
}
