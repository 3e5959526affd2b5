//! The proof: what it refuses, what it derives, and that it is exact.

use hikkoshi::model::step::Stage;
use hikkoshi::plan::Plan;
use hikkoshi::world::play::Player;

use crate::support::account::{Docs, spine};
use crate::support::account_data::{data, every_cache};
use crate::support::lab::plan_of;

/// Plays a plan there and back.
#[track_caller]
fn played(docs: &Docs, plan: &Plan) {
    let mut player = Player::new(docs.account());
    let before = player.account().resources.len();
    let steps: Vec<_> = plan.steps.iter().filter(|step| step.stage != Stage::Cleanup).collect();
    for step in &steps {
        player.step(step).unwrap_or_else(|stuck| panic!("{}: {}", stuck.step, stuck.why));
    }
    assert!(player.account().resources.len() > before);
    for step in steps.iter().rev() {
        player.undo(step).unwrap_or_else(|stuck| panic!("back over {}: {}", stuck.step, stuck.why));
    }
}

#[test]
fn a_plan_can_be_played_there_and_back() {
    for docs in [spine(), data(), every_cache()] {
        let plan = plan_of(&docs, "");
        played(&docs, &plan);
    }
}

#[test]
fn look_at_it() {
    for docs in [spine()] {
        let plan = plan_of(&docs, "");
        println!("{:#?}", plan.certificate);
        for (at, step) in plan.steps.iter().enumerate() {
            println!("{at} {:?} {}", step.stage, step.id);
        }
        for broken in &plan.broken {
            println!("{}", hikkoshi::plan::prove::words::drawn(broken).join("\n"));
        }
        for step in &plan.steps {
            for need in step.needs.iter().filter(|need| need.because.starts_with("without it")) {
                println!("{} needs {}: {}", step.id, need.step, need.because);
            }
        }
    }
}
