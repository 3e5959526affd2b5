//! `hikkoshi status`: from plan and journal alone; nothing is called.

use std::collections::BTreeMap;
use std::io::IsTerminal;

use super::place::Place;
use super::{Done, Global, aftermath, say, typed};
use crate::execute::{Machine, Phase};
use crate::journal::{Body, Record};
use crate::model::step::{Stage, Step};
use crate::plan::Plan;
use crate::report::aftermath::Aftermath;
use crate::report::{run as report_run, table};

/// Options of `status`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The migration; may be left out where there is one
    name: Option<String>,
    /// Show it anew whenever it changes, until the run that is on (or the next one) ends
    #[arg(long)]
    watch: bool,
}

/// Whether to go on looking at a run: until the one that is on ends, or, if none is, the next one.
pub struct Watch<'a> {
    place: &'a Place,
    was_on: bool,
    met: usize,
}

impl<'a> Watch<'a> {
    /// From these records on.
    pub fn new(place: &'a Place, records: &[Record]) -> Watch<'a> {
        Watch { place, was_on: is_on(place, records), met: records.len() }
    }

    /// Whether there is more to come after these.
    pub fn goes_on(&self, records: &[Record]) -> bool {
        is_on(self.place, records) || !(self.was_on || records.len() > self.met)
    }
}

/// Whether a run has begun and not ended, and its process lives.
fn is_on(place: &Place, records: &[Record]) -> bool {
    let last = records.iter().rev().find(|record| matches!(record.body, Body::RunBegan { .. } | Body::RunEnded { .. }));
    last.is_some_and(|record| matches!(record.body, Body::RunBegan { .. })) && place.holder().is_some()
}

/// Lets what is looked at go on.
pub async fn a_moment() {
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
}

/// Says where it stands.
pub async fn run(global: &Global, args: Args) -> Done {
    let place = Place::find(global, args.name.as_deref())?;
    let plan = place.plan()?;
    let mut records = place.records_of(&plan)?;
    let watch = Watch::new(&place, &records);
    let mut shown = text(global, &place, &plan.value, &records, args.watch);
    say(&shown);
    let mut on = args.watch;
    while on {
        // When it is over it is looked at once more: it may have ended since the records were read.
        on = watch.goes_on(&records);
        if on {
            a_moment().await;
        }
        records = place.records_of(&plan)?;
        let now = text(global, &place, &plan.value, &records, args.watch);
        if now != shown {
            if !global.json && std::io::stdout().is_terminal() {
                let _ = console::Term::stdout().clear_screen();
            }
            say(&now);
            shown = now;
        }
    }
    Ok(0)
}

fn text(global: &Global, place: &Place, plan: &Plan, records: &[Record], watch: bool) -> String {
    let machine = Machine::replay(plan, records);
    let left = left_behind(place, &machine, records);
    if global.json {
        let mut value = json(&machine, records);
        if let Some(left) = &left {
            value["aftermath"] = left.json();
            value["aftermath"]["next"] = left.next.iter().map(|hint| typed::repeated(global, hint)).collect();
        }
        // Where it comes again and again it is a line each.
        return if watch { value.to_string() } else { format!("{value:#}") } + "\n";
    }
    let style = global.style();
    let mut out = format!("{} · account {} · {} · {} records\n", style.bold(&plan.migration), plan.account, plan.region, records.len());
    if let Some((what, who, how)) = last_run(records, place.holder().is_some()) {
        out.push_str(&table::hanging("", &format!("last run: {what} by {who}: {how}"), 2, global.width()));
    }
    for line in standing(place, &machine) {
        out.push_str(&table::hanging(&format!("{} ", style.warn("!")), &line, 2, global.width()));
    }
    out.push_str(&report_run::state(&machine, style, global.width()));
    out.push_str(&report_run::skipped(&machine, style, global.width()));
    let in_hand = |step: &&Step| machine.state(&step.id).is_some_and(|s| !s.is_done() && s.phase != Phase::Pending);
    // What a run has left behind is told below.
    for step in plan.steps.iter().filter(in_hand).filter(|_| left.is_none()) {
        out.push_str(&format!(
            "  {} {}: {}\n",
            style.warn("…"),
            step.id,
            words(&machine.state(&step.id).map(|s| s.phase.clone()).unwrap_or_default())
        ));
    }
    let addresses = report_run::addresses(&machine);
    if !addresses.is_empty() {
        out.push_str(&format!("  NAT gateways' elastic IPs: {}\n", addresses.join(", ")));
    }
    out.push_str(&report_run::ways_in(&machine));
    for line in left.iter().flat_map(Aftermath::lines) {
        out.push_str(&table::hanging("", &line, 2, global.width()));
    }
    let next = match left.filter(|left| !left.failed.is_empty() && machine.control().paused().is_none()) {
        Some(left) => format!("next: {}\n", left.next.join("\n      ")),
        None => next(place, &machine, plan.is_applicable()),
    };
    out.push_str(&typed::in_lines(global, &next));
    out
}

/// What the last run left behind, if it did not reach its goal and is over.
fn left_behind(place: &Place, machine: &Machine<'_>, records: &[Record]) -> Option<Aftermath> {
    let unfinished = aftermath::is_unfinished(records, place.holder().is_some());
    unfinished.then(|| aftermath::of(place, machine, records, &again(place, machine, records)))
}

/// The command that goes on with the last run.
fn again(place: &Place, machine: &Machine<'_>, records: &[Record]) -> String {
    let back = records.iter().rev().find_map(|record| match &record.body {
        Body::RunBegan { what, .. } => Some(what == "rollback"),
        _ => None,
    });
    match (back, machine.current_stage()) {
        (Some(true), _) => format!("hikkoshi rollback {} --to CHECKPOINT", place.name),
        (_, Some(Stage::Cleanup)) => format!("hikkoshi apply {} --cleanup", place.name),
        _ => format!("hikkoshi apply {}", place.name),
    }
}

/// What people asked for and stands, and what nobody has heard yet.
fn standing(place: &Place, machine: &Machine<'_>) -> Vec<String> {
    let control = machine.control();
    let mut out = Vec::new();
    let pending = place.requests().and_then(|requests| Ok(requests.pending()?)).unwrap_or_else(|failure| {
        out.push(failure.message);
        Vec::new()
    });
    if let Some(paused) = control.held(&pending) {
        out.push(format!("paused: {} asked for it at {}; hikkoshi resume {} takes it back", paused.who, paused.at, place.name));
    }
    if let Some(percent) = control.percent() {
        out.push(format!("at most {percent} % of the steps at a time; hikkoshi throttle {} 100 takes the limit away", place.name));
    }
    for step in machine.plan().postponed.iter().filter(|step| machine.is_held(step)) {
        out.push(format!("{step} waits to be released: hikkoshi release {} {step}", place.name));
    }
    for request in pending.iter().filter(|request| !control.has_heard(&request.id)) {
        out.push(format!("not heard yet: {} asks {} (since {})", request.who, report_run::asked(&request.what), request.at));
    }
    out
}

fn words(phase: &Phase) -> &'static str {
    match phase {
        Phase::Pending => "not begun",
        Phase::Intended => "its call was announced and its outcome is not known: `apply` looks before it does anything",
        Phase::Called => "its call is done, waits and checks are open",
        Phase::Verified => "done",
        Phase::Undoing(..) => "on its way back",
    }
}

