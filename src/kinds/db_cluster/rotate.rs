//! A cluster crosses over from public subnets into private ones of its group, by new members and one failover to a named
//! one; aws-semantics.md section 7.
//!
//! Storage is the cluster's and stays. Members outside the writer's zone go first (a reader of the writer's own zone is
//! made before, if none would be left), then one comes up in the private subnet and takes over, and the others go. At
//! the end there are the same members as before, under the same names and in the same zones; only the writer is another.

use serde_json::{Value, json};

use super::account::id_of;
use super::flip::{at_rest, not_public_steps};
use crate::kinds::build::{check, giveable, rest_first, step, undo_and_wait, undo_once, wait};
use crate::kinds::db_instance;
use crate::kinds::db_instance::rotate::{in_seat, tags};
use crate::kinds::db_subnet_group::rotate::{Crossing, Phases};
use crate::model::id::slug;
use crate::model::path;
use crate::model::step::{Check, Expect, Impact, Stage, Step, Wait};
use crate::model::strategy::{Blocker, Member};

/// Seconds for which a cluster takes no writes while it fails over.
pub(super) const FAILOVER_S: u64 = 60;
/// Seconds in which a member usually comes up, and goes.
const MEMBER_S: (u64, u64) = (900, 600);

/// The zone of the writer.
pub(in crate::kinds) fn writer_zone(doc: &Value) -> &str {
    let writer = path::text(doc, "DBClusterMembers[IsClusterWriter=true].DBInstanceIdentifier");
    path::text(doc, &format!("Members[DBInstanceIdentifier={writer}].AvailabilityZone"))
}

/// Whether a cluster has storage in a zone, and so can have members there. What is no cluster can be anywhere.
pub(in crate::kinds) fn stores_in(doc: &Value, zone: &str) -> bool {
    doc["DBClusterIdentifier"].is_null() || path::texts(doc, "AvailabilityZones[]").iter().any(|stored| stored == zone)
}

/// One cluster on its way.
struct Way<'a> {
    name: &'a str,
    slug: &'a str,
    doc: &'a Value,
    crossing: &'a Crossing,
}

pub(in crate::kinds) fn phases(member: &Member<'_>, crossing: &Crossing) -> Result<Phases, Blocker> {
    let doc = &member.resource.doc;
    let way = Way { name: &member.resource.name, slug: member.scene.slug, doc, crossing };
    let members = path::select(doc, "Members[]");
    if members.is_empty() {
        return Err(Blocker {
            code: "HK0401".into(),
            resource: id_of(way.name),
            why: "it has no member, or its members could not be read".into(),
            way_out: "allow rds:DescribeDBInstances, then run discover and plan again; a cluster without members needs no rotation".into(),
        });
    }
    let (here, elsewhere): (Vec<&Value>, Vec<&Value>) = members.into_iter().partition(|m| m["AvailabilityZone"] == crossing.from.as_str());
    let mut free = super::scaling::suspend(way.slug, way.name, doc);
    free.extend(not_public_steps(member.resource, &member.scene));
    // The first to cross over takes the name of a reader that was there, if one was.
    let heir = elsewhere.iter().find(|m| m["AvailabilityZone"] == crossing.to.as_str()).copied();
    let stand_in = (here.len() == 1 && !elsewhere.is_empty()).then(|| way.renamed(here[0], "stand-in"));
    free.extend(stand_in.iter().map(|doc| way.create(doc, &crossing.from)));
    free.extend(elsewhere.iter().map(|doc| way.delete(doc)));
    let first = heir.cloned().unwrap_or_else(|| way.renamed(here[0], "moved"));
    let mut up = way.create(&first, &crossing.to);
    up.verify.push(in_seat(crossing));
    let mut cross = vec![up, way.failover(&first)];
    cross.extend(stand_in.iter().chain(here.iter().copied()).map(|doc| way.delete(doc)));
    let mut settle: Vec<Step> = Vec::new();
    if heir.is_none() {
        settle.push(way.rename(&first, here[0]));
    }
    let back = here.iter().skip(usize::from(heir.is_none())).chain(&elsewhere).filter(|doc| Some(**doc) != heir);
    settle.extend(back.map(|doc| way.create(doc, path::text(doc, "AvailabilityZone"))));
    settle.extend(super::endpoints::restore(way.slug, way.name, doc));
    settle.extend(super::scaling::resume(way.slug, way.name, doc));
    Ok(Phases { free, cross, settle })
}

