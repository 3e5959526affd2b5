//! `status` tells from an index what it would tell from plan and journal: always the same, or it reads them.

use std::path::Path;

use super::SIM;
use crate::bad_input::{Desk, JOURNAL};
use crate::support::command::Finished;

const INDEX: &str = "plans/story/.cache/index";
const PLAN: &str = "plans/story/plan.yaml";
const QUICK: &str = "told from the index";

/// What status says and how it ends; and whether it was told from the index.
fn status(desk: &Desk) -> ((Option<i32>, String, String), bool) {
    let Finished { code, stdout, stderr, .. } = desk.run(&["status", "story", "-vv"]);
    let quick = stderr.contains(QUICK);
    let said: String = stderr.lines().filter(|line| !line.contains(" hikkoshi::")).map(|line| format!("{line}\n")).collect();
    ((code, stdout, said), quick)
}

/// What status says when it has to read everything.
fn read_all(desk: &Desk) -> (Option<i32>, String, String) {
    let _ = std::fs::remove_file(desk.path(INDEX));
    let (said, quick) = status(desk);
    assert!(!quick, "without an index nothing is told from it");
    said
}

/// Writes a file and sets its time of change back to what it was.
fn forge(path: &Path, bytes: &[u8]) {
    let then = std::fs::metadata(path).and_then(|seen| seen.modified()).expect("the file is there");
    std::fs::write(path, bytes).expect("the scratch directory is writable");
    let file = std::fs::File::options().write(true).open(path).expect("the file is there");
    file.set_modified(then).expect("times can be set");
}

/// A run that failed in the middle: there is something to tell.
fn failed() -> Desk {
    let desk = Desk::begun("guard");
    desk.run(&["apply", "story", "--yes", "--fault", "19=fail", SIM]).expect_code(4);
    desk
}

#[test]
fn what_is_kept_of_this_machine_is_not_for_git() {
    let desk = failed();
    assert!(status(&desk).1, "the run has kept it");
    assert_eq!(desk.read("plans/story/.cache/.gitignore"), "*\n");
}

#[test]
fn what_is_told_from_the_index_is_what_is_told_from_plan_and_journal() {
    let desk = failed();
    let (first, quick) = status(&desk);
    assert!(quick, "the run has kept it: {first:?}");
    assert!(first.1.contains("7 more flows do not: nothing of app-1"), "{first:?}");
    assert_eq!(first, read_all(&desk));
    let (again, quick) = status(&desk);
    assert!(quick && again == first, "status keeps it as well: {again:?}");
    desk.run(&["pause", "story"]).expect_code(0);
    let (paused, quick) = status(&desk);
    assert!(quick && paused.1.contains("paused: somebody@"), "what was asked since is told: {paused:?}");
    assert_eq!(paused, read_all(&desk));
}

#[test]
fn whatever_becomes_of_the_files_status_says_what_it_would_without_an_index() {
    let desk = failed();
    let (journal, plan) = (desk.read(JOURNAL).into_bytes(), desk.read(PLAN).into_bytes());
    status(&desk);
    let index = desk.read(INDEX);
    let check = |what: &str, told: bool| {
        let (said, quick) = status(&desk);
        assert!(!quick || told, "{what}: it was told from the index");
        assert_eq!(said, read_all(&desk), "{what}");
        desk.write(JOURNAL, &journal);
        desk.write(PLAN, &plan);
        desk.write(INDEX, &index);
    };
    // Numbers without any order, the same each time.
    let mut dice = 7_u64;
    let mut below = |most: usize| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(dice >> 33).unwrap_or(0) % most
    };
    for _ in 0..8 {
        let cut = below(journal.len());
        forge(&desk.path(JOURNAL), &journal[..cut]);
        check(&format!("the journal's first {cut} bytes"), false);
    }
    for _ in 0..8 {
        let (at, mut bytes) = (below(journal.len()), journal.clone());
        bytes[at] ^= 1;
        forge(&desk.path(JOURNAL), &bytes);
        check(&format!("byte {at} of the journal is another"), false);
    }
    let whole: Vec<usize> = journal.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1).collect();
    for _ in 0..4 {
        let records = whole[below(whole.len())];
        forge(&desk.path(JOURNAL), &journal[..records]);
        check(&format!("the journal's first {records} bytes, whole records"), records == journal.len());
    }
    let title = String::from_utf8_lossy(&plan).replacen("title: Create", "title: creaTe", 1);
    forge(&desk.path(PLAN), title.as_bytes());
    check("the plan is as long as it was, and another", false);
    desk.write(JOURNAL, &journal);
    check("the journal is written anew, as it was", true);
    for (what, altered) in [
        ("the index is cut", index[..index.len() / 2].to_owned()),
        ("the index says something else", index.replacen("29 of 39", "39 of 39", 1).replacen("nothing of app-1", "nothing of app-9", 1)),
        ("the index is of another version", index.replacen(env!("CARGO_PKG_VERSION"), "0.0.0", 1)),
        ("the index is of another program", "{}".to_owned()),
    ] {
        assert_ne!(altered, index, "{what}");
        desk.write(INDEX, altered);
        check(what, false);
    }
}

#[test]
fn an_index_of_an_earlier_moment_is_not_believed() {
    let desk = Desk::begun("foundation");
    status(&desk);
    let index = desk.read(INDEX);
    desk.run(&["apply", "story", "--until", "access", "--yes", SIM]).expect_code(0);
    desk.write(INDEX, index);
    let (said, quick) = status(&desk);
    assert!(!quick && said.1.contains("access      3/3    checkpoint reached"), "{said:?}");
}
