//! Replication groups that cross over into the private subnets of their group.

use std::collections::{BTreeMap, BTreeSet};

use hikkoshi::cloud::simulated::Simulated;
use hikkoshi::execute::driver::End;
use hikkoshi::execute::machine::Goal;
use hikkoshi::model::call::{Call, Outcome};
use hikkoshi::model::facet::Role;
use hikkoshi::model::id::Id;
use hikkoshi::model::resource::Resource;
use hikkoshi::model::step::Stage;
use hikkoshi::plan::Plan;
use hikkoshi::world::World;
use serde_json::{Value, json};

use crate::support::account::{Docs, ZONES, look, network};
use crate::support::account_data::by;
use crate::support::lab::{ALL, Disturb, Fate, Lab, plan_of};
use crate::support::upset::{SOAK_S, around};
use crate::support::view::{made, same, twice, view_of};

/// A replication group in a VPC of its own.
fn plain(zones: &[&str], group: &[&str]) -> Docs {
    let mut docs = network(&ZONES);
    docs.security();
    docs.cache_subnets("prod", group);
    docs.redis("sessions", "prod", zones);
    docs
}

/// With cluster mode on: two shards of two nodes, in two of three zones.
fn sharded() -> Docs {
    let mut docs = network(&ZONES);
    docs.security();
    docs.cache_subnets("prod", &ZONES);
    docs.sharded("carts", "prod", &[&["a", "b"], &["b", "a"]]);
    docs
}

fn rotating(docs: &Docs, name: &str) -> Plan {
    let plan = plan_of(docs, &by("rotate", &[name]));
    assert_eq!(plan.blockers, []);
    plan
}

fn operations<'p>(plan: &'p Plan, of_move: &str) -> Vec<&'p str> {
    plan.steps.iter().filter(|s| s.of_move == of_move && s.stage == Stage::Data).map(|s| s.call.operation.name()).collect()
}

/// How often each shard was asked to fail over.
fn failovers(cloud: &Simulated) -> BTreeMap<String, usize> {
    let account = cloud.account();
    let mut count = BTreeMap::new();
    for event in account.resources.of_kind("elasticache_event") {
        let message = event.doc["Message"].as_str().unwrap_or_default();
        if message.starts_with("Test Failover API called") {
            *count.entry(message.to_owned()).or_default() += 1;
        }
    }
    count
}

fn all_private(cloud: &Simulated) {
    let now = look(cloud);
    let public = now.public_subnets();
    let node = |r: &&Resource| r.role == Role::Workload || r.doc["Description"].as_str().is_some_and(|d| d.starts_with("ElastiCache"));
    for resource in now.all().filter(node) {
        assert!(!resource.subnets().iter().any(|subnet| public.contains(subnet)), "{} {}", resource.kind, resource.name);
    }
}

fn there_and_back(docs: &Docs, plan: &Plan) {
    let mut lab = Lab::new(docs, plan);
    let start = view_of(&lab.cloud);
    lab.reach(ALL, "forward");
    lab.skip(SOAK_S);
    all_private(&lab.cloud);
    assert_eq!(twice(&lab.cloud), Vec::<String>::new());
    lab.reach(Goal::Back(None), "back");
    lab.skip(SOAK_S);
    same("after the way back", &start, &view_of(&lab.cloud));
    assert_eq!(made(&lab.cloud), BTreeSet::new());
}

/// A third zone, in which no node is, is used first: no replica is given up before the promotion.
#[test]
fn a_group_crosses_over_into_a_zone_of_no_primary() {
    let docs = plain(&["a", "b"], &ZONES);
    let plan = rotating(&docs, "sessions");
    let wanted = [
        "CreateSnapshot",
        "ModifyReplicationGroup",
        "IncreaseReplicaCount",
        "ModifyReplicationGroup",
        "DecreaseReplicaCount",
        "IncreaseReplicaCount",
        "ModifyReplicationGroup",
    ];
    assert_eq!(operations(&plan, "sessions"), wanted);
    let half = plan.step("rotate-caches-prod-half").expect("the group is changed");
    assert_eq!(half.call.parameters["SubnetIds"], json!(["subnet-a", "subnet-b", "${subnet-private-c.SubnetId}"]));
    let replica = plan.step("sessions-replica").expect("a replica comes up");
    let zones = &replica.call.parameters["ReplicaConfiguration"][0]["PreferredAvailabilityZones"];
    assert_eq!(*zones, json!(["us-east-1a", "us-east-1b", "us-east-1c"]), "one zone more than replicas");
    there_and_back(&docs, &plan);
}

#[test]
fn a_group_in_all_its_zones_frees_one_first() {
    let docs = plain(&["a", "b"], &["a", "b"]);
    let plan = rotating(&docs, "sessions");
    let free = plan.step("sessions-free-zone").expect("the replica's zone gets free");
    assert_eq!(free.call.parameters["ReplicasToRemove"], json!(["sessions-002"]));
    assert!(plan.step("rotate-caches-prod-half").expect("the group is changed").needs.iter().any(|n| n.step == "sessions-free-zone"));
    there_and_back(&docs, &plan);
}

#[test]
fn the_promotion_of_a_plain_group_converges_whatever_happens() {
    let docs = plain(&["a", "b"], &["a", "b"]);
    let plan = rotating(&docs, "sessions");
    around(&docs, &plan, Stage::Data).converges(&|_, _| ());
}

