//! The account at every moment of the plan: each thing with what it is from which step on.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::doors::Exposure;
use super::text::Texts;
use crate::model::absent::is_default;
use crate::model::account::Account;
use crate::model::facet::{Facets, GatewayKind, Role};
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::network::Rule;
use crate::model::resource::Resource;
use crate::model::step::Stage;
use crate::plan::Plan;
use crate::plan::doors::doors;
use crate::plan::film::{self, Frame};

/// What is drawn.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Map {
    /// Everything that is there at some moment.
    pub nodes: Vec<Node>,
    /// Rules of groups, as text.
    #[schemars(with = "Vec<String>")]
    pub rules: Texts,
    /// The step that can't be played, and why: the map ends before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stuck: Option<(String, String)>,
}

/// One thing.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Node {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// `subnet`, `gateway`, `endpoint`, `group`, `workload`, `balancer`.
    pub role: Role,
    /// The move that carries it, or that made it.
    #[serde(rename = "move", skip_serializing_if = "Option::is_none")]
    pub of_move: Option<usize>,
    /// The thing in whose place it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heir_of: Option<usize>,
    /// The range of a subnet.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub range: String,
    /// `internet`, `nat`, … of a gateway; the service of an endpoint; `internet-facing` or `internal` of a balancer.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sort: String,
    /// The ports that it is known to listen on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub listens: Vec<String>,
    /// What a person should know about it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// What it is like, from how many steps of the plan on; nothing: it is not there.
    pub hist: Vec<(usize, Option<Stand>)>,
}

/// What something is like at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Stand {
    /// Its subnets.
    #[serde(rename = "s", skip_serializing_if = "Vec::is_empty")]
    pub subnets: Vec<usize>,
    /// The zones in which it is.
    #[serde(rename = "z", skip_serializing_if = "Vec::is_empty")]
    pub zones: Vec<String>,
    /// Its groups.
    #[serde(rename = "g", skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<usize>,
    /// Its public addresses.
    #[serde(rename = "p", skip_serializing_if = "Vec::is_empty")]
    pub public: Vec<String>,
    /// Its private addresses.
    #[serde(rename = "a", skip_serializing_if = "Vec::is_empty")]
    pub private: Vec<String>,
    /// Whether a managed service gives it a public name.
    #[serde(rename = "n", skip_serializing_if = "is_default")]
    pub named: bool,
    /// Its state in AWS's words.
    #[serde(rename = "st", skip_serializing_if = "String::is_empty")]
    pub state: String,
    /// Where the default route of a subnet leads.
    #[serde(rename = "w", skip_serializing_if = "Option::is_none")]
    pub way: Option<String>,
    /// The route table of a subnet.
    #[serde(rename = "t", skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// The rules of a group: who may come in, and where its wearers may go.
    #[serde(rename = "r", skip_serializing_if = "Option::is_none")]
    pub rules: Option<(Vec<usize>, Vec<usize>)>,
}

/// What playing the plan told.
pub struct Told {
    /// The map.
    pub map: Map,
    /// What the internet reaches.
    pub doors: Exposure,
}

/// Plays the plan.
pub fn played(plan: &Plan, inventory: &Inventory) -> Told {
    let mut film = Film::new(plan);
    let last = plan.steps.iter().rposition(|step| step.stage != Stage::Cleanup);
    let mut exposure = Exposure::default();
    let end = film::play(plan, inventory, &mut |frame| {
        film.see(frame);
        let at = frame.step.map(|(at, _)| at);
        if at.is_none() {
            exposure.before = doors(frame.account);
        }
        if at == last {
            exposure.after = Some(doors(frame.account));
        }
    });
    film.map.stuck = end.err().map(|stuck| (stuck.step, stuck.why));
    Told { map: film.map, doors: exposure }
}

/// What was seen so far.
struct Film {
    map: Map,
    places: BTreeMap<Id, usize>,
    moves: BTreeMap<Id, usize>,
}

impl Film {
    fn new(plan: &Plan) -> Film {
        let moves = plan.moves.iter().enumerate().map(|(at, one)| (one.workload.clone(), at)).collect();
        Film { map: Map::default(), places: BTreeMap::new(), moves }
    }

    fn see(&mut self, frame: &Frame<'_>) {
        let at = frame.step.map_or(0, |(at, _)| at + 1);
        let account = frame.account;
        let looked: Vec<Id> = match frame.step {
            None => account.resources.values().map(|one| one.id.clone()).collect(),
            Some(_) => touched(frame),
        };
        let shown: Vec<&Resource> = looked.iter().filter_map(|id| account.resources.get(id)).filter(|one| is_shown(one)).collect();
        // Subnets and groups first: what stands in them names them by their places.
        for resource in &shown {
            self.place(resource, frame);
        }
        for resource in shown {
            // What is remembered for a while after its end has no facets.
            let stand = (resource.facets != Facets::default()).then(|| self.stand(resource, account));
            self.note(&resource.id, at, stand);
        }
        for id in looked.iter().filter(|id| account.resources.get(id).is_none()) {
            self.note(id, at, None);
        }
    }

