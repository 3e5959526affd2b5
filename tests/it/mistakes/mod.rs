//! The 25 mistakes of a naive tool (aws-semantics, section c), one test each: that this one does not make them.

mod access;
mod balancers;
mod data;
mod network;
mod stateless;
