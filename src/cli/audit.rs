//! `hikkoshi audit`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::discover::{Source, look};
use super::failure::{Failure, exit};
use super::place;
use super::session;
use super::{Done, Global, say};
use crate::audit::rules::{self, Breach, Fault, Rules};
use crate::audit::{Finding, Place, Severity, audit, sarif};
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::plan::problem::{Problem, problem_of};
use crate::report::table;

/// The page of an audit that found something.
const CODE: &str = "HK0402";

/// The page of an account that breaks its rules file.
const BROKEN: &str = "HK0408";

/// Options of `audit`.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    source: Source,
    /// Hold the account as it is now (or what --inventory has) against a rules file (`hikkoshi rules --format yaml`)
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
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
    /// SARIF 2.1.0, for code scanning
    Sarif,
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

/// What was found in which account, and where each of it is shown.
struct Found {
    inventory: Inventory,
    findings: Vec<Finding>,
    places: Vec<Option<Place>>,
}

/// Audits. The exit status is for scripts: 3 where there is something to mend.
pub async fn run(global: &Global, args: Args) -> Done {
    let found = match &args.rules {
        Some(path) => against(global, &args.source, path).await?,
        None => alone(global, &args.source).await?,
    };
    let Found { inventory, findings, places } = &found;
    match args.format {
        Format::Sarif => say(&sarif(inventory, findings, places)),
        _ if global.json || args.format == Format::Json => say(&crate::audit::json(inventory, findings)),
        _ if args.brief => say(&brief(findings, global)),
        _ => say(&crate::audit::text(inventory, findings, global.width(), global.style().0)),
    }
    let bad = |finding: &Finding| args.fail_on.severity().is_some_and(|threshold| finding.severity <= threshold);
    if !findings.iter().any(bad) {
        return Ok(0);
    }
    if !global.json && args.format == Format::Text {
        let code = if args.rules.is_some() { BROKEN } else { CODE };
        say(&format!("page: hikkoshi explain {code}\n"));
    }
    Ok(exit::FINDINGS)
}

/// The audit's own rules.
async fn alone(global: &Global, source: &Source) -> Result<Found, Failure> {
    let inventory = source.inventory(global).await?;
    let findings = audit(&inventory);
    let file = source.file(global);
    let text = file.as_ref().and_then(|path| place::read(path).ok()).unwrap_or_default();
    let mut lines: BTreeMap<&str, u64> = BTreeMap::new();
    for (line, at) in text.lines().zip(1..) {
        lines.entry(line.trim().trim_end_matches(',')).or_insert(at);
    }
    let shown = |finding: &Finding| {
        let id = format!("\"id\": {}", serde_json::Value::from(finding.resource.as_str()));
        Some(Place { uri: uri(file.as_ref()?), line: lines.get(id.as_str()).copied().unwrap_or(1) })
    };
    let places = findings.iter().map(shown).collect();
    Ok(Found { inventory, findings, places })
}

/// A rules file.
async fn against(global: &Global, source: &Source, path: &Path) -> Result<Found, Failure> {
    let text = place::read_named(path, "--rules")?;
    let rules = rules::parse(&text).map_err(|fault| faulty(path, &text, fault))?;
    let inventory = if source.is_named() && !source.is_migration() {
        let inventory = source.inventory(global).await?;
        must_be_of(path, &rules, [&inventory.account, &inventory.region, inventory.vpc.as_str()])?;
        inventory
    } else {
        // A migration's inventory is of before the move; whether rules are kept is asked of the account as it is now.
        if let Some(intent) = source.intent(global)? {
            must_be_of(path, &rules, [&intent.account.value, &intent.region.value, &intent.vpc.value])?;
        }
        now(global, &rules).await?
    };
    let breaches = rules::check(&rules, &inventory);
    let shown = |breach: &Breach| Some(Place { uri: uri(path), line: breach.line.unwrap_or(1) });
    let places = breaches.iter().map(shown).collect();
    Ok(Found { inventory, findings: breaches.into_iter().map(|breach| breach.finding).collect(), places })
}

/// Whether rules are for this account, region and VPC.
fn must_be_of(path: &Path, rules: &Rules, [account, region, vpc]: [&str; 3]) -> Result<(), Failure> {
    for (what, ours, theirs) in [
        ("account", rules.account.value.as_str(), account),
        ("region", rules.region.as_str(), region),
        ("VPC", rules.vpc.value.as_str(), vpc),
    ] {
        if ours != theirs {
            return Err(Failure::new("HK0103", format!("{} is for {what} {ours}, and this is {theirs}", path.display()))
                .detail("nothing was judged, nothing was written")
                .hint("the same command with the rules file of this VPC, or with the account of this file"));
        }
    }
    Ok(())
}

/// The account that the file is about, as it is now.
async fn now(global: &Global, rules: &Rules) -> Result<Inventory, Failure> {
    let session = session::open(global, Some(&rules.region), &[]).await?;
    session.must_be(&rules.account.value, &rules.region).await?;
    look(&session, &rules.account.value, &Id::from(rules.vpc.value.as_str())).await
}

fn faulty(path: &Path, text: &str, fault: Fault) -> Failure {
    let problem = match fault {
        Fault::Form(error) => problem_of(&error, text),
        Fault::Meaning { line, column, message, expected } => Problem { line, column, message, expected },
    };
    place::at(path, text, &problem, "HK0115").hint(format!("mend that line, then: hikkoshi audit --rules {}", path.display()))
}

/// A path as a relative URI; `./` before it says nothing.
fn uri(path: &Path) -> String {
    let parts = path.components().filter(|part| !matches!(part, std::path::Component::CurDir));
    parts.map(|part| part.as_os_str().to_string_lossy().replace('%', "%25").replace(' ', "%20")).collect::<Vec<_>>().join("/")
}

fn brief(findings: &[Finding], global: &Global) -> String {
    let row = |finding: &Finding| vec![finding.severity.name().to_owned(), finding.rule.to_owned(), finding.what.clone()];
    table::columns(&findings.iter().map(row).collect::<Vec<_>>(), 2, global.width())
}
