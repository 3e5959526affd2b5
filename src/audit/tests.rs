//! Given these resources, these findings.

use serde_json::{Value, json};

use super::*;
use crate::graph::sample::{group, inventory, placed, spine, subnet, table, thing, workload};

/// `rule severity resource`, in the order of the report.
fn found(resources: Vec<Value>) -> Vec<String> {
    audit(&inventory(resources)).iter().map(|f| format!("{} {} {}", f.rule, f.severity.name(), f.resource)).collect()
}

/// A private subnet.
fn home() -> Vec<Value> {
    vec![subnet("subnet-1", "a"), table("rtb-1", json!({ "nat": "nat-1" }), &["subnet-1"])]
}

/// A public subnet.
fn street() -> Vec<Value> {
    vec![subnet("subnet-1", "a"), table("rtb-1", json!({ "internet_gateway": "igw-1" }), &["subnet-1"])]
}

fn with(mut base: Vec<Value>, more: Vec<Value>) -> Vec<Value> {
    base.extend(more);
    base
}

fn doc(mut resource: Value, doc: Value) -> Value {
    resource["doc"] = doc;
    resource
}

fn facet(mut resource: Value, key: &str, value: Value) -> Value {
    resource["facets"][key] = value;
    resource
}

fn balancer(id: &str, facing: bool, groups: &[&str], targets: &[&str]) -> Value {
    let listeners = json!([{ "protocol": "tcp", "from": 443, "to": 443 }]);
    let balancing = json!({ "internet_facing": facing, "flavour": "application", "listeners": listeners, "target_groups": targets });
    facet(thing(id, "load_balancer", "balancer", placed(&["subnet-1"], groups)), "balancing", balancing)
}

fn check(resources: Vec<Value>, expected: &[&str]) {
    assert_eq!(found(resources.clone()), expected, "{resources:#?}");
}

#[test]
fn a_name_that_holds_an_address_is_told_with_whose_it_is() {
    let answers = json!({ "addresses": ["10.0.1.10", "10.9.9.9"], "ttl_s": 300 });
    let interface = thing("eni-1", "network_interface", "interface", json!({ "owner": "i-1", "private_addresses": ["10.0.1.10"] }));
    let resources =
        vec![workload("i-1", &["subnet-1"], &[]), interface, facet(thing("dns:a", "dns_record", "name", json!({})), "answers", answers)];
    let resources = with(home(), resources);
    check(resources.clone(), &["named-address info dns:a"]);
    assert!(audit(&inventory(resources))[0].what.ends_with("leads to 10.0.1.10 of i-1, 10.9.9.9."));
}

#[test]
fn what_sits_in_a_public_subnet_is_found_and_what_does_not_is_not() {
    let instance = || workload("i-1", &["subnet-1"], &["sg-1"]);
    let quiet = || group("sg-1", &["tcp 80 10.0.0.0/16"]);
    check(with(home(), vec![instance(), quiet()]), &[]);
    check(with(street(), vec![instance(), quiet()]), &["public-workload high i-1"]);
    let through = json!({ "placement": { "subnets": ["subnet-1"], "zones": [], "through": "dbgroup:g" } });
    let subnets = json!({ "placement": { "subnets": ["subnet-1"], "zones": [], "through": null } });
    check(
        with(
            street(),
            vec![thing("db:a", "db_instance", "workload", through), thing("dbgroup:g", "db_subnet_group", "subnet_group", subnets)],
        ),
        &["public-workload high db:a", "public-subnet-group low dbgroup:g"],
    );
    check(with(street(), vec![balancer("lb:in", false, &[], &[])]), &["internal-balancer-public medium lb:in"]);
    check(with(street(), vec![balancer("lb:out", true, &[], &[])]), &[]);
    let giving = doc(subnet("subnet-2", "b"), json!({ "MapPublicIpOnLaunch": true }));
    check(with(home(), vec![giving.clone()]), &["public-by-default low subnet-2"]);
    check(vec![giving, table("rtb-1", json!({ "internet_gateway": "igw-1" }), &[])], &["public-by-default medium subnet-2"]);
}

