//! A security group with its rules.
//!
//! New groups are made empty first, then get their rules: cycles are harmless that way. Source groups match private
//! addresses only. A new group keeps AWS's default egress (everything to everywhere): egress is tightened last, if at
//! all. `CreateSecurityGroup` has no token; the name is unique in a VPC, so `InvalidGroup.Duplicate` means "look whose
//! it is". `InvalidPermission.Duplicate` refuses the *whole* list, so a half-known outcome is settled by looking.
//! Old groups stay unmodified until `cleanup`, and go only when nothing wears or names them (`DependencyViolation`).

use serde_json::{Value, json};

use super::build::{check, filter, made_by, output, step, tag_specification, undo};
use super::effects::{tags, text};
use super::prefix_list::weight_of;
use super::{Effect, Kind, Listing, Scope};
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::facet::{Facets, Role, RuleSet};
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::network::{permission_of, rules_of};
use crate::model::path;
use crate::model::resource::{Doc, Resource, tags_of};
use crate::model::step::{Expect, Stage, Step};
use crate::model::strategy::{NewRule, Provision};
use crate::model::text::counted;

pub struct SecurityGroup;

static LISTING: Listing = Listing {
    operation: "ec2:DescribeSecurityGroups",
    documents: "SecurityGroups[]",
    scope: Scope::Filter("vpc-id"),
    with: super::listing::nothing,
    ids: ("GroupIds", "GroupId", "InvalidGroup.NotFound"),
    follow: &[],
};

const UNKNOWN: &str = "InvalidGroup.NotFound";
const PEERS: [(&str, &str); 4] =
    [("IpRanges", "CidrIp"), ("Ipv6Ranges", "CidrIpv6"), ("PrefixListIds", "PrefixListId"), ("UserIdGroupPairs", "GroupId")];

fn create(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let (name, vpc) = (text(parameters, "GroupName")?.to_owned(), text(parameters, "VpcId")?.to_owned());
    let description = text(parameters, "Description")?.to_owned();
    account.doc(&vpc, "InvalidVpcID.NotFound")?;
    if account.resources.having("security_group", "GroupName", &name).next().is_some() {
        return Err(Refusal::new("InvalidGroup.Duplicate", format!("The security group '{name}' already exists for VPC '{vpc}'")));
    }
    let id = account.new_id("sg");
    let doc = json!({ "GroupId": id.as_str(), "GroupName": name, "Description": description, "VpcId": vpc, "OwnerId": account.account, "IpPermissions": [],
        "IpPermissionsEgress": [{ "IpProtocol": "-1", "IpRanges": [{ "CidrIp": "0.0.0.0/0" }], "Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": [] }],
        "Tags": tags(parameters, "security-group") });
    account.insert("security_group", Role::Group, id.clone(), doc);
    Ok(json!({ "GroupId": id.as_str() }))
}

fn delete(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = text(parameters, "GroupId")?.to_owned();
    let doc = account.doc(&id, UNKNOWN)?;
    if doc["GroupName"] == "default" {
        return Err(Refusal::new("CannotDelete", format!("the specified group: \"{id}\" name: \"default\" cannot be deleted by a user")));
    }
    const NAMED: &str = "IpPermissions[].UserIdGroupPairs[].GroupId";
    let named = account.resources.having("security_group", NAMED, &id).any(|group| group.id.as_str() != id);
    if named || account.wearers(&id).next().is_some() {
        return Err(Refusal::new("DependencyViolation", format!("resource {id} has a dependent object")));
    }
    account.remove(&Id::from(id));
    Ok(json!({}))
}

/// A permission for one peer, without descriptions: what makes two rules the same for AWS.
fn singles(permission: &Value) -> Vec<Value> {
    let mut out = Vec::new();
    for (list, key) in PEERS {
        for peer in permission[list].as_array().into_iter().flatten() {
            out.push(json!({ "IpProtocol": permission["IpProtocol"], "FromPort": permission["FromPort"], "ToPort": permission["ToPort"], key: peer[key] }));
        }
    }
    out
}

