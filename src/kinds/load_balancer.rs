//! A load balancer of the second generation; this version moves application load balancers.
//!
//! Its scheme is immutable: an internet-facing one stays public. Where its subnets turn private it moves first, by
//! `SetSubnets`, to new small public subnets (at least 8 free addresses each, one subnet per zone, two zones; ELB
//! guide): new nodes come up, the old ones leave within minutes, names keep, addresses change. An internal one stays
//! where it is while its subnets flip. Groups are replaced whole by `SetSecurityGroups`. AWS does not check that the
//! subnets of an internet-facing balancer lead to the internet: the plan does.

use serde_json::{Value, json};

use super::build::{Regroup, check, filter, step, undo_and_wait, wait};
use super::effects::{some, text};
use super::{Effect, Follow, Kind, Listing, Read, Scope};
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::facet::{Balancing, Facets, Guard, Placement, Role};
use crate::model::id::Id;
use crate::model::network::Ports;
use crate::model::path;
use crate::model::resource::{Resource, tags_of};
use crate::model::step::{Check, Expect, Impact, Stage, Step, Wait};
use crate::model::strategy::{Blocker, Candidate, Scene, Site, Strategy};

pub struct LoadBalancer;

fn by_arn(docs: &[&Value]) -> Option<Value> {
    Some(json!({ "LoadBalancerArn": docs[0]["LoadBalancerArn"] }))
}

static LISTING: Listing = Listing {
    operation: "elasticloadbalancing:DescribeLoadBalancers",
    documents: "LoadBalancers[]",
    scope: Scope::Region,
    with: super::listing::nothing,
    ids: ("LoadBalancerArns", "LoadBalancerArn", "LoadBalancerNotFound"),
    follow: &[
        Follow {
            operation: "elasticloadbalancing:DescribeListeners",
            result: "Listeners",
            parameters: by_arn,
            batch: 1,
            merge: |doc, answer| doc["Listeners"] = answer["Listeners"].clone(),
        },
        Follow {
            operation: "elasticloadbalancing:DescribeTags",
            result: "TagDescriptions",
            parameters: |docs| Some(json!({ "ResourceArns": docs.iter().map(|doc| &doc["LoadBalancerArn"]).collect::<Vec<_>>() })),
            batch: 20,
            merge: |doc, answer| {
                let arn = path::text(doc, "LoadBalancerArn").to_owned();
                doc["Tags"] =
                    path::first(answer, &format!("TagDescriptions[ResourceArn={arn}].Tags")).cloned().unwrap_or_else(|| json!([]));
            },
        },
    ],
};

/// Seconds until nodes in new subnets serve and those in old ones are gone.
const NODES_S: u64 = 180;

fn find(account: &Account, parameters: &Object) -> Result<Id, Refusal> {
    let arn = text(parameters, "LoadBalancerArn")?;
    let found = {
        // `arn:…:loadbalancer/app/shop/…`
        let id = Id::new(format!("lb:{}", arn.split('/').nth(2).unwrap_or(arn)));
        account.resources.get(&id).filter(|b| b.doc["LoadBalancerArn"] == arn).map(|b| b.id.clone())
    };
    found.ok_or_else(|| Refusal::new("LoadBalancerNotFound", "One or more load balancers not found"))
}

fn set_subnets(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = find(account, parameters)?;
    let subnets = some(parameters, "Subnets")?;
    let doc = account.doc(id.as_str(), "LoadBalancerNotFound")?.clone();
    let old = path::texts(&doc, "AvailabilityZones[].SubnetId");
    let mut zones = Vec::new();
    for subnet in &subnets {
        let zone = path::text(account.doc(subnet, "SubnetNotFound")?, "AvailabilityZone").to_owned();
        if zones.iter().any(|z: &Value| z["ZoneName"] == zone.as_str()) {
            return Err(Refusal::new(
                "InvalidConfigurationRequest",
                "A load balancer cannot be attached to multiple subnets in the same Availability Zone",
            ));
        }
        if !old.contains(subnet) && account.free_addresses(subnet)? < 8 {
            return Err(Refusal::new(
                "InvalidSubnet",
                format!("Not enough IP space available in {subnet}. ELB requires at least 8 free IP addresses in each subnet."),
            ));
        }
        zones.push(json!({ "ZoneName": zone, "SubnetId": subnet }));
    }
    if zones.len() < 2 {
        return Err(Refusal::new("ValidationError", "At least two subnets in two different Availability Zones must be specified"));
    }
    let groups = path::texts(&doc, "SecurityGroups[]");
    let tail = path::text(&doc, "LoadBalancerArn").rsplit('/').next().unwrap_or_default().to_owned();
    let description = format!("ELB app/{}/{tail}", path::text(&doc, "LoadBalancerName"));
    let facing = doc["Scheme"] == "internet-facing";
    for subnet in subnets.iter().filter(|subnet| !old.contains(subnet)) {
        let public = format!("203.0.113.{}", account.serial % 250 + 1);
        let association = if facing { json!({ "PublicIp": public, "IpOwnerId": "amazon-elb" }) } else { Value::Null };
        account.add_interface(subnet, &groups, &description, json!({ "RequesterId": "amazon-elb", "Association": association }))?;
    }
    let leaving: Vec<Id> =
        account.interfaces_of(&id).filter(|i| !subnets.iter().any(|s| i.doc["SubnetId"] == s.as_str())).map(|i| i.id.clone()).collect();
    for interface in leaving {
        account.remove_later(&interface, NODES_S);
    }
    account.edit(id.as_str(), "LoadBalancerNotFound")?["AvailabilityZones"] = json!(zones);
    Ok(json!({ "AvailabilityZones": zones }))
}

