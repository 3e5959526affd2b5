//! What the overview shows.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::model::facet::GatewayKind;
use crate::model::inventory::Inventory;
use crate::model::step::{Impact, Stage, Undo};
use crate::model::strategy::Blocker;
use crate::plan::gates::Health;
use crate::plan::prove::Certificate;
use crate::plan::prove::words::counted;
use crate::plan::{Plan, cost, order, pace, short};

/// The overview's own part; it grows with the moves alone.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Head {
    /// Format of this data; 1.
    pub version: u32,
    /// The program's version.
    pub program: &'static str,
    /// The migration.
    pub migration: String,
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// The VPC.
    pub vpc: String,
    /// When the account was looked at, RFC 3339.
    pub taken_at: String,
    /// The first digits of the hash of the plan's file.
    pub plan: String,
    /// Whether it may be carried out.
    pub applicable: bool,
    /// What stands in the way: code, why, way out, and of which resources; alike ones are one.
    pub blockers: Vec<Value>,
    /// What a person should know or settle.
    pub warnings: Vec<String>,
    /// The moves.
    pub moves: Vec<Value>,
    /// New and turned subnets.
    pub subnets: Value,
    /// Whose connections come from other addresses.
    pub egress: Value,
    /// What must be so before a stage.
    pub gates: Vec<Value>,
    /// What is missing of approvals.
    pub lacking: Vec<String>,
    /// Who is told.
    pub hooks: Vec<String>,
    /// When steps may begin.
    pub windows: Vec<String>,
    /// The bill.
    pub cost: Value,
    /// The stages.
    pub stages: Vec<Value>,
    /// How long it takes, and what decides it.
    pub pace: Value,
    /// What was proved, in lines, and what is beside it.
    pub proof: Value,
    /// What does not hold; of many the first.
    pub broken: Value,
    /// How much does not hold.
    pub broken_count: usize,
    /// What no order avoids.
    pub interruptions: Value,
    /// The steps without a way back, and why.
    pub no_return: Vec<Value>,
}

/// How many examples of one thing the overview tells.
const MOST: usize = 50;

/// Makes it.
pub fn head(plan: &Plan, sha256: &str, inventory: &Inventory, lacking: Vec<String>) -> Head {
    Head {
        version: 1,
        program: env!("CARGO_PKG_VERSION"),
        migration: plan.migration.clone(),
        account: plan.account.clone(),
        region: plan.region.clone(),
        vpc: plan.vpc.to_string(),
        taken_at: inventory.taken_at.clone(),
        plan: short(sha256).to_owned(),
        applicable: plan.is_applicable(),
        blockers: blockers(plan, inventory),
        warnings: plan.warnings.clone(),
        moves: plan.moves.iter().map(|one| json!(one)).collect(),
        subnets: json!(plan.subnets),
        egress: json!(plan.egress),
        gates: plan.gates.iter().map(gate).collect(),
        lacking,
        hooks: plan.hooks.iter().map(|hook| format!("{}: {}", hook.name(), hook.occasions())).collect(),
        windows: plan.windows.clone(),
        cost: bill(plan, inventory),
        stages: stages(plan),
        pace: paced(plan),
        proof: proof(plan),
        broken: json!(&plan.broken[..plan.broken.len().min(MOST)]),
        broken_count: plan.broken.len(),
        interruptions: json!(plan.interruptions),
        no_return: plan
            .steps
            .iter()
            .filter_map(|step| match &step.undo {
                Undo::Irreversible(why) => Some(json!({ "step": step.id, "stage": step.stage, "why": why })),
                _ => None,
            })
            .collect(),
    }
}

/// Blockers, alike ones together.
fn blockers(plan: &Plan, inventory: &Inventory) -> Vec<Value> {
    let mut alike: Vec<(&Blocker, Vec<&str>)> = Vec::new();
    for one in &plan.blockers {
        let same = |known: &Blocker| (&known.code, &known.why, &known.way_out) == (&one.code, &one.why, &one.way_out);
        let name = inventory.name(&one.resource);
        match alike.iter_mut().find(|(known, _)| same(known)) {
            Some((_, names)) => names.push(name),
            None => alike.push((one, vec![name])),
        }
    }
    let told = |(one, names): (&Blocker, Vec<&str>)| {
        let of = &names[..names.len().min(MOST)];
        json!({ "code": one.code, "why": one.why, "way_out": one.way_out, "count": names.len(), "of": of })
    };
    alike.into_iter().map(told).collect()
}

