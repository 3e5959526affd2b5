//! Nodes and arrows for other programs.

use serde_json::{Value, json};

use crate::graph::Graph;
use crate::model::inventory::Inventory;

pub fn render(inventory: &Inventory, graph: &Graph) -> String {
    let nodes: Vec<Value> = graph.nodes().map(|n| json!({ "id": n.id, "kind": n.kind, "role": n.role, "name": n.name })).collect();
    let edges: Vec<Value> =
        graph.arrows().map(|a| json!({ "from": a.from.id, "to": a.to.id, "kind": a.link.name(), "reason": a.reason })).collect();
    let cycles: Vec<Value> = graph.cycles().into_iter().map(|c| json!({ "members": c.members, "groups_only": c.groups_only })).collect();
    let page = json!({
        "version": 1, "account": inventory.account, "region": inventory.region, "vpc": inventory.vpc, "taken_at": inventory.taken_at,
        "nodes": nodes, "edges": edges, "cycles": cycles,
    });
    format!("{page:#}\n")
}
