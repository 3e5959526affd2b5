//! Auto Scaling groups and launch template versions of a simulated account.

use serde_json::{Value, json};

use super::{BASICS, data_of, groups, pruned, subnets, template};
use crate::kinds::effects::{list, some, text};
use crate::kinds::{Effect, Read, target_group};
use crate::model::account::{Account, Change};
use crate::model::call::{Object, Refusal};
use crate::model::facet::Role;
use crate::model::id::Id;
use crate::model::path;

pub(super) const EFFECTS: &[(&str, Effect)] = &[
    ("ec2:CreateLaunchTemplateVersion", create_version),
    ("ec2:DeleteLaunchTemplateVersions", delete_versions),
    ("autoscaling:UpdateAutoScalingGroup", update),
    ("autoscaling:SuspendProcesses", suspend),
    ("autoscaling:ResumeProcesses", resume),
    ("autoscaling:StartInstanceRefresh", start),
    ("autoscaling:CancelInstanceRefresh", cancel),
];

pub(super) const READS: &[(&str, Read)] =
    &[("ec2:DescribeLaunchTemplateVersions", describe_versions), ("autoscaling:DescribeInstanceRefreshes", describe_refreshes)];

const UNKNOWN: &str = "ValidationError";
const ACTIVE: [&str; 3] = ["Pending", "InProgress", "Cancelling"];
/// Seconds per instance that a refresh takes.
const INSTANCE_S: u64 = 300;

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(UNKNOWN, message.into())
}

fn find(account: &Account, parameters: &Object) -> Result<Id, Refusal> {
    let name = text(parameters, "AutoScalingGroupName")?;
    let id = Id::new(format!("asg:{name}"));
    account.doc(id.as_str(), UNKNOWN).map_err(|_| invalid(format!("AutoScalingGroup name not found - null {name}")))?;
    Ok(id)
}

/// The versions of a template that are known, oldest first: what groups use, and what was made.
fn versions(account: &Account, template_id: &str) -> Vec<Value> {
    let used = account.resources.of_kind("auto_scaling_group").filter(|group| {
        let spec = template(&group.doc).map(|spec| spec["LaunchTemplateId"] == template_id);
        spec == Some(true) && group.doc["Template"].is_object()
    });
    let mut all: Vec<Value> = used.map(|group| group.doc["Template"].clone()).collect();
    let made = account.resources.of_kind("launch_template_version").filter(|version| version.doc["LaunchTemplateId"] == template_id);
    all.extend(made.map(|version| Value::clone(&version.doc)));
    all.sort_by_key(|version| (version["VersionNumber"].as_u64(), version["VersionDescription"].is_null()));
    all.dedup_by(|a, b| a["VersionNumber"] == b["VersionNumber"]);
    all
}

/// The version that a specification means.
fn meant(account: &Account, template_id: &str, version: &str) -> Result<Value, Refusal> {
    let all = versions(account, template_id);
    let found = match version {
        "$Latest" => all.last(),
        "$Default" => all.first(),
        number => all.iter().find(|v| v["VersionNumber"].as_u64() == number.parse().ok()),
    };
    found
        .cloned()
        .ok_or_else(|| Refusal::new("InvalidLaunchTemplateId.VersionNotFound", format!("Could not find launch template version {version}")))
}

fn known_template(account: &Account, parameters: &Object) -> Result<String, Refusal> {
    let id = text(parameters, "LaunchTemplateId")?.to_owned();
    if versions(account, &id).is_empty() {
        return Err(Refusal::new(
            "InvalidLaunchTemplateId.NotFound",
            format!("The specified launch template, with template ID {id}, does not exist."),
        ));
    }
    Ok(id)
}

/// A version as AWS shows it.
fn shown(version: &Value, template_id: &str) -> Value {
    json!({ "LaunchTemplateId": template_id, "VersionNumber": version["VersionNumber"], "VersionDescription": version["VersionDescription"],
        "DefaultVersion": version["VersionNumber"] == 1,
        "LaunchTemplateData": data_of(version) })
}

