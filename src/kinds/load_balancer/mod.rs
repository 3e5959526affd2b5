//! A load balancer of the second generation: application, network and gateway.
//!
//! Its scheme is immutable: an internet-facing one stays public. Where its subnets turn private it moves first, to new
//! small public subnets (at least 8 free addresses each, one subnet per zone; ELB guide). An internal one stays where it
//! is while its subnets flip, or moves to private subnets. Names keep, addresses change. AWS does not check that the
//! subnets of an internet-facing balancer lead to the internet: the plan does.
//!
//! An application load balancer moves at once (`application.rs`). A network load balancer moves zone by zone, and its
//! addresses are often written down elsewhere (`network.rs`). A gateway load balancer is recognised and left: what it
//! inspects is led to it by route tables, which this program does not change around it.

use serde_json::{Value, json};

use super::build::{Regroup, check, wait};
use super::{Effect, Follow, Kind, Listing, Read, Scope};
use crate::model::facet::{Balancing, Facets, Guard, Placement, Role, Tracking};
use crate::model::id::Id;
use crate::model::network::{Ports, Protocol};
use crate::model::path;
use crate::model::resource::{Doc, Resource, tags_of};
use crate::model::step::{Expect, Stage, Step, Wait};
use crate::model::strategy::{Blocker, Candidate, Scene, Site, Strategy};

mod application;
mod network;
mod simulate;

pub(super) use network::detour;
pub(super) use simulate::{room, wear};

pub struct LoadBalancer;

/// Seconds until nodes in new subnets serve and those in old ones are gone.
const NODES_S: u64 = 180;

fn by_arn(docs: &[&Value]) -> Option<Value> {
    Some(json!({ "LoadBalancerArn": docs[0]["LoadBalancerArn"] }))
}

fn is_network(doc: &Value) -> bool {
    doc["Type"] == "network"
}

/// The key of the attribute by which a node sends to targets in all zones.
const CROSS_ZONE: &str = "load_balancing.cross_zone.enabled";

static LISTING: Listing = Listing {
    operation: "elasticloadbalancing:DescribeLoadBalancers",
    documents: "LoadBalancers[]",
    scope: Scope::Region,
    with: super::listing::nothing,
    ids: ("LoadBalancerArns", "LoadBalancerArn", "LoadBalancerNotFound"),
    follow: &[
        Follow {
            operation: "elasticloadbalancing:DescribeListeners",
            result: "Listeners",
            parameters: by_arn,
            batch: 1,
            merge: |doc, answer| doc["Listeners"] = answer["Listeners"].clone(),
        },
        Follow {
            operation: "elasticloadbalancing:DescribeTags",
            result: "TagDescriptions",
            parameters: |docs| Some(json!({ "ResourceArns": docs.iter().map(|doc| &doc["LoadBalancerArn"]).collect::<Vec<_>>() })),
            batch: 20,
            merge: |doc, answer| {
                let arn = path::text(doc, "LoadBalancerArn").to_owned();
                doc["Tags"] =
                    path::first(answer, &format!("TagDescriptions[ResourceArn={arn}].Tags")).cloned().unwrap_or_else(|| json!([]));
            },
        },
        Follow {
            operation: "elasticloadbalancing:DescribeLoadBalancerAttributes",
            result: "Attributes",
            parameters: |docs| is_network(docs[0]).then(|| by_arn(docs)).flatten(),
            batch: 1,
            merge: |doc, answer| {
                if let Some(on) = path::first(answer, &format!("Attributes[Key={CROSS_ZONE}].Value"))
                    .filter(|on| is_network(doc) && ["true", "false"].contains(&on.as_str().unwrap_or_default()))
                {
                    doc["CrossZone"] = on.clone();
                }
            },
        },
        Follow {
            operation: "ec2:DescribeVpcEndpointServiceConfigurations",
            result: "ServiceConfigurations",
            parameters: |docs| docs.iter().any(|doc| is_network(doc)).then(|| json!({})),
            batch: usize::MAX,
            merge: |doc, answer| {
                let arn = path::text(doc, "LoadBalancerArn").to_owned();
                let of = |service: &&Value| path::texts(service, "NetworkLoadBalancerArns[]").contains(&arn);
                let services = path::select(answer, "ServiceConfigurations[]").into_iter().filter(of);
                if is_network(doc) {
                    doc["EndpointServices"] = services.map(|service| service["ServiceName"].clone()).collect();
                }
            },
        },
    ],
};

/// What a listener's protocol is on the wire; one that takes two is two.
pub(super) fn transports(protocol: &str) -> &'static [Protocol] {
    match protocol {
        "UDP" | "QUIC" | "GENEVE" => &[Protocol::Udp],
        "TCP_UDP" | "TCP_QUIC" => &[Protocol::Tcp, Protocol::Udp],
        _ => &[Protocol::Tcp],
    }
}