#[test]
fn public_addresses_are_worse_behind_an_open_group() {
    let addressed =
        || facet(workload("i-1", &["subnet-1"], &["sg-1"]), "public_addresses", json!([{ "ip": "198.51.100.7", "allocation": null }]));
    check(with(home(), vec![addressed(), group("sg-1", &["tcp 80 10.0.0.0/16"])]), &["public-address high i-1"]);
    check(
        with(home(), vec![addressed(), group("sg-1", &["tcp 80 0.0.0.0/0"])]),
        &["open-group critical sg-1", "public-address critical i-1"],
    );
    let base = facet(thing("db:a", "db_instance", "workload", placed(&["subnet-1"], &["sg-1"])), "publicly_accessible", json!(true));
    let database = || facet(base.clone(), "listens", json!([{ "protocol": "tcp", "from": 7654, "to": 7654 }]));
    check(with(home(), vec![database(), group("sg-1", &["tcp 7654 10.0.0.0/16"])]), &["public-database high db:a"]);
    check(
        with(home(), vec![database(), group("sg-1", &["tcp 7654 0.0.0.0/0"])]),
        &["open-database critical sg-1", "open-group critical sg-1", "public-database critical db:a"],
    );
}

#[test]
fn an_address_is_elastic_if_the_account_lists_it() {
    let addressed =
        facet(workload("i-1", &["subnet-1"], &[]), "public_addresses", json!([{ "ip": "198.51.100.7", "allocation": "elastic" }]));
    let what = |resources: Vec<Value>| {
        audit(&inventory(resources)).into_iter().find(|f| f.rule == "public-address").map(|f| f.what).unwrap_or_default()
    };
    assert!(what(with(home(), vec![addressed.clone()])).contains("automatic"));
    let elastic = thing(
        "eipalloc-1",
        "elastic_ip",
        "address",
        json!({ "owner": "i-1", "public_addresses": [{ "ip": "198.51.100.7", "allocation": "eipalloc-1" }] }),
    );
    assert!(what(with(home(), vec![addressed, elastic])).contains("(elastic)"));
}

#[test]
fn open_groups_are_found_however_the_world_is_written() {
    let worn = |rules: &[&str]| with(home(), vec![workload("i-1", &["subnet-1"], &["sg-1"]), group("sg-1", rules)]);
    check(worn(&["tcp 8000 0.0.0.0/0"]), &["open-group high sg-1"]);
    check(worn(&["tcp 8000 ::/0"]), &["open-group high sg-1"]);
    check(worn(&["tcp 8000 0.0.0.0/1", "tcp 8000 128.0.0.0/1"]), &["open-group high sg-1"]);
    check(worn(&["tcp 8000 0.0.0.0/2", "tcp 8000 64.0.0.0/2", "tcp 8000 128.0.0.0/2", "tcp 8000 192.0.0.0/2"]), &["open-group high sg-1"]);
    check(worn(&["tcp 8000 203.0.113.0/24", "tcp 8000 10.0.0.0/8"]), &[]);
    check(worn(&["tcp 22 0.0.0.0/0"]), &["open-ssh critical sg-1", "open-group high sg-1"]);
    check(worn(&["tcp 3000-4000 ::/0"]), &["open-database critical sg-1", "open-rdp critical sg-1", "open-group high sg-1"]);
    check(
        worn(&["all 0.0.0.0/0"]),
        &[
            "open-database critical sg-1",
            "open-rdp critical sg-1",
            "open-ssh critical sg-1",
            "open-group high sg-1",
            "protocol-all high sg-1",
        ],
    );
    check(worn(&["udp 22 0.0.0.0/0"]), &["open-group high sg-1"]);
    check(vec![group("sg-1", &["tcp 22 0.0.0.0/0"])], &["open-group medium sg-1", "open-ssh medium sg-1", "unworn-group low sg-1"]);
}

