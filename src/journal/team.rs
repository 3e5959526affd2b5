//! The journal in an object store, for people on several machines.
//!
//! Each record is an object of its own, `journal/0000000001.json`, written only if it is not there: so the number of
//! the next record is the fence, and of two who append one finds its place taken. `lease.json` is written only in place
//! of the version that was read. Each object has its writer's lease in it, so that a writer that got no answer can tell
//! by reading whether what stands there is its own.

use std::sync::Arc;

use serde_json::Value;

use super::approval::{self, Approvals};
use super::notes::InObjects;
use super::objects::{NotPut, Object, Objects, Unread};
use super::request::{self, Requests};
use super::store::{BEAT_MS, Book, Holder, Lease, Moved, Sign, Store, Taken, Taker, fence};
use super::{Body, Error, Journal, Record, link, seed};
use crate::clock::Clock;

const LEASE: &str = "lease.json";
/// How often a write without an answer is tried, and how often one looks again at what another has changed meanwhile.
const TRIES: u32 = 4;

/// A journal in an object store.
#[derive(Clone)]
pub struct TeamStore {
    objects: Arc<dyn Objects>,
    clock: Arc<dyn Clock>,
    nonce: String,
}

/// A book, and the version of it that was read.
type Read = (Book, Option<String>);

impl TeamStore {
    /// The store under a prefix. The clock is that of leases.
    pub fn new(objects: Arc<dyn Objects>, clock: Arc<dyn Clock>) -> TeamStore {
        let mut bytes = [0; 8];
        // Without chance, number, name and second still tell two leases apart but where all three are the same.
        let _ = getrandom::fill(&mut bytes);
        TeamStore { objects, clock, nonce: format!("{:016x}", u64::from_be_bytes(bytes)) }
    }

    fn at(&self, key: &str) -> String {
        format!("{}/{key}", self.objects.describe())
    }

    fn unread(&self, key: &str) -> impl Fn(Unread) -> Error {
        let at = self.at(key);
        move |Unread(why)| Error::Unreachable { at: at.clone(), why }
    }

    fn book(&self) -> Result<Read, Error> {
        let Some(object) = self.objects.get(LEASE).map_err(self.unread(LEASE))? else { return Ok((Book::default(), None)) };
        let book = serde_json::from_slice(&object.bytes).map_err(|error| Error::BadLease { at: self.at(LEASE), why: error.to_string() })?;
        Ok((book, Some(object.etag)))
    }

    /// Changes the book from the version that is there: looks, decides, writes, and does all of it again if somebody
    /// else came first.
    fn change<T>(&self, decide: impl Fn(&Book) -> Result<(Book, T), Error>) -> Result<T, Error> {
        let mut last = String::new();
        for _ in 0..TRIES {
            let (book, etag) = self.book()?;
            let (next, told) = decide(&book)?;
            let text = serde_json::to_vec(&next).unwrap_or_default();
            match self.put(LEASE, &text, etag.as_deref()) {
                Ok(()) => return Ok(told),
                Err(NotPut::Taken) => last = "others change it all the time".to_owned(),
                Err(NotPut::Lost(why) | NotPut::Refused(why)) => return Err(Error::Unreachable { at: self.at(LEASE), why }),
            }
        }
        Err(Error::Unreachable { at: self.at(LEASE), why: last })
    }

    /// Writes an object in place of a version, or as a new one. Where no answer comes, looking tells: what stands there
    /// is what was to be written, or it is not. So what is written must be unlike what anybody else would write.
    fn put(&self, key: &str, bytes: &[u8], etag: Option<&str>) -> Result<(), NotPut> {
        let mut last = NotPut::Taken;
        for _ in 0..TRIES {
            let put = match etag {
                Some(etag) => self.objects.put_if(key, bytes, etag),
                None => self.objects.put_new(key, bytes),
            };
            match put {
                Ok(_) => return Ok(()),
                Err(NotPut::Refused(why)) => return Err(NotPut::Refused(why)),
                Err(NotPut::Taken) => {
                    let there = self.objects.get(key).map_err(|Unread(why)| NotPut::Lost(why))?;
                    return if there.is_some_and(|object| object.bytes == bytes) { Ok(()) } else { Err(NotPut::Taken) };
                }
                Err(lost) => last = lost,
            }
        }
        Err(last)
    }

    fn folder(book: &Book) -> String {
        if book.aside == 0 { "journal/".to_owned() } else { format!("journal-{}/", book.aside) }
    }

    fn key(book: &Book, seq: u64) -> String {
        format!("{}{seq:010}.json", TeamStore::folder(book))
    }

    /// The records, of which the first are known.
    fn records(&self, book: &Book, mut records: Vec<Record>) -> Result<Vec<Record>, Error> {
        let folder = TeamStore::folder(book);
        let mut keys = self.objects.list(&folder).map_err(self.unread(&folder))?;
        let known = TeamStore::key(book, records.len() as u64);
        keys.retain(|key| *key > known);
        let objects = self.objects.get_all(&keys).map_err(self.unread(&folder))?;
        for (key, object) in keys.iter().zip(objects) {
            let record = self.record(book, key, object.as_ref(), &records)?;
            records.push(record);
        }
        Ok(records)
    }

    /// The record in an object, which must follow those before it.
    fn record(&self, book: &Book, key: &str, object: Option<&Object>, before: &[Record]) -> Result<Record, Error> {
        let damaged = |why: String| Error::Damaged {
            path: self.at(key),
            line: 1,
            why,
            last: before.last().map_or_else(|| "none".to_owned(), Record::words),
        };
        let next = before.len() as u64 + 1;
        if key != TeamStore::key(book, next) {
            return Err(damaged(format!("record {next} should stand before it")));
        }
        let text = object.and_then(|object| std::str::from_utf8(&object.bytes).ok());
        let record: Option<Record> = text.and_then(|text| serde_json::from_str(text).ok());
        let record = record.ok_or_else(|| damaged("this is no record".to_owned()))?;
        link(before, &record).map_err(damaged)?;
        Ok(record)
    }
}

