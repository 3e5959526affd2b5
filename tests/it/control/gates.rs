//! `gates` in the intent: what is looked at before a stage.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};

use hikkoshi::execute::driver::End;
use hikkoshi::execute::gate::{Probe, Probed};
use hikkoshi::execute::machine::Goal;
use hikkoshi::journal::Body;
use hikkoshi::model::step::Stage;
use hikkoshi::plan::gates::Health;
use hikkoshi::plan::{Gate, intent, plan};

use super::{SIM, printed};
use crate::bad_input::{Desk, Refusal, refused};
use crate::support::account::spine;
use crate::support::lab::{ALL, Disturb, Lab, head, plan_of};

const INTENT: &str = "migrations/story.yaml";

/// The story with a gate before the guard, planned anew.
fn gated(what: &str) -> Desk {
    let desk = Desk::new();
    desk.append(INTENT, &format!("gates:\n- before: guard\n  {what}"));
    let summary = printed(&desk, &["plan", "story"]);
    assert!(summary.contains("? looked at before guard: "), "{summary}");
    desk
}

fn apply(desk: &Desk) -> crate::support::command::Finished {
    desk.run(&["apply", "story", "--until", "guard", "--yes", SIM])
}

#[test]
fn a_command_that_fails_stops_before_the_stage_and_offers_the_way_back() {
    let desk = gated("command: [sh, -c, \"test $HIKKOSHI_MIGRATION/$HIKKOSHI_BEFORE = story/guard && test -e well\"]");
    let says: &[&str] = &[
        "gate health-1 stays closed: `sh -c test $HIKKOSHI_MIGRATION/$HIKKOSHI_BEFORE = story/guard && test -e well` ended with exit status: 1",
        "everything before guard is done and stays; nothing of guard was begun",
        "next: hikkoshi apply story --until guard --cloud sim:account.json   # looks again",
        "hikkoshi rollback story --to foundation --cloud sim:account.json   # undoes access, if the migration made it unwell",
    ];
    refused(&apply(&desk), &Refusal { exit: 7, code: "HK0516", says });
    let log = printed(&desk, &["log", "story"]);
    assert!(log.ends_with("■ run ended: a gate's check is not well\n"), "{log}");
    desk.write("well", "");
    let through = apply(&desk).expect_code(0).stdout;
    assert!(through.contains("✓ gate health-1: answered with yes by its check\n"), "{through}");
    printed(&desk, &["dry-run", "story", "--offline"]);
}

#[test]
fn a_page_must_answer_with_its_status() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let status = if ASKED.fetch_add(1, Ordering::SeqCst) < 2 { "503 Service Unavailable" } else { "204 No Content" };
            let mut request = [0; 512];
            let read = stream.read(&mut request).unwrap_or(0);
            let head = String::from_utf8_lossy(&request[..read]).into_owned();
            assert!(head.starts_with("GET /healthy?deep=1 HTTP/1.1\r\n"), "{head}");
            assert!(head.to_lowercase().contains("\r\nhost: 127.0.0.1:"), "{head}");
            let _ = stream.write_all(format!("HTTP/1.1 {status}\r\n\r\n").as_bytes());
        }
    });
    let desk = gated(&format!("http: {{url: \"http://{address}/healthy?deep=1\", status: 204}}"));
    apply(&desk).expect_code(0);
    assert_eq!(ASKED.load(Ordering::SeqCst), 3, "it is patient");
    let other = gated("http: {url: \"http://127.0.0.1:9/\"}");
    refused(&apply(&other), &Refusal { exit: 7, code: "HK0516", says: &["gate health-1 stays closed: http://127.0.0.1:9/: "] });
}

/// Well from the n-th look on.
struct From(usize, AtomicUsize);

impl Probe for From {
    fn probe<'a>(&'a self, _: &'a Gate, _: &'a Health) -> Probed<'a> {
        let well = self.1.fetch_add(1, Ordering::SeqCst) + 1 >= self.0;
        Box::pin(std::future::ready(if well { Ok(()) } else { Err("unwell".to_owned()) }))
    }
}

#[test]
fn a_gate_is_passed_once_and_looked_at_again_after_a_way_back_through_it() {
    let docs = spine();
    let plan = plan_of(&docs, "gates:\n- before: guard\n  command: [check]\n");
    let mut lab = Lab::new(&docs, &plan);
    let looks = |lab: &mut Lab<'_>, goal, from| {
        let probe = From(from, AtomicUsize::new(0));
        let end = lab.go_with(goal, &Disturb { probe: Some(&probe), ..Disturb::default() });
        (end, probe.1.into_inner())
    };
    let (end, asked) = looks(&mut lab, ALL, usize::MAX);
    assert!(matches!(&end, End::Unwell { gate, why } if gate == "health-1" && why == "unwell"), "{end:?}");
    assert_eq!(asked, 13, "each five seconds, for a minute");
    let guard = |lab: &Lab<'_>| lab.records.iter().filter(|r| matches!(&r.body, Body::Checkpoint { stage } if stage == "guard")).count();
    assert_eq!(guard(&lab), 0);
    let (end, asked) = looks(&mut lab, Goal::Forward(Stage::Guard), 2);
    assert!(matches!(end, End::Reached) && asked == 2, "{end:?}, {asked}");
    let (end, asked) = looks(&mut lab, Goal::Forward(Stage::Stateless), 1);
    assert!(matches!(end, End::Reached) && asked == 0, "it is open: {end:?}, {asked}");
    let (end, _) = looks(&mut lab, Goal::Back(None), usize::MAX);
    assert!(matches!(end, End::Reached), "nothing is looked at on the way back: {end:?}");
    let (end, asked) = looks(&mut lab, Goal::Forward(Stage::Guard), 1);
    assert!(matches!(end, End::Reached) && asked == 1, "{end:?}, {asked}");
}

