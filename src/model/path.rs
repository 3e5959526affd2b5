//! A path into a describe answer, the part of JMESPath that a plan needs.
//!
//! `Subnets[0].SubnetId` takes one element, `NatGateways[].State` all of them, and
//! `RouteTables[].Associations[SubnetId=subnet-1].RouteTableAssociationId` those whose field has a value.

use std::ops::ControlFlow;

use serde_json::Value;

/// All values that a path selects; `null` counts as absent.
pub fn select<'a>(root: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut found = Vec::new();
    let _ = walk(root, path, &mut |value| {
        found.push(value);
        ControlFlow::Continue(())
    });
    found
}

/// The first value that a path selects.
pub fn first<'a>(root: &'a Value, path: &str) -> Option<&'a Value> {
    walk(root, path, &mut ControlFlow::Break).break_value()
}

/// All values that a path selects, taken out of a document that nobody needs any more: without a second copy of them.
pub fn take(value: Value, path: &str) -> Vec<Value> {
    let Some((part, rest)) = segment(path) else { return Some(value).into_iter().filter(|value| !value.is_null()).collect() };
    match (part, value) {
        (Segment::Key(key), Value::Object(mut map)) => map.swap_remove(key).map_or_else(Vec::new, |value| take(value, rest)),
        (Segment::Each, Value::Array(list)) => list.into_iter().flat_map(|value| take(value, rest)).collect(),
        (Segment::Index(_) | Segment::Where(..), value) => select(&value, path).into_iter().cloned().collect(),
        _ => Vec::new(),
    }
}

/// The first value that a path selects, as text; empty where there is none.
pub fn text<'a>(root: &'a Value, path: &str) -> &'a str {
    first(root, path).and_then(Value::as_str).unwrap_or("")
}

/// All texts that a path selects.
pub fn texts(root: &Value, path: &str) -> Vec<String> {
    select(root, path).into_iter().filter_map(|value| value.as_str().map(str::to_owned)).collect()
}

enum Segment<'p> {
    Key(&'p str),
    Index(usize),
    Each,
    Where(&'p str, &'p str),
}

/// Shows everything that a path selects, in order, until `visit` has enough.
fn walk<'a>(value: &'a Value, path: &str, visit: Visit<'_, 'a>) -> ControlFlow<&'a Value> {
    let Some((segment, rest)) = segment(path) else {
        return if value.is_null() { ControlFlow::Continue(()) } else { visit(value) };
    };
    let elements = || value.as_array().map(Vec::as_slice).unwrap_or_default();
    match segment {
        Segment::Key(key) => value.get(key).map_or(ControlFlow::Continue(()), |value| walk(value, rest, visit)),
        Segment::Index(index) => elements().get(index).map_or(ControlFlow::Continue(()), |value| walk(value, rest, visit)),
        Segment::Each => elements().iter().try_for_each(|value| walk(value, rest, visit)),
        Segment::Where(key, wanted) => {
            elements().iter().filter(|element| is(element, key, wanted)).try_for_each(|value| walk(value, rest, visit))
        }
    }
}

/// Sees a value, and says whether it has enough.
type Visit<'v, 'a> = &'v mut dyn FnMut(&'a Value) -> ControlFlow<&'a Value>;

/// The first segment of a path, and the rest.
fn segment(path: &str) -> Option<(Segment<'_>, &str)> {
    let path = path.trim_start_matches('.');
    let (segment, rest) = match path.strip_prefix('[') {
        Some(after) => {
            let end = after.find(']').unwrap_or(after.len());
            (bracket(&after[..end]), after.get(end + 1..).unwrap_or(""))
        }
        None if path.is_empty() => return None,
        None => {
            let (key, rest) = path.split_at(path.find(['.', '[']).unwrap_or(path.len()));
            (Segment::Key(key), rest)
        }
    };
    Some((segment, rest))
}

fn bracket(inside: &str) -> Segment<'_> {
    match inside.split_once('=') {
        Some((key, value)) => Segment::Where(key, value),
        None => inside.parse().map_or(Segment::Each, Segment::Index),
    }
}

fn is(element: &Value, key: &str, wanted: &str) -> bool {
    match first(element, key) {
        Some(Value::String(text)) => text == wanted,
        Some(Value::Bool(_) | Value::Number(_)) => first(element, key).map(Value::to_string).as_deref() == Some(wanted),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_selects_what_it_names() {
        let answer = json!({ "Tables": [
            { "Id": "rtb-1", "Main": true, "Links": [{ "Subnet": "a", "Id": "x" }, { "Subnet": "b", "Id": "y" }] },
            { "Id": "rtb-2", "Links": [{ "Subnet": "c", "Id": "z" }], "Gone": null },
        ]});
        let check = |path: &str, expected: &[&str]| {
            assert_eq!(texts(&answer, path), expected, "{path}");
            assert_eq!(take(answer.clone(), path), expected.iter().map(|text| json!(text)).collect::<Vec<_>>(), "{path}, taken");
        };
        check("Tables[0].Id", &["rtb-1"]);
        check("Tables[].Id", &["rtb-1", "rtb-2"]);
        check("Tables[].Links[Subnet=c].Id", &["z"]);
        check("Tables[].Links[].Id", &["x", "y", "z"]);
        check("Tables[Main=true].Id", &["rtb-1"]);
        check("Tables[Links[0].Subnet=c].Id", &[]);
        check("Tables[9].Id", &[]);
        check("Tables[].Gone", &[]);
        check("Nothing.Here", &[]);
    }
}
