//! Rules as a file.

use std::fmt::Write;

use super::{Group, Line, Rules};

/// The head of every file.
const HEAD: &str = "# The network rules of this VPC. What is not in here is not allowed.
# Written by `hikkoshi rules --format yaml`; kept by people from then on: a change of the rules is a change of this file.
# In CI: hikkoshi audit --rules THIS_FILE   (exit status 3 if something breaks them; --format sarif for code scanning)
";

/// The file; the same rules give the same bytes.
pub fn yaml(rules: &Rules) -> String {
    let mut out = HEAD.to_owned();
    let _ = writeln!(out, "version: {}\naccount: {}", rules.version.value, scalar(&rules.account.value));
    let _ = writeln!(out, "region: {}\nvpc: {}", scalar(&rules.region), scalar(&rules.vpc.value));
    out.push_str("\n# public: its route table leads to an internet gateway. private: it does not.\n");
    list(&mut out, "subnets", &rules.subnets, |out, subnet| {
        let (cidr, name, zone) = (scalar(&subnet.cidr), scalar(&subnet.name), scalar(&subnet.zone));
        let _ = writeln!(out, "  - {{cidr: {cidr}, name: {name}, zone: {zone}, use: {}}}", subnet.r#use.name());
    });
    out.push_str("\n# What may sit in a public subnet or have a public address. NAT gateways may in any case; nothing else may.\n");
    list(&mut out, "public", &rules.public, |out, public| {
        let _ = writeln!(out, "  - {{name: {}, kind: {}, why: {}}}", scalar(&public.name), scalar(&public.kind), scalar(&public.why));
    });
    out.push_str("\n# Who may come in, by group. worn_by: who may wear it. retired: nothing that runs may, whatever it admits.\n");
    list(&mut out, "groups", &rules.groups, group);
    out
}

fn list<T>(out: &mut String, key: &str, list: &[serde_saphyr::Spanned<T>], one: impl Fn(&mut String, &T)) {
    let _ = writeln!(out, "{key}:{}", if list.is_empty() { " []" } else { "" });
    for entry in list {
        one(out, &entry.value);
    }
}

fn group(out: &mut String, group: &Group) {
    let _ = writeln!(out, "  - name: {}", scalar(&group.name));
    if let Some(names) = &group.worn_by {
        let names: Vec<String> = names.iter().map(|name| scalar(name)).collect();
        let _ = writeln!(out, "    worn_by: [{}]", names.join(", "));
    }
    if group.retired {
        out.push_str("    retired: true\n");
    }
    let _ = writeln!(out, "    admits:{}", if group.admits.is_empty() { " []" } else { "" });
    for Line { ports, from, why } in group.admits.iter().map(|line| &line.value) {
        let why = if why.is_empty() { String::new() } else { format!(", why: {}", scalar(why)) };
        let _ = writeln!(out, "      - {{ports: {ports}, from: {}{why}}}", scalar(from));
    }
}

/// A scalar: bare where YAML reads it as this text and nothing else, else in quotes as JSON has them, which YAML has too.
pub fn scalar(value: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    let begins = value.chars().next().is_some_and(|c| c.is_ascii_alphabetic());
    let word = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&value.to_lowercase().as_str());
    // A range is no number: it has a slash.
    let range = value.contains('/') && value.parse::<ipnet::IpNet>().is_ok_and(|net| matches!(net, ipnet::IpNet::V4(_)));
    if range || (begins && !word && value.chars().all(bare)) {
        return value.to_owned();
    }
    serde_json::Value::from(value).to_string()
}
