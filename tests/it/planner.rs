//! What is planned for which account and intent.

use std::collections::{BTreeMap, BTreeSet};

use hikkoshi::model::inventory::{Inventory, Missing};
use hikkoshi::model::network::rules_of;
use hikkoshi::model::step::{Stage, Step, Undo};
use hikkoshi::model::strategy::{Blocker, Strategy};
use hikkoshi::plan::guard::GroupPlan;
use hikkoshi::plan::intent::Problem;
use hikkoshi::plan::{self, Plan, format, init, intent};
use serde_json::{Value, json};

use crate::support::account::{Docs, REGION, VPC, association, from_cidr, from_group, network, route, spine};
use crate::support::account_data::{by, every_cache};
use crate::support::lab::{head, plan_of};

/// Plans, also where the intent is at fault.
pub fn try_plan(inventory: &Inventory, further: &str) -> Result<Plan, Problem> {
    let intent = intent::parse(&format!("{}{further}", head()))?;
    plan::plan(&intent, inventory, "intent", "inventory")
}

#[track_caller]
fn step<'p>(plan: &'p Plan, id: &str) -> &'p Step {
    plan.step(id).unwrap_or_else(|| panic!("no step {id} among {:?}", plan.steps.iter().map(|s| &s.id).collect::<Vec<_>>()))
}

fn ids<'p>(plan: &'p Plan, prefix: &str) -> Vec<&'p str> {
    plan.steps.iter().map(|s| s.id.as_str()).filter(|id| id.starts_with(prefix)).collect()
}

fn parameter(step: &Step, pointer: &str) -> Value {
    json!(step.call.parameters).pointer(pointer).cloned().unwrap_or(Value::Null)
}

fn group<'p>(plan: &'p Plan, workload: &str) -> &'p GroupPlan {
    plan.groups.iter().find(|group| group.workload.as_str() == workload).unwrap_or_else(|| panic!("no group of {workload}"))
}

fn codes(blockers: &[Blocker]) -> Vec<&str> {
    blockers.iter().map(|blocker| blocker.code.as_str()).collect()
}

/// A small account: one zone, two instances, one of them a database's client; quick to plan in many variants.
fn small() -> Docs {
    let mut docs = network(&["a"]);
    docs.security();
    docs.instance("web", "a", &["sg-default-all"]);
    docs
}

#[test]
fn strategies_are_chosen_for_reasons() {
    let plan = plan_of(&spine(), "");
    let check = |name: &str, strategy: Strategy, because: &str, interruption: bool| {
        let taken = plan.moves.iter().find(|m| m.name == name).unwrap_or_else(|| panic!("no move of {name}"));
        assert_eq!(taken.strategy, strategy, "{name}: {}", taken.reason);
        assert!(taken.reason.contains(because), "{name}: {}", taken.reason);
        assert_eq!(taken.interruption_s > 0, interruption, "{name}");
        assert!(taken.rejected.iter().all(|other| other.strategy != strategy && !other.reason.is_empty()), "{name}");
    };
    check("app-1", Strategy::Relocate, "its peers in the target group serve", false);
    check("bastion", Strategy::Relocate, "it does not answer meanwhile", true);
    check("pg-single", Strategy::Flip, "no failover", false);
    check("orders", Strategy::Relocate, "as soon as the update is through", false);
    check("app", Strategy::Stay, "it serves the internet", false);
    check("internal", Strategy::Flip, "its nodes stay", false);
    assert_eq!(plan.moves.len(), 10);
    assert_eq!(plan.blockers, []);
}

#[test]
fn a_person_decides_otherwise() {
    let check = |further: &str, name: &str, strategy: Strategy, codes_wanted: &[&str]| {
        let plan = plan_of(&spine(), further);
        let taken = plan.moves.iter().find(|m| m.name == name).map(|m| m.strategy);
        assert_eq!(taken, Some(strategy), "{further}");
        assert_eq!(codes(&plan.blockers), codes_wanted, "{further}: {:#?}", plan.blockers);
    };
    check("workloads: [{name: bastion, strategy: retire}]", "bastion", Strategy::Retire, &[]);
    check("workloads: [{name: bastion, strategy: flip}]", "bastion", Strategy::Flip, &[]);
    check("workloads: [{name: i-app-1, strategy: flip}]", "app-1", Strategy::Flip, &[]);
    check("workloads: [{name: orders, strategy: flip}]", "orders", Strategy::Flip, &[]);
    check("workloads: [{name: pg-multi, strategy: relocate}]", "pg-multi", Strategy::Relocate, &["HK0401"]);
    check("workloads: [{name: app, strategy: flip}]", "app", Strategy::Flip, &["HK0401"]);
    check("workloads: [{name: app-2, strategy: stay}]", "app-2", Strategy::Stay, &["HK0401"]);
    // What shares a subnet that turns private for others can't be left public in it.
    let skip = "workloads: [{name: bastion, strategy: skip, reason: audit, until: 2027-01-31}]";
    check(skip, "bastion", Strategy::Skip, &["HK0401"]);
}

