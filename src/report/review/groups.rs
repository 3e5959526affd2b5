//! The security groups, old and new side by side.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::network::Rule;
use crate::model::resource::Resource;
use crate::plan::Plan;
use crate::plan::guard::Line;

/// All groups.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Groups {
    /// The groups of today that something of the plan wears.
    pub old: Vec<Old>,
    /// What becomes of them, unit by unit.
    pub units: Vec<Unit>,
}

/// A group of today.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Old {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Who may come in: ports and peer.
    pub ingress: Vec<(String, String)>,
    /// Where its wearers may go: ports and peer.
    pub egress: Vec<(String, String)>,
    /// How many wear it.
    pub wearers: usize,
}

/// What becomes of the groups of one workload, or of several that share one.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Unit {
    /// Who wears it, by name.
    pub members: Vec<String>,
    /// The moves of these.
    pub moves: Vec<usize>,
    /// The new group's name; nothing, if the groups stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The groups of today.
    pub old: Vec<usize>,
    /// Who is let in, on evidence: ports, from, because.
    pub rules: Vec<(String, String, String)>,
    /// Who is let in although nobody vouches for it.
    pub unvouched: Vec<(String, String, String)>,
    /// Who could come in before and can't any more.
    pub dropped: Vec<(String, String, String)>,
}

/// Makes it.
pub fn groups(plan: &Plan, inventory: &Inventory) -> Groups {
    let moves: BTreeMap<&Id, usize> = plan.moves.iter().enumerate().map(|(at, one)| (&one.workload, at)).collect();
    let members =
        |unit: &crate::plan::guard::GroupPlan| -> Vec<Id> { std::iter::once(&unit.workload).chain(&unit.with).cloned().collect() };
    let worn: BTreeSet<Id> =
        plan.groups.iter().flat_map(&members).filter_map(|id| inventory.get(&id)).flat_map(Resource::groups).cloned().collect();
    let places: BTreeMap<&Id, usize> = worn.iter().enumerate().map(|(at, id)| (id, at)).collect();
    let mut wearers: BTreeMap<&Id, usize> = BTreeMap::new();
    for group in inventory.all().filter(|one| one.is_movable()).flat_map(Resource::groups) {
        *wearers.entry(group).or_default() += 1;
    }
    let units = plan.groups.iter().map(|unit| {
        let members = members(unit);
        let old: BTreeSet<usize> =
            members.iter().filter_map(|id| inventory.get(id)).flat_map(Resource::groups).filter_map(|id| places.get(id)).copied().collect();
        Unit {
            moves: members.iter().filter_map(|id| moves.get(id)).copied().collect(),
            members: members.iter().map(|id| inventory.name(id).to_owned()).collect(),
            group: unit.group.clone(),
            old: old.into_iter().collect(),
            rules: lines(&unit.rules),
            unvouched: lines(&unit.unvouched),
            dropped: lines(&unit.dropped),
        }
    });
    Groups { units: units.collect(), old: worn.iter().map(|id| old(id, inventory, wearers.get(id).copied().unwrap_or(0))).collect() }
}

fn lines(lines: &[Line]) -> Vec<(String, String, String)> {
    lines.iter().map(|line| (line.ports.clone(), line.from.clone(), line.because.clone())).collect()
}

fn old(id: &Id, inventory: &Inventory, wearers: usize) -> Old {
    let rules = inventory.get(id).and_then(|group| group.facets.rules.clone()).unwrap_or_default();
    let told = |rules: &[Rule]| {
        let peer = |rule: &Rule| inventory.name(&Id::from(rule.peer.to_string().as_str())).to_owned();
        rules.iter().map(|rule| (rule.ports.to_string(), peer(rule))).collect()
    };
    Old { id: id.to_string(), name: inventory.name(id).to_owned(), ingress: told(&rules.ingress), egress: told(&rules.egress), wearers }
}
