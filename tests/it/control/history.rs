//! `hikkoshi log` and `status --watch`.

use std::time::Duration;

use serde_json::Value;

use super::{SIM, printed};
use crate::bad_input::{Desk, Refusal};

/// Lines without the time before them.
fn untimed(log: &str) -> Vec<&str> {
    log.lines().map(|line| line.split_once("Z  ").unwrap_or_else(|| panic!("no time: {line}")).1).collect()
}

#[test]
fn the_log_says_what_the_terminal_said() {
    let desk = Desk::new();
    let live = printed(&desk, &["apply", "story", "--until", "guard", "--yes", SIM]);
    let log = printed(&desk, &["log", "story"]);
    let told: Vec<&str> = live.lines().take_while(|line| !line.is_empty()).collect();
    assert!(told.len() > 20, "{live}");
    assert_eq!(untimed(&log), told);
    let first = &told[0];
    assert!(first.starts_with("▶ apply begins: arn:aws:"), "{first}");
    let checkpoints: Vec<&str> = told.iter().copied().filter(|line| line.starts_with("── ")).collect();
    assert_eq!(checkpoints, ["── checkpoint foundation ──", "── checkpoint access ──", "── checkpoint guard ──"]);
    assert_eq!(told.last(), Some(&"■ run ended: done"));
    let shown = told.iter().find(|line| line.contains("subnet-private-a ")).expect("the step is in the log");
    assert!(shown.starts_with("✓ subnet-private-a  "), "{shown}");
}

#[test]
fn the_log_of_a_failure_and_of_its_repair_looks_as_it_did_live() {
    let desk = Desk::new();
    let failed = desk.run(&["apply", "story", "--until", "foundation", "--yes", "--fault", "2=fail", "--fault", "4=lose", SIM]);
    let again = desk.run(&["apply", "story", "--until", "foundation", "--yes", SIM]).expect_code(0);
    let live: Vec<&str> = failed.stdout.lines().chain(again.stdout.lines().take_while(|line| !line.is_empty())).collect();
    let log = printed(&desk, &["log", "story"]);
    assert_eq!(untimed(&log), live);
}

#[test]
fn the_log_of_a_way_back_says_why_it_waited() {
    let desk = Desk::begun("stateless");
    let there = printed(&desk, &["log", "story"]).lines().count();
    let live = printed(&desk, &["rollback", "story", "--all", "--yes", "--fault", "2=lose", SIM]);
    let live: Vec<&str> = live.lines().skip_while(|line| !line.starts_with('▶')).take_while(|line| !line.is_empty()).collect();
    assert_eq!(live.iter().filter(|line| line.contains("outcome unknown")).count(), 1, "{live:#?}");
    assert!(live.iter().any(|line| line.contains("trying again: DependencyViolation")), "{live:#?}");
    let log = printed(&desk, &["log", "story"]);
    assert_eq!(untimed(&log)[there..], live);
}

#[test]
fn one_step_is_told_with_each_call_and_its_outcome() {
    let desk = Desk::begun("foundation");
    let log = printed(&desk, &["log", "story", "--step", "subnet-private-a"]);
    let lines = untimed(&log);
    assert_eq!(lines.len(), 3, "{log}");
    assert_eq!(lines[0], "· subnet-private-a: calls ec2:CreateSubnet");
    assert!(lines[1].starts_with("· subnet-private-a: done: SubnetId = \"subnet-"), "{log}");
    assert!(lines[2].starts_with("✓ subnet-private-a  "), "{log}");
    let says: &[&str] = &["the plan has no step `subnet-private-aa`", "with subnet-private-a, if that is what you meant"];
    desk.refuses(&["log", "story", "--step", "subnet-private-aa"], &Refusal { exit: 2, code: "HK0105", says });
}

#[test]
fn the_log_for_programs_has_the_lines_that_apply_printed() {
    let desk = Desk::new();
    let json = |text: &str| text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a JSON line")).collect::<Vec<_>>();
    let live = json(&printed(&desk, &["apply", "story", "--until", "foundation", "--yes", "--json", SIM]));
    let log = json(&printed(&desk, &["log", "story", "--json"]));
    // What only the moment knows is not in a journal: that a task begins, and what it waits for.
    let kept = |event: &&Value| !["began", "waiting"].contains(&event["what"].as_str().expect("it says what"));
    // The journal's times are to the second.
    let to_the_second = |event: &Value| {
        let mut event = event.clone();
        event["at_ms"] = Value::from(event["at_ms"].as_u64().expect("a time") / 1000 * 1000);
        event
    };
    assert_eq!(log, live.iter().filter(kept).map(to_the_second).collect::<Vec<_>>());
}

#[test]
fn an_empty_log_says_what_to_do() {
    assert_eq!(printed(&Desk::new(), &["log", "story"]), "nothing has been run yet\nnext: hikkoshi dry-run story\n");
}

#[test]
fn who_watches_sees_a_run_to_its_end() {
    let desk = Desk::new();
    let pid = desk.path("watch.pid");
    let mut watching = desk.hikkoshi().spawn(&["status", "story", "--watch"], &pid);
    let mut following = desk.hikkoshi().spawn(&["log", "story", "--follow"], &pid);
    // On a busy machine they may begin to look when a run is over already: then they wait for the next.
    for until in ["foundation", "access", "guard", "stateless"] {
        desk.run(&["apply", "story", "--until", until, "--yes", SIM]).expect_code(0);
        for _ in 0..20 {
            if watching.has_ended() && following.has_ended() {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
    let watched = watching.wait().expect_code(0).stdout;
    assert!(watched.matches("story · account").count() > 1 && watched.contains("checkpoint reached"), "{watched}");
    let followed = following.wait().expect_code(0).stdout;
    assert!(followed.ends_with("■ run ended: done\n"), "{followed}");
}
