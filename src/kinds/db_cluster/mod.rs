//! A DB cluster: Aurora, or RDS's Multi-AZ cluster. Its members are instances that belong to it.
//!
//! The security groups are the cluster's (`ModifyDBCluster`), whether the world can resolve a member is the member's
//! (`PubliclyAccessible`). A cluster can't change its subnet group in the same VPC, and `ModifyDBCluster` has no
//! parameter for it: it moves by `flip`, without interruption, or by rotating its subnets under it.

use serde_json::{Value, json};

use super::db_instance::account::MODIFY_S;
use super::{Effect, Follow, Kind, Listing, Read, Scope};
use crate::model::facet::{Facets, Guard, Placement, Role};
use crate::model::id::Id;
use crate::model::network::Ports;
use crate::model::path;
use crate::model::resource::{Doc, Resource, tags_of};
use crate::model::step::Step;
use crate::model::strategy::{Blocker, Candidate, Risk, Scene, Site, Strategy, WayBack};

pub(super) mod account;
mod endpoints;
mod flip;
pub(super) mod rotate;
mod scaling;

pub struct DbCluster;

/// One read for however many.
pub(super) const ALL: usize = 100_000;

static LISTING: Listing = Listing {
    operation: "rds:DescribeDBClusters",
    documents: "DBClusters[]",
    scope: Scope::Region,
    with: super::listing::nothing,
    ids: ("DBClusterIdentifier", "DBClusterIdentifier", "DBClusterNotFoundFault"),
    follow: &[
        Follow {
            operation: "rds:DescribeDBSubnetGroups",
            result: "DBSubnetGroups",
            parameters: |docs| docs.iter().any(|doc| doc["DBSubnetGroup"].is_string()).then(|| json!({})),
            batch: ALL,
            merge: |doc, answer| {
                let name = path::text(doc, "DBSubnetGroup").to_owned();
                doc["SubnetGroup"] = path::first(answer, &format!("DBSubnetGroups[DBSubnetGroupName={name}]")).cloned().unwrap_or_default();
            },
        },
        Follow {
            operation: "rds:DescribeDBInstances",
            result: "DBInstances",
            parameters: |docs| {
                let ids: Vec<&Value> = docs.iter().map(|doc| &doc["DBClusterIdentifier"]).filter(|id| id.is_string()).collect();
                (!ids.is_empty()).then(|| json!({ "Filters": [{ "Name": "db-cluster-id", "Values": ids }] }))
            },
            batch: 100,
            merge: |doc, answer| {
                let name = path::text(doc, "DBClusterIdentifier").to_owned();
                let members = path::select(answer, &format!("DBInstances[DBClusterIdentifier={name}]"));
                doc["Members"] = members.into_iter().cloned().collect();
            },
        },
        scaling::FOLLOW,
        endpoints::FOLLOW,
    ],
};

impl Kind for DbCluster {
    fn name(&self) -> &'static str {
        "db_cluster"
    }

    fn listing(&self) -> Option<&'static Listing> {
        Some(&LISTING)
    }

    fn parse(&self, doc: &Doc, vpc: &Id) -> Option<Resource> {
        let name = doc["DBClusterIdentifier"].as_str()?;
        if doc["SubnetGroup"]["VpcId"] != vpc.as_str() {
            return None;
        }
        let mut zones = path::texts(doc, "Members[].AvailabilityZone");
        zones.sort();
        zones.dedup();
        let port = doc["Port"].as_u64().and_then(|port| u16::try_from(port).ok());
        Some(Resource {
            id: account::id_of(name),
            kind: self.name().to_owned(),
            role: Role::Workload,
            name: name.to_owned(),
            tags: tags_of(doc),
            facets: Facets {
                placement: Some(Placement {
                    subnets: path::texts(doc, "SubnetGroup.Subnets[].SubnetIdentifier").into_iter().map(Id::from).collect(),
                    zones,
                    through: doc["DBSubnetGroup"].as_str().map(|group| Id::new(format!("dbgroup:{group}"))),
                }),
                publicly_accessible: doc["PubliclyAccessible"] == true || !flip::public_members(doc).is_empty(),
                guard: Some(Guard {
                    groups: path::texts(doc, "VpcSecurityGroups[].VpcSecurityGroupId").into_iter().map(Id::from).collect(),
                }),
                listens: port.map(|port| vec![Ports::tcp(port)]),
                state: path::text(doc, "Status").to_owned(),
                ..Facets::default()
            },
            doc: doc.clone(),
        })
    }

    fn effects(&self) -> &'static [(&'static str, Effect)] {
        account::EFFECTS
    }

    fn reads(&self) -> &'static [(&'static str, Read)] {
        &[scaling::DESCRIBE, endpoints::DESCRIBE]
    }

    fn candidates(&self, resource: &Resource, _site: &Site<'_>) -> Vec<Candidate> {
        let flip =
            Candidate::new(Strategy::Flip, "no failover, no new endpoint, no new address: the subnets of its group turn private around it")
                .takes(2 * MODIFY_S);
        let words = format!("a cluster can't change its subnet group in the same VPC; that of {} can only be rotated", resource.name);
        let relocate = Candidate::new(Strategy::Relocate, words).interrupts(60).takes(3600).risk(Risk::High).impossible(true);
        vec![flip, rotation(resource), relocate.way_back(WayBack::Slow)]
    }

    fn draft(&self, resource: &Resource, scene: &Scene<'_>) -> Result<Vec<Step>, Blocker> {
        match scene.strategy {
            Strategy::Flip => flip::steps(resource, scene),
            // What a rotation does beside that, its subnet group drafts for all its members together.
            Strategy::Rotate => flip::refuse(resource).map(|()| flip::regroup(resource, scene)),
            _ => Ok(Vec::new()),
        }
    }
}

/// The subnets of its group are exchanged under it.
fn rotation(resource: &Resource) -> Candidate {
    let doc = &resource.doc;
    let why = if doc["DBSubnetGroup"] == "default" {
        Some("its subnet group is `default`, which can't be modified")
    } else if !path::text(doc, "Engine").starts_with("aurora") {
        Some("a Multi-AZ DB cluster has its three members where RDS puts them: none can be added or taken away")
    } else if path::text(doc, "EngineMode") == "serverless" {
        Some("Aurora Serverless v1 has no members that could be added or taken away")
    } else {
        None
    };
    let words = "one failover to a new member in a private subnet, with all that the subnet group places; fewer readers meanwhile";
    Candidate::new(Strategy::Rotate, why.unwrap_or(words))
        .interrupts(rotate::FAILOVER_S)
        .takes(2 * 3600)
        .risk(Risk::High)
        .way_back(WayBack::Slow)
        .impossible(why.is_some())
}
