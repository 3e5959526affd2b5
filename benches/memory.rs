//! What an account of 10,000 resources takes to hold, to plan with its proof, and to move: `cargo bench --no-default-features
//! --bench memory`. Each in a process of its own, as the commands are; peaks by Linux's account; wanted: under 200 MB.
//!
//! The night holds what `apply` holds: the plan; at first the inventory, and a second look at the whole account to compare it
//! with. Besides, the simulated account that it runs on.

#![allow(clippy::disallowed_methods, reason = "a benchmark writes files by trade")]

mod support;

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use hikkoshi::clock::VirtualClock;
use hikkoshi::cloud::simulated::Simulated;
use hikkoshi::discover::{discover, drift};
use hikkoshi::execute::{End, Goal, Run, Stop, run};
use hikkoshi::journal::Memory;
use hikkoshi::model::account::Account;
use hikkoshi::model::inventory::Inventory;
use hikkoshi::model::step::Stage;
use hikkoshi::plan::{format, plan};
use hikkoshi::world::World;
use support::account::{Shape, crowded, intent};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc; // the program's own

/// What the issue asks for.
const WANTED_MB: u64 = 200;
/// In whose directory a part of the benchmark works.
const PART: &str = "HIKKOSHI_BENCH_PART";

fn main() {
    if let Ok(part) = std::env::var(PART) {
        let (part, dir) = part.split_once(':').expect("a part and its directory");
        return work(part, Path::new(dir));
    }
    support::heading("memory");
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("inventory.json"), serde_json::to_string(&crowded(300, Shape::Shared, 10_000)).expect("JSON"))
        .expect("a file");
    println!("\n{:<64} {:>8}", "10,000 resources, 300 of which move", "peak MB");
    for part in ["hold", "plan", "night"] {
        let itself = std::env::current_exe().expect("a program");
        let done = Command::new(itself).env(PART, format!("{part}:{}", dir.path().display())).status().expect("it runs");
        assert!(done.success(), "{part}");
    }
}

fn work(part: &str, dir: &Path) {
    let inventory: Inventory =
        serde_json::from_str(&support::read(&dir.join("inventory.json").display().to_string())).expect("an inventory");
    match part {
        "hold" => told("held, as read from the file"),
        "plan" => {
            let made = plan(&intent(), &inventory, "", "").expect("a plan");
            std::fs::write(dir.join("plan.yaml"), format::write(&made).expect("YAML")).expect("a file");
            told(&format!("planned and proved: {} steps", made.steps.len()));
        }
        _ => night(dir, inventory),
    }
}

/// What Linux says of this process, in MB.
fn status_mb(field: &str) -> u64 {
    let status = support::read("/proc/self/status");
    let kb = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kb.unwrap_or_default() / 1024
}

fn resident_mb() -> u64 {
    status_mb("VmRSS")
}

fn told(what: &str) {
    let mb = status_mb("VmHWM");
    println!("{what:<64} {mb:>8}{}", if mb > WANTED_MB { "  over what is wanted" } else { "" });
}

fn night(dir: &Path, seen: Inventory) {
    let made = format::read(&support::read(&dir.join("plan.yaml").display().to_string())).expect("the plan that was just written");
    let before = resident_mb();
    let account = Account::seen(&seen);
    let (clock, stop) = (VirtualClock::at(account.now_ms), Stop::default());
    let cloud = Simulated::new(World::resume(account), Arc::new(clock.clone()));
    let simulated = resident_mb().saturating_sub(before);
    let look = discover(&cloud, &seen.account, &seen.region, &seen.vpc, String::new());
    let now = look.now_or_never().expect("virtual time never waits").expect("the account answers");
    assert!(drift::between(&seen, &now).is_empty(), "nothing has changed");
    told(&format!("compared with a second look at {} resources", now.resources.len()));
    println!("{:<64} {simulated:>8}", "  of these the simulated account, which a run on AWS does not hold");
    drop((seen, now));
    let moving = Run::alone(&made, &[], &cloud, &clock, &stop, Goal::Forward(Stage::Tighten), "bench");
    let end = run(moving, Box::new(Arc::new(Mutex::new(Memory::default())))).now_or_never().expect("virtual time never waits");
    assert!(matches!(end, End::Reached), "{end:?}");
    told("and moved");
}
