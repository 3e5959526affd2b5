//! The adapter's tables against the emulator: each read is asked once of the story's account, and what was read whole
//! can be written back whole.
//!
//! The SDK takes its endpoint from the environment, which a test must not change under the others: the questions are
//! asked by a process of their own, this binary again. What the emulator does not have is not asked: serverless caches,
//! provisioned concurrency, custom endpoints of a cluster, deletion of template versions.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::Mutex;

use hikkoshi::cloud::Cloud;
use hikkoshi::cloud::aws::AwsCloud;
use hikkoshi::execute::driver::End;
use hikkoshi::execute::machine::Goal;
use hikkoshi::model::call::{Call, Outcome};
use hikkoshi::model::path;
use hikkoshi::model::step::Stage;
use serde_json::{Value, json};

use crate::support::account::spine;
use crate::support::account_access::{VPN, bare, released};
use crate::support::account_data::{data, every_cache};
use crate::support::emulator::{Emulator, aws};
use crate::support::lab::{ALL, Disturb, Fate, Lab, plan_of};

/// The story's account, and what it has nothing of: a Classic Load Balancer, a schedule, a state machine, and so on.
#[test]
fn every_table_answers_over_the_wire() {
    let emulator = Emulator::start();
    let mut ids = emulator.build_account(&["--extras"]);
    ids["certificate"] = more(&emulator, &ids);
    let mut command = Command::new(std::env::current_exe().expect("this binary has a path"));
    command.args(["--exact", "wire::questions", "--ignored", "--nocapture"]).env("WIRE_IDS", ids.to_string());
    for (name, value) in [("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")] {
        command.env(name, value);
    }
    let output = command.env("AWS_ENDPOINT_URL", emulator.url()).output().expect("this binary runs");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    assert!(told.contains("1 passed"), "the questions were asked: {told}");
}

