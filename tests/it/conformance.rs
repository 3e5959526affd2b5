//! What must hold of every kind and of every step of a plan, without naming one.

use std::collections::{BTreeMap, BTreeSet};

use hikkoshi::cloud::Cloud;
use hikkoshi::cloud::simulated::{FaultAt, Simulated};
use hikkoshi::execute::machine::Goal;
use hikkoshi::journal::Body;
use hikkoshi::kinds::{KINDS, Kind, listing_answer};
use hikkoshi::model::account::Account;
use hikkoshi::model::call::{Call, Object, Outcome, Refusal};
use hikkoshi::model::id::Id;
use hikkoshi::model::step::{Stage, Step};
use hikkoshi::plan::{Plan, lint};
use hikkoshi::world::World;
use serde_json::{Value, json};

use crate::support::account::{Docs, VPC, block_on, spine};
use crate::support::account_access::{VPN, bare};
use crate::support::account_data::every_cache;
use crate::support::lab::{ALL, Disturb, Fate, Lab, plan_of};
use crate::support::view::{same, twice, view_of};

/// An account in which every kind has something, before and after the migration.
fn accounts() -> Vec<Account> {
    let docs = spine();
    let plan = plan_of(&docs, "endpoints: {gateway: [s3], interface: [ssm]}\n");
    let mut accounts = before_and_after(&docs, &plan);
    let docs = crate::stateless::everything();
    accounts.extend(before_and_after(&docs, &plan_of(&docs, "")));
    let lists = crate::prefix_lists::named(&["203.0.113.0/24"]);
    accounts.extend([every_cache().account(), balancers().account(), without_profile(), with_client_vpn(), lists.account()]);
    accounts
}

fn before_and_after(docs: &Docs, plan: &Plan) -> Vec<Account> {
    let mut lab = Lab::new(docs, plan);
    let before = lab.cloud.account();
    lab.reach(ALL, "forward");
    vec![before, lab.cloud.account()]
}

/// An account in which an instance gets the migration's own role and profile.
fn without_profile() -> Account {
    let docs = bare();
    let plan = plan_of(&docs, "");
    let mut lab = Lab::new(&docs, &plan);
    lab.reach(ALL, "an instance without a profile");
    lab.cloud.account()
}

/// An account in which developers have a Client VPN.
fn with_client_vpn() -> Account {
    let docs = bare();
    let plan = plan_of(&docs, VPN);
    let mut lab = Lab::new(&docs, &plan);
    lab.reach(Goal::Forward(Stage::Access), "a Client VPN");
    lab.cloud.account()
}

/// The balancers that the spine has nothing of.
pub fn balancers() -> Docs {
    let mut docs = spine();
    docs.network_balancer("edge", "internet-facing", &["a", "b"], &[("TCP_UDP", 53)], &["i-app-1"]);
    docs.classic_balancer("old", "internet-facing", &["a", "b"], "sg-alb", &["i-app-2"]);
    let address = docs.private_address("app-1");
    docs.record("app-1", &[&address], 300);
    docs
}

fn object(value: Value) -> Object {
    value.as_object().cloned().expect("an object")
}

#[test]
fn what_a_kind_reads_it_reads_again_alike() {
    let mut seen = BTreeSet::new();
    for account in accounts() {
        for resource in account.resources.values() {
            let Some(kind) = KINDS.iter().find(|kind| kind.name() == resource.kind) else { continue };
            let Some(parsed) = kind.parse(&resource.doc, &account.vpc) else { continue };
            seen.insert(kind.name());
            assert_eq!(kind.parse(&parsed.doc, &account.vpc), Some(parsed.clone()), "{} {}", kind.name(), resource.id);
            assert_eq!(parsed.kind, kind.name());
            let text = serde_json::to_string(&parsed).expect("a resource is JSON");
            assert_eq!(serde_json::from_str::<hikkoshi::model::resource::Resource>(&text).expect("and back"), parsed);
        }
    }
    let unseen: Vec<_> = KINDS.iter().map(|kind| kind.name()).filter(|name| !seen.contains(name)).collect();
    assert_eq!(unseen, ["egress_only_gateway"], "kinds of which the story has nothing");
}

