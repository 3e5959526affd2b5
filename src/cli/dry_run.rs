//! `hikkoshi dry-run`: the executor itself, on a simulated account made from the inventory.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::failure::{Failure, exit};
use super::place::{Hashed, Place};
use super::progress::Progress;
use super::proof::{self, Proved};
use super::rights::{self, Rights};
use super::session::{self, start};
use super::{Done, Global, expected, say, say_json, typed};
use crate::clock::{Clock, VirtualClock};
use crate::cloud::Cloud;
use crate::cloud::simulated::Simulated;
use crate::discover::drift::Difference;
use crate::execute::amend::has_begun;
use crate::execute::driver::FailedStep;
use crate::execute::{End, Event, Goal, Machine, Run, Stop, look};
use crate::journal::{Memory, Record};
use crate::model::call::{Call, Label, Outcome};
use crate::model::inventory::Inventory;
use crate::model::step::{Stage, references};
use crate::model::text::counted;
use crate::plan::Plan;
use crate::report::run::Shown;
use crate::report::{self, duration, run as report_run, table};
use crate::world::World;

/// Options of `dry-run`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The migration; may be left out where there is one
    name: Option<String>,
    /// Ask nothing of AWS: simulate only
    #[arg(long)]
    offline: bool,
    /// Show one stage of the simulated run in full
    #[arg(long, value_name = "STAGE")]
    stage: Option<String>,
    /// Show when one step runs, and what it interrupts
    #[arg(long, value_name = "ID", conflicts_with = "stage")]
    step: Option<String>,
}

impl Args {
    /// How much is to be told.
    fn shown<'a>(&'a self, global: &Global, place: &Place, plan: &Plan) -> Result<Shown<'a>, Failure> {
        match (&self.stage, &self.step) {
            (Some(name), _) => super::plan::stage_named(plan, name).map(Shown::Stage),
            (_, Some(id)) => super::plan::step_named(place, plan, id).map(|_| Shown::Step(id)),
            _ if global.verbose > 0 => Ok(Shown::Every),
            _ => Ok(Shown::Brief),
        }
    }
}

/// One simulated run.
pub struct Rehearsed {
    /// What happened.
    pub events: Vec<Event>,
    /// What failed.
    pub failed: Vec<FailedStep>,
    /// When it began, milliseconds since 1970.
    pub start_ms: u64,
    /// How long it took, in seconds of the simulated clock.
    pub seconds: u64,
    /// Mutating calls made.
    pub calls: u64,
}

/// Simulates a plan forward through `until`, and then all the way back.
///
/// # Errors
/// If the journal in memory fails, which it does not.
pub async fn rehearse(plan: &Plan, inventory: &Inventory, until: Stage) -> Result<(Rehearsed, Rehearsed), Failure> {
    let account = start(inventory);
    let clock = Arc::new(VirtualClock::at(account.now_ms));
    let cloud = Simulated::new(World::resume(account), clock.clone());
    let (there, records) = one(plan, &cloud, &*clock, &[], Goal::Forward(until)).await?;
    let (back, _) = one(plan, &cloud, &*clock, &records, Goal::Back(None)).await?;
    Ok((there, back))
}

async fn one(
    plan: &Plan,
    cloud: &Simulated,
    clock: &dyn Clock,
    records: &[Record],
    goal: Goal,
) -> Result<(Rehearsed, Vec<Record>), Failure> {
    let progress = Progress::silent(plan);
    let (start_ms, calls) = (clock.now_ms(), cloud.mutating());
    let stop = Stop::default();
    let shared = Arc::new(std::sync::Mutex::new(Memory { records: records.to_vec() }));
    let run = Run { tell: &|event| progress.tell(event), ..Run::alone(plan, records, cloud, clock, &stop, goal, "dry-run") };
    let end = crate::execute::run(run, Box::new(shared.clone())).await;
    let failed = match end {
        End::Reached | End::Interrupted | End::Gate(_) | End::Outside { .. } => Vec::new(),
        End::Failed(failed) => failed,
        End::Unwell { gate, why } => vec![FailedStep { step: format!("gate {gate}"), code: "HK0516".to_owned(), why }],
        End::Journal(error) => return Err(Failure::journal(error, &plan.migration)),
    };
    let records = shared.lock().map(|memory| memory.records.clone()).unwrap_or_default();
    let seconds = (clock.now_ms() - start_ms) / 1000;
    Ok((Rehearsed { events: progress.finish(), failed, start_ms, seconds, calls: cloud.mutating() - calls }, records))
}

