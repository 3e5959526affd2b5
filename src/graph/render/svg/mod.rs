//! A picture for a meeting, drawn without Graphviz: the internet above, balancers at the VPC's door, zones as columns,
//! public subnets warm and private ones cool, what may sit in several subnets as a bar across them, groups beside.
//!
//! The way of an AWS network diagram is fixed (zones are columns, tiers are rows), so the layout is a grid and not a
//! graph layout: linear, the same every time, and readable with 500 things.

mod boxes;
mod key;
mod layout;
mod lines;
mod paint;
mod text;

use super::scene::Scene;
use layout::{Layout, MARGIN};
use paint::Paint;

pub fn render(scene: &Scene<'_>) -> String {
    let layout = Layout::of(scene);
    let key = key::Key::of(scene, layout.vpc.right() + MARGIN, layout.vpc.y);
    let width = layout.vpc.right() + MARGIN + key.width() + MARGIN;
    let height = layout.bottom().max(layout.vpc.y + key.height()) + MARGIN + key::LEGEND_H;
    let mut paint = Paint::begin(width.max(key::LEGEND_W), height, &title(scene));
    heading(&mut paint, scene);
    boxes::draw(&mut paint, scene, &layout, &key);
    key.draw(&mut paint);
    key::legend(&mut paint, MARGIN, height - key::LEGEND_H);
    paint.end()
}

fn title(scene: &Scene<'_>) -> String {
    let vpc = &scene.inventory.vpc;
    let name = scene.inventory.name(vpc);
    if name == vpc.as_str() { name.to_owned() } else { format!("{name} ({vpc})") }
}

fn heading(paint: &mut Paint, scene: &Scene<'_>) {
    let inventory = scene.inventory;
    let ranges = inventory.network().map(|vpc| vpc.facets.ranges.join(", ")).unwrap_or_default();
    paint.text("title", MARGIN, MARGIN + 18.0, &title(scene));
    let place = format!("account {} · {} · {ranges} · seen {}", inventory.account, inventory.region, inventory.taken_at);
    paint.text("sub", MARGIN, MARGIN + 40.0, &place);
    if !inventory.missing.is_empty() {
        let reads: Vec<&str> = inventory.missing.iter().map(|missing| missing.operation.as_str()).collect();
        paint.text("warn", MARGIN, MARGIN + 58.0, &format!("incomplete: could not look at {}", reads.join(", ")));
    }
}
