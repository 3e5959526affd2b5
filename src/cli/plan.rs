//! `hikkoshi plan`

use super::failure::{Failure, exit};
use super::place::{self, Place};
use super::{Done, Global, say, say_json, typed};
use crate::execute::Machine;
use crate::model::step::{Stage, Step};
use crate::plan::compare::compare;
use crate::plan::{Plan, format, plan_seen};
use crate::report;

/// Options of `plan`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The migration; may be left out where there is one
    name: Option<String>,
    /// Show one step of the plan in full
    #[arg(long, value_name = "ID")]
    step: Option<String>,
    /// Show the steps of one stage of the plan
    #[arg(long, value_name = "STAGE", conflicts_with = "step")]
    stage: Option<String>,
    /// Put whole plans side by side: as planned, all by flip, all moved; writes nothing
    #[arg(long, conflicts_with_all = ["step", "stage"])]
    compare: bool,
}

/// Plans, or shows a step of the plan.
pub async fn run(global: &Global, args: Args) -> Done {
    let place = Place::find(global, args.name.as_deref())?;
    if let Some(id) = &args.step {
        return show(global, &place, id);
    }
    if let Some(name) = &args.stage {
        return show_stage(global, &place, name);
    }
    let intent = place.intent()?;
    if !place::exists(&place.inventory_path()) {
        let args = super::discover::Args::for_migration(&place.name);
        super::discover::run(global, args).await?;
    }
    let inventory = place.inventory()?;
    same_account(&place, &intent.value, &inventory.value)?;
    if args.compare {
        return alternatives(global, &place, &intent.value, &inventory.value);
    }
    let flows = place.flows()?;
    let seen = flows.as_ref().map(|flows| (&flows.value, flows.sha256.as_str()));
    let mut plan = plan_seen(&intent.value, &inventory.value, seen, &intent.sha256, &inventory.sha256)
        .map_err(|problem| place.intent_problem(&problem))?;
    name_planner(global, &place, &mut plan).await?;
    let text = written(&plan)?;
    keep_what_was_run(&place, &text)?;
    place::write(&place.plan_path(), &text)?;
    tell(global, &place, &plan);
    Ok(if plan.is_applicable() { 0 } else { exit::FINDINGS })
}

fn written(plan: &Plan) -> Result<String, Failure> {
    format::write(plan).map_err(|error| Failure::new("HK0901", error))
}

/// Where who planned does not approve, the plan says who that is: AWS tells. Who makes the same plan again has not planned.
async fn name_planner(global: &Global, place: &Place, plan: &mut Plan) -> Result<(), Failure> {
    if plan.approvals.as_ref().is_none_or(|rule| rule.planner_counts) {
        return Ok(());
    }
    let old = place::read(&place.plan_path()).unwrap_or_default();
    let before = format::read(&old).ok().and_then(|old| old.approvals?.planner);
    if let Some(planner) = before {
        plan.approvals.iter_mut().for_each(|rule| rule.planner = Some(planner.clone()));
        if written(plan)? == old {
            return Ok(());
        }
    }
    let unknown = |failure: Failure| {
        failure
            .detail("who plans does not approve, too: so it must be known who plans (`approvals` in the intent)")
            .hint("with credentials the same command again; or `planner_counts: true` under `approvals`")
    };
    let session = super::session::open(global, Some(&plan.region), &[]).await.map_err(unknown)?;
    let planner = session.must_be(&plan.account, &plan.region).await.map_err(unknown)?;
    plan.approvals.iter_mut().for_each(|rule| rule.planner = Some(planner.clone()));
    Ok(())
}

/// Whole plans side by side.
fn alternatives(
    global: &Global,
    place: &Place,
    intent: &crate::plan::intent::Intent,
    inventory: &crate::model::inventory::Inventory,
) -> Done {
    let flows = place.flows()?;
    let all = compare(intent, inventory, flows.as_ref().map(|flows| &flows.value)).map_err(|problem| place.intent_problem(&problem))?;
    if global.json {
        say_json(&serde_json::json!({ "alternatives": all }));
        return Ok(0);
    }
    say(&report::plan::alternatives(&all, global.options()));
    say(&format!("\nnothing was written; per workload: hikkoshi plan {} --verbose\n", place.name));
    Ok(0)
}

fn same_account(
    place: &Place,
    intent: &crate::plan::intent::Intent,
    inventory: &crate::model::inventory::Inventory,
) -> Result<(), Failure> {
    let wanted = (intent.account.value.as_str(), intent.region.value.as_str(), intent.vpc.value.as_str());
    let seen = (inventory.account.as_str(), inventory.region.as_str(), inventory.vpc.as_str());
    if wanted == seen {
        return Ok(());
    }
    let (code, what, wanted, seen) = if wanted.0 != seen.0 {
        ("HK0103", "account", wanted.0, seen.0)
    } else if wanted.1 != seen.1 {
        ("HK0102", "region", wanted.1, seen.1)
    } else {
        ("HK0102", "VPC", wanted.2, seen.2)
    };
    Err(Failure::new(code, format!("the intent is for {what} {wanted}, the inventory is of {what} {seen}"))
        .detail(format!("{} was taken before {} was edited", place.inventory_path().display(), place.intent_path().display()))
        .detail("nothing was called, nothing was written")
        .hint(format!("hikkoshi discover {}   # looks at the {what} that the intent names; then plan again", place.name)))
}

