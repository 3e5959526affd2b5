//! An account in code, of any size, read by the kinds themselves so that every facet is real.
//!
//! One stack is ten workloads: a balancer with five instances behind it, three functions (one with a published version
//! and an alias) and a database, a group of its own beside the one that everything shares and that is open to the world.

use std::collections::BTreeMap;

use hikkoshi::kinds::KINDS;
use hikkoshi::model::id::Id;
use hikkoshi::model::inventory::Inventory;
use serde_json::{Value, json};

const VPC: &str = "vpc-0bench";
const SHARED: &str = "sg-shared";
const ZONES: [&str; 3] = ["eu-central-1a", "eu-central-1b", "eu-central-1c"];

/// How the groups are laid out.
#[derive(Clone, Copy, PartialEq)]
pub enum Shape {
    /// One group for all, and one per stack.
    Shared,
    /// A group per workload that names the next one's: the worst case for whoever asks which groups can stay.
    Chain,
    /// A group per workload that names those of all who call it: ten flows per workload.
    Calls,
}

/// How many workloads one stack has.
const STACK: usize = 10;

struct Account {
    resources: BTreeMap<Id, hikkoshi::model::resource::Resource>,
    shape: Shape,
    addresses: [u32; 3],
    workloads: usize,
    total: usize,
}

/// An inventory with so many workloads (movable resources), and what belongs to them.
pub fn inventory(workloads: usize, shape: Shape) -> Inventory {
    crowded(workloads, shape, 0)
}

/// The same among bystanders, until there are so many resources: groups, instances and interfaces of others in subnets that
/// are private already.
pub fn crowded(workloads: usize, shape: Shape, resources: usize) -> Inventory {
    let mut account = Account { resources: BTreeMap::new(), shape, addresses: [4; 3], workloads: 0, total: workloads };
    account.network();
    for stack in 0..workloads.div_ceil(STACK) {
        account.stack(stack);
    }
    account.crowd(resources);
    Inventory {
        version: 1,
        account: "123456789012".into(),
        region: "eu-central-1".into(),
        vpc: VPC.into(),
        taken_at: "2026-11-24T00:00:00Z".into(),
        missing: Vec::new(),
        resources: account.resources.into_iter().map(|(id, resource)| (id, resource.into())).collect(),
    }
}

/// An intent for it: wide subnets, everything else as it is by default.
pub fn intent() -> hikkoshi::plan::intent::Intent {
    let text = format!(
        "migration: bench\naccount: \"123456789012\"\nregion: eu-central-1\nvpc: {VPC}\nsubnets: {{private_prefix: 20, public_prefix: 22}}\n"
    );
    hikkoshi::plan::intent::parse(&text).unwrap_or_else(|problem| panic!("{}", problem.message))
}

impl Account {
    fn add(&mut self, kind: &str, doc: Value) {
        let kind = KINDS.iter().find(|known| known.name() == kind).expect("a registered kind");
        let resource = kind.parse(&doc.into(), &VPC.into()).expect("a document of this VPC");
        self.resources.insert(resource.id.clone(), resource);
    }

