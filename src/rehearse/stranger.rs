//! A colleague who changes or deletes what the plan touches.

use serde_json::Value;

use super::dice::Dice;
use crate::model::account::Account;
use crate::model::facet::Role;
use crate::model::id::Id;
use crate::model::resource::Resource;
use crate::plan::Plan;

/// Lists in documents from which a colleague takes something out.
const LISTS: [&str; 7] = [
    "/VpcSecurityGroups",
    "/SecurityGroups",
    "/VpcConfig/SubnetIds",
    "/VpcConfig/SecurityGroupIds",
    "/Associations",
    "/TargetHealthDescriptions",
    "/IpPermissions",
];

/// What a colleague did, and how things were before.
#[derive(Clone, Debug)]
pub struct Edit {
    /// To what.
    pub id: Id,
    /// What, for people.
    pub what: String,
    before: Resource,
    after: Option<Value>,
}

/// The things of the account that the plan's calls name.
pub fn touched(plan: &Plan, account: &Account) -> Vec<Id> {
    let calls: Vec<String> =
        plan.steps.iter().map(|step| serde_json::to_string(&step.call.parameters).unwrap_or_default()).collect();
    let named = |resource: &&Resource| {
        let quoted = [format!("\"{}\"", resource.id), format!("\"{}\"", resource.name)];
        resource.role != Role::Interface && calls.iter().any(|call| quoted.iter().any(|name| call.contains(name)))
    };
    account.resources.values().filter(named).map(|resource| resource.id.clone()).collect()
}

/// Changes one of these things.
pub fn edit(account: &mut Account, targets: &[Id], dice: u64) -> Option<Edit> {
    let mut dice = Dice::of(&[dice]);
    let id = dice.one(targets)?.clone();
    let before = account.resources.get(&id)?.clone();
    if dice.below(4) == 0 && before.kind == "security_group" {
        account.remove(&id);
        return Some(Edit { what: format!("deleted {} {}", before.kind, before.name), id, before, after: None });
    }
    let lists: Vec<&str> =
        LISTS.into_iter().filter(|at| before.doc.pointer(at).and_then(Value::as_array).is_some_and(|list| !list.is_empty())).collect();
    let doc = account.edit(id.as_str(), "NotFound").ok()?;
    let what = match (dice.one(&lists), doc.get("PubliclyAccessible").and_then(Value::as_bool)) {
        (_, Some(public)) if dice.below(2) == 0 => {
            doc["PubliclyAccessible"] = Value::Bool(!public);
            format!("set PubliclyAccessible of {} to {}", before.name, !public)
        }
        (Some(at), _) => {
            doc.pointer_mut(at).and_then(Value::as_array_mut)?.pop();
            format!("took the last entry out of {} of {} {}", &at[1..], before.kind, before.name)
        }
        _ => return None,
    };
    let after = Some(doc.clone());
    Some(Edit { what, id, before, after })
}

/// Takes an edit back, where the thing still is as the colleague left it.
pub fn take_back(account: &mut Account, edit: &Edit) -> bool {
    let now = account.resources.get(&edit.id).map(|resource| &resource.doc);
    if now != edit.after.as_ref() {
        return false;
    }
    account.resources.insert(edit.id.clone(), edit.before.clone());
    account.dirty.insert(edit.id.clone());
    true
}
