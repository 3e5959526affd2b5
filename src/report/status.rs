//! Where a migration stands: what is told of plan and journal, as values that can be kept. Pure.

use serde::{Deserialize, Serialize};

use super::aftermath::Aftermath;
use super::table::hanging;
use super::{Style, run};
use crate::execute::control::Control;
use crate::execute::{Machine, Phase};
use crate::journal::{Body, Record};
use crate::model::step::Stage;

/// Everything that `status` tells of plan and journal to people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// Migration, account and region.
    pub of: [String; 3],
    /// How many records the journal has.
    pub records: usize,
    /// The last run.
    pub last_run: Option<LastRun>,
    /// What people asked of the run.
    pub control: Control,
    /// Steps that wait to be released.
    pub held: Vec<String>,
    /// A row for each stage, below a head.
    pub stages: Vec<Vec<String>>,
    /// Steps that failed: id, code and words.
    pub failed: Vec<(String, String, String)>,
    /// Steps left out, and why.
    pub skipped: Vec<(String, String)>,
    /// Steps that were begun and are not done, and where they stand.
    pub in_hand: Vec<(String, String)>,
    /// The addresses that third parties have to know.
    pub addresses: Vec<String>,
    /// How people get in.
    pub ways_in: String,
    /// The first stage that is not wholly done.
    pub stage: Option<Stage>,
    /// Whether the plan may be carried out.
    pub applicable: bool,
    /// Whether the plan asks for approvals, which are kept elsewhere.
    pub asks_approval: bool,
    /// What the last run left behind, if it did not reach its goal.
    pub aftermath: Option<Aftermath>,
}

/// The last run of a journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRun {
    /// `apply` or `rollback`.
    pub what: String,
    /// Who.
    pub who: String,
    /// How and when it ended, if it did.
    pub ended: Option<String>,
}

impl View {
    /// What plan and journal say.
    pub fn of(machine: &Machine<'_>, records: &[Record], aftermath: Option<Aftermath>) -> View {
        let plan = machine.plan();
        let begun = |step: &str| machine.state(step).filter(|state| !state.is_done() && state.phase != Phase::Pending);
        let in_hand = plan.steps.iter().filter_map(|step| Some((step.id.clone(), words(&begun(&step.id)?.phase).to_owned())));
        let skipped = plan.steps.iter().filter_map(|step| Some((step.id.clone(), machine.state(&step.id)?.skipped.clone()?)));
        View {
            of: [plan.migration.clone(), plan.account.clone(), plan.region.clone()],
            records: records.len(),
            last_run: last_run(records),
            control: machine.control().clone(),
            held: plan.postponed.iter().filter(|step| machine.is_held(step)).cloned().collect(),
            stages: run::rows(machine),
            failed: run::failures(machine),
            skipped: skipped.collect(),
            in_hand: in_hand.collect(),
            addresses: run::addresses(machine),
            ways_in: run::ways_in(machine),
            stage: machine.current_stage(),
            applicable: plan.is_applicable(),
            asks_approval: plan.approvals.is_some(),
            aftermath,
        }
    }

    /// Whether a run began and did not note its end.
    pub fn is_open(&self) -> bool {
        self.last_run.as_ref().is_some_and(|run| run.ended.is_none())
    }

    /// What the last run left behind, if it is over; `held` is whether somebody has the lease.
    pub fn left(&self, held: bool) -> Option<&Aftermath> {
        self.aftermath.as_ref().filter(|_| !(self.is_open() && held))
    }

    /// The lines at the top: what it is, and the last run.
    pub fn head(&self, held: bool, style: Style, width: usize) -> String {
        let [migration, account, region] = &self.of;
        let mut out = format!("{} · account {account} · {region} · {} records\n", style.bold(migration), self.records);
        if let Some(LastRun { what, who, ended }) = &self.last_run {
            let open = if held { "is running" } else { "did not end by itself" };
            let how = ended.as_deref().unwrap_or(open);
            out.push_str(&hanging("", &format!("last run: {what} by {who}: {how}"), 2, width));
        }
        out
    }

    /// Stage by stage, then what is in hand or was left behind.
    pub fn body(&self, held: bool, style: Style, width: usize) -> String {
        let mut out = run::table(&self.stages, &self.failed, style, width);
        for (step, why) in &self.skipped {
            out.push_str(&hanging(&format!("{} {step}: ", style.warn("»")), &format!("left out: {why}"), 2, width));
        }
        // What a run has left behind is told below.
        for (step, words) in self.in_hand.iter().filter(|_| self.left(held).is_none()) {
            out.push_str(&format!("  {} {step}: {words}\n", style.warn("…")));
        }
        if !self.addresses.is_empty() {
            out.push_str(&format!("  NAT gateways' elastic IPs: {}\n", self.addresses.join(", ")));
        }
        out.push_str(&self.ways_in);
        for line in self.left(held).iter().flat_map(|left| left.lines()) {
            out.push_str(&hanging("", &line, 2, width));
        }
        out
    }
}

fn words(phase: &Phase) -> &'static str {
    match phase {
        Phase::Pending => "not begun",
        Phase::Intended => "its call was announced and its outcome is not known: `apply` looks before it does anything",
        Phase::Called => "its call is done, waits and checks are open",
        Phase::Verified => "done",
        Phase::Undoing(..) => "on its way back",
    }
}

fn last_run(records: &[Record]) -> Option<LastRun> {
    let at = records.iter().rposition(|record| matches!(record.body, Body::RunBegan { .. }))?;
    let Body::RunBegan { what, who, .. } = &records[at].body else { return None };
    let ended = records[at..].iter().find_map(|record| match &record.body {
        Body::RunEnded { how } => Some(format!("{how} at {}", record.at)),
        _ => None,
    });
    Some(LastRun { what: what.clone(), who: who.clone(), ended })
}
