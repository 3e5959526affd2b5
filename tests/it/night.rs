//! The whole way on the story's account, over the wire: there, back, and through everything that a night can bring.

use serde_json::{Value, json};

use crate::control::hooks::ear;
use crate::support::command::Hikkoshi;
use crate::support::emulator::{Emulator, aws, diff};
use crate::support::night::{Night, SLOW_S};
use crate::support::proxy::Proxy;

/// What nobody may find anywhere: a function's environment, the caller's key, an instance's user data, plain and as AWS has it;
/// what a webhook is reached by.
const SECRETS: [&str; 5] =
    ["canary-of-a-function", "canary-of-the-caller", "yum install -y nginx", "IyEvYmluL2Jhc2gKeXVtIGluc3RhbGwg", "canary-of-a-webhook"];

/// Secrets where people have them; the account's builder gives instances their user data.
fn plant(emulator: &Emulator, _: &Value) {
    let listed = aws(&emulator.url(), "lambda", "list_functions", &json!({})).expect("a list");
    let functions = listed["Functions"].as_array().expect("functions");
    assert!(!functions.is_empty(), "there is a function to plant something in");
    for function in functions {
        let parameters = json!({ "FunctionName": function["FunctionName"], "Environment": { "Variables": { "TOKEN": SECRETS[0] } } });
        aws(&emulator.url(), "lambda", "update_function_configuration", &parameters).expect("it is changed");
    }
}

/// Nothing secret is in what a night leaves behind, nor in what is told of it.
fn no_canary_sings(night: &Night, hikkoshi: &Hikkoshi) {
    let mut texts: Vec<(String, String)> = night.written().into_iter().map(|(path, text)| (path.display().to_string(), text)).collect();
    let told: [&[&str]; 4] =
        [&["log", "move", "-v"], &["log", "move", "--json"], &["status", "move", "--json"], &["verify", "move", "--json"]];
    texts.extend(told.map(|args| {
        let said = hikkoshi.run(args);
        (args.join(" "), said.stdout + &said.stderr)
    }));
    assert!(texts.iter().any(|(name, text)| name.ends_with("journal.jsonl") && text.contains("RunInstances")), "the journal is among them");
    for (name, text) in texts {
        let found: Vec<&str> = SECRETS.into_iter().filter(|secret| text.contains(secret)).collect();
        assert!(found.is_empty(), "{name} holds {found:?}");
    }
}

