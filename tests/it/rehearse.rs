//! `hikkoshi rehearse` as a person types it.

use serde_json::Value;

use crate::support::command::Hikkoshi;
use crate::support::source::root;

fn hikkoshi() -> Hikkoshi {
    Hikkoshi::offline(&root())
}

#[test]
fn the_story_is_rehearsed_and_a_night_can_be_seen_again() {
    let told = hikkoshi().run(&["rehearse", "story", "--runs", "6", "--json"]).expect_code(0).stdout;
    let told: Value = serde_json::from_str(&told).expect("--json prints JSON");
    let ended: u64 = told["ended"].as_object().expect("counts").values().filter_map(Value::as_u64).sum();
    assert_eq!((ended, &told["runs"], &told["wrong"]), (6, &6.into(), &Value::Array(Vec::new())));
    let seed = told["worst"]["seed"].as_u64().expect("a seed").to_string();
    let again = || hikkoshi().run(&["rehearse", "story", "--seed", &seed, "--runs", "1", "--verbose"]).expect_code(0).stdout;
    let night = again();
    assert!(night.contains("executor 1 begins") && night.contains(&format!("night {seed}")), "{night}");
    let seconds = told["worst"]["seconds"].as_u64().expect("seconds");
    let last = night.lines().last().expect("a verdict");
    assert!(last.contains(&hikkoshi::report::duration(seconds)), "{last}: it took {seconds} s");
    assert_eq!(night, again(), "the same number is the same night");
}

#[test]
fn no_night_is_refused() {
    hikkoshi().run(&["rehearse", "story", "--runs", "0"]).expect_code(2);
}
