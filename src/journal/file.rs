//! The journal in a local file, with a lock beside it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::{Body, Error, Journal, Record, chain, parse, seed};

/// A journal file that this process alone may append to.
pub struct FileJournal {
    path: PathBuf,
    /// None until the first record: who only looks leaves no file behind.
    file: Option<File>,
    last: (u64, String),
    length: u64,
    _lock: File,
}

fn lock_path(path: &Path) -> PathBuf {
    path.with_extension("lock")
}

/// Takes the lock beside a journal. It ends with the process that holds it, however that ends.
#[expect(clippy::disallowed_methods, reason = "the journal's file is this module's purpose")]
fn lock(path: &Path, who: &str) -> Result<File, Error> {
    let at = lock_path(path);
    let unwritable = |error: std::io::Error| Error::Unwritable(format!("{}: {error}", at.display()));
    let mut file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&at).map_err(unwritable)?;
    match patiently(&file) {
        Ok(()) => {
            let written = file.set_len(0).and_then(|()| file.write_all(who.as_bytes()));
            written.map_err(unwritable)?;
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            Err(Error::Locked(format!(
                "another hikkoshi is running this migration: {}",
                if holder.is_empty() { "unknown" } else { holder.trim() }
            )))
        }
        Err(TryLockError::Error(error)) => Err(unwritable(error)),
    }
}

/// Takes a lock; who only asks whether it is held ([`holder`]) holds it for a moment, which is waited out.
fn patiently(file: &File) -> Result<(), TryLockError> {
    for _ in 0..10 {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(std::time::Duration::from_millis(10)),
            other => return other,
        }
    }
    file.try_lock()
}

/// Who may append to a journal just now: what its process wrote into the lock; none if nobody.
#[expect(clippy::disallowed_methods, reason = "the journal's file is this module's purpose")]
pub fn holder(path: &Path) -> Option<String> {
    let mut file = OpenOptions::new().read(true).open(lock_path(path)).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {
            let mut who = String::new();
            let _ = file.read_to_string(&mut who);
            Some(who.trim().to_owned())
        }
        _ => None,
    }
}

/// Reads the records of a journal; none if there is no file.
///
/// # Errors
/// If it is damaged or can't be read.
#[expect(clippy::disallowed_methods, reason = "the journal's file is this module's purpose")]
pub fn read(path: &Path) -> Result<Vec<Record>, Error> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(records(path, &bytes)?.0),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(Error::Unwritable(format!("{}: {error}", path.display()))),
    }
}

/// The records in a file's bytes, and how many of the bytes they are.
fn records(path: &Path, bytes: &[u8]) -> Result<(Vec<Record>, usize), Error> {
    let named = |error: Error| match error {
        Error::Damaged { line, why, last, .. } => Error::Damaged { path: path.display().to_string(), line, why, last },
        other => other,
    };
    match std::str::from_utf8(bytes) {
        Ok(text) => parse(text).map_err(named),
        Err(error) => {
            let (sound, rest) = bytes.split_at(error.valid_up_to());
            let found = parse(std::str::from_utf8(sound).unwrap_or_default()).map_err(named)?;
            // A crash can tear a record in the middle of a letter.
            if !rest.contains(&b'\n') {
                return Ok(found);
            }
            let line = sound.iter().filter(|byte| **byte == b'\n').count() + 1;
            let last = found.0.last().map_or_else(|| "none".to_owned(), Record::words);
            Err(Error::Damaged { path: path.display().to_string(), line, why: "this is no text".to_owned(), last })
        }
    }
}

impl FileJournal {
    /// Opens a journal to append to, and takes its lock. A torn last record is cut off.
    ///
    /// # Errors
    /// If somebody else holds the lock, or the file is damaged or can't be written.
    #[expect(clippy::disallowed_methods, reason = "the journal's file is this module's purpose")]
    pub fn open(path: &Path, who: &str) -> Result<(FileJournal, Vec<Record>), Error> {
        let unwritable = |error: std::io::Error| Error::Unwritable(format!("{}: {error}", path.display()));
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(unwritable)?;
        }
        let lock = lock(path, who)?;
        let mut file = match OpenOptions::new().read(true).write(true).open(path) {
            Ok(file) => Some(file),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(unwritable(error)),
        };
        let mut bytes = Vec::new();
        if let Some(file) = &mut file {
            file.read_to_end(&mut bytes).map_err(unwritable)?;
        }
        let (records, kept) = records(path, &bytes)?;
        if let Some(file) = &mut file {
            if kept < bytes.len() {
                file.set_len(kept as u64).and_then(|()| file.sync_data()).map_err(unwritable)?;
            }
            file.seek(SeekFrom::End(0)).map_err(unwritable)?;
        }
        let last = records.last().map_or_else(|| (0, seed()), |record| (record.seq, record.hash.clone()));
        Ok((FileJournal { path: path.to_owned(), file, last, length: kept as u64, _lock: lock }, records))
    }

    /// The file; made, and made to last, with the first record.
    #[expect(clippy::disallowed_methods, reason = "the journal's file is this module's purpose")]
    fn file(&mut self) -> std::io::Result<&mut File> {
        if self.file.is_none() {
            let file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&self.path)?;
            if let Some(folder) = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                File::open(folder)?.sync_all()?;
            }
            self.file = Some(file);
        }
        self.file.as_mut().ok_or_else(|| std::io::Error::other("no file"))
    }
}

impl Journal for FileJournal {
    fn append(&mut self, at: &str, body: &Body) -> Result<(), Error> {
        let seq = self.last.0 + 1;
        let hash = chain(&self.last.1, seq, at, body);
        let record = Record { seq, at: at.to_owned(), hash: hash.clone(), body: body.clone() };
        let mut line = serde_json::to_string(&record).map_err(|error| Error::Unwritable(error.to_string()))?;
        line.push('\n');
        let (length, path) = (self.length, self.path.display().to_string());
        let unwritable = |error: std::io::Error| Error::Unwritable(format!("{path}: {error}"));
        let file = self.file().map_err(unwritable)?;
        if let Err(error) = file.write_all(line.as_bytes()).and_then(|()| file.sync_data()) {
            // What was half written must not stand between this record and the next.
            let _ = file.set_len(length).and_then(|()| file.seek(SeekFrom::End(0)).map(|_| ()));
            return Err(unwritable(error));
        }
        self.length += line.len() as u64;
        self.last = (seq, hash);
        Ok(())
    }
}
