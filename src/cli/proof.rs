//! The proof of a plan as it is written: what a dry run shows, and what an apply of an edited plan asks for.

use super::failure::Failure;
use super::place::Place;
use crate::clock::{Clock, RealClock};
use crate::plan::Plan;
use crate::plan::prove::{self, Proof, words};
use crate::report::harmless;

/// Counterexamples drawn on one screen.
const DRAWN: usize = 5;

/// A proof and how long it took.
pub struct Proved {
    /// What holds and what doesn't.
    pub proof: Proof,
    /// Milliseconds.
    pub took_ms: u64,
}

impl Proved {
    /// Whether everything that was asked holds in every state.
    pub fn holds(&self) -> bool {
        self.proof.broken.is_empty()
    }

    /// Certificate or counterexamples, in lines; with `effort` how much was looked at, too.
    pub fn lines(&self, effort: bool) -> Vec<String> {
        let mut lines: Vec<String> = if self.holds() {
            words::certificate(&self.proof.certificate).into_iter().take(if effort { usize::MAX } else { 2 }).collect()
        } else {
            self.proof.broken.iter().take(DRAWN).flat_map(words::drawn).map(|line| harmless(&line)).collect()
        };
        if self.proof.broken.len() > DRAWN {
            lines.push(format!("and {} more counterexamples (--json)", self.proof.broken.len() - DRAWN));
        }
        if let Some(last) = lines.last_mut() {
            last.push_str(&format!("; this took {:.1} s", self.took_ms as f64 / 1000.0));
        }
        lines
    }
}

/// Proves a plan as it is written.
///
/// # Errors
/// If intent, inventory or flows can't be read.
pub fn prove(place: &Place, plan: &Plan) -> Result<Proved, Failure> {
    let (intent, inventory) = (place.intent()?.value, place.inventory()?.value);
    let flows = place.flows()?;
    let begin = RealClock.now_ms();
    let proof = prove::again(plan, &intent, &inventory, flows.as_ref().map(|flows| &flows.value));
    let proof = proof.map_err(|problem| place.intent_problem(&problem))?;
    Ok(Proved { proof, took_ms: RealClock.now_ms() - begin })
}

/// A plan that does not hold, as a failure of the dry run.
pub fn broken(place: &Place, proved: &Proved) -> Failure {
    refused(place, &format!("{}, drawn above", words::counted(&proved.proof.broken)))
}

fn refused(place: &Place, why: &str) -> Failure {
    Failure::new("HK0406", format!("the plan does not hold: {why}"))
        .detail("nothing was called")
        .hint(format!("hikkoshi plan {}   # plans again from intent and inventory: an edited plan is set right", place.name))
}

/// Nothing of a plan that does not hold is carried out; one that is not as it was when it was proved is proved again.
///
/// # Errors
/// As [`prove`], and with the counterexamples if the plan does not hold.
pub fn must_hold(place: &Place, plan: &Plan) -> Result<(), Failure> {
    if plan.broken.is_empty() && plan.certificate.is_of(plan) {
        return Ok(());
    }
    let proved = prove(place, plan)?;
    if proved.holds() {
        return Ok(());
    }
    let mut failure = refused(place, &words::counted(&proved.proof.broken));
    for line in proved.lines(true) {
        failure = failure.detail(line);
    }
    Err(failure.hint(format!("hikkoshi dry-run {} --offline   # draws what does not hold", place.name)))
}
