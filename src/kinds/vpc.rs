//! The VPC itself. Read, never changed.
//!
//! Its address ranges (the primary and up to four secondary ones) bound the new subnets. Private DNS of interface
//! endpoints needs both DNS attributes, which only `DescribeVpcAttribute` tells (VPC guide, `vpc-dns.md`).

use serde_json::{Value, json};

use super::{Follow, Kind, Listing, Read, Scope};
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::facet::{Facets, Role};
use crate::model::id::Id;
use crate::model::path;
use crate::model::resource::{Doc, Resource, tags_of};

pub struct Vpc;

static LISTING: Listing = Listing {
    operation: "ec2:DescribeVpcs",
    documents: "Vpcs[]",
    scope: Scope::Ids("VpcIds"),
    with: super::listing::nothing,
    ids: ("VpcIds", "VpcId", "InvalidVpcID.NotFound"),
    follow: &[attribute("enableDnsSupport"), attribute("enableDnsHostnames")],
};

const fn attribute(name: &'static str) -> Follow {
    Follow {
        operation: "ec2:DescribeVpcAttribute",
        result: "VpcId",
        parameters: if name.len() == "enableDnsSupport".len() { support } else { hostnames },
        batch: 1,
        merge: |doc, answer| {
            for key in ["EnableDnsSupport", "EnableDnsHostnames"] {
                if let Some(value) = path::first(answer, &format!("{key}.Value")) {
                    doc[key] = value.clone();
                }
            }
        },
    }
}

fn support(docs: &[&Value]) -> Option<Value> {
    Some(json!({ "VpcId": docs[0]["VpcId"], "Attribute": "enableDnsSupport" }))
}

fn hostnames(docs: &[&Value]) -> Option<Value> {
    Some(json!({ "VpcId": docs[0]["VpcId"], "Attribute": "enableDnsHostnames" }))
}

fn describe_attribute(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = super::effects::text(parameters, "VpcId")?;
    let doc = account.doc(id, "InvalidVpcID.NotFound")?;
    let key = match super::effects::text(parameters, "Attribute")? {
        "enableDnsSupport" => "EnableDnsSupport",
        "enableDnsHostnames" => "EnableDnsHostnames",
        other => return Err(Refusal::new("InvalidParameterValue", format!("Value ({other}) for parameter attribute is invalid"))),
    };
    Ok(json!({ "VpcId": id, key: { "Value": doc[key].as_bool().unwrap_or(key == "EnableDnsSupport") } }))
}

impl Kind for Vpc {
    fn name(&self) -> &'static str {
        "vpc"
    }

    fn listing(&self) -> Option<&'static Listing> {
        Some(&LISTING)
    }

    fn parse(&self, doc: &Doc, vpc: &Id) -> Option<Resource> {
        let id = Id::from(doc["VpcId"].as_str()?);
        if id != *vpc {
            return None;
        }
        let tags = tags_of(doc);
        let mut ranges = vec![path::text(doc, "CidrBlock").to_owned()];
        let associated = path::texts(doc, "CidrBlockAssociationSet[CidrBlockState.State=associated].CidrBlock");
        ranges.extend(associated.into_iter().filter(|range| *range != doc["CidrBlock"].as_str().unwrap_or_default()));
        Some(Resource {
            name: tags.get("Name").cloned().unwrap_or_else(|| id.to_string()),
            id,
            kind: self.name().to_owned(),
            role: Role::Network,
            tags,
            facets: Facets { ranges, state: path::text(doc, "State").to_owned(), ..Facets::default() },
            doc: doc.clone(),
        })
    }

    fn reads(&self) -> &'static [(&'static str, Read)] {
        &[("ec2:DescribeVpcAttribute", describe_attribute)]
    }
}
