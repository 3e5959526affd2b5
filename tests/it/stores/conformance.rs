//! What holds of every store.

use std::sync::Arc;

use hikkoshi::clock::{Clock, VirtualClock, rfc3339};
use hikkoshi::journal::approval::{Given, Said};
use hikkoshi::journal::notes;
use hikkoshi::journal::store::{BEAT_MS, Store, TERM_MS, Taken};
use hikkoshi::journal::{Body, Error, Journal};
use hikkoshi::plan::approvals::Point;

/// A store to be tried, opened as often as wanted, as by so many people.
pub trait Bench {
    /// Opens it.
    fn open(&self) -> Arc<dyn Store>;
    /// The clock of its leases.
    fn clock(&self) -> VirtualClock;
    /// Changes a word in a record that is already kept; the place that must be named.
    fn alter(&self, record: u64, from: &str, to: &str) -> String;
}

const BEGIN_MS: u64 = 1_795_000_000_000;

/// The clock on which a bench begins.
pub fn clock() -> VirtualClock {
    VirtualClock::at(BEGIN_MS)
}

/// All of it.
pub fn holds(bench: impl Fn() -> Box<dyn Bench>) {
    for trial in [
        what_is_appended_is_read_back,
        of_two_one_writes,
        a_number_only_grows,
        a_holder_that_beats_keeps_its_lease,
        who_was_paused_writes_nothing_after_a_takeover,
        a_lease_that_nobody_took_is_still_its_holders,
        unlock_needs_the_number,
        an_altered_record_is_named_and_refused_to_all,
        a_journal_moves_whole_and_the_old_one_is_closed,
        what_is_put_aside_makes_room,
        the_journal_shows_who_held_which_lease,
        of_two_who_approve_at_once_none_is_lost,
    ] {
        trial(&*bench());
    }
}

pub fn step(name: &str) -> Body {
    Body::Verified { step: name.to_owned() }
}

pub fn pass(clock: &VirtualClock, ms: u64) {
    let at = clock.now_ms() + ms;
    let mut sleep = clock.sleep_until(at);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    while sleep.as_mut().poll(&mut context).is_pending() {
        clock.advance();
    }
}

pub fn append(journal: &mut Box<dyn Journal>, name: &str) -> Result<(), Error> {
    journal.append(&rfc3339(BEGIN_MS), &step(name))
}

fn steps(store: &dyn Store) -> Vec<String> {
    let records = store.read().expect("it can be read");
    let name = |body: &Body| if let Body::Verified { step } = body { step.clone() } else { format!("{body:?}") };
    records.iter().map(|record| name(&record.body)).collect()
}

#[track_caller]
fn take(bench: &dyn Bench, who: &str) -> Taken {
    bench.open().take(who).unwrap_or_else(|error| panic!("{who} may take it: {error}"))
}

fn refused(bench: &dyn Bench, who: &str) -> Error {
    bench.open().take(who).err().unwrap_or_else(|| panic!("{who} took what another holds"))
}

fn what_is_appended_is_read_back(bench: &dyn Bench) {
    assert!(bench.open().read().expect("an empty store can be read").is_empty());
    let mut one = take(bench, "one");
    assert!(one.records.is_empty() && bench.open().read().expect("it can be read").is_empty());
    for name in ["a", "b", "c"] {
        append(&mut one.journal, name).expect("it is written");
        assert_eq!(steps(&*bench.open()).last().map(String::as_str), Some(name), "durable when append returns");
    }
    drop(one);
    let mut two = take(bench, "two");
    assert_eq!(two.records, bench.open().read().expect("it can be read"));
    append(&mut two.journal, "d").expect("it is written");
    assert_eq!(steps(&*bench.open()), ["a", "b", "c", "d"]);
}

fn of_two_one_writes(bench: &dyn Bench) {
    let mut one = take(bench, "arn:aws:iam::123456789012:user/mika, mika@night-box, process 4711");
    match refused(bench, "two") {
        Error::Locked(lease) => assert_eq!(*lease, one.lease),
        other => panic!("{other}"),
    }
    assert_eq!(bench.open().holder().expect("it can be read").expect("somebody holds it").lease, one.lease);
    append(&mut one.journal, "a").expect("a second one that was refused disturbs nobody");
    drop(one);
    assert_eq!(bench.open().holder().expect("it can be read"), None);
    drop(take(bench, "two"));
}

