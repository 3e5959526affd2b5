//! `hikkoshi schema`: JSON Schemas of the intent and of what commands print with `--json`.

use super::{Done, say, say_json};

macro_rules! schemas {
    ($($name:literal: $commands:literal;)*) => {
        /// What is printed with `--json`: the schema's name, the commands that print it, its text.
        pub const SCHEMAS: &[(&str, &str, &str)] = &[$(($name, $commands, include_str!(concat!("../../schemas/", $name, ".json"))),)*];
    };
}

schemas! {
    "adopt": "adopt";
    "approve": "approve, approve --list";
    "audit": "audit";
    "compare": "plan --compare";
    "discover": "discover";
    "dry-run": "dry-run";
    "error": "every command that fails";
    "event": "apply, rollback, log: one a line";
    "explain": "explain";
    "export": "export terraform";
    "flows": "flows";
    "graph": "graph";
    "init": "init";
    "move": "state --move-to";
    "plan": "plan";
    "policy": "policy";
    "reach": "reach";
    "rehearse": "rehearse";
    "request": "pause, resume, abort, throttle, release, hold";
    "review": "review";
    "rules": "rules";
    "runbook": "runbook";
    "skip": "skip";
    "state": "state";
    "status": "status";
    "step": "plan --step ID; plan --stage STAGE: a list of them";
    "unlock": "unlock";
    "verify": "verify";
}

/// Options of `schema`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Of what a command prints with --json; left out: of an intent
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(SCHEMAS.iter().map(|(name, _, _)| *name)))]
    command: Option<String>,
    /// Which there are
    #[arg(long, conflicts_with = "command")]
    list: bool,
}

/// Prints a JSON Schema.
pub fn run(args: &Args) -> Done {
    if args.list {
        let rows: Vec<Vec<String>> = SCHEMAS.iter().map(|(name, commands, _)| vec![(*name).to_owned(), (*commands).to_owned()]).collect();
        say(&crate::report::table::columns(&rows, 2, 100));
        return Ok(0);
    }
    match args.command.as_deref().and_then(|wanted| SCHEMAS.iter().find(|(name, _, _)| *name == wanted)) {
        Some((_, _, text)) => say(text),
        None => say_json(&crate::plan::intent::schema()),
    }
    Ok(0)
}
