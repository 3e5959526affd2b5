//! AWS services: by endpoints, or over the internet.

use crate::support::net::{Net, net};

/// `app` behind a NAT gateway, `dark` without any way out.
fn shop() -> Net {
    let mut net = net();
    net.subnet("pub", "10.0.0.0/24").subnet("app", "10.0.1.0/24").subnet("dark", "10.0.2.0/24");
    net.table("rtb-pub", &[("0.0.0.0/0", "igw-1")], &["pub"]).table("rtb-app", &[("0.0.0.0/0", "nat-1")], &["app"]);
    net.nat("nat-1", "pub", "198.51.100.7").group("sg-app", &["all to 0.0.0.0/0"]);
    net.interface("app", "app", "10.0.1.10", &["sg-app"]).interface("dark", "dark", "10.0.2.10", &["sg-app"]);
    net
}

/// Without an endpoint a service is on the internet.
#[test]
fn a_service_without_an_endpoint_is_on_the_internet() {
    shop().check(&[("app > service:s3 tcp 443", "reached"), ("dark > service:s3 tcp 443", "Route rtb-main")]);
}

/// VPC user guide, "Gateway endpoints": where the table has the route, and a rule lets the prefix list or everything out.
#[test]
fn a_gateway_endpoint_leads_to_its_service_alone() {
    let mut net = shop();
    net.gateway_endpoint("vpce-s3", "s3").table("rtb-dark", &[("pl-s3", "vpce-s3")], &["dark"]);
    net.check(&[
        ("dark > service:s3 tcp 443", "reached"),
        ("dark > service:dynamodb tcp 443", "Route rtb-dark"),
        ("dark > internet tcp 443", "Route rtb-dark"),
    ]);
    net.group("sg-app", &["tcp 443 to pl-s3"])
        .check(&[("dark > service:s3 tcp 443", "reached"), ("app > service:s3 tcp 443", "GroupOut sg-app")]);
    net.group("sg-app", &["tcp 443 to pl-other"]).check(&[("dark > service:s3 tcp 443", "GroupOut sg-app")]);
    net.edit("vpce-s3", "/State", "pending".into()).group("sg-app", &["all to 0.0.0.0/0"]);
    net.check(&[("dark > service:s3 tcp 443", "Gateway vpce-s3")]);
}

/// "Interface endpoints", private DNS: the usual name leads to the endpoint in the whole VPC, whose group must let callers in.
#[test]
fn private_dns_leads_the_whole_vpc_to_the_endpoint() {
    let mut net = shop();
    net.group("sg-vpce", &["tcp 443 from 10.0.2.0/24"]).interface_endpoint("vpce-ecr", "ecr.api", "dark", "10.0.2.50", &["sg-vpce"]);
    net.check(&[
        ("dark > service:ecr.api tcp 443", "reached"),
        ("app > service:ecr.api tcp 443", "GroupIn sg-vpce"),
        ("app > service:logs tcp 443", "reached"),
        ("internet > service:ecr.api tcp 443", "Edge internet"),
    ]);
    net.edit("vpce-ecr", "/PrivateDnsEnabled", false.into());
    net.check(&[("app > service:ecr.api tcp 443", "reached"), ("dark > service:ecr.api tcp 443", "Route rtb-main")]);
    net.edit("vpce-ecr", "/PrivateDnsEnabled", true.into()).edit("vpce-ecr", "/State", "pending".into());
    net.check(&[("app > service:ecr.api tcp 443", "reached")]);
}

/// Attaching a gateway endpoint "disconnects open TCP connections" (VPC user guide, `vpce-gateway`); private DNS does not: who
/// has a connection asks no name again.
#[test]
fn a_gateway_endpoint_cuts_and_private_dns_does_not() {
    let before = shop();
    let mut attached = shop();
    attached.remove("rtb-app").gateway_endpoint("vpce-s3", "s3");
    attached.table("rtb-app", &[("0.0.0.0/0", "nat-1"), ("pl-s3", "vpce-s3")], &["app"]);
    assert_eq!(before.stands(&attached, "app > service:s3 tcp 443"), "Gateway vpce-s3");
    assert_eq!(before.stands(&attached, "app > service:logs tcp 443"), "reached");
    let mut named = shop();
    named.group("sg-vpce", &[]).interface_endpoint("vpce-logs", "logs", "dark", "10.0.2.50", &["sg-vpce"]);
    assert_eq!(named.ask("app > service:logs tcp 443"), "GroupIn sg-vpce");
    assert_eq!(before.stands(&named, "app > service:logs tcp 443"), "reached");
}

/// PrivateLink, NAT gateways: always tracked (EC2 user guide, "Automatically tracked connections").
#[test]
fn connections_through_endpoints_and_nat_are_always_tracked() {
    let mut before = shop();
    before.group("sg-app", &["all from 0.0.0.0/0", "all to 0.0.0.0/0"]).group("sg-vpce", &["all from 0.0.0.0/0", "all to 0.0.0.0/0"]);
    before.interface_endpoint("vpce-logs", "logs", "dark", "10.0.2.50", &["sg-vpce"]);
    before.interface("peer", "dark", "10.0.2.51", &["sg-app"]);
    let mut after = before.clone();
    after.group("sg-app", &["all to 0.0.0.0/0"]).group("sg-vpce", &[]);
    assert_eq!(before.stands(&after, "app > service:logs tcp 443"), "reached");
    assert_eq!(before.stands(&after, "app > internet tcp 443"), "reached");
    assert_eq!(before.stands(&after, "app > peer tcp 443"), "GroupOut sg-app");
}
