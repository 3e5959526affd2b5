//! Routes, endpoints, addresses, groups.

use std::collections::BTreeSet;

use hikkoshi::execute::machine::Goal;
use hikkoshi::model::call::Call;
use hikkoshi::model::facet::Role;
use hikkoshi::model::step::{Stage, Step, Undo};
use hikkoshi::plan::Plan;
use hikkoshi::plan::prove::Interrupts;
use serde_json::{Value, json};

use crate::support::account::{Docs, network, route, spine};
use crate::support::lab::{ALL, Disturb, Fate, Lab, plan_of};

fn named<'p>(plan: &'p Plan, operation: &str) -> Vec<&'p Step> {
    plan.steps.iter().filter(|step| step.call.operation.name() == operation).collect()
}

fn parameter(step: &Step, name: &str) -> Value {
    step.call.parameters.get(name).cloned().unwrap_or_default()
}

fn warned(plan: &Plan, words: &str) -> bool {
    plan.warnings.iter().any(|warning| warning.contains(words))
}

#[test]
fn mistake_07_edits_the_main_route_table() {
    let mut docs = spine();
    // All subnets are public by the main table: they have no association of their own.
    docs.doc("rtb-public")["Associations"] = json!([]);
    docs.doc("rtb-main")["Routes"] = json!([route("0.0.0.0/0", "GatewayId", "igw-shop")]);
    let plan = plan_of(&docs, "");
    let edits = ["CreateRoute", "ReplaceRoute", "DeleteRoute", "ModifyVpcEndpoint", "EnableVgwRoutePropagation"];
    for step in plan.steps.iter().filter(|step| edits.contains(&step.call.operation.name())) {
        assert_ne!(parameter(step, "RouteTableId"), "rtb-main", "{}", step.id);
    }
    assert_eq!(named(&plan, "ReplaceRouteTableAssociation").len(), 0, "nothing to replace");
    let before = docs.account().resources[&"rtb-main".into()].doc["Routes"].clone();
    let mut lab = Lab::new(&docs, &plan);
    lab.reach(ALL, "forward");
    assert_eq!(lab.cloud.account().resources[&"rtb-main".into()].doc["Routes"], before);
}

#[test]
fn mistake_08_forgets_routes_of_the_old_table() {
    let mut docs = spine();
    let routes = docs.doc("rtb-public")["Routes"].as_array_mut().expect("routes");
    routes.push(route("10.50.0.0/16", "VpcPeeringConnectionId", "pcx-1"));
    routes.push(route("10.60.0.0/16", "TransitGatewayId", "tgw-1"));
    docs.doc("rtb-public")["PropagatingVgws"] = json!([{ "GatewayId": "vgw-1" }]);
    let plan = plan_of(&docs, "");
    let count = |key: &str, target: &str| named(&plan, "CreateRoute").iter().filter(|step| parameter(step, key) == target).count();
    assert_eq!((count("VpcPeeringConnectionId", "pcx-1"), count("TransitGatewayId", "tgw-1")), (3, 3), "in each zone's table");
    assert_eq!(named(&plan, "EnableVgwRoutePropagation").len(), 3);
}

#[test]
fn mistake_09_attaches_gateway_endpoints_to_live_tables() {
    let docs = spine();
    let plan = plan_of(&docs, "");
    let gateways: Vec<&Step> = named(&plan, "CreateVpcEndpoint");
    assert_eq!(gateways.len(), 2, "S3 and DynamoDB");
    let live: BTreeSet<&str> = docs.account().with_role(Role::RouteTable).map(|table| table.id.to_string()).map(|id| &*id.leak()).collect();
    for step in &gateways {
        let tables = parameter(step, "RouteTableIds");
        assert!(tables.as_array().expect("tables").iter().all(|table| !live.contains(table.as_str().unwrap_or_default())), "{tables}");
        assert_eq!(step.stage, Stage::Foundation, "before anything lives there");
    }
    assert_eq!(named(&plan, "ModifyVpcEndpoint").len(), 0);
}

#[test]
fn mistake_10_endpoint_group_lets_in_the_new_subnets_only() {
    let mut docs = spine();
    let associated = json!([{ "CidrBlock": "10.0.0.0/16", "CidrBlockState": { "State": "associated" } },
        { "CidrBlock": "10.1.0.0/16", "CidrBlockState": { "State": "associated" } }]);
    docs.doc("vpc-shop")["CidrBlockAssociationSet"] = associated;
    let plan = plan_of(&docs, "endpoints: {gateway: [], interface: [ssm]}");
    let rules = parameter(plan.step("rules-endpoints").expect("the endpoints' rules"), "IpPermissions");
    for range in ["10.0.0.0/16", "10.1.0.0/16"] {
        assert!(rules.to_string().contains(range), "private DNS switches every subnet of the VPC at once: {rules}");
    }
    let endpoint = named(&plan, "CreateVpcEndpoint")[0];
    assert!(endpoint.needs.iter().any(|need| need.step == "group-endpoints"), "{:?}", endpoint.needs);
    assert!(endpoint.stage > Stage::Guard, "its group lets everybody in before names are switched");
}

