//! What is asked of an inventory again and again, looked up instead of searched for.
//!
//! Made once before workloads are weighed and drafted: what one of them costs then depends on itself, not on how much
//! else there is.

use std::collections::BTreeMap;

use super::facet::Role;
use super::id::Id;
use super::inventory::Inventory;
use super::resource::Resource;

/// Indexes over an inventory; every list is in the inventory's order.
pub struct Index<'a> {
    target_groups: BTreeMap<&'a str, Vec<&'a Resource>>,
    elastic: BTreeMap<&'a str, &'a Resource>,
    held: BTreeMap<&'a Id, Vec<&'a Resource>>,
}

impl<'a> Index<'a> {
    /// The indexes of an inventory.
    pub fn of(inventory: &'a Inventory) -> Index<'a> {
        let mut index = Index { target_groups: BTreeMap::new(), elastic: BTreeMap::new(), held: BTreeMap::new() };
        let lists = [Role::TargetGroup, Role::Balancer].into_iter().flat_map(|role| inventory.with_role(role));
        for group in lists {
            for target in group.facets.targets.iter().flat_map(|targets| &targets.members) {
                let groups = index.target_groups.entry(&target.target).or_default();
                if groups.last().is_none_or(|last| last.id != group.id) {
                    groups.push(group);
                }
            }
        }
        for address in inventory.with_role(Role::Address) {
            if let Some(ip) = address.doc["PublicIp"].as_str() {
                index.elastic.entry(ip).or_insert(address);
            }
            if let Some(owner) = &address.facets.owner {
                index.held.entry(owner).or_default().push(address);
            }
        }
        index
    }

    /// The target groups that a target is in (and Classic Load Balancers, which list their targets themselves), by the target's own name: an instance's id, an address, an ARN.
    pub fn target_groups(&self, target: &str) -> &[&'a Resource] {
        self.target_groups.get(target).map_or(&[], Vec::as_slice)
    }

    /// The elastic IP that is this public address.
    pub fn elastic(&self, ip: &str) -> Option<&'a Resource> {
        self.elastic.get(ip).copied()
    }

    /// The elastic IPs that belong to something.
    pub fn held(&self, owner: &Id) -> &[&'a Resource] {
        self.held.get(owner).map_or(&[], Vec::as_slice)
    }
}
