//! What EC2 asks for: each action on the types of resources that AWS's service authorization reference names for it.
//! What is made carries the migration's tag from its first moment; what was made is known by it; what was there before is
//! named; what can carry no tag is held by its VPC.

use std::collections::BTreeSet;

use serde_json::Value;

use super::ask::{Ask, Found};
use super::grant::Grant;
use crate::kinds::MIGRATION_TAG;

/// A type of resource.
struct Type {
    /// As ARNs spell it.
    name: &'static str,
    /// How its ids begin.
    prefix: &'static str,
    /// The outputs of steps that are its ids.
    output: &'static str,
    /// What can be said of one that is neither named nor tagged.
    by: By,
}

#[derive(PartialEq)]
enum By {
    /// Ours, by tag.
    Tag,
    /// In the VPC.
    Vpc,
}

const TYPES: &[Type] = &[
    Type { name: "subnet", prefix: "subnet-", output: "SubnetId", by: By::Vpc },
    Type { name: "vpc", prefix: "vpc-", output: "VpcId", by: By::Tag },
    Type { name: "route-table", prefix: "rtb-", output: "RouteTableId", by: By::Vpc },
    Type { name: "security-group", prefix: "sg-", output: "GroupId", by: By::Vpc },
    Type { name: "elastic-ip", prefix: "eipalloc-", output: "AllocationId", by: By::Tag },
    Type { name: "natgateway", prefix: "nat-", output: "NatGatewayId", by: By::Tag },
    Type { name: "vpc-endpoint", prefix: "vpce-", output: "VpcEndpointId", by: By::Tag },
    Type { name: "instance", prefix: "i-", output: "InstanceId", by: By::Tag },
    Type { name: "network-interface", prefix: "eni-", output: "NetworkInterfaceId", by: By::Vpc },
    Type { name: "image", prefix: "ami-", output: "ImageId", by: By::Tag },
    Type { name: "snapshot", prefix: "snap-", output: "SnapshotId", by: By::Tag },
    Type { name: "volume", prefix: "vol-", output: "VolumeId", by: By::Tag },
    Type { name: "launch-template", prefix: "lt-", output: "LaunchTemplateId", by: By::Tag },
    Type { name: "client-vpn-endpoint", prefix: "cvpn-endpoint-", output: "ClientVpnEndpointId", by: By::Tag },
    Type { name: "vpn-gateway", prefix: "vgw-", output: "VpnGatewayId", by: By::Tag },
];

