//! What the other services ask for: each action on resources whose ARNs come from the call's own parameters.
//! Source: Service Authorization Reference, the page of each service.

use serde_json::Value;

use super::ask::Ask;
use super::ec2::in_vpc;
use super::grant::Grant;
use crate::kinds::MIGRATION_TAG;

/// An action and its resources. `{Name}` is a parameter, `{Name|last}` what stands after its last slash; a resource that
/// ends with `?` counts where its parameters are there. What a parameter names only when it is run is `*`.
const ACTIONS: &[(&str, &[&str])] = &[
    ("application-autoscaling:RegisterScalableTarget", &["scalable-target/*"]),
    ("autoscaling:UpdateAutoScalingGroup", &[GROUP]),
    ("autoscaling:SuspendProcesses", &[GROUP]),
    ("autoscaling:ResumeProcesses", &[GROUP]),
    ("autoscaling:StartInstanceRefresh", &[GROUP]),
    ("autoscaling:CancelInstanceRefresh", &[GROUP]),
    ("autoscaling:RollbackInstanceRefresh", &[GROUP]),
    ("batch:CreateComputeEnvironment", &["compute-environment/{computeEnvironmentName}"]),
    ("batch:UpdateComputeEnvironment", &["compute-environment/{computeEnvironment|last}"]),
    ("batch:DeleteComputeEnvironment", &["compute-environment/{computeEnvironment|last}"]),
    ("batch:UpdateJobQueue", &["job-queue/{jobQueue|last}", "compute-environment/*"]),
    ("ecs:UpdateService", &["service/{cluster|last}/{service|last}"]),
    ("ecs:RunTask", &["task-definition/{taskDefinition|last}"]),
    ("ecs:StopTask", &["task/{cluster|last}/*"]),
    ("ecs:StopServiceDeployment", &["service/*", "service-deployment/*"]),
    ("elasticache:ModifyReplicationGroup", &["replicationgroup:{ReplicationGroupId}", "parametergroup:{CacheParameterGroupName}?"]),
    ("elasticache:IncreaseReplicaCount", &["replicationgroup:{ReplicationGroupId}"]),
    ("elasticache:DecreaseReplicaCount", &["replicationgroup:{ReplicationGroupId}"]),
    ("elasticache:TestFailover", &["replicationgroup:{ReplicationGroupId}"]),
    (
        "elasticache:CreateReplicationGroup",
        &[
            "replicationgroup:{ReplicationGroupId}",
            "parametergroup:*",
            "subnetgroup:{CacheSubnetGroupName}?",
            "snapshot:{SnapshotName}?",
            "usergroup:*",
            "cluster:*",
        ],
    ),
    ("elasticache:DeleteReplicationGroup", &["replicationgroup:{ReplicationGroupId}", "snapshot:{FinalSnapshotIdentifier}?"]),
    (
        "elasticache:CreateCacheCluster",
        &["cluster:{CacheClusterId}", "parametergroup:*", "subnetgroup:{CacheSubnetGroupName}?", "snapshot:{SnapshotName}?"],
    ),
    ("elasticache:ModifyCacheCluster", &["cluster:{CacheClusterId}", "parametergroup:{CacheParameterGroupName}?"]),
    ("elasticache:DeleteCacheCluster", &["cluster:{CacheClusterId}", "snapshot:{FinalSnapshotIdentifier}?"]),
    ("elasticache:CreateCacheSubnetGroup", &["subnetgroup:{CacheSubnetGroupName}"]),
    ("elasticache:ModifyCacheSubnetGroup", &["subnetgroup:{CacheSubnetGroupName}"]),
    ("elasticache:DeleteCacheSubnetGroup", &["subnetgroup:{CacheSubnetGroupName}"]),
    ("elasticache:CreateSnapshot", &["snapshot:{SnapshotName}", "cluster:{CacheClusterId}?", "replicationgroup:{ReplicationGroupId}?"]),
    ("elasticache:DeleteSnapshot", &["snapshot:{SnapshotName}"]),
    ("elasticache:ModifyServerlessCache", &["serverlesscache:{ServerlessCacheName}"]),
    ("elasticache:CreateServerlessCache", &["serverlesscache:{ServerlessCacheName}"]),
    ("elasticache:DeleteServerlessCache", &["serverlesscache:{ServerlessCacheName}"]),
    ("elasticloadbalancing:SetSubnets", &["={LoadBalancerArn}"]),
    ("elasticloadbalancing:SetSecurityGroups", &["={LoadBalancerArn}"]),
    ("elasticloadbalancing:ModifyLoadBalancerAttributes", &["={LoadBalancerArn}"]),
    ("elasticloadbalancing:RegisterTargets", &["={TargetGroupArn}"]),
    ("elasticloadbalancing:DeregisterTargets", &["={TargetGroupArn}"]),
    ("elb:AttachLoadBalancerToSubnets", &[CLASSIC]),
    ("elb:DetachLoadBalancerFromSubnets", &[CLASSIC]),
    ("elb:ApplySecurityGroupsToLoadBalancer", &[CLASSIC]),
    ("elb:RegisterInstancesWithLoadBalancer", &[CLASSIC]),
    ("elb:DeregisterInstancesFromLoadBalancer", &[CLASSIC]),
    ("events:PutTargets", &["rule/{EventBusName}/{Rule}?", "rule/{Rule}"]),
    ("iam:AttachRolePolicy", &["=iam:role/{RoleName}"]),
    ("iam:DetachRolePolicy", &["=iam:role/{RoleName}"]),
    ("iam:CreateRole", &["=iam:role/{RoleName}"]),
    ("iam:DeleteRole", &["=iam:role/{RoleName}"]),
    ("iam:CreateInstanceProfile", &["=iam:instance-profile/{InstanceProfileName}"]),
    ("iam:DeleteInstanceProfile", &["=iam:instance-profile/{InstanceProfileName}"]),
    ("iam:AddRoleToInstanceProfile", &["=iam:instance-profile/{InstanceProfileName}"]),
    ("iam:RemoveRoleFromInstanceProfile", &["=iam:instance-profile/{InstanceProfileName}"]),
    ("lambda:UpdateFunctionConfiguration", &["function:{FunctionName}"]),
    ("lambda:PublishVersion", &["function:{FunctionName}"]),
    ("lambda:UpdateAlias", &["function:{FunctionName}", "function:{FunctionName}:{Name}"]),
    // Versions alone: without a qualifier it would be the function itself. Lambda compares the qualified ARN, also where
    // the qualifier is a parameter of its own (AWS's notice of 2022, cited in juanjoDiaz/serverless-plugin-warmup#308).
    ("lambda:DeleteFunction", &["function:{FunctionName}:*"]),
    ("lambda:Invoke", &["function:{FunctionName}", "function:{FunctionName}:*"]),
    ("lambda:PutProvisionedConcurrencyConfig", &["function:{FunctionName}:*"]),
    (
        "rds:ModifyDBInstance",
        &[
            "db:{DBInstanceIdentifier}",
            "db:{NewDBInstanceIdentifier}?",
            "pg:{DBParameterGroupName}?",
            "og:{OptionGroupName}?",
            "subgrp:{DBSubnetGroupName}?",
        ],
    ),
    (
        "rds:CreateDBInstance",
        &[
            "db:{DBInstanceIdentifier}",
            "cluster:{DBClusterIdentifier}?",
            "pg:{DBParameterGroupName}?",
            "og:{OptionGroupName}?",
            "subgrp:{DBSubnetGroupName}?",
        ],
    ),
    (
        "rds:CreateDBInstanceReadReplica",
        &["db:{DBInstanceIdentifier}", "db:{SourceDBInstanceIdentifier}", "cluster:*", "pg:*", "og:*", "subgrp:{DBSubnetGroupName}?"],
    ),
    (
        "rds:RestoreDBInstanceFromDBSnapshot",
        &["db:{DBInstanceIdentifier}", "snapshot:{DBSnapshotIdentifier}", "pg:*", "og:*", "subgrp:{DBSubnetGroupName}?"],
    ),
    ("rds:DeleteDBInstance", &["db:{DBInstanceIdentifier}"]),
    ("rds:PromoteReadReplica", &["db:{DBInstanceIdentifier}"]),
    ("rds:RebootDBInstance", &["db:{DBInstanceIdentifier}"]),
    ("rds:CreateDBSnapshot", &["db:{DBInstanceIdentifier}", "snapshot:{DBSnapshotIdentifier}"]),
    ("rds:DeleteDBSnapshot", &["snapshot:{DBSnapshotIdentifier}"]),
    ("rds:CreateDBSubnetGroup", &["subgrp:{DBSubnetGroupName}"]),
    ("rds:ModifyDBSubnetGroup", &["subgrp:{DBSubnetGroupName}"]),
    ("rds:DeleteDBSubnetGroup", &["subgrp:{DBSubnetGroupName}"]),
    ("rds:ModifyDBCluster", &["cluster:{DBClusterIdentifier}", "cluster-pg:{DBClusterParameterGroupName}?"]),
    ("rds:FailoverDBCluster", &["cluster:{DBClusterIdentifier}"]),
    ("rds:ModifyDBClusterEndpoint", &["cluster-endpoint:{DBClusterEndpointIdentifier}"]),
    ("route53:ChangeResourceRecordSets", &["=route53:hostedzone/{HostedZoneId|last}"]),
    ("scheduler:UpdateSchedule", &["schedule/{GroupName}/{Name}"]),
];

