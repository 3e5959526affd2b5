//! A network load balancer. AWS takes no second subnet of a zone that it is in: it leaves a zone, then enters it again in
//! the other subnet (NLB guide, "Availability Zones"). With the zone its node, the node's addresses and all connections
//! through it go; the other zones serve, for which nodes send across zones meanwhile. AWS refuses while an endpoint
//! service hangs on it.
//!
//! Its addresses are what others write down. An elastic IP is taken along into the new subnet, but is out of service in
//! between; a private address that somebody chose can't be kept. Such a balancer moves only if a person asks for it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{CROSS_ZONE, NODES_S, into_words, is_facing, stage, zone_of};
use crate::kinds::build::{Draft, check, filter, step, undo, undo_and_wait, wait};
use crate::kinds::zones::{Exchange, Turn, turns};
use crate::model::id::Id;
use crate::model::path;
use crate::model::resource::Resource;
use crate::model::step::{Check, Expect, Impact, Need, Step, Wait};
use crate::model::strategy::{Blocker, Candidate, Risk, Scene, Site, Strategy, WayBack};

/// Seconds for which connections through a zone's node break.
const RESET_S: u64 = 60;
/// Seconds for which a balancer of a single zone does not reach its targets there.
const ALONE_S: u64 = 2 * NODES_S;

/// The strategies, the preferred one first.
pub(super) fn candidates(resource: &Resource, site: &Site<'_>) -> Vec<Candidate> {
    let facing = is_facing(resource);
    let moving = |strategy: Strategy, reason: &str| {
        let zones = resource.subnets().len() as u64;
        let why = obstacle(resource).unwrap_or(reason);
        let candidate = Candidate::new(strategy, why).interrupts(if zones == 1 { ALONE_S } else { RESET_S });
        let candidate = candidate.takes(2 * NODES_S * zones).risk(Risk::Medium).way_back(WayBack::Slow);
        candidate.only_if_asked(asks(&resource.doc).is_some()).impossible(!services(&resource.doc).is_empty())
    };
    if facing {
        let turns = resource.subnets().iter().any(|subnet| site.flipping.contains(subnet));
        let stay = if turns {
            moving(Strategy::Stay, "it serves the internet; it moves to new public subnets zone by zone before its own turn private")
        } else {
            Candidate::new(Strategy::Stay, "it serves the internet, and its subnets stay public")
        };
        let flip = Candidate::new(Strategy::Flip, "the internet could not reach it any more").impossible(true);
        return vec![stay, flip];
    }
    let flip = Candidate::new(Strategy::Flip, "its nodes and addresses stay; only the route table of their subnets changes").takes(5);
    let stay = Candidate::new(Strategy::Stay, "it is internal: nothing needs it in a public subnet").impossible(true);
    vec![flip, moving(Strategy::Relocate, "zone by zone; its name keeps, its addresses change"), stay]
}

/// The endpoint services that hang on it.
fn services(doc: &Value) -> Vec<String> {
    path::texts(doc, "EndpointServices[]")
}

/// Why a person should say that it may move: somebody chose its addresses, and so may have written them down.
fn asks(doc: &Value) -> Option<&'static str> {
    if !doc["EndpointServices"].is_array() {
        return Some("nobody could see whether an endpoint service hangs on it");
    }
    let chosen = |key: &str| !path::select(doc, &format!("AvailabilityZones[].LoadBalancerAddresses[].{key}")).is_empty();
    if chosen("AllocationId") {
        return Some("its elastic IPs would be out of service while it changes subnets, and others may have allow-listed them");
    }
    chosen("PrivateIPv4Address").then_some("private addresses were chosen for it, and a new subnet has none of them")
}

fn obstacle(resource: &Resource) -> Option<&'static str> {
    if services(&resource.doc).is_empty() {
        return asks(&resource.doc);
    }
    Some("an endpoint service hangs on it, and AWS lets no zone of it go until the service has another balancer")
}

/// The steps that bring it into its new subnets.
pub(super) fn steps(resource: &Resource, scene: &Scene<'_>, going: &[&Id], new: &[Value]) -> Result<Vec<Step>, Blocker> {
    let mover = Mover::new(resource, scene, going, new)?;
    let mut steps = Vec::new();
    let crossing = resource.doc["CrossZone"] != "true";
    if crossing {
        steps.push(mover.cross_zone("cross-zone-on", "true", "false"));
    }
    steps.extend(mover.turns.iter().map(|turn| mover.turn(turn)));
    if crossing {
        steps.push(mover.cross_zone("cross-zone-off", "false", "true"));
    }
    for at in 1..steps.len() {
        let step = steps[at - 1].id.clone();
        steps[at].needs.push(Need { step, because: "one zone at a time: the others serve meanwhile".to_owned() });
    }
    Ok(steps)
}

