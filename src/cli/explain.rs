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
            say(&format!("{name:<20} {}\n", text.lines().next().unwrap_or_default().trim_start_matches("# ")));
        }
        return Ok(0);
    };
    let text = page(name).ok_or_else(|| {
        let known = CODES.iter().map(|(code, _, _)| *code).chain(SITUATIONS.iter().map(|(situation, _)| *situation));
        let near = crate::plan::problem::nearest(&name.to_lowercase(), known).filter(|near| !near.starts_with("HK"));
        let failure = Failure::new("HK0111", format!("there is no page `{name}`")).detail("nothing was called, nothing was written");
        let failure = if let Some(near) = near { failure.hint(format!("hikkoshi explain {near}")) } else { failure };
        failure.hint("hikkoshi explain   # lists the pages")
    })?;
    if global.json {
        super::say_json(&serde_json::json!({ "name": name, "page": text }));
    } else {
        say(text);
    }
    Ok(0)
}
