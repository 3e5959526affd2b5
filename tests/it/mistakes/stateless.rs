//! Mistakes 18, 19, 21 and 23, as far as they are about what has no state of its own.

use hikkoshi::execute::driver::End;
use serde_json::json;

use crate::batch::environments;
use crate::scaling::groups;
use crate::scheduled::{failed_entry, scheduled};
use crate::stateless::{ask, services, step};
use crate::support::lab::{Lab, plan_of};

/// AWS takes the update of a service before anything has rolled out: the plan waits for the rollout, and knows its failure.
#[test]
fn mistake_23_trusts_200_of_an_update_of_a_service() {
    let plan = plan_of(&services(), "");
    let update = step(&plan, "web-update");
    let rollout = update.wait.iter().find(|wait| wait.until.path.ends_with("rolloutState")).expect("it waits for the rollout");
    assert_eq!(rollout.never, [json!("FAILED")]);
    assert!(update.verify.iter().any(|check| check.operation.name() == "DescribeTargetHealth"), "healthy targets are the proof");
}

/// SkipMatching compares templates, not subnets; `$Latest` changes under one's feet; a union of subnets is a lottery.
#[test]
fn mistake_18_skips_what_matches_or_launches_latest_or_in_both() {
    let docs = groups();
    let plan = plan_of(&docs, "");
    for name in ["workers", "shop"] {
        let refresh = &step(&plan, &format!("{name}-refresh")).call.parameters;
        assert_eq!(refresh["Preferences"]["SkipMatching"], false);
        let subnets = &step(&plan, &format!("{name}-subnets")).call.parameters;
        for spec in [&refresh["DesiredConfiguration"]["LaunchTemplate"], &subnets["LaunchTemplate"]] {
            assert!(spec["Version"].as_str().is_some_and(|v| !v.starts_with('$') || v.starts_with("${")), "{spec}");
        }
        let zones = subnets["VPCZoneIdentifier"].as_str().expect("a text");
        assert!(zones.split(',').all(|subnet| subnet.starts_with("${")), "only the new subnets: {zones}");
    }
    // What such a refresh would do: nothing, successfully.
    let lab = Lab::new(&docs, &plan);
    let skip = json!({ "AutoScalingGroupName": "workers", "Preferences": { "SkipMatching": true } });
    ask(&lab, "autoscaling:StartInstanceRefresh", skip).expect("AWS takes it");
    let group = ask(&lab, "autoscaling:DescribeAutoScalingGroups", json!({ "AutoScalingGroupNames": ["workers"] })).expect("it is there");
    assert_eq!(group["AutoScalingGroups"][0]["Instances"][0]["InstanceId"], "i-workers-a");
}

/// Services are the loud half: what runs at night by itself has its own subnets.
#[test]
fn mistake_19_moves_services_but_not_what_runs_at_a_time() {
    let plan = plan_of(&scheduled(), "");
    for kind in ["ecs_service", "scheduled_task", "schedule"] {
        assert!(plan.moves.iter().any(|m| m.kind == kind), "no {kind} is moved");
    }
    assert!(plan.warnings.iter().any(|w| w.contains("state machine")), "what can't be changed is named: {:?}", plan.warnings);
}

/// `PutTargets` answers 200 with `FailedEntries`; that is a failure, and the next run tries again.
#[test]
fn mistake_23_trusts_200_of_put_targets() {
    let (end, again) = failed_entry();
    let End::Failed(failed) = end else { panic!("{end:?}") };
    let one = failed.iter().find(|f| f.step == "nightly-report-ecs-update").expect("the target was not put");
    assert!(one.code == "HK0504" && one.why.contains("ConcurrentModificationException"), "{one:?}");
    assert!(again, "when the rule is free again it goes on");
}

/// Batch refuses to change what has an old allocation strategy or a role of one's own, and ends jobs after 30 minutes.
#[test]
fn mistake_21_updates_any_environment_in_place_and_kills_its_jobs() {
    let mut docs = environments();
    docs.compute_environment("custom", "sg-default-all", Some(("BEST_FIT_PROGRESSIVE", "batch-service")));
    let plan = plan_of(&docs, "");
    for name in ["old", "custom"] {
        let moved = plan.moves.iter().find(|m| m.name == name).expect("it moves");
        assert_eq!(moved.strategy.name(), "recreate");
        let relocate = moved.rejected.iter().find(|c| c.strategy.name() == "relocate").expect("it was weighed");
        assert!(relocate.impossible && !relocate.reason.is_empty(), "{relocate:?}");
        assert!(plan.steps.iter().filter(|s| s.of_move == name).all(|s| s.call.parameters.get("updatePolicy").is_none()));
    }
    let policy = &step(&plan, "modern-update").call.parameters["updatePolicy"];
    assert_eq!(*policy, json!({ "terminateJobsOnUpdate": false, "jobExecutionTimeoutMinutes": 7200 }));
}
