//! From decisions to steps.

mod old_groups;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::access::{self, Access};
use super::decide::{Decision, Decisions, Prefer, decide_as};
use super::guard::{self, Design};
use super::intent::{Intent, Problem};
use super::network::{self, Network};
use super::problem::nearest;
use super::vouch::Vouch;
use super::{Move, Plan, SubnetPlan, flows, lint, order, prove};
use super::{caution, cost, egress, names, quotas, unseen};
use crate::kinds;
use crate::model::facet::Role;
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::network::{Ports, description};
use crate::model::path;
use crate::model::resource::Resource;
use crate::model::seen::Seen;
use crate::model::step::{Need, Stage, Step};
use crate::model::strategy::{Blocker, Member, NewRule, Provision, Renumbering, Scene, Strategy};

/// As many members of a target group as the proof finds turns for.
const TOLD_APART: usize = 6;

/// AWS's default of security groups per interface (VPC quotas page).
const GROUPS_PER_INTERFACE: usize = 5;

/// Plans.
///
/// # Errors
/// If the intent names what isn't in the inventory.
pub fn plan(intent: &Intent, inventory: &Inventory, intent_sha256: &str, inventory_sha256: &str) -> Result<Plan, Problem> {
    assemble(intent, inventory, Prefer::Least, None, (intent_sha256, inventory_sha256))
}

/// Plans with what flow logs showed, and the hash of its file.
///
/// # Errors
/// As [`plan`].
pub fn plan_seen(
    intent: &Intent,
    inventory: &Inventory,
    seen: Option<(&Seen, &str)>,
    intent_sha256: &str,
    inventory_sha256: &str,
) -> Result<Plan, Problem> {
    let mut plan = assemble(intent, inventory, Prefer::Least, seen.map(|(seen, _)| seen), (intent_sha256, inventory_sha256))?;
    plan.flows_sha256 = seen.map(|(_, sha256)| sha256.to_owned());
    Ok(plan)
}

/// A plan before its proof: with the orders that AWS and the strategies ask for, and without those that a flow or a target
/// group needs. For reading and measuring; it must not be run.
///
/// # Errors
/// As [`plan`].
pub fn unproved(intent: &Intent, inventory: &Inventory) -> Result<Plan, Problem> {
    let decisions = decide_as(intent, inventory, Prefer::Least)?;
    draft(intent, inventory, &decisions, None, ("", ""))
}

/// Plans with a preference for the strategies that the intent leaves open.
///
/// # Errors
/// As [`plan`].
pub(super) fn assemble(
    intent: &Intent,
    inventory: &Inventory,
    prefer: Prefer,
    seen: Option<&Seen>,
    (intent_sha256, inventory_sha256): (&str, &str),
) -> Result<Plan, Problem> {
    let decisions = decide_as(intent, inventory, prefer)?;
    let mut plan = draft(intent, inventory, &decisions, seen, (intent_sha256, inventory_sha256))?;
    if plan.blockers.is_empty() {
        prove::complete(&mut plan, inventory, &flows::known(intent, inventory, seen, &decisions)?, intent.limits);
    }
    debug_assert_eq!(lint::lint(&plan), Vec::new(), "the planner made an unsound plan");
    Ok(plan)
}

fn draft(
    intent: &Intent,
    inventory: &Inventory,
    decisions: &Decisions<'_>,
    seen: Option<&Seen>,
    (intent_sha256, inventory_sha256): (&str, &str),
) -> Result<Plan, Problem> {
    let network = network::lay(intent, inventory, decisions);
    let mut assembly = Assembly::new(intent, inventory, decisions, &network, seen)?;
    assembly.foundation();
    assembly.access();
    assembly.groups();
    assembly.endpoints();
    assembly.moves();
    assembly.units();
    assembly.names();
    assembly.turn_takes();
    assembly.flips();
    assembly.drop_groups();
    let gates = super::gates::gates(&intent.gates, inventory)?;
    let mut plan = assembly.finish(intent_sha256, inventory_sha256);
    plan.gates.extend(gates);
    plan.hooks = intent.hooks.iter().map(super::hooks::HookWish::read).collect::<Result<_, Problem>>()?;
    plan.approvals = intent.approvals.as_ref().map(super::approvals::ApprovalsWish::read).transpose()?;
    let approved = plan.approvals.iter().flat_map(super::approvals::Approvals::gates);
    plan.gates = approved.chain(std::mem::take(&mut plan.gates)).collect();
    let unknown = intent.postponed.iter().find(|step| plan.step(&step.value).is_none());
    match unknown {
        None => Ok(plan),
        Some(step) => {
            let near = nearest(&step.value, plan.steps.iter().map(|step| step.id.as_str()));
            let hint = near.map_or("a step's id, as plan.yaml has them".to_owned(), |near| format!("did you mean `{near}`?"));
            Err(Problem::at(step, format!("the plan has no step `{}` that could be postponed", step.value), &hint))
        }
    }
}

