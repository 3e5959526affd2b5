//! A plan on one screen, and in full.

use std::fmt::Write;

use super::table::{columns, hanging};
use super::{Style, brief, duration, harmless, proof};
use crate::model::id::Id;
use crate::model::step::{self, Impact, Stage, Step, Undo};
use crate::plan::compare::Alternative;
use crate::plan::cost::{Cost, dollars};
use crate::plan::egress::Egress;
use crate::plan::gates::Health;
use crate::plan::{Move, Plan};

/// How much to say, and how wide.
#[derive(Clone, Copy)]
pub struct Options {
    /// ANSI or plain.
    pub style: Style,
    /// Characters in a line.
    pub width: usize,
    /// Every step, rule and rejected strategy.
    pub verbose: bool,
}

/// The summary that `hikkoshi plan` prints: one screen, or with `verbose` everything.
pub fn summary(plan: &Plan, options: Options) -> String {
    let style = options.style;
    let mut out =
        format!("{} {} · account {} · {} · {}\n", style.bold("Plan"), style.bold(&plan.migration), plan.account, plan.region, plan.vpc);
    blockers(plan, options, &mut out);
    proof::broken(plan, options, &mut out);
    if options.verbose {
        in_full(plan, options, &mut out);
    } else {
        brief::screen(plan, options, &mut out);
    }
    warnings(plan, options, &mut out);
    out
}

fn in_full(plan: &Plan, options: Options, out: &mut String) {
    subnets(plan, options, out);
    moves(plan, options, out);
    groups(plan, options, out);
    egress(plan, options, out);
    totals(plan, options, out);
    proof::section(plan, options, out);
    plan.stages.iter().for_each(|stage| steps(plan, *stage, options, out));
}

/// The steps of one stage.
pub fn stage(plan: &Plan, stage: Stage, options: Options) -> String {
    let mut out = String::new();
    steps(plan, stage, options, &mut out);
    out
}

fn blockers(plan: &Plan, options: Options, out: &mut String) {
    if plan.blockers.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", options.style.bad(&format!("{} blockers: this plan can't be applied", plan.blockers.len())));
    for blocker in &plan.blockers {
        out.push_str(&hanging("✗ ", &format!("{}  [{}]", blocker.why, blocker.code), 2, options.width));
        out.push_str(&hanging("→ ", &blocker.way_out, 4, options.width));
    }
}

fn subnets(plan: &Plan, options: Options, out: &mut String) {
    if plan.subnets.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", options.style.bold("Subnets"));
    let kinds = ["new private", "new public", "turns private"];
    let rows: Vec<Vec<String>> = kinds
        .iter()
        .filter_map(|what| {
            let of: Vec<String> = plan.subnets.iter().filter(|s| s.what == *what).map(|s| format!("{} ({})", s.cidr, s.zone)).collect();
            (!of.is_empty()).then(|| vec![(*what).to_owned(), of.join(", ")])
        })
        .collect();
    out.push_str(&columns(&rows, 2, options.width));
}

/// An interruption in the words that the meeting asks for.
pub fn interruption(seconds: u64) -> String {
    if seconds == 0 { "none".to_owned() } else { format!("≤ {}", duration(seconds)) }
}

fn moves(plan: &Plan, options: Options, out: &mut String) {
    let _ = writeln!(out, "\n{}", options.style.bold("Moves"));
    let mut rows = vec![["WORKLOAD", "KIND", "STRATEGY", "INTERRUPTION", "WHY"].map(str::to_owned).to_vec()];
    for one in &plan.moves {
        rows.push(vec![
            harmless(&one.name),
            one.kind.clone(),
            one.strategy.name().to_owned(),
            interruption(one.interruption_s),
            one.reason.clone(),
        ]);
    }
    if plan.moves.is_empty() {
        out.push_str("  nothing: no workload is in a public subnet\n");
        return;
    }
    out.push_str(&columns(&rows, 2, options.width));
    plan.moves.iter().for_each(|one| rejected(one, options, out));
}

fn rejected(one: &Move, options: Options, out: &mut String) {
    for candidate in &one.rejected {
        let verdict = if candidate.impossible {
            "impossible"
        } else if candidate.rejected {
            "not taken by itself"
        } else {
            "second best"
        };
        let text = format!(
            "{} instead of {}: {verdict}; interruption {}, takes {}, {} risk, way back {}, {} a month; {}",
            candidate.strategy.name(),
            one.strategy.name(),
            interruption(candidate.interruption_s),
            duration(candidate.duration_s),
            candidate.risk.name(),
            candidate.way_back.name(),
            dollars(candidate.cost_cents_month),
            candidate.reason
        );
        out.push_str(&hanging(&format!("{}: ", harmless(&one.name)), &text, 4, options.width));
    }
}

