//! `approvals` in the intent: `hikkoshi approve`, and what a run does without.

use std::time::{Duration, Instant};

use hikkoshi::plan::intent;

use super::{SIM, printed};
use crate::bad_input::{Desk, JOURNAL, Refusal};
use crate::support::command::Finished;
use crate::support::lab::head;

const INTENT: &str = "migrations/story.yaml";
const RIN: &str = "--caller=arn:aws:sts::123456789012:assumed-role/Ops/rin";
const MIKA: &str = "--caller=arn:aws:sts::123456789012:assumed-role/Ops/mika";
const YUI: &str = "--caller=arn:aws:sts::123456789012:assumed-role/Ops/yui";
const GUEST: &str = "--caller=arn:aws:sts::123456789012:assumed-role/ReadOnly/kei";
const OF: &str = "of: [\"arn:aws:sts::123456789012:assumed-role/Ops/*\"]";

/// The story with a rule, planned by Rin.
fn ruled(rule: &str) -> Desk {
    let desk = Desk::new();
    desk.append(INTENT, &format!("approvals: {{{rule}}}"));
    desk.run(&["plan", "story", SIM, RIN]).expect_code(0);
    desk
}

fn approve(desk: &Desk, who: &str, more: &[&str]) -> Finished {
    desk.run(&[&["approve", "story", "--yes", SIM, who], more].concat())
}

fn listed(desk: &Desk) -> String {
    desk.hikkoshi().env("COLUMNS", "200").run(&["approve", "story", "--list"]).expect_code(0).stdout
}

fn apply<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["apply", "story", "--yes", SIM, RIN], more].concat()
}

/// What is another from one time to the next: hashes, times, hosts, processes.
fn steady(desk: &Desk, text: &str) -> String {
    let plan = hikkoshi::plan::sha256(desk.read("plans/story/plan.yaml").as_bytes());
    let text = text.replace(&plan, "PLAN").replace(&plan[..12], "PLAN");
    let time = |word: &str| word.starts_with("202") && word.contains('T') && word.contains('Z');
    let words = text.split_inclusive([' ', '\n']);
    words.map(|word| if time(word) { format!("TIME{}", &word[word.find('Z').map_or(0, |at| at + 1)..]) } else { word.to_owned() }).collect()
}

#[test]
fn a_run_is_refused_until_two_others_have_approved() {
    let desk = ruled(&format!("need: 2, {OF}"));
    assert!(
        printed(&desk, &["plan", "story", SIM, YUI])
            .contains("? waited for before start: 2 of arn:aws:sts::123456789012:assumed-role/Ops/* have")
    );
    let says: &[&str] = &["2 of 2 approvals are missing before start", "planned by arn:aws:sts::123456789012:assumed-role/Ops/rin"];
    desk.refuses(&apply(&[]), &Refusal { exit: 7, code: "HK0601", says });
    let says: &[&str] = &["your approval would not count: who planned does not approve, too"];
    desk.refuses(&["approve", "story", "--yes", SIM, RIN], &Refusal { exit: 2, code: "HK0602", says });
    let says: &[&str] = &["your approval would not count: not among those who may approve", "those who may: arn:aws:sts::"];
    desk.refuses(&["approve", "story", "--yes", SIM, GUEST], &Refusal { exit: 2, code: "HK0602", says });
    desk.refuses(&["approve", "story", SIM, MIKA], &Refusal { exit: 2, code: "HK0509", says: &["is not confirmed"] });

    let first = approve(&desk, MIKA, &["--reason", "read it twice"]).expect_code(0).stdout;
    insta::assert_snapshot!("what_is_approved", steady(&desk, &first));
    let again = approve(&desk, "--caller=arn:aws:sts::123456789012:assumed-role/Ops/Mika", &[]).expect_code(0).stdout;
    assert!(again.starts_with("you have approved it already, as arn:aws:sts::123456789012:assumed-role/Ops/mika at "), "{again}");
    let refusal = desk.refuses(&apply(&[]), &Refusal { exit: 7, code: "HK0601", says: &["1 of 2 approvals is missing"] });
    insta::assert_snapshot!("one_is_missing", steady(&desk, &refusal));
    let status = printed(&desk, &["status", "story"]);
    assert!(status.contains("! before start 1 of 2 approvals is missing: hikkoshi approve story --checkpoint start\n"), "{status}");
    let json = desk.run(&["status", "story", "--json"]).json();
    assert_eq!(json["approvals_missing"][0]["checkpoint"], "start", "{json}");
    let dry = printed(&desk, &["dry-run", "story", "--offline"]);
    assert!(dry.contains("approvals    before start: 1 of 2 approvals is missing; a dry run needs none\n"), "{dry}");

    printed(&desk, &["rehearse", "story", "--runs", "2"]);

    let second = approve(&desk, YUI, &[]).expect_code(0).stdout;
    assert!(second.ends_with("next: hikkoshi apply story\n"), "{second}");
    let ran = desk.run(&apply(&["--until", "foundation"])).expect_code(0).stdout;
    assert!(ran.contains("; approved by arn:aws:sts::123456789012:assumed-role/Ops/mika (before start, at 20"), "{ran}");
    assert!(ran.contains("✓ gate approval-start: answered with yes by arn:aws:sts::123456789012:assumed-role/Ops/mika, arn:"), "{ran}");
    let log = printed(&desk, &["log", "story"]);
    assert!(log.contains("; approved by arn:aws:sts::123456789012:assumed-role/Ops/mika (before start, at 20"), "{log}");
    assert_eq!(desk.read(JOURNAL).matches("\"approved\":[{\"point\":\"start\"").count(), 1);
    printed(&desk, &["rollback", "story", "--all", "--yes", SIM, RIN]);
}

