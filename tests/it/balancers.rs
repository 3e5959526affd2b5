//! Load balancers of every kind: who stays, who moves and how, what AWS refuses.

use std::collections::BTreeSet;

use hikkoshi::execute::machine::Goal;
use hikkoshi::model::call::{Call, Outcome};
use hikkoshi::model::id::Id;
use hikkoshi::model::step::{Impact, Stage, Step};
use hikkoshi::plan::Plan;
use hikkoshi::world::World;
use serde_json::{Value, json};

use crate::support::account::{Docs, ZONES, balancer_arn, look, network, spine, target_group, target_group_arn};
use crate::support::account_balancers::network_arn;
use crate::support::lab::{ALL, Lab, plan_of};
use crate::support::upset::{SOAK_S, around};
use crate::support::view::{same, twice, view_of};

fn of_move<'p>(plan: &'p Plan, slug: &str) -> Vec<&'p Step> {
    plan.steps.iter().filter(|step| step.of_move == slug).collect()
}

fn ids(plan: &Plan, slug: &str) -> Vec<String> {
    of_move(plan, slug).into_iter().map(|step| step.id.clone()).collect()
}

fn step<'p>(plan: &'p Plan, id: &str) -> &'p Step {
    plan.step(id).unwrap_or_else(|| panic!("no step {id}"))
}

/// Forward and back, and a look in between.
fn there_and_back(docs: &Docs, plan: &Plan, then: impl Fn(&World)) {
    let mut lab = Lab::new(docs, plan);
    let start = view_of(&lab.cloud);
    lab.reach(ALL, "forward");
    lab.skip(SOAK_S);
    assert_eq!(twice(&lab.cloud), Vec::<String>::new());
    then(&World::resume(lab.cloud.account()));
    lab.reach(Goal::Back(None), "back");
    lab.skip(SOAK_S);
    same("after the way back", &start, &view_of(&lab.cloud));
}

fn subnets(world: &World, id: &str) -> Vec<Id> {
    world.account().resources[&Id::from(id)].subnets().to_vec()
}

/// A public network load balancer in two zones.
fn edge() -> Docs {
    let mut docs = spine();
    docs.network_balancer("edge", "internet-facing", &["a", "b"], &[("TCP", 443)], &["i-app-1", "i-app-2"]);
    docs
}

#[test]
fn a_public_network_balancer_moves_zone_by_zone_with_its_nodes_crossing_zones() {
    let docs = edge();
    let plan = plan_of(&docs, "");
    let expected = ["edge-cross-zone-on", "edge-leave-a", "edge-enter-a", "edge-leave-b", "edge-enter-b", "edge-cross-zone-off"];
    assert_eq!(ids(&plan, "edge"), expected);
    let lists: Vec<Value> = of_move(&plan, "edge").iter().filter_map(|s| s.call.parameters.get("Subnets").cloned()).collect();
    let (a, b) = ("${subnet-public-a.SubnetId}", "${subnet-public-b.SubnetId}");
    assert_eq!(json!(lists), json!([["subnet-b"], [a, "subnet-b"], [a], [a, b]]), "each list is whole");
    assert!(of_move(&plan, "edge").iter().all(|step| step.stage == Stage::Data));
    let turn = step(&plan, "flip-10-0-1-0-24");
    assert!(turn.needs.iter().any(|need| need.step == "edge-leave-a"), "{:?}", turn.needs);
    there_and_back(&docs, &plan, |world| {
        let now = subnets(world, "lb:edge");
        assert!(now.len() == 2 && now.iter().all(|subnet| world.account().is_public(subnet.as_str())), "{now:?}");
        assert_eq!(world.account().resources[&Id::from("lb:edge")].doc["CrossZone"], "false", "as before");
    });
}

