//! What one resource tells: resource → facts.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

use super::fact::{Endpoint, Fact, Gateway, Key, Node, Workload};
use crate::model::facet::Role;
use crate::model::id::Id;
use crate::model::path;
use crate::model::resource::Resource;

/// States in which a thing does not serve, in lower case: of instances, databases, caches, balancers, functions, services,
/// compute environments (the services' API references). What is being modified or backed up serves.
const DOWN: [&str; 22] = [
    "pending",
    "creating",
    "provisioning",
    "starting",
    "stopping",
    "stopped",
    "shutting-down",
    "terminated",
    "rebooting",
    "rebooting cluster nodes",
    "deleting",
    "deleted",
    "delete_failed",
    "delete in progress",
    "draining",
    "failed",
    "failing-over",
    "create-failed",
    "invalid",
    "inaccessible-encryption-credentials",
    "storage-full",
    "restore-error",
];

/// The facts that one resource tells. Two resources never tell a fact under the same key, but for a subnet's explicit table
/// (told by the route table) and its ACL (told by the ACL), of which AWS allows one each.
pub fn facts(resource: &Resource) -> Vec<(Key, Fact)> {
    match resource.role {
        Role::Network => network(resource),
        Role::Subnet => {
            let zone = resource.facets.placement.as_ref().and_then(|placement| placement.zones.first()).cloned();
            vec![(Key::Subnet(resource.id.clone()), Fact::Subnet(zone.unwrap_or_default(), nets(&resource.facets.ranges)))]
        }
        Role::RouteTable => table(resource),
        Role::Acl => acl(resource),
        Role::PrefixList => {
            let ranges = resource.facets.prefix_list.as_ref().and_then(|list| list.ranges.clone());
            ranges.map(|ranges| (Key::PrefixList(resource.id.clone()), Fact::Prefixes(ranges))).into_iter().collect()
        }
        Role::Group => resource.facets.rules.iter().map(|rules| (Key::Rules(resource.id.clone()), Fact::Rules(rules.clone()))).collect(),
        Role::Gateway => gateway(resource).into_iter().collect(),
        Role::Interface => interface(resource).into_iter().collect(),
        Role::Endpoint => endpoint(resource),
        Role::Workload | Role::Balancer | Role::Bystander => workload(resource),
        Role::Address | Role::TargetGroup | Role::SubnetGroup | Role::Name => Vec::new(),
    }
}

fn nets(texts: &[String]) -> Vec<IpNet> {
    texts.iter().filter_map(|text| text.parse().ok()).collect()
}

fn addresses<'t>(texts: impl Iterator<Item = &'t String>) -> Vec<IpAddr> {
    texts.filter_map(|text| text.parse().ok()).collect()
}

/// The VPC's ranges; IPv6 ones are in the document alone, because no plan allocates from them.
fn network(vpc: &Resource) -> Vec<(Key, Fact)> {
    let v6 = path::texts(&vpc.doc, "Ipv6CidrBlockAssociationSet[Ipv6CidrBlockState.State=associated].Ipv6CidrBlock");
    let ranges = nets(&vpc.facets.ranges).into_iter().chain(nets(&v6)).collect();
    vec![(Key::Ranges, Fact::Ranges(ranges))]
}

fn table(table: &Resource) -> Vec<(Key, Fact)> {
    let Some(routing) = &table.facets.routing else { return Vec::new() };
    let is = || Fact::Is(table.id.clone());
    let mut told: Vec<(Key, Fact)> = routing.associations.iter().map(|(subnet, _)| (Key::Table(subnet.clone()), is())).collect();
    if routing.main {
        told.push((Key::MainTable, is()));
    }
    told.push((Key::Routing(table.id.clone()), Fact::Routing(routing.clone())));
    told
}

fn acl(acl: &Resource) -> Vec<(Key, Fact)> {
    let Some(entries) = &acl.facets.acl else { return Vec::new() };
    let is = || Fact::Is(acl.id.clone());
    let mut told: Vec<(Key, Fact)> = acl.subnets().iter().map(|subnet| (Key::AclOf(subnet.clone()), is())).collect();
    if entries.default {
        told.push((Key::DefaultAcl, is()));
    }
    told.push((Key::Acl(acl.id.clone()), Fact::Acl(entries.clone())));
    told
}

/// An internet gateway is `available` when it is attached, an egress-only one `attached` (API reference, examples).
fn gateway(resource: &Resource) -> Option<(Key, Fact)> {
    let gateway = Gateway {
        kind: resource.facets.gateway?,
        up: matches!(resource.facets.state.as_str(), "available" | "attached"),
        subnet: resource.subnets().first().cloned(),
        public: addresses(resource.facets.public_addresses.iter().map(|address| &address.ip)),
    };
    Some((Key::Gateway(resource.id.clone()), Fact::Gateway(gateway)))
}

