//! Services and tasks of a simulated account: deployments that roll, tasks that cannot get at their image.

use serde_json::{Value, json};

use super::{controller, id_of};
use crate::kinds::effects::{some, text};
use crate::kinds::{Effect, Read, target_group};
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::facet::Role;
use crate::model::id::Id;
use crate::model::path;

pub(super) const EFFECTS: &[(&str, Effect)] = &[("ecs:UpdateService", update), ("ecs:RunTask", run), ("ecs:StopTask", stop)];

pub(super) const READS: &[(&str, Read)] = &[
    ("ecs:DescribeServices", services),
    ("ecs:ListClusters", clusters),
    ("ecs:ListServices", list_services),
    ("ecs:ListTasks", list_tasks),
    ("ecs:DescribeTasks", tasks),
];

const UNKNOWN: &str = "ServiceNotFoundException";
/// Seconds until a task runs; until a deployment is through; until one is given up.
const START_S: u64 = 40;
const ROLL_S: u64 = 150;
const FAIL_S: u64 = 300;

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterException", message.into())
}

/// Whether something in a subnet gets out: through NAT, or through the internet gateway with a public address.
pub(in crate::kinds) fn way_out(account: &Account, subnet: &str, public: bool) -> bool {
    match account.default_route(subnet) {
        Some(target) if target.starts_with("nat-") => {
            account.resources.get(&Id::from(target.as_str())).is_some_and(|nat| nat.doc["State"] == "available")
        }
        Some(target) if target.starts_with("igw-") => public,
        Some(_) => true,
        None => false,
    }
}

