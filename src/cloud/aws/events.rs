//! EventBridge: rules and what they start.
//!
//! `PutTargets` replaces a target whole, so a target comes and goes with every member that AWS has, inputs included:
//! they are looked up when a step runs, sent back and stored nowhere. `FailedEntries` is how EventBridge says with
//! status 200 what it did not do.

use super::json::{answers, built, operations, parameters, words};

operations! {
    aws_sdk_eventbridge;

    "ListRules" => list_rules(set_name_prefix, set_event_bus_name, set_next_token, set_limit)
        -> ListRulesOutput { rules, next_token }
    "ListRuleNamesByTarget" => list_rule_names_by_target(
        set_target_arn, set_event_bus_name, set_next_token, set_limit,
    ) -> ListRuleNamesByTargetOutput { rule_names, next_token }
    "ListTargetsByRule" => list_targets_by_rule(set_rule, set_event_bus_name, set_next_token, set_limit)
        -> ListTargetsByRuleOutput { targets, next_token }
    "PutTargets" => put_targets(set_rule, set_event_bus_name, set_targets)
        -> PutTargetsOutput { failed_entry_count, failed_entries }
}

answers! {
    aws_sdk_eventbridge;

    Rule {
        name, arn, event_pattern, state, description, schedule_expression, role_arn, managed_by,
        event_bus_name,
    }
    Target {
        id, arn, role_arn, input, input_path, input_transformer, kinesis_parameters, run_command_parameters,
        ecs_parameters, batch_parameters, sqs_parameters, http_parameters, redshift_data_parameters,
        sage_maker_pipeline_parameters, dead_letter_config, retry_policy, app_sync_parameters,
    }
    InputTransformer { input_paths_map, input_template }
    KinesisParameters { partition_key_path }
    RunCommandParameters { run_command_targets }
    RunCommandTarget { key, values }
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
    Tag { key, value }
    BatchParameters { job_definition, job_name, array_properties, retry_strategy }
    BatchArrayProperties { size }
    BatchRetryStrategy { attempts }
    SqsParameters { message_group_id }
    HttpParameters { path_parameter_values, header_parameters, query_string_parameters }
    RedshiftDataParameters {
        secret_manager_arn, database, db_user = "DbUser", sql, statement_name, with_event, sqls,
    }
    SageMakerPipelineParameters { pipeline_parameter_list }
    SageMakerPipelineParameter { name, value }
    DeadLetterConfig { arn }
    RetryPolicy { maximum_retry_attempts, maximum_event_age_in_seconds }
    AppSyncParameters { graph_ql_operation = "GraphQLOperation" }
    PutTargetsResultEntry { target_id, error_code, error_message }
}

parameters! {
    aws_sdk_eventbridge;

    NetworkConfiguration { awsvpc_configuration = "awsvpcConfiguration" }
    PlacementConstraint { r#type = "type", expression = "expression" }
    PlacementStrategy { r#type = "type", field = "field" }
    SqsParameters { message_group_id }
    HttpParameters { path_parameter_values, header_parameters, query_string_parameters }
    SageMakerPipelineParameters { pipeline_parameter_list }
    DeadLetterConfig { arn }
    RetryPolicy { maximum_retry_attempts, maximum_event_age_in_seconds }
    AppSyncParameters { graph_ql_operation = "GraphQLOperation" }
}

built! {
    aws_sdk_eventbridge;

    Target {
        set_id, set_arn, set_role_arn, set_input, set_input_path, set_input_transformer,
        set_kinesis_parameters, set_run_command_parameters, set_ecs_parameters, set_batch_parameters,
        set_sqs_parameters, set_http_parameters, set_redshift_data_parameters,
        set_sage_maker_pipeline_parameters, set_dead_letter_config, set_retry_policy, set_app_sync_parameters,
    }
    InputTransformer { set_input_paths_map, set_input_template }
    KinesisParameters { set_partition_key_path }
    RunCommandParameters { set_run_command_targets }
    RunCommandTarget { set_key, set_values }
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
    Tag { set_key, set_value }
    BatchParameters { set_job_definition, set_job_name, set_array_properties, set_retry_strategy }
    BatchArrayProperties { set_size }
    BatchRetryStrategy { set_attempts }
    RedshiftDataParameters {
        set_secret_manager_arn, set_database, set_db_user = "DbUser", set_sql, set_statement_name,
        set_with_event, set_sqls,
    }
    SageMakerPipelineParameter { set_name, set_value }
}

words! {
    aws_sdk_eventbridge;

    AssignPublicIp, LaunchType, PlacementConstraintType, PlacementStrategyType, PropagateTags, RuleState,
}