fn a_number_only_grows(bench: &dyn Bench) {
    let mut last = 0;
    for round in 0..4 {
        let mut taken = take(bench, "one");
        assert!(taken.lease.number > last && taken.journal.lease() == taken.lease.number, "{:?} after {last}", taken.lease);
        last = taken.lease.number;
        if round % 2 == 0 {
            append(&mut taken.journal, "a").expect("it is written");
        }
    }
}

fn a_holder_that_beats_keeps_its_lease(bench: &dyn Bench) {
    let mut one = take(bench, "one");
    for _ in 0..10 {
        pass(&bench.clock(), BEAT_MS);
        assert_eq!(one.journal.beat().expect("it lives"), Some(BEAT_MS));
        assert!(matches!(refused(bench, "two"), Error::Locked(_)));
    }
    let mut at = |seconds: u64, name: &str| {
        pass(&bench.clock(), seconds * 1000);
        append(&mut one.journal, name).expect("it is written");
        assert!(matches!(refused(bench, "two"), Error::Locked(_)), "an append says as much as a beat");
    };
    at(40, "a");
    at(40, "b");
    at(40, "c");
}

fn who_was_paused_writes_nothing_after_a_takeover(bench: &dyn Bench) {
    let mut one = take(bench, "one");
    append(&mut one.journal, "a").expect("it is written");
    pass(&bench.clock(), TERM_MS - 2000);
    assert!(matches!(refused(bench, "two"), Error::Locked(_)), "its minute is not over");
    pass(&bench.clock(), 2001);
    let holder = bench.open().holder().expect("it can be read").expect("it still stands there");
    assert_eq!((holder.lease.number, holder.open), (one.lease.number, Some("its time is over")));
    let mut two = take(bench, "two, from night-box");
    assert_eq!(two.records.len(), 1);
    append(&mut two.journal, "b").expect("it is written");
    for failed in [append(&mut one.journal, "c"), one.journal.beat().map(|_| ()), append(&mut one.journal, "c")] {
        match failed {
            Err(Error::Fenced { number, how }) => {
                assert_eq!(number, one.lease.number);
                assert!(how.contains("two, from night-box") && how.contains(&two.lease.since), "{how}");
            }
            other => panic!("{other:?}"),
        }
    }
    drop(one);
    append(&mut two.journal, "d").expect("who was paused takes nothing with it when it ends");
    assert_eq!(steps(&*bench.open()), ["a", "b", "d"]);
    assert_eq!(bench.open().holder().expect("it can be read").expect("it is held").lease.number, two.lease.number);
}

fn a_lease_that_nobody_took_is_still_its_holders(bench: &dyn Bench) {
    let mut one = take(bench, "one");
    append(&mut one.journal, "a").expect("it is written");
    pass(&bench.clock(), 10 * TERM_MS);
    append(&mut one.journal, "b").expect("nobody has been there");
    assert!(matches!(refused(bench, "two"), Error::Locked(_)), "it is renewed with that");
    assert_eq!(steps(&*bench.open()), ["a", "b"]);
}

fn unlock_needs_the_number(bench: &dyn Bench) {
    let wrong = bench.open().unlock(1, "boss");
    assert!(matches!(wrong, Err(Error::OtherNumber { number: 1, holder: None })), "{wrong:?}");
    let mut one = take(bench, "one");
    for number in [0, one.lease.number + 1] {
        match bench.open().unlock(number, "boss") {
            Err(Error::OtherNumber { holder: Some(holder), .. }) => assert_eq!(*holder, one.lease),
            other => panic!("{other:?}"),
        }
    }
    append(&mut one.journal, "a").expect("it still has its lease");
    assert_eq!(bench.open().unlock(one.lease.number, "boss@desk").expect("that is the number").number, one.lease.number);
    match append(&mut one.journal, "b") {
        Err(Error::Fenced { how, .. }) => assert!(how.contains("boss@desk") && how.contains("hikkoshi unlock"), "{how}"),
        other => panic!("{other:?}"),
    }
    let mut two = take(bench, "two");
    assert!(two.lease.number > one.lease.number);
    append(&mut two.journal, "c").expect("it is written");
    assert_eq!(steps(&*bench.open()), ["a", "c"]);
}

