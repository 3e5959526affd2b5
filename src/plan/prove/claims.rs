//! What must hold in every state: flows, doors, somebody who serves.

use std::collections::BTreeSet;

use super::capacity::Tally;
use super::explore::Stepping;
use super::history::Histories;
use super::state::State;
use crate::model::flow::{End, Flow};
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::network::{Peer, Ports, Protocol, Rule, is_private};
use crate::reach::{Block, Fact, Key, Node, Question, Side, Verdict, View, ask, stands, stands_where_it_is};

/// What the judges know about a step.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Whether the plan declares that connections which no group tracks hang from then on.
    pub hangs: bool,
    /// The claims that the plan declares broken from then on, until a later step mends them.
    pub cuts: BTreeSet<String>,
    /// What its move moves, if the move interrupts it.
    pub interrupts: Option<Id>,
}

/// What a judge finds in a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// The claim does not hold, because of this.
    Broken(String),
    /// A step that can be next, by its place, cuts what is open, though it could be opened anew: no group tracks it.
    Hangs(usize, String),
}

/// What the judges know about the steps.
pub struct Steps(pub Vec<Known>);

impl Steps {
    /// Whether what is broken in a state is declared: a step that can be the last one cuts it.
    fn declared(&self, what: &str, state: &State<'_>) -> bool {
        state.last().into_iter().any(|step| self.0[step].cuts.contains(what))
    }
}

/// Whether a connection can be opened, and one that is open goes on over each next step.
pub fn flow(what: &str, question: &Question, steps: &Steps, state: &State<'_>, stepping: &Stepping<'_>) -> Option<Wrong> {
    if !both_there(question, state) {
        return None;
    }
    match stepping.opens(state, question) {
        Ok(()) => goes_on(question, steps, state, stepping),
        Err(Block::Absent) => None,
        Err(_) if steps.declared(what, state) => None,
        Err(_) => Some(Wrong::Broken(why(ask(state, question)))),
    }
}

/// Whether both ends of a question are there: nobody waits for one who is not.
pub fn both_there(question: &Question, view: &dyn View) -> bool {
    let there = |side: &Side| !matches!(side, Side::Node(id) if !alive(view, id));
    there(&question.from) && there(&question.to)
}

/// Whether a pair has to hold: it does at the start, or it is not there then and belongs to a flow that works.
pub fn is_needed(start: Result<(), Block>, flow_works: bool) -> bool {
    start.is_ok() || flow_works && start == Err(Block::Absent)
}

/// What is in the way, if something is.
pub fn why(verdict: Verdict) -> String {
    match verdict {
        Verdict::Blocked(blocked) => blocked.words,
        Verdict::Reached(_) => String::new(),
    }
}

fn goes_on(question: &Question, steps: &Steps, state: &State<'_>, stepping: &Stepping<'_>) -> Option<Wrong> {
    let mut found = None;
    stepping.each_taking(|step, after| {
        let cut = || matches!(stepping.stands(state, after, question), Err(Block::GroupIn | Block::GroupOut));
        // What can't be opened anew either is a state of its own, and judged there.
        if found.is_none() && !steps.0[step].hangs && cut() && stepping.opens(after, question).is_ok() {
            found = Some(Wrong::Hangs(step, why(stands(state, after, question))));
        }
    });
    found
}

/// Whether the internet reaches a node on a port on which it did not at the start.
pub fn door(question: &Question, state: &State<'_>, stepping: &Stepping<'_>) -> Option<Wrong> {
    stepping.opens(state, question).ok()?;
    way_in(ask(state, question)).map(Wrong::Broken)
}

/// The way that leads there, if one does.
pub fn way_in(verdict: Verdict) -> Option<String> {
    match verdict {
        Verdict::Reached(route) => Some(route.into_iter().map(|station| station.words).collect::<Vec<String>>().join(", ")),
        Verdict::Blocked(_) => None,
    }
}

