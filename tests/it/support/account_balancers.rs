//! Network and Classic Load Balancers for the accounts of the tests.

use serde_json::{Value, json};

use super::account::{ACCOUNT, Docs, REGION, VPC, target_group, target_group_arn};

/// The ARN of a network load balancer.
pub fn network_arn(name: &str) -> String {
    format!("arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/net/{name}/60dc6c495c0c9199")
}

/// Where a balancer is public, its nodes have addresses of AWS.
fn association(scheme: &str, at: usize) -> Value {
    match scheme {
        "internet-facing" => json!({ "PublicIp": format!("198.51.100.{}", 230 + at), "IpOwnerId": "amazon-elb" }),
        _ => Value::Null,
    }
}

impl Docs {
    /// A network load balancer in the given zones, with a listener per protocol and port that sends to a group of its
    /// own with these instances.
    pub fn network_balancer(&mut self, name: &str, scheme: &str, zones: &[&str], listeners: &[(&str, u16)], targets: &[&str]) {
        let mut all = Vec::new();
        for (protocol, port) in listeners {
            let group = format!("{name}-{port}");
            let members: Vec<(&str, u16)> = targets.iter().map(|id| (*id, *port)).collect();
            let mut doc = target_group(&group, &members, Some(name));
            doc["Protocol"] = json!(if *protocol == "TLS" { "TCP" } else { *protocol });
            doc["LoadBalancerArns"] = json!([network_arn(name)]);
            self.add("target_group", doc);
            all.push(json!({ "ListenerArn": format!("{}/{port}", network_arn(name)), "Port": port, "Protocol": protocol,
                "DefaultActions": [{ "Type": "forward", "TargetGroupArn": target_group_arn(&group) }] }));
        }
        for (at, zone) in zones.iter().enumerate() {
            let more =
                json!({ "RequesterId": "amazon-elb", "InterfaceType": "network_load_balancer", "Association": association(scheme, at) });
            self.interface(&format!("eni-{name}-{zone}"), zone, &[], &format!("ELB net/{name}/60dc6c495c0c9199"), more);
        }
        let placed: Vec<Value> =
            zones.iter().map(|z| json!({ "ZoneName": format!("{REGION}{z}"), "SubnetId": format!("subnet-{z}") })).collect();
        self.add(
            "load_balancer",
            json!({ "LoadBalancerArn": network_arn(name), "LoadBalancerName": name, "Scheme": scheme, "Type": "network", "VpcId": VPC,
                "State": { "Code": "active" }, "AvailabilityZones": placed, "SecurityGroups": [], "Listeners": all, "Tags": [],
                "CrossZone": "false", "EndpointServices": [] }),
        );
    }

    /// Gives the nodes of a network load balancer elastic IPs of the account.
    pub fn elastic_nodes(&mut self, name: &str, zones: &[&str]) {
        for (at, zone) in zones.iter().enumerate() {
            let (allocation, ip) = (format!("eipalloc-{name}-{zone}"), format!("198.51.100.{}", 240 + at));
            self.add(
                "elastic_ip",
                json!({ "AllocationId": allocation, "PublicIp": ip, "Domain": "vpc", "AssociationId": format!("eipassoc-{name}-{zone}"),
                    "NetworkInterfaceId": format!("eni-{name}-{zone}"), "Tags": [] }),
            );
            self.doc(&format!("eni-{name}-{zone}"))["Association"] =
                json!({ "PublicIp": ip, "AllocationId": allocation, "IpOwnerId": ACCOUNT });
            self.doc(&network_arn(name))["AvailabilityZones"][at]["LoadBalancerAddresses"] =
                json!([{ "IpAddress": ip, "AllocationId": allocation }]);
        }
    }

    /// A Classic Load Balancer in the given zones, from port 80 to these instances' 8080.
    pub fn classic_balancer(&mut self, name: &str, scheme: &str, zones: &[&str], group: &str, instances: &[&str]) {
        for (at, zone) in zones.iter().enumerate() {
            let more = json!({ "RequesterId": "amazon-elb", "Association": association(scheme, 10 + at) });
            self.interface(&format!("eni-{name}-{zone}"), zone, &[group], &format!("ELB {name}"), more);
        }
        let listener = json!({ "Protocol": "HTTP", "LoadBalancerPort": 80, "InstanceProtocol": "HTTP", "InstancePort": 8080 });
        self.add(
            "classic_balancer",
            json!({ "LoadBalancerName": name, "Scheme": scheme, "VPCId": VPC, "Subnets": zones.iter().map(|z| format!("subnet-{z}")).collect::<Vec<_>>(),
                "AvailabilityZones": zones.iter().map(|z| format!("{REGION}{z}")).collect::<Vec<_>>(), "SecurityGroups": [group],
                "ListenerDescriptions": [{ "Listener": listener, "PolicyNames": [] }], "HealthCheck": { "Target": "HTTP:8080/health" },
                "Instances": instances.iter().map(|id| json!({ "InstanceId": id })).collect::<Vec<_>>(), "Tags": [] }),
        );
    }
}