/// Makes what the story has nothing of; a certificate's ARN.
fn more(emulator: &Emulator, ids: &Value) -> Value {
    let url = emulator.url();
    let make = |service: &str, operation: &str, parameters: Value| {
        aws(&url, service, operation, &parameters).unwrap_or_else(|error| panic!("{service} {operation}: {error}"))
    };
    let (subnets, group) = (ids["network"]["public_subnets"].clone(), ids["security_groups"]["default-all"].clone());
    let listener = json!([{ "Protocol": "TCP", "LoadBalancerPort": 80, "InstanceProtocol": "TCP", "InstancePort": 80 }]);
    let parameters =
        json!({ "LoadBalancerName": "old", "Listeners": listener, "Subnets": [subnets[0], subnets[1]], "SecurityGroups": [group] });
    make("elb", "create_load_balancer", parameters);
    let instances = json!([{ "InstanceId": ids["instances"]["app-1"] }]);
    make("elb", "register_instances_with_load_balancer", json!({ "LoadBalancerName": "old", "Instances": instances }));
    let vpc = json!({ "awsvpcConfiguration": { "Subnets": [subnets[0]], "SecurityGroups": [group], "AssignPublicIp": "ENABLED" } });
    let task = json!({ "TaskDefinitionArn": ids["ecs"]["task_definition"], "LaunchType": "FARGATE", "NetworkConfiguration": vpc });
    let target =
        json!({ "Arn": ids["ecs"]["cluster"], "RoleArn": ids["iam"]["ecs_role"], "Input": "{\"month\": 1}", "EcsParameters": task });
    let window = json!({ "Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5 });
    let schedule = json!({ "Name": "monthly", "ScheduleExpression": "rate(30 days)", "FlexibleTimeWindow": window, "Target": target });
    make("scheduler", "create_schedule", schedule);
    let states = json!({ "StartAt": "Wait", "States": { "Wait": { "Type": "Wait", "Seconds": 1, "End": true } } }).to_string();
    let role = "arn:aws:iam::123456789012:role/app-lambda";
    make("stepfunctions", "create_state_machine", json!({ "name": "orders", "definition": states, "roleArn": role }));
    let metric = json!({ "Namespace": "AWS/ApplicationELB", "MetricName": "HTTPCode_Target_5XX_Count", "Statistic": "Sum", "Period": 60 });
    let mut alarm = json!({ "AlarmName": "errors", "EvaluationPeriods": 1, "Threshold": 5, "ComparisonOperator": "GreaterThanThreshold" });
    alarm.as_object_mut().expect("an alarm").extend(metric.as_object().expect("a metric").clone());
    make("cloudwatch", "put_metric_alarm", alarm);
    make("cloudwatch", "set_alarm_state", json!({ "AlarmName": "errors", "StateValue": "ALARM", "StateReason": "the test says so" }));
    make("cloudwatch", "put_composite_alarm", json!({ "AlarmName": "all", "AlarmRule": "ALARM(errors)" }));
    let code = json!({ "FunctionName": "orders", "FunctionVersion": "1", "Name": "live" });
    make("lambda", "publish_version", json!({ "FunctionName": "orders" }));
    make("lambda", "create_alias", code);
    make("acm", "request_certificate", json!({ "DomainName": "vpn.example.com" }))["CertificateArn"].clone()
}

/// Every call that a run of a plan makes on a simulated account, there and back, is in the tables with all its parameters.
#[test]
fn every_call_of_a_run_is_in_the_tables() {
    let mut balancers = spine();
    balancers.network_balancer("edge", "internet-facing", &["a", "b"], &[("TCP_UDP", 53)], &["i-app-1"]);
    balancers.elastic_nodes("edge", &["a", "b"]);
    balancers.classic_balancer("old", "internet-facing", &["a", "b"], "sg-alb", &["i-app-2"]);
    let address = balancers.private_address("app-1");
    balancers.record("app-1", &[&address], 300);
    let asked = "nat: single\nworkloads: [{name: edge, strategy: stay}]\nendpoints: {gateway: [s3], interface: [ssm]}\n";
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let cloud = runtime.block_on(AwsCloud::connect(None, Some("us-east-1"))).expect("a region is given");
    let unknown = Mutex::new(BTreeSet::new());
    let rotating = ["pg-single", "pg-multi", "aurora"].map(|name| format!("{{name: {name}, strategy: rotate}}")).join(", ");
    let rotating = format!("workloads: [{rotating}]\n");
    let accounts = [(balancers, asked), (every_cache(), ""), (data(), &rotating), (bare(), ""), (released(), VPN)];
    for (docs, further) in accounts {
        let plan = plan_of(&docs, further);
        let mut lab = Lab::new(&docs, &plan);
        let decide = |_: u64, call: &Call| {
            if let Err(refusal) = cloud.knows(call) {
                unknown.lock().expect("nobody panics in here").insert(format!("{}: {refusal}", call.operation));
            }
            Fate::Pass
        };
        let mut fork = lab.fork();
        for goal in [ALL, Goal::Back(None)] {
            let end = lab.go_with(goal, &Disturb { decide: &decide, ..Disturb::default() });
            assert!(matches!(end, End::Reached), "{further}: {end:?}");
        }
        fork.go_with(Goal::Forward(Stage::Cleanup), &Disturb { decide: &decide, ..Disturb::default() });
    }
    assert_eq!(unknown.into_inner().expect("nobody panicked"), BTreeSet::new());
}

/// What did not come as expected is collected: one run tells all.
struct Questions {
    cloud: AwsCloud,
    ids: Value,
    wrong: Mutex<Vec<String>>,
}

impl Questions {
    async fn ask(&self, operation: &str, parameters: Value) -> Value {
        match self.cloud.call(&Call::new(operation, parameters.clone())).await {
            Outcome::Done(answer) => answer,
            other => {
                self.expect(false, &format!("{operation} {parameters}: {other:?}"));
                Value::Null
            }
        }
    }

    fn expect(&self, holds: bool, words: &str) {
        if !holds {
            self.wrong.lock().expect("nobody panics in here").push(words.to_owned());
        }
    }

    /// The values at the path in the answer must be these.
    async fn say(&self, operation: &str, parameters: Value, at: &str, expected: Value) -> Value {
        let answer = self.ask(operation, parameters).await;
        let found: Vec<&Value> = path::select(&answer, at);
        self.expect(json!(found) == expected, &format!("{operation}: {at} is not {expected} in {answer}"));
        answer
    }

    /// There must be something at the path.
    async fn has(&self, operation: &str, parameters: Value, at: &str) -> Value {
        let answer = self.ask(operation, parameters).await;
        self.expect(!path::select(&answer, at).is_empty(), &format!("{operation}: no {at} in {answer}"));
        answer
    }

    fn id(&self, pointer: &str) -> Value {
        self.ids.pointer(pointer).cloned().unwrap_or_else(|| panic!("no {pointer} in {:#}", self.ids))
    }
}

#[test]
#[ignore = "asked by every_table_answers_over_the_wire, in a process that knows the emulator"]
fn questions() {
    let ids = std::env::var("WIRE_IDS").expect("the account's ids");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let cloud = AwsCloud::connect(None, None).await.expect("the emulator");
        let asked = Questions { cloud, ids: serde_json::from_str(&ids).expect("ids are JSON"), wrong: Mutex::default() };
        containers(&asked).await;
        schedules(&asked).await;
        names(&asked).await;
        fleets(&asked).await;
        jobs(&asked).await;
        access(&asked).await;
        databases(&asked).await;
        caches(&asked).await;
        functions(&asked).await;
        balancers(&asked).await;
        templates(&asked).await;
        alarms(&asked).await;
        let wrong = asked.wrong.into_inner().expect("nobody panicked");
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    });
}

