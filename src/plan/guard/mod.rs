//! One security group per workload, with the flows that the account shows.
//!
//! Vouched for are: a balancer and its targets; the internet and an internet-facing balancer's listeners; whoever may
//! reach the port of a server whose ports are known (a database, a balancer) today; flows that the intent declares. What
//! else the old rules let in from inside the VPC is nobody's word: kept or dropped as the intent says, listed either
//! way. What they let in from the internet goes, and is listed. A group that already serves one workload only, with
//! rules that need no change, stays.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::intent::Unvouched;
use super::neighbours::{Serving, served, strange_interfaces};
use crate::model::facet::Role;
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::network::{Peer, Ports, Protocol, Rule, description, is_private, is_world};
use crate::model::resource::Resource;
use crate::model::strategy::{NewRule, Strategy};

/// Rules that a new group may have: AWS's 60 less some room for the people who come after.
const RULES: usize = 55;
/// Peers of one kind for one port, beyond which the VPC's range stands for all of them.
const PEERS: usize = 20;

/// A rule, for people.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Which ports.
    pub ports: String,
    /// From whom.
    pub from: String,
    /// On what evidence, or why it goes.
    pub because: String,
}

/// What becomes of one workload's groups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupPlan {
    /// The workload.
    pub workload: Id,
    /// The new group's name; none if it keeps the groups that it has.
    pub group: Option<String>,
    /// The groups that it wears today, by name.
    pub old: Vec<String>,
    /// Who is let in, on evidence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Line>,
    /// Who is let in although nobody vouches for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unvouched: Vec<Line>,
    /// Who could come in before and can't any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<Line>,
}

/// A group's design: what people read, and what is built.
pub struct Design {
    /// The plan's words.
    pub plan: GroupPlan,
    /// The key for step ids.
    pub key: String,
    /// What it wears at the end, as values for a parameter.
    pub wears: Vec<Value>,
    /// The new group's rules: ports, peer, description.
    pub rules: Vec<NewRule>,
    /// See [`crate::model::strategy::Scene`].
    pub beside_first: bool,
    /// See [`crate::model::strategy::Scene`].
    pub old_until_tighten: bool,
}

/// What the designer knows.
pub struct Input<'a> {
    /// What was seen.
    pub inventory: &'a Inventory,
    /// The migration's name.
    pub migration: &'a str,
    /// Strategy and slug of every movable resource.
    pub chosen: &'a BTreeMap<Id, (Strategy, String)>,
    /// What becomes of the unvouched, by workload.
    pub unvouched: &'a dyn Fn(&Id) -> Unvouched,
    /// Declared flows: from, to, ports.
    pub declared: &'a [(Id, Id, Ports)],
    /// The group of a Client VPN, if there is to be one: its people reach what stores data.
    pub developers: Option<&'a Value>,
}

/// Rules to add to a group that stays: the group, and for each rule ports, peer and description.
pub type Addition = (Id, Vec<(Ports, Value, String)>);

/// Designs the groups of every workload that moves; and the rules that groups of things that don't move need, because
/// who they name comes with a new group.
pub fn design(input: &Input<'_>) -> (BTreeMap<Id, Design>, Vec<Addition>) {
    let designer = Designer::new(input);
    let moving = input.chosen.iter().filter(|(_, (strategy, _))| !matches!(strategy, Strategy::Skip | Strategy::Retire));
    // What has no place for a group (a network load balancer that was made without) gets none.
    let guarded = moving.filter_map(|(id, (_, slug))| Some((input.inventory.get(id).filter(|r| r.facets.guard.is_some())?, slug)));
    let designs = guarded.map(|(resource, slug)| (resource.id.clone(), designer.one(resource, slug))).collect();
    let additions = additions(&designer, &designs);
    (designs, additions)
}

