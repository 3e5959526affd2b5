//! A plan on one screen: what moves and why, what it comes to, what is asked. The rest is told on demand.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::plan::{Options, interrupted, interruption, waited_for, way_back};
use super::table::columns;
use super::{duration, harmless};
use crate::model::text::first_of;
use crate::plan::cost::dollars;
use crate::plan::pace::{self, Pace};
use crate::plan::prove::{Interrupts, words};
use crate::plan::{Move, Plan};

/// Names told of a list.
const NAMES: usize = 4;

/// Moves and totals.
pub fn screen(plan: &Plan, options: Options, out: &mut String) {
    let _ = writeln!(out, "\n{}", options.style.bold("Moves"));
    if plan.moves.is_empty() {
        out.push_str("  nothing: no workload is in a public subnet\n");
    } else {
        out.push_str(&columns(&moves(plan), 2, options.width));
    }
    let _ = writeln!(out, "\n{}", options.style.bold("In all"));
    out.push_str(&columns(&totals(plan), 2, options.width));
}

/// A row for each move; a reason that was given above is not repeated.
fn moves(plan: &Plan) -> Vec<Vec<String>> {
    let mut told: BTreeMap<(&str, &str, &str), &str> = BTreeMap::new();
    let mut rows = vec![["WORKLOAD", "KIND", "STRATEGY", "INTERRUPTION", "WHY"].map(str::to_owned).to_vec()];
    for one in &plan.moves {
        let reason = in_short(one);
        let first = *told.entry((&one.kind, one.strategy.name(), reason)).or_insert(&one.name);
        let why = if first == one.name { reason.to_owned() } else { format!("as {}", harmless(first)) };
        let strategy = one.strategy.name().to_owned();
        rows.push(vec![harmless(&one.name), one.kind.clone(), strategy, interruption(one.interruption_s), why]);
    }
    rows
}

/// A reason up to its first semicolon: what it costs besides is told elsewhere, or with `--verbose`.
fn in_short(one: &Move) -> &str {
    one.reason.split_once("; ").map_or(one.reason.as_str(), |(first, _)| first)
}

fn totals(plan: &Plan) -> Vec<Vec<String>> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut row = |name: &str, text: String| rows.push(vec![name.to_owned(), text]);
    let stages: Vec<String> = plan.stages.iter().map(|stage| format!("{} {}", stage.name(), plan.steps_of(*stage).count())).collect();
    row("steps", format!("{} ({})", plan.steps.len(), stages.join(" → ")));
    row("interrupted", interrupted(plan));
    row("duration", lasts(plan));
    row("way back", way_back(plan));
    let gb = format!("${}.{:03}", plan.cost.nat_gb_mills / 1000, plan.cost.nat_gb_mills % 1000);
    row("cost", format!("{} a month more, and {gb} per GB through NAT, which is not counted", dollars(plan.cost.cents_month)));
    if !plan.subnets.is_empty() {
        row("subnets", subnets(plan));
    }
    if let Some(groups) = groups(plan) {
        row("groups", groups);
    }
    if let Some(addresses) = addresses(plan) {
        row("addresses", addresses);
    }
    proved(plan).into_iter().enumerate().for_each(|(at, line)| row(if at == 0 { "proof" } else { "" }, line));
    waited_for(plan, &mut |text| row("", format!("? {text}")));
    rows
}

fn lasts(plan: &Plan) -> String {
    let Pace { length_s, sum_s, shares, .. } = pace::of(&plan.steps);
    let most: Vec<String> = shares.iter().take(NAMES).map(|(name, seconds)| format!("{name} {}", duration(*seconds))).collect();
    format!("about {}, one after the other {}; most of it {}", duration(length_s), duration(sum_s), most.join(", "))
}

fn subnets(plan: &Plan) -> String {
    let count = |what: &str| plan.subnets.iter().filter(|subnet| subnet.what == what).count();
    let kinds = [("new private", "new private"), ("new public", "new public"), ("turns private", "that turn private")];
    let parts = kinds.iter().map(|(what, words)| (count(what), words)).filter(|(n, _)| *n > 0);
    parts.map(|(n, words)| format!("{n} {words}")).collect::<Vec<_>>().join(", ")
}

fn groups(plan: &Plan) -> Option<String> {
    let new: Vec<_> = plan.groups.iter().filter(|group| group.group.is_some()).collect();
    let count = |of: fn(&crate::plan::guard::GroupPlan) -> usize| new.iter().map(|group| of(group)).sum::<usize>();
    (!new.is_empty()).then(|| {
        format!(
            "{} new; {} rules on evidence, {} that nobody vouches for; {} openings dropped",
            new.len(),
            count(|g| g.rules.len()),
            count(|g| g.unvouched.len()),
            count(|g| g.dropped.len())
        )
    })
}

fn addresses(plan: &Plan) -> Option<String> {
    let fixed: Vec<&str> = plan.egress.iter().filter(|one| !one.old.is_empty()).map(|one| one.name.as_str()).collect();
    let names = some_of(&fixed);
    let others = match plan.egress.len() - fixed.len() {
        0 => String::new(),
        n => format!("; {n} more leave by NAT"),
    };
    (!plan.egress.is_empty()).then(|| match fixed.is_empty() {
        true => format!("{} have no fixed address to the outside today, and leave by NAT afterwards", plan.egress.len()),
        false => format!("others see a new one of {names}{others}"),
    })
}

/// What was proved, in lines.
fn proved(plan: &Plan) -> Vec<String> {
    if !plan.blockers.is_empty() {
        return vec!["nothing is proved of a plan with blockers".to_owned()];
    }
    if !plan.broken.is_empty() {
        return vec!["does not hold: see above".to_owned()];
    }
    let mut lines: Vec<String> = words::certificate(&plan.certificate).into_iter().take(2).map(|line| format!("✓ {line}")).collect();
    let hang: Vec<&str> = plan.interruptions.iter().filter(|one| one.what == Interrupts::Untracked).map(|one| one.step.as_str()).collect();
    if !hang.is_empty() {
        lines.push(format!("! {}: old connections that no group tracks hang; recycle pools right after", some_of(&hang)));
    }
    lines
}

/// Names, the first few of many.
fn some_of(names: &[&str]) -> String {
    first_of(&names.iter().map(|name| harmless(name)).collect::<Vec<String>>(), NAMES)
}
