//! What has interfaces, what stands for them, and what is up.

use hikkoshi::model::id::Id;
use hikkoshi::reach::View;
use serde_json::{Value, json};

use crate::support::net::{Net, net};

fn database(state: &str, zone: &str) -> Value {
    json!({ "DBInstanceIdentifier": "orders", "DBInstanceStatus": state, "Endpoint": { "Port": 5432 }, "AvailabilityZone": zone,
        "PubliclyAccessible": true, "VpcSecurityGroups": [{ "VpcSecurityGroupId": "sg-db" }],
        "DBSubnetGroup": { "DBSubnetGroupName": "prod", "VpcId": "vpc-1",
            "Subnets": [{ "SubnetIdentifier": "subnet-a" }, { "SubnetIdentifier": "subnet-b" }] } })
}

/// Two subnets in two zones, both public, `app` in the first.
fn shop() -> Net {
    let mut net = net();
    net.subnet("a", "10.0.1.0/24").subnet("b", "10.0.2.0/24").edit("subnet-b", "/AvailabilityZone", json!("us-east-1b"));
    net.table("rtb-a", &[("0.0.0.0/0", "igw-1")], &["a"]);
    net.group("sg-app", &["all to 0.0.0.0/0"]).group("sg-db", &["tcp 5432 from sg-app", "tcp 5432 from 0.0.0.0/0"]);
    net.interface("app", "a", "10.0.1.10", &["sg-app"]);
    net
}

fn nodes(net: &Net, owner: &str) -> Vec<String> {
    net.fabric().nodes(&owner.into()).iter().map(Id::to_string).collect()
}

/// A database's interfaces do not say whose they are: it stands in each subnet of its group that is in its zone.
#[test]
fn a_database_stands_in_the_subnets_of_its_zone() {
    let mut net = shop();
    net.add("db_instance", database("available", "us-east-1b"));
    assert_eq!(nodes(&net, "db:orders"), ["db:orders@subnet-b"]);
    net.edit("db:orders", "/AvailabilityZone", Value::Null);
    assert_eq!(nodes(&net, "db:orders"), ["db:orders@subnet-a", "db:orders@subnet-b"]);
}

/// Where the address is not known, a rule must cover the subnet's whole range.
#[test]
fn an_unknown_address_is_any_of_its_subnet() {
    let mut net = shop();
    net.add("db_instance", database("available", "us-east-1b"));
    for (egress, answer) in
        [("tcp 5432 to 10.0.2.0/24", "reached"), ("tcp 5432 to 10.0.2.0/25", "GroupOut sg-app"), ("tcp 5432 to sg-db", "reached")]
    {
        net.group("sg-app", &[egress]).check(&[("app > db:orders@subnet-b tcp 5432", answer)]);
    }
    net.group("sg-app", &["tcp 5432 to 10.0.2.0/25", "tcp 5432 to 10.0.2.128/25"])
        .check(&[("app > db:orders@subnet-b tcp 5432", "reached")]);
}

/// RDS, "Hiding a DB instance in a VPC from the internet": a public name helps in a subnet with an internet gateway's route.
#[test]
fn a_publicly_accessible_database_is_reached_in_a_public_subnet() {
    let mut net = shop();
    net.add("db_instance", database("available", "us-east-1b"));
    net.check(&[("internet > db:orders@subnet-a tcp 5432", "reached"), ("internet > db:orders@subnet-b tcp 5432", "Route rtb-main")]);
    net.edit("db:orders", "/PubliclyAccessible", json!(false));
    net.check(&[("internet > db:orders@subnet-a tcp 5432", "Gateway db:orders@subnet-a")]);
}

/// What does not run does not answer.
#[test]
fn what_is_down_is_absent() {
    let net = shop();
    for (state, answer) in
        [("stopped", "Absent db:orders"), ("creating", "Absent db:orders"), ("modifying", "reached"), ("backing-up", "reached")]
    {
        let mut net = net.clone();
        net.add("db_instance", database(state, "us-east-1b")).check(&[("app > db:orders@subnet-b tcp 5432", answer)]);
    }
    net.check(&[("app > db:orders@subnet-b tcp 5432", "Absent db:orders@subnet-b")]);
}

