//! A migration as Terraform has to know it: configuration and `import` blocks for what was made, and a list of what to edit
//! for what was changed. Pure: plan, inventory and journal in, text out.
//!
//! [`table`] says what each AWS call is to Terraform. [`book`] goes through the steps and keeps what came of them,
//! [`made`] and [`changed`] its two halves; [`write`] puts the `.tf` file together and [`notes`] the list beside it.
//! [`state`] and [`config`] read what the user has.

mod book;
mod changed;
pub mod config;
mod made;
mod notes;
mod rules;
pub mod state;
pub mod table;
mod value;
mod write;

pub use rules::RuleIds;

use crate::execute::Machine;
use crate::model::inventory::Inventory;
use crate::model::step::{Stage, Step};
use crate::plan::Plan;
use config::Config;
use state::State;

/// What an export is made of.
pub struct Input<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The account before it.
    pub inventory: &'a Inventory,
    /// How far it was carried out.
    pub run: &'a Machine<'a>,
    /// Who is whom in Terraform, if that is known.
    pub state: Option<&'a State>,
    /// Where it is written, if that is known.
    pub config: Option<&'a Config>,
    /// The ids that AWS gave to rules of groups, if they are known.
    pub rules: Option<&'a RuleIds>,
}

/// How far a plan was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Not at all: ids are placeholders.
    Preview,
    /// In part.
    Under,
    /// But for what `cleanup` takes away.
    Before,
    /// Whole.
    After,
}

impl Moment {
    /// A word for it.
    pub fn name(self) -> &'static str {
        match self {
            Moment::Preview => "preview",
            Moment::Under => "under way",
            Moment::Before => "done, before cleanup",
            Moment::After => "done",
        }
    }
}

impl Input<'_> {
    /// How far it was carried out.
    pub fn moment(&self) -> Moment {
        let done = |step: &&Step| self.run.is_done(&step.id);
        let open = |cleanup: bool| self.plan.steps.iter().filter(|step| (step.stage == Stage::Cleanup) == cleanup).any(|step| !done(&step));
        match () {
            () if !self.run.has_begun() => Moment::Preview,
            () if open(false) => Moment::Under,
            () if open(true) => Moment::Before,
            () => Moment::After,
        }
    }
}

/// The texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// `hikkoshi.tf`: resources and their `import` blocks.
    pub configuration: String,
    /// `hikkoshi-terraform.md`: what to edit, what is not imported, what leaves.
    pub notes: String,
    /// How many resources the configuration has.
    pub resources: usize,
    /// How many of them have an `import` block.
    pub imports: usize,
    /// How many edits the list has.
    pub edits: usize,
}

/// The export.
pub fn export(input: &Input<'_>) -> Export {
    let book = book::Book::of(input);
    let imports = book.made.iter().filter(|made| made.import.is_some()).count();
    let edits =
        book.changed.iter().filter(|changed| book.is_terraforms(changed.of, &changed.name)).map(|changed| changed.fields.len()).sum();
    Export {
        configuration: write::configuration(input, &book),
        notes: notes::notes(input, &book),
        resources: book.made.len(),
        imports,
        edits,
    }
}

/// What each step that counts is to Terraform, in a word: for whoever checks that none is forgotten.
pub fn fates(input: &Input<'_>) -> std::collections::BTreeMap<String, &'static str> {
    book::Book::of(input).fates
}
