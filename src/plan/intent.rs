//! What a person wants: `migrations/<name>.yaml`.
//!
//! Read strictly: an unknown key, a wrong type or a value out of range is an error with line and column. A freshly
//! written intent plans as it is; every field but the first four has a default.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_saphyr::Spanned;

use crate::model::strategy::Strategy;

/// How private subnets get out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Nat {
    /// One NAT gateway in each zone: a zone's failure stays in the zone.
    #[default]
    Zonal,
    /// One for all: cheaper, a single point of failure, cross-zone traffic.
    Single,
    /// One regional NAT gateway with addresses zone by zone.
    Regional,
}

/// What becomes of connections inside the VPC that the old rules allowed and nobody vouches for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Unvouched {
    /// Kept between the groups concerned, and listed.
    #[default]
    Keep,
    /// Dropped, and listed.
    Drop,
}

/// The new subnets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Subnets {
    /// Prefix length of the private subnets, 16 to 28; smaller ones are taken where such a range isn't free.
    #[schemars(range(min = 16, max = 28))]
    pub private_prefix: u8,
    /// Prefix length of the public subnets for balancers and NAT gateways, 16 to 28; ELB wants at least /27.
    #[schemars(range(min = 16, max = 28))]
    pub public_prefix: u8,
    /// Ranges that new subnets must keep clear of, such as a Client VPN's or a planned peer's.
    pub avoid: Vec<String>,
}

impl Default for Subnets {
    fn default() -> Subnets {
        Subnets { private_prefix: 24, public_prefix: 27, avoid: Vec::new() }
    }
}

/// VPC endpoints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Endpoints {
    /// Gateway endpoints on the new route tables: `s3`, `dynamodb`. They cost nothing.
    pub gateway: Vec<String>,
    /// Interface endpoints with private DNS, such as `ssm`, `ecr.api`, `logs`. Each costs per zone and hour.
    pub interface: Vec<String>,
}

impl Default for Endpoints {
    fn default() -> Endpoints {
        Endpoints { gateway: vec!["s3".to_owned(), "dynamodb".to_owned()], interface: Vec::new() }
    }
}

/// What a person decides about one workload.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The workload's name or id, as the inventory has it.
    #[schemars(with = "String")]
    pub name: Spanned<String>,
    /// The strategy; left out: the planner weighs them.
    #[serde(default)]
    #[schemars(with = "Option<Strategy>")]
    pub strategy: Option<Spanned<Strategy>>,
    /// Why; needed for `skip`.
    #[serde(default)]
    pub reason: Option<String>,
    /// Until when a `skip` is meant to last, YYYY-MM-DD; needed for `skip`.
    #[serde(default)]
    pub until: Option<String>,
    /// Overrides `unvouched` for this workload.
    #[serde(default)]
    pub unvouched: Option<Unvouched>,
}

/// A connection that must keep working.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclaredFlow {
    /// Who opens it: a workload's name or id.
    #[schemars(with = "String")]
    pub from: Spanned<String>,
    /// Who accepts it: a workload's name or id.
    #[schemars(with = "String")]
    pub to: Spanned<String>,
    /// The port.
    pub port: u16,
    /// `tcp` (default) or `udp`.
    #[serde(default)]
    pub protocol: Option<String>,
}

/// The whole intent.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Intent {
    /// The migration's name: lower-case letters, digits and hyphens; it names files, tags and groups.
    #[schemars(with = "String")]
    pub migration: Spanned<String>,
    /// The account's twelve digits; quote them.
    #[schemars(with = "String")]
    pub account: Spanned<String>,
    /// The region.
    #[schemars(with = "String")]
    pub region: Spanned<String>,
    /// The VPC.
    #[schemars(with = "String")]
    pub vpc: Spanned<String>,
    /// How private subnets get out.
    #[serde(default)]
    pub nat: Nat,
    /// The new subnets.
    #[serde(default)]
    pub subnets: Subnets,
    /// VPC endpoints.
    #[serde(default)]
    pub endpoints: Endpoints,
    /// What nobody vouches for.
    #[serde(default)]
    pub unvouched: Unvouched,
    /// Decisions about single workloads; what isn't named is weighed.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub workloads: Vec<Choice>,
    /// Connections that must keep working, beside those that the account shows.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub flows: Vec<DeclaredFlow>,
}

