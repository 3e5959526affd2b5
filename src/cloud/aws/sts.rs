//! STS: who is asking.

use super::json::operations;

operations! {
    aws_sdk_sts;

    "GetCallerIdentity" => get_caller_identity() -> GetCallerIdentityOutput { user_id, account, arn }
}
