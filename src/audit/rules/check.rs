//! What of an account breaks the rules file.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;
use serde_saphyr::Spanned;

use super::super::openings::{self, openings};
use super::super::view::View;
use super::super::{Finding, Rule, Severity};
use super::seen::{group_name, is_placed, is_stopped, range, source};
use super::{Group, Line, Rules, Use};
use crate::model::facet::Role;
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::network::{Peer, Ports, Rule as Permission};
use crate::model::resource::Resource;

/// What breaks a rule, and where the file says otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Breach {
    /// What breaks it.
    pub finding: Finding,
    /// The line of the file that it is about, from 1; none where the file has nothing on it.
    pub line: Option<u64>,
}

/// Makes a rule of the file: the audit alone never looks for these.
const fn breach(code: &'static str, title: &'static str, why: &'static str, way_out: &'static str) -> Rule {
    Rule { code, title, why, way_out, look: |_| Vec::new() }
}

const WIDER: Rule = breach(
    "rules-wider",
    "Rules that admit more than the rules file",
    "Somebody opened more than was agreed on.",
    "Revoke the rule (`aws ec2 revoke-security-group-ingress`), or agree on it: add the line to the rules file.",
);
const NEW_PERMISSION: Rule = breach(
    "rules-new-permission",
    "Groups that are let in without a line in the rules file",
    "Who may talk to whom is agreed on line by line; this one nobody has written down.",
    "Revoke the rule, or add a line with its reason to the rules file.",
);
const OPEN_LOGIN: Rule = breach(
    "rules-open-login",
    "SSH or RDP open to the internet",
    "Every scanner tries these ports within minutes; people log in by Session Manager.",
    "Revoke the rule; log in with `aws ssm start-session --target INSTANCE`.",
);
const OPEN_INTERNET: Rule = breach(
    "rules-open-internet",
    "Groups open to the internet beyond the rules file",
    "Only listeners of internet-facing balancers are open to the internet.",
    "Revoke the rule, and put a balancer before what must be reached from outside.",
);
const RETIRED: Rule = breach(
    "rules-retired-group",
    "Retired groups that are worn",
    "The group lets in more than anybody agreed on; that is why it was retired.",
    "Give the wearer a group of its own, with its rules in the rules file.",
);
const NEW_WEARER: Rule = breach(
    "rules-new-wearer",
    "Things that wear a group of others",
    "Whoever wears a group is let in wherever the group is: the permissions of one become those of another.",
    "Give it a group of its own, with its own lines; or, if it is another of the same, add it to `worn_by`.",
);
const PUBLIC_WORKLOAD: Rule = breach(
    "rules-public-workload",
    "Things in public subnets that the rules file does not have there",
    "In a public subnet one address and one rule put it on the internet.",
    "Move it to a private subnet; or, if the internet must reach it, list it under `public` with the reason.",
);
const PUBLIC_ADDRESS: Rule = breach(
    "rules-public-address",
    "Public addresses that the rules file does not have",
    "A public address makes a thing's own groups its only wall.",
    "Take the address off: it reaches the internet through the NAT gateways.",
);
const PUBLIC_DATABASE: Rule = breach(
    "rules-public-database",
    "Databases that became publicly accessible",
    "One rule then lies between the data and everybody.",
    "Turn it off: `aws rds modify-db-instance --no-publicly-accessible`; people use the VPN.",
);
const PRIVATE_ROUTE: Rule = breach(
    "rules-private-route",
    "Private subnets that lead to an internet gateway",
    "The subnet is not private any more: whatever is in it is one public address away from the internet.",
    "Put the route table back, or take the route to the internet gateway out of it.",
);
const PUBLIC_SUBNET: Rule = breach(
    "rules-public-subnet",
    "Public subnets that the rules file does not have",
    "What is launched there is on the internet, and nobody agreed on it.",
    "Give it a route table without an internet gateway, or list it in the rules file with `use: public`.",
);

