//! Proves, and derives the edges that the proof needs: a counterexample names a step that breaks something and one that
//! would have mended it; the edge between them excludes it. More edges leave fewer states, so what was proved stays so.

use std::collections::{BTreeMap, BTreeSet};

use super::claims::{Known, Steps};
use super::explore::{Cut, Unproved};
use super::legs::{self, Leg, Played, There, Turned, beside};
use super::order::{Order, Relevant, Span};
use super::round::{Round, Ways};
use super::{Counterexample, Interruption, Interrupts, Premises, Proof};
use crate::model::step::{Impact, Need, Step};
use crate::plan::order;
use crate::world::play::Stuck;

/// What is done about a counterexample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The edge that excludes it is added, or the interruption declared.
    Derive,
    /// It is told.
    Judge,
}

/// Proves steps, and adds to them what that takes. An edge leaves fewer states, so what was proved before it was added needs
/// no second look.
pub fn complete(premises: &Premises<'_>, steps: &mut Vec<Step>) -> Proof {
    let played = legs::play(premises, steps);
    let stuck: Vec<Counterexample> = played.stuck.iter().map(|(stuck, back)| stopped(stuck, *back)).collect();
    // What was not played, nothing is known of; that it was not stands in the way by itself.
    if !stuck.is_empty() {
        let there = There::gone(premises.inventory, premises.moves, steps);
        return judge(premises, steps, there);
    }
    let (proof, additions) = derived(premises, steps, &played);
    let proof = told(premises, steps, proof, &additions, stuck);
    additions.put(steps);
    proof
}

/// Proves steps as they are, which were played as far as there is a way back. Both ways at the same time: neither tells the
/// other anything.
pub fn judge(premises: &Premises<'_>, steps: &[Step], there: There<'_>) -> Proof {
    let (way_back, start, returnable) = (there.turned(), there.start(), there.returnable());
    let back = move || judged_back(premises, &steps[..returnable], &start, way_back);
    let ((there, stuck), (back, stuck_back)) = beside(move || judged_there(premises, steps, returnable, there), back);
    let stuck = stuck.iter().map(|stuck| stopped(stuck, false)).chain(stuck_back.iter().map(|stuck| stopped(stuck, true)));
    told(premises, steps, both_ways(there, back), &Additions::default(), stuck.collect())
}

fn judged_there(premises: &Premises<'_>, steps: &[Step], returnable: usize, there: There<'_>) -> (Proof, Option<Stuck>) {
    let (there, stuck) = there.end(steps);
    // What was not played, nothing is known of; that it was not stands in the way by itself.
    let mut round =
        Round::new(premises, &steps[..there.played], returnable, Ways { start: &there, there: Some(&there), back: None }, Mode::Judge);
    round.conflicts();
    round.there();
    round.at_the_end(stuck.is_none());
    (round.finish().0, stuck)
}

fn judged_back(premises: &Premises<'_>, steps: &[Step], start: &Leg, way_back: Turned<'_>) -> (Proof, Option<Stuck>) {
    let (back, stuck) = way_back.gone(steps);
    let mut round = Round::new(premises, steps, steps.len(), Ways { start, there: None, back: Some(&back) }, Mode::Judge);
    round.back();
    (round.finish().0, stuck)
}

/// The proof with what is declared and where it could not be played, in the order in which it is told.
fn told(premises: &Premises<'_>, steps: &[Step], mut proof: Proof, additions: &Additions, stuck: Vec<Counterexample>) -> Proof {
    // The way there first, and the shortest first: it is the easiest to follow.
    proof.broken.sort_by_key(|example| (example.on_the_way_back, example.done.len()));
    proof.broken.extend(stuck);
    let declared = additions.interruptions.iter().map(|(at, what)| Interruption { step: steps[*at].id.clone(), what: what.clone() });
    proof.interruptions = premises.interruptions.iter().cloned().chain(declared).collect();
    proof.interruptions.sort();
    proof
}

