//! RDS: databases and the subnets that they may sit in.
//!
//! Passwords are neither read nor written.

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
    "ModifyDBSubnetGroup" => modify_db_subnet_group(
        set_db_subnet_group_name, set_db_subnet_group_description, set_subnet_ids,
    ) -> ModifyDbSubnetGroupOutput { db_subnet_group }
    "ModifyDBInstance" => modify_db_instance(
        set_db_instance_identifier, set_allocated_storage, set_db_instance_class, set_db_subnet_group_name,
        set_db_security_groups, set_vpc_security_group_ids, set_apply_immediately, set_db_parameter_group_name,
        set_backup_retention_period, set_preferred_backup_window, set_preferred_maintenance_window,
        set_multi_az, set_engine_version, set_allow_major_version_upgrade, set_auto_minor_version_upgrade,
        set_license_model, set_iops, set_storage_throughput, set_option_group_name,
        set_new_db_instance_identifier, set_storage_type, set_tde_credential_arn,
        set_ca_certificate_identifier = "CACertificateIdentifier", set_domain, set_domain_fqdn, set_domain_ou,
        set_domain_auth_secret_arn, set_domain_dns_ips, set_disable_domain, set_copy_tags_to_snapshot,
        set_monitoring_interval, set_db_port_number, set_publicly_accessible, set_monitoring_role_arn,
        set_domain_iam_role_name = "DomainIAMRoleName", set_promotion_tier,
        set_enable_iam_database_authentication = "EnableIAMDatabaseAuthentication", set_database_insights_mode,
        set_enable_performance_insights, set_performance_insights_kms_key_id = "PerformanceInsightsKMSKeyId",
        set_performance_insights_retention_period, set_cloudwatch_logs_export_configuration,
        set_processor_features, set_use_default_processor_features, set_deletion_protection,
        set_max_allocated_storage, set_certificate_rotation_restart, set_replica_mode, set_automation_mode,
        set_resume_full_automation_mode_minutes, set_enable_customer_owned_ip, set_network_type,
        set_aws_backup_recovery_point_arn, set_manage_master_user_password, set_rotate_master_user_password,
        set_master_user_secret_kms_key_id, set_multi_tenant, set_dedicated_log_volume, set_engine,
        set_additional_storage_volumes, set_db_capacity_reservation_identifier, set_tag_specifications,
        set_master_user_authentication_type, set_engine_lifecycle_support,
    ) -> ModifyDbInstanceOutput { db_instance }
    "CreateDBInstance" => create_db_instance(
        set_db_name, set_db_instance_identifier, set_allocated_storage, set_db_instance_class, set_engine,
        set_master_username, set_db_security_groups, set_vpc_security_group_ids, set_availability_zone,
        set_db_subnet_group_name, set_preferred_maintenance_window, set_db_parameter_group_name,
        set_backup_retention_period, set_preferred_backup_window, set_port, set_multi_az, set_engine_version,
        set_auto_minor_version_upgrade, set_license_model, set_iops, set_storage_throughput,
        set_option_group_name, set_character_set_name, set_nchar_character_set_name, set_publicly_accessible,
        set_tags, set_db_cluster_identifier, set_storage_type, set_tde_credential_arn, set_storage_encrypted,
        set_kms_key_id, set_domain, set_domain_fqdn, set_domain_ou, set_domain_auth_secret_arn,
        set_domain_dns_ips, set_copy_tags_to_snapshot, set_monitoring_interval, set_monitoring_role_arn,
        set_domain_iam_role_name = "DomainIAMRoleName", set_promotion_tier, set_timezone,
        set_enable_iam_database_authentication = "EnableIAMDatabaseAuthentication", set_database_insights_mode,
        set_enable_performance_insights, set_performance_insights_kms_key_id = "PerformanceInsightsKMSKeyId",
        set_performance_insights_retention_period, set_enable_cloudwatch_logs_exports, set_processor_features,
        set_deletion_protection, set_max_allocated_storage, set_enable_customer_owned_ip, set_network_type,
        set_backup_target, set_custom_iam_instance_profile, set_db_system_id,
        set_ca_certificate_identifier = "CACertificateIdentifier", set_manage_master_user_password,
        set_master_user_secret_kms_key_id, set_multi_tenant, set_dedicated_log_volume,
        set_engine_lifecycle_support, set_additional_storage_volumes, set_tag_specifications,
        set_db_capacity_reservation_identifier, set_master_user_authentication_type,
    ) -> CreateDbInstanceOutput { db_instance }
    "DeleteDBInstance" => delete_db_instance(
        set_db_instance_identifier, set_skip_final_snapshot, set_final_db_snapshot_identifier,
        set_delete_automated_backups,
    ) -> DeleteDbInstanceOutput { db_instance }
    "CreateDBInstanceReadReplica" => create_db_instance_read_replica(
        set_db_instance_identifier, set_source_db_instance_identifier, set_db_instance_class,
        set_availability_zone, set_port, set_multi_az, set_auto_minor_version_upgrade, set_iops,
        set_storage_throughput, set_option_group_name, set_db_parameter_group_name, set_publicly_accessible,
        set_tags, set_db_subnet_group_name, set_vpc_security_group_ids, set_storage_type,
        set_copy_tags_to_snapshot, set_monitoring_interval, set_monitoring_role_arn, set_kms_key_id,
        set_pre_signed_url, set_enable_iam_database_authentication = "EnableIAMDatabaseAuthentication",
        set_database_insights_mode, set_enable_performance_insights,
        set_performance_insights_kms_key_id = "PerformanceInsightsKMSKeyId",
        set_performance_insights_retention_period, set_enable_cloudwatch_logs_exports, set_processor_features,
        set_use_default_processor_features, set_deletion_protection, set_domain,
        set_domain_iam_role_name = "DomainIAMRoleName", set_domain_fqdn, set_domain_ou,
        set_domain_auth_secret_arn, set_domain_dns_ips, set_replica_mode, set_enable_customer_owned_ip,
        set_network_type, set_max_allocated_storage, set_backup_target, set_custom_iam_instance_profile,
        set_allocated_storage, set_source_db_cluster_identifier, set_dedicated_log_volume,
        set_upgrade_storage_config, set_ca_certificate_identifier = "CACertificateIdentifier",
        set_additional_storage_volumes, set_tag_specifications, set_db_capacity_reservation_identifier,
    ) -> CreateDbInstanceReadReplicaOutput { db_instance }
    "PromoteReadReplica" => promote_read_replica(
        set_db_instance_identifier, set_backup_retention_period, set_preferred_backup_window,
        set_tag_specifications,
    ) -> PromoteReadReplicaOutput { db_instance }
    "RestoreDBInstanceFromDBSnapshot" => restore_db_instance_from_db_snapshot(
        set_db_instance_identifier, set_db_snapshot_identifier, set_db_instance_class, set_port,
        set_availability_zone, set_db_subnet_group_name, set_multi_az, set_publicly_accessible,
        set_auto_minor_version_upgrade, set_license_model, set_db_name, set_engine, set_iops,
        set_storage_throughput, set_option_group_name, set_tags, set_storage_type, set_tde_credential_arn,
        set_vpc_security_group_ids, set_domain, set_domain_fqdn, set_domain_ou, set_domain_auth_secret_arn,
        set_domain_dns_ips, set_copy_tags_to_snapshot, set_domain_iam_role_name = "DomainIAMRoleName",
        set_enable_iam_database_authentication = "EnableIAMDatabaseAuthentication",
        set_enable_cloudwatch_logs_exports, set_processor_features, set_use_default_processor_features,
        set_db_parameter_group_name, set_deletion_protection, set_enable_customer_owned_ip, set_network_type,
        set_backup_target, set_custom_iam_instance_profile, set_allocated_storage,
        set_db_cluster_snapshot_identifier, set_backup_retention_period, set_preferred_backup_window,
        set_db_capacity_reservation_identifier, set_dedicated_log_volume,
        set_ca_certificate_identifier = "CACertificateIdentifier", set_engine_lifecycle_support,
        set_additional_storage_volumes, set_tag_specifications, set_manage_master_user_password,
        set_master_user_secret_kms_key_id,
    ) -> RestoreDbInstanceFromDbSnapshotOutput { db_instance }
    "CreateDBSnapshot" => create_db_snapshot(set_db_snapshot_identifier, set_db_instance_identifier, set_tags)
        -> CreateDbSnapshotOutput { db_snapshot }
    "DescribeDBSnapshots" => describe_db_snapshots(
        set_db_instance_identifier, set_db_snapshot_identifier, set_snapshot_type, set_filters,
        set_max_records, set_marker, set_include_shared, set_include_public, set_dbi_resource_id,
    ) -> DescribeDbSnapshotsOutput { marker, db_snapshots }
    "DeleteDBSnapshot" => delete_db_snapshot(set_db_snapshot_identifier)
        -> DeleteDbSnapshotOutput { db_snapshot }
    "RebootDBInstance" => reboot_db_instance(set_db_instance_identifier, set_force_failover)
        -> RebootDbInstanceOutput { db_instance }
    "CreateDBSubnetGroup" => create_db_subnet_group(
        set_db_subnet_group_name, set_db_subnet_group_description, set_subnet_ids, set_tags,
    ) -> CreateDbSubnetGroupOutput { db_subnet_group }
    "DeleteDBSubnetGroup" => delete_db_subnet_group(set_db_subnet_group_name) -> DeleteDbSubnetGroupOutput {}
    "ModifyDBCluster" => modify_db_cluster(
        set_db_cluster_identifier, set_new_db_cluster_identifier, set_apply_immediately,
        set_backup_retention_period, set_db_cluster_parameter_group_name, set_vpc_security_group_ids, set_port,
        set_option_group_name, set_preferred_backup_window, set_preferred_maintenance_window,
        set_enable_iam_database_authentication = "EnableIAMDatabaseAuthentication", set_backtrack_window,
        set_cloudwatch_logs_export_configuration, set_engine_version, set_allow_major_version_upgrade,
        set_db_instance_parameter_group_name, set_domain, set_domain_iam_role_name = "DomainIAMRoleName",
        set_scaling_configuration, set_deletion_protection, set_enable_http_endpoint,
        set_copy_tags_to_snapshot, set_enable_global_write_forwarding, set_db_cluster_instance_class,
        set_allocated_storage, set_storage_type, set_iops, set_auto_minor_version_upgrade, set_network_type,
        set_serverless_v2_scaling_configuration, set_monitoring_interval, set_monitoring_role_arn,
        set_database_insights_mode, set_enable_performance_insights,
        set_performance_insights_kms_key_id = "PerformanceInsightsKMSKeyId",
        set_performance_insights_retention_period, set_manage_master_user_password,
        set_rotate_master_user_password, set_enable_local_write_forwarding, set_master_user_secret_kms_key_id,
        set_engine_mode, set_allow_engine_mode_change, set_aws_backup_recovery_point_arn,
        set_enable_limitless_database, set_ca_certificate_identifier = "CACertificateIdentifier",
        set_master_user_authentication_type, set_engine_lifecycle_support,
    ) -> ModifyDbClusterOutput { db_cluster }
    "FailoverDBCluster" => failover_db_cluster(set_db_cluster_identifier, set_target_db_instance_identifier)
        -> FailoverDbClusterOutput { db_cluster }
    "DescribeDBClusterEndpoints" => describe_db_cluster_endpoints(
        set_db_cluster_identifier, set_db_cluster_endpoint_identifier, set_filters, set_max_records,
        set_marker,
    ) -> DescribeDbClusterEndpointsOutput { marker, db_cluster_endpoints }
    "ModifyDBClusterEndpoint" => modify_db_cluster_endpoint(
        set_db_cluster_endpoint_identifier, set_endpoint_type, set_static_members, set_excluded_members,
    ) -> ModifyDbClusterEndpointOutput {
        db_cluster_endpoint_identifier, db_cluster_identifier, db_cluster_endpoint_resource_identifier,
        endpoint, status, endpoint_type, custom_endpoint_type, static_members, excluded_members,
        db_cluster_endpoint_arn,
    }
    "DescribeDBProxies" => describe_db_proxies(set_db_proxy_name, set_filters, set_marker, set_max_records)
        -> DescribeDbProxiesOutput { db_proxies, marker }
    "ListTagsForResource" => list_tags_for_resource(set_resource_name, set_filters)
        -> ListTagsForResourceOutput { tag_list }
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
    DbSnapshot {
        db_snapshot_identifier, db_instance_identifier, snapshot_create_time, engine, allocated_storage,
        status, port, availability_zone, vpc_id, instance_create_time, master_username, engine_version,
        license_model, snapshot_type, iops, storage_throughput, option_group_name, percent_progress,
        source_region, source_db_snapshot_identifier, storage_type, tde_credential_arn, encrypted,
        storage_encryption_type, backup_retention_period, preferred_backup_window, kms_key_id, db_snapshot_arn,
        timezone, iam_database_authentication_enabled = "IAMDatabaseAuthenticationEnabled", processor_features,
        dbi_resource_id, tag_list, snapshot_target, original_snapshot_create_time, snapshot_database_time,
        db_system_id, multi_tenant, dedicated_log_volume, additional_storage_volumes,
        snapshot_availability_zone, full_snapshot_size_in_bytes,
    }
    DbClusterEndpoint {
        db_cluster_endpoint_identifier, db_cluster_identifier, db_cluster_endpoint_resource_identifier,
        endpoint, status, endpoint_type, custom_endpoint_type, static_members, excluded_members,
        db_cluster_endpoint_arn,
    }
    DbProxy {
        db_proxy_name, db_proxy_arn, status, engine_family, vpc_id, vpc_security_group_ids, vpc_subnet_ids,
        default_auth_scheme, auth, role_arn, endpoint, require_tls = "RequireTLS", idle_client_timeout,
        debug_logging, created_date, updated_date, endpoint_network_type, target_connection_network_type,
    }
    UserAuthConfigInfo {
        description, user_name, auth_scheme, secret_arn, iam_auth = "IAMAuth", client_password_auth_type,
    }
}

