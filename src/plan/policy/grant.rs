//! What is granted, one action on one resource at a time, and the statements that say it shortly.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

/// Operator → key → values, as in a policy's `Condition`.
pub(super) type Condition = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// One action on one resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Grant {
    pub(super) action: String,
    pub(super) resource: String,
    pub(super) condition: Condition,
}

impl Grant {
    pub(super) fn new(action: impl Into<String>, resource: impl Into<String>) -> Grant {
        Grant { action: action.into(), resource: resource.into(), condition: Condition::new() }
    }

    /// The same where a key must have one of these values.
    pub(super) fn when(mut self, operator: &str, key: &str, values: impl IntoIterator<Item = String>) -> Grant {
        self.condition.entry(operator.to_owned()).or_default().entry(key.to_owned()).or_default().extend(values);
        self
    }
}

/// The statements that say these grants: actions with the same resources and conditions stand together. So do all that
/// make something with a tag, and all that tag it then: an action is asked about for its own types of resources alone.
pub(super) fn statements(grants: &BTreeSet<Grant>) -> Vec<Value> {
    let mut by_action: BTreeMap<(&str, Condition), BTreeSet<&str>> = BTreeMap::new();
    for grant in grants {
        by_action.entry((&grant.action, grant.condition.clone())).or_default().insert(&grant.resource);
    }
    let mut by_resources: BTreeMap<(Condition, BTreeSet<&str>), BTreeSet<&str>> = BTreeMap::new();
    let (mut making, mut tagging) = (Together::new(), Together::new());
    for ((action, mut condition), resources) in by_action {
        if let Some(creates) = take(&mut condition, "ec2:CreateAction") {
            let together = tagging.entry((action, condition)).or_default();
            together.0.extend(creates);
            together.1.extend(resources);
        } else if condition.values().any(|keys| keys.keys().any(|key| key.starts_with("aws:RequestTag/"))) {
            let together = making.entry(("", condition)).or_default();
            together.0.insert(action.to_owned());
            together.1.extend(resources);
        } else {
            // Whoever may everywhere need not be told where.
            let resources = if resources.contains("*") { BTreeSet::from(["*"]) } else { resources };
            by_resources.entry((condition, resources)).or_default().insert(action);
        }
    }
    let mut out: Vec<Value> =
        by_resources.iter().map(|((condition, resources), actions)| statement(actions, resources, condition)).collect();
    for ((_, condition), (actions, resources)) in &making {
        out.push(statement(&actions.iter().map(String::as_str).collect(), resources, condition));
    }
    for ((action, mut condition), (creates, resources)) in tagging {
        condition.entry("StringEquals".to_owned()).or_default().insert("ec2:CreateAction".to_owned(), creates);
        out.push(statement(&BTreeSet::from([action]), &resources, &condition));
    }
    out.sort_by_cached_key(|statement| (statement["Action"].to_string(), statement.to_string()));
    out
}

/// Action and condition → what is united, and the resources.
type Together<'g> = BTreeMap<(&'g str, Condition), (BTreeSet<String>, BTreeSet<&'g str>)>;

/// Takes a key out of a condition.
fn take(condition: &mut Condition, key: &str) -> Option<BTreeSet<String>> {
    let found = condition.values_mut().find_map(|keys| keys.remove(key));
    condition.retain(|_, keys| !keys.is_empty());
    found
}

fn statement(actions: &BTreeSet<&str>, resources: &BTreeSet<&str>, condition: &Condition) -> Value {
    let mut statement = json!({ "Effect": "Allow", "Action": actions, "Resource": resources });
    if !condition.is_empty() {
        statement["Condition"] = json!(condition);
    }
    statement
}

/// Documents of at most so many characters, as IAM counts them: without white space. A statement that is too long by
/// itself is said in parts.
pub(super) fn documents(statements: Vec<Value>, most: usize) -> Vec<Value> {
    let document = |statements: &[Value]| json!({ "Version": "2012-10-17", "Statement": statements });
    let length = |statements: &[Value]| document(statements).to_string().chars().count();
    let mut pending: Vec<Value> = statements.into_iter().rev().collect();
    let mut out: Vec<Vec<Value>> = Vec::new();
    while let Some(next) = pending.pop() {
        if length(std::slice::from_ref(&next)) > most
            && let Some((a, b)) = halves(&next)
        {
            pending.extend([b, a]);
            continue;
        }
        match out.last_mut() {
            Some(last) if length(&[last.as_slice(), std::slice::from_ref(&next)].concat()) <= most => last.push(next),
            _ => out.push(vec![next]),
        }
    }
    out.iter().map(|statements| document(statements)).collect()
}

/// A statement in two: half of its resources each, or of its actions.
fn halves(statement: &Value) -> Option<(Value, Value)> {
    let key = ["Resource", "Action"].into_iter().find(|key| statement[*key].as_array().is_some_and(|list| list.len() > 1))?;
    let list = statement[key].as_array()?;
    let (first, second) = list.split_at(list.len() / 2);
    let with = |part: &[Value]| {
        let mut half = statement.clone();
        half[key] = part.into();
        half
    };
    Some((with(first), with(second)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_alike_stands_together_and_nothing_is_lost() {
        let grants = BTreeSet::from([
            Grant::new("a:One", "x"),
            Grant::new("a:Two", "x"),
            Grant::new("a:Two", "y"),
            Grant::new("a:One", "y"),
            Grant::new("a:Three", "y").when("StringEquals", "k", ["v".to_owned()]),
            Grant::new("a:Four", "y"),
            Grant::new("a:Four", "*"),
        ]);
        assert_eq!(
            statements(&grants),
            [
                json!({ "Effect": "Allow", "Action": ["a:Four"], "Resource": ["*"] }),
                json!({ "Effect": "Allow", "Action": ["a:One", "a:Two"], "Resource": ["x", "y"] }),
                json!({ "Effect": "Allow", "Action": ["a:Three"], "Resource": ["y"], "Condition": { "StringEquals": { "k": ["v"] } } }),
            ]
        );
    }

    #[test]
    fn documents_are_as_short_as_they_must_be() {
        let resources: Vec<String> = (0..40).map(|n| format!("resource-{n:03}")).collect();
        let all = vec![
            json!({ "Effect": "Allow", "Action": ["a:One"], "Resource": resources }),
            json!({ "Effect": "Allow", "Action": ["a:Two"], "Resource": ["*"] }),
        ];
        let parts = documents(all, 300);
        assert!(parts.len() > 2);
        assert!(parts.iter().all(|part| part.to_string().chars().count() <= 300));
        let mut found: Vec<String> = Vec::new();
        for statement in
            parts.iter().flat_map(|part| part["Statement"].as_array().into_iter().flatten()).filter(|s| s["Action"][0] == "a:One")
        {
            found.extend(statement["Resource"].as_array().into_iter().flatten().filter_map(|r| r.as_str().map(str::to_owned)));
        }
        assert_eq!(found, resources);
    }
}
