//! Tasks that run at a time or at an event: targets of EventBridge rules, schedules of EventBridge Scheduler, and state
//! machines that hold a network configuration in their definition.
//!
//! `PutTargets` and `UpdateSchedule` replace the whole (aws-semantics.md 5): what is sent is what AWS has, with another
//! network configuration put over it, so that the input is neither lost nor ever written down. `PutTargets` answers 200
//! when it did nothing, and says so in `FailedEntries`. A task is not tried out: running it may be anything but harmless.

mod account;
mod schedule;
mod state_machine;

use serde_json::{Value, json};

pub use schedule::Schedule;
pub use state_machine::StateMachine;

use super::build::{check, look_and_set, step, undo_and_wait, wait};
use super::place::{Leg, Net, legs};
use super::{Each, Effect, Kind, Listing, Read, Scope, Source};
use crate::model::facet::{Facets, Guard, Placement, Role};
use crate::model::id::Id;
use crate::model::path;
use crate::model::resource::{Doc, Resource};
use crate::model::step::{Check, Expect, Step};
use crate::model::strategy::{Blocker, Candidate, Risk, Scene, Site, Strategy};

/// A target of an EventBridge rule that runs ECS tasks.
pub struct ScheduledTask;

/// Where the network configuration stands in what EventBridge calls a target.
const CONFIG: &str = "EcsParameters.NetworkConfiguration.awsvpcConfiguration";

static LISTING: Listing = Listing {
    operation: "events:ListTargetsByRule",
    documents: "Targets[]",
    scope: Scope::Each(&Each {
        from: &[&[
            Source { operation: "ecs:ListClusters", parameters: |_, _| json!({}), documents: "clusterArns[]" },
            Source {
                operation: "events:ListRuleNamesByTarget",
                parameters: |_, trail| json!({ "TargetArn": trail[0] }),
                documents: "RuleNames[]",
            },
        ]],
        parameters: |trails| json!({ "Rule": trails[0].last() }),
        batch: 1,
        merge: Some(|doc, trail| doc["Rule"] = trail.last().cloned().unwrap_or_default()),
        named: |doc| Some(path::texts(doc, &format!("{CONFIG}.Subnets[]"))),
    }),
    with: super::listing::nothing,
    ids: ("Rule", "Rule", "ResourceNotFoundException"),
    follow: &[],
};

/// Takes what may be secret out of a target.
fn without_input(target: &mut Value) {
    if let Some(map) = target.as_object_mut() {
        ["Input", "InputPath", "InputTransformer"].iter().for_each(|key| drop(map.remove(*key)));
    }
}

/// What is said of a task's configuration, wherever it stands.
fn facets(config: &Value) -> Facets {
    let ids = |at: &str| path::texts(config, at).into_iter().map(Id::from).collect::<Vec<_>>();
    Facets {
        placement: Some(Placement { subnets: ids("Subnets[]"), ..Placement::default() }),
        guard: Some(Guard { groups: ids("SecurityGroups[]") }),
        listens: Some(Vec::new()),
        initiates: true,
        ..Facets::default()
    }
}

/// A network configuration in EventBridge's spelling.
fn awsvpc(net: &Net) -> Value {
    json!({ "Subnets": net.subnets, "SecurityGroups": net.groups, "AssignPublicIp": if net.public { "ENABLED" } else { "DISABLED" } })
}

/// The strategies of what runs later, somewhere else.
fn candidates(resource: &Resource, site: &Site<'_>) -> Vec<Candidate> {
    let flips = site.turns_private(resource);
    let relocate = "its next run starts in the private subnets; a run under way is not touched";
    let flip = "its next run gets out through NAT; its public address is taken off afterwards";
    vec![
        Candidate::new(Strategy::Relocate, relocate).takes(2),
        Candidate::new(Strategy::Flip, flip).takes(2).risk(if flips { Risk::Low } else { Risk::Medium }),
    ]
}

/// The checks that a configuration is so; the first is the one that tells it from another.
fn is(see: &dyn Fn(&str, &str, Expect) -> Check, net: &Net, other: &Net) -> Vec<Check> {
    let subnets = see("its tasks start in these subnets", "Subnets", Expect::SameSet(net.subnets.clone()));
    let groups = see("its tasks wear these groups", "SecurityGroups", Expect::SameSet(net.groups.clone()));
    // Where nothing is said of public addresses, there are none: EventBridge tells what was put.
    let enabled = vec![json!("ENABLED")];
    let public =
        see("its tasks' public addresses", "AssignPublicIp", if net.public { Expect::SameSet(enabled) } else { Expect::Excludes(enabled) });
    if net.subnets != other.subnets {
        vec![subnets, groups, public]
    } else if net.groups != other.groups {
        vec![groups, subnets, public]
    } else {
        vec![public, subnets, groups]
    }
}

