//! Explaining: plans, runs and states as text for people. Pure.

pub mod aftermath;
pub mod approval;
pub mod aws_cli;
mod brief;
pub mod edits;
pub mod flows;
pub mod live;
pub mod log;
pub mod plan;
pub mod policy;
pub mod proof;
pub mod reach;
pub mod review;
pub mod rules;
pub mod run;
pub mod runbook;
pub mod status;
pub mod table;
pub mod terraform;
pub mod trace;

pub use crate::model::text::harmless;

/// Seconds for people: `45 s`, `14 min`, `2 h 05 min`.
pub fn duration(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// Plain ANSI, or nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style(pub bool);

impl Style {
    fn wrap(self, code: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// Important.
    pub fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }

    /// Good.
    pub fn good(self, text: &str) -> String {
        self.wrap("32", text)
    }

    /// Bad.
    pub fn bad(self, text: &str) -> String {
        self.wrap("31;1", text)
    }

    /// To be noticed.
    pub fn warn(self, text: &str) -> String {
        self.wrap("33", text)
    }

    /// Beside the point.
    pub fn dim(self, text: &str) -> String {
        self.wrap("2", text)
    }
}
