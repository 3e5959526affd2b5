//! A route table, and the flip.
//!
//! A subnet has exactly one table: the explicitly associated one, else the VPC's main table, which is never edited: it
//! silently serves others. A flip replaces the association; connections inside the VPC use the unchanged `local` route
//! and stay, internet-bound ones break (VPC guide, `WorkWithRouteTables.md`). `ReplaceRouteTableAssociation` is not
//! idempotent by argument: it returns a new association id and the old one is then `InvalidAssociationID.NotFound`;
//! so the id is looked up when the step runs, and an unknown outcome is settled by the table that serves the subnet.

use serde_json::{Value, json};

use super::build::{check, filter, look, made_by, output, step, tag_specification, undo, wait};
use super::effects::{tags, text};
use super::prefix_list::weight_of;
use super::{Effect, Kind, Listing, Scope};
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::facet::{Facets, Hop, Role, Route, Routing};
use crate::model::id::{Id, slug};
use crate::model::inventory::Inventory;
use crate::model::path;
use crate::model::resource::{Doc, Resource, tags_of};
use crate::model::step::{Check, Expect, Impact, Stage, Step};
use crate::model::strategy::Provision;

pub struct RouteTable;

static LISTING: Listing = Listing {
    operation: "ec2:DescribeRouteTables",
    documents: "RouteTables[]",
    scope: Scope::Filter("vpc-id"),
    with: super::listing::nothing,
    ids: ("RouteTableIds", "RouteTableId", "InvalidRouteTableID.NotFound"),
    follow: &[],
};

const DESTINATIONS: [&str; 3] = ["DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId"];
const TARGETS: [&str; 10] = [
    "GatewayId",
    "NatGatewayId",
    "TransitGatewayId",
    "VpcPeeringConnectionId",
    "EgressOnlyInternetGatewayId",
    "NetworkInterfaceId",
    "InstanceId",
    "LocalGatewayId",
    "CarrierGatewayId",
    "CoreNetworkArn",
];

fn hop(route: &Value) -> Option<Hop> {
    let (key, target) = TARGETS.iter().find_map(|key| Some((*key, route[*key].as_str()?)))?;
    Some(match (key, target) {
        ("GatewayId", "local") => Hop::Local,
        ("GatewayId", id) if id.starts_with("igw-") => Hop::InternetGateway(id.into()),
        ("GatewayId", id) if id.starts_with("vpce-") => Hop::Endpoint(id.into()),
        ("NatGatewayId", id) => Hop::Nat(id.into()),
        ("EgressOnlyInternetGatewayId", id) => Hop::EgressOnly(id.into()),
        (key, id) => Hop::Other(key.to_owned(), id.into()),
    })
}

fn routing(doc: &Value) -> Routing {
    let route = |route: &Value| {
        let destination = DESTINATIONS.iter().find_map(|key| route[*key].as_str())?.to_owned().into();
        let propagated = route["Origin"] == "EnableVgwRoutePropagation";
        Some(Route { destination, hop: hop(route)?, blackhole: route["State"] == "blackhole", propagated })
    };
    let association = |a: &Value| Some((Id::from(a["SubnetId"].as_str()?), a["RouteTableAssociationId"].as_str()?.to_owned()));
    Routing {
        routes: doc["Routes"].as_array().into_iter().flatten().filter_map(route).collect(),
        main: !path::select(doc, "Associations[Main=true]").is_empty(),
        associations: doc["Associations"].as_array().into_iter().flatten().filter_map(association).collect(),
        propagating: path::texts(doc, "PropagatingVgws[].GatewayId").into_iter().map(Id::from).collect(),
    }
}

const UNKNOWN: &str = "InvalidRouteTableID.NotFound";

fn create(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let vpc = text(parameters, "VpcId")?.to_owned();
    account.doc(&vpc, "InvalidVpcID.NotFound")?;
    let local: Vec<Value> = account.resources[&Id::from(vpc.as_str())]
        .facets
        .ranges
        .iter()
        .map(|range| json!({ "DestinationCidrBlock": range, "GatewayId": "local", "Origin": "CreateRouteTable", "State": "active" }))
        .collect();
    let id = account.new_id("rtb");
    let doc = json!({ "RouteTableId": id.as_str(), "VpcId": vpc, "Routes": local, "Associations": [], "PropagatingVgws": [], "Tags": tags(parameters, "route-table") });
    account.insert("route_table", Role::RouteTable, id, doc.clone());
    Ok(json!({ "RouteTable": doc }))
}

