//! `plan.yaml` edited after its run has begun.

use super::{SIM, printed};
use crate::bad_input::{Desk, Refusal};

const PLAN: &str = "plans/story/plan.yaml";
const APPLY: &[&str] = &["apply", "story", "--until", "foundation", "--yes", SIM];
const BECAUSE: &[&str] = &["apply", "story", "--until", "foundation", "--yes", SIM, "--reason", "the name is taken"];

/// A foundation of which the endpoint of DynamoDB failed.
fn failed() -> Desk {
    let desk = Desk::new();
    let apply = desk.run(&[APPLY, &["--fault", "13=fail"]].concat()).expect_code(4);
    assert!(apply.stderr.contains("step endpoint-dynamodb failed"), "the 13th call is another one now: {}", apply.stderr);
    assert!(
        apply.stderr.contains(
            "hikkoshi apply story --reason … --cloud sim:account.json   # after editing what is not done in plans/story/plan.yaml"
        )
    );
    desk
}

/// Where a step's text stands in a plan.
fn range(plan: &str, step: &str) -> std::ops::Range<usize> {
    let start = plan.find(&format!("\n- id: {step}\n  stage")).unwrap_or_else(|| panic!("the plan has no step {step}")) + 1;
    start..plan[start..].find("\n- id: ").map_or(plan.len(), |at| start + at + 1)
}

/// Replaces a word inside one step.
fn edit(desk: &Desk, step: &str, from: &str, to: &str) {
    let plan = desk.read(PLAN);
    let at = range(&plan, step);
    assert!(plan[at.clone()].contains(from), "step {step} has no \"{from}\"");
    desk.write(PLAN, format!("{}{}{}", &plan[..at.start], plan[at.clone()].replacen(from, to, 1), &plan[at.end..]));
}

fn remove(desk: &Desk, step: &str) {
    let mut plan = desk.read(PLAN);
    let at = range(&plan, step);
    plan.replace_range(at, "");
    desk.write(PLAN, plan);
}

#[test]
fn a_failed_step_is_edited_and_the_run_goes_on() {
    let desk = failed();
    edit(&desk, "endpoint-dynamodb", "Value: story-dynamodb", "Value: dynamodb-of-the-shop");
    let says: &[&str] = &[
        "plans/story/plan.yaml was edited since the run began, and nobody says why",
        "changed: endpoint-dynamodb",
        "    -         Value: story-dynamodb",
        "    +         Value: dynamodb-of-the-shop",
        "what is done is unchanged, and the rest holds",
        "next: the same command with --reason",
    ];
    desk.refuses(APPLY, &Refusal { exit: 2, code: "HK0515", says });
    let went_on = printed(&desk, BECAUSE);
    assert!(went_on.contains("✓ endpoint-dynamodb  Create") && went_on.contains("── checkpoint foundation ──"), "{went_on}");
    assert!(desk.read("account.json").contains("dynamodb-of-the-shop"), "the edit is what was sent");
    let log = printed(&desk, &["log", "story"]);
    assert!(log.contains("! the plan was edited by arn:aws:iam::123456789012:user/simulated"), "{log}");
    assert!(log.contains(": the name is taken\n"), "{log}");
    let requests = printed(&desk, &["log", "story", "--step", "endpoint-dynamodb"]);
    assert!(
        requests.contains("calls ec2:CreateVpcEndpoint\n") && requests.contains("calls ec2:CreateVpcEndpoint, request 2\n"),
        "{requests}"
    );
    let kept = std::fs::read_dir(desk.path("plans/story/applied")).expect("plans are kept").count();
    assert_eq!(kept, 2, "the plan before and the plan after");
    printed(&desk, &["verify", "story", SIM]);
    let next = printed(&desk, &["apply", "story", "--until", "access", "--yes", SIM]);
    assert!(!next.contains("the plan was edited"), "once is enough: {next}");
    printed(&desk, &["rollback", "story", "--all", "--yes", SIM]);
}

#[test]
fn what_is_done_cannot_be_edited() {
    let desk = failed();
    let sound = desk.read(PLAN);
    edit(&desk, "subnet-private-a", "CidrBlock: 10.0.0.0/24", "CidrBlock: 10.0.7.0/24");
    let says: &[&str] = &[
        "the edited plan can't be gone on with: step subnet-private-a was begun and is another now",
        "next: diff plans/story/applied/",
        "hikkoshi log story --step subnet-private-a",
    ];
    desk.refuses(BECAUSE, &Refusal { exit: 2, code: "HK0515", says });
    desk.write(PLAN, &sound);
    remove(&desk, "endpoint-s3");
    let says: &[&str] = &["step endpoint-s3 was begun and is not in it any more"];
    desk.refuses(BECAUSE, &Refusal { exit: 2, code: "HK0515", says });
    desk.refuses(&["rollback", "story", "--all", "--yes", SIM], &Refusal { exit: 2, code: "HK0202", says: &["of another plan"] });
    desk.write(PLAN, &sound);
    printed(&desk, APPLY);
}

#[test]
fn what_is_waited_for_and_checked_may_be_edited_everywhere() {
    let desk = failed();
    edit(&desk, "nat-a", "timeout_s: ", "timeout_s: 1");
    printed(&desk, BECAUSE);
}

#[test]
fn nothing_can_be_added_behind_the_run() {
    let desk = Desk::begun("access");
    let plan = desk.read(PLAN);
    let more = plan[range(&plan, "endpoint-s3")].replace("endpoint-s3", "endpoint-more");
    let end = range(&plan, "endpoint-s3").end;
    desk.write(PLAN, format!("{}{more}{}", &plan[..end], &plan[end..]));
    let says: &[&str] = &["step endpoint-more is not done and stands before stage access, which the run has reached"];
    desk.refuses(BECAUSE, &Refusal { exit: 2, code: "HK0515", says });
}

#[test]
fn an_edit_that_does_not_hold_is_not_gone_on_with() {
    let desk = Desk::begun("access");
    remove(&desk, "rules-app-1");
    let says: &[&str] = &["the edited plan does not hold: ", "next: mend plans/story/plan.yaml"];
    desk.refuses(BECAUSE, &Refusal { exit: 3, code: "HK0406", says });
}

#[test]
fn a_crash_after_the_amendment_neither_forgets_nor_repeats_it() {
    let desk = failed();
    edit(&desk, "endpoint-dynamodb", "Value: story-dynamodb", "Value: dynamodb-of-the-shop");
    let died = desk.run(&[BECAUSE, &["--fault", "1=die-after"]].concat());
    assert_ne!(died.code, Some(0), "{died:?}");
    printed(&desk, APPLY);
    let journal = desk.read("plans/story/journal.jsonl");
    assert_eq!(journal.matches("\"amended\"").count(), 1);
    let undisturbed = failed();
    edit(&undisturbed, "endpoint-dynamodb", "Value: story-dynamodb", "Value: dynamodb-of-the-shop");
    printed(&undisturbed, BECAUSE);
    let made = |desk: &Desk| desk.read("account.json").matches("dynamodb-of-the-shop").count();
    assert_eq!(made(&desk), made(&undisturbed), "it was made once");
}