const GROUP: &str = "autoScalingGroup:*:autoScalingGroupName/{AutoScalingGroupName}";
const CLASSIC: &str = "loadbalancer/{LoadBalancerName}";

/// The grants for a call; nothing, if the table does not have it.
pub(super) fn grants(ask: &Ask<'_>) -> Option<Vec<Grant>> {
    let operation = ask.call.operation.to_string();
    if operation == "ssm:SendCommand" {
        return Some(send_command(ask));
    }
    let (_, templates) = ACTIONS.iter().find(|(action, _)| *action == operation)?;
    let action = action(&operation);
    let resources: Vec<String> = templates.iter().filter_map(|template| resource(ask, template)).collect();
    let mut out: Vec<Grant> = resources.iter().map(|resource| narrowed(ask, Grant::new(action.clone(), resource.clone()))).collect();
    out.extend(tags(ask, &operation, &resources));
    out.extend(besides(ask, &operation));
    Some(out)
}

/// The action that IAM asks for: by the operation's name, but for a few.
pub(super) fn action(operation: &str) -> String {
    match operation.split_once(':') {
        Some(("elb", name)) => format!("elasticloadbalancing:{name}"),
        Some(("lambda", "Invoke")) => "lambda:InvokeFunction".to_owned(),
        _ => operation.to_owned(),
    }
}

