//! Traffic that changes its address: who leaves by an internet gateway today and by a NAT gateway tomorrow, the gate
//! before that happens, and who inside the VPC is called by a public address.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Gate;
use super::decide::{Decision, Decisions};
use super::network::Network;
use crate::model::facet::Role;
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::network::Peer;
use crate::model::path;
use crate::model::resource::Resource;
use crate::model::step::{Stage, Step};
use crate::model::strategy::Strategy;
use crate::model::text::counted;

/// From which public addresses a workload's connections come, today and afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Egress {
    /// The workload.
    pub workload: Id,
    /// Its name.
    pub name: String,
    /// Today: addresses that stay the same from day to day. Empty: they change with each launch, or there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub old: Vec<String>,
    /// Afterwards: the elastic IPs of the NAT gateways of its zones, as references to the steps that allocate them.
    pub new: Vec<String>,
}

/// What leaves by other addresses afterwards.
pub fn egress(inventory: &Inventory, decisions: &Decisions<'_>, network: &Network) -> Vec<Egress> {
    let moved = decisions.by_workload.iter().filter(|(_, decision)| leaves_elsewhere(decision));
    moved.filter_map(|(id, _)| one(inventory.get(id)?, inventory, decisions, network)).collect()
}

fn leaves_elsewhere(decision: &Decision) -> bool {
    decision.moves && !matches!(decision.strategy, Strategy::Stay | Strategy::Skip | Strategy::Retire)
}

fn one(resource: &Resource, inventory: &Inventory, decisions: &Decisions<'_>, network: &Network) -> Option<Egress> {
    if !resource.facets.initiates {
        return None;
    }
    let zone = |subnet: &Id| Some(path::text(&inventory.get(subnet)?.doc, "AvailabilityZone").to_owned());
    let mut zones: Vec<String> = resource.subnets().iter().filter(|s| decisions.public.contains(s)).filter_map(zone).collect();
    zones.sort();
    zones.dedup();
    let mut new: Vec<String> = zones.iter().filter_map(|zone| network.egress.get(zone).cloned()).collect();
    new.dedup();
    let old = resource.facets.public_addresses.iter().map(|address| address.ip.clone()).collect();
    (!new.is_empty()).then(|| Egress { workload: resource.id.clone(), name: resource.name.clone(), old, new })
}

/// Old addresses told in the gate's question; a person can't compare more at night.
const TOLD: usize = 8;

/// The gate before the first step by which something leaves by another address.
pub fn gate(egress: &[Egress], steps: &[Step]) -> Option<Gate> {
    let additive = [Stage::Foundation, Stage::Access, Stage::Guard, Stage::Endpoints];
    let before = steps.iter().map(|step| step.stage).filter(|stage| !additive.contains(stage)).min()?;
    let mut by_new: BTreeMap<&Vec<String>, (Vec<&str>, usize)> = BTreeMap::new();
    for one in egress {
        let entry = by_new.entry(&one.new).or_default();
        entry.0.extend(one.old.iter().map(String::as_str));
        entry.1 += 1;
    }
    let details = by_new.into_iter().map(|(new, (mut old, count))| {
        old.sort_unstable();
        let more = old.len().saturating_sub(TOLD);
        let mut told = if old.is_empty() { "no fixed address".to_owned() } else { old[..old.len() - more].join(", ") };
        if more > 0 {
            told.push_str(&format!(" and {more} more (in the plan, by workload)"));
        }
        format!("{} leaving by {told} today will leave by {}", counted(count, "workload"), new.join(", "))
    });
    let details: Vec<String> = details.collect();
    (!details.is_empty()).then(|| Gate {
        id: "allow-lists".to_owned(),
        before,
        asks: "Has everybody who allow-lists the old addresses added the new ones?".to_owned(),
        details,
        check: None,
    })
}

/// Rules that let in the public address of something in this VPC: somebody inside calls it, or is called, by a public
/// name. Rules by group id match private addresses only, so such a caller is to be led to the private name.
pub fn called_by_public_address(inventory: &Inventory) -> Vec<String> {
    let mut owners: BTreeMap<&str, &Resource> = BTreeMap::new();
    for resource in inventory.all().filter(|r| r.is_movable()) {
        owners.extend(resource.facets.public_addresses.iter().map(|address| (address.ip.as_str(), resource)));
    }
    let mut out = Vec::new();
    for group in inventory.with_role(Role::Group) {
        for rule in group.facets.rules.iter().flat_map(|rules| &rules.ingress) {
            let Peer::Cidr(net) = &rule.peer else { continue };
            let single = net.prefix_len() == net.max_prefix_len();
            let Some(owner) = owners.get(net.addr().to_string().as_str()).filter(|_| single) else { continue };
            out.push(format!(
                "group {} lets in {}, the public address of {}: somebody inside the VPC is called by a public name; lead {} to the private name before it moves",
                group.name,
                net.addr(),
                owner.name,
                owner.name
            ));
        }
    }
    out.sort();
    out.dedup();
    out
}
