//! Each fault at each call of the story's account: gone on with, the end is that of a run without faults; then back, the
//! start. Then each fault at each call of the way back.
//!
//! In the suite every [`STRIDE`]-th place is taken, from another one for each fault; `HIKKOSHI_EXHAUSTIVE=1` takes all, and
//! `HIKKOSHI_STRIKE=LoseAnswer@17` (or `…@17back`) one, which is what replays a failure; `HIKKOSHI_STRIKE=LoseAnswer` all of it.

use hikkoshi::execute::machine::Goal;
use hikkoshi::rehearse::weather::{Fault, Place};
use hikkoshi::rehearse::{Night, Rehearsal, nights};

use super::seeds::{bad, rehearsal};
use crate::support::account::spine;
use crate::support::lab::{Lab, plan_of};

/// Every so many places are taken in the suite: all of them take minutes in a debug build.
const STRIDE: u64 = 97;

/// A fault, its place, and whether it is on the way back.
type Strike = (Fault, u64, bool);

/// All places for all faults that strike calls and records. A read that fails is one of many: storms have those.
fn strikes(rehearsal: &Rehearsal<'_>) -> Vec<Strike> {
    let faults = Fault::ALL.into_iter().enumerate().filter(|(_, fault)| fault.place() != Place::Read);
    let both = faults.flat_map(|fault| [(fault, false), (fault, true)]);
    both.flat_map(|((_, fault), back)| (1..=rehearsal.places(fault, back)).map(move |at| (fault, at, back))).collect()
}

fn name((fault, at, back): Strike) -> String {
    format!("{fault:?}@{at}{}", if back { "back" } else { "" })
}

/// Whether a strike is the one that is asked for, or one with the fault that is.
fn is_asked(asked: &str, strike: Strike) -> bool {
    *asked == name(strike) || *asked == format!("{:?}", strike.0)
}

#[test]
fn each_fault_at_each_call_comes_to_the_same_end_and_back_to_the_same_start() {
    let docs = spine();
    let plan = plan_of(&docs, "");
    let rehearsal = rehearsal(&docs, &plan, "");
    let all = strikes(&rehearsal);
    let total = all.len();
    let asked = std::env::var("HIKKOSHI_STRIKE").ok();
    let whole = std::env::var_os("HIKKOSHI_EXHAUSTIVE").is_some();
    let chosen: Vec<Strike> = all
        .into_iter()
        .enumerate()
        .filter(|(nth, strike)| asked.as_ref().map_or(whole || (*nth as u64).is_multiple_of(STRIDE), |asked| is_asked(asked, *strike)))
        .map(|(_, strike)| strike)
        .collect();
    assert!(!chosen.is_empty(), "no such strike: {asked:?}");
    let numbers: Vec<u64> = (0..chosen.len() as u64).collect();
    let nights: Vec<Night> = nights(&numbers, |nth| {
        let (fault, at, back) = chosen[nth as usize];
        Night { seed: nth, ..rehearsal.strike(at, fault, back, true) }
    });
    println!("{} of {total} strikes: {} changes there, {} back", chosen.len(), rehearsal.there.calls, rehearsal.back.calls);
    let replay = |night: &Night| {
        let strike = name(chosen[night.seed as usize]);
        format!("HIKKOSHI_STRIKE={strike} cargo test --no-default-features --test it -- simulation::exhaustive")
    };
    let bad = bad(&nights, replay);
    assert!(bad.is_empty(), "{} of {} strikes went wrong:\n{}", bad.len(), nights.len(), bad.join("\n"));
    let unstruck: Vec<String> = nights.iter().filter(|n| n.faults.is_empty()).map(|n| name(chosen[n.seed as usize])).collect();
    assert!(unstruck.iter().all(|name| name.starts_with("Stranger")), "never struck: {unstruck:?}");
    assert!(total > 2000, "only {total} places");
}

/// The count of calls is that of a run of the driver itself, so that no call is left out.
#[test]
fn every_call_of_a_run_is_a_place() {
    let docs = spine();
    let plan = plan_of(&docs, "");
    let rehearsal = rehearsal(&docs, &plan, "");
    let mut lab = Lab::new(&docs, &plan);
    let there = lab.calls(crate::support::lab::ALL);
    lab.reach(crate::support::lab::ALL, "there");
    assert_eq!(rehearsal.places(Fault::KillBefore, false), there);
    assert_eq!(rehearsal.places(Fault::KillBefore, true), lab.calls(Goal::Back(None)));
    assert_eq!(rehearsal.places(Fault::DiskFull, false), lab.records.len() as u64);
}
