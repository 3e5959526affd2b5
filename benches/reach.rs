//! How many questions a second `reach` answers, and what they allocate: `cargo bench --no-default-features --bench reach`;
//! `-- quick` stops at 1,000 workloads.
//!
//! Pairs of workloads are asked across the whole account, opened and not, and the internet to each. The rate must not fall as the
//! account grows: a question looks at the facts on its way alone.

mod support;

use std::alloc::System;

use hikkoshi::model::id::Id;
use hikkoshi::model::inventory::Inventory;
use hikkoshi::model::network::Protocol;
use hikkoshi::reach::{By, Fabric, Question, Side, View, ask, ask_briefly, stands_briefly};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use support::account::{Shape, inventory};
use support::measure;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const SIZES: [usize; 4] = [100, 1_000, 10_000, 30_000];
const QUESTIONS: usize = 100_000;

fn main() {
    let quick = std::env::args().any(|argument| argument == "quick");
    support::heading("reach");
    for (name, shape) in [("one shared group, all open", Shape::Shared), ("a group per workload, each naming the next", Shape::Chain)] {
        println!("\n{name}");
        println!("{:>9} {:>9} {:>9}   questions a second, allocations a question", "workloads", "resources", "facts ms");
        for size in SIZES.into_iter().filter(|size| !quick || *size <= 1_000) {
            row(&inventory(size, shape));
        }
    }
}

fn row(seen: &Inventory) {
    let (made, fabric) = measure(ALLOCATOR, 2, || Fabric::new(seen.all()));
    let movable: Vec<&Id> = seen.resources.values().filter(|r| r.is_movable()).map(|r| &r.id).collect();
    let nodes: Vec<Id> = movable.iter().flat_map(|id| fabric.nodes(id)).collect();
    println!("{:>9} {:>9} {:>9.1}", movable.len(), seen.resources.len(), made.ms);
    let pair = |at: usize| {
        let (from, to) = (&nodes[at * 7919 % nodes.len()], &nodes[(at * 104_729 + 1) % nodes.len()]);
        question(Side::Node(from.clone()), Side::Node(to.clone()))
    };
    let pairs: Vec<Question> = (0..QUESTIONS).map(pair).collect();
    let doors: Vec<Question> =
        (0..QUESTIONS).map(|at| question(Side::Internet, Side::Node(nodes[at * 7919 % nodes.len()].clone()))).collect();
    rate("pairs, briefly", &pairs, |question| ask_briefly(&fabric, question).is_ok());
    rate("pairs, in words", &pairs, |question| matches!(ask(&fabric, question), hikkoshi::reach::Verdict::Reached(_)));
    rate("pairs, what stands", &pairs, |question| stands_briefly(&fabric, &fabric, question).is_ok());
    rate("from the internet", &doors, |question| ask_briefly(&fabric, question).is_ok());
}

fn question(from: Side, to: Side) -> Question {
    Question { from, to, protocol: Protocol::Tcp, port: 5432, by: By::Private }
}

fn rate(what: &str, questions: &[Question], answer: impl Fn(&Question) -> bool) {
    let (cost, reached) = measure(ALLOCATOR, 3, || questions.iter().filter(|question| answer(question)).count());
    let (rate, each) = (questions.len() as f64 / cost.ms * 1000.0, cost.allocations as f64 / questions.len() as f64);
    println!("{:>31} {what:<20} {rate:>9.0} /s  {each:>5.1}   ({:.0} % reached)", "", reached as f64 * 100.0 / questions.len() as f64);
}
