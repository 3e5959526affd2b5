//! Names that lead to addresses: what becomes of them when the address goes to another.
//!
//! A name whose address a move replaces by one that the plan knows is led on. Every other name that a move would leave
//! leading nowhere is told, with a way out: a blocker where a person has put the address there for good, a warning where
//! a service gives addresses out and takes them back anyway.

use std::collections::BTreeMap;

use super::caution::some_of;
use super::decide::{Decision, Decisions};
use crate::kinds;
use crate::model::facet::Role;
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::resource::Resource;
use crate::model::step::{Need, Step};
use crate::model::strategy::{Blocker, Renumbering, Strategy};

/// What is said of an address that a service gives out.
const LEAD_TO_A_NAME: &str = "which a service gives out and takes back with the move: lead it to a name instead (an alias or a CNAME of the endpoint); what Cloud Map keeps follows by itself";

/// What is to be done about names, and told.
#[derive(Default)]
pub struct Names {
    /// The steps that lead names on.
    pub steps: Vec<Step>,
    /// What the first step of a move (by its slug) waits for.
    pub turns: Vec<(String, Need)>,
    /// What stands in the way.
    pub blockers: Vec<Blocker>,
    /// What a person should know.
    pub warnings: Vec<String>,
}

/// Whose an address is.
struct Holder<'a> {
    /// What can be moved and has it.
    workload: &'a Resource,
    public: bool,
    /// Whether a service gave it out, and may give out another any day.
    managed: bool,
}

/// Leads all names on; `drafted` tells whether a move has steps.
pub fn lead_on(inventory: &Inventory, decisions: &Decisions<'_>, renumbered: &[Renumbering], drafted: &dyn Fn(&str) -> bool) -> Names {
    let mut out = Names::default();
    if inventory.with_role(Role::Name).next().is_none() {
        return out;
    }
    let (holders, services, unseen) = (holders(inventory), services(inventory), moves_unseen(inventory, decisions));
    let by_old: BTreeMap<&str, &Renumbering> = renumbered.iter().map(|change| (change.old.as_str(), change)).collect();
    for name in inventory.with_role(Role::Name) {
        let addresses = || name.facets.answers.iter().flat_map(|answers| &answers.addresses);
        let mut changes: Vec<&Renumbering> = addresses().filter_map(|address| by_old.get(address.as_str()).copied()).collect();
        // Moves that share something take turns by their slugs everywhere, so that nobody waits in a circle.
        changes.sort_by(|a, b| a.slug.cmp(&b.slug));
        match kinds::kind(&name.kind).filter(|_| !changes.is_empty()).map(|kind| kind.lead_on(name, &changes)) {
            Some(Ok(steps)) => {
                out.turns.extend(turns(name, &changes, &steps));
                out.steps.extend(steps);
            }
            Some(Err(blocker)) => out.blockers.push(blocker),
            None => {}
        }
        for address in addresses().filter(|address| !by_old.contains_key(address.as_str())) {
            let Some(holder) = holders.get(address.as_str()) else {
                if let Some(service) = services.get(address.as_str()).filter(|_| unseen) {
                    out.warnings.push(format!("the name {} leads to {address} of {service}, {LEAD_TO_A_NAME}", name.name));
                }
                continue;
            };
            let Some(decision) = decisions.by_workload.get(&holder.workload.id).filter(|d| d.moves) else { continue };
            tell(&mut out, name, address, holder, decision, drafted(&decision.slug));
        }
    }
    out
}

/// Whether a strategy gives other addresses.
fn renumbers(strategy: Strategy) -> bool {
    use Strategy::{Recreate, Relocate, Replica, Restore, Rotate};
    matches!(strategy, Relocate | Rotate | Replica | Restore | Recreate)
}

fn tell(out: &mut Names, name: &Resource, address: &str, holder: &Holder<'_>, decision: &Decision, drafted: bool) {
    let (record, whose, way) = (&name.name, &holder.workload.name, decision.strategy.name());
    let cut = holder.public && decision.strategy == Strategy::Flip;
    if decision.strategy == Strategy::Retire {
        out.warnings.push(format!("the name {record} leads to {address} of {whose}, which goes: take the record away as well"));
        return;
    }
    let renumbered = renumbers(decision.strategy) && drafted;
    if !(cut || renumbered) {
        return;
    }
    if holder.managed {
        out.warnings.push(format!("the name {record} leads to {address} of {whose}, {LEAD_TO_A_NAME}"));
        return;
    }
    let (why, way_out) = if holder.public {
        (
            format!("the name {record} leads to {address}, the public address of {whose}, which nobody reaches any more after `{way}`"),
            format!("lead {record} to what stays public (a balancer) or take the record away first, or `skip` {whose}"),
        )
    } else {
        (
            format!("the name {record} leads to {address} of {whose}, and nobody knows beforehand what takes its place by `{way}`"),
            format!(
                "lead {record} to its primary private address or to another name first, or let {whose} flip, which keeps its addresses"
            ),
        )
    };
    out.blockers.push(Blocker { code: "HK0401".into(), resource: name.id.clone(), why, way_out });
}