/// How an action needs a type.
enum Need {
    /// The call makes it.
    Made(&'static str),
    /// The call names it: in these parameters, or anywhere.
    Named(&'static str, &'static [&'static str]),
    /// It may name it.
    Maybe(&'static str),
    /// It makes or touches one that carries no tag.
    InVpc(&'static str),
}
use Need::{InVpc, Made, Maybe, Named};

/// Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon EC2".
const ACTIONS: &[(&str, &[Need])] = &[
    ("CreateSubnet", &[Made("subnet"), Named("vpc", &[])]),
    ("DeleteSubnet", &[Named("subnet", &[])]),
    ("ModifySubnetAttribute", &[Named("subnet", &[])]),
    ("AllocateAddress", &[Made("elastic-ip")]),
    ("ReleaseAddress", &[Named("elastic-ip", &[])]),
    ("AssociateAddress", &[Named("elastic-ip", &[]), Maybe("instance"), InVpc("network-interface")]),
    ("DisassociateAddress", &[Named("elastic-ip", &[]), InVpc("network-interface")]),
    ("CreateNatGateway", &[Made("natgateway"), Maybe("elastic-ip"), Maybe("subnet"), Maybe("vpc")]),
    ("DeleteNatGateway", &[Named("natgateway", &[])]),
    ("CreateRouteTable", &[Made("route-table"), Named("vpc", &[])]),
    ("DeleteRouteTable", &[Named("route-table", &[])]),
    ("CreateRoute", &[Named("route-table", &[])]),
    ("DeleteRoute", &[Named("route-table", &[])]),
    ("EnableVgwRoutePropagation", &[Named("route-table", &[]), Named("vpn-gateway", &[])]),
    ("DisableVgwRoutePropagation", &[Named("route-table", &[]), Named("vpn-gateway", &[])]),
    ("AssociateRouteTable", &[Named("route-table", &[]), Maybe("subnet")]),
    ("DisassociateRouteTable", &[Named("route-table", &[]), Named("subnet", &[])]),
    ("ReplaceRouteTableAssociation", &[Named("route-table", &[]), Named("subnet", &[])]),
    ("CreateVpcEndpoint", &[Made("vpc-endpoint"), Named("vpc", &[]), Maybe("route-table"), Maybe("security-group"), Maybe("subnet")]),
    ("ModifyVpcEndpoint", &[Named("vpc-endpoint", &[]), Maybe("route-table"), Maybe("security-group"), Maybe("subnet")]),
    ("DeleteVpcEndpoints", &[Named("vpc-endpoint", &[])]),
    ("CreateSecurityGroup", &[Made("security-group"), Named("vpc", &[])]),
    ("DeleteSecurityGroup", &[Named("security-group", &["GroupId"])]),
    ("AuthorizeSecurityGroupIngress", &[Named("security-group", &["GroupId"])]),
    ("AuthorizeSecurityGroupEgress", &[Named("security-group", &["GroupId"])]),
    ("RevokeSecurityGroupIngress", &[Named("security-group", &["GroupId"])]),
    ("RevokeSecurityGroupEgress", &[Named("security-group", &["GroupId"])]),
    ("ModifyNetworkInterfaceAttribute", &[Named("network-interface", &[]), Maybe("security-group")]),
    ("ModifyInstanceAttribute", &[Named("instance", &[]), Maybe("security-group")]),
    ("StartInstances", &[Named("instance", &[])]),
    ("StopInstances", &[Named("instance", &[])]),
    ("TerminateInstances", &[Named("instance", &[])]),
    (
        "RunInstances",
        &[
            Made("instance"),
            Made("volume"),
            InVpc("network-interface"),
            Named("image", &["ImageId"]),
            Named("subnet", &[]),
            Maybe("security-group"),
            Maybe("launch-template"),
        ],
    ),
    ("CreateImage", &[Made("image"), Made("snapshot"), Named("instance", &[])]),
    ("DeregisterImage", &[Named("image", &[])]),
    ("DeleteSnapshot", &[Named("snapshot", &[])]),
    ("CreateLaunchTemplateVersion", &[Named("launch-template", &[])]),
    ("DeleteLaunchTemplateVersions", &[Named("launch-template", &[])]),
    ("AssociateIamInstanceProfile", &[Named("instance", &[])]),
    ("DisassociateIamInstanceProfile", &[Named("instance", &[])]),
    ("CreateClientVpnEndpoint", &[Made("client-vpn-endpoint"), Maybe("security-group"), Maybe("vpc")]),
    ("DeleteClientVpnEndpoint", &[Named("client-vpn-endpoint", &[])]),
    ("AssociateClientVpnTargetNetwork", &[Named("client-vpn-endpoint", &[]), Named("subnet", &[])]),
    ("DisassociateClientVpnTargetNetwork", &[Named("client-vpn-endpoint", &[])]),
    ("AuthorizeClientVpnIngress", &[Named("client-vpn-endpoint", &[])]),
    ("RevokeClientVpnIngress", &[Named("client-vpn-endpoint", &[])]),
];

/// The grants for a call; nothing, if the table does not have it.
pub(super) fn grants(ask: &Ask<'_>) -> Option<Vec<Grant>> {
    let name = ask.call.operation.name();
    let (_, needs) = ACTIONS.iter().find(|(action, _)| *action == name)?;
    let action = format!("ec2:{name}");
    let mut out = Vec::new();
    for need in *needs {
        match need {
            Made(kind) => out.extend(made(ask, &action, kind)),
            Named(kind, within) => out.extend(named(ask, &action, kind, within, true)),
            Maybe(kind) => out.extend(named(ask, &action, kind, &[], false)),
            InVpc(kind) => out.push(in_vpc(ask, &action, kind)),
        }
    }
    out.extend(besides(ask, &action));
    Some(out)
}

fn type_of(name: &str) -> &'static Type {
    TYPES.iter().find(|of| of.name == name).unwrap_or_else(|| panic!("no type {name} in the table"))
}

/// What a call makes, with the tag where it gives it; and the right to give it then.
fn made(ask: &Ask<'_>, action: &str, kind: &str) -> Vec<Grant> {
    let resource = arn(ask, kind, "*");
    if !is_tagged(ask, kind) {
        return vec![Grant::new(action, resource)];
    }
    let tag = format!("aws:RequestTag/{MIGRATION_TAG}");
    let migration = || [ask.plan.migration.clone()];
    let creates = action.trim_start_matches("ec2:").to_owned();
    vec![
        Grant::new(action, resource.clone()).when("StringEquals", &tag, migration()),
        Grant::new("ec2:CreateTags", resource).when("StringEquals", "ec2:CreateAction", [creates]).when("StringEquals", &tag, migration()),
    ]
}

fn is_tagged(ask: &Ask<'_>, kind: &str) -> bool {
    let specifications = ask.call.parameters.get("TagSpecifications").and_then(Value::as_array).into_iter().flatten();
    let ours = |specification: &&Value| specification["ResourceType"] == kind;
    specifications.filter(ours).flat_map(|one| one["Tags"].as_array().into_iter().flatten()).any(|tag| tag["Key"] == MIGRATION_TAG)
}

/// What a call names: what was there by its ARN, what the migration makes by its tag. What AWS finds out by itself (the
/// table of an association) is what the step speaks of elsewhere.
fn named(ask: &Ask<'_>, action: &str, kind: &str, within: &[&str], must: bool) -> Vec<Grant> {
    let of = type_of(kind);
    let here = ask.find(of.prefix, of.output, within);
    let found = if here.is_empty() && must { ask.find_in_step(of.prefix, of.output) } else { here };
    if found.is_empty() && must {
        return vec![if of.by == By::Vpc { in_vpc(ask, action, kind) } else { ours(ask, action, kind) }];
    }
    let mut out: BTreeSet<Grant> = BTreeSet::new();
    for one in found {
        out.insert(match one {
            Found::Id(id) => Grant::new(action, arn(ask, kind, &id)),
            Found::Output if kind == "network-interface" => in_vpc(ask, action, kind),
            Found::Output => ours(ask, action, kind),
        });
    }
    out.into_iter().collect()
}

fn ours(ask: &Ask<'_>, action: &str, kind: &str) -> Grant {
    let tag = format!("aws:ResourceTag/{MIGRATION_TAG}");
    Grant::new(action, arn(ask, kind, "*")).when("StringEquals", &tag, [ask.plan.migration.clone()])
}

pub(super) fn in_vpc(ask: &Ask<'_>, action: &str, kind: &str) -> Grant {
    let vpc = arn(ask, "vpc", ask.plan.vpc.as_str());
    Grant::new(action, arn(ask, kind, "*")).when("ArnEquals", "ec2:Vpc", [vpc])
}

/// Images and snapshots have no account in their ARNs.
pub(super) fn arn(ask: &Ask<'_>, kind: &str, id: &str) -> String {
    let account = if matches!(kind, "image" | "snapshot") { "" } else { &ask.plan.account };
    format!("arn:{}:ec2:{}:{account}:{kind}/{id}", ask.partition(), ask.plan.region)
}

/// Keys, roles and names that a call hands on.
fn besides(ask: &Ask<'_>, action: &str) -> Vec<Grant> {
    let parameters = &ask.call.parameters;
    let mut out = Vec::new();
    match ask.call.operation.name() {
        "RunInstances" => {
            let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
            out.extend(text(parameters.get("KeyName")).map(|name| Grant::new(action, arn(ask, "key-pair", &name))));
            let group = parameters.get("Placement").and_then(|placement| text(placement.get("GroupName")));
            out.extend(group.map(|name| Grant::new(action, arn(ask, "placement-group", &name))));
            if parameters.contains_key("IamInstanceProfile") {
                out.extend(ask.pass_role("ec2.amazonaws.com"));
            }
            out.extend(ask.keys("ec2"));
        }
        "AssociateIamInstanceProfile" => out.extend(ask.pass_role("ec2.amazonaws.com")),
        "CreateVpcEndpoint" if parameters.get("PrivateDnsEnabled") == Some(&Value::Bool(true)) => {
            out.push(Grant::new("route53:AssociateVPCWithHostedZone", "*").when("StringEquals", "route53:VPCs", [vpc_of_route53(ask)]));
        }
        "CreateNatGateway" => out.push(ask.service_linked("natgateway.amazonaws.com", "AWSServiceRoleForNATGateway")),
        "CreateClientVpnEndpoint" => {
            out.push(ask.service_linked("clientvpn.amazonaws.com", "AWSServiceRoleForClientVPN"));
            out.push(ask.service_linked("clientvpn-connections.amazonaws.com", "AWSServiceRoleForClientVPNConnections"));
        }
        _ => {}
    }
    out
}

fn vpc_of_route53(ask: &Ask<'_>) -> String {
    format!("VPCId={},VPCRegion={}", ask.plan.vpc.as_str(), ask.plan.region)
}