/// What a change is made with: the call, its parameters for a configuration there and back, and where it can be seen.
struct Change<'a> {
    operation: &'a str,
    there: &'a dyn Fn(&Net) -> Value,
    back: &'a dyn Fn(&Net) -> Value,
    see: &'a dyn Fn(&str, &str, Expect) -> Check,
}

impl Change<'_> {
    fn step(&self, scene: &Scene<'_>, leg: &Leg) -> crate::kinds::build::Draft {
        let was = is(self.see, &leg.from, &leg.to);
        let mut becomes = is(self.see, &leg.to, &leg.from).into_iter();
        let mut draft = step(format!("{}-{}", scene.slug, leg.what), leg.stage, scene.slug, leg.title.clone())
            .call(self.operation, (self.there)(&leg.to))
            // `PutTargets` answers 200 also where it changed nothing.
            .undo(vec![undo_and_wait(self.operation, (self.back)(&leg.from), was[0].clone(), vec![wait(was[0].clone(), 1, 60)])]);
        draft = was.into_iter().fold(draft, |draft, check| draft.before(check));
        draft = becomes.next().into_iter().fold(draft, |draft, check| draft.settled_by(check));
        becomes.fold(draft, |draft, check| draft.verify(check))
    }
}

/// The steps of all changes, each after the one before.
fn drafts(
    scene: &Scene<'_>,
    legs: &[Leg],
    change: &Change<'_>,
    also: &dyn Fn(crate::kinds::build::Draft) -> crate::kinds::build::Draft,
) -> Vec<Step> {
    legs.iter().map(|leg| also(change.step(scene, leg)).done()).collect()
}

impl Kind for ScheduledTask {
    fn name(&self) -> &'static str {
        "scheduled_task"
    }

    fn listing(&self) -> Option<&'static Listing> {
        Some(&LISTING)
    }

    fn parse(&self, doc: &Doc, vpc: &Id) -> Option<Resource> {
        let (rule, target) = (doc["Rule"].as_str()?, doc["Id"].as_str()?);
        let config = path::first(doc, CONFIG)?;
        if doc["VpcId"] != vpc.as_str() {
            return None;
        }
        let mut kept = Value::clone(doc);
        without_input(&mut kept);
        Some(Resource {
            id: Id::new(format!("rule:{rule}/{target}")),
            kind: self.name().to_owned(),
            role: Role::Workload,
            name: format!("{rule}/{target}"),
            tags: Default::default(),
            facets: facets(config),
            doc: kept.into(),
        })
    }

    fn effects(&self) -> &'static [(&'static str, Effect)] {
        account::TARGET_EFFECTS
    }

    fn reads(&self) -> &'static [(&'static str, Read)] {
        account::TARGET_READS
    }

    fn candidates(&self, resource: &Resource, site: &Site<'_>) -> Vec<Candidate> {
        candidates(resource, site)
    }

    fn draft(&self, resource: &Resource, scene: &Scene<'_>) -> Result<Vec<Step>, Blocker> {
        let doc = &resource.doc;
        let own = json!({ "Rule": doc["Rule"] });
        let at = format!("Targets[Id={}]", path::text(doc, "Id"));
        let sent = |net: &Net| {
            let whole = look_and_set("events:ListTargetsByRule", own.clone(), &at, json!({ CONFIG: awsvpc(net) }));
            json!({ "Rule": doc["Rule"], "Targets": [whole] })
        };
        let see = |what: &str, key: &str, expect: Expect| {
            check(what, "events:ListTargetsByRule", own.clone(), &format!("{at}.{CONFIG}.{key}"), expect)
        };
        let public = path::text(doc, &format!("{CONFIG}.AssignPublicIp")) == "ENABLED";
        let change = Change { operation: "events:PutTargets", there: &sent, back: &sent, see: &see };
        let legs = legs(resource, scene, public)?;
        Ok(drafts(scene, &legs, &change, &|draft| draft.answers("no entry has failed", "FailedEntries[].ErrorCode", Expect::Absent)))
    }
}
