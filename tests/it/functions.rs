//! Functions by their versions and aliases: what calls an alias moves too.

use hikkoshi::execute::driver::End;
use hikkoshi::execute::machine::Goal;
use hikkoshi::kinds::kind;
use hikkoshi::model::call::{Call, Outcome};
use hikkoshi::model::id::Id;
use hikkoshi::model::step::{Stage, Step};
use hikkoshi::plan::Plan;
use hikkoshi::world::World;
use serde_json::{Value, json};

use crate::simulation::{crashes, faults_back, faults_there};
use crate::support::account::{Docs, look, spine};
use crate::support::account_access::{function_alone, released};
use crate::support::lab::{ALL, Lab, plan_of};
use crate::support::view::{same, twice, view_of};

#[track_caller]
fn step<'p>(plan: &'p Plan, id: &str) -> &'p Step {
    plan.step(id).unwrap_or_else(|| panic!("no step {id} among {:?}", plan.steps.iter().map(|s| &s.id).collect::<Vec<_>>()))
}

fn alias(lab: &Lab<'_>) -> (String, Value) {
    let doc = look(&lab.cloud).resources[&Id::from("function:orders")].doc.clone();
    let one = &doc["Aliases"][0];
    (one["FunctionVersion"].as_str().unwrap_or_default().to_owned(), one["RoutingConfig"].clone())
}

#[test]
fn an_alias_follows_by_a_published_version_a_trial_and_two_shifts() {
    let plan = plan_of(&released(), "");
    let chain = ["orders-update", "orders-publish", "orders-smoke", "orders-live-tenth", "orders-live-whole"];
    for pair in chain.windows(2) {
        assert!(step(&plan, pair[1]).needs.iter().any(|need| need.step == pair[0]), "{} needs {}", pair[1], pair[0]);
    }
    let publish = step(&plan, "orders-publish");
    assert_eq!(publish.call.parameters["CodeSha256"], "sha-3", "nothing is released that was not");
    assert!(publish.call.parameters["Description"].as_str().is_some_and(|d| d.contains("shop") && d.contains("orders-publish")));
    let smoke = step(&plan, "orders-smoke");
    assert_eq!(smoke.call.parameters["InvocationType"], "DryRun");
    assert!(smoke.title.contains("does not run"), "{}", smoke.title);
    let weights = &step(&plan, "orders-live-tenth").call.parameters["RoutingConfig"]["AdditionalVersionWeights"];
    assert_eq!(*weights, json!({ "${orders-publish.Version}": 0.1 }), "the new version, by whatever number it gets");
    assert!(plan.step("billing-publish").is_none(), "who has no alias to a version has nothing to publish");
    let mut lab = Lab::new(&released(), &plan);
    let start = view_of(&lab.cloud);
    lab.reach(ALL, "forward");
    assert_eq!(alias(&lab), ("4".to_owned(), Value::Null));
    assert_eq!(twice(&lab.cloud), Vec::<String>::new());
    lab.reach(Goal::Back(None), "back");
    lab.skip(7200);
    same("back", &start, &view_of(&lab.cloud));
}

#[test]
fn a_disturbed_move_of_an_alias_comes_to_the_same_end() {
    let docs = function_alone();
    let plan = plan_of(&docs, "");
    assert!(faults_there(&docs, &plan, &[Stage::Stateless]) >= 20);
    faults_back(&docs, &plan, &[Stage::Stateless]);
    crashes(&docs, &plan, &[Stage::Stateless]);
}

#[test]
fn a_payload_runs_the_new_version_and_an_error_stops_before_the_alias() {
    let mut docs = function_alone();
    docs.doc("orders")["Fails"] = json!(true);
    let further = "workloads: [{name: orders, smoke: {payload: {probe: true}}}]";
    let plan = plan_of(&docs, further);
    let smoke = step(&plan, "orders-smoke");
    assert_eq!(smoke.call.parameters["InvocationType"], "RequestResponse");
    assert_eq!(smoke.call.parameters["Payload"], json!("{\"probe\":true}"));
    let mut lab = Lab::new(&docs, &plan);
    let start = view_of(&lab.cloud);
    let End::Failed(failed) = lab.go(ALL) else { panic!("it went on") };
    assert_eq!(failed.iter().map(|f| (f.step.as_str(), f.code.as_str())).collect::<Vec<_>>(), [("orders-smoke", "HK0504")]);
    assert_eq!(alias(&lab).0, "3");
    lab.reach(Goal::Back(None), "back");
    lab.skip(7200);
    same("back", &start, &view_of(&lab.cloud));
}

