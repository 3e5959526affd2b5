//! `hikkoshi flows`

mod live;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use live::Live;

use super::failure::Failure;
use super::place::{self, Place};
use super::{Done, Global, say, say_json, typed};
use crate::flows::{self, Fault, Layout, Tally};
use crate::model::inventory::Inventory;
use crate::model::seen::Seen;
use crate::plan::decide::decide;
use crate::plan::flows::known;
use crate::plan::intent::Intent;
use crate::report;

/// Options of `flows`.
#[derive(clap::Args, Debug)]
#[command(group = clap::ArgGroup::new("source").args(["logs", "live", "log_group"]).multiple(true))]
pub struct Args {
    /// The migration; may be left out where there is one
    name: Option<String>,
    /// Flow logs to read, files or folders: text, gzip, Parquet, or what `aws logs filter-log-events` printed
    #[arg(long, value_name = "PATH", num_args = 1.., conflicts_with = "cloudwatch")]
    logs: Vec<PathBuf>,
    #[command(flatten)]
    live: Live,
    /// Inventories of other moments: by them interfaces that are gone since have owners
    #[arg(long, value_name = "FILE", num_args = 1.., requires = "source")]
    inventory: Vec<PathBuf>,
    /// The fields of logs that have no header, such as '${version} ${interface-id} …'
    #[arg(long, value_name = "FIELDS", requires = "source")]
    format: Option<String>,
}

/// Reads flow logs, and tells which flows must survive.
///
/// # Errors
/// If a log is none, or there is no inventory to join it with.
pub async fn run(global: &Global, args: &Args) -> Done {
    let place = Place::find(global, args.name.as_deref())?;
    let intent = place.intent()?.value;
    let inventory = place.inventory()?.value;
    if args.logs.is_empty() && !args.live.is_asked_for() {
        let seen = place.flows()?.map(|flows| flows.value);
        return tell(global, &place, (&intent, &inventory), seen.as_ref(), None);
    }
    let format = args.format.as_deref().map(layout).transpose()?;
    let others = others(&args.inventory, &inventory)?;
    let (seen, requests) = if args.live.is_asked_for() {
        live::read(global, (&place, &intent), &args.live, format, (&inventory, &others)).await?
    } else {
        (read(&args.logs, format.as_ref(), &inventory, &others)?, BTreeMap::new())
    };
    place::write(&place.flows_path(), &(serde_json::to_string_pretty(&seen).unwrap_or_default() + "\n"))?;
    tell(global, &place, (&intent, &inventory), Some(&seen), Some(&requests))
}

/// Inventories of other moments; the same moment twice says nothing more.
fn others(paths: &[PathBuf], inventory: &Inventory) -> Result<Vec<Inventory>, Failure> {
    let mut others = Vec::new();
    for path in paths {
        let other = place::inventory_of(path, &place::read_named(path, "--inventory")?, "HK0109")
            .map_err(|failure| failure.hint("the same command with a file that `hikkoshi discover` wrote"))?;
        if other.vpc != inventory.vpc {
            let message = format!("{} is of {}, the migration's inventory of {}", path.display(), other.vpc, inventory.vpc);
            return Err(Failure::new("HK0109", message).hint("the same command with inventories of this VPC"));
        }
        others.extend((other.taken_at != inventory.taken_at).then_some(other));
    }
    Ok(others)
}

fn read(logs: &[PathBuf], format: Option<&Layout>, inventory: &Inventory, others: &[Inventory]) -> Result<Seen, Failure> {
    let mut tally = Tally::new(inventory, others);
    for path in logs.iter().map(|path| place::files_in(path)).collect::<Result<Vec<_>, _>>()?.into_iter().flatten() {
        flows::read(place::open(&path)?, format, &mut |record| tally.add(&record)).map_err(|fault| no_log(&path, &fault))?;
    }
    Ok(tally.finish())
}

fn layout(format: &str) -> Result<Layout, Failure> {
    Layout::parse(format).map_err(|missing| {
        Failure::new("HK0112", format!("--format has no {missing}"))
            .detail("nothing was called, nothing was written")
            .hint("aws ec2 describe-flow-logs --query 'FlowLogs[].LogFormat'   # shows the format; then the same command with it")
    })
}

fn no_log(path: &Path, fault: &Fault) -> Failure {
    Failure::new("HK0112", format!("{}{}: {fault}", path.display(), fault.place()))
        .detail("nothing was written; flows that were read before are as they were")
        .hint("the same command without that file, or with --format if its fields stand in another order")
}

/// Tells; `wrote` is there if the file was written, and says what AWS was asked for it.
fn tell(
    global: &Global,
    place: &Place,
    (intent, inventory): (&Intent, &Inventory),
    seen: Option<&Seen>,
    wrote: Option<&BTreeMap<String, u64>>,
) -> Done {
    let decisions = decide(intent, inventory).map_err(|problem| place.intent_problem(&problem))?;
    let flows = known(intent, inventory, seen, &decisions).map_err(|problem| place.intent_problem(&problem))?;
    let days = intent.flow_logs.days;
    if global.json {
        let shortfalls = seen.map(|seen| seen.shortfalls(days));
        say_json(&serde_json::json!({ "known": flows, "seen": seen, "days": days, "shortfalls": shortfalls }));
        return Ok(0);
    }
    say(&report::flows::words(&flows, seen, days, inventory, global.options()));
    match wrote {
        Some(requests) => {
            if !requests.is_empty() {
                say(&format!("  {}\n", report::run::requests(requests, 0)));
            }
            let said = format!("\nwrote {}\nnext: hikkoshi plan {}\n", place.flows_path().display(), place.name);
            say(&typed::in_lines(global, &said));
        }
        None if seen.is_none() => {
            say(&format!("\nno flow log was read; with logs: hikkoshi flows {0} --live, or hikkoshi flows {0} --logs PATH\n", place.name));
        }
        None => {}
    }
    Ok(0)
}
