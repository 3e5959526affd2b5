//! `hikkoshi apply`

use std::sync::atomic::AtomicBool;

use super::confirm::confirm;
use super::dry_run::blocked;
use super::failure::{Failure, known};
use super::hook::Told;
use super::place::{Hashed, Place};
use super::probe::Outside;
use super::progress::Progress;
use super::session::{self, Session};
use super::trace::Traced;
use super::{Done, Global, aftermath, amend, approve, ask, expected, gate, proof, say, typed, window};
use crate::cloud::simulated::FaultAt;
use crate::execute::driver::FailedStep;
use crate::execute::{End, Goal, Machine, Run, Stop};
use crate::journal::approval::Stood;
use crate::journal::request::{Asked, Requests};
use crate::journal::{Body, Journal, Record};
use crate::model::step::{Stage, Step};
use crate::model::text::counted;
use crate::plan::window::Windows;
use crate::plan::{Plan, sha256};
use crate::report::{aftermath as report, run as report_run, table};

/// Options of `apply`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The migration; may be left out where there is one
    name: Option<String>,
    /// Stop at this checkpoint: foundation, guard, stateless, …
    #[arg(long, value_name = "CHECKPOINT", conflicts_with = "cleanup")]
    until: Option<String>,
    /// The last stage too: deletes what has been replaced, for good
    #[arg(long)]
    cleanup: bool,
    /// Why the plan was edited, if it was since its run began; stays in the journal
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// On a simulated account: N=fail|lose|drop|die|die-after at the N-th mutating call of this run
    #[arg(long, value_name = "N=FAULT")]
    fault: Vec<FaultAt>,
}

/// Who runs: the caller's ARN, and user, host and process.
pub fn who(arn: &str) -> String {
    format!("{arn}, {}", process())
}

/// User, host and process.
pub fn process() -> String {
    format!("{}, process {}", ask::person(), std::process::id())
}

/// What a run needs beside its journal.
pub struct Ready {
    /// The plan.
    pub plan: Hashed<Plan>,
    /// The account.
    pub session: Session,
    /// What was recorded so far.
    pub records: Vec<Record>,
    /// Who runs.
    pub who: String,
    /// What is remembered of an edited plan before anything is done by it.
    pub amendment: Option<Body>,
    /// What is asked of the run.
    pub requests: Box<dyn Requests>,
    /// The approvals that it stands on.
    pub approved: Vec<Stood>,
}

/// Opens account and journal for a plan. This process alone may then append. Whether the journal is of the plan as it is
/// now is for the caller to see.
///
/// # Errors
/// If one can't be opened, or they don't.
pub async fn ready(global: &Global, place: &Place, plan: Hashed<Plan>, faults: &[FaultAt]) -> Result<(Ready, Box<dyn Journal>), Failure> {
    let session = session::open(global, Some(&plan.value.region), faults).await?;
    let arn = session.must_be(&plan.value.account, &plan.value.region).await?;
    let who = who(&arn);
    place.is_kept_there()?;
    let taken = place.store()?.take(&who).map_err(|error| place.journal_failed(error))?;
    Ok((
        Ready { plan, session, records: taken.records, who, amendment: None, requests: place.requests()?, approved: Vec::new() },
        taken.journal,
    ))
}

/// What tells a run from all others.
fn unique(ready: &Ready) -> String {
    format!("{}/{}/{}/{}", ready.plan.sha256, ready.who, ready.session.clock.now_ms(), std::process::id())
}

