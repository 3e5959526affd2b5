//! Flow logs of the whole story's account: read, joined with what discovery sees over the wire, and planned with.

use std::collections::BTreeMap;

use hikkoshi::clock::{Clock, RealClock};
use serde_json::{Value, json};

use crate::bad_input::{Refusal, refused};
use crate::support::emulator::aws;
use crate::support::http::request_with;
use crate::support::night::Night;

#[test]
fn what_the_account_logs_has_owners_and_becomes_rules() {
    let mut night = Night::falls_slowly();
    night.begin(&["--extras"]);
    let hikkoshi = night.hikkoshi(&night.emulator.url());
    let logs = night.emulator.admin(&format!("flow-logs?vpc={}&minutes=10&seed=7", night.vpc));
    std::fs::write(night.file("logs.txt"), &logs).expect("the scratch directory is writable");
    let told = hikkoshi.run(&["flows", "move", "--logs", "logs.txt", "--json"]).expect_code(0).json();
    let window = &told["seen"]["window"];
    assert_eq!(window["records"].as_u64(), Some(logs.lines().count() as u64 - 1), "every line but the header is a record");
    assert_eq!((&window["unowned"], &window["passed_over"]), (&0.into(), &0.into()), "{window}");
    let flows = told["seen"]["flows"].as_array().expect("a list of flows");
    let foreign: Vec<_> = flows.iter().filter(|flow| flow["from"].get("range").or(flow["to"].get("range")).is_some()).collect();
    assert!(foreign.is_empty(), "nobody but the internet is without an owner: {foreign:#?}");
    let names =
        |key: &str, of: &str| flows.iter().filter(|flow| flow[key]["resource"].as_str().is_some_and(|id| id.starts_with(of))).count();
    for (key, of) in [("from", "lb:"), ("from", "function:"), ("from", "i-"), ("to", "db:"), ("to", "cache"), ("to", "i-")] {
        assert!(names(key, of) > 0, "no flow {key} {of} among {flows:#?}");
    }
    assert!(told["seen"]["refused"].as_array().is_some_and(|refused| !refused.is_empty()), "scanners were refused");
    let plan = hikkoshi.run(&["plan", "move", "--json"]).expect_code(0).json();
    let groups = plan["groups"].as_array().expect("groups").iter();
    let cited = groups
        .flat_map(|group| group["rules"].as_array().into_iter().flatten())
        .filter(|rule| rule["because"].to_string().contains("seen "));
    assert!(cited.count() > 10, "rules cite what was seen");
    assert!(plan["warnings"].to_string().contains("flow logs: the logs span "), "{}", plan["warnings"]);
    hikkoshi.run(&["dry-run", "move"]).expect_code(0);
}

/// A log group with a flow log that writes into it, and what it has delivered: lines with a header, each into its
/// interface's stream.
struct Group<'n> {
    night: &'n Night,
    name: &'n str,
}

impl Group<'_> {
    fn new<'n>(night: &'n Night, name: &'n str) -> Group<'n> {
        let group = Group { night, name };
        group.ask("CreateLogGroup", &json!({ "logGroupName": name }));
        group
    }

    fn ask(&self, operation: &str, body: &Value) {
        let headers = format!(
            "X-Amz-Target: Logs_20140328.{operation}\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential=test/20261101/us-east-1/logs/aws4_request, SignedHeaders=host, Signature=0\r\n"
        );
        request_with(self.night.emulator.port(), "POST", "/", &headers, &body.to_string());
    }

    /// Has a flow log write into the group.
    fn flow_log(&self, vpc: &str, traffic: &str, fields: &str) {
        let format: Vec<String> = fields.split(' ').map(|field| format!("${{{field}}}")).collect();
        let parameters = json!({ "ResourceType": "VPC", "ResourceIds": [vpc], "TrafficType": traffic, "LogGroupName": self.name,
            "LogFormat": format.join(" "), "DeliverLogsPermissionArn": "arn:aws:iam::123456789012:role/flow-logs" });
        aws(&self.night.emulator.url(), "ec2", "create_flow_logs", &parameters).expect("the flow log is made");
    }

    fn deliver(&self, text: &str) {
        let (header, lines) = text.split_once('\n').expect("a header");
        let place = |name: &str| header.split(' ').position(|field| field == name).expect("the format has it");
        let (interface, start) = (place("interface-id"), place("start"));
        let mut streams: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        for line in lines.lines() {
            let field = |at: usize| line.split(' ').nth(at).expect("a whole line");
            let at = field(start).parse::<u64>().expect("Unix seconds") * 1000;
            streams.entry(field(interface)).or_default().push(json!({ "timestamp": at, "message": line }));
        }
        for (interface, mut events) in streams {
            events.sort_by_key(|event| event["timestamp"].as_u64());
            self.events(&format!("{interface}-all"), &events);
        }
    }

    fn events(&self, stream: &str, events: &[Value]) {
        self.ask("CreateLogStream", &json!({ "logGroupName": self.name, "logStreamName": stream }));
        for events in events.chunks(5_000) {
            self.ask("PutLogEvents", &json!({ "logGroupName": self.name, "logStreamName": stream, "logEvents": events }));
        }
    }
}

