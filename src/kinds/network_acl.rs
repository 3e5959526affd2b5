//! A network ACL: ordered, stateless. Read and honoured, never changed: a change breaks established connections.

use serde_json::Value;

use super::{Kind, Listing, Scope};
use crate::model::facet::{Facets, Placement, Role};
use crate::model::id::Id;
use crate::model::path;
use crate::model::resource::{Resource, tags_of};

pub struct NetworkAcl;

static LISTING: Listing = Listing {
    operation: "ec2:DescribeNetworkAcls",
    documents: "NetworkAcls[]",
    scope: Scope::Filter("vpc-id"),
    with: super::listing::nothing,
    ids: ("NetworkAclIds", "NetworkAclId", "InvalidNetworkAclID.NotFound"),
    follow: &[],
};

impl Kind for NetworkAcl {
    fn name(&self) -> &'static str {
        "network_acl"
    }

    fn listing(&self) -> Option<&'static Listing> {
        Some(&LISTING)
    }

    fn parse(&self, doc: &Value, vpc: &Id) -> Option<Resource> {
        if doc["VpcId"] != vpc.as_str() {
            return None;
        }
        let id = Id::from(doc["NetworkAclId"].as_str()?);
        let tags = tags_of(doc);
        let subnets = path::texts(doc, "Associations[].SubnetId").into_iter().map(Id::from).collect();
        Some(Resource {
            name: tags.get("Name").cloned().unwrap_or_else(|| if doc["IsDefault"] == true { "default".to_owned() } else { id.to_string() }),
            id,
            kind: self.name().to_owned(),
            role: Role::Acl,
            tags,
            facets: Facets { placement: Some(Placement { subnets, ..Placement::default() }), ..Facets::default() },
            doc: doc.clone(),
        })
    }
}
