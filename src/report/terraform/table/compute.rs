//! Instances, balancers, and what computes without instances of its own.

use super::{Field, Treat, add, change, gone, make, make_only, set, take};

const PLACE: &[Field] = &[
    set("**subnets", "network_configuration.subnets", "**subnets"),
    set("**securityGroups", "network_configuration.security_groups", "**securityGroups"),
    set("**assignPublicIp", "network_configuration.assign_public_ip", "**assignPublicIp"),
];
const TASK_PLACE: &[Field] = &[
    set("**subnets", "ecs_target.network_configuration.subnets", "**subnets"),
    set("**securityGroups", "ecs_target.network_configuration.security_groups", "**securityGroups"),
    set("**assignPublicIp", "ecs_target.network_configuration.assign_public_ip", "**assignPublicIp"),
];
const SCHEDULE_PLACE: &[Field] = &[
    set("**subnets", "target.ecs_parameters.network_configuration.subnets", "**subnets"),
    set("**securityGroups", "target.ecs_parameters.network_configuration.security_groups", "**securityGroups"),
    set("**assignPublicIp", "target.ecs_parameters.network_configuration.assign_public_ip", "**assignPublicIp"),
];

const ROLLING: &str = "it only sets off what follows from the configuration";

pub const TABLE: &[(&str, Treat)] = &[
    // Instances.
    (
        "ec2:RunInstances",
        make(
            "aws_instance",
            &[
                ("ImageId", "ami"),
                ("InstanceType", "instance_type"),
                ("SubnetId", "subnet_id"),
                ("NetworkInterfaces[0].SubnetId", "subnet_id"),
                ("SecurityGroupIds", "vpc_security_group_ids"),
                ("NetworkInterfaces[0].Groups", "vpc_security_group_ids"),
                ("NetworkInterfaces[0].AssociatePublicIpAddress", "associate_public_ip_address"),
                ("KeyName", "key_name"),
                ("EbsOptimized", "ebs_optimized"),
                ("Monitoring.Enabled", "monitoring"),
                ("IamInstanceProfile.Arn", "iam_instance_profile"),
                ("IamInstanceProfile.Name", "iam_instance_profile"),
                ("MetadataOptions.HttpTokens", "metadata_options.http_tokens"),
                ("MetadataOptions.HttpPutResponseHopLimit", "metadata_options.http_put_response_hop_limit"),
                ("MetadataOptions.HttpEndpoint", "metadata_options.http_endpoint"),
                ("MetadataOptions.InstanceMetadataTags", "metadata_options.instance_metadata_tags"),
            ],
            &["@InstanceId"],
            "",
        ),
    ),
    ("ec2:TerminateInstances", gone("aws_instance", "InstanceIds[0]")),
    (
        "ec2:ModifyInstanceAttribute",
        change(
            "aws_instance",
            "InstanceId",
            &[
                set("Groups", "vpc_security_group_ids", "SecurityGroups[].GroupId"),
                set("DisableApiTermination.Value", "disable_api_termination", "DisableApiTermination.Value"),
            ],
        ),
    ),
    (
        "ec2:ModifyNetworkInterfaceAttribute",
        change(
            "aws_instance",
            "NetworkInterfaceId",
            &[
                set("Groups", "vpc_security_group_ids", "SecurityGroups[].GroupId"),
                set("AssociatePublicIpAddress", "associate_public_ip_address", "NetworkInterfaces[0].Association.PublicIp"),
            ],
        ),
    ),
    ("ec2:StopInstances", Treat::Passing("an instance at rest is still the same instance")),
    ("ec2:StartInstances", Treat::Passing("an instance at work is still the same instance")),
    ("ec2:CreateImage", Treat::Passing("the image of which a copy is launched; cleanup deregisters it")),
    ("ec2:DeregisterImage", Treat::Passing("the image was the move's own")),
    ("ec2:DeleteSnapshot", Treat::Passing("the snapshot was the move's own")),
    (
        "ec2:CreateLaunchTemplateVersion",
        change(
            "aws_launch_template",
            "LaunchTemplateId",
            &[
                set("LaunchTemplateData.SecurityGroupIds", "vpc_security_group_ids", ""),
                set("LaunchTemplateData.NetworkInterfaces[0].Groups", "network_interfaces.security_groups", ""),
                set(
                    "LaunchTemplateData.NetworkInterfaces[0].AssociatePublicIpAddress",
                    "network_interfaces.associate_public_ip_address",
                    "",
                ),
            ],
        ),
    ),
    ("ec2:DeleteLaunchTemplateVersions", Treat::Passing("the way back of a version")),
    // Balancers.
    (
        "elasticloadbalancing:RegisterTargets",
        make_only(
            "aws_lb_target_group_attachment",
            &[("TargetGroupArn", "target_group_arn"), ("Targets[0].Id", "target_id"), ("Targets[0].Port", "port")],
            "older versions of the provider can't import it; `terraform apply` registers the target once more, which AWS takes as done",
        ),
    ),
    ("elasticloadbalancing:DeregisterTargets", gone("aws_lb_target_group_attachment", "Targets[0].Id")),
    (
        "elasticloadbalancing:SetSubnets",
        change(
            "aws_lb",
            "LoadBalancerArn",
            &[
                set("Subnets", "subnets", "AvailabilityZones[].SubnetId"),
                set("SubnetMappings", "subnet_mapping", "AvailabilityZones[].SubnetId"),
            ],
        ),
    ),
    (
        "elasticloadbalancing:SetSecurityGroups",
        change("aws_lb", "LoadBalancerArn", &[set("SecurityGroups", "security_groups", "SecurityGroups")]),
    ),
    (
        "elasticloadbalancing:ModifyLoadBalancerAttributes",
        Treat::Passing("cross-zone balancing is turned on for the move and off again after it"),
    ),
    ("elb:AttachLoadBalancerToSubnets", change("aws_elb", "LoadBalancerName", &[add("Subnets", "subnets", "Subnets")])),
    ("elb:DetachLoadBalancerFromSubnets", change("aws_elb", "LoadBalancerName", &[take("Subnets", "subnets", "Subnets")])),
    (
        "elb:ApplySecurityGroupsToLoadBalancer",
        change("aws_elb", "LoadBalancerName", &[set("SecurityGroups", "security_groups", "SecurityGroups")]),
    ),
    (
        "elb:RegisterInstancesWithLoadBalancer",
        change("aws_elb", "LoadBalancerName", &[add("Instances[].InstanceId", "instances", "Instances[].InstanceId")]),
    ),
    (
        "elb:DeregisterInstancesFromLoadBalancer",
        change("aws_elb", "LoadBalancerName", &[take("Instances[].InstanceId", "instances", "Instances[].InstanceId")]),
    ),
    // What computes without instances of its own.
    (
        "lambda:UpdateFunctionConfiguration",
        change(
            "aws_lambda_function",
            "FunctionName",
            &[
                set("VpcConfig.SubnetIds", "vpc_config.subnet_ids", "VpcConfig.SubnetIds"),
                set("VpcConfig.SecurityGroupIds", "vpc_config.security_group_ids", "VpcConfig.SecurityGroupIds"),
            ],
        ),
    ),
    ("lambda:UpdateAlias", change("aws_lambda_alias", "Name", &[set("FunctionVersion", "function_version", "")])),
    ("lambda:PublishVersion", Treat::Passing("a version is no resource of its own: `publish = true` on the function makes the next")),
    ("lambda:DeleteFunction", Treat::Passing("the way back of a version")),
    ("lambda:Invoke", Treat::Passing("it changes nothing")),
    ("ecs:UpdateService", change("aws_ecs_service", "service", PLACE)),
    ("ecs:RunTask", Treat::Passing("a task that proves that it can start; it is stopped again")),
    ("ecs:StopTask", Treat::Passing("the task was the move's own")),
    (
        "autoscaling:UpdateAutoScalingGroup",
        change(
            "aws_autoscaling_group",
            "AutoScalingGroupName",
            &[
                set("VPCZoneIdentifier", "vpc_zone_identifier", "VPCZoneIdentifier"),
                set("LaunchTemplate.Version", "launch_template.version", "LaunchTemplate.Version"),
            ],
        ),
    ),
    ("autoscaling:StartInstanceRefresh", Treat::Passing(ROLLING)),
    ("autoscaling:CancelInstanceRefresh", Treat::Passing(ROLLING)),
    ("autoscaling:SuspendProcesses", Treat::Passing("processes are suspended for the move and resumed after it")),
    ("autoscaling:ResumeProcesses", Treat::Passing("processes are suspended for the move and resumed after it")),
    (
        "batch:CreateComputeEnvironment",
        make(
            "aws_batch_compute_environment",
            &[
                ("computeEnvironmentName", "name"),
                ("type", "type"),
                ("state", "state"),
                ("serviceRole", "service_role"),
                ("computeResources.type", "compute_resources.type"),
                ("computeResources.allocationStrategy", "compute_resources.allocation_strategy"),
                ("computeResources.minvCpus", "compute_resources.min_vcpus"),
                ("computeResources.maxvCpus", "compute_resources.max_vcpus"),
                ("computeResources.instanceTypes", "compute_resources.instance_type"),
                ("computeResources.instanceRole", "compute_resources.instance_role"),
                ("computeResources.ec2KeyPair", "compute_resources.ec2_key_pair"),
                ("computeResources.bidPercentage", "compute_resources.bid_percentage"),
                ("computeResources.spotIamFleetRole", "compute_resources.spot_iam_fleet_role"),
                ("computeResources.subnets", "compute_resources.subnets"),
                ("computeResources.securityGroupIds", "compute_resources.security_group_ids"),
                ("computeResources.launchTemplate.launchTemplateId", "compute_resources.launch_template.launch_template_id"),
                ("computeResources.launchTemplate.launchTemplateName", "compute_resources.launch_template.launch_template_name"),
                ("computeResources.launchTemplate.version", "compute_resources.launch_template.version"),
            ],
            &["computeEnvironmentName"],
            "",
        ),
    ),
    (
        "batch:UpdateComputeEnvironment",
        change(
            "aws_batch_compute_environment",
            "computeEnvironment",
            &[
                set("computeResources.subnets", "compute_resources.subnets", "computeResources.subnets"),
                set("computeResources.securityGroupIds", "compute_resources.security_group_ids", "computeResources.securityGroupIds"),
                set("state", "state", "state"),
            ],
        ),
    ),
    ("batch:DeleteComputeEnvironment", gone("aws_batch_compute_environment", "computeEnvironment")),
    (
        "batch:UpdateJobQueue",
        change(
            "aws_batch_job_queue",
            "jobQueue",
            &[set(
                "computeEnvironmentOrder[].computeEnvironment",
                "compute_environment_order",
                "computeEnvironmentOrder[].computeEnvironment",
            )],
        ),
    ),
    ("events:PutTargets", change("aws_cloudwatch_event_target", "Rule", TASK_PLACE)),
    ("scheduler:UpdateSchedule", change("aws_scheduler_schedule", "**Name", SCHEDULE_PLACE)),
    ("route53:ChangeResourceRecordSets", Treat::Record),
    ("ssm:SendCommand", Treat::Passing("it changes nothing")),
];
