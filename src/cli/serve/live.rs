//! What the server knows of a run: read anew when the files have changed, and not more often than it takes.

use std::sync::Mutex;

use super::super::approve;
use super::super::failure::Failure;
use super::super::index::{self, Stamps};
use super::super::place::Place;
use crate::clock::{Clock, RealClock};
use crate::execute::Machine;
use crate::journal::request::Request;
use crate::report::live::Live;

/// The least time between two readings, in milliseconds.
const LEAST_MS: u64 = 700;

/// The last reading.
struct Reading {
    stamps: Stamps,
    /// When it was read, and how long that took, in milliseconds.
    at_ms: u64,
    took_ms: u64,
    /// Whether something may change without a record: somebody runs it, or approvals lack.
    runs: bool,
    /// What was asked for and not heard yet.
    pending: Vec<Request>,
    said: String,
}

/// Reads plan and journal for whoever asks.
#[derive(Default)]
pub struct Reader(Mutex<Option<Reading>>);

impl Reader {
    /// What was read last counts no more: something was written by ourselves.
    pub fn forget(&self) {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = None;
    }

    /// Where it stands, as JSON: as it was read last, if that is not long ago or nothing has changed since.
    ///
    /// # Errors
    /// If plan or journal can't be read.
    pub fn json(&self, place: &Place) -> Result<String, Failure> {
        let now_ms = RealClock.now_ms();
        let mut last = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(reading) = last.as_ref().filter(|reading| now_ms.saturating_sub(reading.at_ms) < LEAST_MS.max(reading.took_ms * 3)) {
            return Ok(reading.said.clone());
        }
        let (stamps, pending) = (index::stamps(place), place.requests()?.pending()?);
        // While nobody runs it nothing changes but by a record, an approval or a request.
        let rests =
            |reading: &&mut Reading| !reading.runs && index::is_local(place) && reading.stamps == stamps && reading.pending == pending;
        if let Some(reading) = last.as_mut().filter(rests).filter(|_| matches!(place.holder(), Ok(None))) {
            reading.at_ms = now_ms;
            return Ok(reading.said.clone());
        }
        let live = read(place, &pending)?;
        let said = serde_json::to_string(&live).unwrap_or_default();
        let runs = live.lease.is_some() || !live.lacking.is_empty();
        let at_ms = RealClock.now_ms();
        *last = Some(Reading { stamps, at_ms, took_ms: at_ms.saturating_sub(now_ms), runs, pending, said: said.clone() });
        Ok(said)
    }
}

fn read(place: &Place, pending: &[Request]) -> Result<Live, Failure> {
    let plan = place.plan()?;
    let records = place.records_of(&plan)?;
    let machine = Machine::replay(&plan.value, &records);
    let mut live = Live::of(&machine, &records, pending, RealClock.now_ms(), &plan.sha256);
    live.lease = place.holder()?;
    live.lacking = approve::lacks_of(place, &plan, &machine);
    Ok(live)
}
