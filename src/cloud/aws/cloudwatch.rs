//! CloudWatch: the state of an alarm, which a gate looks at.

use super::json::{answers, operations, words};

operations! {
    aws_sdk_cloudwatch;

    "DescribeAlarms" => describe_alarms(set_alarm_names, set_alarm_types, set_max_records, set_next_token)
        -> DescribeAlarmsOutput { metric_alarms, composite_alarms, next_token }
}

answers! {
    aws_sdk_cloudwatch;

    MetricAlarm { alarm_name, alarm_arn, state_value, state_reason, state_updated_timestamp }
    CompositeAlarm { alarm_name, alarm_arn, state_value, state_reason, state_updated_timestamp }
}

words! {
    aws_sdk_cloudwatch;

    AlarmType, StateValue,
}
