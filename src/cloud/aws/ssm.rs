//! Systems Manager: which instances answer, and a command as proof. What a command was given and what it printed is in no
//! table: neither belongs in a journal.

use super::json::{answers, built, operations, parameters, words};

operations! {
    aws_sdk_ssm;

    "DescribeInstanceInformation" => describe_instance_information(
        set_instance_information_filter_list, set_filters, set_max_results, set_next_token,
    ) -> DescribeInstanceInformationOutput { instance_information_list, next_token }
    "SendCommand" => send_command(
        set_instance_ids, set_targets, set_document_name, set_document_version, set_document_hash,
        set_document_hash_type, set_timeout_seconds, set_comment, set_parameters, set_output_s3_region,
        set_output_s3_bucket_name, set_output_s3_key_prefix, set_max_concurrency, set_max_errors,
        set_service_role_arn, set_notification_config, set_cloud_watch_output_config, set_alarm_configuration,
    ) -> SendCommandOutput { command }
    "ListCommands" => list_commands(
        set_command_id, set_instance_id, set_max_results, set_next_token, set_filters,
    ) -> ListCommandsOutput { commands, next_token }
    "ListCommandInvocations" => list_command_invocations(
        set_command_id, set_instance_id, set_max_results, set_next_token, set_filters, set_details,
    ) -> ListCommandInvocationsOutput { command_invocations, next_token }
    "GetCommandInvocation" => get_command_invocation(
        set_command_id, set_instance_id, set_plugin_name,
    ) -> GetCommandInvocationOutput {
        command_id, instance_id, comment, document_name, document_version, plugin_name, response_code,
        execution_start_date_time, execution_elapsed_time, execution_end_date_time, status, status_details,
        standard_output_url, standard_error_url, cloud_watch_output_config,
    }
}

answers! {
    aws_sdk_ssm;

    InstanceInformation {
        instance_id, ping_status, last_ping_date_time, agent_version, is_latest_version, platform_type,
        platform_name, platform_version, activation_id, iam_role, registration_date, resource_type, name,
        ip_address = "IPAddress", computer_name, association_status, last_association_execution_date,
        last_successful_association_execution_date, association_overview, source_id, source_type,
        source_location,
    }
    InstanceAggregatedAssociationOverview { detailed_status, instance_association_status_aggregated_count }
    Command {
        command_id, document_name, document_version, comment, expires_after, instance_ids, targets,
        requested_date_time, status, status_details, output_s3_region, output_s3_bucket_name,
        output_s3_key_prefix, max_concurrency, max_errors, target_count, completed_count, error_count,
        delivery_timed_out_count, service_role, notification_config, cloud_watch_output_config,
        timeout_seconds, alarm_configuration, triggered_alarms,
    }
    Target { key, values }
    NotificationConfig { notification_arn, notification_events, notification_type }
    CloudWatchOutputConfig { cloud_watch_log_group_name, cloud_watch_output_enabled }
    AlarmConfiguration { ignore_poll_alarm_failure, alarms }
    Alarm { name }
    AlarmStateInformation { name, state }
    CommandInvocation {
        command_id, instance_id, instance_name, comment, document_name, document_version, requested_date_time,
        status, status_details, standard_output_url, standard_error_url, command_plugins, service_role,
        notification_config, cloud_watch_output_config,
    }
    CommandPlugin {
        name, status, status_details, response_code, response_start_date_time, response_finish_date_time,
        standard_output_url, standard_error_url, output_s3_region, output_s3_bucket_name, output_s3_key_prefix,
    }
}

parameters! {
    aws_sdk_ssm;

    Target { key, values }
    NotificationConfig { notification_arn, notification_events, notification_type }
}

built! {
    aws_sdk_ssm;

    InstanceInformationFilter { set_key = "key", set_value_set = "valueSet" }
    InstanceInformationStringFilter { set_key, set_values }
    CloudWatchOutputConfig { set_cloud_watch_log_group_name, set_cloud_watch_output_enabled }
    AlarmConfiguration { set_ignore_poll_alarm_failure, set_alarms }
    Alarm { set_name }
    CommandFilter { set_key = "key", set_value = "value" }
}

words! {
    aws_sdk_ssm;

    CommandFilterKey, CommandInvocationStatus, CommandPluginStatus, CommandStatus, DocumentHashType,
    ExternalAlarmState, InstanceInformationFilterKey, NotificationEvent, NotificationType, PingStatus,
    PlatformType, ResourceType, SourceType,
}
