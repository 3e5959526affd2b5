//! What leaves the VPC: to the internet, to networks beyond it, to AWS services.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;

use super::Book;
use crate::model::facet::{Hop, Role, Route};
use crate::model::flow::{End, Evidence};
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::network::{Peer, Ports, is_world};
use crate::model::resource::Resource;
use crate::plan::intent::{Intent, SessionManager};
use crate::plan::peers::Peers;

/// What Session Manager's agent calls (Systems Manager guide, `setup-create-vpc.md`).
const SESSIONS: [&str; 3] = ["ssm", "ssmmessages", "ec2messages"];

/// For each workload that opens connections: where its groups and routes let it out to today.
pub fn egress(intent: &Intent, peers: &Peers<'_>, book: &mut Book) {
    let ways = Ways::of(peers.inventory);
    let mut services: BTreeSet<&str> = intent.endpoints.gateway.iter().chain(&intent.endpoints.interface).map(String::as_str).collect();
    services.extend(ways.endpoints.keys().copied());
    for workload in &peers.initiators {
        let way = ways.from(workload);
        for group in workload.groups() {
            for rule in peers.egress(group) {
                let evidence = || Evidence::Rule { group: group.clone() };
                let from = || End::Resource(workload.id.clone());
                let Peer::Cidr(net) = &rule.peer else { continue };
                if is_world(net) && way.internet {
                    book.add(from(), End::Internet, &rule.ports, evidence());
                } else if way.internet && !peers.touches(net) && !crate::model::network::is_private(net) {
                    book.add(from(), End::Range(net.to_string()), &rule.ports, evidence());
                }
                for beyond in way.beyond.iter().filter_map(|beyond| narrower(beyond, net)) {
                    book.add(from(), End::Range(beyond.to_string()), &rule.ports, evidence());
                }
            }
        }
        let sessions = !matches!(intent.session_manager, SessionManager::Off) && workload.facets.login.as_ref().is_some_and(|l| l.online);
        let own = services.iter().copied().chain(SESSIONS.into_iter().filter(|_| sessions));
        for service in own.collect::<BTreeSet<_>>() {
            if let Some(group) = calls(workload, service, &way, &ways, peers) {
                let evidence = Evidence::Rule { group: group.clone() };
                book.add(End::Resource(workload.id.clone()), End::Service(service.to_owned()), &Ports::tcp(443), evidence);
            }
        }
    }
}

/// The group that lets a workload call an AWS service today, by the internet or by an endpoint that it reaches.
fn calls<'r>(workload: &'r Resource, service: &str, way: &Way, ways: &Ways<'_>, peers: &Peers<'_>) -> Option<&'r Id> {
    let endpoint = ways.endpoints.get(service);
    let https = Ports::tcp(443);
    let leads = |peer: &Peer| match peer {
        Peer::Cidr(net) if is_world(net) => way.internet || endpoint.is_some_and(|endpoint| endpoint.reaches(way)),
        Peer::Cidr(net) => endpoint.is_some_and(|endpoint| endpoint.gateway.is_none() && peers.touches(net)),
        Peer::PrefixList(_) => endpoint.is_some_and(|endpoint| endpoint.gateway.is_some() && endpoint.reaches(way)),
        Peer::Group(group) => endpoint.is_some_and(|endpoint| endpoint.groups.contains(group)),
    };
    workload.groups().iter().find(|group| peers.egress(group).iter().any(|rule| rule.ports.overlap(&https) && leads(&rule.peer)))
}

/// The narrower of two ranges, if one holds the other.
fn narrower(a: &IpNet, b: &IpNet) -> Option<IpNet> {
    if b.contains(a) { Some(*a) } else { a.contains(b).then_some(*b) }
}

/// Where one workload's subnets lead.
#[derive(Default)]
struct Way {
    internet: bool,
    beyond: BTreeSet<IpNet>,
    tables: BTreeSet<Id>,
}

struct Endpoint<'a> {
    /// The tables that lead to it, for a gateway endpoint.
    gateway: Option<BTreeSet<&'a Id>>,
    groups: BTreeSet<&'a Id>,
}

impl Endpoint<'_> {
    fn reaches(&self, way: &Way) -> bool {
        self.gateway.as_ref().is_none_or(|tables| way.tables.iter().any(|table| tables.contains(table)))
    }
}

/// Indexes: which table serves a subnet, who has a public address, which endpoints there are.
struct Ways<'a> {
    tables: BTreeMap<&'a Id, &'a Resource>,
    addressed: BTreeSet<&'a Id>,
    endpoints: BTreeMap<&'a str, Endpoint<'a>>,
}

impl<'a> Ways<'a> {
    fn of(inventory: &'a Inventory) -> Ways<'a> {
        let owners = inventory.resources.values().filter(|r| r.has_public_address());
        let addressed = owners.flat_map(|r| [Some(&r.id), r.facets.owner.as_ref()].into_iter().flatten());
        let mut addressed: BTreeSet<&Id> = addressed.collect();
        // A task's interface does not name its service, and an instance's not its Auto Scaling group.
        for whole in inventory.with_role(Role::Workload) {
            if whole.facets.members.iter().any(|member| addressed.contains(member)) {
                addressed.insert(&whole.id);
            }
        }
        let owned = inventory.resources.values().filter_map(|r| Some((r, r.facets.owner.as_ref()?)));
        let wholes: Vec<&Id> = owned.filter(|(part, _)| addressed.contains(&part.id)).map(|(_, whole)| whole).collect();
        addressed.extend(wholes);
        let mut endpoints: BTreeMap<&str, Endpoint<'_>> = BTreeMap::new();
        for resource in inventory.with_role(Role::Endpoint).filter(|r| r.facets.state == "available") {
            let Some((_, service)) = resource.doc["ServiceName"]
                .as_str()
                .and_then(|name| name.strip_prefix("com.amazonaws."))
                .and_then(|rest| rest.split_once('.'))
            else {
                continue;
            };
            let gateway = (resource.doc["VpcEndpointType"] == "Gateway")
                .then(|| resource.facets.uses.iter().map(|(table, _)| table).collect::<BTreeSet<_>>());
            let private = resource.doc["PrivateDnsEnabled"] == true;
            if gateway.is_some() || private {
                endpoints.insert(service, Endpoint { gateway, groups: resource.groups().iter().collect() });
            }
        }
        Ways { tables: inventory.tables(), addressed, endpoints }
    }

    /// Where a workload gets to today. With several subnets what one of them gives counts.
    fn from(&self, workload: &Resource) -> Way {
        let mut way = Way::default();
        // A function's interfaces never have a public address; a task's or an Auto Scaling group's do if their parts have.
        let addressed = self.addressed.contains(&workload.id);
        for table in workload.subnets().iter().filter_map(|subnet| self.tables.get(subnet)) {
            way.tables.insert(table.id.clone());
            for route in table.facets.routing.iter().flat_map(|r| &r.routes).filter(|route| !route.blackhole) {
                way.internet |= leads_out(route, addressed);
                if let (Hop::Other(..), Some(net)) = (&route.hop, route.destination.range()) {
                    way.beyond.insert(net);
                }
            }
        }
        way
    }
}

fn leads_out(route: &Route, addressed: bool) -> bool {
    let anywhere = route.destination.range().is_some_and(|net| is_world(&net));
    anywhere
        && match route.hop {
            Hop::InternetGateway(_) => addressed && route.destination.contains('.'),
            Hop::Nat(_) => true,
            Hop::EgressOnly(_) | Hop::Local | Hop::Endpoint(_) | Hop::Other(..) => false,
        }
}
