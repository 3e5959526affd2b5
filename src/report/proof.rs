//! What was proved of a plan, the orders that this takes, and what decides how long it takes, as text.

use std::fmt::Write;

use super::plan::Options;
use super::table::hanging;
use super::{duration, harmless};
use crate::model::text::first_of;
use crate::plan::Plan;
use crate::plan::pace::{self, Pace, Saving};
use crate::plan::prove::{BECAUSE, Interrupts, words};

/// Orders, and what they would save, told on one screen.
const ORDERS: usize = 4;
/// Counterexamples drawn on one screen.
const DRAWN: usize = 5;

/// What does not hold of a plan, drawn; nothing if everything holds.
pub fn broken(plan: &Plan, options: Options, out: &mut String) {
    if plan.broken.is_empty() {
        return;
    }
    let many = words::counted(&plan.broken);
    let _ = writeln!(out, "\n{}", options.style.bad(&format!("{many}: this plan does not hold and can't be applied")));
    let shown = if options.verbose { plan.broken.len() } else { DRAWN };
    for line in plan.broken.iter().take(shown).flat_map(words::drawn) {
        out.push_str(&hanging("", &harmless(&line), 2, options.width));
    }
    if plan.broken.len() > shown {
        let _ = writeln!(out, "  … and {} more: --verbose", plan.broken.len() - shown);
    }
}

/// What was proved, and the orders that it took.
pub fn section(plan: &Plan, options: Options, out: &mut String) {
    let _ = writeln!(out, "\n{}", options.style.bold("Proof"));
    if !plan.blockers.is_empty() {
        out.push_str("  nothing is proved of a plan with blockers\n");
        return;
    }
    if plan.broken.is_empty() {
        for line in words::certificate(&plan.certificate) {
            out.push_str(&hanging("✓ ", &line, 2, options.width));
        }
    }
    let hang: Vec<&str> = plan.interruptions.iter().filter(|one| one.what == Interrupts::Untracked).map(|one| one.step.as_str()).collect();
    if !hang.is_empty() {
        let text = format!(
            "{}: when the old groups come off, connections that were open before the new groups were on, and that no group tracks, \
             hang without a reset until they time out. Let new ones form first, and recycle connection pools right after",
            some_of(&hang)
        );
        out.push_str(&hanging("! ", &text, 2, options.width));
    }
    told("→ ", "orders that the proof needs", &orders(plan).collect::<Vec<_>>(), options, out);
    if options.verbose {
        told("· ", "notes", &plan.certificate.notes, options, out);
    } else if !plan.certificate.notes.is_empty() {
        let _ = writeln!(out, "  · {} notes: --verbose", plan.certificate.notes.len());
    }
}

fn told(mark: &str, what: &str, lines: &[String], options: Options, out: &mut String) {
    let shown = if options.verbose { lines.len() } else { ORDERS.min(lines.len()) };
    lines[..shown].iter().for_each(|line| out.push_str(&hanging(mark, &harmless(line), 2, options.width)));
    if shown < lines.len() {
        let _ = writeln!(out, "  {mark}… and {} more {what}: --verbose", lines.len() - shown);
    }
}

/// The orders that were derived from counterexamples.
pub fn orders(plan: &Plan) -> impl Iterator<Item = String> + '_ {
    let needs = plan.steps.iter().flat_map(|step| step.needs.iter().map(move |need| (step, need)));
    let derived = needs.filter(|(_, need)| need.because.starts_with(BECAUSE));
    derived.map(|(step, need)| format!("{} after {}: {}", step.id, need.step, need.because))
}

/// How long it takes and why, as rows of a table.
pub fn pace(plan: &Plan) -> Vec<Vec<String>> {
    let Pace { length_s, sum_s, path, shares, savings, budget } = pace::of(&plan.steps);
    let calls = match budget {
        Some((class, seconds)) => format!("; AWS's budget of calls ({class}) asks for {} at least", duration(seconds)),
        None => String::new(),
    };
    let most: Vec<String> = shares.iter().take(ORDERS).map(|(name, seconds)| format!("{name} {}", duration(*seconds))).collect();
    let shorter = match savings[..] {
        [] => "by no other order; by other strategies: --compare".to_owned(),
        _ => savings.iter().take(2).map(saving).collect::<Vec<_>>().join("; "),
    };
    let row = |name: &str, text: String| vec![name.to_owned(), text];
    vec![
        row("duration", format!("about {}, one after the other it would be {}{calls}", duration(length_s), duration(sum_s))),
        row("decided by", critical(&path)),
        row("most of it", most.join(", ")),
        row("shorter", shorter),
    ]
}

fn saving(saving: &Saving<'_>) -> String {
    let Saving { step, needs, because, seconds } = saving;
    format!("by {}, if {step} did not have to wait for {needs} ({because})", duration(*seconds))
}

fn critical(path: &[&str]) -> String {
    match path.len() {
        0..=8 => path.join(" → "),
        n => format!("{} → … {} more … → {}", path[..4].join(" → "), n - 7, path[n - 3..].join(" → ")),
    }
}

/// Names, the first few of many.
fn some_of(names: &[&str]) -> String {
    first_of(names, ORDERS)
}
