//! All flows that must survive the migration, each with its evidence.
//!
//! They are judged by security groups as they are today: what a network ACL or a route cuts today is cut already, and is
//! for whoever proves to leave out. What [`super::guard`] designs lets each of them in.

mod outward;

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;

use super::decide::Decisions;
use super::intent::{Intent, Problem};
use super::neighbours::served;
use super::peers::Peers;
use super::vouch::Vouch;
use crate::model::facet::Role;
use crate::model::flow::{End, Evidence, Flow};
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::network::{Peer, Ports, is_private, is_world};
use crate::model::resource::Resource;
use crate::model::seen::Seen;
use crate::model::strategy::Strategy;

/// Every flow that must survive: declared in the intent; from balancers to targets, on the ports of traffic and of health
/// checks; from the internet to what serves it; seen in flow logs, as far as today's rules let it through; from what may
/// reach a known listener today (where flow logs cover the window, from those only that were seen, unless the intent keeps
/// the others); out of the VPC and to AWS services, where groups and routes let a workload out today.
///
/// The order is that of the ends. Interfaces that belong to nothing that moves stand for themselves (`End::Resource` with the
/// interface's id).
///
/// # Errors
/// If the intent names a workload that isn't there.
pub fn known(intent: &Intent, inventory: &Inventory, seen: Option<&Seen>, decisions: &Decisions<'_>) -> Result<Vec<Flow>, Problem> {
    let vouch = Vouch::new(intent, &decisions.names, seen)?;
    let stays = |id: &Id| decisions.by_workload.get(id).is_some_and(|decision| !(decision.moves && decision.strategy == Strategy::Retire));
    let opens = |resource: &Resource| resource.facets.initiates && resource.role == Role::Workload && stays(&resource.id);
    let peers = Peers::new(inventory, &opens);
    let mut book = Book::default();
    for (from, to, ports) in &vouch.declared {
        book.add(End::Resource(from.clone()), End::Resource(to.clone()), ports, Evidence::Declared);
    }
    targets(inventory, &stays, &mut book);
    let servers = inventory.resources.values().filter(|r| r.is_movable() && stays(&r.id));
    for server in servers {
        from_internet(server, &peers, &mut book);
        by_rules(server, &peers, &vouch, &mut book);
    }
    let gone = |id: &Id| decisions.by_workload.get(id).is_some_and(|d| d.moves && d.strategy == Strategy::Retire);
    seen_flows(&vouch, &peers, decisions, &|id| !gone(id), &mut book);
    outward::egress(intent, &peers, &mut book);
    Ok(book.flows())
}

/// Flows in the making: the same one with another evidence is one.
#[derive(Default)]
struct Book(BTreeMap<(End, End, Ports), BTreeSet<Evidence>>);

impl Book {
    fn add(&mut self, from: End, to: End, ports: &Ports, evidence: Evidence) {
        self.0.entry((from, to, ports.clone())).or_default().insert(evidence);
    }

    fn flows(self) -> Vec<Flow> {
        let flow =
            |((from, to, ports), evidence): (_, BTreeSet<Evidence>)| Flow { from, to, ports, evidence: evidence.into_iter().collect() };
        self.0.into_iter().map(flow).collect()
    }
}

fn targets(inventory: &Inventory, stays: &dyn Fn(&Id) -> bool, book: &mut Book) {
    for (target, servings) in served(inventory) {
        let target = Id::from(target);
        if inventory.get(&target).is_none() || !stays(&target) {
            continue;
        }
        for serving in servings {
            let evidence = Evidence::Target { group: serving.group.clone() };
            book.add(End::Resource(serving.balancer.id.clone()), End::Resource(target.clone()), &serving.ports, evidence);
        }
    }
}

/// The internet reaches the listeners of a balancer that faces it, as far as its groups let it.
fn from_internet(server: &Resource, peers: &Peers<'_>, book: &mut Book) {
    let Some(balancing) = server.facets.balancing.as_ref().filter(|b| b.internet_facing) else { return };
    for listener in &balancing.listeners {
        let to = || End::Resource(server.id.clone());
        if server.groups().is_empty() {
            book.add(End::Internet, to(), listener, Evidence::Listener);
        }
        for rule in peers.old_rules(server).into_iter().filter(|rule| rule.ports.overlap(listener)) {
            if let Peer::Cidr(net) = &rule.peer
                && !is_private(net)
            {
                let from = if is_world(net) { End::Internet } else { End::Range(net.to_string()) };
                book.add(from, to(), listener, Evidence::Listener);
            }
        }
    }
}

/// Who may reach a port today that the server is known to listen on.
fn by_rules(server: &Resource, peers: &Peers<'_>, vouch: &Vouch<'_>, book: &mut Book) {
    if vouch.ends_rule(&server.id).is_some() {
        return;
    }
    let facing = server.facets.balancing.as_ref().is_some_and(|b| b.internet_facing);
    for port in server.facets.listens.iter().flatten() {
        for group in server.groups() {
            for rule in peers.ingress(group).iter().filter(|rule| rule.ports.overlap(port)) {
                let public = matches!(&rule.peer, Peer::Cidr(net) if !is_private(net));
                if facing && public {
                    continue;
                }
                let openers = peers.workloads(&rule.peer, &server.id).chain(strange(peers, &rule.peer, server));
                for opener in openers.filter(|opener| peers.lets_out(opener, server, port)) {
                    let evidence = Evidence::Rule { group: group.clone() };
                    book.add(End::Resource(opener.id.clone()), End::Resource(server.id.clone()), port, evidence);
                }
                if let Peer::Cidr(net) = &rule.peer
                    && is_private(net)
                    && !peers.touches(net)
                {
                    let evidence = Evidence::Rule { group: group.clone() };
                    book.add(End::Range(net.to_string()), End::Resource(server.id.clone()), port, evidence);
                }
            }
        }
    }
}