#[test]
fn a_skip_that_nothing_turns_private_is_a_warning() {
    let mut docs = small();
    docs.instance("old", "a", &["sg-alb"]);
    let plan = plan_of(&docs, "workloads: [{name: old, strategy: skip, reason: audit, until: 2027-01-31}]");
    assert_eq!(plan.blockers, []);
    assert!(plan.warnings.iter().any(|w| w.starts_with("old stays public")), "{:#?}", plan.warnings);
    assert_eq!(ids(&plan, "old-"), Vec::<&str>::new());
}

#[test]
fn private_subnets_get_out_as_the_intent_says() {
    let check = |nat: &str, nats: &[&str], addresses: usize, zones_on: &str| {
        let plan = plan_of(&spine(), &format!("nat: {nat}"));
        assert_eq!(ids(&plan, "nat"), nats, "{nat}");
        assert_eq!(ids(&plan, "eip-nat").len(), addresses, "{nat}");
        for (zone, letter) in ["a", "b", "c"].iter().zip(zones_on.split(' ')) {
            let target = parameter(step(&plan, &format!("route-private-{zone}-default")), "/NatGatewayId");
            assert_eq!(target, format!("${{{letter}.NatGatewayId}}"), "{nat}, zone {zone}");
        }
    };
    check("zonal", &["nat-a", "nat-b", "nat-c"], 3, "nat-a nat-b nat-c");
    check("single", &["nat"], 1, "nat nat nat");
    check("regional", &["nat"], 3, "nat nat nat");
    let plan = plan_of(&spine(), "nat: single");
    assert_eq!(parameter(step(&plan, "nat"), "/SubnetId"), "${subnet-public-a.SubnetId}", "the NAT's own subnet stays public");
    assert!(plan.warnings.iter().any(|w| w.contains("one NAT gateway for all zones")));
    let regional = plan_of(&spine(), "nat: regional");
    assert_eq!(parameter(step(&regional, "nat"), "/AvailabilityMode"), "regional");
    assert_eq!(parameter(step(&regional, "nat"), "/SubnetId"), Value::Null);
}

#[test]
fn every_way_but_the_internet_is_copied() {
    let mut docs = spine();
    let public = docs.doc("rtb-public");
    let routes = public["Routes"].as_array_mut().expect("routes");
    routes.push(route("172.20.0.0/16", "VpcPeeringConnectionId", "pcx-1"));
    routes.push(route("192.168.0.0/16", "TransitGatewayId", "tgw-1"));
    routes.push(
        json!({ "DestinationCidrBlock": "10.200.0.0/16", "GatewayId": "vgw-1", "Origin": "EnableVgwRoutePropagation", "State": "active" }),
    );
    routes.push(
        json!({ "DestinationCidrBlock": "10.201.0.0/16", "NetworkInterfaceId": "eni-gone", "Origin": "CreateRoute", "State": "blackhole" }),
    );
    routes.push(json!({ "DestinationPrefixListId": "pl-office", "TransitGatewayId": "tgw-1", "Origin": "CreateRoute", "State": "active" }));
    public["PropagatingVgws"] = json!([{ "GatewayId": "vgw-1" }]);
    let plan = plan_of(&docs, "");
    for zone in ["a", "b", "c"] {
        let peering = step(&plan, &format!("route-private-{zone}-172-20-0-0-16"));
        assert_eq!(parameter(peering, "/VpcPeeringConnectionId"), "pcx-1");
        assert_eq!(parameter(peering, "/RouteTableId"), format!("${{table-private-{zone}.RouteTableId}}"));
        assert_eq!(parameter(step(&plan, &format!("route-private-{zone}-192-168-0-0-16")), "/TransitGatewayId"), "tgw-1");
        assert_eq!(parameter(step(&plan, &format!("route-private-{zone}-pl-office")), "/DestinationPrefixListId"), "pl-office");
        assert_eq!(parameter(step(&plan, &format!("propagate-private-{zone}-vgw-1")), "/GatewayId"), "vgw-1");
    }
    let all: Vec<&str> = ids(&plan, "route-private-a-");
    assert!(!all.iter().any(|id| id.contains("10-200") || id.contains("10-201")), "propagated and dead routes are not copied: {all:?}");
    assert!(plan.warnings.iter().any(|w| w.contains("10.201.0.0/16") && w.contains("blackhole")), "{:#?}", plan.warnings);
    assert!(
        plan.steps.iter().all(|s| !json!(s.call.parameters).to_string().contains("igw-")),
        "no new route leads to the internet gateway"
    );
}

