//! The adapter for AWS itself: a call as data becomes a typed SDK request, and its answer the JSON that the AWS CLI
//! would print.
//!
//! This is a translator and nothing else: it knows no kind of resource and decides nothing. Each service has a file of
//! tables (operation, parameters, answer); a new kind adds the operations that it needs to these tables, and is told
//! `UnsupportedOperation` or `InvalidParameter` until it has.
//!
//! **Outcomes.** AWS's 4xx and its definite "no" (throttled for too long, no capacity) are `Refused`: nothing was done.
//! A timeout, a broken connection, an answer that can't be read, a 5xx are `Unknown`. A read, a dry run and a call with
//! a `ClientToken` are repeated after any of these; any other change only where it surely was not made (throttling, no
//! connection). The SDK's own retries are off: they would repeat changes, and count requests that nobody sees.
//!
//! **Deliberately absent:** waiting for a state (the executor looks), caching, several regions or accounts in one
//! adapter, and every secret: environments, commands, user data and passwords are in no table. The one exception is
//! what AWS replaces whole (the inputs of EventBridge's targets and of schedules): it passes through.

mod application_autoscaling;
mod autoscaling;
mod batch;
mod budget;
mod cloudwatch;
mod dates;
mod ec2_access;
mod ec2_groups;
mod ec2_instances;
mod ec2_network;
mod ec2_templates;
mod ecs;
mod elasticache;
mod elb;
mod elbv2;
mod events;
mod failure;
mod iam;
mod json;
mod lambda;
mod logs;
mod pages;
mod rds;
mod route53;
mod s3;
mod scheduler;
mod ssm;
mod states;
mod sts;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use serde_json::Value;
use thiserror::Error;

use self::budget::Budgets;
use self::dates::Dates;
use self::failure::Failure;
use self::json::Fields;
use crate::cloud::{Answer, Cloud};
use crate::model::call::{Call, Label, Object, Operation, Outcome, Refusal};

/// After this time no further attempt is made.
const CALL_TIME_MAX: Duration = Duration::from_secs(180);
const ATTEMPT_TIME_MAX: Duration = Duration::from_secs(60);
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);
const BACKOFF_SECONDS_MAX: f64 = 20.0;

/// Why there is no connection to an account.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// Nobody said which region.
    #[error("no AWS region is set, neither by --region nor by AWS_REGION nor in the profile")]
    NoRegion,
    /// The machine gives no thread.
    #[error("no async runtime: {0}")]
    NoRuntime(String),
}

pub use s3::S3Objects;

/// One region of one AWS account, as the usual chain of settings and credentials finds it.
pub struct AwsCloud {
    ec2: aws_sdk_ec2::Client,
    rds: aws_sdk_rds::Client,
    elbv2: aws_sdk_elasticloadbalancingv2::Client,
    lambda: aws_sdk_lambda::Client,
    elasticache: aws_sdk_elasticache::Client,
    ecs: aws_sdk_ecs::Client,
    autoscaling: aws_sdk_autoscaling::Client,
    application_autoscaling: aws_sdk_applicationautoscaling::Client,
    batch: aws_sdk_batch::Client,
    elb: aws_sdk_elasticloadbalancing::Client,
    events: aws_sdk_eventbridge::Client,
    scheduler: aws_sdk_scheduler::Client,
    states: aws_sdk_sfn::Client,
    ssm: aws_sdk_ssm::Client,
    iam: aws_sdk_iam::Client,
    route53: aws_sdk_route53::Client,
    logs: aws_sdk_cloudwatchlogs::Client,
    cloudwatch: aws_sdk_cloudwatch::Client,
    sts: aws_sdk_sts::Client,
    region: String,
    endpoint: Option<String>,
    budgets: Budgets,
    dates: Dates,
    requests: Mutex<BTreeMap<String, u64>>,
}

