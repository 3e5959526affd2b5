//! What becomes of each fact on the way: who writes it, and what it is in any state.
//!
//! The plan is played once, in its own order, on a simulated account; what a step changes of a fact is noted as a patch.
//! In a state a fact is what the patches of the steps that are done make of its first value, in plan order. That is exact
//! where patches of steps that may run in either order do not overwrite each other; where they do, [`conflicts`] finds them.

use std::cell::{Cell as Slot, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::model::account::Account;
use crate::model::facet::{Route, Routing, RuleSet};
use crate::model::few::Few;
use crate::model::id::Id;
use crate::model::network::Rule;
use crate::model::resource::Resource;
use crate::model::resources::Resources;
use crate::model::step::Step;
use crate::plan::moment::made;
use crate::reach::{Fact, Key, Node, facts};
use crate::world::play::{Player, Stuck};

use super::cell::{Asked, Cell, Mix};
use super::order::Order;

/// What a step does to a fact.
#[derive(Clone, Debug, PartialEq)]
pub enum Patch {
    /// It becomes this; none: it goes.
    Becomes(Option<Fact>),
    /// Of a node only some parts change.
    Node {
        /// The groups that it wears then, where these change.
        groups: Option<Vec<Id>>,
        /// Everything else, where that changes.
        rest: Option<Box<Node>>,
    },
    /// Rules come and go.
    Rules {
        /// Come.
        added: RuleSet,
        /// Go.
        taken: RuleSet,
    },
    /// Routes come and go.
    Routes {
        /// Come.
        added: Vec<Route>,
        /// Go.
        taken: Vec<Route>,
    },
}

impl Patch {
    fn between(before: Option<&Fact>, after: Option<&Fact>) -> Patch {
        match (before, after) {
            (Some(Fact::Node(before)), Some(Fact::Node(after))) => {
                let groups = (before.groups != after.groups).then(|| after.groups.clone());
                let same = Node { groups: before.groups.clone(), ..after.clone() } == *before;
                Patch::Node { groups, rest: (!same).then(|| Box::new(after.clone())) }
            }
            (Some(Fact::Rules(before)), Some(Fact::Rules(after))) => {
                Patch::Rules { added: less(after, before), taken: less(before, after) }
            }
            (Some(Fact::Routing(before)), Some(Fact::Routing(after))) => {
                let less = |a: &Routing, b: &Routing| a.routes.iter().filter(|route| !b.routes.contains(route)).cloned().collect();
                Patch::Routes { added: less(after, before), taken: less(before, after) }
            }
            _ => Patch::Becomes(after.cloned()),
        }
    }

    /// What it makes of a fact.
    pub fn apply(&self, fact: Option<Fact>) -> Option<Fact> {
        match (self, fact) {
            (Patch::Becomes(fact), _) => fact.clone(),
            (Patch::Node { groups, rest }, Some(Fact::Node(node))) => {
                let worn = groups.clone().unwrap_or_else(|| node.groups.clone());
                let node = rest.as_deref().cloned().unwrap_or(node);
                Some(Fact::Node(Node { groups: worn, ..node }))
            }
            (Patch::Rules { added, taken }, Some(Fact::Rules(rules))) => {
                let change = |rules: Vec<Rule>, added: &[Rule], taken: &[Rule]| {
                    let mut rules: Vec<Rule> = rules.into_iter().filter(|rule| !taken.contains(rule)).collect();
                    rules.extend(added.iter().cloned());
                    rules.sort();
                    rules
                };
                Some(Fact::Rules(RuleSet {
                    ingress: change(rules.ingress, &added.ingress, &taken.ingress),
                    egress: change(rules.egress, &added.egress, &taken.egress),
                }))
            }
            (Patch::Routes { added, taken }, Some(Fact::Routing(mut table))) => {
                table.routes.retain(|route| !taken.contains(route));
                table.routes.extend(added.iter().cloned());
                table.routes.sort_by(|a, b| (&a.destination, &a.hop).cmp(&(&b.destination, &b.hop)));
                Some(Fact::Routing(table))
            }
            // What is not there can't be changed in part: the step that makes it has not been done.
            (_, fact) => fact,
        }
    }
}

/// Whether a fact becomes less: a group is taken off, a rule out.
fn takes(before: Option<&Fact>, after: Option<&Fact>) -> bool {
    match (before, after) {
        (Some(Fact::Node(before)), Some(Fact::Node(after))) => before.groups.iter().any(|group| !after.groups.contains(group)),
        (Some(Fact::Rules(before)), Some(Fact::Rules(after))) => {
            let less = less(before, after);
            !less.ingress.is_empty() || !less.egress.is_empty()
        }
        _ => false,
    }
}

fn less(a: &RuleSet, b: &RuleSet) -> RuleSet {
    let less = |a: &[Rule], b: &[Rule]| a.iter().filter(|rule| !b.contains(rule)).cloned().collect();
    RuleSet { ingress: less(&a.ingress, &b.ingress), egress: less(&a.egress, &b.egress) }
}

/// What a move makes in the place of what it moves.
pub type Heirs = BTreeMap<Id, BTreeSet<Id>>;

/// The facts' lives under a plan, in one direction.
#[derive(Default)]
pub struct Histories {
    places: HashMap<Key, usize, Mix>,
    cells: Vec<Cell>,
    interfaces: BTreeMap<Id, Few<Id>>,
    stand_ins: BTreeMap<Id, Few<Id>>,
    parts: BTreeMap<Id, Few<Id>>,
    heirs: Heirs,
    endpoints: BTreeMap<String, BTreeSet<Id>>,
    takers: BTreeSet<usize>,
    names: HashMap<Id, String>,
    /// How many questions were asked.
    questions: Slot<u64>,
    /// The nodes of resources, as far as somebody asked.
    nodes: RefCell<HashMap<Id, Vec<Id>, Mix>>,
}

/// When a node is there: after one step, until another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Life {
    /// The step that makes it; none if it is there at the start, or nobody can tell.
    pub made: Option<usize>,
    /// The step that ends it; none if it stays, or nobody can tell.
    pub ended: Option<usize>,
}

