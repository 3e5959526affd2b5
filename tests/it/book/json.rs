//! What commands print with `--json` is as their schemas say: every command that reports is run on the story's account, and every field
//! that it prints is described.

use hikkoshi::cli::schema::SCHEMAS;
use serde_json::Value;
use tempfile::TempDir;

use super::assert_none;
use crate::support::command::Hikkoshi;
use crate::support::source::{read, root};

const SIM: &str = "--cloud=sim:account.json";
const RIN: &str = "--caller=arn:aws:sts::123456789012:assumed-role/Ops/rin";
const MIKA: &str = "--caller=arn:aws:sts::123456789012:assumed-role/Ops/mika";

fn schema(name: &str) -> Value {
    let (_, _, text) = SCHEMAS.iter().find(|(known, _, _)| *known == name).unwrap_or_else(|| panic!("there is no schema {name}"));
    serde_json::from_str(text).unwrap_or_else(|error| panic!("schemas/{name}.json: {error}"))
}

/// Where a document is not as the schema of that name says.
pub fn faults(name: &str, document: &Value) -> Vec<String> {
    let schema = schema(name);
    wrong(&schema, &schema, document, name)
}

/// Where a value is not as a schema says, or has a field that it does not describe.
fn wrong(root: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    if let Some(place) = schema["$ref"].as_str() {
        let target = root.pointer(place.trim_start_matches('#')).unwrap_or_else(|| panic!("nothing is at {place}"));
        return wrong(root, target, value, at);
    }
    let mut found = Vec::new();
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(some) => some.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !types.is_empty() && !types.iter().any(|name| is(value, name)) {
        found.push(format!("{at} is not {}: {value}", types.join(" or ")));
    }
    if schema["enum"].as_array().is_some_and(|known| !known.contains(value)) {
        found.push(format!("{at} is none of the known values: {value}"));
    }
    if let (Value::Object(fields), true) = (value, schema["properties"].is_object() || schema["additionalProperties"].is_object()) {
        let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        found.extend(required.filter(|name| !fields.contains_key(*name)).map(|name| format!("{at}.{name} is missing")));
        for (name, value) in fields {
            match (schema["properties"].get(name), schema.get("additionalProperties")) {
                (Some(inner), _) | (None, Some(inner)) => found.extend(wrong(root, inner, value, &format!("{at}.{name}"))),
                (None, None) => found.push(format!("{at}.{name} is not described")),
            }
        }
    }
    let items = value.as_array().filter(|_| schema["items"].is_object());
    found.extend(items.into_iter().flatten().enumerate().flat_map(|(n, item)| wrong(root, &schema["items"], item, &format!("{at}[{n}]"))));
    found
}

fn is(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        _ => panic!("a schema speaks of the type {name}"),
    }
}

/// The JSON documents that a command printed, one after the other.
fn documents(text: &str) -> Vec<Value> {
    serde_json::Deserializer::from_str(text).into_iter().map(|one| one.expect("standard output is JSON")).collect()
}

struct Desk {
    hikkoshi: Hikkoshi,
    found: Vec<String>,
}

impl Desk {
    /// Runs a command with `--json`, and holds each document against the schema of that name; errors against `error`.
    fn says(&mut self, name: &str, args: &[&str]) {
        let printed = self.hikkoshi.run(&[args, &["--json"]].concat()).stdout;
        let all = documents(&printed);
        assert!(!all.is_empty(), "{args:?} prints nothing");
        for one in all {
            let name = if one.get("error").is_some() { "error" } else { name };
            let list = one.as_array().cloned().filter(|_| name == "step").unwrap_or_else(|| vec![one]);
            let wrong = list.iter().flat_map(|one| faults(name, one));
            self.found.extend(wrong.map(|what| format!("{}: {what}", args.join(" "))));
        }
    }
}

