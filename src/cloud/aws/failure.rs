//! Why a request was not answered, and what may be done about it.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::model::call::{Outcome, Refusal};

/// Why one request was not answered with what was asked for.
#[derive(Debug)]
pub(super) enum Failure {
    /// AWS said no, or the request could not even be made: nothing was done.
    Refused(Refusal),
    /// AWS said "not so fast": nothing was done, and it may be asked again.
    Throttled(Refusal),
    /// The endpoint could not be reached: the request was surely not sent.
    NotSent(String),
    /// The request left; whether it was carried out, nobody knows.
    Lost(String),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        Failure::Refused(refusal)
    }
}

impl Failure {
    /// Whether the request may be sent again. `harmless`: carrying it out twice does no harm.
    pub(super) fn may_repeat(&self, harmless: bool) -> bool {
        match self {
            Failure::Refused(_) => false,
            Failure::Throttled(_) | Failure::NotSent(_) => true,
            Failure::Lost(_) => harmless,
        }
    }

    /// The outcome of a call that ends with this failure.
    pub(super) fn outcome(self) -> Outcome {
        match self {
            Failure::Refused(refusal) | Failure::Throttled(refusal) => Outcome::Refused(refusal),
            Failure::NotSent(why) | Failure::Lost(why) => Outcome::Unknown(why),
        }
    }

    /// What the SDK's error means.
    pub(super) fn from_sdk<E>(error: SdkError<E, HttpResponse>) -> Failure
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        let words = DisplayErrorContext(&error).to_string();
        match &error {
            SdkError::ServiceError(service) => {
                let status = service.raw().status().as_u16();
                let meta = service.err().meta();
                let code = meta.code().map_or_else(|| format!("Http{status}"), str::to_owned);
                let message = meta.message().map_or(words, str::to_owned);
                Failure::answered(status, Refusal::new(code, message))
            }
            SdkError::ConstructionFailure(_) => Failure::unsent(words),
            SdkError::DispatchFailure(dispatch) if dispatch.is_user() || dispatch.is_other() => Failure::unsent(words),
            SdkError::DispatchFailure(_) if never_connected(&error) => Failure::NotSent(words),
            _ => Failure::Lost(words),
        }
    }

    /// What an error that AWS answered with means.
    fn answered(status: u16, refusal: Refusal) -> Failure {
        match (status, refusal.code.as_str()) {
            (429, _) => Failure::Throttled(refusal),
            (_, code) if is_throttling(code) => Failure::Throttled(refusal),
            // EC2 says with status 500 that it has no capacity; and 501 is said instead of doing anything.
            (_, code) if code.starts_with("Insufficient") => Failure::Refused(refusal),
            (501, _) => Failure::Refused(refusal),
            (408 | 500.., _) => Failure::Lost(format!("{refusal} (HTTP {status})")),
            _ => Failure::Refused(refusal),
        }
    }

    /// What stopped a request before it left. Its words are all that the SDK tells.
    fn unsent(words: String) -> Failure {
        let lower = words.to_lowercase();
        if ["credential", "auth scheme", "identity"].iter().any(|sign| lower.contains(sign)) {
            Failure::Refused(Refusal::new("MissingCredentials", words))
        } else {
            Failure::Lost(words)
        }
    }
}

/// The codes by which AWS's services say "not so fast".
fn is_throttling(code: &str) -> bool {
    matches!(
        code,
        "RequestLimitExceeded"
            | "Throttling"
            | "ThrottlingException"
            | "ThrottledException"
            | "RequestThrottled"
            | "RequestThrottledException"
            | "TooManyRequestsException"
            | "BandwidthLimitExceeded"
            | "PriorRequestNotComplete"
            | "EC2ThrottledException"
            | "SlowDown"
    )
}

/// Whether the connection was refused or the name not found: in both cases nothing was sent.
fn never_connected(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source()).any(|error| {
        let refused = error
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == std::io::ErrorKind::ConnectionRefused);
        refused || error.to_string().starts_with("dns error")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(status: u16, code: &str) -> Outcome {
        Failure::answered(status, Refusal::new(code, "words")).outcome()
    }

    #[test]
    fn what_aws_refuses_is_refused_and_what_breaks_is_unknown() {
        let refused = |code: &str| Outcome::Refused(Refusal::new(code, "words"));
        assert_eq!(outcome(400, "InvalidSubnet.Conflict"), refused("InvalidSubnet.Conflict"));
        assert_eq!(outcome(403, "ExpiredToken"), refused("ExpiredToken"));
        assert_eq!(outcome(412, "DryRunOperation"), refused("DryRunOperation"));
        assert_eq!(outcome(500, "InsufficientInstanceCapacity"), refused("InsufficientInstanceCapacity"));
        assert_eq!(outcome(501, "NotImplemented"), refused("NotImplemented"));
        assert_eq!(outcome(500, "InternalError"), Outcome::Unknown("InternalError: words (HTTP 500)".into()));
        assert_eq!(outcome(503, "Http503"), Outcome::Unknown("Http503: words (HTTP 503)".into()));
        assert_eq!(outcome(503, "RequestLimitExceeded"), refused("RequestLimitExceeded"));
    }

    #[test]
    fn a_change_is_repeated_only_where_it_surely_was_not_made() {
        let refusal = || Refusal::new("code", "words");
        assert!(!Failure::Refused(refusal()).may_repeat(true));
        assert!(Failure::Throttled(refusal()).may_repeat(false));
        assert!(Failure::NotSent("refused".into()).may_repeat(false));
        assert!(!Failure::Lost("timeout".into()).may_repeat(false));
        assert!(Failure::Lost("timeout".into()).may_repeat(true));
    }

    #[test]
    fn lambda_and_ec2_spell_throttling_differently() {
        for (status, code) in [(400, "Throttling"), (503, "RequestLimitExceeded"), (429, "TooManyRequestsException")] {
            assert!(matches!(Failure::answered(status, Refusal::new(code, "")), Failure::Throttled(_)), "{code}");
        }
    }
}