/// An awsvpc configuration as strictly as ECS reads it: subnets, groups, public or not.
pub(in crate::kinds) fn awsvpc(account: &Account, network: &Value) -> Result<(Vec<String>, Vec<String>, bool), Refusal> {
    let config = &network["awsvpcConfiguration"];
    let (subnets, groups) = (path::texts(config, "subnets[]"), path::texts(config, "securityGroups[]"));
    match subnets.len() {
        0 => return Err(invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.")),
        1..=16 => {}
        _ => return Err(invalid("There are too many subnets: the limit is 16.")),
    }
    if groups.len() > 5 {
        return Err(invalid("There are too many security groups: the limit is 5."));
    }
    for subnet in &subnets {
        let unknown = |_| invalid(format!("Error retrieving subnet information for [{subnet}]: The subnet ID '{subnet}' does not exist"));
        account.doc(subnet, UNKNOWN).map_err(unknown)?;
    }
    for group in &groups {
        let unknown = |_| invalid(format!("Error retrieving security group information for [{group}]: it does not exist"));
        account.doc(group, UNKNOWN).map_err(unknown)?;
    }
    Ok((subnets, groups, config["assignPublicIp"] == "ENABLED"))
}

fn cluster_is_there(account: &Account, cluster: &str) -> Result<(), Refusal> {
    let last = |arn: &str| arn.rsplit('/').next().unwrap_or(arn).to_owned();
    let known = account.resources.of_kind("ecs_service").any(|s| last(path::text(&s.doc, "clusterArn")) == last(cluster));
    if known { Ok(()) } else { Err(Refusal::new("ClusterNotFoundException", "Cluster not found.")) }
}

/// A task's interface, and what its service knows of it.
fn new_task(account: &mut Account, cluster: &str, at: usize, net: &(Vec<String>, Vec<String>, bool)) -> Result<Value, Refusal> {
    let (subnets, groups, public) = net;
    account.serial += 1;
    let number = account.serial;
    let description = format!("arn:aws:ecs:{}:{}:attachment/{number:032x}", account.region, account.account);
    let address = json!({ "PublicIp": format!("203.0.113.{}", number % 250 + 1), "IpOwnerId": "amazon" });
    let extra = json!({ "RequesterId": "578734482556", "Association": if *public { address } else { Value::Null } });
    let subnet = &subnets[at % subnets.len()];
    let interface = account.add_interface(subnet, groups, &description, extra)?;
    let ip = account.doc(interface.as_str(), UNKNOWN)?["PrivateIpAddress"].clone();
    let cluster = cluster.rsplit('/').next().unwrap_or(cluster);
    let arn = format!("arn:aws:ecs:{}:{}:task/{cluster}/{number:032x}", account.region, account.account);
    Ok(json!({ "taskArn": arn, "NetworkInterfaceId": interface.as_str(), "PrivateIp": ip }))
}

fn service_of(parameters: &Object) -> Result<Id, Refusal> {
    Ok(id_of(text(parameters, "cluster")?, text(parameters, "service")?))
}

fn update(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = service_of(parameters)?;
    cluster_is_there(account, text(parameters, "cluster")?)?;
    let doc = account.doc(id.as_str(), UNKNOWN)?.clone();
    if doc["status"] != "ACTIVE" {
        return Err(Refusal::new("ServiceNotActiveException", "Service was not ACTIVE."));
    }
    let network = parameters.get("networkConfiguration").cloned().unwrap_or_default();
    if controller(&doc) != "ECS" && !network.is_null() {
        return Err(invalid(format!("Unable to update network parameters on services with a {} deployment controller.", controller(&doc))));
    }
    let mut edited = doc.clone();
    if let Some(config) = parameters.get("deploymentConfiguration") {
        if config["maximumPercent"] == 100 && config["minimumHealthyPercent"] == 100 {
            return Err(invalid("Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments."));
        }
        edited["deploymentConfiguration"] = config.clone();
    }
    if !network.is_null() {
        awsvpc(account, &network)?;
        edited["networkConfiguration"] = network;
    }
    let rolls = edited["networkConfiguration"] != doc["networkConfiguration"] || parameters.get("forceNewDeployment") == Some(&json!(true));
    *account.edit(id.as_str(), UNKNOWN)? = edited;
    if rolls {
        roll(account, &id, &doc)?;
    }
    Ok(json!({ "service": account.doc(id.as_str(), UNKNOWN)? }))
}

/// New tasks beside the old; when they run the old go. Where the image can't be pulled the deployment fails, and the
/// circuit breaker puts back what was.
fn roll(account: &mut Account, id: &Id, before: &Value) -> Result<(), Refusal> {
    let doc = account.doc(id.as_str(), UNKNOWN)?.clone();
    let net = awsvpc(account, &doc["networkConfiguration"])?;
    let count = usize::try_from(doc["desiredCount"].as_u64().unwrap_or(0)).unwrap_or(0);
    let (cluster, old) = (path::text(&doc, "clusterArn").to_owned(), before["Tasks"].as_array().cloned().unwrap_or_default());
    let mut new = Vec::new();
    for at in 0..count {
        new.push(new_task(account, &cluster, at, &net)?);
    }
    account.serial += 1;
    let number = account.serial;
    let primary = |state: &str, network: &Value| json!({ "id": format!("ecs-svc/{number}"), "status": "PRIMARY", "rolloutState": state, "networkConfiguration": network });
    let mut list = vec![primary("IN_PROGRESS", &doc["networkConfiguration"])];
    for deployment in before["deployments"].as_array().into_iter().flatten() {
        let mut deployment = deployment.clone();
        deployment["status"] = json!("ACTIVE");
        list.push(deployment);
    }
    let works = net.0.iter().all(|subnet| way_out(account, subnet, net.2));
    let new_network = doc["networkConfiguration"].clone();
    let (stay, go) = if works { (&new, &old) } else { (&old, &new) };
    let all: Vec<Value> = old.iter().chain(&new).cloned().collect();
    let doc = account.edit(id.as_str(), UNKNOWN)?;
    doc["deployments"] = json!(list);
    doc["Tasks"] = json!(all);
    let after_s = if works { ROLL_S } else { FAIL_S };
    // A rollback is a deployment of its own, and completed in its turn.
    let back = path::first(&doc_of(account, id)?, "deploymentConfiguration.deploymentCircuitBreaker.rollback") == Some(&json!(true));
    let last = match (works, back) {
        (true, _) => primary("COMPLETED", &new_network),
        (false, true) => primary("COMPLETED", &before["networkConfiguration"]),
        (false, false) => primary("FAILED", &new_network),
    };
    account.later(id, after_s, "/deployments", json!([last]));
    account.later(id, after_s, "/Tasks", json!(stay));
    if !works && back {
        account.later(id, after_s, "/networkConfiguration", before["networkConfiguration"].clone());
    }
    for task in go {
        account.remove_later(&Id::from(path::text(task, "NetworkInterfaceId")), after_s);
    }
    if works {
        exchange_targets(account, &doc_of(account, id)?, &old, &new)?;
    }
    Ok(())
}

fn doc_of(account: &Account, id: &Id) -> Result<Value, Refusal> {
    account.doc(id.as_str(), UNKNOWN).cloned()
}

/// The new tasks' addresses are registered, the old ones drain.
fn exchange_targets(account: &mut Account, doc: &Value, old: &[Value], new: &[Value]) -> Result<(), Refusal> {
    for balancer in doc["loadBalancers"].as_array().into_iter().flatten() {
        let targets = |tasks: &[Value]| -> Object {
            let port = &balancer["containerPort"];
            let list: Vec<Value> = tasks.iter().map(|task| json!({ "Id": task["PrivateIp"], "Port": port })).collect();
            let both = json!({ "TargetGroupArn": balancer["targetGroupArn"], "Targets": list });
            both.as_object().cloned().unwrap_or_default()
        };
        if account.resources.get(&target_group::id_of_arn(path::text(balancer, "targetGroupArn"))).is_some() {
            target_group::register(account, &targets(new))?;
            target_group::deregister(account, &targets(old))?;
        }
    }
    Ok(())
}

/// One task that belongs to no service.
fn run(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let cluster = text(parameters, "cluster")?.to_owned();
    let definition = text(parameters, "taskDefinition")?.to_owned();
    cluster_is_there(account, &cluster)?;
    if parameters.contains_key("launchType") && parameters.contains_key("capacityProviderStrategy") {
        return Err(invalid("Specifying both a launch type and capacity provider strategy is not supported."));
    }
    if !account.resources.of_kind("ecs_service").any(|service| service.doc["taskDefinition"] == definition.as_str()) {
        return Err(invalid("TaskDefinition not found."));
    }
    let net = awsvpc(account, &parameters.get("networkConfiguration").cloned().unwrap_or_default())?;
    let works = way_out(account, &net.0[0], net.2);
    let made = new_task(account, &cluster, 0, &net)?;
    let id = Id::from(path::text(&made, "taskArn"));
    let tags: Vec<Value> = parameters
        .get("tags")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|tag| json!({ "Key": tag["key"], "Value": tag["value"] }))
        .collect();
    let doc = json!({ "taskArn": id.as_str(), "clusterArn": cluster, "taskDefinitionArn": definition, "startedBy": parameters.get("startedBy"),
        "lastStatus": "PROVISIONING", "desiredStatus": "RUNNING", "NetworkInterfaceId": made["NetworkInterfaceId"], "stoppedReason": null, "stopCode": null, "Tags": tags });
    account.insert("ecs_task", Role::Bystander, id.clone(), doc.clone());
    if works {
        account.later(&id, START_S, "/lastStatus", json!("RUNNING"));
    } else {
        let why = "CannotPullContainerError: pull image manifest has been retried 5 time(s): dial tcp: i/o timeout";
        account.later(&id, FAIL_S, "/stoppedReason", json!(why));
        account.later(&id, FAIL_S, "/stopCode", json!("TaskFailedToStart"));
        end(account, &id, FAIL_S)?;
    }
    Ok(json!({ "tasks": [doc], "failures": [] }))
}

