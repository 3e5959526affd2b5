//! A step: one mutating call with everything that surrounds it. What a plan is made of.
//!
//! Parameters may hold references, resolved when the step runs:
//! - a string `${step-id.Output}`: an output of an earlier step; `${step-id.At}`: when its call was announced;
//!   `${self.Token}`: the call's idempotency token; `${self.At}`: when the call was announced; on the way back: when the
//!   first call of the way back was. Among other text it stands for its own text: `${a.Id},${b.Id}`; a field's name may
//!   hold one, too (an alias's weights are by version);
//! - an object `{ "$look": { operation, parameters, path, set } }`: what a read answers at that moment, with the fields
//!   in `set` put over it (null takes one away). Used for what may change between plan and run (an association's id, a
//!   function's revision), for what must never be written down (user data), and to send a thing again whole with one
//!   field changed (a rule's target with its input).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::absent::is_default;
use super::call::{Object, Operation};
use super::path;

/// A read, and the part of its answer that matters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Look {
    /// The read.
    pub operation: Operation,
    /// Its parameters.
    pub parameters: Object,
    /// What to take from the answer; see [`path`].
    pub path: String,
    /// Fields, by their names with dots between, that get another value in what was taken; null takes a field away.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, Value>,
}

impl Look {
    /// What was taken from the answer, with the other values put over it.
    pub fn put_over(&self, mut found: Value) -> Value {
        for (at, value) in &self.set {
            let (outer, last) = at.rsplit_once('.').unwrap_or(("", at));
            let keys = outer.split('.').filter(|key| !key.is_empty());
            let object = keys.fold(&mut found, |object, key| {
                if object[key].is_null() {
                    object[key] = Value::Object(Object::new());
                }
                &mut object[key]
            });
            match (object, value) {
                (Value::Object(object), Value::Null) => drop(object.remove(last)),
                (Value::Object(object), value) => drop(object.insert(last.to_owned(), value.clone())),
                _ => {}
            }
        }
        found
    }
}

/// What the values that a look selects must be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expect {
    /// At least one, and all equal this.
    Equals(Value),
    /// As a set, exactly these; a selected list counts by its elements, a text with commas by its words.
    SameSet(Vec<Value>),
    /// All of these are among them.
    Includes(Vec<Value>),
    /// None of these is among them.
    Excludes(Vec<Value>),
    /// Nothing but these; also if there is nothing.
    Only(Vec<Value>),
    /// At least one.
    Exists,
    /// None: the thing is gone, or was never there.
    Absent,
    /// Exactly so many.
    Count(usize),
    /// At least one is a moment not before this one; both are RFC 3339 texts. `${self.At}` is when the step's call was
    /// first announced: to the second, as some services date their events, so one of the same second counts.
    Later(Value),
}

impl Expect {
    /// Whether the selected values are as expected.
    pub fn holds(&self, selected: &[&Value]) -> bool {
        let spread = || -> Vec<Value> { selected.iter().flat_map(|value| elements(value)).collect() };
        match self {
            Expect::Equals(wanted) => !selected.is_empty() && selected.iter().all(|value| *value == wanted),
            Expect::SameSet(wanted) => {
                let found = spread();
                wanted.iter().all(|w| found.contains(w)) && found.iter().all(|f| wanted.contains(f))
            }
            Expect::Includes(wanted) => wanted.iter().all(|w| spread().contains(w)),
            Expect::Excludes(unwanted) => !unwanted.iter().any(|w| spread().contains(w)),
            Expect::Only(wanted) => spread().iter().all(|found| wanted.contains(found)),
            Expect::Exists => !selected.is_empty(),
            Expect::Absent => selected.is_empty(),
            Expect::Count(wanted) => selected.len() == *wanted,
            Expect::Later(than) => selected.iter().any(|value| is_later(value, than)),
        }
    }
}

/// The elements of a value: of a list its own; of a text with commas its words (Auto Scaling's `VPCZoneIdentifier`).
fn elements(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(list) => list.clone(),
        Value::String(text) if text.contains(',') => text.split(',').map(Value::from).collect(),
        other => vec![other.clone()],
    }
}

/// Whether one moment is not before another; what is no moment is never later.
fn is_later(value: &Value, than: &Value) -> bool {
    let moment = |value: &Value| value.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
    moment(value).zip(moment(than)).is_some_and(|(value, than)| value >= than)
}

