//! How often AWS lets an account ask: token buckets, one for each class of operations.
//!
//! A little below AWS's own: being throttled hurts everybody else in the account too. EC2's are documented ("Request
//! throttling for the Amazon EC2 API"); IAM's and those of other services are what is known of them, on the safe side.

use std::collections::HashMap;
use std::time::Duration;

use super::call::Operation;

/// A class of operations that share a bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Class<'o> {
    /// Its name.
    pub name: &'o str,
    /// Requests that a full bucket lets through at once.
    pub burst: f64,
    /// Requests that come back a second.
    pub refill: f64,
}

const fn class_of(name: &'static str, burst: f64, refill: f64) -> Class<'static> {
    Class { name, burst, refill }
}

const EC2_READ: Class<'_> = class_of("ec2 read", 100.0, 20.0);
const EC2_CHANGE: Class<'_> = class_of("ec2 change", 50.0, 5.0);
const EC2_LAUNCH: Class<'_> = class_of("ec2 launch", 5.0, 2.0);
const EC2_ENDPOINT: Class<'_> = class_of("ec2 endpoint", 4.0, 0.3);
const EC2_NAT: Class<'_> = class_of("ec2 nat gateway", 10.0, 1.0);
/// IAM is one for all regions of an account.
const IAM: Class<'_> = class_of("iam", 10.0, 5.0);
/// IAM's simulator was throttled after 183 questions without a pause (nccgroup/PMapper#1).
const IAM_SIMULATOR: Class<'_> = class_of("iam simulator", 40.0, 5.0);
/// Route 53 takes five requests a second from an account, in all (Route 53 guide, "Quotas").
const ROUTE53: Class<'_> = class_of("route53", 5.0, 4.0);
/// CloudWatch Logs takes five searches a second from an account and region, and raises it for nobody (AWS re:Post,
/// "CloudWatch Logs throttling"). People look at their logs meanwhile.
const LOGS_SEARCH: Class<'_> = class_of("logs search", 1.0, 4.0);
const ECS_RUN: Class<'_> = class_of("ecs run", 10.0, 5.0);
const ECS_CHANGE: Class<'_> = class_of("ecs change", 20.0, 5.0);
/// EventBridge lets a few changes a second through in its smaller regions.
const EVENTS_CHANGE: Class<'_> = class_of("events change", 4.0, 2.0);
const AUTOSCALING_CHANGE: Class<'_> = class_of("autoscaling change", 10.0, 3.0);
const BATCH_CHANGE: Class<'_> = class_of("batch change", 5.0, 2.0);
const SSM_SEND: Class<'_> = class_of("ssm send", 5.0, 2.0);

/// The class of an operation.
pub fn class(operation: &Operation) -> Class<'_> {
    match (operation.service(), operation.name()) {
        ("ec2", "RunInstances") => EC2_LAUNCH,
        ("ec2", "CreateVpcEndpoint" | "ModifyVpcEndpoint" | "DeleteVpcEndpoints") => EC2_ENDPOINT,
        ("ec2", "CreateNatGateway" | "DeleteNatGateway") => EC2_NAT,
        ("ec2", _) if operation.is_read() => EC2_READ,
        ("ec2", _) => EC2_CHANGE,
        ("iam", "SimulatePrincipalPolicy") => IAM_SIMULATOR,
        ("iam", _) => IAM,
        ("route53", _) => ROUTE53,
        ("logs", "FilterLogEvents") => LOGS_SEARCH,
        ("ecs", "RunTask" | "StopTask") => ECS_RUN,
        ("ecs", _) if !operation.is_read() => ECS_CHANGE,
        ("events", _) if !operation.is_read() => EVENTS_CHANGE,
        ("autoscaling", _) if !operation.is_read() => AUTOSCALING_CHANGE,
        ("batch", _) if !operation.is_read() => BATCH_CHANGE,
        ("ssm", "SendCommand") => SSM_SEND,
        (other, _) => Class { name: other, burst: 20.0, refill: 10.0 },
    }
}

/// The buckets of one account and region.
#[derive(Default)]
pub struct Buckets(HashMap<String, Bucket>);

struct Bucket {
    tokens: f64,
    at: Duration,
}

impl Buckets {
    /// Takes a token at a moment, counted from any beginning; the time until it is really there. Callers queue up by going
    /// into debt.
    pub fn take(&mut self, operation: &Operation, now: Duration) -> Duration {
        let Class { name, burst, refill } = class(operation);
        let bucket = self.0.entry(name.to_owned()).or_insert(Bucket { tokens: burst, at: now });
        let refilled = bucket.tokens + now.saturating_sub(bucket.at).as_secs_f64() * refill;
        bucket.tokens = refilled.min(burst) - 1.0;
        bucket.at = now;
        Duration::from_secs_f64((-bucket.tokens).max(0.0) / refill)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(name: &str) -> Operation {
        name.parse().expect("an operation")
    }

    #[test]
    fn a_burst_is_free_and_then_the_refill_sets_the_pace() {
        let (mut buckets, now) = (Buckets::default(), Duration::from_secs(7));
        let launch = operation("ec2:RunInstances");
        for _ in 0..5 {
            assert_eq!(buckets.take(&launch, now), Duration::ZERO);
        }
        assert_eq!(buckets.take(&launch, now), Duration::from_millis(500));
        assert_eq!(buckets.take(&launch, now), Duration::from_millis(1000));
        assert_eq!(buckets.take(&launch, now + Duration::from_secs(2)), Duration::ZERO);
    }

    #[test]
    fn a_bucket_never_holds_more_than_its_burst() {
        let (mut buckets, now) = (Buckets::default(), Duration::from_secs(7));
        let endpoint = operation("ec2:CreateVpcEndpoint");
        buckets.take(&endpoint, now);
        let later = now + Duration::from_secs(3600);
        assert!((0..4).all(|_| buckets.take(&endpoint, later).is_zero()));
        assert!(!buckets.take(&endpoint, later).is_zero());
    }

    #[test]
    fn log_groups_are_searched_less_than_five_times_in_any_second() {
        let (mut buckets, now) = (Buckets::default(), Duration::from_secs(7));
        let waits: Vec<Duration> = (0..5).map(|_| buckets.take(&operation("logs:FilterLogEvents"), now)).collect();
        assert_eq!(waits, [0, 250, 500, 750, 1000].map(Duration::from_millis));
    }

    #[test]
    fn classes_do_not_eat_each_others_tokens() {
        let (mut buckets, now) = (Buckets::default(), Duration::from_secs(7));
        while buckets.take(&operation("ec2:CreateNatGateway"), now).is_zero() {}
        for other in ["ec2:DescribeSubnets", "ec2:CreateSubnet", "ec2:CreateVpcEndpoint", "rds:DescribeDBInstances"] {
            assert!(buckets.take(&operation(other), now).is_zero(), "{other}");
        }
    }
}
