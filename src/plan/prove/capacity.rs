//! What states use up: healthy targets, addresses in subnets, elastic IPs, rules in groups, groups on interfaces.
//!
//! Each is a number that steps add to or take from. The least (or most) over all states is found where the steps that
//! change it can be told apart; where even the worst imaginable sum stays within bounds, nothing has to be told apart.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::account::Quotas;
use crate::model::facet::Role;
use crate::model::id::Id;
use crate::model::network::{Peer, Rule};
use crate::model::resource::Resource;
use crate::model::resources::Resources;
use crate::reach::{Fact, Key};

use super::history::Histories;

/// What is counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Whether a target is registered with a target group: the group, the target as it is registered.
    Target(Id, String),
    /// Free addresses of a subnet.
    Free(Id),
    /// Elastic IPs of the region that the quota leaves.
    Addresses,
    /// Rules that the quota leaves a group, inbound or outbound.
    Rules(Id, bool),
}

/// A number on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// What it is.
    pub what: What,
    /// At the start.
    pub first: i64,
    /// The least that it may be.
    pub least: i64,
    /// What steps change it by, by place.
    pub changes: BTreeMap<usize, i64>,
}

impl Tally {
    /// Whether it stays within bounds whatever the order: not even all losses without a gain break it.
    pub fn is_safe(&self) -> bool {
        self.first + self.changes.values().filter(|change| **change < 0).sum::<i64>() >= self.least
    }

    /// What it is when these steps are done.
    pub fn after(&self, done: impl Iterator<Item = usize>) -> i64 {
        self.first + done.filter_map(|step| self.changes.get(&step)).sum::<i64>()
    }
}

/// Counts while a plan is played.
#[derive(Clone)]
pub struct Counter {
    /// How many rules one that names a prefix list counts as.
    weights: BTreeMap<Id, usize>,
    now: BTreeMap<Id, Vec<(What, i64)>>,
    tallies: BTreeMap<What, Tally>,
}

impl Counter {
    /// Begins with an account as it is.
    pub fn new(resources: &Resources, quotas: &Quotas) -> Counter {
        let weight = |list: &Resource| list.facets.prefix_list.as_ref().map(|held| (list.id.clone(), held.weight));
        let weights = resources.with_role(Role::PrefixList).filter_map(weight).collect();
        let mut counter = Counter { weights, now: BTreeMap::new(), tallies: BTreeMap::new() };
        let mut first: BTreeMap<What, i64> = BTreeMap::new();
        for resource in resources.values() {
            let counts = counts(resource, &counter.weights);
            counts.iter().for_each(|(what, count)| *first.entry(what.clone()).or_default() += count);
            if !counts.is_empty() {
                counter.now.insert(resource.id.clone(), counts.into_iter().collect());
            }
        }
        for (what, used) in first {
            let (first, least) = match &what {
                What::Target(..) => (used, 0),
                What::Free(subnet) => (resources.get(subnet).map_or(0, size) + used, 0),
                What::Addresses => (room(quotas.addresses) + used, (room(quotas.addresses) + used).min(0)),
                What::Rules(..) => (room(quotas.rules_per_group) + used, (room(quotas.rules_per_group) + used).min(0)),
            };
            counter.tallies.insert(what.clone(), Tally { what, first, least, changes: BTreeMap::new() });
        }
        counter
    }

    /// Counts again what a step touched.
    pub fn note(&mut self, step: usize, touched: &BTreeSet<Id>, resources: &Resources, quotas: &Quotas) {
        for id in touched {
            let before: BTreeMap<What, i64> = self.now.remove(id).into_iter().flatten().collect();
            let after = resources.get(id).map(|resource| counts(resource, &self.weights)).unwrap_or_default();
            for what in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
                let change = after.get(what).unwrap_or(&0) - before.get(what).unwrap_or(&0);
                if change != 0 {
                    let tally = self.tallies.entry(what.clone()).or_insert_with(|| fresh(what, resources, quotas));
                    *tally.changes.entry(step).or_default() += change;
                }
            }
            if !after.is_empty() {
                self.now.insert(id.clone(), after.into_iter().collect());
            }
        }
    }

    /// What was counted, but for targets.
    pub fn tallies(&self) -> impl Iterator<Item = &Tally> {
        self.tallies.values().filter(|tally| !matches!(tally.what, What::Target(..)))
    }

    /// For each target group its targets, whenever they are registered.
    pub fn targets(&self) -> BTreeMap<&Id, Vec<(&str, &Tally)>> {
        let mut out: BTreeMap<&Id, Vec<(&str, &Tally)>> = BTreeMap::new();
        for (what, tally) in &self.tallies {
            if let What::Target(group, target) = what {
                out.entry(group).or_default().push((target, tally));
            }
        }
        out
    }
}