fn create_version(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let template_id = known_template(account, parameters)?;
    let data = parameters.get("LaunchTemplateData").cloned().unwrap_or_default();
    if !data.is_object() {
        return Err(Refusal::new("MissingParameter", "The request must contain the parameter LaunchTemplateData"));
    }
    let mut version = match parameters.get("SourceVersion").and_then(Value::as_str) {
        Some(source) => meant(account, &template_id, source)?,
        None => json!({}),
    };
    for key in BASICS.into_iter().chain(["SecurityGroupIds", "NetworkInterfaces"]) {
        if !data[key].is_null() {
            version[key] = data[key].clone();
        }
    }
    let both = ["SecurityGroupIds", "NetworkInterfaces"].iter().all(|key| version[*key].as_array().is_some_and(|list| !list.is_empty()));
    if both {
        let words = "Network interfaces and an instance-level security groups may not be specified on the same request";
        return Err(Refusal::new("InvalidParameterCombination", words));
    }
    for group in groups(&version) {
        account.doc(&group, "InvalidGroup.NotFound")?;
    }
    // A number is never given twice, not even when its version is gone.
    let last = versions(account, &template_id).last().and_then(|v| v["VersionNumber"].as_u64()).unwrap_or(0);
    account.serial += 1;
    let number = last + 1;
    version["VersionNumber"] = json!(number);
    version["VersionDescription"] = parameters.get("VersionDescription").cloned().unwrap_or_default();
    version["LaunchTemplateId"] = json!(template_id);
    account.insert("launch_template_version", Role::Bystander, Id::new(format!("{template_id}:{number}")), version.clone());
    Ok(json!({ "LaunchTemplateVersion": shown(&version, &template_id) }))
}

fn delete_versions(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let template_id = known_template(account, parameters)?;
    for number in some(parameters, "Versions")? {
        account.remove(&Id::new(format!("{template_id}:{number}")));
    }
    Ok(json!({ "SuccessfullyDeletedLaunchTemplateVersions": [], "UnsuccessfullyDeletedLaunchTemplateVersions": [] }))
}

fn describe_versions(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let template_id = known_template(account, parameters)?;
    let found = match list(parameters, "Versions") {
        wanted if wanted.is_empty() => versions(account, &template_id),
        wanted => wanted.iter().map(|version| meant(account, &template_id, version)).collect::<Result<_, _>>()?,
    };
    Ok(json!({ "LaunchTemplateVersions": found.iter().map(|version| shown(version, &template_id)).collect::<Vec<_>>() }))
}

fn update(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = find(account, parameters)?;
    let mut doc = account.doc(id.as_str(), UNKNOWN)?.clone();
    if let Some(zones) = parameters.get("VPCZoneIdentifier").and_then(Value::as_str) {
        for subnet in zones.split(',') {
            account.doc(subnet, UNKNOWN).map_err(|_| invalid(format!("The subnet ID '{subnet}' does not exist")))?;
        }
        doc["VPCZoneIdentifier"] = json!(zones);
    }
    if let Some(spec) = parameters.get("LaunchTemplate") {
        if active(account, &id).is_some() {
            return Err(invalid(
                "An active instance refresh with a desired configuration exists. All configuration options derived from the desired configuration are not available for update while the instance refresh is active.",
            ));
        }
        let template_id = path::text(spec, "LaunchTemplateId").to_owned();
        let version = path::text(spec, "Version").to_owned();
        let found = meant(account, &template_id, &version)
            .map_err(|refusal| invalid(format!("You must use a valid fully-formed launch template. {}", refusal.message)))?;
        remember(account, &doc);
        doc["Template"] = pruned(&json!({ "VersionNumber": found["VersionNumber"], "LaunchTemplateData": found }));
        doc["LaunchTemplate"]["LaunchTemplateId"] = json!(template_id);
        doc["LaunchTemplate"]["Version"] = json!(version);
    }
    *account.edit(id.as_str(), UNKNOWN)? = doc;
    Ok(json!({}))
}

/// A version that no group uses any more is still there.
fn remember(account: &mut Account, group: &Value) {
    let template_id = template(group).map(|spec| path::text(spec, "LaunchTemplateId").to_owned()).unwrap_or_default();
    let id = Id::new(format!("{template_id}:{}", group["Template"]["VersionNumber"]));
    if account.resources.get(&id).is_none() {
        let mut version = group["Template"].clone();
        version["LaunchTemplateId"] = json!(template_id);
        account.insert("launch_template_version", Role::Bystander, id, version);
    }
}

fn processes(account: &mut Account, parameters: &Object, off: bool) -> Result<Value, Refusal> {
    let id = find(account, parameters)?;
    let named = list(parameters, "ScalingProcesses");
    let doc = account.edit(id.as_str(), UNKNOWN)?;
    let mut now: Vec<Value> = doc["SuspendedProcesses"].as_array().cloned().unwrap_or_default();
    now.retain(|process| !named.iter().any(|name| process["ProcessName"] == name.as_str()));
    if off {
        now.extend(named.iter().map(|name| json!({ "ProcessName": name, "SuspensionReason": "User suspended" })));
    }
    doc["SuspendedProcesses"] = json!(now);
    Ok(json!({}))
}

fn suspend(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    processes(account, parameters, true)
}

fn resume(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    processes(account, parameters, false)
}