/// Both ways one after the other: an edge that one needs holds for the other.
fn derived(premises: &Premises<'_>, steps: &[Step], played: &Played) -> (Proof, Additions) {
    let (there, back) = (Some(&played.there), Some(&played.back));
    let mut round = Round::new(premises, steps, played.returnable, Ways { start: &played.there, there, back }, Mode::Derive);
    round.conflicts();
    round.there();
    round.back();
    round.at_the_end(played.stuck.is_empty());
    round.finish()
}

/// What was found there and back.
fn both_ways(mut there: Proof, back: Proof) -> Proof {
    let efforts = there.certificate.effort.as_mut().zip(back.certificate.effort);
    if let Some((effort, other)) = efforts {
        effort.classes += other.classes;
        effort.examined += other.examined;
    }
    let all: BTreeSet<Counterexample> = there.broken.into_iter().chain(back.broken).collect();
    there.broken = all.into_iter().collect();
    there
}

/// A plan that can't be carried out on the simulated account.
pub fn stopped(stuck: &Stuck, back: bool) -> Counterexample {
    let what = if back { "the way back can be gone" } else { "the plan can be carried out" };
    Counterexample {
        what: what.to_owned(),
        done: vec![stuck.step.clone()],
        last: stuck.step.clone(),
        why: stuck.why.clone(),
        on_the_way_back: back,
    }
}

/// What a round adds to the plan.
#[derive(Default)]
pub struct Additions {
    /// Edges: what must be done first, what needs it, why.
    pub edges: BTreeMap<(usize, usize), String>,
    /// What is declared of steps, by place.
    pub interruptions: BTreeSet<(usize, Interrupts)>,
}

impl Additions {
    fn put(self, steps: &mut Vec<Step>) {
        for (at, what) in self.interruptions {
            steps[at].impact = both(std::mem::replace(&mut steps[at].impact, Impact::None), what.impact());
        }
        let mut order = Order::of(steps);
        let implied = |order: &Order, first: usize, second: usize| {
            (0..order.len()).any(|between| order.precedes(first, between) && order.precedes(between, second))
        };
        self.edges.keys().for_each(|(first, second)| order.add(*first, *second));
        for ((first, second), because) in self.edges {
            if !implied(&order, first, second) {
                let step = steps[first].id.clone();
                steps[second].needs.push(Need { step, because });
                steps[second].needs.sort();
            }
        }
        match order::sort(std::mem::take(steps)) {
            Ok(sorted) => *steps = sorted,
            Err(order::Cycle(circle)) => unreachable!("an edge that closes a circle was added: {circle:?}"),
        }
    }
}

/// Which edge excludes a counterexample at the least cost of time: of the steps that would mend it the one that is done
/// first, before the one that breaks it.
pub fn edge(cut: &Cut, order: &Order, ends: &[u64]) -> Option<(usize, usize)> {
    let last = cut.last?;
    let menders = cut.menders.iter().copied().filter(|mender| order.allows(*mender, last));
    menders.min_by_key(|mender| (ends[*mender], *mender)).map(|mender| (mender, last))
}

/// When each step would end, in seconds from the start.
pub fn ends(steps: &[Step]) -> Vec<u64> {
    let (times, _) = order::schedule(steps, None);
    steps.iter().map(|step| times.get(step.id.as_str()).map_or(0, |(_, end)| *end)).collect()
}

/// Why something stays undecided, for people.
pub fn undecided(what: &str, why: &Unproved) -> String {
    match why {
        Unproved::Steps(steps) => format!("{what}: not proved, {steps} steps bear on it at once"),
        Unproved::States => format!("{what}: not proved, the steps that bear on it allow too many states"),
    }
}

/// What an interruption says.
fn says(impact: &Impact) -> String {
    match impact {
        Impact::None => String::new(),
        Impact::Brief { what, .. } | Impact::Outage { what, .. } => what.clone(),
    }
}

