//! The runbook of a plan: whole at the start, current in the middle of a night, and something that a shell takes.
//! `plans/story/runbook.md` is the story's (`HIKKOSHI_BLESS=1 cargo test runbook` writes it anew); `tests/aws_cli/run`
//! follows it with the AWS CLI.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

use hikkoshi::execute::Machine;
use hikkoshi::journal::Record;
use hikkoshi::model::call::Call;
use hikkoshi::model::step::{Stage, Undo};
use hikkoshi::plan::{Plan, sha256};
use hikkoshi::report::runbook::{Source, markdown};

use crate::aws_cli::story;
use crate::bad_input::Desk;
use crate::story::holds;
use crate::support::account::spine;
use crate::support::lab::{ALL, Disturb, Fate, Lab, plan_of};
use crate::support::source::read;

fn runbook(plan: &Plan, records: &[Record]) -> String {
    let machine = Machine::replay(plan, records);
    markdown(&Source { machine: &machine, records, sha256: &"0".repeat(64), version: "0.1.0", only: None })
}

/// The head, and the sections of these steps.
fn excerpt(text: &str, steps: &[&str]) -> String {
    let head = text.find("## Stage").unwrap_or(text.len());
    let mut out = text[..head].to_owned();
    for step in steps {
        let sections = text.split("\n### ").skip(1);
        let mut found = sections.filter(|section| section.lines().next().is_some_and(|title| title.contains(&format!("`{step}`:"))));
        let section = found.next().unwrap_or_else(|| panic!("no section of {step}"));
        out.push_str(&format!("### {}\n\n", section.split("\n## ").next().unwrap_or_default().trim_end()));
    }
    out
}

/// What stands in the blocks for a shell.
fn shell(text: &str) -> String {
    let blocks = text.split("```sh\n").skip(1).map(|rest| rest.split("\n```").next().unwrap_or_default());
    blocks.map(|block| format!("{block}\n")).collect()
}

/// A spine's plan in the middle of a night: the answer to a call was lost, and the process died.
fn night() -> (Plan, Vec<Record>) {
    let docs = spine();
    let plan = plan_of(&docs, "");
    let mut lab = Lab::new(&docs, &plan);
    let decide = |_: u64, call: &Call| if call.operation.name() == "RunInstances" { Fate::DieAfter } else { Fate::Pass };
    lab.go_with(ALL, &Disturb { decide: &decide, ..Disturb::default() });
    let records = lab.records.clone();
    (plan, records)
}

#[test]
fn the_storys_runbook_is_what_the_program_makes() {
    let plan = story();
    let machine = Machine::new(&plan);
    let hash = sha256(read("plans/story/plan.yaml").as_bytes());
    let text = markdown(&Source { machine: &machine, records: &[], sha256: &hash, version: env!("CARGO_PKG_VERSION"), only: None });
    holds("plans/story/runbook.md", &text);
}

#[test]
fn at_the_start_it_tells_everything() {
    let plan = story();
    let text = runbook(&plan, &[]);
    insta::assert_snapshot!("at_the_start", excerpt(&text, &["nat-a", "app-2-session-again", "flip-10-0-1-0-24", "app-2-terminate"]));
    for step in &plan.steps {
        let section = excerpt(&text, &[&step.id]);
        let parts = ["Do:", "Was it done?", "Way back:"];
        for part in parts {
            assert!(section.contains(part), "{} has no \"{part}\"", step.id);
        }
        assert_eq!(section.contains("Wait:"), !step.wait.is_empty(), "{}", step.id);
        assert_eq!(section.contains("Check:"), !step.verify.is_empty(), "{}", step.id);
        assert_eq!(section.contains("there is none"), matches!(step.undo, Undo::Irreversible(_)), "{}", step.id);
    }
    for stage in &plan.stages {
        assert!(text.contains(&format!("## Stage {}\n", stage.name())) && text.contains(&format!("### Checkpoint {}\n", stage.name())));
    }
}

#[test]
fn in_the_middle_of_a_night_it_is_current() {
    let (plan, records) = night();
    let machine = Machine::replay(&plan, &records);
    let lost =
        plan.steps.iter().find(|step| step.call.operation.name() == "RunInstances" && machine.is_begun(&step.id)).expect("in flight");
    let waits = format!("{}-session-again", lost.of_move);
    let text = runbook(&plan, &records);
    insta::assert_snapshot!("in_the_middle", excerpt(&text, &["nat-a", &lost.id, &waits]));
    for step in &plan.steps {
        let title = excerpt(&text, &[&step.id]).lines().find(|line| line.starts_with("### ")).unwrap_or_default().to_owned();
        let mark = match () {
            () if machine.is_verified(&step.id) => "### [x]",
            () if machine.is_begun(&step.id) => "### [>]",
            () => "### [ ]",
        };
        assert!(title.starts_with(mark), "{title}: not {mark}");
    }
}

/// Nobody is asked for a value that nobody has given: in the order of the runbook, a variable is set before it is used.
#[test]
fn a_shell_takes_it_and_every_variable_has_a_value() {
    let (plan, records) = night();
    for (what, text) in [("start", runbook(&story(), &[])), ("night", runbook(&plan, &records))] {
        let script = shell(&text);
        assert!(script.lines().count() > 500, "{what}");
        let mut sh = Command::new("sh").arg("-n").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("there is a shell");
        sh.stdin.take().expect("piped").write_all(script.as_bytes()).expect("it reads");
        let done = sh.wait_with_output().expect("it ends");
        assert!(done.status.success(), "{what}: {}", String::from_utf8_lossy(&done.stderr));
        assert!(!script.contains("$look") && !script.contains("${"), "{what}: a reference is left as it stands in the plan");
        let mut set = BTreeSet::from(["each_Value".to_owned()]);
        for line in script.lines() {
            let code = line.split(" # ").next().unwrap_or_default();
            if !code.starts_with('#') {
                let used =
                    code.split('$').skip(1).map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>());
                for name in used.filter(|name| !name.is_empty()) {
                    assert!(set.contains(&name), "{what}: nobody has set ${name}: {line}");
                }
            }
            if let Some((name, _)) = code.split_once('=').filter(|(name, _)| name.chars().all(|c| c.is_alphanumeric() || c == '_')) {
                set.insert(name.to_owned());
            }
        }
    }
}

#[test]
fn the_command_prints_it_and_writes_it() {
    let desk = Desk::new();
    let hikkoshi = desk.hikkoshi();
    let printed = hikkoshi.run(&["runbook", "story"]).expect_code(0).stdout;
    assert_eq!(printed, read("plans/story/runbook.md"));
    hikkoshi.run(&["runbook", "story", "--stage", "data", "--out", "data.md"]).expect_code(0);
    let part = desk.read("data.md");
    assert!(part.contains("## Stage data\n") && !part.contains("## Stage pets\n") && part.len() < printed.len() / 4);
    let wrong = hikkoshi.run(&["runbook", "story", "--stage", "dat"]).expect_code(2).stderr;
    assert!(wrong.contains("HK0111") && wrong.contains(Stage::Data.name()), "{wrong}");
}
