//! A call as a line for a shell: what a person types with the AWS CLI where the program does it otherwise. Pure.
//!
//! A line works in `sh`, `bash` and `zsh`, with version 1 and version 2 of the CLI, and does what the call does; that it
//! parses to the call's own parameters is tested with the CLI itself (`tests/aws_cli/`). Account, region and credentials
//! are the environment's.
//!
//! - `${subnet-a.SubnetId}` is the shell variable `$subnet_a_SubnetId` (see [`variable`]); `${self.Token}` is `$self_Token`.
//! - A `$look` is the read that finds its value, in `$( … )`. Where fields of what was read get other values, `jq` puts
//!   them in.
//! - What an option can't carry (a text that the CLI would take for a file's address, control characters) goes into
//!   `--cli-input-json`, with every parameter of the call.

use serde_json::Value;

use crate::model::call::{Object, Operation};
use crate::model::look::looks_in;
use crate::model::step::{LOOK, Look};

mod names;
mod query;
mod shell;

pub use query::query;

use names::{command, option};
use shell::{Word, json_word};

/// Texts that the CLI takes for the address of a file or page that holds the value.
const ADDRESSES: [&str; 4] = ["file://", "fileb://", "http://", "https://"];

/// The `aws` command that does what the call does; one line.
pub fn line(operation: &Operation, parameters: &Object) -> String {
    let command = command(operation);
    if let [(pointer, look)] = looks_in(&Value::Object(parameters.clone())).as_slice()
        && pointer.is_empty()
    {
        return format!("{command} --cli-input-json {}", Word::code(&substituted(look)));
    }
    let mut before = String::new();
    let mut after = String::new();
    let mut left = parameters.clone();
    left.retain(|_, value| !value.is_null());
    let mut words = vec![command.clone()];
    for (name, file, content) in files(operation, &mut left) {
        before.push_str(&format!("(umask 077; {content} > {file}) && "));
        words.push(format!("{} fileb://{file}", option(name)));
        after.push_str(&format!("; rm -f {file}"));
    }
    match left.iter().map(|(name, value)| argument(operation, &left, name, value)).collect::<Option<Vec<String>>>() {
        Some(arguments) => words.extend(arguments.into_iter().filter(|argument| !argument.is_empty())),
        None => words.push(format!("--cli-input-json {}", json_word(&Value::Object(left)))),
    }
    // What a function answers comes into a file; what the call answers is printed.
    words.extend((operation.to_string() == "lambda:Invoke").then(|| "/dev/stderr".to_owned()));
    before + &words.join(" ") + &after
}

/// The read as a command that prints what its path selects, as text: the first value only, or all of them.
pub fn read(operation: &Operation, parameters: &Object, path: &str, first: bool) -> String {
    let query = if path.is_empty() { String::new() } else { format!(" --query {}", query(path, first)) };
    format!("{}{query} --output text", line(operation, parameters))
}

/// The shell variable in which a line expects an output of a step: `${subnet-a.SubnetId}` is `subnet_a_SubnetId`.
pub fn variable(step: &str, output: &str) -> String {
    shell::variable(step, output)
}

/// A text for a shell, in which every `${step.Output}` stands as its variable.
pub fn quoted(text: &str) -> String {
    Word::of(text).to_string()
}

/// A look as it stands in `$( … )`.
fn substituted(look: &Look) -> String {
    if look.set.is_empty() {
        return format!("$({})", read(&look.operation, &look.parameters, &look.path, true));
    }
    let query = if look.path.is_empty() { String::new() } else { format!(" --query {}", query(&look.path, true)) };
    format!("$({}{query} --output json | jq -c {})", line(&look.operation, &look.parameters), query::put_over(&look.set))
}

/// Parameters that the CLI wants as bytes and the call has encoded, or the other way round: name, file, and what prints
/// its content. They are taken out of the parameters.
fn files<'n>(operation: &Operation, parameters: &mut Object) -> Vec<(&'n str, &'n str, String)> {
    let mut out = Vec::new();
    match operation.to_string().as_str() {
        // The CLI encodes what it is given, the API and its answers have it encoded.
        "ec2:RunInstances" => {
            if let Some(value) = parameters.remove("UserData") {
                let printed = match look_of(&value) {
                    Some(look) => {
                        let read = line(&look.operation, &look.parameters);
                        format!("{read} --query {} --output text", query::or_empty(&look.path))
                    }
                    None => format!("printf %s {}", Word::of(value.as_str().unwrap_or_default())),
                };
                out.push(("UserData", "user-data.secret", format!("{printed} | base64 --decode")));
            }
        }
        // Version 1 takes an option's value as it is, version 2 decodes it; both take a file as it is.
        "lambda:Invoke" => {
            if let Some(value) = parameters.remove("Payload") {
                out.push(("Payload", "payload.secret", format!("printf %s {}", Word::of(value.as_str().unwrap_or_default()))));
            }
        }
        _ => {}
    }
    out
}