fn set_groups(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = find(account, parameters)?;
    let groups = some(parameters, "SecurityGroups")?;
    account.check_groups(&groups).map_err(|r| Refusal::new("InvalidSecurityGroup", r.message))?;
    let interfaces: Vec<String> = account.interfaces_of(&id).map(|interface| interface.id.to_string()).collect();
    for interface in interfaces {
        super::network_interface::wear(account, &interface, &groups)?;
    }
    account.edit(id.as_str(), "LoadBalancerNotFound")?["SecurityGroups"] = json!(groups);
    Ok(json!({ "SecurityGroupIds": groups }))
}

fn listeners(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = find(account, parameters)?;
    Ok(json!({ "Listeners": account.doc(id.as_str(), "LoadBalancerNotFound")?["Listeners"].as_array().cloned().unwrap_or_default() }))
}

fn tags(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let wanted = some(parameters, "ResourceArns")?;
    let of = |r: &Resource| {
        ["LoadBalancerArn", "TargetGroupArn"]
            .iter()
            .find_map(|key| r.doc[*key].as_str().map(str::to_owned))
            .filter(|arn| wanted.contains(arn))
    };
    let found: Vec<Value> = account
        .resources
        .values()
        .filter(|r| matches!(r.role, Role::Balancer | Role::TargetGroup))
        .filter_map(|r| Some(json!({ "ResourceArn": of(r)?, "Tags": r.doc["Tags"] })))
        .collect();
    Ok(json!({ "TagDescriptions": found }))
}

impl Kind for LoadBalancer {
    fn name(&self) -> &'static str {
        "load_balancer"
    }

    fn listing(&self) -> Option<&'static Listing> {
        Some(&LISTING)
    }

    fn parse(&self, doc: &Value, vpc: &Id) -> Option<Resource> {
        if doc["VpcId"] != vpc.as_str() {
            return None;
        }
        let name = doc["LoadBalancerName"].as_str()?;
        let ids = |at: &str| path::texts(doc, at).into_iter().map(Id::from).collect::<Vec<_>>();
        let ports = path::select(doc, "Listeners[].Port").into_iter().filter_map(|p| u16::try_from(p.as_u64()?).ok()).map(Ports::tcp);
        let listeners: Vec<Ports> = ports.collect();
        let mut targets = path::texts(doc, "Listeners[].DefaultActions[].TargetGroupArn");
        targets.extend(path::texts(doc, "Listeners[].DefaultActions[].ForwardConfig.TargetGroups[].TargetGroupArn"));
        targets.extend(path::texts(doc, "Listeners[].Rules[].Actions[].TargetGroupArn"));
        targets.sort();
        targets.dedup();
        Some(Resource {
            id: Id::new(format!("lb:{name}")),
            kind: self.name().to_owned(),
            role: Role::Balancer,
            name: name.to_owned(),
            tags: tags_of(doc),
            facets: Facets {
                placement: Some(Placement {
                    subnets: ids("AvailabilityZones[].SubnetId"),
                    zones: path::texts(doc, "AvailabilityZones[].ZoneName"),
                    through: None,
                }),
                guard: Some(Guard { groups: ids("SecurityGroups[]") }),
                listens: Some(listeners.clone()),
                balancing: Some(Balancing {
                    internet_facing: doc["Scheme"] == "internet-facing",
                    flavour: path::text(doc, "Type").to_owned(),
                    listeners,
                    target_groups: targets.iter().map(|arn| super::target_group::id_of_arn(arn)).collect(),
                }),
                state: path::text(doc, "State.Code").to_owned(),
                ..Facets::default()
            },
            doc: doc.clone(),
        })
    }

    fn effects(&self) -> &'static [(&'static str, Effect)] {
        &[("elasticloadbalancing:SetSubnets", set_subnets), ("elasticloadbalancing:SetSecurityGroups", set_groups)]
    }

    fn reads(&self) -> &'static [(&'static str, Read)] {
        &[("elasticloadbalancing:DescribeListeners", listeners), ("elasticloadbalancing:DescribeTags", tags)]
    }

    fn candidates(&self, resource: &Resource, _site: &Site<'_>) -> Vec<Candidate> {
        let facing = resource.facets.balancing.as_ref().is_some_and(|b| b.internet_facing);
        let stay = if facing {
            "it serves the internet; where its subnet turns private it moves to a new public one first"
        } else {
            "it is internal: nothing needs it in a public subnet"
        };
        let stay = Candidate::new(Strategy::Stay, stay).takes(NODES_S).impossible(!facing);
        let flip = if facing {
            "the internet could not reach it any more"
        } else {
            "its nodes stay; only the route table of their subnets changes"
        };
        let flip = Candidate::new(Strategy::Flip, flip).takes(5).impossible(facing);
        if facing { vec![stay, flip] } else { vec![flip, stay] }
    }

    fn draft(&self, resource: &Resource, scene: &Scene<'_>) -> Result<Vec<Step>, Blocker> {
        let balancing = resource.facets.balancing.clone().unwrap_or_default();
        let leaves = balancing.internet_facing && resource.subnets().iter().any(|subnet| scene.flipping.contains(subnet));
        if balancing.flavour != "application" && (leaves || scene.regroup) {
            return Err(Blocker {
                code: "HK0401".into(),
                resource: resource.id.clone(),
                why: format!("it is a {} load balancer; this version moves application load balancers", balancing.flavour),
                way_out: "leave its subnet public (strategy `skip` for what shares the subnet), or wait for the version that moves it"
                    .into(),
            });
        }
        let mut steps = Vec::new();
        if scene.regroup {
            steps.extend(regroup(resource, scene));
        }
        if leaves {
            steps.push(move_step(resource, scene)?);
        }
        Ok(steps)
    }
}

