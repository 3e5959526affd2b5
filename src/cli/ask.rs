//! `hikkoshi pause`, `resume`, `abort`, `throttle`: what one asks of whoever runs a migration, from another terminal.

use std::sync::atomic::{AtomicBool, Ordering};

use super::failure::Failure;
use super::place::Place;
use super::{Done, Global, say, say_json, typed};
use crate::clock::{Clock, RealClock};
use crate::execute::control::{Control, Paused};
use crate::execute::{Event, Machine, What};
use crate::journal::request::{self, Asked, Request, Requests};

/// Options of `pause`, `resume` and `abort`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The migration; may be left out where there is one
    name: Option<String>,
}

/// Options of `throttle`.
#[derive(clap::Args, Debug)]
pub struct ThrottleArgs {
    /// The migration
    name: String,
    /// At most so many percent of the usual number of steps at a time; 100 takes the limit away
    #[arg(value_parser = clap::value_parser!(u8).range(1..=100))]
    percent: u8,
}

/// Options of `release` and `hold`.
#[derive(clap::Args, Debug)]
pub struct StepArgs {
    /// The migration
    name: String,
    /// A step that the intent postpones
    step: String,
}

/// How long a running executor is given to hear a request, in looks of a fifth of a second.
const LOOKS: usize = 50;

/// Pauses.
pub async fn pause(global: &Global, args: Args) -> Done {
    let place = Place::find(global, args.name.as_deref())?;
    let held = "nobody runs it just now: the next apply or rollback is held back";
    let next = format!("hikkoshi resume {}   # takes the pause back", place.name);
    ask(global, &place, Asked::Pause, Some((held, &next))).await
}

/// Goes on.
pub async fn resume(global: &Global, args: Args) -> Done {
    let place = Place::find(global, args.name.as_deref())?;
    if standing(&place)?.is_none() {
        return Err(not_paused(&place));
    }
    let next = format!("hikkoshi apply {}", place.name);
    ask(global, &place, Asked::Resume, Some(("the pause is taken back; nobody runs it just now", &next))).await
}

/// Ends the run at the next safe point.
pub async fn abort(global: &Global, args: Args) -> Done {
    let place = Place::find(global, args.name.as_deref())?;
    ask(global, &place, Asked::Abort, None).await
}

/// Slows down, or takes the limit away.
pub async fn throttle(global: &Global, args: ThrottleArgs) -> Done {
    let place = Place::find(global, Some(&args.name))?;
    let next = format!("hikkoshi apply {}", place.name);
    let kept = "nobody runs it just now: the limit holds for the next run";
    ask(global, &place, Asked::Throttle { percent: args.percent }, Some((kept, &next))).await
}

/// Lets a postponed step begin.
pub async fn release(global: &Global, args: StepArgs) -> Done {
    let place = Place::find(global, Some(&args.name))?;
    postponed(&place, &args.step)?;
    let next = format!("hikkoshi apply {}", place.name);
    ask(global, &place, Asked::Release { step: args.step }, Some(("it is released; nobody runs it just now", &next))).await
}

/// Takes a release back, as long as the step has not begun.
pub async fn hold(global: &Global, args: StepArgs) -> Done {
    let place = Place::find(global, Some(&args.name))?;
    postponed(&place, &args.step)?;
    let next = format!("hikkoshi release {} {}", place.name, args.step);
    ask(global, &place, Asked::Hold { step: args.step }, Some(("it waits until it is released; nobody runs it just now", &next))).await
}

/// A step that is postponed and has not begun.
fn postponed(place: &Place, id: &str) -> Result<(), Failure> {
    let plan = place.plan()?;
    let Some(step) = plan.value.step(id) else { return Err(super::log::no_step(place, &plan.value, id)) };
    let failure = |why: String| {
        let failure = Failure::new("HK0513", why).detail("nothing was asked for; everything is as it was");
        Err(failure.hint(format!("hikkoshi status {}   # which steps wait to be released", place.name)))
    };
    if !plan.value.postponed.contains(&step.id) {
        return failure(format!("step {id} is not postponed: it does not wait for anybody"));
    }
    let records = place.records_of(&plan)?;
    let machine = Machine::replay(&plan.value, &records);
    if machine.is_begun(id) || machine.is_done(id) { failure(format!("step {id} has begun")) } else { Ok(()) }
}

/// What was asked of a migration so far and is in the journal.
fn control(place: &Place) -> Result<Control, Failure> {
    let plan = place.plan()?;
    Ok(Machine::replay(&plan.value, &place.records_of(&plan)?).control().clone())
}

/// The pause that stands, in the journal or still to be heard.
fn standing(place: &Place) -> Result<Option<Paused>, Failure> {
    Ok(control(place)?.held(&place.requests()?.pending()?))
}

