//! Two plans: what has changed since the last meeting.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::model::step::{Step, Undo};
use crate::plan::guard::Line;
use crate::plan::{Move, Plan, pace};
use crate::report::edits::differing;

/// What has changed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Compared {
    /// What the other plan is called.
    pub against: String,
    /// Numbers: what, then, now.
    pub totals: Vec<(&'static str, i64, i64)>,
    /// Moves that are new, gone or carried out in another way.
    pub moves: Vec<Value>,
    /// Rules of groups that are new or gone.
    pub rules: Vec<Value>,
    /// Steps that are new, gone or others.
    pub steps: Vec<Value>,
    /// Texts that are new or gone: blockers, warnings, gates, windows, hooks, interruptions.
    pub texts: Vec<Value>,
}

/// Compares.
pub fn compare(old: &Plan, new: &Plan, against: String) -> Compared {
    Compared {
        against,
        totals: totals(old, new),
        moves: moves(old, new),
        rules: rules(old, new),
        steps: steps(old, new),
        texts: texts(old, new),
    }
}

fn totals(old: &Plan, new: &Plan) -> Vec<(&'static str, i64, i64)> {
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let seconds = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let of = |plan: &Plan| {
        let pace = pace::of(&plan.steps);
        [
            count(plan.moves.len()),
            count(plan.moves.iter().filter(|one| one.interruption_s > 0).count()),
            seconds(plan.moves.iter().map(|one| one.interruption_s).sum()),
            count(plan.steps.len()),
            seconds(pace.length_s),
            plan.cost.cents_month,
            count(plan.blockers.len()),
            count(plan.broken.len()),
            count(plan.steps.iter().filter(|step| matches!(step.undo, Undo::Irreversible(_))).count()),
            count(plan.groups.iter().map(|group| group.unvouched.len()).sum()),
        ]
    };
    let names =
        ["moves", "interrupted", "interruption_s", "steps", "length_s", "cents_month", "blockers", "broken", "no_return", "unvouched"];
    names.into_iter().zip(of(old)).zip(of(new)).map(|((name, old), new)| (name, old, new)).collect()
}

fn moves(old: &Plan, new: &Plan) -> Vec<Value> {
    let before: BTreeMap<_, &Move> = old.moves.iter().map(|one| (&one.workload, one)).collect();
    let now: BTreeSet<_> = new.moves.iter().map(|one| &one.workload).collect();
    let told = |one: &Move| json!({ "strategy": one.strategy, "interruption_s": one.interruption_s, "duration_s": one.duration_s, "risk": one.risk, "reason": one.reason });
    let mut out = Vec::new();
    for one in &new.moves {
        match before.get(&one.workload) {
            None => out.push(json!({ "change": "new", "name": one.name, "kind": one.kind, "now": told(one) })),
            Some(was) if told(was) != told(one) => {
                out.push(json!({ "change": "changed", "name": one.name, "kind": one.kind, "then": told(was), "now": told(one) }));
            }
            Some(_) => {}
        }
    }
    let gone = old.moves.iter().filter(|one| !now.contains(&one.workload));
    out.extend(gone.map(|one| json!({ "change": "gone", "name": one.name, "kind": one.kind, "then": told(one) })));
    out
}

fn rules(old: &Plan, new: &Plan) -> Vec<Value> {
    let (before, now) = (all_rules(old), all_rules(new));
    let told = |change: &str, (unit, sort, line): &(&str, &'static str, &Line)| json!({ "change": change, "group": unit, "sort": sort, "ports": line.ports, "from": line.from, "because": line.because });
    let news = now.difference(&before).map(|one| told("new", one));
    news.chain(before.difference(&now).map(|one| told("gone", one))).collect()
}

fn all_rules(plan: &Plan) -> BTreeSet<(&str, &'static str, &Line)> {
    let mut out = BTreeSet::new();
    for unit in &plan.groups {
        let name = unit.group.as_deref().unwrap_or(unit.workload.as_str());
        for (sort, lines) in [("rules", &unit.rules), ("unvouched", &unit.unvouched), ("dropped", &unit.dropped)] {
            out.extend(lines.iter().map(|line| (name, sort, line)));
        }
    }
    out
}

fn steps(old: &Plan, new: &Plan) -> Vec<Value> {
    let before: BTreeMap<&str, &Step> = old.steps.iter().map(|step| (step.id.as_str(), step)).collect();
    let now: BTreeSet<&str> = new.steps.iter().map(|step| step.id.as_str()).collect();
    let text = |step: &Step| serde_yaml::to_string(step).unwrap_or_default();
    let mut out = Vec::new();
    for step in &new.steps {
        match before.get(step.id.as_str()) {
            None => out.push(json!({ "change": "new", "id": step.id, "title": step.title, "stage": step.stage })),
            Some(was) if *was != step => {
                let lines = differing(&text(was), &text(step));
                out.push(json!({ "change": "changed", "id": step.id, "title": step.title, "stage": step.stage, "lines": lines }));
            }
            Some(_) => {}
        }
    }
    let gone = old.steps.iter().filter(|step| !now.contains(step.id.as_str()));
    out.extend(gone.map(|step| json!({ "change": "gone", "id": step.id, "title": step.title, "stage": step.stage })));
    out
}

fn texts(old: &Plan, new: &Plan) -> Vec<Value> {
    let of = |plan: &Plan| -> BTreeSet<(&'static str, String)> {
        let blockers = plan.blockers.iter().map(|one| ("blocker", one.why.clone()));
        let broken = plan.broken.iter().map(|one| ("broken", format!("{}: {}", one.what, one.why)));
        let gates = plan.gates.iter().map(|one| ("gate", format!("{}: {}", one.before.name(), one.asks)));
        let texts = [("warning", &plan.warnings), ("window", &plan.windows), ("postponed", &plan.postponed)];
        let texts = texts.into_iter().flat_map(|(sort, texts)| texts.iter().map(move |text| (sort, text.clone())));
        let hooks = plan.hooks.iter().map(|one| ("hook", one.name()));
        blockers.chain(broken).chain(gates).chain(texts).chain(hooks).collect()
    };
    let (before, now) = (of(old), of(new));
    let told = |change: &str, (sort, text): &(&str, String)| json!({ "change": change, "sort": sort, "text": text });
    now.difference(&before).map(|one| told("new", one)).chain(before.difference(&now).map(|one| told("gone", one))).collect()
}
