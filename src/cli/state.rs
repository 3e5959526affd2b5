//! `hikkoshi state`: where the journal is kept, and who holds it.

use super::place::Place;
use super::{Done, Global, say, say_json};
use crate::journal::store::Holder;
use crate::report::table;

/// Options of `state`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The migration; may be left out where there is one
    name: Option<String>,
}

/// Says where the journal is and who holds it.
pub fn run(global: &Global, args: &Args) -> Done {
    let place = Place::find(global, args.name.as_deref())?;
    let store = place.store()?;
    let failed = |error| place.journal_failed(error);
    let (holder, moved_to) = (store.holder().map_err(failed)?, store.moved_to().map_err(failed)?);
    let records = store.read().map_err(failed)?.len();
    if global.json {
        let lease = holder.as_ref().map(|holder| &holder.lease);
        let open = holder.as_ref().and_then(|holder| holder.open);
        say_json(&serde_json::json!({
            "state": store.describe(), "records": records, "lease": lease, "takeover": open, "moved_to": moved_to
        }));
        return Ok(0);
    }
    let mut out = format!("{} · {records} records\n", store.describe());
    out.push_str(&table::hanging("", &held(&place.name, holder.as_ref()), 2, global.width()));
    if let Some(to) = moved_to {
        out.push_str(&format!("  moved to {to}\nnext: hikkoshi state {} --state {to}\n", place.name));
    }
    say(&out);
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
