//! The policy of a plan, for people: what each part may do, how long it is, and how it is put into the account. Pure.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Style, table};
use crate::plan::Plan;
use crate::plan::policy::{CHARACTERS_MAX, Part};

/// How many managed policies a role or user may have, unless a quota was raised.
const POLICIES_MAX: usize = 10;

/// The file of a document: `story-apply.json`, or `story-apply-2.json` where there are several.
pub fn file(plan: &Plan, part: Part, at: usize, of: usize) -> String {
    format!("{}.json", name(plan, part, at, of))
}

fn name(plan: &Plan, part: Part, at: usize, of: usize) -> String {
    let migration: String = plan.migration.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
    if of == 1 { format!("{migration}-{}", part.name()) } else { format!("{migration}-{}-{}", part.name(), at + 1) }
}

/// The summary; with the commands that make the policies, where they were written into a folder.
pub fn text(plan: &Plan, parts: &[(Part, Vec<Value>)], folder: Option<&str>, style: Style, width: usize) -> String {
    let mut out = format!("{} of {}: what its calls need, and nothing else\n\n", style.bold("Policy"), style.bold(&plan.migration));
    let mut rows = vec![["PART", "ACTIONS", "STATEMENTS", "DOCUMENTS", "CHARACTERS", "FOR"].map(str::to_owned).to_vec()];
    for (part, documents) in parts {
        let statements: Vec<&Value> =
            documents.iter().flat_map(|document| document["Statement"].as_array().into_iter().flatten()).collect();
        let actions: BTreeSet<&str> = statements
            .iter()
            .flat_map(|statement| statement["Action"].as_array().into_iter().flatten())
            .filter_map(Value::as_str)
            .collect();
        let lengths: Vec<String> = documents.iter().map(|document| document.to_string().chars().count().to_string()).collect();
        rows.push(vec![
            part.name().to_owned(),
            actions.len().to_string(),
            statements.len().to_string(),
            documents.len().to_string(),
            if lengths.is_empty() { "0".to_owned() } else { lengths.join(" + ") },
            what_for(*part).to_owned(),
        ]);
    }
    out.push_str(&table::columns(&rows, 2, width));
    let several = parts.iter().map(|(_, documents)| documents.len()).sum::<usize>();
    out.push_str(&format!(
        "\n  IAM takes {CHARACTERS_MAX} characters in a document, white space not counted: a longer part is said in several, all of which are needed.\n"
    ));
    if several > POLICIES_MAX {
        out.push_str(&format!(
            "  {} a role has at most {POLICIES_MAX} managed policies by default, and these are {several}: use a role for each part\n",
            style.warn("!")
        ));
    }
    out.push_str("  What is made is known by its tag `hikkoshi:migration`; what was there before is named; what can carry no tag is held by its VPC.\n");
    out.push_str(&next(plan, parts, folder));
    out
}

fn what_for(part: Part) -> &'static str {
    match part {
        Part::Read => "discover, audit, plan, dry-run, status, verify; and every look of a run",
        Part::Apply => "apply and rollback, beside read",
        Part::Cleanup => "apply --cleanup, beside read",
    }
}

fn next(plan: &Plan, parts: &[(Part, Vec<Value>)], folder: Option<&str>) -> String {
    let Some(folder) = folder else {
        return format!(
            "next: hikkoshi policy {name} --out policies   # a file for each document\n      hikkoshi policy {name} --part apply   # a part's documents as JSON\n",
            name = plan.migration
        );
    };
    let mut lines = Vec::new();
    for (part, documents) in parts {
        for at in 0..documents.len() {
            let name = name(plan, *part, at, documents.len());
            let document = super::aws_cli::quoted(&format!("file://{folder}/{name}.json"));
            lines.push(format!("aws iam create-policy --policy-name hikkoshi-{name} --policy-document {document}"));
        }
    }
    lines.iter().enumerate().map(|(at, line)| format!("{} {line}\n", if at == 0 { "next:" } else { "     " })).collect()
}