#[test]
fn an_edited_plan_has_no_approvals_and_a_plan_made_again_by_another_keeps_them() {
    let desk = ruled("need: 1");
    approve(&desk, MIKA, &[]).expect_code(0);
    let planned = desk.read("plans/story/plan.yaml");
    desk.run(&["plan", "story", SIM, YUI]).expect_code(0);
    assert!(desk.read("plans/story/plan.yaml") == planned, "it is the same plan, and still Rin's");
    desk.run(&apply(&["--until", "foundation"])).expect_code(0);
    desk.edit("plans/story/plan.yaml", "\nversion: 1\n", "\nversion: 1 # as it was\n");
    let again = &apply(&["--until", "access", "--reason", "a comment"]);
    let says: &[&str] =
        &["1 of 1 approvals is missing before start", "/Ops/mika at ", "it is of another plan, ", "edited or made anew since"];
    desk.refuses(again, &Refusal { exit: 7, code: "HK0601", says });
    approve(&desk, MIKA, &[]).expect_code(0);
    let ran = desk.run(again).expect_code(0).stdout;
    assert!(ran.contains("✓ gate approval-start: answered with yes by "), "asked anew: {ran}");
}

#[test]
fn who_edits_the_rule_away_is_told() {
    let desk = ruled("need: 1");
    let plan = desk.read("plans/story/plan.yaml");
    let says: &[&str] = &["plan.yaml does not ask for the approvals that it must", "next: hikkoshi plan story"];
    let from = plan.find("\napprovals:\n").expect("the plan has a rule");
    let to = from + 1 + plan[from + 1..].find("\ncost:").expect("what comes after it");
    desk.write("plans/story/plan.yaml", format!("{}{}", &plan[..from], &plan[to..]));
    desk.refuses(&apply(&[]), &Refusal { exit: 7, code: "HK0601", says });
    desk.write("plans/story/plan.yaml", plan.replacen("need: 1", "need: 0", 1));
    desk.refuses(&apply(&[]), &Refusal { exit: 7, code: "HK0601", says });
    desk.write("plans/story/plan.yaml", plan.replacen("planner: ", "planner_counts: true # ", 1));
    desk.refuses(&apply(&[]), &Refusal { exit: 7, code: "HK0601", says });
    let gate = plan.find("- id: approval-start\n").expect("the plan has a gate");
    let end = gate + plan[gate + 1..].find("\n- id: ").expect("and another") + 2;
    desk.write("plans/story/plan.yaml", format!("{}{}", &plan[..gate], &plan[end..]));
    desk.refuses(&apply(&[]), &Refusal { exit: 7, code: "HK0601", says });

    desk.write("plans/story/plan.yaml", &plan);
    approve(&desk, MIKA, &[]).expect_code(0);
    desk.run(&apply(&["--until", "foundation"])).expect_code(0);
    desk.write("plans/story/plan.yaml", format!("{}{}", &plan[..from], &plan[to..]));
    let says: &[&str] = &["does not ask for the approvals that it must", "put them back into plans/story/plan.yaml"];
    desk.refuses(&apply(&["--reason", "x"]), &Refusal { exit: 7, code: "HK0601", says });
}

