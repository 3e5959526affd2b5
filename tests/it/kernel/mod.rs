//! The model against the Linux kernel: networks drawn at random, built in network namespaces, real packets sent.
//!
//! A router with a table per subnet stands for the VPC's implicit one; stateless nftables rules on it are the network ACLs, one
//! set where packets leave a subnet and one where they enter; each interface is a namespace whose stateful rules are its security
//! groups; a NAT gateway and an internet gateway are namespaces that translate. TCP and UDP are tried between all of them and hosts
//! outside, from source ports on both sides of every border that the drawn ACLs know. What `reach` answers must be what arrives.
//!
//! `HIKKOSHI_KERNEL_CASES` sets how many networks are drawn. Skipped, and said so, where namespaces or nftables are missing. IPv6, ICMP,
//! endpoints and tracking of established connections are not in it: they are held by the tests of `reach` alone.

mod agent;
pub mod draw;
mod stage;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use hikkoshi::model::network::Protocol;
use hikkoshi::reach::{By, Question, Side, Verdict, ask};

use agent::{Probe, Transport};
use draw::{Drawn, HOSTS, NODES, PORTS};
use stage::Stage;

/// Networks drawn, unless the environment says otherwise; and how many are built at a time.
const CASES: usize = 120;
const LANES: usize = 4;

/// Patience in milliseconds: where something that should arrive did not, all is tried again with more.
const PATIENCE: [u64; 4] = [120, 500, 2000, 6000];

/// A question, and the probes that answer it.
struct Trial {
    question: Question,
    text: String,
    probes: Vec<(usize, Probe)>,
    /// Whether one probe that arrives is enough ("some host of the internet"), rather than all of them.
    any: bool,
}

#[test]
fn what_reach_answers_is_what_the_kernel_does() {
    if let Err(why) = Stage::possible() {
        eprintln!("skipped: the kernel is not asked: {why}");
        return;
    }
    let cases = std::env::var("HIKKOSHI_KERNEL_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(CASES);
    let next = AtomicUsize::new(0);
    let (asked, reached) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let disagreements = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for lane in 0..LANES.min(cases) {
            let (next, asked, reached, disagreements) = (&next, &asked, &reached, &disagreements);
            scope.spawn(move || {
                let mut stage = Stage::build(lane);
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= cases {
                        return;
                    }
                    let drawn = Drawn::from_seed(seed as u64);
                    let (trials, open, wrong) = play(&mut stage, &drawn);
                    asked.fetch_add(trials, Ordering::Relaxed);
                    reached.fetch_add(open, Ordering::Relaxed);
                    let told = wrong.into_iter().map(|line| format!("network {seed}: {line}"));
                    disagreements.lock().expect("no lane panicked").extend(told);
                }
            });
        }
    });
    let disagreements = disagreements.into_inner().expect("no lane panicked");
    let (asked, reached) = (asked.into_inner(), reached.into_inner());
    eprintln!("kernel: {cases} networks, {asked} questions, {reached} of them reached, {} disagreements", disagreements.len());
    assert!(disagreements.is_empty(), "{}", disagreements.join("\n"));
    assert!(reached * 20 > asked && reached * 20 < asked * 19, "the networks drawn are all alike: {reached} of {asked} reached");
}

/// Sets one network up and tries everything; how much was asked and reached, and every disagreement.
fn play(stage: &mut Stage, drawn: &Drawn) -> (usize, usize, Vec<String>) {
    stage.set(drawn);
    let fabric = drawn.net().fabric();
    let asked = trials(drawn, 0);
    let verdicts: Vec<Verdict> = asked.iter().map(|trial| ask(&fabric, &trial.question)).collect();
    let mut arrived: Vec<bool> = Vec::new();
    for (attempt, patience) in PATIENCE.into_iter().enumerate() {
        arrived = try_all(stage, &trials(drawn, attempt), patience);
        let lacking = |(verdict, arrived): (&Verdict, &bool)| matches!(verdict, Verdict::Reached(_)) && !arrived;
        if !verdicts.iter().zip(&arrived).any(lacking) {
            break;
        }
    }
    let mut wrong = Vec::new();
    for ((trial, verdict), arrived) in asked.iter().zip(&verdicts).zip(&arrived) {
        if matches!(verdict, Verdict::Reached(_)) != *arrived {
            let what = if *arrived { "arrives" } else { "does not arrive" };
            wrong.push(format!("{} {what}; reach says {verdict:?}\n{}", trial.text, drawn.words()));
        }
    }
    let reached = arrived.iter().filter(|arrived| **arrived).count();
    (asked.len(), reached, wrong)
}

fn try_all(stage: &mut Stage, trials: &[Trial], patience: u64) -> Vec<bool> {
    let probes: Vec<(usize, Probe)> = trials.iter().flat_map(|trial| trial.probes.clone()).collect();
    let results = stage.probe(&probes, patience);
    let arrived = |trial: &Trial| {
        let mut of_trial = trial.probes.iter().map(|probe| results[probe]);
        if trial.any { of_trial.any(|arrived| arrived) } else { of_trial.all(|arrived| arrived) }
    };
    trials.iter().map(arrived).collect()
}

/// Everything that is asked of a network.
fn trials(drawn: &Drawn, attempt: usize) -> Vec<Trial> {
    let mut trials = Vec::new();
    for (transport, protocol) in [(Transport::Tcp, Protocol::Tcp), (Transport::Udp, Protocol::Udp)] {
        for port in PORTS {
            let question = |from: Side, to: Side, by: By| Question { from, to, protocol: protocol.clone(), port, by };
            let mut add = |from: Side, to: Side, by: By, any: bool, probes: Vec<(usize, Probe)>| {
                let text = format!("{from:?} > {to:?} {protocol:?} {port} by {by:?}");
                trials.push(Trial { question: question(from, to, by), text, probes, any });
            };
            let probes = |agent: usize, target, sources: &[u16]| -> Vec<(usize, Probe)> {
                sources.iter().map(|source| (agent, Probe { transport, source: *source, target, port })).collect()
            };
            for (at, node) in drawn.nodes.iter().enumerate() {
                let sources = drawn.sources(at, attempt);
                for (other_at, other) in drawn.nodes.iter().enumerate().filter(|(other, _)| *other != at) {
                    add(node_side(at), node_side(other_at), By::Private, false, probes(at, other.address, &sources));
                    if let Some(public) = other.public {
                        add(node_side(at), node_side(other_at), By::Public, false, probes(at, public, &sources));
                    }
                }
                for host in HOSTS {
                    add(node_side(at), Side::Address(host.into()), By::Private, false, probes(at, host, &sources));
                }
                let all = HOSTS.iter().flat_map(|host| probes(at, *host, &sources[..1]));
                // Whether every port is let back is the same for hosts that fare alike; existence is asked of each host whole.
                if drawn.answers_alike() {
                    add(node_side(at), Side::Internet, By::Private, true, all.collect());
                }
                if let Some(public) = node.public {
                    let mut somebody = Vec::new();
                    for (host_at, host) in HOSTS.iter().enumerate() {
                        let sources = drawn.host_sources(attempt);
                        somebody.extend(probes(NODES + host_at, public, &sources));
                        add(
                            Side::Address((*host).into()),
                            node_side(at),
                            By::Private,
                            false,
                            probes(NODES + host_at, public, &sources[..2]),
                        );
                    }
                    add(Side::Internet, node_side(at), By::Private, true, somebody);
                }
            }
        }
    }
    trials
}

fn node_side(at: usize) -> Side {
    Side::Node(format!("eni-n{at}").into())
}
