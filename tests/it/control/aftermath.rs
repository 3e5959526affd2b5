//! What is said after a run that did not reach its goal: what failed, what was in flight, what the service feels, what to type.

use super::{SIM, printed};
use crate::bad_input::Desk;

/// The story up to `guard`, and then the N-th change with a fault; what the failed run says is the answer.
fn after_guard(fault: &str) -> (Desk, String) {
    let desk = Desk::begun("guard");
    let apply = desk.run(&["apply", "story", "--yes", "--fault", fault, SIM]);
    let failure = apply.stderr.find("error[").map(|at| apply.stderr[at..].to_owned()).unwrap_or_default();
    (desk, failure)
}

/// A copy that could not be launched while the old one is stopped already.
const LAUNCH: &str = "19=fail";

#[test]
fn one_screen_says_what_failed_what_the_service_feels_and_what_to_type() {
    let (desk, said) = after_guard(LAUNCH);
    let wanted = "\
error[HK0304]: step app-1-launch failed: ec2:RunInstances was refused: InternalError: An internal error has occurred (a fault that was \
asked for)
  no planned interruption is under way
  service: 29 of 39 flows of 10 workloads hold, 10 do not (by the journal, on the reach model):
  ✗ app → app-1 tcp 80, app-1 → dynamodb tcp 443, app-1 → ec2messages tcp 443 and 7 more flows do not: nothing of app-1 serves
  half-way: app-1 (done up to app-1-image, next is app-1-launch)
    STAGE       STEPS  STATE
    foundation  26/26  checkpoint reached
    access      3/3    checkpoint reached
    guard       18/18  checkpoint reached
    stateless   3/3    checkpoint reached
    pets        15/19  1 failed, 0 begun
    data        0/9    not begun
    tighten     0/6    not begun
    cleanup     0/7    asked for by name, after a soak
next: hikkoshi apply story --cloud sim:account.json   # tries the failed step again and goes on
      hikkoshi rollback story --to stateless --cloud sim:account.json   # or go back to the last checkpoint
      hikkoshi apply story --reason … --cloud sim:account.json   # after editing what is not done in plans/story/plan.yaml
      hikkoshi plan story --step app-1-launch   # what the step is
page: hikkoshi explain HK0304
";
    assert_eq!(said, wanted);
    let status = desk.hikkoshi().env("COLUMNS", "200").run(&["status", "story"]).expect_code(0).stdout;
    for line in wanted.lines().filter(|line| line.contains("service:") || line.contains("✗ app →")) {
        assert!(status.contains(line), "{status}");
    }
    assert!(status.contains("next: hikkoshi apply story   # tries the failed step again and goes on\n"), "{status}");
    let went_on = printed(&desk, &["apply", "story", "--yes", SIM]);
    assert!(went_on.contains("✓ app-1-launch"), "{went_on}");
    let over = printed(&desk, &["status", "story"]);
    assert!(!over.contains("service:"), "what is over is not told any more:\n{over}");
}

#[test]
fn what_nobody_knows_was_carried_out_is_told_with_what_would_follow() {
    let (desk, _) = after_guard("17=die-after");
    let status = desk.hikkoshi().env("COLUMNS", "200").run(&["status", "story"]).expect_code(0).stdout;
    let says = [
        "did not end by itself",
        "  in flight: app-1-stop outcome unknown: the next run looks for it with ec2:DescribeInstances, then takes it as done or",
        "  service: all 39 flows of 10 workloads hold (by the journal, on the reach model)\n  if what nobody knows was carried out,",
        "and 7 more flows do not: nothing of app-1 serves\n",
        "next: hikkoshi apply story",
    ];
    says.iter().for_each(|says| assert!(status.contains(says), "it doesn't say \"{says}\":\n{status}"));
    let json = desk.run(&["status", "story", "--json"]).json();
    assert_eq!(json["aftermath"]["in_flight"][0]["left"], "unknown", "{json:#}");
    assert_eq!(json["aftermath"]["service"]["broken"], serde_json::json!([]));
    let besides = &json["aftermath"]["service"]["broken_if_unknown_was_carried_out"];
    assert_eq!(besides.as_array().map(Vec::len), Some(10), "{json:#}");
}

#[test]
fn the_same_is_told_to_programs_with_the_options_that_were_typed() {
    let desk = Desk::begun("guard");
    let said = desk.run(&["apply", "story", "--yes", "--json", "--state", "local", "--fault", LAUNCH, SIM]);
    let error: serde_json::Value = said
        .stdout
        .rsplit_once("\n{\n")
        .map(|(_, last)| serde_json::from_str(&format!("{{{last}")))
        .expect("events, then the failure")
        .expect("JSON");
    let aftermath = &error["error"]["aftermath"];
    assert_eq!(aftermath["failed"][0]["step"], "app-1-launch", "{error:#}");
    assert_eq!(aftermath["service"]["flows"], 39);
    assert_eq!(aftermath["service"]["broken"][0]["why"], "nothing of app-1 serves");
    assert_eq!(aftermath["next"], error["error"]["next"]);
    assert_eq!(
        aftermath["next"][1],
        "hikkoshi rollback story --to stateless --state local --cloud sim:account.json   # or go back to the last checkpoint"
    );
}

#[test]
fn a_step_that_is_needed_is_not_offered_to_be_left_out_and_one_that_is_not_is() {
    let (_, needed) = after_guard(LAUNCH);
    assert!(!needed.contains("hikkoshi skip"), "{needed}");
    let desk = Desk::new();
    let apply = desk.run(&["apply", "story", "--until", "foundation", "--yes", "--fault", "13=fail", SIM]).expect_code(4).stderr;
    assert!(apply.contains("hikkoshi skip story endpoint-dynamodb --reason …   # leaves it out"), "{apply}");
    assert!(apply.contains("hikkoshi rollback story --all --cloud sim:account.json   # or go back to the beginning"), "{apply}");
}

#[test]
fn a_way_back_that_failed_says_the_same() {
    let desk = Desk::begun("pets");
    let back = desk.run(&["rollback", "story", "--to", "guard", "--yes", "--fault", "4=fail", SIM]).expect_code(4).stderr;
    assert!(back.starts_with("error[HK0506]: undoing step "), "{back}");
    for says in ["  service: ", "what was undone is in the journal", "next: hikkoshi rollback story --to guard --cloud sim:account.json"] {
        assert!(back.contains(says), "it doesn't say \"{says}\":\n{back}");
    }
}