/// The look that a value is.
fn look_of(value: &Value) -> Option<Look> {
    serde_json::from_value(value.get(LOOK)?.clone()).ok()
}

/// One parameter as an option; empty where another option says it as well; nothing if no option can carry it.
fn argument(operation: &Operation, all: &Object, name: &str, value: &Value) -> Option<String> {
    if operation.to_string() == "ec2:RunInstances" {
        match name {
            "MinCount" => return Some(String::new()),
            "MaxCount" => return Some(count(all.get("MinCount"), value)),
            _ => {}
        }
    }
    let option = option(name);
    if let ("elb", "Instances", Value::Array(list)) = (operation.service(), name, value) {
        // Of Classic Load Balancers the CLI takes the ids alone.
        let ids: Option<Vec<Value>> = list.iter().map(|instance| instance.get("InstanceId").cloned()).collect();
        return ids.map(|ids| format!("{option} {}", listed(&ids)));
    }
    let dashed = |word: &Word| if word.begins_with("-") { format!("{option}={word}") } else { format!("{option} {word}") };
    match value {
        Value::Bool(true) => Some(option),
        Value::Bool(false) => Some(option.replacen("--", "--no-", 1)),
        Value::String(text) => {
            let word = Word::of(text);
            let carried = !word.is_harmful() && !ADDRESSES.iter().any(|start| word.begins_with(start));
            carried.then(|| dashed(&word))
        }
        Value::Array(list) => Some(format!("{option} {}", listed(list))),
        Value::Object(object) if object.contains_key(LOOK) => Some(format!("{option} {}", json_or_text(value))),
        Value::Object(object) => match (operation.service(), object.get("Value"), object.len()) {
            // EC2's `AttributeBooleanValue`.
            ("ec2", Some(Value::Bool(yes)), 1) => argument(operation, all, name, &Value::Bool(*yes)),
            _ => Some(format!("{option} {}", shorthand(object).unwrap_or_else(|| json_word(value)))),
        },
        other => Some(format!("{option} {other}")),
    }
}

/// `--count`, which says both of `MinCount` and `MaxCount`.
fn count(min: Option<&Value>, max: &Value) -> String {
    match min.filter(|min| *min != max) {
        Some(min) => format!("--count {min}:{max}"),
        None => format!("--count {max}"),
    }
}

/// A look as a word by itself.
fn json_or_text(value: &Value) -> Word {
    look_of(value).map_or_else(|| json_word(value), |look| Word::code(&substituted(&look)))
}

/// A list: plain words, shorthand, or JSON where neither is safe.
fn listed(list: &[Value]) -> String {
    let words: Option<Vec<Word>> = match list {
        [] => None,
        _ => list.iter().map(element).collect(),
    };
    match words {
        Some(words) => words.iter().map(Word::to_string).collect::<Vec<_>>().join(" "),
        None => json_word(&Value::Array(list.to_vec())).to_string(),
    }
}

fn element(value: &Value) -> Option<Word> {
    match value {
        Value::String(text) => {
            let word = Word::of(text);
            (word.is_simple() && !word.begins_with("-") && !ADDRESSES.iter().any(|start| word.begins_with(start))).then_some(word)
        }
        Value::Number(number) => Some(Word::of(&number.to_string())),
        Value::Object(object) if object.contains_key(LOOK) => {
            look_of(value).filter(|look| look.set.is_empty()).map(|look| Word::code(&substituted(&look)))
        }
        Value::Object(object) => shorthand(object),
        _ => None,
    }
}

/// `Name=vpc-id,Values=vpc-1,vpc-2`; nothing where a value has something that means more in it.
fn shorthand(object: &Object) -> Option<Word> {
    let mut out = Word::default();
    for (at, (key, value)) in object.iter().enumerate() {
        out.text(if at == 0 { "" } else { "," });
        out.text(&format!("{key}="));
        match value {
            Value::String(text) => out.append(plain(text)?),
            Value::Number(_) | Value::Bool(_) => out.text(&value.to_string()),
            Value::Array(list) if !list.is_empty() => {
                for (at, element) in list.iter().enumerate() {
                    out.text(if at == 0 { "" } else { "," });
                    out.append(plain(element.as_str()?)?);
                }
            }
            _ => return None,
        }
    }
    let named = object.keys().all(|key| !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric()));
    (named && !object.is_empty()).then_some(out)
}

fn plain(text: &str) -> Option<Word> {
    Some(Word::of(text)).filter(Word::is_simple)
}

#[cfg(test)]
mod tests;
