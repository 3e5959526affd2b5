//! A Lambda function in the VPC.
//!
//! Its interfaces never have public addresses: in a public subnet it has no internet at all, so a private subnet with
//! NAT *adds* access. `UpdateFunctionConfiguration` takes subnets and groups whole, on `$LATEST` only; invocations use
//! the old configuration until `LastUpdateStatus` is `Successful`. The revision is sent along, so that somebody else's
//! change in between is refused (`PreconditionFailedException`) instead of overwritten. Published versions keep the
//! VPC configuration they were published with: what calls an alias moves when a new version is published and the alias
//! points to it ([`aliases`]). Old interfaces linger up to 20 minutes after their last function or version (developer
//! guide, `foundation-networking.md`). The environment is secret: it is never read.
//!
//! One listing (`FunctionVersion=ALL`) tells of all versions; aliases are read only where there are some. Functions
//! outside the VPC are noted: they may come to a database by its public name.

mod account;
mod aliases;

use serde_json::{Value, json};

use super::build::{check, look, step, undo_and_wait, wait, wait_or_fail};
use super::{Effect, Follow, Kind, Listing, Read, Scope};
use crate::model::facet::{Facets, Guard, Placement, Role, Tracking};
use crate::model::id::Id;
use crate::model::path;
use crate::model::resource::{Doc, Resource, tags_of};
use crate::model::step::{Check, Expect, Impact, Stage, Step, Wait};
use crate::model::strategy::{Blocker, Candidate, Risk, Scene, Site, Strategy};

pub struct LambdaFunction;

static LISTING: Listing = Listing {
    operation: "lambda:ListFunctions",
    documents: "Functions[]",
    scope: Scope::Region,
    with: || json!({ "FunctionVersion": "ALL" }),
    ids: ("FunctionName", "FunctionArn", "ResourceNotFoundException"),
    follow: &[
        Follow {
            operation: "lambda:ListAliases",
            result: "Aliases",
            parameters: published,
            batch: 1,
            merge: |doc, answer| doc["Aliases"] = answer["Aliases"].clone(),
        },
        Follow {
            operation: "lambda:ListProvisionedConcurrencyConfigs",
            result: "ProvisionedConcurrencyConfigs",
            parameters: published,
            batch: 1,
            merge: |doc, answer| {
                let one = |config: &Value| json!({ "FunctionArn": config["FunctionArn"], "RequestedProvisionedConcurrentExecutions": config["RequestedProvisionedConcurrentExecutions"] });
                doc["ProvisionedConcurrencyConfigs"] =
                    answer["ProvisionedConcurrencyConfigs"].as_array().into_iter().flatten().map(one).collect();
            },
        },
    ],
};

/// Only functions in the VPC that have published versions are looked at more closely.
fn published(docs: &[&Value]) -> Option<Value> {
    let doc = docs.first()?;
    doc["VpcConfig"]["VpcId"].as_str().filter(|id| !id.is_empty())?;
    path::first(doc, "Versions[0]")?;
    Some(json!({ "FunctionName": doc["FunctionName"] }))
}

/// What a version has in common with `$LATEST`, unless that has changed since. An environment is compared where it is told,
/// and never kept.
const ALIKE: [&str; 16] = [
    "CodeSha256",
    "Runtime",
    "Handler",
    "MemorySize",
    "Timeout",
    "Role",
    "Layers",
    "EphemeralStorage",
    "Environment",
    "Architectures",
    "FileSystemConfigs",
    "DeadLetterConfig",
    "TracingConfig",
    "KMSKeyArn",
    "LoggingConfig",
    "ImageConfigResponse",
];

/// Versions go into the document of their function.
fn gather(documents: Vec<Value>) -> Vec<Value> {
    let is_version = |doc: &Value| doc["Version"].as_str().is_some_and(|version| version != "$LATEST");
    let (versions, mut functions): (Vec<Value>, Vec<Value>) = documents.into_iter().partition(is_version);
    let mut by_name: std::collections::BTreeMap<String, Vec<Value>> = std::collections::BTreeMap::new();
    for version in versions {
        by_name.entry(path::text(&version, "FunctionName").to_owned()).or_default().push(version);
    }
    for function in &mut functions {
        let own = by_name.remove(path::text(function, "FunctionName")).unwrap_or_default();
        let one = |version: &Value| {
            let unlike: Vec<&str> = ALIKE.into_iter().filter(|key| version[*key] != function[*key]).collect();
            json!({ "Version": version["Version"], "VpcConfig": version["VpcConfig"], "CodeSha256": version["CodeSha256"],
                "Description": version["Description"], "Unlike": unlike })
        };
        let own: Vec<Value> = own.iter().map(one).collect();
        if !own.is_empty() || function["Versions"].is_null() {
            function["Versions"] = json!(own);
        }
        if function["Aliases"].is_null() {
            function["Aliases"] = json!([]);
        }
    }
    functions
}

