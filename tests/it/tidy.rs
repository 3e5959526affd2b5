//! What no reviewer should have to look for: sizes, leftovers, white space, a runbook page per failure code.

use std::collections::BTreeSet;

use crate::support::source::{Source, files, read, root, rust_files};

const FILE_LINES: usize = 600;
const FUNCTION_LINES: usize = 70;
const CODE_FOLDERS: &[&str] = &["src", "tests", "benches"];

#[test]
fn files_and_functions_are_short() {
    assert_none("too long", rust_files(CODE_FOLDERS).iter().flat_map(too_long));
}

fn too_long(source: &Source) -> Vec<String> {
    let lines = source.text.iter().filter(|c| **c == '\n').count();
    let file = (lines > FILE_LINES).then(|| format!("{}: {lines} lines, {FILE_LINES} are allowed", source.path));
    let long = |(name, line, lines): (String, usize, usize)| {
        let text = format!("{}:{line}: `{name}` has {lines} lines, {FUNCTION_LINES} are allowed", source.path);
        (lines > FUNCTION_LINES).then_some(text)
    };
    file.into_iter().chain(source.functions().into_iter().filter_map(long)).collect()
}

#[test]
fn nothing_is_left_over() {
    assert_none("left over", rust_files(CODE_FOLDERS).iter().flat_map(left_over));
}

fn left_over(source: &Source) -> Vec<String> {
    let code: String = source.code.iter().collect();
    let text: String = source.text.iter().collect();
    let fix_me = concat!("FIX", "ME");
    let macros = ["todo!", "unimplemented!", "dbg!"];
    let lines = code.lines().zip(text.lines()).enumerate();
    lines
        .flat_map(|(i, (code, text))| {
            let found = macros.iter().filter(|name| code.contains(**name)).chain(text.contains(fix_me).then_some(&fix_me));
            found.map(move |what| format!("{}:{}: {what}", source.path, i + 1)).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn white_space_is_clean() {
    let text = |path: &String| [".rs", ".md", ".toml", ".sh"].iter().any(|end| path.ends_with(end));
    let mut paths = files(&["src", "tests", "benches", "runbooks", ".ci", ".cargo"]);
    let top = std::fs::read_dir(root()).expect("the root can be read").filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    paths.extend(top.filter(|name| text(name) && root().join(name).is_file()));
    assert_none("white space", paths.iter().filter(|path| text(path)).flat_map(|path| white_space(path, &read(path))));
}

fn white_space(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let what = if line.contains('\t') {
            "a tab"
        } else if line.ends_with(char::is_whitespace) {
            "trailing space"
        } else {
            continue;
        };
        found.push(format!("{path}:{}: {what}", i + 1));
    }
    if !text.is_empty() && (!text.ends_with('\n') || text.ends_with("\n\n")) {
        found.push(format!("{path}: must end with one line end"));
    }
    found
}

#[test]
fn every_failure_code_has_its_page() {
    let declared: BTreeSet<String> = rust_files(&["src"]).iter().flat_map(failure_codes).collect();
    if declared.is_empty() {
        assert!(!root().join("src/cli").exists(), "src/cli exists, and no failure code (\"HK0101\") is in the sources");
        println!("skipped: there is no src/cli yet, and no failure code to hold the pages against");
        return;
    }
    let pages: BTreeSet<String> = pages().map(|(code, _)| code).collect();
    let missing = declared.difference(&pages).map(|code| format!("runbooks/{code}.md is missing"));
    let stray = pages.difference(&declared).map(|code| format!("runbooks/{code}.md: no failure has this code"));
    assert_none("runbook pages", missing.chain(stray));
}

/// The table of codes names each once: what stands nowhere else never happens, and its page is never needed.
#[test]
fn every_failure_code_can_happen() {
    let named: Vec<String> = rust_files(&["src"]).iter().flat_map(failure_codes).collect();
    let once = |code: &&String| named.iter().filter(|other| other == code).count() == 1;
    assert_none("codes that nothing fails with", named.iter().filter(once).cloned());
}

/// String literals such as `"HK0301"`, outside of tests.
fn failure_codes(source: &Source) -> Vec<String> {
    let code = |(at, window): (usize, &[char])| match window {
        ['"', 'H', 'K', digits @ .., '"'] if digits.iter().all(char::is_ascii_digit) && !source.in_tests(at) => {
            Some(window[1..7].iter().collect())
        }
        _ => None,
    };
    source.text.windows(8).enumerate().filter_map(code).collect()
}

#[test]
fn every_page_has_what_one_needs_at_night() {
    let sections = [
        "## What it means",
        "## What state things are in",
        "## What to look at",
        "## What to type next",
        "## How to be sure",
        "## When to call someone",
    ];
    let broken = pages().flat_map(|(code, text)| {
        let title = text.starts_with(&format!("# {code} — "));
        let title = (!title).then(|| format!("runbooks/{code}.md: the first line is not `# {code} — <title>`"));
        let missing = sections.iter().filter(|section| !text.lines().any(|line| line == **section));
        let missing: Vec<_> = missing.map(|section| format!("runbooks/{code}.md: no `{section}`")).collect();
        title.into_iter().chain(missing)
    });
    assert_none("runbook pages", broken);
}

#[test]
fn links_between_pages_lead_somewhere() {
    let broken = files(&["runbooks"]).into_iter().flat_map(|path| {
        let text = read(&path);
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let dead = links.filter(|link| !link.contains("://") && !root().join("runbooks").join(link).exists());
        dead.map(|link| format!("{path}: nothing is at `{link}`")).collect::<Vec<_>>()
    });
    assert_none("dead links", broken);
}

/// The pages of failure codes; the others are of situations.
fn pages() -> impl Iterator<Item = (String, String)> {
    files(&["runbooks"]).into_iter().filter_map(|path| {
        let code = path.strip_prefix("runbooks/")?.strip_suffix(".md")?.to_owned();
        code.starts_with("HK").then(|| (code, read(&path)))
    })
}

#[test]
fn what_a_newcomer_reads_is_there() {
    let (readme, ci) = (read("README.md"), read(".ci/run"));
    for command in [".ci/run", "cargo test --locked"] {
        assert!(readme.contains(command), "README.md does not say `{command}`");
    }
    assert!(ci.contains("\ncargo test --locked"), ".ci/run does not run the README's `cargo test --locked`");
    assert!(read("CHANGELOG.md").contains("## Unreleased"), "CHANGELOG.md has no `## Unreleased`");
}

/// The checks above find what they are made for.
#[test]
fn checks_are_able_to_fail() {
    let body = "    f();\n".repeat(FUNCTION_LINES);
    let source =
        Source::new("x.rs", &format!("fn long() {{\n{body}}}\nfn short() {{ dbg!(1) }}\nfn code() -> &'static str {{ \"HK0101\" }}\n"));
    assert_eq!(too_long(&source), ["x.rs:1: `long` has 72 lines, 70 are allowed"]);
    assert_eq!(left_over(&source), ["x.rs:73: dbg!"]);
    assert_eq!(failure_codes(&source), ["HK0101"]);
    assert_eq!(white_space("x.md", "a \nb\tc\n\n").len(), 3);
    let long = Source::new("y.rs", &"\n".repeat(FILE_LINES + 1));
    assert_eq!(too_long(&long).len(), 1);
}

fn assert_none(what: &str, found: impl Iterator<Item = String>) {
    let found: Vec<String> = found.collect();
    assert!(found.is_empty(), "{what}:\n{}", found.join("\n"));
}
