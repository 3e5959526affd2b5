//! A Client VPN endpoint: how developers reach databases that are not public any more.
//!
//! The clients' range is immutable, /22 to /12, and overlaps neither the VPC nor a route; one subnet for each zone, /27 or
//! larger with 20 free addresses (Client VPN administrator guide). Traffic comes from the endpoint's interfaces with its
//! own group: rules name that group. `SplitTunnel` is off unless asked for. Certificates can't be made by a program that
//! keeps no secrets: they are in ACM before. Create, associate and authorize have tokens; endpoints can't be filtered by
//! tag, so the description is the key by which one is found again.

use ipnet::Ipv4Net;
use serde_json::{Value, json};

use super::build::{check, filter, output, step, tag_specification, undo_and_wait, wait, wait_or_fail};
use super::effects::{list, tags, text};
use super::{Effect, Kind, Listing, Read, Scope};
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::facet::{Facets, Guard, Role};
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::path;
use crate::model::resource::{Doc, Resource, tags_of};
use crate::model::step::{Check, Expect, Stage, Step};
use crate::model::strategy::{ClientVpn, Provision};

pub struct ClientVpnEndpoint;

static LISTING: Listing = Listing {
    operation: "ec2:DescribeClientVpnEndpoints",
    documents: "ClientVpnEndpoints[]",
    scope: Scope::Region,
    with: super::listing::nothing,
    ids: ("ClientVpnEndpointIds", "ClientVpnEndpointId", UNKNOWN),
    follow: &[],
};

const UNKNOWN: &str = "InvalidClientVpnEndpointId.NotFound";
/// Unregistered kinds of a simulated account: parts of an endpoint.
const NETWORK: &str = "client_vpn_network";
const RULE: &str = "client_vpn_rule";
/// Seconds that an association takes (5 to 15 minutes), and an authorization.
const ASSOCIATE_S: u64 = 600;
const AUTHORIZE_S: u64 = 30;

fn bad(words: String) -> Refusal {
    Refusal::new("InvalidParameterValue", words)
}

fn create(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let cidr = text(parameters, "ClientCidrBlock")?.to_owned();
    let certificate = text(parameters, "ServerCertificateArn")?.to_owned();
    let range: Ipv4Net = cidr.parse().map_err(|_| bad(format!("Client CIDR block {cidr} is invalid")))?;
    if !(12..=22).contains(&range.prefix_len()) {
        return Err(bad(format!("Client CIDR block {cidr} must have a size of between /22 and /12")));
    }
    if parameters.get("AuthenticationOptions").and_then(Value::as_array).is_none_or(Vec::is_empty) {
        return Err(Refusal::new("MissingParameter", "The request must contain the parameter AuthenticationOptions"));
    }
    if !certificate.starts_with("arn:") {
        return Err(bad(format!("Certificate {certificate} does not exist")));
    }
    let (vpc, groups) = (text(parameters, "VpcId")?.to_owned(), list(parameters, "SecurityGroupIds"));
    account.doc(&vpc, "InvalidVpcID.NotFound")?;
    let own = account.resources[&Id::from(vpc.as_str())].facets.ranges.clone();
    if own.iter().filter_map(|r| r.parse::<Ipv4Net>().ok()).any(|r| r.contains(&range) || range.contains(&r)) {
        return Err(bad(format!("Client CIDR block {cidr} overlaps with the VPC CIDR")));
    }
    account.check_groups(&groups).map_err(|refusal| Refusal::new("InvalidSecurityGroupId.NotFound", refusal.message))?;
    let id = account.new_id("cvpn-endpoint");
    let mut doc = json!({ "ClientVpnEndpointId": id.as_str(), "VpcId": vpc, "SecurityGroupIds": groups, "ClientCidrBlock": cidr,
        "ServerCertificateArn": certificate, "Status": { "Code": "pending-associate" }, "Tags": tags(parameters, "client-vpn-endpoint") });
    for key in ["Description", "DnsServers", "SplitTunnel", "AuthenticationOptions"] {
        doc[key] = parameters.get(key).cloned().unwrap_or_default();
    }
    account.insert("client_vpn_endpoint", Role::Bystander, id.clone(), doc);
    Ok(json!({ "ClientVpnEndpointId": id.as_str(), "Status": { "Code": "pending-associate" } }))
}

/// The parts of an endpoint.
fn parts<'a>(account: &'a Account, kind: &'a str, endpoint: &'a str) -> impl Iterator<Item = &'a Resource> {
    account.resources.of_kind(kind).filter(move |r| r.doc["ClientVpnEndpointId"] == endpoint)
}

