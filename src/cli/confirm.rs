//! Asking before an account is changed: on a terminal the name is typed, in a pipe `--yes` is needed.

use std::io::{BufRead, IsTerminal, Write};

use super::failure::Failure;

/// Goes on if the person typed the name, or said `--yes` beforehand.
///
/// # Errors
/// If not.
pub fn confirm(what: &str, name: &str, yes: bool) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    let refused = |why: &str| {
        Failure::new("HK0509", why.to_owned())
            .detail("nothing was called")
            .hint("the same command with --yes, or on a terminal, where the name is typed")
    };
    if !std::io::stdin().is_terminal() {
        return Err(refused(&format!("`{}` is not confirmed", what.lines().next().unwrap_or_default())));
    }
    let typed = typed(&format!("{what}\nType the migration's name ({name}) to go on: "), name);
    if typed { Ok(()) } else { Err(refused("the name was not typed")) }
}

/// Asks on a terminal; whether the name was typed.
pub fn typed(question: &str, name: &str) -> bool {
    answered(question) == name
}

/// Asks on a terminal for a line; empty if none came.
pub fn answered(question: &str) -> String {
    super::aside(question);
    let _ = std::io::stderr().flush();
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    if read.is_ok() { line.trim().to_owned() } else { String::new() }
}
