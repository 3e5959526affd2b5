//! Auto Scaling groups: planned, refreshed there and back, disturbed at every record and call.

use hikkoshi::execute::machine::Goal;
use hikkoshi::model::id::Id;
use hikkoshi::model::step::Stage;
use serde_json::{Value, json};

use crate::stateless::{ask, bare, step, steps_of, survives_everything, there_and_back};
use crate::support::account::{Docs, look, target_group_arn};
use crate::support::lab::{ALL, Lab, plan_of};

/// A group without a balancer, and one behind the balancer whose template names its interface.
pub fn groups() -> Docs {
    let mut docs = bare();
    docs.scaling_group("workers", "sg-default-all");
    docs.scaling_group("shop", "sg-default-all");
    let interface = json!([{ "DeviceIndex": 0, "AssociatePublicIpAddress": true, "Groups": ["sg-default-all"], "SubnetId": "subnet-a" }]);
    let shop = docs.of("auto_scaling_group", "AutoScalingGroupName", "shop");
    shop["Template"] = json!({ "VersionNumber": 1, "SecurityGroupIds": null, "NetworkInterfaces": interface });
    shop["LaunchTemplate"]["Version"] = json!("1");
    shop["TargetGroupARNs"] = json!([target_group_arn("app")]);
    let target = |id: &str| json!({ "Target": { "Id": id, "Port": 8080 }, "TargetHealth": { "State": "healthy" } });
    docs.of("target_group", "TargetGroupName", "app")["TargetHealthDescriptions"] = json!([target("i-shop-a"), target("i-shop-b")]);
    docs
}

#[test]
fn a_group_is_pinned_then_moved_then_refreshed() {
    let plan = plan_of(&groups(), "");
    assert_eq!(plan.blockers, []);
    let ids = ["workers-pin", "workers-template", "workers-suspend", "workers-subnets", "workers-refresh", "workers-resume"];
    assert_eq!(steps_of(&plan, "workers")[..6], ids, "{:?}", steps_of(&plan, "workers"));
    assert!(!steps_of(&plan, "shop").contains(&"shop-pin".to_owned()), "it is pinned already");
    assert_eq!(
        step(&plan, "workers-template").call.parameters["LaunchTemplateData"].as_object().map(|d| d.keys().cloned().collect()),
        Some(vec!["SecurityGroupIds".to_owned()])
    );
    let shop = &step(&plan, "shop-template").call.parameters["LaunchTemplateData"];
    assert_eq!(shop["NetworkInterfaces"][0]["AssociatePublicIpAddress"], false);
    assert_eq!(shop["NetworkInterfaces"][0]["SubnetId"], Value::Null, "the group's subnets decide");
    assert_eq!(shop["SecurityGroupIds"], Value::Null, "never at both places");
    assert!(plan.moves.iter().all(|m| m.kind != "ec2_instance"), "its instances are not moved alone");
    let zones = step(&plan, "workers-subnets").call.parameters["VPCZoneIdentifier"].as_str().expect("a text");
    assert_eq!(zones.split(',').count(), 3);
}

#[test]
fn instances_and_their_interfaces_belong_to_their_group() {
    let seen = groups().inventory();
    let owner = |id: &str| seen.resources[&Id::from(id)].facets.owner.as_ref().map(Id::to_string);
    assert_eq!(owner("i-shop-a"), Some("asg:shop".to_owned()));
    assert_eq!(owner("eni-workers-b"), Some("asg:workers".to_owned()));
    let plan = plan_of(&groups(), "");
    let shop = plan.groups.iter().find(|group| group.workload.as_str() == "asg:shop").expect("it gets a group");
    assert!(shop.rules.iter().any(|line| line.from == "app"), "the balancer reaches its instances: {:?}", shop.rules);
}

#[test]
fn groups_are_refreshed_there_and_back() {
    let docs = groups();
    there_and_back(&docs, &plan_of(&docs, ""));
    there_and_back(&docs, &plan_of(&docs, "workloads:\n  - {name: workers, strategy: flip}\n  - {name: shop, strategy: flip}\n"));
}

#[test]
fn groups_survive_every_crash_and_every_lost_answer() {
    let mut docs = bare();
    docs.scaling_group("workers", "sg-default-all");
    survives_everything(&docs, &plan_of(&docs, ""));
}

#[test]
fn after_the_move_nothing_is_public_and_nothing_suspended() {
    let docs = groups();
    let plan = plan_of(&docs, "");
    let mut lab = Lab::new(&docs, &plan);
    lab.reach(ALL, "forward");
    let seen = look(&lab.cloud);
    let public = seen.public_subnets();
    for group in ["asg:workers", "asg:shop"] {
        let group = &seen.resources[&Id::from(group)];
        assert!(group.subnets().iter().all(|subnet| !public.contains(subnet)));
        assert_eq!(group.doc["SuspendedProcesses"], json!([]));
    }
    let parts: Vec<_> =
        seen.resources.values().filter(|r| r.facets.owner.as_ref().is_some_and(|o| o.as_str().starts_with("asg:"))).collect();
    assert_eq!(parts.len(), 8, "two groups, two instances each, with an interface each");
    assert!(parts.iter().all(|part| !part.has_public_address()));
    assert!(parts.iter().all(|part| !part.groups().contains(&Id::from("sg-default-all"))));
    let versions = ask(&lab, "ec2:DescribeLaunchTemplateVersions", json!({ "LaunchTemplateId": "lt-workers" })).expect("it is there");
    assert!(versions["LaunchTemplateVersions"].as_array().is_some_and(|list| list.len() <= 3), "{versions}");
}

