//! ECS: clusters, services, tasks and how deployments go. The CLI spells this service in lowerCamelCase.
//!
//! What a container runs with stays out: environments, commands and overrides are in no table. Of a task definition
//! there is only what a network needs to know. `failures` is how ECS says with status 200 what it did not do.

use super::json::{answers, built, operations, parameters, words};

operations! {
    aws_sdk_ecs camel;

    "ListClusters" => list_clusters(set_next_token, set_max_results)
        -> ListClustersOutput { cluster_arns, next_token }
    "DescribeClusters" => describe_clusters(set_clusters, set_include)
        -> DescribeClustersOutput { clusters, failures }
    "ListServices" => list_services(
        set_cluster, set_next_token, set_max_results, set_launch_type, set_scheduling_strategy,
        set_resource_management_type,
    ) -> ListServicesOutput { service_arns, next_token }
    "DescribeServices" => describe_services(set_cluster, set_services, set_include)
        -> DescribeServicesOutput { services, failures }
    "DescribeTasks" => describe_tasks(set_cluster, set_tasks, set_include)
        -> DescribeTasksOutput { tasks, failures }
    "ListTasks" => list_tasks(
        set_cluster, set_container_instance, set_family, set_next_token, set_max_results, set_started_by,
        set_service_name, set_desired_status, set_launch_type, set_daemon_name,
    ) -> ListTasksOutput { task_arns, next_token }
    "ListServiceDeployments" => list_service_deployments(
        set_service, set_cluster, set_status, set_created_at, set_next_token, set_max_results,
    ) -> ListServiceDeploymentsOutput { service_deployments, next_token }
    "DescribeServiceDeployments" => describe_service_deployments(set_service_deployment_arns)
        -> DescribeServiceDeploymentsOutput { service_deployments, failures }
    "StopServiceDeployment" => stop_service_deployment(set_service_deployment_arn, set_stop_type)
        -> StopServiceDeploymentOutput { service_deployment_arn }
    "StopTask" => stop_task(set_cluster, set_task, set_reason) -> StopTaskOutput { task }
    "UpdateService" => update_service(
        set_cluster, set_service, set_desired_count, set_task_definition, set_deployment_configuration,
        set_network_configuration, set_platform_version, set_force_new_deployment,
        set_health_check_grace_period_seconds,
    ) -> UpdateServiceOutput { service }
    "RunTask" => run_task(
        set_capacity_provider_strategy, set_cluster, set_count,
        set_enable_ecs_managed_tags = "enableECSManagedTags", set_enable_execute_command, set_group,
        set_launch_type, set_network_configuration, set_platform_version, set_propagate_tags, set_started_by,
        set_tags, set_task_definition, set_client_token,
    ) -> RunTaskOutput { tasks, failures }
    "DescribeTaskDefinition" => describe_task_definition(set_task_definition, set_include)
        -> DescribeTaskDefinitionOutput { task_definition }
}

