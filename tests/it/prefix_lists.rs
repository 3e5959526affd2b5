//! Managed prefix lists, from the account to the plan: which are read, what they count, what a change of theirs means.

use std::path::Path;
use std::sync::Arc;

use hikkoshi::clock::VirtualClock;
use hikkoshi::cloud::Cloud;
use hikkoshi::cloud::simulated::Simulated;
use hikkoshi::discover::{drift, dump};
use hikkoshi::execute::machine::Goal;
use hikkoshi::model::call::{Call, Outcome};
use hikkoshi::model::facet::PrefixList;
use hikkoshi::model::id::Id;
use hikkoshi::model::inventory::Inventory;
use hikkoshi::plan::{intent, prove};
use hikkoshi::world::World;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::planner::try_plan;
use crate::support::account::{BEGIN_MS, Docs, VPC, block_on, from_cidr, look, spine};
use crate::support::lab::{ALL, Lab, head, plan_of};
use crate::support::view::{same, view_of};

/// A list of this account's, as AWS describes it, with its entries.
fn list(id: &str, most: u64, entries: &[&str]) -> Value {
    let entries: Vec<Value> = entries.iter().map(|range| json!({ "Cidr": range, "Description": "" })).collect();
    json!({ "PrefixListId": id, "PrefixListName": format!("list {id}"), "OwnerId": "123456789012", "AddressFamily": "IPv4", "MaxEntries": most,
        "Version": 1, "State": "create-complete", "Tags": [], "VpcId": VPC, "Prefixes": entries })
}

/// A permission for a list.
fn from_list(port: u16, id: &str) -> Value {
    let mut permission = from_cidr("tcp", port, "0.0.0.0/0");
    permission["IpRanges"] = json!([]);
    permission["PrefixListIds"] = json!([{ "PrefixListId": id }]);
    permission
}

/// The story, where a group's rule names `pl-offices`.
pub fn named(entries: &[&str]) -> Docs {
    let mut docs = spine();
    docs.group("offices", vec![from_list(22, "pl-offices")]);
    docs.add("prefix_list", list("pl-offices", 20, entries));
    docs
}

fn held(inventory: &Inventory, id: &str) -> Option<PrefixList> {
    inventory.get(&Id::from(id)).and_then(|list| list.facets.prefix_list.clone())
}

/// A region's lists take one read; the entries one more for each list that a rule or a route of the VPC names, and for no other.
#[test]
fn only_lists_that_the_vpc_names_are_read() {
    let mut docs = named(&["203.0.113.0/24"]);
    let route = json!({ "DestinationPrefixListId": "pl-site", "TransitGatewayId": "tgw-1", "Origin": "CreateRoute", "State": "active" });
    docs.doc("rtb-public")["Routes"].as_array_mut().expect("routes").push(route);
    for id in ["pl-site", "pl-else", "pl-more"] {
        docs.add("prefix_list", list(id, 5, &["198.51.100.0/24"]));
    }
    let cloud = Simulated::new(World::resume(docs.account()), Arc::new(VirtualClock::at(BEGIN_MS)));
    // AWS tells no VPC: a list is the account's.
    cloud.tamper(|account| {
        for id in ["pl-offices", "pl-site", "pl-else", "pl-more"] {
            account.resources.doc_mut(&id.into()).expect("the list")["VpcId"] = Value::Null;
        }
    });
    let seen = look(&cloud);
    let lists: Vec<&str> = seen.resources.values().filter(|r| r.kind == "prefix_list").map(|r| r.id.as_str()).collect();
    assert_eq!(lists, ["pl-offices", "pl-site"]);
    let offices = held(&seen, "pl-offices").expect("a list");
    assert_eq!((offices.weight, offices.ranges), (20, Some(vec!["203.0.113.0/24".parse().expect("a range")])));
    let reads = cloud.requests();
    assert_eq!(reads.get("ec2:DescribeManagedPrefixLists"), Some(&1));
    assert_eq!(reads.get("ec2:GetManagedPrefixListEntries"), Some(&2));
    assert_eq!(look(&Simulated::new(World::resume(spine().account()), Arc::new(VirtualClock::at(BEGIN_MS)))).missing, []);
}

