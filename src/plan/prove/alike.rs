//! Pairs that are alike: one answer for all of them.
//!
//! Two pairs are alike if one becomes the other by renaming the two ends, the groups that they wear and the steps that
//! write these. What they share (subnets, tables, ACLs, gateways, endpoints) keeps its name, and the steps that write it
//! are known by how each renamed step stands to them. A rule that names a group which neither end ever wears says nothing
//! about them. The likeness is a list of numbers; equal lists are alike pairs (words are 64-bit fingerprints of what they
//! stand for). Everything that a walk can ask of the two ends is in it; what it asks of the network is the same for both.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;
use std::rc::Rc;

use ipnet::IpNet;

use super::cell::Mix;
use super::claims::Steps;
use super::history::Histories;
use super::order::Order;
use crate::model::id::Id;
use crate::model::network::Peer;
use crate::reach::{Block, Fact, Key, Node, Question, Side};

/// What makes pairs alike, as numbers.
pub type Likeness = Vec<u64>;

/// More steps than this make a pair like no other.
const STEPS: usize = 40;

/// What is known of a class of pairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// What the first of them finds at the start.
    pub start: Result<(), Block>,
    /// Whether the claim holds in every state; false where it was not asked.
    pub holds: bool,
}

/// Knows the lives of ends and groups, and what was found of pairs.
pub struct Alike<'p> {
    histories: &'p Histories,
    /// Steps that write what pairs share.
    shared: BTreeSet<usize>,
    /// Ranges in routes and ACLs, by which addresses of one subnet may fare differently.
    ranges: Vec<IpNet>,
    classes: RefCell<HashMap<Likeness, Known, Mix>>,
    nodes: RefCell<HashMap<Id, Rc<NodeLife>, Mix>>,
    groups: RefCell<HashMap<Id, Rc<GroupLife>, Mix>>,
    standing: RefCell<HashMap<usize, u64, Mix>>,
}

/// A node's life, and those of whose it is.
struct NodeLife {
    /// Who writes any of it.
    steps: BTreeSet<usize>,
    /// The groups that it ever wears.
    groups: Vec<Id>,
    /// Its addresses, whenever it has them.
    addresses: Vec<IpAddr>,
    /// The writer (none: at the start), what it is then, and which of its groups it wears.
    values: Vec<(Option<usize>, u64, Vec<usize>)>,
    /// The same of its owners.
    owners: Vec<(Option<usize>, u64)>,
}

/// A group's life.
struct GroupLife {
    values: Vec<(Option<usize>, Rules)>,
}

/// Rules of one direction each, by whom they name.
struct Rules {
    /// Each with the word for it and its ports.
    ranges: Vec<(u64, IpNet)>,
    lists: u64,
    groups: HashMap<Id, Vec<u64>, Mix>,
}

