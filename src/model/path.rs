//! A path into a describe answer, the part of JMESPath that a plan needs.
//!
//! `Subnets[0].SubnetId` takes one element, `NatGateways[].State` all of them, and
//! `RouteTables[].Associations[SubnetId=subnet-1].RouteTableAssociationId` those whose field has a value.

use serde_json::Value;

/// All values that a path selects; `null` counts as absent.
pub fn select<'a>(root: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut found = vec![root];
    for segment in segments(path) {
        found = found.into_iter().flat_map(|value| step(value, &segment)).collect();
    }
    found.retain(|value| !value.is_null());
    found
}

/// The first value that a path selects.
pub fn first<'a>(root: &'a Value, path: &str) -> Option<&'a Value> {
    select(root, path).into_iter().next()
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

fn segments(path: &str) -> Vec<Segment<'_>> {
    let mut out = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('[') {
            let end = after.find(']').unwrap_or(after.len());
            out.push(bracket(&after[..end]));
            rest = after.get(end + 1..).unwrap_or("");
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            if end > 0 {
                out.push(Segment::Key(&rest[..end]));
            }
            rest = &rest[end..];
        }
        rest = rest.strip_prefix('.').unwrap_or(rest);
    }
    out
}

fn bracket(inside: &str) -> Segment<'_> {
    match inside.split_once('=') {
        Some((key, value)) => Segment::Where(key, value),
        None => inside.parse().map_or(Segment::Each, Segment::Index),
    }
}

fn step<'a>(value: &'a Value, segment: &Segment<'_>) -> Vec<&'a Value> {
    let elements = || value.as_array().map(Vec::as_slice).unwrap_or_default();
    match segment {
        Segment::Key(key) => value.get(*key).into_iter().collect(),
        Segment::Index(index) => elements().get(*index).into_iter().collect(),
        Segment::Each => elements().iter().collect(),
        Segment::Where(key, wanted) => elements().iter().filter(|element| is(element, key, wanted)).collect(),
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
        let check = |path: &str, expected: &[&str]| assert_eq!(texts(&answer, path), expected, "{path}");
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
