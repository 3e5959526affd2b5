//! What the journal knows, put in for references.

use serde_json::Value;

use crate::execute::Machine;
use crate::model::call::Object;
use crate::model::step::{Expect, Step, reference};

/// Looks an output up: by step and name.
pub(super) type Find<'f> = &'f dyn Fn(&str, &str) -> Option<Value>;

/// What a machine knows, from the point of view of a step.
pub(super) fn known<'m>(machine: &'m Machine<'_>, step: &'m Step) -> impl Fn(&str, &str) -> Option<Value> + 'm {
    move |from, output| {
        let of = if from == "self" { step.id.as_str() } else { from };
        let state = machine.state(of)?;
        match output {
            "Token" if from == "self" => machine.token(of).map(Value::from),
            "At" => state.announced.clone().map(Value::from),
            _ => state.outputs.get(output).cloned(),
        }
    }
}

/// The value with what is known put in; what is not stays a reference.
pub(super) fn fill(value: &Value, find: Find<'_>) -> Value {
    match value {
        Value::String(text) => match reference(text) {
            Some((step, output)) => find(&step, &output).unwrap_or_else(|| value.clone()),
            None => Value::String(fill_text(text, find)),
        },
        Value::Array(list) => list.iter().map(|element| fill(element, find)).collect(),
        Value::Object(map) => Value::Object(fill_object(map, find)),
        other => other.clone(),
    }
}

/// The same of parameters.
pub(super) fn fill_object(object: &Object, find: Find<'_>) -> Object {
    object.iter().map(|(key, value)| (key.clone(), fill(value, find))).collect()
}

/// The same of a text or a path.
pub(super) fn fill_text(text: &str, find: Find<'_>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let end = rest[start..].find('}').map_or(rest.len(), |end| start + end + 1);
        out.push_str(&rest[..start]);
        let whole = &rest[start..end];
        let value = reference(whole).and_then(|(step, output)| find(&step, &output));
        out.push_str(&value.map_or_else(|| whole.to_owned(), |value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)));
        rest = &rest[end..];
    }
    out + rest
}

/// The same of an expectation.
pub(super) fn fill_expect(expect: &Expect, find: Find<'_>) -> Expect {
    let all = |values: &[Value]| values.iter().map(|value| fill(value, find)).collect();
    match expect {
        Expect::Equals(value) => Expect::Equals(fill(value, find)),
        Expect::SameSet(values) => Expect::SameSet(all(values)),
        Expect::Includes(values) => Expect::Includes(all(values)),
        Expect::Excludes(values) => Expect::Excludes(all(values)),
        Expect::Only(values) => Expect::Only(all(values)),
        Expect::Later(value) => Expect::Later(fill(value, find)),
        other @ (Expect::Exists | Expect::Absent | Expect::Count(_)) => other.clone(),
    }
}
