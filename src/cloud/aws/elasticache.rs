//! ElastiCache: clusters, replication groups and serverless caches, their snapshots, and the subnets that they may sit in.
//!
//! Auth tokens are neither read nor written.

use super::json::{answers, operations, parameters, words};

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
    "ModifyReplicationGroup" => modify_replication_group(
        set_replication_group_id, set_replication_group_description, set_primary_cluster_id,
        set_snapshotting_cluster_id, set_automatic_failover_enabled, set_multi_az_enabled,
        set_cache_security_group_names, set_security_group_ids, set_preferred_maintenance_window,
        set_notification_topic_arn, set_cache_parameter_group_name, set_notification_topic_status,
        set_apply_immediately, set_engine, set_engine_version, set_auto_minor_version_upgrade,
        set_snapshot_retention_limit, set_snapshot_window, set_cache_node_type, set_user_group_ids_to_add,
        set_user_group_ids_to_remove, set_remove_user_groups, set_log_delivery_configurations,
        set_ip_discovery, set_transit_encryption_enabled, set_transit_encryption_mode, set_cluster_mode,
        set_durability,
    ) -> ModifyReplicationGroupOutput { replication_group }
    "IncreaseReplicaCount" => increase_replica_count(
        set_replication_group_id, set_new_replica_count, set_replica_configuration, set_apply_immediately,
    ) -> IncreaseReplicaCountOutput { replication_group }
    "DecreaseReplicaCount" => decrease_replica_count(
        set_replication_group_id, set_new_replica_count, set_replica_configuration, set_replicas_to_remove,
        set_apply_immediately,
    ) -> DecreaseReplicaCountOutput { replication_group }
    "TestFailover" => test_failover(set_replication_group_id) -> TestFailoverOutput { replication_group }
    "ModifyCacheCluster" => modify_cache_cluster(
        set_cache_cluster_id, set_num_cache_nodes, set_cache_node_ids_to_remove, set_az_mode,
        set_new_availability_zones, set_cache_security_group_names, set_security_group_ids,
        set_preferred_maintenance_window, set_notification_topic_arn, set_cache_parameter_group_name,
        set_notification_topic_status, set_apply_immediately, set_engine, set_engine_version,
        set_auto_minor_version_upgrade, set_snapshot_retention_limit, set_snapshot_window, set_cache_node_type,
        set_log_delivery_configurations, set_ip_discovery, set_scale_config,
    ) -> ModifyCacheClusterOutput { cache_cluster }
    "ModifyCacheSubnetGroup" => modify_cache_subnet_group(
        set_cache_subnet_group_name, set_cache_subnet_group_description, set_subnet_ids,
    ) -> ModifyCacheSubnetGroupOutput { cache_subnet_group }
    "CreateCacheSubnetGroup" => create_cache_subnet_group(
        set_cache_subnet_group_name, set_cache_subnet_group_description, set_subnet_ids, set_tags,
    ) -> CreateCacheSubnetGroupOutput { cache_subnet_group }
    "DeleteCacheSubnetGroup" => delete_cache_subnet_group(set_cache_subnet_group_name)
        -> DeleteCacheSubnetGroupOutput {}
    "CreateReplicationGroup" => create_replication_group(
        set_replication_group_id, set_replication_group_description, set_global_replication_group_id,
        set_primary_cluster_id, set_automatic_failover_enabled, set_multi_az_enabled, set_num_cache_clusters,
        set_preferred_cache_cluster_azs = "PreferredCacheClusterAZs", set_num_node_groups,
        set_replicas_per_node_group, set_node_group_configuration, set_cache_node_type, set_engine,
        set_engine_version, set_cache_parameter_group_name, set_cache_subnet_group_name,
        set_cache_security_group_names, set_security_group_ids, set_tags, set_snapshot_arns, set_snapshot_name,
        set_preferred_maintenance_window, set_port, set_notification_topic_arn, set_auto_minor_version_upgrade,
        set_snapshot_retention_limit, set_snapshot_window, set_transit_encryption_enabled,
        set_at_rest_encryption_enabled, set_kms_key_id, set_user_group_ids, set_log_delivery_configurations,
        set_data_tiering_enabled, set_network_type, set_ip_discovery, set_transit_encryption_mode,
        set_cluster_mode, set_serverless_cache_snapshot_name, set_durability,
    ) -> CreateReplicationGroupOutput { replication_group }
    "DeleteReplicationGroup" => delete_replication_group(
        set_replication_group_id, set_retain_primary_cluster, set_final_snapshot_identifier,
    ) -> DeleteReplicationGroupOutput { replication_group }
    "CreateCacheCluster" => create_cache_cluster(
        set_cache_cluster_id, set_replication_group_id, set_az_mode, set_preferred_availability_zone,
        set_preferred_availability_zones, set_num_cache_nodes, set_cache_node_type, set_engine,
        set_engine_version, set_cache_parameter_group_name, set_cache_subnet_group_name,
        set_cache_security_group_names, set_security_group_ids, set_tags, set_snapshot_arns, set_snapshot_name,
        set_preferred_maintenance_window, set_port, set_notification_topic_arn, set_auto_minor_version_upgrade,
        set_snapshot_retention_limit, set_snapshot_window, set_outpost_mode, set_preferred_outpost_arn,
        set_preferred_outpost_arns, set_log_delivery_configurations, set_transit_encryption_enabled,
        set_network_type, set_ip_discovery,
    ) -> CreateCacheClusterOutput { cache_cluster }
    "DeleteCacheCluster" => delete_cache_cluster(set_cache_cluster_id, set_final_snapshot_identifier)
        -> DeleteCacheClusterOutput { cache_cluster }
    "CreateSnapshot" => create_snapshot(
        set_replication_group_id, set_cache_cluster_id, set_snapshot_name, set_kms_key_id, set_tags,
    ) -> CreateSnapshotOutput { snapshot }
    "DescribeSnapshots" => describe_snapshots(
        set_replication_group_id, set_cache_cluster_id, set_snapshot_name, set_snapshot_source, set_marker,
        set_max_records, set_show_node_group_config,
    ) -> DescribeSnapshotsOutput { marker, snapshots }
    "DeleteSnapshot" => delete_snapshot(set_snapshot_name) -> DeleteSnapshotOutput { snapshot }
    "DescribeEvents" => describe_events(
        set_source_identifier, set_source_type, set_start_time, set_end_time, set_duration, set_max_records,
        set_marker,
    ) -> DescribeEventsOutput { marker, events }
    "DescribeServerlessCaches" => describe_serverless_caches(
        set_serverless_cache_name, set_max_results, set_next_token,
    ) -> DescribeServerlessCachesOutput { next_token, serverless_caches }
    "ModifyServerlessCache" => modify_serverless_cache(
        set_serverless_cache_name, set_description, set_cache_usage_limits, set_remove_user_group,
        set_user_group_id, set_security_group_ids, set_snapshot_retention_limit, set_daily_snapshot_time,
        set_engine, set_major_engine_version,
    ) -> ModifyServerlessCacheOutput { serverless_cache }
    "CreateServerlessCache" => create_serverless_cache(
        set_serverless_cache_name, set_description, set_engine, set_major_engine_version,
        set_cache_usage_limits, set_kms_key_id, set_security_group_ids, set_snapshot_arns_to_restore, set_tags,
        set_user_group_id, set_subnet_ids, set_snapshot_retention_limit, set_daily_snapshot_time,
        set_network_type, set_connection_type,
    ) -> CreateServerlessCacheOutput { serverless_cache }
    "DeleteServerlessCache" => delete_serverless_cache(set_serverless_cache_name, set_final_snapshot_name)
        -> DeleteServerlessCacheOutput { serverless_cache }
    "CreateServerlessCacheSnapshot" => create_serverless_cache_snapshot(
        set_serverless_cache_snapshot_name, set_serverless_cache_name, set_kms_key_id, set_tags,
    ) -> CreateServerlessCacheSnapshotOutput { serverless_cache_snapshot }
    "DescribeServerlessCacheSnapshots" => describe_serverless_cache_snapshots(
        set_serverless_cache_name, set_serverless_cache_snapshot_name, set_snapshot_type, set_next_token,
        set_max_results,
    ) -> DescribeServerlessCacheSnapshotsOutput { next_token, serverless_cache_snapshots }
    "ListTagsForResource" => list_tags_for_resource(set_resource_name) -> ListTagsForResourceOutput { tag_list }
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
    Snapshot {
        snapshot_name, replication_group_id, replication_group_description, cache_cluster_id, snapshot_status,
        snapshot_source, cache_node_type, engine, engine_version, num_cache_nodes, preferred_availability_zone,
        preferred_outpost_arn, cache_cluster_create_time, preferred_maintenance_window, topic_arn, port,
        cache_parameter_group_name, cache_subnet_group_name, vpc_id, auto_minor_version_upgrade,
        snapshot_retention_limit, snapshot_window, num_node_groups, automatic_failover, node_snapshots,
        kms_key_id, arn = "ARN", data_tiering, durability,
    }
    NodeSnapshot {
        cache_cluster_id, node_group_id, cache_node_id, node_group_configuration, cache_size,
        cache_node_create_time, snapshot_create_time,
    }
    NodeGroupConfiguration {
        node_group_id, slots, replica_count, primary_availability_zone, replica_availability_zones,
        primary_outpost_arn, replica_outpost_arns,
    }
    Event { source_identifier, source_type, message, date }
    ServerlessCache {
        serverless_cache_name, description, create_time, status, engine, major_engine_version,
        full_engine_version, cache_usage_limits, kms_key_id, storage_encryption_type, security_group_ids,
        endpoint, reader_endpoint, arn = "ARN", user_group_id, subnet_ids, snapshot_retention_limit,
        daily_snapshot_time, network_type, connection_type, migration,
    }
    CacheUsageLimits { data_storage, ecpu_per_second = "ECPUPerSecond" }
    DataStorage { maximum, minimum, unit }
    EcpuPerSecond { maximum, minimum }
    MigrationSummary { status, migration_endpoint, cutover_mode }
    ServerlessCacheSnapshot {
        serverless_cache_snapshot_name, arn = "ARN", kms_key_id, snapshot_type, status, create_time,
        expiry_time, bytes_used_for_cache, serverless_cache_configuration,
    }
    ServerlessCacheConfiguration { serverless_cache_name, engine, major_engine_version }
    Tag { key, value }
}

