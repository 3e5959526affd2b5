//! What the calls of a load balancer do to a simulated account, and what AWS refuses.

use serde_json::{Value, json};

use super::{CROSS_ZONE, NODES_S};
use crate::kinds::effects::{some, text};
use crate::kinds::{Effect, Read, network_interface};
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::facet::Role;
use crate::model::id::Id;
use crate::model::path;
use crate::model::resource::Resource;

/// The mutating calls.
pub(super) const EFFECTS: &[(&str, Effect)] = &[
    ("elasticloadbalancing:SetSubnets", set_subnets),
    ("elasticloadbalancing:SetSecurityGroups", set_groups),
    ("elasticloadbalancing:ModifyLoadBalancerAttributes", modify_attributes),
];

/// The reads beside the listing.
pub(super) const READS: &[(&str, Read)] = &[
    ("elasticloadbalancing:DescribeListeners", listeners),
    ("elasticloadbalancing:DescribeTags", tags),
    ("elasticloadbalancing:DescribeLoadBalancerAttributes", attributes),
    ("ec2:DescribeVpcEndpointServiceConfigurations", endpoint_services),
];

/// Addresses that a subnet must have free for a balancer's node (ELB guide).
pub(in crate::kinds) const FREE_ADDRESSES: u64 = 8;

fn find(account: &Account, parameters: &Object) -> Result<Id, Refusal> {
    let arn = text(parameters, "LoadBalancerArn")?;
    let found = {
        // `arn:…:loadbalancer/app/shop/…`
        let id = Id::new(format!("lb:{}", arn.split('/').nth(2).unwrap_or(arn)));
        account.resources.get(&id).filter(|b| b.doc["LoadBalancerArn"] == arn).map(|b| b.id.clone())
    };
    found.ok_or_else(|| Refusal::new("LoadBalancerNotFound", "One or more load balancers not found"))
}

fn invalid(why: impl Into<String>) -> Refusal {
    Refusal::new("InvalidConfigurationRequest", why)
}

/// What is asked for, as subnet mappings: subnets or mappings, not both.
fn wanted(parameters: &Object) -> Result<Vec<Value>, Refusal> {
    let Some(mappings) = parameters.get("SubnetMappings") else {
        return Ok(some(parameters, "Subnets")?.into_iter().map(|subnet| json!({ "SubnetId": subnet })).collect());
    };
    match mappings.as_array() {
        Some(list) if !list.is_empty() && !parameters.contains_key("Subnets") => Ok(list.clone()),
        _ => Err(Refusal::new("ValidationError", "You must specify either subnets or subnet mappings, but not both")),
    }
}

fn set_subnets(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = find(account, parameters)?;
    let wanted = wanted(parameters)?;
    let doc = account.doc(id.as_str(), "LoadBalancerNotFound")?.clone();
    let zones = zones(account, &doc, &wanted)?;
    if doc["Type"] == "network" {
        network_allows(account, &id, &doc, &zones)?;
    } else if zones.len() < 2 {
        return Err(Refusal::new("ValidationError", "At least two subnets in two different Availability Zones must be specified"));
    }
    let subnets: Vec<String> = zones.iter().map(|zone| path::text(zone, "SubnetId").to_owned()).collect();
    let old = path::texts(&doc, "AvailabilityZones[].SubnetId");
    for zone in zones.iter().filter(|zone| !old.iter().any(|subnet| zone["SubnetId"] == subnet.as_str())) {
        add_node(account, &doc, zone)?;
    }
    let leaving: Vec<Id> =
        account.interfaces_of(&id).filter(|i| !subnets.iter().any(|s| i.doc["SubnetId"] == s.as_str())).map(|i| i.id.clone()).collect();
    for interface in leaving {
        free_address(account, &interface);
        account.remove_later(&interface, NODES_S);
    }
    account.edit(id.as_str(), "LoadBalancerNotFound")?["AvailabilityZones"] = json!(zones);
    Ok(json!({ "AvailabilityZones": zones }))
}

