//! What exists in one account, region and VPC at one moment.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::facet::{Role, Routing};
use super::id::Id;
use super::resource::Resource;

/// A look that was not possible.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Missing {
    /// The read that AWS refused, such as `lambda:ListFunctions`; or what a dump folder lacks.
    pub operation: String,
    /// AWS's code and words.
    pub why: String,
}

/// What was seen; immutable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inventory {
    /// Format of this file; 1.
    pub version: u32,
    /// The account's twelve digits.
    pub account: String,
    /// The region.
    pub region: String,
    /// The VPC.
    pub vpc: Id,
    /// When the look began, RFC 3339, UTC.
    pub taken_at: String,
    /// What could not be looked at.
    #[serde(default)]
    pub missing: Vec<Missing>,
    /// Everything found, by id. Who plays with it shares what does not change.
    #[serde(with = "as_list")]
    pub resources: BTreeMap<Id, Arc<Resource>>,
}

/// The file holds a list: a resource names its own id.
mod as_list {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use serde::de::{SeqAccess, Visitor};
    use serde::{Deserializer, Serializer};

    use super::{Id, Resource};
    use crate::model::tight::tight;

    pub fn serialize<S: Serializer>(map: &BTreeMap<Id, Arc<Resource>>, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(map.values().map(Arc::as_ref))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<Id, Arc<Resource>>, D::Error> {
        from.deserialize_seq(ById)
    }

    /// Takes one after the other, so that there is never more than one as it was read.
    struct ById;

    impl<'de> Visitor<'de> for ById {
        type Value = BTreeMap<Id, Arc<Resource>>;

        fn expecting(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            to.write_str("a list of resources")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut all = BTreeMap::new();
            while let Some(resource) = list.next_element::<Resource>()? {
                let doc = Arc::new(tight(Arc::unwrap_or_clone(resource.doc)));
                all.insert(resource.id.clone(), Arc::new(Resource { doc, ..resource }));
            }
            Ok(all)
        }
    }
}

impl Inventory {
    /// A resource by id.
    pub fn get(&self, id: &Id) -> Option<&Resource> {
        self.resources.get(id).map(Arc::as_ref)
    }

    /// All resources, in the order of their ids.
    pub fn all(&self) -> impl Iterator<Item = &Resource> + Clone {
        self.resources.values().map(Arc::as_ref)
    }

    /// The name that people use for a resource; the id where it isn't in the inventory.
    pub fn name<'a>(&'a self, id: &'a Id) -> &'a str {
        self.get(id).map_or(id.as_str(), |resource| &resource.name)
    }

    /// All resources with a role, in the order of their ids.
    pub fn with_role(&self, role: Role) -> impl Iterator<Item = &Resource> {
        self.all().filter(move |resource| resource.role == role)
    }

    /// For each part of a workload or balancer, and each address of one, the whole: what target groups know it by.
    pub fn wholes(&self) -> BTreeMap<&str, &Id> {
        let mut out = BTreeMap::new();
        for resource in self.all() {
            let owner = resource.facets.owner.as_ref().filter(|owner| self.get(owner).is_some_and(Resource::is_movable));
            let own = (resource.role == Role::Workload).then_some(&resource.id);
            let Some(whole) = owner.or(own) else { continue };
            out.insert(resource.id.as_str(), whole);
            out.extend(resource.facets.private_addresses.iter().map(|address| (address.as_str(), whole)));
        }
        out
    }

    /// The VPC's own resource.
    pub fn network(&self) -> Option<&Resource> {
        self.get(&self.vpc)
    }

    /// For each subnet the route table that serves it: the explicitly associated one, else the main one.
    pub fn tables(&self) -> BTreeMap<&Id, &Resource> {
        let tables: Vec<&Resource> = self.with_role(Role::RouteTable).collect();
        let main = tables.iter().find(|table| routing(table).is_some_and(|r| r.main)).copied();
        let mut serving: BTreeMap<&Id, &Resource> = BTreeMap::new();
        if let Some(main) = main {
            serving.extend(self.with_role(Role::Subnet).map(|subnet| (&subnet.id, main)));
        }
        for table in tables {
            for (subnet, _) in routing(table).into_iter().flat_map(|r| &r.associations) {
                if let Some((id, _)) = self.resources.get_key_value(subnet) {
                    serving.insert(id, table);
                }
            }
        }
        serving
    }

    /// The subnets whose route table leads to an internet gateway.
    pub fn public_subnets(&self) -> std::collections::BTreeSet<&Id> {
        let public = |table: &Resource| {
            routing(table).is_some_and(|r| {
                r.routes.iter().any(|route| matches!(route.hop, super::facet::Hop::InternetGateway(_)) && !route.blackhole)
            })
        };
        self.tables().into_iter().filter(|(_, table)| public(table)).map(|(subnet, _)| subnet).collect()
    }
}

fn routing(table: &Resource) -> Option<&Routing> {
    table.facets.routing.as_ref()
}