#[test]
fn ipv6_leaves_by_an_egress_only_gateway_or_not_at_all() {
    let mut docs = small();
    let ipv6 = json!({ "DestinationIpv6CidrBlock": "::/0", "GatewayId": "igw-shop", "Origin": "CreateRoute", "State": "active" });
    docs.doc("rtb-public")["Routes"].as_array_mut().expect("routes").push(ipv6);
    assert_eq!(codes(&plan_of(&docs, "").blockers), ["HK0401"]);
    let attached = json!([{ "VpcId": VPC, "State": "attached" }]);
    docs.add("egress_only_gateway", json!({ "EgressOnlyInternetGatewayId": "eigw-1", "Attachments": attached, "Tags": [] }));
    let plan = plan_of(&docs, "");
    assert_eq!(plan.blockers, []);
    assert!(plan.steps.iter().any(|s| parameter(s, "/EgressOnlyInternetGatewayId") == "eigw-1"));
}

#[test]
fn subnets_of_different_tables_keep_their_different_ways() {
    let mut docs = spine();
    // The subnet of zone b has a table of its own, that of c none: the main table serves it, by the internet gateway.
    docs.doc("rtb-public")["Associations"] = json!([association("rtb-public", "a")]);
    let internet = || route("0.0.0.0/0", "GatewayId", "igw-shop");
    docs.table(
        "rtb-b",
        "prod-b",
        vec![internet(), route("172.20.0.0/16", "VpcPeeringConnectionId", "pcx-1")],
        vec![association("rtb-b", "b")],
    );
    docs.doc("rtb-main")["Routes"].as_array_mut().expect("routes").push(internet());
    let plan = plan_of(&docs, "");
    assert_eq!(plan.blockers, []);
    assert_eq!(ids(&plan, "route-private-a-"), ["route-private-a-default"]);
    assert_eq!(ids(&plan, "route-private-b-"), ["route-private-b-default", "route-private-b-172-20-0-0-16"]);
    let names = |id: &str| step(&plan, id).call.operation.name().to_owned();
    assert_eq!(names("flip-10-0-1-0-24"), "ReplaceRouteTableAssociation");
    assert_eq!(names("flip-10-0-3-0-24"), "AssociateRouteTable", "what the main table serves has no association to replace");
    assert!(plan.steps.iter().all(|s| parameter(s, "/RouteTableId") != "rtb-main" || s.id.starts_with("associate-public-")));
}

#[test]
fn gateway_endpoints_are_on_new_tables_and_existing_ones_are_joined() {
    let tables = json!(["${table-private-a.RouteTableId}", "${table-private-b.RouteTableId}", "${table-private-c.RouteTableId}"]);
    let plan = plan_of(&spine(), "");
    for service in ["s3", "dynamodb"] {
        let made = step(&plan, &format!("endpoint-{service}"));
        assert_eq!((made.call.operation.name(), parameter(made, "/RouteTableIds")), ("CreateVpcEndpoint", tables.clone()));
    }
    let mut docs = spine();
    let doc = |id: &str, service: &str| {
        json!({ "VpcEndpointId": id, "VpcId": VPC, "ServiceName": format!("com.amazonaws.{REGION}.{service}"), "VpcEndpointType": "Gateway", "State": "available",
            "RouteTableIds": ["rtb-public"], "SubnetIds": [], "Groups": [], "NetworkInterfaceIds": [], "Tags": [] })
    };
    docs.add("vpc_endpoint", doc("vpce-s3", "s3"));
    let plan = plan_of(&docs, "endpoints: {gateway: []}");
    let joined = step(&plan, "endpoint-s3");
    assert_eq!((joined.call.operation.name(), parameter(joined, "/AddRouteTableIds")), ("ModifyVpcEndpoint", tables));
    assert_eq!(parameter(joined, "/VpcEndpointId"), "vpce-s3", "who uses it today reaches it afterwards, whatever the intent lists");
    assert_eq!(ids(&plan, "endpoint-"), ["endpoint-s3"]);
}

