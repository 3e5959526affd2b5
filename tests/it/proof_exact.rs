//! The proof against a naive enumerator: every set of steps that the plan's edges allow, each really played on the simulated
//! account, every flow asked in each.

use std::collections::{BTreeMap, BTreeSet};

use hikkoshi::model::flow::{End, Flow};
use hikkoshi::model::step::{Stage, Step};
use hikkoshi::plan::{Plan, intent, prove};
use hikkoshi::reach::{By, Fabric, Question, Side, View, ask_briefly};
use hikkoshi::world::play::Player;

use crate::support::account::{Docs, network};
use crate::support::lab::{flows_of, head, plan_of};

/// A small account whose workloads keep their ids on the way: a server and a database that flip.
pub fn small() -> Docs {
    let mut docs = network(&["a"]);
    docs.security();
    docs.instance("web", "a", &["sg-default-all"]);
    docs.subnet_group("prod", &["a"]);
    docs.database("pg", "prod", &["a"]);
    docs
}

/// Further lines of its intent.
pub const FURTHER: &str = "session_manager: off\nnat: single\nendpoints: {gateway: []}\nworkloads: [{name: web, strategy: flip}]";

fn questions(fabric: &Fabric, flow: &Flow) -> Vec<Question> {
    let sides = |end: &End| match end {
        End::Resource(id) => fabric.nodes(id).into_iter().map(Side::Node).collect(),
        End::Internet => vec![Side::Internet],
        End::Service(name) => vec![Side::Service(name.clone())],
        End::Range(_) => Vec::new(),
    };
    let mut out = Vec::new();
    for from in sides(&flow.from) {
        for to in sides(&flow.to) {
            let (protocol, port) = (flow.ports.protocol.clone(), flow.ports.from);
            out.push(Question { from: from.clone(), to, protocol, port, by: By::Private });
        }
    }
    out
}

/// The flows that are cut in some state, by name; and how many states there are.
fn naively(docs: &Docs, plan: &Plan, flows: &[Flow]) -> (BTreeSet<String>, usize) {
    let steps: Vec<&Step> = plan.steps.iter().filter(|step| step.stage != Stage::Cleanup).collect();
    let place: BTreeMap<&str, usize> = steps.iter().enumerate().map(|(at, step)| (step.id.as_str(), at)).collect();
    let before = |at: usize, done: u64| {
        let needs = steps[at].needs.iter().all(|need| done & (1 << place[need.step.as_str()]) != 0);
        needs && steps.iter().enumerate().all(|(other, step)| step.stage >= steps[at].stage || done & (1 << other) != 0)
    };
    let start = Fabric::new(docs.account().resources.values());
    let works: Vec<bool> = flows.iter().map(|flow| questions(&start, flow).iter().any(|q| ask_briefly(&start, q).is_ok())).collect();
    let mut layer: BTreeMap<u64, Player> = BTreeMap::from([(0, Player::new(docs.account()))]);
    let (mut cut, mut states) = (BTreeSet::new(), 0);
    while !layer.is_empty() {
        let mut above: BTreeMap<u64, Player> = BTreeMap::new();
        for (done, player) in layer {
            states += 1;
            let fabric = Fabric::new(player.account().resources.values());
            for (flow, _) in flows.iter().zip(&works).filter(|(_, works)| **works) {
                if questions(&fabric, flow).iter().any(|question| ask_briefly(&fabric, question).is_err()) {
                    cut.insert(prove::words::flow_words(&docs.inventory(), flow));
                }
            }
            for at in (0..steps.len()).filter(|at| done & (1 << at) == 0 && before(*at, done)) {
                above.entry(done | 1 << at).or_insert_with(|| {
                    let mut player = player.clone();
                    player.step(steps[at]).unwrap_or_else(|stuck| panic!("{}: {}", stuck.step, stuck.why));
                    player
                });
            }
        }
        layer = above;
    }
    (cut, states)
}

fn proved(docs: &Docs, plan: &Plan, flows: &[Flow]) -> BTreeSet<String> {
    let intent = intent::parse(&format!("{}{FURTHER}", head())).expect("an intent");
    let proof = prove::again(plan, &intent, &docs.inventory(), None).expect("a proof");
    let names: BTreeSet<String> = flows.iter().map(|flow| prove::words::flow_words(&docs.inventory(), flow)).collect();
    let broken = proof.broken.into_iter().filter(|example| !example.on_the_way_back && !example.why.starts_with("what is open"));
    broken.map(|example| example.what).filter(|what| names.contains(what)).collect()
}

/// What somebody did to a plan.
type Edit<'e> = &'e dyn Fn(&mut Plan);

#[test]
fn the_proof_finds_what_a_naive_enumeration_of_all_states_finds() {
    let docs = small();
    let (plan, flows) = (plan_of(&docs, FURTHER), flows_of(&docs, FURTHER));
    assert!(plan.steps.iter().filter(|step| step.stage != Stage::Cleanup).count() <= 40, "small");
    let edits: [(&str, Edit<'_>); 4] = [
        ("as planned", &|_| {}),
        ("the database's group is taken off before the server wears its own", &|plan| {
            let off = plan.steps.iter_mut().find(|step| step.id == "pg-groups-beside").expect("beside");
            let groups = off.call.parameters.get_mut("VpcSecurityGroupIds").and_then(|groups| groups.as_array_mut()).expect("groups");
            groups.retain(|group| group.as_str().is_some_and(|group| group.starts_with("${")));
            off.wait.clear();
            off.verify.clear();
        }),
        ("the way out comes after the turn", &|plan| {
            let route = plan.steps.iter_mut().find(|step| step.id == "route-private-a-default").expect("the route");
            route.stage = Stage::Tighten;
            plan.steps.sort_by_key(|step| step.stage);
        }),
        ("nothing orders the turn and the way out", &|plan| {
            let route = plan.steps.iter_mut().find(|step| step.id == "route-private-a-default").expect("the route");
            route.stage = Stage::Data;
            plan.steps.sort_by_key(|step| step.stage);
        }),
    ];
    for (what, edit) in edits {
        let mut edited = plan.clone();
        edit(&mut edited);
        let (cut, states) = naively(&docs, &edited, &flows);
        assert_eq!(proved(&docs, &edited, &flows), cut, "{what}, {states} states");
        assert_eq!(cut.is_empty(), what == "as planned", "{what}");
        assert!(states > 50, "{what}: {states} states");
    }
}
