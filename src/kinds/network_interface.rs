//! A network interface: the ground truth of what is in a subnet.
//!
//! Every interface has an owner; the census maps it by type, requester, description and attachment. What nobody claims
//! is listed as unknown, and stands in the way of turning its subnet private. The id of an owner that has no kind here
//! begins with `service:`; it is known, but not moved by this version.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::effects::{list, text};
use super::{Effect, Kind, Listing, Scope};
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::facet::{Facets, Guard, Placement, PublicAddress, Role};
use crate::model::id::Id;
use crate::model::path;
use crate::model::resource::{Doc, Resource, tags_of};

pub struct NetworkInterface;

static LISTING: Listing = Listing {
    operation: "ec2:DescribeNetworkInterfaces",
    documents: "NetworkInterfaces[]",
    scope: Scope::Filter("vpc-id"),
    with: super::listing::nothing,
    ids: ("NetworkInterfaceIds", "NetworkInterfaceId", "InvalidNetworkInterfaceID.NotFound"),
    follow: &[],
};

/// Where an interface's addresses stand in its document: private ones, IPv6 ones, public ones.
const ADDRESSES: [&str; 4] = [
    "PrivateIpAddresses[].PrivateIpAddress",
    "Ipv6Addresses[].Ipv6Address",
    "Association.PublicIp",
    "PrivateIpAddresses[].Association.PublicIp",
];

/// All addresses of an interface's document.
pub fn addresses(doc: &Value) -> Vec<String> {
    ADDRESSES.iter().flat_map(|at| path::texts(doc, at)).collect()
}

/// Owners that are told by the type that EC2 gives the interface (EC2 API, `NetworkInterfaceType`).
const BY_TYPE: [(&str, &str); 9] = [
    ("api_gateway_managed", "service:api-gateway"),
    ("codestar_connections_managed", "service:codeconnections"),
    ("ec2_instance_connect_endpoint", "service:instance-connect-endpoint"),
    ("gateway_load_balancer", "service:elasticloadbalancing"),
    ("gateway_load_balancer_endpoint", "service:gateway-load-balancer-endpoint"),
    ("global_accelerator_managed", "service:global-accelerator"),
    ("iot_rules_managed", "service:iot"),
    ("quicksight", "service:quicksight"),
    ("transit_gateway", "service:transit-gateway"),
];

/// Owners that are told by the description's beginning (EC2 and service guides; aws-semantics.md, "ENI census").
const BY_DESCRIPTION: [(&str, &str); 17] = [
    ("RDSNetworkInterface", "service:rds"),
    ("RDSProxy", "service:rds-proxy"),
    ("EFS mount target for ", "service:efs"),
    ("arn:aws:ecs:", "service:ecs"),
    ("Amazon EKS ", "service:eks"),
    ("aws-K8S-", "service:eks"),
    ("ES ", "service:opensearch"),
    ("DMSNetworkInterface", "service:dms"),
    ("AWS created network interface for directory", "service:directory"),
    ("DO NOT DELETE - Amazon MSK", "service:msk"),
    ("RedshiftNetworkInterface", "service:redshift"),
    ("Network Interface for Transit Gateway Attachment", "service:transit-gateway"),
    ("Attached to Glue using role", "service:glue"),
    ("[DO NOT DELETE] ENI managed by SageMaker", "service:sagemaker"),
    ("Route 53 Resolver", "service:route53-resolver"),
    ("Created By Amazon Workspaces", "service:workspaces"),
    ("ClientVPN Endpoint resource", "service:client-vpn"),
];

/// Owners that are told by the requester.
const BY_REQUESTER: [(&str, &str); 6] = [
    ("amazon-elb", "service:elasticloadbalancing"),
    ("amazon-rds", "service:rds"),
    ("amazon-elasticache", "service:elasticache"),
    ("amazon-redshift", "service:redshift"),
    ("amazon-msk", "service:msk"),
    ("amazon-elasticmapreduce", "service:emr"),
];