/// Two interruptions by one step: as long as the longer, and both are said.
fn both(one: Impact, other: Impact) -> Impact {
    let (said, more) = (says(&one), says(&other));
    let what = if said.is_empty() || more.contains(&said) { more } else { format!("{said}; {more}") };
    let seconds = |impact: &Impact| match impact {
        Impact::None => 0,
        Impact::Brief { seconds, .. } => *seconds,
        Impact::Outage { minutes, .. } => minutes * 60,
    };
    let long = |impact: &Impact| matches!(impact, Impact::Outage { .. });
    let seconds = seconds(&one).max(seconds(&other));
    if long(&one) || long(&other) { Impact::Outage { minutes: seconds.div_ceil(60), what } } else { Impact::Brief { seconds, what } }
}

/// What steps declare, forward or seen from the other end. A move that interrupts what it moves does so on its way back as
/// well, at whichever of its steps.
pub fn known(premises: &Premises<'_>, steps: &[Step], back: bool) -> Steps {
    let interrupts = |step: &Step| step.impact != Impact::None;
    let moves: BTreeSet<&str> = steps.iter().filter(|step| interrupts(step)).map(|step| step.of_move.as_str()).collect();
    let mut declared: BTreeMap<&str, (bool, BTreeSet<String>)> = BTreeMap::new();
    for one in premises.interruptions {
        let (hangs, cuts) = declared.entry(&one.step).or_default();
        match &one.what {
            Interrupts::Untracked => *hangs = true,
            Interrupts::Claim { claim, .. } => drop(cuts.insert(claim.clone())),
        }
    }
    let mut known = |step: &Step| {
        let interrupts = if back { moves.contains(step.of_move.as_str()) } else { interrupts(step) };
        let (hangs, cuts) = declared.remove(step.id.as_str()).unwrap_or_default();
        Known { hangs, cuts, interrupts: premises.moves.get(&step.of_move).filter(|_| interrupts).cloned() }
    };
    let mut known: Vec<Known> = steps.iter().map(&mut known).collect();
    if back {
        known.reverse();
    }
    Steps(known)
}

/// How many digits the number of a plan's states has, at least: in each stage the parts that nothing connects multiply.
pub fn digits(steps: &[Step], order: &Order) -> usize {
    let mut by_stage: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    (0..steps.len()).for_each(|at| by_stage.entry(order.stage(at)).or_default().push(at));
    let logs = by_stage.values().map(|members| components(members, order).iter().map(|part| log10(part, order)).sum::<f64>());
    logs.fold(0.0, f64::max) as usize + 1
}

/// The parts of a stage that no edge connects.
fn components(members: &[usize], order: &Order) -> Vec<Vec<usize>> {
    let mut left: BTreeSet<usize> = members.iter().copied().collect();
    let mut out = Vec::new();
    while let Some(first) = left.pop_first() {
        let mut part = vec![first];
        let mut at = 0;
        while at < part.len() {
            part.extend(order.beside(part[at]).filter(|other| left.remove(other)));
            at += 1;
        }
        out.push(part);
    }
    out
}

/// How many digits before the point the number of a part's states has, at least: it is counted as far as [`COUNTED`]; beyond,
/// any steps with equally many before them can be done or not, for none of them comes before another.
fn log10(part: &[usize], order: &Order) -> f64 {
    let counted = Relevant::new(part.iter().copied(), order, &Span::default()).and_then(|part| part.states(COUNTED, |_| true).ok());
    if let Some(counted) = counted {
        return (counted as f64).log10();
    }
    let mut beside: BTreeMap<usize, usize> = BTreeMap::new();
    for step in part {
        let before = part.iter().filter(|other| order.precedes(**other, *step)).count();
        *beside.entry(before).or_default() += 1;
    }
    let widest = beside.into_values().max().unwrap_or(0);
    (widest as f64 * 2f64.log10()).max((part.len() as f64 + 1.0).log10())
}

/// As many states of a part are counted one by one.
const COUNTED: usize = 5_000;
