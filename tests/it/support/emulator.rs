//! The emulated AWS in `tests/emulator`: started, filled, inspected. Its README says what it can do.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use hikkoshi::clock::{Clock, RealClock};
use serde_json::Value;

use super::http;
use super::server::{Server, free_port};

/// Where Python keeps its byte code: not in the clone.
const BYTE_CODE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/pycache");

/// A running emulator of its own, empty at first.
pub struct Emulator {
    port: u16,
    clock: Option<String>,
    _server: Server,
}

impl Emulator {
    /// Starts an emulator whose slow states last a tenth of a second.
    pub fn start() -> Self {
        Self::start_with_delay(0.1)
    }

    /// Starts an emulator whose slow states (`pending`, `creating`, …) last so many seconds.
    pub fn start_with_delay(seconds: f64) -> Self {
        Self::launch(seconds, None)
    }

    /// Starts an emulator whose time runs so many times as fast as the machine's; its slow states last so many of its own
    /// seconds. A program under test keeps the same time if it is given [`Emulator::clock`].
    pub fn start_paced(times: u32, seconds: f64) -> Self {
        Self::launch(seconds, Some(times))
    }

    fn launch(seconds: f64, pace: Option<u32>) -> Self {
        python();
        let script = folder().join("start.sh");
        let (delay, times, since_ms) = (seconds.to_string(), pace.unwrap_or(1).to_string(), RealClock.now_ms());
        let since = format!("{}.{:03}", since_ms / 1000, since_ms % 1000);
        let clock = pace.map(|times| format!("{since_ms}x{times}"));
        let env = [
            ("STRICT_DELAY", delay.as_ref()),
            ("STRICT_PACE", times.as_ref()),
            ("STRICT_SINCE", since.as_ref()),
            ("PYTHONPYCACHEPREFIX", OsStr::new(BYTE_CODE)),
        ];
        let mut errors = String::new();
        // A free port can be taken by someone else before the emulator listens on it.
        for _ in 0..3 {
            let port = free_port();
            let text = port.to_string();
            match Server::start(&[script.as_ref(), text.as_ref()], &env, "emulator: ready on") {
                Ok((server, _)) => return Emulator { port, clock, _server: server },
                Err(error) => errors = error,
            }
        }
        panic!("the emulator did not start: {errors}");
    }

    /// The clock of one whose time runs faster: what `HIKKOSHI_CLOCK` is to be.
    pub fn clock(&self) -> Option<&str> {
        self.clock.as_deref()
    }

    /// The port that it listens on, for [`super::proxy::Proxy::start`].
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What `AWS_ENDPOINT_URL` is to be.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Builds the story's account (`--spine`: a smaller one; `--extras`: with traps) and returns the ids; the VPC is
    /// at `/network/vpc`.
    pub fn build_account(&self, args: &[&str]) -> Value {
        let url = self.url();
        let output = run("build_account.py", &[&[url.as_str()], args].concat());
        assert!(output.status.success(), "build_account.py failed: {}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("build_account.py prints JSON")
    }

    /// Makes the account empty again; the same build after the same seed gets the same ids.
    pub fn reset(&self, seed: u32) {
        http::request(self.port, "POST", "/moto-api/reset", "");
        http::request(self.port, "POST", &format!("/moto-api/seed?a={seed}"), "");
    }

    /// Moves the emulated clock forward; what is due on the way happens.
    pub fn advance(&self, seconds: u32) {
        http::request(self.port, "POST", &format!("/strict/clock?advance={seconds}"), "");
    }

    /// Changes a switch of `STRICT.md`, such as `eips` or `target_health`.
    pub fn set(&self, name: &str, value: &str) {
        http::request(self.port, "POST", &format!("/strict/set?{name}={value}"), "");
    }

    /// Asks one of the other admin paths of `STRICT.md`, such as `target?id=i-…&state=unhealthy`.
    pub fn admin(&self, path: &str) -> String {
        http::request(self.port, "POST", &format!("/strict/{path}"), "")
    }

    /// Writes down what is in the VPC. `stable`: by names, without what changes by itself, for [`diff`]; otherwise by
    /// ids, for [`Emulator::check`].
    pub fn snapshot(&self, vpc: &str, stable: bool, path: &Path) {
        self.look(vpc, if stable { &["--stable", "--out"] } else { &["--out"] }, &[path]);
    }

    /// Both of them by one look.
    pub fn snapshots(&self, vpc: &str, raw: &Path, stable: &Path) {
        self.look(vpc, &["--stable-out"], &[stable, Path::new("--out"), raw]);
    }

    fn look(&self, vpc: &str, how: &[&str], paths: &[&Path]) {
        let url = self.url();
        let paths: Vec<&str> = paths.iter().map(|path| path.to_str().expect("a path in UTF-8")).collect();
        let output = run("inspect_account.py", &[&["snapshot", "--endpoint", &url, "--vpc", vpc], how, &paths].concat());
        assert!(output.status.success(), "no snapshot: {}", text(&output.stderr));
    }

    /// The promises that the account breaks, one a line; compared with a raw snapshot of before, if there is one.
    pub fn check(&self, vpc: &str, before: Option<&Path>) -> Vec<String> {
        self.check_intent(vpc, before, &serde_json::json!({}), None)
    }

    /// As [`Emulator::check`], under an intent in the inspector's own words (`nat`, `retired`, `stay`, `skip`, `flows`); by the
    /// same look a stable snapshot, if there is a place for it.
    pub fn check_intent(&self, vpc: &str, before: Option<&Path>, intent: &Value, stable: Option<&Path>) -> Vec<String> {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), intent.to_string()).expect("it can be written");
        let (url, intent) = (self.url(), file.path().to_str().expect("a path in UTF-8"));
        let mut args = vec!["check", "--endpoint", &url, "--vpc", vpc, "--intent-file", intent];
        for (option, path) in [("--before", before), ("--stable-out", stable)] {
            args.extend(path.iter().flat_map(|path| [option, path.to_str().expect("a path in UTF-8")]));
        }
        lines("check", &run("inspect_account.py", &args), "no violations")
    }
}

