//! Databases and caches that stay where they are while their subnets turn private around them.

use std::collections::BTreeSet;

use hikkoshi::execute::machine::Goal;
use hikkoshi::model::call::{Call, Outcome};
use hikkoshi::model::facet::Role;
use hikkoshi::model::id::Id;
use hikkoshi::model::inventory::{Inventory, Missing};
use hikkoshi::model::step::Stage;
use hikkoshi::model::strategy::Strategy;
use hikkoshi::plan::{self, Plan, intent};
use hikkoshi::world::World;
use serde_json::{Value, json};

use crate::support::account::{look, spine};
use crate::support::account_data::{data, every_cache};
use crate::support::lab::{ALL, Lab, head, plan_of};
use crate::support::upset::{SOAK_S, around};
use crate::support::view::{made, same, twice, view_of};

fn strategy(plan: &Plan, name: &str) -> Strategy {
    plan.moves.iter().find(|m| m.name == name).unwrap_or_else(|| panic!("{name} does not move")).strategy
}

fn steps<'p>(plan: &'p Plan, of_move: &str) -> Vec<&'p str> {
    plan.steps.iter().filter(|step| step.of_move == of_move).map(|step| step.id.as_str()).collect()
}

/// Mistake 5: databases that need no outage get none.
#[test]
fn the_whole_data_tier_flips_without_an_interruption() {
    let plan = plan_of(&every_cache(), "");
    assert_eq!(plan.blockers, []);
    for name in ["pg-single", "pg-multi", "aurora", "sessions", "pages", "carts", "queue"] {
        assert_eq!(strategy(&plan, name), Strategy::Flip, "{name}");
        let of_it = plan.moves.iter().find(|m| m.name == name).expect("it moves");
        assert_eq!(of_it.interruption_s, 0, "{name}");
    }
    assert_eq!(steps(&plan, "sessions"), ["group-sessions", "rules-sessions", "sessions-groups-beside", "sessions-groups-off"][2..]);
}

#[test]
fn members_are_no_workloads_of_their_own() {
    let inventory = data().inventory();
    let role = |id: &str| inventory.get(&Id::from(id)).map(|r| (r.role, r.facets.owner.clone().map(|o| o.to_string())));
    assert_eq!(role("db:aurora-1"), Some((Role::Bystander, Some("dbcluster:aurora".into()))));
    assert_eq!(role("cache:sessions-002"), Some((Role::Bystander, Some("cachegroup:sessions".into()))));
    assert_eq!(role("cache:pages"), Some((Role::Workload, None)));
    let moves: BTreeSet<String> = plan_of(&data(), "").moves.into_iter().map(|m| m.workload.to_string()).collect();
    assert!(!moves.iter().any(|id| id.starts_with("db:aurora") || id.starts_with("cache:sessions")), "{moves:?}");
}

#[test]
fn a_caches_interface_is_its_clusters() {
    let inventory = every_cache().inventory();
    let owner = |id: &str| inventory.get(&Id::from(id)).and_then(|i| i.facets.owner.clone()).map(|o| o.to_string());
    assert_eq!(owner("eni-sessions-001").as_deref(), Some("cachegroup:sessions"));
    assert_eq!(owner("eni-pages-0002").as_deref(), Some("cache:pages"));
    assert_eq!(owner("eni-queue").as_deref(), Some("cache:queue"));
    let mut docs = every_cache();
    docs.0.retain(|(kind, _)| !["cache_cluster", "replication_group"].contains(kind));
    let unread = docs.inventory();
    assert_eq!(unread.get(&Id::from("eni-pages-0002")).and_then(|i| i.facets.owner.clone()), Some(Id::from("service:elasticache")));
}

