//! A copy in a private subnet group takes an instance's name; aws-semantics.md section 6, B and C.
//!
//! The old instance gives up its name first, so that nothing writes to it any more by then: by `replica` a replica that
//! has caught up is promoted and gets the name, by `restore` a snapshot made after that is restored under it. A copy has
//! the master password of the original; nobody has to know it. The old one is kept, under another name and protected,
//! until `cleanup`.

use serde_json::{Value, json};

use super::account_life::{CREATE_S, SNAPSHOT_S};
use super::flip::{at_rest, going, not_public, regroup, renaming, rested, see};
use super::rotate::{snapshot, snapshot_name, tags};
use crate::kinds::build::{check, step, undo, undo_and_wait, wait};
use crate::model::path;
use crate::model::resource::Resource;
use crate::model::step::{Expect, Impact, Stage, Step, UndoCall, Wait};
use crate::model::strategy::{Blocker, Scene, Strategy};

/// Minutes from the old one's new name to the promoted replica's.
pub(super) const REPLICA_MIN: u64 = 15;
/// Minutes for a snapshot and its restoration (observed for 20 GiB: 15.5; more takes longer).
pub(super) const RESTORE_MIN: u64 = 45;

struct Copy<'a> {
    resource: &'a Resource,
    scene: &'a Scene<'a>,
    name: &'a str,
    /// What the old one is called afterwards.
    old: String,
    /// What a replica is called before.
    new: String,
    group: String,
}

pub(super) fn steps(resource: &Resource, scene: &Scene<'_>) -> Result<Vec<Step>, Blocker> {
    let name = resource.name.as_str();
    let group = format!("hikkoshi-{}-{}", scene.migration, scene.slug);
    let copy = Copy { resource, scene, name, old: format!("{name}-before"), new: format!("{name}-private"), group };
    if scene.private.len() < 2 {
        return Err(Blocker {
            code: "HK0401".into(),
            resource: resource.id.clone(),
            why: "a DB subnet group needs subnets in two zones, and there is a private one in fewer".into(),
            way_out: "let it flip, or give its subnet group a public subnet in a second zone first".into(),
        });
    }
    let mut chain = vec![copy.subnets()];
    if scene.strategy == Strategy::Replica {
        chain.extend([copy.replicate(), copy.rename("rename-old", name, &copy.old, REPLICA_MIN), copy.promote()]);
        chain.push(copy.rename("rename-new", &copy.new, name, 0));
    } else {
        let mut frozen = snapshot(&copy.id("snapshot"), scene.slug, &copy.old, scene.migration);
        frozen.impact = Impact::Outage { minutes: RESTORE_MIN, what: format!("{name} is away until its snapshot is restored") };
        chain.extend([copy.rename("rename-old", name, &copy.old, 0), frozen, copy.restore()]);
    }
    if resource.facets.publicly_accessible {
        chain.push(not_public(&copy.id("not-public"), scene.slug, &copy.old));
    }
    chain.extend(copy.protect());
    let mut out = regroup(resource, scene);
    crate::kinds::db_subnet_group::rotate::chain(chain, None, &mut out);
    out.extend(copy.discard());
    Ok(out)
}

