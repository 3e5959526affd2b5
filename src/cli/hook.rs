//! Tells programs and web addresses how a run goes, beside the run: what fails or hangs is noted and holds nothing up.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::web::{self, LIMIT};
use crate::clock::{Clock, RealClock, rfc3339};
use crate::execute::hook::{Hooks, News, Untold, news};
use crate::execute::{Event, What};
use crate::plan::Plan;
use crate::plan::hooks::{Hook, How, Webhook, variable};

/// How long one waits at a run's end for what is not told yet, in milliseconds.
const CLOSING_MS: u64 = 15_000;

/// Something to be told to somebody.
struct Job {
    hook: Hook,
    facts: serde_json::Value,
    of: String,
}

/// Those who are told, each after the other, in a thread of its own.
pub struct Told {
    hooks: Vec<Hook>,
    about: serde_json::Value,
    jobs: Mutex<Option<Sender<Job>>>,
    untold: Mutex<Receiver<Option<Untold>>>,
    open: Mutex<usize>,
}

impl Told {
    /// Those of a plan.
    pub fn of(plan: &Plan) -> Told {
        let (jobs, to_do) = mpsc::channel::<Job>();
        let (done, untold) = mpsc::channel();
        std::thread::spawn(move || {
            for job in to_do {
                let outcome = tell(&job).err().map(|why| Untold { hook: job.hook.name(), news: job.of.clone(), why });
                if done.send(outcome).is_err() {
                    return;
                }
            }
        });
        let about = serde_json::json!({ "migration": plan.migration, "account": plan.account, "region": plan.region });
        Told { hooks: plan.hooks.clone(), about, jobs: Mutex::new(Some(jobs)), untold: Mutex::new(untold), open: Mutex::new(0) }
    }

    /// Takes what a run tells.
    pub fn hear(&self, event: &Event) {
        for news in news(event) {
            for hook in self.hooks.iter().filter(|hook| hook.hears(news.occasion)) {
                self.send(Job { hook: hook.clone(), facts: self.facts(&news), of: short(&news) });
            }
        }
    }

    /// The run could not note how it went: what nobody else would be told.
    pub fn broke_off(&self, why: &str, at_ms: u64) {
        self.hear(&Event { at_ms, step: String::new(), what: What::RunEnded { how: why.to_owned() } });
        for Untold { hook, news, why } in self.close() {
            super::aside(&format!("! {hook} was not told of {news}: {why}\n"));
        }
    }

    fn facts(&self, news: &News) -> serde_json::Value {
        let mut facts = serde_json::to_value(news).unwrap_or_default();
        let name = self.about["migration"].as_str().unwrap_or_default();
        facts["text"] = format!("hikkoshi {name}: {}", news.text).into();
        facts["at"] = rfc3339(news.at_ms).into();
        if let (Some(facts), Some(about)) = (facts.as_object_mut(), self.about.as_object()) {
            facts.remove("at_ms");
            facts.extend(about.clone());
        }
        facts
    }

    fn send(&self, job: Job) {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        if jobs.as_ref().is_some_and(|jobs| jobs.send(job).is_ok()) {
            *self.open.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        }
    }

    /// The outcomes that come within a time.
    fn outcomes(&self, wait_ms: u64) -> Vec<Untold> {
        let untold = self.untold.lock().unwrap_or_else(PoisonError::into_inner);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let until = RealClock.now_ms() + wait_ms;
        let mut out = Vec::new();
        while *open > 0 {
            match untold.recv_timeout(Duration::from_millis(until.saturating_sub(RealClock.now_ms()))) {
                Ok(outcome) => {
                    *open -= 1;
                    out.extend(outcome);
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
        out
    }
}

impl Hooks for Told {
    fn untold(&self) -> Vec<Untold> {
        self.outcomes(0)
    }

    fn close(&self) -> Vec<Untold> {
        drop(self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take());
        let mut out = tokio::task::block_in_place(|| self.outcomes(CLOSING_MS));
        let open = std::mem::take(&mut *self.open.lock().unwrap_or_else(PoisonError::into_inner));
        if open > 0 {
            let why = format!("the run is over, and it was not waited for longer than {} s", CLOSING_MS / 1000);
            out.push(Untold { hook: "hooks".to_owned(), news: format!("{open} events"), why });
        }
        out
    }
}

/// What it is about, in a few words.
fn short(news: &News) -> String {
    let of = [&news.checkpoint, &news.step].into_iter().find(|of| !of.is_empty());
    of.map_or_else(|| news.occasion.name().to_owned(), |of| format!("{} {of}", news.occasion.name()))
}

fn tell(job: &Job) -> Result<(), String> {
    match &job.hook.how {
        How::Command(words) => program(words, &job.facts),
        How::Webhook(address) => webhook(address, &job.facts),
    }
}

/// Runs a program; its facts are in its environment and on its standard input.
fn program(words: &[String], facts: &serde_json::Value) -> Result<(), String> {
    let [program, arguments @ ..] = words else { return Err("no program is named".to_owned()) };
    let fact = |name: &str| facts[name].as_str().unwrap_or_default().to_owned();
    let variables = ["migration", "event", "checkpoint", "step", "code", "text", "at", "account", "region"];
    let mut child = Command::new(program)
        .args(arguments)
        .envs(variables.map(|name| (format!("HIKKOSHI_{}", name.to_uppercase()), fact(name))))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("it can't be run: {error}"))?;
    if let Some(mut input) = child.stdin.take() {
        // Who does not read it has the variables.
        let _ = input.write_all(format!("{facts}\n").as_bytes());
    }
    super::probe::ends_well(&mut child, LIMIT)
}

/// Sends the facts. What an error says is kept free of what was taken from the environment.
fn webhook(address: &Webhook, facts: &serde_json::Value) -> Result<(), String> {
    let mut secrets = Vec::new();
    let mut filled = |value: &str| {
        let Some((before, name)) = variable(value) else { return Ok(value.to_owned()) };
        let secret = std::env::var(name).map_err(|_| format!("the environment variable {name} is not set"))?;
        secrets.push((secret.clone(), format!("env:{name}")));
        Ok::<String, String>(format!("{before}{secret}"))
    };
    let url = filled(&address.url)?;
    let header = |(name, value): (&String, &String)| Ok::<(String, String), String>((name.clone(), filled(value)?));
    let headers = address.header.iter().map(header).collect::<Result<Vec<_>, String>>()?;
    let kept =
        |why: String| secrets.iter().filter(|(secret, _)| !secret.is_empty()).fold(why, |why, (secret, name)| why.replace(secret, name));
    match web::post(&url, &headers, &facts.to_string()) {
        Ok(status) if (200..300).contains(&status) => Ok(()),
        Ok(status) => Err(format!("it answers with {status}")),
        Err(why) => Err(kept(why)),
    }
}
