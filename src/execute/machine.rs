//! The pure half: what has happened, and what can happen next.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::control::Control;
use crate::clock::{ms_of, rfc3339};
use crate::journal::{Body, Drift, Ending, Record, Way};
use crate::model::step::{Stage, Step, Undo};
use crate::plan::{Gate, Plan};

/// Where a step stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Phase {
    /// Not begun, or undone.
    #[default]
    Pending,
    /// A call is about to be made, or was made: nobody knows.
    Intended,
    /// The call is done; waits and checks are open.
    Called,
    /// Done, waited for and checked.
    Verified,
    /// On the way back: this many of its calls are done; true if the next is in the air.
    Undoing(usize, bool),
}

/// One step's state.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepState {
    /// Where it stands.
    pub phase: Phase,
    /// How often it was undone.
    pub generation: u32,
    /// What its call gave, and what was remembered before it.
    pub outputs: BTreeMap<String, Value>,
    /// When the call that was or may have been carried out was first announced, by AWS's clock, RFC 3339.
    pub announced: Option<String>,
    /// When its call was last announced or answered, RFC 3339.
    pub called: Option<String>,
    /// Why it failed, if it did and nothing was tried since: code and words.
    pub failure: Option<(String, String)>,
    /// What somebody else had changed then, if that is why.
    pub drift: Vec<Drift>,
    /// What was sent and how it is undone, in short (see [`super::amend::digest`]): of the last try.
    pub digest: Option<String>,
    /// Why a person left it out, if one did.
    pub skipped: Option<String>,
}

impl StepState {
    /// Whether nothing of it is left to do: it is verified, or left out.
    pub fn is_done(&self) -> bool {
        self.phase == Phase::Verified || self.skipped.is_some()
    }
}

/// What a run is to reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Forward, up to and including a stage.
    Forward(Stage),
    /// Back to the checkpoint of a stage; none: to the beginning.
    Back(Option<Stage>),
}

/// What to do next.
#[derive(Clone, Debug, PartialEq)]
pub enum Command<'p> {
    /// Ask a person, or look, and go on if the answer is yes.
    Ask(&'p Gate),
    /// Carry a step out, from wherever it stands.
    Do(String),
    /// Undo a step, from wherever it stands.
    Undo(String),
    /// All steps of a stage are verified: record the checkpoint.
    Checkpoint(Stage),
}

/// All that is known of a run.
pub struct Machine<'p> {
    plan: &'p Plan,
    steps: BTreeMap<&'p str, &'p Step>,
    dependents: BTreeMap<&'p str, Vec<&'p str>>,
    states: BTreeMap<&'p str, StepState>,
    checkpoints: BTreeSet<Stage>,
    confirmed: BTreeSet<String>,
    control: Control,
    journal: String,
    waits: BTreeMap<&'p str, usize>,
    ready: BTreeSet<(Stage, usize)>,
    place: BTreeMap<&'p str, usize>,
    open: BTreeMap<Stage, usize>,
    begun: BTreeSet<(Stage, usize)>,
    relied_on: BTreeMap<&'p str, usize>,
    undoable: BTreeSet<(Stage, usize)>,
}

