//! A plan's path as the CLI's `--query`, which is JMESPath.

use std::collections::BTreeMap;

use serde_json::Value;

use super::shell::{Word, json_word};

/// The word after `--query` for a path: all that it selects, or the first of it.
pub fn query(path: &str, first: bool) -> String {
    let (mut text, is_many) = expression(path);
    if first && is_many {
        text.push_str(" | [0]");
    }
    Word::of(&text).to_string()
}

/// The same for one text that may be missing: then it is empty, and not `None`.
pub(super) fn or_empty(path: &str) -> String {
    Word::of(&format!("{} || ''", expression(path).0)).to_string()
}

/// A path as JMESPath, and whether it can select more than one value.
fn expression(path: &str) -> (String, bool) {
    let mut out = String::new();
    let mut is_many = false;
    let mut rest = path;
    loop {
        rest = rest.trim_start_matches('.');
        if rest.is_empty() {
            return (if out.is_empty() { "@".to_owned() } else { out }, is_many);
        }
        if let Some(after) = rest.strip_prefix('[') {
            let end = after.find(']').unwrap_or(after.len());
            let inside = &after[..end];
            rest = after.get(end + 1..).unwrap_or("");
            match inside.split_once('=') {
                Some((key, value)) => {
                    is_many = true;
                    out.push_str(&format!("[?{}][]", equals(key, value)));
                }
                None if inside.parse::<usize>().is_ok() => out.push_str(&format!("[{inside}]")),
                None => {
                    is_many = true;
                    out.push_str("[]");
                }
            }
        } else {
            let (key, after) = rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len()));
            rest = after;
            if !out.is_empty() {
                out.push('.');
            }
            out.push_str(&identifier(key));
        }
    }
}

/// A field that has a value, whether AWS answers it as a text, a number or a boolean.
fn equals(key: &str, value: &str) -> String {
    let (field, _) = expression(key);
    let is_text = value != "true" && value != "false" && value.parse::<f64>().is_err();
    let field = if is_text { field } else { format!("to_string({field})") };
    format!("{field}=='{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

fn identifier(key: &str) -> String {
    let is_plain = key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !key.starts_with(|c: char| c.is_ascii_digit());
    if is_plain { key.to_owned() } else { Value::from(key).to_string() }
}

/// The `jq` program, as a word, that puts other values over fields; see [`crate::model::step::Look::set`].
pub(super) fn put_over(set: &BTreeMap<String, Value>) -> String {
    let mut program = Word::default();
    for (at, (field, value)) in set.iter().enumerate() {
        program.text(if at == 0 { "" } else { " | " });
        let field: String = field.split('.').map(|key| format!("[{}]", Value::from(key))).collect();
        if value.is_null() {
            program.text(&format!("del(.{field})"));
        } else {
            program.text(&format!(".{field} = "));
            program.append(json_word(value));
        }
    }
    program.to_string()
}
