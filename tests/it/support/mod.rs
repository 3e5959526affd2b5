//! What the suites share. Everything that listens does so on 127.0.0.1, on a port picked at run time, and ends with its value.

#![allow(dead_code, reason = "not every suite uses every helper")]

pub mod account;
pub mod account_access;
/// Network and Classic Load Balancers.
pub mod account_balancers;
pub mod account_data;
/// Names in DNS zones.
pub mod account_dns;
pub mod account_ecs;
pub mod command;
pub mod emulator;
pub mod http;
pub mod iam;
pub mod lab;
/// A network in a few words, for questions about reach.
pub mod net;
#[cfg(feature = "aws")]
pub mod night;
pub mod proxy;
pub mod server;
pub mod source;
pub mod upset;
pub mod view;