/// The first record of a journal. Its id must be unlike any other's: idempotency tokens come from it.
fn opening(ready: &Ready) -> Body {
    Body::Opened {
        id: sha256(unique(ready).as_bytes())[..24].to_owned(),
        migration: ready.plan.value.migration.clone(),
        plan: ready.plan.sha256.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// Runs the plan.
pub async fn run(global: &Global, args: Args) -> Done {
    let place = Place::find(global, args.name.as_deref())?;
    let plan = place.plan()?;
    let until = goal(&plan.value, args.until.as_deref(), args.cleanup)?;
    if !plan.value.blockers.is_empty() {
        return Err(blocked(&plan.value));
    }
    if let Some(step) = plan.value.postponed.iter().find(|step| plan.value.step(step).is_none()) {
        return Err(super::log::no_step(&place, &plan.value, step));
    }
    if place.records()?.is_empty() {
        proof::must_hold(&place, &plan.value)?;
    }
    let (mut ready, journal) = ready(global, &place, plan, &args.fault).await?;
    let amended = amend::amendment(&place, &ready.plan, &ready.records, &ready.who, args.reason.as_deref())?;
    let edits = amended.as_ref().map_or(String::new(), |one| format!("\nThe plan was edited:\n  {}", one.lines.join("\n  ")));
    ready.amendment = amended.map(|one| one.body);
    let plan = &ready.plan.value;
    let machine = Machine::replay(plan, &ready.records);
    let again = again(&place, &args);
    ask::must_not_be_paused(&place, machine.control(), &again)?;
    ready.approved = approve::must_be_given(&place, &ready.plan, &machine, &ready.records, until)?;
    if until == Stage::Cleanup && machine.current_stage().is_some_and(|stage| stage != Stage::Cleanup) {
        return Err(Failure::new("HK0507", "cleanup deletes for good what was replaced, and not everything is replaced yet")
            .detail("nothing was called")
            .hint(format!("hikkoshi apply {}   # everything before cleanup; then a soak", place.name)));
    }
    expected::must_be_so(&ready.session, &place, &machine).await?;
    let verb = if machine.has_begun() { "go on with" } else { "run" };
    let todo: Vec<&Step> = plan.steps.iter().filter(|s| s.stage <= until && !machine.is_done(&s.id)).collect();
    let left = todo.len();
    let fits =
        approve::on_the_way(&place, &ready.plan, &machine, until) + &window::fits(plan, &todo, ready.session.clock.now_ms(), &again)?;
    if args.yes && !(edits.is_empty() && fits.is_empty()) {
        // Who is not asked is told.
        super::aside(&format!("{}\n", format!("{edits}{fits}").trim_start()));
    }
    let warning = if until == Stage::Cleanup { "\nWhat cleanup deletes does not come back." } else { "" };
    confirm(
        &format!(
            "This will {verb} migration {} in account {} ({}): {}.{edits}{fits}{warning}",
            plan.migration,
            plan.account,
            plan.region,
            counted(left, "step")
        ),
        &place.name,
        args.yes,
    )?;
    if ready.records.is_empty() || ready.amendment.is_some() {
        amend::keep(&place, &ready.plan);
    }
    let asker = gate::Asker { name: &place.name, yes: args.yes };
    let moved = plan.moves.len();
    let end = drive(global, &place, &ready, journal, Goal::Forward(until), left as u64, &asker).await;
    let ended = conclude(global, &place, plan, &again, end);
    if ended.is_ok() && !global.json {
        say(&format!("  {}\n", report_run::requests(&ready.session.cloud.requests(), moved)));
    }
    ended
}

/// The command that goes on.
fn again(place: &Place, args: &Args) -> String {
    match (&args.until, args.cleanup) {
        (_, true) => format!("hikkoshi apply {} --cleanup", place.name),
        (Some(until), _) => format!("hikkoshi apply {} --until {until}", place.name),
        (None, false) => format!("hikkoshi apply {}", place.name),
    }
}

/// Makes the run. Ctrl-C once stops it at the next safe point, twice at once; either way it is resumable.
pub async fn drive(
    global: &Global,
    place: &Place,
    ready: &Ready,
    journal: Box<dyn Journal>,
    goal: Goal,
    steps: u64,
    asker: &gate::Asker<'_>,
) -> End {
    let stop = std::sync::Arc::new(Stop::default());
    let asked = stop.clone();
    let signals = super::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            if asked.asked() {
                std::process::exit(i32::from(super::failure::exit::INTERRUPTED));
            }
            super::aside("stopping: calls in flight are finished, waits are left; Ctrl-C again stops at once. Both are resumable.\n");
            asked.ask();
        }
    });
    let progress = Progress::new(global, &ready.plan.value, steps);
    let requests = ask::Unhurried { inner: &*ready.requests, still: AtomicBool::new(false) };
    let told = Told::of(&ready.plan.value);
    let traced = Traced::of(&ready.plan.value, &unique(ready));
    let run = Run {
        plan: &ready.plan.value,
        records: &ready.records,
        cloud: &*ready.session.cloud,
        clock: &*ready.session.clock,
        tell: &|event| {
            requests.hear(event);
            told.hear(event);
            traced.hear(event);
            progress.tell(event);
        },
        stop: &stop,
        ask: &|gate, machine| progress.aside(|| asker.ask(gate, machine)),
        goal,
        who: &ready.who,
        windows: if matches!(goal, Goal::Forward(_)) { window::of(&ready.plan.value).unwrap_or_default() } else { Windows::default() },
        probe: Some(&Outside { migration: &place.name, place, plan: &ready.plan }),
        requests: Some(&requests),
        amendment: ready.amendment.clone(),
        opening: opening(ready),
        approved: ready.approved.clone(),
        hooks: Some(&told),
    };
    let end = crate::execute::run(run, journal).await;
    if let End::Journal(error) = &end {
        told.broke_off(&error.to_string(), ready.session.clock.now_ms());
    }
    traced.close();
    signals.abort();
    progress.finish();
    super::status::keep(place, &ready.plan);
    end
}

fn goal(plan: &Plan, until: Option<&str>, cleanup: bool) -> Result<Stage, Failure> {
    if cleanup {
        return Ok(Stage::Cleanup);
    }
    match until {
        None => Ok(Stage::Tighten),
        Some(name) => Stage::parse(name).filter(|stage| plan.stages.contains(stage)).ok_or_else(|| no_checkpoint(plan, name)),
    }
}

