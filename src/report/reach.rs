//! Answers of `reach` as text and as JSON: pairs that fare alike are told together.

use serde_json::{Value, json};

use super::{Style, table};
use crate::reach::{Question, Route, Verdict};

/// One pair of nodes and its answer.
pub struct Pair {
    /// The opener, as people call it.
    pub from: String,
    /// The acceptor.
    pub to: String,
    /// What was asked.
    pub question: Question,
    /// The answer.
    pub verdict: Verdict,
}

/// The moment that was asked about.
pub struct Asked<'a> {
    /// Its name: `start`, `guard`, a step's id.
    pub at: &'a str,
    /// In words, where it is not the start.
    pub words: Option<&'a str>,
}

impl Pair {
    /// Whether the way is open.
    pub fn is_reached(&self) -> bool {
        matches!(self.verdict, Verdict::Reached(_))
    }

    /// What pairs that fare alike have in common.
    fn likeness(&self) -> (u16, bool, String) {
        let fate = match &self.verdict {
            Verdict::Reached(route) => stations(route).iter().map(|station| station.at.as_str()).collect::<Vec<_>>().join(" "),
            Verdict::Blocked(blocked) => format!("{:?} {}", blocked.block, blocked.at),
        };
        (self.question.port, self.is_reached(), fate)
    }
}

/// Stations without one that says what another has said: a table is passed there and back.
fn stations(route: &[Route]) -> Vec<&Route> {
    let mut out: Vec<&Route> = Vec::new();
    for station in route {
        if !out.contains(&station) {
            out.push(station);
        }
    }
    out
}

/// For people: one paragraph for all pairs that fare alike, with the way there and back of the first, or its obstacle.
pub fn text(asked: &Asked<'_>, what: &str, pairs: &[Pair], style: Style, width: usize) -> String {
    let mut kinds: Vec<(&Pair, Vec<&Pair>)> = Vec::new();
    for pair in pairs {
        match kinds.iter_mut().find(|(first, _)| first.likeness() == pair.likeness()) {
            Some((_, alike)) => alike.push(pair),
            None => kinds.push((pair, vec![pair])),
        }
    }
    let mut out = asked.words.map_or_else(String::new, |words| table::hanging("", &format!("{words}:"), 0, width));
    for (first, alike) in kinds {
        let port =
            crate::model::network::Ports { protocol: first.question.protocol.clone(), from: first.question.port, to: first.question.port };
        let asked = if first.question.protocol.is_icmp() { format!("icmp type {}", first.question.port) } else { port.to_string() };
        let (mark, fate) = if first.is_reached() { (style.good("✓"), "reached") } else { (style.bad("✗"), "blocked") };
        out.push_str(&format!("{mark} {}\n", style.bold(&format!("{what}, {asked}: {fate}"))));
        for line in grouped(&alike) {
            out.push_str(&table::hanging("", &line, 2, width));
        }
        let way = match &first.verdict {
            Verdict::Reached(route) => route,
            Verdict::Blocked(blocked) => {
                out.push_str(&table::hanging("✗ ", &blocked.words, 2, width));
                &blocked.after
            }
        };
        if !way.is_empty() {
            out.push_str(if first.is_reached() { "  the way there and back:\n" } else { "  before that:\n" });
        }
        for station in stations(way) {
            out.push_str(&table::hanging("· ", &station.words, 4, width));
        }
    }
    out
}

/// `a, b → c`: for each set of acceptors, who opens.
fn grouped(alike: &[&Pair]) -> Vec<String> {
    let mut openers: Vec<(&str, Vec<&str>)> = Vec::new();
    for pair in alike {
        match openers.iter_mut().find(|(from, _)| *from == pair.from) {
            Some((_, to)) if !to.contains(&pair.to.as_str()) => to.push(&pair.to),
            Some(_) => {}
            None => openers.push((&pair.from, vec![&pair.to])),
        }
    }
    let mut sets: Vec<(Vec<&str>, Vec<&str>)> = Vec::new();
    for (from, to) in openers {
        match sets.iter_mut().find(|(_, known)| *known == to) {
            Some((froms, _)) => froms.push(from),
            None => sets.push((vec![from], to)),
        }
    }
    sets.into_iter().map(|(from, to)| format!("{} → {}", from.join(", "), to.join(", "))).collect()
}

/// For programs.
pub fn json(asked: &Asked<'_>, pairs: &[Pair]) -> Value {
    let route = |route: &[Route]| -> Value { route.iter().map(|station| json!({ "at": station.at, "words": station.words })).collect() };
    let one = |pair: &Pair| {
        let question = json!({ "from": pair.from, "to": pair.to, "protocol": pair.question.protocol.as_aws(), "port": pair.question.port });
        match &pair.verdict {
            Verdict::Reached(way) => json!({ "question": question, "reached": true, "way": route(way) }),
            Verdict::Blocked(blocked) => json!({ "question": question, "reached": false, "at": blocked.at, "block": blocked.block.name(),
                "words": blocked.words, "way": route(&blocked.after) }),
        }
    };
    let moment = json!({ "at": asked.at, "words": asked.words.unwrap_or("as the inventory has it") });
    json!({ "moment": moment, "reached": pairs.iter().all(Pair::is_reached), "pairs": pairs.iter().map(one).collect::<Vec<_>>() })
}
