//! How fast we may ask: waits until a token is there ([`crate::model::rate`]), before AWS would throttle.

use std::sync::Mutex;

use tokio::time::Instant;

use crate::model::call::Operation;
use crate::model::rate::Buckets;

/// The buckets of one account and region.
pub(super) struct Budgets {
    since: Instant,
    /// How many times as fast as the machine's the time of these buckets runs: 1, but for tests.
    times: u32,
    buckets: Mutex<Buckets>,
}

impl Default for Budgets {
    fn default() -> Budgets {
        Budgets { since: Instant::now(), times: 1, buckets: Mutex::default() }
    }
}

impl Budgets {
    /// Buckets of an AWS whose time runs so many times as fast.
    pub(super) fn paced(times: u32) -> Budgets {
        Budgets { times: times.max(1), ..Budgets::default() }
    }

    /// Waits until one more request of this kind may be sent.
    pub(super) async fn wait(&self, operation: &Operation) {
        let wait = self.buckets.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take(operation, self.since.elapsed() * self.times);
        if !wait.is_zero() {
            tokio::time::sleep(wait / self.times).await;
        }
    }
}
