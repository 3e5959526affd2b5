//! Databases and caches.

use super::{Treat, change, gone, make, set};

/// Arguments that every copy of a DB instance has.
const DB: &[(&str, &str)] = &[
    ("DBInstanceIdentifier", "identifier"),
    ("DBInstanceClass", "instance_class"),
    ("DBSubnetGroupName", "db_subnet_group_name"),
    ("VpcSecurityGroupIds", "vpc_security_group_ids"),
    ("PubliclyAccessible", "publicly_accessible"),
    ("DeletionProtection", "deletion_protection"),
    ("MultiAZ", "multi_az"),
    ("Port", "port"),
    ("DBParameterGroupName", "parameter_group_name"),
    ("OptionGroupName", "option_group_name"),
    ("StorageType", "storage_type"),
    ("Iops", "iops"),
    ("StorageThroughput", "storage_throughput"),
    ("AutoMinorVersionUpgrade", "auto_minor_version_upgrade"),
    ("CopyTagsToSnapshot", "copy_tags_to_snapshot"),
    ("EnableIAMDatabaseAuthentication", "iam_database_authentication_enabled"),
    ("EnableCloudwatchLogsExports", "enabled_cloudwatch_logs_exports"),
    ("MaxAllocatedStorage", "max_allocated_storage"),
    ("NetworkType", "network_type"),
];

const SNAPSHOT: &str = "a snapshot for the move; the plan deletes it in cleanup, or it is kept as a backup beside the configuration";
const FAILOVER: &str = "which member leads is no configuration";

