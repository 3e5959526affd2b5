//! Session Manager instead of SSH: who is reached how, in which order, and what is taken back.

use hikkoshi::execute::driver::End;
use hikkoshi::execute::machine::Goal;
use hikkoshi::model::call::{Call, Outcome};
use hikkoshi::model::id::Id;
use hikkoshi::model::inventory::Missing;
use hikkoshi::model::step::{Stage, Step, Undo};
use hikkoshi::plan::{Plan, intent};
use hikkoshi::world::World;
use serde_json::{Value, json};

use crate::planner::try_plan;
use crate::support::account::{ACCOUNT, Docs, look, network, profile, profile_arn, spine};
use crate::support::account_access::{bare, shared_role, small};
use crate::support::lab::{ALL, Lab, head, plan_of};
use crate::support::view::{made, same, twice, view_of};

#[track_caller]
fn step<'p>(plan: &'p Plan, id: &str) -> &'p Step {
    plan.step(id).unwrap_or_else(|| panic!("no step {id} among {:?}", plan.steps.iter().map(|s| &s.id).collect::<Vec<_>>()))
}

fn needs(step: &Step) -> Vec<&str> {
    step.needs.iter().map(|need| need.step.as_str()).collect()
}

fn of_stage(plan: &Plan, stage: Stage) -> Vec<&str> {
    plan.steps_of(stage).map(|s| s.id.as_str()).collect()
}

#[test]
fn who_is_reached_already_is_proven_and_nothing_is_attached() {
    let plan = plan_of(&spine(), "");
    assert_eq!(of_stage(&plan, Stage::Access), ["app-1-session", "app-2-session", "bastion-session"]);
    let proof = step(&plan, "app-1-session");
    assert_eq!(proof.call.operation.to_string(), "ssm:SendCommand");
    assert_eq!(proof.ready[0].until.operation.to_string(), "ssm:DescribeInstanceInformation");
    assert!(matches!(&proof.undo, Undo::Nothing(does) if !does.is_empty()));
}

#[test]
fn a_role_that_lacks_the_right_gets_it_once_and_its_instances_wait_for_a_later_sign_of_life() {
    let docs = shared_role(&[]);
    let plan = plan_of(&docs, "");
    let access = of_stage(&plan, Stage::Access);
    assert_eq!(access, ["session-policy-app", "one-session", "two-session"], "one role, one step");
    let policy = step(&plan, "session-policy-app");
    assert_eq!(
        json!(policy.call.parameters),
        json!({ "RoleName": "app", "PolicyArn": "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore" })
    );
    for name in ["one", "two"] {
        let proof = step(&plan, &format!("{name}-session"));
        assert_eq!(json!(proof.ready[0].until.expect), json!({ "later": "${session-policy-app.At}" }));
        assert!(needs(proof).contains(&"session-policy-app"), "{:?}", proof.needs);
    }
}

#[test]
fn an_instance_without_a_profile_gets_the_migrations_and_so_does_its_copy() {
    let plan = plan_of(&bare(), "");
    let access = of_stage(&plan, Stage::Access);
    let made = ["session-role", "session-profile", "session-role-policy", "session-profile-role", "bare-profile", "bare-session"];
    assert_eq!(access.len(), made.len(), "{access:?}");
    assert!(made.iter().all(|id| access.contains(id)), "{access:?}");
    let launch = step(&plan, "bare-launch");
    assert_eq!(launch.call.parameters["IamInstanceProfile"], json!({ "Name": "hikkoshi-shop-session" }));
    let tagged = step(&plan, "session-role").call.parameters["Tags"].to_string();
    assert!(tagged.contains("hikkoshi:migration") && tagged.contains("hikkoshi:step"), "{tagged}");
}