#[test]
fn new_ranges_keep_clear_of_everything() {
    let ranges = |docs: &Docs, further: &str| -> Vec<String> {
        let plan = plan_of(docs, further);
        plan.subnets.iter().filter(|s| s.what.starts_with("new")).map(|s| s.cidr.clone()).collect()
    };
    let check = |change: &dyn Fn(&mut Docs), further: &str, expected: &[&str]| {
        let mut docs = small();
        change(&mut docs);
        assert_eq!(ranges(&docs, further), expected, "{further}");
    };
    check(&|_| (), "", &["10.0.0.0/24"]);
    check(&|docs| docs.subnet("lower", "a", "10.0.0.0/28"), "", &["10.0.2.0/24"]);
    check(&|_| (), "subnets: {avoid: [10.0.0.0/22]}", &["10.0.4.0/24"]);
    check(&|_| (), "subnets: {private_prefix: 20}", &["10.0.16.0/20"]);
    let routed = |docs: &mut Docs| {
        docs.doc("rtb-public")["Routes"].as_array_mut().expect("routes").push(route("10.0.0.0/25", "NetworkInterfaceId", "eni-web"));
    };
    check(&routed, "", &["10.0.2.0/24"]);
    let docker = |docs: &mut Docs| {
        let vpc = docs.doc(VPC);
        vpc["CidrBlock"] = json!("172.16.0.0/15");
        vpc["CidrBlockAssociationSet"] = json!([{ "CidrBlock": "172.16.0.0/15", "CidrBlockState": { "State": "associated" } }]);
        docs.doc("subnet-a")["CidrBlock"] = json!("172.16.0.0/16");
    };
    let mut docs = small();
    docker(&mut docs);
    assert!(codes(&plan_of(&docs, "").blockers).contains(&"HK0404"), "172.17.0.0/16 is Docker's");
    let full = |docs: &mut Docs| docs.doc("subnet-a")["CidrBlock"] = json!("10.0.0.0/16");
    let mut docs = small();
    full(&mut docs);
    assert!(codes(&plan_of(&docs, "").blockers).contains(&"HK0404"));
    let set = json!([{ "CidrBlock": "10.0.0.0/16", "CidrBlockState": { "State": "associated" } }, { "CidrBlock": "100.64.0.0/20", "CidrBlockState": { "State": "associated" } }]);
    docs.doc(VPC)["CidrBlockAssociationSet"] = set;
    assert_eq!(ranges(&docs, ""), ["100.64.0.0/24"]);
}

#[test]
fn each_workload_gets_its_own_group_and_only_what_it_serves() {
    let plan = plan_of(&spine(), "");
    let own: BTreeSet<&str> = plan.groups.iter().filter_map(|g| g.group.as_deref()).collect();
    assert_eq!(own.len(), 9, "{own:?}");
    assert_eq!(group(&plan, "lb:app").group, None, "a group that already serves one workload only stays");
    for database in ["pg-single", "pg-multi"] {
        let rules = step(&plan, &format!("rules-{database}"));
        let permissions = parameter(rules, "/IpPermissions");
        let from: BTreeSet<&str> = permissions
            .as_array()
            .expect("a list")
            .iter()
            .map(|p| {
                assert_eq!((&p["FromPort"], &p["ToPort"], &p["IpProtocol"]), (&json!(5432), &json!(5432), &json!("tcp")), "{p}");
                p["UserIdGroupPairs"][0]["GroupId"].as_str().expect("by group id only")
            })
            .collect();
        let wanted = ["app-1", "app-2", "bastion", "billing", "orders", "reports"].map(|name| format!("${{group-{name}.GroupId}}"));
        assert_eq!(from, wanted.iter().map(String::as_str).collect(), "{database}");
    }
    let app = parameter(step(&plan, "rules-app-1"), "/IpPermissions");
    let target = app.as_array().expect("a list").iter().find(|p| p["FromPort"] == 8080).expect("the balancer's way to its target");
    assert_eq!(target["UserIdGroupPairs"][0]["GroupId"], "sg-alb");
    assert_eq!(ids(&plan, "rules-orders"), Vec::<&str>::new(), "a function accepts no connections");
}

