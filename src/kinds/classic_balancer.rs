//! A Classic Load Balancer, of the first generation.
//!
//! Its scheme is immutable, as that of its successors. It is in at most one subnet of a zone, and all subnets can't be
//! taken from it at once: where it leaves subnets it does so one after the other, by `Detach` and `Attach`. Whether an
//! attachment in a zone that it is in replaces the subnet there is not relied upon. It names the instances that it serves
//! itself; groups are replaced whole by `ApplySecurityGroupsToLoadBalancer`.

use serde_json::{Value, json};

use super::build::{Regroup, check, filter, step, undo_and_wait, wait};
use super::effects::{some, text};
use super::load_balancer::{into_words, leaving, new_subnet, no_room, room, stage, wear, zone_of};
use super::zones::{Exchange, Turn, turns};
use super::{Effect, Follow, Kind, Listing, Read, Scope};
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::facet::{Balancing, Facets, Guard, Placement, Role, Target, Targets};
use crate::model::id::Id;
use crate::model::network::Ports;
use crate::model::path;
use crate::model::resource::{Doc, Resource, tags_of};
use crate::model::step::{Check, Expect, Impact, Need, Step, Wait};
use crate::model::strategy::{Blocker, Candidate, Risk, Scene, Site, Strategy};

pub struct ClassicBalancer;

/// Seconds until nodes in new subnets serve and those in old ones are gone.
const NODES_S: u64 = 180;
/// Seconds for which a balancer of a single zone does not reach its instances there.
const ALONE_S: u64 = 2 * NODES_S;

static LISTING: Listing = Listing {
    operation: "elb:DescribeLoadBalancers",
    documents: "LoadBalancerDescriptions[]",
    scope: Scope::Region,
    with: super::listing::nothing,
    ids: ("LoadBalancerNames", "LoadBalancerName", "LoadBalancerNotFound"),
    follow: &[
        Follow {
            operation: "elb:DescribeInstanceHealth",
            result: "InstanceStates",
            parameters: |docs| Some(json!({ "LoadBalancerName": docs[0]["LoadBalancerName"] })),
            batch: 1,
            merge: |doc, answer| doc["InstanceStates"] = answer["InstanceStates"].clone(),
        },
        Follow {
            operation: "elb:DescribeTags",
            result: "TagDescriptions",
            parameters: |docs| Some(json!({ "LoadBalancerNames": docs.iter().map(|doc| &doc["LoadBalancerName"]).collect::<Vec<_>>() })),
            batch: 20,
            merge: |doc, answer| {
                let name = path::text(doc, "LoadBalancerName").to_owned();
                let tags = path::first(answer, &format!("TagDescriptions[LoadBalancerName={name}].Tags"));
                doc["Tags"] = tags.cloned().unwrap_or_else(|| json!([]));
            },
        },
    ],
};

fn ports(doc: &Value, at: &str) -> Vec<u16> {
    path::select(doc, at).into_iter().filter_map(|port| u16::try_from(port.as_u64()?).ok()).collect()
}

/// The port of `HTTP:8080/health`, `TCP:22`.
fn health_port(doc: &Value) -> Option<u16> {
    path::text(doc, "HealthCheck.Target").split(':').nth(1)?.split('/').next()?.parse().ok()
}

/// The instances that it serves, on each port that its listeners send to.
fn targets(doc: &Value) -> Targets {
    let mut to = ports(doc, "ListenerDescriptions[].Listener.InstancePort");
    to.sort_unstable();
    to.dedup();
    let mut members = Vec::new();
    for instance in path::texts(doc, "Instances[].InstanceId") {
        let health = path::first(doc, &format!("InstanceStates[InstanceId={instance}].State")).and_then(Value::as_str).unwrap_or_default();
        members.extend(to.iter().map(|port| Target { target: instance.clone(), port: *port, health: health.to_owned() }));
    }
    Targets { members, health_port: health_port(doc), drain_s: 300, transports: Vec::new() }
}