impl<'p> Machine<'p> {
    /// Nothing has happened yet.
    pub fn new(plan: &'p Plan) -> Machine<'p> {
        let steps: BTreeMap<&str, &Step> = plan.steps.iter().map(|step| (step.id.as_str(), step)).collect();
        let mut dependents: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut waits = BTreeMap::new();
        let mut ready = BTreeSet::new();
        let mut open: BTreeMap<Stage, usize> = BTreeMap::new();
        for (at, step) in plan.steps.iter().enumerate() {
            for need in &step.needs {
                dependents.entry(&need.step).or_default().push(&step.id);
            }
            waits.insert(step.id.as_str(), step.needs.len());
            if step.needs.is_empty() {
                ready.insert((step.stage, at));
            }
            *open.entry(step.stage).or_default() += 1;
        }
        let states = plan.steps.iter().map(|step| (step.id.as_str(), StepState::default())).collect();
        let place = plan.steps.iter().enumerate().map(|(at, step)| (step.id.as_str(), at)).collect();
        Machine {
            plan,
            steps,
            dependents,
            states,
            checkpoints: BTreeSet::new(),
            confirmed: BTreeSet::new(),
            control: Control::default(),
            journal: String::new(),
            waits,
            ready,
            place,
            open,
            begun: BTreeSet::new(),
            relied_on: BTreeMap::new(),
            undoable: BTreeSet::new(),
        }
    }

    /// Takes moments that have not come yet for now: a clock that was ahead has noted them, and what was announced was
    /// announced before.
    pub(super) fn set_right(&mut self, now: &str) {
        let moments = self.states.values_mut().flat_map(|state| [&mut state.announced, &mut state.called]);
        moments.flatten().filter(|at| at.as_str() > now).for_each(|at| now.clone_into(at));
    }

    /// What records amount to. Resume, status and reports all replay them through here.
    pub fn replay(plan: &'p Plan, records: &[Record]) -> Machine<'p> {
        let mut machine = Machine::new(plan);
        records.iter().for_each(|record| machine.apply(&record.at, &record.body));
        machine
    }

    /// Whether anything of the plan is done, or in the air.
    pub fn has_begun(&self) -> bool {
        self.plan.steps.iter().any(|step| self.is_begun(&step.id))
    }

    /// Whether a step is done, waited for and checked.
    pub fn is_verified(&self, id: &str) -> bool {
        self.states.get(id).is_some_and(|state| state.phase == Phase::Verified)
    }

    /// Whether nothing of a step is left to do: it is verified, or left out.
    pub fn is_done(&self, id: &str) -> bool {
        self.states.get(id).is_some_and(StepState::is_done)
    }

    /// Whether a step has not begun and waits to be released.
    pub fn is_held(&self, id: &str) -> bool {
        let postponed = self.plan.postponed.iter().any(|step| step == id);
        postponed && !self.control.is_released(id) && !self.is_begun(id) && !self.is_done(id)
    }

    /// Whether a person left a step out.
    pub fn is_skipped(&self, id: &str) -> bool {
        self.states.get(id).is_some_and(|state| state.skipped.is_some())
    }

    /// The steps that name a step among their needs.
    pub fn dependents(&self, id: &str) -> &[&'p str] {
        self.dependents.get(id).map_or(&[], Vec::as_slice)
    }

    /// The plan.
    pub fn plan(&self) -> &'p Plan {
        self.plan
    }

    /// A step of the plan.
    pub fn step(&self, id: &str) -> Option<&'p Step> {
        self.steps.get(id).copied()
    }

    /// Where a step stands.
    pub fn state(&self, id: &str) -> Option<&StepState> {
        self.states.get(id)
    }

    /// The journal's id, from which tokens come.
    pub fn journal(&self) -> &str {
        &self.journal
    }

    /// The idempotency token of a step's next call; nothing as long as there is no journal to take it from.
    pub fn token(&self, id: &str) -> Option<String> {
        let generation = self.states.get(id)?.generation;
        (!self.journal.is_empty()).then(|| super::task::token(&self.journal, id, generation))
    }

    /// The checkpoints that were reached and still stand.
    pub fn checkpoints(&self) -> &BTreeSet<Stage> {
        &self.checkpoints
    }

    /// What people asked of the run.
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// An output of a step.
    pub fn output(&self, step: &str, name: &str) -> Option<&Value> {
        self.states.get(step)?.outputs.get(name)
    }

    /// Takes note of a record, made `at` a moment. Total: a record about a step that the plan doesn't have changes nothing.
    pub fn apply(&mut self, at: &str, body: &Body) {
        if let Some(step) = body.step() {
            self.change(step, |state| take(state, at, body));
        }
        match body {
            Body::Opened { id, .. } => self.journal.clone_from(id),
            Body::Undone { step } => {
                self.control.hold(step);
                if let Some(stage) = self.steps.get(step.as_str()).map(|step| step.stage) {
                    self.checkpoints.retain(|reached| *reached < stage);
                    // What was asked about may be another thing the next time.
                    let later = |id: &String| self.plan.gates.iter().any(|gate| gate.id == *id && gate.before > stage);
                    self.confirmed.retain(|id| !later(id));
                }
            }
            Body::Checkpoint { stage } => self.checkpoints.extend(Stage::parse(stage)),
            Body::Confirmed { gate, .. } => {
                self.confirmed.insert(gate.clone());
            }
            Body::Asked { id, who, what } => self.control.apply(at, id, who, what),
            Body::Amended { renewed, .. } => {
                // What people approved was another plan.
                let approvals: Vec<String> = self.plan.approvals.iter().flat_map(|rule| &rule.at).map(|point| point.gate()).collect();
                self.confirmed.retain(|gate| !approvals.contains(gate));
                for step in renewed {
                    self.change(step, |state| state.generation += 1);
                }
            }
            _ => {}
        }
    }

    /// Changes a step's state, and keeps the count of what waits for it: the next commands cost nothing to find.
    fn change(&mut self, id: &str, change: impl FnOnce(&mut StepState)) {
        let Some((id, step)) = self.steps.get_key_value(id).map(|(id, step)| (*id, *step)) else { return };
        let state = self.states.entry(id).or_default();
        let before = (state.phase != Phase::Pending, state.is_done());
        change(state);
        let after = (state.phase != Phase::Pending, state.is_done());
        if before.0 != after.0 {
            self.count_begun(id, step, after.0);
        }
        if before.1 != after.1 {
            self.count_done(id, step, after.1);
        }
    }