fn delete(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = text(parameters, "RouteTableId")?.to_owned();
    let doc = account.doc(&id, UNKNOWN)?;
    if doc["Associations"].as_array().is_some_and(|list| !list.is_empty()) {
        return Err(Refusal::new("DependencyViolation", format!("The routeTable '{id}' has dependencies and cannot be deleted.")));
    }
    account.remove(&Id::from(id));
    Ok(json!({}))
}

fn create_route(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = text(parameters, "RouteTableId")?.to_owned();
    let (key, destination) = DESTINATIONS
        .iter()
        .find_map(|key| Some((*key, parameters.get(*key)?.as_str()?.to_owned())))
        .ok_or_else(|| Refusal::new("MissingParameter", "The request must contain a destination"))?;
    let (target_key, target) = TARGETS
        .iter()
        .find_map(|key| Some((*key, parameters.get(*key)?.as_str()?.to_owned())))
        .ok_or_else(|| Refusal::new("MissingParameter", "The request must contain a target"))?;
    if target_key == "NatGatewayId" && account.doc(&target, "InvalidNatGatewayID.NotFound")?["State"] != "available" {
        return Err(Refusal::new("InvalidNatGatewayID.NotFound", format!("The natGateway ID '{target}' does not exist")));
    }
    // The local route does not count.
    let limit = account.quotas.routes_per_table + 1;
    let counts = |route: &Value| route["DestinationPrefixListId"].as_str().map_or(1, |list| weight_of(account, list));
    let used: usize = account.doc(&id, UNKNOWN)?["Routes"].as_array().into_iter().flatten().map(counts).sum();
    let more = counts(&json!({ key: destination }));
    let doc = account.edit(&id, UNKNOWN)?;
    if !path::select(doc, &format!("Routes[{key}={destination}]")).is_empty() {
        return Err(Refusal::new("RouteAlreadyExists", format!("The route identified by {destination} already exists.")));
    }
    let routes = doc["Routes"].as_array_mut().expect("a table has routes");
    if used + more > limit {
        return Err(Refusal::new("RouteLimitExceeded", "The maximum number of routes has been reached."));
    }
    routes.push(json!({ key: destination, target_key: target, "Origin": "CreateRoute", "State": "active" }));
    Ok(json!({ "Return": true }))
}

fn delete_route(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = text(parameters, "RouteTableId")?.to_owned();
    let (key, destination) = DESTINATIONS
        .iter()
        .find_map(|key| Some((*key, parameters.get(*key)?.as_str()?.to_owned())))
        .ok_or_else(|| Refusal::new("MissingParameter", "The request must contain a destination"))?;
    let routes = account.edit(&id, UNKNOWN)?["Routes"].as_array_mut().expect("a table has routes");
    let before = routes.len();
    routes.retain(|route| route[key] != destination.as_str());
    if routes.len() == before {
        return Err(Refusal::new(
            "InvalidRoute.NotFound",
            format!("no route with destination-cidr-block {destination} in route table {id}"),
        ));
    }
    Ok(json!({}))
}

/// The association of a subnet: (table, association id).
fn association_of(account: &Account, key: &str, value: &str) -> Option<(String, String)> {
    account.with_role(Role::RouteTable).find_map(|table| {
        let id = path::text(&table.doc, &format!("Associations[{key}={value}].RouteTableAssociationId"));
        (!id.is_empty()).then(|| (table.id.to_string(), id.to_owned()))
    })
}

fn link(account: &mut Account, table: &str, subnet: &str) -> Result<Value, Refusal> {
    let id = account.new_id("rtbassoc");
    let association = json!({ "RouteTableAssociationId": id.as_str(), "RouteTableId": table, "SubnetId": subnet, "Main": false,
        "AssociationState": { "State": "associated" } });
    account.edit(table, UNKNOWN)?["Associations"].as_array_mut().expect("a table has associations").push(association);
    Ok(json!(id.as_str()))
}

fn unlink(account: &mut Account, table: &str, association: &str) -> Result<(), Refusal> {
    if let Some(list) = account.edit(table, UNKNOWN)?["Associations"].as_array_mut() {
        list.retain(|a| a["RouteTableAssociationId"] != association);
    }
    Ok(())
}