words! {
    aws_sdk_elasticache;

    AuthTokenUpdateStatus, AutomaticFailoverStatus, AzMode, ClusterMode, ConnectionType, DataStorageUnit,
    DataTieringStatus, DestinationType, Durability, EffectiveDurability, IpDiscovery,
    LogDeliveryConfigurationStatus, LogFormat, LogType, MultiAzStatus, NetworkType, OutpostMode,
    PendingAutomaticFailoverStatus, SourceType, StorageEncryptionType, TransitEncryptionMode,
}

parameters! {
    aws_sdk_elasticache;

    LogDeliveryConfigurationRequest { log_type, destination_type, destination_details, log_format, enabled }
    DestinationDetails { cloud_watch_logs_details, kinesis_firehose_details }
    CloudWatchLogsDestinationDetails { log_group }
    KinesisFirehoseDestinationDetails { delivery_stream }
    ConfigureShard { node_group_id, new_replica_count, preferred_availability_zones, preferred_outpost_arns }
    ScaleConfig { scale_percentage, scale_interval_minutes }
    Tag { key, value }
    NodeGroupConfiguration {
        node_group_id, slots, replica_count, primary_availability_zone, replica_availability_zones,
        primary_outpost_arn, replica_outpost_arns,
    }
    CacheUsageLimits { data_storage, ecpu_per_second = "ECPUPerSecond" }
    DataStorage { maximum, minimum, unit }
    EcpuPerSecond { maximum, minimum }
}
