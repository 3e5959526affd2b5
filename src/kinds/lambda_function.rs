//! A Lambda function in the VPC.
//!
//! Its interfaces never have public addresses: in a public subnet it has no internet at all, so a private subnet with
//! NAT *adds* access. `UpdateFunctionConfiguration` takes subnets and groups whole, on `$LATEST` only; invocations use
//! the old configuration until `LastUpdateStatus` is `Successful`. The revision is sent along, so that somebody else's
//! change in between is refused (`PreconditionFailedException`) instead of overwritten. Published versions keep the
//! VPC configuration they were published with. Old interfaces linger up to 20 minutes (developer guide,
//! `foundation-networking.md`). The environment is secret: it is never read.

use serde_json::{Value, json};

use super::build::{check, look, step, undo_and_wait, wait, wait_or_fail};
use super::effects::text;
use super::{Effect, Follow, Kind, Listing, Read, Scope};
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::facet::{Facets, Guard, Placement, Role};
use crate::model::id::Id;
use crate::model::path;
use crate::model::resource::{Resource, tags_of};
use crate::model::step::{Check, Expect, Impact, Stage, Step, Wait};
use crate::model::strategy::{Blocker, Candidate, Risk, Scene, Site, Strategy};

pub struct LambdaFunction;

static LISTING: Listing = Listing {
    operation: "lambda:ListFunctions",
    documents: "Functions[]",
    scope: Scope::Region,
    with: super::listing::nothing,
    ids: ("FunctionName", "FunctionName", "ResourceNotFoundException"),
    follow: &[
        Follow {
            operation: "lambda:ListVersionsByFunction",
            result: "Versions",
            parameters: in_vpc,
            batch: 1,
            merge: |doc, answer| doc["Versions"] = published(answer),
        },
        Follow {
            operation: "lambda:ListAliases",
            result: "Aliases",
            parameters: in_vpc,
            batch: 1,
            merge: |doc, answer| doc["Aliases"] = answer["Aliases"].clone(),
        },
    ],
};

/// Only functions with a VPC configuration are looked at more closely.
fn in_vpc(docs: &[&Value]) -> Option<Value> {
    let doc = docs.first()?;
    doc["VpcConfig"]["VpcId"].as_str().filter(|id| !id.is_empty())?;
    Some(json!({ "FunctionName": doc["FunctionName"] }))
}

fn published(answer: &Value) -> Value {
    let versions = answer["Versions"].as_array().into_iter().flatten().filter(|v| v["Version"] != "$LATEST");
    versions.map(|v| json!({ "Version": v["Version"], "VpcConfig": v["VpcConfig"] })).collect()
}

const UNKNOWN: &str = "ResourceNotFoundException";
/// Seconds that an update takes (1–5 minutes), and that an unused interface lingers (up to 20 minutes).
const UPDATE_S: u64 = 90;
const LINGER_S: u64 = 1200;

fn id_of(name: &str) -> Id {
    Id::new(format!("function:{name}"))
}

fn update(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let name = text(parameters, "FunctionName")?.to_owned();
    let id = id_of(&name);
    let doc = account.doc(id.as_str(), UNKNOWN)?.clone();
    if let Some(revision) = parameters.get("RevisionId").and_then(Value::as_str)
        && doc["RevisionId"].as_str().is_some_and(|current| current != revision)
    {
        return Err(Refusal::new("PreconditionFailedException", "The Revision Id provided does not match the latest Revision Id."));
    }
    if doc["LastUpdateStatus"] == "InProgress" || doc["State"] == "Pending" {
        return Err(Refusal::new(
            "ResourceConflictException",
            "The operation cannot be performed at this time. An update is in progress for resource",
        ));
    }
    let config = parameters.get("VpcConfig").cloned().unwrap_or_default();
    let (subnets, groups) = (path::texts(&config, "SubnetIds[]"), path::texts(&config, "SecurityGroupIds[]"));
    for subnet in &subnets {
        account.doc(subnet, "InvalidParameterValueException")?;
    }
    account.check_groups(&groups).map_err(|refusal| Refusal::new("InvalidParameterValueException", refusal.message))?;
    for subnet in &subnets {
        if let Some(interface) = lambda_interface(account, subnet, &groups) {
            account.keep(&interface);
            continue;
        }
        let description = format!("AWS Lambda VPC ENI-{name}-{:032x}", account.serial);
        account.add_interface(subnet, &groups, &description, json!({ "InterfaceType": "lambda" }))?;
    }
    let serial = account.serial + 1;
    account.serial = serial;
    let doc = account.edit(id.as_str(), UNKNOWN)?;
    let old = doc["VpcConfig"].take();
    doc["VpcConfig"] = json!({ "VpcId": old["VpcId"], "SubnetIds": subnets, "SecurityGroupIds": groups });
    doc["LastUpdateStatus"] = json!("InProgress");
    doc["RevisionId"] = json!(format!("revision-{serial}"));
    let answer = doc.clone();
    account.later(&id, UPDATE_S, "/LastUpdateStatus", json!("Successful"));
    release_interfaces(account, &old);
    Ok(answer)
}

fn lambda_interface(account: &Account, subnet: &str, groups: &[String]) -> Option<Id> {
    let wears = |doc: &Value| {
        let mut worn = path::texts(doc, "Groups[].GroupId");
        let mut wanted = groups.to_vec();
        worn.sort();
        wanted.sort();
        worn == wanted
    };
    account.interfaces_in(subnet).find(|i| i.doc["InterfaceType"] == "lambda" && wears(&i.doc)).map(|i| i.id.clone())
}

