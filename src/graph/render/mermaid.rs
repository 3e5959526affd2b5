//! A Mermaid flowchart with subgraphs.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::scene::Scene;
use crate::graph::{Link, Node};
use crate::model::facet::Role;
use crate::model::id::Id;

pub fn render(scene: &Scene<'_>) -> String {
    let mut page = Page { out: String::from("flowchart LR\n"), numbers: BTreeMap::new() };
    let vpc = scene.inventory.name(&scene.inventory.vpc);
    let _ = writeln!(page.out, "  subgraph vpc[\"{} {}\"]", escaped(vpc), escaped(&scene.inventory.region));
    for (z, zone) in scene.zones.iter().enumerate() {
        let _ = writeln!(page.out, "    subgraph zone{z}[\"{}\"]", escaped(zone.name));
        for plot in &zone.plots {
            let number = page.number(&plot.subnet.id);
            let _ = writeln!(page.out, "      subgraph n{number}[\"{}\"]", escaped(&subnet_label(plot)));
            plot.residents.iter().for_each(|node| page.node("        ", node));
            if plot.residents.is_empty() {
                let _ = writeln!(page.out, "        empty{number}[\" \"]:::empty");
            }
            let _ = writeln!(page.out, "      end\n      class n{number} {}", if plot.public { "public" } else { "private" });
        }
        page.out.push_str("    end\n");
    }
    let spanning = scene.spanning.iter().map(|(node, _)| *node);
    spanning.chain(scene.loose.iter().copied()).chain(scene.groups.iter().copied()).for_each(|node| page.node("    ", node));
    page.out.push_str("  end\n");
    scene.outside.iter().for_each(|node| page.node("  ", node));
    for arrow in &scene.arrows {
        let (from, to) = (page.number(&arrow.from.id), page.number(&arrow.to.id));
        let label = escaped(&format!("{}: {}", arrow.link.name().replace('_', " "), arrow.reason));
        let _ = match arrow.link {
            Link::Wears | Link::SitsIn | Link::PlacedThrough => writeln!(page.out, "  n{from} -.-> n{to}"),
            Link::Admits => writeln!(page.out, "  n{from} -.->|\"{label}\"| n{to}"),
            _ => writeln!(page.out, "  n{from} -->|\"{label}\"| n{to}"),
        };
    }
    page.out.push_str(
        "  classDef public fill:#fff1e0,stroke:#d9822b,color:#1c2430\n  classDef private fill:#e6f1fb,stroke:#3b7dc4,color:#1c2430\n",
    );
    page.out.push_str("  classDef empty fill:none,stroke:none\n");
    page.out
}

fn subnet_label(plot: &super::scene::Plot<'_>) -> String {
    let range = plot.subnet.facets.ranges.first().map_or("", String::as_str);
    format!("{} {range} {} to {}", plot.subnet.name, if plot.public { "public" } else { "private" }, plot.way_out)
}

struct Page<'a> {
    out: String,
    numbers: BTreeMap<&'a Id, usize>,
}

impl<'a> Page<'a> {
    /// Mermaid's ids are poor in characters: things are numbered as they appear.
    fn number(&mut self, id: &'a Id) -> usize {
        let next = self.numbers.len();
        *self.numbers.entry(id).or_insert(next)
    }

    fn node(&mut self, indent: &str, node: &'a Node) {
        let number = self.number(&node.id);
        let (open, close) = match node.role {
            Some(Role::Group) => ("{{", "}}"),
            Some(Role::Gateway | Role::Endpoint) => ("([", "])"),
            Some(Role::Balancer) => ("[/", "\\]"),
            Some(_) => ("[", "]"),
            None => ("(", ")"),
        };
        let _ = writeln!(self.out, "{indent}n{number}{open}\"{}<br/>{}\"{close}", escaped(&node.name), escaped(&node.kind));
    }
}

/// Text inside Mermaid's double quotes: what could end it, or mean Markdown or HTML, as an entity.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '"' | '#' | '<' | '>' | '&' | '`' | '%' | '\\' | '*' | ';' => {
                let _ = write!(out, "#{};", u32::from(c));
            }
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
