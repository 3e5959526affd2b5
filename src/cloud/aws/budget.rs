//! How fast we may ask: token buckets a little below AWS's own.
//!
//! EC2 throttles each account and region by operation, with a bucket that refills; hikkoshi waits on its side first.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use crate::model::call::Operation;
use crate::model::rate::{Class, class};

struct Bucket {
    tokens: f64,
    at: Instant,
}

/// The buckets of one account and region.
#[derive(Default)]
pub(super) struct Budgets {
    buckets: Mutex<HashMap<String, Bucket>>,
}

impl Budgets {
    /// Waits until one more request of this kind may be sent.
    pub(super) async fn wait(&self, operation: &Operation) {
        let wait = self.take(operation, Instant::now());
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }

    /// Takes a token; the time until it is really there. Callers queue up by going into debt.
    fn take(&self, operation: &Operation, now: Instant) -> Duration {
        let Class { name, burst, refill } = class(operation);
        let mut buckets = self.buckets.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let bucket = buckets.entry(name.to_owned()).or_insert(Bucket { tokens: burst, at: now });
        let refilled = bucket.tokens + now.saturating_duration_since(bucket.at).as_secs_f64() * refill;
        bucket.tokens = refilled.min(burst) - 1.0;
        bucket.at = now;
        Duration::from_secs_f64((-bucket.tokens).max(0.0) / refill)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(name: &str) -> Operation {
        name.parse().unwrap()
    }

    #[test]
    fn a_burst_is_free_and_then_the_refill_sets_the_pace() {
        let (budgets, now) = (Budgets::default(), Instant::now());
        let launch = operation("ec2:RunInstances");
        for _ in 0..5 {
            assert_eq!(budgets.take(&launch, now), Duration::ZERO);
        }
        assert_eq!(budgets.take(&launch, now), Duration::from_millis(500));
        assert_eq!(budgets.take(&launch, now), Duration::from_millis(1000));
        assert_eq!(budgets.take(&launch, now + Duration::from_secs(2)), Duration::ZERO);
    }

    #[test]
    fn a_bucket_never_holds_more_than_its_burst() {
        let (budgets, now) = (Budgets::default(), Instant::now());
        let endpoint = operation("ec2:CreateVpcEndpoint");
        budgets.take(&endpoint, now);
        let later = now + Duration::from_secs(3600);
        assert!((0..4).all(|_| budgets.take(&endpoint, later).is_zero()));
        assert!(!budgets.take(&endpoint, later).is_zero());
    }

    #[test]
    fn log_groups_are_searched_less_than_five_times_in_any_second() {
        let (budgets, now) = (Budgets::default(), Instant::now());
        let waits: Vec<Duration> = (0..5).map(|_| budgets.take(&operation("logs:FilterLogEvents"), now)).collect();
        assert_eq!(waits, [0, 250, 500, 750, 1000].map(Duration::from_millis));
    }

    #[test]
    fn classes_do_not_eat_each_others_tokens() {
        let (budgets, now) = (Budgets::default(), Instant::now());
        while budgets.take(&operation("ec2:CreateNatGateway"), now).is_zero() {}
        for other in ["ec2:DescribeSubnets", "ec2:CreateSubnet", "ec2:CreateVpcEndpoint", "rds:DescribeDBInstances"] {
            assert!(budgets.take(&operation(other), now).is_zero(), "{other}");
        }
    }
}