#[test]
fn provisioned_concurrency_takes_no_weights_and_is_waited_for() {
    let mut docs = function_alone();
    let config = json!([{ "FunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:orders:live", "RequestedProvisionedConcurrentExecutions": 5 }]);
    docs.doc("orders")["ProvisionedConcurrencyConfigs"] = config;
    let plan = plan_of(&docs, "");
    assert!(plan.step("orders-live-tenth").is_none());
    let whole = step(&plan, "orders-live-whole");
    assert_eq!(whole.wait[0].until.operation.to_string(), "lambda:GetProvisionedConcurrencyConfig");
    let mut lab = Lab::new(&docs, &plan);
    let start = view_of(&lab.cloud);
    lab.reach(ALL, "forward");
    lab.reach(Goal::Back(None), "back");
    lab.skip(7200);
    same("back", &start, &view_of(&lab.cloud));
}

#[test]
fn what_would_release_something_else_stands_in_the_way() {
    let mut docs = function_alone();
    docs.doc("orders")["Versions"][0]["Unlike"] = json!(["CodeSha256"]);
    let plan = plan_of(&docs, "");
    let blockers: Vec<_> = plan.blockers.iter().map(|b| (b.code.as_str(), b.why.contains("publishing would release"))).collect();
    assert_eq!(blockers, [("HK0401", true)]);
    let mut docs = function_alone();
    docs.doc("orders")["Aliases"][0]["RoutingConfig"] = json!({ "AdditionalVersionWeights": { "2": 0.5 } });
    assert!(plan_of(&docs, "").blockers[0].why.contains("shift"));
}

/// One listing tells of all versions; aliases are read where there are versions, nowhere else.
#[test]
fn versions_cost_no_read_of_their_own() {
    let reads = |docs: &Docs| {
        let plan = plan_of(&spine(), "");
        let lab = Lab::new(docs, &plan);
        look(&lab.cloud);
        let made = hikkoshi::cloud::Cloud::requests(&lab.cloud);
        ["ListFunctions", "ListVersionsByFunction", "ListAliases"].map(|name| made.get(&format!("lambda:{name}")).copied().unwrap_or(0))
    };
    assert_eq!(reads(&spine()), [1, 0, 0]);
    assert_eq!(reads(&released()), [1, 0, 1]);
}

#[test]
fn listed_versions_become_part_of_their_function() {
    let kind = kind("lambda_function").expect("it is registered");
    let config = |subnet: &str| json!({ "VpcId": "vpc-shop", "SubnetIds": [subnet], "SecurityGroupIds": ["sg-old"] });
    let doc = |version: &str, sha: &str, subnet: &str| {
        json!({ "FunctionName": "f", "Version": version, "CodeSha256": sha, "MemorySize": 128,
        "VpcConfig": config(subnet), "Environment": { "Variables": { "PASSWORD": "secret" } } })
    };
    let mut changed = doc("3", "new", "subnet-b");
    changed["Environment"]["Variables"]["PASSWORD"] = json!("former");
    let gathered = kind.gather(vec![doc("$LATEST", "new", "subnet-a"), doc("1", "old", "subnet-b"), doc("2", "new", "subnet-b"), changed]);
    assert_eq!(gathered.len(), 1);
    assert_eq!(gathered[0]["Versions"][0]["Unlike"], json!(["CodeSha256"]));
    assert_eq!(gathered[0]["Versions"][1]["Unlike"], json!([]));
    assert_eq!(gathered[0]["Versions"][2]["Unlike"], json!(["Environment"]), "publishing would release the new one");
    let resource = kind.parse(&gathered[0].clone().into(), &Id::from("vpc-shop")).expect("it is in the VPC");
    assert!(!serde_json::to_string(&resource).expect("JSON").contains("PASSWORD"), "an environment is never kept");
    assert_eq!(
        kind.gather(vec![serde_json::Value::clone(&resource.doc)]),
        vec![serde_json::Value::clone(&resource.doc)],
        "what is put together stays together"
    );
    assert!(resource.facets.uses.iter().any(|(id, because)| id.as_str() == "sg-old" && because.contains("version 1")));
}

