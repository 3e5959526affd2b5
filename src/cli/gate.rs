//! A gate: a question that only a person can answer, asked in the middle of a run.

use std::io::IsTerminal;

use super::confirm::typed;
use super::failure::Failure;
use super::place::Place;
use crate::execute::Machine;
use crate::plan::{Gate, Plan};
use crate::report::{harmless, run as report_run};

/// Asks on a terminal; says what it takes for a yes where `--yes` was given.
pub struct Asker<'a> {
    /// The migration.
    pub name: &'a str,
    /// Whether `--yes` was given.
    pub yes: bool,
}

impl Asker<'_> {
    /// Whether to go on.
    pub fn ask(&self, gate: &Gate, machine: &Machine<'_>) -> bool {
        super::aside(&format!("── gate {}, before {} ──\n", gate.id, gate.before.name()));
        for detail in &gate.details {
            super::aside(&format!("  {}\n", report_run::filled(machine, detail)));
        }
        if self.yes {
            super::aside(&format!("  {} --yes was given: taken for a yes\n", gate.asks));
            return true;
        }
        let question = format!("{}\nType the migration's name ({}) for yes; anything else stops here: ", gate.asks, self.name);
        std::io::stdin().is_terminal() && typed(&question, self.name)
    }
}

/// What to say when a gate stays closed.
pub fn closed(plan: &Plan, id: &str, again: &str) -> Failure {
    let gate = plan.gates.iter().find(|gate| gate.id == id);
    let (asks, before) = gate.map_or(("", ""), |gate| (gate.asks.as_str(), gate.before.name()));
    Failure::new("HK0511", format!("gate {id} stays closed: \"{asks}\" was not answered with yes"))
        .detail(format!("everything before {before} is done and stays; nothing of {before} was begun"))
        .hint(format!("{again}   # asks again"))
        .hint(format!("hikkoshi status {}   # the new addresses", plan.migration))
}

/// What to say when what a gate looks at is not well: it stops, and there is a way back.
pub fn unwell(place: &Place, plan: &Plan, (id, why): (&str, &str), again: &str) -> Failure {
    let gate = plan.gates.iter().find(|gate| gate.id == id);
    let (asks, before) = gate.map_or(("", ""), |gate| (gate.asks.as_str(), gate.before.name()));
    let mut failure = Failure::new("HK0516", format!("gate {id} stays closed: {}", harmless(why)))
        .detail(format!("before {before} it must be so that {}; it was looked at for a minute", harmless(asks)))
        .detail(format!("everything before {before} is done and stays; nothing of {before} was begun"))
        .detail("nothing was called after that")
        .hint(format!("{again}   # looks again, and goes on if it is well"));
    let machine = place.records().ok().map(|records| Machine::replay(plan, &records));
    let done = machine.and_then(|machine| machine.checkpoints().iter().max().copied());
    if let Some(last) = done {
        let earlier = plan.stages.iter().copied().filter(|stage| *stage < last).max();
        let to = earlier.map_or("--all".to_owned(), |stage| format!("--to {}", stage.name()));
        let what = format!("hikkoshi rollback {} {to}   # undoes {}, if the migration made it unwell", place.name, last.name());
        failure = failure.hint(what);
    }
    failure
}
