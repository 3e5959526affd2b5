//! Elastic Load Balancing, the first generation: Classic Load Balancers. `elb` here as in the CLI; IAM and CloudTrail know
//! both generations by one name, `elasticloadbalancing`, which `elbv2.rs` has.

use super::json::{answers, operations, parameters};

operations! {
    aws_sdk_elasticloadbalancing;

    "DescribeLoadBalancers" => describe_load_balancers(set_load_balancer_names, set_marker, set_page_size)
        -> DescribeLoadBalancersOutput { load_balancer_descriptions, next_marker }
    "DescribeTags" => describe_tags(set_load_balancer_names) -> DescribeTagsOutput { tag_descriptions }
    "DescribeInstanceHealth" => describe_instance_health(set_load_balancer_name, set_instances)
        -> DescribeInstanceHealthOutput { instance_states }
    "AttachLoadBalancerToSubnets" => attach_load_balancer_to_subnets(set_load_balancer_name, set_subnets)
        -> AttachLoadBalancerToSubnetsOutput { subnets }
    "DetachLoadBalancerFromSubnets" => detach_load_balancer_from_subnets(set_load_balancer_name, set_subnets)
        -> DetachLoadBalancerFromSubnetsOutput { subnets }
    "ApplySecurityGroupsToLoadBalancer" => apply_security_groups_to_load_balancer(
        set_load_balancer_name, set_security_groups,
    ) -> ApplySecurityGroupsToLoadBalancerOutput { security_groups }
    "DescribeLoadBalancerAttributes" => describe_load_balancer_attributes(set_load_balancer_name)
        -> DescribeLoadBalancerAttributesOutput { load_balancer_attributes }
    "RegisterInstancesWithLoadBalancer" => register_instances_with_load_balancer(
        set_load_balancer_name, set_instances,
    ) -> RegisterInstancesWithLoadBalancerOutput { instances }
    "DeregisterInstancesFromLoadBalancer" => deregister_instances_from_load_balancer(
        set_load_balancer_name, set_instances,
    ) -> DeregisterInstancesFromLoadBalancerOutput { instances }
}

answers! {
    aws_sdk_elasticloadbalancing;

    LoadBalancerDescription {
        load_balancer_name, dns_name = "DNSName", canonical_hosted_zone_name,
        canonical_hosted_zone_name_id = "CanonicalHostedZoneNameID", listener_descriptions, policies,
        backend_server_descriptions, availability_zones, subnets, vpc_id = "VPCId", instances, health_check,
        source_security_group, security_groups, created_time, scheme,
    }
    ListenerDescription { listener, policy_names }
    Listener {
        protocol, load_balancer_port, instance_protocol, instance_port,
        ssl_certificate_id = "SSLCertificateId",
    }
    Policies {
        app_cookie_stickiness_policies, lb_cookie_stickiness_policies = "LBCookieStickinessPolicies",
        other_policies,
    }
    AppCookieStickinessPolicy { policy_name, cookie_name }
    LbCookieStickinessPolicy { policy_name, cookie_expiration_period }
    BackendServerDescription { instance_port, policy_names }
    Instance { instance_id }
    HealthCheck { target, interval, timeout, unhealthy_threshold, healthy_threshold }
    SourceSecurityGroup { owner_alias, group_name }
    TagDescription { load_balancer_name, tags }
    Tag { key, value }
    InstanceState { instance_id, state, reason_code, description }
    LoadBalancerAttributes {
        cross_zone_load_balancing, access_log, connection_draining, connection_settings, additional_attributes,
    }
    CrossZoneLoadBalancing { enabled }
    AccessLog { enabled, s3_bucket_name, emit_interval, s3_bucket_prefix }
    ConnectionDraining { enabled, timeout }
    ConnectionSettings { idle_timeout }
    AdditionalAttribute { key, value }
}

parameters! {
    aws_sdk_elasticloadbalancing;

    Instance { instance_id }
}
