//! An elastic IP.
//!
//! `AllocateAddress` has no client token and no natural key: a lost answer leaves an address that costs money and is
//! found by its tag only, so an unknown outcome is settled by looking for the tag more than once. Five per region by
//! default, the first quota to run out. A released address may be unrecoverable: it is released only on the way back
//! from the step that allocated it, and in `cleanup`.

use serde_json::{Value, json};

use super::build::{check, made_by, output, step, tag_specification, undo};
use super::effects::{tags, text};
use super::{Effect, Kind, Listing, Scope};
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::facet::{Facets, PublicAddress, Role};
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::path;
use crate::model::resource::{Doc, Resource, tags_of};
use crate::model::step::{Expect, Stage, Step};
use crate::model::strategy::Provision;

pub struct ElasticIp;

static LISTING: Listing = Listing {
    operation: "ec2:DescribeAddresses",
    documents: "Addresses[]",
    scope: Scope::Region,
    with: super::listing::nothing,
    ids: ("AllocationIds", "AllocationId", "InvalidAllocationID.NotFound"),
    follow: &[],
};

fn allocate(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    if account.resources.count_of(Role::Address) >= account.quotas.addresses {
        return Err(Refusal::new("AddressLimitExceeded", "The maximum number of addresses has been reached."));
    }
    let id = account.new_id("eipalloc");
    // TEST-NET-3: an address that nobody can take for a real one.
    let ip = format!("203.0.113.{}", account.serial % 250 + 1);
    let doc = json!({ "AllocationId": id.as_str(), "PublicIp": ip, "Domain": "vpc", "AssociationId": null, "Tags": tags(parameters, "elastic-ip") });
    account.insert("elastic_ip", Role::Address, id.clone(), doc);
    Ok(json!({ "AllocationId": id.as_str(), "PublicIp": ip, "Domain": "vpc" }))
}

fn release(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = text(parameters, "AllocationId")?.to_owned();
    let doc = account.doc(&id, "InvalidAllocationID.NotFound")?;
    if !doc["AssociationId"].is_null() {
        return Err(Refusal::new("InvalidIPAddress.InUse", format!("Address {} is in use.", path::text(doc, "PublicIp"))));
    }
    account.remove(&Id::from(id));
    Ok(json!({}))
}

fn associate(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let (id, instance) = (text(parameters, "AllocationId")?.to_owned(), text(parameters, "InstanceId")?.to_owned());
    account.doc(&instance, "InvalidInstanceID.NotFound")?;
    let interface = account.interfaces_of(&Id::from(instance.as_str())).next().map(|i| i.id.to_string());
    let interface = interface.ok_or_else(|| Refusal::new("InvalidInstanceID", "the instance has no interface"))?;
    let association = account.new_id("eipassoc");
    let address = account.edit(&id, "InvalidAllocationID.NotFound")?;
    if !address["AssociationId"].is_null() && address["InstanceId"] != instance.as_str() {
        return Err(Refusal::new(
            "Resource.AlreadyAssociated",
            format!("resource {id} is already associated with associate-id {}", address["AssociationId"]),
        ));
    }
    address["AssociationId"] = json!(association.as_str());
    address["InstanceId"] = json!(instance);
    address["NetworkInterfaceId"] = json!(interface);
    let public = address["PublicIp"].clone();
    account.edit(&interface, "InvalidNetworkInterfaceID.NotFound")?["Association"] = json!({ "PublicIp": public, "AllocationId": id });
    account.edit(&instance, "InvalidInstanceID.NotFound")?["PublicIpAddress"] = public;
    Ok(json!({ "AssociationId": association.as_str() }))
}

fn disassociate(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let association = text(parameters, "AssociationId")?.to_owned();
    let found = account.resources.having("elastic_ip", "AssociationId", &association).next().map(|a| a.id.to_string());
    let id =
        found.ok_or_else(|| Refusal::new("InvalidAssociationID.NotFound", format!("The association ID '{association}' does not exist")))?;
    let address = account.edit(&id, "InvalidAllocationID.NotFound")?;
    let (instance, interface) = (path::text(address, "InstanceId").to_owned(), path::text(address, "NetworkInterfaceId").to_owned());
    for key in ["AssociationId", "InstanceId", "NetworkInterfaceId"] {
        address[key] = Value::Null;
    }
    if let Ok(doc) = account.edit(&interface, "") {
        doc["Association"] = Value::Null;
    }
    if let Ok(doc) = account.edit(&instance, "") {
        doc["PublicIpAddress"] = Value::Null;
    }
    Ok(json!({}))
}

impl Kind for ElasticIp {
    fn name(&self) -> &'static str {
        "elastic_ip"
    }

    fn listing(&self) -> Option<&'static Listing> {
        Some(&LISTING)
    }

    fn parse(&self, doc: &Doc, _vpc: &Id) -> Option<Resource> {
        let id = Id::from(doc["AllocationId"].as_str()?);
        let tags = tags_of(doc);
        Some(Resource {
            name: tags.get("Name").cloned().unwrap_or_else(|| path::text(doc, "PublicIp").to_owned()),
            kind: self.name().to_owned(),
            role: Role::Address,
            tags,
            facets: Facets {
                public_addresses: vec![PublicAddress { ip: path::text(doc, "PublicIp").to_owned(), allocation: Some(id.clone()) }],
                owner: doc["InstanceId"].as_str().or(doc["NetworkInterfaceId"].as_str()).filter(|t| !t.is_empty()).map(Id::from),
                ..Facets::default()
            },
            doc: doc.clone(),
            id,
        })
    }

    fn effects(&self) -> &'static [(&'static str, Effect)] {
        &[
            ("ec2:AllocateAddress", allocate),
            ("ec2:ReleaseAddress", release),
            ("ec2:AssociateAddress", associate),
            ("ec2:DisassociateAddress", disassociate),
        ]
    }

    fn provide(&self, provision: &Provision, migration: &str, inventory: &Inventory) -> Option<Vec<Step>> {
        match provision {
            Provision::Address { zone } => Some(vec![allocate_step(zone.as_deref(), migration, inventory)]),
            _ => None,
        }
    }
}

fn allocate_step(zone: Option<&str>, migration: &str, inventory: &Inventory) -> Step {
    let letter = zone.map(|zone| zone.strip_prefix(&inventory.region).unwrap_or(zone));
    let id = letter.map_or("eip-nat".to_owned(), |letter| format!("eip-nat-{letter}"));
    let title =
        zone.map_or("Allocate the NAT gateway's elastic IP".to_owned(), |zone| format!("Allocate the elastic IP of {zone}'s NAT gateway"));
    let gone = check(
        "the address is released",
        "ec2:DescribeAddresses",
        json!({ "AllocationIds": [output(&id, "AllocationId")] }),
        "Addresses[].AllocationId",
        Expect::Absent,
    );
    step(&id, Stage::Foundation, "network", title)
        .call(
            "ec2:AllocateAddress",
            json!({ "Domain": "vpc", "TagSpecifications": [tag_specification("elastic-ip", migration, &id, &format!("{migration}-{id}"))] }),
        )
        .output("AllocationId", "AllocationId")
        .output("PublicIp", "PublicIp")
        .probe_made(
            "ec2:DescribeAddresses",
            json!({ "Filters": made_by(migration, &id) }),
            "Addresses[]",
            &[("AllocationId", "AllocationId"), ("PublicIp", "PublicIp")],
        )
        .undo(vec![undo("ec2:ReleaseAddress", json!({ "AllocationId": output(&id, "AllocationId") }), gone)])
        .done()
}
