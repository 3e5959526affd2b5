//! What the proof of a plan costs as an account grows: `cargo bench --no-default-features --bench proof`; `-- quick` stops at 200.
//!
//! Printed beside the time: flows, pairs of interfaces, classes of alike pairs, states looked at, and how many digits the
//! number of the plan's states has. The time holds the playing of the plan, there and back, on the simulated account.

mod support;

use std::alloc::System;

use hikkoshi::plan::{plan, prove};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use support::account::{Shape, intent, inventory};
use support::measure;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const SIZES: [usize; 4] = [50, 100, 200, 500];

fn main() {
    let quick = std::env::args().any(|argument| argument == "quick");
    support::heading("proof");
    for (name, shape) in
        [("one shared group, and one per stack", Shape::Shared), ("a group per workload, each naming the next", Shape::Chain)]
    {
        println!("\n{name}");
        println!(
            "{:>9} {:>7} {:>8} {:>8} {:>8} {:>9} {:>7} {:>9} {:>7}",
            "workloads", "steps", "flows", "pairs", "classes", "states", "digits", "ms", "broken"
        );
        for size in SIZES.into_iter().filter(|size| !quick || *size <= 200) {
            row(size, shape);
        }
    }
}

fn row(size: usize, shape: Shape) {
    let (seen, wanted) = (inventory(size, shape), intent());
    let made = plan(&wanted, &seen, "", "").expect("a plan");
    let (cost, proof) = measure(ALLOCATOR, 1, || prove::again(&made, &wanted, &seen, None).expect("a proof"));
    let certificate = &proof.certificate;
    let effort = certificate.effort.unwrap_or_default();
    println!(
        "{size:>9} {:>7} {:>8} {:>8} {:>8} {:>9} {:>7} {:>9.1} {:>7}",
        made.steps.len(),
        certificate.flows,
        certificate.pairs,
        effort.classes,
        effort.examined,
        effort.digits,
        cost.ms,
        proof.broken.len()
    );
}