/// An instance's interface is its own; an instance without one that was seen stands for itself, with its address.
#[test]
fn an_instance_has_its_interfaces() {
    let mut net = shop();
    let instance = json!({ "InstanceId": "i-1", "VpcId": "vpc-1", "SubnetId": "subnet-b", "PrivateIpAddress": "10.0.2.9",
        "State": { "Name": "running" }, "SecurityGroups": [{ "GroupId": "sg-db" }], "Placement": { "AvailabilityZone": "us-east-1b" } });
    net.add("ec2_instance", instance);
    assert_eq!(nodes(&net, "i-1"), ["i-1@subnet-b"]);
    net.check(&[("app > i-1@subnet-b tcp 5432", "reached")]);
    net.interface("host", "b", "10.0.2.9", &["sg-db"]).edit("eni-host", "/Attachment", json!({ "InstanceId": "i-1" }));
    assert_eq!(nodes(&net, "i-1"), ["eni-host"]);
    net.check(&[("app > host tcp 5432", "reached")]);
    net.edit("i-1", "/State/Name", json!("stopped")).check(&[("app > host tcp 5432", "Absent i-1")]);
}

/// A connection ends with its interface, and with its address.
#[test]
fn a_connection_ends_with_its_interface() {
    let mut before = shop();
    before.interface("db", "b", "10.0.2.20", &["sg-db"]);
    let mut after = before.clone();
    after.interface("db", "b", "10.0.2.21", &["sg-db"]);
    assert_eq!(before.stands(&after, "app > db tcp 5432"), "Absent eni-db");
    assert_eq!(before.stands(after.remove("eni-db"), "app > db tcp 5432"), "Absent eni-db");
}

/// A Lambda function's interfaces always track (EC2 user guide, "Automatically tracked connections"); its peer's do as rules say.
#[test]
fn a_functions_connections_are_tracked_at_its_own_end() {
    let mut before = shop();
    before.add(
        "lambda_function",
        json!({ "FunctionName": "bill", "State": "Active", "VpcConfig": { "VpcId": "vpc-1", "SubnetIds": ["subnet-a"], "SecurityGroupIds": ["sg-fn"] } }),
    );
    before.group("sg-fn", &["all from 0.0.0.0/0", "all to 0.0.0.0/0"]).group("sg-db", &["all from 0.0.0.0/0", "all to 0.0.0.0/0"]);
    before.interface("db", "b", "10.0.2.20", &["sg-db"]);
    let mut own = before.clone();
    own.group("sg-fn", &["all to 0.0.0.0/0"]);
    assert_eq!(before.stands(&own, "function:bill@subnet-a > db tcp 5432"), "reached");
    own.group("sg-db", &["tcp 5432 from 10.9.0.0/16"]);
    assert_eq!(before.stands(&own, "function:bill@subnet-a > db tcp 5432"), "GroupIn sg-db");
}

/// A task that is started with `AssignPublicIp` gets to the internet by the gateway, and can be reached from there (ECS developer
/// guide, "Task networking"); one without can't, whatever the route.
#[test]
fn a_task_has_the_public_address_that_it_is_started_with() {
    for (assigned, answer) in [("ENABLED", "reached"), ("DISABLED", "Gateway igw-1")] {
        let mut net = shop();
        let config = json!({ "Subnets": ["subnet-a"], "SecurityGroups": ["sg-app"], "AssignPublicIp": assigned });
        let parameters = json!({ "TaskDefinitionArn": "arn:td", "NetworkConfiguration": { "awsvpcConfiguration": config } });
        net.add(
            "scheduled_task",
            json!({ "Rule": "nightly", "Id": "t", "Arn": "arn:cluster", "VpcId": "vpc-1", "EcsParameters": parameters }),
        );
        net.check(&[("rule:nightly/t@subnet-a > internet tcp 443", answer)]);
    }
}