struct Assembly<'a> {
    intent: &'a Intent,
    inventory: &'a Inventory,
    decisions: &'a Decisions<'a>,
    network: &'a Network,
    access: Access,
    smokes: BTreeMap<Id, &'a Value>,
    designs: BTreeMap<Id, Design>,
    additions: Vec<(Id, Vec<NewRule>)>,
    renumbered: Vec<Renumbering>,
    steps: Vec<Step>,
    moves: Vec<Move>,
    subnets: Vec<SubnetPlan>,
    blockers: Vec<Blocker>,
    warnings: Vec<String>,
}

impl<'a> Assembly<'a> {
    fn new(
        intent: &'a Intent,
        inventory: &'a Inventory,
        decisions: &'a Decisions<'a>,
        network: &'a Network,
        seen: Option<&Seen>,
    ) -> Result<Assembly<'a>, Problem> {
        let vouch = Vouch::new(intent, &decisions.names, seen)?;
        let (units, unheeded) = guard::units(intent, inventory, decisions)?;
        let mut smokes = BTreeMap::new();
        for choice in &intent.workloads {
            if let Some(smoke) = &choice.smoke {
                smokes.insert(decisions.names.find(&choice.name)?, &smoke.payload);
            }
        }
        let chosen = decisions
            .by_workload
            .iter()
            .map(|(id, d)| (id.clone(), (if d.moves { d.strategy } else { Strategy::Skip }, d.slug.clone())))
            .collect();
        let developers = json!("${group-client-vpn.GroupId}");
        let input = guard::Input {
            inventory,
            migration: &intent.migration.value,
            chosen: &chosen,
            vouch: &vouch,
            units: &units,
            developers: intent.client_vpn.is_some().then_some(&developers),
        };
        let (designs, additions) = guard::design(&input);
        let mut blockers = decisions.blockers.clone();
        blockers.extend(network.blockers.iter().cloned());
        let mut warnings = decisions.warnings.clone();
        warnings.extend(network.warnings.iter().cloned());
        warnings.extend(unheeded);
        warnings.extend(vouch.warnings(inventory));
        let access = access::design(intent, inventory, decisions, network)?;
        warnings.extend(access.warnings.iter().cloned());
        let subnets = network.subnets.clone();
        Ok(Assembly {
            intent,
            inventory,
            decisions,
            network,
            access,
            smokes,
            designs,
            additions,
            renumbered: Vec::new(),
            steps: Vec::new(),
            moves: Vec::new(),
            subnets,
            blockers,
            warnings,
        })
    }

    fn provide(&mut self, provision: &Provision) {
        self.steps.extend(kinds::provide(provision, &self.intent.migration.value, self.inventory));
    }

    fn foundation(&mut self) {
        for provision in &self.network.provisions {
            self.provide(provision);
        }
    }

    /// Roles and profiles by which Session Manager reaches instances.
    fn access(&mut self) {
        let provisions = std::mem::take(&mut self.access.provisions);
        for provision in &provisions {
            let mut steps = kinds::provide(provision, &self.intent.migration.value, self.inventory);
            // The Client VPN's own group comes with it, before the others.
            steps.iter_mut().for_each(|step| step.stage = Stage::Access);
            self.steps.extend(steps);
        }
    }

    /// All groups empty first, then their rules: cycles are harmless that way.
    fn groups(&mut self) {
        let mut rules = Vec::new();
        let mut made = Vec::new();
        for (id, design) in &self.designs {
            // What is shared is made once.
            let Some(name) = design.plan.group.as_ref().filter(|_| design.plan.workload == *id) else { continue };
            let names: Vec<&str> = std::iter::once(id).chain(&design.plan.with).map(|id| self.inventory.name(id)).collect();
            let guarded = description(&format!("{}, guarded by itself since migration {}", names.join(", "), self.intent.migration.value));
            made.push(Provision::Group { key: design.key.clone(), name: name.clone(), description: guarded });
            if !design.rules.is_empty() {
                let group = json!(format!("${{group-{}.GroupId}}", design.key));
                rules.push(Provision::Rules { key: design.key.clone(), group, rules: design.rules.clone() });
            }
        }
        for (group, added) in &self.additions {
            rules.push(Provision::Rules { key: format!("beside-{group}"), group: json!(group.as_str()), rules: added.clone() });
        }
        made.iter().chain(&rules).for_each(|provision| self.provide(provision));
    }

    /// Interface endpoints that the intent asks for, behind a group that lets in the whole VPC on 443.
    fn endpoints(&mut self) {
        let wanted = &self.intent.endpoints.interface;
        if wanted.is_empty() {
            return;
        }
        let group = json!("${group-endpoints.GroupId}");
        let vpc = self.inventory.network().map(|vpc| vpc.facets.ranges.clone()).unwrap_or_default();
        let rules = vpc
            .iter()
            .map(|range| (Ports::tcp(443), json!({ "CidrIp": range }), "the whole VPC: private DNS switches every subnet".to_owned()))
            .collect();
        let name = format!("{}-endpoints", self.intent.migration.value);
        self.provide(&Provision::Group { key: "endpoints".into(), name, description: "VPC interface endpoints".into() });
        self.provide(&Provision::Rules { key: "endpoints".into(), group: group.clone(), rules });
        let subnets: Vec<Value> = self.network.private.values().cloned().collect();
        for service in wanted {
            self.provide(&Provision::InterfaceEndpoint { service: service.clone(), subnets: subnets.clone(), group: group.clone() });
        }
    }

    fn moves(&mut self) {
        for (id, decision) in &self.decisions.by_workload {
            let Some(resource) = self.inventory.get(id).filter(|_| decision.moves) else { continue };
            let steps = if decision.taken.impossible { Vec::new() } else { self.draft(resource, decision) };
            self.moves.push(Move {
                id: decision.slug.clone(),
                workload: id.clone(),
                name: resource.name.clone(),
                kind: resource.kind.clone(),
                strategy: decision.strategy,
                reason: decision.taken.reason.clone(),
                interruption_s: decision.taken.interruption_s,
                duration_s: decision.taken.duration_s,
                risk: decision.taken.risk,
                rejected: decision.rejected.clone(),
            });
            self.steps.extend(steps);
        }
        access::developers_first(&mut self.steps, &self.access, self.decisions, self.inventory);
        access::retire_last(&mut self.steps, &self.access.entries, self.decisions, self.inventory);
    }

    fn draft(&mut self, resource: &Resource, decision: &Decision) -> Vec<Step> {
        let wears = self.wears(resource);
        if self.regroups(resource) && resource.groups().len() + wears.len() > GROUPS_PER_INTERFACE {
            self.blockers.push(Blocker {
                code: "HK0405".into(),
                resource: resource.id.clone(),
                why: format!(
                    "{} wears {} groups; with a new one beside them an interface would have more than {GROUPS_PER_INTERFACE}",
                    resource.name,
                    resource.groups().len()
                ),
                way_out: "take a group off it first, or raise the quota".into(),
            });
        }
        let scene = self.scene(resource, decision, &wears);
        let kind = kinds::kind(&resource.kind);
        let drafted = kind.map(|kind| kind.draft(resource, &scene));
        let done = drafted.as_ref().is_some_and(|drafted| drafted.as_ref().is_ok_and(|steps| !steps.is_empty()));
        let renumbered: Vec<Renumbering> = kind.filter(|_| done).into_iter().flat_map(|kind| kind.renumbers(resource, &scene)).collect();
        self.renumbered.extend(renumbered);
        self.drafted(drafted)
    }

    /// Names are led on to the new addresses.
    fn names(&mut self) {
        let drafted: BTreeSet<&str> = self.steps.iter().map(|step| step.of_move.as_str()).collect();
        let names = names::lead_on(self.inventory, self.decisions, &self.renumbered, &|slug| drafted.contains(slug));
        for (slug, need) in names.turns {
            let stage = names.steps.iter().find(|step| step.id == need.step).map(|step| step.stage);
            let first = self.steps.iter_mut().find(|step| step.of_move == slug && Some(step.stage) == stage);
            if let Some(first) = first.filter(|first| !first.needs.iter().any(|other| other.step == need.step)) {
                first.needs.push(need);
            }
        }
        self.steps.extend(names.steps);
        self.blockers.extend(names.blockers);
        self.warnings.extend(names.warnings);
    }

    fn drafted(&mut self, drafted: Option<Result<Vec<Step>, Blocker>>) -> Vec<Step> {
        match drafted {
            Some(Ok(steps)) => steps,
            Some(Err(blocker)) => {
                self.blockers.push(blocker);
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    fn wears(&self, resource: &Resource) -> Vec<Value> {
        let own = || resource.groups().iter().map(|group| json!(group.as_str())).collect();
        self.designs.get(&resource.id).map_or_else(own, |design| design.wears.clone())
    }

    fn regroups(&self, resource: &Resource) -> bool {
        self.designs.get(&resource.id).is_some_and(|design| design.plan.group.is_some())
    }

    fn scene<'s>(&'s self, resource: &Resource, decision: &'s Decision, groups: &'s [Value]) -> Scene<'s> {
        let (design, regroup) = (self.designs.get(&resource.id), self.regroups(resource));
        Scene {
            inventory: self.inventory,
            index: &self.decisions.index,
            today: &self.decisions.public,
            migration: &self.intent.migration.value,
            strategy: decision.strategy,
            private: &self.network.private,
            public: &self.network.public,
            flipping: &self.decisions.flipping,
            groups,
            regroup,
            beside_first: design.is_some_and(|d| d.beside_first && regroup),
            old_until_tighten: design.is_some_and(|d| d.old_until_tighten && regroup),
            entry: self.access.entries.get(&resource.id),
            smoke: self.smokes.get(&resource.id).copied(),
            slug: &decision.slug,
        }
    }

    /// What a subnet group places is carried across together, if it rotates: by the group's kind, once.
    fn units(&mut self) {
        let mut units: BTreeMap<&Id, Vec<(&Resource, &Decision)>> = BTreeMap::new();
        for (id, decision) in self.decisions.by_workload.iter().filter(|(_, d)| d.moves && d.strategy == Strategy::Rotate) {
            let Some(resource) = self.inventory.get(id).filter(|_| !decision.taken.impossible) else { continue };
            if let Some(unit) = resource.unit() {
                units.entry(unit).or_default().push((resource, decision));
            }
        }
        for (id, of_it) in units {
            let Some(unit) = self.inventory.get(id) else { continue };
            let wears: Vec<Vec<Value>> = of_it.iter().map(|(resource, _)| self.wears(resource)).collect();
            let mut members = Vec::new();
            for ((resource, decision), wears) in of_it.iter().zip(&wears) {
                members.push(Member { resource, scene: self.scene(resource, decision, wears) });
            }
            let drafted = kinds::kind(&unit.kind).map(|kind| kind.draft_unit(unit, &members));
            drop(members);
            let steps = self.drafted(drafted);
            self.steps.extend(steps);
        }
    }

    /// Of a large target group as many members are replaced at once as the floor lets, each after the one that many before it:
    /// the proof counts them, but to find the turns it would have to tell too many apart. Those of a small one it finds.
    fn turn_takes(&mut self) {
        let mut places: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        for (at, step) in self.steps.iter().enumerate().filter(|(_, step)| step.stage == Stage::Pets) {
            places.entry(step.of_move.clone()).and_modify(|(_, last)| *last = at).or_insert((at, at));
        }
        let relocated = |d: &&Decision| d.moves && d.strategy == Strategy::Relocate;
        for group in self.inventory.resources.values().filter(|resource| resource.facets.targets.is_some()) {
            let what = if group.role == Role::TargetGroup { "target group " } else { "" };
            let members: BTreeSet<&str> = group.facets.targets.iter().flat_map(|t| &t.members).map(|t| t.target.as_str()).collect();
            let decided = members.iter().filter_map(|target| self.decisions.by_workload.get(&Id::from(*target)));
            let mut slugs: Vec<&str> = decided.filter(relocated).map(|d| d.slug.as_str()).collect();
            slugs.sort_unstable();
            if slugs.len() <= TOLD_APART {
                continue;
            }
            let least = prove::least_healthy(members.len(), self.intent.limits);
            let at_once = (members.len() - least).max(1);
            for (before, after) in slugs.iter().zip(&slugs[at_once.min(slugs.len())..]) {
                let (Some((_, last)), Some((first, _))) = (places.get(*before).copied(), places.get(*after).copied()) else { continue };
                let last = self.steps[last].id.clone();
                let first = &mut self.steps[first];
                if !first.needs.iter().any(|need| need.step == last) {
                    let because = format!("{what}{} keeps {least} of its {} targets", group.name, members.len());
                    first.needs.push(Need { step: last, because });
                }
            }
        }
    }

    /// Subnets turn one zone after the other: the first is the canary. Before that, what the internet must reach has
    /// left, and no database in it is public any more.
    fn flips(&mut self) {
        let mut turning: Vec<(&str, &Id)> = self
            .network
            .table_for
            .keys()
            .map(|id| (self.inventory.get(id).map_or("", |s| path::text(&s.doc, "AvailabilityZone")), id))
            .collect();
        turning.sort_unstable();
        let leaving = self.leaving();
        let proven = access::before_turns(&self.access.entries, self.decisions, self.inventory);
        let mut previous: Option<String> = None;
        for (zone, subnet) in turning {
            let mut needs = leaving.get(subnet).cloned().unwrap_or_default();
            needs.extend(proven.get(subnet).into_iter().flatten().cloned());
            needs.extend(
                previous.iter().map(|step| (step.clone(), "one subnet at a time: the first shows whether NAT carries it".to_owned())),
            );
            let provision = Provision::Flip { subnet: subnet.clone(), table: self.network.table_for[subnet].clone(), needs };
            let steps = kinds::provide(&provision, &self.intent.migration.value, self.inventory);
            if let Some(first) = steps.first() {
                let cidr = self.inventory.get(subnet).map_or("", |s| path::text(&s.doc, "CidrBlock")).to_owned();
                self.subnets.push(SubnetPlan { step: first.id.clone(), cidr, zone: zone.to_owned(), what: "turns private".into() });
                previous = Some(first.id.clone());
            }
            self.steps.extend(steps);
        }
    }

    /// For each subnet the steps by which what is in it gets ready for the turn, each with its reason.
    fn leaving(&self) -> BTreeMap<&'a Id, Vec<(String, String)>> {
        let mut of_move: BTreeMap<&str, Vec<&Step>> = BTreeMap::new();
        for step in self.steps.iter().filter(|step| step.stage == Stage::Data) {
            of_move.entry(&step.of_move).or_default().push(step);
        }
        let mut out: BTreeMap<&Id, Vec<(String, String)>> = BTreeMap::new();
        for (id, decision) in self.decisions.by_workload.iter().filter(|(_, decision)| decision.moves) {
            let (Some(resource), Some(steps)) = (self.inventory.get(id), of_move.get(decision.slug.as_str())) else { continue };
            // What the internet reaches through a balancer is the proof's to order.
            if resource.role == Role::Balancer {
                continue;
            }
            let because = format!("a public {} in a private subnet may become unreachable", resource.name);
            for subnet in resource.subnets().iter().collect::<BTreeSet<_>>() {
                out.entry(subnet).or_default().extend(steps.iter().map(|step| (step.id.clone(), because.clone())));
            }
        }
        out
    }

    fn finish(mut self, intent_sha256: &str, inventory_sha256: &str) -> Plan {
        let (blockers, warnings) = unseen::told(self.inventory, self.decisions);
        self.blockers.extend(blockers);
        self.warnings.extend(warnings);
        order::add_references(&mut self.steps);
        self.steps.iter_mut().for_each(Step::tighten);
        let steps = match order::sort(std::mem::take(&mut self.steps)) {
            Ok(steps) => steps,
            Err(order::Cycle(circle)) => unreachable!("the planner made a circle: {circle:?}"),
        };
        self.blockers.extend(quotas::rules_per_group(&steps, self.inventory));
        let mut stages: Vec<Stage> = steps.iter().map(|step| step.stage).collect();
        stages.dedup();
        self.blockers.sort();
        self.blockers.dedup();
        let egress = egress::egress(self.inventory, self.decisions, self.network);
        self.warnings.extend(egress::called_by_public_address(self.inventory));
        self.warnings.extend(caution::owned_by_tools(self.inventory, self.decisions, &steps));
        let gates = egress::gate(&egress, &steps).into_iter().collect();
        let cost = cost::cost(self.inventory, &steps, self.addresses_gone());
        let groups = self.designs.into_iter().filter(|(id, design)| design.plan.workload == *id).map(|(_, design)| design.plan).collect();
        Plan {
            version: 1,
            migration: self.intent.migration.value.clone(),
            account: self.inventory.account.clone(),
            region: self.inventory.region.clone(),
            vpc: self.inventory.vpc.clone(),
            intent_sha256: intent_sha256.to_owned(),
            inventory_sha256: inventory_sha256.to_owned(),
            flows_sha256: None,
            blockers: self.blockers,
            warnings: self.warnings,
            subnets: self.subnets,
            moves: self.moves,
            groups,
            egress,
            gates,
            approvals: None,
            hooks: Vec::new(),
            windows: self.intent.windows.clone(),
            postponed: self.intent.postponed.iter().map(|step| step.value.clone()).collect(),
            cost,
            stages,
            interruptions: Vec::new(),
            certificate: prove::Certificate::default(),
            broken: Vec::new(),
            steps,
        }
    }

    fn addresses_gone(&self) -> usize {
        let moved = self.decisions.by_workload.iter().filter(|(_, d)| d.moves);
        moved.filter_map(|(id, d)| Some(cost::addresses_lost(d.strategy, self.inventory.get(id)?))).sum()
    }
}
