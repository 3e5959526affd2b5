//! `hikkoshi audit`

use std::path::PathBuf;

use super::failure::{Failure, exit};
use super::place::{self, Place};
use super::{Done, Global, say, session};
use crate::audit::{Finding, Severity, audit};
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::report::table;

/// The page of an audit that found something.
const CODE: &str = "HK0402";

/// Options of `audit`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The migration whose inventory is looked at
    name: Option<String>,
    /// A VPC of the account, where there is no migration yet
    #[arg(long)]
    vpc: Option<String>,
    /// An inventory file instead
    #[arg(long, value_name = "FILE")]
    inventory: Option<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// One line per finding
    #[arg(long)]
    brief: bool,
    /// Exit 3 if there is a finding of this severity or worse
    #[arg(long, value_enum, value_name = "SEVERITY", default_value = "low")]
    fail_on: Threshold,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Text,
    Json,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Threshold {
    Critical,
    High,
    Medium,
    Low,
    Never,
}

impl Threshold {
    fn severity(self) -> Option<Severity> {
        match self {
            Threshold::Critical => Some(Severity::Critical),
            Threshold::High => Some(Severity::High),
            Threshold::Medium => Some(Severity::Medium),
            Threshold::Low => Some(Severity::Low),
            Threshold::Never => None,
        }
    }
}

/// The inventory that a command looks at: a file's, a migration's, or the account's as it is now.
///
/// # Errors
/// If there is none.
pub async fn inventory(global: &Global, name: Option<&str>, vpc: Option<&str>, file: Option<&PathBuf>) -> Result<Inventory, Failure> {
    if let Some(path) = file {
        let text = place::read_named(path, "--inventory")?;
        return place::inventory_of(path, &text, "HK0109")
            .map_err(|failure| failure.hint("the same command with a file that `hikkoshi discover` wrote"));
    }
    if let Some(vpc) = vpc {
        let session = session::open(global, None, &[]).await?;
        let (account, _) = session.caller().await?;
        return super::discover::look(&session, &account, &Id::from(vpc)).await;
    }
    Ok(Place::find(&global.dir, name)?.inventory()?.value)
}

/// Audits. The exit status is for scripts: 3 where there is something to mend.
pub async fn run(global: &Global, args: Args) -> Done {
    let inventory = inventory(global, args.name.as_deref(), args.vpc.as_deref(), args.inventory.as_ref()).await?;
    let findings = audit(&inventory);
    if global.json || args.format == Format::Json {
        say(&crate::audit::json(&inventory, &findings));
    } else if args.brief {
        say(&brief(&findings, global));
    } else {
        say(&crate::audit::text(&inventory, &findings, global.width(), global.style().0));
    }
    let bad = |finding: &Finding| args.fail_on.severity().is_some_and(|threshold| finding.severity <= threshold);
    if !findings.iter().any(bad) {
        return Ok(0);
    }
    if !global.json && args.format == Format::Text {
        say(&format!("page: hikkoshi explain {CODE}\n"));
    }
    Ok(exit::FINDINGS)
}

fn brief(findings: &[Finding], global: &Global) -> String {
    let row = |finding: &Finding| vec![finding.severity.name().to_owned(), finding.rule.to_owned(), finding.what.clone()];
    table::columns(&findings.iter().map(row).collect::<Vec<_>>(), 2, global.width())
}