#[test]
fn the_whole_way_there_and_back() {
    let mut night = Night::falls();
    night.begin_with(&["--spine"], &plant);
    let (address, heard) = ear("204 No Content");
    let hikkoshi = night.hikkoshi(&night.emulator.url()).env("AWS_SECRET_ACCESS_KEY", SECRETS[1]);
    let hikkoshi = hikkoshi.env("TOKEN", SECRETS[4]).env("HOOK", &format!("http://{address}/{}", SECRETS[4]));
    let hook = "{url: \"env:HOOK\", header: {Authorization: \"Bearer env:TOKEN\"}}";
    night.wish(&format!("hooks:\n- webhook: {hook}\n- webhook: {{url: \"env:TOKEN\"}}\n"));
    hikkoshi.run(&["plan", "move"]).expect_code(0);

    let dry = hikkoshi.run(&["dry-run", "move", "--json"]).expect_code(0).json();
    assert_eq!(dry["forward"]["failed"], json!([]));
    assert_eq!(dry["rollback"]["failed"], json!([]));
    assert_eq!(dry["aws"]["refused"], json!([]));
    assert_eq!(dry["aws"]["drift"], json!([]));

    hikkoshi.run(&["apply", "move", "--until", "guard", "--yes"]).expect_code(0);
    let status = hikkoshi.run(&["status", "move", "--json"]).expect_code(0).json();
    assert_eq!(status["checkpoints"], json!(["foundation", "access", "guard"]));
    hikkoshi.run(&["verify", "move"]).expect_code(0);

    hikkoshi.run(&["apply", "move", "--yes"]).expect_code(0);
    hikkoshi.run(&["verify", "move"]).expect_code(0);
    let undisturbed = night.inspect("undisturbed.json");
    no_canary_sings(&night, &hikkoshi);
    let told: Vec<(String, String)> = heard.try_iter().collect();
    assert!(told.iter().all(|(head, _)| head.contains(SECRETS[4])), "the webhook has what it needs");
    assert!(told.iter().any(|(_, facts)| facts.contains("checkpoint guard is reached")), "{told:?}");
    let log = hikkoshi.run(&["log", "move"]).stdout;
    assert!(log.contains("! webhook env:TOKEN was not told of begin: "), "{log}");

    // Stopped on the way back, it says how to go on: to the same checkpoint, not further.
    night.emulator.set("delay", "30");
    let stopped = hikkoshi.spawn(&["rollback", "move", "--to", "guard", "--yes"], &night.file("pid"));
    std::thread::sleep(std::time::Duration::from_secs(3));
    stopped.signal("INT");
    let stopped = stopped.wait().expect_code(130);
    assert!(stopped.stderr.contains("next: hikkoshi rollback move --to guard "), "{}", stopped.stderr);
    night.emulator.set("delay", &SLOW_S.to_string());
    hikkoshi.run(&["rollback", "move", "--to", "guard", "--yes"]).expect_code(0);
    hikkoshi.run(&["apply", "move", "--yes"]).expect_code(0);
    assert_eq!(diff(&undisturbed, &night.inspect("again.json")), Vec::<String>::new(), "forward again after going back to a checkpoint");

    hikkoshi.run(&["rollback", "move", "--all", "--yes"]).expect_code(0);
    let verified = hikkoshi.run(&["verify", "move"]).expect_code(0).stdout;
    assert!(verified.contains("the whole account is as the inventory says"), "{verified}");
    night.emulator.snapshot(&night.vpc, true, &night.file("after-stable.json"));
    assert_eq!(diff(&night.file("before-stable.json"), &night.file("after-stable.json")), Vec::<String>::new(), "after rollback --all");
}

#[test]
fn whatever_happens_to_its_calls_the_run_ends_the_same() {
    let mut night = Night::falls();
    night.begin(&["--spine"]);
    night.hikkoshi(&night.emulator.url()).run(&["apply", "move", "--yes"]).expect_code(0);
    let undisturbed = night.inspect("undisturbed.json");

    // Two kills that find the same process with both calls in flight are one death: far apart that is rare.
    let kills: Vec<Value> = [2, 14, 26, 38, 50, 62, 74]
        .iter()
        .enumerate()
        .map(|(at, n)| json!({ "fault": if at % 2 == 0 { "kill_after" } else { "kill_before" }, "n": n }))
        .collect();
    for (what, rules, deaths) in [
        ("kill -9 at seven calls", Value::from(kills), 5..=7),
        (
            "lost answers, errors before and after, throttling",
            json!([
                { "fault": "drop_reply", "n": 1 }, { "fault": "drop_reply", "n": 5 }, { "fault": "error5xx_after", "n": 9 },
                { "fault": "error5xx", "n": 14 }, { "fault": "throttle", "n": 18, "m": 20 }, { "fault": "drop_reply", "n": 24 },
                { "fault": "drop_reply", "n": 31 }, { "fault": "drop_reply", "n": 40 }, { "fault": "error5xx_after", "n": 49 },
                { "fault": "drop_reply", "n": 57 }, { "fault": "drop_reply", "n": 62 }, { "fault": "drop_reply", "n": 66 },
                { "fault": "drop_reply", "n": 70 }, { "fault": "drop_reply", "n": 75 }, { "fault": "error5xx", "n": 80 },
            ]),
            0..=0,
        ),
        ("stale reads", json!([{ "fault": "stale_read" }]), 0..=0),
    ] {
        night.begin(&["--spine"]);
        let proxy = Proxy::start(night.emulator.port(), &[]);
        proxy.rules(&rules);
        let died = night.apply_until_done(&proxy);
        assert!(deaths.contains(&died), "it died {died} times: {what}");
        assert_eq!(diff(&undisturbed, &night.inspect("disturbed.json")), Vec::<String>::new(), "{what}");
    }
    night.hikkoshi(&night.emulator.url()).run(&["apply", "move", "--cleanup", "--yes"]).expect_code(0);
    night.inspect("cleaned.json");
}
