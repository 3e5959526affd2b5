//! Documents without room to grow: what is kept by the ten thousand takes a third less.

use serde_json::Value;

use super::call::Object;
use super::step::{Check, Step, Undo, Wait};

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

impl Step {
    /// Gives back the room that its lists and parameters have to grow: a plan has thousands of them.
    pub fn tighten(&mut self) {
        for list in [&mut self.before, &mut self.verify] {
            checks(list);
        }
        for list in [&mut self.ready, &mut self.wait] {
            waits(list);
        }
        let call = &mut self.call;
        object(&mut call.parameters);
        object(&mut call.probe.parameters);
        call.capture.values_mut().for_each(|look| object(&mut look.parameters));
        call.answer.shrink_to_fit();
        call.once.iter_mut().for_each(|once| checks(&mut once.signs));
        self.needs.shrink_to_fit();
        let Undo::Calls(calls) = &mut self.undo else { return };
        calls.shrink_to_fit();
        for call in calls {
            object(&mut call.parameters);
            object(&mut call.unless.parameters);
            waits(&mut call.wait);
        }
    }
}

fn checks(list: &mut Vec<Check>) {
    list.shrink_to_fit();
    list.iter_mut().for_each(|check| object(&mut check.parameters));
}

fn waits(list: &mut Vec<Wait>) {
    list.shrink_to_fit();
    list.iter_mut().for_each(|wait| object(&mut wait.until.parameters));
}

fn object(map: &mut Object) {
    *map = std::mem::take(map).into_iter().map(|(key, value)| (key, tight(value))).collect();
}
