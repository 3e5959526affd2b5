//! Databases of which a copy in private subnets takes the name: a promoted replica, or a restored snapshot.

use std::collections::BTreeSet;

use hikkoshi::execute::machine::Goal;
use hikkoshi::model::call::{Call, Outcome};
use hikkoshi::model::id::Id;
use hikkoshi::model::step::{Impact, Stage, Undo};
use hikkoshi::plan::Plan;
use hikkoshi::world::World;
use serde_json::{Value, json};

use crate::support::account::{Docs, ZONES, look, network};
use crate::support::account_data::by;
use crate::support::lab::{ALL, Lab, plan_of};
use crate::support::upset::{SOAK_S, around};
use crate::support::view::{made, same, twice, view_of};

/// One database with a standby, in a VPC of its own.
fn docs() -> Docs {
    let mut docs = network(&ZONES);
    docs.security();
    docs.subnet_group("prod", &ZONES);
    docs.database("pg", "prod", &["a", "c"]);
    docs
}

fn copying(docs: &Docs, strategy: &str) -> Plan {
    let plan = plan_of(docs, &by(strategy, &["pg"]));
    assert_eq!(plan.blockers, [], "{strategy}");
    plan
}

fn operations(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().filter(|s| s.of_move == "pg" && s.stage == Stage::Data).map(|s| s.id.as_str()).collect()
}

#[test]
fn a_copy_is_never_taken_unless_a_person_asks() {
    let plan = plan_of(&docs(), "");
    let of_it = &plan.moves[0];
    assert_eq!(of_it.strategy.name(), "flip");
    let others: Vec<(&str, bool, bool)> = of_it.rejected.iter().map(|c| (c.strategy.name(), c.rejected, c.impossible)).collect();
    assert_eq!(others, [("rotate", false, false), ("replica", true, false), ("restore", true, false), ("relocate", true, true)]);
}

/// The old one gives up its name before the replica is promoted, or the snapshot made: nothing is written to it after.
#[test]
fn the_old_one_loses_its_name_before_the_copy_is_final() {
    let docs = docs();
    let wanted = ["pg-subnets", "pg-replica", "pg-rename-old", "pg-promote", "pg-rename-new", "pg-not-public", "pg-protect"];
    assert_eq!(operations(&copying(&docs, "replica")), wanted);
    let wanted = ["pg-subnets", "pg-rename-old", "pg-snapshot", "pg-restore", "pg-not-public", "pg-protect"];
    assert_eq!(operations(&copying(&docs, "restore")), wanted);
}

/// RDS's defaults for a copy are other groups, one zone, no protection: everything is said.
#[test]
fn a_copy_is_told_all_that_the_original_is() {
    for (strategy, step) in [("replica", "pg-replica"), ("restore", "pg-restore")] {
        let plan = copying(&docs(), strategy);
        let call = &plan.step(step).expect("the copy is made").call.parameters;
        assert_eq!(call["VpcSecurityGroupIds"], json!(["sg-default-all", "${group-pg.GroupId}"]), "{strategy}");
        let said = [
            ("MultiAZ", json!(true)),
            ("PubliclyAccessible", json!(false)),
            ("DBParameterGroupName", json!("shop16")),
            ("DBInstanceClass", json!("db.t4g.medium")),
            ("StorageType", json!("gp3")),
        ];
        for (key, value) in said {
            assert_eq!(call.get(key), Some(&value), "{strategy}: {key}");
        }
        assert!(!call.contains_key("MasterUserPassword"), "a copy keeps the password of the original");
        assert_eq!(plan.step("pg-protect").expect("it is protected again").call.parameters["DeletionProtection"], true);
    }
}

#[test]
fn an_interruption_of_minutes_is_declared_and_the_old_one_is_kept() {
    for strategy in ["replica", "restore"] {
        let plan = copying(&docs(), strategy);
        let outages = plan.steps.iter().filter(|s| matches!(s.impact, Impact::Outage { .. })).count();
        assert_eq!(outages, 1, "{strategy}");
        let deletes: Vec<_> = plan.steps.iter().filter(|s| s.call.operation.name() == "DeleteDBInstance").collect();
        assert_eq!(deletes.len(), 1, "{strategy}");
        assert!(deletes[0].stage == Stage::Cleanup && matches!(deletes[0].undo, Undo::Irreversible(_)), "{strategy}");
        assert!(deletes[0].call.parameters.contains_key("FinalDBSnapshotIdentifier"), "{strategy}");
    }
}

