//! Listings within listings, and documents that name no VPC.

use std::collections::BTreeSet;

use futures_util::StreamExt;
use futures_util::stream;
use serde_json::Value;

use super::CONCURRENT;
use crate::cloud::Cloud;
use crate::kinds::{Each, Kind, Listing};
use crate::model::call::{Call, Outcome, Refusal};
use crate::model::id::Id;
use crate::model::path;

/// The documents that lead to a listing: of each source one.
type Trail = Vec<Value>;

/// Makes a listing for each thing that other reads list, in batches where AWS takes several; the read that was refused
/// otherwise. What is gone meanwhile lists nothing.
pub async fn list(cloud: &dyn Cloud, listing: &Listing, each: &Each) -> Result<Vec<Value>, (&'static str, Refusal)> {
    let mut trails: Vec<Trail> = vec![Vec::new()];
    for source in each.from {
        let calls = trails.into_iter().map(|trail| (Call::new(source.operation, (source.parameters)(&trail)), trail)).collect();
        trails = Vec::new();
        for (trail, answer) in ask(cloud, calls, source.operation).await? {
            let found = path::select(&answer, source.documents).into_iter();
            trails.extend(found.map(|doc| trail.iter().chain([doc]).cloned().collect::<Trail>()));
        }
    }
    let mut found = Vec::new();
    for (trail, answer) in ask(cloud, batches(&trails, each, listing), listing.operation).await? {
        for doc in path::select(&answer, listing.documents) {
            let mut doc = doc.clone();
            each.merge.iter().for_each(|merge| merge(&mut doc, &trail));
            found.push(doc);
        }
    }
    Ok(found)
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

async fn ask(
    cloud: &dyn Cloud,
    calls: Vec<(Call, Trail)>,
    operation: &'static str,
) -> Result<Vec<(Trail, Value)>, (&'static str, Refusal)> {
    let asked = stream::iter(calls).map(|(call, trail)| async move { (trail, cloud.call(&call).await) });
    let answers: Vec<(Trail, Outcome)> = asked.buffered(CONCURRENT).collect().await;
    let mut found = Vec::new();
    for (trail, outcome) in answers {
        match outcome.of_read() {
            Ok(answer) => found.push((trail, answer)),
            Err(refusal) if refusal.is_not_found() => {}
            Err(refusal) => return Err((operation, refusal)),
        }
    }
    Ok(found)
}

/// Documents that name no VPC get the VPC whose subnets they name.
pub fn place(documents: &mut [(&'static dyn Kind, Vec<Value>)], vpc: &Id) {
    let subnets = documents.iter().filter(|(kind, _)| kind.name() == "subnet").flat_map(|(_, docs)| docs);
    let mine = subnets.filter(|doc| doc["VpcId"] == vpc.as_str()).filter_map(|doc| doc["SubnetId"].as_str().map(str::to_owned));
    let mine: BTreeSet<String> = mine.collect();
    for (kind, docs) in documents {
        let Some(named) = kind.listing().and_then(Listing::named) else { continue };
        for doc in docs.iter_mut().filter(|doc| doc.is_object() && doc["VpcId"].is_null()) {
            if named(doc).is_none_or(|subnets| subnets.iter().any(|subnet| mine.contains(subnet))) {
                doc["VpcId"] = Value::from(vpc.as_str());
            }
        }
    }
}
