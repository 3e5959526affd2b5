//! A subnet.
//!
//! Range and zone are immutable; /28 to /16; AWS keeps five addresses (VPC guide, `subnet-sizing.md`). `CreateSubnet`
//! has no client token: (VPC, range) is the natural key, a repeated call is refused with `InvalidSubnet.Conflict`, and
//! the tag tells whose it is. `MapPublicIpOnLaunch` is taken off a subnet that has turned private; that touches no
//! running instance.

use ipnet::Ipv4Net;
use serde_json::{Value, json};

use super::build::{capture, check, filter, made_by, output, step, tag_specification, undo, wait};
use super::effects::{tags, text};
use super::{Effect, Kind, Listing, Scope};
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::facet::{Facets, Placement, Role};
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::path;
use crate::model::resource::{Doc, Resource, tags_of};
use crate::model::step::{Expect, Stage, Step};
use crate::model::strategy::Provision;

pub struct Subnet;

static LISTING: Listing = Listing {
    operation: "ec2:DescribeSubnets",
    documents: "Subnets[]",
    scope: Scope::Filter("vpc-id"),
    with: super::listing::nothing,
    ids: ("SubnetIds", "SubnetId", "InvalidSubnetID.NotFound"),
    follow: &[],
};

fn create(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let (vpc, cidr) = (text(parameters, "VpcId")?.to_owned(), text(parameters, "CidrBlock")?.to_owned());
    let ranges = account.doc(&vpc, "InvalidVpcID.NotFound").map(|_| account.resources[&Id::from(vpc.as_str())].facets.ranges.clone())?;
    let range: Ipv4Net =
        cidr.parse().map_err(|_| Refusal::new("InvalidParameterValue", format!("Value ({cidr}) for parameter cidrBlock is invalid")))?;
    let inside = |outer: &String| outer.parse::<Ipv4Net>().is_ok_and(|outer| outer.contains(&range));
    if !(16..=28).contains(&range.prefix_len()) || !ranges.iter().any(inside) || range.trunc() != range {
        return Err(Refusal::new("InvalidSubnet.Range", format!("The CIDR '{cidr}' is invalid.")));
    }
    let overlaps = |subnet: &Resource| {
        subnet.doc["CidrBlock"].as_str().and_then(|t| t.parse::<Ipv4Net>().ok()).is_some_and(|o| o.contains(&range) || range.contains(&o))
    };
    if account.with_role(Role::Subnet).any(overlaps) {
        return Err(Refusal::new("InvalidSubnet.Conflict", format!("The CIDR '{cidr}' conflicts with another subnet")));
    }
    if account.with_role(Role::Subnet).count() >= account.quotas.subnets {
        return Err(Refusal::new("SubnetLimitExceeded", format!("The maximum number of subnets has been reached for {vpc}")));
    }
    let zone = text(parameters, "AvailabilityZone")?;
    let known = |subnet: &Resource| subnet.doc["AvailabilityZone"] == zone;
    if !zone.starts_with(&account.region) || (!account.with_role(Role::Subnet).any(known) && zone.len() != account.region.len() + 1) {
        return Err(Refusal::new("InvalidParameterValue", format!("Value ({zone}) for parameter availabilityZone is invalid.")));
    }
    let id = account.new_id("subnet");
    let doc = json!({ "SubnetId": id.as_str(), "VpcId": vpc, "CidrBlock": cidr, "AvailabilityZone": zone, "State": "pending",
        "MapPublicIpOnLaunch": false, "AssignIpv6AddressOnCreation": false, "DefaultForAz": false, "Ipv6CidrBlockAssociationSet": [],
        "Tags": tags(parameters, "subnet") });
    account.insert("subnet", Role::Subnet, id.clone(), doc.clone());
    account.later(&id, 2, "/State", json!("available"));
    Ok(json!({ "Subnet": doc }))
}

fn delete(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = text(parameters, "SubnetId")?.to_owned();
    account.doc(&id, "InvalidSubnetID.NotFound")?;
    if account.interfaces_in(&id).next().is_some() {
        return Err(Refusal::new("DependencyViolation", format!("The subnet '{id}' has dependencies and cannot be deleted.")));
    }
    let tables: Vec<String> = account.with_role(Role::RouteTable).map(|table| table.id.to_string()).collect();
    for table in tables {
        if let Some(list) = account.edit(&table, "InvalidRouteTableID.NotFound")?["Associations"].as_array_mut() {
            list.retain(|association| association["SubnetId"] != id.as_str());
        }
    }
    account.remove(&Id::from(id));
    Ok(json!({}))
}

fn modify(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = text(parameters, "SubnetId")?.to_owned();
    let value = parameters.get("MapPublicIpOnLaunch").and_then(|v| v["Value"].as_bool());
    let value = value.ok_or_else(|| Refusal::new("MissingParameter", "The request must contain an attribute to modify"))?;
    account.edit(&id, "InvalidSubnetID.NotFound")?["MapPublicIpOnLaunch"] = json!(value);
    Ok(json!({}))
}

