//! Flow logs read from CloudWatch Logs: which flow logs count, which groups are read, how pages follow each other, and what
//! is said at night when there is nothing to read. Over the wire: `flows_wire`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use hikkoshi::cloud::{Answer, Cloud};
use hikkoshi::discover::Error;
use hikkoshi::discover::flow_logs::{self, Event, Events, FlowLog};
use hikkoshi::model::call::{Call, Object, Outcome, Refusal};
use serde_json::{Value, json};

use crate::bad_input::{Desk, Refusal as Wanted};
use crate::support::account::spine;

/// An account that gives these answers, one after the other, and keeps what it was asked.
struct Script {
    answers: Mutex<VecDeque<Outcome>>,
    asked: Mutex<Vec<Object>>,
}

impl Script {
    fn new(answers: impl IntoIterator<Item = Outcome>) -> Script {
        Script { answers: Mutex::new(answers.into_iter().collect()), asked: Mutex::default() }
    }
}

impl Cloud for Script {
    fn call<'a>(&'a self, call: &'a Call) -> Answer<'a> {
        self.asked.lock().expect("nobody panics in here").push(call.parameters.clone());
        let answer = self.answers.lock().expect("nobody panics in here").pop_front().expect("nobody asks for more");
        Box::pin(std::future::ready(answer))
    }

