//! Who can talk to whom in a VPC: by which path, or blocked by what. Pure.
//!
//! The network is a set of [`Fact`]s under [`Key`]s, each told by one resource alone ([`facts`]). A [`View`] looks a fact up;
//! [`Fabric`] is the view of one inventory. Whoever proves something about many states of an account gives a view of
//! his own, which knows what each key was in each state, and sees from the keys asked for what an answer depends on.
//! So a question never looks at anything but facts.

mod fabric;
mod fact;
mod walk;

pub use fabric::Fabric;
pub use fact::{Acl, AclEntry, Endpoint, Fact, Gateway, GatewayKind, Key, Node, View, Workload, facts};
pub use walk::{Block, Blocked, By, Hold, Question, Route, Side, Verdict, ask, stands};
