//! A team's journal in a bucket over the wire: the emulator's S3 obeys conditional writes.

use std::fmt::Write;

use serde_json::Value;

use crate::bad_input::{Desk, JOURNAL, Refusal, SIM, refused};
use crate::book::json::faults;
use crate::support::command::{Finished, Hikkoshi};
use crate::support::emulator::Emulator;
use crate::support::http;

const STATE: &str = "--state=s3://night/team";
const FOUNDATION: &[&str] = &["apply", "story", "--until", "foundation", "--yes", SIM, STATE];
const GUARD: &[&str] = &["apply", "story", "--until", "guard", "--yes", SIM, STATE];

/// A desk whose S3 is the emulator's, with a bucket.
struct Team {
    desk: Desk,
    emulator: Emulator,
}

impl Team {
    fn new() -> Team {
        let team = Team { desk: Desk::new(), emulator: Emulator::start() };
        http::request(team.emulator.port(), "PUT", "/night", "");
        team
    }

    fn hikkoshi(&self) -> Hikkoshi {
        self.desk.hikkoshi().env("AWS_ENDPOINT_URL", &self.emulator.url())
    }

    #[track_caller]
    fn run(&self, args: &[&str]) -> Finished {
        self.hikkoshi().run(args).expect_code(0)
    }

    /// What `state` says, as a program reads it.
    fn state(&self, store: &str) -> Value {
        let told = self.run(&["state", "story", "--json", store]);
        serde_json::from_str(&told.stdout).expect("it is JSON")
    }
}

#[test]
fn a_team_runs_a_migration_from_a_bucket_and_one_at_a_time() {
    let team = Team::new();
    team.run(FOUNDATION);
    assert!(!team.desk.path(JOURNAL).exists() && !team.desk.path("plans/story/lease.json").exists(), "nothing is kept here");
    let state = team.state(STATE);
    assert_eq!((&state["state"], &state["lease"]), (&Value::from("s3://night/team/story"), &Value::Null));
    assert!(state["records"].as_u64() > Some(20), "{state}");
    let told = team.run(&["status", "story", STATE]).stdout;
    assert!(told.contains(&format!("{} records", state["records"])), "{told}");
    team.run(&["verify", "story", SIM, STATE]);
    // Four who come at the same moment: one runs, the others are told who.
    let all: Vec<_> = (0..4).map(|at| team.hikkoshi().spawn(GUARD, &team.desk.path(&format!("pid-{at}")))).collect();
    let ends: Vec<_> = all.into_iter().map(|run| run.wait()).collect();
    let codes = ends.iter().fold(String::new(), |mut text, end| {
        let _ = writeln!(text, "{:?} {}", end.code, end.stderr);
        text
    });
    assert!(ends.iter().any(|end| end.code == Some(0)), "{codes}");
    assert!(ends.iter().all(|end| [Some(0), Some(5)].contains(&end.code)), "{codes}");
    team.run(&["verify", "story", SIM, STATE]);
}

#[test]
fn who_is_paused_is_followed_after_an_unlock_and_writes_nothing_more() {
    let team = Team::new();
    let run = team.hikkoshi().spawn(GUARD, &team.desk.path("pid"));
    let begun = (0..600).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        team.state(STATE)["records"].as_u64() > Some(6)
    });
    assert!(begun, "the run does not begin");
    run.signal("STOP");
    let number = team.state(STATE)["lease"]["number"].to_string();
    let says: &[&str] = &["another hikkoshi is running this migration", &format!("hikkoshi unlock story --number {number} ")];
    team.desk.refuses_by(&team.hikkoshi(), GUARD, &Refusal { exit: 5, code: "HK0204", says });
    team.run(&["unlock", "story", "--number", &number, STATE]);
    let before = team.state(STATE)["records"].clone();
    run.signal("CONT");
    refused(&run.wait(), &Refusal { exit: 5, code: "HK0205", says: &["hikkoshi unlock", "hikkoshi state story"] });
    let after = team.state(STATE)["records"].clone();
    // A write that was under way when it was stopped may still have arrived.
    assert!(after.as_u64() <= before.as_u64().map(|count| count + 1), "{before} records, then {after}");
    team.run(GUARD);
    team.run(&["verify", "story", SIM, STATE]);
}

#[test]
fn a_journal_moves_to_a_bucket_and_back_in_one_command() {
    let team = Team::new();
    team.run(&["apply", "story", "--until", "foundation", "--yes", SIM]);
    let local = team.desk.read(JOURNAL);
    let says: &[&str] = &["s3://night/team/story has none", "hikkoshi state story --state local --move-to s3://night/team "];
    for command in [GUARD, &["rollback", "story", "--all", "--yes", SIM, STATE]] {
        team.desk.refuses_by(&team.hikkoshi(), command, &Refusal { exit: 2, code: "HK0207", says });
    }
    team.run(&["state", "story", "--move-to", "s3://night/team"]);
    assert_eq!(team.desk.read("plans/story/state"), "s3://night/team\n");
    team.run(&["apply", "story", "--until", "guard", "--yes", SIM]);
    assert_eq!(team.desk.read(JOURNAL), local, "the old one is kept as it was");
    let says: &[&str] = &["moved to s3://night/team", "--state s3://night/team"];
    let old = ["apply", "story", "--yes", SIM, "--state", "local"];
    team.desk.refuses_by(&team.hikkoshi(), &old, &Refusal { exit: 2, code: "HK0207", says });
    let told = team.run(&["state", "story", "--move-to", "local", "--json"]).json();
    assert_eq!((faults("move", &told), &told["moved_to"]), (Vec::new(), &"local".into()), "{told}");
    assert!(team.desk.read(JOURNAL).starts_with(&local) && team.desk.read(JOURNAL).len() > local.len());
    team.run(&["rollback", "story", "--all", "--yes", SIM]);
    team.desk.refuses_by(&team.hikkoshi(), GUARD, &Refusal { exit: 2, code: "HK0207", says: &["moved to local"] });
}

#[test]
fn a_bucket_that_is_not_there_is_told_before_anything_is_called() {
    let team = Team::new();
    let says: &[&str] =
        &["s3://nowhere/team/story", "NoSuchBucket", "aws s3 mb s3://nowhere ", "nothing was called that the journal doesn't know"];
    let nowhere = ["apply", "story", "--yes", SIM, "--state=s3://nowhere/team"];
    team.desk.refuses_by(&team.hikkoshi(), &nowhere, &Refusal { exit: 1, code: "HK0208", says });
}