impl Kind for ClassicBalancer {
    fn name(&self) -> &'static str {
        "classic_balancer"
    }

    fn listing(&self) -> Option<&'static Listing> {
        Some(&LISTING)
    }

    fn parse(&self, doc: &Doc, vpc: &Id) -> Option<Resource> {
        if doc["VPCId"] != vpc.as_str() {
            return None;
        }
        let name = doc["LoadBalancerName"].as_str()?;
        let ids = |at: &str| path::texts(doc, at).into_iter().map(Id::from).collect::<Vec<_>>();
        let listeners: Vec<Ports> = ports(doc, "ListenerDescriptions[].Listener.LoadBalancerPort").into_iter().map(Ports::tcp).collect();
        let zones = path::texts(doc, "AvailabilityZones[]");
        Some(Resource {
            id: id_of(name),
            kind: self.name().to_owned(),
            role: Role::Balancer,
            name: name.to_owned(),
            tags: tags_of(doc),
            facets: Facets {
                placement: Some(Placement { subnets: ids("Subnets[]"), zones, through: None }),
                guard: Some(Guard { groups: ids("SecurityGroups[]") }),
                listens: Some(listeners.clone()),
                balancing: Some(Balancing {
                    internet_facing: doc["Scheme"] == "internet-facing",
                    flavour: "classic".to_owned(),
                    listeners,
                    target_groups: Vec::new(),
                }),
                targets: Some(targets(doc)),
                ..Facets::default()
            },
            doc: doc.clone(),
        })
    }

    fn effects(&self) -> &'static [(&'static str, Effect)] {
        &[
            ("elb:AttachLoadBalancerToSubnets", attach),
            ("elb:DetachLoadBalancerFromSubnets", detach),
            ("elb:ApplySecurityGroupsToLoadBalancer", set_groups),
            ("elb:RegisterInstancesWithLoadBalancer", register),
            ("elb:DeregisterInstancesFromLoadBalancer", deregister),
        ]
    }

    fn reads(&self) -> &'static [(&'static str, Read)] {
        &[("elb:DescribeInstanceHealth", health), ("elb:DescribeTags", tags)]
    }

    fn candidates(&self, resource: &Resource, site: &Site<'_>) -> Vec<Candidate> {
        let facing = resource.facets.balancing.as_ref().is_some_and(|b| b.internet_facing);
        let zones = resource.subnets().len() as u64;
        let moving = |strategy: Strategy, reason: &str| {
            let candidate = Candidate::new(strategy, reason).interrupts(if zones == 1 { ALONE_S } else { 0 });
            candidate.takes(2 * NODES_S * zones).risk(Risk::Medium)
        };
        if facing {
            let turns = resource.subnets().iter().any(|subnet| site.flipping.contains(subnet));
            let stay = if turns {
                moving(Strategy::Stay, "it serves the internet; it moves to new public subnets one by one before its own turn private")
            } else {
                Candidate::new(Strategy::Stay, "it serves the internet, and its subnets stay public")
            };
            return vec![stay, Candidate::new(Strategy::Flip, "the internet could not reach it any more").impossible(true)];
        }
        let flip = Candidate::new(Strategy::Flip, "its nodes stay; only the route table of their subnets changes").takes(5);
        let stay = Candidate::new(Strategy::Stay, "it is internal: nothing needs it in a public subnet").impossible(true);
        vec![flip, moving(Strategy::Relocate, "one subnet after the other; its name keeps, its addresses change"), stay]
    }

    fn draft(&self, resource: &Resource, scene: &Scene<'_>) -> Result<Vec<Step>, Blocker> {
        let mut steps = if scene.regroup { regroup(resource, scene) } else { Vec::new() };
        let leaving = leaving(resource, scene);
        if leaving.is_empty() {
            return Ok(steps);
        }
        let now: Vec<Value> = resource.subnets().iter().map(|subnet| json!(subnet.as_str())).collect();
        let mut exchanges = Vec::new();
        for old in &leaving {
            let new = new_subnet(old, &leaving, scene).ok_or_else(|| no_room(resource))?;
            exchanges.push(Exchange { zone: zone_of(old, scene), old: json!(old.as_str()), new });
        }
        let alone = now.len() == 1;
        let detour = if alone { Some(super::load_balancer::detour(resource, scene)?) } else { None };
        let turns = turns(&now, &exchanges, detour.as_ref().map(|(zone, subnet)| (zone.as_str(), subnet)));
        let mut previous: Option<String> = None;
        for turn in &turns {
            let mut step = turn_step(resource, scene, turn, alone);
            let because = "one subnet at a time: the others serve meanwhile";
            step.needs.extend(previous.replace(step.id.clone()).map(|step| Need { step, because: because.to_owned() }));
            steps.push(step);
        }
        Ok(steps)
    }
}

