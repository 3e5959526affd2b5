//! The program under test, run as a person would run it, but in a world without the developer's own AWS settings.

use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

/// Runs `hikkoshi` in one directory against one endpoint.
pub struct Hikkoshi {
    dir: PathBuf,
    env: Vec<(String, String)>,
    limit: Duration,
    before: Option<String>,
}

impl Hikkoshi {
    /// A runner in `dir` whose AWS is at `url`, the emulator's or the proxy's.
    pub fn new(dir: &Path, url: &str) -> Self {
        Self::offline(dir).env("AWS_ENDPOINT_URL", url)
    }

    /// A runner in `dir` without an AWS: nothing listens where it would call.
    pub fn offline(dir: &Path) -> Self {
        let home = dir.to_str().expect("a path in UTF-8");
        let env = [
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("HOME", home),
            ("NO_COLOR", "1"),
        ];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Hikkoshi { dir: dir.to_owned(), env, limit: Duration::from_secs(120), before: None }
    }

    /// Sets one more variable, or another value.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.retain(|(known, _)| known != name);
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets how long a command may take before the test fails (default: two minutes).
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Takes a variable away.
    pub fn without(mut self, name: &str) -> Self {
        self.env.retain(|(known, _)| known != name);
        self
    }

    /// Has a shell do this first, such as `ulimit -f 64`, in the program's own process.
    pub fn after(mut self, shell: &str) -> Self {
        self.before = Some(shell.to_owned());
        self
    }

    /// Runs a command to its end, with an empty standard input.
    pub fn run(&self, args: &[&str]) -> Finished {
        self.start(args, None).wait()
    }

    /// Starts a command in its own process group, its id in `pid_file` before it does anything, so that the proxy can
    /// kill it (see [`super::proxy::Proxy::pid_file`]).
    pub fn spawn(&self, args: &[&str], pid_file: &Path) -> Running {
        self.start(args, Some(pid_file))
    }

    fn start(&self, args: &[&str], pid_file: Option<&Path>) -> Running {
        let program = env!("CARGO_BIN_EXE_hikkoshi");
        let mut command = match (pid_file, &self.before) {
            (None, None) => Command::new(program),
            (None, Some(before)) => {
                let mut shell = Command::new("sh");
                shell.args(["-c", &format!(r#"{before} && exec "$0" "$@""#), program]);
                shell
            }
            (Some(file), _) => {
                let mut shell = Command::new("sh");
                shell.args(["-c", r#"echo $$ > "$0" && exec "$@""#]).arg(file).arg(program);
                shell
            }
        };
        command.args(args).current_dir(&self.dir).env_clear();
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.envs(self.env.iter().map(|(name, value)| (name, OsStr::new(value))));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot run {program}: {error}"));
        let stdout = Some(drain(child.stdout.take().expect("stdout is piped")));
        let stderr = Some(drain(child.stderr.take().expect("stderr is piped")));
        let what = format!("hikkoshi {}", args.join(" "));
        Running { child, stdout, stderr, what, deadline: Instant::now() + self.limit, ended: false }
    }
}

/// A command that runs; dropped, it is killed.
pub struct Running {
    child: Child,
    stdout: Option<JoinHandle<String>>,
    stderr: Option<JoinHandle<String>>,
    what: String,
    deadline: Instant,
    ended: bool,
}

impl Running {
    /// Sends a signal by name, such as `INT` (Ctrl-C), `TERM` or `KILL`, to the process group.
    pub fn signal(&self, name: &str) {
        let group = format!("-{}", self.child.id());
        let sent = Command::new("sh").args(["-c", r#"kill -s "$0" -- "$1""#, name, &group]).status();
        assert!(sent.is_ok_and(|status| status.success()), "{} could not be sent to {}", name, self.what);
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("the child can be asked").is_some()
    }

    /// Waits for its end; fails the test, with what was said so far, when that takes longer than the limit.
    pub fn wait(mut self) -> Finished {
        while !self.has_ended() && Instant::now() < self.deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
        let in_time = self.has_ended();
        let finished = self.finish();
        assert!(in_time, "{} took too long and was killed\n{finished:?}", self.what);
        finished
    }

    fn finish(&mut self) -> Finished {
        if !self.has_ended() {
            self.signal("KILL");
        }
        let status = self.child.wait().expect("the child can be waited for");
        self.ended = true;
        let text = |pipe: &mut Option<JoinHandle<String>>| {
            pipe.take().map(|thread| thread.join().expect("no panic while reading")).unwrap_or_default()
        };
        Finished::new(self.what.clone(), status, text(&mut self.stdout), text(&mut self.stderr))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.ended {
            self.finish();
        }
    }
}

/// How a command ended and what it said.
#[derive(Debug)]
pub struct Finished {
    /// The command line, for messages.
    pub what: String,
    /// The exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it, such as 9.
    pub signal: Option<i32>,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

impl Finished {
    fn new(what: String, status: ExitStatus, stdout: String, stderr: String) -> Self {
        Finished { what, code: status.code(), signal: status.signal(), stdout, stderr }
    }

    /// Fails the test, with all that was said, unless the exit code is this one.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "{} (signal {:?})\n--- stdout\n{}\n--- stderr\n{}",
            self.what,
            self.signal,
            self.stdout,
            self.stderr
        );
        self
    }

    /// The standard output of a command with `--json`.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{} did not print JSON: {error}\n{}", self.what, self.stdout))
    }
}

/// Reads a pipe to its end, so that the writer never blocks.
fn drain(mut pipe: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
