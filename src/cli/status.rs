//! `hikkoshi status`: from plan and journal alone; nothing is called.

use std::collections::BTreeMap;
use std::io::IsTerminal;

use super::failure::Failure;
use super::place::{self, Hashed, Place};
use super::{Done, Global, aftermath, index, say, typed};
use crate::execute::{Machine, Phase};
use crate::journal::{Body, Record};
use crate::model::step::Stage;
use crate::plan::{Plan, format};
use crate::report::aftermath::Aftermath;
use crate::report::status::View;
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
    is_open(records) && place.holder().is_ok_and(|holder| holder.is_some())
}

/// Whether a run has begun and not noted its end.
fn is_open(records: &[Record]) -> bool {
    let last = records.iter().rev().find(|record| matches!(record.body, Body::RunBegan { .. } | Body::RunEnded { .. }));
    last.is_some_and(|record| matches!(record.body, Body::RunBegan { .. }))
}

/// Lets what is looked at go on.
pub async fn a_moment() {
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
}

/// Says where it stands.
pub async fn run(global: &Global, args: Args) -> Done {
    let place = Place::find(global, args.name.as_deref())?;
    if !global.json && !args.watch && quick(global, &place) {
        return Ok(0);
    }
    let stamps = index::stamps(&place);
    let plan = place.plan()?;
    let mut records = place.records_of(&plan)?;
    let mut holder = Holder::of(&place);
    if is_open(&records) && !holder.holds() {
        // It may have ended between the two looks.
        records = place.records_of(&plan)?;
        holder = Holder::of(&place);
    }
    let watch = Watch::new(&place, &records);
    let (mut shown, view) = text(global, &place, &plan, &records, (&holder, args.watch));
    index::keep(&place, &stamps, &view);
    say(&shown);
    let mut on = args.watch;
    while on {
        // When it is over it is looked at once more: it may have ended since the records were read.
        on = watch.goes_on(&records);
        if on {
            a_moment().await;
        }
        records = place.records_of(&plan)?;
        let (now, _) = text(global, &place, &plan, &records, (&Holder::of(&place), args.watch));
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

/// Who runs it, or why nobody can tell.
struct Holder(Result<Option<String>, Failure>);

impl Holder {
    fn of(place: &Place) -> Holder {
        Holder(place.holder())
    }

    /// Whether somebody is known to run it.
    fn holds(&self) -> bool {
        matches!(self.0, Ok(Some(_)))
    }
}

/// Says what was kept, if it is of the files as they are. Who holds the lease is looked at first: a run that ends between the
/// two looks has written to the journal since.
fn quick(global: &Global, place: &Place) -> bool {
    let holder = Holder::of(place);
    let Some(view) = index::read(place) else { return false };
    // Approvals lie beside the journal and are of a plan's steps: who has given them is read with the plan.
    if view.asks_approval || view.is_open() && !holder.holds() && view.aftermath.is_none() {
        return false;
    }
    say(&told(global, place, &view, &holder, Vec::new()));
    true
}

/// Keeps for `status` what is told now; `plan` is the one that was run.
pub fn keep(place: &Place, plan: &Hashed<Plan>) {
    if !index::is_local(place) {
        return;
    }
    let stamps = index::stamps(place);
    let same = place::read(&place.plan_path()).is_ok_and(|text| format::hash(&text) == plan.sha256);
    let Some(records) = place.records().ok().filter(|_| same) else { return };
    let machine = Machine::replay(&plan.value, &records);
    let left = left_behind(place, &machine, &records, false);
    index::keep(place, &stamps, &View::of(&machine, &records, left));
}

fn text(global: &Global, place: &Place, hashed: &Hashed<Plan>, records: &[Record], (holder, watch): (&Holder, bool)) -> (String, View) {
    let machine = Machine::replay(&hashed.value, records);
    let left = left_behind(place, &machine, records, holder.holds());
    let view = View::of(&machine, records, left);
    if !global.json {
        return (told(global, place, &view, holder, super::approve::lacking(place, hashed, &machine)), view);
    }
    let mut value = json(&machine, records);
    value["approvals_missing"] = super::approve::lacking_json(place, hashed, &machine);
    if let Some(left) = &view.aftermath {
        value["aftermath"] = left.json();
        value["aftermath"]["next"] = left.next.iter().map(|hint| typed::repeated(global, hint)).collect();
    }
    // Where it comes again and again it is a line each.
    (if watch { value.to_string() } else { format!("{value:#}") } + "\n", view)
}

/// For people; `lacking` is what is missing of approvals.
fn told(global: &Global, place: &Place, view: &View, holder: &Holder, lacking: Vec<String>) -> String {
    let (style, width, held) = (global.style(), global.width(), holder.holds());
    let mut out = view.head(held, style, width);
    let unseen = holder.0.as_ref().err().map(|failure| format!("who runs it can't be read: {}", failure.message));
    for line in unseen.into_iter().chain(standing(place, view)).chain(lacking) {
        out.push_str(&table::hanging(&format!("{} ", style.warn("!")), &line, 2, width));
    }
    out.push_str(&view.body(held, style, width));
    let left = view.left(held).filter(|left| !left.failed.is_empty() && view.control.paused().is_none());
    let next = left.map_or_else(|| next(place, view, held), |left| format!("next: {}\n", left.next.join("\n      ")));
    out + &typed::in_lines(global, &next)
}

/// What the last run left behind, if it did not reach its goal and is over.
fn left_behind(place: &Place, machine: &Machine<'_>, records: &[Record], held: bool) -> Option<Aftermath> {
    aftermath::is_unfinished(records, held).then(|| aftermath::of(place, machine, records, &again(place, machine, records)))
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
fn standing(place: &Place, view: &View) -> Vec<String> {
    let control = &view.control;
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
    out.extend(view.held.iter().map(|step| format!("{step} waits to be released: hikkoshi release {} {step}", place.name)));
    for request in pending.iter().filter(|request| !control.has_heard(&request.id)) {
        out.push(format!("not heard yet: {} asks {} (since {})", request.who, report_run::asked(&request.what), request.at));
    }
    out
}

fn next(place: &Place, view: &View, held: bool) -> String {
    let name = &place.name;
    if view.control.paused().is_some() {
        return format!("next: hikkoshi resume {name}   # or hikkoshi abort {name}, if it runs\n");
    }
    if held {
        return format!("next: hikkoshi status {name} --watch\n");
    }
    match view.stage {
        _ if !view.applicable => format!("next: hikkoshi plan {name}   # the plan has blockers, or does not hold\n"),
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
