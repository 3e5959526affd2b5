//! `hikkoshi reach`: can one thing reach another, by which way, or blocked by what.

use std::net::IpAddr;

use super::failure::{Failure, exit};
use super::place::Place;
use super::{Done, Global, say, say_json};
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::network::Protocol;
use crate::model::resource::Resource;
use crate::plan::problem::nearest;
use crate::reach::{By, Fabric, Question, Side, View, ask};
use crate::report::reach::{Pair, json, text};

/// Options of `reach`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The migration; may be left out where there is one
    name: Option<String>,
    /// Who opens the connection: a name or id, an address, `internet`
    #[arg(long, value_name = "WHO")]
    from: String,
    /// Who is to accept it: a name or id, an address, `internet`, `service:s3`
    #[arg(long, value_name = "WHO")]
    to: String,
    /// The acceptor's port (the type for icmp); left out: those it listens on, 443 for a service, 8 for icmp
    #[arg(long)]
    port: Option<u16>,
    /// tcp, udp, icmp, all, or a number
    #[arg(long, default_value = "tcp")]
    protocol: String,
    /// By which of its addresses the acceptor is called
    #[arg(long, value_enum, default_value = "private")]
    by: Address,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum Address {
    Private,
    Public,
    V6,
}

/// One end as it was named.
struct End {
    /// As people call it.
    name: String,
    /// Its sides, each with its name.
    sides: Vec<(Side, String)>,
    /// The TCP ports on which it listens, if anybody knows.
    listens: Vec<u16>,
}

/// Asks, of the inventory as it was seen.
pub fn run(global: &Global, args: &Args) -> Done {
    let place = Place::find(&global.dir, args.name.as_deref())?;
    let inventory = place.inventory()?.value;
    let fabric = Fabric::new(inventory.resources.values());
    let (from, to) = (end(&inventory, &fabric, &args.from)?, end(&inventory, &fabric, &args.to)?);
    let protocol = protocol(&args.protocol)?;
    let by = match args.by {
        Address::Private => By::Private,
        Address::Public => By::Public,
        Address::V6 => By::V6,
    };
    let mut pairs = Vec::new();
    for port in ports(args.port, &protocol, &to)? {
        for (opener, opener_name) in &from.sides {
            for (acceptor, acceptor_name) in to.sides.iter().filter(|(acceptor, _)| acceptor != opener) {
                let question = Question { from: opener.clone(), to: acceptor.clone(), protocol: protocol.clone(), port, by };
                let verdict = ask(&fabric, &question);
                pairs.push(Pair { from: opener_name.clone(), to: acceptor_name.clone(), question, verdict });
            }
        }
    }
    if pairs.is_empty() {
        let silent = if from.sides.is_empty() { &from.name } else { &to.name };
        return Err(bad(format!("{silent} has no interface in the inventory, and nothing tells where it would have one"))
            .hint("hikkoshi graph --all   # shows what has interfaces"));
    }
    if global.json {
        say_json(&json(&pairs));
    } else {
        say(&text(&format!("{} → {}", from.name, to.name), &pairs, global.style(), global.width()));
    }
    Ok(if pairs.iter().all(Pair::is_reached) { 0 } else { exit::FINDINGS })
}

fn bad(message: String) -> Failure {
    Failure::new("HK0111", message).detail("nothing was called, nothing was written")
}

fn protocol(text: &str) -> Result<Protocol, Failure> {
    match text.to_lowercase().as_str() {
        "all" => Ok(Protocol::All),
        known @ ("tcp" | "udp" | "icmp" | "icmpv6") => Ok(Protocol::parse(known)),
        number if number.parse::<u8>().is_ok() => Ok(Protocol::parse(number)),
        _ => Err(bad(format!("--protocol {text}: not a protocol")).hint("--protocol tcp, udp, icmp, all, or IANA's number")),
    }
}

