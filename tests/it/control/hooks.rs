//! `hooks` in the intent: who is told how a run goes; and that telling holds nothing up and gives nothing away.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use hikkoshi::plan::intent;
use serde_json::Value;

use super::{SIM, printed};
use crate::bad_input::Desk;
use crate::support::command::{Finished, Hikkoshi};
use crate::support::lab::head;

const INTENT: &str = "migrations/story.yaml";
const CANARY: &str = "canary-of-a-webhook";

/// The story with something below its intent, planned anew.
fn with(text: &str) -> Desk {
    let desk = Desk::new();
    desk.append(INTENT, text);
    printed(&desk, &["plan", "story"]);
    desk
}

fn apply(program: &Hikkoshi, more: &[&str]) -> Finished {
    program.run(&[&["apply", "story", "--until", "foundation", "--yes", SIM], more].concat())
}

/// A listener on this machine, and the requests that come: head and body.
pub fn ear(status: &'static str) -> (String, Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    let (heard, requests) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream);
            let mut head = String::new();
            while reader.read_line(&mut head).is_ok_and(|read| read > 2) {}
            let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ").and_then(|n| n.parse().ok()));
            let mut body = vec![0; length.unwrap_or(0)];
            let _ = reader.read_exact(&mut body);
            let _ = reader.get_mut().write_all(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").as_bytes());
            let _ = heard.send((head, String::from_utf8_lossy(&body).into_owned()));
        }
    });
    (address, requests)
}

/// Nothing that was said or kept has the canary in it.
#[track_caller]
fn no_canary(desk: &Desk, finished: &Finished) {
    for text in [&finished.stdout, &finished.stderr] {
        assert!(!text.contains(CANARY), "{text}");
    }
    for (path, bytes) in desk.files() {
        assert!(!String::from_utf8_lossy(&bytes).contains(CANARY), "{} has it", path.display());
    }
}

#[test]
fn a_program_is_told_by_its_environment_and_its_input() {
    let script = "echo \"$HIKKOSHI_EVENT/$HIKKOSHI_MIGRATION/$HIKKOSHI_CHECKPOINT/$HIKKOSHI_STEP/$HIKKOSHI_CODE\" >> told; cat >> facts";
    let desk = with(&format!("hooks:\n- command: [sh, -c, '{script}']"));
    apply(&desk.hikkoshi(), &["--fault", "3=fail"]).expect_code(4);
    apply(&desk.hikkoshi(), &[]).expect_code(0);
    let told = desk.read("told");
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.first(), Some(&"begin/story///"), "{told}");
    assert!(lines[1].starts_with("failure/story//") && lines[1].ends_with("/HK0304"), "{told}");
    assert_eq!(lines[2..], ["end/story///", "begin/story///", "checkpoint/story/foundation//", "end/story///"], "{told}");
    let facts: Vec<Value> = desk.read("facts").lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
    assert_eq!(facts[4]["text"], "hikkoshi story: checkpoint foundation is reached");
    assert_eq!((&facts[4]["account"], &facts[4]["event"]), (&Value::from("123456789012"), &Value::from("checkpoint")));
    assert!(facts[4]["at"].as_str().is_some_and(|at| at.ends_with('Z')), "{}", facts[4]);
}

#[test]
fn an_address_is_told_and_what_is_secret_in_it_stands_nowhere() {
    let (address, heard) = ear("204 No Content");
    let hook = "- on: [checkpoint]\n  webhook: {url: \"env:HOOK\", header: {Authorization: \"Bearer env:TOKEN\", X-Channel: night}}";
    let desk = with(&format!("hooks:\n{hook}"));
    let url = format!("http://{address}/{CANARY}");
    let told = apply(&desk.hikkoshi().env("HOOK", &url).env("TOKEN", CANARY), &[]).expect_code(0);
    let (head, body) = heard.recv_timeout(Duration::from_secs(5)).expect("it is told");
    assert!(head.starts_with(&format!("POST /{CANARY} HTTP/1.1\r\n")), "{head}");
    let lower = head.to_lowercase();
    for header in [&format!("authorization: bearer {CANARY}\r\n"), "x-channel: night\r\n", "content-type: application/json\r\n"] {
        assert!(lower.contains(header), "{head}");
    }
    let facts: Value = serde_json::from_str(&body).expect("it is JSON");
    assert_eq!((&facts["event"], &facts["checkpoint"]), (&"checkpoint".into(), &"foundation".into()));
    assert!(heard.try_recv().is_err(), "of nothing else");
    assert!(!told.stdout.contains("was not told"), "{}", told.stdout);
    no_canary(&desk, &told);
}

#[test]
fn what_can_not_be_told_is_noted_without_what_is_secret_and_the_run_goes_on() {
    let (address, _heard) = ear("403 Forbidden");
    let hooks = format!(
        "hooks:\n- on: [begin]\n  webhook: {{url: \"env:HOOK\"}}\n- on: [begin]\n  webhook: {{url: \"http://{address}/\"}}\n\
         - on: [begin]\n  webhook: {{url: \"env:UNSET\"}}\n- on: [checkpoint]\n  command: [no-such-program]\n\
         - on: [end]\n  command: [sh, -c, exit 7]"
    );
    let desk = with(&hooks);
    let told = apply(&desk.hikkoshi().env("HOOK", &format!("no address: {CANARY}")), &["-vv"]).expect_code(0);
    let log = printed(&desk, &["log", "story"]);
    for line in [
        "! webhook env:HOOK was not told of begin: ",
        &format!("! webhook http://{address}/ was not told of begin: it answers with 403; the run goes on\n"),
        "! webhook env:UNSET was not told of begin: the environment variable UNSET is not set; the run goes on\n",
        "! no-such-program was not told of checkpoint foundation: it can't be run: No such file or directory",
        "! sh was not told of end: ended with exit status: 7; the run goes on\n",
    ] {
        assert!(told.stdout.contains(line) && log.contains(line), "no \"{line}\" in\n{}\nand\n{log}", told.stdout);
    }
    no_canary(&desk, &told);
    printed(&desk, &["verify", "story", SIM]);
    printed(&desk, &["rollback", "story", "--all", "--yes", SIM]);
}

