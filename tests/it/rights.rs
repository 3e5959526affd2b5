//! What IAM's simulator is asked about a plan, and how its answers are read. That the questions are fair is judged by the
//! policy of the same plan: whoever has it must be told that nothing is missing.

use std::collections::{BTreeMap, BTreeSet};

use hikkoshi::plan::policy::simulator::{Question, Subject, Told, questions};
use hikkoshi::plan::policy::{Bucket, Part, documents};
use serde_json::{Value, json};

use crate::aws_cli::planned;
use crate::support::account::spine;
use crate::support::iam::{self, Context, allowed, list};
use crate::support::lab::plan_of;
use crate::support::upset::in_parallel;

/// Each pair that is needed, as a request that has the question's values, and for which parts it is.
fn pairs<'q>(question: &'q Question, parameters: &Value) -> Vec<(iam::Question, &'q BTreeSet<Part>)> {
    let entry = |entry: &Value| (entry["ContextKeyName"].as_str().unwrap_or_default().to_owned(), list(&entry["ContextKeyValues"]));
    let context: Context = parameters["ContextEntries"].as_array().into_iter().flatten().map(entry).collect();
    let pair = |(action, resource): &(String, String)| iam::Question {
        action: action.clone(),
        resource: resource.clone(),
        context: context.clone(),
    };
    question.needed.iter().map(|(of, parts)| (pair(of), parts)).collect()
}

#[test]
fn whoever_has_the_policy_of_a_plan_is_allowed_all_that_is_asked() {
    in_parallel(planned(), |(docs, plan)| {
        let (inventory, bucket) = (docs.inventory(), Bucket { name: "moves".to_owned(), prefix: String::new() });
        let of = Part::ALL.map(|part| (part, documents(plan, &inventory, Some(&bucket), part).expect("every call is known")));
        let of: BTreeMap<Part, Vec<Value>> = of.into();
        let questions = questions(plan, &inventory, Some(&bucket)).expect("every call is known");
        let mut asked: BTreeSet<(Part, String)> = BTreeSet::new();
        for question in &questions {
            assert!(question.resources.len() <= 20 && question.actions.len() * question.resources.len() <= 100, "{question:?} is too much");
            let parameters = Value::Object(question.parameters(plan, "arn:aws:iam::123456789012:user/sre"));
            assert_eq!((&parameters["ActionNames"], &parameters["ResourceArns"]), (&json!(question.actions), &json!(question.resources)));
            for (pair, parts) in pairs(question, &parameters) {
                assert!(question.actions.contains(&pair.action) && question.resources.contains(&pair.resource));
                for part in parts {
                    assert!(allowed(&of[part], &pair), "{pair:#?}");
                    asked.insert((*part, pair.action.clone()));
                }
            }
        }
        // That the question itself is allowed is seen by its answer.
        let asks = |action: &String| action != "iam:SimulatePrincipalPolicy" && action != "iam:GetRole";
        asked.retain(|(_, action)| asks(action));
        let actions = |document: &Value| {
            document["Statement"].as_array().into_iter().flatten().flat_map(|one| list(&one["Action"])).collect::<Vec<_>>()
        };
        let written =
            of.iter().flat_map(|(part, documents)| documents.iter().flat_map(actions).filter(asks).map(|action| (*part, action))).collect();
        assert_eq!(asked, written, "each action is asked about");
        assert!(questions.len() < 60, "{} questions", questions.len());
    });
}

/// One question, and what is made of an answer.
fn heard(action: &str, resource: &str, results: Value) -> Told {
    let docs = spine();
    let plan = plan_of(&docs, "");
    let of_plan = questions(&plan, &docs.inventory(), None).expect("every call is known");
    let mut question = of_plan.into_iter().next().expect("a plan changes something");
    question.actions = BTreeSet::from([action.to_owned()]);
    question.resources = BTreeSet::from([resource.to_owned()]);
    question.needed = BTreeMap::from([((action.to_owned(), resource.to_owned()), BTreeSet::from([Part::Apply]))]);
    let mut told = Told::of(std::slice::from_ref(&question));
    told.hear(&question, results.as_array().expect("a list"));
    told
}