#[test]
fn another_vpcs_things_fall_out() {
    let regional = ["elastic_ip", "image", "iam_role", "instance_profile", "ssm_command"];
    for account in accounts() {
        for resource in account.resources.values() {
            let Some(kind) = KINDS.iter().find(|kind| kind.name() == resource.kind && !regional.contains(&kind.name())) else { continue };
            assert_eq!(kind.parse(&resource.doc, &Id::from("vpc-other")), None, "{} {}", kind.name(), resource.id);
        }
    }
}

#[test]
fn an_empty_document_is_nothing() {
    for kind in KINDS {
        for doc in [json!({}), json!(null), json!([]), json!("text")] {
            assert_eq!(kind.parse(&doc.clone().into(), &Id::from(VPC)), None, "{} reads {doc}", kind.name());
        }
    }
}

/// Codes by which AWS says that a parameter is missing or wrong, or that a thing isn't there.
fn is_a_no(refusal: &Refusal) -> bool {
    let spelled = [
        "MissingParameter",
        "InvalidParameterValue",
        "InvalidParameterException",
        "ValidationError",
        "ValidationException",
        "InvalidTarget",
        "InvalidInstanceId",
        "PreconditionFailedException",
        "ClientException",
        "InvalidInput",
        "InvalidChangeBatch",
    ];
    refusal.is_not_found() || spelled.contains(&refusal.code.as_str())
}

/// The calls of a run as they were sent: operation and parameters.
fn calls_of_a_run(plan: &Plan, docs: &Docs) -> BTreeMap<String, Object> {
    let mut lab = Lab::new(docs, plan);
    let calls = std::sync::Mutex::new(BTreeMap::new());
    let decide = |_: u64, call: &Call| {
        if !call.operation.is_read() {
            calls.lock().expect("nobody panics in here").entry(call.operation.to_string()).or_insert_with(|| call.parameters.clone());
        }
        Fate::Pass
    };
    for goal in [ALL, Goal::Back(None), Goal::Forward(Stage::Cleanup)] {
        lab.go_with(goal, &Disturb { decide: &decide, ..Disturb::default() });
    }
    calls.into_inner().expect("nobody panics in here")
}

/// Every effect refuses, and changes nothing, when it gets no parameters, too few, or ids of nothing.
#[test]
fn effects_refuse_what_is_missing_or_unknown() {
    refuse_in(&balancers(), "endpoints: {gateway: [s3], interface: [ssm]}\n");
    refuse_in(&crate::stateless::everything(), "");
}

fn refuse_in(docs: &Docs, further: &str) {
    let calls = calls_of_a_run(&plan_of(docs, further), docs);
    for (operation, effect) in KINDS.iter().flat_map(|kind| kind.effects()) {
        let refuses = |parameters: Object, what: &str| {
            let mut account = docs.account();
            let before = account.resources.clone();
            match effect(&mut account, &parameters) {
                Ok(answer) => panic!("{operation} takes {what}: {answer}"),
                Err(refusal) => assert!(is_a_no(&refusal), "{operation} with {what}: {refusal}"),
            }
            assert_eq!(before, account.resources, "{operation} with {what} is refused, and changes the account");
        };
        // An address can be had without saying anything.
        if *operation != "ec2:AllocateAddress" {
            refuses(Object::new(), "no parameters");
        }
        let Some(parameters) = calls.get(*operation) else { continue };
        for (name, value) in parameters.iter().filter(|(name, _)| name.ends_with("Id") || name.ends_with("Ids") || name.ends_with("Arn")) {
            let mut unknown = parameters.clone();
            unknown.insert(name.clone(), if value.is_array() { json!(["none-0"]) } else { json!("none-0") });
            refuses(unknown, &format!("unknown {name}"));
        }
    }
}