/// What does not exist at the start.
fn fresh(what: &What, resources: &Resources, quotas: &Quotas) -> Tally {
    let first = match what {
        What::Target(..) => 0,
        What::Free(subnet) => resources.get(subnet).map_or(0, size),
        What::Addresses => room(quotas.addresses),
        What::Rules(..) => room(quotas.rules_per_group),
    };
    Tally { what: what.clone(), first, least: 0, changes: BTreeMap::new() }
}

fn room(quota: usize) -> i64 {
    i64::try_from(quota).unwrap_or(i64::MAX)
}

/// So many percent of the healthy ones, rounded up; of one nothing can be kept while it moves.
pub fn least_healthy(healthy: i64, percent: u32) -> i64 {
    if healthy < 2 { 0 } else { ((healthy * i64::from(percent) + 99) / 100).min(healthy) }
}

/// The addresses of a subnet: its size less AWS's five (VPC guide, "Subnet sizing").
fn size(subnet: &Resource) -> i64 {
    let range = subnet.facets.ranges.iter().find_map(|range| range.parse::<ipnet::Ipv4Net>().ok());
    range.map_or(0, |range| (1i64 << (32 - range.prefix_len())) - 5)
}

/// What one resource adds to each number.
fn counts(resource: &Resource, weights: &BTreeMap<Id, usize>) -> BTreeMap<What, i64> {
    let mut out = BTreeMap::new();
    for target in resource.facets.targets.iter().flat_map(|targets| &targets.members) {
        *out.entry(What::Target(resource.id.clone(), target.target.clone())).or_default() += 1;
    }
    match resource.role {
        Role::Interface => {
            let addresses = room(resource.facets.private_addresses.iter().filter(|address| !address.contains(':')).count().max(1));
            out.extend(resource.subnets().iter().map(|subnet| (What::Free(subnet.clone()), -addresses)));
        }
        Role::Subnet => drop(out.insert(What::Free(resource.id.clone()), 0)),
        Role::Address => drop(out.insert(What::Addresses, -1)),
        Role::Group => {
            for (inbound, rules) in resource.facets.rules.iter().flat_map(|rules| [(true, &rules.ingress), (false, &rules.egress)]) {
                let count = |rule: &Rule| match &rule.peer {
                    Peer::PrefixList(list) => weights.get(list).copied().unwrap_or(1),
                    Peer::Cidr(_) | Peer::Group(_) => 1,
                };
                out.insert(What::Rules(resource.id.clone(), inbound), -room(rules.iter().map(count).sum()));
            }
        }
        _ => {}
    }
    out
}

/// Nodes that ever wear more groups than AWS lets an interface wear, with how many.
pub fn overdressed(histories: &Histories, most: usize) -> Vec<(Id, usize, usize)> {
    let mut out = Vec::new();
    for key in histories.keys(|key| matches!(key, Key::Node(_))) {
        let worn = |fact: &Option<Fact>| if let Some(Fact::Node(node)) = fact { node.groups.len() } else { 0 };
        let values = histories.values(key);
        let writers: Vec<usize> = histories.writers(key).collect();
        for (at, value) in values.iter().enumerate().skip(1) {
            if worn(value) > most.max(worn(&values[at - 1])) {
                let Key::Node(id) = key else { continue };
                out.push((id.clone(), worn(value), writers[at - 1]));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kinds::kind;
    use crate::model::account::Account;
    use crate::model::inventory::Inventory;

    /// VPC user guide, "Prefix lists concepts and rules": a rule that names a list counts as many rules as it may have entries.
    #[test]
    fn a_rule_by_prefix_list_leaves_room_for_as_many_fewer_as_the_list_may_hold() {
        let rule = |list: &str| json!({ "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "PrefixListIds": [{ "PrefixListId": list }] });
        let docs = [
            ("prefix_list", json!({ "PrefixListId": "pl-1", "VpcId": "vpc-1", "PrefixListName": "offices", "MaxEntries": 25 })),
            (
                "security_group",
                json!({ "GroupId": "sg-1", "GroupName": "web", "VpcId": "vpc-1",
                "IpPermissions": [rule("pl-1"), rule("pl-unseen")], "IpPermissionsEgress": [] }),
            ),
        ];
        let parsed = docs.iter().filter_map(|(name, doc)| kind(name)?.parse(&doc.clone().into(), &"vpc-1".into()));
        let resources: BTreeMap<Id, _> = parsed.map(|resource| (resource.id.clone(), resource.into())).collect();
        assert_eq!(resources.len(), docs.len());
        let inventory = Inventory {
            version: 1,
            account: String::new(),
            region: String::new(),
            vpc: "vpc-1".into(),
            taken_at: String::new(),
            missing: Vec::new(),
            resources,
        };
        let counter = Counter::new(&Account::from(&inventory).resources, &Quotas::default());
        let room: Vec<(&What, i64)> = counter.tallies().map(|tally| (&tally.what, tally.first)).collect();
        let of = |inbound: bool| What::Rules("sg-1".into(), inbound);
        assert_eq!(room, [(&of(false), 60), (&of(true), 60 - 25 - 1)]);
    }
}
