//! Functions of a simulated account: what Lambda does and refuses.

use serde_json::{Value, json};

use super::{UPDATE_S, id_of};
use crate::kinds::effects::text;
use crate::kinds::{Effect, Read};
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::id::Id;
use crate::model::path;
use crate::model::resource::Resource;

pub(super) const EFFECTS: &[(&str, Effect)] = &[
    ("lambda:UpdateFunctionConfiguration", update),
    ("lambda:PublishVersion", publish),
    ("lambda:DeleteFunction", delete_version),
    ("lambda:UpdateAlias", update_alias),
    ("lambda:Invoke", invoke),
];
pub(super) const READS: &[(&str, Read)] = &[
    ("lambda:GetFunctionConfiguration", configuration),
    ("lambda:ListVersionsByFunction", versions),
    ("lambda:ListAliases", aliases),
    ("lambda:GetAlias", alias),
    ("lambda:ListProvisionedConcurrencyConfigs", concurrency),
    ("lambda:GetProvisionedConcurrencyConfig", concurrency_of),
];

const UNKNOWN: &str = "ResourceNotFoundException";
/// Seconds that an unused interface lingers (up to 20 minutes).
const LINGER_S: u64 = 1200;
/// Seconds until a published version is active.
const PUBLISH_S: u64 = 30;

fn update(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let name = text(parameters, "FunctionName")?.to_owned();
    let id = id_of(&name);
    let doc = account.doc(id.as_str(), UNKNOWN)?.clone();
    if let Some(revision) = parameters.get("RevisionId").and_then(Value::as_str)
        && doc["RevisionId"].as_str().is_some_and(|current| current != revision)
    {
        return Err(Refusal::new("PreconditionFailedException", "The Revision Id provided does not match the latest Revision Id."));
    }
    if doc["LastUpdateStatus"] == "InProgress" || doc["State"] == "Pending" {
        return Err(Refusal::new(
            "ResourceConflictException",
            "The operation cannot be performed at this time. An update is in progress for resource",
        ));
    }
    let config = parameters.get("VpcConfig").cloned().unwrap_or_default();
    let (subnets, groups) = (path::texts(&config, "SubnetIds[]"), path::texts(&config, "SecurityGroupIds[]"));
    for subnet in &subnets {
        account.doc(subnet, "InvalidParameterValueException")?;
    }
    account.check_groups(&groups).map_err(|refusal| Refusal::new("InvalidParameterValueException", refusal.message))?;
    for subnet in &subnets {
        if let Some(interface) = lambda_interface(account, subnet, &groups) {
            account.keep(&interface);
            continue;
        }
        let description = format!("AWS Lambda VPC ENI-{name}-{:032x}", account.serial);
        account.add_interface(subnet, &groups, &description, json!({ "InterfaceType": "lambda" }))?;
    }
    let serial = account.serial + 1;
    account.serial = serial;
    let doc = account.edit(id.as_str(), UNKNOWN)?;
    let old = doc["VpcConfig"].take();
    doc["VpcConfig"] = json!({ "VpcId": old["VpcId"], "SubnetIds": subnets, "SecurityGroupIds": groups });
    if !old["Ipv6AllowedForDualStack"].is_null() || config["Ipv6AllowedForDualStack"] == true {
        doc["VpcConfig"]["Ipv6AllowedForDualStack"] = json!(config["Ipv6AllowedForDualStack"] == true);
    }
    doc["LastUpdateStatus"] = json!("InProgress");
    doc["RevisionId"] = json!(format!("revision-{serial}"));
    let answer = doc.clone();
    account.later(&id, UPDATE_S, "/LastUpdateStatus", json!("Successful"));
    release_interfaces(account, &old);
    Ok(answer)
}

fn lambda_interface(account: &Account, subnet: &str, groups: &[String]) -> Option<Id> {
    let wears = |doc: &Value| {
        let mut worn = path::texts(doc, "Groups[].GroupId");
        let mut wanted = groups.to_vec();
        worn.sort();
        wanted.sort();
        worn == wanted
    };
    let here = |i: &&Resource| i.doc["SubnetId"] == subnet && i.doc["InterfaceType"] == "lambda" && wears(&i.doc);
    account.wearing(groups).into_iter().find(here).map(|i| i.id.clone())
}

/// The functions of which a version can be configured with these groups.
fn configured<'a>(account: &'a Account, groups: &[String]) -> Vec<&'a Resource> {
    const AT: [&str; 2] = ["VpcConfig.SecurityGroupIds[]", "Versions[].VpcConfig.SecurityGroupIds[]"];
    let functions = &account.resources;
    match groups.iter().min_by_key(|group| AT.iter().map(|at| functions.count_having("lambda_function", at, group)).sum::<usize>()) {
        Some(rarest) => AT.iter().flat_map(|at| functions.having("lambda_function", at, rarest)).collect(),
        None => functions.of_kind("lambda_function").collect(),
    }
}

