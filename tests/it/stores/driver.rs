//! The real driver under a lease, in virtual time: hours in which it waits for minutes at a time.

use std::sync::{Arc, Mutex};

use hikkoshi::clock::{Clock, VirtualClock};
use hikkoshi::execute::driver::{End, Run, Stop, run};
use hikkoshi::execute::event::{Event, What};
use hikkoshi::journal::local::LocalStore;
use hikkoshi::journal::store::{Store, TERM_MS, Taken};
use hikkoshi::journal::team::TeamStore;
use hikkoshi::journal::{Body, Error};
use tempfile::TempDir;

use super::bucket::Bucket;
use crate::support::account::{block_on, spine};
use crate::support::lab::{ALL, Lab, plan_of};

/// Opens a store under some clock.
type Open<'a> = &'a (dyn Fn(VirtualClock) -> Arc<dyn Store> + Sync);

/// Each sort of store, opened as often as wanted.
fn each(trial: impl Fn(Open<'_>)) {
    let scratch = TempDir::new().expect("a scratch directory");
    let path = scratch.path().join("journal.jsonl");
    trial(&|clock| Arc::new(LocalStore::new(&path, Arc::new(clock))));
    let bucket = Bucket::default();
    trial(&|clock| Arc::new(TeamStore::new(Arc::new(bucket.clone()), Arc::new(clock))));
}

/// Runs a plan under the lease of a store whose clock is that of the run.
fn go(lab: &Lab<'_>, taken: Taken, tell: &(dyn Fn(&Event) + Sync)) -> End {
    let stop = Stop::default();
    let opening = Body::Opened { id: "test".into(), migration: "shop".into(), plan: "hash".into(), version: "0".into() };
    let whole = Run { tell, opening, ..Run::alone(lab.plan, &taken.records, &lab.cloud, &lab.clock, &stop, ALL, "one") };
    block_on(run(whole, taken.journal))
}

#[test]
fn a_run_of_hours_keeps_its_lease_from_the_first_record_to_the_last() {
    let docs = spine();
    let plan = plan_of(&docs, "");
    each(|open| {
        let lab = Lab::new(&docs, &plan);
        let begun_ms = lab.clock.now_ms();
        let taken = open(lab.clock.clone()).take("one").expect("nobody holds it");
        let looks = Mutex::new(0);
        let end = go(&lab, taken, &|event| {
            *looks.lock().expect("nobody panics in here") += 1;
            let other = open(lab.clock.clone()).take("two").err();
            assert!(matches!(other, Some(Error::Locked(_))), "at {event:?}: {other:?}");
        });
        assert!(matches!(end, End::Reached), "{end:?}");
        assert!(lab.clock.now_ms() - begun_ms > 30 * TERM_MS, "there was something to hold out for");
        assert!(looks.into_inner().expect("nobody panics in here") > plan.steps.len());
        drop(open(lab.clock.clone()).take("two").expect("it ends with the run"));
    });
}

#[test]
fn a_run_that_is_followed_by_another_makes_no_further_call() {
    let docs = spine();
    let plan = plan_of(&docs, "");
    let waits = plan.steps.iter().filter(|step| !step.wait.is_empty()).count();
    for at in [1, waits / 2] {
        each(|open| {
            let lab = Lab::new(&docs, &plan);
            let taken = open(lab.clock.clone()).take("one").expect("nobody holds it");
            let number = taken.lease.number;
            let (seen, two) = (Mutex::new(0), Mutex::new(None));
            let end = go(&lab, taken, &|event| {
                let mut seen = seen.lock().expect("nobody panics in here");
                *seen += usize::from(matches!(event.what, What::Waiting { .. }));
                let mut two = two.lock().expect("nobody panics in here");
                if *seen == at && two.is_none() {
                    // Whose clock is a minute ahead finds the lease over, as after a pause.
                    let later = VirtualClock::at(lab.clock.now_ms() + TERM_MS + 1000);
                    *two = Some((open(later).take("two").expect("its time is over"), lab.cloud.mutating()));
                }
            });
            let (_two, calls) = two.into_inner().expect("nobody panics in here").expect("there is that many waits");
            assert!(matches!(&end, End::Journal(Error::Fenced { number: lost, how }) if *lost == number && how.contains("two")), "{end:?}");
            assert_eq!(lab.cloud.mutating(), calls, "nothing is called after that");
        });
    }
}
