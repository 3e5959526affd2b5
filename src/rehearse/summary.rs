//! What many nights come to.

use std::collections::BTreeMap;

use serde::Serialize;

use super::night::{Night, Outcome};
use super::weather::Fault;

/// How a night ended, as it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Without a restart.
    AtOnce,
    /// After one restart.
    AfterOne,
    /// After two restarts.
    AfterTwo,
    /// After more.
    AfterMore,
    /// It stopped because of a colleague's change, which was taken back; then the end was reached.
    Stopped,
    /// The same, and the change could not be taken back: a person decides.
    Left,
    /// Somebody decided to go back, and it did.
    Back,
    /// Not where it should.
    Wrong,
}

impl Class {
    /// All of them, best first.
    pub const ALL: [Class; 8] =
        [Class::AtOnce, Class::AfterOne, Class::AfterTwo, Class::AfterMore, Class::Stopped, Class::Left, Class::Back, Class::Wrong];

    /// Where a night belongs.
    pub fn of(night: &Night) -> Class {
        match (&night.outcome, night.stopped, night.starts) {
            (Outcome::Wrong(_), ..) => Class::Wrong,
            (Outcome::Left(_), ..) => Class::Left,
            (Outcome::Back, ..) => Class::Back,
            (Outcome::Reached, true, _) => Class::Stopped,
            (Outcome::Reached, false, ..=1) => Class::AtOnce,
            (Outcome::Reached, false, 2) => Class::AfterOne,
            (Outcome::Reached, false, 3) => Class::AfterTwo,
            (Outcome::Reached, false, _) => Class::AfterMore,
        }
    }

    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Class::AtOnce => "done at the first go",
            Class::AfterOne => "done after 1 restart",
            Class::AfterTwo => "done after 2 restarts",
            Class::AfterMore => "done after more restarts",
            Class::Stopped => "stopped for a colleague's change, then done",
            Class::Left => "stopped for a colleague's change, to be judged",
            Class::Back => "taken back, as before the start",
            Class::Wrong => "NOT as it should be",
        }
    }
}

/// A night that is worth naming.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Named {
    /// Its seed.
    pub seed: u64,
    /// How long it took.
    pub seconds: u64,
    /// How often the executor was begun anew.
    pub restarts: u64,
}

impl Named {
    fn of(night: &Night) -> Named {
        Named { seed: night.seed, seconds: night.seconds, restarts: night.starts.saturating_sub(1) }
    }
}

/// What nights come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// How many.
    pub nights: u64,
    /// How they ended.
    pub ended: BTreeMap<Class, u64>,
    /// Half of them took no longer, in seconds.
    pub median_s: u64,
    /// Nine in ten took no longer, in seconds.
    pub ninth_s: u64,
    /// What went wrong: how often, and in how many nights.
    pub faults: Vec<(&'static str, u64, u64)>,
    /// How often the account was looked at.
    pub looks: u64,
    /// The night that took longest.
    pub longest: Option<Named>,
    /// The night with the most restarts.
    pub worst: Option<Named>,
    /// The nights that did not end as they should, with what was wrong.
    pub wrong: Vec<(u64, String)>,
}

impl Summary {
    /// Of these nights.
    pub fn of(nights: &[Night]) -> Summary {
        let mut ended: BTreeMap<Class, u64> = Class::ALL.map(|class| (class, 0)).into();
        nights.iter().for_each(|night| *ended.entry(Class::of(night)).or_default() += 1);
        let mut seconds: Vec<u64> = nights.iter().map(|night| night.seconds).collect();
        seconds.sort_unstable();
        let share = |percent: usize| seconds.get((seconds.len() * percent / 100).min(seconds.len().saturating_sub(1))).copied();
        let faults = Fault::ALL.iter().filter_map(|fault| {
            let counts: Vec<u64> = nights.iter().filter_map(|night| night.faults.get(fault)).copied().collect();
            (!counts.is_empty()).then(|| (fault.words(), counts.iter().sum(), counts.len() as u64))
        });
        // Of equals the first, so that the seed that is named does not depend on how many follow.
        let first = |a: &&Night, b: &&Night, by: fn(&Night) -> (u64, u64)| by(a).cmp(&by(b)).then(b.seed.cmp(&a.seed));
        let longest = nights.iter().max_by(|a, b| first(a, b, |night| (night.seconds, night.starts)));
        let worst = nights.iter().max_by(|a, b| first(a, b, |night| (night.starts, night.seconds)));
        let wrong = nights.iter().filter_map(|night| match &night.outcome {
            Outcome::Wrong(why) => Some((night.seed, why.clone())),
            _ => None,
        });
        Summary {
            nights: nights.len() as u64,
            ended,
            median_s: share(50).unwrap_or(0),
            ninth_s: share(90).unwrap_or(0),
            faults: faults.collect(),
            looks: nights.iter().map(|night| night.looks).sum(),
            longest: longest.map(Named::of),
            worst: worst.map(Named::of),
            wrong: wrong.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn night(seed: u64, starts: u64, seconds: u64, outcome: Outcome) -> Night {
        let faults = [(Fault::Throttle, starts)].into();
        Night { seed, outcome, starts, stopped: seed == 5, seconds, looks: 10, faults, notes: Vec::new() }
    }

    #[test]
    fn every_night_is_counted_once_and_the_worst_are_named() {
        let nights = [
            night(1, 1, 100, Outcome::Reached),
            night(2, 2, 200, Outcome::Reached),
            night(3, 9, 900, Outcome::Reached),
            night(4, 2, 990, Outcome::Back),
            night(5, 2, 300, Outcome::Reached),
            night(6, 9, 800, Outcome::Wrong("made twice".into())),
        ];
        let summary = Summary::of(&nights);
        let counts: Vec<u64> = Class::ALL.iter().map(|class| summary.ended[class]).collect();
        assert_eq!(counts, [1, 1, 0, 1, 1, 0, 1, 1]);
        assert_eq!(summary.longest, Some(Named { seed: 4, seconds: 990, restarts: 1 }));
        assert_eq!(summary.worst, Some(Named { seed: 3, seconds: 900, restarts: 8 }));
        assert_eq!(summary.wrong, [(6, "made twice".to_owned())]);
        assert_eq!(summary.faults, [("a change was refused: too many requests", 25, 6)]);
        assert_eq!((summary.median_s, summary.ninth_s, summary.looks), (800, 990, 60));
    }

    #[test]
    fn no_nights_come_to_nothing() {
        assert_eq!(Summary::of(&[]).longest, None);
    }
}
