//! `hikkoshi rules`: the network rules, for people and for a program.

use std::path::PathBuf;

use super::dry_run::blocked;
use super::failure::Failure;
use super::place::{self, Place};
use super::{Done, Global, discover, say, say_json, session};
use crate::audit::rules;
use crate::clock::rfc3339;
use crate::model::inventory::Inventory;
use crate::plan::moment::{Moment, When};
use crate::report::rules::{Language, Page, markdown};

/// Options of `rules`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The migration; may be left out where there is one
    name: Option<String>,
    /// Markdown for people, or the file that `hikkoshi audit --rules` holds the account against
    #[arg(long, value_enum, default_value = "md")]
    format: Format,
    /// The language of the Markdown
    #[arg(long, value_enum, default_value = "en")]
    lang: Lang,
    /// Of the account as it is now (the default once a run has begun)
    #[arg(long, conflicts_with = "planned")]
    now: bool,
    /// Of what the plan makes of the account (the default before a run)
    #[arg(long)]
    planned: bool,
    /// Write to a file
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Md,
    Yaml,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Lang {
    En,
    Ja,
}

/// Writes the rules down.
pub async fn run(global: &Global, args: Args) -> Done {
    let place = Place::find(global, args.name.as_deref())?;
    let planned = args.planned || (!args.now && !has_begun(&place)?);
    let inventory = if planned { made(&place)? } else { now(global, &place).await? };
    let language = if args.lang == Lang::Ja { Language::Ja } else { Language::En };
    let text = match args.format {
        Format::Yaml => rules::yaml(&rules::of(&inventory)),
        Format::Md => markdown(&Page { inventory: &inventory, migration: Some(&place.name), planned, language }),
    };
    match &args.out {
        _ if global.json => {
            args.out.as_deref().map(|path| place::write(path, &text)).transpose()?;
            say_json(&serde_json::json!({ "planned": planned, "account": inventory.account, "region": inventory.region,
                "vpc": inventory.vpc.as_str(), "file": args.out, "text": text }));
        }
        Some(path) => {
            place::write(path, &text)?;
            let what = if planned { "as the plan leaves the account" } else { "of the account as it is now" };
            say(&format!("wrote {}: the rules {what}\n", path.display()));
        }
        None => say(&text),
    }
    Ok(0)
}

fn has_begun(place: &Place) -> Result<bool, Failure> {
    Ok(crate::execute::amend::has_begun(&place.records()?))
}

/// What the plan makes of the account, on the simulated account; the inventory alone where there is no plan yet.
fn made(place: &Place) -> Result<Inventory, Failure> {
    let inventory = place.inventory()?.value;
    let plan = place.plan()?.value;
    if !plan.blockers.is_empty() {
        return Err(blocked(&plan));
    }
    let moment = Moment::of(&plan, &inventory, When::End).map_err(|stuck| {
        Failure::new("HK0510", format!("in the simulation step {} fails: {}", stuck.step, stuck.why))
            .detail("the plan would fail there; nothing was called")
            .hint(format!("hikkoshi plan {} --step {}", place.name, stuck.step))
            .hint(format!("hikkoshi rules {} --now   # of the account as it is", place.name))
    })?;
    Ok(moment.account.inventory(&rfc3339(moment.account.now_ms)))
}

async fn now(global: &Global, place: &Place) -> Result<Inventory, Failure> {
    let intent = place.intent()?.value;
    let (account, region) = (&intent.account.value, &intent.region.value);
    let session = session::open(global, Some(region), &[]).await?;
    session.must_be(account, region).await?;
    discover::look(&session, account, &intent.vpc.value.as_str().into()).await
}
