//! `hikkoshi flows` and what the plan makes of it, as a person types it.

use crate::bad_input::{Desk, Refusal};

const LOGS: &str = "logs/2026/11/a.log";
const FLOWS: &str = "plans/story/flows.json";

/// What the story's account logs in a minute: the load balancer and its target, a function and a database, a person's SSH.
fn logs() -> String {
    let line = |interface: &str, from: &str, to: &str, ports: (u16, u16), action: &str| {
        format!("2 123456789012 {interface} {from} {to} {} {} 6 9 800 1793491200 1793491260 {action} OK\n", ports.0, ports.1)
    };
    [
        line("eni-5a45bc7b3e54494d3", "10.0.1.6", "10.0.1.4", (30000, 80), "ACCEPT"),
        line("eni-9b5946d2455dedbff", "10.0.1.10", "10.0.1.9", (40000, 5432), "ACCEPT"),
        line("eni-03b757d9362d059fe", "203.0.113.4", "10.0.1.5", (50000, 22), "ACCEPT"),
        line("eni-03b757d9362d059fe", "203.0.113.5", "10.0.1.5", (50000, 3389), "REJECT"),
    ]
    .concat()
}

fn desk() -> Desk {
    let desk = Desk::new();
    std::fs::create_dir_all(desk.path("logs/2026/11")).expect("the scratch directory is writable");
    desk.write(LOGS, logs());
    desk
}

#[test]
fn without_logs_it_tells_what_must_survive_anyway() {
    let said = Desk::new().run(&["flows", "story"]).expect_code(0).stdout;
    for part in ["Flows that must survive", "target of app", "listener of an internet-facing balancer", "no flow log was read"] {
        assert!(said.contains(part), "no \"{part}\" in\n{said}");
    }
}

#[test]
fn logs_are_read_kept_and_planned_with() {
    let desk = desk();
    let said = desk.run(&["flows", "story", "--logs", "logs"]).expect_code(0).stdout;
    for part in [
        "seen 1 time 2026-11-01 to 2026-11-01",
        "Seen, and not kept",
        "Refused by groups or network ACLs (1)",
        "4 records from 2026-11-01T00:00:00Z to 2026-11-01T00:01:00Z",
        "the logs span 1 minute, and 14 days are asked for; what they don't show is kept",
        "can't be told apart by their interfaces",
        "wrote plans/story/flows.json",
    ] {
        assert!(said.contains(part), "no \"{part}\" in\n{said}");
    }
    let kept = desk.read(FLOWS);
    desk.run(&["plan", "story"]).expect_code(0);
    let plan = desk.read("plans/story/plan.yaml");
    assert!(plan.contains("flows_sha256") && plan.contains("target of app; seen 1 time"), "the plan does not cite the logs");
    // The plan is of these logs: with others it is another.
    desk.write(FLOWS, kept.replace("\"records\": 4", "\"records\": 5"));
    let says: &[&str] = &["the flows that logs show have changed since the plan was made", "hikkoshi plan story"];
    desk.refuses(&["dry-run", "story"], &Refusal { exit: 2, code: "HK0106", says });
    desk.write(FLOWS, kept);
    desk.run(&["dry-run", "story", "--cloud=sim:account.json"]).expect_code(0);
    assert_eq!(desk.run(&["flows", "story", "--json"]).expect_code(0).json()["seen"]["window"]["records"], 4);
}

#[test]
fn logs_that_come_after_the_plan_make_it_another() {
    let desk = desk();
    desk.run(&["flows", "story", "--logs", LOGS]).expect_code(0);
    let says: &[&str] = &["the flows that logs show have changed since the plan was made"];
    desk.refuses(&["dry-run", "story"], &Refusal { exit: 2, code: "HK0106", says });
}

#[test]
fn what_is_no_log_is_refused_and_what_was_read_before_stays() {
    let desk = desk();
    desk.run(&["flows", "story", "--logs", LOGS]).expect_code(0);
    desk.write(LOGS, logs() + "2 123456789012 eni-1 10.0.0.1 10.0.0.300 1 2 6 1 1 1 2 ACCEPT OK\n");
    let says: &[&str] = &["logs/2026/11/a.log:5:31: `10.0.0.300` in dstaddr where an IPv4 or IPv6 address was expected"];
    desk.refuses(&["flows", "story", "--logs", "logs"], &Refusal { exit: 2, code: "HK0112", says });
    let says: &[&str] = &["--format has no srcaddr", "describe-flow-logs"];
    desk.refuses(&["flows", "story", "--logs", LOGS, "--format", "${version} ${interface-id}"], &Refusal { exit: 2, code: "HK0112", says });
    desk.refuses(
        &["flows", "story", "--logs", "nowhere"],
        &Refusal { exit: 2, code: "HK0111", says: &["there is no file or folder `nowhere`"] },
    );
    desk.refuses(
        &["flows", "story", "--logs", LOGS, "--inventory", LOGS],
        &Refusal { exit: 2, code: "HK0109", says: &["not an inventory"] },
    );
    desk.write(FLOWS, "{}");
    for command in [&["flows", "story"][..], &["plan", "story"]] {
        desk.refuses(
            command,
            &Refusal {
                exit: 2,
                code: "HK0107",
                says: &["plans/story/flows.json:1:2: not what `hikkoshi flows` writes", "hikkoshi flows story --logs PATH"],
            },
        );
    }
}
