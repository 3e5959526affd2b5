//! The column of security groups, and the legend.

use std::collections::BTreeMap;

use super::paint::{Paint, Rect};
use super::text::fitted;
use crate::graph::render::{Detail, scene::Scene};
use crate::model::facet::Role;
use crate::model::id::Id;
use crate::model::network::{Peer, Rule, is_world};

const WIDTH: f64 = 300.0;
const HEAD: f64 = 34.0;
const NAME_H: f64 = 38.0;
const RULE_H: f64 = 15.0;
pub const LEGEND_H: f64 = 44.0;
pub const LEGEND_W: f64 = 1230.0;

struct Entry<'a> {
    id: &'a Id,
    name: &'a str,
    worn_by: usize,
    /// Rules as text, and whether each lets the world in.
    rules: Vec<(String, bool)>,
}

/// The groups with their numbers: the most worn first.
pub struct Key<'a> {
    at: (f64, f64),
    entries: Vec<Entry<'a>>,
    numbers: BTreeMap<&'a Id, usize>,
}

impl<'a> Key<'a> {
    pub fn of(scene: &Scene<'a>, x: f64, y: f64) -> Key<'a> {
        let mut worn: BTreeMap<&Id, usize> = BTreeMap::new();
        for resource in scene.inventory.resources.values().filter(|r| r.role != Role::Interface) {
            resource.groups().iter().for_each(|group| *worn.entry(group).or_default() += 1);
        }
        let mut groups = scene.groups.clone();
        groups.sort_by_key(|node| (std::cmp::Reverse(worn.get(&node.id).copied().unwrap_or(0)), &node.name, &node.id));
        let numbers: BTreeMap<&Id, usize> = groups.iter().enumerate().map(|(n, node)| (&node.id, n)).collect();
        let entry = |node: &&'a crate::graph::Node| Entry {
            id: &node.id,
            name: &node.name,
            worn_by: worn.get(&node.id).copied().unwrap_or(0),
            rules: rules(scene, &node.id, &numbers),
        };
        Key { at: (x, y), entries: groups.iter().map(entry).collect(), numbers }
    }

    /// The number of a group, counted from 0.
    pub fn number(&self, group: &Id) -> Option<usize> {
        self.numbers.get(group).copied()
    }

    pub fn width(&self) -> f64 {
        WIDTH
    }

    pub fn height(&self) -> f64 {
        HEAD + 12.0 + self.entries.iter().map(Entry::height).sum::<f64>()
    }

    pub fn draw(&self, paint: &mut Paint) {
        let (x, mut y) = self.at;
        paint.rect("side", Rect { x, y, w: WIDTH, h: self.height() }, 8.0);
        paint.text("subnet", x + 14.0, y + 23.0, "Security groups");
        y += HEAD;
        for (n, entry) in self.entries.iter().enumerate() {
            entry.draw(paint, n, x, y);
            y += entry.height();
        }
        if self.entries.is_empty() {
            paint.text("way", x + 14.0, y + 6.0, "none");
        }
    }
}

impl Entry<'_> {
    fn height(&self) -> f64 {
        NAME_H + RULE_H * self.rules.len() as f64
    }

    fn draw(&self, paint: &mut Paint, n: usize, x: f64, y: f64) {
        let worn = match self.worn_by {
            0 => "worn by nothing here".to_owned(),
            1 => "worn by 1 thing".to_owned(),
            many => format!("worn by {many} things"),
        };
        let rules: Vec<&str> = self.rules.iter().map(|(text, _)| text.as_str()).collect();
        paint.titled(&format!("{} {}\n{worn}\n{}", self.name, self.id, rules.join("\n")), |paint| {
            paint.badge(n, x + 22.0, y + 12.0);
            paint.text("name", x + 38.0, y + 16.5, &fitted(self.name, 13.5, WIDTH - 50.0));
            paint.text("kind", x + 38.0, y + 31.0, &worn);
            for (line, (rule, hot)) in self.rules.iter().enumerate() {
                let class = if *hot { "hot" } else { "kind" };
                paint.text(class, x + 38.0, y + 45.5 + RULE_H * line as f64, &fitted(rule, 11.5, WIDTH - 50.0));
            }
        });
    }
}

/// What a group lets in: in an overview only what comes from the world.
fn rules(scene: &Scene<'_>, id: &Id, numbers: &BTreeMap<&Id, usize>) -> Vec<(String, bool)> {
    let ingress =
        scene.inventory.get(id).and_then(|group| group.facets.rules.as_ref()).map(|rules| rules.ingress.as_slice()).unwrap_or_default();
    let wide = |rule: &Rule| matches!(&rule.peer, Peer::Cidr(net) if is_world(net));
    let mut lines: Vec<(bool, String)> = ingress
        .iter()
        .filter(|rule| scene.detail == Detail::All || wide(rule))
        .map(|rule| {
            let from = match &rule.peer {
                Peer::Group(group) => match numbers.get(group) {
                    Some(n) => format!("group {} {}", n + 1, scene.inventory.name(group)),
                    None => group.to_string(),
                },
                other => other.to_string(),
            };
            (!wide(rule), format!("{} from {from}", rule.ports))
        })
        .collect();
    lines.sort();
    lines.dedup();
    lines.into_iter().map(|(narrow, text)| (text, !narrow)).collect()
}

/// What the marks mean.
pub fn legend(paint: &mut Paint, x: f64, y: f64) {
    let mut x = x;
    for (class, word, room) in [
        ("public", "public subnet: routes to the internet gateway", 310.0),
        ("private", "private subnet", 130.0),
        ("bar", "may sit in any subnet under the bar", 250.0),
    ] {
        paint.rect(class, Rect { x, y: y + 2.0, w: 22.0, h: 14.0 }, 3.0);
        paint.text("kind", x + 29.0, y + 13.0, word);
        x += room;
    }
    paint.badge(0, x + 8.0, y + 9.0);
    paint.text("kind", x + 22.0, y + 13.0, "wears this security group");
    x += 180.0;
    paint.text("hot", x, y + 13.0, "public");
    paint.text("kind", x + 40.0, y + 13.0, "has a public address");
    x += 170.0;
    paint.arrow(0, &[(x, y + 9.0), (x + 26.0, y + 9.0)]);
    paint.text("kind", x + 33.0, y + 13.0, "balancer to target");
}
