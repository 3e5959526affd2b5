//! What people mistype on the command line.

use std::io::Read;

use super::{Desk, INTENT, PLAN, Refusal, SIM};

/// A command with a bad value, and what is said to it.
const MISTYPED: &[(&[&str], &str, &[&str])] = &[
    (
        &["apply", "--yes", "--until", "gaurd", SIM],
        "HK0111",
        &["the plan has no checkpoint `gaurd`", "with guard, if that is what you meant"],
    ),
    (&["apply", "--yes", "--until", "verify", SIM], "HK0111", &["no checkpoint `verify`", "foundation, access, guard, stateless"]),
    (&["rollback", "--yes", "--to", "gaurd", SIM], "HK0111", &["the plan has no checkpoint `gaurd`"]),
    (&["rollback", "--yes", SIM], "HK0111", &["--to CHECKPOINT or --all", "hikkoshi rollback story --all"]),
    (&["apply", SIM], "HK0509", &["This will run migration story in account 123456789012 (us-east-1): 84 steps", "--yes"]),
    (&["apply", "--yes", "--cleanup", SIM], "HK0507", &["not everything is replaced yet", "hikkoshi apply story"]),
    (&["apply", "--yes", "--cloud", "azure"], "HK0111", &["neither `aws` nor `sim:FILE`"]),
    (&["apply", "--yes", "--cloud", "sim:nothing.json"], "HK0111", &["--cloud: there is no file `nothing.json`"]),
    (&["apply", "--yes", "--cloud", "sim:"], "HK0111", &["--cloud: there is no file ``"]),
    (&["apply", "--yes", "--cloud", "sim:migrations/story.yaml"], "HK0109", &["migrations/story.yaml:1:1: not an inventory"]),
    (
        &["apply", "--yes", "--region", "eu-west-1", SIM],
        "HK0111",
        &["--region eu-west-1: the account simulated in account.json is in us-east-1"],
    ),
    (&["audit", "--inventory", "nothing.json"], "HK0111", &["--inventory: there is no file `nothing.json`"]),
    (&["audit", "--inventory", "migrations/story.yaml"], "HK0109", &["migrations/story.yaml:1:1: not an inventory"]),
    (&["init", "--name", "story", SIM], "HK0110", &["migrations/story.yaml is there already", "hikkoshi plan story"]),
    (&["init", "--name", "My Move", SIM], "HK0111", &["`My Move` can't name a migration", "1 to 40 of a-z", "--name my-move"]),
    (&["init", "--name", "../escape", SIM], "HK0111", &["`../escape` can't name a migration"]),
    (&["plan", "stroy", SIM], "HK0108", &["there is no migrations/stroy.yaml", "with story, if that is what you meant"]),
    (&["discover", "nobody", "--from", ".", SIM], "HK0108", &["there is no migrations/nobody.yaml", "migrations here: story"]),
    (&["plan", "--step", "app-1-stpo"], "HK0105", &["the plan has no step `app-1-stpo`", "hikkoshi plan story --step app-1-stop"]),
    (&["status", "--dir", "elsewhere"], "HK0108", &["there is no migration in elsewhere/migrations", "hikkoshi init"]),
];

#[test]
fn a_mistyped_command_is_refused_and_what_was_meant_is_offered() {
    let desk = Desk::new();
    for (command, code, says) in MISTYPED {
        desk.refuses(command, &Refusal { exit: 2, code, says });
    }
}

#[test]
fn values_that_the_options_exclude_are_refused_with_what_is_possible() {
    let desk = Desk::new();
    let before = desk.files();
    for (command, says) in [
        (&["audit", "--format", "xml"][..], "[possible values: text, json, sarif]"),
        (&["audit", "--fail-on", "huge"], "[possible values: critical, high"),
        (&["graph", "--format", "png"], "[possible values: dot, mermaid, svg, json]"),
        (&["apply", "--fault", "3=explode", SIM], "expected N=fail, N=lose"),
        (&["apply", "--until", "guard", "--cleanup", SIM], "cannot be used with"),
        (&["rollback", "--to", "guard", "--all", SIM], "cannot be used with"),
        (&["aplly"], "'apply'"),
        (&["apply", "--nope"], "unexpected argument '--nope'"),
        (&["init", SIM], "--name <NAME>"),
    ] {
        let finished = desk.run(command).expect_code(2);
        assert!(finished.stderr.contains(says), "{}: {}", finished.what, finished.stderr);
    }
    assert_eq!(desk.files(), before);
}

