//! Whether a simulated process lives, and how it is carried along; its clock.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use crate::clock::{Clock, Sleep, VirtualClock};
use crate::execute::End;

/// How a process is.
#[derive(Default)]
pub struct Vitals {
    dead: AtomicBool,
    still: AtomicBool,
    skew_ms: AtomicI64,
}

impl Vitals {
    /// Kills it: nothing that it does from now on has an effect.
    pub fn kill(&self) {
        self.dead.store(true, Ordering::SeqCst);
    }

    /// Whether it is dead.
    pub fn is_dead(&self) -> bool {
        self.dead.load(Ordering::SeqCst)
    }

    /// Has it stand still as soon as it waits, or go on.
    pub fn stand_still(&self, still: bool) {
        self.still.store(still, Ordering::SeqCst);
    }

    fn is_still(&self) -> bool {
        self.still.load(Ordering::SeqCst)
    }

    /// Sets its clock forward, or back.
    pub fn set_clock(&self, by_ms: i64) {
        self.skew_ms.fetch_add(by_ms, Ordering::SeqCst);
    }

    /// How far its clock is ahead of everybody's.
    pub fn skew_ms(&self) -> i64 {
        self.skew_ms.load(Ordering::SeqCst)
    }
}

/// A process that has not ended by then never will, in milliseconds: its heart beats on though nothing of it can run.
const NEVER_MS: u64 = 30 * 24 * 3600 * 1000;

/// The clock of a process: everybody's time, read on its own dial.
#[derive(Clone)]
pub struct Watch {
    /// Everybody's time.
    clock: VirtualClock,
    /// The process.
    pub vitals: Arc<Vitals>,
    until_ms: u64,
}

impl Watch {
    /// The clock of a process that begins now.
    pub fn new(clock: &VirtualClock, vitals: &Arc<Vitals>) -> Watch {
        Watch { clock: clock.clone(), vitals: vitals.clone(), until_ms: clock.now_ms() + NEVER_MS }
    }
}

impl Clock for Watch {
    fn now_ms(&self) -> u64 {
        self.clock.now_ms().saturating_add_signed(self.vitals.skew_ms())
    }

    fn sleep_until(&self, at_ms: u64) -> Sleep {
        self.clock.sleep_until(at_ms.saturating_add_signed(-self.vitals.skew_ms()))
    }

    fn advance(&self) -> bool {
        let lives = !self.vitals.is_dead() && !self.vitals.is_still();
        lives && self.clock.now_ms() < self.until_ms && self.clock.advance()
    }
}

/// Why a process is not carried on.
#[derive(Debug)]
pub enum Halt {
    /// It ended.
    Ended(End),
    /// It was killed.
    Killed,
    /// It stands still.
    Still,
    /// Nothing of it can run, and nobody sleeps.
    Stuck,
}

#[derive(Default)]
struct Bell(AtomicBool);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Carries a process on as far as it goes.
pub fn carry_on(run: &mut Pin<Box<dyn Future<Output = End> + '_>>, vitals: &Vitals) -> Halt {
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(bell.clone());
    let mut context = Context::from_waker(&waker);
    loop {
        let polled = run.as_mut().poll(&mut context);
        let rung = bell.0.swap(false, Ordering::SeqCst);
        match polled {
            // What the executor makes of its own death counts for nothing.
            _ if vitals.is_dead() => return Halt::Killed,
            Poll::Ready(end) => return Halt::Ended(end),
            Poll::Pending if vitals.is_still() => return Halt::Still,
            Poll::Pending if rung => {}
            Poll::Pending => return Halt::Stuck,
        }
    }
}

/// Lets time pass while nobody runs.
pub fn pass(clock: &VirtualClock, seconds: u64) {
    let until = clock.now_ms() + seconds * 1000;
    let mut sleep = clock.sleep_until(until);
    let mut context = Context::from_waker(Waker::noop());
    while sleep.as_mut().poll(&mut context).is_pending() && clock.advance() {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_was_killed_or_stands_still_does_not_move_time() {
        let (clock, vitals) = (VirtualClock::at(1_000), Arc::new(Vitals::default()));
        let watch = Watch::new(&clock, &vitals);
        let mut sleep = watch.sleep_until(5_000);
        let mut context = Context::from_waker(Waker::noop());
        assert!(sleep.as_mut().poll(&mut context).is_pending());
        vitals.stand_still(true);
        assert!(!watch.advance());
        vitals.stand_still(false);
        assert!(watch.advance());
        assert_eq!(clock.now_ms(), 5_000);
        assert!(sleep.as_mut().poll(&mut context).is_ready());
        vitals.kill();
        assert!(!watch.advance());
    }

    #[test]
    fn a_clock_that_is_set_shows_another_time_and_sleeps_no_longer() {
        let (clock, vitals) = (VirtualClock::at(100_000), Arc::new(Vitals::default()));
        let watch = Watch::new(&clock, &vitals);
        vitals.set_clock(-60_000);
        assert_eq!(watch.now_ms(), 40_000);
        let mut sleep = watch.sleep_until(41_000);
        assert!(sleep.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        watch.advance();
        assert_eq!(clock.now_ms(), 101_000);
    }

    #[test]
    fn a_process_that_only_sleeps_on_and_on_does_not_move_time_for_ever() {
        let clock = VirtualClock::at(0);
        let watch = Watch::new(&clock, &Arc::default());
        let beat = || watch.sleep_until(watch.now_ms() + 15_000);
        let mut sleep = beat();
        let mut context = Context::from_waker(Waker::noop());
        let beats = (0..1_000_000).take_while(|_| {
            if sleep.as_mut().poll(&mut context).is_ready() {
                sleep = beat();
                let _ = sleep.as_mut().poll(&mut context);
            }
            watch.advance()
        });
        assert_eq!(beats.count() as u64, NEVER_MS / 15_000);
    }

    #[test]
    fn time_passes_while_nobody_runs() {
        let clock = VirtualClock::at(0);
        pass(&clock, 90);
        assert_eq!(clock.now_ms(), 90_000);
    }
}
