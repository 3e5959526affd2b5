//! The foundation: subnets, NAT gateways, route tables, gateway endpoints.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::SubnetPlan;
use super::allocate::Space;
use super::decide::Decisions;
use super::intent::{Intent, Nat};
use crate::model::facet::{Hop, Role, Route};
use crate::model::id::{Id, slug};
use crate::model::inventory::Inventory;
use crate::model::path;
use crate::model::resource::Resource;
use crate::model::strategy::{Blocker, Provision};

/// AWS's default quota of elastic IPs per region (VPC quotas page).
const ADDRESSES: usize = 5;
/// ELB wants eight free addresses; AWS keeps five of a subnet: /28 is the smallest that could do, /27 what ELB asks for.
const SMALLEST_PUBLIC: u8 = 28;

/// What the foundation gives to the moves.
#[derive(Default)]
pub struct Network {
    /// What is to be made, in order.
    pub provisions: Vec<Provision>,
    /// New private subnet by zone.
    pub private: BTreeMap<String, Value>,
    /// New public subnet by zone.
    pub public: BTreeMap<String, Value>,
    /// The private table for each subnet that turns private.
    pub table_for: BTreeMap<Id, Value>,
    /// By zone, the address from which connections come: a reference to the step that allocates it.
    pub egress: BTreeMap<String, String>,
    /// For people.
    pub subnets: Vec<SubnetPlan>,
    /// What stands in the way.
    pub blockers: Vec<Blocker>,
    /// What a person should know.
    pub warnings: Vec<String>,
}

/// One zone in which something moves.
struct Place<'a> {
    zone: &'a str,
    letter: &'a str,
    /// Public subnets of today that stay public.
    staying: Vec<&'a Id>,
    /// Public subnets that turn private.
    turning: Vec<&'a Id>,
}

/// Lays the foundation.
pub fn lay(intent: &Intent, inventory: &Inventory, decisions: &Decisions<'_>) -> Network {
    let mut network = Network::default();
    let places = places(inventory, decisions);
    if places.is_empty() {
        return network;
    }
    let mut space = Space::of(inventory, &avoided(intent));
    let (wanted, nodes) = (wanted_addresses(inventory, decisions), wanted_by_balancers(inventory, decisions));
    for place in &places {
        let need = wanted.get(place.zone).copied().unwrap_or(0);
        let prefix = intent.subnets.private_prefix.min(prefix_for(need));
        if prefix < intent.subnets.private_prefix {
            network.warnings.push(format!(
                "the private subnet of {} is /{prefix} and not /{}: {need} addresses are needed at the peak of the move",
                place.zone, intent.subnets.private_prefix
            ));
        }
        network.subnet(place, "private", prefix, 28, &mut space, inventory);
        network.room(place, need, inventory);
    }
    for place in places.iter().filter(|place| !place.turning.is_empty()) {
        let need = nodes.get(place.zone).copied().unwrap_or(0);
        let prefix = intent.subnets.public_prefix.min(prefix_for(need));
        network.subnet(place, "public", prefix, SMALLEST_PUBLIC, &mut space, inventory);
    }
    network.public_associations(&places, inventory);
    let nats = network.nats(intent.nat, &places, inventory);
    network.tables(&places, &nats, intent, inventory, decisions);
    network.quota(inventory);
    network.acls(inventory);
    network
}

/// Addresses that AWS keeps of every subnet (VPC guide, "Subnet sizing").
const KEPT_BY_AWS: u64 = 5;
/// Addresses beside those of what moves in: endpoints, what grows meanwhile.
const SPARE: u64 = 16;

/// The longest prefix of a subnet that has so many addresses to give.
fn prefix_for(need: u64) -> u8 {
    (16..=28).rev().find(|prefix| (1u64 << (32 - prefix)) - KEPT_BY_AWS >= need).unwrap_or(16)
}

