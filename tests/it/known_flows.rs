//! Which flows must survive, and on what evidence.

use hikkoshi::model::flow::{End, Evidence, Flow};
use hikkoshi::model::inventory::Inventory;
use hikkoshi::model::network::Ports;
use hikkoshi::model::seen::{Seen, Watch, Window};
use hikkoshi::plan::{decide, flows, intent};
use serde_json::json;

use crate::support::account::{Docs, from_cidr, from_group, network, route, spine};
use crate::support::lab::head;

/// The flows of an account, one a line.
pub fn known(docs: &Docs, further: &str, seen: Option<&Seen>) -> Vec<String> {
    let inventory = docs.inventory();
    let intent = intent::parse(&format!("{}{further}", head())).unwrap_or_else(|problem| panic!("{problem}"));
    let decisions = decide::decide(&intent, &inventory).unwrap_or_else(|problem| panic!("{problem}"));
    let flows = flows::known(&intent, &inventory, seen, &decisions).unwrap_or_else(|problem| panic!("{problem}"));
    assert!(flows.iter().all(|flow| !flow.evidence.is_empty()), "a flow without evidence");
    flows.iter().map(|flow| line(flow, &inventory)).collect()
}

fn line(flow: &Flow, inventory: &Inventory) -> String {
    let end = |end: &End| match end {
        End::Resource(id) => inventory.name(id).to_owned(),
        other => other.to_string(),
    };
    let evidence: Vec<String> = flow.evidence.iter().map(Evidence::to_string).collect();
    format!("{} → {} {}: {}", end(&flow.from), end(&flow.to), flow.ports, evidence.join("; "))
}

/// What logs of so many days show.
pub fn seen(days: i64, flows: &[(End, End, Ports)]) -> Seen {
    let evidence = Evidence::Seen { records: 1204, first: "2026-11-01T00:00:00Z".into(), last: "2026-11-14T23:59:00Z".into() };
    let flow = |(from, to, ports): &(End, End, Ports)| Flow {
        from: from.clone(),
        to: to.clone(),
        ports: ports.clone(),
        evidence: vec![evidence.clone()],
    };
    let seconds = days * 24 * 3600;
    let watched = ["i-app-1", "i-app-2", "i-bastion", "i-web", "db:pg-single", "db:pg-multi", "lb:app", "lb:internal"];
    let watch = Watch { seconds, ..Watch::default() };
    Seen {
        window: Window { seconds, ..Window::default() },
        flows: flows.iter().map(flow).collect(),
        watched: watched.into_iter().map(|id| (id.into(), watch.clone())).collect(),
        ..Seen::nothing("123456789012", "us-east-1", &"vpc-shop".into())
    }
}

pub fn resource(id: &str) -> End {
    End::Resource(id.into())
}

#[track_caller]
fn has(lines: &[String], wanted: &[&str]) {
    for one in wanted {
        assert!(lines.iter().any(|line| line == one), "no \"{one}\" among\n{}", lines.join("\n"));
    }
}

#[track_caller]
fn has_not(lines: &[String], unwanted: &[&str]) {
    for one in unwanted {
        assert!(!lines.iter().any(|line| line.contains(one)), "\"{one}\" is among\n{}", lines.join("\n"));
    }
}

#[test]
fn the_account_itself_shows_what_must_survive() {
    let lines = known(&spine(), "flows: [{from: orders, to: app-1, port: 9000}]", None);
    has(
        &lines,
        &[
            "the internet → app tcp 80: listener of an internet-facing balancer",
            "app → app-1 tcp 8080: target of tg:app",
            "app → app-2 tcp 8080: target of tg:app",
            "orders → app-1 tcp 9000: declared in the intent",
            "orders → pg-multi tcp 5432: group sg-default-all lets it through today",
            "bastion → pg-single tcp 5432: group sg-default-all lets it through today",
            "app-1 → internal tcp 80: group sg-default-all lets it through today",
            "app-1 → the internet all traffic: group sg-default-all lets it through today",
            "app-1 → AWS service s3 tcp 443: group sg-default-all lets it through today",
        ],
    );
    // A function in a public subnet has no public address, and so no internet today; an instance listens nobody knows where.
    has_not(&lines, &["orders → the internet", "orders → AWS service", "→ bastion", "pg-single →", "the internet → pg"]);
}

#[test]
fn what_is_retired_has_no_flows() {
    has_not(&known(&spine(), "workloads: [{name: bastion, strategy: retire}]", None), &["bastion"]);
}