#[test]
fn a_balancer_of_one_zone_takes_a_detour() {
    let mut docs = spine();
    docs.network_balancer("edge", "internet-facing", &["a"], &[("TLS", 443)], &["i-app-1"]);
    docs.doc(&network_arn("edge"))["CrossZone"] = json!("true");
    let plan = plan_of(&docs, "");
    assert_eq!(ids(&plan, "edge"), ["edge-detour-b", "edge-leave-a", "edge-enter-a", "edge-detour-end-b"]);
    let impact = &step(&plan, "edge-leave-a").impact;
    assert!(matches!(impact, Impact::Outage { .. }), "its only targets are in that zone: {impact:?}");
    there_and_back(&docs, &plan, |world| assert_eq!(subnets(world, "lb:edge").len(), 1));
}

/// An NLB whose addresses others may have allow-listed is not moved unless a person says so.
#[test]
fn elastic_ips_of_a_balancer_are_moved_only_if_asked_for_and_then_kept() {
    let mut docs = edge();
    docs.elastic_nodes("edge", &["a", "b"]);
    let blocked = plan_of(&docs, "");
    let about: Vec<_> = blocked.blockers.iter().filter(|b| b.resource.as_str() == "lb:edge").collect();
    assert!(about.iter().any(|b| b.code == "HK0401" && b.why.contains("allow-listed") && b.way_out.contains("stay")), "{about:?}");
    assert_eq!(ids(&blocked, "edge"), Vec::<String>::new());

    let plan = plan_of(&docs, "nat: single\nworkloads: [{name: edge, strategy: stay, reason: partners know}]\n");
    let mapping = &step(&plan, "edge-enter-a").call.parameters["SubnetMappings"];
    let kept = json!({ "SubnetId": "${subnet-public-a.SubnetId}", "AllocationId": "eipalloc-edge-a" });
    assert!(mapping.as_array().is_some_and(|all| all.contains(&kept) && all.len() == 2), "{mapping}");
    let mut lab = Lab::new(&docs, &plan);
    let seats = |lab: &Lab<'_>| -> Vec<Value> { ["a", "b"].iter().map(|zone| seat(lab, zone)).collect() };
    let before = seats(&lab);
    lab.reach(ALL, "forward");
    lab.skip(SOAK_S);
    let now = lab.cloud.account();
    assert!(
        seats(&lab).iter().all(|subnet| now.is_public(subnet.as_str().expect("an id")) && !before.contains(subnet)),
        "{:?}",
        seats(&lab)
    );
    lab.reach(Goal::Back(None), "back");
    lab.skip(SOAK_S);
    assert_eq!(seats(&lab), before, "the same addresses where they were");
}

/// The subnet of the node that has a zone's elastic IP.
fn seat(lab: &Lab<'_>, zone: &str) -> Value {
    let account = lab.cloud.account();
    let address = &account.resources[&Id::new(format!("eipalloc-edge-{zone}"))].doc;
    let node = &account.resources[&Id::from(address["NetworkInterfaceId"].as_str().expect("it is in use"))].doc;
    assert!(node["Description"].as_str().is_some_and(|text| text.starts_with("ELB net/edge/")), "{node}");
    node["SubnetId"].clone()
}

#[test]
fn a_balancer_with_an_endpoint_service_is_not_moved_at_all() {
    let mut docs = edge();
    docs.doc(&network_arn("edge"))["EndpointServices"] = json!(["com.amazonaws.vpce.us-east-1.vpce-svc-1"]);
    for asked in ["", "workloads: [{name: edge, strategy: stay}]\n"] {
        let plan = plan_of(&docs, asked);
        let why: Vec<&str> = plan.blockers.iter().filter(|b| b.resource.as_str() == "lb:edge").map(|b| b.why.as_str()).collect();
        assert!(why.iter().any(|why| why.contains("turns private") || why.contains("endpoint service")), "{asked}: {why:?}");
    }
}

