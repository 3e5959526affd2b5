//! How often AWS lets an account ask: token buckets, one for each class of operations.
//!
//! A little below AWS's own: being throttled hurts everybody else in the account too. EC2's are documented ("Request
//! throttling for the Amazon EC2 API"); IAM's and those of other services are what is known of them, on the safe side.

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
