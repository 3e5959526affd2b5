//! A run: its events as lines, its state as a table, its simulation as a timeline.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::table::{columns, hanging, one_line_each};
use super::{Style, duration, harmless};
use crate::execute::{Event, Machine, Phase, What};
use crate::journal::approval::Stood;
use crate::journal::request::Asked;
use crate::model::call::Operation;
use crate::model::step::{Impact, Stage, Step, reference};
use crate::model::text::counted;
use crate::plan::Plan;

/// One event as a line; none for what only a progress display shows.
pub fn line(event: &Event, plan: &Plan, style: Style) -> Option<String> {
    let title = || plan.step(&event.step).map_or_else(|| event.step.clone(), |step| harmless(&step.title));
    Some(match &event.what {
        What::Began | What::Calling | What::Called { adopted: false } => return None,
        What::Called { adopted: true } => format!("{} {}: found to have been done already", style.warn("="), event.step),
        What::Waiting { until } => format!("{} {}: waiting until {}", style.dim("…"), event.step, harmless(until)),
        What::Busy { why } => format!("{} {}: trying again: {}", style.dim("…"), event.step, harmless(why)),
        What::Unknown { why } => format!("{} {}: outcome unknown ({}); looking", style.warn("?"), event.step, harmless(why)),
        What::Verified => format!("{} {}  {}", style.good("✓"), event.step, title()),
        What::Failed { code, why } => format!("{} {}  [{code}] {}", style.bad("✗"), event.step, harmless(why)),
        What::Undone => format!("{} {}  undone: {}", style.good("↶"), event.step, title()),
        What::Checkpoint => style.bold(&format!("── checkpoint {} ──", event.step)),
        What::RunBegan { run, who, approved } => style.bold(&format!("▶ {run} begins: {}{}", harmless(who), stands_on(approved))),
        What::RunEnded { how } => style.bold(&format!("■ run ended: {how}")),
        What::Asked { request, who } => format!("{} {} asks {}", style.warn("!"), harmless(who), asked(request)),
        What::Amended { who, why } => format!("{} the plan was edited by {}: {}", style.warn("!"), harmless(who), harmless(why)),
        What::Skipped { who, why } => format!("{} {}  left out by {}: {}", style.warn("»"), event.step, harmless(who), harmless(why)),
        What::Unskipped { who } => format!("{} {}  to be done after all: {}", style.warn("»"), event.step, harmless(who)),
        What::Paused => {
            let next = format!("next: hikkoshi resume {name}, or hikkoshi abort {name}", name = plan.migration);
            format!("{} paused: nothing is in the air, waits go on in AWS; {next}", style.warn("‖"))
        }
        What::Held => {
            let step = &event.step;
            format!("{} {step} waits to be released; next: hikkoshi release {} {step}", style.warn("‖"), plan.migration)
        }
        What::Unapproved { point, why } => {
            let next = format!("next: hikkoshi approve {} --checkpoint {point}", plan.migration);
            format!("{} waits before {point}: {}; {next}", style.warn("‖"), harmless(why))
        }
        What::Untold { hook, news, why } => {
            format!("{} {} was not told of {news}: {}; the run goes on", style.warn("!"), harmless(hook), harmless(why))
        }
        What::Deaf { why } => format!("{} what is asked of this run can't be read: {}", style.bad("!"), harmless(why)),
        What::Confirmed { who } => format!("{} gate {}: answered with yes by {}", style.good("✓"), event.step, harmless(who)),
    })
}

/// Whose approvals a run stands on.
fn stands_on(approved: &[Stood]) -> String {
    let words: Vec<String> = approved.iter().map(|one| format!("{} (before {}, at {})", harmless(&one.who), one.point, one.at)).collect();
    if words.is_empty() { String::new() } else { format!("; approved by {}", words.join(", ")) }
}