async fn alarms(asked: &Questions) {
    let both = json!(["MetricAlarm", "CompositeAlarm"]);
    let named = |name: &str| json!({ "AlarmNames": [name], "AlarmTypes": both });
    let errors = asked.say("cloudwatch:DescribeAlarms", named("errors"), "MetricAlarms[].StateValue", json!(["ALARM"])).await;
    asked.expect(errors["MetricAlarms"][0]["StateReason"] == "the test says so", &format!("AWS's words: {errors}"));
    asked.expect(errors["MetricAlarms"][0]["StateUpdatedTimestamp"].is_string(), &format!("since when: {errors}"));
    asked.say("cloudwatch:DescribeAlarms", named("all"), "CompositeAlarms[].AlarmName", json!(["all"])).await;
    asked.say("cloudwatch:DescribeAlarms", named("none"), "MetricAlarms[].AlarmName", json!([])).await;
}

async fn containers(asked: &Questions) {
    let cluster = asked.id("/ecs/cluster");
    asked.has("ecs:ListClusters", json!({}), "clusterArns[]").await;
    asked.say("ecs:DescribeClusters", json!({ "clusters": [cluster] }), "clusters[].clusterArn", json!([cluster])).await;
    asked.say("ecs:DescribeClusters", json!({ "clusters": ["prod"] }), "clusters[].clusterName", json!(["prod"])).await;
    let service = asked.ask("ecs:ListServices", json!({ "cluster": "prod" })).await["serviceArns"][0].clone();
    let one = json!({ "cluster": "prod", "services": ["web", "none"] });
    let answer = asked.has("ecs:DescribeServices", one, "services[].networkConfiguration.awsvpcConfiguration.subnets[]").await;
    asked.expect(answer["services"][0]["serviceArn"] == service, "the service is the listed one");
    asked.expect(answer["failures"][0]["reason"] == "MISSING", &format!("what was not found comes through: {answer:#}"));
    let tasks = asked.ask("ecs:ListTasks", json!({ "cluster": "prod", "serviceName": "web" })).await["taskArns"].clone();
    let known = json!({ "cluster": "prod", "tasks": tasks });
    let tasks = asked.has("ecs:DescribeTasks", known, "tasks[].attachments[].details[]").await;
    asked.expect(path::select(&tasks, "tasks[].overrides").is_empty(), &format!("a task shows overrides: {tasks}"));
    let family = json!({ "taskDefinition": "web" });
    let definition = asked.say("ecs:DescribeTaskDefinition", family, "taskDefinition.networkMode", json!(["awsvpc"])).await;
    asked.expect(
        definition["taskDefinition"]["containerDefinitions"][0]["portMappings"][0]["containerPort"] == 8080,
        "a port of the task definition",
    );
    asked.expect(
        definition["taskDefinition"]["containerDefinitions"][0].get("image").is_none(),
        &format!("an image is shown: {definition}"),
    );
    let subnets = [asked.id("/network/public_subnets/0")];
    let vpc = json!({ "awsvpcConfiguration": { "subnets": subnets, "securityGroups": [asked.id("/security_groups/alb")], "assignPublicIp": "DISABLED" } });
    let run =
        json!({ "cluster": "prod", "taskDefinition": "web", "launchType": "FARGATE", "networkConfiguration": vpc, "clientToken": "one" });
    let task = asked.has("ecs:RunTask", run, "tasks[].taskArn").await["tasks"][0]["taskArn"].clone();
    asked.say("ecs:StopTask", json!({ "cluster": "prod", "task": task, "reason": "done" }), "task.taskArn", json!([task])).await;
    let update = json!({ "cluster": "prod", "service": "web", "networkConfiguration": vpc });
    asked.say("ecs:UpdateService", update, "service.networkConfiguration.awsvpcConfiguration.subnets", json!([subnets])).await;
    let deployments = json!({ "service": "web", "cluster": "prod" });
    let deployment = asked.has("ecs:ListServiceDeployments", deployments, "serviceDeployments[].status").await;
    let arn = deployment["serviceDeployments"][0]["serviceDeploymentArn"].clone();
    asked.has("ecs:DescribeServiceDeployments", json!({ "serviceDeploymentArns": [arn] }), "serviceDeployments[].status").await;
}

