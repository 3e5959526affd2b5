//! A record set of Route 53 that holds addresses: an A or AAAA record that is no alias.
//!
//! Looked at are the private zones that the VPC is associated with and the account's public ones. A set becomes a
//! resource when it holds an address of the VPC; what leads to a name (an alias, a CNAME) needs nothing. A zone of
//! another account is told by `ListHostedZonesByVPC` and its records by nobody: the refusal is noted.
//!
//! `UPSERT` replaces a set whole, at once in what `ListResourceRecordSets` shows and, as a rule, within 60 seconds in what
//! the name servers answer (`GetChange`: `PENDING`, then `INSYNC`; Route 53 API, `ChangeResourceRecordSets`).

mod account;
mod moves;

use serde_json::{Value, json};

use super::{Each, Effect, Kind, Listing, Read, Scope, Source};
use crate::model::facet::{Answers, Facets, Role};
use crate::model::id::Id;
use crate::model::path;
use crate::model::resource::{Doc, Resource};
use crate::model::step::Step;
use crate::model::strategy::{Blocker, Renumbering};

/// A record set.
pub struct DnsRecord;

static LISTING: Listing = Listing {
    operation: "route53:ListResourceRecordSets",
    documents: "ResourceRecordSets[]",
    scope: Scope::Each(&Each {
        from: &[
            &[Source {
                operation: "route53:ListHostedZonesByVPC",
                parameters: |spot, _| json!({ "VPCId": spot.vpc.as_str(), "VPCRegion": spot.region }),
                documents: "HostedZoneSummaries[]",
            }],
            &[Source {
                operation: "route53:ListHostedZones",
                parameters: |_, _| json!({}),
                documents: "HostedZones[Config.PrivateZone=false]",
            }],
        ],
        parameters: |trails| json!({ "HostedZoneId": zone_id(&trails[0][0]) }),
        batch: 1,
        merge: Some(|doc, trail| {
            let zone = trail.last().unwrap_or(&Value::Null);
            doc["HostedZoneId"] = json!(zone_id(zone));
            doc["Zone"] = json!({ "Name": zone["Name"], "Private": zone["Config"].is_null() });
        }),
        named: |doc| Some(addresses(doc)),
    }),
    with: super::listing::nothing,
    ids: ("HostedZoneId", "Name", "NoSuchHostedZone"),
    follow: &[],
};

/// A zone's id as a parameter: `/hostedzone/Z1` or `Z1`.
fn zone_id(zone: &Value) -> &str {
    let id = zone["HostedZoneId"].as_str().or(zone["Id"].as_str()).unwrap_or_default();
    id.trim_start_matches("/hostedzone/")
}

/// The addresses that a set holds; none for an alias and for what holds anything else.
fn addresses(doc: &Value) -> Vec<String> {
    if !matches!(path::text(doc, "Type"), "A" | "AAAA") {
        return Vec::new();
    }
    path::texts(doc, "ResourceRecords[].Value")
}

impl Kind for DnsRecord {
    fn name(&self) -> &'static str {
        "dns_record"
    }

    fn listing(&self) -> Option<&'static Listing> {
        Some(&LISTING)
    }

    fn parse(&self, doc: &Doc, vpc: &Id) -> Option<Resource> {
        let (zone, name, kind) = (doc["HostedZoneId"].as_str()?, doc["Name"].as_str()?, doc["Type"].as_str()?);
        let addresses = addresses(doc);
        if doc["VpcId"] != vpc.as_str() || addresses.is_empty() {
            return None;
        }
        let own = doc["SetIdentifier"].as_str().map_or(String::new(), |own| format!("/{own}"));
        Some(Resource {
            id: Id::new(format!("dns:{zone}/{name}/{kind}{own}")),
            kind: self.name().to_owned(),
            role: Role::Name,
            name: name.trim_end_matches('.').to_owned(),
            tags: Default::default(),
            facets: Facets { answers: Some(Answers { addresses, ttl_s: doc["TTL"].as_u64().unwrap_or_default() }), ..Facets::default() },
            doc: doc.clone(),
        })
    }

    fn effects(&self) -> &'static [(&'static str, Effect)] {
        account::EFFECTS
    }

    fn reads(&self) -> &'static [(&'static str, Read)] {
        account::READS
    }

    fn lead_on(&self, name: &Resource, changes: &[&Renumbering]) -> Result<Vec<Step>, Blocker> {
        moves::lead_on(name, changes)
    }
}
