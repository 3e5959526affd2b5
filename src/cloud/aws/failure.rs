//! Why a request was not answered, and what may be done about it.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::model::call::{Outcome, Refusal};

const ATTEMPTS: u32 = 5;
/// An endpoint that isn't there is rarely there a moment later: whoever waits should know soon.
const ATTEMPTS_UNREACHED: u32 = 3;

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

impl Failure {
    /// How often the request may be sent at most, this time included. `harmless`: carrying it out twice does no harm.
    pub(super) fn attempts(&self, harmless: bool) -> u32 {
        match self {
            Failure::Refused(_) => 1,
            Failure::Throttled(_) => ATTEMPTS,
            Failure::NotSent(_) => ATTEMPTS_UNREACHED,
            Failure::Lost(_) if harmless => ATTEMPTS,
            Failure::Lost(_) => 1,
        }
    }

    /// The outcome of a call that ends with this failure. `lost` is what became of an earlier attempt that may have been
    /// carried out: whatever AWS says now, "nothing was done" would be a guess then.
    pub(super) fn outcome(self, lost: Option<String>) -> Outcome {
        match (self, lost) {
            (Failure::Refused(refusal) | Failure::Throttled(refusal), None) => Outcome::Refused(refusal),
            (Failure::Refused(refusal) | Failure::Throttled(refusal), Some(lost)) => {
                Outcome::Unknown(format!("{lost}; and when asked again: {refusal}"))
            }
            (Failure::NotSent(why) | Failure::Lost(why), _) => Outcome::Unknown(why),
        }
    }

    /// What the SDK's error means.
    pub(super) fn from_sdk<E>(error: SdkError<E, HttpResponse>) -> Failure
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        let words = chain(&error);
        match &error {
            SdkError::ServiceError(service) => {
                let status = service.raw().status().as_u16();
                let meta = service.err().meta();
                let code = meta.code().map_or_else(|| format!("Http{status}"), str::to_owned);
                let message = meta.message().map_or(words, str::to_owned);
                Failure::answered(status, Refusal::new(code, message))
            }
            _ if lacks_credentials(&words) => Failure::Refused(Refusal::new("MissingCredentials", words)),
            SdkError::ConstructionFailure(_) => Failure::Refused(Refusal::new("InvalidParameter", words)),
            SdkError::DispatchFailure(_) if never_connected(&error) => Failure::NotSent(words),
            _ => Failure::Lost(words),
        }
    }

    /// What an error that AWS answered with means.
    fn answered(status: u16, refusal: Refusal) -> Failure {
        match (status, refusal.code.as_str()) {
            (429, _) => Failure::Throttled(refusal),
            (_, code) if is_throttling(code) || is_contention(code) => Failure::Throttled(refusal),
            // EC2 says with status 500 that it has no capacity; and 501 is said instead of doing anything.
            (_, code) if code.starts_with("Insufficient") => Failure::Refused(refusal),
            (501, _) => Failure::Refused(refusal),
            (408 | 500.., _) => Failure::Lost(format!("{refusal} (HTTP {status})")),
            _ => Failure::Refused(refusal),
        }
    }
}

/// What went wrong, and why, and why that.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let whole: Vec<String> = sources(error).map(|error| error.to_string()).collect();
    whole.join(": ")
}

fn sources<'a>(error: &'a (dyn std::error::Error + 'static)) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| error.source())
}

/// Whether the request could not be signed. The SDK tells it in words only; nothing that comes back from a service
/// after a request has left is told in these.
fn lacks_credentials(words: &str) -> bool {
    let words = words.to_lowercase();
    words.contains("credential") || words.contains("auth scheme")
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

/// The codes by which a service says that somebody else is changing the same thing this moment; some say it with status
/// 500. Nothing was done.
fn is_contention(code: &str) -> bool {
    matches!(
        code,
        "ResourceContention"
            | "ResourceContentionFault"
            | "ConcurrentUpdateException"
            | "ConcurrentModification"
            | "ConcurrentModificationException"
            | "EntityTemporarilyUnmodifiable"
            | "TooManyUpdates"
    )
}

/// Whether the connection was refused or the name not found: in both cases nothing was sent.
fn never_connected(error: &(dyn std::error::Error + 'static)) -> bool {
    sources(error).any(|error| {
        let refused = error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::ConnectionRefused);
        refused || error.to_string().starts_with("dns error")
    })
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_types::error::metadata::ErrorMetadata;

    use super::*;

    fn outcome(status: u16, code: &str) -> Outcome {
        Failure::answered(status, Refusal::new(code, "words")).outcome(None)
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
        assert_eq!(outcome(400, "ClientException"), refused("ClientException"));
        assert_eq!(outcome(500, "ServerException"), Outcome::Unknown("ServerException: words (HTTP 500)".into()));
        assert_eq!(outcome(500, "ResourceContention"), refused("ResourceContention"));
    }

    #[test]
    fn a_change_is_repeated_only_where_it_surely_was_not_made() {
        let refusal = || Refusal::new("code", "words");
        assert_eq!(Failure::Refused(refusal()).attempts(true), 1);
        assert_eq!(Failure::Throttled(refusal()).attempts(false), ATTEMPTS);
        assert_eq!(Failure::NotSent("refused".into()).attempts(false), ATTEMPTS_UNREACHED);
        assert_eq!(Failure::Lost("timeout".into()).attempts(false), 1);
        assert_eq!(Failure::Lost("timeout".into()).attempts(true), ATTEMPTS);
    }

    #[test]
    fn a_refusal_after_a_lost_attempt_proves_nothing() {
        let expired = Failure::Refused(Refusal::new("ExpiredToken", "words"));
        let why = "timeout; and when asked again: ExpiredToken: words";
        assert_eq!(expired.outcome(Some("timeout".into())), Outcome::Unknown(why.into()));
    }

    #[test]
    fn what_never_left_is_told_from_what_was_lost() {
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        let dispatch = |error| SdkError::<ErrorMetadata, HttpResponse>::dispatch_failure(error);
        assert!(matches!(Failure::from_sdk(dispatch(ConnectorError::io(refused.into()))), Failure::NotSent(_)));
        assert!(matches!(Failure::from_sdk(dispatch(ConnectorError::io("reset".into()))), Failure::Lost(_)));
        assert!(matches!(Failure::from_sdk(dispatch(ConnectorError::timeout("slow".into()))), Failure::Lost(_)));
        let unsigned = dispatch(ConnectorError::other("no credentials found in chain".into(), None));
        let Failure::Refused(refusal) = Failure::from_sdk(unsigned) else { panic!("not refused") };
        assert_eq!(refusal.code, "MissingCredentials");
        let late = SdkError::<ErrorMetadata, HttpResponse>::timeout_error("operation timed out");
        assert!(matches!(Failure::from_sdk(late), Failure::Lost(_)));
        let unbuilt = SdkError::<ErrorMetadata, HttpResponse>::construction_failure("no function name");
        assert!(matches!(Failure::from_sdk(unbuilt), Failure::Refused(_)));
    }

    #[test]
    fn every_service_has_its_own_words_for_not_so_fast() {
        for (status, code) in [
            (400, "Throttling"),
            (503, "RequestLimitExceeded"),
            (429, "TooManyRequestsException"),
            (400, "ThrottlingException"),
            (500, "ConcurrentUpdateException"),
        ] {
            assert!(matches!(Failure::answered(status, Refusal::new(code, "")), Failure::Throttled(_)), "{code}");
        }
    }
}
