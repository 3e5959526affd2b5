//! Edges, layers and the critical path.
//!
//! A step needs what its parameters refer to; what the kinds and the assembly demand besides comes with its reason.
//! Stages are barriers: a step waits for every step of the stages before, without an edge for each.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::step::{Need, Stage, Step};

/// Adds an edge for every output that a step's parameters, checks and captures use, on the way there or back.
pub fn add_references(steps: &mut [Step]) {
    for step in steps {
        let mut used: BTreeSet<String> = BTreeSet::new();
        let mut take = |from: &str, _: &str| {
            if from != "self" && from != "each" && !used.contains(from) {
                used.insert(from.to_owned());
            }
        };
        step.each_reference(&mut take);
        step.each_reference_back(&mut take);
        let needed: BTreeSet<&str> = step.needs.iter().map(|need| need.step.as_str()).collect();
        used.retain(|from| *from != step.id && !needed.contains(from.as_str()));
        step.needs.extend(used.into_iter().map(|from| Need { step: from, because: "its output is used".to_owned() }));
        step.needs.sort();
    }
}

/// A circle of steps that wait for each other.
#[derive(Debug, PartialEq, Eq)]
pub struct Cycle(pub Vec<String>);

/// Brings steps into an order in which they can be carried out: by stage, and in a stage one move after the other, as they
/// came; what a step needs of another move comes just before it. Nobody has to do it in this order, but everybody can: as
/// little as possible is under way at once.
///
/// # Errors
/// The steps of one circle, in order.
pub fn sort(steps: Vec<Step>) -> Result<Vec<Step>, Cycle> {
    let mut out = Vec::with_capacity(steps.len());
    let mut by_stage: BTreeMap<Stage, Vec<Step>> = BTreeMap::new();
    for step in steps {
        by_stage.entry(step.stage).or_default().push(step);
    }
    for steps in by_stage.into_values() {
        layers(&steps)?;
        let order = move_by_move(&steps);
        let mut slots: Vec<Option<Step>> = steps.into_iter().map(Some).collect();
        out.extend(order.into_iter().filter_map(|at| slots[at].take()));
    }
    Ok(out)
}

/// The places of steps without a circle, one move after the other.
fn move_by_move(steps: &[Step]) -> Vec<usize> {
    let place: BTreeMap<&str, usize> = steps.iter().enumerate().map(|(at, step)| (step.id.as_str(), at)).collect();
    let mut first: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, step) in steps.iter().enumerate() {
        first.entry(&step.of_move).or_insert(at);
    }
    let mut wanted: Vec<usize> = (0..steps.len()).collect();
    wanted.sort_by_key(|at| (first[steps[*at].of_move.as_str()], *at));
    let (mut out, mut begun, mut done) = (Vec::with_capacity(steps.len()), vec![false; steps.len()], vec![false; steps.len()]);
    // What is wanted next lies on top; a step comes back to the top when what it needs is out.
    let mut pile: Vec<usize> = wanted.into_iter().rev().collect();
    while let Some(at) = pile.pop() {
        if done[at] {
            continue;
        }
        if begun[at] {
            done[at] = true;
            out.push(at);
            continue;
        }
        begun[at] = true;
        pile.push(at);
        let mut needs: Vec<usize> = steps[at].needs.iter().filter_map(|need| place.get(need.step.as_str()).copied()).collect();
        needs.sort_by_key(|at| std::cmp::Reverse((first[steps[*at].of_move.as_str()], *at)));
        pile.extend(needs.into_iter().filter(|need| !done[*need]));
    }
    out
}

/// The steps of one stage in layers: each step's needs lie in earlier layers.
///
/// # Errors
/// The steps of one circle, in order.
pub fn layers(steps: &[Step]) -> Result<Vec<Vec<usize>>, Cycle> {
    let needs = steps.iter().map(|step| (step.id.as_str(), step.needs.iter().map(|need| need.step.as_str()).collect()));
    crate::graph::order(needs).map_err(Cycle)
}

/// When each step would begin and end if every estimate held, in seconds from the start, and the steps that decide
/// the end, first to last. Steps are in plan order; the edge that is left out goes from the first step to the second.
pub fn schedule<'p>(
    steps: impl IntoIterator<Item = &'p Step>,
    without: Option<(&str, &str)>,
) -> (BTreeMap<&'p str, (u64, u64)>, Vec<&'p str>) {
    let mut times: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    let mut decides: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    let mut barrier: (u64, Option<&str>) = (0, None);
    let mut latest: (u64, Option<&str>) = (0, None);
    let mut stage = None;
    for step in steps {
        if stage != Some(step.stage) {
            stage = Some(step.stage);
            barrier = latest;
        }
        let needs = step.needs.iter().filter(|need| without != Some((need.step.as_str(), step.id.as_str())));
        let ends = needs.filter_map(|need| Some((times.get(need.step.as_str())?.1, Some(need.step.as_str()))));
        let (begin, because) = ends.chain(std::iter::once(barrier)).max_by_key(|(at, _)| *at).unwrap_or(barrier);
        let end = begin + step.estimate_s;
        times.insert(&step.id, (begin, end));
        decides.insert(&step.id, because);
        if end >= latest.0 {
            latest = (end, Some(&step.id));
        }
    }
    let mut path = Vec::new();
    let mut at = latest.1;
    while let Some(id) = at {
        path.push(id);
        at = decides.get(id).copied().flatten();
    }
    path.reverse();
    (times, path)
}