/// Each cache lets in who may reach its port today, and nobody on another port.
#[test]
fn caches_and_clusters_are_reached_on_their_own_ports_only() {
    let plan = plan_of(&every_cache(), "");
    let check = |name: &str, ports: &[u64]| {
        let rules = plan.step(&format!("rules-{name}")).unwrap_or_else(|| panic!("{name} has no rules"));
        let permissions = rules.call.parameters["IpPermissions"].as_array().expect("a list");
        let found: BTreeSet<u64> = permissions.iter().filter_map(|p| p["FromPort"].as_u64()).collect();
        assert_eq!(found, ports.iter().copied().collect(), "{name}");
        assert!(permissions.iter().all(|p| p["UserIdGroupPairs"].as_array().is_some_and(|pairs| !pairs.is_empty())), "{name}");
    };
    check("aurora", &[5432]);
    check("sessions", &[6379]);
    check("pages", &[11211]);
    check("queue", &[6379]);
    check("carts", &[6379, 6380]);
}

/// The groups are the cluster's; whether the world can resolve it, each member's. All before the subnets turn.
#[test]
fn every_public_member_loses_its_public_name_before_its_subnet_turns() {
    let plan = plan_of(&data(), "");
    let groups = plan.step("aurora-groups-beside").expect("the cluster gets its groups");
    assert_eq!(groups.call.operation.to_string(), "rds:ModifyDBCluster");
    for member in ["aurora-1", "aurora-2"] {
        let id = format!("aurora-{member}-not-public");
        let step = plan.step(&id).unwrap_or_else(|| panic!("no {id}"));
        assert_eq!(step.call.parameters["DBInstanceIdentifier"], member);
        let flips = plan.steps.iter().filter(|step| step.call.operation.name() == "ReplaceRouteTableAssociation");
        for flip in flips {
            assert!(flip.needs.iter().any(|need| need.step == id), "{} does not wait for {id}", flip.id);
        }
    }
}

#[test]
fn the_data_tier_goes_there_and_back() {
    let docs = every_cache();
    let plan = plan_of(&docs, "");
    let mut lab = Lab::new(&docs, &plan);
    let start = view_of(&lab.cloud);
    lab.reach(ALL, "forward");
    lab.skip(SOAK_S);
    let now = look(&lab.cloud);
    let public = now.public_subnets();
    for resource in now.resources.values().filter(|r| matches!(r.role, Role::Workload | Role::Bystander)) {
        assert!(!resource.facets.publicly_accessible, "{} is public", resource.name);
        let kept = resource.kind == "ec2_instance";
        assert!(kept || !resource.subnets().iter().any(|s| public.contains(s)), "{} is in a public subnet", resource.name);
        assert!(kept || !resource.groups().contains(&Id::from("sg-default-all")), "{} wears default-all", resource.name);
    }
    assert_eq!(twice(&lab.cloud), Vec::<String>::new());
    lab.reach(Goal::Back(None), "back");
    lab.skip(SOAK_S);
    same("after the way back", &start, &view_of(&lab.cloud));
    assert_eq!(made(&lab.cloud), BTreeSet::new());
}

#[test]
fn the_data_stage_of_a_flip_converges_whatever_happens() {
    let docs = every_cache();
    let plan = plan_of(&docs, "");
    for stage in [Stage::Data, Stage::Tighten] {
        around(&docs, &plan, stage).converges(&|_, _| ());
    }
}