impl Kind for Subnet {
    fn name(&self) -> &'static str {
        "subnet"
    }

    fn listing(&self) -> Option<&'static Listing> {
        Some(&LISTING)
    }

    fn parse(&self, doc: &Doc, vpc: &Id) -> Option<Resource> {
        if doc["VpcId"] != vpc.as_str() {
            return None;
        }
        let id = Id::from(doc["SubnetId"].as_str()?);
        let tags = tags_of(doc);
        Some(Resource {
            name: tags.get("Name").cloned().unwrap_or_else(|| id.to_string()),
            kind: self.name().to_owned(),
            role: Role::Subnet,
            tags,
            facets: Facets {
                placement: Some(Placement {
                    subnets: vec![id.clone()],
                    zones: vec![path::text(doc, "AvailabilityZone").to_owned()],
                    through: None,
                }),
                ranges: std::iter::once(path::text(doc, "CidrBlock").to_owned())
                    .chain(path::texts(doc, "Ipv6CidrBlockAssociationSet[].Ipv6CidrBlock"))
                    .collect(),
                state: path::text(doc, "State").to_owned(),
                ..Facets::default()
            },
            doc: doc.clone(),
            id,
        })
    }

    fn effects(&self) -> &'static [(&'static str, Effect)] {
        &[("ec2:CreateSubnet", create), ("ec2:DeleteSubnet", delete), ("ec2:ModifySubnetAttribute", modify)]
    }

    fn provide(&self, provision: &Provision, migration: &str, inventory: &Inventory) -> Option<Vec<Step>> {
        match provision {
            Provision::Subnet { cidr, zone, flavour } => Some(vec![create_step(cidr, zone, flavour, migration, inventory)]),
            _ => None,
        }
    }
}

fn create_step(cidr: &str, zone: &str, flavour: &str, migration: &str, inventory: &Inventory) -> Step {
    let letter = zone.strip_prefix(&inventory.region).unwrap_or(zone);
    let id = format!("subnet-{flavour}-{letter}");
    let own = json!({ "SubnetIds": [output(&id, "SubnetId")] });
    let mut made = made_by(migration, &id);
    made.push(filter("cidr-block", &[json!(cidr)]));
    step(&id, Stage::Foundation, "network", format!("Create the {flavour} subnet {cidr} in {zone}"))
        .call(
            "ec2:CreateSubnet",
            json!({ "VpcId": inventory.vpc.as_str(), "CidrBlock": cidr, "AvailabilityZone": zone,
                "TagSpecifications": [tag_specification("subnet", migration, &id, &format!("{migration}-{flavour}-{letter}"))] }),
        )
        .output("SubnetId", "Subnet.SubnetId")
        .adopt_on(&["InvalidSubnet.Conflict"])
        .probe_made("ec2:DescribeSubnets", json!({ "Filters": made }), "Subnets[]", &[("SubnetId", "SubnetId")])
        .wait(wait(
            check("the subnet is available", "ec2:DescribeSubnets", own.clone(), "Subnets[].State", Expect::Equals(json!("available"))),
            3,
            120,
        ))
        .verify(check(
            "it gives no public addresses",
            "ec2:DescribeSubnets",
            own.clone(),
            "Subnets[].MapPublicIpOnLaunch",
            Expect::Equals(json!(false)),
        ))
        .undo(vec![undo(
            "ec2:DeleteSubnet",
            json!({ "SubnetId": output(&id, "SubnetId") }),
            check("the subnet is gone", "ec2:DescribeSubnets", own, "Subnets[].SubnetId", Expect::Absent),
        )])
        .done()
}

/// After a flip: instances launched here get no public address any more.
pub(super) fn no_public_addresses(subnet: &Id, slug: &str, of_move: &str) -> Step {
    let own = json!({ "SubnetIds": [subnet.as_str()] });
    let at = "Subnets[].MapPublicIpOnLaunch";
    let id = format!("{slug}-no-public-ip");
    step(&id, Stage::Data, of_move, format!("Stop giving public addresses to new interfaces in {subnet}"))
        .call("ec2:ModifySubnetAttribute", json!({ "SubnetId": subnet.as_str(), "MapPublicIpOnLaunch": { "Value": false } }))
        .capture("Before", capture("ec2:DescribeSubnets", own.clone(), at))
        .settled_by(check("new interfaces get no public address", "ec2:DescribeSubnets", own.clone(), at, Expect::Equals(json!(false))))
        .undo(vec![undo(
            "ec2:ModifySubnetAttribute",
            json!({ "SubnetId": subnet.as_str(), "MapPublicIpOnLaunch": { "Value": true } }),
            check("it gives public addresses again", "ec2:DescribeSubnets", own, at, Expect::Equals(json!(true))),
        )])
        .done()
}