fn an_altered_record_is_named_and_refused_to_all(bench: &dyn Bench) {
    let mut one = take(bench, "one");
    for name in ["a", "b", "c", "d"] {
        append(&mut one.journal, name).expect("it is written");
    }
    drop(one);
    let wanted = bench.alter(3, "\"c\"", "\"z\"");
    for error in [bench.open().read().map(|_| ()), bench.open().take("two").map(|_| ())] {
        match error {
            Err(Error::Damaged { path, line, why, last }) => {
                assert_eq!(format!("{path}:{line}"), wanted);
                assert!(why.contains("record 3 was altered") && last.contains("step b verified"), "{why}; {last}");
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(bench.open().holder().expect("it can be read"), None, "who is refused holds nothing");
    bench.alter(3, "\"z\"", "\"c\"");
    assert_eq!(steps(&*bench.open()), ["a", "b", "c", "d"]);
}

fn a_journal_moves_whole_and_the_old_one_is_closed(bench: &dyn Bench) {
    let mut one = take(bench, "one");
    append(&mut one.journal, "a").expect("it is written");
    let store = bench.open();
    assert!(matches!(store.close(one.lease.number + 1, "elsewhere"), Err(Error::Fenced { .. })));
    store.close(one.lease.number, "elsewhere").expect("its holder may close it");
    let moved = store.moved().expect("it can be read").expect("it was moved");
    assert_eq!((moved.to.as_str(), moved.by.as_str()), ("elsewhere", "one"));
    match append(&mut one.journal, "b") {
        Err(Error::Fenced { how, .. }) => assert!(how.contains("one moved the journal to elsewhere"), "{how}"),
        other => panic!("{other:?}"),
    }
    drop(one);
    assert!(matches!(refused(bench, "two"), Error::Moved(moved) if moved.to == "elsewhere"));
    assert_eq!(steps(&*store), ["a"], "it can still be read");
}

fn what_is_put_aside_makes_room(bench: &dyn Bench) {
    let mut one = take(bench, "one");
    append(&mut one.journal, "a").expect("it is written");
    assert!(matches!(bench.open().set_aside(), Err(Error::Locked(_))), "not under somebody's hands");
    drop(one);
    bench.open().set_aside().expect("nobody holds it");
    assert!(steps(&*bench.open()).is_empty());
    let mut two = take(bench, "two");
    append(&mut two.journal, "b").expect("it is written");
    assert_eq!(steps(&*bench.open()), ["b"]);
}

fn the_journal_shows_who_held_which_lease(bench: &dyn Bench) {
    let mut last = 0;
    for who in ["one", "two"] {
        let mut taken = take(bench, who);
        last = taken.lease.number;
        let began = Body::RunBegan { what: "apply".into(), who: who.into(), lease: last, approved: Vec::new() };
        taken.journal.append(&rfc3339(BEGIN_MS), &began).expect("it is written");
    }
    let records = bench.open().read().expect("it can be read");
    assert!(matches!(&records[1].body, Body::RunBegan { lease, .. } if *lease == last), "{records:?}");
}

/// What somebody says of a plan.
pub fn given(who: &str, said: Said) -> Given {
    Given {
        id: notes::id(BEGIN_MS, who, "same"),
        at: rfc3339(BEGIN_MS),
        who: who.to_owned(),
        typed_by: "somebody@night-box".to_owned(),
        plan: "0123".to_owned(),
        point: Point::Start,
        said,
        reason: None,
    }
}

fn of_two_who_approve_at_once_none_is_lost(bench: &dyn Bench) {
    assert_eq!(bench.open().approvals().all(), Ok(vec![]));
    let mut both = [given("mika", Said::Approved), given("rin", Said::Withdrawn("other".to_owned()))];
    for one in both.iter().chain(&both) {
        bench.open().approvals().post(one).expect("there is room");
    }
    both.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(bench.open().approvals().all(), Ok(both.to_vec()), "each once, and whoever runs reads what others left");
    assert!(bench.open().read().is_ok_and(|records| records.is_empty()) && bench.open().requests().pending() == Ok(vec![]));
}
