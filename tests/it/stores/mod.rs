//! Stores: what is written is kept, one at a time writes, and who was paused can't write any more.

mod bucket;
mod conformance;
mod driver;
mod executors;
mod local;
mod moving;
#[cfg(feature = "aws")]
mod s3;
mod team;