/// Every rule that the rules file adds.
pub static BREACHES: &[Rule] = &[
    WIDER,
    NEW_PERMISSION,
    OPEN_LOGIN,
    OPEN_INTERNET,
    RETIRED,
    NEW_WEARER,
    PUBLIC_WORKLOAD,
    PUBLIC_ADDRESS,
    PUBLIC_DATABASE,
    PRIVATE_ROUTE,
    PUBLIC_SUBNET,
];

/// All that breaks the rules, worst first, then by rule and id; each thing under the one rule that says it best.
pub fn check(rules: &Rules, inventory: &Inventory) -> Vec<Breach> {
    let view = View::of(inventory);
    let judge = Judge { rules, uses: uses(rules), view: &view };
    let mut found = judge.subnets();
    found.extend(judge.places());
    let groups: BTreeMap<&str, &Spanned<Group>> = rules.groups.iter().map(|group| (group.value.name.as_str(), group)).collect();
    for group in view.groups() {
        found.extend(judge.group(group, groups.get(group_name(group)).copied()));
    }
    found.sort_by(|a, b| (a.finding.severity, a.finding.rule, &a.finding.id).cmp(&(b.finding.severity, b.finding.rule, &b.finding.id)));
    found
}

type Uses<'r> = BTreeMap<&'r str, (Use, u64)>;

fn uses(rules: &Rules) -> Uses<'_> {
    rules.subnets.iter().map(|subnet| (subnet.value.cidr.as_str(), (subnet.value.r#use, subnet.referenced.line()))).collect()
}

struct Judge<'j> {
    rules: &'j Rules,
    uses: Uses<'j>,
    view: &'j View<'j>,
}

/// What a breach is about, beside its rule.
struct What<'w> {
    severity: Severity,
    /// What tells it from others of the same rule and resource.
    detail: &'w str,
    what: String,
    evidence: Vec<String>,
}

fn told(rule: &Rule, resource: &Resource, what: What<'_>, line: Option<u64>) -> Breach {
    let detail = if what.detail.is_empty() { String::new() } else { format!(":{}", what.detail) };
    let finding = Finding {
        id: format!("{}:{}{detail}", rule.code, resource.id),
        rule: rule.code,
        severity: what.severity,
        resource: resource.id.clone(),
        name: resource.name.clone(),
        kind: resource.kind.clone(),
        what: what.what,
        why: rule.why,
        way_out: rule.way_out,
        evidence: what.evidence,
    };
    Breach { finding, line: line.filter(|line| *line > 0) }
}

