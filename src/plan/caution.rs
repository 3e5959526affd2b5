//! What a person should know of a plan beside its steps: who would revert it, and what breaks without a sound.

use std::collections::BTreeMap;

use super::decide::{Decision, Decisions};
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::network::{Peer, Protocol, Rule, is_world};
use crate::model::resource::Resource;
use crate::model::strategy::Strategy;

/// How many names a warning gives.
const NAMES: usize = 8;

fn moved<'a>(decisions: &'a Decisions<'_>) -> impl Iterator<Item = (&'a Id, &'a Decision)> {
    decisions.by_workload.iter().filter(|(_, d)| d.moves && d.strategy != Strategy::Skip)
}

/// Tools that own what the plan changes: they put it back at their next run unless their source is changed as well.
pub fn owned_by_tools(inventory: &Inventory, decisions: &Decisions<'_>) -> Vec<String> {
    let mut owners: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let workloads = moved(decisions).filter_map(|(id, _)| inventory.get(id));
    let subnets = decisions.flipping.iter().filter_map(|id| inventory.get(id));
    for resource in workloads.chain(subnets) {
        if let Some(owner) = owner(resource) {
            owners.entry(owner).or_default().push(&resource.name);
        }
    }
    owners
        .into_iter()
        .map(|(owner, names)| {
            format!("{owner} owns {}: change its source as well, or its next run puts them back into public subnets", some_of(&names))
        })
        .collect()
}

/// CloudFormation tags what it makes; Terraform doesn't, but people do.
fn owner(resource: &Resource) -> Option<String> {
    if let Some(stack) = resource.tags.get("aws:cloudformation:stack-name") {
        return Some(format!("CloudFormation stack {stack}"));
    }
    let says = |text: &str| text.to_lowercase().contains("terraform");
    let told = |(key, value): (&String, &String)| (says(key) && !["false", "no"].contains(&value.as_str())) || says(value);
    resource.tags.iter().any(told).then(|| "Terraform (by its tags)".to_owned())
}

/// Workloads that keep their interfaces and whose groups are open both ways: their connections are not tracked, and
/// break silently when the rule that admits them goes (EC2 guide, `security-group-connection-tracking.md`).
pub fn untracked(inventory: &Inventory, decisions: &Decisions<'_>, regrouped: &dyn Fn(&Id) -> bool) -> Vec<String> {
    let stays = |strategy: Strategy| matches!(strategy, Strategy::Flip | Strategy::Stay);
    let found = moved(decisions).filter(|(id, decision)| stays(decision.strategy) && regrouped(id));
    let open = |resource: &&Resource| {
        let rules = |which: fn(&crate::model::facet::RuleSet) -> &Vec<Rule>| {
            resource.groups().iter().filter_map(|group| inventory.get(group)?.facets.rules.as_ref()).flat_map(which)
        };
        let world = |rule: &Rule| matches!(&rule.peer, Peer::Cidr(net) if is_world(net));
        rules(|rules| &rules.ingress).any(world)
            && rules(|rules| &rules.egress).any(|rule| world(rule) && rule.ports.protocol == Protocol::All)
    };
    let names: Vec<&str> = found.filter_map(|(id, _)| inventory.get(id)).filter(open).map(|r| r.name.as_str()).collect();
    if names.is_empty() {
        return Vec::new();
    }
    vec![format!(
        "{} keep their interfaces, and groups open to the world both ways admit their connections untracked: when those groups come off (tighten), such connections hang without a reset until they time out. Let new connections form first (the new groups are on since guard), and recycle connection pools right after",
        some_of(&names)
    )]
}

/// Names, the first few of many.
pub(super) fn some_of(names: &[&str]) -> String {
    let shown = names[..names.len().min(NAMES)].join(", ");
    if names.len() > NAMES { format!("{shown} and {} more", names.len() - NAMES) } else { shown }
}