/// A template's resource; nothing, where it is one that may be missing and is.
fn resource(ask: &Ask<'_>, template: &str) -> Option<String> {
    let (template, may_be_missing) = template.strip_suffix('?').map_or((template, false), |template| (template, true));
    let (base, template) = match template.strip_prefix('=') {
        None => (ask.base(ask.call.operation.service()).replace(":elb:", ":elasticloadbalancing:"), template),
        Some(global) => match global.split_once(':') {
            Some(("iam", rest)) => (format!("arn:{}:iam::{}:", ask.partition(), ask.plan.account), rest),
            Some(("route53", rest)) => (format!("arn:{}:route53:::", ask.partition()), rest),
            _ => (String::new(), global),
        },
    };
    let mut out = base;
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        let (name, last) = name.strip_suffix("|last").map_or((name, false), |name| (name, true));
        if may_be_missing && ask.text(name).is_none() && !ask.has(name) {
            return None;
        }
        let value = ask.text(name).unwrap_or_else(|| "*".to_owned());
        let value = if last { value.rsplit('/').next().unwrap_or_default() } else { &value };
        out.push_str(before);
        out.push_str(value);
        rest = after;
    }
    Some(out + rest)
}

/// Conditions that are of one action alone.
fn narrowed(ask: &Ask<'_>, grant: Grant) -> Grant {
    match ask.call.operation.to_string().as_str() {
        "iam:AttachRolePolicy" | "iam:DetachRolePolicy" => match ask.text("PolicyArn") {
            Some(policy) => grant.when("ArnEquals", "iam:PolicyARN", [policy]),
            None => grant,
        },
        "ecs:RunTask" | "ecs:StopTask" => match ask.text("cluster").filter(|cluster| cluster.starts_with("arn:")) {
            Some(cluster) => grant.when("ArnEquals", "ecs:cluster", [cluster]),
            None => grant,
        },
        "application-autoscaling:RegisterScalableTarget" => {
            grant.when("StringEquals", "application-autoscaling:service-namespace", ask.text("ServiceNamespace"))
        }
        "route53:ChangeResourceRecordSets" => {
            let names = records(ask);
            if names.is_empty() {
                grant
            } else {
                grant.when("ForAllValues:StringEquals", "route53:ChangeResourceRecordSetsNormalizedRecordNames", names)
            }
        }
        _ => grant,
    }
}

