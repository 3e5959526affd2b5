//! VPC endpoints: gateway endpoints on route tables, interface endpoints with private DNS.
//!
//! Attaching a gateway endpoint to a table in use "disconnects open TCP connections" (VPC guide, `vpce-gateway.md`), so
//! it goes onto the new tables while nothing lives there. Private DNS of an interface endpoint switches every subnet of
//! the VPC at once: its group lets in the whole VPC on 443. A second endpoint with private DNS for the same service is
//! refused; an existing one is kept.

use serde_json::{Value, json};

use super::build::{check, filter, made_by, output, step, tag_specification, undo, undo_and_wait, wait, wait_or_fail};
use super::effects::{list, some, tags, text};
use super::{Effect, Kind, Listing, Scope};
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::facet::{Facets, Guard, Placement, Role, ServiceEndpoint, Tracking};
use crate::model::id::{Id, slug};
use crate::model::inventory::Inventory;
use crate::model::path;
use crate::model::resource::{Doc, Resource, tags_of};
use crate::model::step::{Expect, Impact, Stage, Step};
use crate::model::strategy::Provision;

pub struct VpcEndpoint;

static LISTING: Listing = Listing {
    operation: "ec2:DescribeVpcEndpoints",
    documents: "VpcEndpoints[]",
    scope: Scope::Filter("vpc-id"),
    with: super::listing::nothing,
    ids: ("VpcEndpointIds", "VpcEndpointId", "InvalidVpcEndpointId.NotFound"),
    follow: &[],
};

/// `ecr.api` from `com.amazonaws.eu-west-1.ecr.api` (in China `cn.com.amazonaws.…`); a service of somebody else keeps its name.
fn short_name(full: &str) -> String {
    let own = full.strip_prefix("cn.").unwrap_or(full).strip_prefix("com.amazonaws.");
    match own.and_then(|rest| rest.split_once('.')) {
        Some((region, service)) if region != "vpce" => service.to_owned(),
        _ => full.to_owned(),
    }
}

const UNKNOWN: &str = "InvalidVpcEndpointId.NotFound";

/// The prefix list of a gateway service: the one that was seen, else as a simulated account names it.
fn prefix_list(account: &Account, service: &str) -> String {
    let seen = account.resources.of_kind("prefix_list").find(|list| list.name == service);
    seen.map_or_else(|| format!("pl-{}", slug(service)), |list| list.id.to_string())
}

fn create(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let (vpc, service) = (text(parameters, "VpcId")?.to_owned(), text(parameters, "ServiceName")?.to_owned());
    account.doc(&vpc, "InvalidVpcID.NotFound")?;
    if !service.starts_with(&format!("com.amazonaws.{}.", account.region)) {
        return Err(Refusal::new("InvalidServiceName", format!("The Vpc Endpoint Service '{service}' does not exist")));
    }
    let interface = parameters.get("VpcEndpointType").and_then(Value::as_str) == Some("Interface");
    let private_dns = interface && parameters.get("PrivateDnsEnabled").and_then(Value::as_bool).unwrap_or(true);
    if private_dns {
        check_private_dns(account, &vpc, &service)?;
    }
    let id = account.new_id("vpce");
    let mut doc = json!({ "VpcEndpointId": id.as_str(), "VpcId": vpc, "ServiceName": service,
        "VpcEndpointType": if interface { "Interface" } else { "Gateway" }, "State": if interface { "pending" } else { "available" },
        "RouteTableIds": [], "SubnetIds": [], "Groups": [], "PrivateDnsEnabled": private_dns, "NetworkInterfaceIds": [], "Tags": tags(parameters, "vpc-endpoint") });
    if interface {
        let (subnets, groups) = (list(parameters, "SubnetIds"), some(parameters, "SecurityGroupIds")?);
        let mut interfaces = Vec::new();
        for subnet in &subnets {
            let extra = json!({ "InterfaceType": "vpc_endpoint" });
            interfaces.push(account.add_interface(subnet, &groups, &format!("VPC Endpoint Interface {id}"), extra)?.to_string());
        }
        doc["SubnetIds"] = json!(subnets);
        doc["NetworkInterfaceIds"] = json!(interfaces);
        doc["Groups"] = groups.iter().map(|g| json!({ "GroupId": g })).collect();
        account.insert("vpc_endpoint", Role::Endpoint, id.clone(), doc.clone());
        account.later(&id, 120, "/State", json!("available"));
    } else {
        let tables = list(parameters, "RouteTableIds");
        doc["RouteTableIds"] = json!(tables);
        attach(account, &id, &service, &tables)?;
        account.insert("vpc_endpoint", Role::Endpoint, id, doc.clone());
    }
    Ok(json!({ "VpcEndpoint": doc }))
}

