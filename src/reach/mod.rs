//! Who can talk to whom in a VPC: by which path, or blocked by what. Pure.
//!
//! The network is a set of [`Fact`]s under [`Key`]s, each told by one resource alone ([`facts`]). A [`View`] looks a fact up;
//! [`Fabric`] is the view of one inventory. Whoever proves something about many states of an account gives a view of
//! his own, which knows what each key was in each state, and sees from the keys asked for what an answer depends on.
//! So a question never looks at anything but facts.
//!
//! From the question to the filters: `walk` (what is asked; which ends that means), `journey` (between two ends inside the
//! VPC), `border` (across the VPC's border), `routes` and `filters` (one table, one group, one ACL), `rest` (addresses and
//! ports, several rules together), `internet` (which hosts out there fare alike).

mod border;
mod fabric;
mod fact;
mod filters;
mod internet;
mod journey;
mod rest;
mod routes;
mod tell;
mod walk;

pub use crate::model::facet::{Acl, AclEntry, GatewayKind};
pub use fabric::Fabric;
pub use fact::{Endpoint, Fact, Gateway, Key, Node, View, Workload, stands_where_it_is};
pub use tell::facts;
pub use walk::{
    Block, Blocked, By, CLIENT_PORTS, Hold, NAT_PORTS, Question, Route, Side, Verdict, ask, ask_briefly, stands, stands_briefly,
};
