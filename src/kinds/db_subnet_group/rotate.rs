//! The subnets of a group are exchanged under its databases, RDS and Aurora alike; aws-semantics.md sections 6 and 7.
//!
//! All primaries and writers are in one zone. Every other zone is freed of standbys and readers; the group then holds
//! the public subnet of that zone and one private subnet of another, and nothing else: of two subnets in one zone
//! nobody can say which one RDS takes, and with two zones only the standby has one place to go to, on the way there and
//! on the way back. Everything crosses over into the private subnet by one failover each; the public subnet leaves the
//! group, the private ones of all zones come in; then standbys and readers come up again where they were.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::kinds::build::{check, step, undo};
use crate::kinds::{db_cluster, db_instance};
use crate::model::id::{Id, slug};
use crate::model::path;
use crate::model::resource::Resource;
use crate::model::step::{Check, Expect, Need, Stage, Step};
use crate::model::strategy::{Blocker, Member};

/// From where to where the members of a group cross over.
pub(in crate::kinds) struct Crossing {
    /// The zone of all primaries and writers.
    pub from: String,
    /// The zone whose private subnet they cross over into.
    pub to: String,
    /// That subnet, as a value for a parameter.
    pub seat: Value,
    /// The migration's name.
    pub migration: String,
}

/// The steps of one member: before the group is halved, while it is, and after it is whole again. Each list is a chain.
pub(in crate::kinds) struct Phases {
    /// It leaves every zone but one.
    pub free: Vec<Step>,
    /// It crosses over.
    pub cross: Vec<Step>,
    /// It is again as it was.
    pub settle: Vec<Step>,
}

