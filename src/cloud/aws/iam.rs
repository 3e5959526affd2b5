//! IAM: the roles of instances. Policies are attached by name only; their documents are not read.

use super::json::{answers, built, operations, words};

operations! {
    aws_sdk_iam;

    "GetInstanceProfile" => get_instance_profile(set_instance_profile_name)
        -> GetInstanceProfileOutput { instance_profile }
    "GetRole" => get_role(set_role_name) -> GetRoleOutput { role }
    "ListAttachedRolePolicies" => list_attached_role_policies(
        set_role_name, set_path_prefix, set_marker, set_max_items,
    ) -> ListAttachedRolePoliciesOutput { attached_policies, is_truncated, marker }
    "AttachRolePolicy" => attach_role_policy(set_role_name, set_policy_arn) -> AttachRolePolicyOutput {}
    "DetachRolePolicy" => detach_role_policy(set_role_name, set_policy_arn) -> DetachRolePolicyOutput {}
    "CreateRole" => create_role(
        set_path, set_role_name, set_assume_role_policy_document, set_description, set_max_session_duration,
        set_permissions_boundary, set_tags,
    ) -> CreateRoleOutput { role }
    "DeleteRole" => delete_role(set_role_name) -> DeleteRoleOutput {}
    "CreateInstanceProfile" => create_instance_profile(set_instance_profile_name, set_path, set_tags)
        -> CreateInstanceProfileOutput { instance_profile }
    "DeleteInstanceProfile" => delete_instance_profile(set_instance_profile_name)
        -> DeleteInstanceProfileOutput {}
    "AddRoleToInstanceProfile" => add_role_to_instance_profile(set_instance_profile_name, set_role_name)
        -> AddRoleToInstanceProfileOutput {}
    "SimulatePrincipalPolicy" => simulate_principal_policy(
        set_policy_source_arn, set_action_names, set_resource_arns, set_context_entries, set_max_items, set_marker,
    ) -> SimulatePrincipalPolicyOutput { evaluation_results, is_truncated, marker }
    "RemoveRoleFromInstanceProfile" => remove_role_from_instance_profile(
        set_instance_profile_name, set_role_name,
    ) -> RemoveRoleFromInstanceProfileOutput {}
}

answers! {
    aws_sdk_iam;

    InstanceProfile { path, instance_profile_name, instance_profile_id, arn, create_date, roles, tags }
    Role {
        path, role_name, role_id, arn, create_date, description, max_session_duration, permissions_boundary,
        tags, role_last_used, source_role_template,
    }
    AttachedPermissionsBoundary { permissions_boundary_type, permissions_boundary_arn }
    Tag { key, value }
    RoleLastUsed { last_used_date, region }
    SourceRoleTemplate { template_arn, template_minor_version }
    AttachedPolicy { policy_name, policy_arn }
    EvaluationResult {
        eval_action_name, eval_resource_name, eval_decision, matched_statements, missing_context_values,
        organizations_decision_detail, permissions_boundary_decision_detail, resource_specific_results,
    }
    Statement { source_policy_id, source_policy_type }
    OrganizationsDecisionDetail { allowed_by_organizations }
    PermissionsBoundaryDecisionDetail { allowed_by_permissions_boundary }
    ResourceSpecificResult {
        eval_resource_name, eval_resource_decision, matched_statements, missing_context_values,
        permissions_boundary_decision_detail,
    }
}

built! {
    aws_sdk_iam;

    Tag { set_key, set_value }
    ContextEntry { set_context_key_name, set_context_key_values, set_context_key_type }
}

words! {
    aws_sdk_iam;

    PermissionsBoundaryAttachmentType,
    ContextKeyTypeEnum,
    PolicyEvaluationDecisionType,
    PolicySourceType,
}