pub const TABLE: &[(&str, Treat)] = &[
    // Databases.
    (
        "rds:CreateDBInstance",
        make(
            "aws_rds_cluster_instance",
            &[
                ("DBInstanceIdentifier", "identifier"),
                ("DBClusterIdentifier", "cluster_identifier"),
                ("DBInstanceClass", "instance_class"),
                ("Engine", "engine"),
                ("AvailabilityZone", "availability_zone"),
                ("PromotionTier", "promotion_tier"),
                ("PubliclyAccessible", "publicly_accessible"),
                ("DBParameterGroupName", "db_parameter_group_name"),
                ("CACertificateIdentifier", "ca_cert_identifier"),
                ("AutoMinorVersionUpgrade", "auto_minor_version_upgrade"),
                ("CopyTagsToSnapshot", "copy_tags_to_snapshot"),
                ("MonitoringInterval", "monitoring_interval"),
                ("MonitoringRoleArn", "monitoring_role_arn"),
                ("EnablePerformanceInsights", "performance_insights_enabled"),
                ("PerformanceInsightsKMSKeyId", "performance_insights_kms_key_id"),
                ("PerformanceInsightsRetentionPeriod", "performance_insights_retention_period"),
                ("PreferredMaintenanceWindow", "preferred_maintenance_window"),
            ],
            &["DBInstanceIdentifier"],
            "",
        ),
    ),
    ("rds:CreateDBInstanceReadReplica", make("aws_db_instance", DB, &["DBInstanceIdentifier"], "")),
    ("rds:RestoreDBInstanceFromDBSnapshot", make("aws_db_instance", DB, &["DBInstanceIdentifier"], "")),
    ("rds:DeleteDBInstance", gone("aws_db_instance", "DBInstanceIdentifier")),
    (
        "rds:ModifyDBInstance",
        change(
            "aws_db_instance",
            "DBInstanceIdentifier",
            &[
                set("PubliclyAccessible", "publicly_accessible", "PubliclyAccessible"),
                set("VpcSecurityGroupIds", "vpc_security_group_ids", "VpcSecurityGroups[].VpcSecurityGroupId"),
                set("MultiAZ", "multi_az", "MultiAZ"),
                set("DeletionProtection", "deletion_protection", "DeletionProtection"),
                set("NewDBInstanceIdentifier", "identifier", "DBInstanceIdentifier"),
            ],
        ),
    ),
    ("rds:PromoteReadReplica", Treat::Passing("the replica is exported as the instance that it becomes, without `replicate_source_db`")),
    ("rds:RebootDBInstance", Treat::Passing(FAILOVER)),
    ("rds:FailoverDBCluster", Treat::Passing(FAILOVER)),
    (
        "rds:ModifyDBCluster",
        change(
            "aws_rds_cluster",
            "DBClusterIdentifier",
            &[set("VpcSecurityGroupIds", "vpc_security_group_ids", "VpcSecurityGroups[].VpcSecurityGroupId")],
        ),
    ),
    (
        "rds:ModifyDBClusterEndpoint",
        change(
            "aws_rds_cluster_endpoint",
            "DBClusterEndpointIdentifier",
            &[set("StaticMembers", "static_members", ""), set("ExcludedMembers", "excluded_members", "")],
        ),
    ),
    (
        "rds:CreateDBSubnetGroup",
        make(
            "aws_db_subnet_group",
            &[("DBSubnetGroupName", "name"), ("DBSubnetGroupDescription", "description"), ("SubnetIds", "subnet_ids")],
            &["DBSubnetGroupName"],
            "",
        ),
    ),
    (
        "rds:ModifyDBSubnetGroup",
        change("aws_db_subnet_group", "DBSubnetGroupName", &[set("SubnetIds", "subnet_ids", "Subnets[].SubnetIdentifier")]),
    ),
    ("rds:DeleteDBSubnetGroup", gone("aws_db_subnet_group", "DBSubnetGroupName")),
    ("rds:CreateDBSnapshot", Treat::Passing(SNAPSHOT)),
    ("rds:DeleteDBSnapshot", Treat::Passing("the snapshot was the move's own")),
    ("application-autoscaling:RegisterScalableTarget", Treat::Passing("scaling is suspended for the move and resumed after it")),
    // Caches.
    (
        "elasticache:CreateCacheCluster",
        make(
            "aws_elasticache_cluster",
            &[
                ("CacheClusterId", "cluster_id"),
                ("Engine", "engine"),
                ("EngineVersion", "engine_version"),
                ("CacheNodeType", "node_type"),
                ("NumCacheNodes", "num_cache_nodes"),
                ("CacheParameterGroupName", "parameter_group_name"),
                ("CacheSubnetGroupName", "subnet_group_name"),
                ("SecurityGroupIds", "security_group_ids"),
                ("Port", "port"),
                ("PreferredMaintenanceWindow", "maintenance_window"),
                ("AutoMinorVersionUpgrade", "auto_minor_version_upgrade"),
                ("PreferredAvailabilityZone", "availability_zone"),
                ("PreferredAvailabilityZones", "preferred_availability_zones"),
                ("AZMode", "az_mode"),
            ],
            &["CacheClusterId"],
            "",
        ),
    ),
    ("elasticache:DeleteCacheCluster", gone("aws_elasticache_cluster", "CacheClusterId")),
    (
        "elasticache:ModifyCacheCluster",
        change(
            "aws_elasticache_cluster",
            "CacheClusterId",
            &[set("SecurityGroupIds", "security_group_ids", "SecurityGroups[].SecurityGroupId")],
        ),
    ),
    (
        "elasticache:CreateCacheSubnetGroup",
        make(
            "aws_elasticache_subnet_group",
            &[("CacheSubnetGroupName", "name"), ("CacheSubnetGroupDescription", "description"), ("SubnetIds", "subnet_ids")],
            &["CacheSubnetGroupName"],
            "",
        ),
    ),
    (
        "elasticache:ModifyCacheSubnetGroup",
        change("aws_elasticache_subnet_group", "CacheSubnetGroupName", &[set("SubnetIds", "subnet_ids", "Subnets[].SubnetIdentifier")]),
    ),
    ("elasticache:DeleteCacheSubnetGroup", gone("aws_elasticache_subnet_group", "CacheSubnetGroupName")),
    (
        "elasticache:ModifyReplicationGroup",
        change(
            "aws_elasticache_replication_group",
            "ReplicationGroupId",
            &[
                set("SecurityGroupIds", "security_group_ids", "SecurityGroups[].SecurityGroupId"),
                set("AutomaticFailoverEnabled", "automatic_failover_enabled", ""),
                set("MultiAZEnabled", "multi_az_enabled", ""),
            ],
        ),
    ),
    ("elasticache:IncreaseReplicaCount", Treat::Passing("nodes come and go during the move; at its end there are as many as before")),
    ("elasticache:DecreaseReplicaCount", Treat::Passing("nodes come and go during the move; at its end there are as many as before")),
    ("elasticache:TestFailover", Treat::Passing(FAILOVER)),
    (
        "elasticache:ModifyServerlessCache",
        change(
            "aws_elasticache_serverless_cache",
            "ServerlessCacheName",
            &[set("SecurityGroupIds", "security_group_ids", "SecurityGroupIds")],
        ),
    ),
    ("elasticache:CreateSnapshot", Treat::Passing(SNAPSHOT)),
    ("elasticache:DeleteSnapshot", Treat::Passing("the snapshot was the move's own")),
];
