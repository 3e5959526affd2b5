//! `hikkoshi runbook`

use std::path::PathBuf;

use super::failure::Failure;
use super::place::{self, Place};
use super::{Done, Global, say, say_json};
use crate::execute::Machine;
use crate::model::step::Stage;
use crate::plan::Plan;
use crate::report::runbook::{Source, markdown};

/// Options of `runbook`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The migration; may be left out where there is one
    name: Option<String>,
    /// The steps of one stage alone
    #[arg(long, value_name = "STAGE")]
    stage: Option<String>,
    /// Write to a file
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Writes the runbook of the plan, as far as the journal says that it is done.
pub fn run(global: &Global, args: &Args) -> Done {
    let place = Place::find(global, args.name.as_deref())?;
    let hashed = place.plan()?;
    let records = place.records_of(&hashed)?;
    let only = args.stage.as_deref().map(|stage| of_plan(&hashed.value, stage)).transpose()?;
    let machine = Machine::replay(&hashed.value, &records);
    let source = Source { machine: &machine, records: &records, sha256: &hashed.sha256, version: env!("CARGO_PKG_VERSION"), only };
    let text = markdown(&source);
    match &args.out {
        Some(path) => {
            place::write(path, &text)?;
            say(&format!("wrote {}\n", path.display()));
        }
        None if global.json => say_json(&serde_json::json!({ "migration": hashed.value.migration, "markdown": text })),
        None => say(&text),
    }
    Ok(0)
}

/// The stage of that name, if the plan has it.
fn of_plan(plan: &Plan, name: &str) -> Result<Stage, Failure> {
    Stage::parse(name).filter(|stage| plan.stages.contains(stage)).ok_or_else(|| {
        let stages = plan.stages.iter().map(|stage| stage.name()).collect::<Vec<_>>().join(", ");
        Failure::new("HK0111", format!("the plan has no stage `{name}`"))
            .detail("nothing was written")
            .hint(format!("--stage with one of: {stages}"))
    })
}
