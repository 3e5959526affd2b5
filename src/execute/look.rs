//! Looking: references resolved, checks evaluated.

use serde_json::Value;

use crate::cloud::Cloud;
use crate::model::call::{Call, Label, Object, Operation, Outcome, Refusal};
use crate::model::path;
use crate::model::step::{Check, Expect, LOOK, Look, resolve, resolve_path};

/// Finds `${step.Output}`.
pub type Find<'a> = &'a (dyn Fn(&str, &str) -> Option<Value> + Sync);

/// Why something could not be looked at.
#[derive(Clone, Debug, PartialEq)]
pub enum Blind {
    /// A reference to what no step has given yet.
    Reference(String),
    /// AWS refused the read.
    Refused(Refusal),
    /// No answer.
    NoAnswer(String),
}

impl Blind {
    /// For people.
    pub fn words(&self) -> String {
        match self {
            Blind::Reference(text) => format!("{text} is not known"),
            Blind::Refused(refusal) => refusal.to_string(),
            Blind::NoAnswer(why) => format!("no answer: {why}"),
        }
    }
}

/// Makes a read and selects from its answer; a thing that isn't there selects nothing.
///
/// # Errors
/// If a reference is unknown, or AWS refuses the read for another reason than that the thing isn't there.
pub async fn select(
    cloud: &dyn Cloud,
    label: &Label,
    operation: &Operation,
    parameters: &Object,
    at: &str,
    find: Find<'_>,
) -> Result<Vec<Value>, Blind> {
    let answer = match read(cloud, label, operation, parameters, find).await {
        Ok(answer) => answer,
        Err(Blind::Refused(refusal)) if refusal.is_not_found() => return Ok(Vec::new()),
        Err(blind) => return Err(blind),
    };
    let at = resolve_path(at, &|s, o| find(s, o)).map_err(Blind::Reference)?;
    Ok(path::select(&answer, &at).into_iter().cloned().collect())
}

/// Makes a read.
///
/// # Errors
/// As [`select`], and if the thing isn't there.
pub async fn read(cloud: &dyn Cloud, label: &Label, operation: &Operation, parameters: &Object, find: Find<'_>) -> Result<Value, Blind> {
    let resolved = resolve(&Value::Object(parameters.clone()), &|s, o| find(s, o)).map_err(Blind::Reference)?;
    let Value::Object(parameters) = resolved else { return Err(Blind::Reference("parameters".into())) };
    let call = Call { operation: operation.clone(), parameters, label: Some(label.clone()) };
    match cloud.call(&call).await {
        Outcome::Done(answer) => Ok(answer),
        Outcome::Refused(refusal) => Err(Blind::Refused(refusal)),
        Outcome::Unknown(why) => Err(Blind::NoAnswer(why)),
    }
}

/// What a check found.
pub struct Found {
    /// Whether it is as expected.
    pub holds: bool,
    /// What was there.
    pub values: Vec<Value>,
}

impl Found {
    /// What was there, for people.
    pub fn seen(&self) -> String {
        let values: Vec<String> = self.values.iter().map(Value::to_string).collect();
        if values.is_empty() { "nothing".to_owned() } else { values.join(", ") }
    }
}

/// Evaluates a check.
///
/// # Errors
/// As [`select`].
pub async fn check(cloud: &dyn Cloud, label: &Label, check: &Check, find: Find<'_>) -> Result<Found, Blind> {
    let values = select(cloud, label, &check.operation, &check.parameters, &check.path, find).await?;
    let expect = expectation(&check.expect, find)?;
    let holds = expect.holds(&values.iter().collect::<Vec<_>>());
    Ok(Found { holds, values })
}

/// An expectation with its references resolved.
///
/// # Errors
/// If a reference is unknown.
pub fn expectation(expect: &Expect, find: Find<'_>) -> Result<Expect, Blind> {
    let one = |value: &Value| resolve(value, &|s, o| find(s, o)).map_err(Blind::Reference);
    let all = |values: &[Value]| values.iter().map(one).collect::<Result<Vec<Value>, Blind>>();
    Ok(match expect {
        Expect::Equals(value) => Expect::Equals(one(value)?),
        Expect::SameSet(values) => Expect::SameSet(all(values)?),
        Expect::Includes(values) => Expect::Includes(all(values)?),
        Expect::Excludes(values) => Expect::Excludes(all(values)?),
        Expect::Only(values) => Expect::Only(all(values)?),
        Expect::Exists => Expect::Exists,
        Expect::Absent => Expect::Absent,
        Expect::Count(wanted) => Expect::Count(*wanted),
        Expect::Later(value) => Expect::Later(one(value)?),
    })
}

/// Parameters ready to be sent: references replaced, looks made. A look that finds nothing leaves its parameter out.
///
/// # Errors
/// As [`select`].
pub async fn parameters(cloud: &dyn Cloud, label: &Label, parameters: &Object, find: Find<'_>) -> Result<Object, Blind> {
    let mut value = resolve(&Value::Object(parameters.clone()), &|s, o| find(s, o)).map_err(Blind::Reference)?;
    let mut pending = Vec::new();
    find_looks(&value, &mut String::new(), &mut pending);
    for (pointer, look) in pending {
        let found = select(cloud, label, &look.operation, &look.parameters, &look.path, find).await?;
        if let Some(place) = value.pointer_mut(&pointer) {
            *place = found.into_iter().next().map_or(Value::Null, |found| look.put_over(found));
        }
    }
    let mut object = match value {
        Value::Object(object) => object,
        _ => Object::new(),
    };
    object.retain(|_, value| !value.is_null());
    Ok(object)
}

fn find_looks(value: &Value, at: &mut String, out: &mut Vec<(String, Look)>) {
    match value {
        Value::Object(map) => {
            if let Some(look) = map.get(LOOK).and_then(|look| serde_json::from_value(look.clone()).ok()) {
                out.push((at.clone(), look));
                return;
            }
            for (key, child) in map {
                descend(key, child, at, out);
            }
        }
        Value::Array(list) => list.iter().enumerate().for_each(|(index, child)| descend(&index.to_string(), child, at, out)),
        _ => {}
    }
}

fn descend(key: &str, child: &Value, at: &mut String, out: &mut Vec<(String, Look)>) {
    let length = at.len();
    at.push('/');
    at.push_str(&key.replace('~', "~0").replace('/', "~1"));
    find_looks(child, at, out);
    at.truncate(length);
}