fn listeners(doc: &Value) -> Vec<Ports> {
    let ports = |listener: &Value| -> Vec<Ports> {
        let Some(port) = listener["Port"].as_u64().and_then(|port| u16::try_from(port).ok()) else { return Vec::new() };
        let protocols = transports(path::text(listener, "Protocol")).iter();
        protocols.map(|protocol| Ports { protocol: protocol.clone(), from: port, to: port }).collect()
    };
    doc["Listeners"].as_array().into_iter().flatten().flat_map(ports).collect()
}

fn target_groups(doc: &Value) -> Vec<Id> {
    let mut arns = path::texts(doc, "Listeners[].DefaultActions[].TargetGroupArn");
    arns.extend(path::texts(doc, "Listeners[].DefaultActions[].ForwardConfig.TargetGroups[].TargetGroupArn"));
    arns.extend(path::texts(doc, "Listeners[].Rules[].Actions[].TargetGroupArn"));
    arns.sort();
    arns.dedup();
    arns.iter().map(|arn| super::target_group::id_of_arn(arn)).collect()
}

impl Kind for LoadBalancer {
    fn name(&self) -> &'static str {
        "load_balancer"
    }

    fn listing(&self) -> Option<&'static Listing> {
        Some(&LISTING)
    }

    fn parse(&self, doc: &Doc, vpc: &Id) -> Option<Resource> {
        if doc["VpcId"] != vpc.as_str() {
            return None;
        }
        let name = doc["LoadBalancerName"].as_str()?;
        let ids = |at: &str| path::texts(doc, at).into_iter().map(Id::from).collect::<Vec<_>>();
        let listeners = listeners(doc);
        // A network load balancer that was made without groups never gets any.
        let groups = ids("SecurityGroups[]");
        let guard = (!groups.is_empty() || doc["Type"] == "application").then_some(Guard { groups });
        Some(Resource {
            id: Id::new(format!("lb:{name}")),
            kind: self.name().to_owned(),
            role: Role::Balancer,
            name: name.to_owned(),
            tags: tags_of(doc),
            facets: Facets {
                placement: Some(Placement {
                    subnets: ids("AvailabilityZones[].SubnetId"),
                    zones: path::texts(doc, "AvailabilityZones[].ZoneName"),
                    through: None,
                }),
                guard,
                listens: Some(listeners.clone()),
                balancing: Some(Balancing {
                    internet_facing: doc["Scheme"] == "internet-facing",
                    flavour: path::text(doc, "Type").to_owned(),
                    listeners,
                    target_groups: target_groups(doc),
                }),
                tracking: if doc["Type"] == "network" { Tracking::Through } else { Tracking::ByRules },
                state: path::text(doc, "State.Code").to_owned(),
                ..Facets::default()
            },
            doc: doc.clone(),
        })
    }

    fn effects(&self) -> &'static [(&'static str, Effect)] {
        simulate::EFFECTS
    }

    fn reads(&self) -> &'static [(&'static str, Read)] {
        simulate::READS
    }

    fn candidates(&self, resource: &Resource, site: &Site<'_>) -> Vec<Candidate> {
        match path::text(&resource.doc, "Type") {
            "network" => network::candidates(resource, site),
            "gateway" => {
                let why = "it inspects what route tables lead to it, and this program does not change routes around an inspection";
                vec![Candidate::new(Strategy::Flip, why).impossible(true)]
            }
            _ => application::candidates(resource),
        }
    }

    fn draft(&self, resource: &Resource, scene: &Scene<'_>) -> Result<Vec<Step>, Blocker> {
        let mut steps = if scene.regroup && resource.facets.guard.is_some() { regroup(resource, scene) } else { Vec::new() };
        let leaving = leaving(resource, scene);
        if !leaving.is_empty() {
            let new = resource.subnets().iter().map(|subnet| new_subnet(subnet, &leaving, scene)).collect::<Option<Vec<Value>>>();
            let new = new.ok_or_else(|| no_room(resource))?;
            with_ipv6(resource, scene, &new)?;
            if is_network(&resource.doc) {
                steps.extend(network::steps(resource, scene, &leaving, &new)?);
            } else {
                steps.push(application::step_of(resource, scene, &new));
            }
        }
        Ok(steps)
    }
}

/// Whether the internet can reach it.
fn is_facing(resource: &Resource) -> bool {
    resource.facets.balancing.as_ref().is_some_and(|b| b.internet_facing)
}

