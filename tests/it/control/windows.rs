//! `windows` in the intent: when steps may begin.

use hikkoshi::clock::{Clock, ms_of};
use hikkoshi::execute::driver::End;
use hikkoshi::execute::machine::{Goal, Machine};
use hikkoshi::journal::{Body, Way};
use hikkoshi::model::step::Impact;

use super::{SIM, printed};
use crate::bad_input::{Desk, Refusal, refused};
use crate::support::account::spine;
use crate::support::lab::{ALL, Lab, plan_of};
use crate::support::upset::settled;
use crate::support::view::same;

const INTENT: &str = "migrations/story.yaml";
const DAY_MS: u64 = 24 * 3600 * 1000;

/// The story with a window, planned anew. It is Tuesday 24 November 2026, 00:00 in UTC.
fn windowed(window: &str) -> Desk {
    let desk = Desk::new();
    desk.append(INTENT, &format!("windows: [\"{window}\"]"));
    let summary = printed(&desk, &["plan", "story"]);
    assert!(summary.contains(&format!("? steps begin in these hours only: {window}\n")), "{summary}");
    desk
}

#[test]
fn nothing_begins_that_would_not_end_in_a_window_and_in_the_end_all_is_done() {
    let docs = spine();
    let plan = plan_of(&docs, "windows: [\"Mon-Sun 00:00-01:00 UTC\"]\n");
    let always = plan_of(&docs, "");
    let mut whole = Lab::new(&docs, &always);
    whole.reach(ALL, "without windows");
    let wanted = settled(whole);
    let mut lab = Lab::new(&docs, &plan);
    let mut nights = 1;
    loop {
        match lab.go(ALL) {
            End::Reached => break,
            End::Outside { step } => assert!(plan.step(&step).is_some(), "it names a step: {step}"),
            other => panic!("{other:?}"),
        }
        let machine = Machine::replay(&plan, &lab.records);
        for step in plan.steps.iter().filter(|step| step.impact != Impact::None && machine.is_begun(&step.id)) {
            let mut same = plan.steps.iter().filter(|other| other.of_move == step.of_move && other.stage == step.stage);
            assert!(same.all(|other| machine.is_done(&other.id)), "night {nights}: {} is left half-way", step.of_move);
        }
        nights += 1;
        assert!(nights < 20, "it does not come to an end");
        let now = lab.clock.now_ms();
        lab.skip((DAY_MS - now % DAY_MS) / 1000 + 1);
    }
    assert!(nights > 1, "it does not fit into one night");
    for record in &lab.records {
        if let Body::Intended { step, way: Way::Do, .. } = &record.body {
            let estimate = plan.step(step).expect("it is in the plan").estimate_s;
            let of_day = ms_of(&record.at) % DAY_MS / 1000;
            assert!(of_day <= 3600, "{step} (about {estimate} s) began at second {of_day} of the day");
        }
    }
    same("night by night", &wanted, &settled(lab.fork()));
    lab.skip(7200);
    let end = lab.go(Goal::Back(None));
    assert!(matches!(end, End::Reached), "a way back is open at every hour: {end:?}");
}

#[test]
fn outside_of_every_window_nothing_is_called_and_the_next_one_is_named() {
    let desk = windowed("Sun 02:00-05:00 Asia/Tokyo");
    let says: &[&str] = &[
        "no window is open at 2026-11-24T00:00:00Z: Sun 02:00-05:00 Asia/Tokyo",
        "next: hikkoshi apply story --cloud sim:account.json   # from 2026-11-28T17:00:00Z on",
    ];
    desk.refuses(&["apply", "story", "--yes", SIM], &Refusal { exit: 7, code: "HK0517", says });
    let dry = printed(&desk, &["dry-run", "story", "--offline"]);
    assert!(dry.contains("windows") && dry.contains("begun at 2026-11-28T17:00:00Z, "), "{dry}");
}

#[test]
fn what_does_not_fit_is_said_before_and_left_for_the_next_window() {
    let desk = windowed("Tue 00:00-00:20 UTC");
    let apply = desk.run(&["apply", "story", "--yes", SIM]);
    assert!(apply.stderr.starts_with("The window closes in 20 min, at 2026-11-24T00:20:00Z: "), "{}", apply.stderr);
    assert!(apply.stderr.contains(" steps must wait for the next one: "), "{}", apply.stderr);
    let failure = apply.stderr.split_once("error[").map(|(_, rest)| format!("error[{rest}")).expect("it ends with a failure");
    let finished = crate::support::command::Finished { stderr: failure, ..apply };
    let says: &[&str] =
        &["the window closes before step ", "next: hikkoshi apply story --cloud sim:account.json   # in the next window: goes on"];
    refused(&finished, &Refusal { exit: 7, code: "HK0517", says });
    let log = printed(&desk, &["log", "story"]);
    assert!(log.ends_with("■ run ended: outside of its windows\n"), "{log}");
    printed(&desk, &["rollback", "story", "--all", "--yes", SIM]);
}

#[test]
fn a_mistyped_window_is_refused_where_it_stands() {
    let desk = Desk::new();
    desk.append(INTENT, "windows: [\"Sun 02:00-05:00 Asia/Tokio\"]");
    let says: &[&str] = &["migrations/story.yaml:", "`Asia/Tokio` is no time zone; a window is such as `Sun 02:00-05:00 Asia/Tokyo`"];
    desk.refuses(&["plan", "story"], &Refusal { exit: 2, code: "HK0101", says });
}
