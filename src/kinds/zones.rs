//! How a balancer that can only be in one subnet of a zone gets from one subnet into another: zone by zone, never out of
//! all of them.
//!
//! It leaves a zone, then enters it again elsewhere; the others serve meanwhile. One that is in a single zone enters
//! another one first and leaves it at the end.

use serde_json::Value;

/// A subnet to be changed: its zone, the subnet today and the one afterwards.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    /// The zone.
    pub zone: String,
    /// The subnet of today.
    pub old: Value,
    /// The subnet afterwards.
    pub new: Value,
}

/// One change of the set of subnets.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// For the step's id: `leave`, `enter`, `detour`, `detour-end`.
    pub word: &'static str,
    /// The zone.
    pub zone: String,
    /// The subnet that is entered or left.
    pub subnet: Value,
    /// Whether it is entered.
    pub enters: bool,
    /// All subnets before.
    pub from: Vec<Value>,
    /// All subnets afterwards.
    pub to: Vec<Value>,
}

/// The turns by which the set `now` gets its exchanges. `detour`: a zone and a subnet that serve while the only zone is
/// left; needed where `now` has one subnet.
pub fn turns(now: &[Value], exchanges: &[Exchange], detour: Option<(&str, &Value)>) -> Vec<Turn> {
    let mut walk = Walk { now: now.to_vec(), turns: Vec::new() };
    if let Some((zone, subnet)) = detour {
        walk.enter("detour", zone, subnet, now.len());
    }
    for Exchange { zone, old, new } in exchanges {
        let at = walk.leave("leave", zone, old);
        walk.enter("enter", zone, new, at);
    }
    if let Some((zone, subnet)) = detour {
        walk.leave("detour-end", zone, subnet);
    }
    walk.turns
}

struct Walk {
    now: Vec<Value>,
    turns: Vec<Turn>,
}

impl Walk {
    fn enter(&mut self, word: &'static str, zone: &str, subnet: &Value, at: usize) {
        let mut to = self.now.clone();
        to.insert(at.min(to.len()), subnet.clone());
        self.go(word, zone, subnet, true, to);
    }

    /// Leaves; the place where it stood.
    fn leave(&mut self, word: &'static str, zone: &str, subnet: &Value) -> usize {
        let at = self.now.iter().position(|other| other == subnet).unwrap_or(self.now.len());
        let to = self.now.iter().filter(|other| *other != subnet).cloned().collect();
        self.go(word, zone, subnet, false, to);
        at
    }

    fn go(&mut self, word: &'static str, zone: &str, subnet: &Value, enters: bool, to: Vec<Value>) {
        let from = std::mem::replace(&mut self.now, to.clone());
        self.turns.push(Turn { word, zone: zone.to_owned(), subnet: subnet.clone(), enters, from, to });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn exchange(zone: &str) -> Exchange {
        Exchange { zone: zone.to_owned(), old: json!(format!("old-{zone}")), new: json!(format!("new-{zone}")) }
    }

    fn sets(turns: &[Turn]) -> Vec<Value> {
        turns.iter().map(|turn| json!(turn.to)).collect()
    }

    #[test]
    fn one_zone_after_the_other_and_never_two_subnets_of_one() {
        let now = [json!("old-a"), json!("old-b"), json!("kept-c")];
        let turns = turns(&now, &[exchange("a"), exchange("b")], None);
        let expected = [
            json!(["old-b", "kept-c"]),
            json!(["new-a", "old-b", "kept-c"]),
            json!(["new-a", "kept-c"]),
            json!(["new-a", "new-b", "kept-c"]),
        ];
        assert_eq!(sets(&turns), expected);
        assert!(turns.windows(2).all(|pair| pair[0].to == pair[1].from));
    }

    #[test]
    fn out_of_a_single_zone_by_a_detour() {
        let (now, other) = ([json!("old-a")], json!("new-b"));
        let turns = turns(&now, &[exchange("a")], Some(("b", &other)));
        assert_eq!(sets(&turns), [json!(["old-a", "new-b"]), json!(["new-b"]), json!(["new-a", "new-b"]), json!(["new-a"])]);
        let words: Vec<_> = turns.iter().map(|turn| (turn.word, turn.enters)).collect();
        assert_eq!(words, [("detour", true), ("leave", false), ("enter", true), ("detour-end", false)]);
        assert!(turns.iter().all(|turn| !turn.to.is_empty()));
    }
}