/// Two steps that may run in either order and overwrite each other's work.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conflict {
    /// The first in plan order.
    pub first: usize,
    /// The second.
    pub second: usize,
    /// What both write.
    pub key: Key,
}

impl Histories {
    fn begin(resources: &Resources) -> (Histories, Told) {
        let mut histories = Histories::default();
        for resource in resources.values() {
            for (key, fact) in facts(resource) {
                histories.note(&key, &fact);
                histories.begin_with(&key, Some(fact));
            }
            histories.names.insert(resource.id.clone(), resource.name.clone());
        }
        (histories, Told::clone(resources))
    }

    /// The facts as they are at first, as if nothing wrote them.
    pub fn start(&self) -> Histories {
        Histories {
            places: self.places.clone(),
            cells: self.cells.iter().map(|cell| Cell::new(cell.number, cell.first.clone())).collect(),
            interfaces: self.interfaces.clone(),
            stand_ins: self.stand_ins.clone(),
            parts: self.parts.clone(),
            heirs: self.heirs.clone(),
            endpoints: self.endpoints.clone(),
            names: self.names.clone(),
            ..Histories::default()
        }
    }

    /// The life of a fact begins; what was under its key is no more.
    fn begin_with(&mut self, key: &Key, first: Option<Fact>) -> &mut Cell {
        let number = *self.places.entry(key.clone()).or_insert(self.cells.len());
        let cell = Cell::new(number, first);
        match self.cells.get_mut(number) {
            Some(place) => *place = cell,
            None => self.cells.push(cell),
        }
        &mut self.cells[number]
    }

    /// Takes note of what a fact tells about who belongs to whom.
    fn note(&mut self, key: &Key, fact: &Fact) {
        self.nodes.get_mut().clear();
        match (key, fact) {
            (Key::Node(id), Fact::Node(node)) => {
                let list = if node.stands_in { &mut self.stand_ins } else { &mut self.interfaces };
                list.entry(node.owner.clone()).or_default().insert(id.clone());
            }
            (Key::Endpoint(id), Fact::Endpoint(endpoint)) => {
                self.endpoints.entry(endpoint.service.clone()).or_default().insert(id.clone());
            }
            (Key::Workload(id), Fact::Workload(workload)) => {
                if let Some(whole) = &workload.part_of {
                    self.parts.entry(whole.clone()).or_default().insert(id.clone());
                }
                let members = workload.members.iter().cloned();
                self.interfaces.entry(id.clone()).or_default().extend(members);
            }
            _ => {}
        }
    }

