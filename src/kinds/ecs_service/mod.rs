//! An ECS service whose tasks have interfaces of their own (Fargate, or EC2 with the network mode `awsvpc`).
//!
//! The network configuration belongs to the service and is replaced whole; tasks are immutable, so a change is a
//! deployment that rolls within the minimum and maximum percent. A task in a private subnet must get at its image
//! through NAT or endpoints: one task is run there first, because the circuit breaker gives up only after ten failures
//! (developer guide, "Deployment circuit breaker"). With the controllers CODE_DEPLOY and EXTERNAL the network is not
//! the service's to change. A service in the network mode `bridge` or `host` has none: it follows its instances.

mod account;
mod moves;

use serde_json::{Value, json};

use super::place::{blocker, legs, small_tags};
use super::{Each, Effect, Follow, Kind, Listing, Read, Scope, Source};
use crate::model::facet::{Facets, Guard, Placement, Role};
use crate::model::id::Id;
use crate::model::network::Ports;
use crate::model::path;
use crate::model::resource::{Doc, Resource};
use crate::model::step::Step;
use crate::model::strategy::{Blocker, Candidate, Risk, Scene, Site, Strategy};

pub struct EcsService;

static LISTING: Listing = Listing {
    operation: "ecs:DescribeServices",
    documents: "services[]",
    scope: Scope::Each(&Each {
        from: &[&[
            Source { operation: "ecs:ListClusters", parameters: |_, _| json!({}), documents: "clusterArns[]" },
            Source { operation: "ecs:ListServices", parameters: |_, trail| json!({ "cluster": trail[0] }), documents: "serviceArns[]" },
        ]],
        parameters: |trails| {
            let services: Vec<&Value> = trails.iter().filter_map(|trail| trail.last()).collect();
            json!({ "cluster": trails[0][0], "services": services, "include": ["TAGS"] })
        },
        batch: 10,
        merge: None,
        named: |doc| {
            let subnets = path::texts(doc, "networkConfiguration.awsvpcConfiguration.subnets[]");
            (!subnets.is_empty()).then_some(subnets)
        },
    }),
    with: super::listing::nothing,
    ids: ("services", "serviceArn", ""),
    follow: &[
        Follow {
            operation: "ecs:ListTasks",
            result: "taskArns",
            // The tasks of the whole cluster: one read, shared by its services.
            parameters: |docs| docs[0]["VpcId"].as_str().map(|_| json!({ "cluster": docs[0]["clusterArn"] })),
            batch: 1,
            merge: |doc, answer| doc["taskArns"] = answer["taskArns"].clone(),
        },
        Follow {
            operation: "ecs:DescribeTasks",
            result: "tasks",
            parameters: |docs| {
                let arns = path::select(docs[0], "taskArns[]");
                (!arns.is_empty()).then(|| json!({ "cluster": docs[0]["clusterArn"], "tasks": arns }))
            },
            batch: 1,
            merge: |doc, answer| {
                let group = format!("service:{}", path::text(doc, "serviceName"));
                let here = |task: &&Value| task["clusterArn"].is_null() || task["clusterArn"] == doc["clusterArn"];
                let mine = |task: &&Value| here(task) && (task["group"].is_null() || task["group"] == group.as_str());
                doc["Tasks"] = answer["tasks"].as_array().into_iter().flatten().filter(mine).map(task).collect();
            },
        },
    ],
};

/// What counts of a task: its interface.
fn task(task: &Value) -> Value {
    let detail = |name: &str| path::first(task, &format!("attachments[type=ElasticNetworkInterface].details[name={name}].value")).cloned();
    json!({ "taskArn": task["taskArn"], "NetworkInterfaceId": detail("networkInterfaceId"), "PrivateIp": detail("privateIPv4Address") })
}

/// `ecs:prod/web` from the cluster's ARN or name and the service's.
fn id_of(cluster: &str, service: &str) -> Id {
    let last = |arn: &str| arn.rsplit('/').next().unwrap_or(arn).to_owned();
    Id::new(format!("ecs:{}/{}", last(cluster), last(service)))
}

/// Who deploys it; ECS itself where nothing is said.
fn controller(doc: &Value) -> &str {
    doc["deploymentController"]["type"].as_str().unwrap_or("ECS")
}

/// What is kept of a document: not its events, and of deployments how they stand.
fn pruned(doc: &Value) -> Value {
    let mut doc = doc.clone();
    if let Some(map) = doc.as_object_mut() {
        for key in ["events", "taskArns", "taskSets", "runningCount", "pendingCount", "currentServiceDeployment", "currentServiceRevisions"]
        {
            map.remove(key);
        }
    }
    for deployment in doc["deployments"].as_array_mut().into_iter().flatten() {
        let network = deployment["networkConfiguration"].take();
        *deployment = json!({ "id": deployment["id"], "status": deployment["status"], "rolloutState": deployment["rolloutState"] });
        if !network.is_null() {
            deployment["networkConfiguration"] = network;
        }
    }
    doc
}

fn ports(doc: &Value) -> Option<Vec<Ports>> {
    let ports = path::select(doc, "loadBalancers[].containerPort").into_iter();
    let ports: Vec<Ports> = ports.filter_map(|p| p.as_u64().and_then(|p| u16::try_from(p).ok())).map(Ports::tcp).collect();
    (!ports.is_empty()).then_some(ports)
}

