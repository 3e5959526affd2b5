//! A target group: who serves behind a balancer.
//!
//! The targets move with the instances that they are; the group itself is never changed. A deregistered target drains
//! for the group's deregistration delay (300 s by default). Health checks come from the balancer's nodes: the target's
//! groups must let the balancer's groups in, which a simulated account checks, as AWS's health checks would.

use serde_json::{Value, json};

use super::effects::text;
use super::{Effect, Follow, Kind, Listing, Read, Scope};
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::facet::{Facets, Role, Target, Targets};
use crate::model::id::Id;
use crate::model::network::{Peer, Ports, Protocol};
use crate::model::path;
use crate::model::resource::{Doc, Resource, tags_of};

pub struct TargetGroup;

fn by_arn(docs: &[&Value]) -> Option<Value> {
    Some(json!({ "TargetGroupArn": docs[0]["TargetGroupArn"] }))
}

static LISTING: Listing = Listing {
    operation: "elasticloadbalancing:DescribeTargetGroups",
    documents: "TargetGroups[]",
    scope: Scope::Region,
    with: super::listing::nothing,
    ids: ("TargetGroupArns", "TargetGroupArn", "TargetGroupNotFound"),
    follow: &[
        Follow {
            operation: "elasticloadbalancing:DescribeTargetHealth",
            result: "TargetHealthDescriptions",
            parameters: by_arn,
            batch: 1,
            merge: |doc, answer| doc["TargetHealthDescriptions"] = answer["TargetHealthDescriptions"].clone(),
        },
        Follow {
            operation: "elasticloadbalancing:DescribeTargetGroupAttributes",
            result: "Attributes",
            parameters: by_arn,
            batch: 1,
            merge: |doc, answer| {
                if let Some(seconds) = path::first(answer, "Attributes[Key=deregistration_delay.timeout_seconds].Value") {
                    doc["DeregistrationDelay"] = seconds.clone();
                }
            },
        },
    ],
};

/// `tg:app` from `arn:…:targetgroup/app/…`.
pub(super) fn id_of_arn(arn: &str) -> Id {
    Id::new(format!("tg:{}", arn.split('/').nth(1).unwrap_or(arn)))
}

/// On what its targets are sent traffic, where that is not TCP alone.
fn transports(doc: &Value) -> Vec<Protocol> {
    let transports = super::load_balancer::transports(path::text(doc, "Protocol"));
    if transports == [Protocol::Tcp] { Vec::new() } else { transports.to_vec() }
}

/// Seconds until a registered target has passed its first health checks.
const FIRST_CHECKS_S: u64 = 30;

fn find(account: &Account, parameters: &Object) -> Result<Id, Refusal> {
    let arn = text(parameters, "TargetGroupArn")?;
    let found = account.resources.get(&id_of_arn(arn)).filter(|group| group.doc["TargetGroupArn"] == arn).map(|group| group.id.clone());
    found.ok_or_else(|| Refusal::new("TargetGroupNotFound", "One or more target groups not found"))
}

pub(super) fn register(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = find(account, parameters)?;
    let targets = parameters.get("Targets").and_then(Value::as_array).cloned().unwrap_or_default();
    let now = account.now_ms;
    for target in &targets {
        let name = path::text(target, "Id");
        if name.starts_with("i-") && account.doc(name, "InvalidTarget").map(|doc| path::text(doc, "State.Name") != "running")? {
            return Err(Refusal::new(
                "InvalidTarget",
                format!("The following targets are not in a running state and cannot be registered: '{name}'"),
            ));
        }
    }
    let doc = account.edit(id.as_str(), "TargetGroupNotFound")?;
    let port = doc["Port"].clone();
    let list = doc["TargetHealthDescriptions"].as_array_mut().expect("a target group lists its targets");
    for target in targets {
        list.retain(|d| d["Target"]["Id"] != target["Id"]);
        let port = target.get("Port").filter(|p| !p.is_null()).cloned().unwrap_or(port.clone());
        list.push(json!({ "Target": { "Id": target["Id"], "Port": port }, "TargetHealth": { "State": "initial" }, "SinceMs": now }));
    }
    Ok(json!({}))
}

pub(super) fn deregister(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = find(account, parameters)?;
    let gone = path::texts(&parameters.get("Targets").cloned().unwrap_or_default(), "[].Id");
    let now = account.now_ms;
    let doc = account.edit(id.as_str(), "TargetGroupNotFound")?;
    let delay = doc["DeregistrationDelay"].as_str().and_then(|s| s.parse::<u64>().ok()).unwrap_or(300);
    for description in doc["TargetHealthDescriptions"].as_array_mut().into_iter().flatten() {
        if gone.iter().any(|id| description["Target"]["Id"] == id.as_str()) {
            description["TargetHealth"] = json!({ "State": "draining" });
            description["UntilMs"] = json!(now + delay * 1000);
        }
    }
    Ok(json!({}))
}

fn health(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = find(account, parameters)?;
    let group = &account.resources[&id];
    let wanted = parameters.get("Targets").map(|targets| path::texts(targets, "[].Id"));
    let mut out = Vec::new();
    for description in group.doc["TargetHealthDescriptions"].as_array().into_iter().flatten() {
        let target = path::text(description, "Target.Id");
        let over = description["UntilMs"].as_u64().is_some_and(|until| account.now_ms >= until);
        if over || wanted.as_ref().is_some_and(|wanted| !wanted.iter().any(|id| id == target)) {
            continue;
        }
        let state = if description["UntilMs"].is_null() { state_of(account, group, description) } else { "draining" };
        let mut told = json!({ "TargetHealth": { "State": state } });
        told["Target"] = description["Target"].clone();
        out.push(told);
    }
    let mut answer = json!({});
    answer["TargetHealthDescriptions"] = Value::Array(out);
    Ok(answer)
}

