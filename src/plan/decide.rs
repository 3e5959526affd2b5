//! A strategy for each workload, and which subnets turn private because of it.
//!
//! The two depend on each other: a database that can only be flipped turns its subnets private, and what else is in
//! them is weighed again. Subnets are only ever added, so this ends.

use std::collections::{BTreeMap, BTreeSet};

use super::cost;
use super::intent::{Intent, Problem, unknown_workload};
use super::problem::nearest;
use crate::kinds;
use crate::model::facet::Role;
use crate::model::id::{Id, slug};
use crate::model::index::Index;
use crate::model::inventory::Inventory;
use crate::model::resource::Resource;
use crate::model::strategy::{Blocker, Candidate, Site, Strategy};

/// What was decided about one workload.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The strategy.
    pub strategy: Strategy,
    /// Unique in the plan; names its steps.
    pub slug: String,
    /// The one taken, and why.
    pub taken: Candidate,
    /// The others.
    pub rejected: Vec<Candidate>,
    /// Whether it is part of the migration at all. What is private already is not.
    pub moves: bool,
}

/// All decisions.
pub struct Decisions<'a> {
    /// By workload.
    pub by_workload: BTreeMap<Id, Decision>,
    /// Public subnets that turn private.
    pub flipping: BTreeSet<Id>,
    /// The public subnets of today.
    pub public: BTreeSet<&'a Id>,
    /// What is asked of the inventory again and again.
    pub index: Index<'a>,
    /// What the intent may call the workloads.
    pub names: Names<'a>,
    /// What stands in the way.
    pub blockers: Vec<Blocker>,
    /// What a person should know.
    pub warnings: Vec<String>,
}

/// What is preferred where the intent leaves the choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prefer {
    /// The least interruption, then the least risk.
    #[default]
    Least,
    /// `flip` wherever AWS allows it.
    Flip,
    /// Whatever carries a workload into other subnets, wherever AWS allows it.
    Move,
}

/// Decides.
///
/// # Errors
/// If the intent names a workload that isn't there, or a strategy that its kind doesn't have.
pub fn decide<'a>(intent: &Intent, inventory: &'a Inventory) -> Result<Decisions<'a>, Problem> {
    decide_as(intent, inventory, Prefer::Least)
}

/// Decides with a preference.
///
/// # Errors
/// As [`decide`].
pub fn decide_as<'a>(intent: &Intent, inventory: &'a Inventory, prefer: Prefer) -> Result<Decisions<'a>, Problem> {
    let names = Names::of(inventory);
    let asked = asked(intent, &names)?;
    let index = Index::of(inventory);
    let public = inventory.public_subnets();
    let movable: Vec<&Resource> = inventory.all().filter(|r| r.is_movable()).collect();
    let slugs = slugs(&movable);
    let mut flipping: BTreeSet<Id> = BTreeSet::new();
    loop {
        let site = Site { inventory, index: &index, public: &public, flipping: &flipping };
        let mut by_workload = BTreeMap::new();
        for resource in &movable {
            let decision = one(resource, &site, asked.get(&resource.id), prefer, slugs[&resource.id].clone());
            by_workload.insert(resource.id.clone(), decision);
        }
        let turned = movable.iter().filter(|r| by_workload[&r.id].moves && by_workload[&r.id].strategy == Strategy::Flip);
        let wanted: BTreeSet<Id> = turned.flat_map(|r| r.subnets()).filter(|subnet| public.contains(subnet)).cloned().collect();
        if wanted.is_subset(&flipping) {
            let mut decisions = Decisions { by_workload, flipping, public, index, names, blockers: Vec::new(), warnings: Vec::new() };
            refuse_the_impossible(&mut decisions, inventory);
            refuse_the_long(&mut decisions, inventory, intent, &asked);
            return Ok(decisions);
        }
        flipping.extend(wanted);
    }
}

/// The person's choices, by workload.
fn asked(intent: &Intent, names: &Names<'_>) -> Result<BTreeMap<Id, (Strategy, Option<String>)>, Problem> {
    let mut out = BTreeMap::new();
    let mut named: BTreeMap<Id, u64> = BTreeMap::new();
    for choice in &intent.workloads {
        let id = names.find(&choice.name)?;
        if let Some(first) = named.insert(id.clone(), choice.name.referenced.line()) {
            let message = format!("the workload `{}` is decided for the second time", choice.name.value);
            return Err(Problem::at(&choice.name, message, &format!("one decision; the other stands in line {first}")));
        }
        if let Some(strategy) = &choice.strategy {
            out.insert(id, (strategy.value, choice.reason.clone()));
        }
    }
    Ok(out)
}

