//! The proof in words.

use std::net::IpAddr;

use super::capacity::{Tally, What};
use super::{Certificate, Counterexample, Effort};
use crate::model::flow::{End, Flow};
use crate::model::inventory::Inventory;
use crate::reach::Key;

/// `app → orders-db tcp 5432`.
pub fn flow_words(inventory: &Inventory, flow: &Flow) -> String {
    format!("{} → {} {}", end_words(inventory, &flow.from), end_words(inventory, &flow.to), flow.ports)
}

/// One end of a flow, by the name that people know.
pub fn end_words(inventory: &Inventory, end: &End) -> String {
    match end {
        End::Resource(id) => inventory.name(id).to_owned(),
        End::Internet => "the internet".to_owned(),
        End::Range(range) => range.clone(),
        End::Service(name) => name.clone(),
    }
}

/// A host in a range.
pub fn host_of(range: &str) -> Option<IpAddr> {
    let net: ipnet::IpNet = range.parse().ok()?;
    net.hosts().next().or(Some(net.addr()))
}

/// What is counted.
pub fn tally_words(inventory: &Inventory, tally: &Tally) -> String {
    match &tally.what {
        What::Target(group, target) => format!("{target} is a target of {}", inventory.name(group)),
        What::Free(subnet) => format!("{} has free addresses", inventory.name(subnet)),
        What::Addresses => "the region's quota of elastic IPs holds".to_owned(),
        What::Rules(group, true) => format!("the quota of inbound rules of {} holds", inventory.name(group)),
        What::Rules(group, false) => format!("the quota of outbound rules of {} holds", inventory.name(group)),
    }
}

/// What a fact is about, for people.
pub fn key_words(inventory: &Inventory, key: &Key) -> String {
    match key {
        Key::Node(id) => format!("the groups of {}", inventory.name(id)),
        Key::Rules(id) => format!("the rules of {}", inventory.name(id)),
        Key::Table(id) => format!("the route table of {}", inventory.name(id)),
        Key::Routing(id) => format!("the routes of {}", inventory.name(id)),
        Key::Workload(id)
        | Key::Subnet(id)
        | Key::AclOf(id)
        | Key::Acl(id)
        | Key::Gateway(id)
        | Key::Endpoint(id)
        | Key::PrefixList(id) => inventory.name(id).to_owned(),
        Key::Ranges => "the ranges of the VPC".to_owned(),
        Key::MainTable => "the main route table".to_owned(),
        Key::DefaultAcl => "the default network ACL".to_owned(),
    }
}

/// What was proved, in lines.
pub fn certificate(certificate: &Certificate) -> Vec<String> {
    let Certificate { flows, pairs, doors, counted, .. } = certificate;
    let mut lines = vec![
        format!("{flows} flows hold in every state there and back ({pairs} pairs of interfaces)"),
        format!("no door to the internet opens ({doors} tried); {counted} capacities and quotas hold"),
    ];
    lines.extend(certificate.effort.map(|Effort { classes, examined, digits }| {
        let each = examined.div_ceil(u64::try_from(classes.max(1)).unwrap_or(1));
        let least = digits.max(1) - 1;
        format!(
            "asked in {classes} classes of like questions, doors too; of at least 10^{least} states {each} are looked at for each \
             ({examined} in all): the others differ in nothing that it asks"
        )
    }));
    lines
}

/// How many counterexamples there are.
pub fn counted(broken: &[Counterexample]) -> String {
    crate::model::text::counted(broken.len(), "counterexample")
}

/// A counterexample, drawn step by step.
pub fn drawn(example: &Counterexample) -> Vec<String> {
    let way = if example.on_the_way_back { " on the way back" } else { "" };
    let mut out = vec![format!("broken{way}: {}", example.what)];
    for step in &example.done {
        let mark = if *step == example.last { "✗" } else { "✓" };
        out.push(format!("  {mark} {step}"));
    }
    out.push(format!("  then: {}", example.why));
    out
}
