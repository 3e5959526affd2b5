//! How people get in when port 22 closes: by Session Manager, to every instance that moves.
//!
//! Before anything moves each is reached once; after its move again, where it then is. What takes SSH away waits for
//! that, also the bastion that goes.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::decide::{Decision, Decisions};
use super::intent::{ClientVpnWish, Intent, Problem, SessionManager};
use super::network::Network;
use crate::kinds;
use crate::model::facet::{Hop, Role};
use crate::model::id::{Id, slug};
use crate::model::inventory::Inventory;
use crate::model::network::Ports;
use crate::model::path;
use crate::model::resource::Resource;
use crate::model::step::{Need, Stage, Step};
use crate::model::strategy::{ClientVpn, Entry, Provision, Strategy};

/// Ports by which people log in: SSH and Remote Desktop.
const LOGIN_PORTS: [u16; 2] = [22, 3389];
/// The endpoints through which agents speak, where the VPC has them.
const AGENT_SERVICES: [&str; 3] = ["ssm", "ssmmessages", "ec2messages"];

/// Who is to be reached by Session Manager, and what that takes.
#[derive(Default)]
pub struct Access {
    /// By workload.
    pub entries: BTreeMap<Id, Entry>,
    /// Roles, profiles, a Client VPN.
    pub provisions: Vec<Provision>,
    /// The steps after which developers get in by Client VPN.
    pub vpn: Vec<String>,
    /// What a person should know.
    pub warnings: Vec<String>,
}

/// Designs the way in.
///
/// # Errors
/// If the intent names a workload that isn't there.
pub fn design(intent: &Intent, inventory: &Inventory, decisions: &Decisions<'_>, network: &Network) -> Result<Access, Problem> {
    let mut access = Access::default();
    access.developers(intent, inventory, decisions, network)?;
    let mut skipped = BTreeSet::new();
    match &intent.session_manager {
        SessionManager::On => {}
        SessionManager::Off => {
            access
                .warnings
                .push("session_manager is off: where port 22 closes with a move, nothing proves that anybody still gets in".to_owned());
            return Ok(access);
        }
        SessionManager::Except(except) => {
            for name in &except.skip {
                skipped.insert(decisions.names.find(name)?);
                access.warnings.push(format!("nothing proves that anybody still gets into {}: {}", name.value, except.reason));
            }
        }
    }
    let ways = ways_out(intent, inventory, network);
    let mut people: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (id, decision) in &decisions.by_workload {
        let Some(resource) = inventory.get(id).filter(|r| concerned(r, decision, inventory) && !skipped.contains(id)) else { continue };
        if let Some(entry) = access.entry(resource, decision, &ways, inventory, network) {
            let role = resource.facets.login.as_ref().and_then(|login| login.role.clone());
            if let Some(role) = role.filter(|_| entry.policy.is_some()) {
                people.entry(role).or_default().push(&resource.name);
            }
            access.entries.insert(id.clone(), entry);
        }
    }
    if access.entries.values().any(|entry| entry.profile) {
        access.provisions.push(Provision::SessionRole);
    }
    let policies =
        people.into_iter().map(|(role, names)| Provision::SessionPolicy { key: policy_step(&role), role, people: names.join(", ") });
    access.provisions.extend(policies);
    Ok(access)
}

fn policy_step(role: &str) -> String {
    format!("session-policy-{}", slug(role))
}

/// What moves and has a port for people that closes.
fn concerned(resource: &Resource, decision: &Decision, inventory: &Inventory) -> bool {
    let moves = decision.moves && !decision.taken.impossible && matches!(decision.strategy, Strategy::Relocate | Strategy::Flip);
    let mut rules =
        resource.groups().iter().filter_map(|group| inventory.get(group)?.facets.rules.as_ref()).flat_map(|rules| &rules.ingress);
    moves && resource.facets.login.is_some() && rules.any(|rule| LOGIN_PORTS.iter().any(|port| rule.ports.cover(&Ports::tcp(*port))))
}

