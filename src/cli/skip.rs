//! `hikkoshi skip`: leaves out steps that nothing needs, with a reason.

use super::confirm::confirm;
use super::failure::Failure;
use super::log::no_step;
use super::place::Place;
use super::{Done, Global, ask, proof, say, say_json, typed};
use crate::clock::{Clock, RealClock, rfc3339};
use crate::execute::skip::{self, Objection};
use crate::execute::{Machine, Phase};
use crate::journal::Body;
use crate::journal::store::Taken;
use crate::model::text::counted;
use crate::plan::Plan;

/// Options of `skip`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The migration
    name: String,
    /// The steps
    #[arg(required = true, value_name = "STEP")]
    steps: Vec<String>,
    /// Why; stays in the journal
    #[arg(long, required_unless_present = "take_back")]
    reason: Option<String>,
    /// Do them after all
    #[arg(long, conflicts_with = "reason")]
    take_back: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// Leaves steps out.
pub fn run(global: &Global, args: &Args) -> Done {
    let place = Place::find(global, Some(&args.name))?;
    let plan = place.plan()?;
    if let Some(step) = args.steps.iter().find(|step| plan.value.step(step).is_none()) {
        return Err(no_step(&place, &plan.value, step));
    }
    let who = ask::person();
    let taken = place.store()?.take(&format!("{who}, `hikkoshi skip`"));
    let Taken { mut journal, records, .. } = taken.map_err(|error| place.journal_failed(error))?;
    place.belong(&records, &plan)?;
    if records.is_empty() {
        return Err(Failure::new("HK0514", "nothing has been run yet: there is no journal that could remember what is left out")
            .detail("nothing was called, nothing was written")
            .hint(format!("take the step out of {} and its `needs`, then: hikkoshi dry-run {}", place.plan_path().display(), place.name))
            .hint(format!("hikkoshi apply {}   # or begin", place.name)));
    }
    let machine = Machine::replay(&plan.value, &records);
    let objections = objections(&machine, args);
    if !objections.is_empty() {
        return Err(refused(&place, &machine, &objections));
    }
    if !args.take_back {
        proof::must_hold(&place, &skip::without_skipped(&machine, &args.steps)).map_err(|failure| unproved(&place, failure))?;
        confirm(&question(&plan.value, &machine, &args.steps), &place.name, args.yes)?;
    }
    let at = rfc3339(RealClock.now_ms());
    for step in &args.steps {
        let noted = journal.append(&at, &body(step, &who, args.reason.as_deref()));
        noted.map_err(|error| place.journal_failed(error))?;
    }
    tell(global, &place, args);
    Ok(0)
}

fn body(step: &str, who: &str, reason: Option<&str>) -> Body {
    let (step, who) = (step.to_owned(), who.to_owned());
    match reason {
        Some(why) => Body::Skipped { step, who, why: why.to_owned() },
        None => Body::Unskipped { step, who },
    }
}

fn objections(machine: &Machine<'_>, args: &Args) -> Vec<(String, Objection)> {
    if args.take_back {
        let each = args.steps.iter();
        each.filter_map(|step| Some((step.clone(), skip::against_taking_back(machine, step)?))).collect()
    } else {
        skip::objections(machine, &args.steps)
    }
}

fn question(plan: &Plan, machine: &Machine<'_>, steps: &[String]) -> String {
    let mut out = format!(
        "This will leave out {} of migration {}; without them the rest of the plan still holds:",
        counted(steps.len(), "step"),
        plan.migration
    );
    for step in steps.iter().filter_map(|id| plan.step(id)) {
        let begun = machine.state(&step.id).is_some_and(|state| state.phase == Phase::Called);
        let left = if begun { " (its call is done and stays; what was not waited for and checked is not looked at again)" } else { "" };
        out.push_str(&format!("\n  {}: {}{left}", step.id, crate::report::harmless(&step.title)));
    }
    out
}

fn tell(global: &Global, place: &Place, args: &Args) {
    if global.json {
        say_json(&serde_json::json!({ "steps": args.steps, "skipped": !args.take_back }));
        return;
    }
    let what = if args.take_back { "is done after all" } else { "is left out, and a rollback passes over it" };
    for step in &args.steps {
        say(&format!("{step} {what}\n"));
    }
    say(&typed::in_lines(global, &format!("next: hikkoshi apply {}\n", place.name)));
}

/// What stands against it, step by step.
fn refused(place: &Place, machine: &Machine<'_>, objections: &[(String, Objection)]) -> Failure {
    let (first, why) = &objections[0];
    let mut failure = Failure::new("HK0514", format!("step {first} {}", words(why)));
    for (step, why) in &objections[1..] {
        failure = failure.detail(format!("step {step} {}", words(why)));
    }
    failure = failure.detail("nothing was called, nothing was written");
    let name = &place.name;
    match why {
        Objection::Needed(by) => {
            for id in by.iter().take(5) {
                let because = machine.step(id).and_then(|step| step.needs.iter().find(|need| need.step == *first));
                let because = because.map_or(String::new(), |need| format!(": {}", crate::report::harmless(&need.because)));
                failure = failure.detail(format!("{id} needs it{because}"));
            }
            failure
                .hint(format!("hikkoshi apply {name}   # tries it again"))
                .hint(format!("hikkoshi skip {name} {first} {} --reason …   # leaves out what needs it, too", by.join(" ")))
        }
        Objection::InTheAir => failure.hint(format!("hikkoshi apply {name}   # looks whether it was carried out; then again")),
        Objection::OnItsWayBack => failure.hint(format!("hikkoshi rollback {name} --to CHECKPOINT   # goes on with the way back")),
        _ => failure.hint(format!("hikkoshi status {name}")),
    }
}

fn words(why: &Objection) -> String {
    match why {
        Objection::Done => "is done: there is nothing to leave out".to_owned(),
        Objection::Skipped => "is left out already".to_owned(),
        Objection::NotSkipped => "is not left out".to_owned(),
        Objection::InTheAir => "was begun, and nobody knows whether its call was carried out".to_owned(),
        Objection::OnItsWayBack => "is on its way back".to_owned(),
        Objection::Needed(by) => format!("is needed by {}", by.join(", ")),
        Objection::Passed(by) => format!("can't be done any more in the plan's order: {} came after it and has begun", by[0]),
    }
}

/// The rest of the plan needs it, if not by an edge.
fn unproved(place: &Place, failure: Failure) -> Failure {
    if failure.code != "HK0406" {
        return failure;
    }
    let message = failure.message.replace("the plan does not hold", "without it the rest of the plan does not hold");
    let hint = format!("hikkoshi apply {}   # tries the step again", place.name);
    Failure { message, hints: vec![hint, format!("hikkoshi log {} --step STEP   # what happened to it", place.name)], ..failure }
}
