//! A replication group crosses over from public subnets into private ones; aws-semantics.md section 8.
//!
//! A node comes up in the private subnet of a zone in which no primary is, and takes over; the others go and come up
//! again in private subnets, as many and in the same zones as far as may be. With cluster mode off the new primary is
//! named (`PrimaryClusterId`); with cluster mode on no answer tells which node of a shard writes: each is left with one
//! replica, the private one, and `TestFailover` has one outcome.

use serde_json::{Value, json};

use super::flip::{at_rest, see};
use super::snapshot;
use crate::kinds::build::{check, look, rest_first, step, undo_and_wait, undo_once, wait};
use crate::kinds::cache_subnet_group::rotate::{Crossing, Phases};
use crate::model::path;
use crate::model::step::{Check, Expect, Impact, Stage, Step, UndoCall, Wait};
use crate::model::strategy::Member;

/// Seconds for which a shard takes no writes while another node takes over.
pub(super) const PROMOTE_S: u64 = 30;
/// Seconds in which nodes usually come up.
const NODES_S: u64 = 900;
/// `TestFailover` can be called for so many shards in 24 hours.
pub(in crate::kinds) const SHARDS: usize = 15;

/// One shard as it is today.
struct Shard {
    id: String,
    /// Node and zone; with cluster mode off the primary first.
    nodes: Vec<(String, String)>,
}

impl Shard {
    fn zones(&self) -> Vec<String> {
        self.nodes.iter().map(|(_, zone)| zone.clone()).collect()
    }

    /// Where the nodes are at the end: one in the zone that it crosses over into, the others where they were.
    fn at_last(&self, to: &str) -> Vec<String> {
        let mut others = self.zones();
        let at = others.iter().position(|zone| zone == to).unwrap_or(others.len() - 1);
        others.remove(at);
        std::iter::once(to.to_owned()).chain(others).collect()
    }
}

fn shards(doc: &Value) -> Vec<Shard> {
    let shard = |shard: &Value| {
        let mut nodes = path::select(shard, "NodeGroupMembers[]");
        nodes.sort_by_key(|node| node["CurrentRole"] != "primary");
        let pair =
            |node: &&Value| (path::text(node, "CacheClusterId").to_owned(), path::text(node, "PreferredAvailabilityZone").to_owned());
        Shard { id: path::text(shard, "NodeGroupId").to_owned(), nodes: nodes.iter().map(pair).collect() }
    };
    path::select(doc, "NodeGroups[]").into_iter().map(shard).collect()
}

/// The zones that a group can't leave before something has crossed over: its primaries'; with cluster mode on all.
pub(in crate::kinds) fn pinned(doc: &Value) -> Vec<String> {
    let clustered = doc["ClusterEnabled"] == true;
    shards(doc).into_iter().flat_map(|shard| shard.zones().into_iter().take(if clustered { usize::MAX } else { 1 })).collect()
}

struct Way<'a> {
    name: &'a str,
    slug: &'a str,
    doc: &'a Value,
    to: &'a str,
    shards: Vec<Shard>,
}

pub(in crate::kinds) fn phases(member: &Member<'_>, crossing: &Crossing) -> Phases {
    let doc = &member.resource.doc;
    let way = Way { name: &member.resource.name, slug: member.scene.slug, doc, to: &crossing.to, shards: shards(doc) };
    let mut free = vec![snapshot::make(way.slug, ("ReplicationGroupId", way.name), &crossing.migration, at_rest(way.name))];
    let (mut cross, mut settle) = (Vec::new(), Vec::new());
    free.extend(way.flags(false));
    if doc["ClusterEnabled"] == true {
        way.clustered(&mut cross, &mut settle);
    } else {
        way.plain(&mut free, &mut cross, &mut settle);
    }
    settle.extend(way.flags(true));
    Phases { free, cross, settle }
}

