//! `hikkoshi demo`
//!
//! stub

use super::{Done, Global};

/// Options of `demo`.
#[derive(clap::Args, Debug)]
pub struct Args {}

/// Plays.
pub async fn run(_global: &Global, _args: Args) -> Done {
    Ok(0)
}
