//! The wrong account, region or VPC, and an account that has changed.

use super::{ACCOUNT, Desk, Refusal, SIM};

/// What looks at the account before it does anything.
const COMMANDS: &[&[&str]] = &[
    &["discover", "story", SIM],
    &["dry-run", "story", SIM],
    &["apply", "story", "--yes", SIM],
    &["verify", "story", SIM],
    &["rollback", "story", "--all", "--yes", SIM],
];

#[test]
fn another_account_is_refused_by_every_command() {
    let desk = Desk::new();
    desk.write(ACCOUNT, desk.read(ACCOUNT).replace("123456789012", "999999999999"));
    let says: &[&str] =
        &["the credentials belong to account 999999999999, the intent is for account 123456789012", "you are arn:", "--profile"];
    for command in COMMANDS {
        desk.refuses(command, &Refusal { exit: 2, code: "HK0103", says });
    }
}

#[test]
fn another_region_is_refused_by_every_command() {
    let desk = Desk::new();
    desk.write(ACCOUNT, desk.read(ACCOUNT).replace("us-east-1", "eu-west-1"));
    let says: &[&str] = &["the region is eu-west-1, the intent is for us-east-1"];
    for command in COMMANDS {
        desk.refuses(command, &Refusal { exit: 2, code: "HK0111", says });
    }
}

#[test]
fn a_vpc_that_is_not_there_is_refused() {
    let desk = Desk::new();
    let says: &[&str] =
        &["VPC vpc-404 does not exist in account 123456789012, region us-east-1", "aws ec2 describe-vpcs --region us-east-1"];
    for command in
        [&["init", "--name", "new", "--vpc", "vpc-404", SIM][..], &["audit", "--vpc", "vpc-404", SIM], &["graph", "--vpc", "vpc-404", SIM]]
    {
        desk.refuses(command, &Refusal { exit: 2, code: "HK0102", says });
    }
    desk.write(ACCOUNT, desk.read(ACCOUNT).replace("vpc-9e74fb33c16f2e304", "vpc-11111111111111111"));
    for command in [&["discover", "story", SIM][..], &["apply", "story", "--yes", SIM]] {
        desk.refuses(command, &Refusal { exit: 2, code: "HK0102", says: &["VPC vpc-9e74fb33c16f2e304 does not exist"] });
    }
}

#[test]
fn an_account_that_has_changed_since_the_look_is_not_touched() {
    let desk = Desk::new();
    desk.edit(ACCOUNT, "\"PubliclyAccessible\": true", "\"PubliclyAccessible\": false");
    let says: &[&str] = &[
        "the account is no longer as the inventory says: 1 difference",
        "\n    publicly_accessible\n    - expected: true\n    + found:    nothing\n",
        "next: hikkoshi discover story",
    ];
    desk.refuses(&["apply", "story", "--yes", SIM], &Refusal { exit: 6, code: "HK0505", says });
}
