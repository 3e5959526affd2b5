//! What somebody approves, who has, who does not count, who is missing: as text. Pure.

use super::plan::Options;
use super::table::{columns, hanging};
use super::{duration, harmless};
use crate::execute::approval::Tally;
use crate::journal::approval::Given;
use crate::model::step::{Impact, Step, Undo};
use crate::plan::Plan;
use crate::plan::approvals::Approvals;
use crate::plan::prove::words;

/// Names shown of many.
const NAMES: usize = 8;

/// What an approval is about: the plan, and what it does up to the next point at which approvals are asked for.
pub fn screen(plan: &Plan, hash: &str, rule: &Approvals, tally: &Tally, you: &str, options: Options) -> String {
    let steps: Vec<&Step> = plan.steps.iter().filter(|step| rule.covers(tally.point, step.stage)).collect();
    let row = |name: &str, text: String| vec![name.to_owned(), text];
    let mut rows = vec![
        row("plan", hash.to_owned()),
        row("planned by", rule.planner.clone().unwrap_or_else(|| "it is not noted: who planned may approve, too".to_owned())),
        row("account", format!("{} · {} · {}", plan.account, plan.region, plan.vpc)),
        row("steps", counted(plan, &steps)),
        row("moves", some_of(&moves(plan, &steps), "no workload")),
    ];
    rows.extend(under("interrupted", interrupted(&steps)));
    rows.push(row("no way back", no_way_back(&steps)));
    let proof = if plan.broken.is_empty() { words::certificate(&plan.certificate) } else { vec![words::counted(&plan.broken)] };
    rows.extend(under("proof", proof));
    rows.push(row("you are", you.to_owned()));
    let head = options.style.bold(&format!("Approval of {}, before {}", plan.migration, tally.point));
    format!("{head}\n{}\n{}", columns(&rows, 2, options.width), given(tally, options))
}

/// Who has approved, who does not count and why, who is missing.
pub fn given(tally: &Tally, options: Options) -> String {
    let (style, width) = (options.style, options.width);
    let state = if tally.missing() == 0 { style.good("enough") } else { style.warn(&format!("{} missing", tally.missing())) };
    let mut out = format!("  before {}: {} of {}, {state}\n", tally.point, tally.counted.len(), tally.need);
    for one in &tally.counted {
        out.push_str(&hanging("✓ ", &words_of(one), 4, width));
    }
    for (one, why) in &tally.passed_over {
        out.push_str(&hanging("✗ ", &format!("{}: does not count: {why}", words_of(one)), 4, width));
    }
    out
}

/// Who, when and why.
pub fn words_of(one: &Given) -> String {
    let reason = one.reason.as_ref().map_or(String::new(), |reason| format!(" ({})", harmless(reason)));
    format!("{} at {}{reason}", harmless(&one.who), one.at)
}

/// How many steps, stage by stage.
fn counted(plan: &Plan, steps: &[&Step]) -> String {
    let of = |stage| steps.iter().filter(|step| step.stage == stage).count();
    let stages: Vec<String> =
        plan.stages.iter().map(|stage| (stage, of(*stage))).filter(|(_, n)| *n > 0).map(|(s, n)| format!("{} {n}", s.name())).collect();
    format!("{} of {} ({})", steps.len(), plan.steps.len(), stages.join(" → "))
}

fn moves(plan: &Plan, steps: &[&Step]) -> Vec<String> {
    let moved = plan.moves.iter().filter(|one| steps.iter().any(|step| step.of_move == one.id));
    moved.map(|one| harmless(&one.name)).collect()
}

/// A row of that name, and one without a name for each line more.
fn under(name: &str, lines: Vec<String>) -> impl Iterator<Item = Vec<String>> {
    lines.into_iter().enumerate().map(move |(at, line)| vec![if at == 0 { name.to_owned() } else { String::new() }, line])
}

/// What is interrupted, the longest first.
fn interrupted(steps: &[&Step]) -> Vec<String> {
    let impact = |step: &&Step| match &step.impact {
        Impact::None => None,
        Impact::Brief { seconds, what } => Some((*seconds, format!("{} (≤ {})", harmless(what), duration(*seconds)))),
        Impact::Outage { minutes, what } => Some((minutes * 60, format!("{} (≤ {minutes} min)", harmless(what)))),
    };
    let mut all: Vec<(u64, String)> = steps.iter().filter_map(impact).collect();
    all.sort_by_key(|(seconds, _)| std::cmp::Reverse(*seconds));
    let mut lines: Vec<String> = all.into_iter().map(|(_, words)| words).collect();
    lines.dedup();
    match lines.len() {
        0 => vec!["no workload".to_owned()],
        n if n <= NAMES => lines,
        n => lines.into_iter().take(NAMES).chain([format!("and {} more: hikkoshi plan", n - NAMES)]).collect(),
    }
}

fn no_way_back(steps: &[&Step]) -> String {
    let last = steps.iter().filter(|step| matches!(step.undo, Undo::Irreversible(_)));
    let ids: Vec<String> = last.map(|step| step.id.clone()).collect();
    some_of(&ids, "from no step: each can be undone")
}

fn some_of(names: &[String], none: &str) -> String {
    match names.len() {
        0 => none.to_owned(),
        n if n <= NAMES => names.join(", "),
        n => format!("{} and {} more", names[..NAMES].join(", "), n - NAMES),
    }
}
