//! Calls as lines of the AWS CLI. `tests/aws_cli/lines.jsonl` holds one of each sort, of plans of every kind: what the
//! program makes of them (`HIKKOSHI_BLESS=1 cargo test aws_cli` writes it anew), and what `tests/aws_cli/run` gives to the
//! CLI itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use hikkoshi::kinds::KINDS;
use hikkoshi::model::step::{LOOK, references};
use hikkoshi::plan::{Plan, calls, format};
use hikkoshi::report::aws_cli;
use serde_json::{Value, json};

use crate::stateless::everything;
use crate::story::holds;
use crate::support::account::{Docs, REGION, VPC, ZONES, network, spine};
use crate::support::account_access::{VPN, bare, released};
use crate::support::account_data::{by, data, every_cache};
use crate::support::lab::plan_of;
use crate::support::source::read;

/// Accounts and the further lines of their intents, in which every kind moves by every strategy that there is.
pub fn scenarios() -> Vec<(Docs, String)> {
    let mut out = vec![
        (spine(), "endpoints: {gateway: [s3], interface: [ssm]}\ngates:\n- before: data\n  alarm: errors\nnat: regional\n".to_owned()),
        (everything(), String::new()),
        (every_cache(), String::new()),
        (caches(), by("rotate", &["carts"])),
        (one_cache(), by("rotate", &["sessions"])),
        (every_cache(), by("recreate", &["pages", "queue"])),
        (data(), by("rotate", &["pg-single", "pg-multi", "aurora"])),
        (released(), String::new()),
        (bare(), VPN.to_owned()),
        (crate::conformance::balancers(), String::new()),
        (connected(), "endpoints: {gateway: []}\nworkloads: [{name: app-1, strategy: flip}]\n".to_owned()),
        (crate::scaling::groups(), String::new()),
        (crate::batch::environments(), String::new()),
        (crate::prefix_lists::named(&["203.0.113.0/24"]), String::new()),
    ];
    out.extend(["replica", "restore"].map(|strategy| (one_database(), by(strategy, &["pg"]))));
    out
}

/// The story's plan.
pub fn story() -> Plan {
    format::read(&read("plans/story/plan.yaml")).unwrap_or_else(|why| panic!("{}", why.problem))
}

/// The scenarios with their plans; made once.
pub fn planned() -> &'static [(Docs, Plan)] {
    static PLANNED: OnceLock<Vec<(Docs, Plan)>> = OnceLock::new();
    PLANNED.get_or_init(|| {
        let scenarios = scenarios().into_iter();
        scenarios
            .map(|(docs, further)| {
                let plan = plan_of(&docs, &further);
                (docs, plan)
            })
            .collect()
    })
}

fn plans() -> Vec<Plan> {
    let of_them = planned().iter().map(|(_, plan)| plan.clone());
    [story(), crate::data_rotate::scaled()].into_iter().chain(of_them).collect()
}

/// A cache in two shards.
fn caches() -> Docs {
    let mut docs = network(&ZONES);
    docs.security();
    docs.cache_subnets("prod", &ZONES);
    docs.sharded("carts", "prod", &[&["a", "b"], &["b", "a"]]);
    docs
}

/// A cache in one shard.
fn one_cache() -> Docs {
    let mut docs = network(&ZONES);
    docs.security();
    docs.cache_subnets("prod", &ZONES);
    docs.redis("sessions", "prod", &["a", "b"]);
    docs
}

/// A database in a group of its own.
fn one_database() -> Docs {
    let mut docs = network(&ZONES);
    docs.security();
    docs.subnet_group("prod", &ZONES);
    docs.database("pg", "prod", &["a", "c"]);
    docs
}

/// A private network behind a virtual private gateway, an endpoint that is there already, and an elastic IP.
fn connected() -> Docs {
    let mut docs = spine();
    let public = docs.doc("rtb-public");
    public["PropagatingVgws"] = json!([{ "GatewayId": "vgw-1" }]);
    let route =
        json!({ "DestinationCidrBlock": "10.200.0.0/16", "GatewayId": "vgw-1", "Origin": "EnableVgwRoutePropagation", "State": "active" });
    public["Routes"].as_array_mut().expect("routes").push(route);
    docs.add(
        "vpc_endpoint",
        json!({ "VpcEndpointId": "vpce-s3", "VpcId": VPC, "ServiceName": format!("com.amazonaws.{REGION}.s3"), "VpcEndpointType": "Gateway",
            "State": "available", "RouteTableIds": ["rtb-public"], "SubnetIds": [], "Groups": [], "NetworkInterfaceIds": [], "Tags": [] }),
    );
    docs.elastic_ip("eipalloc-app-1", "203.0.113.7", "app-1");
    docs
}

/// What tells sorts of values apart: which members there are, and which of them are known only when it is run.
fn sort_of(value: &Value) -> Value {
    match value {
        Value::Object(map) if map.contains_key(LOOK) => {
            json!({ LOOK: sort_of(&map[LOOK]["parameters"]), "set": map[LOOK]["set"].is_object() })
        }
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), sort_of(value))).collect::<serde_json::Map<_, _>>().into(),
        Value::Array(list) => list.iter().map(|value| sort_of(value).to_string()).collect::<BTreeSet<_>>().into_iter().collect(),
        Value::String(_) if references(value).is_empty() => "text".into(),
        Value::String(_) => "reference".into(),
        Value::Bool(_) => value.clone(),
        Value::Number(_) => 0.into(),
        Value::Null => Value::Null,
    }
}

/// One call of each sort.
fn sorts(plans: &[Plan]) -> BTreeMap<String, calls::Planned> {
    let mut out = BTreeMap::new();
    for plan in plans {
        for call in plan.steps.iter().flat_map(calls::of_step).chain(calls::of_gates(plan)) {
            let sort = format!("{} {}", call.operation, sort_of(&call.parameters.clone().into()));
            out.entry(sort).or_insert(call);
        }
    }
    out
}

#[test]
fn a_line_of_each_sort_is_what_the_cli_was_asked_about() {
    let sorts = sorts(&plans());
    let lines = sorts.values().map(|call| {
        let line = aws_cli::line(&call.operation, &call.parameters);
        assert!(!line.contains(char::is_control), "{line:?}");
        json!({ "operation": call.operation, "parameters": call.parameters, "line": line }).to_string() + "\n"
    });
    holds("tests/aws_cli/lines.jsonl", &lines.collect::<String>());
    let called: BTreeSet<String> = sorts.values().map(|call| call.operation.to_string()).collect();
    let effects = KINDS.iter().flat_map(|kind| kind.effects()).map(|(operation, _)| (*operation).to_owned());
    let missing: Vec<String> = effects.filter(|operation| !called.contains(operation)).collect();
    assert_eq!(missing, Vec::<String>::new(), "changes that kinds know and no plan here makes");
}