/// No rule that a plan makes lets the internet in, but for the listeners of an internet-facing balancer.
#[test]
fn the_internet_comes_in_by_listeners_only() {
    let open = |plan: &Plan| -> Vec<String> {
        let authorized = plan.steps.iter().filter(|s| s.call.operation.name().starts_with("Authorize"));
        let world = |s: &Step| {
            rules_of(&parameter(s, "/IpPermissions"))
                .into_iter()
                .filter(|r| r.peer.to_string().ends_with("/0"))
                .map(|r| format!("{} {}", s.id, r.ports))
                .collect::<Vec<_>>()
        };
        authorized.flat_map(world).collect()
    };
    for further in
        ["", "unvouched: drop", "nat: single\nendpoints: {interface: [ssm, logs]}", "workloads: [{name: bastion, strategy: flip}]"]
    {
        assert_eq!(open(&plan_of(&spine(), further)), Vec::<String>::new(), "{further}");
    }
    let mut docs = spine();
    docs.doc("arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/app/50dc6c495c0c9188")["SecurityGroups"] =
        json!(["sg-default-all"]);
    for zone in ["a", "b", "c"] {
        docs.doc(&format!("eni-app-{zone}"))["Groups"] = json!([{ "GroupId": "sg-default-all", "GroupName": "default-all" }]);
    }
    assert_eq!(open(&plan_of(&docs, "")), ["rules-app tcp 80"]);
}

#[test]
fn what_nobody_vouches_for_is_listed_either_way() {
    let lines = |further: &str| -> (usize, usize, usize) {
        let plan = plan_of(&spine(), further);
        let group = group(&plan, "i-bastion").clone();
        let inside = group.dropped.iter().filter(|l| l.because.contains("nobody vouches")).count();
        let built = plan.step("rules-bastion").map_or(0, |s| parameter(s, "/IpPermissions").as_array().map_or(0, Vec::len));
        (group.unvouched.len(), inside, built)
    };
    let (kept, dropped, built) = lines("unvouched: keep");
    assert!(kept == 5 && dropped == 0 && built == 5, "{kept} kept, {dropped} dropped, {built} built");
    let (kept, dropped, built) = lines("unvouched: drop");
    assert!(kept == 0 && dropped > 0 && built == 0, "{kept} kept, {dropped} dropped, {built} built");
    let (kept, dropped, _) = lines("unvouched: keep\nworkloads: [{name: bastion, unvouched: drop}]");
    assert!(kept == 0 && dropped > 0, "{kept} kept, {dropped} dropped");
    let plan = plan_of(&spine(), "flows: [{from: orders, to: bastion, port: 2222}]\nunvouched: drop");
    let declared = &group(&plan, "i-bastion").rules;
    assert!(declared.iter().any(|l| l.ports == "tcp 2222" && l.from == "orders" && l.because.contains("declared")), "{declared:?}");
}

/// What must hold of each step, whatever the account.
#[track_caller]
fn sound(plan: &Plan, context: &str) {
    let place: BTreeMap<&str, usize> = plan.steps.iter().enumerate().map(|(at, s)| (s.id.as_str(), at)).collect();
    assert_eq!(place.len(), plan.steps.len(), "{context}: an id is used twice");
    for (at, step) in plan.steps.iter().enumerate() {
        let context = format!("{context}: {}", step.id);
        assert!(step.call.probe.operation.is_read() && !step.call.probe.path.is_empty(), "{context} has no probe");
        assert!(!step.call.operation.is_read() && step.call.operation.name() != "Unset", "{context}");
        assert!(!step.title.is_empty() && step.estimate_s > 0, "{context}");
        for need in &step.needs {
            assert!(place.get(need.step.as_str()).is_some_and(|before| *before < at), "{context} needs {}", need.step);
            assert!(!need.because.is_empty(), "{context} needs {} without a reason", need.step);
        }
        match &step.undo {
            Undo::Calls(calls) => assert!(!calls.is_empty(), "{context} has no way back"),
            Undo::Irreversible(why) => assert!(step.stage == Stage::Cleanup && !why.is_empty(), "{context}"),
            Undo::Nothing(does) => assert!(!does.is_empty() && step.stage < Stage::Cleanup, "{context}"),
        }
        let made = ["Create", "Allocate", "Run"].iter().any(|verb| step.call.operation.name().starts_with(verb));
        let tagged = json!(step.call.parameters).to_string().contains("hikkoshi:step");
        assert!(!made || tagged || step.call.operation.name() == "CreateRoute", "{context} makes something without our tag");
    }
    let stages: Vec<Stage> = plan.steps.iter().map(|s| s.stage).collect();
    assert!(stages.is_sorted(), "{context}: stages are out of order");
}