/// The id by which the program knows it: its name may also be that of a balancer of the second generation.
pub(super) fn id_of(name: &str) -> Id {
    Id::new(format!("clb:{name}"))
}

fn regroup(resource: &Resource, scene: &Scene<'_>) -> Vec<Step> {
    let name = resource.name.as_str();
    let old: Vec<Value> = resource.groups().iter().map(|group| json!(group.as_str())).collect();
    Regroup {
        name,
        slug: scene.slug,
        operation: "elb:ApplySecurityGroupsToLoadBalancer",
        parameters: &|groups| json!({ "LoadBalancerName": name, "SecurityGroups": groups }),
        seen: ("elb:DescribeLoadBalancers", json!({ "LoadBalancerNames": [name] }), "LoadBalancerDescriptions[].SecurityGroups"),
        wait: &[],
        old: &old,
        new: scene.groups,
    }
    .steps()
}

fn turn_step(resource: &Resource, scene: &Scene<'_>, turn: &Turn, alone: bool) -> Step {
    let (name, zone) = (resource.name.as_str(), turn.zone.as_str());
    let letter = zone.strip_prefix(&scene.inventory.region).unwrap_or(zone);
    let at = |what: &str, subnets: &[Value]| -> Check {
        let (one, path) = (json!({ "LoadBalancerNames": [name] }), "LoadBalancerDescriptions[].Subnets[]");
        check(what, "elb:DescribeLoadBalancers", one, path, Expect::SameSet(subnets.to_vec()))
    };
    let node = |there: bool| -> Wait {
        let description = filter("description", &[json!(format!("ELB {name}"))]);
        let filters = json!({ "Filters": [description, filter("subnet-id", std::slice::from_ref(&turn.subnet))] });
        let (what, expect) = if there { ("its node there is up", Expect::Exists) } else { ("its node there is gone", Expect::Absent) };
        wait(check(what, "ec2:DescribeNetworkInterfaces", filters, "NetworkInterfaces[].NetworkInterfaceId", expect), NODES_S, 3600)
    };
    let title = match turn.word {
        "enter" => format!("Bring {name} into {} in {zone}", into_words(resource)),
        "leave" => format!("Take {name} out of its old subnet in {zone}"),
        "detour" => format!("Bring {name} into {zone} too, so that it is never without a subnet"),
        _ => format!("Take {name} out of {zone} again"),
    };
    let impact = match (turn.enters, alone && turn.word == "leave") {
        (true, _) => Impact::None,
        (false, true) => {
            Impact::Outage { minutes: ALONE_S.div_ceil(60), what: format!("its instances in {zone} are not served until it is back there") }
        }
        (false, false) => Impact::Brief {
            seconds: 60,
            what: format!("its node in {zone} goes, and with it connections that outlast draining; DNS answers live 60 s"),
        },
    };
    let operations = ["elb:AttachLoadBalancerToSubnets", "elb:DetachLoadBalancerFromSubnets"];
    let (call, back) = if turn.enters { (operations[0], operations[1]) } else { (operations[1], operations[0]) };
    let parameters = json!({ "LoadBalancerName": name, "Subnets": [turn.subnet] });
    step(format!("{}-{}-{letter}", scene.slug, turn.word), stage(resource), scene.slug, title)
        .before(at("it is in the subnets that the step before left it in", &turn.from))
        .call(call, parameters.clone())
        .settled_by(at("it is in exactly these subnets", &turn.to))
        .wait(node(turn.enters))
        .impact(impact)
        .undo(vec![undo_and_wait(back, parameters, at("it is in the subnets of before", &turn.from), vec![node(!turn.enters)])])
        .done()
}