async fn schedules(asked: &Questions) {
    asked.say("events:ListRules", json!({}), "Rules[].Name", json!(["nightly-report"])).await;
    let cluster = json!({ "TargetArn": asked.id("/ecs/cluster") });
    asked.say("events:ListRuleNamesByTarget", cluster, "RuleNames[]", json!(["nightly-report"])).await;
    let rule = json!({ "Rule": "nightly-report" });
    let targets =
        asked.has("events:ListTargetsByRule", rule.clone(), "Targets[].EcsParameters.NetworkConfiguration.awsvpcConfiguration").await;
    let again = json!({ "Rule": "nightly-report", "Targets": targets["Targets"] });
    asked.say("events:PutTargets", again, "FailedEntryCount", json!([0])).await;
    asked.expect(asked.ask("events:ListTargetsByRule", rule).await == targets, "a target is put back whole");

    asked.say("scheduler:ListSchedules", json!({}), "Schedules[].Name", json!(["monthly"])).await;
    let schedule = asked.ask("scheduler:GetSchedule", json!({ "Name": "monthly" })).await;
    asked.expect(schedule["Target"]["Input"] == "{\"month\": 1}", "a schedule's input passes through");
    let mut again = schedule.clone();
    for made in ["Arn", "CreationDate", "LastModificationDate"] {
        again.as_object_mut().expect("a schedule").remove(made);
    }
    asked.has("scheduler:UpdateSchedule", again, "ScheduleArn").await;
    let mut after = asked.ask("scheduler:GetSchedule", json!({ "Name": "monthly" })).await;
    after["LastModificationDate"] = schedule["LastModificationDate"].clone();
    asked.expect(after == schedule, "a schedule is put back whole");

    let machine = asked.say("states:ListStateMachines", json!({}), "stateMachines[].name", json!(["orders"])).await;
    let arn = json!({ "stateMachineArn": machine["stateMachines"][0]["stateMachineArn"] });
    asked.has("states:DescribeStateMachine", arn, "definition").await;
}

