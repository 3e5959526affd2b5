//! `hikkoshi serve`: the review page, live, for whoever has the token; and what one may ask of a run on it.

use std::ffi::OsStr;

use serde_json::{Value, json};

use super::{SIM, printed};
use crate::bad_input::{Desk, Refusal};
use crate::support::http::exchange;
use crate::support::server::Server;

/// A served migration.
struct Served {
    desk: Desk,
    _server: Server,
    port: u16,
    token: String,
}

impl Served {
    fn new(desk: Desk, more: &[&str]) -> Served {
        let dir = format!("--dir={}", desk.dir().display());
        let command: Vec<&str> = [&[env!("CARGO_BIN_EXE_hikkoshi"), "serve", "story", dir.as_str()], more].concat();
        let command: Vec<&OsStr> = command.into_iter().map(OsStr::new).collect();
        let (server, line) = Server::start(&command, &[], "http://127.0.0.1:").unwrap_or_else(|why| panic!("{why}"));
        let (port, token) = line["http://127.0.0.1:".len()..].split_once("/?token=").expect("an address with a token");
        Served { desk, _server: server, port: port.parse().expect("a port"), token: token.to_owned() }
    }

    /// The status of an answer, its head and its body.
    fn whole(&self, method: &str, path: &str, headers: &[String], body: &str) -> (u16, String, String) {
        let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        exchange(self.port, method, path, &headers, body).unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// The status of an answer, and its body.
    fn ask(&self, method: &str, path: &str, headers: &[String], body: &str) -> (u16, String) {
        let (status, _, body) = self.whole(method, path, headers, body);
        (status, body)
    }

    fn key(&self) -> String {
        format!("Cookie: hikkoshi={}", self.token)
    }

    /// What the page itself sends.
    fn wish(&self, path: &str, body: &Value) -> (u16, String) {
        let ours = [self.key(), format!("Origin: http://127.0.0.1:{}", self.port), "X-Hikkoshi: 1".to_owned()];
        self.ask("POST", path, &ours, &body.to_string())
    }

    fn live(&self) -> Value {
        let (status, body) = self.ask("GET", "/live", &[self.key()], "");
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}"))
    }
}

#[test]
fn only_whoever_has_the_token_sees_the_page_and_no_other_page_can_ask() {
    let served = Served::new(Desk::new(), &[]);
    assert_eq!(served.ask("GET", "/", &[], "").0, 401);
    assert_eq!(served.ask("GET", "/?token=guessed", &[], "").0, 401);
    let (status, head, _) = served.whole("GET", &format!("/?token={}", served.token), &[], "");
    assert_eq!(status, 303, "the token leaves the address");
    assert!(head.contains("HttpOnly; SameSite=Strict"), "{head}");
    let (status, head, page) = served.whole("GET", "/", &[served.key()], "");
    assert_eq!(status, 200);
    for says in ["cache-control: no-store", "x-frame-options: DENY", "referrer-policy: no-referrer", "x-content-type-options: nosniff"] {
        assert!(head.contains(says), "{head}");
    }
    assert!(page.contains("connect-src 'self'") && page.contains("default-src 'none'"), "the page speaks to its server alone");
    assert!(!page.contains(&served.token), "the token is not in the page");

    let pause = json!({ "what": "pause" });
    let (key, header) = (served.key(), "X-Hikkoshi: 1".to_owned());
    let strangers = ["Origin: http://evil.example".to_owned(), "Origin: null".to_owned()];
    for origin in strangers {
        assert_eq!(served.ask("POST", "/ask", &[key.clone(), header.clone(), origin], &pause.to_string()).0, 403);
    }
    let form = [key.clone(), format!("Origin: http://127.0.0.1:{}", served.port)];
    assert_eq!(served.ask("POST", "/ask", &form, &pause.to_string()).0, 403, "a form can't send the header");
    assert_eq!(served.live()["paused"], Value::Null, "none of them was heard");
    printed(&served.desk, &["apply", "story", "--yes", "--until=foundation", SIM]);
}

