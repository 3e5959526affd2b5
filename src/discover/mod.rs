//! Looking: an account becomes an [`Inventory`]. Only reads are made here.
//!
//! Every kind is listed once, narrowed to the VPC where AWS can, all kinds at the same time; what one listing does not
//! tell is read afterwards, in batches where AWS takes several ids. A read that the caller may not make is noted and
//! the rest goes on. The same documents can come from a folder of AWS CLI answers: see [`dump`].

pub mod drift;
pub mod dump;
pub mod flow_logs;
mod nested;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream;
use serde_json::{Value, json};

use crate::cloud::Cloud;
use crate::kinds::{KINDS, Kind, Listing, Scope, Spot, relate};
use crate::model::call::{Call, Outcome, Refusal};
use crate::model::facet::{Role, Tracking};
use crate::model::id::Id;
use crate::model::inventory::{Inventory, Missing};
use crate::model::path;
use crate::model::resource::Resource;
use crate::model::text::harmless;
use crate::model::tight::tight;

/// Reads in flight at a time; the adapter keeps AWS's budgets besides.
const CONCURRENT: usize = 8;

/// Why there is no inventory.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The endpoint did not answer.
    #[error("{operation} got no answer: {why}")]
    Unreachable {
        /// The read.
        operation: String,
        /// What the transport says.
        why: String,
    },
    /// AWS does not accept the credentials.
    #[error("AWS does not accept the credentials: {0}")]
    Credentials(Refusal),
    /// The VPC isn't there.
    #[error("VPC {vpc} does not exist in account {account}, region {region}")]
    UnknownVpc {
        /// The VPC asked for.
        vpc: Id,
        /// The caller's account.
        account: String,
        /// The region.
        region: String,
    },
    /// Without this read there is no inventory.
    #[error("{operation} was refused: {refusal}")]
    Refused {
        /// The read.
        operation: String,
        /// AWS's words.
        refusal: Refusal,
    },
    /// CloudWatch Logs has no such group.
    #[error("there is no log group {0}")]
    UnknownLogGroup(String),
    /// The folder holds several VPCs, and none was chosen.
    #[error("{folder} holds {} VPCs ({}): choose one", vpcs.len(), vpcs.join(", "))]
    SeveralVpcs {
        /// The folder.
        folder: String,
        /// The VPCs.
        vpcs: Vec<String>,
    },
    /// The folder holds nothing usable.
    #[error("{0}")]
    Dump(String),
}

/// One read that must succeed.
async fn must(cloud: &dyn Cloud, operation: &str, parameters: Value) -> Result<Value, Error> {
    match cloud.call(&Call::new(operation, parameters)).await {
        Outcome::Done(answer) => Ok(answer),
        Outcome::Refused(refusal) if refusal.is_credentials() => Err(Error::Credentials(refusal)),
        Outcome::Refused(refusal) => Err(Error::Refused { operation: operation.to_owned(), refusal }),
        Outcome::Unknown(why) => Err(Error::Unreachable { operation: operation.to_owned(), why }),
    }
}

/// The account that the credentials belong to, and the caller's ARN.
///
/// # Errors
/// If AWS does not answer, or does not accept the credentials.
pub async fn caller(cloud: &dyn Cloud) -> Result<(String, String), Error> {
    let answer = must(cloud, "sts:GetCallerIdentity", json!({})).await?;
    Ok((path::text(&answer, "Account").to_owned(), path::text(&answer, "Arn").to_owned()))
}

/// The VPCs of the region: id, name, primary range.
///
/// # Errors
/// As [`caller`].
pub async fn vpcs(cloud: &dyn Cloud) -> Result<Vec<(String, String, String)>, Error> {
    let answer = must(cloud, "ec2:DescribeVpcs", json!({})).await?;
    let one = |vpc: &Value| {
        let text = |at: &str| path::text(vpc, at).to_owned();
        (text("VpcId"), harmless(&text("Tags[Key=Name].Value")), text("CidrBlock"))
    };
    Ok(answer["Vpcs"].as_array().into_iter().flatten().map(one).collect())
}

