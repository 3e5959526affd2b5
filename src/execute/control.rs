//! What people have asked of a run, and what that makes of it: pure, replayed from the journal like everything else.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::journal::request::{Asked, Request};

/// Steps in hand at a time: many, for most of them wait, which costs next to nothing, and the adapter keeps AWS's budgets.
const AT_ONCE: usize = 256;
/// The steps in hand at a time of which a throttle takes its percents: what a careful run would have.
const THROTTLED: usize = 32;

/// Who asked for a pause, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paused {
    /// Who.
    pub who: String,
    /// When, RFC 3339.
    pub at: String,
}

/// What was asked so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Control {
    heard: BTreeSet<String>,
    paused: Option<Paused>,
    percent: Option<u8>,
    released: BTreeSet<String>,
}

impl Control {
    /// Takes note of a request that is in the journal.
    pub fn apply(&mut self, at: &str, id: &str, who: &str, what: &Asked) {
        self.heard.insert(id.to_owned());
        match what {
            Asked::Pause => self.paused = Some(Paused { who: who.to_owned(), at: at.to_owned() }),
            // Who aborts a run that is paused has decided: the next one is not held.
            Asked::Resume | Asked::Abort => self.paused = None,
            Asked::Release { step } => drop(self.released.insert(step.clone())),
            Asked::Hold { step } => self.hold(step),
            Asked::Throttle { percent } => self.percent = Some(*percent).filter(|percent| *percent < 100),
        }
    }

    /// A postponed step waits again: somebody asked, or it was undone.
    pub(super) fn hold(&mut self, step: &str) {
        self.released.remove(step);
    }

    /// Whether a postponed step may begin.
    pub fn is_released(&self, step: &str) -> bool {
        self.released.contains(step)
    }

    /// Whether a request is in the journal already: it may not have been settled before a crash.
    pub fn has_heard(&self, id: &str) -> bool {
        self.heard.contains(id)
    }

    /// The pause that stands.
    pub fn paused(&self) -> Option<&Paused> {
        self.paused.as_ref()
    }

    /// The pause that stands once what is pending is heard, too.
    pub fn held(&self, pending: &[Request]) -> Option<Paused> {
        self.after(pending).paused
    }

    /// What was asked, once what is pending is heard, too.
    pub fn after(&self, pending: &[Request]) -> Control {
        let mut then = self.clone();
        let news = pending.iter().filter(|request| !self.has_heard(&request.id));
        news.for_each(|request| then.apply(&request.at, &request.id, &request.who, &request.what));
        then
    }

    /// The limit that stands, in percent.
    pub fn percent(&self) -> Option<u8> {
        self.percent
    }

    /// Steps in hand at a time.
    pub fn at_once(&self) -> usize {
        self.percent.map_or(AT_ONCE, |percent| (THROTTLED * usize::from(percent) / 100).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(what: &[Asked]) -> Control {
        let mut control = Control::default();
        for (at, what) in what.iter().enumerate() {
            control.apply("2026-11-24T02:00:00Z", &at.to_string(), "mika", what);
        }
        control
    }

    #[test]
    fn a_pause_stands_until_somebody_resumes_or_aborts() {
        assert!(asked(&[Asked::Pause]).paused().is_some_and(|paused| paused.who == "mika"));
        assert_eq!(asked(&[Asked::Pause, Asked::Resume]).paused(), None);
        assert_eq!(asked(&[Asked::Pause, Asked::Abort]).paused(), None);
        assert!(asked(&[Asked::Pause, Asked::Throttle { percent: 10 }]).paused().is_some());
    }

    #[test]
    fn what_is_pending_counts_unless_it_was_heard() {
        let request = |n: u64, what| Request::new(n, "2026-11-24T02:00:00Z", "rin", "", what);
        let (pause, resume) = (request(1, Asked::Pause), request(2, Asked::Resume));
        assert!(Control::default().held(std::slice::from_ref(&pause)).is_some());
        assert_eq!(Control::default().held(&[pause.clone(), resume.clone()]), None);
        let mut control = Control::default();
        control.apply(&pause.at, &pause.id, &pause.who, &pause.what);
        control.apply(&resume.at, &resume.id, &resume.who, &resume.what);
        assert_eq!(control.held(&[pause]), None, "a crash kept it from being settled");
    }

    #[test]
    fn a_throttle_never_stops_everything() {
        assert_eq!(asked(&[Asked::Throttle { percent: 50 }]).at_once(), 16);
        assert_eq!(asked(&[Asked::Throttle { percent: 1 }]).at_once(), 1);
        assert_eq!(asked(&[Asked::Throttle { percent: 1 }, Asked::Throttle { percent: 100 }]).percent(), None);
    }
}
