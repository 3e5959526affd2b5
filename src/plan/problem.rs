//! What is wrong with a text that a person edits, and where: a parser's words turned into a person's.

use std::fmt;

use serde_saphyr::Spanned;

/// What is wrong with an intent or a plan, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problem {
    /// Line, from 1; 0 if unknown.
    pub line: u64,
    /// Column, from 1; 0 if unknown.
    pub column: u64,
    /// What is wrong.
    pub message: String,
    /// What was expected.
    pub expected: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

impl Problem {
    /// A problem with what stands at a place.
    pub fn at<T>(place: &Spanned<T>, message: String, expected: &str) -> Problem {
        let location = place.referenced;
        Problem { line: location.line(), column: location.column(), message, expected: expected.to_owned() }
    }
}

/// A parser's error about a text as a place and a sentence.
pub fn problem_of(error: &serde_saphyr::Error, text: &str) -> Problem {
    if let Some(at) = text.lines().position(|line| ["<<<<<<<", ">>>>>>>"].iter().any(|mark| line.starts_with(mark))) {
        let message = "the mark of a merge conflict stands here".to_owned();
        return Problem { line: at as u64 + 1, column: 1, message, expected: "one side of the conflict, without the marks".to_owned() };
    }
    let plain = error.without_snippet();
    let (line, column) = error.location().map_or((0, 0), |at| (at.line(), at.column()));
    let message = plain.to_string();
    let message = message.split(" at line ").next().unwrap_or(&message).lines().next().unwrap_or_default();
    let (message, expected) = words(message);
    Problem { line, column, message, expected }
}

/// The parser's sentences that people meet, in words of ours; others as they are.
fn words(message: &str) -> (String, String) {
    let quoted = || message.split('`').nth(1).unwrap_or_default();
    let allowed = || message.split_once("expected one of ").map_or_else(Vec::new, |(_, list)| list.split(", ").collect::<Vec<_>>());
    let one_of = |what: &str| match nearest(quoted(), allowed()) {
        Some(near) => format!("did you mean `{near}`? {what}: {}", allowed().join(", ")),
        None => format!("{what}: {}", allowed().join(", ")),
    };
    if message.starts_with("unknown field `") {
        return (format!("there is no key `{}` here", quoted()), one_of("the keys are"));
    }
    if message.starts_with("unknown variant `") {
        return (format!("`{}` is none of the values that are possible here", quoted()), one_of("the values are"));
    }
    if message.starts_with("missing field `") {
        return (format!("the key `{}` is missing", quoted()), format!("`{}: …` beside the other keys of this part", quoted()));
    }
    if let Some(rest) = message.strip_prefix("duplicate mapping key: ") {
        let key = rest.split(", set ").next().unwrap_or(rest);
        return (format!("the key `{key}` stands here for the second time"), "each key once".to_owned());
    }
    let plain = [
        ("invalid u8", "this is no number from 0 to 255", "a whole number"),
        ("invalid u16", "this is no number from 0 to 65535", "a whole number"),
        ("invalid u", "this is no whole number", "a whole number, 0 or more"),
        ("invalid bool", "this is neither true nor false", "true or false"),
        ("expected sequence start", "a list belongs here", "lines that begin with `- `, or [a, b]"),
        ("expected mapping start", "keys with values belong here", "lines such as `key: value`, further to the right"),
        ("expected string", "text belongs here", "text, in quotes if in doubt"),
        ("unexpected end of input", "the file is empty or breaks off", "the keys of this file"),
        ("simple key expected ':'", "this line is no `key: value`", "a colon and a space behind the key"),
        ("tabs disallowed", "a tab stands in the indentation", "spaces"),
    ];
    let found = plain.iter().find(|(theirs, _, _)| message.contains(theirs));
    found.map_or_else(|| (message.to_owned(), String::new()), |(_, ours, expected)| ((*ours).to_owned(), (*expected).to_owned()))
}

/// The name that was probably meant, if one is near enough.
pub fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near = names.into_iter().map(|name| (distance(name, wanted), name)).min()?;
    (near.0 <= 1 + wanted.chars().count() / 3).then_some(near.1)
}

/// Levenshtein's distance, where two neighbours that changed places count once.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let changed = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = changed.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_probably_meant_is_near() {
        assert_eq!(nearest("nta", ["nat", "vpc"]), Some("nat"));
        assert_eq!(nearest("bastoin", ["billing", "bastion"]), Some("bastion"));
        assert_eq!(nearest("app-11", ["app-2", "app-1"]), Some("app-1"));
        assert_eq!(nearest("something", ["nat", "vpc"]), None);
        assert_eq!(nearest("x", []), None);
        assert_eq!((distance("", "ab"), distance("ab", "ba"), distance("kitten", "sitting")), (2, 1, 3));
    }
}