/// By zone, the addresses that a private subnet must have at the peak: what moves in, twice, since services and groups
/// start new nodes before old ones go, and some room.
fn wanted_addresses<'a>(inventory: &'a Inventory, decisions: &Decisions<'a>) -> BTreeMap<&'a str, u64> {
    use crate::model::strategy::Strategy;
    let moves_in = |owner: Option<&Id>| match owner.and_then(|owner| decisions.by_workload.get(owner)) {
        Some(decision) => {
            decision.moves && !matches!(decision.strategy, Strategy::Flip | Strategy::Stay | Strategy::Skip | Strategy::Retire)
        }
        None => owner.is_some_and(|owner| owner.as_str().starts_with("i-") || owner.as_str() == "service:ecs"),
    };
    let mut out = BTreeMap::new();
    for interface in inventory.with_role(Role::Interface).filter(|i| moves_in(i.facets.owner.as_ref())) {
        let Some(subnet) = interface.subnets().first().filter(|subnet| decisions.public.contains(subnet)) else { continue };
        let zone = inventory.get(subnet).map_or("", |s| path::text(&s.doc, "AvailabilityZone"));
        *out.entry(zone).or_insert(SPARE) += 2;
    }
    out
}

/// Ranges to keep clear of: what the intent says, and the addresses of a Client VPN's clients.
fn avoided(intent: &Intent) -> Vec<String> {
    let clients = intent.client_vpn.iter().map(|vpn| vpn.client_cidr.value.clone());
    intent.subnets.avoid.iter().cloned().chain(clients).collect()
}

/// By zone, the addresses that a new public subnet must have: eight for each balancer that comes into it (ELB guide), and
/// one for a NAT gateway.
fn wanted_by_balancers<'a>(inventory: &'a Inventory, decisions: &Decisions<'a>) -> BTreeMap<&'a str, u64> {
    let mut out = BTreeMap::new();
    for balancer in inventory.with_role(Role::Balancer) {
        let stays =
            decisions.by_workload.get(&balancer.id).is_some_and(|d| d.moves && d.strategy == crate::model::strategy::Strategy::Stay);
        for subnet in balancer.subnets().iter().filter(|subnet| stays && decisions.flipping.contains(*subnet)) {
            let zone = inventory.get(subnet).map_or("", |s| path::text(&s.doc, "AvailabilityZone"));
            *out.entry(zone).or_insert(1) += 8;
        }
    }
    out
}

/// The zones of whatever moves, with their public subnets.
fn places<'a>(inventory: &'a Inventory, decisions: &Decisions<'a>) -> Vec<Place<'a>> {
    let zone = |subnet: &Id| inventory.get(subnet).map(|s| path::text(&s.doc, "AvailabilityZone"));
    let moving = decisions.by_workload.iter().filter(|(_, d)| d.moves && !matches!(d.strategy, crate::model::strategy::Strategy::Skip));
    let used: BTreeSet<&str> = moving
        .filter_map(|(id, _)| inventory.get(id))
        .flat_map(|r| r.subnets().iter().filter(|subnet| decisions.public.contains(subnet)).filter_map(zone))
        .collect();
    used.into_iter()
        .map(|name| {
            let here = decisions.public.iter().copied().filter(|subnet| zone(subnet) == Some(name));
            let (turning, staying) = here.partition(|subnet| decisions.flipping.contains(*subnet));
            Place { zone: name, letter: name.strip_prefix(&inventory.region).unwrap_or(name), staying, turning }
        })
        .collect()
}

impl Network {
    fn subnet(&mut self, place: &Place<'_>, flavour: &'static str, prefix: u8, smallest: u8, space: &mut Space, inventory: &Inventory) {
        let Some(range) = space.take(prefix, smallest) else {
            self.blockers.push(Blocker {
                code: "HK0404".into(),
                resource: inventory.vpc.clone(),
                why: format!("no range of /{prefix} to /{smallest} is free for the {flavour} subnet of {}", place.zone),
                way_out: "add a secondary range to the VPC (aws ec2 associate-vpc-cidr-block), or ask for smaller subnets in the intent"
                    .into(),
            });
            return;
        };
        if range.prefix_len() > prefix {
            self.warnings.push(format!("the {flavour} subnet of {} is /{}: no /{prefix} is free", place.zone, range.prefix_len()));
        }
        let step = format!("subnet-{flavour}-{}", place.letter);
        let value = json!(format!("${{{step}.SubnetId}}"));
        if flavour == "private" {
            self.private.insert(place.zone.to_owned(), value)
        } else {
            self.public.insert(place.zone.to_owned(), value)
        };
        self.subnets.push(SubnetPlan { step, cidr: range.to_string(), zone: place.zone.to_owned(), what: format!("new {flavour}") });
        self.provisions.push(Provision::Subnet { cidr: range.to_string(), zone: place.zone.to_owned(), flavour });
    }

