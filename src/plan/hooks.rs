//! Who is told how a run goes: programs and web addresses that the intent names. Pure; what they are told is in
//! `execute/hook.rs`, how in `cli/hook.rs`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_saphyr::Spanned;

use super::problem::Problem;

/// What somebody can be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Occasion {
    /// A run begins.
    Begin,
    /// A checkpoint is reached.
    Checkpoint,
    /// A step failed, or the run ends without having reached what it was to.
    Failure,
    /// The run stands still until somebody acts: an approval, a release, a pause.
    Wait,
    /// The run ended, however it did.
    End,
}

impl Occasion {
    /// All of them.
    pub const ALL: [Occasion; 5] = [Occasion::Begin, Occasion::Checkpoint, Occasion::Failure, Occasion::Wait, Occasion::End];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Occasion::Begin => "begin",
            Occasion::Checkpoint => "checkpoint",
            Occasion::Failure => "failure",
            Occasion::Wait => "wait",
            Occasion::End => "end",
        }
    }
}

/// Somebody who is told. Exactly one of `command` and `webhook` says how. What fails or hangs for 10 seconds is noted and
/// never holds a run up.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HookWish {
    /// Of what: begin, checkpoint, failure, wait, end; of all, if left out.
    #[serde(default)]
    pub on: Vec<Occasion>,
    /// A program and its arguments; the facts are in `HIKKOSHI_…` variables and, as JSON, on its standard input.
    #[serde(default)]
    #[schemars(with = "Option<Vec<String>>")]
    pub command: Option<Spanned<Vec<String>>>,
    /// An address that the facts are sent to as JSON, by POST.
    #[serde(default)]
    pub webhook: Option<WebhookWish>,
}

/// An address that is told.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookWish {
    /// https://… or http://…; `env:NAME` where the address itself is a secret: it is then taken from that variable.
    #[schemars(with = "String")]
    pub url: Spanned<String>,
    /// Headers; a value `env:NAME` is taken from that variable, with or without a word before it: `Bearer env:NAME`.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub header: BTreeMap<String, Spanned<String>>,
}

/// Somebody who is told, as the plan has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hook {
    /// Of what; of all, if there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on: Vec<Occasion>,
    /// How.
    pub how: How,
}

/// How somebody is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// A program and its arguments.
    Command(Vec<String>),
    /// An address.
    Webhook(Webhook),
}

/// An address and its headers; what is secret in them is only named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// The address, or `env:NAME`.
    pub url: String,
    /// Headers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub header: BTreeMap<String, String>,
}

impl Hook {
    /// Whether it is told of something.
    pub fn hears(&self, what: Occasion) -> bool {
        self.on.is_empty() || self.on.contains(&what)
    }

    /// What people call it.
    pub fn name(&self) -> String {
        match &self.how {
            How::Command(words) => words.first().cloned().unwrap_or_default(),
            How::Webhook(web) => format!("webhook {}", web.url),
        }
    }

    /// What it is told of, in words.
    pub fn occasions(&self) -> String {
        if self.on.is_empty() { "everything".to_owned() } else { self.on.iter().map(|on| on.name()).collect::<Vec<_>>().join(", ") }
    }
}

impl HookWish {
    /// What it makes of a plan.
    ///
    /// # Errors
    /// If it says not how, or would have a secret stand in files.
    pub fn read(place: &Spanned<HookWish>) -> Result<Hook, Problem> {
        let wish = &place.value;
        let how = match (&wish.command, &wish.webhook) {
            (Some(words), None) if words.value.is_empty() => {
                return Err(Problem::at(words, "no program is named".to_owned(), "command: [PROGRAM, ARGUMENT, …]"));
            }
            (Some(words), None) => How::Command(words.value.clone()),
            (None, Some(web)) => How::Webhook(web.read()?),
            (Some(words), Some(_)) => {
                return Err(Problem::at(
                    words,
                    "a hook tells one: a program or an address".to_owned(),
                    "`command: […]` or `webhook: {url: …}`",
                ));
            }
            (None, None) => {
                return Err(Problem::at(place, "a hook says how it tells".to_owned(), "`command: […]` or `webhook: {url: …}`"));
            }
        };
        Ok(Hook { on: wish.on.clone(), how })
    }
}

impl WebhookWish {
    fn read(&self) -> Result<Webhook, Problem> {
        let url = &self.url;
        if let Some(why) = told_in(&url.value) {
            return Err(Problem::at(
                url,
                format!("this address {why}, and would stand in files"),
                "url: env:NAME, and the address in that variable",
            ));
        }
        if variable(&url.value).is_none() && !is_web(&url.value) {
            return Err(Problem::at(url, format!("`{}` is no web address", url.value), "https://…, http://… or env:NAME"));
        }
        for (name, value) in &self.header {
            let sound = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
            if !sound {
                return Err(Problem::at(value, format!("`{name}` is no header's name"), "letters, digits and hyphens"));
            }
            if is_secret(name) && variable(&value.value).is_none() {
                let expected = format!("{name}: \"env:NAME\", and the value in that variable");
                return Err(Problem::at(value, format!("the value of `{name}` would stand in files"), &expected));
            }
        }
        let header = self.header.iter().map(|(name, value)| (name.clone(), value.value.clone())).collect();
        Ok(Webhook { url: url.value.clone(), header })
    }
}

/// Whether something is an address that can be asked.
pub fn is_web(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/') && !rest.contains(|c: char| c.is_whitespace() || c.is_control()))
}

/// The environment variable that a value names, and the words before it.
pub fn variable(value: &str) -> Option<(&str, &str)> {
    let at = value.rfind("env:")?;
    let (before, name) = (&value[..at], &value[at + 4..]);
    let sound = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    (sound && (before.is_empty() || before.ends_with(' '))).then_some((before, name))
}

/// Why an address is a secret itself.
fn told_in(url: &str) -> Option<&'static str> {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    let keys = ["hooks.slack.com/services/", "hooks.slack.com/workflows/", "discord.com/api/webhooks/"];
    if host.contains('@') {
        Some("has a password in it")
    } else if keys.iter().any(|key| rest.starts_with(key)) {
        Some("is a key to whoever has it")
    } else {
        None
    }
}

/// Whether a header is one whose value nobody else is to know.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["auth", "cookie", "token", "key", "secret", "signature", "password"].iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_named_with_or_without_words_before_it() {
        assert_eq!(variable("env:SLACK_TOKEN"), Some(("", "SLACK_TOKEN")));
        assert_eq!(variable("Bearer env:SLACK_TOKEN"), Some(("Bearer ", "SLACK_TOKEN")));
        for other in ["", "env:", "env:A B", "xenv:A", "Bearer abc", "env:A-B"] {
            assert_eq!(variable(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_secret_is_seen() {
        assert!(["Authorization", "X-Api-Key", "Cookie", "X-Slack-Signature"].iter().all(|name| is_secret(name)));
        assert!(["Content-Type", "X-Channel"].iter().all(|name| !is_secret(name)));
        assert!(told_in("https://mika:pass@example.com/").is_some() && told_in("https://hooks.slack.com/services/T0/B0/x").is_some());
        assert_eq!(told_in("https://example.com/a@b"), None);
    }
}
