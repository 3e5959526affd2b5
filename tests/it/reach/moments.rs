//! The same question at moments of the plan, as a person types it: today, at a checkpoint, after a step, at the end.

use serde_json::Value;

use crate::bad_input::{Desk, Refusal};
use crate::support::account_access::VPN;

const INTENT: &str = "migrations/story.yaml";
const INVENTORY: &str = "plans/story/inventory.json";
const PLAN: &str = "plans/story/plan.yaml";
const SSH: [&str; 6] = ["--from", "internet", "--to", "app-1", "--port", "22"];

/// What `reach` says at a moment, and its exit status.
fn said(desk: &Desk, question: &[&str], at: &str, exit: i32) -> String {
    desk.run(&[&["reach", "story", "--at", at], question].concat()).expect_code(exit).stdout
}

/// The answer at a moment, for programs.
fn told(desk: &Desk, question: &[&str], at: &str) -> Value {
    desk.run(&[&["reach", "story", "--json", "--at", at], question].concat()).json()
}

/// That at a moment something is open (exit 0) or not (exit 3), and these words.
#[track_caller]
fn check(desk: &Desk, question: &[&str], at: &str, exit: i32, words: &[&str]) {
    let said = said(desk, question, at, exit);
    for part in words {
        assert!(said.contains(part), "at {at}: no \"{part}\" in\n{said}");
    }
}

/// A public instance is relaunched from its image in a private subnet (stage pets). It is asked for by its name, which is
/// its copy's then; between, nobody has that name that runs.
#[test]
fn what_moves_is_found_by_its_name_at_every_moment() {
    let desk = Desk::new();
    check(&desk, &SSH, "start", 0, &["✓ internet → app-1, tcp 22: reached", "app-1 (10.0.1.4 in prod-public-a)"]);
    let guard = ["after stage guard (checkpoint guard), on the simulated account:", "app-1 (10.0.1.4 in prod-public-a)"];
    check(&desk, &SSH, "guard", 0, &guard);
    let stopped = ["right after step app-1-stop, number ", " of 91 in the plan's order", "✗ app-1 is not running"];
    check(&desk, &SSH, "app-1-stop", 3, &stopped);
    check(&desk, &SSH, "pets", 3, &["in story-private-a)", "✗ app-1 has no public address"]);
    let end = ["at the plan's end, after stage tighten (checkpoint tighten), before cleanup", "✗ app-1 has no public address"];
    check(&desk, &SSH, "end", 3, &end);
    assert!(!said(&desk, &SSH, "end", 3).contains("10.0.1.4"), "the old one is stopped and kept; it is not who is meant");
    // Its old address is the stopped one's until that is deleted, then nobody's; its id still means what moved.
    check(&desk, &["--from", "app", "--to", "10.0.1.4", "--port", "80"], "end", 3, &["✗ app-1 is not running"]);
    let id = desk.read(PLAN).lines().find_map(|line| line.strip_prefix("  workload: i-").map(|id| format!("i-{id}"))).expect("a move");
    let (by_id, cleaned) = (["--from", "app", "--to", &id, "--port", "80"], told(&desk, &SSH, "cleanup"));
    check(&desk, &by_id, "cleanup", 0, &["in story-private-"]);
    assert_eq!(cleaned["pairs"].as_array().map(Vec::len), Some(1), "{cleaned}");
}

/// The copy's connections are judged by the copy's group and subnet.
#[test]
fn a_copy_opens_connections_by_its_own_group() {
    let question = ["--from", "bastion", "--to", "pg-single"];
    let before = ["bastion (10.0.1.5 in prod-public-a)", "default-all lets in tcp 5432: rule all traffic 0.0.0.0/0"];
    let after = ["in story-private-a) → pg-single", "story-pg-single lets in tcp 5432: rule tcp 5432 story-bastion"];
    let desk = Desk::new();
    check(&desk, &question, "start", 0, &before);
    check(&desk, &question, "end", 0, &after);
    let internet = ["--from", "orders", "--to", "internet", "--port", "443"];
    check(&desk, &internet, "guard", 3, &["orders has no public address, so internet gateway prod drops its packets"]);
    check(&desk, &internet, "stateless", 0, &["NAT gateway story-nat-a sends it on from its own address"]);
}

/// Developers come by the Client VPN's interfaces from the access stage on; the database is not public from the data stage on.
#[test]
fn developers_get_in_before_the_internet_is_shut_out() {
    let desk = Desk::new();
    desk.write(INTENT, desk.read(INTENT) + VPN);
    desk.run(&["plan", "story"]).expect_code(0);
    let developers = ["--from", "service:client-vpn", "--to", "pg-single"];
    let internet = ["--from", "internet", "--to", "pg-single"];
    check(&desk, &developers, "foundation", 3, &["✗ AWS services open no connections into a VPC by themselves"]);
    for at in ["access", "guard", "data"] {
        check(&desk, &developers, at, 0, &["service:client-vpn (", " in story-private-c) → pg-single"]);
    }
    check(&desk, &developers, "end", 0, &["story-pg-single lets in tcp 5432: rule tcp 5432 story-client-vpn"]);
    check(&desk, &internet, "access", 0, &["default-all lets in tcp 5432"]);
    check(&desk, &internet, "pets", 0, &[]);
    check(&desk, &internet, "data", 3, &["✗ pg-single has no public address"]);
}

