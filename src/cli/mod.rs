//! The command line: wires and speaks, decides nothing.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::report::Style;

mod adopt;
mod aftermath;
mod amend;
mod apply;
mod approve;
mod ask;
mod audit;
mod confirm;
mod demo;
mod discover;
mod dry_run;
mod expected;
mod explain;
mod export;
pub mod failure;
mod flows;
mod gate;
pub mod generate;
mod graph;
mod hook;
mod index;
mod init;
mod log;
mod place;
mod plan;
mod policy;
mod probe;
mod progress;
mod proof;
mod reach;
mod rehearse;
mod review;
mod rights;
mod rollback;
mod rules;
mod runbook;
pub mod schema;
mod serve;
mod session;
mod skip;
mod state;
mod status;
mod store;
mod trace;
mod typed;
mod unlock;
mod verify;
mod web;
mod window;

use failure::Failure;

/// Plans, rehearses and runs the move of a VPC's workloads from public into private subnets.
#[derive(Parser, Debug)]
#[command(name = "hikkoshi", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Options of every command.
#[derive(Args, Clone, Debug)]
pub struct Global {
    /// The working directory with migrations/ and plans/
    #[arg(long, global = true, default_value = ".")]
    pub dir: PathBuf,
    /// AWS profile
    #[arg(long, global = true)]
    pub profile: Option<String>,
    /// AWS region
    #[arg(long, global = true)]
    pub region: Option<String>,
    /// JSON for programs
    #[arg(long, global = true)]
    pub json: bool,
    /// More detail; twice: what is called, too
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Where the journal is kept: `local`, or `s3://BUCKET/PREFIX` for a team
    #[arg(long, global = true, env = "HIKKOSHI_STATE", value_name = "STORE")]
    pub state: Option<String>,
    /// `aws`, or `sim:FILE`: a simulated account kept in a file (an inventory to begin with)
    #[arg(long, global = true, default_value = "aws")]
    pub cloud: String,
    /// On a simulated account: time passes so many times as fast as in reality; without it, waits take no time
    #[arg(long, global = true, value_name = "TIMES")]
    pub pace: Option<u32>,
    /// On a simulated account: the ARN of who calls; without it, its only user does
    #[arg(long, global = true, value_name = "ARN")]
    pub caller: Option<String>,
}

impl Global {
    /// Colour on a terminal, unless `NO_COLOR` says otherwise.
    pub fn style(&self) -> Style {
        Style(!self.json && coloured(&std::io::stdout()))
    }

    /// Characters in a line of output.
    pub fn width(&self) -> usize {
        let columns = std::env::var("COLUMNS").ok().and_then(|text| text.parse::<usize>().ok());
        let terminal = || progress::terminal_width().filter(|_| std::io::stdout().is_terminal());
        columns.or_else(terminal).unwrap_or(120).clamp(60, 200)
    }

