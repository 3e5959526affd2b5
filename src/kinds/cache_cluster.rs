//! An ElastiCache cluster. Recognised and named; this version does not move it.
//!
//! Its nodes stay where they are while their subnets turn private: connections inside the VPC are not cut.

use serde_json::{Value, json};

use super::{Follow, Kind, Listing, Scope};
use crate::model::facet::{Facets, Guard, Placement, Role};
use crate::model::id::Id;
use crate::model::path;
use crate::model::resource::Resource;

pub struct CacheCluster;

static LISTING: Listing = Listing {
    operation: "elasticache:DescribeCacheClusters",
    documents: "CacheClusters[]",
    scope: Scope::Region,
    with: || json!({ "ShowCacheNodeInfo": true }),
    ids: ("CacheClusterId", "CacheClusterId", "CacheClusterNotFound"),
    follow: &[Follow {
        operation: "elasticache:DescribeCacheSubnetGroups",
        result: "CacheSubnetGroups",
        parameters: |docs| Some(json!({ "CacheSubnetGroupName": docs[0]["CacheSubnetGroupName"].as_str()? })),
        batch: 1,
        merge: |doc, answer| {
            let name = path::text(doc, "CacheSubnetGroupName").to_owned();
            doc["SubnetGroup"] =
                path::first(answer, &format!("CacheSubnetGroups[CacheSubnetGroupName={name}]")).cloned().unwrap_or_default();
        },
    }],
};

impl Kind for CacheCluster {
    fn name(&self) -> &'static str {
        "cache_cluster"
    }

    fn listing(&self) -> Option<&'static Listing> {
        Some(&LISTING)
    }

    fn parse(&self, doc: &Value, vpc: &Id) -> Option<Resource> {
        let name = doc["CacheClusterId"].as_str()?;
        if doc["SubnetGroup"]["VpcId"] != vpc.as_str() {
            return None;
        }
        Some(Resource {
            id: Id::new(format!("cache:{name}")),
            kind: self.name().to_owned(),
            role: Role::Bystander,
            name: name.to_owned(),
            tags: Default::default(),
            facets: Facets {
                placement: Some(Placement {
                    subnets: path::texts(doc, "SubnetGroup.Subnets[].SubnetIdentifier").into_iter().map(Id::from).collect(),
                    ..Placement::default()
                }),
                guard: Some(Guard { groups: path::texts(doc, "SecurityGroups[].SecurityGroupId").into_iter().map(Id::from).collect() }),
                state: path::text(doc, "CacheClusterStatus").to_owned(),
                ..Facets::default()
            },
            doc: doc.clone(),
        })
    }
}
