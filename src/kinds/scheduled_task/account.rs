//! Targets, schedules and state machines of a simulated account.

use serde_json::{Value, json};

use super::{CONFIG, awsvpc};
use crate::kinds::effects::text;
use crate::kinds::place::Net;
use crate::kinds::{Effect, Read};
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::id::Id;
use crate::model::path;

pub(super) const TARGET_EFFECTS: &[(&str, Effect)] = &[("events:PutTargets", put_targets)];
pub(super) const TARGET_READS: &[(&str, Read)] = &[("events:ListTargetsByRule", targets), ("events:ListRuleNamesByTarget", rules)];
pub(super) const SCHEDULE_EFFECTS: &[(&str, Effect)] = &[("scheduler:UpdateSchedule", update_schedule)];
pub(super) const SCHEDULE_READS: &[(&str, Read)] = &[("scheduler:GetSchedule", schedule)];
pub(super) const STATE_READS: &[(&str, Read)] = &[("states:DescribeStateMachine", state_machine)];

const UNKNOWN: &str = "ResourceNotFoundException";

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("ValidationException", message.into())
}

fn of_rule<'a>(account: &'a Account, rule: &'a str) -> impl Iterator<Item = &'a Value> {
    account.resources.of_kind("scheduled_task").map(|task| &*task.doc).filter(move |doc| doc["Rule"] == rule)
}

fn rule_is_there(account: &Account, rule: &str) -> Result<(), Refusal> {
    let words = || Refusal::new(UNKNOWN, format!("Rule {rule} does not exist on EventBus default."));
    of_rule(account, rule).next().map(|_| ()).ok_or_else(words)
}

/// Whether what runs tasks is told whole: a cluster, a role, a definition, subnets.
fn is_whole(target: &Value) -> Result<(), Refusal> {
    for at in ["Arn", "RoleArn", "EcsParameters.TaskDefinitionArn"] {
        if path::text(target, at).is_empty() {
            return Err(invalid(format!("{at} is required for a target that runs tasks.")));
        }
    }
    if path::texts(target, &format!("{CONFIG}.Subnets[]")).is_empty() {
        return Err(invalid("Subnets must not be empty."));
    }
    Ok(())
}

/// Every entry replaces the whole target; one that somebody else is changing fails, and the answer is 200 all the same.
fn put_targets(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let rule = text(parameters, "Rule")?.to_owned();
    rule_is_there(account, &rule)?;
    let targets = parameters.get("Targets").and_then(Value::as_array).cloned().unwrap_or_default();
    if targets.is_empty() {
        return Err(Refusal::new("MissingParameter", "The request must contain the parameter Targets"));
    }
    let mut failed = Vec::new();
    for target in &targets {
        is_whole(target)?;
        let id = Id::new(format!("rule:{rule}/{}", path::text(target, "Id")));
        let doc = account.edit(id.as_str(), UNKNOWN)?;
        if doc["Busy"] == true {
            let words = "The rule is being changed by somebody else.";
            failed.push(json!({ "TargetId": target["Id"], "ErrorCode": "ConcurrentModificationException", "ErrorMessage": words }));
            continue;
        }
        let mut new = target.clone();
        new["Rule"] = doc["Rule"].take();
        new["VpcId"] = doc["VpcId"].take();
        *doc = new;
    }
    Ok(json!({ "FailedEntryCount": failed.len(), "FailedEntries": failed }))
}

fn targets(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let Some(rule) = parameters.get("Rule").and_then(Value::as_str) else {
        let all = account.resources.of_kind("scheduled_task").map(|task| &*task.doc);
        return Ok(json!({ "Targets": all.collect::<Vec<_>>() }));
    };
    rule_is_there(account, rule)?;
    let shown = |doc: &Value| {
        let mut doc = doc.clone();
        if let Some(map) = doc.as_object_mut() {
            ["Rule", "VpcId", "Busy"].iter().for_each(|key| drop(map.remove(*key)));
        }
        doc
    };
    Ok(json!({ "Targets": of_rule(account, rule).map(shown).collect::<Vec<_>>() }))
}

fn rules(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let arn = text(parameters, "TargetArn")?;
    let mine = account.resources.of_kind("scheduled_task").filter(|task| task.doc["Arn"] == arn);
    let mut names: Vec<&str> = mine.map(|task| path::text(&task.doc, "Rule")).collect();
    names.dedup();
    Ok(json!({ "RuleNames": names }))
}

fn schedule_id(parameters: &Object) -> Result<Id, Refusal> {
    let group = parameters.get("GroupName").and_then(Value::as_str).unwrap_or("default");
    Ok(Id::new(format!("schedule:{group}/{}", text(parameters, "Name")?)))
}

/// All of a schedule is replaced: what is left out gets AWS's default, what must be there is missed.
fn update_schedule(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = schedule_id(parameters)?;
    let old = account.doc(id.as_str(), UNKNOWN)?.clone();
    for key in ["ScheduleExpression", "FlexibleTimeWindow", "Target"] {
        if parameters.get(key).is_none_or(Value::is_null) {
            return Err(invalid(format!("{key} is required.")));
        }
    }
    let answers_only = ["Arn", "CreationDate", "LastModificationDate"];
    if let Some(key) = answers_only.iter().find(|key| parameters.contains_key(**key)) {
        return Err(invalid(format!("{key} is no parameter of UpdateSchedule.")));
    }
    is_whole(&parameters["Target"])?;
    let mut new = old.clone();
    if let Some(map) = new.as_object_mut() {
        map.retain(|key, _| ["Arn", "VpcId", "GroupName"].contains(&key.as_str()) || parameters.contains_key(key));
        map.extend(parameters.iter().filter(|(key, _)| *key != "ClientToken").map(|(key, value)| (key.clone(), value.clone())));
        map.entry("State").or_insert_with(|| json!("ENABLED"));
    }
    *account.edit(id.as_str(), UNKNOWN)? = new;
    Ok(json!({ "ScheduleArn": old["Arn"] }))
}

fn schedule(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let mut doc = account.doc(schedule_id(parameters)?.as_str(), UNKNOWN)?.clone();
    if let Some(map) = doc.as_object_mut() {
        map.remove("VpcId");
        map.insert("CreationDate".to_owned(), json!("2026-01-01T00:00:00Z"));
        map.insert("LastModificationDate".to_owned(), json!("2026-01-01T00:00:00Z"));
    }
    Ok(doc)
}

fn state_machine(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let arn = text(parameters, "stateMachineArn")?;
    let id = Id::new(format!("state-machine:{}", arn.rsplit(':').next().unwrap_or(arn)));
    let doc = account
        .doc(id.as_str(), "StateMachineNotFound")
        .map_err(|_| Refusal::new("StateMachineDoesNotExist", "State Machine Does Not Exist"))?;
    let list = |key: &str| doc[key].as_array().cloned().unwrap_or_default();
    let net = awsvpc(&Net { subnets: list("Subnets"), groups: list("SecurityGroups"), public: true });
    let run = json!({ "Type": "Task", "Parameters": { "NetworkConfiguration": { "AwsvpcConfiguration": net } }, "End": true });
    let definition = json!({ "StartAt": "Run", "States": { "Run": run } });
    Ok(json!({ "stateMachineArn": arn, "name": doc["name"], "status": "ACTIVE", "definition": definition.to_string() }))
}