impl Kind for EcsService {
    fn name(&self) -> &'static str {
        "ecs_service"
    }

    fn listing(&self) -> Option<&'static Listing> {
        Some(&LISTING)
    }

    fn parse(&self, doc: &Doc, vpc: &Id) -> Option<Resource> {
        let (name, cluster) = (doc["serviceName"].as_str()?, doc["clusterArn"].as_str()?);
        if doc["VpcId"] != vpc.as_str() || doc["status"] == "INACTIVE" {
            return None;
        }
        let ids = |at: &str| path::texts(doc, at).into_iter().map(Id::from).collect::<Vec<_>>();
        let subnets = ids("networkConfiguration.awsvpcConfiguration.subnets[]");
        let own = !subnets.is_empty();
        let note = format!("ECS service {name} has no network of its own (bridge or host mode): it follows the instances of its cluster");
        let targets = path::texts(doc, "loadBalancers[].targetGroupArn").into_iter();
        Some(Resource {
            id: id_of(cluster, name),
            kind: self.name().to_owned(),
            role: if own { Role::Workload } else { Role::Bystander },
            name: name.to_owned(),
            tags: small_tags(&doc["tags"]),
            facets: Facets {
                placement: own.then(|| Placement { subnets, ..Placement::default() }),
                private_addresses: path::texts(doc, "Tasks[].PrivateIp"),
                guard: own.then(|| Guard { groups: ids("networkConfiguration.awsvpcConfiguration.securityGroups[]") }),
                listens: ports(doc),
                initiates: own,
                members: ids("Tasks[].NetworkInterfaceId"),
                note: if own { String::new() } else { note },
                uses: targets.map(|arn| (super::target_group::id_of_arn(&arn), "its tasks register there".to_owned())).collect(),
                state: path::text(doc, "status").to_owned(),
                ..Facets::default()
            },
            doc: pruned(doc).into(),
        })
    }

    fn effects(&self) -> &'static [(&'static str, Effect)] {
        account::EFFECTS
    }

    fn reads(&self) -> &'static [(&'static str, Read)] {
        account::READS
    }

    fn candidates(&self, resource: &Resource, site: &Site<'_>) -> Vec<Candidate> {
        let flips = site.turns_private(resource);
        let own = controller(&resource.doc) == "ECS";
        let relocate = if own {
            "a deployment replaces its tasks by others in the private subnets, beside the old until they are healthy; one task is tried out there first".to_owned()
        } else {
            format!("its controller {} deploys it: only that can change its network", controller(&resource.doc))
        };
        let flip = "its tasks stay while their subnets turn private, and lose their public addresses in a deployment afterwards";
        vec![
            Candidate::new(Strategy::Relocate, relocate).takes(moves::CANARY_S + moves::ROLLOUT_S),
            Candidate::new(Strategy::Flip, flip)
                .takes(moves::ROLLOUT_S)
                .risk(if flips { Risk::Low } else { Risk::Medium })
                .only_if_asked(!own),
        ]
    }

    fn draft(&self, resource: &Resource, scene: &Scene<'_>) -> Result<Vec<Step>, Blocker> {
        if controller(&resource.doc) != "ECS" {
            return foreign(resource, scene);
        }
        let public = path::text(&resource.doc, "networkConfiguration.awsvpcConfiguration.assignPublicIp") == "ENABLED";
        Ok(moves::draft(resource, scene, legs(resource, scene, public)?))
    }
}

/// A service that another service deploys: UpdateService does not take its network (`InvalidParameterException`).
fn foreign(resource: &Resource, scene: &Scene<'_>) -> Result<Vec<Step>, Blocker> {
    let (name, way) = match controller(&resource.doc) {
        "CODE_DEPLOY" => ("CodeDeploy", "make a CodeDeploy deployment whose AppSpec names the private subnets (NetworkConfiguration)"),
        _ => ("an external controller", "create a task set in the private subnets (CreateTaskSet) and make it primary"),
    };
    if scene.strategy == Strategy::Flip && !scene.regroup {
        return Ok(Vec::new());
    }
    Err(blocker(
        resource,
        format!("{} is deployed by {name}, and ECS refuses to change its network", resource.name),
        format!("{way}, then discover and plan again; or skip it"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_known_by_its_interface() {
        let details = json!([{ "name": "subnetId", "value": "subnet-a" }, { "name": "networkInterfaceId", "value": "eni-1" },
            { "name": "privateIPv4Address", "value": "10.0.0.4" }]);
        let doc = json!({ "taskArn": "arn:t", "overrides": { "containerOverrides": ["secret"] },
            "attachments": [{ "type": "ElasticNetworkInterface", "details": details }] });
        assert_eq!(task(&doc), json!({ "taskArn": "arn:t", "NetworkInterfaceId": "eni-1", "PrivateIp": "10.0.0.4" }));
    }

    #[test]
    fn a_network_is_what_aws_calls_one() {
        let net = super::super::place::Net { subnets: vec![json!("subnet-a")], groups: vec![json!("sg-1")], public: true };
        assert_eq!(moves::awsvpc(&net)["assignPublicIp"], "ENABLED");
    }
}
