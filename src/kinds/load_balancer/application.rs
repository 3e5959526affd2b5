//! An application load balancer: `SetSubnets` brings it into other subnets of its zones at once (two zones at least).
//! New nodes come up, the old ones leave within minutes.

use serde_json::{Value, json};

use super::{NODES_S, into_words, is_facing, serves, stage};
use crate::kinds::build::{check, filter, step, undo_and_wait, wait};
use crate::model::path;
use crate::model::resource::Resource;
use crate::model::step::{Check, Expect, Impact, Step, Wait};
use crate::model::strategy::{Candidate, Scene, Strategy};

/// The strategies, the preferred one first.
pub(super) fn candidates(resource: &Resource) -> Vec<Candidate> {
    let facing = is_facing(resource);
    let stay = if facing {
        "it serves the internet; where its subnet turns private it moves to a new public one first"
    } else {
        "it is internal: nothing needs it in a public subnet"
    };
    let stay = Candidate::new(Strategy::Stay, stay).takes(NODES_S).impossible(!facing);
    let flip =
        if facing { "the internet could not reach it any more" } else { "its nodes stay; only the route table of their subnets changes" };
    let flip = Candidate::new(Strategy::Flip, flip).takes(5).impossible(facing);
    let relocate = if facing {
        "the internet could not reach it in private subnets"
    } else {
        "its name keeps, its addresses change; connections to old nodes are drained"
    };
    let relocate = Candidate::new(Strategy::Relocate, relocate).takes(NODES_S).impossible(facing);
    if facing { vec![stay, flip, relocate] } else { vec![flip, relocate, stay] }
}

/// The step that brings it into its new subnets.
pub(super) fn step_of(resource: &Resource, scene: &Scene<'_>, new: &[Value]) -> Step {
    let name = &resource.name;
    let arn = resource.doc["LoadBalancerArn"].clone();
    let old: Vec<Value> = resource.subnets().iter().map(|subnet| json!(subnet.as_str())).collect();
    let tail = path::text(&resource.doc, "LoadBalancerArn").rsplit('/').next().unwrap_or_default();
    let gone = |what: &str, subnets: &[Value]| -> Wait {
        let filters =
            json!({ "Filters": [filter("description", &[json!(format!("ELB app/{name}/{tail}"))]), filter("subnet-id", subnets)] });
        wait(check(what, "ec2:DescribeNetworkInterfaces", filters, "NetworkInterfaces[].NetworkInterfaceId", Expect::Absent), NODES_S, 3600)
    };
    let kept = |subnets: &[Value], others: &[Value]| subnets.iter().filter(|s| !others.contains(s)).cloned().collect::<Vec<_>>();
    let at = |what: &str, subnets: &[Value]| -> Check {
        let one = json!({ "LoadBalancerArns": [arn] });
        check(
            what,
            "elasticloadbalancing:DescribeLoadBalancers",
            one,
            "LoadBalancers[].AvailabilityZones[].SubnetId",
            Expect::SameSet(subnets.to_vec()),
        )
    };
    let call = |subnets: &[Value]| json!({ "LoadBalancerArn": arn, "Subnets": subnets });
    let draft = step(format!("{}-subnets", scene.slug), stage(resource), scene.slug, format!("Move {name} into {}", into_words(resource)))
        .before(at("it is in the subnets seen at planning", &old))
        .call("elasticloadbalancing:SetSubnets", call(new))
        .settled_by(at("it is in the new subnets", new))
        .wait(gone("its old nodes are gone", &kept(&old, new)))
        .impact(Impact::Brief {
            seconds: 60,
            what: "its addresses change; DNS answers live 60 s, connections to old nodes are drained".to_owned(),
        })
        .undo(vec![undo_and_wait(
            "elasticloadbalancing:SetSubnets",
            call(&old),
            at("it is back in its old subnets", &old),
            vec![gone("its nodes have left the new subnets", &kept(new, &old))],
        )]);
    serves(resource, scene).into_iter().fold(draft, |draft, wait| draft.wait(wait)).done()
}
