//! The state of the service at a moment of a run: which of the flows that must survive hold on the account as it is then.
//!
//! The account is the inventory with the steps that stand played on it. So it is what plan and journal say, not what a
//! look at AWS would show: what a stranger changed meanwhile is not in it.

use std::collections::BTreeSet;

use super::Plan;
use super::moment::{Moment, Stand};
use super::prove::words::{end_words, flow_words, host_of};
use super::prove::{Interrupts, alive, question};
use crate::model::flow::{End, Flow};
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::reach::{Block, Fabric, Fact, Key, Question, Side, Verdict, View, ask, ask_briefly};
use crate::world::play::Stuck;

/// Which flows hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Service {
    /// How many flows must survive, of those that work at the start.
    pub flows: usize,
    /// How many workloads and balancers have a part in them.
    pub workloads: usize,
    /// Those that do not hold.
    pub broken: Vec<Broken>,
}

/// A flow that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Broken {
    /// Who accepts it, by name.
    pub to: String,
    /// On which ports.
    pub ports: String,
    /// Why it does not hold.
    pub why: String,
    /// Who opens it, by name.
    pub from: String,
    /// The step that mends it, if the plan declares that no order avoids the interruption.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// Judges the flows on the account on which these steps stand.
///
/// # Errors
/// If one of them can't be carried out on the simulated account.
pub fn of(plan: &Plan, inventory: &Inventory, flows: &[Flow], stands: &[Stand<'_>]) -> Result<Service, Stuck> {
    let moment = Moment::with(plan, inventory, stands)?;
    let start = Place { fabric: Fabric::new(inventory.all()), moment: None };
    let now = Place { fabric: Fabric::new(moment.account.resources.values()), moment: Some(&moment) };
    let mut service = Service::default();
    let mut ends: BTreeSet<&Id> = BTreeSet::new();
    for flow in flows {
        if !start.pairs(flow).iter().any(|pair| ask_briefly(&start.fabric, pair).is_ok()) {
            continue;
        }
        service.flows += 1;
        ends.extend([&flow.from, &flow.to].into_iter().filter_map(|end| if let End::Resource(id) = end { Some(id) } else { None }));
        if let Some(why) = now.broken(flow, inventory, &start) {
            service.broken.push(Broken {
                to: end_words(inventory, &flow.to),
                ports: flow.ports.to_string(),
                why,
                from: end_words(inventory, &flow.from),
                until: declared(plan, &flow_words(inventory, flow), stands),
            });
        }
    }
    service.workloads = ends.into_iter().filter(|id| inventory.get(id).is_some_and(|resource| resource.is_movable())).count();
    service.broken.sort();
    Ok(service)
}

/// The step that mends a flow, if the plan declares it cut by a step that stands.
fn declared(plan: &Plan, flow: &str, stands: &[Stand<'_>]) -> Option<String> {
    let stands = |step: &str| stands.iter().any(|stand| stand.step.id == step);
    plan.interruptions.iter().find_map(|one| match &one.what {
        Interrupts::Claim { claim, until, .. } if claim == flow && stands(&one.step) && !stands(until) => Some(until.clone()),
        _ => None,
    })
}

/// The network at one moment.
struct Place<'m> {
    fabric: Fabric,
    moment: Option<&'m Moment>,
}

impl Place<'_> {
    /// The nodes of an end that serve, its own and those of what has taken its place.
    fn sides(&self, end: &End) -> Vec<Side> {
        let nodes = |id: &Id| -> Vec<Id> {
            let heirs = self.moment.into_iter().flat_map(|moment| moment.heirs(id));
            let mut nodes: Vec<Id> = heirs.chain([id]).flat_map(|id| self.own(id)).filter(|id| alive(&self.fabric, id)).collect();
            nodes.sort();
            nodes.dedup();
            nodes
        };
        match end {
            End::Resource(id) => nodes(id).into_iter().map(Side::Node).collect(),
            End::Internet => vec![Side::Internet],
            End::Service(name) => vec![Side::Service(name.clone())],
            End::Range(range) => host_of(range).map(Side::Address).into_iter().collect(),
        }
    }

    /// The interfaces of a resource, or itself where it is one.
    fn own(&self, id: &Id) -> Vec<Id> {
        match self.fabric.nodes(id) {
            nodes if nodes.is_empty() && self.fabric.node(id).is_some() => vec![id.clone()],
            nodes => nodes,
        }
    }

    /// The questions of a flow: each node of one end with each of the other.
    fn pairs(&self, flow: &Flow) -> Vec<Question> {
        let called = |side: &Side| flow.from != End::Internet || matches!(side, Side::Node(id) if self.is_public(id));
        let (from, to) = (self.sides(&flow.from), self.sides(&flow.to));
        let mut out = Vec::new();
        for from in from {
            let others = to.iter().filter(|to| called(to) && **to != from);
            out.extend(others.map(|to| question(from.clone(), to.clone(), &flow.ports)));
        }
        out
    }

    /// Whether a node has a public address: one that it shows, or one that its owner is known to have.
    fn is_public(&self, id: &Id) -> bool {
        let Some(node) = self.fabric.node(id) else { return false };
        let facing = matches!(self.fabric.fact(&Key::Workload(node.owner.clone())), Some(Fact::Workload(one)) if one.internet_facing);
        node.publicly_named || !node.public.is_empty() || facing
    }

    /// Why a flow that worked at the start does not hold; nothing if it does. A pair that did not work then need not now.
    fn broken(&self, flow: &Flow, inventory: &Inventory, start: &Place<'_>) -> Option<String> {
        let pairs = self.pairs(flow);
        if pairs.is_empty() {
            let end = if self.sides(&flow.from).is_empty() { &flow.from } else { &flow.to };
            return Some(format!("nothing of {} serves", end_words(inventory, end)));
        }
        let needed = |pair: &&Question| matches!(ask_briefly(&start.fabric, pair), Ok(()) | Err(Block::Absent));
        let cut = pairs.iter().filter(needed).find(|pair| ask_briefly(&self.fabric, pair).is_err())?;
        match ask(&self.fabric, cut) {
            Verdict::Blocked(blocked) => Some(blocked.words),
            Verdict::Reached(_) => None,
        }
    }
}
