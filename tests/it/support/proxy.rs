//! The fault proxy of `tests/emulator`: logs every request and makes the network fail on demand.

use std::cell::Cell;
use std::ffi::OsStr;
use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;

use super::server::Server;
use super::{emulator, http};

/// A running proxy between the program under test and the emulator.
pub struct Proxy {
    port: u16,
    scratch: TempDir,
    log: Cell<u32>,
    _server: Server,
}

impl Proxy {
    /// Starts a proxy before the emulator on `upstream_port`, with more flags of `fault_proxy.py`, such as
    /// `&["--kill-after", "7"]`. A kill goes to the process group in [`Proxy::pid_file`].
    pub fn start(upstream_port: u16, args: &[&str]) -> Self {
        let scratch = TempDir::new().expect("a scratch directory");
        let (script, upstream) = (emulator::folder().join("fault_proxy.py"), upstream_port.to_string());
        let (log, pid_file) = (scratch.path().join("calls-0.jsonl"), scratch.path().join("pid"));
        let mut command: Vec<&OsStr> = vec![emulator::python().as_ref(), script.as_ref()];
        command.extend(["--listen", "0", "--upstream", &upstream].map(OsStr::new));
        command.extend([OsStr::new("--log"), log.as_ref(), OsStr::new("--kill-pid-file"), pid_file.as_ref()]);
        command.extend(args.iter().map(OsStr::new));
        let ready = "fault_proxy: ready on 127.0.0.1:";
        let (server, line) = Server::start(&command, &[], ready).unwrap_or_else(|error| panic!("fault proxy: {error}"));
        let port = line[ready.len()..].split(',').next().and_then(|port| port.parse().ok()).expect("a port");
        Proxy { port, scratch, log: Cell::new(0), _server: server }
    }

    /// What `AWS_ENDPOINT_URL` is to be.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Where the program's process id belongs: give it to [`super::command::Hikkoshi::spawn`].
    pub fn pid_file(&self) -> PathBuf {
        self.scratch.path().join("pid")
    }

    /// Replaces the rules: `[{"fault": "throttle", "n": 3, "m": 6}]`. Faults: `kill_before`, `kill_after`,
    /// `drop_reply`, `throttle`, `error5xx`, `error5xx_after`, `intercept` (`cmd`), `delay` (`ms`), `stale_read`,
    /// `buckets` (`table`).
    pub fn rules(&self, rules: &Value) {
        http::request(self.port, "POST", "/_proxy/rules", &rules.to_string());
    }

    /// Counts from 1 again, with an empty log; the rules stay.
    pub fn reset(&self) {
        self.log.set(self.log.get() + 1);
        http::request(self.port, "POST", &format!("/_proxy/reset?log={}", self.log_file().display()), "");
    }

    /// Every request since the start or the last reset, as the emulator's README describes a line of the log.
    pub fn calls(&self) -> Vec<Value> {
        let log = std::fs::read_to_string(self.log_file()).expect("the log can be read");
        log.lines().map(|line| serde_json::from_str(line).expect("a line of the log is JSON")).collect()
    }

    /// The mutating calls that reached the account, as `service:Operation`, in order.
    pub fn mutations(&self) -> Vec<String> {
        let reached = |call: &&Value| call["mutating"] == true && call["forwarded"] == true;
        let name = |call: &Value| {
            let part = |key: &str| call[key].as_str().unwrap_or("?").to_owned();
            format!("{}:{}", part("service"), part("operation"))
        };
        self.calls().iter().filter(reached).map(name).collect()
    }

    fn log_file(&self) -> PathBuf {
        self.scratch.path().join(format!("calls-{}.jsonl", self.log.get()))
    }
}
