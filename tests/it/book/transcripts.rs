//! `console` blocks of a page are one session: each `$ ` line is typed in a folder with the story's account, and what follows is
//! what it prints. `…` alone stands for any lines, within a line for any text; nothing else may be missing. A status other than
//! 0 must be asked for by `$ echo $?` right after.

use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::{assert_none, blocks};
use crate::support::source::{read, root};

/// A command and the lines that it prints.
#[derive(Debug, PartialEq)]
struct Typed<'a> {
    line: &'a str,
    prints: Vec<&'a str>,
}

fn session(text: &str) -> Vec<Typed<'_>> {
    let mut typed: Vec<Typed<'_>> = Vec::new();
    for line in blocks(text, "console").concat() {
        match line.strip_prefix("$ ") {
            Some(line) => typed.push(Typed { line, prints: Vec::new() }),
            None => typed.last_mut().expect("a console block begins with a command").prints.push(line),
        }
    }
    typed
}

/// Whether a line is as it is told, `…` standing for any text.
fn alike(told: &str, line: &str) -> bool {
    let mut parts = told.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// The first told line that does not stand where it should.
fn missing<'a>(told: &[&'a str], printed: &[&str]) -> Option<&'a str> {
    let mut rest = printed;
    let mut anywhere = false;
    for line in told {
        if *line == "…" {
            anywhere = true;
            continue;
        }
        let reach = if anywhere { rest.len() } else { rest.len().min(1) };
        let Some(at) = rest[..reach].iter().position(|printed| alike(line, printed)) else { return Some(line) };
        rest = &rest[at + 1..];
        anywhere = false;
    }
    (!anywhere && rest.iter().any(|line| !line.is_empty())).then_some("(the end)")
}

fn shell(dir: &Path, line: &str) -> (i32, String) {
    let program = Path::new(env!("CARGO_BIN_EXE_hikkoshi")).parent().expect("the program is in a folder");
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    let mut command = Command::new("sh");
    command.args(["-c", &format!("exec 2>&1\n{line}")]).current_dir(dir).stdin(Stdio::null());
    command
        .env("PATH", path)
        .env("COLUMNS", "100")
        .env("NO_COLOR", "1")
        .env_remove("HIKKOSHI_STATE")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    let done = command.output().expect("a shell runs");
    let status = done.status.code().unwrap_or(134);
    (status, String::from_utf8_lossy(&done.stdout).into_owned())
}

/// Puts files of the repository into a folder.
fn put(scratch: &Path, files: &[&str]) {
    for file in files {
        let to = scratch.join(file);
        std::fs::create_dir_all(to.parent().expect("a file is in a folder")).expect("a folder is made");
        std::fs::copy(root().join(file), to).expect("the example is copied");
    }
    std::fs::copy(root().join("plans/story/inventory.json"), scratch.join("account.json")).expect("the account is copied");
}

/// Types a page's session, and says what is not as it is told.
fn replay(page: &str) -> Vec<String> {
    let text = read(page);
    let scratch = TempDir::new().expect("a scratch directory");
    let typed = session(&text);
    let begins = typed.iter().any(|typed| typed.line.starts_with("hikkoshi init "));
    put(scratch.path(), if begins { &[] } else { &["migrations/story.yaml", "plans/story/inventory.json"] });
    let (mut found, mut last) = (Vec::new(), 0);
    for (at, Typed { line, prints }) in typed.iter().enumerate() {
        let (status, printed) = shell(scratch.path(), &line.replace("$?", &last.to_string()));
        last = status;
        let asked = typed.get(at + 1).is_some_and(|next| next.line == "echo $?");
        if status != 0 && !asked {
            found.push(format!("{page}: `{line}` ends with {status}:\n{printed}"));
        }
        let lines: Vec<&str> = printed.lines().map(str::trim_end).collect();
        let wrong = missing(prints, &lines).map(|told| format!("{page}: `{line}` does not print `{told}` there:\n{printed}"));
        found.extend(wrong);
    }
    found
}

#[test]
fn the_tutorial_is_what_one_sees() {
    assert_none("the tutorial", &replay("docs/tutorial.md"));
}

#[test]
fn the_readme_is_what_one_sees() {
    assert_none("the README's transcript", &replay("README.md"));
}

/// A terminal of 100 columns and 50 lines shows all of the plan, and all of the dry run; details come on demand.
#[test]
fn plan_and_dry_run_fit_one_screen() {
    let scratch = TempDir::new().expect("a scratch directory");
    put(scratch.path(), &["migrations/story.yaml", "plans/story/inventory.json"]);
    for (line, more) in [("plan story", "--verbose"), ("dry-run story", "--verbose"), ("dry-run story", "--stage=pets")] {
        let (status, short) = shell(scratch.path(), &format!("hikkoshi {line} --cloud sim:account.json"));
        assert_eq!(status, 0, "{short}");
        let wide = short.lines().find(|line| line.chars().count() > 100);
        assert!(short.lines().count() < 50 && wide.is_none(), "{} lines, too wide: {wide:?}\n{short}", short.lines().count());
        assert!(short.contains("next: hikkoshi "), "{short}");
        let (_, long) = shell(scratch.path(), &format!("hikkoshi {line} {more} --cloud sim:account.json"));
        assert!(long.lines().count() > short.lines().count() && long.contains("app-1-deregister"), "{long}");
    }
    let (_, step) = shell(scratch.path(), "hikkoshi dry-run story --offline --step app-1-deregister");
    assert!(step.contains("app-1-deregister  Take app-1 out of target group app"), "{step}");
    let (status, unknown) = shell(scratch.path(), "hikkoshi plan story --stage pet");
    assert!(status == 2 && unknown.contains("error[HK0111]") && unknown.contains("pets"), "{unknown}");
}

/// Whoever pipes a run into a pager and leaves it does not end the run half-way.
#[test]
fn a_run_goes_on_when_nobody_reads_any_more() {
    let scratch = TempDir::new().expect("a scratch directory");
    put(scratch.path(), &["migrations/story.yaml", "plans/story/inventory.json", "plans/story/plan.yaml"]);
    let (_, first) = shell(scratch.path(), "hikkoshi apply story --yes --cloud sim:account.json 2>&1 | head -1");
    assert!(first.starts_with("▶ apply begins: ") && first.lines().count() == 1, "{first}");
    let (_, status) = shell(scratch.path(), "hikkoshi status story");
    assert!(status.contains("tighten     6/6    checkpoint reached"), "{status}");
}

/// The checks above find what they are made for.
#[test]
fn a_transcript_is_able_to_fail() {
    assert!(alike("a … c", "a b c") && alike("a…", "a") && alike("a", "a") && !alike("a … c", "a b d") && !alike("a", "ab"));
    assert_eq!(missing(&["a", "…", "d"], &["a", "b", "c", "d"]), None);
    assert_eq!(missing(&["a", "d"], &["a", "b", "d"]), Some("d"), "what is left out is told");
    assert_eq!(missing(&["a"], &["a", "b"]), Some("(the end)"));
    assert_eq!(missing(&["…", "b", "a"], &["a", "b"]), Some("a"), "in this order");
    let page = "```console\n$ one\nx\n…\n$ echo $?\n3\n```\n";
    assert_eq!(session(page)[0], Typed { line: "one", prints: vec!["x", "…"] });
}
