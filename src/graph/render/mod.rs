//! Pictures and data of a graph. Same inventory, same bytes.

mod dot;
mod json;
mod mermaid;
mod scene;
mod svg;

use super::Graph;
use crate::model::inventory::Inventory;

/// How much a picture shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// What a meeting wants to see: no interfaces, no ACLs, no rules.
    Overview,
    /// Everything.
    All,
}

/// For Graphviz.
pub fn dot(inventory: &Inventory, graph: &Graph, detail: Detail) -> String {
    dot::render(&scene::Scene::new(inventory, graph, detail))
}

/// A Mermaid flowchart, as GitHub shows it in Markdown.
pub fn mermaid(inventory: &Inventory, graph: &Graph, detail: Detail) -> String {
    mermaid::render(&scene::Scene::new(inventory, graph, detail))
}

/// A picture that needs no other program.
pub fn svg(inventory: &Inventory, graph: &Graph, detail: Detail) -> String {
    svg::render(&scene::Scene::new(inventory, graph, detail))
}

/// All nodes and arrows for other programs.
pub fn json(inventory: &Inventory, graph: &Graph) -> String {
    json::render(inventory, graph)
}

#[cfg(test)]
mod tests;
