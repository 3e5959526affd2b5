//! `hikkoshi export terraform`: every call of every plan is something to Terraform or is told not to be; what is written
//! parses, refers to nothing that isn't there, and is imported by ids that the account has.

mod blocks;
mod known;
mod yours;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use hikkoshi::execute::Machine;
use hikkoshi::execute::machine::Goal;
use hikkoshi::kinds::KINDS;
use hikkoshi::model::step::Stage;
use hikkoshi::plan::Plan;
use hikkoshi::report::terraform::table::{Treat, table};
use hikkoshi::report::terraform::{Input, export, fates};

use crate::support::account::{Docs, ZONES, network, spine};
use crate::support::account_access::{VPN, bare, released};
use crate::support::account_data::{by, data, every_cache};
use crate::support::lab::{ALL, Lab, plan_of};
use crate::support::source::{read, rust_files};
use blocks::Blocks;

/// Accounts and intents that together make and change all that a plan can.
fn many() -> Vec<(&'static str, Docs, String)> {
    let mut one = network(&ZONES);
    one.security();
    one.subnet_group("prod", &ZONES);
    one.database("pg", "prod", &["a", "c"]);
    vec![
        ("the spine", spine(), "endpoints: {gateway: [s3, dynamodb], interface: [ssm, ecr.api]}\n".to_owned()),
        ("a regional NAT gateway and a VPN", spine(), format!("nat: regional\n{VPN}")),
        ("instances without a profile", bare(), String::new()),
        ("aliases", released(), String::new()),
        ("what runs on ECS, Batch and Auto Scaling", crate::stateless::everything(), String::new()),
        ("a replica", Docs(one.0.clone()), by("replica", &["pg"])),
        ("a restored snapshot", one, by("restore", &["pg"])),
        ("databases that rotate", data(), by("rotate", &["pg-single", "pg-multi", "aurora"])),
        ("caches that are made again", every_cache(), by("recreate", &["pages", "queue"])),
        ("a virtual private gateway", propagating(), String::new()),
        ("names and balancers of every kind", crate::conformance::balancers(), String::new()),
        (
            "a compute environment that is exchanged",
            crate::batch::environments(),
            "workloads:\n  - {name: modern, strategy: recreate}\n".to_owned(),
        ),
    ]
}

/// The same with their plans, made once.
fn plans() -> &'static [(&'static str, Docs, Plan)] {
    static PLANS: OnceLock<Vec<(&'static str, Docs, Plan)>> = OnceLock::new();
    PLANS.get_or_init(|| {
        let plan = |(name, docs, further): (&'static str, Docs, String)| {
            let plan = plan_of(&docs, &further);
            assert_eq!(plan.blockers, [], "{name}");
            (name, docs, plan)
        };
        many().into_iter().map(plan).collect()
    })
}

/// A VPC whose table gets routes from a virtual private gateway.
fn propagating() -> Docs {
    let mut docs = network(&["a"]);
    docs.security();
    docs.instance("web", "a", &["sg-default-all"]);
    docs.doc("rtb-public")["PropagatingVgws"] = serde_json::json!([{ "GatewayId": "vgw-1" }]);
    docs
}

/// An export before anything was carried out.
pub fn preview(docs: &Docs, plan: &Plan) -> hikkoshi::report::terraform::Export {
    let inventory = docs.inventory();
    export(&Input { plan, inventory: &inventory, run: &Machine::new(plan), state: None, config: None, rules: None })
}

/// Every operation that changes an account, from the kinds themselves.
fn operations() -> BTreeSet<&'static str> {
    KINDS.iter().flat_map(|kind| kind.effects()).map(|(operation, _)| *operation).collect()
}

#[test]
fn every_operation_is_something_to_terraform() {
    let known: Vec<&str> = table().map(|(operation, _)| *operation).collect();
    let set: BTreeSet<&str> = known.iter().copied().collect();
    assert_eq!(known.len(), set.len(), "an operation stands in the table twice");
    let missing: Vec<_> = operations().difference(&set).copied().collect();
    let stray: Vec<_> = set.difference(&operations()).copied().collect();
    assert_eq!((missing, stray), (vec![], vec![]), "the kinds and the table differ");
    // What a draft calls is an effect: an operation that no kind simulates would be missed here.
    for source in rust_files(&["src/kinds", "src/plan"]) {
        let text = read(&source.path);
        for called in text.split(".call(").skip(1).filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next()) {
            assert!(set.contains(called), "{}: {called} is in no table", source.path);
        }
    }
}

