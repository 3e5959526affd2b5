//! Mistakes with databases.

use hikkoshi::model::call::{Call, Outcome};
use hikkoshi::model::id::Id;
use hikkoshi::model::step::{Stage, Undo};
use hikkoshi::plan::Plan;
use hikkoshi::world::World;
use serde_json::{Value, json};

use crate::support::account::{Docs, spine};
use crate::support::account_data::{by, data, every_cache};
use crate::support::lab::{ALL, Disturb, Fate, Lab, plan_of};

/// Plans of the data tier by each way that it has.
fn plans() -> Vec<Plan> {
    let rotate = by("rotate", &["pg-single", "pg-multi", "aurora"]);
    [String::new(), rotate].iter().map(|further| plan_of(&data(), further)).collect()
}

fn blocked(docs: &Docs, further: &str) -> Vec<String> {
    plan_of(docs, further).blockers.into_iter().map(|blocker| blocker.resource.to_string()).collect()
}

/// Mistake 1: `ModifyDBInstance` with a new subnet group in the same VPC.
#[test]
fn mistake_01_no_instance_is_given_another_subnet_group() {
    for plan in plans() {
        let modifies = plan
            .steps
            .iter()
            .filter(|s| s.call.operation.name().starts_with("ModifyDB") && s.call.operation.name() != "ModifyDBSubnetGroup");
        for step in modifies {
            assert!(!step.call.parameters.contains_key("DBSubnetGroupName"), "{}", step.id);
        }
    }
    let mut world = World::resume(data().account());
    let call = json!({ "DBInstanceIdentifier": "pg-single", "DBSubnetGroupName": "other" });
    let outcome = world.call(&Call::new("rds:ModifyDBInstance", call));
    assert!(matches!(&outcome, Outcome::Refused(refusal) if refusal.code == "InvalidVPCNetworkStateFault"), "{outcome:?}");
}

/// Mistake 2: Two subnets of one zone in the group, and the hope for the private one: RDS takes whichever it likes, and the
/// simulated account takes the one that was there first.
#[test]
fn mistake_02_no_group_ever_holds_two_subnets_of_one_zone() {
    let docs = data();
    let plan = &plans()[1];
    let zone = |subnet: &Value| subnet.as_str().and_then(|s| s.trim_end_matches(".SubnetId}").chars().last()).expect("a zone");
    let changes: Vec<_> = plan.steps.iter().filter(|s| s.call.operation.name() == "ModifyDBSubnetGroup").collect();
    assert_eq!(changes.len(), 2);
    for step in changes {
        let mut zones: Vec<char> = step.call.parameters["SubnetIds"].as_array().expect("a list").iter().map(zone).collect();
        let all = zones.len();
        zones.sort_unstable();
        zones.dedup();
        assert_eq!(zones.len(), all, "{}: {}", step.id, step.call.parameters["SubnetIds"]);
    }
    let mut lab = Lab::new(&docs, plan);
    lab.reach(ALL, "forward");
    let public: Vec<&str> = vec!["subnet-a", "subnet-b", "subnet-c"];
    let account = lab.cloud.account();
    let seats = account.resources.values().filter(|r| r.doc["Description"] == "RDSNetworkInterface");
    let wrong: Vec<_> = seats.filter(|r| r.doc["SubnetId"].as_str().is_some_and(|s| public.contains(&s))).map(|r| r.id.clone()).collect();
    assert_eq!(wrong, Vec::<Id>::new());
}

/// Mistake 3: A failover made again after a timeout fails back.
#[test]
fn mistake_03_a_failover_whose_answer_is_lost_is_not_made_again() {
    let docs = data();
    let plan = &plans()[1];
    let mut lab = Lab::new(&docs, plan);
    let sent = std::sync::Mutex::new(Vec::new());
    let decide = |_: u64, call: &Call| {
        let name = call.operation.name();
        if !["RebootDBInstance", "FailoverDBCluster"].contains(&name) {
            return Fate::Pass;
        }
        sent.lock().expect("nobody panics in here").push(call.parameters.clone());
        Fate::Lose
    };
    lab.go_with(ALL, &Disturb { decide: &decide, ..Disturb::default() });
    lab.reach(ALL, "the answers of all failovers were lost");
    assert_eq!(sent.into_inner().expect("nobody panics in here").len(), 3, "each was sent once");
    let account = lab.cloud.account();
    for name in ["pg-single", "pg-multi"] {
        assert_eq!(account.resources[&Id::new(format!("db:{name}"))].doc["AvailabilityZone"], "us-east-1b", "{name}");
    }
}

