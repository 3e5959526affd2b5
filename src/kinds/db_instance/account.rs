//! What RDS's calls do to an instance of a simulated account.

use serde_json::{Value, json};

use crate::kinds::Effect;
use crate::kinds::db_event::tell;
use crate::kinds::effects::{list, text};
use crate::kinds::network_interface::wear;
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::id::Id;
use crate::model::path;
use crate::model::resource::Resource;

pub(in crate::kinds) static EFFECTS: &[(&str, Effect)] = &[
    ("rds:ModifyDBInstance", modify),
    ("rds:RebootDBInstance", reboot),
    ("rds:CreateDBInstance", super::account_life::create),
    ("rds:DeleteDBInstance", super::account_life::delete),
    ("rds:CreateDBInstanceReadReplica", super::account_copy::replicate),
    ("rds:RestoreDBInstanceFromDBSnapshot", super::account_copy::restore),
    ("rds:PromoteReadReplica", super::account_copy::promote),
    ("rds:CreateDBSnapshot", super::account_life::create_snapshot),
    ("rds:DeleteDBSnapshot", super::account_life::delete_snapshot),
];

/// Seconds for which a modification shows as `modifying`.
pub(in crate::kinds) const MODIFY_S: u64 = 60;
/// Seconds until a standby has come up, and until one is gone.
const STANDBY_S: (u64, u64) = (1200, 300);
/// Seconds from a forced failover to the zones' exchange, and to the instance's being available again.
const FAILOVER_S: (u64, u64) = (60, 90);
/// AWS's code for an instance that isn't there.
pub(in crate::kinds) const UNKNOWN: &str = "DBInstanceNotFound";

pub(in crate::kinds) fn id_of(name: &str) -> Id {
    Id::new(format!("db:{name}"))
}

/// The document of an instance that can be changed: it is there, and `available`.
pub(in crate::kinds) fn at_rest<'a>(account: &'a Account, name: &str) -> Result<&'a Value, Refusal> {
    let doc = account.doc(id_of(name).as_str(), UNKNOWN)?;
    let status = path::text(doc, "DBInstanceStatus");
    if status != "available" {
        let words = format!("Instance {name} is currently {status} - try again after it has finished.");
        return Err(Refusal::new("InvalidDBInstanceState", words));
    }
    Ok(doc)
}

fn modify(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let name = text(parameters, "DBInstanceIdentifier")?.to_owned();
    let id = id_of(&name);
    let doc = at_rest(account, &name)?.clone();
    refuse(&doc, &name, parameters)?;
    if parameters.contains_key("VpcSecurityGroupIds") {
        let groups = list(parameters, "VpcSecurityGroupIds");
        check_groups(account, &groups)?;
        rewear(account, &doc, &groups)?;
        account.edit(id.as_str(), UNKNOWN)?["VpcSecurityGroups"] = worn(&groups);
    }
    if let Some(public) = parameters.get("PubliclyAccessible").filter(|public| **public != doc["PubliclyAccessible"]) {
        address_nodes(account, &doc, *public == json!(true))?;
        account.edit(id.as_str(), UNKNOWN)?["PubliclyAccessible"] = public.clone();
    }
    if let Some(protected) = parameters.get("DeletionProtection") {
        account.edit(id.as_str(), UNKNOWN)?["DeletionProtection"] = protected.clone();
    }
    let seconds = match parameters.get("MultiAZ").and_then(Value::as_bool).filter(|multi| doc["MultiAZ"] != *multi) {
        Some(true) => standby_comes(account, &id, &doc)?,
        Some(false) => standby_goes(account, &id, &doc)?,
        None => MODIFY_S,
    };
    let doc = account.edit(id.as_str(), UNKNOWN)?;
    doc["DBInstanceStatus"] = json!("modifying");
    let answer = doc.clone();
    account.later(&id, seconds, "/DBInstanceStatus", json!("available"));
    if let Some(name) = parameters.get("NewDBInstanceIdentifier").and_then(Value::as_str) {
        super::account_life::rename(account, &id, name)?;
    }
    Ok(json!({ "DBInstance": answer }))
}

