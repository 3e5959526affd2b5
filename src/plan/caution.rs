//! What a person should know of a plan beside its steps: who would revert it, and what breaks without a sound.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::decide::{Decision, Decisions};
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::resource::Resource;
use crate::model::step::Step;
use crate::model::strategy::Strategy;
use crate::model::text::first_of;

/// How many names a warning gives.
const NAMES: usize = 8;

fn moved<'a>(decisions: &'a Decisions<'_>) -> impl Iterator<Item = (&'a Id, &'a Decision)> {
    decisions.by_workload.iter().filter(|(_, d)| d.moves && d.strategy != Strategy::Skip)
}

/// Something that owns resources, and would put back what the plan changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Owner {
    /// A stack of CloudFormation; the CDK, SAM and Copilot make such as well.
    Stack(String),
    /// An environment of Elastic Beanstalk, which has a stack below it.
    Beanstalk(String),
    /// A cluster of EKS: its node groups, its controllers.
    Eks(String),
    /// A provisioned product of Service Catalog.
    Catalog(String),
    /// A cluster of EMR.
    Emr(String),
    /// By tags that people write: Terraform itself writes none.
    Terraform,
}

/// Tools that own what the plan changes, with what becomes of the change unless their source is changed as well.
pub fn owned_by_tools(inventory: &Inventory, decisions: &Decisions<'_>, steps: &[Step]) -> Vec<String> {
    let mut owners: BTreeMap<Owner, Vec<String>> = BTreeMap::new();
    let moving: BTreeSet<&Id> = moved(decisions).map(|(id, _)| id).chain(&decisions.flipping).collect();
    let touched: BTreeSet<&Id> = steps.iter().flat_map(|step| touched(inventory, step)).collect();
    for id in moving.union(&touched) {
        let Some(resource) = inventory.get(id) else { continue };
        if let Some(owner) = owner(resource) {
            owners.entry(owner).or_default().push(called(resource));
        }
    }
    owners.into_iter().map(|(owner, names)| warning(&owner, &some_of(&names.iter().map(String::as_str).collect::<Vec<_>>()))).collect()
}

/// What a step changes that was there before, beside what moves: whose rules, routes or settings it edits, and what it
/// deletes. What it only names (a subnet for a new interface, the old table for a new subnet) is not changed.
fn touched<'i>(inventory: &'i Inventory, step: &Step) -> Vec<&'i Id> {
    let changes = ["Authorize", "Revoke", "Modify", "Delete", "CreateRoute", "DeleteRoute", "Replace", "EnableVgw", "Release", "Terminate"];
    let call = &step.call;
    if call.operation.name() == "CreateRouteTable" || !changes.iter().any(|start| call.operation.name().starts_with(start)) {
        return Vec::new();
    }
    let keys = ["GroupId", "RouteTableId", "SubnetId", "VpcEndpointId", "VpcEndpointIds", "AllocationId", "InstanceIds", "LoadBalancerArn"];
    // The table in the place of another one is named, not changed.
    let keys = keys.iter().filter(|key| **key != "RouteTableId" || !call.operation.name().starts_with("Replace"));
    let values = keys.filter_map(|key| call.parameters.get(*key)).flat_map(|value| match value {
        Value::Array(list) => list.iter().collect(),
        one => vec![one],
    });
    values.filter_map(|value| inventory.resources.get_key_value(&Id::from(value.as_str()?)).map(|(id, _)| id)).collect()
}

/// Its name; with the name that a template has for it, where CloudFormation tells it.
fn called(resource: &Resource) -> String {
    match resource.tags.get("aws:cloudformation:logical-id") {
        Some(logical) if *logical != resource.name => format!("{} ({logical})", resource.name),
        _ => resource.name.clone(),
    }
}

/// Who owns a resource, by its tags. An instance that an Auto Scaling group launched (`aws:autoscaling:groupName`) is nobody's
/// to move: the group is what a plan moves, and its own tags count. The most particular one: an environment of Elastic Beanstalk is a stack as well, and
/// what happens to the stack is the environment's business.
fn owner(resource: &Resource) -> Option<Owner> {
    let tag = |key: &str| resource.tags.get(key).filter(|value| !value.is_empty()).cloned();
    let cluster = || {
        let owned =
            |(key, value): (&String, &String)| key.strip_prefix("kubernetes.io/cluster/").filter(|_| value == "owned").map(str::to_owned);
        ["eks:cluster-name", "aws:eks:cluster-name", "elbv2.k8s.aws/cluster"]
            .iter()
            .find_map(|key| tag(key))
            .or_else(|| resource.tags.iter().find_map(owned))
    };
    let says = |text: &str| text.to_lowercase().contains("terraform");
    let told = |(key, value): (&String, &String)| (says(key) && !["false", "no"].contains(&value.as_str())) || says(value);
    tag("elasticbeanstalk:environment-name")
        .map(Owner::Beanstalk)
        .or_else(|| cluster().map(Owner::Eks))
        .or_else(|| tag("aws:elasticmapreduce:job-flow-id").map(Owner::Emr))
        .or_else(|| tag("aws:cloudformation:stack-name").or_else(|| tag("aws:cloudformation:stack-id")).map(Owner::Stack))
        .or_else(|| tag("aws:servicecatalog:provisionedProductArn").map(Owner::Catalog))
        .or_else(|| resource.tags.iter().any(told).then_some(Owner::Terraform))
}

fn warning(owner: &Owner, names: &str) -> String {
    match owner {
        Owner::Stack(stack) => format!(
            "CloudFormation stack {stack} owns {names}: its next update may put them back as they were, or fail where the plan \
             has replaced something. Change its template (or the CDK's source) to what the plan makes before anybody updates it; what \
             is replaced leaves the stack first with `DeletionPolicy: Retain`, and its successor comes in by `aws cloudformation \
             create-change-set --change-set-type IMPORT`; `aws cloudformation detect-stack-drift --stack-name {stack}` then shows none"
        ),
        Owner::Beanstalk(environment) => format!(
            "Elastic Beanstalk environment {environment} owns {names}: it puts back what is changed beside it. Set its subnets, its \
             groups and `AssociatePublicIpAddress` by its own options (`aws:ec2:vpc`), and skip it here"
        ),
        Owner::Eks(cluster) => format!(
            "EKS cluster {cluster} owns {names}: node groups and controllers put back what is changed beside them. Move them by the \
             cluster's own means (a node group in private subnets, annotations of services), and skip them here"
        ),
        Owner::Catalog(product) => format!(
            "Service Catalog product {product} owns {names}: its next update may put them back. Update the product to what the plan makes"
        ),
        Owner::Emr(cluster) => format!(
            "EMR cluster {cluster} owns {names}: a running cluster can't change its subnet. Start the next one in a private subnet, and skip this one here"
        ),
        Owner::Terraform => format!(
            "Terraform (by its tags) owns {names}: change its source as well, or its next run puts them back into public subnets \
             (`hikkoshi export terraform` writes what it must learn)"
        ),
    }
}

/// Names, the first few of many.
pub(super) fn some_of(names: &[&str]) -> String {
    first_of(names, NAMES)
}
