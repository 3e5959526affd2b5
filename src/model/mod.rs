//! The nouns. Pure data: nothing here looks at an account, a clock or a file.

pub mod absent;
pub mod account;
pub mod call;
pub mod destination;
pub mod facet;
pub mod few;
pub mod flow;
pub mod id;
pub mod index;
pub mod inventory;
pub mod look;
pub mod network;
pub mod path;
pub mod rate;
pub mod resource;
pub mod resources;
pub mod seen;
pub mod step;
pub mod strategy;
pub mod text;
mod texts;
pub mod tight;
