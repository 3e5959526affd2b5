//! Hears what people ask of a run: notes it in the journal, obeys, settles.

use super::event::What;
use super::task::{Context, Failure};
use crate::journal::Body;
use crate::journal::request::{Asked, Request, Requests};

/// How often it is listened.
const EVERY_MS: u64 = 1000;

/// Listens for a run.
pub struct Ear<'c, 'p> {
    context: &'c Context<'p>,
    requests: Option<&'c dyn Requests>,
    next_ms: u64,
    first: bool,
    still: Option<(String, What)>,
    deaf: String,
}

impl<'c, 'p> Ear<'c, 'p> {
    /// Has heard nothing yet.
    pub fn new(context: &'c Context<'p>, requests: Option<&'c dyn Requests>) -> Ear<'c, 'p> {
        Ear { context, requests, next_ms: 0, first: true, still: None, deaf: String::new() }
    }

    /// When to listen again, if somebody can ask.
    pub fn due(&self) -> Option<u64> {
        self.requests.map(|_| self.next_ms)
    }

    /// Says, once, why nothing goes on.
    pub fn stands_still(&mut self, step: &str, why: What) {
        let still = Some((step.to_owned(), why.clone()));
        if self.still != still {
            self.still = still;
            self.context.tell(step, why);
        }
    }

    /// Hears what was asked since the last time.
    pub fn listen(&mut self) -> Result<(), Failure> {
        let Some(requests) = self.requests else { return Ok(()) };
        let now = self.context.clock.now_ms();
        if now < self.next_ms {
            return Ok(());
        }
        self.next_ms = now + EVERY_MS;
        match requests.pending() {
            Ok(pending) => self.hear(requests, &pending)?,
            Err(error) => self.cannot_hear(&error.to_string()),
        }
        let paused = self.context.shared().machine.control().paused().is_some();
        self.context.stop.pause(paused);
        Ok(())
    }

    fn hear(&mut self, requests: &dyn Requests, pending: &[Request]) -> Result<(), Failure> {
        for request in pending {
            // What was to end an earlier run is no business of this one.
            let void = self.first && request.what == Asked::Abort;
            if !void && !self.context.shared().machine.control().has_heard(&request.id) {
                self.context.record(Body::Asked { id: request.id.clone(), who: request.who.clone(), what: request.what.clone() })?;
                self.still = None;
                if request.what == Asked::Abort {
                    self.context.stop.ask();
                }
            }
            if let Err(error) = requests.settle(&request.id) {
                self.cannot_hear(&error.to_string());
            }
        }
        self.first = false;
        Ok(())
    }

    fn cannot_hear(&mut self, why: &str) {
        if self.deaf != why {
            why.clone_into(&mut self.deaf);
            self.context.tell("", What::Deaf { why: why.to_owned() });
        }
    }
}
