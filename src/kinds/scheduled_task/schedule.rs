//! A schedule of EventBridge Scheduler that runs ECS tasks.

use serde_json::{Value, json};

use super::{CONFIG, Change, account, awsvpc, candidates, drafts, facets, without_input};
use crate::kinds::build::{check, look_and_set};
use crate::kinds::place::{Net, legs};
use crate::kinds::{Effect, Follow, Kind, Listing, Read, Scope};
use crate::model::facet::Role;
use crate::model::id::Id;
use crate::model::path;
use crate::model::resource::{Doc, Resource};
use crate::model::step::{Expect, Step};
use crate::model::strategy::{Blocker, Candidate, Scene, Site};

/// A schedule.
pub struct Schedule;

static LISTING: Listing = Listing {
    operation: "scheduler:ListSchedules",
    documents: "Schedules[]",
    scope: Scope::Placed(|doc| Some(path::texts(doc, &format!("Target.{CONFIG}.Subnets[]")))),
    with: crate::kinds::listing::nothing,
    ids: ("Name", "Name", "ResourceNotFoundException"),
    follow: &[Follow {
        operation: "scheduler:GetSchedule",
        result: "ScheduleExpression",
        parameters: |docs| {
            // Only those that run tasks are looked at more closely: their target is a cluster.
            path::text(docs[0], "Target.Arn")
                .contains(":ecs:")
                .then(|| json!({ "Name": docs[0]["Name"], "GroupName": docs[0]["GroupName"] }))
        },
        batch: 1,
        merge: |doc, answer| {
            for key in ["ScheduleExpression", "FlexibleTimeWindow", "State", "Target"] {
                doc[key] = answer[key].clone();
            }
            without_input(&mut doc["Target"]);
        },
    }],
};

impl Kind for Schedule {
    fn name(&self) -> &'static str {
        "schedule"
    }

    fn listing(&self) -> Option<&'static Listing> {
        Some(&LISTING)
    }

    fn parse(&self, doc: &Doc, vpc: &Id) -> Option<Resource> {
        let (name, group) = (doc["Name"].as_str()?, doc["GroupName"].as_str().unwrap_or("default"));
        let config = path::first(&doc["Target"], CONFIG)?;
        if doc["VpcId"] != vpc.as_str() {
            return None;
        }
        let mut kept = Value::clone(doc);
        without_input(&mut kept["Target"]);
        Some(Resource {
            id: Id::new(format!("schedule:{group}/{name}")),
            kind: self.name().to_owned(),
            role: Role::Workload,
            name: name.to_owned(),
            tags: Default::default(),
            facets: facets(config),
            doc: kept.into(),
        })
    }

    fn effects(&self) -> &'static [(&'static str, Effect)] {
        account::SCHEDULE_EFFECTS
    }

    fn reads(&self) -> &'static [(&'static str, Read)] {
        account::SCHEDULE_READS
    }

    fn candidates(&self, resource: &Resource, site: &Site<'_>) -> Vec<Candidate> {
        candidates(resource, site)
    }

    fn draft(&self, resource: &Resource, scene: &Scene<'_>) -> Result<Vec<Step>, Blocker> {
        let doc = &resource.doc;
        let own = json!({ "Name": doc["Name"], "GroupName": doc["GroupName"] });
        // The whole schedule but what only an answer has. The way back has no token: the way there has used it.
        let whole = |net: &Net, token: Value| {
            let set = json!({ "Arn": null, "CreationDate": null, "LastModificationDate": null, "ClientToken": token,
                format!("Target.{CONFIG}"): awsvpc(net) });
            look_and_set("scheduler:GetSchedule", own.clone(), "", set)
        };
        let there = |net: &Net| whole(net, json!("${self.Token}"));
        let back = |net: &Net| whole(net, Value::Null);
        let see = |what: &str, key: &str, expect: Expect| {
            check(what, "scheduler:GetSchedule", own.clone(), &format!("Target.{CONFIG}.{key}"), expect)
        };
        let public = path::text(doc, &format!("Target.{CONFIG}.AssignPublicIp")) == "ENABLED";
        let change = Change { operation: "scheduler:UpdateSchedule", there: &there, back: &back, see: &see };
        Ok(drafts(scene, &legs(resource, scene, public)?, &change, &|draft| draft))
    }
}