    /// Notes what a move has made: of the same sort as what it moves, and not there at the start.
    fn inherit(&mut self, moved: Option<&Id>, touched: &BTreeSet<Id>, resources: &Resources, told: &Told) {
        let Some(moved) = moved else { return };
        self.nodes.get_mut().clear();
        for made in made(moved, touched, resources, |id| told.contains_key(id)) {
            self.heirs.entry(moved.clone()).or_default().insert(made.clone());
        }
    }

    /// What a step changed: the facts that the touched resources told before, and tell now.
    fn write(&mut self, step: usize, touched: &BTreeSet<Id>, resources: &Resources, told: &mut Told) {
        let mut before: BTreeMap<Key, Fact> = BTreeMap::new();
        let mut after: BTreeMap<Key, Fact> = BTreeMap::new();
        for id in touched {
            before.extend(told.remove(id).iter().flat_map(|before| facts(before)));
            let Some(now) = Told::get(resources, id) else { continue };
            self.names.entry(id.clone()).or_insert_with(|| now.name.clone());
            after.extend(facts(now));
            told.insert(id.clone(), now.clone());
        }
        let keys: BTreeSet<&Key> = before.keys().chain(after.keys()).collect();
        for key in keys {
            let (was, is) = (before.get(key), after.get(key));
            if was == is {
                continue;
            }
            if let Some(fact) = is {
                self.note(key, fact);
            }
            if takes(was, is) {
                self.takers.insert(step);
            }
            let cell = match self.places.get(key) {
                Some(number) => &mut self.cells[*number],
                None => self.begin_with(key, None),
            };
            cell.writers.push((step, Patch::between(was, is)));
        }
    }

    /// Whether a step takes a group off something, or a rule out of a group.
    pub fn takes(&self, step: usize) -> bool {
        self.takers.contains(&step)
    }

    /// The steps that write a fact, in plan order.
    pub fn writers(&self, key: &Key) -> impl Iterator<Item = usize> + '_ {
        self.cell(key).into_iter().flat_map(|cell| cell.writers.iter().map(|(step, _)| *step))
    }

    /// A fact's life.
    pub fn cell(&self, key: &Key) -> Option<&Cell> {
        self.places.get(key).map(|number| &self.cells[*number])
    }

    /// A fact's life by its number.
    pub fn numbered(&self, number: usize) -> &Cell {
        &self.cells[number]
    }

    /// A number that no question has yet.
    pub fn number(&self) -> u64 {
        self.questions.set(self.questions.get() + 1);
        self.questions.get()
    }

    /// A new question.
    pub fn question(&self) -> Asked {
        Asked::new(self.number())
    }

    /// The step that makes a node and the one that ends it, where it comes and goes once at most.
    pub fn life(&self, node: &Id) -> Life {
        let Some(cell) = self.cell(&Key::Node(node.clone())) else { return Life::default() };
        let values = self.values(&Key::Node(node.clone()));
        let turns: Vec<(usize, bool)> = cell
            .writers
            .iter()
            .zip(values.windows(2))
            .filter(|(_, pair)| pair[0].is_some() != pair[1].is_some())
            .map(|((step, _), pair)| (*step, pair[1].is_some()))
            .collect();
        match turns[..] {
            [(made, true)] => Life { made: Some(made), ended: None },
            [(ended, false)] => Life { made: None, ended: Some(ended) },
            [(made, true), (ended, false)] => Life { made: Some(made), ended: Some(ended) },
            _ => Life::default(),
        }
    }

    /// All nodes that a resource ever has: its own interfaces, those of its parts, else what stands for them. Which of
    /// them are there is for each state to say.
    pub fn nodes(&self, owner: &Id) -> Vec<Id> {
        if let Some(known) = self.nodes.borrow().get(owner) {
            return known.clone();
        }
        let found = self.find_nodes(owner);
        self.nodes.borrow_mut().insert(owner.clone(), found.clone());
        found
    }

    fn find_nodes(&self, owner: &Id) -> Vec<Id> {
        let of = |lists: &BTreeMap<Id, Few<Id>>, id: &Id| -> BTreeSet<Id> {
            let ids = lists.get(id).into_iter().flat_map(Few::iter).filter(|id| self.places.contains_key(&Key::Node((*id).clone())));
            ids.cloned().collect()
        };
        let mut found = BTreeSet::new();
        for id in self.heirs.get(owner).into_iter().flatten().chain([owner]) {
            let mut own = of(&self.interfaces, id);
            for part in self.parts.get(id).into_iter().flat_map(Few::iter) {
                let of_part = of(&self.interfaces, part);
                own.extend(if of_part.is_empty() { of(&self.stand_ins, part) } else { of_part });
            }
            found.extend(if own.is_empty() { of(&self.stand_ins, id) } else { own });
        }
        found.into_iter().collect()
    }

    /// What people call a resource, whenever it is there.
    pub fn name<'h>(&'h self, id: &'h Id) -> &'h str {
        self.names.get(id).map_or(id.as_str(), String::as_str)
    }

    /// All endpoints that a service ever has.
    pub fn endpoints(&self, service: &str) -> Vec<Id> {
        self.endpoints.get(service).into_iter().flatten().cloned().collect()
    }

    /// Every key of a kind that `wanted` picks, in order.
    pub fn keys(&self, wanted: impl Fn(&Key) -> bool) -> BTreeSet<&Key> {
        self.places.keys().filter(|key| wanted(key)).collect()
    }

    /// Every value that a key takes in plan order, the first included.
    pub fn values(&self, key: &Key) -> &[Option<Fact>] {
        self.cell(key).map_or(&[None], Cell::line)
    }

    /// Steps that nothing orders and whose patches on one fact do not commute.
    pub fn conflicts(&self, order: &Order) -> BTreeSet<Conflict> {
        let mut out = BTreeSet::new();
        for (key, number) in &self.places {
            let cell = &self.cells[*number];
            for (at, (second, patch)) in cell.writers.iter().enumerate() {
                for (first, earlier) in &cell.writers[..at] {
                    if order.precedes(*first, *second) || order.precedes(*second, *first) {
                        continue;
                    }
                    let start = self.values(key)[at.saturating_sub(1)].clone();
                    if patch.apply(earlier.apply(start.clone())) != earlier.apply(patch.apply(start)) {
                        out.insert(Conflict { first: *first, second: *second, key: key.clone() });
                    }
                }
            }
        }
        out
    }
}