/// What is asked for, after "asks".
pub fn asked(request: &Asked) -> String {
    match request {
        Asked::Pause => "to pause".to_owned(),
        Asked::Resume => "to go on".to_owned(),
        Asked::Abort => "to stop".to_owned(),
        Asked::Release { step } => format!("to release {step}"),
        Asked::Hold { step } => format!("to hold {step}"),
        Asked::Throttle { percent: 100 } => "to go on without a limit".to_owned(),
        Asked::Throttle { percent } => format!("for at most {percent} % of the steps at a time"),
    }
}

/// When each step began and ended in a run, in milliseconds.
pub fn times(events: &[Event]) -> BTreeMap<&str, (u64, u64)> {
    let mut out: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for event in events {
        let entry = out.entry(&event.step).or_insert((event.at_ms, event.at_ms));
        entry.1 = event.at_ms;
    }
    out
}

/// How much of a simulated run is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown<'a> {
    /// The stages, and whom a step interrupts; a line each.
    Brief,
    /// One stage in full.
    Stage(Stage),
    /// One step.
    Step(&'a str),
    /// Every step.
    Every,
}

/// What the simulation showed: when what happens, what is interrupted for how long.
pub fn timeline(plan: &Plan, events: &[Event], start_ms: u64, style: Style, width: usize, shown: Shown<'_>) -> String {
    let times = times(events);
    let clock = |ms: u64| {
        let s = ms.saturating_sub(start_ms) / 1000;
        format!("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
    };
    let mut out = String::new();
    for stage in plan.stages.iter().filter(|stage| plan.steps_of(**stage).any(|s| times.contains_key(s.id.as_str()))) {
        let mut of: Vec<(&Step, (u64, u64))> = plan.steps_of(*stage).filter_map(|s| Some((s, *times.get(s.id.as_str())?))).collect();
        let begin = of.iter().map(|(_, t)| t.0).min().unwrap_or(start_ms);
        let end = of.iter().map(|(_, t)| t.1).max().unwrap_or(start_ms);
        let head = format!(
            "{} – {}  {:<10} {}, {}",
            clock(begin),
            clock(end),
            stage.name(),
            counted(of.len(), "step"),
            duration((end - begin) / 1000)
        );
        let _ = writeln!(out, "  {}", style.bold(&head));
        of.sort_by_key(|(_, t)| t.0);
        let told = |step: &Step| match shown {
            Shown::Brief => step.impact != Impact::None,
            Shown::Stage(only) => only == *stage,
            Shown::Step(id) => id == step.id,
            Shown::Every => true,
        };
        let of = of.into_iter().filter(|(step, _)| told(step));
        if shown == Shown::Brief {
            out.push_str(&one_line_each(&of.map(|(step, (a, _))| impact_row(step, clock(a))).collect::<Vec<_>>(), 4, width));
            continue;
        }
        let rows: Vec<Vec<String>> =
            of.map(|(step, (a, b))| vec![clock(a), clock(b), step.id.clone(), format!("{}{}", step.title, impact(step))]).collect();
        out.push_str(&columns(&rows, 4, width));
    }
    out
}

/// Whom a step interrupts, for how long at most, and how.
fn impact_row(step: &Step, at: String) -> Vec<String> {
    let (most, what) = match &step.impact {
        Impact::None => ("none".to_owned(), ""),
        Impact::Brief { seconds, what } => (format!("≤ {}", duration(*seconds)), what.as_str()),
        Impact::Outage { minutes, what } => (format!("≤ {minutes} min"), what.as_str()),
    };
    vec![at, step.id.clone(), most, what.to_owned()]
}

fn impact(step: &Step) -> String {
    match &step.impact {
        Impact::None => String::new(),
        Impact::Brief { seconds, what } => format!(" — up to {}: {what}", duration(*seconds)),
        Impact::Outage { what, .. } => format!(" — interruption: {what}"),
    }
}

/// For each workload that is interrupted: for how long, as simulated. From the step that interrupts it to the end of
/// its move's last step in that stage.
pub fn interruptions(plan: &Plan, events: &[Event]) -> Vec<(String, u64)> {
    let times = times(events);
    let names: BTreeMap<&str, &str> = plan.moves.iter().map(|m| (m.id.as_str(), m.name.as_str())).collect();
    let mut ends: BTreeMap<(&str, Stage), u64> = BTreeMap::new();
    for step in &plan.steps {
        if let Some((_, end)) = times.get(step.id.as_str()) {
            let latest = ends.entry((&step.of_move, step.stage)).or_insert(*end);
            *latest = (*latest).max(*end);
        }
    }
    let interrupting = plan.steps.iter().filter(|step| matches!(step.impact, Impact::Outage { .. }));
    interrupting
        .filter_map(|step| {
            let (begin, _) = times.get(step.id.as_str())?;
            let end = ends.get(&(step.of_move.as_str(), step.stage))?;
            let name = names.get(step.of_move.as_str()).copied().unwrap_or(&step.of_move);
            Some((name.to_owned(), end.saturating_sub(*begin) / 1000))
        })
        .collect()
}

/// Where a migration stands, stage by stage.
pub fn state(machine: &Machine<'_>, style: Style, width: usize) -> String {
    table(&rows(machine), &failures(machine), style, width)
}

/// The same from its rows, and the steps that failed: id, code and words.
pub fn table(rows: &[Vec<String>], failed: &[(String, String, String)], style: Style, width: usize) -> String {
    let mut out = columns(rows, 2, width);
    for (step, code, why) in failed {
        out.push_str(&hanging(&format!("{} {step}: ", style.bad("✗")), &format!("{why} [{code}]"), 2, width));
    }
    out
}

/// A row for each stage, below a head.
pub fn rows(machine: &Machine<'_>) -> Vec<Vec<String>> {
    let plan = machine.plan();
    let mut rows = vec![["STAGE", "STEPS", "STATE"].map(str::to_owned).to_vec()];
    for stage in &plan.stages {
        let steps: Vec<&Step> = plan.steps_of(*stage).collect();
        let done = steps.iter().filter(|s| phase(machine, s) == Phase::Verified).count();
        let skipped = steps.iter().filter(|s| machine.is_skipped(&s.id)).count();
        let in_hand = |s: &Step| !machine.is_done(&s.id) && phase(machine, s) != Phase::Pending;
        let begun = steps.iter().filter(|s| in_hand(s)).count();
        let failed = steps.iter().filter(|s| machine.state(&s.id).is_some_and(|state| state.failure.is_some())).count();
        let state = match (machine.checkpoints().contains(stage), done, failed) {
            (true, _, _) => "checkpoint reached".to_owned(),
            (_, _, 1..) => format!("{failed} failed, {begun} begun"),
            (_, 0, _) if begun == 0 => if *stage == Stage::Cleanup { "asked for by name, after a soak" } else { "not begun" }.to_owned(),
            _ if done + skipped >= steps.len() => "done".to_owned(),
            _ => format!("{begun} begun, {} to go", steps.len().saturating_sub(done + begun + skipped)),
        };
        let state = if skipped == 0 { state } else { format!("{state}, {skipped} left out") };
        rows.push(vec![stage.name().to_owned(), format!("{done}/{}", steps.len()), state]);
    }
    rows
}

/// The steps that failed: id, code and words.
pub fn failures(machine: &Machine<'_>) -> Vec<(String, String, String)> {
    let failed = machine.plan().steps.iter().filter_map(|step| {
        let (code, why) = machine.state(&step.id)?.failure.clone()?;
        Some((step.id.clone(), code, why))
    });
    failed.collect()
}

fn phase(machine: &Machine<'_>, step: &Step) -> Phase {
    machine.state(&step.id).map(|state| state.phase.clone()).unwrap_or_default()
}

/// The addresses that third parties have to know: elastic IPs that the plan allocated.
pub fn addresses(machine: &Machine<'_>) -> Vec<String> {
    let outputs = machine.plan().steps.iter().filter_map(|step| machine.output(&step.id, "PublicIp"));
    outputs.filter_map(|value| value.as_str().map(str::to_owned)).collect()
}

/// How people log in from now on: the last instances that were proven to be reached, each with its command.
pub fn logins(machine: &Machine<'_>) -> Vec<String> {
    let plan = machine.plan();
    let names: BTreeMap<&str, &str> = plan.moves.iter().map(|m| (m.id.as_str(), m.name.as_str())).collect();
    let mut last: BTreeMap<&str, String> = BTreeMap::new();
    let proven = plan.steps.iter().filter(|step| step.call.operation.name() == "SendCommand" && machine.is_verified(&step.id));
    for step in proven {
        let target = step.call.parameters.get("InstanceIds").and_then(|ids| ids[0].as_str()).unwrap_or_default();
        let made = reference(target).and_then(|(from, output)| machine.output(&from, &output)?.as_str().map(str::to_owned));
        let name = names.get(step.of_move.as_str()).copied().unwrap_or(&step.of_move);
        let target = made.unwrap_or_else(|| target.to_owned());
        last.insert(name, format!("aws ssm start-session --region {} --target {target}   # {name}", plan.region));
    }
    last.into_values().collect()
}

/// The commands by which people get in, one a line.
pub fn ways_in(machine: &Machine<'_>) -> String {
    let lines = |what: &str, list: &[String]| match list {
        [] => String::new(),
        list => format!("  {what}:\n{}", list.iter().map(|line| format!("    {line}\n")).collect::<String>()),
    };
    lines("to log in", &logins(machine)) + &lines("to reach the databases as a developer", &vpn(machine))
}

/// How developers get a Client VPN's configuration; what belongs into it, this program never has.
fn vpn(machine: &Machine<'_>) -> Vec<String> {
    let plan = machine.plan();
    let made = plan.steps.iter().filter(|step| machine.is_verified(&step.id));
    let endpoint = made.filter_map(|step| machine.output(&step.id, "ClientVpnEndpointId")?.as_str()).next();
    let Some(endpoint) = endpoint else { return Vec::new() };
    let file = format!("{}.ovpn", plan.migration);
    vec![
        format!(
            "aws ec2 export-client-vpn-client-configuration --region {} --client-vpn-endpoint-id {endpoint} --output text > {file}",
            plan.region
        ),
        format!("with certificates: append <cert> and <key> of a client to {file}; with single sign-on it is complete"),
        format!("open {file} with AWS VPN Client or OpenVPN; the databases' names then resolve to private addresses"),
    ]
}

/// A text with every `${step.Output}` in it replaced by what the step gave, or by words for what is not known yet.
pub fn filled(machine: &Machine<'_>, text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (inside, after) = after.split_once('}').unwrap_or((after, ""));
        let (step, output) = inside.rsplit_once('.').unwrap_or((inside, ""));
        let value = machine.output(step, output).and_then(|value| value.as_str());
        out.push_str(before);
        out.push_str(&value.map_or_else(|| format!("(known after {step})"), harmless));
        rest = after;
    }
    out + rest
}

/// How much was asked of AWS: requests, changes among them, and how many that is for each workload.
pub fn requests(sent: &BTreeMap<String, u64>, workloads: usize) -> String {
    let all: u64 = sent.values().sum();
    let is_read = |operation: &str| operation.parse::<Operation>().is_ok_and(|operation| operation.is_read());
    let changes: u64 = sent.iter().filter(|(operation, _)| !is_read(operation)).map(|(_, count)| count).sum();
    let each =
        if workloads == 0 { String::new() } else { format!("; {:.1} for each of {workloads} workloads", all as f64 / workloads as f64) };
    format!("asked AWS: {all} requests, {changes} of them changes{each}")
}