    fn note(&mut self, id: &Id, at: usize, stand: Option<Stand>) {
        let Some(place) = self.places.get(id) else { return };
        let hist = &mut self.map.nodes[*place].hist;
        if hist.last().map(|(_, last)| last) != Some(&stand) && !(hist.is_empty() && stand.is_none()) {
            hist.push((at, stand));
        }
    }

    fn place(&mut self, resource: &Resource, frame: &Frame<'_>) {
        if self.places.contains_key(&resource.id) {
            return;
        }
        let whole = frame.heirs.get(&resource.id).or(resource.facets.owner.as_ref());
        let of_move = self.moves.get(&resource.id).or_else(|| self.moves.get(whole?)).copied();
        let heir_of = frame.heirs.get(&resource.id).and_then(|of| self.places.get(of)).copied();
        self.places.insert(resource.id.clone(), self.map.nodes.len());
        self.map.nodes.push(node(resource, of_move, heir_of));
    }

    fn stand(&mut self, resource: &Resource, account: &Account) -> Stand {
        let facets = &resource.facets;
        let place = |id: &Id| self.places.get(id).copied();
        let in_subnet = resource.role != Role::Subnet;
        let subnets = resource.subnets().iter().filter(|_| in_subnet).filter_map(place).collect();
        let groups = resource.groups().iter().filter_map(place).collect();
        let rules = facets.rules.as_ref().map(|rules| (self.lines(&rules.ingress, account), self.lines(&rules.egress, account)));
        let is_subnet = resource.role == Role::Subnet;
        let name = |id: &str| account.resources.get(&Id::from(id)).map_or_else(|| id.to_owned(), |one| one.name.clone());
        Stand {
            subnets,
            zones: facets.placement.as_ref().map(|placement| placement.zones.clone()).unwrap_or_default(),
            groups,
            public: facets.public_addresses.iter().map(|address| address.ip.clone()).collect(),
            private: if in_subnet { facets.private_addresses.clone() } else { Vec::new() },
            named: facets.publicly_accessible,
            state: facets.state.clone(),
            way: is_subnet.then(|| account.default_route(resource.id.as_str())).flatten(),
            table: is_subnet.then(|| account.table_of(resource.id.as_str()).map(|table| name(table.id.as_str()))).flatten(),
            rules,
        }
    }

    fn lines(&mut self, rules: &[Rule], account: &Account) -> Vec<usize> {
        let name = |id: String| account.resources.get(&Id::from(id.as_str())).map_or(id, |one| one.name.clone());
        rules.iter().map(|rule| self.map.rules.of(&format!("{} · {}", rule.ports, name(rule.peer.to_string())))).collect()
    }
}

/// What is looked at again after a step: what it touched; and the subnets, if it touched a route table.
fn touched(frame: &Frame<'_>) -> Vec<Id> {
    let resources = &frame.account.resources;
    let mut out: BTreeSet<Id> = frame.touched.clone();
    if out.iter().any(|id| resources.get(id).is_some_and(|one| one.role == Role::RouteTable)) {
        out.extend(resources.with_role(Role::Subnet).map(|one| one.id.clone()));
    }
    let owners = frame.touched.iter().filter_map(|id| resources.get(id)?.facets.owner.clone());
    out.extend(owners.collect::<Vec<_>>());
    out.into_iter().collect()
}

fn is_shown(resource: &Resource) -> bool {
    matches!(resource.role, Role::Subnet | Role::Gateway | Role::Endpoint | Role::Group | Role::Workload | Role::Balancer)
}

fn node(resource: &Resource, of_move: Option<usize>, heir_of: Option<usize>) -> Node {
    let facets = &resource.facets;
    let gateway = facets.gateway.map(|kind| match kind {
        GatewayKind::Internet => "internet gateway",
        GatewayKind::EgressOnly => "egress-only internet gateway",
        GatewayKind::Nat => "NAT gateway",
        GatewayKind::PrivateNat => "private NAT gateway",
    });
    let endpoint = facets.endpoint.as_ref().map(|endpoint| endpoint.service.as_str());
    let balancer = facets.balancing.as_ref().map(|one| if one.internet_facing { "internet-facing" } else { "internal" });
    Node {
        id: resource.id.to_string(),
        name: resource.name.clone(),
        kind: resource.kind.clone(),
        role: resource.role,
        of_move,
        heir_of,
        range: if resource.role == Role::Subnet { facets.ranges.join(", ") } else { String::new() },
        sort: gateway.or(endpoint).or(balancer).unwrap_or_default().to_owned(),
        listens: facets.listens.iter().flatten().map(ToString::to_string).collect(),
        note: facets.note.clone(),
        hist: Vec::new(),
    }
}
