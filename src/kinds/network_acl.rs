//! A network ACL: ordered, stateless. Read and honoured, never changed: a change breaks established connections.

use serde_json::Value;

use super::{Kind, Listing, Scope};
use crate::model::facet::{Acl, AclEntry, Facets, Placement, Role};
use crate::model::id::Id;
use crate::model::network::{Ports, Protocol};
use crate::model::path;
use crate::model::resource::{Doc, Resource, tags_of};

pub struct NetworkAcl;

static LISTING: Listing = Listing {
    operation: "ec2:DescribeNetworkAcls",
    documents: "NetworkAcls[]",
    scope: Scope::Filter("vpc-id"),
    with: super::listing::nothing,
    ids: ("NetworkAclIds", "NetworkAclId", "InvalidNetworkAclID.NotFound"),
    follow: &[],
};

/// The entries of one direction, by number. One without a range that can be read is left out, as it matches nothing.
fn entries(doc: &Value, egress: bool) -> Vec<AclEntry> {
    let of_direction = doc["Entries"].as_array().into_iter().flatten().filter(|entry| entry["Egress"] == egress);
    let mut entries: Vec<AclEntry> = of_direction
        .filter_map(|entry| {
            let range = entry["CidrBlock"].as_str().or(entry["Ipv6CidrBlock"].as_str())?.parse().ok()?;
            let number = u32::try_from(entry["RuleNumber"].as_u64()?).ok()?;
            Some(AclEntry { number, allow: entry["RuleAction"] == "allow", ports: ports(entry), range })
        })
        .collect();
    entries.sort_by_key(|entry| entry.number);
    entries
}

/// Protocol and ports: `PortRange` for TCP and UDP, `IcmpTypeCode` for ICMP, whose -1 means all (API reference,
/// `NetworkAclEntry`).
fn ports(entry: &Value) -> Ports {
    let protocol = Protocol::parse(entry["Protocol"].as_str().unwrap_or("-1"));
    let port = |value: &Value, absent: u16| value.as_u64().and_then(|port| u16::try_from(port).ok()).unwrap_or(absent);
    match (&protocol, &entry["PortRange"], &entry["IcmpTypeCode"]) {
        (Protocol::All, ..) => Ports::all(),
        (_, Value::Null, Value::Object(icmp)) => Ports::icmp(protocol, icmp["Type"].as_i64(), icmp["Code"].as_i64()),
        (_, range, _) => Ports { from: port(&range["From"], 0), to: port(&range["To"], 65535), protocol },
    }
}

impl Kind for NetworkAcl {
    fn name(&self) -> &'static str {
        "network_acl"
    }

    fn listing(&self) -> Option<&'static Listing> {
        Some(&LISTING)
    }

    fn parse(&self, doc: &Doc, vpc: &Id) -> Option<Resource> {
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
            facets: Facets {
                placement: Some(Placement { subnets, ..Placement::default() }),
                acl: Some(Acl { default: doc["IsDefault"] == true, ingress: entries(doc, false), egress: entries(doc, true) }),
                ..Facets::default()
            },
            doc: doc.clone(),
        })
    }
}