fn additions(designer: &Designer<'_>, designs: &BTreeMap<Id, Design>) -> Vec<Addition> {
    let input = designer.input;
    let mut out = Vec::new();
    for resource in designs.iter().filter(|(_, design)| design.plan.group.is_none()).filter_map(|(id, _)| input.inventory.get(id)) {
        let rules = designer.developers(resource);
        out.extend(resource.groups().first().filter(|_| !rules.is_empty()).map(|group| (group.clone(), rules)));
    }
    // A member of a cluster goes with its cluster.
    let stays = |r: &Resource| {
        let chosen = |id: &Id| input.chosen.get(id).map(|(strategy, _)| *strategy == Strategy::Skip);
        chosen(r.facets.owner.as_ref().filter(|_| r.role == Role::Bystander).unwrap_or(&r.id)).unwrap_or(r.role == Role::Bystander)
    };
    let worn: BTreeSet<&Id> = input.inventory.resources.values().filter(|r| stays(r)).flat_map(Resource::groups).collect();
    for group in worn {
        let mut rules = Vec::new();
        for rule in designer.rules_of(group) {
            let Peer::Group(source) = &rule.peer else { continue };
            for workload in designer.wearing.get(source).into_iter().flatten() {
                let Some(design) = designs.get(&workload.id).filter(|d| d.plan.group.is_some()) else { continue };
                let why = format!("{} came with {}", workload.name, input.inventory.name(source));
                rules.extend(design.wears.iter().map(|g| (rule.ports.clone(), json!({ "GroupId": g }), why.clone())));
            }
        }
        rules.sort_by_key(|(ports, peer, _)| (ports.clone(), peer.to_string()));
        rules.dedup_by(|a, b| a.0 == b.0 && a.1 == b.1);
        if !rules.is_empty() {
            out.push((group.clone(), rules));
        }
    }
    out
}

/// Indexes over the account, made once: the design of a workload is then linear in its own rules.
struct Designer<'a> {
    input: &'a Input<'a>,
    initiators: Vec<&'a Resource>,
    wearing: BTreeMap<&'a Id, Vec<&'a Resource>>,
    by_address: BTreeMap<Ipv4Addr, &'a Resource>,
    strangers: BTreeMap<&'a Id, &'a str>,
    served: BTreeMap<&'a str, Vec<Serving<'a>>>,
    ranges: Vec<IpNet>,
    declared: BTreeMap<&'a Id, Vec<(&'a Id, &'a Ports)>>,
    keeps: BTreeSet<&'a Id>,
}

