//! How many simulated nights fit into a minute: `cargo bench --no-default-features --bench rehearsal`.
//!
//! `-- exhaustive` strikes the worked example with each fault at each call and record, there and back again, and prints how
//! many that are; it fails where one does not come to the same end, or not back to the same start. `-- storms 0..2000` makes
//! these nights of everything at once, of a small plan and of the worked example.

#![allow(clippy::disallowed_methods, reason = "a benchmark reads files and the clock by trade")]

mod support;

use std::time::Instant;

use hikkoshi::model::account::Account;
use hikkoshi::model::inventory::Inventory;
use hikkoshi::model::step::Stage;
use hikkoshi::plan::intent::Intent;
use hikkoshi::plan::{Plan, format, plan, prove};
use hikkoshi::rehearse::summary::Summary;
use hikkoshi::rehearse::weather::{Fault, Place, REALISTIC, STORM};
use hikkoshi::rehearse::{Night, Outcome, Rehearsal, nights};
use support::account::{Shape, intent, inventory};

/// What the issue asks for, a minute, of small plans.
const WANTED: f64 = 2_000.0;

fn main() {
    let (plan_of_story, story, written) = worked_example();
    let of_story = rehearsal(&plan_of_story, &story, &written);
    if std::env::args().any(|argument| argument == "exhaustive") {
        return exhaustive(&of_story);
    }
    let storms = std::env::args().skip_while(|argument| argument != "storms").nth(1);
    support::heading("rehearsal");
    let small = inventory(3, Shape::Chain);
    let plan_of_small = plan(&intent(), &small, "", "").expect("a small account plans");
    let of_small = rehearsal(&plan_of_small, &small, &intent());
    if let Some(range) = storms {
        return self::storms(&[("small", &of_small), ("worked example", &of_story)], &range);
    }
    println!("\n{:<34} {:>8} {:>8} {:>12} {:>8}", "", "changes", "nights", "a minute", "wrong");
    let fast = row("small, realistic", &of_small, 400, |it, seed| it.night(seed, REALISTIC, false));
    row("small, storm there and back", &of_small, 200, |it, seed| it.storm(seed, STORM, false));
    row("worked example, realistic", &of_story, 200, |it, seed| it.night(seed, REALISTIC, false));
    let verdict = if fast >= WANTED { "met" } else { "MISSED" };
    println!("\nwanted: {WANTED} nights of a small plan a minute: {verdict}");
}

fn storms(all: &[(&str, &Rehearsal<'_>)], range: &str) {
    let bounds = range.split_once("..").and_then(|(from, to)| Some(from.parse::<u64>().ok()?..to.parse().ok()?));
    let seeds: Vec<u64> = bounds.expect("storms FROM..TO").collect();
    let mut wrong = 0;
    for (what, rehearsal) in all {
        let nights = nights(&seeds, |seed| rehearsal.storm(seed, STORM, false));
        let summary = Summary::of(&nights);
        let starts: u64 = nights.iter().map(|night| night.starts).sum();
        println!("{what:<16} {} storms, {starts} processes, {} looks, {} wrong", nights.len(), summary.looks, summary.wrong.len());
        summary.wrong.iter().take(10).for_each(|(seed, why)| println!("  seed {seed}: {why}"));
        wrong += summary.wrong.len();
    }
    assert_eq!(wrong, 0, "not the same end, or not the same start");
}

fn worked_example() -> (Plan, Inventory, Intent) {
    let read = |path: &str| std::fs::read_to_string(path).expect("it is run where the repository is");
    let plan = format::read(&read("plans/story/plan.yaml")).unwrap_or_else(|_| panic!("plans/story/plan.yaml is no plan"));
    let intent = hikkoshi::plan::intent::parse(&read("migrations/story.yaml")).unwrap_or_else(|problem| panic!("{problem}"));
    (plan, serde_json::from_str(&read("plans/story/inventory.json")).expect("an inventory"), intent)
}

fn rehearsal<'p>(plan: &'p Plan, inventory: &Inventory, intent: &Intent) -> Rehearsal<'p> {
    let flows = prove::flows(intent, inventory, None).unwrap_or_else(|problem| panic!("{problem}"));
    let begun = Rehearsal::new(plan, &flows, Account::seen(inventory), Stage::Tighten);
    begun.unwrap_or_else(|why| panic!("without faults: {why}"))
}

fn row(what: &str, rehearsal: &Rehearsal<'_>, count: u64, one: impl Fn(&Rehearsal<'_>, u64) -> Night + Sync) -> f64 {
    let seeds: Vec<u64> = (0..count).collect();
    let begin = Instant::now();
    let all = nights(&seeds, |seed| one(rehearsal, seed));
    let a_minute = count as f64 * 60.0 / begin.elapsed().as_secs_f64();
    let wrong = Summary::of(&all).wrong;
    println!("{what:<34} {:>8} {count:>8} {a_minute:>12.0} {:>8}", rehearsal.there.calls, wrong.len());
    wrong.iter().take(3).for_each(|(seed, why)| println!("  seed {seed}: {why}"));
    a_minute
}

fn exhaustive(rehearsal: &Rehearsal<'_>) {
    support::heading("exhaustive");
    let (mut total, mut wrong) = (0, 0);
    for fault in Fault::ALL.into_iter().filter(|fault| fault.place() != Place::Read) {
        for back in [false, true] {
            let places: Vec<u64> = (1..=rehearsal.places(fault, back)).collect();
            let begin = Instant::now();
            let all = nights(&places, |at| rehearsal.strike(at, fault, back, true));
            let bad: Vec<&Night> = all.iter().filter(|night| matches!(night.outcome, Outcome::Wrong(_))).collect();
            let way = if back { "back" } else { "there" };
            println!(
                "{:<16} {way:<6} {:>6} strikes {:>6} wrong {:>8.1} s",
                format!("{fault:?}"),
                all.len(),
                bad.len(),
                begin.elapsed().as_secs_f64()
            );
            bad.iter().take(3).for_each(|night| println!("  {fault:?}@{}: {:?}", night.seed, night.outcome));
            (total, wrong) = (total + all.len(), wrong + bad.len());
        }
    }
    println!("\n{total} strikes, {wrong} wrong");
    assert_eq!(wrong, 0, "not the same end, or not the same start");
}
