//! `hikkoshi explain`

use super::failure::{CODES, Failure, SITUATIONS, page};
use super::{Done, Global, say};

/// Options of `explain`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// A failure code, such as HK0505, or a situation; left out: the list
    code: Option<String>,
}

/// Prints a page, or the list of pages.
pub fn run(global: &Global, args: &Args) -> Done {
    let Some(name) = &args.code else {
        for (code, exit, text) in CODES {
            let title = text
                .lines()
                .next()
                .unwrap_or_default()
                .trim_start_matches("# ")
                .trim_start_matches(code)
                .trim_start_matches([' ', '—', '-']);
            say(&format!("{code}  exit {exit:<3}  {title}\n"));
        }
        for (name, text) in SITUATIONS {
            say(&format!("{name:<16}  {}\n", text.lines().next().unwrap_or_default().trim_start_matches("# ")));
        }
        return Ok(0);
    };
    let text =
        page(name).ok_or_else(|| Failure::new("HK0111", format!("there is no page `{name}`")).hint("hikkoshi explain   # lists them"))?;
    if global.json {
        super::say_json(&serde_json::json!({ "name": name, "page": text }));
    } else {
        say(text);
    }
    Ok(0)
}