fn authorize(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = text(parameters, "GroupId")?.to_owned();
    let limit = account.quotas.rules_per_group;
    let new = parameters.get("IpPermissions").and_then(Value::as_array).cloned().unwrap_or_default();
    for group in new.iter().flat_map(|p| path::texts(p, "UserIdGroupPairs[].GroupId")) {
        account.doc(&group, UNKNOWN)?;
    }
    let present: Vec<Value> = account.doc(&id, UNKNOWN)?["IpPermissions"].as_array().into_iter().flatten().flat_map(singles).collect();
    let added: Vec<Value> = new.iter().flat_map(singles).collect();
    if let Some(twice) = added.iter().find(|rule| present.contains(rule)) {
        return Err(Refusal::new("InvalidPermission.Duplicate", format!("the specified rule \"{twice}\" already exists")));
    }
    let count =
        |rules: &[Value]| rules.iter().map(|rule| rule["PrefixListId"].as_str().map_or(1, |list| weight_of(account, list))).sum::<usize>();
    if count(&present) + count(&added) > limit {
        return Err(Refusal::new("RulesPerSecurityGroupLimitExceeded", "The maximum number of rules per security group has been reached."));
    }
    account.edit(&id, UNKNOWN)?["IpPermissions"].as_array_mut().expect("a group has permissions").extend(new);
    Ok(json!({ "Return": true }))
}

fn revoke(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = text(parameters, "GroupId")?.to_owned();
    let gone: Vec<Value> = parameters.get("IpPermissions").and_then(Value::as_array).into_iter().flatten().flat_map(singles).collect();
    let permissions = account.edit(&id, UNKNOWN)?["IpPermissions"].as_array_mut().expect("a group has permissions");
    let present: Vec<Value> = permissions.iter().flat_map(singles).collect();
    if gone.iter().any(|rule| !present.contains(rule)) {
        return Err(Refusal::new("InvalidPermission.NotFound", "The specified rule does not exist in this security group."));
    }
    for permission in permissions.iter_mut() {
        let head = |peer: &Value, key: &str| json!({ "IpProtocol": permission["IpProtocol"], "FromPort": permission["FromPort"], "ToPort": permission["ToPort"], key: peer[key] });
        let kept: Vec<(&str, Vec<Value>)> = PEERS
            .iter()
            .map(|(list, key)| {
                (
                    *list,
                    permission[*list].as_array().into_iter().flatten().filter(|peer| !gone.contains(&head(peer, key))).cloned().collect(),
                )
            })
            .collect();
        for (list, peers) in kept {
            permission[list] = json!(peers);
        }
    }
    permissions.retain(|permission| !singles(permission).is_empty());
    Ok(json!({ "Return": true }))
}

impl Kind for SecurityGroup {
    fn name(&self) -> &'static str {
        "security_group"
    }

    fn listing(&self) -> Option<&'static Listing> {
        Some(&LISTING)
    }

    fn parse(&self, doc: &Doc, vpc: &Id) -> Option<Resource> {
        if doc["VpcId"] != vpc.as_str() {
            return None;
        }
        let id = Id::from(doc["GroupId"].as_str()?);
        Some(Resource {
            name: doc["GroupName"].as_str().unwrap_or(id.as_str()).to_owned(),
            id,
            kind: self.name().to_owned(),
            role: Role::Group,
            tags: tags_of(doc),
            facets: Facets {
                rules: Some(RuleSet { ingress: rules_of(&doc["IpPermissions"]), egress: rules_of(&doc["IpPermissionsEgress"]) }),
                ..Facets::default()
            },
            doc: doc.clone(),
        })
    }

    fn effects(&self) -> &'static [(&'static str, Effect)] {
        &[
            ("ec2:CreateSecurityGroup", create),
            ("ec2:DeleteSecurityGroup", delete),
            ("ec2:AuthorizeSecurityGroupIngress", authorize),
            ("ec2:RevokeSecurityGroupIngress", revoke),
        ]
    }

    fn provide(&self, provision: &Provision, migration: &str, inventory: &Inventory) -> Option<Vec<Step>> {
        match provision {
            Provision::Group { key, name, description } => Some(vec![create_step(key, name, description, migration, inventory)]),
            Provision::Rules { key, group, rules } => Some(vec![rules_step(key, group, rules)]),
            Provision::DropGroup { group } => Some(vec![drop_step(group, inventory)]),
            _ => None,
        }
    }
}

