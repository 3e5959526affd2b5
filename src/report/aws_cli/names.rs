//! How the CLI spells what the API names.

use crate::model::call::Operation;

/// `aws ec2 describe-subnets`.
pub(super) fn command(operation: &Operation) -> String {
    let service = match operation.service() {
        "elasticloadbalancing" => "elbv2",
        "states" => "stepfunctions",
        same => same,
    };
    format!("aws {service} {}", kebab(operation.name()))
}

/// `--subnet-ids`.
pub(super) fn option(parameter: &str) -> String {
    format!("--{}", kebab(parameter))
}

/// `ModifyDBInstance` → `modify-db-instance`, by the rule of the CLI (botocore's `xform_name`): a dash before a capital
/// that follows a small letter or a digit, or that begins a word after other capitals; `ARNs` and the like at the end
/// are one word.
fn kebab(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let plural = plural(&letters);
    let mut out = String::with_capacity(name.len() + 8);
    for (at, c) in letters.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| letters[at]);
        let begins = match before {
            None => false,
            Some(_) if at >= plural => at == plural,
            Some(before) => {
                let word = letters.get(at + 1).is_some_and(char::is_ascii_lowercase) && at + 1 < plural;
                c.is_ascii_uppercase() && (before.is_ascii_lowercase() || before.is_ascii_digit() || word)
            }
        };
        if begins {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// Where capitals with an `s` after them begin at the end: `…AZs`, at least two.
fn plural(letters: &[char]) -> usize {
    let Some((last, rest)) = letters.split_last() else { return 0 };
    let capitals = rest.iter().rev().take_while(|c| c.is_ascii_uppercase()).count();
    if *last == 's' && capitals >= 2 { rest.len() - capitals } else { letters.len() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spelled_as_the_cli_spells_them() {
        for (api, cli) in [
            ("ModifyDBInstance", "modify-db-instance"),
            ("DescribeDBInstances", "describe-db-instances"),
            ("CreateVpcEndpoint", "create-vpc-endpoint"),
            ("CreateDBInstanceReadReplica", "create-db-instance-read-replica"),
            ("RestoreDBInstanceFromDBSnapshot", "restore-db-instance-from-db-snapshot"),
            ("ListHostedZonesByVPC", "list-hosted-zones-by-vpc"),
            ("VPCZoneIdentifier", "vpc-zone-identifier"),
            ("PreferredCacheClusterAZs", "preferred-cache-cluster-azs"),
            ("MultiAZ", "multi-az"),
            ("EnableResourceNameDnsAAAARecordOnLaunch", "enable-resource-name-dns-aaaa-record-on-launch"),
            ("EnableDns64", "enable-dns64"),
            ("CodeSha256", "code-sha256"),
            ("VPCId", "vpc-id"),
            ("networkConfiguration", "network-configuration"),
            ("TargetGroupARNs", "target-group-arns"),
            ("CidrIp", "cidr-ip"),
            ("A", "a"),
            ("", ""),
        ] {
            assert_eq!(kebab(api), cli);
        }
        let command = |operation: &str| command(&operation.parse().expect("an operation"));
        assert_eq!(command("elasticloadbalancing:SetSubnets"), "aws elbv2 set-subnets");
        assert_eq!(command("elb:DescribeLoadBalancers"), "aws elb describe-load-balancers");
        assert_eq!(command("states:ListStateMachines"), "aws stepfunctions list-state-machines");
        assert_eq!(command("application-autoscaling:RegisterScalableTarget"), "aws application-autoscaling register-scalable-target");
    }
}
