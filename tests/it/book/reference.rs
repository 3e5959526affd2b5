//! docs/reference/: pages made from the program. `HIKKOSHI_BLESS=1 cargo test book` writes them anew.

use std::collections::BTreeSet;

use hikkoshi::audit::RULES;
use hikkoshi::cli::failure::{CODES, SITUATIONS};
use hikkoshi::cli::schema::SCHEMAS;
use hikkoshi::kinds::{KINDS, kind};
use hikkoshi::model::strategy::Strategy;
use serde_json::Value;
use tempfile::TempDir;

use super::assert_none;
use crate::story::holds;
use crate::support::command::Hikkoshi;
use crate::support::source::{files, read};

const MADE: &str = "Made from the program by `HIKKOSHI_BLESS=1 cargo test book`; a test holds it.";

/// Strategies in the order in which people meet them.
const STRATEGIES: [Strategy; 8] = [
    Strategy::Relocate,
    Strategy::Flip,
    Strategy::Rotate,
    Strategy::Replica,
    Strategy::Restore,
    Strategy::Recreate,
    Strategy::Stay,
    Strategy::Retire,
];

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ").replace('<', "&lt;").replace('>', "&gt;")
}

#[test]
fn the_command_line() {
    holds("docs/reference/commands.md", &hikkoshi::cli::generate::reference());
}

#[test]
fn codes_with_exit_status_and_page() {
    let mut out = format!(
        "# Failure codes\n\n{MADE}\n\n`hikkoshi explain CODE` shows the page without the repository. What each exit status means: \
         [the failure](../failure.md#exit-status).\n\n| Code | Exit | What it means |\n|---|---|---|\n"
    );
    for (code, exit, page) in CODES {
        let title = page.lines().next().and_then(|line| line.split_once(" — ")).expect("a page has a title").1;
        out.push_str(&format!("| [{code}](../../runbooks/{code}.md) | {exit} | {} |\n", cell(title)));
    }
    out.push_str("\n## Situations\n\n| Page | What it is about |\n|---|---|\n");
    for (name, page) in SITUATIONS {
        let title = page.lines().next().unwrap_or_default().trim_start_matches("# ");
        out.push_str(&format!("| [{name}](../../runbooks/{name}.md) | {} |\n", cell(title)));
    }
    holds("docs/reference/codes.md", &out);
}

#[test]
fn findings_of_an_audit() {
    let mut out = format!(
        "# Findings\n\n{MADE}\n\n`hikkoshi audit NAME` looks for these. Severities: critical (the internet can reach something that it should \
         not, now), high, medium, low, info. Exit status 3 where there is something to mend; `--fail-on` says from which severity.\n"
    );
    for rule in RULES {
        out.push_str(&format!("\n## {}\n\n**{}.** {}\n\nWay out: {}\n", rule.code, rule.title, rule.why, rule.way_out));
    }
    holds("docs/reference/findings.md", &out);
}

/// The file that a kind is written in.
fn source_of(name: &str) -> String {
    let says = format!("        \"{name}\"\n");
    let holds = |path: &&String| path.ends_with(".rs") && read(path).contains(&says);
    files(&["src/kinds"]).iter().find(holds).unwrap_or_else(|| panic!("no file of src/kinds is about {name}")).clone()
}

/// The first paragraph of the documentation of the type whose kind has that name, or of its module.
fn words_of(name: &str) -> String {
    let text = read(&source_of(name));
    let before = text.split(&format!("        \"{name}\"\n")).next().unwrap_or_default();
    let of_type = before.rsplit("impl Kind for ").next().and_then(|rest| rest.split([' ', '{']).next()).unwrap_or_default();
    let own = text.split(&format!("pub struct {of_type};")).next().filter(|head| head.len() < text.len());
    let own: Vec<&str> = own.map(|head| head.lines().rev().take_while(|line| line.starts_with("///")).collect()).unwrap_or_default();
    let own: Vec<&str> = own.into_iter().rev().map(|line| line.trim_start_matches("///").trim()).collect();
    let module: Vec<&str> = text.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim).collect();
    let first = |lines: &[&str]| lines.split(|line| line.is_empty()).next().unwrap_or_default().join(" ");
    let second = |lines: &[&str]| lines.split(|line| line.is_empty()).nth(1).unwrap_or_default().join(" ");
    let alone = KINDS.iter().filter(|other| source_of(other.name()) == source_of(name)).count() == 1;
    let words = if alone || own.is_empty() { format!("{} {}", first(&module), second(&module)) } else { first(&own) };
    assert!(!words.trim().is_empty(), "{name} has no words");
    words.trim().replace("[`", "`").replace("`]", "`")
}

