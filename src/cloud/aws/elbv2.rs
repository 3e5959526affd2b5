//! Elastic Load Balancing: application, network and gateway load balancers, and their targets.

use super::json::{answers, operations, parameters, words};

operations! {
    aws_sdk_elasticloadbalancingv2;

    "DescribeLoadBalancers" => describe_load_balancers(
        set_load_balancer_arns, set_names, set_marker, set_page_size,
    ) -> DescribeLoadBalancersOutput { load_balancers, next_marker }
    "DescribeListeners" => describe_listeners(
        set_load_balancer_arn, set_listener_arns, set_marker, set_page_size,
    ) -> DescribeListenersOutput { listeners, next_marker }
    "DescribeRules" => describe_rules(set_listener_arn, set_rule_arns, set_marker, set_page_size)
        -> DescribeRulesOutput { rules, next_marker }
    "DescribeTargetGroups" => describe_target_groups(
        set_load_balancer_arn, set_target_group_arns, set_names, set_marker, set_page_size,
    ) -> DescribeTargetGroupsOutput { target_groups, next_marker }
    "DescribeTargetHealth" => describe_target_health(set_target_group_arn, set_targets, set_include)
        -> DescribeTargetHealthOutput { target_health_descriptions }
    "DescribeTargetGroupAttributes" => describe_target_group_attributes(set_target_group_arn)
        -> DescribeTargetGroupAttributesOutput { attributes }
    "DescribeLoadBalancerAttributes" => describe_load_balancer_attributes(set_load_balancer_arn)
        -> DescribeLoadBalancerAttributesOutput { attributes }
    "DescribeTags" => describe_tags(set_resource_arns) -> DescribeTagsOutput { tag_descriptions }
    "SetSubnets" => set_subnets(
        set_load_balancer_arn, set_subnets, set_subnet_mappings, set_ip_address_type,
        set_enable_prefix_for_ipv6_source_nat,
    ) -> SetSubnetsOutput { availability_zones, ip_address_type, enable_prefix_for_ipv6_source_nat }
    "SetSecurityGroups" => set_security_groups(set_load_balancer_arn, set_security_groups)
        -> SetSecurityGroupsOutput { security_group_ids }
    "RegisterTargets" => register_targets(set_target_group_arn, set_targets) -> RegisterTargetsOutput {}
    "DeregisterTargets" => deregister_targets(set_target_group_arn, set_targets) -> DeregisterTargetsOutput {}
    "ModifyLoadBalancerAttributes" => modify_load_balancer_attributes(set_load_balancer_arn, set_attributes)
        -> ModifyLoadBalancerAttributesOutput { attributes }
}

