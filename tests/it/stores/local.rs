//! The journal in a local file.

use std::path::PathBuf;
use std::sync::Arc;

use hikkoshi::clock::{VirtualClock, rfc3339};
use hikkoshi::journal::local::LocalStore;
use hikkoshi::journal::store::Store;
use hikkoshi::journal::{Body, Error};
use tempfile::TempDir;

use super::conformance::{self, Bench, append};

pub struct Local {
    scratch: TempDir,
    clock: VirtualClock,
}

impl Local {
    pub fn new() -> Local {
        Local { scratch: TempDir::new().expect("a scratch directory"), clock: conformance::clock() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join("plans").join(name)
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }
}

impl Bench for Local {
    fn open(&self) -> Arc<dyn Store> {
        Arc::new(LocalStore::new(&self.path("journal.jsonl"), Arc::new(self.clock.clone())))
    }

    fn clock(&self) -> VirtualClock {
        self.clock.clone()
    }

    fn alter(&self, record: u64, from: &str, to: &str) -> String {
        let text = self.text("journal.jsonl");
        assert!(text.contains(from));
        std::fs::write(self.path("journal.jsonl"), text.replacen(from, to, 1)).expect("the scratch directory is writable");
        format!("{}:{record}", self.path("journal.jsonl").display())
    }
}

#[test]
fn the_local_store_holds() {
    conformance::holds(|| Box::new(Local::new()));
}

#[test]
fn whose_process_is_gone_is_followed_at_once() {
    let local = Local::new();
    let mut one = local.open().take("one").expect("nobody holds it");
    append(&mut one.journal, "a").expect("it is written");
    let dead = std::fs::read(local.path("lease.json")).expect("there is a lease");
    drop(one);
    // As a killed process leaves it: the lease stands there, and nobody has its lock.
    std::fs::write(local.path("lease.json"), dead).expect("the scratch directory is writable");
    std::fs::write(local.path("lease-1.lock"), "").expect("the scratch directory is writable");
    assert_eq!(local.open().holder().expect("it can be read").expect("it stands there").open, Some("its process is gone"));
    let two = local.open().take("two").expect("its holder is dead");
    assert_eq!((two.lease.number, two.records.len()), (2, 1));
    assert!(!local.path("lease-1.lock").exists(), "nothing of the dead is left behind");
    drop(two);
    assert!(!local.path("lease-2.lock").exists());
}

#[test]
fn a_lost_lease_goes_on_from_the_journals_number_and_a_damaged_one_is_named() {
    let local = Local::new();
    let mut one = local.open().take("one").expect("nobody holds it");
    one.journal
        .append(&rfc3339(0), &Body::RunBegan { what: "apply".into(), who: "one".into(), lease: 7, approved: Vec::new() })
        .expect("it is written");
    drop(one);
    std::fs::write(local.path("lease.json"), "{").expect("the scratch directory is writable");
    for error in [local.open().take("two").err(), local.open().holder().err()] {
        assert!(matches!(&error, Some(Error::BadLease { at, .. }) if at.ends_with("lease.json")), "{error:?}");
    }
    std::fs::remove_file(local.path("lease.json")).expect("it is there");
    assert_eq!(local.open().take("two").expect("nobody holds it").lease.number, 8);
}

#[test]
fn a_torn_last_record_is_cut_off_by_the_next_holder() {
    let local = Local::new();
    let mut one = local.open().take("one").expect("nobody holds it");
    append(&mut one.journal, "a").expect("it is written");
    drop(one);
    let sound = local.text("journal.jsonl");
    std::fs::write(local.path("journal.jsonl"), format!("{sound}{{\"seq\":2,")).expect("the scratch directory is writable");
    assert_eq!(local.open().read().expect("it can be read").len(), 1);
    let mut two = local.open().take("two").expect("nobody holds it");
    assert_eq!(local.text("journal.jsonl"), sound);
    append(&mut two.journal, "b").expect("it is written");
    assert_eq!(local.open().read().expect("it can be read").len(), 2);
}

#[test]
fn many_who_come_at_once_let_one_in() {
    let local = Local::new();
    let stores: Vec<_> = (0..8).map(|_| local.open()).collect();
    let taken: Vec<_> = std::thread::scope(|scope| {
        let all: Vec<_> = stores.iter().map(|store| scope.spawn(|| store.take("somebody"))).collect();
        all.into_iter().map(|one| one.join().expect("nobody panics")).collect()
    });
    assert_eq!(taken.iter().filter(|one| one.is_ok()).count(), 1);
    assert!(taken.iter().all(|one| matches!(one, Ok(_) | Err(Error::Locked(_)))));
}