/// The strategies that a kind's own files weigh.
fn strategies_of(name: &str) -> Vec<&'static str> {
    let source = source_of(name);
    let folder = source.rsplit_once('/').map(|(folder, _)| format!("{folder}/")).filter(|folder| folder != "src/kinds/");
    let own: String = match &folder {
        Some(folder) => files(&["src/kinds"]).iter().filter(|path| path.starts_with(folder)).map(|path| read(path)).collect(),
        None => read(&source),
    };
    let weighed =
        |strategy: &Strategy| own.contains(&format!("Strategy::{strategy:?}")) || own.contains(&format!("strategy: {strategy:?}"));
    STRATEGIES.iter().filter(|strategy| weighed(strategy)).map(|strategy| strategy.name()).collect()
}

#[test]
fn kinds_with_their_strategies() {
    let mut out = format!(
        "# Kinds\n\n{MADE} What is listed is read by these operations; strategies are weighed for each workload, by interruption, risk, way \
         back, duration and cost; some only to say why AWS does not allow them.\n\n| Strategy | What it does |\n|---|---|\n"
    );
    let source = read("src/model/strategy.rs");
    for strategy in STRATEGIES {
        let head = source.split(&format!("    {strategy:?},\n")).next().unwrap_or_default();
        let words: Vec<&str> = head.lines().rev().map_while(|line| line.trim().strip_prefix("///")).map(str::trim).collect();
        let words = words.into_iter().rev().collect::<Vec<_>>().join(" ");
        assert!(!words.is_empty(), "{strategy:?} has no words");
        out.push_str(&format!("| `{}` | {} |\n", strategy.name(), cell(&words)));
    }
    out.push_str("| `skip` | It is left where it is, with a reason and a date. |\n");
    for kind in KINDS {
        let listed = kind.listing().map_or("within other answers".to_owned(), |listing| format!("`{}`", listing.operation));
        out.push_str(&format!("\n## {}\n\n{}\n\nListed by {listed}.", kind.name(), words_of(kind.name())));
        let strategies = strategies_of(kind.name());
        if MOVED.contains(&kind.name()) {
            assert!(!strategies.is_empty(), "{} moves, by no strategy", kind.name());
            out.push_str(&format!(" Strategies: {}.", strategies.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")));
        }
        out.push('\n');
    }
    holds("docs/reference/kinds.md", &out);
}

/// The kinds that are carried across; the others are around them.
const MOVED: [&str; 14] = [
    "ec2_instance",
    "lambda_function",
    "ecs_service",
    "scheduled_task",
    "schedule",
    "auto_scaling_group",
    "batch_compute_environment",
    "db_instance",
    "db_cluster",
    "load_balancer",
    "classic_balancer",
    "replication_group",
    "cache_cluster",
    "serverless_cache",
];

/// A field of the intent and, indented, what is below it.
fn field(schema: &Value, name: &str, value: &Value, required: bool, depth: usize, out: &mut String) {
    let target = target(schema, value);
    let words = value["description"].as_str().or_else(|| target["description"].as_str()).unwrap_or_default();
    let default = match &value["default"] {
        Value::Null => String::new(),
        Value::Object(_) => String::new(),
        Value::Array(list) if list.is_empty() => String::new(),
        default => format!(" By default `{default}`."),
    };
    let needed = if required { " Needed." } else { "" };
    out.push_str(&format!("{}- `{name}`: {}{needed}{default}\n", "  ".repeat(depth), words.replace('\n', " ")));
    for choice in target["oneOf"].as_array().into_iter().flatten() {
        let of = choice["const"].as_str().unwrap_or_default();
        let words = choice["description"].as_str().unwrap_or_default().replace('\n', " ");
        out.push_str(&format!("{}- `{of}`: {words}\n", "  ".repeat(depth + 1)));
    }
    properties(schema, target, depth + 1, out);
}

/// What a field's schema stands for: a reference, an element, the one of several that is not null.
fn target<'a>(schema: &'a Value, value: &'a Value) -> &'a Value {
    if let Some(place) = value["$ref"].as_str() {
        return schema.pointer(place.trim_start_matches('#')).expect("a reference leads somewhere");
    }
    let some = value["anyOf"].as_array().and_then(|all| all.iter().find(|one| one["type"] != "null"));
    match some {
        Some(one) => target(schema, one),
        None if value["items"].is_object() => target(schema, &value["items"]),
        None => value,
    }
}

fn properties(schema: &Value, of: &Value, depth: usize, out: &mut String) {
    let required: BTreeSet<&str> = of["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, value) in of["properties"].as_object().into_iter().flatten() {
        field(schema, name, value, required.contains(name.as_str()), depth, out);
    }
}

#[test]
fn every_field_of_an_intent() {
    let schema: Value = serde_json::from_str(&read("migrations/intent.schema.json")).expect("a schema is JSON");
    let mut out = format!(
        "# Intent\n\n{MADE} `migrations/NAME.yaml` is written by `hikkoshi init` with comments; the first four fields are needed, everything else \
         has a default. `migrations/intent.schema.json` beside it tells an editor; `hikkoshi schema` prints it.\n\n"
    );
    properties(&schema, &schema, 0, &mut out);
    holds("docs/reference/intent.md", &out);
}

#[test]
fn what_is_printed_as_json() {
    let mut out = format!(
        "# JSON\n\n{MADE} With `--json` a command prints one JSON document; runs and `log` print one event a line. A command that fails \
         prints `error`, after a run's events too; its exit status is the same as without. Fields keep their meaning from version to version; new \
         ones may come.\n\n| Schema | Printed by |\n|---|---|\n"
    );
    for (name, commands, _) in SCHEMAS {
        out.push_str(&format!("| [{name}](../../schemas/{name}.json) | {} |\n", cell(commands)));
    }
    out.push_str("\n```sh\nhikkoshi schema --list\nhikkoshi schema plan\nhikkoshi plan story --json\n```\n");
    for (name, _, text) in SCHEMAS {
        let schema: Value = serde_json::from_str(text).expect("a schema is JSON");
        out.push_str(&format!("\n## {name}\n\n{}\n\n", schema["description"].as_str().unwrap_or_default()));
        let required: BTreeSet<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for (field, value) in schema["properties"].as_object().into_iter().flatten() {
            let may = if required.contains(field.as_str()) { "" } else { " May be missing." };
            out.push_str(&format!("- `{field}`: {}{may}\n", value["description"].as_str().unwrap_or_default()));
        }
    }
    holds("docs/reference/json.md", &out);
    let files: Vec<String> = files(&["schemas"]).into_iter().filter(|path| path.ends_with(".json")).collect();
    let stray = files.iter().filter(|path| !SCHEMAS.iter().any(|(name, _, _)| **path == format!("schemas/{name}.json")));
    assert_none("schemas that no command prints", &stray.cloned().collect::<Vec<_>>());
}

#[test]
fn every_kind_that_moves_is_one() {
    assert!(MOVED.iter().all(|name| kind(name).is_some()));
}

#[test]
fn completions_and_man_pages_name_every_command() {
    let scratch = TempDir::new().expect("a scratch directory");
    let hikkoshi = Hikkoshi::offline(scratch.path());
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let made = hikkoshi.run(&["generate", "completions", shell]).expect_code(0).stdout;
        for word in ["dry-run", "rollback", "cleanup"] {
            assert!(made.contains(word), "the completions of {shell} do not know {word}");
        }
    }
    let made = hikkoshi.run(&["generate", "man", "pages"]).expect_code(0).stdout;
    assert!(made.contains("next: man pages/hikkoshi.1"), "{made}");
    for (page, word) in [("hikkoshi.1", "hikkoshi"), ("hikkoshi-apply.1", "cleanup"), ("hikkoshi-generate-man.1", "DIR")] {
        let text = std::fs::read_to_string(scratch.path().join("pages").join(page)).unwrap_or_else(|error| panic!("{page}: {error}"));
        assert!(text.starts_with(".ie \\n(.g") && text.contains(word), "{page} does not speak of {word}");
    }
}
