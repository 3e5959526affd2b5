//! What was intended and what happened: append-only, one record per line, each chained to the one before.
//!
//! A record is `{"seq", "at", "hash", "body"}`; `hash` is SHA-256 over the previous hash and the record. So a torn last
//! line and an altered line are told apart: the first is what a crash leaves and is dropped, the second stops
//! everything. A record is durable (fsync) before what it announces is done. Nothing secret is in it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::absent::is_default;
use crate::plan::sha256;

pub mod approval;
pub mod local;
pub mod moving;
pub mod notes;
pub mod objects;
pub mod request;
pub mod store;
pub mod team;

use store::{Lease, Moved};

/// Which way a call goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// The step's own call.
    Do,
    /// The n-th call of its way back, from 0.
    Undo(usize),
}

/// What a call came to, as it is remembered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Done; its outputs.
    Done(BTreeMap<String, Value>),
    /// Found to have been done already: by an earlier try, or because it was so.
    Adopted(BTreeMap<String, Value>),
    /// AWS refused: code and words.
    Refused(String, String),
    /// Nobody knows yet; why.
    Unknown(String),
}

/// Something that is not as plan and journal say. Who changed it, they don't know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    /// What was looked at, by its id or name.
    pub resource: String,
    /// The step whose expectation it was.
    pub step: String,
    /// What was made sure of, for people.
    pub what: String,
    /// The field: the path in AWS's answer.
    pub field: String,
    /// What it should be.
    pub expected: String,
    /// What it is.
    pub found: String,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// The journal begins: which plan, by which version. `id` is unique to this journal; idempotency tokens come
    /// from it.
    Opened {
        /// Unique.
        id: String,
        /// The migration.
        migration: String,
        /// Hash of the plan's file.
        plan: String,
        /// Version of the program.
        version: String,
    },
    /// Somebody runs the plan.
    RunBegan {
        /// `apply` or `rollback`.
        what: String,
        /// The caller's ARN, and user and host.
        who: String,
        /// The fencing number of the lease that it has; 0 in journals from before there were any.
        #[serde(default, skip_serializing_if = "is_default")]
        lease: u64,
        /// The approvals that it stands on.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        approved: Vec<approval::Stood>,
    },
    /// State remembered before a call.
    Captured {
        /// The step.
        step: String,
        /// Names and values.
        values: BTreeMap<String, Value>,
    },
    /// A call is about to be made.
    Intended {
        /// The step.
        step: String,
        /// Which way.
        way: Way,
        /// `service:Operation`.
        operation: String,
        /// How many times the step was undone before: part of the idempotency token.
        generation: u32,
        /// What was sent and how it is undone, in short: an edit of the plan must leave it as it was.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        digest: String,
        /// How far the machine's clock was ahead of AWS's, in seconds and rounded up: what AWS dates is compared with AWS's
        /// time.
        #[serde(default, skip_serializing_if = "is_default")]
        ahead_s: i64,
    },
    /// What a call came to.
    Ended {
        /// The step.
        step: String,
        /// Which way.
        way: Way,
        /// How.
        ending: Ending,
    },
    /// Waits and checks of a step hold.
    Verified {
        /// The step.
        step: String,
    },
    /// A step failed after its call: a wait or a check did not hold.
    Failed {
        /// The step.
        step: String,
        /// The failure code.
        code: String,
        /// The words.
        why: String,
        /// What somebody else had changed, if that is why.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        drift: Vec<Drift>,
    },
    /// The way back of a step has been gone to its end.
    Undone {
        /// The step.
        step: String,
    },
    /// A person has answered a gate's question with yes.
    Confirmed {
        /// The gate.
        gate: String,
        /// Who.
        who: String,
    },
    /// Somebody asked something of the run, from another terminal or machine.
    Asked {
        /// The request.
        id: String,
        /// Who.
        who: String,
        /// What.
        what: request::Asked,
    },
    /// A person has decided to leave a step out.
    Skipped {
        /// The step.
        step: String,
        /// Who.
        who: String,
        /// Why.
        why: String,
    },
    /// A person has decided to do a step after all that was left out.
    Unskipped {
        /// The step.
        step: String,
        /// Who.
        who: String,
    },
    /// The run goes on with a plan that was edited.
    Amended {
        /// Hash of the plan before.
        from: String,
        /// Hash of the plan from now on.
        to: String,
        /// Who.
        who: String,
        /// Why.
        why: String,
        /// Steps that were tried in vain and are others now: their next try is a new request.
        renewed: Vec<String>,
    },
    /// All steps of a stage are verified.
    Checkpoint {
        /// The stage's name.
        stage: String,
    },
    /// Somebody could not be told of something.
    Untold {
        /// Who: a program, or an address without what is secret in it.
        hook: String,
        /// Of what.
        news: String,
        /// Why.
        why: String,
    },
    /// The run ended.
    RunEnded {
        /// `done`, `checkpoint`, `failed`, `interrupted`.
        how: String,
    },
}