fn last_run(records: &[Record], held: bool) -> Option<(String, String, String)> {
    let at = records.iter().rposition(|record| matches!(record.body, Body::RunBegan { .. }))?;
    let Body::RunBegan { what, who, .. } = &records[at].body else { return None };
    let how = records[at..].iter().find_map(|record| match &record.body {
        Body::RunEnded { how } => Some(format!("{how} at {}", record.at)),
        _ => None,
    });
    let open = if held { "is running" } else { "did not end by itself" };
    Some((what.clone(), who.clone(), how.unwrap_or_else(|| open.to_owned())))
}

fn next(place: &Place, machine: &Machine<'_>, applicable: bool) -> String {
    let name = &place.name;
    if machine.control().paused().is_some() {
        return format!("next: hikkoshi resume {name}   # or hikkoshi abort {name}, if it runs\n");
    }
    if place.holder().is_some() {
        return format!("next: hikkoshi status {name} --watch\n");
    }
    match machine.current_stage() {
        _ if !applicable => format!("next: hikkoshi plan {name}   # the plan has blockers, or does not hold\n"),
        None => format!("next: hikkoshi verify {name}\n"),
        Some(Stage::Cleanup) => format!("next: hikkoshi verify {name}; after a soak: hikkoshi apply {name} --cleanup\n"),
        Some(stage) => format!("next: hikkoshi apply {name}   # goes on with {}\n", stage.name()),
    }
}

fn json(machine: &Machine<'_>, records: &[Record]) -> serde_json::Value {
    let plan = machine.plan();
    let mut steps = BTreeMap::new();
    for step in &plan.steps {
        let state = machine.state(&step.id).cloned().unwrap_or_default();
        let phase = match state.phase {
            Phase::Pending => "pending",
            Phase::Intended => "unknown",
            Phase::Called => "called",
            Phase::Verified => "verified",
            Phase::Undoing(..) => "undoing",
        };
        steps.insert(
            &step.id,
            serde_json::json!({ "stage": step.stage, "phase": phase, "failure": state.failure, "skipped": state.skipped, "outputs": state.outputs }),
        );
    }
    let checkpoints: Vec<&str> = machine.checkpoints().iter().map(|stage| stage.name()).collect();
    let paused = machine.control().paused().map(|paused| serde_json::json!({ "who": paused.who, "at": paused.at }));
    serde_json::json!({ "migration": plan.migration, "paused": paused, "held": plan.postponed.iter().filter(|step| machine.is_held(step)).collect::<Vec<_>>(), "throttle": machine.control().percent(), "stage": machine.current_stage(), "stages": plan.stages, "checkpoints": checkpoints, "records": records.len(), "steps": steps })
}
