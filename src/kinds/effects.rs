//! What the effects of many kinds share: reading parameters as strictly as AWS, tags, DryRun, client tokens.

use serde_json::{Value, json};

use crate::model::call::{Object, Refusal};
use crate::model::path;

/// A required text parameter.
pub fn text<'a>(parameters: &'a Object, name: &str) -> Result<&'a str, Refusal> {
    parameters
        .get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| Refusal::new("MissingParameter", format!("The request must contain the parameter {name}")))
}

/// A list of texts; empty where it is absent.
pub fn list(parameters: &Object, name: &str) -> Vec<String> {
    parameters.get(name).map(|value| path::texts(value, "[]")).unwrap_or_default()
}

/// A required list with at least one element.
pub fn some(parameters: &Object, name: &str) -> Result<Vec<String>, Refusal> {
    let found = list(parameters, name);
    if found.is_empty() {
        return Err(Refusal::new("MissingParameter", format!("The request must contain the parameter {name}")));
    }
    Ok(found)
}

/// `Tags` of a call to RDS or ElastiCache: a key that begins with `aws:` is AWS's own (RDS guide, "Tagging").
pub fn given_tags(parameters: &Object) -> Result<Value, Refusal> {
    let tags = parameters.get("Tags").cloned().unwrap_or_else(|| json!([]));
    match path::texts(&tags, "[].Key").iter().find(|key| key.starts_with("aws:")) {
        None => Ok(tags),
        Some(key) => Err(Refusal::new("InvalidParameterValue", format!("{key}: keys that begin with aws: are reserved for system use"))),
    }
}

/// The tags for one resource type out of `TagSpecifications`.
pub fn tags(parameters: &Object, resource_type: &str) -> Value {
    parameters
        .get("TagSpecifications")
        .and_then(|specs| path::first(specs, &format!("[ResourceType={resource_type}].Tags")))
        .cloned()
        .unwrap_or_else(|| json!([]))
}