/// Names of records as Route 53 compares them: in small letters, without the last dot.
fn records(ask: &Ask<'_>) -> Vec<String> {
    let changes = ask.call.parameters.get("ChangeBatch").and_then(|batch| batch["Changes"].as_array()).into_iter().flatten();
    let names = changes.filter_map(|change| change["ResourceRecordSet"]["Name"].as_str());
    names.map(|name| name.trim_end_matches('.').to_ascii_lowercase()).collect()
}

/// The right to tag what a call makes, where it gives tags.
fn tags(ask: &Ask<'_>, operation: &str, resources: &[String]) -> Vec<Grant> {
    let given = ["Tags", "tags"].iter().find_map(|key| ask.call.parameters.get(*key));
    let ours = match given {
        Some(Value::Array(list)) if list.is_empty() => return Vec::new(),
        Some(Value::Array(list)) => list.iter().any(|tag| tag["Key"] == MIGRATION_TAG || tag["key"] == MIGRATION_TAG),
        Some(Value::Object(map)) => map.contains_key(MIGRATION_TAG),
        _ => return Vec::new(),
    };
    let Some(first) = resources.first() else { return Vec::new() };
    let (action, resource) = match operation.split(':').next().unwrap_or_default() {
        "rds" => ("rds:AddTagsToResource", first.clone()),
        "elasticache" => ("elasticache:AddTagsToResource", first.clone()),
        "batch" => ("batch:TagResource", first.clone()),
        "ecs" => ("ecs:TagResource", format!("{}task/*", ask.base("ecs"))),
        "iam" if operation.ends_with("Role") => ("iam:TagRole", first.clone()),
        "iam" => ("iam:TagInstanceProfile", first.clone()),
        _ => return Vec::new(),
    };
    vec![if ours { ask.tag(action, resource) } else { Grant::new(action, resource) }]
}

/// What a call needs of other services.
fn besides(ask: &Ask<'_>, operation: &str) -> Vec<Grant> {
    match operation {
        "iam:AddRoleToInstanceProfile" => {
            let role = format!(
                "arn:{}:iam::{}:role/{}",
                ask.partition(),
                ask.plan.account,
                ask.text("RoleName").unwrap_or_else(|| "*".to_owned())
            );
            vec![Grant::new("iam:PassRole", role).when("StringEquals", "iam:PassedToService", ["ec2.amazonaws.com".to_owned()])]
        }
        "ecs:RunTask" => ask.pass_role("ecs-tasks.amazonaws.com"),
        "events:PutTargets" => ask.pass_role("events.amazonaws.com"),
        "scheduler:UpdateSchedule" => ask.pass_role("scheduler.amazonaws.com"),
        "batch:CreateComputeEnvironment" => [ask.pass_role("batch.amazonaws.com"), ask.pass_role("ec2.amazonaws.com")].concat(),
        "autoscaling:UpdateAutoScalingGroup" | "autoscaling:StartInstanceRefresh" => launches(ask),
        "lambda:UpdateFunctionConfiguration" => ["DescribeSecurityGroups", "DescribeSubnets", "DescribeVpcs", "GetSecurityGroupsForVpc"]
            .map(|name| ask.everywhere(&format!("ec2:{name}")))
            .into(),
        "rds:DeleteDBInstance" if ask.has("FinalDBSnapshotIdentifier") => {
            let snapshot =
                format!("{}snapshot:{}", ask.base("rds"), ask.text("FinalDBSnapshotIdentifier").unwrap_or_else(|| "*".to_owned()));
            vec![Grant::new("rds:CreateDBSnapshot", snapshot.clone()), Grant::new("rds:AddTagsToResource", snapshot)]
        }
        "rds:ModifyDBCluster" => vec![Grant::new("rds:ModifyDBInstance", format!("{}db:*", ask.base("rds")))],
        "rds:CreateDBInstance" | "rds:CreateDBInstanceReadReplica" | "rds:RestoreDBInstanceFromDBSnapshot" => {
            let mut out = ask.keys("rds");
            if ask.has("MonitoringRoleArn") {
                out.extend(ask.pass_role("monitoring.rds.amazonaws.com"));
            }
            out
        }
        _ if operation.starts_with("elasticache:") && interfaces(operation) => cache_interfaces(ask),
        _ => Vec::new(),
    }
}

