//! What is asked of a run while it goes on: the real driver on a simulated account and virtual time.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use hikkoshi::execute::driver::{End, Stop};
use hikkoshi::execute::event::{Event, What};
use hikkoshi::execute::machine::{Goal, Machine};
use hikkoshi::journal::request::{Asked, Error, InMemory, Request, Requests};
use hikkoshi::model::step::Stage;

use crate::support::account::spine;
use crate::support::lab::{ALL, Disturb, Lab, plan_of};
use crate::support::upset::settled;
use crate::support::view::same;

/// The n-th request of a test.
fn request(n: u64, what: Asked) -> Request {
    Request::new(n, "2026-11-24T02:00:00Z", "mika@night-box", "", what)
}

/// Runs to a goal; `react` is told every event and may ask.
fn asked(lab: &mut Lab<'_>, goal: Goal, requests: &dyn Requests, react: &(dyn Fn(&Event) + Sync)) -> End {
    lab.go_with(goal, &Disturb { requests: Some(requests), tell: &|event: &Event, _: &Stop| react(event), ..Disturb::default() })
}

/// Pauses at the n-th call, resumes when everything stands still; gives how often calls were made in between.
fn paused_at(lab: &mut Lab<'_>, goal: Goal, n: usize) -> usize {
    let requests = InMemory::default();
    let (calls, still, meanwhile) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let end = asked(lab, goal, &requests, &|event| match &event.what {
        What::Calling if calls.fetch_add(1, Ordering::SeqCst) + 1 == n => {
            requests.post(&request(1, Asked::Pause)).expect("memory has room");
        }
        What::Calling if still.load(Ordering::SeqCst) == 1 => {
            meanwhile.fetch_add(1, Ordering::SeqCst);
        }
        What::Paused => {
            still.store(1, Ordering::SeqCst);
            requests.post(&request(2, Asked::Resume)).expect("memory has room");
        }
        What::Asked { request: Asked::Resume, .. } => still.store(2, Ordering::SeqCst),
        _ => {}
    });
    assert!(matches!(end, End::Reached), "paused at call {n}: {end:?}");
    assert_eq!(requests.pending(), Ok(vec![]), "all that was asked is settled");
    assert_eq!(still.into_inner(), 2, "it stood still and went on: {n}");
    meanwhile.into_inner()
}

#[test]
fn a_pause_at_any_call_stands_still_and_comes_to_the_same_end() {
    let docs = spine();
    let plan = plan_of(&docs, "");
    let start = Lab::new(&docs, &plan);
    let calls = usize::try_from(start.calls(ALL)).expect("a handful");
    let mut end = start.fork();
    end.reach(ALL, "undisturbed");
    let wanted = settled(end.fork());
    // Not at the last calls: what follows them may be over before the pause is heard.
    for n in (1..calls - 5).step_by(5) {
        let mut lab = start.fork();
        assert_eq!(paused_at(&mut lab, ALL, n), 0, "a call was made while it stood still, paused at {n}");
        same(&format!("paused at call {n}"), &wanted, &settled(lab));
    }
    let mut back = end.fork();
    assert_eq!(paused_at(&mut back, Goal::Back(None), 3), 0);
}

#[test]
fn who_aborts_ends_the_run_as_ctrl_c_does_paused_or_not() {
    let docs = spine();
    let plan = plan_of(&docs, "");
    for first in [None, Some(Asked::Pause)] {
        let mut lab = Lab::new(&docs, &plan);
        let requests = InMemory::default();
        if let Some(first) = &first {
            requests.post(&request(1, first.clone())).expect("memory has room");
        }
        let end = asked(&mut lab, ALL, &requests, &|event| {
            let now = if first.is_some() { event.what == What::Paused } else { event.step == "nat-a" && event.what == What::Calling };
            if now {
                requests.post(&request(2, Asked::Abort)).expect("memory has room");
            }
        });
        assert!(matches!(end, End::Interrupted), "{end:?}");
        let machine = Machine::replay(&plan, &lab.records);
        assert_eq!(machine.control().paused(), None, "who aborts a pause has decided");
        lab.reach(ALL, "and it goes on");
    }
}

