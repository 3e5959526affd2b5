//! A managed compute environment of AWS Batch.
//!
//! On Fargate its subnets and groups can be changed. On EC2 that is an infrastructure update, which Batch makes only
//! with its own service-linked role and an allocation strategy that is none of the old ones (Batch guide, "Updating
//! compute environments"); otherwise another one is made beside it, leads the queues, and the old one runs empty. What
//! runs is waited for: by default an update ends jobs after 30 minutes. The Auto Scaling group and the cluster beneath
//! it are Batch's own and never touched.

mod account;
mod moves;

use serde_json::{Value, json};

use super::place::{blocker, legs, small_tags};
use super::{Effect, Follow, Kind, Listing, Read, Scope};
use crate::model::facet::{Facets, Guard, Placement, Role};
use crate::model::id::Id;
use crate::model::path;
use crate::model::resource::{Doc, Resource};
use crate::model::step::Step;
use crate::model::strategy::{Blocker, Candidate, Risk, Scene, Site, Strategy};

pub struct BatchComputeEnvironment;

static LISTING: Listing = Listing {
    operation: "batch:DescribeComputeEnvironments",
    documents: "computeEnvironments[]",
    scope: Scope::Placed(|doc| Some(path::texts(doc, "computeResources.subnets[]"))),
    with: super::listing::nothing,
    ids: ("computeEnvironments", "computeEnvironmentName", ""),
    follow: &[Follow {
        operation: "batch:DescribeJobQueues",
        result: "jobQueues",
        parameters: |docs| docs.iter().any(|doc| doc["VpcId"].is_string()).then(|| json!({})),
        batch: usize::MAX,
        merge: |doc, answer| {
            let mine = |queue: &&Value| {
                path::select(queue, "computeEnvironmentOrder[].computeEnvironment").contains(&&doc["computeEnvironmentArn"])
            };
            doc["JobQueues"] = answer["jobQueues"].as_array().into_iter().flatten().filter(mine).map(queue).collect();
        },
    }],
};

/// What counts of a queue.
fn queue(queue: &Value) -> Value {
    json!({ "jobQueueName": queue["jobQueueName"], "jobQueueArn": queue["jobQueueArn"], "computeEnvironmentOrder": queue["computeEnvironmentOrder"] })
}

/// Whether jobs run on Fargate.
fn on_fargate(doc: &Value) -> bool {
    path::text(doc, "computeResources.type").contains("FARGATE")
}

/// Whether Batch changes subnets and groups of it; why not.
fn in_place(doc: &Value) -> Result<(), String> {
    let role = path::text(doc, "serviceRole");
    let strategy = path::first(doc, "computeResources.allocationStrategy").and_then(Value::as_str).unwrap_or("BEST_FIT");
    let known = ["BEST_FIT_PROGRESSIVE", "SPOT_CAPACITY_OPTIMIZED", "SPOT_PRICE_CAPACITY_OPTIMIZED"];
    if on_fargate(doc) {
        return Ok(());
    }
    if !role.is_empty() && !role.contains("AWSServiceRoleForBatch") {
        return Err(format!(
            "it has the service role {role}: Batch changes the network of EC2 environments only with its service-linked role"
        ));
    }
    if !known.contains(&strategy) {
        return Err(format!("its allocation strategy is {strategy}: Batch changes the network with {} only", known.join(", ")));
    }
    Ok(())
}

impl Kind for BatchComputeEnvironment {
    fn name(&self) -> &'static str {
        "batch_compute_environment"
    }

    fn listing(&self) -> Option<&'static Listing> {
        Some(&LISTING)
    }

    fn parse(&self, doc: &Doc, vpc: &Id) -> Option<Resource> {
        let name = doc["computeEnvironmentName"].as_str()?;
        if doc["VpcId"] != vpc.as_str() || !doc["computeResources"].is_object() {
            return None;
        }
        let ids = |at: &str| path::texts(doc, at).into_iter().map(Id::from).collect::<Vec<_>>();
        Some(Resource {
            id: Id::new(format!("batch:{name}")),
            kind: self.name().to_owned(),
            role: Role::Workload,
            name: name.to_owned(),
            tags: small_tags(&doc["tags"]),
            facets: Facets {
                placement: Some(Placement { subnets: ids("computeResources.subnets[]"), ..Placement::default() }),
                guard: Some(Guard { groups: ids("computeResources.securityGroupIds[]") }),
                listens: Some(Vec::new()),
                initiates: true,
                state: path::text(doc, "status").to_owned(),
                ..Facets::default()
            },
            doc: doc.clone(),
        })
    }

    fn effects(&self) -> &'static [(&'static str, Effect)] {
        account::EFFECTS
    }

    fn reads(&self) -> &'static [(&'static str, Read)] {
        account::READS
    }

    fn candidates(&self, resource: &Resource, site: &Site<'_>) -> Vec<Candidate> {
        let doc = &resource.doc;
        let flips = site.turns_private(resource);
        let possible = in_place(doc);
        let why_not = possible.as_ref().err().cloned();
        let relocate = match (&why_not, on_fargate(doc)) {
            (Some(why), _) => why.clone(),
            (None, true) => "jobs that start after the update run in the private subnets; those that run are not touched".to_owned(),
            (None, false) => "Batch replaces the instances; jobs that run are waited for, five days at most, and none is ended".to_owned(),
        };
        let recreate = "another environment in the private subnets leads the queues; the old one runs empty and is deleted in cleanup";
        let flip = "its subnets turn private around it; jobs that run keep running";
        vec![
            Candidate::new(Strategy::Relocate, relocate).takes(moves::UPDATE_S).impossible(why_not.is_some()),
            Candidate::new(Strategy::Recreate, recreate).takes(4 * moves::UPDATE_S).risk(Risk::Medium),
            Candidate::new(Strategy::Flip, flip)
                .takes(moves::UPDATE_S)
                .risk(if flips { Risk::Low } else { Risk::Medium })
                .only_if_asked(why_not.is_some()),
        ]
    }

    fn draft(&self, resource: &Resource, scene: &Scene<'_>) -> Result<Vec<Step>, Blocker> {
        match scene.strategy {
            Strategy::Recreate => moves::beside(resource, scene),
            strategy => {
                if strategy == Strategy::Flip
                    && scene.regroup
                    && let Err(why) = in_place(&resource.doc)
                {
                    let way = "choose `recreate`: only another environment can wear other groups";
                    return Err(blocker(resource, format!("the groups of {} can't be changed: {why}", resource.name), way));
                }
                Ok(moves::updates(resource, scene, legs(resource, scene, false)?))
            }
        }
    }
}
