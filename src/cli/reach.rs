//! `hikkoshi reach`: can one thing reach another, by which way, or blocked by what; today, or at a moment of the plan.

mod ends;

use super::dry_run::blocked;
use super::failure::{Failure, exit};
use super::place::Place;
use super::{Done, Global, say, say_json};
use crate::clock::rfc3339;
use crate::model::inventory::Inventory;
use crate::model::network::Protocol;
use crate::plan::Plan;
use crate::plan::moment::{Moment, When};
use crate::plan::problem::nearest;
use crate::reach::{By, Question, ask};
use crate::report::reach::{Asked, Pair, json, text};
use ends::{End, Names, Scenery};

/// Options of `reach`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The migration; may be left out where there is one
    name: Option<String>,
    /// Who opens the connection: a name or id, an address, `internet`, `service:client-vpn`
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
    /// When: start (the inventory), end, a checkpoint (foundation, guard, …), or right after a step of the plan
    #[arg(long, value_name = "WHEN", default_value = "start")]
    at: String,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum Address {
    Private,
    Public,
    V6,
}

/// Asks, of the inventory or of what the plan makes of it.
pub fn run(global: &Global, args: &Args) -> Done {
    let place = Place::find(global, args.name.as_deref())?;
    let inventory = place.inventory()?.value;
    let start = Scenery::new(&inventory);
    if args.at == When::Start.name() {
        return answer(global, args, &Names { start: &start, then: None }, &Asked { at: &args.at, words: None });
    }
    let plan = place.plan_as_made()?.value;
    let when = when(&plan, &args.at)?;
    if !plan.blockers.is_empty() {
        return Err(blocked(&plan));
    }
    let moment = play(&place, &plan, &inventory, when)?;
    let then = moment.account.inventory(&rfc3339(moment.account.now_ms));
    let words = format!("{}, on the simulated account", when.words(&plan));
    let names = Names { start: &start, then: Some((&Scenery::new(&then), &moment)) };
    answer(global, args, &names, &Asked { at: when.name(), words: Some(&words) })
}

/// The moment that was named.
fn when<'p>(plan: &'p Plan, named: &str) -> Result<When<'p>, Failure> {
    When::parse(named, plan).ok_or_else(|| {
        let names = When::names(plan);
        let all = format!("there are {}, and the plan's steps", names.join(", "));
        let known = names.into_iter().chain(plan.steps.iter().map(|step| step.id.as_str()));
        let failure = bad(format!("--at {named}: the plan has neither such a checkpoint nor such a step"));
        match nearest(named, known) {
            Some(near) => failure.hint(format!("the same command with --at {near}, if that is what you meant; {all}")),
            None => failure.hint(format!("the same command with another --at; {all}")),
        }
    })
}

fn play(place: &Place, plan: &Plan, inventory: &Inventory, when: When<'_>) -> Result<Moment, Failure> {
    Moment::of(plan, inventory, when).map_err(|stuck| {
        Failure::new("HK0510", format!("in the simulation step {} fails: {}", stuck.step, stuck.why))
            .detail("the plan would fail there; nothing was called")
            .hint(format!("hikkoshi plan {} --step {}", place.name, stuck.step))
    })
}

/// Asks every pair that the two names mean, and tells.
fn answer(global: &Global, args: &Args, names: &Names<'_>, asked: &Asked<'_>) -> Done {
    let (from, to) = (names.opener(&args.from)?, names.end(&args.to)?);
    let pairs = pairs(args, names, &from, &to)?;
    if pairs.is_empty() {
        let silent = if from.sides.is_empty() { &from.name } else { &to.name };
        let place = if names.then.is_some() { "account at that moment" } else { "inventory" };
        return Err(bad(format!("{silent} has no interface in the {place}, and nothing tells where it would have one"))
            .hint("hikkoshi graph --all   # shows what has interfaces"));
    }
    if global.json {
        say_json(&json(asked, &pairs));
    } else {
        say(&text(asked, &format!("{} → {}", from.name, to.name), &pairs, global.style(), global.width()));
    }
    Ok(if pairs.iter().all(Pair::is_reached) { 0 } else { exit::FINDINGS })
}

fn pairs(args: &Args, names: &Names<'_>, from: &End, to: &End) -> Result<Vec<Pair>, Failure> {
    let protocol = protocol(&args.protocol)?;
    let by = match args.by {
        Address::Private => By::Private,
        Address::Public => By::Public,
        Address::V6 => By::V6,
    };
    let mut pairs = Vec::new();
    for port in ports(args.port, &protocol, to)? {
        for (opener, opener_name) in &from.sides {
            for (acceptor, acceptor_name) in to.sides.iter().filter(|(acceptor, _)| acceptor != opener) {
                let question = Question { from: opener.clone(), to: acceptor.clone(), protocol: protocol.clone(), port, by };
                let verdict = ask(&names.now().fabric, &question);
                pairs.push(Pair { from: opener_name.clone(), to: acceptor_name.clone(), question, verdict });
            }
        }
    }
    Ok(pairs)
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
