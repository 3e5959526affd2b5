//! Compute environments and job queues of a simulated account.

use serde_json::{Value, json};

use super::{in_place, queue};
use crate::kinds::effects::{list, text};
use crate::kinds::{Effect, Read};
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::facet::Role;
use crate::model::id::Id;
use crate::model::path;

pub(super) const EFFECTS: &[(&str, Effect)] = &[
    ("batch:CreateComputeEnvironment", create),
    ("batch:UpdateComputeEnvironment", update),
    ("batch:DeleteComputeEnvironment", delete),
    ("batch:UpdateJobQueue", update_queue),
];

pub(super) const READS: &[(&str, Read)] = &[("batch:DescribeJobQueues", queues), ("batch:ListJobs", jobs)];

const UNKNOWN: &str = "ClientException";
/// Seconds until an environment is valid again.
const CHANGE_S: u64 = 60;

fn refused(message: impl std::fmt::Display) -> Refusal {
    Refusal::new(UNKNOWN, format!("Error executing request, Exception : {message}"))
}

/// An environment by name or ARN.
fn find(account: &Account, parameters: &Object) -> Result<Id, Refusal> {
    let named = text(parameters, "computeEnvironment")?;
    let id = Id::new(format!("batch:{}", named.rsplit('/').next().unwrap_or(named)));
    account.doc(id.as_str(), UNKNOWN).map_err(|_| refused(format!("{named} does not exist")))?;
    Ok(id)
}

fn at_rest(doc: &Value) -> Result<(), Refusal> {
    let name = path::text(doc, "computeEnvironmentName");
    if doc["status"] == "VALID" {
        return Ok(());
    }
    Err(refused(format!("Cannot update, compute environment {name} is being modified.")))
}

fn known_network(account: &Account, resources: &Value) -> Result<(), Refusal> {
    for id in path::texts(resources, "subnets[]").iter().chain(&path::texts(resources, "securityGroupIds[]")) {
        account.doc(id, UNKNOWN).map_err(|_| refused(format!("{id} does not exist")))?;
    }
    Ok(())
}

fn create(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let name = text(parameters, "computeEnvironmentName")?.to_owned();
    text(parameters, "type")?;
    let id = Id::new(format!("batch:{name}"));
    if account.resources.get(&id).is_some() {
        return Err(refused("Object already exists"));
    }
    let resources = parameters.get("computeResources").cloned().unwrap_or_default();
    if path::texts(&resources, "subnets[]").is_empty() {
        return Err(refused("computeResources.subnets must not be empty"));
    }
    known_network(account, &resources)?;
    let arn = format!("arn:aws:batch:{}:{}:compute-environment/{name}", account.region, account.account);
    let mut doc = Value::Object(parameters.clone());
    doc["computeEnvironmentArn"] = json!(arn);
    doc["VpcId"] = json!(account.vpc.as_str());
    doc["status"] = json!("CREATING");
    doc["JobQueues"] = json!([]);
    let tags = parameters.get("tags").and_then(Value::as_object).into_iter().flatten();
    doc["Tags"] = tags.map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    account.insert("batch_compute_environment", Role::Workload, id.clone(), doc);
    account.later(&id, CHANGE_S, "/status", json!("VALID"));
    Ok(json!({ "computeEnvironmentName": name, "computeEnvironmentArn": arn }))
}

fn update(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = find(account, parameters)?;
    let mut doc = account.doc(id.as_str(), UNKNOWN)?.clone();
    at_rest(&doc)?;
    let resources = parameters.get("computeResources").and_then(Value::as_object).cloned().unwrap_or_default();
    let infrastructure: Vec<&str> =
        resources.keys().map(String::as_str).filter(|key| !["minvCpus", "maxvCpus", "desiredvCpus"].contains(key)).collect();
    if !infrastructure.is_empty() && in_place(&doc).is_err() {
        let words = "can be updated only for Non-fargate Compute Environment having a Batch Service Linked Role";
        return Err(refused(format!("{} {words}", infrastructure.join(", "))));
    }
    known_network(account, &Value::Object(resources.clone()))?;
    for (key, value) in resources {
        doc["computeResources"][key.as_str()] = value;
    }
    for key in ["state", "updatePolicy"] {
        if let Some(value) = parameters.get(key) {
            doc[key] = value.clone();
        }
    }
    doc["status"] = json!("UPDATING");
    let answer = json!({ "computeEnvironmentName": doc["computeEnvironmentName"], "computeEnvironmentArn": doc["computeEnvironmentArn"] });
    *account.edit(id.as_str(), UNKNOWN)? = doc;
    account.later(&id, CHANGE_S, "/status", json!("VALID"));
    Ok(answer)
}