#[test]
fn the_policy_belongs_to_the_partition_of_the_region() {
    for (region, arn, service) in [
        ("us-east-1", "arn:aws:iam::aws:policy/", "ec2.amazonaws.com\""),
        ("cn-north-1", "arn:aws-cn:iam::aws:policy/", "ec2.amazonaws.com.cn\""),
        ("us-gov-west-1", "arn:aws-us-gov:iam::aws:policy/", "ec2.amazonaws.com\""),
    ] {
        let mut inventory = bare().inventory();
        inventory.region = region.to_owned();
        let plan = try_plan(&inventory, "").expect("it plans");
        let policy = step(&plan, "session-role-policy").call.parameters["PolicyArn"].to_string();
        assert!(policy.contains(arn), "{region}: {policy}");
        let trust = step(&plan, "session-role").call.parameters["AssumeRolePolicyDocument"].as_str().unwrap_or_default().to_owned();
        assert!(trust.contains(service), "{region}: {trust}");
    }
}

/// There and back, with what each way needs: nothing is left, nothing is made twice.
#[test]
fn the_way_there_and_back_restores_roles_and_profiles() {
    let endpoints = "endpoints: {interface: [ssm, ssmmessages, ec2messages]}\n";
    let cases: [(&str, Docs, &str); 5] = [
        ("bare", bare(), ""),
        ("bare, flipped", bare(), "workloads: [{name: bare, strategy: flip}]"),
        ("shared role", shared_role(&["ReadOnlyAccess"]), ""),
        ("by endpoints", shared_role(&[]), endpoints),
        ("flipped", shared_role(&[]), "workloads: [{name: one, strategy: flip}, {name: two, strategy: retire}]"),
    ];
    for (what, docs, further) in cases {
        let plan = plan_of(&docs, further);
        let mut lab = Lab::new(&docs, &plan);
        let start = view_of(&lab.cloud);
        lab.reach(ALL, what);
        assert_eq!(twice(&lab.cloud), Vec::<String>::new(), "{what}");
        lab.skip(7200);
        for instance in look(&lab.cloud).resources.values().filter(|r| r.kind == "ec2_instance" && r.facets.state == "running") {
            assert!(instance.facets.login.as_ref().is_some_and(|login| login.online), "{what}: {} is not reached", instance.name);
        }
        lab.reach(Goal::Back(None), what);
        lab.skip(7200);
        same(what, &start, &view_of(&lab.cloud));
        assert!(made(&lab.cloud).is_empty(), "{what}: {:?}", made(&lab.cloud));
        lab.reach(ALL, &format!("{what}, again"));
    }
}

#[test]
fn an_instance_without_an_agent_stops_before_anything_moves_and_says_what_to_do() {
    let mut docs = small();
    docs.doc("i-web")["Agent"] = json!("none");
    let plan = plan_of(&docs, "");
    let mut lab = Lab::new(&docs, &plan);
    let End::Failed(failed) = lab.go(ALL) else { panic!("it went on") };
    let failed: Vec<_> = failed.iter().map(|f| (f.step.as_str(), f.code.as_str(), f.why.contains("explain session-manager"))).collect();
    assert_eq!(failed, [("web-session", "HK0503", true)]);
    assert_eq!(look(&lab.cloud).resources[&Id::from("i-web")].facets.state, "running", "it did not move");
}

#[test]
fn a_person_decides_who_is_not_reached() {
    let plan = plan_of(&small(), "session_manager: off\n");
    assert!(plan.steps_of(Stage::Access).next().is_none());
    assert!(plan.warnings.iter().any(|w| w.starts_with("session_manager is off")), "{:#?}", plan.warnings);
    let plan = plan_of(&spine(), "session_manager: {skip: [app-1, i-bastion], reason: no agent}\n");
    assert_eq!(of_stage(&plan, Stage::Access), ["app-2-session"]);
    assert!(plan.warnings.iter().any(|w| w.contains("app-1: no agent")), "{:#?}", plan.warnings);
    assert_eq!(plan_of(&spine(), "session_manager: on\n").steps, plan_of(&spine(), "").steps);
}

#[test]
fn a_mistaken_wish_is_refused_where_it_stands() {
    let check = |further: &str, line: u64, column: u64, words: &str| {
        let problem = try_plan(&spine().inventory(), further).err().unwrap_or_else(|| panic!("{further} is planned"));
        assert_eq!((problem.line, problem.column), (line, column), "{further}: {problem:?}");
        assert!(problem.message.contains(words), "{further}: {problem:?}");
    };
    check("session_manager: onn\n", 5, 18, "neither on, off");
    check("session_manager: {skip: [app-1]}\n", 5, 19, "`reason` is missing");
    check("session_manager: {skipp: [app-1], reason: x}\n", 5, 19, "`skipp`");
    check("session_manager: {skip: [app-11], reason: x}\n", 5, 26, "no workload `app-11`");
    assert!(intent::parse(&format!("{}session_manager: {{skip: [a], reason: ' '}}\n", head())).is_err());
}

