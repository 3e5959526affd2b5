//! Looks at programs and pages for a run's gates.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::place::{Hashed, Place};
use super::web;
use crate::clock::{Clock, RealClock};
use crate::execute::gate::{Probe, Probed};
use crate::plan::approvals::Point;
use crate::plan::gates::Health;
use crate::plan::{Gate, Plan};

/// How long a program may take.
const PROGRAM: Duration = Duration::from_secs(30);

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
                Health::Account(_) | Health::Alarm { .. } | Health::Approvals(_) => Ok(()),
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
    ends_well(&mut child, PROGRAM).map_err(|why| format!("`{}` {why}", command.join(" ")))
}

/// Waits until a program ends with exit status 0; one that takes too long is killed.
///
/// # Errors
/// How it ended.
pub fn ends_well(child: &mut Child, limit: Duration) -> Result<(), String> {
    let until = RealClock.now_ms() + limit.as_millis() as u64;
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("ended with {status}")),
            Ok(None) if RealClock.now_ms() < until => std::thread::sleep(Duration::from_millis(20)),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("did not end within {} s and was killed", limit.as_secs()));
            }
            Err(error) => return Err(format!("can't be waited for: {error}")),
        }
    }
}

fn page(url: &str, wanted: u16) -> Result<(), String> {
    match web::get(url) {
        Ok(status) if status == wanted => Ok(()),
        Ok(status) => Err(format!("{url} answers with {status}, not with {wanted}")),
        Err(why) => Err(format!("{url}: {why}")),
    }
}