/// Without the permission to read entries the list is there, its ranges are not known, and that is said.
#[test]
fn entries_that_may_not_be_read_are_missing() {
    let mut docs = named(&[]);
    docs.doc("pl-offices")["Prefixes"] = Value::Null;
    let seen = docs.inventory();
    assert_eq!(held(&seen, "pl-offices").expect("a list").ranges, None);
    assert_eq!(seen.missing.iter().map(|missing| missing.operation.as_str()).collect::<Vec<_>>(), ["ec2:GetManagedPrefixListEntries"]);
}

/// A folder of `describe-managed-prefix-lists` and `get-managed-prefix-list-entries`, whose answer does not say whose it is.
#[test]
fn a_folder_of_answers_gives_the_same_lists() {
    let scratch = TempDir::new().expect("a scratch directory");
    let write = |name: &str, answer: Value| std::fs::write(scratch.path().join(name), answer.to_string()).expect("it is writable");
    let vpc = json!({ "VpcId": VPC, "CidrBlock": "10.0.0.0/16", "OwnerId": "123456789012", "State": "available",
        "CidrBlockAssociationSet": [{ "CidrBlock": "10.0.0.0/16", "CidrBlockState": { "State": "associated" } }] });
    write("vpcs.json", json!({ "Vpcs": [vpc] }));
    let rules = json!([from_list(22, "pl-0a1"), from_list(443, "pl-0b2")]);
    let group = json!({ "GroupId": "sg-1", "GroupName": "web", "VpcId": VPC, "IpPermissions": rules, "IpPermissionsEgress": [] });
    write("groups.json", json!({ "SecurityGroups": [group] }));
    let told = |id: &str| {
        let mut list = list(id, 20, &[]);
        list.as_object_mut().expect("an object").retain(|key, _| key != "VpcId" && key != "Prefixes");
        list
    };
    write("lists.json", json!({ "PrefixLists": [told("pl-0a1"), told("pl-0b2"), told("pl-0c3")] }));
    write("get-managed-prefix-list-entries-pl-0a1.json", json!({ "Entries": [{ "Cidr": "203.0.113.0/24", "Description": "" }] }));
    let read = |folder: &Path| dump::read(folder, None, Some("us-east-1"), String::new()).expect("it can be read");
    let seen = read(scratch.path());
    let of = |id: &str| held(&seen, id).map(|list| (list.weight, list.ranges));
    assert_eq!(of("pl-0a1"), Some((20, Some(vec!["203.0.113.0/24".parse().expect("a range")]))));
    assert_eq!(of("pl-0b2"), Some((20, None)));
    assert_eq!(of("pl-0c3"), None, "nothing of the VPC names it");
    let missing: Vec<&str> =
        seen.missing.iter().filter(|missing| missing.operation.contains("PrefixList")).map(|m| m.why.as_str()).collect();
    assert_eq!(missing, ["no file holds `Entries` of pl-0b2"]);
}

/// Somebody who changes a list changes who gets in: drift. AWS changes its own when it likes.
#[test]
fn a_changed_list_is_drift_unless_it_is_awss_own() {
    let change = |own: bool| {
        let seen = |entries: &[&str]| {
            let mut docs = named(entries);
            docs.doc("pl-offices")["OwnerId"] = json!(if own { "AWS" } else { "123456789012" });
            docs.inventory()
        };
        drift::between(&seen(&["203.0.113.0/24"]), &seen(&["203.0.113.0/24", "192.0.2.0/24"]))
    };
    let found: Vec<(String, String)> = change(false).into_iter().map(|one| (one.name, one.field)).collect();
    assert_eq!(found, [("list pl-offices".to_owned(), "prefix_list".to_owned())]);
    assert_eq!(change(true), []);
}