#[test]
fn an_internet_facing_balancer_may_be_open_on_its_listeners_only() {
    let front = |rules: &[&str]| with(street(), vec![balancer("lb:out", true, &["sg-1"], &[]), group("sg-1", rules)]);
    check(front(&["tcp 443 0.0.0.0/0", "tcp 443 ::/0"]), &[]);
    check(front(&["tcp 443 0.0.0.0/0", "tcp 8080 0.0.0.0/0"]), &["open-group high sg-1"]);
    let mut shared = front(&["tcp 443 0.0.0.0/0"]);
    shared.extend([workload("i-1", &[], &["sg-1"])]);
    check(shared, &["open-group high sg-1", "shared-group high sg-1"]);
    let targets =
        json!({ "targets": { "members": [{ "target": "i-1", "port": 7000, "health": "healthy" }], "health_port": null, "drain_s": 300 } });
    let behind = |rules: &[&str]| {
        let more = vec![
            balancer("lb:net", true, &[], &["tg-1"]),
            thing("tg-1", "target_group", "target_group", targets.clone()),
            workload("i-1", &[], &["sg-1"]),
            group("sg-1", rules),
        ];
        with(street(), more)
    };
    check(behind(&["tcp 7000 0.0.0.0/0"]), &[]);
    check(behind(&["tcp 7001 0.0.0.0/0"]), &["open-group high sg-1"]);
}

#[test]
fn groups_are_judged_by_protocol_wearers_and_names() {
    let worn = |rules: &[&str]| vec![workload("i-1", &[], &["sg-1"]), group("sg-1", rules)];
    check(worn(&["all 10.0.0.0/8"]), &["protocol-all high sg-1"]);
    check(worn(&["all sg-1"]), &["protocol-all medium sg-1"]);
    check(worn(&["tcp 80 sg-gone"]), &["dangling-rule low sg-1"]);
    check(with(worn(&[]), vec![thing("function:f", "lambda_function", "workload", placed(&[], &["sg-1"]))]), &["shared-group medium sg-1"]);
    check(with(worn(&[]), vec![workload("i-2", &[], &["sg-1"])]), &[]);
    check(
        vec![workload("i-1", &[], &["sg-1"]), doc(group("sg-1", &[]), json!({ "GroupName": "default" }))],
        &["default-group medium sg-1"],
    );
    check(vec![doc(group("sg-1", &[]), json!({ "GroupName": "default" }))], &[]);
    let peered = json!({ "IpPermissions": [{ "UserIdGroupPairs": [{ "GroupId": "sg-gone", "VpcPeeringConnectionId": "pcx-1" }] }] });
    check(vec![workload("i-1", &[], &["sg-1"]), doc(group("sg-1", &["tcp 80 sg-gone"]), peered)], &[]);
}

#[test]
fn interfaces_are_explained_by_databases_or_reported() {
    let interface =
        |owner: Value| facet(thing("eni-1", "network_interface", "interface", placed(&["subnet-1"], &["sg-1"])), "owner", owner);
    let quiet = || group("sg-1", &[]);
    check(with(street(), vec![interface(Value::Null), quiet()]), &["unknown-interface high eni-1"]);
    check(with(home(), vec![interface(Value::Null), quiet()]), &["unknown-interface low eni-1"]);
    check(with(street(), vec![interface(json!("service:efs")), quiet()]), &["service-interface low eni-1"]);
    let database = thing("db:a", "db_instance", "workload", placed(&["subnet-1"], &["sg-1"]));
    check(with(home(), vec![interface(json!("service:rds")), quiet(), database]), &[]);
    check(with(home(), vec![interface(json!("i-1")), quiet(), workload("i-1", &["subnet-1"], &["sg-1"])]), &[]);
}

