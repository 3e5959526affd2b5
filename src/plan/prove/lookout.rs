//! The proof's claims about flows and doors, asked of an account as it is: for whoever sees a plan carried out in ways that
//! the proof does not play, such as a night in which things go wrong.
//!
//! What is asked and when it counts is the proof's ([`claims`]); only the states are another's. An account that is to reach
//! what one was before is not asked again: what is known is kept under a fingerprint of all facts.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::cell::Mix;
use super::claims;
use super::words::flow_words;
use super::{Interrupts, Movers};
use crate::kinds::STEP_TAG;
use crate::model::flow::Flow;
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::network::Rule;
use crate::model::resource::{Resource, tags_of};
use crate::model::resources::Resources;
use crate::plan::Plan;
use crate::reach::{Block, Fabric, Fact, Key, Question, Side, View, ask, ask_briefly, facts};

/// A claim that does not hold in an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The claim: `app → orders-db tcp 5432`.
    pub what: String,
    /// What one finds.
    pub why: String,
}

/// What a plan's proof claims, ready to be asked.
pub struct Lookout {
    inventory: Inventory,
    start: Fabric,
    flows: Vec<(String, Flow)>,
    /// What a step's move moves.
    moves: BTreeMap<String, Id>,
    /// The claims that the plan declares broken: by which step, until which.
    cuts: Vec<(String, String, String)>,
    known: Mutex<HashMap<u64, Arc<Vec<Broken>>, Mix>>,
}

/// What was seen of one account so far.
#[derive(Clone, Default)]
pub struct Sights {
    prints: BTreeMap<Id, u64>,
    sum: u64,
}

impl Sights {
    /// Takes note of what has changed.
    pub fn note(&mut self, changed: impl Iterator<Item = Id>, resources: &Resources) {
        for id in changed {
            let now = resources.get(&id).map_or(0, print);
            let before = self.prints.insert(id, now).unwrap_or(0);
            self.sum = self.sum.wrapping_sub(before).wrapping_add(now);
        }
    }
}

/// What tells a resource from another, as far as the network goes; 0 where it tells nothing.
fn print(resource: &Resource) -> u64 {
    let facts = facts(resource);
    if facts.is_empty() {
        return 0;
    }
    let mut hasher = DefaultHasher::new();
    (&resource.id, facts, maker(resource)).hash(&mut hasher);
    hasher.finish()
}

/// The step that made a resource.
fn maker(resource: &Resource) -> Option<String> {
    tags_of(&resource.doc).remove(STEP_TAG)
}

/// An account that is asked: its facts, and what moves have made in the place of what they move.
struct Scene {
    fabric: Fabric,
    heirs: BTreeMap<Id, BTreeSet<Id>>,
}

impl Scene {
    fn nodes(&self, owner: &Id) -> Vec<Id> {
        let all = self.heirs.get(owner).into_iter().flatten().chain([owner]);
        let nodes: BTreeSet<Id> = all.flat_map(|id| self.fabric.nodes(id)).collect();
        nodes.into_iter().collect()
    }
}

fn is_public(fabric: &Fabric, node: &Id) -> bool {
    fabric.node(node).is_some_and(|node| claims::is_public(node, fabric.fact(&Key::Workload(node.owner.clone())).into_iter()))
}

