//! Flows as text: who talks to whom, how one knows, and what the logs do not show.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::harmless;
use super::plan::Options;
use super::table::{columns, hanging};
use crate::model::flow::{End, Evidence, Flow};
use crate::model::inventory::Inventory;
use crate::model::seen::Seen;

/// Rows of one table that are shown where not all are asked for.
const SHOWN: usize = 40;

/// The flows that must survive; what logs show beside them; what the logs cover.
pub fn words(known: &[Flow], seen: Option<&Seen>, days: u32, inventory: &Inventory, options: Options) -> String {
    let mut out = String::new();
    table("Flows that must survive", known, inventory, options, &mut out);
    if let Some(seen) = seen {
        let lost: Vec<Flow> = seen.flows.iter().filter(|flow| !survives(flow, known)).cloned().collect();
        table(
            "Seen, and not kept: not let through by today's rules, or from the internet to what turns private",
            &lost,
            inventory,
            options,
            &mut out,
        );
        table("Refused by groups or network ACLs", &seen.refused, inventory, options, &mut out);
        destinations(seen, inventory, options, &mut out);
        window(seen, days, options, &mut out);
    }
    out
}

/// Whether the log is evidence of a flow that is kept.
fn survives(flow: &Flow, known: &[Flow]) -> bool {
    let same = |one: &&Flow| one.from == flow.from && one.to == flow.to && one.ports == flow.ports;
    let narrowed = |one: &Flow| flow.ports.overlap(&one.ports) && flow.evidence.iter().all(|evidence| one.evidence.contains(evidence));
    known.iter().any(|one| same(&one) || (narrowed(one) && (one.from == flow.from || one.to == flow.to)))
}

fn end(end: &End, inventory: &Inventory) -> String {
    match end {
        End::Resource(id) => harmless(inventory.name(id)),
        other => other.to_string(),
    }
}

fn evidence(flow: &Flow, inventory: &Inventory) -> String {
    let one = |evidence: &Evidence| match evidence {
        Evidence::Target { group } => format!("target of {}", inventory.name(group)),
        Evidence::Rule { group } => format!("group {} lets it through today", inventory.name(group)),
        other => other.to_string(),
    };
    flow.evidence.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn table(title: &str, flows: &[Flow], inventory: &Inventory, options: Options, out: &mut String) {
    if flows.is_empty() {
        return;
    }
    let gap = if out.is_empty() { "" } else { "\n" };
    let _ = writeln!(out, "{gap}{} ({})", options.style.bold(title), flows.len());
    let mut rows = vec![["FROM", "TO", "PORTS", "EVIDENCE"].map(str::to_owned).to_vec()];
    let shown = if options.verbose { flows.len() } else { flows.len().min(SHOWN) };
    let mut services: BTreeMap<(String, String, String), Vec<&str>> = BTreeMap::new();
    for flow in &flows[..shown] {
        let (from, ports, because) = (end(&flow.from, inventory), flow.ports.to_string(), evidence(flow, inventory));
        match &flow.to {
            End::Service(name) => services.entry((from, ports, because)).or_default().push(name),
            to => rows.push(vec![from, end(to, inventory), ports, because]),
        }
    }
    let of_one =
        services.into_iter().map(|((from, ports, because), names)| vec![from, format!("AWS: {}", names.join(", ")), ports, because]);
    rows.extend(of_one);
    out.push_str(&columns(&rows, 2, options.width));
    if flows.len() > shown {
        let _ = writeln!(out, "  … and {} more: --verbose", flows.len() - shown);
    }
}

/// Where workloads go to on the internet most.
fn destinations(seen: &Seen, inventory: &Inventory, options: Options, out: &mut String) {
    let mut by_workload: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for one in &seen.destinations {
        by_workload.entry(inventory.name(&one.from)).or_default().push(format!("{} ×{}", one.range, one.records));
    }
    if by_workload.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", options.style.bold("Where they go to on the internet most"));
    let rows: Vec<Vec<String>> = by_workload.into_iter().map(|(name, ranges)| vec![name.to_owned(), ranges.join(", ")]).collect();
    out.push_str(&columns(&rows, 2, options.width));
}

fn window(seen: &Seen, days: u32, options: Options, out: &mut String) {
    let window = &seen.window;
    let _ = writeln!(out, "\n{}", options.style.bold("What the logs cover"));
    if window.records == 0 {
        let _ = writeln!(out, "  {}", options.style.bad("there is no record in them"));
        return;
    }
    let _ = writeln!(out, "  {} records from {} to {}", window.records, window.first, window.last);
    for (count, what) in [
        (window.nodata, "say that there was nothing to log (NODATA)"),
        (window.passed_over, "are of other VPCs, or of protocols without ports"),
        (window.unowned, "are of interfaces that no inventory knows"),
    ] {
        if count > 0 {
            let _ = writeln!(out, "  {count} {what}");
        }
    }
    let shortfalls = seen.shortfalls(days);
    if shortfalls.is_empty() {
        let text = format!("they cover the {days} days that the intent asks for: what they don't show is no evidence any more");
        out.push_str(&hanging(&format!("{} ", options.style.good("✓")), &text, 2, options.width));
    }
    for why in shortfalls.iter().map(|why| format!("{why}; what they don't show is kept")).chain(seen.notes.iter().cloned()) {
        out.push_str(&hanging("! ", &why, 2, options.width));
    }
}