/// A task is at its end after some seconds; it is listed for about an hour more.
fn end(account: &mut Account, id: &Id, seconds: u64) -> Result<(), Refusal> {
    let interface = Id::from(path::text(account.doc(id.as_str(), UNKNOWN)?, "NetworkInterfaceId"));
    account.later(id, seconds, "/lastStatus", json!("STOPPED"));
    account.later(id, seconds, "/desiredStatus", json!("STOPPED"));
    account.remove_later(&interface, seconds);
    account.remove_later(id, seconds + 3600);
    Ok(())
}

fn stop(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = Id::from(text(parameters, "task")?);
    cluster_is_there(account, text(parameters, "cluster")?)?;
    let unknown = |_| invalid("The referenced task was not found.");
    let doc = account.edit(id.as_str(), UNKNOWN).map_err(unknown)?;
    if doc["lastStatus"] != "STOPPED" {
        doc["desiredStatus"] = json!("STOPPED");
        doc["lastStatus"] = json!("DEACTIVATING");
        end(account, &id, START_S)?;
    }
    Ok(json!({ "task": account.doc(id.as_str(), UNKNOWN)? }))
}

fn services(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let all: Vec<&Value> = account.resources.of_kind("ecs_service").map(|service| &*service.doc).collect();
    let Some(wanted) = parameters.get("services") else { return Ok(json!({ "services": all })) };
    let cluster = text(parameters, "cluster")?;
    cluster_is_there(account, cluster)?;
    let wanted = path::texts(wanted, "[]");
    if wanted.len() > 10 {
        return Err(invalid("Services cannot have more than 10 elements."));
    }
    let found = wanted.iter().map(|name| account.resources.get(&id_of(cluster, name)).map(|service| &*service.doc).ok_or(name));
    let (found, missing): (Vec<_>, Vec<_>) = found.partition(Result::is_ok);
    let found: Vec<&Value> = found.into_iter().flatten().collect();
    let missing: Vec<Value> = missing.into_iter().filter_map(Result::err).map(|arn| json!({ "arn": arn, "reason": "MISSING" })).collect();
    Ok(json!({ "services": found, "failures": missing }))
}