fn create_step(key: &str, name: &str, description: &str, migration: &str, inventory: &Inventory) -> Step {
    let id = format!("group-{key}");
    let own = json!({ "GroupIds": [output(&id, "GroupId")] });
    let mut made = made_by(migration, &id);
    made.push(filter("vpc-id", &[json!(inventory.vpc.as_str())]));
    step(&id, Stage::Guard, "groups", format!("Create the security group {name}, empty"))
        .call(
            "ec2:CreateSecurityGroup",
            json!({ "GroupName": name, "Description": description, "VpcId": inventory.vpc.as_str(),
                "TagSpecifications": [tag_specification("security-group", migration, &id, name)] }),
        )
        .output("GroupId", "GroupId")
        .adopt_on(&["InvalidGroup.Duplicate"])
        .probe_made("ec2:DescribeSecurityGroups", json!({ "Filters": made }), "SecurityGroups[]", &[("GroupId", "GroupId")])
        .undo(vec![undo(
            "ec2:DeleteSecurityGroup",
            json!({ "GroupId": output(&id, "GroupId") }),
            check("the group is gone", "ec2:DescribeSecurityGroups", own, "SecurityGroups[].GroupId", Expect::Absent),
        )])
        .done()
}

fn rules_step(key: &str, group: &Value, rules: &[NewRule]) -> Step {
    let permissions: Vec<Value> = rules.iter().map(|(ports, peer, why)| permission_of(ports, peer, why)).collect();
    let one = json!({ "GroupIds": [group] });
    let peers: Vec<(&str, Value)> =
        rules.iter().filter_map(|(_, peer, _)| PEERS.iter().find_map(|(list, field)| Some((*list, peer.get(*field)?.clone())))).collect();
    let in_list = |wanted: &str| peers.iter().filter(|(list, _)| *list == wanted).map(|(_, peer)| peer.clone()).collect::<Vec<_>>();
    let (list, field) = PEERS.into_iter().find(|(list, _)| !in_list(list).is_empty()).unwrap_or(PEERS[0]);
    let at = format!("SecurityGroups[].IpPermissions[].{list}[].{field}");
    let mut draft =
        step(format!("rules-{key}"), Stage::Guard, "groups", format!("Let in what {key} serves: {}", counted(rules.len(), "rule")))
            .call("ec2:AuthorizeSecurityGroupIngress", json!({ "GroupId": group, "IpPermissions": permissions }))
            .adopt_on(&["InvalidPermission.Duplicate"])
            .settled_by(check("the rules are there", "ec2:DescribeSecurityGroups", one.clone(), &at, Expect::Includes(in_list(list))));
    for (list, field) in PEERS.into_iter().filter(|(other, _)| *other != list && !in_list(other).is_empty()) {
        let at = format!("SecurityGroups[].IpPermissions[].{list}[].{field}");
        draft = draft.verify(check("the rules are there", "ec2:DescribeSecurityGroups", one.clone(), &at, Expect::Includes(in_list(list))));
    }
    draft
        .undo(vec![undo(
            "ec2:RevokeSecurityGroupIngress",
            json!({ "GroupId": group, "IpPermissions": permissions }),
            check("the rules are gone", "ec2:DescribeSecurityGroups", one, &at, Expect::Excludes(in_list(list))),
        )])
        .done()
}

fn drop_step(group: &Id, inventory: &Inventory) -> Step {
    let name = inventory.name(group).to_owned();
    let worn = json!({ "Filters": [filter("group-id", &[json!(group.as_str())])] });
    let one = json!({ "GroupIds": [group.as_str()] });
    step(format!("drop-{}", group.as_str()), Stage::Cleanup, "groups", format!("Delete the old security group {name}"))
        .before(check("nothing wears it", "ec2:DescribeNetworkInterfaces", worn, "NetworkInterfaces[].NetworkInterfaceId", Expect::Absent))
        .call("ec2:DeleteSecurityGroup", json!({ "GroupId": group.as_str() }))
        .settled_by(check("the group is gone", "ec2:DescribeSecurityGroups", one, "SecurityGroups[].GroupId", Expect::Absent))
        .irreversible("a deleted group's id never comes back")
        .done()
}
