//! `hikkoshi generate`: what a shell and `man` want to know of the command line, made from it.

use std::path::{Path, PathBuf};

use clap::CommandFactory;

use super::failure::Failure;
use super::{Done, place, say};

/// What is to be made.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand, Debug)]
enum What {
    /// A shell's completions, on standard output: bash, elvish, fish, powershell, zsh
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// A man page for each command, into a folder
    Man {
        /// The folder; made if it is not there
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}

/// Makes it.
pub fn run(args: &Args) -> Done {
    match &args.what {
        What::Completions { shell } => {
            let mut out = Vec::new();
            clap_complete::generate(*shell, &mut super::Cli::command(), "hikkoshi", &mut out);
            say(&String::from_utf8_lossy(&out));
        }
        What::Man { folder } => man(folder)?,
    }
    Ok(0)
}

/// `hikkoshi.1`, and `hikkoshi-COMMAND.1` for each command below it.
fn man(dir: &Path) -> Result<(), Failure> {
    let mut root = super::Cli::command();
    root.build();
    let mut pages = Vec::new();
    collect(&root, "hikkoshi", &mut pages);
    let count = pages.len();
    for (name, page) in pages {
        place::write(&dir.join(format!("{name}.1")), &page.map_err(|error| Failure::new("HK0901", error.to_string()))?)?;
    }
    say(&format!("wrote {count} pages; next: man {}\n", dir.join("hikkoshi.1").display()));
    Ok(())
}

fn collect(command: &clap::Command, name: &str, pages: &mut Vec<(String, std::io::Result<String>)>) {
    let mut out = Vec::new();
    let page = clap_mangen::Man::new(command.clone().name(name.to_owned())).render(&mut out);
    pages.push((name.to_owned(), page.map(|()| String::from_utf8_lossy(&out).into_owned())));
    for below in shown(command) {
        collect(below, &format!("{name}-{}", below.get_name()), pages);
    }
}

/// The commands below one that people see.
fn shown(command: &clap::Command) -> impl Iterator<Item = &clap::Command> {
    command.get_subcommands().filter(|below| !below.is_hide_set() && below.get_name() != "help")
}

/// The reference of the command line: each command with its arguments and options.
pub fn reference() -> String {
    let mut root = super::Cli::command();
    root.build();
    let mut out = String::from(
        "# Command line\n\n\
         Made from the program by `HIKKOSHI_BLESS=1 cargo test book`; a test holds it. `hikkoshi COMMAND --help` says the same.\n\n\
         ## Options of every command\n\n",
    );
    out.push_str(&arguments(&root, |arg| arg.is_global_set()));
    for command in shown(&root) {
        section(command, "hikkoshi", &mut out);
    }
    out.trim_end().to_owned() + "\n"
}

fn section(command: &clap::Command, above: &str, out: &mut String) {
    let name = format!("{above} {}", command.get_name());
    let about = escaped(&command.get_about().map(ToString::to_string).unwrap_or_default());
    out.push_str(&format!("\n## {name}\n\n{about}\n"));
    let own = arguments(command, |arg| !arg.is_global_set());
    if !own.is_empty() {
        out.push_str(&format!("\n{own}"));
    }
    for below in shown(command) {
        section(below, &name, out);
    }
}

/// A table of the arguments and options that a command has.
fn arguments(command: &clap::Command, of: impl Fn(&clap::Arg) -> bool) -> String {
    let told = command.get_arguments().filter(|arg| !arg.is_hide_set() && !["help", "version"].contains(&arg.get_id().as_str()));
    let rows: Vec<String> = told.filter(|arg| of(arg)).map(|arg| format!("| `{}` | {} |\n", spelled(arg), meaning(arg))).collect();
    if rows.is_empty() { String::new() } else { format!("| Argument | Meaning |\n|---|---|\n{}", rows.concat()) }
}

fn spelled(arg: &clap::Arg) -> String {
    let value = || {
        let names: Vec<String> = arg.get_value_names().into_iter().flatten().map(ToString::to_string).collect();
        if names.is_empty() { arg.get_id().as_str().to_uppercase() } else { names.join(" ") }
    };
    let takes = arg.get_action().takes_values();
    let long = arg.get_long().map(|long| format!("--{long}"));
    let short = arg.get_short().map(|short| format!("-{short}"));
    let names: Vec<String> = short.into_iter().chain(long).collect();
    match (names.is_empty(), takes) {
        (true, _) if arg.is_required_set() => value(),
        (true, _) => format!("[{}]", value()),
        (false, true) => format!("{} {}", names.join(", "), value()),
        (false, false) => names.join(", "),
    }
}

fn meaning(arg: &clap::Arg) -> String {
    let mut text = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let possible: Vec<String> = arg.get_possible_values().iter().filter(|v| !v.is_hide_set()).map(|v| v.get_name().to_owned()).collect();
    if arg.get_action().takes_values() && !possible.is_empty() {
        text.push_str(&format!("; one of {}", possible.join(", ")));
    }
    if let Some(default) = arg.get_default_values().first().filter(|_| arg.get_action().takes_values()) {
        text.push_str(&format!("; by default `{}`", default.to_string_lossy()));
    }
    if let Some(variable) = arg.get_env() {
        text.push_str(&format!("; or the variable `{}`", variable.to_string_lossy()));
    }
    escaped(&text)
}

/// Text for Markdown, in a table too.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;").replace('>', "&gt;").replace('\n', " ")
}
