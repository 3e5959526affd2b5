//! An ElastiCache cluster: Memcached, a single Redis node, or a node of a replication group, which belongs to its
//! group and is no workload of its own.
//!
//! Its nodes stay where they are while their subnets turn private: connections inside the VPC are not cut. Its subnet
//! group is fixed for its life, so any other way makes a new cluster with a new endpoint.

use serde_json::{Value, json};

use super::build::{Regroup, check, wait_or_fail};
use super::effects::{list, text};
use super::network_interface::wear;
use super::{Effect, Kind, Listing, Read, Scope, cache_cluster_account, cache_cluster_copy, cache_subnet_group};
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::facet::{Facets, Guard, Role};
use crate::model::id::Id;
use crate::model::network::Ports;
use crate::model::path;
use crate::model::resource::{Doc, Resource, tags_of};
use crate::model::step::{Expect, Step, Wait};
use crate::model::strategy::{Blocker, Candidate, Risk, Scene, Site, Strategy, WayBack};

pub struct CacheCluster;

static LISTING: Listing = Listing {
    operation: "elasticache:DescribeCacheClusters",
    documents: "CacheClusters[]",
    scope: Scope::Region,
    with: || json!({ "ShowCacheNodeInfo": true }),
    ids: ("CacheClusterId", "CacheClusterId", UNKNOWN),
    follow: &[cache_subnet_group::FOLLOW],
};

/// AWS's code for a cluster that isn't there.
pub(super) const UNKNOWN: &str = "CacheClusterNotFound";
/// Seconds for which a modification shows.
pub(super) const MODIFY_S: u64 = 60;
/// States from which a cache does not come back by itself.
const STUCK: [&str; 5] = ["deleting", "deleted", "create-failed", "incompatible-network", "restore-failed"];

pub(super) fn id_of(name: &str) -> Id {
    Id::new(format!("cache:{name}"))
}

/// The port in an endpoint of a document.
pub(super) fn port(doc: &Value, endpoints: &[&str]) -> Option<Vec<Ports>> {
    let found = endpoints.iter().find_map(|at| path::first(doc, &format!("{at}.Port"))?.as_u64());
    found.and_then(|port| u16::try_from(port).ok()).map(|port| vec![Ports::tcp(port)])
}

/// Groups as a description shows them.
pub(super) fn worn(groups: &[String]) -> Value {
    groups.iter().map(|group| json!({ "SecurityGroupId": group, "Status": "active" })).collect()
}

/// Groups exist, and are not too many; ElastiCache has one code for both.
pub(super) fn check_groups(account: &Account, groups: &[String]) -> Result<(), Refusal> {
    account.check_groups(groups).map_err(|refusal| Refusal::new("InvalidParameterValue", refusal.message))
}

/// A cluster's nodes change their groups.
pub(super) fn rewear(account: &mut Account, cluster: &str, groups: &[String]) -> Result<(), Refusal> {
    for interface in cache_cluster_account::interfaces(account, cluster) {
        wear(account, interface.as_str(), groups)?;
    }
    Ok(())
}

fn modify(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let name = text(parameters, "CacheClusterId")?.to_owned();
    let id = id_of(&name);
    let doc = account.doc(id.as_str(), UNKNOWN)?;
    if doc["ReplicationGroupId"].is_string() {
        return Err(Refusal::new("InvalidCacheClusterState", format!("Cache cluster {name} is part of a replication group.")));
    }
    let status = path::text(doc, "CacheClusterStatus");
    if status != "available" {
        return Err(Refusal::new("InvalidCacheClusterState", format!("Cache cluster {name} is {status}.")));
    }
    if parameters.contains_key("SecurityGroupIds") {
        let groups = list(parameters, "SecurityGroupIds");
        check_groups(account, &groups)?;
        rewear(account, &name, &groups)?;
        account.edit(id.as_str(), UNKNOWN)?["SecurityGroups"] = worn(&groups);
    }
    let doc = account.edit(id.as_str(), UNKNOWN)?;
    doc["CacheClusterStatus"] = json!("modifying");
    let answer = doc.clone();
    account.later(&id, MODIFY_S, "/CacheClusterStatus", json!("available"));
    Ok(json!({ "CacheCluster": answer }))
}

