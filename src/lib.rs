//! Hikkoshi moves what lives in a VPC's public subnets into private ones, while the service runs.

pub mod audit;
pub mod cloud;
pub mod graph;
pub mod kinds;
pub mod model;