#[test]
fn an_internal_network_balancer_flips_or_moves_if_asked() {
    let mut docs = spine();
    docs.network_balancer("queue", "internal", &["a", "b"], &[("TCP", 5672)], &["i-app-1", "i-app-2"]);
    assert_eq!(ids(&plan_of(&docs, ""), "queue"), Vec::<String>::new(), "its nodes and addresses stay");
    let plan = plan_of(&docs, "workloads: [{name: queue, strategy: relocate}]\n");
    assert!(of_move(&plan, "queue").iter().all(|step| step.stage == Stage::Pets));
    assert_eq!(plan.broken, []);
    there_and_back(&docs, &plan, |world| {
        let now = subnets(world, "lb:queue");
        assert!(now.iter().all(|subnet| !world.account().is_public(subnet.as_str())), "{now:?}");
    });
}

#[test]
fn an_internal_application_balancer_moves_to_private_subnets_if_asked() {
    let docs = spine();
    let plan = plan_of(&docs, "workloads: [{name: internal, strategy: relocate}]\n");
    assert_eq!(step(&plan, "internal-subnets").stage, Stage::Pets);
    there_and_back(&docs, &plan, |world| {
        let now = subnets(world, "lb:internal");
        assert!(now.len() == 3 && now.iter().all(|subnet| !world.account().is_public(subnet.as_str())), "{now:?}");
    });
}

/// UDP and TCP_UDP are not TCP; and a balancer without groups passes its clients' addresses on.
#[test]
fn targets_are_let_in_on_the_listeners_own_transports() {
    let mut docs = spine();
    docs.network_balancer("dns", "internal", &["a"], &[("UDP", 53), ("TCP_UDP", 5353)], &["i-app-1"]);
    let plan = plan_of(&docs, "");
    let group = plan.groups.iter().find(|group| group.workload.as_str() == "i-app-1").expect("it gets a group");
    let clients: BTreeSet<(&str, &str)> =
        group.rules.iter().filter(|rule| rule.because.contains("dns")).map(|rule| (rule.ports.as_str(), rule.from.as_str())).collect();
    let vpc = "10.0.0.0/16";
    assert_eq!(clients, [("tcp 53", vpc), ("udp 53", vpc), ("tcp 5353", vpc), ("udp 5353", vpc)].into());
    assert!(!plan.groups.iter().any(|group| group.workload.as_str() == "lb:dns"), "it was made without groups");
}

#[test]
fn a_gateway_balancer_is_recognised_and_blocks() {
    let mut docs = edge();
    docs.doc(&network_arn("edge"))["Type"] = json!("gateway");
    let plan = plan_of(&docs, "");
    let blocked = plan.blockers.iter().any(|b| b.resource.as_str() == "lb:edge" && b.code == "HK0401");
    assert!(blocked, "{:?}", plan.blockers);
}

/// A public Classic Load Balancer in two zones, in front of both instances.
fn classic() -> Docs {
    let mut docs = spine();
    docs.classic_balancer("old", "internet-facing", &["a", "b"], "sg-default-all", &["i-app-1", "i-app-2"]);
    docs
}

/// A Classic Load Balancer in a VPC serves the zones of its subnets, whether or not it lists zones of its own.
#[test]
fn a_classic_balancer_that_lists_no_zones_serves_those_of_its_subnets() {
    let mut docs = classic();
    docs.doc("old")["AvailabilityZones"] = json!([]);
    assert_eq!(plan_of(&docs, "").broken, []);
}

#[test]
fn a_public_classic_balancer_changes_one_subnet_after_the_other() {
    let docs = classic();
    let plan = plan_of(&docs, "");
    let turns: Vec<_> = ids(&plan, "old").into_iter().filter(|id| !id.contains("groups")).collect();
    assert_eq!(turns, ["old-leave-a", "old-enter-a", "old-leave-b", "old-enter-b"]);
    let whole = &step(&plan, "old-groups-beside").call.parameters["SecurityGroups"];
    assert_eq!(*whole, json!(["sg-default-all", "${group-old.GroupId}"]), "the whole list");
    there_and_back(&docs, &plan, |world| {
        let now = subnets(world, "clb:old");
        assert!(now.len() == 2 && now.iter().all(|subnet| world.account().is_public(subnet.as_str())), "{now:?}");
        let served = &world.account().resources[&Id::from("clb:old")].doc["Instances"];
        assert!(!served.to_string().contains("i-app-1"), "the copies are registered instead: {served}");
    });
}