#[test]
fn a_copy_takes_over_and_gives_back() {
    for strategy in ["replica", "restore"] {
        let docs = docs();
        let plan = copying(&docs, strategy);
        let mut lab = Lab::new(&docs, &plan);
        let start = view_of(&lab.cloud);
        lab.reach(ALL, strategy);
        lab.skip(SOAK_S);
        let now = look(&lab.cloud);
        let public = now.public_subnets();
        let copy = &now.resources[&Id::from("db:pg")];
        assert!(!copy.subnets().iter().any(|s| public.contains(s)) && !copy.facets.publicly_accessible, "{strategy}");
        assert!(
            copy.doc["MultiAZ"] == true && copy.doc["DeletionProtection"] == true && copy.doc["BackupRetentionPeriod"] == 7,
            "{}",
            copy.doc
        );
        assert!(!copy.groups().contains(&Id::from("sg-default-all")), "{strategy}: {:?}", copy.groups());
        let old = &now.resources[&Id::from("db:pg-before")];
        assert!(old.doc["DeletionProtection"] == true && !old.facets.publicly_accessible, "{strategy}: the old one is kept");
        assert_eq!(twice(&lab.cloud), Vec::<String>::new());
        let mut cleaned = lab.fork();
        cleaned.reach(Goal::Forward(Stage::Cleanup), "cleanup");
        assert!(!look(&cleaned.cloud).resources.contains_key(&Id::from("db:pg-before")), "{strategy}");
        lab.reach(Goal::Back(None), "back");
        lab.skip(SOAK_S);
        same(&format!("{strategy}, after the way back"), &start, &view_of(&lab.cloud));
        assert_eq!(made(&lab.cloud), BTreeSet::new());
    }
}

#[test]
fn a_copy_converges_whatever_happens() {
    for strategy in ["replica", "restore"] {
        let docs = docs();
        let plan = copying(&docs, strategy);
        around(&docs, &plan, Stage::Data).converges(&|_, _| ());
    }
}

#[test]
fn what_can_not_be_copied_is_said() {
    let check = |change: &dyn Fn(&mut Value), strategy: &str| {
        let mut docs = docs();
        change(docs.doc("arn:aws:rds:us-east-1:123456789012:db:pg"));
        let blockers = plan_of(&docs, &by(strategy, &["pg"])).blockers;
        assert_eq!(
            blockers.iter().map(|b| (b.code.as_str(), b.resource.as_str())).collect::<Vec<_>>(),
            [("HK0401", "db:pg")],
            "{strategy}"
        );
    };
    check(&|doc| doc["BackupRetentionPeriod"] = json!(0), "replica");
    check(&|doc| doc["Engine"] = json!("sqlserver-se"), "replica");
    check(&|doc| doc["Engine"] = json!("sqlserver-se"), "rotate");
    check(&|doc| doc["Engine"] = json!("custom-oracle-ee"), "restore");
    check(&|doc| doc["ReadReplicaSourceDBInstanceIdentifier"] = json!("other"), "restore");
}

/// What AWS refuses of a copy, by its codes.
#[test]
fn the_simulated_account_refuses_what_a_copy_must_not_do() {
    let mut world = World::resume(docs().account());
    let mut refused = |operation: &str, parameters: Value, code: &str| {
        let outcome = world.call(&Call::new(operation, parameters.clone()));
        let Outcome::Refused(refusal) = outcome else { panic!("{operation} {parameters}: {outcome:?}") };
        assert_eq!(refusal.code, code, "{operation} {parameters}");
    };
    let group = |subnets: &[&str]| json!({ "DBSubnetGroupName": "new", "DBSubnetGroupDescription": "new", "SubnetIds": subnets });
    refused("rds:CreateDBSubnetGroup", group(&["subnet-a"]), "DBSubnetGroupDoesNotCoverEnoughAZs");
    refused("rds:DeleteDBSubnetGroup", json!({ "DBSubnetGroupName": "prod" }), "InvalidDBSubnetGroupStateFault");
    let replica = |name: &str, source: &str, group: &str| json!({ "DBInstanceIdentifier": name, "SourceDBInstanceIdentifier": source, "DBSubnetGroupName": group });
    refused("rds:CreateDBInstanceReadReplica", replica("pg", "pg", "prod"), "DBInstanceAlreadyExists");
    refused("rds:CreateDBInstanceReadReplica", replica("new", "none", "prod"), "DBInstanceNotFound");
    refused("rds:CreateDBInstanceReadReplica", replica("new", "pg", "none"), "DBSubnetGroupNotFoundFault");
    refused("rds:PromoteReadReplica", json!({ "DBInstanceIdentifier": "pg" }), "InvalidDBInstanceState");
    let restore = json!({ "DBInstanceIdentifier": "new", "DBSnapshotIdentifier": "none" });
    refused("rds:RestoreDBInstanceFromDBSnapshot", restore, "DBSnapshotNotFound");
    let taken = json!({ "DBInstanceIdentifier": "pg", "NewDBInstanceIdentifier": "pg" });
    refused("rds:ModifyDBInstance", taken, "DBInstanceAlreadyExists");
}