fn check_private_dns(account: &Account, vpc: &str, service: &str) -> Result<(), Refusal> {
    let doc = account.doc(vpc, "InvalidVpcID.NotFound")?;
    if doc["EnableDnsSupport"] == false || doc["EnableDnsHostnames"] == false {
        let words =
            format!("Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for {vpc}");
        return Err(Refusal::new("InvalidParameter", words));
    }
    let taken = |endpoint: &Resource| {
        endpoint.doc["ServiceName"] == service && endpoint.doc["PrivateDnsEnabled"] == true && endpoint.doc["State"] != "deleted"
    };
    if account.with_role(Role::Endpoint).any(taken) {
        let words =
            format!("private-dns-enabled cannot be set because there is already a conflicting DNS domain for {service} in the VPC {vpc}");
        return Err(Refusal::new("InvalidParameter", words));
    }
    Ok(())
}

fn attach(account: &mut Account, endpoint: &Id, service: &str, tables: &[String]) -> Result<(), Refusal> {
    let list = prefix_list(account, service);
    for table in tables {
        let routes = account.edit(table, "InvalidRouteTableID.NotFound")?["Routes"].as_array_mut().expect("a table has routes");
        if routes.iter().any(|route| route["DestinationPrefixListId"] == list.as_str()) {
            return Err(Refusal::new(
                "RouteAlreadyExists",
                format!("route table {table} already has a route with destination-prefix-list-id {list}"),
            ));
        }
        routes.push(json!({ "DestinationPrefixListId": list, "GatewayId": endpoint.as_str(), "Origin": "CreateRoute", "State": "active" }));
    }
    Ok(())
}

fn detach(account: &mut Account, endpoint: &str, tables: &[String]) -> Result<(), Refusal> {
    for table in tables {
        if let Ok(doc) = account.edit(table, "InvalidRouteTableID.NotFound") {
            doc["Routes"].as_array_mut().expect("a table has routes").retain(|route| route["GatewayId"] != endpoint);
        }
    }
    Ok(())
}

fn modify(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = text(parameters, "VpcEndpointId")?.to_owned();
    let service = path::text(account.doc(&id, UNKNOWN)?, "ServiceName").to_owned();
    let (add, remove) = (list(parameters, "AddRouteTableIds"), list(parameters, "RemoveRouteTableIds"));
    attach(account, &Id::from(id.as_str()), &service, &add)?;
    detach(account, &id, &remove)?;
    let tables = account.edit(&id, UNKNOWN)?["RouteTableIds"].as_array_mut().expect("an endpoint lists its tables");
    tables.retain(|table| !remove.iter().any(|gone| table == gone.as_str()));
    tables.extend(add.iter().map(|table| json!(table)));
    Ok(json!({ "Return": true }))
}

fn delete(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    for id in some(parameters, "VpcEndpointIds")? {
        let doc = account.edit(&id, UNKNOWN)?;
        let (tables, interfaces) = (path::texts(doc, "RouteTableIds[]"), path::texts(doc, "NetworkInterfaceIds[]"));
        doc["State"] = json!("deleting");
        detach(account, &id, &tables)?;
        for interface in interfaces {
            account.remove_later(&Id::from(interface), 30);
        }
        let id = Id::from(id);
        account.later(&id, 30, "/State", json!("deleted"));
        account.remove_later(&id, 30);
    }
    Ok(json!({ "Unsuccessful": [] }))
}

