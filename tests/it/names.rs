//! DNS records that hold an address of what moves: led on, put back, or told.

use std::collections::BTreeMap;
use std::sync::Arc;

use hikkoshi::clock::VirtualClock;
use hikkoshi::cloud::Cloud;
use hikkoshi::cloud::simulated::Simulated;
use hikkoshi::discover::dump;
use hikkoshi::execute::machine::Goal;
use hikkoshi::graph::Graph;
use hikkoshi::model::call::{Call, Outcome};
use hikkoshi::model::id::Id;
use hikkoshi::model::path;
use hikkoshi::model::step::{Expect, Stage, Step, Undo};
use hikkoshi::plan::Plan;
use hikkoshi::world::World;
use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::planner::try_plan;
use crate::simulation::{faults_back, faults_there};
use crate::support::account::{ACCOUNT, BEGIN_MS, Docs, REGION, VPC, block_on, look, network, spine, target_group};
use crate::support::account_dns::{PRIVATE, PUBLIC};
use crate::support::lab::{ALL, Lab, plan_of};
use crate::support::upset::SOAK_S;
use crate::support::view::{same, view_of};

/// Two instances behind nothing, and a name for the first.
fn named(ttl_s: u64) -> Docs {
    let mut docs = two();
    let address = docs.private_address("app-1");
    docs.record("app-1", &[&address], ttl_s);
    docs
}

fn two() -> Docs {
    let mut docs = network(&["a", "b"]);
    docs.security();
    docs.instance("app-1", "a", &["sg-default-all"]);
    docs.instance("app-2", "b", &["sg-default-all"]);
    docs
}

fn step<'p>(plan: &'p Plan, id: &str) -> &'p Step {
    plan.step(id).unwrap_or_else(|| panic!("no step {id} among {:?}", plan.steps.iter().map(|s| &s.id).collect::<Vec<_>>()))
}

fn needs(plan: &Plan, id: &str, other: &str) -> bool {
    step(plan, id).needs.iter().any(|need| need.step == other)
}

/// What a record answers now: addresses and TTL.
fn answers(cloud: &Simulated, name: &str) -> (Vec<String>, u64) {
    let seen = look(cloud);
    let record = seen.resources.values().find(|r| r.name == name).unwrap_or_else(|| panic!("no record {name}"));
    let answers = record.facets.answers.clone().expect("a name answers");
    (answers.addresses, answers.ttl_s)
}

fn sent(step: &Step) -> &Value {
    &step.call.parameters["ChangeBatch"]["Changes"][0]["ResourceRecordSet"]
}

#[test]
fn a_name_is_led_on_when_the_copy_serves() {
    let mut docs = spine();
    let address = docs.private_address("app-1");
    docs.record("app-1", &[&address], 300);
    let plan = plan_of(&docs, "");
    let short = step(&plan, "app-1-corp-internal-ttl-short");
    assert_eq!((short.stage, sent(short)["TTL"].clone()), (Stage::Endpoints, json!(10)));
    assert_eq!(short.wait[0].least_s, 300, "what resolvers keep from before expires before anything moves");
    let lead = step(&plan, "app-1-lead-app-1-corp-internal");
    assert_eq!(lead.stage, Stage::Pets);
    let expected = json!({ "Name": "app-1.corp.internal.", "Type": "A", "TTL": 10, "ResourceRecords": [{ "Value": "${app-1-launch.PrivateIpAddress}" }] });
    assert_eq!(sent(lead), &expected, "the whole set");
    assert!(needs(&plan, "app-1-lead-app-1-corp-internal", "app-1-register"), "the copy serves first");
    assert!(lead.before.iter().any(|check| check.expect == Expect::SameSet(vec![json!(address)])), "a hand's change is not overwritten");
    let Undo::Calls(back) = &lead.undo else { panic!("{:?}", lead.undo) };
    assert_eq!(back[0].parameters["ChangeBatch"]["Changes"][0]["ResourceRecordSet"]["ResourceRecords"], json!([{ "Value": address }]));
    let spread = step(&plan, "app-1-spread-app-1-corp-internal");
    assert_eq!(spread.wait[0].until.operation.to_string(), "route53:GetChange");
    assert!(matches!(spread.undo, Undo::Nothing(_)));
    assert_eq!(sent(step(&plan, "app-1-corp-internal-ttl-back"))["TTL"], json!(300));
    assert_eq!(step(&plan, "app-1-corp-internal-ttl-back").stage, Stage::Tighten);
}