/// The refresh of a group that is under way.
fn active(account: &Account, group: &Id) -> Option<Id> {
    let mine = account.resources.of_kind("instance_refresh").filter(|refresh| refresh.doc["Group"] == group.as_str());
    mine.filter(|refresh| ACTIVE.iter().any(|status| refresh.doc["Status"] == *status)).map(|refresh| refresh.id.clone()).next()
}

fn preferences_are_valid(preferences: &Value) -> Result<(), Refusal> {
    let (least, most) = (preferences["MinHealthyPercentage"].as_u64().unwrap_or(90), preferences["MaxHealthyPercentage"].as_u64());
    match most {
        Some(most) if !(100..=200).contains(&most) || most - least.min(most) > 100 => {
            Err(invalid("MaxHealthyPercentage must be between 100 and 200 and at most 100 above MinHealthyPercentage."))
        }
        _ => Ok(()),
    }
}

/// New instances come up beside the old; when they are in service the old go. Subnets are not compared: what matches
/// the template is left alone where matching is skipped.
fn start(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let group = find(account, parameters)?;
    if active(account, &group).is_some() {
        return Err(Refusal::new(
            "InstanceRefreshInProgress",
            "An Instance Refresh is already in progress and blocks the execution of this Instance Refresh.",
        ));
    }
    let preferences = parameters.get("Preferences").cloned().unwrap_or_default();
    preferences_are_valid(&preferences)?;
    let doc = account.doc(group.as_str(), UNKNOWN)?.clone();
    if let Some(spec) = parameters.get("DesiredConfiguration").map(|desired| &desired["LaunchTemplate"]).filter(|spec| spec.is_object()) {
        meant(account, path::text(spec, "LaunchTemplateId"), path::text(spec, "Version")).map_err(|refusal| invalid(refusal.message))?;
    }
    let number = doc["Template"]["VersionNumber"].to_string();
    let old: Vec<Value> = doc["Instances"].as_array().cloned().unwrap_or_default();
    let matches = |instance: &Value| preferences["SkipMatching"] == true && instance["LaunchTemplate"]["Version"] == number.as_str();
    let (stay, go): (Vec<Value>, Vec<Value>) = old.into_iter().partition(matches);
    let wanted = usize::try_from(doc["DesiredCapacity"].as_u64().unwrap_or(0)).unwrap_or(0).saturating_sub(stay.len());
    let mut new = Vec::new();
    for at in 0..wanted {
        new.push(launch(account, &doc, at)?);
    }
    let seconds = INSTANCE_S * wanted as u64 + 30;
    exchange(account, &doc, &go, &new, seconds)?;
    let after: Vec<Value> = stay.iter().chain(&new).cloned().collect();
    let meanwhile: Vec<Value> = stay.iter().chain(&go).chain(&new).cloned().collect();
    account.edit(group.as_str(), UNKNOWN)?["Instances"] = json!(meanwhile);
    account.later(&group, seconds, "/Instances", json!(after));
    let id = account.new_id("refresh");
    let refresh = json!({ "InstanceRefreshId": id.as_str(), "AutoScalingGroupName": doc["AutoScalingGroupName"], "Group": group.as_str(),
        "Status": "InProgress", "Number": account.serial, "New": new });
    account.insert("instance_refresh", Role::Bystander, id.clone(), refresh);
    account.later(&id, seconds, "/Status", json!("Successful"));
    Ok(json!({ "InstanceRefreshId": id.as_str() }))
}

/// An instance as the group's template and subnets say.
fn launch(account: &mut Account, group: &Value, at: usize) -> Result<Value, Refusal> {
    let homes = subnets(group);
    let subnet = &homes[at % homes.len().max(1)];
    let worn = groups(&group["Template"]);
    let id = account.new_id("i");
    let attachment = json!({ "InstanceId": id.as_str(), "DeviceIndex": 0, "Status": "attached" });
    let zone = account.doc(subnet, UNKNOWN)?["AvailabilityZone"].clone();
    let asked = path::first(&group["Template"], "NetworkInterfaces[0].AssociatePublicIpAddress").and_then(Value::as_bool);
    let public = asked.unwrap_or(account.doc(subnet, UNKNOWN)?["MapPublicIpOnLaunch"] == true);
    let address = json!({ "PublicIp": format!("203.0.113.{}", account.serial % 250 + 1), "IpOwnerId": "amazon" });
    let association = if public { address } else { Value::Null };
    let more = json!({ "RequesterManaged": false, "Attachment": attachment, "Association": association });
    let interface = account.add_interface(subnet, &worn, "", more)?;
    let ip = account.doc(interface.as_str(), UNKNOWN)?["PrivateIpAddress"].clone();
    let tags = json!([{ "Key": "aws:autoscaling:groupName", "Value": group["AutoScalingGroupName"] }]);
    let doc = json!({ "InstanceId": id.as_str(), "VpcId": account.vpc.as_str(), "SubnetId": subnet, "Placement": { "AvailabilityZone": zone },
        "State": { "Name": "running" }, "SecurityGroups": worn.iter().map(|g| json!({ "GroupId": g })).collect::<Vec<_>>(), "PrivateIpAddress": ip,
        "PublicIpAddress": association["PublicIp"], "NetworkInterfaces": [{ "NetworkInterfaceId": interface.as_str(), "Association": association }],
        "Volumes": [], "Tags": tags });
    account.insert("ec2_instance", Role::Bystander, id.clone(), doc);
    let version = json!({ "LaunchTemplateId": group["LaunchTemplate"]["LaunchTemplateId"], "Version": group["Template"]["VersionNumber"].to_string() });
    Ok(json!({ "InstanceId": id.as_str(), "AvailabilityZone": zone, "LifecycleState": "InService", "HealthStatus": "Healthy",
        "LaunchTemplate": version, "ProtectedFromScaleIn": false }))
}

