//! EC2 Auto Scaling: groups, their instance refreshes, and what they launch from. User data is in no table.

use super::json::{answers, operations, parameters, words};

operations! {
    aws_sdk_autoscaling;

    "DescribeAutoScalingGroups" => describe_auto_scaling_groups(
        set_auto_scaling_group_names, set_include_instances, set_include_managed_resources, set_next_token,
        set_max_records, set_filters,
    ) -> DescribeAutoScalingGroupsOutput { auto_scaling_groups, next_token }
    "UpdateAutoScalingGroup" => update_auto_scaling_group(
        set_auto_scaling_group_name, set_launch_configuration_name, set_launch_template,
        set_mixed_instances_policy, set_min_size, set_max_size, set_desired_capacity, set_default_cooldown,
        set_availability_zones, set_availability_zone_ids, set_health_check_type,
        set_health_check_grace_period, set_placement_group, set_vpc_zone_identifier = "VPCZoneIdentifier",
        set_termination_policies, set_new_instances_protected_from_scale_in,
        set_service_linked_role_arn = "ServiceLinkedRoleARN", set_max_instance_lifetime,
        set_capacity_rebalance, set_context, set_desired_capacity_type, set_default_instance_warmup,
        set_instance_maintenance_policy, set_availability_zone_distribution,
        set_availability_zone_impairment_policy, set_skip_zonal_shift_validation,
        set_capacity_reservation_specification, set_instance_lifecycle_policy, set_deletion_protection,
    ) -> UpdateAutoScalingGroupOutput {}
    "SuspendProcesses" => suspend_processes(set_auto_scaling_group_name, set_scaling_processes)
        -> SuspendProcessesOutput {}
    "ResumeProcesses" => resume_processes(set_auto_scaling_group_name, set_scaling_processes)
        -> ResumeProcessesOutput {}
    "StartInstanceRefresh" => start_instance_refresh(
        set_auto_scaling_group_name, set_strategy, set_desired_configuration, set_preferences,
    ) -> StartInstanceRefreshOutput { instance_refresh_id }
    "DescribeInstanceRefreshes" => describe_instance_refreshes(
        set_auto_scaling_group_name, set_instance_refresh_ids, set_next_token, set_max_records,
    ) -> DescribeInstanceRefreshesOutput { instance_refreshes, next_token }
    "CancelInstanceRefresh" => cancel_instance_refresh(
        set_auto_scaling_group_name, set_wait_for_transitioning_instances,
    ) -> CancelInstanceRefreshOutput { instance_refresh_id }
    "RollbackInstanceRefresh" => rollback_instance_refresh(set_auto_scaling_group_name)
        -> RollbackInstanceRefreshOutput { instance_refresh_id }
    "DescribeLifecycleHooks" => describe_lifecycle_hooks(set_auto_scaling_group_name, set_lifecycle_hook_names)
        -> DescribeLifecycleHooksOutput { lifecycle_hooks }
    "DescribeLaunchConfigurations" => describe_launch_configurations(
        set_launch_configuration_names, set_next_token, set_max_records,
    ) -> DescribeLaunchConfigurationsOutput { launch_configurations, next_token }
}

