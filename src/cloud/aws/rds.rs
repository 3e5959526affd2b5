//! RDS: databases and the subnets that they may sit in.
//!
//! Passwords are neither read nor written: a modification takes only what places a database.

use super::json::{answers, operations, parameters, words};

operations! {
    aws_sdk_rds;

    "DescribeDBInstances" => describe_db_instances(
        set_db_instance_identifier, set_filters, set_max_records, set_marker,
    ) -> DescribeDbInstancesOutput { marker, db_instances }
    "DescribeDBSubnetGroups" => describe_db_subnet_groups(
        set_db_subnet_group_name, set_filters, set_max_records, set_marker,
    ) -> DescribeDbSubnetGroupsOutput { marker, db_subnet_groups }
    "DescribeDBClusters" => describe_db_clusters(
        set_db_cluster_identifier, set_filters, set_max_records, set_marker, set_include_shared,
    ) -> DescribeDbClustersOutput { marker, db_clusters }
    "DescribeEvents" => describe_events(
        set_source_identifier, set_source_type, set_start_time, set_end_time, set_duration,
        set_event_categories, set_filters, set_max_records, set_marker,
    ) -> DescribeEventsOutput { marker, events }
    "ModifyDBInstance" => modify_db_instance(
        set_db_instance_identifier, set_db_subnet_group_name, set_vpc_security_group_ids, set_apply_immediately,
        set_multi_az, set_publicly_accessible,
    ) -> ModifyDbInstanceOutput { db_instance }
    "ModifyDBSubnetGroup" => modify_db_subnet_group(
        set_db_subnet_group_name, set_db_subnet_group_description, set_subnet_ids,
    ) -> ModifyDbSubnetGroupOutput { db_subnet_group }
}

