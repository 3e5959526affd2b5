//! What must hold of every plan, whoever made it: checked after planning and after loading.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use super::Plan;
use super::order;
use super::problem::nearest;
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
    /// The words in the step's text to point at; the step itself if empty.
    pub at: String,
    /// What was expected, if that can be said.
    pub expected: String,
}

impl Broken {
    fn at(mut self, words: impl Into<String>) -> Broken {
        self.at = words.into();
        self
    }

    fn expected(mut self, words: impl Into<String>) -> Broken {
        self.expected = words.into();
        self
    }
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
        out.extend(needs(step, at, &place, &plan.steps, &circle));
        out.extend(outputs(step, &place, &plan.steps));
        out.extend(undo(step));
    }
    let ordered = plan.steps.windows(2).find(|pair| pair[0].stage > pair[1].stage);
    out.extend(ordered.map(|pair| broken("HK0107", &pair[1], "it stands after a step of a later stage")));
    out
}

fn broken(code: &'static str, step: &Step, why: impl Into<String>) -> Broken {
    Broken { code, step: step.id.clone(), why: why.into(), at: String::new(), expected: String::new() }
}

/// The circle in a plan, looked for once, and only where a step stands before what it needs.
type Circle<'p> = LazyCell<Option<order::Cycle>, Box<dyn FnOnce() -> Option<order::Cycle> + 'p>>;

fn needs(step: &Step, at: usize, place: &BTreeMap<&str, usize>, steps: &[Step], circle: &Circle<'_>) -> Vec<Broken> {
    let mut out = Vec::new();
    for need in &step.needs {
        match place.get(need.step.as_str()) {
            None => {
                let why = format!("it needs `{}`, which is no step of the plan", need.step);
                let near = nearest(&need.step, place.keys().copied()).map(meant).unwrap_or_default();
                out.push(broken("HK0105", step, why).at(format!("step: {}", need.step)).expected(near));
            }
            Some(other) if *other < at => {}
            Some(_) => match &**circle {
                Some(order::Cycle(circle)) => {
                    let why = format!("its needs go round in a circle: {}", circle.join(" → "));
                    out.push(broken("HK0104", step, why).at(format!("step: {}", need.step)).expected(edges(circle, steps)));
                    return out;
                }
                None => {
                    let why = format!("it stands before `{}`, which it needs", need.step);
                    out.push(broken("HK0107", step, why).at(format!("step: {}", need.step)));
                }
            },
        }
        if need.because.is_empty() {
            let why = format!("it needs `{}` without saying why", need.step);
            out.push(broken("HK0107", step, why).at(format!("step: {}", need.step)).expected("`because: …`"));
        }
    }
    out
}

/// Every reference names an output of a step that comes first, and says so in `needs`.
fn outputs(step: &Step, place: &BTreeMap<&str, usize>, steps: &[Step]) -> Vec<Broken> {
    let needed: BTreeSet<&str> = step.needs.iter().map(|need| need.step.as_str()).collect();
    let mut used: Vec<(&str, &str)> = Vec::new();
    let mut take = |from, output| {
        if ![("self", "Token"), ("self", "At"), ("each", "Value")].contains(&(from, output)) {
            used.push((from, output));
        }
    };
    step.each_reference(&mut take);
    step.each_reference_back(&mut take);
    let mut out = Vec::new();
    for (from, output) in used {
        let made = place.get(from).map(|at| &steps[*at].call);
        // Every step has a moment at which its call was announced.
        let known = made.is_some_and(|call| output == "At" || call.outputs.contains_key(output) || call.capture.contains_key(output));
        let reference = format!("${{{from}.{output}}}");
        if !known {
            let near = near_output(from, output, place, steps).map(|near| meant(&near)).unwrap_or_default();
            out.push(broken("HK0105", step, format!("`${{{from}.{output}}}` refers to nothing")).at(reference).expected(near));
        } else if from != step.id && !needed.contains(from) {
            let why = format!("it uses `${{{from}.{output}}}` but does not need `{from}`");
            out.push(broken("HK0105", step, why).at(reference).expected(format!("`{from}` among its `needs`")));
        }
    }
    out.dedup();
    out
}

fn meant(near: &str) -> String {
    format!("did you mean `{near}`?")
}

/// The reference that was probably meant: another output of that step, or that output of another step.
fn near_output(from: &str, output: &str, place: &BTreeMap<&str, usize>, steps: &[Step]) -> Option<String> {
    let outputs = |at: &usize| steps[*at].call.outputs.keys().chain(steps[*at].call.capture.keys()).map(String::as_str);
    let step = if place.contains_key(from) { from } else { nearest(from, place.keys().copied())? };
    let output = nearest(output, outputs(&place[step]))?;
    Some(format!("${{{step}.{output}}}"))
}

/// Why each step of a circle waits for the next.
fn edges(circle: &[String], steps: &[Step]) -> String {
    let because = |pair: &[String]| {
        let step = steps.iter().find(|step| step.id == pair[0])?;
        let need = step.needs.iter().find(|need| need.step == pair[1])?;
        Some(format!("{} needs {} because {}", pair[0], pair[1], need.because))
    };
    let whole: Vec<String> = circle.iter().chain(circle.first()).cloned().collect();
    let reasons: Vec<String> =
        whole.windows(2).filter_map(|pair| because(pair).or_else(|| because(&[pair[1].clone(), pair[0].clone()]))).collect();
    format!("one of these edges less: {}", reasons.join("; "))
}

fn undo(step: &Step) -> Option<Broken> {
    match &step.undo {
        Undo::Irreversible(_) if step.stage != Stage::Cleanup => {
            Some(broken("HK0507", step, "what can't be undone has its place in `cleanup` only"))
        }
        Undo::Nothing(does) if does.is_empty() => Some(broken("HK0107", step, "it says that it changes nothing, and not what it does")),
        Undo::Calls(calls) if calls.is_empty() => Some(broken("HK0107", step, "it has no way back and doesn't say why")),
        _ => None,
    }
}
