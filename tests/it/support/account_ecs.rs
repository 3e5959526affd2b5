//! Accounts with what belongs to the stage `stateless` beside the functions: services, their tasks, and who serves them.

use serde_json::{Value, json};

use super::account::{ACCOUNT, Docs, REGION, VPC, ZONES, balancer_arn, target_group_arn};

/// The ARN of a cluster.
pub fn cluster_arn(name: &str) -> String {
    format!("arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{name}")
}

/// The ARN of a task definition.
pub fn definition_arn(family: &str) -> String {
    format!("arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/{family}:1")
}

/// An awsvpc configuration in all zones with public addresses.
pub fn awsvpc(group: &str) -> Value {
    json!({ "awsvpcConfiguration": { "subnets": ZONES.map(|z| format!("subnet-{z}")), "securityGroups": [group], "assignPublicIp": "ENABLED" } })
}

impl Docs {
    /// The document of a kind in which a field has a value, to be changed.
    pub fn of(&mut self, kind: &str, key: &str, name: &str) -> &mut Value {
        let found = self.0.iter_mut().find(|(of, doc)| *of == kind && doc[key] == name);
        &mut found.unwrap_or_else(|| panic!("no {kind} {name}")).1
    }

    /// A service's document.
    pub fn service_doc(&mut self, name: &str) -> &mut Value {
        self.of("ecs_service", "serviceName", name)
    }

    /// A Fargate service `<name>` in the cluster `prod` with two tasks in all zones; with a balancer, its tasks are
    /// targets of the target group `<name>` on port 8080.
    pub fn service(&mut self, name: &str, group: &str, balancer: Option<&str>) {
        let mut tasks = Vec::new();
        for zone in &ZONES[..2] {
            let description = format!("arn:aws:ecs:{REGION}:{ACCOUNT}:attachment/{name}-{zone}");
            let public = format!("198.51.100.{}", 150 + self.0.len() % 49);
            let more = json!({ "RequesterId": "578734482556", "Association": { "PublicIp": public, "IpOwnerId": "amazon" } });
            let interface = format!("eni-{name}-{zone}");
            let ip = self.interface(&interface, zone, &[group], &description, more);
            tasks.push(json!({ "taskArn": format!("arn:aws:ecs:{REGION}:{ACCOUNT}:task/prod/{name}-{zone}"), "NetworkInterfaceId": interface, "PrivateIp": ip }));
        }
        let health = json!({ "State": "healthy" });
        let targets: Vec<Value> =
            tasks.iter().map(|t| json!({ "Target": { "Id": t["PrivateIp"], "Port": 8080 }, "TargetHealth": health })).collect();
        if let Some(balancer) = balancer {
            self.add(
                "target_group",
                json!({ "TargetGroupArn": target_group_arn(name), "TargetGroupName": name, "Protocol": "HTTP", "Port": 8080, "VpcId": VPC,
                    "HealthCheckPort": "traffic-port", "TargetType": "ip", "LoadBalancerArns": [balancer_arn(balancer)],
                    "TargetHealthDescriptions": targets, "DeregistrationDelay": "300" }),
            );
            let listener = json!({ "ListenerArn": format!("{}/listener-{name}", balancer_arn(balancer)), "Port": 8080, "Protocol": "HTTP",
                "DefaultActions": [{ "Type": "forward", "TargetGroupArn": target_group_arn(name) }] });
            let arn = balancer_arn(balancer);
            let found = self.0.iter_mut().find(|(kind, doc)| *kind == "load_balancer" && doc["LoadBalancerArn"] == arn.as_str());
            found.expect("the balancer is there").1["Listeners"].as_array_mut().expect("listeners").push(listener);
        }
        let behind = json!([{ "targetGroupArn": target_group_arn(name), "containerName": "web", "containerPort": 8080 }]);
        self.add(
            "ecs_service",
            json!({ "serviceArn": format!("arn:aws:ecs:{REGION}:{ACCOUNT}:service/prod/{name}"), "serviceName": name, "clusterArn": cluster_arn("prod"),
                "VpcId": VPC, "status": "ACTIVE", "desiredCount": 2, "launchType": "FARGATE", "platformVersion": "1.4.0", "taskDefinition": definition_arn(name),
                "schedulingStrategy": "REPLICA", "networkConfiguration": awsvpc(group),
                "deploymentConfiguration": { "maximumPercent": 200, "minimumHealthyPercent": 100, "deploymentCircuitBreaker": { "enable": false, "rollback": false } },
                "deployments": [{ "id": format!("ecs-svc/{name}"), "status": "PRIMARY", "rolloutState": "COMPLETED" }],
                "loadBalancers": if balancer.is_some() { behind } else { json!([]) }, "Tasks": tasks, "tags": [{ "key": "team", "value": "shop" }] }),
        );
    }