pub(super) fn steps(group: &Resource, members: &[Member<'_>]) -> Result<Vec<Step>, Blocker> {
    let crossing = crossing(group, members)?;
    let mut phases = Vec::new();
    for member in members {
        phases.push(if member.resource.kind == "db_cluster" {
            db_cluster::rotate::phases(member, &crossing)?
        } else {
            db_instance::rotate::phases(member, &crossing)
        });
    }
    let public = members[0].scene.today;
    let own = path::texts(&group.doc, "Subnets[].SubnetIdentifier");
    let old: Vec<Value> = own.iter().map(|subnet| json!(subnet)).collect();
    let half = half(group, public, &crossing);
    let whole = whole(group, public, members);
    let name = slug(&group.name);
    let mut halve = subnets(&format!("rotate-{name}-half"), group, &old, &half, "to one public and one private subnet");
    let mut complete = subnets(&format!("rotate-{name}-whole"), group, &half, &whole, "to private subnets only");
    let mut out = Vec::new();
    let (mut free, mut cross) = (Vec::new(), Vec::new());
    for phase in phases {
        free.push(chain(phase.free, None, &mut out));
        cross.push(chain(phase.cross, Some((&halve.id, "there is one place for it to go to")), &mut out));
        chain(phase.settle, Some((&complete.id, "what comes up now comes up in a private subnet")), &mut out);
    }
    let after = |last: Vec<Option<String>>, because: &str| -> Vec<Need> {
        last.into_iter().flatten().map(|step| Need { step, because: because.to_owned() }).collect()
    };
    halve.needs = after(free, "a subnet in use can't leave the group");
    complete.needs = after(cross, "a subnet in use can't leave the group");
    complete.needs.push(Need { step: halve.id.clone(), because: "the group is changed from one state into the next".to_owned() });
    out.extend([halve, complete]);
    Ok(out)
}

/// Steps one after the other, after a first one if given; the id of the last.
pub(in crate::kinds) fn chain(steps: Vec<Step>, after: Option<(&str, &str)>, out: &mut Vec<Step>) -> Option<String> {
    let mut last = after.map(|(step, because)| (step.to_owned(), because.to_owned()));
    let mut id = None;
    for mut step in steps {
        if let Some((earlier, because)) = last.take() {
            step.needs.push(Need { step: earlier, because });
        }
        last = Some((step.id.clone(), "one change of it at a time, in this order".to_owned()));
        id = Some(step.id.clone());
        out.push(step);
    }
    id
}

/// The zone that everything is in, and the one that everything crosses over into.
fn crossing(group: &Resource, members: &[Member<'_>]) -> Result<Crossing, Blocker> {
    let block = |why: String, way_out: &str| Blocker { code: "HK0401".into(), resource: group.id.clone(), why, way_out: way_out.into() };
    let mut seats: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for member in members {
        let zone = match member.resource.kind.as_str() {
            "db_cluster" => db_cluster::rotate::writer_zone(&member.resource.doc),
            _ => path::text(&member.resource.doc, "AvailabilityZone"),
        };
        seats.entry(zone).or_default().push(&member.resource.name);
    }
    if seats.len() > 1 {
        let words: Vec<String> = seats.iter().map(|(zone, names)| format!("{} in {zone}", names.join(", "))).collect();
        let why = format!(
            "the primaries of subnet group {} are in several zones ({}), and hold a public subnet in each",
            group.name,
            words.join("; ")
        );
        return Err(block(
            why,
            "gather them in one zone by failovers first (a single-AZ instance needs a standby for that), or let them flip",
        ));
    }
    let from = seats.into_keys().next().unwrap_or_default().to_owned();
    let scene = &members[0].scene;
    let readers =
        |zone: &str| members.iter().filter(|m| m.resource.facets.placement.iter().any(|p| p.zones.iter().any(|z| z == zone))).count();
    let stores = |zone: &str| members.iter().all(|m| db_cluster::rotate::stores_in(&m.resource.doc, zone));
    let zones = scene.private.iter().filter(|(zone, _)| **zone != from && stores(zone));
    let Some((to, seat)) = zones.max_by_key(|(zone, _)| (readers(zone), std::cmp::Reverse((*zone).clone()))) else {
        let why = format!("there is no private subnet in another zone than {from} for subnet group {} to cross over into", group.name);
        return Err(block(why, "let them flip, or add a public subnet in a second zone to the group first"));
    };
    Ok(Crossing { from, to: to.clone(), seat: seat.clone(), migration: scene.migration.to_owned() })
}

/// The public subnets of the one zone, and the private one of the other.
fn half(group: &Resource, public: &BTreeSet<&Id>, crossing: &Crossing) -> Vec<Value> {
    let here = |s: &&Value| path::text(s, "SubnetAvailabilityZone.Name") == crossing.from;
    let subnets = path::select(&group.doc, "Subnets[]").into_iter().filter(here).map(|s| s["SubnetIdentifier"].clone());
    let open = subnets.filter(|s| s.as_str().is_some_and(|s| public.contains(&Id::from(s))));
    open.chain([crossing.seat.clone()]).collect()
}

/// The private subnets of the group's zones, new ones and those that it has already.
fn whole(group: &Resource, public: &BTreeSet<&Id>, members: &[Member<'_>]) -> Vec<Value> {
    let zones: BTreeSet<&str> =
        path::select(&group.doc, "Subnets[].SubnetAvailabilityZone.Name").into_iter().filter_map(Value::as_str).collect();
    let own = path::select(&group.doc, "Subnets[].SubnetIdentifier").into_iter();
    let kept = own.filter(|s| s.as_str().is_some_and(|s| !public.contains(&Id::from(s)))).cloned();
    let new = zones.iter().filter_map(|zone| members[0].scene.private.get(*zone)).cloned();
    new.chain(kept).collect()
}

fn subnets(id: &str, group: &Resource, from: &[Value], to: &[Value], words: &str) -> Step {
    let name = &group.name;
    let see = |what: &str, subnets: &[Value]| -> Check {
        let own = json!({ "DBSubnetGroupName": name });
        let at = "DBSubnetGroups[].Subnets[].SubnetIdentifier";
        check(what, "rds:DescribeDBSubnetGroups", own, at, Expect::SameSet(subnets.to_vec()))
    };
    let call = |subnets: &[Value]| json!({ "DBSubnetGroupName": name, "SubnetIds": subnets });
    step(id, Stage::Data, &format!("subnet-group-{}", slug(name)), format!("Reduce the DB subnet group {name} {words}"))
        .before(see("it holds the subnets that it held", from))
        .call("rds:ModifyDBSubnetGroup", call(to))
        .settled_by(see("it holds exactly these subnets", to))
        .undo(vec![undo("rds:ModifyDBSubnetGroup", call(from), see("it holds what it held before", from))])
        .done()
}