    /// How plans are printed.
    pub fn options(&self) -> crate::report::plan::Options {
        crate::report::plan::Options { style: self.style(), width: self.width(), verbose: self.verbose > 0 }
    }
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Look at the account, write a first migrations/<name>.yaml
    Init(init::Args),
    /// Write inventory.json from AWS, or from a folder of AWS CLI answers
    Discover(discover::Args),
    /// Findings: workloads in public subnets, open groups, shared groups, …
    Audit(audit::Args),
    /// The dependency graph: dot, mermaid, svg, json
    Graph(graph::Args),
    /// Can one thing reach another: by which way, or blocked by what; exit 3 if it can't
    Reach(reach::Args),
    /// Which connections must survive, and how one knows; reads flow logs
    Flows(flows::Args),
    /// Intent and inventory → plan.yaml, with a summary
    Plan(plan::Args),
    /// Run the plan and its way back on a simulated account; ask EC2 with DryRun; compare the account with the inventory
    DryRun(dry_run::Args),
    /// The meeting's page: one HTML file that needs no network
    Review(review::Args),
    /// Approve the plan as it is, or as far as a checkpoint; --list: who has; --withdraw
    Approve(approve::Args),
    /// Run the plan; goes on where it is if there is a journal
    Apply(apply::Args),
    /// Run the plan through many simulated nights in which things go wrong
    Rehearse(rehearse::Args),
    /// Show the review page live, in a browser: progress, and what one may ask of a run
    Serve(serve::Args),
    /// Where it stands
    Status(status::Args),
    /// What happened, from the journal; --follow: what happens
    Log(log::Args),
    /// Ask a running executor to begin nothing more and to stay; holds back the next run if there is none
    Pause(ask::Args),
    /// Take a pause back
    Resume(ask::Args),
    /// Ask a running executor to stop at the next safe point, as Ctrl-C does
    Abort(ask::Args),
    /// Ask for fewer steps at a time
    Throttle(ask::ThrottleArgs),
    /// Let a step begin that the intent postpones
    Release(ask::StepArgs),
    /// Take a release back, as long as the step has not begun
    Hold(ask::StepArgs),
    /// Leave out steps that nothing needs, with a reason
    Skip(skip::Args),
    /// Take what somebody else has changed into the plan, if the rest still holds with it
    Adopt(adopt::Args),
    /// The least IAM policy for the plan: read, apply, cleanup
    Policy(policy::Args),
    /// The plan as a runbook in Markdown: every step with its `aws` commands, for the night without the program
    Runbook(runbook::Args),
    /// Undo: back to a checkpoint, or all of it
    Rollback(rollback::Args),
    /// Where the journal is kept and who holds it; --move-to another store
    State(state::Args),
    /// End the lease of a run that is dead, by its number
    Unlock(unlock::Args),
    /// Is the account as the plan says it should now be
    Verify(verify::Args),
    /// What the migration made and changed, for Terraform: configuration, import blocks, a list of edits
    Export(export::Args),
    /// The network rules as they are, for people (Markdown) or for `audit --rules` (YAML)
    Rules(rules::Args),
    /// The page of a failure code, such as HK0505, or of a situation, such as failed-step; alone: lists all
    Explain(explain::Args),
    /// The whole story on a simulated account; nothing needed
    Demo(demo::Args),
    /// Completions for a shell, or man pages
    Generate(generate::Args),
    /// The JSON Schema of an intent, for editors, or of what a command prints with --json
    Schema(schema::Args),
}

/// What a command returns: the exit status, or why it did not do what it was asked to.
pub type Done = Result<u8, Failure>;

/// Parses the command line and runs the command.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    trace(cli.global.verbose);
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return report(&cli.global, &Failure::new("HK0901", format!("no async runtime: {error}"))),
    };
    match runtime.block_on(run(&cli.global, cli.command)) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => report(&cli.global, &failure),
    }
}

/// Whether a command line is one: for the pages that tell people what to type. Nothing is run.
///
/// # Errors
/// What the parser says.
pub fn understands(words: &[String]) -> Result<(), String> {
    use clap::error::ErrorKind::{DisplayHelp, DisplayVersion};
    match Cli::try_parse_from(words) {
        Err(error) if !matches!(error.kind(), DisplayHelp | DisplayVersion) => Err(error.to_string()),
        _ => Ok(()),
    }
}

