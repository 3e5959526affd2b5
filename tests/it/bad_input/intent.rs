//! `migrations/<name>.yaml` as people mistype it.

use super::{Desk, INTENT, Refusal, SIM};

/// An edit of the story's intent, and what `plan` says to it.
struct Typo {
    from: &'static str,
    to: &'static str,
    code: &'static str,
    says: &'static [&'static str],
}

const fn typo(from: &'static str, to: &'static str, says: &'static [&'static str]) -> Typo {
    Typo { from, to, code: "HK0101", says }
}

const TYPOS: &[Typo] = &[
    typo("nat: zonal", "nta: zonal", &["migrations/story.yaml:11:1: there is no key `nta` here", "11 | nta: zonal", "did you mean `nat`?"]),
    typo("private_prefix: 24", "privat_prefix: 24", &[":16:3: there is no key `privat_prefix`", "did you mean `private_prefix`?"]),
    typo("nat: zonal", "nat: zonl", &[":11:6: `zonl` is none of the values", "did you mean `zonal`?", "single, regional"]),
    typo("nat: zonal", "nat: zonal\nnat: single", &[":12:1: the key `nat` stands here for the second time"]),
    typo("private_prefix: 24", "private_prefix: big", &[":16:19: this is no number from 0 to 255"]),
    typo("private_prefix: 24", "private_prefix: 99", &[":16:19: /99 is no subnet's size"]),
    typo("avoid: []", "avoid: [10.8.0.0/22, 10.0.0.0/33]", &[":18:24: `10.0.0.0/33` is no IPv4 range"]),
    typo("gateway: [s3, dynamodb]", "gateway: [s3, s4]", &[":23:17: `s4` has no gateway endpoint"]),
    typo("interface: []", "interface: [SSM]", &[":24:15: `SSM` is no service's short name"]),
    typo("  interface: []", "\tinterface: []", &[":24:2: a tab stands in the indentation"]),
    typo("healthy_percent: 50", "healthy_percent: 150", &[":37:20: 150 percent can't be kept: 0 to 100 can"]),
    typo("workloads:", "workloads: {a: b}", &[":46:12: a list belongs here"]),
    typo("workloads:", "workloads:\n  - {name: bastion, strategy: retier}", &[":47:31: `retier` is none of", "did you mean `retire`?"]),
    typo("workloads:", "workloads:\n  - {name: bastion, strategy: skip}", &[":47:12: `bastion` is skipped", "until: YYYY-MM-DD"]),
    typo("flows:", "flows:\n  - {from: orders, to: app-1, port: 70000}", &[":60:37: this is no number from 0 to 65535"]),
    typo("flows:", "flows:\n  - {from: orders, to: app-1}", &["the key `port` is missing"]),
    typo("vpc: vpc-9e74fb33c16f2e304", "", &["the key `vpc` is missing"]),
    typo("vpc: vpc-", "vpc: net-", &[":7:6: `net-9e74fb33c16f2e304` is not a VPC id"]),
    typo("account: \"123456789012\"", "account: 12", &[":5:10: `12` is not an account id", "twelve digits in quotes"]),
    typo("migration: story", "migration: other", &[":4:12:", "in a file called story.yaml", "migration: story"]),
    typo("nat: zonal", "<<<<<<< HEAD\nnat: zonal", &[":11:1: the mark of a merge conflict"]),
    Typo {
        from: "workloads:",
        to: "workloads:\n  - {name: bastoin, strategy: retire}",
        code: "HK0105",
        says: &["story.yaml:47:12: there is no workload `bastoin` in the inventory", "did you mean `bastion`?"],
    },
    Typo {
        from: "flows:",
        to: "flows:\n  - {from: orders, to: nobody-near, port: 80}",
        code: "HK0105",
        says: &["story.yaml:60:24: there is no workload `nobody-near`", "expected: a workload's name or id"],
    },
    Typo {
        from: "workloads:",
        to: "workloads:\n  - {name: app-1, strategy: relocate}\n  - {name: app-1, strategy: flip}",
        code: "HK0105",
        says: &["story.yaml:48:12: the workload `app-1` is decided for the second time", "line 47"],
    },
];

#[test]
fn a_mistyped_intent_is_refused_where_it_is_mistyped() {
    let desk = Desk::new();
    let sound = desk.read(INTENT);
    for typo in TYPOS {
        desk.write(INTENT, &sound);
        desk.edit(INTENT, typo.from, typo.to);
        desk.refuses(&["plan", "story", SIM], &Refusal { exit: 2, code: typo.code, says: typo.says });
    }
}

#[test]
fn an_intent_that_is_no_text_or_empty_is_refused() {
    let desk = Desk::new();
    desk.write(INTENT, "");
    desk.refuses(&["plan", "story"], &Refusal { exit: 2, code: "HK0101", says: &["migrations/story.yaml:1:1: the file is empty"] });
    desk.write(INTENT, b"\xff\xfe\x00m");
    desk.refuses(&["plan", "story"], &Refusal { exit: 2, code: "HK0101", says: &["migrations/story.yaml is not text"] });
}

#[test]
fn an_intent_for_elsewhere_than_the_inventory_is_refused() {
    let desk = Desk::new();
    let sound = desk.read(INTENT);
    for (from, to, code, says) in [
        (
            "vpc: vpc-9",
            "vpc: vpc-1",
            "HK0102",
            "the intent is for VPC vpc-1e74fb33c16f2e304, the inventory is of VPC vpc-9e74fb33c16f2e304",
        ),
        ("region: us-east-1", "region: eu-west-1", "HK0102", "the intent is for region eu-west-1"),
        ("123456789012", "111111111111", "HK0103", "the intent is for account 111111111111, the inventory is of account 123456789012"),
    ] {
        desk.write(INTENT, &sound);
        desk.edit(INTENT, from, to);
        desk.refuses(&["plan", "story", SIM], &Refusal { exit: 2, code, says: &[says, "next: hikkoshi discover story"] });
    }
}
