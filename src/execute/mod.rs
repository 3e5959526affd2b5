//! Acting, and surviving.
//!
//! [`machine`] is pure: records in, what to do next out; a resume is a replay of the same function. [`driver`] carries
//! out what the machine says, one task per step ([`task`]), and writes a record before and after every call. Nothing is
//! chosen here: the plan says it all.

pub mod amend;
pub mod approval;
mod back;
pub mod control;
pub mod drift;
pub mod driver;
mod ear;
pub mod event;
pub mod gate;
pub mod hook;
pub mod look;
pub mod machine;
mod patience;
pub mod skip;
pub mod task;
mod wait;
mod window;
mod words;

pub use driver::{End, Run, Stop, run};
pub use event::{Event, What};
pub use machine::{Goal, Machine, Phase};
pub use task::token;