/// Whether a stream takes colour: a terminal, unless `NO_COLOR` says otherwise.
fn coloured(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

fn report(global: &Global, failure: &Failure) -> ExitCode {
    let failure = &failure.clone().typed(global);
    if global.json {
        tell(&format!("{:#}\n", failure.json()));
    } else {
        aside(&failure.text(coloured(&std::io::stderr())));
    }
    ExitCode::from(failure.exit())
}

/// What others have to say is told to those who ask for all.
fn trace(verbose: u8) {
    let default = match verbose {
        0 | 1 => "off,hikkoshi=warn",
        2 => "off,hikkoshi=debug",
        _ => "debug",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("HIKKOSHI_LOG").unwrap_or_else(|_| default.into());
    let ansi = coloured(&std::io::stderr());
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(ansi).without_time().try_init();
}

async fn run(global: &Global, command: Command) -> Done {
    match command {
        Command::Init(args) => init::run(global, args).await,
        Command::Discover(args) => discover::run(global, args).await,
        Command::Audit(args) => audit::run(global, args).await,
        Command::Graph(args) => graph::run(global, &args).await,
        Command::Reach(args) => reach::run(global, &args),
        Command::Flows(args) => flows::run(global, &args).await,
        Command::Plan(args) => plan::run(global, args).await,
        Command::DryRun(args) => dry_run::run(global, args).await,
        Command::Review(args) => review::run(global, &args),
        Command::Approve(args) => approve::run(global, args).await,
        Command::Apply(args) => apply::run(global, args).await,
        Command::Rehearse(args) => rehearse::run(global, &args),
        Command::Serve(args) => serve::run(global, args).await,
        Command::Status(args) => status::run(global, args).await,
        Command::Log(args) => log::run(global, args).await,
        Command::Pause(args) => ask::pause(global, args).await,
        Command::Resume(args) => ask::resume(global, args).await,
        Command::Abort(args) => ask::abort(global, args).await,
        Command::Throttle(args) => ask::throttle(global, args).await,
        Command::Release(args) => ask::release(global, args).await,
        Command::Hold(args) => ask::hold(global, args).await,
        Command::Skip(args) => skip::run(global, &args),
        Command::Adopt(args) => adopt::run(global, args).await,
        Command::Policy(args) => policy::run(global, &args),
        Command::Runbook(args) => runbook::run(global, &args),
        Command::Rollback(args) => rollback::run(global, args).await,
        Command::State(args) => state::run(global, &args),
        Command::Unlock(args) => unlock::run(global, &args),
        Command::Verify(args) => verify::run(global, args).await,
        Command::Export(args) => export::run(global, &args),
        Command::Rules(args) => rules::run(global, args).await,
        Command::Explain(args) => explain::run(global, &args),
        Command::Demo(args) => demo::run(global, args).await,
        Command::Generate(args) => generate::run(&args),
        Command::Schema(args) => schema::run(&args),
    }
}

/// Prints, and does not mind a reader that has gone away.
pub fn say(text: &str) {
    use std::io::Write;
    if std::io::stdout().write_all(tame(text).as_bytes()).is_err() {
        std::process::exit(0);
    }
}

/// Prints what a run tells: it goes on, whether or not anybody reads it still.
pub fn tell(text: &str) {
    use std::io::Write;
    let _ = std::io::stdout().write_all(tame(text).as_bytes());
}

/// Says something beside the output, on standard error; that nobody reads it stops nothing.
pub fn aside(text: &str) {
    use std::io::Write;
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// Text for a terminal: line ends, tabs and our own colours stay, nothing else that a terminal obeys. Names from the
/// account are cleaned where they are read; this is for what slips through.
fn tame(text: &str) -> std::borrow::Cow<'_, str> {
    let plain = |c: char| !c.is_control() || c == '\n' || c == '\t';
    if text.chars().all(plain) {
        return text.into();
    }
    let colour = |rest: &str| {
        let code = rest.strip_prefix("\x1b[")?;
        let end = code.find(|c: char| !c.is_ascii_digit() && c != ';')?;
        code[end..].starts_with('m').then_some(2 + end + 1)
    };
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (kept, length) = match colour(rest) {
            Some(length) => (&rest[..length], length),
            None if plain(c) => (&rest[..c.len_utf8()], c.len_utf8()),
            None => ("·", c.len_utf8()),
        };
        out.push_str(kept);
        rest = &rest[length..];
    }
    out.into()
}

/// Prints JSON.
pub fn say_json(value: &impl serde::Serialize) {
    say(&(serde_json::to_string_pretty(value).unwrap_or_default() + "\n"));
}

/// A task beside the command: here for signals only.
#[expect(clippy::disallowed_methods, reason = "the signal handler lives beside the run, and is ended with it")]
fn spawn(task: impl Future<Output = ()> + Send + 'static) -> tokio::task::JoinHandle<()> {
    tokio::spawn(task)
}