struct Mover<'a> {
    resource: &'a Resource,
    scene: &'a Scene<'a>,
    arn: Value,
    turns: Vec<Turn>,
    /// Elastic IPs and chosen addresses, as members of a subnet mapping, by subnet.
    mappings: BTreeMap<String, Value>,
    alone: bool,
}

impl<'a> Mover<'a> {
    fn new(resource: &'a Resource, scene: &'a Scene<'a>, going: &[&Id], new: &[Value]) -> Result<Mover<'a>, Blocker> {
        let now: Vec<Value> = resource.subnets().iter().map(|subnet| json!(subnet.as_str())).collect();
        let places = resource.subnets().iter().zip(new).filter(|(subnet, _)| going.contains(subnet));
        let exchanges: Vec<Exchange> =
            places.map(|(old, new)| Exchange { zone: zone_of(old, scene), old: json!(old.as_str()), new: new.clone() }).collect();
        let alone = now.len() == 1;
        let detour = if alone { Some(detour(resource, scene)?) } else { None };
        let turns = turns(&now, &exchanges, detour.as_ref().map(|(zone, subnet)| (zone.as_str(), subnet)));
        let mappings = mappings(&resource.doc, &exchanges);
        Ok(Mover { resource, scene, arn: resource.doc["LoadBalancerArn"].clone(), turns, mappings, alone })
    }

    fn at(&self, what: &str, subnets: &[Value]) -> Check {
        let (one, path) = (json!({ "LoadBalancerArns": [self.arn] }), "LoadBalancers[].AvailabilityZones[].SubnetId");
        check(what, "elasticloadbalancing:DescribeLoadBalancers", one, path, Expect::SameSet(subnets.to_vec()))
    }

    /// The whole list, which replaces the one before; with mappings where any address was chosen.
    fn call(&self, subnets: &[Value]) -> Value {
        if self.mappings.is_empty() {
            return json!({ "LoadBalancerArn": self.arn, "Subnets": subnets });
        }
        let mapping = |subnet: &Value| -> Value {
            let mut one = self.mappings.get(subnet.as_str().unwrap_or_default()).cloned().unwrap_or_else(|| json!({}));
            one["SubnetId"] = subnet.clone();
            one
        };
        json!({ "LoadBalancerArn": self.arn, "SubnetMappings": subnets.iter().map(mapping).collect::<Vec<_>>() })
    }

    /// Its node in a subnet is there, or gone.
    fn node(&self, subnet: &Value, there: bool) -> Wait {
        let tail = path::text(&self.resource.doc, "LoadBalancerArn").rsplit('/').next().unwrap_or_default();
        let description = json!(format!("ELB net/{}/{tail}", self.resource.name));
        let filters = json!({ "Filters": [filter("description", &[description]), filter("subnet-id", std::slice::from_ref(subnet))] });
        let (what, expect) = if there { ("its node there is up", Expect::Exists) } else { ("its node there is gone", Expect::Absent) };
        wait(check(what, "ec2:DescribeNetworkInterfaces", filters, "NetworkInterfaces[].NetworkInterfaceId", expect), NODES_S, 3600)
    }

    fn turn(&self, turn: &Turn) -> Step {
        let Turn { zone, from, to, subnet, enters, .. } = turn;
        let letter = zone.strip_prefix(&self.scene.inventory.region).unwrap_or(zone);
        let (slug, name) = (self.scene.slug, &self.resource.name);
        let title = match turn.word {
            "enter" => format!("Bring {name} into {} in {zone}", into_words(self.resource)),
            "leave" => format!("Take {name} out of its old subnet in {zone}"),
            "detour" => format!("Bring {name} into {zone} too, so that it is never without a zone"),
            _ => format!("Take {name} out of {zone} again"),
        };
        let served = if *enters { super::serves(self.resource, self.scene) } else { Vec::new() };
        let draft = step(format!("{slug}-{}-{letter}", turn.word), stage(self.resource), slug, title)
            .before(self.at("it is in the subnets that the step before left it in", from))
            .call("elasticloadbalancing:SetSubnets", self.call(to))
            .settled_by(self.at("it is in exactly these subnets", to))
            .wait(self.node(subnet, *enters))
            .impact(self.impact(turn))
            .undo(vec![undo_and_wait(
                "elasticloadbalancing:SetSubnets",
                self.call(from),
                self.at("it is in the subnets of before", from),
                vec![self.node(subnet, !enters)],
            )]);
        served.into_iter().fold(draft, |draft, wait| draft.wait(wait)).done()
    }

    fn impact(&self, turn: &Turn) -> Impact {
        if turn.enters {
            return Impact::None;
        }
        if self.alone && turn.word == "leave" {
            let what = format!("its targets in {} are not served until it is back in that zone", turn.zone);
            return Impact::Outage { minutes: ALONE_S.div_ceil(60), what };
        }
        let what = format!("connections through its node in {} end, and the node's address goes; DNS answers live 60 s", turn.zone);
        Impact::Brief { seconds: RESET_S, what }
    }

    fn cross_zone(&self, word: &str, value: &str, before: &str) -> Step {
        let one = json!({ "LoadBalancerArn": self.arn });
        let path = format!("Attributes[Key={CROSS_ZONE}].Value");
        let seen = |what: &str, value: &str| {
            check(what, "elasticloadbalancing:DescribeLoadBalancerAttributes", one.clone(), &path, Expect::Equals(json!(value)))
        };
        let call = |value: &str| json!({ "LoadBalancerArn": self.arn, "Attributes": [{ "Key": CROSS_ZONE, "Value": value }] });
        let title = if value == "true" {
            format!("Let {}'s nodes send to targets in every zone while zones are exchanged", self.resource.name)
        } else {
            format!("Keep {}'s nodes to their own zones again", self.resource.name)
        };
        const MODIFY: &str = "elasticloadbalancing:ModifyLoadBalancerAttributes";
        let draft: Draft = step(format!("{}-{word}", self.scene.slug), stage(self.resource), self.scene.slug, title);
        draft
            .before(seen("it is as before", before))
            .call(MODIFY, call(value))
            .settled_by(seen("it is so", value))
            .undo(vec![undo(MODIFY, call(before), seen("it is as before", before))])
            .done()
    }
}

/// The chosen addresses of each subnet; an elastic IP goes along into the new one.
fn mappings(doc: &Value, exchanges: &[Exchange]) -> BTreeMap<String, Value> {
    let mut out = BTreeMap::new();
    for zone in doc["AvailabilityZones"].as_array().into_iter().flatten() {
        let subnet = path::text(zone, "SubnetId").to_owned();
        let Some(address) = zone["LoadBalancerAddresses"].as_array().and_then(|list| list.first()) else { continue };
        if let Some(allocation) = address["AllocationId"].as_str() {
            let one = json!({ "AllocationId": allocation });
            let new = exchanges.iter().find(|exchange| exchange.old == subnet.as_str()).and_then(|exchange| exchange.new.as_str());
            out.extend(new.map(|new| (new.to_owned(), one.clone())));
            out.insert(subnet, one);
        } else if let Some(private) = address["PrivateIPv4Address"].as_str() {
            out.insert(subnet, json!({ "PrivateIPv4Address": private }));
        }
    }
    out
}

/// A subnet in another zone, for the time in which the only zone is left.
pub(in crate::kinds) fn detour(resource: &Resource, scene: &Scene<'_>) -> Result<(String, Value), Blocker> {
    let mine = resource.subnets().first().map(|subnet| zone_of(subnet, scene)).unwrap_or_default();
    let new = if is_facing(resource) { scene.public } else { scene.private };
    let other = new.iter().find(|(zone, _)| **zone != mine).map(|(zone, subnet)| (zone.clone(), subnet.clone()));
    // A public subnet of today that stays public does as well.
    let staying = || scene.today.iter().filter(|subnet| !scene.flipping.contains(**subnet)).find(|subnet| zone_of(subnet, scene) != mine);
    let found = other.or_else(|| staying().map(|subnet| (zone_of(subnet, scene), json!(subnet.as_str()))));
    found.ok_or_else(|| no_other_zone(resource))
}

fn no_other_zone(resource: &Resource) -> Blocker {
    Blocker {
        code: "HK0404".into(),
        resource: resource.id.clone(),
        why: "it is in one zone only, and there is no suitable subnet in another: it would be without any while it changes".into(),
        way_out: "make a subnet in a second zone, or leave it where it is (strategy `skip` for what shares its subnet)".into(),
    }
}
