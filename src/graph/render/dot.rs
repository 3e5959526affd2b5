//! Graphviz: VPC around zones around subnets.

use std::fmt::Write;

use super::scene::{Plot, Scene};
use crate::graph::{Link, Node};
use crate::model::facet::Role;

pub fn render(scene: &Scene<'_>) -> String {
    let mut out = String::from("digraph hikkoshi {\n");
    let title = format!("{} {} in {}, {}", scene.inventory.vpc, scene.inventory.account, scene.inventory.region, scene.inventory.taken_at);
    let _ = writeln!(out, "  graph [compound=true, rankdir=LR, fontname=\"Helvetica\", labelloc=t, label={}];", quoted(&title));
    out.push_str("  node [shape=box, style=\"rounded,filled\", fillcolor=white, fontname=\"Helvetica\", fontsize=10];\n");
    out.push_str("  edge [fontname=\"Helvetica\", fontsize=8, color=\"#5b6675\"];\n");
    let _ = writeln!(
        out,
        "  subgraph \"cluster vpc\" {{\n    label={}; color=\"#8a94a6\";",
        quoted(scene.inventory.name(&scene.inventory.vpc))
    );
    for zone in &scene.zones {
        let _ = writeln!(
            out,
            "    subgraph {} {{\n      label={}; style=dashed;",
            quoted(&format!("cluster zone {}", zone.name)),
            quoted(zone.name)
        );
        zone.plots.iter().for_each(|plot| subnet(&mut out, plot));
        out.push_str("    }\n");
    }
    let spanning = scene.spanning.iter().map(|(node, _)| *node);
    spanning.chain(scene.loose.iter().copied()).chain(scene.groups.iter().copied()).for_each(|thing| node(&mut out, "    ", thing));
    out.push_str("  }\n");
    scene.outside.iter().for_each(|thing| node(&mut out, "  ", thing));
    for arrow in &scene.arrows {
        let style = match arrow.link {
            Link::Wears | Link::Admits => ", style=dotted",
            Link::SitsIn | Link::PlacedThrough => ", style=dashed",
            _ => "",
        };
        let why = quoted(&format!("{}: {}", arrow.link.name().replace('_', " "), arrow.reason));
        // Dotted and dashed lines say enough by themselves; ports and routes are read.
        let label =
            if matches!(arrow.link, Link::Wears | Link::SitsIn | Link::PlacedThrough) { String::new() } else { format!(", label={why}") };
        let _ = writeln!(out, "  {} -> {} [tooltip={why}{label}{style}];", quoted(arrow.from.id.as_str()), quoted(arrow.to.id.as_str()));
    }
    out.push_str("}\n");
    out
}

fn subnet(out: &mut String, plot: &Plot<'_>) {
    let (colour, fill, word) = if plot.public { ("#d9822b", "#fff1e0", "public") } else { ("#3b7dc4", "#e6f1fb", "private") };
    let id = plot.subnet.id.as_str();
    let range = plot.subnet.facets.ranges.first().map_or("", String::as_str);
    let _ = writeln!(out, "      subgraph {} {{", quoted(&format!("cluster subnet {id}")));
    let _ = writeln!(
        out,
        "        label={}; style=filled; color=\"{colour}\"; fillcolor=\"{fill}\";",
        quoted(&format!("{} ({word})", plot.subnet.name))
    );
    let _ =
        writeln!(out, "        {} [shape=plaintext, style=\"\", label={}];", quoted(id), quoted(&format!("{range}\nto {}", plot.way_out)));
    plot.residents.iter().for_each(|thing| node(out, "        ", thing));
    out.push_str("      }\n");
}

fn node(out: &mut String, indent: &str, node: &Node) {
    let look = match node.role {
        None => ", style=\"rounded,dashed\"",
        Some(Role::Group) => ", shape=component",
        Some(Role::Gateway | Role::Endpoint) => ", shape=cds",
        Some(Role::Balancer) => ", shape=trapezium",
        Some(_) => "",
    };
    let label = if node.name == node.id.as_str() {
        format!("{}\n{}", node.name, node.kind)
    } else {
        format!("{}\n{}\n{}", node.name, node.kind, node.id)
    };
    let _ = writeln!(out, "{indent}{} [label={}{look}];", quoted(node.id.as_str()), quoted(&label));
}

/// A quoted string of the DOT language: nothing in it can end it, and no `\N` of a name is expanded.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
