//! Gates that are looked at, not asked about.

use std::pin::Pin;

use serde_json::Value;

use super::event::What;
use super::look;
use super::task::{Context, Failure};
use crate::journal::Body;
use crate::model::call::Label;
use crate::plan::Gate;
use crate::plan::approvals::Point;
use crate::plan::gates::{self, Health};

/// How long something may be unwell before its gate stays closed.
const PATIENCE_S: u64 = 60;
/// How often it is looked at meanwhile, in seconds.
const AGAIN_S: f64 = 5.0;

/// What came of looking outside of the account: why it is not well, if it isn't.
pub type Probed<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;

/// Looks at what is outside of the account: programs and pages.
pub trait Probe: Send + Sync {
    /// Looks once.
    fn probe<'a>(&'a self, gate: &'a Gate, health: &'a Health) -> Probed<'a>;

    /// Who has approved the plan before this point; or who is missing.
    ///
    /// # Errors
    /// What is missing, in words, if they are not enough.
    fn approved(&self, _: Point) -> Result<Vec<String>, String> {
        Ok(Vec::new())
    }
}

/// Looks until it is well, as long as patience lasts; then the gate is open, and the journal knows it. Where there is
/// no probe (a simulation), only the account is looked at.
pub async fn pass(context: &Context<'_>, probe: Option<&dyn Probe>, gate: &Gate, health: &Health) -> Result<(), Failure> {
    if let Health::Approvals(point) = health {
        return approved(context, probe, gate, *point).await;
    }
    let until = context.clock.now_ms() + PATIENCE_S * 1000;
    context.tell(&gate.id, What::Waiting { until: gate.asks.clone() });
    loop {
        let found = match health {
            Health::Account(checks) => account(context, gate, checks).await,
            Health::Alarm { name, insufficient_data } => alarm(context, gate, name, *insufficient_data).await,
            Health::Command(_) | Health::Http { .. } | Health::Approvals(_) => match probe {
                Some(probe) => probe.probe(gate, health).await,
                None => Ok(()),
            },
        };
        match found {
            Ok(()) => return context.record(Body::Confirmed { gate: gate.id.clone(), who: "its check".to_owned() }),
            Err(why) if context.clock.now_ms() >= until => return Err(Failure::Closed { gate: gate.id.clone(), why }),
            Err(_) => context.sleep(AGAIN_S).await?,
        }
    }
}

/// Waits for people, as long as it takes: the run stays, and can be stopped and asked things like any other.
async fn approved(context: &Context<'_>, probe: Option<&dyn Probe>, gate: &Gate, point: Point) -> Result<(), Failure> {
    let mut told = String::new();
    loop {
        match probe.map_or_else(|| Ok(Vec::new()), |probe| probe.approved(point)) {
            Ok(who) => {
                let who = if who.is_empty() { "nobody: this is a simulation".to_owned() } else { who.join(", ") };
                return context.record(Body::Confirmed { gate: gate.id.clone(), who });
            }
            Err(why) if why != told => {
                context.tell(&gate.id, What::Unapproved { point: point.name().to_owned(), why: why.clone() });
                told = why;
            }
            Err(_) => {}
        }
        context.sleep(AGAIN_S).await?;
    }
}

async fn account(context: &Context<'_>, gate: &Gate, checks: &[crate::model::step::Check]) -> Result<(), String> {
    let label = Label { migration: context.migration.clone(), step: gate.id.clone() };
    for check in checks {
        let found = look::check(context.cloud, &label, check, &|_, _| None).await.map_err(|blind| blind.words())?;
        if !found.holds {
            return Err(format!("\"{}\" does not hold: last seen: {}", check.what, found.seen()));
        }
    }
    Ok(())
}

/// Looks at an alarm.
async fn alarm(context: &Context<'_>, gate: &Gate, name: &str, insufficient_data: bool) -> Result<(), String> {
    let label = Label { migration: context.migration.clone(), step: gate.id.clone() };
    let (operation, parameters) = gates::alarm(name);
    let answer = look::read(context.cloud, &label, &operation, &parameters, &|_, _| None).await.map_err(|blind| blind.words())?;
    state_of(&answer, name, insufficient_data)
}

/// Whether an alarm lets the run go on: OK does; what CloudWatch does not know does only where the intent says so.
fn state_of(answer: &Value, name: &str, insufficient_data: bool) -> Result<(), String> {
    let all = ["MetricAlarms", "CompositeAlarms"].into_iter().filter_map(|list| answer[list].as_array()).flatten();
    let found: Vec<&Value> = all.filter(|alarm| alarm["AlarmName"] == name).collect();
    let Some(alarm) = found.first() else { return Err(format!("there is no alarm {name} in this account and region")) };
    let text = |key: &str| alarm[key].as_str().unwrap_or_default();
    match text("StateValue") {
        "OK" => Ok(()),
        "INSUFFICIENT_DATA" if insufficient_data => Ok(()),
        state => Err(format!("the alarm {name} is {state} since {}: {}", text("StateUpdatedTimestamp"), text("StateReason"))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn judged(list: &str, state: &str, insufficient_data: bool) -> Result<(), String> {
        let alarm = json!({ "AlarmName": "errors", "StateValue": state, "StateReason": "why", "StateUpdatedTimestamp": "then" });
        let other = json!({ "AlarmName": "other", "StateValue": "OK" });
        state_of(&json!({ "MetricAlarms": [other], list: [alarm] }), "errors", insufficient_data)
    }

    #[test]
    fn only_ok_is_well_unless_missing_data_is() {
        for list in ["MetricAlarms", "CompositeAlarms"] {
            assert_eq!(judged(list, "OK", false), Ok(()));
            assert_eq!(judged(list, "ALARM", true), Err("the alarm errors is ALARM since then: why".to_owned()));
            assert_eq!(judged(list, "INSUFFICIENT_DATA", false), Err("the alarm errors is INSUFFICIENT_DATA since then: why".to_owned()));
            assert_eq!(judged(list, "INSUFFICIENT_DATA", true), Ok(()));
            assert!(judged(list, "", true).is_err(), "what nobody knows is not well");
        }
        let none = state_of(&json!({ "MetricAlarms": [] }), "errors", true);
        assert_eq!(none, Err("there is no alarm errors in this account and region".to_owned()));
    }
}
