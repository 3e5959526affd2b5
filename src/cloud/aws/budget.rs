//! How fast we may ask: waits until a token is there ([`crate::model::rate`]), before AWS would throttle.

use std::sync::Mutex;

use tokio::time::Instant;

use crate::model::call::Operation;
use crate::model::rate::Buckets;

/// The buckets of one account and region.
pub(super) struct Budgets {
    since: Instant,
    buckets: Mutex<Buckets>,
}

impl Default for Budgets {
    fn default() -> Budgets {
        Budgets { since: Instant::now(), buckets: Mutex::default() }
    }
}

impl Budgets {
    /// Waits until one more request of this kind may be sent.
    pub(super) async fn wait(&self, operation: &Operation) {
        let wait = self.buckets.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take(operation, self.since.elapsed());
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }
}
