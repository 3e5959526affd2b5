//! Network ACLs: ordered, stateless, at a subnet's border.

use crate::support::net::{Net, net};

/// `app` in one subnet with this ACL around it, `db` in another, both without a narrow group.
fn pair(entries: &[&str]) -> Net {
    let mut net = net();
    net.subnet("a", "10.0.1.0/24").subnet("b", "10.0.2.0/24");
    net.acl("acl-a", &["a"], entries);
    net.group("sg-all", &["all from 0.0.0.0/0", "all to 0.0.0.0/0"]);
    net.interface("app", "a", "10.0.1.10", &["sg-all"]).interface("app2", "a", "10.0.1.11", &["sg-all"]);
    net.interface("db", "b", "10.0.2.20", &["sg-all"]);
    net
}

/// VPC user guide, "Network ACL basics": the default one lets all through.
#[test]
fn a_subnet_without_an_acl_of_its_own_has_the_default_one() {
    let mut net = pair(&[]);
    net.remove("acl-a").check(&[("app > db tcp 22", "reached")]);
    net.edit("acl-default", "/Entries", serde_json::json!([])).check(&[("app > db tcp 22", "AclThere acl-default")]);
}

/// "Network ACL rules": evaluated from the lowest number on, the first that matches decides.
#[test]
fn the_first_entry_that_matches_decides() {
    let open_in = "in 100 allow all 0.0.0.0/0";
    let net = pair(&[open_in, "out 20 allow all 0.0.0.0/0", "out 10 deny tcp 22 10.0.2.0/24", "out 30 deny all 0.0.0.0/0"]);
    net.check(&[("app > db tcp 22", "AclThere acl-a"), ("app > db tcp 23", "reached")]);
    pair(&[open_in, "out 10 allow tcp 22 10.0.2.0/24"]).check(&[("app > db tcp 22", "reached"), ("app > db udp 22", "AclThere acl-a")]);
}

/// "Network ACLs are stateless": answers need an entry, for the ports from which the opener may have come.
#[test]
fn answers_need_an_entry_for_all_client_ports() {
    let there = "out 10 allow tcp 5432 10.0.2.0/24";
    pair(&[there]).check(&[("app > db tcp 5432", "AclBack acl-a")]);
    pair(&[there, "in 10 allow tcp 32768-60999 10.0.2.0/24"]).check(&[("app > db tcp 5432", "reached")]);
    pair(&[there, "in 10 allow tcp 32768-60998 10.0.2.0/24"]).check(&[("app > db tcp 5432", "AclBack acl-a")]);
    let two = ["in 10 allow tcp 1024-40000 10.0.2.0/24", "in 11 allow tcp 40001-65535 10.0.2.0/24"];
    pair(&[there, two[0], two[1]]).check(&[("app > db tcp 5432", "reached")]);
    pair(&[there, two[0], two[1], "in 9 deny tcp 50000 10.0.2.20/32"]).check(&[("app > db tcp 5432", "AclBack acl-a")]);
    pair(&[there, two[0], two[1], "in 12 deny tcp 50000 10.0.2.20/32"]).check(&[("app > db tcp 5432", "reached")]);
}

/// The acceptor's side: what comes in, and its answers out.
#[test]
fn the_acceptors_acl_counts_both_ways_too() {
    pair(&["in 10 allow tcp 8080 10.0.2.20/32"]).check(&[("db > app tcp 8080", "AclBack acl-a"), ("db > app tcp 80", "AclThere acl-a")]);
    pair(&["in 10 allow tcp 8080 10.0.2.20/32", "out 10 allow tcp 1024-65535 10.0.2.0/24"]).check(&[("db > app tcp 8080", "reached")]);
}

/// An ACL is at the subnet's border: inside the subnet it filters nothing.
#[test]
fn inside_a_subnet_an_acl_filters_nothing() {
    pair(&[]).check(&[
        ("app > app2 tcp 22", "reached"),
        ("10.0.1.77 > app tcp 22", "reached"),
        ("10.0.2.77 > app tcp 22", "AclThere acl-a"),
    ]);
}

/// An ACL judges every packet: a change cuts also what is tracked (EC2 user guide, "Security group connection tracking").
#[test]
fn an_acl_cuts_established_connections() {
    let open = ["in 10 allow all 0.0.0.0/0", "out 10 allow all 0.0.0.0/0"];
    let mut before = pair(&open);
    let mut after = pair(&["in 10 allow tcp 5432 0.0.0.0/0", "out 10 allow all 0.0.0.0/0"]);
    for net in [&mut before, &mut after] {
        net.group("sg-all", &["all from 10.0.0.0/16", "all to 0.0.0.0/0"]);
    }
    assert_eq!(before.stands(&after, "app > db tcp 5432"), "AclBack acl-a");
    assert_eq!(before.stands(&before, "app > db tcp 5432"), "reached");
}

