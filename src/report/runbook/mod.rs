//! The runbook of a plan: what a person does, checks and takes back with the AWS CLI where the program does it otherwise.
//! Markdown; made anew it shows what is done, with what it gave. Pure.

use std::collections::BTreeSet;

use crate::execute::{Goal, Machine, Phase};
use crate::journal::Record;
use crate::model::step::{LOOK, Stage, Step, Undo};
use crate::plan::gates::Health;
use crate::plan::hooks::How;
use crate::plan::prove::Interrupts;
use crate::plan::{Gate, Plan, calls, short};
use crate::report::aws_cli::{line, read};
use crate::report::duration;
use crate::report::run::{failures, filled};
use words::{block, code, md, must_be};

mod fill;
mod step;
mod words;

/// What a runbook is made of.
pub struct Source<'s> {
    /// The plan, and where it stands.
    pub machine: &'s Machine<'s>,
    /// The journal.
    pub records: &'s [Record],
    /// Hash of the plan's file.
    pub sha256: &'s str,
    /// Version of the program.
    pub version: &'s str,
    /// The steps of this stage alone; none: of all.
    pub only: Option<Stage>,
}

/// The runbook.
pub fn markdown(source: &Source<'_>) -> String {
    let machine = source.machine;
    let plan = machine.plan();
    let mut out = head(source);
    out.push_str(&standing(machine));
    out.push_str(&before(plan));
    out.push_str(&people(plan));
    out.push_str(&no_return(plan));
    out.push_str(&order(plan));
    for stage in plan.stages.iter().filter(|stage| source.only.is_none_or(|only| **stage == only)) {
        out.push_str(&of_stage(machine, *stage));
    }
    out.push_str(&end(plan));
    out
}

fn head(source: &Source<'_>) -> String {
    let plan = source.machine.plan();
    let as_of = match source.records.last() {
        Some(record) => format!("as of record {} of the journal, {}", record.seq, record.at),
        None => "nothing of it has begun".to_owned(),
    };
    format!(
        "# Runbook of migration {name}\n\n\
         Account {account}, region {region}, VPC {vpc}. Plan {hash}, {as_of}. Made by hikkoshi {version}.\n\n\
         **This is for the night on which the program can't be run.** As long as it can, it does all of this by itself, and looks before\n\
         each call: `hikkoshi status {name}`, `hikkoshi apply {name}`, `hikkoshi rollback {name} --to CHECKPOINT`. Make this anew after each\n\
         run: `hikkoshi runbook {name} --out FILE`; then it shows what is done, and what it gave.\n\n",
        name = md(&plan.migration),
        account = plan.account,
        region = plan.region,
        vpc = plan.vpc.as_str(),
        hash = code(short(source.sha256)),
        version = source.version,
    )
}

/// Where it stands, and what is next.
fn standing(machine: &Machine<'_>) -> String {
    let plan = machine.plan();
    let mut out = "## Where it stands\n\n| Stage | Steps done | |\n|---|---|---|\n".to_owned();
    for row in crate::report::run::rows(machine).into_iter().skip(1) {
        out.push_str(&format!("| {} |\n", row.join(" | ")));
    }
    out.push('\n');
    for (id, failed, why) in failures(machine) {
        out.push_str(&format!("- **{} failed**: {} ({failed})\n", code(&id), md(&why)));
    }
    let open = |step: &&Step| {
        let phase = machine.state(&step.id).map(|state| state.phase.clone()).unwrap_or_default();
        !matches!(phase, Phase::Pending | Phase::Verified) && !machine.is_done(&step.id)
    };
    for step in plan.steps.iter().filter(open) {
        out.push_str(&format!("- in flight: {}, {}\n", code(&step.id), md(&step.title)));
    }
    if !out.ends_with("\n\n") {
        out.push('\n');
    }
    let all = plan.stages.iter().copied().max().unwrap_or(Stage::Foundation);
    let commands = machine.next(Goal::Forward(all), &BTreeSet::new(), &BTreeSet::new());
    let next: Vec<String> = commands
        .iter()
        .filter_map(|command| match command {
            crate::execute::machine::Command::Do(id) => Some(code(id)),
            crate::execute::machine::Command::Ask(gate) => Some(format!("the gate {}", code(&gate.id))),
            _ => None,
        })
        .collect();
    out.push_str(&match next.as_slice() {
        [] => "Nothing is left to do.\n\n".to_owned(),
        next => format!("Next, in any order: {}.\n\n", few(next)),
    });
    out
}

/// A few of them, and how many there are.
fn few(all: &[String]) -> String {
    const SHOWN: usize = 8;
    let rest = all.len().saturating_sub(SHOWN);
    let shown = all[..all.len().min(SHOWN)].join(", ");
    if rest == 0 { shown } else { format!("{shown} and {rest} more") }
}

