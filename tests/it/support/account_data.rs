//! The data tier of the story: Aurora and the caches, beside the databases of the spine.

use serde_json::{Value, json};

use super::account::{ACCOUNT, Docs, REGION, VPC, ZONES, members, spine};

/// The spine with an Aurora cluster of two members, a Redis with a replica, a Memcached of two nodes.
pub fn data() -> Docs {
    let mut docs = spine();
    docs.aurora("aurora", "prod", &["a", "b"]);
    docs.cache_subnets("prod", &ZONES);
    docs.redis("sessions", "prod", &["a", "b"]);
    docs.memcached("pages", "prod", &["a", "b"]);
    docs
}

/// Something of each kind of the data tier.
pub fn every_cache() -> Docs {
    let mut docs = data();
    docs.serverless("carts", &ZONES);
    docs.single("queue", "prod", "c");
    docs
}

/// A zone by its letter.
pub fn zone(letter: &str) -> String {
    format!("{REGION}{letter}")
}

fn worn() -> Value {
    json!([{ "SecurityGroupId": "sg-default-all", "Status": "active" }])
}

fn endpoint(host: &str, port: u16) -> Value {
    json!({ "Address": format!("{host}.abc123.use1.cache.amazonaws.com"), "Port": port })
}

impl Docs {
    /// The document of a subnet group.
    fn group_of(&self, kind: &str, key: &str, name: &str) -> Value {
        self.0.iter().find(|(of, doc)| *of == kind && doc[key] == name).expect("the subnet group exists").1.clone()
    }

    /// A cluster with one public member in each zone; the first writes.
    pub fn aurora(&mut self, name: &str, group: &str, zones: &[&str]) {
        let mut group = self.group_of("db_subnet_group", "DBSubnetGroupName", group);
        group.as_object_mut().expect("a document").remove("Tags");
        let mut listed = Vec::new();
        let mut own = Vec::new();
        for (at, letter) in zones.iter().enumerate() {
            let member = format!("{name}-{}", at + 1);
            let more = json!({ "RequesterId": "amazon-rds", "Association": { "PublicIp": "198.51.100.251", "IpOwnerId": "amazon-rds" } });
            self.interface(&format!("eni-{member}-{letter}"), letter, &["sg-default-all"], "RDSNetworkInterface", more);
            let doc = json!({ "DBInstanceIdentifier": member, "DBClusterIdentifier": name, "Engine": "aurora-postgresql", "EngineVersion": "16.4",
                "DBInstanceClass": "db.r6g.large", "DBInstanceStatus": "available", "MultiAZ": false, "AvailabilityZone": zone(letter), "PubliclyAccessible": true,
                "PromotionTier": 1, "DBParameterGroups": [{ "DBParameterGroupName": "default.aurora-postgresql16" }],
                "CACertificateIdentifier": "rds-ca-rsa2048-g1", "AutoMinorVersionUpgrade": true, "CopyTagsToSnapshot": false, "MonitoringInterval": 0,
                "PerformanceInsightsEnabled": false,
                "DBInstanceArn": format!("arn:aws:rds:{REGION}:{ACCOUNT}:db:{member}"),
                "Endpoint": { "Address": format!("{member}.abc.{REGION}.rds.amazonaws.com"), "Port": 5432 },
                "VpcSecurityGroups": [{ "VpcSecurityGroupId": "sg-default-all", "Status": "active" }], "DBSubnetGroup": group,
                "PendingModifiedValues": {}, "TagList": [] });
            listed.push(json!({ "DBInstanceIdentifier": member, "IsClusterWriter": at == 0, "DBClusterParameterGroupStatus": "in-sync", "PromotionTier": 1 }));
            own.push(doc.clone());
            self.add("db_instance", doc);
        }
        self.add(
            "db_cluster",
            json!({ "DBClusterIdentifier": name, "Engine": "aurora-postgresql", "EngineVersion": "16.4", "Status": "available", "Port": 5432,
                "DBClusterArn": format!("arn:aws:rds:{REGION}:{ACCOUNT}:cluster:{name}"), "DBSubnetGroup": group["DBSubnetGroupName"],
                "AvailabilityZones": ZONES.map(zone), "Endpoint": format!("{name}.cluster-abc.{REGION}.rds.amazonaws.com"),
                "ReaderEndpoint": format!("{name}.cluster-ro-abc.{REGION}.rds.amazonaws.com"), "DBClusterMembers": listed, "PubliclyAccessible": false,
                "VpcSecurityGroups": [{ "VpcSecurityGroupId": "sg-default-all", "Status": "active" }], "DeletionProtection": true, "TagList": [],
                "SubnetGroup": group, "Members": own }),
        );
    }

