//! Everything in a simulated account, by id, and what is asked for most looked up instead of searched for.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::facet::Role;
use super::id::Id;
use super::resource::Resource;

/// Ids under something that they have in common.
type Under<K> = BTreeMap<K, BTreeSet<Id>>;

/// Resources by id; read it as the map that it is. A resource is under what it was when it was put in: its role, its
/// kind and, for an interface, its owner and its subnet, for a balancer its target groups, none of which changes without
/// its being put in again.
#[derive(Clone, Debug, Default)]
pub struct Resources {
    all: BTreeMap<Id, Resource>,
    roles: Under<Role>,
    kinds: Under<String>,
    owners: Under<Id>,
    subnets: Under<String>,
    balancers: Under<Id>,
    touched: BTreeSet<Id>,
}

impl Resources {
    /// What was put in, taken out or opened for change since this was asked last.
    pub fn take_touched(&mut self) -> BTreeSet<Id> {
        std::mem::take(&mut self.touched)
    }

    /// Puts one in; what had its id goes.
    pub fn insert(&mut self, id: Id, resource: Resource) {
        self.remove(&id);
        self.roles.entry(resource.role).or_default().insert(id.clone());
        self.kinds.entry(resource.kind.clone()).or_default().insert(id.clone());
        if resource.role == Role::Interface {
            if let Some(owner) = &resource.facets.owner {
                self.owners.entry(owner.clone()).or_default().insert(id.clone());
            }
            if let Some(subnet) = resource.doc["SubnetId"].as_str() {
                self.subnets.entry(subnet.to_owned()).or_default().insert(id.clone());
            }
        }
        for group in resource.facets.balancing.iter().flat_map(|balancing| &balancing.target_groups) {
            self.balancers.entry(group.clone()).or_default().insert(id.clone());
        }
        self.all.insert(id, resource);
    }

    /// Takes one out.
    pub fn remove(&mut self, id: &Id) {
        self.touched.insert(id.clone());
        let Some(resource) = self.all.remove(id) else { return };
        let owner = resource.facets.owner.as_ref().and_then(|owner| self.owners.get_mut(owner));
        let subnet = resource.doc["SubnetId"].as_str().and_then(|subnet| self.subnets.get_mut(subnet));
        let lists = [self.roles.get_mut(&resource.role), self.kinds.get_mut(&resource.kind), owner, subnet];
        for list in lists.into_iter().flatten() {
            list.remove(id);
        }
        for group in resource.facets.balancing.iter().flat_map(|balancing| &balancing.target_groups) {
            self.balancers.entry(group.clone()).or_default().remove(id);
        }
    }

    /// A document, to be changed.
    pub fn doc_mut(&mut self, id: &Id) -> Option<&mut Value> {
        self.touched.insert(id.clone());
        self.all.get_mut(id).map(|resource| &mut resource.doc)
    }

    /// All with a role.
    pub fn with_role(&self, role: Role) -> impl Iterator<Item = &Resource> {
        self.under(self.roles.get(&role))
    }

    /// All of a kind.
    pub fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Resource> {
        self.under(self.kinds.get(kind))
    }

    /// The interfaces that belong to a thing.
    pub fn interfaces_of(&self, owner: &Id) -> impl Iterator<Item = &Resource> {
        self.under(self.owners.get(owner))
    }

    /// The interfaces in a subnet.
    pub fn interfaces_in(&self, subnet: &str) -> impl Iterator<Item = &Resource> {
        self.under(self.subnets.get(subnet))
    }

    /// The balancers that send to a target group.
    pub fn balancers_of(&self, group: &Id) -> impl Iterator<Item = &Resource> {
        self.under(self.balancers.get(group))
    }

    fn under<'a>(&'a self, ids: Option<&'a BTreeSet<Id>>) -> impl Iterator<Item = &'a Resource> {
        ids.into_iter().flatten().filter_map(|id| self.all.get(id))
    }
}

impl Deref for Resources {
    type Target = BTreeMap<Id, Resource>;

    fn deref(&self) -> &BTreeMap<Id, Resource> {
        &self.all
    }
}

impl From<BTreeMap<Id, Resource>> for Resources {
    fn from(all: BTreeMap<Id, Resource>) -> Resources {
        let mut resources = Resources::default();
        all.into_iter().for_each(|(id, resource)| resources.insert(id, resource));
        resources
    }
}

impl PartialEq for Resources {
    fn eq(&self, other: &Resources) -> bool {
        self.all == other.all
    }
}

impl Serialize for Resources {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.all.serialize(to)
    }
}

impl<'de> Deserialize<'de> for Resources {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Resources, D::Error> {
        BTreeMap::deserialize(from).map(Resources::from)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::model::facet::Facets;

    proptest! {
        #[test]
        fn what_is_looked_up_is_what_a_search_finds(changes in prop::collection::vec((0u8..6, 0u8..3, 0u8..3, any::<bool>()), 0..40)) {
            let mut resources = Resources::default();
            for (id, owner, subnet, gone) in changes {
                let id = Id::new(format!("r-{id}"));
                if gone {
                    resources.remove(&id);
                    continue;
                }
                let role = if owner == 0 { Role::Subnet } else { Role::Interface };
                let facets = Facets { owner: (owner > 1).then(|| Id::from("owner")), ..Facets::default() };
                let doc = json!({ "SubnetId": format!("s-{subnet}") });
                let (kind, name) = (format!("kind-{subnet}"), String::new());
                resources.insert(id.clone(), Resource { id, kind, role, name, tags: BTreeMap::new(), facets, doc });
            }
            let search = |fits: &dyn Fn(&&Resource) -> bool| -> Vec<Resource> { resources.values().filter(fits).cloned().collect() };
            let all = |found: &mut dyn Iterator<Item = &Resource>| -> Vec<Resource> { found.cloned().collect() };
            let interface = |r: &&Resource| r.role == Role::Interface;
            prop_assert_eq!(all(&mut resources.with_role(Role::Interface)), search(&interface));
            prop_assert_eq!(all(&mut resources.of_kind("kind-1")), search(&|r| r.kind == "kind-1"));
            prop_assert_eq!(all(&mut resources.interfaces_in("s-1")), search(&|r| interface(r) && r.doc["SubnetId"] == "s-1"));
            prop_assert_eq!(all(&mut resources.interfaces_of(&"owner".into())), search(&|r| interface(r) && r.facets.owner.is_some()));
        }
    }
}