impl Body {
    /// The step that it is about, if it is about one.
    pub fn step(&self) -> Option<&str> {
        match self {
            Body::Captured { step, .. }
            | Body::Intended { step, .. }
            | Body::Ended { step, .. }
            | Body::Verified { step }
            | Body::Failed { step, .. }
            | Body::Skipped { step, .. }
            | Body::Unskipped { step, .. }
            | Body::Undone { step } => Some(step),
            Body::Opened { .. }
            | Body::RunBegan { .. }
            | Body::Confirmed { .. }
            | Body::Asked { .. }
            | Body::Amended { .. }
            | Body::Checkpoint { .. }
            | Body::Untold { .. }
            | Body::RunEnded { .. } => None,
        }
    }
}

/// A record of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// From 1, without gaps.
    pub seq: u64,
    /// When, RFC 3339, UTC.
    pub at: String,
    /// Chained hash.
    pub hash: String,
    /// What happened.
    pub body: Body,
}

impl Record {
    /// The record that follows the one of this number and hash; [`seed`] is the hash before the first.
    pub fn after((seq, hash): (u64, &str), at: &str, body: &Body) -> Record {
        let seq = seq + 1;
        Record { seq, at: at.to_owned(), hash: chain(hash, seq, at, body), body: body.clone() }
    }

    /// The record in a line for people: number, time and what happened.
    pub fn words(&self) -> String {
        let what = match &self.body {
            Body::Opened { .. } => "journal opened".to_owned(),
            Body::RunBegan { what, .. } => format!("{what} began"),
            Body::Captured { step, .. } => format!("state remembered for step {step}"),
            Body::Intended { step, operation, .. } => format!("{operation} announced for step {step}"),
            Body::Ended { step, .. } => format!("outcome noted of step {step}"),
            Body::Verified { step } => format!("step {step} verified"),
            Body::Failed { step, .. } => format!("step {step} failed"),
            Body::Undone { step } => format!("step {step} undone"),
            Body::Checkpoint { stage } => format!("checkpoint {stage}"),
            Body::Confirmed { gate, .. } => format!("{gate} confirmed"),
            Body::Asked { .. } => "a request heard".to_owned(),
            Body::Amended { why, .. } => format!("the plan was edited: {why}"),
            Body::Skipped { step, .. } => format!("step {step} left out"),
            Body::Unskipped { step, .. } => format!("step {step} to be done after all"),
            Body::Untold { hook, .. } => format!("{hook} could not be told"),
            Body::RunEnded { how } => format!("run ended: {how}"),
        };
        format!("record {} of {}, {what}", self.seq, self.at)
    }
}

/// What begins the chain.
const SEED: &str = "hikkoshi journal 1";

/// The hash of a record that follows another.
pub fn chain(previous: &str, seq: u64, at: &str, body: &Body) -> String {
    let text = serde_json::to_string(body).unwrap_or_default();
    sha256(format!("{previous}\n{seq}\n{at}\n{text}").as_bytes())
}

/// The hash before the first record.
pub fn seed() -> String {
    sha256(SEED.as_bytes())
}

/// Why a journal can't be gone on with.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A line in the middle is not what was written.
    #[error("{path}:{line}: the journal is damaged: {why}")]
    Damaged {
        /// The file.
        path: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
        /// The last record before it, for people.
        last: String,
    },
    /// The disk is full or not writable.
    #[error("the journal can't be written: {0}")]
    Unwritable(String),
    /// The store could not be read or written.
    #[error("the store of the journal can't be reached: {at}: {why}")]
    Unreachable {
        /// What could not be read or written.
        at: String,
        /// Why.
        why: String,
    },
    /// What says who may write is not what was written.
    #[error("{at}: this is no lease: {why}")]
    BadLease {
        /// The file.
        at: String,
        /// What is wrong with it.
        why: String,
    },
    /// Somebody else is running it.
    #[error("another hikkoshi is running this migration: {}, since {}", .0.who, .0.since)]
    Locked(Box<Lease>),
    /// Somebody took over from this writer: it may write nothing any more.
    #[error("this run is no longer the one that may go on (lease {number}): {how}")]
    Fenced {
        /// The number of the lease that counts no more.
        number: u64,
        /// Who took over, and when.
        how: String,
    },
    /// Whoever holds the lease, it is not this one.
    #[error("{}", other_number(*.number, .holder.as_deref()))]
    OtherNumber {
        /// The number that was named.
        number: u64,
        /// The lease that there is.
        holder: Option<Box<Lease>>,
    },
    /// The journal goes on elsewhere.
    #[error("the journal was moved to {}, by {} at {}", .0.to, .0.by, .0.at)]
    Moved(Box<Moved>),
    /// What is to be moved there would hide what is there already.
    #[error("{at} has another journal already: it differs at record {record}")]
    OtherJournal {
        /// The store.
        at: String,
        /// The first record that is not the same.
        record: usize,
    },
}

