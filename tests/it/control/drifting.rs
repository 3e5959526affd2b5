//! A stranger's change in the middle of a migration: found, told as a difference, adopted or refused.

use serde_json::{Value, json};

use super::{SIM, printed};
use crate::bad_input::{Desk, Refusal};
use crate::book::json::faults;

/// Changes a document of the simulated account behind the program's back.
fn change(desk: &Desk, named: &str, change: impl Fn(&mut Value)) {
    let mut account: Value = serde_json::from_str(&desk.read("account.json")).expect("the account is JSON");
    let resources = account["resources"].as_object_mut().expect("it has resources");
    let found = resources.iter_mut().find(|(id, resource)| *id == named || resource["name"] == named);
    let (_, resource) = found.unwrap_or_else(|| panic!("the account has no {named}"));
    change(&mut resource["doc"]);
    desk.write("account.json", account.to_string());
}

fn not_public(doc: &mut Value) {
    doc["PubliclyAccessible"] = json!(false);
}

const APPLY: &[&str] = &["apply", "story", "--yes", SIM];
const ADOPT: &[&str] = &["adopt", "story", "--reason", "security closed it", "--yes", SIM];

#[test]
fn between_two_runs_what_is_not_done_yet_is_compared_with_the_inventory() {
    let desk = Desk::begun("foundation");
    change(&desk, "pg-multi", not_public);
    let says: &[&str] = &[
        "the account is no longer as the inventory says: 1 difference\n  pg-multi (",
        "\n    publicly_accessible\n    - expected: true\n    + found:    nothing\n",
        "by whom is not known here",
        "next: hikkoshi apply story --cloud sim:account.json   # after the change was taken back by whoever made it\n",
        "hikkoshi adopt story --reason … --cloud sim:account.json   # or takes it into the plan",
        "hikkoshi rollback story --to CHECKPOINT",
    ];
    desk.refuses(APPLY, &Refusal { exit: 6, code: "HK0505", says });
    let told = desk.run(&[APPLY, &["--json"]].concat()).expect_code(6).json();
    assert_eq!(told["error"]["aftermath"]["drift"][0]["field"], "publicly_accessible", "{told:#}");
    change(&desk, "pg-multi", |doc| doc["PubliclyAccessible"] = json!(true));
    printed(&desk, APPLY);
}

#[test]
fn what_the_run_itself_has_done_is_no_strangers_change() {
    let desk = Desk::new();
    for until in ["foundation", "access", "guard", "stateless", "pets", "data", "tighten"] {
        printed(&desk, &["apply", "story", "--until", until, "--yes", SIM]);
    }
    desk.run(&["rollback", "story", "--to", "pets", "--yes", "--fault", "9=fail", SIM]).expect_code(4);
    printed(&desk, APPLY);
}

#[test]
fn what_an_earlier_step_made_and_a_later_one_relies_on_is_looked_at_again() {
    let desk = Desk::begun("pets");
    let cut = |doc: &mut Value| doc["Routes"].as_array_mut().expect("routes").retain(|route| route["DestinationCidrBlock"] != "0.0.0.0/0");
    change(&desk, "story-private-a", cut);
    let stopped = desk.run(APPLY).expect_code(6).stderr;
    let says = [
        "error[HK0505]: step flip-10-0-",
        "before the call, what step route-private-a-default did is changed: \"the route leads there\" does not hold",
        "  changed by somebody else: rtb-",
        "    RouteTables[].Routes[DestinationCidrBlock=0.0.0.0/0].NatGatewayId\n    - expected: \"nat-",
        "    + found:    nothing\n",
        "what somebody else has changed is not in this",
    ];
    says.iter().for_each(|says| assert!(stopped.contains(says), "it doesn't say \"{says}\":\n{stopped}"));
    let json = desk.run(&["status", "story", "--json"]).json();
    let drift = &json["aftermath"]["drift"][0];
    assert_eq!((&drift["step"], &drift["found"]), (&json!("route-private-a-default"), &json!("nothing")), "{json:#}");
    let says: &[&str] =
        &["what stopped the run was made by this run, or changed by it in that very field", "hikkoshi rollback story --to CHECKPOINT"];
    desk.refuses(ADOPT, &Refusal { exit: 6, code: "HK0521", says });
}

#[test]
fn a_change_that_asks_for_other_steps_is_planned_into_the_rest() {
    let desk = Desk::begun("foundation");
    change(&desk, "pg-multi", not_public);
    let adopted = printed(&desk, ADOPT);
    let says = [
        "adopted:\n  pg-multi (",
        "publicly_accessible\n",
        "What is done stays; the rest is planned anew and holds:\n",
        "gone: pg-multi-not-public",
        "next: hikkoshi apply story --cloud sim:account.json\n",
    ];
    says.iter().for_each(|says| assert!(adopted.contains(says), "it doesn't say \"{says}\":\n{adopted}"));
    let log = printed(&desk, &["log", "story"]);
    assert!(log.contains("security closed it (adopted: publicly_accessible of pg-multi"), "{log}");
    let went_on = printed(&desk, APPLY);
    assert!(went_on.contains("✓ pg-single-not-public") && !went_on.contains("pg-multi-not-public"), "{went_on}");
    printed(&desk, &["verify", "story", SIM]);
    printed(&desk, &["rollback", "story", "--all", "--yes", SIM]);
}

