//! The whole story's account, every kind of it, over the wire.

use serde_json::{Value, json};

use crate::support::emulator::{aws, diff};
use crate::support::night::Night;

fn ask(night: &Night, service: &str, operation: &str, parameters: Value) -> Value {
    aws(&night.emulator.url(), service, operation, &parameters).unwrap_or_else(|error| panic!("{service} {operation}: {error}"))
}

/// What the name `app-1.corp.internal` answers, address and TTL, and whose the address is: the instance's id and state.
fn answer(night: &Night) -> (String, u64, String, String) {
    let vpc = json!({ "VPCId": night.vpc, "VPCRegion": "us-east-1" });
    let zones = ask(night, "route53", "list_hosted_zones_by_vpc", vpc);
    let sets =
        ask(night, "route53", "list_resource_record_sets", json!({ "HostedZoneId": zones["HostedZoneSummaries"][0]["HostedZoneId"] }));
    let set = sets["ResourceRecordSets"].as_array().into_iter().flatten().find(|set| set["Name"] == "app-1.corp.internal.");
    let set = set.unwrap_or_else(|| panic!("{sets:#}"));
    let address = set["ResourceRecords"][0]["Value"].as_str().expect("it leads somewhere").to_owned();
    let filters = json!({ "Filters": [{ "Name": "private-ip-address", "Values": [address] }] });
    let instances = ask(night, "ec2", "describe_instances", filters);
    let instance = &instances["Reservations"][0]["Instances"][0];
    let text = |value: &Value| value.as_str().unwrap_or("nobody").to_owned();
    (address, set["TTL"].as_u64().expect("a TTL"), text(&instance["InstanceId"]), text(&instance["State"]["Name"]))
}

#[test]
fn the_whole_story_moves_and_nothing_is_left_behind() {
    let mut night = Night::falls();
    night.begin(&["--extras"]);
    let before = answer(&night);
    let hikkoshi = night.hikkoshi(&night.emulator.url());
    let dry = hikkoshi.run(&["dry-run", "move", "--json"]).expect_code(0).json();
    for way in ["forward", "rollback"] {
        assert_eq!(dry[way]["failed"], json!([]), "{way}");
    }
    hikkoshi.run(&["apply", "move", "--yes"]).expect_code(0);
    hikkoshi.run(&["verify", "move"]).expect_code(0);
    night.inspect("moved.json");
    let after = answer(&night);
    assert_eq!((after.1, after.3.as_str()), (before.1, "running"), "the name leads to the copy: {before:?}, {after:?}");
    assert!(after.0 != before.0 && after.2 != before.2, "{before:?}, {after:?}");
    hikkoshi.run(&["apply", "move", "--cleanup", "--yes"]).expect_code(0);
    hikkoshi.run(&["verify", "move"]).expect_code(0);
    night.inspect("cleaned.json");
}

#[test]
fn from_every_other_checkpoint_there_is_a_way_back_to_the_start() {
    back_from(|at| at % 2 == 0);
}

#[test]
fn from_the_checkpoints_between_there_is_a_way_back_to_the_start() {
    back_from(|at| at % 2 == 1);
}

/// Goes to each of these checkpoints, and all the way back. Two halves, for each takes its time.
fn back_from(these: fn(usize) -> bool) {
    let mut night = Night::falls();
    night.begin(&["--extras"]);
    let before = answer(&night);
    let hikkoshi = night.hikkoshi(&night.emulator.url());
    let stages = hikkoshi.run(&["status", "move", "--json"]).expect_code(0).json();
    let stages: Vec<String> = serde_json::from_value(stages["stages"].clone()).expect("the stages of the plan");
    assert!(stages.len() >= 7, "{stages:?}");
    let returnable = stages.iter().filter(|stage| *stage != "cleanup").enumerate();
    for (_, stage) in returnable.filter(|(at, _)| these(*at)) {
        // An instance that was started again has another public address: it is looked at and planned anew.
        hikkoshi.run(&["discover", "move"]).expect_code(0);
        hikkoshi.run(&["plan", "move"]).expect_code(0);
        hikkoshi.run(&["apply", "move", "--until", stage, "--yes"]).expect_code(0);
        hikkoshi.run(&["rollback", "move", "--all", "--yes"]).expect_code(0);
        let after = night.file(&format!("back-from-{stage}.json"));
        night.emulator.snapshot(&night.vpc, true, &after);
        assert_eq!(diff(&night.file("before-stable.json"), &after), Vec::<String>::new(), "back from {stage}");
        assert_eq!(answer(&night), before, "back from {stage}, the name leads to the old one");
    }
}
