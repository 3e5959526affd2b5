//! A Step Functions state machine whose definition names subnets: it runs tasks there.
//!
//! The definition is the owner's program, versions of it are published and used by aliases: it is named, with where it
//! reaches into the VPC, and never changed. The definition itself is not kept.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::account;
use crate::kinds::{Follow, Kind, Listing, Read, Scope};
use crate::model::facet::{Facets, Guard, Placement, Role};
use crate::model::id::Id;
use crate::model::path;
use crate::model::resource::{Doc, Resource};

/// A state machine.
pub struct StateMachine;

static LISTING: Listing = Listing {
    operation: "states:ListStateMachines",
    documents: "stateMachines[]",
    scope: Scope::Placed(|doc| if doc["Dynamic"] == true { None } else { Some(path::texts(doc, "Subnets[]")) }),
    with: crate::kinds::listing::nothing,
    ids: ("stateMachineArn", "stateMachineArn", "StateMachineDoesNotExist"),
    follow: &[Follow {
        operation: "states:DescribeStateMachine",
        result: "definition",
        parameters: |docs| docs[0]["stateMachineArn"].as_str().map(|arn| json!({ "stateMachineArn": arn })),
        batch: 1,
        merge: |doc, answer| {
            let definition: Value = answer["definition"].as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
            let mut found = Found::default();
            found.walk(&definition);
            doc["Subnets"] = json!(found.subnets);
            doc["SecurityGroups"] = json!(found.groups);
            doc["Dynamic"] = json!(found.dynamic);
        },
    }],
};

/// What a definition names.
#[derive(Default)]
struct Found {
    subnets: BTreeSet<String>,
    groups: BTreeSet<String>,
    dynamic: bool,
}

impl Found {
    fn walk(&mut self, value: &Value) {
        match value {
            Value::Array(list) => list.iter().for_each(|element| self.walk(element)),
            Value::Object(map) => {
                for (key, inner) in map {
                    match key.to_ascii_lowercase().as_str() {
                        "subnets" => self.subnets.extend(path::texts(inner, "[]")),
                        "securitygroups" => self.groups.extend(path::texts(inner, "[]")),
                        "subnets.$" => self.dynamic = true,
                        _ => self.walk(inner),
                    }
                }
            }
            _ => {}
        }
    }
}

impl Kind for StateMachine {
    fn name(&self) -> &'static str {
        "state_machine"
    }

    fn listing(&self) -> Option<&'static Listing> {
        Some(&LISTING)
    }

    fn parse(&self, doc: &Doc, vpc: &Id) -> Option<Resource> {
        let (arn, name) = (doc["stateMachineArn"].as_str()?, doc["name"].as_str()?);
        if doc["VpcId"] != vpc.as_str() {
            return None;
        }
        let ids = |at: &str| path::texts(doc, at).into_iter().map(Id::from).collect::<Vec<_>>();
        let subnets = ids("Subnets[]");
        let place = if subnets.is_empty() { "subnets that its input names".to_owned() } else { path::texts(doc, "Subnets[]").join(", ") };
        let note = format!(
            "the state machine {name} runs tasks in {place}: change the NetworkConfiguration in its definition by hand, publish it, and point its aliases to the new version"
        );
        let mut kept = Value::clone(doc);
        if let Some(map) = kept.as_object_mut() {
            map.remove("definition");
        }
        Some(Resource {
            id: Id::new(format!("state-machine:{}", arn.rsplit(':').next().unwrap_or(arn))),
            kind: self.name().to_owned(),
            role: Role::Bystander,
            name: name.to_owned(),
            tags: Default::default(),
            facets: Facets {
                placement: Some(Placement { subnets, ..Placement::default() }),
                guard: Some(Guard { groups: ids("SecurityGroups[]") }),
                note,
                ..Facets::default()
            },
            doc: kept.into(),
        })
    }

    fn reads(&self) -> &'static [(&'static str, Read)] {
        account::STATE_READS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_tells_where_its_tasks_run() {
        let config = json!({ "AwsvpcConfiguration": { "Subnets": ["subnet-b", "subnet-a"], "SecurityGroups": ["sg-1"] } });
        let run = json!({ "Type": "Task", "Parameters": { "NetworkConfiguration": config } });
        let other =
            json!({ "Type": "Task", "Parameters": { "NetworkConfiguration": { "AwsvpcConfiguration": { "Subnets.$": "$.nets" } } } });
        let each = |states: Value| {
            let mut found = Found::default();
            found.walk(&json!({ "StartAt": "A", "States": { "Map": { "Iterator": { "States": states } } } }));
            (found.subnets.into_iter().collect::<Vec<_>>(), found.groups.into_iter().collect::<Vec<_>>(), found.dynamic)
        };
        let named = (vec!["subnet-a".to_owned(), "subnet-b".to_owned()], vec!["sg-1".to_owned()], false);
        assert_eq!(each(json!({ "A": run })), named);
        assert!(each(json!({ "A": other })).2);
        assert_eq!(each(json!({ "A": { "Type": "Pass" } })), (Vec::new(), Vec::new(), false));
    }
}