#[test]
fn without_a_name_there_must_be_one_migration() {
    let desk = Desk::new();
    std::fs::copy(desk.path(INTENT), desk.path("migrations/other.yaml")).expect("the scratch directory is writable");
    for command in [&["plan", SIM][..], &["apply", "--yes", SIM], &["status"], &["rollback", "--all", "--yes", SIM]] {
        let says: &[&str] = &["there are 2 migrations in migrations: say which", "migrations here: other, story"];
        desk.refuses(command, &Refusal { exit: 2, code: "HK0108", says });
    }
    std::fs::remove_file(desk.path(INTENT)).expect("it is there");
    std::fs::remove_file(desk.path("migrations/other.yaml")).expect("it is there");
    for command in [&["plan", SIM][..], &["apply", "--yes", SIM], &["status"]] {
        let says: &[&str] = &["there is no migration in migrations", "next: hikkoshi init --name NAME --vpc VPC"];
        desk.refuses(command, &Refusal { exit: 2, code: "HK0108", says });
    }
}

#[test]
fn a_rollback_names_the_checkpoints_that_it_can_go_back_to() {
    let desk = Desk::begun("guard");
    let says: &[&str] =
        &["hikkoshi rollback story --to guard --cloud sim:account.json\n", "--to foundation --cloud sim:account.json\n", "--all"];
    desk.refuses(&["rollback", SIM], &Refusal { exit: 2, code: "HK0111", says });
    let says: &[&str] = &["This will undo 47 steps"];
    desk.refuses(&["rollback", "--all", SIM], &Refusal { exit: 2, code: "HK0509", says });
}

#[test]
fn a_point_of_no_return_is_not_passed_backwards() {
    let desk = Desk::begun("tighten");
    // The story's clean-up gets as far as its terminations at least.
    let _ = desk.run(&["apply", "story", "--cleanup", "--yes", SIM]);
    let says: &[&str] = &["is done and can't be undone", "app-1-terminate: "];
    desk.refuses(&["rollback", "story", "--all", "--yes", SIM], &Refusal { exit: 2, code: "HK0507", says });
}

#[test]
fn pages_are_found_by_code_number_or_name_and_others_offered() {
    let desk = Desk::new();
    for name in ["HK0505", "hk0505", "505"] {
        assert!(desk.run(&["explain", name]).expect_code(0).stdout.starts_with("# HK0505 — "), "{name}");
    }
    for (name, says) in [("HK9999", "hikkoshi explain   # lists the pages"), ("breakglass", "next: hikkoshi explain break-glass")] {
        let finished = desk.run(&["explain", name]).expect_code(2);
        assert!(finished.stderr.starts_with(&format!("error[HK0111]: there is no page `{name}`")), "{}", finished.stderr);
        assert!(finished.stderr.contains(says), "{}", finished.stderr);
    }
}

#[test]
fn a_failure_is_json_for_programs() {
    let desk = Desk::new();
    std::fs::remove_file(desk.path(PLAN)).expect("it is there");
    let finished = desk.run(&["apply", "story", "--yes", "--json", SIM]).expect_code(2);
    let error = &finished.json()["error"];
    assert_eq!((error["code"].as_str(), error["exit"].as_u64()), (Some("HK0108"), Some(2)));
    assert_eq!(error["next"][0], "hikkoshi plan story");
    assert_eq!(finished.stderr, "");
}

#[test]
fn the_lists_of_pages_and_codes_agree() {
    let listed = Desk::new().run(&["explain"]).expect_code(0).stdout;
    let mut page = String::new();
    let folder = crate::support::source::root().join("runbooks");
    for entry in std::fs::read_dir(folder).expect("the runbooks can be read").flatten() {
        let name = entry.file_name().to_string_lossy().trim_end_matches(".md").to_owned();
        std::fs::File::open(entry.path()).and_then(|mut file| file.read_to_string(&mut page)).expect("a page is text");
        assert!(listed.contains(&name), "`hikkoshi explain` does not list {name}");
    }
}