impl Kind for VpcEndpoint {
    fn name(&self) -> &'static str {
        "vpc_endpoint"
    }

    fn listing(&self) -> Option<&'static Listing> {
        Some(&LISTING)
    }

    fn parse(&self, doc: &Doc, vpc: &Id) -> Option<Resource> {
        let state = doc["State"].as_str().unwrap_or_default().to_lowercase();
        if doc["VpcId"] != vpc.as_str() || state == "deleted" {
            return None;
        }
        let id = Id::from(doc["VpcEndpointId"].as_str()?);
        let tags = tags_of(doc);
        let ids = |at: &str| path::texts(doc, at).into_iter().map(Id::from).collect::<Vec<_>>();
        let because = "the endpoint's routes are in it".to_owned();
        // The type is absent for the first endpoints there were: gateway endpoints (API reference, `VpcEndpoint`).
        let is_gateway = matches!(doc["VpcEndpointType"].as_str(), None | Some("Gateway"));
        Some(Resource {
            name: tags
                .get("Name")
                .cloned()
                .unwrap_or_else(|| path::text(doc, "ServiceName").rsplit('.').next().unwrap_or_default().to_owned()),
            id,
            kind: self.name().to_owned(),
            role: Role::Endpoint,
            tags,
            facets: Facets {
                placement: Some(Placement { subnets: ids("SubnetIds[]"), ..Placement::default() }),
                guard: Some(Guard { groups: ids("Groups[].GroupId") }),
                uses: ids("RouteTableIds[]").into_iter().map(|table| (table, because.clone())).collect(),
                endpoint: Some(ServiceEndpoint {
                    service: short_name(path::text(doc, "ServiceName")),
                    gateway: is_gateway,
                    private_dns: doc["PrivateDnsEnabled"] == true,
                }),
                tracking: if is_gateway { Tracking::ByRules } else { Tracking::Through },
                state,
                ..Facets::default()
            },
            doc: doc.clone(),
        })
    }

    fn effects(&self) -> &'static [(&'static str, Effect)] {
        &[("ec2:CreateVpcEndpoint", create), ("ec2:ModifyVpcEndpoint", modify), ("ec2:DeleteVpcEndpoints", delete)]
    }

    fn provide(&self, provision: &Provision, migration: &str, inventory: &Inventory) -> Option<Vec<Step>> {
        match provision {
            Provision::GatewayEndpoint { service, tables } => Some(gateway_steps(service, tables, migration, inventory)),
            Provision::InterfaceEndpoint { service, subnets, group } => interface_step(service, subnets, group, migration, inventory),
            _ => None,
        }
    }
}

/// States of an endpoint that is there; a deleted one stays visible for a while. The SDK spells some in capitals.
fn living() -> Vec<Value> {
    ["pending", "available", "deleting", "failed", "Pending", "Available", "Deleting", "Failed"].map(|state| json!(state)).to_vec()
}

/// Filters that find what a step made and nobody deleted.
fn made(migration: &str, step: &str) -> Value {
    let mut filters = made_by(migration, step);
    filters.push(filter("vpc-endpoint-state", &[json!("pending"), json!("available")]));
    json!({ "Filters": filters })
}

fn service_name(service: &str, inventory: &Inventory) -> String {
    format!("com.amazonaws.{}.{service}", inventory.region)
}

/// The endpoint for a service that the VPC has already.
fn existing<'a>(name: &str, flavour: &str, inventory: &'a Inventory) -> Option<&'a Resource> {
    inventory.with_role(Role::Endpoint).find(|e| e.doc["ServiceName"] == name && e.doc["VpcEndpointType"] == flavour)
}

fn gateway_steps(service: &str, tables: &[Value], migration: &str, inventory: &Inventory) -> Vec<Step> {
    let name = service_name(service, inventory);
    let id = format!("endpoint-{}", slug(service));
    if let Some(endpoint) = existing(&name, "Gateway", inventory) {
        return vec![extend_step(&id, endpoint, service, tables)];
    }
    let own = json!({ "VpcEndpointIds": [output(&id, "VpcEndpointId")] });
    let look = |what: &str, path: &str, expect| check(what, "ec2:DescribeVpcEndpoints", own.clone(), path, expect);
    let gone = look("the endpoint is gone", "VpcEndpoints[].State", Expect::Excludes(living()));
    vec![
        step(&id, Stage::Foundation, "network", format!("Create the gateway endpoint for {service} on the new route tables"))
            .call(
                "ec2:CreateVpcEndpoint",
                json!({ "VpcId": inventory.vpc.as_str(), "VpcEndpointType": "Gateway", "ServiceName": name, "RouteTableIds": tables, "ClientToken": "${self.Token}",
                    "TagSpecifications": [tag_specification("vpc-endpoint", migration, &id, &format!("{migration}-{service}"))] }),
            )
            .output("VpcEndpointId", "VpcEndpoint.VpcEndpointId")
            .probe_made("ec2:DescribeVpcEndpoints", made(migration, &id), "VpcEndpoints[]", &[("VpcEndpointId", "VpcEndpointId")])
            .verify(look("it serves the new tables", "VpcEndpoints[].RouteTableIds", Expect::Includes(tables.to_vec())))
            .undo(vec![undo_and_wait(
                "ec2:DeleteVpcEndpoints",
                json!({ "VpcEndpointIds": [output(&id, "VpcEndpointId")] }),
                gone.clone(),
                vec![wait(gone, 5, 300)],
            )])
            .done(),
    ]
}

