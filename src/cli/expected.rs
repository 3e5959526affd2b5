//! Before a run goes on: is what it has not touched yet as the inventory says?
//!
//! What done steps touched is left out here: their own checks are looked at before each step that relies on them.

use std::collections::{BTreeMap, BTreeSet};

use super::failure::Failure;
use super::place::Place;
use super::session::Session;
use crate::discover::drift::{self, Difference, Side};
use crate::execute::{Machine, Phase};
use crate::kinds::MIGRATION_TAG;
use crate::model::facet::PublicAddress;
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::resource::{Resource, tags_of};
use crate::model::step::Step;
use crate::model::text::counted;
use crate::plan::moment::{Moment, Stand};
use crate::plan::sha256;
use crate::report::aftermath::{diff, stands};
use crate::report::harmless;

/// So many differences are for people.
const SHOWN: usize = 8;

/// The account beside what plan and journal say.
pub struct Compared {
    /// The inventory that the plan was made from.
    pub before: Inventory,
    /// The account, without what the run has made.
    pub now: Inventory,
    /// What is different, of what the run has not touched.
    pub drift: Vec<Difference>,
    /// What it has touched.
    pub touched: BTreeSet<Id>,
    /// What has other public addresses after all was taken back, by name: AWS gives none a second time.
    pub readdressed: BTreeSet<String>,
}

/// What somebody else has changed, in fields that the run leaves alone, of a thing that it has touched.
pub struct Beside {
    /// The thing as if that had been so at the start.
    pub merged: Resource,
    /// What is different of it from what was at the start.
    pub differences: Vec<Difference>,
}

impl Compared {
    /// Such things by their ids. Nothing, where nobody can tell what the run has changed.
    pub fn besides(&self, machine: &Machine<'_>) -> BTreeMap<Id, Beside> {
        let Ok(ours) = Moment::with(machine.plan(), &self.before, &stands(machine).0) else { return BTreeMap::new() };
        let side = Side::new(&self.before);
        let beside = |id: &Id| {
            let was = self.before.get(id)?;
            let merged = drift::merged(was, ours.account.resources.get(id)?, self.now.get(id)?, &self.before.vpc)?;
            let differences = drift::of_one(&side, was, &merged);
            (!differences.is_empty()).then(|| (id.clone(), Beside { merged, differences }))
        };
        self.touched.iter().filter_map(beside).collect()
    }
}

/// Looks, and compares.
///
/// # Errors
/// If the account can't be looked at, or the inventory is not the one that the plan was made from.
pub async fn compare(session: &Session, place: &Place, machine: &Machine<'_>) -> Result<Compared, Failure> {
    let plan = machine.plan();
    let text = super::place::read(&place.inventory_path())?;
    // Before it is read: at night another file is another file, whatever is wrong with it.
    if machine.has_begun() && sha256(text.as_bytes()) != plan.inventory_sha256 {
        return Err(other_inventory(place));
    }
    let before = place.inventory()?.value;
    let touched = touched(&before, machine)?;
    let mut now = super::discover::look(session, &before.account, &before.vpc).await?;
    if machine.has_begun() {
        // An ACL serves the run's own subnets as well, by AWS's doing; where these are not known, that is no difference.
        now.resources.retain(|id, resource| before.get(id).is_some() || !is_ours(resource, machine));
    }
    let mut drift = drift::between(&before, &now);
    let mut readdressed = BTreeSet::new();
    if machine.has_begun() {
        drift.retain(|one| is_strange(one, &before, &touched));
    } else {
        // What was taken back as a whole is as it was, but for addresses that AWS gives nobody twice; and it may not be at
        // rest yet.
        drift.retain(|one| !(is_touched(one, &before, &touched) && one.field == "state"));
        let others = |one: &mut Difference| is_touched(one, &before, &touched) && is_readdressed(one, &before, &now);
        readdressed.extend(drift.extract_if(.., others).map(|one| one.name));
    }
    Ok(Compared { before, now, drift, touched, readdressed })
}

/// Whether it is only that AWS has assigned other public addresses, as many as there were.
fn is_readdressed(one: &Difference, before: &Inventory, now: &Inventory) -> bool {
    let id = Id::from(one.resource.as_str());
    let (Some(was), Some(is)) = (before.get(&id), now.get(&id)) else { return false };
    let (was, is) = (&was.facets.public_addresses, &is.facets.public_addresses);
    let alike = |(a, b): (&PublicAddress, &PublicAddress)| a == b || a.allocation.is_none() && b.allocation.is_none();
    one.field == "public_addresses" && was.len() == is.len() && was.iter().zip(is).all(alike)
}