/// Each step of the story's plan, and of all others, is exported, told of, or passes; none is unknown.
#[test]
fn every_step_of_every_plan_has_a_fate() {
    let mut made: BTreeSet<String> = BTreeSet::new();
    for (name, docs, plan) in plans() {
        let inventory = docs.inventory();
        let input = Input { plan, inventory: &inventory, run: &Machine::new(plan), state: None, config: None, rules: None };
        let fates = fates(&input);
        for step in plan.steps.iter().filter(|step| step.stage != Stage::Cleanup) {
            let fate = fates.get(&step.id).copied();
            assert!(fate.is_some_and(|fate| fate != "unknown"), "{name}: {} ({}): {fate:?}", step.id, step.call.operation);
            made.insert(step.call.operation.to_string());
        }
        Blocks::of(&export(&input).configuration).hold(name);
    }
    let makes = table().filter(|(_, treat)| matches!(treat, Treat::Make(_) | Treat::Rules | Treat::Turn | Treat::Record));
    let untried: Vec<&str> = makes.map(|(operation, _)| *operation).filter(|operation| !made.contains(*operation)).collect();
    assert_eq!(untried, Vec::<&str>::new(), "no plan here makes these: the export of them is not tested");
}

/// After the run every import names something that the account has, and nothing is a placeholder.
#[test]
fn what_was_made_is_imported_by_the_ids_that_aws_gave() {
    for (name, docs, plan) in plans() {
        let mut lab = Lab::new(docs, plan);
        lab.reach(ALL, name);
        let inventory = docs.inventory();
        let machine = Machine::replay(plan, &lab.records);
        let rules = known::rules(&lab.cloud.account());
        let made = export(&Input { plan, inventory: &inventory, run: &machine, state: None, config: None, rules: Some(&rules) });
        assert!(!made.configuration.contains("not-made-yet") && !made.notes.contains("not-made-yet"), "{name}: a placeholder is left");
        assert!(!made.configuration.contains("${"), "{name}: a reference of the plan is left");
        let blocks = Blocks::of(&made.configuration);
        blocks.hold(name);
        known::as_it_is(name, &blocks, &lab.cloud.account());
        known::described(name, &blocks, &lab.cloud.account());
        known::all_there(name, &blocks, &lab.cloud.account());
        known::nothing_is_forgotten(name, &blocks, &docs.account(), &lab.cloud.account());
    }
}

/// What a run took back is not there, and not exported.
#[test]
fn after_the_way_back_nothing_is_exported() {
    let docs = spine();
    let plan = plan_of(&docs, "");
    let mut lab = Lab::new(&docs, &plan);
    lab.reach(Goal::Forward(Stage::Guard), "to guard");
    let inventory = docs.inventory();
    let count = |lab: &Lab<'_>| {
        let machine = Machine::replay(&plan, &lab.records);
        let made = export(&Input { plan: &plan, inventory: &inventory, run: &machine, state: None, config: None, rules: None });
        (made.resources, made.configuration.contains("aws_instance\""), made.configuration.contains("under way"))
    };
    let half = count(&lab);
    assert!(half.0 > 20 && !half.1 && half.2, "{half:?}");
    lab.reach(Goal::Back(Some(Stage::Foundation)), "back to foundation");
    let less = count(&lab);
    assert!(less.0 > 0 && less.0 < half.0, "{less:?} after {half:?}");
}

/// Names are strangers' text: in HCL `${…}` would be evaluated, and a line break in a comment would end it.
#[test]
fn hostile_names_are_only_text() {
    let mut docs = network(&["a"]);
    docs.security();
    docs.instance("web", "a", &["sg-default-all"]);
    let evil = "x\"\n}\n${file(\"/etc/passwd\")} %{ if true }`\u{202e}";
    docs.doc("i-web")["Tags"] = serde_json::json!([{ "Key": "Name", "Value": evil }, { "Key": "${k}", "Value": "%{v}" }]);
    let plan = plan_of(&docs, "");
    let made = preview(&docs, &plan);
    let blocks = Blocks::of(&made.configuration);
    blocks.hold("a hostile name");
    assert!(blocks.templates().is_empty(), "{:?} would be evaluated", blocks.templates());
    assert!(made.configuration.contains("$${file(") && !made.configuration.contains('\u{202e}'));
    assert!(!made.notes.contains("\n}") && !made.notes.contains('\u{202e}'), "{}", made.notes);
}