#[test]
fn a_short_ttl_is_left_alone() {
    let plan = plan_of(&named(10), "");
    assert_eq!(sent(step(&plan, "app-1-lead-app-1-corp-internal"))["TTL"], json!(10));
    assert!(plan.steps.iter().all(|step| !step.id.contains("-ttl-")));
}

#[test]
fn a_day_is_not_waited_out_and_its_price_is_told() {
    let plan = plan_of(&named(86_400), "");
    assert_eq!(step(&plan, "app-1-corp-internal-ttl-short").wait[0].least_s, 3600);
    let impact = serde_json::to_value(&step(&plan, "app-1-lead-app-1-corp-internal").impact).expect("JSON");
    assert_eq!(impact["outage"]["minutes"], json!(1380));
}

#[test]
fn after_the_move_the_name_leads_to_the_copy_and_after_the_way_back_to_the_old_one() {
    let mut docs = named(300);
    let old = docs.private_address("app-1");
    let plan = plan_of(&docs, "");
    let mut lab = Lab::new(&docs, &plan);
    let start = view_of(&lab.cloud);
    for round in 0..2 {
        lab.reach(ALL, &format!("forward, round {round}"));
        let seen = look(&lab.cloud);
        let copy = seen.resources.values().find(|r| r.name == "app-1" && r.kind == "ec2_instance" && r.facets.state == "running");
        let copy = copy.expect("the copy runs");
        assert!(!copy.facets.private_addresses.contains(&old));
        assert_eq!(answers(&lab.cloud, "app-1.corp.internal"), (copy.facets.private_addresses.clone(), 300));
        lab.reach(Goal::Back(None), &format!("back, round {round}"));
        lab.skip(SOAK_S);
        assert_eq!(answers(&lab.cloud, "app-1.corp.internal"), (vec![old.clone()], 300));
        same("after the way back", &start, &view_of(&lab.cloud));
    }
}

#[test]
fn the_old_answers_expire_before_anything_moves() {
    let docs = named(300);
    let plan = plan_of(&docs, "");
    let mut lab = Lab::new(&docs, &plan);
    lab.reach(Goal::Forward(Stage::Guard), "until the names");
    let before = lab.cloud.account().now_ms.max(hikkoshi::clock::Clock::now_ms(&lab.clock));
    lab.reach(Goal::Forward(Stage::Endpoints), "the TTL is short");
    assert_eq!(answers(&lab.cloud, "app-1.corp.internal").1, 10);
    let took_ms = hikkoshi::clock::Clock::now_ms(&lab.clock) - before;
    assert!((300_000..600_000).contains(&took_ms), "{took_ms} ms");
}

#[test]
fn every_fault_comes_to_the_same_end() {
    let docs = named(300);
    let plan = plan_of(&docs, "");
    let stages = [Stage::Endpoints, Stage::Tighten];
    assert!(faults_there(&docs, &plan, &stages) > 5);
    faults_back(&docs, &plan, &stages);
    faults_there(&docs, &plan, &[Stage::Pets]);
    faults_back(&docs, &plan, &[Stage::Pets]);
}