fn delete(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = text(parameters, "ClientVpnEndpointId")?.to_owned();
    account.doc(&id, UNKNOWN)?;
    if parts(account, NETWORK, &id).next().is_some() {
        let words = "Client VPN endpoint has associated target networks; disassociate them first.";
        return Err(Refusal::new("InvalidClientVpnEndpoint.AssociatedTargetNetworks", words));
    }
    account.edit(&id, UNKNOWN)?["Status"]["Code"] = json!("deleting");
    account.remove_later(&Id::from(id), 10);
    Ok(json!({ "Status": { "Code": "deleting" } }))
}

fn associate(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let (id, subnet) = (text(parameters, "ClientVpnEndpointId")?.to_owned(), text(parameters, "SubnetId")?.to_owned());
    let groups = path::texts(account.doc(&id, UNKNOWN)?, "SecurityGroupIds[]");
    let place = account.doc(&subnet, "InvalidSubnetID.NotFound")?;
    let (zone, range) = (place["AvailabilityZone"].clone(), path::text(place, "CidrBlock").parse::<Ipv4Net>().ok());
    if parts(account, NETWORK, &id).any(|other| other.doc["Zone"] == zone) {
        let words = format!("A target network is already associated in Availability Zone {zone}");
        return Err(Refusal::new("InvalidClientVpnDuplicateAssociationException", words));
    }
    if range.is_none_or(|range| range.prefix_len() > 27) || account.free_addresses(&subnet)? < 20 {
        let words = format!("Subnet {subnet} must have a CIDR block of at least /27 and 20 available addresses");
        return Err(Refusal::new("InvalidSubnet.Range", words));
    }
    let interface = account.add_interface(&subnet, &groups, "ClientVPN Endpoint resource", json!({}))?;
    let association = account.new_id("cvpn-assoc");
    let doc = json!({ "AssociationId": association.as_str(), "ClientVpnEndpointId": id, "TargetNetworkId": subnet, "Zone": zone,
        "Interface": interface.as_str(), "Status": { "Code": "associating" } });
    account.insert(NETWORK, Role::Bystander, association.clone(), doc);
    account.later(&association, ASSOCIATE_S, "/Status/Code", json!("associated"));
    Ok(json!({ "AssociationId": association.as_str(), "Status": { "Code": "associating" } }))
}

fn disassociate(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    account.doc(text(parameters, "ClientVpnEndpointId")?, UNKNOWN)?;
    let id = text(parameters, "AssociationId")?.to_owned();
    let unknown = "InvalidClientVpnAssociationId.NotFound";
    let doc = account.edit(&id, unknown)?;
    doc["Status"]["Code"] = json!("disassociating");
    let interface = Id::from(path::text(doc, "Interface"));
    account.remove_later(&interface, 60);
    account.remove_later(&Id::from(id), 60);
    Ok(json!({ "Status": { "Code": "disassociating" } }))
}

fn authorize(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let (id, cidr) = (text(parameters, "ClientVpnEndpointId")?.to_owned(), text(parameters, "TargetNetworkCidr")?.to_owned());
    account.doc(&id, UNKNOWN)?;
    let all = parameters.get("AuthorizeAllGroups") == Some(&json!(true));
    if all == parameters.contains_key("AccessGroupId") {
        return Err(Refusal::new("MissingParameter", "Specify either AccessGroupId or AuthorizeAllGroups"));
    }
    if parts(account, RULE, &id).any(|rule| rule.doc["DestinationCidr"] == cidr.as_str()) {
        let words = format!("The authorization rule for {cidr} already exists");
        return Err(Refusal::new("InvalidClientVpnDuplicateAuthorizationRule", words));
    }
    let rule = Id::new(format!("{id}/{cidr}"));
    let doc = json!({ "ClientVpnEndpointId": id, "DestinationCidr": cidr, "AccessAll": all, "Status": { "Code": "authorizing" } });
    account.insert(RULE, Role::Bystander, rule.clone(), doc);
    account.later(&rule, AUTHORIZE_S, "/Status/Code", json!("active"));
    Ok(json!({ "Status": { "Code": "authorizing" } }))
}

fn revoke(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let (id, cidr) = (text(parameters, "ClientVpnEndpointId")?.to_owned(), text(parameters, "TargetNetworkCidr")?.to_owned());
    account.doc(&id, UNKNOWN)?;
    let rule = Id::new(format!("{id}/{cidr}"));
    account.edit(rule.as_str(), "InvalidClientVpnEndpointAuthorizationRuleNotFound")?["Status"]["Code"] = json!("revoking");
    account.remove_later(&rule, 10);
    Ok(json!({ "Status": { "Code": "revoking" } }))
}