fn associate(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let (table, subnet) = (text(parameters, "RouteTableId")?.to_owned(), text(parameters, "SubnetId")?.to_owned());
    account.doc(&table, UNKNOWN)?;
    account.doc(&subnet, "InvalidSubnetID.NotFound")?;
    match association_of(account, "SubnetId", &subnet) {
        Some((other, _)) if other != table => Err(Refusal::new(
            "Resource.AlreadyAssociated",
            format!("the specified association for route table {table} conflicts with an existing association"),
        )),
        Some((_, id)) => Ok(json!({ "AssociationId": id, "AssociationState": { "State": "associated" } })),
        None => Ok(json!({ "AssociationId": link(account, &table, &subnet)?, "AssociationState": { "State": "associated" } })),
    }
}

fn unknown_association(id: &str) -> Refusal {
    Refusal::new("InvalidAssociationID.NotFound", format!("The association ID '{id}' does not exist"))
}

fn disassociate(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = text(parameters, "AssociationId")?.to_owned();
    let (table, _) = association_of(account, "RouteTableAssociationId", &id).ok_or_else(|| unknown_association(&id))?;
    unlink(account, &table, &id)?;
    Ok(json!({}))
}

fn replace(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let (id, table) = (text(parameters, "AssociationId")?.to_owned(), text(parameters, "RouteTableId")?.to_owned());
    account.doc(&table, UNKNOWN)?;
    let (old, _) = association_of(account, "RouteTableAssociationId", &id).ok_or_else(|| unknown_association(&id))?;
    let subnet = path::text(account.doc(&old, UNKNOWN)?, &format!("Associations[RouteTableAssociationId={id}].SubnetId")).to_owned();
    unlink(account, &old, &id)?;
    Ok(json!({ "NewAssociationId": link(account, &table, &subnet)?, "AssociationState": { "State": "associated" } }))
}

fn propagate(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let (table, gateway) = (text(parameters, "RouteTableId")?.to_owned(), text(parameters, "GatewayId")?.to_owned());
    let list = account.edit(&table, UNKNOWN)?["PropagatingVgws"].as_array_mut().expect("a table lists its gateways");
    if !list.iter().any(|g| g["GatewayId"] == gateway.as_str()) {
        list.push(json!({ "GatewayId": gateway }));
    }
    Ok(json!({}))
}

fn stop_propagating(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let (table, gateway) = (text(parameters, "RouteTableId")?.to_owned(), text(parameters, "GatewayId")?.to_owned());
    let list = account.edit(&table, UNKNOWN)?["PropagatingVgws"].as_array_mut().expect("a table lists its gateways");
    list.retain(|g| g["GatewayId"] != gateway.as_str());
    Ok(json!({}))
}

impl Kind for RouteTable {
    fn name(&self) -> &'static str {
        "route_table"
    }

    fn listing(&self) -> Option<&'static Listing> {
        Some(&LISTING)
    }

    fn parse(&self, doc: &Doc, vpc: &Id) -> Option<Resource> {
        if doc["VpcId"] != vpc.as_str() {
            return None;
        }
        let id = Id::from(doc["RouteTableId"].as_str()?);
        let tags = tags_of(doc);
        Some(Resource {
            name: tags.get("Name").cloned().unwrap_or_else(|| id.to_string()),
            id,
            kind: self.name().to_owned(),
            role: Role::RouteTable,
            tags,
            facets: Facets { routing: Some(routing(doc)), ..Facets::default() },
            doc: doc.clone(),
        })
    }

    fn effects(&self) -> &'static [(&'static str, Effect)] {
        &[
            ("ec2:CreateRouteTable", create),
            ("ec2:DeleteRouteTable", delete),
            ("ec2:CreateRoute", create_route),
            ("ec2:DeleteRoute", delete_route),
            ("ec2:AssociateRouteTable", associate),
            ("ec2:DisassociateRouteTable", disassociate),
            ("ec2:ReplaceRouteTableAssociation", replace),
            ("ec2:EnableVgwRoutePropagation", propagate),
            ("ec2:DisableVgwRoutePropagation", stop_propagating),
        ]
    }

    fn provide(&self, provision: &Provision, migration: &str, inventory: &Inventory) -> Option<Vec<Step>> {
        match provision {
            Provision::Table { key, name, routes, propagating } => Some(table_steps(key, name, routes, propagating, migration, inventory)),
            Provision::Association { key, table, subnet, title } => Some(vec![association_step(key, table, subnet, title)]),
            Provision::Flip { subnet, table, needs } => Some(flip_steps(subnet, table, needs, inventory)),
            _ => None,
        }
    }
}