impl Way<'_> {
    fn id(&self, doc: &Value, what: &str) -> String {
        format!("{}-{}-{what}", self.slug, slug(name_of(doc)))
    }

    /// The same member under another name.
    fn renamed(&self, doc: &Value, what: &str) -> Value {
        let mut doc = doc.clone();
        doc["DBInstanceIdentifier"] = json!(format!("{}-{what}", name_of(&doc)));
        doc
    }

    /// `CreateDBInstance` for a member like this one.
    fn parameters(&self, doc: &Value, zone: &str, tags: Value) -> Value {
        let mut call = json!({ "DBInstanceIdentifier": name_of(doc), "DBClusterIdentifier": self.name, "AvailabilityZone": zone,
            "PubliclyAccessible": false, "Tags": tags });
        let given = [
            ("Engine", "Engine"),
            ("DBInstanceClass", "DBInstanceClass"),
            ("PromotionTier", "PromotionTier"),
            ("DBParameterGroupName", "DBParameterGroups[0].DBParameterGroupName"),
            ("CACertificateIdentifier", "CACertificateIdentifier"),
            ("AutoMinorVersionUpgrade", "AutoMinorVersionUpgrade"),
            ("CopyTagsToSnapshot", "CopyTagsToSnapshot"),
            ("MonitoringInterval", "MonitoringInterval"),
            ("MonitoringRoleArn", "MonitoringRoleArn"),
            ("EnablePerformanceInsights", "PerformanceInsightsEnabled"),
            ("PerformanceInsightsKMSKeyId", "PerformanceInsightsKMSKeyId"),
            ("PerformanceInsightsRetentionPeriod", "PerformanceInsightsRetentionPeriod"),
            ("PreferredMaintenanceWindow", "PreferredMaintenanceWindow"),
        ];
        for (parameter, at) in given {
            // `rds-ca-default` is what some answers say where nothing was chosen; it can't be asked for.
            if let Some(value) = path::first(doc, at).filter(|value| **value != "rds-ca-default") {
                call[parameter] = value.clone();
            }
        }
        call
    }

    fn create(&self, doc: &Value, zone: &str) -> Step {
        let name = name_of(doc);
        let id = self.id(doc, "create");
        let own: Vec<Value> = path::select(doc, "TagList[]").into_iter().cloned().collect();
        let place = see("it is in its zone", name, "AvailabilityZone", Expect::Equals(json!(zone)));
        let draft = step(&id, Stage::Data, self.slug, format!("Create the member {name} of {} in {zone}", self.name))
            .before(see("no member has its name", name, "DBInstanceIdentifier", Expect::Absent))
            .call("rds:CreateDBInstance", self.parameters(doc, zone, tags(&self.crossing.migration, &id, &own)))
            .probe_made("rds:DescribeDBInstances", json!({ "DBInstanceIdentifier": name }), "DBInstances[]", &[])
            .adopt_on(&["DBInstanceAlreadyExists"])
            .verify(place);
        let draft = available(name).into_iter().chain(at_rest(self.name)).fold(draft, |draft, wait| draft.wait(wait));
        draft.undo(vec![self.away(name)]).done()
    }

    fn away(&self, name: &str) -> crate::model::step::UndoCall {
        let gone = see("the member is gone", name, "DBInstanceIdentifier", Expect::Absent);
        let call = json!({ "DBInstanceIdentifier": name, "SkipFinalSnapshot": true });
        undo_and_wait("rds:DeleteDBInstance", call, db_instance::flip::going(name), vec![wait(gone, MEMBER_S.1, 3600)])
    }

    fn delete(&self, doc: &Value) -> Step {
        let name = name_of(doc);
        let zone = path::text(doc, "AvailabilityZone");
        let reader = Expect::Equals(json!(false));
        let at = format!("DBClusterMembers[DBInstanceIdentifier={name}].IsClusterWriter");
        let gone = see("the member is gone", name, "DBInstanceIdentifier", Expect::Absent);
        let own: Vec<Value> = path::select(doc, "TagList[]").into_iter().cloned().collect();
        let again = see("the member is there", name, "DBInstanceIdentifier", Expect::Exists);
        // A member that is still going is no reason to make none.
        let left = see("the member is not going any more", name, "DBInstanceStatus", Expect::Excludes(vec![json!("deleting")]));
        let words = "fewer readers until the others have come up again; its own endpoint is gone";
        let mut back = available(name);
        back.extend(at_rest(self.name));
        step(self.id(doc, "delete"), Stage::Data, self.slug, format!("Delete the member {name} of {} in {zone}", self.name))
            .before(cluster("it is a reader, and another member writes", self.name, &at, reader))
            .call("rds:DeleteDBInstance", json!({ "DBInstanceIdentifier": name, "SkipFinalSnapshot": true }))
            .settled_by(db_instance::flip::going(name))
            .wait(wait(gone, MEMBER_S.1, 3600))
            .impact(Impact::Brief { seconds: 1, what: words.to_owned() })
            .undo(vec![
                db_instance::flip::rested(name, vec![wait(left, MEMBER_S.1, 3600)]),
                undo_and_wait("rds:CreateDBInstance", self.parameters(doc, zone, json!(giveable(&own))), again, back),
            ])
            .done()
    }

    /// A named member takes over. Made again while the first is under way it would be refused; it is looked for first.
    fn failover(&self, heir: &Value) -> Step {
        let name = name_of(heir);
        let old = path::text(self.doc, "DBClusterMembers[IsClusterWriter=true].DBInstanceIdentifier");
        let writes = |what: &str, member: &str| {
            let at = format!("DBClusterMembers[DBInstanceIdentifier={member}].IsClusterWriter");
            cluster(what, self.name, &at, Expect::Equals(json!(true)))
        };
        let call = |target: &str| json!({ "DBClusterIdentifier": self.name, "TargetDBInstanceIdentifier": target });
        let mut waits = vec![wait(writes("the new member writes", name), FAILOVER_S, 1800)];
        waits.extend(at_rest(self.name));
        let mut back = vec![wait(writes("the old member writes again", old), FAILOVER_S, 1800)];
        back.extend(at_rest(self.name));
        let draft = step(format!("{}-failover", self.slug), Stage::Data, self.slug, format!("Fail {} over to {name}", self.name))
            .before(writes("the old member writes", old))
            .call("rds:FailoverDBCluster", call(name))
            .settled_by(writes("the new member writes", name))
            .adopt_on(&["InvalidDBClusterStateFault"])
            .once(Vec::new())
            .impact(Impact::Brief { seconds: FAILOVER_S, what: format!("{} takes no writes while it fails over", self.name) });
        let draft = waits.iter().cloned().fold(draft, |draft, wait| draft.wait(wait));
        let there = cluster("it is not deleted", self.name, "Status", Expect::Excludes(vec![json!("deleted")]));
        let rest = rest_first("rds:FailoverDBCluster", json!({ "DBClusterIdentifier": self.name }), there, waits);
        draft.undo(vec![rest, undo_once("rds:FailoverDBCluster", call(old), writes("the old member writes", old), back)]).done()
    }

    /// The member that crossed over gets the name of the one whose place it took.
    fn rename(&self, from: &Value, to: &Value) -> Step {
        let (from, to) = (name_of(from), name_of(to));
        let named = |what: &str, name: &str| see(what, name, "DBInstanceIdentifier", Expect::Exists);
        let call = |old: &str, new: &str| json!({ "DBInstanceIdentifier": old, "NewDBInstanceIdentifier": new, "ApplyImmediately": true });
        let draft = step(format!("{}-rename", self.slug), Stage::Data, self.slug, format!("Give {from} the name {to}"))
            .before(see("nothing else has the name", to, "DBInstanceIdentifier", Expect::Absent))
            .call("rds:ModifyDBInstance", call(from, to))
            .settled_by(named("it has the name", to))
            .sign(db_instance::flip::renaming(from, to));
        let draft = renamed(to).into_iter().chain(at_rest(self.name)).fold(draft, |draft, wait| draft.wait(wait));
        let back = undo_and_wait("rds:ModifyDBInstance", call(to, from), named("it has the other name", from), renamed(from));
        draft.undo(vec![db_instance::flip::rested(to, renamed(to)), back]).done()
    }
}

fn renamed(name: &str) -> Vec<Wait> {
    vec![wait(see("the new name is there", name, "DBInstanceIdentifier", Expect::Exists), 60, 1800)]
        .into_iter()
        .chain(available(name))
        .collect()
}

fn name_of(doc: &Value) -> &str {
    path::text(doc, "DBInstanceIdentifier")
}

fn see(what: &str, name: &str, field: &str, expect: Expect) -> Check {
    db_instance::flip::see(what, name, field, expect)
}

fn cluster(what: &str, name: &str, field: &str, expect: Expect) -> Check {
    check(what, "rds:DescribeDBClusters", json!({ "DBClusterIdentifier": name }), &format!("DBClusters[].{field}"), expect)
}

fn available(name: &str) -> Vec<Wait> {
    let mut waits = db_instance::flip::at_rest(name);
    waits.iter_mut().for_each(|wait| (wait.usual_s, wait.timeout_s) = (MEMBER_S.0, 7200));
    waits
}
