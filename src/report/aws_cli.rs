//! A call as the AWS CLI takes it. (A placeholder, until the one of branch `docs` is here.)

use crate::model::call::{Object, Operation};

/// The command line of a call.
pub fn line(operation: &Operation, parameters: &Object) -> String {
    let mut name = String::new();
    for c in operation.name().chars() {
        if c.is_ascii_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(c.to_ascii_lowercase());
    }
    let json = serde_json::Value::Object(parameters.clone());
    format!("aws {} {name} --cli-input-json '{json}'", operation.service())
}
