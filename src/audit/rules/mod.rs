//! The network rules of a VPC as people have agreed on them: a file that a program reads, and what breaks it.
//!
//! The file names things by what stays when they are made again: subnets by their range, groups by their name, workloads
//! by kind and name. [`of`] writes down what an inventory shows, [`parse`] reads a file, [`check()`] holds an account
//! against it. What the file does not mention is not allowed.

use serde::Deserialize;
use serde_saphyr::Spanned;

mod check;
mod ports;
mod seen;
mod write;

pub use check::{BREACHES, Breach, check};
pub use seen::of;
pub use write::{scalar, yaml};

use crate::model::network::Ports;

/// The rules file.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Format of the file; 1.
    pub version: Spanned<u32>,
    /// The account's twelve digits.
    pub account: Spanned<String>,
    /// The region.
    pub region: String,
    /// The VPC.
    pub vpc: Spanned<String>,
    /// Every subnet.
    #[serde(default)]
    pub subnets: Vec<Spanned<Subnet>>,
    /// What may sit in a public subnet or have a public address.
    #[serde(default)]
    pub public: Vec<Spanned<Public>>,
    /// Every group.
    #[serde(default)]
    pub groups: Vec<Spanned<Group>>,
}

/// What a subnet is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Use {
    /// Its route table leads to an internet gateway: balancers that face the internet, NAT gateways.
    Public,
    /// It does not: everything else.
    Private,
}

impl Use {
    /// As it stands in the file.
    pub fn name(self) -> &'static str {
        match self {
            Use::Public => "public",
            Use::Private => "private",
        }
    }
}

/// A subnet.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subnet {
    /// Its IPv4 range; its id where it has none.
    pub cidr: String,
    /// What people call it.
    #[serde(default)]
    pub name: String,
    /// Its zone.
    #[serde(default)]
    pub zone: String,
    /// What it is for.
    pub r#use: Use,
}

/// Something that may be public.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Public {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// Why.
    #[serde(default)]
    pub why: String,
}

/// A security group.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Its `GroupName`.
    pub name: String,
    /// Who may wear it, by name; whoever likes, where it is not said.
    #[serde(default)]
    pub worn_by: Option<Vec<String>>,
    /// Nothing that runs may wear it; its rules do not count.
    #[serde(default)]
    pub retired: bool,
    /// Who is let in.
    #[serde(default)]
    pub admits: Vec<Spanned<Line>>,
}

/// A permission.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// As `hikkoshi` writes ports: `tcp 5432`, `tcp 8000-8080`, `all traffic`.
    pub ports: String,
    /// A group's name, a range, a prefix list's id (`pl-…`), or a group's id (`sg-…`).
    pub from: String,
    /// On what evidence.
    #[serde(default)]
    pub why: String,
}

impl Group {
    /// Who may wear it, by name.
    pub fn wearers(&self) -> &[String] {
        self.worn_by.as_deref().unwrap_or_default()
    }
}

impl Line {
    /// Its ports; read before by [`parse`].
    pub fn ports(&self) -> Option<Ports> {
        ports::parse(&self.ports)
    }
}

/// Why a text is no rules file.
#[derive(Debug)]
pub enum Fault {
    /// It is no YAML of this form.
    Form(Box<serde_saphyr::Error>),
    /// It is, and means nothing: line and column from 1, what is wrong, what was expected.
    Meaning {
        /// The line.
        line: u64,
        /// The column.
        column: u64,
        /// What is wrong.
        message: String,
        /// What was expected.
        expected: String,
    },
}

fn meaning<T>(place: &Spanned<T>, message: String, expected: &str) -> Fault {
    let at = place.referenced;
    Fault::Meaning { line: at.line(), column: at.column(), message, expected: expected.to_owned() }
}

/// Reads a rules file.
///
/// # Errors
/// Where it is no such file, or says something that can't be.
pub fn parse(text: &str) -> Result<Rules, Fault> {
    let rules: Rules = serde_saphyr::from_str(text).map_err(|error| Fault::Form(Box::new(error)))?;
    if rules.version.value != 1 {
        return Err(meaning(&rules.version, format!("format {} is not known", rules.version.value), "version: 1"));
    }
    if rules.account.value.len() != 12 || !rules.account.value.chars().all(|c| c.is_ascii_digit()) {
        return Err(meaning(&rules.account, format!("`{}` is not an account id", rules.account.value), "twelve digits in quotes"));
    }
    if !rules.vpc.value.starts_with("vpc-") {
        return Err(meaning(&rules.vpc, format!("`{}` is not a VPC id", rules.vpc.value), "vpc-…"));
    }
    once(&rules.subnets, |subnet| subnet.cidr.clone(), "subnet")?;
    once(&rules.public, |public| format!("{} {}", public.kind, public.name), "entry of `public`")?;
    once(&rules.groups, |group| group.name.clone(), "group")?;
    for line in rules.groups.iter().flat_map(|group| &group.value.admits) {
        check_line(line)?;
    }
    Ok(rules)
}

/// Two entries about one thing would leave open which counts.
fn once<T>(list: &[Spanned<T>], key: impl Fn(&T) -> String, what: &str) -> Result<(), Fault> {
    let mut known = std::collections::BTreeSet::new();
    match list.iter().find(|entry| !known.insert(key(&entry.value))) {
        Some(again) => Err(meaning(again, format!("the {what} `{}` stands here for the second time", key(&again.value)), "each once")),
        None => Ok(()),
    }
}

fn check_line(line: &Spanned<Line>) -> Result<(), Fault> {
    if line.value.ports().is_none() {
        let expected = "`tcp 5432`, `tcp 8000-8080`, `udp 53`, `tcp all ports`, `icmp all types` or `all traffic`";
        return Err(meaning(line, format!("`{}` are no ports", line.value.ports), expected));
    }
    let from = &line.value.from;
    // What begins like a range and isn't one would be taken for a group's name that nobody has.
    let range = from.split_once('/').is_some_and(|(_, length)| !length.is_empty() && length.chars().all(|c| c.is_ascii_digit()));
    if from.is_empty() || (range && from.parse::<ipnet::IpNet>().is_err()) {
        return Err(meaning(line, format!("`from: {from}` is no range"), "a group's name, a range such as 10.0.0.0/16, or pl-…"));
    }
    Ok(())
}