#[test]
fn every_step_can_be_settled_undone_and_explained() {
    let variants = ["", "nat: single", "nat: regional", "unvouched: drop", "endpoints: {interface: [ssm, ecr.api]}"];
    for further in variants {
        sound(&plan_of(&spine(), further), further);
    }
    for name in ["bastion", "app-1"] {
        for strategy in ["flip", "retire", "relocate"] {
            let further = format!("workloads: [{{name: {name}, strategy: {strategy}}}]");
            sound(&plan_of(&spine(), &further), &further);
        }
    }
    let databases = ["pg-single", "pg-multi", "aurora"];
    for further in [
        String::new(),
        by("rotate", &databases),
        by("replica", &["pg-multi"]),
        by("restore", &["pg-single"]),
        by("recreate", &["pages", "queue"]),
    ] {
        sound(&plan_of(&every_cache(), &further), &further);
    }
}

#[test]
fn the_same_input_gives_the_same_bytes_and_they_are_read_back() {
    let write = || format::write(&plan_of(&spine(), "endpoints: {interface: [ssm]}")).expect("a plan is YAML");
    let text = write();
    assert_eq!(text, write());
    let mut docs = spine();
    docs.0.reverse();
    assert_eq!(text, format::write(&plan_of(&docs, "endpoints: {interface: [ssm]}")).expect("a plan is YAML"), "order of the answers");
    let read = format::read(&text).unwrap_or_else(|error| panic!("{}: {:?}", error.code, error.problem));
    assert_eq!(read, plan_of(&spine(), "endpoints: {interface: [ssm]}"));
    assert_eq!(format::write(&read).expect("a plan is YAML"), text);
}

#[test]
fn a_fresh_intent_plans_as_it_is() {
    let inventory = spine().inventory();
    let text = init::write("shop", &inventory).expect("a first intent");
    let intent = intent::parse(&text).unwrap_or_else(|problem| panic!("{problem}\n{text}"));
    let plan = plan::plan(&intent, &inventory, "", "").expect("it plans");
    assert_eq!(plan.blockers, []);
    assert_eq!(plan.steps, plan_of(&spine(), "").steps);
    // Each commented decision, taken as it stands, changes nothing.
    let bare = text.replace("  # - {name", "  - {name");
    let intent = intent::parse(&bare).unwrap_or_else(|problem| panic!("{problem}\n{bare}"));
    assert_eq!(plan::plan(&intent, &inventory, "", "").expect("it plans").steps, plan.steps);
}

#[test]
fn an_interface_that_nobody_claims_stands_in_the_way_of_a_flip_only() {
    let stray = |docs: &mut Docs, status: &str| {
        docs.interface("eni-stray", "b", &["sg-default-all"], "somebody's own", json!({ "RequesterManaged": false, "Status": status }));
    };
    let mut docs = spine();
    stray(&mut docs, "in-use");
    let plan = plan_of(&docs, "");
    assert_eq!(codes(&plan.blockers), ["HK0403"]);
    assert_eq!(plan.blockers[0].resource.as_str(), "eni-stray");
    let mut docs = spine();
    stray(&mut docs, "available");
    assert_eq!(plan_of(&docs, "").blockers, [], "what is attached to nothing has no traffic");
    let mut docs = network(&["a", "b"]);
    docs.security();
    docs.instance("web", "a", &["sg-default-all"]);
    stray(&mut docs, "in-use");
    assert_eq!(plan_of(&docs, "").blockers, [], "its subnet does not turn private");
}