/// Simulates, asks EC2, compares.
pub async fn run(global: &Global, args: Args) -> Done {
    let place = Place::find(global, args.name.as_deref())?;
    let hashed = place.plan_as_made()?;
    let plan = &hashed.value;
    let inventory = place.inventory()?.value;
    let shown = args.shown(global, &place, plan)?;
    if !plan.blockers.is_empty() {
        return Err(blocked(plan));
    }
    let proved = proof::prove(&place, plan)?;
    let until = plan.stages.iter().copied().filter(|stage| *stage != Stage::Cleanup).max().unwrap_or(Stage::Foundation);
    let (there, back) = rehearse(plan, &inventory, until).await?;
    let asked = if args.offline { None } else { Some(ask(global, &place, plan, &inventory).await?) };
    if global.json {
        json(plan, &proved, &there, &back, asked.as_ref());
    } else {
        say(&text(global, (&place, &hashed), &proved, (&there, &back), asked.as_ref(), shown));
    }
    if let Some(failed) = there.failed.first().or(back.failed.first()) {
        let mut failure = Failure::new("HK0510", format!("in the simulation step {} fails: {}", failed.step, failed.why));
        failure = failure
            .detail("the plan would fail there; nothing was called")
            .hint(format!("hikkoshi plan {} --step {}", place.name, failed.step));
        return Err(failure);
    }
    if !proved.holds() {
        return Err(proof::broken(&place, &proved));
    }
    let Some(asked) = asked else { return Ok(0) };
    if asked.has_drifted() {
        return Ok(exit::DRIFT);
    }
    Ok(if asked.is_allowed() { 0 } else { exit::FINDINGS })
}

/// A plan that has blockers.
pub fn blocked(plan: &Plan) -> Failure {
    let first = &plan.blockers[0];
    let mut failure = Failure::new("HK0401", format!("the plan has {} blockers", plan.blockers.len())).detail("nothing was called");
    for blocker in &plan.blockers {
        failure =
            failure.detail(format!("✗ {} [{}]", report::harmless(&blocker.why), blocker.code)).detail(format!("  → {}", blocker.way_out));
    }
    failure.hint(format!("hikkoshi explain {}", first.code))
}

/// What AWS says beforehand.
struct Asked {
    allowed: usize,
    refused: Vec<(String, String)>,
    later: usize,
    /// Where the account differs from the inventory; none where a run has begun, so that it is meant to.
    drift: Option<Vec<Difference>>,
    /// What IAM allows.
    rights: Rights,
}

impl Asked {
    /// Whether neither EC2 nor IAM would refuse what a run needs.
    fn is_allowed(&self) -> bool {
        self.refused.is_empty() && self.rights.lacking().is_none()
    }

    fn has_drifted(&self) -> bool {
        self.drift.as_ref().is_some_and(|drift| !drift.is_empty())
    }
}