/// A set of both addresses: the second instance moves when everybody is led to the first one's copy.
#[test]
fn who_answers_to_one_name_moves_one_after_the_other() {
    let mut docs = two();
    docs.add("target_group", target_group("app", &[("i-app-2", 8080), ("i-app-1", 8080)], None));
    let (first, second) = (docs.private_address("app-1"), docs.private_address("app-2"));
    docs.record("app", &[&second, &first, "10.9.9.9"], 60);
    let plan = plan_of(&docs, "");
    let spread = "app-1-spread-app-corp-internal";
    let begins = plan.steps.iter().find(|step| step.of_move == "app-2" && step.stage == Stage::Pets).expect("it moves");
    assert!(begins.needs.iter().any(|need| need.step == spread), "{:?}", begins.needs);
    let values = |id: &str| path::texts(sent(step(&plan, id)), "ResourceRecords[].Value");
    assert_eq!(values("app-1-lead-app-corp-internal"), [second.as_str(), "${app-1-launch.PrivateIpAddress}", "10.9.9.9"]);
    let both = ["${app-2-launch.PrivateIpAddress}", "${app-1-launch.PrivateIpAddress}", "10.9.9.9"];
    assert_eq!(values("app-2-lead-app-corp-internal"), both, "the stranger's address stays");
    let mut lab = Lab::new(&docs, &plan);
    lab.reach(ALL, "both");
    let (now, ttl_s) = answers(&lab.cloud, "app.corp.internal");
    assert!(now.len() == 3 && !now.contains(&first) && !now.contains(&second) && ttl_s == 60, "{now:?}");
    lab.reach(Goal::Back(None), "back");
    assert_eq!(answers(&lab.cloud, "app.corp.internal"), (vec![second, first, "10.9.9.9".to_owned()], 60));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whoever shares names and target groups with whom: the order has no circle, and every old address goes.
    #[test]
    fn any_sharing_of_names_and_groups_can_be_ordered(
        names in prop::collection::vec(prop::collection::btree_set(0usize..4, 1..4), 0..4),
        groups in prop::collection::vec(prop::collection::btree_set(0usize..4, 1..4), 0..3),
    ) {
        let mut docs = network(&["a"]);
        docs.security();
        let all = ["delta", "alpha", "charlie", "bravo"];
        all.iter().for_each(|name| docs.instance(name, "a", &["sg-default-all"]));
        let addresses: Vec<String> = all.iter().map(|name| docs.private_address(name)).collect();
        for (at, members) in groups.iter().enumerate() {
            let ids: Vec<String> = members.iter().map(|member| format!("i-{}", all[*member])).collect();
            let members: Vec<(&str, u16)> = ids.iter().map(|id| (id.as_str(), 80)).collect();
            docs.add("target_group", target_group(&format!("group-{at}"), &members, None));
        }
        for (at, members) in names.iter().enumerate() {
            let held: Vec<&str> = members.iter().map(|member| addresses[*member].as_str()).collect();
            docs.record(&format!("name-{at}"), &held, 60);
        }
        let plan = plan_of(&docs, "");
        prop_assert_eq!(&plan.blockers, &[]);
        prop_assert_eq!(hikkoshi::plan::lint::lint(&plan), []);
        for (at, members) in names.iter().enumerate() {
            let end = plan.step(&format!("name-{at}-corp-internal-ttl-back")).expect("its TTL comes back");
            let left = path::texts(sent(end), "ResourceRecords[].Value");
            prop_assert!(left.len() == members.len() && left.iter().all(|value| value.ends_with("-launch.PrivateIpAddress}")), "{left:?}");
        }
    }
}

#[test]
fn what_stays_where_it_is_keeps_its_name() {
    let plan = plan_of(&named(300), "workloads: [{name: app-1, strategy: flip}, {name: app-2, strategy: flip}]");
    assert!(plan.steps.iter().all(|step| step.call.operation.service() != "route53"));
    assert_eq!(plan.blockers, []);
    assert!(plan.warnings.iter().all(|warning| !warning.contains("corp.internal")), "{:#?}", plan.warnings);
}

