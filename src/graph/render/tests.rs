//! All pictures, with names that try to break out of them.

use serde_json::json;

use super::*;
use crate::graph::build;
use crate::graph::sample::{group, inventory, named, placed, spine, subnet, table};

const HOSTILE: [&str; 6] = [
    "\"><script>alert(1)</script>",
    "it's \"quoted\" \\",
    "two\nlines\tand a tab",
    "引越しサーバー",
    "`#quot;` %% end;]",
    "bell\u{7}\u{1b}[31m\u{0}",
];

fn hostile() -> Inventory {
    let mut resources = vec![
        subnet("subnet-1", "eu-west-1a"),
        subnet("subnet-2", "eu-west-1b"),
        table("rtb-1", json!({ "internet_gateway": "igw-1" }), &[]),
        group("sg-1", &["tcp 22 0.0.0.0/0"]),
    ];
    for (n, name) in HOSTILE.iter().enumerate() {
        let subnets: &[&str] = if n % 2 == 0 { &["subnet-1"] } else { &["subnet-1", "subnet-2"] };
        resources.push(named(&format!("i-{n}"), name, "ec2_instance", "workload", placed(subnets, &["sg-1"])));
        resources.push(named(&format!("{name}-id"), name, "security_group", "group", json!({})));
    }
    inventory(resources)
}

#[test]
fn svg_stays_well_formed_whatever_things_are_called() {
    for detail in [Detail::Overview, Detail::All] {
        let inventory = hostile();
        let picture = svg(&inventory, &build(&inventory), detail);
        assert_eq!(well_formed(&picture), Ok(()));
        assert!(!picture.contains("<script"), "markup of a name got through");
        assert!(picture.contains("引越しサーバー"));
    }
}

/// Every `<` begins a tag of ours, tags are closed in order, attributes are quoted, and no control character is left.
fn well_formed(xml: &str) -> Result<(), String> {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = xml;
    if let Some(bad) = xml.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
        return Err(format!("control character {bad:?}"));
    }
    while let Some(start) = rest.find('<') {
        let end = rest[start..].find('>').ok_or("a tag does not end")? + start;
        let tag = &rest[start + 1..end];
        if !tag.matches('"').count().is_multiple_of(2) {
            return Err(format!("quotes do not match in <{tag}>"));
        }
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
        match (tag.starts_with('/'), tag.ends_with('/')) {
            (true, _) if open.pop() != Some(name) => return Err(format!("</{name}> closes something else")),
            (false, false) => open.push(name),
            _ => {}
        }
        if !["svg", "title", "style", "marker", "path", "rect", "text", "g", "circle"].contains(&name) {
            return Err(format!("<{name}> is none of our tags"));
        }
        rest = &rest[end + 1..];
    }
    if open.is_empty() { Ok(()) } else { Err(format!("{open:?} are not closed")) }
}

#[test]
fn dot_strings_end_where_we_end_them() {
    let inventory = hostile();
    let picture = dot(&inventory, &build(&inventory), Detail::All);
    for line in picture.lines() {
        let mut quotes = 0;
        let mut chars = line.chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' => drop(chars.next()),
                '"' => quotes += 1,
                _ => {}
            }
        }
        assert_eq!(quotes % 2, 0, "{line}");
        assert!(line.ends_with(['{', '}', ';']), "a name broke the line: {line}");
    }
}

#[test]
fn mermaid_labels_hold_no_character_that_means_something() {
    let inventory = hostile();
    let picture = mermaid(&inventory, &build(&inventory), Detail::All);
    for line in picture.lines() {
        assert!(matches!(line.matches('"').count(), 0 | 2), "{line}");
        let label = line.split('"').nth(1).unwrap_or_default().replace("<br/>", "");
        assert!(!label.contains(['<', '>', '`', '\\', '&']), "{line}");
    }
    assert!(picture.contains("引越しサーバー"));
}

#[test]
fn the_same_inventory_gives_the_same_pictures() {
    let (one, two) = (spine(), spine());
    for detail in [Detail::Overview, Detail::All] {
        assert_eq!(svg(&one, &build(&one), detail), svg(&two, &build(&two), detail));
        assert_eq!(dot(&one, &build(&one), detail), dot(&two, &build(&two), detail));
        assert_eq!(mermaid(&one, &build(&one), detail), mermaid(&two, &build(&two), detail));
    }
}

#[test]
fn an_overview_leaves_out_interfaces_and_json_leaves_out_nothing() {
    let inventory = spine();
    let graph = build(&inventory);
    assert!(!svg(&inventory, &graph, Detail::Overview).contains("network interface"));
    assert!(svg(&inventory, &graph, Detail::All).contains("network interface"));
    let page: serde_json::Value = serde_json::from_str(&json(&inventory, &graph)).expect("JSON");
    assert_eq!(page["nodes"].as_array().map(Vec::len), Some(graph.nodes().count()));
    assert_eq!(page["edges"].as_array().map(Vec::len), Some(graph.arrows().count()));
    assert!(graph.nodes().count() >= inventory.resources.len());
}

#[test]
fn an_empty_inventory_has_pictures_too() {
    let inventory = inventory(Vec::new());
    let graph = build(&inventory);
    assert_eq!(well_formed(&svg(&inventory, &graph, Detail::All)), Ok(()));
    assert!(dot(&inventory, &graph, Detail::All).ends_with("}\n"));
    assert!(mermaid(&inventory, &graph, Detail::All).starts_with("flowchart"));
}