/// The zones that the balancer would be in: one subnet each, with room for a node.
fn zones(account: &Account, doc: &Value, wanted: &[Value]) -> Result<Vec<Value>, Refusal> {
    let old = doc["AvailabilityZones"].as_array().map_or(&[][..], Vec::as_slice);
    let mut zones: Vec<Value> = Vec::new();
    for mapping in wanted {
        let subnet = path::text(mapping, "SubnetId");
        let zone = path::text(account.doc(subnet, "SubnetNotFound")?, "AvailabilityZone").to_owned();
        if zones.iter().any(|z| z["ZoneName"] == zone.as_str()) {
            return Err(invalid("A load balancer cannot be attached to multiple subnets in the same Availability Zone"));
        }
        let mut one = json!({ "ZoneName": zone, "SubnetId": subnet });
        match old.iter().find(|zone| zone["SubnetId"] == subnet) {
            Some(same) => one = same.clone(),
            None => {
                room(account, subnet)?;
                let blocks = path::first(account.doc(subnet, "SubnetNotFound")?, "Ipv6CidrBlockAssociationSet[0]");
                if path::text(doc, "IpAddressType").starts_with("dualstack") && blocks.is_none() {
                    return Err(invalid(format!("You must specify subnets with an associated IPv6 CIDR block: {subnet} has none")));
                }
                if let Some(addresses) = addresses(account, mapping)? {
                    one["LoadBalancerAddresses"] = addresses;
                }
            }
        }
        zones.push(one);
    }
    Ok(zones)
}

/// Whether a subnet has room for a node.
pub(in crate::kinds) fn room(account: &Account, subnet: &str) -> Result<(), Refusal> {
    if account.free_addresses(subnet)? >= FREE_ADDRESSES {
        return Ok(());
    }
    let why = format!("Not enough IP space available in {subnet}. ELB requires at least 8 free IP addresses in each subnet.");
    Err(Refusal::new("InvalidSubnet", why))
}

/// The addresses that a mapping asks for.
fn addresses(account: &Account, mapping: &Value) -> Result<Option<Value>, Refusal> {
    if let Some(allocation) = mapping["AllocationId"].as_str() {
        let address = account.doc(allocation, "AllocationIdNotFound")?;
        if !address["AssociationId"].is_null() {
            return Err(invalid(format!("The allocation IDs are not available for use: {allocation}")));
        }
        return Ok(Some(json!([{ "IpAddress": address["PublicIp"], "AllocationId": allocation }])));
    }
    Ok(mapping["PrivateIPv4Address"].as_str().map(|private| json!([{ "PrivateIPv4Address": private }])))
}

/// What only a network load balancer is refused.
fn network_allows(account: &Account, id: &Id, doc: &Value, zones: &[Value]) -> Result<(), Refusal> {
    let old = doc["AvailabilityZones"].as_array().map_or(&[][..], Vec::as_slice);
    let same_zone = |zone: &&Value| old.iter().any(|o| o["ZoneName"] == zone["ZoneName"] && o["SubnetId"] != zone["SubnetId"]);
    if let Some(zone) = zones.iter().find(same_zone) {
        let subnet = path::text(zone, "SubnetId");
        let why = "You cannot specify an additional subnet from an Availability Zone that is already associated with the load balancer";
        return Err(invalid(format!("{why}: {subnet}")));
    }
    let goes = |zone: &&Value| !zones.iter().any(|z| z["ZoneName"] == zone["ZoneName"]);
    if old.iter().any(|zone| goes(&zone)) && !path::texts(doc, "EndpointServices[]").is_empty() {
        return Err(invalid(format!("{id} is associated with a VPC endpoint service: its Availability Zones cannot be removed")));
    }
    // A node that is still leaving keeps its zone.
    let leaving = |zone: &&Value| {
        account.interfaces_of(id).any(|i| i.doc["AvailabilityZone"] == zone["ZoneName"] && i.doc["SubnetId"] != zone["SubnetId"])
    };
    match zones.iter().filter(|zone| !old.contains(zone)).find(leaving) {
        Some(zone) => Err(invalid(format!("The load balancer is still leaving {}", path::text(zone, "ZoneName")))),
        None => Ok(()),
    }
}

/// A node in the subnet of a zone, with the addresses that were asked for.
fn add_node(account: &mut Account, doc: &Value, zone: &Value) -> Result<(), Refusal> {
    let groups = path::texts(doc, "SecurityGroups[]");
    let tail = path::text(doc, "LoadBalancerArn").rsplit('/').next().unwrap_or_default().to_owned();
    let (flavour, kind) = if doc["Type"] == "network" { ("net", "network_load_balancer") } else { ("app", "interface") };
    let description = format!("ELB {flavour}/{}/{tail}", path::text(doc, "LoadBalancerName"));
    let allocation = path::text(zone, "LoadBalancerAddresses[].AllocationId").to_owned();
    let association = match doc["Scheme"] == "internet-facing" {
        true if !allocation.is_empty() => {
            json!({ "PublicIp": zone["LoadBalancerAddresses"][0]["IpAddress"], "AllocationId": allocation, "IpOwnerId": account.account })
        }
        true => json!({ "PublicIp": format!("203.0.113.{}", account.serial % 250 + 1), "IpOwnerId": "amazon-elb" }),
        false => Value::Null,
    };
    let more = json!({ "RequesterId": "amazon-elb", "InterfaceType": kind, "Association": association });
    let interface = account.add_interface(path::text(zone, "SubnetId"), &groups, &description, more)?;
    if !allocation.is_empty() {
        let association = account.new_id("eipassoc");
        let address = account.edit(&allocation, "AllocationIdNotFound")?;
        address["AssociationId"] = json!(association.as_str());
        address["NetworkInterfaceId"] = json!(interface.as_str());
    }
    Ok(())
}

