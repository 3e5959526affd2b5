use serde_json::json;

use super::*;

#[track_caller]
fn check(operation: &str, parameters: Value, expected: &str) {
    let Value::Object(parameters) = parameters else { panic!("parameters are an object") };
    assert_eq!(line(&operation.parse().expect("an operation"), &parameters), expected);
}

#[test]
fn scalars_and_lists_are_plain() {
    check("ec2:DeleteSubnet", json!({ "SubnetId": "subnet-1" }), "aws ec2 delete-subnet --subnet-id subnet-1");
    check("ec2:StopInstances", json!({ "InstanceIds": ["i-1", "i-2"] }), "aws ec2 stop-instances --instance-ids i-1 i-2");
    check("ecs:UpdateService", json!({ "desiredCount": 0 }), "aws ecs update-service --desired-count 0");
    check("elasticloadbalancing:SetSubnets", json!({ "Subnets": [] }), "aws elbv2 set-subnets --subnets '[]'");
    check(
        "rds:ModifyDBInstance",
        json!({ "MultiAZ": false, "ApplyImmediately": true }),
        "aws rds modify-db-instance --no-multi-az --apply-immediately",
    );
    check("iam:GetRole", json!({ "RoleName": null }), "aws iam get-role");
}

#[test]
fn structures_are_shorthand_or_json() {
    check(
        "ec2:DescribeSubnets",
        json!({ "Filters": [{ "Name": "tag:hikkoshi:step", "Values": ["a", "b"] }, { "Name": "vpc-id", "Values": ["vpc-1"] }] }),
        "aws ec2 describe-subnets --filters Name=tag:hikkoshi:step,Values=a,b Name=vpc-id,Values=vpc-1",
    );
    check(
        "ec2:DescribeSubnets",
        json!({ "Filters": [{ "Name": "tag:Name", "Values": ["a,b"] }] }),
        r#"aws ec2 describe-subnets --filters '[{"Name":"tag:Name","Values":["a,b"]}]'"#,
    );
    check(
        "ec2:CreateTags",
        json!({ "Tags": [{ "Key": "it's", "Value": "$(reboot) `x` !! \"q\"" }] }),
        r#"aws ec2 create-tags --tags '[{"Key":"it'\''s","Value":"$(reboot) `x` !! \"q\""}]'"#,
    );
}

#[test]
fn where_the_cli_differs_from_the_api() {
    check(
        "ec2:ModifySubnetAttribute",
        json!({ "SubnetId": "subnet-1", "MapPublicIpOnLaunch": { "Value": false } }),
        "aws ec2 modify-subnet-attribute --subnet-id subnet-1 --no-map-public-ip-on-launch",
    );
    check(
        "ec2:ModifyInstanceAttribute",
        json!({ "DisableApiTermination": { "Value": "${a-protect.Before}" } }),
        "aws ec2 modify-instance-attribute --disable-api-termination \"Value=$a_protect_Before\"",
    );
    check("ec2:RunInstances", json!({ "MinCount": 1, "MaxCount": 1 }), "aws ec2 run-instances --count 1");
    check("ec2:RunInstances", json!({ "MinCount": 1, "MaxCount": 2 }), "aws ec2 run-instances --count 1:2");
    check(
        "ec2:RunInstances",
        json!({ "ImageId": "ami-1", "UserData": { "$look": {
            "operation": "ec2:DescribeInstanceAttribute", "parameters": { "InstanceId": "i-1", "Attribute": "userData" }, "path": "UserData.Value" } } }),
        "(umask 077; aws ec2 describe-instance-attribute --instance-id i-1 --attribute userData --query \"UserData.Value || ''\" --output text \
         | base64 --decode > user-data.secret) && aws ec2 run-instances --user-data fileb://user-data.secret --image-id ami-1; rm -f user-data.secret",
    );
    check(
        "lambda:Invoke",
        json!({ "FunctionName": "f", "Payload": "{\"a\": 1}" }),
        "(umask 077; printf %s '{\"a\": 1}' > payload.secret) && aws lambda invoke --payload fileb://payload.secret --function-name f /dev/stderr; rm -f payload.secret",
    );
}

