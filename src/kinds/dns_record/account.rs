//! Record sets of a simulated account: what Route 53 takes, what it refuses, and when a change has spread.
//!
//! A zone is there when a set of it is. The number of the last change of a set stands in the set's document.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::{Value, json};

use crate::kinds::{Effect, Read};
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::facet::Role;
use crate::model::id::Id;
use crate::model::path;

pub(super) const EFFECTS: &[(&str, Effect)] = &[("route53:ChangeResourceRecordSets", change)];
pub(super) const READS: &[(&str, Read)] = &[
    ("route53:ListHostedZonesByVPC", zones_of_vpc),
    ("route53:ListHostedZones", zones),
    ("route53:ListResourceRecordSets", sets),
    ("route53:GetChange", status),
];

const KIND: &str = "dns_record";
/// Seconds until all name servers have a change.
const SPREAD_S: u64 = 45;
/// What a document holds beside what AWS answers.
const OURS: [&str; 4] = ["HostedZoneId", "Zone", "VpcId", "Change"];

fn invalid_input(words: impl Into<String>) -> Refusal {
    Refusal::new("InvalidInput", words.into())
}

fn invalid_batch(words: &str) -> Refusal {
    Refusal::new("InvalidChangeBatch", format!("[{words}]"))
}

fn required<'a>(parameters: &'a Object, name: &str) -> Result<&'a str, Refusal> {
    parameters.get(name).and_then(Value::as_str).ok_or_else(|| invalid_input(format!("Missing required parameter {name}")))
}

/// The zones that some set is in: id, name, whether private.
fn known(account: &Account) -> BTreeMap<&str, (&str, bool)> {
    let zone = |doc| (path::text(doc, "HostedZoneId"), (path::text(doc, "Zone.Name"), doc["Zone"]["Private"] == true));
    account.resources.of_kind(KIND).map(|record| zone(&record.doc)).collect()
}

fn zones_of_vpc(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let vpc = required(parameters, "VPCId")?;
    if vpc != account.vpc.as_str() || required(parameters, "VPCRegion")? != account.region {
        return Err(Refusal::new("InvalidVPCId", format!("The VPC: {vpc} you provided is not authorized to make the association.")));
    }
    let owner = json!({ "OwningAccount": account.account });
    let private = known(account).into_iter().filter(|(_, (_, private))| *private);
    let summaries: Vec<Value> = private.map(|(id, (name, _))| json!({ "HostedZoneId": id, "Name": name, "Owner": owner })).collect();
    Ok(json!({ "HostedZoneSummaries": summaries }))
}

fn zones(account: &Account, _parameters: &Object) -> Result<Value, Refusal> {
    let zone = |(id, (name, private)): (&str, (&str, bool))| json!({ "Id": format!("/hostedzone/{id}"), "Name": name, "Config": { "PrivateZone": private } });
    Ok(json!({ "HostedZones": known(account).into_iter().map(zone).collect::<Vec<_>>() }))
}

fn zone_is_there<'a>(account: &'a Account, id: &str) -> Result<(String, &'a str, bool), Refusal> {
    let id = id.trim_start_matches("/hostedzone/");
    let found = known(account).get(id).copied();
    let (name, private) = found.ok_or_else(|| Refusal::new("NoSuchHostedZone", format!("No hosted zone found with ID: {id}")))?;
    Ok((id.to_owned(), name, private))
}

/// Sets are ordered by their names' labels from the last to the first, then by type (Route 53 API,
/// `ListResourceRecordSets`).
fn place(name: &str, kind: &str) -> (Vec<String>, String) {
    let labels = name.trim_end_matches('.').rsplit('.').map(str::to_lowercase);
    (labels.collect(), kind.to_owned())
}

fn sets(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let (zone, _, _) = zone_is_there(account, required(parameters, "HostedZoneId")?)?;
    let text = |name: &str| parameters.get(name).and_then(Value::as_str);
    if text("StartRecordType").is_some() && text("StartRecordName").is_none() {
        return Err(invalid_input("The input is not valid: a type without a name"));
    }
    let from = text("StartRecordName").map(|name| place(name, text("StartRecordType").unwrap_or_default()));
    let most = parameters.get("MaxItems").and_then(Value::as_u64).and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
    let mine = account.resources.of_kind(KIND).map(|record| &*record.doc).filter(|doc| doc["HostedZoneId"] == zone.as_str());
    let mut found: Vec<_> = mine.map(|doc| (place(path::text(doc, "Name"), path::text(doc, "Type")), doc)).collect();
    found.retain(|(at, _)| from.as_ref().is_none_or(|from| at >= from));
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let shown = |doc: &Value| {
        let mut doc = doc.clone();
        if let Some(map) = doc.as_object_mut() {
            OURS.iter().for_each(|key| drop(map.remove(*key)));
        }
        doc
    };
    let sets: Vec<Value> = found.iter().take(most).map(|(_, doc)| shown(doc)).collect();
    Ok(json!({ "ResourceRecordSets": sets }))
}