/// A kind's documents, and the reads that were refused.
type Listed = (&'static dyn Kind, Vec<Value>, Vec<nested::Refused>);

/// Looks at one VPC.
///
/// # Errors
/// If AWS can't be reached, does not accept the credentials, or has no such VPC. A missing permission is no error: it
/// is noted in the inventory.
pub async fn discover(cloud: &dyn Cloud, account: &str, region: &str, vpc: &Id, taken_at: String) -> Result<Inventory, Error> {
    let mut missing = Vec::new();
    let mut documents: Vec<(&'static dyn Kind, Vec<Value>)> = Vec::new();
    let listings = KINDS.iter().filter_map(|kind| Some((*kind, kind.listing()?)));
    let spot = Spot { vpc, region };
    let mut reads = stream::iter(listings).map(|(kind, listing)| list(cloud, kind, listing, spot)).buffered(CONCURRENT);
    while let Some((kind, found, refused)) = reads.next().await {
        documents.push((kind, found));
        for (operation, refusal) in refused {
            give_up_or_note(operation, refusal, vpc, account, region, &mut missing)?;
        }
    }
    drop(reads);
    nested::place(&mut documents, vpc);
    for (kind, found) in &mut documents {
        let listing = kind.listing().expect("only listed kinds are read");
        follow(cloud, listing, found, vpc, &mut missing).await?;
    }
    let resources = parse(&mut documents, vpc);
    if !resources.contains_key(vpc) {
        return Err(Error::UnknownVpc { vpc: vpc.clone(), account: account.to_owned(), region: region.to_owned() });
    }
    missing.sort();
    missing.dedup();
    Ok(Inventory { version: 1, account: account.to_owned(), region: region.to_owned(), vpc: vpc.clone(), taken_at, missing, resources })
}

async fn list(cloud: &dyn Cloud, kind: &'static dyn Kind, listing: &Listing, spot: Spot<'_>) -> Listed {
    if let Scope::Each(each) = listing.scope {
        let (found, refused) = nested::list(cloud, listing, each, spot).await;
        return (kind, found, refused);
    }
    let call = Call::new(listing.operation, listing.parameters(spot.vpc));
    match cloud.call(&call).await.of_read() {
        Ok(answer) => (kind, kind.gather(path::take(answer, listing.documents)), Vec::new()),
        Err(refusal) => (kind, Vec::new(), vec![(listing.operation, refusal)]),
    }
}

/// What a refused read means: no inventory at all, or a gap in it.
fn give_up_or_note(
    operation: &str,
    refusal: Refusal,
    vpc: &Id,
    account: &str,
    region: &str,
    missing: &mut Vec<Missing>,
) -> Result<(), Error> {
    match refusal {
        refusal if refusal.is_credentials() => Err(Error::Credentials(refusal)),
        refusal if refusal.code == "Unknown" => Err(Error::Unreachable { operation: operation.to_owned(), why: refusal.message }),
        refusal if refusal.code == "InvalidVpcID.NotFound" => {
            Err(Error::UnknownVpc { vpc: vpc.clone(), account: account.to_owned(), region: region.to_owned() })
        }
        refusal if operation == "ec2:DescribeVpcs" => Err(Error::Refused { operation: operation.to_owned(), refusal }),
        refusal => {
            missing.push(Missing { operation: operation.to_owned(), why: harmless(&refusal.to_string()) });
            Ok(())
        }
    }
}

/// Reads what the listing did not tell, and merges it into the documents that belong to the VPC.
async fn follow(cloud: &dyn Cloud, listing: &Listing, found: &mut [Value], vpc: &Id, missing: &mut Vec<Missing>) -> Result<(), Error> {
    for further in listing.follow {
        // What certainly belongs to another VPC is not looked at more closely.
        let mine: Vec<usize> = (0..found.len()).filter(|at| found[*at]["VpcId"].is_null() || found[*at]["VpcId"] == vpc.as_str()).collect();
        let chunks: Vec<Vec<usize>> = mine.chunks(further.batch).map(<[usize]>::to_vec).collect();
        let calls = chunks.into_iter().filter_map(|chunk| {
            let docs: Vec<&Value> = chunk.iter().map(|at| &found[*at]).collect();
            Some((chunk, Call::new(further.operation, (further.parameters)(&docs)?)))
        });
        let calls = shared(calls.collect());
        let answers: Vec<(Vec<usize>, Outcome)> =
            stream::iter(calls).map(|(chunk, call)| async move { (chunk, cloud.call(&call).await) }).buffered(CONCURRENT).collect().await;
        for (chunk, outcome) in answers {
            match outcome.of_read() {
                Ok(answer) => chunk.into_iter().for_each(|at| (further.merge)(&mut found[at], &answer)),
                Err(refusal) if refusal.is_not_found() => {}
                Err(refusal) => give_up_or_note(further.operation, refusal, vpc, "", "", missing)?,
            }
        }
    }
    Ok(())
}

/// Documents that ask for the same share one read: a profile that many instances have.
fn shared(calls: Vec<(Vec<usize>, Call)>) -> Vec<(Vec<usize>, Call)> {
    let mut out: Vec<(Vec<usize>, Call)> = Vec::new();
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for (chunk, call) in calls {
        let at = *known.entry(Value::Object(call.parameters.clone()).to_string()).or_insert(out.len());
        match out.get_mut(at) {
            Some((documents, _)) => documents.extend(chunk),
            None => out.push((chunk, call)),
        }
    }
    out
}

/// The documents as resources; what belongs to another VPC falls out.
fn parse(documents: &mut [(&'static dyn Kind, Vec<Value>)], vpc: &Id) -> BTreeMap<Id, Arc<Resource>> {
    nested::place(documents, vpc);
    let mut resources: BTreeMap<Id, Arc<Resource>> = BTreeMap::new();
    for (kind, found) in documents {
        // Each is let go as it is read, or kept without room to grow.
        for doc in found.drain(..) {
            resources.extend(
                kind.parse(&Arc::new(tight(doc)), vpc)
                    .map(|resource| (resource.id.clone(), Arc::new(Resource { name: harmless(&resource.name), ..resource }))),
            );
        }
    }
    relate(&mut resources);
    link(&mut resources);
    resources
}

/// Gives an inventory that an older hikkoshi wrote what its documents tell and its facets do not say yet: entries of network
/// ACLs, what a gateway or an endpoint is, IPv6 addresses, tracking. Without it the account would seem to have changed.
pub fn complete(inventory: &mut Inventory) {
    let vpc = inventory.vpc.clone();
    for resource in inventory.resources.values_mut() {
        let Some(read) = crate::kinds::kind(&resource.kind).and_then(|kind| kind.parse(&resource.doc, &vpc)) else { continue };
        let (facets, now) = (&mut Arc::make_mut(resource).facets, read.facets);
        facets.acl = facets.acl.take().or(now.acl);
        facets.gateway = facets.gateway.or(now.gateway);
        facets.endpoint = facets.endpoint.take().or(now.endpoint);
        if facets.v6_addresses.is_empty() {
            facets.v6_addresses = now.v6_addresses;
        }
        if facets.tracking == Tracking::ByRules {
            facets.tracking = now.tracking;
        }
    }
}

/// Interfaces whose owner tells what belongs to it, or belongs to a workload itself, are the workload's.
fn link(resources: &mut BTreeMap<Id, Arc<Resource>>) {
    let mut owners: BTreeMap<Id, Id> = BTreeMap::new();
    for resource in resources.values().filter(|r| r.is_movable()) {
        owners.extend(resource.facets.members.iter().map(|member| (member.clone(), resource.id.clone())));
    }
    for part in resources.values().filter(|r| r.role == Role::Bystander) {
        let owner = part.facets.owner.as_ref().filter(|owner| resources.get(*owner).is_some_and(|owner| owner.is_movable()));
        owners.extend(owner.map(|owner| (part.id.clone(), owner.clone())));
    }
    for interface in resources.values_mut().filter(|r| r.role == Role::Interface) {
        let owner = owners.get(&interface.id).or_else(|| owners.get(interface.facets.owner.as_ref()?));
        if let Some(owner) = owner {
            Arc::make_mut(interface).facets.owner = Some(owner.clone());
        }
    }
}
