//! Gates that the intent asks for: something is looked at before a stage, and the run stops where it is not well.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_saphyr::Spanned;

use super::Gate;
use super::approvals::Point;
use super::hooks::is_web;
use super::problem::{Problem, nearest};
use crate::model::absent::is_default;
use crate::model::call::{Object, Operation};
use crate::model::facet::Role;
use crate::model::inventory::Inventory;
use crate::model::step::{Check, Expect, Stage};

/// A gate before a stage. Exactly one of `command`, `http`, `target_health` and `alarm` says what is looked at.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GateWish {
    /// The stage before which it is looked at: guard, stateless, pets, data, tighten, …
    #[schemars(with = "String")]
    pub before: Spanned<String>,
    /// A program and its arguments; it must end with exit status 0 within 30 seconds.
    #[serde(default)]
    pub command: Option<Vec<String>>,
    /// A page that must answer.
    #[serde(default)]
    pub http: Option<HttpWish>,
    /// The name of a target group: somebody in it is healthy and nobody unhealthy.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub target_health: Option<Spanned<String>>,
    /// The name of a CloudWatch alarm, metric or composite, of the account and region: its state is OK.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub alarm: Option<Spanned<String>>,
    /// Whether an alarm that has not enough data to tell passes, too.
    #[serde(default)]
    pub insufficient_data: bool,
}

/// A page that must answer.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpWish {
    /// Its address: https://… or http://…. Nothing secret: it stands in the plan.
    #[schemars(with = "String")]
    pub url: Spanned<String>,
    /// The status that it must answer with; 200 by default.
    #[serde(default = "ok")]
    pub status: u16,
}

fn ok() -> u16 {
    200
}

/// What a gate looks at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Health {
    /// A program that must end with exit status 0.
    Command(Vec<String>),
    /// A page that must answer.
    Http {
        /// Its address.
        url: String,
        /// With this status.
        status: u16,
    },
    /// What reads of the account must show.
    Account(Vec<Check>),
    /// A CloudWatch alarm must be OK.
    Alarm {
        /// Its name.
        name: String,
        /// Whether one that has not enough data to tell passes, too.
        #[serde(default, skip_serializing_if = "is_default")]
        insufficient_data: bool,
    },
    /// People must have approved the plan before this point.
    Approvals(Point),
}

/// The read that shows an alarm. Composite ones are answered only to who asks for them.
pub fn alarm(name: &str) -> (Operation, Object) {
    let operation = "cloudwatch:DescribeAlarms".parse().unwrap_or_else(|_| unreachable!("it is an operation"));
    let types = json!(["MetricAlarm", "CompositeAlarm"]);
    (operation, [("AlarmNames".to_owned(), json!([name])), ("AlarmTypes".to_owned(), types)].into_iter().collect())
}

/// The gates of an intent, in its order.
///
/// # Errors
/// If one names a stage or a target group that there isn't, or says nothing, or too much.
pub fn gates(wishes: &[GateWish], inventory: &Inventory) -> Result<Vec<Gate>, Problem> {
    wishes.iter().enumerate().map(|(at, wish)| gate(at, wish, inventory)).collect()
}

fn gate(at: usize, wish: &GateWish, inventory: &Inventory) -> Result<Gate, Problem> {
    let Some(before) = Stage::parse(&wish.before.value) else {
        let names = Stage::ALL.map(Stage::name);
        let hint = match nearest(&wish.before.value, names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => names.join(", "),
        };
        return Err(Problem::at(&wish.before, format!("there is no stage `{}`", wish.before.value), &hint));
    };
    if wish.insufficient_data && wish.alarm.is_none() {
        let message = "only an alarm can lack data".to_owned();
        return Err(Problem::at(&wish.before, message, "`alarm: NAME` beside `insufficient_data: true`"));
    }
    let (asks, check) = look(wish, inventory)?;
    Ok(Gate { id: format!("health-{}", at + 1), before, asks, details: Vec::new(), check: Some(check) })
}

/// What is looked at, in words and as the executor reads it.
fn look(wish: &GateWish, inventory: &Inventory) -> Result<(String, Health), Problem> {
    let found = match (&wish.command, &wish.http, &wish.target_health, &wish.alarm) {
        (Some(command), None, None, None) if !command.is_empty() => {
            (format!("`{}` ends with exit status 0", command.join(" ")), Health::Command(command.clone()))
        }
        (None, Some(http), None, None) if is_web(&http.url.value) => {
            let (url, status) = (http.url.value.clone(), http.status);
            (format!("{url} answers with {status}"), Health::Http { url, status })
        }
        (None, Some(http), None, None) => {
            return Err(Problem::at(&http.url, format!("`{}` is no web address", http.url.value), "https://… or http://…"));
        }
        (None, None, None, Some(name)) if !name.value.is_empty() => {
            let or = if wish.insufficient_data { " or has not enough data" } else { "" };
            let health = Health::Alarm { name: name.value.clone(), insufficient_data: wish.insufficient_data };
            (format!("the alarm {} is OK{or}", name.value), health)
        }
        (None, None, Some(name), None) => (format!("the targets of {} are healthy", name.value), target_health(name, inventory)?),
        _ => {
            let message = "a gate looks at one thing: a command, a page, a target group or an alarm".to_owned();
            let expected = "`command: […]`, `http: {url: …}`, `target_health: NAME` or `alarm: NAME`";
            return Err(Problem::at(&wish.before, message, expected));
        }
    };
    Ok(found)
}

fn target_health(name: &Spanned<String>, inventory: &Inventory) -> Result<Health, Problem> {
    let groups = || inventory.with_role(Role::TargetGroup);
    let Some(group) = groups().find(|group| group.name == name.value || group.id.as_str() == name.value) else {
        let hint = match nearest(&name.value, groups().map(|group| group.name.as_str())) {
            Some(near) => format!("did you mean `{near}`?"),
            None => groups().map(|group| group.name.as_str()).collect::<Vec<_>>().join(", "),
        };
        return Err(Problem::at(name, format!("there is no target group `{}` in the inventory", name.value), &hint));
    };
    let check = |what: String, expect: Expect| Check {
        what,
        operation: "elasticloadbalancing:DescribeTargetHealth".parse().unwrap_or_else(|_| unreachable!("it is an operation")),
        parameters: [("TargetGroupArn".to_owned(), group.doc["TargetGroupArn"].clone())].into_iter().collect(),
        path: "TargetHealthDescriptions[].TargetHealth.State".to_owned(),
        expect,
    };
    Ok(Health::Account(vec![
        check(format!("a target of {} is healthy", group.name), Expect::Includes(vec![json!("healthy")])),
        check(format!("no target of {} is unhealthy", group.name), Expect::Excludes(vec![json!("unhealthy"), json!("unavailable")])),
    ]))
}
