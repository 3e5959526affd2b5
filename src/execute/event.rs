//! What a run tells, as it goes: one stream for terminal, JSON lines and reports.

use serde::Serialize;

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
