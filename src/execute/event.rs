//! What a run tells, as it goes: one stream for terminal, JSON lines and reports.

use serde::Serialize;

use crate::clock::ms_of;
use crate::journal::approval::Stood;
use crate::journal::request::Asked;
use crate::journal::{Body, Ending, Record, Way};

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "what")]
pub enum What {
    /// A step begins, or is gone on with.
    Began,
    /// Its call is made.
    Calling,
    /// Its call was carried out; or was found to have been.
    Called {
        /// Whether it had been carried out before.
        adopted: bool,
    },
    /// Something is waited for.
    Waiting {
        /// What.
        until: String,
    },
    /// AWS is busy with the thing, or the thing is still in use; it is tried again.
    Busy {
        /// AWS's words.
        why: String,
    },
    /// The outcome of its call is unknown; the account is looked at.
    Unknown {
        /// Why.
        why: String,
    },
    /// The step is done and checked.
    Verified,
    /// The step failed.
    Failed {
        /// The failure code.
        code: String,
        /// The words.
        why: String,
    },
    /// The step is undone.
    Undone,
    /// A checkpoint is reached.
    Checkpoint,
    /// Somebody runs the plan.
    RunBegan {
        /// `apply` or `rollback`.
        run: String,
        /// Who.
        who: String,
        /// Whose approvals it stands on, with the points that they are before.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        approved: Vec<Stood>,
    },
    /// The run ended.
    RunEnded {
        /// How.
        how: String,
    },
    /// A gate's question was answered with yes.
    Confirmed {
        /// By whom.
        who: String,
    },
    /// Somebody asked something of the run.
    Asked {
        /// What.
        request: Asked,
        /// Who.
        who: String,
    },
    /// The run goes on with an edited plan.
    Amended {
        /// Who.
        who: String,
        /// Why.
        why: String,
    },
    /// A person left the step out.
    Skipped {
        /// Who.
        who: String,
        /// Why.
        why: String,
    },
    /// A person wants the step done after all.
    Unskipped {
        /// Who.
        who: String,
    },
    /// Nothing is in the air any more: the run stands still until somebody resumes or aborts it.
    Paused,
    /// Nothing else can be done: the step waits to be released.
    Held,
    /// Nothing goes on before people have approved the plan.
    Unapproved {
        /// Before what: a stage's name, or `start`.
        point: String,
        /// Who is missing.
        why: String,
    },
    /// Somebody could not be told of something; the run goes on.
    Untold {
        /// Who.
        hook: String,
        /// Of what.
        news: String,
        /// Why.
        why: String,
    },
    /// What is asked of the run can't be read.
    Deaf {
        /// Why.
        why: String,
    },
}

impl What {
    /// What a record tells, and of which step; none for what only the journal needs. The live stream is made of this, so
    /// that a replay of the journal looks the same.
    pub fn of(body: &Body) -> Option<(&str, What)> {
        Some(match body {
            Body::Opened { .. } | Body::Captured { .. } => return None,
            Body::RunBegan { what, who, approved, .. } => {
                ("", What::RunBegan { run: what.clone(), who: who.clone(), approved: approved.clone() })
            }
            Body::Untold { hook, news, why } => ("", What::Untold { hook: hook.clone(), news: news.clone(), why: why.clone() }),
            Body::RunEnded { how } => ("", What::RunEnded { how: how.clone() }),
            Body::Intended { step, .. } => (step, What::Calling),
            Body::Ended { step, ending: Ending::Unknown(why), .. } => (step, What::Unknown { why: why.clone() }),
            Body::Ended { step, way: Way::Do, ending: Ending::Done(_) } => (step, What::Called { adopted: false }),
            Body::Ended { step, way: Way::Do, ending: Ending::Adopted(_) } => (step, What::Called { adopted: true }),
            Body::Ended { .. } => return None,
            Body::Verified { step } => (step, What::Verified),
            Body::Failed { step, code, why, .. } => (step, What::Failed { code: code.clone(), why: why.clone() }),
            Body::Undone { step } => (step, What::Undone),
            Body::Confirmed { gate, who } => (gate, What::Confirmed { who: who.clone() }),
            Body::Amended { who, why, .. } => ("", What::Amended { who: who.clone(), why: why.clone() }),
            Body::Skipped { step, who, why } => (step, What::Skipped { who: who.clone(), why: why.clone() }),
            Body::Unskipped { step, who } => (step, What::Unskipped { who: who.clone() }),
            Body::Asked { who, what, .. } => ("", What::Asked { request: what.clone(), who: who.clone() }),
            Body::Checkpoint { stage } => (stage, What::Checkpoint),
        })
    }
}

/// Something happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event {
    /// When, milliseconds since 1970.
    pub at_ms: u64,
    /// Which step, or which stage for a checkpoint.
    pub step: String,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

impl Event {
    /// What a record told when it was written; `later` are the records after it. A refusal that was not the end of a step
    /// was told as a new try.
    pub fn replayed(record: &Record, later: &[Record]) -> Option<Event> {
        let event = |step: &str, what| Some(Event { at_ms: ms_of(&record.at), step: step.to_owned(), what });
        if let Body::Ended { step, ending: Ending::Refused(code, words), .. } = &record.body {
            let next = later.iter().find(|record| record.body.step() == Some(step.as_str()));
            let given_up = next.is_some_and(|record| matches!(record.body, Body::Failed { .. }));
            return if given_up { None } else { event(step, What::Busy { why: format!("{code}: {words}") }) };
        }
        let (step, what) = What::of(&record.body)?;
        event(step, what)
    }
}
