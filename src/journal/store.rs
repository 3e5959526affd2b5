//! Where a journal is kept, and who may write it: the port of the stores, and the lease that all of them share.
//!
//! There is one writer. Whoever takes a store gets a lease with a number that only ever grows: the fence. A lease lasts
//! a minute and is renewed by what its holder appends, and by its heartbeat. What is decided about a lease is decided
//! here, from its [`Book`], the time and whether the holder is seen to live; a store reads the book, asks, and writes
//! the answer in one step that nobody else can come between.

use serde::{Deserialize, Serialize};

use super::approval::Approvals;
use super::request::Requests;
use super::{Body, Error, Journal, Record};
use crate::clock::rfc3339;
use crate::model::absent::is_default;

/// How long a lease lasts that nobody renews.
pub const TERM_MS: u64 = 60_000;
/// How often its holder says that it lives.
pub const BEAT_MS: u64 = 15_000;

/// The right to write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The fencing number: greater than that of every lease before.
    pub number: u64,
    /// The caller's ARN, user, host and process.
    pub who: String,
    /// Since when, RFC 3339, UTC.
    pub since: String,
    /// Until when, unless it is renewed.
    pub until: String,
    /// What makes it unlike a lease that another process takes in the same second under the same name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub nonce: String,
}

impl Lease {
    fn begin(number: u64, who: &str, now_ms: u64) -> Lease {
        Lease { number, who: who.to_owned(), since: rfc3339(now_ms), until: rfc3339(now_ms + TERM_MS), nonce: String::new() }
    }

    /// The same, for another term from now on.
    pub fn renewed(&self, now_ms: u64) -> Lease {
        Lease { until: rfc3339(now_ms + TERM_MS), ..self.clone() }
    }

    /// Whether its time is over. One that can't be read never ends by itself.
    pub fn is_over(&self, now_ms: u64) -> bool {
        self.left_ms(now_ms) == Some(0)
    }

    /// Whether the next heartbeat is due.
    pub fn is_due(&self, now_ms: u64) -> bool {
        self.left_ms(now_ms).is_none_or(|left| left <= TERM_MS - BEAT_MS)
    }

    fn left_ms(&self, now_ms: u64) -> Option<u64> {
        let until: jiff::Timestamp = self.until.parse().ok()?;
        Some(u64::try_from(until.as_millisecond()).ok()?.saturating_sub(now_ms))
    }
}

/// A lease that was taken away from its holder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unlocked {
    /// The lease's number.
    pub number: u64,
    /// Who took it away.
    pub by: String,
    /// When.
    pub at: String,
}

/// A journal that goes on elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// Where: what one types after `--state`.
    pub to: String,
    /// Who moved it.
    pub by: String,
    /// When.
    pub at: String,
}

/// What a store knows of its leases.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Book {
    /// The greatest number that was ever given.
    pub number: u64,
    /// Who writes now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<Lease>,
    /// The last lease that `unlock` ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unlocked: Option<Unlocked>,
    /// Where this journal was moved to. It is closed then to all but who brings it back from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<Moved>,
    /// How many journals were put aside before this one.
    #[serde(default, skip_serializing_if = "is_default")]
    pub aside: u64,
}

/// What is seen of a holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// Its process lives.
    Lives,
    /// Its process is gone.
    Gone,
    /// It may be anywhere.
    Unseen,
}

/// Who holds a store, and whether the next one is let in all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its lease.
    pub lease: Lease,
    /// Why the next one may take over; none: it may not.
    pub open: Option<&'static str>,
}

impl Book {
    /// Whether somebody holds the store, and whether the next one is let in all the same.
    pub fn holder(&self, now_ms: u64, sign: Sign) -> Option<Holder> {
        let lease = self.holder.clone()?;
        let open = match sign {
            Sign::Gone => Some("its process is gone"),
            _ if lease.is_over(now_ms) => Some("its time is over"),
            _ => None,
        };
        Some(Holder { lease, open })
    }

    /// The book with a new lease for somebody. `least` is the greatest number in the journal, for a book that was lost.
    ///
    /// # Errors
    /// If somebody else holds the store, or it has moved.
    pub fn take(&self, least: u64, taker: &Taker<'_>, now_ms: u64, sign: Sign) -> Result<(Book, Lease), Error> {
        let moved = match (self.moved.clone(), taker.from) {
            (Some(moved), None) => return Err(Error::Moved(Box::new(moved))),
            // Until all of it is here it is there where it comes from.
            (_, Some(from)) => Some(Moved { to: from.to_owned(), by: taker.who.to_owned(), at: rfc3339(now_ms) }),
            (None, None) => None,
        };
        if let Some(Holder { lease, open: None }) = self.holder(now_ms, sign) {
            return Err(Error::Locked(Box::new(lease)));
        }
        let number = self.number.max(least) + 1;
        let lease = Lease::begin(number, taker.who, now_ms);
        Ok((Book { number, holder: Some(lease.clone()), moved, ..self.clone() }, lease))
    }

    /// The lease of that number, if it is still the one that counts.
    ///
    /// # Errors
    /// If it is not: who has the store now.
    pub fn check(&self, number: u64) -> Result<&Lease, Error> {
        match &self.holder {
            Some(lease) if lease.number == number => Ok(lease),
            holder => Err(Error::Fenced { number, how: self.how_lost(number, holder.as_ref()) }),
        }
    }

    fn how_lost(&self, number: u64, holder: Option<&Lease>) -> String {
        match (holder, &self.unlocked, &self.moved) {
            (None, _, Some(moved)) => format!("{} moved the journal to {} at {}", moved.by, moved.to, moved.at),
            (Some(next), ..) => format!("{} took over with lease {} at {}", next.who, next.number, next.since),
            (None, Some(key), _) if key.number == number => format!("{} ended it with `hikkoshi unlock` at {}", key.by, key.at),
            (None, ..) => format!("a run with lease {} has been there since, and has ended", self.number),
        }
    }