/// Whom an interface belongs to.
fn owner(doc: &Value) -> Option<Id> {
    let description = path::text(doc, "Description");
    if let Some(instance) = doc["Attachment"]["InstanceId"].as_str() {
        return Some(instance.into());
    }
    match path::text(doc, "InterfaceType") {
        "nat_gateway" => return description.rsplit(' ').next().map(Id::from),
        "vpc_endpoint" => return description.rsplit(' ').next().map(Id::from),
        "lambda" => return Some(function(description)),
        _ => {}
    }
    if let Some((_, owner)) = BY_TYPE.iter().find(|(name, _)| *name == path::text(doc, "InterfaceType")) {
        return Some(Id::from(*owner));
    }
    if let Some(balancer) = description.strip_prefix("ELB ") {
        let mut parts = balancer.split('/');
        return Some(match (parts.next(), parts.next()) {
            (Some(_), Some(name)) => Id::new(format!("lb:{name}")),
            _ => super::classic_balancer::id_of(balancer),
        });
    }
    if description.starts_with("AWS Lambda VPC ENI") {
        return Some(function(description));
    }
    if let Some(node) = description.strip_prefix("ElastiCache ") {
        return Some(Id::new(format!("cache:{node}")));
    }
    let requester = path::text(doc, "RequesterId");
    let by =
        |table: &[(&str, &str)], text: &str| table.iter().find(|(prefix, _)| text.starts_with(prefix)).map(|(_, owner)| Id::from(*owner));
    by(&BY_DESCRIPTION, description).or_else(|| by(&BY_REQUESTER, requester))
}

/// `AWS Lambda VPC ENI-orders-4f1c…`: the function for which it was made; others may share it. The tail is a UUID.
fn function(description: &str) -> Id {
    let Some(rest) = description.strip_prefix("AWS Lambda VPC ENI-") else { return "service:lambda".into() };
    let uuid_hyphens = if rest.len() > 37 && rest.as_bytes()[rest.len() - 37] == b'-' { 4 } else { 0 };
    match rest.match_indices('-').nth_back(uuid_hyphens) {
        Some((at, _)) => Id::new(format!("function:{}", &rest[..at])),
        None => "service:lambda".into(),
    }
}

/// What shows only when everything has been read: a cache's interface names its node, and the node its cluster.
pub fn relate(resources: &mut BTreeMap<Id, Arc<Resource>>) {
    let owner = |named: &Id| {
        let node = named.as_str().strip_prefix("cache:")?;
        // A cluster's nodes are called after it: `pages-0001`.
        let cluster = node.rsplit_once('-').filter(|(_, number)| number.bytes().all(|b| b.is_ascii_digit())).map(|(name, _)| name);
        let ids = [Some(node), cluster].into_iter().flatten().map(|name| Id::new(format!("cache:{name}")));
        let found = ids.filter_map(|id| resources.get(&id)).next();
        Some(found.map_or_else(|| Id::from("service:elasticache"), |found| found.facets.owner.clone().unwrap_or_else(|| found.id.clone())))
    };
    let interfaces = resources.values().filter(|r| r.role == Role::Interface);
    let owners: Vec<(Id, Id)> = interfaces.filter_map(|i| Some((i.id.clone(), owner(i.facets.owner.as_ref()?)?))).collect();
    for (interface, owner) in owners {
        if let Some(interface) = resources.get_mut(&interface) {
            Arc::make_mut(interface).facets.owner = Some(owner);
        }
    }
}

fn modify(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = text(parameters, "NetworkInterfaceId")?.to_owned();
    let doc = account.doc(&id, "InvalidNetworkInterfaceID.NotFound")?;
    if doc["RequesterManaged"] == true {
        return Err(Refusal::new(
            "OperationNotPermitted",
            format!("You do not have permission to access the specified resource: {id} is requester-managed."),
        ));
    }
    if parameters.contains_key("Groups") {
        let groups = list(parameters, "Groups");
        account.check_groups(&groups)?;
        wear(account, &id, &groups)?;
        let instance = path::text(account.doc(&id, "InvalidNetworkInterfaceID.NotFound")?, "Attachment.InstanceId").to_owned();
        let names = named(account, &groups);
        if let Ok(instance) = account.edit(&instance, "InvalidInstanceID.NotFound") {
            instance["SecurityGroups"] = names;
        }
    }
    if parameters.get("AssociatePublicIpAddress") == Some(&json!(false)) {
        let doc = account.edit(&id, "InvalidNetworkInterfaceID.NotFound")?;
        doc["Association"] = Value::Null;
        let instance = path::text(doc, "Attachment.InstanceId").to_owned();
        if let Ok(instance) = account.edit(&instance, "InvalidInstanceID.NotFound") {
            instance["PublicIpAddress"] = Value::Null;
        }
    }
    Ok(json!({}))
}

/// An interface wears exactly these groups.
pub(super) fn wear(account: &mut Account, interface: &str, groups: &[String]) -> Result<(), Refusal> {
    let names = named(account, groups);
    account.edit(interface, "InvalidNetworkInterfaceID.NotFound")?["Groups"] = names;
    Ok(())
}

