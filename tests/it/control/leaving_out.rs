//! `hikkoshi skip`: what may be left out, and what it comes to.

use super::{SIM, printed};
use crate::bad_input::{Desk, Refusal};
use crate::book::json::faults;

/// A foundation of which the endpoint of DynamoDB failed.
fn failed() -> Desk {
    let desk = Desk::new();
    let apply = desk.run(&["apply", "story", "--until", "foundation", "--yes", "--fault", "13=fail", SIM]).expect_code(4);
    let says = "step endpoint-dynamodb failed: ec2:CreateVpcEndpoint was refused";
    assert!(apply.stderr.contains(says), "the 13th call is another one now: {}", apply.stderr);
    assert!(apply.stderr.contains("hikkoshi skip story endpoint-dynamodb --reason …   # leaves it out, if the rest holds without it"));
    desk
}

fn skip<'a>(steps: &[&'a str]) -> Vec<&'a str> {
    [&["skip", "story"][..], steps, &["--reason", "billing uses S3 only", "--yes"]].concat()
}

#[test]
fn a_step_that_nothing_needs_is_left_out_there_and_back() {
    let desk = failed();
    let said = printed(&desk, &skip(&["endpoint-dynamodb"]));
    assert_eq!(said, "endpoint-dynamodb is left out, and a rollback passes over it\nnext: hikkoshi apply story\n");
    let status = printed(&desk, &["status", "story"]);
    assert!(status.contains("  » endpoint-dynamodb: left out: billing uses S3 only\n"), "{status}");
    assert!(!status.contains('✗'), "it is no failure any more:\n{status}");
    let json = desk.run(&["status", "story", "--json"]).json();
    assert_eq!(json["steps"]["endpoint-dynamodb"]["skipped"], "billing uses S3 only");
    let there = printed(&desk, &["apply", "story", "--yes", SIM]);
    assert!(there.contains("foundation  25/26  checkpoint reached, 1 left out\n"), "{there}");
    assert!(!there.contains("endpoint-dynamodb  Create"), "{there}");
    let log = printed(&desk, &["log", "story"]);
    assert!(log.contains("» endpoint-dynamodb  left out by somebody@"), "{log}");
    printed(&desk, &["verify", "story", SIM]);
    let back = printed(&desk, &["rollback", "story", "--all", "--yes", SIM]);
    assert!(!back.contains("endpoint-dynamodb  undone"), "{back}");
    assert!(back.contains("back at the beginning"), "{back}");
}

#[test]
fn what_is_needed_done_or_in_doubt_is_not_left_out() {
    let desk = failed();
    let needed: &[&str] = &[
        "step app-1-session is needed by app-1-deregister, app-1-session-again",
        "app-1-deregister needs it: ",
        "hikkoshi skip story app-1-session app-1-deregister app-1-session-again --reason …",
    ];
    desk.refuses(&skip(&["app-1-session"]), &Refusal { exit: 2, code: "HK0514", says: needed });
    desk.refuses(&skip(&["subnet-private-a"]), &Refusal { exit: 2, code: "HK0514", says: &["step subnet-private-a is done"] });
    desk.refuses(&skip(&["endpoint-dynamo"]), &Refusal { exit: 2, code: "HK0105", says: &["with endpoint-dynamodb, if"] });
    let first = desk.run(&["apply", "story", "--until", "access", "--yes", "--fault", "1=die", SIM]);
    assert_ne!(first.code, Some(0), "{first:?}");
    let doubt: &[&str] = &["step endpoint-dynamodb was begun, and nobody knows", "hikkoshi apply story   # looks whether"];
    desk.refuses(&skip(&["endpoint-dynamodb"]), &Refusal { exit: 2, code: "HK0514", says: doubt });
    let fresh = Desk::new();
    fresh.refuses(&skip(&["endpoint-s3"]), &Refusal { exit: 2, code: "HK0514", says: &["nothing has been run yet"] });
}

#[test]
fn what_only_the_proof_shows_to_be_needed_is_not_left_out() {
    let desk = Desk::begun("access");
    let says: &[&str] = &["without it the rest of the plan does not hold: ", "hikkoshi apply story   # tries the step again"];
    desk.refuses(&skip(&["rules-app-1"]), &Refusal { exit: 3, code: "HK0406", says });
}

#[test]
fn a_step_left_out_is_done_after_all_as_long_as_nothing_has_passed_it() {
    let desk = failed();
    let take_back = ["skip", "story", "endpoint-dynamodb", "--take-back"];
    desk.refuses(&take_back, &Refusal { exit: 2, code: "HK0514", says: &["step endpoint-dynamodb is not left out"] });
    printed(&desk, &skip(&["endpoint-dynamodb"]));
    desk.refuses(&skip(&["endpoint-dynamodb"]), &Refusal { exit: 2, code: "HK0514", says: &["is left out already"] });
    assert!(printed(&desk, &take_back).starts_with("endpoint-dynamodb is done after all\n"));
    let there = printed(&desk, &["apply", "story", "--until", "foundation", "--yes", SIM]);
    assert!(there.contains("✓ endpoint-dynamodb  Create"), "{there}");
    let other = failed();
    let told = other.run(&[skip(&["endpoint-dynamodb"]), vec!["--json"]].concat()).expect_code(0).json();
    assert_eq!((faults("skip", &told), &told["skipped"]), (Vec::new(), &true.into()), "{told}");
    printed(&other, &["apply", "story", "--until", "access", "--yes", SIM]);
    let says: &[&str] = &["can't be done any more in the plan's order: "];
    other.refuses(&take_back, &Refusal { exit: 2, code: "HK0514", says });
}