impl AwsCloud {
    /// Reads the settings (environment, profile, instance role). Sends nothing to the services yet.
    pub async fn connect(profile: Option<&str>, region: Option<&str>) -> Result<AwsCloud, ConnectError> {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIME_MAX)
            .operation_attempt_timeout(ATTEMPT_TIME_MAX)
            .operation_timeout(CALL_TIME_MAX)
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts)
            .app_name(AppName::new("hikkoshi").expect("a plain word is an app name"));
        if let Some(profile) = profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = region {
            loader = loader.region(Region::new(region.to_owned()));
        }
        AwsCloud::over(&loader.load().await)
    }

    fn over(config: &SdkConfig) -> Result<AwsCloud, ConnectError> {
        let region = config.region().ok_or(ConnectError::NoRegion)?.to_string();
        Ok(AwsCloud {
            ec2: aws_sdk_ec2::Client::new(config),
            rds: aws_sdk_rds::Client::new(config),
            elbv2: aws_sdk_elasticloadbalancingv2::Client::new(config),
            lambda: aws_sdk_lambda::Client::new(config),
            elasticache: aws_sdk_elasticache::Client::new(config),
            ecs: aws_sdk_ecs::Client::new(config),
            autoscaling: aws_sdk_autoscaling::Client::new(config),
            application_autoscaling: aws_sdk_applicationautoscaling::Client::new(config),
            batch: aws_sdk_batch::Client::new(config),
            elb: aws_sdk_elasticloadbalancing::Client::new(config),
            events: aws_sdk_eventbridge::Client::new(config),
            scheduler: aws_sdk_scheduler::Client::new(config),
            states: aws_sdk_sfn::Client::new(config),
            ssm: aws_sdk_ssm::Client::new(config),
            iam: aws_sdk_iam::Client::new(config),
            route53: aws_sdk_route53::Client::new(config),
            logs: aws_sdk_cloudwatchlogs::Client::new(config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(config),
            sts: aws_sdk_sts::Client::new(config),
            region,
            endpoint: config.endpoint_url().map(str::to_owned),
            budgets: Budgets::default(),
            dates: Dates::default(),
            requests: Mutex::default(),
        })
    }

    /// The same, for an AWS on this machine whose time runs so many times as fast: its buckets fill as much faster.
    pub fn paced(self, times: u32) -> AwsCloud {
        AwsCloud { budgets: Budgets::paced(times), ..self }
    }

    /// The region that is asked.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The endpoint that stands in for AWS's own, if one is set (`AWS_ENDPOINT_URL`).
    pub fn endpoint(&self) -> Option<&str> {
        self.endpoint.as_deref()
    }

    /// Whether the tables have a call and every parameter of it. Nothing is sent.
    ///
    /// # Errors
    /// What they don't have.
    pub fn knows(&self, call: &Call) -> Result<(), Refusal> {
        let request = Request { operation: &call.operation, parameters: &call.parameters, label: None, dates: &self.dates };
        self.find(&request).map(drop)
    }

    async fn answer(&self, call: &Call) -> Outcome {
        let operation = &call.operation;
        let label = call.label.as_ref();
        if !operation.is_read() || pages::one_by_one(operation) {
            return match self.request(&Request { operation, parameters: &call.parameters, label, dates: &self.dates }).await {
                Ok(answer) => pages::settle(operation, &call.parameters, answer),
                Err(outcome) => outcome,
            };
        }
        let mut merged = Value::Object(Object::new());
        for first in pages::chains(operation, &call.parameters) {
            let mut following = Some(first);
            while let Some(parameters) = following {
                let page = self.request(&Request { operation, parameters: &parameters, label, dates: &self.dates }).await;
                let next = page.and_then(|mut page| Ok((pages::next(&mut page, &parameters)?, page)));
                match next {
                    Ok((next, page)) => {
                        pages::merge(&mut merged, page);
                        following = next;
                    }
                    Err(outcome) => return outcome,
                }
            }
        }
        Outcome::Done(merged)
    }

    /// One request, repeated where that is safe.
    async fn request(&self, request: &Request<'_>) -> Result<Value, Outcome> {
        #[expect(clippy::disallowed_methods, reason = "the budgets measure real time between requests; nothing is decided by it")]
        let started = Instant::now();
        let (mut attempt, mut lost) = (1, None);
        loop {
            let pending = self.find(request).map_err(Outcome::Refused)?;
            self.budgets.wait(request.operation).await;
            self.count(request.operation);
            let failure = match pending.await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            if attempt >= failure.attempts(request.is_harmless()) || started.elapsed() > CALL_TIME_MAX {
                return Err(self.explained(failure.outcome(lost)));
            }
            tracing::debug!(operation = %request.operation, attempt, ?failure, "asking AWS again");
            if let Failure::Lost(why) = failure
                && request.is_change()
            {
                lost = Some(why);
            }
            tokio::time::sleep(backoff(attempt)).await;
            attempt += 1;
        }
    }

    /// The request of the operation, from the service's file that has it.
    fn find<'a>(&self, request: &Request<'a>) -> Result<Pending<'a>, Refusal> {
        let found = match request.operation.service() {
            "ec2" => self.find_ec2(request)?,
            "rds" => rds::find(&self.rds, request)?,
            "elasticloadbalancing" => elbv2::find(&self.elbv2, request)?,
            "lambda" => lambda::find(&self.lambda, request)?,
            "elasticache" => elasticache::find(&self.elasticache, request)?,
            "ecs" => ecs::find(&self.ecs, request)?,
            "autoscaling" => autoscaling::find(&self.autoscaling, request)?,
            "application-autoscaling" => application_autoscaling::find(&self.application_autoscaling, request)?,
            "batch" => batch::find(&self.batch, request)?,
            "elb" => elb::find(&self.elb, request)?,
            "events" => events::find(&self.events, request)?,
            "scheduler" => scheduler::find(&self.scheduler, request)?,
            "states" => states::find(&self.states, request)?,
            "ssm" => ssm::find(&self.ssm, request)?,
            "iam" => iam::find(&self.iam, request)?,
            "route53" => route53::find(&self.route53, request)?,
            "logs" => logs::find(&self.logs, request)?,
            "cloudwatch" => cloudwatch::find(&self.cloudwatch, request)?,
            "sts" => sts::find(&self.sts, request)?,
            _ => None,
        };
        let unsupported = || format!("hikkoshi's AWS adapter has no {}", request.operation);
        found.ok_or_else(|| Refusal::new("UnsupportedOperation", unsupported()))
    }

    fn find_ec2<'a>(&self, request: &Request<'a>) -> Result<Option<Pending<'a>>, Refusal> {
        for find in [ec2_network::find, ec2_groups::find, ec2_instances::find, ec2_templates::find, ec2_access::find] {
            if let Some(pending) = find(&self.ec2, request)? {
                return Ok(Some(pending));
            }
        }
        Ok(None)
    }

    fn count(&self, operation: &Operation) {
        let mut requests = self.requests.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        *requests.entry(operation.to_string()).or_default() += 1;
    }

    fn explained(&self, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::Unknown(why) => {
                let place = self.endpoint.as_deref().unwrap_or(&self.region);
                Outcome::Unknown(format!("no answer from AWS ({place}): {why}"))
            }
            other => other,
        }
    }
}

