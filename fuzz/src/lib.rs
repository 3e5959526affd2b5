//! What must hold of any input that people or machines hand to hikkoshi, as functions of bytes: `cargo fuzz run NAME`.
//!
//! Each begins with something sound and lets the fuzzer damage it ([`Edits`]): random bytes alone never get past the first
//! line of a parser. Nothing may panic; what is accepted must be what was written. The fuzzer's bytes choose where and how.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use hikkoshi::flows;
use hikkoshi::journal::{self, Body, Record};
use hikkoshi::model::account::Account;
use hikkoshi::model::call::{Call, Outcome};
use hikkoshi::model::inventory::Inventory;
use hikkoshi::plan::{format, intent};
use hikkoshi::world::World;
use hikkoshi::{audit, discover, graph, kinds};
use serde_json::Value;

/// The fuzzer's bytes as a row of choices; when they are used up, all further choices are 0.
struct Edits<'d>(&'d [u8]);

impl<'d> Edits<'d> {
    fn byte(&mut self) -> usize {
        self.0.split_off_first().copied().unwrap_or_default().into()
    }

    fn below(&mut self, end: usize) -> usize {
        (self.byte() << 8 | self.byte()) % end.max(1)
    }

    fn text(&mut self) -> String {
        let length = (self.byte() % 24).min(self.0.len());
        let (text, rest) = self.0.split_at(length);
        self.0 = rest;
        String::from_utf8_lossy(text).into_owned()
    }

    /// A text with some of its characters replaced, until the bytes are used up.
    fn damage(&mut self, sound: &str) -> String {
        let mut chars: Vec<char> = sound.chars().collect();
        while !self.0.is_empty() {
            let from = self.below(chars.len());
            let to = (from + self.byte() % 32).min(chars.len());
            let text = self.text();
            chars.splice(from..to, text.chars());
        }
        chars.into_iter().collect()
    }

    /// Another value in the place of one of those within a value, until the bytes are used up.
    fn distort(&mut self, value: &mut Value) {
        while !self.0.is_empty() {
            let other = match self.byte() % 8 {
                0 => Value::Null,
                1 => Value::from(self.byte()),
                2 => Value::from(""),
                3 => Value::Array(Vec::new()),
                4 => Value::Object(serde_json::Map::new()),
                5 => Value::from(u64::MAX),
                6 => Value::Bool(self.byte() % 2 == 0),
                _ => Value::from(self.text()),
            };
            let at = self.below(count(value));
            if let Some(place) = nth(value, &mut { at }) {
                *place = other;
            }
        }
    }
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(list) => list.iter().map(count).sum(),
        Value::Object(map) => map.values().map(count).sum(),
        _ => 0,
    }
}

fn nth<'v>(value: &'v mut Value, at: &mut usize) -> Option<&'v mut Value> {
    if *at == 0 {
        return Some(value);
    }
    *at -= 1;
    match value {
        Value::Array(list) => list.iter_mut().find_map(|value| nth(value, at)),
        Value::Object(map) => map.values_mut().find_map(|value| nth(value, at)),
        _ => None,
    }
}

/// A journal of a few records.
static JOURNAL: LazyLock<String> = LazyLock::new(|| {
    let bodies = [
        Body::Opened { id: "j".into(), migration: "move".into(), plan: "0".repeat(64), version: "0.1.0".into() },
        Body::RunBegan { what: "apply".into(), who: "mika@vm".into(), lease: 1, approved: Vec::new() },
        Body::Verified { step: "nat-a".into() },
        Body::Checkpoint { stage: "foundation".into() },
        Body::Undone { step: "nat-a".into() },
    ];
    let mut before = (0, journal::seed());
    let lines = bodies.iter().map(|body| {
        let record = Record::after((before.0, &before.1), "2026-11-24T00:00:00Z", body);
        before = (record.seq, record.hash.clone());
        serde_json::to_string(&record).expect("a record is JSON") + "\n"
    });
    lines.collect()
});