    /// The book with the lease of that number renewed.
    ///
    /// # Errors
    /// If it is not the one that counts any more.
    pub fn renewed(&self, number: u64, now_ms: u64) -> Result<(Book, Lease), Error> {
        let lease = self.check(number)?.renewed(now_ms);
        Ok((Book { holder: Some(lease.clone()), ..self.clone() }, lease))
    }

    /// The book without the lease of that number, which its holder gives back.
    ///
    /// # Errors
    /// If it is not the one that counts any more.
    pub fn released(&self, number: u64) -> Result<Book, Error> {
        self.check(number).map(|_| Book { holder: None, ..self.clone() })
    }

    /// The book without its lease, which somebody else takes away.
    ///
    /// # Errors
    /// If that is not the holder's number.
    pub fn unlocked(&self, number: u64, by: &str, now_ms: u64) -> Result<(Book, Lease), Error> {
        match &self.holder {
            Some(lease) if lease.number == number => {
                let key = Unlocked { number, by: by.to_owned(), at: rfc3339(now_ms) };
                Ok((Book { holder: None, unlocked: Some(key), ..self.clone() }, lease.clone()))
            }
            holder => Err(Error::OtherNumber { number, holder: holder.clone().map(Box::new) }),
        }
    }

    /// The book of a journal that goes on elsewhere.
    ///
    /// # Errors
    /// If that is not the holder's number.
    pub fn closed(&self, number: u64, to: &str, now_ms: u64) -> Result<Book, Error> {
        let moved = Moved { to: to.to_owned(), by: self.check(number)?.who.clone(), at: rfc3339(now_ms) };
        Ok(Book { holder: None, moved: Some(moved), ..self.clone() })
    }

    /// The book of a journal that is here, wherever it was.
    ///
    /// # Errors
    /// If that is not the holder's number.
    pub fn opened(&self, number: u64) -> Result<Book, Error> {
        self.check(number).map(|_| Book { moved: None, ..self.clone() })
    }

    /// The book for a new journal; the old one is put aside.
    ///
    /// # Errors
    /// If somebody holds the store, or it has moved.
    pub fn put_aside(&self, now_ms: u64, sign: Sign) -> Result<Book, Error> {
        let (book, _) = self.take(0, &Taker { who: "", from: None }, now_ms, sign)?;
        Ok(Book { holder: None, aside: self.aside + 1, ..book })
    }
}

/// Who takes a store.
#[derive(Clone, Copy, Debug)]
pub struct Taker<'a> {
    /// The caller's ARN, user, host and process.
    pub who: &'a str,
    /// The store that the journal is brought from, if it is: what one types after `--state`.
    pub from: Option<&'a str>,
}

/// A store that was taken.
pub struct Taken {
    /// The journal, for this holder alone.
    pub journal: Box<dyn Journal>,
    /// Its records so far.
    pub records: Vec<Record>,
    /// The lease.
    pub lease: Lease,
}

/// Where a journal is kept.
pub trait Store: Send + Sync {
    /// What people call it: a path or an address.
    fn describe(&self) -> String;

    /// Reads the records; none if there are none. It needs no lease.
    ///
    /// # Errors
    /// If the journal is damaged or can't be read.
    fn read(&self) -> Result<Vec<Record>, Error>;

    /// Takes the lease. It ends when the journal is dropped.
    ///
    /// # Errors
    /// If somebody else holds it, the journal is damaged, has moved, or can't be reached.
    fn take(&self, who: &str) -> Result<Taken, Error> {
        self.take_as(&Taker { who, from: None })
    }

    /// The same for who brings the journal from elsewhere. Until it is opened ([`Store::reopen`]), nobody else takes it.
    ///
    /// # Errors
    /// As [`Store::take`].
    fn take_as(&self, taker: &Taker<'_>) -> Result<Taken, Error>;

    /// Who holds it.
    ///
    /// # Errors
    /// If the store can't be read.
    fn holder(&self) -> Result<Option<Holder>, Error>;

    /// Where the journal was moved to, if it was.
    ///
    /// # Errors
    /// If the store can't be read.
    fn moved(&self) -> Result<Option<Moved>, Error>;

    /// Ends the lease of that number, whoever holds it; the lease that was ended.
    ///
    /// # Errors
    /// If nobody holds a lease of that number.
    fn unlock(&self, number: u64, by: &str) -> Result<Lease, Error>;

    /// Ends a journal that goes on elsewhere: nobody can take it any more.
    ///
    /// # Errors
    /// If that is not the holder's number.
    fn close(&self, number: u64, to: &str) -> Result<(), Error>;

    /// Opens a journal that was brought from elsewhere to all.
    ///
    /// # Errors
    /// If that is not the holder's number.
    fn reopen(&self, number: u64) -> Result<(), Error>;

    /// Where people leave what they ask of the run.
    fn requests(&self) -> Box<dyn Requests>;

    /// Where people leave what they approve.
    fn approvals(&self) -> Box<dyn Approvals>;

    /// Puts the journal aside, so that the next one begins empty. Nothing is deleted.
    ///
    /// # Errors
    /// If somebody holds it.
    fn set_aside(&self) -> Result<(), Error>;
}

/// The greatest fencing number in a journal.
pub(super) fn fence(records: &[Record]) -> u64 {
    let number = |record: &Record| if let Body::RunBegan { lease, .. } = record.body { lease } else { 0 };
    records.iter().map(number).max().unwrap_or(0)
}
