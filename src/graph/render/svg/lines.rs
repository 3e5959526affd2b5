//! The lines: internet to gateway to balancer to target. Lines come down in the lane at the left of a box.

use std::collections::{BTreeMap, BTreeSet};

use super::layout::Layout;
use super::paint::{Paint, Rect};
use crate::graph::render::scene::Scene;
use crate::graph::{Link, Node};
use crate::model::id::Id;

pub fn draw(paint: &mut Paint, scene: &Scene<'_>, layout: &Layout<'_>) {
    let (x, _) = layout.internet.middle();
    paint.line(&[(x, layout.internet.bottom()), (x, layout.vpc.y)]);
    entrances(paint, scene, layout);
    let places = places(layout);
    let behind = behind(scene);
    for (n, (balancer, from)) in layout.door.iter().enumerate() {
        let targets = behind.get(&balancer.id).into_iter().flatten();
        targets.flat_map(|id| places.get(id).into_iter().flatten()).for_each(|to| paint.arrow(n, &route(layout, n, *from, *to)));
    }
}

/// From the gateway to the balancers that the internet can reach.
fn entrances(paint: &mut Paint, scene: &Scene<'_>, layout: &Layout<'_>) {
    let Some((_, gateway)) = layout.gateway else { return };
    let open = |node: &Node| scene.inventory.get(&node.id).and_then(|r| r.facets.balancing.as_ref()).is_some_and(|b| b.internet_facing);
    for (_, at) in layout.door.iter().filter(|(node, _)| open(node)) {
        let (x, bend) = (at.middle().0, gateway.bottom() + 12.0);
        paint.line(&[(gateway.middle().0, gateway.bottom()), (gateway.middle().0, bend), (x, bend), (x, at.y)]);
    }
}

fn places<'a>(layout: &Layout<'a>) -> BTreeMap<&'a Id, Vec<Rect>> {
    let mut places: BTreeMap<&Id, Vec<Rect>> = BTreeMap::new();
    let bars = layout.bars.iter().map(|bar| (bar.node, bar.at));
    for (node, at) in layout.boxes.iter().copied().chain(bars) {
        places.entry(&node.id).or_default().push(at);
    }
    places
}

/// For each balancer the targets of its target groups.
fn behind<'a>(scene: &Scene<'a>) -> BTreeMap<&'a Id, BTreeSet<&'a Id>> {
    let pairs = |link: Link| scene.arrows.iter().filter(move |arrow| arrow.link == link).map(|arrow| (&arrow.from.id, &arrow.to.id));
    let mut members: BTreeMap<&Id, BTreeSet<&Id>> = BTreeMap::new();
    for (group, target) in pairs(Link::Targets) {
        members.entry(group).or_default().insert(target);
    }
    let mut behind: BTreeMap<&Id, BTreeSet<&Id>> = BTreeMap::new();
    for (balancer, group) in pairs(Link::ForwardsTo) {
        behind.entry(balancer).or_default().extend(members.get(group).into_iter().flatten());
    }
    behind
}

/// Down from the balancer, along its own line under the door, down the lane, into the box.
fn route(layout: &Layout<'_>, n: usize, from: Rect, to: Rect) -> Vec<(f64, f64)> {
    let bus = layout.bus + 6.0 * (n % 8) as f64;
    let lane = to.x - 20.0 + 4.0 * (n % 4) as f64;
    let y = to.middle().1 + 4.0 * (n % 3) as f64 - 4.0;
    let x = from.x + 24.0;
    vec![(x, from.bottom()), (x, bus), (lane, bus), (lane, y), (to.x - 1.0, y)]
}
