//! Application Auto Scaling: who else sets the size of a service, a replica set or a function.

use super::json::{answers, operations, parameters, words};

operations! {
    aws_sdk_applicationautoscaling;

    "DescribeScalableTargets" => describe_scalable_targets(
        set_service_namespace, set_resource_ids, set_scalable_dimension, set_max_results, set_next_token,
    ) -> DescribeScalableTargetsOutput { scalable_targets, next_token }
    "RegisterScalableTarget" => register_scalable_target(
        set_service_namespace, set_resource_id, set_scalable_dimension, set_min_capacity, set_max_capacity,
        set_role_arn = "RoleARN", set_suspended_state, set_tags,
    ) -> RegisterScalableTargetOutput { scalable_target_arn = "ScalableTargetARN" }
}

answers! {
    aws_sdk_applicationautoscaling;

    ScalableTarget {
        service_namespace, resource_id, scalable_dimension, min_capacity, max_capacity, predicted_capacity,
        role_arn = "RoleARN", creation_time, suspended_state, scalable_target_arn = "ScalableTargetARN",
    }
    SuspendedState { dynamic_scaling_in_suspended, dynamic_scaling_out_suspended, scheduled_scaling_suspended }
}

parameters! {
    aws_sdk_applicationautoscaling;

    SuspendedState { dynamic_scaling_in_suspended, dynamic_scaling_out_suspended, scheduled_scaling_suspended }
}

words! {
    aws_sdk_applicationautoscaling;

    ScalableDimension, ServiceNamespace,
}
