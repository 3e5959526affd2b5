//! What must hold in every state: flows, doors, somebody who serves.

use std::collections::BTreeSet;

use super::explore::Stepping;
use super::state::State;
use crate::model::id::Id;
use crate::model::network::{Peer, Ports, Protocol, Rule, is_private};
use crate::reach::{Block, Fact, Key, Question, Side, Verdict, View, ask, stands};

/// What the judges know about the steps.
pub struct Steps {
    /// Whether a step declares an interruption.
    pub declared: Vec<bool>,
}

impl Steps {
    /// Whether what is broken in a state is announced: one of the steps done last says that it interrupts.
    fn excuses(&self, state: &State<'_>) -> bool {
        state.last().into_iter().any(|step| self.declared[step])
    }
}

/// Whether a connection can be opened, and one that is open goes on over each next step.
pub fn flow(question: &Question, steps: &Steps, state: &State<'_>, stepping: &Stepping<'_>) -> Option<String> {
    match ask(state, question) {
        Verdict::Blocked(blocked) if blocked.block == Block::Absent || steps.excuses(state) => None,
        Verdict::Blocked(blocked) => Some(blocked.words),
        Verdict::Reached(_) => goes_on(question, steps, state, stepping),
    }
}

fn goes_on(question: &Question, steps: &Steps, state: &State<'_>, stepping: &Stepping<'_>) -> Option<String> {
    let mut found = None;
    stepping.each_taking(|step, after| {
        if found.is_some() || steps.declared[step] {
            return;
        }
        if let Verdict::Blocked(blocked) = stands(state, after, question)
            && blocked.block != Block::Absent
            && matches!(ask(after, question), Verdict::Reached(_))
        {
            found = Some((step, blocked.words));
        }
    });
    found.map(|(step, words)| format!("{UNTRACKED}{step}:{words}"))
}

/// How a judge says that a step cuts what is open, though it could be opened anew.
pub const UNTRACKED: &str = "untracked by step ";

/// Whether the internet reaches a node on a port on which it did not at the start.
pub fn door(question: &Question, state: &State<'_>) -> Option<String> {
    match ask(state, question) {
        Verdict::Reached(route) => Some(route.into_iter().map(|station| station.words).collect::<Vec<_>>().join(", ")),
        Verdict::Blocked(_) => None,
    }
}

/// Whether something of a workload serves.
pub fn serves(owner: &Id, steps: &Steps, state: &State<'_>) -> Option<String> {
    let alive = state.nodes(owner).iter().any(|node| alive(state, node));
    (!alive && !steps.excuses(state)).then(|| "nothing of it serves".to_owned())
}

/// Whether a node is there and its owner runs.
pub fn alive(view: &dyn View, node: &Id) -> bool {
    let Some(Fact::Node(node)) = view.fact(&Key::Node(node.clone())) else { return false };
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

/// The question of one pair.
pub fn question(from: Side, to: Side, ports: &Ports) -> Question {
    Question { from, to, protocol: ports.protocol.clone(), port: ports.from, by: crate::reach::By::Private }
}
