//! Subnets, routes, endpoints, groups, ways in.

use super::{Field, How, Treat, add, change, gone, make, make_only, set, take};

pub const TABLE: &[(&str, Treat)] = &[
    // The network.
    (
        "ec2:CreateSubnet",
        make(
            "aws_subnet",
            &[
                ("VpcId", "vpc_id"),
                ("CidrBlock", "cidr_block"),
                ("Ipv6CidrBlock", "ipv6_cidr_block"),
                ("AvailabilityZone", "availability_zone"),
            ],
            &["@SubnetId"],
            "",
        ),
    ),
    ("ec2:DeleteSubnet", gone("aws_subnet", "SubnetId")),
    (
        "ec2:ModifySubnetAttribute",
        change("aws_subnet", "SubnetId", &[set("MapPublicIpOnLaunch.Value", "map_public_ip_on_launch", "MapPublicIpOnLaunch")]),
    ),
    ("ec2:AllocateAddress", make("aws_eip", &[("Domain", "domain")], &["@AllocationId"], "")),
    ("ec2:ReleaseAddress", gone("aws_eip", "AllocationId")),
    ("ec2:AssociateAddress", change("aws_eip", "AllocationId", &[set("InstanceId", "instance", "InstanceId")])),
    (
        "ec2:DisassociateAddress",
        change("aws_eip", "**AllocationIds", &[Field { from: "", to: "instance", before: "InstanceId", how: How::Unset }]),
    ),
    (
        "ec2:CreateNatGateway",
        make(
            "aws_nat_gateway",
            &[
                ("AllocationId", "allocation_id"),
                ("SubnetId", "subnet_id"),
                ("ConnectivityType", "connectivity_type"),
                ("VpcId", "vpc_id"),
                ("AvailabilityMode", "availability_mode"),
                ("AvailabilityZoneAddresses", "availability_zone_address[]"),
            ],
            &["@NatGatewayId"],
            "",
        ),
    ),
    ("ec2:DeleteNatGateway", gone("aws_nat_gateway", "NatGatewayId")),
    ("ec2:CreateRouteTable", make("aws_route_table", &[("VpcId", "vpc_id")], &["@RouteTableId"], "")),
    ("ec2:DeleteRouteTable", gone("aws_route_table", "RouteTableId")),
    (
        "ec2:CreateRoute",
        make(
            "aws_route",
            &[
                ("RouteTableId", "route_table_id"),
                ("DestinationCidrBlock", "destination_cidr_block"),
                ("DestinationIpv6CidrBlock", "destination_ipv6_cidr_block"),
                ("DestinationPrefixListId", "destination_prefix_list_id"),
                ("CarrierGatewayId", "carrier_gateway_id"),
                ("CoreNetworkArn", "core_network_arn"),
                ("EgressOnlyInternetGatewayId", "egress_only_gateway_id"),
                ("GatewayId", "gateway_id"),
                ("LocalGatewayId", "local_gateway_id"),
                ("NatGatewayId", "nat_gateway_id"),
                ("NetworkInterfaceId", "network_interface_id"),
                ("TransitGatewayId", "transit_gateway_id"),
                ("VpcEndpointId", "vpc_endpoint_id"),
                ("VpcPeeringConnectionId", "vpc_peering_connection_id"),
            ],
            &["RouteTableId", "DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId"],
            "_",
        ),
    ),
    ("ec2:DeleteRoute", gone("aws_route", "RouteTableId")),
    (
        "ec2:AssociateRouteTable",
        make(
            "aws_route_table_association",
            &[("SubnetId", "subnet_id"), ("RouteTableId", "route_table_id")],
            &["SubnetId", "RouteTableId"],
            "/",
        ),
    ),
    ("ec2:DisassociateRouteTable", gone("aws_route_table_association", "AssociationId")),
    ("ec2:ReplaceRouteTableAssociation", Treat::Turn),
    (
        "ec2:EnableVgwRoutePropagation",
        make_only(
            "aws_vpn_gateway_route_propagation",
            &[("GatewayId", "vpn_gateway_id"), ("RouteTableId", "route_table_id")],
            "the provider can't import it; `terraform apply` enables it once more, which AWS takes as done",
        ),
    ),
    ("ec2:DisableVgwRoutePropagation", gone("aws_vpn_gateway_route_propagation", "GatewayId")),
    (
        "ec2:CreateVpcEndpoint",
        make(
            "aws_vpc_endpoint",
            &[
                ("VpcId", "vpc_id"),
                ("VpcEndpointType", "vpc_endpoint_type"),
                ("ServiceName", "service_name"),
                ("RouteTableIds", "route_table_ids"),
                ("SubnetIds", "subnet_ids"),
                ("SecurityGroupIds", "security_group_ids"),
                ("PrivateDnsEnabled", "private_dns_enabled"),
            ],
            &["@VpcEndpointId"],
            "",
        ),
    ),
    (
        "ec2:ModifyVpcEndpoint",
        change(
            "aws_vpc_endpoint",
            "VpcEndpointId",
            &[
                add("AddRouteTableIds", "route_table_ids", "RouteTableIds"),
                take("RemoveRouteTableIds", "route_table_ids", "RouteTableIds"),
                add("AddSubnetIds", "subnet_ids", "SubnetIds"),
                take("RemoveSubnetIds", "subnet_ids", "SubnetIds"),
                add("AddSecurityGroupIds", "security_group_ids", "Groups[].GroupId"),
                take("RemoveSecurityGroupIds", "security_group_ids", "Groups[].GroupId"),
                set("PrivateDnsEnabled", "private_dns_enabled", "PrivateDnsEnabled"),
            ],
        ),
    ),
    ("ec2:DeleteVpcEndpoints", gone("aws_vpc_endpoint", "VpcEndpointIds[0]")),
    // Groups.
    (
        "ec2:CreateSecurityGroup",
        make("aws_security_group", &[("GroupName", "name"), ("Description", "description"), ("VpcId", "vpc_id")], &["@GroupId"], ""),
    ),
    ("ec2:AuthorizeSecurityGroupIngress", Treat::Rules),
    ("ec2:RevokeSecurityGroupIngress", gone("aws_vpc_security_group_ingress_rule", "GroupId")),
    ("ec2:DeleteSecurityGroup", gone("aws_security_group", "GroupId")),
    // Ways in.
    (
        "ec2:CreateClientVpnEndpoint",
        make(
            "aws_ec2_client_vpn_endpoint",
            &[
                ("Description", "description"),
                ("ClientCidrBlock", "client_cidr_block"),
                ("ServerCertificateArn", "server_certificate_arn"),
                ("DnsServers", "dns_servers"),
                ("SplitTunnel", "split_tunnel"),
                ("VpcId", "vpc_id"),
                ("SecurityGroupIds", "security_group_ids"),
                ("AuthenticationOptions[0].Type", "authentication_options.type"),
                (
                    "AuthenticationOptions[0].MutualAuthentication.ClientRootCertificateChainArn",
                    "authentication_options.root_certificate_chain_arn",
                ),
                ("AuthenticationOptions[0].FederatedAuthentication.SAMLProviderArn", "authentication_options.saml_provider_arn"),
                ("ConnectionLogOptions.Enabled", "connection_log_options.enabled"),
            ],
            &["@ClientVpnEndpointId"],
            "",
        ),
    ),
    ("ec2:DeleteClientVpnEndpoint", gone("aws_ec2_client_vpn_endpoint", "ClientVpnEndpointId")),
    (
        "ec2:AssociateClientVpnTargetNetwork",
        make(
            "aws_ec2_client_vpn_network_association",
            &[("ClientVpnEndpointId", "client_vpn_endpoint_id"), ("SubnetId", "subnet_id")],
            &["ClientVpnEndpointId", "@AssociationId"],
            ",",
        ),
    ),
    ("ec2:DisassociateClientVpnTargetNetwork", gone("aws_ec2_client_vpn_network_association", "AssociationId")),
    (
        "ec2:AuthorizeClientVpnIngress",
        make(
            "aws_ec2_client_vpn_authorization_rule",
            &[
                ("ClientVpnEndpointId", "client_vpn_endpoint_id"),
                ("TargetNetworkCidr", "target_network_cidr"),
                ("AuthorizeAllGroups", "authorize_all_groups"),
                ("AccessGroupId", "access_group_id"),
            ],
            &["ClientVpnEndpointId", "TargetNetworkCidr", "AccessGroupId"],
            ",",
        ),
    ),
    ("ec2:RevokeClientVpnIngress", gone("aws_ec2_client_vpn_authorization_rule", "TargetNetworkCidr")),
    (
        "iam:CreateRole",
        make(
            "aws_iam_role",
            &[("RoleName", "name"), ("AssumeRolePolicyDocument", "assume_role_policy"), ("Description", "description")],
            &["RoleName"],
            "",
        ),
    ),
    ("iam:DeleteRole", gone("aws_iam_role", "RoleName")),
    (
        "iam:AttachRolePolicy",
        make("aws_iam_role_policy_attachment", &[("RoleName", "role"), ("PolicyArn", "policy_arn")], &["RoleName", "PolicyArn"], "/"),
    ),
    ("iam:DetachRolePolicy", gone("aws_iam_role_policy_attachment", "PolicyArn")),
    ("iam:CreateInstanceProfile", make("aws_iam_instance_profile", &[("InstanceProfileName", "name")], &["InstanceProfileName"], "")),
    ("iam:DeleteInstanceProfile", gone("aws_iam_instance_profile", "InstanceProfileName")),
    (
        "iam:AddRoleToInstanceProfile",
        change("aws_iam_instance_profile", "InstanceProfileName", &[set("RoleName", "role", "Roles[0].RoleName")]),
    ),
    (
        "iam:RemoveRoleFromInstanceProfile",
        change(
            "aws_iam_instance_profile",
            "InstanceProfileName",
            &[Field { from: "", to: "role", before: "Roles[0].RoleName", how: How::Unset }],
        ),
    ),
    (
        "ec2:AssociateIamInstanceProfile",
        change("aws_instance", "InstanceId", &[set("IamInstanceProfile.Name", "iam_instance_profile", "IamInstanceProfile.Arn")]),
    ),
    ("ec2:DisassociateIamInstanceProfile", Treat::Passing("the way back of an association")),
];
