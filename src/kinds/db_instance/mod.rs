//! An RDS DB instance. A member of a cluster belongs to its cluster, and is no workload of its own.
//!
//! It can't be given another subnet group in the same VPC (`InvalidVPCNetworkStateFault`), so it moves
//! by `flip`: its group's subnets turn private around it, without failover, endpoint or address change. Before that
//! `PubliclyAccessible` goes off, which applies at once whatever `ApplyImmediately` says: a public database whose
//! subnet turns private may become unreachable (RDS guide, `USER_VPC.WorkingWithRDSInstanceinaVPC.md`). Its groups are
//! replaced whole by `ModifyDBInstance`, which is refused unless the instance is `available`.

use serde_json::{Value, json};

use super::db_cluster::ALL;
use super::{Effect, Follow, Kind, Listing, Read, Scope, db_event};
use crate::model::facet::{Facets, Guard, Placement, Role};
use crate::model::id::Id;
use crate::model::network::Ports;
use crate::model::path;
use crate::model::resource::{Doc, Resource, tags_of};
use crate::model::step::Step;
use crate::model::strategy::{Blocker, Candidate, Risk, Scene, Site, Strategy, WayBack};

pub(super) mod account;
mod account_copy;
mod account_life;
mod copy;
pub(super) mod flip;
pub(super) mod rotate;

use account::{MODIFY_S, id_of};

pub struct DbInstance;

static LISTING: Listing = Listing {
    operation: "rds:DescribeDBInstances",
    documents: "DBInstances[]",
    scope: Scope::Region,
    with: super::listing::nothing,
    ids: ("DBInstanceIdentifier", "DBInstanceIdentifier", "DBInstanceNotFound"),
    follow: &[CLUSTER, GROUP],
};

/// Where the answer does not say in which subnet group a cluster's member is, its cluster's does.
const CLUSTER: Follow = Follow {
    operation: "rds:DescribeDBClusters",
    result: "DBClusters",
    parameters: |docs| docs.iter().any(|doc| is_homeless_member(doc)).then(|| json!({})),
    batch: ALL,
    merge: |doc, answer| {
        if is_homeless_member(doc) {
            let group =
                path::text(answer, &format!("DBClusters[DBClusterIdentifier={}].DBSubnetGroup", path::text(doc, "DBClusterIdentifier")));
            doc["DBSubnetGroup"] = json!({ "DBSubnetGroupName": group });
        }
    },
};

/// And the group itself, where only its name is known.
const GROUP: Follow = Follow {
    operation: "rds:DescribeDBSubnetGroups",
    result: "DBSubnetGroups",
    parameters: |docs| docs.iter().any(|doc| is_named_only(doc)).then(|| json!({})),
    batch: ALL,
    merge: |doc, answer| {
        if is_named_only(doc) {
            let name = path::text(doc, "DBSubnetGroup.DBSubnetGroupName");
            doc["DBSubnetGroup"] = path::first(answer, &format!("DBSubnetGroups[DBSubnetGroupName={name}]")).cloned().unwrap_or_default();
        }
    },
};

fn is_homeless_member(doc: &Value) -> bool {
    !path::text(doc, "DBClusterIdentifier").is_empty() && path::text(doc, "DBSubnetGroup.DBSubnetGroupName").is_empty()
}

fn is_named_only(doc: &Value) -> bool {
    !path::text(doc, "DBSubnetGroup.DBSubnetGroupName").is_empty() && doc["DBSubnetGroup"]["VpcId"].is_null()
}

