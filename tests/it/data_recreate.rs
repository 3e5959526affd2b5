//! Caches of which a new one is made beside the old, for their owners to lead the clients to.

use std::collections::BTreeSet;

use hikkoshi::execute::machine::Goal;
use hikkoshi::model::call::{Call, Outcome};
use hikkoshi::model::id::Id;
use hikkoshi::model::step::{Impact, Stage};
use hikkoshi::plan::Plan;
use hikkoshi::world::World;
use serde_json::{Value, json};

use crate::support::account::{Docs, ZONES, look, network};
use crate::support::account_data::by;
use crate::support::lab::{ALL, Lab, plan_of};
use crate::support::upset::{SOAK_S, around};
use crate::support::view::{made, same, twice, view_of};

/// A single Redis and a Memcached of two nodes.
fn docs() -> Docs {
    let mut docs = network(&ZONES);
    docs.security();
    docs.cache_subnets("prod", &ZONES);
    docs.single("queue", "prod", "a");
    docs.memcached("pages", "prod", &["a", "b"]);
    docs
}

fn recreating(docs: &Docs) -> Plan {
    let plan = plan_of(docs, &by("recreate", &["queue", "pages"]));
    assert_eq!(plan.blockers, []);
    plan
}

#[test]
fn a_new_cache_is_made_only_if_a_person_asks_and_what_is_lost_is_said() {
    let plan = plan_of(&docs(), "");
    for of_it in &plan.moves {
        let again = of_it.rejected.iter().find(|c| c.strategy.name() == "recreate").expect("it is weighed");
        assert!(of_it.strategy.name() == "flip" && again.rejected && !again.impossible, "{}", of_it.name);
    }
    let plan = recreating(&docs());
    let impact = |id: &str| match &plan.step(id).expect("the new one is made").impact {
        Impact::Brief { what, .. } => what.clone(),
        other => panic!("{id}: {other:?}"),
    };
    assert!(impact("pages-create").contains("it begins empty"));
    assert!(impact("queue-create").contains("after its snapshot"));
    assert!(plan.step("queue-snapshot").is_some() && plan.step("pages-snapshot").is_none(), "Memcached has no snapshots");
    assert_eq!(plan.step("pages-create").expect("it is made").call.parameters["AZMode"], "cross-az");
}

#[test]
fn a_new_cache_stands_beside_the_old_until_cleanup() {
    let docs = docs();
    let plan = recreating(&docs);
    let mut lab = Lab::new(&docs, &plan);
    let start = view_of(&lab.cloud);
    lab.reach(ALL, "forward");
    let now = look(&lab.cloud);
    let public = now.public_subnets();
    for name in ["queue", "pages"] {
        let copy = &now.resources[&Id::new(format!("cache:{name}-private"))];
        assert!(!copy.subnets().is_empty() && !copy.subnets().iter().any(|s| public.contains(s)), "{name}");
        assert!(!copy.groups().contains(&Id::from("sg-default-all")), "{name}");
        assert!(now.resources.contains_key(&Id::new(format!("cache:{name}"))), "{name} is kept");
    }
    assert_eq!(twice(&lab.cloud), Vec::<String>::new());
    let mut cleaned = lab.fork();
    cleaned.reach(Goal::Forward(Stage::Cleanup), "cleanup");
    assert!(!look(&cleaned.cloud).resources.contains_key(&Id::from("cache:queue")));
    lab.reach(Goal::Back(None), "back");
    lab.skip(SOAK_S);
    same("after the way back", &start, &view_of(&lab.cloud));
    assert_eq!(made(&lab.cloud), BTreeSet::new());
}

#[test]
fn a_new_cache_converges_whatever_happens() {
    let docs = docs();
    let plan = recreating(&docs);
    around(&docs, &plan, Stage::Data).converges(&|_, _| ());
}

/// A token is a secret: a new cache could not be given it.
#[test]
fn a_cache_with_a_token_is_not_made_anew() {
    let mut docs = docs();
    docs.doc("arn:aws:elasticache:us-east-1:123456789012:cluster:queue")["AuthTokenEnabled"] = json!(true);
    let blockers = plan_of(&docs, &by("recreate", &["queue"])).blockers;
    assert_eq!(blockers.iter().map(|b| b.resource.as_str()).collect::<Vec<_>>(), ["cache:queue"]);
    assert!(blockers[0].why.contains("token"), "{}", blockers[0].why);
}

/// What AWS refuses of it, by its codes.
#[test]
fn the_simulated_account_refuses_what_a_new_cache_must_not_do() {
    let mut world = World::resume(docs().account());
    let mut refused = |operation: &str, parameters: Value, code: &str| {
        let outcome = world.call(&Call::new(operation, parameters.clone()));
        let Outcome::Refused(refusal) = outcome else { panic!("{operation} {parameters}: {outcome:?}") };
        assert_eq!(refusal.code, code, "{operation} {parameters}");
    };
    let group = json!({ "CacheSubnetGroupName": "prod", "CacheSubnetGroupDescription": "again", "SubnetIds": ["subnet-a"] });
    refused("elasticache:CreateCacheSubnetGroup", group, "CacheSubnetGroupAlreadyExists");
    refused("elasticache:DeleteCacheSubnetGroup", json!({ "CacheSubnetGroupName": "prod" }), "CacheSubnetGroupInUse");
    let cluster = |name: &str, group: &str, zone: &str| json!({ "CacheClusterId": name, "Engine": "redis", "CacheSubnetGroupName": group, "PreferredAvailabilityZone": zone });
    refused("elasticache:CreateCacheCluster", cluster("queue", "prod", "us-east-1a"), "CacheClusterAlreadyExists");
    refused("elasticache:CreateCacheCluster", cluster("new", "none", "us-east-1a"), "CacheSubnetGroupNotFoundFault");
    refused("elasticache:CreateCacheCluster", cluster("new", "prod", "us-east-1f"), "InvalidParameterValue");
    refused("elasticache:CreateSnapshot", json!({ "CacheClusterId": "pages", "SnapshotName": "s" }), "SnapshotFeatureNotSupportedFault");
    refused("elasticache:DeleteCacheCluster", json!({ "CacheClusterId": "none" }), "CacheClusterNotFound");
}
