//! Flow logs: bytes in, what was seen out. Pure.
//!
//! [`read`] turns bytes (text, gzip, Parquet, answers of CloudWatch Logs; versions 2 to 5) into [`Record`]s, one by one, as
//! [`Formats`] do with single lines; a [`Tally`] joins each with the owners of its interface and addresses at that moment, turns it the way the connection was
//! opened, and counts. What it keeps grows with the pairs that talk, not with the records. [`Tally::finish`] gives
//! [`crate::model::seen::Seen`].
//!
//! Not in flow logs, and so not here (VPC guide, `flow-logs.md`): queries to the VPC's resolver, instance metadata, time sync,
//! DHCP, and what is mirrored. Not told from the internet: AWS services without an endpoint.

#[cfg(feature = "parquet")]
mod columns;
mod count;
mod direction;
mod events;
mod fault;
mod layout;
mod owners;
mod record;
mod source;
mod tally;

pub use fault::{Fault, Unit};
pub use layout::{Formats, Layout};
pub use record::{Action, Record, Said, Traffic};
pub use source::read;
pub use tally::Tally;
