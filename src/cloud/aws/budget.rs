//! How fast we may ask: token buckets a little below AWS's own.
//!
//! EC2 throttles each account and region by operation, with a bucket that refills. Being throttled hurts everybody else
//! in the account too, so hikkoshi waits on its side first. Operations of one class share one bucket here.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use crate::model::call::Operation;

/// A class of operations, its burst and its refill per second.
type Class = (&'static str, f64, f64);

const EC2_READ: Class = ("ec2 read", 100.0, 20.0);
const EC2_CHANGE: Class = ("ec2 change", 50.0, 5.0);
const EC2_LAUNCH: Class = ("ec2 launch", 5.0, 2.0);
const EC2_ENDPOINT: Class = ("ec2 endpoint", 4.0, 0.3);
const EC2_NAT: Class = ("ec2 nat gateway", 10.0, 1.0);
/// IAM is one for all regions of an account.
const IAM: Class = ("iam", 10.0, 5.0);
/// Route 53 takes five requests a second from an account, in all (Route 53 guide, "Quotas").
const ROUTE53: Class = ("route53", 5.0, 4.0);
/// CloudWatch Logs takes five searches a second from an account and region, and raises it for nobody (AWS re:Post,
/// "CloudWatch Logs throttling"). People look at their logs meanwhile.
const LOGS_SEARCH: Class = ("logs search", 1.0, 4.0);
const ECS_RUN: Class = ("ecs run", 10.0, 5.0);
const ECS_CHANGE: Class = ("ecs change", 20.0, 5.0);
/// EventBridge lets a few changes a second through in its smaller regions.
const EVENTS_CHANGE: Class = ("events change", 4.0, 2.0);
const AUTOSCALING_CHANGE: Class = ("autoscaling change", 10.0, 3.0);
const BATCH_CHANGE: Class = ("batch change", 5.0, 2.0);
const SSM_SEND: Class = ("ssm send", 5.0, 2.0);

fn class(operation: &Operation) -> (&str, f64, f64) {
    match (operation.service(), operation.name()) {
        ("ec2", "RunInstances") => EC2_LAUNCH,
        ("ec2", "CreateVpcEndpoint" | "ModifyVpcEndpoint" | "DeleteVpcEndpoints") => EC2_ENDPOINT,
        ("ec2", "CreateNatGateway" | "DeleteNatGateway") => EC2_NAT,
        ("ec2", _) if operation.is_read() => EC2_READ,
        ("ec2", _) => EC2_CHANGE,
        ("iam", _) => IAM,
        ("route53", _) => ROUTE53,
        ("logs", "FilterLogEvents") => LOGS_SEARCH,
        ("ecs", "RunTask" | "StopTask") => ECS_RUN,
        ("ecs", _) if !operation.is_read() => ECS_CHANGE,
        ("events", _) if !operation.is_read() => EVENTS_CHANGE,
        ("autoscaling", _) if !operation.is_read() => AUTOSCALING_CHANGE,
        ("batch", _) if !operation.is_read() => BATCH_CHANGE,
        ("ssm", "SendCommand") => SSM_SEND,
        (other, _) => (other, 20.0, 10.0),
    }
}

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
        let (name, burst, refill) = class(operation);
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
