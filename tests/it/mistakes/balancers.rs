//! Balancers and what shares their subnets.

use serde_json::json;

use crate::support::account::{Docs, balancer_arn, spine};
use crate::support::account_balancers::network_arn;
use crate::support::lab::plan_of;

fn before_the_turn(docs: &Docs, balancer: &str) {
    let plan = plan_of(docs, "");
    let turn = plan.step("flip-10-0-1-0-24").expect("the subnet turns");
    let leaves = |step: &str| plan.step(step).is_some_and(|step| step.of_move == balancer);
    assert!(turn.needs.iter().any(|need| leaves(&need.step)), "{balancer} has left first: {:?}", turn.needs);
}

#[test]
fn mistake_06_flips_a_subnet_that_still_holds_a_balancer_a_nat_gateway_or_a_bastion() {
    before_the_turn(&spine(), "app");
    let mut docs = spine();
    docs.network_balancer("edge", "internet-facing", &["a", "b"], &[("TCP", 443)], &[]);
    before_the_turn(&docs, "edge");
    let mut docs = spine();
    docs.classic_balancer("old", "internet-facing", &["a", "b"], "sg-alb", &[]);
    before_the_turn(&docs, "old");

    let mut docs = spine();
    let own = json!({ "InterfaceType": "nat_gateway", "Association": { "PublicIp": "198.51.100.9", "AllocationId": "eipalloc-nat" } });
    docs.interface("eni-nat", "a", &[], "Interface for NAT Gateway nat-old", own);
    let plan = plan_of(&docs, "");
    let about = |id: &str| plan.blockers.iter().any(|blocker| blocker.resource.as_str() == id && blocker.code == "HK0401");
    assert!(about("eni-nat"), "a NAT gateway would lose its way out: {:?}", plan.blockers);

    // A bastion moves, or is flipped, or goes: it never keeps its public address in a private subnet.
    let plan = plan_of(&spine(), "");
    let bastion = plan.moves.iter().find(|one| one.name == "bastion").expect("it is decided");
    assert_ne!(bastion.strategy, hikkoshi::model::strategy::Strategy::Skip, "{}", bastion.reason);
    let skipped = plan_of(&spine(), "workloads: [{name: bastion, strategy: skip, reason: later, until: 2027-01-01}]\n");
    let blocked = skipped.blockers.iter().any(|blocker| blocker.resource.as_str() == "i-bastion");
    assert!(blocked, "left where it is, it would be cut off: {:?}", skipped.blockers);
}

/// `SetSubnets`, `SetSecurityGroups` and `ApplySecurityGroupsToLoadBalancer` replace the whole list.
#[test]
fn mistake_13_sends_a_part_of_a_list_that_is_replaced_whole() {
    let mut docs = spine();
    docs.subnet("c2", "c", "10.0.40.0/24");
    // The third zone's subnet of this one is private already, and stays.
    let arn = balancer_arn("app");
    docs.doc(&arn)["AvailabilityZones"][2]["SubnetId"] = json!("subnet-c2");
    docs.doc(&arn)["SecurityGroups"] = json!(["sg-default-all", "sg-alb"]);
    docs.doc("eni-app-c")["SubnetId"] = json!("subnet-c2");
    docs.network_balancer("edge", "internet-facing", &["a", "b", "c"], &[("TCP", 443)], &[]);
    let plan = plan_of(&docs, "");
    let moved = plan.step("app-subnets").expect("it moves").call.parameters["Subnets"].clone();
    assert!(moved.as_array().is_some_and(|all| all.len() == 3 && all.contains(&json!("subnet-c2"))), "{moved}");
    let worn = plan.step("app-groups-beside").expect("its groups change").call.parameters["SecurityGroups"].clone();
    assert_eq!(worn, json!(["sg-default-all", "sg-alb", "${group-app.GroupId}"]));
    for step in plan.steps.iter().filter(|step| step.call.parameters.get("LoadBalancerArn") == Some(&json!(network_arn("edge")))) {
        if let Some(list) = step.call.parameters.get("Subnets").and_then(|list| list.as_array()) {
            assert!(list.len() >= 2, "{}: of three zones it is never in fewer than two: {list:?}", step.id);
        }
    }
}
