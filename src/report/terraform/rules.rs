//! The ids that AWS gives to the rules of security groups. Terraform imports a rule by its id, and the call that makes
//! rules tells them to nobody who asks later; `aws ec2 describe-security-group-rules` does.

use serde::Deserialize;
use serde_json::Value;

/// Why a rule is not imported.
pub const UNKNOWN: &str = "the provider imports a rule by its id (sgr-…), which the journal does not have";

/// An answer of `aws ec2 describe-security-group-rules`.
#[derive(Clone, Debug, Deserialize)]
pub struct RuleIds {
    #[serde(rename = "SecurityGroupRules")]
    rules: Vec<Value>,
}

impl RuleIds {
    /// Reads the answer.
    ///
    /// # Errors
    /// Why it is none.
    pub fn parse(text: &str) -> Result<RuleIds, String> {
        serde_json::from_str(text).map_err(|error| format!("it is no answer of `aws ec2 describe-security-group-rules`: {error}"))
    }

    /// The id of a rule: its group, its permission, its sort of source and the source.
    pub(super) fn find(&self, group: &str, permission: &Value, argument: &str, peer: &str) -> Option<String> {
        let protocol = permission["IpProtocol"].as_str().unwrap_or("-1");
        let port = |key: &str| permission[key].as_i64().unwrap_or(-1);
        let source = |rule: &Value| match argument {
            "cidr_ipv4" => rule["CidrIpv4"].as_str().map(str::to_owned),
            "cidr_ipv6" => rule["CidrIpv6"].as_str().map(str::to_owned),
            "prefix_list_id" => rule["PrefixListId"].as_str().map(str::to_owned),
            _ => rule["ReferencedGroupInfo"]["GroupId"].as_str().map(str::to_owned),
        };
        let is_it = |rule: &&Value| {
            rule["IsEgress"] != true
                && rule["GroupId"] == group
                && rule["IpProtocol"] == protocol
                && (protocol == "-1"
                    || (rule["FromPort"].as_i64() == Some(port("FromPort")) && rule["ToPort"].as_i64() == Some(port("ToPort"))))
                && source(rule).as_deref() == Some(peer)
        };
        self.rules.iter().find(is_it)?["SecurityGroupRuleId"].as_str().map(str::to_owned)
    }
}