#[test]
fn a_run_waits_at_a_checkpoint_on_its_way_until_somebody_approves() {
    let desk = ruled("need: 1, at: [guard, cleanup]");
    let pid = desk.path("apply.pid");
    let running = desk.hikkoshi().spawn(&apply(&["--until", "guard", "--pace", "2000"]), &pid);
    let deadline = Instant::now() + Duration::from_secs(60);
    while !desk.run(&["log", "story"]).stdout.contains("── checkpoint access ──") {
        assert!(Instant::now() < deadline, "the run does not get as far as access");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(printed(&desk, &["status", "story"]).contains("! before guard 1 of 1 approvals is missing"));
    let said = approve(&desk, MIKA, &[]).expect_code(0).stdout;
    assert!(said.contains("Approval of story, before guard\n"), "the first that lacks one: {said}");
    let ended = running.wait().expect_code(0);
    assert!(ended.stderr.contains("It waits before guard: 1 of 1 approvals is missing"), "{}", ended.stderr);
    let waits = "‖ waits before guard: 1 of 1 approvals is missing; next: hikkoshi approve story --checkpoint guard\n";
    assert_eq!(ended.stdout.matches(waits).count(), 1, "{}", ended.stdout);
    assert!(ended.stdout.contains("✓ gate approval-guard: answered with yes by arn:"), "{}", ended.stdout);
    desk.run(&apply(&[])).expect_code(0);
    let says: &[&str] = &["1 of 1 approvals is missing before cleanup", "hikkoshi approve story --checkpoint cleanup"];
    desk.refuses(&apply(&["--cleanup"]), &Refusal { exit: 7, code: "HK0601", says });
    let said = approve(&desk, MIKA, &["--checkpoint", "cleanup"]).expect_code(0).stdout;
    assert!(said.contains("no way back  ") && !said.contains("from no step"), "{said}");
    desk.run(&apply(&["--cleanup"])).expect_code(0);
}

#[test]
fn a_run_that_waits_for_approvals_can_be_stopped() {
    let desk = ruled("need: 1, at: [guard]");
    let running = desk.hikkoshi().spawn(&apply(&["--until", "guard", "--pace", "2000"]), &desk.path("apply.pid"));
    let deadline = Instant::now() + Duration::from_secs(60);
    while desk.run(&["abort", "story"]).code != Some(0) || !desk.run(&["log", "story"]).stdout.contains("run ended") {
        assert!(Instant::now() < deadline, "it can't be stopped");
    }
    let ended = running.wait();
    assert!(ended.code == Some(130) && ended.stderr.contains("error[HK0508]: stopped as "), "{ended:?}");
}

#[test]
fn an_approval_is_taken_back() {
    let desk = ruled("need: 1");
    let says: &[&str] = &["there is no approval of yours that counts"];
    desk.refuses(&["approve", "story", "--withdraw", SIM, MIKA], &Refusal { exit: 2, code: "HK0602", says });
    approve(&desk, MIKA, &[]).expect_code(0);
    desk.refuses(&["approve", "story", "--withdraw", SIM, YUI], &Refusal { exit: 2, code: "HK0602", says });
    let said = approve(&desk, MIKA, &["--withdraw"]).expect_code(0).stdout;
    assert!(said.starts_with("taken back: arn:aws:sts::123456789012:assumed-role/Ops/mika no longer approves plan "), "{said}");
    let list = listed(&desk);
    assert!(list.contains("  before start: 0 of 1, 1 missing\n") && list.contains(": does not count: withdrawn at 20"), "{list}");
    desk.refuses(&apply(&[]), &Refusal { exit: 7, code: "HK0601", says: &["does not count: withdrawn at "] });
    approve(&desk, MIKA, &[]).expect_code(0);
    let json = desk.run(&["approve", "story", "--list", "--json"]).json();
    assert_eq!((&json["approvals"][0]["missing"], json["approvals"][0]["not_counted"].as_array().map(Vec::len)), (&0.into(), Some(1)));
    desk.run(&apply(&["--until", "foundation"])).expect_code(0);
    approve(&desk, MIKA, &["--withdraw"]).expect_code(0);
    desk.refuses(&apply(&[]), &Refusal { exit: 7, code: "HK0601", says: &["1 of 1 approvals is missing before start"] });
}

#[test]
fn what_lies_in_the_store_and_does_not_count_is_listed_with_its_reason() {
    let desk = ruled(&format!("need: 1, {OF}"));
    approve(&desk, MIKA, &[]).expect_code(0);
    let folder = desk.path("plans/story/approvals");
    let name = std::fs::read_dir(&folder).expect("it was made").flatten().next().expect("one is in it").file_name();
    let own = format!("plans/story/approvals/{}", name.to_string_lossy());
    let guest = desk.read(&own).replace("Ops/mika", "ReadOnly/kei").replace(name.to_string_lossy().trim_end_matches(".json"), "x");
    desk.write("plans/story/approvals/x.json", &guest);
    let list = listed(&desk);
    assert!(list.contains("✗ arn:aws:sts::123456789012:assumed-role/ReadOnly/kei at "), "{list}");
    assert!(list.contains("not among those who may approve"), "{list}");
    desk.write("plans/story/approvals/y.json", "{");
    let says: &[&str] = &["plans/story/approvals/y.json is no approval: EOF"];
    desk.refuses(&apply(&[]), &Refusal { exit: 1, code: "HK0203", says });
}

#[test]
fn nobody_approves_where_nobody_looks_any_more() {
    let desk = ruled("need: 1");
    desk.write("plans/story/lease.json", r#"{"number": 1, "moved": {"to": "s3://night/shop", "by": "rin", "at": "2026-11-24T02:00:00Z"}}"#);
    let says: &[&str] = &["the journal was moved to s3://night/shop, by rin"];
    desk.refuses(&["approve", "story", "--yes", SIM, MIKA], &Refusal { exit: 2, code: "HK0207", says });
}

#[test]
fn a_journal_from_before_there_were_approvals_reads_and_hashes_as_it_did() {
    let line = r#"{"run_began":{"what":"apply","who":"mika"}}"#;
    let body: hikkoshi::journal::Body = serde_json::from_str(line).expect("it is a record");
    assert_eq!(serde_json::to_string(&body).expect("it is JSON"), line);
}

#[test]
fn where_nothing_is_asked_for_there_is_nothing_to_approve() {
    let desk = Desk::new();
    let says: &[&str] = &["the plan of story asks for no approvals", "`approvals: {need: 2}`"];
    desk.refuses(&["approve", "story", SIM], &Refusal { exit: 2, code: "HK0602", says });
    let ruled = ruled("need: 1, at: [start, cleanup]");
    let says: &[&str] = &["the plan asks for no approvals before `guard`", "one of these: start, cleanup"];
    ruled.refuses(&["approve", "story", "--checkpoint", "guard", SIM, MIKA], &Refusal { exit: 2, code: "HK0111", says });
}

#[test]
fn who_plans_must_be_known_where_the_planner_does_not_count() {
    let desk = Desk::new();
    let intent = desk.read(INTENT);
    desk.write(INTENT, format!("{intent}\napprovals: {{need: 1}}\n"));
    let nobody = desk.hikkoshi().without("AWS_ACCESS_KEY_ID").without("AWS_SECRET_ACCESS_KEY");
    let refused = nobody.run(&["plan", "story"]);
    assert!(refused.code != Some(0) && refused.stderr.contains("so it must be known who plans"), "{refused:?}");
    desk.write(INTENT, format!("{intent}\napprovals: {{need: 1, planner_counts: true}}\n"));
    printed(&desk, &["plan", "story"]);
    approve(&desk, RIN, &[]).expect_code(0);
    desk.run(&apply(&["--until", "foundation"])).expect_code(0);
}

#[test]
fn a_rule_that_nobody_can_fulfil_is_refused_where_it_stands() {
    let arn = "arn:aws:sts::1:assumed-role/Ops/mika";
    for (rule, says) in [
        ("need: 0".to_owned(), "0 people can't be asked for; expected: 1 to 20"),
        (format!("need: 2, of: [\"{arn}\"]"), "2 people are to approve, and 1 may"),
        ("need: 1, of: [mika]".to_owned(), "`mika` is no caller's ARN"),
        ("need: 1, of: [\"arn:aws:iam::1:role/Ops\"]".to_owned(), "`arn:aws:iam::1:role/Ops` is a role, and nobody calls as a role"),
        ("need: 1, at: [strat]".to_owned(), "there is neither a stage nor a start called `strat`; expected: did you mean `start`?"),
    ] {
        let problem = intent::parse(&format!("{}approvals: {{{rule}}}\n", head())).expect_err(&rule);
        let said = format!("{}; expected: {}", problem.message, problem.expected);
        assert!(said.contains(says) && problem.line == 5, "line {}: {said}", problem.line);
    }
}

#[test]
fn what_the_book_shows_is_an_intent() {
    let block = |page: &str| {
        let text = crate::support::source::read(page);
        text.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a block").to_owned()
    };
    let shown = block("docs/meeting.md") + &block("docs/night.md");
    let intent = intent::parse(&format!("{}{shown}", head())).unwrap_or_else(|problem| panic!("{problem}"));
    assert!(intent.approvals.is_some() && intent.hooks.len() == 2 && intent.gates.len() == 1);
}