impl Way<'_> {
    fn id(&self, what: &str) -> String {
        format!("{}-{what}", self.slug)
    }

    fn see(&self, what: &str, field: &str, expect: Expect) -> Check {
        see(what, self.name, field, expect)
    }

    /// On the way back of a change, first of all: the change itself comes to its end.
    fn rested(&self, ended: Vec<Wait>) -> UndoCall {
        let there = self.see("it is not deleted", "Status", Expect::Excludes(vec![json!("deleted")]));
        rest_first("elasticache:ModifyReplicationGroup", json!({ "ReplicationGroupId": self.name }), there, ended)
    }

    /// A change is under way: what shows a change of unknown outcome before its end does.
    fn busy(&self) -> Check {
        self.see("a change is under way", "Status", Expect::Equals(json!("modifying")))
    }

    fn count(&self, zones: &[Vec<String>]) -> Check {
        let nodes = zones.iter().map(Vec::len).sum();
        self.see("it has as many nodes as asked", "NodeGroups[].NodeGroupMembers[].CacheClusterId", Expect::Count(nodes))
    }

    /// Automatic failover would take over by itself, forbids a promotion by hand, and keeps the last replica.
    fn flags(&self, again: bool) -> Option<Step> {
        let clustered = self.doc["ClusterEnabled"] == true;
        let (multi, automatic) = (self.doc["MultiAZ"] == "enabled", self.doc["AutomaticFailover"] == "enabled" && !clustered);
        if !multi && !automatic {
            return None;
        }
        let call = |on: bool| {
            let mut call = json!({ "ReplicationGroupId": self.name, "ApplyImmediately": true });
            if multi {
                call["MultiAZEnabled"] = json!(on);
            }
            if automatic {
                call["AutomaticFailoverEnabled"] = json!(on);
            }
            call
        };
        let field = if multi { "MultiAZ" } else { "AutomaticFailover" };
        let is = |what: &str, on: bool| self.see(what, field, Expect::Equals(json!(if on { "enabled" } else { "disabled" })));
        let (id, title) = if again {
            (self.id("failover-on"), format!("Let {} fail over by itself again", self.name))
        } else {
            (self.id("failover-off"), format!("Keep {} from failing over by itself", self.name))
        };
        let what = "it does not fail over by itself until it has crossed over".to_owned();
        let step = step(id, Stage::Data, self.slug, title)
            .before(is("it is as it was", !again))
            .call("elasticache:ModifyReplicationGroup", call(again))
            .settled_by(is("it is as asked", again))
            .wait(at_rest(self.name))
            .impact(if again { Impact::None } else { Impact::Brief { seconds: 1, what } })
            .undo(vec![
                self.rested(vec![at_rest(self.name)]),
                undo_and_wait("elasticache:ModifyReplicationGroup", call(!again), is("it is as before", !again), vec![at_rest(self.name)]),
            ])
            .done();
        Some(step)
    }

    /// `ReplicaConfiguration` for zones of each shard's nodes.
    fn configuration(&self, zones: &[Vec<String>]) -> Value {
        let one = |(shard, zones): (&Shard, &Vec<String>)| json!({ "NodeGroupId": shard.id, "NewReplicaCount": zones.len() - 1, "PreferredAvailabilityZones": zones });
        self.shards.iter().zip(zones).map(one).collect()
    }

    fn more_call(&self, zones: &[Vec<String>]) -> Value {
        json!({ "ReplicationGroupId": self.name, "ReplicaConfiguration": self.configuration(zones), "ApplyImmediately": true })
    }

    /// Nodes come up, so that each shard has them in these zones; on the way back they go.
    fn more(&self, id: &str, title: String, from: &[Vec<String>], to: &[Vec<String>], gone: Value) -> Step {
        let mut rest = at_rest(self.name);
        rest.usual_s = NODES_S;
        step(self.id(id), Stage::Data, self.slug, title)
            .before(self.count(from))
            .call("elasticache:IncreaseReplicaCount", self.more_call(to))
            .settled_by(self.count(to))
            .sign(self.busy())
            .adopt_on(&["NoOperationFault"])
            .wait(rest.clone())
            .wait(wait(self.count(to), 30, 3600))
            .undo(vec![
                self.rested(vec![wait(self.count(to), 30, 3600), rest]),
                undo_and_wait("elasticache:DecreaseReplicaCount", gone, self.count(from), vec![at_rest(self.name)]),
            ])
            .done()
    }

    /// Nodes go; on the way back as many come up in their zones.
    fn fewer(&self, id: &str, title: String, from: &[Vec<String>], to: &[Vec<String>], gone: Value) -> Step {
        step(self.id(id), Stage::Data, self.slug, title)
            .before(self.count(from))
            .call("elasticache:DecreaseReplicaCount", gone)
            .settled_by(self.count(to))
            .sign(self.busy())
            .adopt_on(&["NoOperationFault", "InvalidParameterValue"])
            .wait(at_rest(self.name))
            .wait(wait(self.count(to), 30, 3600))
            .impact(Impact::Brief { seconds: 1, what: "fewer replicas to read from; the endpoints of single nodes are gone".to_owned() })
            .undo(vec![
                self.rested(vec![wait(self.count(to), 30, 3600), at_rest(self.name)]),
                undo_and_wait("elasticache:IncreaseReplicaCount", self.more_call(from), self.count(from), vec![at_rest(self.name)]),
            ])
            .done()
    }

    fn named(&self, nodes: &[String]) -> Value {
        json!({ "ReplicationGroupId": self.name, "ReplicasToRemove": nodes, "ApplyImmediately": true })
    }

    /// The node in a zone, whatever it is called.
    fn node_in(&self, zone: &str) -> Value {
        let at = format!("ReplicationGroups[].NodeGroups[].NodeGroupMembers[PreferredAvailabilityZone={zone}].CacheClusterId");
        look("elasticache:DescribeReplicationGroups", json!({ "ReplicationGroupId": self.name }), &at)
    }

    fn one_in(&self, zone: &str) -> Value {
        json!({ "ReplicationGroupId": self.name, "ReplicasToRemove": [self.node_in(zone)], "ApplyImmediately": true })
    }

    /// Cluster mode off: one shard, and the roles are known.
    fn plain(&self, free: &mut Vec<Step>, cross: &mut Vec<Step>, settle: &mut Vec<Step>) {
        let Some(shard) = self.shards.first() else { return };
        let all = shard.zones();
        let home = all[0].clone();
        let left: Vec<String> = all.iter().filter(|zone| *zone != self.to).cloned().collect();
        let there: Vec<String> = shard.nodes.iter().filter(|(_, zone)| zone == self.to).map(|(node, _)| node.clone()).collect();
        if !there.is_empty() {
            let title = format!("Take {}'s replicas out of {}", self.name, self.to);
            free.push(self.fewer("free-zone", title, std::slice::from_ref(&all), std::slice::from_ref(&left), self.named(&there)));
        }
        let with_new: Vec<String> = left.iter().cloned().chain([self.to.to_owned()]).collect();
        let title = format!("Give {} a replica in the private subnet of {}", self.name, self.to);
        cross.push(self.more("replica", title, std::slice::from_ref(&left), std::slice::from_ref(&with_new), self.one_in(self.to)));
        cross.push(self.promotion(&home));
        let others: Vec<String> = shard.nodes.iter().filter(|(_, zone)| zone != self.to).map(|(node, _)| node.clone()).collect();
        let alone = vec![self.to.to_owned()];
        let title = format!("Take {}'s nodes out of the public subnets", self.name);
        cross.push(self.fewer("old-nodes", title, std::slice::from_ref(&with_new), std::slice::from_ref(&alone), self.named(&others)));
        let last = shard.at_last(self.to);
        if last.len() > 1 {
            let title = format!("Give {} its replicas again, in private subnets", self.name);
            let gone = json!({ "ReplicationGroupId": self.name, "NewReplicaCount": 0, "ApplyImmediately": true });
            settle.push(self.more("replicas-again", title, &[alone], &[last], gone));
        }
    }

    /// A named node takes over.
    fn promotion(&self, home: &str) -> Step {
        let role = |what: &str, zone: &str| {
            let at = format!("NodeGroups[].NodeGroupMembers[PreferredAvailabilityZone={zone}].CurrentRole");
            self.see(what, &at, Expect::Includes(vec![json!("primary")]))
        };
        let call =
            |zone: &str| json!({ "ReplicationGroupId": self.name, "PrimaryClusterId": self.node_in(zone), "ApplyImmediately": true });
        let writes = "the private node is the primary";
        let words = format!("{} takes no writes for some seconds; the last ones before may be lost", self.name);
        let back = vec![wait(role("a node in the old zone is the primary", home), PROMOTE_S, 1800), at_rest(self.name)];
        step(self.id("promote"), Stage::Data, self.slug, format!("Promote {}'s node in {}", self.name, self.to))
            .before(role("the primary is where it was", home))
            .call("elasticache:ModifyReplicationGroup", call(self.to))
            .settled_by(role(writes, self.to))
            .sign(self.busy())
            .adopt_on(&["NoOperationFault"])
            .wait(wait(role(writes, self.to), PROMOTE_S, 1800))
            .wait(at_rest(self.name))
            .impact(Impact::Brief { seconds: PROMOTE_S, what: words })
            .undo(vec![
                self.rested(vec![wait(role(writes, self.to), PROMOTE_S, 1800), at_rest(self.name)]),
                undo_and_wait("elasticache:ModifyReplicationGroup", call(home), role("a node in the old zone is the primary", home), back),
            ])
            .done()
    }

    /// Cluster mode on: the zone is one in which it has no node.
    fn clustered(&self, cross: &mut Vec<Step>, settle: &mut Vec<Step>) {
        let all: Vec<Vec<String>> = self.shards.iter().map(Shard::zones).collect();
        let with_new: Vec<Vec<String>> = all.iter().map(|zones| zones.iter().cloned().chain([self.to.to_owned()]).collect()).collect();
        let pair: Vec<Vec<String>> = all.iter().map(|zones| vec![zones[0].clone(), self.to.to_owned()]).collect();
        let alone: Vec<Vec<String>> = all.iter().map(|_| vec![self.to.to_owned()]).collect();
        let fewer = |zones: &[Vec<String>]| json!({ "ReplicationGroupId": self.name, "ReplicaConfiguration": self.configuration(zones), "ApplyImmediately": true });
        let title = format!("Give each shard of {} a replica in the private subnet of {}", self.name, self.to);
        // On the way back what stays is in the zones of before.
        cross.push(self.seated(self.more("replicas", title, &all, &with_new, fewer(&all))));
        if all.iter().any(|zones| zones.len() > 1) {
            let title = format!("Leave each shard of {} one replica, the private one", self.name);
            cross.push(self.seated(self.fewer("one-replica", title, &with_new, &pair, fewer(&pair))));
        }
        cross.extend(self.shards.iter().map(|shard| self.failover(shard)));
        let title = format!("Take {}'s nodes out of the public subnets", self.name);
        cross.push(self.seated(self.fewer("old-nodes", title, &pair, &alone, fewer(&alone))));
        let last: Vec<Vec<String>> = self.shards.iter().map(|shard| shard.at_last(self.to)).collect();
        if last.iter().any(|zones| zones.len() > 1) {
            let title = format!("Give the shards of {} their replicas again, in private subnets", self.name);
            settle.push(self.more("replicas-again", title, &alone, &last, fewer(&alone)));
        }
    }

    /// Each shard still has its private node.
    fn seated(&self, mut step: Step) -> Step {
        let at = format!("NodeGroups[].NodeGroupMembers[PreferredAvailabilityZone={}].CacheClusterId", self.to);
        step.verify.push(self.see("each shard has its private node", &at, Expect::Count(self.shards.len())));
        step
    }

    /// The only replica of a shard takes over. Sent twice it would fail back: no answer tells which node writes, but
    /// ElastiCache tells that it was asked.
    fn failover(&self, shard: &Shard) -> Step {
        let own = json!({ "SourceIdentifier": self.name, "SourceType": "replication-group", "Duration": 1440 });
        let event = |what: &str| {
            let at = format!("Events[Message=Test Failover API called for node group {}].Date", shard.id);
            check(what, "elasticache:DescribeEvents", own.clone(), &at, Expect::Later(json!("${self.At}")))
        };
        let call = json!({ "ReplicationGroupId": self.name, "NodeGroupId": shard.id });
        let what = format!("shard {} of {} takes no writes for some seconds; the last ones before may be lost", shard.id, self.name);
        let never = self.see("nothing tells which node writes", "NodeGroups[].NodeGroupMembers[].NotTold", Expect::Exists);
        let mut back = undo_once("elasticache:TestFailover", call.clone(), never, vec![at_rest(self.name)]);
        back.once.iter_mut().for_each(|once| once.signs.push(event("ElastiCache tells that it was asked to fail back")));
        step(self.id(&format!("failover-{}", shard.id)), Stage::Data, self.slug, format!("Fail shard {} of {} over", shard.id, self.name))
            .call("elasticache:TestFailover", call)
            .settled_by(event("ElastiCache tells that it was asked to fail over"))
            .once(Vec::new())
            .wait(wait(event("ElastiCache tells of it"), 10, 900))
            .wait(at_rest(self.name))
            .impact(Impact::Brief { seconds: PROMOTE_S, what })
            .undo(vec![self.rested(vec![at_rest(self.name)]), back])
            .done()
    }
}