impl Cloud for AwsCloud {
    fn call<'a>(&'a self, call: &'a Call) -> Answer<'a> {
        Box::pin(self.answer(call))
    }

    fn requests(&self) -> BTreeMap<String, u64> {
        self.requests.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

    fn ahead_ms(&self) -> i64 {
        self.dates.ahead_ms()
    }
}

/// How long to wait before attempt `attempt + 1`: twice as long each time, and by chance up to half of it less, so that
/// steps that were throttled together don't come back together.
fn backoff(attempt: u32) -> Duration {
    let full = f64::from(2_u32.saturating_pow(attempt - 1)).min(BACKOFF_SECONDS_MAX);
    let chance = f64::from(getrandom::u32().unwrap_or(0)) / f64::from(u32::MAX);
    Duration::from_secs_f64(full * (1.0 - chance / 2.0))
}

/// A request on its way.
type Pending<'a> = Pin<Box<dyn Future<Output = Result<Value, Failure>> + Send + 'a>>;

/// One request: a call, or one page of it.
struct Request<'a> {
    operation: &'a Operation,
    parameters: &'a Object,
    label: Option<&'a Label>,
    dates: &'a Dates,
}

impl Request<'_> {
    fn fields(&self) -> Fields {
        Fields::new(self.parameters.clone(), "")
    }

    fn is_change(&self) -> bool {
        !self.operation.is_read() && self.parameters.get("DryRun") != Some(&Value::Bool(true))
    }

    /// Whether carrying it out twice does no harm.
    fn is_harmless(&self) -> bool {
        !self.is_change() || ["ClientToken", "clientToken"].iter().any(|token| self.parameters.contains_key(*token))
    }

    fn agent(&self) -> Agent {
        Agent(agent(self.label))
    }

    fn dates(&self) -> Dates {
        self.dates.clone()
    }
}