answers! {
    aws_sdk_rds;

    Endpoint { address, port, hosted_zone_id }
    DbSecurityGroupMembership { db_security_group_name, status }
    VpcSecurityGroupMembership { vpc_security_group_id, status }
    DbParameterGroupStatus { db_parameter_group_name, parameter_apply_status }
    AvailabilityZone { name }
    Outpost { arn }
    Subnet { subnet_identifier, subnet_availability_zone, subnet_outpost, subnet_status }
    DbSubnetGroup {
        db_subnet_group_name, db_subnet_group_description, vpc_id, subnet_group_status, subnets,
        db_subnet_group_arn, supported_network_types,
    }
    PendingCloudwatchLogsExports { log_types_to_enable, log_types_to_disable }
    ProcessorFeature { name, value }
    AdditionalStorageVolume {
        volume_name, allocated_storage, iops = "IOPS", max_allocated_storage, storage_throughput, storage_type,
    }
    PendingModifiedValues {
        db_instance_class, allocated_storage, port, backup_retention_period, multi_az, engine_version,
        license_model, iops, storage_throughput, db_instance_identifier, storage_type,
        ca_certificate_identifier = "CACertificateIdentifier", db_subnet_group_name,
        pending_cloudwatch_logs_exports, processor_features, automation_mode, resume_full_automation_mode_time,
        multi_tenant, iam_database_authentication_enabled = "IAMDatabaseAuthenticationEnabled",
        dedicated_log_volume, engine, additional_storage_volumes, db_capacity_reservation_identifier,
    }
    OptionGroupMembership { option_group_name, status }
    DbInstanceStatusInfo { status_type, normal, status, message }
    DomainMembership {
        domain, status, fqdn = "FQDN", iam_role_name = "IAMRoleName", ou = "OU", auth_secret_arn, dns_ips,
    }
    DbInstanceRole { role_arn, feature_name, status }
    Tag { key, value }
    DbInstanceAutomatedBackupsReplication { db_instance_automated_backups_arn }
    CertificateDetails { ca_identifier = "CAIdentifier", valid_till }
    MasterUserSecret { secret_arn, secret_status, kms_key_id }
    AdditionalStorageVolumeOutput {
        volume_name, storage_volume_status, storage_operation_status, storage_operation_percent_progress,
        allocated_storage, iops = "IOPS", max_allocated_storage, storage_throughput, storage_type,
    }
    DbInstance {
        db_instance_identifier, db_instance_class, engine, db_instance_status, master_username, db_name,
        endpoint, allocated_storage, instance_create_time, preferred_backup_window, backup_retention_period,
        db_security_groups, vpc_security_groups, db_parameter_groups, availability_zone, db_subnet_group,
        preferred_maintenance_window, upgrade_rollout_order, pending_modified_values, latest_restorable_time,
        multi_az, engine_version, auto_minor_version_upgrade, read_replica_source_db_instance_identifier,
        read_replica_db_instance_identifiers, read_replica_db_cluster_identifiers, replica_mode, license_model,
        iops, storage_throughput, option_group_memberships, character_set_name, nchar_character_set_name,
        secondary_availability_zone, publicly_accessible, status_infos, storage_type, storage_encryption_type,
        tde_credential_arn, db_instance_port = "DbInstancePort", db_cluster_identifier, storage_encrypted,
        kms_key_id, dbi_resource_id, ca_certificate_identifier = "CACertificateIdentifier", domain_memberships,
        copy_tags_to_snapshot, monitoring_interval, enhanced_monitoring_resource_arn, monitoring_role_arn,
        promotion_tier, db_instance_arn, timezone,
        iam_database_authentication_enabled = "IAMDatabaseAuthenticationEnabled", database_insights_mode,
        performance_insights_enabled, performance_insights_kms_key_id = "PerformanceInsightsKMSKeyId",
        performance_insights_retention_period, enabled_cloudwatch_logs_exports, processor_features,
        deletion_protection, associated_roles, listener_endpoint, max_allocated_storage, tag_list,
        automation_mode, resume_full_automation_mode_time, customer_owned_ip_enabled, network_type,
        activity_stream_status, activity_stream_kms_key_id, activity_stream_kinesis_stream_name,
        activity_stream_mode, activity_stream_engine_native_audit_fields_included,
        aws_backup_recovery_point_arn, db_instance_automated_backups_replications, backup_target,
        automatic_restart_time, custom_iam_instance_profile, activity_stream_policy_status, certificate_details,
        db_system_id, master_user_secret, read_replica_source_db_cluster_identifier, percent_progress,
        multi_tenant, dedicated_log_volume, is_storage_config_upgrade_available, engine_lifecycle_support,
        additional_storage_volumes, storage_volume_status, storage_operation_status,
        storage_operation_percent_progress, db_capacity_reservation_identifier,
    }
    DbClusterOptionGroupStatus { db_cluster_option_group_name, status }
    DbClusterStatusInfo { status_type, normal, status, message }
    DbClusterMember { db_instance_identifier, is_cluster_writer, db_cluster_parameter_group_status, promotion_tier }
    DbClusterRole { role_arn, status, feature_name }
    RdsCustomClusterConfiguration { interconnect_subnet_id, transit_gateway_multicast_domain_id, replica_mode }
    ClusterPendingModifiedValues {
        pending_cloudwatch_logs_exports, db_cluster_identifier,
        iam_database_authentication_enabled = "IAMDatabaseAuthenticationEnabled", engine_version,
        backup_retention_period, storage_type, allocated_storage, rds_custom_cluster_configuration, iops,
        certificate_details,
    }
    ScalingConfigurationInfo {
        min_capacity, max_capacity, auto_pause, seconds_until_auto_pause, timeout_action, seconds_before_timeout,
    }
    ServerlessV2ScalingConfigurationInfo { min_capacity, max_capacity, seconds_until_auto_pause }
    LimitlessDatabase { status, min_required_acu = "MinRequiredACU" }
    DbCluster {
        allocated_storage, availability_zones, backup_retention_period, character_set_name, database_name,
        db_cluster_identifier, db_cluster_parameter_group, db_subnet_group, status, percent_progress,
        earliest_restorable_time, endpoint, reader_endpoint, custom_endpoints, multi_az, engine, engine_version,
        latest_restorable_time, port, master_username, db_cluster_option_group_memberships,
        preferred_backup_window, preferred_maintenance_window, upgrade_rollout_order,
        replication_source_identifier, read_replica_identifiers, status_infos, db_cluster_members,
        vpc_security_groups, hosted_zone_id, storage_encrypted, storage_encryption_type, kms_key_id,
        db_cluster_resource_id = "DbClusterResourceId", db_cluster_arn, associated_roles,
        iam_database_authentication_enabled = "IAMDatabaseAuthenticationEnabled", clone_group_id,
        cluster_create_time, earliest_backtrack_time, backtrack_window, backtrack_consumed_change_records,
        enabled_cloudwatch_logs_exports, capacity, pending_modified_values, engine_mode,
        scaling_configuration_info, rds_custom_cluster_configuration, db_cluster_instance_class, storage_type,
        iops, storage_throughput,
        io_optimized_next_allowed_modification_time = "IOOptimizedNextAllowedModificationTime",
        publicly_accessible, auto_minor_version_upgrade, deletion_protection, http_endpoint_enabled,
        activity_stream_mode, activity_stream_status, activity_stream_kms_key_id,
        activity_stream_kinesis_stream_name, copy_tags_to_snapshot, cross_account_clone, domain_memberships,
        tag_list, global_cluster_identifier, global_write_forwarding_status, global_write_forwarding_requested,
        network_type, automatic_restart_time, serverless_v2_scaling_configuration,
        serverless_v2_platform_version, monitoring_interval, monitoring_role_arn, database_insights_mode,
        performance_insights_enabled, performance_insights_kms_key_id = "PerformanceInsightsKMSKeyId",
        performance_insights_retention_period, db_system_id, master_user_secret, local_write_forwarding_status,
        aws_backup_recovery_point_arn, limitless_database, cluster_scalability_type, certificate_details,
        engine_lifecycle_support, vpc_networking_enabled = "VPCNetworkingEnabled",
        internet_access_gateway_enabled,
    }
    Event { source_identifier, source_type, message, event_categories, date, source_arn }
}

parameters! {
    aws_sdk_rds;

    Filter { name, values }
}

words! {
    aws_sdk_rds;

    ActivityStreamMode, ActivityStreamPolicyStatus, ActivityStreamStatus, AutomationMode,
    ClusterScalabilityType, DatabaseInsightsMode, LimitlessDatabaseStatus, LocalWriteForwardingStatus,
    ReplicaMode, SourceType, StorageEncryptionType, UpgradeRolloutOrder, WriteForwardingStatus,
}
