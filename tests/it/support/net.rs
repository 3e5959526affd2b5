//! A network in a few words: documents in AWS's shape, read by the kinds, asked by `reach`.
//!
//! Rules and entries are written as a person would say them: `tcp 5432 from sg-app`, `all to 0.0.0.0/0`,
//! `in 100 allow tcp 1024-65535 0.0.0.0/0`. Interfaces are called by their ids without `eni-`.

use hikkoshi::kinds;
use hikkoshi::model::id::Id;
use hikkoshi::model::network::Protocol;
use hikkoshi::model::resource::Resource;
use hikkoshi::reach::{Block, By, Fabric, Question, Side, Verdict, ask, stands};
use serde_json::{Value, json};

/// The VPC's id.
const VPC: &str = "vpc-1";

/// A network being drawn.
#[derive(Clone, Default)]
pub struct Net {
    docs: Vec<(&'static str, Value)>,
}

/// `10.0.0.0/16` and `2600:1f18:1::/56`, an internet gateway, an egress-only one, a default ACL that lets all through, and a
/// main table with the local routes alone.
pub fn net() -> Net {
    let mut net = Net::default();
    net.add(
        "vpc",
        json!({ "VpcId": VPC, "CidrBlock": "10.0.0.0/16", "State": "available",
            "CidrBlockAssociationSet": [{ "CidrBlock": "10.0.0.0/16", "CidrBlockState": { "State": "associated" } }],
            "Ipv6CidrBlockAssociationSet": [{ "Ipv6CidrBlock": "2600:1f18:1::/56", "Ipv6CidrBlockState": { "State": "associated" } }] }),
    );
    net.add("internet_gateway", json!({ "InternetGatewayId": "igw-1", "Attachments": [{ "VpcId": VPC, "State": "available" }] }));
    net.add(
        "egress_only_gateway",
        json!({ "EgressOnlyInternetGatewayId": "eigw-1", "Attachments": [{ "VpcId": VPC, "State": "attached" }] }),
    );
    let open = ["in 100 allow all 0.0.0.0/0", "in 101 allow all ::/0", "out 100 allow all 0.0.0.0/0", "out 101 allow all ::/0"];
    net.acl("acl-default", &[], &open).edit("acl-default", "/IsDefault", json!(true));
    net.table("rtb-main", &[], &[]).edit(
        "rtb-main",
        "/Associations",
        json!([{ "RouteTableAssociationId": "rtbassoc-main", "RouteTableId": "rtb-main", "Main": true }]),
    );
    net
}

impl Net {
    /// A document as AWS describes the thing.
    pub fn add(&mut self, kind: &'static str, doc: Value) -> &mut Net {
        self.docs.push((kind, doc));
        self
    }

    /// Changes what a thing's document says at a JSON pointer.
    pub fn edit(&mut self, id: &str, pointer: &str, value: Value) -> &mut Net {
        let parsed =
            |kind: &str, doc: &Value| kinds::kind(kind).and_then(|kind| kind.parse(&doc.clone().into(), &VPC.into())).map(|r| r.id);
        let (_, doc) = self.docs.iter_mut().find(|(kind, doc)| parsed(kind, doc) == Some(id.into())).expect("the thing is drawn");
        let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
        doc.pointer_mut(parent).expect("the pointer's parent")[key] = value;
        self
    }

    /// Takes a thing away.
    pub fn remove(&mut self, id: &str) -> &mut Net {
        self.docs.retain(|(kind, doc)| {
            kinds::kind(kind).and_then(|kind| kind.parse(&doc.clone().into(), &VPC.into())).is_none_or(|r| r.id != id.into())
        });
        self
    }

    /// A subnet `subnet-NAME` in zone `us-east-1a`, with an IPv6 range where `v6` names one.
    pub fn subnet(&mut self, name: &str, range: &str) -> &mut Net {
        self.add(
            "subnet",
            json!({ "SubnetId": format!("subnet-{name}"), "VpcId": VPC, "CidrBlock": range, "AvailabilityZone": "us-east-1a", "State": "available" }),
        )
    }

