//! The story's account in code: documents in the AWS CLI's shape, to be changed by a test, read by the kinds.

use std::collections::BTreeMap;
use std::sync::Arc;

use hikkoshi::clock::VirtualClock;
use hikkoshi::cloud::simulated::Simulated;
use hikkoshi::discover::discover;
use hikkoshi::kinds;
use hikkoshi::model::account::Account;
use hikkoshi::model::id::Id;
use hikkoshi::model::inventory::Inventory;
use hikkoshi::world::World;
use serde_json::{Value, json};

/// The account's digits.
pub const ACCOUNT: &str = "123456789012";
/// Its region.
pub const REGION: &str = "us-east-1";
/// Its VPC.
pub const VPC: &str = "vpc-shop";
/// When every simulation begins.
pub const BEGIN_MS: u64 = 1_795_000_000_000;
/// The zones of the story, by letter.
pub const ZONES: [&str; 3] = ["a", "b", "c"];

/// The ARN of a target group.
pub fn target_group_arn(name: &str) -> String {
    format!("arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/{name}/73e2d6bc24d8a067")
}

/// The ARN of an application load balancer.
pub fn balancer_arn(name: &str) -> String {
    format!("arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/app/{name}/50dc6c495c0c9188")
}

/// Runs a future to its end.
pub fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

