//! ElastiCache: clusters and replication groups, and the subnets that they may sit in. Only looked at so far.

use super::json::{answers, operations, words};

operations! {
    aws_sdk_elasticache;

    "DescribeCacheClusters" => describe_cache_clusters(
        set_cache_cluster_id, set_max_records, set_marker, set_show_cache_node_info,
        set_show_cache_clusters_not_in_replication_groups,
    ) -> DescribeCacheClustersOutput { marker, cache_clusters }
    "DescribeCacheSubnetGroups" => describe_cache_subnet_groups(
        set_cache_subnet_group_name, set_max_records, set_marker,
    ) -> DescribeCacheSubnetGroupsOutput { marker, cache_subnet_groups }
    "DescribeReplicationGroups" => describe_replication_groups(
        set_replication_group_id, set_max_records, set_marker,
    ) -> DescribeReplicationGroupsOutput { marker, replication_groups }
}

answers! {
    aws_sdk_elasticache;

    Endpoint { address, port }
    CloudWatchLogsDestinationDetails { log_group }
    KinesisFirehoseDestinationDetails { delivery_stream }
    DestinationDetails { cloud_watch_logs_details, kinesis_firehose_details }
    PendingLogDeliveryConfiguration { log_type, destination_type, destination_details, log_format }
    ScaleConfig { scale_percentage, scale_interval_minutes }
    PendingModifiedValues {
        num_cache_nodes, cache_node_ids_to_remove, engine_version, cache_node_type, auth_token_status,
        log_delivery_configurations, transit_encryption_enabled, transit_encryption_mode, scale_config,
    }
    NotificationConfiguration { topic_arn, topic_status }
    CacheSecurityGroupMembership { cache_security_group_name, status }
    CacheParameterGroupStatus { cache_parameter_group_name, parameter_apply_status, cache_node_ids_to_reboot }
    CacheNode {
        cache_node_id, cache_node_status, cache_node_create_time, endpoint, parameter_group_status,
        source_cache_node_id, customer_availability_zone, customer_outpost_arn,
    }
    SecurityGroupMembership { security_group_id, status }
    LogDeliveryConfiguration { log_type, destination_type, destination_details, log_format, status, message }
    CacheCluster {
        cache_cluster_id, configuration_endpoint, client_download_landing_page, cache_node_type, engine,
        engine_version, cache_cluster_status, num_cache_nodes, preferred_availability_zone,
        preferred_outpost_arn, cache_cluster_create_time, preferred_maintenance_window, pending_modified_values,
        notification_configuration, cache_security_groups, cache_parameter_group, cache_subnet_group_name,
        cache_nodes, auto_minor_version_upgrade, security_groups, replication_group_id,
        snapshot_retention_limit, snapshot_window, auth_token_enabled, auth_token_last_modified_date,
        transit_encryption_enabled, at_rest_encryption_enabled, arn = "ARN",
        replication_group_log_delivery_enabled, log_delivery_configurations, network_type, ip_discovery,
        transit_encryption_mode,
    }
    AvailabilityZone { name }
    SubnetOutpost { subnet_outpost_arn }
    Subnet { subnet_identifier, subnet_availability_zone, subnet_outpost, supported_network_types }
    CacheSubnetGroup {
        cache_subnet_group_name, cache_subnet_group_description, vpc_id, subnets, arn = "ARN",
        supported_network_types,
    }
    GlobalReplicationGroupInfo { global_replication_group_id, global_replication_group_member_role }
    SlotMigration { progress_percentage }
    ReshardingStatus { slot_migration }
    UserGroupsUpdateStatus { user_group_ids_to_add, user_group_ids_to_remove }
    ReplicationGroupPendingModifiedValues {
        primary_cluster_id, automatic_failover_status, resharding, auth_token_status, user_groups,
        log_delivery_configurations, transit_encryption_enabled, transit_encryption_mode, cluster_mode,
    }
    NodeGroupMember {
        cache_cluster_id, cache_node_id, read_endpoint, preferred_availability_zone, preferred_outpost_arn,
        current_role,
    }
    NodeGroup { node_group_id, status, primary_endpoint, reader_endpoint, slots, node_group_members }
    ReplicationGroup {
        replication_group_id, description, global_replication_group_info, status, pending_modified_values,
        member_clusters, node_groups, snapshotting_cluster_id, automatic_failover, multi_az,
        configuration_endpoint, snapshot_retention_limit, snapshot_window, cluster_enabled, cache_node_type,
        auth_token_enabled, auth_token_last_modified_date, transit_encryption_enabled,
        at_rest_encryption_enabled, member_clusters_outpost_arns, kms_key_id, storage_encryption_type,
        arn = "ARN", user_group_ids, log_delivery_configurations, replication_group_create_time, data_tiering,
        auto_minor_version_upgrade, network_type, ip_discovery, transit_encryption_mode, cluster_mode, engine,
        durability, effective_durability,
    }
}

words! {
    aws_sdk_elasticache;

    AuthTokenUpdateStatus, AutomaticFailoverStatus, ClusterMode, DataTieringStatus, DestinationType, Durability,
    EffectiveDurability, IpDiscovery, LogDeliveryConfigurationStatus, LogFormat, LogType, MultiAzStatus,
    NetworkType, PendingAutomaticFailoverStatus, StorageEncryptionType, TransitEncryptionMode,
}
