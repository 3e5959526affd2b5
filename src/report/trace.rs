//! A run as spans: run, stage, step, call, made of the one stream that the terminal shows; in OTLP's JSON. Pure.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::execute::{Event, What};
use crate::model::step::Stage;
use crate::plan::{Plan, sha256};

/// A span that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    id: String,
    parent: Option<String>,
    name: String,
    /// Whether it is a request to somebody else.
    client: bool,
    begin_ms: u64,
    end_ms: u64,
    facts: Vec<(&'static str, String)>,
    failed: Option<String>,
}

/// The spans of a run, as its events come.
pub struct Spans<'p> {
    plan: &'p Plan,
    trace: String,
    count: u64,
    run: Option<Span>,
    stages: BTreeMap<Stage, Span>,
    steps: BTreeMap<String, Span>,
    calls: BTreeMap<String, Span>,
    ended: Vec<Span>,
}

impl<'p> Spans<'p> {
    /// Of a run that `unique` tells from all others.
    pub fn new(plan: &'p Plan, unique: &str) -> Spans<'p> {
        let trace = sha256(unique.as_bytes())[..32].to_owned();
        let (stages, steps, calls) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Spans { plan, trace, count: 0, run: None, stages, steps, calls, ended: Vec::new() }
    }

    fn begin(&mut self, name: &str, parent: Option<String>, at_ms: u64, facts: Vec<(&'static str, String)>) -> Span {
        self.count += 1;
        let id = sha256(format!("{}/{}", self.trace, self.count).as_bytes())[..16].to_owned();
        Span { id, parent, name: name.to_owned(), client: false, begin_ms: at_ms, end_ms: at_ms, facts, failed: None }
    }

    /// Takes an event.
    pub fn hear(&mut self, event: &Event) {
        match &event.what {
            What::RunBegan { run, who, .. } => {
                let facts = vec![("hikkoshi.migration", self.plan.migration.clone()), ("hikkoshi.who", who.clone())];
                self.run = Some(self.begin(run, None, event.at_ms, facts));
            }
            What::RunEnded { how } => self.over(event.at_ms, how),
            What::Checkpoint => {
                let stage = Stage::parse(&event.step).and_then(|stage| self.stages.remove(&stage));
                self.end(stage, event.at_ms, None);
            }
            what => self.step(&event.step, event.at_ms, what),
        }
    }

    /// What an event says of a step; what is of no step says nothing here.
    fn step(&mut self, id: &str, at_ms: u64, what: &What) {
        let plan = self.plan;
        let Some(step) = plan.step(id) else { return };
        if !self.steps.contains_key(id) {
            if !matches!(what, What::Began | What::Calling) {
                return;
            }
            let stage = self.stage(step.stage, at_ms);
            let facts =
                vec![("hikkoshi.step", id.to_owned()), ("hikkoshi.move", step.of_move.clone()), ("hikkoshi.title", step.title.clone())];
            let span = self.begin(id, Some(stage), at_ms, facts);
            self.steps.insert(id.to_owned(), span);
        }
        match what {
            What::Calling => {
                self.answered(id, at_ms, None);
                let parent = self.steps.get(id).map(|span| span.id.clone());
                let mut call = self.begin(&step.call.operation.to_string(), parent, at_ms, vec![("hikkoshi.step", id.to_owned())]);
                call.client = true;
                self.calls.insert(id.to_owned(), call);
            }
            What::Called { .. } | What::Busy { .. } => self.answered(id, at_ms, None),
            What::Unknown { why } => self.answered(id, at_ms, Some(why)),
            What::Verified | What::Undone => self.ended_step(id, at_ms, None),
            What::Failed { code, why } => self.ended_step(id, at_ms, Some(&format!("{code}: {why}"))),
            _ => {}
        }
    }

    /// The id of the span of a stage, which begins with its first step.
    fn stage(&mut self, stage: Stage, at_ms: u64) -> String {
        if !self.stages.contains_key(&stage) {
            let parent = self.run.as_ref().map(|run| run.id.clone());
            let span = self.begin(stage.name(), parent, at_ms, Vec::new());
            self.stages.insert(stage, span);
        }
        self.stages[&stage].id.clone()
    }

    fn answered(&mut self, step: &str, at_ms: u64, failed: Option<&str>) {
        let call = self.calls.remove(step);
        self.end(call, at_ms, failed);
    }

    fn ended_step(&mut self, step: &str, at_ms: u64, failed: Option<&str>) {
        self.answered(step, at_ms, None);
        let span = self.steps.remove(step);
        self.end(span, at_ms, failed);
    }

    fn end(&mut self, span: Option<Span>, at_ms: u64, failed: Option<&str>) {
        self.ended.extend(span.map(|span| Span { end_ms: at_ms.max(span.begin_ms), failed: failed.map(str::to_owned), ..span }));
    }

    /// The run is over: what is open was left where it was.
    fn over(&mut self, at_ms: u64, how: &str) {
        let open: Vec<String> = self.steps.keys().cloned().collect();
        open.iter().for_each(|step| self.ended_step(step, at_ms, None));
        for stage in std::mem::take(&mut self.stages).into_values() {
            self.end(Some(stage), at_ms, None);
        }
        let run = self.run.take();
        self.end(run, at_ms, (how != "done").then_some(how));
    }

    /// What has ended since it was last asked, as OTLP's JSON; nothing if nothing has.
    pub fn ended(&mut self, service: &str) -> Option<Value> {
        if self.ended.is_empty() {
            return None;
        }
        let spans: Vec<Value> = std::mem::take(&mut self.ended).iter().map(|span| written(span, &self.trace)).collect();
        let resource = [
            ("service.name", service),
            ("cloud.provider", "aws"),
            ("cloud.account.id", &self.plan.account),
            ("cloud.region", &self.plan.region),
        ];
        let resource = attributes(&resource.map(|(key, value)| (key, value.to_owned())));
        let scope = json!({ "name": "hikkoshi", "version": env!("CARGO_PKG_VERSION") });
        Some(json!({ "resourceSpans": [{ "resource": { "attributes": resource }, "scopeSpans": [{ "scope": scope, "spans": spans }] }] }))
    }
}

/// Enumerations of OTLP: a span inside of a process, one that is a request; a span that failed.
const INTERNAL: u8 = 1;
const CLIENT: u8 = 3;
const ERROR: u8 = 2;

fn written(span: &Span, trace: &str) -> Value {
    let nanoseconds = |ms: u64| (u128::from(ms) * 1_000_000).to_string();
    let mut out = json!({
        "traceId": trace, "spanId": span.id, "name": span.name, "kind": if span.client { CLIENT } else { INTERNAL },
        "startTimeUnixNano": nanoseconds(span.begin_ms), "endTimeUnixNano": nanoseconds(span.end_ms), "attributes": attributes(&span.facts),
    });
    if let Some(parent) = &span.parent {
        out["parentSpanId"] = parent.clone().into();
    }
    if let Some(why) = &span.failed {
        out["status"] = json!({ "code": ERROR, "message": why });
    }
    out
}

fn attributes(facts: &[(&str, String)]) -> Vec<Value> {
    facts.iter().map(|(key, value)| json!({ "key": key, "value": { "stringValue": value } })).collect()
}
