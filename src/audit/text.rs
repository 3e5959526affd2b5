//! Findings for people: by severity, then by rule; why and what to do are said once for each rule.

use std::fmt::Write;

use super::{Finding, Severity, rule};
use crate::model::inventory::Inventory;

/// Evidence lines shown for each finding.
const EVIDENCE: usize = 3;

/// Findings for people, in lines of at most `width` columns where words allow; `style` adds ANSI colours.
pub fn text(inventory: &Inventory, findings: &[Finding], width: usize, style: bool) -> String {
    let mut page = Page { out: String::new(), width: width.max(40), style };
    page.line(0, &format!("{} in {}, account {}, seen {}", inventory.vpc, inventory.region, inventory.account, inventory.taken_at));
    if findings.is_empty() {
        page.line(0, "No findings.");
        return page.out;
    }
    for severity in Severity::ALL {
        let found: Vec<&Finding> = findings.iter().filter(|finding| finding.severity == severity).collect();
        if !found.is_empty() {
            page.severity(severity, &found);
        }
    }
    page.out.push('\n');
    let counts = Severity::ALL.map(|severity| (findings.iter().filter(|finding| finding.severity == severity).count(), severity.name()));
    let counts: Vec<String> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, name)| format!("{n} {name}")).collect();
    page.line(0, &counts.join(", "));
    page.out
}

struct Page {
    out: String,
    width: usize,
    style: bool,
}

impl Page {
    fn severity(&mut self, severity: Severity, found: &[&Finding]) {
        let colour = match severity {
            Severity::Critical => "1;31",
            Severity::High => "31",
            Severity::Medium => "33",
            Severity::Low => "36",
            Severity::Info => "2",
        };
        let heading = format!("{} ({})", severity.name().to_uppercase(), found.len());
        let _ = writeln!(self.out, "\n{}", self.styled(colour, &heading));
        for same in found.chunk_by(|a, b| a.rule == b.rule) {
            self.rule(same);
        }
    }

    fn rule(&mut self, same: &[&Finding]) {
        let Some(first) = same.first() else { return };
        let title = rule(first.rule).map_or("", |rule| rule.title);
        let code = self.styled("2", first.rule);
        let _ = writeln!(self.out, "\n  {}  {code}", self.styled("1", title));
        for finding in same {
            self.wrapped("    - ", "      ", &finding.what);
            for line in finding.evidence.iter().take(EVIDENCE) {
                self.wrapped("        ", "          ", line);
            }
            if finding.evidence.len() > EVIDENCE {
                self.wrapped("        ", "          ", &format!("… and {} more", finding.evidence.len() - EVIDENCE));
            }
        }
        self.wrapped("    Why: ", "         ", first.why);
        self.wrapped("    Way out: ", "         ", first.way_out);
    }

    fn styled(&self, code: &str, text: &str) -> String {
        if self.style { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn line(&mut self, indent: usize, text: &str) {
        let indent = " ".repeat(indent);
        self.wrapped(&indent, &indent, text);
    }

    fn wrapped(&mut self, first: &str, rest: &str, text: &str) {
        let mut line = first.to_owned();
        let mut is_empty = true;
        for word in clean(text).split_whitespace() {
            if !is_empty && columns(&line) + 1 + columns(word) > self.width {
                let _ = writeln!(self.out, "{}", line.trim_end());
                line = rest.to_owned();
                is_empty = true;
            }
            if !is_empty {
                line.push(' ');
            }
            line.push_str(word);
            is_empty = false;
        }
        let _ = writeln!(self.out, "{}", line.trim_end());
    }
}

/// No name can move the cursor, colour the screen or turn the direction of writing.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') { ' ' } else { c }).collect()
}

/// Columns that a text takes on a terminal: East Asian wide characters take two.
fn columns(text: &str) -> usize {
    text.chars().map(|c| if matches!(u32::from(c), 0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1faff | 0x20000..=0x3fffd) { 2 } else { 1 }).sum()
}