/// What one does once.
fn before(plan: &Plan) -> String {
    let with_jq = plan.steps.iter().flat_map(calls::of_step).any(|call| {
        let text = serde_json::to_string(&call.parameters).unwrap_or_default();
        text.contains(LOOK) && text.contains("\"set\"")
    });
    let lines = vec![
        format!("script -a {}.log   # keeps what you type and what is answered", harmless_name(&plan.migration)),
        format!("export AWS_REGION={0} AWS_DEFAULT_REGION={0} AWS_PAGER=", plan.region),
        "aws sts get-caller-identity --query Account --output text".to_owned(),
        format!("# must be: {}", plan.account),
        "set -u   # a variable that has no value yet stops the line that needs it".to_owned(),
        "setopt interactivecomments 2>/dev/null   # zsh".to_owned(),
        "# version 1 of the CLI prints some times as seconds since 1970, unless: aws configure set cli_timestamp_format iso8601".to_owned(),
    ];
    format!(
        "## Before you start\n\n\
         1. No hikkoshi runs this migration, on any machine: two that change the same things do harm. `hikkoshi state {name}` says who holds it;\n   \
         without the program, whoever ran it last.\n\
         2. You have the AWS CLI, version 1 or 2, `base64`{jq}, and one shell (`bash` or `zsh`) that stays open: values stand in its variables.\n\
         3. Type this first:\n\n{block}\n\
         `$subnet_private_a_SubnetId` is what step `subnet-private-a` has given as `SubnetId`. The line under \"Do\" sets it; the lines under\n\
         \"Was it done?\" set it again in another shell. What the journal knows stands in the lines already.\n\n",
        name = md(&plan.migration),
        jq = if with_jq { ", `jq`" } else { "" },
        block = block(&lines),
    )
}

fn harmless_name(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect()
}

/// Who is called.
fn people(plan: &Plan) -> String {
    let mut out = "## Who is called\n\n".to_owned();
    if let Some(rule) = &plan.approvals {
        out.push_str(&format!("- Before {}: {}.\n", rule.at.iter().map(|at| at.name()).collect::<Vec<_>>().join(", "), md(&rule.asks())));
    }
    for gate in plan.gates.iter().filter(|gate| gate.check.is_none()) {
        out.push_str(&format!("- Before {}, somebody who can answer: {}\n", gate.before.name(), md(&gate.asks)));
    }
    for hook in &plan.hooks {
        let how = match &hook.how {
            How::Command(_) => "program",
            How::Webhook(_) => "address",
        };
        out.push_str(&format!("- The program tells the {how} {} of: {}. By hand, you tell them.\n", code(&hook.name()), hook.occasions()));
    }
    if plan.approvals.is_none() && plan.hooks.is_empty() {
        out.push_str("- The plan names nobody: the intent has neither `approvals` nor `hooks`. Write down here who owns what moves:\n");
    }
    for one in &plan.moves {
        let takes = if one.interruption_s == 0 { String::new() } else { format!(", away for up to {}", duration(one.interruption_s)) };
        out.push_str(&format!("- {} ({}, {}{takes}): owner ______________\n", code(&one.name), one.kind, one.strategy.name()));
    }
    out + "\n"
}

fn no_return(plan: &Plan) -> String {
    let irreversible = |step: &&Step| matches!(step.undo, Undo::Irreversible(_));
    let steps: Vec<&Step> = plan.steps.iter().filter(irreversible).collect();
    if steps.is_empty() {
        return "## Points of no return\n\nNone: every step has a way back.\n\n".to_owned();
    }
    let mut out = "## Points of no return\n\nAfter these there is no way back. They stand in `cleanup` only, after a soak:\n\n".to_owned();
    for step in steps {
        let Undo::Irreversible(why) = &step.undo else { continue };
        out.push_str(&format!("- {}: {}: {}\n", code(&step.id), md(&step.title), md(why)));
    }
    out + "\n"
}

fn order(plan: &Plan) -> String {
    let stages: Vec<&str> = plan.stages.iter().map(|stage| stage.name()).collect();
    format!(
        "## In which order\n\n\
         Forwards: stage after stage ({}), and in a stage from its first step to its last; a step may be done as soon as those that it names\n\
         with \"After\" are done. Back: from the last step that is done to the first, each by its \"Way back\".\n\
         Between two steps the migration may stand as long as it must: old and new exist side by side.\n\n",
        stages.join(", ")
    )
}