fn networks(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    listed(account, parameters, NETWORK, "target-network-id", "TargetNetworkId", "ClientVpnTargetNetworks")
}

fn rules(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    listed(account, parameters, RULE, "destination-cidr", "DestinationCidr", "AuthorizationRules")
}

fn listed(account: &Account, parameters: &Object, kind: &str, named: &str, key: &str, result: &str) -> Result<Value, Refusal> {
    let id = text(parameters, "ClientVpnEndpointId")?;
    account.doc(id, UNKNOWN)?;
    let filters = parameters.get("Filters").cloned().unwrap_or_else(|| json!([]));
    let wanted = path::texts(&filters, &format!("[Name={named}].Values[]"));
    let found = parts(account, kind, id).map(|r| &*r.doc).filter(|doc| wanted.is_empty() || wanted.iter().any(|w| doc[key] == w.as_str()));
    Ok(json!({ result: found.collect::<Vec<_>>() }))
}

impl Kind for ClientVpnEndpoint {
    fn name(&self) -> &'static str {
        "client_vpn_endpoint"
    }

    fn listing(&self) -> Option<&'static Listing> {
        Some(&LISTING)
    }

    fn parse(&self, doc: &Doc, vpc: &Id) -> Option<Resource> {
        let id = Id::from(doc["ClientVpnEndpointId"].as_str()?);
        if doc["VpcId"] != vpc.as_str() {
            return None;
        }
        let tags = tags_of(doc);
        let groups = path::texts(doc, "SecurityGroupIds[]").into_iter().map(Id::from).collect();
        Some(Resource {
            name: tags.get("Name").cloned().unwrap_or_else(|| id.to_string()),
            id,
            kind: self.name().to_owned(),
            role: Role::Bystander,
            tags,
            facets: Facets { guard: Some(Guard { groups }), state: path::text(doc, "Status.Code").to_owned(), ..Facets::default() },
            doc: doc.clone(),
        })
    }

    fn effects(&self) -> &'static [(&'static str, Effect)] {
        &[
            ("ec2:CreateClientVpnEndpoint", create),
            ("ec2:DeleteClientVpnEndpoint", delete),
            ("ec2:AssociateClientVpnTargetNetwork", associate),
            ("ec2:DisassociateClientVpnTargetNetwork", disassociate),
            ("ec2:AuthorizeClientVpnIngress", authorize),
            ("ec2:RevokeClientVpnIngress", revoke),
        ]
    }

    fn reads(&self) -> &'static [(&'static str, Read)] {
        &[("ec2:DescribeClientVpnTargetNetworks", networks), ("ec2:DescribeClientVpnAuthorizationRules", rules)]
    }

    fn provide(&self, provision: &Provision, migration: &str, inventory: &Inventory) -> Option<Vec<Step>> {
        let Provision::ClientVpn(wanted) = provision else { return None };
        let mut steps = vec![create_step(wanted, migration, inventory)];
        for (zone, subnet) in &wanted.subnets {
            let mut next = associate_step(zone, subnet);
            if let Some(last) = steps.last().filter(|last| last.id != "client-vpn") {
                let because = "one change of an endpoint at a time".to_owned();
                next.needs.push(crate::model::step::Need { step: last.id.clone(), because });
            }
            steps.push(next);
        }
        steps.extend(wanted.targets.iter().enumerate().map(|(at, target)| authorize_step(at, target)));
        Some(steps)
    }
}

fn endpoint() -> Value {
    output("client-vpn", "ClientVpnEndpointId")
}

