//! What is wrong with an account's network, as findings with a way out.
//!
//! A rule is one function over the [`view::View`] of an inventory and one line in [`RULES`]. Adding a rule: write the
//! function in the file of its subject, add the line.

use serde::Serialize;

use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::resource::Resource;

mod exposure;
mod groups;
mod json;
mod openings;
mod placement;
mod remains;
pub mod rules;
mod sarif;
mod text;
mod view;

pub use json::json;
pub use sarif::{Place, sarif};
pub use text::text;
use view::View;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The internet can reach something that it should not, now.
    Critical,
    /// One mistake away from that, or in the way of the move.
    High,
    /// Wider than it need be.
    Medium,
    /// Untidy.
    Low,
    /// Good to know.
    Info,
}

impl Severity {
    /// All, worst first.
    pub const ALL: [Severity; 5] = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Critical => "critical",
            Severity::High => "high",
            Severity::Medium => "medium",
            Severity::Low => "low",
            Severity::Info => "info",
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The same as long as the same thing is wrong: the rule, the resource, and what tells it from others of the two.
    pub id: String,
    /// The rule's code, the same in every version.
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about.
    pub resource: Id,
    /// What people call that.
    pub name: String,
    /// Its kind's name.
    pub kind: String,
    /// What is the case, in one sentence.
    pub what: String,
    /// Why it matters.
    pub why: &'static str,
    /// What hikkoshi or a person does about it.
    pub way_out: &'static str,
    /// Ids and rules that show it.
    pub evidence: Vec<String>,
}

/// A rule: what it is called, why it matters, what to do, and the function that looks.
pub struct Rule {
    /// The code, the same in every version.
    pub code: &'static str,
    /// For a heading.
    pub title: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// What hikkoshi or a person does about it.
    pub way_out: &'static str,
    look: fn(&View<'_>) -> Vec<Seen>,
}

/// What a rule's function saw.
struct Seen {
    severity: Severity,
    resource: Id,
    name: String,
    kind: String,
    what: String,
    evidence: Vec<String>,
}

impl Seen {
    fn of(resource: &Resource, severity: Severity, what: String, evidence: Vec<String>) -> Seen {
        Seen { severity, resource: resource.id.clone(), name: resource.name.clone(), kind: resource.kind.clone(), what, evidence }
    }
}

/// Every rule.
pub static RULES: &[Rule] = &[
    exposure::PUBLIC_DATABASE,
    exposure::PUBLIC_ADDRESS,
    exposure::OPEN_GROUP,
    exposure::OPEN_SSH,
    exposure::OPEN_RDP,
    exposure::OPEN_DATABASE,
    placement::PUBLIC_WORKLOAD,
    placement::PUBLIC_SUBNET_GROUP,
    placement::INTERNAL_BALANCER,
    placement::PUBLIC_BY_DEFAULT,
    placement::UNKNOWN_INTERFACE,
    placement::SERVICE_INTERFACE,
    groups::PROTOCOL_ALL,
    groups::SHARED_GROUP,
    groups::DEFAULT_GROUP,
    groups::DANGLING_RULE,
    groups::UNWORN_GROUP,
    remains::BLACKHOLE_ROUTE,
    remains::IDLE_ADDRESS,
    remains::CUSTOM_ACL,
    remains::NAMED_ADDRESS,
    remains::MISSING_PERMISSION,
];

/// The rule of that code, the audit's or one of a rules file.
pub fn rule(code: &str) -> Option<&'static Rule> {
    RULES.iter().chain(rules::BREACHES).find(|rule| rule.code == code)
}

/// All findings, worst first, then by rule, name and id.
pub fn audit(inventory: &Inventory) -> Vec<Finding> {
    let view = View::of(inventory);
    let mut findings: Vec<Finding> = RULES.iter().flat_map(|rule| (rule.look)(&view).into_iter().map(|seen| finding(rule, seen))).collect();
    findings.sort_by(|a, b| (a.severity, a.rule, &a.name, &a.resource).cmp(&(b.severity, b.rule, &b.name, &b.resource)));
    findings
}

fn finding(rule: &Rule, seen: Seen) -> Finding {
    Finding {
        id: format!("{}:{}", rule.code, seen.resource),
        rule: rule.code,
        severity: seen.severity,
        resource: seen.resource,
        name: seen.name,
        kind: seen.kind,
        what: seen.what,
        why: rule.why,
        way_out: rule.way_out,
        evidence: seen.evidence,
    }
}

#[cfg(test)]
mod tests;
