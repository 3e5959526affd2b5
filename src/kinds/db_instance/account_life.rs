//! How instances and their snapshots come and go in a simulated account.

use serde_json::{Value, json};

use super::account::{UNKNOWN, at_rest, id_of, is_member, nodes, seat};
use crate::kinds::db_cluster;
use crate::kinds::effects::{given_tags, text};
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::facet::Role;
use crate::model::id::Id;
use crate::model::path;

/// Seconds until an instance is there, until one is gone, and until a snapshot is complete.
pub(in crate::kinds) const CREATE_S: u64 = 600;
const DELETE_S: u64 = 180;
pub(super) const SNAPSHOT_S: u64 = 600;
/// AWS's code for a snapshot that isn't there.
pub(super) const UNKNOWN_SNAPSHOT: &str = "DBSnapshotNotFound";

pub(super) fn snapshot_id(name: &str) -> Id {
    Id::new(format!("dbsnapshot:{name}"))
}

pub(super) fn create_snapshot(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let (instance, name) = (text(parameters, "DBInstanceIdentifier")?.to_owned(), text(parameters, "DBSnapshotIdentifier")?.to_owned());
    let source = at_rest(account, &instance)?.clone();
    if account.doc(snapshot_id(&name).as_str(), UNKNOWN_SNAPSHOT).is_ok() {
        return Err(Refusal::new(
            "DBSnapshotAlreadyExists",
            format!("Cannot create the snapshot because one named {name} already exists."),
        ));
    }
    let doc = json!({ "DBSnapshotIdentifier": name, "DBInstanceIdentifier": instance, "Engine": source["Engine"], "Status": "creating",
        "EngineVersion": source["EngineVersion"], "AllocatedStorage": source["AllocatedStorage"], "Port": source["Endpoint"]["Port"],
        "AvailabilityZone": source["AvailabilityZone"], "BackupRetentionPeriod": source["BackupRetentionPeriod"],
        "SnapshotType": "manual", "TagList": given_tags(parameters)? });
    account.insert("db_snapshot", Role::Bystander, snapshot_id(&name), doc.clone());
    account.later(&snapshot_id(&name), SNAPSHOT_S, "/Status", json!("available"));
    account.edit(id_of(&instance).as_str(), UNKNOWN)?["DBInstanceStatus"] = json!("backing-up");
    account.later(&id_of(&instance), SNAPSHOT_S, "/DBInstanceStatus", json!("available"));
    Ok(json!({ "DBSnapshot": doc }))
}

pub(super) fn delete_snapshot(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = snapshot_id(text(parameters, "DBSnapshotIdentifier")?);
    if account.doc(id.as_str(), UNKNOWN_SNAPSHOT)?["Status"] != "available" {
        return Err(Refusal::new("InvalidDBSnapshotState", "The DB snapshot is not available."));
    }
    account.remove(&id);
    Ok(json!({}))
}

pub(super) fn describe_snapshots(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    if let Some(name) = parameters.get("DBSnapshotIdentifier").and_then(Value::as_str) {
        return Ok(json!({ "DBSnapshots": [account.doc(snapshot_id(name).as_str(), UNKNOWN_SNAPSHOT)?] }));
    }
    let all: Vec<&Value> = account.resources.of_kind("db_snapshot").map(|snapshot| &*snapshot.doc).collect();
    Ok(json!({ "DBSnapshots": all }))
}

/// What a description shows as it was asked for.
const AS_ASKED: [&str; 13] = [
    "DBInstanceIdentifier",
    "DBInstanceClass",
    "DBClusterIdentifier",
    "Engine",
    "PromotionTier",
    "PubliclyAccessible",
    "AutoMinorVersionUpgrade",
    "CopyTagsToSnapshot",
    "MonitoringInterval",
    "MonitoringRoleArn",
    "CACertificateIdentifier",
    "PreferredMaintenanceWindow",
    "DeletionProtection",
];

