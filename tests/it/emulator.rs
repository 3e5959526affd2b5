//! The emulated AWS comes up from a fresh clone, and its inspector is able to fail: a check that never finds anything
//! would make every other test here worthless.

use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use crate::support::command::Hikkoshi;
use crate::support::emulator::{Emulator, aws, diff};
use crate::support::proxy::Proxy;

/// The untouched account breaks the promises that a migration is to keep.
#[test]
fn inspector_finds_what_is_wrong_with_the_untouched_account() {
    let emulator = Emulator::start();
    let ids = emulator.build_account(&["--spine"]);
    let vpc = ids["network"]["vpc"].as_str().expect("the account has a VPC");
    let scratch = TempDir::new().expect("a scratch directory");
    let (before, stable) = (scratch.path().join("before.json"), scratch.path().join("stable.json"));

    emulator.snapshot(vpc, false, &before);
    let broken = emulator.check(vpc, Some(&before));
    for rule in ["public-subnet", "public-ip", "world-ingress", "shared-group"] {
        assert!(broken.iter().any(|line| line.starts_with(rule)), "no {rule} in {broken:#?}");
    }

    emulator.snapshot(vpc, true, &stable);
    assert_eq!(diff(&stable, &stable), Vec::<String>::new());
    change_an_address(&stable, &before);
    assert_ne!(diff(&stable, &before), Vec::<String>::new());
}

/// Writes a copy of a stable snapshot in which one subnet has another address range.
fn change_an_address(snapshot: &Path, copy: &Path) {
    let text = std::fs::read_to_string(snapshot).expect("the snapshot is there");
    let changed = text.replace("10.0.1.0/24", "10.0.99.0/24");
    assert_ne!(text, changed, "the spine has a subnet 10.0.1.0/24");
    std::fs::write(copy, changed).expect("the copy can be written");
}

/// The proxy passes on, numbers and logs what is asked, and refuses what a rule says.
#[test]
fn proxy_logs_calls_and_obeys_rules() {
    let emulator = Emulator::start();
    let proxy = Proxy::start(emulator.port(), &[]);
    let create = || aws(&proxy.url(), "ec2", "create_vpc", &json!({"CidrBlock": "10.9.0.0/16"}));

    let answer = create().expect("nothing is in the way");
    assert!(answer["Vpc"]["VpcId"].as_str().is_some_and(|id| id.starts_with("vpc-")), "{answer}");
    assert_eq!(proxy.mutations(), ["ec2:CreateVpc"]);

    proxy.reset();
    proxy.rules(&json!([{"fault": "error5xx", "n": 1}]));
    let refusal = create().expect_err("the rule refuses the first mutating call");
    assert!(refusal.contains("InternalError"), "{refusal}");
    assert_eq!(proxy.mutations(), Vec::<String>::new());
    assert_eq!(proxy.calls()[0]["fault"], "error5xx");
}

/// The runner leaves the process id where the proxy looks for it, and says how the program ended.
#[test]
fn runner_tells_how_the_program_ended() {
    let scratch = TempDir::new().expect("a scratch directory");
    let pid_file = scratch.path().join("pid");
    let help = Hikkoshi::offline(scratch.path()).spawn(&["--help"], &pid_file).wait().expect_code(0);
    assert_eq!(help.signal, None);
    let pid = std::fs::read_to_string(&pid_file).expect("the file was written");
    assert!(pid.trim().parse::<u32>().is_ok(), "{pid}");
}
