//! Nights from seeds: the real driver, everything that can go wrong, and at the end the account of a run without faults.
//!
//! `HIKKOSHI_SEEDS=from..to cargo test --no-default-features --test it -- simulation::seeds` makes other nights, and is what
//! replays a failure. What runs in the suite by default is [`USUAL`] for each small plan.

use std::ops::Range;
use std::sync::Mutex;

use hikkoshi::model::step::Stage;
use hikkoshi::plan::Plan;
use hikkoshi::rehearse::notes::{Note, What};
use hikkoshi::rehearse::weather::STORM;
use hikkoshi::rehearse::{Night, Outcome, Rehearsal, nights};

use crate::aws_cli::scenarios;
use crate::support::account::{BEGIN_MS, Docs, ZONES, network, target_group};
use crate::support::lab::{flows_of, plan_of};
use crate::support::upset::in_parallel;

/// The seeds of each small plan in the suite.
const USUAL: Range<u64> = 0..50;

/// The same of each account in which every kind moves by every strategy.
const FEW: Range<u64> = 0..1;

/// Nights of these accounts that went wrong once, by account and seed: believed too early, dated by a clock that was ahead,
/// in the same second, `$Latest` of before.
const WRONG_ONCE: [(usize, u64); 8] = [(1, 4), (1, 16), (3, 1), (3, 4), (3, 8), (4, 1), (9, 7), (11, 4)];

/// The seeds that are asked for, or these.
fn seeds(usual: Range<u64>) -> Vec<u64> {
    let Ok(asked) = std::env::var("HIKKOSHI_SEEDS") else { return usual.collect() };
    let range = asked.split_once("..").and_then(|(from, to)| Some(from.parse::<u64>().ok()?..to.parse::<u64>().ok()?));
    range.unwrap_or_else(|| panic!("HIKKOSHI_SEEDS={asked}: expected from..to")).collect()
}

/// A rehearsal of a plan on its account, and the further lines of its intent.
pub fn rehearsal<'p>(docs: &Docs, plan: &'p Plan, further: &str) -> Rehearsal<'p> {
    let rehearsal = without_faults(docs, plan, further).unwrap_or_else(|why| panic!("without faults: {why}"));
    assert_eq!(rehearsal.changed_by_itself, None, "the way back leads to the start");
    rehearsal
}

fn without_faults<'p>(docs: &Docs, plan: &'p Plan, further: &str) -> Result<Rehearsal<'p>, String> {
    let mut account = docs.account();
    account.now_ms = account.now_ms.max(BEGIN_MS);
    Rehearsal::new(plan, &flows_of(docs, further), account, Stage::Tighten)
}

/// The nights that went wrong, each with the command that replays it.
pub fn bad(nights: &[Night], replay: impl Fn(&Night) -> String) -> Vec<String> {
    let wrong = |night: &Night| match &night.outcome {
        Outcome::Wrong(why) => Some(format!("{why}\n  replay: {}", replay(night))),
        _ => None,
    };
    nights.iter().filter_map(wrong).collect()
}

/// A note in a line: what a single night tells.
fn told(note: &Note) -> String {
    match &note.what {
        What::Told(event) => format!("  {} {:?}", event.step, event.what),
        What::Struck(fault, further) => format!("! {fault:?} {further}"),
        What::Said(words) => words.clone(),
    }
}

fn storms(name: &str, docs: &Docs, further: &str) {
    let plan = plan_of(docs, further);
    let rehearsal = rehearsal(docs, &plan, further);
    let seeds = seeds(USUAL);
    let alone = seeds.len() == 1;
    let nights = nights(&seeds, |seed| rehearsal.storm(seed, STORM, alone));
    nights.iter().flat_map(|night| &night.notes).for_each(|note| println!("{} {}", (note.at_ms - BEGIN_MS) / 1000, told(note)));
    let replay = |night: &Night| {
        let (from, to) = (night.seed, night.seed + 1);
        format!("HIKKOSHI_SEEDS={from}..{to} cargo test --no-default-features --test it -- simulation::seeds::{name}")
    };
    let bad = bad(&nights, replay);
    assert!(bad.is_empty(), "{} of {} nights went wrong:\n{}", bad.len(), nights.len(), bad.join("\n"));
    assert!(alone || nights.iter().any(|night| night.starts > 2), "no storm has killed anything");
}

#[test]
fn an_instance_behind_a_balancer() {
    let mut docs = network(&ZONES);
    docs.security();
    docs.add("target_group", target_group("app", &[("i-app-1", 8080)], Some("app")));
    docs.instance("app-1", "a", &["sg-default-all"]);
    docs.balancer("app", "internet-facing", "sg-alb", "app");
    storms("an_instance_behind_a_balancer", &docs, "");
}

#[test]
fn functions() {
    let mut docs = network(&ZONES);
    docs.security();
    docs.functions(&["orders", "billing"]);
    storms("functions", &docs, "");
}

#[test]
fn a_database() {
    let mut docs = network(&ZONES);
    docs.security();
    docs.subnet_group("prod", &ZONES);
    docs.database("pg-multi", "prod", &["a", "c"]);
    storms("a_database", &docs, "");
}

#[test]
fn a_bastion_with_an_elastic_address() {
    let mut docs = network(&ZONES);
    docs.security();
    docs.instance("bastion", "a", &["sg-default-all"]);
    docs.elastic_ip("eipalloc-bastion", "198.51.100.200", "bastion");
    storms("a_bastion_with_an_elastic_address", &docs, "");
}

/// Every sort of workload can be rehearsed, not only those of the story; and in a few nights with faults no end is another.
/// `HIKKOSHI_ACCOUNT=4` takes that account alone; with one seed its night is told.
#[test]
fn accounts_of_every_sort_can_be_rehearsed() {
    let only = std::env::var("HIKKOSHI_ACCOUNT").ok().map(|text| text.parse::<usize>().expect("HIKKOSHI_ACCOUNT: a number"));
    let all = scenarios().into_iter().enumerate().filter(|(at, _)| only.is_none_or(|only| only == *at));
    let scenarios: Vec<(usize, (Docs, String))> = all.collect();
    assert!(!scenarios.is_empty(), "there is no such account");
    let usual = std::env::var("HIKKOSHI_SEEDS").is_err();
    let seeds = seeds(FEW);
    let alone = only.is_some() && seeds.len() == 1;
    let wrong = Mutex::new(Vec::new());
    in_parallel(&scenarios, |(at, (docs, further))| {
        let plan = plan_of(docs, further);
        let rehearsal = without_faults(docs, &plan, further).unwrap_or_else(|why| panic!("account {at}, without faults: {why}"));
        let once = WRONG_ONCE.iter().filter(|(account, _)| usual && account == at).map(|(_, seed)| seed);
        let nights: Vec<Night> = seeds.iter().chain(once).map(|seed| rehearsal.storm(*seed, STORM, alone)).collect();
        nights.iter().flat_map(|night| &night.notes).for_each(|note| println!("{:>9} {}", note.at_ms, told(note)));
        wrong
            .lock()
            .expect("nobody panics here")
            .extend(bad(&nights, |night| format!("HIKKOSHI_ACCOUNT={at} HIKKOSHI_SEEDS={}..{} and this test", night.seed, night.seed + 1)));
    });
    let wrong = wrong.into_inner().expect("nobody panicked");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