fn gate(gate: &crate::plan::Gate) -> Value {
    let (how, before) = match &gate.check {
        None => ("asked", gate.before.name()),
        Some(Health::Approvals(point)) => ("approved", point.name()),
        Some(_) => ("looked at", gate.before.name()),
    };
    json!({ "id": gate.id, "before": before, "how": how, "asks": gate.asks, "details": gate.details })
}

/// What with an hourly price the account has today, and what the plan adds.
fn bill(plan: &Plan, inventory: &Inventory) -> Value {
    let prices = cost::prices();
    let (region, _) = prices.of(&inventory.region);
    let resources = || inventory.resources.values();
    let nats = resources().filter(|one| one.facets.gateway == Some(GatewayKind::Nat)).count();
    let seats: usize = resources()
        .filter(|one| one.facets.endpoint.as_ref().is_some_and(|endpoint| !endpoint.gateway))
        .map(|one| one.subnets().len().max(1))
        .sum();
    let managed = |one: &crate::model::resource::Resource| usize::from(one.facets.publicly_accessible);
    let addresses: usize = resources().filter(|one| one.is_movable()).map(|one| one.facets.public_addresses.len().max(managed(one))).sum();
    let cents = |count: usize, hour: f64| (count as f64 * hour * prices.hours_month * 100.0).round() as i64;
    let before: Vec<Value> = [
        ("NAT gateways", nats, region.nat_hour),
        ("interface endpoints, per zone", seats, region.endpoint_hour),
        ("public addresses of workloads", addresses, region.address_hour),
    ]
    .into_iter()
    .filter(|(_, count, _)| *count > 0)
    .map(|(what, count, hour)| json!({ "what": what, "count": count, "cents_month": cents(count, hour) }))
    .collect();
    let sum: i64 = before.iter().filter_map(|line| line["cents_month"].as_i64()).sum();
    json!({ "before": before, "before_cents": sum, "lines": plan.cost.lines, "cents_month": plan.cost.cents_month, "nat_gb_mills": plan.cost.nat_gb_mills, "prices": plan.cost.prices })
}

/// The stages: how many steps, from when to when if estimates hold, how many of them interrupt somebody.
fn stages(plan: &Plan) -> Vec<Value> {
    let (times, _) = order::schedule(&plan.steps, None);
    let told = |stage: &Stage| {
        let own = || plan.steps_of(*stage);
        let spans = || own().filter_map(|step| times.get(step.id.as_str()));
        let begin = spans().map(|(begin, _)| *begin).min().unwrap_or(0);
        let end = spans().map(|(_, end)| *end).max().unwrap_or(0);
        let impacts = own().filter(|step| step.impact != Impact::None).count();
        json!({ "name": stage.name(), "steps": own().count(), "at": [begin, end], "impacts": impacts })
    };
    plan.stages.iter().map(told).collect()
}

fn paced(plan: &Plan) -> Value {
    let pace = pace::of(&plan.steps);
    let budget = pace.budget.map(|(class, seconds)| json!({ "class": class, "seconds": seconds }));
    let shares: Vec<Value> = pace.shares.iter().take(12).map(|(lane, seconds)| json!({ "lane": lane, "seconds": seconds })).collect();
    let savings: Vec<Value> = pace
        .savings
        .iter()
        .map(|one| json!({ "step": one.step, "needs": one.needs, "because": one.because, "seconds": one.seconds }))
        .collect();
    let cleanup: u64 = plan.steps_of(Stage::Cleanup).map(|step| step.estimate_s).sum();
    json!({ "length_s": pace.length_s, "sum_s": pace.sum_s, "path": pace.path.len(), "cleanup_s": cleanup, "shares": shares, "savings": savings, "budget": budget })
}

fn proof(plan: &Plan) -> Value {
    if !plan.blockers.is_empty() {
        return json!({ "state": "blocked", "lines": [], "notes": [] });
    }
    if !plan.broken.is_empty() {
        return json!({ "state": "broken", "lines": [counted(&plan.broken)], "notes": plan.certificate.notes });
    }
    let state = if plan.certificate.is_of(plan) { "holds" } else { "edited" };
    let Certificate { flows, pairs, doors, counted, effort, notes, .. } = &plan.certificate;
    json!({ "state": state, "lines": [], "flows": flows, "pairs": pairs, "doors": doors, "counted": counted, "effort": effort, "notes": notes })
}