/// Echo is answered by another type; no other ICMP message has an answer.
#[test]
fn icmp_is_answered_by_its_own_type() {
    let there = "out 10 allow icmp 8 0.0.0.0/0";
    pair(&[there]).check(&[("app > db icmp 8", "AclBack acl-a"), ("app > db icmp 3", "AclThere acl-a")]);
    pair(&[there, "in 10 allow icmp 0 0.0.0.0/0"]).check(&[("app > db icmp 8", "reached")]);
    pair(&["out 10 allow icmp 3 0.0.0.0/0"]).check(&[("app > db icmp 3", "reached")]);
}

/// VPC user guide, "NAT gateways" and "Custom network ACLs": around a private subnet answers come from the internet's addresses;
/// around the gateway's own subnet they come to ports 1024 to 65535 and leave for the private addresses.
#[test]
fn a_nat_gateways_subnet_needs_its_own_entries() {
    let base = |pub_entries: &[&str], app_entries: &[&str]| {
        let mut net = net();
        net.subnet("pub", "10.0.0.0/24").subnet("app", "10.0.1.0/24");
        net.table("rtb-pub", &[("0.0.0.0/0", "igw-1")], &["pub"]).table("rtb-app", &[("0.0.0.0/0", "nat-1")], &["app"]);
        net.nat("nat-1", "pub", "198.51.100.7").group("sg-all", &["all to 0.0.0.0/0"]);
        net.interface("app", "app", "10.0.1.10", &["sg-all"]);
        net.acl("acl-pub", &["pub"], pub_entries).acl("acl-app", &["app"], app_entries);
        net.ask("app > 192.0.2.1 tcp 443")
    };
    let nat = [
        "in 10 allow tcp 443 10.0.1.0/24",
        "in 20 allow tcp 1024-65535 0.0.0.0/0",
        "out 10 allow tcp 443 0.0.0.0/0",
        "out 20 allow tcp 32768-60999 10.0.1.0/24",
    ];
    let app = ["out 10 allow tcp 443 0.0.0.0/0", "in 10 allow tcp 32768-60999 0.0.0.0/0"];
    assert_eq!(base(&nat, &app), "reached");
    assert_eq!(base(&nat[1..], &app), "AclThere acl-pub");
    assert_eq!(base(&[nat[0], "in 20 allow tcp 32768-60999 0.0.0.0/0", nat[2], nat[3]], &app), "AclBack acl-pub");
    assert_eq!(base(&[nat[0], nat[1], nat[3]], &app), "AclThere acl-pub");
    assert_eq!(base(&nat[..3], &app), "AclBack acl-pub");
    assert_eq!(base(&nat, &[app[0], "in 10 allow tcp 32768-60999 10.0.0.0/16"]), "AclBack acl-app");
    assert_eq!(base(&nat, &app[1..]), "AclThere acl-app");
}

/// Who on the internet is let in: some address is enough, and some port of it.
#[test]
fn somebody_on_the_internet_is_enough() {
    let base = |ingress: &str, entries: &[&str]| {
        let mut net = net();
        net.subnet("pub", "10.0.0.0/24").table("rtb-pub", &[("0.0.0.0/0", "igw-1")], &["pub"]);
        net.group("sg-web", &[ingress]).acl("acl-pub", &["pub"], entries);
        net.interface("web", "pub", "10.0.0.10", &["sg-web"]).public("203.0.113.10");
        net.ask("internet > web tcp 443")
    };
    let back = "out 10 allow tcp 1024-65535 0.0.0.0/0";
    assert_eq!(base("tcp 443 from 8.8.8.8/32", &["in 10 allow all 0.0.0.0/0", back]), "reached");
    assert_eq!(base("tcp 443 from 10.0.0.0/8", &["in 10 allow all 0.0.0.0/0", back]), "GroupIn sg-web");
    assert_eq!(base("tcp 443 from 8.8.8.8/32", &["in 9 deny tcp 443 8.8.0.0/16", "in 10 allow all 0.0.0.0/0", back]), "GroupIn sg-web");
    assert_eq!(base("tcp 443 from 8.0.0.0/8", &["in 9 deny tcp 443 8.0.0.0/9", "in 10 allow all 0.0.0.0/0", back]), "reached");
    assert_eq!(base("tcp 443 from 0.0.0.0/0", &["in 10 allow all 0.0.0.0/0", "out 10 allow tcp 2000-2001 0.0.0.0/0"]), "reached");
    assert_eq!(base("tcp 443 from 0.0.0.0/0", &["in 10 allow all 0.0.0.0/0", "out 10 allow tcp 80 0.0.0.0/0"]), "AclBack acl-pub");
    assert_eq!(base("tcp 443 from 8.0.0.0/8", &["in 10 allow all 0.0.0.0/0", "out 10 allow tcp 1024-65535 9.0.0.0/8"]), "AclBack acl-pub");
}