    fn network(&mut self) {
        self.add("vpc", json!({ "VpcId": VPC, "CidrBlock": "10.0.0.0/16", "State": "available", "OwnerId": "123456789012" }));
        let attached = json!([{ "VpcId": VPC, "State": "available" }]);
        self.add("internet_gateway", json!({ "InternetGatewayId": "igw-1", "Attachments": attached }));
        let links: Vec<Value> = (0..3)
            .map(|at| json!({ "RouteTableAssociationId": format!("rtbassoc-{at}"), "RouteTableId": "rtb-1", "SubnetId": subnet(at), "Main": false, "AssociationState": { "State": "associated" } }))
            .collect();
        let local = json!({ "DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active", "Origin": "CreateRouteTable" });
        let out = json!({ "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "State": "active", "Origin": "CreateRoute" });
        self.add(
            "route_table",
            json!({ "RouteTableId": "rtb-1", "VpcId": VPC, "Associations": links, "Routes": [local, out], "PropagatingVgws": [] }),
        );
        for (at, zone) in ZONES.iter().enumerate() {
            let range = format!("10.0.{}.0/18", at * 64);
            self.add("subnet", json!({ "SubnetId": subnet(at), "VpcId": VPC, "CidrBlock": range, "AvailabilityZone": zone, "State": "available", "MapPublicIpOnLaunch": true }));
        }
        let entry = |egress: bool| json!({ "Egress": egress, "CidrBlock": "0.0.0.0/0", "Protocol": "-1", "RuleAction": "allow", "RuleNumber": 100 });
        self.add(
            "network_acl",
            json!({ "NetworkAclId": "acl-1", "VpcId": VPC, "IsDefault": true, "Associations": [], "Entries": [entry(true), entry(false)] }),
        );
        let open = json!([{ "IpProtocol": "-1", "IpRanges": [{ "CidrIp": "0.0.0.0/0" }] }]);
        self.group(SHARED, "default-all", open);
        let members: Vec<Value> =
            (0..3).map(|at| json!({ "SubnetIdentifier": subnet(at), "SubnetAvailabilityZone": { "Name": ZONES[at] } })).collect();
        self.add("db_subnet_group", json!({ "DBSubnetGroupName": "prod", "VpcId": VPC, "Subnets": members }));
        for at in 0..3 {
            self.interface(&format!("eni-lambda-{at}"), at, &[SHARED.into()], json!({ "InterfaceType": "lambda", "RequesterManaged": true, "Description": "AWS Lambda VPC ENI-f0-0-0cc175b9c0f1b6a831c399e269772661" }));
        }
    }

    fn group(&mut self, id: &str, name: &str, ingress: Value) {
        let egress = json!([{ "IpProtocol": "-1", "IpRanges": [{ "CidrIp": "0.0.0.0/0" }] }]);
        self.add(
            "security_group",
            json!({ "GroupId": id, "GroupName": name, "VpcId": VPC, "IpPermissions": ingress, "IpPermissionsEgress": egress }),
        );
    }

    /// Groups as AWS shows them where they are worn.
    fn named(&self, groups: &[String]) -> Vec<Value> {
        let name = |group: &String| self.resources.get(&Id::from(group.as_str())).map(|group| group.name.clone());
        groups.iter().map(|group| json!({ "GroupId": group, "GroupName": name(group) })).collect()
    }

    fn address(&mut self, zone: usize) -> String {
        let at = self.addresses[zone];
        self.addresses[zone] += 1;
        std::net::Ipv4Addr::from(0x0a00_0000 + (zone as u32) * 64 * 256 + at).to_string()
    }

    /// An interface; its address.
    fn interface(&mut self, id: &str, zone: usize, groups: &[String], extra: Value) -> String {
        let ip = self.address(zone);
        let worn = self.named(groups);
        let mut doc = json!({ "NetworkInterfaceId": id, "VpcId": VPC, "SubnetId": subnet(zone), "AvailabilityZone": ZONES[zone], "Groups": worn,
            "PrivateIpAddress": ip, "PrivateIpAddresses": [{ "PrivateIpAddress": ip, "Primary": true }], "Status": "in-use", "InterfaceType": "interface", "Description": "" });
        if let (Some(doc), Value::Object(extra)) = (doc.as_object_mut(), extra) {
            doc.extend(extra);
        }
        self.add("network_interface", doc);
        ip
    }

    /// The groups of the next workload, made where it takes one of its own.
    fn groups(&mut self, stack: usize, own: bool) -> Vec<String> {
        let at = self.workloads;
        self.workloads += 1;
        match self.shape {
            Shape::Shared if own => vec![SHARED.into(), format!("sg-own-{stack}")],
            Shape::Shared => vec![SHARED.into()],
            Shape::Chain => {
                // The last one is open to the world: so the last group goes, and then the one that names it, and so on.
                let last = json!([{ "IpProtocol": "-1", "IpRanges": [{ "CidrIp": "0.0.0.0/0" }] }]);
                let next = json!([{ "IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "UserIdGroupPairs": [{ "GroupId": format!("sg-chain-{}", at + 1) }] }]);
                let id = format!("sg-chain-{at}");
                self.group(&id, &format!("chain-{at}"), if at + 1 == self.total { last } else { next });
                vec![id]
            }
            Shape::Calls => {
                let id = format!("sg-call-{at}");
                let rules = self.calls(at);
                self.group(&id, &format!("call-{at}"), rules);
                vec![id]
            }
        }
    }

    /// Who calls a workload of a stack: the balancer (place 5) its instances (0 to 4); instances and functions (6 to 8) of this
    /// stack and the next four the balancer and the database (9).
    fn calls(&self, at: usize) -> Value {
        let (stack, place, stacks) = (at / STACK, at % STACK, self.total.div_ceil(STACK));
        let one = |stack: usize, place: usize| json!({ "GroupId": format!("sg-call-{}", stack % stacks * STACK + place) });
        let callers = || (stack..stack + 5).flat_map(|stack| (0..9).filter(|place| *place != 5).map(move |place| one(stack, place)));
        let (port, named): (u16, Vec<Value>) = match place {
            0..5 => (8080, vec![one(stack, 5)]),
            5 => (443, callers().collect()),
            9 => (5432, callers().collect()),
            _ => return json!([]),
        };
        let named = json!({ "IpProtocol": "tcp", "FromPort": port, "ToPort": port, "UserIdGroupPairs": named });
        if place == 5 {
            return json!([named, { "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{ "CidrIp": "0.0.0.0/0" }] }]);
        }
        json!([named])
    }

    /// Bystanders until there are so many resources.
    fn crowd(&mut self, resources: usize) {
        if resources <= self.resources.len() {
            return;
        }
        let range = |at: usize| format!("10.{at}.0.0/16");
        let ranges: Vec<Value> = (0..3).map(|at| json!({ "CidrBlock": range(at), "CidrBlockState": { "State": "associated" } })).collect();
        self.add("vpc", json!({ "VpcId": VPC, "CidrBlock": range(0), "State": "available", "OwnerId": "123456789012", "CidrBlockAssociationSet": ranges }));
        let associations: Vec<Value> =
            (0..2).map(|at| json!({ "RouteTableAssociationId": format!("rtbassoc-by-{at}"), "SubnetId": by(at), "Main": false })).collect();
        let local =
            |at: usize| json!({ "DestinationCidrBlock": range(at), "GatewayId": "local", "State": "active", "Origin": "CreateRouteTable" });
        let routes: Vec<Value> = (0..3).map(local).collect();
        self.add(
            "route_table",
            json!({ "RouteTableId": "rtb-by", "VpcId": VPC, "Associations": associations, "Routes": routes, "PropagatingVgws": [] }),
        );
        for (at, zone) in ZONES.iter().enumerate().take(2) {
            self.add("subnet", json!({ "SubnetId": by(at), "VpcId": VPC, "CidrBlock": range(at + 1), "AvailabilityZone": zone, "State": "available", "MapPublicIpOnLaunch": false }));
        }
        let mut at = 0;
        while self.resources.len() < resources {
            self.bystander(at);
            at += 1;
        }
    }

    /// One of others: of ten resources a group, two instances with their interfaces, five interfaces of file systems.
    fn bystander(&mut self, at: usize) {
        let group = format!("sg-by-{}", at / 8);
        if at.is_multiple_of(8) {
            self.group(&group, &group, json!([]));
        }
        let (zone, ip) = (at % 2, std::net::Ipv4Addr::from(0x0a01_0004 + ((at % 2) as u32) * 0x1_0000 + (at / 2) as u32).to_string());
        let (interface, worn) = (format!("eni-by-{at}"), json!([{ "GroupId": group, "GroupName": group }]));
        let mut doc = json!({ "NetworkInterfaceId": interface, "VpcId": VPC, "SubnetId": by(zone), "AvailabilityZone": ZONES[zone], "Groups": worn,
            "PrivateIpAddress": ip, "PrivateIpAddresses": [{ "PrivateIpAddress": ip, "Primary": true }], "Status": "in-use", "InterfaceType": "interface",
            "Description": format!("EFS mount target for fs-{at} (fsmt-{at})"), "RequesterManaged": true });
        if at % 8 < 2 {
            let id = format!("i-by-{at}");
            doc["Attachment"] = json!({ "InstanceId": id, "DeviceIndex": 0 });
            doc["Description"] = json!("");
            self.add("ec2_instance", json!({ "InstanceId": id, "VpcId": VPC, "SubnetId": by(zone), "Placement": { "AvailabilityZone": ZONES[zone], "Tenancy": "default" },
                "State": { "Name": "running" }, "ImageId": "ami-1", "InstanceType": "t3.micro", "PrivateIpAddress": ip, "SecurityGroups": worn, "RootDeviceType": "ebs",
                "RootDeviceName": "/dev/xvda", "BlockDeviceMappings": [], "Volumes": [], "Tags": [], "NetworkInterfaces": [{ "NetworkInterfaceId": interface, "Attachment": { "DeviceIndex": 0 } }] }));
        }
        self.add("network_interface", doc);
    }

    fn stack(&mut self, stack: usize) {
        if self.shape == Shape::Shared {
            let own = format!("sg-own-{stack}");
            let rules = json!([
                { "IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "UserIdGroupPairs": [{ "GroupId": SHARED }] },
                { "IpProtocol": "tcp", "FromPort": 9000, "ToPort": 9000, "UserIdGroupPairs": [{ "GroupId": own }] },
                { "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{ "CidrIp": "0.0.0.0/0" }, { "CidrIp": "192.168.7.0/24" }] },
            ]);
            self.group(&own, &format!("own-{stack}"), rules);
        }
        let members: Vec<String> = (0..5).map(|at| self.instance(stack, at)).collect();
        self.balancer(stack, &members);
        (0..3).for_each(|at| self.function(stack, at));
        self.database(stack);
    }

    fn instance(&mut self, stack: usize, at: usize) -> String {
        let (id, zone, groups) = (format!("i-{stack}-{at}"), (stack + at) % 3, self.groups(stack, true));
        let public = format!("198.51.{}.{}", stack % 250, at);
        let attachment =
            json!({ "Attachment": { "InstanceId": id, "DeviceIndex": 0 }, "Association": { "PublicIp": public, "IpOwnerId": "amazon" } });
        let interface = format!("eni-{id}");
        let ip = self.interface(&interface, zone, &groups, attachment);
        let worn = self.named(&groups);
        let volume = format!("vol-{id}");
        let disk = json!([{ "DeviceName": "/dev/xvda", "Ebs": { "VolumeId": volume, "DeleteOnTermination": true, "Status": "attached" } }]);
        let own = json!([{ "VolumeId": volume, "Size": 20, "VolumeType": "gp3", "Encrypted": true, "Attachments": [{ "InstanceId": id, "Device": "/dev/xvda", "VolumeId": volume }] }]);
        let card = json!([{ "NetworkInterfaceId": interface, "Association": { "PublicIp": public, "IpOwnerId": "amazon" }, "Attachment": { "DeviceIndex": 0 } }]);
        self.add("ec2_instance", json!({ "InstanceId": id, "VpcId": VPC, "SubnetId": subnet(zone), "Placement": { "AvailabilityZone": ZONES[zone], "Tenancy": "default" }, "State": { "Name": "running" },
            "ImageId": "ami-1", "InstanceType": "t3.micro", "PrivateIpAddress": ip, "PublicIpAddress": public, "SecurityGroups": worn, "RootDeviceType": "ebs", "RootDeviceName": "/dev/xvda",
            "BlockDeviceMappings": disk, "Volumes": own, "NetworkInterfaces": card, "Tags": [{ "Key": "Name", "Value": format!("app-{stack}-{at}") }] }));
        id
    }

    fn balancer(&mut self, stack: usize, members: &[String]) {
        let groups = self.groups(stack, false);
        let lb = format!("arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/web-{stack}/{stack:016x}");
        let tg = format!("arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/app-{stack}/{stack:016x}");
        let health: Vec<Value> =
            members.iter().map(|id| json!({ "Target": { "Id": id, "Port": 8080 }, "TargetHealth": { "State": "healthy" } })).collect();
        self.add("target_group", json!({ "TargetGroupName": format!("app-{stack}"), "TargetGroupArn": tg, "VpcId": VPC, "Port": 8080, "Protocol": "HTTP", "TargetType": "instance",
            "HealthCheckPort": "traffic-port", "LoadBalancerArns": [lb], "DeregistrationDelay": "300", "TargetHealthDescriptions": health }));
        let zones: Vec<Value> = (0..3).map(|at| json!({ "ZoneName": ZONES[at], "SubnetId": subnet(at) })).collect();
        let listeners = json!([{ "Port": 443, "Protocol": "HTTPS", "DefaultActions": [{ "Type": "forward", "TargetGroupArn": tg }] }]);
        self.add("load_balancer", json!({ "LoadBalancerName": format!("web-{stack}"), "LoadBalancerArn": lb, "VpcId": VPC, "Type": "application", "Scheme": "internet-facing",
            "IpAddressType": "ipv4", "State": { "Code": "active" }, "AvailabilityZones": zones, "SecurityGroups": groups, "Listeners": listeners, "Tags": [] }));
        for zone in 0..3 {
            let extra = json!({ "Description": format!("ELB app/web-{stack}/{stack:016x}"), "RequesterId": "amazon-elb", "RequesterManaged": true,
                "Association": { "PublicIp": format!("203.0.{}.{zone}", stack % 250), "IpOwnerId": "amazon-elb" } });
            self.interface(&format!("eni-lb-{stack}-{zone}"), zone, &groups, extra);
        }
    }

    fn function(&mut self, stack: usize, at: usize) {
        let groups = self.groups(stack, false);
        let subnets: Vec<String> = (0..3).map(subnet).collect();
        let config = json!({ "VpcId": VPC, "SubnetIds": subnets, "SecurityGroupIds": groups });
        let versions = if at == 0 { json!([{ "Version": "1", "VpcConfig": config }]) } else { json!([]) };
        let aliases = if at == 0 { json!([{ "Name": "live", "FunctionVersion": "1" }]) } else { json!([]) };
        self.add(
            "lambda_function",
            json!({ "FunctionName": format!("f{stack}-{at}"), "VpcConfig": config, "State": "Active", "LastUpdateStatus": "Successful",
            "RevisionId": "revision-0", "Runtime": "python3.13", "Versions": versions, "Aliases": aliases }),
        );
    }

    fn database(&mut self, stack: usize) {
        let groups = self.groups(stack, true);
        let members: Vec<Value> =
            (0..3).map(|at| json!({ "SubnetIdentifier": subnet(at), "SubnetAvailabilityZone": { "Name": ZONES[at] } })).collect();
        let worn: Vec<Value> = groups.iter().map(|group| json!({ "VpcSecurityGroupId": group, "Status": "active" })).collect();
        self.add("db_instance", json!({ "DBInstanceIdentifier": format!("db-{stack}"), "DBInstanceStatus": "available", "Engine": "postgres", "Endpoint": { "Port": 5432 },
            "PubliclyAccessible": stack.is_multiple_of(2), "MultiAZ": false, "AvailabilityZone": ZONES[stack % 3], "VpcSecurityGroups": worn,
            "DBSubnetGroup": { "DBSubnetGroupName": "prod", "VpcId": VPC, "Subnets": members } }));
        let extra = json!({ "Description": "RDSNetworkInterface", "RequesterId": "amazon-rds", "RequesterManaged": true });
        self.interface(&format!("eni-db-{stack}"), stack % 3, &groups, extra);
    }
}

/// A subnet of bystanders.
fn by(at: usize) -> String {
    format!("subnet-by-{at}")
}

fn subnet(zone: usize) -> String {
    format!("subnet-{zone}")
}