/// What is said of us in the user agent, and so in CloudTrail: the step, where there is one.
fn agent(label: Option<&Label>) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let plain =
        |text: &str| -> String { text.chars().map(|c| if c.is_ascii_alphanumeric() || "-._:+".contains(c) { c } else { '_' }).collect() };
    match label {
        Some(Label { migration, step }) => {
            format!("hikkoshi/{version} migration/{} step/{}", plain(migration), plain(step))
        }
        None => format!("hikkoshi/{version}"),
    }
}

/// Puts [`agent`] in front of the SDK's own user agent.
#[derive(Debug)]
struct Agent(String);

#[dyn_dispatch_hint]
impl Intercept for Agent {
    fn name(&self) -> &'static str {
        "HikkoshiAgent"
    }

    /// After signing: the signature leaves the user agent out, and the SDK has written its own by then.
    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let headers = context.request_mut().headers_mut();
        let agent = match headers.get("user-agent") {
            Some(sdk) => format!("{} {sdk}", self.0),
            None => self.0.clone(),
        };
        headers.insert("user-agent", agent);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_user_agent_names_the_step_in_plain_letters() {
        let label = Label { migration: "shop prod/é".into(), step: "subnet.a:create".into() };
        let agent = agent(Some(&label));
        assert!(agent.ends_with(" migration/shop_prod__ step/subnet.a:create"), "{agent}");
    }

    #[test]
    fn only_what_can_be_done_twice_is_harmless() {
        let harmless = |operation: &str, parameters: Value| {
            let call = Call::new(operation, parameters);
            Request { operation: &call.operation, parameters: &call.parameters, label: None, dates: &Dates::default() }.is_harmless()
        };
        assert!(harmless("ec2:DescribeSubnets", json!({})));
        assert!(harmless("logs:FilterLogEvents", json!({})));
        assert!(harmless("ec2:CreateSubnet", json!({"DryRun": true})));
        assert!(harmless("ec2:CreateNatGateway", json!({"ClientToken": "t"})));
        assert!(harmless("ecs:RunTask", json!({"clientToken": "t"})));
        assert!(!harmless("ec2:CreateSubnet", json!({"DryRun": false})));
        assert!(!harmless("ec2:AllocateAddress", json!({})));
    }

    #[test]
    fn the_waits_grow_and_end() {
        for (attempt, longest) in [(1, 1.0), (2, 2.0), (3, 4.0), (4, 8.0), (9, 20.0)] {
            let seconds = backoff(attempt).as_secs_f64();
            assert!((longest / 2.0..=longest).contains(&seconds), "{attempt}: {seconds}");
        }
    }

    #[tokio::test]
    async fn what_the_tables_do_not_have_is_refused_without_a_request() {
        let config = SdkConfig::builder().behavior_version(BehaviorVersion::v2026_01_12()).region(Region::new("eu-central-1")).build();
        let cloud = AwsCloud::over(&config).unwrap();
        assert_eq!(cloud.region(), "eu-central-1");
        for operation in ["ec2:DeleteVpc", "iam:DeleteUser"] {
            let Outcome::Refused(refusal) = cloud.call(&Call::new(operation, json!({}))).await else { panic!() };
            assert_eq!(refusal.code, "UnsupportedOperation");
        }
        let misspelt = Call::new("ec2:CreateSubnet", json!({"VpcID": "vpc-1"}));
        let Outcome::Refused(refusal) = cloud.call(&misspelt).await else { panic!() };
        assert_eq!(refusal.code, "InvalidParameter");
        assert!(cloud.requests().is_empty());
        assert!(AwsCloud::over(&SdkConfig::builder().build()).is_err());
    }
}
