//! Traffic that changes its address, the gate before it, what it all costs, and whole plans side by side.

use hikkoshi::execute::driver::End;
use hikkoshi::execute::machine::{Goal, Machine};
use hikkoshi::journal::Body;
use hikkoshi::model::step::Stage;
use hikkoshi::plan::compare::compare;
use hikkoshi::plan::cost::dollars;
use hikkoshi::plan::{intent, plan_seen};

use crate::known_flows::seen;
use crate::support::account::{from_cidr, network, spine};
use crate::support::lab::{ALL, Disturb, Lab, head, plan_of};

#[test]
fn old_and_new_addresses_are_in_the_plan() {
    let plan = plan_of(&spine(), "");
    let of = |name: &str| plan.egress.iter().find(|one| one.name == name).unwrap_or_else(|| panic!("no egress of {name}"));
    assert_eq!(of("bastion").new, ["${eip-nat-a.PublicIp}"]);
    assert_eq!(of("bastion").old.len(), 1, "its elastic IP");
    assert_eq!(of("orders").old, Vec::<String>::new(), "a function has no fixed address");
    assert_eq!(of("orders").new, ["${eip-nat-a.PublicIp}", "${eip-nat-b.PublicIp}", "${eip-nat-c.PublicIp}"]);
    assert!(plan.egress.iter().all(|one| one.name != "app"), "what stays public keeps its addresses");
    let single = plan_of(&spine(), "nat: single");
    assert!(single.egress.iter().all(|one| one.new == ["${eip-nat.PublicIp}"]));
}

#[test]
fn a_person_is_asked_before_the_first_move() {
    let plan = plan_of(&spine(), "");
    let gate = &plan.gates[0];
    assert_eq!((gate.id.as_str(), gate.before), ("allow-lists", Stage::Stateless));
    let docs = spine();
    let mut lab = Lab::new(&docs, &plan);
    let end = lab.go_with(ALL, &Disturb { ask: &|_, _| false, ..Disturb::default() });
    assert!(matches!(&end, End::Gate(id) if id == "allow-lists"), "{end:?}");
    let machine = Machine::replay(&plan, &lab.records);
    assert_eq!(machine.current_stage(), Some(Stage::Stateless));
    assert!(plan.steps_of(Stage::Stateless).all(|step| !machine.is_begun(&step.id)));
    lab.reach(ALL, "asked again, and answered with yes");
    let asked = lab.records.iter().filter(|record| matches!(record.body, Body::Confirmed { .. })).count();
    assert_eq!(asked, 1);
    // After a rollback through the foundation the addresses are others, and it is asked again.
    lab.reach(Goal::Back(None), "back");
    assert_eq!(Machine::replay(&plan, &lab.records).gate(Stage::Stateless).map(|gate| gate.id.as_str()), Some("allow-lists"));
}

#[test]
fn whoever_is_called_by_a_public_address_is_named() {
    let mut docs = network(&["a"]);
    docs.security();
    docs.instance("web", "a", &["sg-default-all"]);
    let ip = docs.inventory().resources.values().find_map(|r| (r.name == "web").then(|| r.facets.public_addresses[0].ip.clone()));
    let ip = ip.expect("it has a public address");
    docs.group("partner", vec![from_cidr("tcp", 443, &format!("{ip}/32"))]);
    let plan = plan_of(&docs, "");
    let told = plan.warnings.iter().any(|warning| warning.contains(&format!("lets in {ip}, the public address of web")));
    assert!(told, "{:#?}", plan.warnings);
}

#[test]
fn the_bill_counts_what_is_made_and_what_goes() {
    let plan = plan_of(&spine(), "endpoints: {gateway: [s3], interface: [ssm]}");
    let line = |what: &str| plan.cost.lines.iter().find(|line| line.what.starts_with(what)).map(|line| (line.count, line.cents_month));
    assert_eq!(line("NAT gateways"), Some((3, 3 * 3285)));
    assert_eq!(line("elastic IPs"), Some((3, 3 * 365)));
    assert_eq!(line("interface endpoints"), Some((3, 3 * 730)));
    let (gone, _) = line("public addresses").expect("public addresses go");
    assert!(gone < 0);
    assert_eq!(plan.cost.cents_month, plan.cost.lines.iter().map(|line| line.cents_month).sum::<i64>());
    assert!(plan.cost.cents_month > 0, "{}", dollars(plan.cost.cents_month));
    let single = plan_of(&spine(), "nat: single");
    assert!(single.cost.cents_month < plan_of(&spine(), "").cost.cents_month);
}