    /// An Auto Scaling group with two instances from a template that gives them the group, in all zones; it launches
    /// `$Latest`, which is version 1.
    pub fn scaling_group(&mut self, name: &str, group: &str) {
        let mut instances = Vec::new();
        for zone in &ZONES[..2] {
            let instance = format!("{name}-{zone}");
            self.instance(&instance, zone, &[group]);
            let id = format!("i-{instance}");
            self.of("ec2_instance", "InstanceId", &id)["Tags"] = json!([{ "Key": "aws:autoscaling:groupName", "Value": name }]);
            instances.push(json!({ "InstanceId": id, "AvailabilityZone": format!("{REGION}{zone}"), "LifecycleState": "InService", "HealthStatus": "Healthy",
                "LaunchTemplate": { "LaunchTemplateId": format!("lt-{name}"), "Version": "1" }, "ProtectedFromScaleIn": false }));
        }
        self.add(
            "auto_scaling_group",
            json!({ "AutoScalingGroupName": name, "VpcId": VPC, "LaunchTemplate": { "LaunchTemplateId": format!("lt-{name}"), "LaunchTemplateName": name, "Version": "$Latest" },
                "MinSize": 1, "MaxSize": 4, "DesiredCapacity": 2, "VPCZoneIdentifier": ZONES.map(|z| format!("subnet-{z}")).join(","),
                "AvailabilityZones": ZONES.map(|z| format!("{REGION}{z}")), "TargetGroupARNs": [], "Instances": instances, "SuspendedProcesses": [], "Tags": [],
                "Template": { "VersionNumber": 1, "SecurityGroupIds": [group], "NetworkInterfaces": null } }),
        );
    }

    /// A rule whose target runs tasks in all zones, with public addresses.
    pub fn scheduled_task(&mut self, rule: &str, group: &str) {
        self.add(
            "scheduled_task",
            json!({ "Rule": rule, "VpcId": VPC, "Id": "ecs", "Arn": cluster_arn("prod"), "RoleArn": format!("arn:aws:iam::{ACCOUNT}:role/run"),
                "DeadLetterConfig": { "Arn": format!("arn:aws:sqs:{REGION}:{ACCOUNT}:dead") }, "EcsParameters": ecs_parameters(group) }),
        );
    }

    /// A schedule of EventBridge Scheduler that does the same.
    pub fn schedule(&mut self, name: &str, group: &str) {
        let target = json!({ "Arn": cluster_arn("prod"), "RoleArn": format!("arn:aws:iam::{ACCOUNT}:role/run"), "EcsParameters": ecs_parameters(group) });
        self.add(
            "schedule",
            json!({ "Name": name, "GroupName": "default", "Arn": format!("arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/{name}"), "VpcId": VPC,
                "State": "ENABLED", "ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": { "Mode": "OFF" }, "Target": target }),
        );
    }

    /// A state machine that runs tasks in a zone.
    pub fn state_machine(&mut self, name: &str, group: &str) {
        self.add(
            "state_machine",
            json!({ "stateMachineArn": format!("arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{name}"), "name": name, "type": "STANDARD", "VpcId": VPC,
                "Subnets": ["subnet-a"], "SecurityGroups": [group], "Dynamic": false }),
        );
    }

    /// A compute environment `<name>` in all zones, which alone serves the queue `<name>-queue`. On EC2 it has an
    /// allocation strategy and a role, on Fargate neither counts.
    pub fn compute_environment(&mut self, name: &str, group: &str, ec2: Option<(&str, &str)>) {
        let arn = format!("arn:aws:batch:{REGION}:{ACCOUNT}:compute-environment/{name}");
        let mut resources =
            json!({ "type": "FARGATE", "maxvCpus": 16, "subnets": ZONES.map(|z| format!("subnet-{z}")), "securityGroupIds": [group] });
        if let Some((strategy, _)) = ec2 {
            resources["type"] = json!("EC2");
            resources["allocationStrategy"] = json!(strategy);
            resources["instanceTypes"] = json!(["optimal"]);
            resources["instanceRole"] = json!("ecsInstanceRole");
        }
        let role = ec2.map_or("batch-service", |(_, role)| role);
        let queue = json!({ "jobQueueName": format!("{name}-queue"), "jobQueueArn": format!("arn:aws:batch:{REGION}:{ACCOUNT}:job-queue/{name}-queue"),
            "computeEnvironmentOrder": [{ "order": 1, "computeEnvironment": arn }] });
        self.add(
            "batch_compute_environment",
            json!({ "computeEnvironmentName": name, "computeEnvironmentArn": arn, "VpcId": VPC, "type": "MANAGED", "state": "ENABLED", "status": "VALID",
                "serviceRole": format!("arn:aws:iam::{ACCOUNT}:role/{role}"), "ecsClusterArn": cluster_arn(&format!("AWSBatch-{name}")), "computeResources": resources,
                "updatePolicy": { "terminateJobsOnUpdate": false, "jobExecutionTimeoutMinutes": 30 }, "JobQueues": [queue], "tags": {} }),
        );
    }
}

fn ecs_parameters(group: &str) -> Value {
    json!({ "TaskDefinitionArn": definition_arn("report"), "TaskCount": 1, "LaunchType": "FARGATE",
        "NetworkConfiguration": { "awsvpcConfiguration": { "Subnets": ZONES.map(|z| format!("subnet-{z}")), "SecurityGroups": [group], "AssignPublicIp": "ENABLED" } } })
}