    /// A step is in somebody's hands: who asks what is next need not pass over it.
    pub fn take_up(&mut self, id: &str) {
        let Some(own) = self.own(id) else { return };
        self.ready.remove(&own);
        self.undoable.remove(&own);
    }

    /// It is so no more.
    pub fn put_down(&mut self, id: &str) {
        let (Some(own), Some(state)) = (self.own(id), self.states.get(id)) else { return };
        if !state.is_done() && self.waits.get(id) == Some(&0) {
            self.ready.insert(own);
        }
        if self.begun.contains(&own) && self.relied_on.get(id).is_none_or(|count| *count == 0) {
            self.undoable.insert(own);
        }
    }

    fn own(&self, id: &str) -> Option<(Stage, usize)> {
        Some((self.steps.get(id)?.stage, *self.place.get(id)?))
    }

    /// A step is done (verified, or left out), or is so no more: what waits for it.
    fn count_done(&mut self, id: &'p str, step: &'p Step, done: bool) {
        let open = self.open.entry(step.stage).or_default();
        *open = if done { open.saturating_sub(1) } else { *open + 1 };
        let own = (step.stage, self.place[id]);
        if done {
            self.ready.remove(&own);
        } else if self.waits.get(id) == Some(&0) {
            self.ready.insert(own);
        }
        for dependent in self.dependents.get(id).into_iter().flatten() {
            let waits = self.waits.entry(dependent).or_default();
            *waits = if done { waits.saturating_sub(1) } else { *waits + 1 };
            let at = (self.steps[dependent].stage, self.place[dependent]);
            if *waits == 0 && !self.states[dependent].is_done() {
                self.ready.insert(at);
            } else {
                self.ready.remove(&at);
            }
        }
    }

    /// A step was begun, or is undone: what it relies on can't be undone before it.
    fn count_begun(&mut self, id: &'p str, step: &'p Step, begun: bool) {
        let own = (step.stage, self.place[id]);
        if begun {
            self.begun.insert(own);
        } else {
            self.begun.remove(&own);
        }
        if begun && self.relied_on.get(id).is_none_or(|count| *count == 0) {
            self.undoable.insert(own);
        } else {
            self.undoable.remove(&own);
        }
        for need in &step.needs {
            let Some((need, before)) = self.steps.get_key_value(need.step.as_str()) else { continue };
            let count = self.relied_on.entry(need).or_default();
            *count = if begun { *count + 1 } else { count.saturating_sub(1) };
            let at = (before.stage, self.place[need]);
            if *count == 0 && self.begun.contains(&at) {
                self.undoable.insert(at);
            } else {
                self.undoable.remove(&at);
            }
        }
    }

    /// The stage that a forward run works on: the first that is not wholly done.
    pub fn current_stage(&self) -> Option<Stage> {
        self.plan.stages.iter().copied().find(|stage| self.open.get(stage).is_some_and(|open| *open > 0))
    }

