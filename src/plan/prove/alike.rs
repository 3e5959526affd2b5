//! Pairs that are alike: one answer for all of them.
//!
//! Two pairs are alike if one becomes the other by renaming the two ends, the groups that they wear and the steps that
//! write these. What they share (subnets, tables, ACLs, gateways, endpoints) keeps its name, and the steps that write it
//! are known by how each renamed step stands to them. The likeness is a list of numbers; equal lists are alike pairs
//! (words are 64-bit fingerprints of what they stand for).
//! Everything that a walk can ask of the two ends is in it; what the walk asks of the network is the same for both.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;

use ipnet::IpNet;

use super::claims::{HANG, Steps, UNAVOIDABLE};
use super::history::Histories;
use super::order::Order;
use crate::model::id::Id;
use crate::model::network::{Peer, Rule};
use crate::reach::{Fact, Key, Node, Question, Side};

/// What makes pairs alike, as numbers.
pub type Likeness = Vec<u64>;

/// Knows what the network's own facts are, and who writes them.
pub struct Alike<'p> {
    histories: &'p Histories,
    /// Steps that write what pairs share.
    shared: BTreeSet<usize>,
    /// Ranges in routes and ACLs, by which addresses of one subnet may fare differently.
    ranges: Vec<IpNet>,
    /// Likenesses for which the claim is known to hold.
    holds: RefCell<HashSet<Likeness>>,
}

impl<'p> Alike<'p> {
    /// Of the facts' lives in one direction.
    pub fn new(histories: &'p Histories) -> Alike<'p> {
        let network = |key: &Key| !matches!(key, Key::Node(_) | Key::Workload(_) | Key::Rules(_));
        let keys = histories.keys(network);
        let shared = keys.iter().flat_map(|key| histories.writers(key)).collect();
        let mut ranges = BTreeSet::new();
        for fact in keys.iter().flat_map(|key| histories.values(key)).flatten() {
            match fact {
                Fact::Routing(table) => ranges.extend(table.routes.iter().filter_map(|route| route.destination.parse::<IpNet>().ok())),
                Fact::Acl(acl) => ranges.extend(acl.ingress.iter().chain(&acl.egress).map(|entry| entry.range)),
                Fact::Prefixes(nets) => ranges.extend(nets),
                _ => {}
            }
        }
        Alike { histories, shared, ranges: ranges.into_iter().collect(), holds: RefCell::new(HashSet::new()) }
    }

    /// Whether the claim is known to hold for a pair like this.
    pub fn known(&self, likeness: &Likeness) -> bool {
        self.holds.borrow().contains(likeness)
    }

    /// Notes that it holds.
    pub fn note(&self, likeness: Likeness) {
        self.holds.borrow_mut().insert(likeness);
    }

    /// How many classes there are so far.
    pub fn classes(&self) -> usize {
        self.holds.borrow().len()
    }

    /// What a question is like; none if it is like no other.
    pub fn of(&self, question: &Question, steps: &Steps, order: &Order) -> Option<Likeness> {
        let mut sketch = Sketch { alike: self, groups: Vec::new(), steps: BTreeSet::new(), ends: Vec::new(), out: Vec::new() };
        sketch.word(&(&question.protocol, question.port, question.by));
        for side in [&question.from, &question.to] {
            match side {
                Side::Node(id) => sketch.meet(id)?,
                Side::Service(name) => {
                    sketch.word(name);
                    for endpoint in self.histories.endpoints(name) {
                        self.histories.nodes(&endpoint).iter().try_for_each(|node| sketch.meet(node))?;
                    }
                }
                other => sketch.word(other),
            }
        }
        sketch.draw();
        sketch.arrange(steps, order)
    }
}

struct Sketch<'s, 'p> {
    alike: &'s Alike<'p>,
    /// Groups in the order in which they are met: their new names.
    groups: Vec<Id>,
    /// Steps that write what is renamed.
    steps: BTreeSet<usize>,
    /// The nodes, with every value that each takes.
    ends: Vec<(Id, Vec<Node>)>,
    out: Likeness,
}

impl Sketch<'_, '_> {
    fn word(&mut self, what: &impl Hash) {
        let mut hasher = DefaultHasher::new();
        what.hash(&mut hasher);
        self.out.push(hasher.finish());
    }

    /// Meets a node: its groups get names. None if it is written by more than can be told apart.
    fn meet(&mut self, id: &Id) -> Option<()> {
        let histories = self.alike.histories;
        let key = Key::Node(id.clone());
        let values = histories.values(&key);
        let nodes: Vec<Node> = values.into_iter().flatten().filter_map(|fact| if let Fact::Node(node) = fact { Some(node) } else { None }).collect();
        for group in nodes.iter().flat_map(|node| &node.groups) {
            if !self.groups.contains(group) {
                self.groups.push(group.clone());
                self.steps.extend(histories.writers(&Key::Rules(group.clone())));
            }
        }
        self.steps.extend(histories.writers(&key));
        for owner in owners(histories, &nodes) {
            self.steps.extend(histories.writers(&Key::Workload(owner)));
        }
        self.ends.push((id.clone(), nodes));
        (self.steps.len() <= 40).then_some(())
    }

