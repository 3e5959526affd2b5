//! What somebody asks of a running executor, from another terminal or machine.
//!
//! A request is left in the store and taken up by whoever holds the journal: it notes it there, obeys, and settles it.
//! What was asked while nobody ran stays until the next run.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::objects::{NotPut, Objects};
use crate::plan::sha256;

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
        let id = format!("{now_ms:013}-{}", &sha256(format!("{now_ms}/{who}/{unique}").as_bytes())[..8]);
        Request { id, at: at.to_owned(), who: who.to_owned(), what }
    }
}

/// Why requests can't be left or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Error(pub String);

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

/// Requests as objects beside a journal's.
pub struct InObjects(pub Arc<dyn Objects>);

/// What the keys of requests begin with.
const PREFIX: &str = "requests/";

impl InObjects {
    fn error(&self, key: &str, why: &dyn std::fmt::Display) -> Error {
        Error(format!("{}/{key}: {why}", self.0.describe()))
    }
}

impl Requests for InObjects {
    fn post(&self, request: &Request) -> Result<(), Error> {
        let key = format!("{PREFIX}{}.json", request.id);
        let bytes = serde_json::to_vec(request).map_err(|error| self.error(&key, &error))?;
        match self.0.put_new(&key, &bytes) {
            // One that is there already under this id is this one: its answer was lost.
            Ok(_) | Err(NotPut::Taken) => Ok(()),
            Err(NotPut::Lost(_)) if matches!(self.0.get(&key), Ok(Some(_))) => Ok(()),
            Err(why) => Err(self.error(&key, &why)),
        }
    }

    fn pending(&self) -> Result<Vec<Request>, Error> {
        let keys = self.0.list(PREFIX).map_err(|why| self.error(PREFIX, &why))?;
        let found = self.0.get_all(&keys).map_err(|why| self.error(PREFIX, &why))?;
        // What is gone was settled between the two looks.
        let there = keys.iter().zip(found).filter_map(|(key, object)| Some((key, object?)));
        let read = there.map(|(key, object)| serde_json::from_slice(&object.bytes).map_err(|error| self.error(key, &error)));
        let mut found = read.collect::<Result<Vec<Request>, Error>>()?;
        found.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(found)
    }

    fn settle(&self, id: &str) -> Result<(), Error> {
        let key = format!("{PREFIX}{id}.json");
        self.0.delete(&key).map_err(|why| self.error(&key, &why))
    }
}

/// Requests as files of a folder, each written beside its place and renamed into it: nobody reads half a request.
pub struct Folder(PathBuf);

impl Folder {
    /// The folder that belongs to a journal's file.
    pub fn beside(journal: &Path) -> Folder {
        Folder(journal.with_file_name("requests"))
    }

    fn error(path: &Path, what: &str, error: &dyn std::fmt::Display) -> Error {
        Error(format!("{} {what}: {error}", path.display()))
    }
}

#[expect(clippy::disallowed_methods, reason = "the requests' files are this module's purpose")]
impl Requests for Folder {
    fn post(&self, request: &Request) -> Result<(), Error> {
        let path = self.0.join(format!("{}.json", request.id));
        let beside = self.0.join(format!(".{}.new", request.id));
        let text = serde_json::to_string(request).map_err(|error| Self::error(&path, "can't be written", &error))?;
        let written = std::fs::create_dir_all(&self.0).and_then(|()| {
            std::fs::write(&beside, text)?;
            std::fs::File::open(&beside)?.sync_all()?;
            std::fs::rename(&beside, &path)?;
            std::fs::File::open(&self.0)?.sync_all()
        });
        written.map_err(|error| {
            let _ = std::fs::remove_file(&beside);
            Self::error(&path, "can't be written", &error)
        })
    }

    fn pending(&self) -> Result<Vec<Request>, Error> {
        let entries = match std::fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Self::error(&self.0, "can't be read", &error)),
        };
        let mut found = Vec::new();
        for path in entries.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "json")) {
            let bytes = match std::fs::read(&path) {
                Ok(bytes) => bytes,
                // Settled by somebody between the two looks.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(Self::error(&path, "can't be read", &error)),
            };
            let request: Request = serde_json::from_slice(&bytes).map_err(|error| Self::error(&path, "is no request", &error))?;
            if path.file_stem().is_none_or(|stem| stem.to_string_lossy() != request.id) {
                return Err(Self::error(&path, "is no request", &format!("it says that it is {}", request.id)));
            }
            found.push(request);
        }
        found.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(found)
    }

    fn settle(&self, id: &str) -> Result<(), Error> {
        let path = self.0.join(format!("{id}.json"));
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Self::error(&path, "can't be taken away", &error)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
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
        let folder = Folder::beside(&scratch.path().join("journal.jsonl"));
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
