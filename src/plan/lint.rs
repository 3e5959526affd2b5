//! What must hold of every plan, whoever made it: checked after planning and after loading.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use super::Plan;
use super::order;
use crate::model::step::{Stage, Step, Undo};

/// A broken rule, with the failure code that explains it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The failure code.
    pub code: &'static str,
    /// The step.
    pub step: String,
    /// What is wrong.
    pub why: String,
}

/// Everything that is wrong with a plan; nothing if it is sound.
pub fn lint(plan: &Plan) -> Vec<Broken> {
    let mut out = Vec::new();
    let mut place: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, step) in plan.steps.iter().enumerate() {
        if place.insert(&step.id, at).is_some() {
            out.push(broken("HK0107", step, "its id is used twice"));
        }
    }
    let circle = Circle::new(Box::new(|| order::layers(&plan.steps).err()));
    for (at, step) in plan.steps.iter().enumerate() {
        out.extend(needs(step, at, &place, &circle));
        out.extend(outputs(step, &place, &plan.steps));
        out.extend(undo(step));
    }
    let ordered = plan.steps.windows(2).find(|pair| pair[0].stage > pair[1].stage);
    out.extend(ordered.map(|pair| broken("HK0107", &pair[1], "it stands after a step of a later stage")));
    out
}

fn broken(code: &'static str, step: &Step, why: impl Into<String>) -> Broken {
    Broken { code, step: step.id.clone(), why: why.into() }
}

/// The circle in a plan, looked for once, and only where a step stands before what it needs.
type Circle<'p> = LazyCell<Option<order::Cycle>, Box<dyn FnOnce() -> Option<order::Cycle> + 'p>>;

fn needs(step: &Step, at: usize, place: &BTreeMap<&str, usize>, circle: &Circle<'_>) -> Vec<Broken> {
    let mut out = Vec::new();
    for need in &step.needs {
        match place.get(need.step.as_str()) {
            None => out.push(broken("HK0105", step, format!("it needs `{}`, which is no step of the plan", need.step))),
            Some(other) if *other < at => {}
            Some(_) => match &**circle {
                Some(order::Cycle(circle)) => {
                    out.push(broken("HK0104", step, format!("its needs go round in a circle: {}", circle.join(" → "))));
                    return out;
                }
                None => out.push(broken("HK0107", step, format!("it stands before `{}`, which it needs", need.step))),
            },
        }
        if need.because.is_empty() {
            out.push(broken("HK0107", step, format!("it needs `{}` without saying why", need.step)));
        }
    }
    out
}

/// Every reference names an output of a step that comes first, and says so in `needs`.
fn outputs(step: &Step, place: &BTreeMap<&str, usize>, steps: &[Step]) -> Vec<Broken> {
    let needed: BTreeSet<&str> = step.needs.iter().map(|need| need.step.as_str()).collect();
    let mut used: Vec<(&str, &str)> = Vec::new();
    let mut take = |from, output| {
        if ![("self", "Token"), ("each", "Value")].contains(&(from, output)) {
            used.push((from, output));
        }
    };
    step.each_reference(&mut take);
    step.each_reference_back(&mut take);
    used.sort_unstable();
    used.dedup();
    let mut out = Vec::new();
    for (from, output) in used {
        let made = place.get(from).map(|at| &steps[*at].call);
        let known = made.is_some_and(|call| call.outputs.contains_key(output) || call.capture.contains_key(output));
        if !known {
            out.push(broken("HK0105", step, format!("`${{{from}.{output}}}` refers to nothing")));
        } else if from != step.id && !needed.contains(from) {
            out.push(broken("HK0105", step, format!("it uses `${{{from}.{output}}}` but does not need `{from}`")));
        }
    }
    out
}

fn undo(step: &Step) -> Option<Broken> {
    match &step.undo {
        Undo::Irreversible(_) if step.stage != Stage::Cleanup => {
            Some(broken("HK0507", step, "what can't be undone has its place in `cleanup` only"))
        }
        Undo::Calls(calls) if calls.is_empty() => Some(broken("HK0107", step, "it has no way back and doesn't say why")),
        _ => None,
    }
}