fn regroup(resource: &Resource, scene: &Scene<'_>) -> Vec<Step> {
    let arn = resource.doc["LoadBalancerArn"].clone();
    let old: Vec<Value> = resource.groups().iter().map(|group| json!(group.as_str())).collect();
    Regroup {
        name: &resource.name,
        slug: scene.slug,
        operation: "elasticloadbalancing:SetSecurityGroups",
        parameters: &|groups| json!({ "LoadBalancerArn": arn, "SecurityGroups": groups }),
        seen: ("elasticloadbalancing:DescribeLoadBalancers", json!({ "LoadBalancerArns": [arn] }), "LoadBalancers[].SecurityGroups"),
        wait: &[],
        old: &old,
        new: scene.groups,
    }
    .steps()
}

fn move_step(resource: &Resource, scene: &Scene<'_>) -> Result<Step, Blocker> {
    let name = &resource.name;
    let arn = resource.doc["LoadBalancerArn"].clone();
    let old: Vec<Value> = resource.subnets().iter().map(|subnet| json!(subnet.as_str())).collect();
    let mut new = Vec::new();
    for subnet in resource.subnets() {
        let zone = scene.inventory.get(subnet).map(|s| path::text(&s.doc, "AvailabilityZone").to_owned()).unwrap_or_default();
        new.push(if scene.flipping.contains(subnet) { scene.public.get(&zone).cloned() } else { Some(json!(subnet.as_str())) });
    }
    let new: Option<Vec<Value>> = new.into_iter().collect();
    let new = new.ok_or_else(|| Blocker {
        code: "HK0404".into(),
        resource: resource.id.clone(),
        why: "there is no new public subnet in each of its zones".into(),
        way_out: "free address space in the VPC, or add a secondary range to it".into(),
    })?;
    let tail = path::text(&resource.doc, "LoadBalancerArn").rsplit('/').next().unwrap_or_default();
    let gone = |what: &str, subnets: &[Value]| -> Wait {
        let filters =
            json!({ "Filters": [filter("description", &[json!(format!("ELB app/{name}/{tail}"))]), filter("subnet-id", subnets)] });
        wait(check(what, "ec2:DescribeNetworkInterfaces", filters, "NetworkInterfaces[].NetworkInterfaceId", Expect::Absent), NODES_S, 3600)
    };
    let kept = |subnets: &[Value], others: &[Value]| subnets.iter().filter(|s| !others.contains(s)).cloned().collect::<Vec<_>>();
    let at = |what: &str, subnets: &[Value]| -> Check {
        let one = json!({ "LoadBalancerArns": [arn] });
        check(
            what,
            "elasticloadbalancing:DescribeLoadBalancers",
            one,
            "LoadBalancers[].AvailabilityZones[].SubnetId",
            Expect::SameSet(subnets.to_vec()),
        )
    };
    let call = |subnets: &[Value]| json!({ "LoadBalancerArn": arn, "Subnets": subnets });
    Ok(step(format!("{}-subnets", scene.slug), Stage::Data, scene.slug, format!("Move {name} into its own new public subnets"))
        .before(at("it is in the subnets seen at planning", &old))
        .call("elasticloadbalancing:SetSubnets", call(&new))
        .settled_by(at("it is in the new subnets", &new))
        .wait(gone("its old nodes are gone", &kept(&old, &new)))
        .impact(Impact::Brief {
            seconds: 60,
            what: "its addresses change; DNS answers live 60 s, connections to old nodes are drained".to_owned(),
        })
        .undo(vec![undo_and_wait(
            "elasticloadbalancing:SetSubnets",
            call(&old),
            at("it is back in its old subnets", &old),
            vec![gone("its nodes have left the new subnets", &kept(&new, &old))],
        )])
        .done())
}
