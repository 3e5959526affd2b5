//! README and docs/: links lead somewhere, commands are understood, transcripts are typed again, the reference is made from the program.

use std::collections::BTreeSet;

use crate::support::source::{files, read, root};

/// What `--json` prints, by its schemas.
pub mod json;
/// The pages that are made from the program.
mod reference;
/// `console` blocks, typed again.
mod transcripts;

/// README and the book.
fn pages() -> Vec<(String, String)> {
    let mut paths = files(&["docs"]);
    paths.retain(|path| path.ends_with(".md"));
    paths.push("README.md".to_owned());
    paths.into_iter().map(|path| (path.clone(), read(&path))).collect()
}

fn assert_none(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}

/// A heading as GitHub makes an anchor of it.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    kept.chars().filter_map(|c| if c == ' ' { Some('-') } else { (c.is_alphanumeric() || c == '-' || c == '_').then_some(c) }).collect()
}

/// The lines of a page outside of fenced blocks.
fn prose(text: &str) -> Vec<&str> {
    let mut fenced = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        if line.starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            lines.push(line);
        }
    }
    lines
}

/// The fenced blocks of a language.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<Vec<&'a str>> {
    let mut found = Vec::new();
    let mut open: Option<Vec<&str>> = None;
    for line in text.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(name)) => open = Some(if name == language { Vec::new() } else { vec!["not this one"] }),
            (Some(_), Some(_)) => found.extend(open.take().filter(|lines| lines.first() != Some(&"not this one"))),
            (Some(lines), None) if lines.first() != Some(&"not this one") => lines.push(line),
            _ => {}
        }
    }
    found
}

/// Where a link of a page leads, unless it is a file and, if it names one, a heading of it.
fn dead(page: &str, link: &str) -> Option<String> {
    let (path, heading) = link.split_once('#').unwrap_or((link, ""));
    let folder = root().join(page).parent().expect("a page is in a folder").to_owned();
    let target = if path.is_empty() { root().join(page) } else { folder.join(path) };
    if !target.exists() {
        return Some(format!("{page}: nothing is at `{link}`"));
    }
    let text = std::fs::read_to_string(&target).unwrap_or_default();
    let known = || prose(&text).iter().any(|line| line.starts_with('#') && anchor(line.trim_start_matches('#')) == heading);
    (!heading.is_empty() && !known()).then(|| format!("{page}: `{link}` has no such heading"))
}

fn links(text: &str) -> Vec<String> {
    let links = prose(text).join("\n");
    links.split("](").skip(1).filter_map(|rest| rest.split(')').next()).map(str::to_owned).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let mut found = Vec::new();
    let mut count = 0;
    for (page, text) in pages() {
        let inside: Vec<String> = links(&text).into_iter().filter(|link| !link.contains("://")).collect();
        count += inside.len();
        found.extend(inside.iter().filter_map(|link| dead(&page, link)));
    }
    assert_none("dead links", &found);
    assert!(count > 60, "the pages hold {count} links: were they found?");
    assert!(dead("README.md", "docs/nowhere.md").is_some() && dead("README.md", "docs/tutorial.md#nowhere").is_some());
}

#[test]
fn every_page_can_be_reached_from_the_first() {
    let mut reached = BTreeSet::from(["README.md".to_owned()]);
    let mut todo = vec!["README.md".to_owned()];
    while let Some(page) = todo.pop() {
        let folder = std::path::Path::new(&page).parent().map(|at| at.to_owned()).unwrap_or_default();
        for link in links(&read(&page)).into_iter().filter(|link| link.ends_with(".md") && !link.contains("://")) {
            let path = folder.join(link).to_string_lossy().replace("docs/reference/../", "docs/").replace("docs/../", "");
            if root().join(&path).exists() && reached.insert(path.clone()) {
                todo.push(path);
            }
        }
    }
    let lost: Vec<String> = pages().into_iter().map(|(page, _)| page).filter(|page| !reached.contains(page)).collect();
    assert_none("pages that no page leads to", &lost);
}

/// The words of a command line as a shell takes them apart, up to a comment, a pipe or another command.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for c in line.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '#') if word.is_empty() => break,
            (None, '|' | '>' | ';' | '&') => break,
            (None, ' ') => words.extend((!word.is_empty()).then(|| std::mem::take(&mut word))),
            _ => word.push(c),
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

/// Lines of `sh` and `console` blocks that call the program.
fn commands(text: &str) -> Vec<Vec<String>> {
    let lines =
        blocks(text, "sh").concat().into_iter().chain(blocks(text, "console").concat().into_iter().filter_map(|l| l.strip_prefix("$ ")));
    lines.filter(|line| line.starts_with("hikkoshi ")).map(words).collect()
}

#[test]
fn every_command_is_understood() {
    let mut found = Vec::new();
    let mut count = 0;
    for (page, text) in pages() {
        for words in commands(&text) {
            let answer = hikkoshi::cli::understands(&words);
            count += 1;
            found.extend(answer.err().map(|why| format!("{page}: {}: {why}", words.join(" "))));
        }
    }
    assert_none("commands that the program does not understand", &found);
    assert!(count > 60, "the pages hold {count} commands: were they found?");
    assert!(hikkoshi::cli::understands(&words("hikkoshi plan story --bogus")).is_err());
    let hook = words("hikkoshi skip move STEP --reason \"not used\"   # a comment");
    assert_eq!(hook, ["hikkoshi", "skip", "move", "STEP", "--reason", "not used"]);
}

#[test]
fn the_readme_is_short() {
    let lines = read("README.md").lines().count();
    assert!(lines <= 250, "README.md has {lines} lines; detail belongs into docs/");
}

/// The page of mistakes has all 25, and a test for each.
#[test]
fn every_mistake_has_its_test() {
    let page = read("docs/how-aws-refuses.md");
    let told: BTreeSet<usize> = page.lines().filter_map(|line| line.strip_prefix("| ")?.split(' ').next()?.parse().ok()).collect();
    assert_eq!(told, (1..=25).collect(), "docs/how-aws-refuses.md has a row for each");
    let tests: String = files(&["tests/it/mistakes"]).iter().map(|path| read(path)).collect();
    let missing: Vec<String> = told.iter().map(|n| format!("fn mistake_{n:02}_")).filter(|name| !tests.contains(name)).collect();
    assert_none("mistakes without a test", &missing);
}

/// The picture of the account before is what the program draws; the one after shows everything in private subnets.
#[test]
fn the_pictures_are_of_the_story() {
    let text = read("plans/story/inventory.json");
    let inventory = serde_json::from_str(&text).expect("the story's inventory is one");
    let graph = hikkoshi::graph::build(&inventory);
    let drawn = hikkoshi::graph::render::svg(&inventory, &graph, hikkoshi::graph::render::Detail::Overview);
    crate::story::holds("docs/img/before.svg", &drawn);
    let after = read("docs/img/after.svg");
    for part in ["private · 10.0.1.0/24", "story-private-a", "story-nat-a", ">bastion<"] {
        assert!(after.contains(part), "docs/img/after.svg does not show {part}");
    }
}