/// For each address of something that can be moved, who holds it. What it says itself counts for more than what its
/// parts say.
fn holders(inventory: &Inventory) -> BTreeMap<&str, Holder<'_>> {
    let mut out: BTreeMap<&str, Holder<'_>> = BTreeMap::new();
    for part in inventory.resources.values() {
        let Some((workload, managed)) = whose(inventory, part) else { continue };
        for address in part.addresses() {
            let public = part.facets.public_addresses.iter().any(|public| public.ip == address);
            if part.is_movable() || !out.contains_key(address) {
                out.insert(address, Holder { workload, public, managed });
            }
        }
    }
    out
}

/// Whose a part is, and whether a service gave out its addresses. An interface is an instance's, and the instance an
/// Auto Scaling group's.
fn whose<'a>(inventory: &'a Inventory, part: &'a Resource) -> Option<(&'a Resource, bool)> {
    if part.is_movable() {
        return Some((part, false));
    }
    let owner = inventory.get(part.facets.owner.as_ref()?)?;
    let service = part.role == Role::Interface && part.doc["RequesterManaged"] == true;
    if owner.is_movable() {
        return Some((owner, service || part.role == Role::Bystander));
    }
    let whole = inventory.get(owner.facets.owner.as_ref()?).filter(|whole| whole.is_movable())?;
    Some((whole, part.role != Role::Address))
}

/// Addresses of interfaces of which a service doesn't say whose they are.
fn services(inventory: &Inventory) -> BTreeMap<&str, &Id> {
    let of_service = |interface: &&Resource| interface.facets.owner.as_ref().is_some_and(|owner| owner.as_str().starts_with("service:"));
    let interfaces = inventory.with_role(Role::Interface).filter(of_service);
    interfaces.flat_map(|interface| interface.addresses().filter_map(|address| Some((address, interface.facets.owner.as_ref()?)))).collect()
}

/// Whether something moves to other addresses and doesn't say which it has.
fn moves_unseen(inventory: &Inventory, decisions: &Decisions<'_>) -> bool {
    let mut moving = decisions.by_workload.iter().filter(|(_, d)| d.moves && renumbers(d.strategy));
    moving.any(|(id, _)| inventory.get(id).is_some_and(|resource| resource.addresses().next().is_none()))
}

/// Of two that answer to one name the second moves when everybody is led to the new address of the first.
fn turns(name: &Resource, changes: &[&Renumbering], steps: &[Step]) -> Vec<(String, Need)> {
    let begins = |change: &Renumbering| steps.iter().position(|step| step.needs.iter().any(|need| need.step == change.since));
    let pairs = changes.windows(2).filter(|pair| pair[0].slug != pair[1].slug);
    pairs
        .filter_map(|pair| {
            let before = &steps[..begins(pair[1])?];
            let last = before.iter().rev().find(|step| step.of_move == pair[0].slug)?;
            let because = format!("{} leads to one that answers at every moment", name.name);
            Some((pair[1].slug.clone(), Need { step: last.id.clone(), because }))
        })
        .collect()
}

/// A look at names that was not possible, where a move leaves addresses behind; none where it doesn't matter.
pub fn unseen(operation: &str, why: &str, inventory: &Inventory, decisions: &Decisions<'_>) -> Option<String> {
    let leaves = |(id, decision): (&Id, &Decision)| {
        let resource = inventory.get(id).filter(|_| decision.moves)?;
        let cut = decision.strategy == Strategy::Flip && !resource.facets.public_addresses.is_empty();
        let changes = renumbers(decision.strategy) && resource.addresses().next().is_some();
        (cut || changes).then_some(resource.name.as_str())
    };
    let names: Vec<&str> = decisions.by_workload.iter().filter_map(leaves).collect();
    (!names.is_empty()).then(|| {
        format!(
            "{operation} was not possible ({why}): a DNS record that leads to an address of {} would lead nowhere after the move; allow it and run discover and plan again, or look for such records by hand",
            some_of(&names)
        )
    })
}
