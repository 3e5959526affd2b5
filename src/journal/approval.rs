//! What people approve: left beside the journal, each in a note of its own, so that of two who approve in the same moment
//! none writes over the other.
//!
//! Nothing is ever taken away: who withdraws leaves a note that names the one that counts no more. An approval is of one
//! plan, by its hash, and of one point of it. It is worth as much as the store is guarded: who may write there may write
//! any name.

use serde::{Deserialize, Serialize};

use super::notes::{self, Error, Notes};
use crate::plan::approvals::Point;

/// What somebody says of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Said {
    /// It may be carried out.
    Approved,
    /// The approval of that id counts no more.
    Withdrawn(String),
}

/// An approval, or its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// Unique; later ones sort after earlier ones.
    pub id: String,
    /// When, RFC 3339.
    pub at: String,
    /// The caller's ARN, as AWS tells it.
    pub who: String,
    /// User and host that typed it.
    pub typed_by: String,
    /// Hash of the plan.
    pub plan: String,
    /// Before what.
    pub point: Point,
    /// What.
    pub said: Said,
    /// Why, if somebody said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// An approval that a run stood on when it began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stood {
    /// Before what.
    pub point: Point,
    /// The caller's ARN.
    pub who: String,
    /// When it was given, RFC 3339.
    pub at: String,
}

/// Where approvals are left.
pub trait Approvals: Send + Sync {
    /// Leaves one.
    ///
    /// # Errors
    /// If it can't be kept.
    fn post(&self, given: &Given) -> Result<(), Error>;

    /// All that was ever left, earliest first.
    ///
    /// # Errors
    /// If it can't be read.
    fn all(&self) -> Result<Vec<Given>, Error>;
}

/// What the folder of approvals is called.
pub const FOLDER: &str = "approvals";

/// Approvals as notes beside a journal.
pub struct Left<N: Notes>(pub N);

impl<N: Notes> Approvals for Left<N> {
    fn post(&self, given: &Given) -> Result<(), Error> {
        notes::put(&self.0, &given.id, given)
    }

    fn all(&self) -> Result<Vec<Given>, Error> {
        notes::all(&self.0, "approval", |given: &Given| &given.id)
    }
}