/// `start` is the inventory and needs no plan; `end` is the last checkpoint before cleanup; a stage ends with its last step.
#[test]
fn moments_that_are_the_same_have_the_same_answer() {
    let desk = Desk::new();
    let question = ["--from", "bastion", "--to", "pg-single"];
    let same = |one: &str, other: &str| {
        assert_eq!(told(&desk, &question, one)["pairs"], told(&desk, &question, other)["pairs"], "{one}, {other}");
    };
    same("end", "tighten");
    same("guard", "internal-groups-beside");
    same("foundation", "route-private-c-default");
    let start = told(&desk, &question, "start");
    assert_eq!(start["moment"]["at"], "start");
    assert_eq!(told(&desk, &question, "guard")["moment"]["words"], "after stage guard (checkpoint guard), on the simulated account");
    std::fs::remove_file(desk.path(PLAN)).expect("the plan is there");
    assert_eq!(desk.run(&["reach", "story", "--json", "--from", "bastion", "--to", "pg-single"]).expect_code(0).json(), start);
    let says: &[&str] = &["there is no plans/story/plan.yaml", "hikkoshi plan story"];
    desk.refuses(&[&["reach", "story", "--at", "end"], &question[..]].concat(), &Refusal { exit: 2, code: "HK0108", says });
}

/// What the player makes of the plan is what the executor makes of it.
#[test]
fn the_answer_at_a_checkpoint_is_the_answer_on_the_account_when_it_is_reached() {
    let desk = Desk::begun("pets");
    let questions: [&[&str]; 4] = [
        &["--from", "orders", "--to", "internet", "--port", "443"],
        &["--from", "billing", "--to", "pg-single"],
        &["--from", "internet", "--to", "app", "--port", "80"],
        &["--from", "app", "--to", "pg-multi"],
    ];
    let foretold: Vec<Value> = questions.iter().map(|question| told(&desk, question, "pets")).collect();
    desk.run(&["discover", "story", "--cloud=sim:account.json"]).expect_code(0);
    for (question, foretold) in questions.iter().zip(foretold) {
        let seen = told(&desk, question, "start");
        let fates = |answer: &Value| -> Vec<(Value, Value)> {
            let pairs = answer["pairs"].as_array().expect("pairs").iter();
            pairs.map(|pair| (pair["reached"].clone(), pair["block"].clone())).collect()
        };
        assert_eq!(fates(&seen), fates(&foretold), "{question:?}");
    }
}

/// A moment that the plan does not have, a plan that is not of this inventory, one that can't be carried out.
#[test]
fn a_moment_that_can_not_be_told_is_refused() {
    let desk = Desk::new();
    let ask = |at: &'static str| [&["reach", "story", "--at", at], &SSH[..]].concat();
    let refuses = |at: &'static str, code: &str, exit: i32, says: &[&str]| desk.refuses(&ask(at), &Refusal { exit, code, says });
    let all = "there are start, foundation, access, guard, stateless, pets, data, tighten, cleanup, end, and the plan's steps";
    refuses("gaurd", "HK0111", 2, &["--at gaurd: the plan has neither such a checkpoint nor such a step", "--at guard, if that is", all]);
    refuses("app-1-stp", "HK0111", 2, &["--at app-1-stop, if that is"]);
    refuses("endpoints", "HK0111", 2, &["--at endpoints: the plan has neither such a checkpoint", all]);
    let (plan, inventory) = (desk.read(PLAN), desk.read(INVENTORY));
    desk.edit(INVENTORY, "\"name\": \"bastion\"", "\"name\": \"jump\"");
    refuses("end", "HK0106", 2, &["the inventory has changed since the plan was made", "hikkoshi plan story"]);
    desk.write(INVENTORY, inventory);
    desk.edit(PLAN, "      CidrBlock: 10.0.0.0/24", "      CidrBlock: 10.0.1.0/24");
    refuses("foundation", "HK0510", 3, &["in the simulation step subnet-private-a fails: "]);
    let blocker = "blockers:\n- {code: HK0401, resource: db:pg, why: it can't be moved, way_out: retire it}\n";
    desk.write(PLAN, plan.replacen("blockers: []\n", blocker, 1));
    refuses("end", "HK0401", 3, &["it can't be moved"]);
}