/// What the balancer's health checks would find.
fn state_of(account: &Account, group: &Resource, description: &Value) -> &'static str {
    let target = path::text(description, "Target.Id");
    let balancers: Vec<&Resource> = account.resources.balancers_of(&group.id).collect();
    if balancers.is_empty() {
        return "unused";
    }
    let address = || account.resources.having("network_interface", "PrivateIpAddress", target).next();
    let found = account.resources.get(&Id::from(target)).or_else(|| address().filter(|_| !target.starts_with("i-")));
    let Some(found) = found else {
        return if target.starts_with("i-") { "unused" } else { "healthy" };
    };
    if found.role != Role::Interface && path::text(&found.doc, "State.Name") != "running" {
        return "unused";
    }
    if description["SinceMs"].as_u64().is_some_and(|since| account.now_ms < since + FIRST_CHECKS_S * 1000) {
        return "initial";
    }
    if !balancers.iter().any(|balancer| is_enabled(balancer, zone_of(found))) {
        return "unused";
    }
    let own = description["Target"]["Port"].as_u64().and_then(|p| u16::try_from(p).ok()).unwrap_or(80);
    let port = path::text(&group.doc, "HealthCheckPort").parse().unwrap_or(own);
    if balancers.iter().all(|balancer| admits(account, found, balancer, port)) { "healthy" } else { "unhealthy" }
}

/// The zone of an instance or an interface.
fn zone_of(target: &Resource) -> &str {
    path::text(&target.doc, if target.role == Role::Interface { "AvailabilityZone" } else { "Placement.AvailabilityZone" })
}

/// A balancer reaches targets in the zones only that it is in (ELB guides, target groups).
fn is_enabled(balancer: &Resource, zone: &str) -> bool {
    path::texts(&balancer.doc, "AvailabilityZones[].ZoneName").iter().any(|enabled| enabled == zone)
}

/// Whether a group of the target lets the balancer in on a port, by its groups or by its nodes' addresses.
pub(super) fn admits(account: &Account, target: &Resource, balancer: &Resource, port: u16) -> bool {
    let worn = path::texts(&target.doc, if target.role == Role::Interface { "Groups[].GroupId" } else { "SecurityGroups[].GroupId" });
    let from = path::texts(&balancer.doc, "SecurityGroups[]");
    let nodes = || account.interfaces_of(&balancer.id).filter_map(|i| i.doc["PrivateIpAddress"].as_str()?.parse::<std::net::IpAddr>().ok());
    let rules = worn
        .iter()
        .filter_map(|group| account.resources.get(&Id::from(group.as_str()))?.facets.rules.as_ref())
        .flat_map(|rules| &rules.ingress);
    rules.filter(|rule| rule.ports.cover(&Ports::tcp(port))).any(|rule| match &rule.peer {
        Peer::Group(id) => from.iter().any(|group| group == id.as_str()),
        Peer::Cidr(net) => nodes().all(|node| net.contains(&node)),
        Peer::PrefixList(_) => false,
    })
}

fn attributes(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = find(account, parameters)?;
    let delay = account.doc(id.as_str(), "TargetGroupNotFound")?["DeregistrationDelay"].as_str().unwrap_or("300");
    Ok(json!({ "Attributes": [{ "Key": "deregistration_delay.timeout_seconds", "Value": delay }] }))
}

impl Kind for TargetGroup {
    fn name(&self) -> &'static str {
        "target_group"
    }

    fn listing(&self) -> Option<&'static Listing> {
        Some(&LISTING)
    }

    fn parse(&self, doc: &Doc, vpc: &Id) -> Option<Resource> {
        if doc["VpcId"] != vpc.as_str() {
            return None;
        }
        let name = doc["TargetGroupName"].as_str()?;
        let member = |d: &Value| {
            let port = d["Target"]["Port"].as_u64().or(doc["Port"].as_u64()).and_then(|p| u16::try_from(p).ok()).unwrap_or(0);
            let health = path::text(d, "TargetHealth.State");
            (health != "draining").then(|| Target { target: path::text(d, "Target.Id").to_owned(), port, health: health.to_owned() })
        };
        let members: Vec<Target> = doc["TargetHealthDescriptions"].as_array().into_iter().flatten().filter_map(member).collect();
        Some(Resource {
            id: id_of_arn(path::text(doc, "TargetGroupArn")),
            kind: self.name().to_owned(),
            role: Role::TargetGroup,
            name: name.to_owned(),
            tags: tags_of(doc),
            facets: Facets {
                targets: Some(Targets {
                    members,
                    health_port: doc["HealthCheckPort"].as_str().and_then(|port| port.parse().ok()),
                    drain_s: doc["DeregistrationDelay"].as_str().and_then(|s| s.parse().ok()).unwrap_or(300),
                    transports: transports(doc),
                }),
                ..Facets::default()
            },
            doc: doc.clone(),
        })
    }

    fn effects(&self) -> &'static [(&'static str, Effect)] {
        &[("elasticloadbalancing:RegisterTargets", register), ("elasticloadbalancing:DeregisterTargets", deregister)]
    }

    fn reads(&self) -> &'static [(&'static str, Read)] {
        &[("elasticloadbalancing:DescribeTargetHealth", health), ("elasticloadbalancing:DescribeTargetGroupAttributes", attributes)]
    }
}