/// Seconds that an update takes (1–5 minutes).
const UPDATE_S: u64 = 90;

fn id_of(name: &str) -> Id {
    Id::new(format!("function:{name}"))
}

impl Kind for LambdaFunction {
    fn name(&self) -> &'static str {
        "lambda_function"
    }

    fn listing(&self) -> Option<&'static Listing> {
        Some(&LISTING)
    }

    fn gather(&self, documents: Vec<Value>) -> Vec<Value> {
        gather(documents)
    }

    fn parse(&self, doc: &Doc, vpc: &Id) -> Option<Resource> {
        let name = doc["FunctionName"].as_str()?;
        let home = doc["VpcConfig"]["VpcId"].as_str().unwrap_or_default();
        if home.is_empty() {
            return Some(outside(name, doc));
        }
        if home != vpc.as_str() {
            return None;
        }
        let ids = |at: &str| path::texts(doc, at).into_iter().map(Id::from).collect::<Vec<_>>();
        let doc = without_secrets(doc);
        let keeps = path::select(&doc, "Versions[]").into_iter().flat_map(|version| {
            let because = format!("version {} keeps what it was published with", path::text(version, "Version"));
            path::texts(version, "VpcConfig.SecurityGroupIds[]").into_iter().map(move |group| (Id::from(group), because.clone()))
        });
        Some(Resource {
            id: id_of(name),
            kind: self.name().to_owned(),
            role: Role::Workload,
            name: name.to_owned(),
            tags: tags_of(&doc),
            facets: Facets {
                placement: Some(Placement { subnets: ids("VpcConfig.SubnetIds[]"), ..Placement::default() }),
                guard: Some(Guard { groups: ids("VpcConfig.SecurityGroupIds[]") }),
                listens: Some(Vec::new()),
                initiates: true,
                uses: keeps.collect(),
                tracking: Tracking::Own,
                state: path::text(&doc, "State").to_owned(),
                ..Facets::default()
            },
            doc: doc.into(),
        })
    }

    fn effects(&self) -> &'static [(&'static str, Effect)] {
        account::EFFECTS
    }

    fn reads(&self) -> &'static [(&'static str, Read)] {
        account::READS
    }

    fn candidates(&self, resource: &Resource, site: &Site<'_>) -> Vec<Candidate> {
        let relocate = Candidate::new(
            Strategy::Relocate,
            "new invocations use the private subnets as soon as the update is through; the old configuration is one call away",
        )
        .takes(UPDATE_S);
        let flips = site.turns_private(resource);
        let flip = Candidate::new(Strategy::Flip, "its subnets turn private around it; NAT is tried out late, by everything at once")
            .takes(UPDATE_S)
            .risk(if flips { Risk::Low } else { Risk::Medium });
        vec![relocate, flip]
    }

    fn draft(&self, resource: &Resource, scene: &Scene<'_>) -> Result<Vec<Step>, Blocker> {
        let old = (path::texts(&resource.doc, "VpcConfig.SubnetIds[]"), path::texts(&resource.doc, "VpcConfig.SecurityGroupIds[]"));
        let subnets: Vec<Value> = match scene.strategy {
            Strategy::Relocate => homes(resource, scene)?,
            Strategy::Flip if scene.regroup => old.0.iter().map(|s| json!(s)).collect(),
            _ => return Ok(Vec::new()),
        };
        let update = update_step(resource, scene, &subnets, &old);
        let mut steps = aliases::follow(resource, scene, &update)?;
        steps.insert(0, update);
        Ok(steps)
    }
}

fn without_secrets(doc: &Value) -> Value {
    let mut doc = doc.clone();
    if let Some(map) = doc.as_object_mut() {
        map.remove("Environment");
    }
    doc
}

