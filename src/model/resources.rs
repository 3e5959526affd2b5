//! Everything in a simulated account, by id, and what is asked for most looked up instead of searched for.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::facet::Role;
use super::few::Few;
use super::id::Id;
use super::resource::Resource;
use super::texts::Indexes;

/// Ids under something that they have in common.
type Under<K> = BTreeMap<K, Few<Id>>;

/// Resources by id; read it as the map that it is. A resource is under what it was when it was put in: its role, its
/// kind and, for an interface, its owner, its subnet and its address, for a balancer its target groups, none of which
/// changes without its being put in again. Copies share what neither of them changes.
#[derive(Clone, Debug, Default)]
pub struct Resources {
    all: BTreeMap<Id, Arc<Resource>>,
    roles: Under<Role>,
    kinds: Under<String>,
    owners: Under<Id>,
    subnets: Under<String>,
    addresses: BTreeMap<String, BTreeMap<Ipv4Addr, usize>>,
    balancers: Under<Id>,
    texts: Indexes,
    touched: BTreeSet<Id>,
}

impl Resources {
    /// What was put in, taken out or opened for change since this was asked last.
    pub fn take_touched(&mut self) -> BTreeSet<Id> {
        std::mem::take(&mut self.touched)
    }

    /// Puts one in; what had its id goes.
    pub fn insert(&mut self, id: Id, resource: impl Into<Arc<Resource>>) {
        let resource: Arc<Resource> = resource.into();
        self.remove(&id);
        put(&mut self.roles, &resource.role, &id);
        match self.kinds.get_mut(&resource.kind) {
            Some(list) => list.insert(id.clone()),
            None => put(&mut self.kinds, &resource.kind, &id),
        }
        if resource.role == Role::Interface {
            if let Some(owner) = &resource.facets.owner {
                put(&mut self.owners, owner, &id);
            }
            if let Some(subnet) = resource.doc["SubnetId"].as_str() {
                self.subnets.entry(subnet.to_owned()).or_default().insert(id.clone());
                if let Some(address) = address(&resource.doc) {
                    *self.addresses.entry(subnet.to_owned()).or_default().entry(address).or_default() += 1;
                }
            }
        }
        for group in resource.facets.balancing.iter().flat_map(|balancing| &balancing.target_groups) {
            put(&mut self.balancers, group, &id);
        }
        self.texts.changed(&resource.kind, &id);
        self.all.insert(id, resource);
    }

    /// Takes one out.
    pub fn remove(&mut self, id: &Id) {
        self.touched.insert(id.clone());
        let Some(resource) = self.all.remove(id) else { return };
        let subnet = resource.doc["SubnetId"].as_str().unwrap_or_default();
        let owner = resource.facets.owner.as_ref().and_then(|owner| self.owners.get_mut(owner));
        let lists = [self.roles.get_mut(&resource.role), self.kinds.get_mut(&resource.kind), owner, self.subnets.get_mut(subnet)];
        for list in lists.into_iter().flatten() {
            list.remove(id);
        }
        if resource.role == Role::Interface
            && let (Some(used), Some(address)) = (self.addresses.get_mut(subnet), address(&resource.doc))
            && let Some(count) = used.get_mut(&address)
        {
            *count -= 1;
            if *count == 0 {
                used.remove(&address);
            }
        }
        for group in resource.facets.balancing.iter().flat_map(|balancing| &balancing.target_groups) {
            if let Some(list) = self.balancers.get_mut(group) {
                list.remove(id);
            }
        }
        self.texts.changed(&resource.kind, id);
    }

    /// A document, to be changed.
    pub fn doc_mut(&mut self, id: &Id) -> Option<&mut Value> {
        self.touched.insert(id.clone());
        let resource = self.all.get_mut(id)?;
        self.texts.changed(&resource.kind, id);
        Some(Arc::make_mut(&mut Arc::make_mut(resource).doc))
    }

    /// One by its id.
    pub fn get(&self, id: &Id) -> Option<&Resource> {
        self.all.get(id).map(Arc::as_ref)
    }

    /// All of them.
    pub fn values(&self) -> impl Iterator<Item = &Resource> {
        self.all.values().map(Arc::as_ref)
    }

    /// All with a role.
    pub fn with_role(&self, role: Role) -> impl Iterator<Item = &Resource> {
        self.under(self.roles.get(&role))
    }

    /// How many have a role.
    pub fn count_of(&self, role: Role) -> usize {
        self.roles.get(&role).map_or(0, Few::len)
    }

    /// All of a kind.
    pub fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Resource> {
        self.under(self.kinds.get(kind))
    }