#[test]
fn the_simulated_account_refuses_what_lambda_refuses() {
    let mut world = World::resume(function_alone().account());
    let mut call = |operation: &str, more: Value| {
        let mut parameters = json!({ "FunctionName": "orders" });
        parameters.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
        match world.call(&Call::new(operation, parameters)) {
            Outcome::Done(_) => "done".to_owned(),
            Outcome::Refused(refusal) => refusal.code,
            Outcome::Unknown(why) => panic!("{operation}: {why}"),
        }
    };
    assert_eq!(call("lambda:DeleteFunction", json!({})), "MissingParameter", "a function is never deleted whole");
    assert_eq!(call("lambda:DeleteFunction", json!({ "Qualifier": "3" })), "ResourceConflictException", "an alias uses it");
    assert_eq!(call("lambda:PublishVersion", json!({ "CodeSha256": "other" })), "InvalidParameterValueException");
    assert_eq!(call("lambda:UpdateAlias", json!({ "Name": "live", "FunctionVersion": "9" })), "ResourceNotFoundException");
    assert_eq!(call("lambda:UpdateAlias", json!({ "Name": "none", "FunctionVersion": "3" })), "ResourceNotFoundException");
    assert_eq!(call("lambda:UpdateAlias", json!({ "Name": "live", "RevisionId": "old" })), "PreconditionFailedException");
    let twice = json!({ "Name": "live", "FunctionVersion": "3", "RoutingConfig": { "AdditionalVersionWeights": { "3": 0.5 } } });
    assert_eq!(call("lambda:UpdateAlias", twice), "InvalidParameterValueException");
    let config = json!({ "VpcConfig": { "SubnetIds": ["subnet-a"], "SecurityGroupIds": ["sg-alb"] } });
    assert_eq!(call("lambda:UpdateFunctionConfiguration", config), "done");
    assert_eq!(call("lambda:PublishVersion", json!({})), "ResourceConflictException", "an update is in progress");
}

/// `VpcConfig` is replaced whole: what is not said of IPv6 is off. It stays where the subnets stay, and comes back with them.
#[test]
fn a_function_with_ipv6_has_it_again_after_the_way_back() {
    let mut docs = function_alone();
    docs.doc("orders")["VpcConfig"]["Ipv6AllowedForDualStack"] = json!(true);
    let allowed =
        |lab: &Lab<'_>| lab.cloud.account().resources[&Id::from("function:orders")].doc["VpcConfig"]["Ipv6AllowedForDualStack"].clone();
    for (further, there) in [("", false), ("workloads: [{name: orders, strategy: flip}]", true)] {
        let plan = plan_of(&docs, further);
        let mut lab = Lab::new(&docs, &plan);
        lab.reach(ALL, "forward");
        assert_eq!(allowed(&lab), json!(there), "{further}");
        lab.reach(Goal::Back(None), "back");
        assert_eq!(allowed(&lab), json!(true), "{further}");
    }
}

/// Each state of a shift shows itself by something that is there: an answer from before the tenth must not look like one from
/// after the whole (a storm of `cargo bench --bench rehearsal -- storms 1710..1711` found it).
#[test]
fn an_old_answer_about_an_alias_is_never_taken_for_a_later_state() {
    let plan = plan_of(&released(), "");
    let (before, tenth) = (
        json!({ "FunctionVersion": "3" }),
        json!({ "FunctionVersion": "3", "RoutingConfig": { "AdditionalVersionWeights": { "4": 0.1 } } }),
    );
    let after = json!({ "FunctionVersion": "4" });
    let find = |_: &str, output: &str| (output == "Version").then(|| json!("4"));
    let shows = |id: &str, answer: &serde_json::Value| {
        let probe = &step(&plan, id).call.probe;
        let path = hikkoshi::model::step::resolve_path(&probe.path, &find).expect("a path");
        let expect = hikkoshi::model::look::resolved(&probe.expect, &find).expect("an expectation");
        expect.holds(&hikkoshi::model::path::select(answer, &path))
    };
    assert_eq!([&before, &tenth, &after].map(|answer| shows("orders-live-tenth", answer)), [false, true, false]);
    assert_eq!([&before, &tenth, &after].map(|answer| shows("orders-live-whole", answer)), [false, false, true]);
    // The way back goes to the old version at once: an answer from before it, which shows no weight either, is then right.
    let hikkoshi::model::step::Undo::Calls(back) = &step(&plan, "orders-live-whole").undo else { panic!("there is a way back") };
    assert_eq!(back[0].parameters["RoutingConfig"]["AdditionalVersionWeights"], json!({}));
}