impl Kind for DbInstance {
    fn name(&self) -> &'static str {
        "db_instance"
    }

    fn listing(&self) -> Option<&'static Listing> {
        Some(&LISTING)
    }

    fn parse(&self, doc: &Doc, vpc: &Id) -> Option<Resource> {
        let name = doc["DBInstanceIdentifier"].as_str()?;
        if doc["DBSubnetGroup"]["VpcId"] != vpc.as_str() {
            return None;
        }
        let cluster = doc["DBClusterIdentifier"].as_str().filter(|id| !id.is_empty());
        let port =
            path::first(doc, "Endpoint.Port").or(doc.get("DbInstancePort")).and_then(Value::as_u64).and_then(|p| u16::try_from(p).ok());
        let zones = ["AvailabilityZone", "SecondaryAvailabilityZone"]
            .iter()
            .filter_map(|key| doc[*key].as_str().filter(|z| !z.is_empty()).map(str::to_owned))
            .collect();
        Some(Resource {
            id: id_of(name),
            kind: self.name().to_owned(),
            role: if cluster.is_some() { Role::Bystander } else { Role::Workload },
            name: name.to_owned(),
            tags: tags_of(doc),
            facets: Facets {
                placement: Some(Placement {
                    subnets: path::texts(doc, "DBSubnetGroup.Subnets[].SubnetIdentifier").into_iter().map(Id::from).collect(),
                    zones,
                    through: doc["DBSubnetGroup"]["DBSubnetGroupName"].as_str().map(|group| Id::new(format!("dbgroup:{group}"))),
                }),
                publicly_accessible: doc["PubliclyAccessible"] == true,
                guard: Some(Guard {
                    groups: path::texts(doc, "VpcSecurityGroups[].VpcSecurityGroupId").into_iter().map(Id::from).collect(),
                }),
                listens: port.map(|port| vec![Ports::tcp(port)]),
                owner: cluster.map(|id| Id::new(format!("dbcluster:{id}"))),
                state: path::text(doc, "DBInstanceStatus").to_owned(),
                ..Facets::default()
            },
            doc: doc.clone(),
        })
    }

    fn effects(&self) -> &'static [(&'static str, Effect)] {
        account::EFFECTS
    }

    fn reads(&self) -> &'static [(&'static str, Read)] {
        &[("rds:DescribeDBSnapshots", account_life::describe_snapshots), db_event::RDS]
    }

    fn candidates(&self, resource: &Resource, _site: &Site<'_>) -> Vec<Candidate> {
        let group = path::text(&resource.doc, "DBSubnetGroup.DBSubnetGroupName");
        let flip =
            Candidate::new(Strategy::Flip, "no failover, no new endpoint, no new address: the subnets of its group turn private around it")
                .takes(2 * MODIFY_S);
        let words = format!("RDS refuses another subnet group in the same VPC; {group} can only be rotated by failovers");
        let relocate = Candidate::new(Strategy::Relocate, words).interrupts(90).takes(3600).risk(Risk::High).impossible(true);
        vec![flip, rotation(resource, group), replica(resource), restoration(resource), relocate]
    }

    fn draft(&self, resource: &Resource, scene: &Scene<'_>) -> Result<Vec<Step>, Blocker> {
        if scene.strategy == Strategy::Skip {
            return Ok(Vec::new());
        }
        if resource.facets.state != "available" {
            return Err(Blocker {
                code: "HK0401".into(),
                resource: resource.id.clone(),
                why: format!("it is {}, and RDS changes an instance only when it is available", resource.facets.state),
                way_out: "wait until it is available, then run discover and plan again".into(),
            });
        }
        match scene.strategy {
            Strategy::Flip => Ok(flip::steps(resource, scene)),
            Strategy::Replica | Strategy::Restore => copy::steps(resource, scene),
            // What a rotation does beside that, its subnet group drafts for all its members together.
            _ => Ok(flip::regroup(resource, scene)),
        }
    }
}

/// The subnets of its group are exchanged under it.
fn rotation(resource: &Resource, group: &str) -> Candidate {
    let engine = path::text(&resource.doc, "Engine");
    let why = if group == "default" {
        Some("its subnet group is `default`, which can't be modified".to_owned())
    } else if engine.starts_with("sqlserver") || engine.starts_with("custom-") {
        Some(format!("a standby of {engine} can't be forced to take over in this way"))
    } else {
        None
    };
    let words = why.clone().unwrap_or_else(|| {
        format!("one failover into a private subnet, with all that {group} places; data stays in place, and there is no standby meanwhile")
    });
    Candidate::new(Strategy::Rotate, words)
        .interrupts(rotate::FAILOVER_S)
        .takes(2 * 3600)
        .risk(Risk::High)
        .way_back(WayBack::Slow)
        .impossible(why.is_some())
}

/// What can't be copied under its name: what has replicas or is one, and what RDS has no ordinary copies of.
fn uncopied(resource: &Resource) -> Option<&'static str> {
    let doc = &resource.doc;
    if doc["ReadReplicaDBInstanceIdentifiers"][0].is_string() || doc["ReadReplicaSourceDBInstanceIdentifier"].is_string() {
        return Some("it has replicas or is one: a copy would stand outside of that");
    }
    if doc["MasterUserSecret"].is_object() {
        return Some("RDS keeps its password in Secrets Manager and turns it there: that of a copy would be another's");
    }
    path::text(doc, "Engine").starts_with("custom-").then_some("RDS Custom is not copied in this way")
}

/// A replica in a private subnet group takes over.
fn replica(resource: &Resource) -> Candidate {
    let backups = resource.doc["BackupRetentionPeriod"] == 0;
    let why =
        uncopied(resource)
            .or(backups.then_some("a replica needs automated backups of its source"))
            .or(path::text(&resource.doc, "Engine").starts_with("sqlserver").then_some("SQL Server has no replica that could be promoted"));
    let words = "a replica in private subnets is promoted and gets the name; what is written after that is lost on the way back, and some engines refuse another subnet group for a replica";
    Candidate::new(Strategy::Replica, why.unwrap_or(words))
        .interrupts(copy::REPLICA_MIN * 60)
        .takes(3 * 3600)
        .risk(Risk::High)
        .way_back(WayBack::UntilFirstWrite)
        .only_if_asked(true)
        .impossible(why.is_some())
}

/// A snapshot is restored into a private subnet group.
fn restoration(resource: &Resource) -> Candidate {
    let why = uncopied(resource);
    let words = "a snapshot is restored into private subnets under its name; it is away meanwhile, the longer the larger it is";
    Candidate::new(Strategy::Restore, why.unwrap_or(words))
        .interrupts(copy::RESTORE_MIN * 60)
        .takes(3 * 3600)
        .risk(Risk::High)
        .way_back(WayBack::UntilFirstWrite)
        .only_if_asked(true)
        .impossible(why.is_some())
}