    /// All of a kind in whose documents a path selects a text (or what reads so, such as `true`), in the order of their
    /// ids: what a search through all of the kind would find.
    pub fn having(&self, kind: &str, at: &str, text: &str) -> impl Iterator<Item = &Resource> {
        self.texts.having(kind, at, text, self).into_iter().filter_map(|id| self.get(&id))
    }

    /// How many [`Resources::having`] would find.
    pub fn count_having(&self, kind: &str, at: &str, text: &str) -> usize {
        self.texts.count(kind, at, text, self)
    }

    /// All of a kind in whose documents a path selects anything.
    pub fn telling(&self, kind: &str, at: &str) -> impl Iterator<Item = &Resource> {
        self.texts.telling(kind, at, self).into_iter().filter_map(|id| self.get(&id))
    }

    /// The interfaces that belong to a thing.
    pub fn interfaces_of(&self, owner: &Id) -> impl Iterator<Item = &Resource> {
        self.under(self.owners.get(owner))
    }

    /// The interfaces in a subnet.
    pub fn interfaces_in(&self, subnet: &str) -> impl Iterator<Item = &Resource> {
        self.under(self.subnets.get(subnet))
    }

    /// How many interfaces are in a subnet.
    pub fn count_in(&self, subnet: &str) -> usize {
        self.subnets.get(subnet).map_or(0, Few::len)
    }

    /// The first of these addresses, which must ascend, that is no interface's primary address in a subnet.
    pub fn free_address(&self, subnet: &str, mut ascending: impl Iterator<Item = Ipv4Addr>) -> Option<Ipv4Addr> {
        let mut used = self.addresses.get(subnet).into_iter().flat_map(BTreeMap::keys).peekable();
        ascending.find(|address| {
            while used.next_if(|other| *other < address).is_some() {}
            used.peek() != Some(&address)
        })
    }

    /// The balancers that send to a target group.
    pub fn balancers_of(&self, group: &Id) -> impl Iterator<Item = &Resource> {
        self.under(self.balancers.get(group))
    }

    fn under<'a>(&'a self, ids: Option<&'a Few<Id>>) -> impl Iterator<Item = &'a Resource> {
        ids.into_iter().flat_map(Few::iter).filter_map(|id| self.get(id))
    }
}

fn put<K: Ord + Clone>(under: &mut Under<K>, key: &K, id: &Id) {
    under.entry(key.clone()).or_default().insert(id.clone());
}

/// An interface's primary address, as its document has it.
fn address(doc: &Value) -> Option<Ipv4Addr> {
    doc["PrivateIpAddress"].as_str()?.parse().ok()
}

impl Deref for Resources {
    type Target = BTreeMap<Id, Arc<Resource>>;

    fn deref(&self) -> &BTreeMap<Id, Arc<Resource>> {
        &self.all
    }
}

impl<R: Into<Arc<Resource>>> From<BTreeMap<Id, R>> for Resources {
    fn from(all: BTreeMap<Id, R>) -> Resources {
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
        to.collect_map(self.all.iter().map(|(id, resource)| (id, &**resource)))
    }
}

impl<'de> Deserialize<'de> for Resources {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Resources, D::Error> {
        BTreeMap::<Id, Resource>::deserialize(from).map(Resources::from)
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
                resources.insert(id.clone(), Resource { id, kind, role, name, tags: BTreeMap::new(), facets, doc: doc.into() });
            }
            let search = |fits: &dyn Fn(&&Resource) -> bool| -> Vec<Resource> { resources.values().filter(fits).cloned().collect() };
            let all = |found: &mut dyn Iterator<Item = &Resource>| -> Vec<Resource> { found.cloned().collect() };
            let interface = |r: &&Resource| r.role == Role::Interface;
            prop_assert_eq!(all(&mut resources.with_role(Role::Interface)), search(&interface));
            prop_assert_eq!(all(&mut resources.of_kind("kind-1")), search(&|r| r.kind == "kind-1"));
            prop_assert_eq!(all(&mut resources.interfaces_in("s-1")), search(&|r| interface(r) && r.doc["SubnetId"] == "s-1"));
            prop_assert_eq!(all(&mut resources.having("kind-2", "SubnetId", "s-2")), search(&|r| r.kind == "kind-2"));
            prop_assert_eq!(resources.count_in("s-1"), search(&|r| interface(r) && r.doc["SubnetId"] == "s-1").len());
            prop_assert_eq!(all(&mut resources.interfaces_of(&"owner".into())), search(&|r| interface(r) && r.facets.owner.is_some()));
        }
    }
}
