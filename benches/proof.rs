//! What the proof of a plan costs as an account grows: `cargo bench --no-default-features --bench proof`; `-- quick` stops at 200,
//! `-- wanted` shows the row that is asked for alone: 10,000 flows over 1,000 workloads.
//!
//! Printed beside the times: flows, pairs of interfaces, classes of alike pairs, states looked at, and how many digits the
//! number of the plan's states has. The first time is that of playing the plan, there and back, on the simulated account,
//! alone, one way after the other; the second is that of the whole proof by the clock, which plays the plan itself and goes
//! there and back at the same time.

mod support;

use hikkoshi::model::account::Account;
use hikkoshi::model::inventory::Inventory;
use hikkoshi::model::step::Stage;
use hikkoshi::plan::{Plan, plan, prove};
use hikkoshi::world::play::Player;
use support::account::{Shape, crowded, intent};
use support::stopwatch;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc; // the program's own

const SIZES: [usize; 5] = [50, 100, 200, 500, 1_000];
/// Among how many resources the same hundred workloads are.
const CROWDS: [usize; 4] = [0, 10_000, 30_000, 100_000];

fn main() {
    let quick = std::env::args().any(|argument| argument == "quick");
    support::heading("proof");
    if std::env::args().any(|argument| argument == "wanted") {
        heading("a group per workload, naming all who call it: ten flows per workload");
        return row(1_000, Shape::Calls, 0);
    }
    for (name, shape) in [
        ("one shared group, and one per stack", Shape::Shared),
        ("a group per workload, each naming the next", Shape::Chain),
        ("a group per workload, naming all who call it: ten flows per workload", Shape::Calls),
    ] {
        heading(name);
        // Where all may talk to all, flows grow with the square of the workloads.
        let most = if quick {
            200
        } else if shape == Shape::Shared {
            500
        } else {
            1_000
        };
        for size in SIZES.into_iter().filter(|size| *size <= most) {
            row(size, shape, 0);
        }
    }
    heading("a hundred workloads, ten flows each, among bystanders");
    for resources in CROWDS.into_iter().filter(|resources| !quick || *resources <= 10_000) {
        row(100, Shape::Calls, resources);
    }
}

fn heading(name: &str) {
    println!("\n{name}");
    println!(
        "{:>9} {:>9} {:>7} {:>8} {:>8} {:>8} {:>9} {:>7} {:>9} {:>9} {:>7}",
        "workloads", "resources", "steps", "flows", "pairs", "classes", "states", "digits", "play ms", "prove ms", "broken"
    );
}

fn row(size: usize, shape: Shape, resources: usize) {
    let (seen, wanted) = (crowded(size, shape, resources), intent());
    let made = plan(&wanted, &seen, "", "").expect("a plan");
    let rounds = if resources > 10_000 { 1 } else { 3 };
    let (playing_ms, ()) = stopwatch(rounds, || play(&seen, &made));
    let (proving_ms, proof) = stopwatch(rounds, || prove::again(&made, &wanted, &seen, None).expect("a proof"));
    let certificate = &proof.certificate;
    let effort = certificate.effort.unwrap_or_default();
    println!(
        "{size:>9} {:>9} {:>7} {:>8} {:>8} {:>8} {:>9} {:>7} {:>9.1} {:>9.1} {:>7}",
        seen.resources.len(),
        made.steps.len(),
        certificate.flows,
        certificate.pairs,
        effort.classes,
        effort.examined,
        effort.digits,
        playing_ms,
        proving_ms,
        proof.broken.len()
    );
}

/// Plays a plan until clean-up, and all the way back.
fn play(seen: &Inventory, made: &Plan) {
    let mut player = Player::new(Account::from(seen));
    let steps: Vec<_> = made.steps.iter().take_while(|step| step.stage != Stage::Cleanup).collect();
    for step in &steps {
        player.step(step).unwrap_or_else(|stuck| panic!("{}: {}", stuck.step, stuck.why));
    }
    for step in steps.iter().rev() {
        player.undo(step).unwrap_or_else(|stuck| panic!("{}: {}", stuck.step, stuck.why));
    }
}