async fn names(asked: &Questions) {
    let vpc = json!({ "VPCId": asked.id("/network/vpc"), "VPCRegion": "us-east-1" });
    let zones = asked.say("route53:ListHostedZonesByVPC", vpc, "HostedZoneSummaries[].Name", json!(["corp.internal."])).await;
    asked.expect(zones["HostedZoneSummaries"][0]["Owner"]["OwningAccount"].is_string(), &format!("{zones:#}"));
    asked.say("route53:ListHostedZones", json!({}), "HostedZones[].Config.PrivateZone", json!([true])).await;
    let zone = zones["HostedZoneSummaries"][0]["HostedZoneId"].clone();
    let all = asked.has("route53:ListResourceRecordSets", json!({ "HostedZoneId": zone }), "ResourceRecordSets[Type=SOA]").await;
    let name = "app-1.corp.internal.";
    let one = json!({ "HostedZoneId": zone, "StartRecordName": name, "StartRecordType": "A", "MaxItems": 1 });
    let set =
        asked.say("route53:ListResourceRecordSets", one, "ResourceRecordSets[].Name", json!([name])).await["ResourceRecordSets"][0].clone();
    asked.expect(path::select(&all, "ResourceRecordSets[Type=A]") == [&set], &format!("{set} in {all:#}"));
    let batch = json!({ "Changes": [{ "Action": "UPSERT", "ResourceRecordSet": set }] });
    let change = json!({ "HostedZoneId": zone, "ChangeBatch": batch });
    let change = asked.has("route53:ChangeResourceRecordSets", change, "ChangeInfo.Status").await["ChangeInfo"]["Id"].clone();
    asked.say("route53:GetChange", json!({ "Id": change }), "ChangeInfo.Status", json!(["INSYNC"])).await;
    let after = asked.ask("route53:ListResourceRecordSets", json!({ "HostedZoneId": zone })).await;
    asked.expect(after == all, "a record set is put back whole");
}

async fn fleets(asked: &Questions) {
    let groups =
        asked.say("autoscaling:DescribeAutoScalingGroups", json!({}), "AutoScalingGroups[].AutoScalingGroupName", json!(["workers"]));
    let groups = groups.await;
    let zones = groups["AutoScalingGroups"][0]["VPCZoneIdentifier"].clone();
    asked.expect(zones.as_str().is_some_and(|zones| zones.contains("subnet-")), &format!("{groups:#}"));
    let name = json!({ "AutoScalingGroupName": "workers" });
    asked.say("autoscaling:DescribeInstanceRefreshes", name.clone(), "InstanceRefreshes[]", json!([])).await;
    asked.say("autoscaling:DescribeLifecycleHooks", name, "LifecycleHooks[]", json!([])).await;
    asked.say("autoscaling:DescribeLaunchConfigurations", json!({}), "LaunchConfigurations[]", json!([])).await;
    let same = json!({ "AutoScalingGroupName": "workers", "VPCZoneIdentifier": zones });
    asked.ask("autoscaling:UpdateAutoScalingGroup", same).await;
    let processes = json!({ "AutoScalingGroupName": "workers", "ScalingProcesses": ["AZRebalance"] });
    asked.ask("autoscaling:SuspendProcesses", processes.clone()).await;
    asked.ask("autoscaling:ResumeProcesses", processes).await;
    let preferences = json!({ "MinHealthyPercentage": 100, "MaxHealthyPercentage": 110, "SkipMatching": false });
    let refresh = json!({ "AutoScalingGroupName": "workers", "Preferences": preferences });
    asked.has("autoscaling:StartInstanceRefresh", refresh, "InstanceRefreshId").await;

    let target = json!({ "ServiceNamespace": "ecs", "ResourceId": "service/prod/web", "ScalableDimension": "ecs:service:DesiredCount" });
    let mut register = target.clone();
    register["MinCapacity"] = json!(1);
    register["MaxCapacity"] = json!(4);
    asked.ask("application-autoscaling:RegisterScalableTarget", register).await;
    let read = json!({ "ServiceNamespace": "ecs" });
    let id = json!(["service/prod/web"]);
    asked.say("application-autoscaling:DescribeScalableTargets", read, "ScalableTargets[].ResourceId", id).await;
}