/// The resources of which facts were told.
type Told = BTreeMap<Id, Arc<Resource>>;

/// A plan being played, and what becomes of the facts.
pub struct Play<'m> {
    /// The facts' lives so far.
    pub histories: Histories,
    player: Player,
    told: Told,
    moves: &'m BTreeMap<String, Id>,
}

impl<'m> Play<'m> {
    /// Begins where a player stands; the moves say what each of them moves, and the heirs what some of them have made.
    pub fn begin(mut player: Player, moves: &'m BTreeMap<String, Id>, heirs: Heirs) -> Play<'m> {
        player.forget_touched();
        let (mut histories, told) = Histories::begin(&player.account().resources);
        histories.heirs = heirs;
        Play { histories, player, told, moves }
    }

    /// Where it stands: for another play from there.
    pub fn stands(&self) -> (Player, Heirs) {
        (self.player.clone(), self.histories.heirs.clone())
    }

    /// What each move moves.
    pub fn moves(&self) -> &'m BTreeMap<String, Id> {
        self.moves
    }

    /// The account as it is now.
    pub fn account(&self) -> &Account {
        self.player.account()
    }

    /// Carries a step out. Answers what it touched.
    ///
    /// # Errors
    /// If it can't be carried out on the simulated account.
    pub fn step(&mut self, at: usize, step: &Step) -> Result<BTreeSet<Id>, Stuck> {
        let touched = self.player.step(step)?;
        self.histories.inherit(self.moves.get(&step.of_move), &touched, &self.player.account().resources, &self.told);
        Ok(self.note(at, touched))
    }

    /// Takes a step back; `at` counts from the last step.
    ///
    /// # Errors
    /// If it can't be taken back on the simulated account.
    pub fn undo(&mut self, at: usize, step: &Step) -> Result<BTreeSet<Id>, Stuck> {
        let touched = self.player.undo(step)?;
        Ok(self.note(at, touched))
    }

    fn note(&mut self, at: usize, touched: BTreeSet<Id>) -> BTreeSet<Id> {
        self.histories.write(at, &touched, &self.player.account().resources, &mut self.told);
        touched
    }
}