#[test]
fn a_refresh_under_way_is_cancelled_on_the_way_back() {
    let docs = groups();
    let plan = plan_of(&docs, "");
    let mut lab = Lab::new(&docs, &plan);
    lab.reach(Goal::Forward(Stage::Guard), "up to the groups");
    let start = crate::support::view::view_of(&lab.cloud);
    let asked = std::sync::atomic::AtomicBool::new(false);
    let tell = |event: &hikkoshi::execute::event::Event, stop: &hikkoshi::execute::driver::Stop| {
        let waits = matches!(event.what, hikkoshi::execute::event::What::Waiting { .. }) && event.step == "workers-refresh";
        if waits && !asked.swap(true, std::sync::atomic::Ordering::SeqCst) {
            stop.ask();
        }
    };
    lab.go_with(ALL, &crate::support::lab::Disturb { tell: &tell, ..Default::default() });
    lab.reach(Goal::Back(Some(Stage::Guard)), "back");
    lab.skip(7200);
    crate::support::view::same("a refresh was under way", &start, &crate::support::view::view_of(&lab.cloud));
}

#[test]
fn what_a_refresh_cannot_carry_is_told_with_a_way_out() {
    type Change = fn(&mut Value);
    let check = |change: Change, says: &str| {
        let mut docs = groups();
        change(docs.of("auto_scaling_group", "AutoScalingGroupName", "workers"));
        let plan = plan_of(&docs, "");
        let found = plan.blockers.iter().find(|b| b.resource.as_str() == "asg:workers").unwrap_or_else(|| panic!("no blocker: {says}"));
        assert!(found.why.contains(says) && !found.way_out.is_empty(), "{found:?}");
    };
    check(|doc| doc["LaunchConfigurationName"] = json!("old"), "launch configuration");
    check(|doc| doc["MixedInstancesPolicy"] = json!({ "LaunchTemplate": {} }), "mixed instances policy");
    check(|doc| doc["Instances"][0]["ProtectedFromScaleIn"] = json!(true), "protected");
    check(|doc| doc["Instances"][1]["LifecycleState"] = json!("Standby"), "standby");
    check(|doc| doc["SuspendedProcesses"] = json!([{ "ProcessName": "Launch" }]), "suspended");
}

#[test]
fn a_node_group_is_named_and_left_to_its_service() {
    let mut docs = groups();
    docs.of("auto_scaling_group", "AutoScalingGroupName", "workers")["Tags"] = json!([{ "Key": "eks:nodegroup-name", "Value": "n" }]);
    let plan = plan_of(&docs, "");
    assert!(plan.warnings.iter().any(|w| w.contains("workers belongs to an EKS node group")), "{:?}", plan.warnings);
}

#[test]
fn auto_scaling_refuses_what_auto_scaling_refuses() {
    let docs = groups();
    let plan = plan_of(&docs, "");
    let lab = Lab::new(&docs, &plan);
    let group = |more: Value| {
        let mut parameters = json!({ "AutoScalingGroupName": "workers" });
        parameters.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
        parameters
    };
    let refused = |operation: &str, more: Value, code: &str| {
        assert_eq!(ask(&lab, operation, group(more.clone())), Err(code.to_owned()), "{operation} {more}");
    };
    refused("autoscaling:UpdateAutoScalingGroup", json!({ "VPCZoneIdentifier": "subnet-a,subnet-none" }), "ValidationError");
    let spec = json!({ "LaunchTemplate": { "LaunchTemplateId": "lt-workers", "Version": "9" } });
    refused("autoscaling:UpdateAutoScalingGroup", spec, "ValidationError");
    let most = json!({ "Preferences": { "MinHealthyPercentage": 50, "MaxHealthyPercentage": 200 } });
    refused("autoscaling:StartInstanceRefresh", most, "ValidationError");
    refused("autoscaling:CancelInstanceRefresh", json!({}), "ActiveInstanceRefreshNotFound");
    ask(&lab, "autoscaling:StartInstanceRefresh", group(json!({}))).expect("nothing stands in the way");
    refused("autoscaling:StartInstanceRefresh", json!({}), "InstanceRefreshInProgress");
    let spec = json!({ "LaunchTemplate": { "LaunchTemplateId": "lt-workers", "Version": "1" } });
    refused("autoscaling:UpdateAutoScalingGroup", spec, "ValidationError");
}

/// A group that launches its template's default version is pinned too, and follows the default again after the way back.
#[test]
fn a_group_that_follows_the_default_version_is_carried_there_and_back() {
    let mut docs = bare();
    docs.scaling_group("workers", "sg-default-all");
    docs.of("auto_scaling_group", "AutoScalingGroupName", "workers")["LaunchTemplate"]["Version"] = json!("$Default");
    let plan = plan_of(&docs, "");
    assert_eq!(step(&plan, "workers-pin").call.parameters["LaunchTemplate"]["Version"], "1");
    there_and_back(&docs, &plan);
}
