//! The one door outside: the port [`Cloud`] and its adapters.
//!
//! Everything that the program asks of an account goes through [`Cloud::call`]: an operation by AWS's name, parameters
//! and answer as JSON in the AWS CLI's shape. `aws` sends it with the AWS SDK; `simulated` asks a
//! simulated account. Nothing above this room can tell the two apart.

use std::future::Future;
use std::pin::Pin;

use crate::model::call::{Call, Outcome};

pub mod simulated;

#[cfg(feature = "aws")]
pub mod aws;

/// A future that an adapter returns.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// An account that can be called.
pub trait Cloud: Send + Sync {
    /// Makes one call. A read (`Describe…`, `List…`, `Get…`) returns all pages, merged into one answer; the events of a log
    /// group, which have no bound, come page by page with their `nextToken` (`logs:FilterLogEvents`). Retries of throttling
    /// and of transport errors that AWS's SDK considers safe happen below this; what comes back is final.
    fn call<'a>(&'a self, call: &'a Call) -> Answer<'a>;

    /// How many requests were sent, pages and retries' first tries included, by `service:Operation`.
    fn requests(&self) -> std::collections::BTreeMap<String, u64>;

    /// How far this machine's clock is ahead of the account's, in milliseconds, as its last answer told; below zero where it
    /// is behind. What the account dates, such as events, is compared with the account's time.
    fn ahead_ms(&self) -> i64 {
        0
    }
}
