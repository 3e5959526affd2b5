//! Step Functions: state machines, which may start tasks in subnets of their own choice. Only looked at; the CLI spells
//! this service in lowerCamelCase.
//!
//! A definition is the only place that names those subnets. Whoever asks for it keeps the subnets and drops the rest.

use super::json::{answers, operations, words};

operations! {
    aws_sdk_sfn camel;

    "ListStateMachines" => list_state_machines(set_max_results, set_next_token)
        -> ListStateMachinesOutput { state_machines, next_token }
    "DescribeStateMachine" => describe_state_machine(
        set_state_machine_arn, set_included_data,
    ) -> DescribeStateMachineOutput {
        state_machine_arn, name, status, definition, role_arn, creation_date, revision_id,
    }
}

answers! {
    aws_sdk_sfn camel;

    StateMachineListItem { state_machine_arn, name, r#type, creation_date }
}

words! {
    aws_sdk_sfn;

    IncludedData, StateMachineStatus, StateMachineType,
}
