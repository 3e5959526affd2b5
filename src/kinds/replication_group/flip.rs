//! A group's nodes stay where they are, and their subnets turn private around them.

use serde_json::{Value, json};

use crate::kinds::build::{Regroup, check, wait_or_fail};
use crate::kinds::cache_cluster::MODIFY_S;
use crate::model::resource::Resource;
use crate::model::step::{Check, Expect, Step, Wait};
use crate::model::strategy::Scene;

/// A check of one field of a replication group.
pub(super) fn see(what: &str, name: &str, field: &str, expect: Expect) -> Check {
    let own = json!({ "ReplicationGroupId": name });
    check(what, "elasticache:DescribeReplicationGroups", own, &format!("ReplicationGroups[].{field}"), expect)
}

/// A replication group that no change is under way on.
pub(super) fn at_rest(name: &str) -> Wait {
    let available = see("the replication group is available", name, "Status", Expect::Equals(json!("available")));
    wait_or_fail(available, &["deleting", "create-failed"], MODIFY_S, 5400)
}

/// The two steps by which a group's nodes get new security groups; none where they keep their own. The list is seen
/// on the members, whichever they are by then.
pub(super) fn regroup(resource: &Resource, scene: &Scene<'_>) -> Vec<Step> {
    if !scene.regroup {
        return Vec::new();
    }
    let name = &resource.name;
    let old: Vec<Value> = resource.groups().iter().map(|group| json!(group.as_str())).collect();
    let worn = format!("CacheClusters[ReplicationGroupId={name}].SecurityGroups[].SecurityGroupId");
    Regroup {
        name,
        slug: scene.slug,
        operation: "elasticache:ModifyReplicationGroup",
        parameters: &|groups| json!({ "ReplicationGroupId": name, "SecurityGroupIds": groups, "ApplyImmediately": true }),
        seen: ("elasticache:DescribeCacheClusters", json!({}), &worn),
        wait: &[at_rest(name)],
        old: &old,
        new: scene.groups,
    }
    .steps()
}
