//! Agents of a simulated account: who is connected, and what answers a command.

use serde_json::{Value, json};

use super::last_part;
use crate::kinds::effects::{some, text};
use crate::kinds::{Effect, Read};
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::facet::Role;
use crate::model::network::{Peer, Ports};
use crate::model::path;
use crate::model::resource::Resource;

pub(super) const EFFECTS: &[(&str, Effect)] = &[("ssm:SendCommand", send)];
pub(super) const READS: &[(&str, Read)] =
    &[("ssm:DescribeInstanceInformation", information), ("ssm:ListCommands", commands), ("ssm:ListCommandInvocations", invocations)];

/// Managed policies that let an agent register; the second is the older one (Systems Manager guide, "instance permissions").
pub const CORE: [&str; 2] = ["AmazonSSMManagedInstanceCore", "AmazonEC2RoleforSSM"];
/// Seconds until an agent notices new permissions; AWS says up to 30 minutes.
pub(super) const AGENT_S: u64 = 120;
/// Seconds that a command takes.
const COMMAND_S: u64 = 2;

/// Whether an instance's agent may register: by its role's policies, or because it was seen to. Where nobody could look
/// at either, a simulated account gives it the benefit of the doubt: the plan warns of it.
fn allowed(doc: &Value) -> bool {
    let unseen = doc.get("SessionManager").is_none() && path::first(doc, "Profile.AttachedPolicies").is_none();
    if unseen && !doc["IamInstanceProfile"].is_null() {
        return true;
    }
    let policies = path::texts(doc, "Profile.AttachedPolicies[].PolicyArn");
    policies.iter().any(|arn| CORE.contains(&last_part(arn))) || path::text(doc, "SessionManager.PingStatus") == "Online"
}

/// A copy that is launched with the profile of another has what that one has.
pub fn inherit(account: &Account, doc: &mut Value) {
    let wanted = &doc["IamInstanceProfile"];
    let name = wanted["Name"].as_str().or(wanted["Arn"].as_str().map(last_part)).unwrap_or_default().to_owned();
    if let Some(profile) = super::iam::profile(account, &name) {
        doc["IamInstanceProfile"] = json!({ "Arn": profile["Arn"] });
        doc["Profile"] = profile;
    }
    let alike = |r: &&Resource| r.doc["IamInstanceProfile"]["Arn"] == doc["IamInstanceProfile"]["Arn"];
    if let Some(other) = account.resources.telling("ec2_instance", "SessionManager").find(alike) {
        doc["SessionManager"] = other.doc["SessionManager"].clone();
    }
}

/// Whether its agent is connected now.
fn online(account: &Account, doc: &Value) -> bool {
    let ready = doc["UntilMs"].as_u64().unwrap_or(0) <= account.now_ms;
    let runs = path::text(doc, "State.Name") == "running" && doc["Agent"] != "none";
    runs && ready && allowed(doc) && ["ssm", "ssmmessages"].iter().all(|service| reaches(account, doc, service))
}

/// By an endpoint whose private DNS stands before the service's public name, or by the internet.
fn reaches(account: &Account, doc: &Value, service: &str) -> bool {
    let name = format!(".{service}");
    let named = |e: &&Resource| {
        let private = e.doc["PrivateDnsEnabled"] == true && e.doc["State"] == "available";
        private && path::text(&e.doc, "ServiceName").ends_with(&name)
    };
    match account.with_role(Role::Endpoint).find(named) {
        Some(endpoint) => endpoint.groups().iter().any(|group| admits(account, group.as_str(), doc)),
        None => internet(account, doc),
    }
}

/// Whether a group lets an instance in on 443.
fn admits(account: &Account, group: &str, doc: &Value) -> bool {
    let worn = path::texts(doc, "SecurityGroups[].GroupId");
    let address: Option<std::net::IpAddr> = path::text(doc, "PrivateIpAddress").parse().ok();
    let rules = account.resources.get(&group.into()).and_then(|r| r.facets.rules.as_ref());
    rules.is_some_and(|rules| {
        rules.ingress.iter().filter(|rule| rule.ports.cover(&Ports::tcp(443))).any(|rule| match &rule.peer {
            Peer::Cidr(net) => address.is_some_and(|address| net.contains(&address)),
            Peer::Group(id) => worn.iter().any(|group| group == id.as_str()),
            Peer::PrefixList(_) => false,
        })
    })
}