/// A checkpoint that the plan doesn't have.
pub fn no_checkpoint(plan: &Plan, name: &str) -> Failure {
    let names: Vec<&str> = plan.stages.iter().map(|stage| stage.name()).collect();
    let failure = Failure::new("HK0111", format!("the plan has no checkpoint `{name}`")).detail("nothing was called");
    match crate::plan::problem::nearest(name, names.iter().copied()) {
        Some(near) => failure.hint(format!("the same command with {near}, if that is what you meant; there are {}", names.join(", "))),
        None => failure.hint(format!("the same command with one of these: {}", names.join(", "))),
    }
}

/// What to say when a forward run has ended.
fn conclude(global: &Global, place: &Place, plan: &Plan, again: &str, end: End) -> Done {
    match end {
        End::Reached => {
            reached(global, place, plan)?;
            Ok(0)
        }
        End::Interrupted => Err(interrupted(global, place, plan, again)),
        End::Gate(id) => Err(gate::closed(plan, &id, again)),
        End::Outside { step } => Err(window::closed(plan, &step, again)),
        End::Unwell { gate, why } => Err(gate::unwell(place, plan, (&gate, &why), again)),
        End::Journal(error) => Err(place.journal_failed(error)),
        End::Failed(failed) => Err(stopped(global, place, plan, &failed, ("step", again))),
    }
}

/// A run that was asked to stop; `again` is the command that goes on.
pub fn interrupted(global: &Global, place: &Place, plan: &Plan, again: &str) -> Failure {
    let records = place.records().unwrap_or_default();
    let began = records.iter().rposition(|record| matches!(record.body, Body::RunBegan { .. })).unwrap_or(0);
    let abort = records[began..].iter().rev().find_map(|record| match &record.body {
        Body::Asked { who, what: Asked::Abort, .. } => Some(format!("stopped as {who} asked at {}", record.at)),
        _ => None,
    });
    let failure = Failure::new("HK0508", abort.unwrap_or_else(|| "stopped as asked".to_owned()))
        .detail("every call that was made is in the journal; what was waited for goes on in AWS");
    left_behind(global, place, &Machine::replay(plan, &records), &records, again, failure).hint(format!("hikkoshi status {}", place.name))
}

/// The failure with what the run left behind, and what can be typed next.
fn left_behind(global: &Global, place: &Place, machine: &Machine<'_>, records: &[Record], again: &str, mut failure: Failure) -> Failure {
    let aftermath = aftermath::of(place, machine, records, again);
    failure.details.extend(aftermath.lines());
    failure.details.extend(report::half_way(machine));
    let state = report_run::state(machine, crate::report::Style(false), global.width());
    failure.details.extend(state.lines().take_while(|line| !line.contains('✗')).map(str::to_owned));
    failure.hints.extend(aftermath.next.iter().cloned());
    failure.more = Some(Box::new(aftermath.json()));
    failure
}

fn reached(global: &Global, place: &Place, plan: &Plan) -> Result<(), Failure> {
    if global.json {
        return Ok(());
    }
    let machine = Machine::replay(plan, &place.records()?);
    let mut out = String::from("\n");
    out.push_str(&report_run::state(&machine, global.style(), global.width()));
    let addresses = report_run::addresses(&machine);
    if !addresses.is_empty() {
        out.push_str(&table::hanging(
            "",
            &format!("outbound connections come from {} now: tell whoever allow-lists the old addresses", addresses.join(", ")),
            2,
            global.width(),
        ));
    }
    out.push_str(&report_run::ways_in(&machine));
    let next = match machine.current_stage() {
        None => format!("next: hikkoshi verify {}\n", place.name),
        Some(Stage::Cleanup) => format!(
            "next: hikkoshi verify {name}\n      hikkoshi apply {name} --cleanup   # after a soak: deletes what was replaced, for good\n      hikkoshi rollback {name} --all    # until then there is a way back\n",
            name = place.name
        ),
        Some(stage) => format!("next: hikkoshi apply {}   # goes on with {}\n", place.name, stage.name()),
    };
    out.push_str(&typed::in_lines(global, &next));
    say(&out);
    Ok(())
}

/// What to say when steps failed: on which, why, what state things are in, what to type next.
pub fn stopped(global: &Global, place: &Place, plan: &Plan, failed: &[FailedStep], (doing, again): (&str, &str)) -> Failure {
    let first = &failed[0];
    let mut failure = Failure::new(known(&first.code), format!("{doing} {} failed: {}", first.step, crate::report::harmless(&first.why)));
    for other in &failed[1..] {
        failure = failure.detail(format!("{doing} {} failed too: {} [{}]", other.step, crate::report::harmless(&other.why), other.code));
    }
    match place.records() {
        Ok(records) => left_behind(global, place, &Machine::replay(plan, &records), &records, again, failure),
        Err(unread) => failure.detail(unread.message).hint(again),
    }
}
