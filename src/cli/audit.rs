//! `hikkoshi audit`

use super::discover::Source;
use super::failure::exit;
use super::{Done, Global, say};
use crate::audit::{Finding, Severity, audit};
use crate::report::table;

/// The page of an audit that found something.
const CODE: &str = "HK0402";

/// Options of `audit`.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    source: Source,
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

/// Audits. The exit status is for scripts: 3 where there is something to mend.
pub async fn run(global: &Global, args: Args) -> Done {
    let inventory = args.source.inventory(global).await?;
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
