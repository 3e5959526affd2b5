//! What must hold of every network, whatever is drawn; and the command.

use std::cell::RefCell;
use std::collections::BTreeSet;

use hikkoshi::model::id::Id;
use hikkoshi::model::network::Protocol;
use hikkoshi::reach::{By, Fabric, Fact, Key, Question, Side, Verdict, View, ask, ask_briefly, facts, stands};
use proptest::prelude::*;

use crate::kernel::draw::{Drawn, HOSTS, NODES, PORTS};
use crate::support::command::Hikkoshi;
use crate::support::source::root;

/// A view that notes what is asked for.
struct Noted<'f> {
    fabric: &'f Fabric,
    asked: RefCell<BTreeSet<Key>>,
}

impl View for Noted<'_> {
    fn fact(&self, key: &Key) -> Option<&Fact> {
        self.asked.borrow_mut().insert(key.clone());
        self.fabric.fact(key)
    }

    fn endpoints(&self, service: &str) -> Vec<Id> {
        self.fabric.endpoints(service)
    }

    fn nodes(&self, owner: &Id) -> Vec<Id> {
        self.fabric.nodes(owner)
    }
}

fn questions() -> Vec<Question> {
    let node = |at: usize| Side::Node(Id::new(format!("eni-n{at}")));
    let mut ends: Vec<(Side, Side)> = Vec::new();
    for at in 0..NODES {
        ends.extend((0..NODES).filter(|other| *other != at).map(|other| (node(at), node(other))));
        ends.extend([(Side::Internet, node(at)), (node(at), Side::Internet), (node(at), Side::Address(HOSTS[0].into()))]);
        ends.push((node(at), Side::Service("s3".to_owned())));
    }
    let by = |(from, to): &(Side, Side)| {
        [By::Private, By::Public].map(|by| Question { from: from.clone(), to: to.clone(), protocol: Protocol::Tcp, port: PORTS[0], by })
    };
    ends.iter().flat_map(by).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The proof relies on it: an answer depends on the facts asked for, and on no other. Whatever resource tells none of them may
    /// be missing.
    #[test]
    fn an_answer_depends_on_what_was_asked_for_alone(seed in 0u64..100_000) {
        let resources = Drawn::from_seed(seed).net().resources();
        let fabric = Fabric::new(&resources);
        for question in questions() {
            let noted = Noted { fabric: &fabric, asked: RefCell::default() };
            let verdict = ask(&noted, &question);
            let asked = noted.asked.into_inner();
            let telling = resources.iter().filter(|resource| facts(resource).iter().any(|(key, _)| asked.contains(key)));
            let part = Fabric::new(telling);
            prop_assert_eq!(line(&ask(&part, &question)), line(&verdict), "{:?}", question);
        }
    }

    /// The brief answer is the long one.
    #[test]
    fn the_brief_answer_is_the_same(seed in 0u64..100_000) {
        let fabric = Drawn::from_seed(seed).net().fabric();
        for question in questions() {
            let long = match ask(&fabric, &question) {
                Verdict::Reached(_) => Ok(()),
                Verdict::Blocked(blocked) => Err(blocked.block),
            };
            prop_assert_eq!(ask_briefly(&fabric, &question), long);
        }
    }

    /// Where nothing changes, what could be opened stands.
    #[test]
    fn what_was_opened_stands_where_nothing_changes(seed in 0u64..100_000) {
        let fabric = Drawn::from_seed(seed).net().fabric();
        for question in questions() {
            prop_assert_eq!(line(&stands(&fabric, &fabric, &question)), line(&ask(&fabric, &question)), "{:?}", question);
        }
    }
}

fn line(verdict: &Verdict) -> String {
    crate::support::net::line(verdict)
}

/// The command on the worked example: the way, the obstacle, the exit status.
#[test]
fn the_command_tells_the_way_or_the_obstacle() {
    let hikkoshi = Hikkoshi::offline(&root());
    let open = hikkoshi.run(&["reach", "story", "--from", "app-1", "--to", "pg-single"]).expect_code(0);
    for part in ["app-1 → pg-single, tcp 5432: reached", "default-all lets in tcp 5432: rule all traffic 0.0.0.0/0"] {
        assert!(open.stdout.contains(part), "no \"{part}\" in\n{}", open.stdout);
    }
    let lambda = hikkoshi.run(&["reach", "story", "--from", "orders", "--to", "internet", "--port", "443"]).expect_code(3);
    assert!(lambda.stdout.contains("orders has no public address, so internet gateway prod drops its packets"), "{}", lambda.stdout);
    let json = hikkoshi.run(&["reach", "story", "--from", "internet", "--to", "app", "--port", "22", "--json"]).expect_code(3);
    let answer: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!((&answer["reached"], &answer["pairs"][0]["block"]), (&false.into(), &"group-in".into()));
}

/// What it does not know it says, with what may have been meant.
#[test]
fn an_unknown_name_is_refused_with_the_nearest() {
    let hikkoshi = Hikkoshi::offline(&root());
    let run = |arguments: &[&str]| hikkoshi.run(arguments).expect_code(2).stderr;
    assert!(run(&["reach", "story", "--from", "bastoin", "--to", "app-1", "--port", "22"]).contains("is bastion meant?"));
    assert!(run(&["reach", "story", "--from", "bastion", "--to", "app-1"]).contains("nobody knows on which ports app-1 listens"));
    assert!(run(&["reach", "story", "--from", "bastion", "--to", "app-1", "--protocol", "tpc"]).contains("--protocol tpc"));
}