/// The interfaces of a configuration disappear later, unless another function or version uses them.
fn release_interfaces(account: &mut Account, old: &Value) {
    let groups = path::texts(old, "SecurityGroupIds[]");
    for subnet in path::texts(old, "SubnetIds[]") {
        let uses =
            |config: &Value| path::texts(config, "SubnetIds[]").contains(&subnet) && path::texts(config, "SecurityGroupIds[]") == groups;
        let used =
            |r: &Resource| uses(&r.doc["VpcConfig"]) || r.doc["Versions"].as_array().into_iter().flatten().any(|v| uses(&v["VpcConfig"]));
        if configured(account, &groups).into_iter().any(used) {
            continue;
        }
        if let Some(interface) = lambda_interface(account, &subnet, &groups) {
            account.remove_later(&interface, LINGER_S);
        }
    }
}

fn missing(what: &str) -> Refusal {
    Refusal::new(UNKNOWN, format!("Function not found: {what}"))
}

/// The document of a function, or of a published version of it.
fn configuration(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let name = text(parameters, "FunctionName")?;
    let mut doc = account.doc(id_of(name).as_str(), UNKNOWN)?.clone();
    if let Some(version) = parameters.get("Qualifier").and_then(Value::as_str).filter(|q| *q != "$LATEST") {
        doc = path::first(&doc, &format!("Versions[Version={version}]")).cloned().ok_or_else(|| missing(version))?;
    }
    for (key, value) in [("State", "Active"), ("LastUpdateStatus", "Successful"), ("RevisionId", "revision-0")] {
        if doc[key].is_null() {
            doc[key] = json!(value);
        }
    }
    Ok(doc)
}

fn part(account: &Account, parameters: &Object, key: &str) -> Result<Value, Refusal> {
    let doc = account.doc(id_of(text(parameters, "FunctionName")?).as_str(), UNKNOWN)?;
    Ok(json!(doc[key].as_array().cloned().unwrap_or_default()))
}

fn versions(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    Ok(json!({ "Versions": part(account, parameters, "Versions")? }))
}

fn aliases(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    Ok(json!({ "Aliases": part(account, parameters, "Aliases")? }))
}

fn alias(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let name = text(parameters, "Name")?;
    let all = part(account, parameters, "Aliases")?;
    path::first(&all, &format!("[Name={name}]")).cloned().ok_or_else(|| missing(name))
}

fn concurrency(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    Ok(json!({ "ProvisionedConcurrencyConfigs": part(account, parameters, "ProvisionedConcurrencyConfigs")? }))
}

fn concurrency_of(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let (all, wanted) = (part(account, parameters, "ProvisionedConcurrencyConfigs")?, text(parameters, "Qualifier")?);
    let its = |one: &&Value| path::text(one, "FunctionArn").ends_with(&format!(":{wanted}"));
    let none =
        || Refusal::new("ProvisionedConcurrencyConfigNotFoundException", "No Provisioned Concurrency Config found for this function");
    let mut found = all.as_array().into_iter().flatten().find(its).cloned().ok_or_else(none)?;
    found["Status"] = json!("READY");
    Ok(found)
}

/// A version is `$LATEST` as it is now; without a change since the last one there is no new one.
fn publish(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let name = text(parameters, "FunctionName")?.to_owned();
    let id = id_of(&name);
    let doc = account.doc(id.as_str(), UNKNOWN)?.clone();
    if doc["LastUpdateStatus"] == "InProgress" || doc["State"] == "Pending" {
        return Err(Refusal::new(
            "ResourceConflictException",
            "The operation cannot be performed at this time. An update is in progress for resource",
        ));
    }
    if let Some(sha) = parameters.get("CodeSha256").filter(|sha| !doc["CodeSha256"].is_null() && **sha != doc["CodeSha256"]) {
        let words =
            format!("CodeSHA256 ({sha}) is different from current CodeSHA256 in $LATEST. Please try again with the CodeSHA256 in $LATEST.");
        return Err(Refusal::new("InvalidParameterValueException", words));
    }
    let last = path::select(&doc, "Versions[]").into_iter().max_by_key(|v| path::text(v, "Version").parse::<u64>().unwrap_or(0)).cloned();
    if let Some(last) = last.as_ref().filter(|last| last["VpcConfig"] == doc["VpcConfig"] && last["CodeSha256"] == doc["CodeSha256"]) {
        return Ok(last.clone());
    }
    let number = last.map_or(0, |last| path::text(&last, "Version").parse::<u64>().unwrap_or(0)) + 1;
    let version = json!({ "FunctionName": name, "Version": number.to_string(), "VpcConfig": doc["VpcConfig"], "CodeSha256": doc["CodeSha256"],
        "Description": parameters.get("Description"), "State": "Pending", "Unlike": [] });
    let list = account.edit(id.as_str(), UNKNOWN)?;
    let at = list["Versions"].as_array().map_or(0, Vec::len);
    if at == 0 {
        list["Versions"] = json!([]);
    }
    list["Versions"].as_array_mut().expect("versions are a list").push(version.clone());
    account.later(&id, PUBLISH_S, &format!("/Versions/{at}/State"), json!("Active"));
    Ok(version)
}

