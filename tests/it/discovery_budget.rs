//! How many reads a discovery makes: one listing per kind, what AWS tells per thing only, and nothing per security group.

use std::collections::BTreeMap;
use std::sync::Arc;

use hikkoshi::clock::VirtualClock;
use hikkoshi::cloud::Cloud;
use hikkoshi::cloud::simulated::Simulated;
use hikkoshi::kinds::{KINDS, Scope};
use hikkoshi::world::World;

use crate::support::account::{BEGIN_MS, Docs, from_cidr, from_group, look, spine};

/// The reads of one discovery, by operation.
fn reads(docs: &Docs) -> BTreeMap<String, u64> {
    let cloud = Simulated::new(World::resume(docs.account()), Arc::new(VirtualClock::at(BEGIN_MS)));
    let seen = look(&cloud);
    assert_eq!(seen.resources.len(), docs.0.len(), "something was not seen");
    cloud.requests()
}

fn with_groups(count: usize) -> Docs {
    let mut docs = spine();
    for at in 0..count {
        let rules = vec![from_group(8080, "sg-default-all"), from_cidr("tcp", 22, "203.0.113.0/24")];
        docs.group(&format!("more-{at}"), rules);
    }
    docs
}

#[test]
fn a_thousand_groups_with_rules_cost_no_read_more_than_none() {
    let (few, many) = (reads(&with_groups(0)), reads(&with_groups(1_000)));
    assert_eq!(few, many);
    assert_eq!(many.get("ec2:DescribeSecurityGroups"), Some(&1));
    assert_eq!(many.get("ec2:DescribeSecurityGroupRules"), None, "the groups' own answer holds their rules");
}

#[test]
fn each_kind_is_listed_once() {
    let made = reads(&spine());
    // A listing within listings is made for each thing that those list: here there is none.
    for listing in KINDS.iter().filter_map(|kind| kind.listing()).filter(|listing| !matches!(listing.scope, Scope::Each(_))) {
        assert_eq!(made.get(listing.operation), Some(&1), "{}", listing.operation);
    }
    let docs = spine();
    let count = |kind: &str| docs.0.iter().filter(|(name, _)| *name == kind).count() as u64;
    let further: u64 = KINDS
        .iter()
        .filter_map(|kind| Some((count(kind.name()), kind.listing()?)))
        .flat_map(|(things, listing)| listing.follow.iter().map(move |follow| things.div_ceil(follow.batch as u64)))
        .sum();
    let listings = KINDS.iter().filter(|kind| kind.listing().is_some()).count() as u64;
    let all: u64 = made.values().sum();
    assert!(all <= listings + further, "{all} reads, {listings} listings and {further} that AWS answers for some things at a time");
}

#[test]
fn services_are_read_ten_at_a_time() {
    let mut docs = crate::stateless::bare();
    for at in 0..25 {
        docs.service(&format!("service-{at}"), "sg-alb", None);
    }
    let made = reads(&docs);
    assert_eq!(made.get("ecs:ListServices"), Some(&1), "one cluster");
    assert_eq!(made.get("ecs:DescribeServices"), Some(&3));
    assert_eq!(made.get("ecs:ListTasks"), Some(&1), "those of the whole cluster");
    assert_eq!(made.get("ecs:DescribeTasks"), Some(&1), "the adapter sends a hundred at a time");
}
