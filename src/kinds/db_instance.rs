//! An RDS DB instance (not an Aurora member).
//!
//! It can't be given another subnet group in the same VPC (`InvalidVPCNetworkStateFault`), so in this version it moves
//! by `flip`: its group's subnets turn private around it, without failover, endpoint or address change. Before that
//! `PubliclyAccessible` goes off, which applies at once whatever `ApplyImmediately` says: a public database whose
//! subnet turns private may become unreachable (RDS guide, `USER_VPC.WorkingWithRDSInstanceinaVPC.md`). Its groups are
//! replaced whole by `ModifyDBInstance`, which is refused unless the instance is `available`.

use serde_json::{Value, json};

use super::build::{Regroup, check, step, undo_and_wait, wait, wait_or_fail};
use super::effects::{list, text};
use super::{Effect, Kind, Listing, Scope};
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::facet::{Facets, Guard, Placement, Role};
use crate::model::id::Id;
use crate::model::network::Ports;
use crate::model::path;
use crate::model::resource::{Resource, tags_of};
use crate::model::step::{Expect, Impact, Stage, Step, Wait};
use crate::model::strategy::{Blocker, Candidate, Risk, Scene, Site, Strategy};

pub struct DbInstance;

static LISTING: Listing = Listing {
    operation: "rds:DescribeDBInstances",
    documents: "DBInstances[]",
    scope: Scope::Region,
    with: super::listing::nothing,
    ids: ("DBInstanceIdentifier", "DBInstanceIdentifier", "DBInstanceNotFound"),
    follow: &[],
};

/// Seconds for which a modification shows as `modifying`.
const MODIFY_S: u64 = 60;

fn id_of(name: &str) -> Id {
    Id::new(format!("db:{name}"))
}

fn modify(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let name = text(parameters, "DBInstanceIdentifier")?.to_owned();
    let id = id_of(&name);
    let doc = account.doc(id.as_str(), "DBInstanceNotFound")?.clone();
    let status = path::text(&doc, "DBInstanceStatus");
    if status != "available" {
        return Err(Refusal::new(
            "InvalidDBInstanceState",
            format!("Instance {name} is currently {status} - try again after it has finished."),
        ));
    }
    if parameters.contains_key("DBSubnetGroupName") {
        let words = format!(
            "You cannot move DB instance {name} to subnet group {}. The specified DB subnet group and DB instance are in the same VPC.",
            parameters["DBSubnetGroupName"]
        );
        return Err(Refusal::new("InvalidVPCNetworkStateFault", words));
    }
    if parameters.contains_key("VpcSecurityGroupIds") {
        let groups = list(parameters, "VpcSecurityGroupIds");
        account.check_groups(&groups).map_err(|r| Refusal::new("InvalidParameterValue", r.message))?;
        rewear(account, &doc, &groups)?;
        account.edit(id.as_str(), "DBInstanceNotFound")?["VpcSecurityGroups"] =
            groups.iter().map(|g| json!({ "VpcSecurityGroupId": g, "Status": "active" })).collect();
    }
    if let Some(public) = parameters.get("PubliclyAccessible").filter(|public| **public != doc["PubliclyAccessible"]) {
        address_nodes(account, &doc, *public == json!(true))?;
        account.edit(id.as_str(), "DBInstanceNotFound")?["PubliclyAccessible"] = public.clone();
    }
    let doc = account.edit(id.as_str(), "DBInstanceNotFound")?;
    doc["DBInstanceStatus"] = json!("modifying");
    let answer = doc.clone();
    account.later(&id, MODIFY_S, "/DBInstanceStatus", json!("available"));
    Ok(json!({ "DBInstance": answer }))
}

