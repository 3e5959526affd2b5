//! What `status` takes on a journal of 10,000 steps: the program from its start to its end, told from its index, and with
//! everything read and the chain checked. Wanted: 20 ms.

#![expect(clippy::disallowed_methods, reason = "a bench lays out files for the program that it measures")]

mod support;

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use hikkoshi::clock::VirtualClock;
use hikkoshi::cloud::{Answer, Cloud};
use hikkoshi::execute::{End, Goal, Run, Stop, run};
use hikkoshi::journal::{Body, Memory};
use hikkoshi::model::call::{Call, Outcome};
use hikkoshi::model::step::Stage;
use hikkoshi::plan::format;
use serde_json::json;
use support::layers::plan;

/// What the issue asks for.
const WANTED_MS: f64 = 20.0;
const STEPS: usize = 10_000;

/// Says yes to everything.
struct Yes;

impl Cloud for Yes {
    fn call<'a>(&'a self, _: &'a Call) -> Answer<'a> {
        Box::pin(std::future::ready(Outcome::Done(json!({}))))
    }

    fn requests(&self) -> std::collections::BTreeMap<String, u64> {
        std::collections::BTreeMap::new()
    }
}

fn main() {
    support::heading("status");
    let folder = tempfile::tempdir_in(".").expect("a folder");
    let bytes = lay_out(folder.path());
    let index = folder.path().join("plans/bench/.cache/index");
    let all = times(3, folder.path(), || drop(std::fs::remove_file(&index)));
    // The first one after the journal was written hashes it once more: the file system's clock ticks too coarsely.
    status(folder.path());
    let quick = times(20, folder.path(), || ());
    println!("\n{STEPS} steps, {} records, journal {:.1} MB, plan {:.1} MB", bytes.0, mb(bytes.1), mb(bytes.2));
    println!("told from the index:            median {:>8.1} ms, most {:>8.1} ms", quick.0, quick.1);
    println!("everything read, chain checked: median {:>8.1} ms, most {:>8.1} ms", all.0, all.1);
    let verdict = if quick.0 < WANTED_MS { "met" } else { "MISSED" };
    println!("\nwanted: less than {WANTED_MS} ms: {verdict} ({:.1} ms)", quick.0);
}

fn mb(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}

/// A migration that was carried out, in files; how many records, and the bytes of journal and plan.
fn lay_out(dir: &Path) -> (usize, usize, usize) {
    let text = format::write(&plan(STEPS / 10, 10)).expect("a plan is YAML");
    let plan = format::read(&text).expect("it is read again");
    let (clock, stop) = (VirtualClock::at(0), Stop::default());
    let opening = Body::Opened { id: "bench".to_owned(), migration: "bench".to_owned(), plan: format::hash(&text), version: String::new() };
    let memory = Arc::new(Mutex::new(Memory::default()));
    let whole = Run { opening, ..Run::alone(&plan, &[], &Yes, &clock, &stop, Goal::Forward(Stage::Foundation), "bench") };
    let end = run(whole, Box::new(memory.clone())).now_or_never();
    assert!(matches!(end, Some(End::Reached)), "{end:?}");
    let records = memory.lock().map(|mut memory| std::mem::take(&mut memory.records)).unwrap_or_default();
    let journal: String = records.iter().map(|record| serde_json::to_string(record).expect("a record is JSON") + "\n").collect();
    std::fs::create_dir_all(dir.join("plans/bench")).expect("a folder");
    std::fs::create_dir_all(dir.join("migrations")).expect("a folder");
    for (file, text) in [
        ("migrations/bench.yaml", "# not read once a run has begun\n"),
        ("plans/bench/plan.yaml", &text),
        ("plans/bench/journal.jsonl", &journal),
    ] {
        std::fs::write(dir.join(file), text).expect("room on the disk");
    }
    std::fs::write(dir.join("plans/bench/inventory.json"), "{}").expect("room on the disk");
    (records.len(), journal.len(), text.len())
}

fn status(dir: &Path) -> f64 {
    let mut program = Command::new(env!("CARGO_BIN_EXE_hikkoshi"));
    let program = program.args(["status", "bench"]).current_dir(dir);
    let (ms, out) = support::stopwatch(1, || program.output().expect("the program runs"));
    let said = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success() && said.contains("10000/10000"), "{said}{}", String::from_utf8_lossy(&out.stderr));
    ms
}

/// Median and most of so many times, in milliseconds.
fn times(count: usize, dir: &Path, before: impl Fn()) -> (f64, f64) {
    let mut all: Vec<f64> = (0..count)
        .map(|_| {
            before();
            status(dir)
        })
        .collect();
    all.sort_by(f64::total_cmp);
    (all[count / 2], all[count - 1])
}
