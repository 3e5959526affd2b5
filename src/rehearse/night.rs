//! A night: processes that end, one way or the other, and are begun again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use super::dice::Dice;
use super::likeness;
use super::network::Site;
use super::notes::Note;
use super::process::{Bench, How};
use super::shelf::{Kept, Shelf};
use super::stranger;
use super::vitals::pass;
use super::weather::{Fault, Rates, Sky};
use super::{Clear, Rehearsal, Scene, settled};
use crate::clock::Clock;
use crate::execute::Goal;

/// How often somebody begins anew before the night counts as lost.
const STARTS: u64 = 60;
/// How often it is begun anew when nothing goes wrong any more: once has to be enough, and once more where the journal
/// holds moments of a clock that was wrong.
const CLEAR_STARTS: u64 = 2;
/// The code of a failure that says: somebody else has changed the account.
const DRIFT: &str = "HK0505";
/// How long it takes until somebody sees that it has ended and begins anew, in seconds.
const ANEW_S: u64 = 600;

/// How a night ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// At the end that a run without faults has.
    Reached,
    /// Back at the start, because somebody decided so.
    Back,
    /// It stopped for a colleague's change that could not be taken back: a person decides. Why it stopped.
    Left(String),
    /// Somewhere else; or on the way something was as it must never be. What.
    Wrong(String),
}

/// A night, told.
#[derive(Clone, Debug)]
pub struct Night {
    /// What it came from.
    pub seed: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// How many times the executor was begun.
    pub starts: u64,
    /// Whether it stopped because of a colleague's change.
    pub stopped: bool,
    /// How long it took, by everybody's clock.
    pub seconds: u64,
    /// How often the account was looked at.
    pub looks: u64,
    /// Which faults struck how often.
    pub faults: BTreeMap<Fault, u64>,
    /// What happened, where it was asked for.
    pub notes: Vec<Note>,
}

/// A night under way.
struct Play<'a, 'p> {
    bench: Bench<'a, 'p>,
    dice: Dice,
    starts: u64,
    stopped: bool,
    /// What became of a colleague's change: none: nothing yet; else whether it was seen for what it was, and taken back.
    taken_back: Option<(bool, bool)>,
}

/// Why a goal is not reached.
enum Short {
    /// It must not be so.
    Wrong(String),
    /// A colleague's change is in the way.
    Left(String),
}

impl From<String> for Short {
    fn from(why: String) -> Short {
        Short::Wrong(why)
    }
}

impl Play<'_, '_> {
    /// Runs processes until the goal is reached; false: it was given up after so many.
    fn reach(&mut self, goal: Goal, sky: Sky, disturbed: u64, give_up_after: u64) -> Result<bool, Short> {
        let mut last = How::Killed;
        for start in 0..disturbed.min(STARTS) + CLEAR_STARTS {
            if start >= give_up_after {
                self.changes_mind();
                return Ok(false);
            }
            if start > 0 {
                pass(&self.bench.site.clock, 30 + self.dice.below(ANEW_S));
            }
            self.starts += 1;
            last = self.bench.go(goal, if start < disturbed { sky } else { Sky::Clear });
            if let Some(wrong) = self.bench.site.guard.wrong() {
                return Err(wrong.into());
            }
            match &last {
                How::Reached => return Ok(true),
                How::Stuck | How::Odd(_) => return Err(last.words().into()),
                How::Failed(steps) => self.colleague_takes_back(steps.iter().any(|step| step.code == DRIFT)),
                How::Killed | How::Journal(_) => {}
            }
        }
        // Where the executor saw the change for what it was, and it was taken back, there is no excuse.
        let struck = self.bench.site.edit.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        if struck && self.taken_back != Some((true, true)) {
            return Err(Short::Left(last.words()));
        }
        Err(format!("the end is not reached: {}", last.words()).into())
    }

    /// Somebody goes back in the same second; but after a clock was set, records don't tell any more how long ago a call
    /// was, and then it takes that somebody a minute.
    fn changes_mind(&self) {
        let site = self.bench.site;
        site.notes.said(|| "somebody decides to go back".to_owned());
        if site.notes.count(Fault::ClockJump) > 0 {
            pass(&site.clock, 60);
        }
    }

    /// The run has stopped: whoever changed something behind its back hears of it and takes it back.
    fn colleague_takes_back(&mut self, seen: bool) {
        let site = self.bench.site;
        let edit = site.edit.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(edit) = edit.filter(|_| self.taken_back.is_none()) else { return };
        let mut taken = false;
        site.account.tamper(|account| taken = stranger::take_back(account, &edit));
        self.stopped = true;
        self.taken_back = Some((seen, taken));
        site.notes.said(|| if taken { format!("taken back: {}", edit.what) } else { format!("can't be taken back: {}", edit.what) });
    }

