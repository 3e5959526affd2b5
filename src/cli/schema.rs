//! `hikkoshi schema`

use super::{Done, say_json};

/// Prints the JSON Schema of an intent.
pub fn run() -> Done {
    say_json(&crate::plan::intent::schema());
    Ok(0)
}