#[test]
fn databases_interfaces_are_not_said_to_have_no_public_address() {
    let plan = plan_of(&spine(), "");
    let wrong = plan.warnings.iter().filter(|w| w.contains("service:rds") && w.contains("no public address")).count();
    assert_eq!(wrong, 0, "{:#?}", plan.warnings);
}

/// A public database whose subnet turns private may become unreachable, also one that this version does not move.
#[test]
fn a_public_cluster_member_stands_in_the_way_of_a_flip() {
    let mut docs = spine();
    docs.database("aurora-1", "prod", &["b"]);
    docs.doc("aurora-1")["DBClusterIdentifier"] = json!("aurora");
    let plan = plan_of(&docs, "");
    assert_eq!(plan.blockers.iter().map(|b| (b.code.as_str(), b.resource.as_str())).collect::<Vec<_>>(), [("HK0401", "db:aurora-1")]);
    docs.doc("aurora-1")["PubliclyAccessible"] = json!(false);
    docs.doc("eni-aurora-1-b")["Association"] = Value::Null;
    assert_eq!(plan_of(&docs, "").blockers, []);
}

#[test]
fn a_look_that_was_not_possible_stands_in_the_way_where_it_matters() {
    let check = |operation: &str, docs: &Docs, blocks: bool| {
        let mut inventory = docs.inventory();
        inventory.missing.push(Missing { operation: operation.to_owned(), why: "AccessDenied".to_owned() });
        let plan = try_plan(&inventory, "").expect("it plans");
        assert_eq!(codes(&plan.blockers), if blocks { vec!["HK0303"] } else { vec![] }, "{operation}");
        assert!(blocks || plan.warnings.iter().any(|w| w.contains(operation)), "{operation}: {:#?}", plan.warnings);
    };
    check("ec2:DescribeRouteTables", &small(), true);
    check("lambda:ListFunctions", &small(), false);
    check("lambda:ListFunctions", &spine(), true);
    check("rds:DescribeDBInstances", &small(), false);
    check("rds:DescribeDBInstances", &spine(), true);
    check("elasticache:DescribeCacheClusters", &spine(), false);
    check("ec2:DescribeEgressOnlyInternetGateways", &spine(), false);
}

#[test]
fn a_sixth_group_on_an_interface_is_seen_before() {
    let mut docs = small();
    let names = ["g1", "g2", "g3", "g4", "g5"];
    names.iter().for_each(|name| docs.group(name, vec![from_cidr("-1", 0, "0.0.0.0/0")]));
    let worn: Vec<String> = names.iter().map(|name| format!("sg-{name}")).collect();
    let five: Vec<&str> = worn.iter().map(String::as_str).collect();
    docs.instance("five", "a", &five);
    docs.instance("four", "a", &five[..4]);
    let plan = plan_of(&docs, "");
    assert_eq!(plan.blockers.iter().map(|b| (b.code.as_str(), b.resource.as_str())).collect::<Vec<_>>(), [("HK0405", "i-five")]);
}

#[test]
fn an_acl_that_is_not_open_is_not_passed_over() {
    let mut docs = spine();
    docs.doc("acl-default")["Entries"][0]["RuleAction"] = json!("deny");
    assert_eq!(codes(&plan_of(&docs, "").blockers), ["HK0401"]);
}

#[test]
fn a_group_that_names_an_old_one_keeps_it_from_being_deleted() {
    let plan = plan_of(&spine(), "");
    assert!(plan.warnings.iter().any(|w| w.contains("default-all is not deleted") && w.contains("legacy-ref")), "{:#?}", plan.warnings);
    assert_eq!(ids(&plan, "drop-"), Vec::<&str>::new());
    let mut docs = spine();
    docs.doc("sg-legacy-ref")["IpPermissions"] = json!([from_group(5432, "sg-alb")]);
    let plan = plan_of(&docs, "");
    let drop = step(&plan, "drop-sg-default-all");
    assert!(matches!(drop.undo, Undo::Irreversible(_)) && drop.stage == Stage::Cleanup);
    let needs: Vec<&str> = drop.needs.iter().map(|need| need.step.as_str()).collect();
    assert_eq!(needs, ["app-1-terminate", "app-2-terminate", "bastion-terminate"]);
}