fn of_stage(machine: &Machine<'_>, stage: Stage) -> String {
    let plan = machine.plan();
    let steps: Vec<&Step> = plan.steps_of(stage).collect();
    let done = steps.iter().filter(|step| machine.is_done(&step.id)).count();
    let mut out = format!("## Stage {}\n\n{done} of {} steps done.", stage.name(), steps.len());
    out.push_str(match stage {
        Stage::Cleanup => " **Only after a soak, when everybody is sure: what is deleted here does not come back.**\n\n",
        _ => "\n\n",
    });
    out.push_str(&start_of_stage(machine, stage));
    let dated = step::dated(plan);
    for step in &steps {
        out.push_str(&step::section(machine, step, &dated));
    }
    out + &end_of_stage(plan, stage)
}

/// Gates, and what the stage interrupts.
fn start_of_stage(machine: &Machine<'_>, stage: Stage) -> String {
    let plan = machine.plan();
    let mut out = String::new();
    let before = plan.stages.iter().copied().take_while(|earlier| *earlier < stage).last();
    if let Some(before) = before {
        out.push_str(&format!("Before you start: every step of stage {} is done.\n\n", before.name()));
    }
    for gate in plan.gates.iter().filter(|gate| gate.before == stage) {
        out.push_str(&gate_lines(machine, gate));
    }
    let here = |step: &str| plan.step(step).is_some_and(|step| step.stage == stage);
    for interruption in plan.interruptions.iter().filter(|one| here(&one.step)) {
        out.push_str(&match &interruption.what {
            Interrupts::Untracked => {
                format!("- {} makes connections that are open hang until their clients give up; new ones work.\n", code(&interruption.step))
            }
            Interrupts::Claim { claim, until, minutes } => format!(
                "- From {} to {}, about {minutes} min: {} does not hold. Do not stop in between.\n",
                code(&interruption.step),
                code(until),
                md(claim)
            ),
        });
    }
    if out.ends_with(".\n") { out + "\n" } else { out }
}

fn gate_lines(machine: &Machine<'_>, gate: &Gate) -> String {
    let mut out = format!("Before you start: {}\n\n", md(&gate.asks));
    out.extend(gate.details.iter().map(|detail| format!("- {}\n", md(&filled(machine, detail)))));
    if !gate.details.is_empty() {
        out.push('\n');
    }
    match &gate.check {
        Some(Health::Account(checks)) => {
            let lines = checks.iter().flat_map(|check| {
                let read = read(&check.operation, &check.parameters, &check.path, false);
                [format!("# {}", crate::report::harmless(&check.what)), read, format!("# {}", must_be(&check.expect))]
            });
            out.push_str(&block(&lines.collect::<Vec<_>>()));
            out.push('\n');
        }
        Some(Health::Alarm { name, .. }) => {
            let (operation, parameters) = crate::plan::gates::alarm(name);
            let read = format!("{} --query '[MetricAlarms,CompositeAlarms][].StateValue' --output text", line(&operation, &parameters));
            out.push_str(&block(&[read, "# must be: OK".to_owned()]));
            out.push('\n');
        }
        Some(Health::Http { url, status }) => {
            let url = crate::report::aws_cli::quoted(url);
            out.push_str(&block(&[format!("curl -s -o /dev/null -w '%{{http_code}}\\n' {url}"), format!("# must be: {status}")]));
            out.push('\n');
        }
        Some(Health::Command(words)) => {
            let words: Vec<String> = words.iter().map(|word| crate::report::aws_cli::quoted(word)).collect();
            out.push_str(&block(&[words.join(" "), "# must end with exit status 0: echo $?".to_owned()]));
            out.push('\n');
        }
        Some(Health::Approvals(_)) | None => {}
    }
    out
}

fn end_of_stage(plan: &Plan, stage: Stage) -> String {
    let name = stage.name();
    let back = match plan.stages.iter().copied().take_while(|earlier| *earlier < stage).last() {
        Some(before) => format!("to the checkpoint {}", before.name()),
        None => "to the beginning".to_owned(),
    };
    let way_back =
        if stage == Stage::Cleanup { "what is deleted does not come back" } else { "each step's \"Way back\", from the last to the first" };
    format!(
        "### Checkpoint {name}\n\n\
         Every step of the stage is done and its checks hold. Ask the owners whether all is well before you go on.\n\n\
         If a step fails: look whether it was done (\"Was it done?\"), remove the cause, do it again. If the service is not well and the cause is\n\
         not plain within minutes, go back {back}: {way_back}. More: the page `break-glass` (`runbooks/break-glass.md`).\n\n"
    )
}

fn end(plan: &Plan) -> String {
    let soak = if plan.stages.contains(&Stage::Cleanup) { " The stage `cleanup` waits until everybody is sure." } else { "" };
    format!(
        "## Afterwards\n\n\
         Keep the log.{soak} When the program runs again, do not `apply` at once: its journal knows nothing of what was typed by hand, and a step\n\
         that was done by hand would be done a second time. Finish by hand, or take back by hand what you did; `hikkoshi verify {name}` says\n\
         whether the account is as the plan wants it.\n",
        name = md(&plan.migration)
    )
}
