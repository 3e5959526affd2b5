//! The journal in a local file, with its lease beside it.
//!
//! Three files stand by the journal: `lease.json` says who may write; `lease.lock` is locked for the moment in which
//! somebody reads and changes the lease, or appends; `lease-N.lock` is locked by the holder of lease N as long as it
//! lives, however it ends. So who was killed is followed at once, and who was paused when its lease is over.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::approval::{self, Approvals};
use super::notes::Folder;
use super::request::{self, Requests};
use super::store::{BEAT_MS, Book, Holder, Lease, Moved, Sign, Store, Taken, Taker, fence};
use super::{Body, Error, Journal, Record, parse, seed};
use crate::clock::Clock;

/// How often the moment's lock is tried for, 20 ms apart: who holds it longer has been stopped.
const TRIES: u32 = 250;

/// A journal in a file.
pub struct LocalStore {
    files: Files,
    clock: Arc<dyn Clock>,
}

impl LocalStore {
    /// The store of a journal file, which may not exist yet. The clock is that of leases.
    pub fn new(path: &Path, clock: Arc<dyn Clock>) -> LocalStore {
        LocalStore { files: Files { path: path.to_owned() }, clock }
    }

    /// The lease's book and what is seen of its holder, in a moment in which nobody else changes it.
    fn turn(&self) -> Result<(Turn, Book, Sign), Error> {
        let turn = self.files.turn()?;
        let book = self.files.book()?;
        let sign = self.files.sign(&book);
        Ok((turn, book, sign))
    }

    fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }
}

impl Store for LocalStore {
    fn describe(&self) -> String {
        self.files.path.display().to_string()
    }

    fn read(&self) -> Result<Vec<Record>, Error> {
        Ok(self.files.records()?.0)
    }

    fn requests(&self) -> Box<dyn Requests> {
        Box::new(request::Left(Folder::beside(&self.files.path, request::FOLDER)))
    }

    fn approvals(&self) -> Box<dyn Approvals> {
        Box::new(approval::Left(Folder::beside(&self.files.path, approval::FOLDER)))
    }

    fn take_as(&self, taker: &Taker<'_>) -> Result<Taken, Error> {
        let (_turn, book, sign) = self.turn()?;
        let (records, kept, length) = self.files.records()?;
        let (next, lease) = book.take(fence(&records), taker, self.now_ms(), sign)?;
        if kept < length {
            self.files.cut(kept)?;
        }
        let alive = self.files.live(lease.number)?;
        let gate = self.files.gate()?;
        if let Err(error) = self.files.write(&next) {
            self.files.forget(lease.number);
            return Err(error);
        }
        if let Some(dead) = book.holder.filter(|_| sign == Sign::Gone) {
            self.files.forget(dead.number);
        }
        let last = records.last().map_or_else(|| (0, seed()), |record| (record.seq, record.hash.clone()));
        let held = Held {
            files: self.files.clone(),
            clock: self.clock.clone(),
            number: lease.number,
            gate,
            file: None,
            last,
            length: kept,
            _alive: alive,
        };
        Ok(Taken { journal: Box::new(held), records, lease })
    }

    fn holder(&self) -> Result<Option<Holder>, Error> {
        let book = self.files.book()?;
        Ok(book.holder(self.now_ms(), self.files.sign(&book)))
    }

    fn moved(&self) -> Result<Option<Moved>, Error> {
        Ok(self.files.book()?.moved)
    }

    fn unlock(&self, number: u64, by: &str) -> Result<Lease, Error> {
        let (_turn, book, sign) = self.turn()?;
        let (book, lease) = book.unlocked(number, by, self.now_ms())?;
        self.files.write(&book)?;
        if sign == Sign::Gone {
            self.files.forget(number);
        }
        Ok(lease)
    }

    fn close(&self, number: u64, to: &str) -> Result<(), Error> {
        let (_turn, book, _) = self.turn()?;
        self.files.write(&book.closed(number, to, self.now_ms())?)
    }

    fn reopen(&self, number: u64) -> Result<(), Error> {
        let (_turn, book, _) = self.turn()?;
        self.files.write(&book.opened(number)?)
    }

