//! One thing that exists.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::facet::{Facets, Role};
use super::id::Id;

/// What AWS said about a thing. Copies share it.
pub type Doc = Arc<Value>;

/// One thing that exists in the account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resource {
    /// Its name in inventory, graph and plan.
    pub id: Id,
    /// Its kind's name, such as `ec2_instance`.
    pub kind: String,
    /// The part it plays.
    pub role: Role,
    /// What people call it: the `Name` tag or the service's own name; the id where there is neither.
    pub name: String,
    /// Its tags.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// What the kind says about it.
    pub facets: Facets,
    /// What AWS said about it, in the CLI's shape, without secrets: most of what a resource takes.
    pub doc: Doc,
}

impl Resource {
    /// Its subnets; empty where it has none.
    pub fn subnets(&self) -> &[Id] {
        self.facets.placement.as_ref().map_or(&[], |placement| &placement.subnets)
    }

    /// What places it together with others, and carries it across together with them: its subnet group.
    pub fn unit(&self) -> Option<&Id> {
        self.facets.placement.as_ref().and_then(|placement| placement.through.as_ref())
    }

    /// The groups it wears.
    pub fn groups(&self) -> &[Id] {
        self.facets.guard.as_ref().map_or(&[], |guard| &guard.groups)
    }

    /// Its addresses, private and public.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        let public = self.facets.public_addresses.iter().map(|address| address.ip.as_str());
        self.facets.private_addresses.iter().chain(&self.facets.v6_addresses).map(String::as_str).chain(public)
    }

    /// Whether it is something that can be moved.
    pub fn is_movable(&self) -> bool {
        matches!(self.role, Role::Workload | Role::Balancer)
    }

    /// Whether the internet can reach its public address or name, groups and routes apart.
    pub fn has_public_address(&self) -> bool {
        self.facets.publicly_accessible || !self.facets.public_addresses.is_empty()
    }
}

/// `Tags` (or `TagList`, `TagSet`) of a describe answer: `[{Key, Value}]` or `{key: value}`.
pub fn tags_of(doc: &Value) -> BTreeMap<String, String> {
    let list = ["Tags", "TagSet", "TagList"].iter().map(|key| &doc[*key]).find(|value| !value.is_null());
    match list {
        Some(Value::Array(tags)) => {
            tags.iter().filter_map(|tag| Some((tag["Key"].as_str()?.to_owned(), tag["Value"].as_str().unwrap_or("").to_owned()))).collect()
        }
        Some(Value::Object(tags)) => tags.iter().map(|(key, value)| (key.clone(), value.as_str().unwrap_or("").to_owned())).collect(),
        _ => BTreeMap::new(),
    }
}