#[test]
fn an_internal_classic_balancer_flips_or_moves_if_asked() {
    let mut docs = spine();
    docs.classic_balancer("old", "internal", &["c"], "sg-default-all", &[]);
    let flipped = plan_of(&docs, "");
    assert!(ids(&flipped, "old").iter().all(|id| id.contains("groups")), "{:?}", ids(&flipped, "old"));
    let plan = plan_of(&docs, "workloads: [{name: old, strategy: relocate}]\n");
    there_and_back(&docs, &plan, |world| {
        let now = subnets(world, "clb:old");
        assert!(now.len() == 1 && !world.account().is_public(now[0].as_str()), "{now:?}");
    });
}

#[test]
fn what_serves_a_classic_balancer_is_let_in_from_its_group() {
    let plan = plan_of(&classic(), "");
    let group = plan.groups.iter().find(|group| group.workload.as_str() == "i-app-1").expect("it gets a group");
    assert!(group.rules.iter().any(|rule| rule.from == "old" && rule.ports == "tcp 8080"), "{:?}", group.rules);
    assert!(plan.blockers.is_empty(), "{:?}", plan.blockers);
}

/// Balancers of every kind and nothing else; what turns the subnets is the internal one.
fn only_balancers(schemes: [&str; 2]) -> Docs {
    let mut docs = network(&ZONES);
    docs.security();
    docs.add("target_group", target_group("internal", &[], Some("internal")));
    docs.balancer("internal", "internal", "sg-default-all", "internal");
    docs.network_balancer("edge", schemes[0], &["a"], &[("TCP", 443)], &[]);
    docs.classic_balancer("old", schemes[1], &["a", "b"], "sg-default-all", &[]);
    docs
}

/// Never out of all zones, never in two subnets of one.
fn is_somewhere(lab: &Lab<'_>, context: &str) {
    let world = World::resume(lab.cloud.account());
    for id in ["lb:edge", "clb:old"] {
        let placed = subnets(&world, id);
        let zones: BTreeSet<String> = placed.iter().map(|s| world.account().resources[s].doc["AvailabilityZone"].to_string()).collect();
        assert!(!placed.is_empty() && zones.len() == placed.len(), "{context}: {id} is in {placed:?}");
    }
}

#[test]
fn whatever_happens_public_balancers_end_where_they_should() {
    let docs = only_balancers(["internet-facing", "internet-facing"]);
    let plan = plan_of(&docs, "nat: single\n");
    around(&docs, &plan, Stage::Data).converges(&is_somewhere);
}

#[test]
fn whatever_happens_internal_balancers_end_where_they_should() {
    let docs = only_balancers(["internal", "internal"]);
    let ask = |name: &str| format!("{{name: {name}, strategy: relocate}}");
    let asked = format!("nat: single\nworkloads: [{}, {}, {}]\n", ask("edge"), ask("old"), ask("internal"));
    let plan = plan_of(&docs, &asked);
    around(&docs, &plan, Stage::Pets).converges(&is_somewhere);
}

#[test]
fn whatever_happens_a_copy_takes_its_place_at_a_classic_balancer() {
    let mut docs = network(&["a", "b"]);
    docs.security();
    docs.instance("app-1", "a", &["sg-default-all"]);
    docs.classic_balancer("old", "internet-facing", &["a", "b"], "sg-alb", &["i-app-1"]);
    let plan = plan_of(&docs, "nat: single\n");
    let calls: Vec<&str> = of_move(&plan, "app-1").iter().map(|step| step.call.operation.name()).collect();
    assert!(calls.contains(&"DeregisterInstancesFromLoadBalancer") && calls.contains(&"RegisterInstancesWithLoadBalancer"), "{calls:?}");
    around(&docs, &plan, Stage::Pets).converges(&|lab, context| {
        let served = lab.cloud.account().resources[&Id::from("clb:old")].doc["Instances"].as_array().map(Vec::len);
        assert_eq!(served, Some(1), "{context}");
    });
}