fn groups(plan: &Plan, options: Options, out: &mut String) {
    let new: Vec<_> = plan.groups.iter().filter(|group| group.group.is_some()).collect();
    if new.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", options.style.bold("Security groups"));
    let count = |of: fn(&crate::plan::guard::GroupPlan) -> usize| new.iter().map(|group| of(group)).sum::<usize>();
    let unvouched = match count(|g| g.unvouched.len()) {
        0 => "none that nobody vouches for".to_owned(),
        n => options.style.bad(&format!("{n} rules that nobody vouches for")),
    };
    let _ = writeln!(
        out,
        "  {} new, {} · {} rules on evidence · {unvouched} · {} openings dropped",
        new.len(),
        if new.iter().any(|group| !group.with.is_empty()) { "one per workload or as the intent names them" } else { "one per workload" },
        count(|g| g.rules.len()),
        count(|g| g.dropped.len()),
    );
    let kept: Vec<&str> = plan.groups.iter().filter(|g| g.group.is_none()).map(|g| g.workload.as_str()).collect();
    if !kept.is_empty() {
        out.push_str(&hanging("", &format!("kept as they are: the groups of {}", kept.join(", ")), 2, options.width));
    }
    for group in new {
        let members: Vec<&str> = std::iter::once(&group.workload).chain(&group.with).map(Id::as_str).collect();
        let _ = writeln!(
            out,
            "  {} for {} (today: {})",
            options.style.bold(group.group.as_deref().unwrap_or_default()),
            members.join(", "),
            group.old.join(", ")
        );
        let mut rows = Vec::new();
        for (mark, lines) in [("+", &group.rules), ("?", &group.unvouched), ("-", &group.dropped)] {
            rows.extend(lines.iter().map(|l| vec![mark.to_owned(), l.ports.clone(), format!("from {}", l.from), l.because.clone()]));
        }
        red_where_nobody_vouches(&columns(&rows, 4, options.width), options, out);
    }
}

/// The rows that begin with `?`, and what they go on with below themselves, in red.
fn red_where_nobody_vouches(rows: &str, options: Options, out: &mut String) {
    let mut unvouched = false;
    for line in rows.lines() {
        unvouched = match line.as_bytes().get(4) {
            Some(b'?') => true,
            Some(b' ') | None => unvouched,
            Some(_) => false,
        };
        let _ = writeln!(out, "{}", if unvouched { options.style.bad(line) } else { line.to_owned() });
    }
}

/// Who leaves by another address afterwards, and what is asked before that.
fn egress(plan: &Plan, options: Options, out: &mut String) {
    let mut waits = Vec::new();
    waited_for(plan, &mut |text| waits.push(text));
    if plan.egress.is_empty() && waits.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", options.style.bold("Addresses to the outside, and what is waited for"));
    let fixed: Vec<&Egress> = plan.egress.iter().filter(|one| !one.old.is_empty()).collect();
    let mut rows: Vec<Vec<String>> = vec![["WORKLOAD", "TODAY", "AFTERWARDS"].map(str::to_owned).to_vec()];
    rows.extend(fixed.iter().map(|one| {
        vec![harmless(&one.name), one.old.join(", "), one.new.iter().map(|text| reference(text)).collect::<Vec<_>>().join(", ")]
    }));
    if rows.len() > 1 {
        out.push_str(&columns(&rows, 2, options.width));
    }
    let changing = plan.egress.len() - fixed.len();
    if changing > 0 {
        out.push_str(&hanging(
            "",
            &format!("{changing} more have no fixed address to the outside today, and leave by NAT addresses afterwards"),
            2,
            options.width,
        ));
    }
    waits.iter().for_each(|text| out.push_str(&hanging("? ", text, 2, options.width)));
}

/// What a run asks for, waits for or tells on, a sentence each.
pub fn waited_for(plan: &Plan, tell: &mut impl FnMut(String)) {
    for step in &plan.postponed {
        tell(format!("{step} waits for: hikkoshi release {} {step}", plan.migration));
    }
    if !plan.windows.is_empty() {
        tell(format!("steps begin in these hours only: {}", plan.windows.join("; ")));
    }
    for hook in &plan.hooks {
        tell(format!("{} is told of {}", harmless(&hook.name()), hook.occasions()));
    }
    for gate in &plan.gates {
        let (how, before) = match &gate.check {
            Some(Health::Approvals(point)) => ("waited for", point.name()),
            Some(_) => ("looked at", gate.before.name()),
            None => ("asked", gate.before.name()),
        };
        tell(format!("{how} before {before}: {}", gate.asks));
    }
}

/// `${eip-nat-a.PublicIp}` for people.
fn reference(text: &str) -> String {
    step::reference(text).map_or_else(|| text.to_owned(), |(step, _)| format!("address of {step}"))
}

