//! Who is beside a workload: those that nobody moves, and the balancers that send to it.

use std::collections::BTreeMap;

use crate::model::facet::Role;
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::network::Ports;
use crate::model::resource::Resource;

/// Interfaces whose owners this version does not move, and who may well open connections; each with its owner's name.
pub fn strange_interfaces(inventory: &Inventory) -> Vec<(&Resource, &str)> {
    let silent = ["service:rds", "service:elasticache", "cachegroup:", "service:efs", "service:elasticloadbalancing", "service:lambda"];
    let mut out = Vec::new();
    for interface in inventory.with_role(Role::Interface) {
        let owner = match &interface.facets.owner {
            Some(owner) if inventory.get(owner).is_none_or(|r| r.role == Role::Bystander) => owner.as_str(),
            None => "an unknown owner",
            Some(_) => continue,
        };
        let function = owner.starts_with("function:") || owner.starts_with("vpce-") || owner.starts_with("nat-");
        if !function && !silent.iter().any(|prefix| owner.starts_with(prefix)) {
            out.push((interface, owner));
        }
    }
    out
}

/// A balancer that sends to a target.
#[derive(Clone, Debug)]
pub struct Serving<'a> {
    /// The balancer.
    pub balancer: &'a Resource,
    /// The target group; the balancer itself where it lists its targets.
    pub group: &'a Id,
    /// On which ports.
    pub ports: Ports,
}

/// For each target the balancers that send to it. A Classic Load Balancer names its targets itself. What registers its
/// parts by itself counts as a target when none of them runs.
pub fn served(inventory: &Inventory) -> BTreeMap<&str, Vec<Serving<'_>>> {
    let mut behind: BTreeMap<&Id, Vec<&Resource>> = BTreeMap::new();
    for balancer in inventory.with_role(Role::Balancer) {
        for group in balancer.facets.balancing.iter().flat_map(|b| &b.target_groups) {
            behind.entry(group).or_default().push(balancer);
        }
        if balancer.facets.targets.is_some() {
            behind.entry(&balancer.id).or_default().push(balancer);
        }
    }
    let wholes = inventory.wholes();
    let mut out: BTreeMap<&str, Vec<Serving<'_>>> = BTreeMap::new();
    for (group, balancers) in &behind {
        let Some(targets) = inventory.get(group).and_then(|list| list.facets.targets.as_ref()) else { continue };
        for target in &targets.members {
            let who = wholes.get(target.target.as_str()).map_or(target.target.as_str(), |whole| whole.as_str());
            for balancer in balancers {
                let ports = targets.ports(target).into_iter();
                out.entry(who).or_default().extend(ports.map(|ports| Serving { balancer, group, ports }));
            }
        }
    }
    for workload in inventory.with_role(Role::Workload) {
        for (group, _) in &workload.facets.uses {
            for balancer in behind.get(group).into_iter().flatten() {
                let ports = usual_ports(workload, inventory.get(group)).into_iter();
                out.entry(workload.id.as_str()).or_default().extend(ports.map(|ports| Serving { balancer, group, ports }));
            }
        }
    }
    out
}

/// The ports on which a workload's parts are registered in a target group: those it listens on, else the group's own.
fn usual_ports(workload: &Resource, group: Option<&Resource>) -> Vec<Ports> {
    let own = || group.and_then(|group| u16::try_from(group.doc["Port"].as_u64()?).ok()).map(Ports::tcp).into_iter().collect();
    let health = group.and_then(|group| group.facets.targets.as_ref()?.health_port).map(Ports::tcp);
    workload.facets.listens.clone().unwrap_or_else(own).into_iter().chain(health).collect()
}
