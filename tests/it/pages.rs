//! The pages for 3 a.m.: each says what happened, what state things are in, what to do and how to be sure; what they tell
//! one to type is a command; and `hikkoshi explain` finds each. (Pages of codes: `tidy.rs` holds their sections.)

use std::collections::BTreeSet;

use hikkoshi::cli::failure::{CODES, SITUATIONS, page, situation};
use hikkoshi::cli::understands;
use tempfile::TempDir;

use crate::support::command::Hikkoshi;
use crate::support::source::{files, read};

/// The situations of which a night is made.
const NAMED: [&str; 8] =
    ["failed-step", "unknown-outcome", "lock-held", "drift", "expired-credentials", "stuck-deletion", "failed-gate", "rollback"];

#[test]
fn every_situation_has_the_same_parts_in_the_same_order() {
    let parts = ["## What happened", "## What state things are in", "## What to do", "## How to be sure", "## When to call someone"];
    for (name, text) in SITUATIONS {
        let headings: Vec<&str> = text.lines().filter(|line| line.starts_with("## ")).collect();
        assert_eq!(headings, parts, "{name}");
        assert!(text.starts_with("# "), "{name} has no title");
        for (at, part) in parts.iter().enumerate() {
            let section = text.split(part).nth(1).unwrap_or_default();
            let section = parts.get(at + 1).map_or(section, |next| section.split(next).next().unwrap_or_default());
            assert!(section.trim().len() > 20, "{name}: nothing stands under \"{part}\"");
        }
    }
    for name in NAMED {
        assert!(page(name).is_some(), "there is no page for {name}");
    }
}

#[test]
fn explain_lists_and_finds_every_page() {
    let scratch = TempDir::new().expect("a scratch directory");
    let hikkoshi = Hikkoshi::offline(scratch.path());
    let listed = hikkoshi.run(&["explain"]).expect_code(0).stdout;
    let listed: BTreeSet<&str> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let pages: Vec<String> = files(&["runbooks"]);
    let names: BTreeSet<&str> = pages.iter().filter_map(|path| path.strip_prefix("runbooks/")?.strip_suffix(".md")).collect();
    assert_eq!(listed, names);
    for name in names {
        assert_eq!(page(name), Some(read(&format!("runbooks/{name}.md")).as_str()), "{name}");
    }
    let near = hikkoshi.run(&["explain", "failed-stp"]).expect_code(2).stderr;
    assert!(near.contains("hikkoshi explain failed-step"), "{near}");
}

/// A code's page, which its error names, leads to the situation, where there is one.
#[test]
fn errors_lead_to_their_situation() {
    let of: BTreeSet<&str> = CODES.iter().filter_map(|(code, ..)| situation(code)).collect();
    let unreached: Vec<&str> = NAMED.into_iter().filter(|name| !of.contains(name)).collect();
    assert_eq!(unreached, Vec::<&str>::new(), "situations that no code leads to");
    assert_eq!(situation("HK0502"), Some("unknown-outcome"));
    assert_eq!(situation("HK0101"), None);
}

/// What a page tells one to type: in its blocks and between backticks.
fn commands(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut in_block = false;
    for line in text.lines() {
        if line.starts_with("```") {
            in_block = !in_block;
        } else if in_block {
            let (code, comment) = line.split_once(" # ").unwrap_or((line, ""));
            out.extend(code.split("&&").map(|part| part.trim().to_owned()));
            out.extend(comment.split("or: ").nth(1).map(str::to_owned));
        } else {
            // A command that is only mentioned is one if it has a help.
            let mentioned = |text: &str| if text.split(' ').count() == 2 { format!("{text} --help") } else { text.to_owned() };
            out.extend(line.split('`').skip(1).step_by(2).map(mentioned));
        }
    }
    out.retain(|command| command.starts_with("hikkoshi "));
    out
}

/// The words of a line as a shell takes it, and something of its sort for each word that stands for something.
fn words(line: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut quote = None;
    let mut fresh = true;
    for c in line.chars() {
        match (quote, c) {
            (None, ' ') => fresh = true,
            (None, '"' | '\'') => {
                quote = Some(c);
                if fresh {
                    words.push(String::new());
                    fresh = false;
                }
            }
            (Some(open), c) if c == open => quote = None,
            (_, c) => {
                if fresh {
                    words.push(String::new());
                    fresh = false;
                }
                words.last_mut().expect("a word was begun").push(c);
            }
        }
    }
    let stands_for = |word: String| match word.as_str() {
        "N" => "3".to_owned(),
        "COMMAND" => "status".to_owned(),
        _ => word,
    };
    words.into_iter().map(stands_for).collect()
}

#[test]
fn what_pages_tell_one_to_type_is_a_command() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for path in files(&["runbooks"]) {
        for command in commands(&read(&path)) {
            count += 1;
            if let Err(why) = understands(&words(&command)) {
                wrong.push(format!("{path}: `{command}`: {}", why.lines().next().unwrap_or_default()));
            }
        }
    }
    assert!(count > 200, "only {count} commands were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(understands(&words("hikkoshi status NAME --nonsense")).is_err(), "the parser is able to say no");
    assert_eq!(
        commands("```sh\nhikkoshi apply NAME   # or: hikkoshi rollback NAME --all\n```\nor `hikkoshi plan`"),
        ["hikkoshi apply NAME", "hikkoshi rollback NAME --all", "hikkoshi plan --help"]
    );
}
