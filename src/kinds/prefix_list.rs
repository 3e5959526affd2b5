//! A managed prefix list: ranges under one id, which rules of groups and routes name. Read, never changed.
//!
//! Of a region's lists those count that groups or route tables of the VPC name; only their entries are read, one request
//! for each list. A rule that names a list counts as many rules as the list may have entries, a route as many routes (VPC
//! user guide, "Prefix lists concepts and rules").

use ipnet::IpNet;
use serde_json::{Value, json};

use super::effects::text;
use super::{Follow, Kind, Listing, Read, Scope};
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::facet::{Facets, PrefixList, Role};
use crate::model::id::Id;
use crate::model::path;
use crate::model::resource::{Doc, Resource, tags_of};

pub struct ManagedPrefixList;

static LISTING: Listing = Listing {
    operation: "ec2:DescribeManagedPrefixLists",
    documents: "PrefixLists[]",
    scope: Scope::Placed(|list| Some(vec![path::text(list, "PrefixListId").to_owned()])),
    with: super::listing::nothing,
    ids: ("PrefixListIds", "PrefixListId", UNKNOWN),
    follow: &[Follow { operation: "ec2:GetManagedPrefixListEntries", result: "Entries", parameters: whose, batch: 1, merge: put }],
};

const UNKNOWN: &str = "InvalidPrefixListID.NotFound";

/// Where a list's entries are put: AWS tells them apart from it.
const ENTRIES: &str = "Prefixes";

/// What AWS's own lists count as, by the end of their names; AWS tells no maximum of theirs (VPC user guide, "AWS-managed
/// prefix list weight").
const WEIGHTS: [(&str, usize); 8] = [
    (".cloudfront.origin-facing", 55),
    (".dynamodb", 1),
    (".ec2-instance-connect", 2),
    (".groundstation", 5),
    (".route53-healthchecks", 25),
    (".s3", 1),
    (".s3express", 6),
    (".vpc-lattice", 10),
];

/// The entries of a list that something in the VPC names.
fn whose(lists: &[&Value]) -> Option<Value> {
    let list = lists.first().filter(|list| list["VpcId"].is_string())?;
    Some(json!({ "PrefixListId": list["PrefixListId"] }))
}

fn put(list: &mut Value, answer: &Value) {
    list[ENTRIES] = answer["Entries"].clone();
}

/// The ranges; none where they could not be read. (`DescribePrefixLists`, the older read, tells `Cidrs`.)
fn ranges(list: &Value) -> Option<Vec<IpNet>> {
    let texts = match (&list[ENTRIES], &list["Cidrs"]) {
        (Value::Array(_), _) => path::texts(list, &format!("{ENTRIES}[].Cidr")),
        (_, Value::Array(_)) => path::texts(list, "Cidrs[]"),
        _ => return None,
    };
    let mut ranges: Vec<IpNet> = texts.iter().filter_map(|text| text.parse().ok()).collect();
    ranges.sort();
    Some(ranges)
}

/// How many rules or routes one that names the list counts as; where nobody says, as many as it has entries.
fn weight(list: &Value, ranges: Option<&Vec<IpNet>>) -> usize {
    let name = path::text(list, "PrefixListName");
    let own = WEIGHTS.iter().find(|(end, _)| name.starts_with("com.amazonaws.") && name.ends_with(end));
    let most = list["MaxEntries"].as_u64().and_then(|most| usize::try_from(most).ok()).filter(|most| *most > 0);
    own.map(|(_, weight)| *weight).or(most).unwrap_or_else(|| ranges.map_or(1, |ranges| ranges.len().max(1)))
}

/// What a list of that id counts as on a simulated account; 1 where the list is not known.
pub fn weight_of(account: &Account, id: &str) -> usize {
    let list = account.resources.get(&Id::from(id)).and_then(|list| list.facets.prefix_list.as_ref());
    list.map_or(1, |list| list.weight)
}

/// The entries on a simulated account; those that could not be read when it was looked at can't be read here either.
fn entries(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    match &account.doc(text(parameters, "PrefixListId")?, UNKNOWN)?[ENTRIES] {
        Value::Null => Err(Refusal::new("UnauthorizedOperation", "You are not authorized to perform this operation.")),
        entries => Ok(json!({ "Entries": entries })),
    }
}

impl Kind for ManagedPrefixList {
    fn name(&self) -> &'static str {
        "prefix_list"
    }

    fn listing(&self) -> Option<&'static Listing> {
        Some(&LISTING)
    }

    fn parse(&self, doc: &Doc, vpc: &Id) -> Option<Resource> {
        let id = Id::from(doc["PrefixListId"].as_str()?);
        if doc["VpcId"] != vpc.as_str() || path::text(doc, "State") == "delete-complete" {
            return None;
        }
        let ranges = ranges(doc);
        Some(Resource {
            name: doc["PrefixListName"].as_str().unwrap_or(id.as_str()).to_owned(),
            id,
            kind: self.name().to_owned(),
            role: Role::PrefixList,
            tags: tags_of(doc),
            facets: Facets {
                prefix_list: Some(PrefixList { weight: weight(doc, ranges.as_ref()), aws: doc["OwnerId"] == "AWS", ranges }),
                ..Facets::default()
            },
            doc: doc.clone(),
        })
    }

    fn reads(&self) -> &'static [(&'static str, Read)] {
        &[("ec2:GetManagedPrefixListEntries", entries)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// VPC user guide, "AWS-managed prefix list weight" and "Prefix lists concepts and rules".
    #[test]
    fn a_list_counts_as_many_rules_as_it_may_have_entries() {
        let check = |doc: Value, expected: usize| assert_eq!(weight(&doc, ranges(&doc).as_ref()), expected, "{doc}");
        let entries = json!([{ "Cidr": "203.0.113.0/24" }, { "Cidr": "198.51.100.0/24" }]);
        check(json!({ "PrefixListName": "offices", "MaxEntries": 10, ENTRIES: entries }), 10);
        check(json!({ "PrefixListName": "com.amazonaws.global.cloudfront.origin-facing", ENTRIES: entries }), 55);
        check(json!({ "PrefixListName": "com.amazonaws.us-east-1.s3", ENTRIES: entries }), 1);
        check(json!({ "PrefixListName": "com.amazonaws.us-east-1.s3express" }), 6);
        check(json!({ "PrefixListName": "com.amazonaws.us-east-1.ipv6.vpc-lattice", "MaxEntries": 0 }), 10);
        check(json!({ "PrefixListName": "com.amazonaws.us-east-1.new", ENTRIES: entries }), 2);
        check(json!({ "PrefixListName": "shared" }), 1);
    }
}
