//! Databases that cross over into the private subnets of their group by one failover each.

use std::collections::{BTreeMap, BTreeSet};

use hikkoshi::cloud::simulated::Simulated;
use hikkoshi::execute::machine::Goal;
use hikkoshi::model::call::{Call, Outcome};
use hikkoshi::model::facet::Role;
use hikkoshi::model::id::Id;
use hikkoshi::model::step::{Stage, Step};
use hikkoshi::plan::Plan;
use hikkoshi::world::World;
use serde_json::{Value, json};

use crate::support::account::{Docs, look, spine};
use crate::support::account_data::{by, data};
use crate::support::lab::{ALL, Lab, plan_of};
use crate::support::upset::{SOAK_S, around};
use crate::support::view::{made, same, twice, view_of};

const DATABASES: [&str; 3] = ["pg-single", "pg-multi", "aurora"];

fn rotating(docs: &Docs) -> Plan {
    let plan = plan_of(docs, &by("rotate", &DATABASES));
    assert_eq!(plan.blockers, []);
    plan
}

fn step<'p>(plan: &'p Plan, id: &str) -> &'p Step {
    plan.step(id).unwrap_or_else(|| panic!("no step {id} in {:?}", plan.steps.iter().map(|s| &s.id).collect::<Vec<_>>()))
}