answers! {
    aws_sdk_elasticloadbalancingv2;

    LoadBalancerState { code, reason }
    LoadBalancerAddress {
        ip_address, allocation_id, private_ipv4_address = "PrivateIPv4Address", ipv6_address = "IPv6Address",
    }
    AvailabilityZone { zone_name, subnet_id, outpost_id, load_balancer_addresses, source_nat_ipv6_prefixes }
    IpamPools { ipv4_ipam_pool_id }
    LoadBalancer {
        load_balancer_arn, dns_name = "DNSName", canonical_hosted_zone_id, created_time, load_balancer_name,
        scheme, vpc_id, state, r#type, availability_zones, security_groups, ip_address_type,
        customer_owned_ipv4_pool, enforce_security_group_inbound_rules_on_private_link_traffic,
        enable_prefix_for_ipv6_source_nat, ipam_pools,
    }
    Certificate { certificate_arn, is_default }
    AuthenticateOidcActionConfig {
        issuer, authorization_endpoint, token_endpoint, user_info_endpoint, client_id, client_secret,
        session_cookie_name, scope, session_timeout, authentication_request_extra_params,
        on_unauthenticated_request, use_existing_client_secret,
    }
    AuthenticateCognitoActionConfig {
        user_pool_arn, user_pool_client_id, user_pool_domain, session_cookie_name, scope, session_timeout,
        authentication_request_extra_params, on_unauthenticated_request,
    }
    RedirectActionConfig { protocol, port, host, path, query, status_code }
    FixedResponseActionConfig { message_body, status_code, content_type }
    TargetGroupTuple { target_group_arn, weight }
    TargetGroupStickinessConfig { enabled, duration_seconds }
    ForwardActionConfig { target_groups, target_group_stickiness_config }
    JwtValidationActionAdditionalClaim { format, name, values }
    JwtValidationActionConfig { jwks_endpoint, issuer, additional_claims }
    Action {
        r#type, target_group_arn, authenticate_oidc_config, authenticate_cognito_config, order, redirect_config,
        fixed_response_config, forward_config, jwt_validation_config,
    }
    MutualAuthenticationAttributes {
        mode, trust_store_arn, ignore_client_certificate_expiry, trust_store_association_status,
        advertise_trust_store_ca_names,
    }
    Listener {
        listener_arn, load_balancer_arn, port, protocol, certificates, ssl_policy, default_actions, alpn_policy,
        mutual_authentication,
    }
    HostHeaderConditionConfig { values, regex_values }
    PathPatternConditionConfig { values, regex_values }
    HttpHeaderConditionConfig { http_header_name, values, regex_values }
    QueryStringKeyValuePair { key, value }
    QueryStringConditionConfig { values }
    HttpRequestMethodConditionConfig { values }
    SourceIpConditionConfig { values, ip_address_type }
    RuleCondition {
        field, values, host_header_config, path_pattern_config, http_header_config, query_string_config,
        http_request_method_config, source_ip_config, regex_values,
    }
    RewriteConfig { regex, replace }
    HostHeaderRewriteConfig { rewrites }
    UrlRewriteConfig { rewrites }
    RuleTransform { r#type, host_header_rewrite_config, url_rewrite_config }
    Rule { rule_arn, priority, conditions, actions, is_default, transforms }
    Matcher { http_code, grpc_code }
    TargetGroup {
        target_group_arn, target_group_name, protocol, port, vpc_id, health_check_protocol, health_check_port,
        health_check_enabled, health_check_interval_seconds, health_check_timeout_seconds,
        healthy_threshold_count, unhealthy_threshold_count, health_check_path, matcher, load_balancer_arns,
        target_type, protocol_version, ip_address_type, target_control_port,
    }
    TargetDescription { id, port, availability_zone, quic_server_id }
    TargetHealth { state, reason, description }
    AnomalyDetection { result, mitigation_in_effect }
    AdministrativeOverride { state, reason, description }
    TargetHealthDescription { target, health_check_port, target_health, anomaly_detection, administrative_override }
    TargetGroupAttribute { key, value }
    LoadBalancerAttribute { key, value }
    Tag { key, value }
    TagDescription { resource_arn, tags }
}

parameters! {
    aws_sdk_elasticloadbalancingv2;

    TargetDescription { id, port, availability_zone, quic_server_id }
    SubnetMapping {
        subnet_id, allocation_id, private_ipv4_address = "PrivateIPv4Address", ipv6_address = "IPv6Address",
        source_nat_ipv6_prefix,
    }
    LoadBalancerAttribute { key, value }
}

words! {
    aws_sdk_elasticloadbalancingv2;

    ActionTypeEnum, AdvertiseTrustStoreCaNamesEnum, AnomalyResultEnum,
    AuthenticateCognitoActionConditionalBehaviorEnum, AuthenticateOidcActionConditionalBehaviorEnum,
    DescribeTargetHealthInputIncludeEnum, EnablePrefixForIpv6SourceNatEnum, IpAddressType,
    JwtValidationActionAdditionalClaimFormatEnum, LoadBalancerSchemeEnum, LoadBalancerStateEnum,
    LoadBalancerTypeEnum, MitigationInEffectEnum, ProtocolEnum, RedirectActionStatusCodeEnum,
    SourceIpAddressTypeEnum, TargetAdministrativeOverrideReasonEnum, TargetAdministrativeOverrideStateEnum,
    TargetGroupIpAddressTypeEnum, TargetHealthReasonEnum, TargetHealthStateEnum, TargetTypeEnum,
    TransformTypeEnum, TrustStoreAssociationStatusEnum,
}
