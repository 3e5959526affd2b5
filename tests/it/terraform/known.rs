//! What the account has, held against what is imported.

use std::collections::BTreeSet;

use hcl::expr::Expression;
use hikkoshi::model::account::Account;
use hikkoshi::model::facet::Role;
use hikkoshi::model::id::Id;
use hikkoshi::model::path::texts;
use hikkoshi::report::terraform::RuleIds;
use serde_json::{Value, json};

use super::blocks::{Blocks, attribute};

/// What `aws ec2 describe-security-group-rules` would answer.
pub fn rules(account: &Account) -> RuleIds {
    let mut rules = Vec::new();
    for group in account.with_role(Role::Group) {
        for permission in group.doc["IpPermissions"].as_array().into_iter().flatten() {
            let lists =
                [("IpRanges", "CidrIp"), ("Ipv6Ranges", "CidrIpv6"), ("UserIdGroupPairs", "GroupId"), ("PrefixListIds", "PrefixListId")];
            for (list, key) in lists {
                for entry in permission[list].as_array().into_iter().flatten() {
                    let port = |key: &str| permission[key].as_i64().unwrap_or(-1);
                    let mut rule = json!({ "SecurityGroupRuleId": format!("sgr-{:017x}", rules.len()), "GroupId": group.id.as_str(), "IsEgress": false,
                        "IpProtocol": permission["IpProtocol"], "FromPort": port("FromPort"), "ToPort": port("ToPort") });
                    match key {
                        "CidrIp" => rule["CidrIpv4"] = entry[key].clone(),
                        "GroupId" => rule["ReferencedGroupInfo"] = json!({ "GroupId": entry[key] }),
                        other => rule[other] = entry[key].clone(),
                    }
                    rules.push(rule);
                }
            }
        }
    }
    RuleIds::parse(&json!({ "SecurityGroupRules": rules }).to_string()).expect("an answer")
}

/// Every import's id is one that the account has.
#[track_caller]
pub fn all_there(context: &str, blocks: &Blocks, account: &Account) {
    let has = |id: &str| account.resources.get(&Id::from(id)).is_some();
    let doc = |key: &str, name: &str| account.resources.values().any(|resource| resource.doc[key] == name);
    for ((of, name), id) in &blocks.imports {
        let there = match of.as_str() {
            "aws_route" | "aws_route_table_association" => id.split(['_', '/']).filter(|part| part.contains('-')).all(has),
            "aws_ec2_client_vpn_network_association" => id.split(',').all(has),
            "aws_ec2_client_vpn_authorization_rule" => has(&id.replace(',', "/")),
            "aws_vpc_security_group_ingress_rule" => id.starts_with("sgr-"),
            "aws_iam_role" => doc("RoleName", id),
            "aws_iam_instance_profile" => doc("InstanceProfileName", id),
            "aws_iam_role_policy_attachment" => {
                id.split_once('/').is_some_and(|(role, arn)| doc("RoleName", role) && arn.starts_with("arn:"))
            }
            "aws_db_instance" | "aws_rds_cluster_instance" => doc("DBInstanceIdentifier", id),
            "aws_db_subnet_group" => doc("DBSubnetGroupName", id),
            "aws_elasticache_cluster" => doc("CacheClusterId", id),
            "aws_elasticache_subnet_group" => doc("CacheSubnetGroupName", id),
            "aws_batch_compute_environment" => doc("computeEnvironmentName", id),
            _ => has(id),
        };
        assert!(there, "{context}: {of}.{name} is imported by {id}, which the account does not have");
    }
}

