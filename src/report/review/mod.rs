//! The meeting's page: one HTML file that needs nothing else, made from a plan and what it was made from. Pure.
//!
//! [`View`] is what the page shows, as data; [`page`] puts it into the page. The page itself lies in `page/`: a template, a
//! style sheet and scripts that are joined in the order of [`page::SCRIPTS`]. What grows with the account is kept in blocks of its
//! own, which the page reads when they are looked at.

mod compare;
mod doors;
mod flows;
mod groups;
mod map;
mod overview;
mod pack;
mod page;
mod progress;
mod steps;
mod text;
mod view;

use crate::model::flow::Flow;
use crate::model::inventory::Inventory;
use crate::plan::Plan;

pub use page::{live_page, page};
pub use progress::Progress;
pub use view::{View, schema};

/// What a review is made of.
pub struct Subject<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// SHA-256 of the plan's file.
    pub sha256: &'a str,
    /// What was seen.
    pub inventory: &'a Inventory,
    /// The flows that must survive; or why nobody can tell.
    pub flows: Result<&'a [Flow], String>,
    /// Where a run stands, if one was begun.
    pub progress: Option<Progress>,
    /// What is missing of approvals, in lines.
    pub lacking: Vec<String>,
    /// The plan of the last meeting, and what it is called.
    pub against: Option<(&'a Plan, String)>,
}

/// What the page shows of a plan.
pub fn view(subject: Subject<'_>) -> View {
    let Subject { plan, sha256, inventory, flows, progress, lacking, against } = subject;
    let (steps, details) = steps::steps(plan);
    let told = map::played(plan, inventory);
    View {
        head: overview::head(plan, sha256, inventory, lacking),
        progress,
        steps,
        details,
        flows: flows::flows(plan, inventory, flows, told.doors, &told.map),
        groups: groups::groups(plan, inventory),
        map: told.map,
        compare: against.map(|(old, name)| compare::compare(old, plan, name)),
    }
}
