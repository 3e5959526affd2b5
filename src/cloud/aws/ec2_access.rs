//! EC2: how people and other accounts get in, and what is seen of it: Client VPN, endpoint services, flow logs.

use super::json::{answers, operations, parameters, words};

operations! {
    aws_sdk_ec2;

    "CreateClientVpnEndpoint" => create_client_vpn_endpoint(
        set_client_cidr_block, set_server_certificate_arn, set_authentication_options,
        set_connection_log_options, set_dns_servers, set_transport_protocol, set_vpn_port, set_description,
        set_split_tunnel, set_dry_run, set_client_token, set_tag_specifications, set_security_group_ids,
        set_vpc_id, set_self_service_portal, set_client_connect_options, set_session_timeout_hours,
        set_client_login_banner_options, set_client_route_enforcement_options,
        set_disconnect_on_session_timeout, set_endpoint_ip_address_type, set_traffic_ip_address_type,
        set_transit_gateway_configuration, set_device_posture_options,
    ) -> CreateClientVpnEndpointOutput { client_vpn_endpoint_id, status, dns_name }
    "DescribeClientVpnEndpoints" => describe_client_vpn_endpoints(
        set_client_vpn_endpoint_ids, set_max_results, set_next_token, set_filters, set_dry_run,
    ) -> DescribeClientVpnEndpointsOutput { client_vpn_endpoints, next_token }
    "DeleteClientVpnEndpoint" => delete_client_vpn_endpoint(set_client_vpn_endpoint_id, set_dry_run)
        -> DeleteClientVpnEndpointOutput { status }
    "AssociateClientVpnTargetNetwork" => associate_client_vpn_target_network(
        set_client_vpn_endpoint_id, set_subnet_id, set_client_token, set_dry_run, set_availability_zone,
        set_availability_zone_id,
    ) -> AssociateClientVpnTargetNetworkOutput { association_id, status }
    "DisassociateClientVpnTargetNetwork" => disassociate_client_vpn_target_network(
        set_client_vpn_endpoint_id, set_association_id, set_dry_run,
    ) -> DisassociateClientVpnTargetNetworkOutput { association_id, status }
    "DescribeClientVpnTargetNetworks" => describe_client_vpn_target_networks(
        set_client_vpn_endpoint_id, set_association_ids, set_max_results, set_next_token, set_filters,
        set_dry_run,
    ) -> DescribeClientVpnTargetNetworksOutput { client_vpn_target_networks, next_token }
    "AuthorizeClientVpnIngress" => authorize_client_vpn_ingress(
        set_client_vpn_endpoint_id, set_target_network_cidr, set_access_group_id, set_authorize_all_groups,
        set_description, set_client_token, set_dry_run,
    ) -> AuthorizeClientVpnIngressOutput { status }
    "RevokeClientVpnIngress" => revoke_client_vpn_ingress(
        set_client_vpn_endpoint_id, set_target_network_cidr, set_access_group_id, set_revoke_all_groups,
        set_dry_run,
    ) -> RevokeClientVpnIngressOutput { status }
    "DescribeClientVpnAuthorizationRules" => describe_client_vpn_authorization_rules(
        set_client_vpn_endpoint_id, set_dry_run, set_next_token, set_filters, set_max_results,
    ) -> DescribeClientVpnAuthorizationRulesOutput { authorization_rules, next_token }
    "DescribeFlowLogs" => describe_flow_logs(
        set_dry_run, set_filter, set_flow_log_ids, set_max_results, set_next_token,
    ) -> DescribeFlowLogsOutput { flow_logs, next_token }
    "DescribeVpcEndpointServiceConfigurations" => describe_vpc_endpoint_service_configurations(
        set_dry_run, set_service_ids, set_filters, set_max_results, set_next_token,
    ) -> DescribeVpcEndpointServiceConfigurationsOutput { service_configurations, next_token }
}