#[test]
fn references_are_variables_and_looks_are_reads() {
    check(
        "ec2:DescribeRouteTables",
        json!({ "Filters": [{ "Name": "association.subnet-id", "Values": ["${subnet-a.SubnetId}"] }] }),
        "aws ec2 describe-route-tables --filters \"Name=association.subnet-id,Values=$subnet_a_SubnetId\"",
    );
    check(
        "ec2:DisassociateRouteTable",
        json!({ "AssociationId": { "$look": { "operation": "ec2:DescribeRouteTables", "parameters": {},
            "path": "RouteTables[].Associations[SubnetId=${subnet-a.SubnetId}].RouteTableAssociationId" } } }),
        "aws ec2 disassociate-route-table --association-id \"$(aws ec2 describe-route-tables \
         --query \"RouteTables[].Associations[?SubnetId=='$subnet_a_SubnetId'][].RouteTableAssociationId | [0]\" --output text)\"",
    );
    check(
        "ec2:AuthorizeSecurityGroupIngress",
        json!({ "GroupId": "${g.GroupId}", "IpPermissions": [{ "FromPort": 1, "UserIdGroupPairs": [{ "GroupId": "${h.GroupId}" }] }] }),
        r#"aws ec2 authorize-security-group-ingress --group-id "$g_GroupId" --ip-permissions '[{"FromPort":1,"UserIdGroupPairs":[{"GroupId":"'"$h_GroupId"'"}]}]'"#,
    );
    check(
        "events:PutTargets",
        json!({ "Targets": [{ "$look": { "operation": "events:ListTargetsByRule", "parameters": { "Rule": "r" }, "path": "Targets[Id=1]",
            "set": { "A.B": { "c": "${g.GroupId}" }, "D": null } } }] }),
        "aws events put-targets --targets \"[$(aws events list-targets-by-rule --rule r --query \"Targets[?to_string(Id)=='1'][] | [0]\" --output json \
         | jq -c '.[\"A\"][\"B\"] = {\"c\":\"'\"$g_GroupId\"'\"} | del(.[\"D\"])')]\"",
    );
    check(
        "scheduler:UpdateSchedule",
        json!({ "$look": { "operation": "scheduler:GetSchedule", "parameters": { "Name": "s" }, "path": "", "set": { "Arn": null } } }),
        "aws scheduler update-schedule --cli-input-json \"$(aws scheduler get-schedule --name s --output json | jq -c 'del(.[\"Arn\"])')\"",
    );
}

#[test]
fn hostile_values_stay_values() {
    let check = |description: &str, expected: &str| {
        check("ec2:CreateImage", json!({ "Description": description }), &format!("aws ec2 create-image {expected}"));
    };
    check("", "--description ''");
    check("; rm -rf ~", "--description '; rm -rf ~'");
    check("it's", "--description \"it's\"");
    check("it's $HOME", r"--description 'it'\''s $HOME'");
    check("-x", "--description=-x");
    check("--dry-run", "--description=--dry-run");
    check("file:///etc/passwd", r#"--cli-input-json '{"Description":"file:///etc/passwd"}'"#);
    check("https://evil.example/x", r#"--cli-input-json '{"Description":"https://evil.example/x"}'"#);
    check("a\u{202e}b\nc\u{1b}", r#"--cli-input-json '{"Description":"a\u202eb\nc\u001b"}'"#);
    check("${not a reference}", "--description '${not a reference}'");
    check("${a.B} it's !", "--description \"$a_B\"' it'\\''s !'");
    check("${a.B}c", "--description \"${a_B}c\"");
    check("引っ越し", "--description '引っ越し'");
}

#[test]
fn variables_are_names() {
    assert_eq!(variable("subnet-private-a", "SubnetId"), "subnet_private_a_SubnetId");
    assert_eq!(variable("self", "Token"), "self_Token");
    assert_eq!(variable("10-0-1-0", "Id"), "s_10_0_1_0_Id");
    assert_eq!(variable("a_b$(x)", "Id"), "a_x5f_b_x24__x28_x_x29__Id");
}

#[test]
fn a_path_is_a_query() {
    let check = |path: &str, first: bool, expected: &str| assert_eq!(query(path, first), expected);
    check("Subnets[0].SubnetId", true, "'Subnets[0].SubnetId'");
    check("Subnets[].SubnetId", false, "'Subnets[].SubnetId'");
    check("Subnets[].SubnetId", true, "'Subnets[].SubnetId | [0]'");
    check("RouteTables[].Associations[Main=true].Id", false, "\"RouteTables[].Associations[?to_string(Main)=='true'][].Id\"");
    check("Tags[Key=it's].Value", false, r#"'Tags[?Key=='\''it\'\''s'\''][].Value'"#);
    check("Weights.1", false, r#"'Weights."1"'"#);
    check("", false, "@");
}