/// One call to the AWS at `url` by somebody who is not the program: a colleague's change, a look. The operation is
/// boto3's (`create_subnet`), the parameters are AWS's; an error is what AWS said.
pub fn aws(url: &str, service: &str, operation: &str, parameters: &Value) -> Result<Value, String> {
    Ok(aws_all(url, &[(service, operation, parameters.clone())])?.remove(0))
}

/// Several such calls, one after the other by one process; the first error ends them.
pub fn aws_all(url: &str, calls: &[(&str, &str, Value)]) -> Result<Vec<Value>, String> {
    const CALL: &str = "
import boto3, botocore.config, json, sys
once = botocore.config.Config(retries={'total_max_attempts': 1})
made = lambda service: boto3.client(service, endpoint_url=sys.argv[1], region_name='us-east-1', config=once,
                                    aws_access_key_id='test', aws_secret_access_key='test')
clients, answers = {}, []
for service, operation, parameters in json.load(sys.stdin):
    client = clients.get(service) or clients.setdefault(service, made(service))
    try:
        answer = getattr(client, operation)(**parameters)
    except Exception as error:
        sys.exit(str(error))
    answer.pop('ResponseMetadata', None)
    answers.append(answer)
print(json.dumps(answers, default=str))
";
    let mut command = Command::new(python());
    command.args(["-c", CALL, url]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("Python starts");
    let calls = serde_json::to_vec(calls).expect("calls are JSON");
    child.stdin.take().expect("its input").write_all(&calls).expect("it reads its input");
    let output = child.wait_with_output().expect("Python runs");
    match output.status.success() {
        true => Ok(serde_json::from_slice(&output.stdout).expect("the answer is JSON")),
        false => Err(text(&output.stderr).trim_end().to_owned()),
    }
}

/// The differences of two stable snapshots, one a line.
pub fn diff(a: &Path, b: &Path) -> Vec<String> {
    let args = ["diff", a.to_str().expect("a path in UTF-8"), b.to_str().expect("a path in UTF-8")];
    lines("diff", &run("inspect_account.py", &args), "equal")
}

/// What an inspector's command found. It exits 1 both when it found something and when it broke: then it says nothing.
fn lines(command: &str, output: &Output, nothing: &str) -> Vec<String> {
    let (found, errors) = (text(&output.stdout), text(&output.stderr));
    match output.status.code() {
        Some(0) if found.trim_end() == nothing => Vec::new(),
        Some(1) if !found.trim().is_empty() && errors.is_empty() => found.lines().map(str::to_owned).collect(),
        _ => panic!("inspect_account.py {command} broke ({}): {found}{errors}", output.status),
    }
}

/// Runs a tool of the emulator's folder to its end.
fn run(script: &str, args: &[&str]) -> Output {
    Command::new(python())
        .arg(folder().join(script))
        .args(args)
        .env("PYTHONPYCACHEPREFIX", BYTE_CODE)
        .output()
        .unwrap_or_else(|error| panic!("cannot run {script}: {error}"))
}

/// The Python of the emulator's environment, which is made the first time (a minute).
pub(super) fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let python = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
        let answers = Command::new(&python).arg("--version").output().is_ok_and(|output| output.status.success());
        assert!(
            answers,
            "{} is missing: these tests talk to an emulated AWS that is written in Python. Install Python 3 (with venv \
             and pip), or set PYTHON to one.",
            python.display()
        );
        let output = Command::new(folder().join("start.sh")).arg("--python").output().expect("start.sh runs");
        assert!(
            output.status.success(),
            "the emulator's Python environment could not be made (it needs a package index the first time): {}",
            text(&output.stderr)
        );
        text(&output.stdout).trim_end().into()
    })
}

/// `tests/emulator`.
pub(super) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/emulator")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
