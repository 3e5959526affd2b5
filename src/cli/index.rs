//! What `status` tells, kept beside plan and journal: `plans/<name>/.cache/index`, so that it is told in milliseconds.
//!
//! It is believed as long as plan, journal, and what the plan was made from are, by length, inode and the times of their last
//! changes, the very files that it was made of; where a time is too close to the index's own to tell, or is another one, the
//! files' bytes are hashed and compared. If anything is not the same, everything is read, the journal's chain checked record
//! by record, and the index made anew.
//!
//! What this way does not see: bytes that changed on the disk without the file system's doing (a bad block, a mounted image
//! edited from outside). `apply`, `rollback`, `verify`, `log`, `status --json` and `status --watch` read and check everything,
//! each time. An index that a person writes, with the right hashes in it, is believed: it is on the reader's own disk, decides
//! nothing, and no run reads it. A journal in a bucket has none.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::place::{self, Place};
use super::store::Site;
use crate::plan::{sha256, sha256_of};
use crate::report::status::View;

/// How much older than the index a file's last change must be for its times to tell: file systems' clocks tick in milliseconds.
const TICK_NS: i64 = 20_000_000;

/// The index.
#[derive(Serialize, Deserialize)]
struct Index {
    /// Which version of the program made it: another one may tell other things.
    version: String,
    /// Each file that it was made of: as it was; none: it was not there.
    files: BTreeMap<String, Option<Kept>>,
    /// What is told.
    view: View,
    /// Hash of all that: it was written whole, and is as it was written.
    check: String,
}

/// A file as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    stamp: Stamp,
    sha256: String,
}

/// What the file system says of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    length: u64,
    inode: u64,
    changed_ns: i64,
    written_ns: i64,
}

/// Files as the file system shows them at one moment.
pub type Stamps = BTreeMap<String, Option<Stamp>>;

/// What the file system says of a file now; nothing of one that is not there.
#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "the working directory's files are what the index is of")]
pub fn stamp(path: &Path) -> Option<Stamp> {
    use std::os::unix::fs::MetadataExt;
    let seen = std::fs::metadata(path).ok()?;
    let ns = |s: i64, ns: i64| s * 1_000_000_000 + ns;
    let (changed_ns, written_ns) = (ns(seen.ctime(), seen.ctime_nsec()), ns(seen.mtime(), seen.mtime_nsec()));
    Some(Stamp { length: seen.len(), inode: seen.ino(), changed_ns, written_ns })
}

/// Where the file system tells less, nothing is kept.
#[cfg(not(unix))]
pub fn stamp(_: &Path) -> Option<Stamp> {
    None
}

/// The files that `status` tells of, by name.
fn files(place: &Place) -> [(&'static str, PathBuf); 6] {
    [
        ("journal", place.journal_path()),
        ("plan", place.plan_path()),
        ("intent", place.intent_path()),
        ("inventory", place.inventory_path()),
        ("flows", place.flows_path()),
        ("state", place.state_path()),
    ]
}

/// The files as they are now.
pub fn stamps(place: &Place) -> Stamps {
    files(place).into_iter().map(|(name, path)| (name.to_owned(), stamp(&path))).collect()
}

/// Whether there is an index at all: of a journal in a file.
pub fn is_local(place: &Place) -> bool {
    matches!(place.site(), Ok(Site::Local))
}

fn hash(path: &Path) -> Option<String> {
    Some(sha256(place::read(path).ok()?.as_bytes()))
}

/// What was kept, if it is of the files as they are now.
pub fn read(place: &Place) -> Option<View> {
    if !is_local(place) {
        return None;
    }
    let made_ns = stamp(&place.index_path())?.changed_ns;
    let index: Index = serde_json::from_str(&place::read(&place.index_path()).ok()?).ok()?;
    let whole = check(&index.version, &index.files, &index.view) == index.check;
    if !whole || index.version != env!("CARGO_PKG_VERSION") {
        return None;
    }
    let mut looked = false;
    for (name, path) in files(place) {
        match (index.files.get(name)?, stamp(&path)) {
            (None, None) => {}
            (Some(kept), Some(now)) if kept.stamp == now && now.changed_ns + TICK_NS < made_ns => {}
            (Some(kept), Some(now)) if kept.stamp.length == now.length && hash(&path).as_ref() == Some(&kept.sha256) => looked = true,
            _ => return None,
        }
    }
    if looked {
        // The next one need not hash again.
        keep(place, &stamps(place), &index.view);
    }
    tracing::debug!("told from the index: plan and journal are the files that it was made of");
    Some(index.view)
}

fn check(version: &str, files: &BTreeMap<String, Option<Kept>>, view: &View) -> String {
    sha256_of(&(version, files, view))
}

/// What is kept is of this machine: its folder tells git so by itself.
fn ignored(path: &Path) -> Result<(), Failure> {
    let note = path.with_file_name(".gitignore");
    if stamp(&note).is_some() { Ok(()) } else { place::write_lightly(&note, "*\n") }
}

/// Keeps what is told of the files as they were at that moment; if they are others by now, nothing is kept. It only saves time:
/// where it can't be written, nobody is held up.
pub fn keep(place: &Place, then: &Stamps, view: &View) {
    if !is_local(place) || then.get("journal").copied().flatten().is_none() {
        return;
    }
    let mut kept: BTreeMap<String, Option<Kept>> = BTreeMap::new();
    for (name, path) in files(place) {
        let stamp = then.get(name).copied().flatten();
        let Some(kept_file) = stamp.map(|stamp| hash(&path).map(|sha256| Kept { stamp, sha256 })) else {
            kept.insert(name.to_owned(), None);
            continue;
        };
        let Some(kept_file) = kept_file else { return };
        kept.insert(name.to_owned(), Some(kept_file));
    }
    if stamps(place) != *then {
        return;
    }
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let index = Index { check: check(&version, &kept, view), version, files: kept, view: view.clone() };
    let text = serde_json::to_string(&index).unwrap_or_default() + "\n";
    let written = ignored(&place.index_path()).and_then(|()| place::write_lightly(&place.index_path(), &text));
    if let Err(failure) = written {
        tracing::debug!("what status tells is not kept: {}", failure.message);
    }
}
