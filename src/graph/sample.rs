//! Small inventories for tests: a resource in a line.

use serde_json::{Value, json};

use crate::model::inventory::Inventory;

/// A real look at the example's account, as the emulator shows it.
pub fn spine() -> Inventory {
    serde_json::from_str(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/spine-inventory.json")))
        .expect("the fixture is an inventory")
}

/// An inventory of these resources in `vpc-1`.
pub fn inventory(resources: Vec<Value>) -> Inventory {
    let page = json!({ "version": 1, "account": "123456789012", "region": "eu-west-1", "vpc": "vpc-1",
        "taken_at": "2026-11-23T10:00:00Z", "missing": [], "resources": resources });
    serde_json::from_value(page).expect("the sample is an inventory")
}

/// A resource that is called like its id.
pub fn thing(id: &str, kind: &str, role: &str, facets: Value) -> Value {
    named(id, id, kind, role, facets)
}

/// A resource with a name.
pub fn named(id: &str, name: &str, kind: &str, role: &str, facets: Value) -> Value {
    json!({ "id": id, "kind": kind, "role": role, "name": name, "facets": facets, "doc": {} })
}

/// A subnet.
pub fn subnet(id: &str, zone: &str) -> Value {
    thing(id, "subnet", "subnet", json!({ "placement": { "subnets": [id], "zones": [zone], "through": null }, "ranges": ["10.0.0.0/24"] }))
}

/// A route table whose default route leads somewhere; the main one where it has no subnets.
pub fn table(id: &str, hop: Value, subnets: &[&str]) -> Value {
    let associations: Vec<Value> = subnets.iter().map(|subnet| json!([subnet, format!("rtbassoc-{subnet}")])).collect();
    let routes = json!([
        { "destination": "10.0.0.0/16", "hop": "local", "blackhole": false, "propagated": false },
        { "destination": "0.0.0.0/0", "hop": hop, "blackhole": false, "propagated": false },
    ]);
    let routing = json!({ "routes": routes, "main": subnets.is_empty(), "associations": associations, "propagating": [] });
    thing(id, "route_table", "route_table", json!({ "routing": routing }))
}

/// A workload in subnets with groups.
pub fn workload(id: &str, subnets: &[&str], groups: &[&str]) -> Value {
    thing(id, "ec2_instance", "workload", placed(subnets, groups))
}

/// Facets of a thing in subnets with groups.
pub fn placed(subnets: &[&str], groups: &[&str]) -> Value {
    json!({ "placement": { "subnets": subnets, "zones": [], "through": null }, "guard": { "groups": groups } })
}

/// A security group with ingress rules, written as `tcp 22 0.0.0.0/0`, `all sg-1`, `tcp 1-10 10.0.0.0/8`.
pub fn group(id: &str, ingress: &[&str]) -> Value {
    let rules: Vec<Value> = ingress.iter().map(|text| rule(text)).collect();
    thing(id, "security_group", "group", json!({ "rules": { "ingress": rules, "egress": [] } }))
}

fn rule(text: &str) -> Value {
    let words: Vec<&str> = text.split(' ').collect();
    let (protocol, ports, peer) = match words.as_slice() {
        [protocol, ports, peer] => (*protocol, *ports, *peer),
        [protocol, peer] => (*protocol, "0-65535", *peer),
        _ => panic!("a rule is protocol, ports, peer; not {text}"),
    };
    let (from, to) = ports.split_once('-').unwrap_or((ports, ports));
    let port = |text: &str| text.parse::<u16>().expect("a port");
    let peer = if peer.contains('/') { json!({ "cidr": peer }) } else { json!({ "group": peer }) };
    json!({ "ports": { "protocol": protocol, "from": port(from), "to": port(to) }, "peer": peer })
}