fn delete(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = find(account, parameters)?;
    let doc = account.doc(id.as_str(), UNKNOWN)?;
    at_rest(doc)?;
    if doc["state"] != "DISABLED" {
        return Err(refused("Cannot delete, state must be set to DISABLED"));
    }
    if doc["JobQueues"].as_array().is_some_and(|queues| !queues.is_empty()) {
        return Err(refused("Cannot delete, found existing JobQueue relationship"));
    }
    account.edit(id.as_str(), UNKNOWN)?["status"] = json!("DELETING");
    account.remove_later(&id, CHANGE_S);
    Ok(json!({}))
}

/// Every queue once: each environment knows those that it serves.
fn all_queues(account: &Account) -> Vec<Value> {
    let known = account.resources.of_kind("batch_compute_environment").flat_map(|r| r.doc["JobQueues"].as_array().into_iter().flatten());
    let mut all: Vec<Value> = known.map(queue).collect();
    all.sort_by_key(|queue| path::text(queue, "jobQueueArn").to_owned());
    all.dedup_by(|a, b| a["jobQueueArn"] == b["jobQueueArn"]);
    all
}

fn update_queue(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let named = text(parameters, "jobQueue")?.to_owned();
    let is_it = |queue: &Value| queue["jobQueueName"] == named.as_str() || queue["jobQueueArn"] == named.as_str();
    let mut changed = all_queues(account).into_iter().find(is_it).ok_or_else(|| refused(format!("{named} does not exist")))?;
    let order = parameters.get("computeEnvironmentOrder").and_then(Value::as_array).cloned().unwrap_or_default();
    if order.is_empty() || order.len() > 3 {
        return Err(refused("a job queue has one to three compute environments"));
    }
    let arns = path::texts(&json!(order), "[].computeEnvironment");
    let mut members = Vec::new();
    for arn in &arns {
        let id = Id::new(format!("batch:{}", arn.rsplit('/').next().unwrap_or(arn)));
        let doc = account.doc(id.as_str(), UNKNOWN).map_err(|_| refused(format!("{arn} does not exist")))?;
        if doc["status"] != "VALID" && doc["status"] != "UPDATING" {
            return Err(refused(format!("{arn} is not valid")));
        }
        members.push(id);
    }
    changed["computeEnvironmentOrder"] = json!(order);
    let all: Vec<Id> = account.resources.of_kind("batch_compute_environment").map(|r| r.id.clone()).collect();
    for id in all {
        let doc = account.edit(id.as_str(), UNKNOWN)?;
        let mut queues = doc["JobQueues"].as_array().cloned().unwrap_or_default();
        queues.retain(|queue| queue["jobQueueArn"] != changed["jobQueueArn"]);
        queues.extend(members.contains(&id).then(|| changed.clone()));
        doc["JobQueues"] = json!(queues);
    }
    Ok(json!({ "jobQueueName": changed["jobQueueName"], "jobQueueArn": changed["jobQueueArn"] }))
}

fn queues(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let wanted = list(parameters, "jobQueues");
    let mut found = all_queues(account);
    found.retain(|queue| {
        wanted.is_empty() || wanted.iter().any(|name| queue["jobQueueName"] == name.as_str() || queue["jobQueueArn"] == name.as_str())
    });
    for queue in &mut found {
        queue["status"] = json!("VALID");
        queue["state"] = json!("ENABLED");
    }
    Ok(json!({ "jobQueues": found }))
}

fn jobs(_: &Account, parameters: &Object) -> Result<Value, Refusal> {
    text(parameters, "jobQueue")?;
    Ok(json!({ "jobSummaryList": [] }))
}
