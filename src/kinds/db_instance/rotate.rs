//! An instance crosses over from a public subnet into a private one of its group, by a standby and one forced failover;
//! aws-semantics.md section 6, A.

use serde_json::{Value, json};

use super::account_life::SNAPSHOT_S;
use super::flip::{at_rest, not_public, rested, see};
use crate::kinds::build::{MIGRATION_TAG, STEP_TAG, check, filter, giveable, rest_first, step, undo, undo_once, undo_with_sign, wait};
use crate::kinds::db_subnet_group::rotate::{Crossing, Phases};
use crate::model::step::{Check, Expect, Impact, Stage, Step, Wait};
use crate::model::strategy::Member;

/// Seconds for which a Multi-AZ instance does not answer while it fails over (RDS guide: 60 to 120).
pub(super) const FAILOVER_S: u64 = 120;
/// Seconds in which a standby usually comes up, and goes.
const STANDBY_S: (u64, u64) = (1800, 600);

pub(in crate::kinds) fn phases(member: &Member<'_>, crossing: &Crossing) -> Phases {
    let (name, slug) = (&member.resource.name, member.scene.slug);
    let id = |what: &str| format!("{slug}-{what}");
    let mut free = vec![snapshot(&id("snapshot"), slug, name, &crossing.migration)];
    if member.resource.facets.publicly_accessible {
        free.push(not_public(&id("not-public"), slug, name));
    }
    let doubled = member.resource.doc["MultiAZ"] == true;
    if doubled {
        free.push(standby(&id("standby-off"), slug, name, false, "its zone's public subnet gets free"));
    }
    let up = standby(&id("standby-private"), slug, name, true, "in the private subnet");
    let cross = vec![
        seated(up, crossing, name),
        failover(&id("failover"), slug, name, crossing),
        standby(&id("standby-public-off"), slug, name, false, "the last public subnet gets free"),
    ];
    let settle = doubled.then(|| standby(&id("standby-again"), slug, name, true, "as before")).into_iter().collect();
    Phases { free, cross, settle }
}

/// A snapshot, in case. It is deleted on the way back.
pub(super) fn snapshot(id: &str, of_move: &str, name: &str, migration: &str) -> Step {
    let snapshot = snapshot_name(migration, of_move);
    let own = json!({ "DBSnapshotIdentifier": snapshot });
    let seen = |what: &str, at: &str, expect| check(what, "rds:DescribeDBSnapshots", own.clone(), at, expect);
    let there = seen("the snapshot is available", "DBSnapshots[].Status", Expect::Equals(json!("available")));
    let gone = seen("there is no snapshot of its name", "DBSnapshots[].DBSnapshotIdentifier", Expect::Absent);
    let draft = step(id, Stage::Data, of_move, format!("Make a snapshot of {name}"))
        .before(see("it is available", name, "DBInstanceStatus", Expect::Equals(json!("available"))))
        .before(gone.clone())
        .call(
            "rds:CreateDBSnapshot",
            json!({ "DBInstanceIdentifier": name, "DBSnapshotIdentifier": snapshot, "Tags": tags(migration, id, &[]) }),
        )
        .probe_made("rds:DescribeDBSnapshots", own.clone(), "DBSnapshots[]", &[])
        .adopt_on(&["DBSnapshotAlreadyExists"])
        .wait(wait(there, SNAPSHOT_S, 6 * 3600));
    let draft = at_rest(name).into_iter().fold(draft, |draft, wait| draft.wait(wait));
    // RDS deletes no snapshot that is being made.
    let kept = seen("the snapshot is being made, made, or gone", "DBSnapshots[].Status", Expect::Excludes(vec![json!("deleted")]));
    let made = seen("it is not being made any more", "DBSnapshots[].Status", Expect::Excludes(vec![json!("creating")]));
    let rest = rest_first("rds:DeleteDBSnapshot", own.clone(), kept, vec![wait(made, SNAPSHOT_S, 6 * 3600)]);
    draft.undo(vec![rest, undo("rds:DeleteDBSnapshot", own.clone(), gone)]).done()
}

/// The name of the snapshot that a move makes.
pub(super) fn snapshot_name(migration: &str, of_move: &str) -> String {
    format!("hikkoshi-{migration}-{of_move}")
}

/// RDS's tags: who made it, beside those that it is to have.
pub(in crate::kinds) fn tags(migration: &str, step: &str, own: &[Value]) -> Value {
    let ours = [json!({ "Key": MIGRATION_TAG, "Value": migration }), json!({ "Key": STEP_TAG, "Value": step })];
    giveable(own).into_iter().chain(ours).collect()
}

/// What to wait for when an instance got a standby, or lost it: the zone is set, nothing is pending, it is available.
fn settled(name: &str, on: bool) -> Vec<Wait> {
    let usual = if on { STANDBY_S.0 } else { STANDBY_S.1 };
    let words = if on { "it has a standby" } else { "it has no standby" };
    let multi = see(words, name, "MultiAZ", Expect::Equals(json!(on)));
    let pending = see("nothing is pending", name, "PendingModifiedValues.MultiAZ", Expect::Absent);
    let zone = see(words, name, "SecondaryAvailabilityZone", if on { Expect::Exists } else { Expect::Absent });
    let mut waits = vec![wait(multi, usual, 4 * 3600), wait(pending, 30, 3600), wait(zone, 30, 3600)];
    waits.extend(at_rest(name));
    waits
}