impl Store for TeamStore {
    fn describe(&self) -> String {
        self.objects.describe()
    }

    fn read(&self) -> Result<Vec<Record>, Error> {
        self.records(&self.book()?.0, Vec::new())
    }

    fn requests(&self) -> Box<dyn Requests> {
        Box::new(request::Left(InObjects::new(self.objects.clone(), request::FOLDER)))
    }

    fn approvals(&self) -> Box<dyn Approvals> {
        Box::new(approval::Left(InObjects::new(self.objects.clone(), approval::FOLDER)))
    }

    fn take_as(&self, taker: &Taker<'_>) -> Result<Taken, Error> {
        // What is damaged is taken by nobody; and a lease that was lost goes on from the journal's number.
        let before = self.book()?.0;
        let known = self.records(&before, Vec::new())?;
        let (book, lease) = self.change(|book| {
            let (mut book, lease) = book.take(fence(&known), taker, self.clock.now_ms(), Sign::Unseen)?;
            let lease = Lease { nonce: self.nonce.clone(), ..lease };
            book.holder = Some(lease.clone());
            Ok((book.clone(), (book, lease)))
        })?;
        let known = if book.aside == before.aside { known } else { Vec::new() };
        let mut held = Held { store: self.clone(), number: lease.number, lease: lease.clone(), book, last: (0, seed()) };
        let records = self.records(&held.book, known)?;
        if let Some(record) = records.last() {
            held.last = (record.seq, record.hash.clone());
        }
        Ok(Taken { journal: Box::new(held), records, lease })
    }

    fn holder(&self) -> Result<Option<Holder>, Error> {
        Ok(self.book()?.0.holder(self.clock.now_ms(), Sign::Unseen))
    }

    fn moved(&self) -> Result<Option<Moved>, Error> {
        Ok(self.book()?.0.moved)
    }

    fn unlock(&self, number: u64, by: &str) -> Result<Lease, Error> {
        self.change(|book| book.unlocked(number, by, self.clock.now_ms()))
    }

    fn close(&self, number: u64, to: &str) -> Result<(), Error> {
        self.change(|book| Ok((book.closed(number, to, self.clock.now_ms())?, ())))
    }

    fn reopen(&self, number: u64) -> Result<(), Error> {
        self.change(|book| Ok((book.opened(number)?, ())))
    }

    fn set_aside(&self) -> Result<(), Error> {
        self.change(|book| Ok((book.put_aside(self.clock.now_ms(), Sign::Unseen)?, ())))
    }
}

/// A journal that this holder may append to as long as its lease counts.
struct Held {
    store: TeamStore,
    number: u64,
    /// As it was last renewed.
    lease: Lease,
    book: Book,
    last: (u64, String),
}

impl Held {
    /// Renews the lease where that is due. Who can't do it before its time is over may no longer write.
    fn renew(&mut self) -> Result<(), Error> {
        let now_ms = self.store.clock.now_ms();
        if !self.lease.is_due(now_ms) {
            return Ok(());
        }
        match self.store.change(|book| book.renewed(self.number, now_ms)) {
            Ok(lease) => {
                self.lease = lease;
                Ok(())
            }
            Err(Error::Unreachable { .. }) if !self.lease.is_over(now_ms) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Why a place in the journal is taken: somebody took over.
    fn overtaken(&self, key: &str) -> Error {
        let fenced = |how: String| Error::Fenced { number: self.number, how };
        match self.store.book() {
            Ok((book, _)) => match book.check(self.number) {
                Err(error) => error,
                Ok(_) => {
                    let last = self.store.objects.get(key).ok().flatten();
                    let writer = last.and_then(|object| serde_json::from_slice::<Value>(&object.bytes).ok());
                    let lease = writer.and_then(|record| record["lease"].as_u64()).unwrap_or(0);
                    fenced(format!("lease {lease} has written {} in the meantime", self.store.at(key)))
                }
            },
            Err(error) => fenced(format!("somebody else has written {} in the meantime; {error}", self.store.at(key))),
        }
    }
}

impl Journal for Held {
    fn append(&mut self, at: &str, body: &Body) -> Result<(), Error> {
        // The place may still be free though another holds the lease by now.
        self.store.book()?.0.check(self.number)?;
        self.renew()?;
        let record = Record::after((self.last.0, &self.last.1), at, body);
        let mut object = serde_json::to_value(&record).map_err(|error| Error::Unwritable(error.to_string()))?;
        object["lease"] = Value::from(self.number);
        let key = TeamStore::key(&self.book, record.seq);
        let bytes = serde_json::to_vec(&object).map_err(|error| Error::Unwritable(error.to_string()))?;
        self.store.put(&key, &bytes, None).map_err(|not_put| match not_put {
            NotPut::Taken => self.overtaken(&key),
            NotPut::Lost(why) | NotPut::Refused(why) => Error::Unreachable { at: self.store.at(&key), why },
        })?;
        self.last = (record.seq, record.hash);
        Ok(())
    }

    fn lease(&self) -> u64 {
        self.number
    }

    fn beat(&mut self) -> Result<Option<u64>, Error> {
        self.renew()?;
        Ok(Some(BEAT_MS))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Where that fails, its time ends by itself.
        let _ = self.store.change(|book| Ok((book.released(self.number)?, ())));
    }
}