impl<'a> Designer<'a> {
    fn new(input: &'a Input<'a>) -> Designer<'a> {
        let inventory = input.inventory;
        let opens = |r: &&Resource| {
            r.facets.initiates && r.role == Role::Workload && input.chosen.get(&r.id).is_some_and(|(s, _)| *s != Strategy::Retire)
        };
        let initiators: Vec<&Resource> = inventory.resources.values().filter(opens).collect();
        let mut wearing: BTreeMap<&Id, Vec<&Resource>> = BTreeMap::new();
        let mut by_address = BTreeMap::new();
        for resource in &initiators {
            for group in resource.groups() {
                wearing.entry(group).or_default().push(resource);
            }
            for address in resource.facets.private_addresses.iter().filter_map(|a| a.parse().ok()) {
                by_address.insert(address, *resource);
            }
        }
        for interface in inventory.with_role(Role::Interface) {
            let owner = interface.facets.owner.as_ref().and_then(|owner| inventory.get(owner)).filter(|owner| opens(owner));
            for address in interface.facets.private_addresses.iter().filter_map(|a| a.parse().ok()) {
                owner.map(|owner| by_address.insert(address, owner));
            }
        }
        let mut declared: BTreeMap<&Id, Vec<(&Id, &Ports)>> = BTreeMap::new();
        for (from, to, ports) in input.declared {
            declared.entry(to).or_default().push((from, ports));
        }
        let mut designer = Designer {
            input,
            initiators,
            wearing,
            by_address,
            strangers: strange_interfaces(inventory)
                .into_iter()
                .flat_map(|(i, owner)| i.groups().iter().map(move |group| (group, owner)))
                .collect(),
            served: served(inventory),
            ranges: inventory.network().map(|vpc| vpc.facets.ranges.iter().filter_map(|r| r.parse().ok()).collect()).unwrap_or_default(),
            declared,
            keeps: BTreeSet::new(),
        };
        designer.keeps = designer.keepers();
        designer
    }

    fn rules_of(&self, group: &Id) -> &'a [Rule] {
        self.input.inventory.get(group).and_then(|g| g.facets.rules.as_ref()).map_or(&[], |rules| &rules.ingress)
    }

    fn old_rules(&self, resource: &Resource) -> BTreeSet<&'a Rule> {
        resource.groups().iter().flat_map(|group| self.rules_of(group)).collect()
    }

    /// Workloads whose groups can stay: worn by nothing else, opened to nobody they shouldn't be, and naming only
    /// groups that stay too. Found by taking away until nothing changes.
    fn keepers(&self) -> BTreeSet<&'a Id> {
        let mut wearers: BTreeMap<&Id, BTreeSet<&Id>> = BTreeMap::new();
        for resource in self.input.inventory.resources.values() {
            let who = match resource.role {
                Role::Interface => resource
                    .facets
                    .owner
                    .as_ref()
                    .filter(|owner| self.input.chosen.contains_key(*owner) || !owner.as_str().starts_with("service:")),
                Role::Bystander => Some(resource.facets.owner.as_ref().unwrap_or(&resource.id)),
                Role::Workload | Role::Balancer | Role::Endpoint => Some(&resource.id),
                _ => None,
            };
            for group in resource.groups() {
                if let Some(who) = who {
                    wearers.entry(group).or_default().insert(who);
                }
            }
        }
        let own = |r: &Resource| {
            !r.groups().is_empty()
                && r.groups()
                    .iter()
                    .all(|group| wearers.get(group).is_some_and(|w| w.len() == 1) && self.input.inventory.name(group) != "default")
        };
        let candidates = self.input.chosen.keys().filter_map(|id| self.input.inventory.get(id)).filter(|r| own(r) && self.is_tight(r));
        let mut keeps: BTreeMap<&Id, &Resource> = candidates.map(|r| (&r.id, r)).collect();
        let kept_groups: BTreeSet<&Id> = keeps.values().flat_map(|r| r.groups()).collect();
        let mut named_by: BTreeMap<&Id, Vec<&Id>> = BTreeMap::new();
        let mut going: Vec<&Id> = Vec::new();
        for (id, resource) in &keeps {
            for rule in self.old_rules(resource) {
                let Peer::Group(source) = &rule.peer else { continue };
                if !self.wearing.contains_key(source) && self.strangers.contains_key(source) {
                    continue;
                }
                if kept_groups.contains(source) {
                    named_by.entry(source).or_default().push(id);
                } else {
                    going.push(id);
                }
            }
        }
        // Whoever names a group that does not stay does not stay either, and so on.
        while let Some(id) = going.pop() {
            let Some(resource) = keeps.remove(id) else { continue };
            going.extend(resource.groups().iter().filter_map(|group| named_by.get(group)).flatten());
        }
        keeps.into_keys().collect()
    }

    /// Whether its groups open nothing to the world but an internet-facing balancer's listeners, and no protocol ALL.
    fn is_tight(&self, resource: &Resource) -> bool {
        let facing = resource.facets.balancing.as_ref().filter(|b| b.internet_facing);
        self.old_rules(resource).into_iter().all(|rule| match &rule.peer {
            Peer::Cidr(net) if !is_private(net) => facing.is_some_and(|b| b.listeners.contains(&rule.ports)),
            Peer::Cidr(_) => rule.ports.protocol != Protocol::All,
            _ => true,
        })
    }

    fn final_groups(&self, resource: &Resource) -> Vec<Value> {
        let stays = self.keeps.contains(&resource.id);
        match self.input.chosen.get(&resource.id) {
            Some((strategy, slug))
                if !stays && resource.facets.guard.is_some() && !matches!(strategy, Strategy::Skip | Strategy::Retire) =>
            {
                vec![json!(format!("${{group-{slug}.GroupId}}"))]
            }
            _ => resource.groups().iter().map(|group| json!(group.as_str())).collect(),
        }
    }

    fn one(&self, resource: &'a Resource, slug: &str) -> Design {
        let old = resource.groups().iter().map(|group| self.input.inventory.name(group).to_owned()).collect();
        let keeps = self.keeps.contains(&resource.id);
        let name = (!keeps).then(|| format!("{}-{slug}", self.input.migration));
        let mut draft = Rules::default();
        if !keeps {
            self.targets(resource, &mut draft);
            self.declared(resource, &mut draft);
            match &resource.facets.listens {
                Some(ports) => {
                    ports.iter().for_each(|port| self.known_port(resource, port, &mut draft));
                    for (port, peer, why) in self.developers(resource) {
                        draft.add(&port, peer, "developers", &why);
                    }
                }
                None => self.unknown_ports(resource, &mut draft),
            }
            if resource.facets.listens.is_some() {
                self.note_dropped(resource, &mut draft);
            }
        }
        let narrow = self.old_rules(resource).into_iter().any(|rule| !matches!(&rule.peer, Peer::Cidr(net) if is_world(net)));
        let others = draft.from_workloads;
        Design {
            plan: GroupPlan {
                workload: resource.id.clone(),
                group: name,
                old,
                rules: draft.lines,
                unvouched: draft.unvouched,
                dropped: draft.dropped,
            },
            key: slug.to_owned(),
            wears: self.final_groups(resource),
            rules: draft.rules,
            beside_first: narrow && others,
            old_until_tighten: others,
        }
    }

    /// A database or a cache is reached by people through a Client VPN.
    fn developers(&self, resource: &Resource) -> Vec<NewRule> {
        let stores = resource.role == Role::Workload && !resource.facets.initiates && resource.facets.balancing.is_none();
        let group = self.input.developers.filter(|_| stores);
        let ports = resource.facets.listens.iter().flatten();
        group.map_or_else(Vec::new, |group| {
            ports.map(|port| (port.clone(), json!({ "GroupId": group }), "they come through the Client VPN".to_owned())).collect()
        })
    }

    /// Balancer to target, on the target's port and on the health check's.
    fn targets(&self, resource: &'a Resource, draft: &mut Rules) {
        for Serving { balancer, ports, .. } in self.served.get(resource.id.as_str()).into_iter().flatten() {
            let because = format!("target of {}", balancer.name);
            let groups = self.final_groups(balancer);
            if groups.is_empty() {
                // A network load balancer without groups passes the clients' addresses on.
                let because = format!("clients of {}, which has no group", balancer.name);
                for rule in self.old_rules(resource).into_iter().filter(|rule| rule.ports.cover(ports)) {
                    for net in self.clients(balancer, &rule.peer) {
                        draft.add(ports, cidr(&net), &net.to_string(), &because);
                    }
                }
            }
            for group in groups {
                draft.add(ports, json!({ "GroupId": group }), &balancer.name, &because);
            }
        }
    }

    /// The addresses that a peer stands for as clients of a balancer: of an internal one none from the internet.
    fn clients(&self, balancer: &Resource, peer: &Peer) -> Vec<IpNet> {
        let facing = balancer.facets.balancing.as_ref().is_some_and(|b| b.internet_facing);
        match peer {
            Peer::Cidr(net) if facing || is_private(net) => vec![*net],
            Peer::Cidr(_) => self.ranges.clone(),
            _ => Vec::new(),
        }
    }

    fn declared(&self, resource: &Resource, draft: &mut Rules) {
        for (from, ports) in self.declared.get(&resource.id).into_iter().flatten() {
            if let Some(from) = self.input.inventory.get(from) {
                draft.workload(ports, self.final_groups(from), &from.name, "declared in the intent");
            }
        }
    }

    /// A port that the server is known to listen on: whoever may reach it today.
    fn known_port(&self, resource: &'a Resource, port: &Ports, draft: &mut Rules) {
        let facing = resource.facets.balancing.as_ref().is_some_and(|b| b.internet_facing);
        for rule in self.old_rules(resource).into_iter().filter(|rule| rule.ports.overlap(port)) {
            match &rule.peer {
                Peer::Cidr(net) if facing && !is_private(net) => {
                    draft.add(port, cidr(net), &net.to_string(), "listener of an internet-facing balancer")
                }
                Peer::PrefixList(list) => {
                    draft.add(port, json!({ "PrefixListId": list.as_str() }), list.as_str(), "the old rule names this prefix list")
                }
                peer => {
                    let found = self.inside(peer, resource);
                    self.let_in(port, &found, "may reach this port today", draft);
                    self.outside(port, peer, draft);
                }
            }
        }
    }

    /// A server of which nobody knows the ports: what the old rules let in from inside the VPC.
    fn unknown_ports(&self, resource: &'a Resource, draft: &mut Rules) {
        let keep = (self.input.unvouched)(&resource.id) != Unvouched::Drop;
        for rule in self.old_rules(resource) {
            let found = self.inside(&rule.peer, resource);
            if !found.is_empty() {
                if keep {
                    draft.vouching = false;
                    self.let_in(&rule.ports, &found, "nobody vouches for this", draft);
                    draft.vouching = true;
                } else {
                    draft.drop(&rule.ports, &found.words(), "inside the VPC, and nobody vouches for it");
                }
            }
            match &rule.peer {
                Peer::Cidr(net) if !is_private(net) => {
                    draft.drop(&rule.ports, &net.to_string(), "the internet does not reach a private subnet")
                }
                Peer::PrefixList(list) => {
                    draft.add(&rule.ports, json!({ "PrefixListId": list.as_str() }), list.as_str(), "the old rule names this prefix list")
                }
                Peer::Group(group) if found.is_empty() => {
                    draft.drop(&rule.ports, self.input.inventory.name(group), "nothing that opens connections wears this group")
                }
                peer => self.outside(&rule.ports, peer, draft),
            }
        }
    }

    /// What the old rules let in beside the known ports, and what of it came from the internet.
    fn note_dropped(&self, resource: &'a Resource, draft: &mut Rules) {
        let facing = resource.facets.balancing.as_ref().is_some_and(|b| b.internet_facing);
        let listens = resource.facets.listens.as_deref().unwrap_or_default();
        for rule in self.old_rules(resource) {
            let from = match &rule.peer {
                Peer::Cidr(net) => net.to_string(),
                Peer::Group(id) | Peer::PrefixList(id) => self.input.inventory.name(id).to_owned(),
            };
            let public = matches!(&rule.peer, Peer::Cidr(net) if !is_private(net));
            if public && !facing && listens.iter().any(|port| rule.ports.overlap(port)) {
                draft.drop(&rule.ports, &from, "the internet does not reach a private subnet");
            } else if !listens.contains(&rule.ports) {
                draft.drop(
                    &rule.ports,
                    &from,
                    if listens.is_empty() { "it accepts no connections" } else { "it listens on its own ports only" },
                );
            }
        }
    }

    /// A private range beyond the VPC: a peer, a VPN, an office.
    fn outside(&self, ports: &Ports, peer: &Peer, draft: &mut Rules) {
        if let Peer::Cidr(net) = peer
            && is_private(net)
            && !self.ranges.iter().any(|range| range.contains(net))
        {
            draft.add(ports, cidr(net), &net.to_string(), "a private range beyond the VPC that the old rule names");
        }
    }

    fn let_in(&self, ports: &Ports, found: &Found<'a>, because: &str, draft: &mut Rules) {
        let fits = found.workloads.len() <= PEERS && draft.rules.len() + found.workloads.len() <= RULES;
        if found.too_many || !fits {
            for range in &self.ranges {
                for ports in spread(ports) {
                    draft.range(&ports, cidr(range), &range.to_string(), &format!("{because}; too many for a rule each (AWS allows 60)"));
                }
            }
            return;
        }
        for workload in &found.workloads {
            draft.workload(ports, self.final_groups(workload), &workload.name, because);
        }
        for (group, owner) in &found.strangers {
            draft.add(ports, json!({ "GroupId": group.as_str() }), owner, &format!("{because}; it stays as it is"));
        }
    }

    /// Who inside the VPC comes in by this peer; the workload itself apart.
    fn inside(&self, peer: &Peer, not: &Resource) -> Found<'a> {
        let mut found = Found::default();
        match peer {
            Peer::Group(group) => {
                found.take(self.wearing.get(group).into_iter().flatten().copied(), not);
                found.strangers.extend(self.strangers.get_key_value(group).map(|(group, owner)| (*group, *owner)));
            }
            Peer::Cidr(net) if self.ranges.iter().all(|range| net.contains(range)) => {
                found.take(self.initiators.iter().copied(), not);
                // Too many have no rules of their own, strangers or not.
                if !found.too_many {
                    found.strangers.extend(self.strangers.iter().map(|(group, owner)| (*group, *owner)));
                }
            }
            Peer::Cidr(IpNet::V4(net)) => {
                let mut seen = BTreeSet::new();
                let within = self.by_address.range(net.network()..=net.broadcast()).map(|(_, r)| *r).filter(|r| seen.insert(&r.id));
                found.take(within, not);
            }
            Peer::Cidr(IpNet::V6(_)) | Peer::PrefixList(_) => {}
        }
        found
    }
}

