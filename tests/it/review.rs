//! The meeting's page: its data against what the plan says and does. How it looks and answers is tested in a browser
//! (`tests/browser/`).

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use hikkoshi::discover::complete;
use hikkoshi::model::facet::Role;
use hikkoshi::model::inventory::Inventory;
use hikkoshi::model::strategy::Blocker;
use hikkoshi::plan::moment::{Moment, When};
use hikkoshi::plan::{Plan, format, intent, prove};
use hikkoshi::report::review::{Subject, View, page, view};
use serde_json::Value;

use crate::bad_input::Desk;
use crate::support::source::root;

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).expect("the story's files are there")
}

fn story() -> (Plan, Inventory) {
    let mut inventory = serde_json::from_str(&read("plans/story/inventory.json")).expect("an inventory");
    complete(&mut inventory);
    (format::read(&read("plans/story/plan.yaml")).expect("a plan"), inventory)
}

fn shown(plan: &Plan, inventory: &Inventory, against: Option<&Plan>) -> View {
    let intent = intent::parse(&read("migrations/story.yaml")).expect("an intent");
    let flows = prove::flows(&intent, inventory, None).expect("flows");
    view(Subject {
        plan,
        sha256: "0123456789abcdef",
        inventory,
        flows: Ok(&flows),
        progress: None,
        lacking: Vec::new(),
        against: against.map(|old| (old, "old.yaml".to_owned())),
    })
}

fn json(view: &View) -> Value {
    serde_json::to_value(view).expect("a view is JSON")
}

/// What a thing is like after so many steps.
fn stand(node: &Value, when: usize) -> Value {
    let hist = node["hist"].as_array().expect("a history");
    hist.iter().rev().find(|entry| entry[0].as_u64().is_some_and(|at| at <= when as u64)).map_or(Value::Null, |entry| entry[1].clone())
}

/// The map's history is made of differences; each checkpoint is played again as a whole, and must be the same.
#[test]
fn the_map_is_at_each_checkpoint_what_the_account_is() {
    let (plan, inventory) = story();
    let view = json(&shown(&plan, &inventory, None));
    let nodes = view["map"]["nodes"].as_array().expect("nodes");
    assert!(view["map"]["stuck"].is_null(), "{}", view["map"]["stuck"]);
    for stage in &plan.stages {
        let when = plan.steps.iter().rposition(|step| step.stage <= *stage).expect("a step") + 1;
        let account = Moment::of(&plan, &inventory, When::After(*stage)).expect("the plan can be played").account;
        let mut compared = 0;
        for node in nodes {
            let (id, stand) = (node["id"].as_str().expect("an id"), stand(node, when));
            let there = account.resources.get(&id.into()).filter(|one| one.facets != Default::default());
            assert_eq!(!stand.is_null(), there.is_some(), "{id} after {}", stage.name());
            let Some(resource) = there else { continue };
            let names = |key: &str| -> Vec<String> {
                let places = stand[key].as_array().into_iter().flatten().filter_map(Value::as_u64);
                places.map(|at| nodes[at as usize]["id"].as_str().unwrap_or_default().to_owned()).collect()
            };
            let ids = |list: &[hikkoshi::model::id::Id]| -> Vec<String> { list.iter().map(ToString::to_string).collect() };
            if resource.role == Role::Subnet {
                assert_eq!(stand["w"].as_str().map(str::to_owned), account.default_route(id), "{id} after {}", stage.name());
            } else {
                assert_eq!(names("s"), ids(resource.subnets()), "{id} after {}", stage.name());
            }
            assert_eq!(names("g"), ids(resource.groups()), "{id} after {}", stage.name());
            assert_eq!(stand["st"].as_str().unwrap_or_default(), resource.facets.state, "{id} after {}", stage.name());
            compared += 1;
        }
        let all = account.resources.values().filter(|one| one.role == Role::Workload || one.role == Role::Subnet).count();
        assert!(compared >= all - 3, "{compared} of {all} were compared");
    }
}

#[test]
fn doors_that_stood_open_are_closed_and_what_is_meant_stays() {
    let (plan, inventory) = story();
    let view = json(&shown(&plan, &inventory, None));
    let doors = |key: &str, meant: bool| -> Vec<String> {
        let all = view["flows"][key].as_array().into_iter().flatten().filter(|door| door["meant"] == meant);
        all.map(|door| format!("{} {}", door["name"].as_str().unwrap_or_default(), door["ports"].as_str().unwrap_or_default())).collect()
    };
    assert!(doors("open_before", false).contains(&"pg-multi tcp 5432".to_owned()), "{:?}", doors("open_before", false));
    assert!(doors("open_before", false).contains(&"bastion all traffic".to_owned()));
    assert!(!doors("open_before", false).iter().any(|door| door.starts_with("orders")), "a function accepts no connections");
    assert_eq!(doors("open_after", false), Vec::<String>::new());
    assert_eq!([doors("open_before", true), doors("open_after", true)], [["app tcp 80"], ["app tcp 80"]]);
}

#[test]
fn each_flow_has_its_evidence_and_the_proofs_verdict() {
    let (plan, inventory) = story();
    let view = json(&shown(&plan, &inventory, None));
    let list = view["flows"]["list"].as_array().expect("flows");
    assert_eq!(list.len(), plan.certificate.flows);
    assert!(list.iter().all(|flow| flow[4] == "holds" && flow[3].as_array().is_some_and(|evidence| !evidence.is_empty())));
    let mut blocked = plan.clone();
    blocked.blockers.push(Blocker { code: "HK0404".into(), resource: "db:pg-multi".into(), why: "no".into(), way_out: "yes".into() });
    let view = json(&shown(&blocked, &inventory, None));
    assert!(view["flows"]["list"].as_array().expect("flows").iter().all(|flow| flow[4] == "unproved"), "nothing is proved of such a plan");
    assert_eq!(view["head"]["proof"]["state"], "blocked");
    assert_eq!((&view["head"]["applicable"], &view["head"]["blockers"][0]["of"][0]), (&false.into(), &"pg-multi".into()));
}

