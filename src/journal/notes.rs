//! Small things that people leave beside a journal: each is whole or not there, and nobody's is written over.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::objects::{NotPut, Objects};
use crate::plan::sha256;

/// Why they can't be left or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Error(pub String);

/// A note as it lies there.
pub struct Note {
    /// What people call its place.
    pub at: String,
    /// Its id.
    pub id: String,
    /// What it says.
    pub bytes: Vec<u8>,
}

/// A place for notes.
pub trait Notes: Send + Sync {
    /// Leaves a note, durably. One of this id that is there already is this one.
    ///
    /// # Errors
    /// If it can't be kept.
    fn put(&self, id: &str, bytes: &[u8]) -> Result<(), Error>;

    /// All notes, in the order of their ids.
    ///
    /// # Errors
    /// If they can't be read.
    fn all(&self) -> Result<Vec<Note>, Error>;

    /// Takes a note away; one that is gone already is no error.
    ///
    /// # Errors
    /// If it can't be taken away.
    fn remove(&self, id: &str) -> Result<(), Error>;
}

/// An id of this moment: later ones sort after earlier ones, and `unique` tells two of the same millisecond apart.
pub fn id(now_ms: u64, who: &str, unique: &str) -> String {
    format!("{now_ms:013}-{}", &sha256(format!("{now_ms}/{who}/{unique}").as_bytes())[..8])
}

/// Leaves something as a note.
///
/// # Errors
/// If it can't be kept.
pub fn put(notes: &impl Notes, id: &str, what: &impl Serialize) -> Result<(), Error> {
    let bytes = serde_json::to_vec(what).map_err(|error| Error(format!("{id}: {error}")))?;
    notes.put(id, &bytes)
}

/// What all notes say, in the order of their ids; `what` is what each must be.
///
/// # Errors
/// If they can't be read, or one says something else.
pub fn all<T: DeserializeOwned>(notes: &impl Notes, what: &str, id: impl Fn(&T) -> &str) -> Result<Vec<T>, Error> {
    let read = |note: Note| {
        let no = |why: &dyn std::fmt::Display| Error(format!("{} is no {what}: {why}", note.at));
        let found: T = serde_json::from_slice(&note.bytes).map_err(|error| no(&error))?;
        let says = id(&found);
        if says == note.id { Ok(()) } else { Err(no(&format!("it says that it is {says}"))) }?;
        Ok(found)
    };
    notes.all()?.into_iter().map(read).collect()
}

/// Notes as objects beside a journal's, under a prefix of their own.
pub struct InObjects {
    objects: Arc<dyn Objects>,
    prefix: String,
}

impl InObjects {
    /// Those of a folder, such as `requests`.
    pub fn new(objects: Arc<dyn Objects>, folder: &str) -> InObjects {
        InObjects { objects, prefix: format!("{folder}/") }
    }

    fn key(&self, id: &str) -> String {
        format!("{}{id}.json", self.prefix)
    }

    fn at(&self, key: &str) -> String {
        format!("{}/{key}", self.objects.describe())
    }

    fn error(&self, key: &str, why: &dyn std::fmt::Display) -> Error {
        Error(format!("{}: {why}", self.at(key)))
    }
}

impl Notes for InObjects {
    fn put(&self, id: &str, bytes: &[u8]) -> Result<(), Error> {
        let key = self.key(id);
        match self.objects.put_new(&key, bytes) {
            // One that is there already under this id is this one: its answer was lost.
            Ok(_) | Err(NotPut::Taken) => Ok(()),
            Err(NotPut::Lost(_)) if matches!(self.objects.get(&key), Ok(Some(_))) => Ok(()),
            Err(why) => Err(self.error(&key, &why)),
        }
    }

    fn all(&self) -> Result<Vec<Note>, Error> {
        let keys = self.objects.list(&self.prefix).map_err(|why| self.error(&self.prefix, &why))?;
        let found = self.objects.get_all(&keys).map_err(|why| self.error(&self.prefix, &why))?;
        // What is gone was taken away between the two looks.
        let there = keys.iter().zip(found).filter_map(|(key, object)| Some((key, object?)));
        let note = |(key, object): (&String, super::objects::Object)| {
            let name = key.strip_prefix(&self.prefix).unwrap_or(key);
            Note { at: self.at(key), id: name.strip_suffix(".json").unwrap_or(name).to_owned(), bytes: object.bytes }
        };
        let mut found: Vec<Note> = there.map(note).collect();
        found.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(found)
    }

    fn remove(&self, id: &str) -> Result<(), Error> {
        let key = self.key(id);
        self.objects.delete(&key).map_err(|why| self.error(&key, &why))
    }
}

/// Notes as files of a folder, each written beside its place and renamed into it: nobody reads half a note.
pub struct Folder(PathBuf);

impl Folder {
    /// The folder of that name that belongs to a journal's file.
    pub fn beside(journal: &Path, name: &str) -> Folder {
        Folder(journal.with_file_name(name))
    }

    fn error(path: &Path, what: &str, error: &dyn std::fmt::Display) -> Error {
        Error(format!("{} {what}: {error}", path.display()))
    }
}

#[expect(clippy::disallowed_methods, reason = "the notes' files are this module's purpose")]
impl Notes for Folder {
    fn put(&self, id: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = self.0.join(format!("{id}.json"));
        let beside = self.0.join(format!(".{id}.new"));
        let written = std::fs::create_dir_all(&self.0).and_then(|()| {
            std::fs::write(&beside, bytes)?;
            std::fs::File::open(&beside)?.sync_all()?;
            std::fs::rename(&beside, &path)?;
            std::fs::File::open(&self.0)?.sync_all()
        });
        written.map_err(|error| {
            let _ = std::fs::remove_file(&beside);
            Self::error(&path, "can't be written", &error)
        })
    }

    fn all(&self) -> Result<Vec<Note>, Error> {
        let entries = match std::fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Self::error(&self.0, "can't be read", &error)),
        };
        let mut found = Vec::new();
        for path in entries.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "json")) {
            let id = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            match std::fs::read(&path) {
                Ok(bytes) => found.push(Note { at: path.display().to_string(), id, bytes }),
                // Taken away by somebody between the two looks.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(Self::error(&path, "can't be read", &error)),
            }
        }
        found.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(found)
    }

    fn remove(&self, id: &str) -> Result<(), Error> {
        let path = self.0.join(format!("{id}.json"));
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Self::error(&path, "can't be taken away", &error)),
            _ => Ok(()),
        }
    }
}