    /// Compares the account with the end of a run without faults, or with the start.
    fn compare(&self, rehearsal: &Rehearsal<'_>, back: bool) -> Result<(), Short> {
        let site = self.bench.site;
        let found = settled(site.account.world())?;
        let edit = site.edit.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let except = edit.as_ref().map(|edit| edit.id.as_str());
        // What a colleague has done to the network and nobody has taken back, agents feel.
        let stands = edit.is_some() && self.taken_back.is_none_or(|(_, taken)| !taken);
        let seen = |lines: &BTreeSet<String>| if stands { likeness::without_contact(lines) } else { lines.clone() };
        let found = seen(&found);
        let (what, wanted) = if back {
            let wanted = likeness::either(&seen(&rehearsal.start.likeness), &seen(&rehearsal.left), &found);
            ("what is left after the way back is not what was there before", wanted)
        } else {
            ("the end is not that of a run without faults", seen(&rehearsal.end.likeness))
        };
        let difference = likeness::difference(&wanted, &found, except);
        let colleague = edit.as_ref().map_or_else(String::new, |edit| format!(" (a colleague {})", edit.what));
        difference.map_or(Ok(()), |lines| Err(format!("{what}{colleague}:\n{lines}").into()))
    }
}

impl<'p> Rehearsal<'p> {
    /// A run without faults, and what is there afterwards.
    pub(super) fn clear(&self, from: &Scene, goal: Goal) -> Result<(Clear, Scene), String> {
        let site = self.site(from, false);
        let shelf = Shelf::new(self.plan, &from.journal, &site.clock);
        let bench = Bench { plan: self.plan, site: &site, shelf: &shelf, seed: 0 };
        let how = bench.go(goal, Sky::Clear);
        if let Some(wrong) = site.guard.wrong() {
            return Err(wrong);
        }
        if how != How::Reached {
            return Err(how.words());
        }
        let journal: Kept = shelf.kept().map_err(|error| error.to_string())?;
        let (world, now_ms) = (site.account.world(), site.clock.now_ms());
        let counted = (journal.records.len() - from.journal.records.len()) as u64;
        let clear = Clear { calls: site.account.mutating(), records: counted, seconds: (now_ms - from.now_ms) / 1000 };
        Ok((clear, Scene { likeness: settled(world.clone())?, world: Mutex::new(world), now_ms, journal, makers: site.guard.makers() }))
    }

    /// A night in which faults come at these rates until it is over. One in five nights somebody who has had to begin
    /// anew decides to go back.
    pub fn night(&self, seed: u64, rates: Rates, all: bool) -> Night {
        let mut dice = Dice::of(&[seed, 1]);
        let fickle = dice.below(5) == 0;
        self.play(&self.start, seed, all, |play| {
            let sky = Sky::Drawn(rates);
            let patience = if fickle { 1 + dice.below(2) } else { u64::MAX };
            if play.reach(self.goal, sky, u64::MAX, patience)? {
                play.compare(self, false)?;
                return Ok(Outcome::Reached);
            }
            play.reach(Goal::Back(None), sky, u64::MAX, u64::MAX)?;
            play.compare(self, true)?;
            Ok(Outcome::Back)
        })
    }

    /// A storm that ends: after some processes nothing goes wrong any more, and the end must be that of a run without
    /// faults. Every second seed then goes back, through another storm, and must come out at the start.
    pub fn storm(&self, seed: u64, rates: Rates, all: bool) -> Night {
        let mut dice = Dice::of(&[seed, 1]);
        self.play(&self.start, seed, all, |play| {
            let sky = Sky::Drawn(rates);
            let (fickle, back) = (dice.below(4) == 0, seed.is_multiple_of(2));
            let patience = if fickle { 1 + dice.below(6) } else { u64::MAX };
            if play.reach(self.goal, sky, 6, patience)? {
                play.compare(self, false)?;
                if !back {
                    return Ok(Outcome::Reached);
                }
                play.changes_mind();
            }
            play.reach(Goal::Back(None), sky, 6, u64::MAX)?;
            play.compare(self, true)?;
            Ok(Outcome::Back)
        })
    }

    /// One fault at the n-th call or record, from 1, on the way there, or on the way back; then nothing goes wrong any
    /// more. After the way there it also goes back.
    pub fn strike(&self, at: u64, fault: Fault, back: bool, and_back: bool) -> Night {
        let from = if back { &self.end } else { &self.start };
        self.play(from, at, false, |play| {
            let sky = Sky::Once(at, fault);
            if !back {
                play.reach(self.goal, sky, 1, u64::MAX)?;
                play.compare(self, false)?;
                if !and_back {
                    return Ok(Outcome::Reached);
                }
            }
            play.reach(Goal::Back(None), if back { sky } else { Sky::Clear }, 1, u64::MAX)?;
            play.compare(self, true)?;
            Ok(Outcome::Back)
        })
    }

    fn play(&self, from: &Scene, seed: u64, all: bool, acts: impl FnOnce(&mut Play<'_, 'p>) -> Result<Outcome, Short>) -> Night {
        let site: Site<'_> = self.site(from, all);
        let shelf = Shelf::new(self.plan, &from.journal, &site.clock);
        let bench = Bench { plan: self.plan, site: &site, shelf: &shelf, seed };
        let mut play = Play { bench, dice: Dice::of(&[seed, 2]), starts: 0, stopped: false, taken_back: None };
        let outcome = acts(&mut play).unwrap_or_else(|short| match short {
            Short::Wrong(why) => Outcome::Wrong(why),
            Short::Left(why) => Outcome::Left(why),
        });
        let (starts, stopped) = (play.starts, play.stopped);
        let seconds = (site.clock.now_ms() - from.now_ms) / 1000;
        let (faults, notes) = site.notes.take();
        Night { seed, outcome, starts, stopped, seconds, looks: site.guard.looks(), faults, notes }
    }
}
