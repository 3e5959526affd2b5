//! `postponed` in the intent: cut-overs that wait for a person.

use std::sync::Mutex;

use hikkoshi::execute::driver::{End, Stop};
use hikkoshi::execute::event::{Event, What};
use hikkoshi::execute::machine::{Goal, Machine};
use hikkoshi::journal::request::{Asked, InMemory, Request, Requests};
use hikkoshi::model::step::Stage;
use hikkoshi::plan::{intent, plan};

use super::{SIM, printed};
use crate::bad_input::{Desk, Refusal};
use crate::support::account::spine;
use crate::support::lab::{ALL, Disturb, Lab, head, plan_of};

fn ask(requests: &dyn Requests, n: u64, what: Asked) {
    requests.post(&Request::new(n, "2026-11-24T02:00:00Z", "mika", "", what)).expect("memory has room");
}

#[test]
fn a_postponed_step_waits_until_it_is_released_and_again_after_it_was_undone() {
    let docs = spine();
    let plan = plan_of(&docs, "postponed: [app-1-stop]\n");
    let mut lab = Lab::new(&docs, &plan);
    let run = |lab: &mut Lab<'_>, goal, release: bool, n: u64| {
        let requests = InMemory::default();
        let told = Mutex::new(Vec::new());
        let end = lab.go_with(
            goal,
            &Disturb {
                requests: Some(&requests),
                tell: &|event: &Event, stop: &Stop| {
                    let mut told = told.lock().expect("nobody panics in here");
                    match &event.what {
                        What::Held => {
                            told.push("held");
                            assert_eq!(event.step, "app-1-stop");
                            if release { ask(&requests, n, Asked::Release { step: "app-1-stop".into() }) } else { stop.ask() }
                        }
                        What::Calling if event.step == "app-1-stop" => told.push("called"),
                        _ => {}
                    }
                },
                ..Disturb::default()
            },
        );
        (end, told.into_inner().expect("nobody panics in here"))
    };
    let (end, told) = run(&mut lab, ALL, false, 1);
    assert!(matches!(end, End::Interrupted), "{end:?}");
    assert_eq!(told, ["held"], "it is said once, and nothing is done");
    let machine = Machine::replay(&plan, &lab.records);
    assert!(machine.is_held("app-1-stop"));
    let others: Vec<&str> = plan.steps_of(Stage::Pets).map(|step| step.id.as_str()).filter(|id| machine.is_verified(id)).collect();
    assert!(others.contains(&"bastion-launch"), "what does not come after it is done: {others:?}");
    let (end, told) = run(&mut lab, ALL, true, 2);
    assert!(matches!(end, End::Reached), "{end:?}");
    assert_eq!(told, ["held", "called"]);
    let (end, _) = run(&mut lab, Goal::Back(Some(Stage::Stateless)), false, 3);
    assert!(matches!(end, End::Reached), "{end:?}");
    let (end, told) = run(&mut lab, ALL, false, 4);
    assert!(matches!(end, End::Interrupted), "{end:?}");
    assert_eq!(told, ["held"], "a release is for once");
}

#[test]
fn a_postponed_step_must_be_one() {
    let intent = intent::parse(&format!("{}postponed: [app-1-stpo]\n", head())).expect("it is well-formed");
    let problem = plan(&intent, &spine().inventory(), "", "").expect_err("there is no such step");
    assert_eq!(problem.message, "the plan has no step `app-1-stpo` that could be postponed");
    assert_eq!((problem.line, problem.expected.as_str()), (5, "did you mean `app-1-stop`?"));
}

#[test]
fn a_step_is_released_and_held_from_another_terminal() {
    let desk = Desk::new();
    desk.append("migrations/story.yaml", "postponed: [app-1-stop]");
    let summary = printed(&desk, &["plan", "story"]);
    assert!(summary.contains("? app-1-stop waits for: hikkoshi release story app-1-stop\n"), "{summary}");
    printed(&desk, &["apply", "story", "--until", "stateless", "--yes", SIM]);
    let waits = "app-1-stop waits to be released: hikkoshi release story app-1-stop";
    assert!(printed(&desk, &["status", "story"]).contains(waits));
    assert!(printed(&desk, &["release", "story", "app-1-stop"]).starts_with("it is released; nobody runs it just now\n"));
    assert!(printed(&desk, &["hold", "story", "app-1-stop"]).starts_with("it waits until it is released;"));
    printed(&desk, &["release", "story", "app-1-stop"]);
    let there = printed(&desk, &["apply", "story", "--yes", SIM]);
    assert!(there.contains("asks to hold app-1-stop\n") && there.contains("✓ app-1-stop  "), "{there}");
    assert!(!printed(&desk, &["status", "story"]).contains(waits));
    let says: &[&str] = &["step app-1-stop has begun"];
    desk.refuses(&["hold", "story", "app-1-stop"], &Refusal { exit: 2, code: "HK0513", says });
    let says: &[&str] = &["step app-2-stop is not postponed"];
    desk.refuses(&["release", "story", "app-2-stop"], &Refusal { exit: 2, code: "HK0513", says });
}
