//! A new cluster in a private subnet group stands beside the old one, and its clients are led there by their owners;
//! aws-semantics.md section 8.
//!
//! A single Redis is filled from a snapshot, a Memcached begins empty. The endpoint is another: nothing here can point
//! clients to it. The old one stays as it is until `cleanup`.

use serde_json::{Value, json};

use super::build::{check, rest_first, step, undo, undo_and_wait, wait, wait_or_fail};
use super::db_instance::rotate::tags;
use super::replication_group::snapshot;
use crate::model::path;
use crate::model::resource::Resource;
use crate::model::step::{Check, Expect, Impact, Stage, Step, Wait};
use crate::model::strategy::Scene;

/// Seconds in which a cluster usually comes up.
const CREATE_S: u64 = 900;
/// ElastiCache's names are short.
const LONGEST: usize = 40;

/// What the new one is called; none if that is too long.
pub(super) fn name_of_copy(name: &str) -> Option<String> {
    let copy = format!("{name}-private");
    (copy.len() <= LONGEST).then_some(copy)
}

pub(super) fn steps(resource: &Resource, scene: &Scene<'_>) -> Vec<Step> {
    let Some(copy) = name_of_copy(&resource.name) else { return Vec::new() };
    let mut chain = vec![subnets(resource, scene)];
    let engine = path::text(&resource.doc, "Engine");
    if engine != "memcached" {
        chain.push(snapshot::make(scene.slug, ("CacheClusterId", &resource.name), scene.migration, at_rest(&resource.name, 60)));
    }
    chain.push(create(resource, scene, &copy));
    let last = chain.last().map(|step| step.id.clone()).unwrap_or_default();
    let mut out = Vec::new();
    super::db_subnet_group::rotate::chain(chain, None, &mut out);
    out.push(discard(resource, scene, &last, &copy));
    out
}

fn own_name(scene: &Scene<'_>) -> String {
    format!("hikkoshi-{}-{}", scene.migration, scene.slug)
}

fn cluster(what: &str, name: &str, field: &str, expect: Expect) -> Check {
    let own = json!({ "CacheClusterId": name });
    check(what, "elasticache:DescribeCacheClusters", own, &format!("CacheClusters[].{field}"), expect)
}

fn at_rest(name: &str, usual_s: u64) -> Wait {
    let available = cluster("the cache is available", name, "CacheClusterStatus", Expect::Equals(json!("available")));
    wait_or_fail(available, &["deleting", "create-failed", "incompatible-network", "restore-failed"], usual_s, 3 * 3600)
}

fn subnets(resource: &Resource, scene: &Scene<'_>) -> Step {
    let id = format!("{}-subnets", scene.slug);
    let own = json!({ "CacheSubnetGroupName": own_name(scene) });
    let subnets: Vec<Value> = scene.private.values().cloned().collect();
    let see = |what: &str, at: &str, expect| check(what, "elasticache:DescribeCacheSubnetGroups", own.clone(), at, expect);
    let words = format!("private subnets of {}", resource.name);
    step(&id, Stage::Data, scene.slug, format!("Create the private cache subnet group {}", own_name(scene)))
        .before(see("there is no group of its name", "CacheSubnetGroups[].CacheSubnetGroupName", Expect::Absent))
        .call(
            "elasticache:CreateCacheSubnetGroup",
            json!({ "CacheSubnetGroupName": own_name(scene), "CacheSubnetGroupDescription": words, "SubnetIds": subnets,
                "Tags": tags(scene.migration, &id, &[]) }),
        )
        .probe_made("elasticache:DescribeCacheSubnetGroups", own.clone(), "CacheSubnetGroups[]", &[])
        .adopt_on(&["CacheSubnetGroupAlreadyExists"])
        .verify(see("it holds the private subnets", "CacheSubnetGroups[].Subnets[].SubnetIdentifier", Expect::SameSet(subnets)))
        .undo(vec![undo(
            "elasticache:DeleteCacheSubnetGroup",
            own.clone(),
            see("it is gone", "CacheSubnetGroups[].CacheSubnetGroupName", Expect::Absent),
        )])
        .done()
}

