//! How replicas and restored instances come in a simulated account.

use serde_json::{Value, json};

use super::account::{MODIFY_S, UNKNOWN, at_rest, check_groups, id_of, seat, worn};
use super::account_life::{CREATE_S, UNKNOWN_SNAPSHOT, arn, copy, endpoint, refuse_known, snapshot_id};
use crate::kinds::db_subnet_group;
use crate::kinds::effects::{given_tags, list, text};
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::facet::Role;
use crate::model::path;

/// What a description shows as it was asked for.
const AS_ASKED: [&str; 8] = [
    "DBInstanceClass",
    "MultiAZ",
    "StorageType",
    "Iops",
    "AutoMinorVersionUpgrade",
    "CopyTagsToSnapshot",
    "MaxAllocatedStorage",
    "DeletionProtection",
];

/// A read replica; it has the source's data and password.
pub(super) fn replicate(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let (name, source) = (text(parameters, "DBInstanceIdentifier")?.to_owned(), text(parameters, "SourceDBInstanceIdentifier")?.to_owned());
    let of = at_rest(account, &source)?.clone();
    if of["BackupRetentionPeriod"] == 0 {
        return Err(Refusal::new("InvalidDBInstanceState", "Automated backups are not enabled for this database instance."));
    }
    let mut doc = described(account, &name, &of, parameters)?;
    doc["ReadReplicaSourceDBInstanceIdentifier"] = json!(source);
    doc["BackupRetentionPeriod"] = json!(0);
    doc["StatusInfos"] = json!([{ "StatusType": "read replication", "Normal": true, "Status": "replicating" }]);
    comes(account, &name, doc)
}

/// A snapshot becomes an instance. What is not said is RDS's default, not the original's.
pub(super) fn restore(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let (name, snapshot) = (text(parameters, "DBInstanceIdentifier")?.to_owned(), text(parameters, "DBSnapshotIdentifier")?.to_owned());
    let of = account.doc(snapshot_id(&snapshot).as_str(), UNKNOWN_SNAPSHOT)?.clone();
    if of["Status"] != "available" {
        return Err(Refusal::new("InvalidDBSnapshotState", format!("The snapshot {snapshot} is not available.")));
    }
    let doc = described(account, &name, &of, parameters)?;
    comes(account, &name, doc)
}

fn described(account: &Account, name: &str, of: &Value, parameters: &Object) -> Result<Value, Refusal> {
    refuse_known(account, name)?;
    let group = text(parameters, "DBSubnetGroupName")?;
    let mut subnets = account.doc(db_subnet_group::id_of(group).as_str(), "DBSubnetGroupNotFoundFault")?.clone();
    subnets.as_object_mut().into_iter().for_each(|doc| drop(doc.remove("Tags")));
    let groups = list(parameters, "VpcSecurityGroupIds");
    check_groups(account, &groups)?;
    let port = parameters.get("Port").cloned().unwrap_or(of["Port"].clone());
    let zones = path::texts(&subnets, "Subnets[].SubnetAvailabilityZone.Name");
    let zone = zones.iter().find(|zone| of["AvailabilityZone"] == zone.as_str()).or(zones.first()).cloned();
    let mut doc = json!({ "DBInstanceIdentifier": name, "Engine": of["Engine"], "EngineVersion": of["EngineVersion"], "AllocatedStorage": of["AllocatedStorage"],
        "DBInstanceStatus": "creating", "MultiAZ": false, "AvailabilityZone": zone, "SecondaryAvailabilityZone": null, "PubliclyAccessible": false,
        "DBSubnetGroup": subnets, "VpcSecurityGroups": worn(&groups), "PendingModifiedValues": {}, "Endpoint": endpoint(account, name, &port),
        "DBInstanceArn": arn(account, name), "BackupRetentionPeriod": of["BackupRetentionPeriod"], "DeletionProtection": false,
        "DBParameterGroups": [{ "DBParameterGroupName": parameters.get("DBParameterGroupName") }],
        "OptionGroupMemberships": [{ "OptionGroupName": parameters.get("OptionGroupName") }],
        "TagList": given_tags(parameters)? });
    copy(&mut doc, parameters, &AS_ASKED);
    Ok(doc)
}

fn comes(account: &mut Account, name: &str, mut doc: Value) -> Result<Value, Refusal> {
    let zones = path::texts(&doc, "DBSubnetGroup.Subnets[].SubnetAvailabilityZone.Name");
    let zone = path::text(&doc, "AvailabilityZone").to_owned();
    seat(account, &doc, &zone)?;
    if doc["MultiAZ"] == true {
        let other = zones.into_iter().rev().find(|other| *other != zone).unwrap_or_default();
        seat(account, &doc, &other)?;
        doc["SecondaryAvailabilityZone"] = json!(other);
    }
    account.insert("db_instance", Role::Workload, id_of(name), doc.clone());
    account.later(&id_of(name), CREATE_S, "/DBInstanceStatus", json!("available"));
    Ok(json!({ "DBInstance": doc }))
}

pub(super) fn promote(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let name = text(parameters, "DBInstanceIdentifier")?.to_owned();
    let id = id_of(&name);
    if at_rest(account, &name)?["ReadReplicaSourceDBInstanceIdentifier"].is_null() {
        return Err(Refusal::new("InvalidDBInstanceState", format!("DB Instance {name} is not a read replica.")));
    }
    let doc = account.edit(id.as_str(), UNKNOWN)?;
    doc["DBInstanceStatus"] = json!("modifying");
    doc["BackupRetentionPeriod"] = parameters.get("BackupRetentionPeriod").cloned().unwrap_or(json!(1));
    let answer = doc.clone();
    account.later(&id, MODIFY_S, "/ReadReplicaSourceDBInstanceIdentifier", Value::Null);
    account.later(&id, MODIFY_S, "/StatusInfos", json!([]));
    account.later(&id, MODIFY_S, "/DBInstanceStatus", json!("available"));
    Ok(json!({ "DBInstance": answer }))
}
