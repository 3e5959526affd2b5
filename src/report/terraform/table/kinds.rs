//! Terraform types that a plan changes or replaces, as they stand in an account and in a state.

/// A type as it stands in an account and in a state: the kind, where the kind's document has the name by which calls know
/// it, and the state's attributes that may hold that name.
pub struct Kind {
    /// The Terraform type.
    pub of: &'static str,
    /// The kind's name.
    pub kind: &'static str,
    /// Where its document names it.
    pub named: &'static str,
    /// Attributes of an instance in a state; the first names it in a configuration, too.
    pub attributes: &'static [&'static str],
}

const fn kind(of: &'static str, kind: &'static str, named: &'static str, attributes: &'static [&'static str]) -> Kind {
    Kind { of, kind, named, attributes }
}

/// Types that a plan changes or replaces.
pub const KINDS: &[Kind] = &[
    kind("aws_subnet", "subnet", "SubnetId", &["id"]),
    kind("aws_eip", "elastic_ip", "AllocationId", &["id", "allocation_id"]),
    kind("aws_nat_gateway", "nat_gateway", "NatGatewayId", &["id"]),
    kind("aws_route_table", "route_table", "RouteTableId", &["id"]),
    kind("aws_route_table_association", "subnet", "SubnetId", &["subnet_id"]),
    kind("aws_vpc_endpoint", "vpc_endpoint", "VpcEndpointId", &["id"]),
    kind("aws_security_group", "security_group", "GroupId", &["id"]),
    kind("aws_instance", "ec2_instance", "InstanceId", &["id"]),
    kind("aws_launch_template", "", "", &["id"]),
    kind("aws_lb", "load_balancer", "LoadBalancerArn", &["arn", "id"]),
    kind("aws_elb", "classic_balancer", "LoadBalancerName", &["name", "id"]),
    kind("aws_db_instance", "db_instance", "DBInstanceIdentifier", &["identifier", "id"]),
    kind("aws_rds_cluster_instance", "db_instance", "DBInstanceIdentifier", &["identifier", "id"]),
    kind("aws_rds_cluster", "db_cluster", "DBClusterIdentifier", &["cluster_identifier", "id"]),
    kind("aws_rds_cluster_endpoint", "", "", &["cluster_endpoint_identifier", "id"]),
    kind("aws_db_subnet_group", "db_subnet_group", "DBSubnetGroupName", &["name", "id"]),
    kind("aws_elasticache_cluster", "cache_cluster", "CacheClusterId", &["cluster_id", "id"]),
    kind("aws_elasticache_subnet_group", "cache_subnet_group", "CacheSubnetGroupName", &["name", "id"]),
    kind("aws_elasticache_replication_group", "replication_group", "ReplicationGroupId", &["replication_group_id", "id"]),
    kind("aws_elasticache_serverless_cache", "serverless_cache", "ServerlessCacheName", &["name", "id"]),
    kind("aws_lambda_function", "lambda_function", "FunctionName", &["function_name", "id"]),
    kind("aws_lambda_alias", "", "", &["name"]),
    kind("aws_ecs_service", "ecs_service", "serviceName", &["name"]),
    kind("aws_autoscaling_group", "auto_scaling_group", "AutoScalingGroupName", &["name", "id"]),
    kind(
        "aws_batch_compute_environment",
        "batch_compute_environment",
        "computeEnvironmentName",
        &["name", "compute_environment_name", "id"],
    ),
    kind("aws_batch_job_queue", "", "", &["name"]),
    kind("aws_cloudwatch_event_target", "scheduled_task", "Rule", &["rule"]),
    kind("aws_scheduler_schedule", "schedule", "Name", &["name"]),
    kind("aws_route53_record", "dns_record", "Name", &["name", "fqdn"]),
    kind("aws_iam_instance_profile", "", "", &["name", "id"]),
    kind("aws_lb_target_group_attachment", "", "", &["target_id"]),
    kind("aws_iam_role", "", "", &["name", "id"]),
];

/// A type's line.
pub fn kind_of(of: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.of == of)
}
