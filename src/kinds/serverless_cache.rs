//! An ElastiCache serverless cache.
//!
//! `ModifyServerlessCache` changes its groups, never its subnets. It is reached through endpoint interfaces in them,
//! which keep their addresses while the subnets turn private.

use serde_json::{Value, json};

use super::build::{Regroup, check, wait_or_fail};
use super::cache_cluster::{MODIFY_S, check_groups, port, stuck};
use super::effects::{list, text};
use super::{Effect, Follow, Kind, Listing, Scope};
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::facet::{Facets, Guard, Placement, Role};
use crate::model::id::Id;
use crate::model::path;
use crate::model::resource::{Doc, Resource, tags_of};
use crate::model::step::{Expect, Step};
use crate::model::strategy::{Blocker, Candidate, Risk, Scene, Site, Strategy, WayBack};

pub struct ServerlessCache;

/// AWS's code for a serverless cache that isn't there.
const UNKNOWN: &str = "ServerlessCacheNotFoundFault";

static LISTING: Listing = Listing {
    operation: "elasticache:DescribeServerlessCaches",
    documents: "ServerlessCaches[]",
    scope: Scope::Region,
    with: super::listing::nothing,
    ids: ("ServerlessCacheName", "ServerlessCacheName", UNKNOWN),
    // It does not say in which VPC it is; its subnets do.
    follow: &[Follow {
        operation: "ec2:DescribeSubnets",
        result: "Subnets",
        parameters: |docs| Some(json!({ "SubnetIds": [docs[0]["SubnetIds"][0].as_str()?] })),
        batch: 1,
        merge: |doc, answer| {
            let subnet = path::text(doc, "SubnetIds[0]").to_owned();
            doc["VpcId"] = path::first(answer, &format!("Subnets[SubnetId={subnet}].VpcId")).cloned().unwrap_or_default();
        },
    }],
};

fn id_of(name: &str) -> Id {
    Id::new(format!("serverless:{name}"))
}

fn modify(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let name = text(parameters, "ServerlessCacheName")?.to_owned();
    let id = id_of(&name);
    let status = path::text(account.doc(id.as_str(), UNKNOWN)?, "Status");
    if status != "available" {
        return Err(Refusal::new("InvalidServerlessCacheStateFault", format!("Serverless cache {name} is {status}.")));
    }
    if parameters.contains_key("SecurityGroupIds") {
        let groups = list(parameters, "SecurityGroupIds");
        check_groups(account, &groups)?;
        account.edit(id.as_str(), UNKNOWN)?["SecurityGroupIds"] = json!(groups);
    }
    let doc = account.edit(id.as_str(), UNKNOWN)?;
    doc["Status"] = json!("modifying");
    let answer = doc.clone();
    account.later(&id, MODIFY_S, "/Status", json!("available"));
    Ok(json!({ "ServerlessCache": answer }))
}

impl Kind for ServerlessCache {
    fn name(&self) -> &'static str {
        "serverless_cache"
    }

    fn listing(&self) -> Option<&'static Listing> {
        Some(&LISTING)
    }

    fn parse(&self, doc: &Doc, vpc: &Id) -> Option<Resource> {
        let name = doc["ServerlessCacheName"].as_str()?;
        if doc["VpcId"] != vpc.as_str() {
            return None;
        }
        let mut listens = port(doc, &["Endpoint"]);
        if let (Some(listens), Some(reader)) = (&mut listens, port(doc, &["ReaderEndpoint"])) {
            listens.extend(reader);
            listens.dedup();
        }
        Some(Resource {
            id: id_of(name),
            kind: self.name().to_owned(),
            role: Role::Workload,
            name: name.to_owned(),
            tags: tags_of(doc),
            facets: Facets {
                placement: Some(Placement {
                    subnets: path::texts(doc, "SubnetIds[]").into_iter().map(Id::from).collect(),
                    ..Placement::default()
                }),
                guard: Some(Guard { groups: path::texts(doc, "SecurityGroupIds[]").into_iter().map(Id::from).collect() }),
                listens,
                state: path::text(doc, "Status").to_owned(),
                ..Facets::default()
            },
            doc: doc.clone(),
        })
    }

    fn effects(&self) -> &'static [(&'static str, Effect)] {
        &[("elasticache:ModifyServerlessCache", modify)]
    }

    fn candidates(&self, _resource: &Resource, _site: &Site<'_>) -> Vec<Candidate> {
        let flip =
            Candidate::new(Strategy::Flip, "its endpoint and addresses stay: its subnets turn private around them").takes(2 * MODIFY_S);
        let words = "ModifyServerlessCache can't change its subnets";
        let relocate = Candidate::new(Strategy::Relocate, words).risk(Risk::High).way_back(WayBack::Slow).impossible(true);
        let words = "a snapshot could fill a new one with another endpoint: this version doesn't make it";
        let again = Candidate::new(Strategy::Recreate, words).risk(Risk::High).way_back(WayBack::UntilFirstWrite).impossible(true);
        vec![flip, again, relocate]
    }

    fn draft(&self, resource: &Resource, scene: &Scene<'_>) -> Result<Vec<Step>, Blocker> {
        if scene.strategy != Strategy::Flip {
            return Ok(Vec::new());
        }
        stuck(resource)?;
        if !scene.regroup {
            return Ok(Vec::new());
        }
        let name = &resource.name;
        let own = json!({ "ServerlessCacheName": name });
        let old: Vec<Value> = resource.groups().iter().map(|group| json!(group.as_str())).collect();
        let read = "elasticache:DescribeServerlessCaches";
        let available = check("the cache is available", read, own.clone(), "ServerlessCaches[].Status", Expect::Equals(json!("available")));
        let regroup = Regroup {
            name,
            slug: scene.slug,
            operation: "elasticache:ModifyServerlessCache",
            parameters: &|groups| json!({ "ServerlessCacheName": name, "SecurityGroupIds": groups }),
            seen: (read, own, "ServerlessCaches[].SecurityGroupIds[]"),
            wait: &[wait_or_fail(available, &["deleting", "create-failed"], MODIFY_S, 3600)],
            old: &old,
            new: scene.groups,
        };
        Ok(regroup.steps())
    }
}
