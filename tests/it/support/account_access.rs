//! Accounts in which not everybody is reached by Session Manager.

use serde_json::{Value, json};

use super::account::{ACCOUNT, Docs, REGION, network, profile, profile_arn, spine};

/// One zone, one instance that Session Manager reaches.
pub fn small() -> Docs {
    let mut docs = network(&["a"]);
    docs.security();
    docs.instance("web", "a", &["sg-default-all"]);
    docs
}

/// One zone, one instance without a profile.
pub fn bare() -> Docs {
    let mut docs = network(&["a"]);
    docs.security();
    docs.instance("bare", "a", &["sg-default-all"]);
    let doc = docs.doc("i-bare");
    doc["IamInstanceProfile"] = Value::Null;
    doc["Profile"] = Value::Null;
    docs
}

/// One zone, two instances with one profile, whose role has these policies.
pub fn shared_role(policies: &[&str]) -> Docs {
    let mut docs = network(&["a"]);
    docs.security();
    for name in ["one", "two"] {
        docs.instance(name, "a", &["sg-default-all"]);
        let doc = docs.doc(&format!("i-{name}"));
        doc["IamInstanceProfile"] = json!({ "Arn": profile_arn("app") });
        doc["Profile"] = profile("app", policies);
    }
    docs
}

/// A Client VPN as an intent asks for it.
pub const VPN: &str = "client_vpn:\n  client_cidr: 10.200.0.0/22\n  server_certificate: arn:aws:acm:us-east-1:123456789012:certificate/server\n  \
    client_ca: arn:aws:acm:us-east-1:123456789012:certificate/ca\n";

/// The story, where an alias of `orders` serves a published version.
pub fn released() -> Docs {
    let mut docs = spine();
    let doc = docs.doc("orders");
    doc["CodeSha256"] = json!("sha-3");
    doc["Versions"] = json!([{ "Version": "3", "VpcConfig": doc["VpcConfig"], "CodeSha256": "sha-3", "Description": "", "Unlike": [] }]);
    doc["Aliases"] = json!([{ "Name": "live", "FunctionVersion": "3", "RevisionId": "revision-of-live" }]);
    doc["ProvisionedConcurrencyConfigs"] = json!([]);
    docs
}

/// One function in one zone, whose alias serves a published version; nothing turns private.
pub fn function_alone() -> Docs {
    let mut docs = network(&["a"]);
    docs.security();
    let more = json!({ "InterfaceType": "lambda" });
    docs.interface("eni-lambda-a", "a", &["sg-default-all"], "AWS Lambda VPC ENI-orders-0cc175b9c0f1b6a831c399e269772661", more);
    let config = json!({ "VpcId": "vpc-shop", "SubnetIds": ["subnet-a"], "SecurityGroupIds": ["sg-default-all"] });
    docs.add(
        "lambda_function",
        json!({ "FunctionName": "orders", "FunctionArn": format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:orders"), "State": "Active",
            "LastUpdateStatus": "Successful", "RevisionId": "revision-of-orders", "VpcConfig": config, "CodeSha256": "sha-3",
            "Versions": [{ "Version": "3", "VpcConfig": config, "CodeSha256": "sha-3", "Description": "", "Unlike": [] }],
            "Aliases": [{ "Name": "live", "FunctionVersion": "3", "RevisionId": "revision-of-live" }], "ProvisionedConcurrencyConfigs": [] }),
    );
    docs
}
