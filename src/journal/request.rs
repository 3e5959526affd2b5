//! What somebody asks of a running executor, from another terminal or machine.
//!
//! A request is left in the store and taken up by whoever holds the journal: it notes it there, obeys, and settles it.
//! What was asked while nobody ran stays until the next run.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

pub use super::notes::Error;
use super::notes::{self, Notes};

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Asked {
    /// Begin nothing more, let calls in flight finish, park what waits; stay.
    Pause,
    /// Go on.
    Resume,
    /// As Ctrl-C once.
    Abort,
    /// At most so many percent of the steps at a time.
    Throttle {
        /// From 1; 100 is no limit.
        percent: u8,
    },
    /// A postponed step may begin.
    Release {
        /// The step.
        step: String,
    },
    /// A step that was released and has not begun waits again.
    Hold {
        /// The step.
        step: String,
    },
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Unique; later ones sort after earlier ones.
    pub id: String,
    /// When, RFC 3339.
    pub at: String,
    /// Who asks.
    pub who: String,
    /// For what.
    pub what: Asked,
}

impl Request {
    /// A request of this moment (`at` says the same in words). `unique` tells it from another of the same millisecond.
    pub fn new(now_ms: u64, at: &str, who: &str, unique: &str, what: Asked) -> Request {
        Request { id: notes::id(now_ms, who, unique), at: at.to_owned(), who: who.to_owned(), what }
    }
}

/// Where requests are left.
pub trait Requests: Send + Sync {
    /// Leaves a request.
    ///
    /// # Errors
    /// If it can't be kept.
    fn post(&self, request: &Request) -> Result<(), Error>;

    /// What was asked and is not settled, earliest first.
    ///
    /// # Errors
    /// If it can't be read.
    fn pending(&self) -> Result<Vec<Request>, Error>;

    /// Takes a request away: it is in the journal, or void. One that is gone already is no error.
    ///
    /// # Errors
    /// If it can't be taken away.
    fn settle(&self, id: &str) -> Result<(), Error>;
}

/// Requests in memory: for tests and simulations.
#[derive(Default)]
pub struct InMemory(Mutex<Vec<Request>>);

impl InMemory {
    fn all(&self) -> std::sync::MutexGuard<'_, Vec<Request>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Requests for InMemory {
    fn post(&self, request: &Request) -> Result<(), Error> {
        self.all().push(request.clone());
        self.all().sort_by(|a, b| a.id.cmp(&b.id));
        Ok(())
    }

    fn pending(&self) -> Result<Vec<Request>, Error> {
        Ok(self.all().clone())
    }

    fn settle(&self, id: &str) -> Result<(), Error> {
        self.all().retain(|request| request.id != id);
        Ok(())
    }
}

/// What the folder of requests is called.
pub const FOLDER: &str = "requests";

/// Requests as notes beside a journal.
pub struct Left<N: Notes>(pub N);

impl<N: Notes> Requests for Left<N> {
    fn post(&self, request: &Request) -> Result<(), Error> {
        notes::put(&self.0, &request.id, request)
    }

    fn pending(&self) -> Result<Vec<Request>, Error> {
        notes::all(&self.0, "request", |request: &Request| &request.id)
    }

    fn settle(&self, id: &str) -> Result<(), Error> {
        self.0.remove(id)
    }
}

#[cfg(test)]
mod tests {
    use super::notes::Folder;
    use super::*;

    /// What holds of every place for requests.
    fn conforms(requests: &dyn Requests) {
        assert_eq!(requests.pending(), Ok(vec![]));
        let late = Request::new(2_000, "2026-11-24T02:00:02Z", "rin@box", "1", Asked::Resume);
        let early = Request::new(1_000, "2026-11-24T02:00:01Z", "mika@box", "1", Asked::Throttle { percent: 25 });
        let same = Request::new(2_000, "2026-11-24T02:00:02Z", "rin@box", "2", Asked::Abort);
        for request in [&late, &early, &same] {
            requests.post(request).expect("there is room");
        }
        let pending = requests.pending().expect("it can be read");
        assert_eq!(pending.len(), 3, "two of the same millisecond are two");
        assert_eq!(pending[0], early, "the earliest comes first");
        requests.settle(&early.id).expect("it is there");
        requests.settle(&early.id).expect("and it does not matter that it is gone");
        assert!(!requests.pending().expect("it can be read").contains(&early));
        for request in [late, same] {
            requests.settle(&request.id).expect("it is there");
        }
        assert_eq!(requests.pending(), Ok(vec![]));
    }

    #[test]
    fn memory_conforms() {
        conforms(&InMemory::default());
    }

    #[test]
    fn a_folder_conforms_and_says_what_is_no_request() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let folder = Left(Folder::beside(&scratch.path().join("journal.jsonl"), FOLDER));
        conforms(&folder);
        let request = Request::new(1_000, "2026-11-24T02:00:01Z", "mika@box", "1", Asked::Pause);
        folder.post(&request).expect("there is room");
        let stranger = scratch.path().join("requests/0000000000001-x.json");
        #[expect(clippy::disallowed_methods, reason = "a test breaks a file")]
        std::fs::write(&stranger, "{\"id\": ").expect("the scratch directory is writable");
        let said = folder.pending().expect_err("half a request is none").to_string();
        assert!(said.contains("0000000000001-x.json is no request: EOF"), "{said}");
    }
}