/// A failover that never arrived is made, but only after it has been looked for long enough.
#[test]
fn mistake_03_a_failover_that_never_arrived_is_made_in_the_end() {
    let docs = data();
    let plan = &plans()[1];
    let mut lab = Lab::new(&docs, plan);
    let first = std::sync::atomic::AtomicBool::new(true);
    let times = std::sync::Mutex::new(Vec::new());
    let clock = lab.clock.clone();
    let decide = |_: u64, call: &Call| {
        if call.operation.name() != "RebootDBInstance" || call.parameters["DBInstanceIdentifier"] != "pg-multi" {
            return Fate::Pass;
        }
        times.lock().expect("nobody panics in here").push(hikkoshi::clock::Clock::now_ms(&clock));
        if first.swap(false, std::sync::atomic::Ordering::SeqCst) { Fate::Drop } else { Fate::Pass }
    };
    lab.go_with(ALL, &Disturb { decide: &decide, ..Disturb::default() });
    lab.reach(ALL, "forward");
    let times = times.into_inner().expect("nobody panics in here");
    assert_eq!(times.len(), 2);
    assert!(times[1] - times[0] >= 900_000, "made again after {} s", (times[1] - times[0]) / 1000);
}

/// Mistake 4: One database rotates while its siblings share the subnet group; or the group is `default`.
#[test]
fn mistake_04_what_shares_a_subnet_group_rotates_together_or_not_at_all() {
    assert_eq!(blocked(&data(), &by("rotate", &["pg-single"])), ["db:pg-multi", "dbcluster:aurora"]);
    assert_eq!(blocked(&data(), &by("rotate", &["pg-single", "pg-multi", "aurora"])), Vec::<String>::new());
    let mut docs = Docs(spine().0.into_iter().filter(|(kind, _)| !kind.starts_with("db_")).collect());
    docs.0.retain(|(_, doc)| doc["Description"] != "RDSNetworkInterface");
    docs.subnet_group("default", &["a", "b", "c"]);
    docs.database("pg", "default", &["a"]);
    assert_eq!(blocked(&docs, &by("rotate", &["pg"])), ["db:pg"]);
    assert_eq!(blocked(&docs, ""), Vec::<String>::new(), "it flips");
}

/// Primaries in both of two zones hold both public subnets.
#[test]
fn mistake_04_primaries_in_two_zones_are_gathered_first() {
    let mut docs = data();
    let pg = docs.doc("arn:aws:rds:us-east-1:123456789012:db:pg-multi");
    (pg["AvailabilityZone"], pg["SecondaryAvailabilityZone"]) = (json!("us-east-1c"), json!("us-east-1a"));
    let plan = plan_of(&docs, &by("rotate", &["pg-single", "pg-multi", "aurora"]));
    assert_eq!(plan.blockers.iter().map(|b| b.resource.as_str()).collect::<Vec<_>>(), ["dbgroup:prod"]);
    assert!(plan.blockers[0].why.contains("us-east-1a") && plan.blockers[0].why.contains("us-east-1c"), "{}", plan.blockers[0].why);
    assert!(plan.blockers[0].way_out.contains("gather"), "{}", plan.blockers[0].way_out);
}

/// Mistake 5: Outages for databases that need none.
#[test]
fn mistake_05_what_can_flip_is_not_interrupted_unless_a_person_asks() {
    let plan = plan_of(&every_cache(), "");
    for name in ["pg-single", "pg-multi", "aurora", "sessions", "pages", "carts", "queue"] {
        let of_it = plan.moves.iter().find(|m| m.name == name).unwrap_or_else(|| panic!("{name} does not move"));
        assert_eq!((of_it.strategy.name(), of_it.interruption_s), ("flip", 0), "{name}");
    }
}

/// Mistake 24: The old is deleted in the same run, and nothing is kept: what can't be undone is in `cleanup`, asked for by name,
/// and what a rotation deletes comes up again with all that was known of it.
#[test]
fn mistake_24_nothing_of_the_data_tier_goes_for_good_before_cleanup() {
    for plan in plans() {
        for step in plan.steps.iter().filter(|step| step.stage == Stage::Data) {
            assert!(matches!(&step.undo, Undo::Calls(calls) if !calls.is_empty()), "{}", step.id);
        }
    }
    let plan = &plans()[1];
    let delete = plan.step("aurora-aurora-2-delete").expect("a reader goes");
    let Undo::Calls(calls) = &delete.undo else { panic!("no way back") };
    let again = &calls.iter().find(|call| call.operation.name() == "CreateDBInstance").expect("it comes up again").parameters;
    for key in
        ["DBInstanceClass", "PromotionTier", "DBParameterGroupName", "CACertificateIdentifier", "AvailabilityZone", "MonitoringInterval"]
    {
        assert!(again.contains_key(key), "{key} is not restored");
    }
    for name in ["pg-single", "pg-multi"] {
        let snapshot = plan.step(&format!("{name}-snapshot")).expect("a snapshot is made first");
        assert_eq!(snapshot.needs.len(), 0);
    }
}

/// Mistakes 1 and 24 once more: nothing secret is asked for or kept; a copy keeps the password of the original.
#[test]
fn no_plan_of_a_database_holds_a_password() {
    for plan in plans() {
        let text = hikkoshi::plan::format::write(&plan).expect("a plan is YAML");
        for word in ["MasterUserPassword", "AuthToken:", "MasterUserSecret"] {
            assert!(!text.contains(word), "{word}");
        }
    }
}
