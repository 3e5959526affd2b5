//! The heaviest closed set: which of things that need each other weigh the most together.

use std::collections::BTreeMap;

use petgraph::algo::dinics;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

/// The most that a closed set takes away, and that set: with each thing it has in it all that precede it. What a thing adds
/// counts against it. Exact, by a greatest flow (Picard, "Maximal closure of a graph and applications to combinatorial problems", 1976).
pub fn heaviest(changes: &[(usize, i64)], precedes: &dyn Fn(usize, usize) -> bool) -> (i64, Vec<usize>) {
    let takes: u64 = changes.iter().filter(|(_, change)| *change < 0).map(|(_, change)| change.unsigned_abs()).sum();
    let mut graph: DiGraph<(), u64> = DiGraph::new();
    let (source, sink) = (graph.add_node(()), graph.add_node(()));
    let nodes: BTreeMap<usize, NodeIndex> = changes.iter().map(|(thing, _)| (*thing, graph.add_node(()))).collect();
    for (thing, change) in changes {
        let node = nodes[thing];
        match change.signum() {
            -1 => drop(graph.add_edge(source, node, change.unsigned_abs())),
            1 => drop(graph.add_edge(node, sink, change.unsigned_abs())),
            _ => {}
        }
        for (_, other) in nodes.iter().filter(|(first, _)| precedes(**first, *thing)) {
            graph.add_edge(node, *other, takes);
        }
    }
    let (cut, flows) = dinics(&graph, source, sink);
    let set = left_of_cut(&graph, source, &flows);
    let set = nodes.into_iter().filter(|(_, node)| set[node.index()]).map(|(thing, _)| thing).collect();
    (i64::try_from(takes - cut).unwrap_or(i64::MAX), set)
}

/// What can still be reached from the source beside a greatest flow.
fn left_of_cut(graph: &DiGraph<(), u64>, source: NodeIndex, flows: &[u64]) -> Vec<bool> {
    let mut seen = vec![false; graph.node_count()];
    let mut left = vec![source];
    while let Some(node) = left.pop() {
        if std::mem::replace(&mut seen[node.index()], true) {
            continue;
        }
        let on = graph.edges(node).filter(|edge| flows[edge.id().index()] < *edge.weight()).map(|edge| edge.target());
        let back = graph.edges_directed(node, petgraph::Incoming).filter(|edge| flows[edge.id().index()] > 0).map(|edge| edge.source());
        left.extend(on.chain(back));
    }
    seen
}