    fn set_aside(&self) -> Result<(), Error> {
        let (_turn, book, sign) = self.turn()?;
        let next = book.put_aside(self.now_ms(), sign)?;
        self.files.set_aside()?;
        self.files.write(&next)
    }
}

/// The files of a journal.
#[derive(Clone)]
struct Files {
    path: PathBuf,
}

/// A moment in which nobody else touches lease and journal. It ends when this is dropped.
struct Turn {
    _gate: File,
}

fn unwritable(path: &Path) -> impl Fn(std::io::Error) -> Error + '_ {
    move |error| Error::Unwritable(format!("{}: {error}", path.display()))
}

/// Takes the lock of the moment. Who has it for seconds was stopped in the middle of an append.
fn lock(gate: &File, path: &Path) -> Result<(), Error> {
    for _ in 0..TRIES {
        match gate.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => std::thread::sleep(std::time::Duration::from_millis(20)),
            Err(TryLockError::Error(error)) => return Err(unwritable(path)(error)),
        }
    }
    let why = "another hikkoshi has stopped in the middle of an append, and has it locked; let that process go on, or end it";
    Err(Error::Unwritable(format!("{}: {why}", path.display())))
}

#[expect(clippy::disallowed_methods, reason = "the journal's files are this module's purpose")]
impl Files {
    fn beside(&self, name: &str) -> PathBuf {
        self.path.with_file_name(name)
    }

    fn folder(&self) -> &Path {
        self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
    }

