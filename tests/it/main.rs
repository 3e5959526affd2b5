//! The one integration-test binary: the SDK makes every extra binary a slow link. A module per suite.

#![allow(
    clippy::disallowed_methods,
    reason = "the bans keep the crate's pure rooms pure; a test starts processes and reads files by trade"
)]

/// What the suites share: the emulated AWS, the fault proxy, the program under test.
mod support;

/// Who may import whom, and who may touch the outside.
mod architecture;
/// What holds of every kind and of every step, whatever they are.
mod conformance;
/// The emulated AWS comes up, and its inspector is able to fail.
mod emulator;
/// What ten times the account costs.
mod growth;
/// What is planned for which account and intent.
mod planner;
/// The real driver on a simulated account, disturbed at every call.
mod simulation;
/// Sizes, leftovers, runbook pages.
mod tidy;
