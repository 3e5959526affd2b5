//! Who may import whom, and who may touch the outside: the floor plan as data, held against the sources.
//!
//! A room is a top-level module of the crate. `main.rs` and `lib.rs` stand above the rooms; test modules are free.

use crate::support::source::{Source, rust_files};

/// A room, the rooms it may name, and whether it is pure: no file, clock, environment, chance or waiting.
struct Room(&'static str, &'static [&'static str], Purity);

#[derive(PartialEq)]
enum Purity {
    Pure,
    /// Pure but for the files whose paths start so.
    PureBut(&'static str),
    Edge,
}
use Purity::{Edge, Pure, PureBut};

const ROOMS: &[Room] = &[
    Room("model", &[], Pure),
    Room("kinds", &["model"], Pure),
    Room("graph", &["model"], Pure),
    Room("reach", &["model", "graph"], Pure),
    Room("flows", &["model"], Pure),
    Room("world", &["model", "kinds"], Pure),
    Room("audit", &["model", "graph", "kinds"], Pure),
    Room("plan", &["model", "graph", "reach", "world", "kinds"], Pure),
    Room("cloud", &["model", "kinds", "world", "clock", "journal"], Edge),
    Room("discover", &["model", "kinds", "cloud"], Edge),
    Room("journal", &["model", "plan", "clock"], Edge),
    Room("execute", &["model", "plan", "journal", "cloud", "clock"], PureBut("src/execute/driver")),
    Room("rehearse", &["model", "kinds", "world", "plan", "journal", "cloud", "discover", "execute", "clock"], Pure),
    Room("clock", &[], Edge),
    Room("report", &["model", "plan", "reach", "journal", "audit", "execute"], Pure),
    Room(
        "cli",
        &[
            "model", "kinds", "graph", "reach", "flows", "world", "audit", "plan", "cloud", "discover", "journal", "execute", "clock",
            "report", "rehearse",
        ],
        Edge,
    ),
];

/// Path that only some files may name: the path, where it may be named.
const INNER: &[(&str, &[&str])] = &[
    ("cloud::aws", &["src/cloud/", "src/cli/"]),
    ("cloud::simulated", &["src/cloud/", "src/cli/", "src/rehearse/"]),
    // `report` reads what a run tells and where it stands, the pure half; it never makes one.
    ("execute::driver", &["src/execute/", "src/cli/", "src/rehearse/"]),
    ("execute::task", &["src/execute/", "src/cli/"]),
    ("execute::look", &["src/execute/", "src/cli/"]),
    ("execute::run", &["src/execute/", "src/cli/", "src/rehearse/"]),
];

/// The room that only a part of another may import: importer, imported, the part's path.
const PARTS: &[(&str, &str, &str)] = &[
    ("cloud", "world", "src/cloud/simulated"),
    ("cloud", "clock", "src/cloud/simulated"),
    // A team's journals are kept in a bucket.
    ("cloud", "journal", "src/cloud/aws/s3"),
];

/// Crates by the start of their names, and where they may be named.
const CRATES: &[(&str, &[&str])] = &[
    ("aws_sdk_", &["src/cloud/aws"]),
    ("aws_config", &["src/cloud/aws"]),
    ("aws_smithy", &["src/cloud/aws"]),
    ("petgraph", &["src/graph"]),
    ("parquet", &["src/flows"]),
    ("flate2", &["src/flows", "src/report/review/pack"]),
    ("hcl::", &["src/report/terraform"]),
    ("ureq", &["src/cli/web"]),
    ("axum", &["src/cli/serve"]),
    ("rustls", &["src/cli/web"]),
];

/// What a pure room never names. (`tokio` is judged apart: the pure half of `execute` may speak of its types.)
const OUTSIDE: &[&str] =
    &["std::fs", "std::env", "std::process", "TcpStream", "TcpListener", "UdpSocket", "SystemTime::now", "Instant::now", "getrandom"];

#[test]
fn rooms_import_only_towards_the_nouns() {
    let sources = rust_files(&["src"]);
    assert!(!sources.is_empty(), "no sources found");
    let broken: Vec<String> = sources.iter().flat_map(violations).collect();
    assert!(broken.is_empty(), "the floor plan is broken:\n{}", broken.join("\n"));
}

/// All that one file does against the floor plan, as `file:line: what`.
fn violations(source: &Source) -> Vec<String> {
    let Some(room) = room_of(&source.path) else { return Vec::new() };
    let Some(Room(_, allowed, purity)) = ROOMS.iter().find(|known| known.0 == room) else {
        return vec![format!("{}:1: `{room}` is no room of the floor plan", source.path)];
    };
    let mut found = imports(source, room, allowed);
    found.extend(crates(source));
    let pure = match purity {
        Pure => true,
        PureBut(edge) => !source.path.starts_with(edge),
        Edge => false,
    };
    if pure {
        found.extend(outside(source, *purity == Pure));
    }
    found.retain(|(at, _)| !source.in_tests(*at));
    found.sort();
    found.into_iter().map(|(at, what)| format!("{}:{}: {what}", source.path, source.line(at))).collect()
}

type Found = Vec<(usize, String)>;

/// Names of other rooms that this one may not use.
fn imports(source: &Source, room: &str, allowed: &[&str]) -> Found {
    let mut found = Found::new();
    for (at, path) in crate_paths(source) {
        let Some(Room(named, ..)) = ROOMS.iter().find(|known| known.0 == path[0]) else { continue };
        if *named != room && !allowed.contains(named) {
            found.push((at, format!("`{room}` may not import `{named}` (only {allowed:?})")));
        }
        for (_, _, part) in PARTS.iter().filter(|(from, to, part)| (*from, *to) == (room, *named) && !source.path.starts_with(part)) {
            found.push((at, format!("of `{room}`, only {part} may import `{named}`")));
        }
        for (inner, places) in INNER {
            let names = inner.split("::").zip(&path).all(|(a, b)| a == b) && path.len() > 1;
            if names && !places.iter().any(|place| source.path.starts_with(place)) {
                found.push((at, format!("`{inner}` is not for everybody: only {places:?} may name it")));
            }
        }
    }
    found
}

/// Paths from the crate's root: by `crate::`, and by as many `super::` as lead there.
fn crate_paths(source: &Source) -> Vec<(usize, Vec<String>)> {
    let mut paths = source.paths("crate");
    for (at, path) in source.paths("super") {
        let supers = 1 + path.iter().take_while(|part| *part == "super").count();
        let rest: Vec<String> = path[supers - 1..].to_vec();
        let is_first = !source.code[..at].iter().collect::<String>().trim_end().ends_with("super::");
        if is_first && supers == file_depth(&source.path) + source.module_depth(at) && !rest.is_empty() {
            paths.push((at, rest));
        }
    }
    paths
}

fn crates(source: &Source) -> Found {
    let mut found = Found::new();
    for (name, places) in CRATES.iter().filter(|(_, places)| !places.iter().any(|p| source.path.starts_with(p))) {
        for (at, _) in word_starts(source, name) {
            found.push((at, format!("only {places:?} may name `{name}…`")));
        }
    }
    found
}

/// Positions of words that start with `name`.
fn word_starts<'a>(source: &'a Source, name: &str) -> impl Iterator<Item = (usize, &'a char)> {
    let name: Vec<char> = name.chars().collect();
    source.code.iter().enumerate().filter(move |(at, _)| {
        let fresh = *at == 0 || !(source.code[at - 1].is_alphanumeric() || source.code[at - 1] == '_');
        fresh && source.code[*at..].starts_with(&name)
    })
}

/// What a pure file may not touch, also when `use std::{fs, env}` names it.
fn outside(source: &Source, tokio_too: bool) -> Found {
    let mut found = Found::new();
    let words = OUTSIDE.iter().copied().chain(tokio_too.then_some("tokio"));
    for word in words {
        found.extend(source.words(word).into_iter().map(|at| (at, format!("a pure room may not name `{word}`"))));
    }
    for (at, path) in source.paths("std") {
        let word = format!("std::{}", path[0]);
        if OUTSIDE.contains(&word.as_str()) {
            found.push((at, format!("a pure room may not name `{word}`")));
        }
    }
    found.sort();
    found.dedup();
    found
}

/// The room of a file, none for `main.rs` and `lib.rs` and for files of tests.
fn room_of(path: &str) -> Option<&str> {
    let path = path.strip_prefix("src/").filter(|path| !path.ends_with("/tests.rs") && !path.contains("/tests/"))?;
    let room = path.split('/').next()?;
    let room = room.strip_suffix(".rs").unwrap_or(room);
    (!["main", "lib"].contains(&room)).then_some(room)
}

/// How many modules a file is below the crate's root: `src/plan/order.rs` is 2, `src/plan/mod.rs` 1.
fn file_depth(path: &str) -> usize {
    let parts = path.split('/').count() - 1;
    if path.ends_with("/mod.rs") { parts - 1 } else { parts }
}

/// The scanner finds each sort of violation, and only those.
#[test]
fn scanner_is_able_to_fail() {
    check("src/plan/order.rs", "use crate::model::Id;", &[]);
    check("src/plan/order.rs", "\nuse crate::{model::Id, cloud::Cloud};", &["2: `plan` may not import `cloud`"]);
    check("src/plan/order.rs", "use super::super::execute::Step;", &["1: `plan` may not import `execute`"]);
    check("src/plan/order.rs", "use super::execute::Step;", &[]);
    check("src/plan/order.rs", "// crate::cloud\nconst A: &str = \"crate::cloud\";", &[]);
    check("src/plan/mod.rs", "#[cfg(test)]\nmod tests { use crate::cloud::Cloud; use std::fs; }", &[]);
    check("src/plan/mod.rs", "mod inner { use super::super::cloud::Cloud; }", &["1: `plan` may not import `cloud`"]);
    check("src/plan/mod.rs", "use std::{fmt, fs};", &["1: a pure room may not name `std::fs`"]);
    check("src/model/id.rs", "fn f() { std::time::SystemTime::now(); }", &["1: a pure room may not name `SystemTime::now`"]);
    check("src/execute/driver.rs", "use std::env; use crate::cloud::Cloud;", &[]);
    check("src/execute/machine.rs", "use std::env; use tokio::time;", &["1: a pure room may not name `std::env`"]);
    check("src/execute/driver.rs", "use crate::cloud::aws::Aws;", &["1: `cloud::aws` is not for everybody"]);
    check("src/cloud/mod.rs", "use crate::world::World;", &["1: of `cloud`, only src/cloud/simulated"]);
    check("src/cloud/simulated.rs", "use crate::world::World;", &[]);
    check("src/report/run.rs", "use crate::execute::Machine;", &[]);
    check("src/report/run.rs", "use crate::execute::driver::run;", &["1: `execute::driver` is not for everybody"]);
    check("src/kinds/vpc.rs", "use aws_sdk_ec2::Client;", &["1: only [\"src/cloud/aws\"] may name `aws_sdk_…`"]);
    check("src/reach/mod.rs", "use petgraph::Graph;", &["1: only [\"src/graph\"] may name `petgraph…`"]);
    check("src/helpers.rs", "", &["1: `helpers` is no room"]);
    check("src/main.rs", "use hikkoshi::cli; use std::env;", &[]);
}

#[track_caller]
fn check(path: &str, text: &str, expected: &[&str]) {
    let found = violations(&Source::new(path, text));
    let alike = |(found, start): (&String, &&str)| found.starts_with(&format!("{path}:{start}"));
    assert!(found.len() == expected.len() && found.iter().zip(expected).all(alike), "{found:#?}, not {expected:#?}");
}
