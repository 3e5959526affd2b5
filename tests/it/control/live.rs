//! `hikkoshi pause`, `resume`, `abort`, `throttle` against a process that runs: the simulated account at a pace.

use std::time::{Duration, Instant};

use super::{SIM, printed};
use crate::bad_input::{Desk, Refusal, refused};
use crate::support::command::Running;

/// An apply at a pace at which the foundation takes some seconds, seen to wait for its NAT gateways.
fn running(desk: &Desk) -> Running {
    let pid = desk.path("apply.pid");
    let running = desk.hikkoshi().spawn(&["apply", "story", "--until", "foundation", "--yes", "--pace", "25", SIM], &pid);
    let deadline = Instant::now() + Duration::from_secs(30);
    while !desk.run(&["log", "story", "--step", "nat-a"]).stdout.contains("calls ec2:CreateNatGateway") {
        assert!(Instant::now() < deadline, "the run does not get as far as its NAT gateways");
    }
    running
}

#[test]
fn a_run_is_paused_and_resumed_from_another_terminal() {
    let desk = Desk::new();
    let apply = running(&desk);
    let said = printed(&desk, &["pause", "story"]);
    assert!(said.starts_with("heard by arn:aws:"), "{said}");
    assert!(said.ends_with("next: hikkoshi resume story   # or hikkoshi abort story\n"), "{said}");
    let status = printed(&desk, &["status", "story"]);
    assert!(status.contains("is running\n") && status.contains("! paused: somebody@"), "{status}");
    assert!(desk.run(&["status", "story", "--json"]).json()["paused"]["who"].is_string());
    let locked = desk.run(&["apply", "story", "--yes", SIM]);
    assert_eq!(locked.code, Some(5), "it stays, and holds the journal: {locked:?}");
    let said = printed(&desk, &["resume", "story"]);
    assert!(said.starts_with("heard by "), "{said}");
    let ended = apply.wait().expect_code(0);
    for part in ["asks to pause\n", "‖ paused: nothing is in the air", "asks to go on\n", "── checkpoint foundation ──"] {
        assert!(ended.stdout.contains(part), "no \"{part}\" in\n{}", ended.stdout);
    }
}

#[test]
fn a_run_is_aborted_from_another_terminal() {
    let desk = Desk::new();
    let apply = running(&desk);
    let said = printed(&desk, &["abort", "story"]);
    assert!(said.contains("calls in flight are finished, waits are left\n"), "{said}");
    let ended = apply.wait();
    assert_eq!(ended.code, Some(130), "{ended:?}");
    assert!(ended.stderr.starts_with("error[HK0508]: stopped as somebody@"), "{}", ended.stderr);
    desk.run(&["apply", "story", "--until", "foundation", "--yes", SIM]).expect_code(0);
}

#[test]
fn a_pause_that_is_left_behind_holds_the_next_run() {
    let desk = Desk::begun("foundation");
    let said = printed(&desk, &["pause", "story"]);
    assert!(said.starts_with("nobody runs it just now: the next apply or rollback is held back\nnext: hikkoshi resume story"), "{said}");
    let says: &[&str] = &["migration story is paused: somebody@", "next: hikkoshi resume story"];
    for command in [&["apply", "story", "--yes", SIM][..], &["rollback", "story", "--all", "--yes", SIM]] {
        desk.refuses(command, &Refusal { exit: 7, code: "HK0512", says });
    }
    let said = printed(&desk, &["resume", "story"]);
    assert!(said.starts_with("the pause is taken back"), "{said}");
    desk.run(&["apply", "story", "--until", "access", "--yes", SIM]).expect_code(0);
    let log = printed(&desk, &["log", "story"]);
    assert!(log.contains("asks to pause\n") && log.contains("asks to go on\n"), "both are in the history:\n{log}");
}

#[test]
fn a_pause_outlives_the_process_that_obeyed_it() {
    let desk = Desk::new();
    let apply = running(&desk);
    printed(&desk, &["pause", "story"]);
    apply.signal("KILL");
    drop(apply);
    let held = desk.run(&["apply", "story", "--yes", SIM]);
    refused(&held, &Refusal { exit: 7, code: "HK0512", says: &["hikkoshi resume story"] });
    printed(&desk, &["resume", "story"]);
    desk.run(&["apply", "story", "--until", "foundation", "--yes", SIM]).expect_code(0);
}

#[test]
fn where_nobody_runs_there_is_nobody_to_ask() {
    let desk = Desk::begun("foundation");
    let nobody: &[&str] = &["nobody runs migration story just now", "next: hikkoshi status story"];
    desk.refuses(&["abort", "story"], &Refusal { exit: 2, code: "HK0513", says: nobody });
    desk.refuses(&["resume", "story"], &Refusal { exit: 2, code: "HK0513", says: &["migration story is not paused"] });
    let said = printed(&desk, &["throttle", "story", "25"]);
    assert!(said.starts_with("nobody runs it just now: the limit holds for the next run\nnext: hikkoshi apply story"), "{said}");
    let status = printed(&desk, &["status", "story"]);
    assert!(status.contains("not heard yet: somebody@") && status.contains("at most 25 % of the steps"), "{status}");
    desk.run(&["throttle", "story", "0"]).expect_code(2);
}
