//! A disk that gets full: what was there stays, nothing is half-written, and with room again it goes on.

use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use super::{Desk, INVENTORY, JOURNAL, PLAN, Refusal, SIM, refused};

/// No file of the program's may grow beyond 4 KiB, as on a disk that is nearly full.
const NO_ROOM: &str = "trap '' XFSZ && ulimit -f 8";

#[test]
fn an_inventory_a_plan_or_an_intent_is_written_whole_or_not_at_all() {
    let desk = Desk::new();
    desk.edit("migrations/story.yaml", "nat: zonal", "nat: single");
    let hikkoshi = desk.hikkoshi().after(NO_ROOM);
    for (command, file) in [
        (&["discover", "story", SIM][..], INVENTORY),
        (&["plan", "story", SIM], PLAN),
        (&["graph", "story", "--format", "svg", "--out", "graph.svg"], "graph.svg"),
    ] {
        let written = format!("{file} can't be written: ");
        desk.refuses_by(&hikkoshi, command, &Refusal { exit: 1, code: "HK0203", says: &[&written, "nothing is half-written", "df -h"] });
    }
    let finished = hikkoshi.run(&["init", "--name", "new", SIM]);
    refused(&finished, &Refusal { exit: 1, code: "HK0203", says: &["plans/new/inventory.json can't be written"] });
    assert!(!desk.path("migrations/new.yaml").exists() && !desk.path("plans/new/inventory.json").exists());
    desk.run(&["init", "--name", "new", SIM]).expect_code(0);
    desk.run(&["plan", "story", SIM]).expect_code(0);
}

#[test]
fn a_directory_that_may_not_be_written_is_refused() {
    let desk = Desk::new();
    std::fs::remove_file(desk.path(INVENTORY)).expect("it is there");
    std::fs::create_dir(desk.path(INVENTORY)).expect("the scratch directory is writable");
    let says: &[&str] = &["plans/story/inventory.json can't be written: "];
    desk.refuses(&["discover", "story", SIM], &Refusal { exit: 1, code: "HK0203", says });
    std::fs::remove_dir(desk.path(INVENTORY)).expect("it is empty");
    std::fs::write(desk.path(INVENTORY), desk.read("account.json")).expect("the scratch directory is writable");
    std::fs::create_dir(desk.path(JOURNAL)).expect("the scratch directory is writable");
    let says: &[&str] = &["plans/story/journal.jsonl", "next: df -h"];
    desk.refuses(&["apply", "story", "--yes", SIM], &Refusal { exit: 1, code: "HK0203", says });
}

/// A small disk of its own at a folder, where this process may make one.
struct Disk {
    at: PathBuf,
}

impl Disk {
    fn mount(at: PathBuf, size: &str) -> Option<Disk> {
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={size}"), "none"]).arg(&at).output();
        mounted.is_ok_and(|output| output.status.success()).then_some(Disk { at })
    }

    /// Leaves so many bytes free, and no more.
    fn fill(&self, free: u64) {
        let path = self.at.join("filler");
        let mut file = std::fs::File::create(path).expect("the disk is writable");
        while file.write_all(&[1; 4096]).is_ok() {}
        let length = file.metadata().expect("the filler can be asked").len();
        file.set_len(length.saturating_sub(free)).expect("a file can shrink");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.at).status();
    }
}

#[test]
fn a_run_whose_journal_finds_no_room_stops_and_goes_on_with_room() {
    let undisturbed = Desk::begun("guard");
    let desk = Desk::new();
    let (inventory, plan) = (desk.read(INVENTORY), desk.read(PLAN));
    let Some(disk) = Disk::mount(desk.path("plans/story"), "1m") else {
        println!("skipped: no file system may be mounted here");
        return;
    };
    desk.write(INVENTORY, inventory);
    desk.write(PLAN, plan);
    let apply = ["apply", "story", "--until", "guard", "--yes", SIM];
    for (round, free) in [0, 4096, 12_288, 0].into_iter().enumerate() {
        disk.fill(free);
        let finished = desk.run(&apply);
        let says: &[&str] =
            &["the journal can't be written: ", "No space left on device", "nothing was called that the journal doesn't know"];
        refused(&finished, &Refusal { exit: 1, code: "HK0203", says });
        desk.run(&["status", "story"]).expect_code(0);
        let journal = if desk.path(JOURNAL).exists() { desk.read(JOURNAL) } else { String::new() };
        assert!(journal.is_empty() || journal.ends_with('\n'), "round {round}: no record is half-written");
        std::fs::remove_file(desk.path("plans/story/filler")).expect("it is there");
    }
    desk.run(&apply).expect_code(0);
    desk.run(&["verify", "story", SIM]).expect_code(0);
    assert_eq!(kinds(&desk), kinds(&undisturbed), "nothing was made twice, nothing is missing");
}

/// How many resources of each kind the account has.
fn kinds(desk: &Desk) -> std::collections::BTreeMap<String, usize> {
    let account: serde_json::Value = serde_json::from_str(&desk.read("account.json")).expect("an account is JSON");
    let mut kinds = std::collections::BTreeMap::new();
    for resource in account["resources"].as_object().expect("it has resources").values() {
        *kinds.entry(resource["kind"].as_str().unwrap_or("?").to_owned()).or_default() += 1;
    }
    kinds
}
