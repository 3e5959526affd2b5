//! A NAT gateway: the private subnets' way out.
//!
//! A zonal one sits in a subnet with a route to an internet gateway and holds an elastic IP. What is wrong with it
//! appears later, as `State=failed` with a `FailureCode` (VPC guide, `nat-gateway-troubleshooting.md`), so `failed` ends
//! the wait. It takes TCP, UDP and ICMP, drops what is idle for 350 s and cannot be used over peering or VPN. A regional
//! one (since November 2025) needs no public subnet; its addresses are given zone by zone, because in automatic mode
//! AWS picks addresses that nobody has allow-listed.

use serde_json::{Value, json};

use super::build::{check, filter, made_by, output, step, tag_specification, undo_and_wait, wait, wait_or_fail};
use super::effects::{tags, text};
use super::{Effect, Kind, Listing, Scope};
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::facet::{Facets, GatewayKind, Placement, PublicAddress, Role};
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::path;
use crate::model::resource::{Doc, Resource, tags_of};
use crate::model::step::{Expect, Stage, Step};
use crate::model::strategy::Provision;

pub struct NatGateway;

static LISTING: Listing = Listing {
    operation: "ec2:DescribeNatGateways",
    documents: "NatGateways[]",
    scope: Scope::OneFilter("vpc-id"),
    with: super::listing::nothing,
    ids: ("NatGatewayIds", "NatGatewayId", "NatGatewayNotFound"),
    follow: &[],
};

/// Seconds until one is available, and until a deleted one is gone (minutes; own measurement, aws-semantics.md 1).
const CREATE_S: u64 = 120;
const DELETE_S: u64 = 60;

fn create(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let regional = parameters.get("AvailabilityMode").and_then(Value::as_str) == Some("regional");
    let allocations: Vec<String> = if regional {
        let zones = parameters.get("AvailabilityZoneAddresses").cloned().unwrap_or_default();
        path::texts(&zones, "[].AllocationIds[]")
    } else {
        vec![text(parameters, "AllocationId")?.to_owned()]
    };
    for allocation in &allocations {
        if !account.doc(allocation, "InvalidAllocationID.NotFound")?["AssociationId"].is_null() {
            return Err(Refusal::new("Resource.AlreadyAssociated", format!("resource {allocation} is already associated")));
        }
    }
    let id = account.new_id("nat");
    let has_gateway = account.resources.of_kind("internet_gateway").next().is_some();
    let mut doc = json!({ "NatGatewayId": id.as_str(), "VpcId": account.vpc.as_str(), "State": "pending", "ConnectivityType": "public",
        "AvailabilityMode": if regional { "regional" } else { "zonal" }, "Tags": tags(parameters, "natgateway") });
    let mut addresses = Vec::new();
    if !regional {
        let subnet = text(parameters, "SubnetId")?.to_owned();
        zone_has_room(account, &subnet)?;
        let interface =
            account.add_interface(&subnet, &[], &format!("Interface for NAT Gateway {id}"), json!({ "InterfaceType": "nat_gateway" }))?;
        let ip = account.doc(interface.as_str(), "InvalidNetworkInterfaceID.NotFound")?["PrivateIpAddress"].clone();
        addresses.push(json!({ "NetworkInterfaceId": interface.as_str(), "PrivateIp": ip }));
        doc["SubnetId"] = json!(subnet);
    }
    for (at, allocation) in allocations.iter().enumerate() {
        let association = account.new_id("eipassoc");
        let address = account.edit(allocation, "InvalidAllocationID.NotFound")?;
        address["AssociationId"] = json!(association.as_str());
        let public = address["PublicIp"].clone();
        if addresses.len() <= at {
            addresses.push(json!({}));
        }
        addresses[at]["AllocationId"] = json!(allocation);
        addresses[at]["PublicIp"] = public.clone();
        if let Some(interface) = addresses[at]["NetworkInterfaceId"].as_str().map(str::to_owned) {
            address["NetworkInterfaceId"] = json!(interface);
            account.edit(&interface, "InvalidNetworkInterfaceID.NotFound")?["Association"] =
                json!({ "PublicIp": public, "AllocationId": allocation });
        }
    }
    doc["NatGatewayAddresses"] = json!(addresses);
    account.insert("nat_gateway", Role::Gateway, id.clone(), doc.clone());
    account.later(&id, CREATE_S, "/State", json!(if has_gateway { "available" } else { "failed" }));
    Ok(json!({ "NatGateway": doc }))
}

fn zone_has_room(account: &Account, subnet: &str) -> Result<(), Refusal> {
    let zone = &account.doc(subnet, "InvalidSubnetID.NotFound")?["AvailabilityZone"];
    let in_zone = |nat: &&Resource| {
        let living = matches!(nat.doc["State"].as_str(), Some("pending" | "available"));
        living
            && nat.doc["SubnetId"]
                .as_str()
                .and_then(|s| account.resources.get(&Id::from(s)))
                .is_some_and(|s| s.doc["AvailabilityZone"] == *zone)
    };
    let count = account.resources.of_kind("nat_gateway").filter(in_zone).count();
    if count >= account.quotas.nats_per_zone {
        let text = format!("Performing this operation would exceed the limit of {} NAT gateways", account.quotas.nats_per_zone);
        return Err(Refusal::new("NatGatewayLimitExceeded", text));
    }
    Ok(())
}

