//! A cache subnet group: the set of subnets that ElastiCache places its nodes in.
//!
//! Shared by its clusters, so the group with all of them is the unit of a move. Under `flip` it isn't touched: its
//! subnets turn private. ElastiCache has no way to give a cluster another group, and refuses the removal of a subnet
//! in use (`SubnetInUse`).

use serde_json::{Value, json};

use super::{Effect, Follow, Kind, Listing, Scope, cache_cluster_account};
use crate::model::facet::{Facets, Placement, Role};
use crate::model::id::Id;
use crate::model::path;
use crate::model::resource::{Doc, Resource, tags_of};
use crate::model::step::Step;
use crate::model::strategy::{Blocker, Member};

mod account;
pub(super) mod rotate;

pub struct CacheSubnetGroup;

/// AWS's code for a group that isn't there.
pub(super) const UNKNOWN: &str = "CacheSubnetGroupNotFoundFault";

static LISTING: Listing = Listing {
    operation: "elasticache:DescribeCacheSubnetGroups",
    documents: "CacheSubnetGroups[]",
    scope: Scope::Region,
    with: super::listing::nothing,
    ids: ("CacheSubnetGroupName", "CacheSubnetGroupName", UNKNOWN),
    follow: &[],
};

/// What a document that names its subnet group gets to know of it, as `SubnetGroup`.
pub(super) const FOLLOW: Follow = Follow {
    operation: "elasticache:DescribeCacheSubnetGroups",
    result: "CacheSubnetGroups",
    parameters: |docs| Some(json!({ "CacheSubnetGroupName": docs[0]["CacheSubnetGroupName"].as_str()? })),
    batch: 1,
    merge: |doc, answer| {
        let name = path::text(doc, "CacheSubnetGroupName").to_owned();
        doc["SubnetGroup"] = path::first(answer, &format!("CacheSubnetGroups[CacheSubnetGroupName={name}]")).cloned().unwrap_or_default();
    },
};

pub(super) fn id_of(name: &str) -> Id {
    Id::new(format!("cachesubnets:{name}"))
}

/// Where a document that holds its `SubnetGroup` is placed.
pub(super) fn placement(doc: &Value, mut zones: Vec<String>) -> Placement {
    zones.sort();
    zones.dedup();
    Placement {
        subnets: path::texts(doc, "SubnetGroup.Subnets[].SubnetIdentifier").into_iter().map(Id::from).collect(),
        zones,
        through: doc["CacheSubnetGroupName"].as_str().map(id_of),
    }
}

impl Kind for CacheSubnetGroup {
    fn name(&self) -> &'static str {
        "cache_subnet_group"
    }

    fn listing(&self) -> Option<&'static Listing> {
        Some(&LISTING)
    }

    fn parse(&self, doc: &Doc, vpc: &Id) -> Option<Resource> {
        if doc["VpcId"] != vpc.as_str() {
            return None;
        }
        let name = doc["CacheSubnetGroupName"].as_str()?;
        let subnets = path::texts(doc, "Subnets[].SubnetIdentifier").into_iter().map(Id::from).collect();
        let mut zones = path::texts(doc, "Subnets[].SubnetAvailabilityZone.Name");
        zones.sort();
        zones.dedup();
        Some(Resource {
            id: id_of(name),
            kind: self.name().to_owned(),
            role: Role::SubnetGroup,
            name: name.to_owned(),
            tags: tags_of(doc),
            facets: Facets { placement: Some(Placement { subnets, zones, through: None }), ..Facets::default() },
            doc: doc.clone(),
        })
    }

    fn effects(&self) -> &'static [(&'static str, Effect)] {
        &[
            ("elasticache:ModifyCacheSubnetGroup", account::modify),
            ("elasticache:CreateCacheSubnetGroup", cache_cluster_account::create_subnets),
            ("elasticache:DeleteCacheSubnetGroup", cache_cluster_account::delete_subnets),
        ]
    }

    fn draft_unit(&self, unit: &Resource, members: &[Member<'_>]) -> Result<Vec<Step>, Blocker> {
        rotate::steps(unit, members)
    }
}