/// Each shard is left with one replica, the private one; its failover is asked for once, there and back.
#[test]
fn each_shard_fails_over_once_whatever_happens() {
    let docs = sharded();
    let plan = rotating(&docs, "carts");
    let times = operations(&plan, "carts").iter().filter(|name| **name == "TestFailover").count();
    assert_eq!(times, 2);
    there_and_back(&docs, &plan);
    let way = around(&docs, &plan, Stage::Data);
    let there = failovers(&way.after.cloud);
    assert_eq!(there.values().copied().collect::<Vec<_>>(), [1, 1]);
    let back: BTreeMap<String, usize> = there.keys().map(|shard| (shard.clone(), 2)).collect();
    way.converges(&|lab, context| {
        let found = failovers(&lab.cloud);
        assert!(found == there || found == back, "{context}: {found:?}");
    });
}

/// ElastiCache dates its events by its own clock: where the machine's is ahead of it or behind, and the answer is lost, a
/// failover is still known for the one that was asked for.
#[test]
fn a_machine_whose_clock_is_wrong_fails_a_shard_over_once() {
    let docs = sharded();
    let plan = rotating(&docs, "carts");
    for ahead_ms in [-120_000, -700, 700, 2_000, 120_000] {
        let mut lab = Lab::new(&docs, &plan);
        lab.ahead_ms = ahead_ms;
        let lost = Disturb {
            decide: &|_, call| if call.operation.name() == "TestFailover" { Fate::Lose } else { Fate::Pass },
            ..Disturb::default()
        };
        for (goal, times) in [(ALL, 1), (Goal::Back(None), 2)] {
            let end = lab.go_with(goal, &lost);
            assert!(matches!(end, End::Reached), "{ahead_ms}: {end:?}");
            assert_eq!(failovers(&lab.cloud).into_values().collect::<Vec<_>>(), [times, times], "{ahead_ms}");
        }
    }
}

#[test]
fn primaries_in_every_zone_stand_in_the_way() {
    let check = |docs: &Docs, further: &str, about: &str| {
        let blockers = plan_of(docs, further).blockers;
        assert_eq!(blockers.iter().map(|b| (b.code.as_str(), b.resource.as_str())).collect::<Vec<_>>(), [("HK0401", about)], "{further}");
    };
    let mut docs = plain(&["a"], &ZONES);
    docs.redis("other", "prod", &["b"]);
    docs.redis("third", "prod", &["c"]);
    check(&docs, &by("rotate", &["sessions", "other", "third"]), "cachesubnets:prod");
    let mut docs = network(&ZONES);
    docs.security();
    docs.cache_subnets("prod", &["a", "b"]);
    docs.sharded("carts", "prod", &[&["a", "b"], &["b", "a"]]);
    check(&docs, &by("rotate", &["carts"]), "cachesubnets:prod");
    let mut docs = plain(&["a", "b"], &ZONES);
    docs.memcached("pages", "prod", &["a"]);
    check(&docs, &by("rotate", &["sessions"]), "cache:pages");
}

/// What AWS refuses of a rotation, by its codes.
#[test]
fn the_simulated_caches_refuse_what_a_rotation_must_not_do() {
    let mut docs = plain(&["a", "b"], &ZONES);
    docs.redis("alone", "prod", &["c"]);
    let mut world = World::resume(docs.account());
    let mut refused = |operation: &str, parameters: Value, code: &str| {
        let outcome = world.call(&Call::new(operation, parameters.clone()));
        let Outcome::Refused(refusal) = outcome else { panic!("{operation} {parameters}: {outcome:?}") };
        assert_eq!(refusal.code, code, "{operation} {parameters}");
    };
    let of = |more: Value| {
        let mut all = json!({ "ReplicationGroupId": "sessions" });
        all.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
        all
    };
    let subnets = json!({ "CacheSubnetGroupName": "prod", "SubnetIds": ["subnet-a", "subnet-c"] });
    refused("elasticache:ModifyCacheSubnetGroup", subnets, "SubnetInUse");
    refused(
        "elasticache:ModifyCacheSubnetGroup",
        json!({ "CacheSubnetGroupName": "none", "SubnetIds": ["subnet-a"] }),
        "CacheSubnetGroupNotFoundFault",
    );
    refused("elasticache:ModifyReplicationGroup", of(json!({ "PrimaryClusterId": "sessions-002" })), "InvalidParameterCombination");
    refused("elasticache:ModifyReplicationGroup", of(json!({ "AutomaticFailoverEnabled": false })), "InvalidParameterCombination");
    refused("elasticache:DecreaseReplicaCount", of(json!({ "ReplicasToRemove": ["sessions-001"] })), "InvalidParameterValue");
    refused("elasticache:DecreaseReplicaCount", of(json!({ "ReplicasToRemove": ["sessions-002"] })), "InvalidParameterValue");
    refused("elasticache:DecreaseReplicaCount", of(json!({ "NewReplicaCount": 1 })), "NoOperationFault");
    refused("elasticache:IncreaseReplicaCount", of(json!({ "NewReplicaCount": 1 })), "NoOperationFault");
    let zones = json!([{ "NodeGroupId": "0001", "NewReplicaCount": 2, "PreferredAvailabilityZones": ["us-east-1a", "us-east-1b"] }]);
    refused("elasticache:IncreaseReplicaCount", of(json!({ "ReplicaConfiguration": zones })), "InvalidParameterValue");
    refused("elasticache:TestFailover", of(json!({ "NodeGroupId": "0009" })), "NodeGroupNotFoundFault");
    refused("elasticache:TestFailover", json!({ "ReplicationGroupId": "alone", "NodeGroupId": "0001" }), "InvalidReplicationGroupState");
    refused("elasticache:CreateSnapshot", json!({ "ReplicationGroupId": "none", "SnapshotName": "s" }), "ReplicationGroupNotFoundFault");
    let account = world.account();
    assert!(account.resources.contains_key(&Id::from("cache:sessions-002")), "nothing was done");
}