answers! {
    aws_sdk_ecs camel;

    Cluster {
        cluster_arn, cluster_name, status, registered_container_instances_count, running_tasks_count,
        pending_tasks_count, active_services_count, statistics, tags, settings, capacity_providers,
        default_capacity_provider_strategy, attachments, attachments_status,
    }
    KeyValuePair { name, value }
    Tag { key, value }
    ClusterSetting { name, value }
    CapacityProviderStrategyItem { capacity_provider, weight, base }
    Attachment { id, r#type, status, details }
    Failure { arn, reason, detail }
    Service {
        service_arn, service_name, cluster_arn, load_balancers, service_registries, status, desired_count,
        running_count, pending_count, launch_type, capacity_provider_strategy, platform_version,
        platform_family, task_definition, deployment_configuration, deployments, role_arn, events, created_at,
        current_service_deployment, current_service_revisions, placement_constraints, placement_strategy,
        network_configuration, health_check_grace_period_seconds, scheduling_strategy, deployment_controller,
        tags, created_by, enable_ecs_managed_tags = "enableECSManagedTags", propagate_tags,
        enable_execute_command, availability_zone_rebalancing, resource_management_type,
    }
    LoadBalancer {
        target_group_arn, load_balancer_name, container_name, container_port, advanced_configuration,
    }
    AdvancedConfiguration { alternate_target_group_arn, production_listener_rule, test_listener_rule, role_arn }
    ServiceRegistry { registry_arn, port, container_name, container_port }
    DeploymentConfiguration {
        deployment_circuit_breaker, maximum_percent, minimum_healthy_percent, alarms, strategy,
        bake_time_in_minutes, lifecycle_hooks, linear_configuration, canary_configuration,
        early_success_criteria,
    }
    DeploymentCircuitBreaker { enable, rollback, reset_on_healthy_task, threshold_configuration }
    ThresholdConfiguration { r#type, value }
    DeploymentAlarms { alarm_names, rollback, enable }
    DeploymentLifecycleHook { target_type, hook_target_arn, role_arn, lifecycle_stages, timeout_configuration }
    DeploymentLifecycleHookTimeoutConfiguration { timeout_in_minutes, action }
    LinearConfiguration { step_percent, step_bake_time_in_minutes }
    CanaryConfiguration { canary_percent, canary_bake_time_in_minutes }
    DeploymentEarlySuccessCriteria { enable, healthy_percent, source_service_revision_cleanup }
    Deployment {
        id, status, task_definition, desired_count, pending_count, running_count, failed_tasks, created_at,
        updated_at, capacity_provider_strategy, launch_type, platform_version, platform_family,
        network_configuration, rollout_state, rollout_state_reason, fargate_ephemeral_storage,
    }
    NetworkConfiguration { awsvpc_configuration }
    AwsVpcConfiguration { subnets, security_groups, assign_public_ip }
    DeploymentEphemeralStorage { kms_key_id }
    ServiceEvent { id, created_at, message }
    ServiceCurrentRevisionSummary { arn, requested_task_count, running_task_count, pending_task_count }
    PlacementConstraint { r#type, expression }
    PlacementStrategy { r#type, field }
    DeploymentController { r#type }
    Task {
        attachments, attributes, availability_zone, capacity_provider_name, cluster_arn, connectivity,
        connectivity_at, container_instance_arn, containers, cpu, created_at, desired_status,
        enable_execute_command, execution_stopped_at, group, health_status, last_status, launch_type, memory,
        platform_version, platform_family, pull_started_at, pull_stopped_at, started_at, started_by, stop_code,
        stopped_at, stopped_reason, stopping_at, tags, task_arn, task_definition_arn, version,
        ephemeral_storage, fargate_ephemeral_storage,
    }
    Attribute { name, value, target_type, target_id }
    Container {
        container_arn, task_arn, name, image, image_digest, runtime_id, last_status, exit_code, reason,
        network_bindings, network_interfaces, health_status, managed_agents, cpu, memory, memory_reservation,
        gpu_ids, neuron_device_ids,
    }
    NetworkBinding {
        bind_ip = "bindIP", container_port, host_port, protocol, container_port_range, host_port_range,
    }
    NetworkInterface { attachment_id, private_ipv4_address, ipv6_address }
    ManagedAgent { last_started_at, name, reason, last_status }
    EphemeralStorage { size_in_gib = "sizeInGiB" }
    TaskEphemeralStorage { size_in_gib = "sizeInGiB", kms_key_id }
    ServiceDeploymentBrief {
        service_deployment_arn, service_arn, cluster_arn, started_at, created_at, finished_at,
        target_service_revision_arn, status, status_reason,
    }
    ServiceDeployment {
        service_deployment_arn, service_arn, cluster_arn, created_at, started_at, finished_at, stopped_at,
        updated_at, source_service_revisions, target_service_revision, status, status_reason, lifecycle_stage,
        deployment_configuration, rollback, deployment_circuit_breaker, alarms,
    }
    ServiceRevisionSummary {
        arn, requested_task_count, running_task_count, pending_task_count, requested_test_traffic_weight,
        requested_production_traffic_weight,
    }
    Rollback { reason, started_at, service_revision_arn }
    ServiceDeploymentCircuitBreaker { status, failure_count, threshold }
    ServiceDeploymentAlarms { status, alarm_names, triggered_alarm_names }
    TaskDefinition {
        task_definition_arn, container_definitions, family, network_mode, revision, requires_compatibilities,
    }
    ContainerDefinition { name, port_mappings }
    PortMapping { container_port, host_port, protocol, name, app_protocol, container_port_range }
}

parameters! {
    aws_sdk_ecs camel;

    CreatedAt { before, after }
    DeploymentConfiguration {
        deployment_circuit_breaker, maximum_percent, minimum_healthy_percent, alarms, strategy,
        bake_time_in_minutes, lifecycle_hooks, linear_configuration, canary_configuration,
        early_success_criteria,
    }
    DeploymentLifecycleHook { target_type, hook_target_arn, role_arn, lifecycle_stages, timeout_configuration }
    DeploymentLifecycleHookTimeoutConfiguration { timeout_in_minutes, action }
    LinearConfiguration { step_percent, step_bake_time_in_minutes }
    CanaryConfiguration { canary_percent, canary_bake_time_in_minutes }
    NetworkConfiguration { awsvpc_configuration }
    Tag { key, value }
}

built! {
    aws_sdk_ecs camel;

    DeploymentCircuitBreaker {
        set_enable, set_rollback, set_reset_on_healthy_task, set_threshold_configuration,
    }
    ThresholdConfiguration { set_type, set_value }
    DeploymentAlarms { set_alarm_names, set_rollback, set_enable }
    DeploymentEarlySuccessCriteria { set_enable, set_healthy_percent, set_source_service_revision_cleanup }
    AwsVpcConfiguration { set_subnets, set_security_groups, set_assign_public_ip }
    CapacityProviderStrategyItem { set_capacity_provider, set_weight, set_base }
}

words! {
    aws_sdk_ecs;

    ApplicationProtocol, AssignPublicIp, AvailabilityZoneRebalancing, ClusterField, ClusterSettingName,
    Compatibility, Connectivity, DeploymentControllerType, DeploymentLifecycleHookAction,
    DeploymentLifecycleHookStage, DeploymentLifecycleHookTargetType, DeploymentRolloutState,
    DeploymentStrategy, DesiredStatus, HealthStatus, LaunchType, ManagedAgentName, NetworkMode,
    PlacementConstraintType, PlacementStrategyType, PropagateTags, ResourceManagementType, SchedulingStrategy,
    ServiceDeploymentLifecycleStage, ServiceDeploymentRollbackMonitorsStatus, ServiceDeploymentStatus,
    ServiceField, ServiceRevisionCleanup, StopServiceDeploymentStopType, TargetType, TaskDefinitionField,
    TaskField, TaskStopCode, ThresholdType, TransportProtocol,
}