/// The answer of a call, or AWS's code.
fn call(world: &mut World, operation: &str, parameters: Value) -> Result<Value, String> {
    match world.call(&Call::new(operation, parameters)) {
        Outcome::Done(answer) => Ok(answer),
        Outcome::Refused(refusal) => Err(refusal.code),
        Outcome::Unknown(why) => panic!("{operation}: {why}"),
    }
}

#[test]
fn the_simulated_account_refuses_what_elastic_load_balancing_refuses() {
    let mut docs = edge();
    docs.elastic_nodes("edge", &["a", "b"]);
    docs.classic_balancer("old", "internal", &["a", "b"], "sg-alb", &["i-app-1"]);
    docs.subnet("a2", "a", "10.0.50.0/24");
    let mut world = World::resume(docs.account());
    let mut refused = |operation: &str, parameters: Value, code: &str| {
        assert_eq!(call(&mut world, operation, parameters.clone()), Err(code.to_owned()), "{operation} {parameters}");
    };
    let set = |subnets: Value| json!({ "LoadBalancerArn": network_arn("edge"), "Subnets": subnets });
    refused("elasticloadbalancing:SetSubnets", set(json!(["subnet-a2", "subnet-b"])), "InvalidConfigurationRequest");
    refused("elasticloadbalancing:SetSubnets", set(json!(["subnet-none"])), "SubnetNotFound");
    let mapped = |allocation: &str| json!({ "LoadBalancerArn": network_arn("edge"), "SubnetMappings": [{ "SubnetId": "subnet-c", "AllocationId": allocation }] });
    refused("elasticloadbalancing:SetSubnets", mapped("eipalloc-edge-a"), "InvalidConfigurationRequest");
    refused("elasticloadbalancing:SetSubnets", mapped("eipalloc-none"), "AllocationIdNotFound");
    let groups = json!({ "LoadBalancerArn": network_arn("edge"), "SecurityGroups": ["sg-alb"] });
    refused("elasticloadbalancing:SetSecurityGroups", groups, "InvalidConfigurationRequest");
    let attribute = json!({ "LoadBalancerArn": balancer_arn("app"), "Attributes": [{ "Key": "colour", "Value": "red" }] });
    refused("elasticloadbalancing:ModifyLoadBalancerAttributes", attribute, "InvalidConfigurationRequest");
    let old = |subnets: Value| json!({ "LoadBalancerName": "old", "Subnets": subnets });
    refused("elb:DetachLoadBalancerFromSubnets", old(json!(["subnet-a", "subnet-b"])), "InvalidConfigurationRequest");
    refused("elb:DetachLoadBalancerFromSubnets", old(json!(["subnet-c"])), "InvalidConfigurationRequest");
    refused("elb:AttachLoadBalancerToSubnets", old(json!(["subnet-a2"])), "InvalidConfigurationRequest");
    let unknown = json!({ "LoadBalancerName": "none", "Subnets": ["subnet-a"] });
    refused("elb:AttachLoadBalancerToSubnets", unknown, "LoadBalancerNotFound");
    let worn = json!({ "LoadBalancerName": "old", "SecurityGroups": ["sg-none"] });
    refused("elb:ApplySecurityGroupsToLoadBalancer", worn, "InvalidSecurityGroup");
}

