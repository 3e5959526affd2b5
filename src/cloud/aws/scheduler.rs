//! EventBridge Scheduler: schedules and what they start.
//!
//! `UpdateSchedule` replaces a schedule whole, and what it is not given falls back to AWS's default: a schedule comes
//! and goes with every member that AWS has, its input included, which is looked up when a step runs and stored nowhere.

use super::json::{answers, built, operations, parameters, words};

operations! {
    aws_sdk_scheduler;

    "ListSchedules" => list_schedules(
        set_group_name, set_name_prefix, set_state, set_next_token, set_max_results,
    ) -> ListSchedulesOutput { next_token, schedules }
    "GetSchedule" => get_schedule(
        set_name, set_group_name,
    ) -> GetScheduleOutput {
        arn, group_name, name, schedule_expression, start_date, end_date, description,
        schedule_expression_timezone, state, creation_date, last_modification_date, kms_key_arn, target,
        flexible_time_window, action_after_completion,
    }
    "UpdateSchedule" => update_schedule(
        set_name, set_group_name, set_schedule_expression, set_start_date, set_end_date, set_description,
        set_schedule_expression_timezone, set_state, set_kms_key_arn, set_target, set_flexible_time_window,
        set_client_token, set_action_after_completion,
    ) -> UpdateScheduleOutput { schedule_arn }
}

answers! {
    aws_sdk_scheduler;

    ScheduleSummary { arn, name, group_name, state, creation_date, last_modification_date, target }
    TargetSummary { arn }
    Target {
        arn, role_arn, dead_letter_config, retry_policy, input, ecs_parameters, event_bridge_parameters,
        kinesis_parameters, sage_maker_pipeline_parameters, sqs_parameters,
    }
    DeadLetterConfig { arn }
    RetryPolicy { maximum_event_age_in_seconds, maximum_retry_attempts }
    EcsParameters {
        task_definition_arn, task_count, launch_type, network_configuration, platform_version, group,
        capacity_provider_strategy, enable_ecs_managed_tags = "EnableECSManagedTags", enable_execute_command,
        placement_constraints, placement_strategy, propagate_tags, reference_id, tags,
    }
    NetworkConfiguration { awsvpc_configuration = "awsvpcConfiguration" }
    AwsVpcConfiguration { subnets, security_groups, assign_public_ip }
    CapacityProviderStrategyItem { capacity_provider = "capacityProvider", weight = "weight", base = "base" }
    PlacementConstraint { r#type = "type", expression = "expression" }
    PlacementStrategy { r#type = "type", field = "field" }
    EventBridgeParameters { detail_type, source }
    KinesisParameters { partition_key }
    SageMakerPipelineParameters { pipeline_parameter_list }
    SageMakerPipelineParameter { name, value }
    SqsParameters { message_group_id }
    FlexibleTimeWindow { mode, maximum_window_in_minutes }
}

parameters! {
    aws_sdk_scheduler;

    DeadLetterConfig { arn }
    RetryPolicy { maximum_event_age_in_seconds, maximum_retry_attempts }
    NetworkConfiguration { awsvpc_configuration = "awsvpcConfiguration" }
    PlacementConstraint { r#type = "type", expression = "expression" }
    PlacementStrategy { r#type = "type", field = "field" }
    SageMakerPipelineParameters { pipeline_parameter_list }
    SqsParameters { message_group_id }
}

built! {
    aws_sdk_scheduler;

    Target {
        set_arn, set_role_arn, set_dead_letter_config, set_retry_policy, set_input, set_ecs_parameters,
        set_event_bridge_parameters, set_kinesis_parameters, set_sage_maker_pipeline_parameters,
        set_sqs_parameters,
    }
    EcsParameters {
        set_task_definition_arn, set_task_count, set_launch_type, set_network_configuration,
        set_platform_version, set_group, set_capacity_provider_strategy,
        set_enable_ecs_managed_tags = "EnableECSManagedTags", set_enable_execute_command,
        set_placement_constraints, set_placement_strategy, set_propagate_tags, set_reference_id, set_tags,
    }
    AwsVpcConfiguration { set_subnets, set_security_groups, set_assign_public_ip }
    CapacityProviderStrategyItem {
        set_capacity_provider = "capacityProvider", set_weight = "weight", set_base = "base",
    }
    EventBridgeParameters { set_detail_type, set_source }
    KinesisParameters { set_partition_key }
    SageMakerPipelineParameter { set_name, set_value }
    FlexibleTimeWindow { set_mode, set_maximum_window_in_minutes }
}

words! {
    aws_sdk_scheduler;

    ActionAfterCompletion, AssignPublicIp, FlexibleTimeWindowMode, LaunchType, PlacementConstraintType,
    PlacementStrategyType, PropagateTags, ScheduleState,
}
