//! `plan.yaml` edited by hand, and what it was made from changed behind it.

use super::{Desk, INTENT, INVENTORY, PLAN, Refusal, SIM};

/// The plan's text with an edit inside one step.
fn edited(plan: &str, step: &str, from: &str, to: &str) -> String {
    let start = plan.find(&format!("\n- id: {step}\n  stage")).expect("the plan has the step") + 1;
    let end = plan[start..].find("\n- id: ").map_or(plan.len(), |at| start + at);
    assert!(plan[start..end].contains(from), "step {step} has no \"{from}\"");
    format!("{}{}{}", &plan[..start], plan[start..end].replacen(from, to, 1), &plan[end..])
}

/// Line and column of the first place of `words` in a text, as `:line:column:`.
fn place(text: &str, words: &str) -> String {
    let at = text.find(words).expect("the words are there");
    let line = text[..at].matches('\n').count() + 1;
    format!("plan.yaml:{line}:{}:", at - text[..at].rfind('\n').map_or(0, |end| end + 1) + 1)
}

#[test]
fn an_edited_plan_is_refused_where_it_was_edited() {
    let desk = Desk::new();
    let sound = desk.read(PLAN);
    let refer = "${subnet-private-a.SubnetId}";
    let cases: &[(String, &str, &str, &[&str])] = &[
        (
            edited(&sound, "subnet-private-a", "  stage:", "  stagee:"),
            "  stagee:",
            "HK0107",
            &["there is no key `stagee` here", "did you mean `stage`?"],
        ),
        (
            edited(&sound, "associate-private-a", refer, "${subnet-private-x.SubnetId}"),
            "${subnet-private-x.SubnetId}",
            "HK0105",
            &["step associate-private-a: `${subnet-private-x.SubnetId}` refers to nothing", "did you mean `${subnet-private-a.SubnetId}`?"],
        ),
        (
            edited(&sound, "associate-private-a", refer, "${subnet-private-a.SubnetID}"),
            "${subnet-private-a.SubnetID}",
            "HK0105",
            &["`${subnet-private-a.SubnetID}` refers to nothing", "did you mean `${subnet-private-a.SubnetId}`?"],
        ),
        (
            edited(&sound, "associate-private-a", "- step: subnet-private-a", "- step: subnet-privat-a"),
            "step: subnet-privat-a",
            "HK0105",
            &["it needs `subnet-privat-a`, which is no step of the plan", "did you mean `subnet-private-a`?"],
        ),
        (
            edited(
                &sound,
                "subnet-private-a",
                "  impact:",
                "  needs:\n  - step: associate-private-a\n    because: somebody wrote so\n  impact:",
            ),
            "step: associate-private-a\n    because: somebody",
            "HK0104",
            &["its needs go round in a circle", "because somebody wrote so"],
        ),
        (sound.replacen("version: 1", "version: 2", 1), "version: 2", "HK0107", &["of format 2, which hikkoshi"]),
        (sound.replacen("blockers: []", "<<<<<<< HEAD\nblockers: []", 1), "<<<<<<<", "HK0107", &["merge conflict"]),
    ];
    for (text, broken, code, says) in cases {
        desk.write(PLAN, text);
        let at = place(text, broken.trim_start());
        let says: Vec<&str> = says.iter().copied().chain([at.as_str(), "hikkoshi plan story"]).collect();
        for command in [["apply", "story", "--yes", SIM], ["rollback", "story", "--all", SIM]] {
            desk.refuses(&command, &Refusal { exit: 2, code, says: &says });
        }
        desk.refuses(&["status", "story"], &Refusal { exit: 2, code, says: &says });
    }
}

#[test]
fn a_plan_that_breaks_off_is_refused() {
    let desk = Desk::new();
    let sound = desk.read(PLAN);
    desk.write(PLAN, &sound[..sound.len() / 2]);
    desk.refuses(&["apply", "story", "--yes", SIM], &Refusal { exit: 2, code: "HK0107", says: &["plans/story/plan.yaml:"] });
    std::fs::remove_file(desk.path(PLAN)).expect("it is there");
    desk.refuses(
        &["apply", "story", "--yes", SIM],
        &Refusal { exit: 2, code: "HK0108", says: &["there is no plans/story/plan.yaml", "next: hikkoshi plan story"] },
    );
}

