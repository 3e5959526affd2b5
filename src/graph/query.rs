//! Questions to a graph, and the order of things that need each other.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use petgraph::Direction;
use petgraph::algo::kosaraju_scc;
use petgraph::graph::NodeIndex;

use super::{Graph, Link, Node};
use crate::model::id::Id;

/// Things that depend on each other in a circle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle {
    /// All of them, in the order of their ids.
    pub members: Vec<Id>,
    /// Whether the circle is nothing but security groups whose rules name each other, or one that names itself: normal,
    /// and harmless to whoever makes groups first and rules afterwards.
    pub groups_only: bool,
}

impl Graph {
    /// What a thing depends on, directly and through others, in the order of the ids.
    pub fn needs(&self, id: &Id) -> Vec<&Node> {
        self.reach(id, Direction::Outgoing)
    }

    /// What depends on a thing, directly and through others, in the order of the ids.
    pub fn dependents(&self, id: &Id) -> Vec<&Node> {
        self.reach(id, Direction::Incoming)
    }

    fn reach(&self, id: &Id, direction: Direction) -> Vec<&Node> {
        let Some(start) = self.index.get(id) else { return Vec::new() };
        let mut seen: BTreeSet<NodeIndex> = BTreeSet::new();
        let mut queue = VecDeque::from([*start]);
        while let Some(at) = queue.pop_front() {
            queue.extend(self.inner.neighbors_directed(at, direction).filter(|next| seen.insert(*next)));
        }
        seen.remove(start);
        seen.into_iter().map(|index| &self.inner[index]).collect()
    }

    /// All circles, in the order of their first members.
    pub fn cycles(&self) -> Vec<Cycle> {
        let circles = kosaraju_scc(&self.inner).into_iter().filter(|part| part.len() > 1 || self.inner.contains_edge(part[0], part[0]));
        let mut cycles: Vec<Cycle> = circles.map(|part| self.cycle(part)).collect();
        cycles.sort_by(|a, b| a.members.cmp(&b.members));
        cycles
    }

    fn cycle(&self, mut part: Vec<NodeIndex>) -> Cycle {
        part.sort();
        let inside: BTreeSet<NodeIndex> = part.iter().copied().collect();
        let groups_only = part.iter().all(|at| {
            let mut edges = self.inner.edges(*at);
            edges.all(|edge| edge.weight().link == Link::Admits || !inside.contains(&petgraph::visit::EdgeRef::target(&edge)))
        });
        Cycle { members: part.into_iter().map(|index| self.inner[index].id.clone()).collect(), groups_only }
    }
}

/// Sorts steps, given as (id, ids that it needs), into layers: each layer needs only earlier ones. Within a layer the
/// input's order stays, so the same input gives the same answer. A need that no step provides counts as given.
///
/// # Errors
/// The ids on one circle: each needs the next, and the last needs the first.
pub fn order<'a>(steps: impl Iterator<Item = (&'a str, Vec<&'a str>)>) -> Result<Vec<Vec<usize>>, Vec<String>> {
    let steps: Vec<(&str, Vec<&str>)> = steps.collect();
    let place: BTreeMap<&str, usize> = steps.iter().enumerate().map(|(at, (id, _))| (*id, at)).collect();
    let needs: Vec<BTreeSet<usize>> =
        steps.iter().map(|(_, needs)| needs.iter().filter_map(|id| place.get(id).copied()).collect()).collect();
    let mut needed_by: Vec<Vec<usize>> = vec![Vec::new(); steps.len()];
    for (at, needs) in needs.iter().enumerate() {
        needs.iter().for_each(|need| needed_by[*need].push(at));
    }
    let mut open: Vec<usize> = needs.iter().map(BTreeSet::len).collect();
    let mut layer: Vec<usize> = (0..steps.len()).filter(|at| open[*at] == 0).collect();
    let mut layers = Vec::new();
    while !layer.is_empty() {
        let mut next = Vec::new();
        for later in layer.iter().flat_map(|at| &needed_by[*at]) {
            open[*later] -= 1;
            if open[*later] == 0 {
                next.push(*later);
            }
        }
        next.sort_unstable();
        layers.push(std::mem::replace(&mut layer, next));
    }
    match open.iter().position(|left| *left > 0) {
        None => Ok(layers),
        Some(start) => Err(circle(start, &needs, &open).into_iter().map(|at| steps[at].0.to_owned()).collect()),
    }
}

/// Every step that was never reached needs another such step: following the first of them ends in a circle.
fn circle(start: usize, needs: &[BTreeSet<usize>], open: &[usize]) -> Vec<usize> {
    let mut path = Vec::new();
    let mut place: BTreeMap<usize, usize> = BTreeMap::new();
    let mut at = start;
    while !place.contains_key(&at) {
        place.insert(at, path.len());
        path.push(at);
        at = needs[at].iter().copied().find(|need| open[*need] > 0).unwrap_or(at);
    }
    let mut circle = path.split_off(place[&at]);
    let first = circle.iter().enumerate().min_by_key(|(_, step)| **step).map_or(0, |(position, _)| position);
    circle.rotate_left(first);
    circle
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(steps: &[(&str, &[&str])]) -> Result<Vec<Vec<usize>>, Vec<String>> {
        order(steps.iter().map(|(id, needs)| (*id, needs.to_vec())))
    }

    #[test]
    fn steps_come_in_layers_and_keep_their_order_within_a_layer() {
        let check = |steps: &[(&str, &[&str])], expected: &[&[usize]]| {
            let expected: Vec<Vec<usize>> = expected.iter().map(|layer| layer.to_vec()).collect();
            assert_eq!(sorted(steps), Ok(expected), "{steps:?}");
        };
        check(&[], &[]);
        check(&[("b", &[]), ("a", &[])], &[&[0, 1]]);
        check(&[("c", &["b"]), ("b", &["a"]), ("a", &[])], &[&[2], &[1], &[0]]);
        check(&[("z", &["a"]), ("a", &[]), ("y", &["a", "a"]), ("b", &["elsewhere"])], &[&[1, 3], &[0, 2]]);
        check(&[("top", &["l", "r"]), ("r", &["base"]), ("l", &["base"]), ("base", &[])], &[&[3], &[1, 2], &[0]]);
    }

    #[test]
    fn a_circle_is_named_in_order() {
        let check = |steps: &[(&str, &[&str])], expected: &[&str]| {
            assert_eq!(sorted(steps), Err(expected.iter().map(|id| (*id).to_owned()).collect()), "{steps:?}");
        };
        check(&[("a", &["a"])], &["a"]);
        check(&[("a", &["b"]), ("b", &["a"])], &["a", "b"]);
        check(&[("before", &["c"]), ("c", &["a"]), ("a", &["b"]), ("b", &["c"])], &["c", "a", "b"]);
        check(&[("free", &[]), ("x", &["free", "y"]), ("y", &["x"])], &["x", "y"]);
    }

    #[test]
    fn a_hundred_thousand_steps_in_a_row_are_no_trouble() {
        let ids: Vec<String> = (0..100_000).map(|n| n.to_string()).collect();
        let steps = ids.iter().enumerate().map(|(at, id)| (id.as_str(), at.checked_sub(1).map(|n| ids[n].as_str()).into_iter().collect()));
        assert_eq!(order(steps).map(|layers| layers.len()), Ok(100_000));
    }
}
