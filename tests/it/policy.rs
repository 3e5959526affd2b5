//! The IAM policy of a plan: every call that a run makes is allowed by it, there, back and in cleanup; what is not in the
//! plan is not. Judged by AWS's service authorization reference (`support/iam.rs`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use hikkoshi::execute::machine::Goal;
use hikkoshi::kinds::MIGRATION_TAG;
use hikkoshi::model::call::Call;
use hikkoshi::model::inventory::Inventory;
use hikkoshi::model::step::{Stage, Undo};
use hikkoshi::plan::Plan;
use hikkoshi::plan::policy::{Bucket, CHARACTERS_MAX, Part, documents};
use serde_json::{Value, json};

use crate::aws_cli::{planned, story};
use crate::bad_input::Desk;
use crate::support::account::{ACCOUNT, REGION, spine};
use crate::support::iam::{Asked, Context, Question, allowed, list, reference};
use crate::support::lab::{ALL, Disturb, Fate, Lab, plan_of};
use crate::support::source::read;
use crate::support::upset::in_parallel;

fn of(plan: &Plan, inventory: &Inventory, part: Part) -> Vec<Value> {
    documents(plan, inventory, None, part).unwrap_or_else(|unknown| panic!("{unknown:?}"))
}

/// What a run calls.
fn called(lab: &mut Lab<'_>, goal: Goal) -> Vec<Call> {
    let calls = Mutex::new(Vec::new());
    let decide = |_: u64, call: &Call| {
        calls.lock().expect("nobody panics in here").push(call.clone());
        Fate::Pass
    };
    lab.go_with(goal, &Disturb { decide: &decide, ..Disturb::default() });
    calls.into_inner().expect("nobody panics in here")
}

/// Asks of each call whether this part of the policy, with `read`, allows it.
#[track_caller]
fn all_allowed(documents: &[Value], calls: &[Call], asked: &Asked<'_>) -> usize {
    let questions: Vec<(&Call, Question)> =
        calls.iter().flat_map(|call| asked.questions(call).into_iter().map(move |question| (call, question))).collect();
    for (call, question) in &questions {
        assert!(
            allowed(documents, question),
            "{question:#?}\nis not allowed, and is needed for {} {}",
            call.operation,
            json!(call.parameters)
        );
    }
    questions.len()
}

#[test]
fn every_call_of_a_run_is_allowed_there_and_back_and_in_cleanup() {
    let reference = reference();
    in_parallel(planned(), |(docs, plan)| {
        let inventory = docs.inventory();
        let [read, apply, cleanup] = Part::ALL.map(|part| of(plan, &inventory, part));
        let mut lab = Lab::new(docs, plan);
        let before = lab.cloud.account();
        let there = called(&mut lab, ALL);
        let accounts = [before, lab.cloud.account()];
        let asked = Asked { reference: &reference, accounts: &accounts, place: (ACCOUNT, REGION) };
        let applying = [read.clone(), apply].concat();
        let mut count = all_allowed(&applying, &there, &asked);
        let mut back = lab.fork();
        count += all_allowed(&applying, &called(&mut back, Goal::Back(None)), &asked);
        assert!(count > 200, "{count} questions");
        let after = called(&mut lab, Goal::Forward(Stage::Cleanup));
        let changes: Vec<Call> = after.into_iter().filter(|call| !call.operation.is_read()).collect();
        all_allowed(&cleanup, &changes, &asked);
        let no_way_back = |call: &&Call| {
            plan.steps.iter().any(|step| {
                matches!(step.undo, Undo::Irreversible(_))
                    && step.call.operation == call.operation
                    && step.call.parameters == call.parameters
            })
        };
        for change in changes.iter().filter(no_way_back) {
            let questions = asked.questions(change);
            assert!(
                questions.iter().any(|question| !allowed(&applying, question)),
                "apply may do what cleanup is for: {}",
                change.operation
            );
        }
        for change in there.iter().filter(|call| !call.operation.is_read()) {
            assert!(asked.questions(change).iter().any(|question| !allowed(&read, question)), "read may {}", change.operation);
        }
    });
}

