//! A journal that was torn, altered, swapped, or is somebody else's just now.

use std::sync::Arc;

use hikkoshi::clock::RealClock;
use hikkoshi::journal::local::LocalStore;
use hikkoshi::journal::store::{Store, Taken};
use hikkoshi::journal::{Body, Error};

use super::{Desk, INTENT, JOURNAL, PLAN, Refusal, SIM};

const READERS: &[&[&str]] = &[
    &["apply", "story", "--until", "guard", "--yes", SIM],
    &["rollback", "story", "--all", "--yes", SIM],
    &["status", "story"],
    &["verify", "story", SIM],
];

#[test]
fn a_record_that_a_crash_tore_is_dropped_and_the_run_goes_on() {
    let desk = Desk::begun("foundation");
    let sound = std::fs::read(desk.path(JOURNAL)).expect("there is a journal");
    let torn: &[&[u8]] = &[br#"{"seq":99,"at"#, b"{", "{\"seq\":99,\"at\":\"é".as_bytes(), b"{\"seq\":99,\"at\":\"\xc3", &[0; 300]];
    for tail in torn {
        desk.write(JOURNAL, [&sound, *tail].concat());
        desk.run(&["status", "story"]).expect_code(0);
    }
    desk.run(&["apply", "story", "--until", "guard", "--yes", SIM]).expect_code(0);
    assert!(desk.read(JOURNAL).starts_with(std::str::from_utf8(&sound).expect("a journal is text")), "what was sound is still there");
    desk.run(&["verify", "story", SIM]).expect_code(0);
}

#[test]
fn a_journal_that_was_altered_stops_everything_and_the_line_is_named() {
    let desk = Desk::begun("foundation");
    let sound = desk.read(JOURNAL);
    let lines: Vec<&str> = sound.split_inclusive('\n').collect();
    let altered = lines[6].replacen("2026-", "2027-", 1);
    let with = |at: usize, line: &str| lines.iter().enumerate().map(|(i, l)| if i == at { line } else { l }).collect::<String>();
    for (text, line, says) in [
        (with(6, &altered), 7, "record 7 was altered"),
        (with(2, ""), 3, "record 4 was altered, or what stood before it was"),
        (with(2, "garbage\n"), 3, "this is no record"),
        (with(4, "\n"), 5, "this is no record"),
        (format!("{}{sound}", lines[0]), 2, "record 1 was altered"),
    ] {
        desk.write(JOURNAL, text);
        let at = format!("plans/story/journal.jsonl:{line}: the journal is damaged: {says}");
        let last = format!("sound before it, and true: record {} of 2026-11-24T", line - 1);
        for command in READERS.iter().chain([&["plan", "story", SIM][..]].iter()) {
            // Planning the same again replaces nothing, but it must not go on beside a journal that nobody can read.
            desk.refuses(command, &Refusal { exit: 2, code: "HK0201", says: &[&at, &last, "next: cp -p plans/story/journal.jsonl"] });
        }
    }
    desk.write(JOURNAL, [sound.as_bytes(), b"\xff\xff\n"].concat());
    let at = format!("journal.jsonl:{}: the journal is damaged: this is no text", lines.len() + 1);
    desk.refuses(READERS[0], &Refusal { exit: 2, code: "HK0201", says: &[&at] });
    desk.write(JOURNAL, sound);
    desk.run(READERS[0]).expect_code(0);
}

#[test]
fn the_journal_of_another_plan_is_refused() {
    let desk = Desk::begun("foundation");
    let plan = desk.read(PLAN);
    desk.edit(PLAN, "timeout_s: 120", "timeout_s: 121");
    for command in &READERS[1..] {
        let says: &[&str] = &[
            "plans/story/journal.jsonl is the journal of another plan",
            "next: put the plan back that was begun",
            "hikkoshi apply story --reason …",
            "   # or goes on with the edited plan",
        ];
        desk.refuses(command, &Refusal { exit: 2, code: "HK0202", says });
    }
    desk.refuses(READERS[0], &Refusal { exit: 2, code: "HK0515", says: &["was edited since the run began, and nobody says why"] });
    desk.write(PLAN, "");
    desk.refuses(READERS[0], &Refusal { exit: 2, code: "HK0107", says: &["next: a run has begun: put back the plan"] });
    desk.write(PLAN, plan);
    desk.run(READERS[0]).expect_code(0);
}

#[test]
fn a_second_executor_is_told_who_runs_and_since_when() {
    let desk = Desk::begun("foundation");
    let who = "arn:aws:iam::123456789012:user/mika, mika@night-box, process 4711";
    let held = hold(&desk, who);
    let (since, until) = (format!("since {}", held.lease.since), format!("has lease {}, until {}", held.lease.number, held.lease.until));
    let unlock = format!("hikkoshi unlock story --number {} ", held.lease.number);
    for command in [READERS[0], READERS[1]] {
        let says: &[&str] = &["another hikkoshi is running this migration", who, &since, &until, "hikkoshi status story", &unlock];
        desk.refuses(command, &Refusal { exit: 5, code: "HK0204", says });
    }
    desk.run(&["status", "story"]).expect_code(0);
    let told = desk.run(&["state", "story"]).expect_code(0).stdout;
    assert!(told.contains("user/mika") && told.contains(&since), "{told}");
    drop(held);
    desk.run(READERS[0]).expect_code(0);
}

fn hold(desk: &Desk, who: &str) -> Taken {
    LocalStore::new(&desk.path(JOURNAL), Arc::new(RealClock)).take(who).expect("nobody else runs it")
}

#[test]
fn unlock_ends_the_lease_whose_number_it_names_and_no_other() {
    let desk = Desk::begun("foundation");
    desk.refuses(&["unlock", "story", "--number", "1"], &Refusal { exit: 2, code: "HK0206", says: &["nobody holds one"] });
    let mut held = hold(&desk, "mika@night-box");
    let (number, wrong) = (held.lease.number.to_string(), (held.lease.number + 1).to_string());
    let says: &[&str] = &["mika@night-box", &format!("next: hikkoshi unlock story --number {number} ")];
    desk.refuses(&["unlock", "story", "--number", &wrong], &Refusal { exit: 2, code: "HK0206", says });
    desk.run(&["unlock", "story", "--number", &number]).expect_code(0);
    desk.run(READERS[0]).expect_code(0);
    let late = held.journal.append("2026-11-24T00:00:00Z", &Body::RunEnded { how: "done".to_owned() });
    assert!(matches!(late, Err(Error::Fenced { .. })), "{late:?}");
    desk.run(&["status", "story"]).expect_code(0);
}

#[test]
fn who_did_not_confirm_leaves_no_journal_behind() {
    let desk = Desk::new();
    desk.refuses(&["apply", "story", SIM], &Refusal { exit: 2, code: "HK0509", says: &["nothing was called"] });
    assert!(!desk.path(JOURNAL).exists());
    desk.edit(INTENT, "nat: zonal", "nat: single");
    desk.run(&["plan", "story", SIM]).expect_code(0);
}

#[test]
fn a_store_that_is_none_is_refused_wherever_it_is_named() {
    let desk = Desk::begun("foundation");
    let says: &[&str] = &["`gs://night` is neither `local` nor `s3://BUCKET/PREFIX`"];
    let refusal = Refusal { exit: 2, code: "HK0111", says };
    for command in READERS {
        desk.refuses(&[*command, &["--state", "gs://night"]].concat(), &refusal);
        desk.refuses_by(&desk.hikkoshi().env("HIKKOSHI_STATE", "gs://night"), command, &refusal);
    }
    desk.refuses(&["state", "story", "--move-to", "gs://night"], &refusal);
    desk.write("plans/story/state", "gs://night\n");
    desk.refuses(READERS[0], &Refusal { exit: 2, code: "HK0111", says: &[says[0], "it stands in plans/story/state"] });
    desk.run(&["status", "story", "--state", "local"]).expect_code(0);
    desk.write("plans/story/state", "local\n");
    desk.refuses(&["state", "story", "--move-to", "local"], &Refusal { exit: 2, code: "HK0111", says: &["kept in local already"] });
    desk.run(READERS[0]).expect_code(0);
}

#[test]
fn a_journal_that_was_moved_takes_nothing_more() {
    let desk = Desk::begun("foundation");
    let moved = r#"{"number":1,"moved":{"to":"s3://night/shop","by":"mika@box","at":"2026-11-24T02:14:00Z"}}"#;
    desk.write("plans/story/lease.json", moved);
    for command in [READERS[0], READERS[1]] {
        let says: &[&str] =
            &["moved to s3://night/shop, by mika@box at 2026-11-24T02:14:00Z", "hikkoshi status story --state s3://night/shop"];
        desk.refuses(command, &Refusal { exit: 2, code: "HK0207", says });
    }
    desk.write("plans/story/lease.json", "{");
    for command in [READERS[0], &["state", "story"], &["unlock", "story", "--number", "1"]] {
        let says: &[&str] = &["plans/story/lease.json: this is no lease", "rm plans/story/lease.json"];
        desk.refuses(command, &Refusal { exit: 2, code: "HK0201", says });
    }
    desk.run(&["status", "story"]).expect_code(0);
}
