//! A run's events on the screen: a live line on a terminal, plain lines in a pipe, JSON lines for programs.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal;
use std::sync::Mutex;

use indicatif::{ProgressBar, ProgressStyle};

use super::{Global, tell, typed};
use crate::execute::{Event, What};
use crate::plan::Plan;
use crate::report::log::Again;
use crate::report::{duration, run};

/// The terminal's width, if there is one.
pub fn terminal_width() -> Option<usize> {
    let (_, columns) = console::Term::stdout().size_checked()?;
    Some(usize::from(columns))
}

struct State {
    done: BTreeSet<String>,
    waiting: BTreeMap<String, String>,
    events: Vec<Event>,
    again: Again,
}

/// Where a run's events go.
pub struct Progress<'p> {
    plan: &'p Plan,
    /// None where nothing is said.
    global: Option<&'p Global>,
    bar: Option<ProgressBar>,
    state: Mutex<State>,
}

impl<'p> Progress<'p> {
    /// Does something that talks to the person, with the display out of its way.
    pub fn aside<T>(&self, talk: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(talk),
            None => talk(),
        }
    }

    /// For a run of so many steps.
    pub fn new(global: &'p Global, plan: &'p Plan, steps: u64) -> Progress<'p> {
        let live = !global.json && std::io::stderr().is_terminal() && std::io::stdout().is_terminal();
        let bar = live.then(|| {
            let style = ProgressStyle::with_template("{bar:24} {pos}/{len}  {wide_msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = ProgressBar::new(steps).with_style(style);
            bar.enable_steady_tick(std::time::Duration::from_millis(500));
            bar
        });
        let state = Mutex::new(State { done: BTreeSet::new(), waiting: BTreeMap::new(), events: Vec::new(), again: Again::default() });
        Progress { plan, global: Some(global), bar, state }
    }

    /// One that says nothing and only remembers.
    pub fn silent(plan: &'p Plan) -> Progress<'p> {
        let state = Mutex::new(State { done: BTreeSet::new(), waiting: BTreeMap::new(), events: Vec::new(), again: Again::default() });
        Progress { plan, global: None, bar: None, state }
    }

    /// Takes an event.
    pub fn tell(&self, event: &Event) {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        state.events.push(event.clone());
        let Some(global) = self.global else { return };
        if global.json {
            tell(&(serde_json::to_string(event).unwrap_or_default() + "\n"));
            return;
        }
        match &event.what {
            What::Waiting { until } => {
                state.waiting.insert(event.step.clone(), until.clone());
            }
            What::Verified | What::Undone | What::Failed { .. } => {
                state.waiting.remove(&event.step);
                state.done.insert(event.step.clone());
            }
            _ => {}
        }
        if state.again.is(event) {
            return;
        }
        let chatty = matches!(event.what, What::Waiting { .. });
        if (!chatty || (self.bar.is_none() && global.verbose > 0))
            && let Some(line) = run::line(event, self.plan, global.style())
        {
            let line = typed::in_lines(global, &line);
            match &self.bar {
                Some(bar) => bar.println(line),
                None => tell(&(line + "\n")),
            }
        }
        if let Some(bar) = &self.bar {
            bar.set_position(state.done.len() as u64);
            bar.set_message(message(&state, self.plan));
        }
    }

    /// Takes the live line away and hands out what happened.
    pub fn finish(self) -> Vec<Event> {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        self.state.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).events
    }
}

/// What is waited for, and about how long it will take by the plan's estimates.
fn message(state: &State, plan: &Plan) -> String {
    let cleanup = crate::model::step::Stage::Cleanup;
    let open = plan.steps.iter().filter(|step| !state.done.contains(&step.id) && step.stage != cleanup);
    let left = crate::plan::pace::length_s(open);
    let first = state.waiting.iter().next().map(|(step, until)| format!("{step}: {until}")).unwrap_or_default();
    let more = if state.waiting.len() > 1 { format!(" (+{})", state.waiting.len() - 1) } else { String::new() };
    format!("about {} left · {first}{more}", duration(left))
}
