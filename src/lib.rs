//! Hikkoshi moves what lives in a VPC's public subnets into private ones, while the service runs.

pub mod clock;
pub mod cloud;
pub mod discover;
pub mod execute;
pub mod graph;
pub mod journal;
pub mod kinds;
pub mod model;
pub mod plan;
pub mod world;
