//! Load balancers of every kind over the wire: they leave the subnets that turn private, and come back.

use serde_json::{Value, json};

use crate::support::emulator::{Emulator, aws, diff};
use crate::support::night::Night;

/// A public network load balancer and a public Classic Load Balancer in front of the story's instances.
fn more(emulator: &Emulator, ids: &Value) {
    let url = emulator.url();
    let make = |service: &str, operation: &str, parameters: Value| {
        aws(&url, service, operation, &parameters).unwrap_or_else(|error| panic!("{service} {operation}: {error}"))
    };
    let (subnets, instances) = (&ids["network"]["public_subnets"], [&ids["instances"]["app-1"], &ids["instances"]["app-2"]]);
    let two = json!([subnets[0], subnets[1]]);
    let group = json!({ "Name": "edge", "Protocol": "TCP", "Port": 80, "VpcId": ids["network"]["vpc"], "TargetType": "instance" });
    let group = make("elbv2", "create_target_group", group)["TargetGroups"][0]["TargetGroupArn"].clone();
    make("elbv2", "register_targets", json!({ "TargetGroupArn": group, "Targets": instances.map(|id| json!({ "Id": id })) }));
    let edge = json!({ "Name": "edge", "Type": "network", "Scheme": "internet-facing", "Subnets": two });
    let edge = make("elbv2", "create_load_balancer", edge)["LoadBalancers"][0]["LoadBalancerArn"].clone();
    let forward = json!([{ "Type": "forward", "TargetGroupArn": group }]);
    make("elbv2", "create_listener", json!({ "LoadBalancerArn": edge, "Protocol": "TCP", "Port": 80, "DefaultActions": forward }));
    let listener = json!([{ "Protocol": "HTTP", "LoadBalancerPort": 80, "InstanceProtocol": "HTTP", "InstancePort": 80 }]);
    let old =
        json!({ "LoadBalancerName": "old", "Listeners": listener, "Subnets": two, "SecurityGroups": [ids["security_groups"]["alb"]] });
    make("elb", "create_load_balancer", old);
    let served = json!({ "LoadBalancerName": "old", "Instances": instances.map(|id| json!({ "InstanceId": id })) });
    make("elb", "register_instances_with_load_balancer", served);
}

#[test]
fn balancers_of_every_kind_move_and_come_back() {
    let mut night = Night::falls();
    night.begin_with(&["--spine"], &more);
    let hikkoshi = night.hikkoshi(&night.emulator.url());
    let plan = std::fs::read_to_string(night.file("plans/move/plan.yaml")).expect("it is planned");
    for step in ["edge-leave-a", "edge-enter-b", "old-leave-a", "old-enter-b"] {
        assert!(plan.contains(&format!("id: {step}\n")), "{step} is planned");
    }
    hikkoshi.run(&["apply", "move", "--yes"]).expect_code(0);
    hikkoshi.run(&["verify", "move"]).expect_code(0);
    // The inspector does not know that a Classic Load Balancer may be public.
    let mut broken = night.emulator.check(&night.vpc, Some(&night.file("before.json")));
    broken.retain(|line| !line.contains("old: elb interface") && !line.contains("sg(move-old): ingress tcp 80 0.0.0.0/0"));
    assert_eq!(broken, Vec::<String>::new());
    hikkoshi.run(&["rollback", "move", "--all", "--yes"]).expect_code(0);
    let after = night.file("back.json");
    night.emulator.snapshot(&night.vpc, true, &after);
    assert_eq!(diff(&night.file("before-stable.json"), &after), Vec::<String>::new());
}