#[test]
fn leftovers_and_gaps_are_named() {
    let acl = |default: bool| {
        doc(thing("acl-1", "network_acl", "acl", placed(&["subnet-1"], &[])), json!({ "IsDefault": default, "Entries": [{}, {}] }))
    };
    check(vec![acl(true)], &[]);
    check(vec![acl(false)], &["custom-acl info acl-1"]);
    check(vec![thing("eipalloc-1", "elastic_ip", "address", json!({}))], &["idle-address low eipalloc-1"]);
    let mut dead = table("rtb-1", json!({ "nat": "nat-gone" }), &[]);
    dead["facets"]["routing"]["routes"][1]["blackhole"] = json!(true);
    check(vec![dead], &["blackhole-route medium rtb-1"]);
    let mut blind = inventory(vec![group("sg-1", &[])]);
    blind
        .missing
        .push(crate::model::inventory::Missing { operation: "ec2:DescribeNetworkInterfaces".into(), why: "UnauthorizedOperation".into() });
    let rules: Vec<&str> = audit(&blind).iter().map(|finding| finding.rule).collect();
    assert_eq!(rules, ["missing-permission"], "that nothing wears a group cannot be said");
}

#[test]
fn the_spine_account_has_the_story_s_faults() {
    let findings = audit(&spine());
    let of = |rule: &str| findings.iter().filter(|finding| finding.rule == rule).map(|finding| finding.name.as_str()).collect::<Vec<_>>();
    assert_eq!(of("open-group"), ["default-all"]);
    assert_eq!(of("shared-group"), ["default-all"]);
    assert_eq!(of("public-database"), ["pg-multi", "pg-single"]);
    assert_eq!(of("public-workload"), ["app-1", "app-2", "bastion", "billing", "orders", "pg-multi", "pg-single", "reports"]);
    assert_eq!(of("unworn-group"), ["legacy-ref"]);
    assert_eq!(of("service-interface"), [] as [&str; 0], "RDS's interfaces are the databases'");
    assert!(findings.is_sorted_by_key(|finding| (finding.severity, finding.rule)));
}

#[test]
fn codes_are_unique() {
    let codes: std::collections::BTreeSet<&str> = RULES.iter().map(|rule| rule.code).collect();
    assert_eq!(codes.len(), RULES.len());
    assert!(rule("open-ssh").is_some() && rule("no-such-rule").is_none());
}

#[test]
fn text_fits_its_width_and_has_colour_only_when_asked() {
    let inventory = spine();
    let findings = audit(&inventory);
    let plain = text(&inventory, &findings, 80, false);
    assert!(plain.lines().all(|line| line.chars().count() <= 80), "{plain}");
    assert!(!plain.contains('\u{1b}'));
    assert!(text(&inventory, &findings, 80, true).contains("\u{1b}[1;31m"));
    assert!(text(&inventory, &[], 80, false).contains("No findings."));
    let hostile = crate::graph::sample::named("sg-1", "\u{1b}[2J\u{202e}引越し\nHIGH (1)", "security_group", "group", json!({}));
    let inventory = crate::graph::sample::inventory(vec![hostile]);
    let plain = text(&inventory, &audit(&inventory), 80, false);
    assert!(!plain.contains('\u{1b}') && !plain.contains('\u{202e}') && !plain.contains("\nHIGH"), "{plain}");
}

#[test]
fn json_counts_and_lists() {
    let inventory = spine();
    let findings = audit(&inventory);
    let page: Value = serde_json::from_str(&super::json(&inventory, &findings)).expect("JSON");
    assert_eq!(page["version"], 1);
    assert_eq!(page["findings"].as_array().map(Vec::len), Some(findings.len()));
    let total: u64 = page["summary"].as_object().into_iter().flat_map(|counts| counts.values().filter_map(Value::as_u64)).sum();
    assert_eq!(total, findings.len() as u64);
    let keys: Vec<&str> = page["findings"][0].as_object().into_iter().flat_map(|f| f.keys().map(String::as_str)).collect();
    assert!(["rule", "severity", "resource", "name", "kind", "what", "why", "way_out", "evidence"].iter().all(|key| keys.contains(key)));
}
