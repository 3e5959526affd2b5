//! What ten times the account costs.

use std::collections::BTreeSet;

use hikkoshi::execute::machine::{Command, Goal, Machine};
use hikkoshi::journal::Body;
use hikkoshi::model::facet::Role;
use hikkoshi::model::inventory::Inventory;
use hikkoshi::model::step::Stage;
use hikkoshi::plan::Plan;
use hikkoshi::report::terraform::{Input, export};
use serde_json::json;

use crate::planner::try_plan;
use crate::support::account::{Docs, network};

/// An account with so many instances.
fn many(instances: usize) -> Inventory {
    let mut docs = network(&["a"]);
    docs.doc("subnet-a")["CidrBlock"] = json!("10.0.64.0/18");
    docs.security();
    let mut inventory = docs.inventory();
    let mut one = Docs(docs.0.clone());
    one.instance("model", "a", &["sg-default-all"]);
    let model = one.inventory();
    for n in 0..instances {
        for resource in model.resources.values().filter(|r| r.id.as_str().ends_with("-model") && r.role != Role::Subnet) {
            let text = serde_json::to_string(resource).expect("JSON").replace("model", &format!("m{n}"));
            let mut copy: hikkoshi::model::resource::Resource = serde_json::from_str(&text).expect("JSON");
            let address = format!("10.0.{}.{}", 64 + n / 250, n % 250 + 4);
            if !copy.facets.private_addresses.is_empty() {
                copy.facets.private_addresses = vec![address];
            }
            inventory.resources.insert(copy.id.clone(), copy.into());
        }
    }
    inventory
}

/// Goes through a plan as the driver does, one step after the other, there and back.
fn walk(plan: &Plan) -> f64 {
    let begin = std::time::Instant::now();
    let mut machine = Machine::new(plan);
    let mut busy: BTreeSet<String> = BTreeSet::new();
    for goal in [Goal::Forward(Stage::Cleanup), Goal::Back(None)] {
        loop {
            let mut reached = false;
            for command in machine.next(goal, &busy, &BTreeSet::new()) {
                match command {
                    Command::Checkpoint(stage) => {
                        reached = true;
                        machine.apply("", &Body::Checkpoint { stage: stage.name().to_owned() });
                    }
                    Command::Ask(gate) => {
                        reached = true;
                        machine.apply("", &Body::Confirmed { gate: gate.id.clone(), who: String::new() });
                    }
                    Command::Do(step) | Command::Undo(step) => {
                        machine.take_up(&step);
                        busy.insert(step);
                    }
                }
            }
            let Some(step) = busy.pop_first() else {
                if reached {
                    continue;
                }
                break;
            };
            machine.put_down(&step);
            machine.apply("", &if matches!(goal, Goal::Back(_)) { Body::Undone { step } } else { Body::Verified { step } });
        }
        let begun = plan.steps.iter().filter(|step| machine.is_begun(&step.id)).count();
        assert_eq!(begun, if goal == Goal::Back(None) { 0 } else { plan.steps.len() });
    }
    begin.elapsed().as_secs_f64()
}

/// How long the export of a plan takes that was not carried out.
fn exported(inventory: &Inventory, plan: &Plan) -> f64 {
    let begin = std::time::Instant::now();
    let made = export(&Input { plan, inventory, run: &Machine::new(plan), state: None, config: None, rules: None });
    assert!(made.resources > plan.moves.len(), "{} resources", made.resources);
    begin.elapsed().as_secs_f64()
}

/// Ten times the account is about ten times the plan, in steps and rules; and in time, generously.
#[test]
fn a_plan_grows_with_the_account_and_not_faster() {
    let measure = |instances: usize| {
        let inventory = many(instances);
        let begin = std::time::Instant::now();
        let plan = try_plan(&inventory, "").expect("it plans");
        let time = begin.elapsed().as_secs_f64();
        let exported = exported(&inventory, &plan);
        let size = plan.steps.iter().map(|s| json!(s.call.parameters).to_string().len()).sum::<usize>();
        (plan.steps.len(), size, time, walk(&plan), exported)
    };
    let (few, many) = (measure(50), measure(500));
    let ratio = |a: f64, b: f64| b / a;
    assert!(ratio(few.0 as f64, many.0 as f64) < 11.0, "steps: {} and {}", few.0, many.0);
    assert!(ratio(few.1 as f64, many.1 as f64) < 12.0, "size: {} and {}", few.1, many.1);
    assert!(ratio(few.3, many.3) < 40.0, "walk: {:.3} s and {:.3} s", few.3, many.3);
    assert!(ratio(few.4, many.4) < 40.0, "export: {:.3} s and {:.3} s", few.4, many.4);
    assert!(ratio(few.2, many.2) < 40.0, "time: {:.3} s and {:.3} s", few.2, many.2);
}