/// An elastic IP is free again when the node that has it is gone.
fn free_address(account: &mut Account, interface: &Id) {
    let Some(allocation) = account.resources[interface].doc["Association"]["AllocationId"].as_str().map(Id::from) else { return };
    for field in ["/AssociationId", "/NetworkInterfaceId"] {
        account.later(&allocation, NODES_S, field, Value::Null);
    }
}

fn set_groups(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = find(account, parameters)?;
    let groups = some(parameters, "SecurityGroups")?;
    account.check_groups(&groups).map_err(|r| Refusal::new("InvalidSecurityGroup", r.message))?;
    let doc = account.doc(id.as_str(), "LoadBalancerNotFound")?;
    if doc["Type"] == "network" && path::texts(doc, "SecurityGroups[]").is_empty() {
        return Err(invalid("You cannot associate security groups with a Network Load Balancer that was created without security groups"));
    }
    wear(account, &id, &groups)?;
    account.edit(id.as_str(), "LoadBalancerNotFound")?["SecurityGroups"] = json!(groups);
    Ok(json!({ "SecurityGroupIds": groups }))
}

/// Every node of a balancer wears exactly these groups.
pub(in crate::kinds) fn wear(account: &mut Account, balancer: &Id, groups: &[String]) -> Result<(), Refusal> {
    let interfaces: Vec<String> = account.interfaces_of(balancer).map(|interface| interface.id.to_string()).collect();
    interfaces.iter().try_for_each(|interface| network_interface::wear(account, interface, groups))
}

fn modify_attributes(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = find(account, parameters)?;
    let attributes = parameters.get("Attributes").and_then(Value::as_array).filter(|list| !list.is_empty());
    let attributes = attributes.ok_or_else(|| Refusal::new("ValidationError", "Attributes must be specified"))?.clone();
    let doc = account.edit(id.as_str(), "LoadBalancerNotFound")?;
    for attribute in &attributes {
        if attribute["Key"] != CROSS_ZONE || doc["Type"] != "network" {
            return Err(invalid(format!("Load balancer attribute key '{}' is not supported", path::text(attribute, "Key"))));
        }
        doc["CrossZone"] = attribute["Value"].clone();
    }
    Ok(json!({ "Attributes": attributes }))
}

fn attributes(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let doc = account.doc(find(account, parameters)?.as_str(), "LoadBalancerNotFound")?;
    let on = doc["CrossZone"].as_str().unwrap_or(if doc["Type"] == "network" { "false" } else { "true" });
    Ok(json!({ "Attributes": [{ "Key": CROSS_ZONE, "Value": on }] }))
}

fn listeners(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = find(account, parameters)?;
    Ok(json!({ "Listeners": account.doc(id.as_str(), "LoadBalancerNotFound")?["Listeners"].as_array().cloned().unwrap_or_default() }))
}

fn tags(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let wanted = some(parameters, "ResourceArns")?;
    let of = |r: &Resource| {
        ["LoadBalancerArn", "TargetGroupArn"]
            .iter()
            .find_map(|key| r.doc[*key].as_str().map(str::to_owned))
            .filter(|arn| wanted.contains(arn))
    };
    let mut all: Vec<&Resource> = [Role::Balancer, Role::TargetGroup].into_iter().flat_map(|role| account.with_role(role)).collect();
    all.sort_by(|a, b| a.id.cmp(&b.id));
    let found: Vec<Value> = all.into_iter().filter_map(|r| Some(json!({ "ResourceArn": of(r)?, "Tags": r.doc["Tags"] }))).collect();
    Ok(json!({ "TagDescriptions": found }))
}

fn endpoint_services(account: &Account, _: &Object) -> Result<Value, Refusal> {
    let balancers = account.with_role(Role::Balancer);
    let service = |balancer: &Resource| -> Vec<Value> {
        let one = |name: String| json!({ "ServiceName": name, "ServiceState": "Available", "NetworkLoadBalancerArns": [balancer.doc["LoadBalancerArn"]] });
        path::texts(&balancer.doc, "EndpointServices[]").into_iter().map(one).collect()
    };
    Ok(json!({ "ServiceConfigurations": balancers.flat_map(service).collect::<Vec<_>>() }))
}