/// The subnets that it leaves by the chosen strategy.
pub(super) fn leaving<'a>(resource: &'a Resource, scene: &Scene<'_>) -> Vec<&'a Id> {
    let subnets = resource.subnets().iter();
    match (is_facing(resource), scene.strategy) {
        (true, Strategy::Stay) => subnets.filter(|subnet| scene.flipping.contains(*subnet)).collect(),
        (false, Strategy::Relocate) => subnets.filter(|subnet| scene.today.contains(subnet)).collect(),
        _ => Vec::new(),
    }
}

/// Where it goes instead: the new subnet of the same zone, or the same one if it does not leave it.
pub(super) fn new_subnet(subnet: &Id, leaving: &[&Id], scene: &Scene<'_>) -> Option<Value> {
    if !leaving.contains(&subnet) {
        return Some(json!(subnet.as_str()));
    }
    let zone = zone_of(subnet, scene);
    let new = if scene.strategy == Strategy::Stay { scene.public } else { scene.private };
    new.get(&zone).cloned()
}

/// The zone of a subnet.
pub(super) fn zone_of(subnet: &Id, scene: &Scene<'_>) -> String {
    scene.inventory.get(subnet).map(|s| path::text(&s.doc, "AvailabilityZone").to_owned()).unwrap_or_default()
}

/// A balancer with IPv6 addresses is taken into subnets with IPv6 only (ELB guides, "IP address type"); the new ones have
/// none.
fn with_ipv6(resource: &Resource, scene: &Scene<'_>, new: &[Value]) -> Result<(), Blocker> {
    let has = |subnet: &Value| {
        let found = subnet.as_str().and_then(|subnet| scene.inventory.get(&Id::from(subnet)));
        found.is_some_and(|found| path::first(&found.doc, "Ipv6CidrBlockAssociationSet[0]").is_some())
    };
    let kind = path::text(&resource.doc, "IpAddressType");
    if !kind.starts_with("dualstack") || new.iter().all(has) {
        return Ok(());
    }
    Err(Blocker {
        code: "HK0401".into(),
        resource: resource.id.clone(),
        why: format!("its address type is {kind}, and it would move into subnets without IPv6, which AWS refuses"),
        way_out: "set its address type to ipv4 (SetIpAddressType) until it has moved, or skip what makes its subnet turn private".into(),
    })
}

/// What it served when it was planned it serves from its new nodes too: their addresses are others, and a group of a target
/// may let in the old ones only.
fn serves(resource: &Resource, scene: &Scene<'_>) -> Vec<Wait> {
    let groups = resource.facets.balancing.iter().flat_map(|balancing| &balancing.target_groups);
    let healthy = |doc: &Value| path::first(doc, "TargetHealthDescriptions[TargetHealth.State=healthy]").is_some();
    let served = groups.filter_map(|id| scene.inventory.get(id)).filter(|group| healthy(&group.doc));
    let one = |group: &Resource| {
        let own = json!({ "TargetGroupArn": group.doc["TargetGroupArn"] });
        let at = "TargetHealthDescriptions[].TargetHealth.State";
        let what = format!("its nodes find a healthy target in {}", group.name);
        let read = "elasticloadbalancing:DescribeTargetHealth";
        wait(check(&what, read, own, at, Expect::Includes(vec![json!("healthy")])), 10, 900)
    };
    served.map(one).collect()
}

/// There is no subnet to go to.
pub(super) fn no_room(resource: &Resource) -> Blocker {
    Blocker {
        code: "HK0404".into(),
        resource: resource.id.clone(),
        why: "there is no new subnet in each of its zones".into(),
        way_out: "free address space in the VPC, or add a secondary range to it".into(),
    }
}

/// Where the steps of a move stand: a public one leaves before its subnets turn.
pub(super) fn stage(resource: &Resource) -> Stage {
    if is_facing(resource) { Stage::Data } else { Stage::Pets }
}

/// For titles: what kind of subnets it moves into.
pub(super) fn into_words(resource: &Resource) -> &'static str {
    if is_facing(resource) { "its own new public subnets" } else { "private subnets" }
}

fn regroup(resource: &Resource, scene: &Scene<'_>) -> Vec<Step> {
    let arn = resource.doc["LoadBalancerArn"].clone();
    let old: Vec<Value> = resource.groups().iter().map(|group| json!(group.as_str())).collect();
    Regroup {
        name: &resource.name,
        slug: scene.slug,
        operation: "elasticloadbalancing:SetSecurityGroups",
        parameters: &|groups| json!({ "LoadBalancerArn": arn, "SecurityGroups": groups }),
        seen: ("elasticloadbalancing:DescribeLoadBalancers", json!({ "LoadBalancerArns": [arn] }), "LoadBalancers[].SecurityGroups"),
        wait: &[],
        old: &old,
        new: scene.groups,
    }
    .steps()
}
