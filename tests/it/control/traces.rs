//! A run as spans, received by a collector on this machine.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::SIM;
use super::hooks::ear;
use crate::bad_input::Desk;

/// The spans that came, and the service that they are of.
fn spans(heard: &Receiver<(String, String)>) -> Vec<Value> {
    let mut out = Vec::new();
    for (head, body) in heard.try_iter() {
        assert!(head.starts_with("POST /v1/traces HTTP/1.1\r\n") && head.to_lowercase().contains("x-team: night\r\n"), "{head}");
        let body: Value = serde_json::from_str(&body).expect("it is JSON");
        let resource = &body["resourceSpans"][0];
        assert_eq!(resource["resource"]["attributes"][0]["value"]["stringValue"], "hikkoshi");
        out.extend(resource["scopeSpans"][0]["spans"].as_array().expect("spans").clone());
    }
    out
}

fn text<'a>(span: &'a Value, key: &str) -> &'a str {
    span[key].as_str().unwrap_or_default()
}

fn time(span: &Value, key: &str) -> u64 {
    text(span, key).parse().expect("a number in quotes")
}

fn traced(desk: &Desk, more: &[&str]) -> (crate::support::command::Finished, Vec<Value>) {
    let (address, heard) = ear("200 OK");
    let program = desk.hikkoshi().env("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{address}/"));
    let program = program.env("OTEL_EXPORTER_OTLP_HEADERS", "x-team=night");
    let finished = program.run(&[&["apply", "story", "--until", "access", "--yes", SIM], more].concat());
    (finished, spans(&heard))
}

#[test]
fn a_collector_gets_run_stages_steps_and_calls_each_under_its_own() {
    let desk = Desk::new();
    let (finished, spans) = traced(&desk, &[]);
    let steps = finished.expect_code(0).stdout.matches("✓ ").count();
    let by_id: BTreeMap<&str, &Value> = spans.iter().map(|span| (text(span, "spanId"), span)).collect();
    assert_eq!(by_id.len(), spans.len(), "each is told once");
    assert_eq!(spans.iter().map(|span| text(span, "traceId")).collect::<BTreeSet<_>>().len(), 1);
    let parent = |span: &Value| by_id.get(text(span, "parentSpanId")).copied();
    let depth = |span: &Value| std::iter::successors(parent(span), |above| parent(above)).count();
    let at = |wanted: usize| spans.iter().filter(|span| depth(span) == wanted).collect::<Vec<_>>();
    assert_eq!(at(0).iter().map(|span| text(span, "name")).collect::<Vec<_>>(), ["apply"]);
    assert_eq!(at(1).iter().map(|span| text(span, "name")).collect::<BTreeSet<_>>(), BTreeSet::from(["access", "foundation"]));
    assert_eq!(at(2).len(), steps, "a span for each step that was told");
    assert_eq!(at(3).len(), steps, "and one for its call");
    let nat = at(2).into_iter().find(|span| text(span, "name") == "nat-a").expect("a step");
    let call = at(3).into_iter().find(|span| parent(span) == Some(nat)).expect("its call");
    assert_eq!((text(call, "name"), &call["kind"]), ("ec2:CreateNatGateway", &Value::from(3)));
    assert!(time(nat, "endTimeUnixNano") > time(call, "endTimeUnixNano"), "the step waits for its gateway");
    for span in &spans {
        assert!(time(span, "startTimeUnixNano") <= time(span, "endTimeUnixNano") && span["status"].is_null(), "{span}");
        let Some(above) = parent(span) else { continue };
        assert!(time(above, "startTimeUnixNano") <= time(span, "startTimeUnixNano"), "{span} begins before {above}");
        assert!(time(above, "endTimeUnixNano") >= time(span, "endTimeUnixNano"), "{span} ends after {above}");
    }
}

#[test]
fn what_failed_says_so() {
    let desk = Desk::new();
    let (finished, spans) = traced(&desk, &["--fault", "3=fail"]);
    finished.expect_code(4);
    let failed: Vec<&Value> = spans.iter().filter(|span| span["status"]["code"] == 2).collect();
    assert_eq!(failed.len(), 2, "the step, and the run: {failed:?}");
    assert!(text(&failed[0]["status"], "message").starts_with("HK0304: "), "{}", failed[0]);
    assert_eq!((text(failed[1], "name"), text(&failed[1]["status"], "message")), ("apply", "failed"));
}

#[test]
fn a_collector_that_is_not_there_holds_nothing_up() {
    let desk = Desk::new();
    let args = ["apply", "story", "--until", "foundation", "--yes", SIM];
    let begin = Instant::now();
    let told = desk.hikkoshi().env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9").run(&args).expect_code(0);
    assert!(begin.elapsed() < Duration::from_secs(20));
    let said = "! not all of the trace was taken by http://127.0.0.1:9/v1/traces: io: Connection refused";
    assert!(told.stderr.contains(said), "{}", told.stderr);
}