    /// A cache subnet group over zones.
    pub fn cache_subnets(&mut self, name: &str, zones: &[&str]) {
        let subnets = members(zones);
        self.add(
            "cache_subnet_group",
            json!({ "CacheSubnetGroupName": name, "CacheSubnetGroupDescription": name, "VpcId": VPC, "Subnets": subnets }),
        );
    }

    fn node(&mut self, name: &str, letter: &str) {
        let more = json!({ "RequesterId": "amazon-elasticache" });
        self.interface(&format!("eni-{name}"), letter, &["sg-default-all"], &format!("ElastiCache {name}"), more);
    }

    fn cluster(&mut self, name: &str, group: &str, engine: &str, port: u16, zones: &[&str]) -> Value {
        let nodes = zones.iter().enumerate().map(|(at, letter)| {
            json!({ "CacheNodeId": format!("000{}", at + 1), "CacheNodeStatus": "available", "CustomerAvailabilityZone": zone(letter),
                "Endpoint": endpoint(&format!("{name}.000{}", at + 1), port) })
        });
        json!({ "CacheClusterId": name, "Engine": engine, "EngineVersion": "7.1", "CacheNodeType": "cache.t4g.small", "CacheClusterStatus": "available",
            "NumCacheNodes": zones.len(), "PreferredAvailabilityZone": if zones.len() == 1 { zone(zones[0]) } else { "Multiple".to_owned() },
            "CacheSubnetGroupName": group, "SecurityGroups": worn(), "CacheNodes": nodes.collect::<Vec<_>>(),
            "CacheParameterGroup": { "CacheParameterGroupName": format!("default.{engine}"), "ParameterApplyStatus": "in-sync" },
            "SnapshotRetentionLimit": 0, "AutoMinorVersionUpgrade": true, "PreferredMaintenanceWindow": "sun:05:00-sun:06:00",
            "TransitEncryptionEnabled": false, "AtRestEncryptionEnabled": false, "AuthTokenEnabled": false,
            "ARN": format!("arn:aws:elasticache:{REGION}:{ACCOUNT}:cluster:{name}"),
            "SubnetGroup": self.group_of("cache_subnet_group", "CacheSubnetGroupName", group) })
    }

    /// A replication group, cluster mode off, with a node in each zone; the first is the primary.
    pub fn redis(&mut self, name: &str, group: &str, zones: &[&str]) {
        self.replicated(name, group, &[zones], false);
    }

    /// A replication group with cluster mode on: the zones of each shard's nodes, its primary first.
    pub fn sharded(&mut self, name: &str, group: &str, shards: &[&[&str]]) {
        self.replicated(name, group, shards, true);
    }

