//! The pure half: what has happened, and what can happen next.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::journal::{Body, Ending, Way};
use crate::model::step::{Stage, Step, Undo};
use crate::plan::Plan;

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
    /// Why it failed, if it did and nothing was tried since: code and words.
    pub failure: Option<(String, String)>,
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Carry a step out, from wherever it stands.
    Do(String),
    /// Undo a step, from wherever it stands.
    Undo(String),
    /// All steps of a stage are verified: record the checkpoint.
    Checkpoint(Stage),
}

/// How many commands are given at a time: more than a driver starts before it asks again.
const AT_ONCE: usize = 64;

/// All that is known of a run.
pub struct Machine<'p> {
    plan: &'p Plan,
    steps: BTreeMap<&'p str, &'p Step>,
    dependents: BTreeMap<&'p str, Vec<&'p str>>,
    states: BTreeMap<&'p str, StepState>,
    checkpoints: BTreeSet<Stage>,
    journal: String,
    waits: BTreeMap<&'p str, usize>,
    ready: BTreeSet<(Stage, usize)>,
    begun: BTreeSet<(Stage, usize)>,
    held: BTreeMap<&'p str, usize>,
    free: BTreeSet<(Stage, usize)>,
    place: BTreeMap<&'p str, usize>,
    open: BTreeMap<Stage, usize>,
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
            journal: String::new(),
            waits,
            ready,
            begun: BTreeSet::new(),
            held: BTreeMap::new(),
            free: BTreeSet::new(),
            place,
            open,
        }
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

    /// The checkpoints that were reached and still stand.
    pub fn checkpoints(&self) -> &BTreeSet<Stage> {
        &self.checkpoints
    }

    /// An output of a step.
    pub fn output(&self, step: &str, name: &str) -> Option<&Value> {
        self.states.get(step)?.outputs.get(name)
    }

    /// Takes note of a record. Total: a record about a step that the plan doesn't have changes nothing.
    pub fn apply(&mut self, body: &Body) {
        match body {
            Body::Opened { id, .. } => self.journal.clone_from(id),
            Body::Captured { step, values } => self.change(step, |state| state.outputs.extend(values.clone())),
            Body::Intended { step, way, .. } => self.change(step, |state| {
                state.failure = None;
                state.phase = match way {
                    Way::Do => Phase::Intended,
                    Way::Undo(at) => Phase::Undoing(*at, true),
                };
            }),
            Body::Ended { step, way, ending } => self.change(step, |state| ended(state, *way, ending)),
            Body::Verified { step } => {
                self.change(step, |state| {
                    state.phase = Phase::Verified;
                    state.failure = None;
                });
            }
            Body::Failed { step, code, why } => self.change(step, |state| state.failure = Some((code.clone(), why.clone()))),
            Body::Undone { step } => {
                let stage = self.steps.get(step.as_str()).map(|step| step.stage);
                self.change(step, |state| *state = StepState { generation: state.generation + 1, ..StepState::default() });
                if let Some(stage) = stage {
                    self.checkpoints.retain(|reached| *reached < stage);
                }
            }
            Body::Checkpoint { stage } => self.checkpoints.extend(Stage::parse(stage)),
            Body::RunBegan { .. } | Body::RunEnded { .. } => {}
        }
    }

    /// Changes a step's state, and keeps the count of what waits for it: the next commands cost nothing to find.
    fn change(&mut self, id: &str, change: impl FnOnce(&mut StepState)) {
        let Some((id, step)) = self.steps.get_key_value(id).map(|(id, step)| (*id, *step)) else { return };
        let state = self.states.entry(id).or_default();
        let (before, was_begun) = (state.phase == Phase::Verified, state.phase != Phase::Pending);
        change(state);
        let (after, is_begun) = (state.phase == Phase::Verified, state.phase != Phase::Pending);
        if was_begun != is_begun {
            self.begins(step, is_begun);
        }
        if before == after {
            return;
        }
        let open = self.open.entry(step.stage).or_default();
        *open = if after { open.saturating_sub(1) } else { *open + 1 };
        let own = (step.stage, self.place[id]);
        if after {
            self.ready.remove(&own);
        } else if self.waits.get(id) == Some(&0) {
            self.ready.insert(own);
        }
        for dependent in self.dependents.get(id).into_iter().flatten() {
            let waits = self.waits.entry(dependent).or_default();
            *waits = if after { waits.saturating_sub(1) } else { *waits + 1 };
            let at = (self.steps[dependent].stage, self.place[dependent]);
            if *waits == 0 && self.states[dependent].phase != Phase::Verified {
                self.ready.insert(at);
            } else {
                self.ready.remove(&at);
            }
        }
    }

    /// Keeps count of what has begun, and so of what may be undone: whatever no begun step needs.
    fn begins(&mut self, step: &'p Step, begun: bool) {
        let own = (step.stage, self.place[step.id.as_str()]);
        if begun {
            self.begun.insert(own);
        } else {
            self.begun.remove(&own);
        }
        if begun && self.held.get(step.id.as_str()).is_none_or(|held| *held == 0) {
            self.free.insert(own);
        } else {
            self.free.remove(&own);
        }
        for need in &step.needs {
            let Some((need, earlier)) = self.steps.get_key_value(need.step.as_str()) else { continue };
            let held = self.held.entry(need).or_default();
            *held = if begun { *held + 1 } else { held.saturating_sub(1) };
            let at = (earlier.stage, self.place[need]);
            if *held == 0 && self.begun.contains(&at) {
                self.free.insert(at);
            } else {
                self.free.remove(&at);
            }
        }
    }

    /// The stage that a forward run works on: the first that is not wholly verified.
    pub fn current_stage(&self) -> Option<Stage> {
        self.plan.stages.iter().copied().find(|stage| self.open.get(stage).is_some_and(|open| *open > 0))
    }

    /// Some of what can be done now, if there is anything, beside what is being done (`busy`) and what was tried in vain in this run (`failed`).
    pub fn next(&self, goal: Goal, busy: &BTreeSet<String>, failed: &BTreeSet<String>) -> Vec<Command> {
        match goal {
            Goal::Forward(until) => self.forward(until, busy, failed),
            Goal::Back(to) => self.back(to, busy, failed),
        }
    }

    fn forward(&self, until: Stage, busy: &BTreeSet<String>, failed: &BTreeSet<String>) -> Vec<Command> {
        let whole = |stage: &&Stage| self.open.get(stage).is_none_or(|open| *open == 0);
        let reached = self.plan.stages.iter().take_while(whole).filter(|stage| **stage <= until && !self.checkpoints.contains(stage));
        let mut commands: Vec<Command> = reached.copied().map(Command::Checkpoint).collect();
        if !commands.is_empty() {
            return commands;
        }
        let Some(stage) = self.current_stage().filter(|stage| *stage <= until) else { return commands };
        let here = self.ready.range((stage, 0)..=(stage, usize::MAX)).map(|(_, at)| &self.plan.steps[*at].id);
        commands.extend(here.filter(|id| !busy.contains(*id) && !failed.contains(*id)).take(AT_ONCE).cloned().map(Command::Do));
        commands
    }

    /// Whether a step left something behind that its way back would take away.
    pub fn is_begun(&self, id: &str) -> bool {
        self.states.get(id).is_some_and(|state| state.phase != Phase::Pending)
    }

    /// The steps that a rollback would undo, last first.
    pub fn to_undo(&self, to: Option<Stage>) -> Vec<&'p Step> {
        let beyond = self.begun.iter().filter(|(stage, _)| to.is_none_or(|to| *stage > to));
        let places: BTreeSet<usize> = beyond.map(|(_, at)| *at).collect();
        places.into_iter().rev().map(|at| &self.plan.steps[at]).collect()
    }

    fn back(&self, to: Option<Stage>, busy: &BTreeSet<String>, failed: &BTreeSet<String>) -> Vec<Command> {
        let Some((last, _)) = self.begun.last().filter(|(stage, _)| to.is_none_or(|to| *stage > to)) else { return Vec::new() };
        let here = self.free.range((*last, 0)..=(*last, usize::MAX)).rev().map(|(_, at)| &self.plan.steps[*at].id);
        here.filter(|id| !busy.contains(*id) && !failed.contains(*id)).take(AT_ONCE).cloned().map(Command::Undo).collect()
    }

    /// Steps done that have no way back, among those that a rollback would undo.
    pub fn points_of_no_return(&self, to: Option<Stage>) -> Vec<&'p Step> {
        self.to_undo(to).into_iter().filter(|step| matches!(step.undo, Undo::Irreversible(_))).collect()
    }
}

fn ended(state: &mut StepState, way: Way, ending: &Ending) {
    match (way, ending) {
        (Way::Do, Ending::Done(outputs) | Ending::Adopted(outputs)) => {
            state.outputs.extend(outputs.clone());
            state.phase = Phase::Called;
        }
        (Way::Do, Ending::Refused(..)) => state.phase = Phase::Pending,
        (Way::Do, Ending::Unknown(_)) => state.phase = Phase::Intended,
        (Way::Undo(at), Ending::Done(_) | Ending::Adopted(_)) => state.phase = Phase::Undoing(at + 1, false),
        (Way::Undo(at), Ending::Refused(..)) => state.phase = Phase::Undoing(at, false),
        (Way::Undo(at), Ending::Unknown(_)) => state.phase = Phase::Undoing(at, true),
    }
}
