//! What has changed between two looks, as far as a plan depends on it.
//!
//! Compared is what the planner decides by: placement, groups, rules, routes, addresses, targets. Health, lingering
//! interfaces and times change by themselves and are left out.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::model::facet::{Facets, Role, Routing};
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::resource::Resource;

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Difference {
    /// The resource's id.
    pub resource: String,
    /// Its name.
    pub name: String,
    /// The field, or `existence`.
    pub field: String,
    /// As it was.
    pub before: String,
    /// As it is.
    pub now: String,
}

/// One of the two looks.
pub struct Side<'i> {
    inventory: &'i Inventory,
    wholes: OnceCell<BTreeMap<&'i str, &'i Id>>,
}

impl<'i> Side<'i> {
    /// A look.
    pub fn new(inventory: &'i Inventory) -> Side<'i> {
        Side { inventory, wholes: OnceCell::new() }
    }

    /// Whether a target is part of what registers its parts in the target group by itself, as a service does with its tasks
    /// and an Auto Scaling group with its instances: they come and go without anybody's doing, each time with another address.
    fn registers_itself(&self, target: &str, group: &Id) -> bool {
        let whole = self.wholes.get_or_init(|| self.inventory.wholes()).get(target).and_then(|whole| self.inventory.get(whole));
        whole.is_some_and(|whole| whole.facets.uses.iter().any(|(used, _)| used == group))
    }
}

/// The differences, in the order of the ids.
pub fn between(before: &Inventory, now: &Inventory) -> Vec<Difference> {
    let mut out = Vec::new();
    let sides = (&Side::new(before), &Side::new(now));
    let whole = |resource: &Resource, field: &str, was: &str, is: &str| Difference {
        resource: resource.id.to_string(),
        name: resource.name.clone(),
        field: field.to_owned(),
        before: was.to_owned(),
        now: is.to_owned(),
    };
    for (id, was) in before.resources.iter().filter(|(_, r)| counts(r)) {
        match now.get(id) {
            None => out.push(whole(was, "existence", "there", "gone")),
            Some(is) => out.extend(fields((sides.0, was), (sides.1, is)).into_iter().map(|(field, a, b)| whole(was, &field, &a, &b))),
        }
    }
    for (id, is) in now.resources.iter().filter(|(_, r)| counts(r)) {
        if before.get(id).is_none() {
            out.push(whole(is, "existence", "not there", "there"));
        }
    }
    out
}

/// An inventory with these things as another one shows them, and with what belongs to them: added, replaced, or gone.
pub fn taken_over(before: &Inventory, now: &Inventory, ids: &BTreeSet<Id>) -> Inventory {
    let belongs =
        |resource: &Resource| ids.contains(&resource.id) || resource.facets.owner.as_ref().is_some_and(|owner| ids.contains(owner));
    let mut out = before.clone();
    out.resources.retain(|_, resource| !belongs(resource));
    out.resources
        .extend(now.resources.iter().filter(|(_, resource)| belongs(resource)).map(|(id, resource)| (id.clone(), resource.clone())));
    out
}

/// Something that a run has changed, with what somebody else has changed of it besides: as it was, but for what the run
/// leaves alone (`ours` is what the run makes of it) and is another now. None if that is nothing, or both changed the same.
pub fn merged(was: &Resource, ours: &Resource, now: &Resource, vpc: &Id) -> Option<Resource> {
    let mut doc = was.doc.clone();
    for (key, theirs) in now.doc.as_object()? {
        if ours.doc[key] == was.doc[key] && was.doc[key] != *theirs {
            Arc::make_mut(&mut doc)[key] = theirs.clone();
        }
    }
    let kind = crate::kinds::kind(&was.kind)?;
    let (read, merged) = (kind.parse(&was.doc, vpc)?, kind.parse(&doc, vpc)?);
    // What other documents tell, such as whose an interface is, is as it was.
    let facets = serde_json::from_value(changed(&was.facets, &read.facets, &merged.facets)).ok()?;
    Some(Resource { facets, ..merged })
}

/// Facets with what is another in the second reading than in the first.
fn changed(facets: &Facets, first: &Facets, second: &Facets) -> Value {
    let [mut out, first, second] = [facets, first, second].map(|facets| serde_json::to_value(facets).unwrap_or_default());
    let keys = first.as_object().into_iter().chain(second.as_object()).flat_map(|map| map.keys());
    for key in keys.filter(|key| first[*key] != second[*key]) {
        match (second.get(key), out.as_object_mut()) {
            (Some(value), _) => out[key] = value.clone(),
            (None, Some(map)) => drop(map.shift_remove(key)),
            (None, None) => {}
        }
    }
    out
}

/// What is different of one thing, both times beside the same others.
pub fn of_one(side: &Side<'_>, before: &Resource, now: &Resource) -> Vec<Difference> {
    let (id, name) = (before.id.to_string(), before.name.clone());
    let one = |(field, before, now)| Difference { resource: id.clone(), name: name.clone(), field, before, now };
    fields((side, before), (side, now)).into_iter().map(one).collect()
}

/// Interfaces and parts come and go with what they belong to; only those that nobody claims count.
fn counts(resource: &Resource) -> bool {
    match resource.role {
        Role::Interface => resource.facets.owner.is_none(),
        // What is not placed in the VPC, or is a part of a workload, comes and goes without a plan.
        Role::Bystander => resource.facets.placement.is_some() && resource.facets.owner.is_none(),
        // AWS's own lists change without anybody's doing.
        Role::PrefixList => resource.facets.prefix_list.as_ref().is_none_or(|list| !list.aws),
        _ => true,
    }
}

fn fields(was: (&Side<'_>, &Resource), is: (&Side<'_>, &Resource)) -> Vec<(String, String, String)> {
    let (a, b) = (comparable(was.0, was.1), comparable(is.0, is.1));
    let keys = a.as_object().into_iter().chain(b.as_object()).flat_map(|map| map.keys());
    let mut keys: Vec<&String> = keys.collect();
    keys.sort();
    keys.dedup();
    keys.into_iter().filter(|key| a[*key] != b[*key]).map(|key| (key.clone(), words(&a[key]), words(&b[key]))).collect()
}

/// A value for people; where there is none, there is nothing.
fn words(value: &Value) -> String {
    if value.is_null() { "nothing".to_owned() } else { value.to_string() }
}

/// Routes have no order, and an association gets another id whenever a subnet turns to another table and back.
fn routes_and_subnets(routing: &Routing) -> Value {
    let mut routes: Vec<Value> = routing.routes.iter().map(|route| json!(route)).collect();
    let mut subnets: Vec<&Id> = routing.associations.iter().map(|(subnet, _)| subnet).collect();
    routes.sort_by_cached_key(Value::to_string);
    subnets.sort();
    json!({ "routes": routes, "main": routing.main, "subnets": subnets, "propagating": routing.propagating })
}

fn comparable(side: &Side<'_>, resource: &Resource) -> Value {
    let inventory = side.inventory;
    let mut value = serde_json::to_value(&resource.facets).unwrap_or_default();
    if let Some(members) = value.pointer_mut("/targets/members").and_then(Value::as_array_mut) {
        members.retain(|member| !side.registers_itself(member["target"].as_str().unwrap_or_default(), &resource.id));
        members.iter_mut().for_each(|member| member["health"] = Value::Null);
    }
    // An ACL may be told to serve a subnet that is gone.
    if resource.role == Role::Acl
        && let Some(subnets) = value.pointer_mut("/placement/subnets").and_then(Value::as_array_mut)
    {
        subnets.retain(|subnet| subnet.as_str().is_some_and(|id| inventory.get(&Id::from(id)).is_some()));
    }
    if let Some(routing) = &resource.facets.routing {
        value["routing"] = routes_and_subnets(routing);
    }
    if let Some(map) = value.as_object_mut() {
        map.remove("private_addresses");
        map.remove("members");
        // Agents come and go; the steps that rely on one look at it.
        map.remove("login");
        // Whether a managed service's address is this or another one is not ours to say.
        if resource.role == Role::Balancer {
            map.remove("public_addresses");
        }
    }
    value
}