/// As many of RDS's interfaces as the instance has change their groups. AWS does not say which interface is whose.
fn rewear(account: &mut Account, doc: &Value, groups: &[String]) -> Result<(), Refusal> {
    let old = path::texts(doc, "VpcSecurityGroups[].VpcSecurityGroupId");
    let subnets = path::texts(doc, "DBSubnetGroup.Subnets[].SubnetIdentifier");
    let count = if doc["MultiAZ"] == true { 2 } else { 1 };
    let same = |i: &&Resource| {
        let worn = path::texts(&i.doc, "Groups[].GroupId");
        i.doc["Description"] == "RDSNetworkInterface"
            && subnets.contains(&path::text(&i.doc, "SubnetId").to_owned())
            && worn.len() == old.len()
            && worn.iter().all(|g| old.contains(g))
    };
    let interfaces: Vec<String> = account.with_role(Role::Interface).filter(same).take(count).map(|i| i.id.to_string()).collect();
    for interface in interfaces {
        super::network_interface::wear(account, &interface, groups)?;
    }
    Ok(())
}

/// The interfaces in its zones get public addresses, or lose them. AWS does not say which interface is whose.
fn address_nodes(account: &mut Account, doc: &Value, public: bool) -> Result<(), Refusal> {
    let subnets = path::texts(doc, "DBSubnetGroup.Subnets[].SubnetIdentifier");
    for zone in ["AvailabilityZone", "SecondaryAvailabilityZone"].iter().filter_map(|key| doc[*key].as_str()) {
        let here = |i: &&Resource| {
            i.doc["Description"] == "RDSNetworkInterface"
                && i.doc["AvailabilityZone"] == zone
                && subnets.contains(&path::text(&i.doc, "SubnetId").to_owned())
                && i.has_public_address() != public
        };
        let Some(interface) = account.with_role(Role::Interface).find(here).map(|i| i.id.to_string()) else { continue };
        account.serial += 1;
        let address = json!({ "PublicIp": format!("203.0.113.{}", account.serial % 250 + 1), "IpOwnerId": "amazon-rds" });
        account.edit(&interface, "InvalidNetworkInterfaceID.NotFound")?["Association"] = if public { address } else { Value::Null };
    }
    Ok(())
}

impl Kind for DbInstance {
    fn name(&self) -> &'static str {
        "db_instance"
    }

    fn listing(&self) -> Option<&'static Listing> {
        Some(&LISTING)
    }

    fn parse(&self, doc: &Value, vpc: &Id) -> Option<Resource> {
        let name = doc["DBInstanceIdentifier"].as_str()?;
        if doc["DBSubnetGroup"]["VpcId"] != vpc.as_str() {
            return None;
        }
        let member = doc["DBClusterIdentifier"].as_str().is_some_and(|id| !id.is_empty());
        let port =
            path::first(doc, "Endpoint.Port").or(doc.get("DbInstancePort")).and_then(Value::as_u64).and_then(|p| u16::try_from(p).ok());
        let zones = ["AvailabilityZone", "SecondaryAvailabilityZone"]
            .iter()
            .filter_map(|key| doc[*key].as_str().filter(|z| !z.is_empty()).map(str::to_owned))
            .collect();
        Some(Resource {
            id: id_of(name),
            kind: self.name().to_owned(),
            role: if member { Role::Bystander } else { Role::Workload },
            name: name.to_owned(),
            tags: tags_of(doc),
            facets: Facets {
                placement: Some(Placement {
                    subnets: path::texts(doc, "DBSubnetGroup.Subnets[].SubnetIdentifier").into_iter().map(Id::from).collect(),
                    zones,
                    through: doc["DBSubnetGroup"]["DBSubnetGroupName"].as_str().map(|group| Id::new(format!("dbgroup:{group}"))),
                }),
                publicly_accessible: doc["PubliclyAccessible"] == true,
                guard: Some(Guard {
                    groups: path::texts(doc, "VpcSecurityGroups[].VpcSecurityGroupId").into_iter().map(Id::from).collect(),
                }),
                listens: port.map(|port| vec![Ports::tcp(port)]),
                state: path::text(doc, "DBInstanceStatus").to_owned(),
                ..Facets::default()
            },
            doc: doc.clone(),
        })
    }

    fn effects(&self) -> &'static [(&'static str, Effect)] {
        &[("rds:ModifyDBInstance", modify)]
    }

    fn candidates(&self, resource: &Resource, _site: &Site<'_>) -> Vec<Candidate> {
        let group = path::text(&resource.doc, "DBSubnetGroup.DBSubnetGroupName");
        let flip =
            Candidate::new(Strategy::Flip, "no failover, no new endpoint, no new address: the subnets of its group turn private around it")
                .takes(2 * MODIFY_S);
        let words = format!("RDS refuses another subnet group in the same VPC; {group} could only be rotated by failovers");
        let relocate = Candidate::new(Strategy::Relocate, words).interrupts(90).takes(3600).risk(Risk::High).impossible(true);
        vec![flip, relocate]
    }

    fn draft(&self, resource: &Resource, scene: &Scene<'_>) -> Result<Vec<Step>, Blocker> {
        if scene.strategy != Strategy::Flip {
            return Ok(Vec::new());
        }
        if resource.facets.state != "available" {
            return Err(Blocker {
                code: "HK0401".into(),
                resource: resource.id.clone(),
                why: format!("it is {}, and RDS changes an instance only when it is available", resource.facets.state),
                way_out: "wait until it is available, then run discover and plan again".into(),
            });
        }
        Ok(flip(resource, scene))
    }
}

