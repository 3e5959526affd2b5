//! The repository is a working directory itself: `migrations/story.yaml` and `plans/story/` are what the program makes of
//! the story's account. Where a change of the program changes them, `HIKKOSHI_BLESS=1 cargo test story` writes them anew.

use std::path::PathBuf;

use hikkoshi::discover::complete;
use hikkoshi::model::inventory::Inventory;
use hikkoshi::plan::{self, format, init, intent, sha256};
use tempfile::TempDir;

use crate::support::command::Hikkoshi;
use crate::support::source::root;

fn file(path: &str) -> PathBuf {
    root().join(path)
}

fn read(path: &str) -> String {
    std::fs::read_to_string(file(path)).unwrap_or_default()
}

/// The file holds this text; or, where blessing is asked for, it does from now on.
pub fn holds(path: &str, text: &str) {
    if std::env::var_os("HIKKOSHI_BLESS").is_some() {
        std::fs::write(file(path), text).expect("the repository is writable");
    }
    assert!(read(path) == text, "{path} is not what the program makes; look at the difference, then HIKKOSHI_BLESS=1 cargo test story");
}

/// The account as this version would have written it down.
fn inventory() -> Inventory {
    let mut inventory = serde_json::from_str(&read("plans/story/inventory.json")).expect("the story's inventory is one");
    complete(&mut inventory);
    inventory
}

#[test]
fn the_worked_example_is_what_the_program_makes() {
    let inventory = inventory();
    holds("plans/story/inventory.json", &(serde_json::to_string_pretty(&inventory).expect("an inventory is JSON") + "\n"));
    let text = init::write("story", &inventory).expect("story is a name");
    holds("migrations/story.yaml", &text);
    let schema = serde_json::to_string_pretty(&intent::schema()).expect("a schema is JSON") + "\n";
    holds("migrations/intent.schema.json", &schema);
    let intent = intent::parse(&text).expect("a fresh intent is sound");
    let hashes = (sha256(text.as_bytes()), sha256(read("plans/story/inventory.json").as_bytes()));
    let plan = plan::plan(&intent, &inventory, &hashes.0, &hashes.1).expect("a fresh intent plans");
    assert_eq!(plan.blockers, [], "a fresh intent of an ordinary account has no blockers");
    holds("plans/story/plan.yaml", &format::write(&plan).expect("a plan is YAML"));
}

#[test]
fn the_demo_plays_the_story_to_its_end() {
    let scratch = TempDir::new().expect("a scratch directory");
    let at = scratch.path().join("demo");
    let demo = Hikkoshi::offline(scratch.path()).run(&["demo", "--at", at.to_str().expect("a path in UTF-8")]).expect_code(0);
    for part in [
        "open-ssh",
        "Plan story",
        "Dry run of story",
        "step app-2-launch failed",
        "half-way: app-2",
        "checkpoint tighten",
        "the whole account was looked at",
    ] {
        assert!(demo.stdout.contains(part), "the demo shows no \"{part}\"");
    }
    for left in ["migrations/story.yaml", "plans/story/plan.yaml", "plans/story/journal.jsonl", "account.json"] {
        assert!(at.join(left).exists(), "the demo leaves {left}");
    }
}