parameters! {
    aws_sdk_rds;

    Filter { name, values }
    CloudwatchLogsExportConfiguration { enable_log_types, disable_log_types }
    ProcessorFeature { name, value }
    ModifyAdditionalStorageVolume {
        volume_name, allocated_storage, iops = "IOPS", max_allocated_storage, storage_throughput, storage_type,
        set_for_delete = "SetForDelete",
    }
    TagSpecification { resource_type, tags }
    Tag { key, value }
    AdditionalStorageVolume {
        volume_name, allocated_storage, iops = "IOPS", max_allocated_storage, storage_throughput, storage_type,
    }
    ScalingConfiguration {
        min_capacity, max_capacity, auto_pause, seconds_until_auto_pause, timeout_action,
        seconds_before_timeout,
    }
    ServerlessV2ScalingConfiguration { min_capacity, max_capacity, seconds_until_auto_pause }
}

words! {
    aws_sdk_rds;

    ActivityStreamMode, ActivityStreamPolicyStatus, ActivityStreamStatus, AuthScheme, AutomationMode,
    ClientPasswordAuthType, ClusterScalabilityType, DatabaseInsightsMode, DbProxyStatus, EndpointNetworkType,
    IamAuthMode, LimitlessDatabaseStatus, LocalWriteForwardingStatus, MasterUserAuthenticationType,
    ReplicaMode, SourceType, StorageEncryptionType, TargetConnectionNetworkType, UpgradeRolloutOrder,
    WriteForwardingStatus,
}
