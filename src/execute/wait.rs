//! What a step waits for, and what is looked at when it has come.

use super::event::What;
use super::look::{self, Blind};
use super::patience::{BUSY, Pace};
use super::task::{CONSISTENCY_S, Failure, Task, blinded, failed};
use super::words::{advised, differs, minutes};
use crate::model::step::{Check, UNSEEN_S, Wait};

impl Task<'_, '_> {
    /// The waits after a call. What takes a while is not believed to have ended while reads may still show what was before
    /// the call: old and new answers alternate, and the next step would build on the old ones.
    pub(super) async fn waits(&self, waits: &[Wait]) -> Result<(), Failure> {
        let first_long = waits.iter().position(|wait| wait.usual_s > UNSEEN_S);
        for (at, wait) in waits.iter().enumerate() {
            let unseen_s = if first_long == Some(at) { UNSEEN_S } else { 0 };
            self.wait_after(wait, unseen_s + wait.least_s).await?;
        }
        Ok(())
    }

    /// A wait that stands alone, before a call.
    pub(super) async fn wait(&self, wait: &Wait) -> Result<(), Failure> {
        self.wait_after(wait, wait.least_s).await
    }

    /// Looks for the first time after so many seconds.
    async fn wait_after(&self, wait: &Wait, blind_s: u64) -> Result<(), Failure> {
        let mut told = blind_s > 0;
        if told {
            self.tell(What::Waiting { until: wait.until.what.clone() });
            self.context.sleep(blind_s as f64).await?;
        }
        let deadline = self.context.clock.now_ms() + wait.timeout_s * 1000;
        let pace = if wait.usual_s > UNSEEN_S { Pace::later(wait.usual_s) } else { Pace::of(wait.usual_s) };
        let (mut pace, waiter) = (pace, self.context.waiting.join(&wait.until.operation));
        loop {
            let found = match look::check(self.context.cloud, &self.label, &wait.until, &self.find()).await {
                Ok(found) => found,
                Err(Blind::NoAnswer(_)) => look::Found { holds: false, values: Vec::new() },
                Err(Blind::Refused(refusal)) if BUSY.contains(&refusal.code.as_str()) => look::Found { holds: false, values: Vec::new() },
                Err(blind) => return blinded(&blind),
            };
            if found.holds {
                return Ok(());
            }
            if let Some(never) = found.values.iter().find(|value| wait.never.contains(value)) {
                let why = format!("waiting until {}: it became {never}, from which it does not come back", wait.until.what);
                return failed("HK0503", advised(why, wait));
            }
            if self.context.clock.now_ms() >= deadline {
                let why = format!("waited {} for \"{}\"; last seen: {}", minutes(wait.timeout_s), wait.until.what, found.seen());
                return failed("HK0503", advised(why, wait));
            }
            if !told {
                told = true;
                self.tell(What::Waiting { until: wait.until.what.clone() });
            }
            self.context.sleep(pace.next().max(waiter.least_s())).await?;
        }
    }

    pub(super) async fn verify(&self, check: &Check) -> Result<(), Failure> {
        let deadline = self.context.clock.now_ms() + CONSISTENCY_S * 1000;
        let mut pace = Pace::of(30);
        loop {
            let found = self.look(check).await?;
            if found.holds {
                return Ok(());
            }
            if self.context.clock.now_ms() >= deadline {
                return failed("HK0504", differs(check, &found));
            }
            self.context.sleep(pace.next()).await?;
        }
    }
}