/// The guard has put groups on it; whether it is public the run has left alone so far.
#[test]
fn of_what_the_run_has_changed_another_field_can_be_adopted() {
    let desk = Desk::begun("guard");
    change(&desk, "pg-multi", not_public);
    desk.run(APPLY).expect_code(6);
    let said = printed(&desk, ADOPT);
    assert!(said.contains("  pg-multi (db:pg-multi)\n    publicly_accessible\n    - expected: true\n    + found:    nothing\n"), "{said}");
    assert!(said.contains("  gone: pg-multi-not-public"), "{said}");
    printed(&desk, APPLY);
    printed(&desk, &["verify", "story", SIM]);
}

/// One more entry of the network ACL, which lets through what is let through already.
fn entry(doc: &mut Value) {
    let entries = doc["Entries"].as_array_mut().expect("entries");
    let mut entry = entries[0].clone();
    entry["RuleNumber"] = json!(90);
    entry["RuleAction"] = json!("allow");
    entries.push(entry);
}

fn acl(desk: &Desk) -> String {
    let account: Value = serde_json::from_str(&desk.read("account.json")).expect("the account is JSON");
    let acls = account["resources"].as_object().expect("resources").iter().find(|(_, resource)| resource["kind"] == "network_acl");
    acls.expect("the account has an ACL").0.clone()
}

#[test]
fn a_change_that_no_step_relies_on_leaves_the_steps_as_they_are_also_edited_ones() {
    let desk = Desk::begun("foundation");
    let acl = acl(&desk);
    change(&desk, &acl, entry);
    desk.run(APPLY).expect_code(6);
    let nothing: &[&str] = &["there is nothing to adopt of pg-multi"];
    desk.refuses(&["adopt", "story", "pg-multi", "--yes", SIM], &Refusal { exit: 6, code: "HK0521", says: nothing });
    let adopted = printed(&desk, &["adopt", "story", &acl, "--yes", SIM]);
    assert!(adopted.contains("The steps stay as they are; the rest holds with it."), "{adopted}");
    printed(&desk, APPLY);
    let edited = Desk::begun("foundation");
    edited.edit("plans/story/plan.yaml", "timeout_s: 1800", "timeout_s: 1801");
    printed(&edited, &["apply", "story", "--until", "access", "--reason", "slower", "--yes", SIM]);
    change(&edited, &acl, entry);
    let adopted = edited.run(&[ADOPT, &["--json"]].concat()).expect_code(0).json();
    assert_eq!((faults("adopt", &adopted), &adopted["changed"]), (Vec::new(), &json!([])), "{adopted}");
    assert!(edited.read("plans/story/plan.yaml").contains("timeout_s: 1801"), "the edit is kept");
    change(&edited, "pg-multi", not_public);
    let says: &[&str] = &["the plan was edited by hand, and the change asks for other steps"];
    edited.refuses(ADOPT, &Refusal { exit: 6, code: "HK0521", says });
}

/// Deletes what has that name from the simulated account, with what belongs to it or alone.
fn delete(desk: &Desk, name: &str, alone: bool) {
    let mut account: Value = serde_json::from_str(&desk.read("account.json")).expect("the account is JSON");
    let resources = account["resources"].as_object_mut().expect("resources");
    let ids: Vec<String> = resources.iter().filter(|(_, one)| one["name"] == name).map(|(id, _)| id.clone()).collect();
    let belongs = |id: &String, one: &Value| ids.contains(id) || !alone && ids.iter().any(|id| one["facets"]["owner"] == id.as_str());
    resources.retain(|id, one| !belongs(id, one));
    desk.write("account.json", account.to_string());
}

#[test]
fn a_change_with_which_the_rest_does_not_hold_or_what_is_done_would_be_another_is_not_adopted() {
    let ways: [&str; 2] = [
        "next: hikkoshi apply story --cloud sim:account.json   # after the change was taken back",
        "hikkoshi rollback story --to CHECKPOINT",
    ];
    for (gone, alone, why) in [
        // Its interface stays, with a public address in a subnet that turns private.
        ("bastion", true, "with the change the rest of the plan does not hold: it can't be adopted\n"),
        ("app-2", false, "with the change, step app-2-session was begun and is not in it any more\n"),
    ] {
        let desk = Desk::begun("access");
        delete(&desk, gone, alone);
        desk.refuses(ADOPT, &Refusal { exit: 6, code: "HK0521", says: &[why, ways[0], ways[1]] });
    }
    let fresh = Desk::new();
    fresh.refuses(ADOPT, &Refusal { exit: 6, code: "HK0521", says: &["no run has begun", "next: hikkoshi discover story"] });
}