fn create_step(wanted: &ClientVpn, migration: &str, inventory: &Inventory) -> Step {
    let id = "client-vpn";
    // A deleted endpoint is still told of for a while: the token tells this one from one that was undone.
    let description = format!("Developers' way in, made by migration {migration} (${{self.Token}})");
    let own = json!({ "ClientVpnEndpointIds": [endpoint()] });
    let gone = || {
        check(
            "the endpoint is gone",
            "ec2:DescribeClientVpnEndpoints",
            own.clone(),
            "ClientVpnEndpoints[].ClientVpnEndpointId",
            Expect::Absent,
        )
    };
    let authentication = match &wanted.saml_provider {
        Some(provider) => json!({ "Type": "federated-authentication", "FederatedAuthentication": { "SAMLProviderArn": provider } }),
        None => {
            json!({ "Type": "certificate-authentication", "MutualAuthentication": { "ClientRootCertificateChainArn": wanted.client_ca } })
        }
    };
    step(id, Stage::Access, id, "Create the Client VPN endpoint by which developers reach the databases")
        .call(
            "ec2:CreateClientVpnEndpoint",
            json!({ "ClientCidrBlock": wanted.client_cidr, "ServerCertificateArn": wanted.server_certificate, "AuthenticationOptions": [authentication],
                "ConnectionLogOptions": { "Enabled": false }, "DnsServers": wanted.dns, "SplitTunnel": wanted.split_tunnel, "VpcId": inventory.vpc.as_str(),
                "SecurityGroupIds": [output("group-client-vpn", "GroupId")], "Description": description, "ClientToken": "${self.Token}",
                "TagSpecifications": [tag_specification("client-vpn-endpoint", migration, id, &format!("{migration}-client-vpn"))] }),
        )
        .output("ClientVpnEndpointId", "ClientVpnEndpointId")
        .probe_made(
            "ec2:DescribeClientVpnEndpoints",
            json!({}),
            &format!("ClientVpnEndpoints[Description={description}]"),
            &[("ClientVpnEndpointId", "ClientVpnEndpointId")],
        )
        .undo(vec![undo_and_wait(
            "ec2:DeleteClientVpnEndpoint",
            json!({ "ClientVpnEndpointId": endpoint() }),
            gone(),
            vec![wait(gone(), 10, 600)],
        )])
        .done()
}

fn associate_step(zone: &str, subnet: &Value) -> Step {
    let id = format!("client-vpn-{zone}");
    let own = json!({ "ClientVpnEndpointId": endpoint(), "Filters": [filter("target-network-id", std::slice::from_ref(subnet))] });
    let see = |what: &str, expect| -> Check {
        check(what, "ec2:DescribeClientVpnTargetNetworks", own.clone(), "ClientVpnTargetNetworks[].Status.Code", expect)
    };
    let gone = || see("it is not associated", Expect::Excludes(["associating", "associated", "disassociating"].map(|s| json!(s)).to_vec()));
    step(&id, Stage::Access, "client-vpn", format!("Let the Client VPN into the private subnet of zone {zone}"))
        .call(
            "ec2:AssociateClientVpnTargetNetwork",
            json!({ "ClientVpnEndpointId": endpoint(), "SubnetId": subnet, "ClientToken": "${self.Token}" }),
        )
        .output("AssociationId", "AssociationId")
        .probe_made("ec2:DescribeClientVpnTargetNetworks", own.clone(), "ClientVpnTargetNetworks[]", &[("AssociationId", "AssociationId")])
        .wait(wait_or_fail(see("it is associated", Expect::Equals(json!("associated"))), &["association-failed"], ASSOCIATE_S, 2400))
        .undo(vec![undo_and_wait(
            "ec2:DisassociateClientVpnTargetNetwork",
            json!({ "ClientVpnEndpointId": endpoint(), "AssociationId": output(&id, "AssociationId") }),
            gone(),
            vec![wait(gone(), 60, 1800)],
        )])
        .done()
}

fn authorize_step(at: usize, target: &str) -> Step {
    let id = if at == 0 { "client-vpn-authorize".to_owned() } else { format!("client-vpn-authorize-{}", at + 1) };
    let own = json!({ "ClientVpnEndpointId": endpoint(), "Filters": [filter("destination-cidr", &[json!(target)])] });
    let see = |what: &str, expect| -> Check {
        check(what, "ec2:DescribeClientVpnAuthorizationRules", own.clone(), "AuthorizationRules[].Status.Code", expect)
    };
    let gone = || see("there is no such rule", Expect::Absent);
    step(id, Stage::Access, "client-vpn", format!("Let its clients go to {target}; groups say where to in there"))
        .call(
            "ec2:AuthorizeClientVpnIngress",
            json!({ "ClientVpnEndpointId": endpoint(), "TargetNetworkCidr": target, "AuthorizeAllGroups": true, "ClientToken": "${self.Token}" }),
        )
        .adopt_on(&["InvalidClientVpnDuplicateAuthorizationRule"])
        .settled_by(see("the rule is there", Expect::Exists))
        .wait(wait_or_fail(see("the rule is active", Expect::Equals(json!("active"))), &["failed"], AUTHORIZE_S, 900))
        .undo(vec![undo_and_wait(
            "ec2:RevokeClientVpnIngress",
            json!({ "ClientVpnEndpointId": endpoint(), "TargetNetworkCidr": target, "RevokeAllGroups": true }),
            gone(),
            vec![wait(gone(), 10, 900)],
        )])
        .done()
}
