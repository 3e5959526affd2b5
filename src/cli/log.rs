//! `hikkoshi log`: the journal as a history.

use super::failure::Failure;
use super::place::Place;
use super::{Done, Global, say, status, typed};
use crate::journal::Record;
use crate::plan::Plan;
use crate::report::log::{Again, View};

/// Options of `log`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The migration; may be left out where there is one
    name: Option<String>,
    /// Of this step alone, with each call and its outcome
    #[arg(long, value_name = "STEP")]
    step: Option<String>,
    /// Go on with what happens, until the run that is on (or the next one) ends
    #[arg(long)]
    follow: bool,
}

/// Prints what happened.
pub async fn run(global: &Global, args: Args) -> Done {
    let place = Place::find(global, args.name.as_deref())?;
    let plan = place.plan()?;
    if let Some(step) = args.step.as_deref().filter(|step| plan.value.step(step).is_none()) {
        return Err(no_step(&place, &plan.value, step));
    }
    let view = View { plan: &plan.value, step: args.step.as_deref(), every: global.verbose > 0, style: global.style() };
    let mut again = Again::default();
    let mut records = place.records_of(&plan)?;
    show(global, &view, &records, 0, &mut again);
    if records.is_empty() && !args.follow && !global.json {
        say(&typed::in_lines(global, &format!("nothing has been run yet\nnext: hikkoshi dry-run {}\n", place.name)));
    }
    let watch = status::Watch::new(&place, &records);
    let mut on = args.follow;
    while on {
        // When it is over it is looked at once more: it may have ended since the records were read.
        on = watch.goes_on(&records);
        if on {
            status::a_moment().await;
        }
        let now = place.records_of(&plan)?;
        show(global, &view, &now, records.len(), &mut again);
        records = now;
    }
    Ok(0)
}

fn show(global: &Global, view: &View<'_>, records: &[Record], from: usize, again: &mut Again) {
    if global.json {
        for event in view.events(records, from) {
            say(&(serde_json::to_string(&event).unwrap_or_default() + "\n"));
        }
        return;
    }
    for line in view.lines(records, from, again) {
        say(&typed::in_lines(global, &(line + "\n")));
    }
}

/// A step that the plan doesn't have.
pub fn no_step(place: &Place, plan: &Plan, id: &str) -> Failure {
    let failure = Failure::new("HK0105", format!("the plan has no step `{id}`")).detail("nothing was called, nothing was written");
    match crate::plan::problem::nearest(id, plan.steps.iter().map(|step| step.id.as_str())) {
        Some(near) => failure.hint(format!("the same command with {near}, if that is what you meant")),
        None => failure.hint(format!("grep -n '^- id: ' {}   # the steps that there are", place.plan_path().display())),
    }
}
