//! Who is beside a workload: those that nobody moves, and the balancers that send to it.

use std::collections::BTreeMap;

use crate::model::facet::Role;
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::network::Ports;
use crate::model::resource::Resource;

/// Groups of interfaces whose owners this version does not move, and who may well open connections.
pub fn strangers(inventory: &Inventory) -> BTreeMap<&Id, &str> {
    let silent = ["service:rds", "service:elasticache", "cachegroup:", "service:efs", "service:elasticloadbalancing", "service:lambda"];
    let mut out = BTreeMap::new();
    for interface in inventory.with_role(Role::Interface) {
        let owner = match &interface.facets.owner {
            Some(owner) if inventory.get(owner).is_none_or(|r| r.role == Role::Bystander) => owner.as_str(),
            None => "an unknown owner",
            Some(_) => continue,
        };
        let function = owner.starts_with("function:") || owner.starts_with("vpce-") || owner.starts_with("nat-");
        if !function && !silent.iter().any(|prefix| owner.starts_with(prefix)) {
            out.extend(interface.groups().iter().map(|group| (group, owner)));
        }
    }
    out
}

/// For each target: the balancers that send to it, and on which ports. A Classic Load Balancer names its targets itself.
pub fn served(inventory: &Inventory) -> BTreeMap<&str, Vec<(&Resource, Ports)>> {
    let mut behind: BTreeMap<&Id, Vec<&Resource>> = BTreeMap::new();
    for balancer in inventory.with_role(Role::Balancer) {
        for group in balancer.facets.balancing.iter().flat_map(|b| &b.target_groups) {
            behind.entry(group).or_default().push(balancer);
        }
        if balancer.facets.targets.is_some() {
            behind.entry(&balancer.id).or_default().push(balancer);
        }
    }
    let mut out: BTreeMap<&str, Vec<(&Resource, Ports)>> = BTreeMap::new();
    for (list, balancers) in behind {
        let Some(targets) = inventory.get(list).and_then(|list| list.facets.targets.as_ref()) else { continue };
        for target in &targets.members {
            for balancer in &balancers {
                out.entry(target.target.as_str()).or_default().extend(targets.ports(target).into_iter().map(|ports| (*balancer, ports)));
            }
        }
    }
    out
}