impl Access {
    /// How people outside the VPC reach databases that stop being public.
    fn developers(&mut self, intent: &Intent, inventory: &Inventory, decisions: &Decisions<'_>, network: &Network) -> Result<(), Problem> {
        let closing = closing(inventory, decisions);
        if let Some(wish) = &intent.client_vpn {
            self.client_vpn(wish, intent, inventory, network)?;
        } else if !closing.is_empty() && inventory.all().all(|r| r.kind != "client_vpn_endpoint") {
            self.warnings.push(format!(
                "{} will not be public any more: developers and services outside the VPC lose them; `client_vpn` in the intent gives developers a way in before that",
                closing.join(", ")
            ));
        }
        let outside = |r: &&Resource| r.role == Role::Bystander && r.facets.initiates && r.facets.placement.is_none();
        let functions: Vec<&str> = inventory.all().filter(outside).map(|r| r.name.as_str()).collect();
        if !closing.is_empty() && !functions.is_empty() {
            self.warnings.push(format!(
                "{} run outside every VPC: if one of them opens connections to {} by its public name, it loses it; give it subnets of the VPC first",
                functions.join(", "),
                closing.join(", ")
            ));
        }
        Ok(())
    }

    fn client_vpn(&mut self, wish: &ClientVpnWish, intent: &Intent, inventory: &Inventory, network: &Network) -> Result<(), Problem> {
        let ranges: Vec<Ipv4Net> =
            inventory.network().map(|vpc| vpc.facets.ranges.iter().filter_map(|r| r.parse().ok()).collect()).unwrap_or_default();
        no_overlap(wish, &ranges, inventory)?;
        let letter = |zone: &str| zone.strip_prefix(&inventory.region).unwrap_or(zone).to_owned();
        let mut subnets: Vec<(String, serde_json::Value)> =
            network.private.iter().map(|(zone, subnet)| (letter(zone), subnet.clone())).collect();
        for zone in &wish.zones {
            if !network.private.contains_key(&zone.value) {
                let zones: Vec<&str> = network.private.keys().map(String::as_str).collect();
                return Err(Problem::at(
                    zone,
                    format!("there is no private subnet in `{}`", zone.value),
                    &format!("one of {}", zones.join(", ")),
                ));
            }
        }
        let wanted: Vec<String> = wish.zones.iter().map(|zone| letter(&zone.value)).collect();
        subnets.retain(|(zone, _)| wanted.is_empty() || wanted.contains(zone));
        let resolver = ranges.first().map(|range| Ipv4Addr::from(u32::from(range.network()) + 2).to_string());
        let dns = wish.dns.iter().map(|server| server.value.clone());
        let vpn = ClientVpn {
            client_cidr: wish.client_cidr.value.clone(),
            server_certificate: wish.server_certificate.value.clone(),
            client_ca: wish.client_ca.as_ref().map(|ca| ca.value.clone()),
            saml_provider: wish.saml_provider.as_ref().map(|provider| provider.value.clone()),
            split_tunnel: wish.split_tunnel,
            dns: if wish.dns.is_empty() { resolver.into_iter().collect() } else { dns.collect() },
            subnets,
            targets: ranges.iter().map(ToString::to_string).collect(),
        };
        let (name, description) = (format!("{}-client-vpn", intent.migration.value), "Client VPN: who comes through it".to_owned());
        self.provisions.push(Provision::Group { key: "client-vpn".to_owned(), name, description });
        self.provisions.push(Provision::ClientVpn(vpn));
        let steps = self.provisions.iter().rev().take(1).flat_map(|p| kinds::provide(p, &intent.migration.value, inventory));
        self.vpn = steps.map(|step| step.id).collect();
        Ok(())
    }