#[test]
fn listings_refuse_unknown_ids_and_unknown_filters() {
    let account = spine().account();
    for (kind, listing) in KINDS.iter().filter_map(|kind| Some((kind, kind.listing()?))) {
        let (parameter, _, code) = listing.ids;
        let unknown = listing_answer(kind.name(), listing, &account, &object(json!({ parameter: ["none-0"] })));
        // Where there is no code, AWS leaves unknown ones out.
        let expected = if code.is_empty() { Ok(json!({ listing.result_key(): [] })) } else { Err(code.to_owned()) };
        assert_eq!(unknown.map_err(|refusal| refusal.code), expected, "{}", listing.operation);
        let spelled = if listing.operation == "ec2:DescribeNatGateways" { "Filter" } else { "Filters" };
        let filters = object(json!({ spelled: [{ "Name": "colour", "Values": ["red"] }] }));
        let refused = listing_answer(kind.name(), listing, &account, &filters);
        assert_eq!(refused.map_err(|refusal| refusal.code), Err("InvalidParameterValue".to_owned()), "{}", listing.operation);
    }
}

#[test]
fn an_operation_that_no_kind_knows_is_refused() {
    let mut world = World::resume(spine().account());
    for operation in ["ec2:DeleteVpc", "ec2:DescribeCoffee", "iam:CreateUser"] {
        let outcome = world.call(&Call::new(operation, json!({})));
        assert!(matches!(&outcome, Outcome::Refused(refusal) if refusal.code == "UnsupportedOperation"), "{operation}: {outcome:?}");
    }
}

#[test]
fn a_dry_run_and_a_repeated_token_change_nothing() {
    let docs = spine();
    let mut world = World::resume(docs.account());
    let call = |more: Value| {
        let mut parameters = json!({ "VpcId": VPC, "ClientToken": "one" });
        parameters.as_object_mut().expect("an object").extend(object(more));
        Call::new("ec2:CreateRouteTable", parameters)
    };
    let before = world.account().resources.len();
    let dry = world.call(&call(json!({ "DryRun": true })));
    assert!(matches!(&dry, Outcome::Refused(refusal) if refusal.code == "DryRunOperation"), "{dry:?}");
    assert_eq!(world.account().resources.len(), before);
    let (first, second) = (world.call(&call(json!({}))), world.call(&call(json!({}))));
    assert!(matches!(first, Outcome::Done(_)) && first == second, "{first:?}, then {second:?}");
    assert_eq!(world.account().resources.len(), before + 1);
    let other = world.call(&call(json!({ "TagSpecifications": [] })));
    assert!(matches!(&other, Outcome::Refused(refusal) if refusal.code == "IdempotentParameterMismatch"), "{other:?}");
}

/// The plan with one step less of everything that follows it: a step and what it needs.
fn only(plan: &Plan, step: &Step) -> Plan {
    let mut wanted: BTreeSet<&str> = BTreeSet::from([step.id.as_str()]);
    for earlier in plan.steps.iter().rev() {
        if wanted.contains(earlier.id.as_str()) {
            wanted.extend(earlier.needs.iter().map(|need| need.step.as_str()));
        }
    }
    let mut plan = Plan { steps: plan.steps.iter().filter(|s| wanted.contains(s.id.as_str())).cloned().collect(), ..plan.clone() };
    plan.stages = plan.steps.iter().map(|step| step.stage).collect();
    plan.stages.dedup();
    assert_eq!(lint::lint(&plan), Vec::new());
    plan
}

/// Every step alone, with what it needs: there, back, and there again.
#[test]
fn every_step_restores_the_account_and_can_be_taken_again() {
    let docs = spine();
    let whole = plan_of(&docs, "endpoints: {gateway: [s3, dynamodb], interface: [ssm]}\n");
    for step in whole.steps.iter().filter(|step| step.stage != Stage::Cleanup) {
        let plan = only(&whole, step);
        let mut lab = Lab::new(&docs, &plan);
        let start = view_of(&lab.cloud);
        for round in 0..2 {
            lab.reach(ALL, &format!("{}, round {round}", step.id));
            assert_eq!(twice(&lab.cloud), Vec::<String>::new(), "{}", step.id);
            lab.reach(Goal::Back(None), &format!("{}, back, round {round}", step.id));
            lab.skip(7200);
            same(&format!("{} undone, round {round}", step.id), &start, &view_of(&lab.cloud));
        }
    }
}

