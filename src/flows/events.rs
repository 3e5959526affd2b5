//! Answers of CloudWatch Logs: what `aws logs filter-log-events` and `get-log-events` print. Events are read one by one.

use std::fmt;
use std::io::BufRead;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::fault::{Fault, Unit};
use super::layout::Layout;
use super::source::Each;

/// One event; only its text counts.
#[derive(Deserialize)]
struct Event {
    message: String,
}

/// Reads one answer, or several after each other or in a list.
///
/// # Errors
/// If it is no such answer, or an event is no flow log record.
pub fn read(source: impl BufRead, format: Option<&Layout>, each: Each<'_>) -> Result<(), Fault> {
    let mut state = State { layout: format.cloned().unwrap_or_default(), number: 0, fault: None, each };
    let mut from = serde_json::Deserializer::from_reader(source);
    loop {
        let answer = Answer(&mut state).deserialize(&mut from);
        if let Some(fault) = state.fault.take() {
            return Err(fault);
        }
        answer.map_err(|error| {
            let text = error.to_string();
            let found = text.split(" at line ").next().unwrap_or(&text).to_owned();
            let expected = "an answer of `aws logs filter-log-events`".to_owned();
            Fault { unit: Unit::Line, number: error.line() as u64, column: error.column(), found, expected }
        })?;
        if from.end().is_ok() {
            return Ok(());
        }
    }
}

struct State<'e> {
    layout: Layout,
    number: u64,
    fault: Option<Fault>,
    each: Each<'e>,
}

impl State<'_> {
    fn take(&mut self, event: &Event) {
        self.number += 1;
        if self.fault.is_none() {
            match self.layout.record(event.message.trim(), Unit::Event, self.number) {
                Ok(record) => (self.each)(record),
                Err(fault) => self.fault = Some(fault),
            }
        }
    }
}

/// An answer, `{"events": [...]}`, or a list of events.
struct Answer<'s, 'e>(&'s mut State<'e>);

impl<'de> DeserializeSeed<'de> for Answer<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Answer<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `events`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut some = false;
        while let Some(key) = map.next_key::<String>()? {
            if key == "events" {
                some = true;
                map.next_value_seed(Events(&mut *self.0))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        if some { Ok(()) } else { Err(serde::de::Error::custom("there is no key `events`")) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<(), A::Error> {
        Events(self.0).visit_seq(list)
    }
}

struct Events<'s, 'e>(&'s mut State<'e>);

impl<'de> DeserializeSeed<'de> for Events<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Events<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of events with `message`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(event) = list.next_element::<Event>()? {
            self.0.take(&event);
        }
        Ok(())
    }
}
