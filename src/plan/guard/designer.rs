//! The design of one group.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;
use serde_json::{Value, json};

use super::draft::{Draft, Word, cidr, spread};
use super::keep::{Served, keepers};
use super::{Design, GroupPlan, Input};
use crate::model::facet::Role;
use crate::model::flow::{End, Evidence};
use crate::model::id::Id;
use crate::model::network::{Peer, Ports, Rule, is_private};
use crate::model::resource::Resource;
use crate::model::strategy::{NewRule, Strategy};
use crate::plan::flows::{Standing, standing};
use crate::plan::neighbours::{Serving, served};
use crate::plan::peers::Peers;

/// Rules that a new group may have: AWS's 60 less some room for the people who come after.
const RULES: usize = 55;
/// Peers of one kind for one port, beyond which the VPC's range stands for all of them.
const PEERS: usize = 20;

/// Indexes over the account, made once: the design of a workload is then linear in its own rules.
pub struct Designer<'a> {
    /// What it knows.
    pub input: &'a Input<'a>,
    /// The account as rules see it.
    pub peers: Peers<'a>,
    served: Served<'a>,
    declared: BTreeMap<&'a Id, Vec<(&'a Id, &'a Ports)>>,
    keeps: BTreeSet<&'a Id>,
}

impl<'a> Designer<'a> {
    /// The indexes.
    pub fn new(input: &'a Input<'a>) -> Designer<'a> {
        let inventory = input.inventory;
        let opens = |r: &Resource| {
            r.facets.initiates && r.role == Role::Workload && input.chosen.get(&r.id).is_some_and(|(s, _)| *s != Strategy::Retire)
        };
        let peers = Peers::new(inventory, &opens);
        let mut declared: BTreeMap<&Id, Vec<(&Id, &Ports)>> = BTreeMap::new();
        for (from, to, ports) in &input.vouch.declared {
            declared.entry(to).or_default().push((from, ports));
        }
        let served = served(inventory);
        let keeps = keepers(input, &peers, &served);
        Designer { input, peers, served, declared, keeps }
    }

    /// What a workload wears at the end.
    fn final_groups(&self, resource: &Resource) -> Vec<Value> {
        let stays = self.keeps.contains(&resource.id);
        match self.input.chosen.get(&resource.id) {
            Some((strategy, slug))
                if !stays && resource.facets.guard.is_some() && !matches!(strategy, Strategy::Skip | Strategy::Retire) =>
            {
                let key = self.input.units.get(&resource.id).map_or(slug, |unit| &unit.key);
                vec![json!(format!("${{group-{key}.GroupId}}"))]
            }
            _ => resource.groups().iter().map(|group| json!(group.as_str())).collect(),
        }
    }

    /// The group of these workloads, together.
    pub fn unit(&self, key: &str, members: &[&'a Resource]) -> Vec<(Id, Design)> {
        let keeps = members.iter().all(|member| self.keeps.contains(&member.id));
        let named = members.first().and_then(|member| self.input.units.get(&member.id)).map(|unit| unit.name.clone());
        let name = (!keeps).then(|| named.unwrap_or_else(|| format!("{}-{key}", self.input.migration)));
        let mut draft = Draft::default();
        if !keeps {
            members.iter().for_each(|member| self.let_in_all(member, &mut draft));
        }
        let mut old: Vec<String> = Vec::new();
        for group in members.iter().flat_map(|member| member.groups()) {
            let name = self.input.inventory.name(group).to_owned();
            if !old.contains(&name) {
                old.push(name);
            }
        }
        let others = draft.from_workloads;
        let plan = GroupPlan {
            workload: members.first().map_or_else(|| Id::from(""), |member| member.id.clone()),
            with: members.iter().skip(1).map(|member| member.id.clone()).collect(),
            group: name,
            old,
            rules: draft.lines,
            unvouched: draft.unvouched,
            dropped: draft.dropped,
        };
        let world = |rule: &&Rule| matches!(&rule.peer, Peer::Cidr(net) if crate::model::network::is_world(net));
        let design = |member: &&'a Resource| Design {
            plan: plan.clone(),
            key: key.to_owned(),
            wears: self.final_groups(member),
            rules: draft.rules.clone(),
            beside_first: others && self.peers.old_rules(member).into_iter().any(|rule| !world(&rule)),
            old_until_tighten: others,
        };
        members.iter().map(|member| (member.id.clone(), design(member))).collect()
    }

    /// All that one of its workloads lets in.
    fn let_in_all(&self, resource: &'a Resource, draft: &mut Draft) {
        self.targets(resource, draft);
        self.declared(resource, draft);
        self.seen(resource, draft);
        match &resource.facets.listens {
            Some(ports) => {
                ports.iter().for_each(|port| self.known_port(resource, port, draft));
                for (port, peer, why) in self.developers(resource) {
                    draft.add(&port, peer, "developers", &why, Word::Given);
                }
                self.note_dropped(resource, draft);
            }
            None => self.unknown_ports(resource, draft),
        }
    }

    /// A database or a cache is reached by people through a Client VPN.
    pub fn developers(&self, resource: &Resource) -> Vec<NewRule> {
        let stores = resource.role == Role::Workload && !resource.facets.initiates && resource.facets.balancing.is_none();
        let group = self.input.developers.filter(|_| stores);
        let ports = resource.facets.listens.iter().flatten();
        group.map_or_else(Vec::new, |group| {
            ports.map(|port| (port.clone(), json!({ "GroupId": group }), "they come through the Client VPN".to_owned())).collect()
        })
    }

    /// Words of evidence, with what logs show of the same.
    fn because(&self, base: &str, from: &End, to: &Id, ports: &Ports) -> String {
        self.input.vouch.sighting(from, to, ports).map_or_else(|| base.to_owned(), |seen| format!("{base}; {seen}"))
    }

    /// Balancer to target, on the target's port and on the health check's.
    fn targets(&self, resource: &'a Resource, draft: &mut Draft) {
        for Serving { balancer, ports, .. } in self.served.get(resource.id.as_str()).into_iter().flatten() {
            let groups = self.final_groups(balancer);
            if groups.is_empty() {
                // A network load balancer without groups passes the clients' addresses on.
                let because = format!("clients of {}, which has no group", balancer.name);
                for rule in self.peers.old_rules(resource).into_iter().filter(|rule| rule.ports.cover(ports)) {
                    for net in self.clients(balancer, &rule.peer) {
                        draft.add(ports, cidr(&net), &net.to_string(), &because, Word::Given);
                    }
                }
            }
            let from = End::Resource(balancer.id.clone());
            let because = self.because(&format!("target of {}", balancer.name), &from, &resource.id, ports);
            for group in groups {
                draft.add(ports, json!({ "GroupId": group }), &balancer.name, &because, Word::Given);
            }
        }
    }

    /// The addresses that a peer stands for as clients of a balancer: of an internal one none from the internet.
    fn clients(&self, balancer: &Resource, peer: &Peer) -> Vec<IpNet> {
        let facing = balancer.facets.balancing.as_ref().is_some_and(|b| b.internet_facing);
        match peer {
            Peer::Cidr(net) if facing || is_private(net) => vec![*net],
            Peer::Cidr(_) => self.peers.ranges.clone(),
            _ => Vec::new(),
        }
    }

    fn declared(&self, resource: &Resource, draft: &mut Draft) {
        for (from, ports) in self.declared.get(&resource.id).into_iter().flatten() {
            if let Some(from) = self.input.inventory.get(from) {
                let because = self.because("declared in the intent", &End::Resource(from.id.clone()), &resource.id, ports);
                draft.workload(ports, self.final_groups(from), &from.name, &because, Word::Given);
            }
        }
    }

    /// What flow logs show, as far as today's rules let it through; what they don't is said, not granted.
    fn seen(&self, resource: &'a Resource, draft: &mut Draft) {
        let mut by_ports: BTreeMap<Ports, Vec<(&'a Resource, String)>> = BTreeMap::new();
        for flow in self.input.vouch.arriving(&resource.id) {
            let words = flow.evidence.iter().map(Evidence::to_string).collect::<Vec<_>>().join("; ");
            let standing = standing(flow, &self.peers);
            if standing.is_empty() {
                let because = format!("{words}, and no rule of today lets it through: the logs are older than the rules");
                draft.drop(&flow.ports, &self.name(&flow.from), &because);
            }
            for one in standing {
                match &one.from {
                    End::Resource(from) => match self.input.inventory.get(from) {
                        Some(from) if self.stays(from) => by_ports.entry(one.ports).or_default().push((from, words.clone())),
                        _ => draft.drop(&one.ports, &self.name(&one.from), &format!("{words}; it is retired")),
                    },
                    End::Range(_) | End::Internet | End::Service(_) => self.seen_outside(resource, &one, &words, draft),
                }
            }
        }
        for (ports, openers) in by_ports {
            let words: BTreeMap<&Id, &str> = openers.iter().map(|(from, words)| (&from.id, words.as_str())).collect();
            let found = Found { workloads: openers.iter().map(|(from, _)| *from).collect(), ..Found::default() };
            let because = |from: &Resource| words.get(&from.id).copied().unwrap_or_default().to_owned();
            self.let_in(&ports, &found, &because, Word::Given, draft);
        }
    }

    /// From addresses beyond the VPC, or of nobody known: by range. From the internet only to what faces it, whose
    /// listeners are open to whom its groups let in.
    fn seen_outside(&self, resource: &Resource, one: &Standing, words: &str, draft: &mut Draft) {
        let listens = |listener: &Ports| listener.overlap(&one.ports);
        let facing = resource.facets.balancing.as_ref().is_some_and(|b| b.internet_facing && b.listeners.iter().any(listens));
        let net = match &one.from {
            End::Range(range) => range.parse::<IpNet>().ok(),
            _ => None,
        };
        match net {
            Some(net) if is_private(&net) || self.peers.touches(&net) => {
                let whose = if self.peers.touches(&net) { "of nobody that moves" } else { "beyond the VPC" };
                draft.add(&one.ports, cidr(&net), &net.to_string(), &format!("{words}; an address {whose}"), Word::Given);
            }
            _ if facing => {}
            _ => draft.drop(&one.ports, &self.name(&one.from), &format!("{words}; the internet does not reach a private subnet")),
        }
    }

    fn name(&self, end: &End) -> String {
        match end {
            End::Resource(id) => self.input.inventory.name(id).to_owned(),
            other => other.to_string(),
        }
    }

    fn stays(&self, resource: &Resource) -> bool {
        self.input.chosen.get(&resource.id).is_none_or(|(strategy, _)| *strategy != Strategy::Retire)
    }

    /// A port that the server is known to listen on: whoever may reach it today.
    fn known_port(&self, resource: &'a Resource, port: &Ports, draft: &mut Draft) {
        let facing = resource.facets.balancing.as_ref().is_some_and(|b| b.internet_facing);
        let ends = self.input.vouch.ends_rule(&resource.id);
        for rule in self.peers.old_rules(resource).into_iter().filter(|rule| rule.ports.overlap(port)) {
            match &rule.peer {
                Peer::Cidr(net) if facing && !is_private(net) => {
                    let because = self.because("listener of an internet-facing balancer", &End::Internet, &resource.id, port);
                    draft.add(port, cidr(net), &net.to_string(), &because, Word::Given)
                }
                Peer::PrefixList(list) => {
                    let because = "the old rule names this prefix list";
                    draft.add(port, json!({ "PrefixListId": list.as_str() }), list.as_str(), because, Word::Given)
                }
                peer => {
                    match &ends {
                        Some(why) => self.let_go(port, self.inside(peer, resource), resource, why, draft),
                        None => {
                            let because = |_: &Resource| "may reach this port today".to_owned();
                            self.let_in(port, &self.inside(peer, resource), &because, Word::Given, draft)
                        }
                    }
                    self.outside(port, peer, draft);
                }
            }
        }
    }

    /// A server of which nobody knows the ports: what the old rules let in from inside the VPC.
    fn unknown_ports(&self, resource: &'a Resource, draft: &mut Draft) {
        let ends = self.input.vouch.ends_unvouched(&resource.id);
        for rule in self.peers.old_rules(resource) {
            let found = self.inside(&rule.peer, resource);
            let nobody = found.is_empty();
            match &ends {
                _ if nobody => {}
                Some(why) => self.let_go(&rule.ports, found, resource, why, draft),
                None => {
                    let because = |_: &Resource| "nobody vouches for this".to_owned();
                    self.let_in(&rule.ports, &found, &because, Word::Missing, draft)
                }
            }
            match &rule.peer {
                Peer::Cidr(net) if !is_private(net) => self.internet_gone(&rule.ports, &net.to_string(), resource, draft),
                Peer::PrefixList(list) => {
                    let because = "the old rule names this prefix list";
                    draft.add(&rule.ports, json!({ "PrefixListId": list.as_str() }), list.as_str(), because, Word::Given)
                }
                Peer::Group(group) if nobody => {
                    draft.drop(&rule.ports, self.input.inventory.name(group), "nothing that opens connections wears this group")
                }
                peer => self.outside(&rule.ports, peer, draft),
            }
        }
    }

    /// Notes who could come in and can't any more. Who was seen on all of these ports or some is let in on those.
    fn let_go(&self, ports: &Ports, mut found: Found<'a>, resource: &Resource, why: &str, draft: &mut Draft) {
        let seen = |from: &Resource| self.input.vouch.sighting(&End::Resource(from.id.clone()), &resource.id, ports).is_some();
        found.workloads.retain(|from| found.too_many || !seen(from));
        if !found.is_empty() {
            draft.drop(ports, &found.words(), why);
        }
    }

    /// Notes that the internet can't come in any more, and whether it did.
    fn internet_gone(&self, ports: &Ports, from: &str, resource: &Resource, draft: &mut Draft) {
        let vouch = self.input.vouch;
        let used = match (vouch.sighting(&End::Internet, &resource.id, ports), vouch.seen) {
            (Some(seen), _) => format!("; {seen}"),
            (None, Some(_)) => "; nobody was seen to use it".to_owned(),
            (None, None) => String::new(),
        };
        draft.drop(ports, from, &format!("the internet does not reach a private subnet{used}"));
    }

    /// What the old rules let in beside the known ports, and what of it came from the internet.
    fn note_dropped(&self, resource: &'a Resource, draft: &mut Draft) {
        let facing = resource.facets.balancing.as_ref().is_some_and(|b| b.internet_facing);
        let listens = resource.facets.listens.as_deref().unwrap_or_default();
        for rule in self.peers.old_rules(resource) {
            let from = match &rule.peer {
                Peer::Cidr(net) => net.to_string(),
                Peer::Group(id) | Peer::PrefixList(id) => self.input.inventory.name(id).to_owned(),
            };
            let public = matches!(&rule.peer, Peer::Cidr(net) if !is_private(net));
            if public && !facing && listens.iter().any(|port| rule.ports.overlap(port)) {
                self.internet_gone(&rule.ports, &from, resource, draft);
            } else if !listens.contains(&rule.ports) {
                let why = if listens.is_empty() { "it accepts no connections" } else { "it listens on its own ports only" };
                draft.drop(&rule.ports, &from, why);
            }
        }
    }

    /// A private range beyond the VPC: a peer, a VPN, an office.
    fn outside(&self, ports: &Ports, peer: &Peer, draft: &mut Draft) {
        if let Peer::Cidr(net) = peer
            && is_private(net)
            && !self.peers.ranges.iter().any(|range| range.contains(net))
        {
            let because = "a private range beyond the VPC that the old rule names";
            draft.add(ports, cidr(net), &net.to_string(), because, Word::Given);
        }
    }

    fn let_in(&self, ports: &Ports, found: &Found<'a>, because: &dyn Fn(&Resource) -> String, word: Word, draft: &mut Draft) {
        let fits = found.workloads.len() <= PEERS && draft.rules.len() + found.workloads.len() <= RULES;
        let any = || found.workloads.first().map_or_else(|| "nobody can tell".to_owned(), |first| because(first));
        if found.too_many || !fits {
            for range in &self.peers.ranges {
                for ports in spread(ports) {
                    draft.range(&ports, range, &format!("{}; too many for a rule each (AWS allows 60)", any()), word);
                }
            }
            return;
        }
        for workload in &found.workloads {
            draft.workload(ports, self.final_groups(workload), &workload.name, &because(workload), word);
        }
        for (group, owner) in &found.strangers {
            let because = format!("{}; it stays as it is", word_for(word));
            draft.add(ports, json!({ "GroupId": group.as_str() }), owner, &because, word);
        }
    }

    /// Who inside the VPC comes in by this peer; the workload itself apart.
    fn inside(&self, peer: &Peer, not: &'a Resource) -> Found<'a> {
        let mut found = Found { workloads: self.peers.workloads(peer, &not.id).take(PEERS + 1).collect(), ..Found::default() };
        found.too_many = found.workloads.len() > PEERS;
        // Too many have no rules of their own, strangers or not.
        match peer {
            Peer::Group(group) => found.strangers.extend(self.peers.strangers.get_key_value(group).map(|(group, owner)| (*group, *owner))),
            Peer::Cidr(net) if !found.too_many && self.peers.is_everywhere(net) => {
                found.strangers.extend(self.peers.strangers.iter().map(|(group, owner)| (*group, *owner)))
            }
            Peer::Cidr(_) if !found.too_many => {
                let within = self.peers.strange(peer).flat_map(|(interface, owner)| interface.groups().iter().map(move |g| (g, owner)));
                found.strangers.extend(within)
            }
            Peer::Cidr(_) | Peer::PrefixList(_) => {}
        }
        found
    }
}

/// What is said of strangers, who have no evidence of their own.
fn word_for(word: Word) -> &'static str {
    match word {
        Word::Given => "may reach this port today",
        Word::Missing => "nobody vouches for this",
    }
}

/// Who comes in by one old rule.
#[derive(Default)]
struct Found<'a> {
    workloads: Vec<&'a Resource>,
    strangers: BTreeMap<&'a Id, &'a str>,
    too_many: bool,
}

impl Found<'_> {
    fn is_empty(&self) -> bool {
        self.workloads.is_empty() && self.strangers.is_empty()
    }

    fn words(&self) -> String {
        if self.too_many {
            return format!("more than {PEERS} workloads");
        }
        let names: Vec<&str> = self.workloads.iter().map(|r| r.name.as_str()).chain(self.strangers.values().copied()).collect();
        names.join(", ")
    }
}
