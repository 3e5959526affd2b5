//! Looks within parameters, and expectations with references: what the executor and the player do alike.

use serde_json::Value;

use super::call::Object;
use super::step::{Expect, LOOK, Look, resolve};

/// The looks in a value, each with the JSON pointer of its place.
pub fn looks_in(value: &Value) -> Vec<(String, Look)> {
    let mut out = Vec::new();
    find(value, &mut String::new(), &mut out);
    out
}

fn find(value: &Value, at: &mut String, out: &mut Vec<(String, Look)>) {
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
    find(child, at, out);
    at.truncate(length);
}

/// Puts what a look found into its place: the first value, with the look's own fields over it; nothing: null.
pub fn put(value: &mut Value, pointer: &str, look: &Look, found: Vec<Value>) {
    if let Some(place) = value.pointer_mut(pointer) {
        *place = found.into_iter().next().map_or(Value::Null, |found| look.put_over(found));
    }
}

/// Parameters as they are sent: what a look did not find is left out.
pub fn sendable(value: Value) -> Object {
    let mut object = match value {
        Value::Object(object) => object,
        _ => Object::new(),
    };
    object.retain(|_, value| !value.is_null());
    object
}

/// An expectation with its references resolved.
///
/// # Errors
/// The first reference that is unknown.
pub fn resolved(expect: &Expect, find: &dyn Fn(&str, &str) -> Option<Value>) -> Result<Expect, String> {
    let one = |value: &Value| resolve(value, find);
    let all = |values: &[Value]| values.iter().map(one).collect::<Result<Vec<Value>, String>>();
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