impl Lookout {
    /// For a plan, the account that it was made for, and the flows that must survive.
    pub fn new(plan: &Plan, inventory: &Inventory, flows: &[Flow]) -> Lookout {
        let by_move = Movers::of(plan).moves;
        let moves = plan.steps.iter().filter_map(|step| Some((step.id.clone(), by_move.get(&step.of_move)?.clone()))).collect();
        let cuts = plan.interruptions.iter().filter_map(|one| match &one.what {
            Interrupts::Claim { claim, until, .. } => Some((claim.clone(), one.step.clone(), until.clone())),
            Interrupts::Untracked => None,
        });
        Lookout {
            start: Fabric::new(inventory.all()),
            flows: flows.iter().map(|flow| (flow_words(inventory, flow), flow.clone())).collect(),
            moves,
            cuts: cuts.collect(),
            known: Mutex::default(),
            inventory: inventory.clone(),
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<u64, Arc<Vec<Broken>>, Mix>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many accounts that differ were asked.
    pub fn asked(&self) -> usize {
        self.known().len()
    }

    /// What does not hold in an account, of which everything has been noted that changed since it was empty.
    pub fn look(&self, seen: &Sights, resources: &Resources) -> Arc<Vec<Broken>> {
        if let Some(known) = self.known().get(&seen.sum) {
            return known.clone();
        }
        let found = Arc::new(self.ask(resources));
        self.known().insert(seen.sum, found.clone());
        found
    }

    /// Whether the plan declares that a claim does not hold, as long as one step is begun and another is not done.
    pub fn declared(&self, what: &str, is_begun: &dyn Fn(&str) -> bool, is_done: &dyn Fn(&str) -> bool) -> bool {
        self.cuts.iter().any(|(claim, step, until)| claim == what && is_begun(step) && !is_done(until))
    }

    fn ask(&self, resources: &Resources) -> Vec<Broken> {
        let mut heirs: BTreeMap<Id, BTreeSet<Id>> = BTreeMap::new();
        let new = resources.values().filter(|resource| resource.is_movable() && self.inventory.get(&resource.id).is_none());
        for made in new {
            if let Some(moved) = maker(made).and_then(|step| self.moves.get(&step)) {
                heirs.entry(moved.clone()).or_default().insert(made.id.clone());
            }
        }
        let scene = Scene { fabric: Fabric::new(resources.values()), heirs };
        let mut broken: Vec<Broken> = self.flows.iter().filter_map(|(what, flow)| self.flow(what, flow, &scene)).collect();
        broken.extend(self.doors(&scene));
        broken
    }

    /// What a question found before the first step.
    fn at_the_start(&self, question: &Question) -> Result<(), Block> {
        ask_briefly(&self.start, question)
    }

    fn flow(&self, what: &str, flow: &Flow, scene: &Scene) -> Option<Broken> {
        let at_first = claims::pairs(flow, &|id| self.start.nodes(id), &|node| is_public(&self.start, node));
        let works = at_first.iter().any(|question| self.at_the_start(question).is_ok());
        let public = |node: &Id| is_public(&scene.fabric, node) || is_public(&self.start, node);
        claims::pairs(flow, &|id| scene.nodes(id), &public).into_iter().find_map(|question| {
            let needed = claims::is_needed(self.at_the_start(&question), works) && claims::both_there(&question, &scene.fabric);
            if !needed || !matches!(ask_briefly(&scene.fabric, &question), Err(block) if block != Block::Absent) {
                return None;
            }
            Some(Broken { what: what.to_owned(), why: claims::why(ask(&scene.fabric, &question)) })
        })
    }

    fn doors(&self, scene: &Scene) -> Vec<Broken> {
        let movable = self.inventory.all().filter(|resource| resource.is_movable());
        movable.flat_map(|owner| self.doors_of(owner, scene)).collect()
    }

    fn doors_of(&self, owner: &Resource, scene: &Scene) -> Vec<Broken> {
        let listens = owner.facets.listens.as_deref().unwrap_or_default();
        let mut open = Vec::new();
        for node in scene.nodes(&owner.id).into_iter().filter(|node| is_public(&scene.fabric, node)) {
            let groups = scene.fabric.node(&node).map(|node| &node.groups[..]).unwrap_or_default();
            let rules = groups.iter().flat_map(|group| ingress(&scene.fabric, group));
            open.extend(claims::knocks(rules, listens).into_iter().map(|at| claims::knock(&node, at)));
        }
        let at_first = self.start.nodes(&owner.id);
        let was_open = |question: &Question| {
            at_first.iter().any(|node| self.at_the_start(&Question { to: Side::Node(node.clone()), ..question.clone() }).is_ok())
        };
        let found = open.iter().filter(|question| ask_briefly(&scene.fabric, question).is_ok() && !was_open(question));
        let told = |question: &Question| {
            let why = claims::way_in(ask(&scene.fabric, question))?;
            Some(Broken { what: claims::door_words(&self.inventory, &owner.id, question), why })
        };
        found.filter_map(told).collect()
    }
}

fn ingress<'f>(fabric: &'f Fabric, group: &Id) -> &'f [Rule] {
    match fabric.fact(&Key::Rules(group.clone())) {
        Some(Fact::Rules(rules)) => &rules.ingress,
        _ => &[],
    }
}
