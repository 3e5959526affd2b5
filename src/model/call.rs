//! One AWS call, by AWS's own names, and the three ways in which it can end.
//!
//! A call is data: `ec2:CreateSubnet` and the parameters that the API reference names. What is journaled, shown in a
//! review, run against the simulated account and sent to AWS is this same value; CloudTrail shows it again.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Parameters or answer of a call: a JSON object in the AWS CLI's shape and spelling (`SubnetIds`, not `subnet_ids`).
pub type Object = Map<String, Value>;

/// `service:Operation` as IAM and CloudTrail spell it, such as `ec2:CreateNatGateway`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Operation {
    service: String,
    name: String,
}

impl Operation {
    /// The service's prefix in IAM (`ec2`, `elasticloadbalancing`, `states`); `elb` are the Classic Load Balancers.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// The operation's name in the API reference.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the operation only looks. By AWS's naming convention: `Describe…`, `List…`, `Get…`, `Simulate…`; and `FilterLogEvents`.
    pub fn is_read(&self) -> bool {
        ["Describe", "List", "Get", "Filter", "Simulate"].iter().any(|prefix| self.name.starts_with(prefix))
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.service, self.name)
    }
}

impl FromStr for Operation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let valid = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        match text.split_once(':') {
            Some((service, name)) if valid(service) && valid(name) => Ok(Operation { service: service.to_owned(), name: name.to_owned() }),
            _ => Err(format!("`{text}` is not an AWS operation; expected `service:Operation`, such as `ec2:CreateSubnet`")),
        }
    }
}

impl TryFrom<String> for Operation {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Operation> for String {
    fn from(operation: Operation) -> String {
        operation.to_string()
    }
}

/// Who makes a call: goes into the user agent of the request, so that CloudTrail tells which step did what.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Label {
    /// The migration's name.
    pub migration: String,
    /// The step's id.
    pub step: String,
}

/// One call, ready to be made: every reference resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// What to call.
    pub operation: Operation,
    /// With what. An EC2 call may carry `DryRun: true`.
    pub parameters: Object,
    /// On whose behalf; none for reads outside a run.
    pub label: Option<Label>,
}

impl Call {
    /// A call of `service:Operation`; the name is a literal of ours.
    ///
    /// # Panics
    /// If the name isn't `service:Operation`: a typing error in the source.
    pub fn new(operation: &str, parameters: Value) -> Call {
        let operation = operation.parse().expect("operation names in the source are well-formed");
        let parameters = match parameters {
            Value::Object(map) => map,
            Value::Null => Object::new(),
            other => panic!("the parameters of {operation} are not an object: {other}"),
        };
        Call { operation, parameters, label: None }
    }

    /// The same call on behalf of a step.
    pub fn labelled(mut self, label: Label) -> Call {
        self.label = Some(label);
        self
    }
}

/// AWS said no: nothing was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// AWS's error code, such as `InvalidSubnet.Conflict`.
    pub code: String,
    /// AWS's words.
    pub message: String,
}

impl Refusal {
    /// A refusal with AWS's code and words.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Refusal {
        Refusal { code: code.into(), message: message.into() }
    }

    /// Whether the thing asked for isn't there (any service's spelling).
    pub fn is_not_found(&self) -> bool {
        // EC2 learns of a fresh instance profile some seconds after IAM has it, and says so in words only.
        let profile = self.code == "InvalidParameterValue" && self.message.contains("Invalid IAM Instance Profile");
        let zone = matches!(self.code.as_str(), "NoSuchHostedZone" | "NoSuchChange");
        profile || zone || self.code.contains("NotFound") || self.code.contains("DoesNotExist") || self.code.starts_with("NoSuchEntity")
    }

    /// Whether the caller lacks a permission.
    pub fn is_denied(&self) -> bool {
        matches!(
            self.code.as_str(),
            "UnauthorizedOperation" | "AccessDenied" | "AccessDeniedException" | "NotAuthorized" | "AuthorizationError"
        )
    }

    /// Whether the credentials themselves are not accepted (any more).
    pub fn is_credentials(&self) -> bool {
        matches!(
            self.code.as_str(),
            "ExpiredToken"
                | "ExpiredTokenException"
                | "RequestExpired"
                | "InvalidClientTokenId"
                | "UnrecognizedClientException"
                | "AuthFailure"
                | "SignatureDoesNotMatch"
                | "InvalidSignatureException"
                | "MissingCredentials"
        )
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// AWS did it; its answer, in the CLI's shape.
    Done(Value),
    /// AWS refused; nothing was done.
    Refused(Refusal),
    /// Nobody knows: a timeout, a broken connection, a 5xx after the request left. To be settled by looking.
    Unknown(String),
}

impl Outcome {
    /// The answer, or why there is none. An unknown outcome becomes the refusal `Unknown`, for reads only: a read that
    /// did not answer can be read again.
    pub fn of_read(self) -> Result<Value, Refusal> {
        match self {
            Outcome::Done(value) => Ok(value),
            Outcome::Refused(refusal) => Err(refusal),
            Outcome::Unknown(why) => Err(Refusal::new("Unknown", why)),
        }
    }
}