fn interface(resource: &Resource) -> Option<(Key, Fact)> {
    let facets = &resource.facets;
    let node = Node {
        id: resource.id.clone(),
        owner: owner(resource),
        subnet: resource.subnets().first()?.clone(),
        groups: resource.groups().to_vec(),
        addresses: addresses(facets.private_addresses.iter().chain(&facets.v6_addresses)),
        public: addresses(facets.public_addresses.iter().map(|address| &address.ip)),
        publicly_named: false,
        stands_in: false,
    };
    Some((Key::Node(resource.id.clone()), Fact::Node(node)))
}

/// Whose an interface is. Functions with the same subnets and groups share theirs (Lambda guide, "Hyperplane ENIs"), and they
/// linger: such an interface is the service's, and something stands in for each function.
fn owner(interface: &Resource) -> Id {
    if path::text(&interface.doc, "InterfaceType") == "lambda" {
        return Id::from("service:lambda");
    }
    interface.facets.owner.clone().unwrap_or_else(|| interface.id.clone())
}

/// An endpoint, and what stands for its interfaces.
fn endpoint(resource: &Resource) -> Vec<(Key, Fact)> {
    let Some(endpoint) = &resource.facets.endpoint else { return Vec::new() };
    let up = resource.facets.state == "available";
    let fact = Endpoint { service: endpoint.service.clone(), up, gateway: endpoint.gateway, private_dns: endpoint.private_dns };
    let mut told = vec![(Key::Endpoint(resource.id.clone()), Fact::Endpoint(fact))];
    if !endpoint.gateway {
        let members = path::texts(&resource.doc, "NetworkInterfaceIds[]").into_iter().map(Id::from).collect();
        told.extend(whole(resource, up, members));
    }
    told
}

/// A workload, or a part of one; what has no place (an image, a role) tells nothing.
fn workload(resource: &Resource) -> Vec<(Key, Fact)> {
    let up = !DOWN.contains(&resource.facets.state.to_lowercase().as_str());
    whole(resource, up, resource.facets.members.clone())
}

fn whole(resource: &Resource, up: bool, members: Vec<Id>) -> Vec<(Key, Fact)> {
    let facets = &resource.facets;
    if facets.placement.is_none() && members.is_empty() {
        return Vec::new();
    }
    let balancing = facets.balancing.as_ref().is_some_and(|balancing| balancing.internet_facing);
    let workload = Workload {
        up,
        part_of: facets.owner.clone(),
        zones: facets.placement.as_ref().map(|placement| placement.zones.clone()).unwrap_or_default(),
        members,
        listens: facets.listens.clone(),
        internet_facing: balancing || facets.publicly_accessible,
        tracking: facets.tracking,
    };
    let mut told = vec![(Key::Workload(resource.id.clone()), Fact::Workload(workload))];
    told.extend(stand_ins(resource).map(|node| (Key::Node(node.id.clone()), Fact::Node(node))));
    told
}

/// What stands for the interfaces of a resource: one per subnet that it may be in. A thing in one subnet has the addresses
/// that it shows; of several subnets nobody can tell which has which.
fn stand_ins(resource: &Resource) -> impl Iterator<Item = Node> + '_ {
    let facets = &resource.facets;
    let alone = resource.subnets().len() == 1;
    let known = move |texts: Vec<&String>| if alone { addresses(texts.into_iter()) } else { Vec::new() };
    resource.subnets().iter().map(move |subnet| Node {
        id: Id::new(format!("{}@{subnet}", resource.id)),
        owner: resource.id.clone(),
        subnet: subnet.clone(),
        groups: resource.groups().to_vec(),
        addresses: known(facets.private_addresses.iter().chain(&facets.v6_addresses).collect()),
        public: known(facets.public_addresses.iter().map(|address| &address.ip).collect()),
        publicly_named: facets.publicly_accessible
            || facets.balancing.as_ref().is_some_and(|balancing| balancing.internet_facing)
            || gives_public_addresses(&resource.doc),
        stands_in: true,
    })
}

/// Whether what a workload starts is given a public address, by its own configuration: tasks of a service, of a rule, of a
/// schedule, instances of a launch template. What a subnet gives by itself (`MapPublicIpOnLaunch`) shows on interfaces only.
fn gives_public_addresses(doc: &Value) -> bool {
    let tasks = [
        "networkConfiguration.awsvpcConfiguration.assignPublicIp",
        "EcsParameters.NetworkConfiguration.awsvpcConfiguration.AssignPublicIp",
        "Target.EcsParameters.NetworkConfiguration.awsvpcConfiguration.AssignPublicIp",
    ];
    let instances = path::first(doc, "Template.NetworkInterfaces[0].AssociatePublicIpAddress");
    tasks.iter().any(|at| path::text(doc, at) == "ENABLED") || instances == Some(&Value::Bool(true))
}