#[test]
fn a_name_that_cannot_be_led_on_is_never_passed_over() {
    let blocked = |docs: &Docs, further: &str, words: &str| {
        let plan = plan_of(docs, further);
        let found =
            plan.blockers.iter().any(|blocker| blocker.code == "HK0401" && blocker.why.contains(words) && !blocker.way_out.is_empty());
        assert!(found, "{words}: {:#?}", plan.blockers);
    };
    let warned = |docs: &Docs, further: &str, words: &str| {
        let plan = plan_of(docs, further);
        assert!(plan.warnings.iter().any(|warning| warning.contains(words)), "{words}: {:#?}", plan.warnings);
    };
    let flips = "workloads: [{name: app-1, strategy: flip}, {name: app-2, strategy: flip}]";

    let mut public = two();
    let ip = public.doc("i-app-1")["PublicIpAddress"].as_str().expect("it has one").to_owned();
    public.public_record("www", &[&ip], 300);
    blocked(&public, "", "www.example.com leads to");
    blocked(&public, flips, "the public address of app-1");
    let skipped = plan_of(&public, "workloads: [{name: app-1, strategy: skip, reason: later, until: 2027-01-31}]");
    assert!(skipped.blockers.iter().all(|blocker| !blocker.why.contains("www")), "what stays public keeps its name");
    warned(&public, "workloads: [{name: app-1, strategy: retire}]", "www.example.com leads to");

    for key in ["SetIdentifier", "HealthCheckId", "TrafficPolicyInstanceId"] {
        let mut policy = named(300);
        policy.doc("app-1.corp.internal.")[key] = json!("blue");
        blocked(&policy, "", key);
    }

    let mut second = two();
    second.doc("eni-app-1")["PrivateIpAddresses"].as_array_mut().expect("a list").push(json!({ "PrivateIpAddress": "10.0.1.99" }));
    second.record("also", &["10.0.1.99"], 300);
    blocked(&second, "", "nobody knows beforehand");

    let mut sixth = two();
    sixth.doc("eni-app-1")["Ipv6Addresses"] = json!([{ "Ipv6Address": "2001:db8::7" }]);
    sixth.record("six", &["2001:db8::7"], 300);
    sixth.doc("six.corp.internal.")["Type"] = json!("AAAA");
    blocked(&sixth, "", "2001:db8::7");

    let mut database = spine();
    let node = database.doc("eni-pg-multi-c")["PrivateIpAddress"].as_str().expect("it has one").to_owned();
    database.record("db", &[&node], 300);
    let rotate = "workloads: [{name: pg-single, strategy: rotate}, {name: pg-multi, strategy: rotate}]";
    warned(&database, rotate, "db.corp.internal leads to");
}

/// A private name for a public zone's address and the other way round: only where the address stays known.
#[test]
fn a_public_zone_may_hold_a_private_address() {
    let mut docs = named(10);
    let address = docs.private_address("app-1");
    docs.public_record("app-1", &[&address], 10);
    let plan = plan_of(&docs, "");
    assert_eq!(plan.blockers, []);
    assert_eq!(step(&plan, "app-1-lead-app-1-example-com-z0public").call.parameters["HostedZoneId"], json!(PUBLIC));
    Lab::new(&docs, &plan).reach(ALL, "both names are led on");
}

#[test]
fn a_name_depends_on_whose_address_it_leads_to() {
    let docs = named(300);
    let graph: Graph = hikkoshi::graph::build(&docs.inventory());
    let dependents = graph.dependents(&Id::from("i-app-1"));
    assert!(dependents.iter().any(|node| node.name == "app-1.corp.internal"), "{dependents:?}");
}

#[test]
fn a_look_that_is_not_allowed_is_told_where_it_matters() {
    let told = |further: &str| {
        let mut inventory = two().inventory();
        let why = "AccessDenied: no".to_owned();
        inventory.missing.push(hikkoshi::model::inventory::Missing { operation: "route53:ListHostedZones".into(), why });
        let plan = try_plan(&inventory, further).unwrap_or_else(|problem| panic!("{problem}"));
        assert_eq!(plan.blockers, []);
        plan.warnings.iter().any(|warning| warning.contains("route53:ListHostedZones was not possible"))
    };
    assert!(told(""), "app-1 gets another address");
    let stays = "workloads: [{name: app-1, strategy: skip, reason: later, until: 2027-01-31}, {name: app-2, strategy: skip, reason: later, until: 2027-01-31}]";
    assert!(!told(stays), "nothing moves");
}

/// An account of which some reads are refused.
struct Guarded(Simulated, fn(&Call) -> bool);

impl Cloud for Guarded {
    fn call<'a>(&'a self, call: &'a Call) -> hikkoshi::cloud::Answer<'a> {
        if (self.1)(call) {
            let refusal = hikkoshi::model::call::Refusal::new("AccessDenied", "not authorized");
            return Box::pin(std::future::ready(Outcome::Refused(refusal)));
        }
        self.0.call(call)
    }

    fn requests(&self) -> BTreeMap<String, u64> {
        self.0.requests()
    }
}

