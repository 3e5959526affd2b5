//! What a person wants: `migrations/<name>.yaml`.
//!
//! Read strictly: an unknown key, a wrong type or a value out of range is an error with line and column. A freshly
//! written intent plans as it is; every field but the first four has a default.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_saphyr::Spanned;

pub use super::approvals::ApprovalsWish;
pub use super::gates::GateWish;
pub use super::hooks::HookWish;
pub use super::intent_access::{ClientVpnWish, Except, SessionManager};
pub use super::problem::Problem;
use super::problem::problem_of;
use super::window::{FORM, Windows};
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
    /// Kept, unless flow logs cover the window that `flow_logs` asks for and show nothing; listed either way.
    #[default]
    Auto,
    /// Kept between the groups concerned, and listed.
    Keep,
    /// Dropped, and listed.
    Drop,
}

/// What flow logs must cover to be taken for the whole truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FlowLogs {
    /// How many days without a gap, 1 to 400. What runs once a month shows in 31 only.
    #[serde(deserialize_with = "days")]
    #[schemars(range(min = 1, max = 400))]
    pub days: u32,
}

impl Default for FlowLogs {
    fn default() -> FlowLogs {
        FlowLogs { days: 14 }
    }
}

/// What the plan may cost the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// How many percent of the targets that are healthy today each target group keeps at every moment, 0 to 100, rounded
    /// up; of a single one none can be kept while it moves.
    #[serde(deserialize_with = "percent")]
    #[schemars(range(min = 0, max = 100))]
    pub healthy_percent: u32,
    /// The longest interruption of a workload whose strategy the planner chooses, in minutes; none: as long as the best
    /// strategy takes. Who names a strategy for a workload accepts its interruption.
    pub interruption_minutes: Option<u64>,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { healthy_percent: 50, interruption_minutes: None }
    }
}

/// The new subnets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Subnets {
    /// Prefix length of the private subnets, 16 to 28; smaller ones are taken where such a range isn't free.
    #[serde(deserialize_with = "prefix")]
    #[schemars(range(min = 16, max = 28))]
    pub private_prefix: u8,
    /// Prefix length of the public subnets for balancers and NAT gateways, 16 to 28; ELB wants at least /27.
    #[serde(deserialize_with = "prefix")]
    #[schemars(range(min = 16, max = 28))]
    pub public_prefix: u8,
    /// Ranges that new subnets must keep clear of, such as a Client VPN's or a planned peer's.
    #[serde(deserialize_with = "ranges")]
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
    #[serde(deserialize_with = "gateways")]
    pub gateway: Vec<String>,
    /// Interface endpoints with private DNS, such as `ssm`, `ecr.api`, `logs`. Each costs per zone and hour.
    #[serde(deserialize_with = "services")]
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
    /// For a function: what to invoke its new version with before an alias points to it.
    #[serde(default)]
    pub smoke: Option<Smoke>,
}

/// A trial of a function.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Smoke {
    /// The event, as the function takes it. It stands in the plan: nothing secret.
    pub payload: serde_json::Value,
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

/// A security group that a person names.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupChoice {
    /// The group's name in AWS.
    #[schemars(with = "String")]
    pub name: Spanned<String>,
    /// The workloads that wear it: names or ids.
    #[schemars(with = "Vec<String>")]
    pub members: Vec<Spanned<String>>,
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
    /// What flow logs must cover.
    #[serde(default)]
    pub flow_logs: FlowLogs,
    /// What the plan may cost the service.
    #[serde(default)]
    pub limits: Limits,
    /// Security groups for several workloads together; what isn't named gets one of its own.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub groups: Vec<GroupChoice>,
    /// Steps of the plan that wait, with all that comes after them, until `hikkoshi release`: cut-overs that a person times.
    #[serde(default, deserialize_with = "null_is_empty")]
    #[schemars(with = "Vec<String>")]
    pub postponed: Vec<Spanned<String>>,
    /// When steps may begin, such as `Sun 02:00-05:00 Asia/Tokyo` or `Mon-Fri 22:00-06:00 UTC`; always, if there is none.
    #[serde(default, deserialize_with = "windows")]
    pub windows: Vec<String>,
    /// What must be well before a stage begins; else the run stops there.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub gates: Vec<GateWish>,
    /// Who is told how a run goes: programs and web addresses.
    #[serde(default, deserialize_with = "null_is_empty")]
    #[schemars(with = "Vec<HookWish>")]
    pub hooks: Vec<Spanned<HookWish>>,
    /// Who must approve the plan before it is carried out, or before a stage of it; nobody, if there is none.
    #[serde(default)]
    pub approvals: Option<ApprovalsWish>,
    /// Decisions about single workloads; what isn't named is weighed.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub workloads: Vec<Choice>,
    /// Connections that must keep working, beside those that the account shows.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub flows: Vec<DeclaredFlow>,
    /// Session Manager instead of SSH: `on`, `off`, or the instances to leave out, with the reason.
    #[serde(default)]
    #[schemars(with = "super::intent_access::SessionManagerShape")]
    pub session_manager: SessionManager,
    /// A Client VPN by which developers reach databases that are not public any more.
    #[serde(default)]
    pub client_vpn: Option<ClientVpnWish>,
}

/// A key under which every line is a comment is null in YAML; what is meant is an empty list.
fn null_is_empty<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::<Vec<T>>::deserialize(from)?.unwrap_or_default())
}