/// Whether something of a workload serves.
pub fn serves(owner: &Id, steps: &Steps, state: &State<'_>) -> Option<Wrong> {
    let alive = state.nodes(owner).iter().any(|node| alive(state, node));
    let excused = || state.last().into_iter().any(|step| steps.0[step].interrupts.as_ref() == Some(owner));
    (!alive && !excused()).then(|| Wrong::Broken("nothing of it serves".to_owned()))
}

/// The targets of a group, each with the nodes that it ever has, and the nodes of the balancers that send to them.
pub struct Served<'t> {
    targets: Vec<(&'t Tally, Vec<Id>)>,
    entries: Vec<Id>,
}

impl<'t> Served<'t> {
    /// Targets as they are registered, and whose nodes let requests in.
    pub fn new(targets: &[(&str, &'t Tally)], balancers: &[&Id], histories: &Histories) -> Served<'t> {
        let targets = targets.iter().map(|(target, tally)| (*tally, histories.nodes(&Id::from(*target)))).collect();
        Served { targets, entries: balancers.iter().flat_map(|balancer| histories.nodes(balancer)).collect() }
    }

    /// How many targets are registered and get requests.
    pub fn serving(&self, state: &State<'_>) -> i64 {
        self.count(state, self.targets.iter())
    }

    /// The same of one of them alone, by its place.
    pub fn serves(&self, at: usize, state: &State<'_>) -> i64 {
        self.count(state, self.targets[at..=at].iter())
    }

    fn count<'a>(&'a self, state: &State<'_>, targets: impl Iterator<Item = &'a (&'t Tally, Vec<Id>)>) -> i64 {
        let done = state.done();
        let registered = targets.filter(|(tally, _)| tally.after(done.iter().copied()) > 0);
        i64::try_from(registered.filter(|(_, nodes)| self.gets_requests(nodes, state)).count()).unwrap_or(i64::MAX)
    }

    /// Whether a registered target runs, in a zone in which one of its balancers has a node: others get no requests (ELB
    /// guides, "Availability Zones and load balancer nodes"). One that is known by an address runs as long as it is registered.
    fn gets_requests(&self, nodes: &[Id], state: &State<'_>) -> bool {
        if nodes.is_empty() {
            return true;
        }
        let enabled = || self.entries.iter().filter(|entry| alive(state, entry)).filter_map(|entry| zone(state, entry));
        let in_zone = |zone: &str| enabled().any(|other| other == zone);
        let served = |node: &Id| self.entries.is_empty() || zone(state, node).is_none_or(in_zone);
        nodes.iter().any(|node| alive(state, node) && served(node))
    }
}

/// Whether enough targets are registered and get requests.
pub fn targets(served: &Served<'_>, least: i64, state: &State<'_>) -> Option<Wrong> {
    let left = served.serving(state);
    (left < least).then(|| Wrong::Broken(format!("{left} of them are left")))
}

/// The zone of a node, where it is known.
fn zone<'v>(view: &'v dyn View, node: &Id) -> Option<&'v str> {
    let Fact::Node(node) = view.fact(&Key::Node(node.clone()))? else { return None };
    let Fact::Subnet(zone, _) = view.fact(&Key::Subnet(node.subnet.clone()))? else { return None };
    (!zone.is_empty()).then_some(zone)
}

/// Whether a node is there, and its owner runs and is where the node stands for it.
pub fn alive(view: &dyn View, id: &Id) -> bool {
    let Some(Fact::Node(node)) = view.fact(&Key::Node(id.clone())) else { return false };
    if node.stands_in && !stands_where_it_is(view, node) {
        return false;
    }
    let mut owner = Some(node.owner.clone());
    for _ in 0..4 {
        let Some(id) = owner.take() else { break };
        if let Some(Fact::Workload(workload)) = view.fact(&Key::Workload(id)) {
            if !workload.up {
                return false;
            }
            owner.clone_from(&workload.part_of);
        }
    }
    true
}

/// The ports on which one has to knock at a node to find every door that these rules open to the outside: where a rule
/// begins and where it ends; and what it listens on.
pub fn knocks<'r>(rules: impl Iterator<Item = &'r Rule>, listens: &[Ports]) -> BTreeSet<(Protocol, u16)> {
    let outside = rules.filter(|rule| match &rule.peer {
        Peer::Cidr(net) => !is_private(net),
        Peer::PrefixList(_) => true,
        Peer::Group(_) => false,
    });
    let mut out = BTreeSet::new();
    for ports in outside.map(|rule| &rule.ports).chain(listens) {
        let protocol = if ports.protocol == Protocol::All { Protocol::Tcp } else { ports.protocol.clone() };
        out.insert((protocol.clone(), ports.from));
        out.insert((protocol, ports.to));
    }
    out
}

