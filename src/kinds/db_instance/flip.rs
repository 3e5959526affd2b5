//! An instance stays where it is, and its subnets turn private around it.

use serde_json::{Value, json};

use super::account::MODIFY_S;
use crate::kinds::build::{Regroup, check, rest_first, step, undo_and_wait, wait, wait_or_fail};
use crate::model::resource::Resource;
use crate::model::step::{Check, Expect, Impact, Stage, Step, UndoCall, Wait};
use crate::model::strategy::Scene;

/// A check of one field of an instance.
pub(in crate::kinds) fn see(what: &str, name: &str, field: &str, expect: Expect) -> Check {
    check(what, "rds:DescribeDBInstances", json!({ "DBInstanceIdentifier": name }), &format!("DBInstances[].{field}"), expect)
}

/// An instance that no change is under way on.
pub(in crate::kinds) fn at_rest(name: &str) -> Vec<Wait> {
    let available = see("the instance is available", name, "DBInstanceStatus", Expect::Equals(json!("available")));
    vec![wait_or_fail(available, &["failed", "deleting", "incompatible-network", "storage-full"], MODIFY_S, 3600)]
}

/// On the way back of a change, first of all: the change itself comes to its end. What shows it only at the end would else
/// be taken for what was never changed.
pub(in crate::kinds) fn rested(name: &str, ended: Vec<Wait>) -> UndoCall {
    let there = see("it is not deleted", name, "DBInstanceStatus", Expect::Excludes(vec![json!("deleted")]));
    rest_first("rds:ModifyDBInstance", json!({ "DBInstanceIdentifier": name }), there, ended)
}

/// An instance is getting another name, which it has at the end only.
pub(in crate::kinds) fn renaming(from: &str, to: &str) -> Check {
    see("it is getting the name", from, "PendingModifiedValues.DBInstanceIdentifier", Expect::Equals(json!(to)))
}

/// An instance is being deleted, or gone. Of the many other states of an instance none means that.
pub(in crate::kinds) fn going(name: &str) -> Check {
    see("it is going", name, "DBInstanceStatus", Expect::Only(vec![json!("deleting"), json!("delete-precheck")]))
}

/// The groups beside the old and the old ones off, and the public name away.
pub(super) fn steps(resource: &Resource, scene: &Scene<'_>) -> Vec<Step> {
    let mut steps = regroup(resource, scene);
    if resource.facets.publicly_accessible {
        let id = format!("{}-not-public", scene.slug);
        steps.push(not_public(&id, scene.slug, &resource.name));
    }
    steps
}

/// The two steps by which an instance gets new groups; none where it keeps its own.
pub(super) fn regroup(resource: &Resource, scene: &Scene<'_>) -> Vec<Step> {
    if !scene.regroup {
        return Vec::new();
    }
    let name = &resource.name;
    let old: Vec<Value> = resource.groups().iter().map(|group| json!(group.as_str())).collect();
    let own = json!({ "DBInstanceIdentifier": name });
    Regroup {
        name,
        slug: scene.slug,
        operation: "rds:ModifyDBInstance",
        parameters: &|groups| json!({ "DBInstanceIdentifier": name, "VpcSecurityGroupIds": groups, "ApplyImmediately": true }),
        seen: ("rds:DescribeDBInstances", own, "DBInstances[].VpcSecurityGroups[].VpcSecurityGroupId"),
        wait: &at_rest(name),
        old: &old,
        new: scene.groups,
    }
    .steps()
}

/// An instance loses its public address: at once, whatever `ApplyImmediately` says.
pub(in crate::kinds) fn not_public(id: &str, of_move: &str, name: &str) -> Step {
    let public = |what: &str, value: bool| see(what, name, "PubliclyAccessible", Expect::Equals(json!(value)));
    let call = |value: bool| json!({ "DBInstanceIdentifier": name, "PubliclyAccessible": value, "ApplyImmediately": true });
    let settled = wait(public("its name resolves to a private address only", false), 30, 1800);
    let mut draft = step(id, Stage::Data, of_move, format!("Take {name}'s public address away (PubliclyAccessible=false)"))
        .before(public("it is publicly accessible", true))
        .call("rds:ModifyDBInstance", call(false))
        .settled_by(public("it is not publicly accessible", false))
        .wait(settled)
        .impact(Impact::Brief { seconds: 60, what: "clients outside the VPC lose it; clients inside are not cut".to_owned() });
    let mut back = at_rest(name);
    back.insert(0, wait(public("it is publicly accessible again", true), 30, 1800));
    draft = at_rest(name).into_iter().fold(draft, |draft, wait| draft.wait(wait));
    draft.undo(vec![undo_and_wait("rds:ModifyDBInstance", call(true), public("it is publicly accessible", true), back)]).done()
}