    fn entry(&mut self, resource: &Resource, decision: &Decision, ways: &Ways, inventory: &Inventory, network: &Network) -> Option<Entry> {
        let (login, name) = (resource.facets.login.as_ref()?, &resource.name);
        if resource.facets.state != "running" {
            self.warnings.push(format!(
                "{name} is {}: whether Session Manager reaches it can't be proven; once it runs: aws ssm start-session --target {}",
                resource.facets.state, resource.id
            ));
            return None;
        }
        let mut entry = Entry::default();
        match login {
            login if login.online => {}
            login if login.profile.is_none() => entry.profile = true,
            login if login.allowed == Some(false) => entry.policy = login.role.as_deref().map(policy_step),
            login if login.allowed.is_none() => self.warnings.push(format!(
                "whether the role of {name} lets Session Manager in could not be seen (iam:GetInstanceProfile, iam:ListAttachedRolePolicies): step {} shows it",
                Entry::before(&decision.slug)
            )),
            _ => {}
        }
        entry.way_out.clone_from(&ways.endpoints);
        if decision.strategy == Strategy::Relocate {
            let zone = path::text(&resource.doc, "Placement.AvailabilityZone");
            entry.way_out.extend(ways.of_zone.get(zone).into_iter().flatten().cloned());
        } else {
            entry.turn = resource.subnets().iter().find_map(|subnet| turn(subnet, inventory, network));
        }
        Some(entry)
    }
}

/// The step that turns a subnet private.
fn turn(subnet: &Id, inventory: &Inventory, network: &Network) -> Option<String> {
    let table = network.table_for.get(subnet)?.clone();
    let provision = Provision::Flip { subnet: subnet.clone(), table, needs: Vec::new() };
    kinds::provide(&provision, "", inventory).first().map(|step| step.id.clone())
}

/// The steps that give an agent its way out.
struct Ways {
    of_zone: BTreeMap<String, Vec<(String, String)>>,
    endpoints: Vec<(String, String)>,
}

fn ways_out(intent: &Intent, inventory: &Inventory, network: &Network) -> Ways {
    let ids = |provision: &Provision, wanted: &dyn Fn(&Step) -> bool| -> Vec<String> {
        kinds::provide(provision, &intent.migration.value, inventory)
            .iter()
            .filter(|step| wanted(step))
            .map(|step| step.id.clone())
            .collect()
    };
    let default = |step: &Step| step.call.parameters.get("DestinationCidrBlock").is_some_and(|to| to == "0.0.0.0/0");
    let mut of_zone = BTreeMap::new();
    for (zone, home) in &network.private {
        let serving = network.provisions.iter().filter_map(|provision| match provision {
            Provision::Association { key, subnet, .. } if subnet == home => Some((key, provision)),
            _ => None,
        });
        let mut steps = Vec::new();
        for (key, association) in serving {
            let table = network.provisions.iter().find(|p| matches!(p, Provision::Table { key: other, .. } if other == key));
            steps.extend(table.into_iter().flat_map(|table| ids(table, &default)));
            steps.extend(ids(association, &|_| true));
        }
        of_zone.insert(zone.clone(), steps.into_iter().map(|id| (id, "its agent gets out through NAT".to_owned())).collect());
    }
    let wanted = intent.endpoints.interface.iter().filter(|service| AGENT_SERVICES.contains(&service.as_str()));
    let made = wanted.flat_map(|service| {
        let provision = Provision::InterfaceEndpoint {
            service: service.clone(),
            subnets: Vec::new(),
            group: serde_json::json!("${group-endpoints.GroupId}"),
        };
        ids(&provision, &|_| true)
    });
    let mut endpoints: Vec<(String, String)> =
        made.map(|id| (id, "its agent speaks through this endpoint from then on".to_owned())).collect();
    if !endpoints.is_empty() {
        endpoints.push(("rules-endpoints".to_owned(), "the endpoints let the agents in".to_owned()));
    }
    Ways { of_zone, endpoints }
}