/// A call that was carried out although its answer was lost is recognised, not made again.
#[test]
fn a_call_already_made_is_adopted() {
    let docs = spine();
    let plan = plan_of(&docs, "");
    let mut lab = Lab::new(&docs, &plan);
    let decide = |_: u64, call: &Call| if call.operation.is_read() { Fate::Pass } else { Fate::Lose };
    lab.go_with(ALL, &Disturb { decide: &decide, ..Disturb::default() });
    let mut made: BTreeMap<&str, usize> = BTreeMap::new();
    for record in &lab.records {
        if let Body::Intended { step, .. } = &record.body {
            *made.entry(step).or_default() += 1;
        }
    }
    let steps = plan.steps.iter().filter(|step| step.stage != Stage::Cleanup);
    for step in steps {
        assert_eq!(made.get(step.id.as_str()), Some(&1), "{} is called as often", step.id);
    }
}

/// The faults that the program's own rehearsal knows are those of the tests.
#[test]
fn the_simulated_accounts_own_faults_do_what_they_say() {
    let group = || Call::new("ec2:CreateSecurityGroup", json!({ "GroupName": "new", "Description": "new", "VpcId": VPC }));
    let check = |text: &str, carried_out: bool| {
        let clock = std::sync::Arc::new(hikkoshi::clock::VirtualClock::at(0));
        let fault: FaultAt = text.parse().expect("a fault");
        let cloud = Simulated::new(World::resume(spine().account()), clock).with_faults(vec![fault]);
        let outcome = block_on(cloud.call(&group()));
        assert!(!matches!(outcome, Outcome::Done(_)), "{text}: {outcome:?}");
        let there = cloud.account().resources.values().any(|r| r.doc["GroupName"] == "new");
        assert_eq!(there, carried_out, "{text}");
        let again = block_on(cloud.call(&group()));
        assert_eq!(matches!(again, Outcome::Done(_)), !carried_out, "{text}, then {again:?}");
    };
    check("1=fail", false);
    check("1=lose", true);
    check("1=drop", false);
    for wrong in ["", "0=fail", "1", "1=burn", "x=fail"] {
        assert!(wrong.parse::<FaultAt>().is_err(), "`{wrong}` is no fault");
    }
}

#[test]
fn every_kind_is_registered_once() {
    let names: BTreeSet<_> = KINDS.iter().map(|kind: &&dyn Kind| kind.name()).collect();
    assert_eq!(names.len(), KINDS.len());
    let operations: Vec<_> = KINDS.iter().flat_map(|kind| kind.effects()).map(|(name, _)| *name).collect();
    assert_eq!(operations.iter().collect::<BTreeSet<_>>().len(), operations.len(), "two kinds claim one call");
}

/// A state of the simulated account after one call, or the code of the refusal.
fn after(world: &mut World, operation: &str, parameters: Value) -> Result<Value, String> {
    match world.call(&Call::new(operation, parameters)) {
        Outcome::Done(answer) => Ok(answer),
        Outcome::Refused(refusal) => Err(refusal.code),
        Outcome::Unknown(why) => panic!("{operation}: {why}"),
    }
}

/// aws-semantics.md 2: an address that AWS assigned goes with the stop; the start gives another. An elastic IP stays.
#[test]
fn a_stopped_instance_loses_its_assigned_address() {
    let mut world = World::resume(spine().account());
    let address = |world: &World, id: &str| world.account().resources[&Id::from(id)].doc["PublicIpAddress"].clone();
    let (assigned, elastic) = (address(&world, "i-app-1"), address(&world, "i-bastion"));
    let both = json!({ "InstanceIds": ["i-app-1", "i-bastion"] });
    after(&mut world, "ec2:StopInstances", both.clone()).expect("they run");
    let now = world.account().now_ms + 120_000;
    world.at(now);
    assert_eq!(address(&world, "i-app-1"), Value::Null);
    assert_eq!(world.account().resources[&Id::from("i-app-1")].facets.public_addresses, []);
    assert_eq!(address(&world, "i-bastion"), elastic);
    after(&mut world, "ec2:StartInstances", both).expect("they are stopped");
    world.at(now + 120_000);
    let again = address(&world, "i-app-1");
    assert!(again.is_string() && again != assigned, "{again} after {assigned}");
    assert_eq!(address(&world, "i-bastion"), elastic);
}

