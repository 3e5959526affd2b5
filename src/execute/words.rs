//! Why a step failed, in words.

use serde_json::Value;

use super::look;
use crate::model::path;
use crate::model::step::{Action, Check, Expect, Wait};

/// Why a wait failed, and what can be done where somebody knows.
pub fn advised(why: String, wait: &Wait) -> String {
    if wait.otherwise.is_empty() { why } else { format!("{why}. {}", wait.otherwise) }
}

/// Seconds, for people.
pub fn minutes(seconds: u64) -> String {
    if seconds < 120 { format!("{seconds} s") } else { format!("{} min", seconds / 60) }
}

/// A check that does not hold, for people.
pub fn differs(check: &Check, found: &look::Found) -> String {
    format!("\"{}\" does not hold: {} is {}, expected {}", check.what, check.path, found.seen(), words(&check.expect))
}

/// An expectation, for people.
pub fn words(expect: &Expect) -> String {
    let list = |values: &[Value]| values.iter().map(Value::to_string).collect::<Vec<_>>().join(", ");
    match expect {
        Expect::Equals(value) => value.to_string(),
        Expect::SameSet(values) => format!("exactly {}", list(values)),
        Expect::Includes(values) => format!("among others {}", list(values)),
        Expect::Excludes(values) => format!("none of {}", list(values)),
        Expect::Only(values) => format!("nothing but {}", list(values)),
        Expect::Exists => "something".to_owned(),
        Expect::Absent => "nothing".to_owned(),
        Expect::Count(wanted) => format!("{wanted} of them"),
        Expect::Later(value) => format!("not before {value}"),
    }
}

/// What an answer does not show that it must.
pub fn unacceptable(action: &Action, answer: &Value) -> Option<String> {
    let wrong = action.answer.iter().find(|wanted| !wanted.expect.holds(&path::select(answer, &wanted.path)))?;
    let found: Vec<String> = path::select(answer, &wrong.path).into_iter().map(Value::to_string).collect();
    let found = if found.is_empty() { "nothing".to_owned() } else { found.join(", ") };
    Some(format!("\"{}\" does not hold: {} is {found}, expected {}", wrong.what, wrong.path, words(&wrong.expect)))
}