/// A member of a cluster is made. (An instance of its own is made from a replica or a snapshot: it keeps its password.)
pub(super) fn create(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let (name, class) = (text(parameters, "DBInstanceIdentifier")?.to_owned(), text(parameters, "DBInstanceClass")?.to_owned());
    let engine = text(parameters, "Engine")?.to_owned();
    let cluster = text(parameters, "DBClusterIdentifier")?.to_owned();
    refuse_known(account, &name)?;
    let source = db_cluster::account::there(account, &cluster)?.clone();
    let zone = parameters.get("AvailabilityZone").and_then(Value::as_str).unwrap_or_else(|| path::text(&source, "AvailabilityZones[0]"));
    if !path::texts(&source, "AvailabilityZones[]").iter().any(|stored| stored == zone) {
        let words = format!("The availability zone {zone} is not one of the cluster's availability zones.");
        return Err(Refusal::new("InvalidParameterCombination", words));
    }
    let zone = zone.to_owned();
    let mut doc = json!({ "DBInstanceIdentifier": name, "DBInstanceClass": class, "Engine": engine, "EngineVersion": source["EngineVersion"],
        "DBInstanceStatus": "creating", "MultiAZ": false, "AvailabilityZone": zone, "DBSubnetGroup": source["SubnetGroup"],
        "VpcSecurityGroups": source["VpcSecurityGroups"], "PendingModifiedValues": {}, "Endpoint": endpoint(account, &name, &source["Port"]),
        "DBInstanceArn": arn(account, &name), "PerformanceInsightsEnabled": parameters.get("EnablePerformanceInsights"),
        "DBParameterGroups": [{ "DBParameterGroupName": parameters.get("DBParameterGroupName") }],
        "TagList": given_tags(parameters)? });
    copy(&mut doc, parameters, &AS_ASKED);
    seat(account, &doc, &zone)?;
    account.insert("db_instance", Role::Bystander, id_of(&name), doc.clone());
    account.later(&id_of(&name), CREATE_S, "/DBInstanceStatus", json!("available"));
    db_cluster::account::join(account, &cluster, &doc)?;
    Ok(json!({ "DBInstance": doc }))
}

pub(super) fn refuse_known(account: &Account, name: &str) -> Result<(), Refusal> {
    match account.doc(id_of(name).as_str(), UNKNOWN) {
        Ok(_) => Err(Refusal::new("DBInstanceAlreadyExists", format!("DB instance {name} already exists"))),
        Err(_) => Ok(()),
    }
}

pub(super) fn arn(account: &Account, name: &str) -> String {
    format!("arn:aws:rds:{}:{}:db:{name}", account.region, account.account)
}

pub(super) fn endpoint(account: &Account, name: &str, port: &Value) -> Value {
    json!({ "Address": format!("{name}.abc.{}.rds.amazonaws.com", account.region), "Port": port })
}

pub(super) fn copy(doc: &mut Value, parameters: &Object, keys: &[&str]) {
    for key in keys {
        if let Some(value) = parameters.get(*key) {
            doc[*key] = value.clone();
        }
    }
}

pub(super) fn delete(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let name = text(parameters, "DBInstanceIdentifier")?.to_owned();
    let id = id_of(&name);
    let doc = account.doc(id.as_str(), UNKNOWN)?.clone();
    if doc["DeletionProtection"] == true {
        return Err(Refusal::new(
            "InvalidParameterCombination",
            "Cannot delete protected DB Instance, please disable deletion protection and try again.",
        ));
    }
    if doc["DBInstanceStatus"] == "deleting" {
        return Err(Refusal::new("InvalidDBInstanceState", format!("Instance {name} is already being deleted.")));
    }
    if !is_member(&doc)
        && parameters.get("SkipFinalSnapshot") != Some(&json!(true))
        && !parameters.contains_key("FinalDBSnapshotIdentifier")
    {
        return Err(Refusal::new(
            "InvalidParameterCombination",
            "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.",
        ));
    }
    for node in nodes(account, &doc) {
        account.remove_later(&node, DELETE_S);
    }
    if let Some(last) = parameters.get("FinalDBSnapshotIdentifier").and_then(Value::as_str) {
        let snapshot = json!({ "DBSnapshotIdentifier": last, "DBInstanceIdentifier": name, "Status": "available", "TagList": [] });
        account.insert("db_snapshot", Role::Bystander, snapshot_id(last), snapshot);
    }
    account.edit(id.as_str(), UNKNOWN)?["DBInstanceStatus"] = json!("deleting");
    account.later(&id, 2 * DELETE_S, "/DBInstanceStatus", json!("deleting"));
    account.remove_later(&id, DELETE_S);
    if let Some(cluster) = doc["DBClusterIdentifier"].as_str().filter(|cluster| !cluster.is_empty()) {
        db_cluster::account::leave(account, cluster, DELETE_S)?;
    }
    Ok(json!({ "DBInstance": account.doc(id.as_str(), UNKNOWN)? }))
}

/// An instance gets another identifier, and its endpoint with it.
pub(super) fn rename(account: &mut Account, id: &Id, name: &str) -> Result<(), Refusal> {
    refuse_known(account, name)?;
    let mut doc = account.doc(id.as_str(), UNKNOWN)?.clone();
    let role = account.resources[id].role;
    let old = path::text(&doc, "DBInstanceIdentifier").to_owned();
    doc["DBInstanceIdentifier"] = json!(name);
    doc["DBInstanceArn"] = json!(arn(account, name));
    let port = doc["Endpoint"]["Port"].clone();
    doc["Endpoint"] = endpoint(account, name, &port);
    doc["DBInstanceStatus"] = json!("renaming");
    account.remove(id);
    account.insert("db_instance", role, id_of(name), doc.clone());
    account.later(&id_of(name), super::account::MODIFY_S, "/DBInstanceStatus", json!("available"));
    if let Some(cluster) = doc["DBClusterIdentifier"].as_str() {
        db_cluster::account::renamed(account, cluster, &old, name)?;
    }
    Ok(())
}