/// Interfaces of what nobody moves that come in by a peer; not those of an instance that comes and goes with its group.
fn strange<'p, 'a: 'p>(peers: &'p Peers<'a>, peer: &Peer, server: &'p Resource) -> impl Iterator<Item = &'a Resource> + use<'p, 'a> {
    let inventory = peers.inventory;
    let part = |interface: &Resource| {
        let owner = interface.facets.owner.as_ref();
        owner.and_then(|owner| inventory.get(owner)).is_some_and(|owner| owner.facets.owner.is_some())
    };
    let other = |interface: &Resource| interface.facets.owner.as_ref() != Some(&server.id);
    peers.strange(peer).map(|(interface, _)| interface).filter(move |interface| !part(interface) && other(interface))
}

/// What flow logs show and today's rules let through. From the internet only to what serves it or stays public.
fn seen_flows(vouch: &Vouch<'_>, peers: &Peers<'_>, decisions: &Decisions<'_>, stays: &dyn Fn(&Id) -> bool, book: &mut Book) {
    for flow in vouch.seen.into_iter().flat_map(|seen| &seen.flows) {
        let from_internet = flow.from == End::Internet || matches!(&flow.from, End::Range(r) if is_public(r));
        let serves = |id: &Id| stays_public(id, &flow.ports, peers.inventory, decisions);
        let survives = match &flow.to {
            End::Resource(to) if from_internet => serves(to),
            End::Resource(to) => stays(to),
            _ => true,
        };
        let opens = !matches!(&flow.from, End::Resource(from) if !stays(from));
        for one in standing(flow, peers).into_iter().filter(|_| survives && opens) {
            flow.evidence.iter().for_each(|evidence| book.add(one.from.clone(), one.to.clone(), &one.ports, evidence.clone()));
        }
    }
}

/// Whether text is a range of public addresses.
fn is_public(range: &str) -> bool {
    range.parse::<IpNet>().is_ok_and(|net| !is_private(&net))
}

/// Whether the internet reaches a thing afterwards as it does today: a balancer that faces it, on its listeners, and what is
/// left as it is.
fn stays_public(id: &Id, ports: &Ports, inventory: &Inventory, decisions: &Decisions<'_>) -> bool {
    let Some(resource) = inventory.get(id) else { return false };
    let turns = resource.subnets().iter().any(|subnet| decisions.flipping.contains(subnet));
    let moves = decisions.by_workload.get(id).is_some_and(|d| d.moves && !matches!(d.strategy, Strategy::Skip | Strategy::Stay));
    match &resource.facets.balancing {
        Some(balancing) => balancing.internet_facing && balancing.listeners.iter().any(|listener| listener.cover(ports)),
        None => !moves && !turns,
    }
}

/// What of a flow stands by today's rules, of both ends.
pub struct Standing {
    /// Who opens it: as in the flow, or a narrower range.
    pub from: End,
    /// Who accepts it.
    pub to: End,
    /// On which of the flow's ports.
    pub ports: Ports,
}

/// What today's rules, of both ends, let through of a flow that logs show; logs may be older than the rules.
pub fn standing(flow: &Flow, peers: &Peers<'_>) -> Vec<Standing> {
    let inventory = peers.inventory;
    let resource = |end: &End| match end {
        End::Resource(id) => inventory.get(id),
        _ => None,
    };
    let whole = |ports: Ports| Standing { from: flow.from.clone(), to: flow.to.clone(), ports };
    let world = |net: IpNet| if is_world(&net) { End::Internet } else { End::Range(net.to_string()) };
    match (resource(&flow.from), resource(&flow.to)) {
        (Some(from), Some(to)) if peers.lets_out(from, to, &flow.ports) => {
            peers.let_in(to, from, &flow.ports).into_iter().map(whole).collect()
        }
        (None, Some(to)) => {
            let found = range_of(&flow.from).map(|net| peers.ranges_in(to, &net, &flow.ports)).unwrap_or_default();
            found.into_iter().map(|(net, ports)| Standing { from: world(net), ..whole(ports) }).collect()
        }
        // An interface endpoint is in the VPC; what it stands for is not.
        (Some(_), None) if matches!(flow.to, End::Service(_)) => vec![whole(flow.ports.clone())],
        (Some(from), None) => {
            let found = range_of(&flow.to).map(|net| peers.ranges_out(from, &net, &flow.ports)).unwrap_or_default();
            found.into_iter().map(|(net, ports)| Standing { to: world(net), ..whole(ports) }).collect()
        }
        _ => Vec::new(),
    }
}

/// The range that an end stands for, if it is no resource; anywhere for the internet.
fn range_of(end: &End) -> Option<IpNet> {
    match end {
        End::Range(range) => range.parse().ok(),
        End::Internet => "0.0.0.0/0".parse().ok(),
        End::Resource(_) | End::Service(_) => None,
    }
}
