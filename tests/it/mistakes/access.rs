//! Who gets in: Session Manager, instance profiles, Client VPN, functions by their aliases.

use hikkoshi::execute::driver::End;
use hikkoshi::execute::machine::Goal;
use hikkoshi::model::step::{Stage, Step};
use hikkoshi::plan::Plan;
use serde_json::json;

use crate::support::account::{from_group, look, profile, spine};
use crate::support::account_access::{VPN, function_alone, released, shared_role};
use crate::support::lab::{ALL, Lab, plan_of};

#[track_caller]
fn step<'p>(plan: &'p Plan, id: &str) -> &'p Step {
    plan.step(id).unwrap_or_else(|| panic!("no step {id}"))
}

fn needs(step: &Step, other: &str) -> bool {
    step.needs.iter().any(|need| need.step == other && !need.because.is_empty())
}

#[test]
fn mistake_16_closes_port_22_on_an_online_seen_before_the_move() {
    let plan = plan_of(&spine(), "workloads: [{name: bastion, strategy: retire}, {name: app-2, strategy: flip}]");
    for name in ["app-1", "app-2"] {
        let again = step(&plan, &format!("{name}-session-again"));
        let off = step(&plan, &format!("{name}-groups-off"));
        assert!(needs(off, &again.id), "{name}: the old groups go after the proof where it is now");
        let later = json!(again.ready[0].until.expect)["later"].clone();
        let moved = if name == "app-1" { "${app-1-launch.At}" } else { "${flip-10-0-2-0-24.At}" };
        assert_eq!(later, moved, "{name}: a sign of life from before the move does not count");
        let before = step(&plan, &format!("{name}-session"));
        assert_eq!(before.stage, Stage::Access, "{name}");
    }
    assert!(needs(step(&plan, "app-1-deregister"), "app-1-session"), "nothing moves before it is proven");
    assert!(needs(step(&plan, "app-1-register"), "app-1-session-again"), "no traffic before somebody gets in");
    assert!(needs(step(&plan, "flip-10-0-2-0-24"), "app-2-session"));
    let stop = step(&plan, "bastion-stop");
    assert!(needs(stop, "app-1-session-again") && needs(stop, "app-2-session-again"), "the bastion goes last: {:?}", stop.needs);
    for route in ["route-private-a-default", "associate-private-a"] {
        assert!(needs(step(&plan, "app-1-session-again"), route), "the agent's way out: {route}");
    }
}

/// The agent of the copy does not come up: it gets no traffic, the old groups stay on, and the way back is open.
#[test]
fn mistake_16_goes_on_although_the_copy_is_not_reached() {
    let docs = spine();
    let plan = plan_of(&docs, "");
    let mut lab = Lab::new(&docs, &plan);
    lab.reach(Goal::Forward(Stage::Stateless), "before the instances");
    lab.cloud.tamper(|account| {
        // Somebody takes the policy off the role in the night.
        account.edit("i-bastion", "NotFound").expect("it is there")["Profile"] = profile("bastion", &[]);
    });
    let End::Failed(failed) = lab.go(ALL) else { panic!("it went on") };
    assert_eq!(failed.iter().map(|f| (f.step.as_str(), f.code.as_str())).collect::<Vec<_>>(), [("bastion-session-again", "HK0503")]);
    let verified = |id: &str| lab.records.iter().any(|r| matches!(&r.body, hikkoshi::journal::Body::Verified { step } if step == id));
    assert!(verified("bastion-launch") && !verified("bastion-protect") && !verified("bastion-groups-off"));
}