fn internet(account: &Account, doc: &Value) -> bool {
    let Some(target) = account.default_route(path::text(doc, "SubnetId")) else { return false };
    if target.starts_with("nat-") {
        return account.doc(&target, "NotFound").is_ok_and(|nat| nat["State"] == "available");
    }
    target.starts_with("igw-") && doc["PublicIpAddress"].is_string()
}

fn moment(ms: u64) -> String {
    jiff::Timestamp::from_millisecond(i64::try_from(ms).unwrap_or_default()).unwrap_or_default().to_string()
}

/// An instance whose agent never registered is not listed; one that was seen and is silent has lost its connection.
fn information(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let filters = parameters.get("Filters").cloned().unwrap_or_else(|| json!([]));
    let wanted = path::texts(&filters, "[Key=InstanceIds].Values[]");
    let mut out = Vec::new();
    for instance in account.resources.of_kind("ec2_instance").filter(|r| wanted.is_empty() || wanted.contains(&r.id.to_string())) {
        let on = online(account, &instance.doc);
        let known = on || !instance.doc["SessionManager"]["PingStatus"].is_null();
        if known && path::text(&instance.doc, "State.Name") != "terminated" {
            out.push(json!({ "InstanceId": instance.id.as_str(), "PingStatus": if on { "Online" } else { "ConnectionLost" },
                "LastPingDateTime": moment(if on { account.now_ms } else { 0 }), "PlatformType": "Linux", "ResourceType": "EC2Instance" }));
        }
    }
    Ok(json!({ "InstanceInformationList": out }))
}

fn send(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let document = text(parameters, "DocumentName")?.to_owned();
    let instances = some(parameters, "InstanceIds")?;
    if !["AWS-RunShellScript", "AWS-RunPowerShellScript"].contains(&document.as_str()) {
        return Err(Refusal::new("InvalidDocument", format!("Document with name {document} does not exist.")));
    }
    for id in &instances {
        if !account.doc(id, "InvalidInstanceId").is_ok_and(|doc| online(account, doc)) {
            let words = format!("Instances [[{id}]] not in a valid state for account {}", account.account);
            return Err(Refusal::new("InvalidInstanceId", words));
        }
    }
    let id = account.new_id("command");
    let doc = json!({ "CommandId": id.as_str(), "DocumentName": document, "InstanceIds": instances, "Status": "Pending",
        "Comment": parameters.get("Comment").cloned().unwrap_or_default() });
    account.insert("ssm_command", Role::Bystander, id.clone(), doc.clone());
    account.later(&id, COMMAND_S, "/Status", json!("Success"));
    Ok(json!({ "Command": doc }))
}

/// The commands of a simulated account that were sent to an instance, or are this one.
fn sent<'a>(account: &'a Account, parameters: &'a Object) -> impl Iterator<Item = &'a Value> {
    let is = |key: &str, found: &dyn Fn(&str) -> bool| parameters.get(key).and_then(Value::as_str).is_none_or(found);
    account.resources.of_kind("ssm_command").map(|r| &*r.doc).filter(move |doc| {
        is("CommandId", &|id| doc["CommandId"] == id) && is("InstanceId", &|id| path::texts(doc, "InstanceIds[]").iter().any(|i| i == id))
    })
}

fn commands(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    Ok(json!({ "Commands": sent(account, parameters).collect::<Vec<_>>() }))
}

fn invocations(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let one = |doc: &Value| {
        let each = path::texts(doc, "InstanceIds[]").into_iter();
        each.map(|id| json!({ "CommandId": doc["CommandId"], "InstanceId": id, "Status": doc["Status"] })).collect::<Vec<_>>()
    };
    Ok(json!({ "CommandInvocations": sent(account, parameters).flat_map(one).collect::<Vec<_>>() }))
}
