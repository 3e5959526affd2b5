//! What the internet can reach.

use super::openings::Opening;
use super::view::View;
use super::{Rule, Seen, Severity};
use crate::model::facet::Role;
use crate::model::network::Ports;
use crate::model::resource::Resource;

pub const PUBLIC_DATABASE: Rule = Rule {
    code: "public-database",
    title: "Databases with a public address",
    why: "A database that answers on a public address is one open rule away from everybody.",
    way_out: "The plan turns PubliclyAccessible off before its subnets turn private; clients outside the VPC need a VPN.",
    look: public_database,
};

pub const PUBLIC_ADDRESS: Rule = Rule {
    code: "public-address",
    title: "Workloads with a public address",
    why: "A public address makes a machine's own groups its only wall, and allow-lists elsewhere may depend on it.",
    way_out: "The plan moves the workload behind NAT gateways; put their addresses on partners' allow-lists first.",
    look: public_address,
};

pub const OPEN_GROUP: Rule = Rule {
    code: "open-group",
    title: "Security groups open to the world",
    why: "Whoever gets a public address and wears this group is on the internet at once.",
    way_out: "The plan gives each workload a group of its own with sources by group id; the old one goes in cleanup.",
    look: open_group,
};

pub const OPEN_SSH: Rule = Rule {
    code: "open-ssh",
    title: "SSH open to the world",
    why: "Port 22 is tried by every scanner within minutes.",
    way_out: "The new groups have no port 22 open to the world; log in by Session Manager, and retire the bastion.",
    look: open_ssh,
};

pub const OPEN_RDP: Rule = Rule {
    code: "open-rdp",
    title: "RDP open to the world",
    why: "Port 3389 is the usual way in for ransomware.",
    way_out: "Use Session Manager's port forwarding; the new groups have no port 3389.",
    look: open_rdp,
};

pub const OPEN_DATABASE: Rule = Rule {
    code: "open-database",
    title: "Database and cache ports open to the world",
    why: "Data stores are protected by passwords at best; caches often by nothing.",
    way_out: "The plan's new groups let in only the groups of the workloads that use the store.",
    look: open_database,
};

/// Ports of stores that people run, by name.
const STORES: [(u16, &str); 15] = [
    (1433, "SQL Server"),
    (1521, "Oracle"),
    (2181, "ZooKeeper"),
    (3306, "MySQL"),
    (5432, "PostgreSQL"),
    (5439, "Redshift"),
    (5984, "CouchDB"),
    (6379, "Redis"),
    (8182, "Neptune"),
    (9042, "Cassandra"),
    (9092, "Kafka"),
    (9200, "Elasticsearch"),
    (11211, "Memcached"),
    (27017, "MongoDB"),
    (50000, "Db2"),
];

/// `tcp 5432 from 0.0.0.0/0`.
fn worded(opening: &Opening) -> String {
    format!("{} from {}", opening.ports, opening.from())
}

/// The openings of the groups that a thing wears.
fn openings_of<'v>(view: &'v View<'_>, resource: &'v Resource) -> impl Iterator<Item = (&'v crate::model::id::Id, &'v Opening)> {
    resource.groups().iter().flat_map(|group| view.openings(group).into_iter().map(move |opening| (group, opening)))
}

fn public_database(view: &View<'_>) -> Vec<Seen> {
    let public = view.inventory.resources.values().filter(|r| r.facets.publicly_accessible);
    public
        .map(|resource| {
            let listens = resource.facets.listens.as_deref().unwrap_or_default();
            let open: Vec<(_, &Opening)> =
                openings_of(view, resource).filter(|(_, o)| listens.iter().any(|port| o.ports.overlap(port))).collect();
            let mut evidence = vec!["PubliclyAccessible: true".to_owned()];
            evidence.extend(open.iter().map(|(group, opening)| format!("{}: {}", view.named(group), worded(opening))));
            let ports: Vec<String> = listens.iter().map(ToString::to_string).collect();
            let name = &resource.name;
            match open.first() {
                Some((group, _)) => {
                    let group = view.inventory.name(group);
                    let what = format!(
                        "{name} has a public address and its group {group} lets the whole internet reach it on {}.",
                        ports.join(", ")
                    );
                    Seen::of(resource, Severity::Critical, what, evidence)
                }
                None => Seen::of(
                    resource,
                    Severity::High,
                    format!("{name} has a public address; its groups keep the world out so far."),
                    evidence,
                ),
            }
        })
        .collect()
}

