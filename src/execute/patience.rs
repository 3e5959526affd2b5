//! How long what passes by itself is waited out, and how often one looks.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::model::call::{Operation, Refusal};
use crate::model::rate;

/// How long a refusal that passes by itself is tried again, in seconds.
const BUSY_S: u64 = 900;
/// How long a deletion is tried again while something still uses the thing: Lambda's interfaces linger for 20 minutes.
pub(super) const IN_USE_S: u64 = 2700;
/// Refusals that pass by themselves: the thing is being changed, or the caller is too fast.
pub(super) const BUSY: [&str; 16] = [
    "ResourceConflictException",
    "InvalidDBInstanceState",
    "InvalidDBInstanceStateFault",
    "InvalidDBClusterStateFault",
    "InvalidReplicationGroupState",
    "InvalidCacheClusterState",
    "InvalidServerlessCacheStateFault",
    "IncorrectInstanceState",
    "IncorrectState",
    "InvalidAMIID.Unavailable",
    "RequestLimitExceeded",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "PreconditionFailedException",
    "ResourceInUse",
];
/// Refusals of a deletion while something still uses the thing.
const IN_USE: [&str; 5] =
    ["DependencyViolation", "InvalidIPAddress.InUse", "InvalidSnapshot.InUse", "AuthFailure.InUse", "InvalidNetworkInterface.InUse"];

/// How long to wait before the next look: soon at first, then at the pace of the thing waited for.
pub(super) struct Pace {
    next_s: f64,
    most_s: f64,
}

impl Pace {
    pub(super) fn of(usual_s: u64) -> Pace {
        Pace { next_s: 0.2, most_s: (usual_s as f64 / 20.0).clamp(1.0, 10.0) }
    }

    /// For what is looked at only when it has had some time.
    pub(super) fn later(usual_s: u64) -> Pace {
        Pace { next_s: 1.0, ..Pace::of(usual_s) }
    }

    /// For what takes many minutes: a deletion that waits for something to let go.
    pub(super) fn slow() -> Pace {
        Pace { next_s: 0.2, most_s: 60.0 }
    }

    pub(super) fn next(&mut self) -> f64 {
        let now = self.next_s;
        self.next_s = (self.next_s * 1.5).min(self.most_s);
        now
    }
}

/// So many may look as often as they like: what a bucket lets through at once is for calls.
const QUIET: usize = 10;
/// The part of a bucket's refill that looking may use.
const SHARE: f64 = 0.6;

/// Who waits: by the class of operations that they look with, whose bucket they share with calls.
#[derive(Default)]
pub struct Waiting(Mutex<BTreeMap<String, usize>>);

impl Waiting {
    /// One more looks with an operation, until what is answered goes.
    pub(super) fn join<'w>(&'w self, operation: &'w Operation) -> Waiter<'w> {
        *self.counts().entry(rate::class(operation).name.to_owned()).or_default() += 1;
        Waiter { all: self, class: rate::class(operation) }
    }

    fn counts(&self) -> MutexGuard<'_, BTreeMap<String, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One who waits.
pub(super) struct Waiter<'w> {
    all: &'w Waiting,
    class: rate::Class<'w>,
}

impl Waiter<'_> {
    /// How long to wait at least before the next look, in seconds: all who wait share the bucket's refill.
    pub(super) fn least_s(&self) -> f64 {
        let count = self.all.counts().get(self.class.name).copied().unwrap_or_default();
        count.saturating_sub(QUIET) as f64 / (self.class.refill * SHARE)
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.all.counts().entry(self.class.name.to_owned()).and_modify(|count| *count -= 1);
    }
}

/// How long refusals that pass by themselves are waited out, from a moment on.
pub(super) struct Patience {
    from_ms: u64,
}

impl Patience {
    pub(super) fn from(now_ms: u64) -> Patience {
        Patience { from_ms: now_ms }
    }

    pub(super) fn waits_out(&self, refusal: &Refusal, now_ms: u64) -> bool {
        let limit_s = match refusal.code.as_str() {
            code if BUSY.contains(&code) => BUSY_S,
            code if IN_USE.contains(&code) => IN_USE_S,
            _ => 0,
        };
        now_ms < self.from_ms + limit_s * 1000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_wait_the_more_rarely_each_looks() {
        let (waiting, look): (Waiting, Operation) = (Waiting::default(), "ec2:DescribeInstances".parse().expect("an operation"));
        let mut all: Vec<Waiter<'_>> = (0..10).map(|_| waiting.join(&look)).collect();
        assert_eq!(all[0].least_s(), 0.0, "a few look as often as they like");
        all.extend((0..120).map(|_| waiting.join(&look)));
        assert_eq!(all[0].least_s(), 10.0, "120 more share 12 of the 20 requests that come back a second");
        all.truncate(1);
        assert_eq!(all[0].least_s(), 0.0);
    }
}
