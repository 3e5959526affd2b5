//! EC2: the network itself. VPCs, subnets, routes, gateways, addresses, endpoints, and tags on anything.

use super::json::{answers, operations, parameters, words};

operations! {
    aws_sdk_ec2;

    "DescribeVpcs" => describe_vpcs(set_filters, set_vpc_ids, set_next_token, set_max_results, set_dry_run)
        -> DescribeVpcsOutput { next_token, vpcs }
    "DescribeVpcAttribute" => describe_vpc_attribute(
        set_attribute, set_vpc_id, set_dry_run,
    ) -> DescribeVpcAttributeOutput {
        enable_dns_hostnames, enable_dns_support, enable_network_address_usage_metrics, vpc_id,
    }
    "DescribeSubnets" => describe_subnets(
        set_filters, set_subnet_ids, set_next_token, set_max_results, set_dry_run,
    ) -> DescribeSubnetsOutput { next_token, subnets }
    "DescribeRouteTables" => describe_route_tables(
        set_next_token, set_max_results, set_dry_run, set_route_table_ids, set_filters,
    ) -> DescribeRouteTablesOutput { route_tables, next_token }
    "DescribeInternetGateways" => describe_internet_gateways(
        set_next_token, set_max_results, set_dry_run, set_internet_gateway_ids, set_filters,
    ) -> DescribeInternetGatewaysOutput { internet_gateways, next_token }
    "DescribeEgressOnlyInternetGateways" => describe_egress_only_internet_gateways(
        set_dry_run, set_egress_only_internet_gateway_ids, set_max_results, set_next_token, set_filters,
    ) -> DescribeEgressOnlyInternetGatewaysOutput { egress_only_internet_gateways, next_token }
    "DescribeNatGateways" => describe_nat_gateways(
        set_dry_run, set_filter, set_max_results, set_nat_gateway_ids, set_next_token,
    ) -> DescribeNatGatewaysOutput { nat_gateways, next_token }
    "DescribeAddresses" => describe_addresses(set_public_ips, set_dry_run, set_filters, set_allocation_ids)
        -> DescribeAddressesOutput { addresses }
    "DescribeVpcEndpoints" => describe_vpc_endpoints(
        set_dry_run, set_vpc_endpoint_ids, set_filters, set_max_results, set_next_token,
    ) -> DescribeVpcEndpointsOutput { vpc_endpoints, next_token }
    "DescribeVpcEndpointServices" => describe_vpc_endpoint_services(
        set_dry_run, set_service_names, set_filters, set_max_results, set_next_token, set_service_regions,
    ) -> DescribeVpcEndpointServicesOutput { service_names, service_details, next_token }
    "DescribeVpcPeeringConnections" => describe_vpc_peering_connections(
        set_next_token, set_max_results, set_dry_run, set_vpc_peering_connection_ids, set_filters,
    ) -> DescribeVpcPeeringConnectionsOutput { vpc_peering_connections, next_token }
    "DescribeAvailabilityZones" => describe_availability_zones(
        set_zone_names, set_zone_ids, set_all_availability_zones, set_dry_run, set_filters,
    ) -> DescribeAvailabilityZonesOutput { availability_zones }
    "GetSubnetCidrReservations" => get_subnet_cidr_reservations(
        set_filters, set_subnet_id, set_dry_run, set_next_token, set_max_results,
    ) -> GetSubnetCidrReservationsOutput {
        subnet_ipv4_cidr_reservations, subnet_ipv6_cidr_reservations, next_token,
    }
    "CreateSubnet" => create_subnet(
        set_tag_specifications, set_availability_zone, set_availability_zone_id, set_cidr_block,
        set_ipv6_cidr_block, set_outpost_arn, set_vpc_id, set_ipv6_native, set_ipv4_ipam_pool_id,
        set_ipv4_netmask_length, set_ipv6_ipam_pool_id, set_ipv6_netmask_length, set_dry_run,
    ) -> CreateSubnetOutput { subnet }
    "DeleteSubnet" => delete_subnet(set_subnet_id, set_dry_run) -> DeleteSubnetOutput {}
    "ModifySubnetAttribute" => modify_subnet_attribute(
        set_assign_ipv6_address_on_creation, set_map_public_ip_on_launch, set_subnet_id,
        set_map_customer_owned_ip_on_launch, set_customer_owned_ipv4_pool, set_enable_dns64,
        set_private_dns_hostname_type_on_launch, set_enable_resource_name_dns_a_record_on_launch,
        set_enable_resource_name_dns_aaaa_record_on_launch = "EnableResourceNameDnsAAAARecordOnLaunch",
        set_enable_lni_at_device_index, set_disable_lni_at_device_index,
    ) -> ModifySubnetAttributeOutput {}
    "AllocateAddress" => allocate_address(
        set_domain, set_address, set_public_ipv4_pool, set_network_border_group, set_customer_owned_ipv4_pool,
        set_tag_specifications, set_ipam_pool_id, set_dry_run,
    ) -> AllocateAddressOutput {
        allocation_id, public_ipv4_pool, network_border_group, domain, customer_owned_ip,
        customer_owned_ipv4_pool, carrier_ip, public_ip,
    }
    "ReleaseAddress" => release_address(set_allocation_id, set_public_ip, set_network_border_group, set_dry_run)
        -> ReleaseAddressOutput {}
    "AssociateAddress" => associate_address(
        set_allocation_id, set_instance_id, set_public_ip, set_dry_run, set_network_interface_id,
        set_private_ip_address, set_allow_reassociation,
    ) -> AssociateAddressOutput { association_id }
    "DisassociateAddress" => disassociate_address(set_association_id, set_public_ip, set_dry_run)
        -> DisassociateAddressOutput {}
    "CreateNatGateway" => create_nat_gateway(
        set_availability_mode, set_allocation_id, set_client_token, set_dry_run, set_subnet_id, set_vpc_id,
        set_availability_zone_addresses, set_tag_specifications, set_connectivity_type, set_private_ip_address,
        set_secondary_allocation_ids, set_secondary_private_ip_addresses, set_secondary_private_ip_address_count,
    ) -> CreateNatGatewayOutput { client_token, nat_gateway }
    "DeleteNatGateway" => delete_nat_gateway(set_dry_run, set_nat_gateway_id)
        -> DeleteNatGatewayOutput { nat_gateway_id }
    "CreateRouteTable" => create_route_table(set_tag_specifications, set_client_token, set_dry_run, set_vpc_id)
        -> CreateRouteTableOutput { route_table, client_token }
    "DeleteRouteTable" => delete_route_table(set_dry_run, set_route_table_id) -> DeleteRouteTableOutput {}
    "CreateRoute" => create_route(
        set_destination_prefix_list_id, set_vpc_endpoint_id, set_transit_gateway_id, set_local_gateway_id,
        set_carrier_gateway_id, set_core_network_arn, set_odb_network_arn, set_dry_run, set_route_table_id,
        set_destination_cidr_block, set_gateway_id, set_destination_ipv6_cidr_block,
        set_egress_only_internet_gateway_id, set_instance_id, set_network_interface_id,
        set_vpc_peering_connection_id, set_nat_gateway_id,
    ) -> CreateRouteOutput { r#return }
    "DeleteRoute" => delete_route(
        set_destination_prefix_list_id, set_dry_run, set_route_table_id, set_destination_cidr_block,
        set_destination_ipv6_cidr_block,
    ) -> DeleteRouteOutput {}
    "EnableVgwRoutePropagation" => enable_vgw_route_propagation(set_gateway_id, set_route_table_id, set_dry_run)
        -> EnableVgwRoutePropagationOutput {}
    "DisableVgwRoutePropagation" => disable_vgw_route_propagation(
        set_gateway_id, set_route_table_id, set_dry_run,
    ) -> DisableVgwRoutePropagationOutput {}
    "AssociateRouteTable" => associate_route_table(
        set_gateway_id, set_public_ipv4_pool, set_dry_run, set_subnet_id, set_route_table_id,
    ) -> AssociateRouteTableOutput { association_id, association_state }
    "DisassociateRouteTable" => disassociate_route_table(set_dry_run, set_association_id)
        -> DisassociateRouteTableOutput {}
    "ReplaceRouteTableAssociation" => replace_route_table_association(
        set_dry_run, set_association_id, set_route_table_id,
    ) -> ReplaceRouteTableAssociationOutput { new_association_id, association_state }
    "CreateVpcEndpoint" => create_vpc_endpoint(
        set_dry_run, set_vpc_endpoint_type, set_vpc_id, set_service_name, set_policy_document,
        set_route_table_ids, set_subnet_ids, set_security_group_ids, set_ip_address_type, set_dns_options,
        set_client_token, set_private_dns_enabled, set_tag_specifications, set_subnet_configurations,
        set_service_network_arn, set_resource_configuration_arn, set_service_region,
    ) -> CreateVpcEndpointOutput { vpc_endpoint, client_token }
    "ModifyVpcEndpoint" => modify_vpc_endpoint(
        set_dry_run, set_vpc_endpoint_id, set_reset_policy, set_policy_document, set_add_route_table_ids,
        set_remove_route_table_ids, set_add_subnet_ids, set_remove_subnet_ids, set_add_security_group_ids,
        set_remove_security_group_ids, set_ip_address_type, set_dns_options, set_private_dns_enabled,
        set_subnet_configurations,
    ) -> ModifyVpcEndpointOutput { r#return }
    "DeleteVpcEndpoints" => delete_vpc_endpoints(set_dry_run, set_vpc_endpoint_ids)
        -> DeleteVpcEndpointsOutput { unsuccessful }
    "CreateTags" => create_tags(set_dry_run, set_resources, set_tags) -> CreateTagsOutput {}
    "DeleteTags" => delete_tags(set_dry_run, set_resources, set_tags) -> DeleteTagsOutput {}
}

answers! {
    aws_sdk_ec2;

    VpcCidrBlockState { state, status_message }
    VpcIpv6CidrBlockAssociation {
        association_id, ipv6_cidr_block, ipv6_cidr_block_state, network_border_group, ipv6_pool,
        ipv6_address_attribute, ip_source,
    }
    VpcCidrBlockAssociation { association_id, cidr_block, cidr_block_state }
    VpcEncryptionControlExclusion { state, state_message }
    VpcEncryptionControlExclusions {
        internet_gateway, egress_only_internet_gateway, nat_gateway, virtual_private_gateway, vpc_peering,
        lambda, vpc_lattice, elastic_file_system,
    }
    Tag { key, value }
    VpcEncryptionControl {
        vpc_id, vpc_encryption_control_id, mode, state, state_message, resource_exclusions, tags,
    }
    BlockPublicAccessStates { internet_gateway_block_mode }
    Vpc {
        owner_id, instance_tenancy, ipv6_cidr_block_association_set, cidr_block_association_set, is_default,
        encryption_control, tags, block_public_access_states, vpc_id, state, cidr_block, dhcp_options_id,
    }
    AttributeBooleanValue { value }
    SubnetCidrBlockState { state, status_message }
    SubnetIpv6CidrBlockAssociation {
        association_id, ipv6_cidr_block, ipv6_cidr_block_state, ipv6_address_attribute, ip_source,
    }
    PrivateDnsNameOptionsOnLaunch {
        hostname_type, enable_resource_name_dns_a_record,
        enable_resource_name_dns_aaaa_record = "EnableResourceNameDnsAAAARecord",
    }
    Subnet {
        availability_zone_id, enable_lni_at_device_index, map_customer_owned_ip_on_launch,
        customer_owned_ipv4_pool, owner_id, assign_ipv6_address_on_creation, ipv6_cidr_block_association_set,
        tags, subnet_arn, outpost_arn, enable_dns64, ipv6_native, private_dns_name_options_on_launch,
        block_public_access_states, r#type, subnet_id, state, vpc_id, cidr_block, available_ip_address_count,
        availability_zone, default_for_az = "DefaultForAz", map_public_ip_on_launch,
    }
    RouteTableAssociationState { state, status_message }
    RouteTableAssociation {
        main, route_table_association_id, route_table_id, subnet_id, gateway_id, public_ipv4_pool,
        association_state,
    }
    PropagatingVgw { gateway_id }
    Route {
        destination_cidr_block, destination_ipv6_cidr_block, destination_prefix_list_id,
        egress_only_internet_gateway_id, gateway_id, instance_id, instance_owner_id, nat_gateway_id,
        transit_gateway_id, local_gateway_id, carrier_gateway_id, network_interface_id, origin, state,
        vpc_peering_connection_id, core_network_arn, odb_network_arn, ip_address,
    }
    RouteTable { associations, propagating_vgws, route_table_id, routes, tags, vpc_id, owner_id }
    InternetGatewayAttachment { state, vpc_id }
    InternetGateway { attachments, internet_gateway_id, owner_id, tags }
    EgressOnlyInternetGateway { attachments, egress_only_internet_gateway_id, tags }
    NatGatewayAddress {
        allocation_id, network_interface_id, private_ip, public_ip, association_id, is_primary, failure_message,
        status, availability_zone, availability_zone_id,
    }
    ProvisionedBandwidth { provision_time, provisioned, request_time, requested, status }
    NatGatewayAttachedAppliance {
        r#type, appliance_arn, vpc_endpoint_id, attachment_state, modification_state, failure_code,
        failure_message,
    }
    NatGateway {
        create_time, delete_time, failure_code, failure_message, nat_gateway_addresses, nat_gateway_id,
        provisioned_bandwidth, state, subnet_id, vpc_id, tags, connectivity_type, availability_mode,
        auto_scaling_ips, auto_provision_zones, attached_appliances, route_table_id,
    }
    Address {
        allocation_id, association_id, domain, network_interface_id, network_interface_owner_id,
        private_ip_address, tags, public_ipv4_pool, network_border_group, customer_owned_ip,
        customer_owned_ipv4_pool, carrier_ip, subnet_id, service_managed, instance_id, public_ip,
    }
    SecurityGroupIdentifier { group_id, group_name }
    DnsOptions {
        dns_record_ip_type, private_dns_only_for_inbound_resolver_endpoint, private_dns_preference,
        private_dns_specified_domains,
    }
    DnsEntry { dns_name, hosted_zone_id }
    LastError { message, code }
    SubnetIpPrefixes { subnet_id, ip_prefixes }
    PayerResponsibilityEntry { scope, payer_responsibility_type }
    VpcEndpoint {
        vpc_endpoint_id, vpc_endpoint_type, vpc_id, service_name, state, policy_document, route_table_ids,
        subnet_ids, groups, ip_address_type, dns_options, private_dns_enabled, requester_managed,
        network_interface_ids, dns_entries, creation_timestamp, tags, owner_id, last_error, ipv4_prefixes,
        ipv6_prefixes, failure_reason, service_network_arn, resource_configuration_arn, service_region,
        payer_responsibilities,
    }
    ServiceTypeDetail { service_type }
    PrivateDnsDetails { private_dns_name }
    ServiceDetail {
        service_name, service_id, service_type, service_region, availability_zone_ids, availability_zones,
        owner, base_endpoint_dns_names, private_dns_name, private_dns_names, vpc_endpoint_policy_supported,
        acceptance_required, manages_vpc_endpoints, payer_responsibility, tags,
        private_dns_name_verification_state, supported_ip_address_types,
    }
    Ipv6CidrBlock { ipv6_cidr_block }
    CidrBlock { cidr_block }
    VpcPeeringConnectionOptionsDescription {
        allow_dns_resolution_from_remote_vpc, allow_egress_from_local_classic_link_to_remote_vpc,
        allow_egress_from_local_vpc_to_remote_classic_link,
    }
    VpcPeeringConnectionVpcInfo {
        cidr_block, ipv6_cidr_block_set, cidr_block_set, owner_id, peering_options, vpc_id, region,
    }
    VpcPeeringConnectionStateReason { code, message }
    VpcPeeringConnection {
        accepter_vpc_info, expiration_time, requester_vpc_info, status, tags, vpc_peering_connection_id,
    }
    AvailabilityZoneMessage { message }
    AvailabilityZoneGeography { name }
    AvailabilityZoneSubGeography { name }
    AvailabilityZone {
        opt_in_status, messages, region_name, zone_name, zone_id, group_name, network_border_group, zone_type,
        parent_zone_name, parent_zone_id, group_long_name, geography, sub_geography, state,
    }
    SubnetCidrReservation {
        subnet_cidr_reservation_id, subnet_id, cidr, reservation_type, owner_id, description, tags,
    }
    UnsuccessfulItemError { code, message }
    UnsuccessfulItem { error, resource_id }
}

parameters! {
    aws_sdk_ec2;

    Filter { name, values }
    Tag { key, value }
    TagSpecification { resource_type, tags }
    AttributeBooleanValue { value }
    AvailabilityZoneAddress { availability_zone, availability_zone_id, allocation_ids }
    DnsOptionsSpecification {
        dns_record_ip_type, private_dns_only_for_inbound_resolver_endpoint, private_dns_preference,
        private_dns_specified_domains,
    }
    SubnetConfiguration { subnet_id, ipv4, ipv6 }
}

words! {
    aws_sdk_ec2;

    AttachmentStatus, AutoProvisionZonesState, AutoScalingIpsState, AvailabilityMode,
    AvailabilityZoneOptInStatus, AvailabilityZoneState, BlockPublicAccessMode, ConnectivityType, DnsNameState,
    DnsRecordIpType, DomainType, HostnameType, IpAddressType, IpSource, Ipv6AddressAttribute,
    NatGatewayAddressStatus, NatGatewayApplianceModifyState, NatGatewayApplianceState, NatGatewayApplianceType,
    NatGatewayState, PayerResponsibility, PayerResponsibilityScope, PayerResponsibilityType, ResourceType,
    RouteOrigin, RouteState, RouteTableAssociationStateCode, ServiceConnectivityType, ServiceManaged,
    ServiceType, State, SubnetCidrBlockStateCode, SubnetCidrReservationType, SubnetState, Tenancy,
    VpcAttributeName, VpcCidrBlockStateCode, VpcEncryptionControlExclusionState, VpcEncryptionControlMode,
    VpcEncryptionControlState, VpcEndpointType, VpcPeeringConnectionStateReasonCode, VpcState,
}