fn word(what: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

impl<'p> Alike<'p> {
    /// Of the facts' lives in one direction.
    pub fn new(histories: &'p Histories) -> Alike<'p> {
        let network = |key: &Key| !matches!(key, Key::Node(_) | Key::Workload(_) | Key::Rules(_));
        let keys = histories.keys(network);
        let shared = keys.iter().flat_map(|key| histories.writers(key)).collect();
        let mut ranges: BTreeSet<IpNet> = BTreeSet::new();
        for fact in keys.iter().flat_map(|key| histories.values(key)).flatten() {
            match fact {
                Fact::Routing(table) => ranges.extend(table.routes.iter().filter_map(|route| route.destination.range())),
                Fact::Acl(acl) => ranges.extend(acl.ingress.iter().chain(&acl.egress).map(|entry| entry.range)),
                Fact::Prefixes(nets) => ranges.extend(nets),
                _ => {}
            }
        }
        Alike {
            histories,
            shared,
            ranges: ranges.into_iter().collect(),
            classes: RefCell::default(),
            nodes: RefCell::default(),
            groups: RefCell::default(),
            standing: RefCell::default(),
        }
    }

    /// What is known of pairs like this.
    pub fn known(&self, likeness: &Likeness) -> Option<Known> {
        self.classes.borrow().get(likeness).copied()
    }

    /// Notes what was found.
    pub fn note(&self, likeness: Likeness, known: Known) {
        self.classes.borrow_mut().insert(likeness, known);
    }

    /// How many classes were found to hold.
    pub fn classes(&self) -> usize {
        self.classes.borrow().values().filter(|known| known.holds).count()
    }

    /// The order has an edge more: how steps stand to others is looked at anew.
    pub fn reorder(&self) {
        self.standing.borrow_mut().clear();
    }

    /// What a question is like; none if it is like no other.
    pub fn of(&self, question: &Question, steps: &Steps, order: &Order) -> Option<Likeness> {
        let mut out = Vec::with_capacity(256);
        out.push(word(&(&question.protocol, question.port, question.by)));
        let mut ends = Vec::new();
        for side in [&question.from, &question.to] {
            match side {
                Side::Node(id) => ends.push(self.node(id)),
                Side::Service(name) => {
                    out.push(word(name));
                    let nodes = self.histories.endpoints(name).into_iter().flat_map(|endpoint| self.histories.nodes(&endpoint));
                    ends.extend(nodes.map(|node| self.node(&node)));
                }
                other => out.push(word(other)),
            }
        }
        let mut groups: Vec<&Id> = Vec::new();
        for group in ends.iter().flat_map(|end| &end.groups) {
            if !groups.contains(&group) {
                groups.push(group);
            }
        }
        let lives: Vec<Rc<GroupLife>> = groups.iter().map(|group| self.group(group)).collect();
        let writers = lives.iter().flat_map(|life| life.values.iter().filter_map(|(step, _)| *step));
        let mut own: Vec<usize> = ends.iter().flat_map(|end| end.steps.iter().copied()).chain(writers).collect();
        own.sort_unstable();
        own.dedup();
        if own.len() > STEPS {
            return None;
        }
        let number = |step: &Option<usize>| step.and_then(|step| own.binary_search(&step).ok()).map_or(0, |at| at as u64 + 1);
        for end in &ends {
            draw_end(end, &groups, &number, &mut out);
        }
        let addresses: Vec<IpAddr> = ends.iter().flat_map(|end| end.addresses.iter().copied()).collect();
        for life in &lives {
            draw_group(life, &groups, &addresses, &number, &mut out);
        }
        self.arrange(&own, steps, order, &mut out)?;
        Some(out)
    }

    fn node(&self, id: &Id) -> Rc<NodeLife> {
        if let Some(life) = self.nodes.borrow().get(id) {
            return life.clone();
        }
        let life = Rc::new(self.live_node(id));
        self.nodes.borrow_mut().insert(id.clone(), life.clone());
        life
    }

    fn live_node(&self, id: &Id) -> NodeLife {
        let key = Key::Node(id.clone());
        let writers: Vec<usize> = self.histories.writers(&key).collect();
        let mut life = NodeLife {
            steps: writers.iter().copied().collect(),
            groups: Vec::new(),
            addresses: Vec::new(),
            values: Vec::new(),
            owners: Vec::new(),
        };
        let mut owners = BTreeSet::new();
        for (at, value) in self.histories.values(&key).iter().enumerate() {
            let writer = at.checked_sub(1).map(|at| writers[at]);
            let Some(Fact::Node(node)) = value else {
                life.values.push((writer, 0, Vec::new()));
                continue;
            };
            owners.insert(node.owner.clone());
            life.addresses.extend(node.addresses.iter().chain(&node.public));
            for group in &node.groups {
                if !life.groups.contains(group) {
                    life.groups.push(group.clone());
                }
            }
            let worn = node.groups.iter().filter_map(|group| life.groups.iter().position(|met| met == group)).collect();
            life.values.push((writer, self.face(node), worn));
        }
        self.live_owners(owners, &mut life);
        life
    }

    /// What a node is, but for its name, its groups and its very addresses.
    fn face(&self, node: &Node) -> u64 {
        let family = |ips: &[IpAddr]| ips.iter().map(IpAddr::is_ipv4).collect::<Vec<bool>>();
        let within: Vec<bool> = node.addresses.iter().flat_map(|ip| self.ranges.iter().map(move |net| net.contains(ip))).collect();
        word(&(1, &node.subnet, family(&node.public), family(&node.addresses), within, node.publicly_named, node.stands_in))
    }

    fn live_owners(&self, mut owners: BTreeSet<Id>, life: &mut NodeLife) {
        let mut seen = BTreeSet::new();
        while let Some(owner) = owners.pop_first() {
            if !seen.insert(owner.clone()) {
                continue;
            }
            let key = Key::Workload(owner);
            let writers: Vec<usize> = self.histories.writers(&key).collect();
            for (at, value) in self.histories.values(&key).iter().enumerate() {
                let mut face = 0;
                if let Some(Fact::Workload(workload)) = value {
                    let tracking = format!("{:?}", workload.tracking);
                    face = word(&(workload.up, &workload.zones, workload.internet_facing, tracking, workload.part_of.is_some()));
                    owners.extend(workload.part_of.clone());
                }
                life.owners.push((at.checked_sub(1).map(|at| writers[at]), face));
            }
            life.steps.extend(writers);
        }
    }

    fn group(&self, id: &Id) -> Rc<GroupLife> {
        if let Some(life) = self.groups.borrow().get(id) {
            return life.clone();
        }
        let key = Key::Rules(id.clone());
        let writers: Vec<usize> = self.histories.writers(&key).collect();
        let values = self.histories.values(&key).iter().enumerate();
        let values = values.map(|(at, value)| (at.checked_sub(1).map(|at| writers[at]), sorted_rules(value.as_ref()))).collect();
        let life = Rc::new(GroupLife { values });
        self.groups.borrow_mut().insert(id.clone(), life.clone());
        life
    }

    /// How the steps stand to each other, to barriers, and to what writes the network. None where one announces an
    /// interruption of something in particular.
    fn arrange(&self, own: &[usize], steps: &Steps, order: &Order, out: &mut Likeness) -> Option<()> {
        for first in own {
            let known = &steps.0[*first];
            if !known.cuts.is_empty() {
                return None;
            }
            out.push(u64::from(known.hangs));
            out.push(order.stage(*first) as u64);
            out.push(own.iter().fold(0, |mask, second| mask << 1 | u64::from(order.precedes(*first, *second))));
            out.push(self.stands(*first, order));
        }
        Some(())
    }

    /// How a step stands to those that write the network.
    fn stands(&self, step: usize, order: &Order) -> u64 {
        *self.standing.borrow_mut().entry(step).or_insert_with(|| {
            let beside = order.beside(step).filter(|other| self.shared.contains(other));
            let beside: Vec<(usize, bool)> = beside.map(|other| (other, order.precedes(other, step))).collect();
            word(&(beside, self.shared.contains(&step).then_some(step)))
        })
    }
}

fn draw_end(end: &NodeLife, groups: &[&Id], number: &dyn Fn(&Option<usize>) -> u64, out: &mut Likeness) {
    let name = |at: &usize| groups.iter().position(|group| **group == end.groups[*at]).unwrap_or(usize::MAX) as u64;
    for (step, face, worn) in &end.values {
        out.extend([number(step), *face, worn.len() as u64]);
        out.extend(worn.iter().map(name));
    }
    out.push(u64::MAX);
    for (step, face) in &end.owners {
        out.extend([number(step), *face]);
    }
    out.push(u64::MAX);
}

fn draw_group(life: &GroupLife, groups: &[&Id], addresses: &[IpAddr], number: &dyn Fn(&Option<usize>) -> u64, out: &mut Likeness) {
    for (step, rules) in &life.values {
        out.extend([number(step), rules.lists]);
        for (ports, net) in &rules.ranges {
            // Stand-ins are as large as their subnets, and hosts outside are chosen by the ranges: these keep their names.
            out.push(*ports);
            for few in addresses.chunks(63) {
                out.push(few.iter().fold(1, |named, ip| named << 1 | u64::from(net.contains(ip))));
            }
        }
        for (name, group) in groups.iter().enumerate() {
            if let Some(ports) = rules.groups.get(*group) {
                out.push(name as u64);
                out.extend(ports);
            }
        }
        out.push(u64::MAX);
    }
}

/// The rules of a group by whom they name; in which direction is part of their word.
fn sorted_rules(fact: Option<&Fact>) -> Rules {
    let mut sorted = Rules { ranges: Vec::new(), lists: 0, groups: HashMap::default() };
    let Some(Fact::Rules(rules)) = fact else { return sorted };
    let mut lists = BTreeSet::new();
    for (inward, rule) in rules.ingress.iter().map(|rule| (true, rule)).chain(rules.egress.iter().map(|rule| (false, rule))) {
        let ports = word(&(inward, &rule.ports));
        match &rule.peer {
            Peer::Cidr(net) => sorted.ranges.push((word(&(ports, net)), *net)),
            Peer::PrefixList(list) => drop(lists.insert((ports, list.clone()))),
            Peer::Group(group) => sorted.groups.entry(group.clone()).or_default().push(ports),
        }
    }
    sorted.ranges.sort_unstable();
    sorted.ranges.dedup();
    sorted.groups.values_mut().for_each(|ports| ports.sort_unstable());
    sorted.lists = if lists.is_empty() { 1 } else { word(&lists) };
    sorted
}