#[test]
fn what_cloudwatch_logs_holds_is_read_as_the_file_is() {
    let mut night = Night::falls_slowly();
    night.begin(&["--spine"]);
    let hikkoshi = night.hikkoshi(&night.emulator.url());
    let kept = || std::fs::read_to_string(night.file("plans/move/flows.json")).expect("flows were read");
    let logs = night.emulator.admin(&format!("flow-logs?vpc={}&minutes=240&seed=7", night.vpc));
    std::fs::write(night.file("logs.txt"), &logs).expect("the scratch directory is writable");
    hikkoshi.run(&["flows", "move", "--logs", "logs.txt"]).expect_code(0);
    let by_file = kept();
    let wanted = |code, says| Refusal { exit: 2, code, says };
    refused(&hikkoshi.run(&["flows", "move", "--live"]), &wanted("HK0113", &["delivers to CloudWatch Logs", "create-flow-logs"]));
    refused(&hikkoshi.run(&["flows", "move", "--log-group", "vpc-flow"]), &wanted("HK0113", &["there is no log group vpc-flow"]));

    let group = Group::new(&night, "vpc-flow");
    group.flow_log(&night.vpc, "ALL", logs.lines().next().expect("a header"));
    refused(&hikkoshi.run(&["flows", "move", "--live"]), &wanted("HK0113", &["vpc-flow has no flow log record from", "--since"]));
    assert_eq!(kept(), by_file, "what can't be read leaves what was read before");
    group.deliver(&logs);
    let said = hikkoshi.run(&["flows", "move", "--live", "--verbose"]).expect_code(0).stdout;
    assert_eq!(kept(), by_file);
    let pages = 1 + (logs.lines().count() - 2) / 10_000;
    assert!(pages > 1 && said.contains(&format!("{} requests", pages + 2)), "identity, flow logs and {pages} pages:\n{said}");
    hikkoshi.run(&["flows", "move", "--log-group", "vpc-flow", "--since", "20m"]).expect_code(0);
    let short: Value = serde_json::from_str(&kept()).expect("it is JSON");
    assert!((1_000..=1_200).contains(&short["window"]["seconds"].as_i64().expect("seconds")), "{}", short["window"]);
}

#[test]
fn what_a_group_holds_besides_and_does_not_hold_is_said() {
    let mut night = Night::falls_slowly();
    night.begin(&["--spine"]);
    let hikkoshi = night.hikkoshi(&night.emulator.url());
    let logs = night.emulator.admin(&format!("flow-logs?vpc={}&minutes=5&seed=7", night.vpc));
    let header = logs.lines().next().expect("a header").to_owned();
    let refusals: Vec<&str> = logs.lines().filter(|line| *line == header || line.contains(" REJECT ")).collect();
    assert!(refusals.len() > 1, "scanners were refused");

    let group = Group::new(&night, "shared");
    group.flow_log(&night.vpc, "REJECT", &header);
    group.deliver(&refusals.join("\n"));
    let other = aws(&night.emulator.url(), "ec2", "create_vpc", &json!({ "CidrBlock": "10.9.0.0/16" })).expect("a VPC");
    group.flow_log(other["Vpc"]["VpcId"].as_str().expect("an id"), "ALL", "version interface-id");
    let event = |text: &str| json!({ "timestamp": RealClock.now_ms(), "message": text });
    group.events("eni-other-all", &[event("2 eni-other")]);
    let seen = hikkoshi.run(&["flows", "move", "--live", "--json"]).expect_code(0).json()["seen"].clone();
    assert_eq!(seen["window"]["records"].as_u64(), Some(refusals.len() as u64 - 1));
    assert!(seen["blind"][0].as_str().is_some_and(|why| why.starts_with("what got through is not logged (fl-")), "{}", seen["blind"]);
    assert!(
        seen["notes"].to_string().contains("1 record of log group shared is of an interface that no inventory knows"),
        "{}",
        seen["notes"]
    );

    let own = refusals[1].split(' ').nth(2).expect("an interface");
    group.events(&format!("{own}-accept"), &[event("2 something else")]);
    let says: &[&str] = &[&format!("log group shared, stream {own}-accept, event of "), "3 fields in `2 something else`", "--format"];
    refused(&hikkoshi.run(&["flows", "move", "--live"]), &Refusal { exit: 2, code: "HK0112", says });
}