    /// Whether the private subnet that was found for a zone has room for what moves in.
    fn room(&mut self, place: &Place<'_>, need: u64, inventory: &Inventory) {
        let found = self.subnets.iter().rev().find(|subnet| subnet.what == "new private" && subnet.zone == place.zone);
        let prefix = found.and_then(|subnet| subnet.cidr.rsplit_once('/')?.1.parse::<u8>().ok());
        let Some(room) = prefix.map(|prefix| (1u64 << (32 - prefix)) - KEPT_BY_AWS).filter(|room| *room < need) else { return };
        self.blockers.push(Blocker {
            code: "HK0404".into(),
            resource: inventory.vpc.clone(),
            why: format!(
                "the largest free range for the private subnet of {} has {room} addresses, and {need} are needed at the peak of the move",
                place.zone
            ),
            way_out: "add a secondary range to the VPC (aws ec2 associate-vpc-cidr-block), or let more workloads `flip`".into(),
        });
    }

    /// A new public subnet is served by the table that serves the zone's public subnet today.
    fn public_associations(&mut self, places: &[Place<'_>], inventory: &Inventory) {
        let tables = inventory.tables();
        for place in places {
            let (Some(subnet), Some(old)) = (self.public.get(place.zone), place.turning.first()) else { continue };
            let Some(table) = tables.get(*old) else { continue };
            self.provisions.push(Provision::Association {
                key: format!("public-{}", place.letter),
                table: json!(table.id.as_str()),
                subnet: subnet.clone(),
                title: format!("Give the new public subnet of {} the table {} with the internet route", place.zone, table.name),
            });
        }
    }

    /// NAT gateways; the answer is each zone's, as a value for a route.
    fn nats(&mut self, mode: Nat, places: &[Place<'_>], inventory: &Inventory) -> BTreeMap<String, Value> {
        let seat = |network: &Network, place: &Place<'_>| {
            network.public.get(place.zone).cloned().or_else(|| place.staying.first().map(|subnet| json!(subnet.as_str())))
        };
        let mut out = BTreeMap::new();
        match mode {
            Nat::Zonal => {
                for place in places {
                    self.provisions.push(Provision::Address { zone: Some(place.zone.to_owned()) });
                    let allocation = json!(format!("${{eip-nat-{}.AllocationId}}", place.letter));
                    let subnet = seat(self, place);
                    self.needs_seat(subnet.as_ref(), place, inventory);
                    self.provisions.push(Provision::Nat {
                        subnet,
                        allocations: vec![(place.zone.to_owned(), allocation)],
                        zone: Some(place.zone.to_owned()),
                    });
                    self.egress.insert(place.zone.to_owned(), format!("${{eip-nat-{}.PublicIp}}", place.letter));
                    out.insert(place.zone.to_owned(), json!(format!("${{nat-{}.NatGatewayId}}", place.letter)));
                }
            }
            Nat::Single => {
                self.provisions.push(Provision::Address { zone: None });
                let allocation = json!("${eip-nat.AllocationId}");
                let subnet = places.iter().find_map(|place| seat(self, place));
                self.needs_seat(subnet.as_ref(), &places[0], inventory);
                self.provisions.push(Provision::Nat { subnet, allocations: vec![(places[0].zone.to_owned(), allocation)], zone: None });
                out.extend(places.iter().map(|place| (place.zone.to_owned(), json!("${nat.NatGatewayId}"))));
                self.egress.extend(places.iter().map(|place| (place.zone.to_owned(), "${eip-nat.PublicIp}".to_owned())));
                self.warnings.push(
                    "one NAT gateway for all zones: if its zone fails, no private subnet gets out; traffic between zones is charged"
                        .to_owned(),
                );
            }
            Nat::Regional => {
                let mut allocations = Vec::new();
                for place in places {
                    self.provisions.push(Provision::Address { zone: Some(place.zone.to_owned()) });
                    self.egress.insert(place.zone.to_owned(), format!("${{eip-nat-{}.PublicIp}}", place.letter));
                    allocations.push((place.zone.to_owned(), json!(format!("${{eip-nat-{}.AllocationId}}", place.letter))));
                }
                self.provisions.push(Provision::Nat { subnet: None, allocations, zone: None });
                out.extend(places.iter().map(|place| (place.zone.to_owned(), json!("${nat.NatGatewayId}"))));
            }
        }
        out
    }

    fn needs_seat(&mut self, subnet: Option<&Value>, place: &Place<'_>, inventory: &Inventory) {
        if subnet.is_none() {
            self.blockers.push(Blocker {
                code: "HK0404".into(),
                resource: inventory.vpc.clone(),
                why: format!("there is no public subnet in {} for a NAT gateway", place.zone),
                way_out: "free a range for a small public subnet, or choose `nat: single`".into(),
            });
        }
    }

    /// A private table per zone and source table: every route of the old one but those to the internet.
    fn tables(
        &mut self,
        places: &[Place<'_>],
        nats: &BTreeMap<String, Value>,
        intent: &Intent,
        inventory: &Inventory,
        decisions: &Decisions<'_>,
    ) {
        let serving = inventory.tables();
        let mut all = Vec::new();
        let mut services: BTreeSet<String> = intent.endpoints.gateway.iter().cloned().collect();
        let mut associations = Vec::new();
        for place in places {
            let sources: Vec<&Resource> =
                place.turning.iter().chain(&place.staying).filter_map(|subnet| serving.get(*subnet).copied()).collect();
            let mut keys: BTreeMap<&Id, Value> = BTreeMap::new();
            for source in sources {
                if keys.contains_key(&source.id) {
                    continue;
                }
                let key = if keys.is_empty() {
                    format!("private-{}", place.letter)
                } else {
                    format!("private-{}-{}", place.letter, slug(&source.name))
                };
                let value = json!(format!("${{table-{key}.RouteTableId}}"));
                let first = keys.is_empty();
                keys.insert(&source.id, value.clone());
                self.table(&key, source, nats.get(place.zone), intent, inventory);
                services.extend(endpoints_on(source, inventory));
                all.push(value.clone());
                if first && let Some(subnet) = self.private.get(place.zone) {
                    let title = format!("Give the private subnet of {} its table", place.zone);
                    associations.push(Provision::Association { key: key.clone(), table: value, subnet: subnet.clone(), title });
                }
            }
            for subnet in place.turning.iter().filter(|subnet| decisions.flipping.contains(**subnet)) {
                if let Some(table) = serving.get(*subnet).and_then(|source| keys.get(&source.id)) {
                    self.table_for.insert((*subnet).clone(), table.clone());
                }
            }
        }
        for service in services {
            self.provisions.push(Provision::GatewayEndpoint { service, tables: all.clone() });
        }
        self.provisions.extend(associations);
    }

    fn table(&mut self, key: &str, source: &Resource, nat: Option<&Value>, intent: &Intent, inventory: &Inventory) {
        let routing = source.facets.routing.clone().unwrap_or_default();
        let mut routes = Vec::new();
        if let Some(nat) = nat {
            routes.push((json!({ "DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": nat }), "the NAT gateway".to_owned()));
        }
        for route in routing.routes.iter().filter(|route| !route.propagated) {
            self.copy(route, source, inventory, &mut routes);
        }
        let propagating = routing.propagating.iter().map(|id| id.to_string()).collect();
        let name = format!("{}-{key}", intent.migration.value);
        self.provisions.push(Provision::Table { key: key.to_owned(), name, routes, propagating });
    }

    fn copy(&mut self, route: &Route, source: &Resource, inventory: &Inventory, routes: &mut Vec<(Value, String)>) {
        if route.blackhole {
            self.warnings.push(format!("route {} of {} leads nowhere (blackhole) and is not copied", route.destination, source.name));
            return;
        }
        let destination = destination_key(&route.destination);
        let mut add = |key: &str, target: &Id, purpose: &str| {
            routes.push((json!({ destination: route.destination, key: target.as_str() }), purpose.to_owned()))
        };
        match &route.hop {
            Hop::Local | Hop::Endpoint(_) => {}
            Hop::Other(key, target) => add(key, target, &format!("{target}, as {} does", source.name)),
            Hop::EgressOnly(gateway) => add("EgressOnlyInternetGatewayId", gateway, "the egress-only gateway, as before"),
            Hop::Nat(nat) if route.destination != "0.0.0.0/0" => add("NatGatewayId", nat, "a NAT gateway, as before"),
            Hop::Nat(_) => {}
            Hop::InternetGateway(_) if route.destination == "::/0" => match egress_only(inventory) {
                Some(gateway) => add("EgressOnlyInternetGatewayId", &gateway, "the egress-only gateway: IPv6 has no NAT"),
                None => self.blockers.push(Blocker {
                    code: "HK0401".into(),
                    resource: source.id.clone(),
                    why: format!("{} routes IPv6 to the internet, and the VPC has no egress-only internet gateway", source.name),
                    way_out: "create one (aws ec2 create-egress-only-internet-gateway), then run discover and plan again".into(),
                }),
            },
            Hop::InternetGateway(_) if route.destination != "0.0.0.0/0" => self.warnings.push(format!(
                "route {} of {} leads to the internet gateway; private subnets reach it through NAT instead",
                route.destination, source.name
            )),
            Hop::InternetGateway(_) => {}
        }
    }

    fn quota(&mut self, inventory: &Inventory) {
        let new = self.provisions.iter().filter(|p| matches!(p, Provision::Address { .. })).count();
        let have = inventory.with_role(Role::Address).count();
        if have + new > ADDRESSES {
            self.warnings.push(format!("{new} new elastic IPs beside {have} exceed the default quota of {ADDRESSES}: check yours (aws service-quotas get-service-quota --service-code ec2 --quota-code L-0263D0A3), or choose `nat: single`"));
        }
    }

    /// New subnets get the VPC's default ACL; one that isn't wide open is honoured by saying so.
    fn acls(&mut self, inventory: &Inventory) {
        let default = inventory.with_role(Role::Acl).find(|acl| acl.doc["IsDefault"] == true);
        let Some(acl) = default else { return };
        for egress in [false, true] {
            let first = acl.doc["Entries"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|entry| entry["Egress"] == egress && entry["CidrBlock"].is_string())
                .min_by_key(|entry| entry["RuleNumber"].as_i64().unwrap_or(i64::MAX));
            let open =
                first.is_some_and(|entry| entry["RuleAction"] == "allow" && entry["Protocol"] == "-1" && entry["CidrBlock"] == "0.0.0.0/0");
            if !open {
                let way = if egress { "out" } else { "in" };
                self.blockers.push(Blocker {
                    code: "HK0401".into(),
                    resource: acl.id.clone(),
                    why: format!("the VPC's default network ACL does not simply allow everything {way}, and every new subnet gets it"),
                    way_out: "make the default ACL allow all (groups guard the workloads), or wait for the version that proves ACLs".into(),
                });
            }
        }
    }
}

fn destination_key(destination: &str) -> &'static str {
    if destination.starts_with("pl-") {
        "DestinationPrefixListId"
    } else if destination.contains(':') {
        "DestinationIpv6CidrBlock"
    } else {
        "DestinationCidrBlock"
    }
}

fn egress_only(inventory: &Inventory) -> Option<Id> {
    inventory.with_role(Role::Gateway).find(|gateway| gateway.id.as_str().starts_with("eigw-")).map(|gateway| gateway.id.clone())
}

/// Services whose gateway endpoints are on a table: whoever lives behind it reaches them that way today.
fn endpoints_on(table: &Resource, inventory: &Inventory) -> Vec<String> {
    let on = |endpoint: &&Resource| endpoint.facets.uses.iter().any(|(id, _)| *id == table.id);
    let name = |endpoint: &Resource| path::text(&endpoint.doc, "ServiceName").rsplit('.').next().unwrap_or_default().to_owned();
    inventory.with_role(Role::Endpoint).filter(|e| e.doc["VpcEndpointType"] == "Gateway").filter(on).map(name).collect()
}
