//! What stacks and controllers own is found by its tags, and warned about before the plan is carried out: whoever owns it
//! would put it back.

use serde_json::{Value, json};

use crate::support::account::{Docs, from_cidr, network};
use crate::support::lab::plan_of;

fn tagged(tags: &[(&str, &str)]) -> Docs {
    let mut docs = network(&["a"]);
    docs.security();
    docs.instance("web", "a", &["sg-default-all"]);
    tag(&mut docs, "i-web", tags);
    docs
}

fn tag(docs: &mut Docs, id: &str, tags: &[(&str, &str)]) {
    let own = docs.doc(id)["Tags"].as_array().cloned().unwrap_or_default();
    let more = tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value }));
    docs.doc(id)["Tags"] = own.into_iter().chain(more).collect::<Vec<Value>>().into();
}

/// The warnings of owners.
fn warned(docs: &Docs) -> Vec<String> {
    plan_of(docs, "").warnings.into_iter().filter(|text| text.contains(" owns ")).collect()
}

#[track_caller]
fn check(tags: &[(&str, &str)], begins: &str, says: &str) {
    let found = warned(&tagged(tags));
    let [one] = found.as_slice() else { panic!("{tags:?}: {found:#?}") };
    assert!(one.starts_with(begins) && one.contains(says), "{tags:?}: {one}");
}

#[test]
fn who_owns_a_thing_is_told_with_what_to_do() {
    let stack = [("aws:cloudformation:stack-name", "shop-web"), ("aws:cloudformation:logical-id", "WebServer")];
    check(
        &stack,
        "CloudFormation stack shop-web owns web (WebServer): its next update may put them back as they were",
        "DeletionPolicy: Retain",
    );
    let id = [("aws:cloudformation:stack-id", "arn:aws:cloudformation:us-east-1:1:stack/shop/1")];
    check(&id, "CloudFormation stack arn:aws:cloudformation:us-east-1:1:stack/shop/1 owns web", "detect-stack-drift");
    // An environment of Elastic Beanstalk has a stack below it; who changes the stack is the environment.
    let beanstalk = [("elasticbeanstalk:environment-name", "shop-prod"), ("aws:cloudformation:stack-name", "awseb-e-x-stack")];
    check(&beanstalk, "Elastic Beanstalk environment shop-prod owns web", "aws:ec2:vpc");
    check(&[("eks:cluster-name", "blue")], "EKS cluster blue owns web", "node group");
    check(&[("kubernetes.io/cluster/blue", "owned")], "EKS cluster blue owns web", "controllers");
    check(&[("aws:servicecatalog:provisionedProductArn", "arn:x")], "Service Catalog product arn:x owns web", "Update the product");
    check(&[("aws:elasticmapreduce:job-flow-id", "j-1")], "EMR cluster j-1 owns web", "next one in a private subnet");
    check(&[("managed-by", "terraform")], "Terraform (by its tags) owns web", "hikkoshi export terraform");
}

#[test]
fn what_nobody_owns_is_not_warned_about() {
    for tags in
        [&[("team", "web")][..], &[("terraform", "false")], &[("kubernetes.io/cluster/blue", "shared")], &[("eks:cluster-name", "")]]
    {
        assert_eq!(warned(&tagged(tags)), Vec::<String>::new(), "{tags:?}");
    }
    // A bucket of tags on what the plan only names: the VPC, a group that nothing changes.
    let mut docs = tagged(&[]);
    tag(&mut docs, "sg-alb", &[("aws:cloudformation:stack-name", "net")]);
    assert_eq!(warned(&docs), Vec::<String>::new());
}

/// Not only what moves: a subnet that turns, a group that is deleted, a database.
#[test]
fn whatever_the_plan_changes_counts() {
    let mut docs = network(&["a"]);
    docs.security();
    docs.group("old", vec![from_cidr("tcp", 80, "10.0.0.0/16"), from_cidr("tcp", 22, "0.0.0.0/0")]);
    docs.instance("web", "a", &["sg-old"]);
    docs.subnet_group("one", &["a"]);
    docs.database("pg", "one", &["a"]);
    for id in ["subnet-a", "sg-old"] {
        tag(&mut docs, id, &[("aws:cloudformation:stack-name", "net")]);
    }
    tag(&mut docs, "i-web", &[("aws:cloudformation:stack-name", "access")]);
    let found = warned(&docs);
    let of = |stack: &str| {
        found.iter().find(|text| text.starts_with(&format!("CloudFormation stack {stack} owns "))).cloned().unwrap_or_default()
    };
    assert!(of("net").contains("prod-public-a") && of("net").contains("old"), "{found:#?}");
    assert!(of("access").contains("web"), "{found:#?}");
    assert_eq!(found.len(), 2, "one warning for each owner");
}

/// An instance of an Auto Scaling group is not moved by itself, so that nothing of it is put back.
#[test]
fn an_instance_of_a_scaling_group_is_left_to_it() {
    let docs = tagged(&[("aws:autoscaling:groupName", "workers"), ("aws:cloudformation:stack-name", "shop")]);
    let plan = plan_of(&docs, "");
    assert!(plan.moves.iter().all(|one| one.name != "web"), "{:?}", plan.moves);
    assert_eq!(warned(&docs), Vec::<String>::new());
}

/// A stack of a thousand things is one line.
#[test]
fn many_names_are_some_and_a_number() {
    let mut docs = network(&["a"]);
    docs.security();
    for n in 0..12 {
        docs.instance(&format!("web-{n:02}"), "a", &["sg-default-all"]);
        tag(&mut docs, &format!("i-web-{n:02}"), &[("aws:cloudformation:stack-name", "shop")]);
    }
    let found = warned(&docs);
    assert!(found.len() == 1 && found[0].contains("web-00, web-01") && found[0].contains(" and 4 more"), "{found:#?}");
}