#[test]
fn what_commands_print_is_as_their_schemas_say() {
    let scratch = TempDir::new().expect("a scratch directory");
    std::fs::copy(root().join("plans/story/inventory.json"), scratch.path().join("account.json")).expect("the account is copied");
    let mut desk = Desk { hikkoshi: Hikkoshi::offline(scratch.path()), found: Vec::new() };
    desk.says("init", &["init", "--name=story", "--vpc=vpc-9e74fb33c16f2e304", SIM]);
    desk.says("discover", &["discover", "story", SIM]);
    desk.says("audit", &["audit", "story"]);
    desk.says("graph", &["graph", "story"]);
    desk.says("flows", &["flows", "story"]);
    let intent = scratch.path().join("migrations/story.yaml");
    let text = std::fs::read_to_string(&intent).expect("there is an intent");
    let asks = "approvals: {need: 1, of: [\"arn:aws:sts::123456789012:assumed-role/Ops/*\"]}\n";
    std::fs::write(&intent, text + asks).expect("the intent is written");
    desk.says("plan", &["plan", "story", SIM, RIN]);
    desk.says("compare", &["plan", "story", "--compare"]);
    desk.says("step", &["plan", "story", "--step=app-1-deregister"]);
    desk.says("step", &["plan", "story", "--stage=data"]);
    desk.says("reach", &["reach", "story", "--from=app", "--to=pg-multi"]);
    desk.says("reach", &["reach", "story", "--from=internet", "--to=pg-multi", "--at=end"]);
    desk.says("dry-run", &["dry-run", "story", SIM]);
    desk.says("policy", &["policy", "story"]);
    desk.says("review", &["review", "story", "--against=plans/story/plan.yaml"]);
    desk.says("runbook", &["runbook", "story"]);
    desk.says("rules", &["rules", "story"]);
    desk.says("export", &["export", "terraform", "story"]);
    desk.says("export", &["export", "terraform", "story", "--out=terraform"]);
    desk.says("rehearse", &["rehearse", "story", "--runs=1"]);
    desk.says("event", &["apply", "story", "--yes", SIM]);
    desk.says("approve", &["approve", "story", "--list"]);
    desk.says("approve", &["approve", "story", "--yes", "--reason=read", SIM, MIKA]);
    desk.says("status", &["status", "story"]);
    desk.says("event", &["apply", "story", "--yes", "--until=guard", SIM]);
    desk.says("event", &["apply", "story", "--yes", "--fault=2=fail", SIM]);
    desk.says("status", &["status", "story"]);
    desk.says("request", &["pause", "story"]);
    desk.says("request", &["resume", "story"]);
    desk.says("dry-run", &["dry-run", "story", SIM]);
    desk.says("event", &["apply", "story", "--yes", "--fault=8=die-after", SIM]);
    desk.says("status", &["status", "story"]);
    let number = desk.hikkoshi.run(&["state", "story", "--json"]).json()["lease"]["number"].to_string();
    desk.says("unlock", &["unlock", "story", "--number", &number]);
    desk.says("event", &["apply", "story", "--yes", SIM]);
    desk.says("verify", &["verify", "story", SIM]);
    desk.says("review", &["review", "story"]);
    desk.says("state", &["state", "story"]);
    desk.says("event", &["log", "story"]);
    desk.says("event", &["rollback", "story", "--to=guard", "--yes", SIM]);
    desk.says("explain", &["explain", "resume"]);
    assert_none("what is printed and what the schemas say", &desk.found);
}

/// Every variant of the stream is among the values that the schema knows.
#[test]
fn the_schema_of_events_knows_each() {
    let source = read("src/execute/event.rs");
    let body = source.split("pub enum What {").nth(1).and_then(|rest| rest.split("\n}\n").next()).expect("the enum is there");
    let variants = body.lines().filter_map(|line| line.strip_prefix("    ").filter(|rest| rest.starts_with(char::is_uppercase)));
    let snake = |name: &str| {
        let name: String = name.chars().take_while(char::is_ascii_alphabetic).collect();
        let parts = name.char_indices().map(|(at, c)| {
            if c.is_uppercase() && at > 0 { format!("_{}", c.to_ascii_lowercase()) } else { c.to_ascii_lowercase().to_string() }
        });
        Value::from(parts.collect::<String>())
    };
    let variants: Vec<Value> = variants.map(snake).collect();
    assert_eq!(schema("event")["properties"]["what"]["enum"], Value::from(variants));
}

#[test]
fn every_field_of_a_schema_is_described() {
    fn undescribed(schema: &Value, at: &str, found: &mut Vec<String>) {
        for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
            let at = format!("{at}.{name}");
            if inner["description"].as_str().is_none_or(str::is_empty) {
                found.push(at.clone());
            }
            undescribed(inner, &at, found);
        }
        for inner in ["items", "additionalProperties"].iter().filter_map(|key| schema.get(*key)) {
            undescribed(inner, at, found);
        }
    }
    let mut found = Vec::new();
    SCHEMAS.iter().for_each(|(name, _, _)| undescribed(&schema(name), name, &mut found));
    assert_none("fields without a description", &found);
}

#[test]
fn the_schema_of_the_page_is_made_of_its_types() {
    crate::story::holds("schemas/review.json", &format!("{:#}\n", hikkoshi::report::review::schema()));
}

#[test]
fn schema_prints_each_and_the_intents_by_itself() {
    let scratch = TempDir::new().expect("a scratch directory");
    let hikkoshi = Hikkoshi::offline(scratch.path());
    assert_eq!(hikkoshi.run(&["schema"]).expect_code(0).stdout, read("migrations/intent.schema.json"));
    assert_eq!(hikkoshi.run(&["schema", "plan"]).expect_code(0).stdout, read("schemas/plan.json"));
    let list = hikkoshi.run(&["schema", "--list"]).expect_code(0).stdout;
    assert_eq!(list.lines().count(), SCHEMAS.len(), "{list}");
    assert!(hikkoshi.run(&["schema", "nosuch"]).expect_code(2).stderr.contains("possible values"));
}

/// The checker above finds what it is made for.
#[test]
fn a_schema_is_able_to_fail() {
    let schema: Value = serde_json::json!({ "type": "object", "required": ["a"], "properties": { "a": { "type": "integer" },
        "b": { "type": "array", "items": { "enum": ["x"] } }, "c": { "additionalProperties": { "type": "string" } } } });
    let check = |value: Value| wrong(&schema, &schema, &value, "it").len();
    assert_eq!(check(serde_json::json!({ "a": 1, "b": ["x"], "c": { "any": "y" } })), 0);
    for bad in [
        serde_json::json!({}),
        serde_json::json!({ "a": "1" }),
        serde_json::json!({ "a": 1, "d": 2 }),
        serde_json::json!({ "a": 1, "b": ["y"] }),
    ] {
        assert_eq!(check(bad.clone()), 1, "{bad}");
    }
    assert_eq!(check(serde_json::json!({ "a": 1, "c": { "any": 3 } })), 1);
    assert_eq!(check(serde_json::json!([])), 1);
}