/// What was proved of other steps is not said of these.
#[test]
fn an_edited_plan_is_not_called_proved() {
    let (mut plan, inventory) = story();
    plan.steps[0].estimate_s += 1;
    let view = json(&shown(&plan, &inventory, None));
    assert_eq!(view["head"]["proof"]["state"], "edited");
    assert!(view["flows"]["list"].as_array().expect("flows").iter().all(|flow| flow[4] == "unproved"));
}

/// A plan that can't be played shows as much as can be, and says where it ends.
#[test]
fn a_plan_that_can_not_be_played_is_shown_up_to_there() {
    let (mut plan, inventory) = story();
    plan.steps.retain(|step| step.id != "subnet-public-a");
    let view = json(&shown(&plan, &inventory, None));
    assert_eq!(view["map"]["stuck"][0], "associate-public-a", "{}", view["map"]["stuck"]);
    assert!(view["flows"]["open_after"].is_null(), "nobody can tell what is open at the end");
}

#[test]
fn steps_come_in_short_and_in_full() {
    let (plan, inventory) = story();
    let view = json(&shown(&plan, &inventory, None));
    let (list, details) = (view["steps"]["list"].as_array().expect("steps"), view["details"].as_array().expect("details"));
    assert_eq!((list.len(), details.len()), (plan.steps.len(), plan.steps.len()));
    for (at, step) in plan.steps.iter().enumerate() {
        assert_eq!(list[at]["id"], step.id);
        assert_eq!(details[at]["call"]["params"], Value::Object(step.call.parameters.clone()));
        assert!(details[at]["call"]["aws"].as_str().is_some_and(|line| line.contains("aws ")), "{}", step.id);
        assert_eq!(list[at]["needs"].as_array().map_or(0, Vec::len), step.needs.len());
        assert_eq!(details[at]["verify"].as_array().map_or(0, Vec::len), step.verify.len());
    }
    let shares: BTreeMap<&str, u64> =
        list.iter().map(|step| (step["id"].as_str().expect("an id"), step["at"][1].as_u64().expect("an end"))).collect();
    let path = view["steps"]["path"].as_array().expect("a path");
    let last = path.last().and_then(Value::as_u64).map(|at| shares[list[at as usize]["id"].as_str().expect("an id")]);
    assert_eq!(last, view["head"]["pace"]["length_s"].as_u64(), "the path ends with the plan");
}

#[test]
fn a_plan_and_itself_do_not_differ_and_two_plans_do() {
    let (plan, inventory) = story();
    let same = json(&shown(&plan, &inventory, Some(&plan)));
    for key in ["moves", "rules", "steps", "texts"] {
        assert_eq!(same["compare"][key], Value::Array(Vec::new()), "{key}");
    }
    let mut old = plan.clone();
    old.moves.remove(0);
    old.steps[0].estimate_s += 1;
    old.warnings.push("gone since".into());
    old.groups[0].rules.clear();
    let compare = json(&shown(&plan, &inventory, Some(&old)))["compare"].clone();
    assert_eq!(compare["moves"][0]["change"], "new");
    assert_eq!((&compare["steps"][0]["change"], &compare["steps"][0]["lines"][0]), (&"changed".into(), &"  - estimate_s: 6".into()));
    assert_eq!((&compare["texts"][0]["change"], &compare["texts"][0]["text"]), (&"gone".into(), &"gone since".into()));
    assert_eq!(compare["rules"].as_array().map(Vec::len), Some(plan.groups[0].rules.len()));
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let (plan, inventory) = story();
    assert!(page(&shown(&plan, &inventory, None)) == page(&shown(&plan, &inventory, None)));
}

fn written(dir: &Path) -> bool {
    dir.join("plans/story/review.html").exists()
}

#[test]
fn the_command_writes_one_file_and_says_where() {
    let desk = Desk::new();
    let told = desk.run(&["review"]).expect_code(0);
    assert!(told.stdout.contains("wrote plans/story/review.html: "), "{}", told.stdout);
    assert!(told.stdout.contains("next: hikkoshi dry-run story"), "{}", told.stdout);
    let page = desk.read("plans/story/review.html");
    assert!(page.starts_with("<!doctype html>") && page.contains("default-src 'none'"));
    for other in ["http://", "https://"] {
        let outside = page.split("<script type=\"application/json\"").next().expect("a head");
        assert!(!outside.contains(other), "the page names {other}");
    }
}

#[test]
fn what_is_no_plan_is_not_compared_with() {
    let desk = Desk::new();
    desk.write("old.yaml", "version: 1\nmigration: story\nsurprise: 1\n");
    let told = desk.run(&["review", "--against", "old.yaml"]).expect_code(2);
    assert!(told.stderr.contains("old.yaml:"), "{}", told.stderr);
    assert!(told.stderr.contains("--against"), "{}", told.stderr);
    assert!(!written(desk.dir()), "nothing is written");
    let told = desk.run(&["review", "--against", "nowhere.yaml"]).expect_code(2);
    assert!(told.stderr.contains("nowhere.yaml"), "{}", told.stderr);
}