fn public_address(view: &View<'_>) -> Vec<Seen> {
    let with = view.workloads().filter(|r| !r.facets.public_addresses.is_empty());
    with.map(|resource| {
        let addresses: Vec<String> = resource
            .facets
            .public_addresses
            .iter()
            .map(|address| {
                let lasting = if view.is_elastic(address) { "elastic" } else { "automatic: lost when it is taken off" };
                format!("{} ({lasting})", address.ip)
            })
            .collect();
        let open: Vec<String> = openings_of(view, resource).map(|(group, o)| format!("{}: {}", view.named(group), worded(o))).collect();
        let (severity, more) = match open.len() {
            0 => (Severity::High, String::new()),
            n => (
                Severity::Critical,
                format!(", and its groups let the world in through {n} {}", if n == 1 { "opening" } else { "openings" }),
            ),
        };
        let what = format!("{} has the public address {}{more}.", resource.name, addresses.join(", "));
        Seen::of(resource, severity, what, open)
    })
    .collect()
}

fn open_group(view: &View<'_>) -> Vec<Seen> {
    let seen = |group: &Resource| {
        let openings = view.openings(&group.id);
        let first = openings.first()?;
        let more = if openings.len() > 1 { format!(" and {} more", openings.len() - 1) } else { String::new() };
        let (severity, who) = worn(view, group);
        let what = format!("{} lets in {}{more}; {who}.", group.name, worded(first));
        Some(Seen::of(group, severity, what, evidence(view, group, &openings)))
    };
    view.groups().filter_map(seen).collect()
}

/// How bad an opening is by who wears the group, and the words for it.
fn worn(view: &View<'_>, group: &Resource) -> (Severity, String) {
    let wearers = view.wearers(&group.id);
    let reachable: Vec<&str> = wearers.iter().filter(|who| who.has_public_address()).map(|who| who.name.as_str()).collect();
    match (wearers.len(), reachable.as_slice()) {
        (0, _) => (Severity::Medium, "nothing wears it".to_owned()),
        (n, []) => (Severity::High, format!("worn by {n}, none with a public address")),
        (n, [one]) => (Severity::Critical, format!("worn by {n}, of which {one} has a public address")),
        (n, several) => (Severity::Critical, format!("worn by {n}, of which {} have a public address", several.len())),
    }
}

/// The rules, then who wears the group, the first twenty.
fn evidence(view: &View<'_>, group: &Resource, openings: &[&Opening]) -> Vec<String> {
    let wearers = view.wearers(&group.id);
    let rules = openings.iter().map(|opening| format!("ingress {} from {}", opening.ports, opening.ranges.join(", ")));
    let worn = wearers.iter().take(20).map(|who| format!("worn by {}", view.named(&who.id)));
    let more = (wearers.len() > 20).then(|| format!("worn by {} more", wearers.len() - 20));
    rules.chain(worn).chain(more).collect()
}

fn open_ssh(view: &View<'_>) -> Vec<Seen> {
    open_port(view, "SSH", |_| vec![(Ports::tcp(22), "SSH".to_owned())])
}

fn open_rdp(view: &View<'_>) -> Vec<Seen> {
    open_port(view, "RDP", |_| vec![(Ports::tcp(3389), "RDP".to_owned())])
}

fn open_database(view: &View<'_>) -> Vec<Seen> {
    open_port(view, "data stores", |group| {
        let known = STORES.iter().map(|(port, name)| (Ports::tcp(*port), (*name).to_owned()));
        let stores = view.wearers(&group.id).iter().filter(|who| who.role == Role::Workload);
        let own = stores.flat_map(|who| who.facets.listens.iter().flatten().map(|ports| (ports.clone(), who.name.clone())));
        let mut ports: Vec<(Ports, String)> = own.chain(known).collect();
        ports.sort_by(|(a, _), (b, _)| a.cmp(b));
        ports.dedup_by(|(a, _), (b, _)| a == b);
        ports
    })
}

/// Groups through which the world reaches some of these ports, which have names.
fn open_port(view: &View<'_>, what: &str, ports: impl Fn(&Resource) -> Vec<(Ports, String)>) -> Vec<Seen> {
    let seen = |group: &Resource| {
        let openings = view.openings(&group.id);
        let wanted = if openings.is_empty() { Vec::new() } else { ports(group) };
        let (hit, through): (Vec<&(Ports, String)>, Vec<&Opening>) =
            wanted.iter().filter_map(|wanted| Some((wanted, *openings.iter().find(|o| o.ports.overlap(&wanted.0))?))).unzip();
        let first = through.first()?;
        let mut through = through.clone();
        through.dedup();
        let names: Vec<String> = hit.iter().take(4).map(|(ports, name)| format!("{} ({name})", ports.from)).collect();
        let more = if hit.len() > 4 { format!(" and {} more", hit.len() - 4) } else { String::new() };
        let severity = if view.wearers(&group.id).is_empty() { Severity::Medium } else { Severity::Critical };
        let sentence = if hit.len() == 1 {
            format!("{} lets the whole internet try {}: {}.", group.name, names.join(""), worded(first))
        } else {
            format!("{} lets the whole internet try {what} on {}{more}: {}.", group.name, names.join(", "), worded(first))
        };
        Some(Seen::of(group, severity, sentence, evidence(view, group, &through)))
    };
    view.groups().filter_map(seen).collect()
}
