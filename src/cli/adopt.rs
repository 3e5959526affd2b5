//! `hikkoshi adopt`: takes what somebody else has changed into the plan, if what is done stays and the rest holds with it.
//!
//! What was changed is put into the inventory as if it had been so at the start, and the planner plans from that. Where its
//! steps are the same, only what the plan takes for granted is another; where they are not, what was begun must be the same.
//! Of what the run itself has touched, only what it leaves alone can be adopted: of the rest nobody can tell any more how it
//! would have been at the start.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::amend;
use super::confirm::confirm;
use super::expected::{self, Beside, Compared};
use super::failure::Failure;
use super::place::{self, Hashed, Place};
use super::{Done, Global, proof, say, say_json, session, typed};
use crate::clock::{Clock, RealClock, rfc3339};
use crate::discover::drift::{self, Difference};
use crate::execute::{Machine, amend as pure, skip};
use crate::journal::store::Taken;
use crate::journal::{Body, Record};
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::plan::{Plan, format, plan_seen, prove, sha256};
use crate::report::aftermath::few;
use crate::report::edits;

/// Options of `adopt`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The migration
    name: String,
    /// Only what was changed of this thing: its id or name
    resource: Option<String>,
    /// Why the change is to stay; stays in the journal
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// Adopts.
pub async fn run(global: &Global, args: Args) -> Done {
    let place = Place::find(global, Some(&args.name))?;
    let plan = place.plan()?;
    let session = session::open(global, Some(&plan.value.region), &[]).await?;
    let who = super::apply::who(&session.must_be(&plan.value.account, &plan.value.region).await?);
    let taken = place.store()?.take(&format!("{who}, `hikkoshi adopt`"));
    let Taken { mut journal, records, .. } = taken.map_err(|error| place.journal_failed(error))?;
    place.belong(&records, &plan)?;
    let machine = Machine::replay(&plan.value, &records);
    if !machine.has_begun() {
        return Err(refused("no run has begun: there is nothing that a new plan would have to keep")
            .hint(format!("hikkoshi discover {}", place.name))
            .hint(format!("hikkoshi plan {}   # and review it", place.name)));
    }
    let compared = expected::compare(&session, &place, &machine).await?;
    let besides = compared.besides(&machine);
    let drift = chosen(&place, &compared, &besides, &machine, args.resource.as_deref())?;
    let new = replanned(&place, &plan, &compared, &besides, &drift)?;
    may_be_gone_on_with(&place, &new, &records)?;
    let why = reason(&args, &drift)?;
    confirm(&question(&plan.value, &new, &drift), &place.name, args.yes)?;
    write(&place, &plan, &new)?;
    let renewed = pure::renewed(&new.plan, &records);
    let body = Body::Amended { from: plan.sha256.clone(), to: new.sha256.clone(), who, why, renewed };
    journal.append(&rfc3339(RealClock.now_ms()), &body).map_err(|error| place.journal_failed(error))?;
    tell(global, &place, &plan.value, &new, &drift);
    Ok(0)
}

/// A plan with the changes in it, and what it was made from.
struct New {
    plan: Plan,
    text: String,
    sha256: String,
    inventory: String,
}

impl New {
    fn of(plan: Plan, inventory: String) -> Result<New, Failure> {
        let text = format::write(&plan).map_err(|error| Failure::new("HK0901", error))?;
        Ok(New { sha256: format::hash(&text), plan, text, inventory })
    }
}

/// Things that the run has touched, with what somebody else has changed of them besides.
type Besides = BTreeMap<Id, Beside>;