impl Judge<'_> {
    fn subnets(&self) -> Vec<Breach> {
        let public = self.view.inventory.with_role(Role::Subnet).filter(|subnet| self.view.public.contains(&subnet.id));
        public.filter_map(|subnet| self.subnet(subnet)).collect()
    }

    /// A subnet that is public.
    fn subnet(&self, subnet: &Resource) -> Option<Breach> {
        let table = self.view.tables.get(&subnet.id).map_or_else(String::new, |table| format!("route table {}", table.id));
        let what = |what: String| What { severity: Severity::Critical, detail: "", what, evidence: vec![table.clone()] };
        match self.uses.get(range(subnet)) {
            Some((Use::Public, _)) => None,
            Some((Use::Private, line)) => {
                let words = format!("{} ({}) is private in the rules file, and routes to an internet gateway.", subnet.name, range(subnet));
                Some(told(&PRIVATE_ROUTE, subnet, what(words), Some(*line)))
            }
            None => {
                let words = format!("{} ({}) routes to an internet gateway and is not in the rules file.", subnet.name, range(subnet));
                Some(told(&PUBLIC_SUBNET, subnet, what(words), None))
            }
        }
    }

    fn places(&self) -> Vec<Breach> {
        let allowed: BTreeSet<(&str, &str)> =
            self.rules.public.iter().map(|entry| (entry.value.kind.as_str(), entry.value.name.as_str())).collect();
        // What is stopped answers nobody, and often bears the name of what replaced it.
        let placed = self.view.inventory.resources.values().filter(|resource| is_placed(resource) && !is_stopped(resource));
        let judged = placed.filter(|resource| !allowed.contains(&(resource.kind.as_str(), resource.name.as_str())));
        judged.filter_map(|resource| self.place(resource)).collect()
    }

    /// Something that may not be public. It counts by what the file says of its subnets: that one of them became public is
    /// the subnet's breach.
    fn place(&self, resource: &Resource) -> Option<Breach> {
        let name = &resource.name;
        if resource.facets.publicly_accessible {
            let words = format!("{name} is publicly accessible and not listed as public.");
            let evidence = vec!["PubliclyAccessible: true".to_owned()];
            let what = What { severity: Severity::Critical, detail: "", what: words, evidence };
            return Some(told(&PUBLIC_DATABASE, resource, what, None));
        }
        let is_public = |id: &&Id| {
            let known = self.view.inventory.get(id).and_then(|subnet| self.uses.get(range(subnet)));
            known.map_or_else(|| self.view.public.contains(*id), |(listed, _)| *listed == Use::Public)
        };
        let seats: Vec<String> = resource.subnets().iter().filter(is_public).map(|id| self.view.named(id)).collect();
        if !seats.is_empty() {
            let facing = resource.facets.balancing.as_ref().is_some_and(|balancing| balancing.internet_facing);
            let how = if facing { "faces the internet" } else { "sits in a public subnet" };
            let words = format!("{name} {how} and is not listed as public.");
            let what = What { severity: Severity::High, detail: "", what: words, evidence: seats };
            return Some(told(&PUBLIC_WORKLOAD, resource, what, None));
        }
        let addresses: Vec<String> = resource.facets.public_addresses.iter().map(|address| address.ip.clone()).collect();
        if addresses.is_empty() {
            return None;
        }
        let words = format!("{name} has the public address {} and is not listed as public.", addresses.join(", "));
        Some(told(&PUBLIC_ADDRESS, resource, What { severity: Severity::High, detail: "", what: words, evidence: Vec::new() }, None))
    }

    fn group(&self, group: &Resource, entry: Option<&Spanned<Group>>) -> Vec<Breach> {
        let line = entry.map(|entry| entry.referenced.line());
        if entry.is_some_and(|entry| entry.value.retired) {
            return self.retired(group, line).into_iter().collect();
        }
        let lines: Vec<Agreed<'_>> = entry.into_iter().flat_map(|entry| &entry.value.admits).map(Agreed::of).collect();
        let ingress = group.facets.rules.as_ref().map_or(&[][..], |rules| &rules.ingress);
        let named: Vec<(&Permission, String)> = ingress.iter().map(|rule| (rule, source(self.view, &rule.peer))).collect();
        let beyond: Vec<&(&Permission, String)> = named
            .iter()
            .filter(|(rule, from)| !lines.iter().any(|line| line.covers(&rule.ports) && line.is_from(&rule.peer, from)))
            .collect();
        // The internet may be written as many ranges, none of which is the world alone.
        let open = openings(&beyond.iter().map(|(rule, _)| (*rule).clone()).collect::<Vec<_>>());
        let mut found: Vec<Breach> = beyond.iter().map(|(rule, from)| permission(group, (rule, from), &lines, &open, line)).collect();
        found.extend(self.wearers(group, entry));
        found
    }

    /// Who wears a group may do all that it is let in to do: that is agreed on, too.
    fn wearers(&self, group: &Resource, entry: Option<&Spanned<Group>>) -> Vec<Breach> {
        let Some(agreed) = entry.and_then(|entry| entry.value.worn_by.as_ref().map(|names| (names, entry.referenced.line()))) else {
            return Vec::new();
        };
        let (names, line) = agreed;
        let movable = self.view.wearers(&group.id).iter().filter(|who| who.is_movable() && !is_stopped(who));
        let new = movable.filter(|who| !names.contains(&who.name));
        let told_of = |who: &&Resource| {
            let whose = if names.is_empty() { "nobody's".to_owned() } else { format!("that of {}", names.join(", ")) };
            let words = format!("{} wears {}, which is {whose} in the rules file.", who.name, group.name);
            let evidence = vec![self.view.named(&who.id)];
            told(&NEW_WEARER, group, What { severity: Severity::Medium, detail: who.id.as_str(), what: words, evidence }, Some(line))
        };
        new.map(told_of).collect()
    }

    fn retired(&self, group: &Resource, line: Option<u64>) -> Option<Breach> {
        let wearers: Vec<String> =
            self.view.wearers(&group.id).iter().filter(|who| !is_stopped(who)).map(|who| self.view.named(&who.id)).collect();
        let who = match wearers.as_slice() {
            [] => return None,
            [one] => format!("{one} wears it"),
            several => format!("{} things wear it", several.len()),
        };
        let words = format!("{} is retired, and {who}.", group.name);
        Some(told(&RETIRED, group, What { severity: Severity::High, detail: "", what: words, evidence: wearers }, line))
    }
}