fn delete(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = text(parameters, "NatGatewayId")?.to_owned();
    let doc = account.edit(&id, "NatGatewayNotFound")?;
    doc["State"] = json!("deleting");
    let addresses = doc["NatGatewayAddresses"].take();
    for allocation in path::texts(&addresses, "[].AllocationId") {
        // The address is free when the gateway is deleted; until then it can't be released.
        account.later(&Id::from(allocation), DELETE_S, "/AssociationId", Value::Null);
    }
    for interface in path::texts(&addresses, "[].NetworkInterfaceId") {
        account.remove_later(&Id::from(interface), DELETE_S);
    }
    account.later(&Id::from(id.as_str()), DELETE_S, "/State", json!("deleted"));
    // Routes to it become black holes.
    let tables: Vec<String> = account.with_role(Role::RouteTable).map(|table| table.id.to_string()).collect();
    for table in tables {
        let routes = account.edit(&table, "InvalidRouteTableID.NotFound")?["Routes"].as_array_mut();
        for route in routes.into_iter().flatten().filter(|route| route["NatGatewayId"] == id.as_str()) {
            route["State"] = json!("blackhole");
        }
    }
    Ok(json!({ "NatGatewayId": id }))
}

impl Kind for NatGateway {
    fn name(&self) -> &'static str {
        "nat_gateway"
    }

    fn listing(&self) -> Option<&'static Listing> {
        Some(&LISTING)
    }

    fn parse(&self, doc: &Doc, vpc: &Id) -> Option<Resource> {
        if doc["VpcId"] != vpc.as_str() || doc["State"] == "deleted" {
            return None;
        }
        let id = Id::from(doc["NatGatewayId"].as_str()?);
        let tags = tags_of(doc);
        let address = |a: &Value| {
            Some(PublicAddress { ip: a["PublicIp"].as_str()?.to_owned(), allocation: a["AllocationId"].as_str().map(Id::from) })
        };
        Some(Resource {
            name: tags.get("Name").cloned().unwrap_or_else(|| id.to_string()),
            id,
            kind: self.name().to_owned(),
            role: Role::Gateway,
            tags,
            facets: Facets {
                placement: doc["SubnetId"].as_str().map(|subnet| Placement { subnets: vec![subnet.into()], ..Placement::default() }),
                public_addresses: doc["NatGatewayAddresses"].as_array().into_iter().flatten().filter_map(address).collect(),
                gateway: Some(if doc["ConnectivityType"] == "private" { GatewayKind::PrivateNat } else { GatewayKind::Nat }),
                state: path::text(doc, "State").to_owned(),
                ..Facets::default()
            },
            doc: doc.clone(),
        })
    }

    fn effects(&self) -> &'static [(&'static str, Effect)] {
        &[("ec2:CreateNatGateway", create), ("ec2:DeleteNatGateway", delete)]
    }

    fn provide(&self, provision: &Provision, migration: &str, inventory: &Inventory) -> Option<Vec<Step>> {
        match provision {
            Provision::Nat { subnet, allocations, zone } => {
                Some(vec![create_step(subnet.as_ref(), allocations, zone.as_deref(), migration, inventory)])
            }
            _ => None,
        }
    }
}

fn create_step(
    subnet: Option<&Value>,
    allocations: &[(String, Value)],
    zone: Option<&str>,
    migration: &str,
    inventory: &Inventory,
) -> Step {
    let letter = zone.map(|zone| zone.strip_prefix(&inventory.region).unwrap_or(zone));
    let id = letter.map_or("nat".to_owned(), |letter| format!("nat-{letter}"));
    let mut parameters = json!({ "ClientToken": "${self.Token}",
        "TagSpecifications": [tag_specification("natgateway", migration, &id, &format!("{migration}-{id}"))] });
    match subnet {
        Some(subnet) => {
            parameters["SubnetId"] = subnet.clone();
            parameters["AllocationId"] = allocations.first().map_or(Value::Null, |(_, allocation)| allocation.clone());
            parameters["ConnectivityType"] = json!("public");
        }
        None => {
            parameters["VpcId"] = json!(inventory.vpc.as_str());
            parameters["AvailabilityMode"] = json!("regional");
            let zones: Vec<Value> =
                allocations.iter().map(|(zone, allocation)| json!({ "AvailabilityZone": zone, "AllocationIds": [allocation] })).collect();
            parameters["AvailabilityZoneAddresses"] = json!(zones);
        }
    }
    let own = json!({ "NatGatewayIds": [output(&id, "NatGatewayId")] });
    let state = |what: &str, expect| check(what, "ec2:DescribeNatGateways", own.clone(), "NatGateways[].State", expect);
    let mut made = made_by(migration, &id);
    made.push(filter("state", &[json!("pending"), json!("available")]));
    let title = match zone {
        Some(zone) => format!("Create the NAT gateway of {zone}"),
        None if subnet.is_none() => "Create the regional NAT gateway".to_owned(),
        None => "Create the only NAT gateway".to_owned(),
    };
    let gone = state(
        "the NAT gateway is deleted",
        Expect::Excludes(vec![json!("pending"), json!("available"), json!("deleting"), json!("failed")]),
    );
    step(&id, Stage::Foundation, "network", title)
        .call("ec2:CreateNatGateway", parameters)
        .output("NatGatewayId", "NatGateway.NatGatewayId")
        .probe_made("ec2:DescribeNatGateways", json!({ "Filter": made }), "NatGateways[]", &[("NatGatewayId", "NatGatewayId")])
        .wait(wait_or_fail(
            state("the NAT gateway is available", Expect::Equals(json!("available"))),
            &["failed", "deleting", "deleted"],
            CREATE_S,
            900,
        ))
        .undo(vec![undo_and_wait(
            "ec2:DeleteNatGateway",
            json!({ "NatGatewayId": output(&id, "NatGatewayId") }),
            gone.clone(),
            vec![wait(gone, DELETE_S, 900)],
        )])
        .done()
}
