//! A plan of steps that do nothing, in layers.

use hikkoshi::plan::Plan;
use serde_json::{Value, json};

/// A plan of layers: each step needs all of the layer before, or, where a layer is wide, ten of it.
pub fn plan(layers: usize, wide: usize) -> Plan {
    let steps: Vec<Value> = (0..layers * wide).map(|at| step(at / wide, at % wide, wide)).collect();
    let plan = json!({ "version": 1, "migration": "bench", "account": "123456789012", "region": "eu-central-1", "vpc": "vpc-1",
        "intent_sha256": "", "inventory_sha256": "", "stages": ["foundation"], "steps": steps });
    serde_json::from_value(plan).expect("a plan")
}

fn step(layer: usize, at: usize, wide: usize) -> Value {
    let needs = (0..wide.min(10))
        .filter(|_| layer > 0)
        .map(|other| json!({ "step": format!("step-{}-{other}", layer - 1), "because": "it comes first" }));
    let see = json!({ "operation": "ec2:DescribeTags", "parameters": {}, "path": "Tags[0].Key", "expect": "exists" });
    let mut unless = see.clone();
    unless["what"] = json!("there is no tag");
    let parameters = json!({ "Resources": ["vpc-1"], "Tags": [{ "Key": "step", "Value": "bench" }], "ClientToken": "${self.Token}" });
    json!({ "id": format!("step-{layer}-{at}"), "stage": "foundation", "move": "network", "title": "Do nothing", "impact": "none", "estimate_s": 0,
        "call": { "operation": "ec2:CreateTags", "parameters": parameters, "probe": see }, "needs": needs.collect::<Vec<_>>(),
        "undo": { "calls": [{ "operation": "ec2:DeleteTags", "parameters": { "Resources": ["vpc-1"] }, "unless": unless }] } })
}