#[test]
fn what_is_asked_for_on_the_page_is_heard_by_the_run() {
    let served = Served::new(Desk::begun("foundation"), &[]);
    let live = served.live();
    let steps = live["steps"].as_object().expect("steps");
    let all_of = |standing: &str| steps.values().filter(|value| **value == standing).count();
    assert_eq!(live["checkpoints"], json!(["foundation"]));
    assert!(all_of("done") > 10 && all_of("todo") > 10 && all_of("done") + all_of("todo") == steps.len(), "{steps:?}");
    assert!(live["eta_s"].as_u64() < live["bound_s"].as_u64(), "{live}");
    assert!(
        live["events"]
            .as_array()
            .expect("events")
            .iter()
            .any(|event| event["text"].as_str().is_some_and(|text| text.contains("checkpoint")))
    );

    assert_eq!(served.wish("/ask", &json!({ "what": "pause" })).0, 200);
    assert!(eventually(|| served.live()["paused"].is_string()), "it stands although nobody has heard it yet");
    let says: &[&str] = &["migration story is paused"];
    served.desk.refuses(&["apply", "story", "--yes", SIM], &Refusal { exit: 7, code: "HK0512", says });
    assert_eq!(served.wish("/ask", &json!({ "what": "resume" })).0, 200);
    let (status, answer) = served.wish("/ask", &json!({ "what": "resume" }));
    assert!(status == 409 && answer.contains("HK0513") && answer.contains("is not paused"), "{answer}");
    let (status, answer) = served.wish("/ask", &json!({ "what": "abort" }));
    assert!(status == 409 && answer.contains("nobody runs migration story"), "{answer}");
    assert_eq!(served.wish("/ask", &json!({ "what": "release", "step": "no-such-step" })).0, 409);
    assert_eq!(served.wish("/ask", &json!({ "what": "dance" })).0, 400);
    printed(&served.desk, &["apply", "story", "--yes", SIM]);
    assert!(eventually(|| served.live()["eta_s"] == 0));
    let live = served.live();
    assert_eq!(
        live["steps"].as_object().expect("steps").values().filter(|value| **value != "done").count(),
        steps_of_cleanup(&served.desk)
    );
}

/// Whether something holds within some seconds.
fn eventually(holds: impl Fn() -> bool) -> bool {
    (0..50).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(200));
        holds()
    })
}

fn steps_of_cleanup(desk: &Desk) -> usize {
    let plan = hikkoshi::plan::format::read(&desk.read("plans/story/plan.yaml")).unwrap_or_else(|_| panic!("a plan"));
    plan.steps_of(hikkoshi::model::step::Stage::Cleanup).count()
}

#[test]
fn a_plan_is_approved_on_the_page_as_whom_aws_knows() {
    const RIN: &str = "--caller=arn:aws:sts::123456789012:assumed-role/Ops/rin";
    const MIKA: &str = "--caller=arn:aws:sts::123456789012:assumed-role/Ops/mika";
    let desk = Desk::new();
    desk.append("migrations/story.yaml", "approvals: {need: 1}");
    desk.run(&["plan", "story", SIM, RIN]).expect_code(0);
    let sim = format!("--cloud=sim:{}", desk.path("account.json").display());
    let served = Served::new(desk, &[&sim, MIKA]);
    let live = served.live();
    assert_eq!(live["lacking"][0][0], "start");
    let approval =
        |plan: &Value, typed: &str| json!({ "plan": plan, "checkpoint": "start", "typed": typed, "reason": "read in the meeting" });
    assert_eq!(served.wish("/approve", &approval(&live["plan"], "stroy")).0, 400, "the name is typed");
    let (status, answer) = served.wish("/approve", &approval(&json!("another"), "story"));
    assert!(status == 409 && answer.contains("another one than the page shows"), "{answer}");
    let (status, answer) = served.wish("/approve", &approval(&live["plan"], "story"));
    assert!(status == 200 && answer.contains("assumed-role/Ops/mika approves plan"), "{answer}");
    assert!(eventually(|| served.live()["lacking"] == json!([])));
    served.desk.run(&["apply", "story", "--yes", "--until=foundation", SIM, RIN]).expect_code(0);
}

#[test]
fn a_server_that_only_shows_takes_no_request() {
    let served = Served::new(Desk::new(), &["--read-only"]);
    let (status, answer) = served.wish("/ask", &json!({ "what": "pause" }));
    assert!(status == 403 && answer.contains("--read-only"), "{answer}");
    assert_eq!(served.wish("/approve", &json!({})).0, 403);
}

#[test]
fn a_taken_port_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let listen = format!("--listen={}", taken.local_addr().expect("its address"));
    let desk = Desk::new();
    let says: &[&str] = &["it can't listen at 127.0.0.1:", "--listen 127.0.0.1:0"];
    desk.refuses(&["serve", "story", &listen], &Refusal { exit: 2, code: "HK0114", says });
}
