//! The steps: in short for lists and the timeline, in full for whoever opens one.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::text::Texts;
use crate::model::absent::is_default;
use crate::model::call::{Object, Operation};
use crate::model::step::{Check, Impact, Look, Step, Undo, UndoCall, Wait};
use crate::plan::{Plan, order, pace};
use crate::report::aws_cli;

/// All steps in short.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Steps {
    /// Whose steps there are: ids of moves, and of what belongs to none, such as `network`.
    pub lanes: Vec<String>,
    /// Reasons.
    #[schemars(with = "Vec<String>")]
    pub becauses: Texts,
    /// The steps, in the plan's order.
    pub list: Vec<Short>,
    /// The steps that decide the end, first to last.
    pub path: Vec<usize>,
}

/// A step in short.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Short {
    /// Its id.
    pub id: String,
    /// What it does.
    pub title: String,
    /// Its stage's place among the plan's stages.
    pub stage: usize,
    /// Its lane.
    pub lane: usize,
    /// `service:Operation`.
    pub op: String,
    /// When it begins and ends if estimates hold, in seconds from the start.
    pub at: (u64, u64),
    /// How many seconds of these it waits.
    #[serde(skip_serializing_if = "is_default")]
    pub wait: u64,
    /// At most how many seconds it interrupts somebody, and whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub impact: Option<(u64, String)>,
    /// Whether there is no way back from it.
    #[serde(skip_serializing_if = "is_default")]
    pub last: bool,
    /// Whether it waits until somebody releases it.
    #[serde(skip_serializing_if = "is_default")]
    pub held: bool,
    /// The steps that come before it, each with the place of its reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<(usize, usize)>,
}

/// All steps, in short and in full.
pub fn steps(plan: &Plan) -> (Steps, Vec<Value>) {
    let (times, _) = order::schedule(&plan.steps, None);
    let place: BTreeMap<&str, usize> = plan.steps.iter().enumerate().map(|(at, step)| (step.id.as_str(), at)).collect();
    let held: BTreeSet<&str> = plan.postponed.iter().map(String::as_str).collect();
    let (mut lanes, mut becauses) = (Texts::default(), Texts::default());
    let mut short = |step: &Step| Short {
        id: step.id.clone(),
        title: step.title.clone(),
        stage: plan.stages.iter().position(|stage| *stage == step.stage).unwrap_or(0),
        lane: lanes.of(&step.of_move),
        op: step.call.operation.to_string(),
        at: times.get(step.id.as_str()).copied().unwrap_or_default(),
        wait: waits(step),
        impact: impact(&step.impact),
        last: matches!(step.undo, Undo::Irreversible(_)),
        held: held.contains(step.id.as_str()),
        needs: step.needs.iter().filter_map(|need| Some((*place.get(need.step.as_str())?, becauses.of(&need.because)))).collect(),
    };
    let list = plan.steps.iter().map(&mut short).collect();
    let path = pace::of(&plan.steps).path.into_iter().filter_map(|id| place.get(id).copied()).collect();
    (Steps { lanes: lanes.into_list(), becauses, list, path }, plan.steps.iter().map(full).collect())
}

/// How long a step waits of the time that it takes.
fn waits(step: &Step) -> u64 {
    let all: u64 = step.ready.iter().chain(&step.wait).map(|wait| wait.usual_s.max(wait.least_s)).sum();
    all.min(step.estimate_s)
}

fn impact(impact: &Impact) -> Option<(u64, String)> {
    match impact {
        Impact::None => None,
        Impact::Brief { seconds, what } => Some((*seconds, what.clone())),
        Impact::Outage { minutes, what } => Some((minutes * 60, what.clone())),
    }
}

/// A step in full. What it makes no use of is left out.
fn full(step: &Step) -> Value {
    let mut out = Map::new();
    let call = &step.call;
    let mut put = |key: &str, value: Value| {
        if !matches!(&value, Value::Array(list) if list.is_empty()) && !matches!(&value, Value::Object(map) if map.is_empty()) {
            out.insert(key.to_owned(), value);
        }
    };
    put("before", step.before.iter().map(check).collect());
    put("ready", step.ready.iter().map(wait).collect());
    put("call", called(&call.operation, &call.parameters));
    put("outputs", json!(call.outputs));
    put("capture", call.capture.iter().map(|(name, look)| looked(name, look)).collect());
    put(
        "probe",
        json!({ "op": call.probe.operation, "params": call.probe.parameters, "path": call.probe.path, "expect": call.probe.expect }),
    );
    put("once", json!(call.once.as_ref().map(|once| once.settle_s).into_iter().collect::<Vec<_>>()));
    put("answer", call.answer.iter().map(|one| json!({ "what": one.what, "path": one.path, "expect": one.expect })).collect());
    put("wait", step.wait.iter().map(wait).collect());
    put("verify", step.verify.iter().map(check).collect());
    match &step.undo {
        Undo::Calls(calls) => put("undo", calls.iter().map(undo).collect()),
        Undo::Irreversible(why) => put("irreversible", json!(why)),
        Undo::Nothing(why) => put("nothing", json!(why)),
    }
    Value::Object(out)
}

fn called(operation: &Operation, parameters: &Object) -> Value {
    json!({ "op": operation, "params": parameters, "aws": aws_cli::line(operation, parameters) })
}

fn looked(name: &str, look: &Look) -> Value {
    json!({ "name": name, "op": look.operation, "params": look.parameters, "path": look.path })
}

fn check(check: &Check) -> Value {
    json!({ "what": check.what, "op": check.operation, "params": check.parameters, "path": check.path, "expect": check.expect, "aws": aws_cli::line(&check.operation, &check.parameters) })
}

fn wait(wait: &Wait) -> Value {
    let mut out = check(&wait.until);
    out["usual_s"] = json!(wait.usual_s);
    out["timeout_s"] = json!(wait.timeout_s);
    for (key, value) in [("never", json!(wait.never)), ("otherwise", json!(wait.otherwise)), ("least_s", json!(wait.least_s))] {
        if !matches!(&value, Value::Array(list) if list.is_empty()) && value != json!("") && value != json!(0) {
            out[key] = value;
        }
    }
    out
}

fn undo(call: &UndoCall) -> Value {
    let mut out = called(&call.operation, &call.parameters);
    if let Some(each) = &call.each {
        out["each"] = looked("each", each);
    }
    out["unless"] = json!(call.unless.what);
    if !call.wait.is_empty() {
        out["wait"] = call.wait.iter().map(wait).collect();
    }
    out
}