#[test]
fn a_plan_of_another_intent_or_inventory_is_not_begun() {
    let desk = Desk::new();
    for (file, what) in [(INTENT, "intent"), (INVENTORY, "inventory")] {
        let sound = desk.read(file);
        desk.write(file, format!("{sound}\n"));
        let says: &[&str] = &[&format!("the {what} has changed since the plan was made"), file, "next: hikkoshi plan story"];
        for command in [&["apply", "story", "--yes", SIM][..], &["dry-run", "story", SIM], &["status", "story"]] {
            desk.refuses(command, &Refusal { exit: 2, code: "HK0106", says });
        }
        desk.write(file, sound);
    }
    desk.run(&["apply", "story", "--yes", "--until", "foundation", SIM]).expect_code(0);
}

/// At three in the morning nobody is kept from going on or back by a comment that a colleague added to the intent.
#[test]
fn a_run_that_has_begun_goes_on_and_back_whatever_it_was_made_from() {
    let desk = Desk::begun("foundation");
    desk.edit(INTENT, "nat: zonal", "nat: single");
    desk.write(INVENTORY, "{}");
    desk.run(&["status", "story"]).expect_code(0);
    desk.run(&["verify", "story", SIM]).expect_code(0);
    desk.run(&["apply", "story", "--until", "guard", "--yes", SIM]).expect_code(0);
    let says: &[&str] = &["a run has begun", "next: put the file back"];
    desk.refuses(&["dry-run", "story", SIM], &Refusal { exit: 2, code: "HK0106", says });
    desk.run(&["rollback", "story", "--all", "--yes", SIM]).expect_code(0);
    // All of it is undone: from here a plan is made from what is wanted now.
    desk.refuses(&["apply", "story", "--yes", SIM], &Refusal { exit: 2, code: "HK0106", says: &["the intent has changed"] });
}

#[test]
fn planning_over_a_run_that_has_begun_is_refused() {
    let desk = Desk::begun("foundation");
    desk.edit(INTENT, "nat: zonal", "nat: single");
    let says: &[&str] = &["a run of plans/story/plan.yaml has begun", "hikkoshi apply story ", "hikkoshi rollback story --all"];
    desk.refuses(&["plan", "story", SIM], &Refusal { exit: 2, code: "HK0202", says });
}

#[test]
fn a_damaged_inventory_is_refused_where_it_is_damaged() {
    let desk = Desk::new();
    desk.write(INVENTORY, "{\n  \"version\": 1,\n  \"account\"\n");
    let says: &[&str] = &["plans/story/inventory.json:4:0: not an inventory", "next: hikkoshi discover story"];
    desk.refuses(&["plan", "story", SIM], &Refusal { exit: 2, code: "HK0107", says });
    let text = desk.read("account.json").replacen("\"version\": 1", "\"version\": 7", 1);
    desk.write(INVENTORY, text);
    desk.refuses(&["plan", "story", SIM], &Refusal { exit: 2, code: "HK0107", says: &["of format 7"] });
    std::fs::remove_file(desk.path(INVENTORY)).expect("it is there");
    desk.refuses(
        &["audit", "story"],
        &Refusal { exit: 2, code: "HK0108", says: &["there is no plans/story/inventory.json", "next: hikkoshi discover story"] },
    );
}

#[test]
fn a_plan_that_was_edited_is_proved_before_it_runs() {
    let desk = Desk::new();
    let sound = desk.read(PLAN);
    let order = "  - step: app-subnets\n    because: without it the internet → app tcp 80 is cut by flip-10-0-1-0-24\n";
    desk.write(PLAN, edited(&sound, "flip-10-0-1-0-24", order, ""));
    let says = &["the plan does not hold", "the internet → app tcp 80", "✗ flip-10-0-1-0-24", "by NAT gateway"];
    desk.refuses(&["apply", "story", "--yes", SIM], &Refusal { exit: 3, code: "HK0406", says });
    // An edit that breaks nothing runs, because it is proved.
    desk.write(PLAN, edited(&sound, "subnet-private-a", "  estimate_s: ", "  estimate_s: 1"));
    desk.run(&["apply", "story", "--yes", "--until", "foundation", SIM]).expect_code(0);
}