/// Some instances come, others go after a while; in the target groups too.
fn exchange(account: &mut Account, group: &Value, go: &[Value], new: &[Value], seconds: u64) -> Result<(), Refusal> {
    for arn in path::texts(group, "TargetGroupARNs[]") {
        let targets = |instances: &[Value]| -> Object {
            let list: Vec<Value> = instances.iter().map(|instance| json!({ "Id": instance["InstanceId"] })).collect();
            json!({ "TargetGroupArn": arn, "Targets": list }).as_object().cloned().unwrap_or_default()
        };
        target_group::register(account, &targets(new))?;
        target_group::deregister(account, &targets(go))?;
    }
    for instance in go {
        gone(account, path::text(instance, "InstanceId"), seconds);
    }
    Ok(())
}

fn gone(account: &mut Account, instance: &str, seconds: u64) {
    let id = Id::from(instance);
    let interfaces: Vec<Id> = account.interfaces_of(&id).map(|interface| interface.id.clone()).collect();
    for part in interfaces.iter().chain([&id]) {
        account.remove_later(part, seconds);
    }
}

/// What the refresh has not finished stays as it was; what it launched goes.
fn cancel(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let group = find(account, parameters)?;
    let name = text(parameters, "AutoScalingGroupName")?.to_owned();
    let id = active(account, &group).ok_or_else(|| {
        let words = format!("No in progress or pending Instance Refresh found for Auto Scaling group {name}");
        Refusal::new("ActiveInstanceRefreshNotFound", words)
    })?;
    let new = account.doc(id.as_str(), UNKNOWN)?["New"].as_array().cloned().unwrap_or_default();
    let is_new = |instance: &Value| new.iter().any(|n| n["InstanceId"] == instance["InstanceId"]);
    let all = account.doc(group.as_str(), UNKNOWN)?["Instances"].as_array().cloned().unwrap_or_default();
    let old: Vec<Value> = all.into_iter().filter(|instance| !is_new(instance)).collect();
    for instance in &old {
        let instance = Id::from(path::text(instance, "InstanceId"));
        let interfaces: Vec<Id> = account.interfaces_of(&instance).map(|interface| interface.id.clone()).collect();
        interfaces.iter().chain([&instance]).for_each(|part| account.keep(part));
    }
    account.transitions.retain(|t| t.id != group || !matches!(&t.change, Change::Set(at, _) if at == "/Instances"));
    let doc = account.doc(group.as_str(), UNKNOWN)?.clone();
    exchange(account, &doc, &new, &old, 30)?;
    account.edit(group.as_str(), UNKNOWN)?["Instances"] = json!(old);
    account.edit(id.as_str(), UNKNOWN)?["Status"] = json!("Cancelling");
    account.later(&id, 30, "/Status", json!("Cancelled"));
    Ok(json!({ "InstanceRefreshId": id.as_str() }))
}

fn describe_refreshes(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let group = find(account, parameters)?;
    let wanted = list(parameters, "InstanceRefreshIds");
    let mine = account.resources.of_kind("instance_refresh").map(|refresh| &*refresh.doc).filter(|doc| doc["Group"] == group.as_str());
    let mut found: Vec<&Value> =
        mine.filter(|doc| wanted.is_empty() || wanted.iter().any(|id| doc["InstanceRefreshId"] == id.as_str())).collect();
    found.sort_by_key(|doc| std::cmp::Reverse(doc["Number"].as_u64()));
    let shown = |doc: &&Value| json!({ "InstanceRefreshId": doc["InstanceRefreshId"], "AutoScalingGroupName": doc["AutoScalingGroupName"], "Status": doc["Status"] });
    Ok(json!({ "InstanceRefreshes": found.iter().map(shown).collect::<Vec<_>>() }))
}