    /// A route table with these routes (`destination target`) beside the local ones, for these subnets.
    pub fn table(&mut self, id: &str, routes: &[(&str, &str)], subnets: &[&str]) -> &mut Net {
        let mut list = vec![
            json!({ "DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "Origin": "CreateRouteTable", "State": "active" }),
            json!({ "DestinationIpv6CidrBlock": "2600:1f18:1::/56", "GatewayId": "local", "Origin": "CreateRouteTable", "State": "active" }),
        ];
        list.extend(routes.iter().map(|(destination, target)| route(destination, target)));
        let associations: Vec<Value> = subnets
            .iter()
            .map(|subnet| json!({ "RouteTableAssociationId": format!("rtbassoc-{subnet}"), "SubnetId": format!("subnet-{subnet}"), "Main": false }))
            .collect();
        self.add("route_table", json!({ "RouteTableId": id, "VpcId": VPC, "Routes": list, "Associations": associations }))
    }

    /// A network ACL around these subnets.
    pub fn acl(&mut self, id: &str, subnets: &[&str], entries: &[&str]) -> &mut Net {
        let associations: Vec<Value> = subnets.iter().map(|subnet| json!({ "SubnetId": format!("subnet-{subnet}") })).collect();
        let mut entries: Vec<Value> = entries.iter().map(|text| entry(text)).collect();
        for egress in [false, true] {
            entries
                .push(json!({ "Egress": egress, "RuleNumber": 32767, "RuleAction": "deny", "Protocol": "-1", "CidrBlock": "0.0.0.0/0" }));
        }
        self.add(
            "network_acl",
            json!({ "NetworkAclId": id, "VpcId": VPC, "IsDefault": false, "Entries": entries, "Associations": associations }),
        )
    }

    /// A security group.
    pub fn group(&mut self, id: &str, rules: &[&str]) -> &mut Net {
        let of =
            |word: &str| -> Vec<Value> { rules.iter().filter(|rule| rule.contains(word)).map(|rule| permission(rule, word)).collect() };
        let doc = json!({ "GroupId": id, "GroupName": id, "VpcId": VPC, "IpPermissions": of(" from "), "IpPermissionsEgress": of(" to ") });
        self.docs.retain(|(_, doc)| doc["GroupId"] != id);
        self.add("security_group", doc)
    }

    /// An interface `eni-NAME` of its own owner, in a subnet, with an address and groups.
    pub fn interface(&mut self, name: &str, subnet: &str, address: &str, groups: &[&str]) -> &mut Net {
        let groups: Vec<Value> = groups.iter().map(|id| json!({ "GroupId": id, "GroupName": id })).collect();
        let id = format!("eni-{name}");
        self.docs.retain(|(_, doc)| doc["NetworkInterfaceId"] != id.as_str());
        self.add(
            "network_interface",
            json!({ "NetworkInterfaceId": id, "VpcId": VPC, "SubnetId": format!("subnet-{subnet}"), "Status": "in-use", "Description": "",
                "PrivateIpAddresses": [{ "PrivateIpAddress": address, "Primary": true }], "Groups": groups, "Association": null,
                "Ipv6Addresses": [] }),
        )
    }

    /// Gives the interface drawn last a public address.
    pub fn public(&mut self, address: &str) -> &mut Net {
        self.docs.last_mut().expect("an interface").1["Association"] = json!({ "PublicIp": address, "IpOwnerId": "amazon" });
        self
    }

    /// Gives the interface drawn last an IPv6 address.
    pub fn v6(&mut self, address: &str) -> &mut Net {
        self.docs.last_mut().expect("an interface").1["Ipv6Addresses"] = json!([{ "Ipv6Address": address }]);
        self
    }

    /// A zonal NAT gateway in a subnet.
    pub fn nat(&mut self, id: &str, subnet: &str, public: &str) -> &mut Net {
        self.add(
            "nat_gateway",
            json!({ "NatGatewayId": id, "VpcId": VPC, "SubnetId": format!("subnet-{subnet}"), "State": "available", "ConnectivityType": "public",
                "NatGatewayAddresses": [{ "PublicIp": public, "AllocationId": "eipalloc-1" }] }),
        )
    }

    /// A gateway endpoint; its routes are drawn in tables.
    pub fn gateway_endpoint(&mut self, id: &str, service: &str) -> &mut Net {
        self.add(
            "vpc_endpoint",
            json!({ "VpcEndpointId": id, "VpcId": VPC, "ServiceName": format!("com.amazonaws.us-east-1.{service}"), "VpcEndpointType": "Gateway",
                "State": "available", "RouteTableIds": [], "SubnetIds": [], "Groups": [], "PrivateDnsEnabled": false }),
        )
    }

    /// An interface endpoint with private DNS, and its interface `eni-ID` in a subnet.
    pub fn interface_endpoint(&mut self, id: &str, service: &str, subnet: &str, address: &str, groups: &[&str]) -> &mut Net {
        let interface = format!("eni-{id}");
        self.add(
            "vpc_endpoint",
            json!({ "VpcEndpointId": id, "VpcId": VPC, "ServiceName": format!("com.amazonaws.us-east-1.{service}"), "VpcEndpointType": "Interface",
                "State": "available", "SubnetIds": [format!("subnet-{subnet}")], "PrivateDnsEnabled": true, "NetworkInterfaceIds": [interface],
                "Groups": groups.iter().map(|id| json!({ "GroupId": id })).collect::<Vec<_>>() }),
        );
        self.interface(id, subnet, address, groups);
        let doc = &mut self.docs.last_mut().expect("the interface").1;
        doc["InterfaceType"] = json!("vpc_endpoint");
        doc["Description"] = json!(format!("VPC Endpoint Interface {id}"));
        self
    }

    /// A managed prefix list `pl-NAME` with these entries.
    pub fn list(&mut self, id: &str, entries: &[&str]) -> &mut Net {
        let entries: Vec<Value> = entries.iter().map(|range| json!({ "Cidr": range })).collect();
        self.add(
            "prefix_list",
            json!({ "PrefixListId": id, "PrefixListName": id, "VpcId": VPC, "OwnerId": "123456789012", "MaxEntries": 10, "Prefixes": entries }),
        )
    }

    /// What the kinds make of it.
    pub fn resources(&self) -> Vec<Resource> {
        let parse = |(kind, doc): &(&'static str, Value)| kinds::kind(kind).expect("a kind").parse(&doc.clone().into(), &VPC.into());
        self.docs.iter().map(|drawn| parse(drawn).unwrap_or_else(|| panic!("{} does not parse: {}", drawn.0, drawn.1))).collect()
    }

    /// Its facts.
    pub fn fabric(&self) -> Fabric {
        Fabric::new(&self.resources())
    }

    /// The answer to a question in words, see [`question`], as one line: `reached`, or what blocks it and where.
    pub fn ask(&self, text: &str) -> String {
        line(&ask(&self.fabric(), &question(text)))
    }

    /// What becomes of a connection made here, in another state of the network.
    pub fn stands(&self, after: &Net, text: &str) -> String {
        line(&stands(&self.fabric(), &after.fabric(), &question(text)))
    }

    /// Asks many questions, each with the answer that it must get.
    #[track_caller]
    pub fn check(&self, expected: &[(&str, &str)]) {
        let fabric = self.fabric();
        for (text, answer) in expected {
            let verdict = ask(&fabric, &question(text));
            assert_eq!(line(&verdict), *answer, "{text}: {verdict:#?}");
        }
    }
}

/// `reached`, or `GroupIn sg-db`.
pub fn line(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Reached(_) => "reached".to_owned(),
        Verdict::Blocked(blocked) => {
            let block: Block = blocked.block;
            format!("{block:?} {}", blocked.at)
        }
    }
}

/// `app > db tcp 5432`, `internet > web tcp 443`, `app > service:s3 tcp 443`, `app > 203.0.113.9 udp 53`; at the end `public` or
/// `v6` says by which address.
pub fn question(text: &str) -> Question {
    let words: Vec<&str> = text.split(' ').collect();
    let [from, ">", to, protocol, port, by @ ..] = words.as_slice() else { panic!("not a question: {text}") };
    let side = |text: &str| match (text, text.strip_prefix("service:"), text.parse()) {
        ("internet", ..) => Side::Internet,
        (_, Some(service), _) => Side::Service(service.to_owned()),
        (.., Ok(address)) => Side::Address(address),
        (name, ..) => Side::Node(Id::new(if name.contains('@') { name.to_owned() } else { format!("eni-{name}") })),
    };
    let by = match by {
        ["public"] => By::Public,
        ["v6"] => By::V6,
        _ => By::Private,
    };
    let protocol = if *protocol == "all" { Protocol::All } else { Protocol::parse(protocol) };
    Question { from: side(from), to: side(to), protocol, port: port.parse().expect("a port"), by }
}

/// A route's document, by its target's id.
pub fn route(destination: &str, target: &str) -> Value {
    let key = match target.split('-').next() {
        Some("nat") => "NatGatewayId",
        Some("eigw") => "EgressOnlyInternetGatewayId",
        Some("pcx") => "VpcPeeringConnectionId",
        Some("tgw") => "TransitGatewayId",
        Some("eni") => "NetworkInterfaceId",
        _ => "GatewayId",
    };
    let to = if destination.starts_with("pl-") {
        "DestinationPrefixListId"
    } else if destination.contains(':') {
        "DestinationIpv6CidrBlock"
    } else {
        "DestinationCidrBlock"
    };
    json!({ to: destination, key: target, "Origin": "CreateRoute", "State": "active" })
}

/// First and last port of `5432`, `1024-65535`; all where there is none.
fn ports(text: &str) -> (u16, u16) {
    let number = |text: &str| text.parse::<u16>().expect("a port");
    match text.split_once('-') {
        Some((from, to)) => (number(from), number(to)),
        None => (number(text), number(text)),
    }
}

/// `tcp 5432 from sg-app` as an element of `IpPermissions`; for ICMP the port is a type.
fn permission(text: &str, word: &str) -> Value {
    let (what, peer) = text.split_once(word).expect("a rule");
    let (protocol, port) = what.split_once(' ').map_or((what, None), |(protocol, port)| (protocol, Some(port)));
    let protocol = if protocol == "all" { "-1" } else { protocol };
    let mut permission = json!({ "IpProtocol": protocol, "IpRanges": [], "Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": [] });
    if protocol != "-1" {
        let icmp = protocol.starts_with("icmp");
        let (from, to) = port.map_or((if icmp { -1 } else { 0 }, if icmp { -1 } else { 65535 }), |port| {
            let (from, to) = ports(port);
            (i64::from(from), if icmp { -1 } else { i64::from(to) })
        });
        permission["FromPort"] = json!(from);
        permission["ToPort"] = json!(to);
    }
    let (list, peer) = match peer {
        group if group.starts_with("sg-") => ("UserIdGroupPairs", json!({ "GroupId": group })),
        list if list.starts_with("pl-") => ("PrefixListIds", json!({ "PrefixListId": list })),
        range if range.contains(':') => ("Ipv6Ranges", json!({ "CidrIpv6": range })),
        range => ("IpRanges", json!({ "CidrIp": range })),
    };
    permission[list] = json!([peer]);
    permission
}

/// `in 100 allow tcp 443 0.0.0.0/0` as an ACL's entry.
fn entry(text: &str) -> Value {
    let words: Vec<&str> = text.split(' ').collect();
    let (way, number, action, protocol, port, range) = match words.as_slice() {
        [way, number, action, protocol, range] => (*way, *number, *action, *protocol, None, *range),
        [way, number, action, protocol, port, range] => (*way, *number, *action, *protocol, Some(*port), *range),
        _ => panic!("not an entry: {text}"),
    };
    let protocol = match protocol {
        "all" => "-1",
        "tcp" => "6",
        "udp" => "17",
        "icmp" => "1",
        other => other,
    };
    let mut entry = json!({ "Egress": way == "out", "RuleNumber": number.parse::<u32>().expect("a number"), "RuleAction": action, "Protocol": protocol });
    entry[if range.contains(':') { "Ipv6CidrBlock" } else { "CidrBlock" }] = json!(range);
    if let Some(port) = port {
        let (from, to) = ports(port);
        if protocol == "1" {
            entry["IcmpTypeCode"] = json!({ "Type": from, "Code": -1 });
        } else {
            entry["PortRange"] = json!({ "From": from, "To": to });
        }
    } else if protocol == "1" {
        entry["IcmpTypeCode"] = json!({ "Type": -1, "Code": -1 });
    }
    entry
}
