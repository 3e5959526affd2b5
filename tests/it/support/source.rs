//! A light look at Rust source text: enough to find paths and to measure functions, without a parser.
//!
//! Comments, strings and character literals are blanked, position by position, so that what is left is code.

use std::ops::Range;
use std::path::{Path, PathBuf};

/// One source file: as written, and as code only.
pub struct Source {
    /// The path from the root of the repository, with `/`.
    pub path: String,
    /// The text as it is written.
    pub text: Vec<char>,
    /// The same, without comments and literals; positions are equal.
    pub code: Vec<char>,
    /// Where `#[cfg(test)]` modules and items are.
    tests: Vec<Range<usize>>,
    /// The bodies of inline modules.
    modules: Vec<Range<usize>>,
}

impl Source {
    /// Reads a source from its text.
    pub fn new(path: &str, text: &str) -> Self {
        let text: Vec<char> = text.chars().collect();
        let code = blank(&text);
        let (tests, modules) = (test_items(&code), inline_modules(&code));
        Source { path: path.to_owned(), text, code, tests, modules }
    }

    /// The line of a position, from 1.
    pub fn line(&self, at: usize) -> usize {
        1 + self.code[..at].iter().filter(|c| **c == '\n').count()
    }

    /// Whether a position is in test code.
    pub fn in_tests(&self, at: usize) -> bool {
        self.tests.iter().any(|range| range.contains(&at))
    }

    /// In how many inline modules a position is.
    pub fn module_depth(&self, at: usize) -> usize {
        self.modules.iter().filter(|range| range.contains(&at)).count()
    }

    /// Where a word or path, such as `petgraph` or `SystemTime::now`, stands in the code, as whole words.
    pub fn words(&self, word: &str) -> Vec<usize> {
        let word: Vec<char> = word.chars().collect();
        let whole = |at: &usize| {
            let before = at.checked_sub(1).is_none_or(|i| !is_word(self.code[i]));
            let after = self.code.get(at + word.len()).is_none_or(|c| !is_word(*c));
            before && after && self.code[*at..].starts_with(&word)
        };
        (0..self.code.len()).filter(whole).collect()
    }

    /// The paths that start with a word, groups taken apart: `crate::{a::b, c}` gives `[a, b]` and `[c]`.
    pub fn paths(&self, root: &str) -> Vec<(usize, Vec<String>)> {
        let mut found = Vec::new();
        for at in self.words(root) {
            if let Some(next) = self.separator(at + root.len()) {
                self.tree(next, &mut Vec::new(), &mut |path| found.push((at, path.to_vec())));
            }
        }
        found
    }

    /// Reads one path or group from `at`; returns where it ends.
    fn tree(&self, at: usize, path: &mut Vec<String>, found: &mut dyn FnMut(&[String])) -> usize {
        let mut at = self.skip(at);
        if self.code.get(at) == Some(&'{') {
            at = self.skip(at + 1);
            while at < self.code.len() && self.code[at] != '}' {
                let end = self.tree(at, path, found);
                at = self.skip(end.max(at + 1));
            }
            return at + 1;
        }
        let end = (at..self.code.len()).find(|i| !is_word(self.code[*i])).unwrap_or(self.code.len());
        if end == at {
            return at;
        }
        path.push(self.code[at..end].iter().collect());
        let next = match self.separator(end) {
            Some(next) => self.tree(next, path, found),
            None => {
                found(path);
                end
            }
        };
        path.pop();
        next
    }

    /// The position after `::`, if that is what comes.
    fn separator(&self, at: usize) -> Option<usize> {
        let at = self.skip(at);
        self.code[at.min(self.code.len())..].starts_with(&[':', ':']).then(|| self.skip(at + 2))
    }

    fn skip(&self, at: usize) -> usize {
        (at..self.code.len()).find(|i| !self.code[*i].is_whitespace()).unwrap_or(self.code.len())
    }

    /// Every function with a body: name, first line, number of lines from `fn` to the closing brace.
    pub fn functions(&self) -> Vec<(String, usize, usize)> {
        let function = |at: usize| {
            let name = self.skip(at + 2);
            let end = (name..self.code.len()).find(|i| !is_word(self.code[*i]))?;
            let open = body(&self.code, end).filter(|_| end > name)?;
            let lines = self.line(closing(&self.code, open)) - self.line(at) + 1;
            Some((self.code[name..end].iter().collect(), self.line(at), lines))
        };
        self.words("fn").into_iter().filter_map(function).collect()
    }
}

/// The `.rs` files of some folders of the repository; tests and benches are read too.
pub fn rust_files(folders: &[&str]) -> Vec<Source> {
    let rust = |path: &String| path.ends_with(".rs");
    files(folders).into_iter().filter(rust).map(|path| Source::new(&path, &read(&path))).collect()
}

/// All files below some folders, by their paths from the root, sorted; byte code and the emulator are left out.
pub fn files(folders: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for folder in folders {
        walk(&root().join(folder), &mut found);
    }
    found.sort();
    found
}

fn walk(folder: &Path, found: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.expect("a readable folder").path()) {
        let name = path.strip_prefix(root()).expect("below the root").to_str().expect("a path in UTF-8").to_owned();
        if path.is_dir() && name != "tests/emulator" {
            walk(&path, found);
        } else if path.is_file() {
            found.push(name);
        }
    }
}