/// aws-semantics.md 9: each zone with targets must be enabled on the balancer; a node takes its time to leave.
#[test]
fn a_zone_that_is_left_is_not_served_until_it_is_entered_again() {
    let mut world = World::resume(edge().account());
    let health = |world: &mut World| {
        let group = json!({ "TargetGroupArn": target_group_arn("edge-443"), "Targets": [{ "Id": "i-app-1" }] });
        let answer = call(world, "elasticloadbalancing:DescribeTargetHealth", group).expect("it is there");
        answer["TargetHealthDescriptions"][0]["TargetHealth"]["State"].clone()
    };
    assert_eq!(health(&mut world), "healthy");
    let set = |subnets: Value| json!({ "LoadBalancerArn": network_arn("edge"), "Subnets": subnets });
    call(&mut world, "elasticloadbalancing:SetSubnets", set(json!(["subnet-b"]))).expect("one zone is enough");
    assert_eq!(health(&mut world), "unused");
    call(&mut world, "elasticloadbalancing:SetSubnets", set(json!(["subnet-a", "subnet-b"]))).expect("the same subnet again");
    assert_eq!(health(&mut world), "healthy");
}

/// What discovery asks, and what it makes of the interfaces of a Classic Load Balancer.
#[test]
fn the_census_knows_whose_interfaces_these_are() {
    let mut docs = classic();
    docs.network_balancer("edge", "internet-facing", &["a"], &[("TCP", 443)], &[]);
    let lab = World::resume(docs.account());
    let seen = look(&hikkoshi::cloud::simulated::Simulated::new(lab, std::sync::Arc::new(hikkoshi::clock::VirtualClock::at(0))));
    let owner = |eni: &str| seen.resources[&Id::from(eni)].facets.owner.clone();
    assert_eq!(owner("eni-old-a"), Some(Id::from("clb:old")));
    assert_eq!(owner("eni-edge-a"), Some(Id::from("lb:edge")));
    assert_eq!(seen.resources[&Id::from("lb:edge")].doc["EndpointServices"], json!([]));
    let targets = seen.resources[&Id::from("clb:old")].facets.targets.clone().expect("it lists them");
    assert!(targets.members.iter().all(|target| target.port == 8080 && target.health == "InService"), "{targets:?}");
}

/// AWS takes a balancer with IPv6 addresses into subnets with IPv6 only, and the new ones have none.
#[test]
fn a_balancer_with_ipv6_is_not_led_into_subnets_without() {
    let mut docs = spine();
    docs.doc(&balancer_arn("app"))["IpAddressType"] = json!("dualstack");
    let plan = plan_of(&docs, "");
    let blocker = plan.blockers.iter().find(|b| b.resource.as_str() == "lb:app").expect("it stands in the way");
    assert!(blocker.why.contains("IPv6") && blocker.way_out.contains("SetIpAddressType"), "{blocker:?}");
    docs.subnet("a2", "a", "10.0.40.0/24");
    let call = json!({ "LoadBalancerArn": balancer_arn("app"), "Subnets": ["subnet-a2", "subnet-b"] });
    let outcome = World::resume(docs.account()).call(&Call::new("elasticloadbalancing:SetSubnets", call));
    assert!(matches!(&outcome, Outcome::Refused(refusal) if refusal.code == "InvalidConfigurationRequest"), "{outcome:?}");
}

/// The nodes' addresses are new: what let in the old ones only is noticed before the next zone goes.
#[test]
fn a_balancer_that_moved_still_finds_its_targets_healthy() {
    let docs = edge();
    let plan = plan_of(&docs, "");
    for id in ["app-subnets", "edge-enter-a", "edge-enter-b"] {
        assert!(step(&plan, id).wait.iter().any(|wait| wait.until.operation.name() == "DescribeTargetHealth"), "{id}");
    }
    let mut lab = Lab::new(&docs, &plan);
    lab.reach(Goal::Forward(Stage::Pets), "before the balancers");
    lab.cloud.tamper(|account| {
        // Somebody shuts the targets off from the nodes.
        let groups: Vec<Id> = account.resources.of_kind("security_group").map(|group| group.id.clone()).collect();
        for group in groups {
            account.edit(group.as_str(), "NotFound").expect("it is there")["IpPermissions"] = json!([]);
        }
    });
    let hikkoshi::execute::driver::End::Failed(failed) = lab.go(ALL) else { panic!("it went on") };
    assert!(failed.iter().any(|f| f.step == "edge-enter-a" && f.code == "HK0503"), "{failed:?}");
}