/// The ports to ask about.
fn ports(asked: Option<u16>, protocol: &Protocol, to: &End) -> Result<Vec<u16>, Failure> {
    match (asked, protocol) {
        (Some(port), _) => Ok(vec![port]),
        (None, Protocol::Icmp) => Ok(vec![8]),
        (None, Protocol::Tcp) if !to.listens.is_empty() => Ok(to.listens.clone()),
        (None, Protocol::Tcp | Protocol::Udp) => {
            Err(bad(format!("nobody knows on which ports {} listens", to.name)).hint("the same command with --port PORT"))
        }
        (None, _) => Ok(vec![0]),
    }
}

/// Who is meant: `internet`, a service, an address (the interface that has it, if one does), an interface, or a resource by
/// its id or name.
fn end(inventory: &Inventory, fabric: &Fabric, named: &str) -> Result<End, Failure> {
    let one = |side: Side, listens: Vec<u16>| End { name: named.to_owned(), sides: vec![(side, named.to_owned())], listens };
    if named == "internet" {
        return Ok(one(Side::Internet, Vec::new()));
    }
    if let Some(service) = named.strip_prefix("service:") {
        return Ok(one(Side::Service(service.to_owned()), vec![443]));
    }
    if let Ok(address) = named.parse::<IpAddr>() {
        let side = fabric.node_at(address).map_or(Side::Address(address), |node| Side::Node(node.id.clone()));
        return Ok(one(side, Vec::new()));
    }
    let resource = find(inventory, fabric, named)?;
    let nodes = match fabric.nodes(&resource.id) {
        nodes if nodes.is_empty() && fabric.node(&resource.id).is_some() => vec![resource.id.clone()],
        nodes => nodes,
    };
    let listens = resource.facets.listens.iter().flatten().filter(|ports| ports.from == ports.to && ports.protocol == Protocol::Tcp);
    let mut listens: Vec<u16> = listens.map(|ports| ports.from).collect();
    listens.dedup();
    let sides = nodes.into_iter().map(|id| (Side::Node(id.clone()), called(inventory, fabric, resource, &id))).collect();
    Ok(End { name: resource.name.clone(), sides, listens })
}

/// An interface as people know it: whose, its address, its subnet.
fn called(inventory: &Inventory, fabric: &Fabric, owner: &Resource, id: &Id) -> String {
    let Some(node) = fabric.node(id) else { return id.to_string() };
    let subnet = inventory.name(&node.subnet);
    match node.addresses.first() {
        Some(address) => format!("{} ({address} in {subnet})", owner.name),
        None => format!("{} (in {subnet}, address unknown)", owner.name),
    }
}

/// The resource of that id, or of that name: what can be moved before what can't.
fn find<'i>(inventory: &'i Inventory, fabric: &Fabric, named: &str) -> Result<&'i Resource, Failure> {
    if let Some(resource) = inventory.get(&named.into()) {
        return Ok(resource);
    }
    let has_nodes = |resource: &&Resource| fabric.node(&resource.id).is_some() || !fabric.nodes(&resource.id).is_empty();
    let all: Vec<&Resource> = inventory.resources.values().filter(|resource| resource.name == named).filter(has_nodes).collect();
    let movable: Vec<&Resource> = all.iter().copied().filter(|resource| resource.is_movable()).collect();
    match if movable.is_empty() { &all } else { &movable }.as_slice() {
        [one] => Ok(one),
        [] => {
            let names = inventory.resources.values().filter(has_nodes).flat_map(|resource| [resource.name.as_str(), resource.id.as_str()]);
            let failure = bad(format!("nothing in the inventory that has interfaces is called {named}"));
            Err(match nearest(named, names.chain(["internet"])) {
                Some(near) => failure.hint(format!("is {near} meant?")),
                None => {
                    failure.hint("hikkoshi graph   # shows what there is; an id, an address, internet and service:s3 are understood too")
                }
            })
        }
        several => {
            let ids: Vec<&str> = several.iter().map(|resource| resource.id.as_str()).collect();
            Err(bad(format!("{named} is the name of {} things: {}", ids.len(), ids.join(", ")))
                .hint("the same command with one of these ids"))
        }
    }
}