/// What is to be adopted: all that is different, or what is so of one thing.
fn chosen(
    place: &Place,
    compared: &Compared,
    besides: &Besides,
    machine: &Machine<'_>,
    wanted: Option<&str>,
) -> Result<Vec<Difference>, Failure> {
    let fits = |one: &&Difference| wanted.is_none_or(|wanted| one.resource == wanted || one.name == wanted);
    let drift: Vec<Difference> = compared.drift.iter().filter(fits).cloned().collect();
    if !drift.is_empty() {
        return Ok(drift);
    }
    let drift: Vec<Difference> = besides.values().flat_map(|beside| &beside.differences).filter(fits).cloned().collect();
    if !drift.is_empty() {
        return Ok(drift);
    }
    let named = |id: &Id| wanted.is_some_and(|wanted| id.as_str() == wanted || compared.before.name(id) == wanted);
    let own = machine.plan().steps.iter().filter_map(|step| machine.state(&step.id)).find(|state| !state.drift.is_empty());
    if compared.touched.iter().any(named) || wanted.is_none() && own.is_some() {
        let what = wanted.unwrap_or("what stopped the run");
        return Err(two_ways_out(
            place,
            refused(&format!("{what} was made by this run, or changed by it in that very field: it can't be adopted"))
                .detail("what is done, and the way back from it, was proved with things as the run left them"),
        ));
    }
    Err(refused(&format!("there is nothing to adopt{}", wanted.map_or(String::new(), |wanted| format!(" of {wanted}"))))
        .detail("what the run has not touched is as the inventory says")
        .hint(format!("hikkoshi apply {}   # goes on", place.name)))
}

/// The plan as it is when the changes had been there from the start; what a person edited in it stays, or stands in the way.
fn replanned(place: &Place, plan: &Hashed<Plan>, compared: &Compared, besides: &Besides, drift: &[Difference]) -> Result<New, Failure> {
    let ids: BTreeSet<Id> = drift.iter().map(|one| Id::from(one.resource.as_str())).collect();
    let (merged, whole): (BTreeSet<Id>, BTreeSet<Id>) = ids.into_iter().partition(|id| besides.contains_key(id));
    let mut inventory = drift::taken_over(&compared.before, &compared.now, &whole);
    inventory.resources.extend(merged.into_iter().map(|id| (id.clone(), Arc::new(besides[&id].merged.clone()))));
    let text = super::discover::file(&inventory);
    let sha = sha256(text.as_bytes());
    let after = planned(place, &inventory, &sha)?;
    if !after.is_applicable() {
        return Err(unprovable(place, &after));
    }
    if same_steps(&plan.value, &after) {
        return New::of(after, text);
    }
    let before = planned(place, &compared.before, &plan.value.inventory_sha256)?;
    if same_steps(&plan.value, &before) {
        return New::of(after, text);
    }
    if !same_steps(&before, &after) {
        return Err(two_ways_out(
            place,
            refused("the plan was edited by hand, and the change asks for other steps: they would not go together")
                .detail(format!("{} is not what the planner makes, so planning anew would lose the edit", place.plan_path().display())),
        ));
    }
    // The planner makes nothing else of the change; so the edited steps stay, if they hold with it.
    edited(place, &plan.value, &inventory, sha).and_then(|plan| New::of(plan, text))
}

fn planned(place: &Place, inventory: &Inventory, sha256: &str) -> Result<Plan, Failure> {
    let (intent, flows) = (place.intent()?, place.flows()?);
    let seen = flows.as_ref().map(|flows| (&flows.value, flows.sha256.as_str()));
    plan_seen(&intent.value, inventory, seen, &intent.sha256, sha256).map_err(|problem| place.intent_problem(&problem))
}

/// The plan as a person edited it, on another inventory.
fn edited(place: &Place, plan: &Plan, inventory: &Inventory, inventory_sha256: String) -> Result<Plan, Failure> {
    let (intent, flows) = (place.intent()?.value, place.flows()?);
    let plan = Plan { inventory_sha256, ..plan.clone() };
    let proof = prove::again(&plan, &intent, inventory, flows.as_ref().map(|flows| &flows.value));
    let proof = proof.map_err(|problem| place.intent_problem(&problem))?;
    let plan = Plan { certificate: prove::Certificate { effort: None, ..proof.certificate }, broken: proof.broken, ..plan };
    if plan.is_applicable() { Ok(plan) } else { Err(unprovable(place, &plan)) }
}

fn same_steps(one: &Plan, other: &Plan) -> bool {
    (&one.steps, &one.stages, &one.gates, &one.interruptions) == (&other.steps, &other.stages, &other.gates, &other.interruptions)
}

