//! Roles and instance profiles of a simulated account: what IAM and EC2 do and refuse.
//!
//! A role that was there before is known by the instances that have it: their documents hold it, and a change of it
//! changes them all. What the migration makes is a thing of its own.

use serde_json::{Value, json};

use super::agent::AGENT_S;
use super::last_part;
use crate::kinds::effects::text;
use crate::kinds::{Effect, Read};
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::facet::Role;
use crate::model::id::Id;
use crate::model::path;
use crate::model::resource::Resource;

pub(super) const ROLE_EFFECTS: &[(&str, Effect)] =
    &[("iam:CreateRole", create_role), ("iam:DeleteRole", delete_role), ("iam:AttachRolePolicy", attach), ("iam:DetachRolePolicy", detach)];
pub(super) const ROLE_READS: &[(&str, Read)] = &[("iam:GetRole", get_role), ("iam:ListAttachedRolePolicies", attached)];
pub(super) const PROFILE_EFFECTS: &[(&str, Effect)] = &[
    ("iam:CreateInstanceProfile", create_profile),
    ("iam:DeleteInstanceProfile", delete_profile),
    ("iam:AddRoleToInstanceProfile", add_role),
    ("iam:RemoveRoleFromInstanceProfile", remove_role),
    ("ec2:AssociateIamInstanceProfile", associate),
    ("ec2:DisassociateIamInstanceProfile", disassociate),
];
pub(super) const PROFILE_READS: &[(&str, Read)] =
    &[("iam:GetInstanceProfile", get_profile), ("ec2:DescribeIamInstanceProfileAssociations", associations)];

const NO_ENTITY: &str = "NoSuchEntity";
const NO_INSTANCE: &str = "InvalidInstanceID.NotFound";

fn role_id(name: &str) -> String {
    format!("role:{name}")
}

fn profile_id(name: &str) -> String {
    format!("profile:{name}")
}

fn absent(what: &str, name: &str) -> Refusal {
    Refusal::new(NO_ENTITY, format!("The {what} with name {name} cannot be found."))
}

fn exists(what: &str, name: &str) -> Refusal {
    Refusal::new("EntityAlreadyExists", format!("{what} with name {name} already exists."))
}

/// The instances whose profile holds a role.
fn holders(account: &Account, role: &str) -> Vec<Id> {
    let holding = account.resources.having("ec2_instance", "Profile.Roles[].RoleName", role);
    holding.filter(|r| is_living(r)).map(|r| r.id.clone()).collect()
}

/// A terminated instance is still told for a while, and holds nothing any more.
fn is_living(instance: &Resource) -> bool {
    instance.doc["State"]["Name"] != "terminated"
}

/// The policies of a role; none if there is no such role.
fn policies(account: &Account, role: &str) -> Option<Vec<Value>> {
    let own = account.doc(&role_id(role), NO_ENTITY).ok().map(|doc| path::select(doc, "AttachedPolicies[]"));
    let held = || holders(account, role).first().map(|id| path::select(&account.resources[id].doc, "Profile.AttachedPolicies[]"));
    own.or_else(held).map(|list| list.into_iter().cloned().collect())
}

/// Sets the policies of a role wherever they are known; the agents of its instances take note some minutes later.
fn set_policies(account: &mut Account, role: &str, list: &[Value]) -> Result<(), Refusal> {
    if account.doc(&role_id(role), NO_ENTITY).is_ok() {
        account.edit(&role_id(role), NO_ENTITY)?["AttachedPolicies"] = json!(list);
    }
    let until = account.now_ms + AGENT_S * 1000;
    for id in holders(account, role) {
        let doc = account.edit(id.as_str(), NO_INSTANCE)?;
        doc["Profile"]["AttachedPolicies"] = json!(list);
        doc["UntilMs"] = json!(until);
    }
    Ok(())
}

/// A profile as IAM tells it, its role's policies beside it; none if there is no such profile.
pub(super) fn profile(account: &Account, name: &str) -> Option<Value> {
    let own = account.doc(&profile_id(name), NO_ENTITY).ok().map(|doc| {
        let role = path::text(doc, "Roles[0].RoleName");
        json!({ "InstanceProfileName": name, "Arn": doc["Arn"], "Roles": doc["Roles"], "AttachedPolicies": policies(account, role).unwrap_or_default() })
    });
    let held = || {
        let mut held = account.resources.having("ec2_instance", "Profile.InstanceProfileName", name).filter(|r| is_living(r));
        held.next().map(|r| r.doc["Profile"].clone())
    };
    own.or_else(held)
}