/// The VPC has such an endpoint: the new tables join it, and its policy stays in force.
fn extend_step(id: &str, endpoint: &Resource, service: &str, tables: &[Value]) -> Step {
    let own = json!({ "VpcEndpointIds": [endpoint.id.as_str()] });
    let look = |what: &str, expect| check(what, "ec2:DescribeVpcEndpoints", own.clone(), "VpcEndpoints[].RouteTableIds", expect);
    step(id, Stage::Foundation, "network", format!("Add the new route tables to the gateway endpoint {} for {service}", endpoint.id))
        .call("ec2:ModifyVpcEndpoint", json!({ "VpcEndpointId": endpoint.id.as_str(), "AddRouteTableIds": tables }))
        .adopt_on(&["RouteAlreadyExists"])
        .settled_by(look("it serves the new tables", Expect::Includes(tables.to_vec())))
        .undo(vec![undo(
            "ec2:ModifyVpcEndpoint",
            json!({ "VpcEndpointId": endpoint.id.as_str(), "RemoveRouteTableIds": tables }),
            look("it no longer serves them", Expect::Excludes(tables.to_vec())),
        )])
        .done()
}

/// `None` where the VPC has such an endpoint: it is kept as it is.
fn interface_step(service: &str, subnets: &[Value], group: &Value, migration: &str, inventory: &Inventory) -> Option<Vec<Step>> {
    let name = service_name(service, inventory);
    if existing(&name, "Interface", inventory).is_some() {
        return Some(Vec::new());
    }
    let id = format!("endpoint-{}", slug(service));
    let own = json!({ "VpcEndpointIds": [output(&id, "VpcEndpointId")] });
    let look = |what: &str, path: &str, expect| check(what, "ec2:DescribeVpcEndpoints", own.clone(), path, expect);
    let gone = look("the endpoint is gone", "VpcEndpoints[].State", Expect::Excludes(living()));
    Some(vec![
        step(&id, Stage::Endpoints, "endpoints", format!("Create the interface endpoint for {service} with private DNS"))
            .call(
                "ec2:CreateVpcEndpoint",
                json!({ "VpcId": inventory.vpc.as_str(), "VpcEndpointType": "Interface", "ServiceName": name, "SubnetIds": subnets, "SecurityGroupIds": [group],
                    "PrivateDnsEnabled": true, "ClientToken": "${self.Token}",
                    "TagSpecifications": [tag_specification("vpc-endpoint", migration, &id, &format!("{migration}-{service}"))] }),
            )
            .output("VpcEndpointId", "VpcEndpoint.VpcEndpointId")
            .probe_made(
                "ec2:DescribeVpcEndpoints",
                made(migration, &id),
                "VpcEndpoints[]",
                &[("VpcEndpointId", "VpcEndpointId")],
            )
            .wait(wait_or_fail(look("the endpoint is available", "VpcEndpoints[].State", Expect::Equals(json!("available"))), &["failed", "rejected", "deleted"], 120, 900))
            .impact(Impact::Brief { seconds: 60, what: format!("names of {service} resolve to private addresses in the whole VPC; open connections stay") })
            .undo(vec![undo_and_wait(
                "ec2:DeleteVpcEndpoints",
                json!({ "VpcEndpointIds": [output(&id, "VpcEndpointId")] }),
                gone.clone(),
                vec![wait(gone, 60, 900)],
            )])
            .done(),
    ])
}
