//! The one integration-test binary: the SDK makes every extra binary a slow link. A module per suite.

#![allow(
    clippy::disallowed_methods,
    reason = "the bans keep the crate's pure rooms pure; a test starts processes and reads files by trade"
)]

/// What the suites share: the emulated AWS, the fault proxy, the program under test.
mod support;

/// Session Manager instead of SSH.
mod access;
/// Traffic that changes its address, the gate before it, and what it costs.
mod addresses;
/// Who may import whom, and who may touch the outside.
mod architecture;
/// Calls as lines of the AWS CLI.
mod aws_cli;
/// What the program says and leaves alone when what it is given is bad.
mod bad_input;
/// Load balancers of every kind.
mod balancers;
/// Compute environments of Batch: in place, or exchanged.
mod batch;
/// README and the book: links, commands, transcripts, the reference, what `--json` prints.
mod book;
/// A Client VPN for developers.
mod client_vpn;
/// What holds of every kind and of every step, whatever they are.
mod conformance;
/// Control of a run: its history, requests from elsewhere, what is left out, what is edited half-way.
mod control;
/// Databases of which a copy takes the name.
mod data_copy;
/// Databases and caches under the strategy that interrupts nothing.
mod data_flip;
/// Caches of which a new one is made beside the old.
mod data_recreate;
/// Databases that cross over into private subnets by failovers.
mod data_rotate;
/// Caches that cross over into private subnets by promotions.
mod data_rotate_caches;
/// How many reads a discovery makes.
mod discovery_budget;
/// An inventory from a folder of AWS CLI answers.
mod dumps;
/// The same of listings within listings.
mod dumps_nested;
/// The emulated AWS comes up, and its inspector is able to fail.
mod emulator;
/// The whole story's account, every kind of it, over the wire.
#[cfg(feature = "aws")]
mod end_to_end;
/// Security groups by what is known of flows.
mod evidence;
/// How flow logs are read, joined and turned.
mod flow_logs;
/// `hikkoshi flows` as a person types it.
mod flows_command;
/// Flow logs read from CloudWatch Logs.
mod flows_live;
/// Flow logs of the whole account over the wire.
#[cfg(feature = "aws")]
mod flows_wire;
/// Functions by their versions and aliases.
mod functions;
/// What ten times the account costs.
mod growth;
/// Reach against the Linux kernel.
mod kernel;
/// Which flows must survive, and on what evidence.
mod known_flows;
/// What the intent lets a plan cost.
mod limits;
/// The 25 mistakes of a naive tool.
mod mistakes;
/// DNS records that hold an address of what moves.
mod names;
/// The whole way over the wire, and through everything that a night can bring.
#[cfg(feature = "aws")]
mod night;
/// Load balancers of every kind over the wire.
#[cfg(feature = "aws")]
mod night_balancers;
/// Who owns what a plan changes, and would put it back.
mod owners;
/// The pages for 3 a.m.: what each has, and that what they tell one to type is a command.
mod pages;
/// What is planned for which account and intent.
mod planner;
/// The IAM policy of a plan: enough for every call, and for nothing else.
mod policy;
/// Managed prefix lists, from the account to the plan.
mod prefix_lists;
/// The proof: what it refuses, what it derives.
mod proof;
/// The proof is exact: a naive enumeration of all states finds the same.
mod proof_exact;
/// Who can talk to whom in a network.
mod reach;
/// How an intent and a plan are read.
mod reading;
/// `hikkoshi rehearse` as a person types it.
mod rehearse;
/// The meeting's page: what it shows is what the plan does.
mod review;
/// What IAM's simulator is asked, and what its answers say.
mod rights;
/// The same over the wire.
#[cfg(feature = "aws")]
mod rights_wire;
/// The network rules, written down and kept.
mod rules;
/// The runbook of a plan, before and in the middle of a night.
mod runbook;
/// Auto Scaling groups: pinned, moved, refreshed, and back.
mod scaling;
/// Scheduled tasks: re-sent whole, their input never stored.
mod scheduled;
/// The real driver on a simulated account, disturbed at every call.
mod simulation;
/// Services, scheduled tasks, Auto Scaling groups and compute environments: moved, moved back, disturbed.
mod stateless;
/// Where journals are kept, and who may write them.
mod stores;
/// The worked example in the repository is what the program makes of it.
mod story;
/// What Terraform must learn of a migration.
mod terraform;
/// Sizes, leftovers, runbook pages.
mod tidy;
/// The adapter's tables against the emulator.
#[cfg(feature = "aws")]
mod wire;