#[test]
fn mistake_11_moves_before_partners_know_and_gives_addresses_away() {
    let plan = plan_of(&spine(), "");
    let first = plan.steps.iter().map(|step| step.stage).find(|stage| *stage >= Stage::Stateless).expect("something moves");
    assert_eq!(plan.gates.iter().map(|gate| (gate.id.as_str(), gate.before)).collect::<Vec<_>>(), [("allow-lists", first)]);
    let docs = spine();
    let mut lab = Lab::new(&docs, &plan);
    let addresses = |lab: &Lab<'_>| lab.cloud.account().with_role(Role::Address).count();
    lab.reach(ALL, "forward");
    let all = addresses(&lab);
    lab.reach(Goal::Back(Some(Stage::Foundation)), "back to the foundation");
    assert_eq!(addresses(&lab), all, "a rollback that keeps the foundation keeps its addresses");
}

#[test]
fn mistake_12_takes_the_removal_of_groups_for_harmless() {
    let docs = spine();
    let plan = plan_of(&docs, "");
    let hang: Vec<&str> = plan.interruptions.iter().filter(|one| one.what == Interrupts::Untracked).map(|one| one.step.as_str()).collect();
    assert_eq!(hang, ["app-1-groups-off", "app-2-groups-off", "bastion-groups-off"], "the clients of databases, behind world-open groups");
    let off: Vec<&Step> = plan.steps.iter().filter(|step| step.id.ends_with("-groups-off")).collect();
    assert!(!off.is_empty());
    for step in off {
        assert_eq!(step.stage, Stage::Tighten, "old and new are worn side by side in between");
        assert_ne!(step.impact, hikkoshi::model::step::Impact::None, "{} says what it cuts", step.id);
    }
}

#[test]
fn mistake_13_sends_partial_lists_to_calls_that_replace() {
    let docs = spine();
    let plan = plan_of(&docs, "");
    let beside: Vec<&Step> = plan.steps.iter().filter(|step| step.id.ends_with("-groups-beside")).collect();
    assert!(!beside.is_empty());
    for step in beside {
        let list =
            ["VpcSecurityGroupIds", "SecurityGroups", "Groups", "SecurityGroupIds"].iter().find_map(|key| step.call.parameters.get(*key));
        let list = list.and_then(Value::as_array).unwrap_or_else(|| panic!("{} sends a list", step.id));
        assert!(list.iter().any(|group| group == "sg-default-all" || group == "sg-alb"), "{}: the old are sent along: {list:?}", step.id);
        assert!(list.iter().any(|group| group.as_str().is_some_and(|id| id.starts_with("${group-"))), "{}: {list:?}", step.id);
    }
}

#[test]
fn mistake_14_edits_the_shared_group() {
    let docs = spine();
    let plan = plan_of(&docs, "");
    let shared = docs.account().resources[&"sg-default-all".into()].doc.clone();
    for step in plan.steps.iter().filter(|step| step.call.operation.name().contains("SecurityGroup")) {
        let touched = parameter(step, "GroupId") == "sg-default-all" && step.stage != Stage::Cleanup;
        assert!(!touched, "{} edits the shared group", step.id);
    }
    let mut lab = Lab::new(&docs, &plan);
    lab.reach(ALL, "forward");
    assert_eq!(lab.cloud.account().resources[&"sg-default-all".into()].doc, shared, "unmodified until cleanup");
}

#[test]
fn mistake_25_makes_things_twice_after_a_crash_or_lets_a_tool_put_them_back() {
    let mut docs = small_with_owner();
    let plan = plan_of(&docs, "");
    assert!(warned(&plan, "CloudFormation stack shop-web owns web"), "{:#?}", plan.warnings);
    docs.doc("i-web")["Tags"] = json!([{ "Key": "Name", "Value": "web" }, { "Key": "managed-by", "Value": "terraform" }]);
    assert!(warned(&plan_of(&docs, ""), "Terraform (by its tags) owns web"));
    // Neither CreateSubnet nor AllocateAddress takes a token: carried out, and the process dies before it hears of it.
    for operation in ["CreateSubnet", "AllocateAddress"] {
        let mut lab = Lab::new(&docs, &plan);
        let die = |_: u64, call: &Call| if call.operation.name() == operation { Fate::DieAfter } else { Fate::Pass };
        lab.go_with(ALL, &Disturb { decide: &die, ..Disturb::default() });
        let made = |lab: &Lab<'_>, role: Role| lab.cloud.account().with_role(role).count();
        lab.reach(ALL, "again");
        let mut straight = Lab::new(&docs, &plan);
        straight.reach(ALL, "undisturbed");
        for role in [Role::Subnet, Role::Address, Role::Gateway, Role::Group] {
            assert_eq!(made(&lab, role), made(&straight, role), "{operation}: {role:?}");
        }
    }
    assert!(plan.steps.iter().all(|step| step.stage == Stage::Cleanup || !matches!(step.undo, Undo::Irreversible(_))));
}

fn small_with_owner() -> Docs {
    let mut docs = network(&["a"]);
    docs.security();
    docs.instance("web", "a", &["sg-default-all"]);
    docs.doc("i-web")["Tags"] = json!([{ "Key": "Name", "Value": "web" }, { "Key": "aws:cloudformation:stack-name", "Value": "shop-web" }]);
    docs
}