impl From<notes::Error> for Error {
    fn from(notes::Error(why): notes::Error) -> Error {
        Error::Unreachable { at: "what lies beside the journal".to_owned(), why }
    }
}

fn other_number(number: u64, holder: Option<&Lease>) -> String {
    match holder {
        Some(lease) => format!("there is no lease {number}: the lease is number {}, of {}, since {}", lease.number, lease.who, lease.since),
        None => format!("there is no lease {number}: nobody holds one"),
    }
}

/// Whether a record is what follows those before it; if not, why.
fn link(before: &[Record], record: &Record) -> Result<(), String> {
    let previous = before.last().map_or_else(seed, |record| record.hash.clone());
    let sound = record.seq == before.len() as u64 + 1 && record.hash == chain(&previous, record.seq, &record.at, &record.body);
    if sound { Ok(()) } else { Err(format!("record {} was altered, or what stood before it was", record.seq)) }
}

/// Reads records from text. A last line that a crash tore is left out and counted in the second value.
///
/// # Errors
/// If a line before the last one is not what was written.
pub fn parse(text: &str) -> Result<(Vec<Record>, usize), Error> {
    let mut records: Vec<Record> = Vec::new();
    let mut kept = 0;
    let damaged = |at: usize, why: String, records: &[Record]| Error::Damaged {
        path: String::new(),
        line: at + 1,
        why,
        last: records.last().map_or_else(|| "none".to_owned(), Record::words),
    };
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    for (at, line) in lines.iter().enumerate() {
        let last = at + 1 == lines.len();
        let torn = last && !line.ends_with('\n');
        match serde_json::from_str::<Record>(line.trim_end()) {
            _ if torn => return Ok((records, kept)),
            Ok(record) => {
                link(&records, &record).map_err(|why| damaged(at, why, &records))?;
                records.push(record);
                kept += line.len();
            }
            Err(_) => return Err(damaged(at, "this is no record".to_owned(), &records)),
        }
    }
    Ok((records, kept))
}

/// Where records go. An append returns when the record is durable.
pub trait Journal: Send {
    /// Appends a record.
    ///
    /// # Errors
    /// If it can't be made durable, or somebody took over; then what it announces must not be done.
    fn append(&mut self, at: &str, body: &Body) -> Result<(), Error>;

    /// The fencing number of the lease under which it is written; 0 where there is none.
    fn lease(&self) -> u64 {
        0
    }

    /// Says that the writer lives. The answer is after how many milliseconds it should say so again; none: never.
    ///
    /// # Errors
    /// If somebody took over; then nothing more may be done.
    fn beat(&mut self) -> Result<Option<u64>, Error> {
        Ok(None)
    }
}

/// A journal in memory: for dry runs and tests.
#[derive(Default)]
pub struct Memory {
    /// The records so far.
    pub records: Vec<Record>,
}

impl Journal for Memory {
    fn append(&mut self, at: &str, body: &Body) -> Result<(), Error> {
        let hash = self.records.last().map_or_else(seed, |record| record.hash.clone());
        self.records.push(Record::after((self.records.len() as u64, &hash), at, body));
        Ok(())
    }
}

/// A journal that somebody else reads while it is written.
impl Journal for std::sync::Arc<std::sync::Mutex<Memory>> {
    fn append(&mut self, at: &str, body: &Body) -> Result<(), Error> {
        self.lock().map_err(|error| Error::Unwritable(error.to_string()))?.append(at, body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(count: usize) -> String {
        let mut memory = Memory::default();
        for at in 0..count {
            let body = Body::Verified { step: format!("step-{at}") };
            memory.append("2026-11-24T00:00:00Z", &body).expect("memory takes everything");
        }
        memory.records.iter().map(|record| serde_json::to_string(record).expect("a record is JSON") + "\n").collect()
    }

    #[test]
    fn a_journal_cut_at_any_byte_keeps_the_records_before_the_cut() {
        let whole = text(5);
        for cut in 0..=whole.len() {
            let (records, kept) = parse(&whole[..cut]).unwrap_or_else(|error| panic!("cut at {cut}: {error}"));
            assert_eq!(records.len(), whole[..cut].matches('\n').count(), "cut at {cut}");
            assert!(kept <= cut && (kept == 0 || whole.as_bytes()[kept - 1] == b'\n'), "cut at {cut}");
        }
    }

    #[test]
    fn an_altered_record_is_found_and_named() {
        let whole = text(5);
        let altered = whole.replacen("step-2", "step-9", 1);
        assert!(matches!(parse(&altered), Err(Error::Damaged { line: 3, .. })));
        let without: String = whole.split_inclusive('\n').enumerate().filter(|(at, _)| *at != 1).map(|(_, line)| line).collect();
        assert!(matches!(parse(&without), Err(Error::Damaged { line: 2, .. })));
    }
}