const UNKNOWN: &str = "LoadBalancerNotFound";

fn find(account: &Account, parameters: &Object) -> Result<Id, Refusal> {
    let id = id_of(text(parameters, "LoadBalancerName")?);
    account.doc(id.as_str(), UNKNOWN).map_err(|_| Refusal::new(UNKNOWN, format!("There is no ACTIVE Load Balancer named '{id}'")))?;
    Ok(id)
}

fn invalid(why: impl Into<String>) -> Refusal {
    Refusal::new("InvalidConfigurationRequest", why)
}

fn attach(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = find(account, parameters)?;
    let wanted = some(parameters, "Subnets")?;
    let doc = account.doc(id.as_str(), UNKNOWN)?.clone();
    let mut now = path::texts(&doc, "Subnets[]");
    for subnet in &wanted {
        let zone = path::text(account.doc(subnet, "SubnetNotFound")?, "AvailabilityZone");
        let taken = zones_of(account, &path::texts(&doc, "Subnets[]"))?.iter().any(|other| other == zone);
        if taken && !now.contains(subnet) {
            return Err(invalid(format!("LoadBalancer cannot be attached to multiple subnets in the same AvailabilityZone: {zone}")));
        }
        room(account, subnet)?;
    }
    for subnet in wanted.iter().filter(|subnet| !path::texts(&doc, "Subnets[]").contains(subnet)) {
        let association = match doc["Scheme"] == "internet-facing" {
            true => json!({ "PublicIp": format!("203.0.113.{}", account.serial % 250 + 1), "IpOwnerId": "amazon-elb" }),
            false => Value::Null,
        };
        let description = format!("ELB {}", path::text(&doc, "LoadBalancerName"));
        let more = json!({ "RequesterId": "amazon-elb", "Association": association });
        account.add_interface(subnet, &path::texts(&doc, "SecurityGroups[]"), &description, more)?;
        now.push(subnet.clone());
    }
    place(account, &id, &now)
}

fn detach(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = find(account, parameters)?;
    let gone = some(parameters, "Subnets")?;
    let mut now = path::texts(account.doc(id.as_str(), UNKNOWN)?, "Subnets[]");
    if let Some(stranger) = gone.iter().find(|subnet| !now.contains(subnet)) {
        return Err(invalid(format!("{stranger} is not attached to the load balancer")));
    }
    now.retain(|subnet| !gone.contains(subnet));
    if now.is_empty() {
        return Err(invalid("The load balancer cannot be detached from all of its subnets"));
    }
    let leaving = account.interfaces_of(&id).filter(|i| gone.iter().any(|subnet| i.doc["SubnetId"] == subnet.as_str()));
    for interface in leaving.map(|i| i.id.clone()).collect::<Vec<_>>() {
        account.remove_later(&interface, NODES_S);
    }
    place(account, &id, &now)
}

/// The zones of a balancer in a VPC: those of its subnets.
fn zones_of(account: &Account, subnets: &[String]) -> Result<Vec<String>, Refusal> {
    let zone = |subnet: &String| Ok(path::text(account.doc(subnet, "SubnetNotFound")?, "AvailabilityZone").to_owned());
    let mut zones = subnets.iter().map(zone).collect::<Result<Vec<String>, Refusal>>()?;
    zones.sort();
    Ok(zones)
}