/// Deletes one version. Without a qualifier the whole function would go: nothing of ours may ask for that.
fn delete_version(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = id_of(text(parameters, "FunctionName")?);
    let wanted = text(parameters, "Qualifier")?.to_owned();
    let doc = account.doc(id.as_str(), UNKNOWN)?;
    let old = path::first(doc, &format!("Versions[Version={wanted}]")).cloned().ok_or_else(|| missing(&wanted))?;
    let weighted = |alias: &Value| !alias["RoutingConfig"]["AdditionalVersionWeights"][&wanted].is_null();
    if path::select(doc, "Aliases[]").into_iter().any(|alias| alias["FunctionVersion"] == wanted.as_str() || weighted(alias)) {
        return Err(Refusal::new("ResourceConflictException", format!("Version {wanted} is still used by an alias")));
    }
    let doc = account.edit(id.as_str(), UNKNOWN)?;
    doc["Versions"].as_array_mut().expect("versions are a list").retain(|version| version["Version"] != wanted.as_str());
    release_interfaces(account, &old["VpcConfig"]);
    Ok(json!({ "StatusCode": 204 }))
}

fn update_alias(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let (function, name) = (text(parameters, "FunctionName")?.to_owned(), text(parameters, "Name")?.to_owned());
    let current = alias(account, parameters)?;
    let id = id_of(&function);
    let known = |account: &Account, version: &str| {
        let there = version == "$LATEST" || path::first(&account.resources[&id].doc, &format!("Versions[Version={version}]")).is_some();
        if there { Ok(()) } else { Err(missing(version)) }
    };
    if parameters.get("RevisionId").is_some_and(|revision| !current["RevisionId"].is_null() && *revision != current["RevisionId"]) {
        return Err(Refusal::new("PreconditionFailedException", "The Revision Id provided does not match the latest Revision Id."));
    }
    let weights = parameters.get("RoutingConfig").map(|config| config["AdditionalVersionWeights"].clone());
    let version = parameters.get("FunctionVersion").and_then(Value::as_str).unwrap_or(path::text(&current, "FunctionVersion")).to_owned();
    known(account, &version)?;
    for other in weights.iter().filter_map(Value::as_object).flat_map(|map| map.keys()) {
        known(account, other)?;
        let provisioned = concurrency_of(account, &parameters_of(&function, &name)).is_ok();
        if provisioned || *other == version || version == "$LATEST" {
            let words = "Alias with weights can not be used with Provisioned Concurrency, with $LATEST or twice with one version";
            return Err(Refusal::new("InvalidParameterValueException", words));
        }
    }
    account.serial += 1;
    let revision = format!("revision-{}", account.serial);
    let doc = account.edit(id.as_str(), UNKNOWN)?;
    let all = doc["Aliases"].as_array_mut().expect("aliases are a list");
    let one = all.iter_mut().find(|one| one["Name"] == name.as_str()).expect("it was found above");
    one["FunctionVersion"] = json!(version);
    one["RevisionId"] = json!(revision);
    if let Some(weights) = weights {
        let none = weights.as_object().is_none_or(serde_json::Map::is_empty);
        one["RoutingConfig"] = if none { Value::Null } else { json!({ "AdditionalVersionWeights": weights }) };
    }
    Ok(one.clone())
}

fn parameters_of(function: &str, qualifier: &str) -> Object {
    crate::kinds::build::object(json!({ "FunctionName": function, "Qualifier": qualifier }))
}

/// A dry run answers 204 and runs nothing. What a function answers nobody knows: here it echoes, or fails if its document says so.
fn invoke(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let configuration = configuration(account, parameters)?;
    if configuration["State"] == "Pending" {
        return Err(Refusal::new(
            "ResourceConflictException",
            "The operation cannot be performed at this time. The function is currently in the following state: Pending",
        ));
    }
    if parameters.get("InvocationType").and_then(Value::as_str) == Some("DryRun") {
        return Ok(json!({ "StatusCode": 204 }));
    }
    let doc = account.doc(id_of(text(parameters, "FunctionName")?).as_str(), UNKNOWN)?;
    let version = parameters.get("Qualifier").cloned().unwrap_or_else(|| json!("$LATEST"));
    let error = if doc["Fails"] == true { json!("Unhandled") } else { Value::Null };
    Ok(json!({ "StatusCode": 200, "FunctionError": error, "ExecutedVersion": version }))
}
