//! Whose an interface and an address were at a moment: several inventories of different moments, the one whose time fits.
//!
//! Addresses are given to others again, interfaces are not: an interface's id decides before its address does.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;

use crate::model::facet::Role;
use crate::model::flow::End;
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::network::{Ports, is_private};
use crate::model::resource::Resource;

/// Whom something belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// To one of these workloads or balancers, nobody can tell which: functions share interfaces, and an interface of RDS
    /// names no database. Mostly one.
    Workloads(Vec<Id>),
    /// An interface endpoint: to this AWS service.
    Service(String),
    /// A NAT gateway or another station on the way: whose traffic it is shows elsewhere.
    Station,
    /// Known, and not moved by this version: its name.
    Stranger(String),
}

/// One inventory, looked up.
struct Moment<'a> {
    inventory: &'a Inventory,
    at: i64,
    interfaces: BTreeMap<&'a str, &'a Resource>,
    addresses: BTreeMap<IpAddr, &'a Resource>,
    public: BTreeMap<IpAddr, &'a Resource>,
    tasks: BTreeMap<&'a Id, &'a Id>,
    /// What had to be searched for, so that it is searched for once.
    found: RefCell<Found<'a>>,
}

/// Whose an interface may be, by the port on which it accepts.
type Found<'a> = BTreeMap<(&'a Id, Option<Ports>), Vec<Id>>;

/// Answers that are remembered; with more, one begins anew.
const REMEMBERED: usize = 100_000;

/// The history of interfaces.
pub struct Owners<'a> {
    /// In the order of their time; the last is the one that is planned with.
    moments: Vec<Moment<'a>>,
    ranges: Vec<IpNet>,
}

impl<'a> Owners<'a> {
    /// From the inventory that is planned with, and others of other moments.
    pub fn new(today: &'a Inventory, others: impl IntoIterator<Item = &'a Inventory>) -> Owners<'a> {
        let mut moments: Vec<Moment<'a>> = others.into_iter().chain([today]).map(Moment::of).collect();
        moments.sort_by_key(|moment| moment.at);
        let ranges = today.network().map(|vpc| vpc.facets.ranges.iter().filter_map(|r| r.parse().ok()).collect()).unwrap_or_default();
        Owners { moments, ranges }
    }

    /// When the inventories were taken.
    pub fn moments(&self) -> Vec<String> {
        self.moments.iter().map(|moment| moment.inventory.taken_at.clone()).collect()
    }

    /// The inventories from the one whose time fits best to the one whose does least: the last before the moment first,
    /// then those after it, then the older ones.
    fn fitting(&self, at: i64) -> impl Iterator<Item = &Moment<'a>> {
        let later = self.moments.partition_point(|moment| moment.at <= at);
        let (before, after) = self.moments.split_at(later);
        let mut before = before.iter().rev();
        before.next().into_iter().chain(after).chain(before)
    }

    /// Whose an interface is; none if no inventory has it.
    pub fn of_interface(&self, interface: &str, at: i64, port: Option<&Ports>) -> Option<Whose> {
        self.fitting(at).find_map(|moment| Some(moment.whose(moment.interfaces.get(interface)?, port)))
    }

    /// Whether an interface has an address; none if no inventory has the interface.
    pub fn has(&self, interface: &str, address: IpAddr, at: i64) -> Option<bool> {
        let has = |resource: &Resource| resource.facets.private_addresses.iter().any(|one| one.parse() == Ok(address));
        self.fitting(at).find_map(|moment| moment.interfaces.get(interface).map(|interface| has(interface)))
    }

    /// Whose an address inside the VPC was at a moment; none if no inventory knows.
    pub fn of_address(&self, address: IpAddr, at: i64, port: Option<&Ports>) -> Option<Whose> {
        self.fitting(at).find_map(|moment| Some(moment.whose(moment.addresses.get(&address)?, port)))
    }

    /// Whose a public address was: what is in the VPC and was called by its public name.
    pub fn of_public(&self, address: IpAddr, at: i64, port: Option<&Ports>) -> Option<Whose> {
        self.fitting(at).find_map(|moment| Some(moment.whose(moment.public.get(&address)?, port)))
    }

    /// Whether an address is in the VPC.
    pub fn is_inside(&self, address: IpAddr) -> bool {
        self.ranges.iter().any(|range| range.contains(&address))
    }

    /// What an address outside the VPC counts as: the internet, or a network beyond it, as a /24 or /64.
    pub fn outside(address: IpAddr) -> End {
        let whole = IpNet::from(address);
        if !is_private(&whole) {
            return End::Internet;
        }
        End::Range(block(address, 24, 64))
    }
}

/// The block of an address, of this prefix length for IPv4 and IPv6.
pub fn block(address: IpAddr, v4: u8, v6: u8) -> String {
    let length = if address.is_ipv4() { v4 } else { v6 };
    IpNet::new(address, length).map_or_else(|_| address.to_string(), |net| net.trunc().to_string())
}

