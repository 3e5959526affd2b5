//! Records become flows: joined with their owners, turned the way they were opened, counted.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::count::{Count, PortBook, Top, time};
use super::direction::{Opener, opener, ports};
use super::owners::{Owners, Whose, block};
use super::record::{Action, Record, Said, Traffic};
use crate::model::facet::Role;
use crate::model::flow::{End, Flow};
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::network::Ports;
use crate::model::seen::{Destination, GAP_S, Seen, Watch, Window};

/// Seconds by which times with and without records are told apart: the longest aggregation of flow logs.
const BUCKET_S: i64 = 600;
/// Unclear records that are kept until everything was seen; beyond, the lower port decides at once.
const UNCLEAR: usize = 50_000;
/// Ranges that are kept as they are; beyond, wider ones stand for them.
const RANGES: usize = 4096;
/// Destinations that are told of each workload.
const TOLD: usize = 10;

/// Protocol number, and who opened to whom.
type Pair = (End, End, u8);

/// The tally.
pub struct Tally<'a> {
    today: &'a Inventory,
    owners: Owners<'a>,
    listeners: BTreeMap<Id, Vec<Ports>>,
    accepted: BTreeMap<Pair, PortBook>,
    refused: BTreeMap<Pair, PortBook>,
    unclear: BTreeMap<(Pair, u16, u16), Count>,
    guessed: u64,
    destinations: BTreeMap<Id, Top>,
    watched: BTreeMap<Id, (i64, i64, u64)>,
    buckets: BTreeSet<i64>,
    ranges: BTreeSet<String>,
    window: Window,
    first: i64,
    last: i64,
    notes: Notes,
}

/// What a person should know of the joining.
#[derive(Default)]
struct Notes {
    unowned: BTreeSet<String>,
    strangers: BTreeMap<String, String>,
    gone: BTreeSet<Id>,
    shared: BTreeSet<Vec<Id>>,
    by_public: BTreeSet<Id>,
}

/// One side of a record.
struct Side {
    ends: Vec<End>,
    listens: bool,
}

