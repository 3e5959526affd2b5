//! Route tables, gateways and public addresses.

use crate::support::net::{Net, net};

const OUT: &str = "all to 0.0.0.0/0";

/// A public subnet with `web` (public address), a private one with `app` behind a NAT gateway.
fn shop() -> Net {
    let mut net = net();
    net.subnet("pub", "10.0.0.0/24").subnet("app", "10.0.1.0/24").subnet("alone", "10.0.9.0/24");
    net.table("rtb-pub", &[("0.0.0.0/0", "igw-1"), ("::/0", "igw-1")], &["pub"]);
    net.table("rtb-app", &[("0.0.0.0/0", "nat-1"), ("::/0", "eigw-1")], &["app"]);
    net.nat("nat-1", "pub", "198.51.100.7");
    net.group("sg-web", &["tcp 443 from 0.0.0.0/0", "tcp 443 from ::/0", OUT, "all to ::/0"]);
    net.group("sg-app", &["tcp 8080 from sg-web", "tcp 8080 from ::/0", OUT, "all to ::/0"]);
    net.interface("web", "pub", "10.0.0.10", &["sg-web"]).public("203.0.113.10").v6("2600:1f18:1::10");
    net.interface("app", "app", "10.0.1.10", &["sg-app"]).v6("2600:1f18:1:1::10");
    net.interface("alone", "alone", "10.0.9.10", &["sg-app"]);
    net
}

/// VPC user guide, "Internet gateways": a route to it, and a public address.
#[test]
fn the_internet_reaches_a_public_address_behind_an_internet_gateway() {
    shop().check(&[
        ("internet > web tcp 443", "reached"),
        ("internet > web tcp 22", "GroupIn sg-web"),
        ("203.0.113.200 > web tcp 443", "reached"),
        ("internet > app tcp 8080", "Gateway eni-app"),
        ("web > internet tcp 443", "reached"),
        ("web > 192.0.2.1 tcp 443", "reached"),
    ]);
}

/// "NAT gateways": outbound only, from the gateway's own subnet on.
#[test]
fn a_nat_gateway_leads_out_and_not_in() {
    let mut net = shop();
    net.check(&[
        ("app > internet tcp 443", "reached"),
        ("alone > internet tcp 443", "Route rtb-main"),
        ("internet > app tcp 8080 v6", "Route rtb-app"),
    ]);
    net.edit("nat-1", "/State", "pending".into());
    net.check(&[("app > internet tcp 443", "Gateway nat-1")]);
}

/// A NAT gateway whose own subnet has no route to an internet gateway leads nowhere ("Troubleshoot NAT gateways").
#[test]
fn a_nat_gateway_in_a_private_subnet_leads_nowhere() {
    let mut net = shop();
    net.remove("rtb-pub").check(&[("app > internet tcp 443", "Route rtb-main")]);
}

/// An instance without a public address in a public subnet: the internet gateway drops its packets.
#[test]
fn without_a_public_address_an_internet_gateway_does_not_help() {
    let mut net = shop();
    net.interface("dark", "pub", "10.0.0.11", &["sg-web"]);
    net.check(&[("dark > internet tcp 443", "Gateway igw-1"), ("internet > dark tcp 443", "Gateway eni-dark")]);
}

/// "Egress-only internet gateways": IPv6, outbound.
#[test]
fn an_egress_only_gateway_leads_out_and_not_in() {
    shop().check(&[
        ("app > internet tcp 443 v6", "reached"),
        ("web > internet tcp 443 v6", "reached"),
        ("internet > web tcp 443 v6", "reached"),
        ("internet > app tcp 8080 v6", "Route rtb-app"),
        ("web > app tcp 8080 v6", "reached"),
        ("alone > internet tcp 443 v6", "Absent eni-alone"),
    ]);
}

/// By its public address an interface of the same VPC is called from outside: rules by group do not match (EC2 user guide,
/// "Security group referencing": private addresses).
#[test]
fn a_public_address_is_called_from_outside_even_from_within() {
    let mut net = shop();
    net.check(&[("app > web tcp 443 public", "reached"), ("web > app tcp 8080 public", "Gateway eni-app")]);
    net.group("sg-web", &["tcp 443 from sg-app", OUT])
        .check(&[("app > web tcp 443", "reached"), ("app > web tcp 443 public", "GroupIn sg-web")]);
    net.group("sg-web", &["tcp 443 from 198.51.100.7/32", OUT])
        .check(&[("app > web tcp 443 public", "reached"), ("app > web tcp 443", "GroupIn sg-web")]);
}

/// "How route priority works": the longest prefix wins; the main table serves who has none of his own.
#[test]
fn the_most_specific_route_wins() {
    let mut net = shop();
    net.table("rtb-x", &[("0.0.0.0/0", "igw-1"), ("203.0.113.0/24", "nat-1"), ("203.0.113.128/25", "pcx-1")], &["alone"]);
    net.check(&[
        ("alone > 203.0.113.5 tcp 443", "reached"),
        ("alone > 203.0.113.200 tcp 443", "Edge pcx-1"),
        ("alone > 192.0.2.1 tcp 443", "Gateway igw-1"),
    ]);
}

/// What leads out of the model is said to.
#[test]
fn peering_and_transit_gateways_are_the_edge_of_the_model() {
    let mut net = shop();
    net.table("rtb-x", &[("10.9.0.0/16", "pcx-1"), ("0.0.0.0/0", "tgw-1")], &["alone"]);
    net.check(&[
        ("alone > 10.9.1.1 tcp 443", "Edge pcx-1"),
        ("10.9.1.1 > alone tcp 8080", "Gateway eni-alone"),
        ("alone > internet tcp 443", "Edge tgw-1"),
    ]);
}

/// A route whose target is gone is a black hole.
#[test]
fn a_black_hole_swallows() {
    let mut net = shop();
    net.edit("rtb-app", "/Routes/2/State", "blackhole".into()).check(&[("app > internet tcp 443", "Route rtb-app")]);
}

/// A connection keeps to its gateway: another one has another address ("Change a subnet's route table": dropped unless the new
/// table has the same target for it).
#[test]
fn a_connection_does_not_survive_another_gateway() {
    let before = shop();
    let mut after = shop();
    after.edit("rtb-app", "/Routes/2/NatGatewayId", "nat-2".into()).nat("nat-2", "pub", "198.51.100.8");
    assert_eq!(before.stands(&after, "app > internet tcp 443"), "Gateway nat-2");
    assert_eq!(before.stands(&after, "web > app tcp 8080"), "reached");
}