/// A look with an expectation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// What it makes sure of, for people.
    pub what: String,
    /// The read.
    pub operation: Operation,
    /// Its parameters.
    pub parameters: Object,
    /// What to take from the answer.
    pub path: String,
    /// What it must be.
    pub expect: Expect,
}

/// For how many seconds reads may not show yet what a call has done; nothing follows from its absence so soon (EC2 guide,
/// "Eventual consistency").
pub const UNSEEN_S: u64 = 15;

/// A check that is repeated until it holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wait {
    /// What is waited for.
    pub until: Check,
    /// Values at the same path that mean that it will never hold, such as a NAT gateway's `failed`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub never: Vec<Value>,
    /// How long it usually takes, in seconds; the polls are spaced by it.
    pub usual_s: u64,
    /// When to give up, in seconds.
    pub timeout_s: u64,
    /// How long is waited in any case before the first look, in seconds: for what can't be seen, such as an answer that
    /// others keep. A run that was ended meanwhile waits anew.
    #[serde(default, skip_serializing_if = "is_default")]
    pub least_s: u64,
    /// What a person can do if it never holds.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub otherwise: String,
}

/// How to find out whether a call of unknown outcome was carried out: by token, tag or natural key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// The read.
    pub operation: Operation,
    /// Its parameters.
    pub parameters: Object,
    /// What to take from the answer.
    pub path: String,
    /// What it is if the call was carried out.
    pub expect: Expect,
    /// Output name → path in this answer; for calls that make something.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outputs: BTreeMap<String, String>,
}

/// What the answer of a call must show.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// What it makes sure of, for people.
    pub what: String,
    /// What to take from the answer.
    pub path: String,
    /// What it must be.
    pub expect: Expect,
}

/// A call that must not be made twice without a look: a failover that is made again goes back, a change that takes its
/// time is refused while it is under way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Once {
    /// How long it is looked for before it may be made again, in seconds, if nobody knows whether it was carried out.
    pub settle_s: u64,
    /// What shows that it was carried out, beside the probe: any of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signs: Vec<Check>,
}

/// The call of a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// What to call.
    pub operation: Operation,
    /// With what; may hold references.
    pub parameters: Object,
    /// Output name → path in the answer.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outputs: BTreeMap<String, String>,
    /// State to remember before the call, as further outputs: what the way back restores. Never anything secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub capture: BTreeMap<String, Look>,
    /// How an unknown outcome is settled.
    pub probe: Probe,
    /// What AWS's answer must show; where it doesn't, the call counts as refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answer: Vec<Answer>,
    /// For a call that must not be made twice. Before it is made again, what must be so before it is looked at anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub once: Option<Once>,
    /// AWS codes that mean "it is already so": looked at with the probe, then adopted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adopt_on: Vec<String>,
}

/// One call on the way back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UndoCall {
    /// What to call.
    pub operation: Operation,
    /// With what; may hold references.
    pub parameters: Object,
    /// Make the call once for each value that this look selects, which is then `${each.Value}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub each: Option<Look>,
    /// If this holds, there is nothing to undo (any more).
    pub unless: Check,
    /// AWS codes that mean "it is under way already": what follows is waited for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adopt_on: Vec<String>,
    /// For a call that must not be made twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub once: Option<Once>,
    /// What to wait for afterwards.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wait: Vec<Wait>,
}

/// The way back from a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Undo {
    /// These calls, in this order.
    Calls(Vec<UndoCall>),
    /// There is none; why.
    Irreversible(String),
    /// None is needed, nothing was changed; what the call did instead.
    Nothing(String),
}

/// Why a step stands after another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Need {
    /// The earlier step.
    pub step: String,
    /// The reason.
    pub because: String,
}

/// What a step does to the service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Impact {
    /// Nothing.
    None,
    /// An interruption of seconds.
    Brief {
        /// At most this long.
        seconds: u64,
        /// What is interrupted.
        what: String,
    },
    /// An interruption of minutes.
    Outage {
        /// At most this long.
        minutes: u64,
        /// What is interrupted.
        what: String,
    },
}

