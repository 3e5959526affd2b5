//! Gates that are looked at, not asked about.

use std::pin::Pin;

use super::event::What;
use super::look;
use super::task::{Context, Failure};
use crate::journal::Body;
use crate::model::call::Label;
use crate::plan::Gate;
use crate::plan::approvals::Point;
use crate::plan::gates::Health;

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
