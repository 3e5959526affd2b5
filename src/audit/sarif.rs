//! Findings as SARIF 2.1.0 (OASIS standard; what code scanning of GitHub, GitLab and Azure DevOps reads).

use serde_json::{Value, json};

use super::{Finding, RULES, Rule, Severity, rules};
use crate::model::inventory::Inventory;

/// Where a finding is shown: a file of the repository, and its line from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, relative to the repository's root.
    pub uri: String,
    /// The line.
    pub line: u64,
}

/// The log: one run of this program over one account, every rule described once. `places` has one element for each finding.
/// A finding without one is shown at a path made of the account, which is no file: readers insist on some place.
pub fn sarif(inventory: &Inventory, findings: &[Finding], places: &[Option<Place>]) -> String {
    let all: Vec<&Rule> = RULES.iter().chain(rules::BREACHES).collect();
    let index = |code: &str| all.iter().position(|rule| rule.code == code);
    let results: Vec<Value> = findings
        .iter()
        .enumerate()
        .map(|(at, finding)| result(inventory, finding, places.get(at).and_then(Option::as_ref), index(finding.rule)))
        .collect();
    let driver = json!({ "name": "hikkoshi", "version": env!("CARGO_PKG_VERSION"), "rules": all.iter().map(|rule| described(rule)).collect::<Vec<_>>() });
    let log = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": driver },
            "automationDetails": { "id": format!("hikkoshi/{}/{}/{}/", inventory.account, inventory.region, inventory.vpc) },
            "results": results,
            "properties": { "account": inventory.account, "region": inventory.region, "vpc": inventory.vpc.as_str(), "taken_at": inventory.taken_at },
        }],
    });
    format!("{log:#}\n")
}

fn described(rule: &Rule) -> Value {
    json!({ "id": rule.code, "shortDescription": { "text": rule.title }, "fullDescription": { "text": rule.why },
        "help": { "text": format!("{} {}", rule.why, rule.way_out) }, "properties": { "tags": ["security", "network", "aws"] } })
}

fn result(inventory: &Inventory, finding: &Finding, place: Option<&Place>, index: Option<usize>) -> Value {
    let elsewhere = || format!("aws/{}/{}/{}/{}", inventory.account, inventory.region, inventory.vpc, segment(finding.resource.as_str()));
    let (uri, line) = place.map_or_else(|| (elsewhere(), 1), |place| (place.uri.clone(), place.line));
    let logical = json!({ "fullyQualifiedName": finding.resource.as_str(), "name": finding.name, "kind": "resource" });
    let physical = json!({ "artifactLocation": { "uri": uri }, "region": { "startLine": line } });
    let evidence = finding.evidence.iter().map(|line| format!("\n- {line}")).collect::<String>();
    let mut result = json!({
        "ruleId": finding.rule, "level": level(finding.severity),
        "message": { "text": format!("{}{evidence}\n{}", finding.what, finding.way_out) },
        "locations": [{ "physicalLocation": physical, "logicalLocations": [logical] }],
        "partialFingerprints": { "hikkoshi/v1": finding.id },
        "properties": { "severity": finding.severity.name(), "resource_kind": finding.kind },
    });
    if let Some(index) = index {
        result["ruleIndex"] = json!(index);
    }
    result
}

/// A segment of a URI: what is not unreserved is written as bytes in hexadecimal (RFC 3986).
fn segment(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// SARIF knows three levels.
fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}