async fn jobs(asked: &Questions) {
    let name = json!(["nightly"]);
    let answer = asked.say("batch:DescribeComputeEnvironments", json!({}), "computeEnvironments[].computeEnvironmentName", name).await;
    asked.expect(answer["computeEnvironments"][0]["computeResources"]["type"] == "FARGATE", &format!("{answer:#}"));
    let queue = asked.has("batch:DescribeJobQueues", json!({}), "jobQueues[].computeEnvironmentOrder[].computeEnvironment").await;
    let listed = json!({ "jobQueue": queue["jobQueues"][0]["jobQueueName"], "jobStatus": "RUNNING" });
    asked.say("batch:ListJobs", listed, "jobSummaryList[]", json!([])).await;
}

async fn access(asked: &Questions) {
    let app = asked.id("/instances/app-1");
    asked.has("ssm:DescribeInstanceInformation", json!({}), "InstanceInformationList[].PingStatus").await;
    let command = json!({ "InstanceIds": [app], "DocumentName": "AWS-RunShellScript", "Parameters": { "commands": ["true"] } });
    let sent = asked.has("ssm:SendCommand", command, "Command.CommandId").await["Command"]["CommandId"].clone();
    let one = json!({ "CommandId": sent, "InstanceId": app });
    let invocation = asked.has("ssm:GetCommandInvocation", one, "Status").await;
    asked.expect(invocation.get("StandardOutputContent").is_none(), &format!("{invocation:#}"));
    asked.say("ssm:ListCommands", json!({ "CommandId": sent }), "Commands[].CommandId", json!([sent])).await;
    asked.ask("ssm:ListCommandInvocations", json!({ "CommandId": sent })).await;

    let profile = json!({ "InstanceProfileName": "app-instance" });
    asked.say("iam:GetInstanceProfile", profile, "InstanceProfile.Roles[].RoleName", json!(["app-instance"])).await;
    let role = json!({ "RoleName": "app-instance" });
    asked.say("iam:GetRole", role.clone(), "Role.RoleName", json!(["app-instance"])).await;
    let policies = json!(["AmazonSSMManagedInstanceCore"]);
    asked.say("iam:ListAttachedRolePolicies", role, "AttachedPolicies[].PolicyName", policies).await;
    let trust = json!({ "Version": "2012-10-17", "Statement": [] }).to_string();
    let tags = json!([{ "Key": "hikkoshi:migration", "Value": "shop" }]);
    let made = json!({ "RoleName": "new", "AssumeRolePolicyDocument": trust, "Tags": tags });
    asked.has("iam:CreateRole", made, "Role.Arn").await;
    asked.ask("iam:CreateInstanceProfile", json!({ "InstanceProfileName": "new", "Tags": tags })).await;
    let both = json!({ "InstanceProfileName": "new", "RoleName": "new" });
    asked.ask("iam:AddRoleToInstanceProfile", both.clone()).await;
    let policy = json!({ "RoleName": "new", "PolicyArn": "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore" });
    asked.ask("iam:AttachRolePolicy", policy.clone()).await;
    asked.ask("iam:DetachRolePolicy", policy).await;
    asked.ask("iam:RemoveRoleFromInstanceProfile", both).await;
    asked.ask("iam:DeleteInstanceProfile", json!({ "InstanceProfileName": "new" })).await;
    asked.ask("iam:DeleteRole", json!({ "RoleName": "new" })).await;
}

async fn databases(asked: &Questions) {
    let members = json!(["aurora-1", "aurora-2"]);
    let path = "DBClusters[].DBClusterMembers[].DBInstanceIdentifier";
    asked.say("rds:DescribeDBClusters", json!({}), path, members).await;
    asked.say("rds:DescribeDBProxies", json!({}), "DBProxies[]", json!([])).await;
    let arn = json!({ "ResourceName": asked.id("/rds/single_az") });
    asked.say("rds:ListTagsForResource", arn, "TagList[].Value", json!(["pg-single"])).await;
    let snapshot = json!({ "DBInstanceIdentifier": "pg-single", "DBSnapshotIdentifier": "one", "Tags": [{ "Key": "a", "Value": "b" }] });
    asked.has("rds:CreateDBSnapshot", snapshot, "DBSnapshot.DBSnapshotArn").await;
    let one = json!({ "DBSnapshotIdentifier": "one" });
    asked.has("rds:DescribeDBSnapshots", one, "DBSnapshots[].Status").await;
    let group = json!({ "DBSubnetGroupName": "new", "DBSubnetGroupDescription": "new", "SubnetIds": asked.id("/network/public_subnets") });
    asked.has("rds:CreateDBSubnetGroup", group, "DBSubnetGroup.DBSubnetGroupArn").await;
    asked.ask("rds:DeleteDBSubnetGroup", json!({ "DBSubnetGroupName": "new" })).await;
}

