//! Time as a port: real, or virtual for everything that is simulated.
//!
//! Virtual time stands still while anything can run, and then jumps to the next moment that somebody sleeps for. So a
//! run of hours takes milliseconds, and the same run twice is the same.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

/// A sleep.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where the time comes from.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970, UTC.
    fn now_ms(&self) -> u64;

    /// Ends when the clock shows this moment.
    fn sleep_until(&self, at_ms: u64) -> Sleep;

    /// If nothing can run: go to the next moment that somebody sleeps for. False where time passes by itself, or
    /// nobody sleeps.
    fn advance(&self) -> bool;
}

/// RFC 3339 in UTC, to the second.
pub fn rfc3339(ms: u64) -> String {
    let ms = i64::try_from(ms).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(ms - ms % 1000).map_or_else(|_| "unknown".to_owned(), |t| t.to_string())
}

/// Milliseconds since 1970 of what [`rfc3339`] wrote; 0 if it is no time.
pub fn ms_of(text: &str) -> u64 {
    text.parse::<jiff::Timestamp>().ok().and_then(|time| u64::try_from(time.as_millisecond()).ok()).unwrap_or(0)
}

/// The machine's clock.
pub struct RealClock;

impl Clock for RealClock {
    fn now_ms(&self) -> u64 {
        u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or(0)
    }

    fn sleep_until(&self, at_ms: u64) -> Sleep {
        let ms = at_ms.saturating_sub(self.now_ms());
        Box::pin(tokio::time::sleep(std::time::Duration::from_millis(ms)))
    }

    fn advance(&self) -> bool {
        false
    }
}

/// A clock that begins at a given moment and runs so many times as fast as the machine's: to see a simulated run live, and
/// for tests against an emulator that keeps the same time.
#[derive(Debug)]
pub struct PacedClock {
    from_ms: u64,
    began_ms: u64,
    times: u64,
}

impl PacedClock {
    /// Begins now, and shows this moment.
    pub fn from(from_ms: u64, times: u32) -> PacedClock {
        PacedClock { from_ms, began_ms: RealClock.now_ms(), times: u64::from(times.max(1)) }
    }

    /// How many times as fast as the machine's it runs.
    pub fn times(&self) -> u32 {
        u32::try_from(self.times).unwrap_or(u32::MAX)
    }

    /// Has shown the machine's time at one moment, and runs so many times as fast since: the same clock in every process.
    /// `1764374400000x10`. None if that is something else, or if it is not for a test: an executor that waits a tenth of
    /// the time is let at nothing but an endpoint on this machine.
    pub fn for_test(text: &str, endpoint: Option<&str>) -> Option<PacedClock> {
        let (moment_ms, times) = text.split_once('x')?;
        let (moment_ms, times) = (moment_ms.parse().ok()?, times.parse::<u32>().ok()?.max(1));
        is_loopback(endpoint?).then_some(PacedClock { from_ms: moment_ms, began_ms: moment_ms, times: u64::from(times) })
    }
}

/// Whether an address such as `http://127.0.0.1:5001` is on this machine; by number, for a name can be led elsewhere.
fn is_loopback(endpoint: &str) -> bool {
    let host = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest);
    host.split('/').next().unwrap_or_default().parse::<std::net::SocketAddr>().is_ok_and(|address| address.ip().is_loopback())
}

impl Clock for PacedClock {
    fn now_ms(&self) -> u64 {
        self.from_ms + RealClock.now_ms().saturating_sub(self.began_ms) * self.times
    }

    fn sleep_until(&self, at_ms: u64) -> Sleep {
        // Rounded up: it never ends before its moment.
        RealClock.sleep_until(self.began_ms + at_ms.saturating_sub(self.from_ms).div_ceil(self.times))
    }

    fn advance(&self) -> bool {
        false
    }
}

#[derive(Default)]
struct Virtual {
    now_ms: u64,
    sleepers: BTreeMap<(u64, u64), Option<Waker>>,
    serial: u64,
}

/// A clock that jumps.
#[derive(Clone, Default)]
pub struct VirtualClock(Arc<Mutex<Virtual>>);

impl VirtualClock {
    /// A clock that shows this moment.
    pub fn at(now_ms: u64) -> VirtualClock {
        VirtualClock(Arc::new(Mutex::new(Virtual { now_ms, ..Virtual::default() })))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, Virtual> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Clock for VirtualClock {
    fn now_ms(&self) -> u64 {
        self.state().now_ms
    }

    fn sleep_until(&self, at_ms: u64) -> Sleep {
        Box::pin(VirtualSleep { clock: self.clone(), at_ms, key: None })
    }

    fn advance(&self) -> bool {
        let mut state = self.state();
        let Some(((at_ms, _), waker)) = state.sleepers.pop_first() else { return false };
        state.now_ms = state.now_ms.max(at_ms);
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        true
    }
}

struct VirtualSleep {
    clock: VirtualClock,
    at_ms: u64,
    key: Option<(u64, u64)>,
}

impl Future for VirtualSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.clock.state();
        if state.now_ms >= self.at_ms {
            return Poll::Ready(());
        }
        let key = self.key.unwrap_or_else(|| {
            state.serial += 1;
            (self.at_ms, state.serial)
        });
        state.sleepers.insert(key, Some(context.waker().clone()));
        drop(state);
        self.key = Some(key);
        Poll::Pending
    }
}

impl Drop for VirtualSleep {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.clock.state().sleepers.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_for_tests_runs_faster_and_is_the_same_everywhere() {
        let moment = RealClock.now_ms() - 1_000;
        let read = || PacedClock::for_test(&format!("{moment}x10"), Some("http://127.0.0.1:5001")).expect("a clock");
        let (first, real, second) = (read().now_ms(), RealClock.now_ms(), read().now_ms());
        assert!((first..=second).contains(&(moment + (real - moment) * 10)), "{first}, {second}");
    }

    #[test]
    fn a_clock_for_tests_is_let_at_nothing_but_this_machine() {
        for endpoint in ["http://127.0.0.1:5001", "http://127.0.0.1:5001/", "http://[::1]:4566"] {
            assert!(PacedClock::for_test("1764374400000x10", Some(endpoint)).is_some(), "{endpoint}");
        }
        let elsewhere =
            ["https://ec2.us-east-1.amazonaws.com", "http://10.0.0.7:80", "http://localhost:80", "http://127.0.0.1@10.0.0.7:80", ""];
        for endpoint in elsewhere.map(Some).into_iter().chain([None]) {
            assert!(PacedClock::for_test("1764374400000x10", endpoint).is_none(), "{endpoint:?}");
        }
        for text in ["", "x10", "1764374400000", "10x-1", "now x 10"] {
            assert!(PacedClock::for_test(text, Some("http://127.0.0.1:5001")).is_none(), "{text}");
        }
    }
}
