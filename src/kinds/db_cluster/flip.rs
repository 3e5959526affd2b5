//! A cluster stays where it is, and its subnets turn private around it.

use serde_json::{Value, json};

use crate::kinds::build::{Regroup, check, wait_or_fail};
use crate::kinds::db_instance::account::MODIFY_S;
use crate::kinds::db_instance::flip::not_public;
use crate::model::id::slug;
use crate::model::path;
use crate::model::resource::Resource;
use crate::model::step::{Expect, Step, Wait};
use crate::model::strategy::{Blocker, Scene};

/// States from which a cluster does not come back by itself.
const STUCK: [&str; 5] = ["stopped", "stopping", "deleting", "failed", "inaccessible-encryption-credentials"];

/// The members that the world can resolve.
pub(super) fn public_members(doc: &Value) -> Vec<String> {
    path::texts(doc, "Members[PubliclyAccessible=true].DBInstanceIdentifier")
}

/// A cluster that no change is under way on.
pub(super) fn at_rest(name: &str) -> Vec<Wait> {
    let own = json!({ "DBClusterIdentifier": name });
    let available =
        check("the cluster is available", "rds:DescribeDBClusters", own, "DBClusters[].Status", Expect::Equals(json!("available")));
    vec![wait_or_fail(available, &STUCK, MODIFY_S, 3600)]
}

pub(super) fn steps(resource: &Resource, scene: &Scene<'_>) -> Result<Vec<Step>, Blocker> {
    refuse(resource)?;
    let mut steps = regroup(resource, scene);
    steps.extend(not_public_steps(resource, scene));
    Ok(steps)
}

/// Every member loses its public address.
pub(super) fn not_public_steps(resource: &Resource, scene: &Scene<'_>) -> Vec<Step> {
    let members = public_members(&resource.doc);
    members.iter().map(|name| not_public(&format!("{}-{}-not-public", scene.slug, slug(name)), scene.slug, name)).collect()
}

/// The two steps by which a cluster gets new groups; none where it keeps its own.
pub(super) fn regroup(resource: &Resource, scene: &Scene<'_>) -> Vec<Step> {
    if !scene.regroup {
        return Vec::new();
    }
    let name = &resource.name;
    let old: Vec<Value> = resource.groups().iter().map(|group| json!(group.as_str())).collect();
    Regroup {
        name,
        slug: scene.slug,
        operation: "rds:ModifyDBCluster",
        parameters: &|groups| json!({ "DBClusterIdentifier": name, "VpcSecurityGroupIds": groups, "ApplyImmediately": true }),
        seen: ("rds:DescribeDBClusters", json!({ "DBClusterIdentifier": name }), "DBClusters[].VpcSecurityGroups[].VpcSecurityGroupId"),
        wait: &at_rest(name),
        old: &old,
        new: scene.groups,
    }
    .steps()
}

/// What a person must do first.
pub(super) fn refuse(resource: &Resource) -> Result<(), Blocker> {
    let block = |why: String, way_out: &str| Blocker { code: "HK0401".into(), resource: resource.id.clone(), why, way_out: way_out.into() };
    if STUCK.contains(&resource.facets.state.as_str()) {
        let why = format!("it is {}, and RDS changes a cluster only when it is available", resource.facets.state);
        return Err(block(why, "start it or repair it, then run discover and plan again"));
    }
    if resource.doc["PubliclyAccessible"] == true && public_members(&resource.doc).is_empty() {
        let why = "it is publicly accessible as a whole, and ModifyDBCluster can't change that".to_owned();
        return Err(block(why, "skip it, or make it anew without PubliclyAccessible"));
    }
    Ok(())
}