async fn caches(asked: &Questions) {
    let members = json!(["sessions-001", "sessions-002"]);
    asked.say("elasticache:DescribeReplicationGroups", json!({}), "ReplicationGroups[].MemberClusters[]", members).await;
    asked.has("elasticache:DescribeCacheClusters", json!({ "ShowCacheNodeInfo": true }), "CacheClusters[].CacheNodes[].CacheNodeId").await;
    asked
        .say(
            "elasticache:DescribeCacheSubnetGroups",
            json!({ "CacheSubnetGroupName": "prod" }),
            "CacheSubnetGroups[].CacheSubnetGroupName",
            json!(["prod"]),
        )
        .await;
    asked.say("elasticache:DescribeSnapshots", json!({}), "Snapshots[]", json!([])).await;
    let arn = json!({ "ResourceName": asked.id("/elasticache/replication_group") });
    asked.has("elasticache:ListTagsForResource", arn, "TagList[].Value").await;
    asked.ask("elasticache:DescribeEvents", json!({})).await;
}

async fn functions(asked: &Questions) {
    let all = json!({ "FunctionVersion": "ALL" });
    let answer = asked.has("lambda:ListFunctions", all, "Functions[].Version").await;
    asked.expect(path::texts(&answer, "Functions[].Version").contains(&"1".to_owned()), &format!("{answer:#}"));
    let live = json!({ "FunctionName": "orders", "Name": "live" });
    asked.say("lambda:GetAlias", live, "FunctionVersion", json!(["1"])).await;
    asked.has("lambda:PublishVersion", json!({ "FunctionName": "billing" }), "Version").await;
    let move_to = json!({ "FunctionName": "orders", "Name": "live", "FunctionVersion": "1" });
    asked.say("lambda:UpdateAlias", move_to, "FunctionVersion", json!(["1"])).await;
    let run = json!({ "FunctionName": "orders", "InvocationType": "DryRun", "Payload": "e30=" });
    asked.say("lambda:Invoke", run, "StatusCode", json!([204])).await;
}

async fn balancers(asked: &Questions) {
    let arn = asked.id("/load_balancers/app/arn");
    let one = json!({ "LoadBalancerArn": arn });
    asked.has("elasticloadbalancing:DescribeLoadBalancerAttributes", one.clone(), "Attributes[].Key").await;
    let on = json!({ "LoadBalancerArn": arn, "Attributes": [{ "Key": "idle_timeout.timeout_seconds", "Value": "61" }] });
    asked.has("elasticloadbalancing:ModifyLoadBalancerAttributes", on, "Attributes[].Value").await;
    let answer = asked.say("elb:DescribeLoadBalancers", json!({}), "LoadBalancerDescriptions[].LoadBalancerName", json!(["old"])).await;
    let old = &answer["LoadBalancerDescriptions"][0];
    asked.expect(old["ListenerDescriptions"][0]["Listener"]["LoadBalancerPort"] == 80, &format!("{answer:#}"));
    asked.expect(old["VPCId"] == asked.id("/network/vpc"), &format!("{answer:#}"));
    asked.ask("elb:DescribeTags", json!({ "LoadBalancerNames": ["old"] })).await;
    let name = json!({ "LoadBalancerName": "old" });
    asked.has("elb:DescribeInstanceHealth", name.clone(), "InstanceStates[].State").await;
    asked.has("elb:DescribeLoadBalancerAttributes", name, "LoadBalancerAttributes.CrossZoneLoadBalancing.Enabled").await;
    let third = json!({ "LoadBalancerName": "old", "Subnets": [asked.id("/network/public_subnets/2")] });
    asked.has("elb:AttachLoadBalancerToSubnets", third.clone(), "Subnets[]").await;
    asked.has("elb:DetachLoadBalancerFromSubnets", third, "Subnets[]").await;
    let groups = json!({ "LoadBalancerName": "old", "SecurityGroups": [asked.id("/security_groups/alb")] });
    asked.has("elb:ApplySecurityGroupsToLoadBalancer", groups, "SecurityGroups[]").await;
}

