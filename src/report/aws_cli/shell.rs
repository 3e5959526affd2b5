//! Words for a shell. Whatever a name holds, it stays one word and does nothing.

use std::fmt;

use serde_json::Value;

use super::look_of;
use crate::model::step::reference;
use crate::model::text::harmless;

/// A word of a command line: text, and what the shell puts in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Word(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    /// Stands for itself.
    Text(String),
    /// `$name` or `$( … )`.
    Code(String),
}

impl Word {
    /// A text in which every `${step.Output}` is a variable.
    pub(super) fn of(text: &str) -> Word {
        let mut word = Word::default();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            let end = rest[start..].find('}').map_or(rest.len(), |end| start + end + 1);
            word.text(&rest[..start]);
            match reference(&rest[start..end]) {
                Some((step, output)) => word.0.push(Piece::Code(format!("${}", variable(&step, &output)))),
                None => word.text(&rest[start..end]),
            }
            rest = &rest[end..];
        }
        word.text(rest);
        word
    }

    /// What the shell puts in.
    pub(super) fn code(code: &str) -> Word {
        Word(vec![Piece::Code(code.to_owned())])
    }

    /// Appends text.
    pub(super) fn text(&mut self, text: &str) {
        match self.0.last_mut() {
            _ if text.is_empty() => {}
            Some(Piece::Text(last)) => last.push_str(text),
            _ => self.0.push(Piece::Text(text.to_owned())),
        }
    }

    /// Appends a word.
    pub(super) fn append(&mut self, other: Word) {
        for piece in other.0 {
            match piece {
                Piece::Text(text) => self.text(&text),
                code @ Piece::Code(_) => self.0.push(code),
            }
        }
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| if let Piece::Text(text) = piece { Some(text.as_str()) } else { None })
    }

    /// Whether it begins with this text.
    pub(super) fn begins_with(&self, start: &str) -> bool {
        matches!(self.0.first(), Some(Piece::Text(text)) if text.starts_with(start))
    }

    /// Whether it holds what a terminal obeys or a reader is misled by.
    pub(super) fn is_harmful(&self) -> bool {
        self.texts().any(|text| harmless(text) != text)
    }

    /// Whether no character of its text means something to the CLI's shorthand or to the shell.
    pub(super) fn is_simple(&self) -> bool {
        !self.0.is_empty() && self.texts().all(|text| text.chars().all(|c| c.is_ascii_alphanumeric() || ":/._@*+-".contains(c)))
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let has_code = self.0.iter().any(|piece| matches!(piece, Piece::Code(_)));
        let gentle = self.texts().all(|text| text.chars().all(|c| !"\"\\`$!".contains(c) && !c.is_control()));
        match self.0.as_slice() {
            [] => f.write_str("''"),
            [Piece::Text(text)] if is_bare(text) => f.write_str(text),
            pieces if gentle && (has_code || self.texts().any(|text| text.contains('\''))) => {
                f.write_str(&format!("\"{}\"", inside(pieces)))
            }
            pieces => pieces.iter().try_for_each(|piece| match piece {
                Piece::Text(text) => f.write_str(&single(text)),
                Piece::Code(code) => write!(f, "\"{code}\""),
            }),
        }
    }
}

/// Pieces between double quotes; a variable before a letter gets braces.
fn inside(pieces: &[Piece]) -> String {
    let mut out = String::new();
    for (at, piece) in pieces.iter().enumerate() {
        let goes_on =
            matches!(pieces.get(at + 1), Some(Piece::Text(text)) if text.starts_with(|c: char| c.is_alphanumeric() || "_[:".contains(c)));
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Code(code) if goes_on && !code.starts_with("$(") => out.push_str(&format!("${{{}}}", &code[1..])),
            Piece::Code(code) => out.push_str(code),
        }
    }
    out
}

fn is_bare(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    !text.is_empty() && !text.starts_with('=') && text.chars().all(plain)
}

fn single(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// The name of the variable for an output: letters and digits as they are, `_` for a dash, other characters by number.
pub(super) fn variable(step: &str, output: &str) -> String {
    let mut name = if step.starts_with(|c: char| c.is_ascii_digit()) { "s_".to_owned() } else { String::new() };
    for c in step.chars().chain(['-']).chain(output.chars()) {
        match c {
            '-' => name.push('_'),
            c if c.is_ascii_alphanumeric() => name.push(c),
            c => name.push_str(&format!("_x{:x}_", u32::from(c))),
        }
    }
    name
}

/// A value as JSON in one word.
pub(super) fn json_word(value: &Value) -> Word {
    let mut word = Word::default();
    json(value, &mut word);
    word
}

fn json(value: &Value, out: &mut Word) {
    match value {
        Value::String(text) => json_text(&Word::of(text), out),
        Value::Array(list) => {
            out.text("[");
            for (at, element) in list.iter().enumerate() {
                out.text(if at == 0 { "" } else { "," });
                json(element, out);
            }
            out.text("]");
        }
        Value::Object(object) => match look_of(value) {
            Some(look) if look.set.is_empty() => json_text(&Word::code(&super::substituted(&look)), out),
            Some(look) => out.append(Word::code(&super::substituted(&look))),
            None => {
                out.text("{");
                for (at, (key, element)) in object.iter().filter(|(_, element)| !element.is_null()).enumerate() {
                    out.text(if at == 0 { "" } else { "," });
                    json_text(&Word::of(key), out);
                    out.text(":");
                    json(element, out);
                }
                out.text("}");
            }
        },
        other => out.text(&other.to_string()),
    }
}

fn json_text(word: &Word, out: &mut Word) {
    out.text("\"");
    for piece in &word.0 {
        match piece {
            Piece::Text(text) => out.text(&escaped(text)),
            Piece::Code(code) => out.append(Word::code(code)),
        }
    }
    out.text("\"");
}

/// Text within a JSON string; what a terminal obeys stands there by its number.
fn escaped(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap_or_default();
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    let mut out = String::with_capacity(inner.len());
    let mut buffer = [0; 2];
    for c in inner.chars() {
        if harmless(c.encode_utf8(&mut [0; 4])) == c.to_string() {
            out.push(c);
        } else {
            c.encode_utf16(&mut buffer).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
        }
    }
    out
}