/// `allowed`, or how it is not.
fn verdict(action: &str, resource: &str, results: Value) -> String {
    let told = heard(action, resource, results);
    match (told.denied.first(), told.unsure.first()) {
        (Some(lack), None) => format!("denied: {}", lack.why),
        (None, Some(lack)) => format!("unsure: {}", lack.why),
        (None, None) if told.allowed.get(&Part::Apply) == Some(&1) => "allowed".to_owned(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_answer_says_who_does_not_allow_it() {
    let (action, on) = ("ec2:CreateSubnet", "arn:aws:ec2:us-east-1:123456789012:subnet/*");
    let alone = |more: Value| {
        let mut result = json!({ "EvalActionName": action, "EvalResourceName": on });
        result.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        json!([result])
    };
    let below = |more: Value| {
        let mut part = json!({ "EvalResourceName": on });
        part.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        json!([{ "EvalActionName": action, "EvalDecision": "explicitDeny", "ResourceSpecificResults": [part] }])
    };
    for (results, expected) in [
        (alone(json!({ "EvalDecision": "allowed" })), "allowed"),
        (below(json!({ "EvalResourceDecision": "allowed" })), "allowed"),
        (alone(json!({ "EvalDecision": "implicitDeny" })), "denied: no policy allows it"),
        (
            below(json!({ "EvalResourceDecision": "explicitDeny", "MatchedStatements": [{ "SourcePolicyId": "guard" }] })),
            "denied: policy guard denies it",
        ),
        (below(json!({ "EvalResourceDecision": "explicitDeny" })), "denied: a policy denies it"),
        (
            alone(json!({ "EvalDecision": "implicitDeny", "OrganizationsDecisionDetail": { "AllowedByOrganizations": false } })),
            "denied: a service control policy of the organization does not allow it",
        ),
        (
            below(
                json!({ "EvalResourceDecision": "implicitDeny", "PermissionsBoundaryDecisionDetail": { "AllowedByPermissionsBoundary": false } }),
            ),
            "denied: the permissions boundary does not allow it",
        ),
        (
            below(json!({ "EvalResourceDecision": "implicitDeny", "MissingContextValues": ["aws:MultiFactorAuthPresent"] })),
            "unsure: it depends on aws:MultiFactorAuthPresent, which is not known beforehand",
        ),
        (
            below(json!({ "EvalResourceDecision": "implicitDeny", "MissingContextValues": ["aws:ResourceTag/hikkoshi:migration"] })),
            "denied: no policy allows it",
        ),
        (json!([]), "unsure: IAM's simulator did not answer"),
        (json!([{ "EvalActionName": "ec2:CreateVpc", "EvalDecision": "allowed" }]), "unsure: IAM's simulator did not answer"),
    ] {
        assert_eq!(verdict(action, on, results.clone()), expected, "{results:#}");
    }
    // Whom a key, a bucket or an unknown role lets in is not in the caller's policies.
    for (action, on) in [
        ("kms:CreateGrant", "arn:aws:kms:us-east-1:123456789012:key/1"),
        ("s3:PutObject", "arn:aws:s3:::moves/*"),
        ("iam:PassRole", "arn:aws:iam::123456789012:role/*"),
        (
            "iam:CreateServiceLinkedRole",
            "arn:aws:iam::123456789012:role/aws-service-role/natgateway.amazonaws.com/AWSServiceRoleForNATGateway",
        ),
        ("autoscaling:UpdateAutoScalingGroup", "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:*:autoScalingGroupName/web"),
        ("rds:CreateDBInstance", "arn:aws:rds:us-east-1:123456789012:pg:*"),
        ("ec2:CreateTags", "arn:aws:ec2:us-east-1:123456789012:*"),
        ("ec2:RunInstances", "*"),
    ] {
        let said = verdict(action, on, json!([{ "EvalActionName": action, "EvalDecision": "implicitDeny" }]));
        assert!(said.starts_with("unsure: "), "{action}: {said}");
        let said = verdict(action, on, json!([{ "EvalActionName": action, "EvalDecision": "explicitDeny" }]));
        assert_eq!(said, "denied: a policy denies it");
    }
    let untold = heard(action, on, alone(json!({ "EvalDecision": "allowed", "MissingContextValues": ["aws:SourceIp"] })));
    assert_eq!((untold.untold, untold.denied.len()), (BTreeSet::from(["aws:SourceIp".to_owned()]), 0));
}

#[test]
fn it_is_asked_about_the_user_or_role_behind_the_caller() {
    let of = |arn: &str| Subject::of(arn);
    assert_eq!(of("arn:aws:iam::1:user/ops/mika"), Subject::Of("arn:aws:iam::1:user/ops/mika".to_owned()));
    assert_eq!(
        of("arn:aws:sts::1:assumed-role/AWSReservedSSO_Admin_1/mika@example.com"),
        Subject::Role("AWSReservedSSO_Admin_1".to_owned())
    );
    for nobody in ["arn:aws:iam::1:root", "arn:aws:sts::1:federated-user/mika", "arn:aws:sts::1:user/moto", "mika", ""] {
        assert!(matches!(of(nobody), Subject::Nobody(_)), "{nobody}");
    }
}