/// A key under which every line is a comment is null in YAML; what is meant is an empty list.
fn null_is_empty<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::<Vec<T>>::deserialize(from)?.unwrap_or_default())
}

/// What is wrong with an intent, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problem {
    /// Line, from 1; 0 if unknown.
    pub line: u64,
    /// Column, from 1; 0 if unknown.
    pub column: u64,
    /// What is wrong.
    pub message: String,
    /// What was expected.
    pub expected: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

impl Problem {
    fn at<T>(place: &Spanned<T>, message: String, expected: &str) -> Problem {
        let location = place.referenced;
        Problem { line: location.line(), column: location.column(), message, expected: expected.to_owned() }
    }
}

/// Reads an intent.
///
/// # Errors
/// The first thing that is wrong, with its place.
pub fn parse(text: &str) -> Result<Intent, Problem> {
    let intent: Intent = serde_saphyr::from_str(text).map_err(|error| problem_of(&error))?;
    check(&intent)?;
    Ok(intent)
}

/// A parser's error as a place and a sentence.
pub fn problem_of(error: &serde_saphyr::Error) -> Problem {
    let plain = error.without_snippet();
    let (line, column) = error.location().map_or((0, 0), |at| (at.line(), at.column()));
    let message = plain.to_string();
    let message = message.split(" at line ").next().unwrap_or(&message).lines().next().unwrap_or_default().to_owned();
    Problem { line, column, message, expected: String::new() }
}

fn check(intent: &Intent) -> Result<(), Problem> {
    let name = &intent.migration;
    let valid = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.value.is_empty()
        || name.value.len() > 40
        || !name.value.chars().all(valid)
        || !name.value.starts_with(|c: char| c.is_ascii_lowercase())
    {
        return Err(Problem::at(
            name,
            format!("`{}` can't name a migration", name.value),
            "1 to 40 of a-z, 0-9 and -, beginning with a letter",
        ));
    }
    let account = &intent.account;
    if account.value.len() != 12 || !account.value.chars().all(|c| c.is_ascii_digit()) {
        return Err(Problem::at(account, format!("`{}` is not an account id", account.value), "twelve digits in quotes"));
    }
    if !intent.vpc.value.starts_with("vpc-") {
        return Err(Problem::at(&intent.vpc, format!("`{}` is not a VPC id", intent.vpc.value), "vpc-…"));
    }
    for prefix in [intent.subnets.private_prefix, intent.subnets.public_prefix] {
        if !(16..=28).contains(&prefix) {
            return Err(Problem::at(name, format!("subnets: /{prefix} is not a subnet size"), "a prefix length from 16 to 28"));
        }
    }
    for choice in &intent.workloads {
        let skipped = choice.strategy.as_ref().is_some_and(|s| s.value == Strategy::Skip);
        if skipped && (choice.reason.is_none() || choice.until.is_none()) {
            let message = format!("`{}` is skipped without a reason or a date", choice.name.value);
            return Err(Problem::at(&choice.name, message, "`reason: …` and `until: YYYY-MM-DD`"));
        }
        if let Some(until) = &choice.until
            && until.parse::<jiff::civil::Date>().is_err()
        {
            return Err(Problem::at(&choice.name, format!("`until: {until}` is not a date"), "YYYY-MM-DD"));
        }
    }
    for flow in &intent.flows {
        if let Some(protocol) = &flow.protocol
            && protocol != "tcp"
            && protocol != "udp"
        {
            return Err(Problem::at(&flow.from, format!("`{protocol}` is not a protocol of a flow"), "tcp or udp"));
        }
    }
    Ok(())
}

/// A place in the intent as a problem: for what only the inventory shows to be wrong.
pub fn unknown_workload(place: &Spanned<String>, near: Option<&str>) -> Problem {
    let hint =
        near.map_or("a workload's name or id, as `hikkoshi discover` lists them".to_owned(), |near| format!("did you mean `{near}`?"));
    Problem::at(place, format!("there is no workload `{}` in the inventory", place.value), &hint)
}

/// The JSON Schema that editors complete and check intents with.
pub fn schema() -> serde_json::Value {
    let mut schema = serde_json::to_value(schemars::schema_for!(Intent)).unwrap_or_default();
    schema["title"] = serde_json::json!("hikkoshi intent");
    schema
}
