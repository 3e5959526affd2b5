//! The whole story's account, every kind of it, over the wire.

use serde_json::json;

use crate::support::emulator::diff;
use crate::support::night::Night;

#[test]
fn the_whole_story_moves_and_nothing_is_left_behind() {
    let mut night = Night::falls();
    night.begin(&["--extras"]);
    let hikkoshi = night.hikkoshi(&night.emulator.url());
    let dry = hikkoshi.run(&["dry-run", "move", "--json"]).expect_code(0).json();
    for way in ["forward", "rollback"] {
        assert_eq!(dry[way]["failed"], json!([]), "{way}");
    }
    hikkoshi.run(&["apply", "move", "--yes"]).expect_code(0);
    hikkoshi.run(&["verify", "move"]).expect_code(0);
    night.inspect("moved.json");
    hikkoshi.run(&["apply", "move", "--cleanup", "--yes"]).expect_code(0);
    hikkoshi.run(&["verify", "move"]).expect_code(0);
    night.inspect("cleaned.json");
}

#[test]
fn from_each_checkpoint_there_is_a_way_back_to_the_start() {
    let mut night = Night::falls();
    night.begin(&["--extras"]);
    let hikkoshi = night.hikkoshi(&night.emulator.url());
    let stages = hikkoshi.run(&["status", "move", "--json"]).expect_code(0).json();
    let stages: Vec<String> = serde_json::from_value(stages["stages"].clone()).expect("the stages of the plan");
    assert!(stages.len() >= 7, "{stages:?}");
    for stage in stages.iter().filter(|stage| *stage != "cleanup") {
        // An instance that was started again has another public address: it is looked at and planned anew.
        hikkoshi.run(&["discover", "move"]).expect_code(0);
        hikkoshi.run(&["plan", "move"]).expect_code(0);
        hikkoshi.run(&["apply", "move", "--until", stage, "--yes"]).expect_code(0);
        hikkoshi.run(&["rollback", "move", "--all", "--yes"]).expect_code(0);
        let after = night.file(&format!("back-from-{stage}.json"));
        night.emulator.snapshot(&night.vpc, true, &after);
        assert_eq!(diff(&night.file("before-stable.json"), &after), Vec::<String>::new(), "back from {stage}");
    }
}
