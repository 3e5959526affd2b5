//! Readers that Application Auto Scaling adds: suspended while the cluster crosses over, so that none comes up in a
//! public subnet, or goes while it is counted on.

use serde_json::{Value, json};

use crate::kinds::build::{check, step, undo};
use crate::kinds::effects::text;
use crate::kinds::{Effect, Follow, Read};
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::facet::Role;
use crate::model::id::Id;
use crate::model::path;
use crate::model::step::{Expect, Stage, Step};

/// What scales of a cluster.
const DIMENSION: &str = "rds:cluster:ReadReplicaCount";

/// What a cluster's document gets to know of it, as `ScalableTargets`.
pub(super) const FOLLOW: Follow = Follow {
    operation: "application-autoscaling:DescribeScalableTargets",
    result: "ScalableTargets",
    parameters: |docs| {
        let aurora = docs.iter().filter(|doc| path::text(doc, "Engine").starts_with("aurora"));
        let ids: Vec<String> = aurora.map(|doc| resource(path::text(doc, "DBClusterIdentifier"))).collect();
        (!ids.is_empty()).then(|| json!({ "ServiceNamespace": "rds", "ResourceIds": ids, "ScalableDimension": DIMENSION }))
    },
    batch: 50,
    merge: |doc, answer| {
        let id = resource(path::text(doc, "DBClusterIdentifier"));
        doc["ScalableTargets"] = path::select(answer, &format!("ScalableTargets[ResourceId={id}]")).into_iter().cloned().collect();
    },
};

fn resource(cluster: &str) -> String {
    format!("cluster:{cluster}")
}

const SUSPENSIONS: [&str; 3] = ["DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended"];

/// How it is suspended today, every field said.
fn today(doc: &Value) -> Option<Value> {
    let target = path::first(doc, "ScalableTargets[0]")?;
    let one = |key: &str| (key.to_owned(), json!(target["SuspendedState"][key] == true));
    Some(Value::Object(SUSPENSIONS.iter().map(|key| one(key)).collect()))
}

fn all() -> Value {
    Value::Object(SUSPENSIONS.iter().map(|key| ((*key).to_owned(), json!(true))).collect())
}

/// Before the crossing.
pub(super) fn suspend(slug: &str, name: &str, doc: &Value) -> Vec<Step> {
    let step = today(doc).map(|today| set(&format!("{slug}-scaling-off"), slug, name, "Suspend", &today, &all()));
    step.into_iter().collect()
}

/// After it.
pub(super) fn resume(slug: &str, name: &str, doc: &Value) -> Vec<Step> {
    let step = today(doc).map(|today| set(&format!("{slug}-scaling-on"), slug, name, "Resume", &all(), &today));
    step.into_iter().collect()
}

fn set(id: &str, slug: &str, name: &str, verb: &str, from: &Value, to: &Value) -> Step {
    let own = json!({ "ServiceNamespace": "rds", "ResourceId": resource(name), "ScalableDimension": DIMENSION });
    let asked = json!({ "ServiceNamespace": "rds", "ResourceIds": [resource(name)], "ScalableDimension": DIMENSION });
    let call = |state: &Value| {
        let mut call = own.clone();
        call["SuspendedState"] = state.clone();
        call
    };
    let see = |what: &str, state: &Value| {
        let read = "application-autoscaling:DescribeScalableTargets";
        check(what, read, asked.clone(), "ScalableTargets[].SuspendedState", Expect::Equals(state.clone()))
    };
    step(id, Stage::Data, slug, format!("{verb} the auto scaling of {name}'s readers"))
        .call("application-autoscaling:RegisterScalableTarget", call(to))
        .settled_by(see("it is suspended as asked", to))
        .undo(vec![undo("application-autoscaling:RegisterScalableTarget", call(from), see("it is suspended as before", from))])
        .done()
}

pub(super) const REGISTER: (&str, Effect) = ("application-autoscaling:RegisterScalableTarget", register);
pub(super) const DESCRIBE: (&str, Read) = ("application-autoscaling:DescribeScalableTargets", describe);

fn id_of(target: &str) -> Id {
    Id::new(format!("scalable:{target}"))
}

fn register(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    text(parameters, "ServiceNamespace")?;
    let target = text(parameters, "ResourceId")?.to_owned();
    text(parameters, "ScalableDimension")?;
    let id = id_of(&target);
    if account.resources.get(&id).is_none() {
        if !parameters.contains_key("MinCapacity") || !parameters.contains_key("MaxCapacity") {
            let words = "A scalable target that isn't there yet needs MinCapacity and MaxCapacity.";
            return Err(Refusal::new("ValidationException", words));
        }
        account.insert("scalable_target", Role::Bystander, id.clone(), json!({}));
    }
    let doc = account.edit(id.as_str(), "ObjectNotFoundException")?;
    for (key, value) in parameters {
        doc[key] = value.clone();
    }
    Ok(json!({}))
}

fn describe(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let wanted = parameters.get("ResourceIds").map(|ids| path::texts(ids, "[]"));
    let all = account.resources.of_kind("scalable_target").map(|target| &*target.doc);
    let found = all.filter(|doc| wanted.as_ref().is_none_or(|ids| ids.iter().any(|id| doc["ResourceId"] == id.as_str())));
    Ok(json!({ "ScalableTargets": found.collect::<Vec<_>>() }))
}
