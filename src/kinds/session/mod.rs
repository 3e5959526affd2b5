//! Session Manager instead of SSH: IAM roles and instance profiles, and Run Commands as its proof.
//!
//! An instance is reached when its agent is connected: the role in its instance profile has
//! `AmazonSSMManagedInstanceCore`, and it gets out on 443, by the internet or by the endpoints `ssm` and `ssmmessages`.
//! An instance has one profile at most, so a profile that is there is never replaced: its role gets the policy beside
//! what it has. `PingStatus` tells the past: what counts is a sign of life later than the change, and a command that
//! answers. Neither role nor profile has a token; the name is the natural key (`EntityAlreadyExists`), and the tag tells
//! whose it is. IAM is eventually consistent: EC2 may not know a fresh profile for some seconds.

mod agent;
mod iam;
mod steps;

use serde_json::{Value, json};

pub use agent::{CORE, inherit};
pub use steps::{Proof, associate, profile_name, proof};

use super::{Effect, Follow, Kind, Listing, Read};
use crate::model::facet::{Facets, Login, Role};
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::path;
use crate::model::resource::{Doc, Resource, tags_of};
use crate::model::step::Step;
use crate::model::strategy::Provision;

/// What is read of instances beside their listing: agents by the hundred, profiles and policies once for each profile.
pub const FOLLOW: [Follow; 3] = [
    Follow {
        operation: "ssm:DescribeInstanceInformation",
        result: "InstanceInformationList",
        parameters: |docs| {
            let living = docs.iter().filter(|doc| doc["State"]["Name"] != "terminated");
            let ids: Vec<&Value> = living.map(|doc| &doc["InstanceId"]).collect();
            (!ids.is_empty()).then(|| json!({ "Filters": [{ "Key": "InstanceIds", "Values": ids }] }))
        },
        batch: 100,
        merge: |doc, answer| {
            let id = path::text(doc, "InstanceId");
            let seen = path::first(answer, &format!("InstanceInformationList[InstanceId={id}]"));
            // When the agent was last heard of changes by itself.
            doc["SessionManager"] =
                seen.map_or(Value::Null, |seen| json!({ "PingStatus": seen["PingStatus"], "PlatformType": seen["PlatformType"] }));
        },
    },
    Follow {
        operation: "iam:GetInstanceProfile",
        result: "InstanceProfile",
        parameters: |docs| Some(json!({ "InstanceProfileName": last_part(docs[0]["IamInstanceProfile"]["Arn"].as_str()?) })),
        batch: 1,
        merge: |doc, answer| {
            let profile = &answer["InstanceProfile"];
            let roles: Vec<Value> = path::select(profile, "Roles[]")
                .into_iter()
                .map(|role| json!({ "RoleName": role["RoleName"], "Arn": role["Arn"] }))
                .collect();
            doc["Profile"] = json!({ "InstanceProfileName": profile["InstanceProfileName"], "Arn": profile["Arn"], "Roles": roles });
        },
    },
    Follow {
        operation: "iam:ListAttachedRolePolicies",
        result: "AttachedPolicies",
        parameters: |docs| Some(json!({ "RoleName": path::first(docs[0], "Profile.Roles[0].RoleName")? })),
        batch: 1,
        merge: |doc, answer| doc["Profile"]["AttachedPolicies"] = answer["AttachedPolicies"].clone(),
    },
];

/// The name at the end of an ARN, whatever path stands before it.
pub fn last_part(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// How people log in to an instance, from its document with what [`FOLLOW`] read.
pub fn login(doc: &Value) -> Login {
    let arn = path::text(doc, "IamInstanceProfile.Arn");
    let policies = path::first(doc, "Profile.AttachedPolicies").and_then(Value::as_array);
    Login {
        online: path::text(doc, "SessionManager.PingStatus") == "Online",
        profile: (!arn.is_empty()).then(|| last_part(arn).to_owned()),
        role: path::first(doc, "Profile.Roles[0].RoleName").and_then(Value::as_str).map(str::to_owned),
        allowed: policies.map(|list| list.iter().any(|policy| CORE.contains(&last_part(path::text(policy, "PolicyArn"))))),
    }
}

/// An IAM role: what an instance may do.
pub struct IamRole;

/// An instance profile: by it an instance has its role.
pub struct InstanceProfile;

/// A Run Command.
pub struct SsmCommand;

fn resource(kind: &str, role: Role, id: String, name: &str, doc: &Doc) -> Resource {
    let (id, tags) = (Id::new(id), tags_of(doc));
    Resource { id, kind: kind.to_owned(), role, name: name.to_owned(), tags, facets: Facets::default(), doc: doc.clone() }
}

impl Kind for IamRole {
    fn name(&self) -> &'static str {
        "iam_role"
    }

    /// Roles are found by the instances that have them.
    fn listing(&self) -> Option<&'static Listing> {
        None
    }

    fn parse(&self, doc: &Doc, _vpc: &Id) -> Option<Resource> {
        let name = doc["RoleName"].as_str()?;
        Some(resource(self.name(), Role::Bystander, format!("role:{name}"), name, doc))
    }

    fn effects(&self) -> &'static [(&'static str, Effect)] {
        iam::ROLE_EFFECTS
    }

    fn reads(&self) -> &'static [(&'static str, Read)] {
        iam::ROLE_READS
    }

    fn provide(&self, provision: &Provision, migration: &str, inventory: &Inventory) -> Option<Vec<Step>> {
        match provision {
            Provision::SessionRole => Some(steps::own_role(migration, inventory)),
            Provision::SessionPolicy { key, role, people } => Some(vec![steps::policy(key, role, people, inventory)]),
            _ => None,
        }
    }
}

impl Kind for InstanceProfile {
    fn name(&self) -> &'static str {
        "instance_profile"
    }

    /// Profiles are found by the instances that have them.
    fn listing(&self) -> Option<&'static Listing> {
        None
    }

    fn parse(&self, doc: &Doc, _vpc: &Id) -> Option<Resource> {
        let name = doc["InstanceProfileName"].as_str()?;
        Some(resource(self.name(), Role::Bystander, format!("profile:{name}"), name, doc))
    }

    fn effects(&self) -> &'static [(&'static str, Effect)] {
        iam::PROFILE_EFFECTS
    }

    fn reads(&self) -> &'static [(&'static str, Read)] {
        iam::PROFILE_READS
    }
}

impl Kind for SsmCommand {
    fn name(&self) -> &'static str {
        "ssm_command"
    }

    /// Commands are nothing to discover.
    fn listing(&self) -> Option<&'static Listing> {
        None
    }

    fn parse(&self, doc: &Doc, _vpc: &Id) -> Option<Resource> {
        let id = doc["CommandId"].as_str()?;
        Some(resource(self.name(), Role::Bystander, id.to_owned(), id, doc))
    }

    fn effects(&self) -> &'static [(&'static str, Effect)] {
        agent::EFFECTS
    }

    fn reads(&self) -> &'static [(&'static str, Read)] {
        agent::READS
    }
}