async fn templates(asked: &Questions) {
    asked.say("ec2:DescribeLaunchTemplates", json!({}), "LaunchTemplates[].LaunchTemplateName", json!(["workers"])).await;
    let id = asked.id("/autoscaling/launch_template");
    let read = json!({ "LaunchTemplateId": id });
    let versions = asked.has("ec2:DescribeLaunchTemplateVersions", read, "LaunchTemplateVersions[].LaunchTemplateData.SecurityGroupIds[]");
    asked.expect(path::select(&versions.await, "LaunchTemplateVersions[].LaunchTemplateData.UserData").is_empty(), "user data is shown");
    let data = json!({ "SecurityGroupIds": [asked.id("/security_groups/alb")] });
    let new = json!({ "LaunchTemplateId": id, "SourceVersion": "1", "LaunchTemplateData": data, "ClientToken": "one" });
    asked.say("ec2:CreateLaunchTemplateVersion", new, "LaunchTemplateVersion.VersionNumber", json!([2])).await;
    let associations =
        asked.has("ec2:DescribeIamInstanceProfileAssociations", json!({}), "IamInstanceProfileAssociations[].AssociationId").await;
    asked.expect(associations["IamInstanceProfileAssociations"][0]["InstanceId"].is_string(), &format!("{associations:#}"));
    asked.ask("ec2:DescribeFlowLogs", json!({})).await;
    asked.say("ec2:DescribeVpcEndpointServiceConfigurations", json!({}), "ServiceConfigurations[]", json!([])).await;
    vpn(asked).await;
}

async fn vpn(asked: &Questions) {
    let certificate = asked.id("/certificate");
    let clients = json!({ "ClientRootCertificateChainArn": certificate });
    let endpoint = json!({ "ClientCidrBlock": "10.100.0.0/22", "ServerCertificateArn": certificate,
        "AuthenticationOptions": [{ "Type": "certificate-authentication", "MutualAuthentication": clients }],
        "ConnectionLogOptions": { "Enabled": false }, "SplitTunnel": true, "VpcId": asked.id("/network/vpc"), "ClientToken": "vpn" });
    let made = asked.has("ec2:CreateClientVpnEndpoint", endpoint, "ClientVpnEndpointId").await["ClientVpnEndpointId"].clone();
    let vpn = json!({ "ClientVpnEndpointId": made });
    asked
        .say("ec2:DescribeClientVpnEndpoints", json!({ "ClientVpnEndpointIds": [made] }), "ClientVpnEndpoints[].SplitTunnel", json!([true]))
        .await;
    let network = json!({ "ClientVpnEndpointId": made, "SubnetId": asked.id("/network/public_subnets/0"), "ClientToken": "net" });
    let association = asked.has("ec2:AssociateClientVpnTargetNetwork", network, "AssociationId").await["AssociationId"].clone();
    asked.say("ec2:DescribeClientVpnTargetNetworks", vpn.clone(), "ClientVpnTargetNetworks[].AssociationId", json!([association])).await;
    let rule =
        json!({ "ClientVpnEndpointId": made, "TargetNetworkCidr": "10.0.1.0/24", "AuthorizeAllGroups": true, "ClientToken": "rule" });
    asked.has("ec2:AuthorizeClientVpnIngress", rule, "Status.Code").await;
    asked.has("ec2:DescribeClientVpnAuthorizationRules", vpn, "AuthorizationRules[].DestinationCidr").await;
}