#[test]
fn what_has_no_port_for_people_and_what_does_not_run_is_left_alone() {
    let mut docs = network(&["a"]);
    docs.security();
    docs.instance("web", "a", &["sg-alb"]);
    assert!(plan_of(&docs, "").steps_of(Stage::Access).next().is_none(), "its group lets nobody log in");
    let mut docs = small();
    docs.doc("i-web")["State"]["Name"] = json!("stopped");
    let plan = plan_of(&docs, "workloads: [{name: web, strategy: flip}]");
    assert!(plan.steps_of(Stage::Access).next().is_none());
    assert!(plan.warnings.iter().any(|w| w.contains("web is stopped")), "{:#?}", plan.warnings);
}

#[test]
fn what_could_not_be_seen_of_a_role_is_said_and_the_proof_shows_it() {
    let mut inventory = small().inventory();
    let web = std::sync::Arc::make_mut(inventory.resources.get_mut(&Id::from("i-web")).expect("it is there"));
    let login = web.facets.login.as_mut().expect("an instance has one");
    (login.online, login.role, login.allowed) = (false, None, None);
    inventory.missing.push(Missing { operation: "iam:GetInstanceProfile".into(), why: "AccessDenied".into() });
    let plan = try_plan(&inventory, "").expect("it plans");
    assert_eq!(of_stage(&plan, Stage::Access), ["web-session"]);
    assert!(plan.warnings.iter().any(|w| w.contains("step web-session shows it")), "{:#?}", plan.warnings);
    assert_eq!(plan.blockers, []);
}

/// Reads of a discovery: one for all agents, two for each profile, however many instances have it.
#[test]
fn a_profile_of_many_instances_is_read_once() {
    let mut docs = network(&["a"]);
    docs.security();
    for at in 0..30 {
        let name = format!("web-{at}");
        docs.instance(&name, "a", &["sg-default-all"]);
        let doc = docs.doc(&format!("i-{name}"));
        doc["IamInstanceProfile"] = json!({ "Arn": profile_arn("app") });
        doc["Profile"] = profile("app", &[]);
    }
    let lab_plan = plan_of(&network(&["a"]), "");
    let lab = Lab::new(&docs, &lab_plan);
    look(&lab.cloud);
    let made = hikkoshi::cloud::Cloud::requests(&lab.cloud);
    for operation in ["ssm:DescribeInstanceInformation", "iam:GetInstanceProfile", "iam:ListAttachedRolePolicies"] {
        assert_eq!(made.get(operation), Some(&1), "{operation}");
    }
}

fn refused(world: &mut World, operation: &str, parameters: Value) -> String {
    match world.call(&Call::new(operation, parameters)) {
        Outcome::Refused(refusal) => refusal.code,
        other => panic!("{operation}: {other:?}"),
    }
}