    fn requests(&self) -> BTreeMap<String, u64> {
        BTreeMap::new()
    }
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

fn page(messages: &[&str], next: Option<&str>) -> Outcome {
    let event = |text: &&str| json!({ "logStreamName": "eni-1-all", "timestamp": 7, "message": text, "eventId": "e", "ingestionTime": 8 });
    let mut page = json!({ "events": messages.iter().map(event).collect::<Vec<_>>() });
    if let Some(next) = next {
        page["nextToken"] = next.into();
    }
    Outcome::Done(page)
}

/// All pages of a group, each as its messages.
fn pages(cloud: &Script) -> Result<Vec<Vec<String>>, Error> {
    let mut events = Events::new(cloud, "vpc-flow", 1_000, 2_000);
    let mut out = Vec::new();
    while let Some(page) = wait(events.next())? {
        assert!(page.iter().all(|event| event.interface() == "eni-1" && event.at_ms == 7));
        out.push(page.into_iter().map(|event| event.message).collect());
    }
    assert!(wait(events.next())?.is_none(), "nothing comes after the last page");
    Ok(out)
}

#[test]
fn pages_come_one_by_one_until_there_is_no_mark_and_empty_ones_are_not_the_end() {
    let cloud = Script::new([page(&["a", "b"], Some("t1")), page(&[], Some("t2")), page(&["c"], None)]);
    assert_eq!(pages(&cloud).expect("three pages"), [vec!["a", "b"], vec![], vec!["c"]]);
    let first = json!({ "logGroupName": "vpc-flow", "logStreamNamePrefix": "eni-", "startTime": 1_000, "endTime": 2_000 });
    let with = |mark: &str| {
        let mut parameters = first.clone();
        parameters["nextToken"] = mark.into();
        parameters
    };
    let asked: Vec<Value> = cloud.asked.into_inner().expect("nobody panicked").into_iter().map(Value::Object).collect();
    assert_eq!(asked, [first.clone(), with("t1"), with("t2")]);
}

#[test]
fn what_can_not_be_read_ends_the_reading() {
    let refused = |code: &str| Outcome::Refused(Refusal::new(code, "words"));
    let end = |answers: Vec<Outcome>| pages(&Script::new(answers)).expect_err("it must end");
    assert!(matches!(end(vec![refused("ResourceNotFoundException")]), Error::UnknownLogGroup(group) if group == "vpc-flow"));
    assert!(matches!(end(vec![page(&["a"], Some("t1")), refused("AccessDeniedException")]), Error::Refused { .. }));
    assert!(matches!(end(vec![refused("ExpiredTokenException")]), Error::Credentials(_)));
    assert!(matches!(end(vec![Outcome::Unknown("a timeout".into())]), Error::Unreachable { .. }));
    let same = end(vec![page(&["a"], Some("t1")), page(&["b"], Some("t1"))]);
    assert!(same.to_string().contains("the same page mark twice"), "{same}");
}

/// What AWS tells of a flow log: `id`, what it logs, which traffic, and more.
fn told(id: &str, of: &str, traffic: &str, more: &Value) -> Value {
    let mut doc = json!({ "FlowLogId": id, "ResourceId": of, "TrafficType": traffic, "DeliverLogsStatus": "SUCCESS",
        "LogDestinationType": "cloud-watch-logs", "LogFormat": "${version} ${srcaddr}", "CreationTime": format!("2026-11-{id}T00:00:00+00:00") });
    doc.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
    doc
}

fn logs(docs: Vec<Value>) -> Vec<FlowLog> {
    let cloud = Script::new([Outcome::Done(json!({ "FlowLogs": docs }))]);
    wait(flow_logs::flow_logs(&cloud)).expect("an answer")
}

#[test]
fn where_a_flow_log_delivers_to_is_understood() {
    let group = |more: Value| logs(vec![told("01", "vpc-shop", "ALL", &more)]).remove(0).group;
    assert_eq!(group(json!({ "LogGroupName": "a" })).as_deref(), Some("a"));
    assert_eq!(group(json!({ "LogDestination": "arn:aws:logs:us-east-1:123456789012:log-group:/b/c:*" })).as_deref(), Some("/b/c"));
    assert_eq!(group(json!({ "LogDestinationType": "s3", "LogDestination": "arn:aws:s3:::bucket" })), None);
    let foreign = json!({ "LogGroupName": "a", "DeliverCrossAccountRole": "arn:aws:iam::2:role/r" });
    assert_eq!(group(foreign), None, "a group of another account can't be searched from here");
    let failed = |why: Value| {
        logs(vec![told("01", "vpc-shop", "ALL", &json!({ "DeliverLogsStatus": "FAILED", "DeliverLogsErrorMessage": why }))])
            .remove(0)
            .failure
    };
    assert_eq!(failed("Access error".into()).as_deref(), Some("Access error"));
    assert_eq!(failed(Value::Null).as_deref(), Some("no reason is given"));
}

/// Which groups are read, why they do not show all that got through, and whether what was refused is missing.
#[track_caller]
fn check(docs: Vec<Value>, groups: &[&str], blind: &[&str], partial: bool) {
    let (all, inventory) = (logs(docs), spine().inventory());
    let mine = flow_logs::of_vpc(&all, &inventory);
    let found = flow_logs::groups(&mine, &inventory);
    assert_eq!(found, groups);
    let read: Vec<&FlowLog> = mine.into_iter().filter(|log| log.group.as_ref().is_some_and(|group| found.contains(group))).collect();
    let why = flow_logs::blind(&read, &inventory);
    assert!(why.len() == blind.len() && why.iter().zip(blind).all(|(why, part)| why.contains(part)), "{why:#?}, not {blind:?}");
    assert_eq!(flow_logs::partial(&read, &inventory).is_some(), partial);
}

#[test]
fn one_log_that_shows_all_is_read_and_else_all_that_there_are() {
    let into = |group: &str| json!({ "LogGroupName": group });
    let failed = json!({ "LogGroupName": "b", "DeliverLogsStatus": "FAILED", "DeliverLogsErrorMessage": "Rate limited" });
    check(vec![], &[], &[], false);
    check(vec![told("01", "vpc-other", "ALL", &into("a")), told("02", "tgw-attach-1", "ALL", &into("a"))], &[], &[], false);
    check(vec![told("02", "vpc-shop", "ALL", &into("b")), told("01", "vpc-shop", "ALL", &into("a"))], &["a"], &[], false);
    check(vec![told("01", "vpc-shop", "ALL", &failed), told("02", "vpc-shop", "ALL", &into("a"))], &["a"], &[], false);
    check(vec![told("01", "vpc-shop", "ALL", &failed)], &["b"], &["01: Rate limited"], false);
    check(vec![told("01", "vpc-shop", "ACCEPT", &into("a"))], &["a"], &[], true);
    check(vec![told("01", "vpc-shop", "REJECT", &into("a"))], &["a"], &["what got through is not logged (01 of REJECT)"], false);
    check(vec![told("01", "vpc-shop", "REJECT", &into("r")), told("02", "vpc-shop", "ACCEPT", &into("a"))], &["a", "r"], &[], false);
}

#[test]
fn subnets_that_are_not_logged_are_named() {
    let inventory = spine().inventory();
    let subnets: Vec<String> = inventory.with_role(hikkoshi::model::facet::Role::Subnet).map(|subnet| subnet.id.to_string()).collect();
    assert!(subnets.len() > 1, "{subnets:?}");
    let log = |subnet: &String| told("01", subnet, "ALL", &json!({ "LogGroupName": "a" }));
    check(subnets.iter().map(log).collect(), &["a"], &[], false);
    check(vec![log(&subnets[0])], &["a"], &[&subnets[1]], true);
}

#[test]
fn a_streams_interface_is_its_name_without_the_traffic() {
    let event = |stream: &str| Event { stream: stream.to_owned(), at_ms: 0, message: String::new() };
    for stream in ["eni-0abc-all", "eni-0abc-accept", "eni-0abc-reject"] {
        assert_eq!(event(stream).interface(), "eni-0abc");
    }
}

const SIM: &str = "--cloud=sim:account.json";

#[test]
fn what_is_not_there_is_said_with_a_way_out() {
    let desk = Desk::new();
    let cases: [(&[&str], &str, &[&str]); 4] = [
        (
            &["flows", "story", "--live", SIM],
            "HK0113",
            &["no flow log of vpc-", "delivers to CloudWatch Logs", "create-flow-logs --resource-type VPC", "14 days are asked for"],
        ),
        (
            &["flows", "story", "--log-group", "nobody", SIM],
            "HK0113",
            &["there is no log group nobody", "describe-flow-logs", "only reads were sent"],
        ),
        (
            &["flows", "story", "--live", "--since", "2026-11-02", "--until", "2026-11-01T00:00:00Z", SIM],
            "HK0111",
            &["--since 2026-11-02T00:00:00Z is not before --until 2026-11-01T00:00:00Z", "an earlier --since"],
        ),
        (&["flows", "story", "--live", "--format", "${version}", SIM], "HK0112", &["--format has no interface-id"]),
    ];
    for (command, code, says) in cases {
        desk.refuses(command, &Wanted { exit: 2, code, says });
    }
}

#[test]
fn options_that_do_not_go_together_are_refused() {
    let desk = Desk::new();
    for (command, says) in [
        (&["flows", "story", "--live", "--logs", "logs"][..], "cannot be used with"),
        (&["flows", "story", "--since", "7d"], "required"),
        (&["flows", "story", "--format", "x"], "required"),
        (&["flows", "story", "--live", "--since", "yesterday"], "expected 90m, 36h, 7d or 2w"),
    ] {
        let finished = desk.run(command).expect_code(2);
        assert!(finished.stderr.contains(says), "{}: no \"{says}\" in\n{}", finished.what, finished.stderr);
    }
}
