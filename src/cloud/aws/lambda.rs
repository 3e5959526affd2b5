//! Lambda: functions and where they run.
//!
//! A function's environment never leaves this file: it is where secrets are. An update changes the placement only; what an
//! invocation answers is not shown.

use super::json::{answers, operations, parameters, words};

operations! {
    aws_sdk_lambda;

    "ListFunctions" => list_functions(set_master_region, set_function_version, set_marker, set_max_items)
        -> ListFunctionsOutput { next_marker, functions }
    "GetFunctionConfiguration" => get_function_configuration(
        set_function_name, set_qualifier,
    ) -> GetFunctionConfigurationOutput {
        function_name, function_arn, runtime, role, handler, code_size, description, timeout, memory_size,
        last_modified, code_sha256, version, vpc_config, dead_letter_config, kms_key_arn = "KMSKeyArn",
        tracing_config, master_arn, revision_id, layers, state, state_reason, state_reason_code,
        last_update_status, last_update_status_reason, last_update_status_reason_code, file_system_configs,
        signing_profile_version_arn, signing_job_arn, package_type, image_config_response, architectures,
        ephemeral_storage, snap_start, logging_config, tenancy_config, capacity_provider_config, config_sha256,
        durable_config,
    }
    "ListVersionsByFunction" => list_versions_by_function(set_function_name, set_marker, set_max_items)
        -> ListVersionsByFunctionOutput { next_marker, versions }
    "ListAliases" => list_aliases(set_function_name, set_function_version, set_marker, set_max_items)
        -> ListAliasesOutput { next_marker, aliases }
    "ListTags" => list_tags(set_resource) -> ListTagsOutput { tags }
    "UpdateFunctionConfiguration" => update_function_configuration(
        set_function_name, set_vpc_config, set_revision_id,
    ) -> UpdateFunctionConfigurationOutput {
        function_name, function_arn, runtime, role, handler, code_size, description, timeout, memory_size,
        last_modified, code_sha256, version, vpc_config, dead_letter_config, kms_key_arn = "KMSKeyArn",
        tracing_config, master_arn, revision_id, layers, state, state_reason, state_reason_code,
        last_update_status, last_update_status_reason, last_update_status_reason_code, file_system_configs,
        signing_profile_version_arn, signing_job_arn, package_type, image_config_response, architectures,
        ephemeral_storage, snap_start, logging_config, tenancy_config, capacity_provider_config, config_sha256,
        durable_config,
    }
    "PublishVersion" => publish_version(
        set_function_name, set_code_sha256, set_description, set_revision_id, set_publish_to,
    ) -> PublishVersionOutput {
        function_name, function_arn, last_modified, code_sha256, version, vpc_config, revision_id, state,
        state_reason, state_reason_code, last_update_status, last_update_status_reason,
        last_update_status_reason_code,
    }
    "GetAlias" => get_alias(set_function_name, set_name)
        -> GetAliasOutput { alias_arn, name, function_version, description, routing_config, revision_id }
    "UpdateAlias" => update_alias(
        set_function_name, set_name, set_function_version, set_description, set_routing_config,
        set_revision_id,
    ) -> UpdateAliasOutput { alias_arn, name, function_version, description, routing_config, revision_id }
    "DeleteFunction" => delete_function(set_function_name, set_qualifier)
        -> DeleteFunctionOutput { status_code }
    "ListProvisionedConcurrencyConfigs" => list_provisioned_concurrency_configs(
        set_function_name, set_marker, set_max_items,
    ) -> ListProvisionedConcurrencyConfigsOutput { provisioned_concurrency_configs, next_marker }
    "GetProvisionedConcurrencyConfig" => get_provisioned_concurrency_config(
        set_function_name, set_qualifier,
    ) -> GetProvisionedConcurrencyConfigOutput {
        requested_provisioned_concurrent_executions, available_provisioned_concurrent_executions,
        allocated_provisioned_concurrent_executions, status, status_reason, last_modified,
    }
    "PutProvisionedConcurrencyConfig" => put_provisioned_concurrency_config(
        set_function_name, set_qualifier, set_provisioned_concurrent_executions,
    ) -> PutProvisionedConcurrencyConfigOutput {
        requested_provisioned_concurrent_executions, allocated_provisioned_concurrent_executions,
        available_provisioned_concurrent_executions, status, status_reason, last_modified,
    }
    "Invoke" => invoke(set_function_name, set_invocation_type, set_payload, set_qualifier)
        -> InvokeOutput { status_code, function_error, executed_version }
}

answers! {
    aws_sdk_lambda;

    VpcConfigResponse { subnet_ids, security_group_ids, vpc_id, ipv6_allowed_for_dual_stack }
    DeadLetterConfig { target_arn }
    TracingConfigResponse { mode }
    Layer { arn, code_size, signing_profile_version_arn, signing_job_arn }
    S3FilesConfig { direct_s3_read }
    FileSystemConfig { arn, local_mount_path, s3_files_config }
    ImageConfig { entry_point, command, working_directory }
    ImageConfigError { error_code, message }
    ImageConfigResponse { image_config, error }
    EphemeralStorage { size }
    SnapStartResponse { apply_on, optimization_status }
    LoggingConfig { log_format, application_log_level, system_log_level, log_group }
    TenancyConfig { tenant_isolation_mode }
    LambdaManagedInstancesCapacityProviderConfig {
        capacity_provider_arn, per_execution_environment_max_concurrency,
        execution_environment_memory_gib_per_v_cpu = "ExecutionEnvironmentMemoryGiBPerVCpu",
    }
    CapacityProviderConfig { lambda_managed_instances_capacity_provider_config }
    DurableConfig { kms_key_arn = "KMSKeyArn", retention_period_in_days, execution_timeout }
    FunctionConfiguration {
        function_name, function_arn, runtime, role, handler, code_size, description, timeout, memory_size,
        last_modified, code_sha256, version, vpc_config, dead_letter_config, kms_key_arn = "KMSKeyArn",
        tracing_config, master_arn, revision_id, layers, state, state_reason, state_reason_code,
        last_update_status, last_update_status_reason, last_update_status_reason_code, file_system_configs,
        signing_profile_version_arn, signing_job_arn, package_type, image_config_response, architectures,
        ephemeral_storage, snap_start, logging_config, tenancy_config, capacity_provider_config, config_sha256,
        durable_config,
    }
    AliasRoutingConfiguration { additional_version_weights }
    AliasConfiguration { alias_arn, name, function_version, description, routing_config, revision_id }
    ProvisionedConcurrencyConfigListItem {
        function_arn, requested_provisioned_concurrent_executions, available_provisioned_concurrent_executions,
        allocated_provisioned_concurrent_executions, status, status_reason, last_modified,
    }
}

parameters! {
    aws_sdk_lambda;

    VpcConfig { subnet_ids, security_group_ids, ipv6_allowed_for_dual_stack }
    AliasRoutingConfiguration { additional_version_weights }
}

words! {
    aws_sdk_lambda;

    ApplicationLogLevel, Architecture, DirectS3Read, FunctionVersion, FunctionVersionLatestPublished,
    InvocationType, LastUpdateStatus, LastUpdateStatusReasonCode, LogFormat, PackageType,
    ProvisionedConcurrencyStatusEnum, Runtime, SnapStartApplyOn, SnapStartOptimizationStatus, State,
    StateReasonCode, SystemLogLevel, TenantIsolationMode, TracingMode,
}