/// What is not of the migration is out of reach: the same calls about other things.
#[test]
fn what_is_not_in_the_plan_is_not_allowed() {
    let (docs, reference) = (spine(), reference());
    let plan = plan_of(&docs, "");
    let inventory = docs.inventory();
    let all: Vec<Value> = Part::ALL.iter().flat_map(|part| of(&plan, &inventory, *part)).collect();
    let ask = |action: &str, resource: &str, context: Context| {
        allowed(&all, &Question { action: action.to_owned(), resource: format!("arn:aws:{resource}"), context })
    };
    let at = |resource: &str| format!("ec2:{REGION}:{ACCOUNT}:{resource}");
    let context = |pairs: &[(&str, &str)]| -> Context {
        let region = [("aws:RequestedRegion", REGION)];
        region.iter().chain(pairs).map(|(key, value)| ((*key).to_owned(), vec![(*value).to_owned()])).collect()
    };
    let tag = format!("aws:ResourceTag/{MIGRATION_TAG}");
    let asked_tag = format!("aws:RequestTag/{MIGRATION_TAG}");
    let ours = context(&[(&tag, "shop")]);
    assert!(ask("ec2:DeleteSubnet", &at("subnet/subnet-1"), ours.clone()), "it may delete what it has made");
    let passed = context(&[("iam:PassedToService", "ec2.amazonaws.com")]);
    assert!(ask("iam:PassRole", &format!("iam::{ACCOUNT}:role/app-1"), passed), "a copy gets the profile of the old one");
    for (action, resource, context) in [
        ("ec2:DeleteSubnet", at("subnet/subnet-a"), context(&[])),
        ("ec2:DeleteSubnet", at("subnet/subnet-a"), context(&[(&tag, "another")])),
        ("ec2:DeleteVpc", at("vpc/vpc-shop"), ours.clone()),
        ("ec2:TerminateInstances", at("instance/i-other"), context(&[])),
        ("ec2:StopInstances", at("instance/i-other"), context(&[])),
        ("ec2:AuthorizeSecurityGroupIngress", at("security-group/sg-default-all"), context(&[])),
        ("ec2:CreateSubnet", at("subnet/new"), context(&[])),
        ("ec2:CreateSubnet", at("vpc/vpc-other"), context(&[])),
        ("ec2:CreateTags", at("subnet/subnet-a"), context(&[(&asked_tag, "shop")])),
        ("ec2:CreateTags", at("subnet/subnet-a"), context(&[(&asked_tag, "shop"), ("ec2:CreateAction", "CreateVolume")])),
        ("ec2:DeleteTags", at("subnet/subnet-a"), ours.clone()),
        ("ec2:ReplaceRouteTableAssociation", at("route-table/rtb-other"), context(&[])),
        ("ec2:DescribeSubnets", "*".to_owned(), Context::from([("aws:RequestedRegion".to_owned(), vec!["eu-west-1".to_owned()])])),
        ("rds:ModifyDBInstance", format!("rds:{REGION}:{ACCOUNT}:db:another"), context(&[])),
        ("rds:DeleteDBInstance", format!("rds:{REGION}:{ACCOUNT}:db:pg-single"), context(&[])),
        ("lambda:UpdateFunctionCode", format!("lambda:{REGION}:{ACCOUNT}:function:orders"), context(&[])),
        ("lambda:UpdateFunctionConfiguration", format!("lambda:{REGION}:{ACCOUNT}:function:another"), context(&[])),
        ("iam:PassRole", format!("iam::{ACCOUNT}:role/admin"), context(&[("iam:PassedToService", "ec2.amazonaws.com")])),
        ("iam:PassRole", format!("iam::{ACCOUNT}:role/app-1"), context(&[("iam:PassedToService", "lambda.amazonaws.com")])),
        ("iam:CreateUser", format!("iam::{ACCOUNT}:user/x"), context(&[])),
        (
            "iam:AttachRolePolicy",
            format!("iam::{ACCOUNT}:role/app"),
            context(&[("iam:PolicyARN", "arn:aws:iam::aws:policy/AdministratorAccess")]),
        ),
        ("ssm:SendCommand", at("instance/i-other"), context(&[])),
        ("ssm:SendCommand", format!("ssm:{REGION}::document/AWS-RunPowerShellScript"), context(&[])),
        ("s3:GetObject", "s3:::bucket/key".to_owned(), context(&[])),
        ("secretsmanager:GetSecretValue", "*".to_owned(), context(&[])),
    ] {
        assert!(!ask(action, &resource, context), "{action} on {resource} is allowed");
    }
    // And each change of the plan, about things of which the plan knows nothing.
    let mut lab = Lab::new(&docs, &plan);
    let there = called(&mut lab, ALL);
    let accounts = [lab.cloud.account()];
    let judge = Asked { reference: &reference, accounts: &accounts, place: (ACCOUNT, REGION) };
    for call in there.iter().filter(|call| !call.operation.is_read()) {
        for mut question in judge.questions(call).into_iter().filter(|question| !question.resource.ends_with("/new")) {
            question.resource.push_str("-of-another");
            question.context.retain(|key, _| !key.contains("ResourceTag") && !key.contains("resourceTag") && key != "ec2:Vpc");
            assert!(!allowed(&all, &question), "{question:#?}");
        }
    }
}

