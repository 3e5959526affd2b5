//! A journal that moves from one store to another.
//!
//! Both are held meanwhile. What is copied keeps its numbers, times and hashes, so that the copy is read back and held
//! against the original before the original is closed. Whatever breaks off, the same again goes on: a copy that is the
//! beginning of the original is gone on with, an original that is closed already was copied whole. What people approved goes along.

use super::store::{Store, Taker};
use super::{Error, Record};

/// A store, and what one types after `--state` to name it.
pub struct End<'a> {
    /// The store.
    pub store: &'a dyn Store,
    /// Its name.
    pub name: &'a str,
}

/// Moves a journal; the answer is how many records it has.
///
/// # Errors
/// If somebody holds one of the stores, the new one has another journal, or something can't be read or written.
pub fn carry(from: &End<'_>, to: &End<'_>, who: &str) -> Result<usize, Error> {
    if from.store.moved()?.is_some_and(|moved| moved.to == to.name) {
        return open(from, to, who);
    }
    let whole = from.store.take(who)?;
    same(to, &to.store.read()?, &whole.records)?;
    let mut copy = to.store.take_as(&Taker { who, from: Some(from.name) })?;
    if let Err(other) = same(to, &copy.records, &whole.records) {
        to.store.reopen(copy.lease.number)?;
        return Err(other);
    }
    for record in &whole.records[copy.records.len()..] {
        copy.journal.append(&record.at, &record.body)?;
    }
    for given in from.store.approvals().all()? {
        to.store.approvals().post(&given)?;
    }
    let kept = to.store.read()?;
    same(to, &kept, &whole.records)?;
    same(to, &whole.records, &kept)?;
    // From here on the old one takes nothing more; and only then does the new one.
    from.store.close(whole.lease.number, to.name)?;
    to.store.reopen(copy.lease.number)?;
    Ok(kept.len())
}

/// Opens the new store to all, of a journal whose old one is closed: the last thing that could break off.
fn open(from: &End<'_>, to: &End<'_>, who: &str) -> Result<usize, Error> {
    if to.store.moved()?.is_some_and(|moved| moved.to == from.name) {
        let copy = to.store.take_as(&Taker { who, from: Some(from.name) })?;
        to.store.reopen(copy.lease.number)?;
    }
    Ok(to.store.read()?.len())
}

/// Whether a journal is the beginning of another, or all of it.
fn same(at: &End<'_>, begun: &[Record], whole: &[Record]) -> Result<(), Error> {
    match (0..begun.len()).find(|at| whole.get(*at) != Some(&begun[*at])) {
        Some(other) => Err(Error::OtherJournal { at: at.store.describe(), record: other + 1 }),
        None => Ok(()),
    }
}
