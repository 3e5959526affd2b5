//! Leftovers, things to know, and what could not be looked at.

use std::collections::BTreeMap;

use super::view::View;
use super::{Rule, Seen, Severity};
use crate::model::facet::Role;
use crate::model::id::Id;
use crate::model::resource::Resource;

pub const BLACKHOLE_ROUTE: Rule = Rule {
    code: "blackhole-route",
    title: "Routes whose target is gone",
    why: "Traffic to there is dropped, without a word.",
    way_out: "Delete the route, or point it to what replaced the target.",
    look: blackhole_route,
};

pub const IDLE_ADDRESS: Rule = Rule {
    code: "idle-address",
    title: "Elastic IPs that nothing uses",
    why: "Each costs about 3.6 dollars a month and counts against the quota of 5 that NAT gateways need.",
    way_out: "Release it, if no partner has it on an allow-list: an address that is given back is gone.",
    look: idle_address,
};

pub const CUSTOM_ACL: Rule = Rule {
    code: "custom-acl",
    title: "Network ACLs other than the default",
    why: "ACLs are stateless and easily forgotten: a new subnet has the default one, with other rules.",
    way_out: "The plan honours them and never changes them; compare their entries with the flows that move.",
    look: custom_acl,
};

pub const NAMED_ADDRESS: Rule = Rule {
    code: "named-address",
    title: "DNS names that hold an address",
    why: "The name leads nowhere when its owner gets another address.",
    way_out: "The plan leads it on where it knows the new address and says so where it doesn't; a name of a balancer or an endpoint (alias, CNAME) follows by itself.",
    look: named_address,
};

pub const MISSING_PERMISSION: Rule = Rule {
    code: "missing-permission",
    title: "What could not be looked at",
    why: "What was not seen is not in the findings, and the plan cannot count on it.",
    way_out: "Get the read permission (`hikkoshi policy` lists it) and discover again.",
    look: missing_permission,
};

fn blackhole_route(view: &View<'_>) -> Vec<Seen> {
    let seen = |table: &Resource| {
        let routes = table.facets.routing.as_ref().map_or(&[][..], |routing| routing.routes.as_slice());
        let dead: Vec<&str> = routes.iter().filter(|route| route.blackhole).map(|route| &*route.destination).collect();
        let what = format!("{} routes {} to something that is gone.", table.name, dead.join(", "));
        let evidence = dead.iter().map(|destination| format!("{destination}: blackhole")).collect();
        (!dead.is_empty()).then(|| Seen::of(table, Severity::Medium, what, evidence))
    };
    view.inventory.with_role(Role::RouteTable).filter_map(seen).collect()
}

fn idle_address(view: &View<'_>) -> Vec<Seen> {
    let idle = view.inventory.with_role(Role::Address).filter(|address| address.facets.owner.is_none());
    idle.map(|address| {
        let ips: Vec<String> = address.facets.public_addresses.iter().map(|public| public.ip.clone()).collect();
        Seen::of(address, Severity::Low, format!("The elastic IP {} belongs to nothing.", ips.join(", ")), ips)
    })
    .collect()
}

fn custom_acl(view: &View<'_>) -> Vec<Seen> {
    let custom = view.inventory.with_role(Role::Acl).filter(|acl| acl.doc["IsDefault"] != true);
    custom
        .map(|acl| {
            let names: Vec<String> = acl.subnets().iter().map(|id| view.named(id)).collect();
            let entries = acl.doc["Entries"].as_array().map_or(0, Vec::len);
            let what = format!("{} filters {} subnets with {entries} entries of its own.", acl.name, names.len());
            Seen::of(acl, Severity::Info, what, names)
        })
        .collect()
}

fn named_address(view: &View<'_>) -> Vec<Seen> {
    let mut owners: BTreeMap<&str, &Id> = BTreeMap::new();
    for resource in view.inventory.resources.values() {
        let owner = resource.facets.owner.as_ref().unwrap_or(&resource.id);
        for address in resource.addresses().filter(|_| resource.role != Role::Address) {
            owners.entry(address).or_insert(owner);
        }
    }
    let name = |name: &Resource| {
        let addresses = &name.facets.answers.as_ref()?.addresses;
        let held = addresses.iter().map(|address| match owners.get(address.as_str()) {
            Some(owner) => format!("{address} of {}", view.named(owner)),
            None => address.clone(),
        });
        let held: Vec<String> = held.collect();
        Some(Seen::of(name, Severity::Info, format!("{} leads to {}.", name.name, held.join(", ")), held))
    };
    view.inventory.with_role(Role::Name).filter_map(name).collect()
}

fn missing_permission(view: &View<'_>) -> Vec<Seen> {
    let missing = view.inventory.missing.iter();
    missing
        .map(|missing| Seen {
            severity: Severity::Medium,
            resource: Id::from(missing.operation.as_str()),
            name: missing.operation.clone(),
            kind: "read".to_owned(),
            what: format!("{} was not possible.", missing.operation),
            evidence: vec![missing.why.clone()],
        })
        .collect()
}
