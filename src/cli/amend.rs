//! A plan that was edited after its run had begun: what it may change, why, and what is remembered of it.

use std::io::IsTerminal;

use super::confirm::answered;
use super::failure::Failure;
use super::place::{self, Hashed, Place};
use super::proof;
use crate::execute::amend::{self, Objection};
use crate::execute::{Machine, skip};
use crate::journal::{Body, Record};
use crate::plan::{Plan, format};
use crate::report::edits;

/// An edited plan that can be gone on with.
pub struct Amendment {
    /// What the journal remembers.
    pub body: Body,
    /// What was edited, in lines.
    pub lines: Vec<String>,
}

/// What to remember before a run goes on with an edited plan; nothing if it is the journal's own.
///
/// # Errors
/// If it changes what is done, does not hold, or nobody says why.
pub fn amendment(
    place: &Place,
    plan: &Hashed<Plan>,
    records: &[Record],
    who: &str,
    reason: Option<&str>,
) -> Result<Option<Amendment>, Failure> {
    let Some(from) = amend::plan_of(records).filter(|of| *of != plan.sha256) else { return Ok(None) };
    must_be_of(place, &plan.value, records)?;
    let objections = amend::objections(&plan.value, records);
    if !objections.is_empty() {
        return Err(refused(place, from, &objections));
    }
    let machine = Machine::replay(&plan.value, records);
    proof::must_hold(place, &skip::without_skipped(&machine, &[])).map_err(|failure| unproved(place, failure))?;
    let lines = match kept(place, from) {
        Some(old) => edits::lines(&old, &plan.value),
        None => vec![format!("what it was before ({}…) is not kept here", &from[..12.min(from.len())])],
    };
    let why = why(place, reason, &lines)?;
    let renewed = amend::renewed(&plan.value, records);
    let body = Body::Amended { from: from.to_owned(), to: plan.sha256.clone(), who: who.to_owned(), why, renewed };
    Ok(Some(Amendment { body, lines }))
}

/// The journal must be of this migration at all.
fn must_be_of(place: &Place, plan: &Plan, records: &[Record]) -> Result<(), Failure> {
    let of = records.iter().find_map(|record| match &record.body {
        Body::Opened { migration, .. } => Some(migration.as_str()),
        _ => None,
    });
    match of.filter(|of| *of != plan.migration) {
        None => Ok(()),
        Some(of) => Err(Failure::new("HK0202", format!("the journal is of migration {of}, the plan of {}", plan.migration))
            .detail("nothing was called; the account is as the last run left it")
            .hint(format!("put the plan of {of} back into {}, then the same command again", place.plan_path().display()))),
    }
}

/// The plan as it was when the journal took it up, if it was kept here and is unharmed.
pub fn kept(place: &Place, hash: &str) -> Option<Plan> {
    let text = place::read(&place.kept_plan_path(hash)).ok()?;
    (format::hash(&text) == hash).then(|| format::read(&text).ok()).flatten()
}

/// Keeps the plan as it is now, for the day when somebody asks what was edited. It only helps people: where there is no
/// room, the run is not held up.
pub fn keep(place: &Place, plan: &Hashed<Plan>) {
    let path = place.kept_plan_path(&plan.sha256);
    let text = place::read(&place.plan_path()).unwrap_or_default();
    if format::hash(&text) == plan.sha256
        && !place::exists(&path)
        && let Err(failure) = place::write(&path, &text)
    {
        tracing::debug!("the plan is not kept as this run takes it up: {}", failure.message);
    }
}

fn why(place: &Place, reason: Option<&str>, lines: &[String]) -> Result<String, Failure> {
    if let Some(reason) = reason.map(str::trim).filter(|reason| !reason.is_empty()) {
        return Ok(reason.to_owned());
    }
    if std::io::stdin().is_terminal() {
        let answer = answered(&format!("The plan was edited:\n  {}\nWhy, in a line: ", lines.join("\n  ")));
        if !answer.is_empty() {
            return Ok(answer);
        }
    }
    let mut failure =
        Failure::new("HK0515", format!("{} was edited since the run began, and nobody says why", place.plan_path().display()));
    for line in lines {
        failure = failure.detail(line.clone());
    }
    Err(failure
        .detail("what is done is unchanged, and the rest holds; nothing was called")
        .hint("the same command with --reason …   # goes on with the plan as it is now"))
}

/// What stands against it, step by step.
fn refused(place: &Place, from: &str, objections: &[(String, Objection)]) -> Failure {
    let (first, why) = &objections[0];
    let mut failure = Failure::new("HK0515", format!("the edited plan can't be gone on with: step {first} {}", words(why)));
    for (step, why) in objections[1..].iter().take(20) {
        failure = failure.detail(format!("step {step} {}", words(why)));
    }
    if objections.len() > 21 {
        failure = failure.detail(format!("and {} more steps", objections.len() - 21));
    }
    let kept = place.kept_plan_path(from);
    failure = failure.detail("nothing was called; the account is as the last run left it");
    if place::exists(&kept) {
        failure = failure.hint(format!("diff {} {}   # what was edited", kept.display(), place.plan_path().display()));
    }
    failure
        .hint("put those steps back as they were and change only what is not done, then the same command again")
        .hint(format!("hikkoshi log {} --step {first}   # what was done of it", place.name))
}

/// What stands against a step, after its name.
pub fn words(why: &Objection) -> String {
    match why {
        Objection::Gone => "was begun and is not in it any more".to_owned(),
        Objection::Changed => "was begun and is another now (its place, call, needs or way back)".to_owned(),
        Objection::Untold => "was begun by an older hikkoshi, which did not note what it was".to_owned(),
        Objection::Behind(stage) => format!("is not done and stands before stage {}, which the run has reached", stage.name()),
    }
}

fn unproved(place: &Place, failure: Failure) -> Failure {
    if failure.code != "HK0406" {
        return failure;
    }
    let message = failure.message.replace("the plan does not hold", "the edited plan does not hold");
    let hint = format!("mend {}, then the same command again", place.plan_path().display());
    let back = format!("hikkoshi rollback {} --to CHECKPOINT   # needs the plan as it was before", place.name);
    Failure { message, hints: vec![hint, back], ..failure }
}
