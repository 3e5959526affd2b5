//! Listings within listings, and documents that name no VPC.

use std::collections::BTreeSet;

use futures_util::StreamExt;
use futures_util::stream;
use serde_json::Value;

use super::CONCURRENT;
use crate::cloud::Cloud;
use crate::kinds::{Each, Kind, Listing, Source, Spot};
use crate::model::call::{Call, Object, Outcome, Refusal};
use crate::model::id::Id;
use crate::model::path;

/// The documents that lead to a listing: of each source one.
type Trail = Vec<Value>;

/// A read that was refused, and AWS's words.
pub type Refused = (&'static str, Refusal);

/// Makes a listing for each thing that other reads list, in batches where AWS takes several; what was refused is told,
/// and the rest goes on. What is gone meanwhile lists nothing.
pub async fn list(cloud: &dyn Cloud, listing: &Listing, each: &Each, spot: Spot<'_>) -> (Vec<Value>, Vec<Refused>) {
    let (mut found, mut refused) = (Vec::new(), Vec::new());
    for way in each.from {
        let trails = trails(cloud, way, spot, &mut refused).await;
        for (trail, answer) in ask(cloud, batches(&trails, each, listing), listing.operation, &mut refused).await {
            for doc in path::select(&answer, listing.documents) {
                let mut doc = doc.clone();
                each.merge.iter().for_each(|merge| merge(&mut doc, &trail));
                found.push(doc);
            }
        }
    }
    (found, refused)
}

/// The documents to which one way leads.
async fn trails(cloud: &dyn Cloud, way: &[Source], spot: Spot<'_>, refused: &mut Vec<Refused>) -> Vec<Trail> {
    let mut trails: Vec<Trail> = vec![Vec::new()];
    for source in way {
        let calls = trails.into_iter().map(|trail| (Call::new(source.operation, (source.parameters)(&spot, &trail)), trail)).collect();
        trails = Vec::new();
        for (trail, answer) in ask(cloud, calls, source.operation, refused).await {
            let found = path::select(&answer, source.documents).into_iter();
            trails.extend(found.map(|doc| trail.iter().chain([doc]).cloned().collect::<Trail>()));
        }
    }
    trails
}

/// The calls of the listing, each with its first trail.
fn batches(trails: &[Trail], each: &Each, listing: &Listing) -> Vec<(Call, Trail)> {
    let beginning = |trail: &Trail| trail[..trail.len().saturating_sub(1)].to_vec();
    let alike = trails.chunk_by(|a, b| beginning(a) == beginning(b));
    let batches = alike.flat_map(|alike| alike.chunks(each.batch));
    batches
        .map(|batch| {
            let trails: Vec<&[Value]> = batch.iter().map(Vec::as_slice).collect();
            (Call::new(listing.operation, (each.parameters)(&trails)), batch[0].clone())
        })
        .collect()
}

/// Makes the calls. What every one of them was refused is told once; what only some of them were, with what it is about.
async fn ask(cloud: &dyn Cloud, calls: Vec<(Call, Trail)>, operation: &'static str, refused: &mut Vec<Refused>) -> Vec<(Trail, Value)> {
    let asked = stream::iter(calls).map(|(call, trail)| async move {
        let outcome = cloud.call(&call).await;
        (trail, call.parameters, outcome)
    });
    let answers: Vec<(Trail, Object, Outcome)> = asked.buffered(CONCURRENT).collect().await;
    let (mut found, mut noes) = (Vec::new(), Vec::new());
    let count = answers.len();
    for (trail, parameters, outcome) in answers {
        match outcome.of_read() {
            Ok(answer) => found.push((trail, answer)),
            Err(refusal) if refusal.is_not_found() => {}
            Err(refusal) => noes.push((trail, parameters, refusal)),
        }
    }
    let all = noes.len() == count;
    let told = noes.into_iter().map(|(trail, parameters, refusal)| {
        let about = if all && count > 1 { String::new() } else { about(&trail, &parameters) };
        (operation, Refusal::new(refusal.code, refusal.message + &about))
    });
    refused.extend(told);
    refused.dedup();
    found
}

/// What a read is about: the name that the last document on the way to it has, and its parameters.
fn about(trail: &[Value], parameters: &Object) -> String {
    let name = trail.last().map_or("", |doc| path::text(doc, "Name"));
    let values: Vec<&str> = parameters.values().filter_map(Value::as_str).collect();
    match (name, values.join(", ")) {
        ("", values) if values.is_empty() => String::new(),
        ("", values) => format!(" ({values})"),
        (name, values) => format!(" ({name} {values})"),
    }
}

/// Documents that name no VPC get the VPC whose subnets or addresses they name, prefix lists the VPC whose groups or tables
/// name them.
pub fn place(documents: &mut [(&'static dyn Kind, Vec<Value>)], vpc: &Id) {
    let of_kind = |name: &'static str| {
        let docs = documents.iter().filter(move |(kind, _)| kind.name() == name).flat_map(|(_, docs)| docs);
        docs.filter(|doc| doc["VpcId"] == vpc.as_str())
    };
    let subnets = of_kind("subnet").flat_map(|doc| path::texts(doc, "SubnetId"));
    let interfaces = of_kind("network_interface").flat_map(crate::kinds::addresses);
    let by_rules = of_kind("security_group").flat_map(|doc| path::texts(doc, "IpPermissions[].PrefixListIds[].PrefixListId"));
    let by_rules_out = of_kind("security_group").flat_map(|doc| path::texts(doc, "IpPermissionsEgress[].PrefixListIds[].PrefixListId"));
    let by_routes = of_kind("route_table").flat_map(|doc| path::texts(doc, "Routes[].DestinationPrefixListId"));
    let lists = by_rules.chain(by_rules_out).chain(by_routes);
    let mine: BTreeSet<String> = subnets.chain(interfaces).chain(lists).collect();
    for (kind, docs) in documents {
        let Some(named) = kind.listing().and_then(Listing::named) else { continue };
        for doc in docs.iter_mut().filter(|doc| doc.is_object() && doc["VpcId"].is_null()) {
            if named(doc).is_none_or(|subnets| subnets.iter().any(|subnet| mine.contains(subnet))) {
                doc["VpcId"] = Value::from(vpc.as_str());
            }
        }
    }
}
