//! An ElastiCache replication group, cluster mode off or on. Its members are cache clusters that belong to it.
//!
//! Neither its subnet group nor its subnets can be changed by `ModifyReplicationGroup`; its security groups can, for all
//! members at once, and are only to be seen on the members. Its endpoints stay under `flip` and under `rotate`; the
//! endpoints of single nodes don't survive a rotation.

use serde_json::json;

use super::cache_cluster::{MODIFY_S, port, stuck};
use super::{Effect, Follow, Kind, Listing, Read, Scope, cache_subnet_group};
use crate::model::facet::{Facets, Guard, Role};
use crate::model::id::Id;
use crate::model::path;
use crate::model::resource::{Doc, Resource, tags_of};
use crate::model::step::Step;
use crate::model::strategy::{Blocker, Candidate, Risk, Scene, Site, Strategy, WayBack};

mod account;
mod flip;
pub(super) mod rotate;
pub(super) mod snapshot;

pub struct ReplicationGroup;

static LISTING: Listing = Listing {
    operation: "elasticache:DescribeReplicationGroups",
    documents: "ReplicationGroups[]",
    scope: Scope::Region,
    with: super::listing::nothing,
    ids: ("ReplicationGroupId", "ReplicationGroupId", account::UNKNOWN),
    // What only a member tells: subnet group, security groups, version, parameter group.
    follow: &[
        Follow {
            operation: "elasticache:DescribeCacheClusters",
            result: "CacheClusters",
            parameters: |docs| {
                let any = docs.iter().any(|doc| doc["MemberClusters"][0].is_string());
                any.then(|| json!({ "ShowCacheNodeInfo": true }))
            },
            batch: crate::kinds::db_cluster::ALL,
            merge: |doc, answer| {
                let name = path::text(doc, "ReplicationGroupId").to_owned();
                let Some(member) = path::first(answer, &format!("CacheClusters[ReplicationGroupId={name}]")) else { return };
                for key in ["CacheSubnetGroupName", "SecurityGroups", "EngineVersion", "CacheParameterGroup"] {
                    doc[key] = member[key].clone();
                }
            },
        },
        cache_subnet_group::FOLLOW,
    ],
};

pub(super) fn id_of(name: &str) -> Id {
    Id::new(format!("cachegroup:{name}"))
}

impl Kind for ReplicationGroup {
    fn name(&self) -> &'static str {
        "replication_group"
    }

    fn listing(&self) -> Option<&'static Listing> {
        Some(&LISTING)
    }

    fn parse(&self, doc: &Doc, vpc: &Id) -> Option<Resource> {
        let name = doc["ReplicationGroupId"].as_str()?;
        if doc["SubnetGroup"]["VpcId"] != vpc.as_str() {
            return None;
        }
        Some(Resource {
            id: id_of(name),
            kind: self.name().to_owned(),
            role: Role::Workload,
            name: name.to_owned(),
            tags: tags_of(doc),
            facets: Facets {
                placement: Some(cache_subnet_group::placement(
                    doc,
                    path::texts(doc, "NodeGroups[].NodeGroupMembers[].PreferredAvailabilityZone"),
                )),
                guard: Some(Guard { groups: path::texts(doc, "SecurityGroups[].SecurityGroupId").into_iter().map(Id::from).collect() }),
                listens: port(doc, &["ConfigurationEndpoint", "NodeGroups[].PrimaryEndpoint"]),
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
        &[snapshot::DESCRIBE]
    }

    fn candidates(&self, resource: &Resource, _site: &Site<'_>) -> Vec<Candidate> {
        let flip = Candidate::new(Strategy::Flip, "its nodes keep their addresses and endpoints: their subnets turn private around them")
            .takes(2 * MODIFY_S);
        let words = "its subnet group is fixed for its life: nodes can only come and go in the group's subnets";
        let relocate = Candidate::new(Strategy::Relocate, words).risk(Risk::High).way_back(WayBack::Slow).impossible(true);
        let again = Candidate::new(Strategy::Recreate, "a rotation keeps its endpoints: this version makes no new group beside it")
            .risk(Risk::High)
            .way_back(WayBack::UntilFirstWrite)
            .impossible(true);
        vec![flip, rotation(resource), again, relocate]
    }

    fn draft(&self, resource: &Resource, scene: &Scene<'_>) -> Result<Vec<Step>, Blocker> {
        if !matches!(scene.strategy, Strategy::Flip | Strategy::Rotate) {
            return Ok(Vec::new());
        }
        stuck(resource)?;
        // What a rotation does beside that, its subnet group drafts for all its members together.
        Ok(flip::regroup(resource, scene))
    }
}

/// The subnets of its group are exchanged under it.
fn rotation(resource: &Resource) -> Candidate {
    let doc = &resource.doc;
    let why = if path::first(doc, "GlobalReplicationGroupInfo.GlobalReplicationGroupId").is_some() {
        Some("it belongs to a global datastore, whose replica counts are changed for all regions at once")
    } else {
        None
    };
    let words = "a node in a private subnet takes over; writes stop for seconds and the last may be lost, endpoints of single nodes change, endpoints of the group stay";
    Candidate::new(Strategy::Rotate, why.unwrap_or(words))
        .interrupts(rotate::PROMOTE_S)
        .takes(3600)
        .risk(Risk::High)
        .way_back(WayBack::Slow)
        .impossible(why.is_some())
}