impl<'a> Tally<'a> {
    /// A tally over the inventory that is planned with, and others of other moments.
    pub fn new(today: &'a Inventory, others: impl IntoIterator<Item = &'a Inventory>) -> Tally<'a> {
        Tally {
            today,
            owners: Owners::new(today, others),
            listeners: listeners(today),
            accepted: BTreeMap::new(),
            refused: BTreeMap::new(),
            unclear: BTreeMap::new(),
            guessed: 0,
            destinations: BTreeMap::new(),
            watched: BTreeMap::new(),
            buckets: BTreeSet::new(),
            ranges: BTreeSet::new(),
            window: Window::default(),
            first: i64::MAX,
            last: i64::MIN,
            notes: Notes::default(),
        }
    }

    /// Takes a record in.
    pub fn add(&mut self, record: &Record) {
        if record.vpc.as_ref().is_some_and(|vpc| vpc != self.today.vpc.as_str()) {
            self.window.records += 1;
            self.window.passed_over += 1;
            return;
        }
        self.window.records += 1;
        (self.first, self.last) = (self.first.min(record.start), self.last.max(record.end));
        (record.start / BUCKET_S..=record.end.max(record.start) / BUCKET_S).take(1000).for_each(|bucket| {
            self.buckets.insert(bucket);
        });
        let known = self.watch(record);
        match &record.said {
            Said::NoData => self.window.nodata += 1,
            Said::SkipData => self.window.skipdata += 1,
            Said::Traffic(traffic) if !known && self.is_elsewhere(traffic, record.start) => self.window.passed_over += 1,
            Said::Traffic(traffic) => {
                if !known {
                    self.window.unowned += 1;
                    self.notes.unowned.insert(record.interface.clone());
                }
                self.traffic(record, traffic)
            }
        }
    }

    /// Whether neither side is in this VPC.
    fn is_elsewhere(&self, traffic: &Traffic, at: i64) -> bool {
        let here = |address| self.owners.is_inside(address) || self.owners.of_address(address, at, None).is_some();
        ![traffic.from, traffic.to, traffic.near_from, traffic.near_to].into_iter().any(here)
    }

    /// Notes that an interface was logged. Whether an inventory knows it.
    fn watch(&mut self, record: &Record) -> bool {
        let whose = self.owners.of_interface(&record.interface, record.start, None);
        let skipped = u64::from(record.said == Said::SkipData);
        if let Some(Whose::Workloads(ids)) = &whose {
            for id in ids.iter().filter(|id| self.today.get(id).is_some()) {
                let watch = self.watched.entry(id.clone()).or_insert((record.start, record.end, 0));
                *watch = (watch.0.min(record.start), watch.1.max(record.end), watch.2 + skipped);
            }
        }
        whose.is_some()
    }

    fn traffic(&mut self, record: &Record, traffic: &Traffic) {
        if ports(traffic.protocol, 0).is_none() {
            self.window.passed_over += 1;
            return;
        }
        let at_sender = self.is_senders(record, traffic);
        let (Some(from), Some(to)) =
            (self.side(record, traffic, true, at_sender == Some(true)), self.side(record, traffic, false, at_sender == Some(false)))
        else {
            return;
        };
        let opener = opener(traffic, &|sender| if sender { from.listens } else { to.listens });
        let at_sender = at_sender.unwrap_or(true);
        for (a, b) in pairs(&from, &to) {
            self.count(record, traffic, (a, b), opener, at_sender);
        }
        let leaves = to.ends.contains(&End::Internet) && traffic.action == Action::Accept && opener != Opener::Receiver && at_sender;
        for end in from.ends.iter().filter(|_| leaves) {
            if let End::Resource(id) = end {
                self.destinations.entry(id.clone()).or_default().add(block(traffic.to, 24, 48));
            }
        }
    }

    /// Whether the interface is the sender's; none if nobody can tell.
    fn is_senders(&self, record: &Record, traffic: &Traffic) -> Option<bool> {
        let has = |address| self.owners.has(&record.interface, address, record.start);
        traffic.leaves.or_else(|| match (has(traffic.near_from), has(traffic.near_to)) {
            (Some(true), _) => Some(true),
            (_, Some(true)) => Some(false),
            _ => None,
        })
    }

    /// Whom one side is; none if it is a station on the way or something that is no more.
    fn side(&mut self, record: &Record, traffic: &Traffic, sender: bool, own: bool) -> Option<Side> {
        let (address, near, port) =
            if sender { (traffic.from, traffic.near_from, traffic.from_port) } else { (traffic.to, traffic.near_to, traffic.to_port) };
        let port = ports(traffic.protocol, port);
        let at = record.start;
        let of_interface = own.then(|| self.owners.of_interface(&record.interface, at, port.as_ref())).flatten();
        // A NAT gateway's interface sees packets of others: their own addresses tell whose they are.
        let of_interface = of_interface.filter(|whose| *whose != Whose::Station || address == near);
        let whose = of_interface.or_else(|| self.owners.of_address(address, at, port.as_ref()));
        let public = whose.is_none().then(|| self.owners.of_public(address, at, port.as_ref())).flatten();
        if let Some(Whose::Workloads(ids)) = &public {
            self.notes.by_public.extend(ids.iter().cloned());
        }
        let ends = match whose.or(public) {
            Some(Whose::Station) => return None,
            Some(Whose::Service(service)) => vec![End::Service(service)],
            Some(Whose::Workloads(ids)) => self.present(ids),
            Some(Whose::Stranger(name)) => vec![self.stranger(address, name)],
            None if self.owners.is_inside(address) => vec![self.stranger(address, "an unknown owner".to_owned())],
            None => vec![self.narrowed(Owners::outside(address), address)],
        };
        let listens = ends.iter().any(|end| matches!(end, End::Resource(id) if port.as_ref().is_some_and(|port| self.listens(id, port))));
        (!ends.is_empty()).then_some(Side { ends, listens })
    }

    fn listens(&self, id: &Id, port: &Ports) -> bool {
        self.listeners.get(id).is_some_and(|known| known.iter().any(|one| one.cover(port)))
    }

    /// Of these, what there still is.
    fn present(&mut self, ids: Vec<Id>) -> Vec<End> {
        if ids.len() > 1 && self.notes.shared.len() < 100 {
            self.notes.shared.insert(ids.clone());
        }
        let (here, gone): (Vec<Id>, Vec<Id>) = ids.into_iter().partition(|id| self.today.get(id).is_some());
        self.notes.gone.extend(gone);
        here.into_iter().map(End::Resource).collect()
    }

    fn stranger(&mut self, address: IpAddr, name: String) -> End {
        let end = self.narrowed(End::Range(block(address, 32, 128)), address);
        if let End::Range(range) = &end
            && self.notes.strangers.len() < RANGES
        {
            self.notes.strangers.insert(range.clone(), name);
        }
        end
    }

    /// The range as it is while there are few, else a wider one.
    fn narrowed(&mut self, end: End, address: IpAddr) -> End {
        match &end {
            End::Range(range) if !self.ranges.contains(range) => {
                if self.ranges.len() >= RANGES {
                    return End::Range(block(address, 16, 48));
                }
                self.ranges.insert(range.clone());
                end
            }
            _ => end,
        }
    }

    fn count(&mut self, record: &Record, traffic: &Traffic, (from, to): (End, End), opener: Opener, at_sender: bool) {
        let of = |answer: bool| Count::once(at_sender != answer, answer, record.start, record.end);
        let (sent, protocol) = ((from.clone(), to.clone(), traffic.protocol), traffic.protocol);
        let answered = (to, from, protocol);
        let book = if traffic.action == Action::Accept { &mut self.accepted } else { &mut self.refused };
        match opener {
            Opener::Sender => book.entry(sent).or_default().add(traffic.to_port, of(false)),
            Opener::Receiver => book.entry(answered).or_default().add(traffic.from_port, of(true)),
            // What was refused was never answered.
            Opener::Unclear if traffic.action == Action::Reject => book.entry(sent).or_default().add(traffic.to_port, of(false)),
            Opener::Unclear => {
                let key = (sent, traffic.from_port, traffic.to_port);
                let full = self.unclear.len() >= UNCLEAR && !self.unclear.contains_key(&key);
                self.unclear.entry(key.clone()).or_default().add(of(false));
                if full {
                    self.settle(key);
                }
            }
        }
    }

    /// Decides on what was unclear: as what else was seen has it, else the lower port accepts.
    fn settle(&mut self, key: (Pair, u16, u16)) {
        let Some(count) = self.unclear.remove(&key) else { return };
        let ((from, to, protocol), from_port, to_port) = key;
        let (sent, answered) = ((from.clone(), to.clone(), protocol), (to, from, protocol));
        let known = |pair: &Pair, port| self.accepted.get(pair).is_some_and(|book| book.has(port));
        let back = !known(&sent, to_port) && (known(&answered, from_port) || from_port < to_port);
        self.guessed += u64::from(!known(&sent, to_port) && !known(&answered, from_port));
        let (pair, port, count) = if back { (answered, from_port, count.turned()) } else { (sent, to_port, count) };
        self.accepted.entry(pair).or_default().add(port, count);
    }

    /// What was seen.
    pub fn finish(mut self) -> Seen {
        let mut unclear: Vec<((Pair, u16, u16), i64)> = self.unclear.iter().map(|(key, count)| (key.clone(), count.first)).collect();
        unclear.sort_by_key(|(_, first)| *first);
        unclear.into_iter().for_each(|(key, _)| self.settle(key));
        let mut seen = Seen::nothing(&self.today.account, &self.today.region, &self.today.vpc);
        seen.inventories = self.owners.moments();
        seen.notes = self.notes();
        seen.flows = flows(std::mem::take(&mut self.accepted));
        seen.refused = flows(std::mem::take(&mut self.refused));
        seen.destinations = self.destinations.iter().flat_map(|(from, top)| told(from, top)).collect();
        let watch =
            |(first, last, skipdata): (i64, i64, u64)| Watch { first: time(first), last: time(last), seconds: last - first, skipdata };
        seen.watched = self.watched.iter().map(|(id, times)| (id.clone(), watch(*times))).collect();
        seen.window = self.window();
        seen
    }

    fn window(&self) -> Window {
        let mut window = self.window.clone();
        if self.first <= self.last {
            (window.first, window.last, window.seconds) = (time(self.first), time(self.last), self.last - self.first);
        }
        let buckets: Vec<i64> = self.buckets.iter().copied().collect();
        let holes = buckets.windows(2).filter(|pair| (pair[1] - pair[0] - 1) * BUCKET_S > GAP_S);
        window.gaps = holes.map(|pair| (time((pair[0] + 1) * BUCKET_S), time(pair[1] * BUCKET_S))).collect();
        window
    }

    fn notes(&self) -> Vec<String> {
        let notes = &self.notes;
        let name = |id: &Id| self.today.name(id).to_owned();
        let some = |all: Vec<String>| match all.len() {
            0..=8 => all.join(", "),
            n => format!("{} and {} more", all[..8].join(", "), n - 8),
        };
        let mut out = Vec::new();
        if !notes.unowned.is_empty() {
            let ids: Vec<String> = notes.unowned.iter().cloned().collect();
            out.push(format!("no inventory knows these interfaces; give older ones with --inventory: {}", some(ids)));
        }
        if !notes.gone.is_empty() {
            let ids: Vec<String> = notes.gone.iter().map(Id::to_string).collect();
            out.push(format!("seen, and gone since; nothing is kept for them: {}", some(ids)));
        }
        let mut strangers: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        notes.strangers.iter().for_each(|(range, name)| strangers.entry(name).or_default().push(range.clone()));
        out.extend(strangers.into_iter().map(|(name, ranges)| format!("kept by address, for {name} is not moved: {}", some(ranges))));
        for ids in &notes.shared {
            out.push(format!(
                "they can't be told apart by their interfaces, and what one did counts for each: {}",
                some(ids.iter().map(name).collect())
            ));
        }
        if !notes.by_public.is_empty() {
            let ids: Vec<String> = notes.by_public.iter().map(name).collect();
            out.push(format!("called, or calling, by a public address inside the VPC, where rules by group do not match: {}", some(ids)));
        }
        if self.guessed > 0 {
            out.push(format!(
                "in {} cases neither flags nor ports tell who opened it: the lower port was taken for the server's",
                self.guessed
            ));
        }
        if self.accepted.keys().any(|(_, to, _)| *to == End::Internet) {
            out.push("an AWS service that is called without an endpoint can't be told from the internet by its address".to_owned());
        }
        out
    }
}