/// A line of the file, read once.
struct Agreed<'r> {
    line: &'r Spanned<Line>,
    ports: Option<Ports>,
    range: Option<IpNet>,
}

impl Agreed<'_> {
    fn of(line: &Spanned<Line>) -> Agreed<'_> {
        Agreed { line, ports: line.value.ports(), range: line.value.from.parse().ok() }
    }

    fn covers(&self, ports: &Ports) -> bool {
        self.ports.as_ref().is_some_and(|own| own.cover(ports))
    }

    /// Whether it is about a peer, which the file would call `named`.
    fn is_from(&self, peer: &Peer, named: &str) -> bool {
        match (peer, &self.range) {
            (Peer::Cidr(net), Some(wide)) => wide.contains(net),
            (Peer::Cidr(_), None) => false,
            (Peer::Group(id) | Peer::PrefixList(id), _) => self.line.value.from == named || self.line.value.from == id.as_str(),
        }
    }

    /// Whether it is about a part of a rule's range: then the rule is that line, made wider.
    fn is_within(&self, rule: &Permission) -> bool {
        match (&rule.peer, &self.range) {
            (Peer::Cidr(net), Some(narrow)) => net.contains(narrow) && self.ports.as_ref().is_some_and(|own| own.overlap(&rule.ports)),
            _ => false,
        }
    }
}

/// A rule that no line allows.
fn permission(
    group: &Resource,
    (rule, from): (&Permission, &str),
    lines: &[Agreed<'_>],
    open: &[openings::Opening],
    entry: Option<u64>,
) -> Breach {
    let near = lines.iter().find(|line| line.is_from(&rule.peer, from)).or_else(|| lines.iter().find(|line| line.is_within(rule)));
    let is_part = |opening: &openings::Opening| opening.ports.overlap(&rule.ports) && opening.ranges.contains(&rule.peer.to_string());
    let world = matches!(rule.peer, Peer::Cidr(_)) && open.iter().any(is_part);
    let login = [22, 3389].iter().any(|port| rule.ports.overlap(&Ports::tcp(*port)));
    let (breach, severity) = match (&rule.peer, near) {
        _ if world && login => (&OPEN_LOGIN, Severity::Critical),
        _ if world => (&OPEN_INTERNET, Severity::Critical),
        (Peer::Group(_), None) => (&NEW_PERMISSION, Severity::Medium),
        _ => (&WIDER, Severity::High),
    };
    let agreed = near.map_or("no line of the rules file has that source".to_owned(), |near| {
        format!("the rules file has {} from {}", near.line.value.ports, near.line.value.from)
    });
    let words = format!("{} lets in {} from {from}; {agreed}.", group.name, rule.ports);
    let detail = format!("{}:{}", rule.ports, rule.peer);
    let evidence = vec![format!("ingress {} from {from}", rule.ports)];
    told(breach, group, What { severity, detail: &detail, what: words, evidence }, near.map(|near| near.line.referenced.line()).or(entry))
}