#[test]
fn an_abort_that_came_too_late_does_not_end_the_next_run() {
    let docs = spine();
    let plan = plan_of(&docs, "");
    let mut lab = Lab::new(&docs, &plan);
    let requests = InMemory::default();
    requests.post(&request(1, Asked::Abort)).expect("memory has room");
    let end = asked(&mut lab, Goal::Forward(Stage::Foundation), &requests, &|_| ());
    assert!(matches!(end, End::Reached), "{end:?}");
    assert_eq!(requests.pending(), Ok(vec![]));
}

#[test]
fn a_throttle_bounds_what_is_in_hand_from_then_on_and_in_the_next_run() {
    let docs = spine();
    let plan = plan_of(&docs, "");
    let mut lab = Lab::new(&docs, &plan);
    let requests = InMemory::default();
    requests.post(&request(1, Asked::Throttle { percent: 7 })).expect("memory has room");
    let (hand, most) = (AtomicU64::new(0), AtomicU64::new(0));
    let count = |event: &Event| match event.what {
        What::Began => {
            let now = hand.fetch_add(1, Ordering::SeqCst) + 1;
            most.fetch_max(now, Ordering::SeqCst);
        }
        What::Verified => {
            hand.fetch_sub(1, Ordering::SeqCst);
        }
        _ => {}
    };
    let end = asked(&mut lab, Goal::Forward(Stage::Foundation), &requests, &count);
    assert!(matches!(end, End::Reached), "{end:?}");
    assert_eq!(most.swap(0, Ordering::SeqCst), 2, "7 % of 32");
    let end = asked(&mut lab, Goal::Forward(Stage::Guard), &requests, &count);
    assert!(matches!(end, End::Reached), "{end:?}");
    assert_eq!(most.swap(0, Ordering::SeqCst), 2, "the limit holds until it is taken away");
    requests.post(&request(2, Asked::Throttle { percent: 100 })).expect("memory has room");
    let end = asked(&mut lab, ALL, &requests, &count);
    assert!(matches!(end, End::Reached), "{end:?}");
    assert!(most.into_inner() > 2, "the limit is taken away");
}

/// Requests that can be read and not settled, or, later on, not even read.
struct Stuck {
    inner: InMemory,
    broken: Mutex<Option<String>>,
}

impl Requests for Stuck {
    fn post(&self, request: &Request) -> Result<(), Error> {
        self.inner.post(request)
    }

    fn pending(&self) -> Result<Vec<Request>, Error> {
        match &*self.broken.lock().expect("nobody panics in here") {
            Some(why) => Err(Error(why.clone())),
            None => self.inner.pending(),
        }
    }

    fn settle(&self, _: &str) -> Result<(), Error> {
        Err(Error("requests can't be taken away".to_owned()))
    }
}

#[test]
fn a_request_that_cannot_be_settled_is_obeyed_once_and_said() {
    let docs = spine();
    let plan = plan_of(&docs, "");
    let mut lab = Lab::new(&docs, &plan);
    let requests = Stuck { inner: InMemory::default(), broken: Mutex::new(None) };
    requests.post(&request(1, Asked::Throttle { percent: 50 })).expect("memory has room");
    let said = Mutex::new(Vec::new());
    let end = asked(&mut lab, Goal::Forward(Stage::Foundation), &requests, &|event| match &event.what {
        What::Asked { .. } => said.lock().expect("nobody panics in here").push("asked".to_owned()),
        What::Deaf { why } => said.lock().expect("nobody panics in here").push(why.clone()),
        What::Checkpoint => *requests.broken.lock().expect("nobody panics in here") = Some("the disk is gone".to_owned()),
        _ => {}
    });
    assert!(matches!(end, End::Reached), "{end:?}");
    assert_eq!(*said.lock().expect("nobody panics in here"), ["asked", "requests can't be taken away"]);
    let end = asked(&mut lab, Goal::Forward(Stage::Guard), &requests, &|event| {
        if let What::Deaf { why } = &event.what {
            said.lock().expect("nobody panics in here").push(why.clone());
        }
    });
    assert!(matches!(end, End::Reached), "a run that can't be asked goes on: {end:?}");
    assert_eq!(said.into_inner().expect("nobody panics in here").last().map(String::as_str), Some("the disk is gone"));
}