#[test]
fn the_targets_of_a_group_must_be_healthy() {
    let docs = spine();
    let names: Vec<String> = docs.inventory().with_role(hikkoshi::model::facet::Role::TargetGroup).map(|g| g.name.clone()).collect();
    let name = names.first().expect("the account has a target group");
    let plan = plan_of(&docs, &format!("gates:\n- before: stateless\n  target_health: {name}\n"));
    let Some(Health::Account(checks)) = plan.gates.last().and_then(|gate| gate.check.clone()) else { panic!("{:?}", plan.gates) };
    assert_eq!(checks.len(), 2);
    let mut lab = Lab::new(&docs, &plan);
    lab.reach(ALL, "its targets are healthy");
    let mut sick = plan.clone();
    let gate = sick.gates.last_mut().expect("it is there");
    let Some(Health::Account(checks)) = &mut gate.check else { panic!("it looks at the account") };
    checks[0].expect = hikkoshi::model::step::Expect::Includes(vec!["sick".into()]);
    let end = Lab::new(&docs, &sick).go(ALL);
    assert!(matches!(&end, End::Unwell { why, .. } if why.contains("does not hold: last seen: \"healthy\"")), "{end:?}");
}

#[test]
fn an_alarm_must_be_ok() {
    let desk = gated("alarm: errors");
    printed(&desk, &["dry-run", "story", "--offline"]);
    let until = |stage: &str| desk.run(&["apply", "story", "--until", stage, "--yes", SIM]);
    until("access").expect_code(0);
    let plant = |state: &str| {
        let mut account: serde_json::Value = serde_json::from_str(&desk.read("account.json")).expect("it is JSON");
        let (reason, since) = ("Threshold Crossed: 1 datapoint [9.0] was greater than 5.0.", "2026-11-24T01:00:00Z");
        account["alarms"] =
            serde_json::json!([{ "AlarmName": "errors", "StateValue": state, "StateReason": reason, "StateUpdatedTimestamp": since }]);
        desk.write("account.json", account.to_string());
    };
    for state in ["ALARM", "INSUFFICIENT_DATA"] {
        plant(state);
        let why =
            format!("gate health-1 stays closed: the alarm errors is {state} since 2026-11-24T01:00:00Z: Threshold Crossed: 1 datapoint");
        let says: &[&str] = &[&why, "before guard it must be so that the alarm errors is OK; it was looked at for a minute"];
        refused(&until("guard"), &Refusal { exit: 7, code: "HK0516", says });
    }
    plant("OK");
    until("guard").expect_code(0);
    let patient = gated("alarm: errors\n  insufficient_data: true");
    assert!(patient.read("plans/story/plan.yaml").contains("the alarm errors is OK or has not enough data"));
}

#[test]
fn a_gate_that_says_nothing_or_too_much_is_refused_where_it_stands() {
    let docs = spine();
    for (gate, says) in [
        ("- before: gaurd\n  command: [x]\n", "there is no stage `gaurd`; expected: did you mean `guard`?"),
        ("- before: guard\n", "a gate looks at one thing"),
        ("- before: guard\n  command: []\n", "a gate looks at one thing"),
        ("- before: guard\n  command: [x]\n  target_health: y\n", "a gate looks at one thing"),
        ("- before: guard\n  alarm: \"\"\n", "a gate looks at one thing"),
        ("- before: guard\n  command: [x]\n  alarm: y\n", "a gate looks at one thing"),
        ("- before: guard\n  command: [x]\n  insufficient_data: true\n", "only an alarm can lack data"),
        ("- before: guard\n  target_health: nobody\n", "there is no target group `nobody` in the inventory"),
        ("- before: guard\n  http: {url: \"ftp://x/\"}\n", "`ftp://x/` is no web address"),
    ] {
        let intent = intent::parse(&format!("{}gates:\n{gate}", head())).expect("it is well-formed");
        let problem = plan(&intent, &docs.inventory(), "", "").expect_err(gate);
        let said = format!("{}; expected: {}", problem.message, problem.expected);
        assert!(said.contains(says) && problem.line > 4, "line {}: {said}", problem.line);
    }
}

#[test]
fn a_mistyped_gate_is_refused_by_plan_with_its_line() {
    let desk = Desk::new();
    desk.append(INTENT, "gates:\n- before: gaurd\n  command: [x]");
    let says: &[&str] = &["migrations/story.yaml:", "there is no stage `gaurd`", "did you mean `guard`?"];
    desk.refuses(&["plan", "story"], &Refusal { exit: 2, code: "HK0105", says });
}
