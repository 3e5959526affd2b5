//! `hikkoshi verify`: is the account as the plan says it should now be.

use std::collections::BTreeMap;

use super::expected::Compared;
use super::failure::exit;
use super::place::Place;
use super::{Done, Global, expected, say, say_json, session, typed};
use crate::execute::{Machine, look};
use crate::model::call::Label;
use crate::model::step::{Check, Step};
use crate::model::strategy::Strategy;
use crate::model::text::{counted, first_of};
use crate::plan::Plan;
use crate::report::{harmless, table};

/// Options of `verify`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The migration; may be left out where there is one
    name: Option<String>,
}

/// Looks at everything that the steps done so far promise; where all is done, at the whole account too. Where nothing is, it
/// compares the account with the inventory.
pub async fn run(global: &Global, args: Args) -> Done {
    let place = Place::find(global, args.name.as_deref())?;
    let plan = place.plan()?;
    let records = place.records_of(&plan)?;
    let plan = plan.value;
    let machine = Machine::replay(&plan, &records);
    let session = session::open(global, Some(&plan.region), &[]).await?;
    session.must_be(&plan.account, &plan.region).await?;
    if !machine.has_begun() {
        let compared = expected::compare(&session, &place, &machine).await?;
        tell_of_nothing(global, &place, &compared);
        return Ok(if compared.drift.is_empty() { 0 } else { exit::DRIFT });
    }
    let find = |from: &str, output: &str| machine.output(from, output).cloned();
    let checks = standing(&machine);
    let mut broken: Vec<String> = Vec::new();
    for (step, check) in &checks {
        let label = Label { migration: plan.migration.clone(), step: step.id.clone() };
        match look::check(&*session.cloud, &label, check, &find).await {
            Ok(found) if found.holds => {}
            Ok(found) => broken.push(format!("{}: \"{}\" does not hold: {} is {}", step.id, check.what, check.path, found.seen())),
            Err(blind) => broken.push(format!("{}: \"{}\" can't be looked at: {}", step.id, check.what, blind.words())),
        }
    }
    let done = machine.current_stage().is_none_or(|stage| stage == crate::model::step::Stage::Cleanup) && !plan.steps.is_empty();
    if done {
        broken.extend(left_behind(&plan, &super::discover::look(&session, &plan.account, &plan.vpc).await?));
    }
    tell(global, &place, checks.len(), done, &broken);
    Ok(if broken.is_empty() { 0 } else { exit::DRIFT })
}

/// The checks of verified steps that no later step has overtaken: of several about the same thing the last one counts.
fn standing<'p>(machine: &Machine<'p>) -> Vec<(&'p Step, &'p Check)> {
    let mut last: BTreeMap<String, (usize, &Step, &Check)> = BTreeMap::new();
    for (at, step) in machine.plan().steps.iter().filter(|step| machine.is_verified(&step.id)).enumerate() {
        for check in &step.verify {
            let about = format!("{} {} {}", check.operation, serde_json::to_string(&check.parameters).unwrap_or_default(), check.path);
            last.insert(about, (at, step, check));
        }
    }
    let mut out: Vec<(usize, &Step, &Check)> = last.into_values().collect();
    out.sort_by_key(|(at, _, _)| *at);
    out.into_iter().map(|(_, step, check)| (step, check)).collect()
}

/// What moved must not be in a public subnet or have a public address any more.
fn left_behind(plan: &Plan, now: &crate::model::inventory::Inventory) -> Vec<String> {
    let public = now.public_subnets();
    let mut out = Vec::new();
    for one in plan.moves.iter().filter(|m| matches!(m.strategy, Strategy::Relocate | Strategy::Flip)) {
        let same = |r: &&crate::model::resource::Resource| {
            r.kind == one.kind && r.name == one.name && r.facets.state != "stopped" && r.facets.state != "stopping"
        };
        let found: Vec<_> = now.all().filter(same).collect();
        if found.is_empty() {
            out.push(format!("{} is not there", one.name));
        }
        for resource in found {
            if let Some(subnet) = resource.subnets().iter().find(|subnet| public.contains(subnet)) {
                out.push(format!("{} ({}) is in the public subnet {}", resource.name, resource.id, now.name(subnet)));
            }
            if resource.has_public_address() {
                out.push(format!("{} ({}) has a public address", resource.name, resource.id));
            }
        }
    }
    out
}

/// Where nothing is done, or all was taken back: the account is as it was, or how it is not.
fn tell_of_nothing(global: &Global, place: &Place, Compared { drift, readdressed, .. }: &Compared) {
    let lines = expected::lines(drift);
    if global.json {
        say_json(&serde_json::json!({ "checks": 0, "whole_account": true, "broken": lines }));
        return;
    }
    let style = global.style();
    if drift.is_empty() {
        let mut out = format!("{} nothing of the plan is in place, and the whole account is as the inventory says\n", style.good("✓"));
        if !readdressed.is_empty() {
            let names: Vec<String> = readdressed.iter().map(|name| harmless(name)).collect();
            let line = format!("with other public addresses, for AWS gives none a second time: {}", first_of(&names, 8));
            out.push_str(&table::hanging(&style.warn("! "), &line, 2, global.width()));
        }
        say(&out);
        return;
    }
    let count = counted(drift.len(), "difference");
    let mut out = format!("{} nothing of the plan is in place, but the account is not as the inventory says: {count}\n", style.bad("✗"));
    lines.iter().for_each(|line| out.push_str(&format!("  {line}\n")));
    out.push_str(&format!("next: hikkoshi discover {name} && hikkoshi plan {name}; hikkoshi explain HK0505\n", name = place.name));
    say(&typed::in_lines(global, &out));
}

fn tell(global: &Global, place: &Place, checks: usize, done: bool, broken: &[String]) {
    if global.json {
        say_json(&serde_json::json!({ "checks": checks, "whole_account": done, "broken": broken }));
        return;
    }
    let style = global.style();
    let scope = if done { "; the whole account was looked at" } else { "" };
    if broken.is_empty() {
        say(&format!("{} {checks} checks of the steps done so far hold{scope}\n", style.good("✓")));
        return;
    }
    let mut out = format!("{} {} of {checks} checks do not hold{scope}\n", style.bad("✗"), broken.len());
    for line in broken {
        out.push_str(&table::hanging("✗ ", line, 2, global.width()));
    }
    out.push_str(&format!("next: hikkoshi status {}; hikkoshi explain HK0505\n", place.name));
    say(&typed::in_lines(global, &out));
}