/// A plan that was begun is not replaced by another under its journal.
fn keep_what_was_run(place: &Place, text: &str) -> Result<(), Failure> {
    let records = place.records()?;
    if records.is_empty() || !place::exists(&place.plan_path()) {
        return Ok(());
    }
    let old = place::read(&place.plan_path())?;
    if old == text {
        return Ok(());
    }
    let parsed = format::read(&old).ok();
    let begun = parsed.as_ref().is_some_and(|plan| Machine::replay(plan, &records).has_begun());
    if !begun && parsed.is_some() {
        return place.store()?.set_aside().map_err(|error| place.journal_failed(error));
    }
    Err(Failure::new("HK0202", format!("a run of {} has begun, and planning again would give another plan", place.plan_path().display()))
        .detail("nothing was called, nothing was written; plan and journal are as they were")
        .hint(format!("hikkoshi apply {}            # goes on with the plan that was begun", place.name))
        .hint(format!("hikkoshi rollback {} --all   # or goes back; then plan again", place.name)))
}

fn tell(global: &Global, place: &Place, plan: &Plan) {
    if global.json {
        say_json(
            &serde_json::json!({ "plan": place.plan_path(), "blockers": plan.blockers, "warnings": plan.warnings, "moves": plan.moves,
            "groups": plan.groups, "egress": plan.egress, "gates": plan.gates, "cost": plan.cost, "subnets": plan.subnets, "stages": plan.stages, "steps": plan.steps.len(),
            "proof": { "certificate": plan.certificate, "broken": plan.broken, "interruptions": plan.interruptions,
                "orders": report::proof::orders(plan).collect::<Vec<_>>() } }),
        );
        return;
    }
    say(&report::plan::summary(plan, global.options()));
    let name = &place.name;
    let more = if global.verbose > 0 { "" } else { " (more: --verbose, or --stage STAGE, or --step ID)" };
    say(&format!("\nwrote {}{more}\n", place.plan_path().display()));
    if plan.is_applicable() {
        say(&typed::in_lines(global, &format!("next: hikkoshi dry-run {name}\n")));
    } else if plan.blockers.is_empty() {
        say("next: hikkoshi explain HK0406   # the plan does not hold: where is drawn above\n");
    } else {
        let (code, again) = (&plan.blockers[0].code, format!("hikkoshi discover {name} && hikkoshi plan {name}"));
        say(&typed::in_lines(global, &format!("next: hikkoshi explain {code}   # settle the blockers\n      {again}\n")));
    }
}

fn show(global: &Global, place: &Place, id: &str) -> Done {
    let plan = place.plan()?.value;
    let step = step_named(place, &plan, id)?;
    if global.json {
        say_json(step);
    } else {
        say(&serde_yaml::to_string(step).unwrap_or_default());
    }
    Ok(0)
}

fn show_stage(global: &Global, place: &Place, name: &str) -> Done {
    let plan = place.plan()?.value;
    let stage = stage_named(&plan, name)?;
    if global.json {
        say_json(&plan.steps_of(stage).collect::<Vec<_>>());
        return Ok(0);
    }
    say(report::plan::stage(&plan, stage, global.options()).trim_start());
    say(&format!("\none in full: hikkoshi plan {} --step ID\n", place.name));
    Ok(0)
}

/// The step of that id.
///
/// # Errors
/// HK0105 if the plan has none, with the nearest.
pub fn step_named<'a>(place: &Place, plan: &'a Plan, id: &str) -> Result<&'a Step, Failure> {
    plan.step(id).ok_or_else(|| {
        let failure = Failure::new("HK0105", format!("the plan has no step `{id}`")).detail("nothing was called, nothing was written");
        match crate::plan::problem::nearest(id, plan.steps.iter().map(|step| step.id.as_str())) {
            Some(near) => failure.hint(format!("hikkoshi plan {} --step {near}", place.name)),
            None => failure.hint(format!("grep -n '^- id: ' {}   # the steps that there are", place.plan_path().display())),
        }
    })
}

/// The stage of that name.
///
/// # Errors
/// HK0111 if the plan has none.
pub fn stage_named(plan: &Plan, name: &str) -> Result<Stage, Failure> {
    Stage::parse(name).filter(|stage| plan.stages.contains(stage)).ok_or_else(|| super::apply::no_checkpoint(plan, name))
}
