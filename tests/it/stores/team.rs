//! The journal in an object store that several share.

use std::sync::Arc;

use hikkoshi::clock::{Clock, VirtualClock};
use hikkoshi::journal::Error;
use hikkoshi::journal::request::{Asked, Request};
use hikkoshi::journal::store::{BEAT_MS, Store, TERM_MS};
use hikkoshi::journal::team::TeamStore;

use super::bucket::{Bucket, Fate};
use super::conformance::{self, Bench, append};

pub struct Team {
    pub bucket: Bucket,
    clock: VirtualClock,
}

impl Team {
    pub fn new() -> Team {
        Team { bucket: Bucket::default(), clock: conformance::clock() }
    }
}

impl Bench for Team {
    fn open(&self) -> Arc<dyn Store> {
        Arc::new(TeamStore::new(Arc::new(self.bucket.clone()), Arc::new(self.clock.clone())))
    }

    fn clock(&self) -> VirtualClock {
        self.clock.clone()
    }

    fn alter(&self, record: u64, from: &str, to: &str) -> String {
        let key = key(record);
        let text = self.bucket.text(&key);
        assert!(text.contains(from));
        self.bucket.set(&key, Some(text.replacen(from, to, 1).into_bytes()));
        format!("s3://night/shop/{key}:1")
    }
}

fn key(record: u64) -> String {
    format!("journal/{record:010}.json")
}

#[test]
fn the_team_store_holds() {
    conformance::holds(|| Box::new(Team::new()));
}

/// Takes the store, writes three records, gives it back.
fn a_run(team: &Team) -> Result<(), Error> {
    let mut taken = team.open().take("one")?;
    for name in ["a", "b", "c"] {
        append(&mut taken.journal, name)?;
    }
    Ok(())
}

#[test]
fn a_write_whose_answer_is_lost_is_settled_by_looking() {
    let undisturbed = Team::new();
    a_run(&undisturbed).expect("nothing is in its way");
    let (wanted, puts) = (undisturbed.open().read().expect("it can be read"), undisturbed.bucket.puts());
    assert_eq!((wanted.len(), puts), (3, 5), "a lease, three records, the lease back");
    for fate in [Fate::Drop, Fate::Lose] {
        for at in 0..puts {
            for times in 1..=3 {
                let team = Team::new();
                team.bucket.next((0..at).map(|_| Fate::Pass).chain((0..times).map(|_| fate)));
                a_run(&team).unwrap_or_else(|error| panic!("{times} times {fate:?} at write {at}: {error}"));
                assert_eq!(team.open().read().expect("it can be read"), wanted, "{times} times {fate:?} at write {at}");
                assert_eq!(team.open().holder().expect("it can be read"), None, "{times} times {fate:?} at write {at}");
            }
        }
    }
}

#[test]
fn a_write_that_is_never_answered_stops_the_run_and_the_next_one_goes_on() {
    for fate in [Fate::Drop, Fate::Refuse] {
        for at in 0..4_usize {
            let team = Team::new();
            team.bucket.next((0..at).map(|_| Fate::Pass).chain((0..4).map(|_| fate)));
            let failed = a_run(&team);
            assert!(matches!(failed, Err(Error::Unreachable { .. })), "{fate:?} at write {at}: {failed:?}");
            team.bucket.next([]);
            let names = team.open().read().expect("it can be read").len();
            assert_eq!(names, at.saturating_sub(1), "what was written before is there, {fate:?} at write {at}");
            // Where the lease could not be given back either, it ends by itself.
            conformance::pass(&team.clock, TERM_MS);
            a_run(&team).unwrap_or_else(|error| panic!("{fate:?} at write {at}: {error}"));
            assert_eq!(team.open().read().expect("it can be read").len(), names + 3);
        }
    }
}

#[test]
fn of_two_who_append_the_same_at_the_same_time_the_second_is_stopped() {
    let (team, twin) = (Team::new(), Team::new());
    a_run(&twin).expect("nothing is in its way");
    let mut one = team.open().take("one").expect("nobody holds it");
    append(&mut one.journal, "a").expect("it is written");
    // The very record, but another writer's: as if the lease had been taken between the look at it and the write.
    let own = twin.bucket.text(&key(2));
    let other = own.replace("\"lease\":1", "\"lease\":9");
    assert_ne!(own, other);
    team.bucket.set(&key(2), Some(other.into_bytes()));
    match append(&mut one.journal, "b") {
        Err(Error::Fenced { number: 1, how }) => assert!(how.contains("lease 9") && how.contains(&key(2)), "{how}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_record_that_is_missing_is_named() {
    let team = Team::new();
    a_run(&team).expect("nothing is in its way");
    let second = team.bucket.text(&key(2));
    team.bucket.set(&key(2), None);
    match team.open().read() {
        Err(Error::Damaged { path, why, .. }) => {
            assert!(path.ends_with(&key(3)) && why.contains("record 2 should stand before it"), "{path}: {why}")
        }
        other => panic!("{other:?}"),
    }
    team.bucket.set(&key(2), Some(b"garbage".to_vec()));
    assert!(matches!(team.open().read(), Err(Error::Damaged { why, .. }) if why == "this is no record"));
    team.bucket.set(&key(2), Some(second.into_bytes()));
    assert_eq!(team.open().read().expect("it is whole again").len(), 3);
}

#[test]
fn who_cannot_reach_the_store_keeps_its_lease_until_its_time_is_over_and_no_longer() {
    let team = Team::new();
    let mut one = team.open().take("one").expect("nobody holds it");
    let later = |ms| {
        let store = TeamStore::new(Arc::new(team.bucket.clone()), Arc::new(VirtualClock::at(ms)));
        store.take("two").map(|taken| taken.lease.number)
    };
    conformance::pass(&team.clock, BEAT_MS);
    team.bucket.deaf(true);
    assert_eq!(one.journal.beat().expect("a beat may be missed"), Some(BEAT_MS));
    assert!(matches!(append(&mut one.journal, "a"), Err(Error::Unreachable { .. })), "but nothing is written unseen");
    conformance::pass(&team.clock, TERM_MS);
    assert!(matches!(one.journal.beat(), Err(Error::Unreachable { .. })));
    team.bucket.deaf(false);
    assert_eq!(later(team.clock.now_ms()).expect("its time is over"), 2);
    assert!(matches!(one.journal.beat(), Err(Error::Fenced { .. })));
}

#[test]
fn what_is_asked_of_a_run_is_left_beside_its_journal() {
    let team = Team::new();
    let (there, here) = (team.open().requests(), team.open().requests());
    let pause = Request::new(1_000, "2026-11-24T02:00:01Z", "mika@box", "1", Asked::Pause);
    let resume = Request::new(2_000, "2026-11-24T02:00:02Z", "rin@box", "1", Asked::Resume);
    team.bucket.next([Fate::Lose]);
    there.post(&pause).expect("the answer was lost, and it is there");
    there.post(&resume).expect("it is written");
    assert_eq!(here.pending(), Ok(vec![pause.clone(), resume.clone()]));
    here.settle(&pause.id).expect("it is there");
    here.settle(&pause.id).expect("and it does not matter that it is gone");
    assert_eq!(there.pending(), Ok(vec![resume]));
    assert_eq!(team.open().read().expect("an empty journal").len(), 0, "requests are no records");
    team.bucket.next([Fate::Drop]);
    assert!(there.post(&pause).is_err(), "what is not there was not asked");
    team.bucket.deaf(true);
    assert!(here.pending().expect_err("nobody answers").to_string().starts_with("s3://night/shop/requests/"));
}