fn clusters(account: &Account, _: &Object) -> Result<Value, Refusal> {
    let mut arns: Vec<&str> = account.resources.of_kind("ecs_service").map(|service| path::text(&service.doc, "clusterArn")).collect();
    arns.sort_unstable();
    arns.dedup();
    Ok(json!({ "clusterArns": arns }))
}

fn list_services(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let cluster = text(parameters, "cluster")?;
    cluster_is_there(account, cluster)?;
    let mine = account.resources.of_kind("ecs_service").filter(|service| service.doc["clusterArn"] == cluster);
    Ok(json!({ "serviceArns": mine.map(|service| service.doc["serviceArn"].clone()).collect::<Vec<_>>() }))
}

fn list_tasks(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let cluster = text(parameters, "cluster")?;
    if let Some(name) = parameters.get("serviceName").and_then(Value::as_str) {
        let doc = account.doc(id_of(cluster, name).as_str(), UNKNOWN)?;
        return Ok(json!({ "taskArns": path::texts(doc, "Tasks[].taskArn") }));
    }
    let mine = |doc: &Value| {
        let status = parameters.get("desiredStatus").and_then(Value::as_str).unwrap_or("RUNNING");
        doc["clusterArn"] == cluster
            && doc["desiredStatus"] == status
            && parameters.get("startedBy").is_none_or(|by| doc["startedBy"] == *by)
    };
    let alone = account.resources.of_kind("ecs_task").filter(|task| mine(&task.doc)).map(|task| task.doc["taskArn"].clone());
    let mut found: Vec<Value> = alone.collect();
    if ["startedBy", "desiredStatus"].iter().all(|narrower| !parameters.contains_key(*narrower)) {
        let here = account.resources.of_kind("ecs_service").filter(|service| service.doc["clusterArn"] == cluster);
        found.extend(here.flat_map(|service| path::texts(&service.doc, "Tasks[].taskArn")).map(Value::from));
    }
    Ok(json!({ "taskArns": found }))
}

fn tasks(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let wanted = some(parameters, "tasks")?;
    let of_services = account.resources.of_kind("ecs_service").flat_map(|service| {
        let list = service.doc["Tasks"].as_array().into_iter().flatten();
        list.map(move |task| shown(task, &service.doc["clusterArn"], &format!("service:{}", service.name)))
    });
    let alone = account.resources.of_kind("ecs_task").map(|task| Value::clone(&task.doc));
    let found: Vec<Value> = of_services.chain(alone).filter(|task| wanted.iter().any(|arn| task["taskArn"] == arn.as_str())).collect();
    let missing = wanted.iter().filter(|arn| !found.iter().any(|task| task["taskArn"] == arn.as_str()));
    let missing: Vec<Value> = missing.map(|arn| json!({ "arn": arn, "reason": "MISSING" })).collect();
    Ok(json!({ "tasks": found, "failures": missing }))
}

/// A service's task as AWS shows it.
fn shown(task: &Value, cluster: &Value, group: &str) -> Value {
    let details = json!([{ "name": "networkInterfaceId", "value": task["NetworkInterfaceId"] }, { "name": "privateIPv4Address", "value": task["PrivateIp"] }]);
    json!({ "taskArn": task["taskArn"], "clusterArn": cluster, "group": group, "lastStatus": "RUNNING", "desiredStatus": "RUNNING",
        "attachments": [{ "type": "ElasticNetworkInterface", "status": "ATTACHED", "details": details }] })
}
