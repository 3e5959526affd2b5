//! Managed prefix lists: what their entries let in, let out and lead where; nothing where nobody knows them.

use crate::support::net::{Net, net};

/// A public subnet with `web`, whose group names the offices by a list, and a subnet `app` with a peer's ranges in a list.
fn shop() -> Net {
    let mut net = net();
    net.subnet("pub", "10.0.0.0/24").subnet("app", "10.0.1.0/24");
    net.table("rtb-pub", &[("0.0.0.0/0", "igw-1")], &["pub"]).table("rtb-app", &[("0.0.0.0/0", "nat-1")], &["app"]);
    net.nat("nat-1", "pub", "198.51.100.7");
    net.group("sg-web", &["tcp 443 from pl-offices", "all to 0.0.0.0/0"]).group("sg-app", &["tcp 443 to pl-partners"]);
    net.interface("web", "pub", "10.0.0.10", &["sg-web"]).public("203.0.113.10");
    net.interface("app", "app", "10.0.1.10", &["sg-app"]);
    net.list("pl-offices", &["198.51.100.0/25", "192.0.2.7/32"]).list("pl-partners", &["198.51.100.128/25", "2600:1f18:9::/48"]);
    net
}

/// VPC user guide, "Reference prefix lists": a rule that names a list is a rule for each of its entries.
#[test]
fn a_rule_that_names_a_list_is_a_rule_for_each_entry() {
    shop().check(&[
        ("198.51.100.9 > web tcp 443", "reached"),
        ("192.0.2.7 > web tcp 443", "reached"),
        ("192.0.2.8 > web tcp 443", "GroupIn sg-web"),
        ("198.51.100.129 > web tcp 443", "GroupIn sg-web"),
        ("198.51.100.9 > web tcp 22", "GroupIn sg-web"),
        ("internet > web tcp 443", "reached"),
        ("app > 198.51.100.200 tcp 443", "reached"),
        ("app > 198.51.100.9 tcp 443", "GroupOut sg-app"),
    ]);
}

/// A list with nothing on it lets nobody in; of one whose entries could not be read nothing is known, which is no way in either.
#[test]
fn a_list_without_entries_lets_nobody_in() {
    let nobody = [("198.51.100.9 > web tcp 443", "GroupIn sg-web"), ("internet > web tcp 443", "GroupIn sg-web")];
    let mut net = shop();
    net.edit("pl-offices", "/Prefixes", serde_json::json!([])).check(&nobody);
    net.edit("pl-offices", "/Prefixes", serde_json::Value::Null).check(&nobody);
}

/// Interfaces inside the VPC are in a list by their private addresses.
#[test]
fn a_list_may_name_the_vpc_itself() {
    let mut net = shop();
    net.group("sg-app", &["tcp 8080 from pl-inside"]).list("pl-inside", &["10.0.0.0/28"]);
    net.interface("other", "pub", "10.0.0.77", &["sg-web"]);
    net.check(&[("web > app tcp 8080", "reached"), ("other > app tcp 8080", "GroupIn sg-app")]);
}

/// "How route priority works": the longest prefix wins, whoever names it; of equally long ones the static route.
#[test]
fn a_route_that_names_a_list_is_a_route_for_each_entry() {
    let mut net = shop();
    net.group("sg-app", &["all to 0.0.0.0/0"]).list("pl-site", &["198.51.100.0/24", "192.0.2.0/24"]);
    net.remove("rtb-app").table("rtb-app", &[("0.0.0.0/0", "nat-1"), ("pl-site", "tgw-1"), ("192.0.2.0/24", "nat-1")], &["app"]);
    net.check(&[
        ("app > 198.51.100.9 tcp 443", "Edge tgw-1"),
        ("app > 203.0.113.99 tcp 443", "reached"),
        ("app > 192.0.2.9 tcp 443", "reached"),
        ("app > internet tcp 443", "reached"),
    ]);
    // Whose ranges nobody knows may catch any packet.
    net.edit("pl-site", "/Prefixes", serde_json::Value::Null);
    net.check(&[("app > 203.0.113.99 tcp 443", "Edge rtb-app"), ("app > web tcp 443", "GroupIn sg-web")]);
}

/// Gateway endpoints: AWS's own list leads to the service, and each of its addresses must be let out and back.
#[test]
fn a_service_behind_a_gateway_endpoint_is_every_address_of_its_list() {
    let mut net = shop();
    net.gateway_endpoint("vpce-s3", "s3").list("pl-s3", &["3.5.0.0/19", "52.216.0.0/15"]);
    net.remove("rtb-app").table("rtb-app", &[("pl-s3", "vpce-s3")], &["app"]);
    net.group("sg-app", &["tcp 443 to pl-s3"]).check(&[("app > service:s3 tcp 443", "reached")]);
    net.group("sg-app", &["tcp 443 to 52.216.0.0/15"]).check(&[("app > service:s3 tcp 443", "GroupOut sg-app")]);
    net.group("sg-app", &["tcp 443 to 52.216.0.0/15", "tcp 443 to 3.5.0.0/19"]).check(&[("app > service:s3 tcp 443", "reached")]);
    net.group("sg-app", &["tcp 443 to pl-s3"]).edit("pl-s3", "/Prefixes", serde_json::json!([]));
    net.check(&[("app > service:s3 tcp 443", "GroupOut sg-app")]);
}