/// The parts of a migration between two barriers, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Subnets, NAT gateways, route tables, gateway endpoints: additive.
    Foundation,
    /// Session Manager, Client VPN: before anything becomes unreachable.
    Access,
    /// New security groups beside the old.
    Guard,
    /// Interface endpoints, private DNS.
    Endpoints,
    /// Lambda, Batch, scheduled tasks, ECS, Auto Scaling.
    Stateless,
    /// Instances, internal load balancers.
    Pets,
    /// Caches and databases, and the public load balancers that must leave first.
    Data,
    /// Old groups off, public addresses off.
    Tighten,
    /// After a soak, asked for by name: the only place with steps that can't be undone.
    Cleanup,
}

impl Stage {
    /// All stages in order.
    pub const ALL: [Stage; 9] = [
        Stage::Foundation,
        Stage::Access,
        Stage::Guard,
        Stage::Endpoints,
        Stage::Stateless,
        Stage::Pets,
        Stage::Data,
        Stage::Tighten,
        Stage::Cleanup,
    ];

    /// The stage's name; also its checkpoint's.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Foundation => "foundation",
            Stage::Access => "access",
            Stage::Guard => "guard",
            Stage::Endpoints => "endpoints",
            Stage::Stateless => "stateless",
            Stage::Pets => "pets",
            Stage::Data => "data",
            Stage::Tighten => "tighten",
            Stage::Cleanup => "cleanup",
        }
    }

    /// The stage of that name.
    pub fn parse(name: &str) -> Option<Stage> {
        Stage::ALL.into_iter().find(|stage| stage.name() == name)
    }
}

/// One step of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Unique in the plan; stable for the same intent and inventory.
    pub id: String,
    /// The stage.
    pub stage: Stage,
    /// The move that it belongs to.
    #[serde(rename = "move")]
    pub of_move: String,
    /// For people: what happens.
    pub title: String,
    /// What must be so before the call; where it isn't, somebody else has changed the account.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<Check>,
    /// What to wait for before the call: what an earlier step set in motion.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ready: Vec<Wait>,
    /// The call.
    pub call: Action,
    /// What to wait for afterwards.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wait: Vec<Wait>,
    /// What must then be so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verify: Vec<Check>,
    /// The way back.
    pub undo: Undo,
    /// What must be done before, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Need>,
    /// What it does to the service.
    pub impact: Impact,
    /// How long it usually takes with its waits, in seconds.
    pub estimate_s: u64,
}

/// The key of an object that stands for what a read answers; see the module's page.
pub const LOOK: &str = "$look";

/// All `${step.Output}` references in a value, as (step, output).
pub fn references(value: &Value) -> Vec<(String, String)> {
    let mut out = Vec::new();
    each_in(value, &mut |step, output| out.push((step.to_owned(), output.to_owned())));
    out
}

impl Step {
    /// Calls `visit` with (step, output) for every `${step.Output}` in what the way forward uses: call, checks, waits.
    pub fn each_reference<'s>(&'s self, visit: &mut dyn FnMut(&'s str, &'s str)) {
        self.before.iter().for_each(|check| each_in_check(check, visit));
        self.ready.iter().for_each(|wait| each_in_wait(wait, visit));
        let call = &self.call;
        each_reference_in(&call.parameters, visit);
        for look in call.capture.values() {
            each_reference_in(&look.parameters, visit);
        }
        each_reference_in(&call.probe.parameters, visit);
        each_in_expect(&call.probe.expect, visit);
        signs(&call.once).for_each(|check| each_in_check(check, visit));
        self.wait.iter().for_each(|wait| each_in_wait(wait, visit));
        self.verify.iter().for_each(|check| each_in_check(check, visit));
    }

    /// The same in the way back.
    pub fn each_reference_back<'s>(&'s self, visit: &mut dyn FnMut(&'s str, &'s str)) {
        let Undo::Calls(calls) = &self.undo else { return };
        for call in calls {
            each_reference_in(&call.parameters, visit);
            call.each.iter().for_each(|look| each_reference_in(&look.parameters, visit));
            each_in_check(&call.unless, visit);
            signs(&call.once).for_each(|check| each_in_check(check, visit));
            call.wait.iter().for_each(|wait| each_in_wait(wait, visit));
        }
    }
}

fn signs(once: &Option<Once>) -> impl Iterator<Item = &Check> {
    once.iter().flat_map(|once| &once.signs)
}

fn each_in_check<'s>(check: &'s Check, visit: &mut dyn FnMut(&'s str, &'s str)) {
    each_reference_in(&check.parameters, visit);
    each_in_expect(&check.expect, visit);
}

