//! Control of a run, as a person types it.

use crate::bad_input::Desk;

mod aftermath;
mod amending;
mod approvals;
mod drifting;
mod gates;
mod history;
pub mod hooks;
mod leaving_out;
mod live;
mod postponed;
mod quick;
mod requests;
mod serving;
mod traces;
mod turning_round;
mod windows;

const SIM: &str = "--cloud=sim:account.json";

/// What a command prints when it succeeds.
#[track_caller]
fn printed(desk: &Desk, args: &[&str]) -> String {
    desk.run(args).expect_code(0).stdout
}
