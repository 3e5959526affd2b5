//! The plan's file: the only YAML that this program writes, and the strict way back.

use crate::model::step::Step;

use super::lint;
use super::problem::{Problem, problem_of};
use super::{Plan, sha256};

/// The plan as text. The same plan gives the same bytes.
///
/// # Errors
/// If serialisation fails, which no plan makes it do.
pub fn write(plan: &Plan) -> Result<String, String> {
    let head = format!(
        "# The plan of migration {}: made by `hikkoshi plan`, carried out by `hikkoshi apply`, which chooses nothing.\n\
         # Parameters are AWS's own; `${{step.Output}}` is what an earlier step's call answered, `$look` what a read answers\n\
         # at that moment. Review it, approve it, keep it in version control; edits are checked when it is read.\n",
        plan.migration
    );
    serde_yaml::to_string(plan).map(|body| format!("{head}{body}")).map_err(|error| error.to_string())
}

/// The format that this version writes and reads.
const VERSION: u32 = 1;

/// Why a plan can't be read: a failure code and the place.
#[derive(Debug)]
pub struct Unreadable {
    /// The failure code.
    pub code: &'static str,
    /// The place and the words.
    pub problem: Problem,
}

/// Reads a plan and checks everything that must hold of it.
///
/// # Errors
/// The first thing that is wrong, with its place.
pub fn read(text: &str) -> Result<Plan, Unreadable> {
    let mut plan: Plan = serde_saphyr::from_str_with_options(text, room(text))
        .map_err(|error| Unreadable { code: "HK0107", problem: problem_of(&error, text) })?;
    if plan.version != VERSION {
        return Err(Unreadable { code: "HK0107", problem: foreign(text, plan.version) });
    }
    plan.steps.iter_mut().for_each(Step::tighten);
    match lint::lint(&plan).into_iter().next() {
        None => Ok(plan),
        Some(broken) => Err(Unreadable { code: broken.code, problem: place(text, &broken) }),
    }
}

/// The parser's limits for a plan: what is proportional to the file's own length is not limited otherwise, for a plan of a
/// thousand workloads is larger than the parser expects of YAML. Depth and aliases keep their limits.
fn room(text: &str) -> serde_saphyr::Options {
    let usual = serde_saphyr::Budget::default();
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: usual.max_events.max(4 * text.len()),
            max_nodes: usual.max_nodes.max(text.len()),
            max_total_scalar_bytes: usual.max_total_scalar_bytes.max(text.len()),
        },
    }
}

/// A plan of a later or earlier format.
fn foreign(text: &str, version: u32) -> Problem {
    let line = text.lines().position(|line| line.starts_with("version:")).map_or(0, |at| at as u64 + 1);
    let message = format!("the plan is of format {version}, which hikkoshi {} does not know", env!("CARGO_PKG_VERSION"));
    Problem { line, column: u64::from(line > 0), message, expected: format!("version: {VERSION}, or the hikkoshi that wrote the plan") }
}

/// The line of the step where the words stand that are wrong; else the line of its id.
fn place(text: &str, broken: &lint::Broken) -> Problem {
    let head = format!("- id: {}", broken.step);
    let lines: Vec<&str> = text.lines().collect();
    let steps = lines.iter().position(|line| *line == "steps:").unwrap_or(0);
    let first = (steps..lines.len()).find(|at| lines[*at].trim_start() == head);
    let end = |first: usize| (first + 1..lines.len()).find(|at| lines[*at].starts_with("- id: ")).unwrap_or(lines.len());
    let inside = first
        .filter(|_| !broken.at.is_empty())
        .and_then(|first| (first..end(first)).find_map(|at| Some((at, lines[at].find(&broken.at)?))));
    let found = inside.or_else(|| first.map(|at| (at, lines[at].len() - lines[at].trim_start().len())));
    let (line, column) = found.map_or((0, 0), |(at, column)| (at as u64 + 1, lines[at][..column].chars().count() as u64 + 1));
    Problem { line, column, message: format!("step {}: {}", broken.step, broken.why), expected: broken.expected.clone() }
}

/// What binds a journal and an approval to a plan.
pub fn hash(text: &str) -> String {
    sha256(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_of_any_size_can_be_read() {
        let mut text =
            "version: 1\nmigration: m\naccount: \"1\"\nregion: r\nvpc: v\nintent_sha256: i\ninventory_sha256: i\nwarnings:\n".to_owned();
        text.push_str(&"- w\n".repeat(300_000));
        assert!(read(&text).is_ok_and(|plan| plan.warnings.len() == 300_000));
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        assert!(read(&deep).is_err_and(|unreadable| unreadable.code == "HK0107"), "depth keeps its limit");
    }
}