/// RDS chooses the standby's zone among those of the group; here the last. In it, it takes the first subnet listed.
fn standby_comes(account: &mut Account, id: &Id, doc: &Value) -> Result<u64, Refusal> {
    let zones = path::texts(doc, "DBSubnetGroup.Subnets[].SubnetAvailabilityZone.Name");
    let Some(zone) = zones.into_iter().rev().find(|zone| doc["AvailabilityZone"] != zone.as_str()) else {
        return Err(Refusal::new("InvalidVPCNetworkStateFault", "The DB subnet group has no second Availability Zone."));
    };
    seat(account, doc, &zone)?;
    let seconds = STANDBY_S.0;
    let edited = account.edit(id.as_str(), UNKNOWN)?;
    edited["SecondaryAvailabilityZone"] = Value::Null;
    edited["PendingModifiedValues"] = json!({ "MultiAZ": true });
    account.later(id, seconds, "/MultiAZ", json!(true));
    account.later(id, seconds, "/SecondaryAvailabilityZone", json!(zone));
    account.later(id, seconds, "/PendingModifiedValues", json!({}));
    Ok(seconds)
}

fn standby_goes(account: &mut Account, id: &Id, doc: &Value) -> Result<u64, Refusal> {
    let seconds = STANDBY_S.1;
    if let Some(node) = nodes(account, doc).get(1) {
        account.remove_later(node, seconds);
    }
    account.edit(id.as_str(), UNKNOWN)?["PendingModifiedValues"] = json!({ "MultiAZ": false });
    account.later(id, seconds, "/MultiAZ", json!(false));
    account.later(id, seconds, "/SecondaryAvailabilityZone", Value::Null);
    account.later(id, seconds, "/PendingModifiedValues", json!({}));
    Ok(seconds)
}

/// A node comes up in a zone: of several subnets of the group in it, in the one that was there first.
pub(in crate::kinds) fn seat(account: &mut Account, doc: &Value, zone: &str) -> Result<Id, Refusal> {
    let here = format!("DBSubnetGroup.Subnets[SubnetAvailabilityZone.Name={zone}].SubnetIdentifier");
    let subnet = path::text(doc, &here).to_owned();
    if subnet.is_empty() {
        return Err(Refusal::new(
            "InvalidVPCNetworkStateFault",
            format!("Availability zone {zone} is not covered by the DB subnet group."),
        ));
    }
    let groups = path::texts(doc, "VpcSecurityGroups[].VpcSecurityGroupId");
    account.serial += 1;
    let address = json!({ "PublicIp": format!("203.0.113.{}", account.serial % 250 + 1), "IpOwnerId": "amazon-rds" });
    let association = if doc["PubliclyAccessible"] == true { address } else { Value::Null };
    account.add_interface(&subnet, &groups, "RDSNetworkInterface", json!({ "RequesterId": "amazon-rds", "Association": association }))
}

/// The zone of a subnet.
pub(in crate::kinds) fn zone_of(account: &Account, subnet: &str) -> Result<Value, Refusal> {
    let doc = account.doc(subnet, "InvalidSubnet").map_err(|refusal| Refusal::new("InvalidParameterValue", refusal.message))?;
    Ok(doc["AvailabilityZone"].clone())
}

fn reboot(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let name = text(parameters, "DBInstanceIdentifier")?.to_owned();
    let id = id_of(&name);
    let doc = at_rest(account, &name)?.clone();
    if parameters.get("ForceFailover") == Some(&json!(true)) {
        if doc["MultiAZ"] != true {
            let words = "ForceFailover cannot be specified since the instance is not configured for MultiAZ.";
            return Err(Refusal::new("InvalidParameterCombination", words));
        }
        account.later(&id, FAILOVER_S.0, "/AvailabilityZone", doc["SecondaryAvailabilityZone"].clone());
        account.later(&id, FAILOVER_S.0, "/SecondaryAvailabilityZone", doc["AvailabilityZone"].clone());
        let source = ("db-instance", name.as_str());
        tell(account, "rds", source, 0, "Multi-AZ instance failover started.");
        tell(account, "rds", source, FAILOVER_S.0, "Multi-AZ instance failover completed");
    }
    let doc = account.edit(id.as_str(), UNKNOWN)?;
    doc["DBInstanceStatus"] = json!("rebooting");
    let answer = doc.clone();
    account.later(&id, FAILOVER_S.1, "/DBInstanceStatus", json!("available"));
    Ok(json!({ "DBInstance": answer }))
}