impl<'a> Moment<'a> {
    fn of(inventory: &'a Inventory) -> Moment<'a> {
        let at = inventory.taken_at.parse::<jiff::Timestamp>().map_or(0, jiff::Timestamp::as_second);
        let mut moment = Moment {
            inventory,
            at,
            interfaces: BTreeMap::new(),
            addresses: BTreeMap::new(),
            public: BTreeMap::new(),
            tasks: BTreeMap::new(),
            found: RefCell::default(),
        };
        for workload in inventory.with_role(Role::Workload) {
            moment.tasks.extend(workload.facets.members.iter().map(|task| (task, &workload.id)));
        }
        // What has addresses of its own and an interface too is told by the interface.
        let others = inventory.all().filter(|r| r.role != Role::Interface && r.role != Role::Address);
        for resource in others.chain(inventory.with_role(Role::Interface)) {
            let addresses = |texts: Vec<&'a String>| texts.into_iter().filter_map(|text| text.parse::<IpAddr>().ok());
            moment.addresses.extend(addresses(resource.facets.private_addresses.iter().collect()).map(|a| (a, resource)));
            moment.public.extend(addresses(resource.facets.public_addresses.iter().map(|p| &p.ip).collect()).map(|a| (a, resource)));
        }
        moment.interfaces = inventory.with_role(Role::Interface).map(|interface| (interface.id.as_str(), interface)).collect();
        moment
    }

    /// Whose a thing with an address is. The port on which it accepts, where it does, tells databases apart.
    fn whose(&self, thing: &'a Resource, port: Option<&Ports>) -> Whose {
        if thing.role != Role::Interface {
            return Whose::Workloads(vec![self.whole(thing)]);
        }
        if let Some(service) = self.tasks.get(&thing.id) {
            return Whose::Workloads(vec![(*service).clone()]);
        }
        let Some(named) = &thing.facets.owner else { return Whose::Stranger("an unknown owner".to_owned()) };
        match self.inventory.get(named) {
            Some(owner) if owner.role == Role::Gateway => Whose::Station,
            Some(owner) if owner.role == Role::Endpoint => match service_of(owner) {
                Some(service) => Whose::Service(service),
                None => Whose::Stranger(named.to_string()),
            },
            Some(owner) => {
                let sharing = || self.sharing(thing, owner);
                Whose::Workloads(if shares(owner) { self.once(thing, None, &sharing) } else { vec![self.whole(owner)] })
            }
            None if named.as_str().starts_with("nat-") => Whose::Station,
            None => {
                let exact = self.once(thing, port, &|| self.candidates(thing, port));
                let candidates = if exact.is_empty() { self.once(thing, None, &|| self.candidates(thing, None)) } else { exact };
                if candidates.is_empty() { Whose::Stranger(named.to_string()) } else { Whose::Workloads(candidates) }
            }
        }
    }

    fn once(&self, thing: &'a Resource, port: Option<&Ports>, search: &dyn Fn() -> Vec<Id>) -> Vec<Id> {
        let key = (&thing.id, port.cloned());
        if let Some(found) = self.found.borrow().get(&key) {
            return found.clone();
        }
        let found = search();
        let mut remembered = self.found.borrow_mut();
        if remembered.len() >= REMEMBERED {
            remembered.clear();
        }
        remembered.insert(key, found.clone());
        found
    }

    /// What a part belongs to: an instance to its Auto Scaling group, a member to its cluster.
    fn whole(&self, part: &Resource) -> Id {
        let owner = part.facets.owner.as_ref().and_then(|owner| self.inventory.get(owner)).filter(|owner| owner.is_movable());
        owner.map_or_else(|| part.id.clone(), |owner| owner.id.clone())
    }

    /// Functions with the same subnet and groups share an interface, which names the one for which it was made.
    fn sharing(&self, interface: &Resource, named: &Resource) -> Vec<Id> {
        let groups: BTreeSet<&Id> = interface.groups().iter().collect();
        let same = |other: &&Resource| {
            other.kind == named.kind
                && other.groups().iter().collect::<BTreeSet<_>>() == groups
                && interface.subnets().iter().all(|subnet| other.subnets().contains(subnet))
        };
        let found: BTreeSet<Id> = self.inventory.with_role(Role::Workload).filter(same).map(|r| r.id.clone()).collect();
        if found.contains(&named.id) { found.into_iter().collect() } else { vec![named.id.clone()] }
    }

    /// What a service's interface may belong to when it does not say so: what has no interface of its own, stores, wears the
    /// same groups and may be in this subnet and zone; where a port is known, listens on it.
    fn candidates(&self, interface: &Resource, port: Option<&Ports>) -> Vec<Id> {
        let groups: BTreeSet<&Id> = interface.groups().iter().collect();
        let zone = interface.facets.placement.iter().flat_map(|place| &place.zones).next();
        let fits = |r: &&Resource| {
            let place = r.facets.placement.as_ref();
            let zones = place.map_or(&[][..], |place| &place.zones);
            !r.facets.initiates
                && r.facets.private_addresses.is_empty()
                && r.groups().iter().collect::<BTreeSet<_>>() == groups
                && interface.subnets().iter().all(|subnet| r.subnets().contains(subnet))
                && (zones.is_empty() || zone.is_none_or(|zone| zones.contains(zone)))
                && port.is_none_or(|port| r.facets.listens.iter().flatten().any(|listens| listens.cover(port)))
        };
        let parts = self.inventory.all().filter(|r| matches!(r.role, Role::Workload | Role::Bystander));
        let found: BTreeSet<Id> = parts.filter(fits).map(|r| self.whole(r)).collect();
        found.into_iter().filter(|id| self.inventory.get(id).is_some_and(Resource::is_movable)).collect()
    }
}

/// Whether several of its kind may share an interface: what has no address of its own but those of its interfaces, and
/// whose interfaces outlive what it runs.
fn shares(owner: &Resource) -> bool {
    owner.role == Role::Workload && owner.facets.private_addresses.is_empty() && owner.facets.listens.as_ref().is_some_and(Vec::is_empty)
}

/// `ssm` from `com.amazonaws.us-east-1.ssm`.
fn service_of(endpoint: &Resource) -> Option<String> {
    let name = endpoint.doc["ServiceName"].as_str()?.strip_prefix("com.amazonaws.")?;
    name.split_once('.').map(|(_, service)| service.to_owned())
}