/// A description is the one that AWS has: of groups it can't be changed, so that Terraform would make them again.
#[track_caller]
pub fn described(context: &str, blocks: &Blocks, account: &Account) {
    for ((of, name), body) in &blocks.resources {
        let id = blocks.imports.get(&(of.clone(), name.clone()));
        let Some(doc) = id.and_then(|id| account.resources.get(&Id::from(id.as_str()))).map(|resource| &resource.doc) else { continue };
        for (argument, key) in
            [("description", "Description"), ("name", "GroupName"), ("cidr_block", "CidrBlock"), ("service_name", "ServiceName")]
        {
            let (Some(Expression::String(written)), Some(has)) = (attribute(body, argument), doc[key].as_str()) else { continue };
            assert_eq!(written, has, "{context}: {argument} of {of}.{name}");
        }
    }
}

/// Lists that say where a thing is and what it wears: as the account has them in the end, whatever they were on the way.
const LISTS: &[(&str, &str, &str, &str)] = &[
    ("aws_instance", "vpc_security_group_ids", "InstanceId", "SecurityGroups[].GroupId"),
    ("aws_db_instance", "vpc_security_group_ids", "DBInstanceIdentifier", "VpcSecurityGroups[].VpcSecurityGroupId"),
    ("aws_elasticache_cluster", "security_group_ids", "CacheClusterId", "SecurityGroups[].SecurityGroupId"),
    ("aws_vpc_endpoint", "route_table_ids", "VpcEndpointId", "RouteTableIds[]"),
    ("aws_vpc_endpoint", "subnet_ids", "VpcEndpointId", "SubnetIds[]"),
    ("aws_db_subnet_group", "subnet_ids", "DBSubnetGroupName", "Subnets[].SubnetIdentifier"),
    ("aws_ec2_client_vpn_endpoint", "security_group_ids", "ClientVpnEndpointId", "SecurityGroupIds[]"),
];

/// What is written is what the account has: `terraform plan` finds nothing to change.
#[track_caller]
pub fn as_it_is(context: &str, blocks: &Blocks, account: &Account) {
    for (of, argument, named, at) in LISTS {
        for ((_, name), body) in blocks.resources.iter().filter(|((known, _), _)| known == of) {
            let id = &blocks.imports[&((*of).to_owned(), name.clone())];
            let by_name = || account.resources.values().find(|resource| resource.doc[*named] == id.as_str());
            let resource = account.resources.get(&Id::from(id.as_str())).or_else(by_name);
            let doc = &resource.unwrap_or_else(|| panic!("{context}: no {id}")).doc;
            let Some(Expression::Array(list)) = attribute(body, argument) else { continue };
            let written: BTreeSet<String> = list.iter().map(|one| blocks.resolved(one)).collect();
            let has: BTreeSet<String> = texts(doc, at).into_iter().collect();
            assert_eq!(written, has, "{context}: {argument} of {of}.{name}");
        }
    }
}

/// Whatever the migration made and still stands in the account is imported: told by the tag that it carries.
#[track_caller]
pub fn nothing_is_forgotten(context: &str, blocks: &Blocks, before: &Account, after: &Account) {
    let imported: BTreeSet<&str> = blocks.imports.values().map(String::as_str).collect();
    // An image and its snapshot go in cleanup; volumes and interfaces are parts of their instances, tasks of
    // their services.
    let passing = ["image", "snapshot", "db_snapshot", "cache_snapshot", "volume", "network_interface", "ssm_command", "ecs_task"];
    let tagged = |doc: &Value| doc.to_string().contains("hikkoshi:step");
    for resource in after.resources.values() {
        let new = before.resources.get(&resource.id).is_none();
        if !new || passing.contains(&resource.kind.as_str()) || !tagged(&resource.doc) {
            continue;
        }
        let names = [
            "DBInstanceIdentifier",
            "DBSubnetGroupName",
            "CacheClusterId",
            "CacheSubnetGroupName",
            "computeEnvironmentName",
            "RoleName",
            "InstanceProfileName",
        ];
        let own = names.iter().filter_map(|key| resource.doc[*key].as_str()).chain([resource.id.as_str()]);
        assert!(
            own.into_iter().any(|name| imported.contains(name)),
            "{context}: {} ({}) was made and is not imported",
            resource.id,
            resource.kind
        );
    }
}
