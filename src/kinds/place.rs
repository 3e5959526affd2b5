//! Where stateless things go: a private subnet in each of their zones; and what their subnets and groups look like.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::model::id::Id;
use crate::model::path;
use crate::model::resource::Resource;
use crate::model::strategy::{Blocker, Scene, Strategy};

/// Subnets, groups and whether public addresses are given: what AWS calls an awsvpc configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Net {
    /// The subnets.
    pub subnets: Vec<Value>,
    /// The groups.
    pub groups: Vec<Value>,
    /// Whether it gets public addresses.
    pub public: bool,
}

/// Texts as values.
pub fn values<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Vec<Value> {
    texts.into_iter().map(|text| json!(text.as_ref())).collect()
}

impl Net {
    /// What it has today.
    pub fn of(resource: &Resource, public: bool) -> Net {
        let ids = |ids: &[Id]| values(ids.iter().map(Id::as_str));
        Net { subnets: ids(resource.subnets()), groups: ids(resource.groups()), public }
    }

    /// The same with other groups.
    pub fn wearing(&self, groups: &[Value]) -> Net {
        Net { groups: groups.to_vec(), ..self.clone() }
    }
}

/// A change from one network configuration to another.
pub struct Leg {
    /// Goes into the step's id.
    pub what: &'static str,
    /// The stage.
    pub stage: crate::model::step::Stage,
    /// For people.
    pub title: String,
    /// Before.
    pub from: Net,
    /// After.
    pub to: Net,
}

/// The changes by which something whose configuration is replaced whole gets private, in their order.
///
/// # Errors
/// If a zone has no private subnet.
pub fn legs(resource: &Resource, scene: &Scene<'_>, public: bool) -> Result<Vec<Leg>, Blocker> {
    use crate::model::step::Stage;
    let now = Net::of(resource, public);
    let name = &resource.name;
    let both: Vec<Value> = now.groups.iter().chain(scene.groups.iter().filter(|group| !now.groups.contains(group))).cloned().collect();
    let mut legs: Vec<Leg> = Vec::new();
    let mut at = now.clone();
    let mut leg = |what: &'static str, stage: Stage, title: String, to: Net| {
        if to != at {
            legs.push(Leg { what, stage, title, from: at.clone(), to: to.clone() });
            at = to;
        }
    };
    let beside = || format!("Put the new groups on {name} beside the old");
    match scene.strategy {
        Strategy::Relocate => {
            if scene.beside_first {
                leg("groups-beside", Stage::Guard, beside(), now.wearing(&both));
            }
            let groups = if scene.old_until_tighten { &both } else { scene.groups };
            let there = Net { subnets: homes(resource, scene)?, groups: groups.to_vec(), public: false };
            leg("update", Stage::Stateless, format!("Move {name} into the private subnets"), there.clone());
            leg("groups-off", Stage::Tighten, format!("Take the old groups off {name}"), there.wearing(scene.groups));
        }
        Strategy::Flip => {
            if scene.regroup {
                leg("groups-beside", Stage::Guard, beside(), now.wearing(&both));
            }
            let title = format!("Take what is public and the old groups off {name}");
            leg("tighten", Stage::Tighten, title, Net { public: false, ..now.wearing(scene.groups) });
        }
        _ => {}
    }
    Ok(legs)
}

/// A private subnet in each zone in which it has one today.
///
/// # Errors
/// If a zone has none.
pub fn homes(resource: &Resource, scene: &Scene<'_>) -> Result<Vec<Value>, Blocker> {
    let zone = |subnet: &Id| scene.inventory.get(subnet).map(|s| path::text(&s.doc, "AvailabilityZone").to_owned()).unwrap_or_default();
    let mut zones: Vec<String> = resource.subnets().iter().map(zone).collect();
    zones.sort();
    zones.dedup();
    let found: Vec<Value> = zones.iter().filter_map(|zone| scene.private.get(zone).cloned()).collect();
    if found.len() == zones.len() && !found.is_empty() {
        return Ok(found);
    }
    Err(blocker(
        resource,
        "there is no private subnet in every zone of its subnets",
        "set its strategy to `flip`, or give the zone a private subnet",
    ))
}

/// Tags where AWS spells them small: `[{key, value}]`, or `{key: value}`.
pub fn small_tags(tags: &Value) -> BTreeMap<String, String> {
    let list = tags.as_array().into_iter().flatten();
    let list = list.filter_map(|tag| Some((tag["key"].as_str()?.to_owned(), tag["value"].as_str().unwrap_or_default().to_owned())));
    let map = tags.as_object().into_iter().flatten();
    list.chain(map.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))).collect()
}

/// What stands in the way of a workload.
pub fn blocker(resource: &Resource, why: impl Into<String>, way_out: impl Into<String>) -> Blocker {
    Blocker { code: "HK0401".into(), resource: resource.id.clone(), why: why.into(), way_out: way_out.into() }
}