/// Names are the only keys that these calls have: what a person has under such a name is not adopted, and so not deleted on
/// the way back.
#[test]
fn what_a_person_has_under_the_name_of_a_copy_is_left_alone() {
    let mut docs = docs();
    docs.database("pg-private", "prod", &["b"]);
    let further = format!("{}{}", by("replica", &["pg"]).trim_end_matches("]\n"), ", {name: pg-private, strategy: flip}]\n");
    let plan = plan_of(&docs, &further);
    assert_eq!(plan.blockers, []);
    let mut lab = Lab::new(&docs, &plan);
    let hikkoshi::execute::driver::End::Failed(failed) = lab.go(ALL) else { panic!("it went on") };
    assert_eq!(failed.iter().map(|f| (f.step.as_str(), f.code.as_str())).collect::<Vec<_>>(), [("pg-replica", "HK0505")]);
    lab.reach(Goal::Back(None), "back");
    assert!(lab.cloud.account().resources.contains_key(&Id::from("db:pg-private")), "it is not ours to delete");
}

/// Who makes something whose name is its only key looks first whether the name is free.
#[test]
fn nothing_is_made_under_a_name_that_is_taken() {
    let mut plans = vec![copying(&docs(), "replica"), copying(&docs(), "restore")];
    plans.push(plan_of(&crate::support::account_data::every_cache(), &by("recreate", &["pages", "queue"])));
    plans.push(plan_of(&crate::support::account_data::data(), &by("rotate", &["pg-single", "pg-multi", "aurora"])));
    plans.push(plan_of(&crate::batch::environments(), ""));
    let named = [
        "CreateDBSubnetGroup",
        "CreateDBSnapshot",
        "CreateDBInstance",
        "CreateDBInstanceReadReplica",
        "RestoreDBInstanceFromDBSnapshot",
        "CreateCacheSubnetGroup",
        "CreateSnapshot",
        "CreateCacheCluster",
        "CreateComputeEnvironment",
    ];
    let mut seen = BTreeSet::new();
    for step in plans.iter().flat_map(|plan| &plan.steps).filter(|step| named.contains(&step.call.operation.name())) {
        if step.call.operation.to_string() == "ec2:CreateSnapshot" {
            continue;
        }
        seen.insert(step.call.operation.name().to_owned());
        assert!(step.before.iter().any(|check| check.expect == hikkoshi::model::step::Expect::Absent), "{}", step.id);
    }
    assert_eq!(seen.len(), named.len(), "{seen:?}");
}

/// A password that RDS keeps in Secrets Manager is its instance's: a copy would have the same one, until RDS turns it.
#[test]
fn what_has_its_password_managed_by_rds_is_not_copied() {
    let mut docs = docs();
    docs.doc("arn:aws:rds:us-east-1:123456789012:db:pg")["MasterUserSecret"] =
        json!({ "SecretArn": "arn:aws:secretsmanager:x", "SecretStatus": "active" });
    let of_it = &plan_of(&docs, "").moves[0];
    for strategy in ["replica", "restore"] {
        let one = of_it.rejected.iter().find(|c| c.strategy.name() == strategy).expect("it was weighed");
        assert!(one.impossible && one.reason.contains("Secrets Manager"), "{one:?}");
    }
}