/// A set as it is to be sent: a name in the zone, a TTL, addresses of its type, none twice.
fn is_whole(set: &Value, zone: &str) -> Result<(), Refusal> {
    let (name, kind) = (path::text(set, "Name"), path::text(set, "Type"));
    if name.is_empty() || kind.is_empty() {
        return Err(invalid_input("Invalid request: a record set has a Name and a Type"));
    }
    let values = path::texts(set, "ResourceRecords[].Value");
    if values.is_empty() || set["TTL"].as_u64().is_none_or(|ttl| ttl > 2_147_483_647) {
        let words = format!(
            "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found none in Change with [Name={name}, Type={kind}]"
        );
        return Err(invalid_input(words));
    }
    let (inside, own) = (zone.trim_end_matches('.'), name.trim_end_matches('.'));
    if own != inside && !own.ends_with(&format!(".{inside}")) {
        return Err(invalid_batch(&format!("RRSet with DNS name {name} is not permitted in zone {zone}")));
    }
    for (at, value) in values.iter().enumerate() {
        let fits = match kind {
            "A" => value.parse::<Ipv4Addr>().is_ok(),
            "AAAA" => value.parse::<Ipv6Addr>().is_ok(),
            _ => true,
        };
        if !fits {
            let problem = if kind == "A" { "ARRDATAIllegalIPv4Address" } else { "AAAARRDATAIllegalIPv6Address" };
            return Err(invalid_batch(&format!("Invalid Resource Record: 'FATAL problem: {problem} encountered with '{value}''")));
        }
        if values[..at].contains(value) {
            return Err(invalid_batch(&format!("Duplicate Resource Record: '{value}'")));
        }
    }
    Ok(())
}

/// All changes or none; what is replaced is replaced whole.
fn change(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let (zone_id, zone, private) = zone_is_there(account, required(parameters, "HostedZoneId")?)?;
    let zone = zone.to_owned();
    let changes = parameters.get("ChangeBatch").and_then(|batch| batch["Changes"].as_array()).cloned().unwrap_or_default();
    if changes.is_empty() {
        return Err(invalid_input("Invalid request: a change batch has changes"));
    }
    for change in &changes {
        if path::text(change, "Action") != "UPSERT" {
            return Err(invalid_input("the simulated account takes UPSERT only"));
        }
        is_whole(&change["ResourceRecordSet"], &zone)?;
        may_stand_beside(account, &zone_id, &change["ResourceRecordSet"])?;
    }
    account.serial += 1;
    let number = format!("/change/C{:012}", account.serial);
    for change in changes {
        put(account, change["ResourceRecordSet"].clone(), (&zone_id, &zone, private), &number);
    }
    Ok(json!({ "ChangeInfo": { "Id": number, "Status": "PENDING", "SubmittedAt": "2026-01-01T00:00:00+00:00" } }))
}

/// Of one name and type either one set is simple, or all have identifiers.
fn may_stand_beside(account: &Account, zone: &str, set: &Value) -> Result<(), Refusal> {
    let same = |doc: &&Value| doc["HostedZoneId"] == zone && doc["Name"] == set["Name"] && doc["Type"] == set["Type"];
    let mut beside = account.resources.of_kind(KIND).map(|record| &*record.doc).filter(same);
    if beside.all(|doc| doc["SetIdentifier"].is_null() == set["SetIdentifier"].is_null()) {
        return Ok(());
    }
    let (name, kind) = (path::text(set, "Name"), path::text(set, "Type"));
    Err(invalid_batch(&format!(
        "RRSet with DNS name {name}, type {kind} cannot be created because RRSets with and without a SetIdentifier can't share a name and type"
    )))
}

fn put(account: &mut Account, mut set: Value, (zone_id, zone, private): (&str, &str, bool), number: &str) {
    if !path::text(&set, "Name").ends_with('.') {
        set["Name"] = json!(format!("{}.", path::text(&set, "Name")));
    }
    let own = set["SetIdentifier"].as_str().map_or(String::new(), |own| format!("/{own}"));
    let id = Id::new(format!("dns:{zone_id}/{}/{}{own}", path::text(&set, "Name"), path::text(&set, "Type")));
    set["HostedZoneId"] = json!(zone_id);
    set["Zone"] = json!({ "Name": zone, "Private": private });
    set["VpcId"] = json!(account.vpc.as_str());
    set["Change"] = json!({ "Id": number, "Status": "PENDING" });
    account.insert(KIND, Role::Name, id.clone(), set);
    account.later(&id, SPREAD_S, "/Change/Status", json!("INSYNC"));
}

fn status(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = required(parameters, "Id")?;
    let number = id.trim_start_matches("/change/");
    let mut changes = account.resources.of_kind(KIND).map(|record| &record.doc["Change"]);
    let found = changes.find(|change| path::text(change, "Id").trim_start_matches("/change/") == number);
    match found {
        Some(change) if !number.is_empty() => {
            Ok(json!({ "ChangeInfo": { "Id": change["Id"], "Status": change["Status"], "SubmittedAt": "2026-01-01T00:00:00+00:00" } }))
        }
        _ => Err(Refusal::new("NoSuchChange", format!("A change with the specified change ID does not exist: {id}"))),
    }
}