/// What AWS refuses, by its codes (aws-semantics.md).
#[test]
fn the_simulated_account_refuses_what_aws_refuses() {
    let mut world = World::resume(spine().account());
    let rule = |group: &str| json!([{ "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "UserIdGroupPairs": [{ "GroupId": group }] }]);
    let subnet = |cidr: &str| json!({ "VpcId": VPC, "CidrBlock": cidr, "AvailabilityZone": "us-east-1a" });
    let mut refused = |operation: &str, parameters: Value, code: &str| {
        assert_eq!(after(&mut world, operation, parameters.clone()), Err(code.to_owned()), "{operation} {parameters}");
    };
    refused("ec2:CreateSubnet", subnet("10.0.1.0/24"), "InvalidSubnet.Conflict");
    refused("ec2:CreateSubnet", subnet("10.9.0.0/16"), "InvalidSubnet.Range");
    refused("ec2:CreateSubnet", subnet("10.0.9.1/24"), "InvalidSubnet.Range");
    refused("ec2:CreateSubnet", subnet("10.0.9.0/29"), "InvalidSubnet.Range");
    refused("ec2:DeleteSubnet", json!({ "SubnetId": "subnet-a" }), "DependencyViolation");
    refused("ec2:DeleteRouteTable", json!({ "RouteTableId": "rtb-public" }), "DependencyViolation");
    refused("ec2:DeleteSecurityGroup", json!({ "GroupId": "sg-default-all" }), "DependencyViolation");
    refused("ec2:DeleteSecurityGroup", json!({ "GroupId": "sg-default" }), "CannotDelete");
    let named = json!({ "VpcId": VPC, "GroupName": "alb", "Description": "again" });
    refused("ec2:CreateSecurityGroup", named, "InvalidGroup.Duplicate");
    let unknown = json!({ "GroupId": "sg-alb", "IpPermissions": rule("sg-none") });
    refused("ec2:AuthorizeSecurityGroupIngress", unknown, "InvalidGroup.NotFound");
    let absent = json!({ "GroupId": "sg-alb", "IpPermissions": rule("sg-alb") });
    refused("ec2:RevokeSecurityGroupIngress", absent, "InvalidPermission.NotFound");
    refused("ec2:ReleaseAddress", json!({ "AllocationId": "eipalloc-bastion" }), "InvalidIPAddress.InUse");
    let twice = json!({ "SubnetId": "subnet-a", "AllocationId": "eipalloc-bastion" });
    refused("ec2:CreateNatGateway", twice, "Resource.AlreadyAssociated");
    let route = json!({ "RouteTableId": "rtb-public", "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-shop" });
    refused("ec2:CreateRoute", route, "RouteAlreadyExists");
    let other = json!({ "RouteTableId": "rtb-main", "SubnetId": "subnet-a" });
    refused("ec2:AssociateRouteTable", other, "Resource.AlreadyAssociated");
    let six = json!({ "NetworkInterfaceId": "eni-app-1", "Groups": ["sg-alb", "sg-alb", "sg-alb", "sg-alb", "sg-alb", "sg-alb"] });
    refused("ec2:ModifyNetworkInterfaceAttribute", six, "SecurityGroupsPerInterfaceLimitExceeded");
    let managed = json!({ "NetworkInterfaceId": "eni-pg-single-a", "Groups": ["sg-alb"] });
    refused("ec2:ModifyNetworkInterfaceAttribute", managed, "OperationNotPermitted");
    refused("ec2:StartInstances", json!({ "InstanceIds": ["i-none"] }), "InvalidInstanceID.NotFound");
    let moved = json!({ "DBInstanceIdentifier": "pg-single", "DBSubnetGroupName": "other" });
    refused("rds:ModifyDBInstance", moved, "InvalidVPCNetworkStateFault");
    let one = json!({ "LoadBalancerArn": crate::support::account::balancer_arn("app"), "Subnets": ["subnet-a"] });
    refused("elasticloadbalancing:SetSubnets", one, "ValidationError");
}

/// What AWS refuses while something is under way.
#[test]
fn the_simulated_account_refuses_what_comes_too_early() {
    let mut world = World::resume(spine().account());
    let public = json!({ "DBInstanceIdentifier": "pg-single", "PubliclyAccessible": false });
    after(&mut world, "rds:ModifyDBInstance", public.clone()).expect("it is available");
    assert_eq!(after(&mut world, "rds:ModifyDBInstance", public), Err("InvalidDBInstanceState".to_owned()));
    let update = json!({ "FunctionName": "orders", "VpcConfig": { "SubnetIds": ["subnet-a"], "SecurityGroupIds": ["sg-alb"] } });
    after(&mut world, "lambda:UpdateFunctionConfiguration", update.clone()).expect("it is active");
    assert_eq!(after(&mut world, "lambda:UpdateFunctionConfiguration", update), Err("ResourceConflictException".to_owned()));
    after(&mut world, "ec2:StopInstances", json!({ "InstanceIds": ["i-app-1"] })).expect("it runs");
    let start = after(&mut world, "ec2:StartInstances", json!({ "InstanceIds": ["i-app-1"] }));
    assert_eq!(start, Err("IncorrectInstanceState".to_owned()));
    let gone = json!({ "InstanceIds": ["i-app-2"] });
    after(&mut world, "ec2:TerminateInstances", gone.clone()).expect("nothing protects it");
    assert_eq!(after(&mut world, "ec2:StopInstances", gone), Err("IncorrectInstanceState".to_owned()));
    for zone in ["a", "b", "c"] {
        let address = after(&mut world, "ec2:AllocateAddress", json!({ "Domain": "vpc" })).expect("the quota is five");
        let nat = json!({ "SubnetId": format!("subnet-{zone}"), "AllocationId": address["AllocationId"] });
        let nat = after(&mut world, "ec2:CreateNatGateway", nat).expect("there is room");
        let early =
            json!({ "RouteTableId": "rtb-main", "DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": nat["NatGateway"]["NatGatewayId"] });
        assert_eq!(after(&mut world, "ec2:CreateRoute", early), Err("InvalidNatGatewayID.NotFound".to_owned()));
    }
    after(&mut world, "ec2:AllocateAddress", json!({ "Domain": "vpc" })).expect("the fifth");
    assert_eq!(after(&mut world, "ec2:AllocateAddress", json!({ "Domain": "vpc" })), Err("AddressLimitExceeded".to_owned()));
}

#[test]
fn a_database_that_is_not_public_has_no_public_address() {
    let mut world = World::resume(spine().account());
    let public = |world: &World| {
        let nodes = world.account().resources.values().filter(|r| r.doc["Description"] == "RDSNetworkInterface");
        nodes.filter(|r| r.has_public_address()).map(|r| r.id.to_string()).collect::<Vec<_>>()
    };
    let call = |name: &str, public: bool| json!({ "DBInstanceIdentifier": name, "PubliclyAccessible": public });
    assert_eq!(public(&world).len(), 3);
    after(&mut world, "rds:ModifyDBInstance", call("pg-multi", false)).expect("it is available");
    assert_eq!(public(&world).len(), 1, "of three, the two of pg-multi are gone");
    after(&mut world, "rds:ModifyDBInstance", call("pg-single", false)).expect("it is available");
    assert_eq!(public(&world), Vec::<String>::new());
    let now = world.account().now_ms + 120_000;
    world.at(now);
    after(&mut world, "rds:ModifyDBInstance", call("pg-single", true)).expect("it is available");
    assert_eq!(public(&world).len(), 1);
}