    /// What can be done now, beside what is being done (`busy`) and what was tried in vain in this run (`failed`); as
    /// much of it as can be in hand at a time.
    pub fn next(&self, goal: Goal, busy: &BTreeSet<String>, failed: &BTreeSet<String>) -> Vec<Command<'p>> {
        match goal {
            Goal::Forward(until) => self.forward(until, busy, failed),
            Goal::Back(to) => self.back(to, busy, failed),
        }
    }

    fn forward(&self, until: Stage, busy: &BTreeSet<String>, failed: &BTreeSet<String>) -> Vec<Command<'p>> {
        let whole = |stage: &&Stage| self.open.get(stage).is_none_or(|open| *open == 0);
        let reached = self.plan.stages.iter().take_while(whole).filter(|stage| **stage <= until && !self.checkpoints.contains(stage));
        let mut commands: Vec<Command<'p>> = reached.copied().map(Command::Checkpoint).collect();
        if !commands.is_empty() {
            return commands;
        }
        let Some(stage) = self.current_stage().filter(|stage| *stage <= until) else { return commands };
        if let Some(gate) = self.gate(stage) {
            return vec![Command::Ask(gate)];
        }
        let here = self.ready.range((stage, 0)..=(stage, usize::MAX)).map(|(_, at)| &self.plan.steps[*at].id);
        let free = here.filter(|id| !busy.contains(*id) && !failed.contains(*id)).cloned();
        commands.extend(free.take(self.control.at_once().saturating_sub(busy.len())).map(Command::Do));
        commands
    }

    /// The gate that stands open before a stage.
    pub fn gate(&self, stage: Stage) -> Option<&'p Gate> {
        self.plan.gates.iter().find(|gate| gate.before <= stage && !self.confirmed.contains(&gate.id))
    }

    /// Whether a step left something behind that its way back would take away.
    pub fn is_begun(&self, id: &str) -> bool {
        self.states.get(id).is_some_and(|state| state.phase != Phase::Pending)
    }

    /// The steps that a rollback would undo, last first.
    pub fn to_undo(&self, to: Option<Stage>) -> Vec<&'p Step> {
        let beyond = |step: &&Step| to.is_none_or(|to| step.stage > to) && self.is_begun(&step.id);
        self.plan.steps.iter().rev().filter(beyond).collect()
    }

    fn back(&self, to: Option<Stage>, busy: &BTreeSet<String>, failed: &BTreeSet<String>) -> Vec<Command<'p>> {
        let last = self.begun.last().map(|(stage, _)| *stage).filter(|stage| to.is_none_or(|to| *stage > to));
        let Some(last) = last else { return Vec::new() };
        let here = self.undoable.range((last, 0)..=(last, usize::MAX)).rev().map(|(_, at)| &self.plan.steps[*at].id);
        let free = here.filter(|id| !busy.contains(*id) && !failed.contains(*id)).cloned();
        free.take(self.control.at_once().saturating_sub(busy.len())).map(Command::Undo).collect()
    }

    /// Steps done that have no way back, among those that a rollback would undo.
    pub fn points_of_no_return(&self, to: Option<Stage>) -> Vec<&'p Step> {
        self.to_undo(to).into_iter().filter(|step| matches!(step.undo, Undo::Irreversible(_))).collect()
    }
}

/// What a record that is about a step makes of its state.
pub(super) fn take(state: &mut StepState, at: &str, body: &Body) {
    match body {
        Body::Captured { values, .. } => state.outputs.extend(values.clone()),
        Body::Intended { way, digest, ahead_s, .. } => {
            state.failure = None;
            forget_the_way_there(state, *way);
            state.announced.get_or_insert_with(|| earlier(at, *ahead_s));
            called(state, *way, at);
            state.phase = match way {
                Way::Do => Phase::Intended,
                Way::Undo(at) => Phase::Undoing(*at, true),
            };
            if *way == Way::Do {
                state.digest = Some(digest.clone()).filter(|digest| !digest.is_empty());
            }
        }
        Body::Ended { way, ending, .. } => {
            forget_the_way_there(state, *way);
            called(state, *way, at);
            ended(state, *way, ending);
        }
        Body::Verified { .. } => {
            state.phase = Phase::Verified;
            state.failure = None;
        }
        Body::Failed { code, why, drift, .. } => {
            state.failure = Some((code.clone(), why.clone()));
            state.drift.clone_from(drift);
        }
        Body::Undone { .. } => *state = StepState { generation: state.generation + 1, ..StepState::default() },
        Body::Skipped { why, .. } => {
            state.skipped = Some(why.clone());
            state.failure = None;
        }
        Body::Unskipped { .. } => state.skipped = None,
        _ => {}
    }
}

/// The way back is announced anew, by its first call, whether or not one was needless before it.
fn forget_the_way_there(state: &mut StepState, way: Way) {
    if matches!(way, Way::Undo(_)) && !matches!(state.phase, Phase::Undoing(..)) {
        state.announced = None;
    }
}

/// A moment so many seconds before another.
fn earlier(at: &str, by_s: i64) -> String {
    if by_s == 0 { at.to_owned() } else { rfc3339(ms_of(at).saturating_add_signed(-by_s * 1000)) }
}

fn called(state: &mut StepState, way: Way, at: &str) {
    if way == Way::Do {
        state.called = Some(at.to_owned());
    }
}

fn ended(state: &mut StepState, way: Way, ending: &Ending) {
    match (way, ending) {
        (Way::Do, Ending::Done(outputs) | Ending::Adopted(outputs)) => {
            state.outputs.extend(outputs.clone());
            state.phase = Phase::Called;
        }
        (Way::Do, Ending::Refused(..)) => {
            state.phase = Phase::Pending;
            state.announced = None;
        }
        (Way::Do, Ending::Unknown(_)) => state.phase = Phase::Intended,
        (Way::Undo(at), Ending::Done(_) | Ending::Adopted(_)) => state.phase = Phase::Undoing(at + 1, false),
        (Way::Undo(at), Ending::Refused(..)) => state.phase = Phase::Undoing(at, false),
        (Way::Undo(at), Ending::Unknown(_)) => state.phase = Phase::Undoing(at, true),
    }
}