    /// Writes down the lives of everything met, in new names.
    fn draw(&mut self) {
        let numbers: BTreeMap<usize, u64> = self.steps.iter().copied().zip(0..).collect();
        for (id, nodes) in std::mem::take(&mut self.ends) {
            let key = Key::Node(id);
            self.life(&key, &numbers);
            for owner in owners(self.alike.histories, &nodes) {
                self.life(&Key::Workload(owner), &numbers);
            }
            self.ends.push((Id::from(""), nodes));
        }
        for group in self.groups.clone() {
            self.life(&Key::Rules(group), &numbers);
        }
    }

    /// One fact's life: its first value, and by which step it becomes which.
    fn life(&mut self, key: &Key, numbers: &BTreeMap<usize, u64>) {
        let histories = self.alike.histories;
        let writers: Vec<usize> = histories.writers(key).collect();
        self.out.push(u64::MAX);
        for (at, value) in histories.values(key).iter().enumerate() {
            if at > 0 {
                self.out.push(numbers.get(&writers[at - 1]).copied().unwrap_or(u64::MAX));
            }
            self.value(value.as_ref());
        }
    }

    fn value(&mut self, fact: Option<&Fact>) {
        match fact {
            None => self.out.push(0),
            Some(Fact::Node(node)) => {
                let public: Vec<bool> = node.public.iter().map(IpAddr::is_ipv4).collect();
                let families: Vec<bool> = node.addresses.iter().map(IpAddr::is_ipv4).collect();
                let within: Vec<Vec<bool>> = node.addresses.iter().map(|ip| self.alike.ranges.iter().map(|net| net.contains(ip)).collect()).collect();
                self.word(&(&node.subnet, public, families, within, node.publicly_named, node.stands_in));
                let worn: Vec<u64> = node.groups.iter().map(|group| self.name(group)).collect();
                self.word(&worn);
            }
            Some(Fact::Workload(workload)) => {
                let tracking = format!("{:?}", workload.tracking);
                self.word(&(workload.up, &workload.zones, workload.internet_facing, tracking, workload.part_of.is_some()));
            }
            Some(Fact::Rules(rules)) => {
                for rules in [&rules.ingress, &rules.egress] {
                    let mut drawn: Vec<u64> = rules.iter().map(|rule| self.rule(rule)).collect();
                    drawn.sort_unstable();
                    drawn.dedup();
                    self.word(&drawn);
                }
            }
            Some(_) => {}
        }
    }

    /// A rule, by what it says about the two ends: which of their addresses it names, which of their groups.
    fn rule(&self, rule: &Rule) -> u64 {
        let mut hasher = DefaultHasher::new();
        rule.ports.hash(&mut hasher);
        match &rule.peer {
            Peer::Group(group) => self.name(group).hash(&mut hasher),
            Peer::PrefixList(list) => list.hash(&mut hasher),
            Peer::Cidr(net) => {
                for node in self.ends.iter().flat_map(|(_, nodes)| nodes) {
                    node.addresses.iter().chain(&node.public).for_each(|ip| net.contains(ip).hash(&mut hasher));
                }
                // Stand-ins are as large as their subnets, and hosts outside are chosen by the ranges: these keep their names.
                net.hash(&mut hasher);
            }
        }
        hasher.finish()
    }

    /// The new name of a group; all strangers are one.
    fn name(&self, group: &Id) -> u64 {
        self.groups.iter().position(|met| met == group).map_or(u64::MAX, |at| at as u64)
    }

    /// How the steps stand to each other, to barriers, and to what writes the network. None where one announces an
    /// interruption of something in particular.
    fn arrange(mut self, steps: &Steps, order: &Order) -> Option<Likeness> {
        let own: Vec<usize> = self.steps.iter().copied().collect();
        for first in &own {
            let says = &steps.0[*first].says;
            if says.contains(UNAVOIDABLE) {
                return None;
            }
            self.out.push(u64::from(says.contains(HANG)));
            self.out.push(order.stage(*first) as u64);
            self.out.push(u64::from(self.alike.shared.contains(first)) * (*first as u64 + 1));
            for second in &own {
                self.out.push(u64::from(order.precedes(*first, *second)));
            }
            let beside: Vec<usize> = order.beside(*first).filter(|other| self.alike.shared.contains(other)).collect();
            let beside: Vec<(usize, bool)> = beside.into_iter().map(|other| (other, order.precedes(other, *first))).collect();
            self.word(&beside);
        }
        Some(self.out)
    }
}

/// Whose nodes these are, and what that is part of.
fn owners(histories: &Histories, nodes: &[Node]) -> BTreeSet<Id> {
    let mut out: BTreeSet<Id> = nodes.iter().map(|node| node.owner.clone()).collect();
    let wholes: Vec<Id> = out
        .iter()
        .flat_map(|owner| histories.values(&Key::Workload(owner.clone())))
        .flatten()
        .filter_map(|fact| if let Fact::Workload(workload) = fact { workload.part_of } else { None })
        .collect();
    out.extend(wholes);
    out
}