/// `all traffic` by range would let in every protocol: the three that are used stand for it.
fn spread(ports: &Ports) -> Vec<Ports> {
    if ports.protocol != Protocol::All {
        return vec![ports.clone()];
    }
    [Protocol::Tcp, Protocol::Udp, Protocol::Icmp].map(|protocol| Ports { protocol, from: 0, to: 65535 }).to_vec()
}

fn cidr(net: &IpNet) -> Value {
    match net {
        IpNet::V4(net) => json!({ "CidrIp": net.to_string() }),
        IpNet::V6(net) => json!({ "CidrIpv6": net.to_string() }),
    }
}

/// Who comes in by one old rule.
#[derive(Default)]
struct Found<'a> {
    workloads: Vec<&'a Resource>,
    strangers: BTreeMap<&'a Id, &'a str>,
    too_many: bool,
}

impl<'a> Found<'a> {
    fn take(&mut self, from: impl Iterator<Item = &'a Resource>, not: &Resource) {
        self.workloads = from.filter(|r| r.id != not.id).take(PEERS + 1).collect();
        self.too_many = self.workloads.len() > PEERS;
    }

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

/// Rules in the making.
struct Rules {
    rules: Vec<NewRule>,
    lines: Vec<Line>,
    unvouched: Vec<Line>,
    dropped: Vec<Line>,
    vouching: bool,
    from_workloads: bool,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules { rules: Vec::new(), lines: Vec::new(), unvouched: Vec::new(), dropped: Vec::new(), vouching: true, from_workloads: false }
    }
}

impl Rules {
    fn workload(&mut self, ports: &Ports, groups: Vec<Value>, name: &str, because: &str) {
        self.from_workloads = true;
        for group in groups {
            self.add(ports, json!({ "GroupId": group }), name, because);
        }
    }

    fn range(&mut self, ports: &Ports, peer: Value, from: &str, because: &str) {
        self.from_workloads = true;
        self.add(ports, peer, from, because);
    }

    /// Adds a rule unless an earlier one admits the same.
    fn add(&mut self, ports: &Ports, peer: Value, from: &str, because: &str) {
        if self.rules.iter().any(|(have, who, _)| *who == peer && have.cover(ports)) {
            return;
        }
        let line = Line { ports: ports.to_string(), from: from.to_owned(), because: because.to_owned() };
        if self.vouching {
            self.lines.push(line)
        } else {
            self.unvouched.push(line)
        }
        self.rules.push((ports.clone(), peer, description(&format!("{from}: {because}"))));
    }

    fn drop(&mut self, ports: &Ports, from: &str, because: &str) {
        let line = Line { ports: ports.to_string(), from: from.to_owned(), because: because.to_owned() };
        if !self.dropped.contains(&line) {
            self.dropped.push(line);
        }
    }
}
