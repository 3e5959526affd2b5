//! `hikkoshi review`: the meeting's page.

use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::place::{self, Hashed, Place};
use super::{Done, Global, aftermath, approve, say, say_json, typed};
use crate::execute::Machine;
use crate::journal::Record;
use crate::model::flow::Flow;
use crate::model::inventory::Inventory;
use crate::plan::Plan;
use crate::report::review::{self, Progress, Subject, View};

/// Options of `review`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The migration; may be left out where there is one
    name: Option<String>,
    /// Where to write the page; left out: plans/NAME/review.html
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The plan of the last meeting: the page shows what has changed since
    #[arg(long, value_name = "PLAN")]
    against: Option<PathBuf>,
}

/// Writes the page.
///
/// # Errors
/// If there is no plan, or what it was made from is not there any more, or the other plan is none.
pub fn run(global: &Global, args: &Args) -> Done {
    let place = Place::find(global, args.name.as_deref())?;
    let plan = place.plan()?;
    let against = args.against.as_deref().map(other).transpose()?;
    let view = view(&place, &plan, against.as_ref())?;
    if global.json {
        say_json(&view);
        return Ok(0);
    }
    let path = args.out.clone().unwrap_or_else(|| place.review_path());
    let page = review::page(&view);
    place::write(&path, &page)?;
    let size =
        if page.len() < 1_000_000 { format!("{} KB", page.len().div_ceil(1000)) } else { format!("{:.1} MB", page.len() as f64 / 1e6) };
    say(&format!("wrote {}: {size}, one file that needs no network\n", path.display()));
    say(&typed::in_lines(global, &next(&place.name, &view)));
    Ok(0)
}

/// What can be done with it.
fn next(name: &str, view: &View) -> String {
    match (view.head.applicable, &view.progress) {
        (false, _) => format!("next: open it in a browser; settle what stands in the way; hikkoshi plan {name}\n"),
        (true, Some(_)) => format!("next: hikkoshi serve {name}   # the same page, live\n"),
        (true, None) => format!("next: hikkoshi dry-run {name}   # and open the page in a browser\n"),
    }
}

/// What the page shows of a plan as it stands: with where a run is, if one was begun.
///
/// # Errors
/// If the inventory or the journal can't be read.
pub fn view(place: &Place, plan: &Hashed<Plan>, against: Option<&(Plan, String)>) -> Result<View, Failure> {
    let records = place.records_of(plan)?;
    let (inventory, flows) = made_from(place, &plan.value)?;
    Ok(of(place, plan, &records, (&inventory, flows), against))
}

/// The inventory; and the flows that must survive, or why nobody can tell them.
fn made_from(place: &Place, plan: &Plan) -> Result<(Inventory, Result<Vec<Flow>, String>), Failure> {
    match aftermath::made_from(place, plan) {
        Ok((inventory, flows)) => Ok((inventory, Ok(flows))),
        Err(why) => Ok((place.inventory()?.value, Err(why))),
    }
}

fn of(
    place: &Place,
    plan: &Hashed<Plan>,
    records: &[Record],
    (inventory, flows): (&Inventory, Result<Vec<Flow>, String>),
    against: Option<&(Plan, String)>,
) -> View {
    let machine = Machine::replay(&plan.value, records);
    review::view(Subject {
        plan: &plan.value,
        sha256: &plan.sha256,
        inventory,
        flows: flows.as_deref().map_err(Clone::clone),
        progress: Progress::of(&machine, records),
        lacking: approve::lacking(place, plan, &machine),
        against: against.map(|(old, name)| (old, name.clone())),
    })
}

/// The plan of another meeting. What it was made from need not be there any more.
fn other(path: &Path) -> Result<(Plan, String), Failure> {
    let plan = place::plan_of(path, "--against")?;
    Ok((plan, path.display().to_string()))
}