/// VPC user guide, "Prefix lists concepts and rules": a rule that names a list counts as many rules as the list may have
/// entries. One new group in the place of two old ones would have more than AWS allows.
#[test]
fn what_a_list_may_hold_counts_against_the_quota_of_rules() {
    let blocked = |most: u64| {
        let mut docs = spine();
        docs.doc("sg-default-all")["IpPermissions"] = json!([from_list(80, "pl-one"), from_list(8080, "pl-two"), from_list(22, "pl-two")]);
        docs.add("prefix_list", list("pl-one", most, &["203.0.113.0/24"]));
        docs.add("prefix_list", list("pl-two", most, &["198.51.100.0/24"]));
        let plan = try_plan(&docs.inventory(), "").expect("it plans");
        plan.blockers.iter().filter(|blocker| blocker.code == "HK0405").map(|blocker| blocker.why.clone()).collect::<Vec<_>>()
    };
    assert_eq!(blocked(5), Vec::<String>::new());
    let why = blocked(60);
    assert!(!why.is_empty() && why.iter().all(|why| why.contains("rules, and AWS allows 60")), "{why:?}");
}

/// Old rules by list become new rules by list; in no state on the way does one let in somebody new, and there is a way back.
#[test]
fn a_plan_whose_groups_name_lists_holds_there_and_back() {
    let mut docs = spine();
    let rules = json!([from_list(80, "pl-offices"), from_list(8080, "pl-inside"), from_cidr("-1", 0, "10.0.0.0/16")]);
    docs.doc("sg-default-all")["IpPermissions"] = rules;
    docs.add("prefix_list", list("pl-offices", 20, &["203.0.113.0/24"]));
    docs.add("prefix_list", list("pl-inside", 5, &["10.0.0.0/16"]));
    let plan = plan_of(&docs, "");
    let designed = plan.steps.iter().filter(|step| step.id.starts_with("rules-")).map(|step| json!(step.call.parameters).to_string());
    assert!(designed.into_iter().any(|parameters| parameters.contains("pl-offices")), "no new group names the list");
    let intent = intent::parse(&head()).expect("an intent");
    let proof = prove::again(&plan, &intent, &docs.inventory(), None).expect("it can be proved");
    assert_eq!(proof.broken, []);
    let mut lab = Lab::new(&docs, &plan);
    let start = view_of(&lab.cloud);
    lab.reach(ALL, "forward");
    lab.reach(Goal::Back(None), "back");
    lab.skip(7200);
    same("back", &start, &view_of(&lab.cloud));
}

/// The simulated account refuses what AWS refuses: rules and routes by what a list may hold.
#[test]
fn the_simulated_account_counts_a_list_by_what_it_may_hold() {
    let mut docs = named(&["203.0.113.0/24"]);
    docs.add("prefix_list", list("pl-big", 39, &["198.51.100.0/24"]));
    docs.add("prefix_list", list("pl-whole", 50, &["192.0.2.0/24"]));
    docs.group("more", vec![from_list(443, "pl-offices")]);
    docs.table("rtb-lists", "lists", Vec::new(), Vec::new());
    let cloud = Simulated::new(World::resume(docs.account()), Arc::new(VirtualClock::at(BEGIN_MS)));
    let call = |operation: &str, parameters: Value| match block_on(cloud.call(&Call::new(operation, parameters))) {
        Outcome::Done(_) => "done".to_owned(),
        Outcome::Refused(refusal) => refusal.code,
        Outcome::Unknown(why) => why,
    };
    let authorize = |rule: Value| call("ec2:AuthorizeSecurityGroupIngress", json!({ "GroupId": "sg-more", "IpPermissions": [rule] }));
    // 20 there, 39 more are 59, and 60 is AWS's quota.
    assert_eq!(authorize(from_list(22, "pl-big")), "done");
    assert_eq!(authorize(from_list(23, "pl-big")), "RulesPerSecurityGroupLimitExceeded");
    assert_eq!(authorize(from_cidr("tcp", 24, "0.0.0.0/0")), "done");
    assert_eq!(authorize(from_cidr("tcp", 25, "0.0.0.0/0")), "RulesPerSecurityGroupLimitExceeded");
    let route =
        |list: &str| call("ec2:CreateRoute", json!({ "RouteTableId": "rtb-lists", "DestinationPrefixListId": list, "GatewayId": "igw-1" }));
    assert_eq!((route("pl-whole"), route("pl-offices")), ("done".to_owned(), "RouteLimitExceeded".to_owned()));
}