/// Each statement is one that AWS takes: actions that exist, resources and condition keys that they know.
#[test]
fn statements_are_of_aws_own_words() {
    let reference = reference();
    let global = |key: &str| key == "aws:RequestedRegion" || key.starts_with("iam:");
    for (docs, plan) in planned() {
        for part in Part::ALL {
            for document in of(plan, &docs.inventory(), part) {
                assert!(document.to_string().chars().count() <= CHARACTERS_MAX);
                assert_eq!(document["Version"], "2012-10-17");
                for statement in document["Statement"].as_array().expect("statements") {
                    let keys: BTreeSet<String> = statement["Condition"]
                        .as_object()
                        .into_iter()
                        .flatten()
                        .flat_map(|(_, keys)| keys.as_object().into_iter().flatten().map(|(key, _)| key.clone()))
                        .collect();
                    for action in list(&statement["Action"]) {
                        let entry = known(&reference, &action);
                        let suits =
                            list(&statement["Resource"]).iter().any(|resource| resource == "*" || types(entry, resource).next().is_some());
                        assert!(suits, "{action} knows none of {}", statement["Resource"]);
                        for key in keys.iter().filter(|key| !global(key)) {
                            let plain = if key.contains('/') {
                                format!("{}/${{TagKey}}", key.split('/').next().unwrap_or_default())
                            } else {
                                key.clone()
                            };
                            let of_resources = list(&statement["Resource"]);
                            let mut of_types = of_resources.iter().flat_map(|resource| types(entry, resource));
                            let known = list(&entry["keys"]).contains(&plain) || of_types.any(|of| list(&of["keys"]).contains(&plain));
                            assert!(known, "{action} knows no condition {key} on {}", statement["Resource"]);
                        }
                    }
                }
            }
        }
    }
}

fn known<'r>(reference: &'r BTreeMap<String, Value>, action: &str) -> &'r Value {
    reference.get(action).unwrap_or_else(|| panic!("there is no action {action}"))
}

/// The types of resources of an action that an ARN can be of.
fn types<'r>(entry: &'r Value, resource: &'r str) -> impl Iterator<Item = &'r Value> {
    let fixed = |arn: &str| -> Vec<String> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let last = parts.last().copied().unwrap_or_default();
        let kind: String = last.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        vec![
            parts.get(2).copied().unwrap_or_default().to_owned(),
            if last.starts_with('$') || last.starts_with('*') { String::new() } else { kind },
        ]
    };
    let all = entry["resources"].as_object().into_iter().flatten();
    all.filter(move |(_, of)| {
        if resource == "*" {
            return true;
        }
        let (known, here) = (fixed(of["arn"].as_str().unwrap_or_default()), fixed(resource));
        known[0] == here[0] && (known[1] == here[1] || known[1].is_empty() || here[1].is_empty())
    })
    .map(|(_, of)| of)
}

#[test]
fn a_team_may_keep_its_journal_and_no_more_of_the_bucket() {
    let docs = spine();
    let plan = plan_of(&docs, "");
    let bucket = Bucket { name: "moves".to_owned(), prefix: "prod/eu".to_owned() };
    let of = |part: Part| documents(&plan, &docs.inventory(), Some(&bucket), part).unwrap_or_else(|unknown| panic!("{unknown:?}"));
    let ask = |part: Part, action: &str, resource: &str, prefix: &str| {
        let context = Context::from([("s3:prefix".to_owned(), vec![prefix.to_owned()])]);
        allowed(&of(part), &Question { action: action.to_owned(), resource: format!("arn:aws:s3:::{resource}"), context })
    };
    for part in Part::ALL {
        assert!(ask(part, "s3:GetObject", "moves/prod/eu/shop/1", "") && ask(part, "s3:PutObject", "moves/prod/eu/shop/1", ""));
        assert!(ask(part, "s3:ListBucket", "moves", "prod/eu/shop/"));
        assert!(!ask(part, "s3:GetObject", "moves/prod/other", "") && !ask(part, "s3:ListBucket", "moves", "prod/"));
        assert!(!ask(part, "s3:PutObject", "moves2/prod/eu/shop/1", "") && !ask(part, "s3:DeleteBucket", "moves", ""));
    }
    assert!(!ask(Part::Read, "s3:DeleteObject", "moves/prod/eu/shop/1", ""), "who looks takes nothing away");
}

#[test]
fn the_command_prints_documents_and_writes_them() {
    let desk = Desk::new();
    let hikkoshi = desk.hikkoshi();
    let inventory: Inventory = serde_json::from_str(&read("plans/story/inventory.json")).expect("an inventory");
    let summary = hikkoshi.run(&["policy", "story"]).expect_code(0).stdout;
    insta::assert_snapshot!("summary", summary);
    let json = hikkoshi.run(&["policy", "story", "--json"]).expect_code(0).json();
    for part in Part::ALL {
        assert_eq!(json[part.name()], json!(of(&story(), &inventory, part)));
    }
    let cleanup = hikkoshi.run(&["policy", "story", "--part", "cleanup"]).expect_code(0).json();
    assert_eq!(json!([cleanup]), json["cleanup"]);
    let wrote = hikkoshi.run(&["policy", "story", "--out", "policies"]).expect_code(0).stdout;
    let files: BTreeSet<String> =
        wrote.split("file://").skip(1).filter_map(|rest| rest.split_whitespace().next().map(str::to_owned)).collect();
    assert_eq!(files.len(), json.as_object().expect("parts").values().map(|part| part.as_array().map_or(0, Vec::len)).sum::<usize>());
    for file in files {
        let text = desk.read(&file);
        serde_json::from_str::<Value>(&text).expect("it is JSON");
    }
    hikkoshi.run(&["policy", "story", "--part", "all"]).expect_code(2);
}
