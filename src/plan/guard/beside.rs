//! Rules for groups that stay as they are: who they let in comes with a new group, or from a new subnet.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::designer::Designer;
use super::{Addition, Design};
use crate::model::facet::Role;
use crate::model::id::Id;
use crate::model::network::{Peer, Rule};
use crate::model::resource::Resource;
use crate::model::strategy::{NewRule, Strategy};

/// The rules to add.
pub fn additions(designer: &Designer<'_>, designs: &BTreeMap<Id, Design>) -> Vec<Addition> {
    let input = designer.input;
    let mut out = Vec::new();
    let keepers = || designs.iter().filter(|(_, design)| design.plan.group.is_none()).filter_map(|(id, _)| input.inventory.get(id));
    for resource in keepers() {
        let rules = designer.developers(resource);
        out.extend(resource.groups().first().filter(|_| !rules.is_empty()).map(|group| (group.clone(), rules)));
    }
    // A member of a cluster goes with its cluster.
    let stays = |r: &Resource| {
        let chosen = |id: &Id| input.chosen.get(id).map(|(strategy, _)| *strategy == Strategy::Skip);
        chosen(r.facets.owner.as_ref().filter(|_| r.role == Role::Bystander).unwrap_or(&r.id)).unwrap_or(r.role == Role::Bystander)
    };
    let worn: BTreeSet<&Id> = input.inventory.all().filter(|r| stays(r)).chain(keepers()).flat_map(Resource::groups).collect();
    for group in worn {
        let mut rules: Vec<NewRule> = designer.peers.ingress(group).iter().flat_map(|rule| anew(rule, designer, designs)).collect();
        rules.sort_by_key(|(ports, peer, _)| (ports.clone(), peer.to_string()));
        rules.dedup_by(|a, b| a.0 == b.0 && a.1 == b.1);
        if !rules.is_empty() {
            out.push((group.clone(), rules));
        }
    }
    out
}

/// What a rule that stays no longer lets in, for those who come with a new group: whom it names by group, or by a range
/// that is a part of the VPC.
fn anew(rule: &Rule, designer: &Designer<'_>, designs: &BTreeMap<Id, Design>) -> Vec<NewRule> {
    let source = match &rule.peer {
        Peer::Group(source) => designer.input.inventory.name(source).to_owned(),
        Peer::Cidr(net) if !designer.peers.is_everywhere(net) => net.to_string(),
        Peer::Cidr(_) | Peer::PrefixList(_) => return Vec::new(),
    };
    let mut rules = Vec::new();
    let nobody = Id::from("");
    for workload in designer.peers.workloads(&rule.peer, &nobody) {
        let Some(design) = designs.get(&workload.id).filter(|d| d.plan.group.is_some()) else { continue };
        let why = format!("{} came with {source}", workload.name);
        rules.extend(design.wears.iter().map(|g| (rule.ports.clone(), json!({ "GroupId": g }), why.clone())));
    }
    rules
}