/// An instance gets a standby, or loses it.
fn standby(id: &str, of_move: &str, name: &str, on: bool, words: &str) -> Step {
    let multi = |what: &str, value: bool| see(what, name, "MultiAZ", Expect::Equals(json!(value)));
    let call = |value: bool| json!({ "DBInstanceIdentifier": name, "MultiAZ": value, "ApplyImmediately": true });
    let pending = |value: bool| see("the change is under way", name, "PendingModifiedValues.MultiAZ", Expect::Equals(json!(value)));
    let title = if on { format!("Give {name} a standby: {words}") } else { format!("Take {name}'s standby away: {words}") };
    let impact = if on {
        Impact::Brief { seconds: 1, what: "writes are slower while the standby is filled".to_owned() }
    } else {
        Impact::Brief { seconds: 1, what: "no standby from here: if its zone fails, it is down".to_owned() }
    };
    let draft = step(id, Stage::Data, of_move, title)
        .before(multi("its standby is as it was", !on))
        .before(see("it is available", name, "DBInstanceStatus", Expect::Equals(json!("available"))))
        .call("rds:ModifyDBInstance", call(on))
        .settled_by(multi("its standby is as asked", on))
        .sign(pending(on))
        .impact(impact);
    let draft = settled(name, on).into_iter().fold(draft, |draft, wait| draft.wait(wait));
    let back = undo_with_sign("rds:ModifyDBInstance", call(!on), multi("its standby is as before", !on), pending(!on), settled(name, !on));
    let nothing = see("nothing is pending", name, "PendingModifiedValues.MultiAZ", Expect::Absent);
    let ended = std::iter::once(wait(nothing, STANDBY_S.0, 4 * 3600)).chain(at_rest(name)).collect();
    draft.undo(vec![rested(name, ended), back]).done()
}

/// The new standby is where it must be: in the right zone, with an interface in the private subnet.
fn seated(mut step: Step, crossing: &Crossing, name: &str) -> Step {
    let zone = Expect::Equals(json!(crossing.to));
    step.verify.push(see("its standby is in the zone of the private subnet", name, "SecondaryAvailabilityZone", zone));
    step.verify.push(in_seat(crossing));
    step
}

/// RDS has an interface in the private subnet.
pub(in crate::kinds) fn in_seat(crossing: &Crossing) -> Check {
    let filters = [filter("subnet-id", std::slice::from_ref(&crossing.seat)), filter("description", &[json!("RDSNetworkInterface")])];
    let what = "RDS has an interface in the private subnet";
    check(what, "ec2:DescribeNetworkInterfaces", json!({ "Filters": filters }), "NetworkInterfaces[].NetworkInterfaceId", Expect::Exists)
}

/// Primary and standby change places. Sent twice it would fail back: a call of unknown outcome is looked for by the zone
/// and by RDS's events, for as long as these may lag behind.
fn failover(id: &str, of_move: &str, name: &str, crossing: &Crossing) -> Step {
    let call = json!({ "DBInstanceIdentifier": name, "ForceFailover": true });
    let zone = |what: &str, field: &str, zone: &str| see(what, name, field, Expect::Equals(json!(zone)));
    let across = zone("it is in the zone of the private subnet", "AvailabilityZone", &crossing.to);
    let event = |message: &str| {
        let of_it = json!({ "SourceIdentifier": name, "SourceType": "db-instance", "Duration": 1440 });
        let at = format!("Events[Message={message}].Date");
        check("RDS tells of a failover since", "rds:DescribeEvents", of_it, &at, Expect::Later(json!("${self.At}")))
    };
    let home = "DBInstances[DBInstanceStatus=available].AvailabilityZone";
    let own = json!({ "DBInstanceIdentifier": name });
    let back = check("it is back in its zone", "rds:DescribeDBInstances", own, home, Expect::Equals(json!(crossing.from)));
    // The zones may still be told as they were when it is available again: on the way back too they are waited for.
    let mut waits = vec![wait(across.clone(), FAILOVER_S, 3600)];
    waits.extend(at_rest(name));
    let rest = rested(name, waits.clone());
    let mut returned = vec![wait(back.clone(), FAILOVER_S, 3600)];
    returned.extend(at_rest(name));
    let draft = step(id, Stage::Data, of_move, format!("Fail {name} over into {}", crossing.to))
        .before(see("it is available", name, "DBInstanceStatus", Expect::Equals(json!("available"))))
        .before(zone("it is in its zone", "AvailabilityZone", &crossing.from))
        .before(zone("its standby is in the zone of the private subnet", "SecondaryAvailabilityZone", &crossing.to))
        .call("rds:RebootDBInstance", call.clone())
        .settled_by(across)
        .once(vec![event("Multi-AZ instance failover completed"), event("Multi-AZ instance failover started.")])
        .impact(Impact::Brief { seconds: FAILOVER_S, what: format!("{name} does not answer while it fails over; connections are cut") });
    let draft = waits.into_iter().fold(draft, |draft, wait| draft.wait(wait));
    draft.undo(vec![rest, undo_once("rds:RebootDBInstance", call, back, returned)]).done()
}
