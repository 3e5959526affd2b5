//! Hikkoshi moves what lives in a VPC's public subnets into private ones, while the service runs.
//!
//! The rooms, in the order in which a migration passes through them:
//!
//! - [`model`]: the nouns. Resources with their facets, an inventory, a call and its three outcomes, a step. Pure.
//! - [`kinds`]: what each AWS resource means: how it is listed and read, its strategies and their price, the draft of
//!   its steps, what its calls do and what AWS refuses. Pure.
//! - [`cloud`]: the one door outside; behind it AWS, or a simulated account.
//! - [`discover`]: an account, or a folder of answers, becomes an inventory.
//! - [`graph`] and [`audit`]: what depends on what; what is not as it should be. Pure.
//! - [`flows`]: flow logs become the connections that were seen, joined with the inventory. Pure.
//! - [`plan`]: intent and inventory become a complete decision. Pure.
//! - [`reach`]: who can talk to whom in a network, by which path or blocked by what. Pure.
//! - [`world`]: a simulated account that obeys the kinds. Pure.
//! - [`journal`]: what was intended and what happened, durable before anything is done.
//! - [`execute`]: carries a plan out, forward and back, and survives. A pure machine with a thin driver.
//! - [`clock`]: time as a port.
//! - [`rehearse`]: the same executor through simulated nights in which things go wrong, each from a seed.
//! - [`report`]: plans, runs and states as text. Pure.
//! - [`cli`]: wires and speaks.

pub mod audit;
pub mod cli;
pub mod clock;
pub mod cloud;
pub mod discover;
pub mod execute;
pub mod flows;
pub mod graph;
pub mod journal;
pub mod kinds;
pub mod model;
pub mod plan;
pub mod reach;
pub mod rehearse;
pub mod report;
pub mod world;
