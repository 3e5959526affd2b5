//! Batch: where jobs run, and the queues that lead there. The CLI spells this service in lowerCamelCase.

use super::json::{answers, operations, parameters, words};

operations! {
    aws_sdk_batch camel;

    "DescribeComputeEnvironments" => describe_compute_environments(
        set_compute_environments, set_max_results, set_next_token,
    ) -> DescribeComputeEnvironmentsOutput { compute_environments, next_token }
    "CreateComputeEnvironment" => create_compute_environment(
        set_compute_environment_name, set_type, set_state, set_unmanagedv_cpus, set_compute_resources,
        set_service_role, set_tags, set_eks_configuration, set_context, set_ecs_settings,
    ) -> CreateComputeEnvironmentOutput { compute_environment_name, compute_environment_arn }
    "UpdateComputeEnvironment" => update_compute_environment(
        set_compute_environment, set_state, set_unmanagedv_cpus, set_compute_resources, set_service_role,
        set_update_policy, set_context, set_ecs_settings, set_eks_configuration,
    ) -> UpdateComputeEnvironmentOutput { compute_environment_name, compute_environment_arn }
    "DeleteComputeEnvironment" => delete_compute_environment(set_compute_environment)
        -> DeleteComputeEnvironmentOutput {}
    "DescribeJobQueues" => describe_job_queues(set_job_queues, set_max_results, set_next_token)
        -> DescribeJobQueuesOutput { job_queues, next_token }
    "UpdateJobQueue" => update_job_queue(
        set_job_queue, set_state, set_scheduling_policy_arn, set_priority, set_compute_environment_order,
        set_service_environment_order, set_job_state_time_limit_actions,
    ) -> UpdateJobQueueOutput { job_queue_name, job_queue_arn }
    "ListJobs" => list_jobs(
        set_job_queue, set_array_job_id, set_multi_node_job_id, set_job_status, set_max_results,
        set_next_token, set_filters,
    ) -> ListJobsOutput { job_summary_list, next_token }
}

answers! {
    aws_sdk_batch camel;

    ComputeEnvironmentDetail {
        compute_environment_name, compute_environment_arn, unmanagedv_cpus, ecs_cluster_arn, tags, r#type,
        state, status, status_reason, compute_resources, service_role, update_policy, eks_configuration,
        container_orchestration_type, uuid, context, ecs_settings,
    }
    ComputeResource {
        r#type, allocation_strategy, minv_cpus, maxv_cpus, desiredv_cpus, instance_types, image_id, subnets,
        security_group_ids, ec2_key_pair, instance_role, tags, placement_group, bid_percentage,
        spot_iam_fleet_role, launch_template, ec2_configuration, scaling_policy, managed_instances_provider,
        capacity_tags,
    }
    LaunchTemplateSpecification { launch_template_id, launch_template_name, version, overrides, userdata_type }
    LaunchTemplateSpecificationOverride {
        launch_template_id, launch_template_name, version, target_instance_types, userdata_type,
    }
    Ec2Configuration { image_type, image_id_override, batch_image_status, image_kubernetes_version }
    ComputeScalingPolicy { min_scale_down_delay_minutes }
    ManagedInstancesProvider {
        propagate_tags, infrastructure_role_arn, instance_launch_template, infrastructure_optimization,
    }
    InstanceLaunchTemplate {
        ec2_instance_profile_arn, network_configuration, instance_requirements, capacity_option_type,
        storage_configuration, monitoring, fips_enabled, capacity_reservations,
        instance_metadata_tags_propagation, local_storage_configuration,
    }
    ManagedInstancesNetworkConfiguration { subnets, security_groups }
    InstanceRequirementsRequest { allowed_instance_types }
    ManagedInstancesStorageConfiguration { storage_size_gib = "storageSizeGiB" }
    CapacityReservationRequest { reservation_group_arn, reservation_preference }
    ManagedInstancesLocalStorageConfiguration { use_local_storage }
    InfrastructureOptimization { scale_in_after }
    UpdatePolicy { terminate_jobs_on_update, job_execution_timeout_minutes }
    EksConfiguration { eks_cluster_arn, kubernetes_namespace, access_entry }
    EksAccessEntry { desired_state, status }
    EcsSettings { container_insights }
    JobQueueDetail {
        job_queue_name, job_queue_arn, state, scheduling_policy_arn, status, status_reason, priority,
        compute_environment_order, service_environment_order, job_queue_type, tags,
        job_state_time_limit_actions,
    }
    ComputeEnvironmentOrder { order, compute_environment }
    ServiceEnvironmentOrder { order, service_environment }
    JobStateTimeLimitAction { reason, state, max_time_seconds, action }
    JobSummary {
        job_arn, job_id, job_name, capacity_usage, created_at, scheduled_at, share_identifier, status,
        status_reason, started_at, stopped_at, container, array_properties, node_properties, job_definition,
        is_cancelled, is_terminated,
    }
    JobCapacityUsageSummary { capacity_unit, quantity }
    ContainerSummary { exit_code, reason }
    ArrayPropertiesSummary { size, index, status_summary, status_summary_last_updated_at }
    NodePropertiesSummary { is_main_node, num_nodes, node_index }
}