/// The interfaces of a configuration disappear later, unless another function or version uses them.
fn release_interfaces(account: &mut Account, old: &Value) {
    let groups = path::texts(old, "SecurityGroupIds[]");
    for subnet in path::texts(old, "SubnetIds[]") {
        let uses =
            |config: &Value| path::texts(config, "SubnetIds[]").contains(&subnet) && path::texts(config, "SecurityGroupIds[]") == groups;
        let used =
            |r: &Resource| uses(&r.doc["VpcConfig"]) || r.doc["Versions"].as_array().into_iter().flatten().any(|v| uses(&v["VpcConfig"]));
        if account.resources.of_kind("lambda_function").any(used) {
            continue;
        }
        if let Some(interface) = lambda_interface(account, &subnet, &groups) {
            account.remove_later(&interface, LINGER_S);
        }
    }
}

fn configuration(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let name = text(parameters, "FunctionName")?;
    let mut doc = account.doc(id_of(name).as_str(), UNKNOWN)?.clone();
    for (key, value) in [("State", "Active"), ("LastUpdateStatus", "Successful"), ("RevisionId", "revision-0")] {
        if doc[key].is_null() {
            doc[key] = json!(value);
        }
    }
    Ok(doc)
}

fn versions(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let doc = account.doc(id_of(text(parameters, "FunctionName")?).as_str(), UNKNOWN)?;
    Ok(json!({ "Versions": doc["Versions"].as_array().cloned().unwrap_or_default() }))
}

fn aliases(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let doc = account.doc(id_of(text(parameters, "FunctionName")?).as_str(), UNKNOWN)?;
    Ok(json!({ "Aliases": doc["Aliases"].as_array().cloned().unwrap_or_default() }))
}

impl Kind for LambdaFunction {
    fn name(&self) -> &'static str {
        "lambda_function"
    }

    fn listing(&self) -> Option<&'static Listing> {
        Some(&LISTING)
    }

    fn parse(&self, doc: &Value, vpc: &Id) -> Option<Resource> {
        let name = doc["FunctionName"].as_str()?;
        if doc["VpcConfig"]["VpcId"] != vpc.as_str() {
            return None;
        }
        let ids = |at: &str| path::texts(doc, at).into_iter().map(Id::from).collect::<Vec<_>>();
        let mut doc = doc.clone();
        if let Some(map) = doc.as_object_mut() {
            map.remove("Environment");
        }
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
                state: path::text(&doc, "State").to_owned(),
                ..Facets::default()
            },
            doc,
        })
    }

    fn effects(&self) -> &'static [(&'static str, Effect)] {
        &[("lambda:UpdateFunctionConfiguration", update)]
    }

    fn reads(&self) -> &'static [(&'static str, Read)] {
        &[("lambda:GetFunctionConfiguration", configuration), ("lambda:ListVersionsByFunction", versions), ("lambda:ListAliases", aliases)]
    }

    fn candidates(&self, resource: &Resource, site: &Site<'_>) -> Vec<Candidate> {
        let relocate = Candidate::new(
            Strategy::Relocate,
            "new invocations use the private subnets as soon as the update is through; the old configuration is one call away",
        )
        .takes(UPDATE_S);
        let flips = resource.subnets().iter().all(|subnet| site.flipping.contains(subnet) || !site.public.contains(subnet));
        let flip = Candidate::new(Strategy::Flip, "its subnets turn private around it; NAT is tried out late, by everything at once")
            .takes(UPDATE_S)
            .risk(if flips { Risk::Low } else { Risk::Medium });
        vec![relocate, flip]
    }

    fn draft(&self, resource: &Resource, scene: &Scene<'_>) -> Result<Vec<Step>, Blocker> {
        aliases_follow(resource, scene)?;
        let old = (path::texts(&resource.doc, "VpcConfig.SubnetIds[]"), path::texts(&resource.doc, "VpcConfig.SecurityGroupIds[]"));
        let subnets: Vec<Value> = match scene.strategy {
            Strategy::Relocate => homes(resource, scene)?,
            Strategy::Flip if scene.regroup => old.0.iter().map(|s| json!(s)).collect(),
            _ => return Ok(Vec::new()),
        };
        Ok(vec![update_step(resource, scene, &subnets, &old)])
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

/// An alias that points to a published version keeps serving from the old subnets, whatever happens to `$LATEST`.
fn aliases_follow(resource: &Resource, scene: &Scene<'_>) -> Result<(), Blocker> {
    let stays = |version: &str| {
        let subnets = path::texts(&resource.doc, &format!("Versions[Version={version}].VpcConfig.SubnetIds[]"));
        subnets
            .iter()
            .any(|subnet| scene.today.contains(&Id::from(subnet.as_str())) && !scene.flipping.contains(&Id::from(subnet.as_str())))
    };
    let stuck = resource.doc["Aliases"].as_array().into_iter().flatten().find(|alias| stays(path::text(alias, "FunctionVersion")));
    match stuck {
        None => Ok(()),
        Some(alias) => Err(Blocker {
            code: "HK0401".into(),
            resource: resource.id.clone(),
            why: format!(
                "its alias {} serves version {}, which stays in a public subnet",
                path::text(alias, "Name"),
                path::text(alias, "FunctionVersion")
            ),
            way_out: "point the alias to $LATEST for the move, or let the subnet flip; publishing and shifting come with a later version"
                .into(),
        }),
    }
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
    let call = |subnets: &[Value], groups: &[Value]| {
        json!({ "FunctionName": name, "VpcConfig": { "SubnetIds": subnets, "SecurityGroupIds": groups },
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
