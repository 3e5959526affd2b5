//! The least IAM policy for a plan: only its actions, on what it names or makes, where AWS lets one say so. Pure.
//!
//! Three parts for three people or hours: `read` looks (discover, audit, plan, dry run, status, verify, and every look of a run);
//! `apply` makes the calls of all stages but cleanup, and those of their way back; `cleanup` makes those of cleanup.
//! What a call needs is taken from AWS's service authorization reference; a call that no table has stops it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Plan;
use super::calls::{self, For, Planned};
use crate::kinds::{KINDS, Scope};
use crate::model::inventory::Inventory;
use crate::model::step::Stage;
use ask::Ask;
use grant::Grant;

mod ask;
mod ec2;
mod grant;
mod services;
pub mod simulator;

/// The most characters of a managed policy, white space not counted. Source: "IAM and AWS STS quotas".
pub const CHARACTERS_MAX: usize = 6144;

/// A part of the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Looks.
    Read,
    /// Changes, there and back.
    Apply,
    /// Deletes, after a soak.
    Cleanup,
}

impl Part {
    /// All parts.
    pub const ALL: [Part; 3] = [Part::Read, Part::Apply, Part::Cleanup];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Part::Read => "read",
            Part::Apply => "apply",
            Part::Cleanup => "cleanup",
        }
    }
}

/// The bucket in which a team keeps its journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// The prefix of the keys, without slashes at its ends; it may be empty.
    pub prefix: String,
}

/// The documents of a part, each no longer than IAM allows for a managed policy.
///
/// # Errors
/// The operations of the plan whose needs nobody has written down here.
pub fn documents(plan: &Plan, inventory: &Inventory, bucket: Option<&Bucket>, part: Part) -> Result<Vec<Value>, Vec<String>> {
    let mut grants = grants(plan, inventory, bucket, part)?;
    if part == Part::Read {
        grants.extend(of_the_caller(plan));
    }
    Ok(grant::documents(grant::statements(&grants), CHARACTERS_MAX))
}

/// What a dry run needs to ask IAM about whoever runs it: a user, or the role of a session, whose path only IAM knows. That
/// it is allowed needs no asking: it is asked with it.
fn of_the_caller(plan: &Plan) -> [Grant; 3] {
    let arn = |kind: &str| format!("arn:{}:iam::{}:{kind}/*", ask::partition(&plan.region), plan.account);
    let simulate = "iam:SimulatePrincipalPolicy";
    [Grant::new("iam:GetRole", arn("role")), Grant::new(simulate, arn("role")), Grant::new(simulate, arn("user"))]
}

/// What a part must be allowed; errors as in [`documents`].
fn grants(plan: &Plan, inventory: &Inventory, bucket: Option<&Bucket>, part: Part) -> Result<BTreeSet<Grant>, Vec<String>> {
    let mut grants = match part {
        Part::Read => reads(plan),
        Part::Apply => changes(plan, inventory, &|stage| stage != Stage::Cleanup)?,
        Part::Cleanup => changes(plan, inventory, &|stage| stage == Stage::Cleanup)?,
    };
    if let Some(bucket) = bucket.filter(|_| !grants.is_empty()) {
        grants.extend(journal(plan, bucket, part));
    }
    Ok(grants)
}

/// Every read: of a discovery, and of the plan. They list, so that they can't be narrowed to resources.
fn reads(plan: &Plan) -> BTreeSet<Grant> {
    let mut operations: BTreeSet<String> = listed().into_iter().map(str::to_owned).collect();
    let planned = plan.steps.iter().flat_map(calls::of_step).chain(calls::of_gates(plan));
    operations.extend(planned.filter(|call| call.what_for == For::Look).map(|call| call.operation.to_string()));
    operations.extend(["ec2:DescribeFlowLogs", "logs:FilterLogEvents"].map(str::to_owned));
    operations.iter().map(|operation| everywhere(plan, &services::action(operation))).collect()
}

/// The reads of a discovery.
fn listed() -> BTreeSet<&'static str> {
    let mut out = BTreeSet::new();
    for listing in KINDS.iter().filter_map(|kind| kind.listing()) {
        out.insert(listing.operation);
        out.extend(listing.follow.iter().map(|follow| follow.operation));
        if let Scope::Each(each) = listing.scope {
            out.extend(each.from.iter().flat_map(|way| way.iter()).map(|source| source.operation));
        }
    }
    out
}

/// An action that can't be narrowed to resources: in the region, where its service has regions.
fn everywhere(plan: &Plan, action: &str) -> Grant {
    let grant = Grant::new(action, "*");
    if is_global(action.split(':').next().unwrap_or_default()) {
        grant
    } else {
        grant.when("StringEquals", "aws:RequestedRegion", [plan.region.clone()])
    }
}

/// Whether a service has no regions, or is asked without one.
fn is_global(service: &str) -> bool {
    matches!(service, "iam" | "route53" | "sts")
}

impl Ask<'_> {
    /// See [`everywhere`].
    fn everywhere(&self, action: &str) -> Grant {
        everywhere(self.plan, action)
    }
}

fn changes(plan: &Plan, inventory: &Inventory, counts: &dyn Fn(Stage) -> bool) -> Result<BTreeSet<Grant>, Vec<String>> {
    let mut out = BTreeSet::new();
    let mut unknown = BTreeSet::new();
    for step in plan.steps.iter().filter(|step| counts(step.stage)) {
        let all = calls::of_step(step);
        for call in all.iter().filter(|call| call.what_for != For::Look) {
            match needs(&Ask { plan, inventory, step, all: &all, call }) {
                Some(grants) => out.extend(grants),
                None => drop(unknown.insert(call.operation.to_string())),
            }
        }
    }
    if unknown.is_empty() { Ok(out) } else { Err(unknown.into_iter().collect()) }
}

fn needs(ask: &Ask<'_>) -> Option<Vec<Grant>> {
    if ask.call.operation.service() == "ec2" { ec2::grants(ask) } else { services::grants(ask) }
}

/// A journal in a bucket: whoever changes something writes it, whoever looks reads it and may leave a request or an approval.
fn journal(plan: &Plan, bucket: &Bucket, part: Part) -> Vec<Grant> {
    let arn = format!("arn:{}:s3:::{}", ask::partition(&plan.region), bucket.name);
    let below = if bucket.prefix.is_empty() { String::new() } else { format!("{}/", bucket.prefix) };
    let mut actions = vec!["s3:GetObject", "s3:PutObject"];
    if part != Part::Read {
        actions.push("s3:DeleteObject");
    }
    let mut out: Vec<Grant> = actions.into_iter().map(|action| Grant::new(action, format!("{arn}/{below}*"))).collect();
    out.push(Grant::new("s3:ListBucket", arn).when("StringLike", "s3:prefix", [format!("{below}*")]));
    out
}

/// How many calls of a plan belong to a part: for people.
pub fn count(plan: &Plan, part: Part) -> usize {
    let counts = |stage: Stage, call: &Planned| match part {
        Part::Read => call.what_for == For::Look,
        Part::Apply => call.what_for != For::Look && stage != Stage::Cleanup,
        Part::Cleanup => call.what_for != For::Look && stage == Stage::Cleanup,
    };
    plan.steps.iter().map(|step| calls::of_step(step).iter().filter(|call| counts(step.stage, call)).count()).sum()
}