/// The text of a file of the repository.
pub fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The root of the repository.
pub fn root() -> PathBuf {
    env!("CARGO_MANIFEST_DIR").into()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Replaces comments and literals by spaces, line ends kept.
fn blank(text: &[char]) -> Vec<char> {
    let mut code = text.to_vec();
    let mut at = 0;
    while at < text.len() {
        let end = match literal_end(text, at) {
            Some(end) => end.min(text.len()),
            None => {
                at += 1;
                continue;
            }
        };
        for c in &mut code[at..end] {
            if *c != '\n' {
                *c = ' ';
            }
        }
        at = end;
    }
    code
}

/// Where the comment or literal that starts here ends, if one does.
fn literal_end(text: &[char], at: usize) -> Option<usize> {
    let rest = &text[at..];
    let word_before = at > 0 && is_word(text[at - 1]);
    match rest {
        ['/', '/', ..] => Some(at + rest.iter().position(|c| *c == '\n').unwrap_or(rest.len())),
        ['/', '*', ..] => Some(at + block_comment(rest)),
        ['r', '#' | '"', ..] if !word_before => raw_string(&rest[1..]).map(|length| at + 1 + length),
        ['b' | 'c', 'r', '#' | '"', ..] if !word_before => raw_string(&rest[2..]).map(|length| at + 2 + length),
        ['"', ..] => Some(at + quoted(rest, '"')),
        ['\'', '\\', ..] => Some(at + quoted(rest, '\'')),
        ['\'', _, '\'', ..] => Some(at + 3),
        _ => None,
    }
}

fn block_comment(rest: &[char]) -> usize {
    let (mut depth, mut i) = (0, 0);
    while i < rest.len() {
        match rest[i..] {
            ['/', '*', ..] => (depth, i) = (depth + 1, i + 2),
            ['*', '/', ..] => (depth, i) = (depth - 1, i + 2),
            _ => i += 1,
        }
        if depth == 0 {
            break;
        }
    }
    i
}

/// The length of `#"…"#`; nothing for a raw identifier such as `r#type`.
fn raw_string(rest: &[char]) -> Option<usize> {
    let hashes = rest.iter().take_while(|c| **c == '#').count();
    let start = hashes + 1;
    if rest.get(hashes) != Some(&'"') {
        return None;
    }
    let ends = |i: &usize| rest[*i] == '"' && rest[i + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes;
    Some((start..rest.len()).find(ends).map_or(rest.len(), |i| i + 1 + hashes))
}

/// The length of a literal with backslash escapes, both quotes included.
fn quoted(rest: &[char], quote: char) -> usize {
    let mut i = 1;
    while i < rest.len() && rest[i] != quote {
        i += if rest[i] == '\\' { 2 } else { 1 };
    }
    i + 1
}

/// The `{` of the body that follows a signature; nothing if a `;` comes first.
fn body(code: &[char], from: usize) -> Option<usize> {
    let mut depth = 0;
    for (i, c) in code.iter().enumerate().skip(from) {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '{' if depth == 0 => return Some(i),
            ';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// The brace that closes the one at `open`, or the end.
fn closing(code: &[char], open: usize) -> usize {
    let mut depth = 0;
    for (i, c) in code.iter().enumerate().skip(open) {
        depth += match c {
            '{' => 1,
            '}' => -1,
            _ => 0,
        };
        if depth == 0 {
            return i;
        }
    }
    code.len() - 1
}

fn test_items(code: &[char]) -> Vec<Range<usize>> {
    let mark: Vec<char> = "#[cfg(test)]".chars().collect();
    let item = |at: usize| body(code, at + mark.len()).map(|open| at..closing(code, open) + 1);
    (0..code.len()).filter(|at| code[*at..].starts_with(&mark)).filter_map(item).collect()
}

fn inline_modules(code: &[char]) -> Vec<Range<usize>> {
    let fresh = |at: usize| at == 0 || !is_word(code[at - 1]);
    let starts = (0..code.len()).filter(|at| fresh(*at) && code[*at..].starts_with(&['m', 'o', 'd', ' ']));
    starts.filter_map(|at| body(code, at).map(|open| open..closing(code, open) + 1)).collect()
}

/// Comments and literals of every sort are no code; lifetimes and raw identifiers are.
#[test]
fn only_code_is_seen() {
    let source = Source::new(
        "x.rs",
        "fn a<'a>(r#fn: &'a str) { \"fn { \\\" \"; r#\"fn \" {\"#; '{'; '\\''; b'{' } // fn /* {\n/* fn /* { */ */ fn b();",
    );
    let code: String = source.code.iter().collect();
    assert_eq!(code.matches('{').count(), 1, "{code}");
    assert_eq!(source.functions(), [("a".to_owned(), 1, 1)]);
}

/// Groups come apart, at any depth.
#[test]
fn paths_are_taken_apart() {
    let source = Source::new("x.rs", "use crate::{a::{b, c::D}, e};\nlet x = crate::f::g(crate :: h);");
    let paths: Vec<String> = source.paths("crate").into_iter().map(|(_, path)| path.join("::")).collect();
    assert_eq!(paths, ["a::b", "a::c::D", "e", "f::g", "h"]);
}
