//! What counts as evidence in a migration: what the intent says of the unvouched, and what flow logs cover.

use std::collections::BTreeMap;

use super::decide::Names;
use super::intent::{Intent, Problem, Unvouched};
use crate::model::flow::{End, Evidence, Flow};
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::network::{Ports, Protocol};
use crate::model::seen::Seen;

/// The intent's word on evidence, and the flow logs.
pub struct Vouch<'a> {
    /// What flow logs showed, if any were read.
    pub seen: Option<&'a Seen>,
    /// Declared flows: from, to, ports.
    pub declared: Vec<(Id, Id, Ports)>,
    days: u32,
    of_all: Unvouched,
    of_one: BTreeMap<Id, Unvouched>,
    arriving: BTreeMap<&'a Id, Vec<&'a Flow>>,
}

impl<'a> Vouch<'a> {
    /// Reads the intent.
    ///
    /// # Errors
    /// If it names a workload that isn't there.
    pub fn new(intent: &Intent, names: &Names<'_>, seen: Option<&'a Seen>) -> Result<Vouch<'a>, Problem> {
        let mut of_one = BTreeMap::new();
        for choice in &intent.workloads {
            if let Some(unvouched) = choice.unvouched {
                of_one.insert(names.find(&choice.name)?, unvouched);
            }
        }
        let mut arriving: BTreeMap<&Id, Vec<&Flow>> = BTreeMap::new();
        for flow in seen.into_iter().flat_map(|seen| &seen.flows) {
            if let End::Resource(to) = &flow.to {
                arriving.entry(to).or_default().push(flow);
            }
        }
        let declared = declared(intent, names)?;
        Ok(Vouch { seen, declared, days: intent.flow_logs.days, of_all: intent.unvouched, of_one, arriving })
    }

    /// What the logs show arriving at a workload.
    pub fn arriving(&self, to: &Id) -> &[&'a Flow] {
        self.arriving.get(to).map_or(&[], Vec::as_slice)
    }

    /// The evidence that somebody was seen to reach a workload on some of these ports.
    pub fn sighting(&self, from: &End, to: &Id, ports: &Ports) -> Option<&'a Evidence> {
        let fits = |flow: &&&Flow| flow.from == *from && flow.ports.overlap(ports);
        self.arriving(to).iter().find(fits).and_then(|flow| flow.evidence.first())
    }

    /// Whether flow logs show all that a workload accepts.
    pub fn covers(&self, to: &Id) -> bool {
        self.seen.is_some_and(|seen| seen.unwatched(to, self.days).is_none())
    }

    /// Why what only a rule allows does not stay: who may reach a port that the workload is known to listen on. None: it
    /// stays.
    pub fn ends_rule(&self, to: &Id) -> Option<String> {
        (self.policy(to) != Unvouched::Keep && self.covers(to)).then(|| self.unseen())
    }

    /// Why what the old rules allow and nobody vouches for does not stay. None: it stays, and is listed.
    pub fn ends_unvouched(&self, to: &Id) -> Option<String> {
        match self.policy(to) {
            Unvouched::Keep => None,
            _ if self.covers(to) => Some(self.unseen()),
            Unvouched::Drop => Some("inside the VPC, and nobody vouches for it".to_owned()),
            Unvouched::Auto => None,
        }
    }

    /// What a person should know of the flow logs: what they do not cover, and what was refused inside the VPC.
    pub fn warnings(&self, inventory: &Inventory) -> Vec<String> {
        let Some(seen) = self.seen else { return Vec::new() };
        let mut out: Vec<String> = seen.shortfalls(self.days).into_iter().map(|why| format!("flow logs: {why}")).collect();
        for flow in &seen.refused {
            if let (End::Resource(from), End::Resource(to)) = (&flow.from, &flow.to) {
                let words: Vec<String> = flow.evidence.iter().map(Evidence::to_string).collect();
                let (from, to) = (inventory.name(from), inventory.name(to));
                out.push(format!("flow logs: {from} was refused at {to}, {}: {}", flow.ports, words.join("; ")));
            }
        }
        out
    }

    fn unseen(&self) -> String {
        format!("inside the VPC; nobody vouches for it, and nobody was seen in {} days of flow logs", self.days)
    }

    fn policy(&self, to: &Id) -> Unvouched {
        self.of_one.get(to).copied().unwrap_or(self.of_all)
    }
}

fn declared(intent: &Intent, names: &Names<'_>) -> Result<Vec<(Id, Id, Ports)>, Problem> {
    let mut out = Vec::new();
    for flow in &intent.flows {
        let protocol = if flow.protocol.as_deref() == Some("udp") { Protocol::Udp } else { Protocol::Tcp };
        out.push((names.find(&flow.from)?, names.find(&flow.to)?, Ports { protocol, from: flow.port, to: flow.port }));
    }
    Ok(out)
}
