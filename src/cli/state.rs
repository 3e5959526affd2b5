//! `hikkoshi state`: where the journal is kept, and who holds it.

use super::apply::process;
use super::failure::Failure;
use super::place::{self, Place};
use super::store::Site;
use super::{Done, Global, say, say_json, typed};
use crate::journal::moving::{End, carry};
use crate::journal::store::Holder;
use crate::report::table;

/// Options of `state`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The migration; may be left out where there is one
    name: Option<String>,
    /// Move the journal there: `local`, or `s3://BUCKET/PREFIX`; typed again it goes on where it broke off
    #[arg(long, value_name = "STORE")]
    move_to: Option<String>,
}

/// Says where the journal is and who holds it.
pub fn run(global: &Global, args: &Args) -> Done {
    let place = Place::find(global, args.name.as_deref())?;
    if let Some(to) = &args.move_to {
        return move_to(global, &place, &Site::parse(to)?);
    }
    let store = place.store()?;
    let failed = |error| place.journal_failed(error);
    let (holder, moved) = (store.holder().map_err(failed)?, store.moved().map_err(failed)?);
    let records = store.read().map_err(failed)?.len();
    if global.json {
        let lease = holder.as_ref().map(|holder| &holder.lease);
        let open = holder.as_ref().and_then(|holder| holder.open);
        say_json(&serde_json::json!({
            "state": store.describe(), "records": records, "lease": lease, "takeover": open, "moved": moved
        }));
        return Ok(0);
    }
    let mut out = format!("{} · {records} records\n", store.describe());
    out.push_str(&table::hanging("", &held(&place.name, holder.as_ref()), 2, global.width()));
    if let Some(moved) = moved {
        let (to, name) = (&moved.to, &place.name);
        out.push_str(&format!("  moved to {to} by {} at {}\nnext: hikkoshi state {name} --state {to}\n", moved.by, moved.at));
    }
    say(&typed::in_lines(global, &out));
    Ok(0)
}

/// Moves the journal, and has the commands in this directory look for it there.
fn move_to(global: &Global, place: &Place, to: &Site) -> Done {
    let from = place.site()?;
    let (from_text, to_text) = (from.to_string(), to.to_string());
    if from == *to {
        return Err(Failure::new("HK0111", format!("the journal is kept in {to_text} already"))
            .detail("nothing was written")
            .hint(format!("hikkoshi state {}   # where it is, and who holds it", place.name)));
    }
    let (old, new) = (place.store()?, place.store_at(to)?);
    let ends = (End { store: &*old, name: &from_text }, End { store: &*new, name: &to_text });
    let count = carry(&ends.0, &ends.1, &process()).map_err(|error| place.journal_failed(error))?;
    place::write(&place.state_path(), &format!("{to_text}\n"))?;
    if global.json {
        say_json(&serde_json::json!({ "moved_from": from_text, "moved_to": to_text, "records": count }));
        return Ok(0);
    }
    say(&format!(
        "{count} records are in {} now, and were read back; {} takes nothing more\n  {} says so: commit it, so that everybody looks there\n",
        new.describe(),
        old.describe(),
        place.state_path().display()
    ));
    // Where the journal was typed to be, it is no more.
    say(&typed::in_lines(&Global { state: None, ..global.clone() }, &format!("next: hikkoshi status {}\n", place.name)));
    Ok(0)
}

fn held(name: &str, holder: Option<&Holder>) -> String {
    match holder {
        None => "nobody runs it".to_owned(),
        Some(Holder { lease, open: None }) => {
            format!("lease {}: {}, since {}, until {} unless renewed", lease.number, lease.who, lease.since, lease.until)
        }
        Some(Holder { lease, open: Some(why) }) => {
            format!("lease {}: {}, since {}; {why}: `hikkoshi apply {name}` takes over", lease.number, lease.who, lease.since)
        }
    }
}