fn told(from: &Id, top: &Top) -> Vec<Destination> {
    top.first(TOLD).into_iter().map(|(range, records)| Destination { from: from.clone(), range, records }).collect()
}

/// Who with whom. Where nobody can tell which of several it is, it is not one with itself.
fn pairs(from: &Side, to: &Side) -> Vec<(End, End)> {
    let certain = from.ends.len() == 1 && to.ends.len() == 1;
    let all = from.ends.iter().flat_map(|a| to.ends.iter().map(move |b| (a.clone(), b.clone())));
    all.filter(|(a, b)| certain || a != b).collect()
}

fn flows(book: BTreeMap<Pair, PortBook>) -> Vec<Flow> {
    let mut out = Vec::new();
    for ((from, to, protocol), ports_of) in book {
        let Some(kind) = ports(protocol, 0) else { continue };
        for (ports, count) in ports_of.all(&kind.protocol) {
            out.push(Flow { from: from.clone(), to: to.clone(), ports, evidence: vec![count.evidence()] });
        }
    }
    out
}

/// The ports on which things listen, as far as the inventory knows: by their nature, and as targets.
fn listeners(inventory: &Inventory) -> BTreeMap<Id, Vec<Ports>> {
    let mut out: BTreeMap<Id, Vec<Ports>> = BTreeMap::new();
    for resource in inventory.resources.values().filter(|r| r.is_movable()) {
        out.entry(resource.id.clone()).or_default().extend(resource.facets.listens.iter().flatten().cloned());
    }
    for list in inventory.resources.values() {
        let Some(targets) = list.facets.targets.as_ref() else { continue };
        for target in &targets.members {
            let id = Id::from(target.target.as_str());
            let whole = inventory.get(&id).and_then(|part| part.facets.owner.clone());
            for id in [Some(id), whole].into_iter().flatten().filter(|id| inventory.get(id).is_some_and(|r| r.role == Role::Workload)) {
                out.entry(id).or_default().extend(targets.ports(target));
            }
        }
    }
    out
}
