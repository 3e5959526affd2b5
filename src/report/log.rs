//! The journal as a history, in the words of the live terminal.

use std::collections::BTreeMap;

use super::{Style, harmless, run};
use crate::execute::{Event, What};
use crate::journal::{Body, Ending, Record, Way};
use crate::plan::Plan;

/// Leaves out what a reader has just read: the same refusal again and again.
#[derive(Default)]
pub struct Again {
    /// Step → what was said last.
    last: BTreeMap<String, What>,
}

impl Again {
    /// Whether an event only says once more what was said last of its step: AWS refuses until something else is gone, and
    /// several steps may wait so at a time.
    pub fn is(&mut self, event: &Event) -> bool {
        match &event.what {
            What::Calling => false,
            What::Busy { .. } => self.last.insert(event.step.clone(), event.what.clone()).as_ref() == Some(&event.what),
            What::RunBegan { .. } => {
                self.last.clear();
                false
            }
            _ => {
                self.last.remove(&event.step);
                false
            }
        }
    }
}

/// Which records of a journal are shown, and how.
pub struct View<'a> {
    /// The plan, for the steps' titles.
    pub plan: &'a Plan,
    /// Of this step alone, if of one: then with each call and its outcome.
    pub step: Option<&'a str>,
    /// With each call and its outcome.
    pub every: bool,
    /// Colours.
    pub style: Style,
}

impl View<'_> {
    fn shows(&self, record: &Record) -> bool {
        self.step.is_none_or(|step| record.body.step() == Some(step))
    }

    /// The records from a place on as lines, each after its time.
    pub fn lines(&self, records: &[Record], from: usize, again: &mut Again) -> Vec<String> {
        let shown = (from..records.len()).filter(|at| self.shows(&records[*at]));
        shown.filter_map(|at| self.line(&records[at], &records[at + 1..], again)).collect()
    }

    fn line(&self, record: &Record, later: &[Record], again: &mut Again) -> Option<String> {
        let event = Event::replayed(record, later).filter(|event| !again.is(event));
        let told = event.and_then(|event| run::line(&event, self.plan, self.style));
        let line = told.or_else(|| (self.every || self.step.is_some()).then(|| detail(&record.body, self.style)).flatten())?;
        Some(format!("{}  {line}", self.style.dim(&record.at)))
    }

    /// The records from a place on as the events that they were told by.
    pub fn events(&self, records: &[Record], from: usize) -> Vec<Event> {
        let shown = (from..records.len()).filter(|at| self.shows(&records[*at]));
        shown.filter_map(|at| Event::replayed(&records[at], &records[at + 1..])).collect()
    }
}

/// What the live terminal does not show of a record.
fn detail(body: &Body, style: Style) -> Option<String> {
    let values = |values: &std::collections::BTreeMap<String, serde_json::Value>| {
        let each: Vec<String> = values.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        if each.is_empty() { "nothing to remember".to_owned() } else { harmless(&each.join(", ")) }
    };
    let way = |way: &Way| if *way == Way::Do { "" } else { " (undoing)" };
    let text = match body {
        Body::Opened { id, plan, version, .. } => {
            format!("journal {id} opened for plan {}… by hikkoshi {version}", crate::plan::short(plan))
        }
        Body::Captured { step, values: found } => format!("{step}: remembered from before: {}", values(found)),
        Body::Intended { step, way: to, operation, generation, .. } => {
            let again = if *generation == 0 { String::new() } else { format!(", request {}", generation + 1) };
            format!("{step}: calls {operation}{}{again}", way(to))
        }
        Body::Ended { step, way: to, ending: Ending::Done(found) } => format!("{step}: done{}: {}", way(to), values(found)),
        Body::Ended { step, way: to, ending: Ending::Refused(code, words) } => {
            format!("{step}: refused{}: {code}: {}", way(to), harmless(words))
        }
        Body::Ended { step, way: to, ending: Ending::Unknown(why) } => format!("{step}: outcome unknown{}: {}", way(to), harmless(why)),
        Body::Ended { step, ending: Ending::Adopted(found), .. } => format!("{step}: adopted: {}", values(found)),
        _ => return None,
    };
    Some(format!("{} {text}", style.dim("·")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_of_a_step_is_not_said_again_whatever_is_said_of_others() {
        let busy = |words: &str| What::Busy { why: words.to_owned() };
        let told = [
            ("gone", busy("in use"), false),
            ("gone", What::Calling, false),
            ("group", busy("in use"), false),
            ("gone", busy("in use"), true),
            ("gone", busy("in use by another"), false),
            ("group", busy("in use"), true),
            ("gone", busy("in use"), false),
            ("gone", What::Called { adopted: false }, false),
            ("gone", busy("in use"), false),
        ];
        let mut again = Again::default();
        for (at, (step, what, expected)) in told.into_iter().enumerate() {
            let event = Event { at_ms: 0, step: step.to_owned(), what };
            assert_eq!(again.is(&event), expected, "{at}: {event:?}");
        }
    }
}