/// Documents of an account, with the names of their kinds.
#[derive(Clone, Default)]
pub struct Docs(pub Vec<(&'static str, Value)>);

fn tags(name: &str) -> Value {
    json!([{ "Key": "Name", "Value": name }])
}

fn groups(ids: &[&str]) -> Value {
    ids.iter().map(|id| json!({ "GroupId": id, "GroupName": id.trim_start_matches("sg-") })).collect()
}

/// An `IpPermissions` element for one CIDR.
pub fn from_cidr(protocol: &str, port: u16, cidr: &str) -> Value {
    if protocol == "-1" {
        return json!({ "IpProtocol": "-1", "IpRanges": [{ "CidrIp": cidr }], "Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": [] });
    }
    json!({ "IpProtocol": protocol, "FromPort": port, "ToPort": port, "IpRanges": [{ "CidrIp": cidr }], "Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": [] })
}

/// An `IpPermissions` element for one group.
pub fn from_group(port: u16, group: &str) -> Value {
    json!({ "IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [], "Ipv6Ranges": [], "PrefixListIds": [],
        "UserIdGroupPairs": [{ "GroupId": group, "UserId": ACCOUNT }] })
}

/// A route of a table's document.
pub fn route(destination: &str, key: &str, target: &str) -> Value {
    json!({ "DestinationCidrBlock": destination, key: target, "Origin": "CreateRoute", "State": "active" })
}

/// The story's spine.
pub fn spine() -> Docs {
    let mut docs = network(&ZONES);
    docs.security();
    docs.add("target_group", target_group("app", &[("i-app-1", 8080), ("i-app-2", 8080)], Some("app")));
    docs.add("target_group", target_group("internal", &[], Some("internal")));
    docs.instance("app-1", "a", &["sg-default-all"]);
    docs.instance("app-2", "b", &["sg-default-all"]);
    docs.instance("bastion", "a", &["sg-default-all"]);
    docs.elastic_ip("eipalloc-bastion", "198.51.100.200", "bastion");
    docs.balancer("app", "internet-facing", "sg-alb", "app");
    docs.balancer("internal", "internal", "sg-default-all", "internal");
    docs.subnet_group("prod", &ZONES);
    docs.database("pg-single", "prod", &["a"]);
    docs.database("pg-multi", "prod", &["a", "c"]);
    docs.functions(&["orders", "billing", "reports"]);
    docs
}

/// A VPC with a public subnet in each zone, one explicit public table, a main table, a gateway and the default ACL.
pub fn network(zones: &[&str]) -> Docs {
    let mut docs = Docs::default();
    docs.add(
        "vpc",
        json!({ "VpcId": VPC, "CidrBlock": "10.0.0.0/16", "OwnerId": ACCOUNT, "State": "available", "IsDefault": false, "Tags": tags("shop"),
            "EnableDnsSupport": true, "EnableDnsHostnames": true,
            "CidrBlockAssociationSet": [{ "CidrBlock": "10.0.0.0/16", "CidrBlockState": { "State": "associated" } }] }),
    );
    let mut associations = Vec::new();
    for (at, zone) in zones.iter().enumerate() {
        docs.subnet(zone, zone, &format!("10.0.{}.0/24", at + 1));
        associations.push(association("rtb-public", zone));
    }
    let internet = route("0.0.0.0/0", "GatewayId", "igw-shop");
    docs.table("rtb-public", "prod-public", vec![internet], associations);
    let main = json!({ "RouteTableAssociationId": "rtbassoc-main", "RouteTableId": "rtb-main", "Main": true, "AssociationState": { "State": "associated" } });
    docs.table("rtb-main", "main", Vec::new(), vec![main]);
    docs.add(
        "internet_gateway",
        json!({ "InternetGatewayId": "igw-shop", "OwnerId": ACCOUNT, "Attachments": [{ "VpcId": VPC, "State": "available" }], "Tags": tags("shop") }),
    );
    let entry = |egress: bool, number: u32, action: &str| json!({ "Egress": egress, "RuleNumber": number, "RuleAction": action, "Protocol": "-1", "CidrBlock": "0.0.0.0/0" });
    let entries = [(false, 100, "allow"), (false, 32767, "deny"), (true, 100, "allow"), (true, 32767, "deny")];
    docs.add(
        "network_acl",
        json!({ "NetworkAclId": "acl-default", "VpcId": VPC, "IsDefault": true, "Tags": [],
            "Entries": entries.map(|(egress, number, action)| entry(egress, number, action)),
            "Associations": zones.iter().map(|zone| json!({ "SubnetId": format!("subnet-{zone}"), "NetworkAclId": "acl-default" })).collect::<Vec<_>>() }),
    );
    docs
}

/// An explicit association of a zone's subnet.
pub fn association(table: &str, subnet: &str) -> Value {
    json!({ "RouteTableAssociationId": format!("rtbassoc-{subnet}"), "RouteTableId": table, "SubnetId": format!("subnet-{subnet}"), "Main": false,
        "AssociationState": { "State": "associated" } })
}

/// A target group with registered targets.
pub fn target_group(name: &str, targets: &[(&str, u16)], balancer: Option<&str>) -> Value {
    let health: Vec<Value> =
        targets.iter().map(|(id, port)| json!({ "Target": { "Id": id, "Port": port }, "TargetHealth": { "State": "healthy" } })).collect();
    json!({ "TargetGroupArn": target_group_arn(name), "TargetGroupName": name, "Protocol": "HTTP", "Port": 8080, "VpcId": VPC,
        "HealthCheckPort": "traffic-port", "TargetType": "instance", "LoadBalancerArns": balancer.map(balancer_arn).into_iter().collect::<Vec<_>>(),
        "TargetHealthDescriptions": health, "DeregistrationDelay": "300" })
}

/// The ARN of an instance profile.
pub fn profile_arn(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:instance-profile/{name}")
}

/// An instance profile with a role of its name, as discovery puts it into an instance's document.
pub fn profile(name: &str, policies: &[&str]) -> Value {
    let attached: Vec<Value> =
        policies.iter().map(|policy| json!({ "PolicyName": policy, "PolicyArn": format!("arn:aws:iam::aws:policy/{policy}") })).collect();
    let role = json!({ "RoleName": name, "Arn": format!("arn:aws:iam::{ACCOUNT}:role/{name}") });
    json!({ "InstanceProfileName": name, "Arn": profile_arn(name), "Roles": [role], "AttachedPolicies": attached })
}

impl Docs {
    /// Adds a document.
    pub fn add(&mut self, kind: &'static str, doc: Value) {
        self.0.push((kind, doc));
    }

    /// The document in which some field at the top holds this id, to be changed.
    pub fn doc(&mut self, id: &str) -> &mut Value {
        let has = |doc: &Value| doc.as_object().is_some_and(|map| map.iter().any(|(key, value)| key != "SubnetId" && value == id));
        let own = |doc: &Value| doc.get("CidrBlock").is_some() && doc["SubnetId"] == id;
        let found = self.0.iter_mut().map(|(_, doc)| doc).find(|doc| has(doc) || own(doc));
        found.unwrap_or_else(|| panic!("no document has {id}"))
    }

    /// A subnet that gives public addresses.
    pub fn subnet(&mut self, name: &str, zone: &str, cidr: &str) {
        self.add(
            "subnet",
            json!({ "SubnetId": format!("subnet-{name}"), "VpcId": VPC, "CidrBlock": cidr, "AvailabilityZone": format!("{REGION}{zone}"), "State": "available",
                "MapPublicIpOnLaunch": true, "AssignIpv6AddressOnCreation": false, "Ipv6CidrBlockAssociationSet": [], "Tags": tags(&format!("prod-public-{name}")) }),
        );
    }

    /// A route table; the local route comes by itself.
    pub fn table(&mut self, id: &str, name: &str, routes: Vec<Value>, associations: Vec<Value>) {
        let local = json!({ "DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "Origin": "CreateRouteTable", "State": "active" });
        let routes: Vec<Value> = std::iter::once(local).chain(routes).collect();
        self.add(
            "route_table",
            json!({ "RouteTableId": id, "VpcId": VPC, "Routes": routes, "Associations": associations, "PropagatingVgws": [], "Tags": tags(name) }),
        );
    }

    /// A security group with egress to everywhere.
    pub fn group(&mut self, name: &str, ingress: Vec<Value>) {
        self.add(
            "security_group",
            json!({ "GroupId": format!("sg-{name}"), "GroupName": name, "Description": name, "VpcId": VPC, "OwnerId": ACCOUNT, "IpPermissions": ingress,
                "IpPermissionsEgress": [from_cidr("-1", 0, "0.0.0.0/0")], "Tags": [] }),
        );
    }

    /// The story's groups.
    pub fn security(&mut self) {
        let world = |port| from_cidr("tcp", port, "0.0.0.0/0");
        self.group("default", Vec::new());
        self.group("default-all", vec![from_cidr("-1", 0, "0.0.0.0/0"), world(80), world(443), world(8080)]);
        self.group("alb", vec![world(80)]);
        self.group("legacy-ref", vec![from_group(5432, "sg-default-all")]);
    }

    /// The next free address of a zone's subnet.
    fn address(&self, subnet: &str) -> String {
        let subnet = format!("subnet-{subnet}");
        let range = self.0.iter().find(|(kind, doc)| *kind == "subnet" && doc["SubnetId"] == subnet.as_str());
        let range: ipnet::Ipv4Net = range.expect("the subnet exists").1["CidrBlock"].as_str().expect("a range").parse().expect("a range");
        let used = self.0.iter().filter(|(kind, doc)| *kind == "network_interface" && doc["SubnetId"] == subnet.as_str()).count();
        let at = u32::from(range.network()) + 10 + u32::try_from(used).expect("few");
        std::net::Ipv4Addr::from(at).to_string()
    }

    /// A network interface; its address.
    pub fn interface(&mut self, id: &str, subnet: &str, worn: &[&str], description: &str, more: Value) -> String {
        let ip = self.address(subnet);
        let zone = self.zone_of(subnet);
        let mut doc = json!({ "NetworkInterfaceId": id, "SubnetId": format!("subnet-{subnet}"), "VpcId": VPC, "AvailabilityZone": zone, "Description": description,
            "Groups": groups(worn), "InterfaceType": "interface", "PrivateIpAddress": ip, "PrivateIpAddresses": [{ "Primary": true, "PrivateIpAddress": ip }],
            "RequesterManaged": true, "SourceDestCheck": true, "Status": "in-use", "TagSet": [] });
        if let (Value::Object(doc), Value::Object(more)) = (&mut doc, more) {
            doc.extend(more);
        }
        self.add("network_interface", doc);
        ip
    }

    fn zone_of(&self, subnet: &str) -> Value {
        let id = format!("subnet-{subnet}");
        let found = self.0.iter().find(|(kind, doc)| *kind == "subnet" && doc["SubnetId"] == id.as_str());
        found.expect("the subnet exists").1["AvailabilityZone"].clone()
    }

    /// A running instance `i-<name>` with an address that AWS assigned, a gp3 volume and a profile.
    pub fn instance(&mut self, name: &str, subnet: &str, worn: &[&str]) {
        let (id, eni, vol) = (format!("i-{name}"), format!("eni-{name}"), format!("vol-{name}"));
        let public = format!("198.51.100.{}", self.0.len() % 199 + 1);
        let owner = json!({ "PublicIp": public, "IpOwnerId": "amazon" });
        let attachment = json!({ "InstanceId": id, "DeviceIndex": 0, "Status": "attached", "AttachmentId": format!("eni-attach-{name}") });
        let more = json!({ "RequesterManaged": false, "Attachment": attachment, "Association": owner });
        let ip = self.interface(&eni, subnet, worn, "", more);
        let volume = json!({ "VolumeId": vol, "VolumeType": "gp3", "Iops": 3000, "Throughput": 125, "Size": 8, "Tags": [],
            "Attachments": [{ "InstanceId": id, "VolumeId": vol, "Device": "/dev/xvda", "State": "attached" }] });
        self.add(
            "ec2_instance",
            json!({ "InstanceId": id, "ImageId": "ami-base", "InstanceType": "t3.small", "VpcId": VPC, "SubnetId": format!("subnet-{subnet}"),
                "Placement": { "AvailabilityZone": self.zone_of(subnet), "Tenancy": "default" }, "State": { "Code": 16, "Name": "running" }, "SecurityGroups": groups(worn),
                "PrivateIpAddress": ip, "PublicIpAddress": public, "KeyName": "ops",
                "NetworkInterfaces": [{ "NetworkInterfaceId": eni, "Association": owner, "PrivateIpAddress": ip }],
                "IamInstanceProfile": { "Arn": profile_arn(name) }, "Profile": profile(name, &["AmazonSSMManagedInstanceCore"]), "SourceDestCheck": true, "DisableApiTermination": false,
                "RootDeviceType": "ebs", "RootDeviceName": "/dev/xvda", "EbsOptimized": false, "MetadataOptions": { "HttpTokens": "required", "HttpPutResponseHopLimit": 2 },
                "BlockDeviceMappings": [{ "DeviceName": "/dev/xvda", "Ebs": { "VolumeId": vol, "DeleteOnTermination": true } }],
                "Volumes": [volume], "Tags": tags(name) }),
        );
    }

    /// An elastic IP, on an instance instead of its assigned address.
    pub fn elastic_ip(&mut self, allocation: &str, ip: &str, instance: &str) {
        self.add(
            "elastic_ip",
            json!({ "AllocationId": allocation, "PublicIp": ip, "Domain": "vpc", "AssociationId": format!("eipassoc-{instance}"),
                "InstanceId": format!("i-{instance}"), "NetworkInterfaceId": format!("eni-{instance}"), "Tags": tags(instance) }),
        );
        let owned = json!({ "PublicIp": ip, "IpOwnerId": ACCOUNT, "AllocationId": allocation });
        let doc = self.doc(&format!("i-{instance}"));
        doc["PublicIpAddress"] = json!(ip);
        doc["NetworkInterfaces"][0]["Association"] = owned.clone();
        self.doc(&format!("eni-{instance}"))["Association"] = owned;
    }

    /// An application load balancer in all zones, with its nodes and a listener on 80.
    pub fn balancer(&mut self, name: &str, scheme: &str, group: &str, target: &str) {
        let facing = scheme == "internet-facing";
        for (at, zone) in ZONES.iter().enumerate() {
            let public = json!({ "PublicIp": format!("198.51.100.{}", 210 + at), "IpOwnerId": "amazon-elb" });
            let more = json!({ "RequesterId": "amazon-elb", "Association": if facing { public } else { Value::Null } });
            self.interface(&format!("eni-{name}-{zone}"), zone, &[group], &format!("ELB app/{name}/50dc6c495c0c9188"), more);
        }
        let zones: Vec<Value> =
            ZONES.iter().map(|z| json!({ "ZoneName": format!("{REGION}{z}"), "SubnetId": format!("subnet-{z}") })).collect();
        let listener = json!({ "ListenerArn": format!("{}/listener", balancer_arn(name)), "Port": 80, "Protocol": "HTTP",
            "DefaultActions": [{ "Type": "forward", "TargetGroupArn": target_group_arn(target) }] });
        self.add(
            "load_balancer",
            json!({ "LoadBalancerArn": balancer_arn(name), "LoadBalancerName": name, "Scheme": scheme, "Type": "application", "VpcId": VPC, "State": { "Code": "active" },
                "AvailabilityZones": zones, "SecurityGroups": [group], "Listeners": [listener], "Tags": [] }),
        );
    }

    /// A DB subnet group over zones.
    pub fn subnet_group(&mut self, name: &str, zones: &[&str]) {
        self.add(
            "db_subnet_group",
            json!({ "DBSubnetGroupName": name, "VpcId": VPC, "SubnetGroupStatus": "Complete", "Subnets": members(zones) }),
        );
    }

    /// A public PostgreSQL in the given zones: one, or primary and standby.
    pub fn database(&mut self, name: &str, group: &str, zones: &[&str]) {
        for zone in zones {
            let more = json!({ "RequesterId": "amazon-rds", "Association": { "PublicIp": "198.51.100.250", "IpOwnerId": "amazon-rds" } });
            self.interface(&format!("eni-{name}-{zone}"), zone, &["sg-default-all"], "RDSNetworkInterface", more);
        }
        let all =
            self.0.iter().find(|(kind, doc)| *kind == "db_subnet_group" && doc["DBSubnetGroupName"] == group).expect("the group exists");
        let subnets = all.1["Subnets"].clone();
        self.add(
            "db_instance",
            json!({ "DBInstanceIdentifier": name, "Engine": "postgres", "EngineVersion": "16.4", "DBInstanceStatus": "available", "MultiAZ": zones.len() > 1,
                "DBInstanceArn": format!("arn:aws:rds:{REGION}:{ACCOUNT}:db:{name}"), "DBInstanceClass": "db.t4g.medium", "AllocatedStorage": 20,
                "StorageType": "gp3", "BackupRetentionPeriod": 7, "DeletionProtection": true, "CopyTagsToSnapshot": true, "PendingModifiedValues": {},
                "DBParameterGroups": [{ "DBParameterGroupName": "shop16" }], "OptionGroupMemberships": [{ "OptionGroupName": "default:postgres-16" }],
                "AvailabilityZone": format!("{REGION}{}", zones[0]), "SecondaryAvailabilityZone": zones.get(1).map(|z| format!("{REGION}{z}")), "PubliclyAccessible": true,
                "Endpoint": { "Address": format!("{name}.abc.{REGION}.rds.amazonaws.com"), "Port": 5432 },
                "VpcSecurityGroups": [{ "VpcSecurityGroupId": "sg-default-all", "Status": "active" }],
                "DBSubnetGroup": { "DBSubnetGroupName": group, "VpcId": VPC, "Subnets": subnets }, "TagList": [] }),
        );
    }

    /// Functions in all zones; they share their interfaces.
    pub fn functions(&mut self, names: &[&str]) {
        for zone in ZONES {
            let description = format!("AWS Lambda VPC ENI-{}-0cc175b9c0f1b6a831c399e269772661", names[0]);
            self.interface(&format!("eni-lambda-{zone}"), zone, &["sg-default-all"], &description, json!({ "InterfaceType": "lambda" }));
        }
        for name in names {
            self.add(
                "lambda_function",
                json!({ "FunctionName": name, "FunctionArn": format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"), "Runtime": "python3.13", "State": "Active",
                    "LastUpdateStatus": "Successful", "RevisionId": format!("revision-of-{name}"), "Versions": [], "Aliases": [],
                    "VpcConfig": { "VpcId": VPC, "SubnetIds": ZONES.map(|z| format!("subnet-{z}")), "SecurityGroupIds": ["sg-default-all"] } }),
            );
        }
    }

    /// The account that these documents describe.
    pub fn account(&self) -> Account {
        let vpc = Id::from(VPC);
        let resources: BTreeMap<_, _> = self
            .0
            .iter()
            .map(|(name, doc)| {
                let kind = kinds::kind(name).unwrap_or_else(|| panic!("no kind {name}"));
                kind.parse(&doc.clone().into(), &vpc).unwrap_or_else(|| panic!("{name} does not read {doc}"))
            })
            .map(|resource| (resource.id.clone(), Arc::new(resource)))
            .collect();
        assert_eq!(resources.len(), self.0.len(), "two documents have the same id");
        let mut account = Account::from(&Inventory {
            version: 1,
            account: ACCOUNT.to_owned(),
            region: REGION.to_owned(),
            vpc,
            taken_at: String::new(),
            missing: Vec::new(),
            resources,
        });
        account.now_ms = BEGIN_MS;
        account
    }

    /// What discovery sees of it.
    pub fn inventory(&self) -> Inventory {
        look(&Simulated::new(World::resume(self.account()), Arc::new(VirtualClock::at(BEGIN_MS))))
    }
}

/// The subnets of a subnet group, as RDS and ElastiCache show them.
pub fn members(zones: &[&str]) -> Vec<Value> {
    let member = |zone: &&str| json!({ "SubnetIdentifier": format!("subnet-{zone}"), "SubnetAvailabilityZone": { "Name": format!("{REGION}{zone}") }, "SubnetStatus": "Active" });
    zones.iter().map(member).collect()
}

/// What discovery sees of a simulated account.
pub fn look(cloud: &Simulated) -> Inventory {
    block_on(discover(cloud, ACCOUNT, REGION, &Id::from(VPC), "2026-11-24T09:00:00Z".to_owned())).expect("the account can be seen")
}
