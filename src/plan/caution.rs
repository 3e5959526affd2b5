//! What a person should know of a plan beside its steps: who would revert it, and what breaks without a sound.

use std::collections::BTreeMap;

use super::decide::{Decision, Decisions};
use crate::model::id::Id;
use crate::model::inventory::Inventory;
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

/// Names, the first few of many.
pub(super) fn some_of(names: &[&str]) -> String {
    let shown = names[..names.len().min(NAMES)].join(", ");
    if names.len() > NAMES { format!("{shown} and {} more", names.len() - NAMES) } else { shown }
}