#[test]
fn whole_plans_side_by_side() {
    let docs = spine();
    let intent = intent::parse(&head()).unwrap_or_else(|problem| panic!("{problem}"));
    let all = compare(&intent, &docs.inventory(), None).unwrap_or_else(|problem| panic!("{problem}"));
    let [chosen, flip, moved] = all.as_slice() else { panic!("{all:#?}") };
    let count = |one: &hikkoshi::plan::compare::Alternative, name: &str| {
        one.strategies.iter().find(|(strategy, _)| strategy == name).map_or(0, |(_, count)| *count)
    };
    assert!(count(flip, "flip") > count(chosen, "flip"), "{all:#?}");
    assert_eq!(count(flip, "relocate"), 0);
    assert!(count(moved, "flip") <= count(chosen, "flip"));
    assert!(chosen.interruption_s <= moved.interruption_s, "the mix interrupts least: {all:#?}");
    assert!(all.iter().all(|one| one.steps > 0 && one.duration_s > 0));
}

#[test]
fn whole_plans_side_by_side_know_what_logs_show() {
    let (docs, logs) = (spine(), seen(14, &[]));
    let (intent, inventory) = (intent::parse(&head()).unwrap_or_else(|problem| panic!("{problem}")), docs.inventory());
    let steps = |seen| compare(&intent, &inventory, seen).unwrap_or_else(|problem| panic!("{problem}"))[0].steps;
    let plan = plan_seen(&intent, &inventory, Some((&logs, "hash")), "", "").unwrap_or_else(|problem| panic!("{problem}"));
    assert_eq!(steps(Some(&logs)), plan.steps.iter().filter(|step| step.stage != Stage::Cleanup).count());
    assert!(steps(Some(&logs)) < steps(None), "what was not seen gets no rule");
}

#[test]
fn private_subnets_are_large_enough_for_what_moves_in() {
    let crowded = |range: &str| {
        let mut docs = network(&["a"]);
        docs.security();
        docs.doc("vpc-shop")["CidrBlock"] = range.into();
        docs.doc("vpc-shop")["CidrBlockAssociationSet"] =
            serde_json::json!([{ "CidrBlock": range, "CidrBlockState": { "State": "associated" } }]);
        for at in 0..130 {
            docs.instance(&format!("web-{at}"), "a", &["sg-alb"]);
        }
        plan_of(&docs, "")
    };
    let plan = crowded("10.0.0.0/16");
    let private = plan.subnets.iter().find(|subnet| subnet.what == "new private").expect("a private subnet");
    assert!(private.cidr.ends_with("/23"), "130 instances, twice at the peak: {}", private.cidr);
    assert!(plan.warnings.iter().any(|warning| warning.contains("276 addresses are needed")), "{:#?}", plan.warnings);
    let plan = crowded("10.0.0.0/23");
    assert!(plan.blockers.iter().any(|b| b.code == "HK0404" && b.why.contains("276 are needed")), "{:#?}", plan.blockers);
}

#[test]
fn new_public_subnets_are_large_enough_for_the_balancers() {
    let mut docs = spine();
    for at in 0..5 {
        docs.balancer(&format!("edge-{at}"), "internet-facing", "sg-alb", "app");
    }
    let plan = plan_of(&docs, "");
    let public: Vec<&str> = plan.subnets.iter().filter(|subnet| subnet.what == "new public").map(|subnet| subnet.cidr.as_str()).collect();
    assert!(!public.is_empty() && public.iter().all(|cidr| cidr.ends_with("/26")), "six balancers with eight addresses each: {public:?}");
}