#[test]
fn mistake_17_replaces_an_instance_profile_and_drops_permissions() {
    let docs = shared_role(&["AmazonS3FullAccess"]);
    let plan = plan_of(&docs, "");
    let forbidden =
        ["ReplaceIamInstanceProfileAssociation", "DisassociateIamInstanceProfile", "RemoveRoleFromInstanceProfile", "DetachRolePolicy"];
    for step in &plan.steps {
        assert!(!forbidden.contains(&step.call.operation.name()), "{}", step.id);
        assert_ne!(step.call.operation.name(), "AssociateIamInstanceProfile", "who has a profile keeps it");
    }
    let mut lab = Lab::new(&docs, &plan);
    lab.reach(ALL, "forward");
    let now = look(&lab.cloud);
    for copy in now.resources.values().filter(|r| r.kind == "ec2_instance" && r.facets.state == "running") {
        let policies = copy.doc["Profile"]["AttachedPolicies"].to_string();
        assert!(policies.contains("AmazonS3FullAccess") && policies.contains("AmazonSSMManagedInstanceCore"), "{}: {policies}", copy.name);
    }
    lab.reach(Goal::Back(None), "back");
    let now = look(&lab.cloud);
    let policies = now.resources[&"i-one".into()].doc["Profile"]["AttachedPolicies"].to_string();
    assert!(policies.contains("AmazonS3FullAccess") && !policies.contains("AmazonSSMManagedInstanceCore"), "{policies}");
}

#[test]
fn mistake_15_deletes_an_old_group_while_a_version_of_a_function_keeps_it() {
    let mut docs = released();
    docs.doc("sg-legacy-ref")["IpPermissions"] = json!([from_group(5432, "sg-alb")]);
    let plan = plan_of(&docs, "");
    assert!(plan.step("drop-sg-default-all").is_none());
    let kept = plan.warnings.iter().find(|w| w.contains("default-all is not deleted"));
    assert!(kept.is_some_and(|w| w.contains("orders") && w.contains("version 3")), "{:#?}", plan.warnings);
    // Without a version the interfaces linger: the deletion waits until nothing wears it.
    let mut docs = spine();
    docs.doc("sg-legacy-ref")["IpPermissions"] = json!([from_group(5432, "sg-alb")]);
    let plan = plan_of(&docs, "");
    let drop = step(&plan, "drop-sg-default-all");
    assert!(drop.before.iter().any(|check| check.operation.name() == "DescribeNetworkInterfaces"), "{:?}", drop.before);
    assert_eq!(drop.stage, Stage::Cleanup);
}

#[test]
fn mistake_20_updates_latest_while_aliases_point_to_old_versions() {
    let docs = function_alone();
    let plan = plan_of(&docs, "");
    let mut lab = Lab::new(&docs, &plan);
    lab.reach(ALL, "forward");
    let now = look(&lab.cloud);
    let public = now.public_subnets();
    let doc = &now.resources[&"function:orders".into()].doc;
    let serves = doc["Aliases"][0]["FunctionVersion"].as_str().expect("it serves a version");
    let version = doc["Versions"].as_array().expect("versions").iter().find(|v| v["Version"] == serves).expect("it exists");
    for subnet in version["VpcConfig"]["SubnetIds"].as_array().expect("subnets") {
        assert!(!public.iter().any(|id| *subnet == id.as_str()), "version {serves} is in a public subnet");
    }
}

#[test]
fn mistake_22_disables_public_access_before_developers_get_in_or_without_a_word() {
    let plan = plan_of(&spine(), VPN);
    for database in ["pg-single", "pg-multi"] {
        let closes = step(&plan, &format!("{database}-not-public"));
        for before in ["client-vpn", "client-vpn-a", "client-vpn-authorize", &format!("rules-{database}")] {
            assert!(needs(closes, before), "{database} stays public until {before}: {:?}", closes.needs);
        }
    }
    assert!(!plan.warnings.iter().any(|w| w.contains("will not be public any more")));
    let mut docs = spine();
    docs.add("lambda_function", json!({ "FunctionName": "outside-vpc", "FunctionArn": "arn:outside", "State": "Active", "Versions": [] }));
    let plan = plan_of(&docs, "");
    let said = |words: &[&str]| plan.warnings.iter().any(|w| words.iter().all(|word| w.contains(word)));
    assert!(said(&["pg-multi", "pg-single", "will not be public any more", "client_vpn"]), "{:#?}", plan.warnings);
    assert!(said(&["outside-vpc", "outside every VPC", "pg-single"]), "{:#?}", plan.warnings);
}
