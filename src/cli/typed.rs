//! The options that were typed, repeated in the commands that are to be typed next.

use super::Global;

/// Commands that look at the account.
const LOOKING: [&str; 7] = ["adopt", "apply", "discover", "dry-run", "init", "rollback", "verify"];
/// Commands that need no directory.
const FREE: [&str; 3] = ["demo", "explain", "schema"];

/// A hint with the options that lead to the same directory, journal and account put into each of its commands.
pub fn repeated(global: &Global, hint: &str) -> String {
    let (command, comment) = hint.split_at(hint.find("   #").unwrap_or(hint.len()));
    let each =
        |commands: &str, between: &str, one: &dyn Fn(&str) -> String| commands.split(between).map(one).collect::<Vec<_>>().join(between);
    each(command, "; ", &|some| each(some, ", or ", &|or| each(or, " && ", &|one| with_options(global, one)))) + comment
}

/// The same for a text of which the lines that say what is next begin with `next: `, stand below one, or end with it.
pub fn in_lines(global: &Global, text: &str) -> String {
    const AT_THE_END: &str = "; next: ";
    let line = |line: &str| match (line.split_at_checked(6), line.split_once(AT_THE_END)) {
        (Some((before @ ("next: " | "      "), hint)), _) => format!("{before}{}", repeated(global, hint)),
        (_, Some((before, hint))) => format!("{before}{AT_THE_END}{}", repeated(global, hint)),
        _ => line.to_owned(),
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

fn with_options(global: &Global, command: &str) -> String {
    let text = command.trim_end();
    let Some(verb) = text.strip_prefix("hikkoshi ").and_then(|rest| rest.split(' ').next()) else { return command.to_owned() };
    let mut out = text.to_owned();
    for (option, value, of) in options(global) {
        let fits = if of == Of::Account { LOOKING.contains(&verb) } else { !FREE.contains(&verb) };
        if fits && !text.split(' ').any(|word| word == option) {
            out.push_str(&format!(" {option} {}", quoted(&value)));
        }
    }
    out + &command[text.len()..]
}

/// What an option says: where files and journal are, or which account is meant.
#[derive(PartialEq, Eq)]
enum Of {
    Files,
    Account,
}

/// The options that were typed and are not what holds without them. What the environment says, it says to the next
/// command as well.
fn options(global: &Global) -> Vec<(&'static str, String, Of)> {
    let mut out = Vec::new();
    let dir = global.dir.display().to_string();
    if dir != "." {
        out.push(("--dir", dir, Of::Files));
    }
    let state = global.state.clone().filter(|state| std::env::var("HIKKOSHI_STATE").ok().as_ref() != Some(state));
    out.extend(state.map(|state| ("--state", state, Of::Files)));
    out.extend(global.profile.clone().map(|profile| ("--profile", profile, Of::Account)));
    out.extend(global.region.clone().map(|region| ("--region", region, Of::Account)));
    if global.cloud != "aws" {
        out.push(("--cloud", global.cloud.clone(), Of::Account));
    }
    out
}

/// A word that a shell takes as it is, or in quotes.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/.-_:=@%+,~".contains(c);
    if !text.is_empty() && text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn global() -> Global {
        Global {
            dir: "/srv/the move".into(),
            profile: None,
            region: None,
            json: false,
            verbose: 0,
            state: Some("s3://night/shop".to_owned()),
            cloud: "sim:account.json".to_owned(),
            pace: None,
            caller: None,
        }
    }

    #[test]
    fn what_was_typed_is_repeated_where_it_is_needed() {
        let global = global();
        let check = |hint: &str, wanted: &str| assert_eq!(repeated(&global, hint), wanted);
        let files = "--dir '/srv/the move' --state s3://night/shop";
        check("hikkoshi status story", &format!("hikkoshi status story {files}"));
        check("hikkoshi apply story   # goes on", &format!("hikkoshi apply story {files} --cloud sim:account.json   # goes on"));
        let both = format!("hikkoshi verify story {files} --cloud sim:account.json; hikkoshi explain HK0505");
        check("hikkoshi verify story; hikkoshi explain HK0505", &both);
        check("hikkoshi state x --state local --move-to y", "hikkoshi state x --state local --move-to y --dir '/srv/the move'");
        check("aws sts get-caller-identity   # hikkoshi", "aws sts get-caller-identity   # hikkoshi");
        check("put the plan back, then the same command again", "put the plan back, then the same command again");
    }

    #[test]
    fn only_lines_that_say_what_is_next_are_changed() {
        let global = Global { dir: ".".into(), state: None, ..global() };
        let text = "hikkoshi apply x\nnext: hikkoshi verify x\n      hikkoshi log x\n";
        assert_eq!(in_lines(&global, text), "hikkoshi apply x\nnext: hikkoshi verify x --cloud sim:account.json\n      hikkoshi log x\n");
        let global = Global { state: Some("s3://night/shop".to_owned()), ..global };
        let event = "paused; next: hikkoshi resume x, or hikkoshi abort x";
        let both = "paused; next: hikkoshi resume x --state s3://night/shop, or hikkoshi abort x --state s3://night/shop";
        assert_eq!(in_lines(&global, event), both);
    }
}