/// What steps have touched that are done, that may be, or that were taken back: no way back gives a public address back.
fn touched(inventory: &Inventory, machine: &Machine<'_>) -> Result<BTreeSet<Id>, Failure> {
    let (certain, possible) = stands(machine);
    let mut out = BTreeSet::new();
    let mut played: Vec<Vec<Stand<'_>>> = Vec::new();
    for stands in [certain, possible, tried(machine)] {
        if played.contains(&stands) {
            continue;
        }
        let moment = Moment::with(machine.plan(), inventory, &stands).map_err(|stuck| {
            Failure::new("HK0510", format!("in the simulation step {} fails: {}", stuck.step, stuck.why))
                .detail("so nobody can tell what of the account the run has changed; nothing was called")
        })?;
        out.extend(moment.touched);
        played.push(stands);
    }
    Ok(out)
}

/// The steps that were ever begun, as if all of them were done.
fn tried<'p>(machine: &Machine<'p>) -> Vec<Stand<'p>> {
    let begun = |step: &&Step| machine.state(&step.id).is_some_and(|state| state.generation > 0 || state.phase != Phase::Pending);
    machine.plan().steps.iter().filter(begun).map(|step| Stand { step, taken_back: 0 }).collect()
}

/// Whether a difference is not the run's own work.
fn is_strange(one: &Difference, before: &Inventory, touched: &BTreeSet<Id>) -> bool {
    before.get(&Id::from(one.resource.as_str())).is_none() || (!is_touched(one, before, touched) && one.field != "state")
}

/// Whether it is of something that was touched: that has changed with what belongs to it.
fn is_touched(one: &Difference, before: &Inventory, touched: &BTreeSet<Id>) -> bool {
    let was = before.get(&Id::from(one.resource.as_str()));
    was.is_some_and(|was| [Some(&was.id), was.facets.owner.as_ref()].into_iter().flatten().any(|owner| touched.contains(owner)))
}

/// Whether a thing is one that this migration has made: by its tag, or because the journal knows it.
fn is_ours(resource: &Resource, machine: &Machine<'_>) -> bool {
    let plan = machine.plan();
    let known = || {
        let outputs = plan.steps.iter().filter_map(|step| machine.state(&step.id)).flat_map(|state| state.outputs.values());
        outputs.filter_map(serde_json::Value::as_str).any(|output| output == resource.id.as_str() || output == resource.name)
    };
    tags_of(&resource.doc).contains_key(MIGRATION_TAG) || known()
}

/// A run is not begun, and does not go on, on an account that somebody else has changed.
///
/// # Errors
/// If somebody has.
pub async fn must_be_so(session: &Session, place: &Place, machine: &Machine<'_>) -> Result<(), Failure> {
    let begun = machine.has_begun();
    let compared = match compare(session, place, machine).await {
        // Without the inventory each step still looks at what it touches and relies on.
        Err(failure) if begun && matches!(failure.code, "HK0106" | "HK0108" | "HK0510") => {
            super::aside(&format!(
                "the account is not compared as a whole: {}; each step still looks at what it touches\n",
                failure.message
            ));
            return Ok(());
        }
        compared => compared?,
    };
    if compared.drift.is_empty() {
        return Ok(());
    }
    let name = &place.name;
    let failure = drifted(&compared.drift).detail("nothing was changed");
    Err(if begun {
        failure
            .hint(format!("hikkoshi apply {name}   # after the change was taken back by whoever made it"))
            .hint(format!("hikkoshi adopt {name} --reason …   # or takes it into the plan, if the rest holds with it"))
            .hint(format!("hikkoshi rollback {name} --to CHECKPOINT   # or go back"))
    } else {
        failure.hint(format!("hikkoshi discover {name}")).hint(format!("hikkoshi plan {name}   # and review it again"))
    })
}

/// The differences as a failure.
fn drifted(drift: &[Difference]) -> Failure {
    let message = format!("the account is no longer as the inventory says: {}", counted(drift.len(), "difference"));
    let mut failure = Failure::new("HK0505", message);
    failure.details.extend(lines(drift));
    failure.more = Some(Box::new(serde_json::json!({ "drift": drift })));
    failure.detail("by whom is not known here: CloudTrail tells (hikkoshi explain HK0505)")
}

/// Differences in lines: the thing, and field by field what it should be and is.
pub fn lines(drift: &[Difference]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut last = "";
    for one in drift.iter().take(SHOWN) {
        if one.resource != last {
            out.push(harmless(&format!("{} ({})", one.name, one.resource)));
            last = &one.resource;
        }
        out.extend(diff(&one.field, &one.before, &one.now));
    }
    if drift.len() > SHOWN {
        out.push(format!("and {} more differences (--json)", drift.len() - SHOWN));
    }
    out
}

fn other_inventory(place: &Place) -> Failure {
    Failure::new("HK0106", format!("{} is not the inventory that the plan was made from", place.inventory_path().display()))
        .detail("nothing was called, nothing was written")
        .hint("put the file back that the plan was made from (version control has it)")
}