/// `Tags` of a call to IAM.
fn own_tags(parameters: &Object) -> Value {
    parameters.get("Tags").cloned().unwrap_or_else(|| json!([]))
}

fn create_role(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let name = text(parameters, "RoleName")?.to_owned();
    let trust = text(parameters, "AssumeRolePolicyDocument")?;
    if serde_json::from_str::<Value>(trust).is_err() {
        return Err(Refusal::new("MalformedPolicyDocument", "This policy contains invalid Json"));
    }
    if policies(account, &name).is_some() {
        return Err(exists("Role", &name));
    }
    let arn = format!("arn:aws:iam::{}:role/{name}", account.account);
    let doc = json!({ "RoleName": name, "Arn": arn, "Path": "/", "Tags": own_tags(parameters), "AttachedPolicies": [] });
    account.insert("iam_role", Role::Bystander, Id::new(role_id(&name)), doc.clone());
    Ok(json!({ "Role": doc }))
}

fn delete_role(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let name = text(parameters, "RoleName")?.to_owned();
    let list = policies(account, &name).ok_or_else(|| absent("role", &name))?;
    let held = account.resources.of_kind("instance_profile").any(|r| path::texts(&r.doc, "Roles[].RoleName").contains(&name));
    if !list.is_empty() || held {
        return Err(Refusal::new(
            "DeleteConflict",
            "Cannot delete entity, must detach all policies and remove roles from instance profile first.",
        ));
    }
    account.remove(&Id::new(role_id(&name)));
    Ok(json!({}))
}

fn attach(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let (role, arn) = (text(parameters, "RoleName")?.to_owned(), text(parameters, "PolicyArn")?.to_owned());
    let mut list = policies(account, &role).ok_or_else(|| absent("role", &role))?;
    if !arn.starts_with("arn:") || !arn.contains(":policy/") {
        return Err(Refusal::new(NO_ENTITY, format!("Policy {arn} does not exist or is not attachable.")));
    }
    // Attaching twice is no error.
    if !list.iter().any(|policy| policy["PolicyArn"] == arn.as_str()) {
        list.push(json!({ "PolicyName": last_part(&arn), "PolicyArn": arn }));
        set_policies(account, &role, &list)?;
    }
    Ok(json!({}))
}

fn detach(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let (role, arn) = (text(parameters, "RoleName")?.to_owned(), text(parameters, "PolicyArn")?.to_owned());
    let mut list = policies(account, &role).ok_or_else(|| absent("role", &role))?;
    let before = list.len();
    list.retain(|policy| policy["PolicyArn"] != arn.as_str());
    if list.len() == before {
        return Err(Refusal::new(NO_ENTITY, format!("Policy {arn} was not found.")));
    }
    set_policies(account, &role, &list)?;
    Ok(json!({}))
}

fn get_role(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let name = text(parameters, "RoleName")?;
    if let Ok(doc) = account.doc(&role_id(name), NO_ENTITY) {
        return Ok(json!({ "Role": doc }));
    }
    policies(account, name).map(|_| json!({ "Role": { "RoleName": name, "Tags": [] } })).ok_or_else(|| absent("role", name))
}

fn attached(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let name = text(parameters, "RoleName")?;
    policies(account, name).map(|list| json!({ "AttachedPolicies": list })).ok_or_else(|| absent("role", name))
}

fn create_profile(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let name = text(parameters, "InstanceProfileName")?.to_owned();
    if profile(account, &name).is_some() {
        return Err(exists("Instance Profile", &name));
    }
    let arn = format!("arn:aws:iam::{}:instance-profile/{name}", account.account);
    let doc = json!({ "InstanceProfileName": name, "Arn": arn, "Path": "/", "Roles": [], "Tags": own_tags(parameters) });
    account.insert("instance_profile", Role::Bystander, Id::new(profile_id(&name)), doc.clone());
    Ok(json!({ "InstanceProfile": doc }))
}

fn delete_profile(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let name = text(parameters, "InstanceProfileName")?.to_owned();
    let doc = account.doc(&profile_id(&name), NO_ENTITY).map_err(|_| absent("Instance Profile", &name))?;
    if path::first(doc, "Roles[0]").is_some() {
        return Err(Refusal::new("DeleteConflict", "Cannot delete entity, must remove roles from instance profile first."));
    }
    account.remove(&Id::new(profile_id(&name)));
    Ok(json!({}))
}