/// A function outside every VPC: it may open connections to public names.
fn outside(name: &str, doc: &Value) -> Resource {
    let doc = without_secrets(doc);
    let facets = Facets { initiates: true, state: path::text(&doc, "State").to_owned(), ..Facets::default() };
    Resource {
        id: id_of(name),
        kind: "lambda_function".to_owned(),
        role: Role::Bystander,
        name: name.to_owned(),
        tags: tags_of(&doc),
        facets,
        doc: doc.into(),
    }
}

/// A private subnet in each zone in which it has one today.
fn homes(resource: &Resource, scene: &Scene<'_>) -> Result<Vec<Value>, Blocker> {
    let zone = |subnet: &Id| scene.inventory.get(subnet).map(|s| path::text(&s.doc, "AvailabilityZone").to_owned()).unwrap_or_default();
    let mut zones: Vec<String> = resource.subnets().iter().map(zone).collect();
    zones.sort();
    zones.dedup();
    let found: Vec<Value> = zones.iter().filter_map(|zone| scene.private.get(zone).cloned()).collect();
    if found.len() == zones.len() && !found.is_empty() {
        return Ok(found);
    }
    Err(Blocker {
        code: "HK0401".into(),
        resource: resource.id.clone(),
        why: "there is no private subnet in every zone of its subnets".into(),
        way_out: "set its strategy to `flip`, or give the zone a private subnet".into(),
    })
}

fn update_step(resource: &Resource, scene: &Scene<'_>, subnets: &[Value], old: &(Vec<String>, Vec<String>)) -> Step {
    let name = &resource.name;
    let own = json!({ "FunctionName": name });
    let see = |what: &str, path: &str, expect| check(what, "lambda:GetFunctionConfiguration", own.clone(), path, expect);
    let at = |what: &str, subnets: Vec<Value>| see(what, "VpcConfig.SubnetIds", Expect::SameSet(subnets));
    let wears = |what: &str, groups: Vec<Value>| see(what, "VpcConfig.SecurityGroupIds", Expect::SameSet(groups));
    let values = |texts: &[String]| texts.iter().map(|t| json!(t)).collect::<Vec<Value>>();
    let updated = || -> Vec<Wait> {
        let done = see("the update is through", "LastUpdateStatus", Expect::Equals(json!("Successful")));
        vec![
            wait_or_fail(done, &["Failed"], UPDATE_S, 900),
            wait(see("the function is active", "State", Expect::Equals(json!("Active"))), 1, 300),
        ]
    };
    // What is not said is off: IPv6 stays on where the subnets stay. The new private subnets have no IPv6.
    let dual = resource.doc["VpcConfig"]["Ipv6AllowedForDualStack"] == true;
    let call = |subnets: &[Value], groups: &[Value]| {
        let mut config = json!({ "SubnetIds": subnets, "SecurityGroupIds": groups });
        if dual && *subnets == values(&old.0)[..] {
            config["Ipv6AllowedForDualStack"] = json!(true);
        }
        json!({ "FunctionName": name, "VpcConfig": config,
            "RevisionId": look("lambda:GetFunctionConfiguration", own.clone(), "RevisionId") })
    };
    let stage = if scene.strategy == Strategy::Flip { Stage::Guard } else { Stage::Stateless };
    let what = if scene.strategy == Strategy::Flip {
        format!("Give {name} its own security group")
    } else {
        format!("Move {name} into the private subnets")
    };
    let unmoved: Check = if scene.strategy == Strategy::Flip {
        wears("it wears what it wore", values(&old.1))
    } else {
        at("it is where it was", values(&old.0))
    };
    let target = if scene.strategy == Strategy::Flip {
        wears("it wears its own group", scene.groups.to_vec())
    } else {
        at("it is in the private subnets", subnets.to_vec())
    };
    let draft = step(format!("{}-update", scene.slug), stage, scene.slug, what)
        .before(unmoved.clone())
        .call("lambda:UpdateFunctionConfiguration", call(subnets, scene.groups))
        .settled_by(target)
        .verify(wears("it wears its groups", scene.groups.to_vec()))
        .impact(Impact::None)
        .undo(vec![undo_and_wait("lambda:UpdateFunctionConfiguration", call(&values(&old.0), &values(&old.1)), unmoved, updated())]);
    updated().into_iter().fold(draft, |draft, wait| draft.wait(wait)).done()
}