/// Asks; `kept` is what becomes of it where nobody runs, and what to type next; none: then there is nothing to ask for.
async fn ask(global: &Global, place: &Place, what: Asked, kept: Option<(&str, &str)>) -> Done {
    let holder = place.holder()?;
    if holder.is_none() && kept.is_none() {
        return Err(nobody(place));
    }
    let requests = place.requests()?;
    let request = post(requests.as_ref(), what)?;
    let Some(holder) = holder else {
        let (state, next) = kept.unwrap_or_default();
        tell(global, &request, false, &format!("{state}\nnext: {next}\n"));
        return Ok(0);
    };
    for _ in 0..LOOKS {
        let pending = requests.pending()?;
        if pending.iter().all(|one| one.id != request.id) {
            tell(global, &request, true, &format!("heard by {holder}\n{}", next(place, &request.what)));
            return Ok(0);
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    let still = "it was not heard within 10 s: it stays, and is heard by that process as soon as it looks, or by the next";
    tell(global, &request, false, &format!("{still}\nrunning: {holder}\nnext: hikkoshi status {}\n", place.name));
    Ok(0)
}

/// Leaves a request in the store.
fn post(requests: &dyn Requests, what: Asked) -> Result<Request, Failure> {
    let now_ms = RealClock.now_ms();
    let request = Request::new(now_ms, &crate::clock::rfc3339(now_ms), &person(), &std::process::id().to_string(), what);
    requests.post(&request)?;
    Ok(request)
}

/// Leaves a request, and does not wait until it is heard. Answers who runs the migration, if anybody does.
///
/// # Errors
/// If it makes no sense as things stand, or can't be left.
pub fn leave(place: &Place, what: Asked) -> Result<Option<String>, Failure> {
    let holder = place.holder()?;
    if let Asked::Release { step } | Asked::Hold { step } = &what {
        postponed(place, step)?;
    }
    if what == Asked::Abort && holder.is_none() {
        return Err(nobody(place));
    }
    if what == Asked::Resume && standing(place)?.is_none() {
        return Err(not_paused(place));
    }
    post(place.requests()?.as_ref(), what)?;
    Ok(holder)
}

fn nobody(place: &Place) -> Failure {
    Failure::new("HK0513", format!("nobody runs migration {} just now", place.name))
        .detail("nothing was asked for; everything is as it was")
        .hint(format!("hikkoshi status {}   # where it stands", place.name))
}

fn not_paused(place: &Place) -> Failure {
    Failure::new("HK0513", format!("migration {} is not paused", place.name))
        .detail("nothing was asked for; everything is as it was")
        .hint(format!("hikkoshi status {}", place.name))
}

fn next(place: &Place, what: &Asked) -> String {
    let name = &place.name;
    match what {
        Asked::Pause => format!("next: hikkoshi resume {name}   # or hikkoshi abort {name}\n"),
        Asked::Hold { step } => format!("next: hikkoshi release {name} {step}\n"),
        Asked::Resume | Asked::Throttle { .. } | Asked::Release { .. } => format!("next: hikkoshi status {name} --watch\n"),
        Asked::Abort => {
            format!(
                "calls in flight are finished, waits are left\nnext: hikkoshi status {name}\n      hikkoshi apply {name}   # goes on where it is\n"
            )
        }
    }
}

fn tell(global: &Global, request: &Request, heard: bool, text: &str) {
    if global.json {
        say_json(&serde_json::json!({ "request": request, "heard": heard }));
    } else {
        say(&typed::in_lines(global, text));
    }
}

/// Who types this: user and host.
pub fn person() -> String {
    format!("{}@{}", std::env::var("USER").unwrap_or_else(|_| "somebody".to_owned()), super::place::hostname())
}

/// A run is not begun while a pause stands.
///
/// # Errors
/// If one does: who asked for it, and how to go on.
pub fn must_not_be_paused(place: &Place, control: &Control, again: &str) -> Result<(), Failure> {
    let Some(paused) = control.held(&place.requests()?.pending()?) else { return Ok(()) };
    Err(Failure::new("HK0512", format!("migration {} is paused: {} asked for it at {}", place.name, paused.who, paused.at))
        .detail("nothing was called; everything is as the last run left it")
        .hint(format!("hikkoshi resume {}   # takes the pause back: ask who paused it, first", place.name))
        .hint(again.to_owned()))
}

impl From<request::Error> for Failure {
    fn from(error: request::Error) -> Failure {
        Failure::new("HK0203", error.to_string())
            .detail("nothing was called; a running executor goes on undisturbed")
            .hint("take the file away if it is named and is none; else make room (df -h); then the same command again")
    }
}

/// Requests of a run that may stand still: then they are looked at in real time, however fast its own clock runs.
pub struct Unhurried<'r> {
    /// The requests.
    pub inner: &'r dyn Requests,
    /// Whether the run stands still.
    pub still: AtomicBool,
}

impl Unhurried<'_> {
    /// Takes note of what a run tells.
    pub fn hear(&self, event: &Event) {
        match event.what {
            What::Paused | What::Held => self.still.store(true, Ordering::SeqCst),
            What::Began | What::RunEnded { .. } => self.still.store(false, Ordering::SeqCst),
            _ => {}
        }
    }
}

impl Requests for Unhurried<'_> {
    fn post(&self, request: &Request) -> Result<(), request::Error> {
        self.inner.post(request)
    }

    fn pending(&self) -> Result<Vec<Request>, request::Error> {
        if self.still.load(Ordering::SeqCst) {
            std::thread::sleep(std::time::Duration::from_millis(200));
        }
        self.inner.pending()
    }

    fn settle(&self, id: &str) -> Result<(), request::Error> {
        self.inner.settle(id)
    }
}