    fn open(path: &Path) -> Result<File, Error> {
        OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path).map_err(unwritable(path))
    }

    /// The lock of the moment, not taken.
    fn gate(&self) -> Result<File, Error> {
        std::fs::create_dir_all(self.folder()).map_err(unwritable(&self.path))?;
        Files::open(&self.beside("lease.lock"))
    }

    fn turn(&self) -> Result<Turn, Error> {
        let gate = self.gate()?;
        lock(&gate, &self.beside("lease.lock"))?;
        Ok(Turn { _gate: gate })
    }

    fn book(&self) -> Result<Book, Error> {
        let path = self.beside("lease.json");
        match std::fs::read(&path) {
            Ok(bytes) => {
                serde_json::from_slice(&bytes).map_err(|error| Error::BadLease { at: path.display().to_string(), why: error.to_string() })
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Book::default()),
            Err(error) => Err(unwritable(&path)(error)),
        }
    }

    /// Writes the book whole or not at all.
    fn write(&self, book: &Book) -> Result<(), Error> {
        let path = self.beside("lease.json");
        let beside = self.beside(".lease.json.new");
        let text = serde_json::to_string(book).unwrap_or_default() + "\n";
        let written = File::create(&beside).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_data()
        });
        let renamed = written.and_then(|()| std::fs::rename(&beside, &path));
        if renamed.is_err() {
            let _ = std::fs::remove_file(&beside);
        }
        renamed.map_err(unwritable(&path))
    }

    fn life(&self, number: u64) -> PathBuf {
        self.beside(&format!("lease-{number}.lock"))
    }

    /// The sign of life of a holder, which lasts as long as the file is open.
    fn live(&self, number: u64) -> Result<File, Error> {
        let path = self.life(number);
        let file = Files::open(&path)?;
        file.try_lock().map_err(|error| Error::Unwritable(format!("{}: {error}", path.display())))?;
        Ok(file)
    }

    fn forget(&self, number: u64) {
        let _ = std::fs::remove_file(self.life(number));
    }

    /// What is seen of the holder. The look is a shared lock, so that two who look don't take each other for it.
    fn sign(&self, book: &Book) -> Sign {
        let Some(lease) = &book.holder else { return Sign::Gone };
        match File::open(self.life(lease.number)).map(|file| file.try_lock_shared()) {
            Ok(Err(TryLockError::WouldBlock)) => Sign::Lives,
            Ok(Err(TryLockError::Error(_))) => Sign::Unseen,
            Ok(Ok(())) => Sign::Gone,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Sign::Gone,
            Err(_) => Sign::Unseen,
        }
    }

    /// The records, how many bytes they are, and how many bytes there are.
    fn records(&self) -> Result<(Vec<Record>, u64, u64), Error> {
        let bytes = match std::fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(unwritable(&self.path)(error)),
        };
        let (records, kept) = records(&self.path, &bytes)?;
        Ok((records, kept as u64, bytes.len() as u64))
    }

    /// Cuts off what a crash tore.
    fn cut(&self, kept: u64) -> Result<(), Error> {
        let cut = |file: File| file.set_len(kept).and_then(|()| file.sync_data());
        OpenOptions::new().write(true).open(&self.path).and_then(cut).map_err(unwritable(&self.path))
    }

    /// The journal's file; made, and made to last, if there is none.
    fn journal(&self) -> std::io::Result<File> {
        let made = !self.path.exists();
        let mut file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&self.path)?;
        if made {
            File::open(self.folder())?.sync_all()?;
        }
        file.seek(SeekFrom::End(0))?;
        Ok(file)
    }

    /// Renames the journal to a name that is not taken: `journal.jsonl.1`.
    fn set_aside(&self) -> Result<(), Error> {
        let free = (1..).map(|n| PathBuf::from(format!("{}.{n}", self.path.display()))).find(|path| !path.exists()).unwrap_or_default();
        std::fs::rename(&self.path, &free).map_err(unwritable(&self.path))
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

/// A journal file that this holder alone may append to.
struct Held {
    files: Files,
    clock: Arc<dyn Clock>,
    number: u64,
    /// The lock of the moment, not taken but to append.
    gate: File,
    /// None until the first record: who only looks leaves no journal behind.
    file: Option<File>,
    last: (u64, String),
    length: u64,
    _alive: File,
}

impl Held {
    /// Does something in a moment in which the lease can't be taken away, if it still counts.
    fn in_turn<T>(&mut self, act: impl FnOnce(&mut Held, Book) -> Result<T, Error>) -> Result<T, Error> {
        lock(&self.gate, &self.files.beside("lease.lock"))?;
        let book = self.files.book().and_then(|book| book.check(self.number).map(|_| ()).map(|()| book));
        let done = book.and_then(|book| act(self, book));
        let _ = self.gate.unlock();
        done
    }

    /// Writes a line, durably, or leaves the file as it was.
    fn write(&mut self, line: &str) -> std::io::Result<()> {
        let length = self.length;
        if self.file.is_none() {
            self.file = Some(self.files.journal()?);
        }
        let Some(file) = self.file.as_mut() else { return Err(std::io::Error::other("no file")) };
        let written = file.write_all(line.as_bytes()).and_then(|()| file.sync_data());
        if written.is_err() {
            // What was half written must not stand between this record and the next.
            let _ = file.set_len(length).and_then(|()| file.seek(SeekFrom::End(0)).map(|_| ()));
        } else {
            self.length += line.len() as u64;
        }
        written
    }

    /// Renews the lease when that is due. That it could not be written is no harm before its time is over.
    fn renew(&self, book: &Book) -> Result<(), Error> {
        let now_ms = self.clock.now_ms();
        if book.check(self.number)?.is_due(now_ms) {
            let (book, _) = book.renewed(self.number, now_ms)?;
            let _ = self.files.write(&book);
        }
        Ok(())
    }
}

impl Journal for Held {
    fn append(&mut self, at: &str, body: &Body) -> Result<(), Error> {
        let record = Record::after((self.last.0, &self.last.1), at, body);
        let mut line = serde_json::to_string(&record).map_err(|error| Error::Unwritable(error.to_string()))?;
        line.push('\n');
        self.in_turn(|held, book| {
            held.write(&line).map_err(unwritable(&held.files.path.clone()))?;
            held.renew(&book)
        })?;
        self.last = (record.seq, record.hash);
        Ok(())
    }

    fn lease(&self) -> u64 {
        self.number
    }

    fn beat(&mut self) -> Result<Option<u64>, Error> {
        self.in_turn(|held, book| held.renew(&book))?;
        Ok(Some(BEAT_MS))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let number = self.number;
        // Whose lease can't be given back is seen to be gone all the same.
        let _ = self.in_turn(|held, book| held.files.write(&book.released(number)?));
        self.files.forget(number);
    }
}