fn add_role(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let (name, role) = (text(parameters, "InstanceProfileName")?.to_owned(), text(parameters, "RoleName")?.to_owned());
    let arn = get_role(account, parameters)?["Role"]["Arn"].clone();
    let doc = account.edit(&profile_id(&name), NO_ENTITY).map_err(|_| absent("Instance Profile", &name))?;
    if path::first(doc, "Roles[0]").is_some() {
        return Err(Refusal::new("LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"));
    }
    doc["Roles"] = json!([{ "RoleName": role, "Arn": arn }]);
    Ok(json!({}))
}

fn remove_role(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let (name, role) = (text(parameters, "InstanceProfileName")?.to_owned(), text(parameters, "RoleName")?.to_owned());
    let doc = account.edit(&profile_id(&name), NO_ENTITY).map_err(|_| absent("Instance Profile", &name))?;
    if !path::texts(doc, "Roles[].RoleName").contains(&role) {
        return Err(absent("role", &role));
    }
    doc["Roles"] = json!([]);
    Ok(json!({}))
}

fn get_profile(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let name = text(parameters, "InstanceProfileName")?;
    if let Ok(doc) = account.doc(&profile_id(name), NO_ENTITY) {
        return Ok(json!({ "InstanceProfile": doc }));
    }
    let mut found = profile(account, name).ok_or_else(|| absent("Instance Profile", name))?;
    found.as_object_mut().expect("a profile is an object").remove("AttachedPolicies");
    Ok(json!({ "InstanceProfile": found }))
}

/// EC2 knows the association of an instance with its profile by an id; here it follows from the instance's.
fn association(id: &str) -> String {
    format!("iip-assoc-{}", id.trim_start_matches("i-"))
}

fn associate(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = text(parameters, "InstanceId")?.to_owned();
    let wanted = parameters.get("IamInstanceProfile").cloned().unwrap_or_default();
    let name = wanted["Name"].as_str().or(wanted["Arn"].as_str().map(last_part)).unwrap_or_default();
    let doc = account.doc(&id, NO_INSTANCE)?;
    if !doc["IamInstanceProfile"].is_null() {
        return Err(Refusal::new("IncorrectState", format!("There is an existing association for instance {id}")));
    }
    let words = || format!("Value ({name}) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name");
    let profile = profile(account, name).ok_or_else(|| Refusal::new("InvalidParameterValue", words()))?;
    let until = account.now_ms + AGENT_S * 1000;
    let doc = account.edit(&id, NO_INSTANCE)?;
    doc["IamInstanceProfile"] = json!({ "Arn": profile["Arn"] });
    doc["Profile"] = profile;
    doc["ProfileState"] = json!("associating");
    doc["UntilMs"] = json!(until);
    account.later(&Id::from(id.as_str()), 5, "/ProfileState", Value::Null);
    Ok(json!({ "IamInstanceProfileAssociation": { "AssociationId": association(&id), "InstanceId": id, "State": "associating" } }))
}

fn disassociate(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let wanted = text(parameters, "AssociationId")?;
    let its = |r: &&Resource| !r.doc["IamInstanceProfile"].is_null() && association(r.id.as_str()) == wanted;
    let id = account.resources.of_kind("ec2_instance").find(its).map(|r| r.id.clone());
    let id =
        id.ok_or_else(|| Refusal::new("InvalidAssociationID.NotFound", format!("An invalid association-id of '{wanted}' was given")))?;
    let doc = account.edit(id.as_str(), NO_INSTANCE)?;
    for key in ["IamInstanceProfile", "Profile", "ProfileState"] {
        doc[key] = Value::Null;
    }
    Ok(json!({ "IamInstanceProfileAssociation": { "AssociationId": wanted, "State": "disassociating" } }))
}

fn associations(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let filters = parameters.get("Filters").cloned().unwrap_or_else(|| json!([]));
    let (instances, states) = (path::texts(&filters, "[Name=instance-id].Values[]"), path::texts(&filters, "[Name=state].Values[]"));
    let all = account.resources.of_kind("ec2_instance").filter(|r| !r.doc["IamInstanceProfile"].is_null());
    let found: Vec<Value> = all
        .filter(|r| instances.is_empty() || instances.contains(&r.id.to_string()))
        .map(|r| {
            let state = r.doc["ProfileState"].as_str().unwrap_or("associated");
            json!({ "AssociationId": association(r.id.as_str()), "InstanceId": r.id.as_str(), "IamInstanceProfile": r.doc["IamInstanceProfile"], "State": state })
        })
        .filter(|one| states.is_empty() || states.iter().any(|state| one["State"] == state.as_str()))
        .collect();
    Ok(json!({ "IamInstanceProfileAssociations": found }))
}
