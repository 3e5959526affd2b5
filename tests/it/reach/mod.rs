//! Who can talk to whom: one test for each rule of AWS's, with its source.

/// Network ACLs, and the answers that they must let back.
mod acls;
/// AWS services by endpoints and without.
mod endpoints;
/// Security groups: who is let out and in, and what is tracked.
mod groups;
/// Managed prefix lists in rules and routes.
mod lists;
/// Questions at moments of a plan.
mod moments;
/// Interfaces and what stands for them.
mod nodes;
/// Routes, gateways, addresses.
mod routes;
/// What holds of every network, and the command.
mod whole;