/// Workloads by what a person may call them.
pub struct Names<'a> {
    by_id: BTreeMap<&'a str, &'a Resource>,
    by_name: BTreeMap<&'a str, Vec<&'a Resource>>,
}

impl<'a> Names<'a> {
    /// The names of all that can be moved.
    pub fn of(inventory: &'a Inventory) -> Names<'a> {
        let mut names = Names { by_id: BTreeMap::new(), by_name: BTreeMap::new() };
        for resource in inventory.all().filter(|r| r.is_movable()) {
            names.by_id.insert(resource.id.as_str(), resource);
            names.by_name.entry(&resource.name).or_default().push(resource);
        }
        names
    }

    /// How many are called so.
    pub fn count(&self, name: &str) -> usize {
        self.by_name.get(name).map_or(0, Vec::len)
    }

    /// The workload that a place in the intent names, by id or by name.
    ///
    /// # Errors
    /// If there is none, or several of that name.
    pub fn find(&self, place: &serde_saphyr::Spanned<String>) -> Result<Id, Problem> {
        let wanted = place.value.as_str();
        let mut found: BTreeSet<&Id> = self.by_name.get(wanted).into_iter().flatten().map(|r| &r.id).collect();
        found.extend(self.by_id.get(wanted).map(|r| &r.id));
        let found: Vec<&Id> = found.into_iter().collect();
        match found.as_slice() {
            [one] => Ok((*one).clone()),
            [] => {
                let near = nearest(wanted, self.by_id.values().map(|r| r.name.as_str()));
                Err(unknown_workload(place, near))
            }
            several => {
                let ids: Vec<&str> = several.iter().map(|id| id.as_str()).collect();
                let location = place.referenced;
                Err(Problem {
                    line: location.line(),
                    column: location.column(),
                    message: format!("several workloads are called `{wanted}`"),
                    expected: format!("one of their ids: {}", ids.join(", ")),
                })
            }
        }
    }
}

/// Step names: the workload's name, with its kind's first word where two would be the same.
fn slugs(movable: &[&Resource]) -> BTreeMap<Id, String> {
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    for resource in movable {
        *count.entry(slug(&resource.name)).or_default() += 1;
    }
    let mut used = BTreeSet::new();
    let mut out = BTreeMap::new();
    for resource in movable {
        let plain = slug(&resource.name);
        let mut name = if count[&plain] == 1 {
            plain.clone()
        } else {
            format!("{plain}-{}", slug(resource.id.as_str().rsplit(['-', ':']).next().unwrap_or_default()))
        };
        while !used.insert(name.clone()) {
            name.push_str("-x");
        }
        out.insert(resource.id.clone(), name);
    }
    out
}

fn one(resource: &Resource, site: &Site<'_>, asked: Option<&(Strategy, Option<String>)>, prefer: Prefer, slug: String) -> Decision {
    let in_public = resource.subnets().iter().any(|subnet| site.public.contains(subnet));
    let needs = in_public || resource.has_public_address();
    let mut candidates = kinds::kind(&resource.kind).map(|kind| kind.candidates(resource, site)).unwrap_or_default();
    cost::weigh(&mut candidates, resource, &site.inventory.region);
    let at = match asked {
        Some((strategy, reason)) => chosen_by_person(&mut candidates, *strategy, reason.as_deref()),
        None => preferred(&candidates, prefer).or_else(|| best(&candidates)),
    };
    let taken = match at {
        Some(at) => candidates.remove(at),
        None => left(unasked(&candidates)),
    };
    Decision { strategy: taken.strategy, slug, taken, rejected: candidates, moves: needs }
}

fn chosen_by_person(candidates: &mut Vec<Candidate>, strategy: Strategy, reason: Option<&str>) -> Option<usize> {
    let words = reason.map_or("the intent asks for it".to_owned(), |reason| format!("the intent asks for it: {reason}"));
    if strategy == Strategy::Skip {
        candidates.push(left(&words));
        return Some(candidates.len() - 1);
    }
    let at = candidates.iter().position(|candidate| candidate.strategy == strategy);
    if let Some(at) = at {
        let own = std::mem::take(&mut candidates[at].reason);
        candidates[at].reason = if candidates[at].impossible { own } else { words };
        return Some(at);
    }
    candidates.push(Candidate::new(strategy, "its kind has no such strategy").impossible(true));
    Some(candidates.len() - 1)
}

/// Strategies, for people.
fn names(candidates: &[&Candidate]) -> String {
    candidates.iter().map(|candidate| candidate.strategy.name()).collect::<Vec<_>>().join(", ")
}

/// Why nothing is done unless a person asks for it.
fn unasked(candidates: &[Candidate]) -> &str {
    let waits = candidates.iter().find(|candidate| !candidate.impossible).or(candidates.first());
    waits.map_or("this version does not move its kind", |candidate| &candidate.reason)
}

fn left(reason: &str) -> Candidate {
    Candidate::new(Strategy::Skip, reason)
}

/// The best of what is preferred; none where there is no such way, or nothing is preferred.
fn preferred(candidates: &[Candidate], prefer: Prefer) -> Option<usize> {
    let wanted: &[Strategy] = match prefer {
        Prefer::Least => return None,
        Prefer::Flip => &[Strategy::Flip],
        Prefer::Move => &[Strategy::Relocate, Strategy::Rotate],
    };
    let open = candidates.iter().enumerate().filter(|(_, one)| wanted.contains(&one.strategy) && !one.impossible);
    open.min_by_key(|(at, one)| (one.interruption_s, one.risk, *at)).map(|(at, _)| at)
}

/// The least interruption, then the least risk; among equals the one that the kind prefers.
fn best(candidates: &[Candidate]) -> Option<usize> {
    let open = candidates.iter().enumerate().filter(|(_, candidate)| !candidate.rejected && !candidate.impossible);
    open.min_by_key(|(at, candidate)| (candidate.interruption_s, candidate.risk, *at)).map(|(at, _)| at)
}

fn refuse_the_impossible(decisions: &mut Decisions<'_>, inventory: &Inventory) {
    for (id, decision) in &decisions.by_workload {
        let Some(resource) = inventory.get(id) else { continue };
        let block = |why: String, way_out: &str| Blocker { code: "HK0401".into(), resource: id.clone(), why, way_out: way_out.to_owned() };
        if decision.taken.impossible {
            let others: Vec<&str> = decision.rejected.iter().filter(|c| !c.impossible).map(|c| c.strategy.name()).collect();
            let why = format!("`{}` is not possible for {}: {}", decision.strategy.name(), resource.name, decision.taken.reason);
            decisions.blockers.push(block(why, &format!("choose one of: {}", others.join(", "))));
        }
        let shares = resource.subnets().iter().find(|subnet| decisions.flipping.contains(subnet));
        if decision.moves
            && decision.strategy == Strategy::Skip
            && let Some(subnet) = shares
        {
            let place = inventory.name(subnet);
            let open: Vec<&Candidate> = decision.rejected.iter().filter(|c| c.rejected && !c.impossible).collect();
            decisions.blockers.push(match open.first() {
                None => block(
                    format!("{} is skipped, but its subnet {place} turns private for others", resource.name),
                    "move it too, or skip the others in that subnet as well",
                ),
                Some(first) => block(
                    format!(
                        "{} stays unless a person says otherwise, but its subnet {place} turns private: {}",
                        resource.name, first.reason
                    ),
                    &format!("name a strategy for it in the intent ({}), or skip the others in that subnet", names(&open)),
                ),
            });
        }
        if decision.moves && decision.strategy == Strategy::Skip && shares.is_none() {
            decisions.warnings.push(format!("{} stays public: {}", resource.name, decision.taken.reason));
        }
    }
    let notes = inventory.all().filter(|r| !r.facets.note.is_empty());
    decisions.warnings.extend(notes.map(|r| r.facets.note.clone()));
    whole_units(decisions, inventory);
    public_bystanders(decisions, inventory);
    census(decisions, inventory);
}

/// What would be interrupted for longer than the intent allows, and for which nobody has named a strategy.
fn refuse_the_long(
    decisions: &mut Decisions<'_>,
    inventory: &Inventory,
    intent: &Intent,
    asked: &BTreeMap<Id, (Strategy, Option<String>)>,
) {
    let Some(minutes) = intent.limits.interruption_minutes else { return };
    let chosen = decisions.by_workload.iter().filter(|(id, decision)| decision.moves && !asked.contains_key(id));
    let long = chosen.filter(|(_, decision)| !decision.taken.impossible && decision.taken.interruption_s > minutes * 60);
    let blockers: Vec<Blocker> = long
        .map(|(id, decision)| Blocker {
            code: "HK0407".into(),
            resource: id.clone(),
            why: format!(
                "{} would be interrupted for up to {} min by {}, the intent allows {minutes} min",
                inventory.name(id),
                decision.taken.interruption_s.div_ceil(60),
                decision.strategy.name()
            ),
            way_out: format!(
                "name a strategy for it in the intent ({}), or raise limits.interruption_minutes",
                names(&std::iter::once(&decision.taken).chain(decision.rejected.iter().filter(|c| !c.impossible)).collect::<Vec<_>>())
            ),
        })
        .collect();
    decisions.blockers.extend(blockers);
}

/// A subnet group gives up a subnet only when nothing is in it: if one of what it places rotates, all must.
fn whole_units(decisions: &mut Decisions<'_>, inventory: &Inventory) {
    let rotates = |decision: &Decision| decision.moves && decision.strategy == Strategy::Rotate;
    let members = || decisions.by_workload.iter().filter_map(|(id, decision)| Some((inventory.get(id)?, decision)));
    let units: BTreeMap<&Id, &str> =
        members().filter(|(_, d)| rotates(d)).filter_map(|(r, _)| Some((r.unit()?, r.name.as_str()))).collect();
    let mut blockers = Vec::new();
    for (resource, decision) in members().filter(|(_, decision)| !rotates(decision)) {
        let Some((unit, other)) = resource.unit().and_then(|unit| units.get_key_value(unit)) else { continue };
        blockers.push(Blocker {
            code: "HK0401".into(),
            resource: resource.id.clone(),
            why: format!(
                "{} shares the subnet group {} with {other}, which rotates, and would hold its public subnets (it is to {})",
                resource.name,
                inventory.name(unit),
                decision.strategy.name()
            ),
            way_out: format!("rotate {} too, or let {other} flip", resource.name),
        });
    }
    decisions.blockers.extend(blockers);
}

/// A public database whose subnet turns private may become unreachable (RDS guide); this version takes the public
/// name off those that it moves only, and off the members of clusters that it moves.
fn public_bystanders(decisions: &mut Decisions<'_>, inventory: &Inventory) {
    let public = inventory.with_role(Role::Bystander).filter(|r| r.facets.publicly_accessible);
    for resource in public {
        let Some(subnet) = resource.subnets().iter().find(|subnet| decisions.flipping.contains(*subnet)) else { continue };
        let owner = resource.facets.owner.as_ref().and_then(|owner| decisions.by_workload.get(owner));
        if owner.is_some_and(|owner| owner.moves && owner.strategy != Strategy::Skip) {
            continue;
        }
        decisions.blockers.push(Blocker {
            code: "HK0401".into(),
            resource: resource.id.clone(),
            why: format!("{} is publicly accessible, and its subnet {} turns private", resource.name, inventory.name(subnet)),
            way_out: "make it not publicly accessible first (its clients must reach it from inside), or skip what makes the subnet turn"
                .into(),
        });
    }
}

/// What is in the subnets that turn private, beside the workloads.
fn census(decisions: &mut Decisions<'_>, inventory: &Inventory) {
    for interface in inventory.with_role(Role::Interface) {
        let Some(subnet) = interface.subnets().first().filter(|subnet| decisions.flipping.contains(*subnet)) else { continue };
        let place = inventory.name(subnet);
        let block = |code: &str, why: String, way_out: &str| Blocker {
            code: code.into(),
            resource: interface.id.clone(),
            why,
            way_out: way_out.to_owned(),
        };
        let description = interface.doc["Description"].as_str().unwrap_or_default();
        let Some(owner) = &interface.facets.owner else {
            if interface.facets.state != "available" {
                let why =
                    format!("interface {} in {place} belongs to nobody known (\"{description}\"), and {place} turns private", interface.id);
                decisions.blockers.push(block(
                    "HK0403",
                    why,
                    "find out whose it is and whether it needs the internet; detach it, or skip what makes the subnet turn",
                ));
            }
            continue;
        };
        let known = inventory.get(owner).is_some_and(|r| r.is_movable());
        let unsaid = ["service:rds", "service:ecs"].contains(&owner.as_str());
        if known || interface.facets.public_addresses.is_empty() || unsaid {
            // RDS does not say which interface is whose; its databases are workloads of their own. Tasks that no known
            // service runs end by themselves; who runs them is a workload or somebody outside.
            if owner.as_str().starts_with("service:") && owner.as_str() != "service:rds" {
                decisions.warnings.push(if owner.as_str() == "service:ecs" {
                    format!("tasks run in {place} that no known service runs; those that start there later get out through NAT only")
                } else {
                    format!(
                        "{owner} has interfaces in {place} and is not moved by this version; they have no public address, connections inside the VPC are not cut"
                    )
                });
            }
            continue;
        }
        let why =
            format!("{owner} has the public address {} in {place}, and {place} turns private", interface.facets.public_addresses[0].ip);
        decisions.blockers.push(block("HK0401", why, "move it out of the subnet first, or skip what makes the subnet turn"));
    }
    decisions.warnings.sort();
    decisions.warnings.dedup();
}