fn table_steps(
    key: &str,
    name: &str,
    routes: &[(Value, String)],
    propagating: &[String],
    migration: &str,
    inventory: &Inventory,
) -> Vec<Step> {
    let id = format!("table-{key}");
    let own = output(&id, "RouteTableId");
    let one = json!({ "RouteTableIds": [own] });
    let mut steps = vec![
        step(&id, Stage::Foundation, "network", format!("Create the private route table {name}"))
            .call(
                "ec2:CreateRouteTable",
                json!({ "VpcId": inventory.vpc.as_str(), "ClientToken": "${self.Token}", "TagSpecifications": [tag_specification("route-table", migration, &id, name)] }),
            )
            .output("RouteTableId", "RouteTable.RouteTableId")
            .probe_made("ec2:DescribeRouteTables", json!({ "Filters": made_by(migration, &id) }), "RouteTables[]", &[("RouteTableId", "RouteTableId")])
            .undo(vec![undo(
                "ec2:DeleteRouteTable",
                json!({ "RouteTableId": own }),
                check("the table is gone", "ec2:DescribeRouteTables", one.clone(), "RouteTables[].RouteTableId", Expect::Absent),
            )])
            .done(),
    ];
    steps.extend(routes.iter().map(|(route, purpose)| route_step(key, &own, route, purpose)));
    for gateway in propagating {
        let at = format!("RouteTables[].PropagatingVgws[GatewayId={gateway}].GatewayId");
        let both = json!({ "RouteTableId": own, "GatewayId": gateway });
        let seen = |what: &str, expect| check(what, "ec2:DescribeRouteTables", one.clone(), &at, expect);
        steps.push(
            step(
                format!("propagate-{key}-{}", slug(gateway)),
                Stage::Foundation,
                "network",
                format!("Let {gateway} propagate its routes into {name}"),
            )
            .call("ec2:EnableVgwRoutePropagation", both.clone())
            .settled_by(seen("the gateway propagates", Expect::Exists))
            .undo(vec![undo("ec2:DisableVgwRoutePropagation", both, seen("the gateway does not propagate", Expect::Absent))])
            .done(),
        );
    }
    steps
}

fn route_step(key: &str, table: &Value, route: &Value, purpose: &str) -> Step {
    let (destination_key, destination) =
        DESTINATIONS.iter().find_map(|k| Some((*k, route[*k].as_str()?))).expect("a route has a destination");
    let (target_key, target) = TARGETS.iter().find_map(|k| Some((*k, route[*k].as_str()?))).expect("a route has a target");
    let mut parameters = route.clone();
    parameters["RouteTableId"] = table.clone();
    let one = json!({ "RouteTableIds": [table] });
    let at = format!("RouteTables[].Routes[{destination_key}={destination}].{target_key}");
    let name = if destination == "0.0.0.0/0" { "default".to_owned() } else { slug(destination) };
    step(format!("route-{key}-{name}"), Stage::Foundation, "network", format!("Route {destination} to {purpose}"))
        .call("ec2:CreateRoute", parameters)
        .adopt_on(&["RouteAlreadyExists"])
        .settled_by(check("the route leads there", "ec2:DescribeRouteTables", one.clone(), &at, Expect::Equals(json!(target))))
        .verify(check(
            "its target exists",
            "ec2:DescribeRouteTables",
            one.clone(),
            &format!("RouteTables[].Routes[{destination_key}={destination}].State"),
            Expect::Equals(json!("active")),
        ))
        .undo(vec![undo(
            "ec2:DeleteRoute",
            json!({ "RouteTableId": table, destination_key: destination }),
            check("the route is gone", "ec2:DescribeRouteTables", one, &at, Expect::Absent),
        )])
        .done()
}

/// That a table serves a subnet, looked at from the subnet.
fn serves(what: &str, table: &Value, subnet: &Value) -> Check {
    let filters = json!({ "Filters": [filter("association.subnet-id", std::slice::from_ref(subnet))] });
    check(what, "ec2:DescribeRouteTables", filters, "RouteTables[].RouteTableId", Expect::Equals(table.clone()))
}