/// What was begun must be as it was, and the rest must hold without what was left out.
fn may_be_gone_on_with(place: &Place, new: &New, records: &[Record]) -> Result<(), Failure> {
    let objections = pure::objections(&new.plan, records);
    if let Some((step, why)) = objections.first() {
        let mut failure = refused(&format!("with the change, step {step} {}", amend::words(why)));
        for (step, why) in objections[1..].iter().take(5) {
            failure = failure.detail(format!("step {step} {}", amend::words(why)));
        }
        return Err(two_ways_out(place, failure.detail("the change reaches into what is done")));
    }
    let machine = Machine::replay(&new.plan, records);
    let rest = skip::without_skipped(&machine, &[]);
    // What was left out was left out of the plan before; with the change the rest is proved again.
    if rest.steps.len() == new.plan.steps.len() { Ok(()) } else { proof::must_hold(place, &rest) }
}

fn reason(args: &Args, drift: &[Difference]) -> Result<String, Failure> {
    let what: Vec<String> = drift.iter().map(|one| format!("{} of {} ({})", one.field, one.name, one.resource)).collect();
    let what = format!("adopted: {}", what.join(", "));
    match args.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty()) {
        Some(reason) => Ok(format!("{reason} ({what})")),
        None => Ok(what),
    }
}

fn question(plan: &Plan, new: &New, drift: &[Difference]) -> String {
    let mut out = format!("This will take into the plan of migration {} what somebody else has changed:\n  ", plan.migration);
    out.push_str(&expected::lines(drift).join("\n  "));
    out + "\n" + &consequences(plan, new)
}

/// What becomes of the plan, and what nobody has to keep any more.
fn consequences(plan: &Plan, new: &New) -> String {
    let notes = new.plan.certificate.notes.iter().filter(|note| !plan.certificate.notes.contains(note));
    let notes: Vec<String> = notes.map(|note| format!("\n  note: {}", crate::report::harmless(note))).collect();
    if same_steps(plan, &new.plan) {
        return format!("The steps stay as they are; the rest holds with it.{}", notes.concat());
    }
    let lines = few(edits::lines(plan, &new.plan), 24, "lines");
    format!("What is done stays; the rest is planned anew and holds:\n  {}{}", lines.join("\n  "), notes.concat())
}

/// Inventory first: a plan that fits no inventory would be worse than an inventory that fits no plan.
fn write(place: &Place, plan: &Hashed<Plan>, new: &New) -> Result<(), Failure> {
    amend::keep(place, plan);
    place::write(&place.inventory_path(), &new.inventory)?;
    place::write(&place.plan_path(), &new.text)?;
    amend::keep(place, &Hashed { value: new.plan.clone(), sha256: new.sha256.clone() });
    Ok(())
}

fn tell(global: &Global, place: &Place, plan: &Plan, new: &New, drift: &[Difference]) {
    if global.json {
        let changed = if same_steps(plan, &new.plan) { Vec::new() } else { edits::lines(plan, &new.plan) };
        say_json(&serde_json::json!({ "adopted": drift, "plan": new.sha256, "changed": changed }));
        return;
    }
    let mut out = String::from("adopted:\n");
    expected::lines(drift).iter().for_each(|line| out.push_str(&format!("  {line}\n")));
    out.push_str(&consequences(plan, new));
    out.push_str(&format!("\nwrote {} and {}\n", place.inventory_path().display(), place.plan_path().display()));
    out.push_str(&typed::in_lines(global, &format!("next: hikkoshi apply {}\n", place.name)));
    say(&out);
}

fn refused(message: &str) -> Failure {
    Failure::new("HK0521", message).detail("nothing was changed, nothing was written")
}

/// With the change the rest does not hold.
fn unprovable(place: &Place, plan: &Plan) -> Failure {
    let mut failure = refused("with the change the rest of the plan does not hold: it can't be adopted");
    failure.details.extend(plan.blockers.iter().take(3).map(|blocker| crate::report::harmless(&blocker.why)));
    let drawn = plan.broken.iter().take(2).flat_map(prove::words::drawn).map(|line| crate::report::harmless(&line));
    failure.details.extend(drawn);
    two_ways_out(place, failure)
}

fn two_ways_out(place: &Place, failure: Failure) -> Failure {
    failure
        .hint(format!("hikkoshi apply {}   # after the change was taken back by whoever made it", place.name))
        .hint(format!("hikkoshi rollback {} --to CHECKPOINT   # or go back, and plan anew", place.name))
}