fn at_rest(name: &str) -> Vec<Wait> {
    let own = json!({ "DBInstanceIdentifier": name });
    vec![wait_or_fail(
        check(
            "the instance is available",
            "rds:DescribeDBInstances",
            own,
            "DBInstances[].DBInstanceStatus",
            Expect::Equals(json!("available")),
        ),
        &["failed", "deleting", "incompatible-network", "storage-full"],
        MODIFY_S,
        3600,
    )]
}

fn flip(resource: &Resource, scene: &Scene<'_>) -> Vec<Step> {
    let name = &resource.name;
    let own = json!({ "DBInstanceIdentifier": name });
    let mut steps = Vec::new();
    if scene.regroup {
        let old: Vec<Value> = resource.groups().iter().map(|group| json!(group.as_str())).collect();
        let regroup = Regroup {
            name,
            slug: scene.slug,
            operation: "rds:ModifyDBInstance",
            parameters: &|groups| json!({ "DBInstanceIdentifier": name, "VpcSecurityGroupIds": groups, "ApplyImmediately": true }),
            seen: ("rds:DescribeDBInstances", own.clone(), "DBInstances[].VpcSecurityGroups[].VpcSecurityGroupId"),
            wait: &at_rest(name),
            old: &old,
            new: scene.groups,
        };
        steps.extend(regroup.steps());
    }
    if resource.facets.publicly_accessible {
        steps.push(no_public_name(resource, scene, &own));
    }
    steps
}

fn no_public_name(resource: &Resource, scene: &Scene<'_>, own: &Value) -> Step {
    let name = &resource.name;
    let public = |what: &str, value: bool| {
        check(what, "rds:DescribeDBInstances", own.clone(), "DBInstances[].PubliclyAccessible", Expect::Equals(json!(value)))
    };
    let call = |value: bool| json!({ "DBInstanceIdentifier": name, "PubliclyAccessible": value, "ApplyImmediately": true });
    let id = format!("{}-not-public", scene.slug);
    let settled = wait(public("its name resolves to a private address only", false), 30, 1800);
    let mut draft = step(&id, Stage::Data, scene.slug, format!("Take {name}'s public address away (PubliclyAccessible=false)"))
        .before(public("it is publicly accessible", true))
        .call("rds:ModifyDBInstance", call(false))
        .settled_by(public("it is not publicly accessible", false))
        .wait(settled)
        .impact(Impact::Brief { seconds: 60, what: "clients outside the VPC lose it; clients inside are not cut".to_owned() });
    let mut back = at_rest(name);
    back.insert(0, wait(public("it is publicly accessible again", true), 30, 1800));
    draft = at_rest(name).into_iter().fold(draft, |draft, wait| draft.wait(wait));
    draft.undo(vec![undo_and_wait("rds:ModifyDBInstance", call(true), public("it is publicly accessible", true), back)]).done()
}
