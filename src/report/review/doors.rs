//! What the internet reaches, before and after.

use crate::plan::doors::Door;

/// The doors of two moments.
#[derive(Clone, Debug, Default)]
pub struct Exposure {
    /// Today.
    pub before: Vec<Door>,
    /// After the last step before cleanup; nothing, if that can't be played.
    pub after: Option<Vec<Door>>,
}
