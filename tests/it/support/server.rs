//! A server process that lives as long as a value of the test, and not a moment longer.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// Runs the server and waits for the end of the standard input, which the test process holds: the group ends with the
/// value, and also when the test process is killed. It has its own process group, so that Ctrl-C reaches it only so.
const KEEPER: &str = r#"
"$@" </dev/null &
server=$!
exec >/dev/null
trap : TERM
cat >/dev/null
kill -TERM 0
wait "$server"
kill -KILL 0
"#;

/// A running server with its process group.
pub struct Server {
    keeper: Child,
    alive: Option<ChildStdin>,
    stderr: File,
}

impl Server {
    /// Starts `command` and waits until it prints a line that starts with `ready`; returns that line too. If it doesn't
    /// come up, the error holds what the server said.
    pub fn start(command: &[&OsStr], env: &[(&str, &OsStr)], ready: &str) -> Result<(Server, String), String> {
        let stderr = tempfile::tempfile().expect("a temporary file");
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .args(command)
            .envs(env.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr.try_clone().expect("a second handle"))
            .process_group(0)
            .spawn()
            .map_err(|error| format!("cannot start sh: {error}"))?;
        let alive = keeper.stdin.take();
        let lines = lines_of(keeper.stdout.take().expect("stdout is piped"));
        let mut server = Server { keeper, alive, stderr };
        match wait_for(&lines, ready, Duration::from_secs(90)) {
            Ok(line) => Ok((server, line)),
            Err(why) => Err(format!("{why}; it said:\n{}", server.said())),
        }
    }

    /// What the server has written to its standard error.
    fn said(&mut self) -> String {
        let mut text = String::new();
        let read = self.stderr.rewind().and_then(|()| self.stderr.read_to_string(&mut text));
        read.map(|_| text).unwrap_or_else(|error| format!("(unreadable: {error})"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.alive.take());
        // The keeper ends its group by KILL at last, itself included: after this nothing of it is left.
        self.keeper.wait().expect("the keeper can be waited for");
    }
}

/// The lines of a pipe, read to its end, so that the writer never blocks.
fn lines_of(pipe: ChildStdout) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    receiver
}

fn wait_for(lines: &Receiver<String>, start: &str, limit: Duration) -> Result<String, String> {
    let deadline = Instant::now() + limit;
    loop {
        match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) if line.starts_with(start) => return Ok(line),
            Ok(_) => {}
            Err(RecvTimeoutError::Timeout) => return Err(format!("no `{start}` within {limit:?}")),
            Err(RecvTimeoutError::Disconnected) => return Err(format!("it ended without `{start}`")),
        }
    }
}

/// A port of 127.0.0.1 that nobody listens on, and that this process has not handed out before.
pub fn free_port() -> u16 {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    loop {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        if GIVEN.lock().expect("no test panics in here").insert(port) {
            return port;
        }
    }
}
