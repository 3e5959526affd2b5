//! What was edited in a plan, for people: step by step, and line by line. Pure.

use std::collections::BTreeMap;

use super::harmless;
use crate::model::step::Step;
use crate::plan::Plan;

/// Lines shown of one step.
const LINES: usize = 12;

/// The differences between two plans, in lines.
pub fn lines(old: &Plan, new: &Plan) -> Vec<String> {
    let before: BTreeMap<&str, &Step> = old.steps.iter().map(|step| (step.id.as_str(), step)).collect();
    let mut out = Vec::new();
    for step in &new.steps {
        match before.get(step.id.as_str()) {
            None => out.push(format!("new: {}  {}", step.id, harmless(&step.title))),
            Some(was) if *was != step => {
                out.push(format!("changed: {}", step.id));
                out.extend(differing(&text(was), &text(step)));
            }
            Some(_) => {}
        }
    }
    let gone = old.steps.iter().filter(|step| new.step(&step.id).is_none());
    out.extend(gone.map(|step| format!("gone: {}  {}", step.id, harmless(&step.title))));
    let others = other_parts(old, new);
    if !others.is_empty() {
        out.push(format!("changed beside the steps: {}", others.join(", ")));
    }
    if out.is_empty() {
        out.push("nothing but the order of the file, or comments".to_owned());
    }
    out
}

fn text(step: &Step) -> String {
    serde_yaml::to_string(step).unwrap_or_default()
}

/// The lines from the first that differs to the last that differs, without what both have.
pub(super) fn differing(old: &str, new: &str) -> Vec<String> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let most = old.len().min(new.len()) - start;
    let end = old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
    let signed = |sign: char, lines: &[&str]| lines.iter().map(|line| format!("  {sign} {}", harmless(line))).collect::<Vec<_>>();
    let all = [signed('-', &old[start..old.len() - end]), signed('+', &new[start..new.len() - end])].concat();
    let more = all.len().saturating_sub(LINES);
    let mut out: Vec<String> = all.into_iter().take(LINES).collect();
    if more > 0 {
        out.push(format!("    and {more} more lines"));
    }
    out
}

/// The keys of a plan whose values differ, apart from the steps.
fn other_parts(old: &Plan, new: &Plan) -> Vec<String> {
    let (old, new) = (serde_json::to_value(old).unwrap_or_default(), serde_json::to_value(new).unwrap_or_default());
    let (Some(old), Some(new)) = (old.as_object(), new.as_object()) else { return Vec::new() };
    let keys = old.keys().chain(new.keys().filter(|key| !old.contains_key(*key)));
    keys.filter(|key| key.as_str() != "steps" && old.get(*key) != new.get(*key)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_shown() {
        assert_eq!(differing("a\nb\nc\nd", "a\nx\nc\nd"), ["  - b", "  + x"]);
        assert_eq!(differing("a\na", "a"), ["  - a"]);
        assert_eq!(differing("a", "a\na"), ["  + a"]);
        assert_eq!(differing(&"a\n".repeat(30), "b\n").last().map(String::as_str), Some("    and 19 more lines"));
    }
}