fn create(resource: &Resource, scene: &Scene<'_>, copy: &str) -> Step {
    let (doc, id) = (&resource.doc, format!("{}-create", scene.slug));
    let filled = doc["Engine"] != "memcached";
    let own: Vec<Value> = path::select(doc, "Tags[]").into_iter().cloned().collect();
    let mut call = json!({ "CacheClusterId": copy, "CacheSubnetGroupName": own_name(scene), "SecurityGroupIds": scene.groups,
        "Tags": tags(scene.migration, &id, &own) });
    let given = [
        ("Engine", "Engine"),
        ("EngineVersion", "EngineVersion"),
        ("CacheNodeType", "CacheNodeType"),
        ("NumCacheNodes", "NumCacheNodes"),
        ("CacheParameterGroupName", "CacheParameterGroup.CacheParameterGroupName"),
        ("PreferredMaintenanceWindow", "PreferredMaintenanceWindow"),
        ("AutoMinorVersionUpgrade", "AutoMinorVersionUpgrade"),
        ("Port", if filled { "CacheNodes[0].Endpoint.Port" } else { "ConfigurationEndpoint.Port" }),
    ];
    for (parameter, at) in given {
        if let Some(value) = path::first(doc, at) {
            call[parameter] = value.clone();
        }
    }
    let zones: Vec<Value> = path::select(doc, "CacheNodes[].CustomerAvailabilityZone").into_iter().cloned().collect();
    if filled {
        call["SnapshotName"] = json!(own_name(scene));
        call["PreferredAvailabilityZone"] = zones.first().cloned().unwrap_or_default();
    } else if !zones.is_empty() {
        call["PreferredAvailabilityZones"] = json!(zones);
        if zones.iter().any(|zone| *zone != zones[0]) {
            call["AZMode"] = json!("cross-az");
        }
    }
    let lost = if filled { "what is written to the old one after its snapshot is not on it" } else { "it begins empty" };
    let what = format!("clients are led to the endpoint of {copy} by their owners; {lost}");
    let gone = cluster("it is gone", copy, "CacheClusterId", Expect::Absent);
    // ElastiCache deletes no cluster that is coming up.
    let kept = cluster("it is coming up, there, or gone", copy, "CacheClusterStatus", Expect::Excludes(vec![json!("deleted")]));
    let came = cluster("it is not coming up any more", copy, "CacheClusterStatus", Expect::Excludes(vec![json!("creating")]));
    step(&id, Stage::Data, scene.slug, format!("Create {copy} in the private subnets"))
        .before(cluster("nothing has its name", copy, "CacheClusterId", Expect::Absent))
        .call("elasticache:CreateCacheCluster", call)
        .probe_made("elasticache:DescribeCacheClusters", json!({ "CacheClusterId": copy }), "CacheClusters[]", &[])
        .adopt_on(&["CacheClusterAlreadyExists"])
        .wait(at_rest(copy, CREATE_S))
        .impact(Impact::Brief { seconds: 1, what })
        .undo(vec![
            rest_first("elasticache:DeleteCacheCluster", json!({ "CacheClusterId": copy }), kept, vec![wait(came, CREATE_S, 3 * 3600)]),
            undo_and_wait("elasticache:DeleteCacheCluster", json!({ "CacheClusterId": copy }), going(copy), vec![wait(gone, 300, 3600)]),
        ])
        .done()
}

/// A cluster is being deleted, or gone.
fn going(name: &str) -> Check {
    cluster("it is going", name, "CacheClusterStatus", Expect::Only(vec![json!("deleting"), json!("deleted")]))
}

/// After the soak: the old one goes.
fn discard(resource: &Resource, scene: &Scene<'_>, after: &str, copy: &str) -> Step {
    let name = &resource.name;
    let gone = cluster("it is gone", name, "CacheClusterId", Expect::Absent);
    step(format!("{}-delete-old", scene.slug), Stage::Cleanup, scene.slug, format!("Delete the old {name}"))
        .before(cluster("its copy is there", copy, "CacheClusterStatus", Expect::Equals(json!("available"))))
        .call("elasticache:DeleteCacheCluster", json!({ "CacheClusterId": name }))
        .settled_by(going(name))
        .wait(wait(gone, 300, 3600))
        .needs(after, "only what has been replaced is deleted")
        .irreversible("a deleted cache does not come back, nor what is in it")
        .done()
}
