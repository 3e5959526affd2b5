//! AWS's clock beside this machine's, by the `Date` of its answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// How far this machine's clock is ahead of AWS's. Every HTTP answer is dated, to the second (RFC 9110, 6.6.1): what
/// comes out is up to a second and the answer's way too much, never too little.
#[derive(Clone, Debug, Default)]
pub(super) struct Dates(Arc<AtomicI64>);

impl Dates {
    /// In milliseconds, by the last answer; 0 before there was one.
    pub(super) fn ahead_ms(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    fn note(&self, date: &str, now: jiff::Timestamp) {
        let Ok(date) = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(date) else { return };
        self.0.store(now.as_millisecond() - date.as_millisecond(), Ordering::Relaxed);
    }
}

#[dyn_dispatch_hint]
impl Intercept for Dates {
    fn name(&self) -> &'static str {
        "HikkoshiDates"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(date) = context.response().headers().get("date") {
            self.note(date, jiff::Timestamp::now());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_ahead_by_what_it_shows_beyond_the_date_of_an_answer() {
        let dates = Dates::default();
        let shows = |text: &str| text.parse().expect("a moment");
        assert_eq!(dates.ahead_ms(), 0);
        dates.note("Sun, 29 Nov 2026 10:31:47 GMT", shows("2026-11-29T10:31:47.25Z"));
        assert_eq!(dates.ahead_ms(), 250);
        dates.note("Sun, 29 Nov 2026 10:31:47 GMT", shows("2026-11-29T10:29:47Z"));
        assert_eq!(dates.ahead_ms(), -120_000);
        dates.note("yesterday", shows("2026-11-29T10:29:47Z"));
        assert_eq!(dates.ahead_ms(), -120_000, "what is no date says nothing");
    }
}
