//! Words of a runbook: Markdown, expectations, blocks for a shell.

use serde_json::Value;

use crate::model::step::{Expect, Impact};
use crate::report::{duration, harmless};

/// Text in Markdown that stands for itself: no markup, no control character.
pub(super) fn md(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in harmless(text).chars() {
        if "\\`*[]<>|".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// A name as code in Markdown, whatever is in it.
pub(super) fn code(text: &str) -> String {
    let text = harmless(text).replace('\n', " ");
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

/// A block for a shell; longer fences where a line holds some.
pub(super) fn block(lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| harmless(line)).collect();
    let longest = lines.iter().flat_map(|line| line.split(|c| c != '`').map(str::len)).max().unwrap_or(0);
    let fence = "`".repeat(3.max(longest + 1));
    format!("{fence}sh\n{}\n{fence}\n", lines.join("\n"))
}

/// What a read must print, as the CLI prints it with `--output text`.
pub(super) fn must_be(expect: &Expect) -> String {
    format!("must be: {}", words(expect, false))
}

/// The same after "if it prints".
pub(super) fn if_it(expect: &Expect) -> String {
    words(expect, true)
}

fn words(expect: &Expect, inside: bool) -> String {
    let list = |values: &[Value]| values.iter().map(printed).collect::<Vec<_>>().join(" ");
    match expect {
        Expect::SameSet(values) if values.is_empty() => words(&Expect::Absent, inside),
        Expect::Equals(value) => printed(value),
        Expect::SameSet(values) => format!("in any order {}", list(values)),
        Expect::Includes(values) => format!("among others {}", list(values)),
        Expect::Excludes(values) => format!("none of {}", list(values)),
        Expect::Only(values) => format!("nothing but {}", list(values)),
        Expect::Exists => "something".to_owned(),
        Expect::Absent if inside => "nothing, or `None`, or that it does not exist".to_owned(),
        Expect::Absent => "nothing (or `None`, or AWS says that it does not exist)".to_owned(),
        Expect::Count(wanted) => format!("so many values: {wanted}"),
        Expect::Later(value) => format!("not before {}", printed(value)),
    }
}

/// A value as the CLI prints it as text; a reference as its variable.
pub(super) fn printed(value: &Value) -> String {
    match value {
        Value::String(text) => variables(text),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        other => other.to_string(),
    }
}

/// Text in which every `${step.Output}` is `$step_Output`.
pub(super) fn variables(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        let Some((inside, after)) = after.split_once('}') else {
            out.push_str("${");
            rest = after;
            continue;
        };
        match inside.rsplit_once('.') {
            Some((step, output)) => out.push_str(&format!("${}", crate::report::aws_cli::variable(step, output))),
            None => out.push_str(&format!("${{{inside}}}")),
        }
        rest = after;
    }
    harmless(&(out + rest))
}

/// What a step does to the service.
pub(super) fn impact(impact: &Impact) -> String {
    match impact {
        Impact::None => "interrupts nothing".to_owned(),
        Impact::Brief { seconds, what } => format!("**interrupts up to {}**: {}", duration(*seconds), md(what)),
        Impact::Outage { minutes, what } => format!("**interrupts up to {minutes} min**: {}", md(what)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_do_nothing_in_markdown() {
        assert_eq!(md("<img src=x> [a](b) `c` | *d*\u{202e}"), r"\<img src=x\> \[a\](b) \`c\` \| \*d\*·");
        assert_eq!(code("a`b"), "`` a`b ``");
        assert_eq!(block(&["echo ```x".to_owned()]), "````sh\necho ```x\n````\n");
    }

    #[test]
    fn expectations_are_what_the_cli_prints() {
        assert_eq!(must_be(&Expect::Equals(json!(false))), "must be: False");
        assert_eq!(must_be(&Expect::SameSet(vec![json!("${a-b.Id}"), json!("x")])), "must be: in any order $a_b_Id x");
        assert_eq!(variables("from ${a.B} to ${c"), "from $a_B to ${c");
    }
}
