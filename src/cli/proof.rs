//! The proof, asked for again: by a dry run, and by an apply of a plan that was edited by hand.

use super::failure::Failure;
use super::place::Place;
use crate::clock::{Clock, RealClock};
use crate::plan::Plan;
use crate::plan::prove::{self, Proof, words};

/// A proof and how long it took.
pub struct Proved {
    /// What holds and what doesn't.
    pub proof: Proof,
    /// Milliseconds.
    pub took_ms: u64,
}

/// Proves a plan as it is written.
///
/// # Errors
/// If intent or inventory can't be read, and with the counterexamples if the plan does not hold.
pub fn prove(place: &Place, plan: &Plan) -> Result<Proved, Failure> {
    let (intent, inventory) = (place.intent()?.value, place.inventory()?.value);
    let flows = place.flows()?;
    let begin = RealClock.now_ms();
    let proof = prove::again(plan, &intent, &inventory, flows.as_ref().map(|flows| &flows.value)).map_err(|problem| place.intent_problem(&problem))?;
    let took_ms = RealClock.now_ms() - begin;
    if proof.broken.is_empty() { Ok(Proved { proof, took_ms }) } else { Err(broken(place, &proof)) }
}

/// Nothing of a plan that does not hold is carried out.
///
/// # Errors
/// As [`prove`]; a plan that is as it was proved is not proved again.
pub fn must_hold(place: &Place, plan: &Plan) -> Result<(), Failure> {
    if !plan.broken.is_empty() {
        return Err(broken(place, &Proof { broken: plan.broken.clone(), ..Proof::default() }));
    }
    if plan.certificate.is_of(&plan.steps) { Ok(()) } else { prove(place, plan).map(drop) }
}

fn broken(place: &Place, proof: &Proof) -> Failure {
    let count = proof.broken.len();
    let mut failure = Failure::new("HK0406", format!("the plan does not hold: {count} counterexamples")).detail("nothing was called");
    for line in proof.broken.iter().take(5).flat_map(words::drawn) {
        failure = failure.detail(crate::report::harmless(&line));
    }
    if count > 5 {
        failure = failure.detail(format!("and {} more", count - 5));
    }
    failure.hint(format!("hikkoshi plan {}   # plans again from intent and inventory: an edited plan is set right", place.name))
}

/// The certificate, in lines.
pub fn lines(proved: &Proved) -> Vec<String> {
    let mut lines = words::certificate(&proved.proof.certificate);
    if let Some(last) = lines.last_mut() {
        last.push_str(&format!("; proved in {:.1} s", proved.took_ms as f64 / 1000.0));
    }
    lines
}
