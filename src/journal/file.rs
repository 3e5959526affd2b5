//! The journal in a local file, with a lock beside it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::{Body, Error, Journal, Record, chain, parse, seed};

/// A journal file that this process alone may append to.
pub struct FileJournal {
    file: File,
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
    match file.try_lock() {
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

/// Reads the records of a journal; none if there is no file.
///
/// # Errors
/// If it is damaged or can't be read.
#[expect(clippy::disallowed_methods, reason = "the journal's file is this module's purpose")]
pub fn read(path: &Path) -> Result<Vec<Record>, Error> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(parse(&text)?.0),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => Err(Error::Damaged { line: 0, why: "it is not text".into() }),
        Err(error) => Err(Error::Unwritable(format!("{}: {error}", path.display()))),
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
        let lock = lock(path, who)?;
        let mut file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path).map_err(unwritable)?;
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(|error| Error::Damaged { line: 0, why: error.to_string() })?;
        let (records, kept) = parse(&text)?;
        if kept < text.len() {
            file.set_len(kept as u64).and_then(|()| file.sync_data()).map_err(unwritable)?;
        }
        file.seek(SeekFrom::End(0)).map_err(unwritable)?;
        let last = records.last().map_or_else(|| (0, seed()), |record| (record.seq, record.hash.clone()));
        Ok((FileJournal { file, last, length: kept as u64, _lock: lock }, records))
    }
}

impl Journal for FileJournal {
    fn append(&mut self, at: &str, body: &Body) -> Result<(), Error> {
        let seq = self.last.0 + 1;
        let hash = chain(&self.last.1, seq, at, body);
        let record = Record { seq, at: at.to_owned(), hash: hash.clone(), body: body.clone() };
        let mut line = serde_json::to_string(&record).map_err(|error| Error::Unwritable(error.to_string()))?;
        line.push('\n');
        let written = self.file.write_all(line.as_bytes()).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // What was half written must not stand between this record and the next.
            let _ = self.file.set_len(self.length).and_then(|()| self.file.seek(SeekFrom::End(0)).map(|_| ()));
            return Err(Error::Unwritable(error.to_string()));
        }
        self.length += line.len() as u64;
        self.last = (seq, hash);
        Ok(())
    }
}