parameters! {
    aws_sdk_batch camel;

    ComputeResource {
        r#type, allocation_strategy, minv_cpus, maxv_cpus, desiredv_cpus, instance_types, image_id, subnets,
        security_group_ids, ec2_key_pair, instance_role, tags, placement_group, bid_percentage,
        spot_iam_fleet_role, launch_template, ec2_configuration, scaling_policy, managed_instances_provider,
        capacity_tags,
    }
    LaunchTemplateSpecification { launch_template_id, launch_template_name, version, overrides, userdata_type }
    LaunchTemplateSpecificationOverride {
        launch_template_id, launch_template_name, version, target_instance_types, userdata_type,
    }
    Ec2Configuration { image_type, image_id_override, batch_image_status, image_kubernetes_version }
    ComputeScalingPolicy { min_scale_down_delay_minutes }
    ManagedInstancesProvider {
        propagate_tags, infrastructure_role_arn, instance_launch_template, infrastructure_optimization,
    }
    InstanceLaunchTemplate {
        ec2_instance_profile_arn, network_configuration, instance_requirements, capacity_option_type,
        storage_configuration, monitoring, fips_enabled, capacity_reservations,
        instance_metadata_tags_propagation, local_storage_configuration,
    }
    ManagedInstancesNetworkConfiguration { subnets, security_groups }
    InstanceRequirementsRequest { allowed_instance_types }
    ManagedInstancesStorageConfiguration { storage_size_gib = "storageSizeGiB" }
    CapacityReservationRequest { reservation_group_arn, reservation_preference }
    ManagedInstancesLocalStorageConfiguration { use_local_storage }
    InfrastructureOptimization { scale_in_after }
    EksConfiguration { eks_cluster_arn, kubernetes_namespace, access_entry }
    EksAccessEntry { desired_state, status }
    EcsSettings { container_insights }
    ComputeResourceUpdate {
        minv_cpus, maxv_cpus, desiredv_cpus, subnets, security_group_ids, allocation_strategy, instance_types,
        ec2_key_pair, instance_role, tags, placement_group, bid_percentage, launch_template, ec2_configuration,
        update_to_latest_image_version, r#type, image_id, scaling_policy, managed_instances_provider,
        capacity_tags,
    }
    UpdateManagedInstancesProviderConfiguration {
        propagate_tags, infrastructure_role_arn, instance_launch_template, infrastructure_optimization,
    }
    InstanceLaunchTemplateUpdate {
        ec2_instance_profile_arn, network_configuration, instance_requirements, storage_configuration,
        monitoring, capacity_reservations, instance_metadata_tags_propagation, local_storage_configuration,
    }
    UpdatePolicy { terminate_jobs_on_update, job_execution_timeout_minutes }
    EksConfigurationUpdate { access_entry }
    ComputeEnvironmentOrder { order, compute_environment }
    ServiceEnvironmentOrder { order, service_environment }
    JobStateTimeLimitAction { reason, state, max_time_seconds, action }
    KeyValuesPair { name, values }
}

words! {
    aws_sdk_batch;

    CeState, CeStatus, CeType, ContainerInsights, CrAllocationStrategy, CrType, CrUpdateAllocationStrategy,
    EksAccessEntryDesiredState, EksAccessEntryStatus, JobQueueType, JobStateTimeLimitActionsAction,
    JobStateTimeLimitActionsState, JobStatus, JqState, JqStatus, OrchestrationType, UserdataType,
}
