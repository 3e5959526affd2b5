//! Findings for programs. The version goes up when a field changes its meaning or goes away.

use serde_json::{Map, Value, json};

use super::{Finding, Severity};
use crate::model::inventory::Inventory;

/// Findings as JSON: `{version, account, region, vpc, taken_at, summary, findings}`.
pub fn json(inventory: &Inventory, findings: &[Finding]) -> String {
    let count = |severity: Severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let summary: Map<String, Value> =
        Severity::ALL.into_iter().map(|severity| (severity.name().to_owned(), json!(count(severity)))).collect();
    let page = json!({
        "version": 1, "account": inventory.account, "region": inventory.region, "vpc": inventory.vpc, "taken_at": inventory.taken_at,
        "summary": summary, "findings": findings,
    });
    format!("{page:#}\n")
}