/// A workload that goes because nobody needs it to get in goes when everybody is reached without it.
pub fn retire_last(steps: &mut [Step], entries: &BTreeMap<Id, Entry>, decisions: &Decisions<'_>, inventory: &Inventory) {
    let proofs: Vec<String> =
        entries.keys().filter_map(|id| decisions.by_workload.get(id)).map(|decision| Entry::after(&decision.slug)).collect();
    for (id, decision) in &decisions.by_workload {
        let goes = decision.moves && decision.strategy == Strategy::Retire && inventory.get(id).is_some_and(|r| r.facets.login.is_some());
        let Some(first) = steps.iter_mut().find(|step| goes && step.of_move == decision.slug) else { continue };
        let because = "it goes when Session Manager reaches everything that people reached through it";
        first.needs.extend(proofs.iter().map(|step| Need { step: step.clone(), because: because.to_owned() }));
    }
}

/// For each subnet that turns private: the proofs of what stays in it, and why they come first.
pub fn before_turns(
    entries: &BTreeMap<Id, Entry>,
    decisions: &Decisions<'_>,
    inventory: &Inventory,
) -> BTreeMap<Id, Vec<(String, String)>> {
    let mut out: BTreeMap<Id, Vec<(String, String)>> = BTreeMap::new();
    for id in entries.iter().filter(|(_, entry)| entry.turn.is_some()).map(|(id, _)| id) {
        let (Some(decision), Some(resource)) = (decisions.by_workload.get(id), inventory.get(id)) else { continue };
        for subnet in resource.subnets() {
            let because = format!("nobody reaches {} from outside afterwards but by Session Manager", resource.name);
            out.entry(subnet.clone()).or_default().push((Entry::before(&decision.slug), because));
        }
    }
    out
}

/// The databases that are public and stop being so.
fn closing<'a>(inventory: &'a Inventory, decisions: &Decisions<'_>) -> Vec<&'a str> {
    let moves = |id: &Id| decisions.by_workload.get(id).is_some_and(|d| d.moves && !matches!(d.strategy, Strategy::Skip | Strategy::Stay));
    inventory.all().filter(|r| r.facets.publicly_accessible && moves(&r.id)).map(|r| r.name.as_str()).collect()
}

/// The clients' range is nobody else's.
fn no_overlap(wish: &ClientVpnWish, ranges: &[Ipv4Net], inventory: &Inventory) -> Result<(), Problem> {
    let Ok(clients) = wish.client_cidr.value.parse::<Ipv4Net>() else { return Ok(()) };
    let routes =
        inventory.with_role(Role::RouteTable).filter_map(|table| table.facets.routing.as_ref()).flat_map(|routing| &routing.routes);
    let destinations = routes.filter(|route| route.hop != Hop::Local).filter_map(|route| route.destination.parse::<Ipv4Net>().ok());
    let mut taken = ranges.iter().copied().chain(destinations.filter(|net| net.prefix_len() > 0));
    match taken.find(|net| net.contains(&clients) || clients.contains(net)) {
        None => Ok(()),
        Some(net) => {
            let message = format!("`{}` overlaps {net}, which the VPC has or has a route to", wish.client_cidr.value);
            Err(Problem::at(&wish.client_cidr, message, "a range that neither the VPC nor a route uses"))
        }
    }
}

/// No database stops being public before its developers get in by Client VPN.
pub fn developers_first(steps: &mut [Step], access: &Access, decisions: &Decisions<'_>, inventory: &Inventory) {
    let rules: BTreeSet<String> = steps.iter().map(|step| step.id.clone()).filter(|id| id.starts_with("rules-")).collect();
    for (id, decision) in &decisions.by_workload {
        let Some(resource) = inventory.get(id).filter(|r| decision.moves && r.facets.publicly_accessible) else { continue };
        for step in steps.iter_mut().filter(|step| step.stage == Stage::Data && step.of_move == decision.slug) {
            let because = format!("developers reach {} through the Client VPN when it stops being public", resource.name);
            let vpn = access.vpn.iter().map(|vpn| Need { step: vpn.clone(), because: because.clone() });
            step.needs.extend(vpn);
            if !access.vpn.is_empty() && rules.contains(&format!("rules-{}", decision.slug)) {
                step.needs.push(Need { step: format!("rules-{}", decision.slug), because: "its group lets the Client VPN in".to_owned() });
            }
        }
    }
}