async fn ask(global: &Global, place: &Place, plan: &Plan, inventory: &Inventory) -> Result<Asked, Failure> {
    let session = session::open(global, Some(&plan.region), &[]).await?;
    let caller = session.must_be(&plan.account, &plan.region).await?;
    let rights = if global.cloud.starts_with("sim:") {
        Rights::Unasked("a simulated account has no policies".to_owned())
    } else {
        rights::ask(&*session.cloud, place, plan, inventory, &caller).await?
    };
    let records = place.records()?;
    let machine = Machine::replay(plan, &records);
    let drift = if has_begun(&records) { None } else { Some(expected::compare(&session, place, &machine).await?.drift) };
    let mut asked = Asked { allowed: 0, refused: Vec::new(), later: 0, drift, rights };
    for step in plan.steps.iter().filter(|step| step.call.operation.service() == "ec2") {
        let uses = references(&serde_json::to_value(&step.call.parameters).unwrap_or_default());
        // ModifySubnetAttribute has no DryRun; what refers to things that are still to be made can't be asked for yet.
        if step.call.operation.name() == "ModifySubnetAttribute" || uses.iter().any(|(from, _)| from != "self") {
            asked.later += 1;
            continue;
        }
        let label = Label { migration: plan.migration.clone(), step: step.id.clone() };
        match dry(&*session.cloud, &step.call.operation, &step.call.parameters, label).await {
            Ok(()) => asked.allowed += 1,
            Err(why) => asked.refused.push((step.id.clone(), why)),
        }
    }
    Ok(asked)
}

/// One call with `DryRun`: EC2 answers `DryRunOperation` where it would be allowed.
async fn dry(
    cloud: &dyn Cloud,
    operation: &crate::model::call::Operation,
    parameters: &crate::model::call::Object,
    label: Label,
) -> Result<(), String> {
    let find = |from: &str, output: &str| (from == "self" && output == "Token").then(|| serde_json::json!("dry-run"));
    let mut parameters = look::parameters(cloud, &label, parameters, &find).await.map_err(|blind| blind.words())?;
    parameters.remove("ClientToken");
    parameters.insert("DryRun".into(), true.into());
    match cloud.call(&Call { operation: operation.clone(), parameters, label: Some(label) }).await {
        Outcome::Refused(refusal) if refusal.code == "DryRunOperation" => Ok(()),
        Outcome::Refused(refusal) => Err(refusal.to_string()),
        Outcome::Unknown(why) => Err(why),
        Outcome::Done(_) => Err(format!("{operation} was carried out although DryRun was set")),
    }
}

/// Differences as lines.
pub fn differences(drift: &[Difference]) -> Vec<String> {
    let short = |text: &str| text.chars().take(160).collect::<String>();
    drift
        .iter()
        .map(|d| format!("{} ({}): {} was {}, is {}", report::harmless(&d.name), d.resource, d.field, short(&d.before), short(&d.now)))
        .collect()
}

fn json(plan: &Plan, proved: &Proved, there: &Rehearsed, back: &Rehearsed, asked: Option<&Asked>) {
    let run = |r: &Rehearsed| serde_json::json!({ "seconds": r.seconds, "calls": r.calls, "failed": r.failed.iter().map(|f| (&f.step, &f.code, &f.why)).collect::<Vec<_>>() });
    let interruptions: BTreeMap<String, u64> = report_run::interruptions(plan, &there.events).into_iter().collect();
    let aws =
        asked.map(|a| serde_json::json!({ "allowed": a.allowed, "refused": a.refused, "not_askable_yet": a.later, "drift": a.drift, "iam": a.rights.json() }));
    say_json(&serde_json::json!({ "forward": run(there), "rollback": run(back), "interruptions_s": interruptions, "aws": aws,
            "proof": { "certificate": proved.proof.certificate, "broken": proved.proof.broken }, "events": there.events }));
}

/// What AWS says beforehand, as rows.
fn said_by_aws(name: &str, asked: Option<&Asked>) -> Vec<Vec<String>> {
    let row = |name: &str, text: String| vec![name.to_owned(), text];
    let Some(asked) = asked else { return vec![row("AWS", "not asked (--offline)".to_owned())] };
    let (allowed, refused, later) = (asked.allowed, asked.refused.len(), asked.later);
    let drift = match asked.drift.as_ref().map(Vec::len) {
        None => format!("not looked for, as a run has begun; what it has done: hikkoshi verify {name}"),
        Some(0) => "none: the account is as the inventory says".to_owned(),
        Some(n) => counted(n, "difference"),
    };
    let mut rows =
        vec![row("EC2 DryRun", format!("{allowed} allowed, {refused} refused, {later} can't be asked before their subjects exist"))];
    rows.extend(asked.rights.rows());
    rows.push(row("drift", drift));
    rows
}

