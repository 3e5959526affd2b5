//! One security group per workload, or per set of workloads that the intent names, with the flows that the account shows.
//!
//! Vouched for are: a balancer and its targets; the internet and an internet-facing balancer's listeners; what flow logs
//! show, as far as today's rules let it through; whoever may reach the port of a server whose ports are known (a database, a
//! balancer) today; flows that the intent declares. What else the old rules let in from inside the VPC is nobody's word: kept
//! or dropped as the intent says, by default kept until flow logs that cover the window show nothing; listed either way.
//! What they let in from the internet goes, and is listed. A group that already serves one workload only, with rules that
//! need no change, stays.

mod beside;
mod designer;
mod draft;
mod keep;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::decide::{Decisions, Names};
use super::intent::{Intent, Problem};
use super::vouch::Vouch;
use crate::model::facet::Role;
use crate::model::id::{Id, slug};
use crate::model::inventory::Inventory;
use crate::model::network::Ports;
use crate::model::resource::Resource;
use crate::model::strategy::{NewRule, Strategy};
use designer::Designer;

/// A rule, for people.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Which ports.
    pub ports: String,
    /// From whom.
    pub from: String,
    /// On what evidence, or why it goes and whether anyone was seen to use it.
    pub because: String,
}

/// What becomes of the groups of one workload, or of several that share one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupPlan {
    /// The workload.
    pub workload: Id,
    /// The others that share the group.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<Id>,
    /// The new group's name; none if it keeps the groups that it has.
    pub group: Option<String>,
    /// The groups that it wears today, by name.
    pub old: Vec<String>,
    /// Who is let in, on evidence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Line>,
    /// Who is let in although nobody vouches for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unvouched: Vec<Line>,
    /// Who could come in before and can't any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<Line>,
}

/// A group's design: what people read, and what is built. Workloads that share a group have the same plan; it is the
/// first one's.
pub struct Design {
    /// The plan's words.
    pub plan: GroupPlan,
    /// The key for step ids.
    pub key: String,
    /// What it wears at the end, as values for a parameter.
    pub wears: Vec<Value>,
    /// The new group's rules: ports, peer, description.
    pub rules: Vec<NewRule>,
    /// See [`crate::model::strategy::Scene`].
    pub beside_first: bool,
    /// See [`crate::model::strategy::Scene`].
    pub old_until_tighten: bool,
}

/// A group that the intent names: its name in AWS, and its key for step ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// The name.
    pub name: String,
    /// The key.
    pub key: String,
}

/// What the designer knows.
pub struct Input<'a> {
    /// What was seen.
    pub inventory: &'a Inventory,
    /// The migration's name.
    pub migration: &'a str,
    /// Strategy and slug of every movable resource.
    pub chosen: &'a BTreeMap<Id, (Strategy, String)>,
    /// What counts as evidence.
    pub vouch: &'a Vouch<'a>,
    /// The groups that the intent names, by member.
    pub units: &'a BTreeMap<Id, Unit>,
    /// The group of a Client VPN, if there is to be one: its people reach what stores data.
    pub developers: Option<&'a Value>,
}

/// Rules to add to a group that stays: the group, and for each rule ports, peer and description.
pub type Addition = (Id, Vec<(Ports, Value, String)>);

/// Designs the groups of every workload that moves; and the rules that groups of things that don't move need, because
/// who they name comes with a new group.
pub fn design(input: &Input<'_>) -> (BTreeMap<Id, Design>, Vec<Addition>) {
    let designer = Designer::new(input);
    let moving = input.chosen.iter().filter(|(_, (strategy, _))| !matches!(strategy, Strategy::Skip | Strategy::Retire));
    // What has no place for a group (a network load balancer that was made without) gets none.
    let guarded = moving.filter_map(|(id, (_, slug))| Some((input.inventory.get(id).filter(|r| r.facets.guard.is_some())?, slug)));
    let mut units: BTreeMap<(&str, bool), Vec<&Resource>> = BTreeMap::new();
    for (resource, slug) in guarded {
        let unit = input.units.get(&resource.id);
        units.entry((unit.map_or(slug, |unit| &unit.key), unit.is_some())).or_default().push(resource);
    }
    let designs = units.into_iter().flat_map(|((key, _), members)| designer.unit(key, &members)).collect();
    let additions = beside::additions(&designer, &designs);
    (designs, additions)
}

/// The groups that the intent names, by member; and what a person should know of them.
///
/// # Errors
/// If a member is no workload or is in two groups, or the name is taken or none of AWS's.
pub fn units(intent: &Intent, inventory: &Inventory, decisions: &Decisions<'_>) -> Result<(BTreeMap<Id, Unit>, Vec<String>), Problem> {
    let names: &Names<'_> = &decisions.names;
    let mut out: BTreeMap<Id, Unit> = BTreeMap::new();
    let mut warnings = Vec::new();
    let mut taken: BTreeSet<String> = decisions.by_workload.values().map(|decision| decision.slug.clone()).collect();
    taken.extend(["client-vpn", "endpoints"].map(str::to_owned));
    let existing: BTreeSet<&str> = inventory.with_role(Role::Group).filter_map(|group| group.doc["GroupName"].as_str()).collect();
    let mut said: BTreeSet<&str> = BTreeSet::new();
    for choice in &intent.groups {
        let name = choice.name.value.as_str();
        let legal = |c: char| c.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(c);
        if name.is_empty() || name.len() > 255 || name.starts_with("sg-") || !name.chars().all(legal) {
            return Err(Problem::at(
                &choice.name,
                format!("`{name}` can't name a security group"),
                "1 to 255 of a-z, A-Z, 0-9 and ._-:/()#,@[]+=&;{}!$*, not beginning with sg-",
            ));
        }
        if existing.contains(name) || !said.insert(name) {
            return Err(Problem::at(
                &choice.name,
                format!("there is a security group `{name}` already"),
                "a name that is not taken: the group is made anew",
            ));
        }
        let mut key = slug(name);
        while !taken.insert(key.clone()) {
            key.push_str("-group");
        }
        for member in &choice.members {
            let id = names.find(member)?;
            if !decisions.by_workload.get(&id).is_some_and(|d| d.moves && !matches!(d.strategy, Strategy::Skip | Strategy::Retire)) {
                warnings
                    .push(format!("{} is to wear the group {name}, but it does not move and keeps the groups that it has", member.value));
            }
            if let Some(other) = out.insert(id, Unit { name: name.to_owned(), key: key.clone() }) {
                return Err(Problem::at(
                    member,
                    format!("`{}` is in the group {} too", member.value, other.name),
                    "one group for each workload",
                ));
            }
        }
    }
    Ok((out, warnings))
}
