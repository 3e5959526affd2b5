//! `hikkoshi unlock`

use super::apply::process;
use super::place::Place;
use super::{Done, Global, say, say_json, typed};

/// Options of `unlock`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The migration; may be left out where there is one
    name: Option<String>,
    /// The number of the lease to end: HK0204 and `hikkoshi state` say it
    #[arg(long)]
    number: u64,
}

/// Ends a lease.
pub fn run(global: &Global, args: &Args) -> Done {
    let place = Place::find(global, args.name.as_deref())?;
    let lease = place.store()?.unlock(args.number, &process()).map_err(|error| place.journal_failed(error))?;
    if global.json {
        say_json(&serde_json::json!({ "unlocked": lease }));
        return Ok(0);
    }
    let said = format!(
        "lease {} of {} is ended; should that run still live, it stops before its next call\nnext: hikkoshi apply {}   # goes on where it is\n",
        lease.number, lease.who, place.name
    );
    say(&typed::in_lines(global, &said));
    Ok(0)
}