#[test]
fn the_simulated_account_refuses_what_iam_and_ssm_refuse() {
    let mut world = World::resume(bare().account());
    let done = |world: &mut World, operation: &str, parameters: Value| {
        let outcome = world.call(&Call::new(operation, parameters));
        assert!(matches!(outcome, Outcome::Done(_)), "{operation}: {outcome:?}");
    };
    let command = |id: &str| json!({ "DocumentName": "AWS-RunShellScript", "InstanceIds": [id], "Parameters": { "commands": ["true"] } });
    assert_eq!(refused(&mut world, "ssm:SendCommand", command("i-bare")), "InvalidInstanceId");
    let role = json!({ "RoleName": "r", "AssumeRolePolicyDocument": "{}" });
    done(&mut world, "iam:CreateRole", role.clone());
    assert_eq!(refused(&mut world, "iam:CreateRole", role), "EntityAlreadyExists");
    let policy = json!({ "RoleName": "r", "PolicyArn": "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore" });
    done(&mut world, "iam:AttachRolePolicy", policy.clone());
    done(&mut world, "iam:AttachRolePolicy", policy.clone());
    assert_eq!(refused(&mut world, "iam:DeleteRole", json!({ "RoleName": "r" })), "DeleteConflict");
    done(&mut world, "iam:CreateInstanceProfile", json!({ "InstanceProfileName": "p" }));
    let both = json!({ "InstanceProfileName": "p", "RoleName": "r" });
    done(&mut world, "iam:AddRoleToInstanceProfile", both.clone());
    assert_eq!(refused(&mut world, "iam:AddRoleToInstanceProfile", both), "LimitExceeded");
    assert_eq!(refused(&mut world, "iam:DeleteInstanceProfile", json!({ "InstanceProfileName": "p" })), "DeleteConflict");
    let associate = |name: &str| json!({ "InstanceId": "i-bare", "IamInstanceProfile": { "Name": name } });
    assert_eq!(refused(&mut world, "ec2:AssociateIamInstanceProfile", associate("none")), "InvalidParameterValue");
    done(&mut world, "ec2:AssociateIamInstanceProfile", associate("p"));
    assert_eq!(refused(&mut world, "ec2:AssociateIamInstanceProfile", associate("p")), "IncorrectState");
    assert_eq!(refused(&mut world, "ssm:SendCommand", command("i-bare")), "InvalidInstanceId", "its agent takes its time");
    world.at(world.account().now_ms + 300_000);
    done(&mut world, "ssm:SendCommand", command("i-bare"));
    assert_eq!(
        refused(&mut world, "iam:DetachRolePolicy", json!({ "RoleName": "r", "PolicyArn": "arn:aws:iam::aws:policy/X" })),
        "NoSuchEntity"
    );
    assert_eq!(
        refused(&mut world, "iam:AttachRolePolicy", json!({ "RoleName": "none", "PolicyArn": policy["PolicyArn"] })),
        "NoSuchEntity"
    );
}

/// An agent needs the right, a way out, and that the instance runs.
#[test]
fn an_agent_reports_with_the_right_and_a_way_out_only() {
    let reports = |change: &dyn Fn(&mut Docs)| {
        let mut docs = small();
        change(&mut docs);
        let mut world = World::resume(docs.account());
        let outcome = world
            .call(&Call::new("ssm:DescribeInstanceInformation", json!({ "Filters": [{ "Key": "InstanceIds", "Values": ["i-web"] }] })));
        let Outcome::Done(answer) = outcome else { panic!("{outcome:?}") };
        answer["InstanceInformationList"][0]["PingStatus"] == "Online"
    };
    let endpoint = |docs: &mut Docs, service: &str, group: &str| {
        docs.add(
            "vpc_endpoint",
            json!({ "VpcEndpointId": format!("vpce-{service}"), "VpcId": "vpc-shop", "ServiceName": format!("com.amazonaws.us-east-1.{service}"),
                "VpcEndpointType": "Interface", "State": "available", "PrivateDnsEnabled": true, "RouteTableIds": [], "SubnetIds": ["subnet-a"],
                "Groups": [{ "GroupId": group }], "NetworkInterfaceIds": [], "Tags": [], "OwnerId": ACCOUNT }),
        );
    };
    assert!(reports(&|_| ()));
    assert!(!reports(&|docs| docs.doc("i-web")["Profile"] = profile("web", &["ReadOnlyAccess"])));
    assert!(reports(&|docs| docs.doc("i-web")["Profile"] = profile("web", &["service-role/AmazonEC2RoleforSSM"])));
    assert!(!reports(&|docs| docs.doc("i-web")["State"]["Name"] = json!("stopped")));
    assert!(!reports(&|docs| docs.doc("i-web")["PublicIpAddress"] = Value::Null), "the internet gateway serves public addresses only");
    assert!(!reports(&|docs| endpoint(docs, "ssm", "sg-alb")), "private DNS takes every subnet, and the endpoint's group shuts it out");
    let both = |docs: &mut Docs| {
        docs.doc("i-web")["PublicIpAddress"] = Value::Null;
        ["ssm", "ssmmessages"].iter().for_each(|service| endpoint(docs, service, "sg-default-all"));
    };
    assert!(reports(&both), "endpoints are a way out");
}
