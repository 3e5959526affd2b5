//! A DB subnet group: the set of subnets that RDS places its databases in.
//!
//! Shared by its databases, so the group with all of them is the unit of a move. Under `flip` it isn't touched: its
//! subnets turn private. RDS refuses another group in the same VPC for an instance, the removal of a subnet in use, and
//! any change of the group `default`. Under `rotate` its subnets are exchanged under its databases.

use super::{Effect, Kind, Listing, Scope};
use crate::model::facet::{Facets, Placement, Role};
use crate::model::id::Id;
use crate::model::path;
use crate::model::resource::{Doc, Resource, tags_of};
use crate::model::step::Step;
use crate::model::strategy::{Blocker, Member};

mod account;
pub(super) mod rotate;

pub struct DbSubnetGroup;

static LISTING: Listing = Listing {
    operation: "rds:DescribeDBSubnetGroups",
    documents: "DBSubnetGroups[]",
    scope: Scope::Region,
    with: super::listing::nothing,
    ids: ("DBSubnetGroupName", "DBSubnetGroupName", account::UNKNOWN),
    follow: &[],
};

pub(super) fn id_of(name: &str) -> Id {
    Id::new(format!("dbgroup:{name}"))
}

impl Kind for DbSubnetGroup {
    fn name(&self) -> &'static str {
        "db_subnet_group"
    }

    fn listing(&self) -> Option<&'static Listing> {
        Some(&LISTING)
    }

    fn parse(&self, doc: &Doc, vpc: &Id) -> Option<Resource> {
        if doc["VpcId"] != vpc.as_str() {
            return None;
        }
        let name = doc["DBSubnetGroupName"].as_str()?;
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
        account::EFFECTS
    }

    fn draft_unit(&self, unit: &Resource, members: &[Member<'_>]) -> Result<Vec<Step>, Blocker> {
        rotate::steps(unit, members)
    }
}