/// How often each thing began to fail over.
fn failovers(cloud: &Simulated) -> BTreeMap<String, usize> {
    let account = cloud.account();
    let mut count = BTreeMap::new();
    for event in account.resources.of_kind("rds_event").filter(|e| e.doc["Message"].as_str().is_some_and(|m| m.contains("tarted"))) {
        *count.entry(event.doc["SourceIdentifier"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
    }
    count
}

#[test]
fn a_rotation_needs_one_failover_of_each_database() {
    let plan = rotating(&data());
    for (name, seconds) in [("pg-single", 120), ("pg-multi", 120), ("aurora", 60)] {
        let found = plan.moves.iter().find(|m| m.name == name).expect("it moves");
        assert_eq!((found.strategy.name(), found.interruption_s), ("rotate", seconds), "{name}");
        let times =
            plan.steps.iter().filter(|s| s.of_move == name && ["RebootDBInstance", "FailoverDBCluster"].contains(&s.call.operation.name()));
        assert_eq!(times.count(), 1, "{name}");
    }
}

/// Between the two changes of the group there is one public and one private subnet, in different zones.
#[test]
fn the_group_is_halved_and_made_whole_once_for_all_its_databases() {
    let plan = rotating(&data());
    let half = step(&plan, "rotate-prod-half");
    assert_eq!(half.call.parameters["SubnetIds"], json!(["subnet-a", "${subnet-private-b.SubnetId}"]));
    let whole = step(&plan, "rotate-prod-whole");
    let wanted = ["a", "b", "c"].map(|zone| format!("${{subnet-private-{zone}.SubnetId}}"));
    assert_eq!(whole.call.parameters["SubnetIds"], json!(wanted));
    let changes = plan.steps.iter().filter(|s| s.call.operation.name() == "ModifyDBSubnetGroup").count();
    assert_eq!(changes, 2);
    let needs = |step: &Step| step.needs.iter().map(|n| n.step.clone()).collect::<BTreeSet<_>>();
    assert!(needs(half).contains("pg-multi-standby-off") && needs(half).contains("aurora-aurora-2-delete"), "{:?}", half.needs);
    assert!(needs(whole).contains("pg-single-standby-public-off") && needs(whole).contains("aurora-aurora-1-delete"), "{:?}", whole.needs);
}

#[test]
fn databases_rotate_there_and_back() {
    let docs = data();
    let plan = rotating(&docs);
    let mut lab = Lab::new(&docs, &plan);
    let start = view_of(&lab.cloud);
    lab.reach(ALL, "forward");
    lab.skip(SOAK_S);
    let now = look(&lab.cloud);
    let public = now.public_subnets();
    for resource in now.resources.values().filter(|r| r.kind.starts_with("db_")) {
        assert!(!resource.subnets().iter().any(|subnet| public.contains(subnet)), "{} may be in a public subnet", resource.name);
        assert!(!resource.facets.publicly_accessible, "{}", resource.name);
    }
    for interface in now.with_role(Role::Interface).filter(|i| i.doc["Description"] == "RDSNetworkInterface") {
        assert!(!interface.subnets().iter().any(|subnet| public.contains(subnet)), "{}", interface.id);
    }
    let multi = &now.resources[&Id::from("db:pg-multi")].doc;
    assert!(multi["MultiAZ"] == true && multi["SecondaryAvailabilityZone"].is_string(), "{multi}");
    let cluster = &now.resources[&Id::from("dbcluster:aurora")].doc;
    let names: BTreeSet<&str> =
        cluster["DBClusterMembers"].as_array().expect("members").iter().filter_map(|m| m["DBInstanceIdentifier"].as_str()).collect();
    assert_eq!(names, BTreeSet::from(["aurora-1", "aurora-2"]));
    assert_eq!(failovers(&lab.cloud).values().copied().collect::<Vec<_>>(), [1, 1, 1]);
    assert_eq!(twice(&lab.cloud), Vec::<String>::new());
    lab.reach(Goal::Back(None), "back");
    lab.skip(SOAK_S);
    same("after the way back", &start, &view_of(&lab.cloud));
    assert_eq!(made(&lab.cloud), BTreeSet::new());
    assert_eq!(failovers(&lab.cloud).values().copied().collect::<Vec<_>>(), [2, 2, 2]);
}

/// Answers lost and the process dead at every call and after every record: the failovers are as many as without.
#[test]
fn databases_fail_over_once_whatever_happens() {
    let docs = data();
    let plan = rotating(&docs);
    let way = around(&docs, &plan, Stage::Data);
    let there = failovers(&way.after.cloud);
    assert_eq!(there.values().copied().collect::<Vec<_>>(), [1, 1, 1]);
    let back: BTreeMap<String, usize> = there.keys().map(|name| (name.clone(), 2)).collect();
    way.converges(&|lab, context| {
        let found = failovers(&lab.cloud);
        assert!(found == there || found == back, "{context}: {found:?}");
    });
}

/// A cluster whose writer is alone crosses over under another name, and gets its own again.
#[test]
fn a_cluster_of_one_member_keeps_its_members_name() {
    let mut docs = spine();
    docs.subnet_group("events", &["a", "b", "c"]);
    docs.aurora("events", "events", &["a"]);
    let plan = plan_of(&docs, &by("rotate", &["events"]));
    assert_eq!(plan.blockers, []);
    let made: Vec<&str> = plan
        .steps
        .iter()
        .filter(|s| s.call.operation.name() == "CreateDBInstance")
        .map(|s| s.call.parameters["DBInstanceIdentifier"].as_str().expect("a name"))
        .collect();
    assert_eq!(made, ["events-1-moved"]);
    assert_eq!(step(&plan, "events-rename").call.parameters["NewDBInstanceIdentifier"], "events-1");
    around(&docs, &plan, Stage::Data).converges(&|_, _| ());
}

/// The reader in the writer's zone stays until the last moment; where there is none, one stands in.
#[test]
fn a_cluster_is_never_without_a_reader_before_it_fails_over() {
    let plan = rotating(&data());
    let stand_in = step(&plan, "aurora-aurora-1-stand-in-create");
    assert_eq!(stand_in.call.parameters["AvailabilityZone"], "us-east-1a");
    let place = |id: &str| plan.steps.iter().position(|s| s.id == id).unwrap_or_else(|| panic!("no {id}"));
    assert!(place("aurora-aurora-1-stand-in-create") < place("aurora-aurora-2-delete"));
    assert!(place("aurora-failover") < place("aurora-aurora-1-stand-in-delete"));
    for delete in plan.steps.iter().filter(|s| s.call.operation.name() == "DeleteDBInstance") {
        assert!(
            delete.before.iter().any(|c| c.path.ends_with("IsClusterWriter") && c.what.contains("another member writes")),
            "{}",
            delete.id
        );
    }
}

/// Readers that come by themselves would come into a public subnet; lists of members lose those that are deleted.
#[test]
fn auto_scaling_is_suspended_and_custom_endpoints_are_filled_again() {
    let plan = scaled();
    assert_eq!(plan.blockers, []);
    assert_eq!(step(&plan, "aurora-scaling-off").call.parameters["SuspendedState"]["DynamicScalingOutSuspended"], true);
    assert_eq!(step(&plan, "aurora-scaling-on").call.parameters["SuspendedState"]["DynamicScalingOutSuspended"], false);
    assert_eq!(step(&plan, "aurora-endpoint-reports").call.parameters["StaticMembers"], json!(["aurora-2"]));
    let place = |id: &str| plan.steps.iter().position(|s| s.id == id).unwrap_or_else(|| panic!("no {id}"));
    assert!(place("aurora-scaling-off") < place("rotate-prod-half") && place("rotate-prod-whole") < place("aurora-scaling-on"));
}

/// A plan for a cluster with readers that come by themselves and a custom endpoint.
pub fn scaled() -> Plan {
    let mut docs = data();
    let cluster = docs.doc("arn:aws:rds:us-east-1:123456789012:cluster:aurora");
    cluster["CustomEndpoints"] = json!(["reports.cluster-custom-abc.us-east-1.rds.amazonaws.com"]);
    cluster["EndpointList"] = json!([{ "DBClusterIdentifier": "aurora", "DBClusterEndpointIdentifier": "reports", "EndpointType": "CUSTOM",
        "CustomEndpointType": "READER", "StaticMembers": ["aurora-2"], "ExcludedMembers": [] }]);
    let mut inventory = docs.inventory();
    let cluster = std::sync::Arc::make_mut(inventory.resources.get_mut(&Id::from("dbcluster:aurora")).expect("the cluster"));
    let seen = std::sync::Arc::make_mut(&mut cluster.doc);
    seen["ScalableTargets"] = json!([{ "ServiceNamespace": "rds", "ResourceId": "cluster:aurora", "ScalableDimension": "rds:cluster:ReadReplicaCount",
        "MinCapacity": 1, "MaxCapacity": 4,
        "SuspendedState": { "DynamicScalingInSuspended": false, "DynamicScalingOutSuspended": false, "ScheduledScalingSuspended": false } }]);
    let text = format!("{}{}", crate::support::lab::head(), by("rotate", &DATABASES));
    let intent = hikkoshi::plan::intent::parse(&text).unwrap_or_else(|problem| panic!("{problem}"));
    hikkoshi::plan::plan(&intent, &inventory, "", "").unwrap_or_else(|problem| panic!("{problem}"))
}

/// What AWS refuses of a rotation, by its codes.
#[test]
fn the_simulated_account_refuses_what_a_rotation_must_not_do() {
    let mut world = World::resume(data().account());
    let mut refused = |operation: &str, parameters: Value, code: &str| {
        let outcome = world.call(&Call::new(operation, parameters.clone()));
        let Outcome::Refused(refusal) = outcome else { panic!("{operation} {parameters}: {outcome:?}") };
        assert_eq!(refusal.code, code, "{operation} {parameters}");
        refusal.message
    };
    let group = |subnets: &[&str]| json!({ "DBSubnetGroupName": "prod", "SubnetIds": subnets });
    let words = refused("rds:ModifyDBSubnetGroup", group(&["subnet-b", "subnet-c"]), "SubnetAlreadyInUse");
    assert_eq!(words, "Some of the subnets to be deleted are currently in use: subnet-a");
    refused("rds:ModifyDBSubnetGroup", json!({ "DBSubnetGroupName": "none", "SubnetIds": ["subnet-a"] }), "DBSubnetGroupNotFoundFault");
    let forced = |name: &str| json!({ "DBInstanceIdentifier": name, "ForceFailover": true });
    refused("rds:RebootDBInstance", forced("pg-single"), "InvalidParameterCombination");
    refused("rds:RebootDBInstance", forced("none"), "DBInstanceNotFound");
    let to = |target: &str| json!({ "DBClusterIdentifier": "aurora", "TargetDBInstanceIdentifier": target });
    refused("rds:FailoverDBCluster", to("aurora-1"), "InvalidDBClusterStateFault");
    refused("rds:FailoverDBCluster", to("pg-single"), "DBInstanceNotFound");
    let member = |name: &str, zone: &str| json!({ "DBInstanceIdentifier": name, "DBInstanceClass": "db.r6g.large", "Engine": "aurora-postgresql", "DBClusterIdentifier": "aurora", "AvailabilityZone": zone });
    refused("rds:CreateDBInstance", member("aurora-1", "us-east-1a"), "DBInstanceAlreadyExists");
    refused("rds:CreateDBInstance", member("aurora-9", "us-east-1f"), "InvalidParameterCombination");
    let protected = json!({ "DBInstanceIdentifier": "pg-single", "SkipFinalSnapshot": true });
    refused("rds:DeleteDBInstance", protected, "InvalidParameterCombination");
    refused("rds:CreateDBSnapshot", json!({ "DBInstanceIdentifier": "none", "DBSnapshotIdentifier": "s" }), "DBInstanceNotFound");
    refused(
        "application-autoscaling:RegisterScalableTarget",
        json!({ "ServiceNamespace": "rds", "ResourceId": "cluster:x", "ScalableDimension": "rds:cluster:ReadReplicaCount" }),
        "ValidationException",
    );
}

/// Tags whose key begins with `aws:` are AWS's own (CloudFormation's): a call that sends them is refused, and what a rotation
/// deletes must come up again with the others.
#[test]
fn members_that_cloudformation_made_are_made_again_without_its_tags() {
    let mut docs = spine();
    docs.subnet_group("events", &["a", "b", "c"]);
    docs.aurora("events", "events", &["a", "b"]);
    let tags = json!([{ "Key": "aws:cloudformation:stack-name", "Value": "shop" }, { "Key": "team", "Value": "orders" }]);
    for member in ["events-1", "events-2"] {
        docs.doc(&format!("arn:aws:rds:us-east-1:123456789012:db:{member}"))["TagList"] = tags.clone();
    }
    for member in docs.doc("arn:aws:rds:us-east-1:123456789012:cluster:events")["Members"].as_array_mut().expect("members") {
        member["TagList"] = tags.clone();
    }
    let plan = plan_of(&docs, &by("rotate", &["events"]));
    assert_eq!(plan.blockers, []);
    let mut lab = Lab::new(&docs, &plan);
    lab.reach(ALL, "forward");
    lab.reach(Goal::Back(None), "back");
    let account = lab.cloud.account();
    assert_eq!(account.resources[&Id::from("db:events-2")].doc["TagList"], json!([{ "Key": "team", "Value": "orders" }]));
    let tagged = json!({ "DBInstanceIdentifier": "events-1", "DBSnapshotIdentifier": "s", "Tags": tags });
    let outcome = World::resume(docs.account()).call(&Call::new("rds:CreateDBSnapshot", tagged));
    assert!(matches!(&outcome, Outcome::Refused(refusal) if refusal.code == "InvalidParameterValue"), "{outcome:?}");
}
