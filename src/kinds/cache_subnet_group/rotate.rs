//! The subnets of a group are exchanged under its replication groups; aws-semantics.md section 8.
//!
//! In one zone, in which no primary is, the private subnet takes the public one's place. Everything crosses over into
//! it, the other public subnets get free and are exchanged too, and the other nodes come up again in private subnets.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::kinds::build::{check, step, undo};
use crate::kinds::db_subnet_group::rotate::chain;
use crate::kinds::replication_group::rotate::{self, pinned};
use crate::model::id::{Id, slug};
use crate::model::path;
use crate::model::resource::Resource;
use crate::model::step::{Check, Expect, Need, Stage, Step};
use crate::model::strategy::{Blocker, Member};

pub(in crate::kinds) use crate::kinds::db_subnet_group::rotate::Phases;

/// Into which zone the members of a group cross over.
pub(in crate::kinds) struct Crossing {
    /// The zone.
    pub to: String,
    /// The migration's name.
    pub migration: String,
}

pub(super) fn steps(group: &Resource, members: &[Member<'_>]) -> Result<Vec<Step>, Blocker> {
    let scene = &members[0].scene;
    let to = zone(group, members)?;
    let crossing = Crossing { to: to.clone(), migration: scene.migration.to_owned() };
    let subnets = path::select(&group.doc, "Subnets[]");
    let zone_of = |subnet: &Value| path::text(subnet, "SubnetAvailabilityZone.Name").to_owned();
    let public = |subnet: &&Value| scene.today.contains(&Id::from(path::text(subnet, "SubnetIdentifier")));
    let ids = |list: Vec<&Value>| list.into_iter().map(|subnet| subnet["SubnetIdentifier"].clone()).collect::<Vec<Value>>();
    let old = ids(subnets.clone());
    let mut half = ids(subnets.iter().copied().filter(|s| !(public(s) && zone_of(s) == to)).collect());
    half.extend(scene.private.get(&to).cloned());
    let zones: BTreeSet<String> = subnets.iter().map(|s| zone_of(s)).chain([to.clone()]).collect();
    let mut whole: Vec<Value> = zones.iter().filter_map(|zone| scene.private.get(zone)).cloned().collect();
    whole.extend(ids(subnets.iter().copied().filter(|s| !public(s)).collect()));
    let name = slug(&group.name);
    let mut halve = exchange(&format!("rotate-caches-{name}-half"), group, &old, &half, &format!("the private subnet of {to}"));
    let mut complete = exchange(&format!("rotate-caches-{name}-whole"), group, &half, &whole, "private subnets only");
    let mut out = Vec::new();
    for member in members {
        let phases = rotate::phases(member, &crossing);
        let need = |step: String| Need { step, because: "a subnet in use can't leave the group".to_owned() };
        halve.needs.extend(chain(phases.free, None, &mut out).map(need));
        complete
            .needs
            .extend(chain(phases.cross, Some((&halve.id, "the node in this zone comes up in a private subnet")), &mut out).map(need));
        chain(phases.settle, Some((&complete.id, "what comes up now comes up in a private subnet")), &mut out);
    }
    complete.needs.push(Need { step: halve.id.clone(), because: "the group is changed from one state into the next".to_owned() });
    out.extend([halve, complete]);
    Ok(out)
}

/// The zone that everything can cross over into: no primary is in it, and as few replicas as may be.
fn zone(group: &Resource, members: &[Member<'_>]) -> Result<String, Blocker> {
    let block = |why: String, way_out: &str| Blocker { code: "HK0401".into(), resource: group.id.clone(), why, way_out: way_out.into() };
    let sharded = members.iter().filter(|m| m.resource.doc["ClusterEnabled"] == true);
    let shards: usize = sharded.map(|m| path::select(&m.resource.doc, "NodeGroups[]").len()).sum();
    if shards > rotate::SHARDS {
        let why = format!("{shards} shards would have to fail over, and TestFailover is allowed for {} in 24 hours", rotate::SHARDS);
        return Err(block(why, "let them flip"));
    }
    let held: Vec<String> = members.iter().flat_map(|m| pinned(&m.resource.doc)).collect();
    let nodes = |zone: &str| {
        let zones = |m: &Member<'_>| path::texts(&m.resource.doc, "NodeGroups[].NodeGroupMembers[].PreferredAvailabilityZone");
        members.iter().flat_map(zones).filter(|node| node == zone).count()
    };
    let free = members[0].scene.private.keys().filter(|zone| !held.contains(zone));
    free.min_by_key(|zone| (nodes(zone), (*zone).clone())).cloned().ok_or_else(|| {
        let why = format!("{} has primaries (with cluster mode on: nodes) in every zone in which there is a private subnet", group.name);
        block(why, "let them flip, or gather the primaries in one zone first, or let something move in a third zone")
    })
}

fn exchange(id: &str, group: &Resource, from: &[Value], to: &[Value], words: &str) -> Step {
    let name = &group.name;
    let see = |what: &str, subnets: &[Value]| -> Check {
        let at = "CacheSubnetGroups[].Subnets[].SubnetIdentifier";
        let own = json!({ "CacheSubnetGroupName": name });
        check(what, "elasticache:DescribeCacheSubnetGroups", own, at, Expect::SameSet(subnets.to_vec()))
    };
    let call = |subnets: &[Value]| json!({ "CacheSubnetGroupName": name, "SubnetIds": subnets });
    step(id, Stage::Data, &format!("cache-subnets-{}", slug(name)), format!("Give the cache subnet group {name} {words}"))
        .before(see("it holds the subnets that it held", from))
        .call("elasticache:ModifyCacheSubnetGroup", call(to))
        .settled_by(see("it holds exactly these subnets", to))
        .undo(vec![undo("elasticache:ModifyCacheSubnetGroup", call(from), see("it holds what it held before", from))])
        .done()
}
