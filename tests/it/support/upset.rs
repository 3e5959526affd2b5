//! A stage of a plan, upset at every call and after every record: it must come to the same end, there and back.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use hikkoshi::execute::driver::End;
use hikkoshi::execute::machine::Goal;
use hikkoshi::model::call::Call;
use hikkoshi::model::step::Stage;
use hikkoshi::plan::Plan;

use super::account::Docs;
use super::lab::{Disturb, Fate, Lab};
use super::view::{same, twice, view_of};

/// The time after which nothing lingers any more: functions' interfaces, terminated instances.
pub const SOAK_S: u64 = 2 * 3600;

/// That the process dies after a call is what a journal shows that ends after the intent: see the records' tests.
pub const FATES: [Fate; 4] = [Fate::Refuse("InternalError"), Fate::Lose, Fate::Drop, Fate::DieBefore];

/// The account when nothing lingers any more.
pub fn settled(lab: Lab<'_>) -> BTreeSet<String> {
    lab.skip(SOAK_S);
    view_of(&lab.cloud)
}

/// The account before a stage, and after it.
pub struct Around<'p> {
    /// Before.
    pub before: Lab<'p>,
    /// After.
    pub after: Lab<'p>,
    there: Goal,
    back: Goal,
}

/// Runs a plan up to and through a stage.
pub fn around<'p>(docs: &Docs, plan: &'p Plan, stage: Stage) -> Around<'p> {
    let mut lab = Lab::new(docs, plan);
    let earlier = plan.stages.iter().copied().take_while(|s| *s < stage).last();
    if let Some(earlier) = earlier {
        lab.reach(Goal::Forward(earlier), earlier.name());
    }
    let before = lab.fork();
    lab.reach(Goal::Forward(stage), stage.name());
    Around { before, after: lab, there: Goal::Forward(stage), back: Goal::Back(earlier) }
}

impl Around<'_> {
    /// Every fault at every call, and a journal that ends after every record, in both directions. What must hold of the
    /// account at the end of each run is for the caller to say.
    pub fn converges(&self, holds: &(dyn Fn(&Lab<'_>, &str) + Sync)) {
        let (start, end) = (settled(self.before.fork()), settled(self.after.fork()));
        self.every_call(&self.before, self.there, &end, holds);
        self.every_call(&self.after, self.back, &start, holds);
        self.every_record(&self.before, self.there, &end, holds);
        self.every_record(&self.after, self.back, &start, holds);
        self.every_turn(&start);
    }

    /// The way there ends after every record, and the way back is taken from there: what is half done is undone.
    fn every_turn(&self, start: &BTreeSet<String>) {
        let mut whole = self.before.fork();
        whole.reach(self.there, "counting records");
        let jobs: Vec<usize> = (0..whole.records.len() - self.before.records.len()).collect();
        in_parallel(&jobs, |records| {
            let context = format!("back from half the way, {records} records far");
            let mut lab = self.before.fork();
            lab.go_with(self.there, &Disturb { records: *records, ..Disturb::default() });
            lab.reach(self.back, &context);
            assert_eq!(twice(&lab.cloud), Vec::<String>::new(), "{context}");
            same(&context, start, &settled(lab));
        });
    }

    fn every_call(&self, from: &Lab<'_>, goal: Goal, wanted: &BTreeSet<String>, holds: &(dyn Fn(&Lab<'_>, &str) + Sync)) {
        let calls = from.calls(goal);
        assert!(calls > 0, "{goal:?} makes no call");
        let jobs: Vec<_> = (1..=calls).flat_map(|n| FATES.map(|fate| (n, fate))).collect();
        in_parallel(&jobs, |(number, fate)| {
            disturbed_at(from, goal, *number, *fate, wanted, holds);
        });
    }

    fn every_record(&self, from: &Lab<'_>, goal: Goal, wanted: &BTreeSet<String>, holds: &(dyn Fn(&Lab<'_>, &str) + Sync)) {
        let mut whole = from.fork();
        whole.reach(goal, "counting records");
        let jobs: Vec<usize> = (0..whole.records.len() - from.records.len()).collect();
        in_parallel(&jobs, |records| {
            let context = format!("{goal:?}: the journal ends after {records} records");
            let mut lab = from.fork();
            let end = lab.go_with(goal, &Disturb { records: *records, ..Disturb::default() });
            assert!(matches!(end, End::Journal(_)), "{context}: {end:?}");
            finish(lab, goal, &context, wanted, holds);
        });
    }
}

/// Disturbs a run to a goal at one call, goes on with it, and compares.
pub fn disturbed_at(
    from: &Lab<'_>,
    goal: Goal,
    number: u64,
    fate: Fate,
    wanted: &BTreeSet<String>,
    holds: &(dyn Fn(&Lab<'_>, &str) + Sync),
) {
    let context = format!("{goal:?}: {fate:?} at call {number}");
    let decide = |at: u64, call: &Call| if at == number && !call.operation.is_read() { fate } else { Fate::Pass };
    let mut lab = from.fork();
    let end = lab.go_with(goal, &Disturb { decide: &decide, ..Disturb::default() });
    match fate {
        Fate::Lose | Fate::Drop => assert!(matches!(end, End::Reached), "{context}: {end:?}"),
        Fate::Refuse(_) => assert!(matches!(end, End::Failed(_)), "{context}: {end:?}"),
        _ => assert!(matches!(end, End::Journal(_)), "{context}: {end:?}"),
    }
    finish(lab, goal, &context, wanted, holds);
}

fn finish(mut lab: Lab<'_>, goal: Goal, context: &str, wanted: &BTreeSet<String>, holds: &(dyn Fn(&Lab<'_>, &str) + Sync)) {
    lab.reach(goal, context);
    assert_eq!(twice(&lab.cloud), Vec::<String>::new(), "{context}");
    holds(&lab, context);
    same(context, wanted, &settled(lab));
}

/// Runs jobs on all processors; one that fails does not stop the others, but a handful is enough.
pub fn in_parallel<T: Sync>(jobs: &[T], job: impl Fn(&T) + Sync) {
    let (next, failed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(one) = jobs.get(next.fetch_add(1, Ordering::SeqCst)).filter(|_| failed.load(Ordering::SeqCst) < 5) {
                    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| job(one)));
                    failed.fetch_add(usize::from(result.is_err()), Ordering::SeqCst);
                }
            });
        }
    });
    let failed = failed.into_inner();
    assert_eq!(failed, 0, "{failed} of {} upsets, told above, did not come to the same end", jobs.len());
}
