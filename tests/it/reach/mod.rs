//! Who can talk to whom: one test for each rule of AWS's, with its source.

/// Security groups: who is let out and in, and what is tracked.
mod groups;
/// Routes, gateways, addresses.
mod routes;
