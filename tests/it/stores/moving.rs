//! A journal that moves from one store to another, and back, and breaks off on the way.

use std::sync::Arc;

use hikkoshi::journal::approval::Said;
use hikkoshi::journal::moving::{End, carry};
use hikkoshi::journal::store::{Store, TERM_MS};
use hikkoshi::journal::{Error, Record};

use super::bucket::Fate;
use super::conformance::{self, Bench, append, pass};
use super::local::Local;
use super::team::Team;

const AT: &str = "s3://night/shop";

struct Two {
    local: Local,
    team: Team,
}

impl Two {
    /// A local journal of three records, and an empty bucket.
    fn begun() -> Two {
        let two = Two { local: Local::new(), team: Team::new() };
        let mut taken = two.local.open().take("one").expect("nobody holds it");
        for name in ["a", "b", "c"] {
            append(&mut taken.journal, name).expect("it is written");
        }
        two
    }

    fn stores(&self) -> [Arc<dyn Store>; 2] {
        [self.local.open(), self.team.open()]
    }

    fn to_team(&self) -> Result<usize, Error> {
        let [local, team] = self.stores();
        carry(&End { store: &*local, name: "local" }, &End { store: &*team, name: AT }, "mika@box")
    }

    fn to_local(&self) -> Result<usize, Error> {
        let [local, team] = self.stores();
        carry(&End { store: &*team, name: AT }, &End { store: &*local, name: "local" }, "mika@box")
    }

    /// Which stores can be written: there must never be two.
    fn open(&self) -> [bool; 2] {
        // Leases that a break left behind end.
        pass(&self.local.clock(), TERM_MS);
        pass(&self.team.clock(), TERM_MS);
        self.stores().map(|store| match store.take("somebody") {
            Ok(_) => true,
            Err(Error::Moved(_)) => false,
            Err(other) => panic!("{other}"),
        })
    }

    fn local(&self) -> Vec<Record> {
        self.local.open().read().expect("it can be read")
    }

    fn team(&self) -> Vec<Record> {
        self.team.open().read().expect("it can be read")
    }
}

#[test]
fn a_journal_moves_there_and_back_with_what_was_added_meanwhile() {
    let two = Two::begun();
    let whole = two.local();
    let approval = conformance::given("mika", Said::Approved);
    two.local.open().approvals().post(&approval).expect("there is room");
    assert_eq!(two.to_team().expect("nothing is in its way"), 3);
    assert_eq!((two.team(), two.open()), (whole.clone(), [false, true]));
    assert_eq!(two.team.open().approvals().all(), Ok(vec![approval]), "what people approved goes along");
    append(&mut two.team.open().take("two").expect("it is open").journal, "d").expect("it is written");
    assert_eq!(two.to_local().expect("nothing is in its way"), 4);
    assert_eq!((two.local(), two.open()), (two.team(), [true, false]));
    assert_eq!(two.local()[..3], whole[..]);
    append(&mut two.local.open().take("one").expect("it is open").journal, "e").expect("it is written");
    assert_eq!(two.to_team().expect("nothing is in its way"), 5);
    assert_eq!((two.team(), two.open()), (two.local(), [false, true]));
}

#[test]
fn wherever_a_move_breaks_off_the_same_again_ends_it_and_never_are_two_open() {
    type Move = fn(&Two) -> Result<usize, Error>;
    let moves: [(Move, [bool; 2]); 2] = [(Two::to_team, [false, true]), (Two::to_local, [true, false])];
    for (back, (go, wanted)) in moves.into_iter().enumerate() {
        let begun = || {
            let two = Two::begun();
            if back == 1 {
                two.to_team().expect("nothing is in its way");
                append(&mut two.team.open().take("two").expect("it is open").journal, "d").expect("it is written");
            }
            two
        };
        let undisturbed = begun();
        let (before, whole) = (undisturbed.team.bucket.puts(), if back == 1 { undisturbed.team() } else { undisturbed.local() });
        go(&undisturbed).expect("nothing is in its way");
        let puts = undisturbed.team.bucket.puts() - before;
        assert!(puts > 1, "{puts}");
        for (fate, at) in [Fate::Drop, Fate::Lose].into_iter().flat_map(|fate| (0..puts).map(move |at| (fate, at))) {
            let context = format!("way {back}, all from {at} on: {fate:?}");
            let two = begun();
            two.team.bucket.next((0..at).map(|_| Fate::Pass).chain((0..40).map(|_| fate)));
            let broken = go(&two);
            two.team.bucket.next([]);
            assert!(two.open().iter().filter(|open| **open).count() <= 1 || two.team().is_empty(), "{context}: {broken:?}");
            go(&two).unwrap_or_else(|error| panic!("{context}: {error}"));
            assert_eq!((two.local(), two.team(), two.open()), (whole.clone(), whole.clone(), wanted), "{context}");
        }
    }
}

#[test]
fn a_move_is_refused_while_somebody_runs_or_where_another_journal_is() {
    let two = Two::begun();
    let held = two.local.open().take("one").expect("nobody holds it");
    assert!(matches!(two.to_team(), Err(Error::Locked(_))));
    drop(held);
    append(&mut two.team.open().take("two").expect("nobody holds it").journal, "other").expect("it is written");
    let refused = two.to_team();
    assert!(matches!(&refused, Err(Error::OtherJournal { record: 1, at }) if at == AT), "{refused:?}");
    assert_eq!((two.local().len(), two.team().len(), two.open()), (3, 1, [true, true]), "each is as it was");
}
