//! The few things that a team store needs of an object store, S3 above all: reads that see the last write, and writes
//! that happen only if nobody else came first.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// An object and its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// What it holds.
    pub bytes: Vec<u8>,
    /// Its ETag: another after each write.
    pub etag: String,
}

/// A read that did not come about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unread(pub String);

/// A write that did not come about, as far as one knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotPut {
    /// Somebody else came first.
    #[error("somebody else has written it")]
    Taken,
    /// No answer came: it may be written or not, or be written yet.
    #[error("{0}")]
    Lost(String),
    /// It was refused, and not for being late.
    #[error("{0}")]
    Refused(String),
}

/// A prefix of an object store.
pub trait Objects: Send + Sync {
    /// What people call it: `s3://bucket/prefix`.
    fn describe(&self) -> String;

    /// An object, if there is one.
    ///
    /// # Errors
    /// If it can't be read.
    fn get(&self, key: &str) -> Result<Option<Object>, Unread>;

    /// Several objects, in that order.
    ///
    /// # Errors
    /// If one can't be read.
    fn get_all(&self, keys: &[String]) -> Result<Vec<Option<Object>>, Unread> {
        keys.iter().map(|key| self.get(key)).collect()
    }

    /// The keys that begin so, sorted.
    ///
    /// # Errors
    /// If they can't be read.
    fn list(&self, prefix: &str) -> Result<Vec<String>, Unread>;

    /// Writes an object that is not there yet (`If-None-Match: *`); the answer is its ETag.
    ///
    /// # Errors
    /// If it is there, or was not written, or nobody knows.
    fn put_new(&self, key: &str, bytes: &[u8]) -> Result<String, NotPut>;

    /// Writes an object in place of that version (`If-Match`); the answer is its new ETag.
    ///
    /// # Errors
    /// If it is another version by now, or was not written, or nobody knows.
    fn put_if(&self, key: &str, bytes: &[u8], etag: &str) -> Result<String, NotPut>;

    /// Deletes an object; one that is gone already is no error.
    ///
    /// # Errors
    /// If it was not deleted, or nobody knows.
    fn delete(&self, key: &str) -> Result<(), Unread>;
}

/// Objects in memory: for simulations.
#[derive(Default)]
pub struct InMemory(Mutex<Written>);

#[derive(Clone, Default)]
struct Written {
    objects: BTreeMap<String, Object>,
    writes: u64,
}

impl Clone for InMemory {
    fn clone(&self) -> InMemory {
        InMemory(Mutex::new(self.inside().clone()))
    }
}

impl InMemory {
    fn inside(&self) -> MutexGuard<'_, Written> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, key: &str, bytes: &[u8], fits: impl FnOnce(Option<&Object>) -> bool) -> Result<String, NotPut> {
        let mut inside = self.inside();
        if !fits(inside.objects.get(key)) {
            return Err(NotPut::Taken);
        }
        inside.writes += 1;
        let etag = inside.writes.to_string();
        inside.objects.insert(key.to_owned(), Object { bytes: bytes.to_vec(), etag: etag.clone() });
        Ok(etag)
    }
}

impl Objects for InMemory {
    fn describe(&self) -> String {
        "memory".to_owned()
    }

    fn get(&self, key: &str) -> Result<Option<Object>, Unread> {
        Ok(self.inside().objects.get(key).cloned())
    }

    fn list(&self, prefix: &str) -> Result<Vec<String>, Unread> {
        Ok(self.inside().objects.keys().filter(|key| key.starts_with(prefix)).cloned().collect())
    }

    fn put_new(&self, key: &str, bytes: &[u8]) -> Result<String, NotPut> {
        self.put(key, bytes, |there| there.is_none())
    }

    fn put_if(&self, key: &str, bytes: &[u8], etag: &str) -> Result<String, NotPut> {
        self.put(key, bytes, |there| there.is_some_and(|object| object.etag == etag))
    }

    fn delete(&self, key: &str) -> Result<(), Unread> {
        self.inside().objects.remove(key);
        Ok(())
    }
}
