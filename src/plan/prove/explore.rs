//! Goes through every state that a question can tell apart.

use std::cell::Cell;
use std::collections::BTreeSet;

use super::cell::Asked;
use super::claims::Wrong;
use super::history::Histories;
use super::memo::Memo;
use super::order::{MOST, Order, Relevant, Span, TooMany};
use super::state::State;
use crate::model::id::Id;
use crate::reach::{Block, Question, ask_briefly, stands_briefly};

/// As many states as are looked at for one question.
const STATES: usize = 200_000;

/// A state in which a claim does not hold, and no smaller one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The relevant steps that are done, by place.
    pub done: Vec<usize>,
    /// The one of them that breaks it: without it the claim holds. None at the start.
    pub last: Option<usize>,
    /// The relevant steps that are not done and would mend it, alone or with what they need.
    pub menders: Vec<usize>,
    /// What is found.
    pub wrong: Wrong,
}

/// Why a claim can't be decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unproved {
    /// More steps matter than can be told apart.
    Steps(usize),
    /// They allow too many states.
    States,
}

/// Explores one direction of a plan.
pub struct Explorer<'p> {
    /// The facts' lives.
    pub histories: &'p Histories,
    /// States that were looked at.
    pub examined: Cell<u64>,
}

impl<'p> Explorer<'p> {
    /// An explorer.
    pub fn new(histories: &'p Histories) -> Explorer<'p> {
        Explorer { histories, examined: Cell::new(0) }
    }

    /// The states in which all these nodes are there, as far as that can be told beforehand.
    pub fn span<'n>(&self, nodes: impl Iterator<Item = &'n Id>) -> Span {
        let lives = nodes.map(|node| self.histories.life(node));
        lives.fold(Span::default(), |mut span, life| {
            span.after.extend(life.made);
            span.until.extend(life.ended);
            span
        })
    }

    /// Whether a claim holds in every state. `judge` says what is wrong in a state, from nothing but the state's facts; the
    /// steps that `also` names matter besides those that write facts which it asked for; only states within the span do.
    ///
    /// # Errors
    /// If too much matters.
    pub fn explore(
        &self,
        order: &Order,
        also: &[usize],
        span: &Span,
        judge: &dyn Fn(&State<'_>, &Stepping<'_>) -> Option<Wrong>,
    ) -> Result<Option<Cut>, Unproved> {
        let asked = self.histories.question();
        let memos = Memos::default();
        let mut steps: BTreeSet<usize> = also.iter().copied().collect();
        loop {
            let mut relevant = Relevant::new(steps.iter().copied(), order, span).ok_or(Unproved::Steps(steps.len()))?;
            relevant.number = self.histories.number();
            let cut = self.through(&relevant, &asked, &memos, judge)?;
            let known = steps.len();
            steps.extend(asked.steps());
            if steps.len() > MOST {
                return Err(Unproved::Steps(steps.len()));
            }
            if steps.len() == known {
                return Ok(cut);
            }
        }
    }

    fn through(
        &self,
        relevant: &Relevant,
        asked: &Asked,
        memos: &Memos,
        judge: &dyn Fn(&State<'_>, &Stepping<'_>) -> Option<Wrong>,
    ) -> Result<Option<Cut>, Unproved> {
        let mut found = None;
        let at = |state: u128| {
            self.examined.set(self.examined.get() + 1);
            let stepping = Stepping { histories: self.histories, relevant, state, asked, memos };
            judge(&State::new(self.histories, relevant, state, asked), &stepping)
        };
        let seen = relevant.states(STATES, |state| {
            found = at(state).map(|wrong| (state, wrong));
            found.is_none()
        });
        if seen == Err(TooMany) {
            return Err(Unproved::States);
        }
        let Some((state, wrong)) = found else { return Ok(None) };
        let place = |bit: usize| relevant.steps[bit];
        let bits = |state: u128| (0..relevant.steps.len()).filter(move |bit| state & (1 << bit) != 0);
        // Everything smaller holds, so each of the last steps breaks it; the plan's own last is named.
        let last = relevant.last(state).map(place).max();
        let menders = (0..relevant.steps.len())
            .filter(|bit| state & (1 << bit) == 0)
            .filter(|bit| at(relevant.with(state, *bit)).is_none())
            .map(place)
            .collect();
        Ok(Some(Cut { done: bits(state).map(place).collect(), last, menders, wrong }))
    }
}

/// What was found of the question that a claim is about.
#[derive(Default)]
struct Memos {
    opens: Memo,
    stands: Memo,
}

/// The ways on from a state.
pub struct Stepping<'s> {
    histories: &'s Histories,
    relevant: &'s Relevant,
    state: u128,
    asked: &'s Asked,
    memos: &'s Memos,
}

impl Stepping<'_> {
    /// Whether a connection can be opened in a state. All of a claim's questions are the same one.
    ///
    /// # Errors
    /// What blocks it.
    pub fn opens(&self, state: &State<'_>, question: &Question) -> Result<(), Block> {
        self.memos.opens.of([state, state], self.histories.number(), |state, _| ask_briefly(state, question))
    }

    /// Whether a connection that is open in one state goes on in the next. All of a claim's questions are the same one.
    ///
    /// # Errors
    /// What cuts it.
    pub fn stands(&self, before: &State<'_>, after: &State<'_>, question: &Question) -> Result<(), Block> {
        self.memos.stands.of([before, after], self.histories.number(), |before, after| stands_briefly(before, after, question))
    }

    /// Calls `visit` with each relevant step that can be done next and takes something away (a group, a rule), and the state
    /// that it leads to.
    pub fn each_taking(&self, mut visit: impl FnMut(usize, &State<'_>)) {
        for bit in self.relevant.next(self.state) {
            if !self.histories.takes(self.relevant.steps[bit]) {
                continue;
            }
            let after = State::new(self.histories, self.relevant, self.state | 1 << bit, self.asked);
            visit(self.relevant.steps[bit], &after);
        }
    }
}
