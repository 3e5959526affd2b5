//! `hikkoshi policy`

use std::path::PathBuf;

use serde_json::{Value, json};

use super::failure::Failure;
use super::place::{self, Place};
use super::store::Site;
use super::{Done, Global, say, say_json, typed};
use crate::plan::Plan;
use crate::plan::policy::{self, Bucket, Part};
use crate::report::policy as told;

/// Options of `policy`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The migration; may be left out where there is one
    name: Option<String>,
    /// One part alone: its documents as JSON
    #[arg(long, value_enum)]
    part: Option<Which>,
    /// Write each document into a file of this folder
    #[arg(long, short, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum Which {
    Read,
    Apply,
    Cleanup,
}

impl Which {
    fn part(self) -> Part {
        match self {
            Which::Read => Part::Read,
            Which::Apply => Part::Apply,
            Which::Cleanup => Part::Cleanup,
        }
    }
}

/// Prints what the plan must be allowed, or writes it.
pub fn run(global: &Global, args: &Args) -> Done {
    let place = Place::find(global, args.name.as_deref())?;
    let plan = place.plan()?.value;
    let parts: Vec<Part> = args.part.map_or_else(|| Part::ALL.to_vec(), |which| vec![which.part()]);
    let all = parts.iter().map(|part| Ok((*part, of(&place, &plan, *part)?))).collect::<Result<Vec<_>, Failure>>()?;
    if let Some(folder) = &args.out {
        for (part, documents) in &all {
            for (at, document) in documents.iter().enumerate() {
                let path = folder.join(told::file(&plan, *part, at, documents.len()));
                place::write(&path, &format!("{document:#}\n"))?;
            }
        }
    }
    match (&all[..], args.part) {
        _ if global.json => {
            let parts = all.iter().map(|(part, documents)| (part.name().to_owned(), json!(documents)));
            say_json(&Value::Object(parts.collect()));
        }
        ([(_, documents)], Some(_)) if args.out.is_none() => documents.iter().for_each(say_json),
        _ => {
            let folder = args.out.as_deref().map(|folder| folder.display().to_string());
            say(&typed::in_lines(global, &told::text(&plan, &all, folder.as_deref(), global.style(), global.width())));
        }
    }
    Ok(0)
}

/// The documents of a part.
///
/// # Errors
/// If the plan calls something of which nobody has written down what it needs.
pub fn of(place: &Place, plan: &Plan, part: Part) -> Result<Vec<Value>, Failure> {
    let inventory = place.inventory()?.value;
    policy::documents(plan, &inventory, bucket(place)?.as_ref(), part).map_err(unknown)
}

/// The bucket of a team's journal, where it is in one.
///
/// # Errors
/// If it can't be told where the journal is.
pub fn bucket(place: &Place) -> Result<Option<Bucket>, Failure> {
    Ok(match place.site()? {
        Site::Local => None,
        Site::Team { bucket, prefix } => Some(Bucket { name: bucket, prefix }),
    })
}

/// Calls of a plan of which nobody has written down what they need.
pub fn unknown(operations: Vec<String>) -> Failure {
    Failure::new("HK0901", format!("what these calls of the plan need of IAM is not known: {}", operations.join(", ")))
        .detail("nothing was called, nothing was written")
        .hint("report it: every call of a plan should be in the policy's tables")
}
