//! Who gets in: Session Manager, instance profiles, Client VPN, functions by their aliases.

use hikkoshi::execute::driver::End;
use hikkoshi::execute::machine::Goal;
use hikkoshi::model::step::{Stage, Step};
use hikkoshi::plan::Plan;
use serde_json::json;

use crate::support::account::{look, profile, spine};
use crate::support::account_access::shared_role;
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