#[test]
fn health_checks_are_flows_too() {
    let mut docs = spine();
    docs.doc("arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/app/73e2d6bc24d8a067")["HealthCheckPort"] = json!("9999");
    let lines = known(&docs, "", None);
    has(&lines, &["app → app-1 tcp 8080: target of tg:app", "app → app-1 tcp 9999: target of tg:app"]);
}

#[test]
fn a_rule_is_for_whom_it_names_and_for_whom_his_own_groups_let_out() {
    let mut docs = network(&["a"]);
    docs.security();
    docs.group("web", vec![]);
    docs.group("narrow", vec![]);
    docs.group("db", vec![from_group(5432, "sg-web"), from_cidr("tcp", 5432, "10.50.0.0/16"), from_cidr("tcp", 22, "10.0.0.0/16")]);
    docs.doc("sg-narrow")["IpPermissionsEgress"] = json!([from_cidr("tcp", 443, "203.0.113.0/24")]);
    docs.instance("web", "a", &["sg-web"]);
    docs.instance("other", "a", &["sg-default"]);
    docs.instance("mute", "a", &["sg-web"]);
    docs.instance("narrow", "a", &["sg-narrow"]);
    docs.subnet_group("prod", &["a"]);
    docs.database("pg", "prod", &["a"]);
    docs.doc("pg")["VpcSecurityGroups"] = json!([{ "VpcSecurityGroupId": "sg-db", "Status": "active" }]);
    docs.doc("rtb-public")["Routes"].as_array_mut().expect("routes").push(route("10.50.0.0/16", "TransitGatewayId", "tgw-1"));
    let lines = known(&docs, "", None);
    has(
        &lines,
        &[
            "web → pg tcp 5432: group sg-db lets it through today",
            "10.50.0.0/16 → pg tcp 5432: group sg-db lets it through today",
            "web → 10.50.0.0/16 all traffic: group sg-web lets it through today",
            "narrow → 203.0.113.0/24 tcp 443: group sg-narrow lets it through today",
        ],
    );
    has_not(&lines, &["other → pg", "narrow → pg", "tcp 22", "narrow → the internet", "narrow → AWS service"]);
}

#[test]
fn what_logs_show_survives_as_far_as_todays_rules_let_it() {
    let mut docs = spine();
    docs.group("closed", vec![from_group(5432, "sg-default-all")]);
    docs.doc("pg-single")["VpcSecurityGroups"] = json!([{ "VpcSecurityGroupId": "sg-closed", "Status": "active" }]);
    let seen = seen(
        3,
        &[
            (resource("function:orders"), resource("i-bastion"), Ports::tcp(2222)),
            (resource("function:orders"), resource("db:pg-single"), Ports::tcp(6543)),
            (End::Internet, resource("i-bastion"), Ports::tcp(22)),
            (End::Internet, resource("lb:app"), Ports::tcp(80)),
            (End::Range("10.50.1.0/24".into()), resource("i-app-1"), Ports::tcp(8080)),
        ],
    );
    let lines = known(&docs, "", Some(&seen));
    let often = "seen 1,204 times 2026-11-01 to 2026-11-14";
    has(
        &lines,
        &[
            &format!("orders → bastion tcp 2222: {often}"),
            &format!("the internet → app tcp 80: {often}; listener of an internet-facing balancer"),
            &format!("10.50.1.0/24 → app-1 tcp 8080: {often}"),
            // Three days of logs are no reason to end what a rule allows.
            "billing → pg-single tcp 5432: group sg-closed lets it through today",
        ],
    );
    has_not(&lines, &["tcp 6543", "the internet → bastion"]);
}

#[test]
fn where_logs_cover_the_window_a_rule_alone_is_no_evidence() {
    let seen = seen(14, &[(resource("function:orders"), resource("db:pg-single"), Ports::tcp(5432))]);
    let lines = known(&spine(), "", Some(&seen));
    has(&lines, &["orders → pg-single tcp 5432: seen 1,204 times 2026-11-01 to 2026-11-14"]);
    has_not(&lines, &["billing → pg-single", "app-1 → pg-multi"]);
    let kept = known(&spine(), "unvouched: keep", Some(&seen));
    has(&kept, &["billing → pg-single tcp 5432: group sg-default-all lets it through today"]);
    let kept = known(&spine(), "workloads: [{name: pg-multi, unvouched: keep}]", Some(&seen));
    has(&kept, &["app-1 → pg-multi tcp 5432: group sg-default-all lets it through today"]);
    has_not(&kept, &["billing → pg-single"]);
    let longer = known(&spine(), "flow_logs: {days: 31}", Some(&seen));
    has(&longer, &["billing → pg-single tcp 5432: group sg-default-all lets it through today"]);
}