answers! {
    aws_sdk_ec2;

    ClientVpnEndpointStatus { code, message }
    ClientVpnEndpoint {
        client_vpn_endpoint_id, description, status, creation_time, deletion_time, dns_name, client_cidr_block,
        dns_servers, split_tunnel, vpn_protocol, transport_protocol, vpn_port, associated_target_networks,
        server_certificate_arn, authentication_options, connection_log_options, tags, security_group_ids,
        vpc_id, self_service_portal_url, client_connect_options, session_timeout_hours,
        client_login_banner_options, client_route_enforcement_options, disconnect_on_session_timeout,
        endpoint_ip_address_type, traffic_ip_address_type, transit_gateway_configuration,
        device_posture_options,
    }
    AssociatedTargetNetwork { network_id, network_type }
    ClientVpnAuthentication { r#type, active_directory, mutual_authentication, federated_authentication }
    DirectoryServiceAuthentication { directory_id }
    CertificateAuthentication { client_root_certificate_chain }
    FederatedAuthentication { saml_provider_arn, self_service_saml_provider_arn }
    ConnectionLogResponseOptions {
        enabled, cloudwatch_log_group, cloudwatch_log_stream, include_authorization_policy_context,
    }
    ClientConnectResponseOptions { enabled, lambda_function_arn, status }
    ClientVpnEndpointAttributeStatus { code, message }
    ClientLoginBannerResponseOptions { enabled, banner_text }
    ClientRouteEnforcementResponseOptions { enforced }
    TransitGatewayConfigurationDescribeEndpointStructure {
        transit_gateway_id, transit_gateway_attachment_id, availability_zones, availability_zone_ids,
    }
    DevicePostureResponseOptions { trust_providers }
    ClientVpnTrustProvider { trust_provider_type, tenant_id, public_signing_key_url }
    AssociationStatus { code, message }
    TargetNetwork {
        association_id, vpc_id, target_network_id, client_vpn_endpoint_id, status, security_groups,
        availability_zones, availability_zone_ids,
    }
    ClientVpnAuthorizationRuleStatus { code, message }
    AuthorizationRule { client_vpn_endpoint_id, description, group_id, access_all, destination_cidr, status }
    FlowLog {
        creation_time, deliver_logs_error_message, deliver_logs_permission_arn, deliver_cross_account_role,
        deliver_logs_status, flow_log_id, flow_log_status, log_group_name, resource_id, traffic_type,
        log_destination_type, log_destination, log_format, tags, max_aggregation_interval, destination_options,
        tag_field_specifications,
    }
    DestinationOptionsResponse { file_format, hive_compatible_partitions, per_hour_partition }
    TagFieldSpecificationResponse { resource_type, tag_keys }
    ServiceConfiguration {
        service_type, service_id, service_name, service_state, availability_zone_ids, availability_zones,
        acceptance_required, manages_vpc_endpoints, network_load_balancer_arns, gateway_load_balancer_arns,
        supported_ip_address_types, base_endpoint_dns_names, private_dns_name, private_dns_name_configuration,
        payer_responsibility, tags, supported_regions, remote_access_enabled,
    }
    PrivateDnsNameConfiguration { state, r#type, value, name }
    SupportedRegionDetail { region, service_state }
}

parameters! {
    aws_sdk_ec2;

    ClientVpnAuthenticationRequest { r#type, active_directory, mutual_authentication, federated_authentication }
    DirectoryServiceAuthenticationRequest { directory_id }
    CertificateAuthenticationRequest { client_root_certificate_chain_arn }
    FederatedAuthenticationRequest {
        saml_provider_arn = "SAMLProviderArn", self_service_saml_provider_arn = "SelfServiceSAMLProviderArn",
    }
    ConnectionLogOptions {
        enabled, cloudwatch_log_group, cloudwatch_log_stream, include_authorization_policy_context,
    }
    ClientConnectOptions { enabled, lambda_function_arn }
    ClientLoginBannerOptions { enabled, banner_text }
    ClientRouteEnforcementOptions { enforced }
    TransitGatewayConfigurationInputStructure { transit_gateway_id, availability_zones, availability_zone_ids }
    DevicePostureOptions { trust_providers, enabled }
    ClientVpnTrustProviderRequest { trust_provider_type, tenant_id, public_signing_key_url }
}

words! {
    aws_sdk_ec2;

    AssociatedNetworkType, AssociationStatusCode, ClientVpnAuthenticationType,
    ClientVpnAuthorizationRuleStatusCode, ClientVpnDeviceTrustProviderType,
    ClientVpnEndpointAttributeStatusCode, ClientVpnEndpointStatusCode, DestinationFileFormat,
    EndpointIpAddressType, LogDestinationType, SelfServicePortal, ServiceState, TaggableResourceType,
    TrafficIpAddressType, TrafficType, TransportProtocol, VpnProtocol,
}