fn totals(plan: &Plan, options: Options, out: &mut String) {
    let _ = writeln!(out, "\n{}", options.style.bold("In all"));
    let stages: Vec<String> = plan.stages.iter().map(|stage| format!("{} {}", stage.name(), plan.steps_of(*stage).count())).collect();
    let mut rows = vec![vec!["steps".to_owned(), format!("{} ({})", plan.steps.len(), stages.join(" → "))]];
    rows.extend(proof::pace(plan));
    rows.push(vec!["interrupted".to_owned(), interrupted(plan)]);
    rows.push(vec!["way back".to_owned(), way_back(plan)]);
    rows.push(vec!["cost".to_owned(), bill(&plan.cost)]);
    out.push_str(&columns(&rows, 2, options.width));
}

/// Who does not answer, and for how long at most.
pub fn interrupted(plan: &Plan) -> String {
    let forward = plan.steps.iter().filter(|step| step.stage != Stage::Cleanup);
    let outages: Vec<String> = forward.filter_map(outage).collect();
    if outages.is_empty() { "no workload".to_owned() } else { outages.join("; ") }
}

/// How far there is a way back.
pub fn way_back(plan: &Plan) -> String {
    let last: Vec<&str> = plan.steps.iter().filter(|s| matches!(s.undo, Undo::Irreversible(_))).map(|s| s.id.as_str()).collect();
    if last.is_empty() {
        return "every step has a way back".to_owned();
    }
    let shown = last[..last.len().min(6)].join(", ");
    let more = if last.len() > 6 { format!(" and {} more", last.len() - 6) } else { String::new() };
    format!("every step until cleanup; no way back in cleanup from: {shown}{more}")
}

/// The bill in one sentence.
fn bill(cost: &Cost) -> String {
    let lines: Vec<String> = cost.lines.iter().map(|line| format!("{} {} {}", line.count, line.what, dollars(line.cents_month))).collect();
    let lines = if lines.is_empty() { "nothing with an hourly price changes".to_owned() } else { lines.join(", ") };
    let gb = format!("${}.{:03}", cost.nat_gb_mills / 1000, cost.nat_gb_mills % 1000);
    format!("{} a month more ({lines}); and {gb} per GB through NAT, which is not counted; {}", dollars(cost.cents_month), cost.prices)
}

/// Whole plans side by side.
pub fn alternatives(all: &[Alternative], options: Options) -> String {
    let mut rows = vec![
        ["PLAN", "STRATEGIES", "INTERRUPTED", "LONGEST", "SUM", "STEPS", "DURATION", "COST/MONTH", "KEEP AN ADDRESS", "BLOCKERS"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for one in all {
        let strategies: Vec<String> = one.strategies.iter().map(|(name, count)| format!("{count} {name}")).collect();
        rows.push(vec![
            one.name.to_owned(),
            strategies.join(", "),
            match one.interrupted {
                0 => "none".to_owned(),
                1 => "1 workload".to_owned(),
                n => format!("{n} workloads"),
            },
            interruption(one.longest_s),
            interruption(one.interruption_s),
            one.steps.to_string(),
            duration(one.duration_s),
            dollars(one.cost_cents_month),
            if one.addressed == 0 { "none".to_owned() } else { options.style.warn(&one.addressed.to_string()) },
            if one.blockers == 0 { "none".to_owned() } else { options.style.bad(&one.blockers.to_string()) },
        ]);
    }
    columns(&rows, 2, options.width)
}

fn outage(step: &Step) -> Option<String> {
    match &step.impact {
        Impact::Outage { minutes, what } => Some(format!("{what} (≤ {minutes} min)")),
        _ => None,
    }
}

fn warnings(plan: &Plan, options: Options, out: &mut String) {
    if plan.warnings.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", options.style.warn("To know or to settle"));
    let shown = if options.verbose { plan.warnings.len() } else { 6 };
    for warning in plan.warnings.iter().take(shown) {
        out.push_str(&hanging("! ", warning, 2, options.width));
    }
    if plan.warnings.len() > shown {
        let _ = writeln!(out, "  … and {} more: --verbose", plan.warnings.len() - shown);
    }
}

fn steps(plan: &Plan, stage: Stage, options: Options, out: &mut String) {
    let _ = writeln!(out, "\n{}", options.style.bold(&format!("Stage {}", stage.name())));
    for step in plan.steps_of(stage) {
        let _ = writeln!(out, "  {}  {}", options.style.bold(&step.id), harmless(&step.title));
        let _ = writeln!(out, "      {}", step.call.operation);
        for need in &step.needs {
            out.push_str(&hanging("after ", &format!("{}: {}", need.step, need.because), 6, options.width));
        }
        if let Impact::Brief { what, .. } | Impact::Outage { what, .. } = &step.impact {
            out.push_str(&hanging("impact: ", what, 6, options.width));
        }
    }
}
