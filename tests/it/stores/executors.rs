//! Two executors at one migration, as people meet them: one is stopped by its machine, the other goes on.

use std::fs::File;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::bad_input::{Desk, JOURNAL, Refusal, SIM, refused};
use crate::support::command::Running;

const APPLY: &[&str] = &["apply", "story", "--yes", SIM];
const LEASE: &str = "plans/story/lease.json";

/// Stops a run in the middle, between two records and outside of a call: as a laptop that is closed.
fn stop_half_way(desk: &Desk, run: &mut Running) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while Instant::now() < deadline && !run.has_ended() {
        run.signal("STOP");
        let journal = std::fs::read_to_string(desk.path(JOURNAL)).unwrap_or_default();
        let last: Value = journal.lines().last().and_then(|line| serde_json::from_str(line).ok()).unwrap_or_default();
        let half_way = journal.lines().count() > 20 && journal.ends_with('\n') && last["body"].get("intended").is_none();
        let half_way = half_way && !desk.path(".account.json.new").exists();
        if half_way && File::open(desk.path("plans/story/lease.lock")).is_ok_and(|file| file.try_lock().is_ok()) {
            return;
        }
        run.signal("CONT");
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("the run could not be stopped half-way");
}

fn stopped(desk: &Desk) -> Running {
    let mut run = desk.hikkoshi().spawn(APPLY, &desk.path("pid"));
    stop_half_way(desk, &mut run);
    run
}

/// What `state` says, whatever its lines are.
fn state(desk: &Desk) -> String {
    let told = desk.run(&["state", "story"]).expect_code(0).stdout;
    told.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_run_that_was_paused_and_followed_by_another_writes_and_calls_nothing_any_more() {
    let desk = Desk::new();
    let run = stopped(&desk);
    let says: &[&str] = &["another hikkoshi is running this migration", "hikkoshi unlock story --number 1"];
    desk.refuses(APPLY, &Refusal { exit: 5, code: "HK0204", says });
    // Its minute passes.
    let mut lease: Value = serde_json::from_str(&desk.read(LEASE)).expect("a lease is JSON");
    lease["holder"]["until"] = Value::from("2026-01-01T00:00:00Z");
    desk.write(LEASE, lease.to_string());
    let told = state(&desk);
    assert!(told.contains("lease 1") && told.contains("its time is over"), "{told}");
    desk.run(APPLY).expect_code(0);
    let before = desk.files();
    run.signal("CONT");
    let says: &[&str] = &["this run is no longer the one that may go on (lease 1)", "hikkoshi state story"];
    refused(&run.wait(), &Refusal { exit: 5, code: "HK0205", says });
    assert!(desk.files() == before, "who woke up has changed something");
    desk.run(&["verify", "story", SIM]).expect_code(0);
}

#[test]
fn a_run_that_was_killed_is_followed_at_once() {
    let desk = Desk::new();
    let run = stopped(&desk);
    run.signal("KILL");
    run.wait();
    let told = state(&desk);
    assert!(told.contains("lease 1") && told.contains("its process is gone"), "{told}");
    desk.run(APPLY).expect_code(0);
    desk.run(&["verify", "story", SIM]).expect_code(0);
    assert!(desk.read(JOURNAL).contains("\"lease\":2"), "the journal says who held which lease");
}