/// What no modification may ask for.
fn refuse(doc: &Value, name: &str, parameters: &Object) -> Result<(), Refusal> {
    if let Some(group) = parameters.get("DBSubnetGroupName") {
        let words = format!(
            "You cannot move DB instance {name} to subnet group {group}. The specified DB subnet group and DB instance are in the same VPC."
        );
        return Err(Refusal::new("InvalidVPCNetworkStateFault", words));
    }
    if is_member(doc) && parameters.contains_key("VpcSecurityGroupIds") {
        let words = "The specified DB Instance is a member of a cluster. Modify the vpc security groups for the DB Cluster instead.";
        return Err(Refusal::new("InvalidParameterCombination", words));
    }
    if is_member(doc) && parameters.get("MultiAZ") == Some(&json!(true)) {
        return Err(Refusal::new("InvalidParameterCombination", "MultiAZ can't be set for a member of a cluster."));
    }
    Ok(())
}

/// Whether an instance belongs to a cluster.
pub(in crate::kinds) fn is_member(doc: &Value) -> bool {
    doc["DBClusterIdentifier"].as_str().is_some_and(|cluster| !cluster.is_empty())
}

/// Groups exist, and are not too many; RDS has one code for both.
pub(in crate::kinds) fn check_groups(account: &Account, groups: &[String]) -> Result<(), Refusal> {
    account.check_groups(groups).map_err(|refusal| Refusal::new("InvalidParameterValue", refusal.message))
}

/// Groups as a description shows them.
pub(in crate::kinds) fn worn(groups: &[String]) -> Value {
    groups.iter().map(|group| json!({ "VpcSecurityGroupId": group, "Status": "active" })).collect()
}

/// The interfaces of its nodes: the primary's, then the standby's. AWS does not say which interface is whose; of
/// several alike, in one zone and with the same groups, it doesn't matter.
pub(in crate::kinds) fn nodes(account: &Account, doc: &Value) -> Vec<Id> {
    let zones = ["AvailabilityZone", "SecondaryAvailabilityZone"].iter().filter_map(|key| doc[*key].as_str().filter(|z| !z.is_empty()));
    let near = near(account, doc);
    zones.filter_map(|zone| near.iter().find(|i| is_node(i, zone, doc)).map(|i| i.id.clone())).collect()
}

/// The interfaces among which those of an instance's nodes are.
fn near<'a>(account: &'a Account, doc: &Value) -> Vec<&'a Resource> {
    account.wearing(&path::texts(doc, "VpcSecurityGroups[].VpcSecurityGroupId"))
}

/// Whether an interface can be that of an instance's node in a zone.
fn is_node(interface: &Resource, zone: &str, doc: &Value) -> bool {
    let groups = path::texts(doc, "VpcSecurityGroups[].VpcSecurityGroupId");
    let subnet = path::text(&interface.doc, "SubnetId");
    let worn = path::texts(&interface.doc, "Groups[].GroupId");
    interface.doc["Description"] == "RDSNetworkInterface"
        && interface.doc["AvailabilityZone"] == zone
        && path::select(doc, "DBSubnetGroup.Subnets[].SubnetIdentifier").into_iter().any(|own| own == subnet)
        && worn.len() == groups.len()
        && worn.iter().all(|group| groups.contains(group))
}

/// Its nodes change their groups.
pub(in crate::kinds) fn rewear(account: &mut Account, doc: &Value, groups: &[String]) -> Result<(), Refusal> {
    for interface in nodes(account, doc) {
        wear(account, interface.as_str(), groups)?;
    }
    Ok(())
}

/// The interfaces in its zones get public addresses, or lose them.
fn address_nodes(account: &mut Account, doc: &Value, public: bool) -> Result<(), Refusal> {
    for zone in ["AvailabilityZone", "SecondaryAvailabilityZone"].iter().filter_map(|key| doc[*key].as_str()) {
        let here = |i: &&Resource| is_node(i, zone, doc) && i.has_public_address() != public;
        let Some(interface) = near(account, doc).into_iter().find(here).map(|i| i.id.to_string()) else { continue };
        account.serial += 1;
        let address = json!({ "PublicIp": format!("203.0.113.{}", account.serial % 250 + 1), "IpOwnerId": "amazon-rds" });
        account.edit(&interface, "InvalidNetworkInterfaceID.NotFound")?["Association"] = if public { address } else { Value::Null };
    }
    Ok(())
}