/// A prefix length of a subnet.
fn prefix<'de, D: serde::Deserializer<'de>>(from: D) -> Result<u8, D::Error> {
    let length = u8::deserialize(from)?;
    let message = || format!("/{length} is no subnet's size: 16 to 28 is");
    (16..=28).contains(&length).then_some(length).ok_or_else(|| serde::de::Error::custom(message()))
}

/// A number of days.
fn days<'de, D: serde::Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    let days = u32::deserialize(from)?;
    (1..=400)
        .contains(&days)
        .then_some(days)
        .ok_or_else(|| serde::de::Error::custom(format!("{days} days can't be asked for: 1 to 400 can")))
}

/// A part of a whole.
fn percent<'de, D: serde::Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    let percent = u32::deserialize(from)?;
    let message = || format!("{percent} percent can't be kept: 0 to 100 can");
    (0..=100).contains(&percent).then_some(percent).ok_or_else(|| serde::de::Error::custom(message()))
}

/// A list of which each element is checked where it stands.
struct Listed<C>(Vec<String>, std::marker::PhantomData<C>);

/// What an element must be.
trait Rule {
    /// What is wrong with the text, if something is.
    fn broken(text: &str) -> Option<String>;
}

struct Element<C>(String, std::marker::PhantomData<C>);

impl<'de, C: Rule> Deserialize<'de> for Element<C> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        C::broken(&text).map_or(Ok(Element(text, std::marker::PhantomData)), |why| Err(serde::de::Error::custom(why)))
    }
}

impl<'de, C: Rule> Deserialize<'de> for Listed<C> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let elements: Vec<Element<C>> = null_is_empty(from)?;
        Ok(Listed(elements.into_iter().map(|element| element.0).collect(), std::marker::PhantomData))
    }
}

struct Range;
impl Rule for Range {
    fn broken(text: &str) -> Option<String> {
        text.parse::<ipnet::Ipv4Net>().is_err().then(|| format!("`{text}` is no IPv4 range such as 10.8.0.0/22"))
    }
}

struct Gateway;
impl Rule for Gateway {
    fn broken(text: &str) -> Option<String> {
        (!["s3", "dynamodb"].contains(&text)).then(|| format!("`{text}` has no gateway endpoint: s3 and dynamodb have"))
    }
}

struct Service;
impl Rule for Service {
    fn broken(text: &str) -> Option<String> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
        let sound = text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(plain) && !text.starts_with("com.amazonaws");
        (!sound).then(|| format!("`{text}` is no service's short name such as ssm or ecr.api"))
    }
}

struct Hours;
impl Rule for Hours {
    fn broken(text: &str) -> Option<String> {
        Windows::parse(&[text.to_owned()]).err().map(|why| format!("{why}; a window is {FORM}"))
    }
}

fn windows<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    Ok(Listed::<Hours>::deserialize(from)?.0)
}

fn ranges<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    Ok(Listed::<Range>::deserialize(from)?.0)
}

fn gateways<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    Ok(Listed::<Gateway>::deserialize(from)?.0)
}

fn services<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    Ok(Listed::<Service>::deserialize(from)?.0)
}

/// Reads an intent.
///
/// # Errors
/// The first thing that is wrong, with its place.
pub fn parse(text: &str) -> Result<Intent, Problem> {
    let intent: Intent = serde_saphyr::from_str(text).map_err(|error| problem_of(&error, text))?;
    check(&intent)?;
    Ok(intent)
}

/// Whether a text can name a migration.
///
/// # Errors
/// What a name is, if it can't.
pub fn check_name(name: &str) -> Result<(), &'static str> {
    let valid = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let sound = name.len() <= 40 && name.chars().all(valid) && name.starts_with(|c: char| c.is_ascii_lowercase());
    sound.then_some(()).ok_or("1 to 40 of a-z, 0-9 and -, beginning with a letter")
}

fn check(intent: &Intent) -> Result<(), Problem> {
    let name = &intent.migration;
    if let Err(expected) = check_name(&name.value) {
        return Err(Problem::at(name, format!("`{}` can't name a migration", name.value), expected));
    }
    let account = &intent.account;
    if account.value.len() != 12 || !account.value.chars().all(|c| c.is_ascii_digit()) {
        return Err(Problem::at(account, format!("`{}` is not an account id", account.value), "twelve digits in quotes"));
    }
    if !intent.vpc.value.starts_with("vpc-") {
        return Err(Problem::at(&intent.vpc, format!("`{}` is not a VPC id", intent.vpc.value), "vpc-…"));
    }
    if let Some(vpn) = &intent.client_vpn {
        vpn.check()?;
    }
    for hook in &intent.hooks {
        HookWish::read(hook)?;
    }
    if let Some(approvals) = &intent.approvals {
        approvals.read()?;
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
    let hint = near.map_or("a workload's name or id, as `hikkoshi plan` lists them".to_owned(), |near| format!("did you mean `{near}`?"));
    Problem::at(place, format!("there is no workload `{}` in the inventory", place.value), &hint)
}

/// The JSON Schema that editors complete and check intents with.
pub fn schema() -> serde_json::Value {
    let mut schema = serde_json::to_value(schemars::schema_for!(Intent)).unwrap_or_default();
    schema["title"] = serde_json::json!("hikkoshi intent");
    schema
}
