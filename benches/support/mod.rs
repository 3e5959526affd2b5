//! What the benchmarks share: an account of any size, a plan of steps that do nothing, a count of allocations, a stopwatch.
//!
//! Machines are noisy: the best of a few rounds is taken, time that others had the processor is left out, and what is
//! printed is meant to be compared by ratios and counts.

#![allow(dead_code, clippy::disallowed_methods, reason = "a benchmark looks at the clock by trade, and not every one uses everything")]

use std::alloc::System;
use std::time::Instant;

use stats_alloc::{Region, StatsAlloc};

pub mod account;
pub mod layers;

/// What one run of something took.
#[derive(Clone, Copy)]
pub struct Cost {
    /// The best of the rounds, in milliseconds: on a processor where that is long enough to be known, else by the clock.
    pub ms: f64,
    /// The same by the clock, with all that others did meanwhile.
    pub wall_ms: f64,
    /// Allocations of one round, reallocations included.
    pub allocations: usize,
    /// Bytes allocated in one round, also those given back.
    pub bytes: usize,
}

/// Runs something a few times, and keeps what the last round gave.
pub fn measure<T>(allocator: &StatsAlloc<System>, rounds: usize, mut what: impl FnMut() -> T) -> (Cost, T) {
    let (mut best, mut best_wall) = (f64::MAX, f64::MAX);
    let mut last: Option<T> = None;
    let mut stats = stats_alloc::Stats::default();
    for _ in 0..rounds.max(1) {
        drop(last.take()); // the round before is not measured
        let region = Region::new(allocator);
        let (begin, busy) = (Instant::now(), on_cpu_ms());
        let value = what();
        let (wall, busy) = (begin.elapsed().as_secs_f64() * 1000.0, on_cpu_ms() - busy);
        best_wall = best_wall.min(wall);
        best = best.min(if busy > 50.0 { busy.min(wall) } else { wall });
        stats = region.change();
        last = Some(value);
    }
    let cost = Cost { ms: best, wall_ms: best_wall, allocations: stats.allocations + stats.reallocations, bytes: stats.bytes_allocated };
    (cost, last.expect("at least one round"))
}

/// Runs something a few times: the best by the clock, in milliseconds, and what the last round gave.
pub fn stopwatch<T>(rounds: usize, mut what: impl FnMut() -> T) -> (f64, T) {
    let (mut best, mut last) = (f64::MAX, None);
    for _ in 0..rounds.max(1) {
        drop(last.take());
        let begin = Instant::now();
        last = Some(what());
        best = best.min(begin.elapsed().as_secs_f64() * 1000.0);
    }
    (best, last.expect("at least one round"))
}

/// How long this thread has been on a processor, by Linux's account, which is coarse; elsewhere nothing.
fn on_cpu_ms() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|first| first.parse::<f64>().ok()).unwrap_or_default() / 1e6
}

/// A file of the project.
pub fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The commit, the machine and the build, so that numbers can be compared later.
pub fn heading(what: &str) {
    let run = |command: &str, arguments: &[&str]| {
        let output = std::process::Command::new(command).args(arguments).output().ok();
        output.map(|o| String::from_utf8_lossy(&o.stdout).trim().to_owned()).unwrap_or_default()
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let build = if cfg!(debug_assertions) { "debug: the numbers mean nothing" } else { "release" };
    let commit = run("git", &["describe", "--always", "--dirty"]);
    println!("{what}, hikkoshi {commit}, {build}, {cores} cores, {}", run("rustc", &["--version"]));
}
