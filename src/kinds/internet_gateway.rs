//! Internet gateways, and the egress-only ones that IPv6 has. Read, never changed.

use super::{Kind, Listing, Scope};
use crate::model::facet::{Facets, GatewayKind, Role};
use crate::model::id::Id;
use crate::model::path;
use crate::model::resource::{Doc, Resource, tags_of};

pub struct InternetGateway;
pub struct EgressOnlyGateway;

static LISTING: Listing = Listing {
    operation: "ec2:DescribeInternetGateways",
    documents: "InternetGateways[]",
    scope: Scope::Filter("attachment.vpc-id"),
    with: super::listing::nothing,
    ids: ("InternetGatewayIds", "InternetGatewayId", "InvalidInternetGatewayID.NotFound"),
    follow: &[],
};

static EGRESS_ONLY: Listing = Listing {
    operation: "ec2:DescribeEgressOnlyInternetGateways",
    documents: "EgressOnlyInternetGateways[]",
    scope: Scope::Region,
    with: super::listing::nothing,
    ids: ("EgressOnlyInternetGatewayIds", "EgressOnlyInternetGatewayId", "InvalidGatewayID.NotFound"),
    follow: &[],
};

fn gateway(kind: &str, key: &str, is: GatewayKind, doc: &Doc, vpc: &Id) -> Option<Resource> {
    if !path::texts(doc, "Attachments[].VpcId").iter().any(|id| id == vpc.as_str()) {
        return None;
    }
    let id = Id::from(doc[key].as_str()?);
    let tags = tags_of(doc);
    Some(Resource {
        name: tags.get("Name").cloned().unwrap_or_else(|| id.to_string()),
        id,
        kind: kind.to_owned(),
        role: Role::Gateway,
        tags,
        facets: Facets { gateway: Some(is), state: path::text(doc, "Attachments[0].State").to_owned(), ..Facets::default() },
        doc: doc.clone(),
    })
}

impl Kind for InternetGateway {
    fn name(&self) -> &'static str {
        "internet_gateway"
    }

    fn listing(&self) -> Option<&'static Listing> {
        Some(&LISTING)
    }

    fn parse(&self, doc: &Doc, vpc: &Id) -> Option<Resource> {
        gateway(self.name(), "InternetGatewayId", GatewayKind::Internet, doc, vpc)
    }
}

impl Kind for EgressOnlyGateway {
    fn name(&self) -> &'static str {
        "egress_only_gateway"
    }

    fn listing(&self) -> Option<&'static Listing> {
        Some(&EGRESS_ONLY)
    }

    fn parse(&self, doc: &Doc, vpc: &Id) -> Option<Resource> {
        gateway(self.name(), "EgressOnlyInternetGatewayId", GatewayKind::EgressOnly, doc, vpc)
    }
}