fn each_in_wait<'s>(wait: &'s Wait, visit: &mut dyn FnMut(&'s str, &'s str)) {
    each_in_check(&wait.until, visit);
    wait.never.iter().for_each(|value| each_in(value, visit));
}

fn each_in_expect<'s>(expect: &'s Expect, visit: &mut dyn FnMut(&'s str, &'s str)) {
    match expect {
        Expect::Equals(value) | Expect::Later(value) => each_in(value, visit),
        Expect::SameSet(values) | Expect::Includes(values) | Expect::Excludes(values) | Expect::Only(values) => {
            values.iter().for_each(|value| each_in(value, visit))
        }
        Expect::Exists | Expect::Absent | Expect::Count(_) => {}
    }
}

/// Calls `visit` with (step, output) for every `${step.Output}` in parameters.
pub fn each_reference_in<'s>(object: &'s Object, visit: &mut dyn FnMut(&'s str, &'s str)) {
    for (key, value) in object {
        parts(key).for_each(|(step, output)| visit(step, output));
        each_in(value, visit);
    }
}

fn each_in<'s>(value: &'s Value, visit: &mut dyn FnMut(&'s str, &'s str)) {
    match value {
        Value::String(text) => parts(text).for_each(|(step, output)| visit(step, output)),
        Value::Array(list) => list.iter().for_each(|element| each_in(element, visit)),
        Value::Object(map) => each_reference_in(map, visit),
        _ => {}
    }
}

/// The references in a text, alone or among other text.
fn parts(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split("${").skip(1).filter_map(|part| part.split_once('}')?.0.rsplit_once('.'))
}

/// `${step.Output}` → (step, output); none if there is other text.
pub fn reference(text: &str) -> Option<(String, String)> {
    let inside = text.strip_prefix("${")?.strip_suffix('}').filter(|inside| !inside.contains("${"))?;
    inside.rsplit_once('.').map(|(step, output)| (step.to_owned(), output.to_owned()))
}

/// `value` with every `${step.Output}` replaced by what `find` knows; the first unknown reference is the error.
pub fn resolve(value: &Value, find: &dyn Fn(&str, &str) -> Option<Value>) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) => match reference(text) {
            Some((step, output)) => find(&step, &output).ok_or_else(|| text.clone())?,
            None if parts(text).next().is_some() => Value::String(resolve_path(text, find)?),
            None => value.clone(),
        },
        Value::Array(list) => Value::Array(list.iter().map(|element| resolve(element, find)).collect::<Result<_, _>>()?),
        Value::Object(map) => {
            let one = |(key, element): (&String, &Value)| Ok((resolve_path(key, find)?, resolve(element, find)?));
            Value::Object(map.iter().map(one).collect::<Result<_, String>>()?)
        }
        other => other.clone(),
    })
}

/// A path in which `${step.Output}` stands, resolved: filters in paths may name outputs.
pub fn resolve_path(path: &str, find: &dyn Fn(&str, &str) -> Option<Value>) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = path;
    while let Some(start) = rest.find("${") {
        let end = rest[start..].find('}').map(|end| start + end + 1).ok_or_else(|| rest.to_owned())?;
        out.push_str(&rest[..start]);
        let (step, output) = reference(&rest[start..end]).ok_or_else(|| rest[start..end].to_owned())?;
        let value = find(&step, &output).ok_or_else(|| rest[start..end].to_owned())?;
        out.push_str(&value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        rest = &rest[end..];
    }
    out.push_str(rest);
    Ok(out)
}

/// Before an output's path: a number is given as text. AWS answers a template's version as a number and takes it as a
/// text.
pub const AS_TEXT: &str = "text:";

/// Picks the named outputs out of an answer; the first that isn't there is the error.
pub fn outputs_of(answer: &Value, wanted: &BTreeMap<String, String>) -> Result<BTreeMap<String, Value>, String> {
    wanted.iter().map(|(name, at)| output_of(answer, at).map(|value| (name.clone(), value)).ok_or_else(|| at.clone())).collect()
}

fn output_of(answer: &Value, at: &str) -> Option<Value> {
    match at.strip_prefix(AS_TEXT) {
        None => path::first(answer, at).cloned(),
        Some(at) => path::first(answer, at).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned).into()),
    }
}