answers! {
    aws_sdk_autoscaling;

    AutoScalingGroup {
        auto_scaling_group_name, auto_scaling_group_arn = "AutoScalingGroupARN", launch_configuration_name,
        launch_template, mixed_instances_policy, min_size, max_size, desired_capacity, predicted_capacity,
        default_cooldown, availability_zones, availability_zone_ids, load_balancer_names,
        target_group_arns = "TargetGroupARNs", health_check_type, health_check_grace_period, instances,
        created_time, suspended_processes, placement_group, vpc_zone_identifier = "VPCZoneIdentifier",
        enabled_metrics, status, tags, termination_policies, new_instances_protected_from_scale_in,
        service_linked_role_arn = "ServiceLinkedRoleARN", max_instance_lifetime, capacity_rebalance,
        warm_pool_configuration, warm_pool_size, context, desired_capacity_type, default_instance_warmup,
        traffic_sources, instance_maintenance_policy, deletion_protection, availability_zone_distribution,
        availability_zone_impairment_policy, capacity_reservation_specification, instance_lifecycle_policy,
        operator,
    }
    LaunchTemplateSpecification { launch_template_id, launch_template_name, version }
    MixedInstancesPolicy { launch_template, instances_distribution }
    LaunchTemplate { launch_template_specification, overrides }
    LaunchTemplateOverrides {
        instance_type, weighted_capacity, launch_template_specification, instance_requirements, image_id,
    }
    InstanceRequirements {
        v_cpu_count, memory_mib = "MemoryMiB", cpu_manufacturers, memory_gib_per_v_cpu = "MemoryGiBPerVCpu",
        excluded_instance_types, instance_generations, spot_max_price_percentage_over_lowest_price,
        max_spot_price_as_percentage_of_optimal_on_demand_price,
        on_demand_max_price_percentage_over_lowest_price, bare_metal, burstable_performance,
        require_hibernate_support, network_interface_count, local_storage, local_storage_types,
        total_local_storage_gb = "TotalLocalStorageGB", baseline_ebs_bandwidth_mbps, accelerator_types,
        accelerator_count, accelerator_manufacturers, accelerator_names,
        accelerator_total_memory_mib = "AcceleratorTotalMemoryMiB", network_bandwidth_gbps,
        allowed_instance_types, baseline_performance_factors,
    }
    VCpuCountRequest { min, max }
    MemoryMiBRequest { min, max }
    MemoryGiBPerVCpuRequest { min, max }
    NetworkInterfaceCountRequest { min, max }
    TotalLocalStorageGbRequest { min, max }
    BaselineEbsBandwidthMbpsRequest { min, max }
    AcceleratorCountRequest { min, max }
    AcceleratorTotalMemoryMiBRequest { min, max }
    NetworkBandwidthGbpsRequest { min, max }
    BaselinePerformanceFactorsRequest { cpu }
    CpuPerformanceFactorRequest { references }
    PerformanceFactorReferenceRequest { instance_family }
    InstancesDistribution {
        on_demand_allocation_strategy, on_demand_base_capacity, on_demand_percentage_above_base_capacity,
        spot_allocation_strategy, spot_instance_pools, spot_max_price, distribution_segments,
    }
    DistributionSegment { target_capacity_types }
    Instance {
        instance_id, instance_type, availability_zone, availability_zone_id, lifecycle_state, health_status,
        launch_configuration_name, launch_template, image_id, protected_from_scale_in, weighted_capacity,
    }
    SuspendedProcess { process_name, suspension_reason }
    EnabledMetric { metric, granularity }
    TagDescription { resource_id, resource_type, key, value, propagate_at_launch }
    WarmPoolConfiguration { max_group_prepared_capacity, min_size, pool_state, status, instance_reuse_policy }
    InstanceReusePolicy { reuse_on_scale_in }
    TrafficSourceIdentifier { identifier, r#type }
    InstanceMaintenancePolicy { min_healthy_percentage, max_healthy_percentage }
    AvailabilityZoneDistribution { capacity_distribution_strategy }
    AvailabilityZoneImpairmentPolicy { zonal_shift_enabled, impaired_zone_health_check_behavior }
    CapacityReservationSpecification { capacity_reservation_preference, capacity_reservation_target }
    CapacityReservationTarget { capacity_reservation_ids, capacity_reservation_resource_group_arns }
    InstanceLifecyclePolicy { retention_triggers }
    RetentionTriggers { terminate_hook_abandon }
    Operator { principal }
    InstanceRefresh {
        instance_refresh_id, auto_scaling_group_name, status, status_reason, start_time, end_time,
        percentage_complete, instances_to_update, progress_details, preferences, desired_configuration,
        rollback_details, strategy,
    }
    InstanceRefreshProgressDetails { live_pool_progress, warm_pool_progress }
    InstanceRefreshLivePoolProgress { percentage_complete, instances_to_update }
    InstanceRefreshWarmPoolProgress { percentage_complete, instances_to_update }
    RefreshPreferences {
        min_healthy_percentage, instance_warmup, checkpoint_percentages, checkpoint_delay, skip_matching,
        auto_rollback, scale_in_protected_instances, standby_instances, alarm_specification,
        max_healthy_percentage, bake_time,
    }
    AlarmSpecification { alarms }
    DesiredConfiguration { launch_template, mixed_instances_policy }
    RollbackDetails {
        rollback_reason, rollback_start_time, percentage_complete_on_rollback, instances_to_update_on_rollback,
        progress_details_on_rollback,
    }
    LifecycleHook {
        lifecycle_hook_name, auto_scaling_group_name, lifecycle_transition,
        notification_target_arn = "NotificationTargetARN", role_arn = "RoleARN", notification_metadata,
        heartbeat_timeout, global_timeout, default_result,
    }
    LaunchConfiguration {
        launch_configuration_name, launch_configuration_arn = "LaunchConfigurationARN", image_id, key_name,
        security_groups, classic_link_vpc_id = "ClassicLinkVPCId",
        classic_link_vpc_security_groups = "ClassicLinkVPCSecurityGroups", instance_type, kernel_id,
        ramdisk_id, block_device_mappings, instance_monitoring, spot_price, iam_instance_profile, created_time,
        ebs_optimized, associate_public_ip_address, placement_tenancy, metadata_options,
    }
    BlockDeviceMapping { virtual_name, device_name, ebs, no_device }
    Ebs { snapshot_id, volume_size, volume_type, delete_on_termination, iops, encrypted, throughput }
    InstanceMonitoring { enabled }
    InstanceMetadataOptions { http_tokens, http_put_response_hop_limit, http_endpoint }
}

parameters! {
    aws_sdk_autoscaling;

    Filter { name, values }
    LaunchTemplateSpecification { launch_template_id, launch_template_name, version }
    MixedInstancesPolicy { launch_template, instances_distribution }
    LaunchTemplate { launch_template_specification, overrides }
    LaunchTemplateOverrides {
        instance_type, weighted_capacity, launch_template_specification, instance_requirements, image_id,
    }
    InstanceRequirements {
        v_cpu_count, memory_mib = "MemoryMiB", cpu_manufacturers, memory_gib_per_v_cpu = "MemoryGiBPerVCpu",
        excluded_instance_types, instance_generations, spot_max_price_percentage_over_lowest_price,
        max_spot_price_as_percentage_of_optimal_on_demand_price,
        on_demand_max_price_percentage_over_lowest_price, bare_metal, burstable_performance,
        require_hibernate_support, network_interface_count, local_storage, local_storage_types,
        total_local_storage_gb = "TotalLocalStorageGB", baseline_ebs_bandwidth_mbps, accelerator_types,
        accelerator_count, accelerator_manufacturers, accelerator_names,
        accelerator_total_memory_mib = "AcceleratorTotalMemoryMiB", network_bandwidth_gbps,
        allowed_instance_types, baseline_performance_factors,
    }
    VCpuCountRequest { min, max }
    MemoryMiBRequest { min, max }
    MemoryGiBPerVCpuRequest { min, max }
    NetworkInterfaceCountRequest { min, max }
    TotalLocalStorageGbRequest { min, max }
    BaselineEbsBandwidthMbpsRequest { min, max }
    AcceleratorCountRequest { min, max }
    AcceleratorTotalMemoryMiBRequest { min, max }
    NetworkBandwidthGbpsRequest { min, max }
    BaselinePerformanceFactorsRequest { cpu }
    CpuPerformanceFactorRequest { references }
    PerformanceFactorReferenceRequest { instance_family }
    InstancesDistribution {
        on_demand_allocation_strategy, on_demand_base_capacity, on_demand_percentage_above_base_capacity,
        spot_allocation_strategy, spot_instance_pools, spot_max_price, distribution_segments,
    }
    DistributionSegment { target_capacity_types }
    InstanceMaintenancePolicy { min_healthy_percentage, max_healthy_percentage }
    AvailabilityZoneDistribution { capacity_distribution_strategy }
    AvailabilityZoneImpairmentPolicy { zonal_shift_enabled, impaired_zone_health_check_behavior }
    CapacityReservationSpecification { capacity_reservation_preference, capacity_reservation_target }
    CapacityReservationTarget { capacity_reservation_ids, capacity_reservation_resource_group_arns }
    InstanceLifecyclePolicy { retention_triggers }
    RetentionTriggers { terminate_hook_abandon }
    DesiredConfiguration { launch_template, mixed_instances_policy }
    RefreshPreferences {
        min_healthy_percentage, instance_warmup, checkpoint_percentages, checkpoint_delay, skip_matching,
        auto_rollback, scale_in_protected_instances, standby_instances, alarm_specification,
        max_healthy_percentage, bake_time,
    }
    AlarmSpecification { alarms }
}

words! {
    aws_sdk_autoscaling;

    AcceleratorManufacturer, AcceleratorName, AcceleratorType, BareMetal, BurstablePerformance,
    CapacityDistributionStrategy, CapacityReservationPreference, CpuManufacturer, DeletionProtection,
    ImpairedZoneHealthCheckBehavior, InstanceGeneration, InstanceMetadataEndpointState,
    InstanceMetadataHttpTokensState, InstanceRefreshStatus, LifecycleState, LocalStorage, LocalStorageType,
    RefreshStrategy, RetentionAction, ScaleInProtectedInstances, StandbyInstances, TargetCapacityType,
    WarmPoolState, WarmPoolStatus,
}