/// Groups with their names, as EC2 shows them.
pub(super) fn named(account: &Account, groups: &[String]) -> Value {
    let one =
        |group: &String| json!({ "GroupId": group, "GroupName": account.resources.get(&Id::from(group.as_str())).map(|g| g.name.clone()) });
    groups.iter().map(one).collect()
}

impl Kind for NetworkInterface {
    fn name(&self) -> &'static str {
        "network_interface"
    }

    fn listing(&self) -> Option<&'static Listing> {
        Some(&LISTING)
    }

    fn parse(&self, doc: &Doc, vpc: &Id) -> Option<Resource> {
        if doc["VpcId"] != vpc.as_str() {
            return None;
        }
        let id = Id::from(doc["NetworkInterfaceId"].as_str()?);
        let tags = tags_of(doc);
        let public = |association: &Value| {
            let ip = association["PublicIp"].as_str()?.to_owned();
            Some(PublicAddress { ip, allocation: association["AllocationId"].as_str().map(Id::from) })
        };
        Some(Resource {
            name: tags.get("Name").cloned().unwrap_or_else(|| id.to_string()),
            id,
            kind: self.name().to_owned(),
            role: Role::Interface,
            tags,
            facets: Facets {
                placement: Some(Placement {
                    subnets: doc["SubnetId"].as_str().into_iter().map(Id::from).collect(),
                    zones: doc["AvailabilityZone"].as_str().into_iter().map(str::to_owned).collect(),
                    through: None,
                }),
                private_addresses: path::texts(doc, "PrivateIpAddresses[].PrivateIpAddress"),
                v6_addresses: path::texts(doc, "Ipv6Addresses[].Ipv6Address"),
                public_addresses: public(&doc["Association"]).into_iter().collect(),
                guard: Some(Guard { groups: path::texts(doc, "Groups[].GroupId").into_iter().map(Id::from).collect() }),
                owner: owner(doc),
                state: path::text(doc, "Status").to_owned(),
                ..Facets::default()
            },
            doc: doc.clone(),
        })
    }

    fn effects(&self) -> &'static [(&'static str, Effect)] {
        &[("ec2:ModifyNetworkInterfaceAttribute", modify)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_census_tells_owners_by_what_aws_writes_on_an_interface() {
        let check = |doc: Value, expected: Option<&str>| assert_eq!(owner(&doc).as_ref().map(Id::as_str), expected, "{doc}");
        check(json!({ "Attachment": { "InstanceId": "i-1" }, "Description": "" }), Some("i-1"));
        check(json!({ "InterfaceType": "nat_gateway", "Description": "Interface for NAT Gateway nat-1" }), Some("nat-1"));
        check(json!({ "InterfaceType": "vpc_endpoint", "Description": "VPC Endpoint Interface vpce-1" }), Some("vpce-1"));
        check(json!({ "Description": "ELB app/shop/50dc6c495c0c9188" }), Some("lb:shop"));
        check(json!({ "Description": "ELB old-classic" }), Some("clb:old-classic"));
        check(json!({ "Description": "RDSNetworkInterface" }), Some("service:rds"));
        check(json!({ "Description": "ElastiCache sessions-001" }), Some("cache:sessions-001"));
        check(
            json!({ "InterfaceType": "lambda", "Description": "AWS Lambda VPC ENI-my-orders-4f1c2d3e-0000-4000-8000-123456789abc" }),
            Some("function:my-orders"),
        );
        check(
            json!({ "InterfaceType": "lambda", "Description": "AWS Lambda VPC ENI-orders-0cc175b9c0f1b6a831c399e269772661" }),
            Some("function:orders"),
        );
        check(json!({ "Description": "EFS mount target for fs-1 (fsmt-1)" }), Some("service:efs"));
        check(json!({ "RequesterId": "amazon-redshift", "Description": "" }), Some("service:redshift"));
        for (description, service) in [
            ("RDSProxy", "rds-proxy"),
            ("ES shop-search", "opensearch"),
            ("DO NOT DELETE - Amazon MSK network interface for cluster arn:aws:kafka:us-east-1:1:cluster/c", "msk"),
            ("Amazon EKS shop", "eks"),
            ("aws-K8S-i-1", "eks"),
            ("RedshiftNetworkInterface", "redshift"),
            ("arn:aws:ecs:us-east-1:1:attachment/4f1c", "ecs"),
        ] {
            check(json!({ "InterfaceType": "interface", "Description": description }), Some(&format!("service:{service}")));
        }
        check(json!({ "InterfaceType": "transit_gateway", "Description": "" }), Some("service:transit-gateway"));
        check(json!({ "Description": "somebody's own" }), None);
    }
}
