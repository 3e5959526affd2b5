//! Security groups and connection tracking.

use crate::support::net::{Net, net};

const OUT: &str = "all to 0.0.0.0/0";

/// `app` (sg-app) in one subnet, `db` (sg-db) in another.
fn pair(db: &[&str], app: &[&str]) -> Net {
    let mut net = net();
    net.subnet("a", "10.0.1.0/24").subnet("b", "10.0.2.0/24");
    net.group("sg-app", app).group("sg-db", db);
    net.interface("app", "a", "10.0.1.10", &["sg-app"]).interface("db", "b", "10.0.2.20", &["sg-db"]);
    net
}

/// EC2 user guide, "Security group rules": a rule names a protocol, ports and a peer; what no rule allows is denied.
#[test]
fn a_rule_lets_in_by_range_protocol_and_port() {
    let net = pair(&["tcp 5432 from 10.0.1.0/24", "udp 53-60 from 10.0.1.10/32"], &[OUT]);
    net.check(&[
        ("app > db tcp 5432", "reached"),
        ("app > db tcp 5433", "GroupIn sg-db"),
        ("app > db udp 5432", "GroupIn sg-db"),
        ("app > db udp 53", "reached"),
        ("app > db udp 60", "reached"),
        ("app > db udp 61", "GroupIn sg-db"),
        ("db > app tcp 5432", "GroupOut sg-db"),
        ("app > db all 0", "GroupIn sg-db"),
    ]);
}

/// "Security group referencing": everything that wears the group, by its private address.
#[test]
fn a_rule_lets_in_by_group() {
    let net = pair(&["tcp 5432 from sg-app"], &["tcp 5432 to sg-db"]);
    net.check(&[("app > db tcp 5432", "reached"), ("app > db tcp 22", "GroupOut sg-app"), ("10.0.1.99 > db tcp 5432", "GroupIn sg-db")]);
}

/// "A security group for an interface": the rules of all its groups count together.
#[test]
fn several_groups_count_together() {
    let mut net = pair(&["tcp 22 from 10.0.1.0/25"], &[OUT]);
    net.group("sg-more", &["tcp 22 from 10.0.1.128/25"]).interface("db", "b", "10.0.2.20", &["sg-db", "sg-more"]);
    net.check(&[("10.0.1.5 > db tcp 22", "reached"), ("10.0.1.200 > db tcp 22", "reached"), ("10.0.3.1 > db tcp 22", "GroupIn sg-db")]);
}

/// A Network Load Balancer made without groups is not filtered (NLB guide, "Security groups").
#[test]
fn without_groups_nothing_is_filtered() {
    let mut net = pair(&[], &[OUT]);
    net.interface("db", "b", "10.0.2.20", &[]);
    net.check(&[("app > db tcp 1", "reached")]);
}

/// EC2 user guide, "Security group connection tracking": answers need no rule.
#[test]
fn answers_need_no_rule() {
    pair(&["tcp 5432 from sg-app"], &["tcp 5432 to 10.0.2.20/32"]).check(&[("app > db tcp 5432", "reached")]);
}

/// ICMP: rules name a type and a code, -1 for all; `icmp` and `icmpv6` are two protocols.
#[test]
fn icmp_is_let_in_by_type() {
    let net = pair(&["icmp 8 from 10.0.0.0/16"], &[OUT]);
    net.check(&[("app > db icmp 8", "reached"), ("app > db icmp 13", "GroupIn sg-db"), ("app > db tcp 8", "GroupIn sg-db")]);
    pair(&["icmp from 10.0.0.0/16"], &[OUT]).check(&[("app > db icmp 13", "reached")]);
}

/// "Untracked connections": open to everywhere in the way it was opened, and all ports back.
#[test]
fn what_is_tracked_outlives_its_rule() {
    let tracked = pair(&["tcp 5432 from sg-app"], &["tcp 5432 to sg-db"]);
    let without = pair(&[], &[]);
    assert_eq!(tracked.stands(&without, "app > db tcp 5432"), "reached");
    assert_eq!(without.ask("app > db tcp 5432"), "GroupOut sg-app");
}

/// "An untracked flow is immediately interrupted if the rule that enables the flow is removed": at the acceptor.
#[test]
fn an_untracked_flow_is_cut_with_its_rule() {
    let open = pair(&["tcp 5432 from 0.0.0.0/0", OUT], &["tcp 5432 to sg-db"]);
    let narrowed = pair(&["tcp 5432 from 10.0.9.0/24", OUT], &["tcp 5432 to sg-db"]);
    assert_eq!(open.stands(&narrowed, "app > db tcp 5432"), "GroupIn sg-db");
    let still = pair(&["tcp 5432 from 10.0.1.0/24", OUT], &["tcp 5432 to sg-db"]);
    assert_eq!(open.stands(&still, "app > db tcp 5432"), "reached");
}

/// The same at the opener: its answers came in by the rule "all from everywhere", not by state.
#[test]
fn an_opener_that_loses_its_open_ingress_loses_its_answers() {
    let everything = ["all from 0.0.0.0/0", OUT];
    let before = pair(&["tcp 5432 from sg-app"], &everything);
    let after = pair(&["tcp 5432 from sg-app"], &[OUT]);
    assert_eq!(before.stands(&after, "app > db tcp 5432"), "GroupOut sg-app");
    assert_eq!(after.ask("app > db tcp 5432"), "reached");
}

/// Only "0.0.0.0/0" and all ports (0 to 65535) in the way of the answers make a flow untracked.
#[test]
fn a_flow_that_not_all_may_answer_is_tracked() {
    for egress in ["tcp 1024-65535 to 0.0.0.0/0", "all to 0.0.0.0/1", "udp to 0.0.0.0/0"] {
        let before = pair(&["tcp 5432 from 0.0.0.0/0", egress], &["tcp 5432 to sg-db"]);
        assert_eq!(before.stands(&pair(&[], &["tcp 5432 to sg-db"]), "app > db tcp 5432"), "reached", "{egress}");
    }
}

/// "ICMP traffic is always tracked."
#[test]
fn icmp_is_always_tracked() {
    let open = ["all from 0.0.0.0/0", OUT];
    assert_eq!(pair(&open, &open).stands(&pair(&[], &[]), "app > db icmp 8"), "reached");
    assert_eq!(pair(&open, &open).stands(&pair(&[], &[]), "app > db tcp 22"), "GroupOut sg-app");
}
