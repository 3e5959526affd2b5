//! What is wrong with a log, and where.

use std::fmt;

/// In what a fault is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Lines of text.
    Line,
    /// Events of CloudWatch Logs.
    Event,
    /// Rows of Parquet.
    Row,
    /// The file as a whole.
    File,
}

/// What is wrong with a log, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Fault {
    /// In what `number` counts.
    pub unit: Unit,
    /// Which one, from 1; 0 for the file.
    pub number: u64,
    /// Where in it, in characters from 1; 0 where that means nothing.
    pub column: usize,
    /// What stands there, at most 60 characters.
    pub found: String,
    /// What was expected.
    pub expected: String,
}

impl Fault {
    /// A fault of the file as a whole.
    pub fn of_file(found: impl Into<String>, expected: impl Into<String>) -> Fault {
        Fault { unit: Unit::File, number: 0, column: 0, found: found.into(), expected: expected.into() }
    }

    /// The place, for after the file's name: `:17:5`, or ` event 17, column 5`.
    pub fn place(&self) -> String {
        match self.unit {
            Unit::Line => format!(":{}:{}", self.number, self.column.max(1)),
            Unit::Event if self.column > 0 => format!(": event {}, column {}", self.number, self.column),
            Unit::Event => format!(": event {}", self.number),
            Unit::Row => format!(": row {}", self.number),
            Unit::File => String::new(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} where {} was expected", self.found, self.expected)
    }
}

/// Text of a log in a message: quoted, without what a terminal obeys, cut where it is long.
pub fn quoted(text: &str) -> String {
    let plain: String = text.chars().take(60).map(|c| if c.is_control() { '·' } else { c }).collect();
    let more = if text.chars().nth(60).is_some() { "…" } else { "" };
    format!("`{plain}{more}`")
}