/// A damaged journal is either found to be damaged, or what is read of it stood in the one that was written, from its
/// beginning; and what is kept is whole lines.
pub fn journal(data: &[u8]) {
    let text = Edits(data).damage(&JOURNAL);
    let Ok((records, kept)) = journal::parse(&text) else { return };
    assert!(kept <= text.len() && (kept == 0 || text[..kept].ends_with('\n')), "a line was kept in part");
    let (written, _) = journal::parse(&JOURNAL).expect("it is sound");
    assert_eq!(records, written[..records.len().min(written.len())], "something was read that nobody wrote");
    let _ = journal::parse(&String::from_utf8_lossy(data));
}

/// The beginning of the story's plan: steps that need only each other.
static PLAN: LazyLock<String> = LazyLock::new(|| {
    let mut plan = format::read(include_str!("../../plans/story/plan.yaml")).expect("the story's plan is sound");
    plan.steps.truncate(3);
    plan.moves.truncate(2);
    plan.groups.truncate(2);
    format::write(&plan).expect("it can be written")
});

/// A plan that is accepted is the same after it was written and read again; one that is not has a place within the text.
pub fn plan(data: &[u8]) {
    let text = Edits(data).damage(&PLAN);
    match format::read(&text) {
        Ok(plan) => {
            let again = format::write(&plan).expect("what was read can be written");
            assert_eq!(format::read(&again).expect("what was written can be read"), plan);
        }
        Err(unreadable) => within(&text, unreadable.problem.line),
    }
}

/// An intent is accepted or refused with a place within the text.
pub fn intent(data: &[u8]) {
    let text = Edits(data).damage(include_str!("../../migrations/story.yaml"));
    if let Err(problem) = intent::parse(&text) {
        within(&text, problem.line);
    }
}

/// YAML ends a line at a lone carriage return, too.
fn within(text: &str, line: u64) {
    let lines = 1 + text.matches(['\n', '\r']).count();
    assert!(line as usize <= lines, "line {line} of a text of {lines} lines");
}

/// What AWS would answer for the story's account, read by read.
static ANSWERS: LazyLock<Vec<(PathBuf, Value)>> = LazyLock::new(|| {
    let seen: Inventory = serde_json::from_str(include_str!("../../plans/story/inventory.json")).expect("the story's inventory is one");
    let mut world = World::resume(Account::from(&seen));
    let listings = kinds::KINDS.iter().filter_map(|kind| kind.listing());
    let answers = listings.filter_map(|listing| {
        let Value::Object(parameters) = listing.parameters(&seen.vpc) else { return None };
        let call = Call { operation: listing.operation.parse().ok()?, parameters, label: None };
        let Outcome::Done(answer) = world.call(&call) else { return None };
        Some((PathBuf::from(format!("{}.json", listing.result_key())), answer))
    });
    answers.collect()
});

/// Whatever stands in an account's answers: an inventory that can be written and read again, audited and drawn, or a
/// refusal; never a panic.
pub fn dump(data: &[u8]) {
    let mut edits = Edits(data);
    let mut answers = ANSWERS.clone();
    let which = edits.below(answers.len());
    edits.distort(&mut answers[which].1);
    let texts: Vec<(PathBuf, String)> = answers.into_iter().map(|(path, answer)| (path, answer.to_string())).collect();
    let Ok(seen) = discover::dump::of(&texts, Path::new("."), None, None, "2026-11-24T00:00:00Z".to_owned()) else { return };
    let written = serde_json::to_string(&seen).expect("an inventory is JSON");
    let again: Inventory = serde_json::from_str(&written).expect("what was written can be read");
    assert_eq!(written, serde_json::to_string(&again).expect("an inventory is JSON"));
    audit::audit(&seen);
    graph::build(&seen);
}

const FLOWS: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status tcp-flags pkt-srcaddr pkt-dstaddr flow-direction\n\
    5 123456789012 eni-0a1b 10.0.1.4 10.0.2.5 32768 5432 6 10 4000 1764547200 1764547260 ACCEPT OK 3 10.0.1.4 10.0.2.5 egress\n\
    5 123456789012 eni-0a1b - - - - - - - 1764547200 1764547260 - NODATA - - - -\n";

/// A log is read record by record or refused at a place; never a panic, whatever is in it.
pub fn flow_log(data: &[u8]) {
    let read = |bytes: &[u8]| {
        let mut records = 0;
        let _ = flows::read(bytes, None, &mut |_| records += 1);
        assert!(records <= bytes.len(), "more records than bytes");
    };
    read(Edits(data).damage(FLOWS).as_bytes());
    read(data);
}
