//! Frames and boxes.

use super::key::Key;
use super::layout::{LANE, Layout, PAD};
use super::lines;
use super::paint::{Paint, Rect};
use super::text::{fitted, width};
use crate::graph::Node;
use crate::graph::render::scene::{Plot, Scene};
use crate::model::facet::Role;

/// Draws the frames, then the lines, then the boxes above them.
pub fn draw(paint: &mut Paint, scene: &Scene<'_>, layout: &Layout<'_>, key: &Key<'_>) {
    paint.rect("vpc", layout.vpc, 10.0);
    for (name, at) in &layout.zones {
        paint.rect("col", *at, 8.0);
        paint.text("zone", at.x + PAD + LANE, at.y + 20.0, &fitted(name, 13.0, at.w - 2.0 * PAD - LANE));
    }
    layout.plots.iter().for_each(|(plot, at)| draw_subnet(paint, plot, *at));
    layout.trays.iter().for_each(|at| paint.rect("tray", *at, 8.0));
    paint.rect("cloud", layout.internet, 17.0);
    let (x, y) = layout.internet.middle();
    paint.text("mid", x, y + 4.5, "Internet");
    lines::draw(paint, scene, layout);
    if let Some(y) = layout.beside_label {
        paint.text("zone", layout.vpc.x + PAD, y, "In no subnet");
    }
    let gateway = layout.gateway.iter().map(|(node, at)| (*node, *at));
    let boxes = gateway.chain(layout.door.iter().copied()).chain(layout.boxes.iter().copied()).chain(layout.beside.iter().copied());
    boxes.for_each(|(node, at)| draw_box(paint, scene, key, node, at, (1, true)));
    layout.bars.iter().for_each(|bar| draw_box(paint, scene, key, bar.node, bar.at, (bar.spans, bar.alone)));
}

fn draw_subnet(paint: &mut Paint, plot: &Plot<'_>, at: Rect) {
    let range = plot.subnet.facets.ranges.join(", ");
    let (class, word) = if plot.public { ("public", "public") } else { ("private", "private") };
    let tooltip = format!("{} {}\n{word}, {range}, default route: {}", plot.subnet.name, plot.subnet.id, plot.way_out);
    paint.titled(&tooltip, |paint| {
        paint.rect(class, at, 6.0);
        paint.text("subnet", at.x + LANE, at.y + 19.0, &fitted(&plot.subnet.name, 13.5, at.w - LANE - 10.0));
        paint.text("way", at.x + LANE, at.y + 36.0, &fitted(&format!("{word} · {range} → {}", plot.way_out), 11.0, at.w - LANE - 10.0));
    });
}

/// A thing: its name, what it is, and the badges of the groups that it wears.
fn draw_box(paint: &mut Paint, scene: &Scene<'_>, key: &Key<'_>, node: &Node, at: Rect, (spans, alone): (usize, bool)) {
    let mut groups: Vec<usize> =
        scene.inventory.get(&node.id).map_or(&[][..], |r| r.groups()).iter().filter_map(|id| key.number(id)).collect();
    groups.sort_unstable();
    let shown = groups.len().min(5);
    let badges = shown as f64 * 18.0;
    let (line, hot) = second_line(scene, node, spans);
    let strip = match node.role {
        Some(Role::Gateway | Role::Endpoint) => "#6b46c1",
        Some(Role::Balancer | Role::TargetGroup) => "#2c7a7b",
        Some(Role::Workload) => "#1c2430",
        _ => "#aab3c0",
    };
    let class = match node.role {
        None => "faint",
        Some(_) if spans > 1 && alone => "bar",
        Some(_) => "box",
    };
    paint.titled(&tooltip(scene, node, key), |paint| {
        paint.rect(class, at, 5.0);
        paint.block(strip, Rect { x: at.x, y: at.y + 6.0, w: 3.5, h: at.h - 12.0 }, 1.0);
        paint.text("name", at.x + 12.0, at.y + 18.5, &fitted(&node.name, 13.5, at.w - 20.0 - badges));
        for (n, group) in groups.iter().take(shown).enumerate() {
            paint.badge(*group, at.right() - 12.0 - (shown - 1 - n) as f64 * 18.0, at.y + 14.0);
        }
        let room = at.w - 22.0 - width(&hot, 11.5);
        let shown = fitted(&line, 11.0, room);
        paint.text("kind", at.x + 12.0, at.y + 35.0, &shown);
        if !hot.is_empty() {
            paint.text("hot", at.right() - 8.0 - width(&hot, 11.5), at.y + 35.0, &hot);
        }
    });
}

/// What it is, in small; and what should alarm.
fn second_line(scene: &Scene<'_>, node: &Node, spans: usize) -> (String, String) {
    let mut line = node.kind.replace('_', " ");
    let Some(resource) = scene.inventory.get(&node.id) else { return (line, String::new()) };
    let facets = &resource.facets;
    if spans > 1 {
        let is_placed = spans < resource.subnets().len();
        line = if is_placed { format!("{line} · in {spans} zones") } else { format!("{line} · {spans} subnets") };
    }
    if let Some(balancing) = &facets.balancing {
        let place = if balancing.internet_facing { "internet-facing" } else { "internal" };
        let ports: Vec<String> = balancing.listeners.iter().map(|ports| ports.from.to_string()).collect();
        let behind = balancing.target_groups.iter().filter_map(|id| scene.inventory.get(id)?.facets.targets.as_ref());
        let targets: usize = behind.chain(&facets.targets).map(|targets| targets.members.len()).sum();
        line = format!("{place} · {} → {targets} {}", ports.join(", "), if targets == 1 { "target" } else { "targets" });
    }
    if let Some(ip) = facets.private_addresses.first().filter(|_| spans == 1) {
        line = format!("{line} · {ip}");
    }
    let stopped = matches!(facets.state.as_str(), "stopped" | "inactive" | "failed");
    let hot =
        if facets.publicly_accessible || (resource.role == Role::Workload && !facets.public_addresses.is_empty()) { "public" } else { "" };
    (if stopped { format!("{line} · {}", facets.state) } else { line }, hot.to_owned())
}

fn tooltip(scene: &Scene<'_>, node: &Node, key: &Key<'_>) -> String {
    let mut lines = vec![node.name.clone(), format!("{} {}", node.kind, node.id)];
    if let Some(resource) = scene.inventory.get(&node.id) {
        if !resource.facets.state.is_empty() {
            lines.push(format!("state: {}", resource.facets.state));
        }
        lines.extend(resource.facets.balancing.iter().map(|balancing| format!("{} load balancer", balancing.flavour)));
        let subnets: Vec<&str> = resource.subnets().iter().map(|id| scene.inventory.name(id)).collect();
        if !subnets.is_empty() {
            lines.push(format!("subnets: {}", subnets.join(", ")));
        }
        lines.extend(resource.facets.public_addresses.iter().map(|address| format!("public address {}", address.ip)));
        lines.extend(resource.groups().iter().map(|id| match key.number(id) {
            Some(n) => format!("group {}: {} {id}", n + 1, scene.inventory.name(id)),
            None => format!("group {id}"),
        }));
    }
    lines.join("\n")
}