fn text(
    global: &Global,
    (place, hashed): (&Place, &Hashed<Plan>),
    proved: &Proved,
    (there, back): (&Rehearsed, &Rehearsed),
    asked: Option<&Asked>,
    shown: Shown<'_>,
) -> String {
    let plan = &hashed.value;
    let (style, width) = (global.style(), global.width());
    let mut out = format!(
        "{} of {}: {} calls in {} on the simulated account\n\n",
        style.bold("Dry run"),
        style.bold(&plan.migration),
        there.calls,
        duration(there.seconds)
    );
    out.push_str(&report_run::timeline(plan, &there.events, there.start_ms, style, width, shown));
    let steps = there.events.iter().filter(|e| e.what == crate::execute::What::Verified).count();
    let mut rows = vec![vec!["forward".to_owned(), format!("{} verified, {} failed", counted(steps, "step"), there.failed.len())]];
    let interrupted = report_run::interruptions(plan, &there.events);
    let words: Vec<String> =
        interrupted.iter().map(|(name, seconds)| format!("{} for {}", report::harmless(name), duration(*seconds))).collect();
    rows.push(vec!["interrupted".to_owned(), if words.is_empty() { "no workload".to_owned() } else { words.join(", ") }]);
    rows.push(vec![
        "way back".to_owned(),
        format!("from the end to the beginning: {} calls in {}, {} failed", back.calls, duration(back.seconds), back.failed.len()),
    ]);
    rows.extend(super::window::row(plan, there.start_ms));
    rows.extend(super::approve::rows(place, hashed));
    let proof = proved.lines(shown != Shown::Brief);
    rows.extend(proof.into_iter().enumerate().map(|(at, line)| vec![if at == 0 { "proof" } else { "" }.to_owned(), line]));
    rows.extend(said_by_aws(&place.name, asked));
    out.push_str(&format!("\n{}\n", style.bold("What it shows")));
    out.push_str(&table::columns(&rows, 2, width));
    for (step, why) in asked.map(|a| a.refused.as_slice()).unwrap_or_default() {
        out.push_str(&table::hanging(&style.bad("✗ "), &format!("{step}: EC2 would refuse: {why}"), 2, width));
    }
    if let Some(asked) = asked {
        out.push_str(&asked.rights.lines(&place.name, style, width));
    }
    for line in asked.and_then(|a| a.drift.as_deref()).map(differences).unwrap_or_default() {
        out.push_str(&table::hanging(&style.warn("Δ "), &line, 2, width));
    }
    if shown == Shown::Brief {
        out.push_str(&style.dim(&format!("more: hikkoshi dry-run {} --verbose, or --stage STAGE, or --step ID\n", place.name)));
    }
    let clean =
        proved.holds() && there.failed.is_empty() && back.failed.is_empty() && asked.is_none_or(|a| !a.has_drifted() && a.is_allowed());
    out + &typed::in_lines(global, &next(&place.name, clean, asked))
}

/// What to type next.
fn next(name: &str, clean: bool, asked: Option<&Asked>) -> String {
    let lacking = asked.and_then(|asked| asked.rights.lacking());
    match (clean, lacking) {
        (true, _) => format!("next: hikkoshi apply {name}\n"),
        _ if asked.is_some_and(Asked::has_drifted) => {
            format!("next: hikkoshi discover {name} && hikkoshi plan {name}   # the account has changed: look and plan again\n")
        }
        (_, Some(part)) => format!("next: hikkoshi policy {name} --part {}   # what the caller must be allowed\n", part.name()),
        _ => String::new(),
    }
}