fn cloud_of(docs: &Docs) -> Simulated {
    Simulated::new(World::resume(docs.account()), Arc::new(VirtualClock::at(BEGIN_MS)))
}

#[test]
fn a_zone_that_may_not_be_read_hides_no_other() {
    let mut docs = named(300);
    let address = docs.private_address("app-1");
    docs.public_record("app-1", &[&address], 300);
    let seen = |refused: fn(&Call) -> bool| {
        let cloud = Guarded(cloud_of(&docs), refused);
        let vpc = Id::from(VPC);
        let seen = block_on(hikkoshi::discover::discover(&cloud, ACCOUNT, REGION, &vpc, String::new())).expect("the rest can be seen");
        let names: Vec<String> = seen.resources.values().filter(|r| r.facets.answers.is_some()).map(|r| r.name.clone()).collect();
        (names, seen.missing.into_iter().map(|missing| format!("{}: {}", missing.operation, missing.why)).collect::<Vec<_>>())
    };
    let (names, missing) = seen(|call| call.parameters.get("HostedZoneId") == Some(&json!(PRIVATE)));
    assert_eq!(names, ["app-1.example.com"]);
    assert_eq!(missing, ["route53:ListResourceRecordSets: AccessDenied: not authorized (corp.internal. Z0PRIVATE)"]);
    let (names, missing) = seen(|call| call.operation.name() == "ListHostedZones");
    assert_eq!(names, ["app-1.corp.internal"]);
    assert_eq!(missing, ["route53:ListHostedZones: AccessDenied: not authorized"]);
}

#[test]
fn reads_grow_with_zones_and_not_with_records() {
    let mut docs = named(300);
    let few = cloud_of(&docs);
    look(&few);
    for at in 0..500 {
        docs.record(&format!("more-{at}"), &["10.0.1.10"], 60);
    }
    let many = cloud_of(&docs);
    look(&many);
    assert_eq!(few.requests(), many.requests());
    assert_eq!(many.requests().get("route53:ListResourceRecordSets"), Some(&1));
}

fn ask(world: &mut World, operation: &str, parameters: Value) -> Result<Value, String> {
    match world.call(&Call::new(operation, parameters)) {
        Outcome::Done(answer) => Ok(answer),
        Outcome::Refused(refusal) => Err(refusal.code),
        Outcome::Unknown(why) => panic!("{operation}: {why}"),
    }
}

#[test]
fn route_53_refuses_what_is_not_a_whole_set() {
    let mut world = World::resume(named(300).account());
    let mut change = |zone: &str, set: Value| {
        let batch = json!({ "Changes": [{ "Action": "UPSERT", "ResourceRecordSet": set }] });
        ask(&mut world, "route53:ChangeResourceRecordSets", json!({ "HostedZoneId": zone, "ChangeBatch": batch })).map(|_| ())
    };
    let set = |name: &str, values: &[&str]| {
        let records: Vec<Value> = values.iter().map(|value| json!({ "Value": value })).collect();
        json!({ "Name": name, "Type": "A", "TTL": 60, "ResourceRecords": records })
    };
    let refused = |code: &str| Err(code.to_owned());
    assert_eq!(change(PRIVATE, set("app-1.corp.internal", &["10.0.1.9"])), Ok(()));
    assert_eq!(change("Z0OTHER", set("app-1.corp.internal", &["10.0.1.9"])), refused("NoSuchHostedZone"));
    assert_eq!(change(PRIVATE, set("app-1.example.com", &["10.0.1.9"])), refused("InvalidChangeBatch"));
    assert_eq!(change(PRIVATE, set("app-1.corp.internal", &["app-2.corp.internal"])), refused("InvalidChangeBatch"));
    assert_eq!(change(PRIVATE, set("app-1.corp.internal", &["10.0.1.9", "10.0.1.9"])), refused("InvalidChangeBatch"));
    assert_eq!(change(PRIVATE, set("app-1.corp.internal", &[])), refused("InvalidInput"));
    let mut weighted = set("app-1.corp.internal.", &["10.0.1.9"]);
    weighted["SetIdentifier"] = json!("blue");
    assert_eq!(change(PRIVATE, weighted), refused("InvalidChangeBatch"), "a simple set of that name is there");
}