/// What is claimed, and how it is told that it does not hold.
#[derive(Clone, Copy, Debug)]
pub enum Claim<'c> {
    /// A flow; where no order keeps it, its interruption can be declared.
    Flow(&'c str),
    /// Anything else; it holds, or the plan is refused.
    Other(&'c str),
}

impl<'c> Claim<'c> {
    /// What is claimed.
    pub fn words(self) -> &'c str {
        let (Claim::Flow(words) | Claim::Other(words)) = self;
        words
    }

    /// That a step breaks it.
    pub fn broken_by(self, step: &str) -> String {
        match self {
            Claim::Flow(flow) => format!("{flow} is cut by {step}"),
            Claim::Other(words) => format!("“{words}” does not hold after {step}"),
        }
    }
}

/// The questions of a flow: each node that one end has with each of the other, of those that `nodes` names. From the internet
/// only those are called that are public.
pub fn pairs(flow: &Flow, nodes: &dyn Fn(&Id) -> Vec<Id>, is_public: &dyn Fn(&Id) -> bool) -> Vec<Question> {
    let sides = |end: &End| -> Vec<Side> {
        match end {
            End::Resource(id) => nodes(id).into_iter().map(Side::Node).collect(),
            End::Internet => vec![Side::Internet],
            End::Service(name) => vec![Side::Service(name.clone())],
            End::Range(range) => super::words::host_of(range).map(Side::Address).into_iter().collect(),
        }
    };
    let outside = matches!(flow.from, End::Internet);
    let called = |side: &Side| !outside || matches!(side, Side::Node(id) if is_public(id));
    let mut out = Vec::new();
    for from in sides(&flow.from) {
        let others = sides(&flow.to).into_iter().filter(called).filter(|to| *to != from);
        out.extend(others.map(|to| question(from.clone(), to, &flow.ports)));
    }
    out
}

/// Whether a node has a public address: one that it shows, or one that its owner, as one of these facts, is known to have.
pub fn is_public<'f>(node: &Node, mut owner: impl Iterator<Item = &'f Fact>) -> bool {
    let facing = |fact: &Fact| matches!(fact, Fact::Workload(workload) if workload.internet_facing);
    node.publicly_named || !node.public.is_empty() || owner.any(facing)
}

/// That a door stays closed.
pub fn door_words(inventory: &Inventory, owner: &Id, question: &Question) -> String {
    let ports = Ports { protocol: question.protocol.clone(), from: question.port, to: question.port };
    format!("{} stays closed to the internet on {ports}", super::words::end_words(inventory, &End::Resource(owner.clone())))
}

/// A knock at a node from the internet.
pub fn knock(node: &Id, (protocol, port): (Protocol, u16)) -> Question {
    Question { from: Side::Internet, to: Side::Node(node.clone()), protocol, port, by: crate::reach::By::Private }
}

/// The question of one pair.
pub fn question(from: Side, to: Side, ports: &Ports) -> Question {
    Question { from, to, protocol: ports.protocol.clone(), port: ports.from, by: crate::reach::By::Private }
}