    fn replicated(&mut self, name: &str, group: &str, shards: &[&[&str]], clustered: bool) {
        let (mut names, mut node_groups) = (Vec::new(), Vec::new());
        for (number, zones) in shards.iter().enumerate() {
            let shard = format!("{:04}", number + 1);
            let mut nodes = Vec::new();
            for (at, letter) in zones.iter().enumerate() {
                let member = if clustered { format!("{name}-{shard}-{:03}", at + 1) } else { format!("{name}-{:03}", at + 1) };
                self.node(&member, letter);
                let mut doc = self.cluster(&member, group, "redis", 6379, &[letter]);
                doc["ReplicationGroupId"] = json!(name);
                self.add("cache_cluster", doc);
                let role = if at == 0 { "primary" } else { "replica" };
                nodes.push(json!({ "CacheClusterId": member, "CacheNodeId": "0001", "PreferredAvailabilityZone": zone(letter),
                    "CurrentRole": if clustered { Value::Null } else { json!(role) } }));
                names.push(member);
            }
            let endpoint = if clustered { Value::Null } else { endpoint(&format!("{name}.ng"), 6379) };
            node_groups
                .push(json!({ "NodeGroupId": shard, "Status": "available", "PrimaryEndpoint": endpoint, "NodeGroupMembers": nodes }));
        }
        let several = shards.iter().any(|zones| zones.len() > 1);
        let enabled = if several || clustered { "enabled" } else { "disabled" };
        let configuration = if clustered { endpoint(&format!("clustercfg.{name}"), 6379) } else { Value::Null };
        let subnets = self.group_of("cache_subnet_group", "CacheSubnetGroupName", group);
        self.add(
            "replication_group",
            json!({ "ReplicationGroupId": name, "Description": name, "Status": "available", "MemberClusters": names, "NodeGroups": node_groups,
                "ClusterEnabled": clustered, "AutomaticFailover": enabled, "MultiAZ": if several { "enabled" } else { "disabled" },
                "ConfigurationEndpoint": configuration, "CacheNodeType": "cache.t4g.small", "Engine": "redis", "AuthTokenEnabled": false,
                "TransitEncryptionEnabled": false, "AtRestEncryptionEnabled": false, "SnapshotRetentionLimit": 0, "SnapshotWindow": "05:00-06:00",
                "ARN": format!("arn:aws:elasticache:{REGION}:{ACCOUNT}:replicationgroup:{name}"), "PendingModifiedValues": {},
                "EngineVersion": "7.1", "CacheParameterGroup": { "CacheParameterGroupName": "default.redis", "ParameterApplyStatus": "in-sync" },
                "CacheSubnetGroupName": group, "SecurityGroups": worn(), "SubnetGroup": subnets }),
        );
    }

    /// A Memcached with a node in each zone.
    pub fn memcached(&mut self, name: &str, group: &str, zones: &[&str]) {
        for (at, letter) in zones.iter().enumerate() {
            self.node(&format!("{name}-000{}", at + 1), letter);
        }
        let mut doc = self.cluster(name, group, "memcached", 11211, zones);
        doc["ConfigurationEndpoint"] = endpoint(&format!("{name}.cfg"), 11211);
        self.add("cache_cluster", doc);
    }

    /// A single Redis node without a replication group.
    pub fn single(&mut self, name: &str, group: &str, letter: &str) {
        self.node(name, letter);
        let doc = self.cluster(name, group, "redis", 6379, &[letter]);
        self.add("cache_cluster", doc);
    }

    /// A serverless cache.
    pub fn serverless(&mut self, name: &str, zones: &[&str]) {
        let subnets: Vec<String> = zones.iter().map(|z| format!("subnet-{z}")).collect();
        self.add(
            "serverless_cache",
            json!({ "ServerlessCacheName": name, "Description": name, "Status": "available", "Engine": "valkey", "MajorEngineVersion": "8",
                "SubnetIds": subnets, "SecurityGroupIds": ["sg-default-all"], "Endpoint": endpoint(name, 6379), "ReaderEndpoint": endpoint(name, 6380),
                "SnapshotRetentionLimit": 1, "DailySnapshotTime": "05:00",
                "ARN": format!("arn:aws:elasticache:{REGION}:{ACCOUNT}:serverlesscache:{name}"), "VpcId": VPC }),
        );
    }
}

/// The lines of an intent by which workloads take a strategy.
pub fn by(strategy: &str, names: &[&str]) -> String {
    let one = |name: &&str| format!("{{name: {name}, strategy: {strategy}}}");
    format!("workloads: [{}]\n", names.iter().map(one).collect::<Vec<_>>().join(", "))
}