impl Kind for CacheCluster {
    fn name(&self) -> &'static str {
        "cache_cluster"
    }

    fn listing(&self) -> Option<&'static Listing> {
        Some(&LISTING)
    }

    fn parse(&self, doc: &Doc, vpc: &Id) -> Option<Resource> {
        let name = doc["CacheClusterId"].as_str()?;
        if doc["SubnetGroup"]["VpcId"] != vpc.as_str() {
            return None;
        }
        let owner = doc["ReplicationGroupId"].as_str().filter(|id| !id.is_empty());
        Some(Resource {
            id: id_of(name),
            kind: self.name().to_owned(),
            role: if owner.is_some() { Role::Bystander } else { Role::Workload },
            name: name.to_owned(),
            tags: tags_of(doc),
            facets: Facets {
                placement: Some(cache_subnet_group::placement(doc, path::texts(doc, "CacheNodes[].CustomerAvailabilityZone"))),
                guard: Some(Guard { groups: path::texts(doc, "SecurityGroups[].SecurityGroupId").into_iter().map(Id::from).collect() }),
                listens: port(doc, &["ConfigurationEndpoint", "CacheNodes[].Endpoint"]),
                owner: owner.map(super::replication_group::id_of),
                state: path::text(doc, "CacheClusterStatus").to_owned(),
                ..Facets::default()
            },
            doc: doc.clone(),
        })
    }

    fn effects(&self) -> &'static [(&'static str, Effect)] {
        &[
            ("elasticache:ModifyCacheCluster", modify),
            ("elasticache:CreateCacheCluster", cache_cluster_account::create),
            ("elasticache:DeleteCacheCluster", cache_cluster_account::delete),
        ]
    }

    fn reads(&self) -> &'static [(&'static str, Read)] {
        &[super::db_event::CACHE]
    }

    fn candidates(&self, resource: &Resource, _site: &Site<'_>) -> Vec<Candidate> {
        let flip = Candidate::new(Strategy::Flip, "its nodes keep their addresses and endpoints: their subnets turn private around them")
            .takes(2 * MODIFY_S);
        let words = "its subnet group is fixed for its life, and nothing replicates it";
        let relocate = Candidate::new(Strategy::Relocate, words).risk(Risk::High).way_back(WayBack::Slow).impossible(true);
        vec![flip, again(resource), relocate]
    }

    fn draft(&self, resource: &Resource, scene: &Scene<'_>) -> Result<Vec<Step>, Blocker> {
        if !matches!(scene.strategy, Strategy::Flip | Strategy::Recreate) {
            return Ok(Vec::new());
        }
        stuck(resource)?;
        let mut steps = regroup(resource, scene);
        if scene.strategy == Strategy::Recreate {
            steps.extend(cache_cluster_copy::steps(resource, scene));
        }
        Ok(steps)
    }
}

/// A new one beside it.
fn again(resource: &Resource) -> Candidate {
    let doc = &resource.doc;
    let why = if doc["AuthTokenEnabled"] == true {
        Some("it has a token that only its owners know, and a new one would need it")
    } else if doc["TransitEncryptionEnabled"] == true || doc["AtRestEncryptionEnabled"] == true {
        Some("it is encrypted, and this version does not set up the encryption of a new one")
    } else if cache_cluster_copy::name_of_copy(&resource.name).is_none() {
        Some("its name leaves no room for that of a new one beside it")
    } else {
        None
    };
    let words = if doc["Engine"] == "memcached" {
        "a new one in private subnets, empty, with another endpoint: its owners lead the clients there"
    } else {
        "a new one in private subnets from a snapshot, with another endpoint: its owners lead the clients there; what is written after the snapshot is not on it"
    };
    Candidate::new(Strategy::Recreate, why.unwrap_or(words))
        .interrupts(60)
        .takes(3600)
        .risk(Risk::High)
        .way_back(WayBack::UntilFirstWrite)
        .only_if_asked(true)
        .impossible(why.is_some())
}

/// What a person must do first.
pub(super) fn stuck(resource: &Resource) -> Result<(), Blocker> {
    if !STUCK.contains(&resource.facets.state.as_str()) {
        return Ok(());
    }
    Err(Blocker {
        code: "HK0401".into(),
        resource: resource.id.clone(),
        why: format!("it is {}, and ElastiCache changes a cache only when it is available", resource.facets.state),
        way_out: "repair or delete it, then run discover and plan again".into(),
    })
}

/// The two steps by which a cluster gets new groups; none where it keeps its own.
fn regroup(resource: &Resource, scene: &Scene<'_>) -> Vec<Step> {
    if !scene.regroup {
        return Vec::new();
    }
    let name = &resource.name;
    let own = json!({ "CacheClusterId": name });
    let old: Vec<Value> = resource.groups().iter().map(|group| json!(group.as_str())).collect();
    Regroup {
        name,
        slug: scene.slug,
        operation: "elasticache:ModifyCacheCluster",
        parameters: &|groups| json!({ "CacheClusterId": name, "SecurityGroupIds": groups, "ApplyImmediately": true }),
        seen: ("elasticache:DescribeCacheClusters", own.clone(), "CacheClusters[].SecurityGroups[].SecurityGroupId"),
        wait: &[at_rest(own)],
        old: &old,
        new: scene.groups,
    }
    .steps()
}

fn at_rest(own: Value) -> Wait {
    let available = check(
        "the cache is available",
        "elasticache:DescribeCacheClusters",
        own,
        "CacheClusters[].CacheClusterStatus",
        Expect::Equals(json!("available")),
    );
    wait_or_fail(available, &STUCK, MODIFY_S, 3600)
}
