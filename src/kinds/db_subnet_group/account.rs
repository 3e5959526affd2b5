//! What RDS's calls do to a subnet group of a simulated account.

use serde_json::{Value, json};

use super::id_of;
use crate::kinds::Effect;
use crate::kinds::db_instance::account::{nodes, zone_of};
use crate::kinds::effects::{given_tags, some, text};
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::facet::Role;
use crate::model::id::Id;
use crate::model::path;

pub(super) static EFFECTS: &[(&str, Effect)] =
    &[("rds:ModifyDBSubnetGroup", modify), ("rds:CreateDBSubnetGroup", create), ("rds:DeleteDBSubnetGroup", delete)];

/// AWS's code for a group that isn't there.
pub(super) const UNKNOWN: &str = "DBSubnetGroupNotFoundFault";

/// Subnets as a subnet group shows them; what was there first stays first.
fn shown(account: &Account, subnets: &[String]) -> Result<Vec<Value>, Refusal> {
    let one = |subnet: &String| {
        let zone = zone_of(account, subnet)?;
        Ok(json!({ "SubnetIdentifier": subnet, "SubnetAvailabilityZone": { "Name": zone }, "SubnetStatus": "Active" }))
    };
    let shown: Vec<Value> = subnets.iter().map(one).collect::<Result<_, Refusal>>()?;
    let mut zones: Vec<&str> = shown.iter().map(|s| path::text(s, "SubnetAvailabilityZone.Name")).collect();
    zones.sort_unstable();
    zones.dedup();
    if zones.len() < 2 {
        let words = format!(
            "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Current AZ coverage: {}. Add subnets to cover at least 2 AZs.",
            zones.join(", ")
        );
        return Err(Refusal::new("DBSubnetGroupDoesNotCoverEnoughAZs", words));
    }
    Ok(shown)
}

fn create(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let (name, subnets) = (text(parameters, "DBSubnetGroupName")?.to_owned(), some(parameters, "SubnetIds")?);
    let shown = shown(account, &subnets)?;
    if account.doc(id_of(&name).as_str(), UNKNOWN).is_ok() {
        return Err(Refusal::new("DBSubnetGroupAlreadyExists", format!("The DB subnet group '{name}' already exists.")));
    }
    let doc = json!({ "DBSubnetGroupName": name, "DBSubnetGroupDescription": parameters.get("DBSubnetGroupDescription"), "VpcId": account.vpc.as_str(),
        "SubnetGroupStatus": "Complete", "Subnets": shown, "Tags": given_tags(parameters)? });
    account.insert("db_subnet_group", Role::SubnetGroup, id_of(&name), doc.clone());
    Ok(json!({ "DBSubnetGroup": doc }))
}

fn delete(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let name = text(parameters, "DBSubnetGroupName")?.to_owned();
    account.doc(id_of(&name).as_str(), UNKNOWN)?;
    if account.resources.of_kind("db_instance").any(|db| db.doc["DBSubnetGroup"]["DBSubnetGroupName"] == name.as_str()) {
        let words = format!("Cannot delete the subnet group '{name}' because at least one database instance is still using it.");
        return Err(Refusal::new("InvalidDBSubnetGroupStateFault", words));
    }
    account.remove(&id_of(&name));
    Ok(json!({}))
}

fn modify(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let name = text(parameters, "DBSubnetGroupName")?.to_owned();
    let subnets = some(parameters, "SubnetIds")?;
    let old = path::texts(account.doc(id_of(&name).as_str(), UNKNOWN)?, "Subnets[].SubnetIdentifier");
    if name == "default" {
        return Err(Refusal::new("InvalidParameterValue", "The default DB subnet group cannot be modified."));
    }
    let placed: Vec<(Id, Value)> = account
        .resources
        .of_kind("db_instance")
        .filter(|db| db.doc["DBSubnetGroup"]["DBSubnetGroupName"] == name.as_str())
        .map(|db| (db.id.clone(), Value::clone(&db.doc)))
        .collect();
    let seats = placed.iter().flat_map(|(_, doc)| nodes(account, doc));
    let mut lost: Vec<&str> = seats
        .filter_map(|node| account.resources.get(&node)?.doc["SubnetId"].as_str())
        .filter(|s| !subnets.iter().any(|k| k == s))
        .collect();
    lost.sort_unstable();
    lost.dedup();
    if !lost.is_empty() {
        // The code is reported differently from the field; the words are what counts.
        let words = format!("Some of the subnets to be deleted are currently in use: {}", lost.join(", "));
        return Err(Refusal::new("SubnetAlreadyInUse", words));
    }
    let kept = old.iter().filter(|s| subnets.contains(s)).chain(subnets.iter().filter(|s| !old.contains(s)));
    let shown = shown(account, &kept.cloned().collect::<Vec<_>>())?;
    account.edit(id_of(&name).as_str(), UNKNOWN)?["Subnets"] = json!(shown);
    for (id, _) in placed {
        account.edit(id.as_str(), UNKNOWN)?["DBSubnetGroup"]["Subnets"] = json!(shown);
    }
    let clusters: Vec<Id> =
        account.resources.of_kind("db_cluster").filter(|c| c.doc["DBSubnetGroup"] == name.as_str()).map(|c| c.id.clone()).collect();
    for id in clusters {
        account.edit(id.as_str(), UNKNOWN)?["SubnetGroup"]["Subnets"] = json!(shown);
    }
    Ok(json!({ "DBSubnetGroup": account.doc(id_of(&name).as_str(), UNKNOWN)? }))
}
