//! Who talks to whom, how one knows, and what the proof says of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use schemars::JsonSchema;
use serde::Serialize;

use super::doors::Exposure;
use super::map::Map;
use super::text::Texts;
use crate::model::flow::{End, Evidence, Flow};
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::plan::Plan;
use crate::plan::doors::Door;
use crate::plan::prove::Interrupts;
use crate::plan::prove::words::{end_words, flow_words};

/// Flows beyond which those between the same things are told as one line per port and evidence; a page holds no more.
const MOST: usize = 60_000;

/// The flows that must survive.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Flows {
    /// Why nobody can tell them, if that is so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
    /// Who takes part.
    pub ends: Vec<Party>,
    /// Ports, evidence and reasons, as text.
    #[schemars(with = "Vec<String>")]
    pub texts: Texts,
    /// The flows.
    pub list: Vec<Line>,
    /// How many there are.
    pub count: usize,
    /// How many stand in no line of their own, because there are too many for a page.
    pub left_out: usize,
    /// What the internet reaches today.
    pub open_before: Vec<Door>,
    /// What it reaches afterwards; nothing, if the plan can't be played to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_after: Option<Vec<Door>>,
}

/// One end of flows.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Party {
    /// What people call it.
    pub name: String,
    /// `resource`, `internet`, `range` or `service`.
    pub sort: &'static str,
    /// Its place on the map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<usize>,
}

/// A flow: who opens it, who accepts it, the ports, the evidence, the verdict, and more about that.
pub type Line = (usize, usize, usize, Vec<usize>, Verdict, Option<usize>);

/// What the proof says of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It holds in every state, there and back.
    Holds,
    /// It is cut for a while, and no order avoids it.
    Interrupted,
    /// It does not hold; such a plan is not applied.
    Broken,
    /// It does not work today.
    Dead,
    /// Nothing was proved: something stands in the way, or the plan was edited since.
    Unproved,
}

/// Makes it.
pub fn flows(plan: &Plan, inventory: &Inventory, flows: Result<&[Flow], String>, doors: Exposure, map: &Map) -> Flows {
    let mut out = Flows { open_before: doors.before, open_after: doors.after, ..Flows::default() };
    let all = match flows {
        Ok(all) => all,
        Err(why) => {
            out.unknown = Some(why);
            return out;
        }
    };
    let judge = Judge::new(plan);
    let nodes: HashMap<&str, usize> = map.nodes.iter().enumerate().map(|(at, node)| (node.id.as_str(), at)).collect();
    let mut places: BTreeMap<&End, usize> = BTreeMap::new();
    let shown = chosen(all);
    out.count = all.len();
    out.left_out = all.len() - shown.len();
    for flow in shown {
        let [from, to] = [&flow.from, &flow.to].map(|end| {
            *places.entry(end).or_insert_with(|| {
                out.ends.push(party(end, inventory, &nodes));
                out.ends.len() - 1
            })
        });
        let ports = out.texts.of(&flow.ports.to_string());
        let evidence = flow.evidence.iter().map(|one| out.texts.of(&words(one, inventory))).collect();
        let (verdict, why) = judge.of(&flow_words(inventory, flow));
        let why = why.map(|why| out.texts.of(why));
        out.list.push((from, to, ports, evidence, verdict, why));
    }
    out
}

/// As many flows as a page holds: what is more than merely allowed first.
fn chosen(all: &[Flow]) -> Vec<&Flow> {
    if all.len() <= MOST {
        return all.iter().collect();
    }
    let allowed = |flow: &Flow| flow.evidence.iter().all(|one| matches!(one, Evidence::Rule { .. }));
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by_key(|at| allowed(&all[*at]));
    order.truncate(MOST);
    order.sort_unstable();
    order.into_iter().map(|at| &all[at]).collect()
}

fn party(end: &End, inventory: &Inventory, nodes: &HashMap<&str, usize>) -> Party {
    let (sort, node) = match end {
        End::Resource(id) => ("resource", nodes.get(id.as_str()).or_else(|| nodes.get(owner(inventory, id)?.as_str())).copied()),
        End::Internet => ("internet", None),
        End::Range(_) => ("range", None),
        End::Service(_) => ("service", None),
    };
    Party { name: end_words(inventory, end), sort, node }
}

fn owner<'i>(inventory: &'i Inventory, id: &Id) -> Option<&'i Id> {
    inventory.get(id)?.facets.owner.as_ref()
}

fn words(evidence: &Evidence, inventory: &Inventory) -> String {
    match evidence {
        Evidence::Target { group } => format!("target of {}", inventory.name(group)),
        Evidence::Rule { group } => format!("group {} lets it through today", inventory.name(group)),
        other => other.to_string(),
    }
}

/// What plan and proof say of flows, by their words.
struct Judge<'p> {
    proved: bool,
    interrupted: HashMap<&'p str, &'p str>,
    broken: HashMap<&'p str, &'p str>,
    dead: BTreeSet<&'p str>,
    notes: HashMap<&'p str, &'p str>,
}

impl<'p> Judge<'p> {
    fn new(plan: &'p Plan) -> Judge<'p> {
        let interrupted = plan.interruptions.iter().filter_map(|one| match &one.what {
            Interrupts::Claim { claim, .. } => Some((claim.as_str(), one.step.as_str())),
            Interrupts::Untracked => None,
        });
        let notes: HashMap<&str, &str> =
            plan.certificate.notes.iter().filter_map(|note| Some((note.split_once(" does not work today")?.0, note.as_str()))).collect();
        Judge {
            proved: plan.blockers.is_empty() && plan.certificate.is_of(plan),
            interrupted: interrupted.collect(),
            broken: plan.broken.iter().map(|one| (one.what.as_str(), one.why.as_str())).collect(),
            dead: notes.keys().copied().collect(),
            notes,
        }
    }

    fn of(&self, words: &str) -> (Verdict, Option<&'p str>) {
        if let Some(why) = self.broken.get(words) {
            return (Verdict::Broken, Some(why));
        }
        if !self.proved {
            return (Verdict::Unproved, None);
        }
        if let Some(step) = self.interrupted.get(words) {
            return (Verdict::Interrupted, Some(step));
        }
        if self.dead.contains(words) {
            return (Verdict::Dead, self.notes.get(words).copied());
        }
        (Verdict::Holds, None)
    }
}
