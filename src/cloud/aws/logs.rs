//! CloudWatch Logs: the events of a log group, a page at a time. Of the two dozen things that AWS can do with a log group
//! this is all that flow logs need; `unmask` is left out, because what somebody hides stays hidden.

use super::json::{answers, operations};

operations! {
    aws_sdk_cloudwatchlogs camel;

    "FilterLogEvents" => filter_log_events(
        set_log_group_name, set_log_group_identifier, set_log_stream_names, set_log_stream_name_prefix, set_start_time,
        set_end_time, set_filter_pattern, set_next_token, set_limit, set_start_from_head,
    ) -> FilterLogEventsOutput { events, next_token }
}

answers! {
    aws_sdk_cloudwatchlogs camel;

    FilteredLogEvent { log_stream_name, timestamp, message, ingestion_time, event_id }
}
