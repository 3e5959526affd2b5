//! A colleague who changes or deletes what the plan touches.

use serde_json::Value;

use super::dice::Dice;
use crate::model::account::Account;
use crate::model::facet::Role;
use crate::model::id::Id;
use crate::model::resource::Resource;
use crate::plan::Plan;

/// Lists in documents from which a colleague takes something out; true: AWS's calls give such a list as a whole.
const LISTS: [(&str, bool); 7] = [
    ("/VpcSecurityGroups", true),
    ("/SecurityGroups", true),
    ("/VpcConfig/SubnetIds", true),
    ("/VpcConfig/SecurityGroupIds", true),
    ("/Associations", false),
    ("/TargetHealthDescriptions", false),
    ("/IpPermissions", false),
];

/// The lists of a thing's groups; and where it is part of another, whose groups it wears: AWS takes them for the whole.
const GROUPS: [&str; 2] = ["/VpcSecurityGroups", "/SecurityGroups"];
const PART_OF: [(&str, &str); 2] = [("cache_cluster", "ReplicationGroupId"), ("db_instance", "DBClusterIdentifier")];

/// The flag that a colleague sets.
const PUBLIC: &str = "PubliclyAccessible";

/// What a colleague did, and how things were before.
#[derive(Clone, Debug)]
pub struct Edit {
    /// To what.
    pub id: Id,
    /// What, for people.
    pub what: String,
    way_back: WayBack,
}

/// How it is taken back.
#[derive(Clone, Debug)]
enum WayBack {
    /// The thing is made again.
    Make(Box<Resource>),
    /// The entry is put back into the list; if AWS takes such a list as a whole, only where nobody has written it since.
    Put(&'static str, Value, Option<Value>),
    /// The flag is set back.
    Flag(bool),
}

/// The things of the account that the plan's calls name.
pub fn touched(plan: &Plan, account: &Account) -> Vec<Id> {
    let calls: Vec<String> = plan.steps.iter().map(|step| serde_json::to_string(&step.call.parameters).unwrap_or_default()).collect();
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
        return Some(Edit { what: format!("deleted {} {}", before.kind, before.name), id, way_back: WayBack::Make(Box::new(before)) });
    }
    let is_part = PART_OF.iter().any(|(kind, whole)| before.kind == *kind && before.doc[*whole].is_string());
    let holds = |at: &str| before.doc.pointer(at).and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    let lists: Vec<(&str, bool)> = LISTS.into_iter().filter(|(at, _)| holds(at) && !(is_part && GROUPS.contains(at))).collect();
    let doc = account.edit(id.as_str(), "NotFound").ok()?;
    let (what, way_back) = match (dice.one(&lists), doc.get(PUBLIC).and_then(Value::as_bool)) {
        (_, Some(public)) if dice.below(2) == 0 => {
            doc[PUBLIC] = Value::Bool(!public);
            (format!("set {PUBLIC} of {} to {}", before.name, !public), WayBack::Flag(public))
        }
        (Some((at, whole)), _) => {
            let entry = doc.pointer_mut(at).and_then(Value::as_array_mut)?.pop()?;
            let left = doc.pointer(at).filter(|_| *whole).cloned();
            (format!("took the last entry out of {} of {} {}", &at[1..], before.kind, before.name), WayBack::Put(at, entry, left))
        }
        _ => return None,
    };
    Some(Edit { what, id, way_back })
}

/// Takes an edit back; false where that can't be done any more.
pub fn take_back(account: &mut Account, edit: &Edit) -> bool {
    if let WayBack::Make(before) = &edit.way_back {
        let gone = account.resources.get(&edit.id).is_none();
        if gone {
            account.resources.insert(edit.id.clone(), (**before).clone());
            account.dirty.insert(edit.id.clone());
        }
        return gone;
    }
    let Ok(doc) = account.edit(edit.id.as_str(), "NotFound") else { return false };
    match &edit.way_back {
        WayBack::Put(at, entry, left) => {
            let now = doc.pointer_mut(at).filter(|now| left.as_ref().is_none_or(|left| *left == **now));
            match now.and_then(Value::as_array_mut) {
                Some(list) if !list.contains(entry) => list.push(entry.clone()),
                _ => return false,
            }
        }
        WayBack::Flag(before) => doc[PUBLIC] = Value::Bool(*before),
        WayBack::Make(_) => {}
    }
    true
}