impl Copy<'_> {
    fn id(&self, what: &str) -> String {
        format!("{}-{what}", self.scene.slug)
    }

    fn step(&self, what: &str, title: String) -> crate::kinds::build::Draft {
        step(self.id(what), Stage::Data, self.scene.slug, title)
    }

    /// What it wears until `tighten`: the new groups beside the old.
    fn worn(&self) -> Vec<Value> {
        let old: Vec<Value> = self.resource.groups().iter().map(|group| json!(group.as_str())).collect();
        let new = self.scene.groups.iter().filter(|group| !old.contains(group)).cloned().collect::<Vec<_>>();
        old.into_iter().chain(new).collect()
    }

    fn subnets(&self) -> Step {
        let own = json!({ "DBSubnetGroupName": self.group });
        let subnets: Vec<Value> = self.scene.private.values().cloned().collect();
        let see = |what: &str, at: &str, expect| check(what, "rds:DescribeDBSubnetGroups", own.clone(), at, expect);
        let words = format!("private subnets of {}", self.name);
        self.step("subnets", format!("Create the private DB subnet group {}", self.group))
            .before(see("there is no group of its name", "DBSubnetGroups[].DBSubnetGroupName", Expect::Absent))
            .call(
                "rds:CreateDBSubnetGroup",
                json!({ "DBSubnetGroupName": self.group, "DBSubnetGroupDescription": words, "SubnetIds": subnets,
                    "Tags": tags(self.scene.migration, &self.id("subnets"), &[]) }),
            )
            .probe_made("rds:DescribeDBSubnetGroups", own.clone(), "DBSubnetGroups[]", &[])
            .adopt_on(&["DBSubnetGroupAlreadyExists"])
            .verify(see("it holds the private subnets", "DBSubnetGroups[].Subnets[].SubnetIdentifier", Expect::SameSet(subnets)))
            .undo(vec![undo(
                "rds:DeleteDBSubnetGroup",
                own.clone(),
                see("it is gone", "DBSubnetGroups[].DBSubnetGroupName", Expect::Absent),
            )])
            .done()
    }

    /// What a copy must be told: RDS's defaults are other groups, no standby, no protection.
    fn settings(&self, name: &str, id: &str) -> Value {
        let doc = &self.resource.doc;
        let own: Vec<Value> = path::select(doc, "TagList[]").into_iter().cloned().collect();
        let mut call = json!({ "DBInstanceIdentifier": name, "DBSubnetGroupName": self.group, "VpcSecurityGroupIds": self.worn(),
            "PubliclyAccessible": false, "DeletionProtection": false, "Tags": tags(self.scene.migration, id, &own) });
        let given = [
            ("DBInstanceClass", "DBInstanceClass"),
            ("MultiAZ", "MultiAZ"),
            ("Port", "Endpoint.Port"),
            ("DBParameterGroupName", "DBParameterGroups[0].DBParameterGroupName"),
            ("OptionGroupName", "OptionGroupMemberships[0].OptionGroupName"),
            ("StorageType", "StorageType"),
            ("Iops", "Iops"),
            ("StorageThroughput", "StorageThroughput"),
            ("AutoMinorVersionUpgrade", "AutoMinorVersionUpgrade"),
            ("CopyTagsToSnapshot", "CopyTagsToSnapshot"),
            ("EnableIAMDatabaseAuthentication", "IAMDatabaseAuthenticationEnabled"),
            ("EnableCloudwatchLogsExports", "EnabledCloudwatchLogsExports"),
            ("MaxAllocatedStorage", "MaxAllocatedStorage"),
            ("NetworkType", "NetworkType"),
        ];
        for (parameter, at) in given {
            if let Some(value) = path::first(doc, at) {
                call[parameter] = value.clone();
            }
        }
        call
    }

    fn replicate(&self) -> Step {
        let id = self.id("replica");
        let mut call = self.settings(&self.new, &id);
        call["SourceDBInstanceIdentifier"] = json!(self.name);
        let status = "StatusInfos[StatusType=read replication].Status";
        let caught_up = see("it replicates", &self.new, status, Expect::Equals(json!("replicating")));
        let draft = self
            .step("replica", format!("Create a read replica of {} in the private subnets", self.name))
            .before(see("the original is available", self.name, "DBInstanceStatus", Expect::Equals(json!("available"))))
            .before(see("nothing has the replica's name", &self.new, "DBInstanceIdentifier", Expect::Absent))
            .call("rds:CreateDBInstanceReadReplica", call)
            .probe_made("rds:DescribeDBInstances", json!({ "DBInstanceIdentifier": self.new }), "DBInstances[]", &[])
            .adopt_on(&["DBInstanceAlreadyExists"]);
        let draft = arrives(&self.new).into_iter().chain(at_rest(self.name)).fold(draft, |draft, wait| draft.wait(wait));
        draft.wait(wait(caught_up, 300, 6 * 3600)).undo(vec![away(&self.new)]).done()
    }

    fn rename(&self, what: &str, from: &str, to: &str, minutes: u64) -> Step {
        let there = |words: &str, name: &str| see(words, name, "DBInstanceIdentifier", Expect::Exists);
        let call = |from: &str, to: &str| json!({ "DBInstanceIdentifier": from, "NewDBInstanceIdentifier": to, "ApplyImmediately": true });
        let named =
            |name: &str| -> Vec<Wait> { std::iter::once(wait(there("it has the name", name), 120, 3600)).chain(at_rest(name)).collect() };
        let words = format!("nothing answers as {} until the copy has its name; what still writes to the old one is lost", self.name);
        let draft = self
            .step(what, format!("Give {from} the name {to}"))
            .before(see("nothing has the new name", to, "DBInstanceIdentifier", Expect::Absent))
            .call("rds:ModifyDBInstance", call(from, to))
            .settled_by(there("it has the new name", to))
            .sign(renaming(from, to))
            .impact(if minutes > 0 { Impact::Outage { minutes, what: words } } else { Impact::None });
        let draft = named(to).into_iter().fold(draft, |draft, wait| draft.wait(wait));
        let back = undo_and_wait("rds:ModifyDBInstance", call(to, from), there("it has its name again", from), named(from));
        draft.undo(vec![rested(to, named(to)), back]).done()
    }

    /// On the way back the promoted one goes: what was written on it goes with it.
    fn promote(&self) -> Step {
        let own = |what: &str| see(what, &self.new, "ReadReplicaSourceDBInstanceIdentifier", Expect::Absent);
        let days = path::first(&self.resource.doc, "BackupRetentionPeriod").cloned().unwrap_or(json!(1));
        let mut call = json!({ "DBInstanceIdentifier": self.new, "BackupRetentionPeriod": days });
        if let Some(window) = path::first(&self.resource.doc, "PreferredBackupWindow") {
            call["PreferredBackupWindow"] = window.clone();
        }
        let draft = self
            .step("promote", format!("Promote the replica of {}", self.name))
            .before(see("it is a replica", &self.new, "ReadReplicaSourceDBInstanceIdentifier", Expect::Exists))
            .call("rds:PromoteReadReplica", call)
            .settled_by(own("it is an instance of its own"))
            .adopt_on(&["InvalidDBInstanceState"])
            .wait(wait(own("it is an instance of its own"), 300, 3600));
        let draft = at_rest(&self.new).into_iter().fold(draft, |draft, wait| draft.wait(wait));
        draft.undo(vec![away(&self.new)]).done()
    }

    fn restore(&self) -> Step {
        let id = self.id("restore");
        let mut call = self.settings(self.name, &id);
        call["DBSnapshotIdentifier"] = json!(snapshot_name(self.scene.migration, self.scene.slug));
        let draft = self
            .step("restore", format!("Restore the snapshot of {} into the private subnets", self.name))
            .before(see("nothing has its name", self.name, "DBInstanceIdentifier", Expect::Absent))
            .call("rds:RestoreDBInstanceFromDBSnapshot", call)
            .probe_made("rds:DescribeDBInstances", json!({ "DBInstanceIdentifier": self.name }), "DBInstances[]", &[])
            .adopt_on(&["DBInstanceAlreadyExists"])
            .impact(Impact::Brief { seconds: CREATE_S, what: format!("{} is away until it is restored", self.name) });
        let draft = arrives(self.name).into_iter().fold(draft, |draft, wait| draft.wait(wait));
        draft.undo(vec![away(self.name)]).done()
    }

    /// The copy is protected if the original was, and the old one in any case.
    fn protect(&self) -> Vec<Step> {
        let was = self.resource.doc["DeletionProtection"] == true;
        let mut steps = Vec::new();
        if was {
            steps.push(self.protection("protect", self.name, true, Stage::Data));
        } else {
            steps.push(self.protection("protect-old", &self.old, true, Stage::Data));
        }
        steps
    }

    fn protection(&self, what: &str, name: &str, on: bool, stage: Stage) -> Step {
        let is = |words: &str, on: bool| see(words, name, "DeletionProtection", Expect::Equals(json!(on)));
        let call = |on: bool| json!({ "DBInstanceIdentifier": name, "DeletionProtection": on, "ApplyImmediately": true });
        let title = if on { format!("Protect {name} from deletion") } else { format!("Lift the protection of {name}") };
        let draft = step(self.id(what), stage, self.scene.slug, title)
            .call("rds:ModifyDBInstance", call(on))
            .settled_by(is("it is protected as asked", on));
        let draft = at_rest(name).into_iter().fold(draft, |draft, wait| draft.wait(wait));
        draft.undo(vec![undo_and_wait("rds:ModifyDBInstance", call(!on), is("it is protected as before", !on), at_rest(name))]).done()
    }

    /// After the soak: the old one goes, with a last snapshot.
    fn discard(&self) -> Vec<Step> {
        let lift = self.protection("unprotect-old", &self.old, false, Stage::Cleanup);
        let id = self.id("delete-old");
        let last = format!("hikkoshi-{}-{}-last", self.scene.migration, self.scene.slug);
        let gone = see("the old one is gone", &self.old, "DBInstanceIdentifier", Expect::Absent);
        let end = step(&id, Stage::Cleanup, self.scene.slug, format!("Delete the old {}, with a last snapshot", self.name))
            .before(see("its copy is there", self.name, "DBInstanceStatus", Expect::Equals(json!("available"))))
            .call("rds:DeleteDBInstance", json!({ "DBInstanceIdentifier": self.old, "FinalDBSnapshotIdentifier": last }))
            .settled_by(going(&self.old))
            .wait(wait(gone, 600, 6 * 3600))
            .needs(&lift.id, "a protected instance is not deleted")
            .irreversible("a deleted instance does not come back; its last snapshot stays")
            .done();
        vec![lift, end]
    }
}

fn away(name: &str) -> UndoCall {
    let gone = see("it is gone", name, "DBInstanceIdentifier", Expect::Absent);
    let call = json!({ "DBInstanceIdentifier": name, "SkipFinalSnapshot": true });
    undo_and_wait("rds:DeleteDBInstance", call, going(name), vec![wait(gone, SNAPSHOT_S, 6 * 3600)])
}

fn arrives(name: &str) -> Vec<Wait> {
    let mut waits = at_rest(name);
    waits.iter_mut().for_each(|wait| (wait.usual_s, wait.timeout_s) = (1800, 24 * 3600));
    waits
}