/// A launch template with which a group launches: whoever changes the group must be allowed to launch with it.
fn launches(ask: &Ask<'_>) -> Vec<Grant> {
    let templates = ask.find("lt-", "LaunchTemplateId", &[]);
    let mut out = Vec::new();
    for template in templates {
        let super::ask::Found::Id(id) = template else { continue };
        let arn = super::ec2::arn(ask, "launch-template", &id);
        out.push(Grant::new("ec2:RunInstances", "*").when("ArnEquals", "ec2:LaunchTemplate", [arn]));
        out.push(Grant::new("ec2:CreateTags", format!("{}*", ask.base("ec2"))).when(
            "StringEquals",
            "ec2:CreateAction",
            ["RunInstances".to_owned()],
        ));
    }
    if !out.is_empty() {
        out.extend(ask.pass_role("ec2.amazonaws.com"));
    }
    out
}

/// Whether a call to ElastiCache makes or takes away interfaces in the caller's name.
fn interfaces(operation: &str) -> bool {
    ["ReplicaCount", "ReplicationGroup", "CacheCluster", "TestFailover", "DeleteCacheSubnetGroup"]
        .iter()
        .any(|part| operation.contains(part))
        && !operation.ends_with("ModifyCacheCluster")
}

fn cache_interfaces(ask: &Ask<'_>) -> Vec<Grant> {
    let reads = ["DescribeNetworkInterfaces", "DescribeSubnets", "DescribeVpcs"].map(|name| ask.everywhere(&format!("ec2:{name}")));
    let mut out: Vec<Grant> = reads.into();
    out.push(in_vpc(ask, "ec2:DeleteNetworkInterface", "network-interface"));
    out.extend(["network-interface", "subnet", "security-group"].map(|kind| in_vpc(ask, "ec2:CreateNetworkInterface", kind)));
    out
}

/// A command for instances: those that are there by name, those that the migration makes by their tag.
fn send_command(ask: &Ask<'_>) -> Vec<Grant> {
    let action = "ssm:SendCommand";
    let name = ask.text("DocumentName").unwrap_or_else(|| "*".to_owned());
    // AWS's own documents are of no account.
    let owner = if name.starts_with("AWS-") { "" } else { &ask.plan.account };
    let document = format!("arn:{}:ssm:{}:{owner}:document/{name}", ask.partition(), ask.plan.region);
    let mut out = vec![Grant::new(action, document)];
    for found in ask.find("i-", "InstanceId", &["InstanceIds"]) {
        out.push(match found {
            super::ask::Found::Id(id) => Grant::new(action, super::ec2::arn(ask, "instance", &id)),
            super::ask::Found::Output => Grant::new(action, super::ec2::arn(ask, "instance", "*")).when(
                "StringEquals",
                &format!("ssm:resourceTag/{MIGRATION_TAG}"),
                [ask.plan.migration.clone()],
            ),
        });
    }
    out
}