/// What AWS refuses, by its codes.
#[test]
fn the_simulated_data_tier_refuses_what_aws_refuses() {
    let mut world = World::resume(every_cache().account());
    let mut refused = |operation: &str, parameters: Value, code: &str| {
        let outcome = world.call(&Call::new(operation, parameters.clone()));
        let Outcome::Refused(refusal) = outcome else { panic!("{operation} {parameters}: {outcome:?}") };
        assert_eq!(refusal.code, code, "{operation} {parameters}");
    };
    let groups = json!(["sg-alb"]);
    let member = json!({ "DBInstanceIdentifier": "aurora-1", "VpcSecurityGroupIds": groups });
    refused("rds:ModifyDBInstance", member, "InvalidParameterCombination");
    refused("rds:ModifyDBCluster", json!({ "DBClusterIdentifier": "none" }), "DBClusterNotFoundFault");
    let unknown = json!({ "DBClusterIdentifier": "aurora", "VpcSecurityGroupIds": ["sg-none"] });
    refused("rds:ModifyDBCluster", unknown, "InvalidParameterValue");
    let node = json!({ "CacheClusterId": "sessions-001", "SecurityGroupIds": groups });
    refused("elasticache:ModifyCacheCluster", node, "InvalidCacheClusterState");
    refused("elasticache:ModifyCacheCluster", json!({ "CacheClusterId": "none" }), "CacheClusterNotFound");
    refused("elasticache:ModifyReplicationGroup", json!({ "ReplicationGroupId": "none" }), "ReplicationGroupNotFoundFault");
    refused("elasticache:ModifyServerlessCache", json!({ "ServerlessCacheName": "none" }), "ServerlessCacheNotFoundFault");
    let twice = [
        ("rds:ModifyDBCluster", json!({ "DBClusterIdentifier": "aurora" }), "InvalidDBClusterStateFault"),
        ("elasticache:ModifyReplicationGroup", json!({ "ReplicationGroupId": "sessions" }), "InvalidReplicationGroupState"),
        ("elasticache:ModifyCacheCluster", json!({ "CacheClusterId": "pages" }), "InvalidCacheClusterState"),
        ("elasticache:ModifyServerlessCache", json!({ "ServerlessCacheName": "carts" }), "InvalidServerlessCacheStateFault"),
    ];
    for (operation, parameters, code) in twice {
        let first = world.call(&Call::new(operation, parameters.clone()));
        assert!(matches!(first, Outcome::Done(_)), "{operation}: {first:?}");
        let second = world.call(&Call::new(operation, parameters));
        assert!(matches!(&second, Outcome::Refused(refusal) if refusal.code == code), "{operation}: {second:?}");
    }
}

fn codes(inventory: &Inventory) -> Vec<String> {
    let intent = intent::parse(&head()).unwrap_or_else(|problem| panic!("{problem}"));
    let plan = plan::plan(&intent, inventory, "", "").unwrap_or_else(|problem| panic!("{problem}"));
    plan.blockers.into_iter().map(|blocker| blocker.code).collect()
}

#[test]
fn caches_that_could_not_be_looked_at_stand_in_the_way() {
    let check = |operation: &str, gone: &str, blocks: bool| {
        let mut docs = data();
        docs.0.retain(|(kind, _)| *kind != gone);
        let mut inventory = docs.inventory();
        inventory.missing.push(Missing { operation: operation.to_owned(), why: "AccessDenied".to_owned() });
        assert_eq!(codes(&inventory).contains(&"HK0303".to_owned()), blocks, "{operation}");
    };
    check("elasticache:DescribeReplicationGroups", "replication_group", true);
    check("elasticache:DescribeCacheClusters", "cache_cluster", true);
    check("elasticache:DescribeServerlessCaches", "serverless_cache", false);
    check("rds:DescribeDBClusters", "db_cluster", true);
    let mut inventory = spine().inventory();
    inventory.missing.push(Missing { operation: "elasticache:DescribeReplicationGroups".to_owned(), why: "AccessDenied".to_owned() });
    assert_eq!(codes(&inventory), Vec::<String>::new());
}

#[test]
fn what_can_not_be_changed_is_said_with_a_way_out() {
    let mut docs = data();
    docs.doc("arn:aws:rds:us-east-1:123456789012:cluster:aurora")["Status"] = json!("stopped");
    let blockers = plan_of(&docs, "").blockers;
    assert_eq!(blockers.iter().map(|b| (b.code.as_str(), b.resource.as_str())).collect::<Vec<_>>(), [("HK0401", "dbcluster:aurora")]);
    let mut docs = data();
    docs.doc("arn:aws:elasticache:us-east-1:123456789012:replicationgroup:sessions")["Status"] = json!("create-failed");
    let blockers = plan_of(&docs, "").blockers;
    assert_eq!(blockers.iter().map(|b| b.resource.as_str()).collect::<Vec<_>>(), ["cachegroup:sessions"]);
}