#[test]
fn a_program_that_hangs_holds_nothing_up() {
    let desk = with("hooks:\n- on: [begin]\n  command: [sleep, \"60\"]\n- on: [checkpoint]\n  command: [touch, told]");
    let begin = Instant::now();
    let told = apply(&desk.hikkoshi(), &[]).expect_code(0);
    assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
    let line = "! sleep was not told of begin: did not end within 10 s and was killed; the run goes on\n";
    assert!(told.stdout.contains(line), "{}", told.stdout);
    assert!(told.stdout.find("── checkpoint foundation ──") < told.stdout.find(line), "the run was long over: {}", told.stdout);
    assert!(desk.path("told").exists(), "the others are told");
}

#[test]
fn who_waits_for_somebody_says_so() {
    let desk = with("postponed: [app-1-stop]\nhooks:\n- on: [wait]\n  command: [sh, -c, 'echo $HIKKOSHI_STEP $HIKKOSHI_TEXT > told']");
    let apply = desk.hikkoshi().spawn(&["apply", "story", "--yes", "--pace", "5000", SIM], &desk.path("apply.pid"));
    let deadline = Instant::now() + Duration::from_secs(60);
    while !desk.path("told").exists() {
        assert!(Instant::now() < deadline, "nobody is told");
        std::thread::sleep(Duration::from_millis(100));
    }
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(desk.read("told"), "app-1-stop hikkoshi story: step app-1-stop waits to be released\n");
    drop(apply);
}

/// A server that speaks TLS, with a certificate of an authority of its own; none where there is no `openssl`.
struct Secure {
    server: Child,
    port: u16,
}

impl Secure {
    fn begin(desk: &Desk) -> Option<Secure> {
        let openssl = |line: &str| {
            let mut command = Command::new("openssl");
            command.args(line.split(' ')).current_dir(desk.dir()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command
        };
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2";
        let ca = openssl(&format!("req -x509 {key} -subj /CN=authority -keyout ca.key -out ca.pem")).status().ok()?;
        assert!(ca.success());
        desk.write("san", "subjectAltName=IP:127.0.0.1\n");
        for line in [
            format!("req -new {key} -subj /CN=server -keyout server.key -out server.csr"),
            "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile san -out server.pem".to_owned(),
        ] {
            assert!(openssl(&line).status().is_ok_and(|status| status.success()), "openssl {line}");
        }
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
        let server = openssl(&format!("s_server -quiet -accept 127.0.0.1:{port} -cert server.pem -key server.key -www")).spawn().ok()?;
        let deadline = Instant::now() + Duration::from_secs(10);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "the server does not come up");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(Secure { server, port })
    }
}

impl Drop for Secure {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

#[test]
fn a_page_is_asked_by_https_of_whom_the_machine_trusts() {
    let place = Desk::new();
    let Some(secure) = Secure::begin(&place) else {
        println!("skipped: there is no openssl");
        return;
    };
    let desk = with(&format!("gates:\n- before: access\n  http: {{url: \"https://127.0.0.1:{}/\"}}", secure.port));
    let args = ["apply", "story", "--until", "access", "--yes", SIM];
    let stranger = desk.run(&args).expect_code(7);
    assert!(stranger.stderr.contains("UnknownIssuer"), "{}", stranger.stderr);
    let authority = place.path("ca.pem");
    let trusting = desk.hikkoshi().env("SSL_CERT_FILE", authority.to_str().expect("a path in UTF-8"));
    trusting.run(&args).expect_code(0);
}

#[test]
fn a_hook_that_would_put_a_secret_into_files_is_refused_where_it_stands() {
    for (hook, says) in [
        ("webhook: {url: \"https://x/\", header: {Authorization: \"Bearer abc\"}}", "the value of `Authorization` would stand in files"),
        ("webhook: {url: \"https://hooks.slack.com/services/T/B/x\"}", "this address is a key to whoever has it"),
        ("webhook: {url: \"https://mika:pass@x/\"}", "this address has a password in it"),
        ("webhook: {url: \"ftp://x/\"}", "`ftp://x/` is no web address; expected: https://…, http://… or env:NAME"),
        ("webhook: {url: \"https://x/\", header: {\"a b\": c}}", "`a b` is no header's name"),
        ("command: []", "no program is named"),
        ("on: [end]", "a hook says how it tells"),
        ("on: [never]\n  command: [x]", "never"),
        ("command: [x]\n  webhook: {url: \"https://x/\"}", "a hook tells one: a program or an address"),
    ] {
        let problem = intent::parse(&format!("{}hooks:\n- {hook}\n", head())).expect_err(hook);
        let said = format!("{}; expected: {}", problem.message, problem.expected);
        assert!(said.contains(says) && problem.line >= 6, "{hook}: line {}: {said}", problem.line);
    }
}