/// That no table is associated with a subnet: the main table serves it.
fn serves_none(subnet: &Value) -> Check {
    let filters = json!({ "Filters": [filter("association.subnet-id", std::slice::from_ref(subnet))] });
    check("only the main table serves the subnet", "ec2:DescribeRouteTables", filters, "RouteTables[].RouteTableId", Expect::Absent)
}

/// The id that the subnet's association has at that moment.
fn association_id(subnet: &Value) -> Value {
    let text = subnet.as_str().unwrap_or_default();
    look(
        "ec2:DescribeRouteTables",
        json!({ "Filters": [filter("association.subnet-id", std::slice::from_ref(subnet))] }),
        &format!("RouteTables[].Associations[SubnetId={text}].RouteTableAssociationId"),
    )
}

fn settled(table: &Value, subnet: &Value) -> crate::model::step::Wait {
    let text = subnet.as_str().unwrap_or_default();
    wait(
        check(
            "the association is in force",
            "ec2:DescribeRouteTables",
            json!({ "RouteTableIds": [table] }),
            &format!("RouteTables[].Associations[SubnetId={text}].AssociationState.State"),
            Expect::Equals(json!("associated")),
        ),
        3,
        120,
    )
}

fn association_step(key: &str, table: &Value, subnet: &Value, title: &str) -> Step {
    step(format!("associate-{key}"), Stage::Foundation, "network", title)
        .call("ec2:AssociateRouteTable", json!({ "RouteTableId": table, "SubnetId": subnet }))
        .settled_by(serves("the table serves the subnet", table, subnet))
        .wait(settled(table, subnet))
        .undo(vec![undo("ec2:DisassociateRouteTable", json!({ "AssociationId": association_id(subnet) }), serves_none(subnet))])
        .done()
}

fn flip_steps(subnet: &Id, table: &Value, needs: &[(String, String)], inventory: &Inventory) -> Vec<Step> {
    let value = json!(subnet.as_str());
    let range = inventory.get(subnet).map_or("", |s| path::text(&s.doc, "CidrBlock")).to_owned();
    let of_move = format!("flip-{}", slug(&range));
    let old = inventory.tables().get(subnet).map(|table| (*table).clone());
    let explicit = old.as_ref().is_some_and(|t| is_explicit(t, subnet));
    let old_id = json!(old.as_ref().map_or("", |t| t.id.as_str()));
    let draft =
        step(&of_move, Stage::Data, &of_move, format!("Turn {range} ({}) private: replace its route table", inventory.name(subnet)));
    let draft = if explicit {
        draft
            .before(serves("the table seen at planning serves the subnet", &old_id, &value))
            .call("ec2:ReplaceRouteTableAssociation", json!({ "AssociationId": association_id(&value), "RouteTableId": table }))
            .undo(vec![undo(
                "ec2:ReplaceRouteTableAssociation",
                json!({ "AssociationId": association_id(&value), "RouteTableId": old_id }),
                serves("the old table serves the subnet", &old_id, &value),
            )])
    } else {
        draft
            .before(serves_none(&value))
            .call("ec2:AssociateRouteTable", json!({ "SubnetId": value, "RouteTableId": table }))
            .undo(vec![undo("ec2:DisassociateRouteTable", json!({ "AssociationId": association_id(&value) }), serves_none(&value))])
    };
    let draft =
        draft.settled_by(serves("the private table serves the subnet", table, &value)).wait(settled(table, &value)).impact(Impact::Brief {
            seconds: 5,
            what: format!("cuts {range}'s connections to the internet once, they come back through NAT; none inside the VPC"),
        });
    let draft = needs.iter().fold(draft, |draft, (step, because)| draft.needs(step, because));
    let mut steps = vec![draft.done()];
    if inventory.get(subnet).is_some_and(|s| s.doc["MapPublicIpOnLaunch"] == true) {
        let mut after = super::subnet::no_public_addresses(subnet, &of_move, &of_move);
        after.needs.push(crate::model::step::Need {
            step: of_move.clone(),
            because: "an instance launched before the flip would need its public address".to_owned(),
        });
        steps.push(after);
    }
    steps
}

fn is_explicit(table: &Resource, subnet: &Id) -> bool {
    table.facets.routing.as_ref().is_some_and(|r| r.associations.iter().any(|(id, _)| id == subnet))
}
