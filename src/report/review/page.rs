//! The page around the data.

use super::View;
use super::pack::{STEPS, block, fingerprint};
use crate::report::harmless;

const TEMPLATE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/style.css");

/// The scripts, in the order in which they are joined: what is used by others comes first.
pub const SCRIPTS: &[(&str, &str)] = &[
    ("words.js", include_str!("page/words.js")),
    ("core.js", include_str!("page/core.js")),
    ("data.js", include_str!("page/data.js")),
    ("side.js", include_str!("page/side.js")),
    ("overview.js", include_str!("page/overview.js")),
    ("map.js", include_str!("page/map.js")),
    ("timeline.js", include_str!("page/timeline.js")),
    ("flows.js", include_str!("page/flows.js")),
    ("groups.js", include_str!("page/groups.js")),
    ("steps.js", include_str!("page/steps.js")),
    ("compare.js", include_str!("page/compare.js")),
    ("print.js", include_str!("page/print.js")),
    ("live.js", include_str!("page/live.js")),
    ("main.js", include_str!("page/main.js")),
];

/// The page, which needs nothing but itself and may call nobody.
pub fn page(view: &View) -> String {
    with(view, None)
}

/// The page with a script after its own that brings it live data (`hikkoshi.live(state)`) from where the page came from.
pub fn live_page(view: &View, script: &str) -> String {
    with(view, Some(script))
}

fn with(view: &View, live: Option<&str>) -> String {
    let script = joined();
    let connects = if live.is_some() { "'self'" } else { "'none'" };
    let scripts: Vec<String> = [Some(script.as_str()), live].into_iter().flatten().map(fingerprint).collect();
    let policy = format!(
        "default-src 'none'; script-src {}; style-src {}; img-src data:; connect-src {connects}; base-uri 'none'; form-action 'none'",
        scripts.join(" "),
        fingerprint(STYLE)
    );
    let title = format!("{} · hikkoshi review", html(&harmless(&view.head.migration)));
    let live = live.map(|live| format!("\n<script>{live}</script>")).unwrap_or_default();
    filled(&[("policy", &policy), ("title", &title), ("style", STYLE), ("blocks", &blocks(view)), ("script", &script), ("live", &live)])
}

/// The template with the values in their places; what is in a value is never looked at.
fn filled(values: &[(&str, &str)]) -> String {
    let mut out = String::new();
    let mut rest = TEMPLATE;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        out.push_str(before);
        out.push_str(values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value));
        rest = after;
    }
    out + rest
}

/// One script: nothing of it is seen from outside but what it puts into `window.hikkoshi`.
fn joined() -> String {
    let all: String = SCRIPTS.iter().map(|(name, text)| format!("// {name}\n{text}")).collect();
    format!("\n(() => {{\n'use strict';\n{all}}})();\n")
}

fn blocks(view: &View) -> String {
    let mut out = block("head", &view.head);
    if let Some(progress) = &view.progress {
        out.push_str(&block("progress", progress));
    }
    out.push_str(&block("steps", &view.steps));
    for (at, details) in view.details.chunks(STEPS).enumerate() {
        out.push_str(&block(&format!("detail-{at}"), &details));
    }
    out.push_str(&block("map", &view.map));
    out.push_str(&block("flows", &view.flows));
    out.push_str(&block("groups", &view.groups));
    if let Some(compare) = &view.compare {
        out.push_str(&block("compare", compare));
    }
    out
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_script_ends_its_element() {
        for (name, text) in SCRIPTS {
            assert!(!text.contains("</script") && !text.contains("<!--"), "{name}");
        }
        assert!(!STYLE.contains("</style"));
    }

    /// Text reaches the page as text nodes: whatever reads markup from a text would let a name in.
    #[test]
    fn no_script_reads_markup_and_none_calls_anybody() {
        let banned = [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
            "DOMParser",
            "fetch(",
            "XMLHttpRequest",
            "WebSocket",
            "EventSource",
            "sendBeacon",
            "import(",
        ];
        for (name, text) in SCRIPTS {
            for word in banned {
                assert!(!text.contains(word), "{name}: {word}");
            }
        }
    }

    #[test]
    fn scripts_are_short() {
        for (name, text) in SCRIPTS.iter().chain(&[("style.css", STYLE), ("page.html", TEMPLATE)]) {
            assert!(text.lines().count() <= 600, "{name}");
        }
    }

    #[test]
    fn values_are_not_looked_at() {
        let out = filled(&[("title", "{{script}}"), ("script", "S")]);
        assert!(out.contains("<title>{{script}}</title>"), "{out}");
    }
}
