//! What becomes of the groups that were replaced.

use std::collections::{BTreeMap, BTreeSet};

use super::Assembly;
use crate::kinds;
use crate::model::facet::Role;
use crate::model::id::Id;
use crate::model::network::Peer;
use crate::model::resource::Resource;
use crate::model::step::{Need, Stage, Step};
use crate::model::strategy::Provision;

impl<'a> Assembly<'a> {
    /// Old groups that nothing wears or names any more, at the very end.
    pub(super) fn drop_groups(&mut self) {
        let replaced: BTreeSet<&Id> = self
            .designs
            .iter()
            .filter(|(_, d)| d.plan.group.is_some())
            .filter_map(|(id, _)| self.inventory.get(id))
            .flat_map(Resource::groups)
            .collect();
        let (users, enders) = (self.users(), self.enders());
        for group in replaced {
            if self.inventory.name(group) == "default" {
                continue;
            }
            if let Some(why) = users.get(group) {
                self.warnings.push(format!("the old group {} is not deleted in cleanup: {why}", self.inventory.name(group)));
                continue;
            }
            let mut steps = kinds::provide(&Provision::DropGroup { group: group.clone() }, &self.intent.migration.value, self.inventory);
            for step in &mut steps {
                step.needs.extend(
                    enders
                        .get(group)
                        .into_iter()
                        .flatten()
                        .map(|id| Need { step: id.clone(), because: "the old instance wears it until it is gone".to_owned() }),
                );
            }
            self.steps.extend(steps);
        }
    }

    /// For each group that is still in use after the migration: by what.
    fn users(&self) -> BTreeMap<&'a Id, String> {
        let moved = |id: &Id| self.designs.get(id).is_some_and(|d| d.plan.group.is_some());
        let mut out = BTreeMap::new();
        for other in self.inventory.with_role(Role::Group) {
            for rule in other.facets.rules.iter().flat_map(|r| r.ingress.iter().chain(&r.egress)) {
                if let Peer::Group(group) = &rule.peer
                    && *group != other.id
                {
                    out.entry(group).or_insert_with(|| format!("group {} names it in a rule", other.name));
                }
            }
        }
        for user in self.inventory.all() {
            for (group, because) in &user.facets.uses {
                out.entry(group).or_insert_with(|| format!("{}: {because}", user.name));
            }
        }
        let goes = |r: &&Resource| match r.role {
            Role::Interface => r
                .facets
                .owner
                .as_ref()
                .is_some_and(|owner| moved(owner) || owner.as_str().starts_with("function:") || owner.as_str() == "service:rds"),
            Role::Bystander => moved(r.facets.owner.as_ref().unwrap_or(&r.id)),
            _ => moved(&r.id),
        };
        for wearer in self.inventory.all().filter(|r| !goes(r)) {
            for group in wearer.groups() {
                out.entry(group).or_insert_with(|| format!("{} still wears it", wearer.name));
            }
        }
        out
    }

    /// For each group the steps by which old instances that wear it go.
    fn enders(&self) -> BTreeMap<&'a Id, Vec<String>> {
        let mut of_move: BTreeMap<&str, Vec<&Step>> = BTreeMap::new();
        for step in self.steps.iter().filter(|s| s.stage == Stage::Cleanup && ends(s)) {
            of_move.entry(&step.of_move).or_default().push(step);
        }
        let mut out: BTreeMap<&Id, Vec<String>> = BTreeMap::new();
        for (id, decision) in &self.decisions.by_workload {
            let (Some(resource), Some(steps)) = (self.inventory.get(id), of_move.get(decision.slug.as_str())) else { continue };
            for group in resource.groups() {
                out.entry(group).or_default().extend(steps.iter().map(|step| step.id.clone()));
            }
        }
        out
    }
}

/// Whether a step ends what wears groups.
fn ends(step: &Step) -> bool {
    ["TerminateInstances", "DeleteDBInstance", "DeleteCacheCluster"].contains(&step.call.operation.name())
}