/// The balancer is in exactly these subnets, which AWS lists in its own order.
fn place(account: &mut Account, id: &Id, subnets: &[String]) -> Result<Value, Refusal> {
    let mut subnets = subnets.to_vec();
    subnets.sort();
    let zones = zones_of(account, &subnets)?;
    let doc = account.edit(id.as_str(), UNKNOWN)?;
    doc["Subnets"] = json!(subnets);
    doc["AvailabilityZones"] = json!(zones);
    Ok(json!({ "Subnets": subnets }))
}

fn set_groups(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = find(account, parameters)?;
    let groups = some(parameters, "SecurityGroups")?;
    account.check_groups(&groups).map_err(|r| Refusal::new("InvalidSecurityGroup", r.message))?;
    wear(account, &id, &groups)?;
    account.edit(id.as_str(), UNKNOWN)?["SecurityGroups"] = json!(groups);
    Ok(json!({ "SecurityGroups": groups }))
}

fn instances(parameters: &Object) -> Result<Vec<String>, Refusal> {
    let named = path::texts(&parameters.get("Instances").cloned().unwrap_or_default(), "[].InstanceId");
    if named.is_empty() {
        return Err(Refusal::new("ValidationError", "Instances must be specified"));
    }
    Ok(named)
}

fn register(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let (id, named) = (find(account, parameters)?, instances(parameters)?);
    named.iter().try_for_each(|instance| account.doc(instance, "InvalidInstance").map(|_| ()))?;
    let now = account.now_ms;
    let list = account.edit(id.as_str(), UNKNOWN)?["Instances"].as_array_mut().expect("a balancer lists its instances");
    for instance in named.iter().filter(|name| !list.iter().any(|i| i["InstanceId"] == name.as_str())).collect::<Vec<_>>() {
        list.push(json!({ "InstanceId": instance, "SinceMs": now }));
    }
    list.sort_by_key(|instance| path::text(instance, "InstanceId").to_owned());
    Ok(json!({ "Instances": list }))
}

fn deregister(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let (id, named) = (find(account, parameters)?, instances(parameters)?);
    let list = account.edit(id.as_str(), UNKNOWN)?["Instances"].as_array_mut().expect("a balancer lists its instances");
    list.retain(|instance| !named.iter().any(|name| instance["InstanceId"] == name.as_str()));
    Ok(json!({ "Instances": list }))
}

/// Seconds until a registered instance has passed its first health checks.
const FIRST_CHECKS_S: u64 = 30;

fn health(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = find(account, parameters)?;
    let balancer = &account.resources[&id];
    let zones = zones_of(account, &path::texts(&balancer.doc, "Subnets[]"))?;
    let ports: Vec<u16> = match health_port(&balancer.doc) {
        Some(port) => vec![port],
        None => ports(&balancer.doc, "ListenerDescriptions[].Listener.InstancePort"),
    };
    let state = |one: &Value| {
        let name = path::text(one, "InstanceId").to_owned();
        let fresh = one["SinceMs"].as_u64().is_some_and(|since| account.now_ms < since + FIRST_CHECKS_S * 1000);
        let serves = account.resources.get(&Id::from(name.as_str())).is_some_and(|instance| {
            let zone = path::text(&instance.doc, "Placement.AvailabilityZone");
            path::text(&instance.doc, "State.Name") == "running"
                && zones.iter().any(|enabled| enabled == zone)
                && ports.iter().all(|port| super::target_group::admits(account, instance, balancer, *port))
        });
        json!({ "InstanceId": name, "State": if serves && !fresh { "InService" } else { "OutOfService" } })
    };
    Ok(json!({ "InstanceStates": balancer.doc["Instances"].as_array().into_iter().flatten().map(state).collect::<Vec<_>>() }))
}

fn tags(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let mut found = Vec::new();
    for name in some(parameters, "LoadBalancerNames")? {
        let doc = account.doc(id_of(&name).as_str(), UNKNOWN)?;
        found.push(json!({ "LoadBalancerName": name, "Tags": doc["Tags"].as_array().cloned().unwrap_or_default() }));
    }
    Ok(json!({ "TagDescriptions": found }))
}
