//! Who is served by whom: balancers and their targets, and those inside the VPC of whom nobody knows more.

use std::collections::BTreeMap;

use crate::model::facet::Role;
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::resource::Resource;

/// Groups of interfaces whose owners this version does not move, and who may well open connections.
pub(super) fn strangers(inventory: &Inventory) -> BTreeMap<&Id, &str> {
    let silent = ["service:rds", "service:elasticache", "service:efs", "service:elasticloadbalancing", "service:lambda"];
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

/// For each target: the balancers that send to it, and on which ports. What registers its parts by itself counts as a
/// target when none of them runs.
pub(super) fn served(inventory: &Inventory) -> BTreeMap<&str, Vec<(&Resource, u16)>> {
    let mut behind: BTreeMap<&Id, Vec<&Resource>> = BTreeMap::new();
    for balancer in inventory.with_role(Role::Balancer) {
        for group in balancer.facets.balancing.iter().flat_map(|b| &b.target_groups) {
            behind.entry(group).or_default().push(balancer);
        }
    }
    let mut out: BTreeMap<&str, Vec<(&Resource, u16)>> = BTreeMap::new();
    let wholes = wholes(inventory);
    for group in inventory.with_role(Role::TargetGroup) {
        let Some(targets) = &group.facets.targets else { continue };
        for target in &targets.members {
            for balancer in behind.get(&group.id).into_iter().flatten() {
                let ports = std::iter::once(target.port).chain(targets.health_port);
                let who = wholes.get(target.target.as_str()).copied().unwrap_or(&target.target);
                out.entry(who).or_default().extend(ports.map(|port| (*balancer, port)));
            }
        }
    }
    for workload in inventory.with_role(Role::Workload) {
        let groups = workload.facets.uses.iter().filter_map(|(group, _)| inventory.get(group));
        for group in groups.filter(|group| group.role == Role::TargetGroup) {
            let known = workload.facets.listens.iter().flatten().map(|ports| ports.from);
            let usual = group.doc["Port"].as_u64().and_then(|port| u16::try_from(port).ok()).filter(|_| workload.facets.listens.is_none());
            let ports: Vec<u16> = known.chain(usual).chain(group.facets.targets.as_ref().and_then(|t| t.health_port)).collect();
            for balancer in behind.get(&group.id).into_iter().flatten() {
                out.entry(workload.id.as_str()).or_default().extend(ports.iter().map(|port| (*balancer, *port)));
            }
        }
    }
    out
}

/// For each address, and each part of a workload, the workload: what a balancer knows it by.
fn wholes(inventory: &Inventory) -> BTreeMap<&str, &str> {
    let mut out = BTreeMap::new();
    for part in inventory.resources.values() {
        let Some(owner) = part.facets.owner.as_ref().filter(|owner| inventory.get(owner).is_some_and(Resource::is_movable)) else {
            continue;
        };
        out.insert(part.id.as_str(), owner.as_str());
        out.extend(part.facets.private_addresses.iter().map(|address| (address.as_str(), owner.as_str())));
    }
    out
}