#[test]
fn a_change_is_pending_and_then_everywhere() {
    let mut world = World::resume(named(300).account());
    let set = json!({ "Name": "app-1.corp.internal.", "Type": "A", "TTL": 60, "ResourceRecords": [{ "Value": "10.0.1.9" }] });
    let batch = json!({ "Changes": [{ "Action": "UPSERT", "ResourceRecordSet": set }] });
    let parameters = json!({ "HostedZoneId": PRIVATE, "ChangeBatch": batch });
    let answer = ask(&mut world, "route53:ChangeResourceRecordSets", parameters).expect("a whole set");
    let number = json!({ "Id": answer["ChangeInfo"]["Id"] });
    let status =
        |world: &mut World| ask(world, "route53:GetChange", number.clone()).expect("the change is known")["ChangeInfo"]["Status"].clone();
    assert_eq!((answer["ChangeInfo"]["Status"].clone(), status(&mut world)), (json!("PENDING"), json!("PENDING")));
    let now = world.account().now_ms;
    world.at(now + 60_000);
    assert_eq!(status(&mut world), json!("INSYNC"));
    assert_eq!(ask(&mut world, "route53:GetChange", json!({ "Id": "/change/C0" })), Err("NoSuchChange".to_owned()));
    // From a name on, in the order of the labels from the last to the first.
    let one = json!({ "HostedZoneId": PRIVATE, "StartRecordName": "app-1.corp.internal.", "StartRecordType": "A", "MaxItems": 1 });
    let found = ask(&mut world, "route53:ListResourceRecordSets", one).expect("a zone");
    assert_eq!(path::texts(&found, "ResourceRecordSets[].ResourceRecords[].Value"), ["10.0.1.9"]);
    let none = json!({ "HostedZoneId": PRIVATE, "StartRecordName": "b.corp.internal.", "StartRecordType": "A" });
    assert_eq!(ask(&mut world, "route53:ListResourceRecordSets", none), Ok(json!({ "ResourceRecordSets": [] })));
}

/// Answers of `aws route53 …` in a folder: zones by what they are, sets by the file's path.
#[test]
fn zones_and_sets_are_recognised_in_a_folder() {
    let mut docs = named(300);
    let address = docs.private_address("app-1");
    docs.public_record("app-1", &[&address], 300);
    let cloud = cloud_of(&docs);
    let scratch = TempDir::new().expect("a scratch directory");
    let command = |file: &str, operation: &str, parameters: Value| {
        let Outcome::Done(answer) = block_on(cloud.call(&Call::new(operation, parameters))) else { panic!("{operation}") };
        std::fs::write(scratch.path().join(file), answer.to_string()).expect("the scratch directory is writable");
    };
    for (file, operation) in [
        ("vpcs.json", "ec2:DescribeVpcs"),
        ("subnets.json", "ec2:DescribeSubnets"),
        ("interfaces.json", "ec2:DescribeNetworkInterfaces"),
        ("instances.json", "ec2:DescribeInstances"),
        ("zones.json", "route53:ListHostedZones"),
    ] {
        command(file, operation, json!({}));
    }
    command("zones-of-vpc.json", "route53:ListHostedZonesByVPC", json!({ "VPCId": VPC, "VPCRegion": REGION }));
    command("records-Z0PRIVATE.json", "route53:ListResourceRecordSets", json!({ "HostedZoneId": PRIVATE }));
    command("records-example.com.json", "route53:ListResourceRecordSets", json!({ "HostedZoneId": PUBLIC }));
    let seen = dump::read(scratch.path(), None, None, String::new()).expect("a folder of answers");
    let there = look(&cloud);
    let records = |inventory: &hikkoshi::model::inventory::Inventory| -> Vec<_> {
        inventory.resources.values().filter(|r| r.facets.answers.is_some()).cloned().collect()
    };
    assert_eq!(records(&seen).len(), 2);
    assert_eq!(records(&seen), records(&there));
    let step = try_plan(&there, "").expect("it plans").step("app-1-lead-app-1-corp-internal").cloned();
    assert!(step.is_some_and(|step| step.stage == Stage::Pets));
}
