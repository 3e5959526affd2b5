//! Looks at programs and pages for a run's gates.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::place::{Hashed, Place};
use crate::clock::{Clock, RealClock};
use crate::execute::gate::{Probe, Probed};
use crate::plan::approvals::Point;
use crate::plan::gates::Health;
use crate::plan::{Gate, Plan};

/// How long a program may take.
const PROGRAM_MS: u64 = 30_000;
/// How long a page may take, to connect and to answer.
const PAGE: Duration = Duration::from_secs(10);

/// What is outside of the account.
pub struct Outside<'a> {
    /// The migration, which programs are told.
    pub migration: &'a str,
    /// Where approvals are left.
    pub place: &'a Place,
    /// The plan that they must be of.
    pub plan: &'a Hashed<Plan>,
}

impl Probe for Outside<'_> {
    fn probe<'b>(&'b self, gate: &'b Gate, health: &'b Health) -> Probed<'b> {
        Box::pin(async move {
            // Nothing else goes on before a gate; a virtual clock must not run on meanwhile.
            tokio::task::block_in_place(|| match health {
                Health::Command(command) => program(command, self.migration, gate),
                Health::Http { url, status } => page(url, *status),
                Health::Account(_) | Health::Approvals(_) => Ok(()),
            })
        })
    }

    fn approved(&self, point: Point) -> Result<Vec<String>, String> {
        let said = super::approve::standing(self.place, self.plan, point);
        if said.is_err() {
            // However fast the run's own clock is: people approve in real time.
            std::thread::sleep(Duration::from_millis(200));
        }
        said
    }
}

fn program(command: &[String], migration: &str, gate: &Gate) -> Result<(), String> {
    let [program, arguments @ ..] = command else { return Err("no program is named".to_owned()) };
    let mut child = Command::new(program)
        .args(arguments)
        .env("HIKKOSHI_MIGRATION", migration)
        .env("HIKKOSHI_BEFORE", gate.before.name())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("`{program}` can't be run: {error}"))?;
    let until = RealClock.now_ms() + PROGRAM_MS;
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("`{}` ended with {status}", command.join(" "))),
            Ok(None) if RealClock.now_ms() < until => std::thread::sleep(Duration::from_millis(20)),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("`{}` did not end within {} s and was killed", command.join(" "), PROGRAM_MS / 1000));
            }
            Err(error) => return Err(format!("`{program}` can't be waited for: {error}")),
        }
    }
}

fn page(url: &str, wanted: u16) -> Result<(), String> {
    let said = get(url).map_err(|error| format!("{url}: {error}"))?;
    let status = said.split(' ').nth(1).and_then(|status| status.parse::<u16>().ok());
    match status {
        Some(status) if status == wanted => Ok(()),
        Some(status) => Err(format!("{url} answers with {status}, not with {wanted}")),
        None => Err(format!("{url} does not answer in HTTP")),
    }
}

/// The first line of the answer.
fn get(url: &str) -> std::io::Result<String> {
    let rest = url.strip_prefix("http://").unwrap_or(url);
    let (host, path) = rest.split_once('/').map_or((rest, String::from("/")), |(host, path)| (host, format!("/{path}")));
    let name = if host.rsplit(']').next().is_some_and(|end| end.contains(':')) { host.to_owned() } else { format!("{host}:80") };
    let address = name.to_socket_addrs()?.next().ok_or_else(|| std::io::Error::other("the name leads nowhere"))?;
    let mut stream = TcpStream::connect_timeout(&address, PAGE)?;
    stream.set_read_timeout(Some(PAGE))?;
    stream.set_write_timeout(Some(PAGE))?;
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: hikkoshi\r\nConnection: close\r\n\r\n").as_bytes())?;
    let mut line = Vec::new();
    BufReader::new(stream.take(4096)).read_until(b'\n', &mut line)?;
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}
